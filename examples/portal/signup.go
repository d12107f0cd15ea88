// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"github.com/copis-it/copis/auth/account"
)

// A signUpView is the form by which somebody makes an account.
type signUpView struct {
	Form  plainForm
	Terms []account.Document
	Next  string
}

func (p *portal) signUpView(v *visit, next string) signUpView {
	return signUpView{
		Form: plainForm{
			Title: p.t(v, "signup.title"), Intro: p.t(v, "signup.intro"), Action: p.url("sign-up"), Button: p.t(v, "signup.button"), Back: p.url(),
			Fields: []plainField{p.nameField(v), p.addressField(v), p.newPasswordField(v)},
			Form:   ask(v, "name", "address", "password"),
		},
		Terms: p.c.Accounts.Terms(), Next: p.local(next),
	}
}

func (p *portal) signUpPage(v *visit) error {
	return p.show(v, "signup", p.t(v, "signup.title"), p.signUpView(v, v.r.URL.Query().Get("next")))
}

// signUp makes an account and signs its owner in. Whether somebody has the
// address already, only they are told, by mail.
func (p *portal) signUp(v *visit) error {
	view := p.signUpView(v, v.field("next"))
	user, err := p.c.Accounts.SignUp(v.ctx(), account.NewAccount{
		Name: v.field("name"), Address: v.field("address"), Password: v.field("password"),
		Agreed: p.agreed(v), Source: p.client(v.r),
	})
	if err != nil {
		status, err := p.refuse(v, &view.Form.Form, err)
		if err != nil {
			return err
		}
		return p.again(v, status, "signup", view.Form.Title, view)
	}
	if err := p.start(v, account.Entry{User: user, Version: 1}); err != nil {
		return err
	}
	p.dropCookie(v, actingCookie)
	next := view.Next
	if next == p.url() {
		next = p.url("account") // where it is seen whether the address is confirmed
	}
	return p.redirect(v, query(next, "done", "signed_up"))
}

// ---- links that were sent. Mail readers open them ahead of people: nothing
// happens before a button is pressed.

func (p *portal) verifyForm(v *visit, token string) plainForm {
	return plainForm{
		Title: p.t(v, "verify.title"), Intro: p.t(v, "verify.intro"), Action: p.url("verify"), Button: p.t(v, "verify.button"), Back: p.url(), Token: token,
	}
}

func (p *portal) verifyPage(v *visit) error {
	return p.plainPage(v, p.verifyForm(v, v.r.URL.Query().Get("token")))
}

// verify takes a link from whoever is signed in with the account that it was
// sent for. A new address ends all sessions, of which the browser that it was
// done with gets another.
func (p *portal) verify(v *visit) error {
	e, err := p.c.Accounts.Verify(v.ctx(), v.who, v.field("token"))
	if err != nil {
		return err
	}
	if err := p.start(v, e); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("account"), "done", "verified"))
}

// ---- a forgotten password

func (p *portal) forgotForm(v *visit) plainForm {
	return plainForm{
		Title: p.t(v, "forgot.title"), Intro: p.t(v, "forgot.intro"), Action: p.url("forgot"), Button: p.t(v, "forgot.button"), Back: p.url("sign-in"),
		Fields: []plainField{p.addressField(v)},
	}
}

func (p *portal) forgotPage(v *visit) error { return p.plainPage(v, p.forgotForm(v)) }

// forgot answers the same whether or not somebody has the address.
func (p *portal) forgot(v *visit) error {
	if err := p.c.Accounts.RequestReset(v.ctx(), v.field("address"), p.client(v.r)); err != nil {
		return p.plainAgain(v, p.forgotForm(v), err)
	}
	return p.redirect(v, query(p.url("forgot"), "done", "reset_sent"))
}

func (p *portal) resetForm(v *visit, token string) plainForm {
	return plainForm{
		Title: p.t(v, "reset.title"), Intro: p.t(v, "reset.intro"), Action: p.url("reset"), Button: p.t(v, "reset.button"), Back: p.url("sign-in"), Token: token,
		Fields: []plainField{p.newPasswordField(v)},
	}
}

func (p *portal) resetPage(v *visit) error {
	return p.plainPage(v, p.resetForm(v, v.r.URL.Query().Get("token")))
}

// reset sets a new password. It signs nobody in: a second factor is still asked
// for.
func (p *portal) reset(v *visit) error {
	err := p.c.Accounts.Reset(v.ctx(), account.NewPassword{Secret: v.field("token"), Password: v.field("password")})
	if kind(account.ErrToken)(err) {
		return err
	}
	if err != nil {
		return p.plainAgain(v, p.resetForm(v, v.field("token")), err)
	}
	p.signedOut(v)
	return p.redirect(v, query(p.url("sign-in"), "done", "password_reset"))
}
