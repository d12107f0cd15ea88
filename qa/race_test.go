// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// What is decided is decided again if it moved before it was written: the two
// columns are what one person does, and what another does in between.
func TestInBetween(t *testing.T) {
	t.Parallel()
	type act func(*world, *qa.Service, scene) error
	edit := func(who func(*world) auth.Actor, p func(scene) qa.Post, title, body string) act {
		return func(w *world, s *qa.Service, x scene) error {
			return failure(s.Edit(w.ctx, who(w), qa.PostEdit{Post: p(x), Version: 1, Title: title, Body: body}))
		}
	}
	question, answer := func(x scene) qa.Post { return ofQuestion(x.alone) }, func(x scene) qa.Post { return ofAnswer(x.answer) }
	acts := map[string]act{
		"edit the answer":      edit((*world).writes, answer, "", "Dell'autore"),
		"edit the question":    edit((*world).writes, question, "Titolo", "Dell'autore"),
		"correct the answer":   edit((*world).moderates, answer, "", "Del moderatore"),
		"correct the question": edit((*world).moderates, question, "Titolo", "Del moderatore"),
		"delete the answer":    func(w *world, s *qa.Service, x scene) error { return s.Delete(w.ctx, w.author, ofAnswer(x.answer)) },
		"delete the question":  func(w *world, s *qa.Service, x scene) error { return s.Delete(w.ctx, w.author, ofQuestion(x.alone)) },
		"hide the answer": func(w *world, s *qa.Service, x scene) error {
			return s.Hide(w.ctx, w.moderator, ofAnswer(x.answer), "Motivo")
		},
		"hide the question": func(w *world, s *qa.Service, x scene) error {
			return s.Hide(w.ctx, w.moderator, ofQuestion(x.question), "Motivo")
		},
		"hide the lone": func(w *world, s *qa.Service, x scene) error {
			return s.Hide(w.ctx, w.moderator, ofQuestion(x.alone), "Motivo")
		},
		"restore": func(w *world, s *qa.Service, x scene) error { return s.Restore(w.ctx, w.author, ofAnswer(x.away)) },
		"hide the removed": func(w *world, s *qa.Service, x scene) error {
			return s.Hide(w.ctx, w.moderator, ofAnswer(x.away), "Motivo")
		},
		"purge the removed": func(w *world, s *qa.Service, x scene) error {
			return s.Purge(w.ctx, w.coordinator, ofAnswer(x.away), "Motivo")
		},
		"purge the answer": func(w *world, s *qa.Service, x scene) error {
			return s.Purge(w.ctx, w.coordinator, ofAnswer(x.answer), "Motivo")
		},
		"purge the question": func(w *world, s *qa.Service, x scene) error {
			return s.Purge(w.ctx, w.coordinator, ofQuestion(x.question), "Motivo")
		},
		"close": func(w *world, s *qa.Service, x scene) error {
			return s.Close(w.ctx, w.moderator, qa.Closure{Question: x.question.ID, Reason: qa.Unclear})
		},
		"close the lone": func(w *world, s *qa.Service, x scene) error {
			return s.Close(w.ctx, w.moderator, qa.Closure{Question: x.alone.ID, Reason: qa.Unclear})
		},
		"accept": func(w *world, s *qa.Service, x scene) error { return s.Accept(w.ctx, w.author, x.answer.ID) },
		"reply": func(w *world, s *qa.Service, x scene) error {
			return failure(s.Answer(w.ctx, w.outsider, qa.NewAnswer{Question: x.question.ID, Body: "Testo"}))
		},
		"reply to the lone": func(w *world, s *qa.Service, x scene) error {
			return failure(s.Answer(w.ctx, w.outsider, qa.NewAnswer{Question: x.alone.ID, Body: "Testo"}))
		},
		"comment": func(w *world, s *qa.Service, x scene) error {
			return failure(s.Comment(w.ctx, w.outsider, qa.NewComment{Post: ofAnswer(x.answer), Body: "Testo"}))
		},
		"merge": func(w *world, s *qa.Service, x scene) error {
			return s.Merge(w.ctx, w.moderator, qa.Merge{From: x.question.ID, Into: x.alone.ID})
		},
		"suggest": func(w *world, s *qa.Service, x scene) error {
			return failure(s.Suggest(w.ctx, w.outsider, qa.PostEdit{Post: ofAnswer(x.answer), Version: 1, Body: "Proposta"}))
		},
		"approve": func(w *world, s *qa.Service, x scene) error {
			return failure(s.Approve(w.ctx, w.author, x.suggestion.ID))
		},
		"decline": func(w *world, s *qa.Service, x scene) error {
			return s.Decline(w.ctx, w.moderator, x.suggestion.ID, "No")
		},
		"vote": func(w *world, s *qa.Service, x scene) error {
			return failure(s.Vote(w.ctx, w.outsider, ofAnswer(x.answer), qa.For))
		},
	}
	for _, c := range []struct {
		one, other string
		want       error
		then       func(w *world, x scene)
	}{
		{"edit the answer", "correct the answer", storage.ErrConflict, nil},
		{"edit the question", "correct the question", storage.ErrConflict, nil},
		{"correct the answer", "edit the answer", storage.ErrConflict, nil},
		{"edit the answer", "close", nil, nil},
		{"edit the answer", "delete the answer", qa.ErrRemoved, nil},
		{"edit the answer", "purge the answer", qa.ErrRemoved, func(w *world, x scene) { require.Empty(w, w.answer(x.answer.ID).Body) }},
		{"edit the answer", "accept", nil, func(w *world, x scene) {
			require.Len(w, w.named(qa.EventModified), 1, "it was accepted as it was before")
		}},
		{"edit the answer", "approve", storage.ErrConflict, nil},
		{"edit the answer", "merge", storage.ErrConflict, nil}, // its version moved
		{"edit the answer", "vote", nil, func(w *world, x scene) { require.Equal(w, 1, w.answer(x.answer.ID).Votes.Up) }},
		{"edit the answer", "comment", nil, func(w *world, x scene) { require.Equal(w, 2, w.answer(x.answer.ID).Comments) }},
		{"approve", "edit the answer", storage.ErrConflict, func(w *world, x scene) { require.Equal(w, "Dell'autore", w.answer(x.answer.ID).Body) }},
		{"approve", "decline", qa.ErrDecided, func(w *world, x scene) { require.Equal(w, x.answer.Body, w.answer(x.answer.ID).Body) }},
		{"approve", "approve", qa.ErrDecided, func(w *world, x scene) { require.Equal(w, 2, w.answer(x.answer.ID).Text.Revision) }},
		{"approve", "hide the answer", qa.ErrRemoved, nil},
		{"approve", "purge the answer", qa.ErrRemoved, nil},
		{"approve", "merge", nil, func(w *world, x scene) { require.Equal(w, x.alone.ID, w.answer(x.answer.ID).Question) }},
		{"decline", "approve", qa.ErrDecided, nil},
		{"decline", "decline", nil, func(w *world, x scene) { require.Len(w, w.named(qa.EventDecided), 1) }},
		{"suggest", "edit the answer", storage.ErrConflict, nil},
		{"suggest", "hide the answer", qa.ErrRemoved, nil},
		{"suggest", "hide the question", storage.ErrNotFound, nil},
		{"delete the answer", "edit the answer", nil, func(w *world, x scene) { require.Equal(w, "Dell'autore", w.answer(x.answer.ID).Body) }},
		{"delete the answer", "hide the answer", nil, func(w *world, x scene) { require.Equal(w, qa.Hidden, w.answer(x.answer.ID).Removal.State) }},
		{"delete the answer", "purge the answer", nil, func(w *world, x scene) { require.Equal(w, qa.Purged, w.answer(x.answer.ID).Removal.State) }},
		{"delete the answer", "accept", nil, func(w *world, x scene) {
			require.Zero(w, w.question(x.question.ID).Acceptance, "what is gone is not accepted")
			require.Len(w, w.named(qa.EventUnaccepted), 1)
		}},
		{"accept", "delete the answer", qa.ErrRemoved, func(w *world, x scene) { require.Zero(w, w.question(x.question.ID).Acceptance) }},
		{"accept", "hide the answer", qa.ErrRemoved, func(w *world, x scene) { require.Zero(w, w.question(x.question.ID).Acceptance) }},
		{"accept", "edit the answer", nil, func(w *world, x scene) {
			require.Equal(w, 2, w.question(x.question.ID).Acceptance.Revision, "as it is then")
		}},
		{"delete the answer", "merge", nil, func(w *world, x scene) { require.Equal(w, qa.Deleted, w.answer(x.answer.ID).Removal.State) }},
		{"delete the question", "reply to the lone", qa.ErrAnswered, nil},
		{"delete the question", "edit the question", nil, func(w *world, x scene) { require.Equal(w, qa.Deleted, w.question(x.alone.ID).Removal.State) }},
		{"delete the question", "hide the lone", nil, func(w *world, x scene) { require.Equal(w, qa.Hidden, w.question(x.alone.ID).Removal.State) }},
		{"restore", "hide the removed", auth.ErrDenied, func(w *world, x scene) { require.Equal(w, qa.Hidden, w.answer(x.away.ID).Removal.State) }},
		{"restore", "purge the removed", auth.ErrDenied, func(w *world, x scene) { require.Equal(w, qa.Purged, w.answer(x.away.ID).Removal.State) }},
		{"purge the answer", "edit the answer", nil, func(w *world, x scene) { require.Empty(w, w.answer(x.answer.ID).Body) }},
		{"purge the answer", "merge", nil, func(w *world, x scene) {
			require.Equal(w, qa.Purged, w.answer(x.answer.ID).Removal.State, "where it went")
		}},
		{"purge the question", "reply", nil, func(w *world, x scene) {
			answers, _, err := w.store.QA().Below(w.ctx, x.question.ID)
			require.NoError(w, err)
			require.Len(w, answers, 3)
			for _, a := range answers {
				require.Empty(w, a.Body)
			}
		}},
		{"purge the question", "comment", nil, func(w *world, x scene) {
			_, comments, err := w.store.QA().Below(w.ctx, x.question.ID)
			require.NoError(w, err)
			for _, c := range comments {
				require.Empty(w, c.Body)
			}
		}},
		{"purge the question", "accept", nil, func(w *world, x scene) { require.Zero(w, w.question(x.question.ID).Acceptance) }},
		{"purge the question", "edit the answer", nil, func(w *world, x scene) { require.Empty(w, w.answer(x.answer.ID).Body) }},
		{"reply", "close", qa.ErrClosed, nil},
		{"reply", "merge", qa.ErrClosed, nil},
		{"reply", "hide the question", storage.ErrNotFound, nil},
		{"reply to the lone", "close the lone", qa.ErrClosed, nil},
		{"comment", "hide the answer", qa.ErrRemoved, nil},
		{"comment", "hide the question", storage.ErrNotFound, nil},
		{"comment", "edit the answer", nil, nil},
		{"comment", "close", nil, nil},
		{"comment", "merge", nil, func(w *world, x scene) { require.Equal(w, 2, w.answer(x.answer.ID).Comments) }},
	} {
		w := newWorld(t)
		x := w.setScene(auth.Commons)
		w.pass(time.Minute)
		name := c.one + ", meanwhile " + c.other
		happened := false
		s := w.while(func() {
			happened = true
			require.NoError(t, acts[c.other](w, w.qa, x), name)
		})
		err := acts[c.one](w, s, x)
		require.ErrorIs(t, err, c.want, name)
		var conflict *storage.Conflict
		require.Equal(t, c.want == storage.ErrConflict, errors.As(err, &conflict), "%s: a person is shown what is there now", name)
		require.True(t, happened, name)
		if c.then != nil {
			c.then(w, x)
		}
	}
}

