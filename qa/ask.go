// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"context"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// NewQuestion is what a member asks.
type NewQuestion struct {
	Key      string // optional idempotency key
	Area     auth.AreaID
	Audience auth.Audience // default: the widest that Config.Promise lets; may only be narrower
	Title    string
	Body     string
	Tags     []string
	Themes   []ThemeID
	Origin   Origin // what it is made from; not for what members type
}

// NewAnswer is what a member answers.
type NewAnswer struct {
	Key      string // optional idempotency key
	Question QuestionID
	Body     string
	Official bool // the position of the organisation that the actor acts for
}

// NewComment is what a member remarks on a question or an answer.
type NewComment struct {
	Key  string // optional idempotency key
	Post Post   // without Comment
	Body string
}

// CodeWider is that of an audience wider than anything may be promised to.
const CodeWider = "wider"

// Ask asks a question, and offers it to experts, see Config.Experts. It may
// begin Held, see Config.Hold. With a Key that was used before, it returns the
// question that was asked then, as it is now, and writes nothing.
func (s *Service) Ask(ctx context.Context, who auth.Actor, in NewQuestion) (Question, error) {
	const op = "qa.Ask"
	s, err := s.enter(ctx, op, "area "+in.Area.String(), who, Start)
	if err != nil {
		return Question{}, err
	}
	q, err := s.ask(ctx, op, who, in)
	if made, ok := storage.Made(ctx, s.cfg.Store, who.User.Bytes(), op, in.Key, err); ok {
		if pl, lerr := s.Look(ctx, who, Post{Question: storage.MakeID[Question](made)}); lerr == nil {
			return pl.Question, nil
		}
	}
	if err != nil {
		return Question{}, storage.Refuse(op, "area "+in.Area.String(), err)
	}
	return q, nil
}

func (s *Service) ask(ctx context.Context, op string, who auth.Actor, in NewQuestion) (q Question, err error) {
	if in.Area.IsZero() {
		return Question{}, &storage.Invalid{Field: "area", Code: storage.CodeMissing}
	}
	if in.Title, err = storage.Line("title", in.Title, s.cfg.MaxTitle); err != nil {
		return Question{}, err
	}
	if in.Body, err = storage.Text("body", in.Body, s.cfg.MaxBody); err != nil {
		return Question{}, err
	}
	if in.Origin, err = origin(in.Origin); err != nil {
		return Question{}, err
	}
	counted := false
	err = storage.Decide(ctx, func() error {
		most, err := s.most(ctx)
		if err != nil {
			return err
		}
		if in.Audience > most {
			return &storage.Invalid{Field: "audience", Code: CodeWider}
		}
		now := s.cfg.Clock.Now()
		q = Question{
			ID: storage.NewID[Question](), Area: in.Area, Audience: most, Title: in.Title, Origin: in.Origin,
			Entry: newEntry(who, now), ActiveAt: now, LastBy: who.By(),
		}
		if in.Audience != 0 {
			q.Audience = in.Audience
		}
		if err := s.cfg.Auth.Authorize(ctx, who, Start, q.scope()); err != nil {
			return err
		}
		if q.Tags, err = s.tags(ctx, in.Tags); err != nil {
			return err
		}
		if q.Themes, err = s.themes(ctx, in.Themes); err != nil {
			return err
		}
		with, err := s.writes(ctx, who, writing{
			op: op, key: in.Key, object: q.ID.Bytes(), do: Start, place: Place{Question: q}, body: in.Body, event: EventAsked, counted: &counted,
		}, now, func(body string, removal Removal) storage.Change {
			q.Body, q.Removal = body, removal
			return InsertQuestion{q, words(q.Title, q.Tags)}
		})
		if err != nil {
			return err
		}
		if q.Removal.State == Visible {
			offers, err := s.offers(ctx, q)
			if err != nil {
				return err
			}
			with = append(with, offers...)
		}
		return s.cfg.Store.Apply(ctx, with...)
	})
	return q, err
}

// origin checks what a question is made from.
func origin(o Origin) (Origin, error) {
	switch {
	case o.IsZero():
		return o, nil
	case o.Kind == "" || o.ID == [16]byte{}:
		return Origin{}, &storage.Invalid{Field: "origin", Code: storage.CodeMissing}
	case len(o.Kind) > MaxKind:
		return Origin{}, &storage.Invalid{Field: "origin", Code: storage.CodeTooLong, Params: map[string]any{"max": MaxKind}}
	}
	kind, err := storage.Line("origin", o.Kind, MaxKind)
	if err == nil && kind != o.Kind {
		err = &storage.Invalid{Field: "origin", Code: storage.CodeMalformed}
	}
	return o, err
}

