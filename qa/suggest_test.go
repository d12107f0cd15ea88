// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// An edit that is approved is that of whoever suggested it.
func TestSuggest(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]func(*world) auth.Actor{"author": (*world).writes, "moderator": (*world).moderates} {
		w := newWorld(t)
		q := w.asks(w.author, qa.NewQuestion{Title: "Uno", Tags: []string{"uno"}})
		w.pass(time.Minute)
		in := qa.PostEdit{Post: ofQuestion(q), Version: 1, Title: "Due", Body: "due @moderator", Tags: []string{"Due"}, Why: "refuso"}
		sg, err := w.qa.Suggest(w.ctx, w.outsider, in)
		require.NoError(t, err, name)
		require.Equal(t, qa.Suggestion{
			ID: sg.ID, Post: ofQuestion(q), Base: 1, Title: "Due", Body: "due @moderator", Tags: []string{"due"}, By: w.outsider.By(), Why: "refuso", At: w.now, Version: 1,
		}, sg)
		require.Equal(t, qa.EventSuggested, w.last().Name)
		require.Equal(t, qa.Event{By: w.outsider.By(), Question: q.ID, Suggestion: sg.ID}, w.last().payload)
		require.Equal(t, q, w.question(q.ID))
		w.pass(time.Minute)
		pl, err := w.qa.Approve(w.ctx, by(w), sg.ID)
		require.NoError(t, err, name)
		require.Equal(t, [3]any{"Due", "due " + auth.Mention(w.moderator.User), []string{"due"}}, [3]any{pl.Question.Title, pl.Question.Body, pl.Question.Tags})
		require.Equal(t, qa.TextState{Revision: 2, Substance: 2, EditedAt: w.now, EditedBy: w.outsider.By(), Why: "refuso"}, pl.Question.Text)
		require.Equal(t, pl.Question, w.question(q.ID))
		revisions := w.revisions(ofQuestion(q))
		require.Equal(t, [2]auth.By{w.author.By(), w.outsider.By()}, [2]auth.By{revisions[0].By, revisions[1].By})
		kept, err := w.qa.Suggestion(w.ctx, w.outsider, sg.ID)
		require.NoError(t, err)
		sg.State, sg.Decided, sg.EndedAt, sg.Version = qa.Approved, by(w).By(), w.now, 2
		require.Equal(t, sg, kept)
		events := w.events()
		edited, decided := events[len(events)-2], events[len(events)-1]
		require.Equal(t, [2]string{qa.EventEdited, qa.EventDecided}, [2]string{edited.Name, decided.Name})
		require.Equal(t, qa.Event{By: w.outsider.By(), Question: q.ID, Mentions: []auth.UserID{w.moderator.User}}, edited.payload)
		require.Equal(t, qa.Event{By: by(w).By(), Question: q.ID, Suggestion: sg.ID, Decision: qa.Approved}, decided.payload)
		w.edits(w.author, ofQuestion(q), "tre") // the author is not locked out
	}
}

// Whoever suggested it does not decide on it, unless the post is theirs.
func TestOwnSuggestion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.answers(w.author, w.asks(w.author, qa.NewQuestion{}).ID)
	sg := w.suggests(w.moderator, ofAnswer(a), "Del moderatore")
	require.ErrorIs(t, failure(w.qa.Approve(w.ctx, w.moderator, sg.ID)), qa.ErrOwn)
	_, err := w.qa.Approve(w.ctx, w.keeper, sg.ID)
	require.NoError(t, err)
	sg = w.suggests(w.author, ofAnswer(a), "Dell'autore")
	_, err = w.qa.Approve(w.ctx, w.author, sg.ID)
	require.NoError(t, err)

	w.sets(func(c *qa.Config) { c.EditWindow = time.Hour })
	w.pass(10 * time.Hour)
	sg = w.suggests(w.author, ofAnswer(a), "Tardi")
	require.ErrorIs(t, failure(w.qa.Approve(w.ctx, w.author, sg.ID)), qa.ErrTooLate, "that would be to edit it")
	_, err = w.qa.Approve(w.ctx, w.keeper, sg.ID)
	require.NoError(t, err)
}

// What is suggested keeps nobody from editing; it is of the text that was there.
func TestSuggestionOfAnotherText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.answers(w.author, w.asks(w.author, qa.NewQuestion{}).ID)
	stale := w.edit(ofAnswer(a), "altro")
	sg := w.suggests(w.member, ofAnswer(a), "due")
	w.edits(w.author, ofAnswer(a), "tre")
	revisions := w.revisions(ofAnswer(a))
	for _, err := range []error{failure(w.qa.Approve(w.ctx, w.author, sg.ID)), failure(w.qa.Suggest(w.ctx, w.member, stale))} {
		var conflict *storage.Conflict
		require.ErrorAs(t, err, &conflict)
		require.Equal(t, storage.Conflict{Base: 1, Current: revisions[1]}, *conflict)
	}
	require.NoError(t, w.qa.Decline(w.ctx, w.author, sg.ID, "Già corretto"))
}

