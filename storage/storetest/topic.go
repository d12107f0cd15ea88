// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"slices"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

var topicPromises = []promise{
	{"Topic/NotFound", "a topic that is not there is ErrNotFound, whatever is asked of it", false, topicNotFound},
	{"Topic/Exists", "a topic is inserted once", false, topicExists},
	{"Topic/Board", "a topic stands on a board that is there", false, topicBoard},
	{"Topic/Conflict", "an update of a version that is not current is ErrConflict and changes nothing", false, topicConflict},
	{"Topic/At", "TopicAt, ThreadAt and ReplyAt hold what goes with them to a version, and to the replies there were, and change nothing", false, postAt},
	{"Topic/Recount", "Recount sets the counters from the replies as they are, and never lowers the last number", false, topicRecount},
	{"Topic/Reactions", "reactions are counted in their post, each person's once", false, topicReactions},
	{"Topic/Revisions", "revisions come oldest first, each number once, and are those of their post alone", false, topicRevisions},
	{"Topic/MovePost", "the revisions, mentions and reactions of a post can be given to another, with their count", false, topicMovePost},
	{"Topic/MovePostTaken", "what both posts have is there once, as the other had it; a revision of the same number in both is ErrExists", false, topicMovePostTaken},
	{"Topic/Mentions", "who is mentioned in a post is replaced as a whole", false, topicMentions},
}

func postAt(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	r := d.reply(topic.ID, forum.Reply{})
	before := d.topic(topic.ID)
	at := func(topicAt, replyAt int) []storage.Change {
		return []storage.Change{forum.TopicAt{Topic: topic.ID, Version: topicAt}, event(1), forum.ReplyAt{Reply: r.ID, Version: replyAt}}
	}
	d.do(at(1, 1)...)
	same(t, d.topic(topic.ID), before)
	same(t, d.getReply(r.ID), r)
	for _, version := range []int{0, 2, -1} {
		d.fails(storage.ErrConflict, at(1, version)...)
		d.fails(storage.ErrConflict, at(version, 1)[:1]...)
	}
	d.fails(storage.ErrNotFound, event(2), forum.TopicAt{Topic: storage.NewID[forum.Topic](), Version: 1})
	thread := forum.ThreadAt{Topic: topic.ID, Version: 1, Seq: 1, Replies: 1}
	d.do(thread, event(1))
	for _, other := range []forum.ThreadAt{{Version: 2, Seq: 1, Replies: 1}, {Version: 1, Seq: 2, Replies: 1}, {Version: 1, Seq: 1, Replies: 0}} {
		other.Topic = topic.ID
		d.fails(storage.ErrConflict, event(2), other)
	}
	d.fails(storage.ErrNotFound, event(2), forum.ThreadAt{Topic: storage.NewID[forum.Topic](), Version: 1})
	d.fails(storage.ErrNotFound, event(2), forum.ReplyAt{Reply: storage.NewID[forum.Reply](), Version: 1})
	d.reply(topic.ID, r)
	d.do(forum.InsertReaction{Post: first(topic.ID), User: newUser(), At: d.tick()}, forum.InsertReaction{Post: post(r), User: newUser(), At: d.tick()})
	d.fails(storage.ErrConflict, event(2), thread)
	d.do(at(1, 1)...) // what is only counted moves no version
	d.do(forum.UpdateTopic{Topic: before}, forum.UpdateReply{Reply: r})
	d.do(at(2, 2)...)
	d.fails(storage.ErrConflict, at(1, 2)[:1]...)
	d.fails(storage.ErrConflict, at(2, 1)...)
	same(t, len(claims(t, s)), 4)
}

