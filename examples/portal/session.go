// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
)

// stepTime is how long a browser keeps what it needs for the second step; the
// library decides how long that is good.
const stepTime = 10 * time.Minute

// A signInView is the form of a username and password, or of a code.
type signInView struct {
	Form fields
	Next string // where to go afterwards
}

func (p *portal) signInPage(v *visit) error {
	next := v.r.URL.Query().Get("next")
	if from, err := url.Parse(v.r.Referer()); next == "" && err == nil && from.Host == v.r.Host {
		next = from.RequestURI()
	}
	return p.show(v, "signin", p.t(v, "signin.title"), signInView{Form: ask(v, "name", "password"), Next: p.local(next)})
}

func (p *portal) signIn(v *visit) error {
	view := signInView{Form: ask(v, "name", "password"), Next: p.local(v.field("next"))}
	e, err := p.c.Accounts.SignIn(v.ctx(), account.Credentials{
		Name: v.field("name"), Password: v.field("password"), Source: p.client(v.r),
	})
	if err == nil && e.Second != "" {
		p.setCookie(v, stepCookie, e.Second, stepTime)
		return p.redirect(v, query(p.url("sign-in/code"), "next", view.Next))
	}
	if err == nil {
		err = p.begin(v, e, view.Next)
	}
	return p.signInAgain(v, "signin", p.t(v, "signin.title"), view, err)
}

// signInAgain shows a form of signing in again if it was refused.
func (p *portal) signInAgain(v *visit, page, title string, view signInView, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, session.ErrSession) { // disabled meanwhile: the same answer
		err = account.ErrSignIn
	}
	status, err := p.refuse(v, &view.Form, err)
	if err != nil {
		return err
	}
	return p.again(v, status, page, title, view)
}

func (p *portal) codePage(v *visit) error {
	if p.cookie(v, stepCookie) == "" {
		return p.redirect(v, p.url("sign-in"))
	}
	return p.show(v, "code", p.t(v, "code.title"), signInView{Form: ask(v, "otp"), Next: p.local(v.r.URL.Query().Get("next"))})
}

// code takes the second step. What it belongs to is known by the browser that
// took the first, and by nothing else of the request.
func (p *portal) code(v *visit) error {
	view := signInView{Form: ask(v, "otp"), Next: p.local(v.field("next"))}
	e, err := p.c.Accounts.SecondStep(v.ctx(), account.Code{Second: p.cookie(v, stepCookie), Code: v.field("otp"), Source: p.client(v.r)})
	switch {
	case err == nil:
		err = p.begin(v, e, view.Next)
	case errors.Is(err, account.ErrToken): // it took too long: from the beginning
		p.dropCookie(v, stepCookie)
		return p.redirect(v, query(p.url("sign-in"), "next", view.Next, "done", "step_over"))
	case errors.Is(err, account.ErrSignIn):
		err = errCode
	}
	return p.signInAgain(v, "code", p.t(v, "code.title"), view, err)
}

// begin starts the session of whoever has signed in and sends them on. What
// the browser had before is good for nothing any more.
func (p *portal) begin(v *visit, e account.Entry, next string) error {
	if err := p.start(v, e); err != nil {
		return err
	}
	p.dropCookie(v, actingCookie)
	p.dropCookie(v, stepCookie)
	if len(e.Owed) > 0 {
		next = query(p.url("terms"), "next", next)
	}
	return p.redirect(v, next)
}

// start starts a session in place of the one that the browser had.
func (p *portal) start(v *visit, e account.Entry) error {
	secret, s, err := p.c.Sessions.Start(v.ctx(), session.NewSession{
		User: e.User, Level: e.Level, Still: e.Still(), Label: browserName(v.r.UserAgent()), Replaces: v.secret,
	})
	if err != nil {
		return err
	}
	p.setCookie(v, sessionCookie, secret, s.Ends.Sub(p.clock.Now()))
	return nil
}

// Browsers and systems, by what they say of themselves; what others say too
// comes last.
var (
	browsers = [][2]string{{"Edg", "Edge"}, {"OPR", "Opera"}, {"Firefox", "Firefox"}, {"Chrome", "Chrome"}, {"Safari", "Safari"}}
	systems  = [][2]string{{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Mac OS", "macOS"}, {"Linux", "Linux"}}
)

// browserName tells its owner one browser from another: "Firefox, Linux".
func browserName(agent string) string {
	var found []string
	for _, names := range [][][2]string{browsers, systems} {
		for _, n := range names {
			if strings.Contains(agent, n[0]) {
				found = append(found, n[1])
				break
			}
		}
	}
	return strings.Join(found, ", ")
}

func (p *portal) signOut(v *visit) error {
	if v.me != nil {
		if err := p.c.Sessions.End(v.ctx(), v.who, v.session.ID); err != nil {
			return err
		}
	}
	p.signedOut(v)
	return p.redirect(v, query(p.url(), "done", "signed_out"))
}

// entrances are pages that nobody is led back to after signing in.
var entrances = map[string]bool{
	"sign-in": true, "sign-in/code": true, "sign-up": true, "forgot": true, "reset": true, "terms": true,
}

// local returns the address if it is a page of this portal, and if not the
// page above it, such as the topic of a button that a visitor pressed, or home,
// so that nobody is sent elsewhere by a link they were given.
func (p *portal) local(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" ||
		!strings.HasPrefix(u.Path, p.base) || entrances[strings.TrimPrefix(u.Path, p.base)] {
		return p.url()
	}
	if clean := path.Clean(u.Path); clean != u.Path && clean+"/" != u.Path {
		return p.url() // dots and slashes could lead out again
	}
	q := u.Query()
	q.Del("done")
	for at := u.Path; strings.HasPrefix(at, p.base); at, q = path.Dir(at), nil {
		to := &url.URL{Path: at, RawQuery: q.Encode()}
		_, pattern := p.pages.Handler(&http.Request{Method: http.MethodGet, URL: to})
		if strings.HasPrefix(pattern, http.MethodGet+" ") {
			return to.String()
		}
	}
	return p.url()
}
