// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// newHolding is a world where what the author does waits, if it is one of on.
func newHolding(t *testing.T) (w *world, on *[]auth.Action) {
	w, on = newWorld(t), &[]auth.Action{forum.Start, forum.Say}
	w.config.Hold = func(_ context.Context, who auth.Actor, _ auth.Scope, do auth.Action) (bool, error) {
		return who.User == w.author.User && slices.Contains(*on, do), nil
	}
	w.forum = forum.New(w.config)
	return w, on
}

func (w *world) waiting(who auth.Actor) (out []forum.Post) {
	w.Helper()
	for _, pl := range all(w, func(c storage.Cursor) (storage.Page[forum.Place], error) {
		return w.forum.Waiting(w.ctx, who, forum.WaitingPage{After: c, Limit: 1})
	}) {
		out = append(out, pl.Post())
	}
	return out
}

// What waits is its author's and the moderators', and nobody else learns that
// it is there: not by lists, counts, feeds, threads, times nor errors.
func TestHeldIsHidden(t *testing.T) {
	t.Parallel()
	w, _ := newHolding(t)
	open := w.starts(w.member, forum.NewTopic{})
	w.replies(w.outsider, forum.NewReply{Topic: open.ID})
	others := slices.DeleteFunc(w.everybody(), func(n named) bool {
		return slices.Contains([]string{"author", "keeper", "moderator", "coordinator"}, n.name)
	})
	sees := func(who auth.Actor) []any {
		var said []any
		say := func(v any, err error) { require.NoError(t, err); said = append(said, v) }
		for _, filter := range []forum.TopicFilter{{}, {Author: w.author.User}, {Removed: true}, {Board: w.open.ID}, {Unread: true}} {
			list := w.list(who, filter)
			for i := range list {
				list[i].Seq = 0 // how many replies there ever were is no secret
			}
			say(list, nil)
		}
		say(w.thread(who, open.ID), nil)
		say(w.forum.Feed(w.ctx, who, forum.FeedPage{Topic: open.ID}))
		say(w.forum.Feed(w.ctx, who, forum.FeedPage{Board: w.open.ID}))
		say(w.forum.Boards(w.ctx, who, auth.Commons))
		return said
	}
	before := map[string][]any{}
	for _, who := range others {
		before[who.name] = sees(who.Actor)
	}
	topic := w.starts(w.author, forum.NewTopic{Title: "Offerta", Body: "@member @outsider"})
	r := w.replies(w.author, forum.NewReply{Topic: open.ID, Body: "@member @outsider"})
	require.Equal(t, []forum.State{forum.Held, forum.Held}, []forum.State{topic.Removal.State, r.Removal.State})
	for _, who := range others {
		require.Equal(t, before[who.name], sees(who.Actor), who.name)
		for name, call := range map[string]func(p forum.Post) error{
			"Find":      func(p forum.Post) error { return failure(w.forum.Find(w.ctx, who.Actor, p)) },
			"Look":      func(p forum.Post) error { return failure(w.forum.Look(w.ctx, who.Actor, p)) },
			"Revisions": func(p forum.Post) error { return failure(w.forum.Revisions(w.ctx, who.Actor, p)) },
			"FindReply": func(p forum.Post) error { return failure(w.forum.FindReply(w.ctx, who.Actor, p.Reply)) },
		} {
			for _, p := range []forum.Post{first(topic.ID), post(r)} {
				require.ErrorIs(t, call(p), storage.ErrNotFound, "%s by %s", name, who.name)
			}
		}
		require.Empty(t, w.waiting(who.Actor))
	}
	for _, who := range []auth.Actor{w.author, w.keeper, w.coordinator} {
		require.Len(t, w.thread(who, open.ID), 2)
		require.Len(t, w.thread(who, topic.ID), 0)
		require.Equal(t, "Offerta", w.revisions(first(topic.ID))[0].Title)
	}
	for _, who := range []auth.Actor{w.member, w.outsider} {
		require.NotEqual(t, forum.Mentioned, w.mark(who, open.ID).Reason, "nobody who is named follows")
		require.Zero(t, w.mark(who, topic.ID))
	}
	require.Equal(t, []forum.Post{first(topic.ID), post(r)}, w.waiting(w.keeper))
}

