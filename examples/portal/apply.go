// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// A joinView says who may come in, and has the form to ask for it.
type joinView struct {
	Phase      membership.InForce
	Admits     []admits
	Member     bool // whoever asks is one
	Waits      bool // their application does
	Form       fields
	Categories []choice
	Org        orgPicker
}

// admits says how a category comes in now, and when there will be more.
type admits struct {
	Category membership.Category
	How      membership.Admission
	More     bool      // a later phase admits it in more ways
	Opens    time.Time // when, if that is known
}

var joinFields = []string{"category", "words", "org", "title", "text"}

func (p *portal) joinView(v *visit, f fields) (joinView, error) {
	view := joinView{Form: f}
	var err error
	if view.Phase, err = p.c.Membership.Phase(v.ctx()); err != nil {
		return view, err
	}
	plan := p.c.Membership.Plan()
	for _, c := range categories {
		x := admits{Category: c, How: plan[view.Phase.Phase].Admits[c]}
		wider := func(ph membership.Phase) bool { return ph.Admits[c] > x.How }
		x.More = slices.ContainsFunc(plan[view.Phase.Phase+1:], wider)
		x.Opens = plan.Opens(view.Phase.Phase, p.clock.Now(), wider)
		view.Admits = append(view.Admits, x)
	}
	if v.me == nil {
		return view, nil
	}
	view.Member, view.Waits = v.me.isMember(), !v.me.Standing.Waiting.ID.IsZero()
	if view.Categories, err = p.categoryChoices(v, p.t(v, "choose")); err != nil {
		return view, err
	}
	view.Org, err = p.pickOrg(v, p.url("join"), f)
	return view, err
}

func (p *portal) joinPage(v *visit) error {
	view, err := p.joinView(v, asked(v, joinFields...))
	if err != nil {
		return err
	}
	return p.show(v, "join", p.t(v, "join.title"), view)
}

// join asks for whoever is signed in to be admitted.
func (p *portal) join(v *visit) error {
	org, err := orgField(v)
	var a membership.Asked
	if err == nil {
		a, err = p.c.Membership.Apply(v.ctx(), v.who, membership.NewApplication{
			Category: membership.Category(v.field("category")), Org: org, Title: v.field("title"), Text: v.field("text"),
		})
	}
	if errors.Is(err, storage.ErrExists) {
		err = errWaiting
	}
	if err != nil {
		f := ask(v, joinFields...)
		status, err := p.refuse(v, &f, err)
		if err != nil {
			return err
		}
		view, err := p.joinView(v, f)
		if err != nil {
			return err
		}
		return p.again(v, status, "join", p.t(v, "join.title"), view)
	}
	done := "applied"
	if a.State == membership.Approved {
		done = "joined"
	}
	return p.redirect(v, query(p.url("membership"), "done", done))
}

// ---- one's own membership

// A membershipView is what somebody is in the community, to themselves.
type membershipView struct {
	Member    membership.Member // zero: none
	Org       string
	Asked     membership.Asked // the last application; zero: none
	AskedOrg  string
	State     string // of Asked, in words
	Mandates  []mandateView
	Sanctions []sanctionView
	MayInvite bool
}

// Active, Away and Left are for the template.
func (x membershipView) Active() bool { return x.Member.State == membership.Active }

// Away reports whether they are away for a while.
func (x membershipView) Away() bool { return x.Member.State == membership.Away }

// Applies reports whether their last application matters still: it waits, or
// it did not make them a member.
func (x membershipView) Applies() bool {
	return !x.Asked.ID.IsZero() && (x.Asked.State != membership.Approved || x.Asked.Why != "")
}

func (p *portal) membership(v *visit) error {
	var view membershipView
	var err error
	m := p.c.Membership
	if view.Member, err = m.Me(v.ctx(), v.who); err != nil && !errors.Is(err, membership.ErrNotMember) {
		return err
	}
	if view.Asked, err = m.Mine(v.ctx(), v.who); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	mandates, err := m.Mandates(v.ctx(), v.who, v.who.User)
	if err != nil {
		return err
	}
	if view.Mandates, err = p.mandateViews(v, mandates); err != nil {
		return err
	}
	sanctions, err := m.Sanctions(v.ctx(), v.who, membership.SanctionFilter{User: v.who.User, Limit: storage.MaxLimit})
	if err != nil {
		return err
	}
	view.Sanctions = p.sanctionViews(v, sanctions.Items)
	view.Org, view.AskedOrg = p.orgName(v, view.Member.Org), p.orgName(v, view.Asked.Org)
	view.State = p.stateName(v, view.Asked.State)
	view.MayInvite = p.mayInvite(v)
	return p.show(v, "membership", p.t(v, "membership.title"), view)
}

// stateName says where an application stands.
func (p *portal) stateName(v *visit, s membership.AppState) string {
	if s == 0 {
		return ""
	}
	return p.t(v, fmt.Sprintf("appstate.%d", s))
}

// ---- what is asked once more before it is done

// A confirmation is a page that asks whether something is really to be done.
// Its messages are KEY.title, KEY.intro and KEY.button.
type confirmation struct {
	key  string
	back string // page
	done string
	need auth.Action // in the commons, to be asked at all; empty: the service decides
	do   func(v *visit) error
}

func (p *portal) confirmForm(v *visit, c confirmation) plainForm {
	return plainForm{
		Title: p.t(v, c.key+".title"), Intro: p.t(v, c.key+".intro"), Button: p.t(v, c.key+".button"),
		Action: v.r.URL.Path, Back: p.url(c.back),
	}
}

func (p *portal) confirmPage(c confirmation) func(*visit) error {
	return func(v *visit) error { return p.plainPage(v, p.confirmForm(v, c)) }
}

func (p *portal) confirmed(c confirmation) func(*visit) error {
	return func(v *visit) error {
		if err := c.do(v); err != nil {
			return err
		}
		return p.redirect(v, query(p.url(c.back), "done", c.done))
	}
}

// confirmations are by address.
func (p *portal) confirmations() map[string]confirmation {
	m := p.c.Membership
	return map[string]confirmation{
		"membership/leave": {"leave", "membership", "left", "", func(v *visit) error { return m.Leave(v.ctx(), v.who) }},
		"membership/pause": {"pause", "membership", "paused", "", func(v *visit) error { return m.Deactivate(v.ctx(), v.who) }},
		"membership/withdraw": {"withdraw", "membership", "withdrawn", "", func(v *visit) error {
			a, err := m.Mine(v.ctx(), v.who)
			if err != nil {
				return err
			}
			return m.Withdraw(v.ctx(), v.who, a.ID)
		}},
		"membership/mandates/{mandate}/end": {"mandate_end", "membership", "mandate_ended", "", p.endMandate},
		"invitations/{invitation}/revoke": {"uninvite", "invitations", "uninvited", "", func(v *visit) error {
			id, err := pathID[membership.Invitation](v, "invitation")
			if err != nil {
				return err
			}
			return m.Revoke(v.ctx(), v.who, id)
		}},
		"desk/mandates/{mandate}/end": {"mandate_refuse", "desk/mandates", "mandate_ended", membership.Decide, p.endMandate},
	}
}

func (p *portal) comeBack(v *visit) error {
	if err := p.c.Membership.ComeBack(v.ctx(), v.who); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("membership"), "done", "came_back"))
}
