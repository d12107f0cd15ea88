// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"slices"
	"strings"
	"unicode"
)

// same says whether two texts of a post do not differ in anything.
func same(a, b Revision) bool {
	return a.Title == b.Title && a.Body == b.Body && slices.Equal(a.Tags, b.Tags) && slices.Equal(a.Themes, b.Themes)
}

// substantive says whether the words or the figures of two texts differ, and
// not only spacing, case, punctuation or markup.
func substantive(a, b Revision) bool {
	return !slices.Equal(substance(a.Title+"\n"+a.Body), substance(b.Title+"\n"+b.Body))
}

// substance are the words and figures of a text, in their order. What stands
// between or before digits is of the figure ("1.500" is not "1,500", nor "-5"
// "5"), units and signs of mathematics are words ("€", "%", "≤"), and what
// makes a part of a word stand out does not cut it in two.
func substance(text string) []string {
	var out []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			out = append(out, string(word))
			word = word[:0]
		}
	}
	runes := []rune(strings.ToLower(text))
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return ' '
		}
		return runes[i]
	}
	for i, r := range runes {
		before, after := at(i-1), at(i+1)
		switch {
		case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r):
			word = append(word, r)
		case (r == '*' || r == '`') && !unicode.IsDigit(before) && !unicode.IsDigit(after): // emphasis
			if unicode.IsSpace(before) || unicode.IsSpace(after) {
				end()
			}
		case strings.ContainsRune(".,*/:", r) && unicode.IsDigit(before) && unicode.IsDigit(after),
			(r == '-' || r == '−') && unicode.IsDigit(after) && !unicode.IsLetter(before) && !unicode.IsDigit(before):
			word = append(word, r)
		case r == '%' || r == '‰' || unicode.Is(unicode.Sc, r) || r > unicode.MaxASCII && unicode.Is(unicode.Sm, r):
			end()
			out = append(out, string(r))
		default:
			end()
		}
	}
	end()
	return out
}
