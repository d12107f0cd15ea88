// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/storage"
)

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

// half returns 16 bytes for a column that is NULL when they are zero.
func half(b [16]byte) any { return storage.MakeID[uuid.UUID](b) }

// halves returns a list of 16 bytes each.
func halves[T ~[16]byte](all []T) []uuid.UUID {
	out := make([]uuid.UUID, len(all))
	for i, b := range all {
		out[i] = uuid.UUID(b)
	}
	return out
}

// digest returns 32 bytes for a column that is NULL when they are zero.
func digest(b [32]byte) any {
	if b == ([32]byte{}) {
		return nil
	}
	return b[:]
}

// bytesOf returns bytes for a column that is never NULL.
func bytesOf(b []byte) []byte { return append([]byte{}, b...) }

// accountColumns, in the order of accountValues and accountFields.
var accountColumns = columns{"who", "version", "mailbox", "made", "named_at", "short", "disabled", "name", "address", "password"}

func accountValues(a *account.Account) []any {
	return []any{
		raw(a.User), a.Version, half(a.Mailbox), always(a.Made), always(a.NamedAt), a.Short, a.Disabled, a.Name, a.Address, a.Password,
	}
}

func accountFields(a *account.Account) []any {
	return []any{
		&a.User, (*number)(&a.Version), (*key)(&a.Mailbox), (*moment)(&a.Made), (*moment)(&a.NamedAt), (*flag)(&a.Short), (*flag)(&a.Disabled),
		(*text)(&a.Name), (*text)(&a.Address), (*text)(&a.Password),
	}
}

var tokenColumns = columns{"who", "id", "purpose", "ends", "hash", "about", "address"}

func tokenValues(t *account.Token) []any {
	return []any{t.User, uuid.UUID(t.ID), int(t.Purpose), always(t.Ends), t.Hash[:], bytesOf(t.About), t.Address}
}

func tokenFields(t *account.Token) []any {
	return []any{
		&t.User, (*key)(&t.ID), (*octet)(&t.Purpose), (*moment)(&t.Ends), (*sum)(&t.Hash), (*binary)(&t.About), (*text)(&t.Address),
	}
}

var identityColumns = columns{"who", "issuer", "subject", "level", "linked", "used", "fiscal"}

func identityFields(i *account.Identity) []any {
	return []any{
		&i.User, (*text)(&i.Issuer), (*text)(&i.Subject), (*octet)(&i.Level), (*moment)(&i.Linked), (*moment)(&i.Used), (*sum)(&i.Fiscal),
	}
}

const accountThere = `EXISTS (SELECT 1 FROM {accounts} WHERE who = $1)`

