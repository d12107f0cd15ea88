// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// What the store of pages promises.
var wikiPromises = slices.Concat(
	wikiRowPromises, wikiTextPromises, wikiPagePromises, wikiNamePromises, wikiRevisionPromises, wikiHistoryPromises, wikiListPromises,
	wikiLinkPromises, wikiFilePromises, wikiDraftPromises, wikiPersonPromises, wikiCursorPromises,
)

// A scriptorium is where tests of pages are done.
type scriptorium struct {
	*roster
	w    wiki.Store
	area auth.AreaID
}

func newScriptorium(t *testing.T, s community.Store) *scriptorium {
	return scriptoriumOf(newRoster(t, s))
}

func scriptoriumOf(h *roster) *scriptorium { return &scriptorium{h, h.Wiki(), auth.Commons} }

func eachScriptorium(t *testing.T, s community.Store, check func(h *scriptorium, k anyKeeper)) {
	for name, k := range map[string]anyKeeper{"page": pageKeeper, "attachment": attachmentKeeper} {
		t.Run(name, func(t *testing.T) { check(newScriptorium(t, s), k) })
	}
}

// What there is to write; a minute passes each time.

// newPage is a page of one revision, which is published.
func (h *scriptorium) newPage() wiki.Page {
	now, by, id := h.tick(), newBy(), storage.NewID[wiki.Page]()
	return wiki.Page{
		ID: id, Area: h.area, Audience: auth.Public, Title: "Pagina " + id.String(), Key: "pagina " + id.String(),
		Current: 1, Stable: 1, Body: "Così è «perché» 👩‍⚖️", By: by, CreatedAt: now, EditedBy: by, EditedAt: now, Version: 1,
	}
}

// writes inserts a page, as set makes it, and returns it.
func (h *scriptorium) writes(set func(*wiki.Page)) wiki.Page {
	h.Helper()
	p := h.newPage()
	if set != nil {
		set(&p)
	}
	h.do(wiki.InsertPage{Page: p})
	return p
}

// newRevision is the n-th of a page, with its text kept whole.
func (h *scriptorium) newRevision(p wiki.PageID, n int) wiki.InsertRevision {
	text := []byte(fmt.Sprint("testo ", n))
	return wiki.InsertRevision{
		Revision: wiki.Revision{Page: p, N: n, Base: n - 1, Title: "Titolo", By: newBy(), At: h.tick(), Why: "motivo", Size: len(text), Grown: 1},
		Blob:     wiki.Blob{N: n, Frame: n, Weight: len(text), Data: text},
	}
}

// revises inserts a revision, as set makes it, and returns it.
func (h *scriptorium) revises(p wiki.Page, n int, set func(*wiki.Revision)) wiki.Revision {
	h.Helper()
	in := h.newRevision(p.ID, n)
	if set != nil {
		set(&in.Revision)
	}
	h.do(in)
	return in.Revision
}

func (h *scriptorium) newAttachment(p wiki.PageID) wiki.Attachment {
	id := storage.NewID[wiki.Attachment]()
	return wiki.Attachment{
		ID: id, Page: p, Name: "Modulo " + id.String(), Key: "modulo " + id.String(), N: 1, Type: "application/pdf", Size: 3, Sum: [32]byte{1, 31: 2},
		Blob: storage.NewID[wiki.Blobs](), By: newBy(), At: h.tick(), Why: "allegato", Version: 1,
	}
}

// attaches inserts an attachment, as set makes it, and returns it.
func (h *scriptorium) attaches(p wiki.Page, set func(*wiki.Attachment)) wiki.Attachment {
	h.Helper()
	v := h.newAttachment(p.ID)
	if set != nil {
		set(&v)
	}
	h.do(wiki.InsertAttachment{Attachment: v})
	return v
}

// links makes a page link to names, each to the page given, or to none.
func (h *scriptorium) links(p wiki.Page, to map[string]wiki.PageID) {
	h.Helper()
	var all []wiki.Link
	for key, id := range to {
		all = append(all, wiki.Link{Key: key, Title: strings.ToUpper(key), To: id})
	}
	h.do(wiki.SetLinks{Page: p.ID, Links: all})
}

// names keeps a name that is new.
func (h *scriptorium) named(n wiki.Name) wiki.Name {
	h.Helper()
	h.do(wiki.PutName{Name: n})
	n.Version++
	return n
}

// changes updates a page, as set makes it of what is there, and returns it.
func (h *scriptorium) changes(id wiki.PageID, set func(*wiki.Page)) wiki.Page {
	h.Helper()
	p := h.page(id)
	set(&p)
	h.do(wiki.UpdatePage{Page: p})
	p.Version++
	return p
}

// Reads.

func (h *scriptorium) page(id wiki.PageID) wiki.Page { h.Helper(); return got(h.w.Page(ctx, id))(h.T) }

func (h *scriptorium) view(q wiki.ViewQuery) wiki.View { h.Helper(); return got(h.w.View(ctx, q))(h.T) }

// list reads a whole list of pages in pages of its limit.
func (h *scriptorium) list(query wiki.PageQuery) []wiki.Page {
	h.Helper()
	return walkAll(h.roster, query.Limit, func(after storage.Cursor, limit int) (storage.Page[wiki.Page], error) {
		query.After, query.Limit = after, limit
		return h.w.Pages(ctx, query)
	})
}

