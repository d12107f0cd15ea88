// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

func TestStartTopic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.opens(forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Promise: auth.CommunityMembers, SlowMode: time.Minute, CloseAfter: time.Hour})
	who := auth.Actor{User: w.author.User, For: storage.NewID[auth.Org]()}
	topic := w.starts(who, forum.NewTopic{Board: b.ID, Title: " Dialogo competitivo ", Body: "Prima\r\nseconda "})
	want := forum.Topic{
		ID: topic.ID, Board: b.ID, Area: auth.Commons, Audience: auth.CommunityMembers, By: who.By(),
		Title: "Dialogo competitivo", Body: "Prima\nseconda ", CreatedAt: w.now, Text: forum.TextState{Revision: 1},
		CloseAfter: time.Hour, SlowMode: time.Minute, Version: 1, ActiveAt: w.now, LastBy: who.By(),
	}
	require.Equal(t, want, topic)
	require.Equal(t, want, w.topic(topic.ID))
	require.Equal(t, forum.Mark{User: who.User, Topic: topic.ID, Follow: forum.Following, Reason: forum.Author, PostedAt: w.now}, w.mark(who, topic.ID))
}

func TestTopicIsPromisedNoMoreThanItsBoard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for promise := auth.AreaMembers; promise <= auth.Public; promise++ {
		b := w.opens(forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Promise: promise})
		for audience := auth.Audience(0); audience <= auth.Public+1; audience++ {
			in := forum.NewTopic{Board: b.ID, Title: "Titolo", Body: "Testo", Audience: audience}
			topic, err := w.forum.StartTopic(w.ctx, w.author, in)
			switch {
			case audience > promise:
				invalid(t, err, "audience", forum.CodeWider)
			case audience == 0:
				require.Equal(t, promise, topic.Audience)
			default:
				require.Equal(t, audience, topic.Audience)
			}
		}
	}
}

func TestWhoPosts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		board forum.BoardEdit
		start string // of observer, member, moderator: y may, d denied
		reply string // l: locked
	}{
		"members":    {forum.BoardEdit{Posting: ptr(forum.MembersPost)}, "dyy", "dyy"},
		"moderators": {forum.BoardEdit{Posting: ptr(forum.ModeratorsPost)}, "ddy", "dyy"},
		"nobody":     {forum.BoardEdit{Posting: ptr(forum.NobodyPosts)}, "ddd", "dyy"},
		"archived":   {forum.BoardEdit{Archived: ptr(true)}, "ddd", "dll"},
	} {
		w := newWorld(t)
		topic := w.starts(w.author, forum.NewTopic{})
		w.rules(w.open.ID, c.board)
		for i, who := range []auth.Actor{w.observer, w.member, w.moderator} {
			verdict := map[byte]error{'y': nil, 'd': auth.ErrDenied, 'l': forum.ErrLocked}
			_, err := w.forum.StartTopic(w.ctx, who, forum.NewTopic{Board: w.open.ID, Title: "Titolo", Body: "Testo"})
			require.True(t, errors.Is(err, verdict[c.start[i]]), "%s: start by %d: %v", name, i, err)
			_, err = w.forum.Reply(w.ctx, who, forum.NewReply{Topic: topic.ID, Body: "Testo"})
			require.True(t, errors.Is(err, verdict[c.reply[i]]), "%s: reply by %d: %v", name, i, err)
		}
	}
}

func TestReply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	who := auth.Actor{User: w.member.User, For: storage.NewID[auth.Org]()}
	one := w.replies(who, forum.NewReply{Topic: topic.ID, Body: "Prima\r\nseconda "})
	want := forum.Reply{
		ID: one.ID, Topic: topic.ID, Depth: 1, Path: forum.Path("").Below(1), Seq: 1, By: who.By(),
		Body: "Prima\nseconda ", CreatedAt: w.now, Text: forum.TextState{Revision: 1}, Version: 1,
	}
	require.Equal(t, want, one)
	require.Equal(t, want, w.reply(one.ID))
	require.Equal(t, forum.Mark{User: who.User, Topic: topic.ID, Follow: forum.Following, Reason: forum.Replied, PostedAt: w.now}, w.mark(who, topic.ID))
	two := w.replies(w.author, forum.NewReply{Topic: topic.ID, Parent: one.ID})
	require.Equal(t, []any{one.ID, 2, one.Path.Below(2), 2}, []any{two.Parent, two.Depth, two.Path, two.Seq})
	now := w.topic(topic.ID)
	require.Equal(t, []any{2, 2, w.now, w.author.By(), topic.Version}, []any{now.Seq, now.Replies, now.ActiveAt, now.LastBy, now.Version})
	require.Equal(t, forum.Author, w.mark(w.author, topic.ID).Reason, "who began it remains its author")
}

