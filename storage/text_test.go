// SPDX-License-Identifier: BSD-3-Clause

package storage_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
)

func TestLineAndText(t *testing.T) {
	t.Parallel()
	const invalid = "\xff"
	for _, c := range []struct {
		in         string
		line, text string // what becomes of it, or the code of the refusal after a "!"
	}{
		{"Gara", "Gara", "Gara"},
		{"  Gara  ", "Gara", "  Gara  "},
		{"", "!missing", "!missing"},
		{" \u00a0\u2003", "!missing", "!missing"},
		{"\n\t", "!control", "!missing"},
		{"\u200b\u2060\ufeff", "!missing", "!missing"},
		{"\u115f\u3164\uffa0\u2800", "!missing", "!missing"}, // letters and symbols without ink
		{"\ufe0f\u034f\u180b\U000e0100", "!missing", "!missing"},
		{"\u115f\u1161", "\u115f\u1161", "\u115f\u1161"},
		{"❤\ufe0f", "❤\ufe0f", "❤\ufe0f"},
		{"\u2801", "\u2801", "\u2801"},
		{"a\nb", "!control", "a\nb"},
		{"a\r\nb", "!control", "a\nb"},
		{"a\rb", "!control", "!control"},
		{"a\tb", "!control", "a\tb"},
		{"a\x00b", "!control", "!control"},
		{"a\x7fb", "!control", "!control"},
		{"a\u0085b", "!control", "!control"},
		{"a\u2028b", "!control", "a\u2028b"},
		{"a\u2029b", "!control", "a\u2029b"},
		{"perche\u0301", "perché", "perché"},
		{"perché", "perché", "perché"},
		{"\u212b", "Å", "Å"},
		{invalid, "!malformed", "!malformed"},
		{"ab" + invalid, "!malformed", "!malformed"},
		{"0123456789", "0123456789", "0123456789"},
		{"0123456789x", "!too_long", "!too_long"},
		{" 012345678 ", "!too_long", "!too_long"},
		{"èèèèèèèèèè", "èèèèèèèèèè", "èèèèèèèèèè"},
		{strings.Repeat("e\u0301", 10), strings.Repeat("é", 10), strings.Repeat("é", 10)},
		{strings.Repeat("e\u0301", 11), "!too_long", "!too_long"},
		{strings.Repeat("👩‍⚖️", 2), "👩‍⚖️👩‍⚖️", "👩‍⚖️👩‍⚖️"},
		{"a" + strings.Repeat("\u0301", 1000), "!too_long", "!too_long"},
		{strings.Repeat(invalid, 10_000), "!too_long", "!too_long"},
		{"<script>", "<script>", "<script>"},
	} {
		for name, f := range map[string]func(string, string, int) (string, error){"line": storage.Line, "text": storage.Text} {
			want := c.line
			if name == "text" {
				want = c.text
			}
			got, err := f("title", c.in, 10)
			if code, refused := strings.CutPrefix(want, "!"); refused {
				var invalid *storage.Invalid
				require.ErrorAs(t, err, &invalid, "%s %q", name, c.in)
				require.ErrorIs(t, err, storage.ErrInvalid)
				require.Equal(t, code, invalid.Code, "%s %q", name, c.in)
				require.Equal(t, "title", invalid.Field)
				if code == storage.CodeTooLong {
					require.Equal(t, 10, invalid.Params["max"])
				}
				require.Empty(t, got)
				continue
			}
			require.NoError(t, err, "%s %q", name, c.in)
			require.Equal(t, want, got, "%s %q", name, c.in)
		}
	}
}

func TestOptional(t *testing.T) {
	t.Parallel()
	got, err := storage.Optional(storage.Line, "why", "", 10)
	require.NoError(t, err)
	require.Empty(t, got)
	got, err = storage.Optional(storage.Line, "why", " x ", 10)
	require.NoError(t, err)
	require.Equal(t, "x", got)
	_, err = storage.Optional(storage.Line, "why", " ", 10)
	require.ErrorIs(t, err, storage.ErrInvalid)
	_, err = storage.Optional(storage.Line, "why", "01234567890", 10)
	require.ErrorIs(t, err, storage.ErrInvalid)
}

// checkClean holds what Line and Text promise of any text at all.
func checkClean(t *testing.T, in string) {
	t.Helper()
	for name, f := range map[string]func(string, string, int) (string, error){"line": storage.Line, "text": storage.Text} {
		got, err := f("f", in, 50)
		if err != nil {
			if !errors.Is(err, storage.ErrInvalid) || got != "" {
				t.Errorf("%s %q: %q, %v", name, in, got, err)
			}
			continue
		}
		bad := func(r rune) bool { return unicode.IsControl(r) && (name == "line" || r != '\n' && r != '\t') }
		if !utf8.ValidString(got) || !norm.NFC.IsNormalString(got) || utf8.RuneCountInString(got) > 50 || strings.TrimSpace(got) == "" || strings.ContainsFunc(got, bad) {
			t.Errorf("%s %q gives %q", name, in, got)
		}
		if again, err := f("f", got, 50); err != nil || again != got {
			t.Errorf("%s %q gives %q, and that gives %q, %v", name, in, got, again, err)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"Gara", "a\r\nb", "\r\r\n\n", "e\u0301", "\xff", " \u0344 ", "\u0958", strings.Repeat("\u0390", 60)} {
		f.Add(s)
	}
	f.Fuzz(checkClean)
}

func TestNaughtyStrings(t *testing.T) {
	t.Parallel()
	for _, l := range shared.Lines[struct{ S string }](t, "corpora/strings/blns.jsonl") {
		checkClean(t, l.S)
	}
}
