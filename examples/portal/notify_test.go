// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"strings"
	"testing"
)

// letters returns what was sent, as it goes out, and fails unless it is to
// these, in any order and one each.
func (s *stage) letters(to ...string) map[string]letter {
	s.t.Helper()
	all := map[string]letter{}
	for _, n := range s.post.take() {
		l := s.p.letter(n)
		if k := messageKey.FindString(l.Subject + l.Text); k != "" || n.Lang != "it" {
			s.t.Errorf("%s: %q, %q", l.To, n.Lang, k)
		}
		if _, twice := all[l.To]; twice {
			s.t.Errorf("%s: two letters", l.To)
		}
		all[l.To] = l
	}
	for _, address := range to {
		if _, ok := all[address]; !ok {
			s.t.Errorf("%s: no letter", address)
		}
	}
	if len(all) != len(to) {
		s.t.Errorf("%d letters: %v", len(all), all)
	}
	return all
}

// Whoever is invited by an address gets their own link there, and learns of
// nobody else.
func TestInvitationMail(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	marta := s.browser("marta.colonna")
	marta.get("/?lang=en") // her language is not theirs
	s.post.take()
	page := marta.post("/invitations/new", "category", "expert", "role", "2", "most", "1", "address", " anna@example.net ").is(http.StatusOK)
	l := s.letters("anna@example.net")["anna@example.net"]
	if l.Subject != "Un invito nella comunità di pratica" || !strings.Contains(l.Text, linksShown(page)[0]+"\n") || !strings.Contains(l.Text, "28 maggio 2026") && !strings.Contains(l.Text, "2026, ore") {
		t.Errorf("%+v", l)
	}
	for _, who := range []string{"Marta", "marta", "Colonna"} {
		if strings.Contains(l.Text+l.Subject, who) {
			t.Errorf("%q is in %s", who, l.Text)
		}
	}
	marta.post("/invitations/new", "category", "expert", "role", "2", "most", "5").is(http.StatusOK)
	s.letters() // to nobody

	rows := "uno@example.net; expert\ndue@example.net; expert; c_rocca\nnon un indirizzo; expert\nanna@example.net; expert"
	marta.post("/invitations/many", "rows", rows).is(http.StatusOK)
	all := s.letters("uno@example.net", "due@example.net")
	for address, l := range all {
		for other, o := range all {
			if other != address && (strings.Contains(l.Text, other) || l.Text == o.Text) {
				t.Errorf("%s learns of %s", address, other)
			}
		}
	}
	marta.post("/invitations/many", "rows", rows).is(http.StatusOK)
	s.letters() // they have theirs

	// The link does what it is for.
	at := strings.Index(all["uno@example.net"].Text, "/invited?token=")
	link, _, _ := strings.Cut(all["uno@example.net"].Text[at:], "\n")
	s.browser("").get(link).is(http.StatusOK).has("indirizzo")
}

// Whoever applied is told that it was decided, and reads on their page why; an
// address that is not known to be theirs is told nothing.
func TestDecisionMail(t *testing.T) {
	t.Parallel()
	for do, subject := range map[string]string{"approve": "La tua richiesta è accolta", "decline": "La tua richiesta è stata esaminata"} {
		s := newStage(t)
		marta := s.browser("marta.colonna")
		app := "/desk/applications/" + s.waiting("gemma.torrisi")
		s.post.take()
		marta.post(app, "do", do, "why", "Motivo riservato").is(http.StatusSeeOther)
		l := s.letters("gemma.torrisi@example.org")["gemma.torrisi@example.org"]
		if l.Subject != subject || !strings.Contains(l.Text, "http://portale.example/membership\n") || !strings.Contains(l.Text, "Ciao gemma.\u2060torrisi") {
			t.Errorf("%+v", l)
		}
		for _, word := range []string{"riservato", "arta", "token"} {
			if strings.Contains(l.Subject+l.Text, word) {
				t.Errorf("%q is in %s", word, l.Text)
			}
		}
		marta.post(app, "do", do, "why", "Di nuovo").is(http.StatusConflict)
		s.letters()
	}
	s := newStage(t)
	b := s.signUp("nuova.persona")
	b.post("/join", "category", "expert", "title", "Esperta", "text", sampleReason).is(http.StatusSeeOther)
	s.post.take()
	s.browser("marta.colonna").post("/desk/applications/"+s.waiting("nuova.persona"), "do", "approve").is(http.StatusSeeOther)
	s.letters()
}
