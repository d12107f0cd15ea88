// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// pageRevisionColumns are in the order of pageRevisionValues; an update
// replaces the fourth and the fifth, and those from the ninth on.
var pageRevisionColumns = columns{
	"page", "n", "base", "reverts", "title", "by_user", "by_org", "at", "why", "minor", "size", "grown", "credits",
	"state", "removed_at", "removed_user", "removed_org", "removed_why",
}

func pageRevisionValues(r *wiki.Revision) []any {
	x := &r.Removal
	return []any{
		r.Page, r.N, r.Base, r.Reverts, r.Title, r.By.User, r.By.For, always(r.At), r.Why, r.Minor, r.Size, r.Grown, len(r.Credit),
		int(x.State), x.At, x.By.User, x.By.For, x.Why,
	}
}

func pageRevisionFields(r *wiki.Revision) []any {
	x := &r.Removal
	return []any{
		&r.Page, (*number)(&r.N), (*number)(&r.Base), (*number)(&r.Reverts), (*text)(&r.Title), &r.By.User, &r.By.For, (*moment)(&r.At), (*text)(&r.Why), (*flag)(&r.Minor),
		(*number)(&r.Size), (*number)(&r.Grown), (*creditCount)(r),
		(*octet)(&x.State), (*moment)(&x.At), &x.By.User, &x.By.For, (*text)(&x.Why),
	}
}

// creditCount makes room for as many credits as a revision has. They stand in
// rows of their own.
type creditCount wiki.Revision

func (c *creditCount) Scan(src any) error {
	n, err := integer(src)
	c.Credit = nil
	if n > 0 {
		c.Credit = make([]auth.By, 0, n)
	}
	return err
}

// A creditRow is one of whom a revision gives credit to.
type creditRow struct {
	page wiki.PageID
	n    int
	by   auth.By
}

func creditFields(c *creditRow) []any { return []any{&c.page, (*number)(&c.n), &c.by.User, &c.by.For} }

func blobFields(b *wiki.Blob) []any {
	return []any{(*number)(&b.N), (*number)(&b.Frame), (*number)(&b.Weight), (*binary)(&b.Data)}
}

var (
	insertPageRevision = write{
		query:   `INSERT INTO {page_revisions} (` + pageRevisionColumns.of("") + `) SELECT ` + numbered(1, len(pageRevisionColumns)) + ` WHERE ` + pageIsThere + ` ON CONFLICT DO NOTHING`,
		refused: storage.ErrExists, seen: `EXISTS (SELECT 1 FROM {page_revisions} WHERE page = $1 AND n = $2)`, args: 2,
	}
	updatePageRevision = write{
		query:   `UPDATE {page_revisions} SET ` + slices.Concat(pageRevisionColumns[3:5], pageRevisionColumns[8:]).set(3) + ` WHERE page = $1 AND n = $2`,
		refused: storage.ErrNotFound,
	}
	removePageRevision = write{
		query:   `UPDATE {page_revisions} SET ` + pageRevisionColumns[13:].set(3) + ` WHERE page = $1 AND n = $2`,
		refused: storage.ErrNotFound,
	}
	dropPageRevisions = []write{
		{query: `UPDATE {page_revisions} SET title = '', why = '', credits = 0, state = 3, removed_at = NULL, removed_user = NULL, removed_org = NULL, removed_why = '' WHERE page = $1`},
		{query: `DELETE FROM {page_credits} WHERE page = $1`},
		{query: `DELETE FROM {page_blobs} WHERE page = $1`},
		{query: `DELETE FROM {page_mentions} WHERE page = $1`},
	}

	insertCredit = write{query: `INSERT INTO {page_credits} (page, n, i, who, org) VALUES ($1, $2, $3, $4, $5)`}
	dropCredits  = write{query: `DELETE FROM {page_credits} WHERE page = $1 AND n = $2`}

	putFrame = write{query: `INSERT INTO {page_blobs} (page, n, frame, weight, data) VALUES ($1, $2, $3, $4, $5)` + overBlob}
	putDelta = write{
		query:   `INSERT INTO {page_blobs} (page, n, frame, weight, data) SELECT $1, $2, $3, $4, $5 WHERE EXISTS (SELECT 1 FROM {page_blobs} WHERE page = $1 AND n = $3)` + overBlob,
		refused: storage.ErrNotFound,
	}
	dropBlob = write{query: `DELETE FROM {page_blobs} WHERE page = $1 AND n = $2`}
)

