// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

var qaPostPromises = []promise{
	{"QA/NotFound", "what is not there is ErrNotFound, whatever is asked of it", false, qaNotFound},
	{"QA/NotFound/Changes", "a change of what is not there, or that needs what is not, is ErrNotFound, and nothing goes with it", false, qaChangesNotFound},
	{"QA/Place", "a post stands where it is said to, or is ErrNotFound", false, qaPlace},
	{"QA/Stays", "an update moves no answer and no comment elsewhere", false, qaStays},
	{"QA/At", "QuestionAt, AnsweredAt and AnswerAt hold what goes with them to a version, and to the answers there were, and change nothing", false, qaAt},
	{"QA/At/Counted", "what is only counted moves no version", false, qaAtCounted},
	{"QA/Revisions", "revisions come oldest first, each number once, and are those of their post alone", false, qaRevisions},
	{"QA/Mentions", "who is mentioned in a post is replaced as a whole", false, qaMentions},
	{"QA/Move", "an answer moves with its comments, votes, revisions, mentions and suggestions, is counted where it is, and its version is the next", false, qaMove},
	{"QA/Move/Accepted", "an answer that was accepted does not move", false, qaMoveAccepted},
	{"QA/Author", "a post is given another byline from what was seen only, and the byline of what was last written follows", false, qaAuthor},
	{"QA/Author/Vote", "a vote of the new author is dropped and counted no more, and no other", false, qaAuthorVote},
	{"QA/Suggestions/Most", "a person has no more suggestions that wait than Most when one is inserted", false, qaMost},
	{"QA/Synonyms", "a tag stands for one other, the last that was said, until that is dropped", false, qaSynonyms},
	{"QA/Offers", "to whom a question is offered is replaced as a whole, and dropped one by one", false, qaOffers},
	{"QA/Apply/Order", "changes are made in their order, and all of them or none", false, qaApplyOrder},
	{"QA/Unit", "a unit reads its own writes, leaves no trace when it fails, and goes on after a refusal", false, qaUnit},
}

func qaNotFound(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a := h.answers(q, nil)
	missing := qa.Post{Question: storage.NewID[qa.Question](), Answer: storage.NewID[qa.Answer](), Comment: storage.NewID[qa.Comment]()}
	for _, id := range []qa.QuestionID{missing.Question, {}} {
		_, err := h.q.Question(ctx, id)
		is(t, err, storage.ErrNotFound)
		_, err = h.q.Page(ctx, qa.PageQuery{Question: id, Reader: newUser()})
		is(t, err, storage.ErrNotFound)
		_, err = h.q.Place(ctx, qa.PlaceQuery{Post: qa.Post{Question: id}})
		is(t, err, storage.ErrNotFound)
		answers, comments, err := h.q.Below(ctx, id)
		must(t, err)
		same(t, len(answers)+len(comments), 0)
		same(t, len(got(h.q.Offers(ctx, id))(t)), 0)
		same(t, len(got(h.q.Revisions(ctx, qa.Post{Question: id}))(t)), 0)
		same(t, len(got(h.q.Comments(ctx, qa.CommentQuery{Post: qa.Post{Question: id}}))(t).Items), 0)
	}
	for _, id := range []qa.AnswerID{missing.Answer, {}} {
		_, err := h.q.Answer(ctx, id)
		is(t, err, storage.ErrNotFound)
	}
	_, err := h.q.Place(ctx, qa.PlaceQuery{Post: qa.Post{Question: q.ID, Answer: missing.Answer}})
	is(t, err, storage.ErrNotFound)
	for _, p := range []qa.Post{{Question: q.ID, Comment: missing.Comment}, {Question: q.ID, Answer: a.ID, Comment: missing.Comment}} {
		_, err = h.q.Place(ctx, qa.PlaceQuery{Post: p})
		is(t, err, storage.ErrNotFound)
	}
	_, err = h.q.Suggestion(ctx, storage.NewID[qa.Suggestion]())
	is(t, err, storage.ErrNotFound)
	same(t, len(got(h.q.Votes(ctx, newUser()))(t)), 0)
	same(t, len(got(h.q.From(ctx, qa.Origin{Kind: "k", ID: q.ID.Bytes()}, everything))(t)), 0)
	h.asks(nil)
	same(t, len(got(h.q.From(ctx, qa.Origin{}, everything))(t)), 0) // what was asked here was made from nothing
}

