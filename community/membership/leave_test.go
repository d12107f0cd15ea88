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
)

// S24: leaving ends mandates, roles and what the host ends, at once; joining
// again brings none of it back.
func TestLeave_S24(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	area := storage.NewID[auth.Area]()
	require.NoError(t, w.store.Apply(w.ctx, membership.SetAreaRole{AreaRole: membership.AreaRole{User: w.moderator.User, Area: area, Role: auth.Coordinator}}))
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
