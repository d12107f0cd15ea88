// SPDX-License-Identifier: BSD-3-Clause

package session_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
)

func TestStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, v := w.start()
	require.Len(t, secret, 64)
	require.Equal(t, session.Session{
		ID: v.ID, User: w.who.User, Turned: w.now, Proved: w.now, Level: auth.LevelLow, Label: "Firefox, Linux",
		Made: w.now, Seen: w.now, Ends: w.now.Add(7 * 24 * time.Hour), Version: 1,
	}, v)
	require.False(t, v.ID.IsZero())
	require.Equal(t, v, w.in(secret))
	other, _ := w.start()
	require.NotEqual(t, secret, other)
	require.Len(t, w.list(), 2)
	_, _, err := w.Start(w.ctx, session.NewSession{})
	invalid(t, err, "user", storage.CodeMissing)
}

func TestStartReplaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, _ := w.start()
	w.pass(15 * time.Minute)
	second := w.turns(first)
	for _, old := range []string{"", "x", strings.Repeat("A", 64), first} { // also a secret of before
		_, _, err := w.Start(w.ctx, session.NewSession{User: w.who.User, Replaces: old})
		require.NoError(t, err)
	}
	w.noOne(second)
	require.Len(t, w.list(), 4)

	// Somebody who ends it meanwhile is in nobody's way.
	third, v := w.start()
	w.store.between = func() { require.NoError(t, w.End(w.ctx, w.who, v.ID)) }
	fourth, _, err := w.Start(w.ctx, session.NewSession{User: w.who.User, Replaces: third})
	require.NoError(t, err)
	w.noOne(third)
	w.in(fourth)
}

func TestLabel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for given, want := range map[string]string{
		"":                              "",
		"Firefox, Linux":                "Firefox, Linux",
		" Perché\x00\n\u202etxt\u200b ": "Perchétxt",
		"\xff\xfe":                      "",
		"a\ufffdb":                      "ab",
		"\u2800":                        "",
		strings.Repeat("è", 101):        strings.Repeat("è", 100),
		strings.Repeat("𝕏", 1_000_000):  strings.Repeat("𝕏", 100),
		strings.Repeat("\x00", 1_000):   "",
	} {
		_, v, err := w.Start(w.ctx, session.NewSession{User: w.who.User, Label: given})
		require.NoError(t, err)
		require.Equal(t, want, v.Label)
	}
}

// A fuzzed label never stands in the way of a sign-in, and can always be shown.
func FuzzLabel(f *testing.F) {
	f.Add("Firefox, Linux")
	f.Add("\xff\u202e\x00")
	f.Fuzz(func(t *testing.T, given string) {
		w := newWorld(t)
		_, v, err := w.Start(w.ctx, session.NewSession{User: w.who.User, Label: given})
		require.NoError(t, err)
		require.True(t, utf8.ValidString(v.Label))
		if v.Label != "" {
			_, err = storage.Line("label", v.Label, session.MaxLabel)
			require.NoError(t, err)
		}
	})
}

// A secret is replaced every quarter of an hour of use, and the one before is
// good for a minute.
func TestTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, v := w.start()
	w.pass(15*time.Minute - time.Microsecond)
	w.in(first)
	w.pass(time.Microsecond)
	second := w.turns(first)
	require.Len(t, second, 64)
	require.NotEqual(t, first, second)
	for _, secret := range []string{first, second, first} { // tabs that have heard, and those that have not
		require.Equal(t, v.ID, w.in(secret).ID)
	}
	w.pass(time.Minute - time.Microsecond)
	w.in(first)
	w.pass(14*time.Minute + time.Microsecond)
	third := w.turns(second)
	w.in(second)
	w.in(third)
	require.Equal(t, v.Ends, w.in(third).Ends)
	require.Len(t, w.list(), 1)
}

