// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold returns the words of a text, a space between each, in lower case,
// without accents and without whatever is no letter or digit, so that what
// differs only in these is found: "Unità Sanitaria", "UNITA' SANITARIA" and
// "unita sanitaria" are the same. Folding again changes nothing.
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(s, " ")) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r), unicode.IsNumber(r):
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			b.WriteRune(unicode.ToLower(r))
		default:
			gap = true
		}
	}
	return b.String()
}

// words returns what to look for when somebody types q: its folded words, and
// as it stands what can only be a code ("c_f205"), which no name contains.
func words(q string) []string {
	var out []string
	for _, w := range strings.Fields(q) {
		if strings.Contains(w, "_") {
			if code, err := Code(w); err == nil {
				out = append(out, code)
				continue
			}
		}
		out = append(out, strings.Fields(Fold(w))...)
	}
	return out
}
