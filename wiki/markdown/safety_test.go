// SPDX-License-Identifier: BSD-3-Clause

package markdown_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki/markdown"
)

// allowed is what may be in the HTML: elements, and of each its attributes with
// what they may hold. It is written here again, so that a change of the policy
// is a change of two files.
var allowed = map[string]map[string]*regexp.Regexp{
	"p": {}, "br": {}, "hr": {}, "em": {}, "strong": {}, "del": {}, "pre": {}, "blockquote": {}, "ul": {}, "sup": {},
	"table": {}, "thead": {}, "tbody": {}, "tr": {},
	"h1": headingAttrs, "h2": headingAttrs, "h3": headingAttrs, "h4": headingAttrs, "h5": headingAttrs, "h6": headingAttrs,
	"th": cellAttrs, "td": cellAttrs,
	"code": {"class": regexp.MustCompile(`^language-[\w+#.-]{1,32}$`)},
	"ol":   {"start": regexp.MustCompile(`^\d{1,9}$`), "class": regexp.MustCompile(`^notes$`)},
	"li":   {"id": regexp.MustCompile(`^s-note--\d+$`)},
	"span": {"class": regexp.MustCompile(`^(mention|wiki|wiki wanted)$`)},
	"a": {"href": anyText, "title": anyText, "rel": regexp.MustCompile(`^nofollow ugc noopener$`),
		"class": regexp.MustCompile(`^(mention|wiki|wiki wanted|back)$`), "id": regexp.MustCompile(`^s-mark--\d+$`)},
	"img": {"src": regexp.MustCompile(`^https://img\.example\.org/`), "alt": anyText, "title": anyText,
		"loading": regexp.MustCompile(`^lazy$`), "referrerpolicy": regexp.MustCompile(`^no-referrer$`)},
}

