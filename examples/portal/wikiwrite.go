// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"cmp"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// A wikiForm is one in which a page is written. It keeps what was typed
// whatever comes of sending it.
type wikiForm struct {
	Title  string // of the page that shows it
	Action string // where it is sent
	Back   string // where not sending it leads
	Form   fields

	New              bool // a page that is not there yet
	Areas, Audiences []choice
	Templates        []choice
	Waits            bool // what is saved waits for a review
	Minor            bool
	Source           *way // what it is made from

	Key          string // one form, one revision, however often it is sent
	Base         int    // the revision that the text was made from
	Draft        wiki.DraftID
	DraftVersion int

	SignIn  string // where to sign in, if that is why it was not accepted
	Kept    bool   // what was typed is among the drafts
	Resumed bool   // it shows a draft
	Preview template.HTML
	Merged  bool // it holds what others wrote meanwhile
}

// Max is the longest text, for the hint; the service checks.
func (wikiForm) Max() int { return maxPage }

// typed takes over what was typed.
func (f *wikiForm) typed(v *visit) {
	f.Form = ask(v, "title", "body", "tags", "why", "area", "audience", "template", "parent")
	f.Key = cmp.Or(v.field("key"), f.Key)
	f.Base, _ = strconv.Atoi(v.field("base"))
	f.Minor = v.field("minor") == "1"
	f.DraftVersion, _ = strconv.Atoi(v.field("draft_version"))
	f.Draft, _ = storage.ParseID[wiki.Draft](v.field("draft")) // none: the text has no draft
}

func (f wikiForm) body() string { return f.Form.Value["body"] }

// tags are those that were typed, between commas.
func (f wikiForm) tags() []string { return commaed(f.Form.Value["tags"]) }

// commaed returns what stands between commas.
func commaed(s string) []string {
	var out []string
	for word := range strings.SplitSeq(s, ",") {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}

// writeWiki shows a form.
func (p *portal) writeWiki(v *visit, status int, f wikiForm) error {
	return p.render(v, status, "wikiwrite", page{Title: f.Title, Data: f})
}

// refusedWiki shows a form again with what was typed and why it was not
// accepted. The text is among the drafts, if the service says so.
func (p *portal) refusedWiki(v *visit, f wikiForm, err error) error {
	var kept *wiki.Kept
	if errors.As(err, &kept) {
		f.Kept, f.Draft, f.DraftVersion = true, kept.Draft.ID, kept.Draft.Version
	}
	status, err := p.refuse(v, &f.Form, err)
	if err != nil {
		return err
	}
	if v.me == nil {
		f.Form.Problem, f.SignIn = p.t(v, "form.signed_out"), p.signInHere(v)
	}
	return p.writeWiki(v, status, f)
}

// asideWiki does what a form's other buttons ask for; ok is false if it was sent
// to be saved.
func (p *portal) asideWiki(v *visit, f wikiForm, page wiki.PageID, area auth.AreaID) (ok bool, err error) {
	switch v.field("do") {
	case "preview":
		body := p.stored(v, f.body())
		var titles []string
		if doc, err := p.wikiTexts[v.lang].Render(body); err == nil {
			titles = doc.Titles()
		}
		leads, err := p.c.Wiki.Targets(v.ctx(), v.who, area, titles)
		if err != nil && !errors.Is(err, auth.ErrDenied) {
			return true, err
		}
		f.Preview, _ = p.wikiHTML(v, area, body, leads)
		return true, p.writeWiki(v, http.StatusOK, f)
	case "draft":
		_, err := p.c.Wiki.SaveDraft(v.ctx(), v.who, wiki.DraftSave{
			Draft: f.Draft, Version: f.DraftVersion, Page: page, Area: area, Base: f.Base, Title: f.Form.Value["title"], Body: f.body(), Why: f.Form.Value["why"],
		})
		var conflict *storage.Conflict
		if errors.As(err, &conflict) { // another tab saved it: what was typed becomes a draft of its own
			f.Draft, f.DraftVersion, f.Form.Problem = wiki.DraftID{}, 0, p.t(v, "wiki.draft.stale")
			return true, p.writeWiki(v, http.StatusConflict, f)
		}
		if err != nil {
			return true, p.refusedWiki(v, f, err)
		}
		return true, p.redirect(v, query(p.url("drafts"), "done", "draft"))
	}
	return false, nil
}

// resumeWiki fills a form with the draft that the address names.
func (p *portal) resumeWiki(v *visit, f *wikiForm, page wiki.PageID) error {
	id, err := storage.ParseID[wiki.Draft](v.r.URL.Query().Get("draft"))
	if err != nil {
		return nil
	}
	d, err := p.c.Wiki.Draft(v.ctx(), v.who, id)
	if err != nil {
		return err
	}
	if d.Page != page {
		return storage.ErrNotFound
	}
	f.Draft, f.DraftVersion, f.Base, f.Resumed = d.ID, d.Version, d.Base, true
	f.Form.Value["title"], f.Form.Value["body"], f.Form.Value["why"] = d.Title, p.typed(v, d.Body), d.Why
	return nil
}

// ---- a new page

func (p *portal) newWikiForm(v *visit) wikiForm {
	f := wikiForm{
		Title: p.t(v, "wiki.new"), Action: p.url("pages/new"), Back: p.url("pages"), Form: fields{Value: map[string]string{}}, New: true, Key: uuid.NewString(),
		Areas: p.areaChoices(p.areasFor(v, wiki.Write)), Audiences: p.audienceChoices(v),
	}
	f.Templates = []choice{{Label: p.t(v, "wiki.template.none")}}
	for _, t := range p.c.Wiki.Templates() {
		f.Templates = append(f.Templates, choice{Value: t.Key, Label: t.Title})
	}
	return f
}

// audienceChoices are the circles that something new may be promised to, the
// widest first.
func (p *portal) audienceChoices(v *visit) (out []choice) {
	if v.me == nil {
		return nil
	}
	most := auth.AreaMembers
	if plan := p.c.Membership.Plan(); v.me.Standing.Phase < len(plan) {
		most = max(most, plan[v.me.Standing.Phase].Audience)
	}
	for a := most; a.Valid(); a-- {
		out = append(out, choice{Value: strconv.Itoa(int(a)), Label: p.t(v, "audience."+strconv.Itoa(int(a)))})
	}
	return out
}

// audienceField returns the circle that was chosen in a form; zero: none was.
func audienceField(f fields) (auth.Audience, error) {
	s := f.Value["audience"]
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 8)
	if a := auth.Audience(n); err == nil && a.Valid() {
		return a, nil
	}
	return 0, &storage.Invalid{Field: "audience", Code: storage.CodeUnknown}
}

