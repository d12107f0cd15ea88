// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

func (w *world) export(who auth.Actor) []qa.Exported {
	w.Helper()
	var out []qa.Exported
	for e, err := range w.qa.Export(w.ctx, who.User) {
		require.NoError(w, err)
		out = append(out, e)
	}
	return out
}

// Everything that is held of a person is in their export, and nothing that
// others wrote.
func TestExport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	me := w.author
	me.For = storage.NewID[auth.Org]()
	q := w.asks(me, qa.NewQuestion{Title: "Mia", Body: "uno", Tags: []string{"soglie"}})
	asked := w.now
	edited := w.edits(w.author, ofQuestion(q), "due")
	others := w.asks(w.member, qa.NewQuestion{Title: "Altrui", Body: "non mio"})
	secret := w.reserves(w.member, qa.NewQuestion{Title: "Segreta"})
	a := w.answers(w.author, secret.ID, "mia risposta")
	c := w.comments(w.author, ofQuestion(others), "mio commento")
	commented := w.now
	b := w.answers(w.member, q.ID, "non mia")
	w.accepts(w.author, b.ID)
	accepted := w.now
	w.votes(w.author, ofAnswer(b), qa.For)
	sg := w.suggests(w.author, ofQuestion(others), "mia proposta")
	require.NoError(t, w.qa.SetDelegate(w.ctx, w.member, others.ID, w.author.User))
	require.NoError(t, w.qa.Delete(w.ctx, w.author, ofComment(c)))
	require.NoError(t, w.qa.Close(w.ctx, w.author, qa.Closure{Question: q.ID, Reason: qa.Obsolete, Why: "Risolta"}))
	offered := w.asks(w.member, qa.NewQuestion{Title: "Offerta"})
	require.NoError(t, w.store.Apply(w.ctx, qa.SetOffers{Question: offered.ID, Users: []auth.UserID{w.author.User}}))
	w.stands(w.author, auth.Member, auth.Outsider) // has left the group
	got := w.export(w.author)
	want := []qa.Exported{
		{Kind: "question", Question: q.ID, Title: "Mia", Body: "due", Tags: q.Tags, Why: "correzione", N: 2, At: edited.Question.Text.EditedAt},
		{Kind: "closing", Question: q.ID, Title: "Mia", Why: "Risolta", Reason: qa.Obsolete, At: w.now},
		{Kind: "acceptance", Question: q.ID, Answer: b.ID, Title: "Mia", Capacity: qa.Asker, At: accepted},
		{Kind: "revision", Question: q.ID, For: me.For, Title: "Mia", Body: "uno", Tags: q.Tags, N: 1, At: asked},
		{Kind: "delegate", Question: others.ID, Title: "Altrui"},
		{Kind: "comment", Question: others.ID, Comment: c.ID, Title: "Altrui", Body: "mio commento", N: 1, At: commented},
		{Kind: "removal", Question: others.ID, Comment: c.ID, Title: "Altrui", At: w.now},
		{Kind: "answer", Question: secret.ID, Answer: a.ID, Body: "mia risposta", N: 1, At: a.CreatedAt},
		{Kind: "suggestion", Question: others.ID, Suggestion: sg.ID, Title: "Altrui", Body: "mia proposta", Why: "correzione", At: sg.At},
		{Kind: "vote", Question: q.ID, Answer: b.ID, Value: qa.For, At: w.now},
		{Kind: "offer", Question: offered.ID},
	}
	for i, e := range got {
		if e.Kind == "vote" || e.Kind == "removal" || e.Kind == "closing" {
			got[i].At = w.now // not what is tested here
		}
	}
	require.ElementsMatch(t, want, got)
	require.Empty(t, w.export(w.stranger))
}

func TestExportStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	w.suggests(w.author, ofQuestion(w.asks(w.member, qa.NewQuestion{})), "altro")
	w.votes(w.author, ofAnswer(w.answers(w.member, q.ID)), qa.For)
	require.NoError(t, w.store.Apply(w.ctx, qa.SetOffers{Question: w.asks(w.member, qa.NewQuestion{}).ID, Users: []auth.UserID{w.author.User}}))
	for n := 1; n <= len(w.export(w.author)); n++ {
		seen := 0
		for range w.qa.Export(w.ctx, w.author.User) {
			if seen++; seen == n {
				break
			}
		}
		require.Equal(t, n, seen)
	}
}

