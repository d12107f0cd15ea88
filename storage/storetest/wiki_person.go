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

var wikiPersonPromises = []promise{
	{"Wiki/Written/All", "every page that names a person in whatever part is found, each once, by id", false, wikiWrittenAll},
	{"Wiki/Written/Mentions", "who was mentioned in any text of a page is, until its texts are dropped", false, wikiMentions},
	{"Wiki/Erase/Bylines", "EraseUser empties a person's bylines wherever they stand, and nobody else's", false, wikiEraseBylines},
	{"Wiki/Erase/Rows", "their mentions, watches and drafts are forgotten, and nobody else's", false, wikiEraseRows},
	{"Wiki/Erase/Version", "what had a byline of theirs is at its next version, so that who looked before writes nothing back, and all else stays as it was", false, wikiEraseVersion},
	{"Wiki/Erase/Nobody", "erasing who was never here, who was erased before, or the zero user changes nothing", false, wikiEraseNobody},
}

func (h *scriptorium) written(user auth.UserID) []wiki.Page {
	h.Helper()
	return walkAll(h.roster, 3, func(after storage.Cursor, limit int) (storage.Page[wiki.Page], error) {
		return h.w.Written(ctx, wiki.WrittenQuery{User: user, After: after, Limit: limit})
	})
}

// signatures are where a page itself may name a person.
var signatures = []func(p *wiki.Page) *auth.By{
	func(p *wiki.Page) *auth.By { return &p.By }, func(p *wiki.Page) *auth.By { return &p.EditedBy }, func(p *wiki.Page) *auth.By { return &p.Protection.By },
	func(p *wiki.Page) *auth.By { return &p.Check.By }, func(p *wiki.Page) *auth.By { return &p.Removal.By },
}

// namesOf makes pages that name a person, each in another part, and one that
// does in all of them.
func (h *scriptorium) namesOf(me auth.By) (pages []wiki.Page) {
	h.Helper()
	h.writes(nil)
	for _, sign := range signatures {
		pages = append(pages, h.writes(func(p *wiki.Page) { *sign(p) = me }))
	}
	revised := []func(r *wiki.Revision){
		func(r *wiki.Revision) { r.By = me }, func(r *wiki.Revision) { r.Credit = []auth.By{newBy(), me, newBy()} },
		func(r *wiki.Revision) { r.Removal = wiki.Removal{State: wiki.Hidden, By: me} },
	}
	for _, set := range revised {
		p := h.writes(nil)
		h.revises(p, 1, nil)
		h.revises(p, 2, set)
		pages = append(pages, p)
	}
	for _, set := range []func(a *wiki.Attachment){
		func(a *wiki.Attachment) { a.By = me }, func(a *wiki.Attachment) { a.Removal = wiki.Removal{State: wiki.Deleted, By: me} },
	} {
		p := h.writes(nil)
		h.attaches(p, set)
		pages = append(pages, p)
	}
	p := h.writes(nil)
	h.do(wiki.AddMentions{Page: p.ID, Users: []auth.UserID{newUser(), me.User}})
	all := h.writes(func(p *wiki.Page) {
		for _, sign := range signatures {
			*sign(p) = me
		}
		p.Removal.State, p.Stable, p.Audience = wiki.Deleted, 0, auth.AreaMembers
	})
	for i, set := range revised {
		h.revises(all, i+1, set)
	}
	h.attaches(all, func(a *wiki.Attachment) { a.By, a.Removal.By = me, me })
	h.do(wiki.AddMentions{Page: all.ID, Users: []auth.UserID{me.User}})
	return append(pages, p, all)
}

