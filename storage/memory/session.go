// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
)

// sessionState is what sessions keep. Rows are never changed once put.
type sessionState struct {
	sessions     tree[id, *session.Session]
	sessionsOf   tree[pair, struct{}] // by person and session
	selectors    tree[pair, id]
	sessionsOver tree[aged[id], struct{}] // by Ends
	sessionsSeen tree[aged[id], struct{}]

	passes     tree[id, *session.Token]
	passesOf   tree[pair, struct{}] // by person and token
	passHashes tree[pair, id]
	passesOver tree[aged[id], struct{}]
}

// sessionStore is a [session.Store] on a Store.
type sessionStore struct{ s Store }

var _ session.Store = sessionStore{}

// Atomic implements [session.Store].
func (f sessionStore) Atomic(ctx context.Context, fn func(context.Context, session.Store) error) error {
	return f.s.atomic(ctx, func(ctx context.Context, tx Store) error { return fn(ctx, sessionStore{tx}) })
}

// Apply implements [storage.Writer].
func (f sessionStore) Apply(ctx context.Context, changes ...storage.Change) error {
	return f.s.Apply(ctx, changes...)
}

// Done implements [storage.Writer].
func (f sessionStore) Done(ctx context.Context, owner uuid.UUID, key string) (uuid.UUID, error) {
	return f.s.Done(ctx, owner, key)
}

// sessionTexts are the texts of a change.
func sessionTexts(c storage.Change) []string {
	switch c := c.(type) {
	case session.InsertSession:
		return []string{c.Session.Label}
	case session.InsertToken:
		out := []string{c.Token.Name}
		for _, scope := range c.Token.Scopes {
			out = append(out, string(scope))
		}
		return out
	}
	return nil
}

func (st *state) applySession(c storage.Change) (known bool, err error) {
	if err := checkText(sessionTexts(c)...); err != nil {
		return true, err
	}
	switch c := c.(type) {
	case session.InsertSession:
		err = st.insertSession(c.Session)
	case session.UpdateSession:
		err = st.updateSession(c.Session)
	case session.HoldSession:
		_, err = row(st.sessions, idOf(c.ID))
	case session.EndSession:
		err = st.endSession(idOf(c.ID))
	case session.EndSessions:
		for _, k := range below(st.sessionsOf, idOf(c.User)) {
			if k != idOf(c.But) {
				_ = st.endSession(k) // it is there
			}
		}
	case session.TrimSessions:
		for i, s := range st.sessionsOfUser(idOf(c.User)) {
			if i >= c.Most {
				_ = st.endSession(idOf(s.ID)) // it is there
			}
		}
	case session.InsertToken:
		err = st.insertPass(c.Token)
	case session.UseToken:
		err = st.usePass(c)
	case session.EndToken:
		err = st.endPass(idOf(c.ID))
	case session.EndTokens:
		for _, k := range below(st.passesOf, idOf(c.User)) {
			_ = st.endPass(k) // it is there
		}
	case session.Forget:
		st.forgetSessions(c)
	default:
		return false, nil
	}
	return true, err
}

func (st *state) insertSession(s session.Session) error {
	if st.sessions.has(idOf(s.ID)) || st.selectors.has(wide(s.Selector)) {
		return storage.ErrExists
	}
	st.setSession(&s)
	return nil
}

func (st *state) updateSession(in session.Session) error {
	s, err := row(st.sessions, idOf(in.ID))
	switch {
	case err != nil:
		return err
	case s.Version != in.Version:
		return storage.ErrConflict
	}
	_ = st.endSession(idOf(s.ID)) // it is there
	s.Hash, s.Before, s.Turned, s.Proved, s.Level, s.Seen = in.Hash, in.Before, in.Turned, in.Proved, in.Level, in.Seen
	s.Version++
	st.setSession(&s)
	return nil
}

func (st *state) setSession(s *session.Session) {
	s.Turned, s.Proved, s.Made, s.Seen, s.Ends = instant(s.Turned), instant(s.Proved), instant(s.Made), instant(s.Seen), instant(s.Ends)
	k := idOf(s.ID)
	st.sessions.put(st.era, k, s)
	st.sessionsOf.put(st.era, pair{idOf(s.User), k}, struct{}{})
	st.selectors.put(st.era, wide(s.Selector), k)
	st.sessionsOver.put(st.era, aged[id]{s.Ends.UnixMicro(), k}, struct{}{})
	st.sessionsSeen.put(st.era, aged[id]{s.Seen.UnixMicro(), k}, struct{}{})
}

