// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// A diffRow is one line of two texts side by side. Change is "" where they
// agree, "old" or "new" where only one has the line, "both" where one line
// stands for the other.
type diffRow struct {
	Change       string
	Old, New     string
	OldNo, NewNo int // line numbers from 1; 0 where there is no line
}

// maxDiffLines bounds the lines that are compared, those of both texts
// multiplied: the time a diff takes grows with it. Beyond, one text replaces
// the other as a whole.
const maxDiffLines = 4_000_000

// diffLines compares two texts line by line. The result depends on nothing
// but the texts.
func diffLines(old, new string) []diffRow {
	a, b := lines(old), lines(new)
	var rows rows
	if len(a)*len(b) > maxDiffLines {
		rows.replace(a, b)
		return rows.out
	}
	// Every different line becomes a character, so that the diff of the
	// characters is that of the lines.
	names := map[string]rune{}
	var text []string
	encode := func(lines []string) []rune {
		out := make([]rune, len(lines))
		for i, line := range lines {
			if _, ok := names[line]; !ok {
				names[line] = lineRune(len(text))
				text = append(text, line)
			}
			out[i] = names[line]
		}
		return out
	}
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // a time limit would make the result depend on the machine
	var gone, come []string
	for _, d := range dmp.DiffMainRunes(encode(a), encode(b), false) {
		var part []string
		for _, r := range d.Text {
			part = append(part, text[runeLine(r)])
		}
		switch d.Type {
		case diffmatchpatch.DiffDelete:
			gone = append(gone, part...)
		case diffmatchpatch.DiffInsert:
			come = append(come, part...)
		case diffmatchpatch.DiffEqual:
			rows.replace(gone, come)
			gone, come = nil, nil
			for _, line := range part {
				rows.add("", &line, &line)
			}
		}
	}
	rows.replace(gone, come)
	return rows.out
}

func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

// lineRune returns the character that stands for the line numbered i; those
// that no text may hold (surrogates) are left out.
func lineRune(i int) rune {
	const surrogates, many = 0xd800, 0x800
	r := rune(i + 1)
	if r >= surrogates {
		r += many
	}
	return r
}

// runeLine undoes lineRune.
func runeLine(r rune) int {
	if r >= 0xd800 {
		r -= 0x800
	}
	return int(r) - 1
}

// rows gathers lines and numbers them.
type rows struct {
	out    []diffRow
	na, nb int
}

// replace sets lines that went beside those that came in their place.
func (r *rows) replace(gone, come []string) {
	for i := range max(len(gone), len(come)) {
		switch {
		case i >= len(gone):
			r.add("new", nil, &come[i])
		case i >= len(come):
			r.add("old", &gone[i], nil)
		default:
			r.add("both", &gone[i], &come[i])
		}
	}
}

func (r *rows) add(change string, old, new *string) {
	row := diffRow{Change: change}
	if old != nil {
		r.na++
		row.Old, row.OldNo = *old, r.na
	}
	if new != nil {
		r.nb++
		row.New, row.NewNo = *new, r.nb
	}
	r.out = append(r.out, row)
}
