// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// Whoever may not use the desk gets the same answer for what is there as for
// what never was, byte for byte, whatever they ask.
func TestDeskIsClosed(t *testing.T) {
	t.Parallel()
	for _, login := range []string{"", "gemma.torrisi", "ettore.brighi", "tecla.bassani", "nereo.galvani", "ilenia.corsaro"} {
		t.Run("as "+login, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			group := sampleAreas()[1].ID
			x, err := s.p.c.Membership.Restrain(t.Context(), s.actor("bruna.maltesi"), membership.NewSanction{User: s.actor("fulvia.sanna").User, Area: auth.Commons, Kind: membership.Warning, Why: "Richiamo segreto"})
			if err != nil {
				t.Fatal(err)
			}
			if login == "nereo.galvani" { // he may see those of the commons
				if x, err = s.p.c.Membership.Restrain(t.Context(), s.actor("marta.colonna"), membership.NewSanction{User: s.actor("fulvia.sanna").User, Area: group, Kind: membership.Warning, Why: "Richiamo segreto"}); err != nil {
					t.Fatal(err)
				}
			}
			inv, _, err := s.p.c.Membership.Invite(t.Context(), s.actor("marta.colonna"), membership.NewInvitation{Category: membership.Expert})
			if err != nil {
				t.Fatal(err)
			}
			claims, err := s.p.c.Membership.Mandates(t.Context(), s.actor("fulvia.sanna"), s.actor("fulvia.sanna").User)
			if err != nil {
				t.Fatal(err)
			}
			app, mandate, org := s.waiting("gemma.torrisi"), claims[0].ID.String(), s.org("ets_filo").ID.String()
			nowhere := map[string]string{
				app: storage.NewID[membership.Application]().String(), mandate: storage.NewID[membership.Mandate]().String(), org: storage.NewID[auth.Org]().String(),
				x.ID.String(): storage.NewID[membership.Sanction]().String(), inv.ID.String(): storage.NewID[membership.Invitation]().String(), "phases/0": "phases/9",
			}
			b := s.browser(login)
			for _, r := range []struct {
				address string
				form    []string // nil: a GET
			}{
				{"/desk/applications/" + app, nil}, {"/desk/applications/" + app, []string{"do", "approve"}}, {"/desk/applications/" + app, []string{"do", "decline", "why", "w"}},
				{"/desk/mandates/" + mandate + "/verify", []string{}}, {"/desk/mandates/" + mandate + "/end", nil}, {"/desk/mandates/" + mandate + "/end", []string{}},
				{"/membership/mandates/" + mandate + "/end", nil}, {"/membership/mandates/" + mandate + "/end", []string{}},
				{"/desk/organisations/" + org, nil}, {"/desk/organisations/" + org, []string{"name", "n", "version", "1"}},
				{"/desk/sanctions/" + x.ID.String(), nil}, {"/desk/sanctions/" + x.ID.String(), []string{"answer", "upheld", "why", "w"}}, {"/desk/sanctions/" + x.ID.String() + "/end", []string{}},
				{"/sanctions/" + x.ID.String(), nil}, {"/sanctions/" + x.ID.String(), []string{"text", "t"}},
				{"/invitations/" + inv.ID.String() + "/revoke", nil}, {"/invitations/" + inv.ID.String() + "/revoke", []string{}},
				{"/desk/phases/0", nil}, {"/desk/phases/0", []string{"seen", "2", "why", "w"}},
			} {
				ask := func(address string) *shown {
					if r.form == nil {
						return b.get(address)
					}
					return b.post(address, r.form...)
				}
				absentAddress := r.address
				for id, none := range nowhere {
					absentAddress = strings.ReplaceAll(absentAddress, id, none)
				}
				there, absent := ask(r.address), ask(absentAddress)
				back := strings.NewReplacer(func() (pairs []string) {
					for id, none := range nowhere {
						pairs = append(pairs, none, id, url.QueryEscape(none), url.QueryEscape(id))
					}
					return pairs
				}()...)
				if login == "" && r.form == nil { // sent to sign in, and to the same page then
					for _, a := range []*shown{there.is(http.StatusSeeOther), absent.is(http.StatusSeeOther)} {
						if !strings.HasPrefix(a.to(), "/sign-in?next=") {
							t.Errorf("%s leads to %s", a.asked, a.to())
						}
					}
					continue
				}
				if there.status != absent.status || there.body != back.Replace(absent.body) || !reflect.DeepEqual(there.header, absent.header) {
					t.Errorf("%s: %d differs from %d\n%s", there.asked, there.status, absent.status, text(there.body))
				}
				there.hasNot("Richiamo segreto", "Cooperativa sociale Il Filo", sampleReason)
				if r.form != nil && there.status < 400 {
					t.Errorf("%s: status %d", there.asked, there.status)
				}
			}
			for _, address := range []string{"/desk/applications", "/desk/mandates", "/desk/organisations", "/desk/organisations/new", "/desk/phases", "/desk/roles"} {
				want := http.StatusForbidden
				if login == "" {
					want = http.StatusSeeOther
				}
				checkPage(t, b.get(address).is(want).hasNot("Richiamo segreto", "gemma.torrisi</span>", "Segreteria della comunità</a>"))
			}
			for _, address := range []string{"/desk/organisations/new", "/desk/roles"} {
				if a := b.post(address, "code", "x", "name", "x", "user", "tecla.bassani", "area", sampleAreas()[0].ID.String(), "role", "4"); a.status != http.StatusForbidden {
					t.Errorf("%s: status %d", a.asked, a.status)
				}
			}
			if login != "nereo.galvani" && login != "ilenia.corsaro" {
				a := b.post("/desk/sanctions/new", "user", "tecla.bassani", "kind", "3", "area", sampleAreas()[0].ID.String(), "why", "w")
				known, unknown := a.is(http.StatusForbidden).body, b.post("/desk/sanctions/new", "user", "nessuno.cosi", "kind", "3", "area", sampleAreas()[0].ID.String(), "why", "w").body
				if known != unknown {
					t.Error("the form tells who has an account")
				}
			}
		})
	}
}

