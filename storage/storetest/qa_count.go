// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

var qaVotePromises = []promise{
	{"QA/Vote", "a vote is made, flipped and taken back from what was seen only, and tallies say what it is now", false, qaVote},
	{"QA/Vote/Conflict", "a vote that is not From is ErrConflict, and what goes with it is not made", false, qaVoteConflict},
	{"QA/Vote/At", "a vote keeps when it was cast first", false, qaVoteAt},
	{"QA/Vote/Apart", "the votes of a person are theirs alone, on one post each, by post, without those taken back", false, qaVotesApart},
	{"QA/Vote/Recount", "tallies equal a recount of the votes of all voters, whatever they did", false, qaVoteRecount},
	{"QA/Vote/Removed", "a post that is removed keeps its votes", false, qaVoteRemoved},
}

var qaAcceptPromises = []promise{
	{"QA/Accept", "an acceptance is set, switched and taken back from the version that was seen only, and moves it on", false, qaAccept},
	{"QA/Accept/Apart", "updates of the question and of its answers leave the acceptance as it is", false, qaAcceptApart},
	{"QA/Accept/Substance", "the acceptance names a revision, however the answer is edited later", false, qaAcceptSubstance},
}

var qaCountPromises = []promise{
	{"QA/Count/Insert", "only what is visible is counted, from its insert on", false, qaCountInsert},
	{"QA/Count/Answers", "an answer counts while it is visible, from any state to any other", false, qaCountAnswers},
	{"QA/Count/Comments", "so does a comment, in its own post alone", false, qaCountComments},
	{"QA/Count/Active", "a question was last active with the newest visible answer, by time and then by id, or when it was asked", false, qaCountActive},
	{"QA/Count/Removed", "what happens to a question is nothing to what is counted in it", false, qaCountRemoved},
	{"QA/Count/Failed", "a refused change counts nothing", false, qaCountFailed},
}

func qaVote(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a := h.answers(q, nil)
	for _, p := range []qa.Post{ofQuestion(q), ofAnswer(a)} {
		user, other := newUser(), newUser()
		h.voters = append(h.voters, user)
		h.casts(other, p, qa.For)
		now := qa.None
		for _, step := range []struct {
			to   qa.Value
			want qa.Tally
		}{
			{qa.For, qa.Tally{Up: 2}}, {qa.Against, qa.Tally{Up: 1, Down: 1}}, {qa.For, qa.Tally{Up: 2}}, {qa.None, qa.Tally{Up: 1}},
			{qa.Against, qa.Tally{Up: 1, Down: 1}}, {qa.None, qa.Tally{Up: 1}}, {qa.For, qa.Tally{Up: 2}}, {qa.For, qa.Tally{Up: 2}},
		} {
			h.do(qa.SetVote{Post: p, User: user, From: now, To: step.to, At: h.tick()})
			now = step.to
			same(t, h.tally(p), step.want)
			same(t, h.place(p, user).Vote.Value, step.to)
			same(t, h.page(qa.PageQuery{Question: q.ID, Reader: user}).Votes[p].Value, step.to)
			h.recount(q.ID)
		}
	}
	same(t, qa.Tally{Up: 2, Down: 5}.Score(), -3)
}

func qaVoteConflict(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q, user := h.asks(nil), newUser()
	a := h.answers(q, nil)
	h.voters = append(h.voters, user)
	for _, p := range []qa.Post{ofQuestion(q), ofAnswer(a)} {
		for _, now := range []qa.Value{qa.None, qa.For, qa.Against, qa.None} {
			if now != h.place(p, user).Vote.Value {
				h.casts(user, p, now)
			}
			for _, from := range []qa.Value{qa.None, qa.For, qa.Against} {
				for _, to := range []qa.Value{qa.None, qa.For, qa.Against} {
					if from != now {
						h.fails(storage.ErrConflict, event(1), qa.SetVote{Post: p, User: user, From: from, To: to, At: at(99)})
					}
				}
			}
			same(t, h.place(p, user).Vote.Value, now)
			h.recount(q.ID)
		}
	}
	same(t, len(claims(t, s)), 0)
}

