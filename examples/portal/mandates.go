// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// A mandateView is a mandate as a list shows it.
type mandateView struct {
	membership.Mandate
	Holder  byline
	OrgName string
	OrgCode string
	State   string
	Ends    bool // it can be ended
}

func (p *portal) mandateViews(v *visit, all []membership.Mandate) ([]mandateView, error) {
	ids := make([]auth.OrgID, len(all))
	users := make([]auth.UserID, len(all))
	for i, m := range all {
		ids[i], users[i] = m.Org, m.User
	}
	orgs, err := p.c.Membership.OrgsByID(v.ctx(), ids)
	if err != nil {
		return nil, err
	}
	p.learn(v, byUsers(users)...)
	now := p.clock.Now()
	out := make([]mandateView, len(all))
	for i, m := range all {
		out[i] = mandateView{
			Mandate: m, Holder: p.byline(v, auth.By{User: m.User}), OrgName: orgs[m.Org].Name, OrgCode: orgs[m.Org].Code,
			State: p.mandateState(v, m, now), Ends: m.Until.IsZero() || now.Before(m.Until),
		}
	}
	return out, nil
}

// mandateState says in a word how a mandate stands.
func (p *portal) mandateState(v *visit, m membership.Mandate, now time.Time) string {
	switch {
	case !m.Until.IsZero() && !now.Before(m.Until):
		return p.t(v, "mandate.over")
	case m.Verified.IsZero():
		return p.t(v, "mandate.claimed")
	case m.Runs(now):
		return p.t(v, "mandate.runs")
	}
	return p.t(v, "mandate.later")
}

// A claimView is the form to say that one acts for an organisation.
type claimView struct {
	Form fields
	Org  orgPicker
}

var claimFields = []string{"words", "org", "title", "until"}

func (p *portal) claimView(v *visit, f fields) (claimView, error) {
	picker, err := p.pickOrg(v, p.url("membership/claim"), f)
	return claimView{f, picker}, err
}

func (p *portal) claimPage(v *visit) error {
	view, err := p.claimView(v, asked(v, claimFields...))
	if err != nil {
		return err
	}
	return p.show(v, "claim", p.t(v, "claim.title"), view)
}

func (p *portal) claim(v *visit) error {
	in := membership.NewMandate{Title: v.field("title")}
	var err error
	if in.Org, err = orgField(v); err == nil && in.Org.IsZero() {
		err = &storage.Invalid{Field: "org", Code: storage.CodeMissing}
	}
	if err == nil {
		in.Until, err = p.lastDay(v, "until")
	}
	if err == nil {
		_, err = p.c.Membership.Claim(v.ctx(), v.who, in)
	}
	if err != nil {
		f := ask(v, claimFields...)
		status, err := p.refuse(v, &f, err)
		if err != nil {
			return err
		}
		view, err := p.claimView(v, f)
		if err != nil {
			return err
		}
		return p.again(v, status, "claim", p.t(v, "claim.title"), view)
	}
	return p.redirect(v, query(p.url("membership"), "done", "claimed"))
}

// endMandate ends the mandate of the address now.
func (p *portal) endMandate(v *visit) error {
	id, err := pathID[membership.Mandate](v, "mandate")
	if err != nil {
		return err
	}
	return p.c.Membership.EndMandate(v.ctx(), v.who, id, time.Time{})
}

// ---- what coordinators do about them

type claimsView struct {
	Claims []mandateView
	Next   storage.Cursor
	First  bool // page
}

func (p *portal) claims(v *visit) error {
	page, err := p.c.Membership.Claims(v.ctx(), v.who, v.cursor(), 0)
	if err != nil {
		return err
	}
	view := claimsView{Next: page.Next, First: v.cursor() == ""}
	if view.Claims, err = p.mandateViews(v, page.Items); err != nil {
		return err
	}
	return p.show(v, "claims", p.t(v, "claims.title"), view)
}

func (p *portal) verifyMandate(v *visit) error {
	id, err := pathID[membership.Mandate](v, "mandate")
	if err != nil {
		return err
	}
	if err := p.c.Membership.Verify(v.ctx(), v.who, id); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("desk/mandates"), "done", "mandate_verified"))
}