var (
	anyText      = regexp.MustCompile(``)
	headingAttrs = map[string]*regexp.Regexp{"id": regexp.MustCompile(`^s-[\p{L}\p{Nd}_-]+$`)}
	cellAttrs    = map[string]*regexp.Regexp{"class": regexp.MustCompile(`^align-(left|center|right)$`)}
	anyScheme    = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*):`)
)

// checked is the renderer that the hostile corpora meet: everything that a host
// can turn on is on.
func checked(c *markdown.Cache) *markdown.Renderer {
	return markdown.New(markdown.Config{Top: 2, IDs: "s-", Images: []string{"https://img.example.org/"}, Wikilinks: true, Cache: c,
		Person: func(id auth.UserID) string { return "/persone/" + id.String() }})
}

// unsafe returns what is wrong with a page, or "".
func unsafe(page string) string {
	nodes, err := parse(page)
	if err != nil {
		return err.Error()
	}
	for _, n := range nodes {
		if wrong := unsafeNode(n); wrong != "" {
			return wrong
		}
	}
	if again := serialise(nodes); again != page {
		return "changes when parsed and serialised:\n" + again
	}
	return ""
}

func unsafeNode(n *html.Node) string {
	switch n.Type {
	case html.TextNode:
		return ""
	case html.ElementNode:
	default:
		return fmt.Sprintf("a node of type %d: %q", n.Type, n.Data)
	}
	attrs, ok := allowed[n.Data]
	if !ok || n.Namespace != "" {
		return fmt.Sprintf("element <%s %s>", n.Namespace, n.Data)
	}
	seen := map[string]bool{}
	for _, a := range n.Attr {
		if may, ok := attrs[a.Key]; !ok || a.Namespace != "" || !may.MatchString(a.Val) || seen[a.Key] {
			return fmt.Sprintf("attribute %s=%q of <%s>", a.Key, a.Val, n.Data)
		}
		seen[a.Key] = true
		if a.Key == "href" || a.Key == "src" {
			if s := scheme(a.Val); !slices.Contains([]string{"", "http", "https", "mailto"}, s) {
				return fmt.Sprintf("scheme %q in %s=%q", s, a.Key, a.Val)
			}
			outside := browserHost(a.Val)
			if rel := slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "rel" }); n.Data == "a" && outside != rel {
				return fmt.Sprintf("rel is %v and outside is %v for %q", rel, outside, a.Val)
			}
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if wrong := unsafeNode(c); wrong != "" {
			return wrong
		}
	}
	return ""
}

// browserURL does to an attribute's value what the URL standard does before it
// looks for a scheme.
func browserURL(s string) string {
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
	return lineEnds.Replace(s)
}

var (
	lineEnds    = strings.NewReplacer("\t", "", "\n", "", "\r", "")
	backslashes = strings.NewReplacer(`\`, "/")
)

func scheme(s string) string {
	if m := anyScheme.FindStringSubmatch(browserURL(s)); m != nil {
		return strings.ToLower(m[1])
	}
	return ""
}

// browserHost reports whether a browser on an https page leaves the page's host.
func browserHost(s string) bool {
	switch scheme(s) {
	case "http", "https":
		return true
	case "":
		s = backslashes.Replace(browserURL(s))
		return strings.HasPrefix(s, "//")
	}
	return false
}

func parse(page string) ([]*html.Node, error) {
	return html.ParseFragment(strings.NewReader(page), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
}

func serialise(nodes []*html.Node) string {
	var b strings.Builder
	for _, n := range nodes {
		if err := html.Render(&b, n); err != nil {
			return err.Error()
		}
	}
	return b.String()
}

// contexts are the places of a text where a payload is put, at %s.
var contexts = map[string]string{
	"alone":         "%s",
	"paragraph":     "prima\n\n%s\n\ndopo",
	"words":         "prima %s dopo",
	"emphasis":      "**%s** *%s* ~~%s~~",
	"link text":     "[%s](https://example.org/)",
	"link target":   "[a](%s)",
	"angle target":  "[a](<%s>)",
	"link title":    "[a](/x \"%s\")",
	"reference":     "[a]: %s '%s'\n\n[a] [%s]",
	"angle link":    "<%s>",
	"bare link":     "https://example.org/%s",
	"image text":    "![%s](https://img.example.org/a.png)",
	"image target":  "![a](%s)",
	"image path":    "![a](https://img.example.org/%s '%s')",
	"image in link": "[![%s](x.png)](%s)",
	"table":         "| a | %s |\n|:--|--:|\n| %s | x |\n| `%s` | [a](%s) |",
	"code":          "`%s` ``%s``",
	"fence":         "```%s\n%s\n```",
	"indented":      "    %s",
	"heading":       "# %s",
	"underlined":    "%s\n===",
	"list":          "- %s\n- [x] %s\n\n1. %s",
	"quote":         "> %s",
	"wikilink":      "[[%s]] [[a|%s]] [[a#%s|b]] [[#%s]] ![[%s]]",
	"note":          "a[^1] b[^%s] ![^1]\n\n[^1]: %s\n[^%s]: # %s",
	"entities":      "&lt;%s&gt; &#60;%s&#62;",
}

func testPayloads(t *testing.T, payloads []string) {
	r := checked(nil)
	for name, context := range contexts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, p := range payloads {
				text := strings.ReplaceAll(context, "%s", p)
				d, err := r.Render(text)
				if err != nil {
					t.Errorf("%q: %v", text, err)
					continue
				}
				for _, v := range []markdown.View{{}, hostile(d, p)} {
					if wrong := unsafe(string(d.HTML(v))); wrong != "" {
						t.Errorf("%q\ngives\n%s\n%s", text, d.HTML(v), wrong)
					}
					if wrong := unsafe(string(d.Contents(v).HTML())); wrong != "" {
						t.Errorf("%q\nhas the contents\n%s\n%s", text, d.Contents(v).HTML(), wrong)
					}
				}
			}
		})
	}
}

// hostile is a view in which every name, title and address is s.
func hostile(d markdown.Document, s string) markdown.View {
	v := markdown.View{Names: map[auth.UserID]string{}, Pages: map[string]markdown.Page{}, Wanted: func(string) string { return s }}
	for _, id := range d.Mentions() {
		v.Names[id] = s
	}
	for i, title := range d.Titles() {
		if i%2 == 0 {
			v.Pages[title] = markdown.Page{Href: s, Title: s}
		}
	}
	return v
}

func htmlPayloads(t testing.TB) []string {
	var out []string
	for _, p := range shared.Lines[struct{ Payload string }](t, "corpora/xss/html_payloads.jsonl") {
		out = append(out, p.Payload)
	}
	return out
}

func markdownPayloads(t testing.TB) []string {
	var out []string
	for _, p := range shared.Lines[struct{ Markdown string }](t, "corpora/xss/markdown_payloads.jsonl") {
		out = append(out, p.Markdown)
	}
	return out
}

func TestS55HTMLInATextIsText(t *testing.T) {
	t.Parallel()
	testPayloads(t, htmlPayloads(t))
}

func TestS53HostileMarkdownIsSafe(t *testing.T) {
	t.Parallel()
	testPayloads(t, markdownPayloads(t))
}

func TestS53OnlySchemesOfTheListAreLinks(t *testing.T) {
	t.Parallel()
	r := markdown.New(markdown.Config{})
	for in, want := range map[string]string{
		"[a](https://example.org/è)":                     `<p><a href="https://example.org/%C3%A8" rel="nofollow ugc noopener">a</a></p>`,
		"[a](HTTP://example.org)":                        `<p><a href="http://example.org" rel="nofollow ugc noopener">a</a></p>`,
		"[a](//example.org)":                             `<p><a href="//example.org" rel="nofollow ugc noopener">a</a></p>`,
		`[a](/\example.org)`:                             `<p><a href="/%5Cexample.org">a</a></p>`,
		"[a](mailto:a@example.org)":                      `<p><a href="mailto:a@example.org">a</a></p>`,
		"[a](/temi/1?x=1&y=2#z)":                         `<p><a href="/temi/1?x=1&amp;y=2#z">a</a></p>`,
		"[a](#z)":                                        `<p><a href="#z">a</a></p>`,
		"[a](javascript:alert(1))":                       "<p>a</p>",
		"[a](javascript://example.org/%0Aalert(1))":      "<p>a</p>",
		"[a](ftp://example.org/)":                        "<p>a</p>",
		"[a](JaVaScRiPt:alert(1))":                       "<p>a</p>",
		"[a](java&#10;script:alert(1))":                  "<p>a</p>",
		"[a](javascript&colon;alert(1))":                 "<p>a</p>",
		`[a](javascript\:alert(1))`:                      "<p>a</p>",
		"[a](&#1;javascript:alert(1))":                   `<p>a</p>`,
		"[a](data:text/html,x)":                          "<p>a</p>",
		"[a](vbscript:x)":                                "<p>a</p>",
		"[a](file:///etc/passwd)":                        "<p>a</p>",
		"[a](tel:123)":                                   "<p>a</p>",
		"[a](http:example.org)":                          "<p>a</p>",
		"[a](https:///example.org)":                      "<p>a</p>",
		"<javascript:alert(1)>":                          "<p>javascript:alert(1)</p>",
		"[a]: javascript:x\n\n[a]":                       "<p>a</p>",
		"![a](javascript:x)":                             "<p>a</p>",
		"www.example.org":                                `<p><a href="http://www.example.org" rel="nofollow ugc noopener">www.example.org</a></p>`,
		"(https://example.org/a_(b)), poi":               `<p>(<a href="https://example.org/a_(b)" rel="nofollow ugc noopener">https://example.org/a_(b)</a>), poi</p>`,
		"anna@example.org.":                              `<p><a href="mailto:anna@example.org">anna@example.org</a>.</p>`,
		"[https://a.example.org](https://b.exa.it)":      `<p><a href="https://b.exa.it" rel="nofollow ugc noopener">https://a.example.org</a></p>`,
		"[a](/l'aquila)":                                 `<p><a href="/l&#39;aquila">a</a></p>`,
		"[vedi https://a.example.org](https://b.exa.it)": `<p><a href="https://b.exa.it" rel="nofollow ugc noopener">vedi https://a.example.org</a></p>`,
		"[<https://a.example.org>](/b)":                  `<p><a href="/b">https://a.example.org</a></p>`,
	} {
		if got := show(t, r, in); got != want {
			t.Errorf("%s\ngives %s\nnot   %s", in, got, want)
		}
	}
}

