// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/forum"
)

// A member starts a topic, answers, edits, deletes and restores.
func TestWriting(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("tecla.bassani")
	board := s.board("Appalti per l’innovazione").ID.String()
	form := b.get("/boards/" + board + "/new").is(http.StatusOK)
	at := b.post("/boards/"+board+"/new", "do", "post", "title", "Nuova prova", "body", "Ciao @dario.pellegri, ecco **il punto**.", "audience", "2", "key", form.value("key")).is(http.StatusSeeOther)
	page := b.follow(at).is(http.StatusOK).has("Nuova prova", "La discussione è aperta.", "<strong>il punto</strong>", `<span class="mention">@Dario Pellegri</span>`, "Solo per la comunità")
	checkPage(t, page)
	topic := s.topic("Nuova prova")
	path := "/topics/" + topic.ID.String()
	s.browser("").get(path).is(http.StatusNotFound)

	dario := s.browser("dario.pellegri")
	dario.get("/following").is(http.StatusOK).has("Nuova prova") // he is mentioned
	quote := dario.get(path + "/reply?quote=1").is(http.StatusOK).value("body")
	if quote != "> Ciao @dario.pellegri, ecco **il punto**.\n\n" {
		t.Errorf("quote %q", quote)
	}
	dario.follow(dario.post(path+"/reply", "do", "post", "body", quote+"Eccomi.")).has("La risposta è pubblicata.", "<blockquote>", "Eccomi.")
	reply := s.replies(topic.ID, "dario.pellegri")[1].ID.String()
	b.follow(b.post(path+"/reply?parent="+reply, "do", "post", "body", "Grazie.")).has("Grazie.", "level-2", "/replies/"+reply)

	edit := dario.get("/replies/" + reply + "/edit").is(http.StatusOK)
	if edit.value("body") != quote+"Eccomi." {
		t.Errorf("edit %q", edit.value("body"))
	}
	s.pass(time.Hour)
	dario.follow(dario.post("/replies/"+reply+"/edit", "do", "post", "body", "Eccomi, *corretto*.", "why", "Un refuso", "version", edit.value("version"))).
		has("La modifica è salvata.", "<em>corretto</em>", "Un refuso", "La modifica è successiva")
	history := b.get("/replies/"+reply+"/history").is(http.StatusOK).has("Un refuso", "<del>Eccomi.</del>", "<ins>Eccomi, *corretto*.</ins>")
	checkPage(t, history)
	if n := strings.Count(history.body, `<table class="diff `); n != 1 {
		t.Errorf("%d tables for a reply, which has no title", n)
	}

	dario.follow(dario.post("/replies/"+reply+"/delete")).has("Il messaggio è eliminato", "Ripristina")
	b.get(path).hasNot("corretto").has("Messaggio eliminato da chi l’ha scritto.", "Grazie.")
	checkPage(t, b.post(path+"/reply?parent="+reply, "do", "preview", "body", "a chi?").hasNot("Persona non più iscritta").has("Messaggio eliminato da chi l’ha scritto.", "a chi?"))
	dario.follow(dario.post("/replies/" + reply + "/restore")).has("corretto")
	b.post(path + "/delete").is(http.StatusConflict).has("Qualcuno ha già risposto")
	b.post("/replies/"+reply+"/edit", "do", "post", "body", "x", "version", "1").is(http.StatusForbidden)
	b.post("/replies/" + reply + "/delete").is(http.StatusForbidden)
}

