// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
)

// What accounts promise.
var accountPromises = []promise{
	{"Account/Values", "every field of an account is read as it was inserted, and as it was updated but for User and Made", false, accountValues},
	{"Account/Zero", "zero fields of an account are read as zero", false, accountZero},
	{"Account/Insert", "a person has one account, and a mailbox too, but for the zero one", false, accountInsert},
	{"Account/Update", "an account is updated from the version that is there only, and takes no mailbox that another has", false, accountUpdate},
	{"Account/Mailbox", "a mailbox that an account gives up can be another's", false, accountMailbox},
	{"Account/Names", "the names of those who have an account are read, and no others", false, accountNames},
	{"Account/Lock", "units that read the same account by its person run one after the other", true, accountLock},
	{"Handle/Take", "a person is found by their present name only, and keeps those that they had", false, handleTake},
	{"Handle/Many", "present names are told from those that nobody has, or had", false, handleMany},
	{"Handle/Versions", "a name is taken together with all that goes with it, or not at all", false, handleTogether},
	{"AccountToken/Values", "every field of a token is read as it was put", false, tokenValues},
	{"AccountToken/Put", "a token takes the place of what its person holds for the same purpose, and of no other", false, tokenPut},
	{"AccountToken/Loose", "tokens of nobody stand beside each other", false, tokenLoose},
	{"AccountToken/Use", "a token is used once, and with it goes what it was used for", false, tokenUse},
	{"AccountToken/Drop", "tokens are dropped by person and purpose", false, tokenDrop},
	{"Factor/Values", "every field of a second factor is read as it was put, and as it was put again", false, factorValues},
	{"Factor/Step", "a time step is accepted only beyond the last that was", false, factorStep},
	{"Factor/Drop", "a factor goes with its recovery codes, and with nobody else's", false, factorDrop},
	{"Recovery/Use", "each recovery code is good once, for its person", false, recoveryUse},
	{"Recovery/Put", "new recovery codes take the place of the old", false, recoveryPut},
	{"Identity/Values", "every field of an identity is read as it was inserted", false, identityValues},
	{"Identity/Insert", "a subject of an issuer is linked to one person", false, identityInsert},
	{"Identity/Use", "neither the level nor the last use of an identity goes back", false, identityUse},
	{"Identity/Drop", "an identity is dropped by its person only, and can be linked again", false, identityDrop},
	{"Identity/Order", "the identities of a person, and of a fiscal code, come oldest first", false, identityOrder},
	{"Identity/Fiscal", "identities are found by the fiscal code that was told, and by none if none was", false, identityFiscal},
	{"Consent/Once", "the first of many consents to one edition is kept", false, consentOnce},
	{"Consent/Order", "the consents of a person come oldest first", false, consentOrder},
	{"Attempts/Put", "attempts are counted from the number that was seen only, and a key that is not there counts 0", false, attemptsPut},
	{"Attempts/Drop", "the attempts of the keys named are dropped, and no others", false, attemptsDrop},
	{"Account/Needed", "nothing is given to a person without an account", false, accountNeeded},
	{"Account/Forget", "tokens that were over and attempts that were made before an instant are forgotten, and no others", false, accountForget},
	{"Account/Erase", "an erasure leaves nothing of a person but names that nobody can take, and all of everybody else", false, accountErase},
	{"Account/Text", "no text of an account that is not UTF-8 or has a NUL is kept, or finds anything", false, accountText},
	{"Account/Copies", "what is given to a store, or by it, may be changed and is not changed in the store", false, accountCopies},
	{"Account/Together", "the changes of accounts, sessions and events are made together or not at all", false, accountTogether},
}

func accountMethods() []method {
	user := newUser()
	tell := func(_ any, err error) error { return err }
	a := func(name string, call func(context.Context, account.Store) error) method {
		return method{"Accounts." + name, func(ctx context.Context, s community.Store) error { return call(ctx, s.Accounts()) }}
	}
	return []method{
		a("Atomic", func(ctx context.Context, a account.Store) error {
			return a.Atomic(ctx, func(context.Context, account.Store) error { return nil })
		}),
		a("Apply", func(ctx context.Context, a account.Store) error { return a.Apply(ctx, account.EraseUser{User: user}) }),
		a("Done", func(ctx context.Context, a account.Store) error { return tell(a.Done(ctx, user.Bytes(), "k")) }),
		a("Account", func(ctx context.Context, a account.Store) error { return tell(a.Account(ctx, user)) }),
		a("Handle", func(ctx context.Context, a account.Store) error { return tell(a.Handle(ctx, account.Handle{1})) }),
		a("Mailbox", func(ctx context.Context, a account.Store) error { return tell(a.Mailbox(ctx, account.Mailbox{1})) }),
		a("Handles", func(ctx context.Context, a account.Store) error {
			return tell(a.Handles(ctx, []account.Handle{{1}}))
		}),
		a("Names", func(ctx context.Context, a account.Store) error { return tell(a.Names(ctx, []auth.UserID{user})) }),
		a("Token", func(ctx context.Context, a account.Store) error { return tell(a.Token(ctx, [16]byte{1})) }),
		a("Factor", func(ctx context.Context, a account.Store) error { return tell(a.Factor(ctx, user)) }),
		a("Recovery", func(ctx context.Context, a account.Store) error { return tell(a.Recovery(ctx, user)) }),
		a("Identity", func(ctx context.Context, a account.Store) error { return tell(a.Identity(ctx, "i", "s")) }),
		a("Identities", func(ctx context.Context, a account.Store) error { return tell(a.Identities(ctx, user)) }),
		a("Fiscal", func(ctx context.Context, a account.Store) error { return tell(a.Fiscal(ctx, [32]byte{1})) }),
		a("Consents", func(ctx context.Context, a account.Store) error { return tell(a.Consents(ctx, user)) }),
		a("Attempts", func(ctx context.Context, a account.Store) error { return tell(a.Attempts(ctx, [][16]byte{{1}})) }),
	}
}

