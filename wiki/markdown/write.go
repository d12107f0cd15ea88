// SPDX-License-Identifier: BSD-3-Clause

package markdown

import (
	"bytes"
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	goldhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
	"golang.org/x/text/unicode/norm"

	"github.com/copis-it/copis/auth"
)

// output takes the HTML of one text and holds what the writers of its elements
// must remember. It stops them when the HTML grows beyond most.
type output struct {
	bytes.Buffer
	most    int
	work    *work
	anchors []bool         // of the links that are open: whether <a> was written
	inLink  int            // how many of them are true
	ids     map[string]int // ids of headings given, and the number the next such one gets

	links    []Wikilink // to other pages, each a gap
	reserved int        // bytes of their words, which go into the gaps

	notes   []*noteNode // that have a mark, in order
	numbers map[*noteNode]int
	atEnd   bool // where notes are written
}

func newOutput(most int, work *work) *output {
	return &output{most: most, work: work, ids: map[string]int{}, numbers: map[*noteNode]int{}}
}

var _ util.BufWriter = (*output)(nil)

func (o *output) room(n int) {
	if o.Len()+o.reserved+n > o.most {
		panic(refusal(CodeTooComplex))
	}
}

// reserve keeps room for words that are put in later.
func (o *output) reserve(n int) {
	o.room(n)
	o.reserved += n
}

func (o *output) Write(p []byte) (int, error) {
	o.room(len(p))
	return o.Buffer.Write(p)
}

func (o *output) WriteString(s string) (int, error) {
	o.room(len(s))
	return o.Buffer.WriteString(s)
}

func (o *output) WriteByte(c byte) error {
	o.room(1)
	return o.Buffer.WriteByte(c)
}

// Buffered and Flush complete [util.BufWriter].
func (o *output) Buffered() int { return o.Len() }

// Flush does nothing: all is in memory.
func (o *output) Flush() error { return nil }

// put writes markup of this package's own.
func (o *output) put(parts ...string) {
	for _, s := range parts {
		_, _ = o.WriteString(s) // never fails
	}
}

// text writes words as they are.
func (o *output) text(words string) { o.put(html.EscapeString(words)) }

// attr writes an attribute. Those of an element are written in the order of
// their names, as x/net/html serialises them.
func (o *output) attr(name, value string) { o.put(" ", name, `="`, html.EscapeString(value), `"`) }

// code writes words of code, where a mention is text.
func (o *output) code(words string) {
	o.put(auth.ShowMentions(html.EscapeString(words), func(id auth.UserID) string {
		return gapOpen + id.String() + gapPlain + gapClose
	}))
}

// elements writes those elements that goldmark would write otherwise.
type elements struct{ cfg *Config }

func nodeRenderers(cfg *Config) []util.PrioritizedValue {
	return []util.PrioritizedValue{
		util.Prioritized(elements{cfg}, 100),
		util.Prioritized(extension.NewTableHTMLRenderer(extension.WithTableHTMLOptions(goldhtml.WithXHTML())), 500),
		util.Prioritized(extension.NewStrikethroughHTMLRenderer(), 500),
		util.Prioritized(goldhtml.NewRenderer(goldhtml.WithXHTML()), 1000),
	}
}

// RegisterFuncs implements [renderer.NodeRenderer].
func (e elements) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	register := func(kind ast.NodeKind, f func(*output, []byte, ast.Node, bool) ast.WalkStatus) {
		reg.Register(kind, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
			return f(w.(*output), source, n, entering), nil
		})
	}
	register(ast.KindHeading, e.heading)
	register(ast.KindCodeBlock, e.codeBlock)
	register(ast.KindFencedCodeBlock, e.codeBlock)
	register(ast.KindCodeSpan, e.codeSpan)
	register(ast.KindLink, e.link)
	register(ast.KindImage, e.image)
	register(ast.KindAutoLink, e.autoLink)
	register(extast.KindTaskCheckBox, e.checkBox)
	register(extast.KindTableCell, e.cell)
	register(kindMention, e.mention)
	register(kindWikilink, e.wikilink)
	register(kindNote, e.note)
	register(kindMark, e.mark)
	register(kindBack, e.back)
}

