// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// A profileView is the form of one's own profile.
type profileView struct {
	Form      fields
	Version   int
	Listed    bool
	Audiences []choice
}

// profileFields are those of the form: each field of a profile that has an
// audience of its own has it in NAME_audience.
var profileFields = []string{
	"name", "headline", "contact", "about", "expertise", "listed",
	"name_audience", "headline_audience", "contact_audience", "about_audience",
}

func (p *portal) profileView(v *visit, f fields) profileView {
	return profileView{Form: f, Listed: f.Value["listed"] != "", Audiences: []choice{
		{Value: "0", Label: p.t(v, "told.nobody")},
		{Value: strconv.Itoa(int(auth.CommunityMembers)), Label: p.t(v, "told.members")},
		{Value: strconv.Itoa(int(auth.Public)), Label: p.t(v, "told.public")},
	}}
}

// told returns the fields of a profile that have an audience, by name.
func told(x *membership.Profile) map[string]*membership.Field {
	return map[string]*membership.Field{"name": &x.Name, "headline": &x.Headline, "contact": &x.Contact, "about": &x.About}
}

func (p *portal) profilePage(v *visit) error {
	m, err := p.c.Membership.Me(v.ctx(), v.who)
	if err == nil && !v.me.isMember() {
		err = membership.ErrNotMember
	}
	if err == nil {
		err = v.me.muted()
	}
	if err != nil {
		return err
	}
	f := ask(v, profileFields...)
	for name, x := range told(&m.Profile) {
		f.Value[name], f.Value[name+"_audience"] = x.Text, strconv.Itoa(int(x.Audience))
	}
	f.Value["expertise"] = strings.Join(m.Profile.Expertise, "\n")
	if m.Profile.Listed {
		f.Value["listed"] = "1"
	}
	view := p.profileView(v, f)
	view.Version = m.Version
	return p.show(v, "profile", p.t(v, "profile.title"), view)
}

// muted says why somebody may not write what others read of them; nil: they may.
func (m *me) muted() error {
	for _, x := range m.Standing.Sanctions {
		if x.Area == auth.Commons && x.Kind >= membership.ReadOnly {
			return &auth.Denied{Action: membership.SeeMembers, Reason: membership.ReasonSanction, Opens: x.Until}
		}
	}
	if m.Standing.Member.State == membership.Away {
		return &auth.Denied{Action: membership.SeeMembers, Reason: membership.ReasonAway}
	}
	return nil
}

// Muted reports whether there is a reason why they may not.
func (m *me) Muted() bool { return m.muted() != nil }

func (p *portal) editProfile(v *visit) error {
	version, err := strconv.Atoi(v.field("version"))
	if err != nil {
		return errMalformed
	}
	in := membership.ProfileEdit{Version: version}
	for name, to := range map[string]**membership.Field{"name": &in.Name, "headline": &in.Headline, "contact": &in.Contact, "about": &in.About} {
		audience, err := strconv.ParseUint(v.field(name+"_audience"), 10, 8)
		if err != nil {
			return errMalformed
		}
		*to = &membership.Field{Text: v.field(name), Audience: auth.Audience(audience)}
	}
	terms := []string{}
	for line := range strings.Lines(v.field("expertise")) {
		if line = strings.TrimSpace(line); line != "" {
			terms = append(terms, line)
		}
	}
	listed := v.field("listed") != ""
	in.Expertise, in.Listed = &terms, &listed
	_, err = p.c.Membership.EditProfile(v.ctx(), v.who, in)
	if err == nil {
		return p.redirect(v, query(p.url("membership"), "done", "profile"))
	}
	view := p.profileView(v, ask(v, profileFields...))
	view.Version = version
	status, err2 := p.refuse(v, &view.Form, err)
	if err2 != nil {
		return err2
	}
	var conflict *storage.Conflict
	if errors.As(err, &conflict) {
		if now, ok := conflict.Current.(membership.Member); ok {
			view.Version, view.Form.Problem, status = now.Version, p.t(v, "profile.gone"), http.StatusConflict
		}
	}
	return p.again(v, status, "profile", p.t(v, "profile.title"), view)
}