// A lodge is a store with accounts in it.
type lodge struct {
	*desk
	a account.Store
}

func newLodge(t *testing.T, s community.Store) *lodge {
	return &lodge{&desk{T: t, Store: s}, s.Accounts()}
}

// random returns 16 bytes that nobody has given before.
func random() [16]byte { return storage.NewID[struct{}]().Bytes() }

// hash returns 32 bytes that nobody has given before.
func hash() [32]byte {
	b := random()
	return sha256.Sum256(b[:])
}

// signUp makes an account with a mailbox.
func (l *lodge) signUp() account.Account {
	l.Helper()
	a := account.Account{User: newUser(), Name: "Perché", NamedAt: l.tick(), Address: "a@comune.example", Mailbox: random(), Password: "$argon2id$", Made: l.tick(), Version: 1}
	l.do(account.InsertAccount{Account: a})
	return a
}

func (l *lodge) account(user auth.UserID) account.Account {
	l.Helper()
	return got(l.a.Account(ctx, user))(l.T)
}

func (l *lodge) newToken(user auth.UserID, p account.Purpose) account.Token {
	return account.Token{ID: random(), Hash: hash(), User: user, Purpose: p, Address: "a@comune.example", About: []byte("b"), Ends: at(100)}
}

// token returns a token, or the zero one if it is not there.
func (l *lodge) token(id [16]byte) account.Token {
	l.Helper()
	t, err := l.a.Token(ctx, id)
	if err != nil {
		is(l.T, err, storage.ErrNotFound)
	}
	return t
}

func accountValues(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	everywhere := func(want account.Account) {
		t.Helper()
		same(t, l.account(want.User), want)
		same(t, got(l.a.Mailbox(ctx, want.Mailbox))(t), want)
		same(t, got(l.a.Names(ctx, []auth.UserID{want.User}))(t), map[auth.UserID]string{want.User: want.Name})
		h := account.Handle(random())
		l.do(account.TakeName{User: want.User, Handle: h})
		same(t, got(l.a.Handle(ctx, h))(t), want)
	}
	for seed := range seeds {
		a := fill[account.Account](t, seed)
		l.do(account.InsertAccount{Account: a})
		everywhere(a)
		next := fill[account.Account](t, seed+100)
		next.User, next.Version = a.User, a.Version
		l.do(account.UpdateAccount{Account: next})
		next.Made = a.Made
		next.Version++
		everywhere(next)
		_, err := l.a.Mailbox(ctx, a.Mailbox)
		is(t, err, storage.ErrNotFound)
	}
}

func accountZero(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a := account.Account{User: newUser()}
	l.do(account.InsertAccount{Account: a})
	same(t, l.account(a.User), a)
	l.do(account.UpdateAccount{Account: a}, account.PutFactor{Factor: account.Factor{User: a.User}},
		account.InsertIdentity{Identity: account.Identity{User: a.User}}, account.InsertConsent{Consent: account.Consent{User: a.User}},
		account.PutToken{Token: account.Token{User: a.User}}, account.PutAttempts{})
	a.Version++
	same(t, l.account(a.User), a)
	same(t, got(l.a.Factor(ctx, a.User))(t), account.Factor{User: a.User})
	same(t, got(l.a.Identity(ctx, "", ""))(t), account.Identity{User: a.User})
	same(t, got(l.a.Consents(ctx, a.User))(t), []account.Consent{{User: a.User}})
	same(t, l.token([16]byte{}), account.Token{User: a.User})
	same(t, got(l.a.Attempts(ctx, [][16]byte{{}}))(t), []account.Attempts{{}})
	_, err := l.a.Mailbox(ctx, account.Mailbox{})
	is(t, err, storage.ErrNotFound)
}

func accountInsert(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, b := l.signUp(), l.signUp()
	_, err := l.a.Account(ctx, newUser())
	is(t, err, storage.ErrNotFound)
	again := a
	again.Mailbox, again.Name = random(), "Altri"
	l.fails(storage.ErrExists, event(1), account.InsertAccount{Account: again})
	third := a
	third.User = newUser()
	l.fails(storage.ErrExists, event(1), account.InsertAccount{Account: third})
	same(t, l.account(a.User), a)
	same(t, l.account(b.User), b)
	same(t, len(claims(t, s)), 0)
	third.Mailbox = account.Mailbox{}
	fourth := third
	fourth.User = newUser()
	l.do(account.InsertAccount{Account: third}, account.InsertAccount{Account: fourth})
	same(t, l.account(third.User), third)
	same(t, l.account(fourth.User), fourth)
	_, err = l.a.Mailbox(ctx, account.Mailbox{})
	is(t, err, storage.ErrNotFound)
}

