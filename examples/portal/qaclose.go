// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// A deedView is a form of a few fields that does something to a question.
type deedView struct {
	About  string // title of the question
	Intro  string
	Action string // where it is sent
	Back   string // where not sending it leads
	Button string
	Form   fields
	Inputs []input
}

// deed makes the form of the question of the address.
func (p *portal) deed(v *visit, name string, names ...string) (deedView, qa.Question, error) {
	id, err := v.questionID()
	if err != nil {
		return deedView{}, qa.Question{}, err
	}
	pl, err := p.c.QA.Look(v.ctx(), v.who, qa.Post{Question: id})
	if err != nil {
		return deedView{}, qa.Question{}, err
	}
	return deedView{
		About: cmp.Or(pl.Question.Title, p.t(v, "qa.untitled")), Intro: p.t(v, "qa."+name+".intro"), Action: p.url("questions", id, name), Back: p.url("questions", id),
		Button: p.t(v, "qa."+name+".title"), Form: ask(v, names...),
	}, pl.Question, nil
}

// field adds a field to the form, as newInput does.
func (x *deedView) field(name, label string, pairs ...any) error {
	in, err := newInput(x.Form, name, label, pairs...)
	x.Inputs = append(x.Inputs, in)
	return err
}

// showDeed shows the form, with its fields as fill makes them.
func (p *portal) showDeed(v *visit, status int, view deedView, fill func(*deedView) error) error {
	if err := fill(&view); err != nil {
		return err
	}
	return p.render(v, status, "deed", page{Title: view.Button, Data: view})
}

// refusedDeed shows the form again with why it was not accepted.
func (p *portal) refusedDeed(v *visit, view deedView, err error, fill func(*deedView) error) error {
	status, err := p.refuse(v, &view.Form, err)
	if err != nil {
		return err
	}
	return p.showDeed(v, status, view, fill)
}

// ---- closing

var closeFields = []string{"reason", "of", "why"}

func (p *portal) fillClose(v *visit) func(*deedView) error {
	choices := []choice{{Label: p.t(v, "field.choose")}}
	for r := qa.Duplicate; r <= qa.Obsolete; r++ {
		choices = append(choices, choice{Value: strconv.Itoa(int(r)), Label: p.say(v.lang, "qa.reason."+strconv.Itoa(int(r)), nil)})
	}
	return func(x *deedView) error {
		return cmp.Or(
			x.field("reason", p.t(v, "field.reason"), "choices", choices, "required", true),
			x.field("of", p.t(v, "field.of"), "hint", p.t(v, "field.of.hint")),
			x.field("why", p.t(v, "field.why")),
		)
	}
}

func (p *portal) closePage(v *visit) error {
	view, q, err := p.deed(v, "close", closeFields...)
	if err != nil {
		return err
	}
	if can := p.qaRights(v, q); !can.Moderate && (q.By.User != v.who.User || !can.Change) {
		return p.cannot(v, qa.Amend, false)
	}
	if err := notThereQA(q.Removal); err != nil {
		return err
	}
	return p.showDeed(v, http.StatusOK, view, p.fillClose(v))
}

func (p *portal) closeQuestion(v *visit) error {
	view, q, err := p.deed(v, "close", closeFields...)
	if err != nil {
		return err
	}
	reason, _ := strconv.ParseUint(view.Form.Value["reason"], 10, 8) // 0 is no reason
	in := qa.Closure{Question: q.ID, Reason: qa.Reason(reason), Why: view.Form.Value["why"]}
	if in.Reason == qa.Duplicate {
		in.Of, err = p.otherQuestion(view.Form.Value["of"], "of")
	}
	if err == nil {
		err = p.c.QA.Close(v.ctx(), v.who, in)
	}
	if err != nil {
		return p.refusedDeed(v, view, err, p.fillClose(v))
	}
	return p.goToQA(v, qa.Post{Question: q.ID}, "closed")
}

// otherQuestion reads which question is meant by an address or an id.
func (p *portal) otherQuestion(typed, field string) (qa.QuestionID, error) {
	if strings.TrimSpace(typed) == "" {
		return qa.QuestionID{}, &storage.Invalid{Field: field, Code: storage.CodeMissing}
	}
	id, err := storage.ParseID[qa.Question](uuidIn.FindString(typed))
	if err != nil {
		return id, &storage.Invalid{Field: field, Code: storage.CodeUnknown}
	}
	return id, nil
}

