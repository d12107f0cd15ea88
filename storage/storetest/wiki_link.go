// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

var wikiLinkPromises = []promise{
	{"Wiki/Links", "what a page links to is replaced as a whole, and what others link to stays", false, wikiSetLinks},
	{"Wiki/Links/Relink", "a relink leads the links to one name, of one area, from where they led to another page, and no other link", false, wikiRelink},
	{"Wiki/Links/Backlinks", "the pages that link to one, within reach, published and not removed, are given by key, each once", false, wikiBacklinks},
	{"Wiki/Links/Wanted", "the names that lead nowhere, or to what is removed, are counted by the pages that may be seen, in order of key", false, wikiWanted},
	{"Wiki/Origin", "what was made from something is found whatever its revision, published or not, but not removed, within reach, by id", false, wikiFrom},
}

func newRandom() uuid.UUID { return uuid.New() }

// wanted reads a whole list of wanted names in pages of its limit.
func (h *scriptorium) wanted(query wiki.WantedQuery) []wiki.Wanted {
	h.Helper()
	return walkAll(h.roster, query.Limit, func(after storage.Cursor, limit int) (storage.Page[wiki.Wanted], error) {
		query.After, query.Limit = after, limit
		return h.w.Wanted(ctx, query)
	})
}

// leads is where the links of a page lead, as everybody may see.
func (h *scriptorium) leads(id wiki.PageID) map[string]wiki.PageID {
	h.Helper()
	out := map[string]wiki.PageID{}
	for _, l := range h.view(wiki.ViewQuery{Page: id, Reach: everything}).Links {
		out[l.Key] = l.To.ID
	}
	return out
}

func (h *scriptorium) backlinks(to wiki.PageID, reach auth.Reach) []wiki.Page {
	h.Helper()
	return walkAll(h.roster, 3, func(after storage.Cursor, limit int) (storage.Page[wiki.Page], error) {
		return h.w.Backlinks(ctx, wiki.LinkQuery{To: to, Reach: reach, After: after, Limit: limit})
	})
}

func wikiSetLinks(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	a, b, x, y := h.writes(nil), h.writes(nil), h.writes(nil), h.writes(nil)
	kept := map[string]wiki.PageID{"x": x.ID, "y": y.ID, "w": {}}
	h.links(b, kept)
	for _, to := range []map[string]wiki.PageID{{"x": x.ID, "y": y.ID}, {"x": y.ID, "z": {}}, {"y": x.ID}, {}} {
		h.links(a, to)
		same(t, len(h.leads(a.ID)), len(to))
		for key, id := range to {
			same(t, h.leads(a.ID)[key], id)
		}
		for key, id := range kept {
			same(t, h.leads(b.ID)[key], id)
		}
	}
	same(t, pageIDs(h.backlinks(x.ID, everything)), []wiki.PageID{b.ID})
	same(t, h.page(a.ID), a) // links are no update of their page
}

