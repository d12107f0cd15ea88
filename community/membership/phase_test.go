// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// S-phase-gate: in the first phase a university's application waits, and says
// until when; in the second it can be decided.
func TestPhaseGate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.applies(w.stranger, membership.NewApplication{Category: membership.University, Org: w.elsewhere.ID, Title: "ricercatrice"})
	assert.Equal(t, membership.Applied, a.State)
	assert.False(t, a.Decidable)
	assert.Equal(t, opens, a.Opens)
	assert.False(t, w.is(w.stranger))

	_, err := w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true})
	assert.Equal(t, opens, denied(t, err, membership.ReasonPhase).Opens)
	_, err = w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Why: "No"})
	denied(t, err, membership.ReasonPhase)
	_, _, err = w.members.Invite(w.ctx, w.chief, membership.NewInvitation{Category: membership.University})
	assert.Equal(t, opens, denied(t, err, membership.ReasonPhase).Opens)

	w.at(opens.Add(-time.Microsecond))
	_, err = w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true})
	denied(t, err, membership.ReasonPhase)
	w.at(opens) // and nothing has run
	mine, err := w.members.Mine(w.ctx, w.stranger)
	require.NoError(t, err)
	assert.True(t, mine.Decidable)
	got, err := w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true})
	require.NoError(t, err)
	assert.Equal(t, membership.Approved, got.State)
	st := w.standing(w.stranger)
	assert.Equal(t, membership.University, st.Member.Category)
	assert.Equal(t, auth.Member, st.Member.Role)
	require.Len(t, st.Mandates, 1, "with the mandate that the decision verified")
	assert.Equal(t, w.elsewhere.ID, st.Mandates[0].Org)
	assert.Equal(t, w.chief.By(), st.Mandates[0].By)
}

// S-phase-back: going back suspends what the phase does not allow, and takes
// nothing away.
func TestPhaseBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.turns(everyone)
	asked := w.applies(w.stranger, membership.NewApplication{Category: membership.Citizen})
	assert.Equal(t, membership.Approved, asked.State, "open to whoever asks")
	before := w.standing(w.stranger)
	require.Equal(t, membership.Active, before.Member.State)
	assert.Equal(t, everyone, before.Phase)

	w.turns(implementers)
	st := w.standing(w.stranger)
	assert.Equal(t, implementers, st.Phase)
	assert.Equal(t, before.Member, st.Member, "is what they were")
	assert.NotContains(t, w.members.Plan()[st.Phase].Allows, st.Member.Category, "and the phase allows them nothing")
	w.turns(everyone)
	assert.Equal(t, before.Member, w.standing(w.stranger).Member)
	turns, err := w.members.Turns(w.ctx, w.chief)
	require.NoError(t, err)
	require.Len(t, turns, 3)
	assert.Equal(t, []int{everyone, implementers, everyone}, []int{turns[0].Phase, turns[1].Phase, turns[2].Phase})
	assert.Equal(t, "È ora", turns[0].Why)
	assert.Equal(t, w.chief.By(), turns[0].By)
	assert.Equal(t, 3, w.events()[membership.EventTurned])
}

// A date that has passed when somebody goes back does not bring its phase back;
// one that comes does.
func TestPhaseBackAndDates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.at(opens.Add(time.Hour))
	w.turns(implementers)
	is, err := w.members.Phase(w.ctx)
	require.NoError(t, err)
	assert.Equal(t, membership.InForce{Phase: implementers, Name: "implementers", Since: w.clock(), Turn: 1, Next: network}, is)
	w.at(coming)
	is, _ = w.members.Phase(w.ctx)
	assert.Equal(t, implementers, is.Phase)
}

