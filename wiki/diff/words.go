// SPDX-License-Identifier: BSD-3-Clause

package diff

import (
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

func (d Diff) hunks(context int) []Hunk {
	all := d.near(context)
	if context < 0 {
		all = []hunk{{old: spanOf(d.Old), new: spanOf(d.New), edits: d.Edits}}
	}
	r := refiner{left: effortFor(maxRefined), bytes: maxRefined}
	var hunks []Hunk
	for _, h := range all {
		out := Hunk{
			OldLine: firstLine(h.old), OldLines: h.old.Lines,
			NewLine: firstLine(h.new), NewLines: h.new.Lines,
			Space: len(h.edits) > 0,
		}
		r.rows, r.old, r.new = nil, h.old.Line, h.new.Line
		at := h.old.From
		for _, e := range h.edits {
			r.equal(d.Old[at:e.Old.From])
			at = e.Old.To
			old, new := d.Old[e.Old.From:e.Old.To], d.New[e.New.From:e.New.To]
			space := sameButSpace(old, new)
			out.Space = out.Space && space
			r.edit(old, new, space)
		}
		r.equal(d.Old[at:h.old.To])
		out.Rows = r.rows
		hunks = append(hunks, out)
	}
	return hunks
}

// maxRefined is of how many bytes that were deleted or inserted the words are
// told apart. Who changed more does not look for words. What is too much is
// shown in whole lines.
const maxRefined = 1 << 18

func spanOf(text string) Span { return Span{Lines: countLines(text), To: len(text)} }

// sameButSpace reports whether two texts differ in whitespace alone.
func sameButSpace(a, b string) bool {
	for {
		a, b = strings.TrimLeftFunc(a, unicode.IsSpace), strings.TrimLeftFunc(b, unicode.IsSpace)
		if a == "" || b == "" {
			return a == b
		}
		_, n := utf8.DecodeRuneInString(a)
		if len(b) < n || a[:n] != b[:n] {
			return false
		}
		a, b = a[n:], b[n:]
	}
}

// A refiner makes the rows of a hunk.
type refiner struct {
	left     effort // for the words of all its edits together
	bytes    int    // that may still be refined
	rows     []Row
	old, new int // lines that have rows already
}

func (r *refiner) equal(text string) {
	lines := splitLines(text)
	r.rows = slices.Grow(r.rows, len(lines))
	for _, s := range segmented(Equal, lines) {
		r.old, r.new = r.old+1, r.new+1
		r.rows = append(r.rows, Row{Kind: Equal, Old: r.old, New: r.new, Left: s, Right: s})
	}
}

func (r *refiner) deleted(lines []string, space bool) {
	r.rows = slices.Grow(r.rows, len(lines))
	for i, s := range segmented(Deleted, lines) {
		r.old++
		r.rows = append(r.rows, Row{Kind: Deleted, Space: space || sameButSpace(lines[i], ""), Old: r.old, Left: s})
	}
}

func (r *refiner) inserted(lines []string, space bool) {
	r.rows = slices.Grow(r.rows, len(lines))
	for i, s := range segmented(Inserted, lines) {
		r.new++
		r.rows = append(r.rows, Row{Kind: Inserted, Space: space || sameButSpace(lines[i], ""), New: r.new, Right: s})
	}
}

// segmented yields each line as one segment.
func segmented(k Kind, lines []string) iter.Seq2[int, []Segment] {
	return func(yield func(int, []Segment) bool) {
		all := make([]Segment, len(lines))
		for i, line := range lines {
			all[i] = Segment{k, line}
			if !yield(i, all[i:i+1:i+1]) {
				return
			}
		}
	}
}

// edit sets the lines that have words in common beside each other.
func (r *refiner) edit(old, new string, space bool) {
	a, b := splitLines(old), splitLines(new)
	var pairs []pair
	if size := len(old) + len(new); size <= r.bytes && len(a) > 0 && len(b) > 0 {
		r.bytes -= size
		pairs = r.pairs(a, b)
	}
	i, j := 0, 0
	for _, p := range pairs {
		r.deleted(a[i:p.old], space)
		r.inserted(b[j:p.new], space)
		i, j = p.old+1, p.new+1
		if a[p.old] == b[p.new] { // the search was broken off
			r.equal(a[p.old])
			continue
		}
		r.old, r.new = r.old+1, r.new+1
		left, right := r.words(a[p.old], b[p.new])
		r.rows = append(r.rows, Row{Kind: Changed, Space: space || sameButSpace(a[p.old], b[p.new]),
			Old: r.old, New: r.new, Left: left, Right: right})
	}
	r.deleted(a[i:], space)
	r.inserted(b[j:], space)
}

func splitLines(text string) []string {
	lines := make([]string, 0, countLines(text))
	for line := range strings.Lines(text) {
		lines = append(lines, line)
	}
	return lines
}

// A pair is an old line and a new one that have words in common, as many bytes
// of them as weight.
type pair struct {
	old, new, weight int
}

// pairs finds which lines became which: those whose words the search found
// equal, at least a quarter of the lighter line, no two crossing, and of all
// such choices the heaviest.
func (r *refiner) pairs(a, b []string) []pair {
	x, y := tokens(a), tokens(b)
	gone, come := x.compare(y, &r.left)
	var all []pair
	for i, j := 0, 0; ; i, j = i+1, j+1 {
		for i < len(gone) && gone[i] {
			i++
		}
		for j < len(come) && come[j] {
			j++
		}
		if i == len(gone) {
			break
		}
		p := pair{x.line[i], y.line[j], weight(x.texts[i])}
		if n := len(all); n > 0 && all[n-1].old == p.old && all[n-1].new == p.new {
			all[n-1].weight += p.weight
		} else {
			all = append(all, p)
		}
	}
	related := all[:0]
	for _, p := range all {
		lighter := min(x.weights[p.old], y.weights[p.new])
		heavier := max(x.weights[p.old], y.weights[p.new])
		if 4*p.weight >= lighter && (p.weight > 0 || heavier == 0) {
			related = append(related, p)
		}
	}
	return heaviest(related)
}

// heaviest chooses from pairs in ascending order, of which neighbours may have
// a line in common.
func heaviest(all []pair) []pair {
	type choice struct {
		weight   int // of the best choice that ends with this pair
		previous int // pair before it, or -1
	}
	ends := make([]choice, len(all))
	best := make([]int, len(all)+1) // of the first n pairs, the one that the best choice ends with
	best[0] = -1
	row, column := 0, 0 // where the pairs begin that share a line with the next
	for i, p := range all {
		if all[row].old != p.old {
			row = i
		}
		if all[column].new != p.new {
			column = i
		}
		ends[i] = choice{p.weight + 1, best[min(row, column)]}
		if k := ends[i].previous; k >= 0 {
			ends[i].weight += ends[k].weight
		}
		best[i+1] = best[i]
		if k := best[i]; k < 0 || ends[i].weight > ends[k].weight {
			best[i+1] = i
		}
	}
	var chosen []pair
	for i := best[len(all)]; i >= 0; i = ends[i].previous {
		chosen = append(chosen, all[i])
	}
	slices.Reverse(chosen)
	return chosen
}

// words tells the words of two lines apart.
func (r *refiner) words(old, new string) (left, right []Segment) {
	x, y := tokens([]string{old}), tokens([]string{new})
	gone, come := x.compare(y, &r.left)
	var runs []run
	for i, j := 0, 0; i < len(gone) || j < len(come); {
		var u run
		for ; i < len(gone) && gone[i]; i++ {
			u.old += len(x.texts[i])
		}
		for ; j < len(come) && come[j]; j++ {
			u.new += len(y.texts[j])
		}
		for ; i < len(gone) && !gone[i] && j < len(come) && !come[j]; i, j = i+1, j+1 {
			u.equal += len(x.texts[i])
			u.blank = u.blank || weight(x.texts[i]) == 0
			u.words = u.words || weight(x.texts[i]) > 0
		}
		runs = append(runs, u)
	}
	for i := range runs {
		// "a b" that became "x y" is one change, not two and a blank.
		for i+1 < len(runs) && runs[i].changes() && runs[i+1].changes() && runs[i].blank && !runs[i].words {
			next := runs[i+1]
			next.old += runs[i].old + runs[i].equal
			next.new += runs[i].new + runs[i].equal
			runs[i+1], runs[i] = next, run{}
		}
	}
	for _, u := range runs {
		left, old = cut(left, Deleted, old, u.old)
		right, new = cut(right, Inserted, new, u.new)
		left, old = cut(left, Equal, old, u.equal)
		right, new = cut(right, Equal, new, u.equal)
	}
	return left, right
}

// A run is what was deleted and inserted at a place of a line, and what is
// equal behind it, in bytes.
type run struct {
	old, new, equal int
	blank, words    bool // in what is equal
}

func (u run) changes() bool { return u.old > 0 && u.new > 0 }

func cut(segments []Segment, k Kind, text string, n int) ([]Segment, string) {
	if last := len(segments) - 1; n > 0 && last >= 0 && segments[last].Kind == k {
		segments[last].Text += text[:n]
	} else if n > 0 {
		segments = append(segments, Segment{k, text[:n]})
	}
	return segments, text[n:]
}

// A wording is some lines as words.
type wording struct {
	texts   []string
	line    []int // that each word stands in
	weights []int // of each line
}

// tokens splits lines into words, runs of blanks, and whatever else, one by one.
func tokens(lines []string) (w wording) {
	w.weights = make([]int, len(lines))
	for n, line := range lines {
		for line != "" {
			size := token(line)
			w.texts = append(w.texts, line[:size])
			w.line = append(w.line, n)
			w.weights[n] += weight(line[:size])
			line = line[size:]
		}
	}
	return w
}

// token returns how long the first token of s is.
func token(s string) int {
	r, size := utf8.DecodeRuneInString(s)
	in := classOf(r, size)
	for in != single && size < len(s) {
		r, n := utf8.DecodeRuneInString(s[size:])
		if classOf(r, n) != in {
			break
		}
		size += n
	}
	return size
}

// A class is what a character is to the words.
type class uint8

const (
	single class = iota // a token of its own
	letter
	blank
)

func classOf(r rune, size int) class {
	switch {
	case r == utf8.RuneError && size == 1, r == '\n', r == '\r':
		return single
	case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), r == '_':
		return letter
	case unicode.IsSpace(r):
		return blank
	}
	return single
}

// weight is the length of a token that is not blank.
func weight(token string) int {
	if r, _ := utf8.DecodeRuneInString(token); unicode.IsSpace(r) {
		return 0
	}
	return len(token)
}

// compare marks the words that are gone and those that have come.
func (w wording) compare(v wording, left *effort) (gone, come []bool) {
	names := newTable(len(w.texts) + len(v.texts))
	number := func(texts []string) []int32 {
		num := make([]int32, len(texts))
		for i, s := range texts {
			num[i] = names.add(s)
		}
		return num
	}
	a, b := number(w.texts), number(v.texts)
	return search(
		row{num: a, elsewhere: occurrences(b, len(names.texts)), many: many(len(a))},
		row{num: b, elsewhere: occurrences(a, len(names.texts)), many: many(len(b))}, left)
}
