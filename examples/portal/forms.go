// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"cmp"
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// A form is one in which a member writes: a topic, a reply, an edit. It keeps
// what was typed whatever comes of sending it.
type form struct {
	Title  string // of the page
	Action string // where it is sent
	Back   string // where not sending it leads
	Answer *postView

	HasTitle, HasWhy bool // it has these fields
	Subject          string
	Body             string
	Why              string
	Audience         auth.Audience   // chosen
	Audiences        []auth.Audience // to choose from

	Key     string // one form, one post, however often it is sent
	Version int    // of what is edited

	Place        string // of its draft; "" if it has none
	DraftVersion int    // of the draft that it shows
	DraftAt      time.Time

	Problem string            // why it was not accepted
	SignIn  string            // where to sign in, if that is why
	Errors  map[string]string // by field
	Faults  []fault           // of single fields
	Preview template.HTML
	Theirs  *forum.Draft  // the draft as another tab saved it
	Now     *revisionView // the text as somebody else left it meanwhile
	Diff    compared      // from Now to what was typed
}

// MaxBody is for the hint; the service checks.
func (form) MaxBody() int { return forum.MaxBody }

// typed takes over what was typed.
func (f *form) typed(v *visit) {
	f.Subject, f.Body, f.Why = v.field("title"), v.field("body"), v.field("why")
	f.Key = cmp.Or(v.field("key"), f.Key)
	f.Version, _ = strconv.Atoi(v.field("version")) // 0 is no version: it conflicts
	f.DraftVersion, _ = strconv.Atoi(v.field("draft"))
	if n, err := strconv.Atoi(v.field("audience")); err == nil && 0 < n && n <= int(auth.Public) {
		f.Audience = auth.Audience(n)
	}
}

// resume fills a form with the draft that is kept for its place.
func (p *portal) resume(v *visit, f *form) error {
	if v.me == nil || f.Place == "" {
		return nil
	}
	d, err := p.c.Forum.Draft(v.ctx(), v.who, f.Place)
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, auth.ErrDenied) {
		return nil
	}
	if err != nil {
		return err
	}
	f.Subject, f.Body, f.DraftVersion, f.DraftAt = d.Title, d.Body, d.Version, d.At
	return nil
}

// draftOf returns the place of the draft that goes with what is posted. A
// draft that another tab wrote since is not dropped.
func (p *portal) draftOf(v *visit, f form) string {
	if f.Place == "" || f.DraftVersion == 0 {
		return ""
	}
	if d, err := p.c.Forum.Draft(v.ctx(), v.who, f.Place); err != nil || d.Version != f.DraftVersion {
		return ""
	}
	return f.Place
}

// write shows a form.
func (p *portal) write(v *visit, status int, f form) error {
	return p.render(v, status, "write", page{Title: f.Title, Data: f})
}

// aside does what a form's other buttons ask for; ok is false if it was sent
// to be posted.
func (p *portal) aside(v *visit, f form) (ok bool, err error) {
	switch v.field("do") {
	case "preview":
		f.Preview = p.html(v, p.stored(v, f.Body))
		return true, p.write(v, http.StatusOK, f)
	case "draft":
		return true, p.keep(v, f)
	}
	return false, nil
}

// stored returns a text as it would be kept, for a preview.
func (p *portal) stored(v *visit, body string) string {
	if text, err := storage.Text("body", body, forum.MaxBody); err == nil {
		body = text
	}
	if text, _, err := auth.StoreMentions(v.ctx(), p.c.Accounts, body); err == nil {
		body = text
	}
	return body
}

// keep saves a draft. One that another tab saved meanwhile is shown beside
// what was typed.
func (p *portal) keep(v *visit, f form) error {
	d, err := p.c.Forum.SaveDraft(v.ctx(), v.who, forum.DraftSave{Place: f.Place, Version: f.DraftVersion, Title: f.Subject, Body: f.Body})
	var conflict *storage.Conflict
	if errors.As(err, &conflict) {
		if theirs, ok := conflict.Current.(forum.Draft); ok {
			f.DraftVersion, f.Problem = theirs.Version, p.t(v, "form.gone_draft")
			if theirs.Version > 0 {
				f.Theirs, f.Problem = &theirs, p.t(v, "form.stale_draft")
			}
			return p.write(v, http.StatusConflict, f)
		}
	}
	if err != nil {
		return p.refused(v, f, err)
	}
	if d.Version == 0 { // nothing was typed: there is no draft any more
		return p.redirect(v, query(p.url("drafts"), "done", "draft_dropped"))
	}
	return p.redirect(v, query(p.url("drafts"), "done", "draft"))
}

// refused shows a form again with what was typed and why it was not accepted.
func (p *portal) refused(v *visit, f form, err error) error {
	if !retryable(err) {
		return err
	}
	f.Errors = map[string]string{}
	var invalid *storage.Invalid
	if errors.As(err, &invalid) && (invalid.Field == "title" || invalid.Field == "body" || invalid.Field == "why" || invalid.Field == "audience") {
		f.Errors[invalid.Field] = p.fieldError(v, invalid)
		f.Problem, f.Faults = p.t(v, "form.fix"), []fault{p.fault(v, invalid)}
	} else if f.Problem = p.explain(v, err); v.me == nil {
		f.Problem, f.SignIn = p.t(v, "form.signed_out"), p.signInHere(v)
	}
	retryAfter(v, err)
	status, _ := failure(err)
	return p.write(v, status, f)
}