func (st *state) endSession(k id) error {
	s, ok := st.sessions.get(k)
	if !ok {
		return storage.ErrNotFound
	}
	st.sessions.drop(st.era, k)
	st.sessionsOf.drop(st.era, pair{idOf(s.User), k})
	st.selectors.drop(st.era, wide(s.Selector))
	st.sessionsOver.drop(st.era, aged[id]{s.Ends.UnixMicro(), k})
	st.sessionsSeen.drop(st.era, aged[id]{s.Seen.UnixMicro(), k})
	return nil
}

func (st *state) sessionsOfUser(user id) []session.Session {
	var out []session.Session
	for _, k := range below(st.sessionsOf, user) {
		s, _ := st.sessions.get(k)
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b session.Session) int { return cmp.Or(b.Seen.Compare(a.Seen), b.ID.Compare(a.ID)) })
	return out
}

func (st *state) insertPass(t session.Token) error {
	if st.passes.has(idOf(t.ID)) || st.passHashes.has(wide(t.Hash)) {
		return storage.ErrExists
	}
	t.Made, t.Used, t.Ends = instant(t.Made), instant(t.Used), instant(t.Ends)
	t.Scopes = slices.Clone(t.Scopes)
	k := idOf(t.ID)
	st.passes.put(st.era, k, &t)
	st.passesOf.put(st.era, pair{idOf(t.User), k}, struct{}{})
	st.passHashes.put(st.era, wide(t.Hash), k)
	st.passesOver.put(st.era, aged[id]{t.Ends.UnixMicro(), k}, struct{}{})
	return nil
}

func (st *state) usePass(c session.UseToken) error {
	t, err := row(st.passes, idOf(c.ID))
	if err != nil {
		return err
	}
	if at := instant(c.At); at.After(t.Used) {
		t.Used = at
		st.passes.put(st.era, idOf(c.ID), &t)
	}
	return nil
}

func (st *state) endPass(k id) error {
	t, ok := st.passes.get(k)
	if !ok {
		return storage.ErrNotFound
	}
	st.passes.drop(st.era, k)
	st.passesOf.drop(st.era, pair{idOf(t.User), k})
	st.passHashes.drop(st.era, wide(t.Hash))
	st.passesOver.drop(st.era, aged[id]{t.Ends.UnixMicro(), k})
	return nil
}

func (st *state) forgetSessions(c session.Forget) {
	before, idle := instant(c.Before).UnixMicro(), instant(c.Idle).UnixMicro()
	for _, k := range older(st.sessionsOver, before) {
		_ = st.endSession(k) // it is there
	}
	for _, k := range older(st.sessionsSeen, idle) {
		_ = st.endSession(k) // it is there
	}
	for _, k := range older(st.passesOver, before) {
		_ = st.endPass(k) // it is there
	}
}

// Session implements [session.Store].
func (f sessionStore) Session(ctx context.Context, selector session.Hash) (session.Session, error) {
	return read(ctx, f.s, "session.Session", func(st *state) (session.Session, error) {
		if k, ok := st.selectors.get(wide(selector)); ok {
			return row(st.sessions, k)
		}
		return session.Session{}, storage.ErrNotFound
	})
}

// Sessions implements [session.Store].
func (f sessionStore) Sessions(ctx context.Context, user auth.UserID) ([]session.Session, error) {
	return read(ctx, f.s, "session.Sessions", func(st *state) ([]session.Session, error) { return st.sessionsOfUser(idOf(user)), nil })
}

// Token implements [session.Store].
func (f sessionStore) Token(ctx context.Context, h session.Hash) (session.Token, error) {
	return read(ctx, f.s, "session.Token", func(st *state) (session.Token, error) {
		k, ok := st.passHashes.get(wide(h))
		if !ok {
			return session.Token{}, storage.ErrNotFound
		}
		t, err := row(st.passes, k)
		t.Scopes = slices.Clone(t.Scopes)
		return t, err
	})
}

// Tokens implements [session.Store].
func (f sessionStore) Tokens(ctx context.Context, user auth.UserID) ([]session.Token, error) {
	return read(ctx, f.s, "session.Tokens", func(st *state) (out []session.Token, err error) {
		for _, k := range below(st.passesOf, idOf(user)) {
			t, _ := st.passes.get(k)
			c := *t
			c.Scopes = slices.Clone(t.Scopes)
			out = append(out, c)
		}
		slices.SortFunc(out, func(a, b session.Token) int { return cmp.Or(b.Made.Compare(a.Made), b.ID.Compare(a.ID)) })
		return out, nil
	})
}
