// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"context"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// NewTopic is what a member writes to start a topic.
type NewTopic struct {
	Key      string // optional idempotency key
	Board    BoardID
	Title    string
	Body     string
	Audience auth.Audience // default: the board's Promise, as far as Config.Promise goes; may only be narrower
	Draft    string        // place of the draft that this was; dropped with it
}

// NewReply is what a member writes to answer.
type NewReply struct {
	Key    string // optional idempotency key
	Topic  TopicID
	Parent ReplyID // zero: the first post
	Body   string
	Draft  string // place of the draft that this was; dropped with it
}

// StartTopic opens a topic, which its author follows. It may begin Held, see
// Config.Hold. With a Key that was used
// before, it returns the topic that was started then, and writes nothing; of one
// that was merged into another since, nothing but its ID and MergedInto.
func (s *Service) StartTopic(ctx context.Context, who auth.Actor, in NewTopic) (Topic, error) {
	const op = "forum.StartTopic"
	s, err := s.enter(ctx, op, "board "+in.Board.String(), who, Start)
	if err != nil {
		return Topic{}, err
	}
	t, err := s.startTopic(ctx, op, who, in)
	if made, ok := storage.Made(ctx, s.cfg.Store, who.User.Bytes(), op, in.Key, err); ok {
		id := storage.MakeID[Topic](made)
		switch pl, lerr := s.look(ctx, who, Post{Topic: id}); {
		case lerr == nil && pl.first():
			return pl.Topic, nil
		case lerr == nil: // it was merged into another, and is answered as by Thread
			return Topic{ID: id, MergedInto: pl.Topic.ID}, nil
		}
	}
	if err != nil {
		return Topic{}, storage.Refuse(op, "board "+in.Board.String(), err)
	}
	return t, nil
}

func (s *Service) startTopic(ctx context.Context, op string, who auth.Actor, in NewTopic) (t Topic, err error) {
	if in.Title, err = storage.Line("title", in.Title, s.cfg.MaxTitle); err != nil {
		return Topic{}, err
	}
	if in.Body, err = storage.Text("body", in.Body, s.cfg.MaxBody); err != nil {
		return Topic{}, err
	}
	counted := false
	err = storage.Decide(ctx, func() error {
		b, err := s.board(ctx, who, in.Board)
		if err != nil {
			return err
		}
		promise, err := s.most(ctx, b.Promise)
		if err != nil {
			return err
		}
		if in.Audience > promise {
			return &storage.Invalid{Field: "audience", Code: CodeWider}
		}
		now := s.cfg.Clock.Now()
		t = Topic{
			ID: storage.NewID[Topic](), Board: b.ID, Area: b.Area, Audience: promise, By: who.By(),
			Title: in.Title, CreatedAt: now, Text: TextState{Revision: 1},
			CloseAfter: b.CloseAfter, SlowMode: b.SlowMode, Version: 1, ActiveAt: now, LastBy: who.By(),
		}
		if in.Audience != 0 {
			t.Audience = in.Audience
		}
		if err := s.mayStart(ctx, who, b, t); err != nil {
			return err
		}
		body, mentioned, told, err := s.address(ctx, t, in.Body)
		if err != nil {
			return err
		}
		t.Body = body
		if !counted {
			if err := auth.Count(ctx, s.cfg.Limit, who, Start); err != nil {
				return err
			}
			counted = true
		}
		changes, err := storage.OnceFor(who.User.Bytes(), op, in.Key, t.ID.Bytes(), now, s.cfg.KeepKeys)
		if err != nil {
			return err
		}
		event := EventStarted
		if t.Removal, err = s.hold(ctx, who, t.scope(), Start, now); err != nil {
			return err
		} else if t.Removal.State == Held {
			event, told = EventHeld, nil
		}
		changes = append(changes, BoardAt{b.ID, b.Version}, InsertTopic{t})
		changes = append(changes, wroteIt(who, t.ID, now, time.Time{}, Author)...)
		changes = append(changes, mentions(Post{Topic: t.ID}, mentioned, told)...)
		changes = append(changes, dropDraft(who, in.Draft)...)
		changes = append(changes, s.event(event, now, t.scope(), Event{By: t.By, Board: b.ID, Topic: t.ID, Mentions: told}))
		return s.cfg.Store.Apply(ctx, changes...)
	})
	return t, err
}

