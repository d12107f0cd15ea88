// SPDX-License-Identifier: BSD-3-Clause

package wiki_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"golang.org/x/text/unicode/norm"

	"github.com/copis-it/copis/wiki"
)

func TestKey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, title, key string }{
		{"as it is", "bilancio sociale", "bilancio sociale"},
		{"case", "Bilancio SOCIALE", "bilancio sociale"},
		{"accents composed", "Perché", "perché"},
		{"accents apart", "Perche\u0301", "perché"},
		{"accents in another order", "a\u0323\u0302", "ậ"},
		{"an accent is kept", "Perche", "perche"},
		{"sharp s", "Straße", "strasse"},
		{"capital sharp s", "STRA\u1e9eE", "strasse"},
		{"final sigma", "ΟΔΟΣ", "οδοσ"},
		{"final sigma, written", "οδος", "οδοσ"},
		{"iota below", "ᾳ", "αι"},
		{"ligature", "ﬁne", "fine"},
		{"dotted capital i", "İ", "i̇"},
		{"underscores", "Bilancio_sociale__2024", "bilancio sociale 2024"},
		{"white space of any kind", "\u00a0Bilancio \u2003\t sociale\u3000", "bilancio sociale"},
		{"both", "_ a _ b _", "a b"},
		{"other alphabets", "Пример 例え", "пример 例え"},
		{"nothing", "", ""},
		{"nothing but gaps", " _\u00a0_", ""},
		{"punctuation stays", "C++ & «C#»", "c++ & «c#»"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.key, wiki.Key(c.title))
			assert.Equal(t, c.key, wiki.Key(c.key), "a key is its own key")
		})
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, title, slug string }{
		{"words", "Bilancio sociale", "bilancio-sociale"},
		{"accents", "Perché no?", "perche-no"},
		{"accents apart", "Perche\u0301 no?", "perche-no"},
		{"apostrophe", "L'area dell’ente", "l-area-dell-ente"},
		{"what is around it", "  «Sì!»  ", "si"},
		{"many gaps", "a — _ b", "a-b"},
		{"figures", "5 × 1000, 2024", "5-1000-2024"},
		{"sharp s and ligature", "Straße ﬁne", "strasse-fine"},
		{"other alphabets", "Пример 例え", "пример-例え"},
		{"vowel signs stay", "कि", "कि"},
		{"nothing", "", ""},
		{"nothing to read", "?!…", ""},
		{"an address's own signs", "../a?b#c&d=e%2f", "a-b-c-d-e-2f"},
		{"long", strings.Repeat("a", 100), strings.Repeat("a", 80)},
		{"long, with a gap at the end", strings.Repeat("a", 79) + " b", strings.Repeat("a", 79)},
		{"long, with a gap before the last", strings.Repeat("a", 78) + " bc", strings.Repeat("a", 78) + "-b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.slug, wiki.Slug(c.title))
		})
	}
}

var titles = []string{"", "Bilancio sociale", "_", "İstanbul", "ᾳ\u0301", "\u0345\u0301", "ﬃ ẞ", "\xff", "a\u0323\u0302", "ΟΔΟΣ", "कि", "각", "\u0390\u1fb7", "ſ", "K"}

func FuzzKey(f *testing.F) {
	for _, s := range titles {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, title string) {
		key := wiki.Key(title)
		if again := wiki.Key(key); again != key {
			t.Fatalf("%q has the key %q, and that %q", title, key, again)
		}
		if utf8.ValidString(title) && !utf8.ValidString(key) {
			t.Fatalf("%q is no longer UTF-8", key)
		}
		for name, same := range map[string]string{
			"NFD": norm.NFD.String(title), "NFC": norm.NFC.String(title), "spaced": " _" + title + "\t_",
		} {
			if got := wiki.Key(same); got != key {
				t.Fatalf("%s of %q has the key %q, not %q", name, title, got, key)
			}
		}
		if strings.Contains(key, "  ") || strings.Contains(key, "_") || strings.TrimSpace(key) != key {
			t.Fatalf("%q is spaced otherwise than a key", key)
		}
	})
}

func FuzzSlug(f *testing.F) {
	for _, s := range titles {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, title string) {
		slug := wiki.Slug(title)
		if n := utf8.RuneCountInString(slug); n > 80 || !utf8.ValidString(slug) {
			t.Fatalf("%q: %d runes", slug, n)
		}
		if strings.ContainsAny(slug, "/?#%&=+.: \"'<>\\\x00") || strings.Contains(slug, "--") || strings.Trim(slug, "-") != slug {
			t.Fatalf("%q is no part of an address", slug)
		}
		if got := wiki.Slug(norm.NFD.String(title)); got != slug {
			t.Fatalf("NFD of %q has the slug %q, not %q", title, got, slug)
		}
	})
}
