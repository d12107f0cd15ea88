// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// ReadTo says that the actor has opened a topic and read every reply up to the
// one numbered seq. It never goes back, whatever tab says so last.
func (s *Service) ReadTo(ctx context.Context, who auth.Actor, id TopicID, seq int) error {
	s, err := s.enter(ctx, "forum.ReadTo", "topic "+id.String(), who, Watch)
	if err != nil {
		return err
	}
	err = auth.SignedIn(who, Watch)
	if err == nil {
		err = storage.Decide(ctx, func() error {
			pl, err := s.watched(ctx, who, id)
			if err != nil {
				return err
			}
			if !pl.first() {
				return storage.ErrNotFound // merged into another topic, whose replies have other numbers
			}
			upTo := min(max(seq, 0), pl.Topic.Seq)
			if pl.Mark.Opened && pl.Mark.Read >= upTo {
				return nil
			}
			return s.cfg.Store.Apply(ctx, TopicAt{id, pl.Topic.Version}, ReadTo{User: who.User, Topic: id, Seq: upTo})
		})
	}
	if err != nil {
		return storage.Refuse("forum.ReadTo", "topic "+id.String(), err)
	}
	return nil
}

// ReadAll says that the actor has read whatever has been written so far, in
// one write.
func (s *Service) ReadAll(ctx context.Context, who auth.Actor) error {
	s, err := s.enter(ctx, "forum.ReadAll", "", who, Watch)
	if err != nil {
		return err
	}
	err = auth.SignedIn(who, Watch)
	if err == nil {
		err = s.cfg.Store.Apply(ctx, MarkAllRead{who.User, s.cfg.Clock.Now()})
	}
	if err != nil {
		return storage.Refuse("forum.ReadAll", "", err)
	}
	return nil
}

// Follow lets the actor be told of what happens in a topic, or not. What was
// chosen by hand, also to be Unasked, is not changed by replying or by being
// mentioned.
func (s *Service) Follow(ctx context.Context, who auth.Actor, id TopicID, f Follow) error {
	s, err := s.enter(ctx, "forum.Follow", "topic "+id.String(), who, Watch)
	if err != nil {
		return err
	}
	err = auth.SignedIn(who, Watch)
	if err == nil && f > Ignoring {
		err = &storage.Invalid{Field: "follow", Code: storage.CodeUnknown}
	}
	if err == nil {
		err = storage.Decide(ctx, func() error {
			seen, err := s.watched(ctx, who, id)
			if err != nil {
				return err
			}
			return s.held(ctx, seen, func(ctx context.Context, tx Store, pl Place) error {
				return tx.Apply(ctx, SetFollow{User: who.User, Topic: pl.Topic.ID, Follow: f, Reason: ByHand})
			})
		})
	}
	if err != nil {
		return storage.Refuse("forum.Follow", "topic "+id.String(), err)
	}
	return nil
}

// watched returns a topic that the actor may follow.
func (s *Service) watched(ctx context.Context, who auth.Actor, id TopicID) (Place, error) {
	pl, err := s.look(ctx, who, Post{Topic: id})
	if err != nil {
		return Place{}, err
	}
	return pl, s.cfg.Auth.Authorize(ctx, who, Watch, pl.Topic.scope())
}

// Useful says that the actor finds a post useful, or no longer. Nobody does so
// of what they wrote ([ErrOwn]).
func (s *Service) Useful(ctx context.Context, who auth.Actor, p Post, useful bool) error {
	s, err := s.enter(ctx, "forum.Useful", p.String(), who, React)
	if err != nil {
		return err
	}
	err = auth.SignedIn(who, React)
	if err == nil {
		err = storage.Decide(ctx, func() error { return s.useful(ctx, who, p, useful) })
	}
	if err != nil {
		return storage.Refuse("forum.Useful", p.String(), err)
	}
	return nil
}

