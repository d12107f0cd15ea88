// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// NameKept is how long a username is kept at least before it may be changed
// again.
const NameKept = 30 * 24 * time.Hour

// ParseName returns a username in the form that is kept and shown (RFC 8265,
// with case, in normal form NFC), and its handle, or Invalid in the field
// "name". A name has [MinName] to [MaxName] runes: letters of one script, with
// marks if need be, and digits 0 to 9, with single dots, hyphens and low lines
// between them; one of them at least is a letter. So it can be mentioned. Of
// capital letters it has only those that look like their small ones or that no
// other letter looks like.
func ParseName(name string) (string, Handle, error) {
	bad := func(code string) (string, Handle, error) {
		return "", Handle{}, &storage.Invalid{Field: "name", Code: code}
	}
	if len(name) > 12*MaxName {
		return "", Handle{}, nameTooLong()
	}
	if name == "" {
		return bad(storage.CodeMissing)
	}
	if !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return invisible(r) || unicode.IsControl(r) }) {
		return bad(storage.CodeMalformed)
	}
	name, err := precis.UsernameCasePreserved.String(name)
	if err != nil {
		return bad(storage.CodeMalformed)
	}
	switch n := utf8.RuneCountInString(name); {
	case n < MinName:
		return "", Handle{}, &storage.Invalid{Field: "name", Code: CodeTooShort, Params: map[string]any{"min": MinName}}
	case n > MaxName:
		return "", Handle{}, nameTooLong()
	case !wellFormed(name):
		return bad(storage.CodeMalformed)
	}
	h := HandleOf(name)
	if scripts(name) > 1 || h != HandleOf(strings.ToLower(name)) {
		return bad(CodeMixed)
	}
	return name, h, nil
}

func nameTooLong() error {
	return &storage.Invalid{Field: "name", Code: storage.CodeTooLong, Params: map[string]any{"max": MaxName}}
}

// maxMarks is how many marks a letter has at most.
const maxMarks = 2

// wellFormed reports whether a name has letters, digits and single separators
// between them.
func wellFormed(name string) bool {
	letter, marks, before := false, 0, '.'
	for _, r := range name {
		switch {
		case unicode.IsLetter(r):
			letter, marks = true, 0
		case unicode.IsMark(r) && !separates(before):
			marks++
		case '0' <= r && r <= '9':
			marks = 0
		case separates(r) && !separates(before):
			marks = 0
		default:
			return false
		}
		if marks > maxMarks {
			return false
		}
		before = r
	}
	return letter && !separates(before)
}

func separates(r rune) bool { return r == '.' || r == '-' || r == '_' }

// scripts counts the scripts of a name. Those that Chinese, Japanese and
// Korean are written with count as one.
func scripts(name string) int {
	seen := map[string]bool{}
	for _, r := range name {
		for script, table := range unicode.Scripts {
			if !unicode.Is(table, r) {
				continue
			}
			switch script {
			case "Common", "Inherited":
			case "Han", "Hiragana", "Katakana", "Bopomofo", "Hangul":
				seen["Han"] = true
			default:
				seen[script] = true
			}
			break
		}
	}
	return len(seen)
}

// handle returns what a name that somebody typed is looked for by.
func handle(typed string) Handle {
	typed = strings.TrimSpace(typed)
	if len(typed) > maxSkeleton {
		return HandleOf(typed)
	}
	return HandleOf(strings.ToLower(typed))
}

// name checks a name that somebody wants to have.
func (s *Service) name(name string) (string, Handle, error) {
	name, h, err := ParseName(name)
	if err == nil && s.reserved.has(name) {
		err = &storage.Invalid{Field: "name", Code: CodeReserved}
	}
	return name, h, err
}

// Rename changes a username, at most every [NameKept]. The name before stays
// its owner's: nobody else can take it, and they may take it again.
func (s *Service) Rename(ctx context.Context, who auth.Actor, name string) error {
	const op = "account.Rename"
	name, h, err := s.name(name)
	if err != nil {
		return refuse(op, err)
	}
	return refuse(op, s.decide(ctx, func() error {
		a, err := s.self(ctx, who)
		if err != nil || a.Name == name {
			return err
		}
		now := s.cfg.Clock.Now()
		if after := a.NamedAt.Add(NameKept); now.Before(after) {
			return &storage.Invalid{Field: "name", Code: CodeTooSoon, Params: map[string]any{"after": after}}
		}
		a.Name, a.NamedAt = name, now
		return taken(s.cfg.Store.Apply(ctx, UpdateAccount{a}, TakeName{a.User, h}, s.event(EventRenamed, a.User, who)))
	}))
}

// taken says that a name is somebody else's.
func taken(err error) error {
	if by, ok := refusedBy(err); ok && errors.Is(err, storage.ErrExists) && by == (TakeName{}).Change() {
		return &storage.Invalid{Field: "name", Code: CodeTaken}
	}
	return err
}
