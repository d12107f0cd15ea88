// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
)

// A coordinator declines with a reason, which the applicant reads; they ask
// again after a while.
func TestDecline(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	marta, gemma := s.browser("marta.colonna"), s.browser("gemma.torrisi")
	marta.get("/desk").is(http.StatusOK).has("1 da decidere.", "1 da verificare.")
	list := marta.get("/desk/applications").is(http.StatusOK)
	checkPage(t, list.has("Da decidere", "gemma.torrisi", "Esperti").hasNot("Aspettano una fase"))
	at := linkTo(list, "/desk/applications/")
	checkPage(t, marta.get(at).is(http.StatusOK).has(sampleReason, "Accogli", "Respingi"))
	checkPage(t, marta.post(at, "do", "decline", "why", "").is(http.StatusUnprocessableEntity).has("Non può essere vuoto.", `aria-invalid="true"`))
	marta.post(at, "do", "decline", "why", strings.Repeat("è", membership.MaxWhy+1)).is(http.StatusUnprocessableEntity).has("al massimo 1000 caratteri")
	marta.post(at, "do", "approve", "category", "nonsense").is(http.StatusUnprocessableEntity).has("Scegli una categoria.")
	marta.post(at, "do", "think").is(http.StatusBadRequest)
	marta.follow(marta.post(at, "do", "decline", "why", "Manca un curriculum.")).has("La richiesta è respinta.", "Nessuna richiesta.")
	checkPage(t, marta.get("/desk/applications?state=3").has("gemma.torrisi", "Respinta"))
	marta.get("/desk/applications?state=9").is(http.StatusBadRequest)
	checkPage(t, marta.get(at).is(http.StatusOK).has("Respinta", "Marta Colonna").hasNot("Accogli"))
	checkPage(t, gemma.get("/membership").is(http.StatusOK).has("Respinta", "Manca un curriculum.", "Chiedi di partecipare"))
	checkPage(t, gemma.post("/join", "category", "expert", "text", "Eccolo").is(http.StatusForbidden).has("Potrai chiedere di nuovo dal 13 giugno 2026", "Eccolo"))
}

// Two coordinators decide at once: one does, and the other is told so and keeps
// what they typed.
func TestDecideTwice(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	at := "/desk/applications/" + s.waiting("gemma.torrisi")
	both := []*browser{s.browser("marta.colonna"), s.browser("bruna.maltesi")}
	forms := [][]string{{"do", "approve", "category", "research", "why", "Porta dati"}, {"do", "decline", "why", "Mancano dati"}}
	answers := make([]*shown, 2)
	var wg sync.WaitGroup
	for i, b := range both {
		wg.Go(func() { answers[i] = b.post(at, forms[i]...) })
	}
	wg.Wait()
	statuses := []int{answers[0].status, answers[1].status}
	if first := slices.Index(statuses, http.StatusSeeOther); first < 0 || statuses[1-first] != http.StatusConflict {
		t.Fatalf("statuses %v", statuses)
	} else {
		late := answers[1-first]
		checkPage(t, late.has([]string{"Marta Colonna", "Bruna Maltesi"}[first]+" ha già deciso questa richiesta", "La tua decisione non è stata registrata.", forms[1-first][len(forms[1-first])-1]))
		if state := []string{"Accolta", "Respinta"}[first]; !strings.Contains(late.body, state) {
			t.Errorf("%s is not said", state)
		}
	}
	// Withdrawn meanwhile: nobody decided.
	b := s.signUp("livia.monti")
	b.post("/join", "category", "expert").is(http.StatusSeeOther)
	at = "/desk/applications/" + s.waiting("livia.monti")
	b.post("/membership/withdraw").is(http.StatusSeeOther)
	checkPage(t, both[0].post(at, "do", "approve").is(http.StatusConflict).has("Ritirata", "La tua decisione non è stata registrata."))
}

// Approved in another category than they asked for, somebody is a member of
// that, and acts for their organisation for as long as was said.
func TestApprove(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b, marta := s.signUp("livia.monti"), s.browser("marta.colonna")
	b.post("/join", "category", "expert", "org", s.org("un_mont").ID.String(), "title", "Ricercatrice").is(http.StatusSeeOther)
	at := "/desk/applications/" + s.waiting("livia.monti")
	checkPage(t, marta.get(at).is(http.StatusOK).has("Università di Montesole", "un_mont", "Ultimo giorno dell’incarico"))
	kept := marta.post(at, "do", "approve", "category", "university", "until", "mai", "why", "Bene").is(http.StatusUnprocessableEntity).has("Scrivi la data come")
	if kept.chosen("category") != "university" || kept.value("why") != "Bene" {
		t.Error("what was typed is lost")
	}
	marta.post(at, "do", "approve", "category", "university", "until", "2026-12-31").is(http.StatusSeeOther)
	checkPage(t, b.get("/membership").is(http.StatusOK).has("Università", "Attivo", "Ricercatrice", "1 gennaio 2027, ore 00:00"))
	b.get("/").has("Università di Montesole</option>")
}

