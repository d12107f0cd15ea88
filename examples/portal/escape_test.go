// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
)

const evil = `"'><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}</textarea>`

// S54: names, titles, descriptions, reasons and drafts are text wherever they
// are shown.
func TestTextIsText(t *testing.T) {
	t.Parallel()
	people := samplePeople()
	tecla := people.Login("tecla.bassani")
	tecla.Name, tecla.Org.Name = "Tecla "+evil, "Comune "+evil
	people = newDirectory(people.Areas, people.Members())
	people.Areas[0].Name, people.Areas[0].Description = "Area "+evil, evil
	s := newStage(t, func(o *options) { o.People = people })
	coordinator := people.coordinator()
	board, err := s.p.c.Forum.OpenBoard(t.Context(), coordinator, forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Sezione " + evil, Description: evil})
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser("tecla.bassani")
	at := b.post("/boards/"+board.ID.String()+"/new", "do", "post", "title", "Titolo "+evil, "body", evil+" [x](javascript:alert(1))").is(http.StatusSeeOther).to()
	topic := strings.TrimPrefix(strings.SplitN(at, "?", 2)[0], "/topics/")
	b.post("/topics/"+topic+"/edit", "title", "Titolo due "+evil, "body", "nuovo "+evil, "why", "motivo "+evil, "version", b.get("/topics/"+topic+"/edit").value("version")).is(http.StatusSeeOther)
	s.pass(forumGrace)
	b.post("/topics/"+topic+"/edit", "title", "Titolo tre "+evil, "body", "terzo "+evil, "why", "motivo "+evil, "version", b.get("/topics/"+topic+"/edit").value("version")).is(http.StatusSeeOther)
	b.post("/topics/"+topic+"/reply", "do", "post", "body", "@tecla.bassani "+evil).is(http.StatusSeeOther)
	b.post("/boards/"+board.ID.String()+"/new", "do", "draft", "title", "Bozza "+evil, "body", evil)
	deep := strings.Repeat("> ", 200) + evil // Markdown refuses it: it is shown as it was typed
	b.follow(b.post("/topics/"+topic+"/reply", "do", "post", "body", deep)).has("<pre>&gt; &gt; ")
	b.post("/topics/"+topic+"/reply", "do", "preview", "body", evil).is(http.StatusOK)
	moderator := s.browser("nereo.galvani")
	r := s.replies(mustTopic(t, topic), "nereo.galvani")[1]
	moderator.post("/replies/"+r.ID.String()+"/hide", "why", "perché "+evil).is(http.StatusSeeOther)
	for _, login := range []string{"", "tecla.bassani", "nereo.galvani"} {
		for _, a := range s.browser(login).walk("/") {
			a.hasNot("<script", "<img", "{{.}}</textarea>\n<", `href="javascript:`)
			checkPage(t, a)
		}
	}
	b.get("/topics/" + topic).has("Titolo tre &#34;&#39;&gt;&lt;script&gt;")
}

// forumGrace is more than the forum's default grace.
const forumGrace = 6 * 60 * 1e9

func mustTopic(t *testing.T, s string) forum.TopicID {
	t.Helper()
	id, err := storage.ParseID[forum.Topic](s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Pages made of the corpora of attacks hold no script, no handler and no
// address of another scheme, in bodies, titles, quotes and forms.
func TestPayloads(t *testing.T) {
	t.Parallel()
	var payloads []string
	for _, x := range shared.Lines[struct{ Payload string }](t, "corpora/xss/html_payloads.jsonl") {
		payloads = append(payloads, x.Payload)
	}
	for _, x := range shared.Lines[struct{ Markdown string }](t, "corpora/xss/markdown_payloads.jsonl") {
		payloads = append(payloads, x.Markdown)
	}
	s := newStage(t)
	who := s.p.people.Login("tecla.bassani").Actor()
	topic := s.topic("Innovazione sociale")
	for i, x := range payloads {
		s.pass(1e9)
		_, err := s.p.c.Forum.Reply(t.Context(), who, forum.NewReply{Topic: topic.ID, Body: x})
		if err != nil && !strings.Contains(err.Error(), "body") {
			t.Fatal(err)
		}
		if i%10 == 0 {
			title := strings.Join(strings.Fields(strings.ToValidUTF8(x, "")), " ")
			_, err := s.p.c.Forum.StartTopic(t.Context(), who, forum.NewTopic{Board: topic.Board, Title: title, Body: x})
			if err != nil && !strings.Contains(err.Error(), "title") && !strings.Contains(err.Error(), "body") {
				t.Fatal(err)
			}
		}
	}
	b := s.browser("tecla.bassani")
	pages := 0
	for address := "/topics/" + topic.ID.String(); address != ""; pages++ {
		a := b.get(address).is(http.StatusOK)
		checkPage(t, a)
		address = nextPage(t, a)
	}
	for address := "/boards/" + topic.Board.String(); address != ""; pages++ {
		a := b.get(address).is(http.StatusOK)
		checkPage(t, a)
		address = nextPage(t, a)
	}
	if pages < 50 {
		t.Errorf("only %d pages", pages)
	}
	checkPage(t, b.post("/topics/"+topic.ID.String()+"/reply", "do", "preview", "body", strings.Join(payloads[:40], "\n\n")).is(http.StatusOK))
}

func nextPage(t *testing.T, a *shown) string {
	t.Helper()
	for n := range parsed(t, a.body).Descendants() {
		if n.Data == "a" && attr(n, "rel") == "next" {
			return attr(n, "href")
		}
	}
	return ""
}

// Nobody is sent to another site after signing in.
func TestNext(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *options) { o.Base = "/comunita/" })
	payloads := []string{"//evil.example", "https://evil.example/comunita/", `/\evil.example`, `/comunita/\evil.example`, "/altro", "javascript:alert(1)", "/comunita/../altro", "%2f%2fevil.example", "/comunita/\n//evil.example", "/comunita/%0d%0aSet-Cookie:x"}
	for _, x := range shared.Lines[struct{ U string }](t, "corpora/url/redirect_payloads.jsonl") {
		payloads = append(payloads, x.U, "/comunita/"+x.U)
	}
	for _, next := range payloads {
		to := s.browser("").post("/comunita/sign-in", "login", "tecla.bassani", "next", next).is(http.StatusSeeOther).to()
		base, err := url.Parse("http://portale.example/comunita/sign-in")
		if err != nil {
			t.Fatal(err)
		}
		u, err := base.Parse(to)
		if err != nil || u.Host != "portale.example" || u.Scheme != "http" || !strings.HasPrefix(u.Path, "/comunita/") ||
			strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
			t.Errorf("%q leads to %q", next, to)
		}
	}
	b := s.browser("")
	b.header.Set("Referer", "http://portale.example/comunita/unread?after=x")
	next := b.get("/comunita/sign-in").value("next")
	if next != "/comunita/unread?after=x" {
		t.Errorf("next is %q", next)
	}
	b.header.Set("Referer", "http://evil.example/comunita/unread")
	if next := b.get("/comunita/sign-in").value("next"); next != "/comunita/" {
		t.Errorf("next is %q", next)
	}
}
