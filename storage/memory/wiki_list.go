// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// leafCursor is the place of a page in a list.
type leafCursor struct {
	Key string
	At  int64 // a position, or microseconds
	ID  wiki.PageID
}

func cursorOf(p *wiki.Page, o wiki.Order) leafCursor {
	c := leafCursor{ID: p.ID}
	switch o {
	case wiki.Newest:
		c.At = micro(p.EditedAt)
	case wiki.ByDue:
		c.At = micro(p.Check.Due)
	case wiki.Tree:
		c.Key, c.At = p.Key, p.Position
	default:
		c.Key = p.Key
	}
	return c
}

func (c leafCursor) place(o wiki.Order) leafPlace {
	k := idOf(c.ID)
	switch o {
	case wiki.Newest:
		return leafPlace{descending(c.At), k.inverted()}
	case wiki.ByDue:
		return leafPlace{ascending(c.At), k}
	case wiki.Tree:
		return leafPlace{ascending(c.At) + c.Key, k}
	}
	return leafPlace{c.Key, k}
}

// pageList names the list of a query.
func pageList(q wiki.PageQuery) string {
	return fmt.Sprint("wiki.pages/", q.Order, "/", q.Area, "/", q.Parent, "/", q.Author, "/", q.Theme, "/", q.Top, q.Pending, q.Removed, "/", q.Due.UnixMicro(), "/", len(q.Tag), q.Tag, "/", len(q.Template), q.Template, "/", q.Prefix)
}

// leafLabel is the shelf that a query looks through, and whether it stands in
// the query's order.
func leafLabel(q wiki.PageQuery) (kind leafKind, text string, ordered bool) {
	ordered = q.Order == wiki.ByTitle || q.Order == wiki.Newest
	switch {
	case q.Removed:
		kind = leafRemoved
	case q.Pending:
		kind = leafPending
	case !q.Author.IsZero():
		kind, text = leafAuthor, bytesOf(q.Author)
	case q.Tag != "":
		kind, text = leafTag, q.Tag
	case !q.Theme.IsZero():
		kind, text = leafTheme, bytesOf(q.Theme)
	case q.Template != "":
		kind, text = leafTemplate, q.Template
	case q.Order == wiki.Tree && (q.Top || !q.Parent.IsZero()):
		return leafTree, bytesOf(q.Parent), true
	case q.Order == wiki.ByDue && !q.Due.IsZero():
		return leafDue, "", true
	case q.Top || !q.Parent.IsZero():
		kind, text = leafParent, bytesOf(q.Parent)
	}
	if q.Order == wiki.Newest {
		kind++
	}
	return kind, text, ordered
}

// selectedPage reports whether a query selects a page.
func selectedPage(q wiki.PageQuery, p *wiki.Page) bool {
	switch {
	case q.Removed:
		if p.Removal.State != wiki.Deleted {
			return false
		}
	case p.Removal.State != wiki.Visible:
		return false
	}
	if p.Stable == 0 && !q.Pending && !q.Removed && q.Author.IsZero() {
		return false
	}
	return (q.Area.IsZero() || q.Area == p.Area) &&
		(q.Parent.IsZero() || q.Parent == p.Parent) &&
		(!q.Top || p.Parent.IsZero()) &&
		strings.HasPrefix(p.Key, q.Prefix) &&
		(q.Tag == "" || slices.Contains(p.Tags, q.Tag)) &&
		(q.Theme.IsZero() || slices.Contains(p.Themes, q.Theme)) &&
		(q.Template == "" || q.Template == p.Template) &&
		(q.Author.IsZero() || q.Author == p.By.User) &&
		(q.Due.IsZero() || !p.Check.Due.IsZero() && !p.Check.Due.After(instant(q.Due))) &&
		(!q.Pending || p.Current != p.Stable) &&
		q.Reach.Covers(p.Area, p.Audience)
}

// Pages implements [wiki.Store].
func (f wikiStore) Pages(ctx context.Context, q wiki.PageQuery) (storage.Page[wiki.Page], error) {
	return read(ctx, f.s, "wiki.Pages", func(st *state) (page storage.Page[wiki.Page], err error) {
		var after *leafPlace
		if q.After != "" {
			var c leafCursor
			if err := storage.DecodeCursor(pageList(q), q.After, &c); err != nil {
				return page, err
			}
			at := c.place(q.Order)
			after = &at
		}
		limit := storage.Limit(q.Limit)
		list := st.pagesIn(q, after, limit+1)
		if len(list) > limit {
			list = list[:limit]
			page.Next = storage.EncodeCursor(pageList(q), cursorOf(list[limit-1], q.Order))
		}
		page.Items = pageHeads(list)
		return page, nil
	})
}

func pageHeads(list []*wiki.Page) []wiki.Page {
	out := make([]wiki.Page, len(list))
	for i, p := range list {
		out[i] = pageHead(p)
	}
	return out
}

