// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
)

// The rules of accounts over the store: what many do at once with one secret.
var accountScenarios = []promise{
	{"S35/Disabled", "whoever is disabled gets in by no password, link or identity, and is out at once", false, accountDisabled},
	{"S36/Reset", "of 64 who use one link to reset a password at once one succeeds, also where another is sent", true, accountReset},
	{"S37/Verify", "of 64 accounts that prove one address at once one has it", true, accountVerify},
	{"S37/Link", "of 64 people who link one pending identity at once one has it", true, accountLink},
	{"S40/Outlive", "no session, token or second step that is asked for with a password outlives the end of that password, however many are asked for at once", true, accountOutlive},
	{"S41/Step", "of 64 who answer with one time step at once one gets in", true, accountStep},
	{"S41/Recovery", "of 64 who answer with one recovery code at once one gets in", true, accountRecovery},
	{"S73/SignUp", "of 64 who sign up with names that look alike one has it", true, accountSignUp},
	{"S74/Names", "a name stays taken when its owner has another, and when they are erased", false, accountRename},
}

// plain keeps passwords as they are: their cost is not what is looked at.
type plain struct{}

func (plain) Hash(_ context.Context, password string) (string, error) { return password, nil }
func (plain) Verify(_ context.Context, hash, password string) (bool, bool, error) {
	return hash == password && hash != "", false, nil
}
func (plain) Check(string, int, ...string) error { return nil }

// registry is a service of accounts that sends to itself.
type registry struct {
	*account.Service
	t *testing.T

	mu   sync.Mutex
	now  time.Time
	sent []account.Message
	made int
}

func newRegistry(t *testing.T, s community.Store) *registry {
	r := &registry{t: t, now: at(0)}
	r.Service = account.New(account.Config{
		Store: s.Accounts(), Passwords: plain{}, Auth: auth.AllowAll{}, Ends: session.Ends, Key: make([]byte, 32),
		Account: account.Tries{Free: 1 << 20}, Source: account.Tries{Free: 1 << 20}, Mail: account.Tries{Free: 1 << 20}, SignUps: account.Tries{Free: 1 << 20},
		Clock: func() time.Time {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.now
		},
		Send: func(_ context.Context, m account.Message) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.sent = append(r.sent, m)
		},
	})
	return r
}

