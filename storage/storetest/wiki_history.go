// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"cmp"
	"slices"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

var wikiHistoryPromises = []promise{
	{"Wiki/History", "a list of revisions has what its query selects, all of it, in order, and nothing else, whatever the page's size", false, wikiHistory},
	{"Wiki/History/Reach", "revisions of pages out of reach are in no list, whose ever they are", false, wikiHistoryReach},
	{"Wiki/History/Nobody", "a reader who is nobody owns nothing, not even what an erasure left to nobody", false, wikiHistoryNobody},
	{"Wiki/History/Now", "a revision is listed by what its page is now: published, removed, hidden, moved", false, wikiHistoryNow},
}

// history reads a whole list of revisions in pages of its limit.
func (h *scriptorium) history(query wiki.RevisionQuery) []wiki.Changed {
	h.Helper()
	return walkAll(h.roster, query.Limit, func(after storage.Cursor, limit int) (storage.Page[wiki.Changed], error) {
		query.After, query.Limit = after, limit
		return h.w.Revisions(ctx, query)
	})
}

// A chronicle is a scriptorium with revisions of every kind.
type chronicle struct {
	*scriptorium
	here, there auth.AreaID
	people      []auth.By
	pages       []wiki.Page
	all         []wiki.Changed
}

func newChronicle(t *testing.T, s community.Store) *chronicle {
	t.Helper()
	c := &chronicle{scriptorium: newScriptorium(t, s), here: newArea(), there: newArea(), people: []auth.By{newBy(), newBy(), newBy()}}
	for i := range 12 {
		p := c.writes(func(p *wiki.Page) {
			p.Area, p.Audience = []auth.AreaID{c.here, c.there}[i%2], auth.Audience(i/2%3+1)
			p.Current, p.Stable = 6, []int{6, 4, 0}[i%3]
			if i%5 == 4 {
				p.Removal.State = []wiki.State{wiki.Deleted, wiki.Purged}[i/5]
			}
		})
		c.pages = append(c.pages, p)
		for n := 1; n <= 6; n++ {
			r := c.revises(p, n, func(r *wiki.Revision) {
				r.By, r.At = c.people[(i+n)%3], at(2000+(n*7+i/2)%20) // many at a time, and not in order of number
				if (i+n)%4 == 0 {
					r.Removal.State = wiki.Hidden
				}
			})
			c.all = append(c.all, wiki.Changed{Revision: r, Page: bare(p)})
		}
	}
	return c
}

// modelled is what a query selects, in order.
func (c *chronicle) modelled(q wiki.RevisionQuery) []wiki.Changed {
	out := []wiki.Changed{}
	for _, v := range c.all {
		r, p := v.Revision, v.Page
		own := !q.Reader.IsZero() && r.By.User == q.Reader
		moderate := q.Moderate.Covers(p.Area, p.Audience)
		if (q.Page.IsZero() || q.Page == p.ID) && (q.Area.IsZero() || q.Area == p.Area) && (q.Author.IsZero() || q.Author == r.By.User) &&
			q.Reach.Covers(p.Area, p.Audience) && (r.N <= p.Stable || own || q.Pending.Covers(p.Area, p.Audience)) &&
			(r.Removal.State == wiki.Visible || own || moderate) && (p.Removal.State == wiki.Visible || moderate) {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b wiki.Changed) int {
		if q.Page.IsZero() {
			if c := cmp.Or(b.Revision.At.Compare(a.Revision.At), b.Page.ID.Compare(a.Page.ID)); c != 0 {
				return c
			}
		}
		return cmp.Compare(b.Revision.N, a.Revision.N)
	})
	return out
}

