// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

var wikiRowPromises = []promise{
	{"Wiki/Values", "every field is read as it was inserted, and as it was updated but for the ID and who made it and when, wherever it is read", false, wikiValues},
	{"Wiki/Values/Lists", "lists have every field of a page but its body", false, wikiListValues},
	{"Wiki/Values/Revision", "every field of a revision and of its text is read as it was inserted, wherever it is read", false, wikiRevisionValues},
	{"Wiki/Values/Name", "every field of a name is read as it was put, wherever it is read", false, wikiNameValues},
	{"Wiki/Values/Draft", "every field of a draft is read as it was put, first and again", false, wikiDraftValues},
	{"Wiki/Zero", "zero fields are read as zero", false, wikiZero},
	{"Wiki/Times", "times are read in UTC, to the microsecond, and the zero time as zero", false, wikiTimes},
	{"Wiki/IDs", "identifiers of any bytes are kept", false, wikiIDs},
	{"Wiki/Numbers", "numbers are read as they were written, large ones and those below zero too", false, wikiNumbers},
	{"Wiki/Versions", "an update of any version but the present one is ErrConflict, and of what is not there ErrNotFound; what goes with it is not made", false, wikiVersions},
	{"Wiki/Exists", "an insert of what is there is ErrExists, and what goes with it is not made", false, wikiExists},
	{"Wiki/Nowhere", "what is not there is ErrNotFound, or an empty list", false, wikiNowhere},
	{"Wiki/Copies", "what the caller does to values given or taken changes nothing in the store", false, wikiCopies},
}

func wikiValues(t *testing.T, s community.Store) {
	eachScriptorium(t, s, func(h *scriptorium, k anyKeeper) { k.values(h.roster) })
}

func wikiListValues(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	for seed := range seeds {
		v := filledPage(h.roster, seed)
		v.Removal, v.Audience = wiki.Removal{}, auth.Public
		target := h.writes(nil)
		h.do(wiki.InsertPage{Page: v}, wiki.SetLinks{Page: v.ID, Links: []wiki.Link{{Key: "k", Title: "K", To: target.ID}}})
		below := h.writes(func(p *wiki.Page) { p.Parent = v.ID })
		h.links(below, map[string]wiki.PageID{"v": v.ID})
		change := h.revises(v, 1, nil)
		first := func(p storage.Page[wiki.Page], err error) wiki.Page { h.Helper(); return one(h.roster, p.Items, err) }
		v.Body = ""
		for name, read := range map[string]func() wiki.Page{
			"area": func() wiki.Page { return first(h.w.Pages(ctx, wiki.PageQuery{Reach: everything, Area: v.Area})) },
			"parent": func() wiki.Page {
				return first(h.w.Pages(ctx, wiki.PageQuery{Reach: everything, Parent: v.Parent, Order: wiki.Tree}))
			},
			"tag": func() wiki.Page {
				return first(h.w.Pages(ctx, wiki.PageQuery{Reach: everything, Tag: v.Tags[1], Area: v.Area}))
			},
			"theme": func() wiki.Page {
				return first(h.w.Pages(ctx, wiki.PageQuery{Reach: everything, Theme: v.Themes[1]}))
			},
			"template": func() wiki.Page {
				return first(h.w.Pages(ctx, wiki.PageQuery{Reach: everything, Template: v.Template, Area: v.Area}))
			},
			"author": func() wiki.Page {
				return first(h.w.Pages(ctx, wiki.PageQuery{Reach: everything, Author: v.By.User}))
			},
			"due": func() wiki.Page {
				return first(h.w.Pages(ctx, wiki.PageQuery{Reach: everything, Due: v.Check.Due, Area: v.Area, Order: wiki.ByDue}))
			},
			"newest": func() wiki.Page {
				return first(h.w.Pages(ctx, wiki.PageQuery{Reach: everything, Area: v.Area, Order: wiki.Newest}))
			},
			"pending": func() wiki.Page {
				return first(h.w.Pages(ctx, wiki.PageQuery{Reach: everything, Area: v.Area, Pending: true}))
			},
			"backlink": func() wiki.Page {
				return first(h.w.Backlinks(ctx, wiki.LinkQuery{Reach: everything, To: target.ID}))
			},
			"origin": func() wiki.Page { all, err := h.w.From(ctx, v.Origin, everything); return one(h.roster, all, err) },
			"link": func() wiki.Page {
				return one(h.roster, h.view(wiki.ViewQuery{Page: below.ID, Reach: everything}).Links, nil).To
			},
			"path":  func() wiki.Page { return h.view(wiki.ViewQuery{Page: below.ID, Reach: everything}).Path[1] },
			"above": func() wiki.Page { return got(h.w.Path(ctx, below.ID))(t)[1] },
			"change": func() wiki.Page {
				all, err := pageOf(h.w.Revisions(ctx, wiki.RevisionQuery{Reach: everything, Author: change.By.User}))
				c := one(h.roster, all, err)
				same(h.T, c.Revision, change)
				return c.Page
			},
		} {
			t.Run(name, func(t *testing.T) { h.T = t; same(t, read(), v) })
		}
		h.T = t
		gone := h.changes(v.ID, func(p *wiki.Page) {
			p.Removal = wiki.Removal{State: wiki.Deleted, At: at(5), By: newBy(), Why: "motivo"}
		})
		same(t, first(h.w.Pages(ctx, wiki.PageQuery{Reach: everything, Removed: true, Area: v.Area})), bare(gone))
	}
}

