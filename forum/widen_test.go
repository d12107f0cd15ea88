// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// widens promises topics to more people, for a reason.
func (w *world) widens(who auth.Actor, to auth.Audience, topics ...forum.TopicID) error {
	return w.forum.Widen(w.ctx, who, forum.Widen{Topics: topics, Audience: to, Why: "Interessa a tutti"})
}

// Widening shows topics to those who are promised them now, with all that was
// written in them, and says what they were promised before.
func TestWiden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.opens(forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Promise: auth.CommunityMembers})
	one, two := w.starts(w.author, forum.NewTopic{Board: b.ID}), w.starts(w.author, forum.NewTopic{Board: b.ID, Audience: auth.AreaMembers})
	three := w.starts(w.author, forum.NewTopic{})
	w.replies(w.member, forum.NewReply{Topic: one.ID})
	require.Len(t, w.list(w.visitor, forum.TopicFilter{}), 1)
	before := len(w.events())
	who := auth.Actor{User: w.coordinator.User, For: storage.NewID[auth.Org]()}

	require.NoError(t, w.widens(who, auth.Public, two.ID, one.ID, three.ID, one.ID))
	require.Len(t, w.list(w.visitor, forum.TopicFilter{}), 3)
	require.Len(t, w.thread(w.visitor, one.ID), 1)
	events := w.events()[before:]
	require.Len(t, events, 2, "what has the audience already stays as it is")
	said := map[forum.TopicID]forum.Event{}
	for _, e := range events {
		require.Equal(t, []any{forum.EventWidened, w.now, auth.Commons.Bytes(), uint8(auth.Public)}, []any{e.Name, e.At, [16]byte(e.Area), e.Audience})
		said[e.payload.Topic] = e.payload
	}
	for _, topic := range []forum.Topic{one, two} {
		require.Equal(t, forum.Event{
			By: who.By(), Board: b.ID, Topic: topic.ID, FromAudience: topic.Audience, Audience: auth.Public, Why: "Interessa a tutti",
		}, said[topic.ID])
		topic.Audience, topic.Version = auth.Public, topic.Version+1
		now := w.topic(topic.ID)
		now.Replies, now.Seq, now.ActiveAt, now.LastBy = topic.Replies, topic.Seq, topic.ActiveAt, topic.LastBy
		require.Equal(t, topic, now, "nothing else is changed")
	}
	dump := w.dump()
	require.NoError(t, w.widens(who, auth.Public, two.ID, one.ID))
	require.Equal(t, dump, w.dump(), "once it is so, nothing is to be done")
}

// What cannot be widened is refused with all that was asked for.
func TestWidenRefused(t *testing.T) {
	t.Parallel()
	most := auth.Public
	w := newWorld(t, promising(&most))
	community := w.opens(forum.NewBoard{Area: auth.Commons, Audience: auth.CommunityMembers})
	narrow := w.starts(w.author, forum.NewTopic{Audience: auth.AreaMembers})
	shut := w.starts(w.author, forum.NewTopic{Board: community.ID, Audience: auth.AreaMembers})
	gone, merged := w.starts(w.author, forum.NewTopic{Audience: auth.AreaMembers}), w.starts(w.author, forum.NewTopic{Audience: auth.AreaMembers})
	require.NoError(t, w.forum.Hide(w.ctx, w.keeper, first(gone.ID), "Motivo"))
	w.merges(merged.ID, narrow.ID)
	many := make([]forum.TopicID, forum.MaxWiden+1)
	for i := range many {
		many[i] = storage.NewID[forum.Topic]()
	}
	reserved := w.starts(w.author, forum.NewTopic{Board: w.reserved.ID})
	w.stands(w.keeper, auth.Coordinator, auth.Outsider) // of the community, and not of the group
	ids := func(ids ...forum.TopicID) []forum.TopicID { return ids }
	before := w.dump()
	for _, c := range []struct {
		in    forum.Widen
		field string
		code  string
		is    error
	}{
		{in: forum.Widen{Audience: auth.Public}, field: "topics", code: storage.CodeMissing},
		{in: forum.Widen{Topics: many, Audience: auth.Public}, field: "topics", code: storage.CodeTooMany},
		{in: forum.Widen{Topics: ids(narrow.ID)}, field: "audience", code: storage.CodeUnknown},
		{in: forum.Widen{Topics: ids(narrow.ID), Audience: auth.Public + 1}, field: "audience", code: storage.CodeUnknown},
		{in: forum.Widen{Topics: ids(narrow.ID), Audience: auth.Public, Why: " "}, field: "why", code: storage.CodeMissing},
		{in: forum.Widen{Topics: ids(narrow.ID, shut.ID), Audience: auth.Public}, field: "audience", code: forum.CodeWider},
		{in: forum.Widen{Topics: ids(narrow.ID, gone.ID), Audience: auth.Public}, is: forum.ErrRemoved},
		{in: forum.Widen{Topics: ids(narrow.ID, merged.ID), Audience: auth.Public}, is: storage.ErrNotFound},
		{in: forum.Widen{Topics: ids(narrow.ID, reserved.ID), Audience: auth.Public}, is: storage.ErrNotFound},
		{in: forum.Widen{Topics: ids(narrow.ID, many[0]), Audience: auth.Public}, is: storage.ErrNotFound},
	} {
		if c.in.Why == "" {
			c.in.Why = "Interessa a tutti"
		}
		err := w.forum.Widen(w.ctx, w.keeper, c.in)
		if c.is != nil {
			require.ErrorIs(t, err, c.is, "%+v", c.in)
		} else {
			invalid(t, err, c.field, c.code)
		}
		require.Equal(t, before, w.dump(), "%+v", c.in)
	}

	hundred := ids(narrow.ID)
	for range forum.MaxWiden {
		hundred = append(hundred, narrow.ID)
	}
	require.NoError(t, w.widens(w.keeper, auth.CommunityMembers, hundred...), "the same topic twice is one")
	invalid(t, w.widens(w.keeper, auth.AreaMembers, narrow.ID), "audience", forum.CodeNarrower)
	most = auth.CommunityMembers
	invalid(t, w.widens(w.keeper, auth.Public, narrow.ID), "audience", forum.CodeWider)
	most = auth.Public
	require.NoError(t, w.widens(w.keeper, auth.Public, narrow.ID))
	most = auth.AreaMembers
	require.NoError(t, w.widens(w.keeper, auth.Public, narrow.ID), "it was promised so while it could be")
}

