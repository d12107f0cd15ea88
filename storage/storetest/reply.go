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

var replyPromises = []promise{
	{"Reply/NotFound", "a reply that is not there is ErrNotFound, whatever is asked of it", false, replyNotFound},
	{"Reply/Exists", "a reply is inserted once, and a second time counts nothing", false, replyExists},
	{"Reply/Insert", "a reply gets the next number and its path, and is counted in its topic", false, replyInsert},
	{"Reply/Deep", "replies nest as deep as they are written; paths end at the last level and keep the order of arrival", false, replyDeep},
	{"Reply/With", "what goes with a reply is applied with it, after it, or not at all; the answer is the reply as it was inserted", false, replyWith},
	{"Reply/Conflict", "an update of a version that is not current is ErrConflict and changes nothing", false, replyConflict},
	{"Reply/Place", "a reply that is moved is where it was put, with its revisions, mentions and reactions", false, replyPlaced},
	{"Reply/PlaceTaken", "a reply is not moved to the path or the number of another of the topic, nor below one that is not there; to its own it is", false, replyPlaceTaken},
	{"Place/Elsewhere", "a place is ErrNotFound unless the reply is the topic's, and so is whatever is hung on it or taken from it", false, placeElsewhere},
	{"Place/All", "a place has the post, its topic, its board and the reader's part in it", false, placeAll},
	{"Subtree", "a subtree is the replies at and below a path, in thread order", false, subtree},
}

func replyNotFound(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, user := d.start(), newUser()
	absent := d.newReply(topic.ID, forum.Reply{})
	_, err := d.f.Reply(ctx, absent.ID)
	is(t, err, storage.ErrNotFound)
	_, err = d.f.Reply(ctx, forum.ReplyID{})
	is(t, err, storage.ErrNotFound)
	_, err = d.f.Place(ctx, forum.PlaceQuery{Post: post(absent), Reader: user})
	is(t, err, storage.ErrNotFound)
	for _, change := range []storage.Change{
		forum.UpdateReply{Reply: absent},
		forum.PlaceReply{ID: absent.ID, Topic: topic.ID, Depth: 1, Path: forum.Path("").Below(1), Seq: 1},
		forum.InsertRevision{Revision: forum.Revision{Post: post(absent), N: 1, At: at(1)}},
		forum.SetMentions{Post: post(absent), Users: []auth.UserID{user}},
		forum.InsertReaction{Post: post(absent), User: user, At: at(1)},
		forum.DeleteReaction{Post: post(absent), User: user},
	} {
		t.Run(change.Change(), func(t *testing.T) {
			d.T = t
			d.fails(storage.ErrNotFound, change)
			d.fails(storage.ErrNotFound, event(1), change)
		})
	}
	d.T = t
	d.do(forum.DeleteRevisions{Post: post(absent)}, forum.DeleteReactions{Post: post(absent)})
	same(t, len(got(d.f.Revisions(ctx, post(absent)))(t)), 0)
	same(t, d.topic(topic.ID), topic)
	same(t, len(claims(t, s)), 0)

	orphan := d.newReply(topic.ID, absent)
	_, err = d.f.InsertReply(ctx, orphan, forum.Path("").Below(1), 1, event(1))
	is(t, err, storage.ErrNotFound)
	same(t, d.topic(topic.ID), topic)
	same(t, len(claims(t, s)), 0)

	r := d.reply(topic.ID, forum.Reply{})
	d.fails(storage.ErrNotFound, forum.PlaceReply{ID: r.ID, Topic: storage.NewID[forum.Topic](), Depth: 1, Path: forum.Path("").Below(1), Seq: 1})
	same(t, d.getReply(r.ID), r)
}

