// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// me is whoever is signed in, as they stand at this request.
type me struct {
	User     auth.UserID
	Name     string // as it is shown
	Standing membership.Standing
	Orgs     []membership.Org // on whose behalf they may act now, by name
	For      auth.OrgID       // on whose behalf they do; zero: for themselves
	Owed     []account.Document
}

// Role returns what they are in the community: an outsider as long as they are
// no member, or not for the time being.
func (m *me) Role() auth.Role { return m.Standing.RoleIn(auth.Commons) }

// Belongs reports whether they take part in the community.
func (m *me) Belongs() bool { return m.Standing.Member.State == membership.Active }

// ForName returns the name of the organisation that they act for, if any.
func (m *me) ForName() string {
	for _, o := range m.Orgs {
		if o.ID == m.For {
			return o.Name
		}
	}
	return ""
}

// enter finds out who makes a request. Whatever a browser shows that opens
// nothing makes a visitor of it.
func (p *portal) enter(v *visit) error {
	v.secret = p.cookie(v, sessionCookie)
	if v.secret == "" {
		return nil
	}
	v.w.Header().Set("Cache-Control", "no-store")
	s, fresh, err := p.c.Sessions.Check(v.ctx(), v.secret)
	if errors.Is(err, session.ErrSession) {
		p.signedOut(v)
		return nil
	}
	if err != nil {
		return err
	}
	if fresh != "" {
		v.secret = fresh
		p.setCookie(v, sessionCookie, fresh, s.Ends.Sub(p.clock.Now()))
	}
	v.session = s
	v.who = auth.Actor{User: s.User, Level: s.Level}
	v.me, err = p.meet(v)
	if err != nil {
		return err
	}
	v.who.For = v.me.For
	return nil
}

// meet looks up who somebody is, and for whom they act.
func (p *portal) meet(v *visit) (*me, error) {
	m := &me{User: v.who.User}
	var err error
	if m.Standing, err = p.c.Membership.Standing(v.ctx(), m.User); err != nil {
		return nil, err
	}
	if m.Name = m.Standing.Member.Profile.Name.Text; m.Name == "" {
		names, err := p.c.Accounts.Names(v.ctx(), []auth.UserID{m.User})
		if err != nil {
			return nil, err
		}
		m.Name = names[m.User]
	}
	if m.Owed, err = p.c.Accounts.Owed(v.ctx(), m.User); err != nil {
		return nil, err
	}
	if m.Belongs() && len(m.Standing.Mandates) > 0 {
		ids := make([]auth.OrgID, len(m.Standing.Mandates))
		for i, x := range m.Standing.Mandates {
			ids[i] = x.Org
		}
		orgs, err := p.c.Membership.OrgsByID(v.ctx(), ids)
		if err != nil {
			return nil, err
		}
		for _, o := range orgs {
			m.Orgs = append(m.Orgs, o)
		}
		slices.SortFunc(m.Orgs, func(a, b membership.Org) int {
			return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Code, b.Code))
		})
	}
	m.For = p.actsFor(v, m)
	return m, nil
}

// actsFor returns the organisation that was chosen to act for. The choice is
// worth what the mandate is: when that has ended, whoever reads does so for
// themselves; what they send is refused once, so that nothing appears under
// their own name that they meant to say in another's.
func (p *portal) actsFor(v *visit, m *me) auth.OrgID {
	id, err := storage.ParseID[auth.Org](p.cookie(v, actingCookie))
	if err != nil || id.IsZero() {
		return auth.OrgID{}
	}
	if slices.ContainsFunc(m.Orgs, func(o membership.Org) bool { return o.ID == id }) {
		return id
	}
	p.dropCookie(v, actingCookie)
	if v.r.Method == http.MethodPost {
		return id
	}
	return auth.OrgID{}
}

// actAs chooses for whom the person acts from now on: a form in the header of
// every page.
func (p *portal) actAs(v *visit) error {
	if v.me == nil {
		return errSignIn
	}
	back := p.local(v.field("back"))
	chosen := v.field("for")
	if chosen == "" {
		p.dropCookie(v, actingCookie)
		return p.redirect(v, query(back, "done", "acting_self"))
	}
	id, err := storage.ParseID[auth.Org](chosen)
	if err != nil || !slices.ContainsFunc(v.me.Orgs, func(o membership.Org) bool { return o.ID == id }) {
		return &auth.Denied{Action: membership.Join, Reason: membership.ReasonMandate}
	}
	p.setCookie(v, actingCookie, id.String(), v.session.Ends.Sub(p.clock.Now()))
	return p.redirect(v, query(back, "done", "acting"))
}

// Cookies. Browsers take one whose name begins with __Host- only over https,
// for this host alone and for all its paths.
const (
	sessionCookie = "copis"
	actingCookie  = "copis-for"  // the organisation that the person acts for
	stepCookie    = "copis-step" // the password was right, the code is still to come
)

func (p *portal) cookieName(name string) string {
	if isHTTPS(p.origin) {
		return "__Host-" + name
	}
	return name
}

func (p *portal) cookie(v *visit, name string) string {
	if c, err := v.r.Cookie(p.cookieName(name)); err == nil {
		return c.Value
	}
	return ""
}

func (p *portal) setCookie(v *visit, name, value string, age time.Duration) {
	http.SetCookie(v.w, &http.Cookie{
		Name: p.cookieName(name), Value: value, Path: "/", MaxAge: int(age.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: isHTTPS(p.origin),
	})
}

// dropCookie has the browser forget a cookie, if it has it.
func (p *portal) dropCookie(v *visit, name string) {
	if p.cookie(v, name) != "" {
		p.setCookie(v, name, "", -time.Second)
	}
}

// signedOut has the browser forget who was signed in with it.
func (p *portal) signedOut(v *visit) {
	for _, name := range []string{sessionCookie, actingCookie, stepCookie} {
		p.dropCookie(v, name)
	}
	v.secret = ""
}

func isHTTPS(origin string) bool { return strings.HasPrefix(origin, "https://") }
