// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"strconv"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// wikiHistoryView lists the revisions of a page and compares two of them.
type wikiHistoryView struct {
	Page     wiki.Page
	Changes  []changeRow
	Here     string
	Next     storage.Cursor
	First    bool
	From, To int // compared; 0: nothing to compare
	Diff     compared
	Can      wikiRights
	Restored int // the revision that can be given back
}

func (p *portal) wikiHistory(v *visit) error {
	id, err := v.wikiPageID()
	if err != nil {
		return err
	}
	shown, err := p.c.Wiki.View(v.ctx(), v.who, id)
	if err != nil {
		return err
	}
	page, err := p.c.Wiki.History(v.ctx(), v.who, wiki.HistoryPage{Page: id, After: v.cursor()})
	if err != nil {
		return err
	}
	view := wikiHistoryView{
		Page: shown.Page, Changes: p.changeRows(v, page.Items), Here: p.url("pages", id, "history"), Next: page.Next, First: v.cursor() == "", Can: p.wikiRights(v, shown.Page),
	}
	view.From, view.To = chosenRevisions(v, view.Changes)
	if view.From > 0 {
		c, err := p.c.Wiki.Compare(v.ctx(), v.who, id, view.From, view.To)
		if err != nil {
			return err
		}
		view.Diff = compared{p.typed(v, c.Diff.Old), p.typed(v, c.Diff.New)}
	}
	if view.Can.Edit && view.From > 0 && view.From < shown.Page.Current {
		view.Restored = view.From
	}
	return p.show(v, "wikihistory", p.t(v, "wiki.history", "Title", shown.Page.Title), view)
}

// chosenRevisions returns the two revisions that the address asks to compare,
// or the latest two that can be read; 0, 0 where there are no two.
func chosenRevisions(v *visit, list []changeRow) (from, to int) {
	q := v.r.URL.Query()
	from, _ = strconv.Atoi(q.Get("from"))
	to, _ = strconv.Atoi(q.Get("to"))
	if from > 0 && to > 0 {
		return from, to
	}
	from, to = 0, 0
	for _, c := range list { // the newest first
		switch {
		case !c.Open:
		case to == 0:
			to = c.N
		case from == 0:
			from = c.N
		}
	}
	if from == 0 {
		to = 0
	}
	return from, to
}

// wikiRevision shows a page as a revision had it.
func (p *portal) wikiRevision(v *visit) error {
	id, err := v.wikiPageID()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(v.r.PathValue("revision"))
	if err != nil {
		return storage.ErrNotFound
	}
	shown, err := p.c.Wiki.View(v.ctx(), v.who, id)
	if err != nil {
		return err
	}
	rev, text, err := p.c.Wiki.Text(v.ctx(), v.who, id, n)
	if err != nil {
		return err
	}
	p.learn(v, rev.By)
	view := wikiView{Page: shown.Page, Area: p.area(shown.Page.Area), Path: shown.Path, Revision: &rev, By: p.byline(v, rev.By)}
	view.HTML, view.Contents = p.wikiHTML(v, shown.Page.Area, text, shown.Links)
	return p.show(v, "wiki", rev.Title, view)
}

func (p *portal) wikiRollback(v *visit) error {
	id, err := v.wikiPageID()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(v.field("revision"))
	base, berr := strconv.Atoi(v.field("base"))
	if err != nil || berr != nil {
		return errMalformed
	}
	saved, err := p.c.Wiki.Rollback(v.ctx(), v.who, id, base, n, v.field("why"))
	if err != nil {
		return err
	}
	return p.redirect(v, query(p.url("pages", id), "done", savedAs(saved.Page)))
}

// ---- what waits

// A wikiReviewView shows what readers would see beside what they see.
type wikiReviewView struct {
	Page   wiki.Page
	Latest wiki.Revision
	By     byline
	Diff   compared
	Why    string
	Form   fields
	Mine   bool // the newest revision is the reader's
}

func (p *portal) reviewingWiki(v *visit) (wikiReviewView, error) {
	id, err := v.wikiPageID()
	if err != nil {
		return wikiReviewView{}, err
	}
	x, rev, err := p.c.Wiki.Source(v.ctx(), v.who, id)
	if err != nil {
		return wikiReviewView{}, err
	}
	if err := p.c.Auth.Authorize(v.ctx(), v.who, wiki.Publish, auth.Scope{Area: x.Area, Audience: x.Audience, Author: x.By.User}); err != nil {
		return wikiReviewView{}, err
	}
	if x.Stable == x.Current {
		return wikiReviewView{}, storage.ErrNotFound
	}
	p.learn(v, rev.By)
	view := wikiReviewView{Page: x, Latest: rev, By: p.byline(v, rev.By), Form: fields{Value: map[string]string{}}}
	stable := ""
	if x.Stable > 0 {
		if _, stable, err = p.c.Wiki.Text(v.ctx(), v.who, id, x.Stable); err != nil {
			return view, err
		}
	}
	view.Diff = compared{p.typed(v, stable), p.typed(v, x.Body)}
	return view, nil
}

func (p *portal) wikiReviewPage(v *visit) error {
	view, err := p.reviewingWiki(v)
	if err != nil {
		return err
	}
	return p.show(v, "wikireview", p.t(v, "wiki.review.title"), view)
}

// wikiReview publishes what waits, or declines it. Whoever decides decides on
// the revision that they saw.
func (p *portal) wikiReview(v *visit) error {
	id, err := v.wikiPageID()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(v.field("revision"))
	if err != nil {
		return errMalformed
	}
	if v.field("do") == "publish" {
		if _, err := p.c.Wiki.Publish(v.ctx(), v.who, id, n); err != nil {
			return err
		}
		return p.redirect(v, query(p.url("pages", id), "done", "page_published"))
	}
	x, err := p.c.Wiki.Decline(v.ctx(), v.who, id, n, v.field("why"))
	if err != nil {
		view, verr := p.reviewingWiki(v)
		if verr != nil {
			return verr
		}
		view.Form = ask(v, "why")
		status, err := p.refuse(v, &view.Form, err)
		if err != nil {
			return err
		}
		return p.again(v, status, "wikireview", p.t(v, "wiki.review.title"), view)
	}
	if x.Removal.State != wiki.Visible {
		return p.redirect(v, query(p.url("pages"), "done", "page_declined"))
	}
	return p.redirect(v, query(p.url("pages", id), "done", "page_declined"))
}

func (p *portal) wikiUnhide(v *visit) error {
	id, err := v.wikiPageID()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(v.field("revision"))
	if err != nil {
		return errMalformed
	}
	if err := p.c.Wiki.Unhide(v.ctx(), v.who, id, n, ""); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, query(p.url("pages", id, "history"), "done", "revision_shown"), http.StatusSeeOther)
	return nil
}
