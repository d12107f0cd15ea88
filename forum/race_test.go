// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// hurried is a store in which something happens, once, when all is decided and
// the first thing is about to be written.
type hurried struct {
	forum.Store
	once *sync.Once
	do   func()
}

func (h hurried) Apply(ctx context.Context, changes ...storage.Change) error {
	h.once.Do(h.do)
	return h.Store.Apply(ctx, changes...)
}

func (h hurried) InsertReply(ctx context.Context, r forum.Reply, parent forum.Path, seen int, with ...storage.Change) (forum.Reply, error) {
	h.once.Do(h.do)
	return h.Store.InsertReply(ctx, r, parent, seen, with...)
}

func (h hurried) Atomic(ctx context.Context, fn func(context.Context, forum.Store) error) error {
	h.once.Do(h.do)
	return h.Store.Atomic(ctx, fn)
}

// while is the world's forum, in which something happens between the first
// decision and what is written of it.
func (w *world) while(do func()) *forum.Service {
	cfg := w.config
	cfg.Store = hurried{cfg.Store, new(sync.Once), do}
	return forum.New(cfg)
}

// What is decided is decided again if it moved before it was written: the two
// columns are what one person does, and what another does in between.
func TestInBetween(t *testing.T) {
	t.Parallel()
	type act func(*world, *forum.Service, scene) error
	edit := func(who func(*world) auth.Actor, p func(scene) forum.Post, title, body string) act {
		return func(w *world, f *forum.Service, x scene) error {
			return failure(f.EditPost(w.ctx, who(w), forum.PostEdit{Post: p(x), Version: 1, Title: title, Body: body}))
		}
	}
	topicOf, replyOf := func(x scene) forum.Post { return first(x.topic.ID) }, func(x scene) forum.Post { return post(x.reply) }
	acts := map[string]act{
		"edit the reply":    edit((*world).writes, replyOf, "", "Dell'autore"),
		"edit the topic":    edit((*world).writes, topicOf, "Titolo", "Dell'autore"),
		"correct the reply": edit((*world).moderates, replyOf, "", "Del moderatore"),
		"correct the topic": edit((*world).moderates, topicOf, "Titolo", "Del moderatore"),
		"delete the reply":  func(w *world, f *forum.Service, x scene) error { return f.Delete(w.ctx, w.author, post(x.reply)) },
		"hide the reply": func(w *world, f *forum.Service, x scene) error {
			return f.Hide(w.ctx, w.moderator, post(x.reply), "Motivo")
		},
		"hide the topic": func(w *world, f *forum.Service, x scene) error {
			return f.Hide(w.ctx, w.moderator, first(x.topic.ID), "Motivo")
		},
		"purge the reply": func(w *world, f *forum.Service, x scene) error {
			return f.Purge(w.ctx, w.coordinator, post(x.reply), "Motivo")
		},
		"lock": func(w *world, f *forum.Service, x scene) error { return f.Lock(w.ctx, w.moderator, x.topic.ID, true) },
		"archive": func(w *world, _ *forum.Service, x scene) error {
			w.rules(x.board.ID, forum.BoardEdit{Archived: ptr(true)})
			return nil
		},
		"answer": func(w *world, f *forum.Service, x scene) error {
			return failure(f.Reply(w.ctx, w.outsider, forum.NewReply{Topic: x.topic.ID, Parent: x.reply.ID, Body: "Testo"}))
		},
		"move away": func(w *world, f *forum.Service, x scene) error {
			return f.Move(w.ctx, w.moderator, forum.Move{Topic: x.topic.ID, To: w.reserved.ID})
		},
		"move on": func(w *world, f *forum.Service, x scene) error {
			return f.Move(w.ctx, w.keeper, forum.Move{Topic: x.topic.ID, To: x.other.ID})
		},
		"archive there": func(w *world, _ *forum.Service, x scene) error {
			w.rules(x.other.ID, forum.BoardEdit{Archived: ptr(true)})
			return nil
		},
		"merge": func(w *world, f *forum.Service, x scene) error {
			return f.Merge(w.ctx, w.moderator, x.topic.ID, x.alone.ID)
		},
		"merge back": func(w *world, f *forum.Service, x scene) error {
			return f.Merge(w.ctx, w.moderator, x.alone.ID, x.topic.ID)
		},
		"hide the other": func(w *world, f *forum.Service, x scene) error {
			return f.Hide(w.ctx, w.moderator, first(x.alone.ID), "Motivo")
		},
		"split": func(w *world, f *forum.Service, x scene) error {
			return failure(f.Split(w.ctx, w.keeper, forum.Split{Topic: x.topic.ID, Version: 1, Replies: []forum.ReplyID{x.reply.ID}, Title: "A parte", Body: "Qui"}))
		},
		"start": func(w *world, f *forum.Service, x scene) error {
			return failure(f.StartTopic(w.ctx, w.member, forum.NewTopic{Board: x.board.ID, Title: "Ultimo", Body: "Testo"}))
		},
		"narrow": func(w *world, _ *forum.Service, x scene) error {
			w.rules(x.board.ID, forum.BoardEdit{Promise: ptr(auth.AreaMembers)})
			return nil
		},
		"follow": func(w *world, f *forum.Service, x scene) error {
			return f.Follow(w.ctx, w.outsider, x.topic.ID, forum.Following)
		},
		"useful": func(w *world, f *forum.Service, x scene) error {
			return f.Useful(w.ctx, w.outsider, post(x.reply), true)
		},
		"find the topic useful": func(w *world, f *forum.Service, x scene) error {
			return f.Useful(w.ctx, w.outsider, first(x.topic.ID), true)
		},
		"read": func(w *world, f *forum.Service, x scene) error { return f.ReadTo(w.ctx, w.outsider, x.topic.ID, 2) },
		"taken back": func(w *world, f *forum.Service, x scene) error {
			return f.Useful(w.ctx, w.outsider, post(x.away), false)
		},
		"split that": func(w *world, f *forum.Service, x scene) error {
			return failure(f.Split(w.ctx, w.keeper, forum.Split{Topic: x.topic.ID, Version: 1, Replies: []forum.ReplyID{x.away.ID}, Title: "A parte", Body: "Qui"}))
		},
	}
	for _, c := range []struct {
		one, other string
		want       error
		then       func(w *world, x scene)
	}{
		{"edit the reply", "correct the reply", storage.ErrConflict, nil},
		{"edit the topic", "correct the topic", storage.ErrConflict, nil},
		{"correct the reply", "edit the reply", storage.ErrConflict, nil},
		{"edit the reply", "lock", forum.ErrLocked, nil},
		{"edit the reply", "archive", nil, nil}, // no text of the topic's is at stake
		{"edit the reply", "delete the reply", forum.ErrRemoved, nil},
		{"edit the reply", "purge the reply", forum.ErrRemoved, func(w *world, x scene) { require.Empty(w, w.reply(x.reply.ID).Body) }},
		{"delete the reply", "edit the reply", nil, func(w *world, x scene) { require.Equal(w, "Dell'autore", w.reply(x.reply.ID).Body) }},
		{"delete the reply", "purge the reply", nil, func(w *world, x scene) { require.Equal(w, forum.Purged, w.reply(x.reply.ID).Removal.State) }},
		{"delete the reply", "hide the reply", nil, func(w *world, x scene) { require.Equal(w, forum.Hidden, w.reply(x.reply.ID).Removal.State) }},
		{"delete the reply", "merge", nil, func(w *world, x scene) {
			require.Equal(w, forum.Deleted, w.reply(x.reply.ID).Removal.State, "where it was taken")
		}},
		{"purge the reply", "edit the reply", nil, func(w *world, x scene) { require.Empty(w, w.reply(x.reply.ID).Body) }},
		{"hide the reply", "move away", nil, func(w *world, x scene) {
			require.Equal(w, uint8(auth.AreaMembers), w.last().Audience, "as of where it is")
		}},
		{"answer", "lock", forum.ErrLocked, nil},
		{"answer", "hide the reply", nil, func(w *world, x scene) {
			require.Equal(w, x.reply.ID, w.thread(w.member, x.topic.ID)[1].Parent, "as if it had come before")
		}},
		{"answer", "hide the topic", storage.ErrNotFound, nil},
		{"answer", "move away", storage.ErrNotFound, nil},
		{"answer", "split", storage.ErrNotFound, nil},
		{"start", "archive", auth.ErrDenied, nil},
		{"start", "narrow", nil, func(w *world, x scene) {
			require.Equal(w, auth.AreaMembers, w.list(w.member, forum.TopicFilter{Board: x.board.ID})[0].Audience)
		}},
		{"split", "archive", auth.ErrDenied, nil},
		{"split", "narrow", nil, func(w *world, x scene) {
			require.Equal(w, auth.AreaMembers, w.topic(w.reply(x.reply.ID).Topic).Audience)
		}},
		{"lock", "lock", nil, nil},
		{"lock", "merge", storage.ErrNotFound, nil},
		{"move on", "move away", storage.ErrNotFound, func(w *world, x scene) { require.Equal(w, w.group, w.topic(x.topic.ID).Area) }},
		{"move on", "archive there", auth.ErrDenied, func(w *world, x scene) { require.Equal(w, x.board.ID, w.topic(x.topic.ID).Board) }},
		{"move away", "answer", nil, func(w *world, x scene) {
			require.Zero(w, w.mark(w.outsider, x.topic.ID), "nobody follows where they may not read")
		}},
		{"move away", "follow", nil, func(w *world, x scene) {
			require.Zero(w, w.mark(w.outsider, x.topic.ID), "nobody follows where they may not read")
		}},
		{"follow", "move away", storage.ErrNotFound, func(w *world, x scene) { require.Zero(w, w.mark(w.outsider, x.topic.ID)) }},
		{"follow", "merge", nil, func(w *world, x scene) { require.Equal(w, forum.Following, w.mark(w.outsider, x.alone.ID).Follow) }},
		{"read", "answer", nil, func(w *world, x scene) { require.Equal(w, 2, w.mark(w.outsider, x.topic.ID).Read) }},
		{"read", "move away", storage.ErrNotFound, func(w *world, x scene) { require.Zero(w, w.mark(w.outsider, x.topic.ID)) }},
		{"read", "merge", storage.ErrNotFound, func(w *world, x scene) {
			require.Zero(w, w.mark(w.outsider, x.topic.ID))
			require.Zero(w, w.mark(w.outsider, x.alone.ID).Read, "whose replies have other numbers")
		}},
		{"useful", "move away", storage.ErrNotFound, func(w *world, x scene) { require.Zero(w, w.reply(x.reply.ID).Useful) }},
		{"useful", "purge the reply", forum.ErrRemoved, func(w *world, x scene) { require.Zero(w, w.reply(x.reply.ID).Useful) }},
		{"useful", "edit the reply", nil, func(w *world, x scene) { require.Equal(w, 1, w.reply(x.reply.ID).Useful) }},
		{"useful", "answer", nil, func(w *world, x scene) { require.Equal(w, 1, w.reply(x.reply.ID).Useful) }},
		{"find the topic useful", "move away", storage.ErrNotFound, func(w *world, x scene) { require.Zero(w, w.topic(x.topic.ID).Useful) }},
		{"find the topic useful", "edit the topic", nil, func(w *world, x scene) { require.Equal(w, 1, w.topic(x.topic.ID).Useful) }},
		{"merge", "merge back", storage.ErrInvalid, nil},
		{"merge", "hide the other", forum.ErrRemoved, nil},
		{"merge", "split", nil, func(w *world, x scene) { require.Len(w, w.thread(w.member, x.alone.ID), 2) }},
		{"merge", "answer", nil, func(w *world, x scene) { require.Len(w, w.thread(w.member, x.alone.ID), 4) }},
		{"split", "answer", nil, func(w *world, x scene) { require.Equal(w, 1, w.topic(x.topic.ID).Replies) }},
		{"split", "merge", storage.ErrNotFound, nil},
		{"split", "split", storage.ErrConflict, nil},
		{"split", "lock", storage.ErrConflict, nil},
		{"useful", "split", storage.ErrNotFound, func(w *world, x scene) { require.Zero(w, w.reply(x.reply.ID).Useful) }},
		{"useful", "merge", nil, func(w *world, x scene) { require.Equal(w, 1, w.reply(x.reply.ID).Useful) }},
		{"taken back", "merge", nil, func(w *world, x scene) { require.Zero(w, w.reply(x.away.ID).Useful, "it was taken back where it went") }},
		{"taken back", "split that", storage.ErrNotFound, func(w *world, x scene) { require.Equal(w, 1, w.reply(x.away.ID).Useful) }},
	} {
		w := newWorld(t)
		x := scene{board: w.opens(forum.NewBoard{}), other: w.opens(forum.NewBoard{})}
		x.topic, x.alone = w.starts(w.author, forum.NewTopic{Board: x.board.ID}), w.starts(w.member, forum.NewTopic{Board: x.board.ID})
		x.reply, x.away = w.replies(w.author, forum.NewReply{Topic: x.topic.ID}), w.replies(w.author, forum.NewReply{Topic: x.topic.ID})
		require.NoError(t, w.forum.Useful(w.ctx, w.outsider, post(x.away), true))
		w.pass(time.Minute)
		name := c.one + ", meanwhile " + c.other
		happened := false
		f := w.while(func() {
			happened = true
			require.NoError(t, acts[c.other](w, w.forum, x), name)
		})
		require.ErrorIs(t, acts[c.one](w, f, x), c.want, name)
		require.True(t, happened, name)
		if c.then != nil {
			c.then(w, x)
		}
	}
}