func qaChangesNotFound(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q, user := h.asks(nil), newUser()
	a := h.answers(q, nil)
	gone := h.newQuestion()
	goneAnswer, goneComment := h.newAnswer(gone), h.newComment(ofQuestion(gone))
	lost := h.newAnswer(q)
	for name, change := range map[string]storage.Change{
		"update question":            qa.UpdateQuestion{Question: gone},
		"question at":                qa.QuestionAt{Question: gone.ID, Version: 1},
		"answered at":                qa.AnsweredAt{Question: gone.ID, Version: 1},
		"answer at":                  qa.AnswerAt{Question: q.ID, Answer: lost.ID, Version: 1},
		"answer":                     qa.InsertAnswer{Answer: goneAnswer},
		"update answer":              qa.UpdateAnswer{Answer: lost},
		"move what is not there":     qa.MoveAnswer{Answer: lost.ID, To: q.ID},
		"move to what is not there":  qa.MoveAnswer{Answer: a.ID, To: gone.ID},
		"comment":                    qa.InsertComment{Comment: goneComment},
		"comment on no answer":       qa.InsertComment{Comment: h.newComment(ofAnswer(lost))},
		"comment elsewhere":          qa.InsertComment{Comment: h.newComment(qa.Post{Question: h.asks(nil).ID, Answer: a.ID})},
		"update comment":             qa.UpdateComment{Comment: h.newComment(ofQuestion(q))},
		"accept in no question":      qa.Accept{Question: gone.ID, Version: 1},
		"accept no answer":           qa.Accept{Question: q.ID, Version: 1, Acceptance: qa.Acceptance{Answer: lost.ID, At: at(1)}},
		"accept another's answer":    qa.Accept{Question: h.asks(nil).ID, Version: 1, Acceptance: qa.Acceptance{Answer: a.ID, At: at(1)}},
		"vote on no question":        qa.SetVote{Post: ofQuestion(gone), User: user, To: qa.For, At: at(1)},
		"vote on no answer":          qa.SetVote{Post: ofAnswer(lost), User: user, To: qa.For, At: at(1)},
		"author of no question":      qa.SetAuthor{Post: ofQuestion(gone), Version: 1},
		"author of no answer":        qa.SetAuthor{Post: ofAnswer(lost), Version: 1},
		"author of no comment":       qa.SetAuthor{Post: qa.Post{Question: q.ID, Comment: goneComment.ID}, Version: 1},
		"revision":                   qa.InsertRevision{Revision: qa.Revision{Post: ofQuestion(gone), N: 1, At: at(1)}},
		"revision of an answer":      qa.InsertRevision{Revision: qa.Revision{Post: ofAnswer(lost), N: 1, At: at(1)}},
		"mentions":                   qa.SetMentions{Post: ofQuestion(gone), Users: []auth.UserID{user}},
		"mentions in an answer":      qa.SetMentions{Post: ofAnswer(lost), Users: []auth.UserID{user}},
		"suggestion":                 qa.InsertSuggestion{Suggestion: h.newSuggestion(ofQuestion(gone)), Most: 5},
		"suggestion for an answer":   qa.InsertSuggestion{Suggestion: h.newSuggestion(ofAnswer(lost))},
		"update suggestion":          qa.UpdateSuggestion{Suggestion: h.newSuggestion(ofQuestion(q))},
		"synonym":                    qa.DropSynonym{From: "niente"},
		"offers":                     qa.SetOffers{Question: gone.ID, Users: []auth.UserID{user}},
		"suggestion for another's":   qa.InsertSuggestion{Suggestion: h.newSuggestion(qa.Post{Question: h.asks(nil).ID, Answer: a.ID})},
		"vote on another's answer":   qa.SetVote{Post: qa.Post{Question: h.asks(nil).ID, Answer: a.ID}, User: user, To: qa.For, At: at(1)},
		"author of another's answer": qa.SetAuthor{Post: qa.Post{Question: h.asks(nil).ID, Answer: a.ID}, Version: 1},
		"revision of another's post": qa.InsertRevision{Revision: qa.Revision{Post: qa.Post{Question: h.asks(nil).ID, Answer: a.ID}, N: 1, At: at(1)}},
		"mentions in another's post": qa.SetMentions{Post: qa.Post{Question: h.asks(nil).ID, Answer: a.ID}, Users: []auth.UserID{user}},
	} {
		t.Run(name, func(t *testing.T) {
			h.T = t
			h.fails(storage.ErrNotFound, change)
			h.fails(storage.ErrNotFound, event(1), qa.SetVote{Post: ofAnswer(a), User: user, To: qa.For, At: at(1)}, change)
		})
	}
	h.T = t
	same(t, h.answer(a.ID), a)
	same(t, h.question(q.ID).Version, 1)
	h.recount(q.ID)
	same(t, len(claims(t, s)), 0)
	same(t, len(h.written(user)), 0)
	// Nothing there to drop is as good as dropped.
	h.do(qa.DeleteRevisions{Post: ofQuestion(gone)}, qa.DropOffer{Question: gone.ID, User: user}, qa.DropOffer{Question: q.ID, User: user}, qa.EraseUser{User: user})
}

