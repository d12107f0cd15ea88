// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"context"
	"errors"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Delete removes what the actor wrote. A topic goes only while nobody has
// replied ([ErrAnswered]); a reply leaves its place, and its children stay.
// What is already removed stays as it is.
func (s *Service) Delete(ctx context.Context, who auth.Actor, p Post) error {
	s, err := s.enter(ctx, "forum.Delete", p.String(), who, Edit)
	if err != nil {
		return err
	}
	return s.removal(ctx, "forum.Delete", who, p, "", func(ctx context.Context, pl Place) (State, error) {
		if !wrote(who, pl.by()) {
			return 0, &auth.Denied{Action: Edit, Reason: auth.ReasonRole}
		}
		if err := s.cfg.Auth.Authorize(ctx, who, Edit, pl.scope()); err != nil {
			return 0, err
		}
		switch state := pl.removal().State; {
		case state == Held:
			return Withdrawn, nil
		case state != Visible:
			return state, nil
		case pl.first() && pl.Topic.Replies > 0:
			return 0, ErrAnswered
		}
		return Deleted, nil
	})
}

// Hide takes a post away from everybody but its author and moderators, for a
// reason that they are shown. One that waits is not let through by it.
func (s *Service) Hide(ctx context.Context, who auth.Actor, p Post, why string) error {
	const op = "forum.Hide"
	s, err := s.enter(ctx, op, p.String(), who, Moderate)
	if err != nil {
		return err
	}
	why, err = storage.Line("why", why, MaxWhy)
	if err != nil {
		return storage.Refuse(op, p.String(), err)
	}
	return s.removal(ctx, op, who, p, why, func(ctx context.Context, pl Place) (State, error) {
		if err := s.cfg.Auth.Authorize(ctx, who, Moderate, pl.scope()); err != nil {
			return 0, err
		}
		switch state := pl.removal().State; state {
		case Visible, Deleted:
			return Hidden, nil
		case Held, Withdrawn:
			return Rejected, nil
		default:
			return state, nil
		}
	})
}

// Restore undoes Delete, for its author and for moderators, and Hide, for
// moderators. A purged post is [ErrRemoved].
//
// For moderators it also lets a post through that was never shown: it is
// counted, and told of, from then on. Its author cannot ([ErrOwn]), and
// one that they deleted while it waited waits again.
func (s *Service) Restore(ctx context.Context, who auth.Actor, p Post) error {
	s, err := s.enter(ctx, "forum.Restore", p.String(), who, Edit)
	if err != nil {
		return err
	}
	return s.removal(ctx, "forum.Restore", who, p, "", func(ctx context.Context, pl Place) (State, error) {
		state, mine, do := pl.removal().State, wrote(who, pl.by()), Moderate
		if mine && (state <= Deleted || state == Withdrawn) {
			do = Edit
		}
		if err := s.cfg.Auth.Authorize(ctx, who, do, pl.scope()); err != nil {
			return 0, err
		}
		switch {
		case state == Purged:
			return 0, ErrRemoved
		case mine && state == Withdrawn:
			return Held, nil
		case mine && state.Unseen():
			return 0, ErrOwn
		}
		return Visible, nil
	})
}

// removal moves a post to the state that next says, if that is another.
func (s *Service) removal(ctx context.Context, op string, who auth.Actor, p Post, why string,
	next func(context.Context, Place) (State, error)) error {
	err := storage.Decide(ctx, func() error {
		pl, err := s.look(ctx, who, p)
		if err != nil {
			return err
		}
		was := pl.removal().State
		to, err := next(ctx, pl)
		if err != nil || to == was {
			return err
		}
		shown := to == Visible && was.Unseen()
		var told []auth.UserID
		if shown {
			if told, err = s.mentionable(ctx, pl.Topic, auth.Mentions(pl.text().Body)); err != nil {
				return err
			}
		}
		now := s.cfg.Clock.Now()
		name, removal := EventRemoved, Removal{State: to, At: now, By: who.By(), Why: why}
		switch to {
		case Visible:
			name, removal = EventRestored, Removal{}
		case Held:
			name, removal = EventHeld, Removal{State: Held, At: now}
		}
		pl.remove(removal)
		changes := []storage.Change{pl.at(), pl.update(), s.event(name, now, pl.Topic.scope(),
			Event{By: who.By(), Board: pl.Topic.Board, Topic: pl.Topic.ID, Reply: pl.Reply.ID, Why: why})}
		if !pl.first() {
			changes = append(changes, Recount{pl.Topic.ID})
		}
		if shown {
			changes = append(changes, s.shows(pl, told, now)...)
		}
		return s.cfg.Store.Apply(ctx, changes...)
	})
	if err != nil {
		return storage.Refuse(op, p.String(), err)
	}
	return nil
}

