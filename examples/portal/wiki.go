// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"cmp"
	"html/template"
	"net/http"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
	"github.com/copis-it/copis/wiki/markdown"
)

// maxPage is the longest text of a page, in runes: as a rule, what package
// markdown still shows.
const maxPage = 60_000

// wikilinks knows the links of texts. They are the same in every language.
var wikilinks = markdown.New(markdown.Config{Wikilinks: true})

// handbook is how the portal has pages.
func handbook(blobs wiki.Blobs) wiki.Config {
	return wiki.Config{
		MaxBody: maxPage, MaxFile: maxFile, Blobs: blobs,
		Links: func(text string) []string {
			var titles []string
			for _, l := range wikilinks.Links(text) {
				titles = append(titles, l.Title)
			}
			return titles
		},
	}
}

// wikiPages are the pages of the wiki.
func (p *portal) wikiPages() map[string]func(*visit) error {
	pages := map[string]func(*visit) error{
		"GET pages":                             p.wikiIndex,
		"GET pages/find":                        p.wikiFind,
		"GET pages/new":                         p.newWikiPage,
		"POST pages/new":                        p.createWikiPage,
		"GET pages/{page}":                      p.wikiPage,
		"GET pages/{page}/edit":                 p.wikiEditPage,
		"POST pages/{page}/edit":                p.wikiEdit,
		"GET pages/{page}/history":              p.wikiHistory,
		"GET pages/{page}/history/{revision}":   p.wikiRevision,
		"POST pages/{page}/rollback":            p.wikiRollback,
		"GET pages/{page}/review":               p.wikiReviewPage,
		"POST pages/{page}/review":              p.wikiReview,
		"GET pages/{page}/links":                p.wikiBacklinks,
		"POST pages/{page}/watch":               p.wikiWatch,
		"POST pages/{page}/unhide":              p.wikiUnhide,
		"POST pages/{page}/rechecked":           p.wikiRechecked,
		"GET questions/{question}/page":         p.distilPage,
		"POST questions/{question}/page":        p.distil,
		"POST pages/drafts":                     p.dropWikiDraft,
		"GET pages/{page}/files":                p.wikiFilesPage,
		"POST pages/{page}/files":               p.attach,
		"GET pages/{page}/files/{file}":         p.wikiFile,
		"POST pages/{page}/files/{file}/detach": p.detach,
	}
	for verb, d := range wikiDeeds {
		pages["GET pages/{page}/"+verb] = func(v *visit) error { return p.wikiDeedPage(v, verb, d) }
		pages["POST pages/{page}/"+verb] = func(v *visit) error { return p.wikiDeed(v, verb, d) }
	}
	return pages
}

func (v *visit) wikiPageID() (wiki.PageID, error) { return pathID[wiki.Page](v, "page") }

// wikiRights are what the reader may do with a page. They only choose what is
// offered; the service decides again.
type wikiRights struct {
	Edit, Shift, Publish, Confirm, Protect, Moderate, Purge, Watch bool
}

func (p *portal) wikiRights(v *visit, x wiki.Page) wikiRights {
	if v.me == nil {
		return wikiRights{}
	}
	at := auth.Scope{Area: x.Area, Audience: x.Audience, Author: x.By.User}
	live := x.Removal.State == wiki.Visible
	now := x.Protection
	if !now.Until.IsZero() && !p.clock.Now().Before(now.Until) {
		now = wiki.Protection{}
	}
	can := wikiRights{
		Protect: p.may(v, wiki.Protect, at), Moderate: p.may(v, wiki.Moderate, at), Purge: p.may(v, wiki.Purge, at) && x.Removal.State != wiki.Purged,
		Publish: live && p.may(v, wiki.Publish, at), Confirm: live && x.Stable > 0 && p.may(v, wiki.Confirm, at), Watch: live,
	}
	can.Edit = live && (!now.Edit || can.Protect) && p.may(v, wiki.Amend, at)
	can.Shift = live && (!now.Move || can.Protect) && p.may(v, wiki.Shift, at)
	can.Protect = can.Protect && live
	return can
}