func (p *portal) newWikiPage(v *visit) error {
	f := p.newWikiForm(v)
	if len(f.Areas) == 0 {
		if err := p.c.Auth.Authorize(v.ctx(), v.who, wiki.Write, auth.Scope{Area: auth.Commons}); err != nil {
			return err
		}
	}
	f.Form = asked(v, "title", "area", "template", "parent")
	if t := p.template(f.Form.Value["template"]); t != nil {
		f.Form.Value["body"] = t.Body
	}
	if err := p.resumeWiki(v, &f, wiki.PageID{}); err != nil {
		return err
	}
	return p.writeWiki(v, http.StatusOK, f)
}

// template returns the template with a key; nil: there is none.
func (p *portal) template(key string) *wiki.Template {
	all := p.c.Wiki.Templates()
	if i := slices.IndexFunc(all, func(t wiki.Template) bool { return t.Key == key }); i >= 0 {
		return &all[i]
	}
	return nil
}

func (p *portal) createWikiPage(v *visit) error {
	f := p.newWikiForm(v)
	f.typed(v)
	area, err := areaField(v)
	if err != nil {
		return p.refusedWiki(v, f, err)
	}
	if done, err := p.asideWiki(v, f, wiki.PageID{}, area); done {
		return err
	}
	in := wiki.NewPage{
		Draft: f.Draft, Key: f.Key, Area: area, Title: f.Form.Value["title"], Body: f.body(), Template: f.Form.Value["template"], Tags: f.tags(), Why: f.Form.Value["why"],
	}
	in.Parent, _ = storage.ParseID[wiki.Page](f.Form.Value["parent"]) // none: at the top
	if in.Audience, err = audienceField(f.Form); err != nil {
		return p.refusedWiki(v, f, err)
	}
	made, err := p.c.Wiki.Create(v.ctx(), v.who, in)
	if err != nil {
		return p.refusedWiki(v, f, err)
	}
	return p.redirect(v, query(p.url("pages", made.ID), "done", savedAs(made)))
}

// savedAs names the message for what was written: saved, unless it waits.
func savedAs(x wiki.Page) string {
	if x.Stable != x.Current {
		return "held"
	}
	return "page_saved"
}

// ---- another text

// editingWiki returns the form that writes the page of the address.
func (p *portal) editingWiki(v *visit) (wikiForm, wiki.Page, error) {
	id, err := v.wikiPageID()
	if err != nil {
		return wikiForm{}, wiki.Page{}, err
	}
	x, rev, err := p.c.Wiki.Source(v.ctx(), v.who, id)
	if err != nil {
		return wikiForm{}, x, err
	}
	f := wikiForm{
		Title: p.t(v, "wiki.edit", "Title", x.Title), Action: p.url("pages", id, "edit"), Back: p.url("pages", id), Key: uuid.NewString(), Base: rev.N,
		Form:  fields{Value: map[string]string{"body": p.typed(v, x.Body)}},
		Waits: x.Protection.Review && !p.may(v, wiki.Publish, auth.Scope{Area: x.Area, Audience: x.Audience, Author: x.By.User}),
	}
	return f, x, nil
}

