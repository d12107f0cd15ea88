// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

func TestClose(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	before := len(w.events())
	who := auth.Actor{User: w.moderator.User, For: storage.NewID[auth.Org]()}
	for range 2 {
		require.NoError(t, w.qa.Close(w.ctx, who, qa.Closure{Question: q.ID, Reason: qa.TooBroad, Why: "Sono tre domande"}))
	}
	require.Equal(t, []string{qa.EventClosed}, w.names(before), "the same again changes nothing")
	require.Equal(t, qa.Event{By: who.By(), Question: q.ID, Reason: qa.TooBroad, Why: "Sono tre domande"}, w.last().payload)
	require.Equal(t, qa.Closing{Reason: qa.TooBroad, At: w.now, By: who.By(), Why: "Sono tre domande"}, w.question(q.ID).Closing)
	require.ErrorIs(t, failure(w.qa.Answer(w.ctx, w.member, qa.NewAnswer{Question: q.ID, Body: "Ecco"})), qa.ErrClosed)
	require.Empty(t, w.list(w.visitor, qa.QuestionFilter{Unanswered: true}), "it waits for nobody")
	require.Len(t, w.list(w.visitor, qa.QuestionFilter{}), 1)
}

// Who closes, and who opens again what whom has closed.
func TestCloseAndReopen(t *testing.T) {
	t.Parallel()
	asker, other, keeper, moderator := (*world).writes, func(w *world) auth.Actor { return w.member },
		func(w *world) auth.Actor { return w.keeper }, (*world).moderates
	for name, c := range map[string]struct {
		close, again, reopen          func(w *world) auth.Actor
		closeErr, againErr, reopenErr error
	}{
		"the asker":                  {asker, asker, asker, nil, nil, nil},
		"the asker, and a moderator": {asker, keeper, keeper, nil, nil, nil},
		"a moderator takes it over":  {asker, keeper, asker, nil, nil, auth.ErrDenied},
		"a moderator, and the asker": {keeper, asker, asker, nil, qa.ErrClosed, auth.ErrDenied},
		"a moderator, and another":   {keeper, moderator, moderator, nil, nil, nil},
		"a moderator, and somebody":  {keeper, other, other, nil, auth.ErrDenied, auth.ErrDenied},
		"somebody":                   {other, other, other, auth.ErrDenied, auth.ErrDenied, auth.ErrDenied},
		"a visitor":                  {func(w *world) auth.Actor { return w.visitor }, other, other, auth.ErrDenied, auth.ErrDenied, auth.ErrDenied},
	} {
		w := newWorld(t)
		q := w.asks(w.author, qa.NewQuestion{})
		require.ErrorIs(t, w.qa.Close(w.ctx, c.close(w), qa.Closure{Question: q.ID, Reason: qa.Unclear}), c.closeErr, name)
		require.Equal(t, c.closeErr == nil, w.question(q.ID).Closing.Reason == qa.Unclear, name)
		require.ErrorIs(t, w.qa.Close(w.ctx, c.again(w), qa.Closure{Question: q.ID, Reason: qa.Opinion}), c.againErr, name)
		require.Equal(t, c.againErr == nil, w.question(q.ID).Closing.Reason == qa.Opinion, name)
		before := len(w.events())
		require.ErrorIs(t, w.qa.Reopen(w.ctx, c.reopen(w), q.ID, "Ora è chiara"), c.reopenErr, name)
		if c.reopenErr != nil {
			require.Empty(t, w.names(before), name)
			continue
		}
		require.Zero(t, w.question(q.ID).Closing, name)
		require.NoError(t, w.qa.Reopen(w.ctx, c.reopen(w), q.ID, ""), name)
		require.Equal(t, []string{qa.EventReopened}, w.names(before), name)
		w.answers(w.member, q.ID)
	}
}

func TestCloseInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q, other := w.asks(w.author, qa.NewQuestion{}), w.asks(w.author, qa.NewQuestion{})
	reserved := w.reserves(w.author, qa.NewQuestion{})
	hidden := w.asks(w.author, qa.NewQuestion{})
	require.NoError(t, w.qa.Hide(w.ctx, w.moderator, ofQuestion(hidden), "Motivo"))
	for _, c := range []struct {
		in          qa.Closure
		field, code string
	}{
		{qa.Closure{}, "reason", storage.CodeUnknown},
		{qa.Closure{Reason: qa.Obsolete + 1}, "reason", storage.CodeUnknown},
		{qa.Closure{Reason: qa.Duplicate}, "of", storage.CodeMissing},
		{qa.Closure{Reason: qa.OffTopic, Of: other.ID}, "of", storage.CodeMalformed},
		{qa.Closure{Reason: qa.Duplicate, Of: q.ID}, "of", qa.CodeCycle},
		{qa.Closure{Reason: qa.Duplicate, Of: storage.NewID[qa.Question]()}, "of", storage.CodeUnknown},
		{qa.Closure{Reason: qa.Duplicate, Of: reserved.ID}, "of", storage.CodeUnknown},
		{qa.Closure{Reason: qa.Duplicate, Of: hidden.ID}, "of", storage.CodeUnknown},
		{qa.Closure{Reason: qa.OffTopic, Why: strings.Repeat("x", qa.MaxWhy+1)}, "why", storage.CodeTooLong},
	} {
		c.in.Question = q.ID
		invalid(t, w.qa.Close(w.ctx, w.keeper, c.in), c.field, c.code)
	}
	invalid(t, w.qa.Reopen(w.ctx, w.keeper, q.ID, "\x00"), "why", storage.CodeControl)
	require.Zero(t, w.question(q.ID).Closing)
}

// Duplicates link both ways, never in a circle, and follow what was merged.
func TestCloseAsDuplicate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, c := w.asks(w.author, qa.NewQuestion{Title: "A?"}), w.asks(w.author, qa.NewQuestion{Title: "B?"}), w.asks(w.author, qa.NewQuestion{Title: "C?"})
	w.closes(a.ID, qa.Duplicate, b.ID)
	require.Equal(t, b.ID, w.page(w.visitor, a.ID).Original.ID)
	require.Equal(t, []qa.QuestionID{a.ID}, ids(w.page(w.visitor, b.ID).Linked))
	w.closes(b.ID, qa.Duplicate, c.ID)
	for _, of := range []qa.QuestionID{a.ID, b.ID, c.ID} {
		invalid(t, w.qa.Close(w.ctx, w.keeper, qa.Closure{Question: c.ID, Reason: qa.Duplicate, Of: of}), "of", qa.CodeCycle)
	}
	d, e, f := w.asks(w.author, qa.NewQuestion{}), w.asks(w.author, qa.NewQuestion{}), w.asks(w.author, qa.NewQuestion{})
	w.merges(d.ID, e.ID)
	w.closes(f.ID, qa.Duplicate, d.ID)
	require.Equal(t, e.ID, w.question(f.ID).Closing.Of, "where the answers are")
	invalid(t, w.qa.Close(w.ctx, w.keeper, qa.Closure{Question: e.ID, Reason: qa.Duplicate, Of: d.ID}), "of", qa.CodeCycle)
	invalid(t, w.qa.Close(w.ctx, w.keeper, qa.Closure{Question: e.ID, Reason: qa.Duplicate, Of: f.ID}), "of", qa.CodeCycle)
	require.ErrorIs(t, w.qa.Close(w.ctx, w.keeper, qa.Closure{Question: d.ID, Reason: qa.Obsolete}), qa.ErrClosed)
	require.ErrorIs(t, w.qa.Reopen(w.ctx, w.keeper, d.ID, ""), qa.ErrClosed)
}