// Whoever comes with a secret that was replaced, after those who had not heard
// have, has stolen it, or the other has.
func TestTheft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	elsewhere, _ := w.start()
	first, _ := w.start()
	w.pass(15 * time.Minute)
	second := w.turns(first)
	w.turns(elsewhere)
	w.pass(time.Minute)
	w.in(second)
	w.noOne(first)
	w.noOne(second) // which of the two is the thief, nobody knows
	require.Len(t, w.list(), 1)

	// However long ago it was replaced.
	for turns := 2; turns < 6; turns++ {
		oldest, v := w.start()
		now := oldest
		for range turns {
			w.pass(15 * time.Minute)
			now = w.turns(now)
		}
		w.in(now)
		w.noOne(oldest)
		w.noOne(now)
		require.NotContains(t, fmt.Sprint(w.list()), v.ID.String())
	}

	// If the session cannot be ended, nobody is told that all is well.
	third, _ := w.start()
	w.pass(15 * time.Minute)
	fourth := w.turns(third)
	w.pass(15 * time.Minute)
	fifth := w.turns(fourth)
	w.pass(2 * time.Minute)
	w.store.noWrites = errDown
	_, _, err := w.Check(w.ctx, fourth)
	require.ErrorIs(t, err, errDown)
	w.store.noWrites = nil
	w.noOne(fourth)
	w.noOne(fifth)
}

func TestTurnedByAnotherTab(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, _ := w.start()
	w.pass(20 * time.Minute)
	var second string
	w.store.between = func() { second = w.turns(first) }
	w.in(first) // as what it is by then: the secret of before
	w.in(second)
	w.pass(time.Minute)
	w.noOne(first)

	// What another tab did may leave nothing to come in by.
	third, _ := w.start()
	w.pass(20 * time.Minute)
	w.store.between = func() {
		_, _, err := w.Raise(w.ctx, third, auth.LevelHigh)
		require.NoError(t, err)
	}
	w.noOne(third)
}

func TestIdleAndAbsolute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, _ := w.start()
	w.pass(12*time.Hour - time.Microsecond)
	secret = w.turns(secret)
	w.pass(12 * time.Hour)
	w.noOne(secret)
	require.Empty(t, w.list())

	secret, v := w.start()
	for w.now.Before(v.Ends.Add(-11 * time.Hour)) {
		w.pass(11 * time.Hour)
		secret = w.turns(secret)
	}
	w.now = v.Ends.Add(-time.Microsecond)
	w.store.noWrites = errDown // and so this one stays good as it is
	w.in(secret)
	w.store.noWrites = nil
	w.now = v.Ends
	w.noOne(secret)
	require.Empty(t, w.list())
}

// That somebody was here is written once a minute, and that it cannot be
// written is no reason to send them away.
func TestSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, v := w.start()
	w.store.writes = nil
	for range 119 {
		w.pass(time.Second)
		w.in(secret)
	}
	require.Len(t, w.store.writes, 1)
	now := w.in(secret)
	require.Equal(t, v.Made.Add(time.Minute), now.Seen)
	require.Equal(t, now, w.list()[0])

	for _, err := range []error{errDown, storage.ErrUnknown, storage.ErrConflict, context.Canceled} {
		w.store.noWrites = err
		w.pass(2 * time.Minute)
		require.Equal(t, now, w.in(secret))
	}
	w.pass(time.Hour)
	require.Equal(t, now, w.in(secret)) // nor that it cannot be turned
	w.store.noWrites = nil
	secret = w.turns(secret)

	// But one that ends meanwhile has ended.
	w.pass(2 * time.Minute)
	w.store.between = func() { require.NoError(t, w.EndAll(w.ctx, w.who.User)) }
	w.noOne(secret)
}