// What somebody tells nobody is on no page, and what they tell members is on
// none of whoever is no member.
func TestPrivateProfile(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	dario := s.browser("dario.pellegri")
	form := dario.get("/membership/profile").is(http.StatusOK)
	checkPage(t, form)
	if form.value("name") != "Dario Pellegri" || form.value("expertise") != "raccolta dati\neducativa di strada" || form.chosen("name_audience") != "3" {
		t.Errorf("the form holds %q, %q, %q", form.value("name"), form.value("expertise"), form.chosen("name_audience"))
	}
	fields := map[string]string{
		"version": form.value("version"), "name": "Dario Pellegri", "name_audience": "2", "headline": "Titolo per chiunque", "headline_audience": "3",
		"contact": "telefono segretissimo", "contact_audience": "0", "about": "Racconto **per i membri**", "about_audience": "2", "expertise": "ascolto\n\n raccolta dati ", "listed": "1",
	}
	send := func(change ...string) *shown {
		var pairs []string
		for name, value := range fields {
			for i := 0; i+1 < len(change); i += 2 {
				if change[i] == name {
					value = change[i+1]
				}
			}
			pairs = append(pairs, name, value)
		}
		return dario.post("/membership/profile", pairs...)
	}
	for _, c := range []struct{ field, value, want string }{
		{"name", strings.Repeat("è", membership.MaxField+1), "al massimo 200"}, {"headline_audience", "1", "Scegli a chi mostrarlo."},
		{"expertise", strings.Repeat("a b\n", 1) + strings.Repeat("x", 51), "al massimo 50"}, {"about", "a\x01", "caratteri di controllo"},
	} {
		a := send(c.field, c.value).is(http.StatusUnprocessableEntity).has(c.want, "telefono segretissimo")
		checkPage(t, a)
	}
	send("contact_audience", "x").is(http.StatusBadRequest)
	dario.follow(send()).is(http.StatusOK).has("Il profilo è salvato.")
	stale := send("headline", "Da un’altra scheda").is(http.StatusConflict).has("Il profilo è cambiato nel frattempo", "Da un’altra scheda")
	checkPage(t, stale)

	at := "/members/" + s.actor("dario.pellegri").User.String()
	pages := []string{at, "/", "/members", "/members?expertise=ascolto", "/topics/" + s.topic("Benvenuti").ID.String()}
	for _, c := range []struct {
		login     string
		sees, not []string
	}{
		{"", []string{"Titolo per chiunque"}, []string{"telefono segretissimo", "per i membri", "Dario Pellegri", "ascolto</a>"}},
		{"gemma.torrisi", []string{"Titolo per chiunque"}, []string{"telefono segretissimo", "per i membri", "Dario Pellegri", "ascolto</a>"}},
		{"ettore.brighi", []string{"Titolo per chiunque", "<strong>per i membri</strong>", "Dario Pellegri", "ascolto"}, []string{"telefono segretissimo"}},
		{"nereo.galvani", []string{"Titolo per chiunque", "<strong>per i membri</strong>", "Dario Pellegri"}, []string{"telefono segretissimo"}},
		{"marta.colonna", []string{"telefono segretissimo"}, nil},
		{"dario.pellegri", []string{"telefono segretissimo"}, nil},
	} {
		b := s.browser(c.login)
		for _, address := range pages {
			a := b.get(address)
			checkPage(t, a.hasNot(c.not...))
			if address == at {
				a.is(http.StatusOK).has(c.sees...)
			}
		}
	}

	// Whoever tells nothing is nobody to a visitor.
	fields["version"], fields["headline_audience"] = stale.value("version"), "2"
	send().is(http.StatusSeeOther)
	b := s.browser("")
	hidden, absent := b.get(at).is(http.StatusNotFound), b.get("/members/"+storage.NewID[auth.User]().String())
	if hidden.body != absent.body || fmt.Sprint(hidden.header) != fmt.Sprint(absent.header) {
		t.Error("a visitor learns that somebody is there")
	}
}
