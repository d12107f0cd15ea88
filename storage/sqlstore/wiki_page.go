// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// pageColumns, in the order of pageValues, are those that an update replaces,
// after the two by which it finds its row and the three that are written once.
var (
	pageColumns = columns{
		"id", "version", "by_user", "by_org", "area",
		"audience", "title", "name", "parent", "place", "tags", "themes", "template", "latest", "stable", "edited_user", "edited_org", "edited_at",
		"keeps", "kept_until", "kept_user", "kept_org", "kept_at", "kept_why", "due_at", "checked_user", "checked_org", "checked_at",
		"origin_kind", "origin_id", "origin_n", "recheck_at", "state", "removed_at", "removed_user", "removed_org", "removed_why", "body",
	}
	allOfPage  = slices.Concat(pageColumns, columns{"created_at"})
	headOfPage = slices.DeleteFunc(slices.Clone(allOfPage), func(name string) bool { return name == "body" })
)

// keeps are the bits of a protection.
func keeps(p wiki.Protection) (n int) {
	for i, is := range []bool{p.Edit, p.Move, p.Review} {
		if is {
			n |= 1 << i
		}
	}
	return n
}

// protection is read from its bits.
type protection wiki.Protection

func (p *protection) Scan(src any) error {
	n, err := integer(src)
	p.Edit, p.Move, p.Review = n&1 > 0, n&2 > 0, n&4 > 0
	return err
}

func wikiThemeTexts(themes []wiki.ThemeID) []string {
	out := make([]string, len(themes))
	for i, t := range themes {
		out[i] = t.String()
	}
	return out
}

// wikiThemes is read from the list that wikiThemeTexts are kept as.
type wikiThemes []wiki.ThemeID

func (l *wikiThemes) Scan(src any) error {
	var ids wordList
	if err := ids.Scan(src); err != nil {
		return err
	}
	*l = nil
	for _, id := range ids {
		theme, err := storage.ParseID[wiki.Theme](id)
		if err != nil {
			return err
		}
		*l = append(*l, theme)
	}
	return nil
}

func pageValues(p *wiki.Page) []any {
	pr, c, r := &p.Protection, &p.Check, &p.Removal
	v := make([]any, 0, len(pageColumns)+1)
	return append(v, p.ID, p.Version, p.By.User, p.By.For, raw(p.Area),
		int(p.Audience), p.Title, p.Key, raw(p.Parent), p.Position, p.Tags, wikiThemeTexts(p.Themes), p.Template, p.Current, p.Stable,
		p.EditedBy.User, p.EditedBy.For, always(p.EditedAt),
		keeps(*pr), pr.Until, pr.By.User, pr.By.For, pr.At, pr.Why, always(c.Due), c.By.User, c.By.For, c.At,
		p.Origin.Kind, storage.MakeID[wiki.Origin](p.Origin.ID), p.Origin.Revision, p.RecheckAt,
		int(r.State), r.At, r.By.User, r.By.For, r.Why, p.Body)
}

func pageFields(p *wiki.Page) []any {
	pr, c, r := &p.Protection, &p.Check, &p.Removal
	v := make([]any, 0, 2*len(allOfPage))
	return append(v, &p.ID, (*number)(&p.Version), &p.By.User, &p.By.For, &p.Area,
		(*octet)(&p.Audience), (*text)(&p.Title), (*text)(&p.Key), &p.Parent, (*long)(&p.Position), (*wordList)(&p.Tags), (*wikiThemes)(&p.Themes), (*text)(&p.Template),
		(*number)(&p.Current), (*number)(&p.Stable), &p.EditedBy.User, &p.EditedBy.For, (*moment)(&p.EditedAt),
		(*protection)(pr), (*moment)(&pr.Until), &pr.By.User, &pr.By.For, (*moment)(&pr.At), (*text)(&pr.Why), (*moment)(&c.Due), &c.By.User, &c.By.For, (*moment)(&c.At),
		(*text)(&p.Origin.Kind), (*key)(&p.Origin.ID), (*number)(&p.Origin.Revision), (*moment)(&p.RecheckAt),
		(*octet)(&r.State), (*moment)(&r.At), &r.By.User, &r.By.For, (*text)(&r.Why), (*text)(&p.Body), (*moment)(&p.CreatedAt))
}

var pageBodyAt = slices.Index(allOfPage, "body")

func pageHeadFields(p *wiki.Page) []any {
	return slices.Delete(pageFields(p), pageBodyAt, pageBodyAt+1)
}

const pageIsThere = `EXISTS (SELECT 1 FROM {pages} WHERE id = $1)`

