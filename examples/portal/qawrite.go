// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"cmp"
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// A qaForm is one in which a member asks, answers, comments, edits or suggests
// an edit. It keeps what was typed whatever comes of sending it.
type qaForm struct {
	Title  string // of the page
	Action string // where it is sent
	Back   string // where not sending it leads
	Form   fields
	About  *qaPost // what it is about

	HasTitle, HasTags, HasWhy, HasPreview bool // it has these fields
	Areas, Audiences                      []choice
	Speaks                                bool // may give the position of the organisation they act for
	Official                              bool
	Rows, Max                             int
	Button                                string

	Key     string // one form, one post, however often it is sent
	Version int    // of what is edited

	SignIn  string // where to sign in, if that is why it was not accepted
	Preview template.HTML
	Asked   bool          // similar questions were looked for
	Similar []questionRow // that were asked before
	Now     *revisionView // the text as somebody else left it meanwhile
	Diff    compared      // from Now to what was typed
}

// typed takes over what was typed.
func (f *qaForm) typed(v *visit) {
	f.Form = ask(v, "title", "body", "tags", "why", "area", "audience")
	f.Key = cmp.Or(v.field("key"), f.Key)
	f.Version, _ = strconv.Atoi(v.field("version")) // 0 is no version: it conflicts
	f.Official = v.field("official") == "1"
}

// tags are those that were typed, between commas.
func (f *qaForm) tags() []string { return commaed(f.Form.Value["tags"]) }

// writeQA shows a form.
func (p *portal) writeQA(v *visit, status int, f qaForm) error {
	return p.render(v, status, "qawrite", page{Title: f.Title, Data: f})
}

// refusedQA shows a form again with what was typed and why it was not accepted.
func (p *portal) refusedQA(v *visit, f qaForm, err error) error {
	status, err := p.refuse(v, &f.Form, err)
	if err != nil {
		return err
	}
	if v.me == nil {
		f.Form.Problem, f.SignIn = p.t(v, "form.signed_out"), p.signInHere(v)
	}
	return p.writeQA(v, status, f)
}

// ---- a question

func (p *portal) askForm(v *visit) qaForm {
	f := qaForm{
		Title: p.t(v, "qa.ask"), Action: p.url("questions/new"), Back: p.url("questions"), Form: fields{Value: map[string]string{}},
		HasTitle: true, HasTags: true, HasPreview: true, Key: uuid.NewString(), Rows: 10, Max: forum.MaxBody, Button: p.t(v, "do.post"),
		Areas: p.areaChoices(p.areasFor(v, qa.Start)),
	}
	f.Audiences = p.audienceChoices(v)
	return f
}

func (p *portal) askPage(v *visit) error {
	f := p.askForm(v)
	if len(f.Areas) == 0 {
		if err := p.c.Auth.Authorize(v.ctx(), v.who, qa.Start, auth.Scope{Area: auth.Commons}); err != nil {
			return err
		}
	}
	return p.writeQA(v, http.StatusOK, f)
}

// askQuestion takes a question. What was asked before is shown once, before it
// is published.
func (p *portal) askQuestion(v *visit) error {
	f := p.askForm(v)
	f.typed(v)
	do := v.field("do")
	if do == "preview" || do != "anyway" && v.me != nil {
		similar, err := p.c.QA.Similar(v.ctx(), v.who, qa.Asking{Title: f.Form.Value["title"], Body: f.Form.Value["body"], Tags: f.tags()})
		if err != nil && !errors.Is(err, auth.ErrDenied) {
			return err
		}
		f.Similar = p.questionRows(v, similar)
	}
	if do == "preview" {
		f.Asked, f.Preview = true, p.html(v, p.stored(v, f.Form.Value["body"]))
		return p.writeQA(v, http.StatusOK, f)
	}
	in := qa.NewQuestion{Key: f.Key, Title: f.Form.Value["title"], Body: f.Form.Value["body"], Tags: f.tags()}
	var err error
	if in.Area, err = areaField(v); err != nil {
		return p.refusedQA(v, f, err)
	}
	if in.Audience, err = audienceField(f.Form); err != nil {
		return p.refusedQA(v, f, err)
	}
	_, title := storage.Line("title", in.Title, qa.MaxTitle)
	_, body := storage.Text("body", in.Body, f.Max)
	if len(f.Similar) > 0 && title == nil && body == nil && len(f.Areas) > 0 {
		f.Asked = true
		return p.writeQA(v, http.StatusOK, f)
	}
	q, err := p.c.QA.Ask(v.ctx(), v.who, in)
	if err != nil {
		return p.refusedQA(v, f, err)
	}
	return p.goToQA(v, qa.Post{Question: q.ID}, postedQA(q.Removal, "asked"))
}

