// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// orgColumns, in the order of orgValues; the last two are not for updates.
var orgColumns = columns{"id", "code", "name", "kind", "site", "inactive", "sort", "folded", "version", "made"}

// orgRead are those that are read, in the order of orgFields.
var orgRead = columns{"id", "code", "name", "kind", "site", "inactive", "version", "made"}

func orgValues(o *membership.Org) []any {
	folded := membership.Fold(o.Name)
	return []any{o.ID, o.Code, o.Name, o.Kind, o.Site, o.Inactive, membership.SortKey(folded), folded, o.Version, always(o.Made)}
}

func orgFields(o *membership.Org) []any {
	return []any{&o.ID, (*text)(&o.Code), (*text)(&o.Name), (*text)(&o.Kind), (*text)(&o.Site), (*flag)(&o.Inactive), (*number)(&o.Version), (*moment)(&o.Made)}
}

var (
	insertOrg = write{
		query:  `INSERT INTO {orgs} (` + orgColumns.of("") + `) VALUES (` + numbered(1, len(orgColumns)) + `)`,
		unique: true, refused: storage.ErrExists,
	}
	// lockOrg and updateOrg are two, so that a refusal says which it is.
	lockOrg   = lockAt("{orgs}")
	updateOrg = write{
		query: `UPDATE {orgs} SET ` + orgColumns[1:len(orgColumns)-2].set(2) + `, version = version + 1
			WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM {orgs} WHERE code = $2 AND id <> $1)`,
		refused: storage.ErrExists,
	}
)

// lockAt keeps the row $1 of a table, at version $2, for the unit.
func lockAt(table string) write {
	return write{
		query: `SELECT 1 FROM ` + table + ` WHERE id = $1 AND version = $2 {lock}`, look: true,
		refused: storage.ErrConflict,
		seen:    `EXISTS (SELECT 1 FROM ` + table + ` WHERE id = $1)`, args: 1,
	}
}

// Org implements [membership.Store].
func (m membershipStore) Org(ctx context.Context, id auth.OrgID) (membership.Org, error) {
	return row(ctx, m.s, "membership.Org", orgFields, `SELECT `+orgRead.of("")+` FROM {orgs} WHERE id = $1`, id)
}

// OrgsByID implements [membership.Store].
func (m membershipStore) OrgsByID(ctx context.Context, ids []auth.OrgID) (map[auth.OrgID]membership.Org, error) {
	found, err := rows(ctx, m.s, "membership.OrgsByID", len(ids), orgFields, `SELECT `+orgRead.of("")+` FROM {orgs} WHERE id IN {ids $1}`, rawAll(ids))
	return keyed(found, func(o membership.Org) auth.OrgID { return o.ID }), err
}

// OrgsByCode implements [membership.Store].
func (m membershipStore) OrgsByCode(ctx context.Context, codes []string) (map[string]membership.Org, error) {
	found, err := rows(ctx, m.s, "membership.OrgsByCode", len(codes), orgFields, `SELECT `+orgRead.of("")+` FROM {orgs} WHERE {among code $1}`, codes)
	return keyed(found, func(o membership.Org) string { return o.Code }), err
}

func rawAll[T any](ids []storage.ID[T]) []uuid.UUID {
	out := make([]uuid.UUID, len(ids))
	for i, id := range ids {
		out[i] = id.Bytes()
	}
	return out
}

func keyed[K comparable, V any](list []V, key func(V) K) map[K]V {
	out := make(map[K]V, len(list))
	for _, v := range list {
		out[key(v)] = v
	}
	return out
}

// orgKey is the place of an organisation in the list.
type orgKey struct{ N, C string }

const orgsName = "membership.orgs"

// Orgs implements [membership.Store].
func (m membershipStore) Orgs(ctx context.Context, q membership.OrgQuery) (page storage.Page[membership.Org], err error) {
	const op = "membership.Orgs"
	var f filter
	if q.After != "" {
		var k orgKey
		if err := storage.DecodeCursor(orgsName, q.After, &k); err != nil {
			return page, failed(op, err)
		}
		f.and("(sort, code) > (?, ?)", k.N, k.C)
	}
	if !q.Inactive {
		f.and("NOT inactive")
	}
	// Each number of words has a text of its own, which is kept: the last is
	// said again up to a power of two, so that there are few.
	words := slices.Clone(q.Words)
	for len(words)&(len(words)-1) != 0 {
		words = append(words, words[len(words)-1])
	}
	for _, w := range words {
		f.and("(code = ? OR {has folded ?})", w, w)
	}
	limit := storage.Limit(q.Limit)
	query := f.query(`SELECT `+orgRead.of("")+` FROM {orgs}`, "sort, code", limit)
	items, err := rows(ctx, m.s, op, limit+1, orgFields, query, f.args...)
	if err != nil {
		return page, err
	}
	return storage.Cut(items, limit, orgsName, func(o membership.Org) any { return orgKey{membership.SortKey(membership.Fold(o.Name)), o.Code} }), nil
}
