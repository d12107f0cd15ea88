// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/wiki"
)

// wikiPath returns the address of the sample's page of a title.
func (s *stage) wikiPath(title string) string {
	s.t.Helper()
	found, err := s.p.c.Wiki.Find(s.t.Context(), s.actor("tecla.bassani"), auth.Commons, title)
	if err != nil {
		s.t.Fatalf("page %q: %v", title, err)
	}
	return "/pages/" + found.Page.ID.String()
}

// A page is begun, edited, given another title and found by either; what links
// to it is told.
func TestWikiPage(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	tecla, osvaldo := s.browser("tecla.bassani"), s.browser("osvaldo.renzi")

	form := tecla.get("/pages/new").is(http.StatusOK).has("Buona prassi", "Storia")
	checkPage(t, form)
	checkPage(t, tecla.get("/pages/new?template=practice").is(http.StatusOK).has("Gli ostacoli"))
	new := []string{"area", s.area("commons"), "audience", "3", "key", form.value("key"), "title", "Mercato dei saperi", "body", "Vedi **subito** [[Glossario]] e [[Mai scritta]].\n\n# Uno\n\na\n\n# Due\n\nb", "tags", "Saperi, mercato"}
	checkPage(t, tecla.post("/pages/new", append(new, "do", "preview")...).is(http.StatusOK).has("<strong>subito</strong>", "Le parole che usiamo", `class="wiki wanted"`))
	at := tecla.post("/pages/new", append(new, "do", "save")...).is(http.StatusSeeOther)
	path := pathOf(at)
	checkPage(t, tecla.follow(at).has("La pagina è salvata.", "<strong>subito</strong>", "Le parole che usiamo", `class="wiki wanted"`, "In questa pagina", `href="#s-due"`, ">saperi<"))
	if again := pathOf(tecla.post("/pages/new", append(new, "do", "save")...).is(http.StatusSeeOther)); again != path {
		t.Errorf("sent again it is another page: %s", again)
	}
	taken := append([]string{"do", "save"}, new...)
	taken[7] = "k2" // another key
	checkPage(t, osvaldo.post("/pages/new", taken...).is(http.StatusUnprocessableEntity).has("già una pagina con questo titolo", "subito"))
	tecla.get("/pages?show=wanted").is(http.StatusOK).has("Mai scritta")
	checkPage(t, tecla.get(s.wikiPath("Glossario")+"/links").is(http.StatusOK).has("Mercato dei saperi", "Glossario"))

	// Another title: the links show it, and the old one leads to it.
	rename := osvaldo.get(path + "/rename").is(http.StatusOK)
	checkPage(t, rename)
	checkPage(t, osvaldo.post(path+"/rename", "version", rename.value("version"), "title", "Storie").is(http.StatusUnprocessableEntity).has("già una pagina"))
	osvaldo.follow(osvaldo.post(path+"/rename", "version", rename.value("version"), "title", "Fiera dei saperi", "why", "Più bello").is(http.StatusSeeOther)).has("Il titolo è cambiato.", "Fiera dei saperi")
	if to := pathOf(osvaldo.get("/pages/find?title=mercato+dei+SAPERI").is(http.StatusSeeOther)); to != path {
		t.Errorf("the old title leads to %s, not %s", to, path)
	}
	osvaldo.get("/pages/find?title=Mai+vista").is(http.StatusSeeOther)
	s.browser("").get("/pages/find?title=Mai+vista").is(http.StatusNotFound)

	// Its place, its tags, its validity.
	place := tecla.get(path + "/place")
	checkPage(t, tecla.post(path+"/place", "version", place.value("version"), "parent", "Non c’è").is(http.StatusUnprocessableEntity).has("Nessuna pagina ha questo titolo"))
	tecla.follow(tecla.post(path+"/place", "version", place.value("version"), "parent", "Storie").is(http.StatusSeeOther)).has("La pagina è spostata.", "Storie")
	tecla.get(s.wikiPath("Storie")).has("Fiera dei saperi")
	tecla.follow(tecla.post(path+"/labels", "version", tecla.get(path+"/labels").value("version"), "tags", "fiera").is(http.StatusSeeOther)).has(">fiera<").hasNot(">saperi<")
	tecla.get("/pages?tag=fiera").is(http.StatusOK).has("Fiera dei saperi")
	checkPage(t, tecla.post(path+"/check", "due", "domani").is(http.StatusUnprocessableEntity).has("Scrivi la data"))
	tecla.follow(tecla.post(path+"/check", "due", "").is(http.StatusSeeOther)).has("Grazie", "Ricontrollata da")
	tecla.get("/pages?show=overdue").hasNot("Fiera dei saperi")
	s.pass(366 * 24 * time.Hour)
	s.browser("tecla.bassani").get("/pages?show=overdue").has("Fiera dei saperi")
}

