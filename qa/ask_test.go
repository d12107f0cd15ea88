// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

func TestAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := w.author
	who.For = storage.NewID[auth.Org]()
	theme := storage.NewID[qa.Theme]()
	q := w.asks(who, qa.NewQuestion{
		Title: "  Soglie?  ", Body: "Lo sa @member?", Tags: []string{"Appalti Innovativi", "soglie"}, Themes: []qa.ThemeID{theme},
		Origin: qa.Origin{Kind: "forum.topic", ID: forum},
	})
	require.Equal(t, qa.Question{
		ID: q.ID, Area: auth.Commons, Audience: auth.Public, Title: "Soglie?", Tags: []string{"appalti-innovativi", "soglie"},
		Themes: []qa.ThemeID{theme}, Origin: qa.Origin{Kind: "forum.topic", ID: forum}, ActiveAt: w.now, LastBy: who.By(),
		Entry: qa.Entry{
			By: who.By(), Body: "Lo sa " + auth.Mention(w.member.User) + "?", CreatedAt: w.now,
			Text: qa.TextState{Revision: 1, Substance: 1}, Version: 1,
		},
	}, q)
	require.Equal(t, q, w.question(q.ID))
	e := w.last()
	require.Equal(t, qa.EventAsked, e.Name)
	require.Equal(t, qa.Event{By: who.By(), Question: q.ID, Mentions: []auth.UserID{w.member.User}}, e.payload)
}

func TestAskIsInvalid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *qa.Config) { c.MaxTitle, c.MaxBody = 10, 20 })
	before := w.dump()
	for name, c := range map[string]struct {
		change      func(*qa.NewQuestion)
		field, code string
	}{
		"no area":           {func(in *qa.NewQuestion) { in.Area = auth.AreaID{} }, "area", storage.CodeMissing},
		"no title":          {func(in *qa.NewQuestion) { in.Title = " " }, "title", storage.CodeMissing},
		"long title":        {func(in *qa.NewQuestion) { in.Title = strings.Repeat("a", 11) }, "title", storage.CodeTooLong},
		"title of lines":    {func(in *qa.NewQuestion) { in.Title = "a\nb" }, "title", storage.CodeControl},
		"no body":           {func(in *qa.NewQuestion) { in.Body = "" }, "body", storage.CodeMissing},
		"long body":         {func(in *qa.NewQuestion) { in.Body = strings.Repeat("a", 21) }, "body", storage.CodeTooLong},
		"too many tags":     {func(in *qa.NewQuestion) { in.Tags = strings.Fields("a b c d e f") }, "tags", storage.CodeTooMany},
		"no tag":            {func(in *qa.NewQuestion) { in.Tags = []string{"<b>"} }, "tags", storage.CodeMalformed},
		"origin of no kind": {func(in *qa.NewQuestion) { in.Origin.ID = forum }, "origin", storage.CodeMissing},
		"origin of no id":   {func(in *qa.NewQuestion) { in.Origin.Kind = "forum.topic" }, "origin", storage.CodeMissing},
		"origin too long": {func(in *qa.NewQuestion) {
			in.Origin = qa.Origin{Kind: strings.Repeat("à", qa.MaxKind/2+1), ID: forum}
		}, "origin", storage.CodeTooLong},
		"origin of spaces": {func(in *qa.NewQuestion) { in.Origin = qa.Origin{Kind: " x", ID: forum} }, "origin", storage.CodeMalformed},
		"audience":         {func(in *qa.NewQuestion) { in.Audience = auth.Public + 1 }, "audience", qa.CodeWider},
		"key":              {func(in *qa.NewQuestion) { in.Key = strings.Repeat("k", storage.MaxKey+1) }, "key", storage.CodeTooLong},
	} {
		in := qa.NewQuestion{Area: auth.Commons, Title: "Titolo", Body: "Testo"}
		c.change(&in)
		_, err := w.qa.Ask(w.ctx, w.author, in)
		t.Log(name)
		invalid(t, err, c.field, c.code)
	}
	require.Equal(t, before, w.dump())
}

