// SPDX-License-Identifier: BSD-3-Clause

package community

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// FromTopic is the kind of the origin of a question that was made from a
// topic of the forum.
const FromTopic = "forum.topic"

// Convert says what becomes a question.
type Convert struct {
	Key     string // optional idempotency key, of whoever converts
	Topic   forum.TopicID
	Title   string // default: the topic's
	Tags    []string
	Themes  []qa.ThemeID
	Answers []forum.ReplyID // replies of the topic that answer it, in the order in which they are to be written; at most MaxConvert
}

// MaxConvert bounds how many replies become answers at once.
const MaxConvert = 50

// ConvertTopic makes a question of a topic's first post and answers of some
// replies, all or none. The words stay those of who wrote them, bylines and
// all, and are promised to whom the topic was; the topic stays as it is. The
// question leads back to it by its Origin, and is marked for a look when the
// topic's text changes, see [qa.Service.Recheck].
//
// The actor moderates the topic, and questions where it stands. What is not
// theirs to see is not found; a post that was taken away is
// [forum.ErrRemoved]. With a Key that was used before, it returns the question
// that was made then, as it is now, and writes nothing.
func (c *Community) ConvertTopic(ctx context.Context, who auth.Actor, in Convert) (qa.Question, error) {
	const op = "community.ConvertTopic"
	var q qa.Question
	err := c.Atomic(ctx, func(ctx context.Context, c *Community) (err error) {
		q, err = c.convert(ctx, who, in)
		if err != nil {
			return err
		}
		once, err := storage.OnceFor(who.User.Bytes(), op, in.Key, q.ID.Bytes(), c.cfg.Clock.Now(), false)
		if err != nil || len(once) == 0 {
			return err
		}
		return c.cfg.Store.QA().Apply(ctx, once...)
	})
	if made, ok := storage.Made(ctx, c.cfg.Store.QA(), who.User.Bytes(), op, in.Key, err); ok {
		if pl, lerr := c.QA.Look(ctx, who, qa.Post{Question: storage.MakeID[qa.Question](made)}); lerr == nil {
			return pl.Question, nil
		}
	}
	if err != nil {
		return qa.Question{}, storage.Refuse(op, "topic "+in.Topic.String(), err)
	}
	return q, nil
}

func (c *Community) convert(ctx context.Context, who auth.Actor, in Convert) (qa.Question, error) {
	if n := len(in.Answers); n > MaxConvert {
		return qa.Question{}, &storage.Invalid{Field: "answers", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxConvert}}
	}
	opening, err := c.post(ctx, who, forum.Post{Topic: in.Topic})
	if err != nil {
		return qa.Question{}, err
	}
	t := opening.Topic
	at := auth.Scope{Area: t.Area, Audience: t.Audience}
	for _, do := range []auth.Action{forum.Moderate, qa.Moderate, qa.Start} {
		if err := c.Auth.Authorize(ctx, who, do, at); err != nil {
			return qa.Question{}, err
		}
	}
	if in.Title == "" {
		in.Title = t.Title
	}
	// The words are others': whoever converts them only says which.
	as := c.qaFor()
	q, err := as.Ask(ctx, actor(t.By), qa.NewQuestion{
		Area: t.Area, Audience: t.Audience, Title: in.Title, Body: t.Body, Tags: in.Tags, Themes: in.Themes,
		Origin: qa.Origin{Kind: FromTopic, ID: t.ID.Bytes()},
	})
	if err != nil {
		return qa.Question{}, err
	}
	for i, id := range in.Answers {
		if slices.Contains(in.Answers[:i], id) {
			continue
		}
		pl, err := c.post(ctx, who, forum.Post{Topic: in.Topic, Reply: id})
		if err != nil {
			return qa.Question{}, err
		}
		if _, err := as.Answer(ctx, actor(pl.Reply.By), qa.NewAnswer{Question: q.ID, Body: pl.Reply.Body}); err != nil {
			return qa.Question{}, err
		}
	}
	pl, err := as.Look(ctx, who, qa.Post{Question: q.ID})
	return pl.Question, err
}

// post returns a post of the forum that everybody who reads its topic sees.
func (c *Community) post(ctx context.Context, who auth.Actor, p forum.Post) (forum.Place, error) {
	pl, err := c.Forum.Look(ctx, who, p)
	switch {
	case err != nil:
		return forum.Place{}, err
	case pl.Topic.ID != p.Topic || pl.Topic.Removal.State != forum.Visible || pl.Reply.Removal.State != forum.Visible:
		return forum.Place{}, forum.ErrRemoved
	}
	return pl, nil
}

// qaFor returns the questions for what the community does in others' names:
// with what was shown already, and promised, and is not theirs to answer for.
func (c *Community) qaFor() *qa.Service {
	cfg := c.cfg.QA
	cfg.Store, cfg.Clock, cfg.Auth = c.cfg.Store.QA(), c.cfg.Clock, auth.AllowAll{}
	cfg.Limit, cfg.Hold, cfg.Promise = nil, nil, nil
	return qa.New(cfg)
}

func actor(by auth.By) auth.Actor { return auth.Actor{User: by.User, For: by.For} }

// recheck is the handler that marks the questions that were made from a topic
// when the topic's text changes.
func (c *Community) recheck(ctx context.Context, e storage.Event) error {
	if e.Name != forum.EventEdited && e.Name != forum.EventRemoved {
		return nil
	}
	var what forum.Event
	if err := json.Unmarshal(e.Data, &what); err != nil {
		return err
	}
	if !what.Reply.IsZero() {
		return nil
	}
	err := c.QA.Recheck(ctx, qa.Origin{Kind: FromTopic, ID: what.Topic.Bytes()})
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}
