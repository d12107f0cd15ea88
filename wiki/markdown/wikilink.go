// SPDX-License-Identifier: BSD-3-Clause

package markdown

import (
	"bytes"
	"html"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/copis-it/copis/auth"
)

// A Wikilink is a link to another page of the wiki, as its writer typed it:
// [[Title]], [[Title|words]], [[Title#section]] or [[Title#section|words]].
//
// It stands on one line and has at most [MaxWikilink] bytes. Backslashes and
// entities mean what they mean everywhere in Markdown; a "[", "]" or "`" within
// it needs a backslash, but for mentions among the words. In a table the bar is
// written "\|", as any bar there. A "#" that nothing follows is of the title.
// What "(" follows, as in [[1]](address), is a link of Markdown's.
type Wikilink struct {
	Title   string // of the page; white space trimmed and collapsed, otherwise as written
	Section string // the words or the id of a heading there, or ""
	Words   string // what is shown, without formatting, or "" for the page's title
	Start   int    // in the text, in bytes
	End     int    // behind the last "]"
}

// MaxWikilink is how many bytes a wikilink may have, brackets included.
const MaxWikilink = 1000

// Links returns the links to other pages of a text in their order: exactly those
// that a page of it shows, whether the other page exists or not. What stands in
// code or in another link is none, nor is [[#section]]. A text that Render
// refuses has none.
func (r *Renderer) Links(text string) []Wikilink {
	d, err := r.Render(text)
	if err != nil {
		return nil
	}
	links := slices.Clone(d.links)
	slices.SortFunc(links, func(a, b Wikilink) int { return a.Start - b.Start })
	return links
}

// wikilinkNode is a wikilink in the text that is read.
type wikilinkNode struct {
	ast.BaseInline
	Wikilink
}

var kindWikilink = ast.NewNodeKind("Wikilink")

func (*wikilinkNode) Kind() ast.NodeKind { return kindWikilink }

func (n *wikilinkNode) Dump(source []byte, level int) {
	ast.DumpHelper(n, source, level, map[string]string{"Title": n.Title}, nil)
}

// label is what is shown in a place that is no link.
func (l Wikilink) label(title string) string {
	switch {
	case l.Words != "":
		return l.Words
	case title == "":
		return l.Section
	case l.Section != "":
		return title + " § " + l.Section
	}
	return title
}

type wikilinkParser struct{}

func (wikilinkParser) Trigger() []byte { return []byte{'['} }

func (wikilinkParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, at := block.PeekLine()
	if at.Padding != 0 || !bytes.HasPrefix(line, []byte("[[")) {
		return nil
	}
	l, end := readWikilink(line, parent.Kind() == extast.KindTableCell)
	workOf(pc).spend(200 + 2*end)
	if l.Title == "" && l.Section == "" {
		return nil
	}
	l.Start, l.End = at.Start, at.Start+end
	block.Advance(end)
	return &wikilinkNode{Wikilink: l}
}

// readWikilink reads the wikilink that line starts with, and returns its end.
// Where there is none, it has neither title nor section, and end is how far it
// was sought.
func readWikilink(line []byte, inCell bool) (l Wikilink, end int) {
	const open = len("[[")
	bar, hash := -1, -1
	end = open
	for ; ; end++ {
		if end >= min(len(line), MaxWikilink) {
			return Wikilink{}, end
		}
		switch c := line[end]; {
		case c == '\\' && end+1 < len(line) && util.IsPunct(line[end+1]):
			if inCell && line[end+1] == '|' && bar < 0 {
				bar = end
			}
			end++
			continue
		case c == '|' && bar < 0:
			bar = end
		case c == '#' && bar < 0 && hash < 0 && line[end-1] != '&': // but for &#124;
			hash = end
		case c == '@' && bar >= 0:
			if id, ok := readMention(line[end:]); ok {
				end += len(auth.Mention(id)) - 1
			}
		case c == '[' || c == '`' || c == '\n':
			return Wikilink{}, end
		case c == ']':
			if end+1 >= min(len(line), MaxWikilink) || line[end+1] != ']' || end+2 < len(line) && line[end+2] == '(' {
				return Wikilink{}, end
			}
			title := line[open:end]
			if bar >= 0 {
				title = line[open:bar]
				words := bytes.TrimPrefix(line[bar:end], []byte{'\\'})
				l.Words = typed(words[1:])
			}
			if hash >= 0 {
				if l.Section = typed(line[hash+1 : open+len(title)]); l.Section != "" {
					title = line[open:hash]
				}
			}
			l.Title = typed(title)
			return l, end + 2
		}
	}
}

// typed returns what was meant by a part of a wikilink.
func typed(part []byte) string {
	return strings.Join(strings.Fields(clean(written(part))), " ")
}

func (e elements) wikilink(o *output, _ []byte, n ast.Node, entering bool) ast.WalkStatus {
	if !entering {
		return ast.WalkContinue
	}
	o.work.spend(4000)
	switch l := n.(*wikilinkNode).Wikilink; {
	case o.inLink > 0, l.Title == "" && e.cfg.IDs == "":
		o.code(l.label(l.Title))
	case l.Title == "":
		o.put("<a")
		o.attr("class", wikilinkClass)
		o.attr("href", "#"+e.cfg.IDs+sectionID(l.Section))
		o.put(">")
		o.code(l.label(""))
		o.put("</a>")
	default:
		o.reserve(len(html.EscapeString(l.label(l.Title))))
		o.put(gapOpen, gapPage, strconv.Itoa(len(o.links)), gapClose)
		o.links = append(o.links, l)
	}
	return ast.WalkContinue
}

// Classes of wikilinks in the HTML.
const (
	wikilinkClass = "wiki"
	wantedClass   = "wiki wanted"
)

// A Page is where wikilinks lead: a page that the reader may see.
type Page struct {
	Href  string // its address; one that may be no link leaves the words
	Title string // its title of today; "" for the title as it was typed
}

// wikilink returns the HTML of a link to another page, and that of its words
// alone, as they were typed.
func (d Document) wikilink(l Wikilink, v View) (shown, words string) {
	page, found := v.Pages[l.Title]
	title, class := page.Title, wikilinkClass
	if !found {
		page = Page{}
		class = wantedClass
		if v.Wanted != nil {
			page.Href = v.Wanted(l.Title)
		}
	}
	if title == "" {
		title = l.Title
	}
	words = html.EscapeString(d.named(l.label(l.Title), v))
	shown = html.EscapeString(clean(d.named(l.label(title), v)))
	to, ok := linkTo(page.Href)
	if !ok {
		return `<span class="` + class + `">` + shown + "</span>", words
	}
	if found && l.Section != "" && d.cfg.IDs != "" {
		to.href, _, _ = strings.Cut(to.href, "#")
		to.href += "#" + d.cfg.IDs + sectionID(l.Section)
	}
	rest := ""
	if to.outside {
		rest = `" rel="` + rel
	}
	return `<a class="` + class + `" href="` + html.EscapeString(to.href) + rest + `">` + shown + "</a>", words
}

// named returns words with the names of the people they mention.
func (d Document) named(words string, v View) string {
	if !strings.Contains(words, "@[") {
		return words
	}
	return auth.ShowMentions(words, func(id auth.UserID) string {
		name, _ := d.name(id, v.Names)
		return name
	})
}
