// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"
	"errors"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Delete removes what the actor wrote. A question goes only while it has no
// answer that is shown ([ErrAnswered]). What is already removed stays as it is.
// If the answer was accepted, it is so no more, also after [Service.Restore].
func (s *Service) Delete(ctx context.Context, who auth.Actor, p Post) error {
	const op = "qa.Delete"
	s, err := s.enter(ctx, op, p.String(), who, Amend)
	if err != nil {
		return err
	}
	return s.removal(ctx, op, who, p, "", func(ctx context.Context, pl Place) (State, error) {
		if !wrote(who, pl.entry().By) {
			return 0, &auth.Denied{Action: Amend, Reason: auth.ReasonRole}
		}
		if err := s.cfg.Auth.Authorize(ctx, who, Amend, pl.scope()); err != nil {
			return 0, err
		}
		switch state := pl.entry().Removal.State; {
		case state == Held:
			return Withdrawn, nil
		case state != Visible:
			return state, nil
		case pl.kind() == aQuestion && pl.Question.Answers > 0:
			return 0, ErrAnswered
		}
		return Deleted, nil
	})
}

// Hide takes a post away from everybody but its author and moderators, for a
// reason that they are shown. One that waits is not let through by it. If the
// answer was accepted, it is so no more, also after [Service.Restore].
func (s *Service) Hide(ctx context.Context, who auth.Actor, p Post, why string) error {
	const op = "qa.Hide"
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
		switch state := pl.entry().Removal.State; state {
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
// counted, and told of, from then on. Its author cannot ([ErrOwn]), and one
// that they deleted while it waited waits again.
func (s *Service) Restore(ctx context.Context, who auth.Actor, p Post) error {
	const op = "qa.Restore"
	s, err := s.enter(ctx, op, p.String(), who, Amend)
	if err != nil {
		return err
	}
	return s.removal(ctx, op, who, p, "", func(ctx context.Context, pl Place) (State, error) {
		state, mine, do := pl.entry().Removal.State, wrote(who, pl.entry().By), Moderate
		if mine && (state <= Deleted || state == Withdrawn) {
			do = Amend
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
		was := pl.entry().Removal.State
		to, err := next(ctx, pl)
		if err != nil || to == was {
			return err
		}
		now := s.cfg.Clock.Now()
		name, removal := EventRemoved, Removal{State: to, At: now, By: who.By(), Why: why}
		switch to {
		case Visible:
			name, removal = EventRestored, Removal{}
		case Held:
			name, removal = EventHeld, Removal{State: Held, At: now}
		}
		changes := pl.at()
		if to == Deleted && pl.kind() == aQuestion {
			changes = []storage.Change{AnsweredAt{pl.Question.ID, pl.Question.Version, pl.Question.Answers}}
		}
		pl.entry().Removal = removal
		changes = append(changes, pl.update())
		payload := pl.event(who.By())
		payload.Why = why
		changes = append(changes, s.event(name, now, pl.Question, payload))
		switch {
		case to != Visible:
			changes = append(changes, s.unaccept(&pl, who.By(), now)...)
		case was.Unseen():
			shows, err := s.shows(ctx, pl, now)
			if err != nil {
				return err
			}
			changes = append(changes, shows...)
		}
		return s.cfg.Store.Apply(ctx, changes...)
	})
	if err != nil {
		return storage.Refuse(op, p.String(), err)
	}
	return nil
}

// shows returns what goes with showing a post that was never shown: what would
// have gone with writing it, as of now, and with the byline of who wrote it.
func (s *Service) shows(ctx context.Context, pl Place, now time.Time) ([]storage.Change, error) {
	told, err := s.mentionable(ctx, pl.Question, auth.Mentions(pl.entry().Body))
	if err != nil {
		return nil, err
	}
	payload := pl.event(pl.entry().By)
	payload.Mentions = told
	name := [...]string{aQuestion: EventAsked, anAnswer: EventAnswered, aComment: EventCommented}[pl.kind()]
	changes := []storage.Change{s.event(name, now, pl.Question, payload)}
	if pl.kind() != aQuestion {
		return changes, nil
	}
	offers, err := s.offers(ctx, pl.Question)
	return append(changes, offers...), err
}

// Purge removes the texts of a post for good, with its revisions and what was
// suggested to it, and the comments on it. Purging a question purges its title
// and all its answers.
func (s *Service) Purge(ctx context.Context, who auth.Actor, p Post, why string) error {
	const op = "qa.Purge"
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

// purge empties a post and all that stands below it, in a unit that holds the
// question.
func (s *Service) purge(ctx context.Context, tx Store, pl Place, by auth.By, why string) error {
	posts, err := below(ctx, tx, pl)
	if err != nil {
		return err
	}
	now := s.cfg.Clock.Now()
	gone := Removal{State: Purged, At: now, By: by, Why: why}
	var changes []storage.Change
	for _, p := range posts {
		if changes = s.unaccept(&p, by, now); changes != nil {
			pl.Question = p.Question // as it is then
			break
		}
	}
	for _, p := range posts {
		if p.entry().Removal.State == Purged {
			continue
		}
		p.Question = pl.Question
		p.entry().Removal = gone
		emptied, err := s.empty(ctx, tx, &p, Revision{}, by, now)
		if err != nil {
			return err
		}
		changes = append(changes, emptied...)
	}
	if len(changes) == 0 {
		return nil
	}
	payload := pl.event(by)
	payload.Why = why
	return tx.Apply(ctx, append(changes, s.event(EventPurged, now, pl.Question, payload))...)
}

// empty leaves a post this text, and takes its revisions, its mentions and the
// suggestions to it.
func (s *Service) empty(ctx context.Context, tx Store, pl *Place, left Revision, by auth.By, now time.Time) ([]storage.Change, error) {
	pl.retext(left)
	text := &pl.entry().Text
	*text = TextState{Revision: text.Revision, Substance: text.Substance}
	changes := []storage.Change{pl.update(), DeleteRevisions{pl.Post()}, SetMentions{Post: pl.Post()}}
	pl.updated()
	for sg, err := range suggestionsTo(ctx, tx, pl.Post()) {
		if err != nil {
			return nil, err
		}
		if sg.State == Pending {
			sg.State, sg.Decided, sg.EndedAt = Declined, by, now
		}
		changes = append(changes, UpdateSuggestion{sg.emptied()})
	}
	return changes, nil
}

// emptied is the suggestion without its texts.
func (sg Suggestion) emptied() Suggestion {
	sg.Title, sg.Body, sg.Tags, sg.Themes, sg.Why, sg.Reason = "", "", nil, nil, "", ""
	return sg
}

// below returns a post with all that stands below it.
func below(ctx context.Context, tx Store, pl Place) ([]Place, error) {
	posts := []Place{pl}
	if pl.kind() == aComment {
		return posts, nil
	}
	answers, comments, err := tx.Below(ctx, pl.Question.ID)
	if err != nil {
		return nil, err
	}
	of := map[AnswerID]Answer{}
	for _, a := range answers {
		of[a.ID] = a
		if pl.kind() == aQuestion {
			posts = append(posts, Place{Question: pl.Question, Answer: a})
		}
	}
	for _, c := range comments {
		if pl.kind() == aQuestion || c.Answer == pl.Answer.ID {
			posts = append(posts, Place{Question: pl.Question, Answer: of[c.Answer], Comment: c})
		}
	}
	return posts, nil
}

// WaitingPage asks for a page of what waits for a moderator.
type WaitingPage struct {
	Mine  bool // what the actor wrote, instead of what they may moderate
	After storage.Cursor
	Limit int
}

// Waiting lists the posts that wait for a moderator, oldest first, of the
// questions that the actor may moderate: [Service.Restore] lets one through,
// and [Service.Hide] does not. For whoever moderates nothing there are none. Mine
// are those that the actor wrote where they may read; of a question or an answer
// that was taken from their sight meanwhile there is only the ID.
func (s *Service) Waiting(ctx context.Context, who auth.Actor, in WaitingPage) (storage.Page[Place], error) {
	const op = "qa.Waiting"
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
	for i := range page.Items {
		page.Items[i].Question.Closing.Of, page.Items[i].Question.MergedInto = QuestionID{}, QuestionID{}
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
	for i := 0; err == nil && i < len(page.Items); i++ {
		err = s.blank(ctx, who, &page.Items[i])
	}
	if err != nil {
		return storage.Page[Place]{}, storage.Refuse(op, "", err)
	}
	return page, nil
}

// blank leaves out of where a post of the actor's stands what they may not see.
func (s *Service) blank(ctx context.Context, who auth.Actor, pl *Place) error {
	pl.Question.Closing.Of, pl.Question.MergedInto = QuestionID{}, QuestionID{}
	err := s.readable(ctx, who, pl.Question)
	gone := errors.Is(err, storage.ErrNotFound)
	if err != nil && !gone {
		return err
	}
	if pl.kind() == aComment && !pl.Answer.ID.IsZero() {
		q := pl.Question
		q.Removal = Removal{} // it is asked of above
		switch err := s.shown(ctx, who, Place{Question: q, Answer: pl.Answer}); {
		case gone || errors.Is(err, ErrRemoved):
			pl.Answer = Answer{ID: pl.Answer.ID}
		case err != nil:
			return err
		}
	}
	if gone {
		pl.Question = Question{ID: pl.Question.ID}
	}
	return nil
}