// A page offers what its reader may do, and nothing else.
func TestOffers(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	topic := s.topic("Chi fa da valutatore") // osvaldo's; the first reply is ilenia's
	reply := s.replies(topic.ID, "marta.colonna")[1].ID.String()
	path := "/topics/" + topic.ID.String()
	offers := map[string]string{
		"answer": path + "/reply", "answer reply": path + "/reply?parent=" + reply, "useful": "/replies/" + reply + "/useful", "useful topic": path + "/useful",
		"edit topic": path + "/edit", "edit": "/replies/" + reply + "/edit", "delete topic": path + "/delete", "delete": "/replies/" + reply + "/delete",
		"follow": path + "/follow", "hide": "/replies/" + reply + "/hide", "purge": "/replies/" + reply + "/purge", "lock": path + "/lock", "restore": "/replies/" + reply + "/restore",
	}
	for login, want := range map[string]string{
		"":               "",
		"ettore.brighi":  "follow",
		"dario.pellegri": "answer, answer reply, follow, useful, useful topic",
		"osvaldo.renzi":  "answer, answer reply, edit topic, follow, useful", // it has replies, so it stays
		"ilenia.corsaro": "answer, answer reply, delete, edit, follow, useful topic",
		"nereo.galvani":  "answer, answer reply, edit, edit topic, follow, hide, lock, useful, useful topic",
		"marta.colonna":  "answer, answer reply, edit, edit topic, follow, hide, lock, purge, useful, useful topic",
	} {
		page := s.browser(login).get(path).is(http.StatusOK)
		var got []string
		for _, name := range slices.Sorted(maps.Keys(offers)) {
			if strings.Contains(page.body, `"`+offers[name]+`"`) {
				got = append(got, name)
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%q is offered %q, want %q", login, got, want)
		}
	}
	s.browser("").get(path + "?done=nonsense").is(http.StatusOK).hasNot("nonsense")
}

// The same form sent twice makes one reply and one topic.
func TestDoubleSubmit(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("tecla.bassani")
	topic := s.topic("Innovazione sociale")
	path := "/topics/" + topic.ID.String()
	key := b.get(path + "/reply").value("key")
	if key == b.get(path+"/reply").value("key") {
		t.Error("two forms have one key")
	}
	for _, page := range []string{path, "/boards/" + topic.Board.String() + "/new"} {
		if len(b.get(page).value("key")) != 36 {
			t.Errorf("the form of %s has no key", page)
		}
	}
	first := b.post(path+"/reply", "do", "post", "body", "Una volta sola", "key", key).is(http.StatusSeeOther)
	second := b.post(path+"/reply", "do", "post", "body", "Una volta sola", "key", key).is(http.StatusSeeOther)
	if first.to() != second.to() {
		t.Errorf("%s, then %s", first.to(), second.to())
	}
	if n := s.topic("Innovazione sociale").Replies; n != topic.Replies+1 {
		t.Errorf("%d replies after %d", n, topic.Replies)
	}
	board := "/boards/" + topic.Board.String()
	key = b.get(board + "/new").value("key")
	first = b.post(board+"/new", "do", "post", "title", "Una", "body", "x", "key", key)
	second = b.post(board+"/new", "do", "post", "title", "Una", "body", "x", "key", key)
	if first.to() != second.to() {
		t.Errorf("%s, then %s", first.to(), second.to())
	}
}

// Forms keep what was typed and say what is wrong with which field.
func TestFormsKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *options) {
		o.Rates.Acts = defaultRates.Acts
	})
	b := s.browser("tecla.bassani")
	topic := s.topic("Innovazione sociale")
	board := "/boards/" + topic.Board.String() + "/new"
	long := strings.Repeat("è", forum.MaxBody+1)
	for _, c := range []struct {
		address string
		form    []string
		want    string
	}{
		{board, []string{"title", "", "body", "\ncorpo  così\n"}, "Non può essere vuoto."},
		{board, []string{"title", strings.Repeat("t", 201), "body", "corpo"}, "È troppo lungo: al massimo 200 caratteri."},
		{board, []string{"title", "titolo", "body", long}, "È troppo lungo: al massimo 20000 caratteri."},
		{board, []string{"title", "titolo", "body", "a\x01b"}, "Contiene caratteri di controllo."},
		{"/topics/" + topic.ID.String() + "/reply", []string{"body", "   "}, "Non può essere vuoto."},
	} {
		a := b.post(c.address, append(c.form, "do", "post", "key", "la-chiave")...).is(http.StatusUnprocessableEntity).has(c.want, `aria-invalid="true"`)
		checkPage(t, a)
		for i := 0; i < len(c.form); i += 2 {
			if got := a.value(c.form[i]); got != c.form[i+1] {
				t.Errorf("%s: %q became %q", c.form[i], c.form[i+1], got)
			}
		}
		if got := a.value("key"); got != "la-chiave" {
			t.Errorf("key became %q", got)
		}
	}

	// Too often: the text is still there.
	reply := "/topics/" + topic.ID.String() + "/reply"
	for i := range defaultRates.Acts[forum.Say].Member.Times {
		b.post(reply, "do", "post", "body", strconv.Itoa(i)).is(http.StatusSeeOther)
	}
	a := b.post(reply, "do", "post", "body", "una di troppo").is(http.StatusTooManyRequests).has("Aspetta 10 secondi.")
	if got := a.value("body"); got != "una di troppo" || a.header.Get("Retry-After") != "10" {
		t.Errorf("body became %q", got)
	}
	s.pass(10 * time.Second)
	b.post(reply, "do", "post", "body", "una di troppo").is(http.StatusSeeOther)

	// The session is over: the text is still there too.
	s.pass(sessionIdle + time.Second)
	a = b.post(reply, "do", "post", "body", "scritto a lungo").is(http.StatusForbidden).has("Per inviare il testo devi accedere.")
	if got := a.value("body"); got != "scritto a lungo" {
		t.Errorf("body became %q", got)
	}

	// So it is where a visitor may not even know that there is a form.
	reserved := "/topics/" + s.topic("Prima bozza").ID.String()
	for _, address := range []string{reserved + "/reply", reserved + "/edit"} {
		a = b.post(address, "do", "post", "body", "scritto <a lungo>").is(http.StatusNotFound).has("scritto &lt;a lungo&gt;</textarea>")
		checkPage(t, a)
	}

	// The topic was closed meanwhile.
	b = s.browser("tecla.bassani")
	s.browser("nereo.galvani").post("/topics/"+topic.ID.String()+"/lock", "locked", "1").is(http.StatusSeeOther)
	a = b.post(reply, "do", "post", "body", "tardi").is(http.StatusConflict).has("è chiusa")
	if got := a.value("body"); got != "tardi" {
		t.Errorf("body became %q", got)
	}
}

