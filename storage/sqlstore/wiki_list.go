// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// pageKey is the place of a page in a list.
type pageKey struct {
	Name string
	At   int64 // microseconds, or the place among its parent's
	ID   wiki.PageID
}

func pageKeyOf(o wiki.Order, p *wiki.Page) pageKey {
	k := pageKey{ID: p.ID}
	switch o {
	case wiki.Newest:
		k.At = p.EditedAt.UnixMicro()
	case wiki.ByDue:
		k.At = p.Check.Due.UnixMicro()
	case wiki.Tree:
		k.Name, k.At = p.Key, p.Position
	default:
		k.Name = p.Key
	}
	return k
}

func pagesName(q wiki.PageQuery) string {
	return fmt.Sprint("wiki.pages/", q.Order, "/", q.Area, "/", q.Parent, "/", q.Author, "/", q.Theme, "/", q.Top, q.Pending, q.Removed, "/", q.Due.UnixMicro(), "/", len(q.Tag), q.Tag, "/", len(q.Template), q.Template, "/", q.Prefix)
}

// pageOrders are the columns of the orders, and the places of cursors in them.
var pageOrders = [...]struct{ by, after string }{
	wiki.ByTitle: {"t.name, t.id", "(t.name, t.id) > (:name, :id)"},
	wiki.Tree:    {"t.place, t.name, t.id", "(t.place, t.name, t.id) > (:place, :name, :id)"},
	wiki.Newest:  {"t.edited_at DESC, t.id DESC", "(t.edited_at, t.id) < (:at, :id)"},
	wiki.ByDue:   {"t.due_at, t.id", "(t.due_at, t.id) > (:at, :id)"},
}

// pageList is all that the text of a list depends on.
type pageList struct {
	order                                                   wiki.Order
	area, parent, top, prefix, tag, theme, template, author bool
	due, pending, removed, after                            bool
	limit                                                   int
}

func (l pageList) text() string {
	state := "t.state = 0"
	if l.removed {
		state = "t.state = 1"
	}
	conditions := []string{state, "(t.audience >= :floor OR t.area IN {ids :areas})"}
	labelled := func(kind int, label string) string {
		return fmt.Sprintf("t.id IN (SELECT l.page FROM {page_labels} l WHERE l.kind = %d AND l.label = %s)", kind, label)
	}
	for _, c := range []struct {
		is   bool
		text string
	}{
		{!l.pending && !l.removed && !l.author, "t.stable > 0"},
		{l.area, "t.area = :area"}, {l.parent, "t.parent = :parent"}, {l.top, "t.parent = {nil}"},
		{l.prefix, "t.name >= :prefix AND substr(t.name, 1, length(:prefix)) = :prefix"},
		{l.tag, labelled(1, ":tag")}, {l.theme, labelled(2, ":theme")}, {l.template, labelled(3, ":template")},
		{l.author, "t.by_user = :author"}, {l.pending, "t.latest <> t.stable"},
		{l.due, "t.due_at > {never} AND t.due_at <= :due"},
		{l.after, pageOrders[l.order].after},
	} {
		if c.is {
			conditions = append(conditions, c.text)
		}
	}
	return "SELECT " + headOfPage.of("t.") + " FROM {pages} t" + where(conditions...) + " ORDER BY " + pageOrders[l.order].by + " LIMIT :limit"
}