// pagesIn returns the first pages of a list after a place, in order.
func (st *state) pagesIn(q wiki.PageQuery, after *leafPlace, limit int) []*wiki.Page {
	kind, text, ordered := leafLabel(q)
	var out []*wiki.Page
	places := map[*wiki.Page]leafPlace{}
	compare := func(a, b *wiki.Page) int {
		if places[a].before(places[b]) {
			return -1
		}
		return 1
	}
	for _, s := range stands(q.Reach, q.Area) {
		start := leaf{kind: kind, text: text, stand: s}
		if ordered {
			if q.Order == wiki.ByTitle {
				start.order = q.Prefix
			}
			if after != nil && (leafPlace{start.order, start.id}).before(*after) {
				start.order, start.id = after.order, after.id
			}
		}
		n := 0
		for k := range st.wikiLeaves.from(start) {
			if k.kind != kind || k.text != text || k.stand != s || n == limit && ordered ||
				ordered && q.Order == wiki.ByTitle && !strings.HasPrefix(k.order, q.Prefix) {
				break
			}
			at := k.id
			if kind < leafTree && kind%2 == 1 {
				at = at.inverted()
			}
			p, _ := st.wikiPages.get(at)
			place := leafOf(p, q.Order)
			if after != nil && !after.before(place) || !selectedPage(q, p) {
				continue
			}
			places[p] = place
			out = append(out, p)
			n++
		}
	}
	slices.SortFunc(out, compare)
	return out[:min(limit, len(out))]
}

// revisionCursor is the place of a revision in a list.
type revisionCursor struct {
	At int64
	P  wiki.PageID
	N  int
}

func revisionList(q wiki.RevisionQuery) string {
	return fmt.Sprint("wiki.revisions/", q.Page, "/", q.Area, "/", q.Author)
}

// selectedRevision reports whether a query selects a revision of a page.
func selectedRevision(q wiki.RevisionQuery, p *wiki.Page, r *wiki.Revision) bool {
	own := !q.Reader.IsZero() && r.By.User == q.Reader
	moderates := q.Moderate.Covers(p.Area, p.Audience)
	return q.Reach.Covers(p.Area, p.Audience) &&
		(q.Area.IsZero() || q.Area == p.Area) &&
		(q.Author.IsZero() || q.Author == r.By.User) &&
		(p.Removal.State == wiki.Visible || moderates) &&
		(r.Removal.State == wiki.Visible || own || moderates) &&
		(r.N <= p.Stable || own || q.Pending.Covers(p.Area, p.Audience))
}

// Revisions implements [wiki.Store].
func (f wikiStore) Revisions(ctx context.Context, q wiki.RevisionQuery) (storage.Page[wiki.Changed], error) {
	return read(ctx, f.s, "wiki.Revisions", func(st *state) (page storage.Page[wiki.Changed], err error) {
		var after *revisionCursor
		if q.After != "" {
			after = &revisionCursor{}
			if err := storage.DecodeCursor(revisionList(q), q.After, after); err != nil {
				return page, err
			}
		}
		limit := storage.Limit(q.Limit)
		list := st.revisionsIn(q, after, limit+1)
		if len(list) > limit {
			list = list[:limit]
			end := list[limit-1]
			page.Next = storage.EncodeCursor(revisionList(q), revisionCursor{micro(end.At), end.Page, end.N})
		}
		for _, r := range list {
			p, _ := st.wikiPages.get(idOf(r.Page))
			page.Items = append(page.Items, wiki.Changed{Revision: revisionValue(r), Page: pageHead(p)})
		}
		return page, nil
	})
}

func (st *state) revisionsIn(q wiki.RevisionQuery, after *revisionCursor, limit int) (out []*wiki.Revision) {
	take := func(page id, n int) bool {
		p, _ := st.wikiPages.get(page)
		if r, ok := st.wikiRevisions.get(numbered{page, n}); ok && selectedRevision(q, p, r) {
			out = append(out, r)
		}
		return len(out) < limit
	}
	if !q.Page.IsZero() {
		k := idOf(q.Page)
		start := numbered{k, math.MaxInt}
		if after != nil {
			start.n = after.N - 1
		}
		for at := range st.wikiRevisions.from(start) {
			if at.page != k || !take(k, at.n) {
				break
			}
		}
		return out
	}
	first := change{math.MaxInt64, last, math.MaxInt}
	if after != nil {
		first = change{after.At, idOf(after.P), after.N - 1}
	}
	if !q.Author.IsZero() {
		user := idOf(q.Author)
		for k := range st.wikiWrote.from(authored{user, first}) {
			if k.user != user || !take(k.page, k.n) {
				break
			}
		}
		return out
	}
	for _, s := range stands(q.Reach, q.Area) {
		before := out
		out = nil
		for k := range st.wikiChanges.from(changed{s, first}) {
			if k.stand != s || !take(k.page, k.n) {
				break
			}
		}
		out = append(before, out...)
	}
	slices.SortFunc(out, func(a, b *wiki.Revision) int {
		if (change{micro(a.At), idOf(a.Page), a.N}).before(change{micro(b.At), idOf(b.Page), b.N}) {
			return -1
		}
		return 1
	})
	return out[:min(limit, len(out))]
}

