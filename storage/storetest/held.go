// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

var heldPromises = []promise{
	{"Held", "what waits is given oldest first, topics and replies alike, with its board and its topic, and nothing else is", false, heldList},
	{"Held/Reach", "what waits within reach is given and no other", false, heldReach},
	{"Held/By", "what one person wrote and waits is given and no other", false, heldBy},
	{"Held/Moves", "what no longer waits is not given, and what waits again is where it was, in whatever topic it is now", false, heldMoves},
	{"Held/Ties", "what was written at the same moment is each given once", false, heldTies},
	{"Held/Uncounted", "a reply that waits is numbered and counts for nothing, until it is visible and recounted", false, heldUncounted},
	{"Held/Unlisted", "a topic that waits is on no list and no board's count", false, heldUnlisted},
	{"Held/Thread", "in a thread what was never shown is its author's and the moderators', and pages are full without it", false, heldThread},
}

// unseen are the states of what was never shown.
var unseen = []forum.State{forum.Held, forum.Withdrawn, forum.Rejected}

// waiting reads all pages of what waits.
func (d *desk) waiting(q forum.HeldQuery) []forum.Place {
	d.Helper()
	return all(d.T, func(c storage.Cursor) (storage.Page[forum.Place], error) {
		q.After = c
		page, err := d.f.Held(ctx, q)
		if len(page.Items) > storage.Limit(q.Limit) || page.Next != "" && len(page.Items) < storage.Limit(q.Limit) {
			d.Errorf("limit %d: a page of %d, more to come: %v", q.Limit, len(page.Items), page.Next != "")
		}
		return page, err
	})
}

// holds writes topics and replies by turns, of every state, and returns those
// that wait, oldest first.
func (d *desk) holds(n int, of func(i int, t *forum.Topic)) []forum.Place {
	d.Helper()
	open := d.start()
	var want []forum.Place
	for i := range n {
		state := forum.State(i / 2 % 7)
		if i%2 == 0 {
			topic := d.newTopic()
			topic.Removal = forum.Removal{State: state, At: topic.CreatedAt}
			if of != nil {
				of(i, &topic)
			}
			d.do(forum.InsertTopic{Topic: topic})
			if state == forum.Held {
				want = append(want, forum.Place{Topic: topic})
			}
			if i%4 == 0 {
				open = topic
			}
			continue
		}
		r := d.newReply(open.ID, forum.Reply{})
		r.Removal = forum.Removal{State: state, At: r.CreatedAt}
		if r = d.insert(r, forum.Reply{}); state == forum.Held {
			want = append(want, forum.Place{Topic: open, Reply: r})
		}
	}
	for i, pl := range want {
		want[i].Topic = d.topic(pl.Topic.ID)
		want[i].Board = got(d.f.Board(ctx, pl.Topic.Board))(d.T)
	}
	return want
}

func heldList(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	same(t, got(d.f.Held(ctx, forum.HeldQuery{Reach: everything}))(t), storage.Page[forum.Place]{})
	want := d.holds(60, nil)
	same(t, len(want), 8)
	for _, limit := range []int{1, 3, 8, 0} {
		same(t, d.waiting(forum.HeldQuery{Reach: everything, Limit: limit}), want)
	}
}

func heldReach(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	other := d.newBoard(newArea(), forum.BoardID{})
	d.do(forum.InsertBoard{Board: other})
	want := d.holds(120, func(i int, topic *forum.Topic) {
		topic.Audience = auth.Audience(i/2%3 + 1)
		if i%3 == 0 {
			topic.Board, topic.Area = other.ID, other.Area
		}
	})
	given := 0
	for _, reach := range []auth.Reach{
		{}, {Floor: auth.Public}, {Floor: auth.CommunityMembers}, everything, {Areas: []auth.AreaID{other.Area}},
		{Floor: auth.Public, Areas: []auth.AreaID{d.board.Area, newArea()}}, {Areas: []auth.AreaID{newArea()}},
	} {
		within := slices.DeleteFunc(slices.Clone(want), func(p forum.Place) bool { return !reach.Covers(p.Topic.Area, p.Topic.Audience) })
		given += len(within)
		for _, limit := range []int{1, 2, 100} {
			same(t, d.waiting(forum.HeldQuery{Reach: reach, Limit: limit}), within)
		}
	}
	if given < len(want)+3 {
		t.Errorf("%d posts within reach: this says nothing", given)
	}
}

