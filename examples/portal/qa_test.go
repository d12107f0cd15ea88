// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
)

// asked returns the sample's question whose title begins with title.
func (s *stage) asked(title string) qa.Question {
	s.t.Helper()
	page, err := s.p.c.QA.Questions(s.t.Context(), s.actor("tecla.bassani"), qa.QuestionFilter{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, q := range page.Items {
		if strings.HasPrefix(q.Title, title) {
			return q
		}
	}
	s.t.Fatalf("no question %q", title)
	return qa.Question{}
}

// pathOf returns the address of what an answer leads to, without its query.
func pathOf(a *shown) string {
	path, _, _ := strings.Cut(a.to(), "#")
	path, _, _ = strings.Cut(path, "?")
	return path
}

// answerAt returns the address of the answer that another leads to.
func answerAt(t *testing.T, a *shown) string {
	t.Helper()
	_, id, ok := strings.Cut(a.to(), "#a-")
	if !ok {
		t.Fatalf("%s leads to %q", a.asked, a.to())
	}
	return "/answers/" + id
}

// area returns the id of the sample's area of that key.
func (s *stage) area(key string) string {
	for _, a := range s.p.areas {
		if a.Key == key {
			return a.ID.String()
		}
	}
	s.t.Fatalf("no area %q", key)
	return ""
}

// A question is asked, answered, voted on and accepted; an edit of the answer
// that changes what it says is told of, and one that does not is not.
func TestQuestion(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	tecla, fulvia, osvaldo := s.browser("tecla.bassani"), s.browser("fulvia.sanna"), s.browser("osvaldo.renzi")

	form := tecla.get("/questions/new").is(http.StatusOK)
	checkPage(t, form)
	checkPage(t, tecla.post("/questions/new", "do", "post", "area", s.area("commons"), "title", "", "body", "Testo").is(http.StatusUnprocessableEntity).has("Errore:", `id="title-error"`, "Testo"))
	checkPage(t, tecla.post("/questions/new", "do", "preview", "title", "Zzz", "body", "**forte**").is(http.StatusOK).has("<strong>forte</strong>", "Nessun quesito simile."))
	ask := []string{"area", s.area("commons"), "audience", "3", "key", form.value("key"), "title", "Chi verifica le fideiussioni dei partner?", "body", "Le chiediamo *tutte*?", "tags", "Fideiussioni, partner", "do", "post"}
	at := tecla.post("/questions/new", ask...).is(http.StatusSeeOther)
	q := pathOf(at)
	checkPage(t, tecla.follow(at).has("La domanda è pubblicata.", "<em>tutte</em>", "fideiussioni", "Ancora nessuna risposta."))
	ask[len(ask)-1] = "anyway"
	if again := pathOf(tecla.post("/questions/new", ask...).is(http.StatusSeeOther)); again != q {
		t.Errorf("sent again it is another question: %s", again)
	}

	// A question like it is shown before another is published.
	like := []string{"area", s.area("commons"), "title", "Chi verifica le fideiussioni dei partner privati?", "body", "Testo", "key", "k2"}
	checkPage(t, osvaldo.post("/questions/new", append(like, "do", "post")...).is(http.StatusOK).has("Quesiti simili", q, "Pubblica lo stesso"))
	osvaldo.post("/questions/new", append(like, "do", "anyway")...).is(http.StatusSeeOther)

	// An answer, a comment, votes.
	checkPage(t, fulvia.post(q+"/answer", "body", "").is(http.StatusUnprocessableEntity))
	at = fulvia.post(q+"/answer", "do", "post", "body", "La verifica la ragioneria entro 30 giorni.", "key", "a").is(http.StatusSeeOther)
	a := answerAt(t, at)
	checkPage(t, fulvia.follow(at).has("La risposta è pubblicata.", "entro 30 giorni"))
	at = osvaldo.post(a+"/comment", "body", "Anche per importi **piccoli**?", "key", "c").is(http.StatusSeeOther)
	checkPage(t, osvaldo.follow(at).has("Il commento è pubblicato.", "<strong>piccoli</strong>"))
	fulvia.post(a+"/vote", "vote", "1").is(http.StatusConflict).has("Non puoi votare quello che hai scritto")
	osvaldo.post(a+"/vote", "vote", "2").is(http.StatusBadRequest)
	osvaldo.follow(osvaldo.post(a+"/vote", "vote", "1").is(http.StatusSeeOther)).has(`aria-pressed="true">Vota a favore`, "1 voto<")
	osvaldo.follow(osvaldo.post(a+"/vote", "vote", "-1").is(http.StatusSeeOther)).has(`aria-pressed="true">Vota contro`, "-1 ")
	osvaldo.follow(osvaldo.post(a+"/vote", "vote", "0").is(http.StatusSeeOther)).hasNot(`aria-pressed="true"`)

	// Only the asker accepts.
	osvaldo.get(q).hasNot("Accetta come risposta")
	osvaldo.post(a + "/accept").is(http.StatusForbidden)
	tecla.get(q).has("Accetta come risposta")
	checkPage(t, tecla.follow(tecla.post(a+"/accept").is(http.StatusSeeOther)).has("La risposta è accettata.", "Accettata da", "Non accettare più"))

	edit := func(body string) {
		t.Helper()
		fulvia.post(a+"/edit", "do", "post", "body", body, "why", "più chiaro", "version", fulvia.get(a+"/edit").is(http.StatusOK).value("version")).is(http.StatusSeeOther)
	}
	const note = "modificata dopo l’accettazione"
	edit("La verifica la ragioneria, entro 30 giorni!")
	tecla.get(q).hasNot(note)
	edit("La verifica la ragioneria entro 60 giorni.")
	checkPage(t, tecla.get(q).has(note, "Accetta il testo attuale"))
	tecla.follow(tecla.post(a + "/accept").is(http.StatusSeeOther)).hasNot(note)
	tecla.follow(tecla.post(q + "/unaccept").is(http.StatusSeeOther)).has("Nessuna risposta è più accettata.").hasNot("Accettata da")

	// What somebody else wrote meanwhile is shown beside what was typed.
	checkPage(t, fulvia.post(a+"/edit", "do", "post", "body", "Mia versione", "version", "1").is(http.StatusConflict).has("Qualcuno ha cambiato il testo", "Mia versione", "60 giorni"))
	checkPage(t, fulvia.get(a+"/history?from=1&to=3").is(http.StatusOK).has("Torna alla versione 1", "<ins>60</ins>"))
	fulvia.follow(fulvia.post(a+"/rollback", "revision", "1", "version", fulvia.get(a+"/edit").value("version")).is(http.StatusSeeOther)).has("Il testo è tornato", "entro 30 giorni")
}

// A visitor reads what is public, and is led to sign in; whoever is not of the
// circle finds nothing of a reserved question, wherever they look.
func TestQuestionsAreReserved(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	reserved := s.asked("Come contiamo le ore")
	path := "/questions/" + reserved.ID.String()
	for _, login := range []string{"", "ettore.brighi", "osvaldo.renzi", "nereo.galvani"} {
		b := s.browser(login)
		never := b.get("/questions/018f0000-0000-7000-8000-000000000000").is(http.StatusNotFound)
		if b.get(path).is(http.StatusNotFound).body != never.body {
			t.Errorf("%s: the page of what is hidden differs from that of nothing", login)
		}
		for _, verb := range []string{"/edit", "/history", "/comments", "/comment", "/answer", "/suggest", "/hide", "/close", "/merge", "/delegate"} {
			b.get(path + verb).hasNot("ore dei volontari")
		}
		for _, a := range b.walk("/questions") {
			a.hasNot("ore dei volontari", "Le dichiarate crescono", ">indicatori<")
		}
		b.post("/questions/new", "do", "preview", "title", "Come contiamo le ore dei volontari negli indicatori comuni?", "body", "x").hasNot(reserved.ID.String())
		b.post(path+"/vote", "vote", "1").hasNot("ore dei volontari")
	}
	s.browser("tecla.bassani").get(path).is(http.StatusOK).has("ore dei volontari", "Area riservata")
	visitor := s.browser("")
	open := "/questions/" + s.asked("Coprogettazione: serve").ID.String()
	checkPage(t, visitor.get(open).is(http.StatusOK).has("Risposta accettata", "Per rispondere devi accedere").hasNot("Vota a favore", "<textarea"))
	visitor.post(open+"/answer", "body", "Ciao").is(http.StatusForbidden)
	visitor.get(open + "/edit").is(http.StatusSeeOther)
}

// Titles, tags, texts and reasons are text wherever they are shown.
func TestQuestionTextIsText(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	tecla, nereo := s.browser("tecla.bassani"), s.browser("nereo.galvani")
	tecla.post("/questions/new", "area", s.area("commons"), "title", "T", "body", "b", "tags", evil, "do", "post").is(http.StatusUnprocessableEntity).hasNot("<script", "<img")
	q := pathOf(tecla.post("/questions/new", "area", s.area("commons"), "title", "Quesito "+evil, "body", evil, "tags", "uno", "do", "anyway").is(http.StatusSeeOther))
	a := answerAt(t, nereo.post(q+"/answer", "do", "post", "body", evil+" [x](javascript:alert(1))").is(http.StatusSeeOther))
	tecla.post(a+"/comment", "body", "Commento "+evil).is(http.StatusSeeOther)
	tecla.post(a+"/suggest", "body", "Altro "+evil, "why", "perché "+evil, "version", "1").is(http.StatusSeeOther)
	nereo.post(q+"/close", "reason", "3", "why", "chiuso "+evil).is(http.StatusSeeOther)
	for _, b := range []*browser{s.browser(""), tecla, nereo} {
		for _, x := range b.walk("/questions") {
			x.hasNot("<script", "<img", "{{.}}</textarea>\n<", `href="javascript:`)
			checkPage(t, x)
		}
	}
	tecla.get(q).has("Quesito &#34;&#39;&gt;&lt;script&gt;", "chiuso &#34;")
}

// An edit is suggested, and approved or declined by the author; whoever
// suggested it may take it back.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	osvaldo, tecla, ettore := s.browser("osvaldo.renzi"), s.browser("tecla.bassani"), s.browser("fulvia.sanna")
	q := "/questions/" + s.asked("Coprogettazione: serve").ID.String()
	suggest := func(body string) string {
		t.Helper()
		page := osvaldo.get(q + "/suggest").is(http.StatusOK)
		checkPage(t, page)
		osvaldo.follow(osvaldo.post(q+"/suggest", "title", page.value("title"), "tags", page.value("tags"), "body", body, "version", page.value("version")).is(http.StatusSeeOther)).has("La modifica è proposta")
		for _, link := range linksIn(osvaldo.get(q + "/suggestions").tree()) {
			if strings.HasPrefix(link, "/suggestions/") {
				return link
			}
		}
		t.Fatal("no suggestion")
		return ""
	}
	one := suggest("Testo più breve.")
	ettore.get(one).is(http.StatusNotFound)
	checkPage(t, tecla.get(one).is(http.StatusOK).has("Approva la modifica", "<ins>Testo più breve.</ins>"))
	osvaldo.post(one + "/approve").is(http.StatusForbidden)
	tecla.follow(tecla.post(one+"/approve").is(http.StatusSeeOther)).has("La modifica è approvata", "Approvata")
	tecla.get(q).has("Testo più breve.", "Modificato da")
	tecla.post(one + "/decline").is(http.StatusConflict)
	tecla.follow(tecla.post(suggest("Un altro testo.")+"/decline", "why", "Preferisco il mio.").is(http.StatusSeeOther)).has("Respinta", "Preferisco il mio.")
	osvaldo.follow(osvaldo.post(suggest("Un terzo testo.") + "/retract").is(http.StatusSeeOther)).has("La proposta è ritirata.")

	// The text moved on: the page says so.
	late := suggest("Un quarto testo.")
	form := tecla.get(q + "/edit")
	tecla.post(q+"/edit", "title", form.value("title"), "tags", form.value("tags"), "body", "Riscritto.", "version", form.value("version")).is(http.StatusSeeOther)
	checkPage(t, tecla.post(late+"/approve").is(http.StatusConflict).has("Il testo è cambiato dopo la proposta"))
}

// A question is closed as a duplicate of another, opened again, and merged; what
// leads to its answers leads to them where they are.
func TestCloseAndMerge(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	nereo, tecla := s.browser("nereo.galvani"), s.browser("tecla.bassani")
	original := "/questions/" + s.asked("Coprogettazione: serve").ID.String()
	other := "/questions/" + s.asked("Il valutatore").ID.String()
	checkPage(t, nereo.get(original).has("Quesiti che rimandano a questo", "Per una coprogettazione piccola"))
	a := answerAt(t, tecla.post(other+"/answer", "do", "post", "body", "Meglio di no.").is(http.StatusSeeOther))

	checkPage(t, nereo.get(other+"/close").is(http.StatusOK))
	for _, wrong := range [][]string{{"reason", ""}, {"reason", "1"}, {"reason", "1", "of", "altrove"}, {"reason", "1", "of", other}} {
		checkPage(t, nereo.post(other+"/close", wrong...).is(http.StatusUnprocessableEntity).has("Errore:"))
	}
	s.browser("osvaldo.renzi").post(other+"/close", "reason", "3").is(http.StatusForbidden)
	nereo.follow(nereo.post(other+"/close", "reason", "1", "of", "http://portale.example"+original, "why", "Stesso tema").is(http.StatusSeeOther)).has("Il quesito è chiuso.", "Stesso tema", original)
	tecla.post(other+"/answer", "do", "post", "body", "Tardi").is(http.StatusConflict).has("Questo quesito è chiuso", "Tardi")
	nereo.follow(nereo.post(other + "/reopen").is(http.StatusSeeOther)).has("Il quesito è di nuovo aperto.").hasNot("Stesso tema")

	checkPage(t, nereo.get(other+"/merge").is(http.StatusOK))
	checkPage(t, nereo.post(other+"/merge", "into", "").is(http.StatusUnprocessableEntity))
	checkPage(t, nereo.follow(nereo.post(other+"/merge", "into", original).is(http.StatusSeeOther)).has("Le risposte sono passate", "unito a un altro", original))
	if at := tecla.get(a).is(http.StatusSeeOther); pathOf(at) != original {
		t.Errorf("the answer is at %s", at.to())
	}
	tecla.get(original).has("Meglio di no.")
}

// What newcomers write waits, with the forum's, in one queue.
func TestQuestionsWait(t *testing.T) {
	t.Parallel()
	s, gemma := newcomer(t)
	nereo := s.browser("nereo.galvani")
	at := gemma.post("/questions/new", "area", s.area("commons"), "title", "Una domanda nuova", "body", "Prima domanda.", "do", "anyway").is(http.StatusSeeOther)
	q := pathOf(at)
	checkPage(t, gemma.follow(at).has("è in attesa", "Prima domanda."))
	s.browser("tecla.bassani").get(q).is(http.StatusNotFound)
	gemma.get(q + "/edit").is(http.StatusConflict)
	for _, address := range []string{"/questions", "/questions?show=unanswered", "/", "/drafts"} {
		checkPage(t, gemma.get(address).is(http.StatusOK).has("I tuoi messaggi in attesa", `href="`+q+`"`, "Una domanda nuova"))
		s.browser("tecla.bassani").get(address).hasNot("Una domanda nuova")
	}
	second := answerAt(t, gemma.post("/questions/"+s.asked("Il valutatore").ID.String()+"/answer", "do", "post", "body", "Comprate qui.").is(http.StatusSeeOther))
	nereo.get("/desk").has("2 messaggi aspettano")
	checkPage(t, nereo.get("/desk/waiting").is(http.StatusOK).has("Nuovo quesito:", "Una domanda nuova", "Comprate qui.", "Risposta al quesito"))
	nereo.follow(nereo.post(q+"/restore", "from", "waiting").is(http.StatusSeeOther)).has("approvato e pubblicato").hasNot("Una domanda nuova")
	s.browser("tecla.bassani").get(q).is(http.StatusOK)
	checkPage(t, nereo.get(second+"/hide?from=waiting").is(http.StatusOK).has("Respingi il messaggio", "Comprate qui."))
	checkPage(t, nereo.post(second+"/hide", "why", "").is(http.StatusUnprocessableEntity))
	nereo.follow(nereo.post(second+"/hide", "from", "waiting", "why", "Pubblicità").is(http.StatusSeeOther)).has("Il messaggio è respinto")
	gemma.follow(gemma.get(second)).has("non pubblicato", "Pubblicità")
}

// A moderator makes a question of a topic; each leads to the other.
func TestConvert(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	topic := s.topic("Capitolato a risultato")
	path := "/topics/" + topic.ID.String()
	nereo := s.browser("nereo.galvani")
	s.browser("osvaldo.renzi").get(path + "/question").is(http.StatusForbidden)
	checkPage(t, nereo.get(path+"/question").is(http.StatusOK).has("Trasforma in quesito"))
	checkPage(t, nereo.post(path+"/question", "title", "Titolo", "tags", "a,b,c,d,e,f").is(http.StatusUnprocessableEntity).has("Errore:"))
	reply := s.replies(topic.ID, "nereo.galvani")[1]
	at := nereo.post(path+"/question", "title", "Come scrivere gli obblighi sui dati?", "tags", "capitolati", "reply", reply.ID.String(), "key", "k").is(http.StatusSeeOther)
	checkPage(t, nereo.follow(at).has("La discussione è diventata un quesito.", path, "Risposta di Ilenia Corsaro", "Osvaldo Renzi"))
	checkPage(t, nereo.get(path).has("Da questa discussione sono nati", pathOf(at)))

	// The topic changed: the question says that it needs another look.
	osvaldo := s.browser("osvaldo.renzi")
	form := osvaldo.get(path + "/edit")
	s.pass(time.Hour)
	osvaldo.post(path+"/edit", "title", form.value("title"), "body", "Testo nuovo.", "version", form.value("version")).is(http.StatusSeeOther)
	if err := s.p.c.QA.Recheck(t.Context(), qa.Origin{Kind: "forum.topic", ID: topic.ID.Bytes()}); err != nil {
		t.Fatal(err)
	}
	checkPage(t, osvaldo.get(pathOf(at)).has("va ricontrollato", "Ho ricontrollato"))
	osvaldo.follow(osvaldo.post(pathOf(at) + "/checked").is(http.StatusSeeOther)).has("segnato come ricontrollato").hasNot("va ricontrollato")
}

// The asker's delegate may accept, and nobody else names one.
func TestDelegate(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	dario, osvaldo := s.browser("dario.pellegri"), s.browser("osvaldo.renzi")
	q := "/questions/" + s.asked("Questionari ai ragazzi").ID.String()
	osvaldo.get(q + "/delegate").is(http.StatusForbidden)
	osvaldo.post(q+"/delegate", "delegate", "tecla.bassani").is(http.StatusForbidden)
	checkPage(t, dario.get(q+"/delegate").is(http.StatusOK))
	checkPage(t, dario.post(q+"/delegate", "delegate", "nessuno.qui").is(http.StatusUnprocessableEntity).has("nessuno.qui"))
	osvaldo.get(q).hasNot("Accetta come risposta")
	dario.follow(dario.post(q+"/delegate", "delegate", "osvaldo.renzi").is(http.StatusSeeOther)).has("La delega è aggiornata.", "Può accettare una risposta anche")
	osvaldo.get(q).has("Accetta come risposta")
	dario.get(q + "/delegate").has("osvaldo.renzi")
}

// The states of posts are the same in both tools, so that one table names them.
func TestStatesAgree(t *testing.T) {
	t.Parallel()
	for a, b := range map[qa.State]forum.State{
		qa.Visible: forum.Visible, qa.Deleted: forum.Deleted, qa.Hidden: forum.Hidden, qa.Purged: forum.Purged,
		qa.Held: forum.Held, qa.Withdrawn: forum.Withdrawn, qa.Rejected: forum.Rejected,
	} {
		if forum.State(a) != b {
			t.Errorf("state %d is %d in the forum", a, b)
		}
	}
}

// Every reason, capacity and decision has its message, and so has a comment that
// does not fit on the page.
func TestQuestionLists(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	q := s.asked("Il valutatore")
	path := "/questions/" + q.ID.String()
	for range 7 {
		s.pass(time.Second)
		if _, err := s.p.c.QA.Comment(t.Context(), s.actor("ilenia.corsaro"), qa.NewComment{Post: qa.Post{Question: q.ID}, Body: "Ancora un commento."}); err != nil {
			t.Fatal(err)
		}
	}
	b := s.browser("tecla.bassani")
	b.get(path).has("Leggi altri 3 commenti")
	at := b.post(path+"/comment", "body", "L’ultimo commento.").is(http.StatusSeeOther)
	if pathOf(at) != path+"/comments" {
		t.Errorf("the ninth comment is at %s", at.to())
	}
	checkPage(t, b.follow(at).has("L’ultimo commento."))
	for _, show := range []string{"", "newest", "active", "voted", "unanswered", "offered"} {
		checkPage(t, b.get("/questions?show="+show).is(http.StatusOK))
	}
	b.get("/questions?show=other").is(http.StatusNotFound)
	b.get("/questions?tag=coprogettazione").is(http.StatusOK).has("Coprogettazione: serve").hasNot("Il valutatore indipendente può")
	b.get("/questions?show=unanswered").has("Trasporto a chiamata").hasNot("Coprogettazione: serve")
	checkPage(t, b.get("/questions/tags?prefix=co").is(http.StatusOK).has("coprogettazione").hasNot(">valutazione<"))
	b.get("/").has("Quesiti senza risposta", "Trasporto a chiamata")
	for key := range map[string]int{"qa.reason.1": 1, "qa.reason.6": 6, "qa.capacity.1": 1, "qa.capacity.3": 3, "qa.decision.0": 0, "qa.decision.3": 3} {
		if !s.p.views.keys[key] {
			t.Errorf("no message %s", key)
		}
	}
}
