// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/storage"
)

// accountState is what accounts keep. Rows are never changed once put.
type accountState struct {
	accounts  tree[id, *account.Account]
	mailboxes tree[id, id]         // whose
	handles   tree[id, id]         // whose, or nobody's
	handlesOf tree[pair, struct{}] // by person and handle
	present   tree[id, id]         // each person's handle

	tokens     tree[id, *account.Token]
	tokensOf   tree[pair, struct{}] // by person and token
	tokensAged tree[aged[id], struct{}]

	factors  tree[id, *account.Factor]
	recovery tree[code, struct{}]

	identities   tree[elsewhere, *account.Identity]
	identitiesOf tree[linked, struct{}] // by person
	fiscal       tree[linked, struct{}] // by fiscal code

	consents     tree[agreed, *account.Consent]
	attempts     tree[id, *account.Attempts]
	attemptsAged tree[aged[id], struct{}]
}

func (x code) before(y code) bool {
	if x.user != y.user {
		return x.user.before(y.user)
	}
	return x.hash.before(y.hash)
}

func (x elsewhere) before(y elsewhere) bool {
	if x.issuer != y.issuer {
		return x.issuer < y.issuer
	}
	return x.subject < y.subject
}

func (x linked) before(y linked) bool {
	switch {
	case x.of != y.of:
		return x.of.before(y.of)
	case x.at != y.at:
		return x.at < y.at
	}
	return x.what.before(y.what)
}

func (x agreed) before(y agreed) bool {
	switch {
	case x.user != y.user:
		return x.user.before(y.user)
	case x.document != y.document:
		return x.document < y.document
	}
	return x.edition < y.edition
}

// wide is 32 bytes as a key.
func wide(h [32]byte) pair { return pair{words([16]byte(h[:16])), words([16]byte(h[16:]))} }

// accountStore is an [account.Store] on a Store.
type accountStore struct{ s Store }

var _ account.Store = accountStore{}

// Atomic implements [account.Store].
func (a accountStore) Atomic(ctx context.Context, fn func(context.Context, account.Store) error) error {
	return a.s.atomic(ctx, func(ctx context.Context, tx Store) error { return fn(ctx, accountStore{tx}) })
}

// Apply implements [storage.Writer].
func (a accountStore) Apply(ctx context.Context, changes ...storage.Change) error {
	return a.s.Apply(ctx, changes...)
}

// Done implements [storage.Writer].
func (a accountStore) Done(ctx context.Context, owner uuid.UUID, key string) (uuid.UUID, error) {
	return a.s.Done(ctx, owner, key)
}

// accountTexts are the texts of a change.
func accountTexts(c storage.Change) []string {
	switch c := c.(type) {
	case account.InsertAccount:
		return []string{c.Account.Name, c.Account.Address, c.Account.Password}
	case account.UpdateAccount:
		return []string{c.Account.Name, c.Account.Address, c.Account.Password}
	case account.PutToken:
		return []string{c.Token.Address}
	case account.InsertIdentity:
		return []string{c.Identity.Issuer, c.Identity.Subject}
	case account.UseIdentity:
		return []string{c.Issuer, c.Subject}
	case account.DropIdentity:
		return []string{c.Issuer, c.Subject}
	case account.InsertConsent:
		return []string{c.Consent.Document, c.Consent.Edition}
	}
	return nil
}

func (st *state) applyAccount(c storage.Change) (known bool, err error) {
	if err := checkText(accountTexts(c)...); err != nil {
		return true, err
	}
	switch c := c.(type) {
	case account.InsertAccount:
		err = st.insertAccount(c.Account)
	case account.UpdateAccount:
		err = st.updateAccount(c.Account)
	case account.TakeName:
		err = st.takeName(c)
	case account.Unchanged:
		err = st.unchanged(c)
	case account.PutToken:
		err = st.putToken(c.Token)
	case account.UseToken:
		err = st.dropToken(words(c.ID))
	case account.DropTokens:
		st.dropTokens(c)
	case account.PutFactor:
		err = st.putFactor(c.Factor)
	case account.TakeStep:
		err = st.takeStep(c)
	case account.DropFactor:
		st.factors.drop(st.era, idOf(c.User))
		st.dropRecovery(idOf(c.User))
	case account.PutRecovery:
		err = st.putRecovery(c)
	case account.UseRecovery:
		k := code{idOf(c.User), wide(c.Hash)}
		if !st.recovery.has(k) {
			return true, storage.ErrNotFound
		}
		st.recovery.drop(st.era, k)
	case account.InsertIdentity:
		err = st.insertIdentity(c.Identity)
	case account.UseIdentity:
		err = st.useIdentity(c)
	case account.DropIdentity:
		err = st.dropIdentity(c)
	case account.InsertConsent:
		err = st.insertConsent(c.Consent)
	case account.PutAttempts:
		err = st.putAttempts(c)
	case account.DropAttempts:
		for _, k := range c.Keys {
			st.dropAttempts(words(k))
		}
	case account.Forget:
		st.forgetAccounts(instant(c.Before).UnixMicro(), instant(c.Tried).UnixMicro())
	case account.EraseUser:
		st.eraseFromAccounts(idOf(c.User))
	default:
		return false, nil
	}
	return true, err
}