// What waits is reported as that, and nobody is told of it.
func TestHeldEvents(t *testing.T) {
	t.Parallel()
	w, _ := newHolding(t)
	open := w.starts(w.member, forum.NewTopic{})
	topic := w.starts(w.author, forum.NewTopic{Body: "@member"})
	e := w.last()
	require.Equal(t, forum.EventHeld, e.Name)
	require.Equal(t, forum.Event{By: w.author.By(), Board: w.open.ID, Topic: topic.ID}, e.payload)
	require.Empty(t, w.told())
	r := w.replies(w.author, forum.NewReply{Topic: open.ID, Body: "@member"})
	require.Equal(t, forum.Event{By: w.author.By(), Board: w.open.ID, Topic: open.ID, Reply: r.ID}, w.last().payload)
	require.Empty(t, w.told())
}

// Letting a post through does what writing it would have done, then.
func TestLetThrough(t *testing.T) {
	t.Parallel()
	for _, reply := range []bool{false, true} {
		w, _ := newHolding(t)
		open := w.starts(w.member, forum.NewTopic{})
		var p forum.Post
		name := forum.EventStarted
		if reply {
			p, name = post(w.replies(w.author, forum.NewReply{Topic: open.ID, Body: "@outsider @member"})), forum.EventReplied
		} else {
			p = first(w.starts(w.author, forum.NewTopic{Body: "@outsider @member"}).ID)
		}
		w.stands(w.outsider, auth.Outsider, auth.Outsider)
		w.pass(time.Hour)
		before := len(w.events())
		require.NoError(t, w.forum.Restore(w.ctx, w.keeper, p))
		events := w.events()[before:]
		require.Len(t, events, 2)
		want := forum.Event{By: w.keeper.By(), Board: w.open.ID, Topic: p.Topic, Reply: p.Reply}
		require.Equal(t, forum.EventRestored, events[0].Name, "who let it through is on record")
		require.Equal(t, want, events[0].payload)
		want.By, want.Mentions = w.author.By(), []auth.UserID{w.outsider.User, w.member.User}
		slices.SortFunc(want.Mentions, auth.UserID.Compare)
		slices.SortFunc(events[1].payload.Mentions, auth.UserID.Compare)
		require.Equal(t, name, events[1].Name)
		require.Equal(t, w.now, events[1].At)
		require.Equal(t, want, events[1].payload, "the outsider is a visitor among others now, and may read")
		require.Contains(t, w.told(), w.member.User)
		require.NotContains(t, w.told(), w.author.User)
		require.Empty(t, w.waiting(w.keeper))
		if reply {
			require.Equal(t, 1, w.topic(open.ID).Replies)
			require.Equal(t, w.author.By(), w.topic(open.ID).LastBy)
			require.Len(t, w.thread(w.visitor, open.ID), 1)
			continue
		}
		require.Len(t, w.list(w.visitor, forum.TopicFilter{}), 2)
	}
}

// Only those are told, when a post is let through, who may read it then.
func TestLetThroughToldThen(t *testing.T) {
	t.Parallel()
	w, _ := newHolding(t)
	topic := w.starts(w.author, forum.NewTopic{Board: w.reserved.ID, Body: "@member @outsider"})
	w.stands(w.member, auth.Member, auth.Outsider)
	w.stands(w.outsider, auth.Member, auth.Member)
	require.NoError(t, w.forum.Restore(w.ctx, w.moderator, first(topic.ID)))
	require.Equal(t, map[auth.UserID]forum.Reason{w.outsider.User: forum.Mentioned}, w.told())
	require.Zero(t, w.mark(w.member, topic.ID))
}

