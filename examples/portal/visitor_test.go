// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// Wherever a visitor has to sign in, they are led there and back; what they
// sent is refused with a page that holds it and the way.
func TestVisitors(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *options) { o.Base = "/comunita/" })
	topic := "/comunita/topics/" + s.topic("Innovazione sociale").ID.String()
	board := "/comunita/boards/" + s.board("Programmazione 2021-2027").ID.String()
	for _, address := range []string{
		topic + "/reply", topic + "/reply?quote=1", board + "/new", "/comunita/unread", "/comunita/following", "/comunita/removed", "/comunita/drafts",
		"/comunita/account", "/comunita/account/tokens", "/comunita/membership", "/comunita/members", "/comunita/desk", "/comunita/desk/waiting", "/comunita/invitations/new",
		topic + "/edit", topic + "/hide", topic + "/purge", topic + "/move",
	} {
		b := s.browser("")
		want := "/comunita/sign-in?next=" + url.QueryEscape(address)
		a := b.get(address).is(http.StatusSeeOther)
		if a.to() != want {
			t.Errorf("%s leads to %s", address, a.to())
			continue
		}
		page := b.get(a.to()).is(http.StatusOK)
		if next := page.value("next"); next != address {
			t.Errorf("%s: next is %q", address, next)
		}
		if linkTo(page, "/comunita/sign-up?next="+url.QueryEscape(address)) == "" {
			t.Errorf("%s: no way to sign up and go on", address)
		}
	}
	for address, form := range map[string][]string{
		topic + "/useful": {"useful", "1"}, topic + "/follow": {"do", "follow"}, topic + "/delete": nil, topic + "/hide": {"why", "Perché sì, «certo»."},
		"/comunita/unread": nil, "/comunita/drafts": {"place", "x"}, "/comunita/membership/claim": {"title", "x"}, "/comunita/act-as": {"for", ""}, "/comunita/sanctions/x": {"text", "Non è vero."},
	} {
		b := s.browser("")
		a := b.post(address, form...).is(http.StatusForbidden)
		checkPage(t, a)
		if len(form) > 0 && len(form[1]) > 5 && form[0] != "do" {
			a.has(form[1])
		}
		link := linkTo(a, "/comunita/sign-in?next=")
		if link == "" {
			t.Errorf("%s: no way to sign in", address)
			continue
		}
		b.get(link).is(http.StatusOK)
	}
	b := s.browser("")
	a := b.post(topic+"/reply", "do", "post", "key", "k", "body", "Una risposta lunga").is(http.StatusForbidden)
	checkPage(t, a)
	if a.value("body") != "Una risposta lunga" || linkTo(a, "/comunita/sign-in?next="+url.QueryEscape(topic+"/reply")) == "" {
		t.Errorf("what was typed or the way to sign in is lost:\n%s", a.body)
	}
}

// Signing up leads on as signing in does: to a page of the portal and nowhere
// else.
func TestSignUpLeadsOn(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *options) { o.Base = "/comunita/" })
	topic := "/comunita/topics/" + s.topic("Innovazione sociale").ID.String()
	n := 0
	for next, want := range map[string]string{
		"": "/comunita/account", "/comunita/": "/comunita/account", topic + "/reply": topic + "/reply", topic + "/follow": topic, "/comunita/invited?token=x": "/comunita/invited?token=x",
		"//evil.example": "/comunita/account", `/\evil.example`: "/comunita/account", `\\evil.example`: "/comunita/account", "https:evil.example": "/comunita/account", "/comunita/../..//evil.example": "/comunita/account",
		"/comunita/\r\nLocation: //evil.example": "/comunita/account", "\t//evil.example": "/comunita/account", " //evil.example": "/comunita/account", "/\x00/evil.example": "/comunita/account",
		"/comunita/%5c%5cevil.example": "/comunita/account", "/comunita/sign-up?next=//evil.example": "/comunita/account", "///evil.example/comunita/": "/comunita/account", "/comunita@evil.example": "/comunita/account",
	} {
		n++
		b := s.browser("")
		name := "persona.nuova" + strings.Repeat("z", n)
		page := b.get("/comunita/sign-up?" + url.Values{"next": {next}}.Encode()).is(http.StatusOK)
		failed := b.post("/comunita/sign-up", "name", "", "next", next).is(http.StatusUnprocessableEntity)
		for _, a := range []*shown{page, failed} {
			if got := a.value("next"); got != want && (got != "/comunita/" || want != "/comunita/account") {
				t.Errorf("%q becomes %q", next, got)
			}
		}
		a := b.post("/comunita/sign-up", "name", name, "address", strconv.Itoa(n)+"@example.net", "password", testPassword, "agree-terms", "2026-05", "next", next).is(http.StatusSeeOther)
		if to := strings.NewReplacer("?done=signed_up", "", "&done=signed_up", "", "done=signed_up&", "").Replace(a.to()); to != want || strings.ContainsAny(a.to(), "\r\n\\") {
			t.Errorf("%q leads to %q", next, a.to())
		}
	}
}
