// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Accept accepts an answer to a question, as it reads now, in place of the one
// that was accepted: one [EventUnaccepted] and one [EventAccepted], or nothing if
// it is accepted already and has not been modified since.
//
// The asker may, and the delegate they named; and a caretaker, if the asker
// says nothing for Config.AcceptAfter ([ErrTooEarly]): since they asked, and
// where they or their delegate have accepted an answer, since then. A caretaker
// does not accept what they wrote themselves ([ErrOwn]). In a closed question
// only moderators settle what is accepted, and in one that was merged nobody
// ([ErrClosed]). An answer that is removed or waits is [ErrRemoved] or [ErrHeld],
// and so are all those of such a question.
func (s *Service) Accept(ctx context.Context, who auth.Actor, id AnswerID) error {
	return s.settle(ctx, "qa.Accept", who, Post{Answer: id}, func(pl Place, as Capacity, now time.Time) []storage.Change {
		q, a := pl.Question, pl.Answer
		was := q.Acceptance
		if was.Answer == id && was.Revision >= a.Text.Substance {
			return nil
		}
		var changes []storage.Change
		if !was.Answer.IsZero() && was.Answer != id {
			changes = append(changes, s.unaccepted(q, who.By(), now))
		}
		return append(changes,
			Accept{q.ID, q.Version, Acceptance{Answer: id, Revision: a.Text.Revision, By: who.By(), Capacity: as, At: now}},
			s.event(EventAccepted, now, q, Event{By: who.By(), Answer: id, Capacity: as}))
	})
}

// Unaccept takes back that an answer was accepted: whoever might accept another
// instead, see [Service.Accept]. Where none is, nothing changes.
func (s *Service) Unaccept(ctx context.Context, who auth.Actor, id QuestionID) error {
	return s.settle(ctx, "qa.Unaccept", who, Post{Question: id}, func(pl Place, _ Capacity, now time.Time) []storage.Change {
		q := pl.Question
		if q.Acceptance.Answer.IsZero() {
			return nil
		}
		return []storage.Change{Accept{Question: q.ID, Version: q.Version}, s.unaccepted(q, who.By(), now)}
	})
}

// MarkUseful says that an answer is useful besides the accepted one, or no
// longer: whoever might accept it, see [Service.Accept].
func (s *Service) MarkUseful(ctx context.Context, who auth.Actor, id AnswerID, useful bool) error {
	return s.settle(ctx, "qa.MarkUseful", who, Post{Answer: id}, func(pl Place, as Capacity, now time.Time) []storage.Change {
		if pl.Answer.Useful == useful {
			return nil
		}
		pl.Answer.Useful = useful
		return []storage.Change{pl.update(), s.event(EventUseful, now, pl.Question, Event{By: who.By(), Answer: id, Capacity: as})}
	})
}

// unaccepted is the event of the present acceptance's end.
func (s *Service) unaccepted(q Question, by auth.By, now time.Time) storage.Event {
	return s.event(EventUnaccepted, now, q, Event{By: by, Answer: q.Acceptance.Answer, Capacity: q.Acceptance.Capacity})
}

// settle lets somebody say which answers answer a question; change returns what
// is to be written, or nothing.
func (s *Service) settle(ctx context.Context, op string, who auth.Actor, p Post, change func(Place, Capacity, time.Time) []storage.Change) error {
	s, err := s.enter(ctx, op, p.String(), who, Settle)
	if err != nil {
		return err
	}
	err = auth.SignedIn(who, Settle)
	if err == nil {
		err = storage.Decide(ctx, func() error {
			var pl Place
			if p.kind() == anAnswer {
				pl, err = s.answer(ctx, who, p.Answer)
			} else {
				pl, err = s.question(ctx, who, p.Question)
			}
			if err != nil {
				return err
			}
			now := s.cfg.Clock.Now()
			as, err := s.capacity(ctx, who, pl, now)
			if err != nil {
				return err
			}
			changes := change(pl, as, now)
			if len(changes) == 0 {
				return nil
			}
			return s.cfg.Store.Apply(ctx, append(pl.at(), changes...)...)
		})
	}
	if err != nil {
		return storage.Refuse(op, p.String(), err)
	}
	return nil
}