// Two people edit one text: the second sees the first one's, and what they
// typed is kept.
func TestEditConflict(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	topic := s.topic("Chi fa da valutatore")
	path := "/topics/" + topic.ID.String() + "/edit"
	author, moderator := s.browser("osvaldo.renzi"), s.browser("nereo.galvani")
	version := author.get(path).value("version")
	moderator.post(path, "title", topic.Title, "body", "Riga comune\nRiga del moderatore", "why", "Chiarito", "version", version).is(http.StatusSeeOther)
	a := author.post(path, "title", "Il mio titolo", "body", "Riga comune\r\nRiga mia", "why", "perché sì", "version", version).is(http.StatusConflict).
		has("Qualcuno ha cambiato il testo", "Chiarito", "<del>del moderatore</del>", "<ins>mia</ins>", "Nereo Galvani").hasNot("<del>Riga comune")
	checkPage(t, a)
	for name, want := range map[string]string{"title": "Il mio titolo", "body": "Riga comune\nRiga mia", "why": "perché sì"} {
		if got := strings.ReplaceAll(a.value(name), "\r", ""); got != want {
			t.Errorf("%s became %q", name, got)
		}
	}
	author.follow(author.post(path, "title", "Il mio titolo", "body", "Riga comune\r\nRiga mia", "version", a.value("version"))).has("Riga mia", "Il mio titolo")
}

// Drafts are kept, continued, and not overwritten by an older tab.
func TestDrafts(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("dario.pellegri")
	topic := s.topic("Chi fa da valutatore")
	path := "/topics/" + topic.ID.String() + "/reply"
	b.follow(b.post(path, "do", "draft", "body", "Comincio a scrivere", "draft", b.get(path).value("draft"))).
		has("La bozza è salvata.", "Comincio a scrivere", `href="`+path+`"`)
	one, other := b.get(path).has("Bozza ripresa"), b.get("/topics/"+topic.ID.String()).has("Bozza ripresa")
	if one.value("body") != "Comincio a scrivere" || other.value("body") != "Comincio a scrivere" {
		t.Error("the draft is not in the form")
	}
	b.post(path, "do", "draft", "body", "Comincio a scrivere, e continuo", "draft", one.value("draft")).is(http.StatusSeeOther)
	a := b.post(path, "do", "draft", "body", "Altra scheda", "draft", other.value("draft")).is(http.StatusConflict).
		has("Un’altra scheda ha salvato", "Comincio a scrivere, e continuo")
	checkPage(t, a)
	if a.value("body") != "Altra scheda" {
		t.Errorf("body became %q", a.value("body"))
	}
	b.post(path, "do", "draft", "body", "Altra scheda", "draft", a.value("draft")).is(http.StatusSeeOther)

	// What another tab wrote is not dropped with what an older one posts.
	b.post(path, "do", "post", "body", "Pubblico questo", "draft", one.value("draft")).is(http.StatusSeeOther)
	latest := b.get(path)
	if latest.value("body") != "Altra scheda" {
		t.Errorf("the draft became %q", latest.value("body"))
	}
	b.post(path, "do", "post", "body", "Pubblico anche questo", "draft", latest.value("draft")).is(http.StatusSeeOther)
	if got := b.get(path).value("body"); got != "" {
		t.Errorf("the draft is still %q", got)
	}
	b.post(path, "do", "draft", "body", "Vecchia scheda", "draft", latest.value("draft")).is(http.StatusConflict).has("pubblicata o eliminata")

	board := "/boards/" + topic.Board.String() + "/new"
	b.post(board, "do", "draft", "title", "Solo il titolo", "body", "", "draft", "0").is(http.StatusSeeOther)
	if got := b.get(board).value("title"); got != "Solo il titolo" {
		t.Errorf("title %q", got)
	}
	b.follow(b.post("/drafts", "place", "topic:"+topic.Board.String())).has("La bozza è eliminata.", "Nessuna bozza.")
}

