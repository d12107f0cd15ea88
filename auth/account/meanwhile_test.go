// SPDX-License-Identifier: BSD-3-Clause

package account_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/storage"
)

// What is decided is decided again, or refused, where what it rested on moved
// between looking and writing.
func TestMeanwhile(t *testing.T) {
	t.Parallel()
	useUp := func(s account.Store) func(storage.Change) {
		return func(c storage.Change) { _ = s.Apply(ctx, c) }
	}
	bump := func(s account.Store) func(storage.Change) { // somebody changes the account
		return func(c storage.Change) {
			a, err := s.Account(ctx, c.(account.UpdateAccount).Account.User)
			if err == nil {
				_ = s.Apply(ctx, account.UpdateAccount{Account: a})
			}
		}
	}
	disable := func(s account.Store) func(storage.Change) { // and nothing else, so that only the version tells
		return func(storage.Change) {
			a, err := s.Handle(ctx, account.HandleOf("maria.rossi"))
			a.Disabled = true
			if err == nil {
				_ = s.Apply(ctx, account.UpdateAccount{Account: a})
			}
		}
	}
	another := func(s account.Store) func(storage.Change) { // somebody chooses another password
		return func(c storage.Change) {
			a, err := s.Account(ctx, c.(account.UpdateAccount).Account.User)
			a.Password = "another"
			if err == nil {
				_ = s.Apply(ctx, account.UpdateAccount{Account: a})
			}
		}
	}
	for _, c := range []struct {
		what   string
		change storage.Change
		then   func(account.Store) func(storage.Change)
		want   error // nil: it is decided again, and succeeds
		do     func(w *world, maria auth.Actor) func() error
	}{
		{"a reset whose link is used", account.UseToken{}, useUp, account.ErrToken, func(w *world, maria auth.Actor) func() error {
			secret := w.forgot("maria.rossi")
			return func() error { return w.reset(secret) }
		}},
		{"a reset of a changed account", account.UpdateAccount{}, bump, nil, func(w *world, maria auth.Actor) func() error {
			secret := w.forgot("maria.rossi")
			return func() error { return w.reset(secret) }
		}},
		{"an address whose link is used", account.UseToken{}, useUp, account.ErrToken, func(w *world, maria auth.Actor) func() error {
			require.NoError(w.t, w.ChangeAddress(ctx, maria, account.AddressChange{Address: "maria@altro.example", Password: good}))
			secret := w.mail(account.SendChange).Secret
			return func() error { return second(w.Verify(ctx, secret)) }
		}},
		{"a second step that is made", account.UseToken{}, useUp, account.ErrToken, func(w *world, maria auth.Actor) func() error {
			code, _ := w.withFactor(maria)
			secret := w.second("maria.rossi")
			return func() error { return second(w.SecondStep(ctx, account.Code{Second: secret, Code: code()})) }
		}},
		{"a second step of an account that is disabled", account.UseToken{}, disable, account.ErrSignIn, func(w *world, maria auth.Actor) func() error {
			code, _ := w.withFactor(maria)
			secret := w.second("maria.rossi")
			return func() error { return second(w.SecondStep(ctx, account.Code{Second: secret, Code: code()})) }
		}},
		{"an identity of an account that is disabled", account.UseIdentity{}, disable, account.ErrSignIn, func(w *world, maria auth.Actor) func() error {
			require.NoError(w.t, w.LinkIdentity(ctx, maria, w.pending(spid("1"))))
			return func() error { return second(w.SignInExternal(ctx, spid("1"))) }
		}},
		{"a step that is taken", account.TakeStep{}, useUp, account.ErrSignIn, func(w *world, maria auth.Actor) func() error {
			code, _ := w.withFactor(maria)
			secret := w.second("maria.rossi")
			return func() error { return second(w.SecondStep(ctx, account.Code{Second: secret, Code: code()})) }
		}},
		{"a recovery code that is used", account.UseRecovery{}, useUp, account.ErrSignIn, func(w *world, maria auth.Actor) func() error {
			_, recovery := w.withFactor(maria)
			secret := w.second("maria.rossi")
			return func() error { return second(w.SecondStep(ctx, account.Code{Second: secret, Code: recovery[0]})) }
		}},
		{"new recovery codes for a used one", account.UseRecovery{}, useUp, account.ErrSignIn, func(w *world, maria auth.Actor) func() error {
			_, recovery := w.withFactor(maria)
			return func() error {
				return second(w.NewRecovery(ctx, maria, account.Proof{Password: good, Code: recovery[0]}))
			}
		}},
		{"a pending identity that is used", account.UseToken{}, useUp, account.ErrToken, func(w *world, maria auth.Actor) func() error {
			secret := w.pending(spid("1"))
			return func() error { return w.LinkIdentity(ctx, maria, secret) }
		}},
		{"a sign-up whose pending identity is used", account.UseToken{}, useUp, account.ErrToken, func(w *world, _ auth.Actor) func() error {
			secret := w.pending(spid("1"))
			return func() error {
				return second(w.SignUp(ctx, account.NewAccount{Name: "luca.verdi", Pending: secret}))
			}
		}},
		{"an identity that is unlinked", account.UseIdentity{}, func(s account.Store) func(storage.Change) {
			return func(c storage.Change) {
				id, err := s.Identity(ctx, c.(account.UseIdentity).Issuer, c.(account.UseIdentity).Subject)
				if err == nil {
					_ = s.Apply(ctx, account.DropIdentity{User: id.User, Issuer: id.Issuer, Subject: id.Subject})
				}
			}
		}, account.ErrSignIn, func(w *world, maria auth.Actor) func() error {
			require.NoError(w.t, w.LinkIdentity(ctx, maria, w.pending(spid("1"))))
			return func() error { return second(w.SignInExternal(ctx, spid("1"))) }
		}},
		{"an identity that is somebody else's by now", account.UseIdentity{}, func(s account.Store) func(storage.Change) {
			return func(c storage.Change) {
				use := c.(account.UseIdentity)
				id, err := s.Identity(ctx, use.Issuer, use.Subject)
				luca := account.Account{User: storage.NewID[auth.User](), Name: "luca.verdi", Version: 1}
				if err == nil { // with a hand in the database, as no call of ours would
					_ = s.Apply(ctx, account.DropIdentity{User: id.User, Issuer: id.Issuer, Subject: id.Subject}, account.InsertAccount{Account: luca},
						account.InsertIdentity{Identity: account.Identity{Issuer: id.Issuer, Subject: id.Subject, User: luca.User}})
				}
			}
		}, account.ErrSignIn, func(w *world, maria auth.Actor) func() error {
			require.NoError(w.t, w.LinkIdentity(ctx, maria, w.pending(spid("1"))))
			return func() error { return second(w.SignInExternal(ctx, spid("1"))) }
		}},
		{"a name that is taken", account.TakeName{}, func(s account.Store) func(storage.Change) {
			return func(c storage.Change) {
				a := account.Account{User: storage.NewID[auth.User](), Name: "x", Version: 1}
				_ = s.Apply(ctx, account.InsertAccount{Account: a}, account.TakeName{User: a.User, Handle: c.(account.TakeName).Handle})
			}
		}, storage.ErrInvalid, func(w *world, maria auth.Actor) func() error {
			w.later(account.NameKept)
			return func() error { return w.Rename(ctx, maria, "maria.bianchi") }
		}},
		{"a rename of a changed account", account.UpdateAccount{}, bump, nil, func(w *world, maria auth.Actor) func() error {
			w.later(account.NameKept)
			return func() error { return w.Rename(ctx, maria, "maria.bianchi") }
		}},
		{"a new address asked for with a password that is changed", account.UpdateAccount{}, another, account.ErrSignIn, func(w *world, maria auth.Actor) func() error {
			return func() error {
				return w.ChangeAddress(ctx, maria, account.AddressChange{Address: "maria@altro.example", Password: good})
			}
		}},
		{"a password that is changed", account.UpdateAccount{}, another, account.ErrSignIn, func(w *world, maria auth.Actor) func() error {
			return func() error { return w.ChangePassword(ctx, maria, account.PasswordChange{Old: good, New: other}) }
		}},
		{"a factor of a changed account", account.UpdateAccount{}, bump, nil, func(w *world, maria auth.Actor) func() error {
			return func() error { return second(w.Enrol(ctx, maria, account.Proof{Password: good})) }
		}},
		{"disabling a changed account", account.UpdateAccount{}, bump, nil, func(w *world, maria auth.Actor) func() error {
			return func() error { return w.Disable(ctx, auth.Actor{}, maria.User) }
		}},
	} {
		f := &failing{}
		w := newWorld(t, func(cfg *account.Config) { f.Store, cfg.Store = cfg.Store, f })
		do := c.do(w, w.join("maria.rossi"))
		f.before = map[string]func(storage.Change){c.change.Change(): c.then(w.store.Accounts())}
		err := do()
		require.Empty(t, f.before, "%s: it was written", c.what)
		if c.want == nil {
			require.NoError(t, err, c.what)
		} else {
			require.ErrorIs(t, err, c.want, c.what)
		}
	}
}

