// SPDX-License-Identifier: BSD-3-Clause

package markdown

import (
	"container/list"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/copis-it/copis/internal/shared"
)

// The second line of defence holds alone: given what no writer of ours writes,
// it lets no element, attribute or scheme through.
func TestS55ThePolicyTrustsNoWriter(t *testing.T) {
	t.Parallel()
	cfg := Config{IDs: "s-", Images: []string{"https://img.example.org/"}}
	policy := newPolicy(cfg)
	elements := "p br hr em strong del code pre blockquote ul ol li h1 h2 h3 h4 h5 h6 table thead tbody tr th td a img data"
	attrs := "href title rel class start id src alt loading referrerpolicy value"
	for _, p := range shared.Lines[struct{ Payload string }](t, "corpora/xss/html_payloads.jsonl") {
		nodes, err := html.ParseFragment(strings.NewReader(policy.Sanitize(p.Payload)), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
		if err != nil {
			t.Fatal(err)
		}
		for _, top := range nodes {
			check := func(n *html.Node) {
				if n.Type == html.ElementNode && !strings.Contains(" "+elements+" ", " "+n.Data+" ") || n.Type == html.CommentNode {
					t.Errorf("%q: <%s>", p.Payload, n.Data)
				}
				for _, a := range n.Attr {
					if !strings.Contains(" "+attrs+" ", " "+a.Key+" ") {
						t.Errorf("%q: %s=%q", p.Payload, a.Key, a.Val)
					}
					if a.Key == "href" || a.Key == "src" {
						address := strings.Map(func(r rune) rune {
							if r <= ' ' { // more than a browser leaves out
								return -1
							}
							return r
						}, strings.ToLower(a.Val))
						end := strings.IndexAny(address, ":/?#")
						if end >= 0 && address[end] == ':' && !slices.Contains([]string{"http", "https", "mailto"}, address[:end]) {
							t.Errorf("%q: %s=%q", p.Payload, a.Key, a.Val)
						}
					}
				}
			}
			check(top)
			for n := range top.Descendants() {
				check(n)
			}
		}
	}
}

func TestS53ThePolicyKnowsItsOwnList(t *testing.T) {
	t.Parallel()
	policy := newPolicy(Config{IDs: "s-", Images: []string{"/allegati/"}})
	for in, want := range map[string]string{
		`<a href="ftp://example.org/">a</a>`:                                                                 `a`,
		`<a href="javascript://example.org/">a</a>`:                                                          `a`,
		`<a href="https://example.org/">a</a>`:                                                               `<a href="https://example.org/" rel="nofollow">a</a>`,
		`<a href="/b" rel="opener" target="_top" onclick="x" class="mention">a</a>`:                          `<a href="/b">a</a>`,
		`<h1 id="menu">a</h1><h1 id="s-a">b</h1>`:                                                            `<h1>a</h1><h1 id="s-a">b</h1>`,
		`<img src="/esci"/><img src="/allegati/a.png" alt="a" style="x" loading="x"/>`:                       `<img src="/allegati/a.png" alt="a"/>`,
		`<code class="x">a</code><td class="x" style="y">b</td>`:                                             `<code>a</code><td>b</td>`,
		`<data value="x">a</data><ol start="x"></ol><span>b</span><input><svg>c</svg>`:                       `a<ol></ol>bc`,
		`<a class="wiki" href="#s-a">a</a><a class="back" id="s-b">b</a><a class="wiki wanted" id="b">c</a>`: `<a class="wiki" href="#s-a">a</a><a class="back" id="s-b">b</a>c`,
		`<sup id="s-a">a</sup><ol class="notes"><li id="s-note--1">b</li><li id="menu">c</li></ol>`:          `<sup>a</sup><ol class="notes"><li id="s-note--1">b</li><li>c</li></ol>`,
		`<data value="page 12"></data><data value="page -1">a</data><data value="page 1 plain">b</data>`:     `<data value="page 12"></data>ab`,
		`<p>a<!-- b --></p><script>c</script><style>d</style>`:                                               `<p>a</p>`,
	} {
		if got := policy.Sanitize(in); got != want {
			t.Errorf("%s\ngives %s\nnot   %s", in, got, want)
		}
	}
}

func TestS64TheWriterStopsAtItsLimit(t *testing.T) {
	t.Parallel()
	o := &output{most: 10}
	defer func() {
		if recover() != refusal(CodeTooComplex) || o.Len() > 10 {
			t.Errorf("%d bytes were written", o.Len())
		}
	}()
	for range 4 {
		o.put("abc")
	}
}

// The first line of defence holds alone, too: behind it the policy finds
// nothing to do.
func TestS53TheWriterNeedsNoPolicy(t *testing.T) {
	t.Parallel()
	r := New(Config{IDs: "s-", Wikilinks: true, Images: []string{"https://img.example.org/"}})
	for _, file := range []string{"xss/html_payloads", "xss/markdown_payloads", "markdown/commonmark_spec", "markdown/gfm_spec_extra"} {
		for _, p := range shared.Lines[struct{ Payload, Markdown string }](t, "corpora/"+file+".jsonl") {
			source, _ := readable(p.Payload + p.Markdown)
			source = append(source, "\n\na[^n] [[#b]] [[c]] [^m]\n\n[^n]: d\n[^m]: - e"...)
			page := writes(r, source)
			// The policy spells these characters otherwise.
			page = strings.NewReplacer("&quot;", "&#34;", "'", "&#39;", "<br />", "<br/>", "<hr />", "<hr/>").Replace(page)
			if got := r.policy.Sanitize(page); got != page {
				t.Errorf("%s%s\nwrites\n%s\nof which is left\n%s", p.Payload, p.Markdown, page, got)
			}
		}
	}
}

// writes returns what the writer writes.
func writes(r *Renderer, source []byte) string {
	work := &work{left: maxWork}
	context := parser.NewContext()
	context.Set(workKey, work)
	out := newOutput(1<<20, work)
	root := r.parser.Parse(text.NewReader(source), parser.WithContext(context))
	if err := errors.Join(r.writer.Render(out, source, root), r.writeNotes(out, source)); err != nil {
		return err.Error()
	}
	return clean(out.String())
}

func TestCacheStaysWithinItsRoom(t *testing.T) {
	t.Parallel()
	c := NewCache(10 * entryCost)
	r := New(Config{Cache: c})
	render := func(text string) {
		if _, err := r.Render(text); err != nil {
			t.Fatal(err)
		}
	}
	place := func(text string) *list.Element { return c.byKey[c.key(r.print, text)] }
	has := func(text string) bool { return place(text) != nil }
	render("primo")
	first := place("primo")
	for i := range 50 {
		render(strings.Repeat("a", i+1))
		render("primo") // asked for again and again, so it stays
		if c.size > c.most || len(c.byKey) != c.recent.Len() {
			t.Fatalf("%d of %d bytes, %d keys for %d entries", c.size, c.most, len(c.byKey), c.recent.Len())
		}
	}
	if place("primo") != first || has("a") || !has(strings.Repeat("a", 50)) {
		t.Error("what was not asked for the longest did not go first")
	}
	render(strings.Repeat("grande ", 1000))
	if has(strings.Repeat("grande ", 1000)) || !has("primo") {
		t.Error("what is larger than the room was kept")
	}
}

// A parser that fails is a refusal, not the end of the page.
func TestAFaultOfTheParserIsARefusal(t *testing.T) {
	t.Parallel()
	r := New(Config{})
	r.parser = failing{r.parser}
	if _, code := r.render("a"); code != CodeUnreadable {
		t.Errorf("code %q", code)
	}
}

type failing struct{ parser.Parser }

func (failing) Parse(text.Reader, ...parser.ParseOption) ast.Node { panic("a fault") }

// What is read is what the library's own functions make of a text, and each of
// its places is known in the text as it was typed.
func TestEveryPlaceIsKnownInTheTextAsTyped(t *testing.T) {
	t.Parallel()
	newlines := strings.NewReplacer("\r\n", "\n", "\r", "\n")
	units := []string{"a", "è", "\r", "\n", "\r\n", "\xff", "\xe2\x82", "\x00", "\ufffd", "\ufffe", "\x7f", "\u0085", "😀", "\t", "[[x]]"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var b strings.Builder
		for range random.IntN(12) {
			b.WriteString(units[random.IntN(len(units))])
		}
		in := b.String()
		source, moves := readable(in)
		if want := clean(newlines.Replace(strings.ToValidUTF8(in, "\ufffd"))); string(source) != want {
			t.Fatalf("%q is read as %q, not %q", in, source, want)
		}
		for at := 0; ; {
			next := strings.Index(string(source[at:]), "[[x]]")
			if next < 0 {
				break
			}
			at += next
			if from, to := typedAt(moves, at), typedAt(moves, at+5); in[from:to] != "[[x]]" {
				t.Fatalf("%q: at %d is %q", in, at, in[from:to])
			}
			at += 5
		}
	}
}

// A writer that fails is a refusal, too, wherever it does.
func TestAFaultOfTheWriterIsARefusal(t *testing.T) {
	t.Parallel()
	for _, kind := range []ast.NodeKind{ast.KindDocument, kindNote} {
		r := New(Config{IDs: "s-"})
		r.writer = failsAt{r.writer, kind}
		if _, code := r.render("a[^1]\n\n[^1]: b"); code != CodeUnreadable {
			t.Errorf("%v: code %q", kind, code)
		}
	}
}

type failsAt struct {
	renderer.Renderer
	kind ast.NodeKind
}

func (f failsAt) Render(w io.Writer, source []byte, n ast.Node) error {
	if n.Kind() == f.kind {
		return errors.New("a fault")
	}
	return f.Renderer.Render(w, source, n)
}