func accountUpdate(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, b := l.signUp(), l.signUp()
	for _, version := range []int{0, 2, -1, 1 << 40} {
		stale := a
		stale.Version, stale.Mailbox = version, b.Mailbox // the version is looked at first
		l.fails(storage.ErrConflict, event(1), account.UpdateAccount{Account: stale})
	}
	none := a
	none.User = newUser()
	l.fails(storage.ErrNotFound, event(1), account.UpdateAccount{Account: none})
	theirs := a
	theirs.Mailbox, theirs.Name = b.Mailbox, "Altri"
	l.fails(storage.ErrExists, account.UpdateAccount{Account: theirs})
	l.fails(storage.ErrExists, event(1), account.UpdateAccount{Account: theirs})
	same(t, l.account(a.User), a)
	same(t, l.account(b.User), b)
	same(t, len(claims(t, s)), 0)
	for range 3 { // with the mailbox that it has
		l.do(account.UpdateAccount{Account: a})
		a.Version++
		same(t, l.account(a.User), a)
		same(t, got(l.a.Mailbox(ctx, a.Mailbox))(t), a)
	}
}

func accountMailbox(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, b := l.signUp(), l.signUp()
	box := a.Mailbox
	a.Mailbox = account.Mailbox{}
	l.do(account.UpdateAccount{Account: a})
	a.Version++
	_, err := l.a.Mailbox(ctx, box)
	is(t, err, storage.ErrNotFound)
	old := b.Mailbox
	b.Mailbox = box
	l.do(account.UpdateAccount{Account: b})
	b.Version++
	same(t, got(l.a.Mailbox(ctx, box))(t), b)
	a.Mailbox = old
	l.do(account.UpdateAccount{Account: a})
	a.Version++
	same(t, got(l.a.Mailbox(ctx, old))(t), a)
}

func accountNames(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, b := l.signUp(), l.signUp()
	b.Name = "Altri"
	l.do(account.UpdateAccount{Account: b})
	same(t, got(l.a.Names(ctx, []auth.UserID{b.User, newUser(), a.User, a.User, {}}))(t), map[auth.UserID]string{a.User: a.Name, b.User: b.Name})
	same(t, len(got(l.a.Names(ctx, nil))(t)), 0)
}

func accountLock(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a := l.signUp()
	crowd(t, each/5, func(int, int) error {
		return l.a.Atomic(ctx, func(ctx context.Context, tx account.Store) error {
			now, err := tx.Account(ctx, a.User)
			if err != nil {
				return err
			}
			return tx.Apply(ctx, account.UpdateAccount{Account: now})
		})
	})
	same(t, l.account(a.User).Version, 1+callers*(each/5))
}

func handleTake(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, b := l.signUp(), l.signUp()
	first, second := account.Handle(random()), account.Handle(random())
	none := func(h account.Handle) {
		t.Helper()
		_, err := l.a.Handle(ctx, h)
		is(t, err, storage.ErrNotFound)
	}
	none(first)
	for _, h := range []account.Handle{first, second, second, first} { // also what they had, or have
		l.do(account.TakeName{User: a.User, Handle: h})
		same(t, got(l.a.Handle(ctx, h))(t), a)
		l.fails(storage.ErrExists, event(1), account.TakeName{User: b.User, Handle: h})
		if h == second {
			none(first)
			l.fails(storage.ErrExists, event(1), account.TakeName{User: b.User, Handle: first}) // had
		}
	}
	none(second)
	same(t, got(l.a.Handle(ctx, first))(t), a)
	same(t, len(claims(t, s)), 0)
	l.do(account.TakeName{User: b.User, Handle: account.Handle(random())})
	same(t, got(l.a.Handle(ctx, first))(t), a)
}

func handleMany(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, b := l.signUp(), l.signUp()
	hs := []account.Handle{random(), random(), random(), random()}
	l.do(account.TakeName{User: a.User, Handle: hs[0]}, account.TakeName{User: a.User, Handle: hs[1]}, account.TakeName{User: b.User, Handle: hs[2]})
	same(t, got(l.a.Handles(ctx, append(hs, hs[1])))(t), map[account.Handle]auth.UserID{hs[1]: a.User, hs[2]: b.User})
	same(t, len(got(l.a.Handles(ctx, nil))(t)), 0)
}

func handleTogether(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, h := l.signUp(), account.Handle(random())
	l.do(account.TakeName{User: a.User, Handle: h})
	b := account.Account{User: newUser(), Name: "Altri", Version: 1}
	l.fails(storage.ErrExists, account.InsertAccount{Account: b}, event(1), account.TakeName{User: b.User, Handle: h})
	_, err := l.a.Account(ctx, b.User)
	is(t, err, storage.ErrNotFound)
	same(t, len(claims(t, s)), 0)
	stale := a
	stale.Version = 7
	other := account.Handle(random())
	l.fails(storage.ErrConflict, account.TakeName{User: a.User, Handle: other}, account.UpdateAccount{Account: stale})
	same(t, got(l.a.Handle(ctx, h))(t), a)
	l.do(account.InsertAccount{Account: b}, account.TakeName{User: b.User, Handle: other}) // which is free
	same(t, got(l.a.Handle(ctx, other))(t), b)
}

func tokenValues(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	for seed := range seeds {
		for _, user := range []auth.UserID{l.signUp().User, {}} {
			tok := fill[account.Token](t, seed)
			tok.User, tok.ID = user, random()
			l.do(account.PutToken{Token: tok})
			same(t, l.token(tok.ID), tok)
		}
	}
	_, err := l.a.Token(ctx, random())
	is(t, err, storage.ErrNotFound)
	long := l.newToken(l.signUp().User, account.LinkIdentity)
	long.About = bytes.Repeat([]byte{0, 255, '\'', 7}, 256)
	l.do(account.PutToken{Token: long})
	same(t, l.token(long.ID), long)
}

