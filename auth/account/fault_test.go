// SPDX-License-Identifier: BSD-3-Clause

package account_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/storage"
)

// A fault is what becomes of the one call of a store, and what was written
// besides what is counted.
type fault struct {
	at, calls int                           // counted from 1; at 0: none
	strike    func(call func() error) error // instead of that call
	count     bool                          // it was one of what counts tries
	wrote     []string
}

func (f *fault) call(counts bool, call func() error) error {
	if f.calls++; f.calls == f.at {
		f.count = counts
		return f.strike(call)
	}
	return call()
}

// faulty is a store with a fault. It embeds nothing, so that a method that is
// new cannot pass by.
type faulty struct {
	s account.Store
	f *fault
}

var _ account.Store = faulty{}

func ask[V any](x faulty, call func() (V, error)) (v V, err error) {
	err = x.f.call(false, func() (err error) { v, err = call(); return err })
	if err != nil {
		v = *new(V)
	}
	return v, err
}

func (x faulty) Atomic(ctx context.Context, fn func(context.Context, account.Store) error) error {
	return x.f.call(false, func() error {
		return x.s.Atomic(ctx, func(ctx context.Context, tx account.Store) error { return fn(ctx, faulty{tx, x.f}) })
	})
}

func (x faulty) Apply(ctx context.Context, changes ...storage.Change) error {
	var names []string
	for _, c := range changes {
		switch c.(type) {
		case account.PutAttempts, account.DropAttempts:
		default:
			names = append(names, c.Change())
		}
	}
	return x.f.call(names == nil, func() error {
		err := x.s.Apply(ctx, changes...)
		if err == nil {
			x.f.wrote = append(x.f.wrote, names...)
		}
		return err
	})
}

func (x faulty) Done(ctx context.Context, owner uuid.UUID, key string) (uuid.UUID, error) {
	return ask(x, func() (uuid.UUID, error) { return x.s.Done(ctx, owner, key) })
}

func (x faulty) Account(ctx context.Context, id auth.UserID) (account.Account, error) {
	return ask(x, func() (account.Account, error) { return x.s.Account(ctx, id) })
}

func (x faulty) Handle(ctx context.Context, h account.Handle) (account.Account, error) {
	return ask(x, func() (account.Account, error) { return x.s.Handle(ctx, h) })
}

func (x faulty) Mailbox(ctx context.Context, m account.Mailbox) (account.Account, error) {
	return ask(x, func() (account.Account, error) { return x.s.Mailbox(ctx, m) })
}

func (x faulty) Handles(ctx context.Context, h []account.Handle) (map[account.Handle]auth.UserID, error) {
	return ask(x, func() (map[account.Handle]auth.UserID, error) { return x.s.Handles(ctx, h) })
}

func (x faulty) Names(ctx context.Context, ids []auth.UserID) (map[auth.UserID]string, error) {
	return ask(x, func() (map[auth.UserID]string, error) { return x.s.Names(ctx, ids) })
}

func (x faulty) Token(ctx context.Context, id [16]byte) (account.Token, error) {
	return ask(x, func() (account.Token, error) { return x.s.Token(ctx, id) })
}

func (x faulty) Factor(ctx context.Context, user auth.UserID) (account.Factor, error) {
	return ask(x, func() (account.Factor, error) { return x.s.Factor(ctx, user) })
}

func (x faulty) Recovery(ctx context.Context, user auth.UserID) (int, error) {
	return ask(x, func() (int, error) { return x.s.Recovery(ctx, user) })
}

func (x faulty) Identity(ctx context.Context, issuer, subject string) (account.Identity, error) {
	return ask(x, func() (account.Identity, error) { return x.s.Identity(ctx, issuer, subject) })
}

func (x faulty) Identities(ctx context.Context, user auth.UserID) ([]account.Identity, error) {
	return ask(x, func() ([]account.Identity, error) { return x.s.Identities(ctx, user) })
}

func (x faulty) Fiscal(ctx context.Context, hmac [32]byte) ([]account.Identity, error) {
	return ask(x, func() ([]account.Identity, error) { return x.s.Fiscal(ctx, hmac) })
}

func (x faulty) Consents(ctx context.Context, user auth.UserID) ([]account.Consent, error) {
	return ask(x, func() ([]account.Consent, error) { return x.s.Consents(ctx, user) })
}

func (x faulty) Attempts(ctx context.Context, keys [][16]byte) (a []account.Attempts, err error) {
	err = x.f.call(true, func() (err error) { a, err = x.s.Attempts(ctx, keys); return err })
	return a, err
}