func wikiRevisionValues(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	for seed := range seeds {
		v := fill[wiki.InsertRevision](t, seed)
		v.Revision.N++
		p := h.writes(func(p *wiki.Page) { p.Current, p.Stable = v.Revision.N, v.Revision.N })
		frame := h.newRevision(p.ID, 1)
		h.do(frame)
		v.Revision.Page, v.Blob.N, v.Blob.Frame, v.Blob.Data = p.ID, v.Revision.N, 1, []byte{0, 255, '\'', '\\', byte(seed)}
		h.do(v)
		same(t, got(h.w.Revision(ctx, p.ID, v.Revision.N))(t), v.Revision)
		same(t, got(h.w.Blobs(ctx, p.ID, v.Revision.N))(t), []wiki.Blob{frame.Blob, v.Blob})
		edit := got(h.w.Edit(ctx, wiki.EditQuery{Page: p.ID}))(t)
		same(t, edit, wiki.Edit{Page: p, Latest: v.Revision, Blob: v.Blob, Frame: frame.Blob})
		for name, query := range map[string]wiki.RevisionQuery{"page": {Page: p.ID}, "author": {Author: v.Revision.By.User}} {
			query.Reach, query.Moderate, query.Limit = everything, everything, 1
			page := got(h.w.Revisions(ctx, query))(t)
			same(t, page.Items[0], wiki.Changed{Revision: v.Revision, Page: bare(p)})
			if t.Failed() {
				t.Fatal(name)
			}
		}
		next := fill[wiki.UpdateRevision](t, seed+1)
		was := v.Revision
		next.Revision.Page, next.Revision.N, next.Blob.N, next.Blob.Frame = p.ID, was.N, was.N, was.N
		h.do(next)
		next.Revision.Base, next.Revision.By, next.Revision.At = was.Base, was.By, was.At
		same(t, got(h.w.Revision(ctx, p.ID, was.N))(t), next.Revision)
		same(t, got(h.w.Blobs(ctx, p.ID, was.N))(t), []wiki.Blob{next.Blob})
		gone := fill[wiki.Removal](t, seed)
		h.do(wiki.SetRemoval{Page: p.ID, N: was.N, Removal: gone})
		next.Revision.Removal = gone
		same(t, got(h.w.Revision(ctx, p.ID, was.N))(t), next.Revision)
		same(t, got(h.w.Revision(ctx, p.ID, 1))(t), frame.Revision)
	}
}

func wikiNameValues(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	for seed := range seeds {
		v := fill[wiki.Name](t, seed)
		v.Page, v.Version = h.writes(nil).ID, 0
		for range 2 { // put, and put again
			v = h.named(v)
			same(t, got(h.w.Name(ctx, v.Area, v.Key))(t), v)
			same(t, got(h.w.Names(ctx, v.Area, []string{v.Key, "no such"}))(t), []wiki.Name{v})
			same(t, got(h.w.Aliases(ctx, v.Page))(t), []wiki.Name{v})
			next := fill[wiki.Name](t, seed+1)
			next.Area, next.Key, next.Page, next.Version = v.Area, v.Key, h.writes(nil).ID, v.Version
			v = next
		}
	}
}