// An edit knows of the replies that came meanwhile, also of those that went
// again; and a topic is not deleted whose answer came back.
func TestRepliesInBetween(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	r := w.replies(w.author, forum.NewReply{Topic: topic.ID})
	f := w.while(func() {
		require.NoError(t, w.forum.Delete(w.ctx, w.member, post(w.replies(w.member, forum.NewReply{Topic: topic.ID}))))
	})
	pl, err := f.EditPost(w.ctx, w.author, forum.PostEdit{Post: post(r), Version: 1, Body: "Altro"})
	require.NoError(t, err)
	require.True(t, pl.Reply.Text.AfterReplies)

	require.NoError(t, w.forum.Delete(w.ctx, w.author, post(r)))
	f = w.while(func() { require.NoError(t, w.forum.Restore(w.ctx, w.author, post(r))) })
	require.ErrorIs(t, f.Delete(w.ctx, w.author, first(topic.ID)), forum.ErrAnswered)
}

// What is restored is what was seen: not what was hidden or purged meanwhile.
func TestRestoreInBetween(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		who   func(*world) auth.Actor
		other func(*world, forum.Post) error
		state forum.State
		want  error
	}{
		{(*world).writes, func(w *world, p forum.Post) error { return w.forum.Hide(w.ctx, w.moderator, p, "Motivo") }, forum.Hidden, auth.ErrDenied},
		{(*world).moderates, func(w *world, p forum.Post) error { return w.forum.Purge(w.ctx, w.coordinator, p, "Motivo") }, forum.Purged, forum.ErrRemoved},
	} {
		w := newWorld(t)
		r := w.replies(w.author, forum.NewReply{Topic: w.starts(w.author, forum.NewTopic{}).ID})
		require.NoError(t, w.forum.Delete(w.ctx, w.author, post(r)))
		f := w.while(func() { require.NoError(t, c.other(w, post(r))) })
		require.ErrorIs(t, f.Restore(w.ctx, c.who(w), post(r)), c.want)
		require.Equal(t, c.state, w.reply(r.ID).Removal.State)
	}
}

