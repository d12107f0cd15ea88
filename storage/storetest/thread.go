// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"cmp"
	"slices"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

var threadPromises = []promise{
	{"Thread/Order", "a thread has every reply once: parents before children, siblings by arrival; or the latest first", false, threadOrder},
	{"Thread/Stable", "pages that are read while replies arrive hold every reply that was there, once, in order", false, threadStable},
	{"Thread/Limits", "a page has 20 replies unless asked otherwise, and never more than 100", false, threadLimits},
	{"Thread/Removed", "removed replies keep their place in the thread", false, threadRemoved},
	{"Thread/Reader", "a thread has the reader's mark, and which of its posts they found useful", false, threadReader},
	{"Thread/Large", "a topic of thousands of replies, 32 levels deep, is read in pages like any other", true, threadLarge},
}

// thread reads a whole thread in pages.
func (d *desk) thread(q forum.ThreadQuery) []forum.Reply {
	d.Helper()
	var all []forum.Reply
	for {
		page := got(d.f.Thread(ctx, q))(d.T).Replies
		if len(page.Items) > storage.Limit(q.Limit) || page.Next != "" && len(page.Items) < storage.Limit(q.Limit) {
			d.Errorf("limit %d: a page of %d, more to come: %v", q.Limit, len(page.Items), page.Next != "")
		}
		all = append(all, page.Items...)
		if q.After = page.Next; q.After == "" || len(all) > 100_000 {
			return all
		}
	}
}

// grow writes n replies below one another in some irregular way.
func (d *desk) grow(topic forum.TopicID, n int) []forum.Reply {
	d.Helper()
	all := []forum.Reply{}
	for i := range n {
		var parent forum.Reply
		if len(all) > 0 && i%4 != 0 {
			parent = all[i*i*31%len(all)]
		}
		all = append(all, d.reply(topic, parent))
	}
	return all
}

func inThreadOrder(all []forum.Reply) []forum.Reply {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b forum.Reply) int { return cmp.Compare(a.Path, b.Path) })
	return all
}

func newestFirst(all []forum.Reply) []forum.Reply {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b forum.Reply) int { return cmp.Compare(b.Seq, a.Seq) })
	return all
}

func threadOrder(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, other := d.start(), d.start()
	d.grow(other.ID, 5)
	all := d.grow(topic.ID, 60)
	for _, limit := range []int{1, 7, 59, 60, 61} {
		same(t, d.thread(forum.ThreadQuery{Topic: topic.ID, Limit: limit}), inThreadOrder(all))
		same(t, d.thread(forum.ThreadQuery{Topic: topic.ID, Limit: limit, Newest: true}), newestFirst(all))
	}
	place := map[forum.ReplyID]int{}
	for i, r := range d.thread(forum.ThreadQuery{Topic: topic.ID, Limit: 9}) {
		place[r.ID] = i
		if !r.Parent.IsZero() {
			if above, ok := place[r.Parent]; !ok || above >= i {
				t.Errorf("reply %d comes before its parent", r.Seq)
			}
		}
	}
	same(t, len(d.thread(forum.ThreadQuery{Topic: d.start().ID})), 0)
}

func threadStable(t *testing.T, s community.Store) {
	for _, newest := range []bool{false, true} {
		d := newDesk(t, s)
		topic := d.start()
		all := d.grow(topic.ID, 40)
		was := map[forum.ReplyID]bool{}
		for _, r := range all {
			was[r.ID] = true
		}
		q := forum.ThreadQuery{Topic: topic.ID, Limit: 5, Newest: newest}
		var seen []forum.Reply
		for n := 0; ; n++ {
			page := got(d.f.Thread(ctx, q))(t).Replies
			for _, r := range page.Items {
				if was[r.ID] {
					seen = append(seen, r)
				}
			}
			if q.After = page.Next; q.After == "" || n > 1000 {
				break
			}
			if n < 20 {
				d.reply(topic.ID, all[0])
				d.reply(topic.ID, all[n*17%len(all)])
				d.reply(topic.ID, forum.Reply{})
			}
		}
		if newest {
			same(t, seen, newestFirst(all))
		} else {
			same(t, seen, inThreadOrder(all))
		}
	}
}

