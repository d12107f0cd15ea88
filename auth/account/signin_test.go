// SPDX-License-Identifier: BSD-3-Clause

package account_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/password"
	"github.com/copis-it/copis/storage"
)

func TestSignUpAndIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	for _, name := range []string{"maria.rossi", "Maria.Rossi", "MARIA.ROSSI", " maria.rossi ", "maria.rossi@comune.example", "Maria.Rossi@COMUNE.example", "marla.rossi"} {
		e, err := w.signIn(name, good)
		require.NoError(t, err, name)
		require.Equal(t, account.Entry{User: maria.User, Version: 2}, e)
	}
	for _, pw := range []string{"", "tre gatti sul tett", "Tre gatti sul tetto", other, strings.Repeat("x", 5000), "\xff"} {
		_, err := w.signIn("maria.rossi", pw)
		require.ErrorIs(t, err, account.ErrSignIn, "%.20q", pw)
		w.later(time.Hour)
	}
}

func TestSignUpRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *account.Config) {
		c.Terms = []account.Document{{Name: "terms", Edition: "2"}}
		c.NeedAddress = true
	})
	ok := account.NewAccount{Name: "luca.verdi", Address: "luca@comune.example", Password: good, Agreed: w.Terms()}
	for code, change := range map[string]func(*account.NewAccount){
		"name malformed":     func(n *account.NewAccount) { n.Name = "luca verdi" },
		"name reserved":      func(n *account.NewAccount) { n.Name = "amministratore" },
		"address missing":    func(n *account.NewAccount) { n.Address = "" },
		"address malformed":  func(n *account.NewAccount) { n.Address = "luca" },
		"password too_short": func(n *account.NewAccount) { n.Password = "tre gatti" },
		"password common":    func(n *account.NewAccount) { n.Password = "passwordpassword" },
		"password guessable": func(n *account.NewAccount) { n.Password = "sono luca.verdi io" },
		"terms not agreed":   func(n *account.NewAccount) { n.Agreed = nil },
		"an old edition":     func(n *account.NewAccount) { n.Agreed = []account.Document{{Name: "terms", Edition: "1"}} },
	} {
		in := ok
		change(&in)
		_, err := w.SignUp(ctx, in)
		if strings.Contains(code, "terms") || strings.Contains(code, "edition") {
			require.ErrorIs(t, err, account.ErrConsent, code)
			continue
		}
		var invalid *storage.Invalid
		require.ErrorAs(t, err, &invalid, code)
		require.Equal(t, code, invalid.Field+" "+invalid.Code)
	}
	w.silent()
	_, err := w.SignUp(ctx, ok)
	require.NoError(t, err)
}

// S73: neither a name nor an address is had by two, however it is written.
func TestS73OneOfEach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	for _, name := range []string{"maria.rossi", "MARIA.ROSSI", "marla.rossi", "maria.r0ssi"} {
		_, err := w.SignUp(ctx, account.NewAccount{Name: name, Password: good})
		require.Equal(t, account.CodeTaken, codeOf(err), name)
	}
	// Somebody signs up with her address: the answer is that to anybody, and
	// only she hears of it.
	luca, err := w.SignUp(ctx, account.NewAccount{Name: "luca", Address: "MARIA.ROSSI@comune.example", Password: good})
	require.NoError(t, err)
	m := w.mail(account.SendTaken)
	require.Equal(t, account.Message{Kind: account.SendTaken, To: "maria.rossi@comune.example", Name: "maria.rossi"}, m)
	for user, want := range map[auth.UserID]bool{maria.User: true, luca: false} {
		boxes, err := w.Mailboxes(ctx, user)
		require.NoError(t, err)
		require.Equal(t, want, len(boxes) == 1)
	}
	e, err := w.signIn("maria.rossi@comune.example", good)
	require.NoError(t, err)
	require.Equal(t, maria.User, e.User)
}

// Of many who prove the same address to be theirs, one has it.
func TestS73AddressProvedTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var links []string
	for _, name := range []string{"anna", "bruno", "carla"} {
		_, err := w.SignUp(ctx, account.NewAccount{Name: name, Address: "ufficio@comune.example", Password: good})
		require.NoError(t, err)
		links = append(links, w.mail(account.SendVerify).Secret)
	}
	require.Equal(t, 1, race(t, 3, func(i int) error {
		_, err := w.Verify(ctx, links[i])
		return err
	}, account.ErrToken))
}

