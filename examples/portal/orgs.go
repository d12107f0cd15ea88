// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// An orgsView lists organisations by words of their name.
type orgsView struct {
	Form  fields
	Orgs  []membership.Org
	Here  string
	Next  storage.Cursor
	First bool // page
}

func (p *portal) orgs(v *visit) error {
	view := orgsView{Form: asked(v, "words"), First: v.cursor() == ""}
	page, err := p.c.Membership.Orgs(v.ctx(), membership.OrgFilter{Words: view.Form.Value["words"], Inactive: true, After: v.cursor()})
	if err != nil {
		return err
	}
	view.Orgs, view.Next = page.Items, page.Next
	view.Here = query(p.url("desk/organisations"), "words", view.Form.Value["words"])
	return p.show(v, "orgs", p.t(v, "orgs.title"), view)
}

// An orgView is the form of an organisation.
type orgView struct {
	Org      membership.Org // as it is; zero: a new one
	Form     fields
	Action   string
	Inactive bool
}

var orgFields = []string{"code", "name", "kind", "site"}

func (p *portal) orgView(v *visit, o membership.Org, f fields) orgView {
	f.Value["code"] = v.field("code") // of an organisation: no secret
	view := orgView{Org: o, Form: f, Action: p.url("desk/organisations/new")}
	if !o.ID.IsZero() {
		view.Action = p.url("desk/organisations", o.ID)
	}
	return view
}

func (p *portal) newOrgPage(v *visit) error {
	return p.show(v, "org", p.t(v, "org.new"), p.orgView(v, membership.Org{}, ask(v, orgFields...)))
}

func (p *portal) addOrg(v *visit) error {
	o, err := p.c.Membership.AddOrg(v.ctx(), v.who, membership.NewOrg{Code: v.field("code"), Name: v.field("name"), Kind: v.field("kind"), Site: v.field("site")})
	if errors.Is(err, storage.ErrExists) {
		err = &storage.Invalid{Field: "code", Code: "taken"}
	}
	if err != nil {
		view := p.orgView(v, o, ask(v, orgFields...))
		status, err := p.refuse(v, &view.Form, err)
		if err != nil {
			return err
		}
		return p.again(v, status, "org", p.t(v, "org.new"), view)
	}
	return p.redirect(v, query(p.url("desk/organisations", o.ID), "done", "org_added"))
}

// orgOf returns the organisation of the address.
func (p *portal) orgOf(v *visit) (membership.Org, error) {
	id, err := pathID[auth.Org](v, "organisation")
	if err != nil {
		return membership.Org{}, err
	}
	return p.c.Membership.Org(v.ctx(), id)
}

func (p *portal) orgPage(v *visit) error {
	o, err := p.orgOf(v)
	if err != nil {
		return err
	}
	view := p.orgView(v, o, ask(v, orgFields...))
	view.Form.Value = map[string]string{"code": o.Code, "name": o.Name, "kind": o.Kind, "site": o.Site}
	view.Inactive = o.Inactive
	return p.show(v, "org", p.t(v, "org.edit"), view)
}

func (p *portal) editOrg(v *visit) error {
	o, err := p.orgOf(v)
	if err != nil {
		return err
	}
	version, err := strconv.Atoi(v.field("version"))
	if err != nil {
		return errMalformed
	}
	name, orgKind, site, inactive := v.field("name"), v.field("kind"), v.field("site"), v.field("inactive") != ""
	_, err = p.c.Membership.EditOrg(v.ctx(), v.who, membership.OrgEdit{Org: o.ID, Version: version, Name: &name, Kind: &orgKind, Site: &site, Inactive: &inactive})
	if err == nil {
		return p.redirect(v, query(p.url("desk/organisations", o.ID), "done", "org_edited"))
	}
	view := p.orgView(v, o, ask(v, orgFields...)) // o is what is there now
	view.Inactive = inactive
	status, err2 := p.refuse(v, &view.Form, err)
	if err2 != nil {
		return err2
	}
	if errors.Is(err, storage.ErrConflict) {
		view.Form.Problem, status = p.t(v, "org.gone", "Name", o.Name), http.StatusConflict
	} else {
		view.Org.Version = version
	}
	return p.again(v, status, "org", p.t(v, "org.edit"), view)
}
