// SPDX-License-Identifier: BSD-3-Clause

package password_test

import (
	"bufio"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/password"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
)

func errorsAs(err error, target **storage.Invalid) bool { return errors.As(err, target) }

// Of the 10,000 passwords tried first, none that is long enough is admitted.
func TestTop10k(t *testing.T) {
	t.Parallel()
	h := password.New(cheap)
	short, refused := 0, 0
	for in := bufio.NewScanner(shared.Open(t, "corpora/password/top10k.txt")); in.Scan(); {
		pw := in.Text()
		code := codeOf(h.Check(pw, 8))
		if utf8.RuneCountInString(pw) < 8 {
			assert.Equal(t, account.CodeTooShort, code, "%q", pw)
			short++
			continue
		}
		if assert.Contains(t, []string{account.CodeCommon, account.CodeGuessable}, code, "%q", pw) {
			refused++
		}
		assert.NotEmpty(t, codeOf(h.Check(strings.ToUpper(pw)+"1!", 8)), "%q, as a rule would have it", pw)
	}
	t.Logf("%d too short, %d of %d others refused", short, refused, 10_000-short)
	require.Equal(t, 10_000, short+refused)
}

func TestCheck(t *testing.T) {
	t.Parallel()
	h := password.New(cheap)
	known := []string{"maria.rossi", "m.rossi78", "Co.PIS"}
	for _, c := range []struct{ pw, code string }{
		{"cavallo batteria graffetta", ""},
		{"nel blu dipinto di blu, felice", ""},
		{"Xk7#mPq2vLz9", ""},
		{"日本語のパスワードです", ""},
		{"i pomodori rossi sono maturi", ""},
		{"abbastanza", account.CodeCommon},
		{"PASSWORD", account.CodeCommon},
		{"P@ssw0rd2026!", account.CodeCommon},
		{"1ncredib1le", account.CodeCommon},
		{"drowssap", account.CodeCommon},
		{"passwordpassword", account.CodeCommon},
		{"passwordpasswordpass", account.CodeCommon},
		{"ＰＡＳＳＷＯＲＤ", account.CodeCommon},
		{"qwertyuiopasdfghjkl", account.CodeGuessable},
		{"abcdefghijklmno", account.CodeGuessable},
		{"zyxwvutsrqponml", account.CodeGuessable},
		{"aaaaaaaaaaaaaaa", account.CodeGuessable},
		{"xyxyxyxyxyxyxyx", account.CodeGuessable},
		{"1qaz2wsx3edc4rfv", account.CodeCommon},
		{"0okm9ijn8uhb7ygv", account.CodeGuessable},
		{"012345678901234", account.CodeCommon},
		{"aaaaabbbbbccccc", account.CodeGuessable},
		{"maria.rossi.2026", account.CodeGuessable},
		{"la maria.rossi che balla", account.CodeGuessable},
		{"MariaRossi e basta", account.CodeGuessable},
		{"m4ri4.r0ssi va forte", account.CodeGuessable},
		{"issor.airam va forte", account.CodeGuessable},
		{"rossi maria 1978", account.CodeGuessable},
		{"viva copis, sempre", account.CodeGuessable},
	} {
		want := c.code
		assert.Equal(t, want, codeOf(h.Check(c.pw, 8, known...)), "%q", c.pw)
	}
}

// Lengths are counted in what a person types.
func TestCheckCountsRunes(t *testing.T) {
	t.Parallel()
	h := password.New(cheap)
	const pw = "èùòàçé€ßñøåæœþð" // 15 runes
	require.Empty(t, codeOf(h.Check(pw, 15)))
	err := h.Check(pw, 16)
	require.Equal(t, account.CodeTooShort, codeOf(err))
	var invalid *storage.Invalid
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, map[string]any{"min": 16}, invalid.Params)
	require.Equal(t, "password", invalid.Field)
	decomposed := strings.ReplaceAll(pw, "è", "e\u0300")
	require.Equal(t, account.CodeTooShort, codeOf(h.Check(decomposed, 16)), "in normal form")
}

// A filter with a false alarm in 10,000 would already refuse a good password
// here and there.
func TestFalseAlarms(t *testing.T) {
	t.Parallel()
	h := password.New(cheap)
	r := newRandom(1)
	wrong := 0
	const tries = 20_000
	for range tries {
		if err := h.Check(r.text(12), 8); err != nil {
			wrong++
		}
	}
	t.Logf("%d of %d random passwords of 12 characters refused", wrong, tries)
	require.LessOrEqual(t, wrong, tries/1000)
}

func FuzzCheck(f *testing.F) {
	f.Add("password", "maria")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, pw, known string) {
		h := password.New(cheap)
		err := h.Check(pw, 8, known)
		var invalid *storage.Invalid
		if err != nil && (!errors.As(err, &invalid) || invalid.Field != "password") {
			t.Errorf("%v", err)
		}
		if _, bad := h.Hash(t.Context(), pw); err == nil && bad != nil {
			t.Errorf("%q is good, but %v", pw, bad)
		}
	})
}