func qaVoteAt(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q, user := h.asks(nil), newUser()
	p := ofQuestion(q)
	h.do(qa.SetVote{Post: p, User: user, To: qa.For, At: at(100)}, qa.SetVote{Post: p, User: user, From: qa.For, To: qa.Against, At: at(200)})
	same(t, h.place(p, user).Vote, qa.Vote{Value: qa.Against, At: at(100)})
	same(t, got(h.q.Votes(ctx, user))(t), []qa.CastVote{{Post: p, Vote: qa.Vote{Value: qa.Against, At: at(100)}}})
	h.do(qa.SetVote{Post: p, User: user, From: qa.Against, To: qa.None, At: at(300)})
	same(t, h.place(p, user).Vote, qa.Vote{At: at(100)})
	same(t, len(got(h.q.Votes(ctx, user))(t)), 0)
	h.do(qa.SetVote{Post: p, User: user, To: qa.For, At: at(400)})
	same(t, h.place(p, user).Vote, qa.Vote{Value: qa.For, At: at(100)})
	same(t, h.page(qa.PageQuery{Question: q.ID, Reader: user}).Votes[p], qa.Vote{Value: qa.For, At: at(100)})
}

func qaVotesApart(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	user, other := newUser(), newUser()
	var want []qa.CastVote
	for i := range 4 {
		q := h.asks(nil)
		a, b := h.answers(q, nil), h.answers(q, nil)
		for j, p := range []qa.Post{ofQuestion(q), ofAnswer(a), ofAnswer(b)} {
			value := qa.Value((i+j)%3 - 1)
			h.casts(user, p, qa.For)
			h.casts(user, p, value)
			h.casts(other, p, qa.Against)
			if value != qa.None {
				want = append(want, qa.CastVote{Post: p, Vote: h.place(p, user).Vote})
			}
		}
		h.recount(q.ID)
	}
	same(t, len(want), 8)
	slices.SortFunc(want, func(a, b qa.CastVote) int { return comparePosts(a.Post, b.Post) })
	same(t, got(h.q.Votes(ctx, user))(t), want)
	same(t, len(got(h.q.Votes(ctx, other))(t)), 12)
	same(t, len(got(h.q.Votes(ctx, newUser()))(t)), 0)
	same(t, len(got(h.q.Votes(ctx, auth.UserID{}))(t)), 0)
}

func qaVoteRecount(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	from, into := h.asks(nil), h.asks(nil)
	a, b := h.answers(from, nil), h.answers(from, nil)
	users := []auth.UserID{newUser(), newUser(), newUser(), newUser(), newUser()}
	moved := false
	for i := range 60 {
		p := []qa.Post{ofQuestion(from), ofQuestion(into), ofAnswer(a), ofAnswer(b)}[i*7%4]
		h.casts(users[i*3%5], p, qa.Value(i*i%3-1))
		if i == 30 {
			h.do(qa.MoveAnswer{Answer: b.ID, To: into.ID})
			b.Question, moved = into.ID, true
		}
		if i%10 == 0 {
			h.recount(from.ID, into.ID)
		}
	}
	same(t, moved, true)
	h.recount(from.ID, into.ID)
	if got := h.tally(ofAnswer(b)); got == (qa.Tally{}) {
		t.Error("nobody voted: this says nothing")
	}
}

func qaVoteRemoved(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q, user := h.asks(nil), newUser()
	a := h.answers(q, nil)
	h.casts(user, ofAnswer(a), qa.For)
	h.casts(user, ofQuestion(q), qa.Against)
	h.becomes(ofAnswer(a), qa.Deleted)
	h.becomes(ofQuestion(q), qa.Purged)
	same(t, h.tally(ofAnswer(a)), qa.Tally{Up: 1})
	same(t, h.tally(ofQuestion(q)), qa.Tally{Down: 1})
	same(t, len(got(h.q.Votes(ctx, user))(t)), 2)
	h.recount(q.ID)
}

