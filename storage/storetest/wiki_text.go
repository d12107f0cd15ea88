// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

var wikiTextPromises = []promise{
	{"Wiki/Texts", "every text is kept as it is, however hostile", false, wikiTexts},
	{"Wiki/Texts/Loose", "so are those of names, revisions, links, drafts, origins and tags, and each finds nothing but itself", false, wikiLooseTexts},
	{"Wiki/Texts/Data", "the data of a revision are bytes, whichever", false, wikiBlobBytes},
	{"Wiki/Texts/Long", "texts of the greatest length, and as many tags, themes, credits and links as may be, are kept", false, wikiLongTexts},
	{"Wiki/Refused", "what is not UTF-8 or has a NUL is ErrInvalid where it is written", false, wikiRefused},
	{"Wiki/Refused/Asked", "where it is asked for it is ErrInvalid, or found nowhere", false, wikiRefusedAsked},
}

func wikiTexts(t *testing.T, s community.Store) {
	eachScriptorium(t, s, func(h *scriptorium, k anyKeeper) { k.keepsTexts(h.roster) })
}

func wikiLooseTexts(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	h.area = newArea()
	all := slices.DeleteFunc(slices.Clone(hostile), func(text string) bool { return text == "" }) // which no key is
	target := h.writes(nil)
	user := newUser()
	for i, text := range all {
		id := uuid.New()
		p := h.writes(func(p *wiki.Page) {
			p.Tags, p.Origin, p.Template, p.Key = []string{text}, wiki.Origin{Kind: "k" + text, ID: id}, text, text
		})
		n := h.named(wiki.Name{Area: h.area, Key: text, Title: text, Page: p.ID, Protection: wiki.Protection{Why: text}})
		r := h.revises(p, 1, func(r *wiki.Revision) { r.Title, r.Why, r.Removal.Why = text, text, text })
		d := wiki.Draft{ID: storage.NewID[wiki.Draft](), User: user, Title: text, Body: text, Why: text, At: at(i), Version: 1}
		h.do(wiki.SetLinks{Page: p.ID, Links: []wiki.Link{{Key: text, Title: text}, {Key: text + "!", Title: text, To: target.ID}}}, wiki.PutDraft{Draft: d, Most: 100})
		same(t, got(h.w.Name(ctx, h.area, text))(t), n)
		same(t, got(h.w.Names(ctx, h.area, []string{text}))(t), []wiki.Name{n})
		same(t, got(h.w.Revision(ctx, p.ID, 1))(t), r)
		same(t, got(h.w.Drafts(ctx, user))(t)[0], d)
		same(t, pageIDs(got(h.w.From(ctx, p.Origin, everything))(t)), []wiki.PageID{p.ID})
		same(t, pageIDs(h.list(wiki.PageQuery{Reach: everything, Tag: text})), []wiki.PageID{p.ID})
		same(t, pageIDs(h.list(wiki.PageQuery{Reach: everything, Template: text})), []wiki.PageID{p.ID})
		v := h.view(wiki.ViewQuery{Page: p.ID, Reach: everything})
		same(t, v.Links[0].Link.Key+v.Links[0].Link.Title+v.Links[1].Link.Key, text+text+text+"!")
		same(t, v.Links[1].To, bare(target))
		found := h.list(wiki.PageQuery{Reach: everything, Area: h.area, Prefix: text})
		for _, f := range found {
			if !strings.HasPrefix(f.Key, text) {
				t.Errorf("%q is found by %q", f.Key, text)
			}
		}
		same(t, slices.ContainsFunc(found, func(f wiki.Page) bool { return f.ID == p.ID }), true)
	}
	slices.Sort(all)
	var keys, wanted []string
	for _, p := range h.list(wiki.PageQuery{Reach: everything, Area: h.area}) {
		if p.ID != target.ID {
			keys = append(keys, p.Key)
		}
	}
	same(t, keys, all)
	for _, v := range h.wanted(wiki.WantedQuery{Reach: everything, Area: h.area, Limit: 7}) {
		wanted = append(wanted, v.Key)
	}
	same(t, wanted, all)
	var names []string
	for _, n := range got(h.w.Names(ctx, h.area, all))(t) {
		names = append(names, n.Key)
	}
	same(t, names, all)
}

