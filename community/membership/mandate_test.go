// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"context"
	"encoding/json"
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

// S-mandate-midnight: a mandate ends exactly at an instant, here midnight in
// Rome on the day that the clocks go forward, with nothing done about it.
func TestMandateMidnight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rome, err := time.LoadLocation("Europe/Rome")
	require.NoError(t, err)
	from, until := time.Date(2026, 4, 10, 0, 0, 0, 0, rome), time.Date(2027, 3, 28, 0, 0, 0, 0, rome)
	m, err := w.members.Claim(w.ctx, w.member, membership.NewMandate{Org: w.milan.ID, Title: "responsabile", From: from, Until: until})
	require.NoError(t, err)
	require.NoError(t, w.members.Verify(w.ctx, w.chief, m.ID))
	for at, runs := range map[time.Time]bool{
		from.Add(-time.Microsecond): false, from: true, until.Add(-time.Microsecond): true, until: false, until.Add(time.Hour): false,
	} {
		w.at(at)
		assert.Len(t, w.standing(w.member).Mandates, map[bool]int{true: 1}[runs], "%s", at)
	}
	assert.Equal(t, "2027-03-27T23:00:00Z", m.Until.Format(time.RFC3339))
}

func TestClaimIsNotAMandate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m, err := w.members.Claim(w.ctx, w.member, membership.NewMandate{Org: w.milan.ID, Title: "responsabile"})
	require.NoError(t, err)
	again, err := w.members.Claim(w.ctx, w.member, membership.NewMandate{Org: w.milan.ID, Title: "responsabile"})
	require.NoError(t, err)
	assert.Equal(t, m, again, "claimed twice is once")
	assert.Empty(t, w.standing(w.member).Mandates)
	for _, who := range []auth.Actor{auth.Visitor, w.stranger, w.member, w.moderator} {
		require.ErrorIs(t, w.members.Verify(w.ctx, who, m.ID), auth.ErrDenied)
	}
	page, err := w.members.Claims(w.ctx, w.chief, "", 0)
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.NoError(t, w.members.Verify(w.ctx, w.chief, m.ID))
	require.NoError(t, w.members.Verify(w.ctx, w.second, m.ID), "verified twice is once")
	st := w.standing(w.member)
	require.Len(t, st.Mandates, 1)
	assert.Equal(t, w.chief.By(), st.Mandates[0].By)
	page, err = w.members.Claims(w.ctx, w.chief, "", 0)
	require.NoError(t, err)
	assert.Empty(t, page.Items)
	_, err = w.members.Claims(w.ctx, w.member, "", 0)
	require.ErrorIs(t, err, auth.ErrDenied)
}

func TestNobodyVerifiesTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m, err := w.members.Claim(w.ctx, w.chief, membership.NewMandate{Org: w.milan.ID, Title: "sindaco"})
	require.NoError(t, err)
	denied(t, w.members.Verify(w.ctx, w.chief, m.ID), membership.ReasonSelf)
	require.NoError(t, w.members.Verify(w.ctx, w.second, m.ID))
}

func TestEndMandate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m, err := w.members.Claim(w.ctx, w.member, membership.NewMandate{Org: w.milan.ID, Title: "responsabile", Until: coming})
	require.NoError(t, err)
	require.NoError(t, w.members.Verify(w.ctx, w.chief, m.ID))
	wrong(t, w.members.EndMandate(w.ctx, w.member, m.ID, coming.Add(time.Hour)), "until", membership.CodeOrder)
	at := w.clock().Add(time.Hour)
	require.NoError(t, w.members.EndMandate(w.ctx, w.member, m.ID, at))
	require.Len(t, w.standing(w.member).Mandates, 1)
	w.at(at)
	assert.Empty(t, w.standing(w.member).Mandates)
	require.NoError(t, w.members.EndMandate(w.ctx, w.chief, m.ID, time.Time{}), "has ended")
	kept, err := w.store.Membership().Mandate(w.ctx, m.ID)
	require.NoError(t, err)
	assert.Equal(t, at, kept.Until)
}

