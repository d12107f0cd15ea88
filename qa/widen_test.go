// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// widens promises questions to more people, for a reason.
func (w *world) widens(who auth.Actor, to auth.Audience, questions ...qa.QuestionID) error {
	return w.qa.Widen(w.ctx, who, qa.Widen{Questions: questions, Audience: to, Why: "Interessa a tutti"})
}

// Widening shows questions to those who are promised them now, with all that
// stands below them, and says what they were promised before.
func TestWiden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := w.asks(w.author, qa.NewQuestion{Audience: auth.CommunityMembers, Tags: []string{"gare"}})
	two := w.reserves(w.author, qa.NewQuestion{})
	three := w.asks(w.author, qa.NewQuestion{})
	w.answers(w.member, two.ID)
	require.Len(t, w.list(w.visitor, qa.QuestionFilter{}), 1)
	before := len(w.events())
	who := auth.Actor{User: w.coordinator.User, For: storage.NewID[auth.Org]()}
	require.NoError(t, w.widens(who, auth.Public, two.ID, one.ID, three.ID, one.ID))
	require.Len(t, w.list(w.visitor, qa.QuestionFilter{}), 3)
	require.Len(t, w.page(w.visitor, two.ID).Answers.Items, 1)
	require.Len(t, w.list(w.visitor, qa.QuestionFilter{Tag: "gare"}), 1)
	events := w.events()[before:]
	require.Len(t, events, 2, "what has the audience already stays as it is")
	said := map[qa.QuestionID]qa.Event{}
	for _, e := range events {
		require.Equal(t, []any{qa.EventWidened, uint8(auth.Public)}, []any{e.Name, e.Audience})
		said[e.payload.Question] = e.payload
	}
	for _, q := range []qa.Question{one, two} {
		require.Equal(t, qa.Event{By: who.By(), Question: q.ID, FromAudience: q.Audience, Audience: auth.Public, Why: "Interessa a tutti"}, said[q.ID])
		now := w.question(q.ID)
		require.Equal(t, []any{q.Area, auth.Public, q.Title, q.Body, q.Version + 1}, []any{now.Area, now.Audience, now.Title, now.Body, now.Version})
	}
	dump := w.dump()
	require.NoError(t, w.widens(who, auth.Public, one.ID, two.ID))
	require.Equal(t, dump, w.dump())
}

func TestWidenInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{Audience: auth.CommunityMembers})
	many := make([]qa.QuestionID, qa.MaxWiden+1)
	for i := range many {
		many[i] = storage.NewID[qa.Question]()
	}
	for _, c := range []struct {
		in          qa.Widen
		field, code string
	}{
		{qa.Widen{Audience: auth.Public, Why: "x"}, "questions", storage.CodeMissing},
		{qa.Widen{Questions: many, Audience: auth.Public, Why: "x"}, "questions", storage.CodeTooMany},
		{qa.Widen{Questions: many[:1], Why: "x"}, "audience", storage.CodeUnknown},
		{qa.Widen{Questions: many[:1], Audience: auth.Public + 1, Why: "x"}, "audience", storage.CodeUnknown},
		{qa.Widen{Questions: many[:1], Audience: auth.Public}, "why", storage.CodeMissing},
		{qa.Widen{Questions: []qa.QuestionID{q.ID}, Audience: auth.AreaMembers, Why: "x"}, "audience", qa.CodeNarrower},
	} {
		invalid(t, w.qa.Widen(w.ctx, w.coordinator, c.in), c.field, c.code)
	}
	w.sets(func(c *qa.Config) {
		c.Promise = func(context.Context) (auth.Audience, error) { return auth.CommunityMembers, nil }
	})
	invalid(t, w.widens(w.coordinator, auth.Public, q.ID), "audience", qa.CodeWider)
	require.NoError(t, w.widens(w.coordinator, auth.CommunityMembers, q.ID))
	for _, who := range []auth.Actor{w.observer, w.author, w.moderator} {
		require.ErrorIs(t, w.widens(who, auth.CommunityMembers, q.ID), auth.ErrDenied)
	}
}

// All are widened or none, and none that is not there for all who read it.
func TestWidenAllOrNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens func(w *world, q qa.Question)
		want    error
	}{
		"hidden": {func(w *world, q qa.Question) {
			require.NoError(w, w.qa.Hide(w.ctx, w.moderator, ofQuestion(q), "Motivo"))
		}, qa.ErrRemoved},
		"deleted": {func(w *world, q qa.Question) { require.NoError(w, w.qa.Delete(w.ctx, w.author, ofQuestion(q))) }, qa.ErrRemoved},
		"merged":  {func(w *world, q qa.Question) { w.merges(q.ID, w.reserves(w.author, qa.NewQuestion{}).ID) }, qa.ErrClosed},
		"edited":  {func(w *world, q qa.Question) { w.edits(w.author, ofQuestion(q), "Altro") }, nil},
	} {
		w := newWorld(t)
		good, bad := w.reserves(w.author, qa.NewQuestion{}), w.reserves(w.author, qa.NewQuestion{})
		w.sets(func(*qa.Config) {})
		f := w.while(func() { c.happens(w, bad) })
		err := f.Widen(w.ctx, w.coordinator, qa.Widen{Questions: []qa.QuestionID{good.ID, bad.ID}, Audience: auth.Public, Why: "x"})
		require.ErrorIs(t, err, c.want, name)
		want := auth.Public
		if c.want != nil {
			want = auth.AreaMembers
		}
		require.Equal(t, [2]auth.Audience{want, want}, [2]auth.Audience{w.question(good.ID).Audience, w.question(bad.ID).Audience}, name)
		if c.want == nil {
			require.Equal(t, "Altro", w.question(bad.ID).Body, name)
		}
	}
}
