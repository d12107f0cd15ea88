// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// levels are more than are ordered by.
const levels = forum.MaxLevels + 8

func deepLevels(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	var parent forum.Reply
	var chain []forum.ReplyID
	for depth := 1; depth <= levels; depth++ {
		r := w.replies(w.member, forum.NewReply{Topic: topic.ID, Parent: parent.ID})
		same(t, r.Parent, parent.ID)
		same(t, r.Depth, depth)
		same(t, r.Path.Levels(), min(depth, forum.MaxLevels))
		if depth <= forum.MaxLevels && !r.Path.Under(parent.Path) {
			t.Errorf("level %d does not stand below its parent", depth)
		}
		chain, parent = append(chain, r.ID), r
	}
	late := w.replies(w.colleague, forum.NewReply{Topic: topic.ID, Parent: chain[0]}) // stands after all that is below
	var order []forum.ReplyID
	for _, r := range w.thread(w.visitor, forum.ThreadPage{Topic: topic.ID, Limit: 7}) {
		order = append(order, r.ID)
	}
	same(t, order, append(slices.Clone(chain), late.ID))
	for depth, id := range chain {
		where := got(w.forum.FindReply(ctx, w.visitor, id))(t)
		page := got(w.forum.Thread(ctx, w.visitor, forum.ThreadPage{Topic: topic.ID, After: where.After, Limit: 1}))(t)
		same(t, page.Replies.Items[0].ID, id)
		same(t, page.Replies.Items[0].Depth, depth+1)
	}
}

// bush answers a topic so many times, here and there at all levels, straight
// into the store: a service would look before each. It returns the replies in
// the order of the thread.
func (w *world) bush(topic forum.TopicID, n int) []forum.Reply {
	w.Helper()
	replies := make([]forum.Reply, 0, n)
	for k := range n {
		var parent forum.Reply
		if k%5 != 0 {
			parent = replies[(k*k+k/3)%k]
		}
		w.clock.pass(time.Second)
		r, err := w.store.Forum().InsertReply(ctx, forum.Reply{
			ID: storage.NewID[forum.Reply](), Topic: topic, Parent: parent.ID, Depth: parent.Depth + 1, By: w.member.By(), Body: "Sì",
			CreatedAt: w.clock.Now(), Text: forum.TextState{Revision: 1}, Version: 1,
		}, parent.Path, 1)
		must(w.T, err)
		replies = append(replies, r)
	}
	slices.SortFunc(replies, func(a, b forum.Reply) int { return strings.Compare(string(a.Path), string(b.Path)) })
	return replies
}

func ids(replies []forum.Reply) []forum.ReplyID {
	out := make([]forum.ReplyID, 0, len(replies))
	for _, r := range replies {
		out = append(out, r.ID)
	}
	return out
}

func deepMany(t *testing.T, s community.Store) {
	n := 10_000
	if testing.Short() {
		n = 600
	}
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	want := w.bush(topic.ID, n)
	same(t, w.topic(topic.ID).Replies, n)
	same(t, w.topic(topic.ID).Seq, n)
	below := map[forum.ReplyID]forum.Reply{}
	for _, r := range want {
		parent, ok := below[r.Parent]
		if !r.Parent.IsZero() && (!ok || !r.Path.Under(parent.Path)) {
			t.Fatalf("reply %d does not stand below its parent", r.Seq)
		}
		if r.Depth != parent.Depth+1 {
			t.Fatalf("reply %d has depth %d below %d", r.Seq, r.Depth, parent.Depth)
		}
		below[r.ID] = r
	}
	pages := 0
	listed := all(t, func(c storage.Cursor) (storage.Page[forum.Reply], error) {
		pages++
		th, err := w.forum.Thread(ctx, w.visitor, forum.ThreadPage{Topic: topic.ID, After: c, Limit: storage.MaxLimit})
		if n := len(th.Replies.Items); n != storage.MaxLimit && th.Replies.Next != "" {
			t.Errorf("a page of %d that is not the last", n)
		}
		return th.Replies, err
	})
	same(t, ids(listed), ids(want))
	same(t, pages, (n+storage.MaxLimit-1)/storage.MaxLimit)
	slices.SortFunc(want, func(a, b forum.Reply) int { return b.Seq - a.Seq })
	same(t, ids(w.thread(w.visitor, forum.ThreadPage{Topic: topic.ID, Newest: true, Limit: storage.MaxLimit})), ids(want))
	for _, r := range want[n/2 : n/2+20] {
		where := got(w.forum.FindReply(ctx, w.visitor, r.ID))(t)
		page := got(w.forum.Thread(ctx, w.visitor, forum.ThreadPage{Topic: topic.ID, After: where.After, Limit: 1}))(t)
		same(t, page.Replies.Items[0].ID, r.ID)
	}
}