// everywhere lets a person be in every place where a person can be, and returns
// the posts.
func (w *world) everywhere(who auth.Actor) []qa.Post {
	name := "@author "
	mine := w.asks(who, qa.NewQuestion{Title: "Titolo mio", Body: name + "Parole mie", Tags: []string{"soglie"}})
	w.edits(who, ofQuestion(mine), "Parole mie nuove")
	answered := w.answers(w.member, mine.ID, name+"Altrui")
	w.accepts(who, answered.ID)
	w.votes(who, ofAnswer(answered), qa.For)
	w.edits(who, ofQuestion(mine), "Parole mie nuovissime")
	theirs := w.asks(w.member, qa.NewQuestion{Body: "Altrui " + name})
	w.edits(w.member, ofAnswer(w.answers(w.member, theirs.ID, "Altrui "+name)), "Altrui, e di nessuno")
	a := w.answers(who, theirs.ID, "Parole mie")
	w.edits(w.moderator, ofAnswer(a), "Altrui "+name)
	c := w.comments(who, ofAnswer(answered), "Parole mie")
	w.comments(w.member, ofAnswer(a), name)
	w.accepts(w.member, a.ID)
	w.suggests(who, ofQuestion(theirs), "Parole mie proposte")
	sg := w.suggests(who, ofAnswer(answered), "Parole mie approvate")
	_, err := w.qa.Approve(w.ctx, w.member, sg.ID)
	require.NoError(w, err)
	w.edits(w.member, ofAnswer(answered), "Altrui "+name+" ancora")
	w.suggests(w.keeper, ofAnswer(answered), "Altrui "+auth.Mention(who.User)+" proposta")
	require.NoError(w, w.qa.SetDelegate(w.ctx, w.member, theirs.ID, who.User))
	closed := w.asks(who, qa.NewQuestion{Title: "Titolo mio", Body: "Parole mie"})
	require.NoError(w, w.qa.Close(w.ctx, who, qa.Closure{Question: closed.ID, Reason: qa.Obsolete, Why: "Motivo"}))
	other := w.asks(w.member, qa.NewQuestion{Title: "Altrui"})
	require.NoError(w, w.store.Apply(w.ctx, qa.UpdateQuestion{Question: func() qa.Question { // as a moderator that they once were
		q := w.question(other.ID)
		q.Closing = qa.Closing{Reason: qa.Unclear, At: w.now, By: who.By(), Why: "Parole mie"}
		q.Removal = qa.Removal{State: qa.Hidden, At: w.now, By: who.By(), Why: "Parole mie"}
		return q
	}()}))
	deleted := w.answers(who, theirs.ID, "Parole mie")
	require.NoError(w, w.qa.Delete(w.ctx, who, ofAnswer(deleted)))
	return []qa.Post{ofQuestion(mine), ofQuestion(theirs), ofQuestion(closed), ofAnswer(a), ofAnswer(answered), ofComment(c), ofAnswer(deleted)}
}

// lacks fails if anything that is kept has a word, and shows where.
func (w *world) lacks(word string) {
	w.Helper()
	for line := range strings.Lines(w.dump()) {
		require.NotContains(w, line, word)
	}
}

func TestErase(t *testing.T) {
	t.Parallel()
	for mode := range auth.Redact + 1 {
		w := newWorld(t)
		posts := w.everywhere(w.author)
		mine, theirs, closed, a, answered, deleted := posts[0], posts[1], posts[2], posts[3], posts[4], posts[6]
		require.NoError(t, w.qa.Erase(w.ctx, w.author.User, mode))
		require.NoError(t, w.store.Apply(w.ctx, storage.EraseUser{User: w.author.User.Bytes()}))
		w.lacks(w.author.User.String())
		require.Empty(t, w.export(w.author))
		before := w.dump()
		require.NoError(t, w.qa.Erase(w.ctx, w.author.User, mode))
		require.Equal(t, before, w.dump(), "there is nothing left to do")

		require.Equal(t, qa.Tally{Up: 1}, w.answer(answered.Answer).Votes, "a vote is counted on")
		require.Equal(t, answered.Answer, w.question(mine.Question).Acceptance.Answer, "and what was accepted stays so")
		require.Zero(t, w.question(mine.Question).Acceptance.By)
		require.Zero(t, w.question(theirs.Question).Delegate)
		if mode == auth.Anonymise {
			require.Equal(t, "Parole mie nuovissime", w.entry(mine).Body)
			require.Equal(t, a.Answer, w.question(theirs.Question).Acceptance.Answer)
			require.Equal(t, "Altrui "+auth.Mention(auth.UserID{}), w.entry(a).Body[:len("Altrui ")+len(auth.Mention(auth.UserID{}))])
			continue
		}
		w.lacks("Parole mie")
		require.Equal(t, [2]string{"Titolo mio", ""}, [2]string{w.question(mine.Question).Title, w.question(mine.Question).Body}, "others' answers stand below it")
		require.Equal(t, qa.Visible, w.question(mine.Question).Removal.State)
		require.Equal(t, [2]any{"", qa.Purged}, [2]any{w.question(closed.Question).Title, w.question(closed.Question).Removal.State})
		require.Equal(t, qa.Purged, w.answer(deleted.Answer).Removal.State)
		require.Zero(t, w.question(theirs.Question).Acceptance, "of what is no more")
		require.Contains(t, w.dump(), "Altrui")
	}
}