// wikiHTML returns the text of a page as HTML and its contents, with where its
// links lead for the reader. A text that Markdown refuses is shown as it was
// typed.
func (p *portal) wikiHTML(v *visit, area auth.AreaID, body string, links []wiki.Leads) (text, contents template.HTML) {
	doc, err := p.wikiTexts[v.lang].Render(body)
	if err != nil {
		return template.HTML("<pre>" + template.HTMLEscapeString(p.typed(v, body)) + "</pre>"), ""
	}
	p.learn(v, byUsers(doc.Mentions())...)
	leads := map[string]wiki.Page{}
	for _, l := range links {
		leads[l.Key] = l.To
	}
	view := markdown.View{Names: v.names.people, Pages: map[string]markdown.Page{}}
	for _, title := range doc.Titles() {
		if to := leads[wiki.Key(title)]; !to.ID.IsZero() {
			view.Pages[title] = markdown.Page{Href: p.url("pages", to.ID), Title: to.Title}
		}
	}
	if p.may(v, wiki.Write, auth.Scope{Area: area}) {
		view.Wanted = func(title string) string { return p.newPageAt(area, title) }
	}
	if c := doc.Contents(view); len(c) > 1 {
		contents = template.HTML(c.HTML())
	}
	return template.HTML(doc.HTML(view)), contents
}

// newPageAt is where a page of a title is begun.
func (p *portal) newPageAt(area auth.AreaID, title string) string {
	return query(p.url("pages/new"), "area", area, "title", title)
}

// wikiView is the page of a page.
type wikiView struct {
	Page     wiki.Page
	Area     area
	Creator  byline
	Editor   byline
	HTML     template.HTML
	Contents template.HTML
	Path     []wiki.Page
	Below    []wiki.Page
	Watching bool
	Files    bool // the portal keeps attachments
	Can      wikiRights
	Waits    bool // its newest revision waits
	Remover  byline
	Checker  byline
	Overdue  bool
	Origin   *way // what it was made from
	Keeps    []string
	Revision *wiki.Revision // the one that is shown, if it is not the one readers see
	By       byline         // of it
}

// Deeds are what can be done besides editing, in order.
func (x wikiView) Deeds() []string {
	var out []string
	for _, d := range []struct {
		verb string
		may  bool
	}{
		{"rename", x.Can.Shift}, {"place", x.Can.Shift}, {"labels", x.Can.Edit}, {"check", x.Can.Confirm}, {"protect", x.Can.Protect},
		{"delete", x.Can.Moderate && x.Page.Removal.State == wiki.Visible}, {"restore", x.Can.Moderate && x.Page.Removal.State == wiki.Deleted}, {"purge", x.Can.Purge},
	} {
		if d.may {
			out = append(out, d.verb)
		}
	}
	return out
}

// listed bounds the pages below a page that are listed with it.
const listed = storage.MaxLimit

func (p *portal) wikiPage(v *visit) error {
	id, err := v.wikiPageID()
	if err != nil {
		return err
	}
	shown, err := p.c.Wiki.View(v.ctx(), v.who, id)
	if err != nil {
		return err
	}
	view, err := p.wikiView(v, shown)
	if err != nil {
		return err
	}
	return p.show(v, "wiki", shown.Page.Title, view)
}

func (p *portal) wikiView(v *visit, shown wiki.View) (wikiView, error) {
	x := shown.Page
	p.learn(v, x.By, x.EditedBy, x.Removal.By, x.Check.By)
	view := wikiView{
		Page: x, Area: p.area(x.Area), Creator: p.byline(v, x.By), Editor: p.byline(v, x.EditedBy), Path: shown.Path, Watching: shown.Watching, Can: p.wikiRights(v, x),
		Waits: x.Current != x.Stable && x.Removal.State == wiki.Visible, Remover: p.byline(v, x.Removal.By), Checker: p.byline(v, x.Check.By),
		Overdue: !x.Check.Due.IsZero() && !p.clock.Now().Before(x.Check.Due),
	}
	view.Files = p.files
	view.HTML, view.Contents = p.wikiHTML(v, x.Area, x.Body, shown.Links)
	for _, k := range []struct {
		name string
		is   bool
	}{{"edit", x.Protection.Edit}, {"move", x.Protection.Move}, {"review", x.Protection.Review}} {
		if k.is && (x.Protection.Until.IsZero() || p.clock.Now().Before(x.Protection.Until)) {
			view.Keeps = append(view.Keeps, p.t(v, "wiki.keeps."+k.name))
		}
	}
	if shown.Children > 0 {
		below, err := p.c.Wiki.List(v.ctx(), v.who, wiki.ListPage{Area: x.Area, Parent: x.ID, Order: wiki.Tree, Limit: listed})
		if err != nil {
			return view, err
		}
		view.Below = below.Items
	}
	if x.Origin.Kind == community.FromAnswer {
		var err error
		if view.Origin, err = p.answerOf(v, x.Origin); err != nil {
			return view, err
		}
	}
	return view, nil
}

