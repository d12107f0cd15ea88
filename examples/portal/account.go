// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
)

// accountPages are the pages by which people come in and look after their
// account.
func (p *portal) accountPages() map[string]func(*visit) error {
	pages := map[string]func(*visit) error{
		"GET sign-in":       p.signInPage,
		"POST sign-in":      p.signIn,
		"GET sign-in/code":  p.codePage,
		"POST sign-in/code": p.code,
		"POST sign-out":     p.signOut,
		"GET sign-up":       p.signUpPage,
		"POST sign-up":      p.signUp,
		"GET forgot":        p.forgotPage,
		"POST forgot":       p.forgot,
		"GET verify":        discreet(p.mine(p.verifyPage)),
		"POST verify":       discreet(p.mine(p.verify)),
		"GET reset":         discreet(p.resetPage),
		"POST reset":        discreet(p.reset),
		"GET terms":         p.termsPage,
		"POST terms":        p.agree,
		"GET phases":        p.phases,
	}
	for pattern, page := range map[string]func(*visit) error{
		"POST act-as":                  p.actAs,
		"GET account":                  p.account,
		"GET account/name":             p.renamePage,
		"POST account/name":            p.rename,
		"GET account/address":          p.addressPage,
		"POST account/address":         p.changeAddress,
		"POST account/address/verify":  p.verifyAgain,
		"GET account/password":         p.passwordPage,
		"POST account/password":        p.changePassword,
		"GET account/factor":           p.factorPage,
		"POST account/factor":          p.enrol,
		"POST account/factor/confirm":  p.confirm,
		"GET account/factor/recovery":  p.recoveryPage,
		"POST account/factor/recovery": p.recovery,
		"GET account/factor/remove":    p.removeFactorPage,
		"POST account/factor/remove":   p.removeFactor,
		"GET account/sessions":         p.sessionsPage,
		"POST account/sessions":        p.endSession,
		"POST account/sessions/others": p.endOthers,
		"GET account/tokens":           p.tokensPage,
		"POST account/tokens":          p.issue,
		"POST account/tokens/revoke":   p.revoke,
		"GET account/identities":       p.identitiesPage,
		"POST account/identities":      p.unlink,
	} {
		pages[pattern] = p.mine(page)
	}
	return pages
}

// An accountView is what the account of whoever asks looks like to them.
type accountView struct {
	account.Exported
	Sessions int
	Tokens   int
}

func (p *portal) account(v *visit) error {
	is, err := p.c.Accounts.Export(v.ctx(), v.who.User)
	if err != nil {
		return err
	}
	sessions, err := p.c.Sessions.List(v.ctx(), v.who)
	if err != nil {
		return err
	}
	tokens, err := p.c.Sessions.Tokens(v.ctx(), v.who)
	if err != nil {
		return err
	}
	return p.show(v, "account", p.t(v, "account.title"), accountView{is, len(sessions), len(tokens)})
}

// ---- the username

func (p *portal) renameForm(v *visit) plainForm {
	return plainForm{
		Title: p.t(v, "rename.title"), Intro: p.t(v, "rename.intro"), Action: p.url("account/name"), Button: p.t(v, "do.save"), Back: p.url("account"),
		Fields: []plainField{p.nameField(v)},
	}
}

func (p *portal) renamePage(v *visit) error { return p.plainPage(v, p.renameForm(v)) }

func (p *portal) rename(v *visit) error {
	if err := p.c.Accounts.Rename(v.ctx(), v.who, v.field("name")); err != nil {
		return p.plainAgain(v, p.renameForm(v), err)
	}
	return p.redirect(v, query(p.url("account"), "done", "renamed"))
}

// ---- the address

func (p *portal) addressForm(v *visit) plainForm {
	return plainForm{
		Title: p.t(v, "address.title"), Intro: p.t(v, "address.intro"), Action: p.url("account/address"), Button: p.t(v, "address.button"), Back: p.url("account"),
		Fields: []plainField{p.addressField(v), p.currentField(v)},
	}
}

func (p *portal) addressPage(v *visit) error { return p.plainPage(v, p.addressForm(v)) }

func (p *portal) changeAddress(v *visit) error {
	err := p.c.Accounts.ChangeAddress(v.ctx(), v.who, account.AddressChange{Address: v.field("address"), Password: v.field("current"), Source: p.client(v.r), Recent: v.recent()})
	if err != nil {
		return p.plainAgain(v, p.addressForm(v), notProven(err, "current"))
	}
	return p.redirect(v, query(p.url("account"), "done", "address_sent"))
}

func (p *portal) verifyAgain(v *visit) error {
	if err := p.c.Accounts.RequestVerify(v.ctx(), v.who); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("account"), "done", "verify_sent"))
}

// ---- the password

func (p *portal) passwordForm(v *visit) plainForm {
	return plainForm{
		Title: p.t(v, "password.title"), Intro: p.t(v, "password.intro"), Action: p.url("account/password"), Button: p.t(v, "do.save"), Back: p.url("account"),
		Fields: []plainField{p.currentField(v), p.newPasswordField(v)},
	}
}

func (p *portal) passwordPage(v *visit) error { return p.plainPage(v, p.passwordForm(v)) }

// changePassword ends all sessions. The browser that it was done with gets
// another.
func (p *portal) changePassword(v *visit) error {
	e, err := p.c.Accounts.ChangePassword(v.ctx(), v.who, account.PasswordChange{
		Old: v.field("current"), New: v.field("password"), Source: p.client(v.r), Recent: v.recent(),
	})
	if err != nil {
		return p.plainAgain(v, p.passwordForm(v), notProven(err, "current"))
	}
	if err := p.start(v, e); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("account"), "done", "password_changed"))
}

// ---- sessions

type sessionsView struct {
	Sessions []session.Session
	Present  session.ID
}

func (p *portal) sessionsPage(v *visit) error {
	all, err := p.c.Sessions.List(v.ctx(), v.who)
	if err != nil {
		return err
	}
	return p.show(v, "sessions", p.t(v, "sessions.title"), sessionsView{all, v.session.ID})
}

func (p *portal) endSession(v *visit) error {
	id, err := storage.ParseID[session.Session](v.field("session"))
	if err != nil {
		return errMalformed
	}
	if err := p.c.Sessions.End(v.ctx(), v.who, id); err != nil {
		return err
	}
	if id == v.session.ID {
		p.signedOut(v)
		return p.redirect(v, query(p.url(), "done", "signed_out"))
	}
	return p.redirect(v, query(p.url("account/sessions"), "done", "session_ended"))
}

func (p *portal) endOthers(v *visit) error {
	if err := p.c.Sessions.EndOthers(v.ctx(), v.who, v.session.ID); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("account/sessions"), "done", "others_ended"))
}

// ---- identities of elsewhere

func (p *portal) identitiesPage(v *visit) error {
	is, err := p.c.Accounts.Export(v.ctx(), v.who.User)
	if err != nil {
		return err
	}
	return p.show(v, "identities", p.t(v, "identities.title"), is.Identities)
}

// unlink takes an identity away. It ends all sessions, of which the browser
// that it was done with gets another.
func (p *portal) unlink(v *visit) error {
	e, err := p.c.Accounts.UnlinkIdentity(v.ctx(), v.who, v.field("issuer"), v.field("subject"))
	if err != nil {
		return err
	}
	if err := p.start(v, e); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("account/identities"), "done", "unlinked"))
}
