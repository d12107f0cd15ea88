// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

const fortnight = 14 * 24 * time.Hour

// theme is one that the caretaker of the tests coordinates.
var theme = storage.MakeID[qa.Theme]([16]byte{15: 1})

// cares makes somebody the coordinator of the theme.
func cares(user func() auth.UserID) func(*qa.Config) {
	return func(c *qa.Config) {
		c.Caretaker = func(_ context.Context, who auth.Actor, themes []qa.ThemeID) (bool, error) {
			return who.User == user() && slices.Contains(themes, theme), nil
		}
	}
}

// accepted is what was accepted of a question, as kept.
func (w *world) accepted(id qa.QuestionID) qa.Acceptance { return w.question(id).Acceptance }

// names are those of events since so many.
func (w *world) names(since int) []string {
	out := []string{}
	for _, e := range w.events()[since:] {
		out = append(out, e.Name)
	}
	return out
}

// Who may accept, when, and as what.
func TestAccept(t *testing.T) {
	t.Parallel()
	var caretaker auth.Actor
	for name, c := range map[string]struct {
		who   func(w *world) auth.Actor
		after time.Duration
		as    qa.Capacity
		want  error
	}{
		"the asker":              {(*world).writes, 0, qa.Asker, nil},
		"the delegate":           {func(w *world) auth.Actor { return w.outsider }, 0, qa.Delegate, nil},
		"a caretaker":            {func(w *world) auth.Actor { return caretaker }, fortnight, qa.Caretaker, nil},
		"a caretaker, too early": {func(w *world) auth.Actor { return caretaker }, fortnight - time.Hour, 0, qa.ErrTooEarly},
		"a moderator":            {(*world).moderates, fortnight, qa.Caretaker, nil},
		"a moderator, too early": {(*world).moderates, fortnight - time.Hour, 0, qa.ErrTooEarly},
		"anybody else":           {func(w *world) auth.Actor { return w.member }, fortnight, 0, auth.ErrDenied},
		"an observer":            {func(w *world) auth.Actor { return w.observer }, fortnight, 0, auth.ErrDenied},
		"a visitor":              {func(w *world) auth.Actor { return w.visitor }, fortnight, 0, auth.ErrDenied},
	} {
		w := newWorld(t)
		caretaker = w.joins("caretaker", auth.Member, auth.Outsider)
		w.sets(cares(func() auth.UserID { return caretaker.User }))
		q := w.asks(w.author, qa.NewQuestion{Themes: []qa.ThemeID{theme}})
		asked := w.now
		require.NoError(t, w.qa.SetDelegate(w.ctx, w.author, q.ID, w.outsider.User))
		a := w.answers(w.keeper, q.ID)
		w.now = asked.Add(c.after)
		if c.after == 0 {
			w.pass(time.Hour)
		}
		before := len(w.events())
		who := c.who(w)
		who.For = storage.NewID[auth.Org]()
		if who.User.IsZero() {
			who.For = auth.OrgID{}
		}
		err := w.qa.Accept(w.ctx, who, a.ID)
		require.ErrorIs(t, err, c.want, name)
		if c.want != nil {
			require.Zero(t, w.accepted(q.ID), name)
			require.Empty(t, w.names(before), name)
			continue
		}
		require.Equal(t, qa.Acceptance{Answer: a.ID, Revision: 1, By: who.By(), Capacity: c.as, At: w.now}, w.accepted(q.ID), name)
		require.Equal(t, []string{qa.EventAccepted}, w.names(before), name)
		require.Equal(t, qa.Event{By: who.By(), Question: q.ID, Answer: a.ID, Capacity: c.as}, w.last().payload, name)
	}
}

// Whoever coordinates other themes is no caretaker, and who says nothing of
// caretakers has none but moderators.
func TestAcceptCaretakerOfOtherThemes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sets(cares(func() auth.UserID { return w.outsider.User }))
	a := w.answers(w.member, w.asks(w.author, qa.NewQuestion{}).ID)
	w.pass(fortnight)
	require.ErrorIs(t, w.qa.Accept(w.ctx, w.outsider, a.ID), auth.ErrDenied)
	w.sets(func(c *qa.Config) { c.Caretaker = nil; c.AcceptAfter = -1 })
	require.ErrorIs(t, w.qa.Accept(w.ctx, w.outsider, a.ID), auth.ErrDenied)
	b := w.answers(w.member, w.asks(w.author, qa.NewQuestion{}).ID)
	require.NoError(t, w.qa.Accept(w.ctx, w.keeper, b.ID), "at once")
}

