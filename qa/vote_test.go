// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// tally is that of a question or an answer, as it is kept.
func (w *world) tally(p qa.Post) qa.Tally {
	w.Helper()
	if pl := w.place(p); p.Answer.IsZero() {
		return pl.Question.Votes
	} else {
		return pl.Answer.Votes
	}
}

// A vote is counted once, whatever it becomes, and the tally is as the rows
// are.
func TestVote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.author, q.ID)
	for _, p := range []qa.Post{ofQuestion(q), ofAnswer(a)} {
		for _, step := range []struct {
			who  auth.Actor
			v    qa.Value
			want qa.Tally
		}{
			{w.member, qa.None, qa.Tally{}},
			{w.member, qa.For, qa.Tally{Up: 1}},
			{w.member, qa.For, qa.Tally{Up: 1}},
			{w.outsider, qa.Against, qa.Tally{Up: 1, Down: 1}},
			{w.member, qa.Against, qa.Tally{Down: 2}},
			{w.outsider, qa.None, qa.Tally{Down: 1}},
			{w.outsider, qa.For, qa.Tally{Up: 1, Down: 1}},
			{w.member, qa.None, qa.Tally{Up: 1}},
		} {
			got, err := w.qa.Vote(w.ctx, step.who, p, step.v)
			require.NoError(t, err)
			require.Equal(t, step.want, got)
			require.Equal(t, step.want, w.tally(p))
		}
	}
	require.Equal(t, 1, w.question(q.ID).Version, "votes do not move what is edited")
	require.Len(t, w.events(), 2, "nobody is told who voted")
}

// S-vote-flip: from for to against is one change.
func TestScenarioVoteFlip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := ofAnswer(w.answers(w.author, w.asks(w.author, qa.NewQuestion{}).ID))
	w.votes(w.member, p, qa.For)
	c := &counted{Store: w.store.QA()}
	w.sets(func(cfg *qa.Config) { cfg.Store = c })
	w.votes(w.member, p, qa.Against)
	require.Equal(t, []string{"qa.QuestionAt", "qa.AnswerAt", "qa.SetVote"}, c.changes)
	require.Equal(t, 1, c.reads, "one look")
	require.Equal(t, qa.Tally{Down: 1}, w.tally(p))
	c.changes = nil
	w.votes(w.member, p, qa.Against)
	require.Empty(t, c.changes, "the same again changes nothing")
}

// S-vote-self: never on one's own, also when it became one's own.
func TestScenarioVoteSelf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.author, q.ID)
	for _, p := range []qa.Post{ofQuestion(q), ofAnswer(a)} {
		require.ErrorIs(t, failure(w.qa.Vote(w.ctx, w.author, p, qa.For)), qa.ErrOwn)
		require.ErrorIs(t, failure(w.qa.Vote(w.ctx, auth.Actor{User: w.author.User, For: storage.NewID[auth.Org]()}, p, qa.For)), qa.ErrOwn, "on whose behalf ever")
		w.votes(w.member, p, qa.For)
		require.NoError(t, w.qa.Attribute(w.ctx, w.coordinator, p, w.member.By(), "L'ha scritto lei"))
		require.Zero(t, w.tally(p), "the vote of who is its author now is dropped")
		for _, v := range []qa.Value{qa.For, qa.None, qa.Against} {
			require.ErrorIs(t, failure(w.qa.Vote(w.ctx, w.member, p, v)), qa.ErrOwn)
		}
		w.votes(w.author, p, qa.For)
	}
}

// A vote that is decided while the post becomes the voter's own is refused.
func TestVoteRacesByline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := ofAnswer(w.answers(w.author, w.asks(w.author, qa.NewQuestion{}).ID))
	f := w.while(func() {
		require.NoError(t, w.qa.Attribute(w.ctx, w.coordinator, p, w.member.By(), "L'ha scritto lei"))
	})
	require.ErrorIs(t, failure(f.Vote(w.ctx, w.member, p, qa.For)), qa.ErrOwn)
	require.Zero(t, w.tally(p))
}

