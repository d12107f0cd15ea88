// SPDX-License-Identifier: BSD-3-Clause

package markdown

import (
	"html"
	"strings"
)

// Contents is a table of contents: the headings of a document in their order.
type Contents []Heading

// A Heading is a heading of a document that has words.
type Heading struct {
	Level int    // 1 to 6, as in the HTML: see Config.Top
	ID    string // in the HTML; "" where Config.IDs is ""
	Text  string // its words, without formatting
}

// Contents returns the table of contents for a reader.
func (d Document) Contents(v View) Contents {
	var c Contents
	ids := v.ids()
	for at := 0; ; {
		next := strings.Index(d.html[at:], "<h")
		if next < 0 {
			return c
		}
		at += next + len("<h")
		level := d.html[at]
		if level < '1' || level > '6' { // <hr/>
			continue
		}
		h := Heading{Level: int(level - '0')}
		tag, _, _ := strings.Cut(d.html[at:], ">")
		if _, id, ok := strings.Cut(tag, ` id="`+d.cfg.IDs); ok {
			h.ID = d.cfg.IDs + ids + strings.TrimSuffix(id, `"`)
		}
		from := at + len(tag) + 1
		at = from + strings.Index(d.html[from:], "</h")
		h.Text = strings.Join(strings.Fields(html.UnescapeString(d.words(from, at, v))), " ")
		if h.Text != "" {
			c = append(c, h)
		}
	}
}

// HTML returns the contents as a list, with a list in it wherever the headings go
// deeper; a page puts it into its <nav>. It is "" if there are none.
func (c Contents) HTML() HTML {
	var b strings.Builder
	var open []int // the levels of the lists that are open
	for _, h := range c {
		for len(open) > 1 && open[len(open)-2] >= h.Level {
			b.WriteString("</li>\n</ul>\n")
			open = open[:len(open)-1]
		}
		if last := len(open) - 1; last < 0 || open[last] < h.Level {
			b.WriteString("\n<ul>\n")
			open = append(open, h.Level)
		} else {
			b.WriteString("</li>\n")
			open[last] = h.Level
		}
		b.WriteString("<li>")
		words := html.EscapeString(h.Text)
		if h.ID != "" {
			words = `<a href="#` + html.EscapeString(h.ID) + `">` + words + "</a>"
		}
		b.WriteString(words)
	}
	for range open {
		b.WriteString("</li>\n</ul>\n")
	}
	return HTML(strings.TrimSpace(b.String()))
}