// S-phase-between: the phase closes between the form and its sending.
func TestPhaseBetween(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.turns(network)
	a := w.applies(w.stranger, membership.NewApplication{Category: membership.University})
	require.True(t, a.Decidable)
	_, secret := w.invites(w.chief, membership.NewInvitation{Category: membership.Expert})
	w.turns(implementers)
	_, err := w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true})
	assert.Equal(t, opens, denied(t, err, membership.ReasonPhase).Opens)
	_, err = w.members.Redeem(w.ctx, person(), secret)
	assert.Equal(t, opens, denied(t, err, membership.ReasonPhase).Opens)

	_, err = w.members.Advance(w.ctx, w.second, membership.NewTurn{To: everyone, Seen: network, Why: "Avanti"})
	var c *storage.Conflict
	require.ErrorAs(t, err, &c, "another phase was in force than was seen")
	assert.Equal(t, implementers, c.Current.(membership.InForce).Phase)
}

// S-tick: whatever time changes is right when it is read, with no job at all.
func TestTick(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	is, err := w.members.Phase(w.ctx)
	require.NoError(t, err)
	assert.Equal(t, membership.InForce{Phase: implementers, Name: "implementers", Next: network, Opens: opens}, is)
	w.at(opens)
	is, err = w.members.Phase(w.ctx)
	require.NoError(t, err)
	assert.Equal(t, membership.InForce{Phase: network, Name: "network", Since: opens, Next: everyone}, is)

	citizen := w.applies(w.stranger, membership.NewApplication{Category: membership.Citizen})
	assert.Equal(t, membership.Applied, citizen.State)
	assert.Zero(t, citizen.Opens, "by hand: nobody knows when")
	w.turns(everyone)
	st := w.standing(w.stranger)
	assert.Equal(t, membership.Active, st.Member.State, "a membership from when the phase opened")
	assert.Equal(t, w.clock(), st.Member.Joined)
	assert.True(t, st.Newcomer)
	w.pass(7 * 24 * time.Hour)
	assert.False(t, w.standing(w.stranger).Newcomer)
	mine, err := w.members.Mine(w.ctx, w.stranger)
	require.NoError(t, err)
	assert.Equal(t, membership.Approved, mine.State)

	before := w.standing(w.stranger).Member
	w.turns(network)
	st = w.standing(w.stranger)
	assert.Equal(t, before, st.Member, "and stays one when it closes")
	mine, err = w.members.Mine(w.ctx, w.stranger)
	require.NoError(t, err)
	assert.Equal(t, membership.Approved, mine.State)
	m, err := w.members.EditProfile(w.ctx, w.stranger, membership.ProfileEdit{Version: 1, Name: &membership.Field{Text: "Ada"}})
	require.NoError(t, err)
	assert.Equal(t, 2, m.Version)
	w.turns(everyone)
	assert.True(t, w.is(w.stranger))
}

func TestAdvance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		in    membership.NewTurn
		field string
		code  string
	}{
		"without a reason":   {membership.NewTurn{To: network}, "why", storage.CodeMissing},
		"to nowhere":         {membership.NewTurn{To: 3, Why: "x"}, "to", storage.CodeUnknown},
		"before the first":   {membership.NewTurn{To: -1, Why: "x"}, "to", storage.CodeUnknown},
		"to where it stands": {membership.NewTurn{To: implementers, Why: "x"}, "to", membership.CodeSame},
	} {
		_, err := w.members.Advance(w.ctx, w.chief, c.in)
		require.ErrorIs(t, err, storage.ErrInvalid, name)
		wrong(t, err, c.field, c.code)
	}
	for _, who := range []auth.Actor{auth.Visitor, w.stranger, w.member, w.moderator} {
		_, err := w.members.Advance(w.ctx, who, membership.NewTurn{To: network, Why: "x"})
		require.ErrorIs(t, err, auth.ErrDenied)
		_, err = w.members.Simulate(w.ctx, who, network)
		require.ErrorIs(t, err, auth.ErrDenied)
		_, err = w.members.Turns(w.ctx, who)
		require.ErrorIs(t, err, auth.ErrDenied)
	}
	assert.Zero(t, w.events()[membership.EventTurned])
	won, _ := together(t, parallel, storage.ErrConflict, func(int) error {
		_, err := w.members.Advance(w.ctx, w.chief, membership.NewTurn{To: everyone, Seen: implementers, Why: "Tutti insieme"})
		return err
	})
	assert.Equal(t, 1, won)
	turns, err := w.members.Turns(w.ctx, w.second)
	require.NoError(t, err)
	assert.Len(t, turns, 1)
}

