// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
)

// What is good once is good once, however many come with it at once; and
// nobody stays in who ought to be out.
var authScenarios = []promise{
	{"Crowd/UseToken", "of 64 who use one token at once one succeeds, with all that goes with it", true, useTokenRace},
	{"Crowd/PutToken", "of many tokens that a person is given at once for one purpose, one is left", true, putTokenRace},
	{"Crowd/TakeStep", "of 64 who show one time step at once one succeeds", true, takeStepRace},
	{"Crowd/UseRecovery", "of 64 who use one recovery code at once one succeeds", true, useRecoveryRace},
	{"Crowd/PutRecovery", "of many sets of recovery codes that are given at once, one is left", true, putRecoveryRace},
	{"Crowd/TakeName", "of 64 people who take one name at once one has it, and the others are none the worse", true, takeNameRace},
	{"Crowd/Rename", "somebody who takes many names at once has one of them, and the others are theirs", true, renameRace},
	{"Crowd/Mailbox", "of 64 accounts that take one mailbox at once, new or not, one has it", true, mailboxRace},
	{"Crowd/Identity", "of 64 people who link one identity at once one has it", true, identityRace},
	{"Crowd/Attempts", "attempts that are made at once are all counted", true, attemptsRace},
	{"Crowd/AccountErase", "what is given to a person while they are erased is gone with them", true, eraseRace},
	{"Crowd/Session", "a secret that many tabs turn at once is turned once, and a session that ends meanwhile has ended", true, sessionRace},
	{"S35", "whoever may no longer act is refused with every secret they hold, and is not let in with another", false, s35},
	{"S40", "no secret of before opens a session with new powers, and all sessions end with what ends them", false, s40},
	{"S40/Crowd", "a session that is used by many tabs while its owner is put out stays ended", true, s40crowd},
	{"S67/Held", "however many sessions and tokens somebody asks for, they hold no more than may be held", true, s67held},
}

// rounds is how often the races that may have one winner are run: 2, or what
// COPIS_ROUNDS says.
var rounds = sync.OnceValue(func() int {
	if n, err := strconv.Atoi(os.Getenv("COPIS_ROUNDS")); err == nil {
		return n
	}
	return 2
})

// oneWins runs rounds of 64 callers who all do the same, of whom one is to
// succeed and the others to be refused.
func oneWins(t *testing.T, refusal error, round func() (do func(i int) error)) {
	t.Helper()
	for range rounds() {
		won, refused := sorted(t, together(parallel, round()), refusal)
		if won != 1 || refused != parallel-1 {
			t.Fatalf("%d succeeded and %d were refused of %d", won, refused, parallel)
		}
	}
}

func useTokenRace(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	n := 0
	oneWins(t, storage.ErrNotFound, func() func(int) error {
		a := l.signUp()
		tok := l.newToken(a.User, account.ResetPassword)
		l.do(account.PutToken{Token: tok})
		n++
		return func(i int) error {
			next := a
			next.Password = strconv.Itoa(i)
			return s.Apply(ctx, account.UseToken{ID: tok.ID}, account.UpdateAccount{Account: next}, session.EndSessions{User: a.User}, event(i))
		}
	})
	same(t, len(claims(t, s)), n)
}

func putTokenRace(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	for range rounds() {
		user := l.signUp().User
		tokens := make([]account.Token, parallel)
		for i := range tokens {
			tokens[i] = l.newToken(user, account.ResetPassword)
		}
		for _, err := range together(parallel, func(i int) error { return s.Apply(ctx, account.PutToken{Token: tokens[i]}) }) {
			must(t, err)
		}
		left := 0
		for _, tok := range tokens {
			if l.token(tok.ID).ID == tok.ID {
				left++
			}
		}
		same(t, left, 1)
	}
}

func takeStepRace(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	user := l.signUp().User
	l.do(account.PutFactor{Factor: account.Factor{User: user, Sealed: []byte("x")}})
	step := int64(1_000_000)
	oneWins(t, storage.ErrConflict, func() func(int) error {
		step++
		return func(int) error { return s.Apply(ctx, account.TakeStep{User: user, Step: step}) }
	})
	same(t, got(l.a.Factor(ctx, user))(t).Step, step)
}

