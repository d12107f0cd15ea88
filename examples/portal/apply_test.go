// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// linkTo returns the first link of a page to an address that begins so.
func linkTo(a *shown, begins string) string {
	a.t.Helper()
	for _, link := range linksOf(a.t, a.body) {
		if strings.HasPrefix(link, begins) {
			return link
		}
	}
	a.t.Fatalf("%s: no link to %s", a.asked, begins)
	return ""
}

// chosen returns the value that a <select> or a group of radio buttons holds.
func (a *shown) chosen(name string) string {
	a.t.Helper()
	for n := range parsed(a.t, a.body).Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch {
		case n.Data == "input" && attr(n, "name") == name && attr(n, "type") == "radio" && has(n, "checked"):
			return attr(n, "value")
		case n.Data == "option" && has(n, "selected") && n.Parent != nil && attr(n.Parent, "name") == name:
			return attr(n, "value")
		}
	}
	a.t.Fatalf("%s: nothing is chosen in %q", a.asked, name)
	return ""
}

func has(n *html.Node, name string) bool {
	for _, x := range n.Attr {
		if x.Key == name {
			return true
		}
	}
	return false
}

// dated returns the sample's plan with a date for its second phase.
func dated(opens time.Time) func(*options) {
	return func(o *options) {
		o.Plan = plan()
		o.Plan[1].Opens = opens
	}
}