// The limits of a text are those of the Config, and count runes in normal form.
func TestTextsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *forum.Config) { c.MaxTitle, c.MaxBody = 5, 10 })
	w.starts(w.author, forum.NewTopic{Title: "e\u0301e\u0301e\u0301e\u0301e\u0301", Body: "1234567\r\n90"})
	invalid(t, failure(w.forum.StartTopic(w.ctx, w.author, forum.NewTopic{Board: w.open.ID, Title: "123456", Body: "x"})), "title", storage.CodeTooLong)
	invalid(t, failure(w.forum.StartTopic(w.ctx, w.author, forum.NewTopic{Board: w.open.ID, Title: "x", Body: "12345678901"})), "body", storage.CodeTooLong)
}

func TestSlowMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.opens(forum.NewBoard{SlowMode: 10 * time.Minute})
	topic, other := w.starts(w.author, forum.NewTopic{Board: b.ID}), w.starts(w.author, forum.NewTopic{Board: b.ID})
	say := func(who auth.Actor, topic forum.TopicID) error {
		return failure(w.forum.Reply(w.ctx, who, forum.NewReply{Topic: topic, Body: "Testo"}))
	}
	require.NoError(t, say(w.member, topic.ID))
	require.NoError(t, say(w.member, other.ID), "each topic has a pace of its own")
	require.NoError(t, say(w.outsider, topic.ID), "and each person")
	w.pass(4 * time.Minute)
	var limited *auth.Limited
	require.ErrorAs(t, say(w.member, topic.ID), &limited)
	require.Equal(t, auth.Limited{Action: forum.Say, After: 6 * time.Minute}, *limited)
	require.NoError(t, say(w.keeper, topic.ID))
	require.NoError(t, say(w.keeper, topic.ID), "moderators are not slowed down")
	require.False(t, w.replies(w.keeper, forum.NewReply{Topic: topic.ID}).FromStaff, "nor marked: the topic is open to all")
	w.pass(5*time.Minute - time.Microsecond)
	require.ErrorIs(t, say(w.member, topic.ID), auth.ErrLimited)
	w.pass(time.Microsecond)
	require.NoError(t, say(w.member, topic.ID))
	// Who started a topic waits, too: the first post is one of theirs.
	fresh := w.starts(w.author, forum.NewTopic{Board: b.ID})
	require.ErrorIs(t, say(w.author, fresh.ID), auth.ErrLimited)
	// A board that is slowed down later does not slow its topics.
	w.rules(w.open.ID, forum.BoardEdit{SlowMode: ptr(time.Hour)})
	plain := w.starts(w.author, forum.NewTopic{Board: w.opens(forum.NewBoard{}).ID})
	w.rules(plain.Board, forum.BoardEdit{SlowMode: ptr(time.Hour)})
	require.NoError(t, say(w.author, plain.ID))
}

func TestAutoClose(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{Board: w.opens(forum.NewBoard{CloseAfter: time.Hour}).ID})
	r := w.replies(w.author, forum.NewReply{Topic: topic.ID})
	tries := func(want error) {
		t.Helper()
		before := w.dump()
		require.ErrorIs(t, failure(w.forum.Reply(w.ctx, w.member, forum.NewReply{Topic: topic.ID, Body: "Testo"})), want)
		require.ErrorIs(t, failure(w.forum.EditPost(w.ctx, w.author, forum.PostEdit{Post: post(r), Version: 1, Body: "Testo"})), want)
		require.Equal(t, before, w.dump())
	}
	w.pass(time.Hour)
	tries(forum.ErrLocked)
	w.pass(-time.Microsecond) // nothing but the clock closed it
	require.NoError(t, failure(w.forum.EditPost(w.ctx, w.author, forum.PostEdit{Post: post(r), Version: 1, Body: "In tempo"})))
	require.Equal(t, w.topic(topic.ID).ActiveAt, r.CreatedAt, "an edit keeps nothing open")
	w.pass(time.Hour)
	tries(forum.ErrLocked)
	require.True(t, w.replies(w.moderator, forum.NewReply{Topic: topic.ID}).FromStaff)
	w.replies(w.member, forum.NewReply{Topic: topic.ID})
}