// Opening a topic moves the mark past what was on the page and no further.
func TestReadingMarks(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("ettore.brighi")
	topic := s.topic("Sessanta partecipanti") // more than one page
	path := "/topics/" + topic.ID.String()
	b.get("/unread").has("Sessanta partecipanti")
	a := b.get(path).is(http.StatusOK).has("Vai alla prima da leggere")
	first := s.replies(topic.ID, "ettore.brighi")
	to := b.get(path + "/unread").is(http.StatusSeeOther).to()
	if !strings.Contains(to, "after=") || !strings.HasPrefix(to, path) {
		t.Fatalf("first unread is %s", to)
	}
	b.get(nextPage(t, a)).is(http.StatusOK)
	b.get("/unread").hasNot("Sessanta partecipanti")
	if to := b.get(path + "/unread").to(); to != path+"#post" {
		t.Errorf("nothing is unread, and %s is", to)
	}

	// A new reply, answering an early one, is found and shown as new.
	dario := s.browser("dario.pellegri")
	s.pass(time.Minute)
	dario.get(path)
	dario.follow(dario.post(path+"/reply?parent="+first[1].ID.String(), "do", "post", "body", "Una risposta tardiva")).
		has("Una risposta tardiva").hasNot(`<span class="badge strong">Nuovo</span>`)
	b.get("/unread").has("Sessanta partecipanti", "1 nuova")
	dario.get("/unread").hasNot("1 nuova")
	b.header.Set("Sec-Purpose", "prefetch")
	b.get(path).has(`<span class="badge strong">Nuovo</span>`)
	b.header.Del("Sec-Purpose")
	a = b.follow(b.get(path+"/unread")).has("Una risposta tardiva", `<span class="badge strong">Nuovo</span>`)
	if n := strings.Count(a.body, `<span class="badge strong">Nuovo</span>`); n != 1 {
		t.Errorf("%d replies are new", n)
	}
	b.get(path).hasNot(`<span class="badge strong">Nuovo</span>`)

	tecla := s.browser("tecla.bassani")
	tecla.get("/unread").has("Da leggere")
	tecla.follow(tecla.post("/unread")).has("Tutto è segnato come letto.", "Hai letto tutto.")
	tecla.post(path+"/read", "seq", "999").is(http.StatusSeeOther)
	tecla.post(path+"/read", "seq", "x").is(http.StatusUnprocessableEntity)
	s.browser("").post("/unread").is(http.StatusForbidden)
}

// Where more is unread than is looked through, the mark stays until the reader
// moves it.
func TestReadingMarksOfLongTopics(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	topic := s.topic("Innovazione sociale")
	path := "/topics/" + topic.ID.String()
	who := s.actor("tecla.bassani")
	for i := range maxUnreadPages*100 + 50 {
		if _, err := s.p.c.Forum.Reply(t.Context(), who, forum.NewReply{Topic: topic.ID, Body: strconv.Itoa(i)}); err != nil {
			t.Fatal(err)
		}
	}
	b := s.browser("ettore.brighi")
	mark := func() forum.Mark {
		th, err := s.p.c.Forum.Thread(t.Context(), s.actor("ettore.brighi"), forum.ThreadPage{Topic: topic.ID})
		if err != nil {
			t.Fatal(err)
		}
		return th.Mark
	}
	b.get(path).has("Segna come letta")
	if m := mark(); !m.Opened || m.Read != 0 {
		t.Errorf("the mark is %+v", m)
	}
	b.get("/unread").has("100&#43; nuove")
	if to := b.get(path + "/unread").to(); !strings.Contains(to, "after=") {
		t.Errorf("the first unread is %s", to)
	}
	b.post(path+"/read", "seq", strconv.Itoa(s.topic("Innovazione sociale").Seq)).is(http.StatusSeeOther)
	b.get(path).hasNot("Segna come letta")
}

