// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"

	"github.com/copis-it/copis/auth/account"
)

// beforeTerms are the pages of whoever has not agreed to the terms yet.
var beforeTerms = map[string]bool{"terms": true, "sign-out": true, "accessibility": true}

// A termsView shows the terms in force, and asks who owes it to agree to them.
type termsView struct {
	Terms []account.Document
	Owed  []account.Document
	Next  string
	Form  fields
}

// askTerms leads to the terms. What was sent meanwhile is not lost.
func (p *portal) askTerms(v *visit) error {
	if v.r.Method != http.MethodPost {
		return p.redirect(v, query(p.url("terms"), "next", v.r.URL.RequestURI()))
	}
	return errTerms
}

func (p *portal) termsOf(v *visit, next string) termsView {
	view := termsView{Terms: p.c.Accounts.Terms(), Next: p.local(next), Form: ask(v)}
	if v.me != nil {
		view.Owed = v.me.Owed
	}
	return view
}

func (p *portal) termsPage(v *visit) error {
	return p.show(v, "terms", p.t(v, "terms.title"), p.termsOf(v, v.r.URL.Query().Get("next")))
}

func (p *portal) agree(v *visit) error {
	if v.me == nil {
		return errSignIn
	}
	view := p.termsOf(v, v.field("next"))
	agreed := p.agreed(v)
	if len(agreed) == 0 {
		status, err := p.refuse(v, &view.Form, account.ErrConsent)
		if err != nil {
			return err
		}
		return p.again(v, status, "terms", p.t(v, "terms.title"), view)
	}
	if err := p.c.Accounts.Agree(v.ctx(), v.who, agreed...); err != nil {
		return err
	}
	return p.redirect(v, view.Next)
}

// agreed returns the documents whose boxes were ticked. Their edition is the
// one that was shown: if there is another by now, it is not agreed to.
func (p *portal) agreed(v *visit) []account.Document {
	var out []account.Document
	for _, d := range p.c.Accounts.Terms() {
		if v.field("agree-"+d.Name) == d.Edition {
			out = append(out, d)
		}
	}
	return out
}