func tokenPut(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, b := l.signUp().User, l.signUp().User
	old, kept, theirs := l.newToken(a, account.ResetPassword), l.newToken(a, account.VerifyAddress), l.newToken(b, account.ResetPassword)
	l.do(account.PutToken{Token: old}, account.PutToken{Token: kept}, account.PutToken{Token: theirs})
	fresh := l.newToken(a, account.ResetPassword)
	l.do(account.PutToken{Token: fresh})
	same(t, l.token(old.ID), account.Token{})
	same(t, l.token(fresh.ID), fresh)
	fresh.Hash, fresh.Ends = hash(), at(200)
	l.do(account.PutToken{Token: fresh}) // the same again
	for _, tok := range []account.Token{fresh, kept, theirs} {
		same(t, l.token(tok.ID), tok)
	}
	loose := l.newToken(auth.UserID{}, account.LinkIdentity)
	l.do(account.PutToken{Token: loose})
	for _, user := range []auth.UserID{a, {}} {
		for _, p := range []account.Purpose{account.ResetPassword, account.ChangeAddress, account.LinkIdentity} {
			for _, id := range [][16]byte{theirs.ID, loose.ID} {
				taken := l.newToken(user, p)
				taken.ID = id
				l.fails(storage.ErrExists, account.PutToken{Token: taken})
				l.fails(storage.ErrExists, event(1), account.PutToken{Token: taken})
			}
		}
	}
	moved := l.newToken(a, account.SecondStep)
	moved.ID = fresh.ID // a purpose of its own
	l.fails(storage.ErrExists, event(1), account.PutToken{Token: moved})
	for _, tok := range []account.Token{fresh, kept, theirs} {
		same(t, l.token(tok.ID), tok)
	}
	same(t, len(claims(t, s)), 0)
}

func tokenLoose(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	one, two := l.newToken(auth.UserID{}, account.LinkIdentity), l.newToken(auth.UserID{}, account.LinkIdentity)
	l.do(account.PutToken{Token: one}, account.PutToken{Token: two}, account.DropTokens{Purposes: []account.Purpose{account.LinkIdentity}}, account.EraseUser{})
	same(t, l.token(one.ID), one)
	same(t, l.token(two.ID), two)
	l.fails(storage.ErrExists, event(1), account.PutToken{Token: one})
	l.do(account.UseToken{ID: one.ID})
	same(t, l.token(one.ID), account.Token{})
	same(t, l.token(two.ID), two)
}

func tokenUse(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a := l.signUp()
	tok, other := l.newToken(a.User, account.ResetPassword), l.newToken(a.User, account.VerifyAddress)
	l.do(account.PutToken{Token: tok}, account.PutToken{Token: other})
	next := a
	next.Password = "$argon2id$new"
	l.do(account.UseToken{ID: tok.ID}, account.UpdateAccount{Account: next}, event(1))
	next.Version++
	l.fails(storage.ErrNotFound, account.UseToken{ID: tok.ID})
	l.fails(storage.ErrNotFound, account.UpdateAccount{Account: next}, event(2), account.UseToken{ID: tok.ID})
	same(t, l.account(a.User), next)
	same(t, len(claims(t, s)), 1)
	same(t, l.token(tok.ID), account.Token{})
	same(t, l.token(other.ID), other)
}

func tokenDrop(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, b := l.signUp().User, l.signUp().User
	var tokens []account.Token
	for _, user := range []auth.UserID{a, b} {
		for _, p := range []account.Purpose{account.VerifyAddress, account.ResetPassword, account.SecondStep} {
			tok := l.newToken(user, p)
			l.do(account.PutToken{Token: tok})
			tokens = append(tokens, tok)
		}
	}
	l.do(account.DropTokens{User: a, Purposes: []account.Purpose{account.ResetPassword, account.LinkIdentity, account.VerifyAddress}}, account.DropTokens{User: b})
	for i, tok := range tokens {
		if i < 2 {
			tok = account.Token{}
		}
		same(t, l.token(tokens[i].ID), tok)
	}
}

func factorValues(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	for seed := range seeds {
		user := l.signUp().User
		_, err := l.a.Factor(ctx, user)
		is(t, err, storage.ErrNotFound)
		for again := range 2 {
			f := fill[account.Factor](t, seed+again)
			f.User = user
			l.do(account.PutFactor{Factor: f})
			same(t, got(l.a.Factor(ctx, user))(t), f)
		}
	}
}

func factorStep(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	user, other := l.signUp().User, l.signUp().User
	l.fails(storage.ErrNotFound, event(1), account.TakeStep{User: user, Step: 5})
	f := account.Factor{User: user, Sealed: []byte("x"), Confirmed: at(1), Step: 1 << 40}
	theirs := account.Factor{User: other, Sealed: []byte("y")}
	l.do(account.PutFactor{Factor: f}, account.PutFactor{Factor: theirs})
	for _, step := range []int64{f.Step, f.Step - 1, 0, -1} {
		l.fails(storage.ErrConflict, event(1), account.TakeStep{User: user, Step: step})
	}
	for _, more := range []int64{1, 1, 7} {
		f.Step += more
		l.do(account.TakeStep{User: user, Step: f.Step})
		same(t, got(l.a.Factor(ctx, user))(t), f)
		l.fails(storage.ErrConflict, event(1), account.TakeStep{User: user, Step: f.Step})
	}
	same(t, got(l.a.Factor(ctx, other))(t), theirs)
	same(t, len(claims(t, s)), 0)
}

