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

// S-merge-duplicates: no answer is lost, no vote doubled, and both permalinks
// work.
func TestScenarioMergeDuplicates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from, into := w.asks(w.author, qa.NewQuestion{Title: "Da unire?"}), w.asks(w.outsider, qa.NewQuestion{Title: "Qui?"})
	a, b, gone := w.answers(w.member, from.ID, "Sì"), w.answers(w.keeper, from.ID, "No"), w.answers(w.member, from.ID, "Ritirata")
	here := w.answers(w.author, into.ID, "Forse")
	c := w.comments(w.outsider, ofAnswer(a))
	on := w.comments(w.outsider, ofQuestion(from))
	require.NoError(t, w.qa.Delete(w.ctx, w.member, ofAnswer(gone)))
	for _, who := range []auth.Actor{w.outsider, w.moderator} {
		w.votes(who, ofAnswer(a), qa.For)
		w.votes(who, ofAnswer(here), qa.Against)
		w.votes(w.moderator, ofQuestion(from), qa.For)
		w.votes(w.moderator, ofQuestion(into), qa.For)
	}
	w.edits(w.member, ofAnswer(a), "Sì, certo")
	w.accepts(w.author, a.ID)
	w.accepts(w.outsider, here.ID)
	before := len(w.events())
	w.pass(time.Minute)
	require.NoError(t, w.qa.Merge(w.ctx, w.moderator, qa.Merge{From: from.ID, Into: into.ID, Why: "La stessa"}))
	require.Equal(t, []string{qa.EventUnaccepted, qa.EventMerged}, w.names(before))
	require.Equal(t, qa.Event{By: w.moderator.By(), Question: into.ID, From: from.ID, Why: "La stessa"}, w.last().payload)

	f, i := w.question(from.ID), w.question(into.ID)
	require.Equal(t, []any{into.ID, qa.Closing{Reason: qa.Duplicate, Of: into.ID, At: w.now, By: w.moderator.By(), Why: "La stessa"}, qa.Acceptance{}, 0},
		[]any{f.MergedInto, f.Closing, f.Acceptance, f.Answers})
	require.Equal(t, []any{"Da unire?", "Quali sono le soglie?", qa.Tally{Up: 1}, 1}, []any{f.Title, f.Body, f.Votes, f.Comments}, "its own stays with it")
	require.Equal(t, 3, i.Answers)
	require.Equal(t, here.ID, i.Acceptance.Answer, "what was accepted there stays so")
	require.Equal(t, qa.Tally{Up: 1}, i.Votes)
	require.True(t, w.answer(a.ID).Useful, "and what was accepted here is also useful")
	require.False(t, w.answer(b.ID).Useful)
	require.Equal(t, qa.Tally{Up: 2}, w.answer(a.ID).Votes)
	require.Equal(t, qa.Tally{Down: 2}, w.answer(here.ID).Votes)
	require.Equal(t, []qa.AnswerID{here.ID, a.ID, b.ID}, answerIDs(w.page(w.visitor, into.ID)))
	require.Equal(t, qa.Deleted, w.answer(gone.ID).Removal.State)
	require.Equal(t, into.ID, w.answer(gone.ID).Question, "nothing is left behind")
	require.Equal(t, []qa.QuestionID{into.ID}, ids(w.list(w.visitor, qa.QuestionFilter{})))

	for _, p := range []qa.Post{ofAnswer(a), {Question: into.ID, Answer: a.ID}} {
		where, err := w.qa.Find(w.ctx, w.visitor, p)
		require.NoError(t, err)
		require.Equal(t, qa.Post{Question: into.ID, Answer: a.ID}, where.Post)
	}
	where, err := w.qa.Find(w.ctx, w.visitor, ofComment(c))
	require.NoError(t, err)
	require.Equal(t, qa.Post{Question: into.ID, Answer: a.ID, Comment: c.ID}, where.Post)
	_, err = w.qa.Find(w.ctx, w.visitor, ofComment(on))
	require.NoError(t, err)
	require.Len(t, w.revisions(qa.Post{Question: into.ID, Answer: a.ID}), 2)
	page := w.page(w.visitor, from.ID)
	require.Equal(t, []any{into.ID, into.ID, 0}, []any{page.Question.MergedInto, page.Original.ID, len(page.Answers.Items)})
	require.Equal(t, []qa.QuestionID{from.ID}, ids(w.page(w.visitor, into.ID).Linked))

	before = len(w.events())
	w.merges(from.ID, into.ID)
	require.Empty(t, w.names(before), "the same again changes nothing")
	w.votes(w.outsider, ofAnswer(a), qa.Against) // by its old permalink
	require.Equal(t, qa.Tally{Up: 1, Down: 1}, w.answer(a.ID).Votes)
}

