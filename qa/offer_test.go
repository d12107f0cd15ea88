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

const day = 24 * time.Hour

// knows makes these the experts of everything.
func knows(experts ...auth.Actor) func(*qa.Config) {
	return func(c *qa.Config) {
		c.Experts = func(context.Context, auth.AreaID, []qa.ThemeID) ([]auth.UserID, error) {
			var out []auth.UserID
			for _, e := range experts {
				out = append(out, e.User)
			}
			return out, nil
		}
	}
}

func (w *world) offers(id qa.QuestionID) []auth.UserID {
	w.Helper()
	users, err := w.store.QA().Offers(w.ctx, id)
	require.NoError(w, err)
	return users
}

func (w *world) offered(who auth.Actor) []qa.QuestionID {
	w.Helper()
	return ids(all(w, func(c storage.Cursor) (storage.Page[qa.Question], error) {
		return w.qa.Offered(w.ctx, who, qa.OfferPage{After: c, Limit: 2})
	}))
}

// Experts are offered a question when it has left the first bucket, for as long
// as nobody has answered, and are sent nothing.
func TestOffered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sets(knows(w.member, w.outsider))
	q := w.asks(w.author, qa.NewQuestion{})
	require.Equal(t, []string{qa.EventAsked}, w.names(0))
	w.pass(day)
	require.Empty(t, w.offered(w.member), "it may still be answered by itself")
	w.pass(1000)
	for _, who := range []auth.Actor{w.member, w.outsider} {
		require.Equal(t, []qa.QuestionID{q.ID}, w.offered(who))
	}
	for _, who := range []auth.Actor{w.visitor, w.author, w.keeper, w.stranger} {
		require.Empty(t, w.offered(who))
	}
	for _, step := range []struct {
		happens func(a qa.Answer)
		there   bool
	}{
		{func(a qa.Answer) {}, false},
		{func(a qa.Answer) { require.NoError(t, w.qa.Hide(w.ctx, w.moderator, ofAnswer(a), "Motivo")) }, true},
		{func(a qa.Answer) { w.closes(q.ID, qa.Obsolete) }, false},
		{func(a qa.Answer) { require.NoError(t, w.qa.Reopen(w.ctx, w.coordinator, q.ID, "")) }, true},
		{func(a qa.Answer) { w.stands(w.member, auth.Outsider, auth.Outsider) }, true},
		{func(a qa.Answer) { require.NoError(t, w.qa.Hide(w.ctx, w.moderator, ofQuestion(q), "Motivo")) }, false},
	} {
		var a qa.Answer
		if answers, _, err := w.store.QA().Below(w.ctx, q.ID); err == nil && len(answers) > 0 {
			a = answers[0]
		} else {
			a = w.answers(w.keeper, q.ID)
		}
		step.happens(a)
		require.Equal(t, step.there, len(w.offered(w.member)) == 1)
	}
}

// Nobody is offered what they may not read, nor what they asked.
func TestOffersToWhoReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sets(knows(w.author, w.outsider, w.stranger, w.member, w.member, auth.Visitor))
	r := w.reserves(w.author, qa.NewQuestion{})
	require.Equal(t, []auth.UserID{w.member.User}, w.offers(r.ID))
	q := w.asks(w.member, qa.NewQuestion{Audience: auth.CommunityMembers})
	require.ElementsMatch(t, []auth.UserID{w.author.User, w.outsider.User}, w.offers(q.ID))
	w.pass(2 * day)
	w.stands(w.member, auth.Member, auth.Outsider)
	require.Empty(t, w.offered(w.member), "who has left the group")
	require.NoError(t, w.qa.Attribute(w.ctx, w.coordinator, ofQuestion(q), w.author.By(), "Suo"))
	require.Equal(t, []auth.UserID{w.outsider.User}, w.offers(q.ID), "it is their own now")
	for n, want := range map[int]int{1: 1, 2: 2, -1: 0, qa.MaxOffers: 4} {
		w.sets(knows(w.outsider, w.keeper, w.moderator, w.coordinator))
		w.sets(func(c *qa.Config) { c.Offers = n })
		require.Len(t, w.offers(w.asks(w.author, qa.NewQuestion{}).ID), want)
	}
	w.sets(func(c *qa.Config) {
		c.Offers = 1
		c.Experts = func(context.Context, auth.AreaID, []qa.ThemeID) ([]auth.UserID, error) { return nil, errBoom }
	})
	_, err := w.qa.Ask(w.ctx, w.author, qa.NewQuestion{Area: auth.Commons, Title: "E ora?", Body: "E ora?"})
	require.ErrorIs(t, err, errBoom)
}