// S-accept-switch: one un-accept and one accept event, and the same again is
// nothing.
func TestScenarioAcceptSwitch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a, b := w.answers(w.member, q.ID), w.answers(w.outsider, q.ID)
	w.accepts(w.author, a.ID)
	before := len(w.events())
	w.accepts(w.author, a.ID)
	require.Empty(t, w.names(before))
	require.Equal(t, a.ID, w.accepted(q.ID).Answer)
	c := &counted{Store: w.store.QA()}
	w.sets(func(cfg *qa.Config) { cfg.Store = c })
	w.accepts(w.author, b.ID)
	require.Equal(t, []string{"qa.QuestionAt", "qa.AnswerAt", "storage.Event", "qa.Accept", "storage.Event"}, c.changes, "in one Apply")
	events := w.events()[before:]
	require.Equal(t, []string{qa.EventUnaccepted, qa.EventAccepted}, w.names(before))
	require.Equal(t, []qa.AnswerID{a.ID, b.ID}, []qa.AnswerID{events[0].payload.Answer, events[1].payload.Answer})
	require.Equal(t, b.ID, w.accepted(q.ID).Answer)
	require.Equal(t, []qa.AnswerID{b.ID, a.ID}, answerIDs(w.page(w.visitor, q.ID)))
}

// Two who switch at once leave one accepted, and for each acceptance but it one
// that was taken back.
func TestAcceptRaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	var answers []qa.Answer
	for range 8 {
		answers = append(answers, w.answers(w.member, q.ID))
	}
	for _, err := range together(len(answers), func(i int) error { return w.qa.Accept(w.ctx, w.author, answers[i].ID) }) {
		if err != nil {
			require.ErrorIs(t, err, storage.ErrConflict)
		}
	}
	accepted, unaccepted := w.named(qa.EventAccepted), w.named(qa.EventUnaccepted)
	require.Len(t, unaccepted, len(accepted)-1)
	for i, e := range unaccepted {
		require.Equal(t, accepted[i].payload.Answer, e.payload.Answer)
	}
	require.Equal(t, accepted[len(accepted)-1].payload.Answer, w.accepted(q.ID).Answer)
}

// What happens between the decision and the writing is decided on again.
func TestAcceptInBetween(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens func(w *world, q qa.Question, a qa.Answer)
		want    error
		then    func(w *world, q qa.Question, a qa.Answer)
	}{
		"edited": {func(w *world, q qa.Question, a qa.Answer) { w.edits(w.member, ofAnswer(a), "Tutt'altra cosa") }, nil,
			func(w *world, q qa.Question, a qa.Answer) {
				require.Equal(w, 2, w.accepted(q.ID).Revision, "as it reads now")
			}},
		"hidden": {func(w *world, q qa.Question, a qa.Answer) {
			require.NoError(w, w.qa.Hide(w.ctx, w.moderator, ofAnswer(a), "Motivo"))
		}, qa.ErrRemoved, nil},
		"deleted": {func(w *world, q qa.Question, a qa.Answer) {
			require.NoError(w, w.qa.Delete(w.ctx, w.member, ofAnswer(a)))
		}, qa.ErrRemoved, nil},
		"question hidden": {func(w *world, q qa.Question, a qa.Answer) {
			require.NoError(w, w.qa.Hide(w.ctx, w.moderator, ofQuestion(q), "Motivo"))
		}, qa.ErrRemoved, nil},
		"closed": {func(w *world, q qa.Question, a qa.Answer) { w.closes(q.ID, qa.Obsolete) }, qa.ErrClosed, nil},
		"merged": {func(w *world, q qa.Question, a qa.Answer) { w.merges(q.ID, w.asks(w.outsider, qa.NewQuestion{}).ID) }, auth.ErrDenied, nil},
		"another asker": {func(w *world, q qa.Question, a qa.Answer) {
			require.NoError(w, w.qa.Attribute(w.ctx, w.coordinator, ofQuestion(q), w.outsider.By(), "Suo"))
		}, auth.ErrDenied, nil},
	} {
		w := newWorld(t)
		q := w.asks(w.author, qa.NewQuestion{})
		a := w.answers(w.member, q.ID)
		f := w.while(func() { c.happens(w, q, a) })
		require.ErrorIs(t, f.Accept(w.ctx, w.author, a.ID), c.want, name)
		if c.want != nil {
			require.Empty(t, w.named(qa.EventAccepted), name)
		}
		if c.then != nil {
			c.then(w, q, a)
		}
	}
}

