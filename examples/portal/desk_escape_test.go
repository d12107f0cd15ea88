// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/internal/shared"
)

// Names, titles and reasons of members are text wherever they are shown.
func TestMembersTextIsText(t *testing.T) {
	t.Parallel()
	areas := sampleAreas()
	areas[0].Name, areas[1].Name = "Spazio "+evil, "Gruppo "+evil
	s := newStage(t, func(o *options) { o.Areas = areas })
	marta, bruna, gemma, dario := s.browser("marta.colonna"), s.browser("bruna.maltesi"), s.browser("gemma.torrisi"), s.browser("dario.pellegri")
	at := strings.SplitN(marta.post("/desk/organisations/new", "code", "cattivo", "name", "Ente "+evil, "kind", evil, "site", "https://example.org/"+`"'><script>`).is(http.StatusSeeOther).to(), "?", 2)[0]
	org := strings.TrimPrefix(at, "/desk/organisations/")
	gemma.post("/membership/withdraw").is(http.StatusSeeOther)
	gemma.post("/join", "category", "expert", "org", org, "title", "Titolo "+evil, "text", evil).is(http.StatusSeeOther)
	checkPage(t, gemma.get("/join?words="+"cattivo&title=%22%3E%3Cscript%3E&text=%3C/textarea%3E%3Cscript%3E"))
	marta.post("/desk/applications/"+s.waiting("gemma.torrisi"), "do", "decline", "why", "Perché "+evil).is(http.StatusSeeOther)
	dario.post("/membership/claim", "org", org, "title", "Incarico "+evil).is(http.StatusSeeOther)
	form := dario.get("/membership/profile")
	dario.post("/membership/profile", "version", form.value("version"), "name", "Dario "+evil, "name_audience", "3", "headline", evil, "headline_audience", "3",
		"contact", evil, "contact_audience", "3", "about", evil+" [x](javascript:alert(1))", "about_audience", "3", "expertise", "{{.}}<script>\n\"><img src=x>", "listed", "1").is(http.StatusSeeOther)
	desk := restrained(marta, "dario.pellegri", "1", areas[0].ID.String(), "Motivo "+evil, "")
	dario.post(linkTo(dario.get("/membership"), "/sanctions/"), "text", "Ricorso "+evil).is(http.StatusSeeOther)
	bruna.post(desk, "answer", "upheld", "why", "Risposta "+evil).is(http.StatusSeeOther)
	marta.post("/desk/phases/1", "seen", "2", "why", "Fase "+evil).is(http.StatusSeeOther)
	for _, a := range []*shown{
		marta.post("/desk/phases/2", "seen", "0", "why", evil), marta.post("/desk/roles", "user", evil, "area", "x", "role", "x"),
		marta.post("/desk/sanctions/new", "user", evil, "why", evil), marta.post("/desk/organisations/new", "code", evil, "name", evil, "site", evil),
		marta.post("/invitations/new", "address", evil, "most", evil, "ends", evil, "words", evil), marta.post("/invitations/many", "rows", evil+";expert\n"+evil),
		marta.get("/members?expertise=%22%3E%3Cscript%3E&words=%22%3E%3Cscript%3E"),
	} {
		checkPage(t, a.hasNot("<script", "<img src=x"))
	}
	for _, login := range []string{"gemma.torrisi", "dario.pellegri", "marta.colonna"} {
		for _, a := range s.browser(login).walk("/") {
			a.hasNot("<script", "<img", "{{.}}</textarea>\n<", `href="javascript:`)
			checkPage(t, a)
		}
	}
	marta.get("/desk/phases").has("Fase &#34;&#39;&gt;&lt;script&gt;")
	dario.get("/membership").has("Motivo &#34;&#39;&gt;&lt;script&gt;", "Incarico &#34;")
}

// Pages made of the corpora of attacks hold no script, no handler and no
// address of another scheme, in names, reasons and titles.
func TestMembersPayloads(t *testing.T) {
	t.Parallel()
	var payloads []string
	for _, x := range shared.Lines[struct{ Payload string }](t, "corpora/xss/html_payloads.jsonl") {
		payloads = append(payloads, x.Payload)
	}
	for _, x := range shared.Lines[struct{ Markdown string }](t, "corpora/xss/markdown_payloads.jsonl") {
		payloads = append(payloads, x.Markdown)
	}
	s := newStage(t)
	marta, dario := s.actor("marta.colonna"), s.actor("dario.pellegri")
	line := func(x string, most int) string {
		runes := []rune(strings.Join(strings.Fields(strings.ToValidUTF8(x, "")), " "))
		return string(runes[:min(most, len(runes))])
	}
	code := func(i int) string {
		return "prova_" + strings.Repeat("x", i%30) + string(rune('a'+i/30%26)) + string(rune('a'+i/780))
	}
	kept := 0
	for i, x := range payloads {
		if i%12 == 0 { // each is a note on every page of his
			if _, err := s.p.c.Membership.Restrain(t.Context(), marta, membership.NewSanction{User: dario.User, Kind: membership.Warning, Why: x}); err != nil && !strings.Contains(err.Error(), "why") {
				t.Fatal(err)
			}
		}
		if i%5 == 0 {
			if _, err := s.p.c.Membership.AddOrg(t.Context(), marta, membership.NewOrg{Code: code(i), Name: line(x, membership.MaxOrgName), Kind: line(x, membership.MaxOrgName)}); err == nil {
				kept++
			} else if !strings.Contains(err.Error(), "name") {
				t.Fatal(err)
			}
		}
	}
	if kept < 200 {
		t.Errorf("only %d organisations", kept)
	}
	b := s.browser("dario.pellegri")
	checkPage(t, b.get("/membership").is(http.StatusOK))
	m := s.browser("marta.colonna")
	for _, list := range []string{"/desk/organisations", "/desk/sanctions"} {
		for address := list; address != ""; {
			a := m.get(address).is(http.StatusOK)
			checkPage(t, a)
			address = nextPage(t, a)
		}
	}
	// A profile, page after page of payloads.
	is, err := s.p.c.Membership.Me(t.Context(), dario)
	if err != nil {
		t.Fatal(err)
	}
	at := "/members/" + dario.User.String()
	for i := 0; i < len(payloads); i += 40 {
		told := func(x string) *membership.Field { return &membership.Field{Text: x, Audience: auth.Public} }
		about := strings.ToValidUTF8(strings.Join(payloads[i:min(i+12, len(payloads))], "\n\n"), "")
		if n := utf8.RuneCountInString(about); n > membership.MaxAbout {
			about = string([]rune(about)[:membership.MaxAbout])
		}
		changed, err := s.p.c.Membership.EditProfile(t.Context(), dario, membership.ProfileEdit{
			Version: is.Version, Name: told(line(payloads[i], membership.MaxField)), Headline: told(line(payloads[i], membership.MaxField)), About: told(about),
		})
		if err != nil {
			continue // not what a profile may hold
		}
		is = changed
		checkPage(t, m.get(at).is(http.StatusOK))
		checkPage(t, m.get("/members").is(http.StatusOK))
	}
}