// Merges follow each other, and never in a circle.
func TestMergeChains(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := make([]qa.Question, 5)
	answers := make([]qa.Answer, 5)
	for i := range q {
		q[i] = w.asks(w.author, qa.NewQuestion{})
		answers[i] = w.answers(w.member, q[i].ID)
	}
	w.merges(q[0].ID, q[1].ID)
	w.merges(q[1].ID, q[2].ID)
	w.merges(q[3].ID, q[0].ID) // where its answers are
	require.Equal(t, q[2].ID, w.question(q[3].ID).MergedInto)
	require.Equal(t, 4, w.question(q[2].ID).Answers)
	for _, a := range answers[:4] {
		where, err := w.qa.Find(w.ctx, w.visitor, ofAnswer(a))
		require.NoError(t, err)
		require.Equal(t, qa.Post{Question: q[2].ID, Answer: a.ID}, where.Post)
	}
	for _, into := range q[:4] {
		invalid(t, w.qa.Merge(w.ctx, w.moderator, qa.Merge{From: q[2].ID, Into: into.ID}), "into", qa.CodeCycle)
	}
	for _, from := range []qa.Question{q[0], q[1]} {
		require.ErrorIs(t, w.qa.Merge(w.ctx, w.moderator, qa.Merge{From: from.ID, Into: q[4].ID}), qa.ErrClosed)
	}
	for _, from := range []qa.Question{q[0], q[1], q[3]} { // they have come together
		for _, into := range []qa.Question{q[0], q[1], q[2], q[3]} {
			w.merges(from.ID, into.ID)
		}
	}
	require.Equal(t, 4, w.question(q[2].ID).Answers)
	w.merges(q[2].ID, q[4].ID)
	require.Equal(t, 5, w.question(q[4].ID).Answers)
}

// Nothing is shown by a merge to whom it was not promised.
func TestMergeAudience(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := storage.NewID[auth.Area]()
	w.people.of[w.moderator.User].Areas[other] = auth.Moderator
	asks := func(area auth.AreaID, a auth.Audience) qa.QuestionID {
		return w.asks(w.moderator, qa.NewQuestion{Area: area, Audience: a}).ID
	}
	type circle struct {
		area auth.AreaID
		of   auth.Audience
	}
	for _, c := range []struct {
		name       string
		from, into circle
		ok         bool
	}{
		{"alike", circle{auth.Commons, auth.Public}, circle{auth.Commons, auth.Public}, true},
		{"narrower", circle{auth.Commons, auth.Public}, circle{auth.Commons, auth.CommunityMembers}, true},
		{"wider", circle{auth.Commons, auth.CommunityMembers}, circle{auth.Commons, auth.Public}, false},
		{"from the group to all", circle{w.group, auth.AreaMembers}, circle{auth.Commons, auth.Public}, false},
		{"from the group to the community", circle{w.group, auth.AreaMembers}, circle{w.group, auth.CommunityMembers}, false},
		{"within the group", circle{w.group, auth.AreaMembers}, circle{w.group, auth.AreaMembers}, true},
		{"to another group", circle{w.group, auth.AreaMembers}, circle{other, auth.AreaMembers}, false},
		{"from the community to a group", circle{auth.Commons, auth.CommunityMembers}, circle{w.group, auth.AreaMembers}, true},
		{"from the commons' members to a group", circle{auth.Commons, auth.AreaMembers}, circle{w.group, auth.AreaMembers}, true},
		{"from the group to the commons' members", circle{w.group, auth.AreaMembers}, circle{auth.Commons, auth.AreaMembers}, false},
		{"across areas, to all", circle{w.group, auth.Public}, circle{auth.Commons, auth.Public}, true},
	} {
		from, into := asks(c.from.area, c.from.of), asks(c.into.area, c.into.of)
		err := w.qa.Merge(w.ctx, w.moderator, qa.Merge{From: from, Into: into})
		if c.ok {
			require.NoError(t, err, c.name)
			continue
		}
		invalid(t, err, "audience", qa.CodeWider)
		require.Zero(t, w.question(from).MergedInto, c.name)
	}
}