func (r *registry) later(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

// secret returns that of the last message of a kind to an address.
func (r *registry) secret(kind account.MessageKind, to string) string {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range slices.Backward(r.sent) {
		if m.Kind == kind && m.To == to {
			return m.Secret
		}
	}
	r.t.Fatalf("nothing of kind %d was sent to %s", kind, to)
	return ""
}

// joins signs up somebody who has proved their address.
func (r *registry) joins() (auth.Actor, account.NewAccount) {
	r.t.Helper()
	r.made++
	in := account.NewAccount{Name: fmt.Sprintf("person%d", 1000+r.made), Password: "a password"}
	in.Address = in.Name + "@a.example"
	id := got(r.SignUp(ctx, in))(r.t)
	who := auth.Actor{User: id}
	same(r.t, got(r.Verify(ctx, who, r.secret(account.SendVerify, in.Address)))(r.t).User, id)
	return who, in
}

// links links a pending identity to somebody who has joined.
func (r *registry) links(who auth.Actor, pending string) error {
	_, err := r.LinkIdentity(ctx, who, account.NewIdentity{Pending: pending, Proof: account.Proof{Password: "a password"}})
	return err
}

// oneGetsIn is oneWins where there are several refusals.
func oneGetsIn(t *testing.T, round func() (do func(i int) error), refusals ...error) {
	t.Helper()
	for range rounds() {
		won := 0
		for i, err := range together(parallel, round()) {
			if err == nil {
				won++
			} else if !slices.ContainsFunc(refusals, func(r error) bool { return errors.Is(err, r) }) {
				t.Errorf("call %d of %d: %v", i, parallel, err)
			}
		}
		if won != 1 {
			t.Fatalf("%d succeeded of %d", won, parallel)
		}
	}
}

func accountReset(t *testing.T, s community.Store) {
	r := newRegistry(t, s)
	_, in := r.joins()
	oneGetsIn(t, func() func(int) error {
		r.later(24 * time.Hour)
		must(t, r.RequestReset(ctx, in.Address, ""))
		before := r.secret(account.SendReset, in.Address)
		must(t, r.RequestReset(ctx, in.Address, ""))
		secret := r.secret(account.SendReset, in.Address)
		return func(i int) error {
			if i%8 == 0 {
				return r.Reset(ctx, account.NewPassword{Secret: before, Password: "replaced"})
			}
			return r.Reset(ctx, account.NewPassword{Secret: secret, Password: "another password"})
		}
	}, account.ErrToken)
	got(r.SignIn(ctx, account.Credentials{Name: in.Name, Password: "another password"}))(t)
}

// accountOutlive has a password changed while many come in with it, and while
// who is in asks for tokens.
func accountOutlive(t *testing.T, s community.Store) {
	r := newRegistry(t, s)
	sessions := session.New(session.Config{Store: s.Sessions(), Clock: func() time.Time { return at(0) }, MayAct: r.MayAct, NeedStill: true, Scopes: []auth.Action{"forum.read"}})
	start := func(e account.Entry) (session.Session, error) {
		_, v, err := sessions.Start(ctx, session.NewSession{User: e.User, Still: e.Still()})
		return v, err
	}
	for range rounds() {
		who, in := r.joins()
		e := got(r.SignIn(ctx, account.Credentials{Name: in.Name, Password: in.Password}))(t)
		open := got(start(e))(t)
		for i, err := range together(parallel, func(i int) error {
			switch {
			case i == parallel/2:
				_, err := r.ChangePassword(ctx, who, account.PasswordChange{Old: in.Password, New: "another password"})
				return err
			case i%2 == 0:
				_, err := start(e)
				return err
			}
			_, _, err := sessions.Issue(ctx, who, session.NewToken{Name: "n", Scopes: []auth.Action{"forum.read"}, Ends: at(60), Still: open.Still()})
			return err
		}) {
			if i == parallel/2 {
				must(t, err)
			} else if err != nil && !errors.Is(err, session.ErrSession) && !errors.Is(err, storage.ErrInvalid) { // or there are too many tokens
				t.Errorf("call %d: %v", i, err)
			}
		}
		same(t, len(got(s.Sessions().Sessions(ctx, who.User))(t)), 0)
		same(t, len(got(s.Sessions().Tokens(ctx, who.User))(t)), 0)

		// And of those who are asked for a code.
		in.Password = "another password"
		r.enrols(who, in.Password)
		var seconds [parallel]string
		for i, err := range together(parallel, func(i int) error {
			if i == parallel/2 {
				_, err := r.ChangePassword(ctx, who, account.PasswordChange{Old: in.Password, New: "a third password"})
				return err
			}
			e, err := r.SignIn(ctx, account.Credentials{Name: in.Name, Password: in.Password})
			seconds[i] = e.Second
			return err
		}) {
			if err != nil && (i == parallel/2 || !errors.Is(err, account.ErrSignIn) && !errors.Is(err, auth.ErrLimited)) {
				t.Errorf("call %d: %v", i, err)
			}
		}
		for _, second := range seconds {
			_, err := r.SecondStep(ctx, account.Code{Second: second, Code: "000000"})
			is(t, err, account.ErrToken)
		}
	}
}

func accountVerify(t *testing.T, s community.Store) {
	r := newRegistry(t, s)
	round := 0
	oneGetsIn(t, func() func(int) error {
		round++
		var links [parallel]string
		var people [parallel]auth.Actor
		address := fmt.Sprintf("office%d@a.example", round)
		for i := range links {
			people[i].User = got(r.SignUp(ctx, account.NewAccount{Name: fmt.Sprintf("clerk%d.of%d", i+100, round+100), Address: address, Password: "a password"}))(t)
			links[i] = r.secret(account.SendVerify, address)
		}
		return func(i int) error {
			_, err := r.Verify(ctx, people[i], links[i])
			return err
		}
	}, account.ErrToken)
}

func accountLink(t *testing.T, s community.Store) {
	r := newRegistry(t, s)
	var people [parallel]auth.Actor
	for i := range people {
		people[i], _ = r.joins()
	}
	n := 0
	oneGetsIn(t, func() func(int) error {
		n++
		id := account.ExternalIdentity{Issuer: "proxy", Subject: fmt.Sprint(n)}
		one, two := got(r.SignInExternal(ctx, id))(t).Pending, got(r.SignInExternal(ctx, id))(t).Pending
		return func(i int) error {
			return r.links(people[i], []string{one, two}[i%2])
		}
	}, account.ErrToken, storage.ErrInvalid)
}

// code is what an authenticator shows for a secret (RFC 6238).
func (r *registry) code(secret string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := got(base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret))(r.t)
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(r.now.Unix()/30)))
	sum := mac.Sum(nil)
	from := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[from:])&0x7fffffff%1_000_000)
}

