// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
)

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