// A password that is changed while it is looked at lets nobody in.
func TestSignInMeanwhile(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(a *account.Account){
		"changed":  func(a *account.Account) { a.Password = "" },
		"disabled": func(a *account.Account) { a.Disabled = true },
	} {
		p := &slow{}
		w := newWorld(t, func(c *account.Config) { p.Passwords, c.Passwords = c.Passwords, p })
		maria := w.join("maria.rossi")
		p.meanwhile = func() {
			a, err := w.store.Accounts().Account(ctx, maria.User)
			require.NoError(t, err)
			change(&a)
			require.NoError(t, w.store.Accounts().Apply(ctx, account.UpdateAccount{Account: a}))
		}
		_, err := w.signIn("maria.rossi", good)
		require.ErrorIs(t, err, account.ErrSignIn, what)
	}
}

// slow does something once, while it verifies.
type slow struct {
	account.Passwords
	meanwhile func()
}

func (s *slow) Verify(c context.Context, hash, password string) (bool, bool, error) {
	right, again, err := s.Passwords.Verify(c, hash, password)
	if fn := s.meanwhile; fn != nil {
		s.meanwhile = nil
		fn()
	}
	return right, again, err
}

// Where many try at once, those who find no turn are told to wait.
func TestCrowdIsLimited(t *testing.T) {
	t.Parallel()
	f := &failing{}
	w := newWorld(t, func(c *account.Config) { f.Store, c.Store = c.Store, f })
	w.join("maria.rossi")
	f.before = map[string]func(storage.Change){}
	var again func(storage.Change)
	again = func(c storage.Change) {
		p := c.(account.PutAttempts)
		_ = f.Store.Apply(ctx, p)
		f.before[p.Change()] = again
	}
	again(account.PutAttempts{Attempts: account.Attempts{Key: [16]byte{1}, At: w.clock()}})
	_, err := w.signIn("maria.rossi", good)
	var limited *auth.Limited
	require.ErrorAs(t, err, &limited)
	require.Equal(t, time.Second, limited.After)
}