var pageListArgs = map[string]func(q wiki.PageQuery, after pageKey) any{
	":floor":    func(q wiki.PageQuery, _ pageKey) any { return floor(q.Reach) },
	":areas":    func(q wiki.PageQuery, _ pageKey) any { return areas(q.Reach) },
	":area":     func(q wiki.PageQuery, _ pageKey) any { return raw(q.Area) },
	":parent":   func(q wiki.PageQuery, _ pageKey) any { return raw(q.Parent) },
	":prefix":   func(q wiki.PageQuery, _ pageKey) any { return q.Prefix },
	":tag":      func(q wiki.PageQuery, _ pageKey) any { return q.Tag },
	":theme":    func(q wiki.PageQuery, _ pageKey) any { return q.Theme.String() },
	":template": func(q wiki.PageQuery, _ pageKey) any { return q.Template },
	":author":   func(q wiki.PageQuery, _ pageKey) any { return raw(q.Author) },
	":due":      func(q wiki.PageQuery, _ pageKey) any { return always(q.Due) },
	":name":     func(_ wiki.PageQuery, after pageKey) any { return after.Name },
	":place":    func(_ wiki.PageQuery, after pageKey) any { return after.At },
	":at":       func(_ wiki.PageQuery, after pageKey) any { return always(time.UnixMicro(after.At)) },
	":id":       func(_ wiki.PageQuery, after pageKey) any { return raw(after.ID) },
}

// Pages implements [wiki.Store].
func (f wikiStore) Pages(ctx context.Context, q wiki.PageQuery) (page storage.Page[wiki.Page], err error) {
	const op = "wiki.Pages"
	if int(q.Order) >= len(pageOrders) {
		q.Order = wiki.ByTitle
	}
	var after pageKey
	if q.After != "" {
		err := storage.DecodeCursor(pagesName(q), q.After, &after)
		if err == nil && (q.Order == wiki.Newest || q.Order == wiki.ByDue) {
			err = readableTime(after.At)
		}
		if err != nil {
			return page, failed(op, err)
		}
	}
	l := pageList{
		order: q.Order, area: !q.Area.IsZero(), parent: !q.Parent.IsZero(), top: q.Top, prefix: q.Prefix != "", tag: q.Tag != "", theme: !q.Theme.IsZero(),
		template: q.Template != "", author: !q.Author.IsZero(), due: !q.Due.IsZero(), pending: q.Pending, removed: q.Removed, after: q.After != "", limit: storage.Limit(q.Limit),
	}
	form := f.s.root.formed(l, l.limit+1, l.text)
	args := make([]any, len(form.args))
	for i, name := range form.args {
		args[i] = pageListArgs[name](q, after)
	}
	items, err := rows(ctx, f.s, op, l.limit+1, pageHeadFields, form.query, args...)
	if err != nil {
		return page, err
	}
	return storage.Cut(items, l.limit, pagesName(q), func(p wiki.Page) any { return pageKeyOf(q.Order, &p) }), nil
}

// wikiNameKey is a place in a list by name.
type wikiNameKey struct {
	Name string
	ID   wiki.PageID
}

var backlinks = `SELECT ` + headOfPage.of("t.") + ` FROM {page_links} l JOIN {pages} t ON t.id = l.page
	WHERE l.target = $1 AND ` + pageSeen + ` AND (t.name, t.id) > ($4, $5) GROUP BY t.id ORDER BY t.name, t.id LIMIT $6`

// Backlinks implements [wiki.Store].
func (f wikiStore) Backlinks(ctx context.Context, q wiki.LinkQuery) (page storage.Page[wiki.Page], err error) {
	const op = "wiki.Backlinks"
	list := "wiki.backlinks/" + q.To.String()
	var after wikiNameKey
	if q.After != "" {
		if err := storage.DecodeCursor(list, q.After, &after); err != nil {
			return page, failed(op, err)
		}
	}
	limit := storage.Limit(q.Limit)
	if q.To.IsZero() { // which stands for links to no page
		_, err := f.s.enter(ctx)
		return page, failed(op, err)
	}
	items, err := rows(ctx, f.s, op, limit+1, pageHeadFields, backlinks,
		raw(q.To), floor(q.Reach), areas(q.Reach), after.Name, raw(after.ID), limit+1)
	if err != nil {
		return page, err
	}
	return storage.Cut(items, limit, list, func(p wiki.Page) any { return wikiNameKey{p.Key, p.ID} }), nil
}

