// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"context"
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
		for n := 0; n < 2*membership.MaxRow && yield(membership.NewInvitation{}, nil); n++ {
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

// Another's invitation is not shown to whoever invites the same address.
func TestInvitationsOfOthersAreNotShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	box := [16]byte{9}
	inv, _ := w.invites(w.chief, membership.NewInvitation{Mailbox: box})
	row := membership.NewInvitation{Category: membership.Beneficiary, Mailbox: box}
	_, _, err := w.members.Invite(w.ctx, w.second, row)
	require.ErrorIs(t, err, membership.ErrInvited)
	require.ErrorIs(t, err, storage.ErrExists)
	all := func(who auth.Actor) (r membership.InviteResult) {
		_, err := w.members.InviteAll(w.ctx, who, func(yield func(membership.NewInvitation, error) bool) { yield(row, nil) },
			func(x membership.InviteResult) { r = x })
		require.NoError(t, err)
		return r
	}
	assert.Equal(t, membership.InviteResult{N: 1, Did: membership.Refused, Err: membership.ErrInvited}, all(w.member))
	assert.Equal(t, membership.InviteResult{N: 1, Did: membership.Same, ID: inv.ID}, all(w.chief))

	// S10: it is theirs and of whoever may decide.
	for _, who := range []auth.Actor{w.chief, w.second} {
		got, err := w.members.Invitation(w.ctx, who, inv.ID)
		require.NoError(t, err)
		assert.Equal(t, inv.ID, got.ID)
		assert.Zero(t, got.Hash)
	}
	unknown := storage.NewID[membership.Invitation]()
	for _, who := range []auth.Actor{auth.Visitor, w.member, w.moderator, w.stranger} {
		_, there := w.members.Invitation(w.ctx, who, inv.ID)
		_, not := w.members.Invitation(w.ctx, who, unknown)
		require.Error(t, there)
		assert.Equal(t, strings.ReplaceAll(not.Error(), unknown.String(), inv.ID.String()), there.Error())
	}
}