func wikiDraftValues(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	for seed := range seeds {
		v := fill[wiki.Draft](t, seed)
		v.Version, v.Page = 1, h.writes(nil).ID
		for version := 1; version <= 3; version++ {
			h.do(wiki.PutDraft{Draft: v, Most: 10})
			same(t, got(h.w.Draft(ctx, v.ID))(t), v)
			same(t, got(h.w.Drafts(ctx, v.User))(t), []wiki.Draft{v})
			next := fill[wiki.Draft](t, seed+version)
			next.ID, next.User, next.Version = v.ID, v.User, version+1
			v = next
			if version == 1 {
				v.Page = wiki.PageID{}
			} else {
				v.Page = h.writes(nil).ID
			}
		}
	}
}

func wikiZero(t *testing.T, s community.Store) {
	eachScriptorium(t, s, func(h *scriptorium, k anyKeeper) { k.zero(h.roster) })
	h := newScriptorium(t, s)
	p := wiki.Page{ID: storage.NewID[wiki.Page](), Area: newArea(), Audience: auth.Public, Current: 1, CreatedAt: at(1), Version: 1}
	r := wiki.Revision{Page: p.ID, N: 1, At: at(1)}
	b := wiki.Blob{N: 1, Frame: 1}
	n := wiki.Name{Area: p.Area, Key: "k", Version: 1}
	d := wiki.Draft{ID: storage.NewID[wiki.Draft](), User: newUser(), At: at(1), Version: 1}
	a := wiki.Attachment{ID: storage.NewID[wiki.Attachment](), Page: p.ID, N: 1, At: at(1), Version: 1}
	h.do(wiki.InsertPage{Page: p}, wiki.InsertRevision{Revision: r, Blob: b}, wiki.PutName{Name: wiki.Name{Area: p.Area, Key: "k"}},
		wiki.PutDraft{Draft: d, Most: 1}, wiki.InsertAttachment{Attachment: a})
	same(t, h.page(p.ID), p)
	same(t, h.view(wiki.ViewQuery{Page: p.ID, Reach: everything}), wiki.View{Page: p})
	same(t, got(h.w.Edit(ctx, wiki.EditQuery{Page: p.ID}))(t), wiki.Edit{Page: p, Latest: r, Blob: b})
	same(t, got(h.w.Name(ctx, p.Area, "k"))(t), n)
	same(t, got(h.w.Draft(ctx, d.ID))(t), d)
	same(t, got(h.w.Attachment(ctx, a.ID))(t), a)
}

func wikiTimes(t *testing.T, s community.Store) {
	eachScriptorium(t, s, func(h *scriptorium, k anyKeeper) { k.keepsTimes(h.roster) })
	h := newScriptorium(t, s)
	rome := time.FixedZone("CET", 3600)
	for i, given := range []time.Time{
		at(0), at(0).Add(1999 * time.Nanosecond), at(0).In(rome), time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC),
		time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
	} {
		kept := given.UTC().Truncate(time.Microsecond)
		p := h.writes(func(p *wiki.Page) { p.Area, p.Check.Due = newArea(), given })
		r := h.revises(p, 1, func(r *wiki.Revision) { r.At, r.Removal.At = given, given })
		same(t, got(h.w.Revision(ctx, p.ID, 1))(t).At, kept)
		same(t, got(h.w.Revision(ctx, r.Page, 1))(t).Removal.At, kept)
		h.do(wiki.SetRemoval{Page: p.ID, N: 1, Removal: wiki.Removal{At: given}})
		same(t, got(h.w.Revision(ctx, p.ID, 1))(t).Removal.At, kept)
		a := h.attaches(p, func(a *wiki.Attachment) { a.At = given })
		same(t, got(h.w.Attachment(ctx, a.ID))(t).At, kept)
		n := h.named(wiki.Name{Area: p.Area, Key: "k", Page: p.ID, Protection: wiki.Protection{Until: given, At: given}})
		same(t, got(h.w.Name(ctx, n.Area, n.Key))(t).Protection, wiki.Protection{Until: kept, At: kept})
		d := wiki.Draft{ID: storage.NewID[wiki.Draft](), User: newUser(), At: given, Version: 1}
		h.do(wiki.PutDraft{Draft: d, Most: 1}, wiki.SetWatch{Page: p.ID, User: d.User, On: true, At: given})
		same(t, got(h.w.Draft(ctx, d.ID))(t).At, kept)
		for _, ask := range []struct {
			due  time.Time
			want int
		}{{given, 1}, {kept, 1}, {kept.Add(-time.Microsecond), 0}} {
			if i < 4 { // before and after which there is nothing to ask
				same(t, len(h.list(wiki.PageQuery{Reach: everything, Area: p.Area, Due: ask.due})), ask.want)
			}
		}
	}
}

