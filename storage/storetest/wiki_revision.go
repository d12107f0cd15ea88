// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

var wikiRevisionPromises = []promise{
	{"Wiki/Revision/Frame", "a revision whose frame is not there is ErrNotFound, and another page's frame is none", false, wikiFrame},
	{"Wiki/Revision/Blobs", "the texts asked for come with their frames, each once, by number, or not at all", false, wikiBlobsOf},
	{"Wiki/Revision/Page", "revisions are their page's, and make no version of it", false, wikiRevisionOf},
	{"Wiki/Revision/Update", "an update of a revision changes that one only, and takes the text away where it has none", false, wikiUpdateRevision},
	{"Wiki/Revision/Removal", "what one revision is hidden with is its own", false, wikiSetRemoval},
	{"Wiki/Revision/Drop", "of the revisions of a page that are dropped who made them and when stays, and nothing that was said", false, wikiDropRevisions},
}

func wikiFrame(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p, other := h.writes(nil), h.writes(nil)
	h.do(h.newRevision(p.ID, 1))
	in := h.newRevision(other.ID, 2)
	in.Blob.Frame = 1
	h.fails(storage.ErrNotFound, event(1), in)
	_, err := h.w.Revision(ctx, other.ID, 2)
	is(t, err, storage.ErrNotFound)
	in.Blob.Frame = 3
	h.fails(storage.ErrNotFound, event(1), in)
	same(t, len(claims(t, s)), 0)
	frame := h.newRevision(other.ID, 1)
	in.Blob.Frame = 1
	h.do(frame, in) // in one go
	same(t, got(h.w.Blobs(ctx, other.ID, 2))(t), []wiki.Blob{frame.Blob, in.Blob})
}

func wikiBlobsOf(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p, other := h.writes(nil), h.writes(nil)
	var all []wiki.Blob
	for n := 1; n <= 12; n++ {
		in := h.newRevision(p.ID, n)
		in.Blob.Frame = n - n%4
		if n < 4 {
			in.Blob.Frame = 1
		}
		h.do(in, func() wiki.InsertRevision {
			in := in
			in.Revision.Page, in.Blob.Data = other.ID, []byte("altro")
			return in
		}())
		all = append(all, in.Blob)
	}
	pick := func(n ...int) (some []wiki.Blob) {
		for _, n := range n {
			some = append(some, all[n-1])
		}
		return some
	}
	for _, ask := range []struct{ n, want []int }{
		{[]int{1}, []int{1}}, {[]int{3}, []int{1, 3}}, {[]int{4}, []int{4}}, {[]int{11}, []int{8, 11}}, {[]int{11, 2}, []int{1, 2, 8, 11}},
		{[]int{7, 5}, []int{4, 5, 7}}, {[]int{8, 9, 9}, []int{8, 9}}, {[]int{12, 1}, []int{1, 12}}, {nil, nil},
	} {
		same(t, got(h.w.Blobs(ctx, p.ID, ask.n...))(t), pick(ask.want...))
	}
	for _, ask := range [][]int{{13}, {0}, {1, 13}, {13, 1}, {-1, 4}} {
		_, err := h.w.Blobs(ctx, p.ID, ask...)
		is(t, err, storage.ErrNotFound)
	}
}

func wikiRevisionOf(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p, other := h.writes(nil), h.writes(nil)
	r := h.revises(p, 1, nil)
	same(t, got(h.w.Revision(ctx, p.ID, 1))(t), r)
	_, err := h.w.Revision(ctx, other.ID, 1)
	is(t, err, storage.ErrNotFound)
	_, err = h.w.Revision(ctx, p.ID, 2)
	is(t, err, storage.ErrNotFound)
	same(t, h.page(p.ID), p)
	h.do(wiki.SetRemoval{Page: p.ID, N: 1, Removal: wiki.Removal{State: wiki.Hidden}}, wiki.UpdateRevision{Revision: r})
	same(t, h.page(p.ID), p)
}

// revisions inserts many of two pages, and returns those of each as they are.
func (h *scriptorium) revisions(n int) (pages [2]wiki.Page, all [2][]wiki.Revision) {
	h.Helper()
	for i := range pages {
		pages[i] = h.writes(func(p *wiki.Page) { p.Current, p.Stable = n, n })
		for j := 1; j <= n; j++ {
			all[i] = append(all[i], h.revises(pages[i], j, func(r *wiki.Revision) { r.Credit = []auth.By{newBy(), newBy()} }))
		}
	}
	return pages, all
}

// are checks that the revisions of pages are these.
func (h *scriptorium) are(pages [2]wiki.Page, want [2][]wiki.Revision) {
	h.Helper()
	for i, p := range pages {
		for j, w := range want[i] {
			same(h.T, got(h.w.Revision(ctx, p.ID, j+1))(h.T), w)
		}
	}
}