var (
	insertPage = write{
		query:  `INSERT INTO {pages} (` + allOfPage.of("") + `) VALUES (` + numbered(1, len(allOfPage)) + `)`,
		unique: true, refused: storage.ErrExists,
	}
	updatePage = write{
		query:   `UPDATE {pages} SET ` + pageColumns[5:].set(3) + `, version = version + 1 WHERE id = $1 AND version = $2`,
		refused: storage.ErrConflict, seen: pageIsThere, args: 1,
	}
	pageAt = write{
		query: `SELECT 1 FROM {pages} WHERE id = $1 AND version = $2 {lock}`, look: true,
		refused: storage.ErrConflict, seen: pageIsThere, args: 1,
	}
	pageThere    = write{query: `SELECT 1 FROM {pages} WHERE id = $1 {share}`, look: true, refused: storage.ErrNotFound}
	moveChildren = write{query: `UPDATE {pages} SET parent = $2, version = version + 1 WHERE parent = $1`}

	dropPageLabels = write{
		query: `DELETE FROM {page_labels} WHERE page = $1 AND NOT ((kind = 1 AND {among label $2}) OR (kind = 2 AND {among label $3}) OR (kind = 3 AND {among label $4}))`,
	}
	insertPageLabels = write{
		query: `INSERT INTO {page_labels} (kind, label, page) SELECT kind, item, $1
			FROM (SELECT 1 AS kind, item FROM {texts $2} a UNION ALL SELECT 2, item FROM {texts $3} b UNION ALL SELECT 3, item FROM {texts $4} c) l
			WHERE TRUE ON CONFLICT DO NOTHING`,
	}
)

// pageLabelSteps follow the write of a page: its labels are what it says.
func pageLabelSteps(steps []step, p *wiki.Page, fresh bool) []step {
	themes, templates := wikiThemeTexts(p.Themes), []string{}
	if p.Template != "" {
		templates = append(templates, p.Template)
	}
	if !fresh {
		steps = append(steps, do(&dropPageLabels, p.ID, p.Tags, themes, templates))
	}
	if len(p.Tags)+len(themes)+len(templates) > 0 {
		steps = append(steps, do(&insertPageLabels, p.ID, p.Tags, themes, templates))
	}
	return steps
}

var pageByID = rootBy(`SELECT ` + allOfPage.of("") + ` FROM {pages} WHERE id = $1`)

// Page implements [wiki.Store].
func (f wikiStore) Page(ctx context.Context, id wiki.PageID) (wiki.Page, error) {
	return row(ctx, f.s, "wiki.Page", pageFields, f.s.rootText(pageByID), id)
}

// lockPage comes before a read of a page in a unit, where that joins.
const lockPage = `SELECT 1 FROM {pages} WHERE id = $1 {lock}`

var editText = `SELECT ` + allOfPage.of("p.") + `, ` + pageRevisionColumns.of("r.") + `,
	b.n, b.frame, b.weight, b.data, e.n, e.frame, e.weight, e.data, EXISTS (SELECT 1 FROM {page_watches} w WHERE w.page = p.id AND w.who = $2)
	FROM {pages} p LEFT JOIN {page_revisions} r ON r.page = p.id AND r.n = p.latest
	LEFT JOIN {page_blobs} b ON b.page = p.id AND b.n = p.latest LEFT JOIN {page_blobs} e ON e.page = p.id AND e.n = b.frame AND b.frame <> b.n WHERE p.id = $1`

// Edit implements [wiki.Store].
func (f wikiStore) Edit(ctx context.Context, q wiki.EditQuery) (wiki.Edit, error) {
	const op = "wiki.Edit"
	var found []wiki.Edit
	var credits []creditRow
	list := []Statement{
		into(&found, 1, func(e *wiki.Edit) []any {
			v := append(pageFields(&e.Page), pageRevisionFields(&e.Latest)...)
			return append(append(append(v, blobFields(&e.Blob)...), blobFields(&e.Frame)...), (*flag)(&e.Watching))
		}, editText, raw(q.Page), raw(q.Reader)),
		into(&credits, 4, creditFields, `SELECT c.page, c.n, c.who, c.org FROM {pages} p JOIN {page_credits} c ON c.page = p.id AND c.n = p.latest WHERE p.id = $1 ORDER BY c.i`, raw(q.Page)),
	}
	if f.s.unit != nil && f.s.root.d.words["lock"] != "" {
		list = append([]Statement{{Query: lockPage, Args: []any{raw(q.Page)}}}, list...)
	}
	if err := f.s.look(ctx, op, list...); err != nil {
		return wiki.Edit{}, err
	}
	if len(found) == 0 {
		return wiki.Edit{}, failed(op, storage.ErrNotFound)
	}
	e := found[0]
	for _, c := range credits {
		e.Latest.Credit = append(e.Latest.Credit, c.by)
	}
	return e, nil
}

