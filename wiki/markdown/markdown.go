// SPDX-License-Identifier: BSD-3-Clause

// Package markdown turns what members write into HTML that can be shown to
// anyone.
//
// # Promises
//
//   - Safe. The HTML holds a fixed list of elements and attributes and nothing
//     else. What looks like HTML in a text is shown as it was written. A link
//     leads to http, https, mailto or to the host's own site; every other
//     scheme leaves its words without a link. This is decided twice: by the
//     writer of the HTML, and by a strict policy behind it that trusts no
//     writer.
//   - Stable. Parsing the HTML and serialising it again (golang.org/x/net/html)
//     gives the same bytes.
//   - Private. Nothing is fetched from elsewhere when a text is shown: an image
//     is a link unless [Config.Images] allows its address.
//   - Bounded. A text is answered or refused (see [CodeTooBig] and its
//     neighbours) within about 100 ms on one core, and its HTML is never larger than
//     [MaxGrowth] times the text and 1 KiB, what is of the [View] left out but for wikilinks. The limits count steps, never time, so the
//     answer is the same on every machine.
//
// # Names
//
// A text keeps a mention as the person's id ([auth.Mention]), and a wikilink by
// the title that was typed. Render leaves a gap for each, and [Document.HTML]
// fills the gaps by a [View]: the names of that moment, and those pages that the
// reader may see. So a [Document] is the same for every reader and may be kept
// in a [Cache], while an erasure, a change of name or of rights shows at once.
//
// # Dialect
//
// CommonMark without raw HTML, and of GitHub's flavour tables, strikethrough,
// task lists and bare links; with [Config.IDs] its footnotes ("[^1]" and a line
// that starts with "[^1]:", labels of at most 100 bytes), with [Config.Wikilinks]
// wikilinks. Characters that HTML cannot carry (control
// characters, bytes that are not UTF-8) become U+FFFD.
package markdown