const overBlob = ` ON CONFLICT (page, n) DO UPDATE SET frame = excluded.frame, weight = excluded.weight, data = excluded.data`

// blobSteps follow the write of a revision: its text, if it has one.
func blobSteps(steps []step, page wiki.PageID, b wiki.Blob) []step {
	w := &putDelta
	switch b.N {
	case 0:
		return steps
	case b.Frame:
		w = &putFrame
	}
	return append(steps, do(w, page, b.N, b.Frame, b.Weight, append([]byte{}, b.Data...)))
}

func creditSteps(steps []step, r *wiki.Revision) []step {
	for i, by := range r.Credit {
		steps = append(steps, do(&insertCredit, r.Page, r.N, i, by.User, by.For))
	}
	return steps
}

var (
	pageRevision = `SELECT ` + pageRevisionColumns.of("") + ` FROM {page_revisions} WHERE page = $1 AND n = $2`
	creditsOf    = `SELECT page, n, who, org FROM {page_credits} WHERE page = $1 AND n = $2 ORDER BY i`
)

// Revision implements [wiki.Store].
func (f wikiStore) Revision(ctx context.Context, id wiki.PageID, n int) (wiki.Revision, error) {
	const op = "wiki.Revision"
	var found []wiki.Revision
	var credits []creditRow
	err := f.s.read(ctx, op, into(&found, 1, pageRevisionFields, pageRevision, raw(id), n), into(&credits, 4, creditFields, creditsOf, raw(id), n))
	if err != nil {
		return wiki.Revision{}, err
	}
	if len(found) == 0 {
		return wiki.Revision{}, failed(op, storage.ErrNotFound)
	}
	for _, c := range credits {
		found[0].Credit = append(found[0].Credit, c.by)
	}
	return found[0], nil
}

// Blobs implements [wiki.Store].
func (f wikiStore) Blobs(ctx context.Context, id wiki.PageID, n ...int) ([]wiki.Blob, error) {
	const op = "wiki.Blobs"
	if len(n) == 0 {
		_, err := f.s.enter(ctx)
		return nil, failed(op, err)
	}
	args := []any{raw(id)}
	for _, n := range n {
		args = append(args, n)
	}
	among := `n IN (` + numbered(2, len(args)) + `)`
	out, err := rows(ctx, f.s, op, 2*len(n), blobFields, `SELECT n, frame, weight, data FROM {page_blobs} WHERE page = $1 AND (`+among+
		` OR n IN (SELECT frame FROM {page_blobs} WHERE page = $1 AND `+among+`)) ORDER BY n`, args...)
	if err != nil {
		return nil, err
	}
	there := func(n int) bool { return slices.ContainsFunc(out, func(b wiki.Blob) bool { return b.N == n }) }
	for _, n := range n {
		i := slices.IndexFunc(out, func(b wiki.Blob) bool { return b.N == n })
		if i < 0 || !there(out[i].Frame) {
			return nil, failed(op, storage.ErrNotFound)
		}
	}
	return out, nil
}

// revisionKey is the place of a revision in a list.
type revisionKey struct {
	At int64 // microseconds
	P  wiki.PageID
	N  int
}

func pageRevisionsName(q wiki.RevisionQuery) string {
	return fmt.Sprint("wiki.revisions/", q.Page, "/", q.Area, "/", q.Author)
}

// pageRevisionList is all that the text of a list depends on.
type pageRevisionList struct {
	page, area, author, reader, after bool
	limit                             int
}

func (l pageRevisionList) text() string {
	within := func(floor, areas string) string {
		return "(p.audience >= " + floor + " OR p.area IN {ids " + areas + "})"
	}
	own := ""
	if l.reader {
		own = "r.by_user = :reader OR "
	}
	moderates := within(":mfloor", ":mareas")
	conditions := []string{
		within(":floor", ":areas"), "(p.state = 0 OR " + moderates + ")", "(r.state = 0 OR " + own + moderates + ")",
		"(r.n <= p.stable OR " + own + within(":pfloor", ":pareas") + ")",
	}
	for _, c := range []struct {
		is   bool
		text string
	}{
		{l.page, "r.page = :page"}, {l.area, "p.area = :area"}, {l.author, "r.by_user = :author"},
		{l.after && l.page, "r.n < :n"}, {l.after && !l.page, "(r.at, r.page, r.n) < (:at, :id, :n)"},
	} {
		if c.is {
			conditions = append(conditions, c.text)
		}
	}
	order := "r.at DESC, r.page DESC, r.n DESC"
	if l.page {
		order = "r.n DESC"
	}
	return "SELECT " + pageRevisionColumns.of("r.") + ", " + headOfPage.of("p.") + " FROM {page_revisions} r JOIN {pages} p ON p.id = r.page" + where(conditions...) +
		" ORDER BY " + order + " LIMIT :limit"
}

