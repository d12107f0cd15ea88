// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
)

// What sessions and the tokens of programs promise.
var sessionPromises = []promise{
	{"Session/Values", "every field of a session is read as it was inserted, and as it was updated but for those that stay", false, sessionValues},
	{"Session/Insert", "no two sessions have one ID or one selector", false, sessionInsert},
	{"Session/Find", "a session is found by its selector, whatever its secrets are, and by nothing else", false, sessionFind},
	{"Session/Update", "a session is updated from the version that is there only, and not after its end", false, sessionUpdate},
	{"Session/Hold", "what rides with a session that has ended is not made, and what rides with one that has not leaves it as it is", false, sessionHold},
	{"Session/End", "a session ends once, and no other with it", false, sessionEnd},
	{"Session/EndAll", "all sessions of a person end but the one named, and nobody else's", false, sessionEndAll},
	{"Session/Trim", "of a person's sessions those unused for longest end beyond a number, and nobody else's", false, sessionTrim},
	{"Session/Order", "the sessions of a person come last used first", false, sessionOrder},
	{"SessionToken/Values", "every field of a program's token is read as it was inserted", false, passValues},
	{"SessionToken/Insert", "no two tokens have one ID or one secret", false, passInsert},
	{"SessionToken/Use", "when a token was last used never goes back", false, passUse},
	{"SessionToken/End", "a token ends once; all of a person's end together", false, passEnd},
	{"SessionToken/Order", "the tokens of a person come newest first", false, passOrder},
	{"Session/Forget", "what was over before an instant, and what was not seen since another, is forgotten, and nothing else", false, sessionForget},
	{"Session/Text", "no text of a session that is not UTF-8 or has a NUL is kept", false, sessionText},
	{"Session/Copies", "the scopes given to a store, or by it, may be changed and are not changed in the store", false, sessionCopies},
}

func sessionMethods() []method {
	user := newUser()
	tell := func(_ any, err error) error { return err }
	f := func(name string, call func(context.Context, session.Store) error) method {
		return method{"Sessions." + name, func(ctx context.Context, s community.Store) error { return call(ctx, s.Sessions()) }}
	}
	return []method{
		f("Atomic", func(ctx context.Context, s session.Store) error {
			return s.Atomic(ctx, func(context.Context, session.Store) error { return nil })
		}),
		f("Apply", func(ctx context.Context, s session.Store) error { return s.Apply(ctx, session.EndTokens{User: user}) }),
		f("Done", func(ctx context.Context, s session.Store) error { return tell(s.Done(ctx, user.Bytes(), "k")) }),
		f("Session", func(ctx context.Context, s session.Store) error { return tell(s.Session(ctx, session.Hash{1})) }),
		f("Sessions", func(ctx context.Context, s session.Store) error { return tell(s.Sessions(ctx, user)) }),
		f("Token", func(ctx context.Context, s session.Store) error { return tell(s.Token(ctx, session.Hash{1})) }),
		f("Tokens", func(ctx context.Context, s session.Store) error { return tell(s.Tokens(ctx, user)) }),
	}
}

// A lobby is a store with sessions in it.
type lobby struct {
	*desk
	s session.Store
}

func newLobby(t *testing.T, s community.Store) *lobby {
	return &lobby{&desk{T: t, Store: s}, s.Sessions()}
}

// enter starts a session, seen at a minute of the suite's day.
func (l *lobby) enter(user auth.UserID, seen int) session.Session {
	l.Helper()
	v := session.Session{
		ID: storage.NewID[session.Session](), User: user, Selector: hash(), Hash: hash(), Turned: at(seen), Proved: at(0), Level: auth.LevelLow,
		Label: "Firefox", Made: at(0), Seen: at(seen), Ends: at(10_000), Version: 1,
	}
	l.do(session.InsertSession{Session: v})
	return v
}

// issue gives a token, made at a minute of the suite's day.
func (l *lobby) issue(user auth.UserID, made int) session.Token {
	l.Helper()
	v := session.Token{
		ID: storage.NewID[session.Token](), User: user, Hash: hash(), Name: "Calendario",
		Scopes: []auth.Action{"forum.read", "forum.reply"}, Made: at(made), Ends: at(10_000),
	}
	l.do(session.InsertToken{Token: v})
	return v
}

func (l *lobby) sessions(user auth.UserID) []session.Session {
	l.Helper()
	return got(l.s.Sessions(ctx, user))(l.T)
}

