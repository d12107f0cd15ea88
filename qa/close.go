// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"
	"errors"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Closure closes a question.
type Closure struct {
	Question QuestionID
	Reason   Reason
	Of       QuestionID // of a Duplicate
	Why      string     // optional
}

// Close says that a question takes no more answers, and why: its asker or a
// moderator. What it was closed for before is replaced if the actor might
// reopen it, see [Service.Reopen], and is [ErrClosed] otherwise; the same again
// changes nothing.
//
// A duplicate names another question that the actor may read (otherwise
// Invalid: "of" unknown) and that is not removed; of one that was merged it is
// the one with its answers. That is not the question itself, nor one that is
// its duplicate as far as the actor can see (Invalid: "of" cycle).
func (s *Service) Close(ctx context.Context, who auth.Actor, in Closure) error {
	const op = "qa.Close"
	object := Post{Question: in.Question}.String()
	s, err := s.enter(ctx, op, object, who, Amend)
	if err != nil {
		return err
	}
	in.Why, err = storage.Optional(storage.Line, "why", in.Why, MaxWhy)
	switch {
	case err != nil:
	case in.Reason < Duplicate || in.Reason > Obsolete:
		err = &storage.Invalid{Field: "reason", Code: storage.CodeUnknown}
	case in.Reason == Duplicate && in.Of.IsZero():
		err = &storage.Invalid{Field: "of", Code: storage.CodeMissing}
	case in.Reason != Duplicate && !in.Of.IsZero():
		err = &storage.Invalid{Field: "of", Code: storage.CodeMalformed}
	}
	if err == nil {
		err = storage.Decide(ctx, func() error { return s.close(ctx, who, in) })
	}
	if err != nil {
		return storage.Refuse(op, object, err)
	}
	return nil
}

func (s *Service) close(ctx context.Context, who auth.Actor, in Closure) error {
	pl, err := s.question(ctx, who, in.Question)
	if err != nil {
		return err
	}
	q := &pl.Question
	if err := s.mayAmend(ctx, who, pl, wrote(who, q.By)); err != nil {
		return err
	}
	if err := pl.gone(); err != nil {
		return err
	}
	if !q.MergedInto.IsZero() {
		return ErrClosed
	}
	rests := []QuestionAt{{q.ID, q.Version}}
	if in.Reason == Duplicate {
		chain, err := s.original(ctx, who, in.Of, q.ID)
		if err != nil {
			return err
		}
		in.Of = chain[0].Question
		rests = append(rests, chain...)
	}
	if q.Closing.Reason == in.Reason && q.Closing.Of == in.Of {
		return nil
	}
	if q.Closing.Reason != 0 {
		switch err := s.mayAmend(ctx, who, pl, wrote(who, q.Closing.By)); {
		case errors.Is(err, auth.ErrDenied):
			return ErrClosed
		case err != nil:
			return err
		}
	}
	now := s.cfg.Clock.Now()
	q.Closing = Closing{Reason: in.Reason, Of: in.Of, At: now, By: who.By(), Why: in.Why}
	return s.cfg.Store.Apply(ctx, append(inOrder(rests), pl.update(),
		s.event(EventClosed, now, *q, Event{By: who.By(), Reason: in.Reason, Why: in.Why}))...)
}

// original returns the guards of the question that another is to be a duplicate
// of, and of those which that is a duplicate of in turn: as far as the actor
// may read them, so that they learn of no other.
func (s *Service) original(ctx context.Context, who auth.Actor, id, but QuestionID) ([]QuestionAt, error) {
	var chain []QuestionAt
	seen := map[QuestionID]bool{}
	for !id.IsZero() && !seen[id] {
		seen[id] = true
		pl, err := s.question(ctx, who, id)
		if len(chain) > 0 && errors.Is(err, storage.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, auth.Unknown("of", err)
		}
		switch q := pl.Question; {
		case id == but:
			return nil, &storage.Invalid{Field: "of", Code: CodeCycle}
		case !q.MergedInto.IsZero():
			id = q.MergedInto
		case len(chain) == 0 && pl.gone() != nil:
			return nil, &storage.Invalid{Field: "of", Code: storage.CodeUnknown}
		default:
			chain = append(chain, QuestionAt{q.ID, q.Version})
			id = q.Closing.Of
		}
	}
	return chain, nil
}

// inOrder returns guards in the order in which questions are locked, each once.
func inOrder(at []QuestionAt) []storage.Change {
	slices.SortFunc(at, func(a, b QuestionAt) int { return a.Question.Compare(b.Question) })
	var out []storage.Change
	for _, g := range slices.Compact(at) {
		out = append(out, g)
	}
	return out
}

// Reopen lets a question take answers again: whoever closed it, or a moderator.
// One that is open stays as it is; one that was merged is [ErrClosed] for good.
func (s *Service) Reopen(ctx context.Context, who auth.Actor, id QuestionID, why string) error {
	const op = "qa.Reopen"
	object := Post{Question: id}.String()
	s, err := s.enter(ctx, op, object, who, Amend)
	if err != nil {
		return err
	}
	why, err = storage.Optional(storage.Line, "why", why, MaxWhy)
	if err == nil {
		err = storage.Decide(ctx, func() error {
			pl, err := s.question(ctx, who, id)
			if err != nil {
				return err
			}
			q := &pl.Question
			own := q.By
			if q.Closing.Reason != 0 {
				own = q.Closing.By
			}
			if err := s.mayAmend(ctx, who, pl, wrote(who, own)); err != nil {
				return err
			}
			if err := pl.gone(); err != nil {
				return err
			}
			switch {
			case !q.MergedInto.IsZero():
				return ErrClosed
			case q.Closing.Reason == 0:
				return nil
			}
			was := q.Closing.Reason
			q.Closing = Closing{}
			return s.cfg.Store.Apply(ctx, pl.update(),
				s.event(EventReopened, s.cfg.Clock.Now(), *q, Event{By: who.By(), Reason: was, Why: why}))
		})
	}
	if err != nil {
		return storage.Refuse(op, object, err)
	}
	return nil
}
