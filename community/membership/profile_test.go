// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

func field(text string, to auth.Audience) *membership.Field {
	return &membership.Field{Text: text, Audience: to}
}

// edits changes somebody's profile as it is now.
func (w *world) edits(who auth.Actor, in membership.ProfileEdit) membership.Member {
	w.Helper()
	in.Version = w.standing(who).Member.Version
	m, err := w.members.EditProfile(w.ctx, who, in)
	require.NoError(w, err)
	return m
}

// Each field of a profile is told to whom it was told.
func TestProfileFieldByField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edits(w.member, membership.ProfileEdit{
		Name: field("Ada Rossi", auth.Public), Headline: field("assistente sociale", auth.CommunityMembers),
		Contact: field("interno 12", 0), Expertise: &[]string{"Bilancio", "bilancio", "Terzo settore"},
	})
	sees := func(who auth.Actor) membership.Person {
		p, err := w.members.Profile(w.ctx, who, w.member.User)
		require.NoError(t, err)
		return p
	}
	told := []string{"Bilancio", "Terzo settore"}
	st := w.standing(w.member).Member
	all := membership.Person{User: w.member.User, State: membership.Active, Role: auth.Member, Category: membership.Beneficiary, Joined: st.Joined, Name: "Ada Rossi", Headline: "assistente sociale", Contact: "interno 12", Expertise: told}
	assert.Equal(t, all, sees(w.member), "their own")
	assert.Equal(t, all, sees(w.chief), "coordinators")
	all.Contact = ""
	assert.Equal(t, all, sees(w.moderator), "members")
	public := membership.Person{User: w.member.User, State: membership.Active, Name: "Ada Rossi"}
	assert.Equal(t, public, sees(w.stranger), "strangers")
	assert.Equal(t, public, sees(auth.Visitor), "visitors")
}

// Of many people at once it is said whose profile is there, as it is of each.
func TestSeenAsProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edits(w.member, membership.ProfileEdit{Name: field("Ada Rossi", auth.Public)})
	w.edits(w.moderator, membership.ProfileEdit{Name: field("Carla Neri", auth.CommunityMembers)})
	left, away := w.joins(auth.Member), w.joins(auth.Member)
	require.NoError(t, w.members.Leave(w.ctx, left))
	require.NoError(t, w.members.Deactivate(w.ctx, away))
	all := []auth.UserID{w.member.User, w.moderator.User, w.chief.User, left.User, away.User, person().User, {}}
	count := 0
	for _, who := range []auth.Actor{auth.Visitor, w.stranger, w.member, w.moderator, w.chief, left, away} {
		seen, err := w.members.Seen(w.ctx, who, all)
		require.NoError(t, err)
		for _, id := range all {
			_, err := w.members.Profile(w.ctx, who, id)
			assert.Equal(t, err == nil, seen[id], "%v of %v", who, id)
			if seen[id] {
				count++
			}
		}
	}
	assert.Greater(t, count, 12)
	_, err := w.members.Seen(w.ctx, w.chief, make([]auth.UserID, storage.MaxLimit+1))
	require.ErrorIs(t, err, storage.ErrInvalid)
}

