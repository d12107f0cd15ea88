// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"cmp"
	"context"
	"math"
	"slices"

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

// code is a recovery code.
type code struct {
	user id
	hash pair
}

func (x code) before(y code) bool {
	if x.user != y.user {
		return x.user.before(y.user)
	}
	return x.hash.before(y.hash)
}

// elsewhere is how somebody elsewhere calls a person.
type elsewhere struct{ issuer, subject string }

func (x elsewhere) before(y elsewhere) bool {
	if x.issuer != y.issuer {
		return x.issuer < y.issuer
	}
	return x.subject < y.subject
}

// linked orders the identities of a person, or of a fiscal code, by age.
type linked struct {
	of   pair
	at   int64
	what elsewhere
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

// agreed is what a person agreed to.
type agreed struct {
	user              id
	document, edition string
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
		st.forgetAccounts(instant(c.Before).UnixMicro())
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
		st.dropTokens(account.DropTokens{User: t.User, Purposes: []account.Purpose{t.Purpose}})
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

func (st *state) putAttempts(c account.PutAttempts) error {
	k, seen := words(c.Attempts.Key), 0
	if was, ok := st.attempts.get(k); ok {
		seen = was.Count
	}
	if seen != c.Seen {
		return storage.ErrConflict
	}
	st.dropAttempts(k)
	c.Attempts.At = instant(c.Attempts.At)
	st.attempts.put(st.era, k, &c.Attempts)
	st.attemptsAged.put(st.era, aged[id]{c.Attempts.At.UnixMicro(), k}, struct{}{})
	return nil
}

func (st *state) dropAttempts(k id) {
	if a, ok := st.attempts.get(k); ok {
		st.attempts.drop(st.era, k)
		st.attemptsAged.drop(st.era, aged[id]{a.At.UnixMicro(), k})
	}
}

// older returns what is listed before an instant.
func older(t tree[aged[id], struct{}], before int64) []id {
	var out []id
	for k := range t.from(aged[id]{at: math.MinInt64}) {
		if k.at >= before {
			break
		}
		out = append(out, k.what)
	}
	return out
}

func (st *state) forgetAccounts(before int64) {
	for _, k := range older(st.tokensAged, before) {
		_ = st.dropToken(k) // it is there
	}
	for _, k := range older(st.attemptsAged, before) {
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

// Mailbox implements [account.Store].
func (a accountStore) Mailbox(ctx context.Context, m account.Mailbox) (account.Account, error) {
	return read(ctx, a.s, "account.Mailbox", func(st *state) (account.Account, error) {
		if user, ok := st.mailboxes.get(words(m)); ok {
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

// Attempts implements [account.Store].
func (a accountStore) Attempts(ctx context.Context, keys [][16]byte) ([]account.Attempts, error) {
	return read(ctx, a.s, "account.Attempts", func(st *state) (out []account.Attempts, err error) {
		for i, k := range keys {
			if a, ok := st.attempts.get(words(k)); ok && !slices.Contains(keys[:i], k) {
				out = append(out, *a)
			}
		}
		return out, nil
	})
}
