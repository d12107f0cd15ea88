// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// What differs only in number, in gender, in case or in accents is found.
func TestWordsMeet(t *testing.T) {
	t.Parallel()
	for _, same := range []string{
		"gara gare", "appalto appalti Appalti APPALTO", "ente enti", "banca banche", "luogo luoghi", "farmacia farmacie", "amico amici amica amiche",
		"studio studi", "direttore direttori direttrice direttrici", "coordinatore coordinatrice", "professore professoressa professoresse",
		"studente studenti studentessa studentesse", "dirigente dirigenti", "innovativo innovativa innovativi innovative",
		"città citta CITTÀ cittá", "perizia perizie", "contract contracts", "company companies", "service services", "process processes",
		"computer computers", "box boxes", "status status", "ﬁrma firma firme", "c++ C++", "50 50", "Straße straße",
	} {
		all := strings.Fields(same)
		for _, w := range all[1:] {
			require.Equal(t, words(all[0], nil), words(w, nil), "%s and %s", all[0], w)
			require.Len(t, words(w, nil), 1, w)
		}
	}
}

func TestWordsDiffer(t *testing.T) {
	t.Parallel()
	for _, other := range []string{"gara gatto", "appalto appello", "c c++", "c# c++", "50 2016", "processo progresso", "interesse interno", "affido affitto"} {
		both := strings.Fields(other)
		require.NotEqual(t, words(both[0], nil), words(both[1], nil), other)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for title, want := range map[string][]string{
		"": nil, "Che cosa è?": nil, "How do I do this?": nil, "«…» — !!!": nil, "\xff\xfe": nil,
		"Come si fa il dialogo competitivo?":                     {"dialog", "competitiv"},
		"Dialogo competitivo, dialoghi competitivi":              {"dialog", "competitiv"},
		"L'affidamento dell'appalto all'ente":                    {"affidament", "appalt", "ent"},
		"L’affidamento dell’appalto":                             {"affidament", "appalt"},
		"D.Lgs. 50/2016":                                         {"lgs", "50", "2016"},
		"What is the procedure for innovation contracts in C++?": {"procedur", "innovation", "contract", "c++"},
		"Когда 日本語 ok":                                           {"когда", "日本語", "ok"},
		strings.Repeat("x", 90):                                  {strings.Repeat("x", maxWord)},
		strings.Repeat("perché non come ", 100) + "RUP":          {"rup"},
	} {
		require.Equal(t, want, words(title, nil), title)
	}
	require.Equal(t, []string{"gar", "appalt", "c#", "dialog"}, words("Dialogo nella gara", []string{"gare-e-appalti", "c#"}), "those of the tags come first")

	var many []string
	for _, r := range "abcdefghijklmnopqrstuvwxyz" {
		many = append(many, strings.Repeat(string(r), 2)+"k")
	}
	require.Len(t, words(strings.Join(many, " "), nil), MaxWords)
	require.Contains(t, words(strings.Join(many, " "), []string{"zebra"}), "zebr")
}

func FuzzWords(f *testing.F) {
	f.Add("Come si fa il dialogo competitivo?", "gare-e-appalti")
	f.Add("ﷺ İSTANBUL ẞ ǅ", "c++")
	f.Add("a\u0301\u0301 \u1e9b\u0323", "")
	f.Fuzz(func(t *testing.T, title, tag string) {
		all := words(title, []string{tag})
		if len(all) > MaxWords || !slices.Equal(all, words(title, []string{tag})) {
			t.Fatalf("%q", all)
		}
		for i, w := range all {
			if w == "" || !utf8.ValidString(w) || utf8.RuneCountInString(w) > maxWord+2 || strings.ContainsFunc(w, unicode.IsSpace) ||
				strings.ContainsRune(w, 0) || slices.Contains(all[:i], w) {
				t.Fatalf("%q of %q", w, all)
			}
		}
		for _, w := range words(strings.ToUpper(tag), nil) {
			if strings.ContainsFunc(w, func(r rune) bool { return 'A' <= r && r <= 'Z' }) {
				t.Fatalf("%q", w)
			}
		}
	})
}