// most returns an audience as far as anything may be promised now.
func (s *Service) most(ctx context.Context, a auth.Audience) (auth.Audience, error) {
	if s.cfg.Promise == nil {
		return a, nil
	}
	most, err := s.cfg.Promise(ctx)
	return min(a, max(most, auth.AreaMembers)), err
}

// mayStart decides whether the actor may start this topic on a board.
func (s *Service) mayStart(ctx context.Context, who auth.Actor, b Board, t Topic) error {
	if err := s.cfg.Auth.Authorize(ctx, who, Start, t.scope()); err != nil {
		return err
	}
	if b.Archived || b.Posting == NobodyPosts {
		return &auth.Denied{Action: Start, Reason: auth.ReasonClosed}
	}
	if b.Posting == ModeratorsPost {
		return s.cfg.Auth.Authorize(ctx, who, Moderate, t.scope())
	}
	return nil
}

// Reply adds a reply to a topic, moves the topic to the top of its lists, and
// makes its author follow it. A reply may begin Held, and moves nothing then, see
// Config.Hold. With a Key that was used before, it returns the
// reply that was written then, and writes nothing.
func (s *Service) Reply(ctx context.Context, who auth.Actor, in NewReply) (Reply, error) {
	const op = "forum.Reply"
	s, err := s.enter(ctx, op, Post{in.Topic, in.Parent}.String(), who, Say)
	if err != nil {
		return Reply{}, err
	}
	r, err := s.reply(ctx, op, who, in)
	if made, ok := storage.Made(ctx, s.cfg.Store, who.User.Bytes(), op, in.Key, err); ok {
		id := storage.MakeID[Reply](made)
		if kept, rerr := s.cfg.Store.Reply(ctx, id); rerr == nil {
			if pl, lerr := s.look(ctx, who, Post{kept.Topic, id}); lerr == nil {
				return pl.Reply, nil
			}
		}
	}
	if err != nil {
		return Reply{}, storage.Refuse(op, Post{in.Topic, in.Parent}.String(), err)
	}
	return r, nil
}

func (s *Service) reply(ctx context.Context, op string, who auth.Actor, in NewReply) (r Reply, err error) {
	if in.Body, err = storage.Text("body", in.Body, s.cfg.MaxBody); err != nil {
		return Reply{}, err
	}
	counted := false
	err = storage.Decide(ctx, func() error {
		pl, err := s.look(ctx, who, Post{in.Topic, in.Parent})
		if err != nil {
			return err
		}
		t, now := pl.Topic, s.cfg.Clock.Now()
		staff, err := s.mayReply(ctx, who, pl, now)
		if err != nil {
			return err
		}
		body, mentioned, told, err := s.address(ctx, t, in.Body)
		if err != nil {
			return err
		}
		if !counted {
			if err := auth.Count(ctx, s.cfg.Limit, who, Say); err != nil {
				return err
			}
			counted = true
		}
		r = Reply{
			ID: storage.NewID[Reply](), Topic: t.ID, Parent: pl.Reply.ID, Depth: pl.Reply.Depth + 1,
			By: who.By(), Body: body, CreatedAt: now, Text: TextState{Revision: 1}, FromStaff: staff, Version: 1,
		}
		with, err := storage.OnceFor(who.User.Bytes(), op, in.Key, r.ID.Bytes(), now, s.cfg.KeepKeys)
		if err != nil {
			return err
		}
		event := EventReplied
		if r.Removal, err = s.hold(ctx, who, t.scope(), Say, now); err != nil {
			return err
		} else if r.Removal.State == Held {
			event, told = EventHeld, nil
		}
		with = append(with, wroteIt(who, t.ID, now, pl.Mark.PostedAt, Replied)...)
		with = append(with, mentions(Post{t.ID, r.ID}, mentioned, told)...)
		with = append(with, dropDraft(who, in.Draft)...)
		with = append(with, s.event(event, now, t.scope(), Event{By: r.By, Board: t.Board, Topic: t.ID, Reply: r.ID, Mentions: told}))
		r, err = s.cfg.Store.InsertReply(ctx, r, pl.Reply.Path, t.Version, with...)
		return err
	})
	return r, err
}