func heldBy(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	me := newBy()
	want := d.holds(120, func(i int, topic *forum.Topic) {
		if i%3 == 0 {
			topic.By = me
		}
	})
	open := d.start()
	for range 3 {
		r := d.newReply(open.ID, forum.Reply{})
		r.By, r.Removal.State = me, forum.Held
		want = append(want, forum.Place{Topic: open, Reply: d.insert(r, forum.Reply{}), Board: want[0].Board})
		shown := d.newReply(open.ID, forum.Reply{})
		shown.By = me
		d.insert(shown, forum.Reply{})
	}
	open = d.topic(open.ID)
	mine := slices.DeleteFunc(want, func(p forum.Place) bool {
		return p.Reply.ID.IsZero() && p.Topic.By != me || !p.Reply.ID.IsZero() && p.Reply.By != me
	})
	for i := range mine {
		if mine[i].Topic.ID == open.ID {
			mine[i].Topic = open
		}
	}
	if len(mine) < 5 {
		t.Fatalf("only %d wait: this says nothing", len(mine))
	}
	for _, limit := range []int{1, 2, 100} {
		same(t, d.waiting(forum.HeldQuery{Reach: everything, By: me.User, Limit: limit}), mine)
	}
	same(t, d.waiting(forum.HeldQuery{Reach: everything, By: newUser(), Limit: 1}), nil)
	same(t, d.waiting(forum.HeldQuery{By: me.User, Limit: 1}), nil)
}

func heldMoves(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, into := d.start(), d.start()
	r := d.newReply(topic.ID, forum.Reply{})
	r.Removal.State = forum.Held
	r = d.insert(r, forum.Reply{})
	late := d.newTopic()
	late.Removal.State = forum.Held
	d.do(forum.InsertTopic{Topic: late})
	ids := func() (out []forum.Post) {
		for _, p := range d.waiting(forum.HeldQuery{Reach: everything, Limit: 1}) {
			out = append(out, forum.Post{Topic: p.Topic.ID, Reply: p.Reply.ID})
		}
		return out
	}
	same(t, ids(), []forum.Post{post(r), first(late.ID)})
	for _, state := range []forum.State{forum.Visible, forum.Rejected, forum.Withdrawn, forum.Purged} {
		for _, now := range []forum.State{state, forum.Held} {
			r, late := d.getReply(r.ID), d.topic(late.ID)
			r.Removal.State, late.Removal.State = now, now
			d.do(forum.UpdateReply{Reply: r}, forum.UpdateTopic{Topic: late})
			want := []forum.Post{post(r), first(late.ID)}
			if now != forum.Held {
				want = nil
			}
			same(t, ids(), want)
		}
	}
	d.do(forum.PlaceReply{ID: r.ID, Topic: into.ID, Depth: 1, Path: forum.Path("").Below(1), Seq: 1})
	same(t, ids(), []forum.Post{{Topic: into.ID, Reply: r.ID}, first(late.ID)})
	d.do(forum.EraseUser{User: r.By.User}, forum.EraseUser{User: late.By.User})
	same(t, ids(), []forum.Post{{Topic: into.ID, Reply: r.ID}, first(late.ID)})
	is(t, s.Atomic(ctx, func(ctx context.Context, tx community.Store) error {
		gone := got(tx.Forum().Topic(ctx, late.ID))(t)
		gone.Removal.State = forum.Visible
		must(t, tx.Apply(ctx, forum.UpdateTopic{Topic: gone}))
		same(t, len(got(tx.Forum().Held(ctx, forum.HeldQuery{Reach: everything}))(t).Items), 1)
		return errBoom
	}), errBoom)
	same(t, len(ids()), 2)
}

func heldTies(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	open := d.start()
	var want []forum.Post
	for i := range 20 {
		if i%2 == 0 {
			topic := d.newTopic()
			topic.CreatedAt, topic.Removal.State = at(1), forum.Held
			d.do(forum.InsertTopic{Topic: topic})
			want = append(want, first(topic.ID))
			continue
		}
		r := d.newReply(open.ID, forum.Reply{})
		r.CreatedAt, r.Removal.State = at(1), forum.Held
		want = append(want, post(d.insert(r, forum.Reply{})))
	}
	key := func(p forum.Post) forum.ReplyID {
		if p.Reply.IsZero() {
			return storage.MakeID[forum.Reply](p.Topic.Bytes())
		}
		return p.Reply
	}
	slices.SortFunc(want, func(a, b forum.Post) int { return cmp.Or(key(a).Compare(key(b))) })
	for _, limit := range []int{1, 7} {
		var found []forum.Post
		for _, p := range d.waiting(forum.HeldQuery{Reach: everything, Limit: limit}) {
			found = append(found, forum.Post{Topic: p.Topic.ID, Reply: p.Reply.ID})
		}
		same(t, found, want)
	}
}