func qaPlace(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q, other, reader := h.asks(nil), h.asks(nil), newUser()
	a, b := h.answers(q, nil), h.answers(other, nil)
	second := h.answers(q, nil)
	on, below := h.remarks(ofQuestion(q), nil), h.remarks(ofAnswer(a), nil)
	h.casts(reader, ofQuestion(q), qa.Against)
	h.casts(reader, ofAnswer(a), qa.For)
	full := h.question(q.ID)
	vote := func(p qa.Post) qa.Vote { return h.place(p, reader).Vote }
	same(t, h.place(ofQuestion(q), reader), qa.Place{Question: full, Vote: qa.Vote{Value: qa.Against, At: vote(ofQuestion(q)).At}})
	same(t, h.place(ofAnswer(a), reader), qa.Place{Question: full, Answer: h.answer(a.ID), Vote: qa.Vote{Value: qa.For, At: vote(ofAnswer(a)).At}})
	same(t, h.place(ofAnswer(second), reader), qa.Place{Question: full, Answer: second})
	same(t, h.place(ofComment(on), reader), qa.Place{Question: full, Comment: on})
	same(t, h.place(ofComment(below), reader), qa.Place{Question: full, Answer: h.answer(a.ID), Comment: below})
	same(t, h.place(ofAnswer(a), newUser()).Vote, qa.Vote{})
	same(t, h.place(ofAnswer(a), auth.UserID{}).Vote, qa.Vote{})
	for name, p := range map[string]qa.Post{
		"another's answer":                 {Question: q.ID, Answer: b.ID},
		"an answer, no question":           {Answer: a.ID},
		"a comment of another answer":      {Question: q.ID, Answer: second.ID, Comment: below.ID},
		"an answer's comment, no answer":   {Question: q.ID, Comment: below.ID},
		"the question's, on an answer":     {Question: q.ID, Answer: a.ID, Comment: on.ID},
		"a comment of another question":    {Question: other.ID, Comment: on.ID},
		"a comment by an elsewhere answer": {Question: other.ID, Answer: a.ID, Comment: below.ID},
		"a comment alone":                  {Comment: on.ID},
		"nothing":                          {},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.q.Place(ctx, qa.PlaceQuery{Post: p, Reader: reader})
			is(t, err, storage.ErrNotFound)
		})
	}
}

func qaStays(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q, other := h.asks(nil), h.asks(nil)
	a, c := h.answers(q, nil), h.remarks(ofQuestion(q), nil)
	moved, carried := a, c
	moved.Question, carried.Question = other.ID, other.ID
	// Refused or not, they stay.
	for _, change := range []storage.Change{qa.UpdateAnswer{Answer: moved}, qa.UpdateComment{Comment: carried}} {
		if err := h.Apply(ctx, change); err != nil {
			is(t, err, storage.ErrNotFound)
		}
	}
	same(t, h.answer(a.ID).Question, q.ID)
	same(t, h.place(ofComment(c), auth.UserID{}).Comment.ID, c.ID)
	h.recount(q.ID, other.ID)
}

func qaAt(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a := h.answers(q, nil)
	before := h.question(q.ID)
	h.do(qa.QuestionAt{Question: q.ID, Version: 1}, qa.AnsweredAt{Question: q.ID, Version: 1, Answers: 1}, qa.AnswerAt{Question: q.ID, Answer: a.ID, Version: 1}, event(1))
	same(t, h.question(q.ID), before)
	same(t, h.answer(a.ID), a)
	for _, version := range []int{0, 2, -1} {
		h.fails(storage.ErrConflict, event(2), qa.QuestionAt{Question: q.ID, Version: version})
		h.fails(storage.ErrConflict, event(2), qa.AnsweredAt{Question: q.ID, Version: version, Answers: 1})
		h.fails(storage.ErrConflict, event(2), qa.AnsweredAt{Question: q.ID, Version: 1, Answers: version})
		h.fails(storage.ErrConflict, event(2), qa.AnswerAt{Question: q.ID, Answer: a.ID, Version: version})
	}
	h.do(qa.UpdateQuestion{Question: q}, qa.UpdateAnswer{Answer: a})
	h.do(qa.QuestionAt{Question: q.ID, Version: 2}, qa.AnswerAt{Question: q.ID, Answer: a.ID, Version: 2})
	h.fails(storage.ErrConflict, event(2), qa.QuestionAt{Question: q.ID, Version: 1})
	h.fails(storage.ErrConflict, event(2), qa.AnswerAt{Question: q.ID, Answer: a.ID, Version: 1})
	other := h.asks(nil)
	err := h.Apply(ctx, event(2), qa.AnswerAt{Question: other.ID, Answer: a.ID, Version: 2})
	if err == nil {
		t.Error("an answer is said to be another question's")
	}
	same(t, len(claims(t, s)), 1)
}

