// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// everywhere is the scope of what concerns the tags of all questions.
var everywhere = auth.Scope{Area: auth.Commons, Audience: auth.CommunityMembers}

// Synonyms lists which tags stand for which others, by their bytes; to whoever
// may read what members of the community may.
func (s *Service) Synonyms(ctx context.Context, who auth.Actor) ([]Synonym, error) {
	const op = "qa.Synonyms"
	s, err := s.enter(ctx, op, "", who, Read)
	if err != nil {
		return nil, err
	}
	if err = s.cfg.Auth.Authorize(ctx, who, Read, everywhere); err != nil {
		return nil, storage.Refuse(op, "", err)
	}
	all, err := s.cfg.Store.Synonyms(ctx, nil)
	if err != nil {
		return nil, storage.Refuse(op, "", err)
	}
	return all, nil
}

// PutSynonym makes a tag stand for another, wherever it is written from now
// on, and gives the other to the questions that have it, each with an event of
// its own and without a revision: it is a tag that has another name, and not
// what the asker said. What stood for From stands for To then; a To that stands
// for another is replaced by that; what would stand for itself is Invalid: "to"
// cycle.
//
// Questions are changed one by one. If it fails in between, or a question was
// being asked at that moment, it can be called again, and does what is left.
func (s *Service) PutSynonym(ctx context.Context, who auth.Actor, syn Synonym) error {
	const op = "qa.PutSynonym"
	s, err := s.enter(ctx, op, "", who, Manage)
	if err != nil {
		return err
	}
	if err := s.putSynonym(ctx, who, syn); err != nil {
		return storage.Refuse(op, "", err)
	}
	return nil
}

func (s *Service) putSynonym(ctx context.Context, who auth.Actor, syn Synonym) (err error) {
	if err := s.cfg.Auth.Authorize(ctx, who, Manage, everywhere); err != nil {
		return err
	}
	if syn.From, err = tagForm("from", syn.From, MaxTag); err != nil {
		return err
	}
	if syn.To, err = tagForm("to", syn.To, MaxTag); err != nil {
		return err
	}
	to, err := s.resolve(ctx, []string{syn.To})
	if err != nil {
		return err
	}
	if syn.To = to[0]; syn.To == syn.From {
		return &storage.Invalid{Field: "to", Code: CodeCycle}
	}
	all, err := s.cfg.Store.Synonyms(ctx, nil)
	if err != nil {
		return err
	}
	var changes []storage.Change
	if !slices.Contains(all, syn) {
		changes = append(changes, PutSynonym{syn})
	}
	for _, other := range all {
		if other.To == syn.From {
			changes = append(changes, PutSynonym{Synonym{other.From, syn.To}})
		}
	}
	if len(changes) > 0 {
		changes = append(changes, s.synonymEvent(who, syn))
		if err := s.cfg.Store.Apply(ctx, changes...); err != nil {
			return err
		}
	}
	return s.retag(ctx, who, syn.From)
}

// DropSynonym lets a tag stand for itself again. Questions keep the tags that
// they have.
func (s *Service) DropSynonym(ctx context.Context, who auth.Actor, from string) error {
	const op = "qa.DropSynonym"
	s, err := s.enter(ctx, op, "", who, Manage)
	if err != nil {
		return err
	}
	if err = s.cfg.Auth.Authorize(ctx, who, Manage, everywhere); err == nil {
		from, err = tagForm("from", from, MaxTag)
	}
	if err == nil {
		err = s.cfg.Store.Apply(ctx, DropSynonym{from}, s.synonymEvent(who, Synonym{From: from}))
	}
	if err != nil {
		return storage.Refuse(op, "", err)
	}
	return nil
}

func (s *Service) synonymEvent(who auth.Actor, syn Synonym) storage.Event {
	return auth.NewEvent(EventSynonym, s.cfg.Clock.Now(), everywhere.Area, everywhere.Audience, Event{By: who.By(), Synonym: syn})
}

// retag gives the questions that have a synonym what it stands for: also those
// that are removed or wait, which may be shown again.
func (s *Service) retag(ctx context.Context, who auth.Actor, from string) error {
	for _, removed := range []bool{false, true} {
		for q, err := range storage.All(ctx, func(c storage.Cursor) (storage.Page[Question], error) {
			return s.cfg.Store.Questions(ctx, QuestionQuery{
				Reach: auth.Everything, Tag: from, Removed: removed, After: c, Limit: storage.MaxLimit,
			})
		}) {
			if err == nil {
				err = s.retagOne(ctx, who, q.ID)
			}
			if err != nil {
				return err
			}
		}
	}
	for pl, err := range storage.All(ctx, func(c storage.Cursor) (storage.Page[Place], error) {
		return s.cfg.Store.Held(ctx, HeldQuery{Reach: auth.Everything, After: c, Limit: storage.MaxLimit})
	}) {
		if err == nil && pl.kind() == aQuestion && slices.Contains(pl.Question.Tags, from) {
			err = s.retagOne(ctx, who, pl.Question.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) retagOne(ctx context.Context, who auth.Actor, id QuestionID) error {
	return storage.Decide(ctx, func() error {
		q, err := s.cfg.Store.Question(ctx, id)
		if err != nil {
			return err
		}
		tags, err := s.resolve(ctx, q.Tags)
		if err != nil || slices.Equal(tags, q.Tags) {
			return err
		}
		q.Tags = tags
		changes := []storage.Change{Place{Question: q}.update()}
		if q.Removal.State == Visible {
			changes = append(changes, s.event(EventEdited, s.cfg.Clock.Now(), q, Event{By: who.By()}))
		}
		return s.cfg.Store.Apply(ctx, changes...)
	})
}
