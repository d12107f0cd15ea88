// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
)

// What members of a forum see happen, in the words of its specification.
var forumScenarios = []promise{
	{"S-move-secret", "to outsiders, a topic moved into a reserved area is as if it had never been", false, moveSecret},
	{"S-move-secret/Recipients", "whoever may not follow a topic into a reserved area is told nothing of it, also of what happened before", false, moveSecretRecipients},
	{"S-move-secret/Merge", "nor does anybody follow a topic that is merged, or replies that are split, into what they may not read", false, moveSecretMerge},
	{"S-parent-gone", "a removed reply keeps its place and its children, and shows nothing but that to others", false, parentGone},
	{"S-read-pointer", "what somebody has read never goes back, and never goes beyond what is there", false, readPointer},
	{"S-read-pointer/Tabs", "whatever tab speaks last, the furthest counts", true, readPointerTabs},
	{"S-counts-outsider", "counts are those of what the reader may open", false, countsOutsider},
	{"S-counts-outsider/Removed", "a post that is taken away leaves no trace in counts, lists and times", false, countsRemoved},
	{"S-locked", "a locked topic takes replies of moderators only, marked", false, locked},
	{"S-locked/Clock", "a topic closes when nothing happened for so long, by the clock alone", false, lockedByClock},
	{"S-deep", "threads go as deep as they are written, and stay in order beyond the levels that order them", false, deepLevels},
	{"S-deep/Many", "the pages of a long topic are complete and in order", true, deepMany},
	{"S-deep/Stable", "pages that are read while replies arrive have each of the older ones once, in order", true, deepStable},
	{"S-post-once", "the same form sent twice makes one reply and one event", false, postOnce},
	{"S-post-once/Crowd", "the same form sent 64 times at once makes one reply and one event", true, postOnceCrowd},
	{"S-edit-grace", "an author's edits within the grace make no revision; every other edit does, with who and why", false, editGrace},
}

func moveSecret(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	w.replies(w.outsider, forum.NewReply{Topic: w.starts(w.outsider, forum.NewTopic{Board: w.open.ID}).ID}) // something that stays
	before := map[string]string{}
	for name, who := range w.outsiders() {
		before[name] = w.answers(who)
	}
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID, Title: "Fuga di notizie"})
	r := w.replies(w.colleague, forum.NewReply{Topic: topic.ID})
	must(t, w.forum.ReadTo(ctx, w.outsider, topic.ID, 1))
	must(t, w.forum.Follow(ctx, w.observer, topic.ID, forum.Following))
	must(t, w.forum.Pin(ctx, w.moderator, topic.ID, forum.Announced))
	if w.answers(w.outsider) == before["outsider"] {
		t.Fatal("the topic cannot be seen before it is moved: the test says nothing")
	}
	w.moves(topic, w.reserved)
	for name, who := range w.outsiders() {
		equal(t, name, w.answers(who), before[name])
		w.alike(who, target{w.reserved.ID, topic.ID, r.ID})
	}
	for _, who := range []auth.Actor{w.member, w.colleague, w.moderator, w.coordinator} {
		th := got(w.forum.Thread(ctx, who, forum.ThreadPage{Topic: topic.ID}))(t)
		same(t, th.Topic.Title, "Fuga di notizie")
		same(t, len(th.Replies.Items), 1)
		if got(w.forum.FindReply(ctx, who, r.ID))(t).Post != post(r) {
			t.Error("a member's permalink leads elsewhere")
		}
	}
}

