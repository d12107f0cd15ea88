// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

func TestApplyByAllowList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	listed := w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID, Title: "responsabile"})
	assert.True(t, listed.Decidable, "a coordinator verifies it")
	other := w.applies(person(), membership.NewApplication{Category: membership.Beneficiary, Org: w.elsewhere.ID})
	assert.False(t, other.Decidable)
	assert.Equal(t, opens, other.Opens)
	none := w.applies(person(), membership.NewApplication{Category: membership.Beneficiary})
	assert.False(t, none.Decidable)
	_, err := w.members.Decide(w.ctx, w.chief, membership.Decision{Application: other.ID, Approve: true})
	assert.Equal(t, opens, denied(t, err, membership.ReasonPhase).Opens)
	_, err = w.members.Decide(w.ctx, w.chief, membership.Decision{Application: listed.ID, Approve: true})
	require.NoError(t, err)
	assert.True(t, w.is(w.stranger))
}

// With a mandate that somebody verified before, the allow-list admits at once.
func TestApplyWithVerifiedMandate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m, err := w.members.Claim(w.ctx, w.stranger, membership.NewMandate{Org: w.turin.ID, Title: "sindaca"})
	require.NoError(t, err)
	a := w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.turin.ID})
	assert.Equal(t, membership.Applied, a.State, "only claimed")
	require.NoError(t, w.members.Withdraw(w.ctx, w.stranger, a.ID))
	require.NoError(t, w.members.Verify(w.ctx, w.chief, m.ID))
	a = w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.turin.ID})
	assert.Equal(t, membership.Approved, a.State)
	assert.Equal(t, auth.By{}, a.By, "by nobody")
	assert.Equal(t, w.turin.ID, w.standing(w.stranger).Member.Org)
	_, err = w.members.Apply(w.ctx, w.stranger, membership.NewApplication{Category: membership.Beneficiary})
	require.ErrorIs(t, err, membership.ErrMember)
}

func TestApplySaysWhatItMayNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gone := w.org("chiuso", "Ente soppresso")
	inactive := true
	_, err := w.members.EditOrg(w.ctx, w.chief, membership.OrgEdit{Org: gone.ID, Version: 1, Inactive: &inactive})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		in          membership.NewApplication
		field, code string
	}{
		"no category":      {membership.NewApplication{}, "category", storage.CodeUnknown},
		"its own category": {membership.NewApplication{Category: "coordinator"}, "category", storage.CodeUnknown},
		"no such org":      {membership.NewApplication{Category: membership.Partner, Org: storage.NewID[auth.Org]()}, "org", storage.CodeUnknown},
		"a closed org":     {membership.NewApplication{Category: membership.Partner, Org: gone.ID}, "org", storage.CodeUnknown},
		"a long title":     {membership.NewApplication{Category: membership.Partner, Title: strings.Repeat("à", membership.MaxTitle+1)}, "title", storage.CodeTooLong},
		"two lines":        {membership.NewApplication{Category: membership.Partner, Title: "a\nb"}, "title", storage.CodeControl},
		"a long text":      {membership.NewApplication{Category: membership.Partner, Text: strings.Repeat("à", membership.MaxText+1)}, "text", storage.CodeTooLong},
		"not UTF-8":        {membership.NewApplication{Category: membership.Partner, Text: "\xff"}, "text", storage.CodeMalformed},
	} {
		_, err := w.members.Apply(w.ctx, w.stranger, c.in)
		require.Error(t, err, name)
		wrong(t, err, c.field, c.code)
	}
	_, err = w.members.Apply(w.ctx, auth.Visitor, membership.NewApplication{Category: membership.Partner})
	denied(t, err, auth.ReasonSignIn)
	_, err = w.members.Apply(w.ctx, w.member, membership.NewApplication{Category: membership.Partner})
	require.ErrorIs(t, err, membership.ErrMember)
	_, err = w.members.Mine(w.ctx, w.stranger)
	require.ErrorIs(t, err, storage.ErrNotFound, "none was made")
}

// The same application sent twice, or 64 times at once, is one; another while
// it waits is refused.
func TestApplyOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := membership.NewApplication{Category: membership.Partner, Text: "Vorrei partecipare"}
	ids := make([]membership.ApplicationID, parallel)
	won, _ := together(t, parallel, nil, func(i int) error {
		a, err := w.members.Apply(w.ctx, w.stranger, in)
		ids[i] = a.ID
		return err
	})
	assert.Equal(t, parallel, won)
	for _, id := range ids {
		assert.Equal(t, ids[0], id)
	}
	assert.Equal(t, 1, w.events()[membership.EventApplied])
	in.Text = "Un'altra"
	_, err := w.members.Apply(w.ctx, w.stranger, in)
	require.ErrorIs(t, err, storage.ErrExists)
}

