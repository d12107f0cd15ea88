// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// A sanctionView is a sanction as pages show it.
type sanctionView struct {
	membership.Sanction
	Person   byline
	Imposer  byline
	Reviewer byline
	Place    string // where it holds
	KindName string
	Holds    bool
	Open     bool // an appeal waits for an answer
	MayAsk   bool // it can be appealed
}

func (p *portal) sanctionViews(v *visit, all []membership.Sanction) []sanctionView {
	var bys []auth.By
	for _, x := range all {
		bys = append(bys, auth.By{User: x.User}, x.By, x.Appeal.By)
	}
	p.learn(v, bys...)
	now := p.clock.Now()
	out := make([]sanctionView, len(all))
	for i, x := range all {
		out[i] = sanctionView{
			Sanction: x, Person: p.byline(v, auth.By{User: x.User}), Imposer: p.byline(v, x.By), Reviewer: p.byline(v, x.Appeal.By),
			Place: p.area(x.Area).Name, KindName: p.kindName(v, x.Kind), Holds: x.Holds(now),
			Open: !x.Appeal.At.IsZero() && x.Appeal.Decided.IsZero(), MayAsk: x.Appeal.At.IsZero() && x.Lifted.IsZero(),
		}
	}
	return out
}

func (p *portal) kindName(v *visit, k membership.SanctionKind) string {
	return p.t(v, fmt.Sprintf("sanction.%d", k))
}

// ---- one's own

// An appealView is a sanction to whoever it is imposed on, with the form to
// ask that somebody else looks at it again.
type appealView struct {
	Sanction sanctionView
	Form     fields
}

// ownSanctionOf returns the sanction of the address if it is the reader's own.
func (p *portal) ownSanctionOf(v *visit) (sanctionView, error) {
	id, err := pathID[membership.Sanction](v, "sanction")
	if err != nil {
		return sanctionView{}, err
	}
	x, err := p.c.Membership.Sanction(v.ctx(), v.who, id)
	if err == nil && x.User != v.who.User {
		err = storage.ErrNotFound
	}
	if err != nil {
		return sanctionView{}, err
	}
	return p.sanctionViews(v, []membership.Sanction{x})[0], nil
}

func (p *portal) ownSanction(v *visit) error {
	x, err := p.ownSanctionOf(v)
	if err != nil {
		return err
	}
	return p.show(v, "appeal", p.t(v, "appeal.title"), appealView{x, ask(v, "text")})
}

func (p *portal) appeal(v *visit) error {
	x, err := p.ownSanctionOf(v)
	if err != nil {
		return err
	}
	if err := p.c.Membership.Appeal(v.ctx(), v.who, x.ID, v.field("text")); err != nil {
		view := appealView{x, ask(v, "text")}
		status, err := p.refuse(v, &view.Form, err)
		if err != nil {
			return err
		}
		return p.again(v, status, "appeal", p.t(v, "appeal.title"), view)
	}
	return p.redirect(v, query(p.url("sanctions", x.ID), "done", "appealed"))
}

// ---- those of others

type sanctionsView struct {
	Appealed  bool // only those with an appeal that waits
	Reviews   bool // the reader may answer appeals
	Restrains bool // and impose sanctions
	Sanctions []sanctionView
	Here      string
	Next      storage.Cursor
	First     bool // page
}

// sanctions lists sanctions, to whoever may restrain somebody somewhere.
func (p *portal) sanctions(v *visit) error {
	view := sanctionsView{
		Appealed: v.r.URL.Query().Get("appealed") == "1", First: v.cursor() == "", Here: p.url("desk/sanctions"),
		Reviews: len(p.areasFor(v, membership.Review)) > 0, Restrains: len(p.areasFor(v, membership.Restrain)) > 0,
	}
	if !view.Restrains && !view.Reviews {
		return p.c.Auth.Authorize(v.ctx(), v.who, membership.Restrain, auth.Scope{Area: auth.Commons})
	}
	if view.Appealed = view.Appealed && view.Reviews; view.Appealed {
		view.Here = query(view.Here, "appealed", "1")
	}
	page, err := p.c.Membership.Sanctions(v.ctx(), v.who, membership.SanctionFilter{Appealed: view.Appealed, After: v.cursor()})
	if err != nil {
		return err
	}
	view.Sanctions, view.Next = p.sanctionViews(v, page.Items), page.Next
	return p.show(v, "sanctions", p.t(v, "sanctions.title"), view)
}

// A restrainView is the form to impose a sanction.
type restrainView struct {
	Form  fields
	Areas []choice
	Kinds []choice
}

var restrainFields = []string{"user", "area", "kind", "why", "until"}

func (p *portal) restrainView(v *visit, f fields) (restrainView, error) {
	areas := p.areasFor(v, membership.Restrain)
	if len(areas) == 0 {
		return restrainView{}, p.c.Auth.Authorize(v.ctx(), v.who, membership.Restrain, auth.Scope{Area: auth.Commons})
	}
	view := restrainView{Form: f, Areas: p.areaChoices(areas)}
	for k := membership.Warning; k <= membership.Suspension; k++ {
		view.Kinds = append(view.Kinds, choice{Value: strconv.Itoa(int(k)), Label: p.kindName(v, k)})
	}
	return view, nil
}

