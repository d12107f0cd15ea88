// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

var wikiPagePromises = []promise{
	{"Wiki/Page/Parent", "a page whose parent is not there is ErrNotFound, inserted or updated, and one that is removed is there", false, wikiParent},
	{"Wiki/PageAt", "what is held to the version of a page is made at that one only, and moves it not", false, wikiPageAt},
	{"Wiki/Path", "a path has the page first, then those above it, the nearest first, whatever their state", false, wikiPath},
	{"Wiki/Height", "the height of a page is that of its longest branch, whatever the state of who stands there", false, wikiHeight},
	{"Wiki/MoveChildren", "the pages directly below one, and no other, go where they are moved, each at its next version, whatever its state", false, wikiMoveChildren},
	{"Wiki/View", "a view has what the page leads to, stands below and is above, of what is within reach, published and not removed", false, wikiView},
	{"Wiki/View/Watching", "a view, and an edit, say whether their reader watches the page, and visitors watch nothing", false, wikiWatching},
	{"Wiki/Edit", "an edit has the current revision with its text, and the frame's where that is another", false, wikiEdit},
	{"Wiki/Edit/Unit", "a unit sees in a page, its view, edit, path and lists what it has written itself, and none of it stays when it is undone", false, wikiOwnWrites},
}

func wikiParent(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p := h.writes(nil)
	nowhere := h.newPage()
	nowhere.Parent = storage.NewID[wiki.Page]()
	h.fails(storage.ErrNotFound, event(1), wiki.InsertPage{Page: nowhere})
	moved := p
	moved.Parent = nowhere.Parent
	h.fails(storage.ErrNotFound, event(1), wiki.UpdatePage{Page: moved})
	same(t, h.page(p.ID), p)
	same(t, len(claims(t, s)), 0)
	gone := h.writes(func(p *wiki.Page) { p.Removal.State = wiki.Deleted })
	moved.Parent = gone.ID
	h.do(wiki.UpdatePage{Page: moved})
	same(t, h.page(p.ID).Parent, gone.ID)
	above := h.newPage() // with its child in one go
	nowhere.Parent = above.ID
	h.do(wiki.InsertPage{Page: above}, wiki.InsertPage{Page: nowhere})
	same(t, h.page(nowhere.ID), nowhere)
}

func wikiPageAt(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p, other := h.writes(nil), h.writes(nil)
	h.changes(p.ID, func(p *wiki.Page) { p.Title = "B" })
	for _, version := range []int{0, 1, 3} {
		h.fails(storage.ErrConflict, event(1), wiki.PageAt{Page: p.ID, Version: version})
	}
	err := s.Apply(ctx, wiki.UpdatePage{Page: other}, wiki.PageAt{Page: p.ID, Version: 1})
	is(t, err, storage.ErrConflict)
	same(t, h.page(other.ID), other)
	same(t, len(claims(t, s)), 0)
	now := h.page(p.ID)
	h.do(wiki.PageAt{Page: p.ID, Version: 2}, wiki.UpdatePage{Page: other})
	same(t, h.page(p.ID), now)
	same(t, h.page(other.ID).Version, 2)
	h.do(wiki.UpdatePage{Page: now}, wiki.PageAt{Page: p.ID, Version: 3}) // in order
}

// tower is pages each below the one before.
func (h *scriptorium) tower(n int, set func(i int, p *wiki.Page)) []wiki.Page {
	h.Helper()
	var all []wiki.Page
	for i := range n {
		all = append(all, h.writes(func(p *wiki.Page) {
			if i > 0 {
				p.Parent = all[i-1].ID
			}
			if set != nil {
				set(i, p)
			}
		}))
	}
	return all
}

