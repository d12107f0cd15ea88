// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// restrained has somebody sanction a person over HTTP, and returns the page of
// the sanction.
func restrained(b *browser, user, kind, area, why, until string) string {
	b.t.Helper()
	at := b.post("/desk/sanctions/new", "user", user, "kind", kind, "area", area, "why", why, "until", until).is(http.StatusSeeOther).to()
	return strings.SplitN(at, "?", 2)[0]
}

// S-suspend-now: whoever is suspended is let in no more from their next request
// on, is told why and until when, and appeals; somebody else answers.
func TestSuspendNow(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	commons := sampleAreas()[0].ID.String()
	tecla, marta, bruna := s.browser("tecla.bassani"), s.browser("marta.colonna"), s.browser("bruna.maltesi")
	topic := "/topics/" + s.topic("Innovazione sociale").ID.String()
	tecla.get("/unread").is(http.StatusOK)
	const why = "Messaggi offensivi, nonostante il richiamo."

	checkPage(t, marta.get("/desk/sanctions/new?user=tecla.bassani").is(http.StatusOK).has(`value="tecla.bassani"`))
	for _, c := range []struct{ field, value, want string }{
		{"user", "", "Non può essere vuoto."}, {"user", "nessuno.cosi", "Nessun account ha questo nome."}, {"why", "", "Non può essere vuoto."},
		{"until", "2020-01-01", "È già passato."}, {"until", "presto", "Scrivi la data come"}, {"kind", "9", "Non corrisponde"}, {"area", "x", "Non corrisponde"},
	} {
		form := map[string]string{"user": "tecla.bassani", "kind": "3", "area": commons, "why": why, "until": "2026-05-20", c.field: c.value}
		var pairs []string
		for name, value := range form {
			pairs = append(pairs, name, value)
		}
		a := marta.post("/desk/sanctions/new", pairs...).is(http.StatusUnprocessableEntity).has(c.want, `aria-invalid="true"`)
		checkPage(t, a)
		if c.field != "why" && a.value("why") != why {
			t.Errorf("%s: the reason is lost", c.field)
		}
	}
	marta.post("/desk/sanctions/new", "user", "gemma.torrisi", "kind", "3", "area", commons, "why", why).is(http.StatusForbidden) // no member
	marta.post("/desk/sanctions/new", "user", "marta.colonna", "kind", "3", "area", commons, "why", why).is(http.StatusForbidden)
	desk := restrained(marta, "tecla.bassani", "3", commons, why, "2026-05-20")

	// Nothing is open to the browser any more, whatever it asks.
	tecla.post(topic+"/reply", "do", "post", "body", "Ancora qui").is(http.StatusForbidden)
	checkPage(t, tecla.follow(tecla.get("/unread").is(http.StatusSeeOther)).is(http.StatusOK).hasNot("Tecla Bassani, membro"))

	// Signed in again, she is told why and until when on every page, and may do
	// nothing but answer.
	tecla = s.browser("tecla.bassani")
	told := []string{"La tua partecipazione è sospesa", "Vale fino al 21 maggio 2026, ore 00:00.", why, `href="` + strings.TrimPrefix(desk, "/desk") + `"`}
	for _, address := range []string{topic, "/boards/" + s.topic("Innovazione sociale").Board.String(), "/unread", "/following", "/members", "/desk"} {
		checkPage(t, tecla.get(address).is(http.StatusForbidden).has(told...).has("limitata per un provvedimento"))
	}
	checkPage(t, tecla.get("/").is(http.StatusOK).has(told...))
	checkPage(t, tecla.post(topic+"/reply", "do", "post", "body", "Ancora qui").is(http.StatusForbidden).has(told...).has("Ancora qui"))

	own := linkTo(tecla.get("/membership").is(http.StatusOK).has("Sospensione", "In vigore", why), "/sanctions/")
	checkPage(t, tecla.get(own).is(http.StatusOK).has(why, "Fai ricorso"))
	checkPage(t, tecla.post(own, "text", " ").is(http.StatusUnprocessableEntity).has("Non può essere vuoto."))
	tecla.follow(tecla.post(own, "text", "Quel messaggio non era mio.")).has("Il ricorso è inviato.", "in attesa di risposta").hasNot("Invia il ricorso")
	checkPage(t, tecla.post(own, "text", "E poi").is(http.StatusConflict).has("c’è già un ricorso"))

	// Whoever imposed it does not judge.
	checkPage(t, marta.get(desk).is(http.StatusOK).has("Quel messaggio non era mio.", "deve rispondere una persona diversa").hasNot("Rispondi al ricorso"))
	marta.post(desk, "answer", "upheld", "why", "No").is(http.StatusForbidden)
	s.browser("nereo.galvani").post(desk, "answer", "upheld", "why", "No").is(http.StatusNotFound) // he is no judge
	bruna.get("/desk").has("1 ricorso da esaminare")
	checkPage(t, bruna.get("/desk/sanctions?appealed=1").is(http.StatusOK).has("Tecla Bassani"))
	checkPage(t, bruna.get(desk).is(http.StatusOK).has("Rispondi al ricorso"))
	checkPage(t, bruna.post(desk, "answer", "", "why", "Ha ragione").is(http.StatusUnprocessableEntity).has("Scegli una risposta.", "Ha ragione"))
	checkPage(t, bruna.post(desk, "answer", "lifted", "why", "").is(http.StatusUnprocessableEntity).has("Non può essere vuoto."))
	bruna.follow(bruna.post(desk, "answer", "lifted", "why", "Ha ragione")).has("La risposta è registrata.", "Il provvedimento è revocato.", "Ha ragione")
	checkPage(t, bruna.post(desk, "answer", "upheld", "why", "Anzi no").is(http.StatusConflict).has("Bruna Maltesi ha già risposto", "Anzi no"))
	tecla.get(topic).is(http.StatusOK).hasNot("sospesa")
	tecla.get(own).is(http.StatusOK).has("Ha ragione")
}