// The author of a post that waits neither lets it through nor changes it, by
// whatever way; and what they took back waits again. A moderator is no more to
// what they wrote themselves.
func TestAuthorsDoNotLetThrough(t *testing.T) {
	t.Parallel()
	for _, moderates := range []bool{false, true} {
		for _, reply := range []bool{false, true} {
			w, _ := newHolding(t)
			open := w.starts(w.member, forum.NewTopic{})
			var p forum.Post
			if reply {
				p = post(w.replies(w.author, forum.NewReply{Topic: open.ID}))
			} else {
				p = first(w.starts(w.author, forum.NewTopic{}).ID)
			}
			want := auth.ErrDenied
			if moderates {
				w.stands(w.author, auth.Moderator, auth.Moderator)
				want = forum.ErrOwn
			}
			state := func() forum.State {
				if reply {
					return w.reply(p.Reply).Removal.State
				}
				return w.topic(p.Topic).Removal.State
			}
			title := ""
			if !reply {
				title = "Altro"
			}
			edit := func() error {
				return failure(w.forum.EditPost(w.ctx, w.author, forum.PostEdit{Post: p, Version: 1, Title: title, Body: "Altro"}))
			}
			restore := func() error { return w.forum.Restore(w.ctx, w.author, p) }

			require.ErrorIs(t, edit(), forum.ErrHeld)
			require.ErrorIs(t, restore(), want)
			require.ErrorIs(t, failure(w.forum.Reply(w.ctx, w.author, forum.NewReply{Topic: p.Topic, Parent: p.Reply, Body: "E poi"})), forum.ErrHeld)
			require.ErrorIs(t, w.forum.Useful(w.ctx, w.keeper, p, true), forum.ErrHeld)
			for range 2 {
				require.NoError(t, w.forum.Delete(w.ctx, w.author, p))
				require.Equal(t, forum.Withdrawn, state())
				require.Empty(t, w.waiting(w.keeper))
				require.ErrorIs(t, edit(), forum.ErrRemoved)
				require.NoError(t, restore())
				require.Equal(t, forum.Held, state(), "it waits again")
				require.Equal(t, forum.EventHeld, w.last().Name)
				require.Equal(t, []forum.Post{p}, w.waiting(w.keeper))
			}
			require.NoError(t, w.forum.Hide(w.ctx, w.keeper, p, "Pubblicità"))
			require.Equal(t, forum.Rejected, state())
			require.ErrorIs(t, restore(), want)
			require.NoError(t, w.forum.Delete(w.ctx, w.author, p))
			require.Equal(t, forum.Rejected, state(), "what was not let through stays so")
			require.ErrorIs(t, edit(), forum.ErrRemoved)
			require.Zero(t, w.topic(open.ID).Replies)
		}
	}
}

// Who is not let through is told why; and a moderator who thinks better of it
// lets it through as if it had waited until then.
func TestNotLetThrough(t *testing.T) {
	t.Parallel()
	w, _ := newHolding(t)
	open := w.starts(w.member, forum.NewTopic{})
	r := w.replies(w.author, forum.NewReply{Topic: open.ID, Body: "@outsider"})
	require.NoError(t, w.forum.Hide(w.ctx, w.keeper, post(r), "Pubblicità"))
	require.Equal(t, map[auth.UserID]forum.Reason{w.author.User: forum.Author}, w.told())
	mine := w.thread(w.author, open.ID)
	require.Equal(t, "Pubblicità", mine[0].Removal.Why)
	require.Empty(t, w.thread(w.member, open.ID), "nobody else learns that there was anything")
	require.NoError(t, w.forum.Restore(w.ctx, w.keeper, post(r)))
	require.Equal(t, forum.EventReplied, w.last().Name)
	require.Equal(t, map[auth.UserID]forum.Reason{w.outsider.User: forum.Mentioned, w.member.User: forum.Author}, w.told())
	require.Len(t, w.thread(w.member, open.ID), 1)
}

