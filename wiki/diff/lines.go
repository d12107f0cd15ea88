// SPDX-License-Identifier: BSD-3-Clause

package diff

import (
	"hash/maphash"
	"math/bits"
	"slices"
	"strings"
)

func lines(old, new string) Diff {
	d := Diff{Old: old, New: new}
	if old == new {
		return d
	}
	w := window{old: old, new: new}
	w.head, w.tail = equalEnds(old, new)
	w.headLines = strings.Count(old[:w.head], "\n")
	w.read()
	gone, come := w.compare()

	// Edits may slide into the lines that were cut off as equal. How far they
	// slide is seldom more than a few lines.
	for pad := 8; ; pad *= 64 {
		w.widen(pad)
		a, b := side{num: w.a.num, changed: w.a.marks(gone)}, side{num: w.b.num, changed: w.b.marks(come)}
		left := effortFor(len(a.num) + len(b.num))
		compact(&a, &b, &left)
		compact(&b, &a, &left)
		if (a.atStart || b.atStart) && w.a.from > 0 && pad < maxPad ||
			(a.atEnd || b.atEnd) && w.a.to < len(old) && pad < maxPad {
			continue
		}
		d.Edits = w.edits(a.changed, b.changed)
		return d
	}
}

// maxPad is up to how many equal lines an edit may slide into.
const maxPad = 1 << 15

// equalEnds returns how many bytes the texts have in common at both ends, in
// whole lines. The ends do not overlap.
func equalEnds(a, b string) (head, tail int) {
	head = strings.LastIndexByte(a[:equalHead(a, b)], '\n') + 1
	a, b = a[head:], b[head:]
	tail = equalTail(a, b)
	i, j := len(a)-tail, len(b)-tail
	if (i == 0 || a[i-1] == '\n') && (j == 0 || b[j-1] == '\n') {
		return head, tail
	}
	if n := strings.IndexByte(a[i:], '\n'); n >= 0 {
		return head, tail - n - 1
	}
	return head, 0
}

// blocks are how many bytes are compared at once, as long as they are equal.
var blocks = [...]int{1 << 10, 1 << 6, 1 << 3, 1}

func equalHead(a, b string) int {
	n, i := min(len(a), len(b)), 0
	for _, k := range blocks {
		for i+k <= n && a[i:i+k] == b[i:i+k] {
			i += k
		}
	}
	return i
}

func equalTail(a, b string) int {
	n, i := min(len(a), len(b)), 0
	for _, k := range blocks {
		for i+k <= n && a[len(a)-i-k:len(a)-i] == b[len(b)-i-k:len(b)-i] {
			i += k
		}
	}
	return i
}

// A window is the part of two texts that is looked at: what differs, between
// an equal head and an equal tail, and as much of those as is needed.
type window struct {
	old, new   string
	head, tail int // bytes
	headLines  int
	names      table
	a, b       part
}

// A part is the lines of one text inside a window.
type part struct {
	num      []int32 // equal lines have equal numbers
	at       []int   // where each line begins, and where the last one ends
	from, to int     // bytes of the text
	pad      int     // lines before what differs
	core     int     // lines that differ
}

// read numbers the lines that differ.
func (w *window) read() {
	w.a = part{from: w.head, to: len(w.old) - w.tail}
	w.b = part{from: w.head, to: len(w.new) - w.tail}
	n, m := countLines(w.old[w.a.from:w.a.to]), countLines(w.new[w.b.from:w.b.to])
	w.names = newTable(n + m)
	w.a.room(n)
	w.b.room(m)
	w.a.add(w.old, w.a.from, w.a.to, &w.names)
	w.b.add(w.new, w.b.from, w.b.to, &w.names)
	w.a.core, w.b.core = len(w.a.num), len(w.b.num)
}

// room makes room for n more lines.
func (p *part) room(n int) {
	p.num, p.at = slices.Grow(p.num, n), slices.Grow(p.at, n)
}

func (p *part) add(text string, from, to int, names *table) {
	for from < to {
		n := strings.IndexByte(text[from:to], '\n') + 1
		if n == 0 {
			n = to - from
		}
		p.num = append(p.num, names.add(text[from:from+n]))
		p.at = append(p.at, from)
		from += n
	}
}

// marks returns a mark for each line of the window, false outside of core, and
// one more that stays false.
func (p *part) marks(core []bool) []bool {
	m := make([]bool, len(p.num)+1)
	copy(m[p.pad:], core)
	return m
}

// compare marks which of the lines that differ are gone from the old text and
// which have come to the new one.
func (w *window) compare() (gone, come []bool) {
	a, b := w.a.num, w.b.num
	inA, inB := occurrences(a, len(w.names.texts)), occurrences(b, len(w.names.texts))
	shared := false
	for i := range inA {
		shared = shared || inA[i] > 0 && inB[i] > 0
	}
	if !shared {
		return allTrue(len(a)), allTrue(len(b))
	}
	tail := countLines(w.old[len(w.old)-w.tail:])
	manyA, manyB := many(w.headLines+len(a)+tail), many(w.headLines+len(b)+tail)
	w.countEnds(inA, inB, max(manyA, manyB))
	left := effortFor(len(a) + len(b))
	return search(
		row{num: a, elsewhere: inB, many: manyA},
		row{num: b, elsewhere: inA, many: manyB}, &left)
}