// postedQA names the message for what was written: done, unless it waits.
func postedQA(r qa.Removal, done string) string {
	if r.State == qa.Held {
		return "held"
	}
	return done
}

// ---- an answer

func (p *portal) answerForm(v *visit, q qa.Question) qaForm {
	return qaForm{
		Title: p.t(v, "qa.answer.to", "Question", cmp.Or(q.Title, p.t(v, "qa.untitled"))), Action: p.url("questions", q.ID, "answer"), Back: p.url("questions", q.ID),
		Form: fields{Value: map[string]string{}}, HasPreview: true, Key: uuid.NewString(), Rows: 10, Max: forum.MaxBody, Button: p.t(v, "do.post"),
		Speaks: v.me != nil && !v.who.For.IsZero() && p.may(v, qa.Speak, auth.Scope{Area: q.Area, Audience: q.Audience}),
	}
}

// answering returns the form that answers the question of the address.
func (p *portal) answeringQA(v *visit) (qaForm, qa.Place, error) {
	id, err := v.questionID()
	if err != nil {
		return qaForm{}, qa.Place{}, err
	}
	pl, err := p.c.QA.Look(v.ctx(), v.who, qa.Post{Question: id})
	if err != nil {
		return qaForm{}, pl, err
	}
	f := p.answerForm(v, pl.Question)
	about := p.barePost(v, pl)
	f.About = &about
	return f, pl, nil
}

func (p *portal) answerPage(v *visit) error {
	f, pl, err := p.answeringQA(v)
	if err != nil {
		return err
	}
	if err := p.c.Auth.Authorize(v.ctx(), v.who, qa.Reply, auth.Scope{Area: pl.Question.Area, Audience: pl.Question.Audience}); err != nil {
		return err
	}
	if pl.Question.Closing.Reason != 0 || !pl.Question.MergedInto.IsZero() {
		return qa.ErrClosed
	}
	return p.writeQA(v, http.StatusOK, f)
}

func (p *portal) answer(v *visit) error {
	f, pl, err := p.answeringQA(v)
	if err != nil {
		return err
	}
	f.typed(v)
	if v.field("do") == "preview" {
		f.Preview = p.html(v, p.stored(v, f.Form.Value["body"]))
		return p.writeQA(v, http.StatusOK, f)
	}
	a, err := p.c.QA.Answer(v.ctx(), v.who, qa.NewAnswer{Key: f.Key, Question: pl.Question.ID, Body: f.Form.Value["body"], Official: f.Official})
	if err != nil {
		return p.refusedQA(v, f, err)
	}
	return p.goToQA(v, qa.Post{Question: a.Question, Answer: a.ID}, postedQA(a.Removal, "answered"))
}

// ---- a comment

// commenting returns the form that comments on the post of the address.
func (p *portal) commenting(v *visit) (qaForm, qa.Place, error) {
	pl, err := p.lookQA(v)
	if err != nil {
		return qaForm{}, pl, err
	}
	about := p.barePost(v, pl)
	return qaForm{
		Title: p.t(v, "qa.comment.title"), Action: p.url(about.Path, "comment"), Back: p.url(about.Path), About: &about,
		Form: fields{Value: map[string]string{}}, Key: uuid.NewString(), Rows: 4, Max: qa.MaxComment, Button: p.t(v, "do.comment"),
	}, pl, nil
}

func (p *portal) commentPage(v *visit) error {
	f, pl, err := p.commenting(v)
	if err != nil {
		return err
	}
	if err := p.c.Auth.Authorize(v.ctx(), v.who, qa.Remark, auth.Scope{Area: pl.Question.Area, Audience: pl.Question.Audience}); err != nil {
		return err
	}
	return p.writeQA(v, http.StatusOK, f)
}

func (p *portal) comment(v *visit) error {
	f, pl, err := p.commenting(v)
	if err != nil {
		return err
	}
	f.typed(v)
	c, err := p.c.QA.Comment(v.ctx(), v.who, qa.NewComment{Key: f.Key, Post: f.About.Post, Body: f.Form.Value["body"]})
	if err != nil {
		return p.refusedQA(v, f, err)
	}
	return p.goToQA(v, qa.Post{Question: pl.Question.ID, Answer: pl.Answer.ID, Comment: c.ID}, postedQA(c.Removal, "commented"))
}

// ---- an edit, or a suggestion of one

