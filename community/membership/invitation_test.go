// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"context"
	"encoding/base64"
	"errors"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
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

// An address has one invitation at a time; one that is over makes way.
func TestOneInvitationAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	box := [16]byte{1}
	won, _ := together(t, parallel, storage.ErrExists, func(int) error {
		_, _, err := w.members.Invite(w.ctx, w.chief, membership.NewInvitation{Category: membership.Partner, Mailbox: box})
		return err
	})
	assert.Equal(t, 1, won)
	w.pass(month)
	_, secret := w.invites(w.second, membership.NewInvitation{Mailbox: box})
	w.mailboxes[w.stranger.User] = [][16]byte{box}
	_, err := w.members.Redeem(w.ctx, w.stranger, secret)
	require.NoError(t, err)
	w.invites(w.second, membership.NewInvitation{Mailbox: box})
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

// S30: nobody invites to a role above their own.
func TestInviteBelowOneself_S30(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		who  auth.Actor
		most auth.Role
	}{{w.member, auth.Member}, {w.moderator, auth.Moderator}, {w.chief, auth.Coordinator}} {
		for role := auth.Observer; role <= auth.Coordinator; role++ {
			_, _, err := w.members.Invite(w.ctx, c.who, membership.NewInvitation{Category: membership.Partner, Role: role})
			if role > c.most {
				denied(t, err, membership.ReasonAbove)
			} else {
				require.NoError(t, err)
			}
		}
	}
	for _, who := range []auth.Actor{auth.Visitor, w.stranger, w.joins(auth.Observer)} {
		_, _, err := w.members.Invite(w.ctx, who, membership.NewInvitation{Category: membership.Partner})
		require.ErrorIs(t, err, auth.ErrDenied)
	}
}

// Nobody gives others a mandate of an organisation that they neither act for
// nor may verify.
func TestInviteForAnOrganisation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := membership.NewInvitation{Category: membership.Partner, Org: w.milan.ID}
	_, _, err := w.members.Invite(w.ctx, w.member, in)
	denied(t, err, membership.ReasonMandate)
	m, err := w.members.Claim(w.ctx, w.member, membership.NewMandate{Org: w.milan.ID, Title: "responsabile"})
	require.NoError(t, err)
	_, _, err = w.members.Invite(w.ctx, w.member, in)
	denied(t, err, membership.ReasonMandate)
	require.NoError(t, w.members.Verify(w.ctx, w.chief, m.ID))
	_, secret := w.invites(w.member, in)
	require.NoError(t, w.members.EndMandate(w.ctx, w.chief, m.ID, time.Time{}))
	_, err = w.members.Redeem(w.ctx, w.stranger, secret)
	require.ErrorIs(t, err, membership.ErrInvitation, "who invited acts for it no more")
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

func TestInviteSaysWhatItMayNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ok := membership.NewInvitation{Category: membership.Partner}
	for name, c := range map[string]struct {
		set         func(*membership.NewInvitation)
		field, code string
	}{
		"no category":     {func(in *membership.NewInvitation) { in.Category = "" }, "category", storage.CodeUnknown},
		"no such role":    {func(in *membership.NewInvitation) { in.Role = 9 }, "role", storage.CodeUnknown},
		"fewer than none": {func(in *membership.NewInvitation) { in.Most = -1 }, "most", storage.CodeMalformed},
		"too many":        {func(in *membership.NewInvitation) { in.Most = membership.MaxUses + 1 }, "most", storage.CodeTooMany},
		"two of one":      {func(in *membership.NewInvitation) { in.Most, in.Mailbox = 2, [16]byte{1} }, "most", storage.CodeTooMany},
		"over":            {func(in *membership.NewInvitation) { in.Ends = w.clock() }, "ends", membership.CodePast},
		"for ever":        {func(in *membership.NewInvitation) { in.Ends = w.clock().AddDate(2, 0, 0) }, "ends", membership.CodeLate},
		"no such org":     {func(in *membership.NewInvitation) { in.Org = storage.NewID[auth.Org]() }, "org", storage.CodeUnknown},
	} {
		in := ok
		c.set(&in)
		_, _, err := w.members.Invite(w.ctx, w.chief, in)
		require.Error(t, err, name)
		wrong(t, err, c.field, c.code)
	}
}

// tap allows so many in all.
type tap struct {
	mu   sync.Mutex
	left int
}

func (l *tap) Allow(_ context.Context, _ auth.Actor, do auth.Action) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if do != membership.Invite {
		return nil
	}
	if l.left--; l.left < 0 {
		return &auth.Limited{Action: do, After: time.Hour}
	}
	return nil
}

// S48: the rate of inviting holds also for those who invite all at once.
func TestInvitesAreLimited_S48(t *testing.T) {
	t.Parallel()
	limit := &tap{left: 1000}
	w := newWorld(t, func(c *membership.Config) { c.Limit = limit })
	limit.left = 20
	won, _ := together(t, parallel, auth.ErrLimited, func(int) error {
		_, _, err := w.members.Invite(w.ctx, w.member, membership.NewInvitation{Category: membership.Partner})
		return err
	})
	assert.Equal(t, 20, won)
	page, err := w.members.Invitations(w.ctx, w.member, membership.InvitationFilter{Limit: 100})
	require.NoError(t, err)
	assert.Len(t, page.Items, 20)
}

