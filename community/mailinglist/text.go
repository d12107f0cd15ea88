// SPDX-License-Identifier: BSD-3-Clause

package mailinglist

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// What stands where a message says nothing.
const (
	noSubject = "(senza oggetto)"
	noBody    = "(messaggio vuoto)"
)

// text is a message in the form that the forum keeps, and what of it is not
// as it was.
type text struct {
	author   string
	title    string
	body     string
	adjusted []string
}

// clean makes of a message what the forum keeps: without control characters,
// cut to its limits, with words in place of a subject or a body that is
// missing. The subject of an answer has no place of its own: retitled puts it
// before the body.
func clean(m message, retitled bool) text {
	t := text{author: strings.TrimSpace(m.Author), title: bare(m.Subject), body: plain(m.Body)}
	if m.foreign {
		t.adjust("line", storage.CodeMalformed, 0)
	}
	if t.author == "" {
		t.adjust("author", storage.CodeMissing, 0)
	}
	if t.title == "" {
		t.title = noSubject
		t.adjust("subject", storage.CodeMissing, 0)
	}
	if utf8.RuneCountInString(t.title) > forum.MaxTitle {
		t.title = firstRunes(t.title, forum.MaxTitle-1) + "…"
		t.adjust("subject", storage.CodeTooLong, forum.MaxTitle)
	}
	if strings.ContainsFunc(m.Body, dropped) {
		t.adjust("body", storage.CodeControl, 0)
	}
	if len(auth.Mentions(t.body)) > 0 { // nobody is mentioned by a mail
		t.body = strings.ReplaceAll(t.body, "@[", `@\[`)
		t.adjust("body", "mention", 0)
	}
	if strings.TrimSpace(t.body) == "" {
		t.body = noBody
		t.adjust("body", storage.CodeMissing, 0)
	}
	if retitled {
		t.body = "Oggetto: " + t.title + "\n\n" + t.body
	}
	if n := utf8.RuneCountInString(t.body); n > forum.MaxBody {
		kept := forum.MaxBody - 100 // room for what is said of it
		t.body = fmt.Sprintf("%s\n\n[Messaggio accorciato: primi %d caratteri su %d.]", firstRunes(t.body, kept), kept, n)
		t.adjust("body", storage.CodeTooLong, forum.MaxBody)
	}
	return t
}

func (t *text) adjust(field, code string, max int) {
	e := &storage.Invalid{Field: field, Code: code}
	if max > 0 {
		e.Params = map[string]any{"max": max}
	}
	t.adjusted = append(t.adjusted, e.Error())
}

// plain returns a text of many lines in normal form, without control characters.
func plain(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	s = strings.Map(func(r rune) rune {
		if dropped(r) {
			return -1
		}
		return r
	}, s)
	return norm.NFC.String(s)
}

// dropped reports whether a rune is not kept in a body.
func dropped(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' }

// firstRunes returns the first n runes of s.
func firstRunes(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// bare returns a subject on one line, in normal form, without the "Re:" of
// answers before it.
func bare(subject string) string {
	s := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, subject)
	s = strings.Join(strings.Fields(norm.NFC.String(s)), " ")
	for len(s) >= 3 && strings.EqualFold(s[:3], "re:") {
		s = strings.TrimSpace(s[3:])
	}
	return s
}