func deepStable(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	want := w.bush(topic.ID, 120)
	old := map[forum.ReplyID]bool{}
	for _, r := range want {
		old[r.ID] = true
	}
	writing, stop := context.WithCancel(ctx)
	var writers sync.WaitGroup
	for i, who := range []auth.Actor{w.member, w.outsider, w.keeper} {
		writers.Go(func() {
			for n := 0; writing.Err() == nil && n < 200; n++ {
				in := forum.NewReply{Topic: topic.ID, Body: "Intanto"}
				if n%2 == 0 {
					in.Parent = want[(n*31+i)%len(want)].ID
				}
				if _, err := w.forum.Reply(ctx, who, in); err != nil {
					t.Errorf("writer %d: %v", i, err)
					return
				}
			}
		})
	}
	defer writers.Wait()
	defer stop()
	for round := range 4 {
		for _, newest := range []bool{false, true} {
			seen := w.thread(w.visitor, forum.ThreadPage{Topic: topic.ID, Newest: newest, Limit: 9})
			if !slices.IsSortedFunc(seen, func(a, b forum.Reply) int {
				if newest {
					return b.Seq - a.Seq
				}
				return strings.Compare(string(a.Path), string(b.Path))
			}) {
				t.Errorf("round %d: out of order", round)
			}
			once := map[forum.ReplyID]int{}
			for _, r := range seen {
				if once[r.ID]++; once[r.ID] > 1 {
					t.Errorf("round %d: reply %d is there twice", round, r.Seq)
				}
			}
			for id := range old {
				if once[id] == 0 {
					t.Errorf("round %d: a reply that was there before is missing", round)
				}
			}
		}
	}
}

func postOnce(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	in := forum.NewReply{Topic: topic.ID, Key: "modulo-1", Body: "Una volta"}
	r := w.replies(w.member, in)
	in.Body = "Due volte"
	again := w.replies(w.member, in)
	same(t, again.ID, r.ID)
	same(t, again.Body, "Una volta")
	same(t, w.topic(topic.ID).Replies, 1)
	same(t, w.events()[forum.EventReplied], 1)
	other := w.replies(w.outsider, in) // the key is the member's own
	if other.ID == r.ID {
		t.Error("somebody else's key is taken for one's own")
	}
	in.Key = "modulo-2"
	if w.replies(w.member, in).ID == r.ID {
		t.Error("another key makes nothing")
	}
	in.Key = "modulo-1"
	must(t, w.forum.Lock(ctx, w.keeper, topic.ID, true)) // meanwhile: what was made was made
	same(t, w.replies(w.member, in).ID, r.ID)

	// The same for topics and boards, and the same key means nothing elsewhere.
	start := forum.NewTopic{Board: w.open.ID, Key: "modulo-1", Title: "Una volta"}
	one := w.starts(w.member, start)
	same(t, w.starts(w.member, start).ID, one.ID)
	open := forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Key: "modulo-1", Name: "Una volta"}
	same(t, w.board(open).ID, w.board(open).ID)
	same(t, w.events()[forum.EventStarted], 2)

	// What one may no longer read is not given back.
	must(t, w.forum.Lock(ctx, w.keeper, topic.ID, false))
	mine := w.replies(w.outsider, forum.NewReply{Topic: topic.ID, Key: "modulo-3"})
	w.moves(topic, w.reserved)
	kept, err := w.forum.Reply(ctx, w.outsider, forum.NewReply{Topic: topic.ID, Key: "modulo-3", Body: "Testo"})
	is(t, err, storage.ErrNotFound)
	same(t, kept, forum.Reply{})
	same(t, w.kept(mine.ID).Topic, topic.ID)
}