var (
	insertAccount = write{
		query:  `INSERT INTO {accounts} (` + accountColumns.of("") + `) VALUES (` + numbered(1, len(accountColumns)) + `)`,
		unique: true, refused: storage.ErrExists,
	}
	// updateAccount keeps the mailbox only if it is the same; setMailbox gives
	// another, or fails where somebody takes it at the same moment. Both go in
	// one savepoint.
	updateAccount = write{
		query: `UPDATE {accounts} SET version = version + 1, mailbox = CASE WHEN mailbox = {id $3} THEN mailbox END,
			named_at = $4, short = $5, disabled = $6, name = $7, address = $8, password = $9 WHERE who = $1 AND version = $2`,
		refused: storage.ErrConflict, seen: accountThere, args: 1,
	}
	setMailbox = write{
		query: `UPDATE {accounts} SET mailbox = $2 WHERE who = $1 AND
			NOT EXISTS (SELECT 1 FROM {accounts} WHERE mailbox = $2 AND who <> $1)`,
		refused: storage.ErrExists,
	}
	takeHandle = write{
		query: `INSERT INTO {handles} AS h (who, handle) SELECT $1, $2 WHERE ` + accountThere + `
			ON CONFLICT (handle) DO UPDATE SET who = excluded.who WHERE h.who = excluded.who`,
		refused: storage.ErrExists, seen: accountThere, args: 1,
	}
	setHandle = write{query: `UPDATE {accounts} SET handle = $2 WHERE who = $1`, refused: storage.ErrNotFound}

	unchanged = write{
		query: `SELECT 1 FROM {accounts} WHERE who = $1 AND version = $2 {share}`, look: true,
		refused: storage.ErrConflict, seen: accountThere, args: 1,
	}

	// putToken is for a person's, putBeside for one of theirs of which there may
	// be several, and putLooseToken for one of nobody's.
	putBeside = write{
		query: `INSERT INTO {account_tokens} (` + tokenColumns.of("") + `) SELECT ` + numbered(1, len(tokenColumns)) + ` WHERE ` + accountThere + `
			ON CONFLICT DO NOTHING`,
		refused: storage.ErrExists, seen: accountThere, args: 1,
	}
	putToken = write{
		query: `INSERT INTO {account_tokens} (` + tokenColumns.of("") + `) SELECT ` + numbered(1, len(tokenColumns)) + ` WHERE ` + accountThere + `
			AND NOT EXISTS (SELECT 1 FROM {account_tokens} WHERE id = $2 AND (who IS NULL OR who <> $1 OR purpose <> $3))
			ON CONFLICT (who, purpose) WHERE purpose <> 4 DO UPDATE SET id = excluded.id, ends = excluded.ends, hash = excluded.hash, about = excluded.about, address = excluded.address`,
		refused: storage.ErrExists, seen: accountThere, args: 1,
	}
	putLooseToken = write{
		query:  `INSERT INTO {account_tokens} (` + tokenColumns.of("") + `) VALUES (` + numbered(1, len(tokenColumns)) + `)`,
		unique: true, refused: storage.ErrExists,
	}
	useToken   = write{query: `DELETE FROM {account_tokens} WHERE id = $1`, refused: storage.ErrNotFound}
	dropTokens = write{query: `DELETE FROM {account_tokens} WHERE who = $1 AND purpose = $2`}

	putFactor = write{
		query: `INSERT INTO {factors} (who, step, confirmed, sealed) SELECT $1, $2, $3, $4 WHERE ` + accountThere + `
			ON CONFLICT (who) DO UPDATE SET step = excluded.step, confirmed = excluded.confirmed, sealed = excluded.sealed`,
		refused: storage.ErrNotFound,
	}
	takeStep = write{
		query:   `UPDATE {factors} SET step = $2 WHERE who = $1 AND step < $2`,
		refused: storage.ErrConflict, seen: `EXISTS (SELECT 1 FROM {factors} WHERE who = $1)`, args: 1,
	}
	dropFactor = dropOf("{factors}")

	// holdAccount keeps others from giving new codes at the same time, so that
	// the old ones that each drops are all that there are.
	holdAccount    = write{query: `SELECT 1 FROM {accounts} WHERE who = $1 {lock}`, look: true, refused: storage.ErrNotFound}
	dropRecovery   = dropOf("{recovery}")
	insertRecovery = write{query: `INSERT INTO {recovery} (who, hash) VALUES ($1, $2) ON CONFLICT DO NOTHING`}
	useRecovery    = write{query: `DELETE FROM {recovery} WHERE who = $1 AND hash = $2`, refused: storage.ErrNotFound}

	insertIdentity = write{
		query: `INSERT INTO {identities} (` + identityColumns.of("") + `) SELECT ` + numbered(1, len(identityColumns)) + ` WHERE ` + accountThere + `
			ON CONFLICT DO NOTHING`,
		refused: storage.ErrExists,
		seen:    `EXISTS (SELECT 1 FROM {identities} WHERE issuer = $2 AND subject = $3) OR ` + accountThere, args: 3,
	}
	useIdentity = write{
		query: `UPDATE {identities} SET level = CASE WHEN level < $3 THEN $3 ELSE level END, used = CASE WHEN used < $4 THEN $4 ELSE used END
			WHERE issuer = $1 AND subject = $2 AND who = $5`,
		refused: storage.ErrNotFound,
	}
	dropIdentity = write{query: `DELETE FROM {identities} WHERE who = $1 AND issuer = $2 AND subject = $3`, refused: storage.ErrNotFound}

	// insertConsent writes what was agreed to already once more as it is, to
	// tell it from what nobody is there for.
	insertConsent = write{
		query: `INSERT INTO {consents} AS c (who, document, edition, at) SELECT $1, $2, $3, $4 WHERE ` + accountThere + `
			ON CONFLICT (who, document, edition) DO UPDATE SET at = c.at`,
		refused: storage.ErrNotFound,
	}

	// firstAttempts is for a key that counts 0.
	firstAttempts = write{
		query: `INSERT INTO {attempts} AS a (key, count, at) VALUES ($1, $2, $3)
			ON CONFLICT (key) DO UPDATE SET count = excluded.count, at = excluded.at WHERE a.count = 0`,
		refused: storage.ErrConflict,
	}
	moreAttempts = write{query: `UPDATE {attempts} SET count = $2, at = $3 WHERE key = $1 AND count = $4`, refused: storage.ErrConflict}
	dropAttempts = write{query: `DELETE FROM {attempts} WHERE {one_of key $1}`}

	forgetTokens   = write{query: `DELETE FROM {account_tokens} WHERE ends < $1`}
	forgetAttempts = write{query: `DELETE FROM {attempts} WHERE at < $1`}

	// What is given to a person while they are erased goes with the account.
	accountErasures = []write{
		dropOf("{account_tokens}"), dropFactor, dropRecovery, dropOf("{identities}"), dropOf("{consents}"),
		{query: `UPDATE {handles} SET who = NULL WHERE who = $1`}, dropOf("{accounts}"),
	}
)