// pageSeen is the condition that a page t is shown to whoever has the reach
// $2 and $3.
const pageSeen = `t.stable > 0 AND t.state = 0 AND (t.audience >= $2 OR t.area IN {ids $3})`

var (
	viewLinks = `SELECT l.name, l.title, l.target, ` + headOfPage.of("t.") + ` FROM {page_links} l LEFT JOIN {pages} t ON t.id = l.target AND ` + pageSeen + ` WHERE l.page = $1 ORDER BY l.name`
	abovePage = `WITH RECURSIVE up (id, parent, level) AS (
		SELECT id, parent, 0 FROM {pages} WHERE id = $1
		UNION ALL SELECT p.id, p.parent, up.level + 1 FROM up JOIN {pages} p ON p.id = up.parent WHERE up.level < 64)
		SELECT ` + headOfPage.of("t.") + ` FROM up JOIN {pages} t ON t.id = up.id`
	viewPath     = abovePage + ` WHERE up.level > 0 AND ` + pageSeen + ` ORDER BY up.level DESC`
	pathOf       = abovePage + ` ORDER BY up.level`
	viewChildren = `SELECT count(*) FROM {pages} t WHERE t.parent = $1 AND ` + pageSeen
	heightOf     = `WITH RECURSIVE down (id, level) AS (
		SELECT id, 0 FROM {pages} WHERE id = $1
		UNION ALL SELECT p.id, down.level + 1 FROM down JOIN {pages} p ON p.parent = down.id WHERE down.level < 64)
		SELECT level FROM down ORDER BY level DESC LIMIT 1`
	viewWatch = `SELECT 1 FROM {page_watches} WHERE page = $1 AND who = $2`
)

// View implements [wiki.Store].
func (f wikiStore) View(ctx context.Context, q wiki.ViewQuery) (wiki.View, error) {
	const op = "wiki.View"
	var (
		pages, path     []wiki.Page
		links           []wiki.Leads
		count, watching []number
		at              = func() []any { return []any{raw(q.Page), floor(q.Reach), areas(q.Reach)} }
		one             = func(n *number) []any { return []any{n} }
	)
	list := []Statement{
		into(&pages, 1, pageFields, pageByID.plain, raw(q.Page)),
		into(&links, 16, func(l *wiki.Leads) []any {
			return append([]any{(*text)(&l.Link.Key), (*text)(&l.Link.Title), &l.Link.To}, pageHeadFields(&l.To)...)
		}, viewLinks, at()...),
		into(&path, 4, pageHeadFields, viewPath, at()...),
		into(&count, 1, one, viewChildren, at()...),
	}
	if !q.Reader.IsZero() {
		list = append(list, into(&watching, 1, one, viewWatch, raw(q.Page), raw(q.Reader)))
	}
	if err := f.s.read(ctx, op, list...); err != nil {
		return wiki.View{}, err
	}
	if len(pages) == 0 {
		return wiki.View{}, failed(op, storage.ErrNotFound)
	}
	for i := range links {
		if links[i].To.ID.IsZero() {
			links[i].To = wiki.Page{} // a row of nothing
		}
	}
	v := wiki.View{Page: pages[0], Path: path, Links: links, Watching: len(watching) > 0}
	if len(count) > 0 {
		v.Children = int(count[0])
	}
	return v, nil
}

// Path implements [wiki.Store].
func (f wikiStore) Path(ctx context.Context, id wiki.PageID) ([]wiki.Page, error) {
	const op = "wiki.Path"
	out, err := rows(ctx, f.s, op, 4, pageHeadFields, pathOf, raw(id))
	if err == nil && len(out) == 0 {
		err = failed(op, storage.ErrNotFound)
	}
	return out, err
}

// Height implements [wiki.Store].
func (f wikiStore) Height(ctx context.Context, id wiki.PageID) (int, error) {
	n, err := row(ctx, f.s, "wiki.Height", func(n *number) []any { return []any{n} }, heightOf, raw(id))
	return int(n), err
}

var pagesFrom = `SELECT ` + headOfPage.of("t.") + ` FROM {pages} t
	WHERE t.origin_id = $1 AND t.origin_kind = $2 AND t.state = 0 AND (t.audience >= $3 OR t.area IN {ids $4}) ORDER BY t.id`

// From implements [wiki.Store].
func (f wikiStore) From(ctx context.Context, o wiki.Origin, reach auth.Reach) ([]wiki.Page, error) {
	return rows(ctx, f.s, "wiki.From", 4, pageHeadFields, pagesFrom, uuid.UUID(o.ID), o.Kind, floor(reach), areas(reach))
}