func (e elements) heading(o *output, source []byte, n ast.Node, entering bool) ast.WalkStatus {
	tag := "h" + strconv.Itoa(min(n.(*ast.Heading).Level+e.cfg.Top-1, 6))
	if !entering {
		o.put("</", tag, ">\n")
		return ast.WalkContinue
	}
	o.work.spend(2000)
	o.put("<", tag)
	if e.cfg.IDs != "" {
		o.attr("id", e.cfg.IDs+o.id(sectionID(words(source, n))))
	}
	o.put(">")
	return ast.WalkContinue
}

// maxID bounds the id of a heading, in runes.
const maxID = 64

// sectionID returns the words of a heading in the form of an id: small letters
// without accents, digits, "_" and single "-". Headings of the same id are
// numbered from the second.
func sectionID(words string) string {
	var b strings.Builder
	runes, gap := 0, false
	for _, r := range norm.NFD.String(strings.ToLower(words)) {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		if r == '-' || !inID(r) {
			gap = true
			continue
		}
		word := string(r)
		if gap && runes > 0 {
			word = "-" + word
		}
		gap = false
		if runes += utf8.RuneCountInString(word); runes > maxID {
			break
		}
		b.WriteString(word)
	}
	if b.Len() == 0 {
		return "section"
	}
	return b.String()
}

func inID(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' }

// id returns id, numbered if another heading has it already.
func (o *output) id(id string) string {
	taken := func(id string) bool { _, ok := o.ids[id]; return ok }
	free := id
	for taken(free) {
		o.ids[id]++
		free = id + "-" + strconv.Itoa(o.ids[id])
	}
	o.ids[free] = 1
	return free
}

// words returns the text within n. People mentioned are left out, so that
// nothing but the text decides.
func words(source []byte, n ast.Node) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // never fails
		if t, ok := n.(*ast.Text); ok && entering {
			if t.IsRaw() {
				b.Write(t.Segment.Value(source))
			} else {
				b.WriteString(written(t.Segment.Value(source)))
			}
			if t.SoftLineBreak() || t.HardLineBreak() {
				b.WriteByte(' ')
			}
		}
		if t, ok := n.(*ast.AutoLink); ok && entering {
			b.Write(t.Label(source))
		}
		if t, ok := n.(*wikilinkNode); ok && entering {
			b.WriteString(t.label(t.Title))
		}
		return ast.WalkContinue, nil
	})
	return withoutMentions(b.String())
}

func withoutMentions(words string) string {
	return auth.ShowMentions(words, func(auth.UserID) string { return "" })
}

func (e elements) codeBlock(o *output, source []byte, n ast.Node, entering bool) ast.WalkStatus {
	if !entering {
		return ast.WalkContinue
	}
	o.put("<pre><code")
	if fenced, ok := n.(*ast.FencedCodeBlock); ok {
		if class := "language-" + written(fenced.Language(source)); languageClass.MatchString(class) {
			o.attr("class", class)
		}
	}
	o.put(">")
	o.code(string(n.Lines().Value(source)))
	o.put("</code></pre>\n")
	return ast.WalkSkipChildren
}

func (e elements) codeSpan(o *output, source []byte, n ast.Node, entering bool) ast.WalkStatus {
	if !entering {
		return ast.WalkContinue
	}
	var code strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		code.Write(c.(*ast.Text).Segment.Value(source))
	}
	words := strings.ReplaceAll(code.String(), "\n", " ")
	if inCell(n) {
		words = strings.ReplaceAll(words, `\|`, "|")
	}
	o.put("<code>")
	o.code(words)
	o.put("</code>")
	return ast.WalkSkipChildren
}