// countEnds adds to the occurrences of the lines that differ those in the
// equal ends, up to enough of each.
func (w *window) countEnds(inA, inB []int32, enough int32) {
	// Most lines of the ends are told from those that differ by their length
	// and their first character.
	var like [1 << 10]bool
	key := func(line string) int { return (len(line) + 67*int(line[0])) % len(like) }
	need := 0
	for i := range inA {
		if min(inA[i], inB[i]) < enough {
			need++
			like[key(w.names.texts[i])] = true
		}
	}
	for _, end := range []string{w.old[:w.head], w.old[len(w.old)-w.tail:]} {
		for need > 0 && end != "" {
			n := strings.IndexByte(end, '\n') + 1
			if n == 0 {
				n = len(end)
			}
			line := end[:n]
			end = end[n:]
			if !like[key(line)] {
				continue
			}
			if i := w.names.find(line); i >= 0 {
				inA[i]++
				inB[i]++
				if min(inA[i], inB[i]) == enough {
					need--
				}
			}
		}
	}
}

// widen sets the window to what differs and pad lines of the equal ends on
// either side.
func (w *window) widen(pad int) {
	text, from := w.old, w.head
	for n := 0; n < pad && from > 0; n++ {
		from = strings.LastIndexByte(text[:from-1], '\n') + 1
	}
	start := len(text) - w.tail
	to := start
	for n := 0; n < pad && to < len(text); n++ {
		if i := strings.IndexByte(text[to:], '\n'); i >= 0 {
			to += i + 1
		} else {
			to = len(text)
		}
	}
	var before, after part
	before.add(text, from, w.head, &w.names)
	after.add(text, start, to, &w.names)
	for _, p := range []*part{&w.a, &w.b} {
		num, at := p.num[p.pad:p.pad+p.core], p.at[p.pad:p.pad+p.core]
		shift := 0
		if p == &w.b {
			shift = len(w.new) - len(w.old)
		}
		p.num = slices.Concat(before.num, num, after.num)
		p.at = slices.Concat(before.at, at, after.at, []int{to + shift})
		for i := len(before.at) + len(at); shift != 0 && i < len(p.at)-1; i++ {
			p.at[i] += shift
		}
		p.pad, p.from, p.to = len(before.num), from, to+shift
	}
}

// edits reads the marks of both sides of the window.
func (w *window) edits(gone, come []bool) []Edit {
	var edits []Edit
	first := w.headLines - w.a.pad
	span := func(p *part, from, to int) Span {
		return Span{Line: first + from, Lines: to - from, From: p.at[from], To: p.at[to]}
	}
	for i, j := 0, 0; i < len(w.a.num) || j < len(w.b.num); i, j = i+1, j+1 {
		fromI, fromJ := i, j
		for gone[i] {
			i++
		}
		for come[j] {
			j++
		}
		if i > fromI || j > fromJ {
			edits = append(edits, Edit{Old: span(&w.a, fromI, i), New: span(&w.b, fromJ, j)})
		}
	}
	return edits
}

// A table gives equal texts equal numbers, from 0 in the order they come.
type table struct {
	seed   maphash.Seed // random: nobody can make texts that collide
	slots  []int32      // number + 1; a power of two, at most half full
	hashes []uint64
	texts  []string
}

// newTable returns a table with room for about n texts, or for some of many.
func newTable(n int) table {
	t := table{seed: maphash.MakeSeed()}
	n = min(n, 1<<14)
	t.slots = make([]int32, 1<<bits.Len(uint(max(2*n, 31))))
	t.hashes, t.texts = make([]uint64, 0, n), make([]string, 0, n)
	return t
}

// slot returns where s is, or where it would be.
func (t *table) slot(s string, hash uint64) *int32 {
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		n := t.slots[i]
		if n == 0 || t.hashes[n-1] == hash && t.texts[n-1] == s {
			return &t.slots[i]
		}
	}
}

func (t *table) add(s string) int32 {
	if 2*len(t.texts) >= len(t.slots) {
		t.grow()
	}
	hash := maphash.String(t.seed, s)
	slot := t.slot(s, hash)
	if *slot == 0 {
		t.texts, t.hashes = append(t.texts, s), append(t.hashes, hash)
		*slot = int32(len(t.texts))
	}
	return *slot - 1
}

// find returns the number of s, or -1.
func (t *table) find(s string) int32 { return *t.slot(s, maphash.String(t.seed, s)) - 1 }

func (t *table) grow() {
	t.slots = make([]int32, 4*len(t.slots))
	mask := uint64(len(t.slots) - 1)
	for n, hash := range t.hashes {
		i := hash & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = int32(n + 1)
	}
}

// occurrences counts how often each of n numbers stands in num.
func occurrences(num []int32, n int) []int32 {
	count := make([]int32, n)
	for _, i := range num {
		count[i]++
	}
	return count
}

func allTrue(n int) []bool {
	b := make([]bool, n)
	for i := range b {
		b[i] = true
	}
	return b
}

func countLines(s string) int {
	n := strings.Count(s, "\n")
	if s != "" && s[len(s)-1] != '\n' {
		n++
	}
	return n
}

// many is about the square root of n, from 2 to 1024: a line that stands so
// often in the other text says little about what belongs together.
func many(n int) int32 { return min(int32(roughRoot(n)), 1<<10) }

// roughRoot returns a power of two near the square root of n.
func roughRoot(n int) int { return 1 << ((bits.Len(uint(n)) + 1) / 2) }
