// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// S30: nobody gives a role above their own, nor touches who has one.
func TestGrantBelowOneself_S30(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	give := func(who, to auth.Actor, role auth.Role) error {
		return w.members.Grant(w.ctx, who, membership.NewRole{User: to.User, Role: role})
	}
	require.NoError(t, give(w.moderator, w.member, auth.Moderator))
	denied(t, give(w.moderator, w.member, auth.Coordinator), membership.ReasonAbove)
	denied(t, give(w.moderator, w.moderator, auth.Coordinator), membership.ReasonAbove)
	denied(t, give(w.moderator, w.chief, auth.Observer), membership.ReasonAbove)
	require.NoError(t, w.members.Deactivate(w.ctx, w.second))
	denied(t, give(w.moderator, w.second, auth.Observer), membership.ReasonAbove)
	require.NoError(t, give(w.chief, w.member, auth.Coordinator))
	assert.Equal(t, auth.Coordinator, w.standing(w.member).Member.Role)
	require.NoError(t, give(w.moderator, w.moderator, auth.Member), "stepping down")
	require.ErrorIs(t, give(w.moderator, w.member, auth.Observer), auth.ErrDenied)
	for _, who := range []auth.Actor{auth.Visitor, w.stranger} {
		require.ErrorIs(t, give(who, w.stranger, auth.Member), auth.ErrDenied)
	}
	require.ErrorIs(t, give(w.chief, w.stranger, auth.Member), membership.ErrNotMember)
	require.ErrorIs(t, give(w.chief, person(), auth.Member), membership.ErrNotMember)
	wrong(t, give(w.chief, w.member, auth.Outsider), "role", storage.CodeUnknown)
	wrong(t, give(w.chief, w.member, 9), "role", storage.CodeUnknown)
}

// S24: a change of role holds from the next call on.
func TestDemotedAtOnce_S24(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.members.Applications(w.ctx, w.second, membership.ApplicationFilter{})
	require.NoError(t, err)
	require.NoError(t, w.members.Grant(w.ctx, w.chief, membership.NewRole{User: w.second.User, Role: auth.Member}))
	_, err = w.members.Applications(w.ctx, w.second, membership.ApplicationFilter{})
	require.ErrorIs(t, err, auth.ErrDenied)
}

// S-last-coordinator: never without one, also when the last two go at once,
// whichever way each goes.
func TestLastCoordinator(t *testing.T) {
	t.Parallel()
	ways := map[string]func(w *world, who, other auth.Actor) error{
		"leaves":      func(w *world, who, _ auth.Actor) error { return w.members.Leave(w.ctx, who) },
		"deactivates": func(w *world, who, _ auth.Actor) error { return w.members.Deactivate(w.ctx, who) },
		"steps down": func(w *world, who, _ auth.Actor) error {
			return w.members.Grant(w.ctx, who, membership.NewRole{User: who.User, Role: auth.Member})
		},
		"is erased": func(w *world, who, _ auth.Actor) error { return w.members.Erase(w.ctx, who.User, nil) },
	}
	for a, goes := range ways {
		for b, too := range ways {
			t.Run(a+", "+b, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				won, lost := together(t, 2, membership.ErrLast, func(i int) error {
					if i == 0 {
						return goes(w, w.chief, w.second)
					}
					return too(w, w.second, w.chief)
				})
				assert.Equal(t, [2]int{1, 1}, [2]int{won, lost})
				all, _, err := w.store.Membership().Coordinators(w.ctx, auth.Commons, w.clock())
				require.NoError(t, err)
				assert.Len(t, all, 1)
			})
		}
	}
}