// Answer answers a question. An answer may begin Held, see Config.Hold. To give
// the position of an organisation the actor must act for one, and be let Speak.
// A question that was closed (see Config.CloseGrace) or merged into another is
// [ErrClosed]. With a Key
// that was used before, it returns the answer that was written then, as it is
// now, and writes nothing.
func (s *Service) Answer(ctx context.Context, who auth.Actor, in NewAnswer) (Answer, error) {
	const op = "qa.Answer"
	object := Post{Question: in.Question}.String()
	s, err := s.enter(ctx, op, object, who, Reply)
	if err != nil {
		return Answer{}, err
	}
	a, err := s.reply(ctx, op, who, in)
	if made, ok := storage.Made(ctx, s.cfg.Store, who.User.Bytes(), op, in.Key, err); ok {
		if pl, lerr := s.answer(ctx, who, storage.MakeID[Answer](made)); lerr == nil && s.shown(ctx, who, pl) == nil {
			return pl.Answer, nil
		}
	}
	if err != nil {
		return Answer{}, storage.Refuse(op, object, err)
	}
	return a, nil
}

func (s *Service) reply(ctx context.Context, op string, who auth.Actor, in NewAnswer) (a Answer, err error) {
	if in.Body, err = storage.Text("body", in.Body, s.cfg.MaxBody); err != nil {
		return Answer{}, err
	}
	counted := false
	err = storage.Decide(ctx, func() error {
		pl, err := s.question(ctx, who, in.Question)
		if err != nil {
			return err
		}
		now := s.cfg.Clock.Now()
		if err := s.mayAnswer(ctx, who, pl, in.Official, now); err != nil {
			return err
		}
		a = Answer{ID: storage.NewID[Answer](), Question: pl.Question.ID, Entry: newEntry(who, now), Official: in.Official}
		with, err := s.writes(ctx, who, writing{
			op: op, key: in.Key, object: a.ID.Bytes(), do: Reply, place: Place{Question: pl.Question, Answer: a}, body: in.Body, event: EventAnswered, counted: &counted,
		}, now, func(body string, removal Removal) storage.Change {
			a.Body, a.Removal = body, removal
			return InsertAnswer{a}
		})
		if err != nil {
			return err
		}
		return s.cfg.Store.Apply(ctx, append(pl.at(), with...)...)
	})
	return a, err
}

// mayAnswer decides whether the actor may answer the question, and so for whom
// they act.
func (s *Service) mayAnswer(ctx context.Context, who auth.Actor, pl Place, official bool, now time.Time) error {
	if err := s.cfg.Auth.Authorize(ctx, who, Reply, pl.Question.scope()); err != nil {
		return err
	}
	if official && who.For.IsZero() {
		return &auth.Denied{Action: Speak, Reason: auth.ReasonRole}
	}
	if official {
		if err := s.cfg.Auth.Authorize(ctx, who, Speak, pl.Question.scope()); err != nil {
			return err
		}
	}
	if err := pl.gone(); err != nil {
		return err
	}
	if at := pl.Question.Closing.At; pl.Question.MergedInto.IsZero() && now.Before(at.Add(s.cfg.CloseGrace)) {
		return nil
	}
	return pl.Question.closed()
}

// Comment remarks on a question or an answer, whether the question is closed
// or not. A comment may begin Held, see Config.Hold. With a Key that was used
// before on the same post, it returns the comment that was written then, as it
// is now, and writes nothing.
func (s *Service) Comment(ctx context.Context, who auth.Actor, in NewComment) (Comment, error) {
	const op = "qa.Comment"
	object := in.Post.String()
	s, err := s.enter(ctx, op, object, who, Remark)
	if err != nil {
		return Comment{}, err
	}
	c, err := s.comment(ctx, op, who, in)
	if made, ok := storage.Made(ctx, s.cfg.Store, who.User.Bytes(), op, in.Key, err); ok {
		p := in.Post
		p.Comment = storage.MakeID[Comment](made)
		if pl, lerr := s.look(ctx, who, p); lerr == nil && s.shown(ctx, who, pl) == nil {
			return pl.Comment, nil
		}
	}
	if err != nil {
		return Comment{}, storage.Refuse(op, object, err)
	}
	return c, nil
}

