// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"

	"github.com/google/uuid"

	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// qaStore is a [qa.Store] on a Store.
type qaStore struct{ s Store }

var _ qa.Store = qaStore{}

// Atomic implements [qa.Store].
func (f qaStore) Atomic(ctx context.Context, fn func(context.Context, qa.Store) error) error {
	return f.s.atomic(ctx, func(ctx context.Context, tx Store) error { return fn(ctx, qaStore{tx}) })
}

// Apply implements [storage.Writer].
func (f qaStore) Apply(ctx context.Context, changes ...storage.Change) error {
	return f.s.Apply(ctx, changes...)
}

// Done implements [storage.Writer].
func (f qaStore) Done(ctx context.Context, owner uuid.UUID, key string) (uuid.UUID, error) {
	return f.s.Done(ctx, owner, key)
}

// qaSteps are the changes of questions.
//
// Whoever writes locks in this order: the question, the answer, the comment,
// and then what belongs to it; tags by their name.
func qaSteps(steps []step, c storage.Change) ([]step, bool) {
	switch c := c.(type) {
	case qa.InsertQuestion:
		return labelSteps(append(steps, do(&insertQuestion, insertedQuestion(&c.Question)...)), &c.Question, c.Words, true), true
	case qa.UpdateQuestion:
		q := &c.Question
		steps = labelSteps(append(steps, do(&updateQuestion, questionValues(q)...)), q, c.Words, false)
		return append(steps, do(&suggestionsStand, q.ID, raw(q.Area), int(q.Audience))), true
	case qa.QuestionAt:
		return append(steps, do(&questionAt, c.Question, c.Version)), true
	case qa.AnsweredAt:
		return append(steps, do(&answeredAt, c.Question, c.Version, c.Answers)), true
	case qa.AnswerAt:
		return append(steps, do(&answerAt, c.Answer, c.Question, c.Version)), true
	case qa.InsertAnswer:
		return insertAnswerSteps(steps, &c.Answer), true
	case qa.UpdateAnswer:
		return append(steps, do(&lockQuestionOf, c.Answer.ID), do(&updateAnswer, answerValues(&c.Answer)...),
			do(&recountOf, c.Answer.ID), do(&waitsOf, c.Answer.ID)), true
	case qa.MoveAnswer:
		return moveAnswerSteps(steps, c), true
	case qa.Accept:
		a := c.Acceptance
		return append(steps,
			do(&accept, c.Question, a.Answer, c.Version, a.Revision, a.At, a.By.User, a.By.For, int(a.Capacity)),
			do(&placeAccepted, c.Question, raw(a.Answer))), true
	case qa.InsertComment:
		return insertCommentSteps(steps, &c.Comment), true
	case qa.UpdateComment:
		seen := visible(c.Comment.Removal.State)
		return append(steps, do(&recountRemarks[0], c.Comment.ID, seen), do(&recountRemarks[1], c.Comment.ID, seen),
			do(&updateComment, commentValues(&c.Comment)...)), true
	}
	if steps, known := entrySteps(steps, c); known {
		return steps, true
	}
	return askerSteps(steps, c)
}

// visible is 1 for a post that counts.
func visible(s qa.State) int {
	if s == qa.Visible {
		return 1
	}
	return 0
}
