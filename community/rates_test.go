// SPDX-License-Identifier: BSD-3-Clause

package community_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// A talk is a topic in which members reply as often as they may.
type talk struct {
	*testing.T
	c     *community.Community
	now   time.Time
	said  atomic.Int32
	topic forum.TopicID
}

// newTalk is one of members who have just joined.
func newTalk(t *testing.T, rates community.Rates, members ...auth.Actor) *talk {
	w := &talk{T: t, now: june}
	w.c = community.New(community.Config{
		Store: memory.New(), Rates: rates, Clock: func() time.Time { return w.now },
		Membership: membership.Config{Plan: membership.Plan{membership.Phase{
			Name: "open", Audience: auth.CommunityMembers,
			Allows: map[membership.Category][]auth.Action{membership.Expert: community.MemberActions()},
		}.Widen(membership.Open, membership.Expert)}},
		Rights: community.Rights{
			forum.See: auth.Observer, forum.Read: auth.Observer, forum.Manage: auth.Member,
			forum.Start: auth.Member, forum.Say: auth.Member, forum.React: auth.Member,
		},
	})
	for _, who := range members {
		_, err := w.c.Membership.Apply(t.Context(), who, membership.NewApplication{Category: membership.Expert, Text: "Sono esperta."})
		require.NoError(t, err)
	}
	b, err := w.c.Forum.OpenBoard(t.Context(), members[0], forum.NewBoard{Area: auth.Commons, Audience: auth.CommunityMembers, Name: "Appalti"})
	require.NoError(t, err)
	topic, err := w.c.Forum.StartTopic(t.Context(), members[0], forum.NewTopic{Board: b.ID, Title: "Clausole", Body: "Quali?"})
	require.NoError(t, err)
	w.topic = topic.ID
	return w
}

func (w *talk) say(c *community.Community, who auth.Actor) error {
	_, err := c.Forum.Reply(w.Context(), who, forum.NewReply{Topic: w.topic, Body: fmt.Sprint("Risposta ", w.said.Add(1))})
	return err
}

func TestRates(t *testing.T) {
	t.Parallel()
	other := auth.Actor{User: storage.NewID[auth.User]()}
	w := newTalk(t, community.Rates{
		forum.Say: {Newcomer: community.Rate{Times: 2, Per: time.Hour}, Member: community.Rate{Times: 6, Per: time.Hour}},
	}, someone, other)
	var limited *auth.Limited

	require.NoError(t, w.say(w.c, someone))
	require.NoError(t, w.say(w.c, someone))
	require.ErrorAs(t, w.say(w.c, someone), &limited)
	assert.Equal(t, 30*time.Minute, limited.After, "tighter for newcomers")
	require.NoError(t, w.say(w.c, other), "each has a pace of their own")

	w.now = w.now.AddDate(0, 1, 0)
	for range 6 {
		require.NoError(t, w.say(w.c, someone))
	}
	require.ErrorAs(t, w.say(w.c, someone), &limited)
	assert.Equal(t, auth.Limited{Action: forum.Say, After: 10 * time.Minute}, *limited)
	require.ErrorAs(t, w.say(w.c, someone), &limited)
	assert.Equal(t, 10*time.Minute, limited.After, "what was refused is not counted")

	w.now = w.now.Add(10*time.Minute - time.Microsecond)
	require.ErrorIs(t, w.say(w.c, someone), auth.ErrLimited)
	w.now = w.now.Add(time.Microsecond)
	require.NoError(t, w.c.Atomic(t.Context(), func(ctx context.Context, c *community.Community) error {
		_, err := c.Forum.Reply(ctx, someone, forum.NewReply{Topic: w.topic, Body: "in un'unità"})
		return err
	}))
	require.ErrorIs(t, w.say(w.c, someone), auth.ErrLimited, "one at a time, in whatever unit")
}

func TestRatesCountThoseAtOnce(t *testing.T) {
	t.Parallel()
	w := newTalk(t, community.Rates{forum.Say: {Member: community.Rate{Times: 10, Per: time.Hour}}}, someone) // of newcomers too
	var passed atomic.Int32
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			if w.say(w.c, someone) == nil {
				passed.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 10, passed.Load())
}

func TestTheZeroRateIsNoLimit(t *testing.T) {
	t.Parallel()
	w := newTalk(t, community.Rates{forum.Say: {}}, someone)
	for range 50 {
		require.NoError(t, w.say(w.c, someone))
	}
}
