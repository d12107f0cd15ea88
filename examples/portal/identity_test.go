// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"testing"

	"github.com/copis-it/copis/auth/account"
)

// An identity of elsewhere is listed and taken away, by its owner alone; the
// sessions that it opened end, but for the one that it was done with.
func TestUnlink(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	const issuer = "https://idp.example"
	outside := account.ExternalIdentity{Issuer: issuer, Subject: "soggetto-1", Level: 2}
	e, err := s.p.c.Accounts.SignInExternal(t.Context(), outside)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.p.c.Accounts.LinkIdentity(t.Context(), s.actor("tecla.bassani"), account.NewIdentity{Pending: e.Pending, Proof: account.Proof{Password: testPassword}}); err != nil {
		t.Fatal(err)
	}
	b, other := s.browser("tecla.bassani"), s.browser("tecla.bassani")
	page := b.get("/account/identities").is(http.StatusOK).has(issuer)
	checkPage(t, page)
	subject := buttonOf(t, page, "subject")

	s.browser("").post("/account/identities", "issuer", issuer, "subject", subject).is(http.StatusForbidden)
	stranger := s.browser("osvaldo.renzi")
	stranger.post("/account/identities", "issuer", issuer, "subject", subject).is(http.StatusNotFound)
	checkPage(t, b.post("/account/identities", "issuer", issuer, "subject", "un altro").is(http.StatusNotFound))
	b.get("/account/identities").is(http.StatusOK).has(issuer)

	b.follow(b.post("/account/identities", "issuer", issuer, "subject", subject).is(http.StatusSeeOther)).is(http.StatusOK).has("L’identità è scollegata.").hasNot(issuer)
	other.get("/account").is(http.StatusSeeOther)
	b.post("/account/identities", "issuer", issuer, "subject", subject).is(http.StatusNotFound)
	if e, err := s.p.c.Accounts.SignInExternal(t.Context(), outside); err != nil || !e.User.IsZero() {
		t.Errorf("%v, %v", e, err)
	}
}