func wikiIDs(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	var before []wiki.PageID
	for _, id := range []uuid.UUID{{15: 1}, {1}, uuid.MustParse("00000000-0000-7000-8000-000000000000"), {0: 0x7f, 8: 0xff}, uuid.New(), uuid.Max} {
		by := auth.By{User: storage.MakeID[auth.User](id), For: storage.MakeID[auth.Org](id)}
		p := h.writes(func(p *wiki.Page) {
			p.ID, p.By, p.Area = storage.MakeID[wiki.Page](id), by, storage.MakeID[auth.Area](id)
			p.Themes, p.Origin = []wiki.ThemeID{storage.MakeID[wiki.Theme](id)}, wiki.Origin{Kind: "k", ID: id}
		})
		h.revises(p, 1, func(r *wiki.Revision) { r.By, r.Credit = by, []auth.By{by} })
		h.links(p, map[string]wiki.PageID{"self": p.ID})
		n := h.named(wiki.Name{Area: p.Area, Key: "k", Page: p.ID})
		a := h.attaches(p, func(a *wiki.Attachment) {
			a.ID, a.Blob = storage.MakeID[wiki.Attachment](id), storage.MakeID[wiki.Blobs](id)
		})
		d := wiki.Draft{ID: storage.MakeID[wiki.Draft](id), User: by.User, Page: p.ID, Area: p.Area, At: at(1), Version: 1}
		h.do(wiki.PutDraft{Draft: d, Most: 3}, wiki.SetWatch{Page: p.ID, User: by.User, On: true, At: at(1)})
		same(t, h.page(p.ID), p)
		same(t, got(h.w.Revision(ctx, p.ID, 1))(t).Credit, []auth.By{by})
		same(t, got(h.w.Aliases(ctx, p.ID))(t), []wiki.Name{n})
		same(t, got(h.w.Attachments(ctx, wiki.AttachmentQuery{Page: p.ID}))(t), []wiki.Attachment{a})
		same(t, got(h.w.Drafts(ctx, by.User))(t), []wiki.Draft{d})
		same(t, got(h.w.Watchers(ctx, p.ID, auth.UserID{}, 3))(t), []auth.UserID{by.User})
		same(t, got(h.w.Watched(ctx, by.User))(t), []wiki.PageID{p.ID})
		same(t, pageIDs(got(h.w.From(ctx, p.Origin, everything))(t)), []wiki.PageID{p.ID})
		same(t, pageIDs(h.list(wiki.PageQuery{Reach: auth.Reach{Areas: []auth.AreaID{p.Area}}, Theme: p.Themes[0]})), []wiki.PageID{p.ID})
		v := h.view(wiki.ViewQuery{Page: p.ID, Reader: by.User, Reach: everything})
		same(t, v.Watching, true)
		same(t, one(h.roster, v.Links, nil).To, bare(p))
		before = append(before, p.ID)
	}
	slices.SortFunc(before, wiki.PageID.Compare)
	same(t, pageIDs(h.list(wiki.PageQuery{Reach: everything, Prefix: "pagina", Limit: 2}))[0], storage.MakeID[wiki.Page](uuid.UUID{15: 1}))
	same(t, len(h.list(wiki.PageQuery{Reach: everything, Limit: 2})), len(before))
}

func wikiNumbers(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	const most = 1<<31 - 2
	for _, position := range []int64{1 << 62, -1 << 62, -1, 1} {
		p := h.writes(func(p *wiki.Page) { p.Position, p.Version, p.Current, p.Stable = position, most, most, most })
		same(t, h.page(p.ID), p)
		r := h.revises(p, most, func(r *wiki.Revision) { r.Base, r.Reverts, r.Size, r.Grown = most-1, most-2, most, -most })
		same(t, got(h.w.Revision(ctx, p.ID, most))(t), r)
		a := h.attaches(p, func(a *wiki.Attachment) { a.N, a.Size = most, 1<<40 })
		same(t, got(h.w.Attachment(ctx, a.ID))(t), a)
		for _, version := range []int{0, -1, most - 1, 1 << 40, -1 << 62, 1<<62 + 1} {
			p.Version, a.Version = version, version
			h.fails(storage.ErrConflict, wiki.UpdatePage{Page: p})
			h.fails(storage.ErrConflict, wiki.PageAt{Page: p.ID, Version: version})
			h.fails(storage.ErrConflict, wiki.UpdateAttachment{Attachment: a})
			h.fails(storage.ErrConflict, wiki.PutName{Name: wiki.Name{Area: p.Area, Key: p.ID.String(), Page: p.ID, Version: cmp.Or(version, 5)}})
		}
		for _, n := range []int{0, -1, 1 << 40, -1 << 62} {
			_, err := h.w.Revision(ctx, p.ID, n)
			is(t, err, storage.ErrNotFound)
			_, err = h.w.Blobs(ctx, p.ID, most, n)
			is(t, err, storage.ErrNotFound)
		}
	}
}

