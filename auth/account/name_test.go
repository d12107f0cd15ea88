// SPDX-License-Identifier: BSD-3-Clause

package account_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
)

func codeOf(err error) string {
	var invalid *storage.Invalid
	if errors.As(err, &invalid) {
		return invalid.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestParseName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, want, code string }{
		{"maria.rossi", "maria.rossi", ""},
		{"Maria_Rossi-2", "Maria_Rossi-2", ""},
		{"Niccolo\u0300", "Niccolò", ""},
		{"ＭＡＲＩＡ", "MARIA", ""}, // width is mapped (RFC 8265)
		{"мария", "мария", ""},
		{"δημήτρης", "δημήτρης", ""},
		{"山田太郎", "山田太郎", ""},
		{"Łukasz", "Łukasz", ""},
		{"ab", "", account.CodeTooShort},
		{"", "", storage.CodeMissing},
		{strings.Repeat("a", 32), strings.Repeat("a", 32), ""},
		{strings.Repeat("a", 33), "", storage.CodeTooLong},
		{strings.Repeat("a", 1000), "", storage.CodeTooLong},
		{"maria rossi", "", storage.CodeMalformed},
		{"maria@rossi", "", storage.CodeMalformed},
		{"maria\nrossi", "", storage.CodeMalformed},
		{"maria\x1b[31m", "", storage.CodeMalformed},
		{"ma\u200bria", "", storage.CodeMalformed},
		{"\u202eairam", "", storage.CodeMalformed},
		{"maria\xff", "", storage.CodeMalformed},
		{".maria", "", storage.CodeMalformed},
		{"maria.", "", storage.CodeMalformed},
		{"ma..ria", "", storage.CodeMalformed},
		{"123456", "", storage.CodeMalformed},
		{"m\u0300\u0301\u0302\u0303aria", "", storage.CodeMalformed},
		{"<script>", "", storage.CodeMalformed},
		{"mаria", "", account.CodeMixed}, // Cyrillic а
		{"ΥΛΗ", "", account.CodeMixed},   // looks like YAH, and is υλη
		{"ﬁlippo", "", storage.CodeMalformed},
		{"мария٣", "", storage.CodeMalformed},
	} {
		name, h, err := account.ParseName(c.name)
		assert.Equal(t, c.code, codeOf(err), "%q", c.name)
		assert.Equal(t, c.want, name, "%q", c.name)
		if err == nil {
			assert.Equal(t, account.HandleOf(name), h)
			assert.True(t, norm.NFC.IsNormalString(name))
			again, same, err := account.ParseName(name)
			require.NoError(t, err)
			assert.Equal(t, name, again)
			assert.Equal(t, h, same)
		}
	}
}

// S72, S73: names that look alike have one handle.
func TestS72Lookalikes(t *testing.T) {
	t.Parallel()
	for _, twins := range [][]string{
		{"admin", "Admin", "ADMIN", "аdmin", "adm\u200bin", "ａｄｍｉｎ", "admın", "adm1n", "admln", "\u202eadmin", "ad\u00admin"},
		{"paolo", "PaoIo", "Paolo", "pao1o", "pa0l0", "раоӏо", "PAOLO", "paoio"},
		{"Niccolò", "niccolo\u0300", "NICCOLÒ"},
		{"Marco", "rnarco"},
	} {
		for _, n := range twins[1:] {
			assert.Equal(t, account.HandleOf(twins[0]), account.HandleOf(n), "%q %q", twins[0], n)
		}
	}
	all := map[account.Handle]string{}
	for _, n := range []string{"maria", "mario", "marla2", "rita", "zita", "carlo", "enzo", "enrico", "Niccolo", "niccolò", "sofia", "ada", "eva", "мария"} {
		h := account.HandleOf(n)
		assert.Empty(t, all[h], "%q", n)
		all[h] = n
	}
}

// S72: for each pair that Unicode calls confusable, names that differ only in
// it have the same handle, or one of them is no name. A few pairs are of
// characters that the standard decomposes before it compares, so that what it
// says of them says nothing.
func TestS72Confusables(t *testing.T) {
	t.Parallel()
	same, refused, void := 0, 0, 0
	for _, p := range shared.Lines[struct{ Src, Dst string }](t, "corpora/identity/confusables.jsonl") {
		a, b := "ab"+p.Src+"cd", "ab"+p.Dst+"cd"
		if account.HandleOf(a) == account.HandleOf(b) {
			same++
			continue
		}
		one := func(s string) bool { // in letters of its own script, if it has any
			_, _, err := account.ParseName(strings.Repeat(s, 3))
			_, _, mixed := account.ParseName("ab" + s + "cd")
			return err != nil && mixed != nil
		}
		if norm.NFD.String(p.Src) != p.Src {
			void++
			continue
		}
		if assert.True(t, one(p.Src) || one(p.Dst), "%+q %+q: %+q %+q", p.Src, p.Dst, account.Skeleton(a), account.Skeleton(b)) {
			refused++
		}
	}
	t.Logf("%d pairs have the same handle, of %d more one is in no name, %d say nothing", same, refused, void)
	assert.Greater(t, same, 6000)
}

