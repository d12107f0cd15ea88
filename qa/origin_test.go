// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// S-convert, the part of questions: what is made from a topic leads back to it,
// and is looked at again when the topic changes.
func TestOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := qa.Origin{Kind: "forum.topic", ID: storage.NewID[qa.Origin]().Bytes()}
	q := w.asks(w.author, qa.NewQuestion{Origin: topic})
	r := w.reserves(w.author, qa.NewQuestion{Origin: topic})
	w.asks(w.author, qa.NewQuestion{})
	gone := w.asks(w.author, qa.NewQuestion{Origin: topic})
	require.NoError(t, w.qa.Delete(w.ctx, w.author, ofQuestion(gone)))
	made := func(who auth.Actor, o qa.Origin) []qa.QuestionID {
		t.Helper()
		got, err := w.qa.MadeFrom(w.ctx, who, o)
		require.NoError(t, err)
		return ids(got)
	}
	require.Equal(t, []qa.QuestionID{q.ID}, made(w.visitor, topic))
	require.Equal(t, []qa.QuestionID{q.ID, r.ID}, made(w.member, topic))
	require.Empty(t, made(w.member, qa.Origin{}))
	require.Empty(t, made(w.member, qa.Origin{Kind: "wiki.page", ID: topic.ID}))

	w.closes(q.ID, qa.Duplicate, r.ID)
	heads, err := w.qa.MadeFrom(w.ctx, w.visitor, topic)
	require.NoError(t, err)
	require.Equal(t, qa.Closing{Reason: qa.Duplicate, At: w.now, By: w.coordinator.By(), Why: "Motivo"}, heads[0].Closing, "of what, only its page tells")
	require.Zero(t, heads[0].Body)

	before := len(w.events())
	w.pass(day)
	require.NoError(t, w.qa.Recheck(w.ctx, topic))
	require.NoError(t, w.qa.Recheck(w.ctx, qa.Origin{}))
	marked := w.now
	w.pass(day)
	require.NoError(t, w.qa.Recheck(w.ctx, topic))
	require.Equal(t, []string{qa.EventRecheck, qa.EventRecheck}, w.names(before), "once, until somebody has looked")
	for _, id := range []qa.QuestionID{q.ID, r.ID} {
		require.Equal(t, marked, w.question(id).RecheckAt)
		require.Equal(t, "Quali sono le soglie?", w.question(id).Body)
	}
	require.Zero(t, w.question(gone.ID).RecheckAt)

	for _, who := range []auth.Actor{w.visitor, w.member, w.observer} {
		require.ErrorIs(t, w.qa.Checked(w.ctx, who, q.ID), auth.ErrDenied)
	}
	for _, id := range []qa.QuestionID{r.ID, storage.NewID[qa.Question]()} {
		require.ErrorIs(t, w.qa.Checked(w.ctx, w.keeper, id), storage.ErrNotFound)
	}
	before = len(w.events())
	for range 2 {
		require.NoError(t, w.qa.Checked(w.ctx, w.author, q.ID))
		require.NoError(t, w.qa.Checked(w.ctx, w.moderator, r.ID))
	}
	require.Equal(t, []string{qa.EventChecked, qa.EventChecked}, w.names(before))
	require.Zero(t, w.question(q.ID).RecheckAt)
	require.NoError(t, w.qa.Recheck(w.ctx, topic))
	require.Equal(t, w.now, w.question(q.ID).RecheckAt, "and again when it changes again")
	require.NoError(t, w.qa.Hide(w.ctx, w.moderator, ofQuestion(q), "Motivo"))
	require.ErrorIs(t, w.qa.Checked(w.ctx, w.author, q.ID), qa.ErrRemoved)
}

// What is marked while its asker edits it keeps what they wrote.
func TestRecheckRacesEdit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := qa.Origin{Kind: "forum.topic", ID: storage.NewID[qa.Origin]().Bytes()}
	q := w.asks(w.author, qa.NewQuestion{Origin: topic})
	f := w.while(func() { w.edits(w.author, ofQuestion(q), "Altro") })
	require.NoError(t, f.Recheck(w.ctx, topic))
	require.Equal(t, []any{"Altro", w.now}, []any{w.question(q.ID).Body, w.question(q.ID).RecheckAt})
}