func wikiVersions(t *testing.T, s community.Store) {
	eachScriptorium(t, s, func(h *scriptorium, k anyKeeper) { k.versions(h.roster) })
}

func wikiExists(t *testing.T, s community.Store) {
	eachScriptorium(t, s, func(h *scriptorium, k anyKeeper) { k.exists(h.roster) })
	h := newScriptorium(t, s)
	p := h.writes(nil)
	r := h.newRevision(p.ID, 1)
	a := h.attaches(p, nil)
	h.do(r)
	again := h.newRevision(p.ID, 1)
	other := h.newAttachment(p.ID)
	other.Key, other.N = a.Key, a.N
	for _, c := range []storage.Change{wiki.InsertPage{Page: p}, again, wiki.InsertAttachment{Attachment: other}} {
		h.fails(storage.ErrExists, event(1), c)
	}
	other.N++
	h.do(wiki.InsertAttachment{Attachment: other})
	same(t, got(h.w.Revision(ctx, p.ID, 1))(t), r.Revision)
	same(t, got(h.w.Blobs(ctx, p.ID, 1))(t), []wiki.Blob{r.Blob})
	same(t, len(claims(t, s)), 0)
}

func wikiNowhere(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	h.writes(nil)
	page, user := storage.NewID[wiki.Page](), newUser()
	tell := func(_ any, err error) error { return err }
	for name, err := range map[string]error{
		"Page":       tell(h.w.Page(ctx, page)),
		"Edit":       tell(h.w.Edit(ctx, wiki.EditQuery{Page: page})),
		"View":       tell(h.w.View(ctx, wiki.ViewQuery{Page: page, Reach: everything})),
		"Path":       tell(h.w.Path(ctx, page)),
		"Name":       tell(h.w.Name(ctx, auth.Commons, "niente")),
		"Revision":   tell(h.w.Revision(ctx, page, 1)),
		"Blobs":      tell(h.w.Blobs(ctx, page, 1)),
		"Attachment": tell(h.w.Attachment(ctx, storage.NewID[wiki.Attachment]())),
		"Draft":      tell(h.w.Draft(ctx, storage.NewID[wiki.Draft]())),
	} {
		if is(t, err, storage.ErrNotFound); t.Failed() {
			t.Fatal(name)
		}
	}
	same(t, len(got(h.w.Names(ctx, auth.Commons, []string{"niente"}))(t)), 0)
	same(t, len(got(h.w.Names(ctx, auth.Commons, nil))(t)), 0)
	same(t, len(got(h.w.Aliases(ctx, page))(t)), 0)
	same(t, len(got(h.w.Revisions(ctx, wiki.RevisionQuery{Page: page, Reach: everything}))(t).Items), 0)
	same(t, len(got(h.w.Backlinks(ctx, wiki.LinkQuery{To: page, Reach: everything}))(t).Items), 0)
	same(t, len(got(h.w.Wanted(ctx, wiki.WantedQuery{Area: newArea(), Reach: everything}))(t).Items), 0)
	same(t, len(got(h.w.From(ctx, wiki.Origin{Kind: "k"}, everything))(t)), 0)
	same(t, len(got(h.w.Attachments(ctx, wiki.AttachmentQuery{Page: page}))(t)), 0)
	same(t, len(got(h.w.Drafts(ctx, user))(t)), 0)
	same(t, len(got(h.w.Watchers(ctx, page, auth.UserID{}, 5))(t)), 0)
	same(t, len(got(h.w.Watched(ctx, user))(t)), 0)
	same(t, len(got(h.w.Written(ctx, wiki.WrittenQuery{User: user}))(t).Items), 0)
	for _, c := range []storage.Change{
		wiki.InsertPage{Page: func() wiki.Page { p := h.newPage(); p.Parent = page; return p }()},
		wiki.PageAt{Page: page, Version: 1},
		wiki.PutName{Name: wiki.Name{Area: auth.Commons, Key: "k", Page: page}},
		h.newRevision(page, 1),
		wiki.UpdateRevision{Revision: wiki.Revision{Page: page, N: 1}},
		wiki.SetRemoval{Page: page, N: 1},
		wiki.SetWatch{Page: page, User: user, On: true, At: at(1)},
		wiki.InsertAttachment{Attachment: h.newAttachment(page)},
	} {
		h.fails(storage.ErrNotFound, event(1), c)
	}
	h.do(wiki.DropNames{Page: page}, wiki.DropDraft{User: user, Draft: storage.NewID[wiki.Draft]()}) // none is no error
	same(t, len(claims(t, s)), 0)
}