func qaAtCounted(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a := h.answers(q, nil)
	h.do(qa.AnsweredAt{Question: q.ID, Version: 1, Answers: 1})
	c := h.remarks(ofQuestion(q), nil)
	h.remarks(ofAnswer(a), nil)
	h.casts(newUser(), ofQuestion(q), qa.For)
	h.casts(newUser(), ofAnswer(a), qa.Against)
	h.becomes(ofComment(c), qa.Hidden)
	h.do(qa.AnsweredAt{Question: q.ID, Version: 1, Answers: 1}, qa.SetOffers{Question: q.ID, Users: []auth.UserID{newUser()}},
		qa.SetMentions{Post: ofQuestion(q), Users: []auth.UserID{newUser()}}, qa.InsertRevision{Revision: qa.Revision{Post: ofAnswer(a), N: 1, At: at(1)}})
	h.suggests(ofQuestion(q), nil)
	b := h.answers(q, nil)
	same(t, h.question(q.ID).Version, 1)
	same(t, h.answer(a.ID).Version, 1)
	h.fails(storage.ErrConflict, qa.AnsweredAt{Question: q.ID, Version: 1, Answers: 1})
	h.do(qa.AnsweredAt{Question: q.ID, Version: 1, Answers: 2}, qa.QuestionAt{Question: q.ID, Version: 1})
	h.becomes(ofAnswer(b), qa.Hidden)
	h.do(qa.AnsweredAt{Question: q.ID, Version: 1, Answers: 1}, qa.AnswerAt{Question: q.ID, Answer: b.ID, Version: 2})
	h.recount(q.ID)
}

func qaRevisions(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a := h.answers(q, nil)
	posts := []qa.Post{ofQuestion(q), ofAnswer(a), ofComment(h.remarks(ofQuestion(q), nil)), ofComment(h.remarks(ofAnswer(a), nil)), ofQuestion(h.asks(nil))}
	of := map[qa.Post][]qa.Revision{}
	for _, p := range posts {
		all := map[int]qa.Revision{}
		for _, n := range []int{3, 1, 10, 2} {
			all[n] = qa.Revision{Post: p, N: n, Title: "t", Body: fmt.Sprint(n), By: newBy(), At: at(n)}
			h.do(qa.InsertRevision{Revision: all[n]})
		}
		of[p] = []qa.Revision{all[1], all[2], all[3], all[10]}
	}
	for p, want := range of {
		same(t, got(h.q.Revisions(ctx, p))(t), want)
		h.fails(storage.ErrExists, event(1), qa.InsertRevision{Revision: qa.Revision{Post: p, N: 3, At: at(1)}})
	}
	h.do(qa.DeleteRevisions{Post: posts[0]}, qa.DeleteRevisions{Post: posts[0]})
	h.do(qa.DeleteRevisions{Post: posts[3]})
	for i, p := range posts {
		if i == 0 || i == 3 {
			same(t, len(got(h.q.Revisions(ctx, p))(t)), 0)
			continue
		}
		same(t, got(h.q.Revisions(ctx, p))(t), of[p])
	}
	h.do(qa.InsertRevision{Revision: of[posts[0]][1]}) // again
	same(t, len(claims(t, s)), 0)
}

func qaMentions(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a := h.answers(q, nil)
	c := h.remarks(ofAnswer(a), nil)
	users := []auth.UserID{newUser(), newUser(), newUser()}
	mentioned := func() (n [3]int) {
		for i, u := range users {
			n[i] = len(h.written(u))
		}
		return n
	}
	h.do(qa.SetMentions{Post: ofQuestion(q), Users: users[:2]})
	same(t, mentioned(), [3]int{1, 1, 0})
	h.do(qa.SetMentions{Post: ofAnswer(a), Users: users[1:]}, qa.SetMentions{Post: ofComment(c), Users: users[2:]})
	same(t, mentioned(), [3]int{1, 2, 2})
	h.do(qa.SetMentions{Post: ofQuestion(q), Users: users[2:]}, qa.SetMentions{Post: ofQuestion(q), Users: users[2:]})
	same(t, mentioned(), [3]int{0, 1, 3})
	h.do(qa.SetMentions{Post: ofAnswer(a)})
	same(t, mentioned(), [3]int{0, 0, 2})
	h.do(qa.SetMentions{Post: ofAnswer(a), Users: []auth.UserID{users[0], users[0]}}) // twice is once
	same(t, mentioned(), [3]int{1, 0, 2})
	a.Comments = 1
	same(t, h.answer(a.ID), a) // and no version
}

