// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
)

// S-redeem-twice, S31: of 64 who use an invitation for k at once, exactly k
// are let in; the others get what somebody with a wrong secret gets.
func TestRedeemExactlyMost_S31(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, k := range []int{1, 2, 7, 63, 64, 65} {
		inv, secret := w.invites(w.chief, membership.NewInvitation{Most: k})
		who := make([]auth.Actor, parallel)
		won, _ := together(t, parallel, membership.ErrInvitation, func(i int) error {
			who[i] = person()
			_, err := w.members.Redeem(w.ctx, who[i], secret)
			return err
		})
		require.Equal(t, min(k, parallel), won)
		members := 0
		for _, x := range who {
			if w.is(x) {
				members++
			}
		}
		assert.Equal(t, won, members)
		kept, err := w.store.Membership().InvitationOf(w.ctx, inv.ID)
		require.NoError(t, err)
		assert.Equal(t, won, kept.Uses)
	}
}

// One person who uses an invitation many times at once is in once, for one use.
func TestRedeemOncePerPerson_S31(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inv, secret := w.invites(w.chief, membership.NewInvitation{Most: 100})
	won, _ := together(t, parallel, membership.ErrMember, func(int) error {
		_, err := w.members.Redeem(w.ctx, w.stranger, secret)
		return err
	})
	assert.Equal(t, 1, won)
	kept, err := w.store.Membership().InvitationOf(w.ctx, inv.ID)
	require.NoError(t, err)
	assert.Equal(t, 1, kept.Uses)
	_, err = w.members.Redeem(w.ctx, w.member, secret)
	require.ErrorIs(t, err, membership.ErrMember, "a member uses none")
}

func TestRedeem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, secret := w.invites(w.chief, membership.NewInvitation{Category: membership.Partner, Org: w.elsewhere.ID, Role: auth.Observer})
	shown, err := w.members.Look(w.ctx, secret)
	require.NoError(t, err)
	assert.Equal(t, membership.Invited{Category: membership.Partner, Org: w.elsewhere.ID, Role: auth.Observer, Ends: w.clock().Add(month)}, shown)
	m, err := w.members.Redeem(w.ctx, w.stranger, secret)
	require.NoError(t, err)
	st := w.standing(w.stranger)
	assert.Equal(t, m, st.Member)
	assert.Equal(t, auth.Observer, m.Role)
	assert.Equal(t, membership.Partner, m.Category)
	require.Len(t, st.Mandates, 1)
	assert.Equal(t, w.chief.By(), st.Mandates[0].By, "verified by whoever invited")
	_, err = w.members.Redeem(w.ctx, auth.Visitor, secret)
	denied(t, err, auth.ReasonSignIn)
}

// Every cause gives the same answer, byte for byte, to Look and to Redeem.
func TestWrongSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, used := w.invites(w.chief, membership.NewInvitation{})
	_, err := w.members.Redeem(w.ctx, person(), used)
	require.NoError(t, err)
	revoked, revokedSecret := w.invites(w.chief, membership.NewInvitation{})
	require.NoError(t, w.members.Revoke(w.ctx, w.chief, revoked.ID))
	_, over := w.invites(w.chief, membership.NewInvitation{Ends: w.clock().Add(time.Minute)})
	w.pass(time.Minute)
	_, good := w.invites(w.chief, membership.NewInvitation{})
	raw, err := base64.RawURLEncoding.DecodeString(good)
	require.NoError(t, err)
	bent := []byte(good)
	bent[42]++ // the bits beyond the 256
	for name, secret := range map[string]string{
		"none": "", "never was": base64.RawURLEncoding.EncodeToString(make([]byte, 32)), "used up": used, "revoked": revokedSecret, "over": over,
		"short": good[:42], "long": good + "A", "in hex": strings.Repeat("0", 64), "padded": good + "=", "with a line end": good[:42] + "\n",
		"with a space": " " + good[1:], "not strict": string(bent), "the hash": base64.StdEncoding.EncodeToString(raw), "huge": strings.Repeat("A", 1<<20),
	} {
		_, err := w.members.Redeem(w.ctx, w.stranger, secret)
		require.ErrorIs(t, err, membership.ErrInvitation, name)
		assert.EqualError(t, err, "membership.Redeem: invitation is no longer good", name)
		_, err = w.members.Look(w.ctx, secret)
		assert.EqualError(t, err, "membership.Look: invitation is no longer good", name)
	}
	_, err = w.members.Redeem(w.ctx, w.stranger, good)
	require.NoError(t, err)
}