func (p *portal) reopen(v *visit) error {
	id, err := v.questionID()
	if err != nil {
		return err
	}
	if err := p.c.QA.Reopen(v.ctx(), v.who, id, ""); err != nil {
		return err
	}
	return p.goToQA(v, qa.Post{Question: id}, "reopened")
}

// checked says that somebody has looked at a question since its topic changed.
func (p *portal) checked(v *visit) error {
	id, err := v.questionID()
	if err != nil {
		return err
	}
	if err := p.c.QA.Checked(v.ctx(), v.who, id); err != nil {
		return err
	}
	return p.goToQA(v, qa.Post{Question: id}, "checked")
}

// ---- merging

var mergeFields = []string{"into", "why"}

func (p *portal) fillMerge(v *visit) func(*deedView) error {
	return func(x *deedView) error {
		return cmp.Or(
			x.field("into", p.t(v, "field.other"), "required", true, "hint", p.t(v, "field.into.hint")),
			x.field("why", p.t(v, "field.why")),
		)
	}
}

func (p *portal) mergeQuestionPage(v *visit) error {
	view, q, err := p.deed(v, "merge", mergeFields...)
	if err != nil {
		return err
	}
	if err := p.c.Auth.Authorize(v.ctx(), v.who, qa.Moderate, auth.Scope{Area: q.Area, Audience: q.Audience}); err != nil {
		return err
	}
	if err := notThereQA(q.Removal); err != nil {
		return err
	}
	return p.showDeed(v, http.StatusOK, view, p.fillMerge(v))
}

func (p *portal) mergeQuestion(v *visit) error {
	view, q, err := p.deed(v, "merge", mergeFields...)
	if err != nil {
		return err
	}
	into, err := p.otherQuestion(view.Form.Value["into"], "into")
	if err == nil {
		err = p.c.QA.Merge(v.ctx(), v.who, qa.Merge{From: q.ID, Into: into, Why: view.Form.Value["why"]})
	}
	var invalid *storage.Invalid
	if errors.As(err, &invalid) && invalid.Field == "audience" {
		err = &storage.Invalid{Field: "into", Code: "promise"} // it would be shown to more people
	}
	if err != nil {
		return p.refusedDeed(v, view, err, p.fillMerge(v))
	}
	return p.goToQA(v, qa.Post{Question: q.ID}, "questions_merged")
}

// ---- the delegate

func (p *portal) fillDelegate(v *visit) func(*deedView) error {
	return func(x *deedView) error {
		return x.field("delegate", p.t(v, "field.delegate"), "hint", p.t(v, "field.delegate.hint"))
	}
}

func (p *portal) delegatePage(v *visit) error {
	view, q, err := p.deed(v, "delegate", "delegate")
	if err != nil {
		return err
	}
	if v.me == nil || q.By.User != v.who.User {
		return p.cannot(v, qa.Settle, false)
	}
	if !q.Delegate.IsZero() {
		names, err := p.c.Accounts.Names(v.ctx(), []auth.UserID{q.Delegate})
		if err != nil {
			return err
		}
		view.Form.Value["delegate"] = names[q.Delegate]
	}
	return p.showDeed(v, http.StatusOK, view, p.fillDelegate(v))
}

func (p *portal) delegate(v *visit) error {
	view, q, err := p.deed(v, "delegate", "delegate")
	if err != nil {
		return err
	}
	if v.me == nil || q.By.User != v.who.User { // nobody else learns who has a name
		return p.cannot(v, qa.Settle, false)
	}
	var to auth.UserID
	if name := strings.TrimPrefix(strings.TrimSpace(view.Form.Value["delegate"]), "@"); name != "" {
		found, nerr := p.c.Accounts.Named(v.ctx(), []string{name})
		if nerr != nil {
			return nerr
		}
		if to = found[name]; to.IsZero() {
			err = &storage.Invalid{Field: "delegate", Code: storage.CodeUnknown}
		}
	}
	if err == nil {
		err = p.c.QA.SetDelegate(v.ctx(), v.who, q.ID, to)
	}
	if err != nil {
		return p.refusedDeed(v, view, err, p.fillDelegate(v))
	}
	return p.goToQA(v, qa.Post{Question: q.ID}, "delegated")
}