// An answer that was modified is accepted again as it reads now, without being
// taken back.
func TestAcceptAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.member, q.ID)
	w.accepts(w.author, a.ID)
	w.edits(w.member, ofAnswer(a), "Sono 221.000 euro")
	before := len(w.events())
	w.accepts(w.author, a.ID)
	require.Empty(t, w.names(before), "no word nor figure has changed")
	require.Equal(t, 1, w.accepted(q.ID).Revision)
	w.edits(w.member, ofAnswer(a), "Sono 215.000 euro")
	before = len(w.events())
	w.accepts(w.author, a.ID)
	require.Equal(t, []string{qa.EventAccepted}, w.names(before))
	require.Equal(t, 3, w.accepted(q.ID).Revision)
}

// A caretaker says nothing against what the asker said lately.
func TestAcceptAgainstTheAsker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a, b := w.answers(w.member, q.ID), w.answers(w.outsider, q.ID)
	w.pass(fortnight)
	w.accepts(w.keeper, a.ID)
	w.accepts(w.keeper, b.ID)
	require.NoError(t, w.qa.Unaccept(w.ctx, w.keeper, q.ID), "what no asker said")
	w.accepts(w.author, a.ID)
	for _, call := range []func() error{
		func() error { return w.qa.Accept(w.ctx, w.keeper, b.ID) },
		func() error { return w.qa.Unaccept(w.ctx, w.keeper, q.ID) },
		func() error { return w.qa.MarkUseful(w.ctx, w.keeper, b.ID, true) },
	} {
		require.ErrorIs(t, call(), qa.ErrTooEarly)
	}
	w.pass(fortnight)
	w.accepts(w.keeper, b.ID)
	w.accepts(w.author, a.ID)
}

// Who keeps order does not accept what they wrote, unless they asked.
func TestAcceptOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	own, other := w.answers(w.keeper, q.ID), w.answers(w.author, q.ID)
	w.pass(fortnight)
	require.ErrorIs(t, w.qa.Accept(w.ctx, w.keeper, own.ID), qa.ErrOwn)
	require.ErrorIs(t, w.qa.MarkUseful(w.ctx, w.keeper, own.ID, true), qa.ErrOwn)
	w.accepts(w.author, other.ID)
	require.Equal(t, qa.Asker, w.accepted(q.ID).Capacity)
}

// A delegate speaks for the asker, and not for what they wrote themselves.
func TestDelegateAcceptsOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	own, other := w.answers(w.outsider, q.ID), w.answers(w.member, q.ID)
	require.NoError(t, w.qa.SetDelegate(w.ctx, w.author, q.ID, w.outsider.User))
	require.ErrorIs(t, w.qa.Accept(w.ctx, w.outsider, own.ID), qa.ErrOwn)
	require.ErrorIs(t, w.qa.MarkUseful(w.ctx, w.outsider, own.ID, true), qa.ErrOwn)
	w.accepts(w.outsider, other.ID)
	require.Equal(t, qa.Delegate, w.accepted(q.ID).Capacity)
}

// S25: nobody accepts where they may not read, nor what is not theirs to
// settle, nor where it is closed.
func TestScenarioS25(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sets(cares(func() auth.UserID { return w.outsider.User }))
	r := w.reserves(w.author, qa.NewQuestion{Themes: []qa.ThemeID{theme}})
	a := w.answers(w.member, r.ID)
	w.accepts(w.author, a.ID)
	w.pass(fortnight)
	for _, who := range []auth.Actor{w.outsider, w.keeper, w.stranger, w.observer} {
		for _, id := range []qa.AnswerID{a.ID, storage.NewID[qa.Answer]()} {
			err := w.qa.Accept(w.ctx, who, id)
			require.Equal(t, (&storage.Error{Op: "qa.Accept", Object: "answer " + id.String(), Err: storage.ErrNotFound}).Error(), err.Error())
		}
		require.ErrorIs(t, w.qa.Unaccept(w.ctx, who, r.ID), storage.ErrNotFound)
		require.ErrorIs(t, w.qa.MarkUseful(w.ctx, who, a.ID, true), storage.ErrNotFound)
		require.ErrorIs(t, w.qa.SetDelegate(w.ctx, who, r.ID, who.User), storage.ErrNotFound)
	}
	require.Equal(t, a.ID, w.accepted(r.ID).Answer)
	require.ErrorIs(t, w.qa.Accept(w.ctx, w.visitor, a.ID), auth.ErrDenied)

	q := w.asks(w.author, qa.NewQuestion{})
	b := w.answers(w.member, q.ID)
	require.ErrorIs(t, w.qa.Accept(w.ctx, w.member, b.ID), auth.ErrDenied, "who answered")
	w.closes(q.ID, qa.Obsolete)
	require.ErrorIs(t, w.qa.Accept(w.ctx, w.author, b.ID), qa.ErrClosed)
	w.pass(fortnight)
	w.accepts(w.keeper, b.ID) // moderators settle what is closed
	require.ErrorIs(t, w.qa.Unaccept(w.ctx, w.author, q.ID), qa.ErrClosed)
	require.Equal(t, b.ID, w.accepted(q.ID).Answer)
}