// Only moderators of both merge, and what they may not read is unknown.
func TestMergeRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from, into := w.asks(w.author, qa.NewQuestion{}), w.asks(w.author, qa.NewQuestion{})
	reserved := w.reserves(w.author, qa.NewQuestion{})
	merge := func(who auth.Actor, from, into qa.QuestionID) error {
		return w.qa.Merge(w.ctx, who, qa.Merge{From: from, Into: into})
	}
	for _, who := range []auth.Actor{w.visitor, w.stranger, w.observer, w.outsider, w.member, w.author} {
		require.ErrorIs(t, merge(who, from.ID, into.ID), auth.ErrDenied)
	}
	for _, id := range []qa.QuestionID{reserved.ID, storage.NewID[qa.Question]()} {
		require.ErrorIs(t, merge(w.keeper, id, into.ID), storage.ErrNotFound)
		invalid(t, merge(w.keeper, from.ID, id), "into", storage.CodeUnknown)
	}
	shown := w.asks(w.moderator, qa.NewQuestion{Area: w.group})
	invalid(t, merge(w.keeper, from.ID, shown.ID), "into", storage.CodeUnknown)
	require.NoError(t, w.qa.Hide(w.ctx, w.moderator, ofQuestion(into), "Motivo"))
	require.ErrorIs(t, merge(w.keeper, from.ID, into.ID), qa.ErrRemoved)
	require.ErrorIs(t, merge(w.keeper, into.ID, from.ID), qa.ErrRemoved)
	closed := w.asks(w.author, qa.NewQuestion{})
	w.closes(closed.ID, qa.Duplicate, from.ID)
	require.ErrorIs(t, merge(w.keeper, from.ID, closed.ID), qa.ErrClosed)
	require.NoError(t, merge(w.keeper, closed.ID, from.ID), "a duplicate into what it is one of")
}

// What is written while questions are merged is where the answers are, or
// nowhere; and all is counted.
func TestMergeInBetween(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens func(w *world, from, into qa.Question, a qa.Answer)
		want    error
		then    func(w *world, from, into qa.Question, a qa.Answer)
	}{
		"an answer": {func(w *world, from, _ qa.Question, _ qa.Answer) { w.answers(w.outsider, from.ID) }, nil,
			func(w *world, from, into qa.Question, _ qa.Answer) { require.Equal(w, 2, w.question(into.ID).Answers) }},
		"a vote": {func(w *world, _, _ qa.Question, a qa.Answer) { w.votes(w.outsider, ofAnswer(a), qa.For) }, nil,
			func(w *world, _, _ qa.Question, a qa.Answer) { require.Equal(w, qa.Tally{Up: 1}, w.answer(a.ID).Votes) }},
		"a comment": {func(w *world, _, _ qa.Question, a qa.Answer) { w.comments(w.outsider, ofAnswer(a)) }, nil,
			func(w *world, _, into qa.Question, a qa.Answer) {
				require.Len(w, w.commentsOn(w.outsider, qa.Post{Question: into.ID, Answer: a.ID}), 1)
			}},
		"an acceptance": {func(w *world, _, _ qa.Question, a qa.Answer) { w.accepts(w.author, a.ID) }, nil,
			func(w *world, from, _ qa.Question, a qa.Answer) {
				require.True(w, w.answer(a.ID).Useful)
				require.Zero(w, w.accepted(from.ID))
			}},
		"an edit": {func(w *world, _, _ qa.Question, a qa.Answer) { w.edits(w.member, ofAnswer(a), "Altro") }, nil,
			func(w *world, _, _ qa.Question, a qa.Answer) { require.Equal(w, "Altro", w.answer(a.ID).Body) }},
		"the other way round": {func(w *world, from, into qa.Question, _ qa.Answer) { w.merges(into.ID, from.ID) }, storage.ErrInvalid, nil},
		"elsewhere": {func(w *world, from, _ qa.Question, _ qa.Answer) {
			w.merges(from.ID, w.asks(w.author, qa.NewQuestion{Audience: auth.CommunityMembers}).ID)
		}, qa.ErrClosed, nil},
		"the other elsewhere": {func(w *world, _, into qa.Question, _ qa.Answer) {
			w.merges(into.ID, w.asks(w.author, qa.NewQuestion{Audience: auth.CommunityMembers}).ID)
		}, nil, func(w *world, from, into qa.Question, a qa.Answer) {
			require.Equal(w, w.question(into.ID).MergedInto, w.answer(a.ID).Question)
		}},
		"the other closed": {func(w *world, _, into qa.Question, _ qa.Answer) { w.closes(into.ID, qa.Obsolete) }, qa.ErrClosed, nil},
		"the other hidden": {func(w *world, _, into qa.Question, _ qa.Answer) {
			require.NoError(w, w.qa.Hide(w.ctx, w.moderator, ofQuestion(into), "Motivo"))
		}, qa.ErrRemoved, nil},
		"the other widened": {func(w *world, _, into qa.Question, _ qa.Answer) {
			require.NoError(w, w.qa.Widen(w.ctx, w.coordinator, qa.Widen{Questions: []qa.QuestionID{into.ID}, Audience: auth.Public, Why: "Utile a tutti"}))
		}, storage.ErrInvalid, nil},
	} {
		w := newWorld(t)
		from, into := w.asks(w.author, qa.NewQuestion{Audience: auth.CommunityMembers}), w.asks(w.author, qa.NewQuestion{Audience: auth.CommunityMembers})
		a := w.answers(w.member, from.ID)
		f := w.while(func() { c.happens(w, from, into, a) })
		err := f.Merge(w.ctx, w.moderator, qa.Merge{From: from.ID, Into: into.ID})
		require.ErrorIs(t, err, c.want, name)
		if c.then != nil {
			c.then(w, from, into, a)
		}
	}
}