func threadLimits(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	d.grow(topic.ID, storage.MaxLimit+5)
	for limit, want := range map[int]int{0: 20, -1: 20, -1 << 60: 20, 1: 1, 99: 99, 100: 100, 101: 100, 1 << 60: 100} {
		for _, newest := range []bool{false, true} {
			page := got(d.f.Thread(ctx, forum.ThreadQuery{Topic: topic.ID, Limit: limit, Newest: newest}))(t).Replies
			if len(page.Items) != want || page.Next == "" {
				t.Errorf("limit %d: a page of %d, want %d; more to come: %v", limit, len(page.Items), want, page.Next != "")
			}
		}
	}
}

func threadRemoved(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	all := d.grow(topic.ID, 20)
	for i := range all {
		all[i].Removal.State = forum.State(i % 4)
		d.do(forum.UpdateReply{Reply: all[i]})
		all[i].Version++
	}
	same(t, d.thread(forum.ThreadQuery{Topic: topic.ID, Limit: 6}), inThreadOrder(all))
	same(t, got(d.f.Subtree(ctx, topic.ID, ""))(t), inThreadOrder(all))
	removed := d.topic(topic.ID)
	removed.Removal.State = forum.Hidden
	d.do(forum.UpdateTopic{Topic: removed})
	same(t, d.thread(forum.ThreadQuery{Topic: topic.ID, Limit: 6}), inThreadOrder(all)) // a store hides nothing
}

func threadReader(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, me, other := d.start(), newUser(), newUser()
	all := d.grow(topic.ID, 12)
	d.do(forum.ReadTo{User: me, Topic: topic.ID, Seq: 5}, forum.ReadTo{User: other, Topic: topic.ID, Seq: 9})
	d.do(forum.InsertReaction{Post: first(topic.ID), User: me, At: at(1)})
	mine := map[forum.Post]bool{first(topic.ID): true}
	for i, r := range all {
		by := me
		if i%2 == 0 {
			by = other
		} else {
			mine[post(r)] = true
		}
		d.do(forum.InsertReaction{Post: post(r), User: by, At: at(2)})
	}
	q := forum.ThreadQuery{Topic: topic.ID, Reader: me, Limit: 5}
	for {
		thread := got(d.f.Thread(ctx, q))(t)
		same(t, thread.Topic, d.topic(topic.ID))
		same(t, thread.Mark, forum.Mark{User: me, Topic: topic.ID, Opened: true, Read: 5})
		want := map[forum.Post]bool{first(topic.ID): true}
		for _, r := range thread.Replies.Items {
			if mine[post(r)] {
				want[post(r)] = true
			}
		}
		same(t, thread.Useful, want)
		if q.After = thread.Replies.Next; q.After == "" {
			break
		}
	}
	for _, reader := range []auth.UserID{{}, newUser()} {
		thread := got(d.f.Thread(ctx, forum.ThreadQuery{Topic: topic.ID, Reader: reader}))(t)
		same(t, thread.Mark, forum.Mark{})
		same(t, len(thread.Useful), 0)
		same(t, len(thread.Replies.Items), 12)
	}
}

// threadLarge has 2,000 replies, the deepest 32 levels below the first post.
func threadLarge(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	var all []forum.Reply
	level := map[int]forum.Reply{}
	for i := range 2000 {
		depth := i % 33
		if depth == 0 || i%7 == 0 {
			depth = 1
		}
		parent := level[depth-1]
		if parent.Depth != depth-1 {
			parent = forum.Reply{}
		}
		r := got(d.f.InsertReply(ctx, d.newReply(topic.ID, parent), parent.Path, 1))(t)
		level[r.Depth] = r
		all = append(all, r)
	}
	same(t, d.topic(topic.ID).Replies, 2000)
	deepest := slices.MaxFunc(all, func(a, b forum.Reply) int { return cmp.Compare(a.Depth, b.Depth) })
	same(t, deepest.Depth, 32)
	want := inThreadOrder(all)
	for i, r := range d.thread(forum.ThreadQuery{Topic: topic.ID, Limit: 100}) {
		if r.ID != want[i].ID {
			t.Fatalf("place %d: reply %d, want %d", i, r.Seq, want[i].Seq)
		}
	}
	newest := d.thread(forum.ThreadQuery{Topic: topic.ID, Limit: 100, Newest: true})
	same(t, len(newest), 2000)
	for i, r := range newest {
		same(t, r.Seq, 2000-i)
	}
}
