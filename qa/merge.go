// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Merge says which question's answers go where.
type Merge struct {
	From, Into QuestionID
	Why        string // optional
}

// Merge gives all answers of a question, with their comments, votes and
// permalinks, to another, and closes it as its duplicate for good. Its own text,
// comments and votes stay with it. What was accepted there becomes also useful
// here. It needs a moderator of both.
//
// Whoever reads the other must have been among those the first was promised to
// (otherwise Invalid: "audience" wider). Of an Into that was merged itself it is
// the one with its answers; a question is not merged into itself that way
// (Invalid: "into" cycle). What has been merged is [ErrClosed], unless its
// answers stand there already; so is an Into that is closed: it takes no answers.
func (s *Service) Merge(ctx context.Context, who auth.Actor, in Merge) error {
	const op = "qa.Merge"
	object := Post{Question: in.From}.String()
	s, err := s.enter(ctx, op, object, who, Moderate)
	if err != nil {
		return err
	}
	in.Why, err = storage.Optional(storage.Line, "why", in.Why, MaxWhy)
	if err == nil {
		err = storage.Decide(ctx, func() error { return s.mergeInto(ctx, who, in) })
	}
	if err != nil {
		return storage.Refuse(op, object, err)
	}
	return nil
}

func (s *Service) mergeInto(ctx context.Context, who auth.Actor, in Merge) error {
	from, err := s.question(ctx, who, in.From)
	if err != nil {
		return err
	}
	if err := s.cfg.Auth.Authorize(ctx, who, Moderate, from.Question.scope()); err != nil {
		return err
	}
	into, err := s.answering(ctx, who, in.Into)
	if err != nil {
		return err
	}
	if err := cmp.Or(from.gone(), into.gone()); err != nil {
		return err
	}
	f, i := from.Question, into.Question
	if !f.MergedInto.IsZero() {
		switch at, err := s.answering(ctx, who, f.MergedInto); {
		case err == nil && at.Question.ID == i.ID:
			return nil
		case err == nil || errors.Is(err, storage.ErrInvalid):
			return ErrClosed
		default:
			return err
		}
	}
	switch {
	case f.ID == i.ID:
		return &storage.Invalid{Field: "into", Code: CodeCycle}
	case !within(i.scope(), f.scope()):
		return &storage.Invalid{Field: "audience", Code: CodeWider}
	case i.closed() != nil:
		return ErrClosed
	}
	return s.cfg.Store.Atomic(ctx, func(ctx context.Context, tx Store) error {
		return s.merge(ctx, tx, who, from, into.Question, in.Why)
	})
}

// answering returns the question where the answers of one stand now, if the
// actor moderates it.
func (s *Service) answering(ctx context.Context, who auth.Actor, id QuestionID) (Place, error) {
	for {
		pl, err := s.question(ctx, who, id)
		if err == nil {
			err = s.cfg.Auth.Authorize(ctx, who, Moderate, pl.Question.scope())
		}
		if err != nil {
			return Place{}, auth.Unknown("into", err)
		}
		if id = pl.Question.MergedInto; id.IsZero() {
			return pl, nil
		}
	}
}

// merge is Merge in a unit that takes both questions' locks. It is ErrConflict
// if they are no longer as they were seen.
func (s *Service) merge(ctx context.Context, tx Store, who auth.Actor, pl Place, into Question, why string) error {
	for _, seen := range slices.SortedFunc(slices.Values([]Question{pl.Question, into}), func(a, b Question) int { return a.ID.Compare(b.ID) }) {
		q, err := tx.Question(ctx, seen.ID)
		if err != nil {
			return err
		}
		if q.Version != seen.Version {
			return storage.ErrConflict
		}
	}
	answers, _, err := tx.Below(ctx, pl.Question.ID)
	if err != nil {
		return err
	}
	from, now := &pl.Question, s.cfg.Clock.Now()
	accepted := from.Acceptance.Answer
	var changes []storage.Change
	if !accepted.IsZero() {
		changes = append(changes, Accept{Question: from.ID, Version: from.Version}, s.unaccepted(*from, who.By(), now))
		from.Acceptance = Acceptance{}
		from.Version++
	}
	for _, a := range answers {
		if a.ID == accepted && !a.Useful {
			a.Useful = true
			changes = append(changes, UpdateAnswer{a})
		}
		changes = append(changes, MoveAnswer{a.ID, into.ID})
	}
	from.MergedInto = into.ID
	from.Closing = Closing{Reason: Duplicate, Of: into.ID, At: now, By: who.By(), Why: why}
	return tx.Apply(ctx, append(changes, pl.update(), s.event(EventMerged, now, into, Event{By: who.By(), From: from.ID, Why: why}))...)
}

// within says whether whoever reaches what is in the inner scope reaches what
// is in the outer one, too.
func within(inner, outer auth.Scope) bool {
	if outer.Audience == auth.AreaMembers && inner.Area != outer.Area {
		return outer.Area == auth.Commons && inner.Audience == auth.AreaMembers
	}
	return inner.Audience <= outer.Audience
}