// S10, S12: a member who tells nothing is, for whoever is none, as nobody.
func TestProfileOfNobody_S10_S12(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edits(w.member, membership.ProfileEdit{Name: field("Ada Rossi", auth.CommunityMembers)})
	left := w.joins(auth.Member)
	w.edits(left, membership.ProfileEdit{Name: field("Bruno", auth.Public)})
	require.NoError(t, w.members.Leave(w.ctx, left))
	unknown := person()
	for _, c := range []struct{ who, whom auth.Actor }{
		{auth.Visitor, w.member}, {w.stranger, w.member}, {auth.Visitor, left}, {w.moderator, left}, {w.moderator, auth.Visitor},
	} {
		_, there := w.members.Profile(w.ctx, c.who, c.whom.User)
		_, not := w.members.Profile(w.ctx, c.who, unknown.User)
		require.ErrorIs(t, there, storage.ErrNotFound)
		assert.Equal(t, strings.ReplaceAll(not.Error(), unknown.User.String(), c.whom.User.String()), there.Error())
	}
	_, err := w.members.Profile(w.ctx, w.chief, left.User)
	require.NoError(t, err)
	names, err := w.members.Names(w.ctx, w.stranger, []auth.UserID{w.member.User, left.User, unknown.User, {}})
	require.NoError(t, err)
	assert.Equal(t, map[auth.UserID]string{left.User: "Bruno"}, names, "what was told to all stays beside what was written")
	names, err = w.members.Names(w.ctx, w.moderator, []auth.UserID{w.member.User, left.User})
	require.NoError(t, err)
	assert.Len(t, names, 2)
	_, err = w.members.Names(w.ctx, w.moderator, make([]auth.UserID, 101))
	wrong(t, err, "ids", storage.CodeTooMany)
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	yes := true
	var listed []auth.UserID
	for i := range 7 {
		who := w.joins(auth.Member)
		w.edits(who, membership.ProfileEdit{Name: field(fmt.Sprint("Socio ", i), auth.CommunityMembers), Contact: field("segreto", 0), Expertise: &[]string{"Contabilità pubblica"}, Listed: &yes})
		listed = append(listed, who.User)
	}
	expert := w.joinsAs(auth.Member, membership.Partner)
	w.edits(expert, membership.ProfileEdit{Expertise: &[]string{"Open data"}, Listed: &yes})
	m, err := w.members.Claim(w.ctx, expert, membership.NewMandate{Org: w.milan.ID, Title: "x", Until: w.clock().Add(time.Hour)})
	require.NoError(t, err)
	require.NoError(t, w.members.Verify(w.ctx, w.chief, m.ID))
	away := w.joins(auth.Member)
	w.edits(away, membership.ProfileEdit{Listed: &yes})
	require.NoError(t, w.members.Deactivate(w.ctx, away))

	find := func(f membership.DirectoryFilter) (out []auth.UserID) {
		for p, err := range storage.All(w.ctx, func(c storage.Cursor) (storage.Page[membership.Person], error) {
			f.After = c
			return w.members.Directory(w.ctx, w.moderator, f)
		}) {
			require.NoError(t, err)
			assert.Empty(t, p.Contact)
			out = append(out, p.User)
		}
		return out
	}
	assert.Equal(t, append(listed, expert.User), find(membership.DirectoryFilter{Limit: 3}), "only who wants to be found")
	assert.Equal(t, listed, find(membership.DirectoryFilter{Expertise: " CONTABILITA' PUBBLICA"}))
	assert.Empty(t, find(membership.DirectoryFilter{Expertise: "contabilità"}))
	assert.Empty(t, find(membership.DirectoryFilter{Expertise: "&"}), "of that nothing can be found")
	assert.Equal(t, []auth.UserID{expert.User}, find(membership.DirectoryFilter{Category: membership.Partner}))
	assert.Equal(t, []auth.UserID{expert.User}, find(membership.DirectoryFilter{Org: w.milan.ID}))
	w.pass(time.Hour)
	assert.Empty(t, find(membership.DirectoryFilter{Org: w.milan.ID}), "acts for it no more")
	for _, who := range []auth.Actor{auth.Visitor, w.stranger, away} {
		_, err := w.members.Directory(w.ctx, who, membership.DirectoryFilter{})
		require.ErrorIs(t, err, auth.ErrDenied)
	}
	_, err = w.members.Directory(w.ctx, w.moderator, membership.DirectoryFilter{Expertise: strings.Repeat("x", 1000)})
	wrong(t, err, "expertise", storage.CodeTooLong)
}