// nameCursor is a place in a list by name.
type nameCursor struct {
	Key string
	ID  wiki.PageID
}

// Backlinks implements [wiki.Store].
func (f wikiStore) Backlinks(ctx context.Context, q wiki.LinkQuery) (storage.Page[wiki.Page], error) {
	return read(ctx, f.s, "wiki.Backlinks", func(st *state) (page storage.Page[wiki.Page], err error) {
		list := "wiki.backlinks/" + q.To.String()
		var after leafPlace
		if q.After != "" {
			var c nameCursor
			if err := storage.DecodeCursor(list, q.After, &c); err != nil {
				return page, err
			}
			after = leafPlace{c.Key, idOf(c.ID)}
		}
		var found []*wiki.Page
		for _, k := range below(st.wikiLinksTo, idOf(q.To)) {
			p, _ := st.wikiPages.get(k)
			if published(p) && q.Reach.Covers(p.Area, p.Audience) && (q.After == "" || after.before(leafOf(p, wiki.ByTitle))) {
				found = append(found, p)
			}
		}
		slices.SortFunc(found, func(a, b *wiki.Page) int {
			if leafOf(a, wiki.ByTitle).before(leafOf(b, wiki.ByTitle)) {
				return -1
			}
			return 1
		})
		limit := storage.Limit(q.Limit)
		if len(found) > limit {
			found = found[:limit]
			end := found[limit-1]
			page.Next = storage.EncodeCursor(list, nameCursor{end.Key, end.ID})
		}
		page.Items = pageHeads(found)
		return page, nil
	})
}

// Wanted implements [wiki.Store].
func (f wikiStore) Wanted(ctx context.Context, q wiki.WantedQuery) (storage.Page[wiki.Wanted], error) {
	return read(ctx, f.s, "wiki.Wanted", func(st *state) (page storage.Page[wiki.Wanted], err error) {
		list, area := "wiki.wanted/"+q.Area.String(), idOf(q.Area)
		start := linkBy{nameKey: nameKey{area: area}}
		if q.After != "" {
			var c nameCursor
			if err := storage.DecodeCursor(list, q.After, &c); err != nil {
				return page, err
			}
			start = linkBy{nameKey{area, c.Key}, last}
		}
		limit := storage.Limit(q.Limit)
		var items []wiki.Wanted
		for k := range st.wikiLinksBy.from(start) {
			if k.area != area || len(items) > limit {
				break
			}
			if q.After != "" && k.key == start.key {
				continue
			}
			from, _ := st.wikiPages.get(k.page)
			l, _ := st.wikiLinks.get(linkKey{k.page, k.key})
			if !st.dangles(l) || !published(from) || !q.Reach.Covers(from.Area, from.Audience) {
				continue
			}
			if n := len(items); n > 0 && items[n-1].Key == k.key {
				items[n-1].Pages++
			} else {
				items = append(items, wiki.Wanted{Key: k.key, Title: l.Title, Pages: 1})
			}
		}
		return storage.Cut(items, limit, list, func(w wiki.Wanted) any { return nameCursor{Key: w.Key} }), nil
	})
}

// dangles reports whether a link leads to no page, or to one that is removed.
func (st *state) dangles(l *wiki.Link) bool {
	to, ok := st.wikiPages.get(idOf(l.To))
	return l.To.IsZero() || !ok || to.Removal.State != wiki.Visible
}

// Written implements [wiki.Store].
func (f wikiStore) Written(ctx context.Context, q wiki.WrittenQuery) (storage.Page[wiki.Page], error) {
	return read(ctx, f.s, "wiki.Written", func(st *state) (page storage.Page[wiki.Page], err error) {
		user, list := idOf(q.User), "wiki.written/"+q.User.String()
		start := pair{a: user}
		if q.After != "" {
			var c nameCursor
			if err := storage.DecodeCursor(list, q.After, &c); err != nil {
				return page, err
			}
			start.b = idOf(c.ID)
		}
		limit := storage.Limit(q.Limit)
		var found []*wiki.Page
		for k := range st.wikiSigned.from(start) {
			if k.a != user || len(found) > limit {
				break
			}
			if q.After != "" && k.b == start.b || !st.names(k.b, q.User) {
				continue
			}
			p, _ := st.wikiPages.get(k.b)
			found = append(found, p)
		}
		if len(found) > limit {
			found = found[:limit]
			page.Next = storage.EncodeCursor(list, nameCursor{ID: found[limit-1].ID})
		}
		page.Items = pageHeads(found)
		return page, nil
	})
}
