// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
)

const evil = `"'><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}</textarea>`

// S54: names, titles, descriptions, reasons and drafts are text wherever they
// are shown.
func TestTextIsText(t *testing.T) {
	t.Parallel()
	areas := sampleAreas()
	areas[0].Name, areas[0].Description = "Area "+evil, evil
	s := newStage(t, func(o *options) { o.Areas = areas })
	coordinator, tecla := s.actor("marta.colonna"), s.actor("tecla.bassani")
	me, err := s.p.c.Membership.Me(t.Context(), tecla)
	if err != nil {
		t.Fatal(err)
	}
	told := &membership.Field{Text: "Tecla " + evil, Audience: auth.Public}
	if _, err := s.p.c.Membership.EditProfile(t.Context(), tecla, membership.ProfileEdit{Version: me.Version, Name: told, Headline: told}); err != nil {
		t.Fatal(err)
	}
	town, name := s.org("c_rocca"), "Comune "+evil
	if _, err := s.p.c.Membership.EditOrg(t.Context(), coordinator, membership.OrgEdit{Org: town.ID, Version: town.Version, Name: &name}); err != nil {
		t.Fatal(err)
	}
	board, err := s.p.c.Forum.OpenBoard(t.Context(), coordinator, forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Sezione " + evil, Description: evil})
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser("")
	b.header.Set("User-Agent", evil+" Firefox Linux")
	b.post("/sign-in", "name", "tecla.bassani", "password", testPassword).is(http.StatusSeeOther)
	b.post("/account/tokens", "name", "Token "+evil, "days", "30", "scopes", "forum.read").is(http.StatusOK).has("Token &#34;&#39;&gt;&lt;script&gt;").hasNot("<script")
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
	b.post("/act-as", "for", town.ID.String()).is(http.StatusSeeOther)
	for _, x := range []*browser{s.browser(""), b, moderator} {
		for _, a := range x.walk("/") {
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
	who := s.actor("tecla.bassani")
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
		to := s.browser("").post("/comunita/sign-in", "name", "tecla.bassani", "password", testPassword, "next", next).is(http.StatusSeeOther).to()
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
	// Nor by any other form that leads on.
	in := s.browser("")
	in.post("/comunita/sign-in", "name", "tecla.bassani", "password", testPassword).is(http.StatusSeeOther)
	for _, next := range payloads {
		for _, a := range []*shown{in.post("/comunita/act-as", "for", "", "back", next), in.get("/comunita/sign-in?" + url.Values{"next": {next}}.Encode())} {
			to := a.to()
			if a.status == http.StatusOK {
				to = a.value("next")
			}
			if u, err := url.Parse(to); err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(to, "/comunita/") || strings.ContainsAny(to, "\\\r\n\t") {
				t.Errorf("%s: %q leads to %q", a.asked, next, to)
			}
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