func wikiBlobBytes(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p := h.writes(nil)
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	var want []wiki.Blob
	for i, data := range [][]byte{{0}, {0xff, 0xfe}, []byte("\\x00"), every, make([]byte, 1<<20)} {
		in := h.newRevision(p.ID, i+1)
		in.Blob.Data = data
		h.do(in)
		want = append(want, in.Blob)
	}
	same(t, got(h.w.Blobs(ctx, p.ID, 5, 4, 3, 2, 1))(t), want)
}

func wikiLongTexts(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	for _, letter := range []string{"a", "è", "𝕏"} {
		h.area = newArea()
		why, title := strings.Repeat(letter, wiki.MaxWhy), strings.Repeat(letter, wiki.MaxTitle)
		p := h.writes(func(p *wiki.Page) {
			p.Title, p.Key, p.Body = title, title, strings.Repeat(letter, wiki.MaxBody)
			p.Protection.Why, p.Removal.Why, p.Origin.Kind = why, why, strings.Repeat("k", wiki.MaxKind)
			for i := range wiki.MaxTags {
				p.Tags = append(p.Tags, strings.Repeat(letter, wiki.MaxTag-1)+fmt.Sprint(i))
			}
			for range wiki.MaxThemes {
				p.Themes = append(p.Themes, storage.NewID[wiki.Theme]())
			}
		})
		same(t, h.page(p.ID), p)
		same(t, pageIDs(h.list(wiki.PageQuery{Reach: everything, Area: h.area, Prefix: title})), []wiki.PageID{p.ID})
		r := h.revises(p, 1, func(r *wiki.Revision) {
			r.Title, r.Why = title, why
			for range wiki.MaxCredit {
				r.Credit = append(r.Credit, newBy())
			}
		})
		same(t, got(h.w.Revision(ctx, p.ID, 1))(t), r)
		var links []wiki.Link
		for i := range wiki.MaxLinks {
			links = append(links, wiki.Link{Key: fmt.Sprintf("%s%05d", title[:len(title)/2], i), Title: title})
		}
		h.do(wiki.SetLinks{Page: p.ID, Links: links})
		same(t, len(h.view(wiki.ViewQuery{Page: p.ID, Reach: everything}).Links), wiki.MaxLinks)
		var keys []string
		for _, l := range links {
			keys = append(keys, l.Key)
		}
		same(t, len(got(h.w.Names(ctx, h.area, keys))(t)), 0)
		same(t, len(h.wanted(wiki.WantedQuery{Reach: everything, Area: h.area, Limit: 100})), wiki.MaxLinks)
		d := wiki.Draft{ID: storage.NewID[wiki.Draft](), User: newUser(), Title: title, Body: p.Body, Why: why, At: at(1), Version: 1}
		h.do(wiki.PutDraft{Draft: d, Most: 1})
		same(t, got(h.w.Draft(ctx, d.ID))(t), d)
		a := h.attaches(p, func(a *wiki.Attachment) {
			a.Name, a.Key, a.Why = strings.Repeat(letter, wiki.MaxFileName), strings.Repeat(letter, wiki.MaxFileName), why
		})
		same(t, got(h.w.Attachment(ctx, a.ID))(t), a)
	}
}