// S32: an invitation for an address is for whoever has proved to have it.
func TestBoundInvitation_S32(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	box := [16]byte{1}
	_, secret := w.invites(w.chief, membership.NewInvitation{Mailbox: box})
	shown, err := w.members.Look(w.ctx, secret)
	require.NoError(t, err)
	assert.True(t, shown.Bound)
	_, err = w.members.Redeem(w.ctx, w.stranger, secret)
	require.ErrorIs(t, err, membership.ErrInvitation, "no address proved")
	w.mailboxes[w.stranger.User] = [][16]byte{{2}, {}}
	_, err = w.members.Redeem(w.ctx, w.stranger, secret)
	require.ErrorIs(t, err, membership.ErrInvitation, "another address")
	w.mailboxes[w.stranger.User] = [][16]byte{{2}, box}
	_, err = w.members.Redeem(w.ctx, w.stranger, secret)
	require.NoError(t, err)

	blind := newWorld(t, func(c *membership.Config) { c.Mailboxes = nil })
	_, secret = blind.invites(blind.chief, membership.NewInvitation{Mailbox: box})
	_, err = blind.members.Redeem(blind.ctx, blind.stranger, secret)
	require.ErrorIs(t, err, membership.ErrInvitation)

	down := newWorld(t, func(c *membership.Config) {
		c.Mailboxes = func(context.Context, auth.UserID) ([][16]byte, error) { return nil, errors.ErrUnsupported }
	})
	_, secret = down.invites(down.chief, membership.NewInvitation{Mailbox: box})
	_, err = down.members.Redeem(down.ctx, down.stranger, secret)
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

// S33: an invitation is never wider than the phase in which it is used.
func TestInvitationWithinThePhase_S33(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.turns(network)
	inv, secret := w.invites(w.chief, membership.NewInvitation{Category: membership.Expert})
	w.turns(implementers)
	shown, err := w.members.Look(w.ctx, secret)
	require.NoError(t, err)
	assert.True(t, shown.Waits)
	assert.Equal(t, opens, shown.Opens)
	_, err = w.members.Redeem(w.ctx, w.stranger, secret)
	assert.Equal(t, opens, denied(t, err, membership.ReasonPhase).Opens)
	assert.False(t, w.is(w.stranger))
	kept, err := w.store.Membership().InvitationOf(w.ctx, inv.ID)
	require.NoError(t, err)
	assert.Zero(t, kept.Uses)
	w.turns(network)
	_, err = w.members.Redeem(w.ctx, w.stranger, secret)
	require.NoError(t, err)
}

// S20, S24: an invitation is worth what its inviter may do when it is used.
func TestInviterIsAskedAgain_S20_S24(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]func(w *world, inviter auth.Actor){
		"demoted": func(w *world, inviter auth.Actor) {
			require.NoError(t, w.members.Grant(w.ctx, w.chief, membership.NewRole{User: inviter.User, Role: auth.Observer}))
		},
		"below the role": func(w *world, inviter auth.Actor) {
			require.NoError(t, w.members.Grant(w.ctx, w.chief, membership.NewRole{User: inviter.User, Role: auth.Member}))
		},
		"suspended":   func(w *world, inviter auth.Actor) { w.restrains(w.chief, inviter, membership.Suspension, time.Time{}) },
		"reads only":  func(w *world, inviter auth.Actor) { w.restrains(w.chief, inviter, membership.ReadOnly, time.Time{}) },
		"has left":    func(w *world, inviter auth.Actor) { require.NoError(t, w.members.Leave(w.ctx, inviter)) },
		"deactivated": func(w *world, inviter auth.Actor) { require.NoError(t, w.members.Deactivate(w.ctx, inviter)) },
		"erased":      func(w *world, inviter auth.Actor) { require.NoError(t, w.members.Erase(w.ctx, inviter.User, nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			inv, secret := w.invites(w.moderator, membership.NewInvitation{Role: auth.Moderator})
			_, err := w.members.Look(w.ctx, secret)
			require.NoError(t, err)
			ends(w, w.moderator)
			_, err = w.members.Redeem(w.ctx, w.stranger, secret)
			require.ErrorIs(t, err, membership.ErrInvitation)
			_, err = w.members.Look(w.ctx, secret)
			require.ErrorIs(t, err, membership.ErrInvitation)
			kept, err := w.store.Membership().InvitationOf(w.ctx, inv.ID)
			require.NoError(t, err)
			assert.Zero(t, kept.Uses)
		})
	}
}

// What somebody who is kept out has given is void, as long as they are.
func TestInvitersWhoMayNotAct(t *testing.T) {
	t.Parallel()
	var out sync.Map
	broken := errors.New("no answer")
	w := newWorld(t, func(c *membership.Config) {
		c.MayAct = func(_ context.Context, u auth.UserID) error {
			if err, ok := out.Load(u); ok {
				return err.(error)
			}
			return nil
		}
	})
	_, secret := w.invites(w.second, membership.NewInvitation{Most: 3})
	refused := func(why string, want error) {
		t.Helper()
		_, err := w.members.Redeem(w.ctx, person(), secret)
		require.ErrorIs(t, err, want, why)
		_, err = w.members.Look(w.ctx, secret)
		require.ErrorIs(t, err, want, why)
	}
	out.Store(w.second.User, &auth.Denied{Reason: "disabled"})
	refused("disabled", membership.ErrInvitation)
	out.Store(w.second.User, broken)
	refused("nobody knows", broken)
	out.Delete(w.second.User)
	x := w.restrains(w.chief, w.second, membership.Suspension, time.Time{})
	refused("suspended", membership.ErrInvitation)
	require.NoError(t, w.members.Lift(w.ctx, w.chief, x.ID))
	require.NoError(t, w.members.Deactivate(w.ctx, w.second))
	refused("away", membership.ErrInvitation)
	require.NoError(t, w.members.ComeBack(w.ctx, w.second))
	_, err := w.members.Redeem(w.ctx, person(), secret)
	require.NoError(t, err)
}
