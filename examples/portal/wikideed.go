// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// A wikiDeed is something that is done to a page by a form of a few fields,
// besides writing it. The verb by which wikiDeeds knows it ends its address,
// and its messages are "wiki.VERB.title", "wiki.VERB.intro" and
// "wiki.VERB.do".
type wikiDeed struct {
	fields []string // of its form: controls of wikiControl
	need   auth.Action
	danger bool
	given  func(*portal, *visit, wiki.Page) map[string]string // what the fields hold at first
	do     func(*portal, *visit, wiki.Page, fields) (wiki.Page, error)
}

var wikiDeeds = map[string]wikiDeed{
	"rename": {
		fields: []string{"title", "why"}, need: wiki.Shift,
		given: func(_ *portal, _ *visit, x wiki.Page) map[string]string { return map[string]string{"title": x.Title} },
		do: func(p *portal, v *visit, x wiki.Page, f fields) (wiki.Page, error) {
			return p.c.Wiki.Rename(v.ctx(), v.who, x.ID, v.version(), f.Value["title"], f.Value["why"])
		},
	},
	"place": {
		fields: []string{"parent", "behind"}, need: wiki.Shift,
		given: func(p *portal, v *visit, x wiki.Page) map[string]string {
			return map[string]string{"parent": p.titleOf(v, x.Parent)}
		},
		do: (*portal).place,
	},
	"labels": {
		fields: []string{"tags"}, need: wiki.Amend,
		given: func(_ *portal, _ *visit, x wiki.Page) map[string]string {
			return map[string]string{"tags": strings.Join(x.Tags, ", ")}
		},
		do: func(p *portal, v *visit, x wiki.Page, f fields) (wiki.Page, error) {
			return p.c.Wiki.Label(v.ctx(), v.who, x.ID, v.version(), commaed(f.Value["tags"]), x.Themes)
		},
	},
	"check": {
		fields: []string{"due"}, need: wiki.Confirm,
		do: func(p *portal, v *visit, x wiki.Page, f fields) (wiki.Page, error) {
			due, err := p.dayField(f, "due")
			if err != nil {
				return x, err
			}
			return p.c.Wiki.Confirm(v.ctx(), v.who, x.ID, due)
		},
	},
	"protect": {
		fields: []string{"keep_edit", "keep_move", "keep_review", "until", "why"}, need: wiki.Protect,
		given: func(p *portal, _ *visit, x wiki.Page) map[string]string {
			g := map[string]string{"why": x.Protection.Why, "keep_edit": ticked(x.Protection.Edit), "keep_move": ticked(x.Protection.Move), "keep_review": ticked(x.Protection.Review)}
			if !x.Protection.Until.IsZero() {
				g["until"] = x.Protection.Until.In(p.views.zone).Format(time.DateOnly)
			}
			return g
		},
		do: func(p *portal, v *visit, x wiki.Page, f fields) (wiki.Page, error) {
			until, err := p.dayField(f, "until")
			if err != nil {
				return x, err
			}
			return p.c.Wiki.Protect(v.ctx(), v.who, x.ID, v.version(), wiki.Rules{
				Edit: f.Value["keep_edit"] == "1", Move: f.Value["keep_move"] == "1", Review: f.Value["keep_review"] == "1", Until: until, Why: f.Value["why"],
			})
		},
	},
	"delete": {
		fields: []string{"why"}, need: wiki.Moderate, danger: true,
		do: func(p *portal, v *visit, x wiki.Page, f fields) (wiki.Page, error) {
			return x, p.c.Wiki.Delete(v.ctx(), v.who, x.ID, f.Value["why"])
		},
	},
	"restore": {
		fields: []string{"title", "why"}, need: wiki.Moderate,
		given: func(_ *portal, _ *visit, x wiki.Page) map[string]string { return map[string]string{"title": x.Title} },
		do: func(p *portal, v *visit, x wiki.Page, f fields) (wiki.Page, error) {
			return p.c.Wiki.Restore(v.ctx(), v.who, x.ID, f.Value["title"], f.Value["why"])
		},
	},
	"purge": {
		fields: []string{"why"}, need: wiki.Purge, danger: true,
		do: func(p *portal, v *visit, x wiki.Page, f fields) (wiki.Page, error) {
			return x, p.c.Wiki.Purge(v.ctx(), v.who, x.ID, f.Value["why"])
		},
	},
	"hide": { // a revision
		fields: []string{"revision", "why"}, need: wiki.Moderate, danger: true,
		given: func(_ *portal, v *visit, _ wiki.Page) map[string]string {
			return map[string]string{"revision": v.r.URL.Query().Get("revision")}
		},
		do: func(p *portal, v *visit, x wiki.Page, f fields) (wiki.Page, error) {
			n, err := strconv.Atoi(f.Value["revision"])
			if err != nil {
				return x, &storage.Invalid{Field: "revision", Code: "number"}
			}
			return x, p.c.Wiki.Hide(v.ctx(), v.who, x.ID, n, f.Value["why"])
		},
	},
}