// Two who suspend, restrain or demote each other at once: one stays. The other
// finds that they may no more, or that this one is the last.
func TestLastCoordinatorsAgainstEachOther(t *testing.T) {
	t.Parallel()
	for name, against := range map[string]func(w *world, who, whom auth.Actor) error{
		"suspension": func(w *world, who, whom auth.Actor) error {
			_, err := w.members.Restrain(w.ctx, who, membership.NewSanction{User: whom.User, Kind: membership.Suspension, Why: "x"})
			return err
		},
		"read only": func(w *world, who, whom auth.Actor) error {
			_, err := w.members.Restrain(w.ctx, who, membership.NewSanction{User: whom.User, Kind: membership.ReadOnly, Why: "x"})
			return err
		},
		"demotion": func(w *world, who, whom auth.Actor) error {
			return w.members.Grant(w.ctx, who, membership.NewRole{User: whom.User, Role: auth.Observer})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 20 {
				w := newWorld(t)
				errs := make([]error, 2)
				together(t, 2, nil, func(i int) error {
					if i == 0 {
						errs[0] = against(w, w.chief, w.second)
					} else {
						errs[1] = against(w, w.second, w.chief)
					}
					return nil
				})
				assert.NotEqual(t, errs[0] == nil, errs[1] == nil, "%v, %v", errs[0], errs[1])
				all, _, err := w.store.Membership().Coordinators(w.ctx, auth.Commons, w.clock())
				require.NoError(t, err)
				assert.Len(t, all, 1)
			}
		})
	}
}

// A coordinator who is held back is none who can act.
func TestLastCoordinatorWhoCanAct(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.restrains(w.chief, w.second, membership.ReadOnly, w.clock().Add(time.Hour))
	require.ErrorIs(t, w.members.Leave(w.ctx, w.chief), membership.ErrLast)
	w.pass(time.Hour)
	require.NoError(t, w.members.Leave(w.ctx, w.chief))

	w = newWorld(t, func(c *membership.Config) { c.Auth = auth.AllowAll{} }) // also by a host that asks for less
	w.restrains(w.chief, w.second, membership.ReadOnly, time.Time{})
	_, err := w.members.Restrain(w.ctx, w.second, membership.NewSanction{User: w.chief.User, Kind: membership.ReadOnly, Why: "x"})
	require.ErrorIs(t, err, membership.ErrLast)
}

func TestGrantInAnArea(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	area := storage.NewID[auth.Area]()
	give := func(who, to auth.Actor, role auth.Role) error {
		return w.members.Grant(w.ctx, who, membership.NewRole{User: to.User, Area: area, Role: role})
	}
	require.NoError(t, w.store.Apply(w.ctx, membership.SetAreaRole{AreaRole: membership.AreaRole{User: w.member.User, Area: area, Role: auth.Moderator}}))
	other := w.joins(auth.Member)
	require.NoError(t, give(w.member, other, auth.Member))
	denied(t, give(w.member, other, auth.Coordinator), membership.ReasonAbove)
	assert.Equal(t, auth.Member, w.standing(other).RoleIn(area))
	assert.Equal(t, auth.Member, w.standing(other).RoleIn(auth.Commons))
	assert.Equal(t, auth.Outsider, w.standing(w.chief).RoleIn(area), "who coordinates the community has no part in it")
	denied(t, give(w.member, w.chief, auth.Observer), membership.ReasonAbove)

	roles, err := w.members.RolesIn(w.ctx, other, area)
	require.NoError(t, err)
	assert.Len(t, roles, 2)
	require.NoError(t, give(w.member, other, auth.Outsider))
	assert.Equal(t, auth.Outsider, w.standing(other).RoleIn(area))

	// S10, S12: for whoever is not in it, there is no such area.
	unknown := storage.NewID[auth.Area]()
	for _, who := range []auth.Actor{auth.Visitor, w.stranger, w.moderator, other} {
		_, there := w.members.RolesIn(w.ctx, who, area)
		_, not := w.members.RolesIn(w.ctx, who, unknown)
		require.ErrorIs(t, there, storage.ErrNotFound)
		assert.Equal(t, strings.ReplaceAll(not.Error(), unknown.String(), area.String()), there.Error())
		there = give(who, w.stranger, auth.Member)
		not = w.members.Grant(w.ctx, who, membership.NewRole{User: w.stranger.User, Area: unknown, Role: auth.Member})
		require.ErrorIs(t, there, storage.ErrNotFound)
		assert.Equal(t, not.Error(), there.Error())
	}
}

