// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"crypto/sha256"
	_ "embed"
	"sort"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// confusables says for 6,300 characters what stands for all that look like
// them (Unicode Technical Standard 39): a line each, sorted, after the first
// empty line. Its beginning says where it comes from and under which licence.
//
//go:embed confusables.txt
var confusables string

// maxSkeleton bounds what is looked at, in bytes: no name is as long.
const maxSkeleton = 1024

// HandleOf returns what a name is known by: the same for names that look alike,
// whatever the case of their letters. It takes any text; [ParseName] says which
// are names.
//
// To what UTS 39 says of characters that look alike, a small i and a small l
// are added, because a capital i looks like the one and is the other. Where a
// capital letter of another script looks unlike its small one, the two have
// different handles: names do not have the former.
func HandleOf(name string) Handle {
	if len(name) <= maxSkeleton {
		name = skeleton(name)
	}
	sum := sha256.Sum256([]byte("account.Handle\x00" + name))
	return Handle(sum[:16])
}

// skeleton looks twice: at the text as it stands, and at its letters as they
// are compared, small and in normal form NFKC.
func skeleton(s string) string {
	s = alike(strings.Map(seen, s))
	s = alike(cases.Fold().String(norm.NFKC.String(s)))
	return strings.Map(func(r rune) rune {
		if r == 'i' || r == 'ı' {
			return 'l'
		}
		return r
	}, cases.Fold().String(s))
}

// seen drops what nobody sees.
func seen(r rune) rune {
	if invisible(r) {
		return -1
	}
	return r
}

// invisible reports whether a rune has no shape of its own: it turns the
// direction of writing, or is ignored where it is not known (Unicode Standard
// Annex 44, Default_Ignorable_Code_Point).
func invisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// alike returns the skeleton of UTS 39, section 4.
func alike(s string) string {
	_, table, _ := strings.Cut(confusables, "\n\n")
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if to, ok := lookalike(table, string(r)); ok {
			b.WriteString(to)
		} else {
			b.WriteRune(r)
		}
	}
	return norm.NFD.String(b.String())
}

// lookalike finds the line of a character.
func lookalike(table, char string) (string, bool) {
	start := func(i int) int { return 1 + strings.LastIndexByte(table[:i], '\n') } // of the line that i is in
	i := sort.Search(len(table), func(i int) bool {
		line := table[start(i):]
		return line[:strings.IndexByte(line, '\t')] >= char
	})
	if i == len(table) {
		return "", false
	}
	line := table[start(i):]
	from, to, _ := strings.Cut(line[:strings.IndexByte(line, '\n')], "\t")
	return to, from == char
}