// A new question is promised to what may be promised now, or less.
func TestPromise(t *testing.T) {
	t.Parallel()
	const none, area, community, public = auth.Audience(0), auth.AreaMembers, auth.CommunityMembers, auth.Public
	for _, c := range []struct{ most, chosen, want auth.Audience }{
		{public, none, public}, {community, none, community}, {area, none, area}, {none, none, area},
		{public, area, area}, {community, community, community}, {community, public, none}, {area, community, none},
	} {
		w := newWorld(t, func(cfg *qa.Config) {
			cfg.Promise = func(context.Context) (auth.Audience, error) { return c.most, nil }
		})
		q, err := w.qa.Ask(w.ctx, w.author, qa.NewQuestion{Area: auth.Commons, Audience: c.chosen, Title: "Titolo", Body: "Testo"})
		if c.want == none {
			invalid(t, err, "audience", qa.CodeWider)
			continue
		}
		require.NoError(t, err, c)
		require.Equal(t, [2]auth.Audience{c.want, c.want}, [2]auth.Audience{q.Audience, w.question(q.ID).Audience}, c)
		require.EqualValues(t, c.want, w.last().Audience)
	}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.member, q.ID, "Come dice @author.")
	require.Equal(t, qa.Answer{ID: a.ID, Question: q.ID, Entry: qa.Entry{
		By: w.member.By(), Body: "Come dice " + auth.Mention(w.author.User) + ".", CreatedAt: w.now,
		Text: qa.TextState{Revision: 1, Substance: 1}, Version: 1,
	}}, a)
	require.Equal(t, a, w.answer(a.ID))
	kept := w.question(q.ID)
	require.Equal(t, 1, kept.Answers)
	require.Equal(t, w.now, kept.ActiveAt)
	require.Equal(t, w.member.By(), kept.LastBy)
	require.Equal(t, 1, kept.Version, "an answer does not move the question's")
	require.Equal(t, qa.EventAnswered, w.last().Name)
	require.Equal(t, qa.Event{By: w.member.By(), Question: q.ID, Answer: a.ID, Mentions: []auth.UserID{w.author.User}}, w.last().payload)
}

func TestAnswerIsInvalid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *qa.Config) { c.MaxBody = 20 })
	q := w.asks(w.author, qa.NewQuestion{Body: "Quali?"})
	for body, code := range map[string]string{"": storage.CodeMissing, strings.Repeat("a", 21): storage.CodeTooLong, "\x00": storage.CodeControl} {
		invalid(t, failure(w.qa.Answer(w.ctx, w.author, qa.NewAnswer{Question: q.ID, Body: body})), "body", code)
	}
	invalid(t, failure(w.qa.Answer(w.ctx, w.author, qa.NewAnswer{Question: q.ID, Body: "Testo", Key: "\x00"})), "key", storage.CodeMalformed)
}

// The position of an organisation is given by whoever acts for one, and may.
func TestOfficial(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	in := qa.NewAnswer{Question: q.ID, Body: "La posizione", Official: true}
	who := w.member
	require.ErrorIs(t, failure(w.qa.Answer(w.ctx, who, in)), auth.ErrDenied)
	who.For = storage.NewID[auth.Org]()
	require.ErrorIs(t, failure(w.without(qa.Speak, who).Answer(w.ctx, who, in)), auth.ErrDenied)
	a, err := w.qa.Answer(w.ctx, who, in)
	require.NoError(t, err)
	require.True(t, w.answer(a.ID).Official)
	require.Equal(t, who.By(), a.By)
	in.Official = false
	_, err = w.without(qa.Speak, who).Answer(w.ctx, who, in)
	require.NoError(t, err)
}

func TestComment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.member, q.ID)
	for _, p := range []qa.Post{ofQuestion(q), ofAnswer(a)} {
		c := w.comments(w.outsider, p, "E prima, @author?")
		require.Equal(t, qa.Comment{ID: c.ID, Question: q.ID, Answer: p.Answer, Entry: qa.Entry{
			By: w.outsider.By(), Body: "E prima, " + auth.Mention(w.author.User) + "?", CreatedAt: w.now,
			Text: qa.TextState{Revision: 1, Substance: 1}, Version: 1,
		}}, c)
		require.Equal(t, []qa.Comment{c}, w.commentsOn(w.visitor, p))
		require.Equal(t, qa.Event{By: w.outsider.By(), Question: q.ID, Answer: p.Answer, Comment: c.ID, Mentions: []auth.UserID{w.author.User}}, w.last().payload)
		invalid(t, failure(w.qa.Comment(w.ctx, w.author, qa.NewComment{Post: ofComment(c), Body: "No"})), "post", storage.CodeMalformed)
	}
	require.Equal(t, [2]int{1, 1}, [2]int{w.question(q.ID).Comments, w.answer(a.ID).Comments})
	invalid(t, failure(w.qa.Comment(w.ctx, w.author, qa.NewComment{Post: ofAnswer(a), Body: strings.Repeat("a", qa.MaxComment+1)})), "body", storage.CodeTooLong)
}

// A closed question takes no answer; it is commented on, and edited by its
// author, as before.
func TestClosedTakesNoAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q, other := w.asks(w.author, qa.NewQuestion{}), w.asks(w.author, qa.NewQuestion{})
	merged := w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.member, q.ID)
	w.closes(q.ID, qa.Unclear)
	w.merges(merged.ID, other.ID)
	for _, id := range []qa.QuestionID{q.ID, merged.ID} {
		for _, who := range []auth.Actor{w.author, w.member, w.moderator} {
			require.ErrorIs(t, failure(w.qa.Answer(w.ctx, who, qa.NewAnswer{Question: id, Body: "Testo"})), qa.ErrClosed)
		}
		w.comments(w.member, qa.Post{Question: id})
		w.edits(w.author, qa.Post{Question: id}, "Ora è chiaro")
	}
	w.edits(w.member, ofAnswer(a), "Anche questa")
}