func factorDrop(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, b := l.signUp().User, l.signUp().User
	for _, user := range []auth.UserID{a, b} {
		l.do(account.PutFactor{Factor: account.Factor{User: user, Sealed: []byte("x")}}, account.PutRecovery{User: user, Hashes: [][32]byte{hash(), hash()}})
	}
	for range 2 { // none is no error
		l.do(account.DropFactor{User: a})
		_, err := l.a.Factor(ctx, a)
		is(t, err, storage.ErrNotFound)
		same(t, got(l.a.Recovery(ctx, a))(t), 0)
	}
	got(l.a.Factor(ctx, b))(t)
	same(t, got(l.a.Recovery(ctx, b))(t), 2)
}

func recoveryUse(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, b := l.signUp().User, l.signUp().User
	both, mine := hash(), hash() // two people may have the same, if only in a test
	same(t, got(l.a.Recovery(ctx, a))(t), 0)
	l.do(account.PutRecovery{User: a, Hashes: [][32]byte{both, mine}}, account.PutRecovery{User: b, Hashes: [][32]byte{both}})
	l.do(account.UseRecovery{User: a, Hash: both})
	for _, c := range []account.UseRecovery{{User: a, Hash: both}, {User: b, Hash: mine}, {User: a, Hash: hash()}, {User: newUser(), Hash: mine}} {
		l.fails(storage.ErrNotFound, c)
		l.fails(storage.ErrNotFound, event(1), c)
	}
	same(t, got(l.a.Recovery(ctx, a))(t), 1)
	same(t, got(l.a.Recovery(ctx, b))(t), 1)
	same(t, len(claims(t, s)), 0)
}

func recoveryPut(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	user := l.signUp().User
	old, kept, fresh := hash(), hash(), hash()
	l.do(account.PutRecovery{User: user, Hashes: [][32]byte{old, kept}})
	l.do(account.PutRecovery{User: user, Hashes: [][32]byte{kept, fresh, hash()}})
	same(t, got(l.a.Recovery(ctx, user))(t), 3)
	l.fails(storage.ErrNotFound, account.UseRecovery{User: user, Hash: old})
	l.do(account.UseRecovery{User: user, Hash: kept}, account.UseRecovery{User: user, Hash: fresh})
	l.do(account.PutRecovery{User: user})
	same(t, got(l.a.Recovery(ctx, user))(t), 0)
}

func identityValues(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	for seed := range seeds {
		i := fill[account.Identity](t, seed)
		i.User = l.signUp().User
		l.do(account.InsertIdentity{Identity: i})
		same(t, got(l.a.Identity(ctx, i.Issuer, i.Subject))(t), i)
		same(t, got(l.a.Identities(ctx, i.User))(t), []account.Identity{i})
		same(t, got(l.a.Fiscal(ctx, i.Fiscal))(t), []account.Identity{i})
	}
}

func (l *lodge) link(i account.Identity) account.Identity {
	l.Helper()
	l.do(account.InsertIdentity{Identity: i})
	return i
}

func identityInsert(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, b := l.signUp().User, l.signUp().User
	i := l.link(account.Identity{Issuer: "https://idp.example", Subject: "1", User: a, Level: auth.LevelLow, Linked: at(1), Used: at(2)})
	for _, user := range []auth.UserID{a, b, newUser()} {
		again := account.Identity{Issuer: i.Issuer, Subject: i.Subject, User: user}
		l.fails(storage.ErrExists, event(1), account.InsertIdentity{Identity: again})
	}
	same(t, got(l.a.Identity(ctx, i.Issuer, i.Subject))(t), i)
	same(t, len(got(l.a.Identities(ctx, b))(t)), 0)
	same(t, len(claims(t, s)), 0)
	l.link(account.Identity{Issuer: i.Issuer, Subject: "2", User: b})
	l.link(account.Identity{Issuer: i.Issuer + "/", Subject: "1", User: b})
	for _, none := range [][2]string{{i.Issuer, ""}, {"", "1"}, {i.Subject, i.Issuer}, {i.Issuer, "1 "}, {"HTTPS://idp.example", "1"}} {
		_, err := l.a.Identity(ctx, none[0], none[1])
		is(t, err, storage.ErrNotFound)
	}
}

func identityUse(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	i := l.link(account.Identity{Issuer: "i", Subject: "s", User: l.signUp().User, Level: auth.LevelLow, Linked: at(1), Used: at(1)})
	other := l.link(account.Identity{Issuer: "i", Subject: "t", User: i.User, Linked: at(2)})
	for _, c := range []struct {
		level, want account.Level
		at, used    int
	}{{auth.LevelHigh, auth.LevelHigh, 5, 5}, {auth.LevelLow, auth.LevelHigh, 6, 6}, {0, auth.LevelHigh, 3, 6}} {
		l.do(account.UseIdentity{Issuer: "i", Subject: "s", Level: c.level, At: at(c.at)})
		i.Level, i.Used = c.want, at(c.used)
		same(t, got(l.a.Identity(ctx, "i", "s"))(t), i)
		same(t, got(l.a.Identities(ctx, i.User))(t), []account.Identity{i, other})
	}
	l.fails(storage.ErrNotFound, event(1), account.UseIdentity{Issuer: "s", Subject: "i", At: at(9)})
}

