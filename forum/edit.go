// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// PostEdit changes the text of a post.
type PostEdit struct {
	Post
	Version int    // of the topic or reply that was shown to the editor
	Title   string // of a topic; must be empty for a reply
	Body    string
	Why     string // optional
}

// EditPost changes the text of a post: its author within Config.EditWindow and
// while the topic is open, moderators at any time. What the text was before is
// kept as a revision, unless its author edits what is new (Config.Grace). A
// text that is the same changes nothing. If the post is no longer at the
// version that was shown, the error is a [storage.Conflict] with the Revision
// as it is.
func (s *Service) EditPost(ctx context.Context, who auth.Actor, in PostEdit) (Place, error) {
	const op = "forum.EditPost"
	s, err := s.enter(ctx, op, in.Post.String(), who, Edit)
	if err != nil {
		return Place{}, err
	}
	pl, err := s.editPost(ctx, who, in)
	if err != nil {
		return Place{}, storage.Refuse(op, in.Post.String(), err)
	}
	return pl, nil
}

func (s *Service) editPost(ctx context.Context, who auth.Actor, in PostEdit) (pl Place, err error) {
	if in.Reply.IsZero() {
		if in.Title, err = storage.Line("title", in.Title, s.cfg.MaxTitle); err != nil {
			return Place{}, err
		}
	} else if in.Title != "" {
		return Place{}, &storage.Invalid{Field: "title", Code: storage.CodeMalformed}
	}
	if in.Why, err = storage.Optional(storage.Line, "why", in.Why, MaxWhy); err != nil {
		return Place{}, err
	}
	if in.Body, err = storage.Text("body", in.Body, s.cfg.MaxBody); err != nil {
		return Place{}, err
	}
	err = storage.Decide(ctx, func() error {
		if pl, err = s.look(ctx, who, in.Post); err != nil {
			return err
		}
		now := s.cfg.Clock.Now()
		if err := s.mayEdit(ctx, who, pl, now); err != nil {
			return err
		}
		title := in.Title
		if !pl.first() {
			title = "" // a reply has none, nor has a topic that a merge made a reply
		}
		old := pl.text()
		if pl.version() != in.Version {
			return &storage.Conflict{Base: in.Version, Current: old}
		}
		body, mentioned, told, err := s.address(ctx, pl.Topic, in.Body)
		if err != nil {
			return err
		}
		if title == old.Title && body == old.Body {
			return nil
		}
		told = slices.DeleteFunc(told, func(id auth.UserID) bool { return slices.Contains(auth.Mentions(old.Body), id) })
		kept, err := s.cfg.Store.Revisions(ctx, pl.Post())
		if err != nil {
			return err
		}
		revise, n := !s.inGrace(who, pl, now), old.N
		if revise {
			n++
			kept = append(kept, old)
		}
		pl.retext(title, body, func(t *TextState) { t.Revision, t.EditedAt, t.EditedBy, t.Why = n, now, who.By(), in.Why })
		changes := []storage.Change{pl.at(), pl.update(), SetMentions{pl.Post(), named(mentioned, kept)}}
		if revise {
			changes = append(changes, InsertRevision{old})
		}
		changes = append(changes, follows(pl.Topic.ID, told)...)
		changes = append(changes, s.event(EventEdited, now, pl.Topic.scope(),
			Event{By: who.By(), Board: pl.Topic.Board, Topic: pl.Topic.ID, Reply: pl.Reply.ID, Mentions: told}))
		if err := s.cfg.Store.Apply(ctx, changes...); err != nil {
			return err
		}
		pl.updated()
		return nil
	})
	return pl, err
}

// named returns all whom a post and its earlier texts mention, so that an
// erasure finds them there.
func named(mentioned []auth.UserID, kept []Revision) []auth.UserID {
	all := slices.Clone(mentioned)
	for _, r := range kept {
		for _, id := range auth.Mentions(r.Body) {
			if !slices.Contains(all, id) {
				all = append(all, id)
			}
		}
	}
	return all
}

// mayEdit decides whether the actor may change the text of the post.
func (s *Service) mayEdit(ctx context.Context, who auth.Actor, pl Place, now time.Time) error {
	if err := pl.gone(); err != nil {
		return err
	}
	var refused error
	if wrote(who, pl.by()) {
		held, err := s.hold(ctx, who, pl.scope(), Edit, now)
		if err != nil {
			return err
		}
		switch err := s.cfg.Auth.Authorize(ctx, who, Edit, pl.scope()); {
		case errors.Is(err, auth.ErrDenied):
			refused = err
		case err != nil:
			return err
		case held.State == Held:
			refused = ErrHeld
		case pl.closed(now):
			refused = ErrLocked
		case s.cfg.EditWindow != 0 && now.After(pl.createdAt().Add(s.cfg.EditWindow)):
			refused = ErrTooLate
		default:
			return nil
		}
	}
	err := s.cfg.Auth.Authorize(ctx, who, Moderate, pl.scope())
	if err != nil && refused != nil {
		return refused
	}
	return err
}

// inGrace says whether an edit is part of the first writing: the author's, and
// soon after.
func (s *Service) inGrace(who auth.Actor, pl Place, now time.Time) bool {
	return wrote(who, pl.by()) && pl.text().N == 1 && s.cfg.Grace > 0 && !now.After(pl.createdAt().Add(s.cfg.Grace))
}

func (pl Place) version() int {
	if pl.first() {
		return pl.Topic.Version
	}
	return pl.Reply.Version
}

// retext gives the post another text.
func (pl *Place) retext(title, body string, state func(*TextState)) {
	if pl.first() {
		pl.Topic.Title, pl.Topic.Body = title, body
		pl.Topic.Text.AfterReplies = pl.Topic.Text.AfterReplies || pl.Topic.Replies > 0
		state(&pl.Topic.Text)
		return
	}
	pl.Reply.Body = body
	pl.Reply.Text.AfterReplies = pl.Reply.Text.AfterReplies || pl.Topic.Seq > pl.Reply.Seq
	state(&pl.Reply.Text)
}

// remove gives the post another removal.
func (pl *Place) remove(r Removal) {
	if pl.first() {
		pl.Topic.Removal = r
		return
	}
	pl.Reply.Removal = r
}

// at is the guard of the post's topic: what is applied with it is applied if
// all that was decided on is still so. The post itself is guarded by its update.
func (pl Place) at() storage.Change {
	t := pl.Topic
	return ThreadAt{Topic: t.ID, Version: t.Version, Seq: t.Seq, Replies: t.Replies}
}

// update is the change that stores the post as it is in the place.
func (pl Place) update() storage.Change {
	if pl.first() {
		return UpdateTopic{pl.Topic}
	}
	return UpdateReply{pl.Reply}
}

// updated counts an update that was applied.
func (pl *Place) updated() {
	if pl.first() {
		pl.Topic.Version++
		return
	}
	pl.Reply.Version++
}
