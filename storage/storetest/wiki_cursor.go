// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"fmt"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

var wikiCursorPromises = []promise{
	{"Wiki/Cursor/Tampered", "a cursor that was changed, in any byte, is refused with ErrInvalid", false, of(wikiListings, cursorTampered)},
	{"Wiki/Cursor/OtherList", "a cursor of another list is refused with ErrInvalid", false, of(wikiListings, cursorOtherList)},
	{"Wiki/Cursor/Hostile", "what never was a cursor is refused with ErrInvalid", false, of(wikiListings, cursorHostile)},
	{"Wiki/Cursor/Again", "the same cursor gives the same page again", false, of(wikiListings, cursorAgain)},
	{"Wiki/Cursor/Reach", "a cursor opens nothing: wherever a list starts, it is filtered by the reach of who reads", false, wikiCursorReach},
	{"Wiki/Cursor/Gone", "a cursor still marks its place when the item that it was made at is gone from the list", false, wikiCursorGone},
}

// wikiListings prepares all lists of pages, each of more than one page.
func wikiListings(t *testing.T, s community.Store) []listing {
	t.Helper()
	h := newScriptorium(t, s)
	me, themes := []auth.By{newBy(), newBy()}, []wiki.ThemeID{storage.NewID[wiki.Theme](), storage.NewID[wiki.Theme]()}
	areas := []auth.AreaID{newArea(), newArea()}
	roots := []wiki.Page{h.writes(nil), h.writes(nil)}
	for i := range 16 {
		p := h.writes(func(p *wiki.Page) {
			p.By, p.Tags, p.Themes, p.Area, p.Parent = me[i%2], []string{"gara", fmt.Sprint("t", i)}, themes[i%2:i%2+1], areas[i/2%2], roots[i%2].ID
			p.Current, p.Check.Due, p.Template = 2, at(5), []string{"practice", "story"}[i%2]
		})
		h.revises(p, 1, func(r *wiki.Revision) { r.By = me[i%2] })
		h.links(p, map[string]wiki.PageID{"root": roots[i%2].ID, fmt.Sprint("manca ", i): {}})
		h.writes(func(p *wiki.Page) { p.Removal.State, p.By = wiki.Deleted, me[i%2] })
	}
	for _, p := range roots {
		for n := range 8 {
			h.revises(p, n+1, nil)
		}
		h.changes(p.ID, func(p *wiki.Page) { p.Current, p.Stable = 8, 8 })
	}
	var all []listing
	list := func(name string, read func(after storage.Cursor) (int, storage.Cursor, error)) {
		all = append(all, listing{name, func(_ forum.Store, after storage.Cursor) (int, storage.Cursor, error) { return read(after) }})
	}
	pagesOf := func(name string, query wiki.PageQuery) {
		query.Reach, query.Limit = everything, 3
		list("pages "+name, func(after storage.Cursor) (int, storage.Cursor, error) {
			query.After = after
			page, err := h.w.Pages(ctx, query)
			return len(page.Items), page.Next, err
		})
	}
	revisionsOf := func(name string, query wiki.RevisionQuery) {
		query.Reach, query.Limit = everything, 3
		list("revisions "+name, func(after storage.Cursor) (int, storage.Cursor, error) {
			query.After = after
			page, err := h.w.Revisions(ctx, query)
			return len(page.Items), page.Next, err
		})
	}
	pagesOf("by title", wiki.PageQuery{})
	pagesOf("newest", wiki.PageQuery{Order: wiki.Newest})
	pagesOf("by due", wiki.PageQuery{Order: wiki.ByDue, Due: at(9)})
	pagesOf("tagged", wiki.PageQuery{Tag: "gara"})
	pagesOf("removed", wiki.PageQuery{Removed: true})
	pagesOf("pending", wiki.PageQuery{Pending: true})
	revisionsOf("of all", wiki.RevisionQuery{})
	for i := range 2 {
		pagesOf(fmt.Sprint("of theme ", i), wiki.PageQuery{Theme: themes[i]})
		pagesOf(fmt.Sprint("of author ", i), wiki.PageQuery{Author: me[i].User})
		pagesOf(fmt.Sprint("of area ", i), wiki.PageQuery{Area: areas[i]})
		pagesOf(fmt.Sprint("below ", i), wiki.PageQuery{Parent: roots[i].ID, Order: wiki.Tree})
		revisionsOf(fmt.Sprint("of page ", i), wiki.RevisionQuery{Page: roots[i].ID})
		revisionsOf(fmt.Sprint("of author ", i), wiki.RevisionQuery{Author: me[i].User})
		revisionsOf(fmt.Sprint("of area ", i), wiki.RevisionQuery{Area: areas[i]})
		list(fmt.Sprint("backlinks ", i), func(after storage.Cursor) (int, storage.Cursor, error) {
			page, err := h.w.Backlinks(ctx, wiki.LinkQuery{To: roots[i].ID, Reach: everything, After: after, Limit: 3})
			return len(page.Items), page.Next, err
		})
		list(fmt.Sprint("wanted ", i), func(after storage.Cursor) (int, storage.Cursor, error) {
			page, err := h.w.Wanted(ctx, wiki.WantedQuery{Area: areas[i], Reach: everything, After: after, Limit: 3})
			return len(page.Items), page.Next, err
		})
		list(fmt.Sprint("wiki written ", i), func(after storage.Cursor) (int, storage.Cursor, error) {
			page, err := h.w.Written(ctx, wiki.WrittenQuery{User: me[i].User, After: after, Limit: 3})
			return len(page.Items), page.Next, err
		})
	}
	return all
}