func wikiWrittenAll(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	me, other := newBy(), newBy()
	want := h.namesOf(me)
	h.namesOf(other)
	h.do(wiki.SetWatch{Page: h.writes(nil).ID, User: me.User, On: true, At: at(1)}) // which names nobody
	h.writes(func(p *wiki.Page) { p.By.For = storage.MakeID[auth.Org](me.User.Bytes()) })
	for i := range want {
		want[i] = bare(want[i])
	}
	walksTo(h.roster, "written", want, func(after storage.Cursor, limit int) (storage.Page[wiki.Page], error) {
		return h.w.Written(ctx, wiki.WrittenQuery{User: me.User, After: after, Limit: limit})
	})
	same(t, len(h.written(newUser())), 0)
	h.writes(func(p *wiki.Page) { p.By = auth.By{} })
	same(t, len(h.written(auth.UserID{})), 0)
}

func wikiMentions(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p, other := h.writes(nil), h.writes(nil)
	a, b := newUser(), newUser()
	h.do(wiki.AddMentions{Page: p.ID, Users: []auth.UserID{a}}, wiki.AddMentions{Page: other.ID, Users: []auth.UserID{a}})
	h.do(wiki.AddMentions{Page: p.ID, Users: []auth.UserID{b, a}})
	h.do(wiki.AddMentions{Page: p.ID})
	same(t, pageIDs(h.written(a)), []wiki.PageID{p.ID, other.ID})
	same(t, pageIDs(h.written(b)), []wiki.PageID{p.ID})
	same(t, h.page(p.ID), p)
	h.do(wiki.DropRevisions{Page: p.ID})
	same(t, pageIDs(h.written(a)), []wiki.PageID{other.ID})
	same(t, len(h.written(b)), 0)
}

func wikiEraseBylines(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	me, other := newBy(), newBy()
	pages, theirs := h.namesOf(me), h.namesOf(other)
	mine := h.named(wiki.Name{Area: h.area, Key: "mio", Protection: wiki.Protection{Edit: true, By: me, Why: "motivo"}})
	free := h.named(wiki.Name{Area: h.area, Key: "loro", Protection: wiki.Protection{Edit: true, By: other}})
	reads := func(p wiki.Page) (wiki.Page, []wiki.Changed, []wiki.Attachment) {
		t.Helper()
		return h.page(p.ID), h.history(wiki.RevisionQuery{Page: p.ID, Reach: everything, Moderate: everything, Pending: everything}),
			got(h.w.Attachments(ctx, wiki.AttachmentQuery{Page: p.ID, Removed: true}))(t)
	}
	forget := func(by *auth.By) bool {
		if *by != me {
			return false
		}
		*by = auth.By{}
		return true
	}
	type rows struct {
		page        wiki.Page
		revisions   []wiki.Changed
		attachments []wiki.Attachment
	}
	var want []rows
	for _, p := range slices.Concat(pages, theirs) {
		var w rows
		w.page, w.revisions, w.attachments = reads(p)
		for _, sign := range signatures {
			forget(sign(&w.page))
		}
		for i := range w.revisions {
			r := &w.revisions[i].Revision
			forget(&r.By)
			forget(&r.Removal.By)
			for j := range r.Credit {
				forget(&r.Credit[j])
			}
		}
		for i := range w.attachments {
			forget(&w.attachments[i].By)
			forget(&w.attachments[i].Removal.By)
		}
		want = append(want, w)
	}
	h.do(wiki.EraseUser{User: me.User})
	for i, p := range slices.Concat(pages, theirs) {
		page, revisions, attachments := reads(p)
		want[i].page.Version = page.Version // see Wiki/Erase/Version
		same(t, page, want[i].page)
		same(t, len(revisions), len(want[i].revisions))
		for j := range revisions {
			same(t, revisions[j].Revision, want[i].revisions[j].Revision)
		}
		for j := range attachments {
			attachments[j].Version = want[i].attachments[j].Version
		}
		same(t, attachments, want[i].attachments)
	}
	mine.Protection.By = auth.By{}
	mine.Version++
	same(t, got(h.w.Name(ctx, h.area, "mio"))(t), mine)
	same(t, got(h.w.Name(ctx, h.area, "loro"))(t), free)
	same(t, len(h.written(me.User)), 0)
	same(t, len(h.written(other.User)), len(theirs))
	same(t, len(h.list(wiki.PageQuery{Reach: everything, Author: me.User})), 0)
	same(t, len(h.history(wiki.RevisionQuery{Reach: everything, Author: me.User, Pending: everything, Moderate: everything})), 0)
}