// Two write at once: what does not overlap is merged; what does is shown place
// by place, and nothing that was typed is lost.
func TestWikiMerge(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	tecla, osvaldo := s.browser("tecla.bassani"), s.browser("osvaldo.renzi")
	path := pathOf(tecla.post("/pages/new", "do", "save", "area", s.area("commons"), "audience", "3", "key", "k", "title", "A quattro mani", "body", "uno\n\ndue\n\ntre\n\nquattro\n\ncinque").is(http.StatusSeeOther))
	save := func(b *browser, base int, key, body string) *shown {
		return b.post(path+"/edit", "do", "save", "base", strconv.Itoa(base), "key", key, "body", body, "why", "prova")
	}
	tecla.follow(save(tecla, 1, "a", "UNO\r\n\r\ndue\r\n\r\ntre\r\n\r\nquattro\r\n\r\ncinque").is(http.StatusSeeOther)).has("La pagina è salvata.", "UNO")
	osvaldo.follow(save(osvaldo, 1, "b", "uno\n\ndue\n\ntre\n\nquattro\n\nCINQUE").is(http.StatusSeeOther)).has("insieme a quello che altri", "UNO", "CINQUE")
	checkPage(t, osvaldo.get(path+"/history").is(http.StatusOK).has("Unita alle modifiche", "<ins>CINQUE</ins>"))

	clash := save(osvaldo, 2, "c", "UNO\n\ndue\n\ntre\n\nquattro\n\nCinque e sei").is(http.StatusConflict).has("Punto 1", "Cinque e sei", "CINQUE", "anche tra le tue bozze", "UNO")
	checkPage(t, clash)
	for pick, want := range map[string][]string{"mine": {"Cinque e sei"}, "theirs": {"CINQUE"}, "both": {"CINQUE", "Cinque e sei"}} {
		form := []string{"do", "compose", "pick-1", pick}
		for _, name := range []string{"base", "key", "draft", "draft_version", "why", "part-0", "mine-1", "theirs-1"} {
			form = append(form, name, clash.value(name))
		}
		checkPage(t, osvaldo.post(path+"/edit", form...).is(http.StatusOK).has(append(want, "rileggilo", "UNO")...))
	}
	drafts := osvaldo.get("/drafts").is(http.StatusOK).has("A quattro mani", "Continua")
	checkPage(t, drafts)
	osvaldo.follow(osvaldo.post(path+"/edit", "do", "save", "base", clash.value("base"), "draft", clash.value("draft"), "draft_version", clash.value("draft_version"), "key", "d", "body", "UNO\n\ndue\n\ntre\n\nquattro\n\nCinque e sei").is(http.StatusSeeOther)).has("Cinque e sei")
	osvaldo.get("/drafts").hasNot("A quattro mani")

	checkPage(t, tecla.get(path+"/history/1").is(http.StatusOK).has("Questa è la versione 1", "uno").hasNot("Cinque e sei"))
	tecla.get(path + "/history/99").is(http.StatusNotFound)
	tecla.follow(tecla.post(path+"/rollback", "revision", "1", "base", "4").is(http.StatusSeeOther)).has("uno").hasNot("Cinque e sei")
	tecla.get(path + "/history").has("Torna alla 1")
}