func wikiHistory(t *testing.T, s community.Store) {
	c := newChronicle(t, s)
	some := auth.Reach{Floor: auth.CommunityMembers, Areas: []auth.AreaID{c.there}}
	thereOnly := auth.Reach{Areas: []auth.AreaID{c.there}}
	me := c.people[0].User
	found := 0
	queries := map[string]wiki.RevisionQuery{
		"all":                  {},
		"some":                 {Reach: some},
		"area":                 {Area: c.here},
		"area some":            {Area: c.here, Reach: some},
		"no such area":         {Area: newArea()},
		"author":               {Author: me},
		"author some":          {Author: c.people[1].User, Reach: some},
		"author area":          {Author: c.people[1].User, Area: c.there},
		"no such author":       {Author: newUser()},
		"reader":               {Reader: me},
		"reader some":          {Reader: me, Reach: some},
		"reader, nobody":       {Reader: newUser()},
		"own":                  {Reader: me, Author: me},
		"own, as another":      {Reader: c.people[1].User, Author: me},
		"pending":              {Pending: everything},
		"pending there":        {Pending: thereOnly},
		"pending some":         {Pending: thereOnly, Reach: some},
		"moderate":             {Moderate: everything},
		"moderate there":       {Moderate: thereOnly},
		"moderate by audience": {Moderate: auth.Reach{Floor: auth.Public}},
		"moderate and pending": {Moderate: everything, Pending: everything},
		"and reader":           {Moderate: thereOnly, Pending: auth.Reach{Floor: auth.Public}, Reader: me, Reach: some},
		"pending author":       {Moderate: everything, Pending: everything, Author: me, Area: c.here},
	}
	for i, p := range c.pages {
		queries["page "+string(rune('a'+i))] = wiki.RevisionQuery{Page: p.ID}
		queries["page, whole "+string(rune('a'+i))] = wiki.RevisionQuery{Page: p.ID, Moderate: everything, Pending: everything}
		queries["page, reader "+string(rune('a'+i))] = wiki.RevisionQuery{Page: p.ID, Reader: me, Moderate: thereOnly}
		queries["page, author "+string(rune('a'+i))] = wiki.RevisionQuery{Page: p.ID, Author: me, Pending: thereOnly}
	}
	for name, query := range queries {
		if query.Reach.Floor == 0 && query.Reach.Areas == nil {
			query.Reach = everything
		}
		t.Run(name, func(t *testing.T) {
			c.T = t
			want := c.modelled(query)
			found += len(want)
			walksTo(c.roster, name, want, func(after storage.Cursor, limit int) (storage.Page[wiki.Changed], error) {
				query.After, query.Limit = after, limit
				return c.w.Revisions(ctx, query)
			})
		})
	}
	if c.T = t; found < 400 {
		t.Errorf("these queries select %d revisions: they say nothing", found)
	}
	same(t, len(got(c.w.Revisions(ctx, wiki.RevisionQuery{Reach: everything, Moderate: everything, Pending: everything}))(t).Items), storage.DefaultLimit)
}

func wikiHistoryReach(t *testing.T, s community.Store) {
	c := newChronicle(t, s)
	for _, query := range []wiki.RevisionQuery{{}, {Author: c.people[0].User}, {Area: c.here}, {Page: c.pages[0].ID}} {
		query.Reader, query.Pending, query.Moderate, query.Limit = c.people[0].User, everything, everything, 100
		same(t, len(c.history(query)), 0)
		query.Reach = auth.Reach{Areas: []auth.AreaID{newArea()}}
		same(t, len(c.history(query)), 0)
	}
	many := auth.Reach{}
	for range 300 {
		many.Areas = append(many.Areas, newArea())
	}
	many.Areas = append(many.Areas, c.there)
	query := wiki.RevisionQuery{Reach: many, Pending: many, Moderate: many, Limit: 7}
	same(t, c.history(query), c.modelled(query))
}

func wikiHistoryNobody(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p := h.writes(func(p *wiki.Page) { p.Current = 3 })
	for n := 1; n <= 3; n++ {
		h.revises(p, n, func(r *wiki.Revision) {
			if r.By = (auth.By{}); n == 1 {
				r.Removal.State = wiki.Hidden
			}
		})
	}
	same(t, len(h.history(wiki.RevisionQuery{Reach: everything})), 0)
	same(t, len(h.history(wiki.RevisionQuery{Reach: everything, Page: p.ID})), 0)
	same(t, len(h.history(wiki.RevisionQuery{Reach: everything, Page: p.ID, Pending: everything})), 2)
}

func wikiHistoryNow(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p := h.writes(func(p *wiki.Page) { p.Current, p.Stable = 2, 0 })
	h.revises(p, 1, nil)
	h.revises(p, 2, nil)
	check := func(reach auth.Reach, want ...int) {
		t.Helper()
		for _, query := range []wiki.RevisionQuery{{}, {Page: p.ID}} {
			query.Reach = reach
			var n []int
			for _, c := range h.history(query) {
				same(t, c.Page, bare(h.page(p.ID)))
				n = append(n, c.Revision.N)
			}
			same(t, n, want)
		}
	}
	public, group := auth.Reach{Floor: auth.Public}, auth.Reach{Areas: []auth.AreaID{p.Area}}
	check(public)
	h.changes(p.ID, func(p *wiki.Page) { p.Stable = 1 })
	check(public, 1)
	h.changes(p.ID, func(p *wiki.Page) { p.Stable = 2 })
	check(public, 2, 1)
	h.do(wiki.SetRemoval{Page: p.ID, N: 1, Removal: wiki.Removal{State: wiki.Hidden}})
	check(public, 2)
	h.do(wiki.SetRemoval{Page: p.ID, N: 1})
	check(public, 2, 1)
	h.changes(p.ID, func(p *wiki.Page) { p.Audience, p.Title = auth.AreaMembers, "Ritirata" })
	check(public)
	check(group, 2, 1)
	h.changes(p.ID, func(p *wiki.Page) { p.Audience = auth.Public })
	check(public, 2, 1)
	h.changes(p.ID, func(p *wiki.Page) { p.Removal.State = wiki.Deleted })
	check(public)
	check(group)
	h.changes(p.ID, func(p *wiki.Page) { p.Removal.State = wiki.Visible })
	check(group, 2, 1)
}