// S10, S12: another's mandate is as one that is not there, and so is the list.
func TestOthersMandates_S10_S12(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m, err := w.members.Claim(w.ctx, w.member, membership.NewMandate{Org: w.milan.ID, Title: "responsabile"})
	require.NoError(t, err)
	unknown := storage.NewID[membership.Mandate]()
	for _, who := range []auth.Actor{w.stranger, w.moderator} {
		there, not := w.members.EndMandate(w.ctx, who, m.ID, time.Time{}), w.members.EndMandate(w.ctx, who, unknown, time.Time{})
		require.ErrorIs(t, there, storage.ErrNotFound)
		assert.Equal(t, strings.ReplaceAll(not.Error(), unknown.String(), m.ID.String()), there.Error())
		_, err := w.members.Mandates(w.ctx, who, w.member.User)
		_, other := w.members.Mandates(w.ctx, who, person().User)
		require.ErrorIs(t, err, auth.ErrDenied)
		assert.Equal(t, other.Error(), err.Error())
	}
	for _, who := range []auth.Actor{w.member, w.chief} {
		all, err := w.members.Mandates(w.ctx, who, w.member.User)
		require.NoError(t, err)
		assert.Len(t, all, 1)
	}
}

func TestClaimSaysWhatItMayNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := w.clock()
	for name, c := range map[string]struct {
		in          membership.NewMandate
		field, code string
	}{
		"no title":      {membership.NewMandate{Org: w.milan.ID}, "title", storage.CodeMissing},
		"no org":        {membership.NewMandate{Title: "x"}, "org", storage.CodeUnknown},
		"over":          {membership.NewMandate{Org: w.milan.ID, Title: "x", From: start, Until: now}, "until", membership.CodePast},
		"ends before":   {membership.NewMandate{Org: w.milan.ID, Title: "x", From: coming, Until: opens}, "until", membership.CodeOrder},
		"ends at once":  {membership.NewMandate{Org: w.milan.ID, Title: "x", From: coming, Until: coming}, "until", membership.CodeOrder},
		"a long title":  {membership.NewMandate{Org: w.milan.ID, Title: strings.Repeat("x", membership.MaxTitle+1)}, "title", storage.CodeTooLong},
		"hidden in one": {membership.NewMandate{Org: w.milan.ID, Title: "a\u2028b"}, "title", storage.CodeControl},
	} {
		_, err := w.members.Claim(w.ctx, w.member, c.in)
		require.Error(t, err, name)
		wrong(t, err, c.field, c.code)
	}
	_, err := w.members.Claim(w.ctx, auth.Visitor, membership.NewMandate{Org: w.milan.ID, Title: "x"})
	denied(t, err, auth.ReasonSignIn)
}

// S48, S67: a person has no more mandates than there may be, also when they
// are claimed all at once.
func TestMandatesAreBounded_S48_S67(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range membership.MaxMandates - 1 {
		_, err := w.members.Claim(w.ctx, w.member, membership.NewMandate{Org: w.milan.ID, Title: fmt.Sprint("incarico ", i)})
		require.NoError(t, err)
	}
	won, lost := together(t, parallel, storage.ErrInvalid, func(i int) error {
		_, err := w.members.Claim(w.ctx, w.member, membership.NewMandate{Org: w.milan.ID, Title: fmt.Sprint("altro ", i)})
		return err
	})
	assert.Equal(t, [2]int{1, parallel - 1}, [2]int{won, lost})
	all, err := w.members.Mandates(w.ctx, w.member, w.member.User)
	require.NoError(t, err)
	assert.Len(t, all, membership.MaxMandates)
}