// calls are all that a service of accounts is asked. What comes before a call is
// done in a store without faults.
var calls = map[string]func(w *world, maria auth.Actor) func(context.Context) error{
	"SignUp": func(w *world, _ auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error {
			return second(w.SignUp(ctx, account.NewAccount{Name: "luca.verdi", Address: "luca@comune.example", Password: good, Agreed: w.Terms(), Source: "192.0.2.1"}))
		}
	},
	"SignUp by an identity": func(w *world, _ auth.Actor) func(context.Context) error {
		secret := w.pending(spid("1"))
		return func(ctx context.Context) error {
			return second(w.SignUp(ctx, account.NewAccount{Name: "luca.verdi", Pending: secret, Agreed: w.Terms()}))
		}
	},
	"SignIn": func(w *world, _ auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error {
			return second(w.SignIn(ctx, account.Credentials{Name: "maria.rossi", Password: good, Source: "192.0.2.1"}))
		}
	},
	"SignIn by address": func(w *world, _ auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error {
			return second(w.SignIn(ctx, account.Credentials{Name: "maria.rossi@comune.example", Password: good}))
		}
	},
	"SignIn with a factor": func(w *world, maria auth.Actor) func(context.Context) error {
		w.withFactor(maria)
		return func(ctx context.Context) error {
			return second(w.SignIn(ctx, account.Credentials{Name: "maria.rossi", Password: good}))
		}
	},
	"SignInExternal": func(w *world, maria auth.Actor) func(context.Context) error {
		require.NoError(w.t, w.LinkIdentity(ctx, maria, w.pending(spid("1"))))
		return func(ctx context.Context) error { return second(w.SignInExternal(ctx, spid("1"))) }
	},
	"SignInExternal of nobody": func(w *world, _ auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error { return second(w.SignInExternal(ctx, spid("1"))) }
	},
	"SecondStep": func(w *world, maria auth.Actor) func(context.Context) error {
		code, _ := w.withFactor(maria)
		in := account.Code{Second: w.second("maria.rossi"), Code: code(), Source: "192.0.2.1"}
		return func(ctx context.Context) error { return second(w.SecondStep(ctx, in)) }
	},
	"SecondStep by a recovery code": func(w *world, maria auth.Actor) func(context.Context) error {
		_, recovery := w.withFactor(maria)
		in := account.Code{Second: w.second("maria.rossi"), Code: recovery[0]}
		return func(ctx context.Context) error { return second(w.SecondStep(ctx, in)) }
	},
	"Enrol": func(w *world, maria auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error { return second(w.Enrol(ctx, maria, account.Proof{Password: good})) }
	},
	"Confirm": func(w *world, maria auth.Actor) func(context.Context) error {
		e, err := w.Enrol(ctx, maria, account.Proof{Password: good})
		require.NoError(w.t, err)
		code := w.code(e)
		return func(ctx context.Context) error { return second(w.Confirm(ctx, maria, account.Proof{Code: code})) }
	},
	"NewRecovery": func(w *world, maria auth.Actor) func(context.Context) error {
		code, _ := w.withFactor(maria)
		in := account.Proof{Password: good, Code: code(), Source: "192.0.2.1"}
		return func(ctx context.Context) error { return second(w.NewRecovery(ctx, maria, in)) }
	},
	"RemoveFactor": func(w *world, maria auth.Actor) func(context.Context) error {
		code, _ := w.withFactor(maria)
		in := account.Proof{Password: good, Code: code()}
		return func(ctx context.Context) error { return w.RemoveFactor(ctx, maria, in) }
	},
	"LinkIdentity": func(w *world, maria auth.Actor) func(context.Context) error {
		secret := w.pending(spid("1"))
		return func(ctx context.Context) error { return w.LinkIdentity(ctx, maria, secret) }
	},
	"UnlinkIdentity": func(w *world, maria auth.Actor) func(context.Context) error {
		require.NoError(w.t, w.LinkIdentity(ctx, maria, w.pending(spid("1"))))
		return func(ctx context.Context) error { return w.UnlinkIdentity(ctx, maria, spid("1").Issuer, "1") }
	},
	"RequestVerify": func(w *world, _ auth.Actor) func(context.Context) error {
		id, err := w.SignUp(ctx, account.NewAccount{Name: "luca.verdi", Address: "luca@comune.example", Password: good, Agreed: w.Terms()})
		require.NoError(w.t, err)
		return func(ctx context.Context) error { return w.RequestVerify(ctx, auth.Actor{User: id}) }
	},
	"Verify": func(w *world, _ auth.Actor) func(context.Context) error {
		_, err := w.SignUp(ctx, account.NewAccount{Name: "luca.verdi", Address: "luca@comune.example", Password: good, Agreed: w.Terms()})
		require.NoError(w.t, err)
		secret := w.mail(account.SendVerify).Secret
		return func(ctx context.Context) error { return second(w.Verify(ctx, secret)) }
	},
	"Verify another address": func(w *world, maria auth.Actor) func(context.Context) error {
		require.NoError(w.t, w.ChangeAddress(ctx, maria, account.AddressChange{Address: "maria@altro.example", Password: good}))
		secret := w.mail(account.SendChange).Secret
		return func(ctx context.Context) error { return second(w.Verify(ctx, secret)) }
	},
	"ChangeAddress": func(w *world, maria auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error {
			return w.ChangeAddress(ctx, maria, account.AddressChange{Address: "maria@altro.example", Password: good})
		}
	},
	"RequestReset": func(w *world, _ auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error { return w.RequestReset(ctx, "maria.rossi@comune.example", "192.0.2.1") }
	},
	"Reset": func(w *world, _ auth.Actor) func(context.Context) error {
		in := account.NewPassword{Secret: w.forgot("maria.rossi"), Password: other}
		return func(ctx context.Context) error { return w.Reset(ctx, in) }
	},
	"ChangePassword": func(w *world, maria auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error {
			return w.ChangePassword(ctx, maria, account.PasswordChange{Old: good, New: other})
		}
	},
	"ChangePassword to a short one": func(w *world, maria auth.Actor) func(context.Context) error {
		w.withFactor(maria)
		return func(ctx context.Context) error {
			return w.ChangePassword(ctx, maria, account.PasswordChange{Old: good, New: short})
		}
	},
	"Rename": func(w *world, maria auth.Actor) func(context.Context) error {
		w.later(account.NameKept)
		return func(ctx context.Context) error { return w.Rename(ctx, maria, "maria.bianchi") }
	},
	"Agree": func(w *world, maria auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error { return w.Agree(ctx, maria, w.Terms()...) }
	},
	"Owed": func(w *world, maria auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error { return second(w.Owed(ctx, maria.User)) }
	},
	"Disable": func(w *world, maria auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error { return w.Disable(ctx, auth.Actor{}, maria.User) }
	},
	"Enable": func(w *world, maria auth.Actor) func(context.Context) error {
		require.NoError(w.t, w.Disable(ctx, auth.Actor{}, maria.User))
		return func(ctx context.Context) error { return w.Enable(ctx, auth.Actor{}, maria.User) }
	},
	"MayAct": func(w *world, maria auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error { return w.MayAct(ctx, maria.User) }
	},
	"Mailboxes": func(w *world, maria auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error { return second(w.Mailboxes(ctx, maria.User)) }
	},
	"Named": func(w *world, _ auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error { return second(w.Named(ctx, []string{"maria.rossi"})) }
	},
	"Names": func(w *world, maria auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error { return second(w.Names(ctx, []auth.UserID{maria.User})) }
	},
	"Export": func(w *world, maria auth.Actor) func(context.Context) error {
		w.withFactor(maria)
		return func(ctx context.Context) error { return second(w.Export(ctx, maria.User)) }
	},
	"Erase": func(w *world, maria auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error { return w.Erase(ctx, maria.User) }
	},
	"Forget": func(w *world, _ auth.Actor) func(context.Context) error {
		return func(ctx context.Context) error { return w.Forget(ctx) }
	},
}

