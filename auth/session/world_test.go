// SPDX-License-Identifier: BSD-3-Clause

package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// A world is sessions in memory, with a clock that moves when it is told to.
type world struct {
	*testing.T
	*session.Service
	ctx   context.Context
	store *watched
	now   time.Time
	who   auth.Actor
	out   map[auth.UserID]error // what MayAct says; nothing: may act
}

var scopes = []auth.Action{"forum.read", "forum.reply", "membership.see"}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		T: t, ctx: t.Context(), store: &watched{Store: memory.New().Sessions()},
		now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), who: auth.Actor{User: storage.NewID[auth.User](), Level: auth.LevelLow},
		out: map[auth.UserID]error{},
	}
	w.Service = session.New(session.Config{
		Store: w.store, Clock: func() time.Time { return w.now }, Scopes: scopes,
		MayAct: func(_ context.Context, user auth.UserID) error { return w.out[user] },
	})
	return w
}

func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// start starts a session of the world's person.
func (w *world) start() (string, session.Session) {
	w.Helper()
	secret, v, err := w.Start(w.ctx, session.NewSession{User: w.who.User, Level: w.who.Level, Label: "Firefox, Linux"})
	require.NoError(w.T, err)
	return secret, v
}

// in checks that a secret is good and was not replaced.
func (w *world) in(secret string) session.Session {
	w.Helper()
	v, fresh, err := w.Check(w.ctx, secret)
	require.NoError(w.T, err)
	require.Empty(w.T, fresh)
	return v
}

// turns checks that a secret is good and was replaced, and returns the new one.
func (w *world) turns(secret string) string {
	w.Helper()
	_, fresh, err := w.Check(w.ctx, secret)
	require.NoError(w.T, err)
	require.NotEmpty(w.T, fresh)
	return fresh
}

// noOne checks that a secret opens nothing, with the one answer.
func (w *world) noOne(secret string) {
	w.Helper()
	v, fresh, err := w.Check(w.ctx, secret)
	require.EqualError(w.T, err, "session.Check: not signed in")
	require.ErrorIs(w.T, err, session.ErrSession)
	require.Empty(w.T, fresh)
	require.Zero(w.T, v)
	tok, err := w.CheckToken(w.ctx, secret)
	require.EqualError(w.T, err, "session.CheckToken: not signed in")
	require.Zero(w.T, tok)
}

func (w *world) newToken() session.NewToken {
	return session.NewToken{Name: "Calendario", Scopes: []auth.Action{"forum.read"}, Ends: w.now.Add(30 * 24 * time.Hour)}
}

func (w *world) issue() (string, session.Token) {
	w.Helper()
	secret, tok, err := w.Issue(w.ctx, w.who, w.newToken())
	require.NoError(w.T, err)
	return secret, tok
}

func (w *world) list() []session.Session {
	w.Helper()
	all, err := w.List(w.ctx, w.who)
	require.NoError(w.T, err)
	return all
}

func (w *world) tokens() []session.Token {
	w.Helper()
	all, err := w.Tokens(w.ctx, w.who)
	require.NoError(w.T, err)
	return all
}

// invalid checks a refusal's field and code.
func invalid(t *testing.T, err error, field, code string) {
	t.Helper()
	var e *storage.Invalid
	require.ErrorAs(t, err, &e)
	require.Equal(t, [2]string{field, code}, [2]string{e.Field, e.Code})
}

var errDown = errors.New("the database is down")

// watched is a store whose writes are counted, and can fail or be preceded by
// something.
type watched struct {
	session.Store
	writes   []storage.Change
	noWrites error  // what writes come to; nil: they are made
	noReads  error  // likewise
	between  func() // comes before the next write, once
}

func (s *watched) Apply(ctx context.Context, changes ...storage.Change) error {
	if do := s.between; do != nil {
		s.between = nil
		do()
	}
	if s.noWrites != nil {
		return s.noWrites
	}
	s.writes = append(s.writes, changes...)
	return s.Store.Apply(ctx, changes...)
}

func (s *watched) Session(ctx context.Context, h session.Hash) (session.Session, error) {
	if s.noReads != nil {
		return session.Session{}, s.noReads
	}
	return s.Store.Session(ctx, h)
}

func (s *watched) Sessions(ctx context.Context, user auth.UserID) ([]session.Session, error) {
	if s.noReads != nil {
		return nil, s.noReads
	}
	return s.Store.Sessions(ctx, user)
}

func (s *watched) Token(ctx context.Context, h session.Hash) (session.Token, error) {
	if s.noReads != nil {
		return session.Token{}, s.noReads
	}
	return s.Store.Token(ctx, h)
}

func (s *watched) Tokens(ctx context.Context, user auth.UserID) ([]session.Token, error) {
	if s.noReads != nil {
		return nil, s.noReads
	}
	return s.Store.Tokens(ctx, user)
}