// What is removed or waits takes nothing.
func TestRemovedTakesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		remove func(*world, qa.Post) error
		want   error // of whoever sees it nonetheless
	}{
		"hidden":  {func(w *world, p qa.Post) error { return w.qa.Hide(w.ctx, w.keeper, p, "Motivo") }, qa.ErrRemoved},
		"deleted": {func(w *world, p qa.Post) error { return w.qa.Delete(w.ctx, w.author, p) }, qa.ErrRemoved},
		"purged":  {func(w *world, p qa.Post) error { return w.qa.Purge(w.ctx, w.coordinator, p, "Motivo") }, qa.ErrRemoved},
		"held":    {nil, qa.ErrHeld},
	} {
		w := newWorld(t)
		open := w.asks(w.author, qa.NewQuestion{})
		if c.remove == nil {
			w.sets(func(cfg *qa.Config) {
				cfg.Hold = func(_ context.Context, who auth.Actor, _ auth.Scope, _ auth.Action) (bool, error) {
					return who == w.author, nil
				}
			})
		}
		q, a := w.asks(w.author, qa.NewQuestion{}), w.answers(w.author, open.ID)
		posts := []qa.Post{ofQuestion(q), ofAnswer(a)}
		for _, p := range posts {
			if c.remove != nil {
				require.NoError(t, c.remove(w, p), name)
			}
			require.ErrorIs(t, failure(w.qa.Comment(w.ctx, w.keeper, qa.NewComment{Post: p, Body: "Testo"})), c.want, name)
			edit := w.edit(p, "Testo")
			if p.Answer.IsZero() {
				edit.Title = "Titolo"
			}
			require.ErrorIs(t, failure(w.qa.Edit(w.ctx, w.keeper, edit)), c.want, name)
			require.ErrorIs(t, failure(w.qa.Suggest(w.ctx, w.keeper, edit)), c.want, name)
		}
		require.ErrorIs(t, failure(w.qa.Answer(w.ctx, w.keeper, qa.NewAnswer{Question: q.ID, Body: "Testo"})), c.want, name)
		require.ErrorIs(t, failure(w.qa.Answer(w.ctx, w.member, qa.NewAnswer{Question: q.ID, Body: "Testo"})), storage.ErrNotFound, name)
	}
}

// A form that is sent twice writes once, and is answered with what it wrote.
func TestKeys(t *testing.T) {
	t.Parallel()
	for _, kept := range []bool{false, true} {
		w := newWorld(t, func(c *qa.Config) { c.KeepKeys = kept })
		open := w.asks(w.author, qa.NewQuestion{})
		for range 2 { // the second time all is refused by the limits
			q, err := w.qa.Ask(w.ctx, w.author, qa.NewQuestion{Key: "uno", Area: auth.Commons, Title: "Titolo", Body: "Testo"})
			require.NoError(t, err)
			a, err := w.qa.Answer(w.ctx, w.author, qa.NewAnswer{Key: "uno", Question: open.ID, Body: "Testo"})
			require.NoError(t, err)
			c, err := w.qa.Comment(w.ctx, w.author, qa.NewComment{Key: "uno", Post: ofQuestion(open), Body: "Testo"})
			require.NoError(t, err)
			require.Equal(t, [3]any{q, a, c}, [3]any{w.question(q.ID), w.answer(a.ID), w.place(ofComment(c)).Comment})
			w.sets(func(c *qa.Config) { c.Limit = never{} })
		}
		require.Len(t, w.list(w.visitor, qa.QuestionFilter{}), 2)
		require.Equal(t, [2]int{1, 1}, [2]int{w.question(open.ID).Answers, w.question(open.ID).Comments})
		_, err := w.qa.Answer(w.ctx, w.member, qa.NewAnswer{Key: "uno", Question: open.ID, Body: "Testo"})
		require.ErrorIs(t, err, auth.ErrLimited, "a key is its owner's")
		require.NoError(t, w.store.Apply(w.ctx, storage.Forget{Before: w.now.Add(100 * 24 * time.Hour)}))
		_, err = w.qa.Answer(w.ctx, w.author, qa.NewAnswer{Key: "uno", Question: open.ID, Body: "Testo"})
		require.Equal(t, kept, err == nil)
	}
}