func wikiPath(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	all := h.tower(wiki.MaxDepth+1, func(i int, p *wiki.Page) {
		p.Removal.State, p.Stable, p.Audience = wiki.State(i%4), i%2, auth.Audience(i%3+1)
		p.Tags = []string{"a"}
	})
	h.tower(3, nil)
	var want []wiki.Page
	for _, p := range all {
		want = slices.Insert(want, 0, bare(p))
		same(t, got(h.w.Path(ctx, p.ID))(t), want)
	}
}

func wikiHeight(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	all := h.tower(wiki.MaxDepth+1, func(i int, p *wiki.Page) { p.Removal.State, p.Stable = wiki.State(i%4), i%2 })
	for i, p := range all {
		h.writes(func(b *wiki.Page) { b.Parent = p.ID }) // a short branch
		want := wiki.MaxDepth - i
		if i == wiki.MaxDepth {
			want = 1
		}
		if i < wiki.MaxDepth {
			same(t, got(h.w.Height(ctx, p.ID))(t), want)
		}
	}
	same(t, got(h.w.Height(ctx, all[wiki.MaxDepth].ID))(t), 1)
	same(t, got(h.w.Height(ctx, all[0].ID))(t), wiki.MaxDepth+1)
	same(t, got(h.w.Height(ctx, h.writes(nil).ID))(t), 0)
}

func wikiMoveChildren(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	from, to := h.writes(nil), h.writes(nil)
	var below, untouched []wiki.Page
	for i := range 8 {
		below = append(below, h.writes(func(p *wiki.Page) {
			p.Parent, p.Removal.State, p.Stable, p.Version = from.ID, wiki.State(i%4), i/4, i+1
		}))
	}
	untouched = append(untouched, from, to, h.writes(func(p *wiki.Page) { p.Parent = to.ID }), h.writes(func(p *wiki.Page) { p.Parent = below[0].ID }), h.writes(nil))
	for _, place := range []wiki.PageID{to.ID, {}} {
		h.do(wiki.MoveChildren{From: from.ID, To: place})
		for i := range below {
			below[i].Parent = place
			below[i].Version++
			same(t, h.page(below[i].ID), below[i])
		}
		for _, p := range untouched {
			same(t, h.page(p.ID), p)
		}
		h.do(wiki.MoveChildren{From: from.ID, To: place}) // of which there are none
		if from.ID != to.ID {                             // what is below the next one moves with the rest
			below, untouched = append(below, untouched[2]), slices.Delete(untouched, 2, 3)
		}
		from = to
	}
}

// A wikiSeen is a page, and whether a reader of some reach is told of it.
type wikiSeen struct {
	page wiki.Page
	seen bool
}

// kinds inserts one page of every kind that a reader of the reach may or may
// not be told of.
func (h *scriptorium) kinds(parent wiki.PageID) (all []wikiSeen, reach auth.Reach) {
	h.Helper()
	mine := newArea()
	reach = auth.Reach{Floor: auth.CommunityMembers, Areas: []auth.AreaID{newArea(), mine}}
	for _, area := range []auth.AreaID{mine, h.area} {
		for _, audience := range []auth.Audience{auth.AreaMembers, auth.CommunityMembers, auth.Public} {
			for _, state := range []wiki.State{wiki.Visible, wiki.Deleted, wiki.Purged} {
				for stable := range 2 {
					p := h.writes(func(p *wiki.Page) {
						p.Area, p.Audience, p.Removal.State, p.Stable, p.Parent = area, audience, state, stable, parent
					})
					all = append(all, wikiSeen{p, state == wiki.Visible && stable == 1 && (area == mine || audience > auth.AreaMembers)})
				}
			}
		}
	}
	return all, reach
}

