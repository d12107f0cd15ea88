// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"fmt"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

var qaCursorPromises = []promise{
	{"QA/Cursor/Tampered", "a cursor that was changed, in any byte, is refused with ErrInvalid", false, of(qaListings, cursorTampered)},
	{"QA/Cursor/OtherList", "a cursor of another list is refused with ErrInvalid", false, of(qaListings, cursorOtherList)},
	{"QA/Cursor/Hostile", "what never was a cursor is refused with ErrInvalid", false, of(qaListings, cursorHostile)},
	{"QA/Cursor/Again", "the same cursor gives the same page again", false, of(qaListings, cursorAgain)},
	{"QA/Cursor/Reach", "a cursor opens nothing: wherever a list starts, it is filtered by the reach of who reads", false, qaCursorReach},
	{"QA/Cursor/Gone", "a cursor still marks its place when the item that it was made at is gone from the list", false, qaCursorGone},
	{"QA/Cursor/NoPage", "a page that is not there has no cursor: what was never one is refused before it is looked for", false, qaCursorNoPage},
}

// qaListings prepares all lists of questions, each of more than one page.
func qaListings(t *testing.T, s community.Store) []listing {
	t.Helper()
	h := newHelpdesk(t, s)
	me, themes := []auth.By{newBy(), newBy()}, []qa.ThemeID{storage.NewID[qa.Theme](), storage.NewID[qa.Theme]()}
	areas := []auth.AreaID{newArea(), newArea()}
	var questions []qa.Question
	var posts []qa.Post
	for i := range 16 {
		q := h.asks(func(q *qa.Question) {
			q.By, q.Tags, q.Themes, q.Area = me[i%2], []string{"gara", fmt.Sprint("t", i)}, themes[i%2:i%2+1], areas[i/2%2]
		})
		h.asks(func(q *qa.Question) { q.Removal.State, q.By = qa.Hidden, me[i%2] })
		h.do(qa.SetOffers{Question: q.ID, Users: []auth.UserID{me[0].User, me[1].User}})
		questions = append(questions, q)
	}
	for _, q := range questions[:2] {
		var a qa.Answer
		for i := range 8 {
			a = h.answers(q, nil)
			h.remarks(ofQuestion(q), nil)
			h.answers(q, func(a *qa.Answer) { a.Removal.State = qa.Held })
			h.suggests(ofQuestion(q), func(v *qa.Suggestion) { v.By = me[i%2] })
		}
		for range 8 {
			h.remarks(ofAnswer(a), nil)
			h.suggests(ofAnswer(a), nil)
		}
		posts = append(posts, ofQuestion(q), ofAnswer(a))
	}
	var all []listing
	list := func(name string, read func(after storage.Cursor) (int, storage.Cursor, error)) {
		all = append(all, listing{name, func(_ forum.Store, after storage.Cursor) (int, storage.Cursor, error) { return read(after) }})
	}
	questionsOf := func(name string, query qa.QuestionQuery) {
		query.Reach, query.Limit = everything, 3
		list("questions "+name, func(after storage.Cursor) (int, storage.Cursor, error) {
			query.After = after
			page, err := h.q.Questions(ctx, query)
			return len(page.Items), page.Next, err
		})
	}
	questionsOf("newest", qa.QuestionQuery{})
	questionsOf("active", qa.QuestionQuery{Order: qa.Active})
	questionsOf("voted", qa.QuestionQuery{Order: qa.Voted})
	questionsOf("tagged", qa.QuestionQuery{Tag: "gara"})
	questionsOf("unanswered", qa.QuestionQuery{Unanswered: true})
	questionsOf("removed", qa.QuestionQuery{Removed: true})
	for i := range 2 {
		questionsOf(fmt.Sprint("of theme ", i), qa.QuestionQuery{Theme: themes[i]})
		questionsOf(fmt.Sprint("of author ", i), qa.QuestionQuery{Author: me[i].User})
		questionsOf(fmt.Sprint("of area ", i), qa.QuestionQuery{Area: areas[i]})
		questionsOf(fmt.Sprint("offered to ", i), qa.QuestionQuery{Offered: me[i].User})
		list(fmt.Sprint("answers ", i), func(after storage.Cursor) (int, storage.Cursor, error) {
			page, err := h.q.Page(ctx, qa.PageQuery{Question: questions[i].ID, After: after, Limit: 3})
			return len(page.Answers.Items), page.Answers.Next, err
		})
		list(fmt.Sprint("written ", i), func(after storage.Cursor) (int, storage.Cursor, error) {
			page, err := h.q.Written(ctx, qa.WrittenQuery{User: me[i].User, After: after, Limit: 3})
			return len(page.Items), page.Next, err
		})
		list(fmt.Sprint("suggested by ", i), func(after storage.Cursor) (int, storage.Cursor, error) {
			page, err := h.q.Suggestions(ctx, qa.SuggestionQuery{Reach: auth.Everything, By: me[i].User, After: after, Limit: 3})
			return len(page.Items), page.Next, err
		})
	}
	for i, p := range posts {
		list(fmt.Sprint("comments ", i), func(after storage.Cursor) (int, storage.Cursor, error) {
			page, err := h.q.Comments(ctx, qa.CommentQuery{Post: p, After: after, Limit: 3})
			return len(page.Items), page.Next, err
		})
		list(fmt.Sprint("suggestions of ", i), func(after storage.Cursor) (int, storage.Cursor, error) {
			page, err := h.q.Suggestions(ctx, qa.SuggestionQuery{Reach: everything, Post: p, After: after, Limit: 3})
			return len(page.Items), page.Next, err
		})
	}
	list("suggestions", func(after storage.Cursor) (int, storage.Cursor, error) {
		page, err := h.q.Suggestions(ctx, qa.SuggestionQuery{Reach: everything, After: after, Limit: 3})
		return len(page.Items), page.Next, err
	})
	list("qa held", func(after storage.Cursor) (int, storage.Cursor, error) {
		page, err := h.q.Held(ctx, qa.HeldQuery{Reach: everything, After: after, Limit: 3})
		return len(page.Items), page.Next, err
	})
	list("tags", func(after storage.Cursor) (int, storage.Cursor, error) {
		page, err := h.q.Tags(ctx, qa.TagQuery{Reach: everything, After: after, Limit: 3})
		return len(page.Items), page.Next, err
	})
	return all
}