func moveSecretRecipients(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	w.replies(w.outsider, forum.NewReply{Topic: topic.ID}) // follows by it
	must(t, w.forum.Follow(ctx, w.observer, topic.ID, forum.Following))
	w.replies(w.colleague, forum.NewReply{Topic: topic.ID, Body: "@outsider, @keeper e @moderator, che ne dite?"})
	same(t, w.told(forum.EventReplied), map[auth.UserID]forum.Reason{
		w.member.User: forum.Author, w.outsider.User: forum.Mentioned, w.observer.User: forum.ByHand,
		w.keeper.User: forum.Mentioned, w.moderator.User: forum.Mentioned,
	})
	w.moves(topic, w.reserved)
	inside := map[auth.UserID]forum.Reason{w.member.User: forum.Author, w.moderator.User: forum.Mentioned}
	same(t, w.told(forum.EventReplied), inside) // that was said before the move
	w.replies(w.colleague, forum.NewReply{Topic: topic.ID})
	inside[w.moderator.User] = forum.Mentioned // why they follow
	same(t, w.told(forum.EventReplied), inside)
	for _, who := range []auth.Actor{w.outsider, w.observer, w.keeper} {
		same(t, got(s.Forum().Marks(ctx, who.User))(t), nil) // no subscription is kept, nor where they had read
	}
	must(t, w.forum.Move(ctx, w.moderator, forum.Move{Topic: topic.ID, To: w.open.ID, Widen: true}))
	same(t, w.topic(topic.ID).Audience, auth.AreaMembers) // back in the commons its promise stays narrow, and no subscription comes back
	w.replies(w.colleague, forum.NewReply{Topic: topic.ID})
	same(t, w.told(forum.EventReplied), inside)
}

func moveSecretMerge(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.outsider, forum.NewTopic{Board: w.open.ID})
	mine := w.replies(w.outsider, forum.NewReply{Topic: topic.ID})
	w.replies(w.member, forum.NewReply{Topic: topic.ID, Parent: mine.ID, Body: "@keeper, @moderator"})
	into := w.starts(w.colleague, forum.NewTopic{Board: w.reserved.ID})
	must(t, w.forum.Merge(ctx, w.moderator, topic.ID, into.ID))
	for _, who := range []auth.Actor{w.outsider, w.keeper} {
		same(t, got(s.Forum().Marks(ctx, who.User))(t), nil)
	}
	follows := func(who auth.Actor, topic forum.TopicID) forum.Reason {
		t.Helper()
		for _, m := range got(s.Forum().Marks(ctx, who.User))(t) {
			if m.Topic == topic && m.Follow == forum.Following {
				return m.Reason
			}
		}
		return forum.NoReason
	}
	same(t, follows(w.member, into.ID), forum.Replied)
	same(t, follows(w.moderator, into.ID), forum.Mentioned)

	// The outsider's words go on without them.
	on := got(w.forum.Split(ctx, w.moderator, forum.Split{
		Topic: into.ID, Version: w.topic(into.ID).Version, Replies: []forum.ReplyID{mine.ID}, Title: "A parte", Body: "Continua qui",
	}))(t)
	same(t, on.Replies, 2)
	same(t, w.kept(mine.ID).By, w.outsider.By())
	same(t, got(s.Forum().Marks(ctx, w.outsider.User))(t), nil)
	same(t, follows(w.member, on.ID), forum.Replied)
	same(t, follows(w.moderator, on.ID), forum.Author)
}

