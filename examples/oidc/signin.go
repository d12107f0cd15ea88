// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
)

// A door is a provider as the host knows it. Each has an address of its own for
// answers, so that one is never taken for another's.
type door struct {
	Key, Name string
	issuer    string
	oauth     oauth2.Config
	verifier  *oidc.IDTokenVerifier
}

// asking is how long a provider may take to answer the host.
var asking = &http.Client{Timeout: 5 * time.Second}

func newDoor(ctx context.Context, p *provider, now func() time.Time) (*door, error) {
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, asking), p.issuer)
	if err != nil {
		return nil, err
	}
	return &door{
		Key: p.key, Name: p.name, issuer: p.issuer, verifier: found.Verifier(&oidc.Config{ClientID: p.client, Now: now}),
		oauth: oauth2.Config{
			ClientID: p.client, ClientSecret: p.secret, Endpoint: found.Endpoint(), RedirectURL: p.redirectTo,
			Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
		},
	}, nil
}

// A flow is one try to sign in at a door. It is sealed in a cookie: whoever
// ends it has begun it. A provider's code is good once and for a minute, so the
// cookie need not tell when it was made.
type flow struct{ Door, State, Nonce, Verifier string }

// A stranger has shown who they are, and nobody here is known by it. Pending is
// of an account.Entry; the names are to be shown, and nothing is decided by
// them.
type stranger struct {
	Pending           string
	Level             auth.Level
	Twin              bool
	Door, Name, Email string
}

const flowCookie, strangerCookie = "flow", "stranger"

// begin sends a browser to a provider.
func (s *site) begin(v *visit) error {
	d, class := s.doors[v.r.PathValue("door")], v.r.PostFormValue("acr")
	if d == nil {
		return errFailed
	}
	if levelOf(class) == 0 {
		class = acr[auth.LevelLow]
	}
	f := flow{d.Key, rand.Text() + rand.Text(), rand.Text() + rand.Text(), oauth2.GenerateVerifier()}
	if err := s.put(v, flowCookie, f); err != nil {
		return err
	}
	return v.to(d.oauth.AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier),
		oauth2.SetAuthURLParam("acr_values", class), oauth2.SetAuthURLParam("prompt", "consent login")))
}

// callback takes what a browser brings back. Why it is no good, only the log
// says.
func (s *site) callback(v *visit) error {
	var f flow
	begun := s.get(v, flowCookie, &f)
	s.cookie(v, flowCookie, "", -1)
	d := s.doors[v.r.PathValue("door")]
	if !begun || d == nil || d.Key != f.Door {
		return fmt.Errorf("%w: not begun here", errFailed)
	}
	who, err := d.identify(v.r.Context(), f, v.r.URL.Query())
	if err != nil {
		return fmt.Errorf("%w: %w", errFailed, err)
	}
	e, err := s.c.Accounts.SignInExternal(v.r.Context(), who)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errFailed, err)
	case e.Second != "":
		return errSecond
	case e.Pending == "":
		return s.enter(v, e)
	}
	x := stranger{e.Pending, e.Level, e.Twin, d.Name, who.Attributes["name"], who.Attributes["email"]}
	if err := s.put(v, strangerCookie, x); err != nil {
		return err
	}
	return v.to("/who")
}

// identify turns a provider's answer into an identity, if it is one to what was
// asked.
func (d *door) identify(ctx context.Context, f flow, q url.Values) (none account.ExternalIdentity, _ error) {
	switch {
	case !equal(q.Get("state"), f.State):
		return none, errors.New("another state")
	case q.Get("iss") != d.issuer: // RFC 9207
		return none, errors.New("another issuer's answer")
	case q.Get("error") != "":
		return none, errors.New("the provider refused")
	}
	token, err := d.oauth.Exchange(oidc.ClientContext(ctx, asking), q.Get("code"), oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return none, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := d.verifier.Verify(ctx, raw) // its signature, issuer, audience and time
	if err != nil {
		return none, err
	}
	var is struct {
		Class  string `json:"acr"`
		Given  string `json:"given_name"`
		Family string `json:"family_name"`
		Email  string `json:"email"`
		Fiscal string `json:"https://attributes.eid.gov.it/fiscal_number"`
	}
	if err := errors.Join(id.VerifyAccessToken(token.AccessToken), id.Claims(&is)); err != nil {
		return none, err
	}
	level := levelOf(is.Class)
	switch {
	case !equal(id.Nonce, f.Nonce):
		return none, errors.New("another nonce")
	case len(id.Audience) != 1:
		return none, errors.New("for others as well")
	case level == 0:
		return none, errors.New("no level that there is")
	}
	return account.ExternalIdentity{Issuer: id.Issuer, Subject: id.Subject, Level: level, Attributes: map[string]string{
		"name": strings.TrimSpace(is.Given + " " + is.Family), "email": is.Email, "fiscalNumber": is.Fiscal,
	}}, nil
}

// who asks a stranger whether they have an account.
func (s *site) who(v *visit) error {
	var x stranger
	if !s.get(v, strangerCookie, &x) {
		return v.to("/")
	}
	return show(v.w, http.StatusOK, "who", x)
}

// settle finds out whose a stranger's identity is, and lets them in by it:
// their account's, which they show to be theirs as well by its password, or a
// new one's. What the provider tells of them decides nothing: the address is a
// proposal, and its owner has yet to prove it.
func (s *site) settle(v *visit) error {
	var x stranger
	if !s.get(v, strangerCookie, &x) {
		return v.to("/")
	}
	var e account.Entry
	var err error
	switch v.r.PathValue("how") {
	case "link":
		if e, err = s.prove(v); err == nil {
			e, err = s.c.Accounts.LinkIdentity(v.r.Context(), auth.Actor{User: e.User}, account.NewIdentity{
				Pending: x.Pending, Proof: account.Proof{Password: v.r.PostFormValue("password"), Source: v.source()},
			})
		}
	case "create":
		e.Version = 1
		e.User, err = s.c.Accounts.SignUp(v.r.Context(), account.NewAccount{
			Name: v.r.PostFormValue("name"), Address: v.r.PostFormValue("address"), Pending: x.Pending, Source: v.source(),
		})
	default:
		err = errFailed
	}
	if err != nil {
		return err
	}
	s.cookie(v, strangerCookie, "", -1)
	e.Level = x.Level
	return s.enter(v, e)
}
