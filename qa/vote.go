// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Vote says what the actor thinks of a question or an answer, or with None
// takes it back, and returns the votes as they were seen, with this one. The
// same again changes nothing; from For to Against is one change. Comments take
// no votes (Invalid: "post" malformed), nor does a question that was merged
// into another ([ErrClosed]). Nobody votes on what is theirs, also if it became
// so later ([ErrOwn]).
//
// A vote may be changed and taken back for Config.VoteWindow after it was first
// cast, and again when the post has been edited since; then it is [ErrTooLate].
// Who took theirs back may cast it again at any time.
func (s *Service) Vote(ctx context.Context, who auth.Actor, p Post, v Value) (Tally, error) {
	const op = "qa.Vote"
	s, err := s.enter(ctx, op, p.String(), who, Cast)
	if err != nil {
		return Tally{}, err
	}
	err = auth.SignedIn(who, Cast)
	switch {
	case err != nil:
	case v < Against || v > For:
		err = &storage.Invalid{Field: "value", Code: storage.CodeUnknown}
	case p.kind() == aComment:
		err = &storage.Invalid{Field: "post", Code: storage.CodeMalformed}
	}
	var t Tally
	if err == nil {
		counted := false
		err = storage.Decide(ctx, func() error {
			t, err = s.vote(ctx, who, p, v, &counted)
			return err
		})
	}
	if err != nil {
		return Tally{}, storage.Refuse(op, p.String(), err)
	}
	return t, nil
}

func (s *Service) vote(ctx context.Context, who auth.Actor, p Post, v Value, counted *bool) (Tally, error) {
	pl, err := s.look(ctx, who, p)
	if err != nil {
		return Tally{}, err
	}
	now := s.cfg.Clock.Now()
	if err := s.mayVote(ctx, who, pl, v, now); err != nil {
		return Tally{}, err
	}
	t := pl.votes()
	if pl.Vote.Value == v {
		return t, nil
	}
	if !*counted {
		if err := auth.Count(ctx, s.cfg.Limit, who, Cast); err != nil {
			return Tally{}, err
		}
		*counted = true
	}
	t.add(pl.Vote.Value, -1)
	t.add(v, 1)
	return t, s.cfg.Store.Apply(ctx, append(pl.at(), SetVote{Post: pl.Post(), User: who.User, From: pl.Vote.Value, To: v, At: now})...)
}

// mayVote decides whether the actor's vote on the post may become v.
func (s *Service) mayVote(ctx context.Context, who auth.Actor, pl Place, v Value, now time.Time) error {
	if err := s.cfg.Auth.Authorize(ctx, who, Cast, pl.scope()); err != nil {
		return err
	}
	if err := pl.gone(); err != nil {
		return err
	}
	e := pl.entry()
	switch {
	case wrote(who, e.By):
		return ErrOwn
	case !pl.Question.MergedInto.IsZero():
		return ErrClosed
	case v == pl.Vote.Value, pl.Vote.Value == None, s.cfg.VoteWindow < 0, e.Text.EditedAt.After(pl.Vote.At):
		return nil
	case now.After(pl.Vote.At.Add(s.cfg.VoteWindow)):
		return ErrTooLate
	}
	return nil
}

// votes are those on the question or answer that the place is.
func (pl Place) votes() Tally {
	if pl.kind() == anAnswer {
		return pl.Answer.Votes
	}
	return pl.Question.Votes
}

// add counts n more votes of a value.
func (t *Tally) add(v Value, n int) {
	switch v {
	case For:
		t.Up += n
	case Against:
		t.Down += n
	}
}
