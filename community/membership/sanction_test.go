// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// S-suspend-now: a suspension holds from the next call on, ends what the host
// ends in the same unit, and is over at its end with nothing done about it.
func TestSuspendNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.members.Directory(w.ctx, w.member, membership.DirectoryFilter{})
	require.NoError(t, err)
	until := w.clock().Add(24 * time.Hour)
	x := w.restrains(w.moderator, w.member, membership.Suspension, until)
	_, err = w.members.Directory(w.ctx, w.member, membership.DirectoryFilter{})
	require.ErrorIs(t, err, auth.ErrDenied)
	assert.Equal(t, []auth.UserID{w.member.User}, w.ended)
	assert.Equal(t, 1, w.events()["host.ended"])
	st := w.standing(w.member)
	require.Len(t, st.Sanctions, 1)
	assert.Equal(t, "Insulti", st.Sanctions[0].Why)

	again := w.restrains(w.moderator, w.member, membership.Suspension, until)
	assert.Equal(t, x, again, "the same sent twice is one")
	w.at(until.Add(-time.Microsecond))
	require.Len(t, w.standing(w.member).Sanctions, 1)
	w.at(until)
	assert.Empty(t, w.standing(w.member).Sanctions)
	_, err = w.members.Directory(w.ctx, w.member, membership.DirectoryFilter{})
	require.NoError(t, err)
}

// What others read of somebody is not for them to write while they may only
// read, nor while they are suspended.
func TestRestrainedProfile(t *testing.T) {
	t.Parallel()
	for kind, refused := range map[membership.SanctionKind]bool{membership.Warning: false, membership.ReadOnly: true, membership.Suspension: true} {
		w := newWorld(t)
		me, err := w.members.Me(w.ctx, w.member)
		require.NoError(t, err)
		x := w.restrains(w.moderator, w.member, kind, time.Time{})
		in := membership.ProfileEdit{Version: me.Version, Headline: &membership.Field{Text: "Insulto", Audience: auth.Public}}
		_, err = w.members.EditProfile(w.ctx, w.member, in)
		if !refused {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, auth.ErrDenied, "%s", kind)
		now, err := w.members.Me(w.ctx, w.member)
		require.NoError(t, err)
		assert.Equal(t, me, now)
		require.NoError(t, w.members.Lift(w.ctx, w.moderator, x.ID))
		_, err = w.members.EditProfile(w.ctx, w.member, in)
		require.NoError(t, err)
	}
}

func TestSanctionsFromTheLightest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.restrains(w.moderator, w.member, membership.Warning, time.Time{})
	_, _, err := w.members.Invite(w.ctx, w.member, membership.NewInvitation{Category: membership.Partner})
	require.NoError(t, err, "a warning is a word")
	x := w.restrains(w.moderator, w.member, membership.ReadOnly, time.Time{})
	_, _, err = w.members.Invite(w.ctx, w.member, membership.NewInvitation{Category: membership.Partner})
	require.ErrorIs(t, err, auth.ErrDenied)
	_, err = w.members.Directory(w.ctx, w.member, membership.DirectoryFilter{})
	require.NoError(t, err, "reads")
	assert.Empty(t, w.ended)
	require.NoError(t, w.members.Lift(w.ctx, w.moderator, x.ID))
	require.NoError(t, w.members.Lift(w.ctx, w.chief, x.ID), "lifted twice is once")
	_, _, err = w.members.Invite(w.ctx, w.member, membership.NewInvitation{Category: membership.Partner})
	require.NoError(t, err)
	assert.Equal(t, 1, w.events()[membership.EventLifted])
}