func sessionValues(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	everywhere := func(want session.Session) {
		t.Helper()
		same(t, got(l.s.Session(ctx, want.Selector))(t), want)
		same(t, l.sessions(want.User), []session.Session{want})
	}
	for seed := range seeds {
		v := fill[session.Session](t, seed)
		v.Selector, v.Hash, v.Before = hash(), hash(), hash()
		l.do(session.InsertSession{Session: v})
		everywhere(v)
		next := fill[session.Session](t, seed+1)
		next.ID, next.Version, next.Hash, next.Before = v.ID, v.Version, hash(), hash()
		l.do(session.UpdateSession{Session: next})
		next.User, next.Selector, next.Label, next.Made, next.Ends = v.User, v.Selector, v.Label, v.Made, v.Ends
		next.Version++
		everywhere(next)
		for _, h := range []session.Hash{v.Hash, v.Before, next.Hash, next.Before} {
			_, err := l.s.Session(ctx, h)
			is(t, err, storage.ErrNotFound)
		}
	}
	zero := session.Session{ID: storage.NewID[session.Session](), User: newUser(), Selector: hash()}
	l.do(session.InsertSession{Session: zero})
	same(t, got(l.s.Session(ctx, zero.Selector))(t), zero)
}

func sessionInsert(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	v := l.enter(newUser(), 1)
	same1, same2 := v, v
	same1.Selector, same1.User = hash(), newUser()
	same2.ID, same2.User = storage.NewID[session.Session](), newUser()
	for _, again := range []session.Session{v, same1, same2} {
		l.fails(storage.ErrExists, session.InsertSession{Session: again})
		l.fails(storage.ErrExists, event(1), session.InsertSession{Session: again})
	}
	same(t, got(l.s.Session(ctx, v.Selector))(t), v)
	same(t, len(l.sessions(same1.User))+len(l.sessions(same2.User)), 0)
	same(t, len(claims(t, s)), 0)
}

func sessionFind(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	a, b := l.enter(newUser(), 1), l.enter(newUser(), 1)
	for range 3 {
		same(t, got(l.s.Session(ctx, a.Selector))(t), a)
		same(t, got(l.s.Session(ctx, b.Selector))(t), b)
		a.Before, a.Hash = a.Hash, hash()
		l.do(session.UpdateSession{Session: a})
		a.Version++
	}
	twin := l.enter(newUser(), 1)
	twin.Hash = a.Hash // two may have the same, if only in a test
	l.do(session.UpdateSession{Session: twin})
	twin.Version++
	same(t, got(l.s.Session(ctx, twin.Selector))(t), twin)
	same(t, got(l.s.Session(ctx, a.Selector))(t), a)
	near := a.Selector
	near[31] ^= 1
	for _, h := range []session.Hash{a.Hash, a.Before, hash(), {}, near} {
		_, err := l.s.Session(ctx, h)
		is(t, err, storage.ErrNotFound)
	}
}

func sessionHold(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	user := newUser()
	v, ended := l.enter(user, 1), l.enter(user, 2)
	l.do(session.EndSession{ID: ended.ID})
	for _, id := range []session.ID{ended.ID, storage.NewID[session.Session](), {}} {
		l.fails(storage.ErrNotFound, session.HoldSession{ID: id})
		l.fails(storage.ErrNotFound, event(1), session.HoldSession{ID: id})
	}
	same(t, len(claims(t, s)), 0)
	l.do(session.HoldSession{ID: v.ID})
	l.do(session.HoldSession{ID: v.ID}, event(1))
	same(t, len(claims(t, s)), 1)
	same(t, l.sessions(user), []session.Session{v})
}

func sessionUpdate(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	v := l.enter(newUser(), 1)
	for _, version := range []int{0, 2, -1, 1 << 40} {
		stale := v
		stale.Version, stale.Hash = version, hash()
		l.fails(storage.ErrConflict, session.UpdateSession{Session: stale})
		l.fails(storage.ErrConflict, event(1), session.UpdateSession{Session: stale})
	}
	same(t, got(l.s.Session(ctx, v.Selector))(t), v)
	l.do(session.EndSession{ID: v.ID})
	l.fails(storage.ErrNotFound, session.UpdateSession{Session: v})
	l.fails(storage.ErrNotFound, event(1), session.UpdateSession{Session: v})
	same(t, len(l.sessions(v.User)), 0)
	same(t, len(claims(t, s)), 0)
}

func sessionEnd(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	user := newUser()
	gone, stays := l.enter(user, 1), l.enter(user, 2)
	l.do(session.EndSession{ID: gone.ID})
	l.fails(storage.ErrNotFound, session.EndSession{ID: gone.ID})
	l.fails(storage.ErrNotFound, event(1), session.EndSession{ID: gone.ID})
	_, err := l.s.Session(ctx, gone.Selector)
	is(t, err, storage.ErrNotFound)
	same(t, l.sessions(user), []session.Session{stays})
	l.do(session.InsertSession{Session: gone}) // its secret is free again
	same(t, got(l.s.Session(ctx, gone.Selector))(t), gone)
}

