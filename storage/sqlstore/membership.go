// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// membershipStore is a [membership.Store] on a Store.
type membershipStore struct{ s Store }

var _ membership.Store = membershipStore{}

// Atomic implements [membership.Store].
func (m membershipStore) Atomic(ctx context.Context, fn func(context.Context, membership.Store) error) error {
	return m.s.atomic(ctx, func(ctx context.Context, tx Store) error { return fn(ctx, membershipStore{tx}) })
}

// Apply implements [storage.Writer].
func (m membershipStore) Apply(ctx context.Context, changes ...storage.Change) error {
	return m.s.Apply(ctx, changes...)
}

// Done implements [storage.Writer].
func (m membershipStore) Done(ctx context.Context, owner uuid.UUID, key string) (uuid.UUID, error) {
	return m.s.Done(ctx, owner, key)
}

// membershipSteps are the changes of membership.
func membershipSteps(steps []step, c storage.Change) ([]step, bool) {
	switch c := c.(type) {
	case membership.InsertOrg:
		return append(steps, do(&insertOrg, orgValues(&c.Org)...)), true
	case membership.UpdateOrg:
		return append(steps, do(&lockOrg, c.Org.ID, c.Org.Version), do(&updateOrg, orgValues(&c.Org)[:len(orgColumns)-2]...)), true
	case membership.InsertMember:
		return expertiseSteps(append(steps, do(&insertMember, memberValues(&c.Member)...)), &c.Member), true
	case membership.UpdateMember:
		return expertiseSteps(append(steps, do(&updateMember, memberValues(&c.Member)[:len(memberColumns)-1]...), do(&dropExpertise, c.Member.User)), &c.Member), true
	case membership.HoldCoordinators:
		if c.Seen == 0 {
			return append(steps, do(&firstHold, held(c.Area))), true
		}
		return append(steps, do(&nextHold, held(c.Area), c.Seen)), true
	case membership.SetAreaRole:
		r := c.AreaRole
		if r.Role == auth.Outsider {
			return append(steps, do(&dropAreaRole, raw(r.User), raw(r.Area))), true
		}
		return append(steps, do(&setAreaRole, raw(r.User), raw(r.Area), int(r.Role))), true
	case membership.InsertMandate:
		return append(steps, do(&insertMandate, mandateValues(&c.Mandate)...)), true
	case membership.UpdateMandate:
		return append(steps, do(&updateMandate, mandateValues(&c.Mandate)[:len(mandateColumns)-1]...)), true
	case membership.InsertTurn:
		t := c.Turn
		return append(steps, do(&insertTurn, t.N, t.Phase, always(t.At), t.By.User, t.By.For, t.Why)), true
	case membership.EraseUser:
		return membershipErasures(steps, c), true
	}
	return admissionSteps(steps, c)
}

var (
	insertTurn = write{
		query: `INSERT INTO {turns} (` + turnColumns.of("") + `) SELECT ` + numbered(1, len(turnColumns)) + `
			WHERE $1 = coalesce((SELECT max(n) FROM {turns}), 0) + 1 ON CONFLICT DO NOTHING`,
		refused: storage.ErrConflict,
	}

	// What there is of a person is dropped, and where else they are named it
	// is emptied.
	membershipOf = []write{
		dropOf("{members}"), dropOf("{expertise}"), dropOf("{area_roles}"), dropOf("{mandates}"), dropOf("{applications}"), dropOf("{sanctions}"),
		forget("{mandates}", []string{"by"}), forget("{applications}", []string{"by"}), forget("{invitations}", []string{"by"}),
		forget("{sanctions}", []string{"by", "appeal"}), emptyBy("{turns}", "by"),
	}
	dropInvited = write{query: `DELETE FROM {invitations} WHERE mailbox IN {ids $1}`}
)

func membershipErasures(steps []step, c membership.EraseUser) []step {
	if !c.User.IsZero() {
		for i := range membershipOf {
			steps = append(steps, do(&membershipOf[i], raw(c.User)))
		}
	}
	if len(c.Mailboxes) > 0 {
		steps = append(steps, do(&dropInvited, uuids(c.Mailboxes)))
	}
	return steps
}

