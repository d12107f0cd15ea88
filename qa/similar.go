// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"
	"unicode/utf8"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Asking is a question that is being written, or one that is shown.
type Asking struct {
	Title string
	Body  string // its first words count, as far as title and tags leave room
	Tags  []string
	But   QuestionID // the question itself, if it is one
}

// maxBegin is how much of a body is looked at, in runes.
const maxBegin = 500

// Similar lists the questions that the actor may read which have most words in
// common with one that is being written: at most SimilarCount. Nothing that is
// written is refused, since it is not finished: what is no tag is passed over.
func (s *Service) Similar(ctx context.Context, who auth.Actor, in Asking) ([]Question, error) {
	const op = "qa.Similar"
	s, err := s.enter(ctx, op, "", who, Read)
	if err != nil {
		return nil, err
	}
	heads, err := s.similar(ctx, who, in)
	if err != nil {
		return nil, storage.Refuse(op, "", err)
	}
	return heads, nil
}

func (s *Service) similar(ctx context.Context, who auth.Actor, in Asking) ([]Question, error) {
	reach, err := s.cfg.Auth.Reach(ctx, who, Read)
	if err != nil {
		return nil, err
	}
	var tags []string
	for _, tag := range in.Tags {
		if tag, err := tagForm("tags", tag, MaxTag); err == nil && len(tags) < MaxTags {
			tags = append(tags, tag)
		}
	}
	if tags, err = s.resolve(ctx, tags); err != nil {
		return nil, err
	}
	found := words(opening(in.Title, MaxTitle)+"\n"+opening(in.Body, maxBegin), tags)
	if len(found) == 0 {
		return nil, nil
	}
	heads, err := s.cfg.Store.Similar(ctx, SimilarQuery{Reach: reach, Words: found, But: in.But, Limit: SimilarCount})
	return mask(heads), err
}

// opening returns the first runes of a text.
func opening(text string, runes int) string {
	end := 0
	for ; runes > 0 && end < len(text); runes-- {
		_, n := utf8.DecodeRuneInString(text[end:])
		end += n
	}
	return text[:end]
}