// ledger is a limiter that counts, and refuses when it is told to.
type ledger struct {
	mu    sync.Mutex
	calls []string
	names map[auth.UserID]string
	after time.Duration
}

func (l *ledger) Allow(_ context.Context, who auth.Actor, do auth.Action) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, l.names[who.User]+" "+string(do))
	if l.after > 0 {
		return &auth.Limited{Action: do, After: l.after}
	}
	return nil
}

// A rate counts what would be written, once, whatever comes in between; what
// is refused anyway counts for nothing.
func TestRates(t *testing.T) {
	t.Parallel()
	rates := &ledger{names: map[auth.UserID]string{}}
	w := newWorld(t, func(c *forum.Config) { c.Limit = rates })
	for name, id := range w.people.names {
		rates.names[id] = name
	}
	topic := w.starts(w.author, forum.NewTopic{})
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID})
	require.Equal(t, []string{"author forum.start", "member forum.reply"}, rates.calls)

	rates.calls = nil
	slow := w.starts(w.member, forum.NewTopic{Board: w.opens(forum.NewBoard{SlowMode: time.Hour}).ID})
	closed := w.starts(w.member, forum.NewTopic{})
	require.NoError(t, w.forum.Lock(w.ctx, w.keeper, closed.ID, true))
	rates.calls = nil
	for what, err := range map[string]error{
		"denied":      failure(w.forum.Reply(w.ctx, w.observer, forum.NewReply{Topic: topic.ID, Body: "Testo"})),
		"hidden":      failure(w.forum.StartTopic(w.ctx, w.outsider, forum.NewTopic{Board: w.reserved.ID, Title: "Titolo", Body: "Testo"})),
		"not there":   failure(w.forum.Reply(w.ctx, w.member, forum.NewReply{Topic: storage.NewID[forum.Topic](), Body: "Testo"})),
		"invalid":     failure(w.forum.Reply(w.ctx, w.member, forum.NewReply{Topic: topic.ID})),
		"wider":       failure(w.forum.StartTopic(w.ctx, w.member, forum.NewTopic{Board: w.reserved.ID, Title: "Titolo", Body: "Testo", Audience: auth.Public})),
		"slowed down": failure(w.forum.Reply(w.ctx, w.member, forum.NewReply{Topic: slow.ID, Body: "Testo"})),
		"locked":      failure(w.forum.Reply(w.ctx, w.member, forum.NewReply{Topic: closed.ID, Body: "Testo"})),
	} {
		require.Error(t, err, what)
	}
	w.edits(w.author, first(topic.ID), "Altro")
	require.NoError(t, w.forum.Useful(w.ctx, w.author, post(r), true))
	require.Empty(t, rates.calls)

	cfg := w.config
	cfg.Store = meddled{Store: cfg.Store, once: new(sync.Once), do: func() { w.edits(w.author, first(topic.ID), "Ancora") }}
	_, err := forum.New(cfg).Reply(w.ctx, w.member, forum.NewReply{Topic: topic.ID, Body: "Testo"})
	require.NoError(t, err)
	require.Equal(t, []string{"member forum.reply"}, rates.calls, "a decision taken twice is counted once")

	rates.after = time.Minute
	before := w.dump()
	for _, err := range []error{
		failure(w.forum.Reply(w.ctx, w.member, forum.NewReply{Topic: topic.ID, Body: "Testo"})),
		failure(w.forum.StartTopic(w.ctx, w.member, forum.NewTopic{Board: w.open.ID, Title: "Titolo", Body: "Testo"})),
	} {
		var limited *auth.Limited
		require.ErrorAs(t, err, &limited)
		require.Equal(t, time.Minute, limited.After)
	}
	require.Equal(t, before, w.dump())
}

// meddled is a forum's store in which something happens, once, after the first
// look at a place.
type meddled struct {
	forum.Store
	once *sync.Once
	do   func()
}

func (m meddled) Place(ctx context.Context, q forum.PlaceQuery) (forum.Place, error) {
	defer m.once.Do(m.do)
	return m.Store.Place(ctx, q)
}

