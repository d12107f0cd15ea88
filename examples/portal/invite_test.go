// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/community/membership"
)

var linkOnPage = regexp.MustCompile(`http://portale\.example(/invited\?token=[A-Za-z0-9_-]{43})`)

// linksShown returns the links of invitations that a page shows.
func linksShown(a *shown) []string {
	var out []string
	for _, m := range linkOnPage.FindAllStringSubmatch(html.UnescapeString(a.body), -1) {
		out = append(out, m[1])
	}
	return out
}

// accept opens the link of an invitation and presses its button.
func (b *browser) accept(link string) *shown {
	b.t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.post("/invited", "token", u.Query().Get("token"))
}

// An invitation shows what it is for, joins whoever accepts, and as often as it
// says.
func TestInvite(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	marta := s.browser("marta.colonna")
	checkPage(t, marta.get("/invitations").is(http.StatusOK).has("Usato"))
	checkPage(t, marta.get("/invitations/new").is(http.StatusOK))
	for _, c := range []struct{ field, value, want string }{
		{"category", "", "Scegli una categoria."}, {"role", "9", "Scegli un ruolo"}, {"most", "0", "numero da 1"}, {"most", "molti", "numero da 1"}, {"most", "5000", "Al massimo 1000."},
		{"ends", "2020-01-01", "È già passato."}, {"ends", "2030-01-01", "Al massimo un anno."}, {"ends", "mai", "Scrivi la data"}, {"address", "non è", "non si può leggere"}, {"org", "x", "L’ente non c’è"},
	} {
		form := map[string]string{"category": "expert", "role": "2", "most": "2", c.field: c.value}
		var pairs []string
		for name, value := range form {
			pairs = append(pairs, name, value)
		}
		checkPage(t, marta.post("/invitations/new", pairs...).is(http.StatusUnprocessableEntity).has(c.want))
	}
	org := s.org("un_mont").ID.String()
	made := marta.post("/invitations/new", "category", "university", "role", "2", "most", "2", "org", org).is(http.StatusOK)
	checkPage(t, made.has("non verranno mostrati di nuovo", "Vale per 2 persone"))
	links := linksShown(made)
	if len(links) != 1 {
		t.Fatalf("%d links", len(links))
	}
	marta.get("/invitations").has("Università di Montesole", "Usato 0 volte su 2").hasNot(links[0])

	visitor := s.browser("").get(links[0]).is(http.StatusOK)
	checkPage(t, visitor.has("Università di Montesole", "Per accettare accedi").hasNot("Entra nella comunità</button>"))
	if got := visitor.header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("Referrer-Policy %q", got)
	}
	b := s.browser("")
	if to := b.post("/sign-in", "name", "gemma.torrisi", "password", testPassword, "next", links[0]).is(http.StatusSeeOther).to(); to != links[0] {
		t.Errorf("leads to %s", to)
	}
	checkPage(t, b.get(links[0]).is(http.StatusOK).has("Entra nella comunità</button>"))
	b.follow(b.accept(links[0])).has("Ora fai parte della comunità", "Università di Montesole", "Attivo")
	checkPage(t, b.get(links[0]).is(http.StatusOK).has("Fai già parte della comunità."))
	b.accept(links[0]).is(http.StatusConflict) // for a member, it is no use
	s.signUp("livia.monti").accept(links[0]).is(http.StatusSeeOther)
	checkPage(t, s.signUp("nino.sala").accept(links[0]).is(http.StatusGone).has("L’invito non è più valido."))
	checkPage(t, s.browser("").get(links[0]).is(http.StatusGone))
	checkPage(t, s.browser("").get("/invited").is(http.StatusGone))
	s.browser("").accept(links[0]).is(http.StatusForbidden)

	// One that is for an address is for nobody else.
	made = marta.post("/invitations/new", "category", "expert", "role", "2", "most", "1", "address", "Rosa.Alba@example.net").is(http.StatusOK)
	link := linksShown(made)[0]
	marta.post("/invitations/new", "category", "expert", "role", "2", "most", "1", "address", "rosa.alba@example.net").is(http.StatusUnprocessableEntity).has("c’è già un invito")
	nino := s.browser("nino.sala")
	checkPage(t, nino.get(link).is(http.StatusOK).has("Vale solo per l’indirizzo"))
	nino.accept(link).is(http.StatusGone)
	s.post.take()
	rosa := s.signUp("rosa.alba")
	rosa.accept(link).is(http.StatusGone) // not proved yet
	verify := s.link(account.SendVerify)
	rosa.post("/verify", "token", rosa.get(verify).value("token")).is(http.StatusSeeOther)
	rosa.accept(link).is(http.StatusSeeOther)

	// Revoked, it is good for nothing.
	made = marta.post("/invitations/new", "category", "expert", "role", "2", "most", "1").is(http.StatusOK)
	revoke := linkTo(marta.get("/invitations"), "/invitations/0")
	checkPage(t, marta.get(revoke).is(http.StatusOK).has("Il collegamento non varrà più."))
	s.browser("nereo.galvani").post(revoke).is(http.StatusNotFound)
	marta.follow(marta.post(revoke)).has("L’invito è revocato.", "Revocato")
	nino.accept(linksShown(made)[0]).is(http.StatusGone)
}