func (p *portal) sanctionForm(v *visit) error {
	view, err := p.restrainView(v, asked(v, restrainFields...))
	if err != nil {
		return err
	}
	return p.show(v, "restrain", p.t(v, "restrain.title"), view)
}

func (p *portal) restrain(v *visit) error {
	view, err := p.restrainView(v, ask(v, restrainFields...))
	if err != nil {
		return err
	}
	x, err := p.imposed(v)
	if err == nil {
		x, err = p.c.Membership.Restrain(v.ctx(), v.who, membership.NewSanction{User: x.User, Area: x.Area, Kind: x.Kind, Why: x.Why, Until: x.Until})
	}
	if err != nil {
		status, err := p.refuse(v, &view.Form, err)
		if err != nil {
			return err
		}
		return p.again(v, status, "restrain", p.t(v, "restrain.title"), view)
	}
	return p.redirect(v, query(p.url("desk/sanctions", x.ID), "done", "restrained"))
}

// imposed reads the form of a sanction.
func (p *portal) imposed(v *visit) (x membership.Sanction, err error) {
	x.Why = v.field("why")
	if x.User, err = p.userNamed(v, "user"); err != nil {
		return x, err
	}
	if x.Area, err = areaField(v); err != nil {
		return x, err
	}
	kind, err := strconv.ParseUint(v.field("kind"), 10, 8)
	if err != nil {
		return x, &storage.Invalid{Field: "kind", Code: storage.CodeUnknown}
	}
	x.Kind = membership.SanctionKind(kind)
	x.Until, err = p.lastDay(v, "until")
	return x, err
}

// A reviewView is a sanction of somebody else, with what can be done about it.
type reviewView struct {
	Sanction sanctionView
	MayLift  bool
	MayJudge bool // the appeal
	Form     fields
	Answers  []choice
}

func (p *portal) reviewView(v *visit, f fields) (reviewView, error) {
	id, err := pathID[membership.Sanction](v, "id")
	if err != nil {
		return reviewView{}, err
	}
	x, err := p.c.Membership.Sanction(v.ctx(), v.who, id)
	if err == nil && x.User == v.who.User { // has a page of its own
		err = storage.ErrNotFound
	}
	if err != nil {
		return reviewView{}, err
	}
	at := auth.Scope{Area: x.Area}
	view := reviewView{Sanction: p.sanctionViews(v, []membership.Sanction{x})[0], Form: f, Answers: []choice{
		{Value: "", Label: p.t(v, "choose")}, {Value: "upheld", Label: p.t(v, "review.upheld")}, {Value: "lifted", Label: p.t(v, "review.lifted")},
	}}
	above, err := p.isAbove(v, x)
	if err != nil {
		return reviewView{}, err
	}
	view.MayLift = view.Sanction.Holds && !above && p.may(v, membership.Restrain, at)
	view.MayJudge = view.Sanction.Open && x.By.User != v.who.User && p.may(v, membership.Review, at)
	return view, nil
}

// isAbove reports whether a sanction was imposed by somebody whom whoever asks is
// below, and whose decision they do not undo.
func (p *portal) isAbove(v *visit, x membership.Sanction) (bool, error) {
	by, err := p.c.Membership.Standing(v.ctx(), x.By.User)
	rank := func(st membership.Standing) auth.Role {
		if st.Member.Role == auth.Coordinator {
			return auth.Coordinator
		}
		return st.RoleIn(x.Area)
	}
	return rank(by) > rank(v.me.Standing), err
}

func (p *portal) sanction(v *visit) error {
	view, err := p.reviewView(v, ask(v, "answer", "why"))
	if err != nil {
		return err
	}
	return p.show(v, "sanction", p.t(v, "sanction.title"), view)
}

// review answers the appeal against a sanction.
func (p *portal) review(v *visit) error {
	id, err := pathID[membership.Sanction](v, "id")
	if err != nil {
		return err
	}
	answer := v.field("answer")
	if answer != "upheld" && answer != "lifted" {
		err = &storage.Invalid{Field: "answer", Code: storage.CodeMissing}
	} else {
		err = p.c.Membership.Review(v.ctx(), v.who, membership.Answer{Sanction: id, Upheld: answer == "upheld", Why: v.field("why")})
	}
	if err == nil {
		return p.redirect(v, query(p.url("desk/sanctions", id), "done", "reviewed"))
	}
	f := ask(v, "answer", "why")
	status, err2 := p.refuse(v, &f, err)
	if err2 != nil {
		return err2
	}
	view, err2 := p.reviewView(v, f)
	if err2 != nil {
		return err2
	}
	if errors.Is(err, storage.ErrConflict) {
		view.Form.Problem, status = p.t(v, "review.gone", "Name", view.Sanction.Reviewer.Name), http.StatusConflict
	}
	return p.again(v, status, "sanction", p.t(v, "sanction.title"), view)
}

func (p *portal) lift(v *visit) error {
	id, err := pathID[membership.Sanction](v, "id")
	if err != nil {
		return err
	}
	if err := p.c.Membership.Lift(v.ctx(), v.who, id); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("desk/sanctions", id), "done", "lifted"))
}