func parentGone(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	for name, remove := range map[string]func(p forum.Post) error{
		"deleted": func(p forum.Post) error { return w.forum.Delete(ctx, w.outsider, p) },
		"hidden":  func(p forum.Post) error { return w.forum.Hide(ctx, w.moderator, p, "Insulti a un collega") },
		"purged":  func(p forum.Post) error { return w.forum.Purge(ctx, w.coordinator, p, "Dati personali") },
	} {
		t.Run(name, func(t *testing.T) {
			parent := w.replies(w.outsider, forum.NewReply{Topic: topic.ID, Body: "Parole sconvenienti"})
			child := w.replies(w.colleague, forum.NewReply{Topic: topic.ID, Parent: parent.ID, Body: "Non sono d'accordo"})
			count := w.topic(topic.ID).Replies
			must(t, remove(post(parent)))
			same(t, w.topic(topic.ID).Replies, count-1)
			for reader, who := range w.everybody() {
				at := slices.IndexFunc(w.thread(who, forum.ThreadPage{Topic: topic.ID}), func(r forum.Reply) bool { return r.ID == parent.ID })
				replies := w.thread(who, forum.ThreadPage{Topic: topic.ID})
				if at < 0 || replies[at+1].ID != child.ID {
					t.Fatalf("%s: the reply has lost its place, or its child", reader)
				}
				seen, below := replies[at], replies[at+1]
				same(t, below.Parent, parent.ID)
				same(t, below.Depth, 2)
				same(t, below.Body, child.Body)
				same(t, seen.Seq, parent.Seq)
				knows := name != "purged" && (reader == "outsider" || reader == "moderator" || reader == "keeper" || reader == "coordinator")
				if (seen.Body != "") != knows {
					t.Errorf("%s sees the text: %q", reader, seen.Body)
				}
				staff := reader == "moderator" || reader == "keeper" || reader == "coordinator"
				if (seen.Removal.Why != "") != (name != "deleted" && (staff || reader == "outsider")) {
					t.Errorf("%s sees the reason: %q", reader, seen.Removal.Why)
				}
				if (!seen.By.User.IsZero() || !seen.Removal.By.User.IsZero()) != (staff || reader == "outsider") {
					t.Errorf("%s sees the bylines: %v, %v", reader, seen.By, seen.Removal.By)
				}
			}
			_, err := w.forum.Reply(ctx, w.member, forum.NewReply{Topic: topic.ID, Parent: parent.ID, Body: "E tu?"})
			is(t, err, forum.ErrRemoved)
			grandchild := w.replies(w.member, forum.NewReply{Topic: topic.ID, Parent: child.ID})
			same(t, grandchild.Depth, 3)
			err = w.forum.Restore(ctx, w.outsider, post(parent))
			if name == "deleted" {
				must(t, err) // one's own deletion
				same(t, w.kept(parent.ID).Body, "Parole sconvenienti")
				return
			}
			is(t, err, auth.ErrDenied)
			if name == "purged" {
				is(t, w.forum.Restore(ctx, w.coordinator, post(parent)), forum.ErrRemoved)
				same(t, w.kept(parent.ID).Body, "")
				return
			}
			must(t, w.forum.Restore(ctx, w.moderator, post(parent)))
			same(t, w.kept(parent.ID).Removal, forum.Removal{})
		})
	}
}

func readPointer(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.colleague, forum.NewTopic{Board: w.open.ID})
	for range 5 {
		w.replies(w.colleague, forum.NewReply{Topic: topic.ID})
	}
	unread := func() int { return w.list(w.member, forum.TopicFilter{})[0].Unread }
	same(t, unread(), 5)
	for _, step := range []struct{ to, read, unread int }{
		{0, 0, 5}, {3, 3, 2}, {1, 3, 2}, {-7, 3, 2}, {4, 4, 1}, {1e9, 5, 0}, {2, 5, 0},
	} {
		must(t, w.forum.ReadTo(ctx, w.member, topic.ID, step.to))
		th := got(w.forum.Thread(ctx, w.member, forum.ThreadPage{Topic: topic.ID}))(t)
		same(t, th.Mark.Read, step.read)
		same(t, th.Mark.Opened, true)
		same(t, unread(), step.unread)
	}
	w.replies(w.colleague, forum.NewReply{Topic: topic.ID})
	same(t, unread(), 1) // what comes after the end was not read ahead
	w.clock.pass(time.Minute)
	must(t, w.forum.ReadAll(ctx, w.member))
	same(t, unread(), 0)
	w.clock.pass(-time.Hour) // a node with a slow clock
	must(t, w.forum.ReadAll(ctx, w.member))
	same(t, unread(), 0)
	is(t, w.forum.ReadTo(ctx, w.visitor, topic.ID, 1), auth.ErrDenied)
	is(t, w.forum.ReadAll(ctx, w.visitor), auth.ErrDenied)
}

func readPointerTabs(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.colleague, forum.NewTopic{Board: w.open.ID})
	const replies = 24
	for range replies {
		w.replies(w.colleague, forum.NewReply{Topic: topic.ID})
	}
	var mu sync.Mutex
	furthest := 0
	for _, err := range together(replies, func(i int) error {
		if err := w.forum.ReadTo(ctx, w.member, topic.ID, (i*7)%replies+1); err != nil {
			return err
		}
		mu.Lock() // between the reading and the comparing nobody else's reading comes
		defer mu.Unlock()
		th, err := w.forum.Thread(ctx, w.member, forum.ThreadPage{Topic: topic.ID})
		if th.Mark.Read < furthest {
			t.Errorf("went back from %d to %d", furthest, th.Mark.Read)
		}
		furthest = th.Mark.Read
		return err
	}) {
		must(t, err)
	}
	same(t, w.list(w.member, forum.TopicFilter{})[0].Mark.Read, replies)
}