func qaMove(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	from, into, other := h.asks(nil), h.asks(nil), newUser()
	stays := h.answers(from, nil)
	a := h.answers(from, nil)
	c, hidden := h.remarks(ofAnswer(a), nil), h.remarks(ofAnswer(a), nil)
	h.becomes(ofComment(hidden), qa.Hidden)
	old := h.remarks(ofQuestion(from), nil)
	h.casts(other, ofAnswer(a), qa.For)
	h.casts(newUser(), ofAnswer(a), qa.Against)
	h.casts(newUser(), ofQuestion(from), qa.For)
	revision := qa.Revision{Post: ofAnswer(a), N: 1, Body: "b", By: newBy(), At: at(1)}
	remark := qa.Revision{Post: ofComment(c), N: 1, Body: "c", By: newBy(), At: at(1)}
	sug := h.suggests(ofAnswer(a), nil)
	kept := h.suggests(ofQuestion(from), nil)
	h.do(qa.InsertRevision{Revision: revision}, qa.InsertRevision{Revision: remark}, qa.SetMentions{Post: ofAnswer(a), Users: []auth.UserID{other}})
	before := h.answer(a.ID)

	h.do(qa.MoveAnswer{Answer: a.ID, To: into.ID})
	want := before
	want.Question, want.Version = into.ID, before.Version+1
	same(t, h.answer(a.ID), want)
	moved := ofAnswer(want)
	same(t, h.place(moved, other).Vote.Value, qa.For)
	same(t, h.tally(moved), qa.Tally{Up: 1, Down: 1})
	_, comments := h.below(into.ID)
	same(t, commentIDs(comments), []qa.CommentID{c.ID, hidden.ID})
	c.Question = into.ID
	same(t, comments[0], c)
	same(t, h.place(ofComment(c), other).Comment, c)
	revision.Post, remark.Post, sug.Post = moved, ofComment(c), moved
	same(t, got(h.q.Revisions(ctx, moved))(t), []qa.Revision{revision})
	same(t, got(h.q.Revisions(ctx, ofComment(c)))(t), []qa.Revision{remark})
	same(t, got(h.q.Suggestion(ctx, sug.ID))(t), sug)
	same(t, got(h.q.Suggestions(ctx, qa.SuggestionQuery{Reach: everything, Post: moved}))(t).Items, []qa.Suggestion{sug})
	same(t, got(h.q.Suggestion(ctx, kept.ID))(t), kept)
	same(t, writtenIn(h.written(other)), []qa.Post{moved})
	same(t, got(h.q.Votes(ctx, other))(t)[0].Post, moved)
	answers, comments := h.below(from.ID)
	same(t, answerIDs(answers), []qa.AnswerID{stays.ID})
	same(t, commentIDs(comments), []qa.CommentID{old.ID})
	same(t, h.question(from.ID).ActiveAt, stays.CreatedAt)
	same(t, h.question(into.ID).ActiveAt, a.CreatedAt)
	same(t, h.question(into.ID).LastBy, a.By)
	same(t, h.question(into.ID).Version, 1)
	same(t, h.question(from.ID).Version, 1)
	h.recount(from.ID, into.ID)
	for _, p := range []qa.Post{ofAnswer(a), {Question: from.ID, Answer: a.ID, Comment: c.ID}} {
		_, err := h.q.Place(ctx, qa.PlaceQuery{Post: p})
		is(t, err, storage.ErrNotFound)
	}
	h.fails(storage.ErrConflict, qa.UpdateAnswer{Answer: before})
	// One that is removed is moved, and not counted.
	h.becomes(ofAnswer(stays), qa.Hidden)
	h.do(qa.MoveAnswer{Answer: stays.ID, To: into.ID})
	same(t, h.question(into.ID).Answers, 1)
	h.recount(from.ID, into.ID)
	h.becomes(qa.Post{Question: into.ID, Answer: stays.ID}, qa.Visible)
	same(t, h.question(into.ID).Answers, 2)
	h.recount(from.ID, into.ID)
}

func qaMoveAccepted(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	from, into := h.asks(nil), h.asks(nil)
	a, b := h.answers(from, nil), h.answers(from, nil)
	acc := h.accepts(a)
	h.fails(storage.ErrConflict, event(1), qa.MoveAnswer{Answer: a.ID, To: into.ID})
	h.do(qa.MoveAnswer{Answer: b.ID, To: into.ID})
	same(t, h.question(from.ID).Acceptance, acc)
	same(t, h.answer(a.ID), a)
	h.recount(from.ID, into.ID)
	h.do(qa.Accept{Question: from.ID, Version: 2}, qa.MoveAnswer{Answer: a.ID, To: into.ID})
	h.do(qa.Accept{Question: into.ID, Version: 1, Acceptance: acc})
	same(t, h.question(into.ID).Acceptance, acc)
	same(t, answerIDs(h.page(qa.PageQuery{Question: into.ID}).Answers.Items), []qa.AnswerID{a.ID, b.ID})
	h.fails(storage.ErrConflict, qa.MoveAnswer{Answer: a.ID, To: from.ID})
	h.recount(from.ID, into.ID)
	same(t, len(claims(t, s)), 0)
}

