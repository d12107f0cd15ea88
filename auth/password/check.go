// SPDX-License-Identifier: BSD-3-Clause

package password

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/storage"
)

const field = "password"

func tooLong() error {
	return &storage.Invalid{Field: field, Code: storage.CodeTooLong, Params: map[string]any{"max": MaxLength}} // the one limit in bytes
}

func malformed() error { return &storage.Invalid{Field: field, Code: storage.CodeMalformed} }

// Check refuses a password that cannot be kept (see [Hasher.Hash]), has fewer
// than min runes (account.CodeTooShort), is one of those tried first
// (account.CodeCommon), or is easily guessed (account.CodeGuessable): a
// sequence, a repetition, or made of what is known of its owner, such as their
// username, the local part of their address or the name of the community.
// There is no rule on which kinds of characters it has.
func (h *Hasher) Check(password string, min int, known ...string) error {
	plain, err := prepare(password)
	if err != nil {
		return err
	}
	if utf8.RuneCount(plain) < min {
		return &storage.Invalid{Field: field, Code: account.CodeTooShort, Params: map[string]any{"min": min}}
	}
	s := fold(string(plain))
	switch {
	case common(s):
		return &storage.Invalid{Field: field, Code: account.CodeCommon}
	case monotonous([]rune(s)), personal(s, known):
		return &storage.Invalid{Field: field, Code: account.CodeGuessable}
	}
	return nil
}

// fold is for comparing: small letters of the normal form NFKC.
func fold(s string) string { return strings.ToLower(norm.NFKC.String(s)) }

// common reports whether a folded password is a word tried first, or one
// written as people write it to satisfy a rule: with digits and signs around
// it, with some letters as digits, backwards, or several times.
func common(s string) bool {
	forms := []string{s}
	if r := []rune(s); len(r) > 0 {
		if n := period(r); n < len(r) {
			forms = append(forms, string(r[:n]))
		}
	}
	for _, f := range forms {
		if known(f) {
			return true
		}
	}
	other := func(r rune) bool { return !unicode.IsLetter(r) }
	for _, f := range forms {
		if core := strings.TrimFunc(f, other); core != f && utf8.RuneCountInString(f)-utf8.RuneCountInString(core) <= maxAdded && known(core) {
			return true
		}
		// Of "pi314159!" only the sign was added.
		for range maxAdded {
			last, size := utf8.DecodeLastRuneInString(f)
			if size == 0 || !other(last) {
				break
			}
			if f = f[:len(f)-size]; known(f) {
				return true
			}
		}
	}
	return false
}

// maxAdded is how many digits and signs around a word are no help: as many as
// a date has, and an exclamation mark.
const maxAdded = 9

// known reports whether a word, read as letters or backwards, is in the filter.
func known(s string) bool {
	for _, r := range []*strings.Replacer{asIs, asLetters, asLettersL} {
		w := r.Replace(s)
		if listed(w) || listed(reverse(w)) {
			return true
		}
	}
	return false
}

var (
	asIs       = strings.NewReplacer()
	asLetters  = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "8", "b", "@", "a", "$", "s", "!", "i", "€", "e")
	asLettersL = strings.NewReplacer("0", "o", "1", "l", "3", "e", "4", "a", "5", "s", "7", "t", "9", "g", "@", "a", "$", "s", "!", "l", "€", "e")
)

func reverse(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}

// period returns the length of the shortest beginning that r repeats, also in
// part: 3 for "abcabcab".
func period(r []rune) int {
	fits := make([]int, len(r)+1) // how long a beginning is also the end of r[:i]
	for i, k := 1, 0; i < len(r); i++ {
		for k > 0 && r[i] != r[k] {
			k = fits[k]
		}
		if r[i] == r[k] {
			k++
		}
		fits[i+1] = k
	}
	return len(r) - fits[len(r)]
}

// rows are what fingers run along.
var rows = []string{"`1234567890-=", "qwertyuiop[]", "qwertyuiopè+", "asdfghjkl;'", "asdfghjklòàù", "zxcvbnm,./", "zxcvbnm,.-", "qwertz", "azerty", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "0okm9ijn8uhb7ygv6tfc5rdx4esz3wa2q1"}

// monotonous reports whether a password consists of a few characters, of one
// short piece over and over, or of a few runs along the alphabet, the digits
// or the keyboard.
func monotonous(r []rune) bool {
	n := len(r)
	seen := map[rune]bool{}
	for _, c := range r {
		seen[c] = true
	}
	if len(seen) <= max(3, n/6) || period(r) <= max(3, n/5) {
		return true
	}
	runs, step := 1, begun
	for i := 1; i < n; i++ {
		if now := along(r[i-1], r[i]); now == none || step != begun && now != step {
			runs++
			step = begun
		} else {
			step = now
		}
	}
	return runs*3 <= n
}

// Steps from one character to the next: the same again, forwards and backwards
// by the alphabet, and along a row of the keyboard.
const (
	none  = iota
	begun // a run of one character may go on anyhow
	same
	onward
	back
	right
	left
)

func along(a, b rune) int {
	switch {
	case a == b:
		return same
	case b == a+1:
		return onward
	case b == a-1:
		return back
	}
	for _, row := range rows {
		keys := []rune(row)
		if i := slices.Index(keys, a); i >= 0 {
			if i+1 < len(keys) && keys[i+1] == b {
				return right
			}
			if i > 0 && keys[i-1] == b {
				return left
			}
		}
	}
	return none
}

// minRest is how much of a password must be left without what is known of its
// owner, and minKnown the shortest word of that, in runes.
const (
	minRest  = 8
	minKnown = 4
)

// personal reports whether a folded password has something known in it, or is
// little more than its parts.
func personal(s string, knowns []string) bool {
	plain, rest := asLetters.Replace(s), s
	for _, k := range knowns {
		k = fold(k)
		parts := strings.FieldsFunc(k, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for _, whole := range []string{k, strings.Join(parts, "")} {
			if utf8.RuneCountInString(whole) >= minKnown && (strings.Contains(s, whole) || strings.Contains(plain, whole) || strings.Contains(s, reverse(whole))) {
				return true
			}
		}
		for _, p := range parts {
			if utf8.RuneCountInString(p) >= minKnown {
				rest = strings.ReplaceAll(rest, p, "")
			}
		}
	}
	return rest != s && utf8.RuneCountInString(rest) < minRest
}