func qaAccept(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a, b := h.answers(q, nil), h.answers(q, nil)
	acc := func(of qa.Answer, n int) qa.Acceptance {
		return qa.Acceptance{Answer: of.ID, Revision: 1, By: newBy(), Capacity: qa.Capacity(n%3 + 1), At: at(n)}
	}
	for i, next := range []qa.Acceptance{acc(a, 1), acc(b, 2), acc(b, 3), {}, {}, acc(a, 6)} {
		for _, stale := range []int{i, i + 2, 0, -1} {
			h.fails(storage.ErrConflict, event(1), qa.Accept{Question: q.ID, Version: stale, Acceptance: next})
		}
		h.do(qa.Accept{Question: q.ID, Version: i + 1, Acceptance: next})
		want := q
		want.Acceptance, want.Version = next, i+2
		want.Answers, want.ActiveAt, want.LastBy = 2, b.CreatedAt, b.By
		same(t, h.question(q.ID), want)
		order := []qa.AnswerID{a.ID, b.ID}
		if next.Answer == b.ID {
			order = []qa.AnswerID{b.ID, a.ID}
		}
		same(t, answerIDs(h.page(qa.PageQuery{Question: q.ID}).Answers.Items), order)
	}
	same(t, h.answer(a.ID), a)
	h.fails(storage.ErrConflict, event(1), qa.UpdateQuestion{Question: q})
	same(t, len(claims(t, s)), 0)
}

func qaAcceptApart(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a, b := h.answers(q, nil), h.answers(q, nil)
	acc := h.accepts(b)
	now := h.question(q.ID)
	now.Title, now.Acceptance = "Altro", qa.Acceptance{Answer: a.ID, Revision: 7, By: newBy(), Capacity: qa.Delegate, At: at(1)}
	h.do(qa.UpdateQuestion{Question: now})
	same(t, h.question(q.ID).Acceptance, acc)
	h.becomes(ofAnswer(b), qa.Hidden) // to take it back is for whoever hides it
	same(t, h.question(q.ID).Acceptance, acc)
	h.becomes(ofAnswer(b), qa.Visible)
	h.casts(newUser(), ofAnswer(a), qa.For)
	h.casts(newUser(), ofAnswer(b), qa.Against)
	same(t, answerIDs(h.page(qa.PageQuery{Question: q.ID}).Answers.Items), []qa.AnswerID{b.ID, a.ID})
	h.recount(q.ID)
}

func qaAcceptSubstance(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a := h.answers(q, nil)
	acc := h.accepts(a)
	for n := 2; n <= 4; n++ {
		now := h.answer(a.ID)
		now.Body, now.Text = fmt.Sprint(n), qa.TextState{Revision: n, Substance: n - n%2, EditedAt: at(n), EditedBy: a.By}
		h.do(qa.UpdateAnswer{Answer: now})
		same(t, h.question(q.ID).Acceptance, acc)
		same(t, h.answer(a.ID).Text, now.Text)
	}
	same(t, h.question(q.ID).Version, 2)
}

// states are all those of a post.
var states = []qa.State{qa.Visible, qa.Deleted, qa.Hidden, qa.Purged, qa.Held, qa.Withdrawn, qa.Rejected}

func qaCountInsert(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	for _, state := range states {
		q := h.asks(func(q *qa.Question) { q.Removal.State = state })
		for _, below := range states {
			a := h.answers(q, func(a *qa.Answer) { a.Removal.State = below })
			h.remarks(ofQuestion(q), func(c *qa.Comment) { c.Removal.State = below })
			h.remarks(ofAnswer(a), func(c *qa.Comment) { c.Removal.State = below })
		}
		now := h.question(q.ID)
		same(t, now.Answers, 1)
		same(t, now.Comments, 1)
		h.recount(q.ID)
	}
}

func qaCountAnswers(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	h.answers(q, nil)
	a := h.answers(q, nil)
	for _, from := range states {
		for _, to := range states {
			h.becomes(ofAnswer(a), from)
			h.becomes(ofAnswer(a), to)
			want := 1
			if to == qa.Visible {
				want = 2
			}
			same(t, h.question(q.ID).Answers, want)
			h.recount(q.ID)
		}
	}
	same(t, h.question(q.ID).Version, 1)
}

