// SPDX-License-Identifier: BSD-3-Clause

package account_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/password"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

const (
	good  = "tre gatti sul tetto" // a password that may be the only factor
	other = "due cani nel cortile"
	short = "zq7 kumquat" // one that may not
)

var ctx = context.Background()

// world is a service of accounts over memory, what it sends, and a clock.
type world struct {
	*account.Service
	t     testing.TB
	store memory.Store
	sess  *session.Service

	mu    sync.Mutex
	now   time.Time
	sent  []account.Message
	links map[string]auth.UserID // whose secrets were sent
	last  auth.UserID            // who was sent one
}

// newWorld begins on a fixed day. The configuration may be changed before.
func newWorld(t testing.TB, change ...func(*account.Config)) *world {
	w := &world{t: t, store: memory.New(), links: map[string]auth.UserID{}, now: time.Date(2026, 9, 1, 9, 0, 0, 0, time.UTC)}
	cfg := account.Config{
		Store: w.store.Accounts(), Passwords: password.New(password.Config{MemoryKiB: 8, Time: 1}), Auth: auth.AllowAll{}, Clock: w.clock,
		Send: func(_ context.Context, m account.Message) {
			w.mu.Lock()
			defer w.mu.Unlock()
			m.Name = strings.ReplaceAll(m.Name, "\u2060", "")
			w.sent = append(w.sent, m)
			if raw, err := base64.RawURLEncoding.DecodeString(m.Secret); err == nil && len(raw) > 16 {
				if tok, err := w.store.Accounts().Token(ctx, [16]byte(raw)); err == nil {
					w.last = tok.User
					w.links[m.Secret] = tok.User
				}
			}
		},
		Ends: session.Ends,
		Key:  []byte("0123456789abcdef0123456789abcdef"),
	}
	for _, c := range change {
		c(&cfg)
	}
	w.Service = account.New(cfg)
	w.sess = session.New(session.Config{Store: w.store.Sessions(), Clock: w.clock, MayAct: w.MayAct, Scopes: []auth.Action{"forum.read"}})
	return w
}

// recent says that somebody has just signed in.
func (w *world) recent() account.Recent { return account.Recent{At: w.clock()} }

// Verify is that of whoever the link was sent for.
func (w *world) Verify(ctx context.Context, secret string) (auth.UserID, error) {
	w.mu.Lock()
	who, ok := w.links[secret]
	if !ok {
		who = w.last
	}
	w.mu.Unlock()
	e, err := w.Service.Verify(ctx, auth.Actor{User: who}, secret)
	return e.User, err
}

// ChangePassword is that of somebody who has just signed in, and so are the
// others.
func (w *world) ChangePassword(ctx context.Context, who auth.Actor, in account.PasswordChange) error {
	in.Recent = w.recent()
	return second(w.Service.ChangePassword(ctx, who, in))
}

func (w *world) LinkIdentity(ctx context.Context, who auth.Actor, pending string) error {
	return second(w.Service.LinkIdentity(ctx, who, account.NewIdentity{Pending: pending, Proof: account.Proof{Password: good, Recent: w.recent()}}))
}

func (w *world) UnlinkIdentity(ctx context.Context, who auth.Actor, issuer, subject string) error {
	return second(w.Service.UnlinkIdentity(ctx, who, issuer, subject))
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) later(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// mail returns the last message of a kind, which must be there, and forgets all.
func (w *world) mail(kind account.MessageKind) account.Message {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	i := len(w.sent) - 1
	for i >= 0 && w.sent[i].Kind != kind {
		i--
	}
	require.GreaterOrEqual(w.t, i, 0, "no message of kind %d among %v", kind, w.sent)
	m := w.sent[i]
	w.sent = nil
	return m
}

func (w *world) silent() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Empty(w.t, w.sent)
}

// join signs somebody up and verifies their address.
func (w *world) join(name string) auth.Actor {
	w.t.Helper()
	id, err := w.SignUp(ctx, account.NewAccount{Name: name, Address: name + "@comune.example", Password: good, Agreed: w.Terms()})
	require.NoError(w.t, err)
	_, err = w.Verify(ctx, w.mail(account.SendVerify).Secret)
	require.NoError(w.t, err)
	return auth.Actor{User: id}
}