func (s *Service) comment(ctx context.Context, op string, who auth.Actor, in NewComment) (c Comment, err error) {
	if in.Post.kind() == aComment {
		return Comment{}, &storage.Invalid{Field: "post", Code: storage.CodeMalformed}
	}
	if in.Body, err = storage.Text("body", in.Body, MaxComment); err != nil {
		return Comment{}, err
	}
	counted := false
	err = storage.Decide(ctx, func() error {
		pl, err := s.look(ctx, who, in.Post)
		if err != nil {
			return err
		}
		if err := s.cfg.Auth.Authorize(ctx, who, Remark, pl.Question.scope()); err != nil {
			return err
		}
		if err := pl.gone(); err != nil {
			return err
		}
		now := s.cfg.Clock.Now()
		c = Comment{ID: storage.NewID[Comment](), Question: pl.Question.ID, Answer: pl.Answer.ID, Entry: newEntry(who, now)}
		with, err := s.writes(ctx, who, writing{
			op: op, key: in.Key, object: c.ID.Bytes(), do: Remark, place: Place{Question: pl.Question, Answer: pl.Answer, Comment: c}, body: in.Body, event: EventCommented, counted: &counted,
		}, now, func(body string, removal Removal) storage.Change {
			c.Body, c.Removal = body, removal
			return InsertComment{c}
		})
		if err != nil {
			return err
		}
		return s.cfg.Store.Apply(ctx, append(pl.at(), with...)...)
	})
	return c, err
}

// newEntry is what every post begins with.
func newEntry(who auth.Actor, now time.Time) Entry {
	return Entry{By: who.By(), CreatedAt: now, Text: TextState{Revision: 1, Substance: 1}, Version: 1}
}

// writing is a post that is about to be written.
type writing struct {
	op, key string
	object  [16]byte
	do      auth.Action
	place   Place // where it will stand
	body    string
	event   string
	counted *bool // against the rate of do
}

// writes returns the changes that write a post, once it is decided that the
// actor may: what insert makes of its text in stored form, with who is
// mentioned, and an event. One that waits for a moderator tells nobody.
func (s *Service) writes(ctx context.Context, who auth.Actor, in writing, now time.Time, insert func(body string, removal Removal) storage.Change) ([]storage.Change, error) {
	body, mentioned, told, err := s.address(ctx, in.place.Question, in.body)
	if err != nil {
		return nil, err
	}
	if !*in.counted {
		if err := auth.Count(ctx, s.cfg.Limit, who, in.do); err != nil {
			return nil, err
		}
		*in.counted = true
	}
	changes, err := storage.OnceFor(who.User.Bytes(), in.op, in.key, in.object, now, s.cfg.KeepKeys)
	if err != nil {
		return nil, err
	}
	removal, err := s.hold(ctx, who, in.place.scope(), in.do, now)
	if err != nil {
		return nil, err
	}
	changes = append(changes, insert(body, removal))
	if len(mentioned) > 0 {
		changes = append(changes, SetMentions{in.place.Post(), mentioned})
	}
	name := in.event
	if removal.State == Held {
		name, told = EventHeld, nil
	}
	payload := in.place.event(who.By())
	payload.Mentions = told
	return append(changes, s.event(name, now, in.place.Question, payload)), nil
}

// hold returns the removal that what the actor is about to do begins with: the
// zero one, or Held.
func (s *Service) hold(ctx context.Context, who auth.Actor, at auth.Scope, do auth.Action, now time.Time) (Removal, error) {
	if s.cfg.Hold == nil {
		return Removal{}, nil
	}
	held, err := s.cfg.Hold(ctx, who, at, do)
	if err != nil || !held {
		return Removal{}, err
	}
	return Removal{State: Held, At: now}, nil
}

// address puts the mentions of what is written below a question in stored form,
// and says who is mentioned and who of them is told. It is asked when it is
// decided that the actor may write: nobody else learns from a refusal who has a
// name.
func (s *Service) address(ctx context.Context, q Question, text string) (body string, mentioned, told []auth.UserID, err error) {
	if body, mentioned, err = auth.StoreMentions(ctx, s.cfg.People, text); err != nil {
		return "", nil, nil, err
	}
	told, err = s.mentionable(ctx, q, mentioned)
	return body, mentioned, told, err
}

// mentionable returns those of the mentioned who may read the question: only
// they are told.
func (s *Service) mentionable(ctx context.Context, q Question, mentioned []auth.UserID) ([]auth.UserID, error) {
	var told []auth.UserID
	for _, id := range mentioned {
		switch may, err := s.may(ctx, auth.Actor{User: id}, Read, q); {
		case err != nil:
			return nil, err
		case may:
			told = append(told, id)
		}
	}
	return told, nil
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
