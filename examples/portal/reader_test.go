// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// all returns the elements of a page that a test holds for.
func (a *shown) all(is func(*html.Node) bool) []*html.Node {
	a.t.Helper()
	var out []*html.Node
	for n := range a.tree().Descendants() {
		if n.Type == html.ElementNode && is(n) {
			out = append(out, n)
		}
	}
	return out
}

// A form that is refused says so first in its title and where the reader is
// put, with a way from there to what is wrong, which says so itself.
func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	marta, tecla := s.browser("marta.colonna"), s.browser("tecla.bassani")
	topic, board := "/topics/"+s.topic("Innovazione sociale").ID.String(), "/boards/"+s.board("Programmazione 2021-2027").ID.String()
	for _, c := range []struct {
		b       *browser
		address string
		form    []string
		at      string // the field
	}{
		{tecla, board + "/new", []string{"do", "post", "title", "", "body", "x"}, "title"}, {tecla, board + "/new", []string{"do", "post", "title", "x", "body", ""}, "body"},
		{tecla, topic + "/reply", []string{"do", "post", "body", ""}, "body"},
		{marta, topic + "/hide", []string{"why", ""}, "why"}, {marta, topic + "/purge", []string{"why", ""}, "why"}, {marta, topic + "/merge", []string{"into", "x"}, "into"},
		{s.browser(""), "/sign-up", []string{"name", ""}, "name"}, {tecla, "/account/name", []string{"name", ""}, "name"}, {tecla, "/account/tokens", []string{"name", "", "days", "30", "scopes", "forum.read"}, "name"},
		{marta, "/invitations/new", []string{"category", "expert", "role", "2", "most", "x"}, "most"}, {marta, "/invitations/many", []string{"rows", ""}, "rows"},
		{marta, "/desk/organisations/new", []string{"code", "", "name", "x"}, "code"},
	} {
		a := c.b.post(c.address, c.form...).is(http.StatusUnprocessableEntity)
		checkPage(t, a)
		if title := words(a.all(func(n *html.Node) bool { return n.Data == "title" })[0]); !strings.HasPrefix(title, "Errore: ") {
			t.Errorf("%s: title %q", a.asked, title)
		}
		focus := a.all(func(n *html.Node) bool { return has(n, "autofocus") })
		if len(focus) != 1 || attr(focus[0], "role") != "alert" || attr(focus[0], "tabindex") != "-1" {
			t.Errorf("%s: %d take the focus", a.asked, len(focus))
			continue
		}
		leads := false
		for n := range focus[0].Descendants() {
			leads = leads || n.Data == "a" && attr(n, "href") == "#"+c.at && strings.TrimSpace(words(n)) != ""
		}
		if !leads {
			t.Errorf("%s: nothing leads to %s", a.asked, c.at)
		}
		field := a.all(func(n *html.Node) bool { return attr(n, "id") == c.at })
		if len(field) != 1 || attr(field[0], "aria-invalid") != "true" || !slices.Contains(strings.Fields(attr(field[0], "aria-describedby")), c.at+"-error") {
			t.Errorf("%s: the field %s does not say so: %v", a.asked, c.at, field)
		}
	}
	if a := tecla.get(topic + "/reply"); len(a.all(func(n *html.Node) bool { return has(n, "autofocus") })) > 0 || strings.Contains(a.body, "<title>Errore") {
		t.Error("a page without a fault says there is one")
	}
}

// Who reads by landmarks and lists of links finds their way on every page: what
// is there is named, and names are told apart.
func TestLandmarks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, login string) {
		s := newStage(t)
		for _, a := range s.browser(login).walk("/") {
			if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || a.status == http.StatusSeeOther {
				continue
			}
			first := a.all(func(n *html.Node) bool { return n.Data == "a" })[0]
			main := a.all(func(n *html.Node) bool { return n.Data == "main" })[0]
			if attr(first, "href") != "#"+attr(main, "id") || attr(main, "tabindex") != "-1" {
				t.Errorf("%s: the first link does not lead to the content", a.asked)
			}
			names := map[string]bool{}
			for _, n := range a.all(func(n *html.Node) bool { return n.Data == "nav" }) {
				if name := attr(n, "aria-label"); name == "" || names[name] {
					t.Errorf("%s: navigation %q", a.asked, name)
				} else {
					names[name] = true
				}
			}
			for _, n := range a.all(func(n *html.Node) bool { return n.Data == "section" || n.Data == "article" }) {
				if attr(n, "aria-labelledby") == "" && attr(n, "aria-label") == "" {
					t.Errorf("%s: <%s> without a name", a.asked, n.Data)
				}
			}
			for _, n := range a.all(func(n *html.Node) bool { return n.Data == "table" && !written(n) }) {
				if len(slices.Collect(n.ChildNodes())) == 0 || !strings.Contains(render(t, n), "<caption>") || !strings.Contains(render(t, n), `scope="col"`) {
					t.Errorf("%s: a table without a caption or heads", a.asked)
				}
			}
			for _, n := range a.all(func(n *html.Node) bool { return n.Data == "fieldset" }) {
				if !strings.Contains(render(t, n), "<legend>") {
					t.Errorf("%s: a group of fields without a name", a.asked)
				}
			}
			if now := a.all(func(n *html.Node) bool { return attr(n, "aria-current") == "page" && n.Data == "a" }); len(now) > 1 {
				t.Errorf("%s: %d links to the page itself", a.asked, len(now))
			}
			if title := words(a.all(func(n *html.Node) bool { return n.Data == "title" })[0]); a.asked != "GET /" && a.status == http.StatusOK && !strings.Contains(title, " – ") {
				t.Errorf("%s: title %q", a.asked, title)
			}
		}
	})
}

// written reports whether an element is part of what a member wrote.
func written(n *html.Node) bool {
	for p := range n.Ancestors() {
		if attr(p, "class") == "text" {
			return true
		}
	}
	return false
}

func render(t *testing.T, n *html.Node) string {
	t.Helper()
	var b strings.Builder
	if err := html.Render(&b, n); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