func sessionEndAll(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	user, other := newUser(), newUser()
	for n := range 3 {
		l.enter(user, n)
	}
	mine, theirs := l.enter(user, 1), l.enter(other, 1)
	pass := l.issue(user, 1)
	l.do(session.EndSessions{User: other, But: mine.ID}, session.InsertSession{Session: theirs}, session.EndSessions{User: user, But: mine.ID})
	same(t, l.sessions(user), []session.Session{mine})
	same(t, l.sessions(other), []session.Session{theirs})
	for range 2 { // none is no error
		l.do(session.EndSessions{User: user})
		same(t, len(l.sessions(user)), 0)
	}
	same(t, l.sessions(other), []session.Session{theirs})
	same(t, got(l.s.Token(ctx, pass.Hash))(t), pass)
}

func sessionTrim(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	user, other := newUser(), newUser()
	var all []session.Session
	for _, seen := range []int{3, 9, 1, 9, 5} {
		all = append(all, l.enter(user, seen))
	}
	for n := range 4 {
		l.enter(other, n)
	}
	l.do(session.TrimSessions{User: user, Most: 5})
	same(t, len(l.sessions(user)), 5)
	l.do(session.TrimSessions{User: user, Most: 3})
	same(t, l.sessions(user), []session.Session{all[3], all[1], all[4]})
	l.do(session.TrimSessions{User: user, Most: 1}) // of the last two the one started last
	same(t, l.sessions(user), []session.Session{all[3]})
	l.do(session.TrimSessions{User: user, Most: 0}, session.TrimSessions{User: newUser(), Most: 1})
	same(t, len(l.sessions(user)), 0)
	same(t, len(l.sessions(other)), 4)
}

func sessionOrder(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	user := newUser()
	a, b, c := l.enter(user, 1), l.enter(user, 5), l.enter(user, 5)
	l.enter(newUser(), 3)
	same(t, l.sessions(user), []session.Session{c, b, a})
	a.Seen = at(9)
	l.do(session.UpdateSession{Session: a})
	a.Version++
	same(t, l.sessions(user), []session.Session{a, c, b})
}

func passValues(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	for seed := range seeds {
		v := fill[session.Token](t, seed)
		v.Hash, v.Scopes = hash(), []auth.Action{"forum.read", "membership.see", "z"}
		l.do(session.InsertToken{Token: v})
		same(t, got(l.s.Token(ctx, v.Hash))(t), v)
		same(t, got(l.s.Tokens(ctx, v.User))(t), []session.Token{v})
	}
	v := l.issue(newUser(), 1) // never used
	same(t, got(l.s.Token(ctx, v.Hash))(t), v)
	near := v.Hash
	near[0] ^= 1
	for _, h := range []session.Hash{near, {}} {
		_, err := l.s.Token(ctx, h)
		is(t, err, storage.ErrNotFound)
	}
	_, err := l.s.Session(ctx, v.Hash) // a token is no session
	is(t, err, storage.ErrNotFound)
}

func passInsert(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	v := l.issue(newUser(), 1)
	same1, same2 := v, v
	same1.Hash, same1.User = hash(), newUser()
	same2.ID, same2.User = storage.NewID[session.Token](), newUser()
	for _, again := range []session.Token{v, same1, same2} {
		l.fails(storage.ErrExists, session.InsertToken{Token: again})
		l.fails(storage.ErrExists, event(1), session.InsertToken{Token: again})
	}
	same(t, got(l.s.Token(ctx, v.Hash))(t), v)
	same(t, len(got(l.s.Tokens(ctx, same1.User))(t)), 0)
	same(t, len(claims(t, s)), 0)
}

func passUse(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	user := newUser()
	v, other := l.issue(user, 2), l.issue(user, 1)
	for _, step := range []struct{ at, used int }{{5, 5}, {3, 5}, {5, 5}, {8, 8}} {
		l.do(session.UseToken{ID: v.ID, At: at(step.at)})
		v.Used = at(step.used)
		same(t, got(l.s.Tokens(ctx, user))(t), []session.Token{v, other})
		same(t, got(l.s.Token(ctx, v.Hash))(t), v)
	}
	l.fails(storage.ErrNotFound, session.UseToken{ID: storage.NewID[session.Token](), At: at(9)})
	l.fails(storage.ErrNotFound, event(1), session.UseToken{ID: storage.NewID[session.Token](), At: at(9)})
}