func TestDecline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.answers(w.author, w.asks(w.author, qa.NewQuestion{}).ID)
	declined, retracted := w.suggests(w.member, ofAnswer(a), "due"), w.suggests(w.member, ofAnswer(a), "tre")
	w.pass(time.Minute)
	require.NoError(t, w.qa.Decline(w.ctx, w.author, declined.ID, "No"))
	require.Equal(t, qa.Event{By: w.author.By(), Question: a.Question, Answer: a.ID, Suggestion: declined.ID, Decision: qa.Declined}, w.last().payload)
	require.NoError(t, w.qa.Retract(w.ctx, w.member, retracted.ID))
	require.Equal(t, qa.Retracted, w.last().payload.Decision)
	for id, state := range map[qa.SuggestionID]qa.Decision{declined.ID: qa.Declined, retracted.ID: qa.Retracted} {
		sg, err := w.qa.Suggestion(w.ctx, w.member, id)
		require.NoError(t, err)
		require.Equal(t, [2]any{state, w.now}, [2]any{sg.State, sg.EndedAt})
		require.ErrorIs(t, failure(w.qa.Approve(w.ctx, w.author, id)), qa.ErrDecided)
	}
	before := w.dump()
	require.NoError(t, w.qa.Decline(w.ctx, w.moderator, declined.ID, "No"), "it is")
	require.NoError(t, w.qa.Retract(w.ctx, w.member, retracted.ID), "it is")
	require.ErrorIs(t, w.qa.Decline(w.ctx, w.author, retracted.ID, "No"), qa.ErrDecided)
	require.ErrorIs(t, w.qa.Retract(w.ctx, w.member, declined.ID), qa.ErrDecided)
	require.Equal(t, before, w.dump())
	require.Equal(t, a, w.answer(a.ID))
}

// Who declines is whoever wrote the post at that moment.
func TestDeclineInBetween(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.answers(w.author, w.asks(w.author, qa.NewQuestion{}).ID)
	sg := w.suggests(w.member, ofAnswer(a), "due")
	f := w.while(func() {
		require.NoError(t, w.qa.Attribute(w.ctx, w.coordinator, ofAnswer(a), w.outsider.By(), "Suo"))
	})
	require.ErrorIs(t, f.Decline(w.ctx, w.author, sg.ID, "No"), storage.ErrNotFound) // as it is not for them to see any more
	now, err := w.qa.Suggestion(w.ctx, w.member, sg.ID)
	require.NoError(t, err)
	require.Equal(t, qa.Pending, now.State)
}

func TestSuggestIsInvalid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	c := w.comments(w.author, ofQuestion(q))
	before := w.dump()
	suggest := func(in qa.PostEdit) error { return failure(w.qa.Suggest(w.ctx, w.member, in)) }
	invalid(t, suggest(w.edit(ofComment(c), "altro")), "post", storage.CodeMalformed)
	invalid(t, suggest(w.edit(ofQuestion(q), q.Body)), "body", qa.CodeSame)
	invalid(t, suggest(w.edit(ofQuestion(q), "Da "+auth.Mention(w.outsider.User))), "body", storage.CodeUnknown)
	invalid(t, suggest(w.edit(ofQuestion(q), "")), "body", storage.CodeMissing)
	w.sets(func(c *qa.Config) { c.Auth = auth.AllowAll{} })
	require.ErrorIs(t, failure(w.qa.Suggest(w.ctx, w.visitor, w.edit(ofQuestion(q), "altro"))), auth.ErrDenied, "who would take it back?")
	require.Equal(t, before, w.dump())
}

// One person has no more than so many that wait, however many they send at once.
func TestSuggestionsThatWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	in := w.edit(ofQuestion(q), "altro")
	done := 0
	for _, err := range together(qa.MaxPending+5, func(int) error { return failure(w.qa.Suggest(w.ctx, w.member, in)) }) {
		if err == nil {
			done++
			continue
		}
		invalid(t, err, "", storage.CodeTooMany)
	}
	require.Equal(t, qa.MaxPending, done)
	mine := func(pending bool) []qa.Suggestion {
		return all(w, func(c storage.Cursor) (storage.Page[qa.Suggestion], error) {
			return w.qa.Suggestions(w.ctx, w.member, qa.SuggestionPage{Mine: true, Pending: pending, After: c})
		})
	}
	require.NoError(t, w.qa.Retract(w.ctx, w.member, mine(true)[0].ID))
	require.NoError(t, failure(w.qa.Suggest(w.ctx, w.member, in)))
	require.Equal(t, [2]int{qa.MaxPending, qa.MaxPending + 1}, [2]int{len(mine(true)), len(mine(false))})
}

// Whoever suggested sees what they suggested; others' they see where it is
// theirs to decide.
func TestWhoSeesSuggestions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.answers(w.author, w.asks(w.author, qa.NewQuestion{}).ID)
	sg := w.suggests(w.member, ofAnswer(a), "due")
	other := w.suggests(w.outsider, ofAnswer(a), "tre")
	for who, want := range map[auth.Actor][]qa.SuggestionID{
		w.member: {sg.ID}, w.outsider: {other.ID}, w.author: {other.ID, sg.ID}, w.keeper: {other.ID, sg.ID}, w.observer: nil, w.visitor: nil,
	} {
		page, err := w.qa.Suggestions(w.ctx, who, qa.SuggestionPage{Post: ofAnswer(a)})
		require.NoError(t, err)
		var got []qa.SuggestionID
		for _, s := range page.Items {
			got = append(got, s.ID)
		}
		require.Equal(t, want, got)
	}
	require.ErrorIs(t, failure(w.qa.Suggestion(w.ctx, w.member, other.ID)), storage.ErrNotFound)
	require.ErrorIs(t, w.qa.Retract(w.ctx, w.member, other.ID), storage.ErrNotFound)
}

// A suggestion goes where the answer goes.
func TestSuggestionToWhatIsMoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q, into := w.asks(w.author, qa.NewQuestion{}), w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.author, q.ID)
	sg := w.suggests(w.member, ofAnswer(a), "due")
	w.merges(q.ID, into.ID)
	pl, err := w.qa.Approve(w.ctx, w.author, sg.ID)
	require.NoError(t, err)
	require.Equal(t, [2]any{into.ID, "due"}, [2]any{pl.Question.ID, w.answer(a.ID).Body})
	require.Len(t, w.revisions(qa.Post{Question: into.ID, Answer: a.ID}), 2)
}
