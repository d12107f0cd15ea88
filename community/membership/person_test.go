// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

func (w *world) export(who auth.Actor) (kinds []string, text string) {
	w.Helper()
	for x, err := range w.members.Export(w.ctx, who.User) {
		require.NoError(w, err)
		b, err := json.Marshal(x)
		require.NoError(w, err)
		kinds, text = append(kinds, x.Kind), text+string(b)+"\n"
	}
	return kinds, text
}

// busy is somebody of whom there is one of everything.
func (w *world) busy() (auth.Actor, [16]byte) {
	w.Helper()
	who, box := person(), [16]byte{7}
	a := w.applies(who, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID, Text: "Vorrei partecipare"})
	_, err := w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true, Why: "Bene"})
	require.NoError(w, err)
	area := storage.NewID[auth.Area]()
	require.NoError(w, w.store.Apply(w.ctx, membership.SetAreaRole{AreaRole: membership.AreaRole{User: who.User, Area: area, Role: auth.Member}}))
	w.restrains(w.chief, who, membership.Warning, time.Time{})
	w.invites(who, membership.NewInvitation{Category: membership.Partner, Mailbox: [16]byte{9}})
	w.invites(w.chief, membership.NewInvitation{Mailbox: box})
	return who, box
}

func TestExport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who, _ := w.busy()
	kinds, text := w.export(who)
	assert.Equal(t, []string{"member", "role", "mandate", "application", "sanction", "invitation"}, kinds)
	assert.Contains(t, text, "Vorrei partecipare")
	assert.Contains(t, text, "Insulti")
	assert.NotContains(t, text, w.chief.User.String(), "who else had a part in it is theirs")
	for x, err := range w.members.Export(w.ctx, who.User) {
		require.NoError(t, err)
		if x.Invitation != nil {
			assert.Zero(t, x.Invitation.Hash, "nor the secret")
			assert.Zero(t, x.Invitation.Mailbox, "nor another's address")
		}
	}
	nobody, _ := w.export(person())
	assert.Empty(t, nobody)
	n := 0
	for range w.members.Export(w.ctx, who.User) {
		n++
		break
	}
	assert.Equal(t, 1, n)
	for _, err := range w.members.Export(w.ctx, auth.UserID{}) {
		wrong(t, err, "user", storage.CodeMissing)
	}
}

func TestErase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who, box := w.busy()
	given, secret := w.invites(who, membership.NewInvitation{Category: membership.Partner})
	for range 2 {
		require.NoError(t, w.members.Erase(w.ctx, who.User, [][16]byte{box}))
		kinds, _ := w.export(who)
		assert.Empty(t, kinds)
		st := w.standing(who)
		assert.Equal(t, membership.Standing{}, st)
	}
	_, err := w.store.Membership().InvitationFor(w.ctx, box)
	require.ErrorIs(t, err, storage.ErrNotFound, "nor what was sent to them")
	_, err = w.members.Redeem(w.ctx, w.stranger, secret)
	require.ErrorIs(t, err, membership.ErrInvitation, "what they gave is nobody's")
	kept, err := w.store.Membership().InvitationOf(w.ctx, given.ID)
	require.NoError(t, err)
	assert.Equal(t, auth.By{}, kept.By)

	require.NoError(t, w.members.Erase(w.ctx, w.second.User, nil))
	require.ErrorIs(t, w.members.Erase(w.ctx, w.chief.User, nil), membership.ErrLast)
	wrong(t, w.members.Erase(w.ctx, auth.UserID{}, nil), "user", storage.CodeMissing)
}