func TestSimulate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.applies(person(), membership.NewApplication{Category: membership.University})
	w.applies(person(), membership.NewApplication{Category: membership.University})
	w.applies(person(), membership.NewApplication{Category: membership.Citizen})
	w.applies(person(), membership.NewApplication{Category: membership.Expert})
	w.applies(person(), membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID}) // can be decided now

	of := func(x membership.Simulation, c membership.Category) membership.Effect {
		for _, e := range x.Effects {
			if e.Category == c {
				return e
			}
		}
		t.Fatalf("nothing on %q", c)
		return membership.Effect{}
	}
	x, err := w.members.Simulate(w.ctx, w.chief, network)
	require.NoError(t, err)
	work := []auth.Action{"forum.read", "forum.say"}
	assert.Equal(t, membership.Effect{Category: membership.University, Gains: work, After: membership.ByApplication, Decidable: 2}, of(x, membership.University))
	assert.Equal(t, membership.Effect{Category: membership.Beneficiary, Members: 4, Before: membership.ByAllowList, After: membership.ByApplication}, of(x, membership.Beneficiary))
	assert.Equal(t, membership.Effect{Category: membership.Citizen}, of(x, membership.Citizen))

	x, err = w.members.Simulate(w.ctx, w.chief, everyone)
	require.NoError(t, err)
	assert.Equal(t, [2]auth.Audience{auth.CommunityMembers, auth.Public}, [2]auth.Audience{x.Before, x.After})
	assert.Equal(t, []auth.Action{"forum.read"}, of(x, "").Gains, "visitors")
	assert.Equal(t, 1, of(x, membership.Citizen).Joins)
	assert.Equal(t, 1, of(x, membership.Expert).Joins)
	assert.Equal(t, 2, of(x, membership.University).Decidable)
	is, err := w.members.Phase(w.ctx)
	require.NoError(t, err)
	assert.Equal(t, implementers, is.Phase, "nothing has changed")

	w.turns(everyone)
	x, err = w.members.Simulate(w.ctx, w.chief, implementers)
	require.NoError(t, err)
	assert.Equal(t, membership.Effect{Category: membership.Citizen, Loses: work, Before: membership.Open}, of(x, membership.Citizen), "stays a member")
	assert.Equal(t, 2, of(x, membership.University).Waits)
	_, err = w.members.Simulate(w.ctx, w.chief, 3)
	wrong(t, err, "to", storage.CodeUnknown)
}

func TestPlanAt(t *testing.T) {
	t.Parallel()
	p := membership.Plan{{Name: "a"}, {Name: "b", Opens: opens}, {Name: "c"}, {Name: "d", Opens: coming}}
	for name, c := range map[string]struct {
		last membership.Turn
		now  time.Time
		want int
	}{
		"at the beginning":                {membership.Turn{}, start, 0},
		"a moment before the date":        {membership.Turn{}, opens.Add(-1), 0},
		"at the date":                     {membership.Turn{}, opens, 1},
		"turned by hand":                  {membership.Turn{Phase: 2, At: start}, start, 2},
		"a date of an earlier phase":      {membership.Turn{Phase: 2, At: start}, opens, 2},
		"a date of a later phase":         {membership.Turn{Phase: 2, At: start}, coming, 3},
		"turned back after the date":      {membership.Turn{Phase: 0, At: opens.Add(1)}, opens.Add(2), 0},
		"turned back at the date":         {membership.Turn{Phase: 0, At: opens}, opens, 0},
		"turned back, and the next date":  {membership.Turn{Phase: 0, At: opens.Add(1)}, coming, 3},
		"a phase that the plan lost":      {membership.Turn{Phase: 9, At: start}, start, 3},
		"a phase that there never was":    {membership.Turn{Phase: -1, At: start}, start, 0},
		"turned before a date, then past": {membership.Turn{Phase: 0, At: start}, opens.Add(1), 1},
	} {
		assert.Equal(t, c.want, p.At(c.last, c.now), name)
	}
	assert.Zero(t, membership.Plan{}.At(membership.Turn{Phase: 2}, start))
}