// S-asker-leaves: the question, its answers and what was accepted stay; a
// caretaker may accept in the asker's stead.
func TestSAskerLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.member, q.ID)
	require.NoError(t, w.qa.Erase(w.ctx, w.author.User, auth.Redact))
	page := w.page(w.visitor, q.ID)
	require.Equal(t, [3]any{q.Title, "", auth.By{}}, [3]any{page.Question.Title, page.Question.Body, page.Question.By})
	require.Equal(t, []qa.AnswerID{a.ID}, answerIDs(page))
	w.pass(15 * 24 * time.Hour)
	w.accepts(w.moderator, a.ID)
	require.Equal(t, qa.Caretaker, w.question(q.ID).Acceptance.Capacity)
	for _, who := range []auth.Actor{w.visitor, w.stranger, w.outsider} {
		require.Error(t, w.qa.Unaccept(w.ctx, who, q.ID))
	}
}

// An erasure that was cut off is run again, and ends as if it had not been.
func TestEraseIsCutOff(t *testing.T) {
	t.Parallel()
	for mode := range auth.Redact + 1 {
		for n := 1; ; n++ {
			w := newWorld(t)
			w.everywhere(w.author)
			left := n
			cfg := w.config
			cfg.Store = broken{cfg.Store, &left}
			err := qa.New(cfg).Erase(w.ctx, w.author.User, mode)
			if err == nil {
				break
			}
			require.ErrorIs(t, err, errBoom)
			require.NoError(t, w.qa.Erase(w.ctx, w.author.User, mode))
			require.NoError(t, w.store.Apply(w.ctx, storage.EraseUser{User: w.author.User.Bytes()}))
			w.lacks(w.author.User.String())
			if mode == auth.Redact {
				w.lacks("Parole mie")
			}
		}
	}
}

// What a merge takes to another question while its author is erased is erased
// there.
func TestEraseWhileMerged(t *testing.T) {
	t.Parallel()
	for mode := range auth.Redact + 1 {
		w := newWorld(t)
		early := w.asks(w.member, qa.NewQuestion{}) // looked at first
		w.answers(w.author, early.ID, "Parole mie, @author")
		late := w.asks(w.author, qa.NewQuestion{Body: "Parole mie"})
		w.answers(w.member, late.ID, "Altrui, @author")
		w.answers(w.author, late.ID, "Parole mie, @author")
		s := w.while(func() { w.merges(late.ID, early.ID) })
		require.NoError(t, s.Erase(w.ctx, w.author.User, mode))
		require.NoError(t, w.store.Apply(w.ctx, storage.EraseUser{User: w.author.User.Bytes()}))
		w.lacks(w.author.User.String())
		if mode == auth.Redact {
			w.lacks("Parole mie")
		}
	}
}

func TestEraseNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.everywhere(w.author)
	before := w.dump()
	invalid(t, w.qa.Erase(w.ctx, auth.UserID{}, auth.Redact), "user", storage.CodeMissing)
	invalid(t, w.qa.Erase(w.ctx, w.author.User, auth.Redact+1), "mode", storage.CodeUnknown)
	require.NoError(t, w.qa.Erase(w.ctx, w.stranger.User, auth.Redact))
	require.Equal(t, before, w.dump())
}

// What fails in an export is told.
func TestExportFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.everywhere(w.author)
	for _, set := range []func(c *qa.Config, left *int){
		func(c *qa.Config, left *int) { c.Store = broken{c.Store, left} },
		func(c *qa.Config, left *int) { c.Auth = ailing{c.Auth, c.People, left} },
	} {
		for n := 1; ; n++ {
			left := n
			cfg := w.config
			set(&cfg, &left)
			var errs []error
			for _, err := range qa.New(cfg).Export(w.ctx, w.author.User) {
				errs = append(errs, err)
			}
			if left > 0 {
				require.False(t, slices.ContainsFunc(errs, func(err error) bool { return err != nil }))
				break
			}
			require.ErrorIs(t, errs[len(errs)-1], errBoom, n)
		}
	}
}

// Nobody is not those who were erased.
func TestExportOfNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := 0
	for e, err := range w.qa.Export(w.ctx, auth.UserID{}) {
		n++
		require.ErrorIs(t, err, storage.ErrInvalid)
		require.Zero(t, e)
	}
	require.Equal(t, 1, n)
}