func useRecoveryRace(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	user := l.signUp().User
	oneWins(t, storage.ErrNotFound, func() func(int) error {
		h := hash()
		l.do(account.PutRecovery{User: user, Hashes: [][32]byte{h, hash()}})
		return func(int) error { return s.Apply(ctx, account.UseRecovery{User: user, Hash: h}) }
	})
	same(t, got(l.a.Recovery(ctx, user))(t), 1)
}

func putRecoveryRace(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	user := l.signUp().User
	for range each * rounds() { // few at once: the last of many would see all of the others
		for _, err := range together(callers/2, func(int) error {
			return s.Apply(ctx, account.PutRecovery{User: user, Hashes: [][32]byte{hash(), hash(), hash()}})
		}) {
			must(t, err)
		}
		same(t, got(l.a.Recovery(ctx, user))(t), 3)
	}
}

func takeNameRace(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	var people [parallel]account.Account
	for i := range people {
		people[i] = l.signUp()
	}
	oneWins(t, storage.ErrExists, func() func(int) error {
		h := account.Handle(random())
		return func(i int) error { return s.Apply(ctx, account.TakeName{User: people[i].User, Handle: h}) }
	})
	for _, a := range people {
		same(t, l.account(a.User), a)
	}
	// And of 64 who sign up with it.
	oneWins(t, storage.ErrExists, func() func(int) error {
		h := account.Handle(random())
		return func(i int) error {
			user := newUser()
			err := s.Apply(ctx, account.InsertAccount{Account: account.Account{User: user, Version: 1}}, account.TakeName{User: user, Handle: h})
			if _, none := l.a.Account(ctx, user); err != nil && !errors.Is(none, storage.ErrNotFound) {
				return errBoom
			}
			return err
		}
	})
}

func renameRace(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a := l.signUp()
	for range rounds() {
		names := make([]account.Handle, callers)
		for i := range names {
			names[i] = random()
		}
		for _, err := range together(callers, func(i int) error { return s.Apply(ctx, account.TakeName{User: a.User, Handle: names[i]}) }) {
			must(t, err)
		}
		same(t, len(got(l.a.Handles(ctx, names))(t)), 1)
		other := l.signUp().User
		for _, h := range names {
			l.fails(storage.ErrExists, account.TakeName{User: other, Handle: h})
		}
	}
}

func mailboxRace(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	var old [parallel]account.Account
	for i := range old {
		old[i] = l.signUp()
	}
	oneWins(t, storage.ErrExists, func() func(int) error {
		box := account.Mailbox(random())
		for i := range old {
			old[i] = l.account(old[i].User)
		}
		return func(i int) error {
			if i%2 == 0 {
				return s.Apply(ctx, account.InsertAccount{Account: account.Account{User: newUser(), Mailbox: box, Version: 1}})
			}
			a := old[i]
			a.Mailbox = box
			return s.Apply(ctx, account.UpdateAccount{Account: a}, event(i))
		}
	})
}

func identityRace(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	var people [parallel]auth.UserID
	for i := range people {
		people[i] = l.signUp().User
	}
	n := 0
	oneWins(t, storage.ErrExists, func() func(int) error {
		n++
		subject := strconv.Itoa(n)
		return func(i int) error {
			return s.Apply(ctx, account.InsertIdentity{Identity: account.Identity{Issuer: "i", Subject: subject, User: people[i], Linked: at(1), Used: at(1)}})
		}
	})
	linked := 0
	for _, user := range people {
		linked += len(got(l.a.Identities(ctx, user))(t))
	}
	same(t, linked, n)
}

func attemptsRace(t *testing.T, s community.Store) {
	a, k := s.Accounts(), random()
	crowd(t, each/5, func(int, int) error {
		for {
			seen := account.Attempts{Key: k}
			all, err := a.Attempts(ctx, [][16]byte{k})
			if err != nil {
				return err
			}
			if len(all) > 0 {
				seen = all[0]
			}
			err = a.Apply(ctx, account.PutAttempts{Attempts: account.Attempts{Key: k, Count: seen.Count + 1, At: at(1)}, Seen: seen.Count})
			if !errors.Is(err, storage.ErrConflict) {
				return err
			}
		}
	})
	same(t, got(a.Attempts(ctx, [][16]byte{k}))(t)[0].Count, callers*(each/5))
}