// Whoever keeps changing what others look at makes them give up, at last.
func TestDecisionsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	cfg := w.config
	looks := 0
	cfg.Store = restless{cfg.Store, func() {
		looks++
		w.edits(w.author, first(topic.ID), fmt.Sprint("Testo ", looks))
	}}
	_, err := forum.New(cfg).Reply(w.ctx, w.member, forum.NewReply{Topic: topic.ID, Body: "Testo"})
	require.ErrorIs(t, err, storage.ErrConflict)
	require.Greater(t, looks, 3)
	require.Less(t, looks, 20)
	require.Zero(t, w.topic(topic.ID).Replies)

	stopping, stop := context.WithCancel(w.ctx)
	looks = 0
	cfg.Store = restless{w.config.Store, func() {
		looks++
		w.edits(w.author, first(topic.ID), fmt.Sprint("Ancora ", looks))
		stop()
	}}
	require.Error(t, failure(forum.New(cfg).Reply(stopping, w.member, forum.NewReply{Topic: topic.ID, Body: "Testo"})))
	require.Equal(t, 1, looks, "nobody waits for the answer any more")
}

// restless is a store in which something happens after each look at a place.
type restless struct {
	forum.Store
	do func()
}

func (m restless) Place(ctx context.Context, q forum.PlaceQuery) (forum.Place, error) {
	defer m.do()
	return m.Store.Place(ctx, q)
}

func TestKeys(t *testing.T) {
	t.Parallel()
	for _, kept := range []bool{false, true} {
		w := newWorld(t, func(c *forum.Config) { c.KeepKeys = kept })
		topic := w.starts(w.author, forum.NewTopic{Key: "k"})
		r := w.replies(w.author, forum.NewReply{Topic: topic.ID, Key: "k"})
		b := w.opens(forum.NewBoard{Key: "k"})
		require.Equal(t, topic.ID, w.starts(w.author, forum.NewTopic{Key: "k"}).ID, "the same key is another one for each operation")
		require.Equal(t, r.ID, w.replies(w.author, forum.NewReply{Topic: topic.ID, Key: "k"}).ID)
		require.Equal(t, b.ID, w.opens(forum.NewBoard{Key: "k"}).ID)
		require.Len(t, w.events(), 2+3)

		// What is repeated is answered, though it could not be done again.
		require.NoError(t, w.forum.Lock(w.ctx, w.keeper, topic.ID, true))
		w.rules(w.open.ID, forum.BoardEdit{Archived: ptr(true)})
		require.Equal(t, r.ID, w.replies(w.author, forum.NewReply{Topic: topic.ID, Key: "k", Body: "Altro"}).ID)
		require.Equal(t, topic.ID, w.starts(w.author, forum.NewTopic{Key: "k", Title: "Altro"}).ID)
		_, err := w.forum.Reply(w.ctx, w.author, forum.NewReply{Topic: topic.ID, Key: "k"})
		require.NoError(t, err, "also with nothing in it: it was made")
		_, err = w.forum.Reply(w.ctx, w.author, forum.NewReply{Topic: topic.ID, Key: "l", Body: "Testo"})
		require.ErrorIs(t, err, forum.ErrLocked)

		// Keys are forgotten in time, unless they are kept.
		w.rules(w.open.ID, forum.BoardEdit{Archived: ptr(false)})
		w.pass(storage.OnceKept + time.Hour)
		require.NoError(t, w.store.Apply(w.ctx, storage.Forget{Before: w.now.Add(-storage.OnceKept)}))
		require.Equal(t, kept, w.starts(w.author, forum.NewTopic{Key: "k"}).ID == topic.ID)
	}
}

// A form that started a topic which was merged into another since, sent again,
// says where it has gone.
func TestKeyOfWhatWasMerged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic, into, last := w.starts(w.author, forum.NewTopic{Key: "k"}), w.starts(w.member, forum.NewTopic{}), w.starts(w.member, forum.NewTopic{})
	for _, to := range []forum.Topic{into, last} {
		if to.ID == into.ID {
			w.merges(topic.ID, into.ID)
		} else {
			w.merges(into.ID, last.ID)
		}
		before := w.dump()
		again, err := w.forum.StartTopic(w.ctx, w.author, forum.NewTopic{Board: w.open.ID, Key: "k", Title: "Titolo", Body: "Testo"})
		require.NoError(t, err)
		require.Equal(t, forum.Topic{ID: topic.ID, MergedInto: to.ID}, again)
		require.Equal(t, before, w.dump())
	}
}