// Moderators invite up to their role; they see what they gave, and coordinators
// what everybody did.
func TestInviters(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	nereo, marta := s.browser("nereo.galvani"), s.browser("marta.colonna")
	checkPage(t, nereo.get("/invitations/new").is(http.StatusOK).has("moderatore</option>").hasNot("facilitatore</option>"))
	nereo.post("/invitations/new", "category", "expert", "role", "4", "most", "1").is(http.StatusForbidden).has("ruolo superiore al tuo")
	nereo.post("/invitations/new", "category", "expert", "role", "2", "most", "1", "org", s.org("un_mont").ID.String()).is(http.StatusForbidden)
	nereo.post("/invitations/new", "category", "expert", "role", "3", "most", "1").is(http.StatusOK)
	nereo.get("/invitations").is(http.StatusOK).has("moderatore").hasNot("Quelli di tutti", "Marta Colonna")
	nereo.get("/invitations?all=1").is(http.StatusOK).hasNot("Marta Colonna")
	checkPage(t, marta.get("/invitations?all=1").is(http.StatusOK).has("Nereo Galvani", "Marta Colonna"))
	for _, address := range []string{"/invitations", "/invitations/new", "/invitations/many"} {
		checkPage(t, s.browser("tecla.bassani").get(address).is(http.StatusForbidden))
	}
	s.browser("tecla.bassani").post("/invitations/new", "category", "expert", "role", "2", "most", "1").is(http.StatusForbidden)
	s.browser("tecla.bassani").post("/invitations/many", "rows", "a@example.net; expert").is(http.StatusForbidden)

	// An invitation that the phase does not admit any more waits.
	link := linksShown(marta.post("/invitations/new", "category", "expert", "role", "2", "most", "1"))[0]
	s.turn(0)
	gemma := s.browser("gemma.torrisi")
	checkPage(t, gemma.get(link).is(http.StatusOK).has("non ammette ancora questa categoria"))
	checkPage(t, gemma.accept(link).is(http.StatusForbidden).has("non ammette ancora"))
	checkPage(t, marta.post("/invitations/new", "category", "expert", "role", "2", "most", "1").is(http.StatusForbidden).has("In questa fase"))
	s.turn(1)
	gemma.accept(link).is(http.StatusSeeOther)
}

// A list of people is invited at once, with a word on every line; sent again it
// invites nobody twice.
func TestInviteMany(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	marta := s.browser("marta.colonna")
	checkPage(t, marta.get("/invitations/many").is(http.StatusOK).has("<code>university</code>"))
	checkPage(t, marta.post("/invitations/many", "rows", " \n ").is(http.StatusUnprocessableEntity).has("Scrivi almeno una riga."))
	rows := strings.Join([]string{
		"una@example.net; university; UN_MONT", "due@example.net, Esperti", "non è un indirizzo; expert", "tre@example.net; alchimista",
		"quattro@example.net; expert; nessuno", "cinque@example.net", "una@example.net; expert", "<b>@example.net;expert;x;y",
	}, "\r\n")
	page := marta.post("/invitations/many", "rows", rows).is(http.StatusOK)
	checkPage(t, page.has("Creati 2 inviti, 0 c’erano già, su 8 righe.", "Indirizzo: Contiene qualcosa", "Categoria: Scegli una categoria.", "Ente: L’ente non c’è", "Servono due o tre valori", "Per questo indirizzo c’è già un invito."))
	links := linksShown(page)
	if len(links) != 2 {
		t.Fatalf("%d links", len(links))
	}
	again := marta.post("/invitations/many", "rows", rows).is(http.StatusOK).has("Creati 0 inviti, 2 c’erano già, su 8 righe.")
	if got := linksShown(again); len(got) != 0 {
		t.Errorf("links again: %v", got)
	}
	una := s.signUp("una")
	una.post("/verify", "token", una.get(s.link(account.SendVerify)).value("token")).is(http.StatusSeeOther)
	una.follow(una.accept(links[0])).has("Università di Montesole")

	// Whatever the rate refuses is said line by line, too.
	limited := newStage(t, func(o *options) { o.Rates.Acts = defaultRates.Acts })
	most := defaultRates.Acts[membership.Invite].Member.Times
	lines := make([]string, most+3)
	for i := range lines {
		lines[i] = fmt.Sprintf("persona%d@example.net;expert", i)
	}
	marta = limited.browser("marta.colonna")
	page = marta.post("/invitations/many", "rows", strings.Join(lines[:60], "\n")).is(http.StatusOK)
	limited.pass(time.Second)
	page2 := marta.post("/invitations/many", "rows", strings.Join(lines[60:], "\n")).is(http.StatusOK).has("Aspetta")
	if n := len(slices.Concat(linksShown(page), linksShown(page2))); n != most {
		t.Errorf("%d invitations, want %d", n, most)
	}
}
