// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// look returns a post where it stands if the actor may read its question,
// wherever a merge has taken it. Of what was never shown only its author and
// moderators learn that it is there.
func (s *Service) look(ctx context.Context, who auth.Actor, p Post) (Place, error) {
	pl, err := s.cfg.Store.Place(ctx, PlaceQuery{p, who.User})
	if errors.Is(err, storage.ErrNotFound) && !p.Answer.IsZero() {
		pl, err = s.followed(ctx, who, p)
	}
	if err != nil {
		return Place{}, err
	}
	if err := s.readable(ctx, who, pl.Question); err != nil {
		return Place{}, err
	}
	for _, e := range []Entry{pl.Answer.Entry, pl.Comment.Entry} {
		if !e.Removal.State.Unseen() || wrote(who, e.By) {
			continue
		}
		if err := s.cfg.Auth.Authorize(ctx, who, Moderate, pl.Question.scope()); err != nil {
			return Place{}, auth.Hide(err)
		}
	}
	return pl, nil
}

// followed looks for a post below an answer where merges took it from the
// question where it is sought, and nowhere else.
func (s *Service) followed(ctx context.Context, who auth.Actor, p Post) (Place, error) {
	a, err := s.cfg.Store.Answer(ctx, p.Answer)
	for err == nil && p.Question != a.Question {
		var q Question
		if q, err = s.cfg.Store.Question(ctx, p.Question); err == nil && q.MergedInto.IsZero() {
			err = storage.ErrNotFound
		}
		p.Question = q.MergedInto
	}
	if err != nil {
		return Place{}, err
	}
	return s.cfg.Store.Place(ctx, PlaceQuery{p, who.User})
}

// question is look for a question.
func (s *Service) question(ctx context.Context, who auth.Actor, id QuestionID) (Place, error) {
	return s.look(ctx, who, Post{Question: id})
}

// answer is look for an answer, in whatever question it stands now.
func (s *Service) answer(ctx context.Context, who auth.Actor, id AnswerID) (Place, error) {
	a, err := s.cfg.Store.Answer(ctx, id)
	if err != nil {
		return Place{}, err
	}
	return s.look(ctx, who, Post{Question: a.Question, Answer: id})
}

// readable returns ErrNotFound unless the actor may open the question.
func (s *Service) readable(ctx context.Context, who auth.Actor, q Question) error {
	if err := s.cfg.Auth.Authorize(ctx, who, Read, q.scope()); err != nil {
		return auth.Hide(err)
	}
	if q.Removal.State == Visible || wrote(who, q.By) {
		return nil
	}
	return auth.Hide(s.cfg.Auth.Authorize(ctx, who, Moderate, q.scope()))
}

// shown returns ErrRemoved unless the actor may see the text of the post, and
// the answer that it is a comment on.
func (s *Service) shown(ctx context.Context, who auth.Actor, pl Place) error {
	staff := false
	for _, e := range []Entry{pl.Question.Entry, pl.Answer.Entry, pl.Comment.Entry} {
		switch {
		case e.Removal.State == Purged:
			return ErrRemoved
		case e.Removal.State == Visible || wrote(who, e.By) || staff:
			continue
		}
		may, err := s.may(ctx, who, Moderate, pl.Question)
		if err != nil {
			return err
		}
		if staff = may; !staff {
			return ErrRemoved
		}
	}
	return nil
}

// veil leaves out of a question what it says of others that the actor may not
// read: whose duplicate it is, and into which it was merged.
func (s *Service) veil(ctx context.Context, who auth.Actor, q *Question) error {
	for _, other := range []*QuestionID{&q.MergedInto, &q.Closing.Of} {
		if other.IsZero() {
			continue
		}
		switch _, err := s.question(ctx, who, *other); {
		case errors.Is(err, storage.ErrNotFound):
			*other = QuestionID{}
		case err != nil:
			return err
		}
	}
	return nil
}

// mask makes heads of questions, as lists give them: whose duplicate one is,
// only its page tells.
func mask(heads []Question) []Question {
	for i := range heads {
		heads[i].Closing.Of = QuestionID{}
	}
	return heads
}

// wrote says whether the actor is the person of a byline.
func wrote(who auth.Actor, by auth.By) bool { return !who.User.IsZero() && who.User == by.User }

func (q Question) scope() auth.Scope {
	return auth.Scope{Area: q.Area, Audience: q.Audience, Author: q.By.User}
}

// closed says why the question takes no more answers.
func (q Question) closed() error {
	if q.Closing.Reason != 0 || !q.MergedInto.IsZero() {
		return ErrClosed
	}
	return nil
}

// String names the post for an error.
func (p Post) String() string {
	switch p.kind() {
	case aComment:
		return "comment " + p.Comment.String()
	case anAnswer:
		return "answer " + p.Answer.String()
	default:
		return "question " + p.Question.String()
	}
}