// rewriting returns the form that changes the text of the post of the address,
// or with propose the one that suggests it.
func (p *portal) rewriting(v *visit, propose bool) (qaForm, qaPost, error) {
	pl, err := p.lookQA(v)
	if err != nil {
		return qaForm{}, qaPost{}, err
	}
	at := postOf(pl)
	e := entryOf(pl)
	x := p.showPost(v, pl.Question, at, e, p.qaRights(v, pl.Question))
	f := qaForm{
		Title: p.t(v, "write.edit"), Action: p.url(x.Path, "edit"), Back: p.url(x.Path), HasWhy: true, HasPreview: true, Version: e.Version,
		Rows: 10, Max: forum.MaxBody, Button: p.t(v, "do.save"), Form: fields{Value: map[string]string{"body": p.typed(v, e.Body)}},
	}
	switch {
	case !at.Comment.IsZero():
		f.Rows, f.Max = 4, qa.MaxComment
	case at.Answer.IsZero():
		f.HasTitle, f.HasTags = true, true
		f.Form.Value["title"], f.Form.Value["tags"] = pl.Question.Title, strings.Join(pl.Question.Tags, ", ")
	}
	if propose {
		f.Title, f.Action, f.Button = p.t(v, "qa.suggest.title"), p.url(x.Path, "suggest"), p.t(v, "do.suggest")
	}
	return f, x, nil
}

func (p *portal) qaEditPage(v *visit) error {
	f, x, err := p.rewriting(v, false)
	switch {
	case err != nil:
		return err
	case notThereQA(x.Removal) != nil:
		return notThereQA(x.Removal)
	case !x.MayEdit && v.me != nil && x.By.User == v.who.User && !x.Post.Comment.IsZero():
		return qa.ErrTooLate
	case !x.MayEdit:
		return p.cannot(v, qa.Amend, false)
	}
	return p.writeQA(v, http.StatusOK, f)
}

// notThereQA says why a post cannot be edited; nil: it can.
func notThereQA(r qa.Removal) error {
	switch r.State {
	case qa.Visible:
		return nil
	case qa.Held:
		return qa.ErrHeld
	}
	return qa.ErrRemoved
}

func (p *portal) qaEdit(v *visit) error {
	f, x, err := p.rewriting(v, false)
	if err != nil {
		return err
	}
	return p.rewrite(v, f, x, false, func(in qa.PostEdit) (string, error) {
		_, err := p.c.QA.Edit(v.ctx(), v.who, in)
		if errors.Is(err, qa.ErrHeld) && x.Removal.State == qa.Visible {
			err = errSettled
		}
		return "edited", err
	})
}

func (p *portal) suggestPage(v *visit) error {
	f, x, err := p.rewriting(v, true)
	switch {
	case err != nil:
		return err
	case notThereQA(x.Removal) != nil:
		return notThereQA(x.Removal)
	case !x.MaySuggest && !x.MayEdit:
		return p.cannot(v, qa.Propose, false)
	}
	return p.writeQA(v, http.StatusOK, f)
}

func (p *portal) suggest(v *visit) error {
	f, x, err := p.rewriting(v, true)
	if err != nil {
		return err
	}
	return p.rewrite(v, f, x, true, func(in qa.PostEdit) (string, error) {
		_, err := p.c.QA.Suggest(v.ctx(), v.who, in)
		return "suggested", err
	})
}

// rewrite takes a text that is to replace that of a post. What somebody else
// made of it meanwhile is shown beside what was typed; sent again, the form
// replaces what it shows.
func (p *portal) rewrite(v *visit, f qaForm, x qaPost, propose bool, do func(qa.PostEdit) (string, error)) error {
	was := f
	f.typed(v)
	if v.field("do") == "preview" {
		f.Preview = p.html(v, p.stored(v, f.Form.Value["body"]))
		return p.writeQA(v, http.StatusOK, f)
	}
	in := qa.PostEdit{Post: x.Post, Version: f.Version, Body: f.Form.Value["body"], Why: f.Form.Value["why"]}
	if f.HasTitle {
		pl, err := p.c.QA.Look(v.ctx(), v.who, x.Post)
		if err != nil {
			return err
		}
		in.Title, in.Tags, in.Themes = f.Form.Value["title"], f.tags(), pl.Question.Themes
	}
	done, err := do(in)
	var conflict *storage.Conflict
	if errors.As(err, &conflict) {
		fresh, _, err := p.rewriting(v, propose) // the version that is there now
		if err != nil {
			return err
		}
		all, err := p.c.QA.Revisions(v.ctx(), v.who, x.Post)
		if err != nil {
			return err
		}
		now := p.qaRevision(v, all[len(all)-1])
		f.Version, f.Now, f.Diff = fresh.Version, &now, compared{now.Body, strings.ReplaceAll(f.Form.Value["body"], "\r\n", "\n")}
		f.Form.Problem = p.t(v, "form.conflict")
		return p.writeQA(v, http.StatusConflict, f)
	}
	if err != nil {
		f.Action = was.Action
		return p.refusedQA(v, f, err)
	}
	return p.goToQA(v, x.Post, done)
}
