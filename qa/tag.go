// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// TagFilter selects tags.
type TagFilter struct {
	Prefix string // as it is typed
	After  storage.Cursor
	Limit  int
}

// CodeCycle is that of what would end where it began: a tag that stands for
// itself, a duplicate of itself, a question merged into itself.
const CodeCycle = "cycle"

// tagForm returns a tag in normal form: NFC, lower case, hyphens for white
// space, of letters, digits and + # . - only; at most so many runes. Its normal
// form is itself.
func tagForm(field, tag string, most int) (string, error) {
	tag, err := storage.Line(field, tag, most)
	if err != nil {
		return "", err
	}
	seen, gap := false, false
	var b strings.Builder
	for _, r := range norm.NFC.String(strings.ToLower(tag)) {
		switch {
		case r == '-' || unicode.IsSpace(r):
			gap = true
			continue
		case unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r): // letters that nobody sees
			return "", &storage.Invalid{Field: field, Code: storage.CodeMalformed}
		case unicode.IsLetter(r), unicode.IsDigit(r):
			seen = true
		case r != '+' && r != '#' && r != '.':
			return "", &storage.Invalid{Field: field, Code: storage.CodeMalformed}
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		gap = false
		b.WriteRune(r)
	}
	if !seen {
		return "", &storage.Invalid{Field: field, Code: storage.CodeMalformed}
	}
	return b.String(), nil
}

// tags returns the tags that a question is given: in normal form, synonyms
// replaced by what they stand for, in the order given, none twice.
func (s *Service) tags(ctx context.Context, in []string) ([]string, error) {
	var out []string
	for _, tag := range in {
		tag, err := tagForm("tags", tag, MaxTag)
		if err != nil {
			return nil, err
		}
		if slices.Contains(out, tag) {
			continue
		}
		if len(out) == MaxTags {
			return nil, &storage.Invalid{Field: "tags", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxTags}}
		}
		out = append(out, tag)
	}
	return s.resolve(ctx, out)
}

// resolve replaces the synonyms among tags in normal form by what they stand
// for. What a synonym stands for is none itself, but two that are put at the
// same moment may make it one: it is followed, and a circle of them is left
// where it began to go round.
func (s *Service) resolve(ctx context.Context, tags []string) ([]string, error) {
	asked := map[string]bool{}
	for {
		var ask []string
		for _, tag := range tags {
			if !asked[tag] {
				asked[tag] = true
				ask = append(ask, tag)
			}
		}
		if len(ask) == 0 {
			return tags, nil
		}
		synonyms, err := s.cfg.Store.Synonyms(ctx, ask)
		if err != nil {
			return nil, err
		}
		if len(synonyms) == 0 {
			return tags, nil
		}
		var out []string
		for _, tag := range tags {
			i := slices.IndexFunc(synonyms, func(syn Synonym) bool { return syn.From == tag })
			if i >= 0 {
				tag = synonyms[i].To
			}
			if !slices.Contains(out, tag) {
				out = append(out, tag)
			}
		}
		tags = out
	}
}

// Tags lists the tags that begin with what is typed, with the number of
// questions that have them: of questions that the actor may read.
func (s *Service) Tags(ctx context.Context, who auth.Actor, in TagFilter) (storage.Page[Tagged], error) {
	const op = "qa.Tags"
	s, err := s.enter(ctx, op, "", who, Read)
	if err != nil {
		return storage.Page[Tagged]{}, err
	}
	reach, err := s.cfg.Auth.Reach(ctx, who, Read)
	if err != nil {
		return storage.Page[Tagged]{}, storage.Refuse(op, "", err)
	}
	prefix := ""
	if in.Prefix != "" {
		// A letter completes what is typed so far, "." or "appalti-", to a tag.
		whole, err := tagForm("prefix", in.Prefix+"a", MaxTag+1)
		if err != nil {
			return storage.Page[Tagged]{}, nil // no tag begins so
		}
		prefix = strings.TrimSuffix(whole, "a")
	}
	page, err := s.cfg.Store.Tags(ctx, TagQuery{Reach: reach, Prefix: prefix, After: in.After, Limit: in.Limit})
	if err != nil {
		return storage.Page[Tagged]{}, storage.Refuse(op, "", err)
	}
	return page, nil
}
