// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// void are the elements that have no end tag.
var void = map[string]bool{"meta": true, "link": true, "input": true, "br": true, "hr": true, "img": true}

// phrasing are elements that may hold no block.
var phrasing = map[string]bool{"p": true, "h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true, "span": true, "a": true, "button": true, "label": true, "summary": true, "legend": true, "caption": true, "time": true, "option": true, "strong": true}

var blocks = map[string]bool{"p": true, "div": true, "ul": true, "ol": true, "form": true, "section": true, "article": true, "table": true, "h1": true, "h2": true, "h3": true, "h4": true, "blockquote": true, "pre": true, "nav": true, "fieldset": true, "details": true}

// messageKey is what a message that is missing leaves on a page, and a
// parameter that is.
var messageKey = regexp.MustCompile(`\[[a-z_]+\.[a-z0-9_.]+\]|<no value>|&lt;no value&gt;|%!`)

// checkPage checks what can be checked of an HTML page without a browser: tags
// in pairs, blocks where they may be, ids once, names for every field, one
// heading of the first level and none skipped, no script and no style.
func checkPage(t *testing.T, a *shown) {
	t.Helper()
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || a.status == http.StatusSeeOther {
		return
	}
	if k := messageKey.FindString(a.body); k != "" {
		t.Errorf("%s: %q", a.asked, k)
	}
	checkTags(t, a)
	var (
		ids      = map[string]bool{}
		refs     []string
		labelled = map[string]bool{}
		fields   []*html.Node
		level    int
		count    = map[string]int{}
	)
	for n := range a.tree().Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		count[n.Data]++
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("%s: id %q twice", a.asked, id)
			}
			ids[id] = true
		}
		for _, name := range []string{"aria-labelledby", "aria-describedby", "for"} {
			refs = append(refs, strings.Fields(attr(n, name))...)
		}
		if h := attr(n, "href"); n.Data == "a" && strings.HasPrefix(h, "#") {
			refs = append(refs, h[1:])
		}
		switch n.Data {
		case "h1", "h2", "h3", "h4", "h5", "h6":
			if now := int(n.Data[1] - '0'); now > level+1 {
				t.Errorf("%s: heading %s after level %d", a.asked, n.Data, level)
			} else {
				level = now
			}
		case "label":
			labelled[attr(n, "for")] = true
		case "input", "textarea", "select":
			if attr(n, "type") != "hidden" && attr(n, "aria-label") == "" {
				fields = append(fields, n)
			}
		case "script", "style", "iframe", "object", "embed":
			t.Errorf("%s: <%s>", a.asked, n.Data)
		case "a", "button":
			if strings.TrimSpace(words(n)) == "" {
				t.Errorf("%s: <%s> %v without words", a.asked, n.Data, n.Attr)
			}
		case "form":
			for p := n.Parent; p != nil; p = p.Parent {
				if p.Data == "form" {
					t.Errorf("%s: form within a form", a.asked)
				}
			}
		}
		for _, x := range n.Attr {
			if x.Key == "style" || strings.HasPrefix(x.Key, "on") {
				t.Errorf("%s: <%s %s>", a.asked, n.Data, x.Key)
			}
			if x.Key == "href" || x.Key == "src" || x.Key == "action" {
				if u, err := url.Parse(x.Val); err != nil || u.Scheme != "" && u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "mailto" {
					t.Errorf("%s: <%s %s=%q>", a.asked, n.Data, x.Key, x.Val)
				}
			}
		}
	}
	for _, id := range refs {
		if !ids[id] {
			t.Errorf("%s: nothing has the id %q", a.asked, id)
		}
	}
	for _, n := range fields {
		if !labelled[attr(n, "id")] {
			t.Errorf("%s: <%s name=%q> has no label", a.asked, n.Data, attr(n, "name"))
		}
	}
	for name, want := range map[string]int{"h1": 1, "main": 1, "title": 1, "footer": 1} {
		if count[name] != want {
			t.Errorf("%s: %d <%s>", a.asked, count[name], name)
		}
	}
}

// checkTags reads the tags as they are written, before a parser mends them.
func checkTags(t *testing.T, a *shown) {
	t.Helper()
	var open []string
	z := html.NewTokenizer(strings.NewReader(a.body))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		token := z.Token()
		switch kind {
		case html.StartTagToken:
			for _, p := range open {
				if phrasing[p] && blocks[token.Data] {
					t.Errorf("%s: <%s> within <%s>", a.asked, token.Data, p)
				}
			}
			if !void[token.Data] {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("%s: </%s> with %v open", a.asked, token.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%s: left open: %v", a.asked, open)
	}
}

func words(n *html.Node) string {
	var b strings.Builder
	for x := range n.Descendants() {
		if x.Type == html.TextNode {
			b.WriteString(x.Data)
		}
	}
	return b.String()
}