// What a key made may be elsewhere, or gone, since.
func TestKeyOfWhatIsElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q, into := w.asks(w.author, qa.NewQuestion{}), w.asks(w.author, qa.NewQuestion{})
	in := qa.NewAnswer{Key: "uno", Question: q.ID, Body: "Testo"}
	a, err := w.qa.Answer(w.ctx, w.member, in)
	require.NoError(t, err)
	comment := qa.NewComment{Key: "uno", Post: ofAnswer(a), Body: "Testo"}
	c, err := w.qa.Comment(w.ctx, w.member, comment)
	require.NoError(t, err)
	w.merges(q.ID, into.ID)
	again, err := w.qa.Answer(w.ctx, w.member, in)
	require.NoError(t, err)
	require.Equal(t, [2]any{a.ID, into.ID}, [2]any{again.ID, again.Question})
	same, err := w.qa.Comment(w.ctx, w.member, comment)
	require.NoError(t, err)
	require.Equal(t, [2]any{c.ID, into.ID}, [2]any{same.ID, same.Question})
}

// never is a limiter that allows nothing.
type never struct{}

func (never) Allow(_ context.Context, _ auth.Actor, do auth.Action) error {
	return &auth.Limited{Action: do, After: time.Minute}
}

// ledger counts attempts.
type ledger map[auth.Action]int

func (l ledger) Allow(_ context.Context, _ auth.Actor, do auth.Action) error { l[do]++; return nil }

// What is written counts once, also where it is decided again; what is refused
// does not.
func TestRates(t *testing.T) {
	t.Parallel()
	rates := ledger{}
	w := newWorld(t, func(c *qa.Config) { c.Limit = rates })
	q := w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.author, q.ID)
	w.comments(w.author, ofAnswer(a))
	_ = w.suggests(w.member, ofAnswer(a), "Altro")
	want := ledger{qa.Start: 1, qa.Reply: 1, qa.Remark: 1, qa.Propose: 1}
	require.Equal(t, want, rates)
	for _, err := range []error{
		failure(w.qa.Ask(w.ctx, w.observer, qa.NewQuestion{Area: auth.Commons, Title: "Titolo", Body: "Testo"})),
		failure(w.qa.Answer(w.ctx, w.observer, qa.NewAnswer{Question: q.ID, Body: "Testo"})),
		failure(w.qa.Comment(w.ctx, w.observer, qa.NewComment{Post: ofAnswer(a), Body: "Testo"})),
		failure(w.qa.Suggest(w.ctx, w.observer, w.edit(ofAnswer(a), "Testo"))),
	} {
		require.ErrorIs(t, err, auth.ErrDenied)
	}
	require.Equal(t, want, rates)
	s := w.while(func() { w.edits(w.author, ofQuestion(q), "Altro") })
	_, err := s.Answer(w.ctx, w.member, qa.NewAnswer{Question: q.ID, Body: "Testo"})
	require.NoError(t, err)
	require.Equal(t, 2, rates[qa.Reply])
}

// Only whoever may read is told that they are mentioned; all are found again.
func TestMentions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.reserves(w.author, qa.NewQuestion{Body: "@member e @outsider e @nessuno"})
	require.Equal(t, auth.Mention(w.member.User)+" e "+auth.Mention(w.outsider.User)+" e @nessuno", q.Body)
	require.Equal(t, []auth.UserID{w.member.User}, w.last().payload.Mentions)
	page, err := w.store.QA().Written(w.ctx, qa.WrittenQuery{User: w.outsider.User})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	a := w.answers(w.member, q.ID)
	w.edits(w.member, ofAnswer(a), "@author e @moderator")
	require.Equal(t, []auth.UserID{w.author.User, w.moderator.User}, w.last().payload.Mentions)
	w.edits(w.member, ofAnswer(a), w.answer(a.ID).Body+" e @keeper e @coordinator")
	require.Equal(t, []auth.UserID{w.coordinator.User}, w.last().payload.Mentions, "those told before are not told again")
}

// An answer is one look and one write.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	cfg := w.config
	store := &counted{Store: cfg.Store}
	cfg.Store = store
	s := qa.New(cfg)
	a, err := s.Answer(w.ctx, w.member, qa.NewAnswer{Question: q.ID, Body: "Testo"})
	require.NoError(t, err)
	require.Equal(t, 1, store.reads)
	require.Equal(t, []string{"qa.QuestionAt", "qa.InsertAnswer", "storage.Event"}, store.changes)
	store.reads = 0
	_, err = s.Comment(w.ctx, w.member, qa.NewComment{Post: ofAnswer(a), Body: "Testo"})
	require.NoError(t, err)
	require.Equal(t, 1, store.reads)
	store.reads = 0
	_, err = s.Page(w.ctx, w.member, qa.QuestionPage{Question: q.ID})
	require.NoError(t, err)
	require.Equal(t, 1, store.reads)
}