func heldUncounted(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	shown := d.reply(topic.ID, forum.Reply{})
	before := d.topic(topic.ID)
	r := d.newReply(topic.ID, forum.Reply{})
	r.Removal = forum.Removal{State: forum.Held, At: r.CreatedAt}
	r = d.insert(r, forum.Reply{})
	same(t, r.Seq, shown.Seq+1)
	before.Seq = r.Seq
	same(t, d.topic(topic.ID), before)
	d.do(forum.Recount{Topic: topic.ID})
	same(t, d.topic(topic.ID), before)
	reader := newUser()
	unread := func() int {
		return got(d.f.Topics(ctx, forum.TopicQuery{Reach: everything, Reader: reader}))(t).Items[0].Unread
	}
	same(t, unread(), 1)
	r.Removal = forum.Removal{}
	d.do(forum.UpdateReply{Reply: r}, forum.Recount{Topic: topic.ID})
	before.Replies, before.ActiveAt, before.LastBy = 2, r.CreatedAt, r.By
	same(t, d.topic(topic.ID), before)
	same(t, unread(), 2)
}

func heldUnlisted(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	me := newUser()
	topic := d.newTopic()
	topic.By.User, topic.Removal.State, topic.Pin = me, forum.Held, forum.Announced
	d.do(forum.InsertTopic{Topic: topic}, forum.SetFollow{User: me, Topic: topic.ID, Follow: forum.Following, Reason: forum.Author})
	lists := []forum.TopicQuery{
		{}, {Reader: me}, {Reader: newUser(), Unread: true}, {Board: d.board.ID}, {Area: d.board.Area}, {Author: me}, {Announced: true},
		{Reader: me, Following: true}, {Author: me, Board: d.board.ID},
	}
	for _, removed := range []bool{false, true} {
		for _, q := range lists {
			q.Reach, q.Removed = everything, removed
			same(t, len(d.walk(q)), 0)
			q.Reach = auth.Reach{Areas: []auth.AreaID{d.board.Area}}
			same(t, len(d.walk(q)), 0)
		}
	}
	b := got(d.f.Boards(ctx, everyBoard(d.board.Area)))(t)[0]
	same(t, b.Topics, 0)
	topic.Removal.State = forum.Rejected
	d.do(forum.UpdateTopic{Topic: topic})
	same(t, len(d.walk(forum.TopicQuery{Reach: everything, Removed: true, Author: me})), 1)
}

func heldThread(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic, me := d.start(), newUser()
	topic.Audience = auth.CommunityMembers
	d.do(forum.UpdateTopic{Topic: topic})
	every := d.grow(topic.ID, 60)
	for i := range every {
		if i%3 > 0 {
			continue
		}
		every[i].Removal.State = unseen[i/3%3]
		if i%2 == 0 {
			every[i].By.User = me
		}
		d.do(forum.UpdateReply{Reply: every[i]})
		every[i].Version++
	}
	hides := func(mine bool) []forum.Reply {
		return slices.DeleteFunc(slices.Clone(every), func(r forum.Reply) bool {
			return r.Removal.State.Unseen() && !(mine && r.By.User == me)
		})
	}
	for name, c := range map[string]struct {
		q    forum.ThreadQuery
		want []forum.Reply
	}{
		"nobody":                    {forum.ThreadQuery{}, hides(false)},
		"nobody may moderate":       {forum.ThreadQuery{Moderate: everything}, hides(false)},
		"a reader":                  {forum.ThreadQuery{Reader: newUser()}, hides(false)},
		"their author":              {forum.ThreadQuery{Reader: me}, hides(true)},
		"a moderator":               {forum.ThreadQuery{Reader: newUser(), Moderate: everything}, every},
		"a moderator of the circle": {forum.ThreadQuery{Reader: newUser(), Moderate: auth.Reach{Floor: auth.CommunityMembers}}, every},
		"of the area":               {forum.ThreadQuery{Reader: newUser(), Moderate: auth.Reach{Areas: []auth.AreaID{newArea(), d.board.Area}}}, every},
		"of a wider circle":         {forum.ThreadQuery{Reader: newUser(), Moderate: auth.Reach{Floor: auth.Public}}, hides(false)},
		"of other areas":            {forum.ThreadQuery{Reader: me, Moderate: auth.Reach{Areas: []auth.AreaID{newArea()}}}, hides(true)},
	} {
		for _, limit := range []int{1, 7, 100} {
			c.q.Topic, c.q.Limit, c.q.Newest = topic.ID, limit, false
			t.Run(name, func(t *testing.T) {
				same(t, d.thread(c.q), inThreadOrder(c.want))
				c.q.Newest = true
				same(t, d.thread(c.q), newestFirst(c.want))
			})
		}
	}
}