func TestS16ImagesElsewhereAreLinks(t *testing.T) {
	t.Parallel()
	const link = `<p><a href="https://spy.example.com/p.gif" rel="nofollow ugc noopener">foto</a></p>`
	for _, c := range []struct {
		name   string
		images []string
		in     string
		want   string
	}{
		{"by default", nil, "![foto](https://spy.example.com/p.gif)", link},
		{"of another host than the one allowed", []string{"https://img.example.org/"}, "![foto](https://spy.example.com/p.gif)", link},
		{"without words", nil, "![](https://spy.example.com/p.gif)", strings.Replace(link, "foto", "https://spy.example.com/p.gif", 1)},
		{"of the host's own site", nil, "![foto](/esci)", `<p><a href="/esci">foto</a></p>`},
		{"by a path that climbs", []string{"/allegati/"}, "![foto](/allegati/../esci)", `<p><a href="/allegati/../esci">foto</a></p>`},
		{"by a path that climbs in disguise", []string{"/allegati/"}, "![foto](/allegati/%2e%2e/esci)", `<p><a href="/allegati/%2e%2e/esci">foto</a></p>`},
		{"in a link", nil, "[![foto](https://spy.example.com/p.gif)](/qui)", `<p><a href="/qui">foto</a></p>`},
		{"are shown where one of several places is allowed", []string{"/foto/", "/allegati/"}, `![a](/allegati/a.png)`,
			`<p><img alt="a" loading="lazy" referrerpolicy="no-referrer" src="/allegati/a.png"/></p>`},
		{"are shown where allowed", []string{"/allegati/"}, `![una *foto*](/allegati/a.png "Titolo")`,
			`<p><img alt="una foto" loading="lazy" referrerpolicy="no-referrer" src="/allegati/a.png" title="Titolo"/></p>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := show(t, markdown.New(markdown.Config{Images: c.images}), c.in); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestS57NamesAndAddressesOfPeopleAreEscaped(t *testing.T) {
	t.Parallel()
	id := storage.NewID[auth.User]()
	text := fmt.Sprintf("%[1]s `%[1]s` [a %[1]s](/b \"%[1]s\") **%[1]s** ![%[1]s](https://img.example.org/a)\n\n# %[1]s\n\n    %[1]s", auth.Mention(id))
	address := ""
	d, err := markdown.New(markdown.Config{IDs: "s-", Images: []string{"https://img.example.org/"},
		Person: func(auth.UserID) string { return address }}).Render(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(htmlPayloads(t), markdownPayloads(t)...) {
		address = p
		page := string(d.HTML(markdown.View{Names: map[auth.UserID]string{id: p}}))
		nodes, err := parse(page)
		if err != nil {
			t.Fatal(err)
		}
		if again := serialise(nodes); again != page {
			t.Errorf("name %q: %s\nchanges to %s", p, page, again)
		}
		for n := range each(nodes) {
			if n.Type == html.ElementNode && allowed[n.Data] == nil {
				t.Errorf("name %q: element <%s>", p, n.Data)
			}
			for _, a := range n.Attr {
				if s := scheme(a.Val); a.Key == "href" && s != "" && s != "http" && s != "https" && s != "mailto" {
					t.Errorf("address %q: scheme %s", p, s)
				}
			}
		}
	}
}

// each returns all nodes.
func each(nodes []*html.Node) func(func(*html.Node) bool) {
	return func(yield func(*html.Node) bool) {
		for _, top := range nodes {
			if !yield(top) {
				return
			}
			for n := range top.Descendants() {
				if !yield(n) {
					return
				}
			}
		}
	}
}

// FuzzRender holds every promise against every text, with everything on that a
// host can turn on and a view that is the text itself: names, titles and
// addresses are as hostile as words.
func FuzzRender(f *testing.F) {
	for _, p := range []string{"# a\n\n*b* [c](d \"e\") ![f](g)", "| a |\n|---|\n| `b\\|c` |", "> - 1. a\n\n```x\ny\n```", "www.a.it a@b.it <https://c.it>",
		"@[018f4a5e-7b6a-7c3d-8e9f-0123456789ab] `@[018f4a5e-7b6a-7c3d-8e9f-0123456789ab]`", "[a]: b 'c'\n\n[a][] ![a]", "&#0;&lt;\r\n\\@\x00\xff", "a\n===\n~~b~~ **c*d***",
		"[[a]] [[b|c]] [[d#e|f]] [[#g]] ![[h]] [x [[i]]](j)", "|[[a\\|b]]|\n|-|\n|[[c]]|", "# [[a]]\n## b[^1]\n\n[^1]: c[^2]\n\n    d\n[^2]: [[e|@[018f4a5e-7b6a-7c3d-8e9f-0123456789ab]]]", "\r\n\xff[[a]] \\[[b]]"} {
		f.Add(p)
	}
	for _, p := range append(markdownPayloads(f), htmlPayloads(f)...) {
		f.Add(p)
		f.Add("[[" + p + "|" + p + "]] [[a]][^1]\n\n[^1]: " + p)
	}
	r := checked(markdown.NewCache(1 << 20)) // so that Links reads no text twice
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<10 {
			return // what grows with the size is tested by bombs
		}
		d, err := r.Render(text)
		if err != nil {
			if code(err) == markdown.CodeUnreadable {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		page := string(d.HTML(markdown.View{}))
		if len(page) > markdown.MaxGrowth*len(text)+1<<10 && len(d.Mentions()) == 0 {
			t.Fatalf("%d bytes give %d", len(text), len(page))
		}
		if wrong := unsafe(page); wrong != "" {
			t.Fatalf("%q\ngives\n%s\n%s", text, page, wrong)
		}
		for _, l := range r.Links(text) {
			if typed := text[l.Start:l.End]; l.Title == "" || !strings.HasPrefix(typed, "[[") || !strings.HasSuffix(typed, "]]") {
				t.Fatalf("%q: %+v is %q", text, l, typed)
			}
		}
		v := markdown.View{}
		if titles := d.Titles(); len(titles) > 0 || len(d.Mentions()) > 0 {
			v = hostile(d, text)
			if len(titles) > 1 {
				v.Pages[titles[1]] = markdown.Page{Href: titles[0], Title: titles[1]}
			}
			page := string(d.HTML(v))
			if len(page) > markdown.MaxGrowth*len(text)+1<<10 && len(d.Mentions()) == 0 {
				t.Fatalf("%d bytes give %d", len(text), len(page))
			}
			if wrong := unsafe(page); wrong != "" {
				t.Fatalf("%q\ngives\n%s\n%s", text, page, wrong)
			}
		}
		if contents := string(d.Contents(v).HTML()); contents != "" {
			if wrong := unsafe(contents); wrong != "" {
				t.Fatalf("%q\nhas the contents\n%s\n%s", text, contents, wrong)
			}
		}
		d.Text(100, v)
	})
}
