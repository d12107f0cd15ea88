// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

func TestAttribute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.author, q.ID)
	c := w.comments(w.author, ofAnswer(a))
	to := auth.By{User: w.member.User, For: storage.NewID[auth.Org]()}
	for _, p := range []qa.Post{ofQuestion(q), ofAnswer(a), ofComment(c)} {
		before, was := len(w.events()), w.entry(p)
		for range 2 {
			require.NoError(t, w.qa.Attribute(w.ctx, w.coordinator, p, to, "L'ha scritto lei"))
		}
		require.Equal(t, []string{qa.EventAttributed}, w.names(before), "the same again changes nothing")
		require.Equal(t, qa.Event{
			By: w.coordinator.By(), Question: p.Question, Answer: p.Answer, Comment: p.Comment,
			Users: []auth.UserID{w.author.User, w.member.User}, Why: "L'ha scritto lei",
		}, w.last().payload)
		was.By = to
		was.Version++
		require.Equal(t, was, w.entry(p), "nothing else is changed")
		require.NoError(t, w.qa.Attribute(w.ctx, w.coordinator, p, w.member.By(), "Per sé"))
		require.Equal(t, []auth.UserID{w.member.User}, w.last().payload.Users, "each once")
	}
	w.accepts(w.member, a.ID) // who is the asker now
	require.ErrorIs(t, w.qa.Unaccept(w.ctx, w.author, q.ID), auth.ErrDenied)
}

func TestAttributeRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	r := w.reserves(w.author, qa.NewQuestion{})
	to := w.member.By()
	for _, who := range []auth.Actor{w.visitor, w.author, w.keeper, w.moderator} {
		require.ErrorIs(t, w.qa.Attribute(w.ctx, who, ofQuestion(q), to, "Motivo"), auth.ErrDenied)
	}
	other := w.joins("other", auth.Coordinator, auth.Outsider)
	for _, id := range []qa.QuestionID{r.ID, storage.NewID[qa.Question]()} {
		require.ErrorIs(t, w.qa.Attribute(w.ctx, other, qa.Post{Question: id}, to, "Motivo"), storage.ErrNotFound)
	}
	invalid(t, w.qa.Attribute(w.ctx, w.coordinator, ofQuestion(q), auth.By{}, "Motivo"), "to", storage.CodeMissing)
	invalid(t, w.qa.Attribute(w.ctx, w.coordinator, ofQuestion(q), to, ""), "why", storage.CodeMissing)
	require.NoError(t, w.qa.Purge(w.ctx, w.coordinator, ofQuestion(q), "Motivo"))
	require.ErrorIs(t, w.qa.Attribute(w.ctx, w.coordinator, ofQuestion(q), to, "Motivo"), qa.ErrRemoved)

	speaker := auth.Actor{User: w.member.User, For: storage.NewID[auth.Org]()}
	o, err := w.qa.Answer(w.ctx, speaker, qa.NewAnswer{Question: r.ID, Body: "La nostra posizione", Official: true})
	require.NoError(t, err)
	invalid(t, w.qa.Attribute(w.ctx, w.coordinator, ofAnswer(o), w.author.By(), "Motivo"), "for", storage.CodeMissing)
	require.NoError(t, w.qa.Attribute(w.ctx, w.coordinator, ofAnswer(o), auth.By{User: w.author.User, For: speaker.For}, "Motivo"))
}

// A key gives no text back that its owner may not see any more.
func TestKeyOfWhatWasGivenAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	in := qa.NewAnswer{Key: "k", Question: q.ID, Body: "Segreto"}
	a, err := w.qa.Answer(w.ctx, w.member, in)
	require.NoError(t, err)
	require.NoError(t, w.qa.Attribute(w.ctx, w.coordinator, ofAnswer(a), w.outsider.By(), "Suo"))
	require.NoError(t, w.qa.Hide(w.ctx, w.moderator, ofAnswer(a), "Motivo"))
	got, err := w.qa.Answer(w.ctx, w.member, in)
	require.Error(t, err)
	require.Empty(t, got.Body)
}