// S30: nobody restrains somebody above themselves, wherever that one is.
func TestRestrainBelowOneself_S30(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	try := func(who, whom auth.Actor) error {
		_, err := w.members.Restrain(w.ctx, who, membership.NewSanction{User: whom.User, Kind: membership.Suspension, Why: "x"})
		return err
	}
	denied(t, try(w.moderator, w.chief), membership.ReasonAbove)
	require.NoError(t, w.members.Deactivate(w.ctx, w.second))
	denied(t, try(w.moderator, w.second), membership.ReasonAbove)
	denied(t, try(w.moderator, w.moderator), membership.ReasonSelf)
	require.ErrorIs(t, try(w.moderator, w.stranger), membership.ErrNotMember)
	require.ErrorIs(t, try(w.moderator, person()), membership.ErrNotMember)
	for _, who := range []auth.Actor{auth.Visitor, w.stranger, w.member} {
		require.ErrorIs(t, try(who, w.member), auth.ErrDenied)
	}
	x := w.restrains(w.chief, w.member, membership.Suspension, time.Time{})
	denied(t, w.members.Lift(w.ctx, w.moderator, x.ID), membership.ReasonAbove)
	y := w.restrains(w.chief, w.moderator, membership.Warning, time.Time{})
	denied(t, w.members.Lift(w.ctx, w.moderator, y.ID), membership.ReasonSelf)
	require.NoError(t, w.members.Lift(w.ctx, w.chief, y.ID))
}

func TestRestrainSaysWhatItMayNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		in          membership.NewSanction
		field, code string
	}{
		"no reason":     {membership.NewSanction{Kind: membership.Warning}, "why", storage.CodeMissing},
		"no kind":       {membership.NewSanction{Why: "x"}, "kind", storage.CodeUnknown},
		"no such kind":  {membership.NewSanction{Kind: 4, Why: "x"}, "kind", storage.CodeUnknown},
		"over already":  {membership.NewSanction{Kind: membership.Warning, Why: "x", Until: w.clock()}, "until", membership.CodePast},
		"a long reason": {membership.NewSanction{Kind: membership.Warning, Why: strings.Repeat("x", membership.MaxWhy+1)}, "why", storage.CodeTooLong},
	} {
		c.in.User = w.member.User
		_, err := w.members.Restrain(w.ctx, w.chief, c.in)
		require.Error(t, err, name)
		wrong(t, err, c.field, c.code)
	}
}

// An appeal is made once, also by whoever is kept out, and answered by somebody
// else than whoever imposed the sanction or is under it.
func TestAppeal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.restrains(w.chief, w.member, membership.Suspension, time.Time{})
	review := func(who auth.Actor, upheld bool) error {
		return w.members.Review(w.ctx, who, membership.Answer{Sanction: x.ID, Upheld: upheld, Why: "Letto tutto"})
	}
	require.ErrorIs(t, review(w.second, false), storage.ErrNotFound, "nobody has appealed")
	wrong(t, w.members.Appeal(w.ctx, w.member, x.ID, " "), "text", storage.CodeMissing)
	won, _ := together(t, parallel, membership.ErrAppealed, func(int) error {
		return w.members.Appeal(w.ctx, w.member, x.ID, "Non sono stato io")
	})
	assert.Equal(t, 1, won)
	page, err := w.members.Sanctions(w.ctx, w.second, membership.SanctionFilter{Appealed: true})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	denied(t, review(w.chief, true), membership.ReasonSelf)
	require.ErrorIs(t, review(w.member, false), auth.ErrDenied)
	require.ErrorIs(t, review(w.stranger, false), storage.ErrNotFound)
	wrong(t, w.members.Review(w.ctx, w.second, membership.Answer{Sanction: x.ID}), "why", storage.CodeMissing)
	third := w.joins(auth.Coordinator)
	denied(t, review(w.moderator, false), membership.ReasonAbove)
	won, _ = together(t, 2, storage.ErrConflict, func(i int) error { return review([]auth.Actor{w.second, third}[i], false) })
	assert.Equal(t, 1, won)
	assert.Empty(t, w.standing(w.member).Sanctions, "lifted")
	mine, err := w.members.Sanction(w.ctx, w.member, x.ID)
	require.NoError(t, err)
	assert.Equal(t, "Letto tutto", mine.Appeal.Why)
	assert.False(t, mine.Appeal.Upheld)
	page, err = w.members.Sanctions(w.ctx, w.second, membership.SanctionFilter{Appealed: true})
	require.NoError(t, err)
	assert.Empty(t, page.Items)
	require.ErrorIs(t, w.members.Appeal(w.ctx, w.member, x.ID, "Ancora"), storage.ErrNotFound, "is gone")
}

func TestAppealUpheld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.restrains(w.moderator, w.member, membership.Suspension, time.Time{})
	require.NoError(t, w.members.Appeal(w.ctx, w.member, x.ID, "Non sono stato io"))
	require.NoError(t, w.members.Review(w.ctx, w.chief, membership.Answer{Sanction: x.ID, Upheld: true, Why: "È stato lui"}))
	require.Len(t, w.standing(w.member).Sanctions, 1)
	require.ErrorIs(t, w.members.Appeal(w.ctx, w.member, x.ID, "Ancora"), membership.ErrAppealed)
}