// Hiding what was shown tells its author, unless they hid it themselves, it was
// restored, or they may not read there any more.
func TestHiddenToldToAuthor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hides := func(board forum.BoardID, who auth.Actor) forum.Post {
		p := first(w.starts(w.author, forum.NewTopic{Board: board}).ID)
		require.NoError(t, w.forum.Hide(w.ctx, who, p, "Motivo"))
		return p
	}
	told := map[auth.UserID]forum.Reason{w.author.User: forum.Author}
	p := hides(w.open.ID, w.keeper)
	require.Equal(t, told, w.told())
	e := w.last()
	require.NoError(t, w.forum.Restore(w.ctx, w.keeper, p))
	recipients, err := w.forum.Recipients(w.ctx, e.Event)
	require.NoError(t, err)
	require.Empty(t, recipients)
	require.NoError(t, w.forum.Delete(w.ctx, w.author, p))
	require.Empty(t, w.told())
	hides(w.reserved.ID, w.moderator)
	require.Equal(t, told, w.told())
	w.stands(w.author, auth.Member, auth.Outsider)
	require.Empty(t, w.told())
	w.stands(w.author, auth.Moderator, auth.Outsider)
	hides(w.open.ID, w.author)
	require.Empty(t, w.told())
}

// Whoever's edits would wait edits nothing that was let through; moderators do.
func TestEditsThatWouldWait(t *testing.T) {
	t.Parallel()
	w, on := newHolding(t)
	*on = []auth.Action{forum.Edit}
	r := w.replies(w.author, forum.NewReply{Topic: w.starts(w.author, forum.NewTopic{}).ID, Body: "Buono"})
	require.Equal(t, forum.Visible, r.Removal.State)
	_, err := w.forum.EditPost(w.ctx, w.author, forum.PostEdit{Post: post(r), Version: 1, Body: "Cattivo"})
	require.ErrorIs(t, err, forum.ErrHeld)
	w.edits(w.moderator, post(r), "Migliore")
	*on = nil
	w.edits(w.author, post(r), "Mio")
}

// The same form sent twice waits once, and its author is given it again.
func TestHeldOnce(t *testing.T) {
	t.Parallel()
	w, _ := newHolding(t)
	open := w.starts(w.member, forum.NewTopic{})
	for range 2 {
		w.starts(w.author, forum.NewTopic{Key: "argomento"})
		w.replies(w.author, forum.NewReply{Topic: open.ID, Key: "risposta"})
	}
	require.Len(t, w.waiting(w.keeper), 2)
}

// Of many who decide at once on what waits, it is shown and told of once.
func TestLetThroughOnce(t *testing.T) {
	t.Parallel()
	w, _ := newHolding(t)
	open := w.starts(w.member, forum.NewTopic{})
	r := w.replies(w.author, forum.NewReply{Topic: open.ID})
	for _, err := range together(8, func(int) error { return w.forum.Restore(w.ctx, w.keeper, post(r)) }) {
		require.NoError(t, err)
	}
	shown := slices.DeleteFunc(w.events(), func(e happened) bool { return e.Name != forum.EventReplied })
	require.Len(t, shown, 1)
	require.Equal(t, 1, w.topic(open.ID).Replies)
}

// What the author takes back, or a moderator refuses, while another moderator
// lets it through, is decided again as it is then.
func TestLetThroughInBetween(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(w *world, r forum.Reply) error
		want error
		then forum.State
	}{
		"moved away": {func(w *world, r forum.Reply) error {
			return w.forum.Move(w.ctx, w.moderator, forum.Move{Topic: r.Topic, To: w.reserved.ID})
		}, storage.ErrNotFound, forum.Held},
		"purged":      {func(w *world, r forum.Reply) error { return w.forum.Purge(w.ctx, w.coordinator, post(r), "Motivo") }, forum.ErrRemoved, forum.Purged},
		"let through": {func(w *world, r forum.Reply) error { return w.forum.Restore(w.ctx, w.moderator, post(r)) }, nil, forum.Visible},
	} {
		w, _ := newHolding(t)
		r := w.replies(w.author, forum.NewReply{Topic: w.starts(w.member, forum.NewTopic{}).ID})
		f := w.while(func() { require.NoError(t, c.do(w, r), name) })
		require.ErrorIs(t, f.Restore(w.ctx, w.keeper, post(r)), c.want, name)
		require.Equal(t, c.then, w.reply(r.ID).Removal.State, name)
	}
}

