// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
)

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

// sessionColumns, in the order of sessionValues and sessionFields. Those from
// the third to the eighth are updated.
var sessionColumns = columns{"id", "version", "hash", "before", "turned", "proved", "level", "seen", "who", "selector", "made", "ends", "label"}

func sessionValues(s *session.Session) []any {
	return []any{
		s.ID, s.Version, s.Hash[:], digest(s.Before), always(s.Turned), always(s.Proved), int(s.Level), always(s.Seen), raw(s.User), s.Selector[:], always(s.Made), always(s.Ends), s.Label,
	}
}

func sessionFields(s *session.Session) []any {
	return []any{
		&s.ID, (*number)(&s.Version), (*sum)(&s.Hash), (*sum)(&s.Before), (*moment)(&s.Turned), (*moment)(&s.Proved), (*octet)(&s.Level), (*moment)(&s.Seen),
		&s.User, (*sum)(&s.Selector), (*moment)(&s.Made), (*moment)(&s.Ends), (*text)(&s.Label),
	}
}

var passColumns = columns{"id", "who", "hash", "made", "used", "ends", "name", "scopes"}

// A pass is a [session.Token] with its scopes as they are kept.
type pass struct {
	session.Token
	scopes string
}

func passFields(t *pass) []any {
	return []any{
		&t.ID, &t.User, (*sum)(&t.Hash), (*moment)(&t.Made), (*moment)(&t.Used), (*moment)(&t.Ends), (*text)(&t.Name), (*text)(&t.scopes),
	}
}

func (t pass) token() session.Token {
	for _, scope := range strings.Fields(t.scopes) {
		t.Scopes = append(t.Scopes, auth.Action(scope))
	}
	return t.Token
}

var (
	insertSession = write{
		query:  `INSERT INTO {sessions} (` + sessionColumns.of("") + `) VALUES (` + numbered(1, len(sessionColumns)) + `)`,
		unique: true, refused: storage.ErrExists,
	}
	updateSession = write{
		query:   `UPDATE {sessions} SET version = version + 1, ` + sessionColumns[2:8].set(3) + ` WHERE id = $1 AND version = $2`,
		refused: storage.ErrConflict, seen: `EXISTS (SELECT 1 FROM {sessions} WHERE id = $1)`, args: 1,
	}
	holdSession  = write{query: `SELECT 1 FROM {sessions} WHERE id = $1 {share}`, look: true, refused: storage.ErrNotFound}
	endSession   = write{query: `DELETE FROM {sessions} WHERE id = $1`, refused: storage.ErrNotFound}
	endSessions  = write{query: `DELETE FROM {sessions} WHERE who = $1 AND id <> $2`}
	trimSessions = write{query: `DELETE FROM {sessions} WHERE who = $1 AND id NOT IN (SELECT id FROM {sessions} WHERE who = $1 ORDER BY seen DESC, id DESC LIMIT $2)`}
	forgetOver   = write{query: `DELETE FROM {sessions} WHERE ends < $1`}
	forgetIdle   = write{query: `DELETE FROM {sessions} WHERE seen < $1`}
	forgetPasses = write{query: `DELETE FROM {session_tokens} WHERE ends < $1`}
	endPass      = write{query: `DELETE FROM {session_tokens} WHERE id = $1`, refused: storage.ErrNotFound}
	endPasses    = dropOf("{session_tokens}")
	insertPass   = write{
		query:  `INSERT INTO {session_tokens} (` + passColumns.of("") + `) VALUES (` + numbered(1, len(passColumns)) + `)`,
		unique: true, refused: storage.ErrExists,
	}
	usePass = write{
		query:   `UPDATE {session_tokens} SET used = CASE WHEN used >= $2 THEN used ELSE $2 END WHERE id = $1`,
		refused: storage.ErrNotFound,
	}
)

// sessionSteps are the changes of sessions.
func sessionSteps(steps []step, c storage.Change) ([]step, bool) {
	switch c := c.(type) {
	case session.InsertSession:
		return append(steps, do(&insertSession, sessionValues(&c.Session)...)), true
	case session.UpdateSession:
		return append(steps, do(&updateSession, sessionValues(&c.Session)[:8]...)), true
	case session.HoldSession:
		return append(steps, do(&holdSession, raw(c.ID))), true
	case session.EndSession:
		return append(steps, do(&endSession, raw(c.ID))), true
	case session.EndSessions:
		return append(steps, do(&endSessions, raw(c.User), raw(c.But))), true
	case session.TrimSessions:
		return append(steps, do(&trimSessions, raw(c.User), max(c.Most, 0))), true
	case session.InsertToken:
		t := c.Token
		scopes := make([]string, len(t.Scopes))
		for i, scope := range t.Scopes {
			scopes[i] = string(scope)
		}
		return append(steps, do(&insertPass, raw(t.ID), raw(t.User), t.Hash[:], always(t.Made), t.Used, always(t.Ends), t.Name, strings.Join(scopes, " "))), true
	case session.UseToken:
		return append(steps, do(&usePass, raw(c.ID), always(c.At))), true
	case session.EndToken:
		return append(steps, do(&endPass, raw(c.ID))), true
	case session.EndTokens:
		return append(steps, do(&endPasses, raw(c.User))), true
	case session.Forget:
		return append(steps, do(&forgetOver, always(c.Before)), do(&forgetIdle, always(c.Idle)), do(&forgetPasses, always(c.Before))), true
	}
	return steps, false
}

var (
	allOfSession = `SELECT ` + sessionColumns.of("") + ` FROM {sessions} `
	allOfPass    = `SELECT ` + passColumns.of("") + ` FROM {session_tokens} `
)

// Session implements [session.Store].
func (f sessionStore) Session(ctx context.Context, selector session.Hash) (session.Session, error) {
	return row(ctx, f.s, "session.Session", sessionFields, allOfSession+`WHERE selector = $1`, selector[:])
}

// Sessions implements [session.Store].
func (f sessionStore) Sessions(ctx context.Context, user auth.UserID) ([]session.Session, error) {
	return rows(ctx, f.s, "session.Sessions", 8, sessionFields, allOfSession+`WHERE who = $1 ORDER BY seen DESC, id DESC`, raw(user))
}

// Token implements [session.Store].
func (f sessionStore) Token(ctx context.Context, h session.Hash) (session.Token, error) {
	t, err := row(ctx, f.s, "session.Token", passFields, allOfPass+`WHERE hash = $1`, h[:])
	return t.token(), err
}

// Tokens implements [session.Store].
func (f sessionStore) Tokens(ctx context.Context, user auth.UserID) ([]session.Token, error) {
	found, err := rows(ctx, f.s, "session.Tokens", 4, passFields, allOfPass+`WHERE who = $1 ORDER BY made DESC, id DESC`, raw(user))
	out := make([]session.Token, len(found))
	for i, t := range found {
		out[i] = t.token()
	}
	return out, err
}