// enrols gives somebody a second factor.
func (r *registry) enrols(who auth.Actor, password string) (secret string, recovery []string) {
	r.t.Helper()
	secret = got(r.Enrol(ctx, who, account.Proof{Password: password}))(r.t).Secret
	return secret, got(r.Confirm(ctx, who, account.Proof{Code: r.code(secret)}))(r.t)
}

func accountStep(t *testing.T, s community.Store) {
	r := newRegistry(t, s)
	who, in := r.joins()
	secret, _ := r.enrols(who, in.Password)
	oneGetsIn(t, func() func(int) error {
		r.later(30 * time.Second)
		second, code := got(r.SignIn(ctx, account.Credentials{Name: in.Name, Password: in.Password}))(t).Second, r.code(secret)
		return func(int) error {
			_, err := r.SecondStep(ctx, account.Code{Second: second, Code: code})
			return err
		}
	}, account.ErrToken, account.ErrSignIn, auth.ErrLimited)
}

func accountRecovery(t *testing.T, s community.Store) {
	r := newRegistry(t, s)
	who, in := r.joins()
	secret, codes := r.enrols(who, in.Password)
	oneGetsIn(t, func() func(int) error {
		if len(codes) == 0 {
			r.later(30 * time.Second)
			codes = got(r.NewRecovery(ctx, who, account.Proof{Password: in.Password, Code: r.code(secret)}))(t)
		}
		code := codes[0]
		codes = codes[1:]
		second := got(r.SignIn(ctx, account.Credentials{Name: in.Name, Password: in.Password}))(t).Second
		return func(int) error {
			_, err := r.SecondStep(ctx, account.Code{Second: second, Code: code})
			return err
		}
	}, account.ErrToken, account.ErrSignIn, auth.ErrLimited)
}

func accountSignUp(t *testing.T, s community.Store) {
	r := newRegistry(t, s)
	n := 100
	oneGetsIn(t, func() func(int) error {
		n++
		names := []string{"maria.rossi%d", "Maria.Rossi%d", "marla.r0ssi%d", "rnaria.rossi%d"}
		return func(i int) error {
			_, err := r.SignUp(ctx, account.NewAccount{Name: fmt.Sprintf(names[i%len(names)], n), Password: "a password"})
			return err
		}
	}, storage.ErrInvalid)
}

func accountDisabled(t *testing.T, s community.Store) {
	r := newRegistry(t, s)
	who, in := r.joins()
	id := account.ExternalIdentity{Issuer: "proxy", Subject: "1", Level: auth.LevelSubstantial}
	must(t, r.links(who, got(r.SignInExternal(ctx, id))(t).Pending))
	must(t, r.RequestReset(ctx, in.Address, ""))
	secret := r.secret(account.SendReset, in.Address)
	sessions := session.New(session.Config{Store: s.Sessions(), Clock: func() time.Time { return at(0) }, MayAct: r.MayAct})
	open, _, err := sessions.Start(ctx, session.NewSession{User: who.User})
	must(t, err)

	must(t, r.Disable(ctx, auth.Actor{}, who.User))
	_, _, err = sessions.Check(ctx, open)
	is(t, err, session.ErrSession)
	is(t, r.MayAct(ctx, who.User), auth.ErrDenied)
	is(t, r.Reset(ctx, account.NewPassword{Secret: secret, Password: "x"}), account.ErrToken)
	_, err = r.SignIn(ctx, account.Credentials{Name: in.Name, Password: in.Password})
	is(t, err, account.ErrSignIn)
	_, err = r.SignInExternal(ctx, id)
	is(t, err, account.ErrSignIn)

	must(t, r.Enable(ctx, auth.Actor{}, who.User))
	same(t, got(r.SignIn(ctx, account.Credentials{Name: in.Address, Password: in.Password}))(t).User, who.User)
	same(t, got(r.SignInExternal(ctx, id))(t).User, who.User)
	is(t, r.Reset(ctx, account.NewPassword{Secret: secret, Password: "x"}), account.ErrToken)
}

func accountRename(t *testing.T, s community.Store) {
	r := newRegistry(t, s)
	who, in := r.joins()
	other, _ := r.joins()
	r.later(account.NameKept)
	must(t, r.Rename(ctx, who, "maria.bianchi"))
	is(t, r.Rename(ctx, other, in.Name), storage.ErrInvalid)
	must(t, r.Erase(ctx, who.User))
	for _, name := range []string{in.Name, "maria.bianchi", "Marla.Bianchi"} {
		is(t, r.Rename(ctx, other, name), storage.ErrInvalid)
	}
	must(t, r.Rename(ctx, other, "luca.bianchi"))
	same(t, len(got(r.Named(ctx, []string{in.Name, "maria.bianchi", "LUCA.BIANCHI"}))(t)), 1)
}
