// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// pageKey is an id where a parameter has the name of its type.
type pageKey = id

// pageValue returns a copy that shares nothing.
func pageValue(p *wiki.Page) wiki.Page {
	v := *p
	v.Tags, v.Themes = slices.Clone(v.Tags), slices.Clone(v.Themes)
	return v
}

// pageHead returns a page as lists have it.
func pageHead(p *wiki.Page) wiki.Page {
	v := pageValue(p)
	v.Body = ""
	return v
}

func pageStand(p *wiki.Page) stand { return standOf(p.Area, p.Audience) }

// published reports whether readers see a page.
func published(p *wiki.Page) bool { return p.Stable > 0 && p.Removal.State == wiki.Visible }

// leaves are where a page is found: the first place of each, in its order.
func leaves(p *wiki.Page) []leaf {
	var all []leaf
	add := func(kind leafKind, text string, o wiki.Order) {
		at := leafOf(p, o)
		all = append(all, leaf{kind: kind, text: text, order: at.order, id: at.id})
	}
	both := func(kind leafKind, text string) {
		add(kind, text, wiki.ByTitle)
		add(kind+1, text, wiki.Newest)
	}
	switch p.Removal.State {
	case wiki.Deleted:
		both(leafRemoved, "")
		return all
	case wiki.Visible:
	default:
		return nil
	}
	both(leafAuthor, bytesOf(p.By.User))
	if p.Current != p.Stable {
		both(leafPending, "")
	}
	if p.Stable == 0 {
		return all
	}
	both(leafAll, "")
	for _, t := range p.Tags {
		both(leafTag, t)
	}
	for _, t := range p.Themes {
		both(leafTheme, bytesOf(t))
	}
	if p.Template != "" {
		both(leafTemplate, p.Template)
	}
	both(leafParent, bytesOf(p.Parent))
	add(leafTree, bytesOf(p.Parent), wiki.Tree)
	if !p.Check.Due.IsZero() {
		add(leafDue, "", wiki.ByDue)
	}
	return all
}

// setPage puts a page in the place of another state of it, nil if it is new.
func (st *state) setPage(was, now *wiki.Page) {
	k := idOf(now.ID)
	st.wikiPages.put(st.era, k, now)
	if was != nil {
		if was.Parent != now.Parent {
			st.wikiBelow.drop(st.era, pair{idOf(was.Parent), k})
		}
		if was.Origin != now.Origin {
			st.wikiOrigins.drop(st.era, originKey{was.Origin.Kind, words(was.Origin.ID), k})
		}
		if was.Audience != now.Audience {
			st.moveChanges(k, pageStand(was), pageStand(now))
		}
		st.unleaf(was, now)
	}
	st.wikiBelow.put(st.era, pair{idOf(now.Parent), k}, struct{}{})
	if !now.Origin.IsZero() {
		st.wikiOrigins.put(st.era, originKey{now.Origin.Kind, words(now.Origin.ID), k}, struct{}{})
	}
	for _, l := range leaves(now) {
		for _, s := range pageStand(now).both() {
			l.stand = s
			st.wikiLeaves.put(st.era, l, struct{}{})
		}
	}
	for _, by := range signedPage(now) {
		st.signPage(by.User, k)
	}
}

// unleaf takes a page from where it is found no more.
func (st *state) unleaf(was, now *wiki.Page) {
	from, to, still := pageStand(was), pageStand(now), leaves(now)
	for _, l := range leaves(was) {
		if from == to && slices.Contains(still, l) {
			continue
		}
		for _, s := range from.both() {
			l.stand = s
			st.wikiLeaves.drop(st.era, l)
		}
	}
}

// keptPage is a page as it is kept.
func keptPage(p wiki.Page) *wiki.Page {
	p.Tags, p.Themes = append([]string(nil), p.Tags...), append([]wiki.ThemeID(nil), p.Themes...)
	for _, at := range []*time.Time{&p.CreatedAt, &p.EditedAt, &p.Protection.Until, &p.Protection.At, &p.Check.Due, &p.Check.At, &p.RecheckAt, &p.Removal.At} {
		*at = instant(*at)
	}
	return &p
}

func (st *state) pageAt(p wiki.PageID, version int) (*wiki.Page, error) {
	v, ok := st.wikiPages.get(idOf(p))
	switch {
	case !ok:
		return nil, storage.ErrNotFound
	case v.Version != version:
		return nil, storage.ErrConflict
	}
	return v, nil
}

// parentThere returns ErrNotFound for a parent that is not there.
func (st *state) parentThere(p wiki.PageID) error {
	if !p.IsZero() && !st.wikiPages.has(idOf(p)) {
		return storage.ErrNotFound
	}
	return nil
}

func (st *state) insertPage(p wiki.Page) error {
	if st.wikiPages.has(idOf(p.ID)) {
		return storage.ErrExists
	}
	if err := st.parentThere(p.Parent); err != nil {
		return err
	}
	st.setPage(nil, keptPage(p))
	return nil
}

func (st *state) updatePage(p wiki.Page) error {
	was, err := st.pageAt(p.ID, p.Version)
	if err == nil {
		err = st.parentThere(p.Parent)
	}
	if err != nil {
		return err
	}
	now := keptPage(p)
	now.Area, now.By, now.CreatedAt = was.Area, was.By, was.CreatedAt
	now.Version++
	st.setPage(was, now)
	return nil
}

