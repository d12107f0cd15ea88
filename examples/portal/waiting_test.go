// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
)

// newcomer returns a portal where what newcomers write waits, and the browser
// of one who was admitted just now.
func newcomer(t *testing.T) (*stage, *browser) {
	t.Helper()
	s := newStage(t, func(o *options) { o.Hold = newcomersWait })
	app := s.waiting("gemma.torrisi")
	s.browser("marta.colonna").post("/desk/applications/"+app, "do", "approve").is(http.StatusSeeOther)
	return s, s.browser("gemma.torrisi")
}

// What a newcomer writes is seen by nobody until a moderator approves it; the
// author is told where it stands, whatever becomes of it.
func TestWaiting(t *testing.T) {
	t.Parallel()
	s, gemma := newcomer(t)
	nereo, tecla := s.browser("nereo.galvani"), s.browser("tecla.bassani")
	topic := "/topics/" + s.topic("Innovazione sociale").ID.String()
	nereo.get("/desk").is(http.StatusOK).has("0 messaggi aspettano")
	checkPage(t, nereo.get("/desk/waiting").is(http.StatusOK).has("Nessun messaggio in attesa."))

	write := func(body string) (path string) {
		t.Helper()
		a := gemma.post(topic+"/reply", "do", "post", "body", body, "key", body).is(http.StatusSeeOther)
		page := gemma.follow(a).has("Il tuo messaggio è in attesa", "Messaggio in attesa", body, "Ritira").hasNot("La risposta è pubblicata.")
		checkPage(t, page)
		_, id, _ := strings.Cut(a.to(), "#r-")
		return "/replies/" + id
	}
	reply := write("Prima esperienza con i voucher.")
	for _, address := range []string{"/", "/drafts"} {
		checkPage(t, gemma.get(address).is(http.StatusOK).has("I tuoi messaggi in attesa", "Risposta in <a lang=\"it\" href=\""+reply+`"`, "In attesa</span>"))
		tecla.get(address).hasNot("I tuoi messaggi in attesa", reply)
		nereo.get(address).hasNot("I tuoi messaggi in attesa", reply)
	}
	tecla.get(topic).hasNot("Prima esperienza con i voucher.", "In attesa")
	tecla.get(reply).is(http.StatusNotFound)
	checkPage(t, gemma.get(reply+"/edit").is(http.StatusConflict).has("Il tuo messaggio è in attesa di chi modera"))
	gemma.post(reply+"/edit", "do", "post", "body", "Altro", "version", "1").is(http.StatusConflict).has("Il tuo messaggio è in attesa di chi modera", "Altro")
	checkPage(t, nereo.get(reply+"/edit").is(http.StatusConflict))

	// Only moderators have the queue, and only for where they moderate.
	for _, login := range []string{"tecla.bassani", "gemma.torrisi"} {
		s.browser(login).get("/desk/waiting").is(http.StatusForbidden).hasNot("voucher")
		s.browser(login).post(reply + "/restore").hasNot("voucher")
	}
	s.browser("ilenia.corsaro").get("/desk/waiting").is(http.StatusOK).hasNot("voucher")
	nereo.get("/desk").has("1 messaggio aspetta")
	queue := nereo.get("/desk/waiting").is(http.StatusOK).has("Prima esperienza con i voucher.", "Innovazione sociale")
	checkPage(t, queue)

	// One is approved, and stays as it was seen.
	nereo.follow(nereo.post(reply+"/restore", "from", "waiting").is(http.StatusSeeOther)).has("Il messaggio è approvato e pubblicato.", "Nessun messaggio in attesa.")
	tecla.get(topic).has("Prima esperienza con i voucher.")
	gemma.post(reply+"/edit", "do", "post", "body", "Pubblicità", "version", "2").is(http.StatusConflict).has("restano come sono stati approvati")

	// One is rejected, with a reason that the author reads.
	second := write("Comprate qui.")
	checkPage(t, nereo.get(second+"/hide?from=waiting").is(http.StatusOK).has("Respingi il messaggio", "Comprate qui."))
	checkPage(t, nereo.post(second+"/hide", "from", "waiting", "why", "").is(http.StatusUnprocessableEntity).has("Respingi il messaggio", `value="waiting"`))
	nereo.follow(nereo.post(second+"/hide", "from", "waiting", "why", "È pubblicità.").is(http.StatusSeeOther)).has("Il messaggio è respinto")
	checkPage(t, gemma.follow(gemma.get(second)).has("Messaggio non pubblicato dalla moderazione.", "È pubblicità.", "Comprate qui.").hasNot("Ripristina"))
	tecla.get(topic).hasNot("Comprate qui.", "È pubblicità.")
	nereo.follow(nereo.get(second)).has("Approva e pubblica")

	// One is withdrawn and thought better of.
	third := write("Anzi no.")
	gemma.follow(gemma.post(third+"/delete").is(http.StatusSeeOther)).has("Il messaggio è ritirato", "Messaggio ritirato da chi l’ha scritto", "Ripristina")
	nereo.get("/desk/waiting").hasNot("Anzi no.")
	if a := nereo.follow(nereo.get(third)); strings.Count(a.body, "Approva e pubblica") != 1 {
		t.Error("the withdrawn one can be approved beside the rejected one")
	}
	gemma.follow(gemma.post(third + "/restore").is(http.StatusSeeOther)).has("Il tuo messaggio è in attesa")
	nereo.get("/desk/waiting").has("Anzi no.")
}