// The phase is simulated, turned with a reason, and not by two at once.
func TestTurn(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	marta, bruna := s.browser("marta.colonna"), s.browser("bruna.maltesi")
	page := marta.get("/desk/phases").is(http.StatusOK)
	checkPage(t, page.has("In corso", "I progetti finanziati sono tutti avviati", "Marta Colonna", "iscrizione libera", "/desk/phases/0", "/desk/phases/1").hasNot("/desk/phases/2"))
	simulated := marta.get("/desk/phases/0").is(http.StatusOK)
	checkPage(t, simulated.has("1 dovrebbe aspettare.", "Leggere le discussioni", "Perde", "Tornare indietro sospende", "Cittadini"))
	if text(simulated.body) == text(marta.get("/desk/phases/1").body) {
		t.Error("all phases are alike")
	}
	bruna.get("/desk/phases/1").is(http.StatusOK) // meanwhile she looks at another
	checkPage(t, marta.post("/desk/phases/0", "seen", simulated.value("seen"), "why", "").is(http.StatusUnprocessableEntity).has("Non può essere vuoto."))
	marta.follow(marta.post("/desk/phases/0", "seen", simulated.value("seen"), "why", "Troppo presto.")).is(http.StatusOK).has("La fase è cambiata.", "Troppo presto.")
	late := bruna.post("/desk/phases/1", "seen", "2", "why", "Un passo indietro").is(http.StatusConflict)
	checkPage(t, late.has("Nel frattempo qualcuno ha cambiato la fase", "Chi realizza i progetti", "Un passo indietro"))
	if got := late.value("seen"); got != "0" {
		t.Errorf("seen is %q", got)
	}
	bruna.post("/desk/phases/0", "seen", "0", "why", "Di nuovo").is(http.StatusUnprocessableEntity).has("È già così.")
	bruna.follow(bruna.post("/desk/phases/1", "seen", "0", "why", "Un passo avanti")).has("Un passo avanti", "Bruna Maltesi")
	for _, address := range []string{"/desk/phases/9", "/desk/phases/01", "/desk/phases/-1", "/desk/phases/x"} {
		marta.get(address).is(http.StatusNotFound)
	}
	marta.post("/desk/phases/2", "why", "x").is(http.StatusBadRequest)
	checkPage(t, s.browser("").get("/").is(http.StatusOK).has("Per farlo devi accedere."))
}

// Organisations are found, added and changed; what somebody else changed
// meanwhile is not lost.
func TestOrgs(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("marta.colonna")
	checkPage(t, b.get("/desk/organisations").is(http.StatusOK).has("Comune di Roccachiara", "Cooperativa sociale Il Filo"))
	b.get("/desk/organisations?words=filo+cooperativa").has("Cooperativa sociale Il Filo").hasNot("Comune di Roccachiara")
	b.get("/desk/organisations?words=C_ROCCA").has("Comune di Roccachiara").hasNot("Cooperativa")
	checkPage(t, b.get("/desk/organisations/new").is(http.StatusOK))
	for _, c := range []struct{ code, name, site, want string }{
		{"", "Ente", "", "Non può essere vuoto."}, {"a b", "Ente", "", "Solo lettere, cifre"}, {"C_ROCCA", "Ente", "", "È già in uso"},
		{"nuovo", "", "", "Non può essere vuoto."}, {"nuovo", "Ente", "javascript:alert(1)", "indirizzo completo"},
	} {
		a := b.post("/desk/organisations/new", "code", c.code, "name", c.name, "site", c.site).is(http.StatusUnprocessableEntity).has(c.want, `aria-invalid="true"`)
		checkPage(t, a)
		if a.value("code") != c.code || a.value("name") != c.name || a.value("site") != c.site {
			t.Errorf("%v is lost", c)
		}
	}
	at := strings.SplitN(b.post("/desk/organisations/new", "code", "NUOVO_1", "name", "Ente nuovo").is(http.StatusSeeOther).to(), "?", 2)[0]
	page := b.get(at).is(http.StatusOK)
	checkPage(t, page.has("nuovo_1", "Ente nuovo"))
	b.follow(b.post(at, "version", page.value("version"), "name", "Ente rinnovato", "inactive", "1")).has("L’ente è aggiornato.", "Ente rinnovato", "checked")
	stale := b.post(at, "version", page.value("version"), "name", "Ente mio").is(http.StatusConflict).has("«Ente rinnovato»", "Ente mio")
	checkPage(t, stale)
	b.follow(b.post(at, "version", stale.value("version"), "name", "Ente mio")).has("Ente mio").hasNot("checked")
	b.post(at, "name", "x").is(http.StatusBadRequest)
}

