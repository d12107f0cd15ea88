// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// What somebody chose by hand stays; otherwise the strongest reason counts.
func TestWhySomebodyFollows(t *testing.T) {
	t.Parallel()
	const f, g, n = forum.Following, forum.Ignoring, forum.Unasked
	for name, c := range map[string]struct {
		steps  string // m mentioned, r replies, f g n chosen by hand
		follow forum.Follow
		reason forum.Reason
	}{
		"mentioned":                        {"m", f, forum.Mentioned},
		"replied":                          {"r", f, forum.Replied},
		"mentioned, replied":               {"mr", f, forum.Replied},
		"replied, mentioned":               {"rm", f, forum.Replied},
		"by hand":                          {"f", f, forum.ByHand},
		"by hand, then automatic":          {"frm", f, forum.ByHand},
		"ignoring":                         {"g", g, forum.ByHand},
		"ignoring, then automatic":         {"grm", g, forum.ByHand},
		"automatic, then ignoring":         {"rmg", g, forum.ByHand},
		"unasked by hand, then automatic":  {"nrm", n, forum.ByHand},
		"automatic, then unasked by hand":  {"mrn", n, forum.ByHand},
		"changed one's mind":               {"gfgf", f, forum.ByHand},
		"changed one's mind the other way": {"fgm", g, forum.ByHand},
	} {
		w := newWorld(t)
		topic := w.starts(w.author, forum.NewTopic{})
		for _, step := range c.steps {
			switch step {
			case 'm':
				w.replies(w.author, forum.NewReply{Topic: topic.ID, Body: "@member"})
			case 'r':
				w.replies(w.member, forum.NewReply{Topic: topic.ID})
			default:
				by := map[rune]forum.Follow{'f': f, 'g': g, 'n': n}[step]
				require.NoError(t, w.forum.Follow(w.ctx, w.member, topic.ID, by))
			}
		}
		m := w.mark(w.member, topic.ID)
		require.Equal(t, [2]any{c.follow, c.reason}, [2]any{m.Follow, m.Reason}, name)
		w.replies(w.author, forum.NewReply{Topic: topic.ID})
		_, told := w.told()[w.member.User]
		require.Equal(t, c.follow == f, told, name)
		require.Equal(t, c.follow == f, len(w.list(w.member, forum.TopicFilter{Following: true})) == 1, name)
		w.replies(w.author, forum.NewReply{Topic: topic.ID, Body: "@member"})
		_, told = w.told()[w.member.User]
		require.Equal(t, c.follow != g, told, "%s: a mention tells but whoever ignores", name)
	}
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	invalid(t, w.forum.Follow(w.ctx, w.member, topic.ID, forum.Ignoring+1), "follow", storage.CodeUnknown)
}

func TestUseful(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	r := w.replies(w.author, forum.NewReply{Topic: topic.ID})
	counts := func() [2]int { return [2]int{w.topic(topic.ID).Useful, w.reply(r.ID).Useful} }
	say := func(who auth.Actor, p forum.Post, useful bool) error { return w.forum.Useful(w.ctx, who, p, useful) }
	require.NoError(t, say(w.member, post(r), false), "none to take back is no error")
	for range 2 {
		require.NoError(t, say(w.member, post(r), true))
		require.NoError(t, say(w.member, first(topic.ID), true))
	}
	require.NoError(t, say(w.outsider, post(r), true))
	require.Equal(t, [2]int{1, 2}, counts())
	th, err := w.forum.Thread(w.ctx, w.member, forum.ThreadPage{Topic: topic.ID})
	require.NoError(t, err)
	require.Equal(t, map[forum.Post]bool{first(topic.ID): true, post(r): true}, th.Useful)
	for range 2 {
		require.NoError(t, say(w.member, post(r), false))
	}
	require.Equal(t, [2]int{1, 1}, counts())
	require.Equal(t, topic.Version, w.topic(topic.ID).Version, "it is no edit")
	require.Empty(t, func() (edited []happened) {
		for _, e := range w.events() {
			if e.Name == forum.EventEdited {
				edited = append(edited, e)
			}
		}
		return edited
	}())
	require.ErrorIs(t, say(w.author, post(r), true), forum.ErrOwn)
	require.NoError(t, w.forum.Hide(w.ctx, w.keeper, post(r), "Prova"))
	require.ErrorIs(t, say(w.keeper, post(r), true), forum.ErrRemoved)
	require.Equal(t, [2]int{1, 1}, counts())
}