func topicNotFound(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	missing, user := storage.NewID[forum.Topic](), newUser()
	absent := d.newTopic()
	other := d.start()
	for _, id := range []forum.TopicID{missing, {}} {
		_, err := d.f.Topic(ctx, id)
		is(t, err, storage.ErrNotFound)
		_, err = d.f.Thread(ctx, forum.ThreadQuery{Topic: id})
		is(t, err, storage.ErrNotFound)
		_, err = d.f.Place(ctx, forum.PlaceQuery{Post: first(id), Reader: user})
		is(t, err, storage.ErrNotFound)
	}
	_, err := d.f.InsertReply(ctx, d.newReply(missing, forum.Reply{}), "", 1)
	is(t, err, storage.ErrNotFound)
	for _, change := range []storage.Change{
		forum.UpdateTopic{Topic: absent},
		forum.Recount{Topic: missing},
		forum.InsertRevision{Revision: forum.Revision{Post: first(missing), N: 1, At: at(1)}},
		forum.ReadTo{User: user, Topic: missing, Seq: 1},
		forum.SetFollow{User: user, Topic: missing, Follow: forum.Following, Reason: forum.ByHand},
		forum.Wrote{User: user, Topic: missing, At: at(1), Reason: forum.Replied},
		forum.MovePost{From: first(missing), To: first(other.ID)},
		forum.MovePost{From: first(other.ID), To: first(missing)},
		forum.SetMentions{Post: first(missing), Users: []auth.UserID{user}},
		forum.InsertReaction{Post: first(missing), User: user, At: at(1)},
		forum.DeleteReaction{Post: first(missing), User: user},
	} {
		t.Run(change.Change(), func(t *testing.T) {
			d.T = t
			d.fails(storage.ErrNotFound, change)
			d.fails(storage.ErrNotFound, forum.InsertReaction{Post: first(other.ID), User: user, At: at(1)}, change)
		})
	}
	d.T = t
	same(t, d.topic(other.ID), other)
	// Nothing there to drop is as good as dropped.
	d.do(forum.DeleteRevisions{Post: first(missing)}, forum.DropMark{User: user, Topic: missing}, forum.DeleteReactions{Post: first(missing)})
	same(t, len(got(d.f.Revisions(ctx, first(missing)))(t)), 0)
	same(t, len(got(d.f.Subtree(ctx, missing, ""))(t)), 0)
	same(t, len(got(d.f.Followers(ctx, missing, ""))(t).Items), 0)
	same(t, len(got(d.f.Marks(ctx, user))(t)), 0)
}

func topicExists(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	again := d.newTopic()
	again.ID = topic.ID
	d.fails(storage.ErrExists, forum.InsertTopic{Topic: again})
	d.fails(storage.ErrExists, event(1), forum.InsertTopic{Topic: topic})
	same(t, d.topic(topic.ID), topic)
}

func topicBoard(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.newTopic()
	topic.Board = storage.NewID[forum.Board]()
	d.fails(storage.ErrNotFound, forum.InsertTopic{Topic: topic})
	kept := d.start()
	moved := kept
	moved.Board = topic.Board
	d.fails(storage.ErrNotFound, forum.UpdateTopic{Topic: moved})
	same(t, d.topic(kept.ID), kept)
}

func topicConflict(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	for _, version := range []int{0, 2, -1} {
		stale := topic
		stale.Version, stale.Title = version, "stale"
		d.fails(storage.ErrConflict, event(1), forum.UpdateTopic{Topic: stale})
		_, err := d.f.InsertReply(ctx, d.newReply(topic.ID, forum.Reply{}), "", version, event(1))
		is(t, err, storage.ErrConflict)
	}
	same(t, d.topic(topic.ID), topic)
	same(t, len(claims(t, s)), 0)
	// A reply moves no version: who looked before it may still write.
	d.reply(topic.ID, forum.Reply{})
	d.do(forum.UpdateTopic{Topic: topic})
	d.fails(storage.ErrConflict, forum.UpdateTopic{Topic: topic})
}