func inCell(n ast.Node) bool {
	for ; n != nil; n = n.Parent() {
		if n.Kind() == extast.KindTableCell {
			return true
		}
	}
	return false
}

// open writes the start of a link, unless it may not be one or stands within
// another: HTML knows no link in a link.
func (e elements) open(o *output, address, title string) {
	o.work.spend(4000 + 20*(len(address)+len(title)))
	l, ok := linkTo(address)
	ok = ok && o.inLink == 0
	if ok {
		href := l.href
		if name, inside := strings.CutPrefix(href, "#"); inside && e.cfg.IDs != "" {
			href = "#" + e.cfg.IDs + name
		}
		o.inLink++
		o.put("<a")
		o.attr("href", href)
		if l.outside {
			o.attr("rel", rel)
		}
		if title = withoutMentions(title); title != "" {
			o.attr("title", title)
		}
		o.put(">")
	}
	o.anchors = append(o.anchors, ok)
}

// close writes the end of what open started.
func (o *output) close() {
	last := len(o.anchors) - 1
	if o.anchors[last] {
		o.inLink--
		o.put("</a>")
	}
	o.anchors = o.anchors[:last]
}

func (e elements) link(o *output, _ []byte, n ast.Node, entering bool) ast.WalkStatus {
	if entering {
		link := n.(*ast.Link)
		e.open(o, written(link.Destination), written(link.Title))
	} else {
		o.close()
	}
	return ast.WalkContinue
}

func (e elements) autoLink(o *output, source []byte, n ast.Node, entering bool) ast.WalkStatus {
	if !entering {
		return ast.WalkContinue
	}
	link := n.(*ast.AutoLink)
	address := string(link.URL(source))
	if link.AutoLinkType == ast.AutoLinkEmail {
		address = "mailto:" + address
	}
	e.open(o, address, "")
	o.code(string(link.Label(source)))
	o.close()
	return ast.WalkSkipChildren
}

func (e elements) image(o *output, source []byte, n ast.Node, entering bool) ast.WalkStatus {
	image := n.(*ast.Image)
	address, title := written(image.Destination), written(image.Title)
	o.work.spend(4000 + 20*(len(address)+len(title)))
	l, ok := linkTo(address)
	if ok && e.cfg.shown(l.href) {
		if entering {
			o.put("<img")
			o.attr("alt", words(source, n))
			o.put(` loading="lazy" referrerpolicy="no-referrer"`)
			o.attr("src", l.href)
			if title = withoutMentions(title); title != "" {
				o.attr("title", title)
			}
			o.put("/>")
		}
		return ast.WalkSkipChildren
	}
	if !entering {
		o.close()
		return ast.WalkContinue
	}
	e.open(o, address, title)
	if !n.HasChildren() {
		o.text(address) // a link needs words
	}
	return ast.WalkContinue
}

// checkBox writes a character: a control that controls nothing would need a
// label, and a title in the reader's language.
func (e elements) checkBox(o *output, _ []byte, n ast.Node, entering bool) ast.WalkStatus {
	if entering {
		if n.(*extast.TaskCheckBox).IsChecked {
			o.put("☑ ")
		} else {
			o.put("☐ ")
		}
	}
	return ast.WalkContinue
}

// cell writes alignment as a class: a strict content security policy allows
// no style, and HTML no align.
func (e elements) cell(o *output, _ []byte, n ast.Node, entering bool) ast.WalkStatus {
	tag := "td"
	if n.Parent().Kind() == extast.KindTableHeader {
		tag = "th"
	}
	if !entering {
		o.put("</", tag, ">\n")
		return ast.WalkContinue
	}
	o.put("<", tag)
	if a := n.(*extast.TableCell).Alignment; a != extast.AlignNone {
		o.attr("class", "align-"+a.String())
	}
	o.put(">")
	return ast.WalkContinue
}
