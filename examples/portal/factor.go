// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"rsc.io/qr"

	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/storage"
)

// A factorView is the page of the second factor: what there is, or the form
// that begins to set it up.
type factorView struct {
	Since time.Time // zero: there is none
	Left  int       // recovery codes
	Form  plainForm
}

func (p *portal) factorForm(v *visit) plainForm {
	return plainForm{
		Title: p.t(v, "factor.title"), Intro: p.t(v, "factor.intro"), Action: p.url("account/factor"), Button: p.t(v, "factor.button"), Back: p.url("account"),
		Fields: []plainField{p.currentField(v)},
	}
}

func (p *portal) factorPage(v *visit) error {
	is, err := p.c.Accounts.Export(v.ctx(), v.who.User)
	if err != nil {
		return err
	}
	view := factorView{Since: is.Factor.Since, Left: is.Factor.Left, Form: p.factorForm(v)}
	view.Form.Form = ask(v, "current")
	return p.show(v, "factor", p.t(v, "factor.title"), view)
}

// An enrolView shows the secret of an authenticator app, once, and asks for a
// first code of it.
type enrolView struct {
	Enrolment account.Enrolment // zero: it was shown before
	QR        drawing
	Form      plainForm
}

func (p *portal) enrolForm(v *visit) plainForm {
	return plainForm{
		Title: p.t(v, "enrol.title"), Action: p.url("account/factor/confirm"), Button: p.t(v, "enrol.button"), Back: p.url("account/factor"),
		Fields: []plainField{{"otp", p.t(v, "field.code"), "text", "one-time-code", p.t(v, "enrol.hint")}},
		Form:   ask(v, "otp"),
	}
}

// enrol answers with the secret itself and not with a redirect to it: it is
// kept nowhere to be shown from.
func (p *portal) enrol(v *visit) error {
	e, err := p.c.Accounts.Enrol(v.ctx(), v.who, account.Proof{Password: v.field("current"), Source: p.client(v.r), Recent: v.recent()})
	if err != nil {
		f := p.factorForm(v)
		f.Form = ask(v, "current")
		status, err := p.refuse(v, &f.Form, notProven(err, "current"))
		if err != nil {
			return err
		}
		return p.again(v, status, "factor", f.Title, factorView{Form: f})
	}
	code, err := qr.Encode(e.URI, qr.M)
	if err != nil {
		return fmt.Errorf("QR code: %w", err)
	}
	view := enrolView{Enrolment: e, QR: draw(code), Form: p.enrolForm(v)}
	return p.again(v, http.StatusOK, "enrol", view.Form.Title, view)
}

// confirm puts the factor in force, and shows the recovery codes, once.
func (p *portal) confirm(v *visit) error {
	codes, err := p.c.Accounts.Confirm(v.ctx(), v.who, account.Proof{Code: v.field("otp"), Source: p.client(v.r), Recent: v.recent()})
	if errors.Is(err, account.ErrSignIn) {
		err = &storage.Invalid{Field: "otp", Code: "wrong"}
	}
	if err != nil {
		view := enrolView{Form: p.enrolForm(v)}
		status, err := p.refuse(v, &view.Form.Form, err)
		if err != nil {
			return err
		}
		return p.again(v, status, "enrol", view.Form.Title, view)
	}
	// Whoever could have the session's secret does not have the new one.
	fresh, s, err := p.c.Sessions.Raise(v.ctx(), v.secret, v.who.Level)
	if err != nil {
		return err
	}
	p.setCookie(v, sessionCookie, fresh, s.Ends.Sub(p.clock.Now()))
	return p.again(v, http.StatusOK, "recovery", p.t(v, "recovery.title"), codes)
}

// ---- recovery codes, and no factor any more

func (p *portal) proofForm(v *visit, title, page string) plainForm {
	return plainForm{
		Title: p.t(v, title+".title"), Intro: p.t(v, title+".intro"), Action: p.url(page), Button: p.t(v, title+".button"), Back: p.url("account/factor"),
		Fields: []plainField{p.currentField(v), p.codeField(v)},
	}
}

func (p *portal) proof(v *visit) account.Proof {
	return account.Proof{Password: v.field("current"), Code: v.field("otp"), Source: p.client(v.r), Recent: v.recent()}
}

// notBoth is notProven where either may be wrong, and nobody is told which.
func notBoth(err error) error {
	if errors.Is(err, account.ErrSignIn) {
		return errProof
	}
	return err
}

func (p *portal) recoveryPage(v *visit) error {
	return p.plainPage(v, p.proofForm(v, "recovery.new", "account/factor/recovery"))
}

func (p *portal) recovery(v *visit) error {
	codes, err := p.c.Accounts.NewRecovery(v.ctx(), v.who, p.proof(v))
	if err != nil {
		return p.plainAgain(v, p.proofForm(v, "recovery.new", "account/factor/recovery"), notBoth(err))
	}
	return p.again(v, http.StatusOK, "recovery", p.t(v, "recovery.title"), codes)
}

func (p *portal) removeFactorPage(v *visit) error {
	return p.plainPage(v, p.proofForm(v, "factor.remove", "account/factor/remove"))
}

func (p *portal) removeFactor(v *visit) error {
	if err := p.c.Accounts.RemoveFactor(v.ctx(), v.who, p.proof(v)); err != nil {
		return p.plainAgain(v, p.proofForm(v, "factor.remove", "account/factor/remove"), notBoth(err))
	}
	return p.redirect(v, query(p.url("account/factor"), "done", "factor_removed"))
}

// A drawing is a QR code as the path of an SVG of Size units a side.
type drawing struct {
	Size int
	Path string
}

// quiet is the margin that readers of QR codes need, in units.
const quiet = 4

func draw(code *qr.Code) drawing {
	var b strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			run := 0
			for code.Black(x+run, y) { // beyond the edge nothing is black
				run++
			}
			if run > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, run, run)
				x += run
			}
		}
	}
	return drawing{code.Size + 2*quiet, b.String()}
}
