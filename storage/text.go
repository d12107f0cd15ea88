// SPDX-License-Identifier: BSD-3-Clause

package storage

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Codes of [Invalid] that every tool uses.
const (
	CodeMissing   = "missing"   // nothing that can be seen
	CodeTooLong   = "too_long"  // Params: max, in runes
	CodeMalformed = "malformed" // not UTF-8, or not of the form asked for
	CodeControl   = "control"   // a control character other than tab and new line
	CodeTooMany   = "too_many"  // Params: max
	CodeUnknown   = "unknown"   // names something that is not there
)

// Line checks a text of one line, such as a title: valid UTF-8 without control
// characters, at most max runes, with something to be seen. It returns the text
// in normal form NFC (Unicode Standard Annex 15) without the white space around
// it, which counts, or an [*Invalid] of the field.
func Line(field, s string, max int) (string, error) {
	s, err := clean(field, s, max, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' })
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(s), nil
}

// Text checks a text of many lines, such as a body: valid UTF-8 without
// control characters but tab and new line, at most max runes, with something
// to be seen. It returns the text in normal form NFC with every "\r\n" as "\n",
// or an [*Invalid] of the field; white space is kept, because in Markdown it
// means something.
func Text(field, s string, max int) (string, error) {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return clean(field, s, max, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' })
}

// Optional is f, Line or Text, for a field that may be left empty.
func Optional(f func(field, s string, max int) (string, error), field, s string, max int) (string, error) {
	if s == "" {
		return "", nil
	}
	return f(field, s, max)
}

func clean(field, s string, max int, refused func(rune) bool) (string, error) {
	// A rune has at most 4 bytes in UTF-8, and NFC of n runes never needs
	// more than 3n (Unicode Standard Annex 15, section 12): what is longer is refused unread.
	if len(s) > 12*max {
		return "", &Invalid{field, CodeTooLong, map[string]any{"max": max}}
	}
	if !utf8.ValidString(s) {
		return "", &Invalid{Field: field, Code: CodeMalformed}
	}
	if strings.ContainsFunc(s, refused) {
		return "", &Invalid{Field: field, Code: CodeControl}
	}
	s = norm.NFC.String(s)
	if utf8.RuneCountInString(s) > max {
		return "", &Invalid{field, CodeTooLong, map[string]any{"max": max}}
	}
	if !strings.ContainsFunc(s, visible) {
		return "", &Invalid{Field: field, Code: CodeMissing}
	}
	return s, nil
}

// visible reports whether a reader sees anything of a rune that stands alone:
// not of white space, nor of format characters such as a zero-width space, nor
// of what Unicode counts as letters, marks or symbols and nothing draws.
func visible(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && r != '\u2800' && // BRAILLE PATTERN BLANK
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
