// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"context"
	"errors"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// WaitingPage asks for a page of what waits for a moderator.
type WaitingPage struct {
	Mine  bool // what the actor wrote, instead of what they may moderate
	After storage.Cursor
	Limit int
}

// Waiting lists the posts that wait for a moderator, oldest first, of the
// topics that the actor may moderate: [Service.Restore] lets one through, and
// [Service.Hide] does not. For whoever moderates nothing there are none. Mine are
// those that the actor wrote where they may read; of a topic that was taken from
// their sight meanwhile there is only the ID.
func (s *Service) Waiting(ctx context.Context, who auth.Actor, in WaitingPage) (storage.Page[Place], error) {
	const op = "forum.Waiting"
	if in.Mine {
		return s.waitingOf(ctx, op, who, in)
	}
	s, err := s.enter(ctx, op, "", who, Moderate)
	if err != nil {
		return storage.Page[Place]{}, err
	}
	reach, err := s.moderates(ctx, who)
	var page storage.Page[Place]
	if err == nil {
		page, err = s.cfg.Store.Held(ctx, HeldQuery{Reach: reach, After: in.After, Limit: in.Limit})
	}
	if err != nil {
		return storage.Page[Place]{}, storage.Refuse(op, "", err)
	}
	return page, nil
}

// waitingOf lists what the actor wrote that waits.
func (s *Service) waitingOf(ctx context.Context, op string, who auth.Actor, in WaitingPage) (page storage.Page[Place], err error) {
	if err := auth.SignedIn(who, Read); err != nil {
		return page, storage.Refuse(op, "", err)
	}
	s, err = s.enter(ctx, op, "", who, Read)
	if err != nil {
		return page, err
	}
	reach, err := s.cfg.Auth.Reach(ctx, who, Read)
	if err == nil {
		page, err = s.cfg.Store.Held(ctx, HeldQuery{Reach: reach, By: who.User, After: in.After, Limit: in.Limit})
	}
	for i := range page.Items {
		pl := &page.Items[i]
		switch rerr := s.readable(ctx, who, pl.Topic); {
		case errors.Is(rerr, storage.ErrNotFound):
			pl.Topic, pl.Board = Topic{ID: pl.Topic.ID}, Board{}
		case rerr != nil:
			err = rerr
		}
	}
	if err != nil {
		return storage.Page[Place]{}, storage.Refuse(op, "", err)
	}
	return page, nil
}

// moderates returns where the actor may read and moderate.
func (s *Service) moderates(ctx context.Context, who auth.Actor) (auth.Reach, error) {
	read, err := s.cfg.Auth.Reach(ctx, who, Read)
	if err != nil {
		return auth.Reach{}, err
	}
	moderate, err := s.cfg.Auth.Reach(ctx, who, Moderate)
	return read.And(moderate), err
}

// hold returns the removal that what the actor is about to do begins with: the
// zero one, or Held.
func (s *Service) hold(ctx context.Context, who auth.Actor, at auth.Scope, do auth.Action, now time.Time) (Removal, error) {
	if s.cfg.Hold == nil {
		return Removal{}, nil
	}
	held, err := s.cfg.Hold(ctx, who, at, do)
	if err != nil || !held {
		return Removal{}, err
	}
	return Removal{State: Held, At: now}, nil
}

// shows returns what goes with showing a post that was never shown: what would
// have gone with writing it, as of now, and with the byline of who wrote it.
func (s *Service) shows(pl Place, told []auth.UserID, now time.Time) []storage.Change {
	name := EventReplied
	if pl.first() {
		name = EventStarted
	}
	return append(follows(pl.Topic.ID, told), s.event(name, now, pl.Topic.scope(),
		Event{By: pl.by(), Board: pl.Topic.Board, Topic: pl.Topic.ID, Reply: pl.Reply.ID, Mentions: told}))
}