// account is an error unless a person has one: without it nothing else is kept
// of them.
func (st *state) account(user auth.UserID) error {
	if !st.accounts.has(idOf(user)) {
		return storage.ErrNotFound
	}
	return nil
}

func (st *state) insertAccount(a account.Account) error {
	k := idOf(a.User)
	if st.accounts.has(k) {
		return storage.ErrExists
	}
	return st.setAccount(&a)
}

func (st *state) updateAccount(a account.Account) error {
	was, ok := st.accounts.get(idOf(a.User))
	switch {
	case !ok:
		return storage.ErrNotFound
	case was.Version != a.Version:
		return storage.ErrConflict
	}
	a.Made = was.Made
	a.Version++
	return st.setAccount(&a)
}

func (st *state) unchanged(c account.Unchanged) error {
	switch a, ok := st.accounts.get(idOf(c.User)); {
	case !ok:
		return storage.ErrNotFound
	case a.Version != c.Version:
		return storage.ErrConflict
	}
	return nil
}

func (st *state) setAccount(a *account.Account) error {
	k, box := idOf(a.User), words(a.Mailbox)
	whose, taken := st.mailboxes.get(box)
	if taken && whose != k {
		return storage.ErrExists
	}
	if was, ok := st.accounts.get(k); ok && was.Mailbox != (account.Mailbox{}) {
		st.mailboxes.drop(st.era, words(was.Mailbox))
	}
	if a.Mailbox != (account.Mailbox{}) {
		st.mailboxes.put(st.era, box, k)
	}
	a.Made, a.NamedAt = instant(a.Made), instant(a.NamedAt)
	st.accounts.put(st.era, k, a)
	return nil
}

func (st *state) forgetAccounts(before, tried int64) {
	for _, k := range older(st.tokensAged, before) {
		_ = st.dropToken(k) // it is there
	}
	for _, k := range older(st.attemptsAged, tried) {
		st.dropAttempts(k)
	}
}

func (st *state) eraseFromAccounts(user id) {
	a, ok := st.accounts.get(user)
	if !ok {
		return // and so there is nothing else
	}
	for _, k := range below(st.tokensOf, user) {
		_ = st.dropToken(k) // it is there
	}
	st.factors.drop(st.era, user)
	st.dropRecovery(user)
	for _, i := range st.identitiesIn(st.identitiesOf, pair{a: user}) {
		_ = st.dropIdentity(account.DropIdentity{User: i.User, Issuer: i.Issuer, Subject: i.Subject}) // it is there
	}
	for _, c := range st.consentsOf(user) {
		st.consents.drop(st.era, agreed{user, c.Document, c.Edition})
	}
	for _, h := range below(st.handlesOf, user) {
		st.handles.put(st.era, h, id{})
		st.handlesOf.drop(st.era, pair{user, h})
	}
	st.present.drop(st.era, user)
	st.mailboxes.drop(st.era, words(a.Mailbox))
	st.accounts.drop(st.era, user)
}

// Account implements [account.Store].
func (a accountStore) Account(ctx context.Context, user auth.UserID) (account.Account, error) {
	return read(ctx, a.s, "account.Account", func(st *state) (account.Account, error) { return row(st.accounts, idOf(user)) })
}

// Mailbox implements [account.Store].
func (a accountStore) Mailbox(ctx context.Context, m account.Mailbox) (account.Account, error) {
	return read(ctx, a.s, "account.Mailbox", func(st *state) (account.Account, error) {
		if user, ok := st.mailboxes.get(words(m)); ok {
			return row(st.accounts, user)
		}
		return account.Account{}, storage.ErrNotFound
	})
}
