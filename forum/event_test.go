// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// stories are all operations that report what they did, each on a topic of the
// reserved area or of the commons, with what is to be reported.
var stories = []struct {
	name string
	do   func(w *world, f *forum.Service, x scene, who auth.Actor) error
	who  func(w *world) auth.Actor
	want func(w *world, x scene) forum.Event // but By; Board and Topic are the scene's where it leaves them zero
}{
	{forum.EventBoardOpened, func(w *world, f *forum.Service, x scene, who auth.Actor) error {
		return failure(f.OpenBoard(w.ctx, who, forum.NewBoard{Area: x.board.Area, Audience: x.board.Audience, Name: "Nuova"}))
	}, (*world).coordinates, func(w *world, x scene) forum.Event { return forum.Event{Board: w.last().payload.Board, Topic: none} }},
	{forum.EventBoardEdited, func(w *world, f *forum.Service, x scene, who auth.Actor) error {
		return failure(f.EditBoard(w.ctx, who, forum.BoardEdit{Board: x.board.ID, Version: x.board.Version, Name: ptr("Altro")}))
	}, (*world).coordinates, func(w *world, x scene) forum.Event { return forum.Event{Topic: none} }},
	{forum.EventStarted, func(w *world, f *forum.Service, x scene, who auth.Actor) error {
		return failure(f.StartTopic(w.ctx, who, forum.NewTopic{Board: x.board.ID, Title: "Titolo", Body: "@moderator"}))
	}, (*world).writes, func(w *world, x scene) forum.Event {
		return forum.Event{Topic: w.last().payload.Topic, Mentions: []auth.UserID{w.moderator.User}}
	}},
	{forum.EventReplied, func(w *world, f *forum.Service, x scene, who auth.Actor) error {
		return failure(f.Reply(w.ctx, who, forum.NewReply{Topic: x.topic.ID, Parent: x.reply.ID, Body: "@moderator"}))
	}, (*world).writes, func(w *world, x scene) forum.Event {
		return forum.Event{Reply: w.last().payload.Reply, Mentions: []auth.UserID{w.moderator.User}}
	}},
	{forum.EventEdited, func(w *world, f *forum.Service, x scene, who auth.Actor) error {
		return failure(f.EditPost(w.ctx, who, forum.PostEdit{Post: post(x.reply), Version: 1, Body: "@moderator", Why: "perché sì"}))
	}, (*world).writes, func(w *world, x scene) forum.Event {
		return forum.Event{Reply: x.reply.ID, Mentions: []auth.UserID{w.moderator.User}}
	}},
	{forum.EventEdited, func(w *world, f *forum.Service, x scene, who auth.Actor) error {
		return failure(f.EditPost(w.ctx, who, forum.PostEdit{Post: first(x.topic.ID), Version: 1, Title: "Altro", Body: "Altro"}))
	}, (*world).moderates, func(w *world, x scene) forum.Event { return forum.Event{} }},
	{forum.EventRemoved, func(w *world, f *forum.Service, x scene, who auth.Actor) error {
		return f.Delete(w.ctx, who, post(x.reply))
	},
		(*world).writes, func(w *world, x scene) forum.Event { return forum.Event{Reply: x.reply.ID} }},
	{forum.EventRemoved, func(w *world, f *forum.Service, x scene, who auth.Actor) error {
		return f.Hide(w.ctx, who, first(x.topic.ID), "Perché sì")
	}, (*world).moderates, func(w *world, x scene) forum.Event { return forum.Event{Why: "Perché sì"} }},
	{forum.EventRestored, func(w *world, f *forum.Service, x scene, who auth.Actor) error {
		return f.Restore(w.ctx, who, post(x.away))
	},
		(*world).writes, func(w *world, x scene) forum.Event { return forum.Event{Reply: x.away.ID} }},
	{forum.EventPurged, func(w *world, f *forum.Service, x scene, who auth.Actor) error {
		return f.Purge(w.ctx, who, post(x.reply), "Perché sì")
	}, (*world).coordinates, func(w *world, x scene) forum.Event { return forum.Event{Reply: x.reply.ID, Why: "Perché sì"} }},
	{forum.EventPinned, func(w *world, f *forum.Service, x scene, who auth.Actor) error {
		return f.Pin(w.ctx, who, x.topic.ID, forum.Pinned)
	},
		(*world).moderates, func(w *world, x scene) forum.Event { return forum.Event{} }},
	{forum.EventLocked, func(w *world, f *forum.Service, x scene, who auth.Actor) error {
		return f.Lock(w.ctx, who, x.topic.ID, true)
	},
		(*world).moderates, func(w *world, x scene) forum.Event { return forum.Event{} }},
	{forum.EventMoved, func(w *world, f *forum.Service, x scene, who auth.Actor) error {
		return f.Move(w.ctx, who, forum.Move{Topic: x.topic.ID, To: x.other.ID, Why: "Perché sì"})
	}, (*world).moderates, func(w *world, x scene) forum.Event {
		return forum.Event{Board: x.other.ID, FromArea: x.board.Area, Why: "Perché sì"}
	}},
	{forum.EventSplit, func(w *world, f *forum.Service, x scene, who auth.Actor) error {
		return failure(f.Split(w.ctx, who, forum.Split{Topic: x.topic.ID, Version: 1, Replies: []forum.ReplyID{x.reply.ID}, Title: "Titolo", Body: "@author"}))
	}, (*world).moderates, func(w *world, x scene) forum.Event {
		return forum.Event{Topic: w.last().payload.Topic, From: x.topic.ID, Mentions: []auth.UserID{w.author.User}}
	}},
	{forum.EventMerged, func(w *world, f *forum.Service, x scene, who auth.Actor) error {
		return f.Merge(w.ctx, who, x.alone.ID, x.topic.ID)
	},
		(*world).moderates, func(w *world, x scene) forum.Event { return forum.Event{From: x.alone.ID} }},
}