func qaCursorReach(t *testing.T, s community.Store) {
	l := newLibrary(t, s)
	for _, query := range []qa.QuestionQuery{{}, {Order: qa.Active}, {Order: qa.Voted}, {Tag: "gara"}, {Theme: l.themes[0]}, {Author: l.people[0]}, {Unanswered: true}} {
		query.Reach, query.Limit = everything, 3
		query.After = got(l.q.Questions(ctx, query))(t).Next
		query.Reach = auth.Reach{Floor: auth.Public}
		for _, q := range l.readOn(query) {
			if q.Audience != auth.Public {
				t.Fatalf("%+v: a cursor opened a question promised to %d", query, q.Audience)
			}
		}
		query.Reach = auth.Reach{}
		same(t, len(l.readOn(query)), 0)
	}
}

// readOn reads a list from its cursor to its end.
func (h *helpdesk) readOn(query qa.QuestionQuery) []qa.Question {
	h.Helper()
	var all []qa.Question
	for {
		page := got(h.q.Questions(ctx, query))(h.T)
		all = append(all, page.Items...)
		if query.After = page.Next; query.After == "" {
			return all
		}
	}
}

func qaCursorGone(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	var want []qa.QuestionID
	for range 9 {
		want = append([]qa.QuestionID{h.asks(func(q *qa.Question) { q.Tags = []string{"gara"} }).ID}, want...)
	}
	for i, query := range []qa.QuestionQuery{{}, {Tag: "gara"}} {
		query.Reach, query.Limit = everything, 3
		page := got(h.q.Questions(ctx, query))(t)
		h.becomes(qa.Post{Question: page.Items[2].ID}, qa.Hidden)
		query.After = page.Next
		same(t, questionIDs(h.readOn(query)), want[3+i:])
	}
	q := h.question(want[0])
	var answers []qa.AnswerID
	for range 6 {
		answers = append(answers, h.answers(q, nil).ID)
	}
	page := h.page(qa.PageQuery{Question: q.ID, Limit: 2})
	h.becomes(qa.Post{Question: q.ID, Answer: answers[1]}, qa.Hidden)
	same(t, answerIDs(h.page(qa.PageQuery{Question: q.ID, After: page.Answers.Next}).Answers.Items), answers[2:])
}

func qaCursorNoPage(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	_, err := h.q.Page(ctx, qa.PageQuery{Question: storage.NewID[qa.Question](), After: "!"})
	is(t, err, storage.ErrInvalid)
}
