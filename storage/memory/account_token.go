// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/storage"
)

func (st *state) takeName(c account.TakeName) error {
	if err := st.account(c.User); err != nil {
		return err
	}
	user, h := idOf(c.User), words(c.Handle)
	if whose, taken := st.handles.get(h); taken && whose != user {
		return storage.ErrExists
	}
	st.handles.put(st.era, h, user)
	st.handlesOf.put(st.era, pair{user, h}, struct{}{})
	st.present.put(st.era, user, h)
	return nil
}

func (st *state) putToken(t account.Token) error {
	k, user := words(t.ID), idOf(t.User)
	if !t.User.IsZero() {
		if err := st.account(t.User); err != nil {
			return err
		}
		if t.Purpose != account.SecondStep {
			st.dropTokens(account.DropTokens{User: t.User, Purposes: []account.Purpose{t.Purpose}})
		}
	}
	if st.tokens.has(k) {
		return storage.ErrExists
	}
	t.Ends, t.About = instant(t.Ends), slices.Clone(t.About)
	st.tokens.put(st.era, k, &t)
	st.tokensAged.put(st.era, aged[id]{t.Ends.UnixMicro(), k}, struct{}{})
	if !t.User.IsZero() {
		st.tokensOf.put(st.era, pair{user, k}, struct{}{})
	}
	return nil
}

func (st *state) dropToken(k id) error {
	t, ok := st.tokens.get(k)
	if !ok {
		return storage.ErrNotFound
	}
	st.tokens.drop(st.era, k)
	st.tokensAged.drop(st.era, aged[id]{t.Ends.UnixMicro(), k})
	st.tokensOf.drop(st.era, pair{idOf(t.User), k})
	return nil
}

func (st *state) dropTokens(c account.DropTokens) {
	for _, k := range below(st.tokensOf, idOf(c.User)) {
		if t, _ := st.tokens.get(k); slices.Contains(c.Purposes, t.Purpose) {
			_ = st.dropToken(k) // it is there
		}
	}
}

// holder returns whose a handle is at present.
func (st *state) holder(h account.Handle) (id, bool) {
	user, ok := st.handles.get(words(h))
	now, named := st.present.get(user)
	return user, ok && named && now == words(h)
}

// Handle implements [account.Store].
func (a accountStore) Handle(ctx context.Context, h account.Handle) (account.Account, error) {
	return read(ctx, a.s, "account.Handle", func(st *state) (account.Account, error) {
		if user, ok := st.holder(h); ok {
			return row(st.accounts, user)
		}
		return account.Account{}, storage.ErrNotFound
	})
}

// Handles implements [account.Store].
func (a accountStore) Handles(ctx context.Context, handles []account.Handle) (map[account.Handle]auth.UserID, error) {
	return read(ctx, a.s, "account.Handles", func(st *state) (map[account.Handle]auth.UserID, error) {
		out := make(map[account.Handle]auth.UserID, len(handles))
		for _, h := range handles {
			if user, ok := st.holder(h); ok {
				out[h] = storageID[auth.User](user)
			}
		}
		return out, nil
	})
}

// Names implements [account.Store].
func (a accountStore) Names(ctx context.Context, ids []auth.UserID) (map[auth.UserID]string, error) {
	return read(ctx, a.s, "account.Names", func(st *state) (map[auth.UserID]string, error) {
		out := make(map[auth.UserID]string, len(ids))
		for _, user := range ids {
			if a, ok := st.accounts.get(idOf(user)); ok {
				out[user] = a.Name
			}
		}
		return out, nil
	})
}

// Token implements [account.Store].
func (a accountStore) Token(ctx context.Context, k [16]byte) (account.Token, error) {
	return read(ctx, a.s, "account.Token", func(st *state) (account.Token, error) {
		t, err := row(st.tokens, words(k))
		t.About = slices.Clone(t.About)
		return t, err
	})
}