// A key opens nothing that its owner may not read.
func TestKeyOfWhatIsHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID, Key: "k"})
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID, Key: "k"})
	w.stands(w.member, auth.Member, auth.Outsider)
	got, err := w.forum.StartTopic(w.ctx, w.member, forum.NewTopic{Board: w.reserved.ID, Key: "k", Title: "Titolo", Body: "Testo"})
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.Zero(t, got)
	reply, err := w.forum.Reply(w.ctx, w.member, forum.NewReply{Topic: r.Topic, Key: "k", Body: "Testo"})
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.Zero(t, reply)
}

func TestMentions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := func(who auth.Actor) string { return auth.Mention(who.User) }
	topic := w.starts(w.author, forum.NewTopic{Board: w.reserved.ID, Body: "@member, @outsider, @nessuno e @member@example.org; @author stesso"})
	require.Equal(t, at(w.member)+", "+at(w.outsider)+", @nessuno e @member@example.org; "+at(w.author)+" stesso", topic.Body)
	require.Equal(t, []auth.UserID{w.member.User, w.author.User}, w.last().payload.Mentions, "only who may read")
	require.Equal(t, map[auth.UserID]forum.Reason{w.member.User: forum.Mentioned}, w.told(), "and nobody of what they wrote")
	require.Equal(t, forum.Mark{User: w.member.User, Topic: topic.ID, Follow: forum.Following, Reason: forum.Mentioned}, w.mark(w.member, topic.ID))
	require.Zero(t, w.mark(w.outsider, topic.ID))
	require.Equal(t, forum.Author, w.mark(w.author, topic.ID).Reason)

	// An edit tells those who were not mentioned before.
	w.edits(w.author, first(topic.ID), topic.Body+" e @moderator")
	require.Equal(t, []auth.UserID{w.moderator.User}, w.last().payload.Mentions)
	require.Zero(t, w.mark(w.outsider, topic.ID), "nor does whoever may not read follow")
	require.Equal(t, map[auth.UserID]forum.Reason{w.moderator.User: forum.Mentioned}, w.told())

	// Whoever ignores the topic is not told, whatever happens.
	require.NoError(t, w.forum.Follow(w.ctx, w.member, topic.ID, forum.Ignoring))
	w.replies(w.author, forum.NewReply{Topic: topic.ID, Body: "@member! @outsider!"})
	require.Equal(t, []auth.UserID{w.member.User}, w.last().payload.Mentions)
	require.Equal(t, map[auth.UserID]forum.Reason{w.moderator.User: forum.Mentioned}, w.told())
	require.Equal(t, forum.Ignoring, w.mark(w.member, topic.ID).Follow)
}

// To be told, it is not enough to know of the board: one must read the topic.
func TestToldIsWhoReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.member, forum.NewTopic{})
	w.forum = w.without(forum.Read, w.member) // follows it, and may not read any more
	w.replies(w.author, forum.NewReply{Topic: topic.ID, Body: "@member"})
	require.Empty(t, w.last().payload.Mentions)
	require.Empty(t, w.told())
	w.forum = forum.New(w.config)
	require.Equal(t, map[auth.UserID]forum.Reason{w.member.User: forum.Author}, w.told())
}

// Nobody at all may be the author of what is imported.
func TestNobodyWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *forum.Config) { c.Auth = auth.AllowAll{} })
	b := w.opens(forum.NewBoard{SlowMode: time.Hour})
	topic := w.starts(w.visitor, forum.NewTopic{Board: b.ID, Draft: "qui"})
	for range 2 {
		w.replies(w.visitor, forum.NewReply{Topic: topic.ID, Draft: "qui"})
	}
	marks, err := w.store.Forum().Followers(w.ctx, topic.ID, "")
	require.NoError(t, err)
	require.Empty(t, marks.Items)
	for _, change := range []error{
		failure(w.forum.EditPost(w.ctx, w.visitor, forum.PostEdit{Post: first(topic.ID), Version: 1, Title: "x", Body: "x"})),
	} {
		require.NoError(t, change, "as a moderator, whom this authorizer takes everybody for")
	}
	require.Equal(t, 2, w.topic(topic.ID).Text.Revision, "there is no grace for nobody")
	require.ErrorIs(t, w.forum.Delete(w.ctx, w.visitor, first(topic.ID)), auth.ErrDenied, "what nobody wrote is nobody's")
}
