// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// A suggestionRow is a suggestion in a list.
type suggestionRow struct {
	qa.Suggestion
	By    byline
	About string // title of the question that it is below; not in the list of one post
}

// suggestionsView lists suggestions.
type suggestionsView struct {
	Back  string
	Tabs  []tab
	Rows  []suggestionRow
	Here  string
	Next  storage.Cursor
	First bool // page
}

func (p *portal) suggestionRows(v *visit, list []qa.Suggestion) []suggestionRow {
	bys := make([]auth.By, len(list))
	for i, x := range list {
		bys[i] = x.By
	}
	p.learn(v, bys...)
	out := make([]suggestionRow, len(list))
	for i, x := range list {
		out[i] = suggestionRow{Suggestion: x, By: p.byline(v, x.By)}
	}
	return out
}

// suggestions lists the reader's own, or those that they may decide on.
func (p *portal) suggestions(v *visit) error {
	pending := v.r.URL.Query().Get("show") == "pending"
	page, err := p.c.QA.Suggestions(v.ctx(), v.who, qa.SuggestionPage{Mine: !pending, Pending: pending, After: v.cursor()})
	if err != nil {
		return err
	}
	view := suggestionsView{Here: p.url("suggestions"), Rows: p.suggestionRows(v, page.Items), Next: page.Next, First: v.cursor() == ""}
	if pending {
		view.Here = query(view.Here, "show", "pending")
	}
	if len(p.areasFor(v, qa.Moderate)) > 0 {
		view.Tabs = []tab{
			{p.url("suggestions"), p.t(v, "qa.suggestions.mine"), !pending},
			{query(p.url("suggestions"), "show", "pending"), p.t(v, "qa.suggestions.pending"), pending},
		}
	}
	return p.show(v, "suggestions", p.t(v, "qa.suggestions"), view)
}

// suggestionsTo lists those to one post.
func (p *portal) suggestionsTo(v *visit) error {
	if v.me == nil {
		return p.cannot(v, qa.Propose, false)
	}
	at, err := p.qaPost(v)
	if err != nil {
		return err
	}
	page, err := p.c.QA.Suggestions(v.ctx(), v.who, qa.SuggestionPage{Post: at, After: v.cursor()})
	if err != nil {
		return err
	}
	return p.show(v, "suggestions", p.t(v, "qa.suggestions"), suggestionsView{
		Back: p.url(qaPath(at)), Here: p.url(qaPath(at), "suggestions"), Rows: p.suggestionRows(v, page.Items), Next: page.Next, First: v.cursor() == "",
	})
}

// suggestionView is a suggestion beside the text that it was made from.
type suggestionView struct {
	Suggestion         qa.Suggestion
	By, Decided        byline
	Back               string
	Titles, Tags, Diff compared
	Old                bool // the text was edited since
	Form               fields

	MayApprove, MayDecline, MayRetract bool
}

// Pending reports whether nobody has decided yet.
func (x suggestionView) Pending() bool { return x.Suggestion.State == qa.Pending }

func (p *portal) suggestionView(v *visit) (view suggestionView, err error) {
	id, err := pathID[qa.Suggestion](v, "suggestion")
	if err != nil {
		return view, err
	}
	x, err := p.c.QA.Suggestion(v.ctx(), v.who, id)
	if err != nil {
		return view, err
	}
	pl, err := p.c.QA.Look(v.ctx(), v.who, x.Post)
	if err != nil {
		return view, err
	}
	all, err := p.c.QA.Revisions(v.ctx(), v.who, x.Post)
	if err != nil {
		return view, err
	}
	view = suggestionView{
		Suggestion: x, By: p.byline(v, x.By), Decided: p.byline(v, x.Decided), Back: p.url(qaPath(x.Post)), Form: ask(v, "why"),
		Old: entryOf(pl).Text.Revision != x.Base,
	}
	base := all[len(all)-1]
	if i := slices.IndexFunc(all, func(r qa.Revision) bool { return r.N == x.Base }); i >= 0 {
		base = all[i]
	}
	view.Diff = compared{p.typed(v, base.Body), p.typed(v, x.Body)}
	if base.Title != x.Title {
		view.Titles = compared{base.Title, x.Title}
	}
	if !slices.Equal(base.Tags, x.Tags) {
		view.Tags = compared{strings.Join(base.Tags, ", "), strings.Join(x.Tags, ", ")}
	}
	can := p.qaRights(v, pl.Question)
	mine, author := v.me != nil && x.By.User == v.who.User, v.me != nil && entryOf(pl).By.User == v.who.User
	decides := view.Pending() && (author && can.Change || can.Moderate)
	view.MayApprove, view.MayDecline, view.MayRetract = decides && (author || !mine) && !view.Old, decides, view.Pending() && mine && can.Propose
	return view, nil
}

func (p *portal) suggestion(v *visit) error {
	view, err := p.suggestionView(v)
	if err != nil {
		return err
	}
	return p.show(v, "suggestion", p.t(v, "qa.suggestion"), view)
}

func (p *portal) approveSuggestion(v *visit) error {
	return p.decideSuggestion(v, "suggestion_approved", func(ctx context.Context, who auth.Actor, id qa.SuggestionID) error {
		_, err := p.c.QA.Approve(ctx, who, id)
		return err
	})
}

func (p *portal) declineSuggestion(v *visit) error {
	return p.decideSuggestion(v, "suggestion_declined", func(ctx context.Context, who auth.Actor, id qa.SuggestionID) error {
		return p.c.QA.Decline(ctx, who, id, v.field("why"))
	})
}

func (p *portal) retractSuggestion(v *visit) error {
	return p.decideSuggestion(v, "suggestion_retracted", p.c.QA.Retract)
}

// decideSuggestion ends a suggestion. If its text was edited meanwhile, the page
// says so.
func (p *portal) decideSuggestion(v *visit, done string, do func(context.Context, auth.Actor, qa.SuggestionID) error) error {
	id, err := pathID[qa.Suggestion](v, "suggestion")
	if err != nil {
		return err
	}
	err = do(v.ctx(), v.who, id)
	var invalid *storage.Invalid
	var conflict *storage.Conflict
	if errors.As(err, &invalid) || errors.As(err, &conflict) {
		view, verr := p.suggestionView(v)
		if verr != nil {
			return verr
		}
		status, err := p.refuse(v, &view.Form, err)
		if err != nil {
			return err
		}
		if conflict != nil {
			status, view.Form.Problem = http.StatusConflict, p.t(v, "qa.suggestion.old")
		}
		return p.render(v, status, "suggestion", page{Title: p.t(v, "qa.suggestion"), Data: view})
	}
	if err != nil {
		return err
	}
	return p.redirect(v, query(p.url("suggestions", id), "done", done))
}