func wikiUpdateRevision(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	pages, all := h.revisions(3)
	blob := wiki.Blob{N: 2, Frame: 1, Weight: 9, Data: []byte("nuovo")}
	first := got(h.w.Blobs(ctx, pages[0].ID, 1))(t)[0]
	up := all[0][1]
	up.Title, up.Why, up.Credit, up.Size = "", "", nil, 5
	h.do(wiki.UpdateRevision{Revision: up, Blob: blob})
	all[0][1] = up
	h.are(pages, all)
	same(t, got(h.w.Blobs(ctx, pages[0].ID, 2))(t), []wiki.Blob{first, blob})
	third := got(h.w.Blobs(ctx, pages[0].ID, 3))(t)
	h.do(wiki.UpdateRevision{Revision: up})
	_, err := h.w.Blobs(ctx, pages[0].ID, 2)
	is(t, err, storage.ErrNotFound)
	same(t, got(h.w.Blobs(ctx, pages[0].ID, 3))(t), third)
	h.are(pages, all)
	h.do(wiki.UpdateRevision{Revision: up, Blob: blob}) // a text again
	same(t, got(h.w.Blobs(ctx, pages[0].ID, 2))(t), []wiki.Blob{first, blob})
	none := up
	none.N = 4
	h.fails(storage.ErrNotFound, event(1), wiki.UpdateRevision{Revision: none, Blob: wiki.Blob{N: 4, Frame: 4}})
	// A frame that goes, with what hung on it put elsewhere in the same Apply.
	whole := wiki.Blob{N: 2, Frame: 2, Weight: 1, Data: []byte("intero")}
	h.do(wiki.UpdateRevision{Revision: up, Blob: whole}, wiki.UpdateRevision{Revision: all[0][0]})
	same(t, got(h.w.Blobs(ctx, pages[0].ID, 2))(t), []wiki.Blob{whole})
	h.are(pages, all)
	same(t, len(claims(t, s)), 0)
}

func wikiSetRemoval(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	pages, all := h.revisions(3)
	for _, gone := range []wiki.Removal{{State: wiki.Hidden, At: at(7), By: newBy(), Why: "dati personali"}, {State: wiki.Hidden, Why: "altro"}, {}} {
		h.do(wiki.SetRemoval{Page: pages[1].ID, N: 2, Removal: gone})
		all[1][1].Removal = gone
		h.are(pages, all)
		same(t, len(got(h.w.Blobs(ctx, pages[1].ID, 2))(t)), 1) // its text stays
	}
	h.fails(storage.ErrNotFound, event(1), wiki.SetRemoval{Page: pages[1].ID, N: 4, Removal: wiki.Removal{State: wiki.Hidden}})
	same(t, len(claims(t, s)), 0)
}

func wikiDropRevisions(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	pages, all := h.revisions(4)
	delta := h.newRevision(pages[0].ID, 5)
	delta.Blob.Frame = 1
	h.do(delta, wiki.SetRemoval{Page: pages[0].ID, N: 2, Removal: wiki.Removal{State: wiki.Hidden, By: newBy(), At: at(1), Why: "un nome"}})
	all[0] = append(all[0], delta.Revision)
	h.do(wiki.DropRevisions{Page: pages[0].ID})
	for _, was := range all[0] {
		now := got(h.w.Revision(ctx, pages[0].ID, was.N))(t)
		same(t, now.Title+now.Why, "")
		same(t, len(now.Credit), 0)
		same(t, now.Removal.State, wiki.Purged)
		same(t, now.By, was.By)
		same(t, now.At, was.At)
		same(t, [2]int{now.N, now.Base}, [2]int{was.N, was.Base})
		_, err := h.w.Blobs(ctx, pages[0].ID, was.N)
		is(t, err, storage.ErrNotFound)
	}
	h.are([2]wiki.Page{pages[1], pages[1]}, [2][]wiki.Revision{all[1], all[1]})
	same(t, len(got(h.w.Blobs(ctx, pages[1].ID, 1, 2, 3, 4))(t)), 4)
	same(t, h.page(pages[0].ID), pages[0])
	h.fails(storage.ErrExists, h.newRevision(pages[0].ID, 4)) // the numbers are taken
	kept := h.history(wiki.RevisionQuery{Page: pages[0].ID, Reach: everything, Moderate: everything, Pending: everything})
	same(t, len(kept), 5)
	same(t, len(h.history(wiki.RevisionQuery{Page: pages[0].ID, Reach: everything})), 0)
	h.do(wiki.DropRevisions{Page: h.writes(nil).ID}) // of which there are none
	same(t, kept[0].Revision.By, delta.Revision.By)
}