// What fails is not taken for a refusal.
func TestFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, v := w.start()
	pass, tok := w.issue()
	all := map[string]func() error{
		"Start": func() error {
			_, _, err := w.Start(w.ctx, session.NewSession{User: w.who.User, Replaces: secret})
			return err
		},
		"Check":      func() error { _, _, err := w.Check(w.ctx, secret); return err },
		"Raise":      func() error { _, _, err := w.Raise(w.ctx, secret, auth.LevelHigh); return err },
		"CheckToken": func() error { _, err := w.CheckToken(w.ctx, pass); return err },
		"List":       func() error { _, err := w.List(w.ctx, w.who); return err },
		"End":        func() error { return w.End(w.ctx, w.who, v.ID) },
		"Issue":      func() error { _, _, err := w.Issue(w.ctx, w.who, w.newToken()); return err },
		"Tokens":     func() error { _, err := w.Tokens(w.ctx, w.who); return err },
		"Revoke":     func() error { return w.Revoke(w.ctx, w.who, tok.ID) },
		"Export":     func() error { _, err := w.Export(w.ctx, w.who.User); return err },
	}
	fails := func(name string, want error) {
		t.Helper()
		err := all[name]()
		require.ErrorIs(t, err, want, name)
		require.NotErrorIs(t, err, session.ErrSession, name)
		var e *storage.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, "session."+name, e.Op)
	}
	w.store.noReads = errDown
	for name := range all {
		fails(name, errDown)
	}
	w.store.noReads = nil
	w.out[w.who.User] = errDown
	for _, name := range []string{"Start", "Check", "Raise", "CheckToken", "Issue"} {
		fails(name, errDown)
	}
	delete(w.out, w.who.User)
	all["EndOthers"] = func() error { return w.EndOthers(w.ctx, w.who, v.ID) }
	all["EndAll"] = func() error { return w.EndAll(w.ctx, w.who.User) }
	all["Erase"] = func() error { return w.Erase(w.ctx, w.who.User) }
	all["Forget"] = func() error { return w.Forget(w.ctx) }
	w.store.noWrites = errDown
	for _, name := range []string{"Start", "Raise", "End", "Issue", "Revoke", "EndOthers", "EndAll", "Erase", "Forget"} {
		fails(name, errDown)
	}
	w.store.noWrites = nil
	w.in(secret)
	require.Len(t, w.list(), 1)
	require.Equal(t, []session.Token{tok}, w.tokens())
}

func TestRaise(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, v := w.start()
	w.pass(time.Minute)
	second, now, err := w.Raise(w.ctx, first, auth.LevelSubstantial)
	require.NoError(t, err)
	require.Equal(t, [3]any{v.ID, auth.LevelSubstantial, v.Ends}, [3]any{now.ID, now.Level, now.Ends})
	require.Equal(t, now, w.in(second))
	w.noOne(first) // at once
	w.in(second)

	// It never falls, and the secret is a new one all the same.
	third, now, err := w.Raise(w.ctx, second, auth.LevelLow)
	require.NoError(t, err)
	require.Equal(t, auth.LevelSubstantial, now.Level)
	w.noOne(second)

	// A tab that has not heard yet may still do it.
	w.pass(15 * time.Minute)
	fourth := w.turns(third)
	fifth, _, err := w.Raise(w.ctx, third, auth.LevelHigh)
	require.NoError(t, err)
	for _, old := range []string{third, fourth} {
		w.noOne(old)
		_, _, err = w.Raise(w.ctx, old, auth.LevelHigh)
		require.ErrorIs(t, err, session.ErrSession)
	}

	// Another tab comes in between, or the end of it all.
	w.pass(2 * time.Minute)
	w.store.between = func() { w.in(fifth) }
	sixth, now, err := w.Raise(w.ctx, fifth, auth.LevelHigh)
	require.NoError(t, err)
	require.Equal(t, now, w.in(sixth))
	w.store.between = func() { require.NoError(t, w.End(w.ctx, w.who, v.ID)) }
	_, _, err = w.Raise(w.ctx, sixth, auth.LevelHigh)
	require.ErrorIs(t, err, session.ErrSession)
}

func TestListAndEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var secrets []string
	var want []session.Session
	for range 3 {
		secret, v := w.start()
		secrets, want = append(secrets, secret), append([]session.Session{v}, want...)
		w.pass(time.Minute)
	}
	require.Equal(t, want, w.list())
	require.NoError(t, w.End(w.ctx, w.who, want[0].ID)) // the last
	w.noOne(secrets[2])
	require.Equal(t, want[1:], w.list())

	stranger := auth.Actor{User: storage.NewID[auth.User]()}
	theirs, other, err := w.Start(w.ctx, session.NewSession{User: stranger.User})
	require.NoError(t, err)
	missing := w.End(w.ctx, w.who, storage.NewID[session.Session]())
	require.ErrorIs(t, missing, storage.ErrNotFound)
	for _, id := range []session.ID{other.ID, want[0].ID, {}} {
		require.EqualError(t, w.End(w.ctx, w.who, id), missing.Error())
	}
	require.NoError(t, w.EndOthers(w.ctx, w.who, want[1].ID))
	require.Equal(t, want[1].ID, w.list()[0].ID)
	require.Len(t, w.list(), 1)
	w.in(secrets[1])
	w.noOne(secrets[0])
	require.NoError(t, w.EndAll(w.ctx, w.who.User))
	w.noOne(secrets[1])
	w.in(theirs)
}

