// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"context"
	"iter"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Move says where a topic goes.
type Move struct {
	Topic TopicID
	To    BoardID
	Why   string // optional
	Widen bool   // it may be shown to people it was not promised to
}

// Pin says where a topic stands first.
func (s *Service) Pin(ctx context.Context, who auth.Actor, id TopicID, pin Pin) error {
	const op = "forum.Pin"
	s, err := s.enter(ctx, op, "topic "+id.String(), who, Moderate)
	if err != nil {
		return err
	}
	if pin > Announced {
		return storage.Refuse(op, "topic "+id.String(), &storage.Invalid{Field: "pin", Code: storage.CodeUnknown})
	}
	return s.moderate(ctx, op, who, id, func(t *Topic) string {
		if t.Pin == pin {
			return ""
		}
		t.Pin = pin
		return EventPinned
	})
}

// Lock closes a topic to all but moderators, or opens it again.
func (s *Service) Lock(ctx context.Context, who auth.Actor, id TopicID, locked bool) error {
	s, err := s.enter(ctx, "forum.Lock", "topic "+id.String(), who, Moderate)
	if err != nil {
		return err
	}
	return s.moderate(ctx, "forum.Lock", who, id, func(t *Topic) string {
		switch {
		case t.Locked == locked:
			return ""
		case locked:
			t.Locked = true
			return EventLocked
		}
		t.Locked = false
		return EventUnlocked
	})
}

// moderate lets a moderator change a topic; change returns the name of the
// event that reports it, or "" when there is nothing to do.
func (s *Service) moderate(ctx context.Context, op string, who auth.Actor, id TopicID, change func(*Topic) string) error {
	err := storage.Decide(ctx, func() error {
		pl, err := s.moderated(ctx, who, id)
		if err != nil {
			return err
		}
		name := change(&pl.Topic)
		if name == "" {
			return nil
		}
		return s.cfg.Store.Apply(ctx, UpdateTopic{pl.Topic}, s.event(name, s.cfg.Clock.Now(), pl.Topic.scope(),
			Event{By: who.By(), Board: pl.Topic.Board, Topic: id}))
	})
	if err != nil {
		return storage.Refuse(op, "topic "+id.String(), err)
	}
	return nil
}

// moderated returns a topic that the actor may moderate.
func (s *Service) moderated(ctx context.Context, who auth.Actor, id TopicID) (Place, error) {
	pl, err := s.topic(ctx, who, id)
	if err != nil {
		return Place{}, err
	}
	return pl, s.cfg.Auth.Authorize(ctx, who, Moderate, pl.Topic.scope())
}

// Move takes a topic to another board, of its area or of another one. The
// actor must be a moderator at both ends. Its audience becomes no wider than
// what the board promises, and never wider than it was; to show it to people
// it was not promised to, as when it leaves a reserved area, Widen must be
// set (otherwise Invalid: "widen" promise). Those who may not read it any more
// no longer follow it.
func (s *Service) Move(ctx context.Context, who auth.Actor, in Move) error {
	const op = "forum.Move"
	s, err := s.enter(ctx, op, "topic "+in.Topic.String(), who, Moderate)
	if err != nil {
		return err
	}
	why, err := storage.Optional(storage.Line, "why", in.Why, MaxWhy)
	if err == nil {
		err = storage.Decide(ctx, func() error { return s.move(ctx, who, in, why) })
	}
	if err != nil {
		return storage.Refuse(op, "topic "+in.Topic.String(), err)
	}
	return nil
}

func (s *Service) move(ctx context.Context, who auth.Actor, in Move, why string) error {
	pl, err := s.moderated(ctx, who, in.Topic)
	if err != nil {
		return err
	}
	to, err := s.destination(ctx, who, in.To)
	if err != nil {
		return err
	}
	t := pl.Topic
	if t.Board == to.ID {
		return nil
	}
	if err := to.takes(Moderate); err != nil {
		return err
	}
	from := t.scope()
	t.Board, t.Area, t.Audience = to.ID, to.Area, min(t.Audience, to.Promise)
	if !within(t.scope(), from) && !in.Widen {
		return &storage.Invalid{Field: "widen", Code: CodePromise}
	}
	may, err := s.readers(ctx, t.ID, t.scope())
	if err != nil {
		return err
	}
	return s.held(ctx, pl, func(ctx context.Context, tx Store, _ Place) error {
		changes, err := may.lost(ctx, tx, t.ID)
		if err != nil {
			return err
		}
		return tx.Apply(ctx, append(changes, BoardAt{to.ID, to.Version}, UpdateTopic{t}, s.event(EventMoved, s.cfg.Clock.Now(), t.scope(),
			Event{By: who.By(), Board: t.Board, Topic: t.ID, FromArea: from.Area, Why: why}))...)
	})
}

// readers says of everybody with a mark on a topic whether they may read it
// where it goes.
type readers map[auth.UserID]bool

func (s *Service) readers(ctx context.Context, id TopicID, to auth.Scope) (readers, error) {
	may := readers{}
	for m, err := range marks(ctx, s.cfg.Store, id) {
		if err == nil {
			may[m.User], err = auth.Can(ctx, s.cfg.Auth, auth.Actor{User: m.User}, Read, to)
		}
		if err != nil {
			return nil, err
		}
	}
	return may, nil
}

// lost drops the marks of those who may not, in a unit that holds the topic.
// It is ErrConflict if there is a mark of somebody who was not asked about.
func (may readers) lost(ctx context.Context, tx Store, id TopicID) ([]storage.Change, error) {
	var changes []storage.Change
	for m, err := range marks(ctx, tx, id) {
		if err != nil {
			return nil, err
		}
		switch reads, asked := may[m.User]; {
		case !asked:
			return nil, storage.ErrConflict
		case !reads:
			changes = append(changes, DropMark{m.User, id})
		}
	}
	return changes, nil
}

// destination returns a board that the actor may see, read in and moderate.
func (s *Service) destination(ctx context.Context, who auth.Actor, id BoardID) (Board, error) {
	b, err := s.board(ctx, who, id)
	if err != nil {
		return Board{}, auth.Unknown("board", err)
	}
	promised := auth.Scope{Area: b.Area, Audience: b.Promise}
	for _, do := range []auth.Action{Read, Moderate} {
		if err := s.cfg.Auth.Authorize(ctx, who, do, promised); err != nil {
			return Board{}, err
		}
	}
	return b, nil
}

// within says whether all whom an item in the inner scope is shown to are
// among those it is promised to in the outer one. The members of every area
// are members of the community.
func within(inner, outer auth.Scope) bool {
	if outer.Audience == auth.AreaMembers && inner.Area != outer.Area {
		return outer.Area == auth.Commons && inner.Audience == auth.AreaMembers
	}
	return inner.Audience <= outer.Audience
}

// marks yields what everybody has to do with a topic.
func marks(ctx context.Context, from Store, id TopicID) iter.Seq2[Mark, error] {
	return storage.All(ctx, func(c storage.Cursor) (storage.Page[Mark], error) {
		return from.Followers(ctx, id, c)
	})
}