// none is a topic that an event does not name.
var none = storage.NewID[forum.Topic]()

func (w *world) coordinates() auth.Actor { return w.coordinator }
func (w *world) writes() auth.Actor      { return w.author }
func (w *world) moderates() auth.Actor   { return w.moderator }

func TestEvents(t *testing.T) {
	t.Parallel()
	reported := []string{forum.EventUnlocked, forum.EventWidened} // see TestUnlocked, TestWiden
	for _, s := range stories {
		reported = append(reported, s.name)
		for _, secret := range []bool{false, true} {
			w := newWorld(t)
			x := w.setScene(w.open)
			if secret {
				x = w.setScene(w.reserved)
			}
			who := auth.Actor{User: s.who(w).User, For: storage.NewID[auth.Org]()}
			before := len(w.events())
			require.NoError(t, s.do(w, w.forum, x, who), s.name)
			require.Len(t, w.events(), before+1, s.name)
			e, want := w.last(), s.want(w, x)
			want.By = who.By()
			if want.Board.IsZero() {
				want.Board = x.board.ID
			}
			switch {
			case want.Topic == none:
				want.Topic = forum.TopicID{}
			case want.Topic.IsZero():
				want.Topic = x.topic.ID
			}
			require.Equal(t, want, e.payload, s.name)
			require.Equal(t, []any{s.name, w.now, x.board.Area.Bytes(), uint8(x.board.Audience)}, []any{e.Name, e.At, [16]byte(e.Area), e.Audience})

			// The event is written with what it reports: without it there is nothing.
			w = newWorld(t)
			x = w.setScene(w.open)
			undone := w.dump()
			cfg := w.config
			cfg.Store = &counted{Store: cfg.Store, refuse: func(changes []storage.Change) error {
				if slices.ContainsFunc(changes, func(c storage.Change) bool { _, is := c.(storage.Event); return is }) {
					return errBoom
				}
				return nil
			}}
			require.ErrorIs(t, s.do(w, forum.New(cfg), x, s.who(w)), errBoom, s.name)
			require.Equal(t, undone, w.dump(), s.name)
		}
	}
	for _, name := range []string{
		forum.EventBoardOpened, forum.EventBoardEdited, forum.EventStarted, forum.EventReplied, forum.EventEdited, forum.EventRemoved, forum.EventRestored,
		forum.EventPurged, forum.EventPinned, forum.EventLocked, forum.EventUnlocked, forum.EventMoved, forum.EventSplit, forum.EventMerged,
	} {
		require.Contains(t, reported, name)
	}
}

func TestUnlocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	require.NoError(t, w.forum.Lock(w.ctx, w.keeper, topic.ID, true))
	require.NoError(t, w.forum.Lock(w.ctx, w.keeper, topic.ID, false))
	require.NoError(t, w.forum.Lock(w.ctx, w.keeper, topic.ID, false))
	require.Equal(t, forum.EventUnlocked, w.last().Name)
	require.Len(t, w.events(), 2+3)
}

// An event says to whom its object was promised, not its board.
func TestEventOfWhatIsPromisedToFewer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{Audience: auth.AreaMembers})
	require.Equal(t, uint8(auth.AreaMembers), w.last().Audience)
	w.replies(w.author, forum.NewReply{Topic: topic.ID})
	require.Equal(t, uint8(auth.AreaMembers), w.last().Audience)
}

// Marks, reactions and drafts are nobody's business: they report nothing.
func TestWhatIsNotReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	before := len(w.events())
	require.NoError(t, w.forum.ReadTo(w.ctx, w.member, topic.ID, 0))
	require.NoError(t, w.forum.ReadAll(w.ctx, w.member))
	require.NoError(t, w.forum.Follow(w.ctx, w.member, topic.ID, forum.Following))
	require.NoError(t, w.forum.Useful(w.ctx, w.member, first(topic.ID), true))
	require.NoError(t, failure(w.forum.SaveDraft(w.ctx, w.member, forum.DraftSave{Place: "qui", Body: "Testo"})))
	require.Len(t, w.events(), before)
}