// A topic waits too, and no moderator approves their own.
func TestWaitingTopic(t *testing.T) {
	t.Parallel()
	s, gemma := newcomer(t)
	board := "/boards/" + s.board("Programmazione 2021-2027").ID.String()
	a := gemma.post(board+"/new", "do", "post", "title", "Da dove comincio?", "body", "Sono appena arrivata.").is(http.StatusSeeOther)
	topic, _, _ := strings.Cut(a.to(), "?")
	checkPage(t, gemma.follow(a).has("Il tuo messaggio è in attesa", "In attesa</span>"))
	s.browser("tecla.bassani").get(board).hasNot("Da dove comincio?")
	for _, address := range []string{board, "/", "/drafts"} {
		checkPage(t, gemma.get(address).is(http.StatusOK).has("I tuoi messaggi in attesa", `href="`+topic+`"`, "Da dove comincio?", "In attesa</span>"))
	}
	gemma.get("/boards/" + s.topic("Chi fa da valutatore").Board.String()).has("Chi fa da valutatore").hasNot("Da dove comincio?")
	checkPage(t, gemma.get(topic+"/reply").is(http.StatusConflict).has("in attesa"))
	if err := s.p.c.Membership.Grant(t.Context(), s.actor("marta.colonna"), membership.NewRole{User: s.actor("gemma.torrisi").User, Area: auth.Commons, Role: auth.Moderator}); err != nil {
		t.Fatal(err)
	}
	checkPage(t, gemma.get("/desk/waiting").is(http.StatusOK).has("È un tuo messaggio: lo approva un’altra persona").hasNot("Approva e pubblica"))
	gemma.post(topic+"/restore", "from", "waiting").is(http.StatusConflict).has("né approvarlo")
	gemma.follow(gemma.get(topic)).hasNot("Approva e pubblica", "Respingi")
	nereo := s.browser("nereo.galvani")
	checkPage(t, nereo.get("/desk/waiting").has("Nuova discussione:", "Da dove comincio?"))
	nereo.post(topic+"/restore", "from", "waiting").is(http.StatusSeeOther)
	s.browser("tecla.bassani").get(board).has("Da dove comincio?")
}

// Every state that a post may have has its words.
func TestStates(t *testing.T) {
	t.Parallel()
	it := messages(t, "it")
	for state := forum.Deleted; state <= forum.Rejected; state++ {
		name := stateNames[state]
		if name == "" || it["badge."+name] == nil || it["gone."+name] == nil {
			t.Errorf("state %d has no words", state)
		}
	}
}