// Whoever is restrained to reading reads, and writes nothing; what they typed
// is not lost. It ends by itself.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	commons := sampleAreas()[0].ID.String()
	topic := "/topics/" + s.topic("Innovazione sociale").ID.String()
	osvaldo, nereo := s.browser("osvaldo.renzi"), s.browser("nereo.galvani")
	desk := restrained(nereo, "osvaldo.renzi", "2", commons, "Troppi messaggi uguali.", "2026-05-20")
	checkPage(t, osvaldo.get(topic).is(http.StatusOK).has("Puoi leggere ma non scrivere", "Troppi messaggi uguali.", "21 maggio 2026"))
	checkPage(t, osvaldo.post(topic+"/reply", "do", "post", "body", "Eccone un altro").is(http.StatusForbidden).has("Eccone un altro", "Troppi messaggi uguali."))
	checkPage(t, nereo.get(desk).is(http.StatusOK).has("Revoca il provvedimento"))
	s.pass(7 * 24 * time.Hour)
	osvaldo = s.browser("osvaldo.renzi")
	osvaldo.get(topic).is(http.StatusOK).hasNot("Puoi leggere ma non scrivere")
	osvaldo.post(topic+"/reply", "do", "post", "body", "Eccomi").is(http.StatusSeeOther)

	// One that is lifted is gone at once; one without an end says so.
	nereo = s.browser("nereo.galvani")
	desk = restrained(nereo, "osvaldo.renzi", "2", commons, "Di nuovo.", "")
	osvaldo.get(topic).has("Vale finché non viene revocato.")
	nereo.follow(nereo.post(desk + "/end")).has("Il provvedimento è revocato.").hasNot("Revoca il provvedimento")
	osvaldo.get(topic).hasNot("Di nuovo.")
}

// S-phase-gate: a member whose category is not in the phase is refused on every
// page with the date on which it opens, and is what they were when it does.
func TestPhaseGate(t *testing.T) {
	t.Parallel()
	s := newStage(t, dated(noon.Add(10*24*time.Hour)))
	x := s.topic("Innovazione sociale")
	topic, board := "/topics/"+x.ID.String(), "/boards/"+x.Board.String()
	ilenia := s.browser("ilenia.corsaro")
	ilenia.get(topic).is(http.StatusOK)
	s.turn(0)
	for _, address := range []string{topic, topic + "/reply", topic + "/edit", board, board + "/new", "/unread", "/following", "/removed", "/members", "/desk", "/invitations"} {
		checkPage(t, ilenia.get(address).is(http.StatusForbidden).has("In questa fase della comunità non è ancora possibile. Sarà possibile dal 24 maggio 2026, ore 14:00.", `href="/phases"`))
	}
	checkPage(t, ilenia.post(topic+"/reply", "do", "post", "body", "Si può?").is(http.StatusForbidden).has("24 maggio 2026", "Si può?"))
	checkPage(t, ilenia.get("/").is(http.StatusOK).has("La tua categoria non partecipa alla fase in corso", "24 maggio 2026"))
	ilenia.get("/membership").is(http.StatusOK).has("Fai parte della comunità")

	// Whoever is not signed in is sent to do so, and is told nothing else.
	checkPage(t, s.browser("").get("/").is(http.StatusOK).has("Per farlo devi accedere."))
	for _, address := range []string{"/members", "/membership", "/desk", "/desk/phases", "/invitations"} {
		if to := s.browser("").get(address).is(http.StatusSeeOther).to(); !strings.HasPrefix(to, "/sign-in?next=") {
			t.Errorf("%s leads to %s", address, to)
		}
	}
	// Whoever is no member is told how to become one.
	checkPage(t, s.browser("gemma.torrisi").get("/members").is(http.StatusForbidden).has(`href="/join"`))

	s.browser("tecla.bassani").get(topic).is(http.StatusOK)
	s.pass(10 * 24 * time.Hour)
	ilenia = s.browser("ilenia.corsaro")
	ilenia.get(topic).is(http.StatusOK).hasNot("non partecipa alla fase")

	// Without a date, it says so.
	ettore := s.browser("ettore.brighi") // a citizen: only in the last phase
	checkPage(t, ettore.get(topic).is(http.StatusForbidden).has("La data è ancora da stabilire."))
}

// Whoever is signed out or loses a right while they write keeps what they
// typed, on the page that refuses it.
func TestTypedIsKept(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	at := "/desk/applications/" + s.waiting("gemma.torrisi")
	marta := s.browser("marta.colonna")
	marta.post("/sign-out").is(http.StatusSeeOther)
	checkPage(t, marta.post(at, "do", "decline", "why", "Una lunga motivazione").is(http.StatusForbidden).has("Una lunga motivazione", `href="/sign-in"`))
	restrained(s.browser("bruna.maltesi"), "marta.colonna", "2", sampleAreas()[0].ID.String(), "Pausa.", "")
	marta = s.browser("marta.colonna")
	checkPage(t, marta.post(at, "do", "decline", "why", "Una lunga motivazione").is(http.StatusForbidden).has("Una lunga motivazione", "Pausa."))
	gemma := s.browser("gemma.torrisi")
	gemma.post("/sign-out").is(http.StatusSeeOther)
	checkPage(t, gemma.post("/join", "category", "expert", "text", "Perché mi serve").is(http.StatusForbidden).has("Perché mi serve"))
}