// S54: what members tell is text of one line, or Markdown where it says so:
// control characters and line ends are refused, and nothing is taken for HTML.
func TestProfileHoldsText_S54_S67(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := func(s ...string) *[]string { return &s }
	many := make([]string, membership.MaxExpertise+1)
	for i := range many {
		many[i] = fmt.Sprint("tema ", i)
	}
	for name, c := range map[string]struct {
		in          membership.ProfileEdit
		field, code string
	}{
		"two lines":      {membership.ProfileEdit{Name: field("Ada\nRossi", 0)}, "name", storage.CodeControl},
		"NUL":            {membership.ProfileEdit{Headline: field("a\x00", 0)}, "headline", storage.CodeControl},
		"a separator":    {membership.ProfileEdit{Contact: field("a\u2029b", 0)}, "contact", storage.CodeControl},
		"nothing seen":   {membership.ProfileEdit{Name: field("\u200b", 0)}, "name", storage.CodeMissing},
		"not UTF-8":      {membership.ProfileEdit{About: field("\xff", 0)}, "about", storage.CodeMalformed},
		"a long name":    {membership.ProfileEdit{Name: field(strings.Repeat("à", 201), 0)}, "name", storage.CodeTooLong},
		"a long life":    {membership.ProfileEdit{About: field(strings.Repeat("à", 4001), 0)}, "about", storage.CodeTooLong},
		"a narrow one":   {membership.ProfileEdit{Name: field("a", auth.AreaMembers)}, "name", membership.CodeAudience},
		"a wider one":    {membership.ProfileEdit{Name: field("a", 4)}, "name", membership.CodeAudience},
		"too many terms": {membership.ProfileEdit{Expertise: &many}, "expertise", storage.CodeTooMany},
		"a long term":    {membership.ProfileEdit{Expertise: list(strings.Repeat("à", 51))}, "expertise", storage.CodeTooLong},
		"an empty term":  {membership.ProfileEdit{Expertise: list("a", "")}, "expertise", storage.CodeMissing},
		"no word":        {membership.ProfileEdit{Expertise: list("&&")}, "expertise", storage.CodeMissing},
	} {
		c.in.Version = w.standing(w.member).Member.Version
		_, err := w.members.EditProfile(w.ctx, w.member, c.in)
		require.Error(t, err, name)
		wrong(t, err, c.field, c.code)
	}
	html := `<script>alert(1)</script> & "così"`
	m := w.edits(w.member, membership.ProfileEdit{Name: field("  "+html+" ", auth.Public), About: field("**a**\r\n", 0)})
	assert.Equal(t, html, m.Profile.Name.Text, "kept as it is: whoever shows text escapes it")
	assert.Equal(t, "**a**\n", m.Profile.About.Text)
	m = w.edits(w.member, membership.ProfileEdit{Name: field("", 0)})
	assert.Empty(t, m.Profile.Name.Text)
}

func TestEditProfileOfWhatWasSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.edits(w.member, membership.ProfileEdit{Headline: field("prima", 0)})
	won, _ := together(t, parallel, storage.ErrConflict, func(i int) error {
		_, err := w.members.EditProfile(w.ctx, w.member, membership.ProfileEdit{Version: m.Version, Headline: field(fmt.Sprint(i), 0)})
		return err
	})
	assert.Equal(t, 1, won)
	_, err := w.members.EditProfile(w.ctx, w.member, membership.ProfileEdit{Version: m.Version})
	var c *storage.Conflict
	require.ErrorAs(t, err, &c)
	assert.Equal(t, w.standing(w.member).Member, c.Current)
	for _, who := range []auth.Actor{w.stranger, person()} {
		_, err := w.members.EditProfile(w.ctx, who, membership.ProfileEdit{Version: 1})
		require.ErrorIs(t, err, membership.ErrNotMember)
		_, err = w.members.Me(w.ctx, who)
		require.ErrorIs(t, err, membership.ErrNotMember)
	}
	_, err = w.members.EditProfile(w.ctx, auth.Visitor, membership.ProfileEdit{})
	denied(t, err, auth.ReasonSignIn)
	me, err := w.members.Me(w.ctx, w.member)
	require.NoError(t, err)
	assert.Equal(t, w.standing(w.member).Member, me)
}

