// SPDX-License-Identifier: BSD-3-Clause

package account_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/password"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
)

// S40: what rests on a password that was shown is given before it is changed, or
// not at all.
func TestS40NothingOutlivesThePassword(t *testing.T) {
	t.Parallel()
	reset := func(w *world) { require.NoError(w.t, w.reset(w.forgot("maria.rossi"))) }
	for what, c := range map[string]struct {
		ends func(w *world)
		want error
	}{
		"nothing": {func(*world) {}, nil},
		"a reset": {reset, session.ErrSession},
		"a change": {func(w *world) {
			require.NoError(w.t, w.ChangePassword(ctx, auth.Actor{User: w.last}, account.PasswordChange{Old: good, New: other}))
		}, session.ErrSession},
		"a disabled person": {func(w *world) { require.NoError(w.t, w.Disable(ctx, auth.Actor{}, w.last)) }, session.ErrSession},
		"a reset that was undone": {func(w *world) {
			reset(w)
			require.NoError(w.t, w.ChangePassword(ctx, auth.Actor{User: w.last}, account.PasswordChange{Old: other, New: good}))
		}, session.ErrSession},
	} {
		w := newWorld(t)
		maria := w.join("maria.rossi")
		e, err := w.signIn("maria.rossi", good)
		require.NoError(t, err)
		secret, open, err := w.sess.Start(ctx, session.NewSession{User: e.User, Still: e.Still()})
		require.NoError(t, err)
		c.ends(w)
		_, _, err = w.sess.Start(ctx, session.NewSession{User: e.User, Still: e.Still()})
		require.ErrorIs(t, err, c.want, what)
		_, _, err = w.sess.Issue(ctx, maria, session.NewToken{Name: "n", Scopes: []auth.Action{"forum.read"}, Ends: w.clock().Add(time.Hour), Still: open.Still()})
		require.ErrorIs(t, err, c.want, what)
		_, _, err = w.sess.Check(ctx, secret)
		require.ErrorIs(t, err, c.want, what)
		x, err := w.sess.Export(ctx, maria.User)
		require.NoError(t, err)
		require.Equal(t, c.want == nil, len(x.Sessions)+len(x.Tokens) > 0, what)
	}
}

// The same of what is given a moment before, while it is written.
func TestS40MeanwhileIsTooLate(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		change storage.Change
		want   error
		do     func(w *world, maria auth.Actor) func() error
		left   func(w *world, maria auth.Actor) int
	}{
		"a second step": {account.Unchanged{}, account.ErrSignIn, func(w *world, maria auth.Actor) func() error {
			w.withFactor(maria)
			return func() error { return second(w.signIn("maria.rossi", good)) }
		}, func(w *world, maria auth.Actor) int { return 0 }},
		"an identity": {account.InsertIdentity{}, account.ErrSignIn, func(w *world, maria auth.Actor) func() error {
			pending := w.pending(spid("1"))
			return func() error { return w.LinkIdentity(ctx, maria, pending) }
		}, func(w *world, maria auth.Actor) int {
			all, err := w.store.Accounts().Identities(ctx, maria.User)
			require.NoError(w.t, err)
			return len(all)
		}},
		"a factor": {account.PutFactor{}, account.ErrSignIn, func(w *world, maria auth.Actor) func() error {
			return func() error { return second(w.Enrol(ctx, maria, account.Proof{Password: good})) }
		}, factors},
		"the code of a factor that was begun before": {account.PutRecovery{}, storage.ErrNotFound, func(w *world, maria auth.Actor) func() error {
			e, err := w.Enrol(ctx, maria, account.Proof{Password: good})
			require.NoError(w.t, err)
			return func() error { return second(w.Confirm(ctx, maria, account.Proof{Code: w.code(e)})) }
		}, factors},
	} {
		f := &failing{}
		w := newWorld(t, func(cfg *account.Config) { f.Store, cfg.Store = cfg.Store, f })
		maria := w.join("maria.rossi")
		do, link := c.do(w, maria), w.forgot("maria.rossi")
		f.before = map[string]func(storage.Change){c.change.Change(): func(storage.Change) { require.NoError(t, w.reset(link)) }}
		require.ErrorIs(t, do(), c.want, what)
		require.Empty(t, f.before, "%s: it was written", what)
		require.Zero(t, c.left(w, maria), what)
	}
}

// factors is how many a person has, in force or not.
func factors(w *world, who auth.Actor) int {
	if _, err := w.store.Accounts().Factor(ctx, who.User); err != nil {
		require.ErrorIs(w.t, err, storage.ErrNotFound)
		return 0
	}
	return 1
}