func passEnd(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	user, other := newUser(), newUser()
	gone, stays, theirs := l.issue(user, 1), l.issue(user, 2), l.issue(other, 1)
	mine := l.enter(user, 1)
	l.do(session.EndToken{ID: gone.ID})
	l.fails(storage.ErrNotFound, session.EndToken{ID: gone.ID})
	l.fails(storage.ErrNotFound, event(1), session.EndToken{ID: gone.ID})
	_, err := l.s.Token(ctx, gone.Hash)
	is(t, err, storage.ErrNotFound)
	same(t, got(l.s.Tokens(ctx, user))(t), []session.Token{stays})
	l.do(session.InsertToken{Token: gone}) // its secret is free again
	for range 2 {                          // none is no error
		l.do(session.EndTokens{User: user})
		same(t, len(got(l.s.Tokens(ctx, user))(t)), 0)
	}
	same(t, got(l.s.Tokens(ctx, other))(t), []session.Token{theirs})
	same(t, l.sessions(user), []session.Session{mine})
}

func passOrder(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	user := newUser()
	a, b, c, d := l.issue(user, 3), l.issue(user, 1), l.issue(user, 7), l.issue(user, 3)
	l.issue(newUser(), 5)
	same(t, got(l.s.Tokens(ctx, user))(t), []session.Token{c, d, a, b})
}

func sessionForget(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	user := newUser()
	var sessions []session.Session
	var tokens []session.Token
	for n := range 4 {
		v := l.enter(user, 100)
		idle := l.enter(user, 10+n)
		l.do(session.EndSession{ID: v.ID})
		v.Ends = at(10 + n)
		l.do(session.InsertSession{Session: v})
		sessions = append(sessions, v, idle)
		tok := l.issue(user, n)
		l.do(session.EndToken{ID: tok.ID})
		tok.Ends = at(10 + n)
		l.do(session.InsertToken{Token: tok})
		tokens = append(tokens, tok)
	}
	left := func(gone, idle int) {
		t.Helper()
		want := map[session.ID]bool{}
		for n, v := range sessions {
			if n%2 == 0 && n/2 >= gone || n%2 == 1 && n/2 >= idle {
				want[v.ID] = true
			}
		}
		have := map[session.ID]bool{}
		for _, v := range l.sessions(user) {
			have[v.ID] = true
		}
		same(t, have, want)
		kept := slices.Clone(tokens[gone:])
		slices.Reverse(kept)
		same(t, got(l.s.Tokens(ctx, user))(t), kept)
	}
	left(0, 0)
	l.do(session.Forget{})
	left(0, 0)
	l.do(session.Forget{Before: at(12)})
	left(2, 0)
	l.do(session.Forget{Idle: at(11)})
	left(2, 1)
	l.do(session.Forget{Before: at(13), Idle: at(13)})
	left(3, 3)
}

func sessionText(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	for _, bad := range []string{"\x00", "a\x00b", "\xff", "\xed\xa0\x80"} {
		v := session.Session{ID: storage.NewID[session.Session](), User: newUser(), Selector: hash(), Label: bad, Version: 1}
		l.fails(storage.ErrInvalid, event(1), session.InsertSession{Session: v})
		a, b := session.Token{ID: storage.NewID[session.Token](), User: newUser(), Hash: hash(), Name: bad}, session.Token{ID: storage.NewID[session.Token](), User: newUser(), Hash: hash()}
		b.Scopes = []auth.Action{"forum.read", auth.Action(bad)}
		l.fails(storage.ErrInvalid, event(1), session.InsertToken{Token: a})
		l.fails(storage.ErrInvalid, event(1), session.InsertToken{Token: b})
	}
	for _, text := range hostile {
		v := session.Session{ID: storage.NewID[session.Session](), User: newUser(), Selector: hash(), Label: text, Version: 1}
		p := session.Token{ID: storage.NewID[session.Token](), User: v.User, Hash: hash(), Name: text, Scopes: []auth.Action{"forum.read"}}
		l.do(session.InsertSession{Session: v}, session.InsertToken{Token: p})
		same(t, got(l.s.Session(ctx, v.Selector))(t), v)
		same(t, got(l.s.Token(ctx, p.Hash))(t), p)
	}
	same(t, len(claims(t, s)), 0)
}

func sessionCopies(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	v := l.issue(newUser(), 1)
	want := slices.Clone(v.Scopes)
	for range 2 {
		v.Scopes[0] = "forum.moderate"
		v = got(l.s.Token(ctx, v.Hash))(t)
		same(t, v.Scopes, want)
	}
	got(l.s.Tokens(ctx, v.User))(t)[0].Scopes[0] = "forum.moderate"
	same(t, got(l.s.Tokens(ctx, v.User))(t)[0].Scopes, want)
}