// Events that nobody is told of, and those of which it is.
func TestRecipients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID})
	require.Equal(t, map[auth.UserID]forum.Reason{w.author.User: forum.Author}, w.told(), "not its author")
	require.NoError(t, w.forum.Follow(w.ctx, w.observer, topic.ID, forum.Following))
	w.replies(w.author, forum.NewReply{Topic: topic.ID, Body: "@observer e @keeper"})
	require.Equal(t, map[auth.UserID]forum.Reason{
		w.member.User: forum.Replied, w.observer.User: forum.Mentioned, w.keeper.User: forum.Mentioned,
	}, w.told(), "each once, for what concerns them most")
	w.edits(w.member, post(r), "Rivista, @author")
	require.Equal(t, map[auth.UserID]forum.Reason{w.author.User: forum.Mentioned}, w.told(), "an edit tells nobody but those it mentions")
	for n, err := range []error{
		w.forum.Hide(w.ctx, w.keeper, post(r), "Prova"), w.forum.Restore(w.ctx, w.keeper, post(r)), w.forum.Pin(w.ctx, w.keeper, topic.ID, forum.Pinned),
		w.forum.Lock(w.ctx, w.keeper, topic.ID, true), w.forum.Move(w.ctx, w.moderator, forum.Move{Topic: topic.ID, To: w.reserved.ID}),
	} {
		require.NoError(t, err, n)
	}
	for _, e := range w.events()[len(w.events())-5:] {
		none, err := w.forum.Recipients(w.ctx, e.Event)
		require.NoError(t, err)
		require.Empty(t, none, e.Name)
	}
	_, err := w.forum.Recipients(w.ctx, storage.Event{Name: forum.EventReplied, Data: []byte("{")})
	require.Error(t, err)
	none, err := w.forum.Recipients(w.ctx, storage.Event{Name: "wiki.saved", Data: []byte("{")})
	require.NoError(t, err)
	require.Empty(t, none, "what it does not know is not its own")
}

// Who has moved on is told of what they still may read; a reply that was taken
// elsewhere is not announced where it was.
func TestRecipientsOfWhatMoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID})
	said := w.last()
	w.splits(topic.ID, r)
	none, err := w.forum.Recipients(w.ctx, said.Event)
	require.NoError(t, err)
	require.Empty(t, none)
	started := w.events()[2]
	require.Equal(t, forum.EventStarted, started.Name)
	w.merges(topic.ID, w.starts(w.author, forum.NewTopic{}).ID)
	none, err = w.forum.Recipients(w.ctx, started.Event)
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestUnread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	state := func(who auth.Actor) string {
		l := w.list(who, forum.TopicFilter{})[0]
		return fmt.Sprint(l.Unread, l.New, len(w.list(who, forum.TopicFilter{Unread: true})))
	}
	require.Equal(t, "0 true 1", state(w.member), "never opened")
	require.Equal(t, "0 false 0", state(w.author), "one's own")
	require.Equal(t, "0 true 1", state(w.observer))
	require.Equal(t, "0 false 0", fmt.Sprint(0, w.list(w.visitor, forum.TopicFilter{})[0].New, len(w.list(w.visitor, forum.TopicFilter{Unread: true}))), "visitors read nothing up to anywhere")
	require.NoError(t, w.forum.ReadTo(w.ctx, w.member, topic.ID, 0))
	require.Equal(t, "0 false 0", state(w.member))
	r := w.replies(w.author, forum.NewReply{Topic: topic.ID})
	w.replies(w.member, forum.NewReply{Topic: topic.ID})
	require.Equal(t, "1 true 1", state(w.member), "one's own replies are read")
	require.Equal(t, "1 true 1", state(w.author))
	require.NoError(t, w.forum.Hide(w.ctx, w.keeper, post(r), "Prova"))
	require.Equal(t, "0 false 0", state(w.member), "what is gone need not be read")
	require.NoError(t, w.forum.Restore(w.ctx, w.keeper, post(r)))
	w.pass(time.Minute)
	require.NoError(t, w.forum.ReadAll(w.ctx, w.member))
	require.Equal(t, "0 false 0", state(w.member))
	w.pass(time.Minute)
	w.replies(w.author, forum.NewReply{Topic: topic.ID})
	require.Equal(t, "1 true 1", state(w.member))
}

// Nothing is written when there is nothing to say.
func TestReadToWritesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	w.replies(w.author, forum.NewReply{Topic: topic.ID})
	counting := &counted{Store: w.config.Store}
	cfg := w.config
	cfg.Store = counting
	f := forum.New(cfg)
	for range 3 {
		require.NoError(t, f.ReadTo(w.ctx, w.member, topic.ID, 1))
	}
	require.NoError(t, f.ReadAll(w.ctx, w.member))
	require.Equal(t, []string{"forum.TopicAt", "forum.ReadTo", "forum.MarkAllRead"}, counting.changes)
}

// Nobody is told of a post that was taken away before they were.
func TestRecipientsOfWhatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID})
	said := w.last()
	for _, p := range []forum.Post{post(r), first(topic.ID)} {
		for gone, do := range map[bool]func() error{
			true: func() error { return w.forum.Hide(w.ctx, w.keeper, p, "Prova") }, false: func() error { return w.forum.Restore(w.ctx, w.keeper, p) },
		} {
			require.NoError(t, do())
			told, err := w.forum.Recipients(w.ctx, said.Event)
			require.NoError(t, err)
			require.Equal(t, gone, len(told) == 0)
		}
		require.NoError(t, w.forum.Restore(w.ctx, w.keeper, p))
	}
}
