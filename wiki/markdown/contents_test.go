// SPDX-License-Identifier: BSD-3-Clause

package markdown_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/wiki/markdown"
)

func TestContentsAreTheHeadings(t *testing.T) {
	t.Parallel()
	text := "# Perché\n\n***\n\n## Un *testo* con `codice` & <b>[^1]\n\n#\n\n- # Perché\n\nDi " + auth.Mention(someone()) + "\n===\n\n# [[Vecchio]]\n\n[^1]: nota"
	v := markdown.View{IDs: "7-", Names: map[auth.UserID]string{someone(): "Anna"}, Pages: map[string]markdown.Page{"Vecchio": {Href: "/n", Title: "Nuovo"}}}
	cfg := wiki
	cfg.Top = 2
	d := render(t, cfg, text)
	want := markdown.Contents{
		{2, "s-7-perche", "Perché"},
		{3, "s-7-un-testo-con-codice-b", "Un testo con codice & <b>"},
		{2, "s-7-perche-2", "Perché"},
		{2, "s-7-di", "Di @Anna"},
		{2, "s-7-vecchio", "Nuovo"},
	}
	if got := d.Contents(v); !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, h := range want {
		if page := string(d.HTML(v)); strings.Count(page, fmt.Sprintf(`<h%d id="%s">`, h.Level, h.ID)) != 1 {
			t.Errorf("%q is not in %s", h.ID, page)
		}
	}
	without := render(t, markdown.Config{}, "# A\n\n## B").Contents(markdown.View{})
	if !slices.Equal(without, markdown.Contents{{1, "", "A"}, {2, "", "B"}}) || without.HTML() != "<ul>\n<li>A\n<ul>\n<li>B</li>\n</ul>\n</li>\n</ul>" {
		t.Errorf("without ids: %+v, %s", without, without.HTML())
	}
	if c := (markdown.Document{}).Contents(v); c != nil || c.HTML() != "" {
		t.Errorf("of an empty text: %v, %q", c, c.HTML())
	}
}

func TestContentsAreAList(t *testing.T) {
	t.Parallel()
	for levels, want := range map[string]string{
		"1":         "(1)",
		"1 1":       "(1 2)",
		"1 2 1":     "(1(2) 3)",
		"1 3 2 3":   "(1(2 3(4)))",
		"3 2 1":     "(1 2 3)",
		"1 2 3 1":   "(1(2(3)) 4)",
		"1 6 2 6":   "(1(2 3(4)))",
		"2 4 3 1":   "(1(2 3) 4)",
		"1 2 3 2":   "(1(2(3) 4))",
		"6 5 6 1 2": "(1 2(3) 4(5))",
	} {
		var c markdown.Contents
		for i, l := range strings.Fields(levels) {
			c = append(c, markdown.Heading{Level: int(l[0] - '0'), Text: fmt.Sprint(i + 1)})
		}
		page := string(c.HTML())
		if wrong := unsafe(page); wrong != "" {
			t.Errorf("%s: %s", levels, wrong)
		}
		got := strings.NewReplacer("</li>\n<li>", " ", "\n", "", "<ul>", "(", "</ul>", ")", "<li>", "", "</li>", "").Replace(page)
		if got != want {
			t.Errorf("%s: %s, not %s", levels, got, want)
		}
	}
}

