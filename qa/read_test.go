// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

func TestQuestions(t *testing.T) {
	t.Parallel()
	theme := storage.NewID[qa.Theme]()
	w := newWorld(t)
	first := w.asks(w.author, qa.NewQuestion{Tags: []string{"soglie"}})
	second := w.asks(w.member, qa.NewQuestion{Themes: []qa.ThemeID{theme}})
	third := w.reserves(w.author, qa.NewQuestion{})
	a := w.answers(w.member, first.ID)
	w.votes(w.keeper, ofQuestion(second), qa.For)
	require.NoError(t, w.qa.PutSynonym(w.ctx, w.coordinator, qa.Synonym{From: "limiti", To: "soglie"}))
	for name, c := range map[string]struct {
		in   qa.QuestionFilter
		want []qa.QuestionID
	}{
		"newest":     {qa.QuestionFilter{}, []qa.QuestionID{third.ID, second.ID, first.ID}},
		"active":     {qa.QuestionFilter{Order: qa.Active}, []qa.QuestionID{first.ID, third.ID, second.ID}},
		"voted":      {qa.QuestionFilter{Order: qa.Voted}, []qa.QuestionID{second.ID, third.ID, first.ID}},
		"author":     {qa.QuestionFilter{Author: w.author.User}, []qa.QuestionID{third.ID, first.ID}},
		"tag":        {qa.QuestionFilter{Tag: " Soglie "}, []qa.QuestionID{first.ID}},
		"synonym":    {qa.QuestionFilter{Tag: "Limiti"}, []qa.QuestionID{first.ID}},
		"theme":      {qa.QuestionFilter{Theme: theme}, []qa.QuestionID{second.ID}},
		"area":       {qa.QuestionFilter{Area: w.group}, []qa.QuestionID{third.ID}},
		"unanswered": {qa.QuestionFilter{Unanswered: true}, []qa.QuestionID{third.ID, second.ID}},
	} {
		require.Equal(t, c.want, ids(w.list(w.member, c.in)), name)
		seen := slices.DeleteFunc(slices.Clone(c.want), func(id qa.QuestionID) bool { return id == third.ID })
		require.Equal(t, seen, ids(w.list(w.outsider, c.in)), name)
	}
	require.NoError(t, w.qa.Delete(w.ctx, w.member, ofAnswer(a)))
	require.Equal(t, []qa.QuestionID{second.ID, first.ID}, ids(w.list(w.outsider, qa.QuestionFilter{Unanswered: true})))
	for _, q := range w.list(w.member, qa.QuestionFilter{}) {
		require.Empty(t, q.Body)
	}
}

func TestQuestionsAreInvalid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for field, c := range map[string]struct {
		in   qa.QuestionFilter
		code string
	}{
		"order": {qa.QuestionFilter{Order: qa.Voted + 1}, storage.CodeUnknown},
		"theme": {qa.QuestionFilter{Tag: "a", Theme: storage.NewID[qa.Theme]()}, storage.CodeMalformed},
		"tag":   {qa.QuestionFilter{Tag: "<b>"}, storage.CodeMalformed},
	} {
		invalid(t, failure(w.qa.Questions(w.ctx, w.member, c.in)), field, c.code)
	}
	for _, in := range []qa.QuestionFilter{{Bucket: 1}, {Unanswered: true, Bucket: 5}, {Unanswered: true, Bucket: -1}} {
		invalid(t, failure(w.qa.Questions(w.ctx, w.member, in)), "bucket", storage.CodeUnknown)
	}
}

