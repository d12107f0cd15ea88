// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
)

// A tokensView lists the tokens of programs, and has the form for another.
type tokensView struct {
	Tokens []session.Token
	Form   fields
	Scopes []scopeChoice
	Terms  []choice
}

// A scopeChoice is a scope that a token may be given.
type scopeChoice struct {
	Scope  auth.Action
	Chosen bool
}

// tokenDays are the terms that a token may have.
var tokenDays = []int{30, 90, 365}

func (p *portal) tokensView(v *visit) (tokensView, error) {
	view := tokensView{Form: ask(v, "name", "days", "scopes", "ends")}
	for _, s := range scopes {
		chosen := v.r.Method == http.MethodGet || slices.Contains(v.r.PostForm["scopes"], string(s))
		view.Scopes = append(view.Scopes, scopeChoice{s, chosen})
	}
	for _, n := range tokenDays {
		view.Terms = append(view.Terms, choice{Value: strconv.Itoa(n), Label: p.n(v, "tokens.days", n)})
	}
	var err error
	view.Tokens, err = p.c.Sessions.Tokens(v.ctx(), v.who)
	return view, err
}

func (p *portal) tokensPage(v *visit) error {
	view, err := p.tokensView(v)
	if err != nil {
		return err
	}
	return p.show(v, "tokens", p.t(v, "tokens.title"), view)
}

// A tokenView shows the secret of a token, once.
type tokenView struct {
	Token  session.Token
	Secret string
}

// issue answers with the secret itself and not with a redirect to it: it is
// kept nowhere to be shown from.
func (p *portal) issue(v *visit) error {
	days, err := strconv.Atoi(v.field("days"))
	if err != nil || !slices.Contains(tokenDays, days) {
		return errMalformed
	}
	in := session.NewToken{Name: v.field("name"), Ends: p.clock.Now().Add(time.Duration(days) * 24 * time.Hour), Still: v.session.Still()}
	for _, s := range v.r.PostForm["scopes"] {
		in.Scopes = append(in.Scopes, auth.Action(s))
	}
	secret, token, err := p.c.Sessions.Issue(v.ctx(), v.who, in)
	if err != nil {
		view, verr := p.tokensView(v)
		if verr != nil {
			return verr
		}
		status, err := p.refuse(v, &view.Form, err)
		if err != nil {
			return err
		}
		return p.again(v, status, "tokens", p.t(v, "tokens.title"), view)
	}
	return p.again(v, http.StatusOK, "token", p.t(v, "token.title"), tokenView{token, secret})
}

func (p *portal) revoke(v *visit) error {
	id, err := storage.ParseID[session.Token](v.field("token"))
	if err != nil {
		return errMalformed
	}
	if err := p.c.Sessions.Revoke(v.ctx(), v.who, id); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("account/tokens"), "done", "token_revoked"))
}