// lists checks that a list is what it should be, in pages of several sizes.
func (h *scriptorium) lists(what string, query wiki.PageQuery, want []wiki.Page) {
	h.Helper()
	walksTo(h.roster, what, want, func(after storage.Cursor, limit int) (storage.Page[wiki.Page], error) {
		query.After, query.Limit = after, limit
		return h.w.Pages(ctx, query)
	})
}

func pageIDs(all []wiki.Page) (ids []wiki.PageID) {
	for _, p := range all {
		ids = append(ids, p.ID)
	}
	return ids
}

// bare is a page as lists have it.
func bare(p wiki.Page) wiki.Page { p.Body = ""; return p }

// Kinds of rows. See [keeper].

// filledPage returns a page with every field filled. It stands on nothing that
// is not there.
func filledPage(r *roster, seed int) wiki.Page {
	h, v := scriptoriumOf(r), fill[wiki.Page](r.T, seed)
	v.Parent = h.writes(nil).ID
	slices.SortFunc(v.Themes, wiki.ThemeID.Compare)
	return v
}

var pageKeeper = keeper[wiki.Page]{
	fresh:  filledPage,
	insert: func(v wiki.Page) storage.Change { return wiki.InsertPage{Page: v} },
	update: func(v wiki.Page) storage.Change { return wiki.UpdatePage{Page: v} },
	id: func(now wiki.Page, as *wiki.Page) {
		as.ID = now.ID
		if as.Current == 0 { // of a page that is all zero but for what it cannot be without
			as.Area, as.Audience, as.Current = now.Area, now.Audience, now.Current
		}
	},
	kept: func(was wiki.Page, next *wiki.Page) {
		next.Area, next.By, next.CreatedAt = was.Area, was.By, was.CreatedAt
	},
	version: func(v *wiki.Page) *int { return &v.Version },
	ways: []func(r *roster, v wiki.Page) wiki.Page{
		func(r *roster, v wiki.Page) wiki.Page { return scriptoriumOf(r).page(v.ID) },
		func(r *roster, v wiki.Page) wiki.Page { return scriptoriumOf(r).view(wiki.ViewQuery{Page: v.ID}).Page },
		func(r *roster, v wiki.Page) wiki.Page {
			h := scriptoriumOf(r)
			if _, err := h.w.Revision(ctx, v.ID, v.Current); err != nil {
				is(r.T, err, storage.ErrNotFound)
				h.revises(v, v.Current, nil)
			}
			return got(h.w.Edit(ctx, wiki.EditQuery{Page: v.ID}))(r.T).Page
		},
		func(r *roster, v wiki.Page) wiki.Page {
			path := got(r.Wiki().Path(ctx, v.ID))(r.T)
			if len(path) == 0 {
				r.Fatal("a page is not on its own path")
			}
			same(r.T, path[0].Body, "")
			path[0].Body = v.Body
			return path[0]
		},
		func(r *roster, v wiki.Page) wiki.Page {
			all, err := pageOf(r.Wiki().Written(ctx, wiki.WrittenQuery{User: v.By.User}))
			p := one(r, all, err)
			same(r.T, p.Body, "")
			p.Body = v.Body
			return p
		},
	},
	texts: func(v *wiki.Page) []*string {
		all := []*string{&v.Title, &v.Key, &v.Template, &v.Body, &v.Protection.Why, &v.Origin.Kind, &v.Removal.Why}
		if len(v.Tags) > 0 {
			all = append(all, &v.Tags[0])
		}
		return all
	},
	times: func(v *wiki.Page) []*time.Time {
		return []*time.Time{&v.CreatedAt, &v.EditedAt, &v.Protection.Until, &v.Protection.At, &v.Check.Due, &v.Check.At, &v.RecheckAt, &v.Removal.At}
	},
}

var attachmentKeeper = keeper[wiki.Attachment]{
	fresh: func(r *roster, seed int) wiki.Attachment {
		v := fill[wiki.Attachment](r.T, seed)
		v.Page = scriptoriumOf(r).writes(nil).ID
		return v
	},
	insert: func(v wiki.Attachment) storage.Change { return wiki.InsertAttachment{Attachment: v} },
	update: func(v wiki.Attachment) storage.Change { return wiki.UpdateAttachment{Attachment: v} },
	id: func(now wiki.Attachment, as *wiki.Attachment) {
		// What it is of, and how it came, stays.
		as.ID, as.Page, as.Key, as.N, as.Blob, as.By, as.At = now.ID, now.Page, now.Key, now.N, now.Blob, now.By, now.At
	},
	kept:    func(wiki.Attachment, *wiki.Attachment) {},
	version: func(v *wiki.Attachment) *int { return &v.Version },
	ways: []func(r *roster, v wiki.Attachment) wiki.Attachment{
		func(r *roster, v wiki.Attachment) wiki.Attachment { return got(r.Wiki().Attachment(ctx, v.ID))(r.T) },
		func(r *roster, v wiki.Attachment) wiki.Attachment {
			all, err := r.Wiki().Attachments(ctx, wiki.AttachmentQuery{Page: v.Page, Removed: true})
			return one(r, all, err)
		},
		func(r *roster, v wiki.Attachment) wiki.Attachment {
			all, err := r.Wiki().Attachments(ctx, wiki.AttachmentQuery{Page: v.Page, Key: v.Key, Removed: true})
			return one(r, all, err)
		},
	},
	texts: func(v *wiki.Attachment) []*string { return []*string{&v.Name, &v.Type, &v.Why, &v.Removal.Why} },
	times: func(v *wiki.Attachment) []*time.Time { return []*time.Time{&v.Removal.At} },
}