func uuids(list [][16]byte) []uuid.UUID {
	out := make([]uuid.UUID, len(list))
	for i, b := range list {
		out[i] = b
	}
	return out
}

var turnColumns = columns{"n", "phase", "at", "by_user", "by_org", "why"}

func turnFields(t *membership.Turn) []any {
	return []any{(*number)(&t.N), (*number)(&t.Phase), (*moment)(&t.At), &t.By.User, &t.By.For, (*text)(&t.Why)}
}

// Turns implements [membership.Store].
func (m membershipStore) Turns(ctx context.Context) ([]membership.Turn, error) {
	return rows(ctx, m.s, "membership.Turns", 8, turnFields, `SELECT `+turnColumns.of("")+` FROM {turns} ORDER BY n`)
}

// A fact is a row of what there is of a person, of one kind or another.
type fact struct {
	kind  number
	n     [3]number
	id    [4]storage.ID[fact]
	at    [4]moment
	texts [6]text
}

// What a fact is.
const (
	ofTurn = iota + 1
	ofMember
	ofApplication
	ofAreaRole
	ofMandate
	ofSanction
	ofAppeal // of a sanction
)

func factFields(f *fact) []any {
	out := make([]any, 0, 18)
	out = append(out, &f.kind)
	for i := range f.n {
		out = append(out, &f.n[i])
	}
	for i := range f.id {
		out = append(out, &f.id[i])
	}
	for i := range f.at {
		out = append(out, &f.at[i])
	}
	for i := range f.texts {
		out = append(out, &f.texts[i])
	}
	return out
}

// A slot is one kind of columns of a fact.
type slot = []string

// factsOf returns the SELECT of one kind of facts, from a table: numbers, ids,
// instants and texts, in the order of a fact's. What there is none of is NULL,
// of a type that the first SELECT of a UNION has to tell PostgreSQL. The fewer
// columns, the faster: small numbers share one.
func factsOf(kind int, numbers, ids, instants, texts slot, from string) string {
	parts := []string{fmt.Sprint(kind)}
	for _, c := range []struct {
		has slot
		n   int
		typ string
	}{{numbers, 3, "bigint"}, {ids, 4, "uuid"}, {instants, 4, "timestamptz"}, {texts, 6, "text"}} {
		for i := range c.n {
			switch {
			case i < len(c.has) && c.has[i] != "":
				parts = append(parts, c.has[i])
			case kind == ofTurn:
				parts = append(parts, "CAST(NULL AS "+c.typ+")")
			default:
				parts = append(parts, "NULL")
			}
		}
	}
	return "SELECT " + strings.Join(parts, ", ") + " FROM " + from
}

// What a mandate and a sanction of $1 must be at $2.
const (
	holding     = " WHERE who = $1 AND begins <= $2 AND (ends IS NULL OR ends > $2)"
	restraining = "{sanctions}" + holding + " AND lifted IS NULL"
)

// standing is all of a person, in one question: $1 at $2.
var standing = strings.Join([]string{
	factsOf(ofTurn, slot{"n", "phase"}, slot{"", "", "by_user", "by_org"}, slot{"at"}, slot{"why"}, "{turns} WHERE n = (SELECT max(n) FROM {turns})"),
	factsOf(ofMember,
		slot{"state + 256 * role", "version", "name_to + 256 * headline_to + 65536 * about_to + 16777216 * (CAST(contact_to AS bigint) + 256 * CAST(listed AS integer))"},
		slot{"org"}, slot{"joined", "since"}, slot{"category", "name", "headline", "about", "contact", "expertise"}, "{members} WHERE who = $1"),
	factsOf(ofApplication, slot{"state", "version"}, slot{"org", "id", "by_user", "by_org"}, slot{"made", "decided"},
		slot{"category", "title", "body", "why", "(SELECT o.code FROM {orgs} o WHERE o.id = org)"}, "{applications} WHERE who = $1 AND state = 1"),
	factsOf(ofAreaRole, slot{"role"}, slot{"area"}, nil, nil, "{area_roles} WHERE who = $1"),
	factsOf(ofMandate, slot{"", "version"}, slot{"org", "id", "by_user", "by_org"}, slot{"begins", "ends", "verified", "made"}, slot{"title"}, "{mandates}"+holding),
	factsOf(ofSanction, slot{"kind", "version"}, slot{"area", "id", "by_user", "by_org"}, slot{"begins", "ends"}, slot{"why"}, restraining),
	factsOf(ofAppeal, slot{"CAST(upheld AS integer)"}, slot{"", "id", "appeal_user", "appeal_org"}, slot{"appeal_at", "appeal_decided"},
		slot{"appeal_text", "appeal_why"}, restraining),
}, " UNION ALL ")