func qaAuthor(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	next := newBy()
	for _, version := range []int{0, 2, -1} {
		h.fails(storage.ErrConflict, event(1), qa.SetAuthor{Post: ofQuestion(q), Version: version, By: next})
	}
	h.do(qa.SetAuthor{Post: ofQuestion(q), Version: 1, By: next})
	want := q
	want.By, want.LastBy, want.Version = next, next, 2
	same(t, h.question(q.ID), want)
	same(t, questionIDs(got(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Author: next.User}))(t).Items), []qa.QuestionID{q.ID})
	same(t, len(got(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Author: q.By.User}))(t).Items), 0)
	same(t, len(h.written(q.By.User)), 0)
	a := h.answers(q, nil)
	b := h.answers(q, nil)
	c := h.remarks(ofAnswer(a), nil)
	for _, v := range []qa.Post{ofAnswer(a), ofAnswer(b), ofComment(c)} {
		h.fails(storage.ErrConflict, event(1), qa.SetAuthor{Post: v, Version: 2, By: next})
	}
	h.do(qa.SetAuthor{Post: ofAnswer(a), Version: 1, By: next}, qa.SetAuthor{Post: ofComment(c), Version: 1})
	same(t, h.question(q.ID).LastBy, b.By)
	a.By, a.Version, a.Comments = next, 2, 1
	same(t, h.answer(a.ID), a)
	c.By, c.Version = auth.By{}, 2
	same(t, h.place(ofComment(c), auth.UserID{}).Comment, c)
	h.do(qa.SetAuthor{Post: ofAnswer(b), Version: 1, By: next})
	same(t, h.question(q.ID).LastBy, next)
	same(t, h.question(q.ID).Version, 2)
	h.recount(q.ID)
	same(t, len(claims(t, s)), 0)
}

func qaAuthorVote(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q, next, other := h.asks(nil), newBy(), newUser()
	a := h.answers(q, nil)
	b := h.answers(q, nil)
	for _, p := range []qa.Post{ofQuestion(q), ofAnswer(a), ofAnswer(b)} {
		h.casts(next.User, p, qa.For)
		h.casts(other, p, qa.Against)
	}
	h.do(qa.SetAuthor{Post: ofQuestion(q), Version: 1, By: next}, qa.SetAuthor{Post: ofAnswer(a), Version: 1, By: next})
	same(t, h.tally(ofQuestion(q)), qa.Tally{Down: 1})
	same(t, h.tally(ofAnswer(a)), qa.Tally{Down: 1})
	same(t, h.tally(ofAnswer(b)), qa.Tally{Up: 1, Down: 1})
	same(t, h.place(ofAnswer(a), next.User).Vote, qa.Vote{})
	same(t, len(got(h.q.Votes(ctx, next.User))(t)), 1)
	same(t, len(got(h.q.Votes(ctx, other))(t)), 3)
	// In order, too: b's 0 before a's -1.
	same(t, answerIDs(h.page(qa.PageQuery{Question: q.ID}).Answers.Items), []qa.AnswerID{b.ID, a.ID})
	h.recount(q.ID)
}

func qaMost(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q, me := h.asks(nil), newBy()
	a := h.answers(q, nil)
	mine := func(on qa.Post, most int) qa.InsertSuggestion {
		v := h.newSuggestion(on)
		v.By = me
		return qa.InsertSuggestion{Suggestion: v, Most: most}
	}
	first := mine(ofQuestion(q), 2)
	h.do(first, mine(ofAnswer(a), 2))
	h.fails(storage.ErrConflict, event(1), mine(ofQuestion(q), 2))
	h.fails(storage.ErrConflict, event(1), mine(ofQuestion(q), 1))
	other := mine(ofQuestion(q), 1)
	other.Suggestion.By = newBy()
	h.do(other)
	done := first.Suggestion
	for i, state := range []qa.Decision{qa.Approved, qa.Declined, qa.Retracted} {
		done.State, done.Decided, done.EndedAt = state, newBy(), at(9)
		h.do(qa.UpdateSuggestion{Suggestion: done})
		next := mine(ofAnswer(a), 2) // there is room again
		h.do(next)
		h.fails(storage.ErrConflict, event(1), mine(ofAnswer(a), 2))
		same(t, len(got(h.q.Suggestions(ctx, qa.SuggestionQuery{Reach: auth.Everything, By: me.User, Pending: true}))(t).Items), 2)
		same(t, len(got(h.q.Suggestions(ctx, qa.SuggestionQuery{Reach: auth.Everything, By: me.User}))(t).Items), 3+i)
		done = next.Suggestion
	}
	h.do(mine(ofQuestion(q), 0), mine(ofQuestion(q), 4)) // as many as they like
	same(t, len(claims(t, s)), 0)
	settled := mine(ofAnswer(a), 1) // one that does not wait takes no room
	settled.Suggestion.State, settled.Suggestion.Decided, settled.Suggestion.EndedAt = qa.Declined, newBy(), at(9)
	h.do(settled)
}