// mayReply decides whether the actor may answer the post, and whether they do
// so as staff, in a topic that is closed to others.
func (s *Service) mayReply(ctx context.Context, who auth.Actor, pl Place, now time.Time) (staff bool, err error) {
	t := pl.Topic
	if err := s.cfg.Auth.Authorize(ctx, who, Say, t.scope()); err != nil {
		return false, err
	}
	if err := pl.gone(); err != nil {
		return false, err
	}
	closed, wait := pl.closed(now), pl.Mark.PostedAt.Add(t.SlowMode).Sub(now)
	if !closed && (t.SlowMode == 0 || wait <= 0) {
		return false, nil
	}
	if staff, err = auth.Can(ctx, s.cfg.Auth, who, Moderate, t.scope()); err != nil {
		return false, err
	}
	switch {
	case closed && (!staff || pl.Board.Archived):
		return false, ErrLocked
	case !staff:
		return false, &auth.Limited{Action: Say, After: wait}
	}
	return closed, nil
}

// address puts the mentions of what is written in a topic in stored form, and
// says who is mentioned and who of them is told. It is asked when it is decided
// that the actor may write: nobody else learns from a refusal who has a name.
func (s *Service) address(ctx context.Context, t Topic, text string) (body string, mentioned, told []auth.UserID, err error) {
	if body, mentioned, err = auth.StoreMentions(ctx, s.cfg.People, text); err != nil {
		return "", nil, nil, err
	}
	told, err = s.mentionable(ctx, t, mentioned)
	return body, mentioned, told, err
}

// mentionable returns those of the mentioned who may read the topic: only
// they are told.
func (s *Service) mentionable(ctx context.Context, t Topic, mentioned []auth.UserID) ([]auth.UserID, error) {
	var told []auth.UserID
	for _, id := range mentioned {
		switch may, err := auth.Can(ctx, s.cfg.Auth, auth.Actor{User: id}, Read, t.scope()); {
		case err != nil:
			return nil, err
		case may:
			told = append(told, id)
		}
	}
	return told, nil
}

// wroteIt records a post of a person; visitors leave no mark.
func wroteIt(who auth.Actor, t TopicID, at, last time.Time, why Reason) []storage.Change {
	if who.User.IsZero() {
		return nil
	}
	return []storage.Change{Wrote{User: who.User, Topic: t, At: at, Last: last, Reason: why}}
}

// mentions records who is named in a post, and lets those who are told follow.
func mentions(p Post, all, told []auth.UserID) []storage.Change {
	if len(all) == 0 {
		return nil
	}
	return append([]storage.Change{SetMentions{Post: p, Users: all}}, follows(p.Topic, told)...)
}

// follows lets those who are told of a mention follow its topic.
func follows(t TopicID, told []auth.UserID) []storage.Change {
	var out []storage.Change
	for _, id := range told {
		out = append(out, SetFollow{User: id, Topic: t, Follow: Following, Reason: Mentioned})
	}
	return out
}

func dropDraft(who auth.Actor, place string) []storage.Change {
	if place == "" || who.User.IsZero() {
		return nil
	}
	return []storage.Change{DeleteDraft{User: who.User, Place: place}}
}
