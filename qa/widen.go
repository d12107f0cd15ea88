// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Widen promises questions to more people than they were promised to, with all
// that was written in them.
type Widen struct {
	Questions []QuestionID // 1 to MaxWiden
	Audience  auth.Audience
	Why       string
}

// CodeNarrower is that of an audience that takes back what was promised.
const CodeNarrower = "narrower"

// Widen widens all of the questions or none, each with an event of its own.
// Those that have the audience already stay as they are. It goes no further
// than Config.Promise says (otherwise Invalid: "audience" wider), and never
// back (Invalid: "audience" narrower). A question that was taken away is
// [ErrRemoved], one that waits [ErrHeld], and one that was merged into another
// [ErrClosed]: nothing that was answered stands there.
func (s *Service) Widen(ctx context.Context, who auth.Actor, in Widen) error {
	const op = "qa.Widen"
	s, err := s.enter(ctx, op, "", who, Disclose)
	if err != nil {
		return err
	}
	if in.Why, err = storage.Line("why", in.Why, MaxWhy); err != nil {
		return storage.Refuse(op, "", err)
	}
	in.Questions = slices.SortedFunc(slices.Values(in.Questions), QuestionID.Compare) // as they are locked
	in.Questions = slices.Compact(in.Questions)
	switch n := len(in.Questions); {
	case n == 0:
		err = &storage.Invalid{Field: "questions", Code: storage.CodeMissing}
	case n > MaxWiden:
		err = &storage.Invalid{Field: "questions", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxWiden}}
	case !in.Audience.Valid():
		err = &storage.Invalid{Field: "audience", Code: storage.CodeUnknown}
	}
	if err != nil {
		return storage.Refuse(op, "", err)
	}
	object := ""
	err = storage.Decide(ctx, func() error {
		var changes []storage.Change
		for _, id := range in.Questions {
			object = Post{Question: id}.String()
			pl, err := s.widened(ctx, who, id, in.Audience)
			if err != nil {
				return err
			}
			was := pl.Question.Audience
			if was == in.Audience {
				continue
			}
			pl.Question.Audience = in.Audience
			changes = append(changes, pl.update(), s.event(EventWidened, s.cfg.Clock.Now(), pl.Question, Event{
				By: who.By(), FromAudience: was, Audience: in.Audience, Why: in.Why,
			}))
		}
		if object = ""; len(changes) == 0 {
			return nil
		}
		return s.cfg.Store.Apply(ctx, changes...)
	})
	if err != nil {
		return storage.Refuse(op, object, err)
	}
	return nil
}

// widened returns a question that the actor may promise to an audience.
func (s *Service) widened(ctx context.Context, who auth.Actor, id QuestionID, to auth.Audience) (Place, error) {
	pl, err := s.question(ctx, who, id)
	if err != nil {
		return Place{}, err
	}
	if err := s.cfg.Auth.Authorize(ctx, who, Disclose, pl.Question.scope()); err != nil {
		return Place{}, err
	}
	if err := pl.gone(); err != nil {
		return Place{}, err
	}
	most, err := s.most(ctx)
	switch {
	case err != nil:
		return Place{}, err
	case !pl.Question.MergedInto.IsZero():
		return Place{}, ErrClosed
	case to < pl.Question.Audience:
		return Place{}, &storage.Invalid{Field: "audience", Code: CodeNarrower}
	case to > pl.Question.Audience && to > most:
		return Place{}, &storage.Invalid{Field: "audience", Code: CodeWider}
	}
	return pl, nil
}
