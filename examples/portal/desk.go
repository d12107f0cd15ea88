// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// memberPages are the pages about who belongs to the community.
func (p *portal) memberPages() map[string]func(*visit) error {
	pages := map[string]func(*visit) error{
		"GET join":           p.joinPage,
		"GET invited":        discreet(p.invitedPage),
		"POST invited":       discreet(p.mine(p.redeem)),
		"GET members/{user}": p.member,
	}
	for pattern, page := range map[string]func(*visit) error{
		"POST join":                    p.join,
		"GET membership":               p.membership,
		"POST membership/back":         p.comeBack,
		"GET membership/profile":       p.profilePage,
		"POST membership/profile":      p.editProfile,
		"GET membership/claim":         p.claimPage,
		"POST membership/claim":        p.claim,
		"GET sanctions/{sanction}":     p.ownSanction,
		"POST sanctions/{sanction}":    p.appeal,
		"GET members":                  p.members,
		"GET invitations":              p.invitations,
		"GET invitations/new":          p.invitePage,
		"POST invitations/new":         p.invite,
		"GET invitations/many":         p.inviteManyPage,
		"POST invitations/many":        p.inviteMany,
		"GET desk":                     p.desk,
		"GET desk/waiting":             p.onlyIn(forum.Moderate, p.waiting),
		"GET desk/sanctions":           p.sanctions,
		"GET desk/sanctions/new":       p.sanctionForm,
		"POST desk/sanctions/new":      p.restrain,
		"GET desk/sanctions/{id}":      p.sanction,
		"POST desk/sanctions/{id}":     p.review,
		"POST desk/sanctions/{id}/end": p.lift,
	} {
		pages[pattern] = p.mine(page)
	}
	for do, some := range map[auth.Action]map[string]func(*visit) error{
		membership.Decide: {
			"GET desk/applications":                  p.applications,
			"GET desk/applications/{application}":    p.application,
			"POST desk/applications/{application}":   p.decide,
			"GET desk/mandates":                      p.claims,
			"POST desk/mandates/{mandate}/verify":    p.verifyMandate,
			"GET desk/organisations":                 p.orgs,
			"GET desk/organisations/new":             p.newOrgPage,
			"POST desk/organisations/new":            p.addOrg,
			"GET desk/organisations/{organisation}":  p.orgPage,
			"POST desk/organisations/{organisation}": p.editOrg,
		},
		membership.Steer: {
			"GET desk/phases":          p.turns,
			"GET desk/phases/{phase}":  p.simulation,
			"POST desk/phases/{phase}": p.turn,
		},
	} {
		for pattern, page := range some {
			pages[pattern] = p.mine(p.only(do, page))
		}
	}
	pages["GET desk/roles"] = p.mine(p.onlyIn(membership.Grant, p.roles))
	pages["POST desk/roles"] = p.mine(p.onlyIn(membership.Grant, p.grant))
	for address, c := range p.confirmations() {
		ask, do := p.confirmPage(c), p.confirmed(c)
		if c.need != "" {
			ask, do = p.only(c.need, ask), p.only(c.need, do)
		}
		pages["GET "+address], pages["POST "+address] = p.mine(ask), p.mine(do)
	}
	return pages
}

// only is a page for those who may do something in the commons. Others are
// refused before anything is looked for.
func (p *portal) only(do auth.Action, page func(*visit) error) func(*visit) error {
	return func(v *visit) error {
		if err := p.c.Auth.Authorize(v.ctx(), v.who, do, auth.Scope{Area: auth.Commons}); err != nil {
			return err
		}
		return page(v)
	}
}

// onlyIn is a page for those who may do something in some area.
func (p *portal) onlyIn(do auth.Action, page func(*visit) error) func(*visit) error {
	return func(v *visit) error {
		if len(p.areasFor(v, do)) == 0 {
			return p.c.Auth.Authorize(v.ctx(), v.who, do, auth.Scope{Area: auth.Commons})
		}
		return page(v)
	}
}

// areasFor returns the areas in which whoever asks may do something.
func (p *portal) areasFor(v *visit, do auth.Action) []area {
	var out []area
	for _, a := range p.areas {
		if p.may(v, do, auth.Scope{Area: a.ID}) {
			out = append(out, a)
		}
	}
	return out
}

func (p *portal) areaChoices(areas []area) []choice {
	out := make([]choice, len(areas))
	for i, a := range areas {
		out[i] = choice{Value: a.ID.String(), Label: a.Name}
	}
	return out
}

// areaField returns the area that was chosen in a form.
func areaField(v *visit) (auth.AreaID, error) {
	id, err := storage.ParseID[auth.Area](v.field("area"))
	if err != nil {
		return id, &storage.Invalid{Field: "area", Code: storage.CodeUnknown}
	}
	return id, nil
}

// A deskView is what there is to do for whoever keeps the community in order.
type deskView struct {
	Moderates, Decides, Restrains, Reviews, Steers, Grants, Invites bool

	Waiting, Claims, Appeals counted
	Applications             membership.Waits
}

// counted is how many there are, up to a page of them.
type counted struct {
	N    int
	More bool
}

// decides reports whether whoever asks may decide on members.
func (p *portal) decides(v *visit) bool {
	return p.may(v, membership.Decide, auth.Scope{Area: auth.Commons})
}

// deskView says what whoever asks may do there, without what there is to do;
// zero: nothing.
func (p *portal) deskView(v *visit) deskView {
	commons := auth.Scope{Area: auth.Commons}
	return deskView{
		Decides: p.decides(v), Steers: p.may(v, membership.Steer, commons), Invites: p.mayInvite(v),
		Restrains: len(p.areasFor(v, membership.Restrain)) > 0, Reviews: len(p.areasFor(v, membership.Review)) > 0,
		Grants: len(p.areasFor(v, membership.Grant)) > 0, Moderates: len(p.areasFor(v, forum.Moderate)) > 0,
	}
}

func (p *portal) desk(v *visit) error {
	view := p.deskView(v)
	if view == (deskView{}) {
		return p.c.Auth.Authorize(v.ctx(), v.who, membership.Decide, auth.Scope{Area: auth.Commons})
	}
	if view.Moderates {
		var err error
		if view.Waiting, err = p.countWaiting(v); err != nil {
			return err
		}
	}
	if view.Decides {
		var err error
		if view.Applications, err = p.c.Membership.Waits(v.ctx(), v.who); err != nil {
			return err
		}
		claims, err := p.c.Membership.Claims(v.ctx(), v.who, "", storage.MaxLimit)
		if err != nil {
			return err
		}
		view.Claims = counted{len(claims.Items), claims.Next != ""}
	}
	if view.Reviews {
		appeals, err := p.c.Membership.Sanctions(v.ctx(), v.who, membership.SanctionFilter{Appealed: true, Limit: storage.MaxLimit})
		if err != nil {
			return err
		}
		view.Appeals = counted{len(appeals.Items), appeals.Next != ""}
	}
	return p.show(v, "desk", p.t(v, "desk.title"), view)
}

// Plus is what stands after a number that is not all.
func (c counted) Plus() string {
	if c.More {
		return "+"
	}
	return ""
}