// Whatever is admitted as a name has the handle of its small letters, so that
// nobody has to know how it is written.
func TestHandleIgnoresCase(t *testing.T) {
	t.Parallel()
	admitted, refused := 0, 0
	for r := rune('A'); r < 0x20000; r++ {
		if !unicode.IsUpper(r) {
			continue
		}
		name := "ab" + string(r) + "cd"
		if unicode.Is(unicode.Latin, r) == false {
			name = strings.Repeat(string(r), 3)
		}
		clean, h, err := account.ParseName(name)
		if err != nil {
			refused++
			require.False(t, r <= unicode.MaxASCII || strings.ContainsRune("ÀÁÈÉÌÍÒÓÙÚÄÖÜÇÑŠŽČĆÅØŁ", r), "%q is refused: %v", r, err)
			continue
		}
		admitted++
		assert.Equal(t, h, account.HandleOf(strings.ToLower(clean)), "%q", clean)
	}
	t.Logf("%d capital letters admitted, %d refused", admitted, refused)
}

// S72: what nobody sees is in no name.
func TestS72DefaultIgnorables(t *testing.T) {
	t.Parallel()
	for _, r := range shared.Lines[struct{ From, To string }](t, "corpora/identity/default_ignorable_ranges.jsonl") {
		from, err := strconv.ParseInt(r.From, 16, 32)
		require.NoError(t, err)
		to, err := strconv.ParseInt(r.To, 16, 32)
		require.NoError(t, err)
		for c := rune(from); c <= rune(to); c++ {
			name := "ma" + string(c) + "ria"
			if _, _, err := account.ParseName(name); !errors.Is(err, storage.ErrInvalid) {
				t.Fatalf("%U is in a name", c)
			}
			if account.HandleOf(name) != account.HandleOf("maria") {
				t.Fatalf("%U makes another handle", c)
			}
		}
	}
}

// Of the names that others reserve, those are refused here that could be
// mistaken for the house's own: roles, mail and hosts, pages of the portal.
// Numbers and names of one or two letters are no names anyhow. What remains is
// for a member to have; its share is bounded.
func TestReservedNames(t *testing.T) {
	t.Parallel()
	var free []string
	total, malformed, reserved := 0, 0, account.Reserved("Co.PIS")
	for _, c := range shared.Lines[struct{ Name string }](t, "corpora/identity/reserved_usernames.jsonl") {
		total++
		name, _, err := account.ParseName(c.Name)
		switch {
		case err != nil:
			malformed++
		case !reserved(name):
			free = append(free, c.Name)
		}
	}
	t.Logf("of %d names %d are no names, %d are reserved, %d are free: %v", total, malformed, total-malformed-len(free), len(free), free)
	assert.Less(t, len(free), total/3)
}

func TestReservedLookalikes(t *testing.T) {
	t.Parallel()
	reserved := account.Reserved("Co.PIS")
	for _, n := range []string{
		"admin", "Admin1", "adm1n", "4dmin", "a.d.m.i.n", "аdmin", "admin-roma", "roma_admin", "5taff", "r00t", "ROOT", "rооt", "moderatore", "moderatore2",
		"Co.PIS", "copis", "c0pis", "copis-staff", "postmaster", "mailer-daemon", "redazione.roma", "supporto", "no-reply", "forgot-password", "amministratore", "arnministratore",
	} {
		assert.True(t, reserved(n), "%q", n)
	}
	for _, n := range []string{"maria.rossi", "badminton", "rootless", "adminton", "copisteria", "Pagina-bianca"} {
		assert.False(t, reserved(n), "%q", n)
	}
	for _, w := range account.ReservedWords() {
		assert.True(t, reserved(w), "%q", w)
	}
	other := account.Reserved("Rete dei Comuni")
	assert.True(t, other("retedeicomuni"))
	assert.True(t, other("Rete.dei-Comuni"))
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"maria.rossi", "Niccolo\u0300", "аdmin", "\u202eadmin", "山田太郎", "ＭＡＲＩＡ", "a-b_c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, h, err := account.ParseName(s)
		if err != nil {
			if !errors.Is(err, storage.ErrInvalid) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if n := utf8.RuneCountInString(name); n < account.MinName || n > account.MaxName {
			t.Errorf("%q has %d runes", name, n)
		}
		again, same, err := account.ParseName(name)
		if err != nil || again != name || same != h {
			t.Errorf("%q becomes %q, %v", name, again, err)
		}
		if account.HandleOf(strings.ToLower(name)) != h {
			t.Errorf("%q and its small letters differ", name)
		}
	})
}

func TestS63NamesAreNoEscapes(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"a\x1b]0;x\x07", "abc\r\nSet-Cookie", "a\u2028b", "abc\u009b31m", "a\x7fb"} {
		_, _, err := account.ParseName(s)
		require.ErrorIs(t, err, storage.ErrInvalid)
		require.NotContains(t, err.Error(), s)
	}
}

func BenchmarkParseName(b *testing.B) {
	for b.Loop() {
		if _, _, err := account.ParseName("Maria.Rossi-2026"); err != nil {
			b.Fatal(err)
		}
	}
}