func wikiRelink(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	there := newArea()
	old, other, next := h.writes(nil), h.writes(nil), h.writes(nil)
	free, led, elsewhere, away := h.writes(nil), h.writes(nil), h.writes(nil), h.writes(func(p *wiki.Page) { p.Area = there })
	hidden := h.writes(func(p *wiki.Page) { p.Removal.State, p.Stable, p.Audience = wiki.Deleted, 0, auth.AreaMembers })
	reset := func() {
		h.links(free, map[string]wiki.PageID{"a": {}, "b": {}, "a ": {}})
		h.links(led, map[string]wiki.PageID{"a": old.ID, "b": old.ID, "A": old.ID})
		h.links(elsewhere, map[string]wiki.PageID{"a": other.ID})
		h.links(away, map[string]wiki.PageID{"a": {}, "b": old.ID})
		h.links(hidden, map[string]wiki.PageID{"a": {}})
	}
	check := func(of wiki.Page, want map[string]wiki.PageID) {
		t.Helper()
		same(t, len(h.leads(of.ID)), len(want))
		for key, id := range want {
			same(t, h.leads(of.ID)[key], id)
		}
	}
	reset()
	h.do(wiki.Relink{Area: h.area, Key: "a", To: next.ID})
	check(free, map[string]wiki.PageID{"a": next.ID, "b": {}, "a ": {}})
	check(hidden, map[string]wiki.PageID{"a": next.ID}) // whatever page
	check(led, map[string]wiki.PageID{"a": old.ID, "b": old.ID, "A": old.ID})
	check(elsewhere, map[string]wiki.PageID{"a": other.ID})
	check(away, map[string]wiki.PageID{"a": {}, "b": old.ID})
	same(t, pageIDs(h.backlinks(next.ID, everything)), []wiki.PageID{free.ID})
	reset()
	h.do(wiki.Relink{Area: h.area, Key: "a", From: old.ID, To: next.ID})
	check(free, map[string]wiki.PageID{"a": {}, "b": {}, "a ": {}})
	check(led, map[string]wiki.PageID{"a": next.ID, "b": old.ID, "A": old.ID})
	check(elsewhere, map[string]wiki.PageID{"a": other.ID})
	check(away, map[string]wiki.PageID{"a": {}, "b": old.ID})
	h.do(wiki.Relink{Area: h.area, Key: "a", From: next.ID}) // to nowhere
	check(led, map[string]wiki.PageID{"a": {}, "b": old.ID, "A": old.ID})
	h.do(wiki.Relink{Area: there, Key: "b", From: old.ID, To: other.ID})
	check(away, map[string]wiki.PageID{"a": {}, "b": other.ID})
	check(led, map[string]wiki.PageID{"a": {}, "b": old.ID, "A": old.ID})
	same(t, h.page(led.ID), led)
	h.do(wiki.Relink{Area: h.area, Key: "niente", To: next.ID}) // of which there are none
}

func wikiBacklinks(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	to, other := h.writes(nil), h.writes(nil)
	all, reach := h.kinds(wiki.PageID{})
	var full, some []wiki.Page
	for i, k := range all {
		p := h.changes(k.page.ID, func(p *wiki.Page) { p.Key = []string{"b", "a", "à", "B"}[i%4] })
		h.links(p, map[string]wiki.PageID{"titolo": to.ID, "alias": to.ID, "altro": other.ID, "manca": {}})
		if k.seen {
			some = append(some, bare(p))
		}
		if p.Stable > 0 && p.Removal.State == wiki.Visible {
			full = append(full, bare(p))
		}
	}
	h.links(h.writes(nil), map[string]wiki.PageID{"altro": other.ID, "manca": {}})
	for _, ask := range []struct {
		reach auth.Reach
		want  []wiki.Page
	}{{everything, full}, {reach, some}, {auth.Reach{}, []wiki.Page{}}} {
		slices.SortFunc(ask.want, ordered(wiki.ByTitle))
		walksTo(h.roster, "backlinks", ask.want, func(after storage.Cursor, limit int) (storage.Page[wiki.Page], error) {
			return h.w.Backlinks(ctx, wiki.LinkQuery{To: to.ID, Reach: ask.reach, After: after, Limit: limit})
		})
	}
	same(t, len(h.backlinks(wiki.PageID{}, everything)), 0) // what leads nowhere leads not there
	// It does not matter what the page is that they lead to.
	h.changes(to.ID, func(p *wiki.Page) { p.Removal.State = wiki.Deleted })
	same(t, len(h.backlinks(to.ID, everything)), len(full))
}