// Two changes that must not both be made are not, where the second looked
// before the first was written.
func TestMeanwhileOneStays(t *testing.T) {
	t.Parallel()
	f := &failing{}
	w := newWorld(t, func(c *account.Config) { f.Store, c.Store = c.Store, f })
	unlink := func(subject string) error {
		return w.UnlinkIdentity(ctx, auth.Actor{User: must(w.SignInExternal(ctx, spid("1"))).User}, "https://spid.example", subject)
	}
	id, err := w.SignUp(ctx, account.NewAccount{Name: "maria.rossi", Pending: w.pending(spid("1"))})
	require.NoError(t, err)
	require.NoError(t, w.LinkIdentity(ctx, auth.Actor{User: id}, w.pending(spid("2"))))
	f.before = map[string]func(storage.Change){account.DropIdentity{}.Change(): func(storage.Change) { require.NoError(t, unlink("2")) }}
	require.Equal(t, account.CodeOnlyOne, codeOf(unlink("1")), "the last way in stays")

	luca := w.join("luca.verdi")
	code, _ := w.withFactor(luca)
	now := code()
	f.before = map[string]func(storage.Change){account.DropFactor{}.Change(): func(storage.Change) {
		require.NoError(t, w.ChangePassword(ctx, luca, account.PasswordChange{Old: good, New: short}))
	}}
	require.ErrorIs(t, w.RemoveFactor(ctx, luca, account.Proof{Password: good, Code: now}), account.ErrSignIn)
	x, err := w.Export(ctx, luca.User)
	require.NoError(t, err)
	require.False(t, x.Factor.Since.IsZero(), "a short password keeps its factor")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