// Whoever answers, votes or comments while its question is merged does so where
// the answers are, or is told that it is closed.
func TestWriteWhileMerged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		write func(w *world, f *qa.Service, from qa.Question, a qa.Answer) error
		want  error
	}{
		"answer": {func(w *world, f *qa.Service, from qa.Question, _ qa.Answer) error {
			return failure(f.Answer(w.ctx, w.outsider, qa.NewAnswer{Question: from.ID, Body: "Anche qui"}))
		}, qa.ErrClosed},
		"vote": {func(w *world, f *qa.Service, _ qa.Question, a qa.Answer) error {
			return failure(f.Vote(w.ctx, w.outsider, ofAnswer(a), qa.For))
		}, nil},
		"comment": {func(w *world, f *qa.Service, _ qa.Question, a qa.Answer) error {
			return failure(f.Comment(w.ctx, w.outsider, qa.NewComment{Post: ofAnswer(a), Body: "E poi?"}))
		}, nil},
		"hide": {func(w *world, f *qa.Service, _ qa.Question, a qa.Answer) error {
			return f.Hide(w.ctx, w.moderator, ofAnswer(a), "Motivo")
		}, nil},
	} {
		w := newWorld(t)
		from, into := w.asks(w.author, qa.NewQuestion{}), w.asks(w.author, qa.NewQuestion{})
		a := w.answers(w.member, from.ID)
		f := w.while(func() { w.merges(from.ID, into.ID) })
		require.ErrorIs(t, c.write(w, f, from, a), c.want, name)
		answers, _, err := w.store.QA().Below(w.ctx, from.ID)
		require.NoError(t, err)
		require.Empty(t, answers, name)
		answers, _, err = w.store.QA().Below(w.ctx, into.ID)
		require.NoError(t, err)
		require.True(t, slices.ContainsFunc(answers, func(b qa.Answer) bool { return a.ID == b.ID }), name)
	}
}

// An answer is found below the question it was taken from, and below no other
// that was merged.
func TestFindBelowWrongQuestion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, c := w.asks(w.author, qa.NewQuestion{}), w.asks(w.author, qa.NewQuestion{}), w.asks(w.author, qa.NewQuestion{})
	other := w.answers(w.member, c.ID)
	w.merges(a.ID, b.ID)
	_, err := w.qa.Find(w.ctx, w.member, qa.Post{Question: a.ID, Answer: other.ID})
	require.ErrorIs(t, err, storage.ErrNotFound)
}