func (st *state) moveChildren(c wiki.MoveChildren) error {
	if err := st.parentThere(c.To); err != nil {
		return err
	}
	for _, k := range below(st.wikiBelow, idOf(c.From)) {
		was, _ := st.wikiPages.get(k)
		now := *was
		now.Parent = c.To
		now.Version++
		st.setPage(was, &now)
	}
	return nil
}

// Page implements [wiki.Store].
func (f wikiStore) Page(ctx context.Context, id wiki.PageID) (wiki.Page, error) {
	return read(ctx, f.s, "wiki.Page", func(st *state) (wiki.Page, error) {
		p, ok := st.wikiPages.get(idOf(id))
		if !ok {
			return wiki.Page{}, storage.ErrNotFound
		}
		return pageValue(p), nil
	})
}

// Edit implements [wiki.Store].
func (f wikiStore) Edit(ctx context.Context, q wiki.EditQuery) (wiki.Edit, error) {
	return read(ctx, f.s, "wiki.Edit", func(st *state) (e wiki.Edit, err error) {
		k := idOf(q.Page)
		p, ok := st.wikiPages.get(k)
		if !ok {
			return e, storage.ErrNotFound
		}
		e.Page = pageValue(p)
		e.Watching = st.wikiWatches.has(pair{k, idOf(q.Reader)})
		if r, ok := st.wikiRevisions.get(numbered{k, p.Current}); ok {
			e.Latest = revisionValue(r)
		}
		e.Blob = st.blob(k, p.Current)
		if e.Blob.Frame != e.Blob.N {
			e.Frame = st.blob(k, e.Blob.Frame)
		}
		return e, nil
	})
}

// View implements [wiki.Store].
func (f wikiStore) View(ctx context.Context, q wiki.ViewQuery) (wiki.View, error) {
	return read(ctx, f.s, "wiki.View", func(st *state) (v wiki.View, err error) {
		k := idOf(q.Page)
		p, ok := st.wikiPages.get(k)
		if !ok {
			return v, storage.ErrNotFound
		}
		seen := func(p *wiki.Page) bool { return published(p) && q.Reach.Covers(p.Area, p.Audience) }
		v.Page = pageValue(p)
		v.Watching = !q.Reader.IsZero() && st.wikiWatches.has(pair{k, idOf(q.Reader)})
		for _, up := range st.above(p) {
			if seen(up) {
				v.Path = append(v.Path, pageHead(up))
			}
		}
		slices.Reverse(v.Path)
		for key, l := range st.wikiLinks.from(linkKey{page: k}) {
			if key.page != k {
				break
			}
			leads := wiki.Leads{Link: *l}
			if to, ok := st.wikiPages.get(idOf(l.To)); ok && seen(to) {
				leads.To = pageHead(to)
			}
			v.Links = append(v.Links, leads)
		}
		for _, c := range below(st.wikiBelow, k) {
			if child, _ := st.wikiPages.get(c); seen(child) {
				v.Children++
			}
		}
		return v, nil
	})
}

// above returns the pages above a page, the nearest first.
func (st *state) above(p *wiki.Page) (out []*wiki.Page) {
	for !p.Parent.IsZero() {
		up, ok := st.wikiPages.get(idOf(p.Parent))
		if !ok || slices.Contains(out, up) {
			break
		}
		out, p = append(out, up), up
	}
	return out
}

// Path implements [wiki.Store].
func (f wikiStore) Path(ctx context.Context, id wiki.PageID) ([]wiki.Page, error) {
	return read(ctx, f.s, "wiki.Path", func(st *state) ([]wiki.Page, error) {
		p, ok := st.wikiPages.get(idOf(id))
		if !ok {
			return nil, storage.ErrNotFound
		}
		out := []wiki.Page{pageHead(p)}
		for _, up := range st.above(p) {
			out = append(out, pageHead(up))
		}
		return out, nil
	})
}

// Height implements [wiki.Store].
func (f wikiStore) Height(ctx context.Context, id wiki.PageID) (int, error) {
	return read(ctx, f.s, "wiki.Height", func(st *state) (int, error) {
		if !st.wikiPages.has(idOf(id)) {
			return 0, storage.ErrNotFound
		}
		levels, seen := 0, map[pageKey]bool{}
		for level := below(st.wikiBelow, idOf(id)); len(level) > 0; levels++ {
			var next []pageKey
			for _, k := range level {
				if !seen[k] {
					seen[k], next = true, append(next, below(st.wikiBelow, k)...)
				}
			}
			level = next
		}
		return levels, nil
	})
}

// From implements [wiki.Store].
func (f wikiStore) From(ctx context.Context, o wiki.Origin, reach auth.Reach) ([]wiki.Page, error) {
	return read(ctx, f.s, "wiki.From", func(st *state) (out []wiki.Page, err error) {
		start := originKey{kind: o.Kind, id: words(o.ID)}
		for k := range st.wikiOrigins.from(start) {
			if k.id != start.id || k.kind != start.kind {
				break
			}
			if p, _ := st.wikiPages.get(k.question); p.Removal.State == wiki.Visible && reach.Covers(p.Area, p.Audience) {
				out = append(out, pageHead(p))
			}
		}
		return out, nil
	})
}