func countsOutsider(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	shown := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	w.replies(w.member, forum.NewReply{Topic: shown.ID})
	must(t, w.forum.Follow(ctx, w.outsider, shown.ID, forum.Following))
	before := map[string]string{}
	for name, who := range w.outsiders() {
		before[name] = w.answers(who)
	}
	for i := range 3 {
		secret := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID, Title: fmt.Sprint("Riservato ", i)})
		w.replies(w.colleague, forum.NewReply{Topic: secret.ID, Body: "@outsider @keeper @member"})
		must(t, w.forum.Pin(ctx, w.moderator, secret.ID, forum.Announced))
	}
	w.board(forum.NewBoard{Area: w.group, Parent: w.reserved.ID, Audience: auth.AreaMembers, Name: "Sottostanza"})
	for name, who := range w.outsiders() {
		equal(t, name, w.answers(who), before[name])
	}

	one := func(who auth.Actor, area auth.AreaID) forum.BoardListed {
		return got(w.forum.Boards(ctx, who, area))(t)[0]
	}
	inside := one(w.moderator, w.group)
	same(t, [2]int{inside.Topics, inside.Unread}, [2]int{3, 3})
	same(t, len(got(w.forum.Boards(ctx, w.moderator, w.group))(t)), 2)
	same(t, one(w.member, w.group).Unread, 3) // of their own topics, by others' replies
	same(t, len(got(w.forum.Boards(ctx, w.outsider, w.group))(t)), 0)
	same(t, one(w.visitor, auth.Commons).Topics, 1)
	same(t, one(w.visitor, auth.Commons).Unread, 0)

	// On one board, each counts what was promised to them.
	w.starts(w.member, forum.NewTopic{Board: w.open.ID, Audience: auth.CommunityMembers})
	w.starts(w.member, forum.NewTopic{Board: w.open.ID, Audience: auth.AreaMembers}) // of the commons: the community
	for name, want := range map[string]int{
		"visitor": 1, "stranger": 1, "observer": 3, "outsider": 3, "member": 3, "keeper": 3, "moderator": 3, "coordinator": 3,
	} {
		who := w.everybody()[name]
		same(t, one(who, auth.Commons).Topics, want)
		same(t, len(w.list(who, forum.TopicFilter{Board: w.open.ID})), want)
	}
}

func countsRemoved(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	w.replies(w.colleague, forum.NewReply{Topic: topic.ID})
	everything := func() (out string) {
		for _, name := range []string{"visitor", "observer", "outsider", "colleague"} {
			who, ok := w.everybody()[name]
			if !ok {
				who = w.colleague
			}
			boards := got(w.forum.Boards(ctx, who, auth.Commons))(t)
			list := w.list(who, forum.TopicFilter{})
			for i := range list {
				list[i].Seq = 0 // how many replies there ever were is no secret: their places are shown
			}
			feeds := []forum.Feed{
				got(w.forum.Feed(ctx, who, forum.FeedPage{Board: w.open.ID}))(t), got(w.forum.Feed(ctx, who, forum.FeedPage{Topic: topic.ID}))(t),
			}
			out += fmt.Sprintf("%s\nboards %+v\nlist %+v\nfeeds %+v\n", name, boards, list, feeds)
		}
		return out
	}
	before := everything()
	r := w.replies(w.moderator, forum.NewReply{Topic: topic.ID, Body: "Da togliere"})
	gone := w.starts(w.moderator, forum.NewTopic{Board: w.open.ID, Title: "Da togliere"})
	if everything() == before {
		t.Fatal("the posts cannot be seen: the test says nothing")
	}
	for _, p := range []forum.Post{post(r), first(gone.ID)} {
		must(t, w.forum.Hide(ctx, w.keeper, p, "Prova"))
	}
	equal(t, "hidden", everything(), before)
	for _, p := range []forum.Post{post(r), first(gone.ID)} {
		must(t, w.forum.Restore(ctx, w.keeper, p))
		must(t, w.forum.Delete(ctx, w.moderator, p))
	}
	equal(t, "deleted", everything(), before)
	for _, p := range []forum.Post{post(r), first(gone.ID)} {
		must(t, w.forum.Purge(ctx, w.coordinator, p, "Prova"))
	}
	equal(t, "purged", everything(), before)
	same(t, len(w.list(w.moderator, forum.TopicFilter{Removed: true})), 1)
	same(t, len(w.list(w.member, forum.TopicFilter{Removed: true})), 0)
}