func wikiRefused(t *testing.T, s community.Store) {
	eachScriptorium(t, s, func(h *scriptorium, k anyKeeper) { k.refuses(h.roster) })
	h := newScriptorium(t, s)
	p := h.writes(nil)
	h.revises(p, 1, nil)
	a := h.newAttachment(p.ID)
	d := wiki.Draft{ID: storage.NewID[wiki.Draft](), User: newUser(), At: at(1), Version: 1}
	for _, bad := range []string{"\x00", "a\x00b", "\xff", "a\xc3", "\xed\xa0\x80"} {
		revision := func(set func(*wiki.Revision)) []storage.Change {
			in := h.newRevision(p.ID, 2)
			set(&in.Revision)
			up := wiki.UpdateRevision{Revision: in.Revision, Blob: wiki.Blob{N: 1, Frame: 1}}
			up.Revision.N = 1
			return []storage.Change{in, up}
		}
		draft := func(set func(*wiki.Draft)) storage.Change { v := d; set(&v); return wiki.PutDraft{Draft: v, Most: 1} }
		keyed := a
		keyed.Key = bad
		tagged := p
		tagged.Tags = []string{"buono", bad}
		for _, c := range slices.Concat(
			revision(func(r *wiki.Revision) { r.Title = bad }), revision(func(r *wiki.Revision) { r.Why = bad }),
			revision(func(r *wiki.Revision) { r.Removal.Why = bad }),
			[]storage.Change{
				wiki.UpdatePage{Page: tagged},
				wiki.SetRemoval{Page: p.ID, N: 1, Removal: wiki.Removal{State: wiki.Hidden, Why: bad}},
				wiki.PutName{Name: wiki.Name{Area: p.Area, Key: bad}}, wiki.PutName{Name: wiki.Name{Area: p.Area, Key: "k", Title: bad}},
				wiki.PutName{Name: wiki.Name{Area: p.Area, Key: "k", Protection: wiki.Protection{Why: bad}}},
				wiki.SetLinks{Page: p.ID, Links: []wiki.Link{{Key: "k", Title: bad}}}, wiki.SetLinks{Page: p.ID, Links: []wiki.Link{{Key: "b", Title: "B"}, {Key: bad, Title: "k"}}},
				draft(func(d *wiki.Draft) { d.Title = bad }), draft(func(d *wiki.Draft) { d.Body = bad }), draft(func(d *wiki.Draft) { d.Why = bad }),
				wiki.InsertAttachment{Attachment: keyed},
			}) {
			h.fails(storage.ErrInvalid, event(1), c)
		}
	}
	same(t, h.page(p.ID), p)
	same(t, len(h.view(wiki.ViewQuery{Page: p.ID, Reach: everything}).Links), 0)
	same(t, got(h.w.Revision(ctx, p.ID, 1))(t).Removal, wiki.Removal{})
	same(t, len(got(h.w.Names(ctx, p.Area, []string{"k"}))(t)), 0)
	same(t, len(claims(t, s)), 0)
}

func wikiRefusedAsked(t *testing.T, s community.Store) {
	h := newScriptorium(t, s)
	p := h.writes(func(p *wiki.Page) {
		p.Tags, p.Template, p.Key, p.Origin = []string{"a"}, "a", "a", wiki.Origin{Kind: "a"}
	})
	h.named(wiki.Name{Area: p.Area, Key: "a", Page: p.ID})
	h.attaches(p, func(a *wiki.Attachment) { a.Key = "a" })
	for _, bad := range []string{"\x00", "a\x00", "a\xff"} {
		pages := func(q wiki.PageQuery) func() (int, error) {
			return func() (int, error) { q.Reach = everything; p, err := h.w.Pages(ctx, q); return len(p.Items), err }
		}
		for name, ask := range map[string]func() (int, error){
			"tag": pages(wiki.PageQuery{Tag: bad}), "prefix": pages(wiki.PageQuery{Prefix: bad}), "template": pages(wiki.PageQuery{Template: bad}),
			"names": func() (int, error) { n, err := h.w.Names(ctx, p.Area, []string{bad}); return len(n), err },
			"origin": func() (int, error) {
				all, err := h.w.From(ctx, wiki.Origin{Kind: bad}, everything)
				return len(all), err
			},
			"attachments": func() (int, error) {
				all, err := h.w.Attachments(ctx, wiki.AttachmentQuery{Page: p.ID, Key: bad})
				return len(all), err
			},
		} {
			n, err := ask()
			if err != nil {
				is(t, err, storage.ErrInvalid)
			}
			if n > 0 {
				t.Errorf("%s %q finds %d", name, bad, n)
			}
		}
		if _, err := h.w.Name(ctx, auth.Commons, bad); err == nil {
			t.Errorf("name %q is found", bad)
		}
	}
}