import (
	"fmt"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// HTML is markup that may be put into a page as it is: the body of a post, a
// wiki page. Only this package makes it. It is no string, so that a name or a
// title never passes for markup; with html/template, a host converts it with
// template.HTML(h).
type HTML string

// Limits of one text. Beyond them [Renderer.Render] refuses.
const (
	MaxText   = 64 << 10 // bytes of a text
	MaxGrowth = 20       // the HTML has at most so many bytes for each byte of the text, and 1 KiB
	MaxCells  = 10_000   // cells of all tables together, the empty ones that fill a row included
	MaxDepth  = 100      // blocks, spans and links within each other, of which 64 quotes or 32 lists
)

// Codes of [storage.Invalid] by which a text is refused; the field is "body".
const (
	CodeTooBig     = "too_big"        // longer than MaxText; Params: max, in bytes
	CodeTooDeep    = "too_deep"       // quotes, lists or emphasis within each other; Params: max
	CodeTooMany    = "too_many_cells" // Params: max
	CodeTooComplex = "too_complex"    // would take too long to read, or unfold to too much HTML
	CodeUnreadable = "unreadable"     // the parser failed; a text for a bug report
)

// Config says how texts are shown. The zero Config works.
type Config struct {
	// Top is the level of a heading written "#"; the others follow, none below
	// 6. A page that has a heading of its own above the text says 2 or more.
	// Default 1, most 6.
	Top int

	// IDs is the prefix of the ids of headings, such as "s-": "# Perché" has
	// the id "s-perche", and a link to "#perche" leads there. The prefix must
	// start no id of the host's page. Default "": headings have no ids, as on
	// a page that shows many texts.
	IDs string

	// Images lists the beginnings of the addresses from which images are
	// shown: "https://img.example.org/foto/" or "/allegati/". Each ends with
	// "/". Default none: every image is a link.
	Images []string

	// Person returns the address of a person's page, or "". Default nil: a
	// mention is no link.
	Person func(auth.UserID) string

	// Gone is shown for a mention of somebody who has no name any more.
	// Default "@unknown".
	Gone string

	// Wikilinks makes links of [[Title]] and its kin: see [Wikilink]. Default
	// false: they are words in brackets.
	Wikilinks bool

	// Back is what a note's link back to the text says. Default "↩".
	Back string

	// Cache keeps what was rendered. Default nil: nothing is kept. Renderers
	// may share one.
	Cache *Cache
}

// Renderer renders texts. It is safe for concurrent use.
type Renderer struct {
	cfg    Config
	print  string // tells the documents of different Configs apart
	parser parser.Parser
	writer renderer.Renderer
	policy *bluemonday.Policy
}

// New returns a Renderer. It panics if cfg.Top is beyond 6, if cfg.IDs is not
// of letters, digits, "-" and "_", or if an entry of cfg.Images is no address
// that ends with "/".
func New(cfg Config) *Renderer {
	if cfg.Top < 0 || cfg.Top > 6 {
		panic("markdown: Config.Top is not a level of headings")
	}
	if cfg.Top == 0 {
		cfg.Top = 1
	}
	if strings.ContainsFunc(cfg.IDs, func(r rune) bool { return !inID(r) || r > unicode.MaxASCII }) {
		panic("markdown: Config.IDs is not of letters, digits, - and _")
	}
	for _, prefix := range cfg.Images {
		if l, ok := linkTo(prefix); !ok || l.href != prefix || !strings.HasSuffix(prefix, "/") {
			panic("markdown: Config.Images: not an address that ends with /: " + prefix)
		}
	}
	if cfg.Gone == "" {
		cfg.Gone = "@unknown"
	}
	if cfg.Back == "" {
		cfg.Back = "↩"
	}
	r := &Renderer{cfg: cfg, parser: newParser(cfg), policy: newPolicy(cfg)}
	r.print = fmt.Sprintf("%d %q %q %t %q", cfg.Top, cfg.IDs, cfg.Images, cfg.Wikilinks, cfg.Back)
	r.writer = renderer.NewRenderer(renderer.WithNodeRenderers(nodeRenderers(&r.cfg)...))
	return r
}

// Render returns text as a [Document]. An error is a [*storage.Invalid] of the
// field "body" with one of the codes of this package; a host shows such a text
// as plain text, or refuses it when it is written.
func (r *Renderer) Render(text string) (Document, error) {
	if len(text) > MaxText {
		return Document{}, invalid(CodeTooBig)
	}
	c := r.cfg.Cache
	if c == nil {
		return r.answer(r.render(text))
	}
	key := c.key(r.print, text)
	if e, ok := c.get(key); ok {
		return r.answer(e.doc, e.code)
	}
	doc, code := r.render(text)
	c.put(key, doc, code)
	return r.answer(doc, code)
}

func (r *Renderer) answer(doc Document, code string) (Document, error) {
	if code != "" {
		return Document{}, invalid(code)
	}
	doc.cfg = &r.cfg
	return doc, nil
}

// invalid returns the refusal with this code.
func invalid(code string) error {
	err := &storage.Invalid{Field: "body", Code: code}
	if max, ok := map[string]int{CodeTooBig: MaxText, CodeTooDeep: MaxDepth, CodeTooMany: MaxCells}[code]; ok {
		err.Params = map[string]any{"max": max}
	}
	return err
}

// render returns a document, or the code by which the text is refused.
func (r *Renderer) render(s string) (doc Document, code string) {
	// A refusal unwinds goldmark from wherever the guard stopped it. Any other
	// panic is a fault of the parser that a member's text set off, and a text
	// that was stored must never take down the page that shows it.
	defer func() {
		switch stop := recover().(type) {
		case nil:
		case refusal:
			doc, code = Document{}, string(stop)
		default:
			doc, code = Document{}, CodeUnreadable
		}
	}()
	most := MaxGrowth*len(s) + 1<<10
	source, moves := readable(s)
	work := &work{left: maxWork}
	context := parser.NewContext()
	context.Set(workKey, work)
	root := r.parser.Parse(text.NewReader(source), parser.WithContext(context))
	checkTree(root, work)

	out := newOutput(most, work)
	err := r.writer.Render(out, source, root)
	if err == nil {
		err = r.writeNotes(out, source)
	}
	if err != nil {
		return Document{}, CodeUnreadable
	}
	html := string(r.policy.SanitizeBytes([]byte(clean(out.String()))))
	doc = cut(strings.TrimSuffix(html, "\n"), r.cfg.IDs)
	if doc.room = most - len(html) - out.reserved; doc.room < 0 {
		return Document{}, CodeTooComplex
	}
	for i, l := range out.links {
		out.links[i].Start, out.links[i].End = typedAt(moves, l.Start), typedAt(moves, l.End)
	}
	doc.links = out.links
	return doc, ""
}

// A move is a place from which on the text that is read and the text as it was
// typed are apart.
type move struct{ read, typed int }

// readable returns a text as it is read: with line feeds as ends of lines, and
// without what is no text or cannot stand in HTML.
func readable(s string) (source []byte, moves []move) {
	source = make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < 0x7f || c == '\n' || c == '\t' {
			source = append(source, c)
			i++
			continue
		}
		from, length := i, len(source)
		if bad := notText(s[i:]); bad > 0 {
			i += bad
			source = append(source, "\ufffd"...)
		} else if c == '\r' {
			i++
			if strings.HasPrefix(s[i:], "\n") {
				i++
			}
			source = append(source, '\n')
		} else {
			r, size := utf8.DecodeRuneInString(s[i:])
			i += size
			source = utf8.AppendRune(source, carried(r))
		}
		if i-from != len(source)-length {
			moves = append(moves, move{len(source), i})
		}
	}
	return source, moves
}

// notText returns how many bytes that are no UTF-8 s starts with.
func notText(s string) int {
	n := 0
	for n < len(s) {
		if r, size := utf8.DecodeRuneInString(s[n:]); r != utf8.RuneError || size > 1 {
			break
		}
		n++
	}
	return n
}

// typedAt returns where in the text as it was typed the place at is.
func typedAt(moves []move, at int) int {
	next := sort.Search(len(moves), func(i int) bool { return moves[i].read > at })
	if next == 0 {
		return at
	}
	return at + moves[next-1].typed - moves[next-1].read
}

// clean replaces the characters that HTML cannot carry.
func clean(s string) string { return strings.Map(carried, s) }

func carried(r rune) rune {
	if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Noncharacter_Code_Point, r) {
		return unicode.ReplacementChar
	}
	return r
}

// checkTree bounds what is left to do once a text is read: to write its elements
// and to check them.
func checkTree(root ast.Node, w *work) {
	depth := 0
	// The walk has no error of its own.
	_ = ast.Walk(root, func(_ ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			depth--
			return ast.WalkContinue, nil
		}
		w.spend(1000)
		if depth++; depth > MaxDepth {
			panic(refusal(CodeTooDeep))
		}
		return ast.WalkContinue, nil
	})
}