func TestVisitor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.List(w.ctx, auth.Visitor)
	require.ErrorIs(t, err, session.ErrSession)
	require.ErrorIs(t, w.End(w.ctx, auth.Visitor, storage.NewID[session.Session]()), session.ErrSession)
	require.ErrorIs(t, w.EndOthers(w.ctx, auth.Visitor, session.ID{}), session.ErrSession)
	_, _, err = w.Issue(w.ctx, auth.Visitor, w.newToken())
	require.ErrorIs(t, err, session.ErrSession)
	_, err = w.Tokens(w.ctx, auth.Visitor)
	require.ErrorIs(t, err, session.ErrSession)
	require.ErrorIs(t, w.Revoke(w.ctx, auth.Visitor, storage.NewID[session.Token]()), session.ErrSession)
}

func TestExportAndErase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, v := w.start()
	pass, tok := w.issue()
	w.pass(20 * time.Hour) // over, and not forgotten
	out, err := w.Export(w.ctx, w.who.User)
	require.NoError(t, err)
	require.Equal(t, session.Exported{Sessions: []session.Session{v}, Tokens: []session.Token{tok}}, out)
	require.NoError(t, w.Erase(w.ctx, w.who.User))
	out, err = w.Export(w.ctx, w.who.User)
	require.NoError(t, err)
	require.Empty(t, out.Sessions)
	require.Empty(t, out.Tokens)
	w.noOne(secret)
	w.noOne(pass)
}

func TestForget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.issue()
	kept := func(sessions, tokens int) {
		t.Helper()
		require.NoError(t, w.Forget(w.ctx))
		out, err := w.Export(w.ctx, w.who.User)
		require.NoError(t, err)
		require.Equal(t, [2]int{sessions, tokens}, [2]int{len(out.Sessions), len(out.Tokens)})
	}
	kept(1, 1)
	w.pass(12 * time.Hour)
	kept(1, 1)
	w.pass(time.Microsecond)
	kept(0, 1)
	w.pass(30 * 24 * time.Hour)
	kept(0, 0)
}

func anybody(context.Context, auth.UserID) error { return nil }

func TestNew(t *testing.T) {
	t.Parallel()
	store := newWorld(t).store
	for name, cfg := range map[string]session.Config{
		"no store":         {MayAct: anybody},
		"no gate":          {Store: store},
		"grace too long":   {Store: store, MayAct: anybody, Turn: time.Minute, Grace: time.Minute},
		"blank scope":      {Store: store, MayAct: anybody, Scopes: []auth.Action{"forum.read", ""}},
		"scope with space": {Store: store, MayAct: anybody, Scopes: []auth.Action{"forum.read forum.reply"}},
	} {
		require.Panics(t, func() { session.New(cfg) }, name)
	}
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s := session.New(session.Config{
		Store: store, MayAct: anybody, Clock: func() time.Time { return now },
		Idle: time.Hour, Absolute: 90 * time.Minute, Turn: 50 * time.Minute, Grace: 5 * time.Minute,
	})
	user := storage.NewID[auth.User]()
	first, v, err := s.Start(t.Context(), session.NewSession{User: user})
	require.NoError(t, err)
	require.Equal(t, now.Add(90*time.Minute), v.Ends)
	at := func(minutes int, secret string) string {
		now = v.Made.Add(time.Duration(minutes) * time.Minute)
		_, fresh, err := s.Check(t.Context(), secret)
		return fmt.Sprint(fresh != "", err)
	}
	require.Equal(t, "false <nil>", at(49, first))
	now = v.Made.Add(50 * time.Minute)
	_, second, err := s.Check(t.Context(), first)
	require.NoError(t, err)
	require.NotEmpty(t, second)
	require.Equal(t, "false <nil>", at(54, first))
	require.Equal(t, "false <nil>", at(89, second))
	require.Equal(t, "false session.Check: not signed in", at(90, second))
	_, _, err = s.Issue(t.Context(), auth.Actor{User: user}, session.NewToken{Name: "n", Scopes: scopes, Ends: now.Add(time.Hour)})
	invalid(t, err, "scopes", storage.CodeUnknown) // none were given to give
}
