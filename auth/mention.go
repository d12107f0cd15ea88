// SPDX-License-Identifier: BSD-3-Clause

package auth

import (
	"context"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/copis-it/copis/storage"
)

// People knows the names by which members call each other. Names are compared
// as the host compares them.
type People interface {
	// Named returns who has each of the names; names that nobody has are left out.
	Named(ctx context.Context, names []string) (map[string]UserID, error)
	// Names returns the name to show for each person; those unknown are left out.
	Names(ctx context.Context, ids []UserID) (map[UserID]string, error)
}

// MaxMentions is how many people one text may mention.
const MaxMentions = 10

// maxNames bounds how many different words after an @ are looked up, and how
// often one text may mention anybody: a mention is longer than most names, and
// a text must not outgrow its limit by being stored.
const maxNames = 100

// A mention is stored by the person's id, "@[018f…]", so that a change of name
// or an erasure needs no change of what others wrote.
var mention = regexp.MustCompile(`@\[([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\]`)

// Mention returns the stored form of a mention of id.
func Mention(id UserID) string { return "@[" + id.String() + "]" }

// Mentions returns who is mentioned in a stored text, each once, in order.
func Mentions(text string) []UserID {
	var out []UserID
	seen := map[UserID]bool{}
	for _, m := range mention.FindAllStringSubmatch(text, -1) {
		if id, err := storage.ParseID[User](m[1]); err == nil && !id.IsZero() && !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

// StoreMentions returns text with every "@name" of somebody known to people in
// its stored form, and who is mentioned. More than [MaxMentions] people, or 100
// mentions of them, are Invalid in the field "body". What people answers with
// an error is that error. With nil people, text is returned as it is.
func StoreMentions(ctx context.Context, people People, text string) (string, []UserID, error) {
	if names := namesIn(text); people != nil && len(names) > 0 {
		known, err := people.Named(ctx, names)
		if err != nil {
			return "", nil, err
		}
		text = eachName(text, func(name string) string {
			if id, ok := known[name]; ok {
				return Mention(id)
			}
			return "@" + name
		})
	}
	tooMany := func(max int) (string, []UserID, error) {
		return "", nil, &storage.Invalid{Field: "body", Code: storage.CodeTooMany, Params: map[string]any{"max": max}}
	}
	ids := Mentions(text)
	if len(ids) > MaxMentions {
		return tooMany(MaxMentions)
	}
	if len(mention.FindAllStringIndex(text, maxNames+1)) > maxNames {
		return tooMany(maxNames)
	}
	return text, ids, nil
}

// ShowMentions returns a stored text with every mention replaced by what show
// makes of it, as for an editor or a plain-text mail.
func ShowMentions(text string, show func(UserID) string) string {
	return mention.ReplaceAllStringFunc(text, func(m string) string {
		id, err := storage.ParseID[User](m[2 : len(m)-1])
		if err != nil {
			return m
		}
		return show(id)
	})
}

func namesIn(text string) []string {
	var names []string
	seen := map[string]bool{}
	eachName(text, func(name string) string {
		if !seen[name] && len(names) < maxNames {
			seen[name] = true
			names = append(names, name)
		}
		return ""
	})
	return names
}

// eachName replaces every "@name" by what f makes of the name, unless it is
// stuck to a word, to another @ or to what stands inside of URLs.
func eachName(text string, f func(name string) string) string {
	var b strings.Builder
	done, next := 0, 0 // text[:done] is in b, the next @ is sought from next
	for {
		at := strings.IndexByte(text[next:], '@')
		if at < 0 {
			b.WriteString(text[done:])
			return b.String()
		}
		at += next
		next = at + 1
		if before, _ := utf8.DecodeLastRuneInString(text[:at]); inName(before) || strings.ContainsRune("@/=&?#%+", before) {
			continue
		}
		end := strings.IndexFunc(text[next:], func(r rune) bool { return !inName(r) })
		if end < 0 {
			end = len(text) - next
		}
		name := strings.TrimRight(text[next:next+end], ".-_")
		if name == "" || strings.HasPrefix(text[next+end:], "@") {
			continue
		}
		b.WriteString(text[done:at])
		b.WriteString(f(name))
		done = next + len(name)
		next = done
	}
}

func inName(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd) || r == '.' || r == '-' || r == '_'
}