// Whoever may not act is made no coordinator, of whatever and by whatever way, also
// when they are kept out at the same moment; anything else they may be.
func TestCoordinatorsMayAct(t *testing.T) {
	t.Parallel()
	area := storage.NewID[auth.Area]()
	broken := errors.New("no answer")
	for name, ask := range map[string]func(w *world, whom auth.Actor) error{
		"of the community": func(w *world, whom auth.Actor) error {
			return w.members.Grant(w.ctx, w.chief, membership.NewRole{User: whom.User, Role: auth.Coordinator})
		},
		"of an area": func(w *world, whom auth.Actor) error {
			require.NoError(t, w.store.Apply(w.ctx, membership.SetAreaRole{AreaRole: membership.AreaRole{User: w.chief.User, Area: area, Role: auth.Coordinator}}))
			return w.members.Grant(w.ctx, w.chief, membership.NewRole{User: whom.User, Area: area, Role: auth.Coordinator})
		},
		"the first of an area": func(w *world, whom auth.Actor) error { return w.members.FoundArea(w.ctx, w.chief, area, whom.User) },
	} {
		var says error
		var meanwhile func()
		w := newWorld(t, func(c *membership.Config) {
			c.MayAct = func(context.Context, auth.UserID) error {
				was := says
				if meanwhile != nil {
					meanwhile()
					meanwhile = nil
				}
				return was
			}
		})
		is := func() auth.Role { return max(w.standing(w.member).Member.Role, w.standing(w.member).RoleIn(area)) }
		says = &auth.Denied{Reason: "disabled"}
		denied(t, ask(w, w.member), membership.ReasonAway)
		says = broken
		require.ErrorIs(t, ask(w, w.member), broken, name)
		says = nil
		meanwhile = func() { // as whoever disables an account does
			changes, err := w.members.StandDown(w.ctx, auth.Visitor, w.member.User)
			require.NoError(t, err)
			require.NoError(t, w.store.Apply(w.ctx, changes...))
			says = &auth.Denied{Reason: "disabled"}
		}
		denied(t, ask(w, w.member), membership.ReasonAway)
		require.Equal(t, auth.Member, is(), name)
		require.NoError(t, w.members.Grant(w.ctx, w.chief, membership.NewRole{User: w.member.User, Role: auth.Moderator}), name)
		says = nil
		require.NoError(t, ask(w, w.member), name)
		require.Equal(t, auth.Coordinator, is(), name)
	}

	empty := newEmpty(t)
	_, err := membership.New(membership.Config{
		Store: empty.store.Membership(), MayAct: func(context.Context, auth.UserID) error { return &auth.Denied{Reason: "disabled"} }, Plan: plan(),
	}).Found(empty.ctx, person().User, membership.Beneficiary)
	denied(t, err, membership.ReasonAway)
}

// The first coordinator is the host's to make, once.
func TestFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.members.Found(w.ctx, w.stranger.User, membership.Citizen)
	require.ErrorIs(t, err, storage.ErrExists)
	_, err = w.members.Found(w.ctx, auth.UserID{}, membership.Citizen)
	wrong(t, err, "user", storage.CodeMissing)
	_, err = w.members.Found(w.ctx, w.stranger.User, "re")
	wrong(t, err, "category", storage.CodeUnknown)

	empty := newEmpty(t)
	won, _ := together(t, parallel, storage.ErrExists, func(int) error {
		_, err := empty.members.Found(empty.ctx, person().User, membership.Beneficiary)
		return err
	})
	assert.Equal(t, 1, won)
	all, _, err := empty.store.Membership().Coordinators(empty.ctx, auth.Commons, empty.clock())
	require.NoError(t, err)
	assert.Len(t, all, 1)
}

// A community that lost its coordinators can be founded again, by one of them.
func TestFoundAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := w.clock()
	for _, who := range []auth.Actor{w.chief, w.second} { // as somebody with a hand in the database would
		require.NoError(t, w.store.Apply(w.ctx, membership.InsertSanction{Sanction: membership.Sanction{
			ID: storage.NewID[membership.Sanction](), User: who.User, Area: auth.Commons, Kind: membership.Suspension, Why: "x", From: now, Version: 1,
		}}))
	}
	m, err := w.members.Found(w.ctx, w.chief.User, membership.Beneficiary)
	require.NoError(t, err)
	assert.Equal(t, w.standing(w.chief).Member, m)
	assert.Empty(t, w.standing(w.chief).Sanctions)
	_, err = w.members.Turns(w.ctx, w.chief)
	require.NoError(t, err)
}