// Roles are given in the commons and in the groups, and nobody gives up theirs
// by mistake.
func TestRoles(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	marta := s.browser("marta.colonna")
	areas := sampleAreas()
	commons, group := areas[0].ID.String(), areas[1].ID.String()
	checkPage(t, marta.get("/desk/roles?user=osvaldo.renzi").is(http.StatusOK).has(`value="osvaldo.renzi"`, "Nereo Galvani", "Ilenia Corsaro", "Gruppo di lavoro sugli outcome"))
	marta.follow(marta.post("/desk/roles", "user", "osvaldo.renzi", "area", commons, "role", "3")).has("Il ruolo è assegnato.", "Osvaldo Renzi")
	s.browser("osvaldo.renzi").get("/").has("Osvaldo Renzi, moderatore", `href="/desk"`)
	marta.post("/desk/roles", "user", "osvaldo.renzi", "area", group, "role", "2").is(http.StatusSeeOther)
	s.browser("osvaldo.renzi").get("/topics/" + s.topic("Prima bozza").ID.String()).is(http.StatusOK)
	marta.post("/desk/roles", "user", "osvaldo.renzi", "area", group, "role", "0").is(http.StatusSeeOther)
	s.browser("osvaldo.renzi").get("/topics/" + s.topic("Prima bozza").ID.String()).is(http.StatusNotFound)
	for _, c := range []struct {
		user, area, role, want string
		status                 int
	}{
		{"", commons, "3", "Non può essere vuoto.", 422}, {"nessuno", commons, "3", "Nessun account", 422}, {"osvaldo.renzi", "x", "3", "Non corrisponde", 422},
		{"osvaldo.renzi", commons, "9", "Scegli un ruolo", 422}, {"osvaldo.renzi", commons, "0", "Scegli un ruolo", 422},
		{"gemma.torrisi", commons, "3", "chi fa parte della comunità", 403},
	} {
		a := marta.post("/desk/roles", "user", c.user, "area", c.area, "role", c.role).is(c.status).has(c.want)
		checkPage(t, a)
		if a.value("user") != c.user {
			t.Errorf("%v is lost", c)
		}
	}
	checkPage(t, marta.post("/desk/roles", "user", "marta.colonna", "area", commons, "role", "2").is(http.StatusUnprocessableEntity).has("Conferma che vuoi lasciare il tuo ruolo.", `name="sure"`))
	marta.follow(marta.post("/desk/roles", "user", "marta.colonna", "area", commons, "role", "2", "sure", "1")).is(http.StatusOK).has("Il ruolo è assegnato.", "Marta Colonna, membro")
	marta.get("/desk/roles").is(http.StatusOK).hasNot("Spazio comune</h2>") // she still runs the group
	bruna := s.browser("bruna.maltesi")
	checkPage(t, bruna.post("/desk/roles", "user", "bruna.maltesi", "area", commons, "role", "2", "sure", "1").is(http.StatusConflict).has("l’ultima persona che facilita"))
}

// A moderator of a group restrains people there, and nowhere else.
func TestGroupModerator(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	areas := sampleAreas()
	ilenia := s.browser("ilenia.corsaro")
	checkPage(t, ilenia.get("/desk").is(http.StatusOK).has("Provvedimenti").hasNot("Richieste di partecipazione", "Piano delle fasi", "/invitations"))
	checkPage(t, ilenia.get("/desk/sanctions/new").is(http.StatusOK).has("Gruppo di lavoro sugli outcome").hasNot("Spazio comune"))
	ilenia.post("/desk/sanctions/new", "user", "fulvia.sanna", "kind", "2", "area", areas[0].ID.String(), "why", "x").is(http.StatusForbidden)
	desk := restrained(ilenia, "fulvia.sanna", "2", areas[1].ID.String(), "Fuori tema.", "")
	checkPage(t, ilenia.get(desk).is(http.StatusOK).has("Fulvia Sanna", "Gruppo di lavoro sugli outcome"))
	fulvia := s.browser("fulvia.sanna")
	inGroup := "/topics/" + s.topic("Prima bozza").ID.String()
	checkPage(t, fulvia.get(inGroup).is(http.StatusOK).has("Fuori tema.", "Gruppo di lavoro sugli outcome"))
	checkPage(t, fulvia.post(inGroup+"/reply", "do", "post", "body", "Ma no").is(http.StatusForbidden).has("limitata per un provvedimento", "Ma no"))
	fulvia.post("/topics/"+s.topic("Innovazione sociale").ID.String()+"/reply", "do", "post", "body", "Qui sì").is(http.StatusSeeOther)
	// Who has no part in the group learns nothing of it.
	nereo := s.browser("nereo.galvani")
	nereo.get(desk).is(http.StatusNotFound)
	nereo.post(desk + "/end").is(http.StatusNotFound)
	nereo.get("/desk/sanctions").is(http.StatusOK).hasNot("Fuori tema.", "Fulvia")
	nereo.get("/desk/sanctions/new").hasNot("Gruppo di lavoro")
}

