// SPDX-License-Identifier: BSD-3-Clause

package session_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
)

func TestIssue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := session.NewToken{
		Name: " Calendario dell’ufficio ", Scopes: []auth.Action{"membership.see", "forum.read", "membership.see"},
		Ends: w.now.Add(session.MaxToken).In(time.FixedZone("CET", 3600)),
	}
	secret, tok, err := w.Issue(w.ctx, w.who, in)
	require.NoError(t, err)
	require.Regexp(t, `^copis_[A-Za-z0-9_-]{43}$`, secret)
	require.Equal(t, session.Token{
		ID: tok.ID, User: w.who.User, Name: "Calendario dell’ufficio", Scopes: []auth.Action{"forum.read", "membership.see"},
		Made: w.now, Ends: w.now.Add(session.MaxToken),
	}, tok)
	require.Equal(t, []session.Token{tok}, w.tokens())
	require.Equal(t, "membership.see", string(in.Scopes[0])) // the caller's own

	for _, c := range []struct {
		change      func(*session.NewToken)
		field, code string
	}{
		{func(in *session.NewToken) { in.Name = "" }, "name", storage.CodeMissing},
		{func(in *session.NewToken) { in.Name = "a\x00" }, "name", storage.CodeControl},
		{func(in *session.NewToken) { in.Scopes = nil }, "scopes", storage.CodeMissing},
		{func(in *session.NewToken) { in.Scopes = []auth.Action{"forum.read", "forum.moderate"} }, "scopes", storage.CodeUnknown},
		{func(in *session.NewToken) { in.Scopes = []auth.Action{""} }, "scopes", storage.CodeUnknown},
		{func(in *session.NewToken) { in.Ends = time.Time{} }, "ends", storage.CodeMissing},
		{func(in *session.NewToken) { in.Ends = w.now }, "ends", session.CodeTooSoon},
		{func(in *session.NewToken) { in.Ends = w.now.Add(session.MaxToken + time.Microsecond) }, "ends", session.CodeTooLate},
	} {
		in := w.newToken()
		c.change(&in)
		_, _, err := w.Issue(w.ctx, w.who, in)
		invalid(t, err, c.field, c.code)
	}
	require.Len(t, w.tokens(), 1)
}

func TestCheckToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, tok := w.issue()
	w.pass(time.Minute)
	now, err := w.CheckToken(w.ctx, secret)
	require.NoError(t, err)
	tok.Used = w.now
	require.Equal(t, tok, now)

	// When it was used is written once an hour, and that it cannot be is no
	// reason to refuse it.
	w.store.writes = nil
	for range 119 {
		w.pass(time.Minute)
		_, err = w.CheckToken(w.ctx, secret)
		require.NoError(t, err)
	}
	require.Len(t, w.store.writes, 1)
	w.pass(time.Hour)
	for _, err := range []error{errDown, storage.ErrUnknown, context.Canceled} {
		w.store.noWrites = err
		now, err := w.CheckToken(w.ctx, secret)
		require.NoError(t, err)
		require.Equal(t, tok.Used.Add(time.Hour), now.Used)
	}
	w.store.noWrites = nil

	// But one that was revoked meanwhile was.
	gone, _ := w.issue()
	w.store.between = func() { require.NoError(t, w.EndAll(w.ctx, w.who.User)) }
	w.noOne(gone)
	w.noOne(secret)

	secret, tok = w.issue()
	w.now = tok.Ends.Add(-time.Microsecond)
	_, err = w.CheckToken(w.ctx, secret)
	require.NoError(t, err)
	w.now = tok.Ends
	w.noOne(secret)
	require.Empty(t, w.tokens())
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, a := w.issue()
	w.pass(time.Minute)
	second, b := w.issue()
	require.Equal(t, []session.Token{b, a}, w.tokens())
	stranger := auth.Actor{User: storage.NewID[auth.User]()}
	missing := w.Revoke(w.ctx, stranger, storage.NewID[session.Token]())
	require.ErrorIs(t, missing, storage.ErrNotFound)
	require.EqualError(t, w.Revoke(w.ctx, stranger, a.ID), missing.Error())
	require.NoError(t, w.Revoke(w.ctx, w.who, a.ID))
	require.EqualError(t, w.Revoke(w.ctx, w.who, a.ID), missing.Error())
	w.noOne(first)
	_, err := w.CheckToken(w.ctx, second)
	require.NoError(t, err)
	require.Equal(t, b.ID, w.tokens()[0].ID)
	require.Len(t, w.tokens(), 1)
}

// Beyond what anybody may hold there is nothing, until something is over.
func TestTokensHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range session.MaxTokens {
		w.issue()
	}
	w.store.writes = nil
	_, _, err := w.Issue(w.ctx, w.who, w.newToken())
	invalid(t, err, "", storage.CodeTooMany)
	require.Empty(t, w.store.writes)
	require.Len(t, w.tokens(), session.MaxTokens)
	require.NoError(t, w.Revoke(w.ctx, w.who, w.tokens()[3].ID))

	// Two find room at once: the one who looks last gives way.
	w.store.between = func() { w.issue() }
	_, _, err = w.Issue(w.ctx, w.who, w.newToken())
	invalid(t, err, "", storage.CodeTooMany)
	require.Len(t, w.tokens(), session.MaxTokens)
	w.pass(31 * 24 * time.Hour)
	w.issue()
	require.Len(t, w.tokens(), 1)
}

// A program does what its token was given, and of that what its owner may.
func TestScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, _ := w.issue()
	tok, err := w.CheckToken(w.ctx, secret)
	require.NoError(t, err)
	narrow := auth.Only(auth.AllowAll{}, tok.Scopes...)
	who := auth.Actor{User: tok.User}
	require.NoError(t, narrow.Authorize(w.ctx, who, "forum.read", auth.Scope{}))
	require.ErrorIs(t, narrow.Authorize(w.ctx, who, "forum.reply", auth.Scope{}), auth.ErrDenied)
	require.ErrorIs(t, auth.Only(auth.DenyAll{}, tok.Scopes...).Authorize(w.ctx, who, "forum.read", auth.Scope{}), auth.ErrDenied)
}

func TestScopesMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := w.newToken()
	in.Scopes = make([]auth.Action, session.MaxScopes+1)
	_, _, err := w.Issue(w.ctx, w.who, in)
	invalid(t, err, "scopes", storage.CodeTooMany)
	in = w.newToken()
	in.Name = strings.Repeat("è", session.MaxLabel+1)
	_, _, err = w.Issue(w.ctx, w.who, in)
	invalid(t, err, "name", storage.CodeTooLong)
}