func eraseRace(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	for range each {
		a := l.signUp()
		tok := l.newToken(a.User, account.ResetPassword)
		h := account.Handle(random())
		give := []storage.Change{
			account.PutToken{Token: tok}, account.TakeName{User: a.User, Handle: h}, account.PutFactor{Factor: account.Factor{User: a.User, Sealed: []byte("x")}},
			account.PutRecovery{User: a.User, Hashes: [][32]byte{hash()}}, account.InsertIdentity{Identity: account.Identity{Issuer: "i", Subject: a.User.String(), User: a.User}},
			account.InsertConsent{Consent: account.Consent{User: a.User, Document: "terms", At: at(1)}},
		}
		all := slices.Insert(slices.Clone(give), len(give)/2, storage.Change(account.EraseUser{User: a.User}))
		errs := together(len(all), func(i int) error { return s.Apply(ctx, all[i]) })
		for _, err := range errs {
			if err != nil {
				is(t, err, storage.ErrNotFound)
			}
		}
		l.do(account.InsertAccount{Account: a}) // with the same ID, to see what would come back
		same(t, l.token(tok.ID), account.Token{})
		_, err := l.a.Factor(ctx, a.User)
		is(t, err, storage.ErrNotFound)
		_, err = l.a.Handle(ctx, h)
		is(t, err, storage.ErrNotFound)
		same(t, got(l.a.Recovery(ctx, a.User))(t), 0)
		same(t, len(got(l.a.Identities(ctx, a.User))(t))+len(got(l.a.Consents(ctx, a.User))(t)), 0)
	}
}

func sessionRace(t *testing.T, s community.Store) {
	l := newLobby(t, s)
	v := l.enter(newUser(), 1)
	oneWins(t, storage.ErrConflict, func() func(int) error {
		now := got(l.s.Session(ctx, v.Selector))(t)
		next := now
		next.Before = now.Before
		return func(int) error { return s.Apply(ctx, session.UpdateSession{Session: next}) }
	})
	for range rounds() {
		v := l.enter(newUser(), 1)
		for _, err := range together(callers, func(i int) error {
			if i == callers/2 {
				return s.Apply(ctx, session.EndSessions{User: v.User})
			}
			return s.Apply(ctx, session.UpdateSession{Session: v})
		}) {
			if err != nil && !errors.Is(err, storage.ErrConflict) {
				is(t, err, storage.ErrNotFound)
			}
		}
		_, err := l.s.Session(ctx, v.Selector)
		is(t, err, storage.ErrNotFound)
	}
}

// A gate is a session service over the store under test, and who may act.
type gate struct {
	*testing.T
	*session.Service
	store community.Store
	clock *hands
	mu    sync.Mutex
	out   map[auth.UserID]bool
}

func newGate(t *testing.T, s community.Store) *gate {
	g := &gate{T: t, store: s, clock: &hands{now: at(0)}, out: map[auth.UserID]bool{}}
	g.Service = session.New(session.Config{
		Store: s.Sessions(), Clock: g.clock.Now, Scopes: []auth.Action{"forum.read", "forum.reply"},
		MayAct: func(_ context.Context, user auth.UserID) error {
			g.mu.Lock()
			defer g.mu.Unlock()
			if g.out[user] {
				return &auth.Denied{Reason: "away"}
			}
			return nil
		},
	})
	return g
}

func (g *gate) let(user auth.UserID, in bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.out[user] = !in
}

func (g *gate) start(user auth.UserID) (string, session.Session) {
	g.Helper()
	secret, v, err := g.Start(ctx, session.NewSession{User: user, Level: auth.LevelLow})
	must(g.T, err)
	return secret, v
}

func (g *gate) issue(user auth.UserID) string {
	g.Helper()
	secret, _, err := g.Issue(ctx, auth.Actor{User: user}, session.NewToken{Name: "n", Scopes: []auth.Action{"forum.read"}, Ends: g.clock.Now().Add(time.Hour)})
	must(g.T, err)
	return secret
}

// opens says what a secret opens: a session or a token, or it is ErrSession.
func (g *gate) opens(secret string) error {
	_, _, err := g.Check(ctx, secret)
	if err != nil {
		_, err = g.CheckToken(ctx, secret)
	}
	return err
}