// An unanswered question is in a bucket from the instant that it is so old.
func TestBuckets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *qa.Config) { c.Ages = []time.Duration{time.Hour, time.Hour * 24} })
	q := w.asks(w.author, qa.NewQuestion{})
	asked := w.now
	for _, c := range []struct {
		age     time.Duration
		buckets []int
	}{
		{0, nil}, {time.Hour, nil}, {time.Hour + time.Microsecond, []int{1}}, {24 * time.Hour, []int{1}}, {24*time.Hour + time.Microsecond, []int{1, 2}},
	} {
		w.now = asked.Add(c.age)
		for bucket := 1; bucket <= 2; bucket++ {
			found := len(w.list(w.visitor, qa.QuestionFilter{Unanswered: true, Bucket: bucket})) == 1
			require.Equal(t, slices.Contains(c.buckets, bucket), found, c)
		}
		require.Equal(t, len(c.buckets), w.qa.Bucket(w.question(q.ID)), c)
	}
}

// The accepted answer is first, then by score, then the oldest; and a permalink
// leads to the page that begins with it.
func TestPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	var answers []qa.Answer
	for range 5 {
		answers = append(answers, w.answers(w.member, q.ID))
	}
	for i, voters := range [][]auth.Actor{nil, {w.keeper}, {w.keeper, w.moderator}, nil, {w.moderator}} {
		for _, who := range voters {
			w.votes(who, ofAnswer(answers[i]), qa.For)
		}
	}
	w.votes(w.keeper, ofAnswer(answers[3]), qa.Against)
	w.accepts(w.author, answers[3].ID)
	var want []qa.AnswerID
	for _, i := range []int{3, 2, 1, 4, 0} {
		want = append(want, answers[i].ID)
	}
	require.Equal(t, want, answerIDs(w.page(w.visitor, q.ID)))
	for i, id := range want {
		where, err := w.qa.FindAnswer(w.ctx, w.visitor, id)
		require.NoError(t, err)
		require.Equal(t, qa.Post{Question: q.ID, Answer: id}, where.Post)
		page, err := w.qa.Page(w.ctx, w.visitor, qa.QuestionPage{Question: q.ID, After: where.After})
		require.NoError(t, err)
		require.Equal(t, want[i:], answerIDs(page))
	}
	var walked []qa.AnswerID
	for a, err := range storage.All(w.ctx, func(c storage.Cursor) (storage.Page[qa.Answer], error) {
		page, err := w.qa.Page(w.ctx, w.visitor, qa.QuestionPage{Question: q.ID, After: c, Limit: 2})
		return page.Answers, err
	}) {
		require.NoError(t, err)
		walked = append(walked, a.ID)
	}
	require.Equal(t, want, walked)

	page := w.page(w.keeper, q.ID)
	require.Equal(t, qa.For, page.Votes[ofAnswer(answers[1])].Value)
	require.Equal(t, qa.Against, page.Votes[ofAnswer(answers[3])].Value)
	require.Zero(t, page.Votes[ofAnswer(answers[0])])
	require.Empty(t, w.page(w.visitor, q.ID).Votes)
	require.Equal(t, w.question(q.ID), page.Question)
}

func TestCommentsOnAPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.member, q.ID)
	for _, p := range []qa.Post{ofQuestion(q), ofAnswer(a)} {
		var comments []qa.Comment
		for range qa.CommentsHere + 2 {
			comments = append(comments, w.comments(w.outsider, p))
		}
		require.Equal(t, comments[:qa.CommentsHere], w.page(w.visitor, q.ID).Comments[p])
		require.Equal(t, comments, w.commentsOn(w.visitor, p))
		where, err := w.qa.Find(w.ctx, w.visitor, ofComment(comments[6]))
		require.NoError(t, err)
		require.Equal(t, ofComment(comments[6]), where.Post)
		require.Equal(t, p.Answer.IsZero(), where.After == "")
		invalid(t, failure(w.qa.Comments(w.ctx, w.visitor, qa.CommentPage{Post: ofComment(comments[0])})), "post", storage.CodeMalformed)
	}
}

