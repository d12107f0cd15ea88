// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/copis-it/copis/community/membership"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Unità Sanitaria":                    "unita sanitaria",
		"UNITA' SANITARIA":                   "unita sanitaria",
		"Comune di Sant'Abbondio":            "comune di sant abbondio",
		"  Sozial\u00adwissenschaftliches  ": "sozial wissenschaftliches",
		"Istituzione Abbé Prosper Duc":       "istituzione abbe prosper duc",
		"A.P.S.P. \"S. Antonio\"":            "a p s p s antonio",
		"Citta\u0300":                        "citta",
		"ﬁnanza d'impatto":                   "finanza d impatto",
		"Straße, İstanbul":                   "straße istanbul",
		"C_F205":                             "c f205",
		"":                                   "",
		" -/_ ":                              "",
		"\xff\xfe":                           "",
		"Ambito territoriale n. 5":           "ambito territoriale n 5",
		"АБВ":                                "абв",
	} {
		assert.Equal(t, want, membership.Fold(in), "%q", in)
	}
}

// S70: folding takes time as the text is long, and folds what is folded to
// itself.
func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "Unità", "a'b", "ﬃ", "\u0130\u0131", "ﷺ", "\xff", "e\u0301\u0301\u0301", "ǅ", "ς Σ", "ϓ", "0\xf2à"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := membership.Fold(s)
		if again := membership.Fold(got); again != got {
			t.Fatalf("%q, folded %q, folded again %q", s, got, again)
		}
		if !utf8.ValidString(got) || strings.Contains(got, "  ") || strings.TrimSpace(got) != got {
			t.Fatalf("%q", got)
		}
		for _, r := range got {
			if r != ' ' && !unicode.IsLetter(r) && !unicode.IsNumber(r) {
				t.Fatalf("%q has %q", got, r)
			}
		}
		if len(got) > 18*len(s)+1 {
			t.Fatalf("%d bytes became %d", len(s), len(got))
		}
	})
}

// 128 KiB take a fraction of a second; were time to grow with the square of
// the length, it would be a quarter of a minute.
func TestFoldIsLinear_S70(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"à", "a ", "ﷺ", "e\u0301", "\u0301", "\xff", "İ"} {
		text, best := strings.Repeat(s, 128<<10/len(s)), time.Hour
		for range 3 { // the best of three: other tests run too
			began := time.Now()
			membership.Fold(text)
			best = min(best, time.Since(began))
		}
		assert.Less(t, best, 3*time.Second, "%q", s)
	}
}

// Whatever rune stands alone, folding it again changes nothing.
func TestFoldOfEveryRune(t *testing.T) {
	t.Parallel()
	for r := range unicode.MaxRune {
		once := membership.Fold(string(r))
		if again := membership.Fold(once); again != once {
			t.Errorf("%U: %q, then %q", r, once, again)
		}
	}
}