func topicRecount(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.newTopic()
	wrong := topic
	wrong.Replies, wrong.ActiveAt, wrong.LastBy = 7, at(1000), newBy()
	d.do(forum.InsertTopic{Topic: wrong}, forum.Recount{Topic: topic.ID})
	same(t, d.topic(topic.ID), topic)

	var replies []forum.Reply
	for range 4 {
		replies = append(replies, d.reply(topic.ID, forum.Reply{}))
	}
	right := d.topic(topic.ID)
	d.do(forum.Recount{Topic: topic.ID})
	same(t, d.topic(topic.ID), right)

	// Removed replies count no more, and do not say when the topic was last
	// active; their numbers stay given.
	for i, state := range []forum.State{forum.Purged, forum.Hidden, forum.Deleted} {
		r := replies[3-i]
		r.Removal.State = state
		d.do(forum.UpdateReply{Reply: r}, forum.Recount{Topic: topic.ID})
		last := replies[3-i-1]
		want := topic
		want.Seq, want.Replies, want.ActiveAt, want.LastBy = 4, 3-i, last.CreatedAt, last.By
		same(t, d.topic(topic.ID), want)
	}
	r := replies[0]
	r.Removal.State = forum.Hidden
	d.do(forum.UpdateReply{Reply: r}, forum.Recount{Topic: topic.ID})
	want := topic
	want.Seq = 4
	same(t, d.topic(topic.ID), want)

	// What has moved away is not counted, and its number is not given again.
	other := d.start()
	for i, r := range replies {
		d.do(forum.PlaceReply{ID: r.ID, Topic: other.ID, Depth: 1, Path: forum.Path("").Below(i + 10), Seq: i + 10})
	}
	d.do(forum.Recount{Topic: topic.ID}, forum.Recount{Topic: other.ID})
	same(t, d.topic(topic.ID), want)
	same(t, d.topic(other.ID).Seq, 13)
	same(t, d.topic(other.ID).Replies, 0)
	same(t, d.reply(topic.ID, forum.Reply{}).Seq, 5)
	same(t, d.reply(other.ID, forum.Reply{}).Seq, 14)
}

func topicReactions(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	r := d.reply(topic.ID, forum.Reply{})
	other := d.reply(topic.ID, forum.Reply{})
	before := d.topic(topic.ID)
	useful := func() [3]int {
		return [3]int{d.topic(topic.ID).Useful, d.getReply(r.ID).Useful, d.getReply(other.ID).Useful}
	}
	users := []auth.UserID{newUser(), newUser(), newUser()}
	for _, u := range users {
		d.do(forum.InsertReaction{Post: first(topic.ID), User: u, At: at(1)}, forum.InsertReaction{Post: post(r), User: u, At: at(2)})
	}
	same(t, useful(), [3]int{3, 3, 0})
	d.fails(storage.ErrExists, forum.InsertReaction{Post: first(topic.ID), User: users[0], At: at(3)})
	d.fails(storage.ErrExists, forum.InsertReaction{Post: post(r), User: users[0], At: at(3)})
	d.do(forum.DeleteReaction{Post: post(r), User: users[0]})
	same(t, useful(), [3]int{3, 2, 0})
	d.fails(storage.ErrNotFound, forum.DeleteReaction{Post: post(r), User: users[0]})
	d.fails(storage.ErrNotFound, forum.DeleteReaction{Post: post(other), User: users[1]})
	same(t, useful(), [3]int{3, 2, 0})
	same(t, got(d.f.Reactions(ctx, users[0]))(t), []forum.Post{first(topic.ID)})
	d.do(forum.DeleteReactions{Post: first(topic.ID)})
	same(t, useful(), [3]int{0, 2, 0})
	d.do(forum.DeleteReactions{Post: first(topic.ID)}, forum.DeleteReactions{Post: post(other)})
	same(t, useful(), [3]int{0, 2, 0})
	same(t, got(d.f.Reactions(ctx, users[1]))(t), []forum.Post{post(r)})
	d.do(forum.DeleteReactions{Post: post(r)})
	same(t, useful(), [3]int{0, 0, 0})
	same(t, len(got(d.f.Reactions(ctx, users[1]))(t)), 0)
	d.do(forum.InsertReaction{Post: post(r), User: users[1], At: at(3)}) // again
	same(t, useful(), [3]int{0, 1, 0})
	// A reaction is no version of the post's.
	now := d.topic(topic.ID)
	same(t, now, before)
	same(t, d.getReply(r.ID).Version, 1)
}