// accountSteps are the changes of accounts.
func accountSteps(steps []step, c storage.Change) ([]step, bool) {
	switch c := c.(type) {
	case account.InsertAccount:
		return append(steps, do(&insertAccount, accountValues(&c.Account)...)), true
	case account.UpdateAccount:
		v := accountValues(&c.Account)
		steps = append(steps, do(&updateAccount, append(v[:3:3], v[4:]...)...)) // Made stays
		if c.Account.Mailbox != (account.Mailbox{}) {
			steps = append(steps, do(&setMailbox, raw(c.Account.User), half(c.Account.Mailbox)))
		}
		return steps, true
	case account.TakeName:
		h := uuid.UUID(c.Handle)
		return append(steps, do(&takeHandle, raw(c.User), h), do(&setHandle, raw(c.User), h)), true
	case account.Unchanged:
		return append(steps, do(&unchanged, raw(c.User), c.Version)), true
	case account.PutToken:
		put := &putToken
		switch {
		case c.Token.User.IsZero():
			put = &putLooseToken
		case c.Token.Purpose == account.SecondStep:
			put = &putBeside
		}
		return append(steps, do(put, tokenValues(&c.Token)...)), true
	case account.UseToken:
		return append(steps, do(&useToken, uuid.UUID(c.ID))), true
	case account.DropTokens:
		for _, p := range c.Purposes {
			steps = append(steps, do(&dropTokens, raw(c.User), int(p)))
		}
		return steps, true
	case account.PutFactor:
		f := c.Factor
		return append(steps, do(&putFactor, raw(f.User), f.Step, f.Confirmed, bytesOf(f.Sealed))), true
	case account.TakeStep:
		return append(steps, do(&takeStep, raw(c.User), c.Step)), true
	case account.DropFactor:
		return append(steps, do(&dropFactor, raw(c.User)), do(&dropRecovery, raw(c.User))), true
	case account.PutRecovery:
		steps = append(steps, do(&holdAccount, raw(c.User)), do(&dropRecovery, raw(c.User)))
		for _, h := range c.Hashes {
			steps = append(steps, do(&insertRecovery, raw(c.User), h[:]))
		}
		return steps, true
	case account.UseRecovery:
		return append(steps, do(&useRecovery, raw(c.User), c.Hash[:])), true
	case account.InsertIdentity:
		i := c.Identity
		return append(steps, do(&insertIdentity, raw(i.User), i.Issuer, i.Subject, int(i.Level), always(i.Linked), always(i.Used), digest(i.Fiscal))), true
	case account.UseIdentity:
		return append(steps, do(&useIdentity, c.Issuer, c.Subject, int(c.Level), always(c.At), raw(c.User))), true
	case account.DropIdentity:
		return append(steps, do(&dropIdentity, raw(c.User), c.Issuer, c.Subject)), true
	case account.InsertConsent:
		return append(steps, do(&insertConsent, raw(c.Consent.User), c.Consent.Document, c.Consent.Edition, always(c.Consent.At))), true
	case account.PutAttempts:
		a := c.Attempts
		if c.Seen == 0 {
			return append(steps, do(&firstAttempts, uuid.UUID(a.Key), a.Count, always(a.At))), true
		}
		return append(steps, do(&moreAttempts, uuid.UUID(a.Key), a.Count, always(a.At), c.Seen)), true
	case account.DropAttempts:
		return append(steps, do(&dropAttempts, halves(c.Keys))), true
	case account.Forget:
		return append(steps, do(&forgetTokens, always(c.Before)), do(&forgetAttempts, always(c.Tried))), true
	case account.EraseUser:
		for i := range accountErasures {
			steps = append(steps, do(&accountErasures[i], raw(c.User)))
		}
		return steps, true
	}
	return steps, false
}

var (
	allOfAccount  = `SELECT ` + accountColumns.of("") + ` FROM {accounts} `
	accountByID   = rootBy(allOfAccount + `WHERE who = $1`)
	allOfIdentity = `SELECT ` + identityColumns.of("") + ` FROM {identities} `
)

// Account implements [account.Store].
func (a accountStore) Account(ctx context.Context, id auth.UserID) (account.Account, error) {
	return row(ctx, a.s, "account.Account", accountFields, a.s.rootText(accountByID), raw(id))
}