// The load spreads: of ten experts each is offered about as many questions.
func TestOffersSpread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var experts []auth.Actor
	for range 10 {
		e := auth.Actor{User: storage.NewID[auth.User]()}
		w.stands(e, auth.Member, auth.Outsider)
		experts = append(experts, e)
	}
	w.sets(knows(experts...))
	load := map[auth.UserID]int{}
	const n = 300
	for range n {
		chosen := w.offers(w.asks(w.author, qa.NewQuestion{}).ID)
		require.Len(t, chosen, 3)
		for _, id := range chosen {
			load[id]++
		}
	}
	for _, e := range experts { // 90 each; the standard deviation is 8
		require.InDelta(t, n*3/10, load[e.User], 40)
	}
}

func TestTurnDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sets(knows(w.member, w.outsider, w.keeper, w.moderator))
	w.sets(func(c *qa.Config) { c.Offers = 2 })
	q := w.reserves(w.author, qa.NewQuestion{})
	was := w.offers(q.ID)
	require.ElementsMatch(t, []auth.UserID{w.member.User, w.moderator.User}, was)
	w.pass(2 * day)
	before := len(w.events())
	for range 2 {
		require.NoError(t, w.qa.TurnDown(w.ctx, w.member, q.ID))
	}
	require.Empty(t, w.offered(w.member))
	require.Equal(t, []qa.QuestionID{q.ID}, w.offered(w.moderator), "and nobody else instead")
	w.edits(w.author, ofQuestion(q), "Tutt'altro")
	require.Equal(t, []auth.UserID{w.moderator.User}, w.offers(q.ID), "they are not asked twice")
	require.Equal(t, []string{qa.EventEdited}, w.names(before))
	for _, id := range []qa.QuestionID{q.ID, storage.NewID[qa.Question]()} {
		require.ErrorIs(t, w.qa.TurnDown(w.ctx, w.outsider, id), storage.ErrNotFound)
	}
	require.ErrorIs(t, w.qa.TurnDown(w.ctx, w.visitor, q.ID), auth.ErrDenied)
}

// What waited for a moderator is offered when it is let through.
func TestOffersOfWhatWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sets(knows(w.member))
	w.sets(func(c *qa.Config) {
		c.Hold = func(context.Context, auth.Actor, auth.Scope, auth.Action) (bool, error) { return true, nil }
	})
	q := w.asks(w.author, qa.NewQuestion{})
	w.pass(2 * day)
	require.Empty(t, w.offered(w.member))
	require.NoError(t, w.qa.Restore(w.ctx, w.moderator, ofQuestion(q)))
	require.Equal(t, []qa.QuestionID{q.ID}, w.offered(w.member))
}

// The bucket of a question is that in whose list it is.
func TestBucket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	asked := q.CreatedAt
	for _, c := range []struct {
		age  time.Duration
		want int
	}{{0, 0}, {day, 0}, {day + 1000, 1}, {3 * day, 1}, {4 * day, 2}, {8 * day, 3}, {30 * day, 3}, {31 * day, 4}, {1000 * day, 4}} {
		w.now = asked.Add(c.age)
		require.Equal(t, c.want, w.qa.Bucket(q), c.age)
		for bucket := 1; bucket <= 4; bucket++ {
			listed := slices.Contains(ids(w.list(w.visitor, qa.QuestionFilter{Unanswered: true, Bucket: bucket})), q.ID)
			require.Equal(t, bucket <= c.want, listed, "%v in %d", c.age, bucket)
		}
	}
	w.answers(w.member, q.ID)
	require.Zero(t, w.qa.Bucket(w.question(q.ID)))
	w.sets(func(c *qa.Config) { c.Ages = []time.Duration{} })
	w.sets(knows(w.member))
	other := w.asks(w.author, qa.NewQuestion{})
	require.Zero(t, w.qa.Bucket(other))
	require.Equal(t, []qa.QuestionID{other.ID}, w.offered(w.member), "without buckets at once")
}