// What is saved on a page that is reviewed waits until somebody has seen it.
func TestWikiReview(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	marta, tecla := s.browser("marta.colonna"), s.browser("tecla.bassani")
	path := s.wikiPath("Storie")
	protect := marta.get(path + "/protect").is(http.StatusOK)
	checkPage(t, protect)
	tecla.get(path + "/protect").is(http.StatusForbidden)
	marta.follow(marta.post(path+"/protect", "version", protect.value("version"), "keep_review", "1", "why", "La leggono tutti").is(http.StatusSeeOther)).has("Con approvazione")
	form := tecla.get(path + "/edit").is(http.StatusOK).has("visibile quando qualcuno lo approva")
	tecla.follow(tecla.post(path+"/edit", "do", "save", "base", form.value("base"), "key", "k", "body", "Testo da vedere").is(http.StatusSeeOther)).has("in attesa", "Un caso alla volta").hasNot("Testo da vedere")
	s.browser("").get(path).is(http.StatusOK).hasNot("Testo da vedere")
	marta.get("/pages?show=review").is(http.StatusOK).has("Storie")
	review := marta.get(path + "/review").is(http.StatusOK).has("Testo da vedere")
	checkPage(t, review)
	tecla.get(path + "/review").is(http.StatusForbidden)
	checkPage(t, marta.post(path+"/review", "do", "decline", "revision", review.value("revision"), "why", "").is(http.StatusUnprocessableEntity))
	marta.follow(marta.post(path+"/review", "do", "publish", "revision", review.value("revision")).is(http.StatusSeeOther)).has("La modifica è pubblicata.", "Testo da vedere")

	// A revision is hidden, and shown again.
	history := marta.get(path + "/history").is(http.StatusOK).has("Nascondi la versione 1")
	checkPage(t, history)
	checkPage(t, marta.get(path+"/hide?revision=1").is(http.StatusOK))
	marta.follow(marta.post(path+"/hide", "revision", "1", "why", "Dati personali").is(http.StatusSeeOther)).has("La versione è nascosta.")
	tecla.get(path + "/history/1").is(http.StatusConflict).has("Versione nascosta")
	tecla.get(path + "/history").hasNot("Un caso alla volta")
	marta.follow(marta.post(path+"/unhide", "revision", "1").is(http.StatusSeeOther)).has("La versione si vede di nuovo.")

	// A page is deleted and comes back.
	marta.follow(marta.post(path+"/delete", "why", "Doppia").is(http.StatusSeeOther)).has("La pagina è eliminata.")
	never := tecla.get("/pages/018f0000-0000-7000-8000-000000000000").is(http.StatusNotFound)
	if tecla.get(path).is(http.StatusNotFound).body != never.body {
		t.Error("the page of what is deleted differs from that of nothing")
	}
	marta.get("/pages?show=removed").is(http.StatusOK).has("Storie")
	marta.follow(marta.post(path+"/restore", "title", "Storie", "why", "Serve").is(http.StatusSeeOther)).has("La pagina è ripristinata.")
	tecla.get(path).is(http.StatusOK).has("Testo da vedere")
}

// An accepted answer becomes a page with credit, which is marked when the
// answer changes.
func TestWikiDistil(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	tecla, fulvia := s.browser("tecla.bassani"), s.browser("fulvia.sanna")
	question := "/questions/" + s.asked("Coprogettazione: serve").ID.String()
	path := s.wikiPath("Un avviso di coprogettazione in due pagine")
	checkPage(t, tecla.get(path).is(http.StatusOK).has("Nata dalla risposta accettata a:", "Coprogettazione: serve un avviso"))
	tecla.get(question).has("Le pagine nate da qui", path, "Fanne una pagina")
	form := tecla.get(question + "/page").is(http.StatusOK)
	checkPage(t, form)
	checkPage(t, tecla.post(question+"/page", "token", form.value("token"), "title", "Storie").is(http.StatusUnprocessableEntity).has("già una pagina"))
	made := tecla.post(question+"/page", "token", form.value("token"), "title", "Avvisi brevi").is(http.StatusSeeOther)
	tecla.follow(made).has("Noi pubblichiamo sempre l’avviso", "Avvisi brevi")
	rev, _, err := s.p.c.Wiki.Text(t.Context(), s.actor("tecla.bassani"), s.wikiID("Avvisi brevi"), 1)
	if err != nil || len(rev.Credit) == 0 || rev.Credit[0].User != s.actor("fulvia.sanna").User {
		t.Errorf("credit %v, %v", rev.Credit, err)
	}
	q := s.asked("Coprogettazione: serve")
	answer := "/answers/" + q.Acceptance.Answer.String()
	edit := fulvia.get(answer + "/edit").is(http.StatusOK)
	fulvia.post(answer+"/edit", "do", "post", "body", "Ora basta una determina.", "why", "Norma nuova", "version", edit.value("version")).is(http.StatusSeeOther)
	if err := s.p.c.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkPage(t, tecla.get(pathOf(made)).has("va ricontrollata", "Ho ricontrollato"))
	tecla.follow(tecla.post(pathOf(made) + "/rechecked").is(http.StatusSeeOther)).hasNot("va ricontrollata")
}

func (s *stage) wikiID(title string) wiki.PageID {
	s.t.Helper()
	found, err := s.p.c.Wiki.Find(s.t.Context(), s.actor("tecla.bassani"), auth.Commons, title)
	if err != nil {
		s.t.Fatal(err)
	}
	return found.Page.ID
}

