// SPDX-License-Identifier: BSD-3-Clause

package markdown

import (
	"bytes"
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// A Document is a rendered text with gaps where people are named. It holds
// nothing of the reader. The zero Document is an empty text.
type Document struct {
	html string
	gaps []gap
	cfg  *Config
}

// A gap is a place in the HTML where a person's name belongs.
type gap struct {
	at    int // in Document.html
	id    auth.UserID
	plain bool // as text, because it stands in code or in a link
}

// In the HTML that the writer makes and the policy checks, a gap is the element
// <data value="id"></data> or <data value="id plain"></data>. No text can
// write it, because what looks like an element in a text is escaped.
const (
	gapOpen  = `<data value="`
	gapClose = `"></data>`
	gapPlain = " plain"
)

// cut takes the gaps out of checked HTML.
func cut(page []byte) Document {
	var d Document
	var b strings.Builder
	for {
		at := bytes.Index(page, []byte(gapOpen))
		if at < 0 {
			break
		}
		b.Write(page[:at])
		page = page[at+len(gapOpen):]
		value, rest, ok := bytes.Cut(page, []byte(gapClose))
		if !ok {
			break
		}
		page = rest
		text, plain := strings.CutSuffix(string(value), gapPlain)
		if id, err := storage.ParseID[auth.User](text); err == nil {
			d.gaps = append(d.gaps, gap{b.Len(), id, plain})
		}
	}
	b.Write(page)
	d.html = b.String()
	return d
}

// Mentions returns whose names the document needs, each once, in order.
func (d Document) Mentions() []auth.UserID {
	var ids []auth.UserID
	seen := map[auth.UserID]bool{}
	for _, g := range d.gaps {
		if !seen[g.id] {
			seen[g.id] = true
			ids = append(ids, g.id)
		}
	}
	return ids
}

// HTML returns the markup with the names of the people mentioned, as
// [auth.People] gives them. Who has no name is shown as [Config.Gone].
//
// A mention is <a class="mention"> where [Config.Person] has an address,
// <span class="mention"> where not, and plain text within code and links.
func (d Document) HTML(names map[auth.UserID]string) HTML {
	if len(d.gaps) == 0 {
		return HTML(d.html)
	}
	var b strings.Builder
	d.fill(&b, func(b *strings.Builder, g gap) {
		name, known := d.name(g.id, names)
		name = html.EscapeString(clean(name))
		switch l, ok := d.person(g.id, known); {
		case g.plain:
			b.WriteString(name)
		case ok:
			b.WriteString(`<a class="mention" href="` + html.EscapeString(l.href) + `">` + name + "</a>")
		default:
			b.WriteString(`<span class="mention">` + name + "</span>")
		}
	})
	return HTML(b.String())
}

// Text returns the document as plain text for an excerpt, a feed or a mail:
// at most max runes, the last of them "…" if something was cut off. Each block
// stands on a line of its own.
func (d Document) Text(max int, names map[auth.UserID]string) string {
	var b strings.Builder
	d.fill(&b, func(b *strings.Builder, g gap) {
		name, _ := d.name(g.id, names)
		b.WriteString(html.EscapeString(name))
	})
	var out strings.Builder
	runes := 0
	for line := range strings.Lines(withoutTags(b.String())) {
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
		if tag == "/td" || tag == "/th" { // cells of a row stand on one line
			b.WriteByte(' ')
			after = strings.TrimPrefix(after, "\n")
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

func (d Document) fill(b *strings.Builder, show func(*strings.Builder, gap)) {
	b.Grow(len(d.html) + 64*len(d.gaps))
	from := 0
	for _, g := range d.gaps {
		b.WriteString(d.html[from:g.at])
		show(b, g)
		from = g.at
	}
	b.WriteString(d.html[from:])
}

func (d Document) name(id auth.UserID, names map[auth.UserID]string) (name string, known bool) {
	if name = names[id]; name == "" {
		return d.cfg.Gone, false
	}
	return "@" + name, true
}

func (d Document) person(id auth.UserID, known bool) (link, bool) {
	if !known || d.cfg.Person == nil {
		return link{}, false
	}
	return linkTo(d.cfg.Person(id))
}
