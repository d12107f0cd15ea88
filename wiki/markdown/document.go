// SPDX-License-Identifier: BSD-3-Clause

package markdown

import (
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// A Document is a rendered text with gaps where people are named and where
// wikilinks stand. It holds nothing of the reader. The zero Document is an
// empty text.
type Document struct {
	html  string
	gaps  []gap
	links []Wikilink
	room  int // bytes that wikilinks may take more than their words
	cfg   *Config
}

// A View is what a document does not hold, because it is of the reader, of the
// moment, or of the page around it. The zero View works: it names nobody, and
// every wikilink is wanted.
type View struct {
	// Names are the names of people, as [auth.People] gives them for
	// [Document.Mentions]. Who has none is shown as [Config.Gone].
	Names map[auth.UserID]string

	// Pages says where wikilinks lead, by the titles that [Document.Titles]
	// returns. A title that is missing is wanted: the page does not exist, or
	// not for this reader. Nothing tells the two apart.
	Pages map[string]Page

	// Wanted returns the address where the reader may create a page of this
	// title, or "". Default nil: a wanted wikilink is no link.
	Wanted func(title string) string

	// IDs stands in each id of the document behind [Config.IDs], so that a page
	// may show several texts: "12-" makes "s-12-perche" of "s-perche". Of
	// letters, digits, "-" and "_"; other characters are left out. No text's
	// IDs may start another's, nor be empty beside them.
	IDs string
}

// A gap is a place in the HTML where something of the View belongs.
type gap struct {
	at   int // in Document.html
	kind gapKind
	id   auth.UserID // of the person
	link int         // in Document.links
}

type gapKind uint8

const (
	gapPerson gapKind = iota
	gapName           // a person as text, because it stands in code or in a link
	gapWiki
	gapIDs
)

// In the HTML that the writer makes and the policy checks, a gap is the element
// <data value="id"></data>, <data value="id plain"></data> or
// <data value="page 12"></data>. No text can write it, because what looks like
// an element in a text is escaped.
const (
	gapOpen  = `<data value="`
	gapClose = `"></data>`
	gapPlain = " plain"
	gapPage  = "page "
)

// cut takes the gaps out of checked HTML.
func cut(page string, ids string) Document {
	var d Document
	var b strings.Builder
	b.Grow(len(page))
	for {
		// Outside of tags every quotation mark is escaped.
		at := strings.Index(page, `="`)
		if at < 0 {
			break
		}
		value := at + len(`="`)
		switch tag := page[:value]; {
		case strings.HasSuffix(tag, gapOpen):
			b.WriteString(tag[:value-len(gapOpen)])
			text, rest, _ := strings.Cut(page[value:], gapClose)
			page = rest
			d.gaps = append(d.gaps, readGap(text, b.Len()))
			continue
		case ids != "" && strings.HasSuffix(tag, ` href="`) && strings.HasPrefix(page[value:], "#"+ids):
			value += len("#" + ids)
			d.gaps = append(d.gaps, gap{at: b.Len() + value, kind: gapIDs})
		case ids != "" && strings.HasSuffix(tag, ` id="`):
			value += len(ids)
			d.gaps = append(d.gaps, gap{at: b.Len() + value, kind: gapIDs})
		}
		b.WriteString(page[:value])
		page = page[value:]
	}
	b.WriteString(page)
	d.html = b.String()
	return d
}

// readGap reads what the policy let through.
func readGap(value string, at int) gap {
	if link, ok := strings.CutPrefix(value, gapPage); ok {
		n, _ := strconv.Atoi(link)
		return gap{at: at, kind: gapWiki, link: n}
	}
	person, plain := strings.CutSuffix(value, gapPlain)
	id, _ := storage.ParseID[auth.User](person)
	if plain {
		return gap{at: at, kind: gapName, id: id}
	}
	return gap{at: at, kind: gapPerson, id: id}
}

// Mentions returns whose names the document needs, each once, in order.
func (d Document) Mentions() []auth.UserID {
	var ids []auth.UserID
	seen := map[auth.UserID]bool{}
	add := func(id auth.UserID) {
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	for _, g := range d.gaps {
		switch g.kind {
		case gapPerson, gapName:
			add(g.id)
		case gapWiki:
			for _, id := range auth.Mentions(d.links[g.link].Words) {
				add(id)
			}
		}
	}
	return ids
}

// Titles returns to which other pages the document leads, by the titles that
// were typed, each once, in order: what [View.Pages] is asked for.
func (d Document) Titles() []string {
	var titles []string
	seen := map[string]bool{}
	for _, l := range d.links {
		if !seen[l.Title] {
			seen[l.Title] = true
			titles = append(titles, l.Title)
		}
	}
	return titles
}

// HTML returns the markup for a reader.
//
// A mention is <a class="mention"> where [Config.Person] has an address,
// <span class="mention"> where not, and plain text within code and links. A
// wikilink is <a class="wiki">, a wanted one <a class="wiki wanted">, and a
// span of that class where there is no address. Where links would make the page
// larger than [MaxGrowth] allows, the rest of them are words.
func (d Document) HTML(v View) HTML {
	if len(d.gaps) == 0 {
		return HTML(d.html)
	}
	var b strings.Builder
	b.Grow(len(d.html) + 64*len(d.gaps))
	room := d.room
	ids := v.ids()
	d.fill(&b, 0, len(d.html), func(g gap) {
		switch g.kind {
		case gapIDs:
			b.WriteString(ids)
		case gapWiki:
			shown, words := d.wikilink(d.links[g.link], v)
			if more := len(shown) - len(words); more <= room {
				room -= more
				words = shown
			}
			b.WriteString(words)
		case gapName:
			name, _ := d.name(g.id, v.Names)
			b.WriteString(html.EscapeString(name))
		case gapPerson:
			name, known := d.name(g.id, v.Names)
			name = html.EscapeString(name)
			if l, ok := d.person(g.id, known); ok {
				b.WriteString(`<a class="mention" href="` + html.EscapeString(l.href) + `">` + name + "</a>")
			} else {
				b.WriteString(`<span class="mention">` + name + "</span>")
			}
		}
	})
	return HTML(b.String())
}

// Text returns the document as plain text for an excerpt, a feed or a mail:
// at most max runes, the last of them "…" if something was cut off. Each block
// stands on a line of its own; the marks of notes are left out.
func (d Document) Text(max int, v View) string {
	var out strings.Builder
	runes := 0
	for line := range strings.Lines(d.words(0, len(d.html), v)) {
		line = strings.TrimRightFunc(html.UnescapeString(line), unicode.IsSpace)
		if line == "" {
			continue
		}
		if out.Len() > 0 {
			line = "\n" + line
		}
		out.WriteString(line)
		if runes += utf8.RuneCountInString(line); runes > max {
			return cutRunes(out.String(), max)
		}
	}
	return out.String()
}

// words returns a part of the HTML without its tags; what it holds is escaped.
func (d Document) words(from, to int, v View) string {
	var b strings.Builder
	d.fill(&b, from, to, func(g gap) {
		words := ""
		switch g.kind {
		case gapWiki:
			l := d.links[g.link]
			title := v.Pages[l.Title].Title
			if title == "" {
				title = l.Title
			}
			words = clean(d.named(l.label(title), v))
		case gapPerson, gapName:
			words, _ = d.name(g.id, v.Names)
		}
		b.WriteString(html.EscapeString(words))
	})
	return withoutTags(b.String())
}

// withoutTags returns HTML without its tags. A ">" in an attribute is escaped.
func withoutTags(page string) string {
	var b strings.Builder
	for {
		text, rest, ok := strings.Cut(page, "<")
		b.WriteString(text)
		if !ok {
			return b.String()
		}
		tag, after, _ := strings.Cut(rest, ">")
		switch {
		case tag == "/td" || tag == "/th": // cells of a row stand on one line
			b.WriteByte(' ')
			after = strings.TrimPrefix(after, "\n")
		case tag == noteMark:
			_, after, _ = strings.Cut(after, "</"+noteMark+">")
		case strings.HasPrefix(tag, noteBack):
			_, after, _ = strings.Cut(after, "</a>")
		}
		page = after
	}
}

// cutRunes returns the first max runes of s, which has more, with an ellipsis
// as the last.
func cutRunes(s string, max int) string {
	if max <= 0 {
		return ""
	}
	n := 0
	for at := range s {
		if n++; n == max {
			return strings.TrimRightFunc(s[:at], unicode.IsSpace) + "…"
		}
	}
	return s
}

// fill writes a part of the HTML, and has show write what belongs in its gaps.
func (d Document) fill(b *strings.Builder, from, to int, show func(gap)) {
	first, _ := slices.BinarySearchFunc(d.gaps, from, func(g gap, at int) int { return g.at - at })
	for _, g := range d.gaps[first:] {
		if g.at > to {
			break
		}
		b.WriteString(d.html[from:g.at])
		show(g)
		from = g.at
	}
	b.WriteString(d.html[from:to])
}

func (d Document) name(id auth.UserID, names map[auth.UserID]string) (name string, known bool) {
	if name = names[id]; name == "" {
		return d.cfg.Gone, false
	}
	return "@" + clean(name), true
}

func (d Document) person(id auth.UserID, known bool) (link, bool) {
	if !known || d.cfg.Person == nil {
		return link{}, false
	}
	return linkTo(d.cfg.Person(id))
}

func (v View) ids() string {
	return strings.Map(func(r rune) rune {
		if inID(r) && r <= unicode.MaxASCII {
			return r
		}
		return -1
	}, v.IDs)
}