// wantedNames counts, for each name in the area $1 after $4, the pages that
// link to it and that are seen; the title is that of the lowest.
const wantedNames = `SELECT k.name, k.pages, m.title FROM (
	SELECT l.name AS name, count(*) AS pages, {least} AS lowest
	FROM {page_links} l JOIN {pages} t ON t.id = l.page LEFT JOIN {pages} g ON g.id = l.target
	WHERE l.area = $1 AND l.name > $4 AND (g.id IS NULL OR g.state <> 0) AND ` + pageSeen + ` GROUP BY l.name ORDER BY l.name LIMIT $5
	) k JOIN {page_links} m ON m.page = k.lowest AND m.name = k.name ORDER BY k.name`

// Wanted implements [wiki.Store].
func (f wikiStore) Wanted(ctx context.Context, q wiki.WantedQuery) (page storage.Page[wiki.Wanted], err error) {
	const op = "wiki.Wanted"
	list := "wiki.wanted/" + q.Area.String()
	var after wikiNameKey
	if q.After != "" {
		if err := storage.DecodeCursor(list, q.After, &after); err != nil {
			return page, failed(op, err)
		}
	}
	limit := storage.Limit(q.Limit)
	lowest := "min(l.page)"
	if !f.s.root.d.oneWriter {
		lowest = "CAST(min(CAST(l.page AS text)) AS uuid)" // PostgreSQL has no least uuid before 18
	}
	items, err := rows(ctx, f.s, op, limit+1, func(w *wiki.Wanted) []any {
		return []any{(*text)(&w.Key), (*number)(&w.Pages), (*text)(&w.Title)}
	}, strings.Replace(wantedNames, "{least}", lowest, 1), raw(q.Area), floor(q.Reach), areas(q.Reach), after.Name, limit+1)
	if err != nil {
		return page, err
	}
	return storage.Cut(items, limit, list, func(w wiki.Wanted) any { return wikiNameKey{Name: w.Key} }), nil
}

// pagesNaming finds the pages after $2 that name $1, with one walk for each place
// where a page may.
var pagesNaming = func() string {
	var walks []string
	walk := func(id, from, who string) {
		walks = append(walks, `SELECT id FROM (SELECT DISTINCT `+id+` AS id FROM `+from+` WHERE `+who+` = $1 AND `+id+` > $2 ORDER BY `+id+` LIMIT $3) w`)
	}
	for _, by := range []string{"by", "edited", "kept", "checked", "removed"} {
		walk("id", "{pages}", by+"_user")
	}
	walk("page", "{page_names}", "kept_user")
	for _, by := range []string{"by", "removed"} {
		walk("page", "{page_revisions}", by+"_user")
		walk("page", "{page_files}", by+"_user")
	}
	walk("page", "{page_credits}", "who")
	walk("page", "{page_mentions}", "who")
	return `SELECT ` + headOfPage.of("t.") + ` FROM (` + strings.Join(walks, " UNION ") + `) k JOIN {pages} t ON t.id = k.id ORDER BY t.id LIMIT $3`
}()

// Written implements [wiki.Store].
func (f wikiStore) Written(ctx context.Context, q wiki.WrittenQuery) (page storage.Page[wiki.Page], err error) {
	const op = "wiki.Written"
	list := "wiki.written/" + q.User.String()
	var after wikiNameKey
	if q.After != "" {
		if err := storage.DecodeCursor(list, q.After, &after); err != nil {
			return page, failed(op, err)
		}
	}
	limit := storage.Limit(q.Limit)
	items, err := rows(ctx, f.s, op, limit+1, pageHeadFields, pagesNaming, q.User, raw(after.ID), limit+1)
	if err != nil {
		return page, err
	}
	return storage.Cut(items, limit, list, func(p wiki.Page) any { return wikiNameKey{ID: p.ID} }), nil
}