func postOnceCrowd(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.colleague, forum.NewTopic{Board: w.open.ID})
	count := w.events()
	made := make([]forum.ReplyID, 64)
	for _, err := range together(64, func(i int) error {
		r, err := w.forum.Reply(ctx, w.member, forum.NewReply{Topic: topic.ID, Key: "modulo", Body: fmt.Sprint("Invio ", i)})
		made[i] = r.ID
		return err
	}) {
		must(t, err)
	}
	for _, id := range made {
		same(t, id, made[0])
	}
	same(t, w.topic(topic.ID).Replies, 1)
	same(t, w.events()[forum.EventReplied], count[forum.EventReplied]+1)
	started := make([]forum.TopicID, 64)
	for _, err := range together(64, func(i int) error {
		topic, err := w.forum.StartTopic(ctx, w.member, forum.NewTopic{Board: w.open.ID, Key: "modulo", Title: "Titolo", Body: "Testo"})
		started[i] = topic.ID
		return err
	}) {
		must(t, err)
	}
	for _, id := range started {
		same(t, id, started[0])
	}
	same(t, len(w.list(w.member, forum.TopicFilter{Author: w.member.User})), 1)
	same(t, w.events()[forum.EventStarted], count[forum.EventStarted]+1)
}

func editGrace(t *testing.T, s community.Store) {
	w := newWorld(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID, Title: "Titolo", Body: "Prima"})
	version := 1
	edit := func(who auth.Actor, body, why string) forum.TextState {
		t.Helper()
		pl := got(w.forum.EditPost(ctx, who, forum.PostEdit{Post: first(topic.ID), Version: version, Title: "Titolo", Body: body, Why: why}))(t)
		version = pl.Topic.Version
		same(t, w.topic(topic.ID).Version, version)
		return w.topic(topic.ID).Text
	}
	revisions := func() []forum.Revision { return got(w.forum.Revisions(ctx, w.visitor, first(topic.ID)))(t) }
	written := w.clock.Now()

	w.clock.pass(5*time.Minute - time.Microsecond)
	state := edit(w.member, "Prima, corretta", "")
	same(t, state.Revision, 1)
	same(t, len(revisions()), 1)
	w.clock.pass(time.Microsecond)
	edit(w.member, "Prima, ancora corretta", "")
	graced := w.clock.Now()
	same(t, len(revisions()), 1)

	w.clock.pass(time.Microsecond) // the grace is over
	state = edit(w.member, "Seconda", "mancava un dato")
	same(t, state, forum.TextState{Revision: 2, EditedAt: w.clock.Now(), EditedBy: w.member.By(), Why: "mancava un dato"})
	second := w.clock.Now()
	w.replies(w.colleague, forum.NewReply{Topic: topic.ID})
	state = edit(w.moderator, "Terza", "dati personali")
	same(t, state, forum.TextState{Revision: 3, EditedAt: w.clock.Now(), EditedBy: w.moderator.By(), Why: "dati personali", AfterReplies: true})
	same(t, revisions(), []forum.Revision{
		{Post: first(topic.ID), N: 1, Title: "Titolo", Body: "Prima, ancora corretta", By: w.member.By(), At: graced},
		{Post: first(topic.ID), N: 2, Title: "Titolo", Body: "Seconda", By: w.member.By(), At: second, Why: "mancava un dato"},
		{Post: first(topic.ID), N: 3, Title: "Titolo", Body: "Terza", By: w.moderator.By(), At: w.clock.Now(), Why: "dati personali"},
	})
	same(t, w.topic(topic.ID).CreatedAt, written)

	// A moderator's edit is kept, however soon; so is what follows it.
	r := w.replies(w.member, forum.NewReply{Topic: topic.ID, Body: "Uno"})
	r = got(w.forum.EditPost(ctx, w.moderator, forum.PostEdit{Post: post(r), Version: r.Version, Body: "Due", Why: "refuso"}))(t).Reply
	same(t, r.Text.Revision, 2)
	r = got(w.forum.EditPost(ctx, w.member, forum.PostEdit{Post: post(r), Version: r.Version, Body: "Tre"}))(t).Reply
	same(t, r.Text.Revision, 3)
	same(t, r.Text.AfterReplies, false)
	same(t, len(got(w.forum.Revisions(ctx, w.member, post(r)))(t)), 3)

	// The same text is no edit.
	events := w.events()[forum.EventEdited]
	same(t, got(w.forum.EditPost(ctx, w.member, forum.PostEdit{Post: post(r), Version: r.Version, Body: "Tre"}))(t).Reply.Version, r.Version)
	same(t, w.events()[forum.EventEdited], events)
}