func identityDrop(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, b := l.signUp().User, l.signUp().User
	i := l.link(account.Identity{Issuer: "i", Subject: "s", User: a, Fiscal: hash(), Linked: at(1)})
	kept := l.link(account.Identity{Issuer: "i", Subject: "t", User: a, Linked: at(2)})
	for _, c := range []account.DropIdentity{{User: b, Issuer: "i", Subject: "s"}, {User: a, Issuer: "i", Subject: "x"}, {Issuer: "i", Subject: "s"}} {
		l.fails(storage.ErrNotFound, event(1), c)
	}
	l.do(account.DropIdentity{User: a, Issuer: "i", Subject: "s"})
	l.fails(storage.ErrNotFound, account.DropIdentity{User: a, Issuer: "i", Subject: "s"})
	same(t, got(l.a.Identities(ctx, a))(t), []account.Identity{kept})
	same(t, len(got(l.a.Fiscal(ctx, i.Fiscal))(t)), 0)
	i.User = b
	l.link(i)
	same(t, got(l.a.Fiscal(ctx, i.Fiscal))(t), []account.Identity{i})
}

func identityOrder(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	user, fiscal := l.signUp().User, hash()
	var want []account.Identity
	for n, name := range []string{"z", "B", "a", "é"} {
		when := at(max(n, 1)) // the first two at once, by issuer and subject
		want = append(want, account.Identity{Issuer: name, Subject: "s", User: user, Fiscal: fiscal, Linked: when})
	}
	for _, n := range []int{2, 0, 3, 1} {
		l.link(want[n])
	}
	slices.Reverse(want[:2])
	same(t, got(l.a.Identities(ctx, user))(t), want)
	same(t, got(l.a.Fiscal(ctx, fiscal))(t), want)
}

func identityFiscal(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	fiscal := hash()
	a := l.link(account.Identity{Issuer: "i", Subject: "a", User: l.signUp().User, Fiscal: fiscal, Linked: at(1)})
	b := l.link(account.Identity{Issuer: "j", Subject: "b", User: l.signUp().User, Fiscal: fiscal, Linked: at(2)})
	l.link(account.Identity{Issuer: "i", Subject: "c", User: l.signUp().User, Linked: at(3)})
	same(t, got(l.a.Fiscal(ctx, fiscal))(t), []account.Identity{a, b})
	same(t, len(got(l.a.Fiscal(ctx, hash()))(t)), 0)
	same(t, len(got(l.a.Fiscal(ctx, [32]byte{}))(t)), 0)
}

func consentOnce(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	for seed := range seeds {
		c := fill[account.Consent](t, seed)
		c.User = l.signUp().User
		l.do(account.InsertConsent{Consent: c})
		later := c
		later.At = c.At.Add(time.Hour)
		l.do(account.InsertConsent{Consent: later})
		same(t, got(l.a.Consents(ctx, c.User))(t), []account.Consent{c})
	}
}

func consentOrder(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	user, other := l.signUp().User, l.signUp().User
	want := []account.Consent{
		{User: user, Document: "terms", Edition: "2025-01", At: at(1)}, {User: user, Document: "privacy", Edition: "2026-09", At: at(2)},
		{User: user, Document: "terms", Edition: "2026-03", At: at(2)}, {User: user, Document: "terms", Edition: "2026-09", At: at(2)},
	}
	for _, i := range []int{3, 1, 0, 2} {
		l.do(account.InsertConsent{Consent: want[i]})
	}
	l.do(account.InsertConsent{Consent: account.Consent{User: other, Document: "terms", Edition: "2026-09", At: at(9)}})
	same(t, got(l.a.Consents(ctx, user))(t), want)
}

func attemptsPut(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	for seed := range seeds {
		v := fill[account.Attempts](t, seed)
		l.fails(storage.ErrConflict, event(1), account.PutAttempts{Attempts: v, Seen: 1})
		l.do(account.PutAttempts{Attempts: v})
		same(t, got(l.a.Attempts(ctx, [][16]byte{v.Key}))(t), []account.Attempts{v})
		for _, seen := range []int{0, v.Count - 1, v.Count + 1, -1} {
			l.fails(storage.ErrConflict, account.PutAttempts{Attempts: account.Attempts{Key: v.Key, Count: 1, At: at(1)}, Seen: seen})
		}
		for _, count := range []int{v.Count + 1, 0, 3} { // to none, and from none
			seen := v.Count
			v.Count, v.At = count, v.At.Add(-time.Minute)
			l.do(account.PutAttempts{Attempts: v, Seen: seen})
			same(t, got(l.a.Attempts(ctx, [][16]byte{v.Key}))(t), []account.Attempts{v})
		}
	}
	same(t, len(claims(t, s)), 0)
}

func attemptsDrop(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	var keys [][16]byte
	want := map[[16]byte]account.Attempts{}
	for n := range 4 {
		v := account.Attempts{Key: random(), Count: n + 1, At: at(n)}
		keys = append(keys, v.Key)
		want[v.Key] = v
		l.do(account.PutAttempts{Attempts: v})
	}
	there := func() map[[16]byte]account.Attempts {
		t.Helper()
		out := map[[16]byte]account.Attempts{}
		found := got(l.a.Attempts(ctx, append(slices.Clone(keys), keys[0], random())))(t)
		for _, v := range found {
			out[v.Key] = v
		}
		same(t, len(found), len(out))
		return out
	}
	same(t, there(), want)
	l.do(account.DropAttempts{Keys: [][16]byte{keys[1], random(), keys[3]}}, account.DropAttempts{})
	delete(want, keys[1])
	delete(want, keys[3])
	same(t, there(), want)
	same(t, len(got(l.a.Attempts(ctx, nil))(t)), 0)
}