func (p *portal) wikiEditPage(v *visit) error {
	f, x, err := p.editingWiki(v)
	if err != nil {
		return err
	}
	if err := p.resumeWiki(v, &f, x.ID); err != nil {
		return err
	}
	return p.writeWiki(v, http.StatusOK, f)
}

// wikiEdit takes a text that is to be the page's. What others saved meanwhile
// is merged with it, or shown place by place where both wrote.
func (p *portal) wikiEdit(v *visit) error {
	id, err := v.wikiPageID()
	if err != nil {
		return err
	}
	f := wikiForm{Action: p.url("pages", id, "edit"), Back: p.url("pages", id), Title: p.t(v, "wiki.edit.again"), Key: uuid.NewString()}
	f.typed(v)
	area := auth.Commons
	if shown, err := p.c.Wiki.View(v.ctx(), v.who, id); err == nil {
		area, f.Title = shown.Page.Area, p.t(v, "wiki.edit", "Title", shown.Page.Title)
	}
	if v.field("do") == "compose" {
		f.Form.Value["body"], f.Merged = composed(v), true
		return p.writeWiki(v, http.StatusOK, f)
	}
	if done, err := p.asideWiki(v, f, id, area); done {
		return err
	}
	saved, err := p.c.Wiki.Save(v.ctx(), v.who, wiki.PageSave{Draft: f.Draft, Key: f.Key, Page: id, Base: f.Base, Body: f.body(), Why: f.Form.Value["why"], Minor: f.Minor})
	var conflict *storage.Conflict
	if errors.As(err, &conflict) {
		if clash, ok := conflict.Current.(wiki.Clash); ok {
			return p.wikiClash(v, f, clash, err)
		}
	}
	if err != nil {
		return p.refusedWiki(v, f, err)
	}
	done := savedAs(saved.Page)
	if saved.Merged && done == "page_saved" {
		done = "page_merged"
	}
	return p.redirect(v, query(p.url("pages", id), "done", done))
}

// ---- what clashes

// A clashView shows place by place what the reader wrote and what somebody
// else wrote there meanwhile.
type clashView struct {
	wikiForm
	Theirs byline
	At     wiki.Revision
	Parts  []clashPart
	Count  int // places
}

// A clashPart is text that agrees, or a place that does not.
type clashPart struct {
	I          int
	N          int // of the place, from 1; 0: it agrees
	Text       string
	Excerpt    string // of a text that agrees
	Base       string
	Ours, Mine string // theirs as it stands now, and what was submitted
}

func (p *portal) wikiClash(v *visit, f wikiForm, clash wiki.Clash, err error) error {
	var kept *wiki.Kept
	if errors.As(err, &kept) {
		f.Kept, f.Draft, f.DraftVersion = true, kept.Draft.ID, kept.Draft.Version
	}
	p.learn(v, clash.Revision.By)
	view := clashView{wikiForm: f, Theirs: p.byline(v, clash.Revision.By), At: clash.Revision}
	view.Base = clash.Revision.N
	for i, c := range clash.Merged.Chunks {
		part := clashPart{I: i, Text: p.typed(v, c.Text), Excerpt: ends(p.typed(v, c.Text))}
		if c.Conflict != nil {
			view.Count++
			part.N = view.Count
			part.Base, part.Mine, part.Ours = p.typed(v, c.Conflict.Base), p.typed(v, c.Conflict.Ours), p.typed(v, c.Conflict.Theirs)
		}
		view.Parts = append(view.Parts, part)
	}
	return p.render(v, http.StatusConflict, "wikiclash", page{Title: p.t(v, "wiki.clash"), Data: view})
}

// ends returns how a text begins and ends, a few lines of each.
func ends(s string) string {
	const most = 3
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	if len(lines) <= 2*most {
		return s
	}
	return strings.Join(slices.Concat(lines[:most], []string{"[…]"}, lines[len(lines)-most:]), "\n")
}

// composed returns the text that the reader made of the parts of a clash: of
// each place what they chose.
func composed(v *visit) string {
	var b strings.Builder
	for i := range len(v.r.PostForm) {
		n := strconv.Itoa(i)
		if !v.r.PostForm.Has("part-"+n) && !v.r.PostForm.Has("mine-"+n) {
			break
		}
		b.WriteString(v.field("part-" + n))
		pick := v.field("pick-" + n)
		if pick == "theirs" || pick == "both" {
			b.WriteString(v.field("theirs-" + n))
		}
		if pick == "mine" || pick == "both" {
			b.WriteString(v.field("mine-" + n))
		}
	}
	return b.String()
}