func qaCountComments(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a, b := h.answers(q, nil), h.answers(q, nil)
	on, below, beside := h.remarks(ofQuestion(q), nil), h.remarks(ofAnswer(a), nil), h.remarks(ofAnswer(b), nil)
	for _, p := range []qa.Post{ofComment(on), ofComment(below)} {
		for _, from := range states {
			for _, to := range states {
				h.becomes(p, from)
				h.becomes(p, to)
				h.recount(q.ID)
			}
		}
		h.becomes(p, qa.Hidden)
	}
	same(t, h.question(q.ID).Comments, 0)
	same(t, h.answer(a.ID).Comments, 0)
	same(t, h.answer(b.ID).Comments, 1)
	h.becomes(ofAnswer(b), qa.Hidden) // its comment is one still
	same(t, h.answer(b.ID).Comments, 1)
	same(t, h.place(ofComment(beside), auth.UserID{}).Comment.Removal, qa.Removal{})
	h.recount(q.ID)
}

func qaCountActive(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(func(q *qa.Question) { q.CreatedAt = at(500) })
	active := func(want qa.Entry) {
		t.Helper()
		now := h.question(q.ID)
		same(t, now.ActiveAt, want.CreatedAt)
		same(t, now.LastBy, want.By)
		h.recount(q.ID)
	}
	active(q.Entry)
	when := func(n int) func(*qa.Answer) { return func(a *qa.Answer) { a.CreatedAt = at(n) } }
	late := h.answers(q, when(900))
	active(late.Entry)
	early := h.answers(q, when(700)) // of an import, say
	active(late.Entry)
	tied := h.answers(q, when(900))
	active(tied.Entry)
	before := h.answers(q, when(100)) // clocks differ
	active(tied.Entry)
	h.becomes(ofAnswer(tied), qa.Hidden)
	active(late.Entry)
	h.becomes(ofAnswer(late), qa.Deleted)
	active(early.Entry)
	h.becomes(ofAnswer(early), qa.Held)
	active(before.Entry)
	h.becomes(ofAnswer(before), qa.Purged)
	active(q.Entry)
	h.becomes(ofAnswer(late), qa.Visible)
	active(late.Entry)
	h.remarks(ofQuestion(q), func(c *qa.Comment) { c.CreatedAt = at(2000) })
	h.casts(newUser(), ofAnswer(late), qa.Against)
	active(late.Entry)
}

func qaCountRemoved(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q, into := h.asks(nil), h.asks(nil)
	a := h.answers(q, nil)
	h.remarks(ofQuestion(q), nil)
	h.remarks(ofAnswer(a), nil)
	h.casts(newUser(), ofQuestion(q), qa.For)
	for _, state := range states {
		h.becomes(ofQuestion(q), state)
		h.recount(q.ID)
	}
	now := h.question(q.ID)
	now.MergedInto, now.Closing = into.ID, qa.Closing{Reason: qa.Duplicate, Of: into.ID, At: at(1)}
	h.do(qa.UpdateQuestion{Question: now})
	h.recount(q.ID, into.ID)
	h.answers(q, nil) // whether it may is not the store's to say
	h.recount(q.ID)
}

func qaCountFailed(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a, c := h.answers(q, nil), h.remarks(ofQuestion(q), nil)
	staleAnswer, staleComment := a, c
	staleAnswer.Version, staleAnswer.Removal.State = 7, qa.Hidden
	staleComment.Version, staleComment.Removal.State = 7, qa.Hidden
	for _, changes := range [][]storage.Change{
		{qa.UpdateAnswer{Answer: staleAnswer}}, {qa.UpdateComment{Comment: staleComment}}, {qa.InsertAnswer{Answer: a}}, {qa.InsertComment{Comment: c}},
		{qa.InsertAnswer{Answer: h.newAnswer(q)}, qa.InsertComment{Comment: h.newComment(ofQuestion(q))}, qa.SetVote{Post: ofQuestion(q), User: newUser(), To: qa.For, At: at(1)}, qa.QuestionAt{Question: q.ID, Version: 9}},
	} {
		if err := h.Apply(ctx, changes...); err == nil {
			t.Error("it is taken")
		}
		h.recount(q.ID)
	}
	now := h.question(q.ID)
	same(t, [3]int{now.Answers, now.Comments, now.Votes.Up}, [3]int{1, 1, 0})
}