func accountNeeded(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	user := newUser()
	for _, c := range []storage.Change{
		account.TakeName{User: user, Handle: random()},
		account.PutToken{Token: l.newToken(user, account.ResetPassword)},
		account.PutFactor{Factor: account.Factor{User: user}},
		account.PutRecovery{User: user, Hashes: [][32]byte{hash()}},
		account.PutRecovery{User: user},
		account.InsertIdentity{Identity: account.Identity{Issuer: "i", Subject: "s", User: user}},
		account.InsertConsent{Consent: account.Consent{User: user, Document: "terms", Edition: "1", At: at(1)}},
	} {
		l.fails(storage.ErrNotFound, c)
		l.fails(storage.ErrNotFound, event(1), c)
	}
	same(t, len(claims(t, s)), 0)
	l.do(account.DropTokens{User: user, Purposes: []account.Purpose{account.ResetPassword}}, account.DropFactor{User: user}, account.EraseUser{User: user})
}

func accountForget(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	var tokens []account.Token
	var keys [][16]byte
	for n := range 4 {
		tok := l.newToken([]auth.UserID{l.signUp().User, {}}[n%2], account.ResetPassword)
		tok.Ends = at(10 + n)
		v := account.Attempts{Key: random(), Count: 1, At: at(10 + n)}
		l.do(account.PutToken{Token: tok}, account.PutAttempts{Attempts: v})
		tokens, keys = append(tokens, tok), append(keys, v.Key)
	}
	l.do(account.Forget{Before: at(12)})
	for n, tok := range tokens {
		if n < 2 {
			tok = account.Token{}
		}
		same(t, l.token(tokens[n].ID), tok)
	}
	left := got(l.a.Attempts(ctx, keys))(t)
	slices.SortFunc(left, func(a, b account.Attempts) int { return a.At.Compare(b.At) })
	same(t, left, []account.Attempts{{Key: keys[2], Count: 1, At: at(12)}, {Key: keys[3], Count: 1, At: at(13)}})
	// What was dropped can be there again, and be forgotten again.
	again := account.Attempts{Key: keys[0], Count: 1, At: at(20)}
	l.do(account.PutAttempts{Attempts: again}, account.Forget{Before: at(15)})
	same(t, got(l.a.Attempts(ctx, keys))(t), []account.Attempts{again})
	// And what went on since counts by its last.
	l.do(account.PutAttempts{Attempts: account.Attempts{Key: keys[0], Count: 2, At: at(40)}, Seen: 1}, account.Forget{Before: at(30)})
	same(t, len(got(l.a.Attempts(ctx, keys))(t)), 1)
	l.do(account.Forget{Before: at(41)})
	same(t, len(got(l.a.Attempts(ctx, keys))(t)), 0)
}

// A keep is all there is of a person.
type keep struct {
	account    account.Account
	past, name account.Handle
	tokens     []account.Token
	factor     account.Factor
	identities []account.Identity
	consents   []account.Consent
}

func (l *lodge) keepAll() keep {
	k := keep{account: l.signUp(), past: random(), name: random()}
	user := k.account.User
	for _, p := range []account.Purpose{account.VerifyAddress, account.ChangeAddress, account.ResetPassword} {
		k.tokens = append(k.tokens, l.newToken(user, p))
		l.do(account.PutToken{Token: k.tokens[len(k.tokens)-1]})
	}
	k.factor = account.Factor{User: user, Sealed: []byte("x"), Confirmed: at(1), Step: 7}
	for n := range 2 {
		k.identities = append(k.identities, l.link(account.Identity{Issuer: "i", Subject: fmt.Sprint(l.now, n), User: user, Fiscal: hash(), Linked: l.tick()}))
		k.consents = append(k.consents, account.Consent{User: user, Document: "terms", Edition: fmt.Sprint(n), At: at(n)})
		l.do(account.InsertConsent{Consent: k.consents[n]})
	}
	l.do(account.TakeName{User: user, Handle: k.past}, account.TakeName{User: user, Handle: k.name}, account.PutFactor{Factor: k.factor},
		account.PutRecovery{User: user, Hashes: [][32]byte{hash(), hash()}})
	return k
}

func accountErase(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	gone, stays := l.keepAll(), l.keepAll()
	for range 2 { // the second time there is nothing to do
		l.do(account.EraseUser{User: gone.account.User})
	}
	l.do(account.EraseUser{User: newUser()}, account.EraseUser{})
	for _, k := range []keep{gone, stays} {
		user, there := k.account.User, k.account.User == stays.account.User
		found := func(err error) {
			t.Helper()
			if there {
				must(t, err)
			} else {
				is(t, err, storage.ErrNotFound)
			}
		}
		if !there {
			k.consents = nil
		}
		_, err := l.a.Account(ctx, user)
		found(err)
		_, err = l.a.Handle(ctx, k.name)
		found(err)
		_, err = l.a.Mailbox(ctx, k.account.Mailbox)
		found(err)
		_, err = l.a.Factor(ctx, user)
		found(err)
		for _, tok := range k.tokens {
			_, err = l.a.Token(ctx, tok.ID)
			found(err)
		}
		for _, i := range k.identities {
			_, err = l.a.Identity(ctx, i.Issuer, i.Subject)
			found(err)
			same(t, len(got(l.a.Fiscal(ctx, i.Fiscal))(t)) == 1, there)
		}
		same(t, len(got(l.a.Identities(ctx, user))(t)) == 2, there)
		same(t, got(l.a.Recovery(ctx, user))(t) == 2, there)
		same(t, got(l.a.Consents(ctx, user))(t), k.consents)
		same(t, len(got(l.a.Names(ctx, []auth.UserID{user}))(t)) == 1, there)
	}
	same(t, got(l.a.Handles(ctx, []account.Handle{gone.name, gone.past, stays.name, stays.past}))(t), map[account.Handle]auth.UserID{stays.name: stays.account.User})
	fresh := l.signUp()
	for _, h := range []account.Handle{gone.name, gone.past} {
		l.fails(storage.ErrExists, account.TakeName{User: fresh.User, Handle: h})
	}
	// The same person may come back, as anybody: not even they have their names.
	back := gone.account
	l.do(account.InsertAccount{Account: back})
	l.fails(storage.ErrExists, account.TakeName{User: back.User, Handle: gone.name})
	same(t, got(l.a.Mailbox(ctx, back.Mailbox))(t), back)
	same(t, len(got(l.a.Identities(ctx, back.User))(t)), 0)
}