func wikiView(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p := h.writes(nil)
	all, reach := h.kinds(p.ID)
	to := map[string]wiki.PageID{"wanted": {}}
	children, full := 0, 0
	for _, k := range all {
		to["k"+k.page.ID.String()] = k.page.ID
		if k.seen {
			children++
		}
		if k.page.Removal.State == wiki.Visible && k.page.Stable > 0 {
			full++
		}
	}
	h.writes(func(c *wiki.Page) { c.Parent = all[0].page.ID }) // no child of its own
	h.links(p, to)
	h.do(wiki.SetLinks{Page: all[0].page.ID, Links: []wiki.Link{{Key: "other", Title: "Other"}}})
	v := h.view(wiki.ViewQuery{Page: p.ID, Reach: reach})
	same(t, v.Page, p)
	same(t, v.Children, children)
	same(t, len(v.Links), len(to))
	for i, l := range v.Links {
		if i > 0 && v.Links[i-1].Key >= l.Key {
			t.Errorf("link %q comes before %q", v.Links[i-1].Key, l.Key)
		}
		same(t, l.Title, strings.ToUpper(l.Key))
		want := wiki.Page{}
		for _, k := range all {
			if k.seen && l.Key == "k"+k.page.ID.String() {
				want = bare(k.page)
			}
		}
		same(t, l.To, want)
	}
	same(t, h.view(wiki.ViewQuery{Page: p.ID, Reach: everything}).Children, full)
	none := h.view(wiki.ViewQuery{Page: p.ID})
	same(t, none.Children, 0)
	for _, l := range none.Links {
		same(t, l.To, wiki.Page{})
	}
	// Above a page stands one of each kind.
	var path []wiki.Page
	last := wiki.PageID{}
	for _, k := range all {
		now := h.changes(k.page.ID, func(p *wiki.Page) { p.Parent = last })
		if last = now.ID; k.seen {
			path = append(path, bare(now))
		}
	}
	low := h.writes(func(p *wiki.Page) { p.Parent = last })
	same(t, h.view(wiki.ViewQuery{Page: low.ID, Reach: reach}).Path, path)
	same(t, len(h.view(wiki.ViewQuery{Page: low.ID}).Path), 0)
}

func wikiWatching(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p, other := h.writes(nil), h.writes(nil)
	h.revises(p, 1, nil)
	h.revises(other, 1, nil)
	me := newUser()
	h.do(wiki.SetWatch{Page: p.ID, User: me, On: true, At: at(1)})
	for _, ask := range []struct {
		page wiki.PageID
		user auth.UserID
		want bool
	}{{p.ID, me, true}, {other.ID, me, false}, {p.ID, newUser(), false}, {p.ID, auth.UserID{}, false}} {
		same(t, h.view(wiki.ViewQuery{Page: ask.page, Reader: ask.user}).Watching, ask.want)
		same(t, got(h.w.Edit(ctx, wiki.EditQuery{Page: ask.page, Reader: ask.user}))(t).Watching, ask.want)
	}
}

func wikiEdit(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p := h.writes(func(p *wiki.Page) { p.Current, p.Stable = 5, 3 })
	var in []wiki.InsertRevision
	for n := 1; n <= 6; n++ {
		r := h.newRevision(p.ID, n)
		r.Blob.Frame = []int{1, 1, 1, 4, 4, 4}[n-1]
		in = append(in, r)
		h.do(r)
	}
	same(t, got(h.w.Edit(ctx, wiki.EditQuery{Page: p.ID}))(t), wiki.Edit{Page: p, Latest: in[4].Revision, Blob: in[4].Blob, Frame: in[3].Blob})
	for _, n := range []int{1, 4, 2} {
		p = h.changes(p.ID, func(p *wiki.Page) { p.Current = n })
		want := wiki.Edit{Page: p, Latest: in[n-1].Revision, Blob: in[n-1].Blob}
		if n == 2 {
			want.Frame = in[0].Blob
		}
		same(t, got(h.w.Edit(ctx, wiki.EditQuery{Page: p.ID}))(t), want)
	}
}