func wikiWanted(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	there := newArea()
	fine, hidden, waits := h.writes(nil), h.writes(func(p *wiki.Page) { p.Audience = auth.AreaMembers }), h.writes(func(p *wiki.Page) { p.Stable = 0 })
	deleted, purged := h.writes(func(p *wiki.Page) { p.Removal.State = wiki.Deleted }), h.writes(func(p *wiki.Page) { p.Removal.State = wiki.Purged })
	all, reach := h.kinds(wiki.PageID{})
	reach.Areas = append(reach.Areas, there)
	ids := map[auth.Audience]int{}
	type count struct {
		title string
		pages int
		by    wiki.PageID
	}
	want := map[string]count{}
	add := func(p wiki.Page, links []wiki.Link, counts bool) {
		h.do(wiki.SetLinks{Page: p.ID, Links: links})
		for _, l := range links {
			if c := want[l.Key]; counts && (l.To.IsZero() || l.To == deleted.ID || l.To == purged.ID) {
				if c.pages++; c.pages == 1 || p.ID.Compare(c.by) < 0 {
					c.title, c.by = l.Title, p.ID
				}
				want[l.Key] = c
			}
		}
	}
	slices.Reverse(all) // so that the lowest page comes last
	for i, k := range all {
		if k.page.Area != h.area {
			add(k.page, []wiki.Link{{Key: "zero", Title: "Altrove"}}, false)
			continue
		}
		links := []wiki.Link{
			{Key: "zero", Title: k.page.ID.String()}, {Key: "fine", Title: "F", To: fine.ID}, {Key: "hidden", Title: "H", To: hidden.ID}, {Key: "waits", Title: "W", To: waits.ID},
			{Key: "deleted", Title: "D" + k.page.ID.String(), To: deleted.ID}, {Key: "purged", Title: "P", To: purged.ID},
			{Key: []string{"à", "B", "a", "\uffff", "𝕏"}[i%5], Title: "T" + k.page.ID.String()}, {Key: "mixed", Title: k.page.ID.String(), To: []wiki.PageID{{}, fine.ID}[ids[k.page.Audience]%2]},
		}
		ids[k.page.Audience]++
		add(k.page, links, k.seen)
	}
	var list []wiki.Wanted
	for key, c := range want {
		list = append(list, wiki.Wanted{Key: key, Title: c.title, Pages: c.pages})
	}
	slices.SortFunc(list, func(a, b wiki.Wanted) int { return strings.Compare(a.Key, b.Key) })
	same(t, len(list) > 4, true)
	walksTo(h.roster, "wanted", list, func(after storage.Cursor, limit int) (storage.Page[wiki.Wanted], error) {
		return h.w.Wanted(ctx, wiki.WantedQuery{Area: h.area, Reach: reach, After: after, Limit: limit})
	})
	same(t, len(h.wanted(wiki.WantedQuery{Area: h.area})), 0)
	same(t, len(h.wanted(wiki.WantedQuery{Area: there, Reach: everything})), 0)
	// Whatever becomes of where they lead, they follow.
	h.changes(deleted.ID, func(p *wiki.Page) { p.Removal.State = wiki.Visible })
	h.changes(fine.ID, func(p *wiki.Page) { p.Removal.State = wiki.Deleted })
	var keys []string
	for _, v := range h.wanted(wiki.WantedQuery{Area: h.area, Reach: reach, Limit: 100}) {
		keys = append(keys, v.Key)
	}
	same(t, slices.Contains(keys, "deleted"), false)
	same(t, slices.Contains(keys, "fine"), true)
}

func wikiFrom(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	id := newUser().Bytes()
	origin := wiki.Origin{Kind: "qa.answer", ID: id, Revision: 2}
	all, reach := h.kinds(wiki.PageID{})
	var some, full []wiki.Page
	for i, k := range all {
		p := h.changes(k.page.ID, func(p *wiki.Page) { p.Origin = origin; p.Origin.Revision = i })
		if p.Removal.State != wiki.Visible {
			continue
		}
		full = append(full, bare(p))
		if reach.Covers(p.Area, p.Audience) {
			some = append(some, bare(p))
		}
	}
	h.writes(func(p *wiki.Page) { p.Origin = wiki.Origin{Kind: "qa.answers", ID: id} })
	h.writes(func(p *wiki.Page) { p.Origin = wiki.Origin{Kind: "qa.answer", ID: newUser().Bytes()} })
	same(t, got(h.w.From(ctx, origin, everything))(t), full)
	same(t, got(h.w.From(ctx, origin, reach))(t), some)
	same(t, len(got(h.w.From(ctx, origin, auth.Reach{}))(t)), 0)
	same(t, len(got(h.w.From(ctx, wiki.Origin{}, everything))(t)), 0) // what was made from nothing
	now := h.changes(full[0].ID, func(p *wiki.Page) { p.Origin = wiki.Origin{} })
	same(t, slices.Contains(pageIDs(got(h.w.From(ctx, origin, everything))(t)), now.ID), false)
}