func accountText(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a := l.signUp()
	for _, bad := range []string{"\x00", "a\x00b", "\xff", "a\xc3", "\xed\xa0\x80"} {
		var all []storage.Change
		for i := range 3 {
			fresh, now := account.Account{User: newUser(), Version: 1}, a
			*[]*string{&fresh.Name, &fresh.Address, &fresh.Password}[i], *[]*string{&now.Name, &now.Address, &now.Password}[i] = bad, bad
			all = append(all, account.InsertAccount{Account: fresh}, account.UpdateAccount{Account: now})
		}
		tok := l.newToken(a.User, account.ChangeAddress)
		tok.Address = bad
		all = append(all, account.PutToken{Token: tok}, account.InsertIdentity{Identity: account.Identity{User: a.User, Issuer: bad}},
			account.InsertIdentity{Identity: account.Identity{User: a.User, Subject: bad}},
			account.UseIdentity{Issuer: bad}, account.UseIdentity{Subject: bad}, account.DropIdentity{User: a.User, Issuer: bad}, account.DropIdentity{User: a.User, Subject: bad},
			account.InsertConsent{Consent: account.Consent{User: a.User, Document: bad}}, account.InsertConsent{Consent: account.Consent{User: a.User, Edition: bad}})
		for _, c := range all {
			l.fails(storage.ErrInvalid, event(1), c)
		}
		for _, ask := range [][2]string{{bad, "s"}, {"i", bad}} {
			_, err := l.a.Identity(ctx, ask[0], ask[1])
			is(t, err, storage.ErrNotFound)
		}
	}
	same(t, l.account(a.User), a)
	same(t, len(claims(t, s)), 0)
	for _, text := range hostile {
		user := l.signUp().User
		now := account.Account{User: user, Name: text, Address: text, Password: text, Version: 1}
		tok := l.newToken(user, account.ChangeAddress)
		tok.Address = text
		l.do(account.UpdateAccount{Account: now}, account.PutToken{Token: tok}, account.InsertConsent{Consent: account.Consent{User: user, Document: text, Edition: text}})
		i := l.link(account.Identity{User: user, Issuer: text, Subject: text})
		now.Version++
		now.Made = l.account(user).Made
		same(t, l.account(user), now)
		same(t, l.token(tok.ID), tok)
		same(t, got(l.a.Identity(ctx, text, text))(t), i)
		same(t, got(l.a.Consents(ctx, user))(t), []account.Consent{{User: user, Document: text, Edition: text}})
	}
}

func accountCopies(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a := l.signUp()
	tok := l.newToken(a.User, account.ResetPassword)
	tok.About = []byte("about")
	f := account.Factor{User: a.User, Sealed: []byte("sealed")}
	l.do(account.PutToken{Token: tok}, account.PutFactor{Factor: f})
	for range 2 {
		tok.About[0], f.Sealed[0] = 'X', 'X'
		tok, f = l.token(tok.ID), got(l.a.Factor(ctx, a.User))(t)
		same(t, string(tok.About), "about")
		same(t, string(f.Sealed), "sealed")
	}
}

func accountTogether(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a := l.signUp()
	tok := l.newToken(a.User, account.ResetPassword)
	v := session.Session{ID: storage.NewID[session.Session](), User: a.User, Hash: hash(), Ends: at(100), Version: 1}
	l.do(account.PutToken{Token: tok}, session.InsertSession{Session: v})
	next := a
	next.Password = "$argon2id$new"
	all := []storage.Change{
		account.UseToken{ID: tok.ID}, account.UpdateAccount{Account: next}, session.EndSessions{User: a.User}, event(1),
		account.TakeName{User: a.User, Handle: random()}, account.PutFactor{Factor: account.Factor{User: a.User}},
		account.PutRecovery{User: a.User, Hashes: [][32]byte{hash()}}, account.PutAttempts{Attempts: account.Attempts{Key: [16]byte{1}, Count: 1}},
	}
	for n := range all { // whichever goes last
		some := slices.Concat(all[:n+1], []storage.Change{session.EndSession{ID: storage.NewID[session.Session]()}})
		l.fails(storage.ErrNotFound, some...)
	}
	same(t, l.token(tok.ID), tok)
	same(t, l.account(a.User), a)
	same(t, got(s.Sessions().Session(ctx, v.Hash))(t), v)
	same(t, len(claims(t, s)), 0)
	must(t, s.Sessions().Apply(ctx, all...)) // by any door
	same(t, slices.Collect(maps.Values(got(l.a.Names(ctx, []auth.UserID{a.User}))(t))), []string{a.Name})
	same(t, l.account(a.User).Password, next.Password)
	_, err := s.Sessions().Session(ctx, v.Hash)
	is(t, err, storage.ErrNotFound)
	same(t, len(claims(t, s)), 1)
}