// The directory finds people, and a person's page shows what they tell.
func TestDirectory(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("tecla.bassani")
	checkPage(t, b.get("/members").is(http.StatusOK).has("Ilenia Corsaro", "Dario Pellegri", "valutazione"))
	b.get("/members?expertise=VALUTAZIONE").has("Ilenia Corsaro").hasNot("Dario Pellegri", "Nessuna persona")
	b.get("/members?category=partner").has("Dario Pellegri").hasNot("Ilenia Corsaro")
	checkPage(t, b.get("/members?words=montesole").is(http.StatusOK).has("1 ente trovato.", "Dario Pellegri"))
	b.get("/members?org="+s.org("un_mont").ID.String()).has("Ilenia Corsaro", "Togli i filtri").hasNot("Dario Pellegri")
	b.get("/members?expertise=alchimia").has("Nessuna persona trovata.")
	b.get("/members?org=x").is(http.StatusBadRequest)
	ilenia := "/members/" + s.actor("ilenia.corsaro").User.String()
	checkPage(t, b.get(ilenia).is(http.StatusOK).has("@ilenia.corsaro", "Valuta politiche sociali", "Università di Montesole", "Discussioni aperte").hasNot("Cambia ruolo", "Incarichi"))
	checkPage(t, s.browser("").get(ilenia).is(http.StatusOK).has("Ilenia Corsaro").hasNot("@ilenia.corsaro", "Università di Montesole", "statistica"))
	checkPage(t, s.browser("marta.colonna").get(ilenia).is(http.StatusOK).has("Cambia ruolo", "Nuovo provvedimento", "Incarichi"))

	// Whoever does not want to be found is, by who decides on members.
	is, err := s.p.c.Membership.Me(t.Context(), s.actor("nereo.galvani"))
	if err != nil {
		t.Fatal(err)
	}
	hidden := false
	if _, err := s.p.c.Membership.EditProfile(t.Context(), s.actor("nereo.galvani"), membership.ProfileEdit{Version: is.Version, Listed: &hidden}); err != nil {
		t.Fatal(err)
	}
	b.get("/members").hasNot("Nereo Galvani", `name="unlisted"`)
	b.get("/members?unlisted=1").is(http.StatusOK).hasNot("Nereo Galvani")
	marta := s.browser("marta.colonna")
	marta.get("/members").has(`name="unlisted"`).hasNot("Nereo Galvani")
	checkPage(t, marta.get("/members?unlisted=1").is(http.StatusOK).has("Nereo Galvani", "Togli i filtri"))
	marta.get("/desk/roles").is(http.StatusOK).has("Nereo Galvani")

	// Pages of a long list.
	for i := range 25 {
		s.member("socio." + "abcde"[i/5:i/5+1] + "fghkp"[i%5:i%5+1])
	}
	seen := 0
	for address := "/members"; address != ""; {
		a := b.get(address).is(http.StatusOK)
		checkPage(t, a)
		seen += strings.Count(a.body, `<p class="title"><a href="/members/`)
		address = nextPage(t, a)
	}
	if seen != 33 {
		t.Errorf("%d people", seen)
	}
}

// member makes a member who is listed.
func (s *stage) member(name string) auth.Actor {
	s.t.Helper()
	b := s.browser("")
	b.addr = fmt.Sprintf("[2001:db8:0:%x::1]:1234", []byte(name)[len(name)-2:]) // accounts are made at a pace
	b.post("/sign-up", "name", name, "address", name+"@example.net", "password", testPassword, "agree-terms", sampleTerms[0].Edition).is(http.StatusSeeOther)
	who := s.actor(name)
	m := s.p.c.Membership
	if _, err := m.Apply(s.t.Context(), who, membership.NewApplication{Category: membership.Citizen}); err != nil {
		s.t.Fatal(err)
	}
	is, err := m.Me(s.t.Context(), who)
	if err != nil {
		s.t.Fatal(err)
	}
	listed := true
	if _, err := m.EditProfile(s.t.Context(), who, membership.ProfileEdit{Version: is.Version, Listed: &listed}); err != nil {
		s.t.Fatal(err)
	}
	return who
}