// Pages of a thread hold every reply once, in both orders, and permalinks lead
// to the page that shows the reply.
func TestThreadPages(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("")
	topic := s.topic("Sessanta partecipanti")
	replies := s.replies(topic.ID, "marta.colonna")[1:]
	for _, order := range []string{"", "?order=newest"} {
		seen := map[string]int{}
		for address := "/topics/" + topic.ID.String() + order; address != ""; {
			a := b.get(address).is(http.StatusOK)
			for _, r := range replies {
				seen[r.ID.String()] += strings.Count(a.body, `<article id="r-`+r.ID.String()+`"`)
			}
			address = nextPage(t, a)
		}
		for _, r := range replies {
			if n := seen[r.ID.String()]; n != 1 {
				t.Errorf("order %q: reply %d is shown %d times", order, r.Seq, n)
			}
		}
	}
	for _, r := range replies {
		a := b.get("/replies/" + r.ID.String()).is(http.StatusSeeOther)
		if !strings.HasSuffix(a.to(), "#r-"+r.ID.String()) {
			t.Errorf("reply %d is at %s", r.Seq, a.to())
		}
		b.follow(a).has(`<article id="r-` + r.ID.String() + `"`)
	}
}

func TestFollowAndUseful(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("fulvia.sanna")
	topic := s.topic("Un questionario breve")
	path := "/topics/" + topic.ID.String()
	b.get(path).has(`value="follow"`)
	b.follow(b.post(path+"/follow", "do", "follow")).has("Ora segui", `value="leave"`, "per tua scelta")
	b.get("/following").has("Un questionario breve")
	b.follow(b.post(path+"/follow", "do", "leave")).has("Non segui più", `value="follow"`)
	b.follow(b.post(path+"/follow", "do", "ignore")).has("Non riceverai avvisi")
	b.post(path+"/follow", "do", "x").is(http.StatusBadRequest)

	reply := s.replies(topic.ID, "fulvia.sanna")[2]
	b.follow(b.post("/replies/"+reply.ID.String()+"/useful", "useful", "1")).has("Utile (1)", `aria-pressed="true"`)
	b.post("/replies/"+reply.ID.String()+"/useful", "useful", "1").is(http.StatusSeeOther)
	b.follow(b.post("/replies/"+reply.ID.String()+"/useful", "useful", "0")).hasNot(`aria-pressed="true"`)
	s.browser("tecla.bassani").post("/replies/"+reply.ID.String()+"/useful", "useful", "1").is(http.StatusConflict).has("È un tuo messaggio")
	s.browser("ettore.brighi").post("/replies/"+reply.ID.String()+"/useful", "useful", "1").is(http.StatusForbidden)
	a := b.post("/replies/"+reply.ID.String()+"/useful", "useful", "1", "order", "newest", "after", "x").is(http.StatusSeeOther)
	if want := path + "?after=x&order=newest#r-" + reply.ID.String(); a.to() != want {
		t.Errorf("leads to %s, want %s", a.to(), want)
	}
}