// Whatever call of a store fails, and however, a caller who is told that all is
// well has all, and one who is told otherwise has nothing; nobody is sent what
// is not true. Only the tries that are counted may have counted too much.
func TestTroubleOfTheStore(t *testing.T) {
	t.Parallel()
	service := reflect.TypeFor[*account.Service]()
	for i := range service.NumMethod() {
		name := service.Method(i).Name
		asked := func(call string) bool { return call == name || strings.HasPrefix(call, name+" ") }
		names := make([]string, 0, len(calls))
		for call := range calls {
			names = append(names, call)
		}
		require.True(t, name == "Terms" || slices.ContainsFunc(names, asked), "%s is not asked", name) // Terms reads nothing
	}
	for what, strike := range map[string]func(cancel func()) func(call func() error) error{
		"fails": func(func()) func(func() error) error { return func(func() error) error { return errBroken } },
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
			for name, prepare := range calls {
				var whole []string // what is written without a fault
				for n := 0; ; n++ {
					f := &fault{}
					w := newWorld(t, func(cfg *account.Config) {
						cfg.Store = faulty{cfg.Store, f}
						cfg.Terms = []account.Document{{Name: "terms", Edition: "1"}}
						cfg.Mail = account.Tries{Free: 100}
					})
					w.t = t
					do := prepare(w, w.join("maria.rossi"))
					w.sent = nil
					stopped, cancel := context.WithCancel(ctx)
					*f = fault{at: n, strike: strike(cancel)}
					err := do(stopped)
					cancel()
					if n == 0 {
						require.NoError(t, err, name)
						whole = f.wrote
						continue
					}
					if f.calls < n {
						break // it was not called so often
					}
					if err == nil {
						require.Equal(t, whole, f.wrote, "%s, at %d: all was done", name, n)
						require.True(t, f.count || what == "is stopped after", "%s, at %d: it must be told", name, n)
						continue
					}
					for _, one := range []error{auth.ErrDenied, storage.ErrNotFound, account.ErrSignIn, account.ErrToken, storage.ErrInvalid, auth.ErrLimited} {
						require.NotErrorIs(t, err, one, "%s, at %d", name, n)
					}
					require.Empty(t, w.sent, "%s, at %d", name, n)
					if what == "is not heard of" {
						require.ErrorIs(t, err, storage.ErrUnknown, "%s, at %d", name, n)
					} else {
						require.Empty(t, f.wrote, "%s, at %d: nothing was done (%v)", name, n, err)
					}
				}
			}
		})
	}
}
