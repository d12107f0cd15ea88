// SPDX-License-Identifier: BSD-3-Clause

package diff

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

func merge(base, ours, theirs string) Merged {
	m := mergeLines(base, ours, theirs)
	if m.Conflicts() == 0 {
		return m
	}
	b, o, t := normal(base), normal(ours), normal(theirs)
	switch {
	case newlineAlone(b, o) && editsLastLine(b, t):
		return mergeLines(base, base, theirs)
	case newlineAlone(b, t) && editsLastLine(b, o):
		return mergeLines(base, ours, base)
	case b == base && o == ours && t == theirs:
		return m
	}
	return mergeLines(b, o, t)
}

// normal returns text in NFC, with LF at the end of lines and no CR before it,
// however many there were: what is normal already stays as it is.
func normal(text string) string {
	if !strings.Contains(text, "\r\n") {
		return norm.NFC.String(text)
	}
	var b strings.Builder
	b.Grow(len(text))
	for line := range strings.Lines(text) {
		cut, ends := strings.CutSuffix(line, "\n")
		if !ends {
			b.WriteString(line)
			continue
		}
		b.WriteString(strings.TrimRight(cut, "\r"))
		b.WriteByte('\n')
	}
	return norm.NFC.String(b.String())
}

// newlineAlone reports whether side is base but for the final newline.
func newlineAlone(base, side string) bool {
	lacks := func(s string) bool { return s != "" && s[len(s)-1] != '\n' }
	return lacks(base) && side == base+"\n" || lacks(side) && base == side+"\n"
}

// editsLastLine reports whether side changed the last line of base or wrote
// behind it.
func editsLastLine(base, side string) bool {
	edits := Lines(base, side).Edits
	return len(edits) > 0 && edits[len(edits)-1].Old.To == len(base)
}

func mergeLines(base, ours, theirs string) Merged {
	o := version{text: ours, edits: Lines(base, ours).Edits}
	t := version{text: theirs, edits: Lines(base, theirs).Edits}
	var m merger
	end := 0 // of what is merged, in base
	for len(o.edits) > 0 || len(t.edits) > 0 {
		from, to := place(&o, &t)
		m.add(base[end:from])
		end = to
		switch mine, yours := o.take(from, to), t.take(from, to); {
		case !t.touched || mine == yours:
			m.add(mine)
		case !o.touched:
			m.add(yours)
		default:
			m.conflict(base[from:to], mine, yours)
		}
	}
	m.add(base[end:])
	return m.merged()
}

// A version is what a side made of the base, with the edits that are not
// merged yet.
type version struct {
	text    string
	edits   []Edit
	shift   int // from a byte in base to that in text, behind the last edit
	taken   int // edits of the next place
	touched bool
}

// place finds the bytes of base that the next edits replace: those of either
// side that overlap or touch, one after the other.
func place(o, t *version) (from, to int) {
	var line int // where the place ends
	first := true
	o.taken, t.taken = 0, 0
	for {
		v := o
		if next(t, o) {
			v = t
		}
		if v.taken == len(v.edits) {
			return from, to
		}
		old := v.edits[v.taken].Old
		if first {
			from, to, line, first = old.From, old.To, old.Line+old.Lines, false
		} else if old.Line > line {
			return from, to
		}
		to, line = max(to, old.To), max(line, old.Line+old.Lines)
		v.taken++
	}
}

// next reports whether the next edit of a begins before that of b.
func next(a, b *version) bool {
	if a.taken == len(a.edits) || b.taken == len(b.edits) {
		return a.taken < len(a.edits)
	}
	return a.edits[a.taken].Old.Line < b.edits[b.taken].Old.Line
}

// take returns what the side made of the bytes from to to of base.
func (v *version) take(from, to int) string {
	start := from + v.shift
	v.touched = v.taken > 0
	if v.touched {
		last := v.edits[v.taken-1]
		v.shift = last.New.To - last.Old.To
		v.edits = v.edits[v.taken:]
	}
	return v.text[start : to+v.shift]
}

// A merger puts chunks one behind the other.
type merger struct {
	chunks []Chunk
	text   strings.Builder // agreed upon, behind the last conflict
}

func (m *merger) add(text string) { m.text.WriteString(text) }

func (m *merger) merged() Merged {
	if m.text.Len() > 0 {
		m.chunks = append(m.chunks, Chunk{Text: m.text.String()})
		m.text.Reset()
	}
	return Merged{Chunks: m.chunks}
}

// conflict adds what the sides made of base, less the lines that both have at
// the beginning and at the end.
func (m *merger) conflict(base, ours, theirs string) {
	head, tail := equalEnds(ours, theirs)
	before, behind := ours[:head], ours[len(ours)-tail:]
	ours, theirs = ours[head:len(ours)-tail], theirs[head:len(theirs)-tail]
	cut, _ := equalEnds(base, before)
	base = base[cut:]
	_, cut = equalEnds(base, behind)
	base = base[:len(base)-cut]
	m.add(before)
	m.chunks = append(m.merged().Chunks, Chunk{Conflict: &Conflict{Base: base, Ours: ours, Theirs: theirs}})
	m.add(behind)
}

func (m Merged) text(answer func(int, Conflict) string) string {
	var b strings.Builder
	n := 0
	for _, c := range m.Chunks {
		b.WriteString(c.Text)
		if c.Conflict != nil && answer != nil {
			b.WriteString(answer(n, *c.Conflict))
		}
		if c.Conflict != nil {
			n++
		}
	}
	return b.String()
}