func s35(t *testing.T, s community.Store) {
	g := newGate(t, s)
	user, other := newUser(), newUser()
	secret, _ := g.start(user)
	theirs, _ := g.start(other)
	secrets := []string{secret, g.issue(user)}
	g.let(user, false)
	for _, secret := range secrets {
		is(t, g.opens(secret), session.ErrSession)
	}
	_, _, err := g.Start(ctx, session.NewSession{User: user, Level: auth.LevelHigh}) // by another way in
	is(t, err, session.ErrSession)
	_, _, err = g.Raise(ctx, secret, auth.LevelHigh)
	is(t, err, session.ErrSession)
	_, _, err = g.Issue(ctx, auth.Actor{User: user}, session.NewToken{Name: "n", Scopes: []auth.Action{"forum.read"}, Ends: at(60)})
	is(t, err, session.ErrSession)
	must(t, g.opens(theirs))
	g.let(user, true) // nothing was lost by it
	for _, secret := range secrets {
		must(t, g.opens(secret))
	}
}

func s40(t *testing.T, s community.Store) {
	g := newGate(t, s)
	user, thief := newUser(), newUser()
	planted, _ := g.start(thief) // and put into the victim's browser
	secret, v, err := g.Start(ctx, session.NewSession{User: user, Level: auth.LevelLow, Replaces: planted})
	must(t, err)
	same(t, secret == planted, false)
	is(t, g.opens(planted), session.ErrSession)
	raised, now, err := g.Raise(ctx, secret, auth.LevelHigh)
	must(t, err)
	same(t, [2]any{now.ID, now.Level}, [2]any{v.ID, auth.LevelHigh})
	is(t, g.opens(secret), session.ErrSession)
	must(t, g.opens(raised))

	// A new password, in one Apply with what ends with it.
	token, second := g.issue(user), first2(g.start(user))
	l := newLodge(t, s)
	a := account.Account{User: user, Version: 1}
	l.do(account.InsertAccount{Account: a})
	a.Version = 7
	l.fails(storage.ErrConflict, append(session.Ends(user), account.UpdateAccount{Account: a})...)
	for _, secret := range []string{raised, second, token} {
		must(t, g.opens(secret))
	}
	a.Version = 1
	l.do(append(session.Ends(user), account.UpdateAccount{Account: a})...)
	for _, secret := range []string{raised, second, token} {
		is(t, g.opens(secret), session.ErrSession)
	}
}

func first2[A, B any](a A, _ B) A { return a }

func s40crowd(t *testing.T, s community.Store) {
	g := newGate(t, s)
	for range rounds() {
		user := newUser()
		secret, _ := g.start(user)
		g.clock.pass(20 * time.Minute) // and so every tab wants to turn it
		errs := together(parallel, func(i int) error {
			if i == parallel/2 {
				return g.EndAll(ctx, user)
			}
			_, _, err := g.Check(ctx, secret)
			return err
		})
		for _, err := range errs {
			if err != nil {
				is(t, err, session.ErrSession)
			}
		}
		is(t, g.opens(secret), session.ErrSession)
		same(t, len(got(s.Sessions().Sessions(ctx, user))(t)), 0)
	}
}

func s67held(t *testing.T, s community.Store) {
	g := newGate(t, s)
	user := newUser()
	who := auth.Actor{User: user}
	for _, err := range together(2*session.MaxHeld, func(int) error {
		_, _, err := g.Start(ctx, session.NewSession{User: user})
		return err
	}) {
		must(t, err)
	}
	g.clock.pass(time.Minute)
	secret, _ := g.start(user)
	all := got(g.List(ctx, who))(t)
	same(t, len(all), session.MaxHeld)
	same(t, all[0].Seen, g.clock.Now())
	must(t, g.opens(secret))
	for range 2 {
		sorted(t, together(parallel, func(int) error {
			_, _, err := g.Issue(ctx, who, session.NewToken{Name: "n", Scopes: []auth.Action{"forum.read"}, Ends: at(60)})
			return err
		}), storage.ErrInvalid)
		if n := len(got(g.Tokens(ctx, who))(t)); n > session.MaxTokens {
			t.Errorf("%d tokens", n)
		}
	}
}
