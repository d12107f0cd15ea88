// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// S24: leaving ends mandates, roles and what the host ends, at once; joining
// again brings none of it back.
func TestLeave_S24(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	area := storage.NewID[auth.Area]()
	require.NoError(t, w.store.Apply(w.ctx, membership.SetAreaRole{AreaRole: membership.AreaRole{User: w.moderator.User, Area: area, Role: auth.Moderator}}))
	m, err := w.members.Claim(w.ctx, w.moderator, membership.NewMandate{Org: w.milan.ID, Title: "x"})
	require.NoError(t, err)
	require.NoError(t, w.members.Verify(w.ctx, w.chief, m.ID))
	joined := w.standing(w.moderator).Member.Joined
	require.NoError(t, w.members.Leave(w.ctx, w.moderator))
	st := w.standing(w.moderator)
	assert.Equal(t, membership.Left, st.Member.State)
	assert.Empty(t, st.Mandates)
	assert.Empty(t, st.Areas)
	assert.Equal(t, auth.Outsider, st.RoleIn(auth.Commons))
	assert.Equal(t, []auth.UserID{w.moderator.User}, w.ended)
	_, err = w.members.Directory(w.ctx, w.moderator, membership.DirectoryFilter{})
	require.ErrorIs(t, err, auth.ErrDenied)
	require.NoError(t, w.members.Leave(w.ctx, w.moderator), "left twice is once")
	require.ErrorIs(t, w.members.ComeBack(w.ctx, w.moderator), membership.ErrNotMember)
	require.ErrorIs(t, w.members.Deactivate(w.ctx, w.moderator), membership.ErrNotMember)

	w.pass(time.Hour)
	_, secret := w.invites(w.chief, membership.NewInvitation{})
	got, err := w.members.Redeem(w.ctx, w.moderator, secret)
	require.NoError(t, err)
	st = w.standing(w.moderator)
	assert.Equal(t, st.Member, got)
	assert.Equal(t, auth.Member, st.Member.Role)
	assert.Equal(t, joined, st.Member.Joined, "the first time")
	assert.Equal(t, w.clock(), st.Member.Since)
	assert.Empty(t, st.Mandates)
	assert.Empty(t, st.Areas)
}

func TestDeactivate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.members.Deactivate(w.ctx, w.moderator))
	st := w.standing(w.moderator)
	assert.Equal(t, membership.Away, st.Member.State)
	assert.Equal(t, auth.Outsider, st.RoleIn(auth.Commons))
	assert.Empty(t, w.ended, "they must be able to come back")
	_, secret := w.invites(w.chief, membership.NewInvitation{})
	_, err := w.members.Redeem(w.ctx, w.moderator, secret)
	require.ErrorIs(t, err, membership.ErrMember)
	_, err = w.members.Apply(w.ctx, w.moderator, membership.NewApplication{Category: membership.Partner})
	require.ErrorIs(t, err, membership.ErrMember)
	require.NoError(t, w.members.ComeBack(w.ctx, w.moderator))
	assert.Equal(t, auth.Moderator, w.standing(w.moderator).RoleIn(auth.Commons))
	require.NoError(t, w.members.ComeBack(w.ctx, w.moderator))
	assert.Equal(t, 1, w.events()[membership.EventCameBack])
	for _, f := range []func(auth.Actor) error{
		func(a auth.Actor) error { return w.members.Leave(w.ctx, a) },
		func(a auth.Actor) error { return w.members.Deactivate(w.ctx, a) },
		func(a auth.Actor) error { return w.members.ComeBack(w.ctx, a) },
	} {
		denied(t, f(auth.Visitor), auth.ReasonSignIn)
		require.ErrorIs(t, f(w.stranger), membership.ErrNotMember)
	}
}

// Whoever is a member only because the phase is open can leave, too, and is
// out also when it opens again.
func TestLeaveAnOpenPhase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.applies(w.stranger, membership.NewApplication{Category: membership.Citizen})
	w.turns(everyone)
	require.True(t, w.is(w.stranger))
	require.NoError(t, w.members.Leave(w.ctx, w.stranger))
	assert.False(t, w.is(w.stranger))
	w.turns(network)
	w.turns(everyone)
	assert.False(t, w.is(w.stranger))
	again := w.applies(w.stranger, membership.NewApplication{Category: membership.Citizen})
	assert.Equal(t, membership.Approved, again.State)
	assert.True(t, w.is(w.stranger))
}

// Somebody who has left and asks again, early, is a member again when the
// phase opens, and for good once they do something.
func TestJoinAgainByTheOpenPhase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.members.Leave(w.ctx, w.member))
	w.applies(w.member, membership.NewApplication{Category: membership.Expert})
	assert.False(t, w.is(w.member))
	w.turns(everyone)
	st := w.standing(w.member)
	assert.Equal(t, membership.Expert, st.Member.Category)
	assert.Equal(t, membership.Active, st.Member.State)
	require.NoError(t, w.members.Grant(w.ctx, w.chief, membership.NewRole{User: w.member.User, Role: auth.Moderator}))
	w.turns(implementers)
	assert.Equal(t, auth.Moderator, w.standing(w.member).Member.Role)
	me, err := w.members.Me(w.ctx, w.member)
	require.NoError(t, err)
	kept, err := w.store.Membership().Member(w.ctx, w.member.User)
	require.NoError(t, err)
	assert.Equal(t, kept, me)
}