// S10: a sanction is known to whoever is under it and to those who may impose
// one there.
func TestOthersSanctions_S10(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.restrains(w.moderator, w.member, membership.Suspension, time.Time{})
	unknown := storage.NewID[membership.Sanction]()
	other := w.joins(auth.Member)
	for _, who := range []auth.Actor{w.stranger, other} {
		for _, f := range []func(membership.SanctionID) error{
			func(id membership.SanctionID) error { _, err := w.members.Sanction(w.ctx, who, id); return err },
			func(id membership.SanctionID) error { return w.members.Lift(w.ctx, who, id) },
			func(id membership.SanctionID) error { return w.members.Appeal(w.ctx, who, id, "x") },
			func(id membership.SanctionID) error {
				return w.members.Review(w.ctx, who, membership.Answer{Sanction: id, Why: "x"})
			},
		} {
			there, not := f(x.ID), f(unknown)
			require.ErrorIs(t, there, storage.ErrNotFound)
			assert.Equal(t, strings.ReplaceAll(not.Error(), unknown.String(), x.ID.String()), there.Error())
		}
		for _, f := range []membership.SanctionFilter{{}, {User: w.member.User}, {Appealed: true}} {
			page, err := w.members.Sanctions(w.ctx, who, f)
			require.NoError(t, err)
			assert.Empty(t, page.Items)
		}
	}
	page, err := w.members.Sanctions(w.ctx, w.member, membership.SanctionFilter{User: w.member.User})
	require.NoError(t, err)
	assert.Len(t, page.Items, 1, "their own, also while it keeps them out")
	_, err = w.members.Sanctions(w.ctx, auth.Visitor, membership.SanctionFilter{})
	denied(t, err, auth.ReasonSignIn)
}

// A suspension cannot be gone round by leaving and joining again.
func TestSuspendedStaysSuspended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, secret := w.invites(w.chief, membership.NewInvitation{Most: 5})
	until := w.clock().Add(time.Hour)
	w.restrains(w.chief, w.member, membership.Suspension, until)
	require.NoError(t, w.members.Leave(w.ctx, w.member))
	_, err := w.members.Redeem(w.ctx, w.member, secret)
	assert.Equal(t, until, denied(t, err, membership.ReasonSanction).Opens)
	_, err = w.members.Apply(w.ctx, w.member, membership.NewApplication{Category: membership.Partner})
	denied(t, err, membership.ReasonSanction)
	w.at(until)
	_, err = w.members.Redeem(w.ctx, w.member, secret)
	require.NoError(t, err)
}

// A sanction of an area is of its keepers' making, and holds there.
func TestSanctionInAnArea(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	area := storage.NewID[auth.Area]()
	require.NoError(t, w.store.Apply(w.ctx,
		membership.SetAreaRole{AreaRole: membership.AreaRole{User: w.member.User, Area: area, Role: auth.Moderator}},
		membership.SetAreaRole{AreaRole: membership.AreaRole{User: w.moderator.User, Area: area, Role: auth.Member}}))
	in := membership.NewSanction{User: w.moderator.User, Area: area, Kind: membership.Suspension, Why: "Fuori tema"}
	x, err := w.members.Restrain(w.ctx, w.member, in)
	require.NoError(t, err)
	assert.Equal(t, area, x.Area)
	assert.Empty(t, w.ended, "sessions are of the community")
	_, err = w.members.Restrain(w.ctx, w.stranger, in)
	require.ErrorIs(t, err, storage.ErrNotFound)
	in.User = w.chief.User
	_, err = w.members.Restrain(w.ctx, w.member, in)
	denied(t, err, membership.ReasonAbove)
	_, err = w.members.Directory(w.ctx, w.moderator, membership.DirectoryFilter{})
	require.NoError(t, err)
	_, secret := w.invites(w.chief, membership.NewInvitation{})
	require.NoError(t, w.members.Leave(w.ctx, w.moderator))
	_, err = w.members.Redeem(w.ctx, w.moderator, secret)
	require.NoError(t, err, "of the community they are not suspended")
}
