// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

var wikiNamePromises = []promise{
	{"Wiki/Name/Version", "a name is put at its version only: what is new at 0, what is there at its own; what goes with it is not made", false, wikiNameVersion},
	{"Wiki/Name/Area", "a key is one name in one area, and another in the next, to the letter", false, wikiNameArea},
	{"Wiki/Name/Pages", "a name that is put for another page is no longer the first one's, and a name may be of none", false, wikiNameMoves},
	{"Wiki/Name/Drop", "to drop a page's names drops all of them, in every area, and no other", false, wikiNameDrop},
	{"Wiki/Name/Lists", "the names of a page come by area and key, those asked for by key, each once, and who is not there is left out", false, wikiNameLists},
}

func wikiNameVersion(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p := h.writes(nil)
	n := wiki.Name{Area: h.area, Key: "a", Title: "A", Page: p.ID}
	for _, version := range []int{1, 2, -1} {
		other := n
		other.Version = version
		h.fails(storage.ErrConflict, event(1), wiki.PutName{Name: other})
	}
	_, err := h.w.Name(ctx, h.area, "a")
	is(t, err, storage.ErrNotFound)
	n = h.named(n)
	n.Alias, n.Title = true, "À"
	n = h.named(n)
	same(t, n.Version, 2)
	for _, version := range []int{0, 1, 3, -2} {
		other := n
		other.Version, other.Title = version, "X"
		h.fails(storage.ErrConflict, event(1), wiki.PutName{Name: other})
	}
	nowhere := n
	nowhere.Page = storage.NewID[wiki.Page]()
	h.fails(storage.ErrNotFound, event(1), wiki.PutName{Name: nowhere})
	same(t, got(h.w.Name(ctx, h.area, "a"))(t), n)
	same(t, h.page(p.ID), p) // a name is no update of its page
	same(t, len(claims(t, s)), 0)
	h.do(wiki.PutName{Name: n}, wiki.PutName{Name: func() wiki.Name { n := n; n.Version++; n.Title = "twice"; return n }()})
	same(t, got(h.w.Name(ctx, h.area, "a"))(t).Version, 4)
}

func wikiNameArea(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	a, b := h.writes(nil), h.writes(nil)
	here, there := newArea(), newArea()
	want := map[auth.AreaID]map[string]wiki.Name{here: {}, there: {}}
	for _, area := range []auth.AreaID{here, there} {
		for i, key := range []string{"a", "A", "à", "a\u0300", "a ", "ab"} {
			want[area][key] = h.named(wiki.Name{Area: area, Key: key, Title: key, Page: []wiki.PageID{a.ID, b.ID}[i%2], Alias: area == there})
		}
	}
	for area, names := range want {
		for key, n := range names {
			same(t, got(h.w.Name(ctx, area, key))(t), n)
		}
		_, err := h.w.Name(ctx, area, "b")
		is(t, err, storage.ErrNotFound)
	}
	_, err := h.w.Name(ctx, newArea(), "a")
	is(t, err, storage.ErrNotFound)
}

func wikiNameMoves(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	a, b := h.writes(nil), h.writes(nil)
	n := h.named(wiki.Name{Area: h.area, Key: "a", Page: a.ID})
	n.Page = b.ID
	n = h.named(n)
	same(t, len(got(h.w.Aliases(ctx, a.ID))(t)), 0)
	same(t, got(h.w.Aliases(ctx, b.ID))(t), []wiki.Name{n})
	n.Page, n.Protection = wiki.PageID{}, wiki.Protection{Edit: true, By: newBy(), At: at(3)}
	n = h.named(n)
	same(t, len(got(h.w.Aliases(ctx, b.ID))(t)), 0)
	same(t, len(got(h.w.Aliases(ctx, wiki.PageID{}))(t)), 0)
	same(t, got(h.w.Name(ctx, h.area, "a"))(t), n)
	n.Page, n.Protection = a.ID, wiki.Protection{}
	n = h.named(n)
	same(t, got(h.w.Aliases(ctx, a.ID))(t), []wiki.Name{n})
}

func wikiNameDrop(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	a, b, there := h.writes(nil), h.writes(nil), newArea()
	h.named(wiki.Name{Area: h.area, Key: "a", Page: a.ID})
	h.named(wiki.Name{Area: h.area, Key: "b", Page: a.ID, Alias: true})
	h.named(wiki.Name{Area: there, Key: "a", Page: a.ID, Alias: true})
	stays := h.named(wiki.Name{Area: h.area, Key: "c", Page: b.ID})
	free := h.named(wiki.Name{Area: h.area, Key: "d", Protection: wiki.Protection{Edit: true}})
	h.do(wiki.DropNames{Page: a.ID})
	same(t, len(got(h.w.Aliases(ctx, a.ID))(t)), 0)
	same(t, got(h.w.Names(ctx, h.area, []string{"a", "b", "c", "d"}))(t), []wiki.Name{stays, free})
	same(t, len(got(h.w.Names(ctx, there, []string{"a"}))(t)), 0)
	h.do(wiki.DropNames{Page: a.ID})
	again := h.named(wiki.Name{Area: h.area, Key: "a", Page: b.ID}) // at 0, as if it never was
	same(t, got(h.w.Aliases(ctx, b.ID))(t), []wiki.Name{again, stays})
	h.do(wiki.DropNames{}) // of no page: those that lead nowhere stay
	same(t, got(h.w.Name(ctx, h.area, "d"))(t), free)
}

func wikiNameLists(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p, other := h.writes(nil), h.writes(nil)
	areas := []auth.AreaID{storage.MakeID[auth.Area]([16]byte{1}), storage.MakeID[auth.Area]([16]byte{2})}
	keys := []string{"B", "a", "b", "z", "à", "\uffff", "𝕏"} // by bytes
	var want []wiki.Name
	for _, area := range areas {
		for i := range keys {
			n := wiki.Name{Area: area, Key: keys[i], Title: keys[i], Page: p.ID, Alias: i > 0}
			want = append(want, n)
		}
	}
	for i := range want { // put in another order
		at := i * 5 % len(want)
		want[at] = h.named(want[at])
	}
	h.named(wiki.Name{Area: areas[0], Key: "c", Page: other.ID})
	h.named(wiki.Name{Area: areas[1], Key: "c"})
	same(t, got(h.w.Aliases(ctx, p.ID))(t), want)
	ask := []string{"𝕏", "à", "niente", "a", "\uffff", "b", "a", "B", "z"}
	for i, area := range areas {
		same(t, got(h.w.Names(ctx, area, ask))(t), want[i*len(keys):(i+1)*len(keys)])
	}
	same(t, got(h.w.Names(ctx, areas[0], []string{"a"}))(t), want[1:2])
}