// Whoever is restrained claims nothing, and nobody claims as often as they like.
func TestClaimsAreBounded(t *testing.T) {
	t.Parallel()
	asked := 100 // as often as they like
	w := newWorld(t, func(c *membership.Config) {
		c.Limit = limiter(func(who auth.Actor, do auth.Action) error {
			if do == membership.Join {
				if asked++; asked > 2 && asked < 100 {
					return &auth.Limited{Action: do, After: time.Hour}
				}
			}
			return nil
		})
	})
	asked = 0
	in := membership.NewMandate{Org: w.milan.ID, Title: "responsabile"}
	for range 3 {
		_, err := w.members.Claim(w.ctx, w.member, in)
		require.NoError(t, err, "the same is one")
	}
	assert.Equal(t, 1, asked)
	in.Org = w.turin.ID
	_, err := w.members.Claim(w.ctx, w.member, in)
	require.NoError(t, err)
	in.Org = w.elsewhere.ID
	_, err = w.members.Claim(w.ctx, w.member, in)
	require.ErrorIs(t, err, auth.ErrLimited)
	asked = 100
	until := w.clock().Add(time.Hour)
	w.restrains(w.chief, w.member, membership.ReadOnly, until)
	_, err = w.members.Claim(w.ctx, w.member, in)
	assert.Equal(t, until, denied(t, err, membership.ReasonSanction).Opens)
	w.at(until)
	_, err = w.members.Claim(w.ctx, w.member, in)
	require.NoError(t, err)
}

type limiter func(who auth.Actor, do auth.Action) error

func (l limiter) Allow(_ context.Context, who auth.Actor, do auth.Action) error { return l(who, do) }

// What somebody does for themselves is no organisation's, whichever they say
// that they act for.
func TestSelfServiceIsNobodyElses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	as := func(who auth.Actor) auth.Actor { who.For = w.milan.ID; return who }
	a := w.applies(as(w.stranger), membership.NewApplication{Category: membership.University})
	require.NoError(t, w.members.Withdraw(w.ctx, as(w.stranger), a.ID))
	assert.Equal(t, auth.By{User: w.stranger.User}, w.kept(a.ID).By)
	m, err := w.members.Claim(w.ctx, as(w.member), membership.NewMandate{Org: w.milan.ID, Title: "x"})
	require.NoError(t, err)
	require.NoError(t, w.members.EndMandate(w.ctx, as(w.member), m.ID, time.Time{}))
	inv, _ := w.invites(w.moderator, membership.NewInvitation{})
	require.NoError(t, w.members.Revoke(w.ctx, as(w.moderator), inv.ID))
	x := w.restrains(w.chief, w.member, membership.Warning, time.Time{})
	require.NoError(t, w.members.Appeal(w.ctx, as(w.member), x.ID, "No"))
	_, err = w.members.EditProfile(w.ctx, as(w.member), membership.ProfileEdit{Version: 1, Listed: new(bool)})
	require.NoError(t, err)
	require.NoError(t, w.members.Deactivate(w.ctx, as(w.member)))
	require.NoError(t, w.members.ComeBack(w.ctx, as(w.member)))
	require.NoError(t, w.members.Leave(w.ctx, as(w.member)))

	all, err := w.store.Claim(w.ctx, w.clock().AddDate(5, 0, 0), 0, 100_000)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, d := range all {
		if d.Event.Name == "host.ended" {
			continue
		}
		var e membership.Event
		require.NoError(t, json.Unmarshal(d.Event.Data, &e))
		assert.Zero(t, e.By.For, d.Event.Name)
		seen[d.Event.Name] = true
	}
	for _, name := range []string{
		membership.EventApplied, membership.EventWithdrawn, membership.EventClaimed, membership.EventMandateEnded, membership.EventRevoked,
		membership.EventAppealed, membership.EventProfileEdited, membership.EventDeactivated, membership.EventCameBack, membership.EventLeft,
	} {
		assert.True(t, seen[name], name)
	}
}