// Whoever has no password to show has signed in of late, and is signed in still.
func TestRecent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *account.Config) { c.Recent = 5 * time.Minute })
	id, err := w.SignUp(ctx, account.NewAccount{Name: "maria.rossi", Pending: w.pending(spid("1"))})
	require.NoError(t, err)
	maria := auth.Actor{User: id}
	_, s, err := w.sess.Start(ctx, session.NewSession{User: id})
	require.NoError(t, err)
	recent := account.Recent{At: s.Proved, Still: s.Still()}
	all := func(in account.Recent) map[string]error {
		out := map[string]error{}
		_, out["link"] = w.Service.LinkIdentity(ctx, maria, account.NewIdentity{Pending: w.pending(spid("2")), Proof: account.Proof{Recent: in}})
		out["address"] = w.Service.ChangeAddress(ctx, maria, account.AddressChange{Address: "m@altro.example", Recent: in})
		_, out["enrol"] = w.Enrol(ctx, maria, account.Proof{Recent: in})
		_, out["password"] = w.Service.ChangePassword(ctx, maria, account.PasswordChange{New: good, Recent: in})
		return out
	}
	refused := func(in account.Recent, what string) {
		t.Helper()
		for do, err := range all(in) {
			var denied *auth.Denied
			require.ErrorAs(t, err, &denied, "%s: %s", what, do)
			require.Equal(t, account.ReasonStale, denied.Reason, "%s: %s", what, do)
		}
	}
	refused(account.Recent{}, "nothing is said of it")
	refused(account.Recent{At: w.clock().Add(time.Second)}, "not yet")
	refused(account.Recent{At: s.Proved, Still: []storage.Change{session.HoldSession{ID: storage.NewID[session.Session]()}}}, "signed out")
	w.later(5 * time.Minute)
	refused(recent, "too long ago")
	w.later(-time.Second)
	for do, err := range all(recent) {
		require.NoError(t, err, do)
	}
	// And whoever has one shows it.
	require.ErrorIs(t, second(w.Service.LinkIdentity(ctx, maria, account.NewIdentity{Pending: w.pending(spid("3")), Proof: account.Proof{Recent: w.recent()}})), account.ErrSignIn)
}

// A link proves an address to be that of the account it was sent for, and to
// nobody else.
func TestVerifyIsItsOwners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.join("luca.verdi")
	thief, err := w.SignUp(ctx, account.NewAccount{Name: "maria.rossi", Address: "vittima@comune.example", Password: good})
	require.NoError(t, err)
	link := w.mail(account.SendVerify).Secret
	for _, who := range []auth.Actor{auth.Visitor, owner} {
		require.True(t, in(second(w.Service.Verify(ctx, who, link)), auth.ErrDenied, account.ErrToken))
	}
	x, err := w.Export(ctx, thief)
	require.NoError(t, err)
	require.False(t, x.Verified)
	e, err := w.Service.Verify(ctx, auth.Actor{User: thief, Level: auth.LevelLow}, link)
	require.NoError(t, err, "it was not used up")
	require.Equal(t, account.Entry{User: thief, Level: auth.LevelLow, Version: 2}, e)
}

// However often somebody signs up with an address, it gets few letters.
func TestSignUpMailsAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *account.Config) { c.Mail = account.Tries{Free: 2} })
	up := func(name string) error {
		return second(w.SignUp(ctx, account.NewAccount{Name: name, Address: "Vittima@comune.example", Password: good}))
	}
	require.NoError(t, up("primo.uno"))
	require.Error(t, up("primo.uno"), "the name is taken, and nothing was sent")
	require.NoError(t, up("secondo.due"))
	require.ErrorIs(t, up("terzo.tre"), auth.ErrLimited)
	require.Len(t, w.sent, 2)
	w.later(time.Minute)
	require.NoError(t, up("terzo.tre"))
}

// A username that could be a domain is no link in what is sent.
func TestNameIsNoLink(t *testing.T) {
	t.Parallel()
	var got string
	w := newWorld(t, func(c *account.Config) {
		send := c.Send
		c.Send = func(c2 context.Context, m account.Message) { got = m.Name; send(c2, m) }
	})
	w.join("www.premio.example")
	require.Equal(t, "www.\u2060premio.\u2060example", got)
	e, err := w.signIn(got, good)
	require.NoError(t, err, "and as it stands there it signs in")
	require.False(t, e.User.IsZero())
}

// What a try comes to is not spoilt because it cannot be taken back.
func TestThrottleSpoilsNothing(t *testing.T) {
	t.Parallel()
	f := &failing{}
	w := newWorld(t, func(c *account.Config) { f.Store, c.Store = c.Store, f })
	maria := w.join("maria.rossi")
	code, _ := w.withFactor(maria)
	secret := w.second("maria.rossi")
	f.fail = "Apply[account.DropAttempts]"
	e, err := w.SecondStep(ctx, account.Code{Second: secret, Code: code()})
	require.NoError(t, err)
	require.Equal(t, maria.User, e.User)
	w.later(30 * time.Second)
	codes, err := w.NewRecovery(ctx, maria, account.Proof{Password: good, Code: code()})
	require.NoError(t, err)
	require.Len(t, codes, account.RecoveryCodes)
	require.NoError(t, w.ChangePassword(ctx, maria, account.PasswordChange{Old: good, New: other}))
	require.Contains(t, f.calls, f.fail)
}

// A service without what ends sessions is none.
func TestNewNeedsEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.PanicsWithValue(t, "account: nil Ends: sessions would outlive a new password", func() {
		account.New(account.Config{Store: w.store.Accounts(), Passwords: password.New(password.Config{})})
	})
}

// What is pending of nobody is forgotten when it is over.
func TestForgetLoose(t *testing.T) {
	t.Parallel()
	f := &failing{}
	w := newWorld(t, func(c *account.Config) { f.Store, c.Store = c.Store, f })
	var tok account.Token
	f.before = map[string]func(storage.Change){account.PutToken{}.Change(): func(c storage.Change) { tok = c.(account.PutToken).Token }}
	w.pending(spid("1"))
	require.NoError(t, w.Forget(ctx))
	_, err := w.store.Accounts().Token(ctx, tok.ID)
	require.NoError(t, err)
	w.later(15*time.Minute + time.Microsecond)
	require.NoError(t, w.Forget(ctx))
	_, err = w.store.Accounts().Token(ctx, tok.ID)
	require.ErrorIs(t, err, storage.ErrNotFound)
}