func qaSynonyms(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	put := func(from, to string) { h.do(qa.PutSynonym{Synonym: qa.Synonym{From: from, To: to}}) }
	same(t, len(got(h.q.Synonyms(ctx, nil))(t)), 0)
	put("rup", "responsabile-unico")
	put("Rup", "altro")
	put("cig", "codice")
	all := []qa.Synonym{{From: "Rup", To: "altro"}, {From: "cig", To: "codice"}, {From: "rup", To: "responsabile-unico"}}
	same(t, got(h.q.Synonyms(ctx, nil))(t), all)
	same(t, got(h.q.Synonyms(ctx, []string{"rup", "niente", "cig", "rup"}))(t), all[1:])
	same(t, len(got(h.q.Synonyms(ctx, []string{"codice", "RUP", "ru", ""}))(t)), 0)
	same(t, len(got(h.q.Synonyms(ctx, []string{}))(t)), 0)
	put("rup", "progetto")
	all[2].To = "progetto"
	same(t, got(h.q.Synonyms(ctx, nil))(t), all)
	h.do(qa.DropSynonym{From: "cig"})
	h.fails(storage.ErrNotFound, event(1), qa.DropSynonym{From: "cig"})
	same(t, got(h.q.Synonyms(ctx, nil))(t), []qa.Synonym{all[0], all[2]})
	same(t, len(claims(t, s)), 0)
}

func qaOffers(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q, other := h.asks(nil), h.asks(nil)
	var users []auth.UserID
	for range qa.MaxOffers {
		users = append(users, newUser())
	}
	slices.SortFunc(users, auth.UserID.Compare)
	backwards := slices.Clone(users)
	slices.Reverse(backwards)
	h.do(qa.SetOffers{Question: q.ID, Users: backwards}, qa.SetOffers{Question: other.ID, Users: users[:1]})
	same(t, got(h.q.Offers(ctx, q.ID))(t), users)
	offered := func(user auth.UserID) []qa.QuestionID {
		return questionIDs(got(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Offered: user}))(t).Items)
	}
	same(t, offered(users[0]), []qa.QuestionID{other.ID, q.ID})
	h.do(qa.DropOffer{Question: q.ID, User: users[0]}, qa.DropOffer{Question: q.ID, User: users[0]})
	same(t, got(h.q.Offers(ctx, q.ID))(t), users[1:])
	same(t, offered(users[0]), []qa.QuestionID{other.ID})
	h.do(qa.SetOffers{Question: q.ID, Users: []auth.UserID{users[3], users[0], users[3]}})
	same(t, got(h.q.Offers(ctx, q.ID))(t), []auth.UserID{users[0], users[3]})
	h.do(qa.SetOffers{Question: q.ID})
	same(t, len(got(h.q.Offers(ctx, q.ID))(t)), 0)
	same(t, got(h.q.Offers(ctx, other.ID))(t), users[:1])
	same(t, len(offered(newUser())), 0)
}

func qaApplyOrder(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.newQuestion()
	a := h.newAnswer(q)
	c := h.newComment(ofAnswer(a))
	next := q
	next.Title = "Dopo"
	user := newUser()
	whole := []storage.Change{
		qa.InsertQuestion{Question: q}, qa.InsertAnswer{Answer: a}, qa.InsertComment{Comment: c}, qa.SetVote{Post: ofAnswer(a), User: user, To: qa.For, At: at(1)},
		qa.SetVote{Post: ofAnswer(a), User: user, From: qa.For, To: qa.Against, At: at(2)}, qa.UpdateQuestion{Question: next},
		qa.Accept{Question: q.ID, Version: 2, Acceptance: qa.Acceptance{Answer: a.ID, Revision: 1, Capacity: qa.Asker, At: at(3)}}, event(1),
	}
	for i := range whole {
		spoilt := append(slices.Clone(whole[:i]), qa.QuestionAt{Question: storage.NewID[qa.Question](), Version: 1})
		h.fails(storage.ErrNotFound, spoilt...)
		_, err := h.q.Question(ctx, q.ID)
		is(t, err, storage.ErrNotFound)
		_, err = h.q.Answer(ctx, a.ID)
		is(t, err, storage.ErrNotFound)
	}
	err := h.Apply(ctx, whole[1], whole[0])
	is(t, err, storage.ErrNotFound)
	h.do(whole...)
	h.voters = append(h.voters, user)
	same(t, h.question(q.ID).Title, "Dopo")
	same(t, h.question(q.ID).Version, 3)
	same(t, h.tally(ofAnswer(a)), qa.Tally{Down: 1})
	h.recount(q.ID)
	same(t, len(claims(t, s)), 1)
}