func wikiOwnWrites(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	parent := h.writes(nil)
	target := h.writes(nil)
	p := h.newPage()
	p.Parent, p.Tags, p.Origin = parent.ID, []string{"unità"}, wiki.Origin{Kind: "k", ID: newUser().Bytes()}
	in := h.newRevision(p.ID, 1)
	user := newUser()
	errUndo := errors.New("undo")
	is(t, h.w.Atomic(ctx, func(ctx context.Context, tx wiki.Store) error {
		must(t, tx.Apply(ctx, wiki.InsertPage{Page: p}, in, wiki.PutName{Name: wiki.Name{Area: p.Area, Key: p.Key, Page: p.ID}},
			wiki.SetLinks{Page: p.ID, Links: []wiki.Link{{Key: "t", Title: "T", To: target.ID}, {Key: "w", Title: "W"}}},
			wiki.SetWatch{Page: p.ID, User: user, On: true, At: at(1)}, wiki.AddMentions{Page: p.ID, Users: []auth.UserID{user}}))
		same(t, got(tx.Page(ctx, p.ID))(t), p)
		same(t, got(tx.Edit(ctx, wiki.EditQuery{Page: p.ID, Reader: user}))(t), wiki.Edit{Page: p, Latest: in.Revision, Blob: in.Blob, Watching: true})
		v := got(tx.View(ctx, wiki.ViewQuery{Page: p.ID, Reach: everything}))(t)
		same(t, pageIDs(v.Path), []wiki.PageID{parent.ID})
		same(t, len(v.Links), 2)
		same(t, got(tx.View(ctx, wiki.ViewQuery{Page: parent.ID, Reach: everything}))(t).Children, 1)
		same(t, pageIDs(got(tx.Path(ctx, p.ID))(t)), []wiki.PageID{p.ID, parent.ID})
		same(t, got(tx.Height(ctx, parent.ID))(t), 1)
		same(t, pageIDs(got(tx.Pages(ctx, wiki.PageQuery{Reach: everything, Tag: "unità"}))(t).Items), []wiki.PageID{p.ID})
		same(t, got(tx.Name(ctx, p.Area, p.Key))(t).Page, p.ID)
		same(t, got(tx.Blobs(ctx, p.ID, 1))(t), []wiki.Blob{in.Blob})
		same(t, len(got(tx.Revisions(ctx, wiki.RevisionQuery{Page: p.ID, Reach: everything}))(t).Items), 1)
		same(t, pageIDs(got(tx.Backlinks(ctx, wiki.LinkQuery{To: target.ID, Reach: everything}))(t).Items), []wiki.PageID{p.ID})
		same(t, len(got(tx.Wanted(ctx, wiki.WantedQuery{Area: p.Area, Reach: everything}))(t).Items), 1)
		same(t, len(got(tx.From(ctx, p.Origin, everything))(t)), 1)
		same(t, got(tx.Watched(ctx, user))(t), []wiki.PageID{p.ID})
		same(t, pageIDs(got(tx.Written(ctx, wiki.WrittenQuery{User: user}))(t).Items), []wiki.PageID{p.ID})
		return errUndo
	}), errUndo)
	_, err := h.w.Page(ctx, p.ID)
	is(t, err, storage.ErrNotFound)
	_, err = h.w.Name(ctx, p.Area, p.Key)
	is(t, err, storage.ErrNotFound)
	_, err = h.w.Revision(ctx, p.ID, 1)
	is(t, err, storage.ErrNotFound)
	same(t, h.view(wiki.ViewQuery{Page: parent.ID, Reach: everything}).Children, 0)
	same(t, len(h.list(wiki.PageQuery{Reach: everything, Tag: "unità"})), 0)
	same(t, len(got(h.w.Backlinks(ctx, wiki.LinkQuery{To: target.ID, Reach: everything}))(t).Items), 0)
	same(t, len(got(h.w.From(ctx, p.Origin, everything))(t)), 0)
	same(t, len(got(h.w.Watched(ctx, user))(t)), 0)
	same(t, len(got(h.w.Written(ctx, wiki.WrittenQuery{User: user}))(t).Items), 0)
}
