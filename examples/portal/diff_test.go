// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The left of a diff is the old text and the right is the new one, whole and
// in order; lines that are called equal are.
func TestDiffHoldsBothTexts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom([]string{"a", "b", "c", "", "è", "> d", "\t", "\ufffd", "𝕏"})
		old := rapid.SliceOfN(line, 1, 12).Draw(t, "old")
		new := rapid.SliceOfN(line, 1, 12).Draw(t, "new")
		var left, right []string
		for _, r := range diffLines(strings.Join(old, "\n")+"\n", strings.Join(new, "\n")+"\n") {
			if r.OldNo > 0 {
				left = append(left, r.Old)
				if r.OldNo != len(left) {
					t.Fatalf("line %d is called %d", len(left), r.OldNo)
				}
			}
			if r.NewNo > 0 {
				right = append(right, r.New)
				if r.NewNo != len(right) {
					t.Fatalf("line %d is called %d", len(right), r.NewNo)
				}
			}
			if r.Change == "" && r.Old != r.New {
				t.Fatalf("%q is not %q", r.Old, r.New)
			}
		}
		if !slices.Equal(left, old) || !slices.Equal(right, new) {
			t.Fatalf("%q became %q, %q became %q", old, left, new, right)
		}
	})
}

func TestDiffIsSmall(t *testing.T) {
	t.Parallel()
	rows := diffLines("uno\ndue\ntre\n", "uno\nDUE\ntre\nquattro\n")
	var got []string
	for _, r := range rows {
		got = append(got, r.Change)
	}
	if want := []string{"", "both", "", "new"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if rows := diffLines("", ""); len(rows) != 0 {
		t.Errorf("%v", rows)
	}
	if rows := diffLines("", "a"); len(rows) != 1 || rows[0].Change != "new" {
		t.Errorf("%v", rows)
	}
}

// S65: texts made to be hard to compare are compared in bounded time.
func TestDiffIsBounded(t *testing.T) {
	t.Parallel()
	number := func(n, by int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.Repeat("x", (i*by)%97))
			b.WriteString(string(rune('a' + i*by%26)))
			b.WriteByte('\n')
		}
		return b.String()
	}
	reversed := func(s string) string {
		l := lines(s)
		slices.Reverse(l)
		return strings.Join(l, "\n")
	}
	for _, n := range []int{1999, 2000, 20_000} {
		for _, pair := range [][2]string{
			{number(n, 1), reversed(number(n, 1))}, {number(n, 7), number(n, 11)},
			{strings.Repeat("a\nb\n", n/2), strings.Repeat("b\nc\n", n/2)},
		} {
			start := time.Now()
			rows := diffLines(pair[0], pair[1])
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%d lines took %v", n, took)
			}
			if len(rows) < n {
				t.Errorf("%d lines gave %d rows", n, len(rows))
			}
		}
	}
}

// Every line number has a character of its own that survives in a text.
func TestLineRunes(t *testing.T) {
	t.Parallel()
	seen := map[rune]bool{}
	for i := range 60_000 {
		r := lineRune(i)
		if seen[r] || runeLine(r) != i || []rune(string(r))[0] != r {
			t.Fatalf("line %d is %U, which is line %d", i, r, runeLine(r))
		}
		seen[r] = true
	}
}