// version is that of the page which the form was made for.
func (v *visit) version() int {
	n, _ := strconv.Atoi(v.field("version")) // 0 is no version: it conflicts
	return n
}

func ticked(on bool) string {
	if on {
		return "1"
	}
	return ""
}

// dayField returns the end of the day, in Italian time, that was typed into a
// field as 2026-12-31; zero: none was.
func (p *portal) dayField(f fields, name string) (time.Time, error) {
	if f.Value[name] == "" {
		return time.Time{}, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, strings.TrimSpace(f.Value[name]), p.views.zone)
	if err != nil {
		return day, &storage.Invalid{Field: name, Code: "date"}
	}
	return day.AddDate(0, 0, 1), nil
}

// titleOf returns the title of a page that the reader may see, for a form.
func (p *portal) titleOf(v *visit, id wiki.PageID) string {
	if id.IsZero() {
		return ""
	}
	shown, err := p.c.Wiki.View(v.ctx(), v.who, id)
	if err != nil {
		return ""
	}
	return shown.Page.Title
}

// named returns the page of a title that was typed into a field; zero: none was.
func (p *portal) namedPage(v *visit, x wiki.Page, f fields, name string) (wiki.PageID, error) {
	title := strings.TrimSpace(f.Value[name])
	if title == "" {
		return wiki.PageID{}, nil
	}
	found, err := p.c.Wiki.Find(v.ctx(), v.who, x.Area, title)
	if kind(storage.ErrNotFound)(err) {
		return wiki.PageID{}, &storage.Invalid{Field: name, Code: storage.CodeUnknown}
	}
	return found.Page.ID, err
}

func (p *portal) place(v *visit, x wiki.Page, f fields) (wiki.Page, error) {
	in := wiki.PageMove{Page: x.ID, Version: v.version()}
	var err error
	if in.Parent, err = p.namedPage(v, x, f, "parent"); err != nil {
		return x, err
	}
	if in.Behind, err = p.namedPage(v, x, f, "behind"); err != nil {
		return x, err
	}
	return p.c.Wiki.Move(v.ctx(), v.who, in)
}

// A wikiDeedView is the form of a deed.
type wikiDeedView struct {
	Page    wiki.Page
	Verb    string
	Danger  bool
	Form    fields
	Version int
}

// Controls are the fields of the form.
func (x wikiDeedView) Controls() []string { return x.Form.Names }

// deedOf looks at the page of the address for a deed.
func (p *portal) deedOf(v *visit, verb string, d wikiDeed) (wikiDeedView, error) {
	id, err := v.wikiPageID()
	if err != nil {
		return wikiDeedView{}, err
	}
	shown, err := p.c.Wiki.View(v.ctx(), v.who, id)
	if err != nil {
		return wikiDeedView{}, err
	}
	x := shown.Page
	return wikiDeedView{Page: x, Verb: verb, Danger: d.danger, Version: x.Version, Form: fields{Names: d.fields, Value: map[string]string{}, Error: map[string]string{}}}, nil
}

func (p *portal) wikiDeedPage(v *visit, verb string, d wikiDeed) error {
	view, err := p.deedOf(v, verb, d)
	if err != nil {
		return err
	}
	x := view.Page
	if err := p.c.Auth.Authorize(v.ctx(), v.who, d.need, auth.Scope{Area: x.Area, Audience: x.Audience, Author: x.By.User}); err != nil {
		return err
	}
	if d.given != nil {
		view.Form.Value = d.given(p, v, x)
	}
	return p.show(v, "wikideed", p.t(v, "wiki."+verb+".title"), view)
}

func (p *portal) wikiDeed(v *visit, verb string, d wikiDeed) error {
	view, err := p.deedOf(v, verb, d)
	if err != nil {
		return err
	}
	x, err := d.do(p, v, view.Page, ask(v, d.fields...))
	if err != nil {
		view.Form = ask(v, d.fields...)
		status, err := p.refuse(v, &view.Form, err)
		if err != nil {
			return err
		}
		return p.again(v, status, "wikideed", p.t(v, "wiki."+verb+".title"), view)
	}
	done := query(p.url("pages", x.ID), "done", "page_"+verb)
	if _, err := p.c.Wiki.View(v.ctx(), v.who, x.ID); err != nil { // it is gone for who did it too
		done = query(p.url("pages"), "done", "page_"+verb)
	}
	return p.redirect(v, done)
}