// Of what is reserved nobody else finds anything, wherever they look.
func TestWikiIsReserved(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	tecla := s.browser("tecla.bassani")
	const secret = "Segretezza irripetibile"
	path := pathOf(tecla.post("/pages/new", "do", "save", "area", s.area("outcome"), "audience", "1", "key", "k", "title", secret, "body", "Testo irripetibile con [[Storie]] e [[Irripetibile mancante]]", "tags", "irripetibile").is(http.StatusSeeOther))
	tecla.get(s.wikiPath("Storie") + "/links").is(http.StatusOK)
	for _, login := range []string{"", "ettore.brighi", "osvaldo.renzi", "nereo.galvani"} {
		b := s.browser(login)
		never := b.get("/pages/018f0000-0000-7000-8000-000000000000").is(http.StatusNotFound)
		if b.get(path).is(http.StatusNotFound).body != never.body {
			t.Errorf("%s: the page of what is hidden differs from that of nothing", login)
		}
		for _, verb := range []string{"/edit", "/history", "/history/1", "/links", "/review", "/rename", "/place", "/labels", "/check", "/protect", "/delete", "/restore", "/purge", "/hide"} {
			b.get(path+verb).hasNot("irripetibile", "Irripetibile")
		}
		for _, a := range b.walk("/pages") {
			a.hasNot("rripetibile")
		}
		area := "/pages?area=" + s.area("outcome") + "&show="
		for _, show := range []string{"tree", "titles", "changes", "wanted"} {
			b.get(area + show).hasNot("rripetibile")
		}
	}
}

// attach sends a file as a browser does.
func (b *browser) attach(address, name, content string) *shown {
	b.t.Helper()
	var body strings.Builder
	form := multipart.NewWriter(&body)
	if err := form.WriteField("why", "per prova"); err != nil {
		b.t.Fatal(err)
	}
	file, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = file.Write([]byte(content))
	}
	if err := errors.Join(err, form.Close()); err != nil {
		b.t.Fatal(err)
	}
	b.header = http.Header{"Content-Type": {form.FormDataContentType()}}
	defer func() { b.header = nil }()
	return b.do(http.MethodPost, address, body.String())
}

// A file is attached, kept by whoever may read the page, replaced and taken
// away; it is never shown as a page of the portal's.
func TestWikiFiles(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	tecla, visitor := s.browser("tecla.bassani"), s.browser("")
	path := s.wikiPath("Storie")
	checkPage(t, tecla.get(path+"/files").is(http.StatusOK).has("Nessun allegato."))
	checkPage(t, tecla.follow(tecla.attach(path+"/files", `C:\verbali\Verbale è.html`, "<script>alert(1)</script>").is(http.StatusSeeOther)).has("Il file è allegato.", "Verbale è.html"))
	files := visitor.get(path+"/files").is(http.StatusOK).has("Verbale è.html").hasNot("Allega un file", "Togli")
	checkPage(t, files)
	href := files.links(path + "/files/")[0]
	got := visitor.get(href).is(http.StatusOK)
	if got.body != "<script>alert(1)</script>" || got.header.Get("Content-Type") != "application/octet-stream" ||
		!strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment;") || !strings.Contains(got.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%q %v", got.body, got.header)
	}
	tecla.follow(tecla.attach(path+"/files", "verbale È.html", "due").is(http.StatusSeeOther)).has("Versione 2")
	visitor.attach(path+"/files", "x", "x").is(http.StatusForbidden)
	tecla.attach(path+"/files", "", "x").is(http.StatusUnprocessableEntity)
	checkPage(t, tecla.attach(path+"/files", "grande", strings.Repeat("x", maxFile+1)).is(http.StatusUnprocessableEntity).has("troppo grande"))
	tecla.post(path+"/files", "file", "x").is(http.StatusUnprocessableEntity)
	second := tecla.get(path + "/files").links(path + "/files/")[0]
	tecla.follow(tecla.post(second+"/detach").is(http.StatusSeeOther)).has("Il file è tolto.", "Verbale è.html")
	visitor.get(second).is(http.StatusNotFound)
	tecla.get(path + "/files/018f0000-0000-7000-8000-000000000000").is(http.StatusNotFound)
}

// links returns where the links of a page lead that begin so.
func (a *shown) links(prefix string) (out []string) {
	for _, n := range a.all(func(n *html.Node) bool { return n.Data == "a" && strings.HasPrefix(attr(n, "href"), prefix) }) {
		out = append(out, attr(n, "href"))
	}
	return out
}
