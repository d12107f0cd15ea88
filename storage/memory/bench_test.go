// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// BenchmarkRatio measures the adapter against plain maps behind a mutex that
// do the same work: the same indexes kept, the same rows copied out. The two
// take turns within one run, so that they meet the same weather. Bars: ratio
// ≤ 2 for reads, ≤ 5 for units of work.
func BenchmarkRatio(b *testing.B) {
	for _, bench := range []struct {
		name   string
		writes bool
		op     func(w *benchWorld, s benchStore, r benchReply)
	}{
		{"Topic", false, func(_ *benchWorld, s benchStore, r benchReply) { s.topic(r.reply.Topic) }},
		{"Page50", false, func(_ *benchWorld, s benchStore, r benchReply) { s.page(r.reply.Topic, r.reply.By.User) }},
		{"Latest20", false, func(w *benchWorld, s benchStore, _ benchReply) { s.latest(w.reach, auth.UserID{}) }},
		{"Latest20Unread", false, func(w *benchWorld, s benchStore, r benchReply) { s.latest(w.reach, r.reply.By.User) }},
		{"ReplyUnit", true, func(_ *benchWorld, s benchStore, r benchReply) { s.reply(r) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			w := newBenchWorld(1000)
			stores := []benchStore{newBenchOurs(), newPlain()}
			for _, s := range stores {
				w.fill(s)
			}
			const turn = 64
			if !bench.writes {
				w.draw(turn)
			}
			var spent [2]time.Duration
			for b.Loop() {
				if bench.writes {
					w.draw(turn)
				}
				for i, s := range stores {
					start := time.Now()
					for _, r := range w.turn {
						bench.op(w, s, r)
					}
					spent[i] += time.Since(start)
				}
			}
			b.ReportMetric(float64(spent[0])/float64(spent[1]), "ratio")
			b.ReportMetric(float64(spent[0])/float64(turn*b.N), "ns/ours")
			b.ReportMetric(float64(spent[1])/float64(turn*b.N), "ns/plain")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// TestBenchSame checks that the two opponents of the benchmark answer alike.
func TestBenchSame(t *testing.T) {
	t.Parallel()
	w := newBenchWorld(60)
	ours, plain := newBenchOurs(), newPlain()
	w.fill(ours)
	w.fill(plain)
	w.draw(200)
	for _, r := range w.turn {
		ours.reply(r)
		plain.reply(r)
	}
	for i, r := range w.turn {
		topic, user := r.reply.Topic, r.reply.By.User
		for name, got := range map[string][2]any{
			"topic":  {ours.topic(topic), plain.topic(topic)},
			"page":   {ours.page(topic, user), plain.page(topic, user)},
			"latest": {ours.latest(w.reach, user), plain.latest(w.reach, user)},
		} {
			if !reflect.DeepEqual(got[0], got[1]) {
				t.Fatalf("%d: %s differs:\n%+v\n%+v", i, name, got[0], got[1])
			}
		}
	}
}

// benchStore is what is measured.
type benchStore interface {
	board(forum.Board)
	start(forum.Topic)
	reply(benchReply)
	topic(forum.TopicID) forum.Topic
	page(forum.TopicID, auth.UserID) forum.Thread
	latest(auth.Reach, auth.UserID) []forum.Listed
}

// benchWorld is what both opponents are given: 20 boards, some topics with
// about 50 replies each by 500 people, and turns of more.
type benchWorld struct {
	rng    *rand.Rand
	boards []forum.Board
	topics []forum.Topic
	users  []auth.UserID
	reach  auth.Reach
	filled []benchReply
	turn   []benchReply

	now   time.Time
	wrote map[[2]int]time.Time // by topic and user
}

// benchReply is one draw: somebody replies in a topic.
type benchReply struct {
	reply forum.Reply
	event storage.Event
	last  time.Time // when the same person last did, here
}

func newBenchWorld(topics int) *benchWorld {
	w := &benchWorld{
		rng: rand.New(rand.NewPCG(1, 2)), reach: auth.Reach{Floor: auth.CommunityMembers, Areas: []auth.AreaID{auth.Commons}},
		now: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), wrote: map[[2]int]time.Time{},
	}
	for i := range 20 {
		w.boards = append(w.boards, forum.Board{ID: storage.NewID[forum.Board](), Area: auth.Commons, Name: fmt.Sprint(i), Version: 1})
	}
	for range 500 {
		w.users = append(w.users, storage.NewID[auth.User]())
	}
	for i := range topics {
		at, by := w.tick(), auth.By{User: w.users[i%len(w.users)]}
		w.topics = append(w.topics, forum.Topic{
			ID: storage.NewID[forum.Topic](), Board: w.boards[i%len(w.boards)].ID, Area: auth.Commons, Audience: auth.CommunityMembers,
			By: by, Title: "Dialogo competitivo", Body: "Qualcuno l'ha già fatto?", CreatedAt: at,
			Text: forum.TextState{Revision: 1}, Version: 1, ActiveAt: at, LastBy: by,
		})
	}
	w.draw(50 * len(w.topics))
	w.filled = w.turn
	return w
}

func (w *benchWorld) tick() time.Time {
	w.now = w.now.Add(time.Second)
	return w.now
}

// draw makes up the next turn.
func (w *benchWorld) draw(n int) {
	w.turn = make([]benchReply, n)
	for i := range w.turn {
		topic, user, at := w.rng.IntN(len(w.topics)), w.rng.IntN(len(w.users)), w.tick()
		w.turn[i] = benchReply{
			reply: forum.Reply{
				ID: storage.NewID[forum.Reply](), Topic: w.topics[topic].ID, Depth: 1, By: auth.By{User: w.users[user]},
				Body: "Noi sì, due volte.", CreatedAt: at, Text: forum.TextState{Revision: 1}, Version: 1,
			},
			event: storage.Event{ID: storage.NewID[storage.Event](), At: at, Name: forum.EventReplied, Data: []byte(`{"topic":"x"}`)},
			last:  w.wrote[[2]int{topic, user}],
		}
		w.wrote[[2]int{topic, user}] = at
	}
}

func (w *benchWorld) fill(s benchStore) {
	for _, b := range w.boards {
		s.board(b)
	}
	for _, t := range w.topics {
		s.start(t)
	}
	for _, r := range w.filled {
		s.reply(r)
	}
}

// benchOurs is the adapter.
type benchOurs struct {
	ctx context.Context
	s   forum.Store
}

func newBenchOurs() *benchOurs { return &benchOurs{context.Background(), New().Forum()} }

func (o *benchOurs) board(b forum.Board) { o.apply(forum.InsertBoard{Board: b}) }
func (o *benchOurs) start(t forum.Topic) { o.apply(forum.InsertTopic{Topic: t}) }

func (o *benchOurs) apply(c storage.Change) {
	if err := o.s.Apply(o.ctx, c); err != nil {
		panic(err)
	}
}

func (o *benchOurs) reply(r benchReply) {
	user, topic := r.reply.By.User, r.reply.Topic
	_, err := o.s.InsertReply(o.ctx, r.reply, "", 1, r.event,
		forum.Wrote{User: user, Topic: topic, At: r.reply.CreatedAt, Last: r.last, Reason: forum.Replied},
		forum.ReadTo{User: user, Topic: topic, Seq: 1},
		forum.SetFollow{User: user, Topic: topic, Follow: forum.Following, Reason: forum.Replied})
	if err != nil {
		panic(err)
	}
}

func (o *benchOurs) topic(id forum.TopicID) forum.Topic {
	t, err := o.s.Topic(o.ctx, id)
	if err != nil {
		panic(err)
	}
	return t
}

func (o *benchOurs) page(id forum.TopicID, user auth.UserID) forum.Thread {
	th, err := o.s.Thread(o.ctx, forum.ThreadQuery{Topic: id, Reader: user, Limit: 50})
	if err != nil {
		panic(err)
	}
	return th
}

func (o *benchOurs) latest(reach auth.Reach, user auth.UserID) []forum.Listed {
	page, err := o.s.Topics(o.ctx, forum.TopicQuery{Reach: reach, Reader: user, Limit: 20})
	if err != nil {
		panic(err)
	}
	return page.Items
}

// plain is maps behind a mutex, with the indexes that the adapter's reads need.
type plain struct {
	mu      sync.Mutex
	topics  map[forum.TopicID]*forum.Topic
	replies map[forum.ReplyID]*forum.Reply
	thread  map[forum.TopicID][]*forum.Reply // by path
	arrived map[forum.TopicID][]*forum.Reply // by seq
	marks   map[plainMark]*forum.Mark
	marksOn map[forum.TopicID]map[auth.UserID]bool
	events  map[storage.EventID]*storage.Event
	waiting []storage.EventID
	written map[auth.UserID][]forum.Post
	readAll map[auth.UserID]time.Time

	everywhere []*forum.Topic // each by activity, the latest last
	onBoard    map[forum.BoardID][]*forum.Topic
	inArea     map[auth.AreaID][]*forum.Topic
	byAuthor   map[auth.UserID][]*forum.Topic
}

type plainMark struct {
	user  auth.UserID
	topic forum.TopicID
}

func newPlain() *plain {
	return &plain{
		topics: map[forum.TopicID]*forum.Topic{}, replies: map[forum.ReplyID]*forum.Reply{},
		thread: map[forum.TopicID][]*forum.Reply{}, arrived: map[forum.TopicID][]*forum.Reply{},
		marks: map[plainMark]*forum.Mark{}, marksOn: map[forum.TopicID]map[auth.UserID]bool{},
		events: map[storage.EventID]*storage.Event{}, written: map[auth.UserID][]forum.Post{},
		onBoard: map[forum.BoardID][]*forum.Topic{}, inArea: map[auth.AreaID][]*forum.Topic{}, byAuthor: map[auth.UserID][]*forum.Topic{},
	}
}

func (p *plain) board(forum.Board) {}

func (p *plain) start(t forum.Topic) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.topics[t.ID] = &t
	p.list(&t)
}

func active(a, b *forum.Topic) int {
	if c := a.ActiveAt.Compare(b.ActiveAt); c != 0 {
		return c
	}
	return a.ID.Compare(b.ID)
}

func (p *plain) list(t *forum.Topic) {
	in := func(l []*forum.Topic) []*forum.Topic {
		i, _ := slices.BinarySearchFunc(l, t, active)
		return slices.Insert(l, i, t)
	}
	p.everywhere = in(p.everywhere)
	p.onBoard[t.Board] = in(p.onBoard[t.Board])
	p.inArea[t.Area] = in(p.inArea[t.Area])
	p.byAuthor[t.By.User] = in(p.byAuthor[t.By.User])
}

func (p *plain) unlist(t *forum.Topic) {
	out := func(l []*forum.Topic) []*forum.Topic {
		i, _ := slices.BinarySearchFunc(l, t, active)
		return slices.Delete(l, i, i+1)
	}
	p.everywhere = out(p.everywhere)
	p.onBoard[t.Board] = out(p.onBoard[t.Board])
	p.inArea[t.Area] = out(p.inArea[t.Area])
	p.byAuthor[t.By.User] = out(p.byAuthor[t.By.User])
}

func (p *plain) reply(in benchReply) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, e := in.reply, in.event
	t, ok := p.topics[r.Topic]
	if !ok || t.Version != 1 || p.replies[r.ID] != nil || p.events[e.ID] != nil {
		panic("cannot reply")
	}
	k := plainMark{r.By.User, r.Topic}
	m, ok := p.marks[k]
	if !ok {
		m = &forum.Mark{User: k.user, Topic: k.topic}
		p.marks[k] = m
		on := p.marksOn[k.topic]
		if on == nil {
			on = map[auth.UserID]bool{}
			p.marksOn[k.topic] = on
		}
		on[k.user] = true
	}
	if !m.PostedAt.Equal(in.last) {
		panic("posted meanwhile")
	}
	m.PostedAt, m.Opened, m.Read = r.CreatedAt, true, max(m.Read, 1)
	if m.Reason <= forum.Replied {
		m.Follow, m.Reason = forum.Following, forum.Replied
	}
	p.unlist(t)
	t.Seq++
	t.Replies++
	t.ActiveAt, t.LastBy = r.CreatedAt, r.By
	p.list(t)
	r.Seq, r.Path = t.Seq, forum.Path("").Below(t.Seq)
	p.replies[r.ID] = &r
	thread := p.thread[r.Topic]
	i, _ := slices.BinarySearchFunc(thread, r.Path, func(r *forum.Reply, at forum.Path) int { return strings.Compare(string(r.Path), string(at)) })
	p.thread[r.Topic] = slices.Insert(thread, i, &r)
	p.arrived[r.Topic] = append(p.arrived[r.Topic], &r)
	p.written[r.By.User] = append(p.written[r.By.User], forum.Post{Topic: r.Topic, Reply: r.ID})
	e.Data = slices.Clone(e.Data)
	p.events[e.ID] = &e
	p.waiting = append(p.waiting, e.ID)
}

func (p *plain) topic(id forum.TopicID) forum.Topic {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *p.topics[id]
}

func (p *plain) page(id forum.TopicID, user auth.UserID) forum.Thread {
	p.mu.Lock()
	defer p.mu.Unlock()
	th := forum.Thread{Topic: *p.topics[id]}
	if m := p.marks[plainMark{user, id}]; m != nil {
		th.Mark = *m
	}
	rows := p.thread[id]
	th.Replies.Items = make([]forum.Reply, 0, min(50, len(rows)))
	for i, r := range rows {
		if i == 50 {
			th.Replies.Next = forum.ThreadCursor(id, rows[49].Path)
			break
		}
		th.Replies.Items = append(th.Replies.Items, *r)
	}
	return th
}

func (p *plain) latest(reach auth.Reach, user auth.UserID) []forum.Listed {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []forum.Listed
	for _, t := range slices.Backward(p.everywhere) {
		if len(out) == 20 {
			storage.EncodeCursor(topicList(forum.TopicQuery{}), topicCursor{false, t.ActiveAt.UnixMicro(), t.ID})
			break
		}
		if !reach.Covers(t.Area, t.Audience) {
			continue
		}
		l := forum.Listed{Topic: *t}
		l.Body = ""
		if !user.IsZero() {
			if m := p.marks[plainMark{user, t.ID}]; m != nil {
				l.Mark = *m
			}
			for _, r := range slices.Backward(p.arrived[t.ID]) {
				if r.Seq <= l.Mark.Read || l.Unread == forum.UnreadCap {
					break
				}
				if r.Removal.State == forum.Visible && r.By.User != user && r.CreatedAt.After(p.readAll[user]) {
					l.Unread++
				}
			}
			l.New = l.Unread > 0 || !l.Mark.Opened && t.By.User != user
		}
		out = append(out, l)
	}
	return out
}
