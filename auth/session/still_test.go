// SPDX-License-Identifier: BSD-3-Clause

package session_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
)

// A session and a token are given only while what they rest on holds.
func TestStill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, open := w.start()
	_, ended := w.start()
	require.NoError(t, w.End(w.ctx, w.who, ended.ID))
	moved := []storage.Change{session.UpdateSession{Session: session.Session{ID: open.ID, User: open.User, Version: 7}}} // at another version
	for want, still := range map[string][]storage.Change{"gone": ended.Still(), "moved": moved} {
		_, _, err := w.Start(w.ctx, session.NewSession{User: w.who.User, Still: still})
		require.EqualError(t, err, "session.Start: not signed in", want)
		in := w.newToken()
		in.Still = still
		_, _, err = w.Issue(w.ctx, w.who, in)
		require.EqualError(t, err, "session.Issue: not signed in", want)
	}
	require.Len(t, w.list(), 1)
	require.Empty(t, w.tokens())

	need := session.New(session.Config{Store: w.store, Scopes: scopes, Clock: func() time.Time { return w.now }, NeedStill: true, MayAct: func(context.Context, auth.UserID) error { return nil }})
	_, _, err := need.Start(w.ctx, session.NewSession{User: w.who.User})
	invalid(t, err, "still", storage.CodeMissing)
	_, _, err = need.Issue(w.ctx, w.who, w.newToken())
	invalid(t, err, "still", storage.CodeMissing)
	_, _, err = need.Start(w.ctx, session.NewSession{User: w.who.User, Still: open.Still()})
	require.NoError(t, err)
}

// Who shows the secret of before a Raise when everybody must have heard of it
// has stolen it.
func TestTheftAfterRaise(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, _ := w.start()
	second, _, err := w.Raise(w.ctx, first, auth.LevelHigh)
	require.NoError(t, err)
	w.pass(2 * time.Minute)
	w.noOne(first)
	w.noOne(second)
}

// What a person is given of their sessions, as JSON.
func TestExportedJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	user := storage.MakeID[auth.User]([16]byte{15: 1})
	b, err := json.Marshal(session.Exported{
		Sessions: []session.Session{{ID: storage.MakeID[session.Session]([16]byte{15: 2}), User: user, Selector: session.Hash{1}, Hash: session.Hash{1}, Before: session.Hash{1},
			Turned: at, Proved: at, Level: auth.LevelLow, Label: "Firefox", Made: at, Seen: at, Ends: at, Version: 1}},
		Tokens: []session.Token{{ID: storage.MakeID[session.Token]([16]byte{15: 3}), User: user, Hash: session.Hash{1}, Name: "Calendario", Scopes: []auth.Action{"forum.read"}, Made: at, Ends: at}},
	})
	require.NoError(t, err)
	require.Equal(t, `{"sessions":[{"id":"00000000-0000-0000-0000-000000000002","user":"00000000-0000-0000-0000-000000000001",`+
		`"turned":"2026-03-02T09:00:00Z","proved":"2026-03-02T09:00:00Z","level":1,"label":"Firefox","made":"2026-03-02T09:00:00Z","seen":"2026-03-02T09:00:00Z","ends":"2026-03-02T09:00:00Z","version":1}],`+
		`"tokens":[{"id":"00000000-0000-0000-0000-000000000003","user":"00000000-0000-0000-0000-000000000001","name":"Calendario","scopes":["forum.read"],"made":"2026-03-02T09:00:00Z","ends":"2026-03-02T09:00:00Z"}]}`, string(b))
}