func qaUnit(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	kept := h.asks(nil)
	q := h.newQuestion()
	q.Tags, q.Themes, q.Origin = []string{"gara"}, []qa.ThemeID{storage.NewID[qa.Theme]()}, qa.Origin{Kind: "k", ID: q.ID.Bytes()}
	a := h.newAnswer(q)
	c := h.newComment(ofQuestion(q))
	c.Removal.State = qa.Held
	sug, user := h.newSuggestion(ofAnswer(a)), newUser()
	for _, end := range []error{errBoom, nil} {
		is(t, h.q.Atomic(ctx, func(ctx context.Context, tx qa.Store) error {
			must(t, tx.Apply(ctx, qa.InsertQuestion{Question: q, Words: []string{"bando"}}, qa.InsertAnswer{Answer: a}, qa.InsertComment{Comment: c}))
			must(t, tx.Apply(ctx, qa.InsertSuggestion{Suggestion: sug, Most: 1}, qa.SetVote{Post: ofAnswer(a), User: user, To: qa.For, At: at(1)},
				qa.PutSynonym{Synonym: qa.Synonym{From: "a", To: "b"}}, qa.SetOffers{Question: q.ID, Users: []auth.UserID{user}},
				qa.InsertRevision{Revision: qa.Revision{Post: ofAnswer(a), N: 1, At: at(1)}}))
			is(t, tx.Apply(ctx, qa.InsertQuestion{Question: q}), storage.ErrExists)
			is(t, tx.Apply(ctx, qa.QuestionAt{Question: q.ID, Version: 7}), storage.ErrConflict)
			_, err := tx.Question(ctx, storage.NewID[qa.Question]())
			is(t, err, storage.ErrNotFound)
			_, err = tx.Questions(ctx, qa.QuestionQuery{After: "!"})
			is(t, err, storage.ErrInvalid)
			is(t, tx.Atomic(ctx, func(ctx context.Context, tx qa.Store) error {
				must(t, tx.Apply(ctx, qa.SetVote{Post: ofAnswer(a), User: newUser(), To: qa.Against, At: at(1)}))
				return errBoom
			}), errBoom)
			page := got(tx.Page(ctx, qa.PageQuery{Question: q.ID, Reader: user, Reach: everything}))(t)
			same(t, page.Answers.Items[0].Votes, qa.Tally{Up: 1})
			same(t, page.Votes[ofAnswer(a)].Value, qa.For)
			same(t, got(tx.Question(ctx, q.ID))(t).Answers, 1)
			same(t, got(tx.Answer(ctx, a.ID))(t).Votes, qa.Tally{Up: 1})
			same(t, got(tx.Place(ctx, qa.PlaceQuery{Post: ofComment(c)}))(t).Comment, c)
			for _, list := range []qa.QuestionQuery{{Tag: "gara"}, {Theme: q.Themes[0]}, {Author: q.By.User}, {Offered: user}, {Order: qa.Voted, Limit: 1}} {
				list.Reach = everything
				same(t, questionIDs(got(tx.Questions(ctx, list))(t).Items)[0], q.ID)
			}
			same(t, len(got(tx.Similar(ctx, qa.SimilarQuery{Reach: everything, Words: []string{"bando"}, Limit: 1}))(t)), 1)
			same(t, got(tx.Tags(ctx, qa.TagQuery{Reach: everything}))(t).Items, []qa.Tagged{{Tag: "gara", Questions: 1}})
			same(t, len(got(tx.Synonyms(ctx, nil))(t)), 1)
			same(t, len(got(tx.Offers(ctx, q.ID))(t)), 1)
			same(t, len(got(tx.From(ctx, q.Origin, everything))(t)), 1)
			same(t, len(got(tx.Votes(ctx, user))(t)), 1)
			same(t, len(got(tx.Held(ctx, qa.HeldQuery{Reach: everything}))(t).Items), 1)
			same(t, len(got(tx.Revisions(ctx, ofAnswer(a)))(t)), 1)
			same(t, got(tx.Suggestion(ctx, sug.ID))(t), sug)
			same(t, len(got(tx.Suggestions(ctx, qa.SuggestionQuery{Reach: everything, Pending: true}))(t).Items), 1)
			same(t, len(got(tx.Written(ctx, qa.WrittenQuery{User: a.By.User}))(t).Items), 2) // last to write, and the answer
			same(t, len(got(tx.Comments(ctx, qa.CommentQuery{Post: ofQuestion(q), Moderate: everything}))(t).Items), 1)
			return end
		}), end)
		if end != nil {
			_, err := h.q.Question(ctx, q.ID)
			is(t, err, storage.ErrNotFound)
			same(t, len(h.tags(qa.TagQuery{Reach: everything})), 0)
			same(t, len(got(h.q.Synonyms(ctx, nil))(t)), 0)
			same(t, len(got(h.q.Similar(ctx, qa.SimilarQuery{Reach: everything, Words: []string{"bando"}, Limit: 1}))(t)), 0)
			same(t, questionIDs(h.list(qa.QuestionQuery{Reach: everything})), []qa.QuestionID{kept.ID})
		}
	}
	h.voters = append(h.voters, user)
	h.recount(q.ID, kept.ID)
}
