// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/copis-it/copis/storage"
)

// glossary is a store that holds synonyms and nothing else.
type glossary struct {
	Store
	of    map[string]string
	reads *int
}

func (g glossary) Synonyms(_ context.Context, tags []string) ([]Synonym, error) {
	*g.reads++
	var out []Synonym
	for _, tag := range tags {
		if to, ok := g.of[tag]; ok {
			out = append(out, Synonym{tag, to})
		}
	}
	return out, nil
}

func TestTagForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Gare": "gare", "  gare  ": "gare", "Gare e appalti": "gare-e-appalti", "gare -- appalti": "gare-appalti", "-gare-": "gare",
		"gare\u00a0appalti": "gare-appalti", "c++": "c++", "C#": "c#", ".NET": ".net", "node.js": "node.js", "città": "città", "CITTÀ": "città",
		"cita\u0300": "cità", "50-2016": "50-2016", "日本語": "日本語", strings.Repeat("é", MaxTag): strings.Repeat("é", MaxTag),
	} {
		got, err := tagForm("tags", in, MaxTag)
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
	for in, code := range map[string]string{
		"": storage.CodeMissing, " ": storage.CodeMissing, "\u200b": storage.CodeMissing, "---": storage.CodeMalformed, "+": storage.CodeMalformed,
		"a,b": storage.CodeMalformed, "a/b": storage.CodeMalformed, "a_b": storage.CodeMalformed, "<b>": storage.CodeMalformed, "a\u200bb": storage.CodeMalformed,
		"a\u3164": storage.CodeMalformed, "👩": storage.CodeMalformed, "a\nb": storage.CodeControl, "\xff": storage.CodeMalformed,
		strings.Repeat("a", MaxTag+1): storage.CodeTooLong, strings.Repeat("a", 1<<20): storage.CodeTooLong,
	} {
		_, err := tagForm("tags", in, MaxTag)
		refusedAs(t, err, "tags", code)
	}
}

func refusedAs(t *testing.T, err error, field, code string) {
	t.Helper()
	var in *storage.Invalid
	require.ErrorAs(t, err, &in)
	require.Equal(t, [2]string{field, code}, [2]string{in.Field, in.Code})
}

func TestTagsOfAQuestion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in, want []string
		reads    int
		code     string
	}{
		"none":                     {},
		"as given":                 {in: []string{"Zeta", "alfa"}, want: []string{"zeta", "alfa"}, reads: 1},
		"twice":                    {in: []string{"Gare", "gare", "GARE "}, want: []string{"gare"}, reads: 1},
		"a synonym":                {in: []string{"bandi", "x"}, want: []string{"gare", "x"}, reads: 2},
		"a synonym and its target": {in: []string{"bandi", "gare"}, want: []string{"gare"}, reads: 1},
		"synonyms of one":          {in: []string{"bandi", "y", "concorsi"}, want: []string{"gare", "y"}, reads: 2},
		"a chain":                  {in: []string{"uno"}, want: []string{"tre"}, reads: 3},
		"a circle":                 {in: []string{"ping"}, want: []string{"ping"}, reads: 2},
		"as many as may be":        {in: []string{"a", "b", "c", "d", "e", "a"}, want: []string{"a", "b", "c", "d", "e"}, reads: 1},
		"too many":                 {in: []string{"a", "b", "c", "d", "e", "f"}, code: storage.CodeTooMany},
		"one that is none":         {in: []string{"a", ""}, code: storage.CodeMissing},
	} {
		reads := 0
		s := New(Config{Store: glossary{reads: &reads, of: map[string]string{
			"bandi": "gare", "concorsi": "gare", "uno": "due", "due": "tre", "ping": "pong", "pong": "ping",
		}}})
		got, err := s.tags(t.Context(), c.in)
		require.Equal(t, c.want, got, name)
		require.Equal(t, c.reads, reads, name)
		if c.code != "" {
			refusedAs(t, err, "tags", c.code)
			continue
		}
		require.NoError(t, err, name)
	}
}

func FuzzTagForm(f *testing.F) {
	for _, s := range []string{"Gare e appalti", "c++", ".NET", "İ", "ẞ", "a\u0301", "\u1e9b\u0323", "ΑΣ", "ǅ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tag, err := tagForm("tags", s, MaxTag)
		if err != nil {
			return
		}
		if tag == "" || utf8.RuneCountInString(tag) > MaxTag || !norm.NFC.IsNormalString(tag) || strings.ContainsFunc(tag, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !slices.Contains([]rune("+#.-"), r)
		}) {
			t.Fatalf("%q is %q", s, tag)
		}
		if again, err := tagForm("tags", tag, MaxTag); again != tag || err != nil {
			t.Fatalf("%q is %q and then %q: %v", s, tag, again, err)
		}
	})
}

func TestThemesOfAQuestion(t *testing.T) {
	t.Parallel()
	id := func(n byte) ThemeID { return storage.MakeID[Theme]([16]byte{15: n}) }
	s := New(Config{Store: glossary{}, Themes: func(_ context.Context, in []ThemeID) ([]ThemeID, error) {
		if slices.Contains(in, id(9)) {
			return []ThemeID{id(9)}, nil
		}
		if slices.Contains(in, id(8)) {
			return nil, context.DeadlineExceeded
		}
		return nil, nil
	}})
	got, err := s.themes(t.Context(), []ThemeID{id(3), id(1), id(3)})
	require.NoError(t, err)
	require.Equal(t, []ThemeID{id(1), id(3)}, got)
	got, err = s.themes(t.Context(), nil)
	require.NoError(t, err)
	require.Nil(t, got)
	_, err = s.themes(t.Context(), []ThemeID{id(1), id(9)})
	refusedAs(t, err, "themes", storage.CodeUnknown)
	_, err = s.themes(t.Context(), []ThemeID{id(1), {}})
	refusedAs(t, err, "themes", storage.CodeUnknown)
	_, err = s.themes(t.Context(), []ThemeID{id(1), id(2), id(3), id(4), id(5), id(6)})
	refusedAs(t, err, "themes", storage.CodeTooMany)
	_, err = s.themes(t.Context(), []ThemeID{id(8)})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	got, err = New(Config{Store: glossary{}}).themes(t.Context(), []ThemeID{id(9)})
	require.NoError(t, err, "who says nothing knows all")
	require.Equal(t, []ThemeID{id(9)}, got)
}