// S38: a name that nobody has, a wrong password and a disabled account get one
// answer, after the same calls of the store.
func TestS38OneAnswer(t *testing.T) {
	t.Parallel()
	log := &failing{}
	w := newWorld(t, func(c *account.Config) { log.Store, c.Store = c.Store, log })
	w.join("maria.rossi")
	off := w.join("luca.verdi")
	require.NoError(t, w.Disable(ctx, auth.Actor{User: storage.NewID[auth.User]()}, off.User))
	var answers, calls []string
	for _, c := range []account.Credentials{
		{Name: "nobody.here", Password: good}, {Name: "maria.rossi", Password: other}, {Name: "luca.verdi", Password: good}, {Name: "luca.verdi", Password: other},
		{Name: strings.Repeat("x", 10_000), Password: good}, {Name: "\xff\x00", Password: good}, {Name: "", Password: ""},
	} {
		for _, source := range []string{"", "192.0.2.1"} {
			c.Source = source
			log.calls = nil
			e, err := w.SignIn(ctx, c)
			require.ErrorIs(t, err, account.ErrSignIn)
			require.Equal(t, account.Entry{}, e)
			var refusal *storage.Error
			require.ErrorAs(t, err, &refusal)
			answers = append(answers, fmt.Sprintf("%+v", *refusal))
			calls = append(calls, fmt.Sprint(source, log.calls))
		}
	}
	for i := range answers {
		assert.Equal(t, answers[0], answers[i])
		assert.Equal(t, calls[i%2], calls[i])
	}
	w.silent()
}

// S38: asking for a reset tells nothing: neither by its answer, nor by what it
// does, nor by a message to anybody but the owner.
func TestS38ResetTellsNothing(t *testing.T) {
	t.Parallel()
	log := &failing{}
	w := newWorld(t, func(c *account.Config) { log.Store, c.Store = c.Store, log })
	w.join("maria.rossi")
	off := w.join("luca.verdi")
	require.NoError(t, w.Disable(ctx, auth.Actor{}, off.User))
	_, err := w.SignUp(ctx, account.NewAccount{Name: "anna", Address: "anna@comune.example", Password: good})
	require.NoError(t, err)
	w.mail(account.SendVerify)
	var calls []string
	for _, address := range []string{"maria.rossi@comune.example", "nobody@comune.example", "luca.verdi@comune.example", "anna@comune.example"} {
		log.calls = nil
		require.NoError(t, w.RequestReset(ctx, address, ""))
		calls = append(calls, fmt.Sprint(log.calls))
		if address == "maria.rossi@comune.example" {
			require.Equal(t, address, w.mail(account.SendReset).To)
		}
		w.silent()
	}
	for _, c := range calls {
		require.Equal(t, calls[0], c)
	}
}

// S39: tries are counted before they are made, per account whether or not
// there is one, and what they would have come to is not told while waiting.
func TestS39Throttle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("maria.rossi")
	var waits [2][]time.Duration
	for i, name := range []string{"maria.rossi", "nobody.here"} {
		for range 5 {
			_, err := w.signIn(name, other)
			require.ErrorIs(t, err, account.ErrSignIn)
		}
		for range 14 {
			var limited *auth.Limited
			_, err := w.signIn(name, good) // right, if there were such an account
			require.ErrorAs(t, err, &limited)
			require.Equal(t, account.ActSignIn, limited.Action)
			require.Positive(t, limited.After)
			waits[i] = append(waits[i], limited.After)
			w.later(limited.After - time.Microsecond)
			_, err = w.signIn(name, good)
			require.ErrorIs(t, err, auth.ErrLimited)
			w.later(time.Microsecond)
			_, err = w.signIn(name, other)
			require.ErrorIs(t, err, account.ErrSignIn)
		}
	}
	require.Equal(t, waits[0], waits[1])
	for i, d := range waits[0] {
		require.Equal(t, min(time.Second<<i, 15*time.Minute), d)
	}
	w.later(15 * time.Minute)
	_, err := w.signIn("maria.rossi", good)
	require.NoError(t, err, "no lock is for ever")
	_, err = w.signIn("maria.rossi", other)
	require.ErrorIs(t, err, account.ErrSignIn, "and success begins anew")
}

// S39: who tries to keep a person out does not, from where they got in before.
func TestS39OwnSourceStaysOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("maria.rossi")
	from := func(source, pw string) error {
		_, err := w.SignIn(ctx, account.Credentials{Name: "maria.rossi", Password: pw, Source: source})
		return err
	}
	require.NoError(t, from("home", good))
	for range 6 {
		_ = from("elsewhere", other)
	}
	require.ErrorIs(t, from("elsewhere", good), auth.ErrLimited)
	require.ErrorIs(t, from("third", good), auth.ErrLimited)
	require.NoError(t, from("home", good))
	for range 5 {
		require.ErrorIs(t, from("home", other), account.ErrSignIn)
	}
	require.ErrorIs(t, from("home", good), auth.ErrLimited, "at home there is a limit too")
}