// capacity decides as what the actor may settle what answers a question.
func (s *Service) capacity(ctx context.Context, who auth.Actor, pl Place, now time.Time) (Capacity, error) {
	q := pl.Question
	if err := s.cfg.Auth.Authorize(ctx, who, Settle, q.scope()); err != nil {
		return 0, err
	}
	as := Asker
	if !wrote(who, q.By) {
		if as = Delegate; who.User != q.Delegate {
			as = Caretaker
		}
	}
	closed := q.closed()
	moderates := false
	if as == Caretaker || closed != nil {
		var err error
		if moderates, err = s.may(ctx, who, Moderate, q); err != nil {
			return 0, err
		}
	}
	if as == Caretaker && !moderates {
		if err := s.caretaker(ctx, who, q); err != nil {
			return 0, err
		}
	}
	if err := pl.gone(); err != nil {
		return 0, err
	}
	switch {
	case closed != nil && (!moderates || !q.MergedInto.IsZero()):
		return 0, closed
	case as != Asker && pl.kind() == anAnswer && wrote(who, pl.Answer.By):
		return 0, ErrOwn
	case as == Caretaker && s.cfg.AcceptAfter > 0 && now.Before(q.spokenAt().Add(s.cfg.AcceptAfter)):
		return 0, ErrTooEarly
	}
	return as, nil
}

// caretaker refuses whoever coordinates none of the question's themes.
func (s *Service) caretaker(ctx context.Context, who auth.Actor, q Question) error {
	is := false
	if s.cfg.Caretaker != nil {
		var err error
		if is, err = s.cfg.Caretaker(ctx, who, q.Themes); err != nil {
			return err
		}
	}
	if !is {
		return &auth.Denied{Action: Settle, Reason: auth.ReasonRole}
	}
	return nil
}

// spokenAt is when the asker, or their delegate for them, last said what they
// hold of the answers.
func (q Question) spokenAt() time.Time {
	if a := q.Acceptance; !a.Answer.IsZero() && a.Capacity != Caretaker {
		return a.At
	}
	return q.CreatedAt
}

// SetDelegate lets somebody else accept answers in the asker's stead, or with
// the zero UserID nobody. Only the asker does so; it must be somebody who may
// read the question (otherwise Invalid: "delegate" unknown), and another than
// they.
func (s *Service) SetDelegate(ctx context.Context, who auth.Actor, id QuestionID, to auth.UserID) error {
	const op = "qa.SetDelegate"
	object := Post{Question: id}.String()
	s, err := s.enter(ctx, op, object, who, Settle)
	if err != nil {
		return err
	}
	err = auth.SignedIn(who, Settle)
	if err == nil {
		err = storage.Decide(ctx, func() error { return s.setDelegate(ctx, who, id, to) })
	}
	if err != nil {
		return storage.Refuse(op, object, err)
	}
	return nil
}

func (s *Service) setDelegate(ctx context.Context, who auth.Actor, id QuestionID, to auth.UserID) error {
	pl, err := s.question(ctx, who, id)
	if err != nil {
		return err
	}
	q := pl.Question
	if err := s.cfg.Auth.Authorize(ctx, who, Settle, q.scope()); err != nil {
		return err
	}
	if !wrote(who, q.By) {
		return &auth.Denied{Action: Settle, Reason: auth.ReasonRole}
	}
	if err := pl.gone(); err != nil {
		return err
	}
	if !q.MergedInto.IsZero() {
		return ErrClosed
	}
	if q.Delegate == to {
		return nil
	}
	event := Event{By: who.By()}
	if !to.IsZero() {
		may, err := auth.Can(ctx, s.cfg.Auth, auth.Actor{User: to}, Read, q.scope())
		if err != nil {
			return err
		}
		if !may || to == who.User {
			return &storage.Invalid{Field: "delegate", Code: storage.CodeUnknown}
		}
		event.Users = []auth.UserID{to}
	}
	pl.Question.Delegate = to
	return s.cfg.Store.Apply(ctx, pl.update(), s.event(EventDelegated, s.cfg.Clock.Now(), q, event))
}
