// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"strings"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// draftView is a draft in the list. It shows what its author typed and nothing
// of the place that it is for, which they may no longer read.
type draftView struct {
	Place    string
	Kind     string // "topic", "reply": for a message
	Title    string
	Excerpt  string
	At       time.Time
	Continue string // address of the form; "" when the place is no longer known
}

type draftsView struct {
	Drafts  []draftView
	Pages   []wikiDraft
	Pending pending
}

func (p *portal) drafts(v *visit) error {
	all, err := p.c.Forum.Drafts(v.ctx(), v.who)
	if err != nil {
		return err
	}
	var view draftsView
	for _, d := range all {
		x := draftView{Place: d.Place, Title: d.Title, Excerpt: excerpt(d.Body), At: d.At}
		x.Kind, x.Continue = p.draftPlace(d.Place)
		view.Drafts = append(view.Drafts, x)
	}
	if view.Pages, err = p.wikiDrafts(v); err != nil {
		return err
	}
	if view.Pending, err = p.allPending(v); err != nil {
		return err
	}
	return p.show(v, "drafts", p.t(v, "drafts.title"), view)
}

// draftPlace returns what a draft is of and where it is continued.
func (p *portal) draftPlace(place string) (kind, address string) {
	parts := strings.Split(place, ":")
	switch {
	case len(parts) == 2 && parts[0] == "topic":
		return "topic", p.url("boards", parts[1], "new")
	case len(parts) == 2 && parts[0] == "reply":
		return "reply", p.url("topics", parts[1], "reply")
	case len(parts) == 3 && parts[0] == "reply":
		return "reply", query(p.url("topics", parts[1], "reply"), "parent", parts[2])
	}
	return "reply", ""
}

// excerpt returns how a text begins.
func excerpt(s string) string {
	const most = 160
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func (p *portal) dropDraft(v *visit) error {
	place := v.field("place")
	if place == "" {
		return &storage.Invalid{Field: "place", Code: storage.CodeMissing}
	}
	if err := p.c.Forum.DropDraft(v.ctx(), v.who, place); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("drafts"), "done", "draft_dropped"))
}

// A wikiDraft is a draft of a page, or of a text for one, in the list. Like a
// draftView it shows what its author typed and nothing else.
type wikiDraft struct {
	ID       wiki.DraftID
	Title    string
	Excerpt  string
	At       time.Time
	Continue string // address of the form
}

func (p *portal) wikiDrafts(v *visit) ([]wikiDraft, error) {
	all, err := p.c.Wiki.Drafts(v.ctx(), v.who)
	if kind(auth.ErrDenied)(err) { // in this phase nobody writes pages
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := make([]wikiDraft, len(all))
	for i, d := range all {
		out[i] = wikiDraft{d.ID, d.Title, excerpt(d.Body), d.At, query(p.url("pages/new"), "area", p.area(d.Area).Param(), "draft", d.ID)}
		if !d.Page.IsZero() {
			out[i].Continue = query(p.url("pages", d.Page, "edit"), "draft", d.ID)
		}
	}
	return out, nil
}

func (p *portal) dropWikiDraft(v *visit) error {
	id, err := storage.ParseID[wiki.Draft](v.field("draft"))
	if err != nil {
		return &storage.Invalid{Field: "draft", Code: storage.CodeMissing}
	}
	if err := p.c.Wiki.DropDraft(v.ctx(), v.who, id); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("drafts"), "done", "draft_dropped"))
}
