// SPDX-License-Identifier: BSD-3-Clause

package diff

import (
	"fmt"
	"strconv"
	"strings"
)

func (d Diff) unified(oldName, newName string, context int) string {
	if len(d.Edits) == 0 {
		return ""
	}
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", quoted(oldName), quoted(newName))
	for _, h := range d.near(max(context, 0)) {
		fmt.Fprintf(&out, "@@ %s @@\n", heading(firstLine(h.old), h.old.Lines, firstLine(h.new), h.new.Lines))
		at := h.old.From
		for _, e := range h.edits {
			prefixed(&out, ' ', d.Old[at:e.Old.From])
			prefixed(&out, '-', d.Old[e.Old.From:e.Old.To])
			prefixed(&out, '+', d.New[e.New.From:e.New.To])
			at = e.Old.To
		}
		prefixed(&out, ' ', d.Old[at:h.old.To])
	}
	return out.String()
}

// prefixed writes whole lines with a sign before each.
func prefixed(out *strings.Builder, sign byte, text string) {
	for text != "" {
		line, rest := cutLine(text)
		out.WriteByte(sign)
		out.WriteString(line)
		if rest == "" && line[len(line)-1] != '\n' {
			out.WriteString("\n\\ No newline at end of file\n")
		}
		text = rest
	}
}

// cutLine returns the first line of text with its newline, and the rest.
func cutLine(text string) (line, rest string) {
	n := strings.IndexByte(text, '\n') + 1
	if n == 0 {
		n = len(text)
	}
	return text[:n], text[n:]
}

// heading says where a hunk is: "-3,2 +3" are two lines from the third on that
// became one.
func heading(old, oldLines, new, newLines int) string {
	place := func(line, lines int) string {
		if lines == 1 {
			return strconv.Itoa(line)
		}
		return fmt.Sprintf("%d,%d", line, lines)
	}
	return "-" + place(old, oldLines) + " +" + place(new, newLines)
}

// firstLine is the number, from 1, of the first line of s, or of the line that
// an empty s stands after.
func firstLine(s Span) int {
	if s.Lines == 0 {
		return s.Line
	}
	return s.Line + 1
}

// A hunk is edits near each other, and the lines of both texts around them.
type hunk struct {
	old, new Span
	edits    []Edit
}

// near puts edits that have at most 2 × context lines between them in one hunk.
func (d Diff) near(context int) []hunk {
	context = min(context, len(d.Old)+len(d.New)) // no sum of them overflows
	var hunks []hunk
	for i := 0; i < len(d.Edits); {
		j := i + 1
		for j < len(d.Edits) && d.Edits[j].Old.Line-end(d.Edits[j-1].Old) <= 2*context {
			j++
		}
		first, last := d.Edits[i], d.Edits[j-1]
		before, lines := linesBefore(d.Old[:first.Old.From], context)
		behind, more := linesBehind(d.Old[last.Old.To:], context)
		around := func(from, to Span) Span {
			return Span{
				Line: from.Line - lines, Lines: end(to) + more - from.Line + lines,
				From: from.From - before, To: to.To + behind,
			}
		}
		hunks = append(hunks, hunk{around(first.Old, last.Old), around(first.New, last.New), d.Edits[i:j]})
		i = j
	}
	return hunks
}

func end(s Span) int { return s.Line + s.Lines }

// linesBefore returns how many bytes the last n lines of text have, and how
// many lines they are. The text ends with a newline or is empty.
func linesBefore(text string, n int) (size, lines int) {
	at := len(text)
	for lines < n && at > 0 {
		at = strings.LastIndexByte(text[:at-1], '\n') + 1
		lines++
	}
	return len(text) - at, lines
}

// linesBehind returns how many bytes the first n lines of text have, and how
// many lines they are.
func linesBehind(text string, n int) (size, lines int) {
	rest := text
	for lines < n && rest != "" {
		_, rest = cutLine(rest)
		lines++
	}
	return len(text) - len(rest), lines
}

// quoted returns a file's name as it stands in a patch.
func quoted(name string) string {
	plain := func(c byte) bool { return c >= ' ' && c != 0x7f && c != '"' && c != '\\' }
	odd := false
	for i := range len(name) {
		odd = odd || !plain(name[i])
	}
	if !odd {
		return name
	}
	q := []byte{'"'}
	for i := range len(name) {
		if c := name[i]; plain(c) {
			q = append(q, c)
		} else {
			q = fmt.Appendf(q, `\%03o`, c)
		}
	}
	return string(append(q, '"'))
}