func TestPlanOpens(t *testing.T) {
	t.Parallel()
	p := plan()
	admits := func(c membership.Category, least membership.Admission) func(membership.Phase) bool {
		return func(ph membership.Phase) bool { return ph.Admits[c] >= least }
	}
	assert.Equal(t, opens, p.Opens(implementers, start, admits(membership.University, membership.ByApplication)))
	assert.Zero(t, p.Opens(implementers, start, admits(membership.Citizen, membership.Open)), "by hand")
	assert.Zero(t, p.Opens(implementers, opens, admits(membership.University, membership.ByApplication)), "is past")
	p[everyone].Opens = coming
	assert.Equal(t, coming, p.Opens(implementers, start, admits(membership.Citizen, membership.Open)))
	p[everyone].Opens = opens
	assert.Equal(t, opens, p.Opens(implementers, start, admits(membership.Citizen, membership.Open)), "the later of two of one date")
}

// A programmer's mistake in the plan is found when the service is made.
func TestPlanIsChecked(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]membership.Plan{
		"no name":          {{}},
		"twice the name":   {{Name: "a"}, {Name: "a"}},
		"no such audience": {{Name: "a", Audience: 9}},
		"no such way in":   {{Name: "a", Admits: map[membership.Category]membership.Admission{"x": 9}}},
		"visitors":         {{Name: "a", Admits: map[membership.Category]membership.Admission{"": membership.Open}}},
		"no code":          {{Name: "a", Orgs: []string{"comune di Milano"}}},
		"an empty code":    {{Name: "a", Orgs: []string{""}}},
	} {
		assert.Panics(t, func() { membership.New(membership.Config{Store: memory.New().Membership(), Plan: p}) }, name)
	}
	assert.Panics(t, func() { membership.New(membership.Config{}) })
}

// S27: what was left out opens nothing: no plan, no authorizer, no mailboxes.
func TestZeroConfigDenies_S27(t *testing.T) {
	t.Parallel()
	ctx, who := t.Context(), person()
	s := membership.New(membership.Config{Store: memory.New().Membership()})
	for _, c := range []membership.Category{membership.Beneficiary, membership.Citizen} {
		a, err := s.Apply(ctx, who, membership.NewApplication{Category: c})
		require.NoError(t, err)
		assert.Equal(t, membership.Applied, a.State)
		assert.False(t, a.Decidable)
		assert.Empty(t, s.Plan()[0].Allows[c])
		require.NoError(t, s.Withdraw(ctx, who, a.ID))
	}
	_, _, err := s.Invite(ctx, who, membership.NewInvitation{Category: membership.Beneficiary})
	denied(t, err, auth.ReasonUnset)
	_, err = s.ImportOrgs(ctx, who, nil, nil)
	denied(t, err, auth.ReasonUnset)
	_, err = s.Directory(ctx, who, membership.DirectoryFilter{})
	denied(t, err, auth.ReasonUnset)
	assert.False(t, membership.Phase{}.Lists(""), "an empty allow-list is nobody")
	assert.False(t, membership.Phase{Orgs: []string{""}}.Lists(""))
	_, err = s.Redeem(ctx, who, "")
	require.ErrorIs(t, err, membership.ErrInvitation)
	st, err := s.Standing(ctx, auth.UserID{})
	require.NoError(t, err)
	assert.Equal(t, membership.Standing{}, st)
}
