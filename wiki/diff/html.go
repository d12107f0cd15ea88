// SPDX-License-Identifier: BSD-3-Clause

package diff

import (
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"
	"unicode"
)

func sideBySide(w io.Writer, hunks []Hunk, l Labels) error {
	p := page{labels: l, columns: 4}
	p.table("diff-side-by-side", hunks, func() {
		p.heading(l.OldLine)
		p.heading(l.Old)
		p.heading(l.NewLine)
		p.heading(l.New)
	}, func(r Row) {
		p.row(r.Kind, r.Space, func() {
			p.number(r.Old)
			p.line(r.Left)
			p.number(r.New)
			p.line(r.Right)
		})
	})
	_, err := io.WriteString(w, p.String())
	return err
}

func inline(w io.Writer, hunks []Hunk, l Labels) error {
	p := page{labels: l, columns: 3}
	p.table("diff-inline", hunks, func() {
		p.heading(l.OldLine)
		p.heading(l.NewLine)
		p.WriteString(`<th scope="col">`)
		p.segment(Segment{Deleted, l.Old})
		p.WriteByte(' ')
		p.segment(Segment{Inserted, l.New})
		p.WriteString("</th>")
	}, func(r Row) {
		if r.Kind == Equal {
			p.row(Equal, false, func() {
				p.number(r.Old)
				p.number(r.New)
				p.line(r.Left)
			})
			return
		}
		if r.Left != nil {
			p.row(Deleted, r.Space, func() {
				p.number(r.Old)
				p.number(0)
				p.line(r.Left)
			})
		}
		if r.Right != nil {
			p.row(Inserted, r.Space, func() {
				p.number(0)
				p.number(r.New)
				p.line(r.Right)
			})
		}
	})
	_, err := io.WriteString(w, p.String())
	return err
}

// A page is HTML being written. What is not markup of ours goes through text.
type page struct {
	strings.Builder
	labels  Labels
	columns int
}

// text is the one door for whatever is not markup.
func (p *page) text(s string) { p.WriteString(html.EscapeString(visible(s))) }

// visible returns s with signs in place of what has none, or turns the line
// around: control characters, characters that set the direction of writing,
// and bytes that are no UTF-8.
func visible(s string) string {
	plain := true
	for i := range len(s) {
		plain = plain && (' ' <= s[i] && s[i] < 0x7f || s[i] == '\t')
	}
	if plain {
		return s
	}
	odd := func(r rune) bool {
		return r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexFunc(s, odd) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !odd(r):
			b.WriteRune(r)
		case r < ' ':
			b.WriteRune('\u2400' + r) // ␀ and so on
		default:
			fmt.Fprintf(&b, "[U+%04X]", r)
		}
	}
	return b.String()
}

func (p *page) table(class string, hunks []Hunk, head func(), row func(Row)) {
	l := p.labels
	if len(hunks) == 0 {
		if l.Same != "" {
			p.WriteString(`<p class="diff-same">`)
			p.text(l.Same)
			p.WriteString("</p>\n")
		}
		return
	}
	fmt.Fprintf(p, "<table class=\"diff %s\">\n", class)
	if l.Caption != "" {
		p.WriteString("<caption>")
		p.text(l.Caption)
		p.WriteString("</caption>\n")
	}
	p.WriteString("<thead><tr>")
	head()
	p.WriteString("</tr></thead>\n")
	for _, h := range hunks {
		p.WriteString("<tbody>\n")
		fmt.Fprintf(p, `<tr class="diff-hunk"><th colspan="%d" scope="rowgroup">`, p.columns)
		p.text(heading(h.OldLine, h.OldLines, h.NewLine, h.NewLines))
		if h.Space && l.Space != "" {
			p.WriteString(` <em class="diff-space">`)
			p.text(l.Space)
			p.WriteString("</em>")
		}
		p.WriteString("</th></tr>\n")
		for _, r := range h.Rows {
			row(r)
		}
		p.WriteString("</tbody>\n")
	}
	p.WriteString("</table>\n")
}

func (p *page) heading(label string) {
	p.WriteString(`<th scope="col">`)
	p.text(label)
	p.WriteString("</th>")
}

var rowStart = map[Kind]string{
	Equal:    `<tr class="diff-equal`,
	Changed:  `<tr class="diff-changed`,
	Deleted:  `<tr class="diff-deleted`,
	Inserted: `<tr class="diff-inserted`,
}

func (p *page) row(k Kind, space bool, cells func()) {
	p.WriteString(rowStart[k])
	if space {
		p.WriteString(" diff-space")
	}
	p.WriteString(`">`)
	cells()
	p.WriteString("</tr>\n")
}

func (p *page) number(n int) {
	p.WriteString(`<td class="diff-number">`)
	if n > 0 {
		p.WriteString(strconv.Itoa(n))
	}
	p.WriteString("</td>")
}

func (p *page) line(segments []Segment) {
	p.WriteString(`<td class="diff-line">`)
	for i, s := range segments {
		last := i == len(segments)-1
		text, ended := strings.CutSuffix(s.Text, "\n")
		if ended && last {
			s.Text = text
		}
		p.segment(s)
		if last && !ended && p.labels.NoNewline != "" {
			p.WriteString(` <em class="diff-no-newline">`)
			p.text(p.labels.NoNewline)
			p.WriteString("</em>")
		}
	}
	p.WriteString("</td>")
}

func (p *page) segment(s Segment) {
	if s.Text == "" {
		return
	}
	switch s.Kind {
	case Deleted:
		p.WriteString("<del>")
		p.text(s.Text)
		p.WriteString("</del>")
	case Inserted:
		p.WriteString("<ins>")
		p.text(s.Text)
		p.WriteString("</ins>")
	default:
		p.text(s.Text)
	}
}