// Of many who do the same at once, one does it, and all is told of once.
func TestTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.setScene(auth.Commons)
	w.accepts(w.author, x.answer.ID)
	for _, err := range together(8, func(i int) error {
		if i%2 == 0 {
			return w.qa.Hide(w.ctx, w.keeper, ofAnswer(x.answer), "Motivo")
		}
		return w.qa.Delete(w.ctx, w.author, ofAnswer(x.answer))
	}) {
		require.NoError(t, err)
	}
	require.Len(t, w.named(qa.EventUnaccepted), 1)
	require.Zero(t, w.question(x.question.ID).Acceptance)

	y := w.setScene(auth.Commons)
	w.accepts(w.author, y.answer.ID)
	edited := 0
	for _, err := range together(8, func(int) error {
		return failure(w.qa.Edit(w.ctx, w.author, qa.PostEdit{Post: ofAnswer(y.answer), Version: 1, Body: "Altro"}))
	}) {
		if err == nil {
			edited++
			continue
		}
		require.ErrorIs(t, err, storage.ErrConflict)
	}
	require.Equal(t, 1, edited)
	require.Len(t, w.named(qa.EventModified), 1)
}

// A decision that is never at rest ends.
func TestDecisionsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	cfg := w.config
	looked := 0
	cfg.Store = restless{cfg.Store, func() {
		looked++
		w.edits(w.author, ofQuestion(q), time.Duration(looked).String())
	}}
	_, err := qa.New(cfg).Answer(w.ctx, w.member, qa.NewAnswer{Question: q.ID, Body: "Testo"})
	require.ErrorIs(t, err, storage.ErrConflict)
	require.Equal(t, 8, looked)
}

// restless is a store in which something happens after each look at a place.
type restless struct {
	qa.Store
	do func()
}

func (r restless) Place(ctx context.Context, q qa.PlaceQuery) (qa.Place, error) {
	defer r.do()
	return r.Store.Place(ctx, q)
}

// The texts that a post had are each given once, though it is edited while they
// are read.
func TestRevisionsWhileEdited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.answers(w.author, w.asks(w.author, qa.NewQuestion{}).ID, "uno")
	cfg, once := w.config, new(sync.Once)
	cfg.Store = restless{cfg.Store, func() { once.Do(func() { w.edits(w.author, ofAnswer(a), "due") }) }}
	revisions, err := qa.New(cfg).Revisions(w.ctx, w.member, ofAnswer(a))
	require.NoError(t, err)
	for i, r := range revisions {
		require.Equal(t, i+1, r.N)
	}
	require.Equal(t, "uno", revisions[len(revisions)-1].Body)
}