// Standing implements [membership.Store].
func (m membershipStore) Standing(ctx context.Context, user auth.UserID, now time.Time) (f membership.Facts, err error) {
	var appeals map[storage.ID[fact]]membership.Appeal
	read := func(rows Rows) error {
		f, appeals = membership.Facts{}, nil // it may be run again
		var r fact
		dest := factFields(&r)
		for rows.Next() {
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			if r.kind == ofAppeal {
				if appeals == nil {
					appeals = map[storage.ID[fact]]membership.Appeal{}
				}
				appeals[r.id[1]] = r.appeal()
			} else if err := r.into(&f, user); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	if err := m.s.read(ctx, "membership.Standing", Statement{Query: standing, Args: []any{raw(user), always(now)}, Read: read}); err != nil {
		return membership.Facts{}, err
	}
	for i := range f.Sanctions {
		f.Sanctions[i].Appeal = appeals[anID[fact](f.Sanctions[i].ID)]
	}
	slices.SortFunc(f.Mandates, func(a, b membership.Mandate) int { return b.ID.Compare(a.ID) })
	slices.SortFunc(f.Sanctions, func(a, b membership.Sanction) int { return b.ID.Compare(a.ID) })
	return f, nil
}

func (r *fact) by() auth.By {
	return auth.By{User: anID[auth.User](r.id[2]), For: anID[auth.Org](r.id[3])}
}

func (r *fact) appeal() membership.Appeal {
	return membership.Appeal{
		Text: string(r.texts[0]), At: time.Time(r.at[0]), Decided: time.Time(r.at[1]), By: r.by(), Upheld: r.n[0] != 0, Why: string(r.texts[1]),
	}
}

func anID[T, F any](id storage.ID[F]) storage.ID[T] { return storage.MakeID[T](id.Bytes()) }

// into puts a fact where it belongs.
func (r *fact) into(f *membership.Facts, user auth.UserID) error {
	when := func(i int) time.Time { return time.Time(r.at[i]) }
	word := func(i int) string { return string(r.texts[i]) }
	switch r.kind {
	case ofTurn:
		f.Last = membership.Turn{N: int(r.n[0]), Phase: int(r.n[1]), At: when(0), By: r.by(), Why: word(0)}
	case ofMember:
		field := func(text, nth int) membership.Field {
			return membership.Field{Text: word(text), Audience: auth.Audience(r.n[2] >> (8 * nth))}
		}
		f.Member = membership.Member{
			User: user, State: membership.MemberState(r.n[0]), Role: auth.Role(r.n[0] >> 8), Version: int(r.n[1]),
			Category: membership.Category(word(0)), Org: anID[auth.Org](r.id[0]), Joined: when(0), Since: when(1),
			Profile: membership.Profile{Name: field(1, 0), Headline: field(2, 1), About: field(3, 2), Contact: field(4, 3), Listed: r.n[2]>>32 != 0},
		}
		return (*wordList)(&f.Member.Profile.Expertise).Scan(word(5))
	case ofApplication:
		f.Waiting = membership.Application{
			ID: anID[membership.Application](r.id[1]), User: user, Org: anID[auth.Org](r.id[0]), By: r.by(),
			State: membership.AppState(r.n[0]), Version: int(r.n[1]), Made: when(0), Decided: when(1),
			Category: membership.Category(word(0)), Title: word(1), Text: word(2), Why: word(3),
		}
		f.Code = word(4)
	case ofAreaRole:
		if f.Areas == nil {
			f.Areas = map[auth.AreaID]auth.Role{}
		}
		f.Areas[anID[auth.Area](r.id[0])] = auth.Role(r.n[0])
	case ofMandate:
		f.Mandates = append(f.Mandates, membership.Mandate{
			ID: anID[membership.Mandate](r.id[1]), User: user, Org: anID[auth.Org](r.id[0]), By: r.by(), Version: int(r.n[1]),
			From: when(0), Until: when(1), Verified: when(2), Made: when(3), Title: word(0),
		})
	case ofSanction:
		f.Sanctions = append(f.Sanctions, membership.Sanction{
			ID: anID[membership.Sanction](r.id[1]), User: user, Area: anID[auth.Area](r.id[0]), By: r.by(),
			Kind: membership.SanctionKind(r.n[0]), Version: int(r.n[1]), From: when(0), Until: when(1), Why: word(0),
		})
	}
	return nil
}

// wordList is read from the list that a []string is kept as.
type wordList []string

func (l *wordList) Scan(src any) error {
	var t text
	if err := t.Scan(src); err != nil {
		return err
	}
	if *l = nil; t == "" || t == "[]" {
		return nil
	}
	if inner, ok := strings.CutPrefix(string(t), `["`); ok && strings.IndexByte(inner, '\\') < 0 { // the common form
		*l = strings.Split(strings.TrimSuffix(inner, `"]`), `","`)
		return nil
	}
	return json.Unmarshal([]byte(t), (*[]string)(l))
}

// A filter collects the conditions of a list and their arguments.
type filter struct {
	conditions []string
	either     []string // of these one must hold besides, where there are any
	args       []any
}

// and adds a condition on arguments, each of which is a ? in it.
func (f *filter) and(condition string, args ...any) {
	f.conditions = append(f.conditions, f.of(condition, args))
}

// or adds a condition that no row meets together with another of its kind. Each
// of them is walked by its index until the list is full.
func (f *filter) or(condition string, args ...any) {
	f.either = append(f.either, f.of(condition, args))
}

func (f *filter) of(condition string, args []any) string {
	for _, a := range args {
		f.args = append(f.args, a)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(f.args)), 1)
	}
	return condition
}