func replyExists(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, other := d.start(), d.start()
	r := d.reply(topic.ID, forum.Reply{})
	before := d.topic(topic.ID)
	for _, id := range []forum.TopicID{topic.ID, other.ID} {
		again := d.newReply(id, forum.Reply{})
		again.ID = r.ID
		_, err := d.f.InsertReply(ctx, again, "", 1, event(1))
		is(t, err, storage.ErrExists)
	}
	same(t, d.topic(topic.ID), before)
	same(t, d.topic(other.ID), other)
	same(t, d.getReply(r.ID), r)
	same(t, len(claims(t, s)), 0)
	same(t, d.reply(topic.ID, forum.Reply{}).Seq, 2)
}

func replyInsert(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	parents := []forum.Reply{{}}
	want := topic
	for seq := 1; seq <= 20; seq++ {
		parent := parents[seq*7%len(parents)]
		r := d.newReply(topic.ID, parent)
		r.Seq, r.Path = 999, "nonsense" // the store's to give
		given := got(d.f.InsertReply(ctx, r, parent.Path, 1))(t)
		r.Seq, r.Path = seq, parent.Path.Below(seq)
		same(t, given, r)
		same(t, d.getReply(r.ID), r)
		want.Seq, want.Replies, want.ActiveAt, want.LastBy = seq, seq, r.CreatedAt, r.By
		same(t, d.topic(topic.ID), want)
		parents = append(parents, given)
	}
}

func replyDeep(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	above, want := forum.Reply{}, []forum.Reply{}
	for depth := 1; depth <= forum.MaxLevels+10; depth++ {
		r := d.reply(topic.ID, above)
		same(t, r.Depth, depth)
		same(t, r.Parent, above.ID)
		same(t, r.Path.Levels(), min(depth, forum.MaxLevels))
		want = append(want, r)
		above = r
	}
	same(t, got(d.f.Subtree(ctx, topic.ID, ""))(t), want) // by arrival, beyond the last level
	same(t, got(d.f.Subtree(ctx, topic.ID, want[31].Path))(t), want[31:])
	same(t, got(d.f.Subtree(ctx, topic.ID, want[forum.MaxLevels-1].Path))(t), want[forum.MaxLevels-1:forum.MaxLevels])
}

func replyWith(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, user, owner := d.start(), newUser(), newUser()
	r := d.newReply(topic.ID, forum.Reply{})
	r.By.User = user
	with := []storage.Change{
		forum.SetMentions{Post: post(r), Users: []auth.UserID{owner}}, // of what was just written
		forum.InsertRevision{Revision: forum.Revision{Post: post(r), N: 1, At: at(1)}},
		forum.InsertReaction{Post: post(r), User: owner, At: at(1)},
		forum.ReadTo{User: user, Topic: topic.ID, Seq: 1}, forum.BoardAt{Board: d.board.ID, Version: 1}, forum.UpdateReply{Reply: r},
		forum.Wrote{User: user, Topic: topic.ID, At: r.CreatedAt, Reason: forum.Replied}, forum.DeleteDraft{User: user, Place: "p"},
		event(1), storage.Once{Owner: owner.Bytes(), Key: "k", Object: r.ID.Bytes(), At: at(1)},
	}
	d.do(forum.PutDraft{Draft: forum.Draft{User: user, Place: "p", At: at(1), Version: 1}})
	for _, bad := range []struct {
		change storage.Change
		want   error
	}{
		{forum.InsertTopic{Topic: topic}, storage.ErrExists},
		{forum.Recount{Topic: storage.NewID[forum.Topic]()}, storage.ErrNotFound},
		{forum.PutDraft{Draft: forum.Draft{User: user, Place: "p", At: at(1), Version: 9}}, storage.ErrConflict},
		{storage.Once{Owner: owner.Bytes(), Key: "k", At: at(1)}, storage.ErrExists}, // the second with this key
	} {
		_, err := d.f.InsertReply(ctx, r, "", 1, append(slices.Clone(with), bad.change)...)
		is(t, err, bad.want)
		names(t, err, bad.change.Change())
		same(t, d.topic(topic.ID), topic)
		same(t, d.mark(user, topic.ID), forum.Mark{})
		same(t, len(claims(t, s)), 0)
		same(t, len(got(d.f.Written(ctx, forum.WrittenQuery{User: owner}))(t).Items), 0)
		_, err = d.f.Reply(ctx, r.ID)
		is(t, err, storage.ErrNotFound)
		got(d.f.Draft(ctx, user, "p"))(t)
	}
	given := got(d.f.InsertReply(ctx, r, "", 1, with...))(t)
	r.Seq, r.Path = 1, forum.Path("").Below(1)
	same(t, given, r)
	r.Useful, r.Version = 1, 2 // by what went with it
	same(t, d.getReply(r.ID), r)
	same(t, d.mark(user, topic.ID), forum.Mark{
		User: user, Topic: topic.ID, Opened: true, Read: 1, Follow: forum.Following, Reason: forum.Replied, PostedAt: r.CreatedAt,
	})
	same(t, len(claims(t, s)), 1)
	same(t, len(got(d.f.Written(ctx, forum.WrittenQuery{User: owner}))(t).Items), 1)
	same(t, len(got(d.f.Revisions(ctx, post(r)))(t)), 1)
	same(t, got(s.Done(ctx, owner.Bytes(), "k"))(t), r.ID.Bytes())
	_, err := d.f.Draft(ctx, user, "p")
	is(t, err, storage.ErrNotFound)
}

