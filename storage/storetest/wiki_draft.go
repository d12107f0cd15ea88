// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"slices"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

var wikiDraftPromises = []promise{
	{"Wiki/Draft/Version", "a draft is put new, or at its own version; what goes with it is not made otherwise", false, wikiDraftVersion},
	{"Wiki/Draft/Whose", "drafts are their author's, the latest first, and nobody else puts or drops them", false, wikiDraftWhose},
	{"Wiki/Draft/Most", "of an author's drafts beyond so many the oldest go, and never the one that is put", false, wikiDraftMost},
	{"Wiki/Watch", "who watches a page is told once, until they do no longer", false, wikiWatch},
	{"Wiki/Watch/Pages", "watchers are given by id, beyond the last one, as many as asked for", false, wikiWatchers},
}

func (h *scriptorium) newDraft(user auth.UserID, n int) wiki.Draft {
	return wiki.Draft{ID: storage.NewID[wiki.Draft](), User: user, Area: h.area, Title: "Bozza", Body: "Testo", At: at(n), Version: 1}
}

func wikiDraftVersion(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	d := h.newDraft(newUser(), 1)
	for _, version := range []int{2, 7} {
		none := d
		none.Version = version
		h.fails(storage.ErrConflict, event(1), wiki.PutDraft{Draft: none, Most: 5})
	}
	h.do(wiki.PutDraft{Draft: d, Most: 5})
	for _, version := range []int{0, 1, 3} {
		next := d
		next.Version, next.Body = version, "X"
		h.fails(storage.ErrConflict, event(1), wiki.PutDraft{Draft: next, Most: 5})
	}
	same(t, got(h.w.Draft(ctx, d.ID))(t), d)
	same(t, len(claims(t, s)), 0)
	d.Version, d.Body = 2, "Meglio"
	h.do(wiki.PutDraft{Draft: d, Most: 5})
	same(t, got(h.w.Draft(ctx, d.ID))(t), d)
	h.do(wiki.DropDraft{User: d.User, Draft: d.ID}, wiki.DropDraft{User: d.User, Draft: d.ID})
	_, err := h.w.Draft(ctx, d.ID)
	is(t, err, storage.ErrNotFound)
	d.Version = 3 // of what is no longer there
	h.fails(storage.ErrConflict, event(1), wiki.PutDraft{Draft: d, Most: 5})
}

func wikiDraftWhose(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	me, other := newUser(), newUser()
	var want []wiki.Draft
	for i := range 6 {
		d := h.newDraft(me, 10+i/2) // two at a time
		h.do(wiki.PutDraft{Draft: d, Most: 10}, wiki.PutDraft{Draft: h.newDraft(other, i), Most: 10})
		want = slices.Insert(want, 0, d)
	}
	same(t, got(h.w.Drafts(ctx, me))(t), want)
	same(t, len(got(h.w.Drafts(ctx, other))(t)), 6)
	same(t, len(got(h.w.Drafts(ctx, newUser()))(t)), 0)
	h.do(wiki.DropDraft{User: other, Draft: want[0].ID})
	taken := want[0]
	taken.User, taken.Version, taken.Body = other, 2, "X"
	h.fails(storage.ErrConflict, event(1), wiki.PutDraft{Draft: taken, Most: 10})
	same(t, got(h.w.Drafts(ctx, me))(t), want)
	h.do(wiki.DropDraft{User: me, Draft: want[2].ID})
	same(t, got(h.w.Drafts(ctx, me))(t), slices.Delete(slices.Clone(want), 2, 3))
}

func wikiDraftMost(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	me, other := newUser(), newUser()
	theirs := h.newDraft(other, 1)
	h.do(wiki.PutDraft{Draft: theirs, Most: 1})
	var all []wiki.Draft
	for _, minute := range []int{30, 10, 20} {
		d := h.newDraft(me, minute)
		h.do(wiki.PutDraft{Draft: d, Most: 3})
		all = append(all, d)
	}
	same(t, got(h.w.Drafts(ctx, me))(t), []wiki.Draft{all[0], all[2], all[1]})
	oldest := h.newDraft(me, 1)
	h.do(wiki.PutDraft{Draft: oldest, Most: 3}) // of which itself is the oldest
	same(t, got(h.w.Drafts(ctx, me))(t), []wiki.Draft{all[0], all[2], oldest})
	all[2].Version = 2
	h.do(wiki.PutDraft{Draft: all[2], Most: 3}) // again, which makes none more
	same(t, got(h.w.Drafts(ctx, me))(t), []wiki.Draft{all[0], all[2], oldest})
	tie := h.newDraft(me, 20)
	h.do(wiki.PutDraft{Draft: tie, Most: 2})
	same(t, got(h.w.Drafts(ctx, me))(t), []wiki.Draft{all[0], tie})
	_, err := h.w.Draft(ctx, oldest.ID)
	is(t, err, storage.ErrNotFound)
	same(t, got(h.w.Drafts(ctx, other))(t), []wiki.Draft{theirs})
}

func wikiWatch(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p, other := h.writes(nil), h.writes(nil)
	me, you := newUser(), newUser()
	on := func(p wiki.Page, user auth.UserID, on bool) {
		h.do(wiki.SetWatch{Page: p.ID, User: user, On: on, At: h.tick()})
	}
	on(p, me, true)
	on(p, me, true)
	on(other, me, true)
	on(p, you, true)
	same(t, got(h.w.Watched(ctx, me))(t), []wiki.PageID{p.ID, other.ID})
	same(t, len(got(h.w.Watchers(ctx, p.ID, auth.UserID{}, 9))(t)), 2)
	h.changes(p.ID, func(p *wiki.Page) { p.Title, p.Key = "Altro", "altro" }) // which it survives
	same(t, len(got(h.w.Watchers(ctx, p.ID, auth.UserID{}, 9))(t)), 2)
	on(p, me, false)
	on(p, me, false)
	same(t, got(h.w.Watched(ctx, me))(t), []wiki.PageID{other.ID})
	same(t, got(h.w.Watchers(ctx, p.ID, auth.UserID{}, 9))(t), []auth.UserID{you})
	on(p, me, true)
	same(t, got(h.w.Watched(ctx, me))(t), []wiki.PageID{p.ID, other.ID})
	same(t, h.page(p.ID).Version, 2) // a watch is no update of its page
}

func wikiWatchers(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p, other := h.writes(nil), h.writes(nil)
	var want []auth.UserID
	for range 25 {
		id := newRandom()
		id[15] = 0 // there is room behind each
		user := storage.MakeID[auth.User](id)
		want = append(want, user)
		h.do(wiki.SetWatch{Page: p.ID, User: user, On: true, At: at(1)}, wiki.SetWatch{Page: other.ID, User: newUser(), On: true, At: at(1)})
	}
	slices.SortFunc(want, auth.UserID.Compare)
	for _, limit := range []int{1, 7, 24, 25, 26} {
		var all []auth.UserID
		for at := (auth.UserID{}); ; at = all[len(all)-1] {
			some := got(h.w.Watchers(ctx, p.ID, at, limit))(t)
			if len(some) > limit {
				t.Fatalf("%d watchers, want %d at most", len(some), limit)
			}
			if all = append(all, some...); len(some) < limit {
				break
			}
		}
		same(t, all, want)
	}
	between := want[10].Bytes() // beyond who is none of them
	between[15]++
	same(t, got(h.w.Watchers(ctx, p.ID, storage.MakeID[auth.User](between), 100))(t), want[11:])
}
