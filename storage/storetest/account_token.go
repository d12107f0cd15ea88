// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"bytes"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
)

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

func tokenBeside(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, b := l.signUp().User, l.signUp().User
	one, two, theirs, other := l.newToken(a, account.SecondStep), l.newToken(a, account.SecondStep), l.newToken(b, account.SecondStep), l.newToken(a, account.ResetPassword)
	for _, tok := range []account.Token{one, two, theirs, other} {
		l.do(account.PutToken{Token: tok})
	}
	l.fails(storage.ErrExists, account.PutToken{Token: one})
	l.fails(storage.ErrExists, event(1), account.PutToken{Token: one})
	for _, tok := range []account.Token{one, two, theirs, other} {
		same(t, l.token(tok.ID), tok)
	}
	l.do(account.UseToken{ID: one.ID})
	same(t, l.token(one.ID), account.Token{})
	same(t, l.token(two.ID), two)
	l.do(account.PutToken{Token: one}, account.DropTokens{User: a, Purposes: []account.Purpose{account.SecondStep}})
	for _, tok := range []account.Token{one, two} {
		same(t, l.token(tok.ID), account.Token{})
	}
	same(t, l.token(theirs.ID), theirs)
	same(t, l.token(other.ID), other)
	same(t, len(claims(t, s)), 0)
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