// What waits goes along when replies are split, and a topic is not merged that
// waits.
func TestHeldIsMoved(t *testing.T) {
	t.Parallel()
	w, _ := newHolding(t)
	open := w.starts(w.member, forum.NewTopic{})
	r := w.replies(w.member, forum.NewReply{Topic: open.ID})
	below := w.replies(w.author, forum.NewReply{Topic: open.ID, Parent: r.ID})
	apart := w.splits(open.ID, r)
	require.Equal(t, []forum.Post{{Topic: apart.ID, Reply: below.ID}}, w.waiting(w.keeper))
	require.Equal(t, 1, w.topic(apart.ID).Replies)
	require.NoError(t, w.forum.Restore(w.ctx, w.keeper, forum.Post{Topic: apart.ID, Reply: below.ID}))
	require.Equal(t, 2, w.topic(apart.ID).Replies)

	waits := w.starts(w.author, forum.NewTopic{})
	require.ErrorIs(t, w.forum.Merge(w.ctx, w.moderator, waits.ID, open.ID), forum.ErrHeld)
	require.ErrorIs(t, w.forum.Merge(w.ctx, w.moderator, open.ID, waits.ID), forum.ErrHeld)
	require.ErrorIs(t, w.widens(w.coordinator, auth.Public, waits.ID), forum.ErrHeld)
}

// A policy that has trouble of its own lets nothing through, and nothing wait.
func TestHoldUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	w.config.Hold = func(context.Context, auth.Actor, auth.Scope, auth.Action) (bool, error) { return false, errBoom }
	w.forum = forum.New(w.config)
	before := w.dump()
	for _, err := range []error{
		failure(w.forum.StartTopic(w.ctx, w.author, forum.NewTopic{Board: w.open.ID, Title: "Titolo", Body: "Testo"})),
		failure(w.forum.Reply(w.ctx, w.author, forum.NewReply{Topic: topic.ID, Body: "Testo"})),
		failure(w.forum.EditPost(w.ctx, w.author, forum.PostEdit{Post: first(topic.ID), Version: 1, Title: "Titolo", Body: "Testo"})),
	} {
		require.ErrorIs(t, err, errBoom)
	}
	require.Equal(t, before, w.dump())
}

// An author finds what they wrote that waits, and nobody else does; of a topic
// that was taken from their sight they see no more than that it was there.
func TestWaitingOfOnesOwn(t *testing.T) {
	t.Parallel()
	w, _ := newHolding(t)
	open := w.starts(w.member, forum.NewTopic{Title: "Aperta"})
	topic := w.starts(w.author, forum.NewTopic{})
	r := w.replies(w.author, forum.NewReply{Topic: open.ID})
	mine := func(who auth.Actor) []forum.Place {
		t.Helper()
		return all(w, func(c storage.Cursor) (storage.Page[forum.Place], error) {
			return w.forum.Waiting(w.ctx, who, forum.WaitingPage{Mine: true, After: c, Limit: 1})
		})
	}
	for _, who := range w.everybody() {
		if who.Actor.User.IsZero() {
			_, err := w.forum.Waiting(w.ctx, who.Actor, forum.WaitingPage{Mine: true})
			require.ErrorIs(t, err, auth.ErrDenied)
			continue
		}
		got := mine(who.Actor)
		if who.Actor.User != w.author.User {
			require.Empty(t, got, who.name)
			continue
		}
		require.Len(t, got, 2)
		require.Equal(t, []forum.Post{first(topic.ID), post(r)}, []forum.Post{got[0].Post(), got[1].Post()})
		require.Equal(t, "Aperta", got[1].Topic.Title)
	}
	require.NoError(t, w.forum.Hide(w.ctx, w.keeper, first(open.ID), "Fuori tema"))
	got := mine(w.author)
	require.Len(t, got, 2)
	require.Equal(t, forum.Topic{ID: open.ID}, got[1].Topic)
	require.Equal(t, forum.Board{}, got[1].Board)
	require.Equal(t, r.Body, got[1].Reply.Body)
	require.NoError(t, w.forum.Restore(w.ctx, w.keeper, first(topic.ID)))
	require.Len(t, mine(w.author), 1)
}
