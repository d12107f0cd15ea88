// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"testing"

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
	{"Account/Unchanged", "what rides with a version of an account is made at that version only, and leaves it as it is", false, accountUnchanged},
	{"Account/Lock", "units that read the same account by its person run one after the other", true, accountLock},
	{"Handle/Take", "a person is found by their present name only, and keeps those that they had", false, handleTake},
	{"Handle/Many", "present names are told from those that nobody has, or had", false, handleMany},
	{"Handle/Versions", "a name is taken together with all that goes with it, or not at all", false, handleTogether},
	{"AccountToken/Values", "every field of a token is read as it was put", false, tokenValues},
	{"AccountToken/Put", "a token takes the place of what its person holds for the same purpose, and of no other", false, tokenPut},
	{"AccountToken/Loose", "tokens of nobody stand beside each other", false, tokenLoose},
	{"AccountToken/Beside", "second steps that a person is about to make stand beside each other, and go together", false, tokenBeside},
	{"AccountToken/Use", "a token is used once, and with it goes what it was used for", false, tokenUse},
	{"AccountToken/Drop", "tokens are dropped by person and purpose", false, tokenDrop},
	{"Factor/Values", "every field of a second factor is read as it was put, and as it was put again", false, factorValues},
	{"Factor/Step", "a time step is accepted only beyond the last that was", false, factorStep},
	{"Factor/Drop", "a factor goes with its recovery codes, and with nobody else's", false, factorDrop},
	{"Recovery/Use", "each recovery code is good once, for its person", false, recoveryUse},
	{"Recovery/Put", "new recovery codes take the place of the old", false, recoveryPut},
	{"Identity/Values", "every field of an identity is read as it was inserted", false, identityValues},
	{"Identity/Insert", "a subject of an issuer is linked to one person", false, identityInsert},
	{"Identity/Use", "neither the level nor the last use of an identity goes back, and nobody uses somebody else's", false, identityUse},
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

func accountUnchanged(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, b := l.signUp(), l.signUp()
	for _, version := range []int{0, 2, -1, 1 << 40} {
		l.fails(storage.ErrConflict, account.Unchanged{User: a.User, Version: version})
		l.fails(storage.ErrConflict, event(1), account.Unchanged{User: a.User, Version: version})
	}
	l.fails(storage.ErrNotFound, account.Unchanged{User: newUser(), Version: 1})
	l.fails(storage.ErrNotFound, event(1), account.Unchanged{User: newUser(), Version: 1})
	same(t, len(claims(t, s)), 0)
	l.do(account.Unchanged{User: a.User, Version: 1})
	l.do(account.Unchanged{User: a.User, Version: 1}, event(1), account.Unchanged{User: b.User, Version: 1})
	same(t, len(claims(t, s)), 1)
	same(t, l.account(a.User), a)
	l.do(account.Unchanged{User: a.User, Version: 1}, account.UpdateAccount{Account: a}, account.Unchanged{User: a.User, Version: 2})
	l.fails(storage.ErrConflict, event(2), account.Unchanged{User: a.User, Version: 1})
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

func accountNeeded(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	user := newUser()
	for _, c := range []storage.Change{
		account.TakeName{User: user, Handle: random()},
		account.PutToken{Token: l.newToken(user, account.ResetPassword)},
		account.PutToken{Token: l.newToken(user, account.SecondStep)},
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
	l.do(account.Forget{}, account.Forget{Before: at(12), Tried: at(12)})
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
	l.do(account.PutAttempts{Attempts: again}, account.Forget{Before: at(30), Tried: at(15)})
	same(t, got(l.a.Attempts(ctx, keys))(t), []account.Attempts{again})
	// And what went on since counts by its last.
	l.do(account.PutAttempts{Attempts: account.Attempts{Key: keys[0], Count: 2, At: at(40)}, Seen: 1}, account.Forget{Tried: at(30)})
	same(t, len(got(l.a.Attempts(ctx, keys))(t)), 1)
	l.do(account.Forget{Before: at(41)})
	same(t, len(got(l.a.Attempts(ctx, keys))(t)), 1)
	l.do(account.Forget{Tried: at(41)})
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
			account.UseIdentity{User: a.User, Issuer: bad}, account.UseIdentity{User: a.User, Subject: bad}, account.DropIdentity{User: a.User, Issuer: bad}, account.DropIdentity{User: a.User, Subject: bad},
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
	v := session.Session{ID: storage.NewID[session.Session](), User: a.User, Selector: hash(), Ends: at(100), Version: 1}
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
	same(t, got(s.Sessions().Session(ctx, v.Selector))(t), v)
	same(t, len(claims(t, s)), 0)
	must(t, s.Sessions().Apply(ctx, all...)) // by any door
	same(t, slices.Collect(maps.Values(got(l.a.Names(ctx, []auth.UserID{a.User}))(t))), []string{a.Name})
	same(t, l.account(a.User).Password, next.Password)
	_, err := s.Sessions().Session(ctx, v.Selector)
	is(t, err, storage.ErrNotFound)
	same(t, len(claims(t, s)), 1)
}
