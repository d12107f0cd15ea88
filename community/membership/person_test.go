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

// What a person is given of their membership, as JSON.
func TestExportedJSON(t *testing.T) {
	t.Parallel()
	user, area := storage.MakeID[auth.User]([16]byte{15: 1}), storage.MakeID[auth.Area]([16]byte{15: 2})
	const u, a, at = `"user":"00000000-0000-0000-0000-000000000001"`, `"area":"00000000-0000-0000-0000-000000000002"`, `"2026-03-01T10:00:00Z"`
	for want, x := range map[string]membership.Exported{
		`{"kind":"member","member":{` + u + `,"state":1,"role":2,"category":"expert","joined":` + at + `,"since":` + at +
			`,"profile":{"name":{"text":"Anna","audience":2},"expertise":["gare"],"listed":true},"version":1}}`: {Kind: "member", Member: &membership.Member{
			User: user, State: membership.Active, Role: auth.Member, Category: membership.Expert, Joined: start, Since: start, Version: 1,
			Profile: membership.Profile{Name: membership.Field{Text: "Anna", Audience: auth.CommunityMembers}, Expertise: []string{"gare"}, Listed: true}}},
		`{"kind":"role","role":{` + u + `,` + a + `,"role":2}}`: {Kind: "role", Role: &membership.AreaRole{User: user, Area: area, Role: auth.Member}},
		`{"kind":"sanction","sanction":{"id":"00000000-0000-0000-0000-000000000003",` + u + `,` + a + `,"kind":1,"why":"Insulti","from":` + at + `,"appeal":{"text":"No","at":` + at + `},"version":1}}`: {
			Kind: "sanction", Sanction: &membership.Sanction{ID: storage.MakeID[membership.Sanction]([16]byte{15: 3}), User: user, Area: area, Kind: membership.Warning, Why: "Insulti",
				From: start, Appeal: membership.Appeal{Text: "No", At: start}, Version: 1}},
		`{"kind":"invitation","invitation":{"id":"00000000-0000-0000-0000-000000000004","category":"partner","role":2,"most":1,"uses":0,"made":` + at + `,"ends":` + at + `,"version":1}}`: {
			Kind: "invitation", Invitation: &membership.Invitation{ID: storage.MakeID[membership.Invitation]([16]byte{15: 4}), Hash: [32]byte{1}, Mailbox: [16]byte{1},
				Category: membership.Partner, Role: auth.Member, Most: 1, Made: start, Ends: start, Version: 1}},
	} {
		b, err := json.Marshal(x)
		require.NoError(t, err)
		assert.Equal(t, want, string(b))
	}
}