// S22: what somebody may say has no field for what they may not: neither a
// role, nor a state, nor who they are, nor when it was.
func TestInputsHoldOnlyWhatMayBeSaid_S22(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.standing(w.member).Member
	after := w.edits(w.member, membership.ProfileEdit{Name: field("Ada", 0)})
	after.Profile, after.Version = before.Profile, before.Version
	assert.Equal(t, before, after, "but for the profile all is as it was")
	for _, in := range []any{membership.ProfileEdit{}, membership.NewApplication{}, membership.NewMandate{}} {
		names := fmt.Sprintf("%+v", in)
		for _, never := range []string{"Role:", "State:", "User:", "By:", "Made:", "Joined:", "Verified:", "Decided:", "Uses:", "Hash:"} {
			assert.NotContains(t, names, never, "%T", in)
		}
	}
}

func TestProfileOfWhoeverIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.members.Deactivate(w.ctx, w.member))
	m, err := w.members.Me(w.ctx, w.member)
	require.NoError(t, err)
	in := membership.ProfileEdit{Version: m.Version, Name: &membership.Field{Text: "Ada"}}
	_, err = w.members.EditProfile(w.ctx, w.member, in)
	denied(t, err, membership.ReasonAway)
	require.NoError(t, w.members.ComeBack(w.ctx, w.member))
	in.Version++
	_, err = w.members.EditProfile(w.ctx, w.member, in)
	require.NoError(t, err)
}

// The organisation that somebody was admitted through is shown while they act
// for it.
func TestOrgOfAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, secret := w.invites(w.chief, membership.NewInvitation{Org: w.milan.ID})
	who := person()
	_, err := w.members.Redeem(w.ctx, who, secret)
	require.NoError(t, err)
	listed := true
	_, err = w.members.EditProfile(w.ctx, who, membership.ProfileEdit{Version: 1, Listed: &listed})
	require.NoError(t, err)
	shown := func() auth.OrgID {
		t.Helper()
		p, err := w.members.Profile(w.ctx, w.member, who.User)
		require.NoError(t, err)
		page, err := w.members.Directory(w.ctx, w.member, membership.DirectoryFilter{})
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		assert.Equal(t, p, page.Items[0])
		return p.Org
	}
	assert.Equal(t, w.milan.ID, shown())
	all, err := w.members.Mandates(w.ctx, who, who.User)
	require.NoError(t, err)
	end := w.clock().Add(time.Hour)
	require.NoError(t, w.members.EndMandate(w.ctx, who, all[0].ID, end))
	w.at(end.Add(-time.Microsecond))
	assert.Equal(t, w.milan.ID, shown())
	w.at(end)
	assert.Zero(t, shown())
	assert.Equal(t, w.milan.ID, w.standing(who).Member.Org, "and kept")
}

func TestDirectoryOfRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	find := func(who auth.Actor, f membership.DirectoryFilter) (out []auth.UserID) {
		t.Helper()
		page, err := w.members.Directory(w.ctx, who, f)
		require.NoError(t, err)
		for _, p := range page.Items {
			out = append(out, p.User)
		}
		return out
	}
	assert.Empty(t, find(w.member, membership.DirectoryFilter{Role: auth.Moderator}), "who do not want to be found")
	assert.ElementsMatch(t, []auth.UserID{w.chief.User, w.second.User, w.moderator.User}, find(w.chief, membership.DirectoryFilter{Role: auth.Moderator, Unlisted: true}))
	assert.ElementsMatch(t, []auth.UserID{w.chief.User, w.second.User}, find(w.chief, membership.DirectoryFilter{Role: auth.Coordinator, Unlisted: true}))
	require.NoError(t, w.members.Deactivate(w.ctx, w.moderator))
	assert.ElementsMatch(t, []auth.UserID{w.chief.User, w.second.User, w.member.User}, find(w.chief, membership.DirectoryFilter{Unlisted: true}))
	listed := true
	_, err := w.members.EditProfile(w.ctx, w.second, membership.ProfileEdit{Version: 1, Listed: &listed})
	require.NoError(t, err)
	assert.Equal(t, []auth.UserID{w.second.User}, find(w.member, membership.DirectoryFilter{Role: auth.Moderator}))
	_, err = w.members.Directory(w.ctx, w.member, membership.DirectoryFilter{Unlisted: true})
	require.ErrorIs(t, err, auth.ErrDenied)
}