func topicRevisions(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	r := d.reply(topic.ID, forum.Reply{})
	revision := func(of forum.Post, n int) forum.Revision {
		return forum.Revision{Post: of, N: n, Title: "t", Body: "b", By: newBy(), At: at(n)}
	}
	of := map[forum.Post][]forum.Revision{}
	for _, p := range []forum.Post{first(topic.ID), post(r)} {
		for _, n := range []int{3, 1, 10, 2} {
			v := revision(p, n)
			d.do(forum.InsertRevision{Revision: v})
			of[p] = append(of[p], v)
		}
		of[p] = []forum.Revision{of[p][1], of[p][3], of[p][0], of[p][2]}
	}
	for p, want := range of {
		same(t, got(d.f.Revisions(ctx, p))(t), want)
		d.fails(storage.ErrExists, forum.InsertRevision{Revision: revision(p, 3)})
	}
	d.do(forum.DeleteRevisions{Post: first(topic.ID)})
	same(t, len(got(d.f.Revisions(ctx, first(topic.ID)))(t)), 0)
	same(t, got(d.f.Revisions(ctx, post(r)))(t), of[post(r)])
	d.do(forum.InsertRevision{Revision: of[first(topic.ID)][0]}) // again
	d.do(forum.DeleteRevisions{Post: post(r)}, forum.DeleteRevisions{Post: post(r)})
	same(t, len(got(d.f.Revisions(ctx, post(r)))(t)), 0)
	same(t, len(got(d.f.Revisions(ctx, first(topic.ID)))(t)), 1)
}

func topicMentions(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	r := d.reply(topic.ID, forum.Reply{})
	users := []auth.UserID{newUser(), newUser(), newUser()}
	mentioned := func() (n [3]int) {
		for i, u := range users {
			n[i] = len(got(d.f.Written(ctx, forum.WrittenQuery{User: u}))(t).Items)
		}
		return n
	}
	d.do(forum.SetMentions{Post: first(topic.ID), Users: users[:2]})
	same(t, mentioned(), [3]int{1, 1, 0})
	d.do(forum.SetMentions{Post: post(r), Users: users[1:]})
	same(t, mentioned(), [3]int{1, 2, 1})
	d.do(forum.SetMentions{Post: first(topic.ID), Users: users[2:]}, forum.SetMentions{Post: first(topic.ID), Users: users[2:]})
	same(t, mentioned(), [3]int{0, 1, 2})
	d.do(forum.SetMentions{Post: post(r)})
	same(t, mentioned(), [3]int{0, 0, 1})
	d.do(forum.SetMentions{Post: post(r), Users: []auth.UserID{users[0], users[0]}}) // twice is once
	same(t, mentioned(), [3]int{1, 0, 1})
}