// turn puts a phase in force.
func (s *stage) turn(to int) {
	s.t.Helper()
	in, err := s.p.c.Membership.Phase(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.p.c.Membership.Advance(s.t.Context(), s.actor("marta.colonna"), membership.NewTurn{Seen: in.Phase, To: to, Why: "prova"}); err != nil {
		s.t.Fatal(err)
	}
}

// Somebody asks to take part, sees how it stands, and takes it back.
func TestJoin(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	checkPage(t, s.browser("").get("/join").is(http.StatusOK).has("Fase in corso:", "Aperta a chiunque", "iscrizione libera", "serve un account").hasNot("Invia la richiesta"))
	s.browser("").post("/join", "category", "citizen").is(http.StatusForbidden)

	b := s.signUp("livia.monti")
	checkPage(t, b.get("/join").is(http.StatusOK).has("Invia la richiesta", "Esperti: su richiesta, con una decisione"))
	b.get("/membership").is(http.StatusOK).has("Non fai parte della comunità", "Chiedi di partecipare")
	checkPage(t, b.post("/join", "category", "", "title", "Ricercatrice", "text", "Perché sì").is(http.StatusUnprocessableEntity).has("Scegli una categoria.", "Ricercatrice", "Perché sì"))

	// What is typed stays while the organisation is looked for.
	found := b.get("/join?"+url.Values{"words": {"MONTESOLE universita"}, "category": {"university"}, "title": {"Ricercatrice"}, "text": {"Perché\nsì"}}.Encode()).
		is(http.StatusOK).has("1 ente trovato.", "Università di Montesole")
	checkPage(t, found)
	if found.value("title") != "Ricercatrice" || found.value("text") != "Perché\nsì" || found.chosen("category") != "university" || found.chosen("org") != "" {
		t.Errorf("the form holds %q, %q, %q", found.value("title"), found.value("text"), found.chosen("category"))
	}
	org := s.org("un_mont").ID.String()
	if a := b.get("/join?words=comune&org=" + org); a.chosen("org") != org {
		t.Error("the choice was lost")
	} else {
		checkPage(t, a.has("Comune di Roccachiara"))
	}
	b.get("/join?words=nessun+ente+così").has("Nessun ente trovato.")
	b.post("/join", "category", "university", "org", "nonsense").is(http.StatusUnprocessableEntity).has("L’ente non c’è")
	unknown := b.post("/join", "category", "university", "org", storage.NewID[auth.Org]().String(), "text", "ancora qui").is(http.StatusUnprocessableEntity).has("L’ente non c’è", "ancora qui")
	checkPage(t, unknown)

	form := []string{"category", "university", "org", org, "title", "Ricercatrice", "text", "Perché sì"}
	page := b.follow(b.post("/join", form...).is(http.StatusSeeOther)).is(http.StatusOK)
	checkPage(t, page.has("La richiesta è inviata.", "In attesa", "Università di Montesole", "Ricercatrice", "può deciderla ora"))
	b.post("/join", form...).is(http.StatusSeeOther) // sent twice, it is one
	checkPage(t, b.post("/join", "category", "expert", "text", "Un’altra").is(http.StatusConflict).has("Hai già una richiesta in attesa"))
	b.get("/join").has("La tua richiesta è in attesa.").hasNot("Invia la richiesta")

	checkPage(t, b.get("/membership/withdraw").is(http.StatusOK).has("Ritira la richiesta"))
	b.follow(b.post("/membership/withdraw")).has("La richiesta è ritirata.", "Ritirata")
	checkPage(t, b.post("/membership/withdraw").is(http.StatusConflict))

	// Where the phase is open, whoever asks is in.
	b.follow(b.post("/join", "category", "citizen")).has("Ora fai parte della comunità", "livia.monti, membro", "Cittadini")
	b.get("/join").has("Fai già parte della comunità.")
	b.post("/join", "category", "citizen").is(http.StatusConflict).has("Fai già parte della comunità.")
}

// Whoever asks too early waits, and is told until when; the desk keeps those
// apart, and can decide them once their phase opens.
func TestTooEarly(t *testing.T) {
	t.Parallel()
	s := newStage(t, dated(noon.Add(10*24*time.Hour)))
	s.turn(0)
	b := s.signUp("livia.monti")
	checkPage(t, b.get("/join").is(http.StatusOK).has("Chi realizza i progetti", "24 maggio 2026, ore 14:00", "da stabilire"))
	b.follow(b.post("/join", "category", "research")).has("La richiesta è inviata.", "Si potrà decidere quando si apre la fase: si apre il", "24 maggio 2026")
	c := s.signUp("nino.sala")
	c.follow(c.post("/join", "category", "citizen")).has("la data è da stabilire")

	marta := s.browser("marta.colonna")
	checkPage(t, marta.get("/desk").is(http.StatusOK).has("0 da decidere. 3 aspettano che si apra la loro fase."))
	checkPage(t, marta.get("/desk/applications").is(http.StatusOK).has("Nessuna richiesta.", "3 aspettano che si apra la loro fase.", `href="/desk/applications?state=1"`).hasNot("livia.monti"))
	list := marta.get("/desk/applications?state=1").is(http.StatusOK)
	checkPage(t, list.has("Nessuna richiesta.", "Aspettano una fase", "livia.monti", "nino.sala", "gemma.torrisi"))
	marta.get("/desk/applications?state=1&category=research").has("livia.monti").hasNot("nino.sala")
	id := s.waiting("livia.monti")
	checkPage(t, marta.get("/desk/applications/"+id).is(http.StatusOK).has("24 maggio 2026", "Puoi correggere la categoria."))
	checkPage(t, marta.post("/desk/applications/"+id, "do", "approve", "why", "Benvenuta").is(http.StatusForbidden).has("Sarà possibile dal 24 maggio 2026", "Benvenuta"))
	s.pass(10 * 24 * time.Hour)
	marta = s.browser("marta.colonna")
	marta.get("/desk/applications").has("livia.monti")
	marta.follow(marta.post("/desk/applications/"+id, "do", "approve")).has("La richiesta è accolta.")
	s.browser("livia.monti").get("/membership").has("Fai parte della comunità", "Enti di ricerca")
}

// waiting returns the id of somebody's application.
func (s *stage) waiting(login string) string {
	s.t.Helper()
	a, err := s.p.c.Membership.Mine(s.t.Context(), s.actor(login))
	if err != nil {
		s.t.Fatal(err)
	}
	return a.ID.String()
}

// Members go away for a while and come back, and leave.
func TestLeaving(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("dario.pellegri")
	topic := "/topics/" + s.topic("Innovazione sociale").ID.String()
	checkPage(t, b.get("/membership/pause").is(http.StatusOK))
	checkPage(t, b.follow(b.post("/membership/pause")).has("Sei in pausa.", "Torna a partecipare"))
	checkPage(t, b.post(topic+"/reply", "do", "post", "body", "Ci sono?").is(http.StatusForbidden).has("Ci sono?", "Sei in pausa", `href="/membership">Torna a partecipare`))
	b.follow(b.post("/membership/back")).has("Fai parte della comunità").hasNot("Sei in pausa: finché")
	b.post(topic+"/reply", "do", "post", "body", "Ci sono.").is(http.StatusSeeOther)

	checkPage(t, b.get("/membership/leave").is(http.StatusOK).has("Lascia la comunità"))
	b.post("/membership/leave").is(http.StatusSeeOther)
	b.get("/").hasNot("Dario Pellegri, membro") // the sessions ended
	b = s.browser("dario.pellegri")
	checkPage(t, b.get("/membership").is(http.StatusOK).has("Hai lasciato la comunità", "Terminato", "Chiedi di partecipare"))
	b.post("/membership/pause").is(http.StatusForbidden).has("Chiedi di partecipare")
	b.get("/membership/profile").is(http.StatusForbidden)

	// The community keeps a coordinator.
	marta, bruna := s.browser("marta.colonna"), s.browser("bruna.maltesi")
	bruna.post("/membership/leave").is(http.StatusSeeOther)
	checkPage(t, marta.post("/membership/leave").is(http.StatusConflict).has("l’ultima persona che facilita"))
	marta.post("/membership/pause").is(http.StatusConflict)
}

// Mandates are claimed, verified by somebody else, and ended.
func TestMandates(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	marta, fulvia := s.browser("marta.colonna"), s.browser("fulvia.sanna")
	checkPage(t, fulvia.get("/membership").is(http.StatusOK).has("Unione dei Comuni della Valle Grande", "Da verificare", "Attivo"))
	list := marta.get("/desk/mandates").is(http.StatusOK)
	checkPage(t, list.has("Fulvia Sanna", "Unione dei Comuni della Valle Grande", "uc_vgra"))
	refuse := linkTo(list, "/desk/mandates/")
	marta.follow(marta.post(strings.TrimSuffix(refuse, "end")+"verify")).is(http.StatusOK).has("L’incarico è verificato.", "Nessun incarico da verificare.")
	fulvia.get("/").has(`<option value="` + s.org("uc_vgra").ID.String() + `">`)

	checkPage(t, fulvia.get("/membership/claim").is(http.StatusOK))
	checkPage(t, fulvia.post("/membership/claim", "title", "Referente", "until", "2026-12-31").is(http.StatusUnprocessableEntity).has("Cerca e scegli un ente.", "Referente"))
	org := s.org("c_rocca").ID.String()
	fulvia.post("/membership/claim", "org", org, "title", "Referente", "until", "domani").is(http.StatusUnprocessableEntity).has("Scrivi la data come")
	fulvia.post("/membership/claim", "org", org, "title", "Referente", "until", "2020-12-31").is(http.StatusUnprocessableEntity).has("La fine viene prima dell’inizio.")
	kept := fulvia.post("/membership/claim", "org", org, "title", "", "until", "2026-12-31").is(http.StatusUnprocessableEntity).has("Non può essere vuoto.")
	if kept.chosen("org") != org || kept.value("until") != "2026-12-31" {
		t.Error("what was chosen is lost")
	}
	fulvia.follow(fulvia.post("/membership/claim", "org", org, "title", "Referente", "until", "2026-12-31")).has("L’incarico è dichiarato", "Comune di Roccachiara", "1 gennaio 2027, ore 00:00")

	// Nobody verifies their own.
	marta.post("/membership/claim", "org", org, "title", "Anche io").is(http.StatusSeeOther)
	own, err := s.p.c.Membership.Mandates(t.Context(), s.actor("marta.colonna"), s.actor("marta.colonna").User)
	if err != nil {
		t.Fatal(err)
	}
	marta.get("/desk/mandates").has("deve farlo un’altra persona")
	marta.post("/desk/mandates/" + own[0].ID.String() + "/verify").is(http.StatusForbidden)

	end := linkTo(fulvia.get("/membership"), "/membership/mandates/")
	checkPage(t, fulvia.get(end).is(http.StatusOK).has("Termina l’incarico"))
	s.browser("tecla.bassani").post(end).is(http.StatusNotFound)
	fulvia.follow(fulvia.post(end)).has("L’incarico è terminato.", "Terminato")
	checkPage(t, marta.get("/members/"+s.actor("fulvia.sanna").User.String()).is(http.StatusOK).has("Incarichi per gli enti", "Terminato"))
}