func (s *Service) useful(ctx context.Context, who auth.Actor, p Post, useful bool) error {
	pl, err := s.look(ctx, who, p)
	if err != nil {
		return err
	}
	if err := s.cfg.Auth.Authorize(ctx, who, React, pl.scope()); err != nil {
		return err
	}
	if err := pl.gone(); err != nil {
		return err
	}
	switch {
	case wrote(who, pl.by()):
		return ErrOwn
	case pl.Useful == useful:
		return nil
	}
	var change storage.Change = DeleteReaction{Post: pl.Post(), User: who.User}
	if useful {
		change = InsertReaction{Post: pl.Post(), User: who.User, At: s.cfg.Clock.Now()}
	}
	at := TopicAt{pl.Topic.ID, pl.Topic.Version}
	if pl.first() {
		err = s.cfg.Store.Apply(ctx, change, at) // it counts in the topic, which is then held already
	} else {
		err = s.cfg.Store.Apply(ctx, at, change, ReplyAt{pl.Reply.ID, pl.Reply.Version})
	}
	if errors.Is(err, storage.ErrExists) || errors.Is(err, storage.ErrNotFound) {
		return storage.ErrConflict // said meanwhile, or the post was taken into another topic
	}
	return err
}

// A Recipient is somebody to be told of an event, and why.
type Recipient struct {
	User   auth.UserID
	Reason Reason
}

// Recipients returns who is to be told of an event: who follows the topic when
// it was replied to, who is mentioned in what was written, and of a post that a
// moderator has hidden or did not let through, its author. It is asked when a
// notice is delivered: only those are given who may read the topic then, and
// nobody if the post has been removed meanwhile, or was restored; nobody is
// told of what they did themselves.
func (s *Service) Recipients(ctx context.Context, e storage.Event) ([]Recipient, error) {
	const op = "forum.Recipients"
	if !slices.Contains([]string{EventStarted, EventReplied, EventEdited, EventSplit, EventRemoved}, e.Name) {
		return nil, nil
	}
	var in Event
	if err := json.Unmarshal(e.Data, &in); err != nil {
		return nil, storage.Refuse(op, "event "+e.ID.String(), err)
	}
	pl, err := s.cfg.Store.Place(ctx, PlaceQuery{Post: Post{in.Topic, in.Reply}})
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil // moved on: whoever handles it now has another event
	}
	if err != nil {
		return nil, storage.Refuse(op, "event "+e.ID.String(), err)
	}
	if !pl.Topic.MergedInto.IsZero() {
		return nil, nil
	}
	if e.Name == EventRemoved {
		return s.toldWhy(ctx, pl)
	}
	if pl.gone() != nil {
		return nil, nil
	}
	var told []Recipient
	for m, err := range marks(ctx, s.cfg.Store, in.Topic) {
		if err != nil {
			return nil, storage.Refuse(op, "event "+e.ID.String(), err)
		}
		named := slices.Contains(in.Mentions, m.User)
		if m.User == in.By.User || m.Follow == Ignoring || !named && (m.Follow != Following || e.Name != EventReplied) {
			continue
		}
		may, err := auth.Can(ctx, s.cfg.Auth, auth.Actor{User: m.User}, Read, pl.Topic.scope())
		if err != nil {
			return nil, storage.Refuse(op, "event "+e.ID.String(), err)
		}
		if may {
			r := Recipient{m.User, m.Reason}
			if named {
				r.Reason = Mentioned
			}
			told = append(told, r)
		}
	}
	return told, nil
}

// toldWhy returns the author of a post that was taken away from them, if they
// still see it.
func (s *Service) toldWhy(ctx context.Context, pl Place) ([]Recipient, error) {
	author := auth.Actor{User: pl.by().User}
	switch r := pl.removal(); {
	case r.State != Hidden && r.State != Rejected, author.User.IsZero(), wrote(author, r.By):
		return nil, nil
	}
	switch err := s.readable(ctx, author, pl.Topic); {
	case errors.Is(err, storage.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, storage.Refuse("forum.Recipients", pl.Post().String(), err)
	}
	return []Recipient{{author.User, Author}}, nil
}