func topicMovePost(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	from, into := d.start(), d.start()
	r := d.reply(into.ID, forum.Reply{})
	other := d.reply(into.ID, forum.Reply{})
	user, second := newUser(), newUser()
	hang := func(p forum.Post) forum.Revision {
		v := forum.Revision{Post: p, N: 1, Title: "t", Body: "b", By: newBy(), At: at(1)}
		d.do(forum.InsertRevision{Revision: v}, forum.SetMentions{Post: p, Users: []auth.UserID{user}},
			forum.InsertReaction{Post: p, User: user, At: at(1)}, forum.InsertReaction{Post: p, User: second, At: at(2)})
		return v
	}
	kept := hang(post(other))
	// A topic's first post becomes a reply, and a reply a topic's first post.
	for _, move := range []forum.MovePost{{From: first(from.ID), To: post(r)}, {From: post(r), To: first(into.ID)}} {
		v := forum.Revision{}
		if move.From == first(from.ID) {
			v = hang(move.From)
		} else {
			v = got(d.f.Revisions(ctx, move.From))(t)[0]
		}
		d.do(move, move) // the second time there is nothing left
		v.Post = move.To
		same(t, got(d.f.Revisions(ctx, move.To))(t), []forum.Revision{v})
		same(t, len(got(d.f.Revisions(ctx, move.From))(t)), 0)
		useful := map[forum.Post]int{first(from.ID): d.topic(from.ID).Useful, first(into.ID): d.topic(into.ID).Useful, post(r): d.getReply(r.ID).Useful}
		want := map[forum.Post]int{first(from.ID): 0, first(into.ID): 0, post(r): 0}
		want[move.To] = 2
		same(t, useful, want)
		for _, u := range []auth.UserID{user, second} {
			reactions := got(d.f.Reactions(ctx, u))(t)
			same(t, len(reactions), 2)
			same(t, slices.Contains(reactions, move.To) && slices.Contains(reactions, post(other)), true)
		}
		same(t, len(d.written(user)), 2)
		same(t, writtenPosts(d.written(v.By.User)), []forum.Post{move.To})
	}
	same(t, got(d.f.Revisions(ctx, post(other)))(t), []forum.Revision{kept})
	same(t, d.getReply(other.ID).Useful, 2)

	// Who was mentioned in both, or found both useful, is so in the one.
	third := newUser()
	d.do(forum.SetMentions{Post: first(from.ID), Users: []auth.UserID{user, third}},
		forum.InsertReaction{Post: first(from.ID), User: user, At: at(3)}, forum.InsertReaction{Post: first(from.ID), User: third, At: at(4)},
		forum.MovePost{From: first(from.ID), To: first(into.ID)})
	same(t, d.topic(into.ID).Useful, 3)
	same(t, d.topic(from.ID).Useful, 0)
	same(t, got(d.f.Reactions(ctx, third))(t), []forum.Post{first(into.ID)})
	same(t, len(got(d.f.Reactions(ctx, user))(t)), 2)
	same(t, len(d.written(user)), 2)
	same(t, len(d.written(third)), 1)
}

func topicMovePostTaken(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	from, between := d.start(), d.start()
	into := post(d.reply(from.ID, forum.Reply{}))
	both, one := newUser(), newUser()
	revision := func(p forum.Post) forum.Revision {
		v := forum.Revision{Post: p, N: 1, Title: "t", Body: "b", By: newBy(), At: at(1)}
		d.do(forum.InsertRevision{Revision: v}, forum.SetMentions{Post: p, Users: []auth.UserID{both}})
		return v
	}
	old, kept := revision(first(from.ID)), revision(into)
	d.do(forum.InsertReaction{Post: into, User: both, At: at(1)},
		forum.InsertReaction{Post: first(between.ID), User: both, At: at(5)}, forum.InsertReaction{Post: first(between.ID), User: one, At: at(5)},
		forum.InsertReaction{Post: first(from.ID), User: both, At: at(9)}, forum.InsertReaction{Post: first(from.ID), User: one, At: at(9)})
	move := forum.MovePost{From: first(from.ID), To: into}
	d.fails(storage.ErrExists, event(1), move)
	same(t, got(d.f.Revisions(ctx, first(from.ID)))(t), []forum.Revision{old})
	same(t, got(d.f.Revisions(ctx, into))(t), []forum.Revision{kept})
	same(t, got(d.f.Reactions(ctx, one))(t), []forum.Post{first(from.ID), first(between.ID)})
	same(t, d.topic(from.ID).Useful, 2)
	same(t, len(claims(t, s)), 0)

	d.do(forum.DeleteRevisions{Post: first(from.ID)}, move)
	same(t, got(d.f.Revisions(ctx, into))(t), []forum.Revision{kept})
	same(t, got(d.f.Reactions(ctx, both))(t), []forum.Post{first(between.ID), into}) // since they reacted there
	same(t, got(d.f.Reactions(ctx, one))(t), []forum.Post{into, first(between.ID)})
	same(t, d.topic(from.ID).Useful, 0)
	same(t, d.getReply(into.Reply).Useful, 2)
	same(t, writtenPosts(d.written(both)), []forum.Post{into})
	d.do(forum.MovePost{From: into, To: into}) // nowhere
	same(t, d.getReply(into.Reply).Useful, 2)
	same(t, got(d.f.Revisions(ctx, into))(t), []forum.Revision{kept})
	same(t, writtenPosts(d.written(both)), []forum.Post{into})
}