func replyConflict(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	r := d.reply(topic.ID, forum.Reply{})
	for _, version := range []int{0, 2, -1} {
		stale := r
		stale.Version, stale.Body = version, "stale"
		d.fails(storage.ErrConflict, event(1), forum.UpdateReply{Reply: stale})
	}
	same(t, d.getReply(r.ID), r)
	d.do(forum.UpdateReply{Reply: r})
	d.fails(storage.ErrConflict, forum.UpdateReply{Reply: r})
	same(t, d.getReply(r.ID).Version, 2)
}

func replyPlaced(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	from, into := d.start(), d.start()
	there := d.reply(into.ID, forum.Reply{})
	r := d.reply(from.ID, forum.Reply{})
	user := newUser()
	revision := forum.Revision{Post: post(r), N: 1, Title: "t", Body: "b", At: at(1)}
	d.do(forum.InsertRevision{Revision: revision}, forum.SetMentions{Post: post(r), Users: []auth.UserID{user}},
		forum.InsertReaction{Post: post(r), User: user, At: at(1)})
	fromBefore, intoBefore := d.topic(from.ID), d.topic(into.ID)
	d.do(forum.PlaceReply{ID: r.ID, Topic: into.ID, Parent: there.ID, Depth: 2, Path: there.Path.Below(2), Seq: 2})
	was := post(r)
	r.Topic, r.Parent, r.Depth, r.Path, r.Seq, r.Version, r.Useful = into.ID, there.ID, 2, there.Path.Below(2), 2, 2, 1
	same(t, d.getReply(r.ID), r)
	same(t, got(d.f.Subtree(ctx, into.ID, ""))(t), []forum.Reply{there, r})
	same(t, len(got(d.f.Subtree(ctx, from.ID, ""))(t)), 0)
	_, err := d.f.Place(ctx, forum.PlaceQuery{Post: was})
	is(t, err, storage.ErrNotFound)
	revision.Post = post(r)
	same(t, got(d.f.Revisions(ctx, post(r)))(t), []forum.Revision{revision})
	same(t, got(d.f.Reactions(ctx, user))(t), []forum.Post{post(r)})
	same(t, got(d.f.Place(ctx, forum.PlaceQuery{Post: post(r), Reader: user}))(t).Useful, true)
	same(t, got(d.f.Thread(ctx, forum.ThreadQuery{Topic: into.ID, Reader: user}))(t).Useful, map[forum.Post]bool{post(r): true})
	written := got(d.f.Written(ctx, forum.WrittenQuery{User: user}))(t).Items
	same(t, len(written), 1)
	same(t, written[0].Topic.ID, into.ID)
	same(t, written[0].Reply, r)
	// Counters are left to Recount.
	same(t, d.topic(from.ID), fromBefore)
	same(t, d.topic(into.ID), intoBefore)
	d.do(forum.Recount{Topic: from.ID}, forum.Recount{Topic: into.ID})
	same(t, d.topic(from.ID).Replies, 0)
	same(t, d.topic(into.ID).Replies, 2)
	// And it may be changed and taken back where it is now.
	d.do(forum.DeleteReaction{Post: post(r), User: user}, forum.DeleteRevisions{Post: post(r)}, forum.SetMentions{Post: post(r)})
	same(t, d.getReply(r.ID).Useful, 0)
	same(t, len(got(d.f.Revisions(ctx, post(r)))(t)), 0)
	same(t, len(got(d.f.Written(ctx, forum.WrittenQuery{User: user}))(t).Items), 0)
}