// held runs fn in a unit that has the topic of a place to itself, if all that a
// decision rested on is still as it was seen: a topic is not deleted while
// somebody answers it, and nothing is written in one that was moved to where
// the actor may not read. Otherwise it is ErrConflict.
func (s *Service) held(ctx context.Context, seen Place, fn func(context.Context, Store, Place) error) error {
	return s.cfg.Store.Atomic(ctx, func(ctx context.Context, tx Store) error {
		pl, err := tx.Place(ctx, PlaceQuery{Post: seen.Post()})
		if errors.Is(err, storage.ErrNotFound) {
			return storage.ErrConflict // taken into another topic
		}
		if err != nil {
			return err
		}
		t, was := pl.Topic, seen.Topic
		if t.Version != was.Version || t.Seq != was.Seq || t.Replies != was.Replies || pl.Reply.Version != seen.Reply.Version {
			return storage.ErrConflict
		}
		return fn(ctx, tx, pl)
	})
}

// Purge removes the texts of a post for good, with its revisions and
// reactions. Purging a topic purges all its replies and its title.
func (s *Service) Purge(ctx context.Context, who auth.Actor, p Post, why string) error {
	const op = "forum.Purge"
	s, err := s.enter(ctx, op, p.String(), who, Purge)
	if err != nil {
		return err
	}
	why, err = storage.Line("why", why, MaxWhy)
	if err != nil {
		return storage.Refuse(op, p.String(), err)
	}
	err = storage.Decide(ctx, func() error {
		seen, err := s.look(ctx, who, p)
		if err != nil {
			return err
		}
		if err := s.cfg.Auth.Authorize(ctx, who, Purge, seen.scope()); err != nil {
			return err
		}
		return s.held(ctx, seen, func(ctx context.Context, tx Store, pl Place) error {
			return s.purge(ctx, tx, pl, who.By(), why)
		})
	})
	if err != nil {
		return storage.Refuse(op, p.String(), err)
	}
	return nil
}

// purge empties a post, and with a topic all its replies, in a unit that
// holds the topic.
func (s *Service) purge(ctx context.Context, tx Store, pl Place, by auth.By, why string) error {
	now := s.cfg.Clock.Now()
	gone := Removal{State: Purged, At: now, By: by, Why: why}
	posts := []Place{pl}
	if pl.first() {
		below, err := tx.Subtree(ctx, pl.Topic.ID, "")
		if err != nil {
			return err
		}
		for _, r := range below {
			posts = append(posts, Place{Topic: pl.Topic, Reply: r})
		}
	}
	var changes []storage.Change
	for _, p := range posts {
		if p.removal().State == Purged {
			continue
		}
		p.remove(gone)
		p.retext("", "", func(t *TextState) { *t = TextState{Revision: t.Revision} })
		changes = append(changes, p.update(), DeleteRevisions{p.Post()}, DeleteReactions{p.Post()}, SetMentions{Post: p.Post()})
	}
	if len(changes) == 0 {
		return nil
	}
	return tx.Apply(ctx, append(changes, Recount{pl.Topic.ID}, s.event(EventPurged, now, pl.Topic.scope(),
		Event{By: by, Board: pl.Topic.Board, Topic: pl.Topic.ID, Reply: pl.Reply.ID, Why: why}))...)
}