// Revisions implements [wiki.Store].
func (f wikiStore) Revisions(ctx context.Context, q wiki.RevisionQuery) (page storage.Page[wiki.Changed], err error) {
	const op = "wiki.Revisions"
	var after revisionKey
	if q.After != "" {
		err := storage.DecodeCursor(pageRevisionsName(q), q.After, &after)
		if err == nil {
			err = readableTime(after.At)
		}
		if err != nil {
			return page, failed(op, err)
		}
	}
	l := pageRevisionList{page: !q.Page.IsZero(), area: !q.Area.IsZero(), author: !q.Author.IsZero(), reader: !q.Reader.IsZero(), after: q.After != "", limit: storage.Limit(q.Limit)}
	form := f.s.root.formed(l, l.limit+1, l.text)
	args := make([]any, len(form.args))
	for i, name := range form.args {
		args[i] = pageRevisionArgs[name](q, after)
	}
	items, err := rows(ctx, f.s, op, l.limit+1, func(c *wiki.Changed) []any {
		return append(pageRevisionFields(&c.Revision), pageHeadFields(&c.Page)...)
	}, form.query, args...)
	if err != nil {
		return page, err
	}
	page = storage.Cut(items, l.limit, pageRevisionsName(q), func(c wiki.Changed) any {
		return revisionKey{c.Revision.At.UnixMicro(), c.Revision.Page, c.Revision.N}
	})
	return page, f.credit(ctx, op, page.Items)
}

var pageRevisionArgs = map[string]func(q wiki.RevisionQuery, after revisionKey) any{
	":page":   func(q wiki.RevisionQuery, _ revisionKey) any { return raw(q.Page) },
	":area":   func(q wiki.RevisionQuery, _ revisionKey) any { return raw(q.Area) },
	":author": func(q wiki.RevisionQuery, _ revisionKey) any { return raw(q.Author) },
	":reader": func(q wiki.RevisionQuery, _ revisionKey) any { return raw(q.Reader) },
	":floor":  func(q wiki.RevisionQuery, _ revisionKey) any { return floor(q.Reach) },
	":areas":  func(q wiki.RevisionQuery, _ revisionKey) any { return areas(q.Reach) },
	":pfloor": func(q wiki.RevisionQuery, _ revisionKey) any { return floor(q.Pending) },
	":pareas": func(q wiki.RevisionQuery, _ revisionKey) any { return areas(q.Pending) },
	":mfloor": func(q wiki.RevisionQuery, _ revisionKey) any { return floor(q.Moderate) },
	":mareas": func(q wiki.RevisionQuery, _ revisionKey) any { return areas(q.Moderate) },
	":at":     func(_ wiki.RevisionQuery, after revisionKey) any { return always(time.UnixMicro(after.At)) },
	":id":     func(_ wiki.RevisionQuery, after revisionKey) any { return raw(after.P) },
	":n":      func(_ wiki.RevisionQuery, after revisionKey) any { return after.N },
}

// credit reads whom the revisions of a list give credit to. Few do.
func (f wikiStore) credit(ctx context.Context, op string, list []wiki.Changed) error {
	var keys []string
	var args []any
	for _, c := range list {
		if cap(c.Revision.Credit) > 0 {
			keys = append(keys, fmt.Sprintf("page = $%d AND n = $%d", len(args)+1, len(args)+2))
			args = append(args, raw(c.Revision.Page), c.Revision.N)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	found, err := rows(ctx, f.s, op, 8, creditFields, `SELECT page, n, who, org FROM {page_credits} WHERE `+strings.Join(keys, " OR ")+` ORDER BY page, n, i`, args...)
	for i := range list {
		r := &list[i].Revision
		for _, c := range found {
			if c.page == r.Page && c.n == r.N {
				r.Credit = append(r.Credit, c.by)
			}
		}
	}
	return err
}