func wikiCursorReach(t *testing.T, s community.Store) {
	l := newPageShelf(t, s)
	for name, query := range l.pageQueries() {
		query.Reach, query.Limit = everything, 2
		if query.After = got(l.w.Pages(ctx, query))(t).Next; query.After == "" {
			continue
		}
		for _, query.Reach = range []auth.Reach{{Floor: auth.Public}, {}} {
			for next := query; ; {
				page := got(l.w.Pages(ctx, next))(t)
				for _, p := range page.Items {
					if !query.Reach.Covers(p.Area, p.Audience) {
						t.Fatalf("%s: a cursor opened a page promised to %d", name, p.Audience)
					}
				}
				if next.After = page.Next; next.After == "" {
					break
				}
			}
		}
	}
}

func wikiCursorGone(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	for name, query := range map[string]wiki.PageQuery{"by title": {}, "newest": {Order: wiki.Newest}, "tag": {Tag: "gara"}, "due": {Due: at(9), Order: wiki.ByDue}, "tree": {Top: true, Order: wiki.Tree}} {
		query.Area, query.Reach, query.Limit = newArea(), everything, 3
		h.area = query.Area
		for i := range 9 {
			h.writes(func(p *wiki.Page) { p.Tags, p.Check.Due, p.Position = []string{"gara"}, at(i), int64(i) })
		}
		want := pageIDs(h.list(query))
		page := got(h.w.Pages(ctx, query))(t)
		h.changes(page.Items[2].ID, func(p *wiki.Page) { p.Removal.State = wiki.Deleted })
		query.After, query.Limit = page.Next, 100
		same(t, pageIDs(got(h.w.Pages(ctx, query))(t).Items), want[3:])
		if t.Failed() {
			t.Fatal(name)
		}
	}
	p := h.writes(func(p *wiki.Page) { p.Current, p.Stable = 9, 9 })
	for n := range 9 {
		h.revises(p, n+1, nil)
	}
	for _, query := range []wiki.RevisionQuery{{Page: p.ID}, {Area: p.Area}} {
		query.Reach, query.Limit = everything, 3
		page := got(h.w.Revisions(ctx, query))(t)
		h.do(wiki.SetRemoval{Page: p.ID, N: 7, Removal: wiki.Removal{State: wiki.Hidden}})
		query.After = page.Next
		same(t, got(h.w.Revisions(ctx, query))(t).Items[0].Revision.N, 6)
		h.do(wiki.SetRemoval{Page: p.ID, N: 7})
	}
}