// Whoever follows a topic while it is merged into what they may not read does
// not follow that.
func TestFollowRacesMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from, into := w.starts(w.author, forum.NewTopic{}), w.starts(w.author, forum.NewTopic{Board: w.reserved.ID})
	f := w.while(func() { require.NoError(t, w.forum.Follow(w.ctx, w.outsider, from.ID, forum.Following)) })
	require.NoError(t, f.Merge(w.ctx, w.moderator, from.ID, into.ID))
	require.Zero(t, w.mark(w.outsider, from.ID))
	require.Zero(t, w.mark(w.outsider, into.ID))
}

// The texts that a post had are each given once, though it is edited while they
// are read.
func TestRevisionsWhileEdited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{Body: "uno"})
	w.pass(time.Hour)
	cfg := w.config
	cfg.Store = meddled{Store: cfg.Store, once: new(sync.Once), do: func() { w.edits(w.author, first(topic.ID), "due") }}
	revisions, err := forum.New(cfg).Revisions(w.ctx, w.member, first(topic.ID))
	require.NoError(t, err)
	for i, r := range revisions {
		require.Equal(t, i+1, r.N)
	}
}

// What is taken into another topic while its author is erased is erased there.
func TestEraseWhileMerged(t *testing.T) {
	t.Parallel()
	for mode := range auth.Redact + 1 {
		w := newWorld(t)
		early := w.starts(w.member, forum.NewTopic{}) // looked at first
		w.replies(w.author, forum.NewReply{Topic: early.ID, Body: "Parole mie, @author"})
		late := w.starts(w.author, forum.NewTopic{Body: "Parole mie"})
		w.replies(w.member, forum.NewReply{Topic: late.ID, Body: "Altrui, @author"})
		w.replies(w.author, forum.NewReply{Topic: late.ID, Body: "Parole mie, @author"})
		cfg := w.config
		seen := 0
		cfg.Store = watched{cfg.Store, func() {
			if seen++; seen == 1 {
				w.merges(late.ID, early.ID)
			}
		}}
		require.NoError(t, forum.New(cfg).Erase(w.ctx, w.author.User, mode))
		require.NoError(t, w.store.Apply(w.ctx, storage.EraseUser{User: w.author.User.Bytes()}))
		require.NotContains(t, w.dump(), w.author.User.String())
		if mode == auth.Redact {
			require.NotContains(t, w.dump(), "Parole mie")
		}
	}
}

// watched is a store in which something happens after each unit.
type watched struct {
	forum.Store
	do func()
}

func (s watched) Atomic(ctx context.Context, fn func(context.Context, forum.Store) error) error {
	defer s.do()
	return s.Store.Atomic(ctx, fn)
}
