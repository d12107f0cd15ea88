// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/storage"
)

// elsewhere is how somebody elsewhere calls a person.
type elsewhere struct{ issuer, subject string }

// linked orders the identities of a person, or of a fiscal code, by age.
type linked struct {
	of   pair
	at   int64
	what elsewhere
}

// agreed is what a person agreed to.
type agreed struct {
	user              id
	document, edition string
}

func identityKey(i *account.Identity) elsewhere { return elsewhere{i.Issuer, i.Subject} }

// lists are where an identity is listed; without a fiscal code the second is
// none.
func (st *state) identityLists(i *account.Identity) (of, fiscal linked) {
	of = linked{pair{a: idOf(i.User)}, i.Linked.UnixMicro(), identityKey(i)}
	fiscal = of
	fiscal.of = wide(i.Fiscal)
	return of, fiscal
}

func (st *state) insertIdentity(i account.Identity) error {
	if st.identities.has(identityKey(&i)) {
		return storage.ErrExists
	}
	if err := st.account(i.User); err != nil {
		return err
	}
	i.Linked, i.Used = instant(i.Linked), instant(i.Used)
	st.identities.put(st.era, identityKey(&i), &i)
	of, fiscal := st.identityLists(&i)
	st.identitiesOf.put(st.era, of, struct{}{})
	if i.Fiscal != ([32]byte{}) {
		st.fiscal.put(st.era, fiscal, struct{}{})
	}
	return nil
}

func (st *state) useIdentity(c account.UseIdentity) error {
	i, err := row(st.identities, elsewhere{c.Issuer, c.Subject})
	if err == nil && i.User != c.User {
		err = storage.ErrNotFound
	}
	if err != nil {
		return err
	}
	i.Level = max(i.Level, c.Level)
	if at := instant(c.At); at.After(i.Used) {
		i.Used = at
	}
	st.identities.put(st.era, identityKey(&i), &i)
	return nil
}

func (st *state) dropIdentity(c account.DropIdentity) error {
	i, ok := st.identities.get(elsewhere{c.Issuer, c.Subject})
	if !ok || i.User != c.User {
		return storage.ErrNotFound
	}
	of, fiscal := st.identityLists(i)
	st.identities.drop(st.era, identityKey(i))
	st.identitiesOf.drop(st.era, of)
	st.fiscal.drop(st.era, fiscal)
	return nil
}

func (st *state) identitiesIn(t tree[linked, struct{}], of pair) []account.Identity {
	var out []account.Identity
	for k := range t.from(linked{of: of, at: math.MinInt64}) {
		if k.of != of {
			break
		}
		i, _ := st.identities.get(k.what)
		out = append(out, *i)
	}
	return out
}

func (st *state) insertConsent(c account.Consent) error {
	if err := st.account(c.User); err != nil {
		return err
	}
	k := agreed{idOf(c.User), c.Document, c.Edition}
	if !st.consents.has(k) {
		c.At = instant(c.At)
		st.consents.put(st.era, k, &c)
	}
	return nil
}

func (st *state) consentsOf(user id) []account.Consent {
	var out []account.Consent
	for k, c := range st.consents.from(agreed{user: user}) {
		if k.user != user {
			break
		}
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b account.Consent) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Document, b.Document), cmp.Compare(a.Edition, b.Edition))
	})
	return out
}

// Identity implements [account.Store].
func (a accountStore) Identity(ctx context.Context, issuer, subject string) (account.Identity, error) {
	return read(ctx, a.s, "account.Identity", func(st *state) (account.Identity, error) {
		return row(st.identities, elsewhere{issuer, subject})
	})
}

// Identities implements [account.Store].
func (a accountStore) Identities(ctx context.Context, user auth.UserID) ([]account.Identity, error) {
	return read(ctx, a.s, "account.Identities", func(st *state) ([]account.Identity, error) {
		return st.identitiesIn(st.identitiesOf, pair{a: idOf(user)}), nil
	})
}

// Fiscal implements [account.Store].
func (a accountStore) Fiscal(ctx context.Context, hmac [32]byte) ([]account.Identity, error) {
	return read(ctx, a.s, "account.Fiscal", func(st *state) ([]account.Identity, error) {
		return st.identitiesIn(st.fiscal, wide(hmac)), nil
	})
}

// Consents implements [account.Store].
func (a accountStore) Consents(ctx context.Context, user auth.UserID) ([]account.Consent, error) {
	return read(ctx, a.s, "account.Consents", func(st *state) ([]account.Consent, error) { return st.consentsOf(idOf(user)), nil })
}