// Several texts on one page, and the headings and notes within each, share no id.
func TestIDsAreUnique(t *testing.T) {
	t.Parallel()
	const text = "# note--1\n# mark--1\n# A\n# A\n# a-2\n# a-2\n# !\n# section\n# note 1\n\na[^1] b[^1] c[^2][^x]\n\n[^1]: # A\n[^2]: d[^3]\n[^3]: e"
	all := regexp.MustCompile(` id="([^"]*)"`)
	to := regexp.MustCompile(` href="#([^"]*)"`)
	seen := map[string]bool{}
	d := render(t, wiki, text)
	page := ""
	for _, prefix := range []string{"1-", "11-", "2-"} {
		page += string(d.HTML(markdown.View{IDs: prefix}))
	}
	for _, m := range all.FindAllStringSubmatch(page, -1) {
		if seen[m[1]] {
			t.Errorf("the id %q twice", m[1])
		}
		seen[m[1]] = true
	}
	for _, m := range to.FindAllStringSubmatch(page, -1) {
		if !seen[m[1]] {
			t.Errorf("a link to %q leads nowhere", m[1])
		}
	}
	if len(seen) != 3*(10+3+3) {
		t.Errorf("%d ids: %v", len(seen), seen)
	}
	if got := string(render(t, wiki, "# A\n\n[a](#a) [b](/b#s-a)").HTML(markdown.View{IDs: "\"<à1 -_"})); got != "<h1 id=\"s-1-_a\">A</h1>\n<p><a href=\"#s-1-_a\">a</a> <a href=\"/b#s-a\">b</a></p>" {
		t.Errorf("%s", got)
	}
	if strings.ContainsAny(string(d.HTML(markdown.View{IDs: "\"<à1 -_"})), "à") {
		t.Error("what is in View.IDs gets into the page")
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	mark := func(n int, first bool) string {
		id := ""
		if first {
			id = fmt.Sprintf(` id="s-mark--%d"`, n)
		}
		return fmt.Sprintf(`<sup><a href="#s-note--%d"%s>[%d]</a></sup>`, n, id, n)
	}
	note := func(n int, body string) string {
		return fmt.Sprintf("<li id=\"s-note--%d\">\n%s <a class=\"back\" href=\"#s-mark--%d\">↩</a></p>\n</li>\n", n, body, n)
	}
	list := func(notes ...string) string { return "\n<ol class=\"notes\">\n" + strings.Join(notes, "") + "</ol>" }
	for in, want := range map[string]string{
		"a[^1]\n\n[^1]: b":                               "<p>a" + mark(1, true) + "</p>" + list(note(1, "<p>b")),
		"[^1]: b\n\na[^1]":                               "<p>a" + mark(1, true) + "</p>" + list(note(1, "<p>b")),
		"a[^x] b[^Y] c[^X]\n\n[^y]: Y\n[^x]: X":          "<p>a" + mark(1, true) + " b" + mark(2, true) + " c" + mark(1, false) + "</p>" + list(note(1, "<p>X"), note(2, "<p>Y")),
		"a[^1]\n\n[^1]: b[^2]\n[^2]: c[^1]":              "<p>a" + mark(1, true) + "</p>" + list(note(1, "<p>b"+mark(2, true)), note(2, "<p>c"+mark(1, false))),
		"a[^1]\n\n[^1]: b\n[^1]: c":                      "<p>a" + mark(1, true) + "</p>" + list(note(1, "<p>b")),
		"a[^1]\n\n[^1]: b\nc\n\n    d\n\ne":              "<p>a" + mark(1, true) + "</p>\n<p>e</p>" + list(note(1, "<p>b\nc</p>\n<p>d")),
		"a[^1]\n[^1]:":                                   "<p>a" + mark(1, true) + "</p>" + list(note(1, "<p>")),
		"a[^1]\n[^1]: - b":                               "<p>a" + mark(1, true) + "</p>" + list(note(1, "<ul>\n<li>b</li>\n</ul>\n<p>")),
		"a![^1]\n[^1]: b":                                "<p>a!" + mark(1, true) + "</p>" + list(note(1, "<p>b")),
		"[a[^1]](/x)\n\n[^1]: b":                         `<p><a href="/x">a[^1]</a></p>`,
		"![a[^1]](/allegati/x)\n\n[^1]: b":               `<p><img alt="a" loading="lazy" referrerpolicy="no-referrer" src="/allegati/x"/></p>`,
		"a\n\n[^1]: b":                                   "<p>a</p>",
		"a[^1] [^] [^ ] [^a b] \\[^2] `[^2]`\n\n[^2]: b": "<p>a[^1] [^] [^ ] [^a b] [^2] <code>[^2]</code></p>",
		"a[^1]\n\n> [^1]: b":                             "<p>a<a href=\"b\">^1</a></p>\n<blockquote>\n</blockquote>",
		"[^" + strings.Repeat("a", 101) + "]\n\n# b":     "<p>[^" + strings.Repeat("a", 101) + "]</p>\n<h1 id=\"s-b\">b</h1>",
	} {
		if got := string(render(t, wiki, in).HTML(markdown.View{})); got != want {
			t.Errorf("%q\ngives %s\nnot   %s", in, got, want)
		}
	}
	longest := strings.Repeat("a", 100)
	if got := string(render(t, wiki, "[^"+longest+"]\n\n[^"+longest+"]: b").HTML(markdown.View{})); !strings.Contains(got, "note--1") {
		t.Errorf("the longest label: %s", got)
	}
	cfg := wiki
	cfg.Back = "<torna>"
	if got := string(render(t, cfg, "a[^1]\n\n[^1]: b").HTML(markdown.View{})); !strings.Contains(got, `href="#s-mark--1">&lt;torna&gt;</a></p>`) {
		t.Errorf("Back: %s", got)
	}
	if got := render(t, wiki, "a[^1] c\n\n[^1]: b").Text(100, markdown.View{}); got != "a c\nb" {
		t.Errorf("Text: %q", got)
	}
	if got := string(render(t, markdown.Config{}, "a[^1]\n\n[^1]: b").HTML(markdown.View{})); got != `<p>a<a href="b">^1</a></p>` {
		t.Errorf("without ids: %s", got)
	}
}
