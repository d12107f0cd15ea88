// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// MadeFrom lists the questions made from something that the actor may read, by
// id.
func (s *Service) MadeFrom(ctx context.Context, who auth.Actor, o Origin) ([]Question, error) {
	const op = "qa.MadeFrom"
	s, err := s.enter(ctx, op, "", who, Read)
	if err != nil || o.IsZero() {
		return nil, err
	}
	reach, err := s.cfg.Auth.Reach(ctx, who, Read)
	var heads []Question
	if err == nil {
		heads, err = s.cfg.Store.From(ctx, o, reach)
	}
	if err != nil {
		return nil, storage.Refuse(op, "", err)
	}
	return mask(heads), nil
}

// Recheck says that what questions were made from has changed, so that somebody
// looks whether they still hold; see [Question].RecheckAt. It asks nobody's
// leave: it is for the host, when it learns of the change. Those that are marked
// already stay as they are, without another event.
func (s *Service) Recheck(ctx context.Context, o Origin) error {
	if o.IsZero() {
		return nil
	}
	heads, err := s.cfg.Store.From(ctx, o, auth.Everything)
	for _, head := range heads {
		if err = s.recheck(ctx, head.ID); err != nil {
			break
		}
	}
	if err != nil {
		return storage.Refuse("qa.Recheck", "", err)
	}
	return nil
}

func (s *Service) recheck(ctx context.Context, id QuestionID) error {
	return storage.Decide(ctx, func() error {
		q, err := s.cfg.Store.Question(ctx, id)
		if err != nil || !q.RecheckAt.IsZero() || (Place{Question: q}).gone() != nil || !q.MergedInto.IsZero() {
			return err
		}
		now := s.cfg.Clock.Now()
		q.RecheckAt = now
		return s.cfg.Store.Apply(ctx, Place{Question: q}.update(), s.event(EventRecheck, now, q, Event{}))
	})
}

// Checked says that somebody has looked at a question since what it was made
// from changed: its asker, or a moderator.
func (s *Service) Checked(ctx context.Context, who auth.Actor, id QuestionID) error {
	const op = "qa.Checked"
	object := Post{Question: id}.String()
	s, err := s.enter(ctx, op, object, who, Amend)
	if err != nil {
		return err
	}
	err = storage.Decide(ctx, func() error {
		pl, err := s.question(ctx, who, id)
		if err != nil {
			return err
		}
		if err := s.mayAmend(ctx, who, pl, wrote(who, pl.Question.By)); err != nil {
			return err
		}
		if err := pl.gone(); err != nil || pl.Question.RecheckAt.IsZero() {
			return err
		}
		pl.Question.RecheckAt = time.Time{}
		return s.cfg.Store.Apply(ctx, pl.update(), s.event(EventChecked, s.cfg.Clock.Now(), pl.Question, Event{By: who.By()}))
	})
	if err != nil {
		return storage.Refuse(op, object, err)
	}
	return nil
}

// mayAmend decides whether the actor may change what a question is to others:
// as the one whose it is, or as a moderator.
func (s *Service) mayAmend(ctx context.Context, who auth.Actor, pl Place, own bool) error {
	if own {
		switch may, err := s.may(ctx, who, Amend, pl.Question); {
		case err != nil:
			return err
		case may:
			return nil
		}
	}
	return s.cfg.Auth.Authorize(ctx, who, Moderate, pl.Question.scope())
}