func replyPlaceTaken(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, other := d.start(), d.start()
	a, b := d.reply(topic.ID, forum.Reply{}), d.reply(topic.ID, forum.Reply{})
	there := d.reply(other.ID, forum.Reply{})
	free := forum.Path("").Below(9)
	place := func(in forum.TopicID, path forum.Path, seq int) forum.PlaceReply {
		return forum.PlaceReply{ID: a.ID, Topic: in, Depth: 1, Path: path, Seq: seq}
	}
	for _, taken := range []forum.PlaceReply{
		place(topic.ID, b.Path, 9), place(topic.ID, free, b.Seq), place(topic.ID, b.Path, b.Seq),
		place(other.ID, there.Path, 9), place(other.ID, free, there.Seq),
	} {
		d.fails(storage.ErrExists, event(1), taken)
	}
	orphan := place(topic.ID, free, 9)
	orphan.Parent = storage.NewID[forum.Reply]()
	d.fails(storage.ErrNotFound, event(1), orphan)
	same(t, got(d.f.Subtree(ctx, topic.ID, ""))(t), []forum.Reply{a, b})
	same(t, got(d.f.Subtree(ctx, other.ID, ""))(t), []forum.Reply{there})
	same(t, len(claims(t, s)), 0)

	for _, own := range []forum.PlaceReply{place(topic.ID, a.Path, a.Seq), place(topic.ID, a.Path, 9), place(topic.ID, free, 9)} {
		d.do(own)
		a.Path, a.Seq, a.Version = own.Path, own.Seq, a.Version+1
		same(t, d.thread(forum.ThreadQuery{Topic: topic.ID}), inThreadOrder([]forum.Reply{a, b}))
		same(t, d.thread(forum.ThreadQuery{Topic: topic.ID, Newest: true}), newestFirst([]forum.Reply{a, b}))
	}
	// Where it has gone from there is room.
	d.do(forum.PlaceReply{ID: b.ID, Topic: topic.ID, Depth: 1, Path: forum.Path("").Below(1), Seq: 1})
	same(t, d.getReply(b.ID).Seq, 1)
}