func wikiEraseRows(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p := h.writes(nil)
	me, other := newUser(), newUser()
	for _, user := range []auth.UserID{me, other} {
		h.do(wiki.SetWatch{Page: p.ID, User: user, On: true, At: at(1)}, wiki.PutDraft{Draft: h.newDraft(user, 1), Most: 9}, wiki.PutDraft{Draft: h.newDraft(user, 2), Most: 9},
			wiki.AddMentions{Page: p.ID, Users: []auth.UserID{user}})
	}
	h.do(wiki.EraseUser{User: me})
	same(t, got(h.w.Watchers(ctx, p.ID, auth.UserID{}, 9))(t), []auth.UserID{other})
	same(t, len(got(h.w.Watched(ctx, me))(t)), 0)
	same(t, len(got(h.w.Watched(ctx, other))(t)), 1)
	same(t, len(got(h.w.Drafts(ctx, me))(t)), 0)
	same(t, len(got(h.w.Drafts(ctx, other))(t)), 2)
	same(t, len(got(h.w.Drafts(ctx, auth.UserID{}))(t)), 0)
	same(t, len(h.written(me)), 0)
	same(t, len(h.written(other)), 1)
	same(t, h.page(p.ID), p)
}

func wikiEraseVersion(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	me := newBy()
	var named []wiki.Page
	for _, sign := range signatures {
		named = append(named, h.writes(func(p *wiki.Page) { *sign(p) = me; p.Version = 4 }))
	}
	p := h.writes(nil)
	a := h.attaches(p, func(a *wiki.Attachment) { a.By = me })
	removed := h.attaches(p, func(a *wiki.Attachment) { a.Removal = wiki.Removal{State: wiki.Deleted, By: me} })
	n := h.named(wiki.Name{Area: h.area, Key: "mio", Page: p.ID, Protection: wiki.Protection{By: me}})
	others := []wiki.Page{h.writes(nil), h.writes(nil)}
	kept := h.attaches(others[0], nil)
	name := h.named(wiki.Name{Area: h.area, Key: "loro", Page: p.ID})
	h.do(wiki.EraseUser{User: me.User})
	for _, was := range named {
		same(t, h.page(was.ID).Version, 5)
		h.fails(storage.ErrConflict, wiki.UpdatePage{Page: was})
	}
	for _, was := range []wiki.Attachment{a, removed} {
		same(t, got(h.w.Attachment(ctx, was.ID))(t).Version, 2)
		h.fails(storage.ErrConflict, wiki.UpdateAttachment{Attachment: was})
	}
	same(t, got(h.w.Name(ctx, n.Area, n.Key))(t).Version, 2)
	h.fails(storage.ErrConflict, wiki.PutName{Name: n})
	for _, was := range others {
		same(t, h.page(was.ID), was)
	}
	same(t, got(h.w.Attachment(ctx, kept.ID))(t), kept)
	same(t, got(h.w.Name(ctx, name.Area, name.Key))(t), name)
}

func wikiEraseNobody(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	me := newBy()
	pages := h.namesOf(me)
	anonymous := h.writes(func(p *wiki.Page) { p.By, p.EditedBy = auth.By{}, auth.By{} })
	h.do(wiki.EraseUser{User: newUser()}, wiki.EraseUser{})
	for _, p := range pages {
		same(t, h.page(p.ID), p)
	}
	same(t, h.page(anonymous.ID), anonymous)
	h.do(wiki.EraseUser{User: me.User})
	var after []wiki.Page
	for _, p := range pages {
		after = append(after, h.page(p.ID))
	}
	h.do(wiki.EraseUser{User: me.User})
	for _, p := range after {
		same(t, h.page(p.ID), p)
	}
}