// An application that was left beside a membership makes nobody a member again.
func TestLeaveWithdraws(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := membership.Application{ID: storage.NewID[membership.Application](), User: w.member.User, Category: membership.Citizen, State: membership.Applied, Made: w.clock(), Version: 1}
	require.NoError(t, w.store.Apply(w.ctx, membership.InsertApplication{Application: a}))
	require.NoError(t, w.members.Leave(w.ctx, w.member))
	assert.Equal(t, membership.Withdrawn, w.kept(a.ID).State)
	assert.Equal(t, 1, w.events()[membership.EventWithdrawn])
	w.turns(everyone)
	assert.False(t, w.is(w.member))

	// One that alone makes somebody a member is approved, and they leave.
	b := w.applies(w.stranger, membership.NewApplication{Category: membership.University})
	w.turns(network)
	c := person()
	early := w.applies(c, membership.NewApplication{Category: membership.Citizen})
	w.turns(everyone)
	require.True(t, w.is(c))
	require.NoError(t, w.members.Leave(w.ctx, c))
	assert.Equal(t, membership.Approved, w.kept(early.ID).State)
	assert.False(t, w.is(c))
	assert.Equal(t, membership.Applied, w.kept(b.ID).State, "nobody else's")
}

// Whoever leaves while they are given a role in an area has none after.
func TestLeaveAndGrantAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 200 {
		who, area := w.joins(auth.Member), storage.NewID[auth.Area]()
		require.NoError(t, w.members.FoundArea(w.ctx, w.chief, area, w.moderator.User))
		errs := make([]error, 2)
		var all sync.WaitGroup
		all.Go(func() {
			errs[0] = w.members.Grant(w.ctx, w.moderator, membership.NewRole{User: who.User, Area: area, Role: auth.Member})
		})
		all.Go(func() { errs[1] = w.members.Leave(w.ctx, who) })
		all.Wait()
		require.NoError(t, errs[1])
		if errs[0] != nil {
			require.ErrorIs(t, errs[0], membership.ErrNotMember)
		}
		require.Empty(t, w.standing(who).Areas)
	}
}

// No area is left without a coordinator who can act, as the community is not.
func TestLastCoordinatorOfAnArea(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	goes := map[string]func(who, other auth.Actor, area auth.AreaID) error{
		"leaves":      func(who, _ auth.Actor, _ auth.AreaID) error { return w.members.Leave(w.ctx, who) },
		"deactivates": func(who, _ auth.Actor, _ auth.AreaID) error { return w.members.Deactivate(w.ctx, who) },
		"is erased":   func(who, _ auth.Actor, _ auth.AreaID) error { return w.members.Erase(w.ctx, who.User, nil) },
		"steps down": func(who, _ auth.Actor, area auth.AreaID) error {
			return w.members.Grant(w.ctx, who, membership.NewRole{User: who.User, Area: area, Role: auth.Member})
		},
		"demotes": func(who, other auth.Actor, area auth.AreaID) error {
			return w.members.Grant(w.ctx, who, membership.NewRole{User: other.User, Area: area})
		},
	}
	for mine := range goes {
		for theirs := range goes {
			area := storage.NewID[auth.Area]()
			two := [2]auth.Actor{w.joins(auth.Member), w.joins(auth.Member)}
			require.NoError(t, w.members.FoundArea(w.ctx, w.chief, area, two[0].User))
			if mine != "demotes" {
				require.ErrorIs(t, goes[mine](two[0], two[0], area), membership.ErrLast, mine)
			}
			require.NoError(t, w.members.Grant(w.ctx, two[0], membership.NewRole{User: two[1].User, Area: area, Role: auth.Coordinator}))
			var errs [2]error
			var all sync.WaitGroup
			all.Go(func() { errs[0] = goes[mine](two[0], two[1], area) })
			all.Go(func() { errs[1] = goes[theirs](two[1], two[0], area) })
			all.Wait()
			left, _, err := w.store.Membership().Coordinators(w.ctx, area, w.clock())
			require.NoError(t, err)
			require.Len(t, left, 1, "%s and %s: %v", mine, theirs, errs)
		}
	}
}

func TestFoundArea(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	area := storage.NewID[auth.Area]()
	for _, who := range []auth.Actor{auth.Visitor, w.stranger, w.member} {
		require.ErrorIs(t, w.members.FoundArea(w.ctx, who, area, w.member.User), auth.ErrDenied)
	}
	wrong(t, w.members.FoundArea(w.ctx, w.chief, auth.Commons, w.member.User), "area", storage.CodeUnknown)
	wrong(t, w.members.FoundArea(w.ctx, w.chief, auth.AreaID{}, w.member.User), "area", storage.CodeUnknown)
	require.ErrorIs(t, w.members.FoundArea(w.ctx, w.chief, area, w.stranger.User), membership.ErrNotMember)
	won, _ := together(t, parallel, membership.ErrFounded, func(int) error { return w.members.FoundArea(w.ctx, w.chief, area, w.member.User) })
	assert.Equal(t, 1, won)
	assert.Equal(t, auth.Coordinator, w.standing(w.member).RoleIn(area))
	assert.Equal(t, 2, w.events()[membership.EventFounded], "the community, and the area")

	// One that has lost its coordinators gets another so.
	w.restrains(w.chief, w.member, membership.ReadOnly, time.Time{})
	require.NoError(t, w.members.FoundArea(w.ctx, w.chief, area, w.moderator.User))
}
