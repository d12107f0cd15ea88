// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/storage"
)

// code is a recovery code.
type code struct {
	user id
	hash pair
}

func (st *state) putFactor(f account.Factor) error {
	if err := st.account(f.User); err != nil {
		return err
	}
	f.Sealed, f.Confirmed = slices.Clone(f.Sealed), instant(f.Confirmed)
	st.factors.put(st.era, idOf(f.User), &f)
	return nil
}

func (st *state) takeStep(c account.TakeStep) error {
	f, err := row(st.factors, idOf(c.User))
	if err != nil {
		return err
	}
	if c.Step <= f.Step {
		return storage.ErrConflict
	}
	f.Step = c.Step
	st.factors.put(st.era, idOf(c.User), &f)
	return nil
}

func (st *state) recoveryOf(user id) []code {
	var out []code
	for k := range st.recovery.from(code{user: user}) {
		if k.user != user {
			break
		}
		out = append(out, k)
	}
	return out
}

func (st *state) dropRecovery(user id) {
	for _, k := range st.recoveryOf(user) {
		st.recovery.drop(st.era, k)
	}
}

func (st *state) putRecovery(c account.PutRecovery) error {
	if err := st.account(c.User); err != nil {
		return err
	}
	user := idOf(c.User)
	st.dropRecovery(user)
	for _, h := range c.Hashes {
		st.recovery.put(st.era, code{user, wide(h)}, struct{}{})
	}
	return nil
}

// Factor implements [account.Store].
func (a accountStore) Factor(ctx context.Context, user auth.UserID) (account.Factor, error) {
	return read(ctx, a.s, "account.Factor", func(st *state) (account.Factor, error) {
		f, err := row(st.factors, idOf(user))
		f.Sealed = slices.Clone(f.Sealed)
		return f, err
	})
}

// Recovery implements [account.Store].
func (a accountStore) Recovery(ctx context.Context, user auth.UserID) (int, error) {
	return read(ctx, a.s, "account.Recovery", func(st *state) (int, error) { return len(st.recoveryOf(idOf(user))), nil })
}