func wikiCopies(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	user := newBy()
	tags, themes := []string{"a", "b"}, []wiki.ThemeID{storage.NewID[wiki.Theme](), storage.NewID[wiki.Theme]()}
	credit, data, mentioned := []auth.By{user}, []byte("testo"), []auth.UserID{user.User}
	p, target := h.newPage(), h.writes(nil)
	links := []wiki.Link{{Key: "k", Title: "K", To: target.ID}}
	p.Tags, p.Themes = tags, themes
	wantTags, wantThemes := slices.Clone(tags), slices.Clone(themes)
	h.do(wiki.InsertPage{Page: p},
		wiki.InsertRevision{Revision: wiki.Revision{Page: p.ID, N: 1, At: at(1), Credit: credit}, Blob: wiki.Blob{N: 1, Frame: 1, Weight: 5, Data: data}},
		wiki.SetLinks{Page: p.ID, Links: links}, wiki.AddMentions{Page: p.ID, Users: mentioned})
	tags[0], themes[0], credit[0], data[0], mentioned[0], links[0] = "X", storage.NewID[wiki.Theme](), newBy(), 'X', newUser(), wiki.Link{Key: "x"}
	h.do(wiki.SetWatch{Page: p.ID, User: user.User, On: true, At: at(1)}) // something else, so that a late copy would be taken
	spoil := func(p wiki.Page) {
		h.Helper()
		same(t, p.Tags, wantTags)
		same(t, p.Themes, wantThemes)
		p.Tags[0], p.Themes[0] = "Y", storage.NewID[wiki.Theme]()
	}
	for range 2 { // the second time after what was read has been spoilt
		spoil(h.page(p.ID))
		spoil(h.list(wiki.PageQuery{Reach: everything, Tag: "a"})[0])
		spoil(got(h.w.Path(ctx, p.ID))(t)[0])
		spoil(got(h.w.Backlinks(ctx, wiki.LinkQuery{To: target.ID, Reach: everything}))(t).Items[0])
		spoil(got(h.w.Written(ctx, wiki.WrittenQuery{User: user.User}))(t).Items[0])
		v := h.view(wiki.ViewQuery{Page: p.ID, Reach: everything})
		spoil(v.Page)
		same(t, one(h.roster, v.Links, nil).Key, "k")
		v.Links[0] = wiki.Leads{}
		e := got(h.w.Edit(ctx, wiki.EditQuery{Page: p.ID}))(t)
		spoil(e.Page)
		same(t, e.Latest.Credit, []auth.By{user})
		same(t, string(e.Blob.Data), "testo")
		e.Latest.Credit[0], e.Blob.Data[0] = newBy(), 'Y'
		r := got(h.w.Revision(ctx, p.ID, 1))(t)
		same(t, r.Credit, []auth.By{user})
		r.Credit[0] = newBy()
		b := got(h.w.Blobs(ctx, p.ID, 1))(t)
		same(t, string(b[0].Data), "testo")
		b[0].Data[1] = 'Y'
		c := got(h.w.Revisions(ctx, wiki.RevisionQuery{Page: p.ID, Reach: everything}))(t).Items[0]
		same(t, c.Revision.Credit, []auth.By{user})
		spoil(c.Page)
		c.Revision.Credit[0] = newBy()
		same(t, got(h.w.Watchers(ctx, p.ID, auth.UserID{}, 5))(t), []auth.UserID{user.User})
		got(h.w.Watchers(ctx, p.ID, auth.UserID{}, 5))(t)[0] = newUser()
	}
}
