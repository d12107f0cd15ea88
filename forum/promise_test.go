// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
)

// promising makes a forum promise no more than most says.
func promising(most *auth.Audience) func(*forum.Config) {
	return func(c *forum.Config) {
		c.Promise = func(context.Context) (auth.Audience, error) { return *most, nil }
	}
}

// A new topic is promised to what the board says, or less: to what may be
// promised now, or to what its author chose.
func TestPromise(t *testing.T) {
	t.Parallel()
	const none, area, community, public = auth.Audience(0), auth.AreaMembers, auth.CommunityMembers, auth.Public
	for _, c := range []struct{ board, most, chosen, want auth.Audience }{
		{public, public, none, public},
		{public, community, none, community},
		{public, area, none, area},
		{public, none, none, area}, // nobody at all is no audience
		{community, public, none, community},
		{area, community, none, area},

		{public, public, area, area},
		{public, community, community, community},
		{public, community, area, area},
		{public, community, public, none}, // refused
		{public, area, community, none},
		{community, public, public, none},
	} {
		most := public
		w := newWorld(t, promising(&most))
		b := w.opens(forum.NewBoard{Area: auth.Commons, Audience: public, Promise: c.board})
		most = c.most
		before := w.dump()
		topic, err := w.forum.StartTopic(w.ctx, w.author, forum.NewTopic{Board: b.ID, Title: "Titolo", Body: "Testo", Audience: c.chosen})
		if c.want == none {
			invalid(t, err, "audience", forum.CodeWider)
			require.Equal(t, before, w.dump(), c)
			continue
		}
		require.NoError(t, err, c)
		require.Equal(t, [2]auth.Audience{c.want, c.want}, [2]auth.Audience{topic.Audience, w.topic(topic.ID).Audience}, c)
		require.EqualValues(t, c.want, w.last().Audience, "the event is promised to no more: %v", c)
	}
}

// What was promised stays so, whatever may be promised later; and neither a
// split nor a move shows anything to more people.
func TestPromiseStays(t *testing.T) {
	t.Parallel()
	const area, community, public = auth.AreaMembers, auth.CommunityMembers, auth.Public
	for _, c := range []struct{ then, now, split, moved auth.Audience }{
		{community, public, community, community},
		{area, public, area, area},
		{public, community, community, public}, // of what is new, less; what was public stays so
		{public, public, public, public},
	} {
		most := c.then
		w := newWorld(t, promising(&most))
		topic := w.starts(w.author, forum.NewTopic{})
		r := w.replies(w.member, forum.NewReply{Topic: topic.ID})
		most = c.now
		require.Equal(t, c.then, w.topic(topic.ID).Audience, c)
		apart := w.splits(topic.ID, r)
		require.Equal(t, [2]auth.Audience{c.split, c.then}, [2]auth.Audience{apart.Audience, w.topic(topic.ID).Audience}, c)
		other := w.opens(forum.NewBoard{Area: auth.Commons, Audience: public})
		require.NoError(t, w.forum.Move(w.ctx, w.moderator, forum.Move{Topic: topic.ID, To: other.ID, Widen: true}))
		require.Equal(t, c.moved, w.topic(topic.ID).Audience, c)
	}
}

// A board may promise more than may be promised now: it does so when its time
// comes.
func TestPromiseIsAskedEachTime(t *testing.T) {
	t.Parallel()
	most := auth.CommunityMembers
	w := newWorld(t, promising(&most))
	require.Equal(t, auth.Public, w.open.Promise)
	require.Equal(t, auth.CommunityMembers, w.starts(w.author, forum.NewTopic{}).Audience)
	most = auth.Public
	require.Equal(t, auth.Public, w.starts(w.author, forum.NewTopic{}).Audience)
}

func TestPromiseUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	r := w.replies(w.author, forum.NewReply{Topic: topic.ID})
	w.config.Promise = func(context.Context) (auth.Audience, error) { return auth.Public, errBoom }
	w.forum = forum.New(w.config)
	before := w.dump()
	_, err := w.forum.StartTopic(w.ctx, w.author, forum.NewTopic{Board: w.open.ID, Title: "Titolo", Body: "Testo"})
	require.ErrorIs(t, err, errBoom)
	_, err = w.forum.Split(w.ctx, w.moderator, forum.Split{
		Topic: topic.ID, Version: w.topic(topic.ID).Version, Replies: []forum.ReplyID{r.ID}, Title: "Titolo", Body: "Testo",
	})
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, before, w.dump())
}