// S-decide-twice: two coordinators decide at once: one decision, the other is
// shown it.
func TestDecideTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 20 {
		who := person()
		a := w.applies(who, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
		won, _ := together(t, 2, storage.ErrConflict, func(i int) error {
			in := membership.Decision{Application: a.ID, Approve: i == 0, Why: "Così"}
			_, err := w.members.Decide(w.ctx, []auth.Actor{w.chief, w.second}[i], in)
			return err
		})
		require.Equal(t, 1, won)
		mine, err := w.members.Mine(w.ctx, who)
		require.NoError(t, err)
		assert.Equal(t, mine.State == membership.Approved, w.is(who))
	}
	a := w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
	_, err := w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Why: "Manca l'atto di nomina"})
	require.NoError(t, err)
	_, err = w.members.Decide(w.ctx, w.second, membership.Decision{Application: a.ID, Approve: true})
	var c *storage.Conflict
	require.ErrorAs(t, err, &c)
	was := c.Current.(membership.Application)
	assert.Equal(t, membership.Declined, was.State)
	assert.Equal(t, w.chief.By(), was.By)
	assert.Equal(t, "Manca l'atto di nomina", was.Why)
	require.ErrorIs(t, w.members.Withdraw(w.ctx, w.stranger, a.ID), storage.ErrConflict)
	assert.False(t, w.is(w.stranger))
}

// S-cross-consent: an invitation and an application meet: a member once, and
// the application is done with.
func TestCrossConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 20 {
		who := person()
		a := w.applies(who, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
		inv, secret := w.invites(w.chief, membership.NewInvitation{})
		joined := w.events()[membership.EventJoined]
		errs := make([]error, 2)
		together(t, 2, nil, func(i int) error {
			if i == 0 {
				_, errs[0] = w.members.Decide(w.ctx, w.second, membership.Decision{Application: a.ID, Approve: true})
			} else {
				_, errs[1] = w.members.Redeem(w.ctx, who, secret)
			}
			return nil
		})
		uses := 0
		if errs[0] == nil {
			require.ErrorIs(t, errs[1], membership.ErrMember)
		} else {
			require.ErrorIs(t, errs[0], storage.ErrConflict)
			require.NoError(t, errs[1])
			uses = 1
		}
		mine, err := w.members.Mine(w.ctx, who)
		require.NoError(t, err)
		assert.Equal(t, membership.Approved, mine.State)
		assert.True(t, w.is(who))
		assert.Equal(t, joined+1, w.events()[membership.EventJoined])
		kept, err := w.store.Membership().InvitationOf(w.ctx, inv.ID)
		require.NoError(t, err)
		assert.Equal(t, uses, kept.Uses)
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.turns(network)
	a := w.applies(w.stranger, membership.NewApplication{Category: membership.Expert, Org: w.elsewhere.ID, Title: "docente"})
	for _, who := range []auth.Actor{auth.Visitor, w.stranger, w.member, w.moderator} {
		_, err := w.members.Decide(w.ctx, who, membership.Decision{Application: a.ID, Approve: true})
		require.ErrorIs(t, err, auth.ErrDenied)
		_, unknown := w.members.Decide(w.ctx, who, membership.Decision{Application: storage.NewID[membership.Application](), Approve: true})
		require.ErrorIs(t, unknown, auth.ErrDenied, "as for one that is not there")
		_, err = w.members.Applications(w.ctx, who, membership.ApplicationFilter{})
		require.ErrorIs(t, err, auth.ErrDenied)
	}
	_, err := w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID})
	wrong(t, err, "why", storage.CodeMissing)
	_, err = w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true, Category: "boss"})
	wrong(t, err, "category", storage.CodeUnknown)
	_, err = w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true, Until: w.clock()})
	wrong(t, err, "until", membership.CodePast)
	_, err = w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true, Category: membership.Citizen})
	denied(t, err, membership.ReasonPhase)
	got, err := w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true, Category: membership.University, Until: coming})
	require.NoError(t, err)
	st := w.standing(w.stranger)
	assert.Equal(t, membership.University, st.Member.Category, "as it was corrected")
	assert.Equal(t, membership.Expert, got.Category, "as it was asked")
	assert.Equal(t, coming, st.Mandates[0].Until)
	assert.Equal(t, "docente", st.Mandates[0].Title)
	kept, err := w.store.Membership().Application(w.ctx, a.ID)
	require.NoError(t, err)
	assert.Equal(t, kept, got)
}