// The secret is given once, and kept nowhere: neither in what is listed, nor in
// what is stored.
func TestSecretIsGivenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inv, secret := w.invites(w.member, membership.NewInvitation{Category: membership.Partner})
	_, other := w.invites(w.chief, membership.NewInvitation{})
	assert.NotEqual(t, secret, other)
	assert.Len(t, secret, 43)
	assert.Zero(t, inv.Hash)
	for who, n := range map[*auth.Actor]int{&w.member: 1, &w.chief: 4} {
		page, err := w.members.Invitations(w.ctx, *who, membership.InvitationFilter{})
		require.NoError(t, err)
		assert.Len(t, page.Items, n, "one's own")
		for _, inv := range page.Items {
			assert.Zero(t, inv.Hash)
		}
	}
	page, err := w.members.Invitations(w.ctx, w.chief, membership.InvitationFilter{All: true, Limit: 1e9})
	require.NoError(t, err)
	assert.Len(t, page.Items, 5)
	assert.Equal(t, w.chief.User, page.Items[0].By.User, "newest first")
	_, err = w.members.Invitations(w.ctx, w.member, membership.InvitationFilter{All: true})
	require.ErrorIs(t, err, auth.ErrDenied)
	all, err := w.store.Claim(w.ctx, w.clock().AddDate(1, 0, 0), 0, 1000)
	require.NoError(t, err)
	for _, d := range all {
		assert.NotContains(t, string(d.Event.Data), secret)
	}
}

// S10: another's invitation is as one that is not there.
func TestRevoke_S10(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inv, secret := w.invites(w.member, membership.NewInvitation{Category: membership.Partner})
	unknown := storage.NewID[membership.Invitation]()
	for _, who := range []auth.Actor{w.stranger, w.moderator} {
		there, not := w.members.Revoke(w.ctx, who, inv.ID), w.members.Revoke(w.ctx, who, unknown)
		require.ErrorIs(t, there, storage.ErrNotFound)
		assert.Equal(t, strings.ReplaceAll(not.Error(), unknown.String(), inv.ID.String()), there.Error())
	}
	require.NoError(t, w.members.Revoke(w.ctx, w.chief, inv.ID))
	require.NoError(t, w.members.Revoke(w.ctx, w.member, inv.ID), "revoked twice is once")
	_, err := w.members.Redeem(w.ctx, w.stranger, secret)
	require.ErrorIs(t, err, membership.ErrInvitation)
	assert.Equal(t, 1, w.events()[membership.EventRevoked])
}

func rowsOf[T any](rows []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// A bulk invitation says of each row what became of it, and again does nothing.
func TestInviteAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rows := []membership.NewInvitation{
		{Category: membership.Partner, Mailbox: [16]byte{1}},
		{Category: membership.Partner, Mailbox: [16]byte{2}, Org: w.milan.ID},
		{Category: membership.Partner},                                          // no address
		{Category: membership.University, Mailbox: [16]byte{3}},                 // not in this phase
		{Category: "nessuna", Mailbox: [16]byte{4}},                             // no category
		{Category: membership.Partner, Mailbox: [16]byte{1}},                    // again
		{Category: membership.Beneficiary, Mailbox: [16]byte{1}},                // to something else
		{Category: membership.Partner, Mailbox: [16]byte{5}, Role: auth.Member}, // as by default
	}
	run := func() (membership.Imported, []membership.InviteResult) {
		var all []membership.InviteResult
		done, err := w.members.InviteAll(w.ctx, w.chief, rowsOf(rows), func(r membership.InviteResult) { all = append(all, r) })
		require.NoError(t, err)
		return done, all
	}
	done, first := run()
	assert.Equal(t, membership.Imported{Rows: 8, Added: 3, Same: 1, Refused: 4}, done)
	wrong(t, first[2].Err, "mailbox", storage.CodeMissing)
	denied(t, first[3].Err, membership.ReasonPhase)
	wrong(t, first[4].Err, "category", storage.CodeUnknown)
	assert.Equal(t, first[0].ID, first[5].ID)
	assert.Empty(t, first[5].Secret)
	require.ErrorIs(t, first[6].Err, storage.ErrExists)
	for i, r := range first {
		assert.Equal(t, i+1, r.N)
		assert.Equal(t, r.Did == membership.Added, r.Secret != "")
		assert.Equal(t, r.Did == membership.Refused, r.Err != nil)
	}
	before := w.events()[membership.EventInvited]
	done, again := run()
	assert.Equal(t, membership.Imported{Rows: 8, Same: 4, Refused: 4}, done)
	assert.Equal(t, first[0].ID, again[0].ID)
	assert.Equal(t, before, w.events()[membership.EventInvited])
}

func TestInviteAllIsBounded_S67_S77(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	endless := func(yield func(membership.NewInvitation, error) bool) {
		for yield(membership.NewInvitation{}, nil) {
		}
	}
	told := 0
	done, err := w.members.InviteAll(w.ctx, w.chief, endless, func(membership.InviteResult) { told++ })
	wrong(t, err, "rows", storage.CodeTooMany)
	assert.Equal(t, membership.MaxRow, done.Rows)
	assert.Equal(t, membership.MaxRow, told)
	broken := func(yield func(membership.NewInvitation, error) bool) {
		_ = yield(membership.NewInvitation{}, &storage.Invalid{Field: "email", Code: storage.CodeMalformed}) &&
			yield(membership.NewInvitation{Category: membership.Partner, Mailbox: [16]byte{1}}, nil) &&
			yield(membership.NewInvitation{}, errors.ErrUnsupported)
	}
	done, err = w.members.InviteAll(w.ctx, w.chief, broken, nil)
	require.ErrorIs(t, err, errors.ErrUnsupported, "a list that breaks off is not a list that ended")
	assert.Equal(t, membership.Imported{Rows: 2, Added: 1, Refused: 1}, done)
	_, err = w.members.InviteAll(w.ctx, w.stranger, broken, nil)
	require.ErrorIs(t, err, auth.ErrDenied)
}
