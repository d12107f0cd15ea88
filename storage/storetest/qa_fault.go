// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// qaFaulty is a store of questions with a [fault]. It embeds nothing, so that
// a method that is new cannot pass by.
type qaFaulty struct {
	s qa.Store
	f *fault
}

var _ qa.Store = qaFaulty{}

// reads is a call that returns a value.
func reads[V any](ctx context.Context, x qaFaulty, call func() (V, error)) (V, error) {
	if err := x.f.next(ctx); err != nil {
		return *new(V), err
	}
	return call()
}

func (x qaFaulty) Atomic(ctx context.Context, fn func(context.Context, qa.Store) error) error {
	if err := x.f.next(ctx); err != nil {
		return err
	}
	return x.s.Atomic(ctx, func(ctx context.Context, tx qa.Store) error {
		if err := fn(ctx, qaFaulty{tx, x.f}); err != nil {
			return err
		}
		return x.f.next(ctx) // the commit
	})
}

func (x qaFaulty) Apply(ctx context.Context, changes ...storage.Change) error {
	if err := x.f.next(ctx); err != nil {
		return err
	}
	return x.s.Apply(ctx, changes...)
}

func (x qaFaulty) Done(ctx context.Context, owner uuid.UUID, key string) (uuid.UUID, error) {
	return reads(ctx, x, func() (uuid.UUID, error) { return x.s.Done(ctx, owner, key) })
}

func (x qaFaulty) Question(ctx context.Context, id qa.QuestionID) (qa.Question, error) {
	return reads(ctx, x, func() (qa.Question, error) { return x.s.Question(ctx, id) })
}

func (x qaFaulty) Questions(ctx context.Context, q qa.QuestionQuery) (storage.Page[qa.Question], error) {
	return reads(ctx, x, func() (storage.Page[qa.Question], error) { return x.s.Questions(ctx, q) })
}

func (x qaFaulty) Answer(ctx context.Context, id qa.AnswerID) (qa.Answer, error) {
	return reads(ctx, x, func() (qa.Answer, error) { return x.s.Answer(ctx, id) })
}

func (x qaFaulty) Place(ctx context.Context, q qa.PlaceQuery) (qa.Place, error) {
	return reads(ctx, x, func() (qa.Place, error) { return x.s.Place(ctx, q) })
}

func (x qaFaulty) Page(ctx context.Context, q qa.PageQuery) (qa.Page, error) {
	return reads(ctx, x, func() (qa.Page, error) { return x.s.Page(ctx, q) })
}

func (x qaFaulty) Comments(ctx context.Context, q qa.CommentQuery) (storage.Page[qa.Comment], error) {
	return reads(ctx, x, func() (storage.Page[qa.Comment], error) { return x.s.Comments(ctx, q) })
}

func (x qaFaulty) Below(ctx context.Context, id qa.QuestionID) ([]qa.Answer, []qa.Comment, error) {
	if err := x.f.next(ctx); err != nil {
		return nil, nil, err
	}
	return x.s.Below(ctx, id)
}

func (x qaFaulty) Held(ctx context.Context, q qa.HeldQuery) (storage.Page[qa.Place], error) {
	return reads(ctx, x, func() (storage.Page[qa.Place], error) { return x.s.Held(ctx, q) })
}

func (x qaFaulty) Revisions(ctx context.Context, p qa.Post) ([]qa.Revision, error) {
	return reads(ctx, x, func() ([]qa.Revision, error) { return x.s.Revisions(ctx, p) })
}

func (x qaFaulty) Suggestion(ctx context.Context, id qa.SuggestionID) (qa.Suggestion, error) {
	return reads(ctx, x, func() (qa.Suggestion, error) { return x.s.Suggestion(ctx, id) })
}

func (x qaFaulty) Suggestions(ctx context.Context, q qa.SuggestionQuery) (storage.Page[qa.Suggestion], error) {
	return reads(ctx, x, func() (storage.Page[qa.Suggestion], error) { return x.s.Suggestions(ctx, q) })
}

func (x qaFaulty) Similar(ctx context.Context, q qa.SimilarQuery) ([]qa.Question, error) {
	return reads(ctx, x, func() ([]qa.Question, error) { return x.s.Similar(ctx, q) })
}

func (x qaFaulty) Tags(ctx context.Context, q qa.TagQuery) (storage.Page[qa.Tagged], error) {
	return reads(ctx, x, func() (storage.Page[qa.Tagged], error) { return x.s.Tags(ctx, q) })
}

func (x qaFaulty) Synonyms(ctx context.Context, tags []string) ([]qa.Synonym, error) {
	return reads(ctx, x, func() ([]qa.Synonym, error) { return x.s.Synonyms(ctx, tags) })
}

func (x qaFaulty) Offers(ctx context.Context, id qa.QuestionID) ([]auth.UserID, error) {
	return reads(ctx, x, func() ([]auth.UserID, error) { return x.s.Offers(ctx, id) })
}

func (x qaFaulty) From(ctx context.Context, o qa.Origin, reach auth.Reach) ([]qa.Question, error) {
	return reads(ctx, x, func() ([]qa.Question, error) { return x.s.From(ctx, o, reach) })
}

func (x qaFaulty) Votes(ctx context.Context, user auth.UserID) ([]qa.CastVote, error) {
	return reads(ctx, x, func() ([]qa.CastVote, error) { return x.s.Votes(ctx, user) })
}

func (x qaFaulty) Written(ctx context.Context, q qa.WrittenQuery) (storage.Page[qa.Place], error) {
	return reads(ctx, x, func() (storage.Page[qa.Place], error) { return x.s.Written(ctx, q) })
}