func TestModeration(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b, member := s.browser("marta.colonna"), s.browser("tecla.bassani")
	topic := s.topic("Chi fa da valutatore")
	path := "/topics/" + topic.ID.String()
	replies := s.replies(topic.ID, "marta.colonna")

	b.post("/replies/"+replies[1].ID.String()+"/hide", "why", " ").is(http.StatusUnprocessableEntity).has("Non può essere vuoto.")
	b.follow(b.post("/replies/"+replies[1].ID.String()+"/hide", "why", "Fuori tema")).has("Il messaggio è nascosto.", "Fuori tema")
	b.follow(b.post("/replies/" + replies[1].ID.String() + "/restore")).has("di nuovo visibile")
	b.post("/replies/"+replies[2].ID.String()+"/purge", "why", "").is(http.StatusUnprocessableEntity)
	b.follow(b.post("/replies/"+replies[2].ID.String()+"/purge", "why", "Dati personali")).has("rimosso definitivamente")
	s.browser("nereo.galvani").post("/replies/"+replies[1].ID.String()+"/purge", "why", "x").is(http.StatusForbidden)

	b.follow(b.post(path+"/pin", "pin", "2")).has("aggiornata", "Avviso")
	b.get("/").has("Chi fa da valutatore")
	b.post(path+"/pin", "pin", "9").is(http.StatusUnprocessableEntity)
	b.follow(b.post(path+"/pin", "pin", "0"))
	b.follow(b.post(path+"/lock", "locked", "1")).has("La discussione è chiusa.", "Riapri")
	member.get(path + "/reply").is(http.StatusConflict).has("è chiusa")
	member.get(path).hasNot(`name="body"`)
	b.follow(b.post(path+"/reply", "do", "post", "body", "Parola di chi modera")).has("Parola di chi modera", ">Moderazione</span>")
	b.follow(b.post(path+"/lock", "locked", "0")).has("riaperta")

	for _, do := range []string{"pin", "lock", "move", "merge", "split"} {
		member.post(path+"/"+do, "pin", "1", "locked", "1").is(http.StatusForbidden)
	}
	for _, page := range []string{"move", "merge", "split", "hide", "purge"} {
		checkPage(t, b.get(path+"/"+page).is(http.StatusOK))
		member.get(path + "/" + page).is(http.StatusForbidden)
	}

	// Split: the reply keeps its address.
	form := b.get(path + "/split")
	b.post(path+"/split", "title", "Una parte", "body", "Divido", "version", form.value("version")).is(http.StatusUnprocessableEntity).has("Non può essere vuoto.")
	b.post(path+"/split", "title", "Una parte", "body", "Divido", "version", "1", "reply", replies[1].ID.String()).is(http.StatusConflict).has("è cambiata nel frattempo", "checked")
	b.follow(b.post(path+"/split", "title", "Una parte", "body", "Divido", "version", form.value("version"), "reply", replies[1].ID.String())).has("Una parte", "discussione a sé")
	part := s.topic("Una parte")
	b.follow(b.get("/replies/" + replies[1].ID.String())).has(`<h1 lang="it">Una parte</h1>`)

	// Merge: both addresses lead there.
	b.post(path+"/merge", "into", "niente").is(http.StatusUnprocessableEntity).has("Non corrisponde")
	b.post(path+"/merge", "into", path).is(http.StatusUnprocessableEntity).has("È la stessa")
	b.follow(b.post("/topics/"+part.ID.String()+"/merge", "into", "http://portale.example"+path)).has("Le discussioni sono unite.", "Divido", `<h1 lang="it">Chi fa da valutatore`)
	a := member.get("/topics/" + part.ID.String()).is(http.StatusSeeOther)
	if !strings.HasPrefix(a.to(), path+"#r-") {
		t.Errorf("leads to %s", a.to())
	}

	// Move into the group, and out again only on purpose.
	group, open := s.board("Cruscotto degli indicatori"), s.board("Appalti per l’innovazione")
	b.post(path + "/move").is(http.StatusUnprocessableEntity).has("Non può essere vuoto.")
	b.follow(b.post(path+"/move", "board", group.ID.String(), "why", "Riguarda il gruppo")).has("è spostata", "Cruscotto")
	s.browser("osvaldo.renzi").get(path).is(http.StatusNotFound) // though he started it
	s.browser("dario.pellegri").get(path).is(http.StatusNotFound)
	b.post(path+"/move", "board", open.ID.String(), "why", "Torna fuori").is(http.StatusUnprocessableEntity).has(`name="widen"`, "a cui non era destinato", `value="Torna fuori"`)
	b.follow(b.post(path+"/move", "board", open.ID.String(), "widen", "1")).has("è spostata")
	s.browser("").get(path).is(http.StatusNotFound)

	// A topic that was hidden is in the list of those removed.
	b.follow(b.post(path+"/hide", "why", "Duplicata")).has("Duplicata")
	b.get("/removed").has("Chi fa da valutatore")
	member.get(path).is(http.StatusNotFound)
	member.get("/removed").hasNot("Chi fa da valutatore")
	b.post(path + "/restore").is(http.StatusSeeOther)
	checkPage(t, b.follow(b.post(path+"/purge", "why", "Dati personali")).has("Discussione rimossa").hasNot("Chi fa da valutatore", "Divido"))
	checkPage(t, b.get("/removed").has("Discussione rimossa"))
	b.post(path + "/restore").is(http.StatusConflict).has("è stato rimosso")
}