// What was claimed is verified by the decision, and not claimed twice.
func TestDecideVerifiesTheClaim(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m, err := w.members.Claim(w.ctx, w.stranger, membership.NewMandate{Org: w.milan.ID, Title: "dirigente", Until: coming})
	require.NoError(t, err)
	a := w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
	_, err = w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true})
	require.NoError(t, err)
	st := w.standing(w.stranger)
	require.Len(t, st.Mandates, 1)
	assert.Equal(t, m.ID, st.Mandates[0].ID)
	assert.Equal(t, coming, st.Mandates[0].Until)
}

// Whoever acts for the organisation already gets no second mandate; one that is
// claimed for later is left for later.
func TestDecideWithOtherMandates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	later, err := w.members.Claim(w.ctx, w.stranger, membership.NewMandate{Org: w.milan.ID, Title: "dirigente", From: coming})
	require.NoError(t, err)
	for range 2 {
		a := w.applies(w.stranger, membership.NewApplication{Category: membership.Partner, Org: w.milan.ID})
		w.turns(network)
		_, err = w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true})
		require.NoError(t, err)
		require.NoError(t, w.store.Apply(w.ctx, membership.UpdateMember{Member: func() membership.Member {
			m := w.standing(w.stranger).Member // as if they had left with their mandate
			m.State = membership.Left
			return m
		}()}))
		w.turns(implementers)
	}
	all, err := w.members.Mandates(w.ctx, w.chief, w.stranger.User)
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, later, all[1], "as it was claimed")
	assert.True(t, all[0].Runs(w.clock()))
}

// Nobody decides on themselves: a coordinator who left and asks again is none.
func TestDecideNotForOneself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *membership.Config) { c.Auth = auth.AllowAll{} })
	a := w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
	_, err := w.members.Decide(w.ctx, w.stranger, membership.Decision{Application: a.ID, Approve: true})
	denied(t, err, membership.ReasonSelf)
}

// S34: nobody is admitted by the domain of an address: the service never hears
// of one, and an organisation's site says nothing of who acts for it.
func TestNoDomainAdmits_S34(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	site := "https://comune.example.org"
	_, err := w.members.EditOrg(w.ctx, w.chief, membership.OrgEdit{Org: w.milan.ID, Version: 1, Site: &site})
	require.NoError(t, err)
	a := w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID, Title: "ada@comune.example.org"})
	assert.Equal(t, membership.Applied, a.State)
	assert.False(t, w.is(w.stranger))
	assert.Empty(t, w.standing(w.stranger).Mandates)
}

// An application that crossed with an invitation, so that its author is a
// member by now, is closed by a decision and changes nothing of what they are.
func TestDecideOnAMember(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := membership.Application{
		ID: storage.NewID[membership.Application](), User: w.moderator.User, Category: membership.Beneficiary, Org: w.milan.ID,
		State: membership.Applied, Made: w.clock(), Version: 1,
	}
	require.NoError(t, w.store.Apply(w.ctx, membership.InsertApplication{Application: a}))
	before, joined := w.standing(w.moderator), w.events()[membership.EventJoined]
	assert.Zero(t, before.Waiting, "a member asks for nothing")
	_, err := w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true})
	require.NoError(t, err)
	assert.Equal(t, before.Member, w.standing(w.moderator).Member)
	assert.Equal(t, joined, w.events()[membership.EventJoined])
	mine, err := w.members.Mine(w.ctx, w.moderator)
	require.NoError(t, err)
	assert.Equal(t, membership.Approved, mine.State)
}

// Where a category is open, nobody has checked what somebody says they are of:
// it is shown of them only when it has been verified.
func TestOpenVouchesForNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.turns(everyone)
	in := membership.NewApplication{Category: membership.Expert, Org: w.milan.ID, Title: "sindaco"}
	w.applies(w.stranger, in)
	st := w.standing(w.stranger)
	assert.Equal(t, membership.Active, st.Member.State)
	assert.Zero(t, st.Member.Org)
	assert.Empty(t, st.Mandates)

	early := person()
	w.turns(network)
	w.applies(early, in)
	w.turns(everyone)
	assert.True(t, w.is(early))
	assert.Zero(t, w.standing(early).Member.Org)
	m, err := w.members.Claim(w.ctx, early, membership.NewMandate{Org: w.milan.ID, Title: "sindaco"})
	require.NoError(t, err)
	require.NoError(t, w.members.Verify(w.ctx, w.chief, m.ID))
	assert.Equal(t, w.milan.ID, w.standing(early).Member.Org)
}
