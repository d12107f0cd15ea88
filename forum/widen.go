// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Widen promises topics to more people than they were promised to, with all
// that was written in them.
type Widen struct {
	Topics   []TopicID // 1 to MaxWiden
	Audience auth.Audience
	Why      string
}

// CodeNarrower is that of an audience that takes back what was promised.
const CodeNarrower = "narrower"

// Widen widens all of the topics or none, each with an event of its own. Those
// that have the audience already stay as they are. It goes no further than to
// whom the topic's board is shown, and than Config.Promise says (otherwise
// Invalid: "audience" wider), and never back (Invalid: "audience" narrower).
// A topic that was taken away is [ErrRemoved], one that waits [ErrHeld].
func (s *Service) Widen(ctx context.Context, who auth.Actor, in Widen) error {
	const op = "forum.Widen"
	s, err := s.enter(ctx, op, "", who, Disclose)
	if err != nil {
		return err
	}
	if in.Why, err = storage.Line("why", in.Why, MaxWhy); err != nil {
		return storage.Refuse(op, "", err)
	}
	in.Topics = slices.SortedFunc(slices.Values(in.Topics), TopicID.Compare) // as they are locked
	in.Topics = slices.Compact(in.Topics)
	switch n := len(in.Topics); {
	case n == 0:
		err = &storage.Invalid{Field: "topics", Code: storage.CodeMissing}
	case n > MaxWiden:
		err = &storage.Invalid{Field: "topics", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxWiden}}
	case !in.Audience.Valid():
		err = &storage.Invalid{Field: "audience", Code: storage.CodeUnknown}
	}
	if err != nil {
		return storage.Refuse(op, "", err)
	}
	object := ""
	err = storage.Decide(ctx, func() error {
		var boards, topics []storage.Change
		for _, id := range in.Topics {
			object = "topic " + id.String()
			pl, err := s.widened(ctx, who, id, in.Audience)
			if err != nil {
				return err
			}
			t := pl.Topic
			was := t.Audience
			if was == in.Audience {
				continue
			}
			if at := (BoardAt{pl.Board.ID, pl.Board.Version}); !slices.Contains(boards, storage.Change(at)) {
				boards = append(boards, at)
			}
			t.Audience = in.Audience
			topics = append(topics, UpdateTopic{t}, s.event(EventWidened, s.cfg.Clock.Now(), t.scope(), Event{
				By: who.By(), Board: t.Board, Topic: id, FromAudience: was, Audience: t.Audience, Why: in.Why,
			}))
		}
		if object = ""; len(topics) == 0 {
			return nil
		}
		return s.cfg.Store.Apply(ctx, append(boards, topics...)...)
	})
	if err != nil {
		return storage.Refuse(op, object, err)
	}
	return nil
}

// widened returns a topic that the actor may promise to an audience.
func (s *Service) widened(ctx context.Context, who auth.Actor, id TopicID, to auth.Audience) (Place, error) {
	pl, err := s.topic(ctx, who, id)
	if err != nil {
		return Place{}, err
	}
	if err := s.cfg.Auth.Authorize(ctx, who, Disclose, pl.Topic.scope()); err != nil {
		return Place{}, err
	}
	if err := pl.gone(); err != nil {
		return Place{}, err
	}
	most, err := s.most(ctx, pl.Board.Audience)
	switch {
	case err != nil:
		return Place{}, err
	case to < pl.Topic.Audience:
		return Place{}, &storage.Invalid{Field: "audience", Code: CodeNarrower}
	case to > pl.Topic.Audience && to > most:
		return Place{}, &storage.Invalid{Field: "audience", Code: CodeWider}
	}
	return pl, nil
}
