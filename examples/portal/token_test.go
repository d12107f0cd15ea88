// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/forum"
)

func tokenFor(s *stage) session.NewToken {
	s.t.Helper()
	open, err := s.p.c.Sessions.List(s.t.Context(), s.actor("tecla.bassani")) // who asks for one is signed in
	if err != nil || len(open) == 0 {
		s.t.Fatalf("%d sessions, %v", len(open), err)
	}
	return session.NewToken{Name: "lettore", Scopes: scopes, Ends: s.clock().Add(24 * time.Hour), Still: open[0].Still()}
}

// A program reads feeds by a token, within its scopes, and does nothing else.
func TestTokens(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("tecla.bassani")
	checkPage(t, b.get("/account/tokens").is(http.StatusOK).has("Nessun token."))
	for _, c := range []struct {
		form []string
		want string
	}{
		{[]string{"name", "", "days", "30", "scopes", "forum.read"}, "Non può essere vuoto."},
		{[]string{"name", "lettore", "days", "30"}, "Non può essere vuoto."},
		{[]string{"name", "lettore", "days", "30", "scopes", "forum.purge"}, "Non corrisponde"},
	} {
		checkPage(t, b.post("/account/tokens", c.form...).is(http.StatusUnprocessableEntity).has(c.want))
	}
	b.post("/account/tokens", "name", "lettore", "days", "9999", "scopes", "forum.read").is(http.StatusBadRequest)
	page := b.post("/account/tokens", "name", "lettore", "days", "30", "scopes", "forum.read", "scopes", "forum.see").is(http.StatusOK)
	checkPage(t, page)
	if got := page.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	secret := secretOnPage.FindStringSubmatch(page.body)[1]
	list := b.get("/account/tokens").is(http.StatusOK).has("lettore", "Mai usato.").hasNot(secret)
	checkPage(t, list)

	topic, board := s.topic("Prima bozza degli indicatori"), s.board("Cruscotto degli indicatori")
	feeds := []string{"/topics/" + topic.ID.String() + "/feed.atom", "/boards/" + board.ID.String() + "/feed.atom"}
	program := s.browser("")
	program.header.Set("Authorization", "Bearer "+secret)
	for _, feed := range feeds {
		a := program.get(feed).is(http.StatusOK).has("Prima bozza", "Ilenia Corsaro")
		if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%v", a.header)
		}
		s.browser("").get(feed).is(http.StatusNotFound)
	}
	b.get("/account/tokens").hasNot("Mai usato.")

	// Everywhere else a token is nothing.
	program.get("/topics/" + topic.ID.String()).is(http.StatusNotFound)
	program.get("/account/tokens").is(http.StatusSeeOther)
	program.post("/topics/"+s.topic("Innovazione sociale").ID.String()+"/reply", "do", "post", "body", "x").is(http.StatusForbidden)

	// What it was not given, it does not do.
	narrow := tokenFor(s)
	narrow.Scopes = []auth.Action{forum.See}
	little, _, err := s.p.c.Sessions.Issue(t.Context(), s.actor("tecla.bassani"), narrow)
	if err != nil {
		t.Fatal(err)
	}
	program.header.Set("Authorization", "Bearer "+little)
	if a := program.get("/topics/" + s.topic("Innovazione sociale").ID.String() + "/feed.atom"); a.status == http.StatusOK {
		t.Error("a token that may only see boards reads a topic")
	}

	// One that is not good is refused, and what is public is not given instead.
	for _, header := range []string{"Bearer copis_x", "Bearer ", "Basic dGVjbGE6eA==", "Bearer " + b.cookies[sessionCookie]} {
		program.header.Set("Authorization", header)
		a := program.get("/topics/" + s.topic("Innovazione sociale").ID.String() + "/feed.atom").is(http.StatusUnauthorized)
		if a.header.Get("WWW-Authenticate") == "" {
			t.Error("no WWW-Authenticate")
		}
	}
	s.browser("dario.pellegri").post("/account/tokens/revoke", "token", buttonOf(t, list, "token")).is(http.StatusNotFound)
	b.follow(b.post("/account/tokens/revoke", "token", buttonOf(t, list, "token"))).has("Il token è revocato.")
	program.header.Set("Authorization", "Bearer "+secret)
	program.get(feeds[0]).is(http.StatusUnauthorized)
	b.post("/account/tokens/revoke", "token", "x").is(http.StatusBadRequest)
}