// S-duplicate-secret: of a duplicate that the actor may not read, nothing is
// told, neither by its page nor by what is refused.
func TestScenarioDuplicateSecret(t *testing.T) {
	t.Parallel()
	var said [2]string
	for i := range said {
		w := newWorld(t)
		q, other := w.asks(w.author, qa.NewQuestion{}), w.asks(w.author, qa.NewQuestion{Title: "Altra?"})
		secret := w.reserves(w.author, qa.NewQuestion{Title: "Segreto?"})
		if i == 1 { // a world in which the secret is what the outsider's question is a duplicate of
			require.NoError(t, w.qa.Close(w.ctx, w.coordinator, qa.Closure{Question: other.ID, Reason: qa.Duplicate, Of: secret.ID}))
			require.NoError(t, w.qa.Close(w.ctx, w.coordinator, qa.Closure{Question: secret.ID, Reason: qa.Duplicate, Of: q.ID}))
		} else {
			require.NoError(t, w.qa.Close(w.ctx, w.coordinator, qa.Closure{Question: other.ID, Reason: qa.Obsolete}))
			w.pass(0)
		}
		page := w.page(w.keeper, other.ID)
		require.Zero(t, page.Original)
		require.Zero(t, page.Question.Closing.Of)
		require.Empty(t, w.page(w.keeper, q.ID).Linked)
		for _, l := range w.list(w.keeper, qa.QuestionFilter{}) {
			require.Zero(t, l.Closing.Of)
		}
		if err := w.qa.Close(w.ctx, w.keeper, qa.Closure{Question: q.ID, Reason: qa.Duplicate, Of: other.ID}); err != nil {
			said[i] = strings.ReplaceAll(err.Error(), q.ID.String(), "id")
		}
		require.Equal(t, other.ID, w.question(q.ID).Closing.Of)
		require.NoError(t, w.qa.Reopen(w.ctx, w.keeper, q.ID, ""))
		for _, of := range []qa.QuestionID{secret.ID, storage.NewID[qa.Question]()} {
			invalid(t, w.qa.Close(w.ctx, w.keeper, qa.Closure{Question: q.ID, Reason: qa.Duplicate, Of: of}), "of", storage.CodeUnknown)
		}
	}
	require.Equal(t, said[0], said[1])
}

// Two who close two questions as duplicates of each other at once close one.
func TestCloseRaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.asks(w.author, qa.NewQuestion{}), w.asks(w.author, qa.NewQuestion{})
	f := w.while(func() { w.closes(b.ID, qa.Duplicate, a.ID) })
	invalid(t, f.Close(w.ctx, w.keeper, qa.Closure{Question: a.ID, Reason: qa.Duplicate, Of: b.ID}), "of", qa.CodeCycle)
	require.Zero(t, w.question(a.ID).Closing)

	c, d := w.asks(w.author, qa.NewQuestion{}), w.asks(w.author, qa.NewQuestion{})
	f = w.while(func() { w.merges(d.ID, b.ID) })
	require.NoError(t, w.qa.Reopen(w.ctx, w.coordinator, b.ID, ""))
	require.NoError(t, f.Close(w.ctx, w.keeper, qa.Closure{Question: c.ID, Reason: qa.Duplicate, Of: d.ID}))
	require.Equal(t, b.ID, w.question(c.ID).Closing.Of)
}

// An answer that is written while the question is closed is refused, and one
// that was written before stays.
func TestCloseRacesAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	f := w.while(func() { w.closes(q.ID, qa.Obsolete) })
	require.ErrorIs(t, failure(f.Answer(w.ctx, w.member, qa.NewAnswer{Question: q.ID, Body: "Ecco"})), qa.ErrClosed)
	require.Zero(t, w.question(q.ID).Answers)
}

// What a question repeats may have been merged into one that the reader may not
// see: nothing names that.
func TestOriginalThatWasMerged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, b := w.asks(w.author, qa.NewQuestion{Title: "Doppia"}), w.asks(w.author, qa.NewQuestion{Title: "Prima"})
	secret := w.reserves(w.author, qa.NewQuestion{Title: "Segreta"})
	w.closes(d.ID, qa.Duplicate, b.ID)
	require.NoError(t, w.qa.Merge(w.ctx, w.coordinator, qa.Merge{From: b.ID, Into: secret.ID}))
	p := w.page(w.outsider, d.ID)
	require.Equal(t, b.ID, p.Original.ID)
	require.Zero(t, p.Original.MergedInto)
}