// withFactor gives somebody a second factor.
func (w *world) withFactor(who auth.Actor) (code func() string, recovery []string) {
	w.t.Helper()
	e, err := w.Enrol(ctx, who, account.Proof{Password: good})
	require.NoError(w.t, err)
	code = func() string { return w.code(e) }
	recovery, err = w.Confirm(ctx, who, account.Proof{Code: code()})
	require.NoError(w.t, err)
	w.later(30 * time.Second)
	w.mail(account.SendFactor)
	return code, recovery
}

func (w *world) signIn(name, pw string) (account.Entry, error) {
	return w.SignIn(ctx, account.Credentials{Name: name, Password: pw})
}

// session starts one, and returns what says whether it is still open.
func (w *world) session(who auth.Actor) func() error {
	w.t.Helper()
	secret, _, err := w.sess.Start(ctx, session.NewSession{User: who.User})
	require.NoError(w.t, err)
	return func() error {
		_, _, err := w.sess.Check(ctx, secret)
		return err
	}
}

// second is the secret of somebody with a factor who has shown their password.
func (w *world) second(name string) string {
	w.t.Helper()
	e, err := w.signIn(name, good)
	require.NoError(w.t, err)
	require.NotEmpty(w.t, e.Second)
	require.True(w.t, e.User.IsZero(), "not in yet")
	return e.Second
}

// in reports whether an error is any of those.
func in(err error, any ...error) bool {
	return slices.ContainsFunc(any, func(a error) bool { return errors.Is(err, a) })
}

// race runs fn many times at once and returns how often it succeeded; the
// others must be refused with one of the errors.
func race(t testing.TB, n int, fn func(i int) error, refused ...error) (won int) {
	t.Helper()
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	all.Wait()
	for _, err := range errs {
		if err == nil {
			won++
		} else if !in(err, refused...) {
			t.Errorf("refused with %v", err)
		}
	}
	return won
}

// failing is a store whose reads and writes fail on demand, which notes its
// calls, and where something may happen just before a change is made.
type failing struct {
	account.Store
	calls  []string
	fail   string
	before map[string]func(storage.Change) // by name of the change; once
}

func (f *failing) note(call string) error {
	f.calls = append(f.calls, call)
	if f.fail == call {
		return errBroken
	}
	return nil
}

var errBroken = errors.New("broken")

func (f *failing) Apply(ctx context.Context, changes ...storage.Change) error {
	names := make([]string, len(changes))
	for i, c := range changes {
		names[i] = c.Change()
		if fn, ok := f.before[names[i]]; ok {
			delete(f.before, names[i])
			fn(c)
		}
	}
	if err := f.note(fmt.Sprint("Apply", names)); err != nil {
		return err
	}
	return f.Store.Apply(ctx, changes...)
}

func (f *failing) Account(ctx context.Context, id auth.UserID) (account.Account, error) {
	if err := f.note("Account"); err != nil {
		return account.Account{}, err
	}
	return f.Store.Account(ctx, id)
}

func (f *failing) Handle(ctx context.Context, h account.Handle) (account.Account, error) {
	if err := f.note("Handle"); err != nil {
		return account.Account{}, err
	}
	return f.Store.Handle(ctx, h)
}

func (f *failing) Mailbox(ctx context.Context, m account.Mailbox) (account.Account, error) {
	if err := f.note("Mailbox"); err != nil {
		return account.Account{}, err
	}
	return f.Store.Mailbox(ctx, m)
}

func (f *failing) Attempts(ctx context.Context, keys [][16]byte) ([]account.Attempts, error) {
	if err := f.note("Attempts"); err != nil {
		return nil, err
	}
	return f.Store.Attempts(ctx, keys)
}

func (f *failing) Factor(ctx context.Context, user auth.UserID) (account.Factor, error) {
	if err := f.note("Factor"); err != nil {
		return account.Factor{}, err
	}
	return f.Store.Factor(ctx, user)
}