func TestUnaccept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.member, q.ID)
	before := len(w.events())
	require.NoError(t, w.qa.Unaccept(w.ctx, w.author, q.ID))
	require.Empty(t, w.names(before), "nothing was")
	w.accepts(w.author, a.ID)
	require.ErrorIs(t, w.qa.Unaccept(w.ctx, w.member, q.ID), auth.ErrDenied)
	require.NoError(t, w.qa.Unaccept(w.ctx, w.author, q.ID))
	require.NoError(t, w.qa.Unaccept(w.ctx, w.author, q.ID))
	require.Equal(t, []string{qa.EventAccepted, qa.EventUnaccepted}, w.names(before))
	require.Zero(t, w.accepted(q.ID))
}

func TestMarkUseful(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a, b := w.answers(w.member, q.ID), w.answers(w.outsider, q.ID)
	before := len(w.events())
	for _, id := range []qa.AnswerID{a.ID, b.ID, a.ID} {
		require.NoError(t, w.qa.MarkUseful(w.ctx, w.author, id, true))
	}
	require.True(t, w.answer(a.ID).Useful && w.answer(b.ID).Useful, "any number of them")
	require.NoError(t, w.qa.MarkUseful(w.ctx, w.author, a.ID, false))
	require.False(t, w.answer(a.ID).Useful)
	require.Equal(t, []string{qa.EventUseful, qa.EventUseful, qa.EventUseful}, w.names(before))
	require.ErrorIs(t, w.qa.MarkUseful(w.ctx, w.member, b.ID, false), auth.ErrDenied)
	require.NoError(t, w.qa.Hide(w.ctx, w.moderator, ofAnswer(b), "Motivo"))
	require.ErrorIs(t, w.qa.MarkUseful(w.ctx, w.author, b.ID, false), qa.ErrRemoved)
}

func TestSetDelegate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.reserves(w.author, qa.NewQuestion{})
	a := w.answers(w.moderator, q.ID)
	before := len(w.events())
	for _, c := range []struct {
		who  auth.Actor
		to   auth.UserID
		want error
	}{
		{w.member, w.member.User, auth.ErrDenied},
		{w.moderator, w.member.User, auth.ErrDenied},
		{w.author, w.author.User, storage.ErrInvalid},
		{w.author, w.outsider.User, storage.ErrInvalid},
		{w.author, storage.NewID[auth.User](), storage.ErrInvalid},
	} {
		err := w.qa.SetDelegate(w.ctx, c.who, q.ID, c.to)
		if require.ErrorIs(t, err, c.want); c.want == storage.ErrInvalid {
			invalid(t, err, "delegate", storage.CodeUnknown)
		}
	}
	require.Empty(t, w.names(before))
	for range 2 {
		require.NoError(t, w.qa.SetDelegate(w.ctx, w.author, q.ID, w.member.User))
	}
	require.Equal(t, []auth.UserID{w.member.User}, w.last().payload.Users)
	w.accepts(w.member, a.ID)
	require.NoError(t, w.qa.SetDelegate(w.ctx, w.author, q.ID, auth.UserID{}))
	require.Equal(t, []string{qa.EventDelegated, qa.EventAccepted, qa.EventDelegated}, w.names(before))
	require.ErrorIs(t, w.qa.Unaccept(w.ctx, w.member, q.ID), auth.ErrDenied)
	require.Equal(t, a.ID, w.accepted(q.ID).Answer, "what they said stands")
}