// answerOf returns the answer that a page was made from, or none if the reader
// may not open it.
func (p *portal) answerOf(v *visit, o wiki.Origin) (*way, error) {
	id := storage.MakeID[qa.Answer](o.ID)
	where, err := p.c.QA.FindAnswer(v.ctx(), v.who, id)
	if err == nil {
		var pl qa.Place
		if pl, err = p.c.QA.Look(v.ctx(), v.who, qa.Post{Question: where.Post.Question}); err == nil {
			return &way{p.url("answers", id), cmp.Or(pl.Question.Title, p.t(v, "qa.untitled"))}, nil
		}
	}
	if status, _ := failure(err); status < http.StatusInternalServerError {
		return nil, nil
	}
	return nil, err
}

// wikiFind leads from a title to its page.
func (p *portal) wikiFind(v *visit) error {
	at, title := areaAsked(v), v.r.URL.Query().Get("title")
	found, err := p.c.Wiki.Find(v.ctx(), v.who, at, title)
	if kind(storage.ErrNotFound)(err) && p.may(v, wiki.Write, auth.Scope{Area: at}) {
		return p.redirect(v, p.newPageAt(at, title))
	}
	if err != nil {
		return err
	}
	return p.redirect(v, p.url("pages", found.Page.ID))
}

// areaAsked returns the area that an address names; it is the commons unless
// it says otherwise.
func areaAsked(v *visit) auth.AreaID {
	id, err := storage.ParseID[auth.Area](v.r.URL.Query().Get("area"))
	if err != nil {
		return auth.Commons
	}
	return id
}

func (p *portal) wikiWatch(v *visit) error {
	id, err := v.wikiPageID()
	if err != nil {
		return err
	}
	on, done := v.field("watch") == "1", "unwatched"
	if on {
		done = "watched"
	}
	if err := p.c.Wiki.Watch(v.ctx(), v.who, id, on); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("pages", id), "done", done))
}

func (p *portal) wikiRechecked(v *visit) error {
	id, err := v.wikiPageID()
	if err != nil {
		return err
	}
	if err := p.c.Wiki.Rechecked(v.ctx(), v.who, id); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("pages", id), "done", "checked"))
}

// ---- lists

// A wikiRow is a page in a list.
type wikiRow struct {
	wiki.Page
	Editor byline
}

// A changeRow is a revision in a list.
type changeRow struct {
	wiki.Revision
	Page   wiki.Page
	Author byline
	Marks  []string // merged, gives back another, minor: messages
	Open   bool     // its text can be read
}

func (p *portal) changeRows(v *visit, list []wiki.Changed) []changeRow {
	bys := make([]auth.By, len(list))
	for i, c := range list {
		bys[i] = c.Revision.By
	}
	p.learn(v, bys...)
	out := make([]changeRow, len(list))
	for i, c := range list {
		r := c.Revision
		out[i] = changeRow{Revision: r, Page: c.Page, Author: p.byline(v, r.By), Open: r.Removal.State == wiki.Visible}
		if r.Base > 0 && r.Base < r.N-1 {
			out[i].Marks = append(out[i].Marks, p.t(v, "wiki.mark.merged", "N", r.Base))
		}
		if r.Reverts > 0 {
			out[i].Marks = append(out[i].Marks, p.t(v, "wiki.mark.reverts", "N", r.Reverts))
		}
		if r.Minor {
			out[i].Marks = append(out[i].Marks, p.t(v, "wiki.mark.minor"))
		}
		if r.N > c.Page.Stable {
			out[i].Marks = append(out[i].Marks, p.t(v, "wiki.mark.waits"))
		}
		if r.Removal.State != wiki.Visible {
			out[i].Marks = append(out[i].Marks, p.t(v, "wiki.mark.hidden"))
		}
	}
	return out
}

// wikiListView is a list of pages, of changes, or of titles that lead nowhere.
type wikiListView struct {
	Tabs     []tab
	Areas    []tab
	Area     area
	Intro    string
	Tag      string
	Prefix   string
	Find     bool // it has the form that finds titles
	Rows     []wikiRow
	Changes  []changeRow
	Wanted   []wiki.Wanted
	Here     string
	Next     storage.Cursor
	First    bool // page
	MayWrite bool
}

// wikiLists are the lists of pages, as the parameter show names them; the
// messages are "wiki.list.NAME". Each is for those who may do something.
var wikiLists = []struct {
	name string
	do   auth.Action
	mine bool // for members
}{
	{"tree", wiki.Read, false}, {"titles", wiki.Read, false}, {"changes", wiki.Read, false}, {"wanted", wiki.Read, false},
	{"mine", wiki.Write, true}, {"watched", wiki.Read, true}, {"overdue", wiki.Confirm, true}, {"review", wiki.Publish, true}, {"removed", wiki.Moderate, true},
}