func placeElsewhere(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	a, b := d.start(), d.start()
	r := d.reply(a.ID, forum.Reply{})
	same(t, got(d.f.Place(ctx, forum.PlaceQuery{Post: post(r)}))(t).Reply, r)
	for _, p := range []forum.Post{{Topic: b.ID, Reply: r.ID}, {Reply: r.ID}, {Topic: storage.NewID[forum.Topic](), Reply: r.ID}} {
		_, err := d.f.Place(ctx, forum.PlaceQuery{Post: p})
		is(t, err, storage.ErrNotFound)
	}
	// Nor can anything be hung on a reply under a topic that is not its own.
	p := forum.Post{Topic: b.ID, Reply: r.ID}
	d.fails(storage.ErrNotFound, forum.InsertReaction{Post: p, User: newUser(), At: at(1)})
	d.fails(storage.ErrNotFound, forum.SetMentions{Post: p, Users: []auth.UserID{newUser()}})
	d.fails(storage.ErrNotFound, forum.InsertRevision{Revision: forum.Revision{Post: p, N: 1, At: at(1)}})
	same(t, d.topic(b.ID), b)
	same(t, d.getReply(r.ID), r)
	// Nor taken from it.
	user, v := newUser(), forum.Revision{Post: post(r), N: 1, Title: "t", Body: "b", At: at(1)}
	d.do(forum.InsertReaction{Post: post(r), User: user, At: at(1)}, forum.InsertRevision{Revision: v})
	d.fails(storage.ErrNotFound, forum.DeleteReaction{Post: p, User: user})
	d.fails(storage.ErrNotFound, forum.MovePost{From: p, To: first(b.ID)})
	d.do(forum.DeleteReactions{Post: p}, forum.DeleteRevisions{Post: p})
	same(t, len(got(d.f.Revisions(ctx, p))(t)), 0)
	same(t, got(d.f.Revisions(ctx, post(r)))(t), []forum.Revision{v})
	same(t, got(d.f.Reactions(ctx, user))(t), []forum.Post{post(r)})
	same(t, d.getReply(r.ID).Useful, 1)
}

func placeAll(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, me := d.start(), newUser()
	r := d.reply(topic.ID, forum.Reply{})
	d.reply(topic.ID, r)
	same(t, got(d.f.Place(ctx, forum.PlaceQuery{Post: first(topic.ID), Reader: me}))(t), forum.Place{Board: d.board, Topic: d.topic(topic.ID)})
	d.do(forum.ReadTo{User: me, Topic: topic.ID, Seq: 1}, forum.InsertReaction{Post: post(r), User: me, At: at(1)})
	mark := forum.Mark{User: me, Topic: topic.ID, Opened: true, Read: 1}
	same(t, got(d.f.Place(ctx, forum.PlaceQuery{Post: first(topic.ID), Reader: me}))(t),
		forum.Place{Board: d.board, Topic: d.topic(topic.ID), Mark: mark})
	same(t, got(d.f.Place(ctx, forum.PlaceQuery{Post: post(r), Reader: me}))(t),
		forum.Place{Board: d.board, Topic: d.topic(topic.ID), Reply: d.getReply(r.ID), Mark: mark, Useful: true})
	for _, reader := range []auth.UserID{{}, newUser()} {
		same(t, got(d.f.Place(ctx, forum.PlaceQuery{Post: post(r), Reader: reader}))(t),
			forum.Place{Board: d.board, Topic: d.topic(topic.ID), Reply: d.getReply(r.ID)})
	}
	d.do(forum.InsertReaction{Post: first(topic.ID), User: me, At: at(1)})
	same(t, got(d.f.Place(ctx, forum.PlaceQuery{Post: first(topic.ID), Reader: me}))(t).Useful, true)
}

func subtree(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, other := d.start(), d.start()
	d.reply(other.ID, forum.Reply{})
	a := d.reply(topic.ID, forum.Reply{})
	b := d.reply(topic.ID, forum.Reply{})
	a1 := d.reply(topic.ID, a)
	b1 := d.reply(topic.ID, b)
	a2 := d.reply(topic.ID, a)
	a11 := d.reply(topic.ID, a1)
	for _, c := range []struct {
		at   forum.Path
		want []forum.Reply
	}{
		{"", []forum.Reply{a, a1, a11, a2, b, b1}},
		{a.Path, []forum.Reply{a, a1, a11, a2}},
		{a1.Path, []forum.Reply{a1, a11}},
		{a11.Path, []forum.Reply{a11}},
		{b.Path, []forum.Reply{b, b1}},
		{forum.Path("").Below(99), nil},
		{a2.Path.Below(99), nil},
		{"\xff\xff\xff\xff", nil},
	} {
		same(t, got(d.f.Subtree(ctx, topic.ID, c.at))(t), c.want)
	}
}
