// SPDX-License-Identifier: BSD-3-Clause

package session_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
)

// A fault is what becomes of the one call of a store.
type fault struct {
	at, calls int                           // counted from 1; at 0: none
	strike    func(call func() error) error // instead of that call
}

func (f *fault) call(call func() error) error {
	if f.calls++; f.calls == f.at {
		return f.strike(call)
	}
	return call()
}

// faulty is a store with a fault. It embeds nothing, so that a method that is
// new cannot pass by.
type faulty struct {
	s session.Store
	f *fault
}

var _ session.Store = faulty{}

func ask[V any](x faulty, call func() (V, error)) (v V, err error) {
	err = x.f.call(func() (err error) { v, err = call(); return err })
	if err != nil {
		v = *new(V)
	}
	return v, err
}

func (x faulty) Atomic(ctx context.Context, fn func(context.Context, session.Store) error) error {
	return x.f.call(func() error {
		return x.s.Atomic(ctx, func(ctx context.Context, tx session.Store) error { return fn(ctx, faulty{tx, x.f}) })
	})
}

func (x faulty) Apply(ctx context.Context, changes ...storage.Change) error {
	return x.f.call(func() error { return x.s.Apply(ctx, changes...) })
}

func (x faulty) Done(ctx context.Context, owner uuid.UUID, key string) (uuid.UUID, error) {
	return ask(x, func() (uuid.UUID, error) { return x.s.Done(ctx, owner, key) })
}

func (x faulty) Session(ctx context.Context, h session.Hash) (session.Session, error) {
	return ask(x, func() (session.Session, error) { return x.s.Session(ctx, h) })
}

func (x faulty) Sessions(ctx context.Context, user auth.UserID) ([]session.Session, error) {
	return ask(x, func() ([]session.Session, error) { return x.s.Sessions(ctx, user) })
}

func (x faulty) Token(ctx context.Context, h session.Hash) (session.Token, error) {
	return ask(x, func() (session.Token, error) { return x.s.Token(ctx, h) })
}

func (x faulty) Tokens(ctx context.Context, user auth.UserID) ([]session.Token, error) {
	return ask(x, func() ([]session.Token, error) { return x.s.Tokens(ctx, user) })
}

// scene is what calls are made of.
type scene struct {
	secret, pass string
	session      session.Session
	token        session.Token
	sound        *session.Service // whose store has no fault
}

// calls are all that a service of sessions is asked.
var calls = map[string]func(w *world, ctx context.Context, x scene) error{
	"Start": func(w *world, ctx context.Context, x scene) error {
		_, _, err := w.Start(ctx, session.NewSession{User: w.who.User, Replaces: x.secret})
		return err
	},
	"Check": func(w *world, ctx context.Context, x scene) error {
		v, fresh, err := w.Check(ctx, x.secret)
		if err == nil {
			require.Equal(w.T, w.who.User, v.User)
			kept := x.secret // by the browser
			if fresh != "" {
				kept = fresh
			}
			w.pass(2 * time.Minute)
			_, _, gone := x.sound.Check(w.ctx, kept)
			require.NoError(w.T, gone, "and again, later")
		}
		return err
	},
	"Raise": func(w *world, ctx context.Context, x scene) error {
		_, _, err := w.Raise(ctx, x.secret, auth.LevelHigh)
		return err
	},
	"List":      func(w *world, ctx context.Context, _ scene) error { _, err := w.List(ctx, w.who); return err },
	"End":       func(w *world, ctx context.Context, x scene) error { return w.End(ctx, w.who, x.session.ID) },
	"EndOthers": func(w *world, ctx context.Context, x scene) error { return w.EndOthers(ctx, w.who, x.session.ID) },
	"EndAll":    func(w *world, ctx context.Context, _ scene) error { return w.EndAll(ctx, w.who.User) },
	"Erase":     func(w *world, ctx context.Context, _ scene) error { return w.Erase(ctx, w.who.User) },
	"Export":    func(w *world, ctx context.Context, _ scene) error { _, err := w.Export(ctx, w.who.User); return err },
	"Forget":    func(w *world, ctx context.Context, _ scene) error { return w.Forget(ctx) },
	"Issue": func(w *world, ctx context.Context, _ scene) error {
		_, _, err := w.Issue(ctx, w.who, w.newToken())
		return err
	},
	"CheckToken": func(w *world, ctx context.Context, x scene) error { _, err := w.CheckToken(ctx, x.pass); return err },
	"Tokens":     func(w *world, ctx context.Context, _ scene) error { _, err := w.Tokens(ctx, w.who); return err },
	"Revoke":     func(w *world, ctx context.Context, x scene) error { return w.Revoke(ctx, w.who, x.token.ID) },
}

// Whatever call of a store fails, and however, a caller who is told that all is
// well has all, and one who is told otherwise has nothing. That somebody was
// here may go unwritten, and is no reason to send them away.
func TestTroubleOfTheStore(t *testing.T) {
	t.Parallel()
	service := reflect.TypeFor[*session.Service]()
	for i := range service.NumMethod() {
		require.Contains(t, calls, service.Method(i).Name)
	}
	for what, strike := range map[string]func(cancel func()) func(call func() error) error{
		"fails": func(func()) func(func() error) error { return func(func() error) error { return errDown } },
		"is stopped before": func(cancel func()) func(func() error) error {
			return func(call func() error) error { cancel(); return call() }
		},
		"is stopped after": func(cancel func()) func(func() error) error {
			return func(call func() error) error { defer cancel(); return call() }
		},
		"is not heard of": func(func()) func(func() error) error {
			return func(call func() error) error { _ = call(); return storage.ErrUnknown }
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for name, call := range calls {
				for n := 0; ; n++ {
					w := newWorld(t)
					w.T = t
					var x scene
					_, _ = w.start() // which may be trimmed
					x.secret, x.session = w.start()
					x.pass, x.token = w.issue()
					x.sound = w.Service
					w.pass(16 * time.Minute)
					dump := func() (all [2]any) {
						sessions, err := w.store.Sessions(w.ctx, w.who.User)
						require.NoError(t, err)
						tokens, err := w.store.Tokens(w.ctx, w.who.User)
						require.NoError(t, err)
						return [2]any{sessions, tokens}
					}
					before := dump()
					stopped, cancel := context.WithCancel(w.ctx)
					f := &fault{at: n, strike: strike(cancel)}
					w.Service = session.New(session.Config{
						Store: faulty{w.store, f}, Clock: func() time.Time { return w.now }, Scopes: scopes,
						MayAct: func(context.Context, auth.UserID) error { return nil },
					})
					err := call(w, stopped, x)
					cancel()
					if n == 0 {
						require.NoError(t, err, name)
						continue
					}
					if f.calls < n {
						break // it was not called so often
					}
					if err == nil {
						quiet := what == "is stopped after" || name == "Check" || name == "CheckToken"
						require.True(t, quiet, "%s, at %d: it must be told", name, n)
						continue
					}
					for _, one := range []error{session.ErrSession, auth.ErrDenied, storage.ErrNotFound, storage.ErrInvalid} {
						require.NotErrorIs(t, err, one, "%s, at %d", name, n)
					}
					if what != "is not heard of" {
						require.True(t, reflect.DeepEqual(before, dump()), "%s, at %d: nothing was done (%v)", name, n, err)
					}
				}
			}
		})
	}
}