// query returns a list's text, of which limit and one more are read.
func (f *filter) query(selects, order string, limit int) string {
	f.args = append(f.args, limit+1)
	walk := func(conditions []string) string {
		where := ""
		if len(conditions) > 0 {
			where = " WHERE " + strings.Join(conditions, " AND ")
		}
		return fmt.Sprintf("%s%s ORDER BY %s LIMIT $%d", selects, where, order, len(f.args))
	}
	if len(f.either) < 2 {
		return walk(slices.Concat(f.conditions, f.either))
	}
	walks := make([]string, len(f.either))
	for i, e := range f.either {
		walks[i] = "SELECT * FROM (" + walk(append(slices.Clip(f.conditions), e)) + ") w"
	}
	return fmt.Sprintf("%s ORDER BY %s LIMIT $%d", strings.Join(walks, " UNION ALL "), order, len(f.args))
}

// idKey is the place of what is listed by its ID.
type idKey[T any] struct{ ID storage.ID[T] }

// page reads a page of what is kept in the order of its IDs, from a place on.
func page[T, V any](ctx context.Context, s Store, op string, f filter, selects, order string, at storage.Cursor, limit int,
	fields func(*V) []any, idIn func(V) storage.ID[T]) (storage.Page[V], error) {
	list := strings.ToLower(op)
	column, down := strings.CutSuffix(order, " DESC")
	place := " >= ?" // the whole list, but a search where it would be a scan
	from := uuid.Nil
	if down {
		place, from = " <= ?", uuid.Max
	}
	if at != "" {
		var k idKey[T]
		err := storage.DecodeCursor(list, at, &k)
		if err == nil && k.ID.IsZero() {
			err = &storage.Invalid{Field: "cursor", Code: storage.CodeMalformed}
		}
		if err != nil {
			return storage.Page[V]{}, failed(op, err)
		}
		place, from = strings.Replace(place, "=", "", 1), k.ID.Bytes()
	}
	f.and(column+place, from)
	limit = storage.Limit(limit)
	query := f.query(selects, order, limit)
	items, err := rows(ctx, s, op, limit+1, fields, query, f.args...)
	if err != nil {
		return storage.Page[V]{}, err
	}
	return storage.Cut(items, limit, list, func(v V) any { return idKey[T]{idIn(v)} }), nil
}