// A kind of post.
type kind uint8

const (
	aQuestion kind = iota
	anAnswer
	aComment
)

func (p Post) kind() kind {
	switch {
	case !p.Comment.IsZero():
		return aComment
	case !p.Answer.IsZero():
		return anAnswer
	default:
		return aQuestion
	}
}

// Post returns which post the place is.
func (pl Place) Post() Post { return Post{pl.Question.ID, pl.Answer.ID, pl.Comment.ID} }

func (pl Place) kind() kind { return pl.Post().kind() }

// entry is what the post has in common with all others, in its place.
func (pl *Place) entry() *Entry {
	switch pl.kind() {
	case aComment:
		return &pl.Comment.Entry
	case anAnswer:
		return &pl.Answer.Entry
	default:
		return &pl.Question.Entry
	}
}

// gone says why the post is not there for all who read the question: it has
// been removed, or waits, by itself or with what it stands below.
func (pl Place) gone() error {
	switch cmp.Or(pl.Question.Removal.State, pl.Answer.Removal.State, pl.Comment.Removal.State) {
	case Visible:
		return nil
	case Held:
		return ErrHeld
	default:
		return ErrRemoved
	}
}

// scope is that of the question, with the author of the post.
func (pl Place) scope() auth.Scope {
	sc := pl.Question.scope()
	sc.Author = pl.entry().By.User
	return sc
}

// at are the guards of the post: what is applied with them is applied if all
// that was decided on is still so. A comment is guarded by its update.
func (pl Place) at() []storage.Change {
	changes := []storage.Change{QuestionAt{pl.Question.ID, pl.Question.Version}}
	if !pl.Answer.ID.IsZero() {
		changes = append(changes, AnswerAt{pl.Question.ID, pl.Answer.ID, pl.Answer.Version})
	}
	return changes
}

// update is the change that stores the post as it is in the place.
func (pl Place) update() storage.Change {
	switch pl.kind() {
	case aComment:
		return UpdateComment{pl.Comment}
	case anAnswer:
		return UpdateAnswer{pl.Answer}
	default:
		return UpdateQuestion{pl.Question, words(pl.Question.Title, pl.Question.Tags)}
	}
}

// updated counts an update that was applied.
func (pl *Place) updated() { pl.entry().Version++ }

// text returns the present text of the post as a revision.
func (pl Place) text() Revision {
	e := pl.entry()
	r := Revision{Post: pl.Post(), N: e.Text.Revision, Body: e.Body, By: e.By, At: e.CreatedAt, Why: e.Text.Why}
	if pl.kind() == aQuestion {
		r.Title, r.Tags, r.Themes = pl.Question.Title, pl.Question.Tags, pl.Question.Themes
	}
	if !e.Text.EditedAt.IsZero() {
		r.By, r.At = e.Text.EditedBy, e.Text.EditedAt
	}
	return r
}

// retext gives the post the text of a revision, without making it an edit.
func (pl *Place) retext(r Revision) {
	if pl.kind() == aQuestion {
		pl.Question.Title, pl.Question.Tags, pl.Question.Themes = r.Title, r.Tags, r.Themes
	}
	pl.entry().Body = r.Body
}

// event is the payload that names the post and who did something to it.
func (pl Place) event(by auth.By) Event {
	return Event{By: by, Question: pl.Question.ID, Answer: pl.Answer.ID, Comment: pl.Comment.ID}
}

// unaccept is nothing if the acceptance of the question is not of the answer in
// the place, and otherwise the changes that take it back: the answer is no
// longer there to be relied on.
func (s *Service) unaccept(pl *Place, by auth.By, now time.Time) []storage.Change {
	q := &pl.Question
	if pl.kind() != anAnswer || q.Acceptance.Answer != pl.Answer.ID {
		return nil
	}
	changes := []storage.Change{Accept{Question: q.ID, Version: q.Version}, s.unaccepted(*q, by, now)}
	q.Acceptance = Acceptance{}
	q.Version++
	return changes
}

// held runs fn in a unit that has the question of a place to itself, if all
// that a decision rested on is still as it was seen; otherwise it is
// ErrConflict.
func (s *Service) held(ctx context.Context, seen Place, fn func(context.Context, Store, Place) error) error {
	return s.cfg.Store.Atomic(ctx, func(ctx context.Context, tx Store) error {
		pl, err := tx.Place(ctx, PlaceQuery{Post: seen.Post()})
		if errors.Is(err, storage.ErrNotFound) {
			return storage.ErrConflict // taken to another question
		}
		if err != nil {
			return err
		}
		if pl.Question.Version != seen.Question.Version || pl.Answer.Version != seen.Answer.Version || pl.Comment.Version != seen.Comment.Version {
			return storage.ErrConflict
		}
		return fn(ctx, tx, pl)
	})
}