// S39: a source that fails everywhere must wait, whoever it tries.
func TestS39Source(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *account.Config) { c.Source = account.Tries{Free: 10} })
	w.join("maria.rossi")
	try := func(i int, source string) error {
		_, err := w.SignIn(ctx, account.Credentials{Name: fmt.Sprintf("name%d", i), Password: other, Source: source})
		return err
	}
	for i := range 10 {
		require.ErrorIs(t, try(i, "192.0.2.1"), account.ErrSignIn)
	}
	for range 30 {
		_, err := w.SignIn(ctx, account.Credentials{Name: "maria.rossi", Password: good, Source: "192.0.2.7"})
		require.NoError(t, err, "who gets in is not counted")
	}
	require.ErrorIs(t, try(10, "192.0.2.1"), auth.ErrLimited)
	require.ErrorIs(t, try(10, "192.0.2.2"), account.ErrSignIn)
}

// S39: of many tries at once no more are made than one after the other.
func TestS39ManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("maria.rossi")
	made := 0
	race(t, 64, func(int) error {
		_, err := w.signIn("maria.rossi", other)
		if errors.Is(err, account.ErrSignIn) {
			w.mu.Lock()
			made++
			w.mu.Unlock()
		}
		return err
	}, account.ErrSignIn, auth.ErrLimited)
	require.LessOrEqual(t, made, 5)
	require.Positive(t, made)
}

// S22: what may be set is what the inputs have, and they have no more.
func TestS22Inputs(t *testing.T) {
	t.Parallel()
	for input, fields := range map[reflect.Type]string{
		reflect.TypeFor[account.NewAccount]():     "Name Address Password Pending Agreed Source",
		reflect.TypeFor[account.Credentials]():    "Name Password Source",
		reflect.TypeFor[account.Code]():           "Second Code Source",
		reflect.TypeFor[account.AddressChange]():  "Address Password Source Recent",
		reflect.TypeFor[account.NewPassword]():    "Secret Password",
		reflect.TypeFor[account.PasswordChange](): "Old New Source Recent",
		reflect.TypeFor[account.Proof]():          "Password Code Source Recent",
		reflect.TypeFor[account.NewIdentity]():    "Pending Proof",
	} {
		var names []string
		for i := range input.NumField() {
			names = append(names, input.Field(i).Name)
		}
		require.Equal(t, fields, strings.Join(names, " "), input)
	}
}

// A password is hashed again where it is kept as it was long ago.
func TestRehash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	before, err := w.store.Accounts().Account(ctx, maria.User)
	require.NoError(t, err)
	stronger := newWorld(t, func(c *account.Config) {
		c.Store = w.store.Accounts()
		c.Passwords = password.New(password.Config{MemoryKiB: 64, Time: 1})
	})
	_, err = stronger.signIn("maria.rossi", other)
	require.ErrorIs(t, err, account.ErrSignIn)
	still, err := w.store.Accounts().Account(ctx, maria.User)
	require.NoError(t, err)
	require.Equal(t, before, still)
	_, err = stronger.signIn("maria.rossi", good)
	require.NoError(t, err)
	after, err := w.store.Accounts().Account(ctx, maria.User)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(after.Password, "$argon2id$v=19$m=64,"), after.Password)
	_, err = w.signIn("maria.rossi", good)
	require.NoError(t, err)
}

// A hash that nobody can read lets nobody in, and is no other answer.
func TestForeignHash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	a, err := w.store.Accounts().Account(ctx, maria.User)
	require.NoError(t, err)
	a.Password = "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA"
	require.NoError(t, w.store.Accounts().Apply(ctx, account.UpdateAccount{Account: a}))
	_, err = w.signIn("maria.rossi", good)
	require.ErrorIs(t, err, account.ErrSignIn)
}

// A store that fails is a failure, and no answer to who somebody is.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"Handle", "Attempts", "Factor", "Account"} {
		f := &failing{}
		w := newWorld(t, func(c *account.Config) { f.Store, c.Store = c.Store, f })
		w.join("maria.rossi")
		f.fail = call
		e, err := w.signIn("maria.rossi", good)
		require.ErrorIs(t, err, errBroken, call)
		require.NotErrorIs(t, err, account.ErrSignIn)
		require.Equal(t, account.Entry{}, e)
	}
}

func TestNewPanics(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(*account.Config){
		"no store":     func(c *account.Config) { c.Store = nil },
		"no passwords": func(c *account.Config) { c.Passwords = nil },
		"a short key":  func(c *account.Config) { c.Key = c.Key[1:] },
	} {
		require.Panics(t, func() { newWorld(t, change) }, what)
	}
}
