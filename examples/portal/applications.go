// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// An applicationView is an application as the desk shows it.
type applicationView struct {
	membership.Asked
	Applicant byline
	Decider   byline
	Body      membership.Org
	StateName string
}

func (p *portal) applicationViews(v *visit, all ...membership.Asked) ([]applicationView, error) {
	ids := make([]auth.OrgID, len(all))
	var bys []auth.By
	for i, a := range all {
		ids[i] = a.Org
		bys = append(bys, auth.By{User: a.User}, a.By)
	}
	orgs, err := p.c.Membership.OrgsByID(v.ctx(), ids)
	if err != nil {
		return nil, err
	}
	p.learn(v, bys...)
	out := make([]applicationView, len(all))
	for i, a := range all {
		out[i] = applicationView{Asked: a, Applicant: p.byline(v, auth.By{User: a.User}), Body: orgs[a.Org], StateName: p.stateName(v, a.State)}
		if !a.By.User.IsZero() {
			out[i].Decider = p.byline(v, a.By)
		}
	}
	return out, nil
}

// An applicationsView lists applications: of those that wait, first the ones
// that can be decided, then the ones that wait for a phase.
type applicationsView struct {
	Form       fields
	States     []choice
	Categories []choice
	Waiting    bool // all those that wait are listed
	Early      int  // how many wait for a phase, where those are listed that can be decided
	Decidable  []applicationView
	Later      []applicationView
	Others     []applicationView
	Here       string
	Next       storage.Cursor
	First      bool // page
}

func (p *portal) applications(v *visit) error {
	view := applicationsView{Form: asked(v, "state", "category"), First: v.cursor() == ""}
	if view.Form.Value["state"] == "" {
		view.Form.Value["state"] = decidableNow
	}
	filter := membership.ApplicationFilter{Category: membership.Category(view.Form.Value["category"]), After: v.cursor(), Limit: storage.MaxLimit}
	if filter.Decidable = view.Form.Value["state"] == decidableNow; !filter.Decidable {
		state, err := strconv.ParseUint(view.Form.Value["state"], 10, 8)
		if err != nil || state > uint64(membership.Expired) {
			return errMalformed
		}
		filter.State = membership.AppState(state)
	}
	view.States = append(view.States, choice{Value: decidableNow, Label: p.t(v, "applications.decidable")})
	for s := membership.Applied; s <= membership.Expired; s++ {
		view.States = append(view.States, choice{Value: strconv.Itoa(int(s)), Label: p.stateName(v, s)})
	}
	view.States = append(view.States, choice{Value: "0", Label: p.t(v, "applications.all")})
	view.Categories = append(view.Categories, choice{Value: "", Label: p.t(v, "category.all")})
	for _, c := range categories {
		view.Categories = append(view.Categories, choice{Value: string(c), Label: p.categoryName(v, c)})
	}
	page, err := p.c.Membership.Applications(v.ctx(), v.who, filter)
	if err != nil {
		return err
	}
	all, err := p.applicationViews(v, page.Items...)
	if err != nil {
		return err
	}
	if filter.Decidable {
		waits, err := p.c.Membership.Waits(v.ctx(), v.who)
		if err != nil {
			return err
		}
		view.Early = waits.Early
	}
	view.Waiting = filter.State == membership.Applied
	for _, a := range all {
		switch {
		case a.Decidable:
			view.Decidable = append(view.Decidable, a)
		case a.State == membership.Applied:
			view.Later = append(view.Later, a)
		default:
			view.Others = append(view.Others, a)
		}
	}
	view.Next = page.Next
	view.Here = query(p.url("desk/applications"), "state", view.Form.Value["state"], "category", view.Form.Value["category"])
	return p.show(v, "applications", p.t(v, "applications.title"), view)
}

// A decisionView is one application, with the form to decide it.
type decisionView struct {
	App        applicationView
	Mandates   []mandateView // of the applicant
	Own        bool          // the reader's own: somebody else decides
	Form       fields
	Categories []choice
}

// decidableNow is the value of the parameter state for what waits and can be
// decided.
const decidableNow = "now"

var decisionFields = []string{"category", "until", "why"}

func (p *portal) decisionView(v *visit, f fields) (decisionView, error) {
	id, err := pathID[membership.Application](v, "application")
	if err != nil {
		return decisionView{}, err
	}
	a, err := p.c.Membership.Application(v.ctx(), v.who, id)
	if err != nil {
		return decisionView{}, err
	}
	views, err := p.applicationViews(v, a)
	if err != nil {
		return decisionView{}, err
	}
	view := decisionView{App: views[0], Own: a.User == v.who.User, Form: f}
	mandates, err := p.c.Membership.Mandates(v.ctx(), v.who, a.User)
	if err != nil {
		return view, err
	}
	if view.Mandates, err = p.mandateViews(v, mandates); err != nil {
		return view, err
	}
	view.Categories, err = p.categoryChoices(v, p.t(v, "decision.as_asked", "Category", p.categoryName(v, a.Category)))
	return view, err
}

func (p *portal) application(v *visit) error {
	view, err := p.decisionView(v, ask(v, decisionFields...))
	if err != nil {
		return err
	}
	return p.show(v, "application", p.t(v, "application.title"), view)
}

// decide approves or declines an application. Whoever comes second is told how
// it was decided.
func (p *portal) decide(v *visit) error {
	id, err := pathID[membership.Application](v, "application")
	if err != nil {
		return err
	}
	in := membership.Decision{
		Application: id, Approve: v.field("do") == "approve", Category: membership.Category(v.field("category")), Why: v.field("why"),
	}
	if !in.Approve && v.field("do") != "decline" {
		return errMalformed
	}
	var decided membership.Application
	if in.Until, err = p.lastDay(v, "until"); err == nil {
		decided, err = p.c.Membership.Decide(v.ctx(), v.who, in)
	}
	if err == nil {
		p.sendDecision(v, decided)
		done := "declined"
		if in.Approve {
			done = "approved"
		}
		return p.redirect(v, query(p.url("desk/applications"), "done", done))
	}
	f := ask(v, decisionFields...)
	status, err2 := p.refuse(v, &f, err)
	if err2 != nil {
		return err2
	}
	view, err2 := p.decisionView(v, f)
	if err2 != nil {
		return err2
	}
	if errors.Is(err, storage.ErrConflict) {
		view.Form.Problem = p.t(v, "application.gone", "Name", view.App.Decider.Name, "State", view.App.StateName)
		if view.App.Decider.Name == "" {
			view.Form.Problem = p.t(v, "application.gone.itself", "State", view.App.StateName)
		}
		status = http.StatusConflict
	}
	return p.again(v, status, "application", p.t(v, "application.title"), view)
}

func (p *portal) categoryName(v *visit, c membership.Category) string {
	return p.t(v, "category."+string(c))
}

func (p *portal) admissionName(v *visit, a membership.Admission) string {
	return p.t(v, fmt.Sprintf("admission.%d", a))
}

// orgName returns the name of an organisation; empty: there is none.
func (p *portal) orgName(v *visit, id auth.OrgID) string {
	if id.IsZero() {
		return ""
	}
	p.learn(v, auth.By{For: id})
	return v.names.orgs[id]
}

// over reports whether an instant has been. The zero one never comes.
func (p *portal) over(at time.Time) bool { return !at.IsZero() && !p.clock.Now().Before(at) }