// Handle implements [account.Store].
func (a accountStore) Handle(ctx context.Context, h account.Handle) (account.Account, error) {
	return row(ctx, a.s, "account.Handle", accountFields, allOfAccount+`WHERE handle = $1`, uuid.UUID(h))
}

// Mailbox implements [account.Store].
func (a accountStore) Mailbox(ctx context.Context, m account.Mailbox) (account.Account, error) {
	return row(ctx, a.s, "account.Mailbox", accountFields, allOfAccount+`WHERE mailbox = $1`, uuid.UUID(m))
}

// Handles implements [account.Store].
func (a accountStore) Handles(ctx context.Context, handles []account.Handle) (map[account.Handle]auth.UserID, error) {
	type held struct {
		h    account.Handle
		user auth.UserID
	}
	found, err := rows(ctx, a.s, "account.Handles", len(handles), func(v *held) []any { return []any{(*key)(&v.h), &v.user} },
		`SELECT handle, who FROM {accounts} WHERE {one_of handle $1} AND handle IS NOT NULL`, halves(handles))
	out := make(map[account.Handle]auth.UserID, len(found))
	for _, v := range found {
		out[v.h] = v.user
	}
	return out, err
}

// Names implements [account.Store].
func (a accountStore) Names(ctx context.Context, ids []auth.UserID) (map[auth.UserID]string, error) {
	type named struct {
		user auth.UserID
		name string
	}
	found, err := rows(ctx, a.s, "account.Names", len(ids), func(v *named) []any { return []any{&v.user, (*text)(&v.name)} },
		`SELECT who, name FROM {accounts} WHERE {one_of who $1}`, users(ids))
	out := make(map[auth.UserID]string, len(found))
	for _, v := range found {
		out[v.user] = v.name
	}
	return out, err
}

// Token implements [account.Store].
func (a accountStore) Token(ctx context.Context, id [16]byte) (account.Token, error) {
	return row(ctx, a.s, "account.Token", tokenFields, `SELECT `+tokenColumns.of("")+` FROM {account_tokens} WHERE id = $1`, uuid.UUID(id))
}

// Factor implements [account.Store].
func (a accountStore) Factor(ctx context.Context, user auth.UserID) (account.Factor, error) {
	return row(ctx, a.s, "account.Factor", func(f *account.Factor) []any {
		return []any{&f.User, (*long)(&f.Step), (*moment)(&f.Confirmed), (*binary)(&f.Sealed)}
	}, `SELECT who, step, confirmed, sealed FROM {factors} WHERE who = $1`, raw(user))
}

// Recovery implements [account.Store].
func (a accountStore) Recovery(ctx context.Context, user auth.UserID) (int, error) {
	return row(ctx, a.s, "account.Recovery", func(n *int) []any { return []any{(*number)(n)} },
		`SELECT count(*) FROM {recovery} WHERE who = $1`, raw(user))
}

// Identity implements [account.Store].
func (a accountStore) Identity(ctx context.Context, issuer, subject string) (account.Identity, error) {
	return row(ctx, a.s, "account.Identity", identityFields, allOfIdentity+`WHERE issuer = $1 AND subject = $2`, issuer, subject)
}

// Identities implements [account.Store].
func (a accountStore) Identities(ctx context.Context, user auth.UserID) ([]account.Identity, error) {
	return rows(ctx, a.s, "account.Identities", 2, identityFields, allOfIdentity+`WHERE who = $1 ORDER BY linked, issuer, subject`, raw(user))
}

// Fiscal implements [account.Store].
func (a accountStore) Fiscal(ctx context.Context, hmac [32]byte) ([]account.Identity, error) {
	return rows(ctx, a.s, "account.Fiscal", 2, identityFields, allOfIdentity+`WHERE fiscal = $1 ORDER BY linked, issuer, subject`, hmac[:])
}

// Consents implements [account.Store].
func (a accountStore) Consents(ctx context.Context, user auth.UserID) ([]account.Consent, error) {
	return rows(ctx, a.s, "account.Consents", 4, func(c *account.Consent) []any {
		return []any{&c.User, (*text)(&c.Document), (*text)(&c.Edition), (*moment)(&c.At)}
	}, `SELECT who, document, edition, at FROM {consents} WHERE who = $1 ORDER BY at, document, edition`, raw(user))
}

// Attempts implements [account.Store].
func (a accountStore) Attempts(ctx context.Context, keys [][16]byte) ([]account.Attempts, error) {
	return rows(ctx, a.s, "account.Attempts", len(keys), func(v *account.Attempts) []any {
		return []any{(*key)(&v.Key), (*number)(&v.Count), (*moment)(&v.At)}
	}, `SELECT key, count, at FROM {attempts} WHERE {one_of key $1}`, halves(keys))
}