func (p *portal) wikiIndex(v *visit) error {
	asked := v.r.URL.Query()
	view := wikiListView{Area: p.area(areaAsked(v)), Tag: asked.Get("tag"), Prefix: asked.Get("prefix"), First: v.cursor() == ""}
	view.MayWrite = v.me != nil && p.may(v, wiki.Write, auth.Scope{Area: view.Area.ID})
	list, offered := cmp.Or(asked.Get("show"), "tree"), false
	if view.Tag != "" || view.Prefix != "" {
		list = "titles"
	}
	here := func(show string) string {
		return query(p.url("pages"), "area", view.Area.Param(), "show", show)
	}
	for _, l := range wikiLists {
		if l.mine && (v.me == nil || !p.may(v, l.do, auth.Scope{Area: view.Area.ID})) {
			continue
		}
		view.Tabs = append(view.Tabs, tab{here(l.name), p.t(v, "wiki.list."+l.name), l.name == list})
		offered = offered || l.name == list
	}
	if !offered {
		return storage.ErrNotFound
	}
	for _, a := range p.areas {
		if a.ID == auth.Commons || v.me != nil && p.may(v, wiki.Write, auth.Scope{Area: a.ID}) {
			view.Areas = append(view.Areas, tab{query(p.url("pages"), "area", a.Param()), a.Name, a.ID == view.Area.ID})
		}
	}
	view.Here = query(here(list), "tag", view.Tag, "prefix", view.Prefix)
	view.Intro, view.Find = p.t(v, "wiki.intro."+list), list == "titles"
	if err := p.fillWikiList(v, list, &view); err != nil {
		return err
	}
	return p.show(v, "wikilist", p.t(v, "wiki.title"), view)
}

func (p *portal) fillWikiList(v *visit, list string, view *wikiListView) error {
	in := wiki.ListPage{Area: view.Area.ID, After: v.cursor()}
	switch list {
	case "changes":
		page, err := p.c.Wiki.History(v.ctx(), v.who, wiki.HistoryPage{Area: in.Area, After: in.After})
		view.Changes, view.Next = p.changeRows(v, page.Items), page.Next
		return err
	case "wanted":
		page, err := p.c.Wiki.Wanted(v.ctx(), v.who, in.Area, in.After, 0)
		view.Wanted, view.Next = page.Items, page.Next
		return err
	case "watched":
		all, err := p.c.Wiki.Watched(v.ctx(), v.who)
		view.Rows = p.wikiRows(v, slices.DeleteFunc(all, func(x wiki.Page) bool { return x.Area != in.Area }))
		return err
	case "tree":
		in.Top, in.Order = true, wiki.Tree
	case "titles":
		in.Tag, in.Prefix = view.Tag, view.Prefix
	case "mine":
		in.Mine, in.Order = true, wiki.Newest
	case "overdue":
		in.Overdue, in.Order = true, wiki.ByDue
	case "review":
		in.Pending = true
	case "removed":
		in.Removed = true
	}
	page, err := p.c.Wiki.List(v.ctx(), v.who, in)
	view.Rows, view.Next = p.wikiRows(v, page.Items), page.Next
	return err
}

func (p *portal) wikiRows(v *visit, list []wiki.Page) []wikiRow {
	bys := make([]auth.By, len(list))
	for i, x := range list {
		bys[i] = x.EditedBy
	}
	p.learn(v, bys...)
	out := make([]wikiRow, len(list))
	for i, x := range list {
		out[i] = wikiRow{x, p.byline(v, x.EditedBy)}
	}
	return out
}

// Param is how addresses name an area: not at all if it is the commons.
func (a area) Param() string {
	if a.ID == auth.Commons {
		return ""
	}
	return a.ID.String()
}

// linksView lists what leads to a page.
type linksView struct {
	Page    wiki.Page
	Rows    []wikiRow
	Aliases []wiki.Name
	Here    string
	Next    storage.Cursor
	First   bool
}

func (p *portal) wikiBacklinks(v *visit) error {
	id, err := v.wikiPageID()
	if err != nil {
		return err
	}
	shown, err := p.c.Wiki.View(v.ctx(), v.who, id)
	if err != nil {
		return err
	}
	page, err := p.c.Wiki.Backlinks(v.ctx(), v.who, id, v.cursor(), 0)
	if err != nil {
		return err
	}
	names, err := p.c.Wiki.Aliases(v.ctx(), v.who, id)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(n wiki.Name) bool { return !n.Alias })
	return p.show(v, "wikilinks", p.t(v, "wiki.links.title"), linksView{
		Page: shown.Page, Rows: p.wikiRows(v, page.Items), Aliases: names, Here: p.url("pages", id, "links"), Next: page.Next, First: v.cursor() == "",
	})
}