func locked(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	r := w.replies(w.outsider, forum.NewReply{Topic: topic.ID})
	same(t, r.FromStaff, false)
	is(t, w.forum.Lock(ctx, w.member, topic.ID, true), auth.ErrDenied) // their own topic
	must(t, w.forum.Lock(ctx, w.keeper, topic.ID, true))
	must(t, w.forum.Lock(ctx, w.keeper, topic.ID, true)) // is locked: nothing happens
	for _, who := range []auth.Actor{w.member, w.outsider} {
		_, err := w.forum.Reply(ctx, who, forum.NewReply{Topic: topic.ID, Body: "Ancora una cosa"})
		is(t, err, forum.ErrLocked)
		_, err = w.forum.Reply(ctx, who, forum.NewReply{Topic: topic.ID, Parent: r.ID, Body: "Ancora una cosa"})
		is(t, err, forum.ErrLocked)
	}
	_, err := w.forum.EditPost(ctx, w.outsider, forum.PostEdit{Post: post(r), Version: r.Version, Body: "Altro"})
	is(t, err, forum.ErrLocked)
	same(t, w.topic(topic.ID).Replies, 1)
	staff := w.replies(w.keeper, forum.NewReply{Topic: topic.ID, Parent: r.ID})
	same(t, staff.FromStaff, true)
	same(t, w.kept(staff.ID).FromStaff, true)
	must(t, w.forum.Lock(ctx, w.keeper, topic.ID, false))
	same(t, w.replies(w.keeper, forum.NewReply{Topic: topic.ID}).FromStaff, false)
	w.replies(w.outsider, forum.NewReply{Topic: topic.ID})
	count := w.events()
	same(t, [2]int{count[forum.EventLocked], count[forum.EventUnlocked]}, [2]int{1, 1})

	// What is archived takes no more, of nobody.
	yes := true
	got(w.forum.EditBoard(ctx, w.coordinator, forum.BoardEdit{Board: w.open.ID, Version: w.open.Version, Archived: &yes}))(t)
	for _, who := range []auth.Actor{w.member, w.keeper, w.coordinator} {
		_, err := w.forum.Reply(ctx, who, forum.NewReply{Topic: topic.ID, Body: "Ancora una cosa"})
		is(t, err, forum.ErrLocked)
		_, err = w.forum.StartTopic(ctx, who, forum.NewTopic{Board: w.open.ID, Title: "Titolo", Body: "Testo"})
		is(t, err, auth.ErrDenied)
	}
}

func lockedByClock(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	board := w.board(forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Avvisi", CloseAfter: 24 * time.Hour})
	topic := w.starts(w.member, forum.NewTopic{Board: board.ID})
	written := w.topic(topic.ID)
	w.clock.pass(24*time.Hour - time.Microsecond)
	r := got(w.forum.Reply(ctx, w.outsider, forum.NewReply{Topic: topic.ID, Body: "In tempo"}))(t)
	w.clock.pass(24 * time.Hour)
	_, err := w.forum.Reply(ctx, w.outsider, forum.NewReply{Topic: topic.ID, Body: "Tardi"})
	is(t, err, forum.ErrLocked)
	same(t, w.topic(topic.ID).Version, written.Version) // nothing was written when it closed
	same(t, w.topic(topic.ID).Locked, false)
	must(t, w.forum.Hide(ctx, w.keeper, post(r), "Prova")) // then nothing happened since the start
	must(t, w.forum.Restore(ctx, w.keeper, post(r)))
	same(t, w.replies(w.keeper, forum.NewReply{Topic: topic.ID}).FromStaff, true)
	w.clock.pass(time.Hour) // something has happened again
	w.replies(w.outsider, forum.NewReply{Topic: topic.ID})
}