// Nobody votes on what is not there for all who read.
func TestVoteOnWhatIsGone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens func(w *world, q qa.Question, a qa.Answer)
		q, a    error
	}{
		"hidden answer": {func(w *world, q qa.Question, a qa.Answer) {
			require.NoError(w, w.qa.Hide(w.ctx, w.moderator, ofAnswer(a), "Motivo"))
		}, nil, qa.ErrRemoved},
		"deleted answer": {func(w *world, q qa.Question, a qa.Answer) {
			require.NoError(w, w.qa.Delete(w.ctx, w.author, ofAnswer(a)))
		}, nil, qa.ErrRemoved},
		"hidden question": {func(w *world, q qa.Question, a qa.Answer) {
			require.NoError(w, w.qa.Hide(w.ctx, w.moderator, ofQuestion(q), "Motivo"))
		}, qa.ErrRemoved, qa.ErrRemoved},
		"closed question": {func(w *world, q qa.Question, a qa.Answer) { w.closes(q.ID, qa.Obsolete) }, nil, nil},
		"merged question": {func(w *world, q qa.Question, a qa.Answer) {
			w.merges(q.ID, w.asks(w.author, qa.NewQuestion{}).ID)
		}, qa.ErrClosed, nil},
	} {
		w := newWorld(t)
		q := w.asks(w.author, qa.NewQuestion{})
		a := w.answers(w.author, q.ID)
		act := func(f *qa.Service, p qa.Post, want error) {
			t.Helper()
			require.ErrorIs(t, failure(f.Vote(w.ctx, w.keeper, p, qa.For)), want, name)
		}
		f := w.while(func() { c.happens(w, q, a) })
		act(f, ofAnswer(a), c.a)
		act(w.qa, ofQuestion(q), c.q)
	}
	w := newWorld(t, func(c *qa.Config) {
		c.Hold = func(context.Context, auth.Actor, auth.Scope, auth.Action) (bool, error) { return true, nil }
	})
	q := w.asks(w.author, qa.NewQuestion{})
	require.ErrorIs(t, failure(w.qa.Vote(w.ctx, w.moderator, ofQuestion(q), qa.For)), qa.ErrHeld)
	require.ErrorIs(t, failure(w.qa.Vote(w.ctx, w.member, ofQuestion(q), qa.For)), storage.ErrNotFound)
}

func TestVoteWindow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		window  time.Duration
		happens func(w *world, p qa.Post)
		v       qa.Value
		want    error
	}{
		"at its end":               {time.Hour, func(w *world, p qa.Post) { w.pass(time.Hour) }, qa.Against, nil},
		"after it":                 {time.Hour, func(w *world, p qa.Post) { w.pass(time.Hour + 1000) }, qa.Against, qa.ErrTooLate},
		"taken back after it":      {time.Hour, func(w *world, p qa.Post) { w.pass(2 * time.Hour) }, qa.None, qa.ErrTooLate},
		"the same after it":        {time.Hour, func(w *world, p qa.Post) { w.pass(2 * time.Hour) }, qa.For, nil},
		"after it, edited":         {time.Hour, func(w *world, p qa.Post) { w.pass(2 * time.Hour); w.edits(w.author, p, "Tutt'altro") }, qa.Against, nil},
		"for ever":                 {-1, func(w *world, p qa.Post) { w.pass(10_000 * time.Hour) }, qa.Against, nil},
		"by default, within a day": {0, func(w *world, p qa.Post) { w.pass(24 * time.Hour) }, qa.None, nil},
		"by default, after a day":  {0, func(w *world, p qa.Post) { w.pass(25 * time.Hour) }, qa.None, qa.ErrTooLate},
		"flipped, from the first": {time.Hour, func(w *world, p qa.Post) {
			w.pass(50 * time.Minute)
			w.votes(w.member, p, qa.Against)
			w.pass(20 * time.Minute)
		}, qa.For, qa.ErrTooLate},
		"taken back, cast again late": {time.Hour, func(w *world, p qa.Post) { w.votes(w.member, p, qa.None); w.pass(5 * time.Hour) }, qa.Against, nil},
	} {
		w := newWorld(t, func(cfg *qa.Config) { cfg.VoteWindow = c.window })
		p := ofAnswer(w.answers(w.author, w.asks(w.author, qa.NewQuestion{}).ID))
		w.edits(w.author, p, "Corretto prima")
		w.pass(time.Minute)
		w.votes(w.member, p, qa.For)
		c.happens(w, p)
		before := w.tally(p)
		got, err := w.qa.Vote(w.ctx, w.member, p, c.v)
		require.ErrorIs(t, err, c.want, name)
		if c.want != nil {
			require.Equal(t, before, w.tally(p), name)
			continue
		}
		require.Equal(t, got, w.tally(p), name)
	}
}

func TestVoteInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	c, r := w.comments(w.author, ofQuestion(q)), w.reserves(w.author, qa.NewQuestion{})
	before := w.dump()
	for _, p := range []qa.Post{ofComment(c), {Question: q.ID, Comment: storage.NewID[qa.Comment]()}, {Comment: storage.NewID[qa.Comment]()}} {
		invalid(t, failure(w.qa.Vote(w.ctx, w.member, p, qa.For)), "post", storage.CodeMalformed)
	}
	for _, v := range []qa.Value{-2, 2, 100} {
		invalid(t, failure(w.qa.Vote(w.ctx, w.member, ofQuestion(q), v)), "value", storage.CodeUnknown)
	}
	require.ErrorIs(t, failure(w.qa.Vote(w.ctx, w.visitor, ofQuestion(q), qa.For)), auth.ErrDenied)
	require.ErrorIs(t, failure(w.qa.Vote(w.ctx, w.observer, ofQuestion(q), qa.For)), auth.ErrDenied)
	for _, p := range []qa.Post{ofQuestion(r), {Question: storage.NewID[qa.Question]()}} {
		require.ErrorIs(t, failure(w.qa.Vote(w.ctx, w.outsider, p, qa.For)), storage.ErrNotFound)
	}
	require.Equal(t, before, w.dump())
}

// limited lets so many attempts through.
type limited struct{ left *int }

func (l limited) Allow(_ context.Context, _ auth.Actor, do auth.Action) error {
	if *l.left--; *l.left < 0 {
		return &auth.Limited{Action: do, After: time.Minute}
	}
	return nil
}

// Votes that change something are counted against a rate, each once, however
// often it is decided again.
func TestVoteRate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := ofAnswer(w.answers(w.author, w.asks(w.author, qa.NewQuestion{}).ID))
	left := 2
	w.sets(func(c *qa.Config) { c.Limit = limited{&left} })
	f := w.while(func() { w.edits(w.author, p, "Nel frattempo") })
	require.NoError(t, failure(f.Vote(w.ctx, w.member, p, qa.For)))
	require.Equal(t, 1, left)
	w.votes(w.member, p, qa.For)
	require.Equal(t, 1, left, "the same again is none")
	w.votes(w.member, p, qa.None)
	var limit *auth.Limited
	require.ErrorAs(t, failure(w.qa.Vote(w.ctx, w.member, p, qa.For)), &limit)
	require.Equal(t, qa.Cast, limit.Action)
}

// S-vote-race: a thousand at once are counted, each.
func TestScenarioVoteRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := ofAnswer(w.answers(w.author, w.asks(w.author, qa.NewQuestion{}).ID))
	voters := make([]auth.Actor, 250)
	for i := range voters {
		voters[i] = auth.Actor{User: storage.NewID[auth.User]()}
		w.stands(voters[i], auth.Member, auth.Outsider)
	}
	var refused atomic.Int64
	for _, err := range together(1000, func(i int) error {
		v := []qa.Value{qa.For, qa.Against, qa.For, qa.None}[i/len(voters)]
		_, err := w.qa.Vote(w.ctx, voters[i%len(voters)], p, v)
		return err
	}) {
		if err != nil {
			refused.Add(1)
			require.ErrorIs(t, err, storage.ErrConflict)
		}
	}
	require.Zero(t, refused.Load())
	var want qa.Tally
	for _, who := range voters {
		votes, err := w.store.QA().Votes(w.ctx, who.User)
		require.NoError(t, err)
		for _, v := range votes {
			if require.Equal(t, p, v.Post); v.Value == qa.For {
				want.Up++
			} else {
				want.Down++
			}
		}
	}
	require.Equal(t, want, w.tally(p), "the tally equals a recount")
}