// The refusal names the topic at fault, and of what is out of reach no more
// than of what never was.
func TestWidenNamesTheTopic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fine, reserved := w.starts(w.author, forum.NewTopic{Audience: auth.AreaMembers}), w.starts(w.author, forum.NewTopic{Board: w.reserved.ID})
	w.stands(w.keeper, auth.Coordinator, auth.Outsider)
	for _, id := range []forum.TopicID{reserved.ID, storage.NewID[forum.Topic]()} {
		require.EqualError(t, w.widens(w.keeper, auth.Public, id, fine.ID), fmt.Sprintf("forum.Widen: topic %s: %s", id, storage.ErrNotFound))
	}
}

// What widening rests on is looked at again when it is written.
func TestWidenInBetween(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(*world, forum.Topic) error
		want error
	}{
		"moved away": {func(w *world, x forum.Topic) error {
			return w.forum.Move(w.ctx, w.moderator, forum.Move{Topic: x.ID, To: w.reserved.ID})
		}, storage.ErrNotFound},
		"hidden": {func(w *world, x forum.Topic) error { return w.forum.Hide(w.ctx, w.moderator, first(x.ID), "Motivo") }, forum.ErrRemoved},
		"its board is shown to fewer": {func(w *world, x forum.Topic) error {
			w.rules(x.Board, forum.BoardEdit{Audience: ptr(auth.CommunityMembers), Promise: ptr(auth.CommunityMembers)})
			return nil
		}, storage.ErrInvalid},
		"answered": {func(w *world, x forum.Topic) error {
			return failure(w.forum.Reply(w.ctx, w.member, forum.NewReply{Topic: x.ID, Body: "Testo"}))
		}, nil},
		"edited": {func(w *world, x forum.Topic) error { w.edits(w.author, first(x.ID), "Altro"); return nil }, nil},
	} {
		w := newWorld(t)
		w.stands(w.keeper, auth.Coordinator, auth.Outsider)
		board := w.opens(forum.NewBoard{})
		other := w.starts(w.author, forum.NewTopic{Audience: auth.AreaMembers})
		topic := w.starts(w.author, forum.NewTopic{Board: board.ID, Audience: auth.AreaMembers})
		f := w.while(func() { require.NoError(t, c.do(w, topic)) })
		err := f.Widen(w.ctx, w.keeper, forum.Widen{Topics: []forum.TopicID{other.ID, topic.ID}, Audience: auth.Public, Why: "Perché sì"})
		require.ErrorIs(t, err, c.want, name)
		want := auth.AreaMembers
		if c.want == nil {
			want = auth.Public
		}
		require.Equal(t, [2]auth.Audience{want, want}, [2]auth.Audience{w.topic(other.ID).Audience, w.topic(topic.ID).Audience}, name)
	}
}