// S-duplicate-secret: of whom it is a duplicate, and what its duplicates are, is
// told to whoever may read those.
func TestSDuplicateSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q, secret := w.asks(w.author, qa.NewQuestion{}), w.reserves(w.author, qa.NewQuestion{})
	w.closes(q.ID, qa.Duplicate, secret.ID)
	for who, sees := range map[auth.Actor]bool{w.visitor: false, w.outsider: false, w.keeper: false, w.member: true, w.author: true} {
		page := w.page(who, q.ID)
		pl, err := w.qa.Look(w.ctx, who, ofQuestion(q))
		require.NoError(t, err)
		require.Equal(t, qa.Duplicate, page.Question.Closing.Reason)
		want := qa.QuestionID{}
		if sees {
			want = secret.ID
		}
		require.Equal(t, [3]qa.QuestionID{want, want, want}, [3]qa.QuestionID{page.Original.ID, page.Question.Closing.Of, pl.Question.Closing.Of})
		for _, l := range w.list(who, qa.QuestionFilter{}) {
			require.Zero(t, l.Closing.Of)
		}
	}
	edited, err := w.qa.Edit(w.ctx, w.keeper, w.edit(ofQuestion(q), "Altro"))
	require.NoError(t, err)
	require.Zero(t, edited.Question.Closing.Of)
	require.Equal(t, secret.ID, w.question(q.ID).Closing.Of, "what is kept is whole")

	other := w.asks(w.author, qa.NewQuestion{})
	w.closes(secret.ID, qa.Duplicate, other.ID)
	require.Empty(t, w.page(w.outsider, other.ID).Linked)
	require.Equal(t, []qa.QuestionID{secret.ID}, ids(w.page(w.member, other.ID).Linked))
}

// A question that was merged into another is read on, and leads there.
func TestMergedIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q, into := w.asks(w.author, qa.NewQuestion{Title: "Doppia"}), w.asks(w.member, qa.NewQuestion{})
	a := w.answers(w.member, q.ID)
	c, beside := w.comments(w.outsider, ofAnswer(a)), w.comments(w.outsider, ofQuestion(q))
	w.merges(q.ID, into.ID)
	page := w.page(w.visitor, q.ID)
	require.Equal(t, [3]any{"Doppia", into.ID, into.ID}, [3]any{page.Question.Title, page.Question.MergedInto, page.Original.ID})
	require.Empty(t, page.Answers.Items)
	require.Len(t, page.Comments[ofQuestion(q)], 1)
	require.Equal(t, []qa.QuestionID{q.ID}, ids(w.page(w.visitor, into.ID).Linked))
	require.Equal(t, []qa.QuestionID{into.ID}, ids(w.list(w.visitor, qa.QuestionFilter{})))
	for _, p := range []qa.Post{ofAnswer(a), ofComment(c)} { // as they were
		where, err := w.qa.Find(w.ctx, w.visitor, p)
		require.NoError(t, err)
		p.Question = into.ID
		require.Equal(t, p, where.Post)
	}
	where, err := w.qa.Find(w.ctx, w.visitor, ofComment(beside))
	require.NoError(t, err)
	require.Equal(t, ofComment(beside), where.Post)
	require.NoError(t, w.qa.Hide(w.ctx, w.keeper, ofQuestion(into), "Motivo"))
	page = w.page(w.visitor, q.ID)
	require.Zero(t, page.Question.MergedInto)
	require.ErrorIs(t, failure(w.qa.Find(w.ctx, w.visitor, ofAnswer(a))), storage.ErrNotFound)
}

// An answer is found where it is, and not below a question that it never stood
// below.
func TestAnswerOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q, other := w.asks(w.author, qa.NewQuestion{}), w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.member, q.ID)
	for _, p := range []qa.Post{{Question: other.ID, Answer: a.ID}, {Answer: a.ID}, {Question: storage.NewID[qa.Question](), Answer: a.ID}} {
		require.ErrorIs(t, failure(w.qa.Look(w.ctx, w.member, p)), storage.ErrNotFound)
	}
	w.merges(other.ID, q.ID)
	require.ErrorIs(t, failure(w.qa.Look(w.ctx, w.member, qa.Post{Question: other.ID, Answer: storage.NewID[qa.Answer]()})), storage.ErrNotFound)
}
