// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// What services promise when the store below them fails: whatever call it is,
// and however it fails.
var failPromises = []promise{
	{"Fail/Error", "whichever call of an operation fails, the operation is refused and nothing of it is there", false, func(t *testing.T, s community.Store) {
		failEach(t, s, func(context.CancelFunc) func(context.Context) error {
			return func(context.Context) error { return errBoom }
		}, errBoom)
	}},
	{"Fail/Panic", "whichever call of an operation panics, nothing of the operation is there", true, func(t *testing.T, s community.Store) {
		failEach(t, s, func(context.CancelFunc) func(context.Context) error {
			return func(context.Context) error { panic(errBoom) }
		}, errBoom)
	}},
	{"Fail/Cancel", "at whichever call of an operation its context ends, nothing of the operation is there", true, func(t *testing.T, s community.Store) {
		failEach(t, s, func(stop context.CancelFunc) func(context.Context) error {
			return func(context.Context) error { stop(); return nil }
		}, context.Canceled)
	}},
	{"Fail/Lost", "an operation with a key whose answer was lost is asked for again, and is done once", false, failLost},
	{"Fail/Erase", "an erasure that was cut off is finished by the next one", false, failErase},
}

// An office is a small forum in an area of its own, whose members have left
// something of every kind.
type office struct {
	*desk
	who, other auth.Actor
	topics     []forum.Topic
	replies    []forum.Reply
	removed    forum.Reply
	second     forum.Board
	hour       time.Time // of the members' clock
}

func newOffice(t *testing.T, s community.Store) *office {
	t.Helper()
	o := &office{desk: newDeskIn(t, s, newArea()), who: auth.Actor{User: newUser(), For: storage.NewID[auth.Org]()}, other: auth.Actor{User: newUser()}, hour: at(10_000)}
	f := o.service(s.Forum())
	o.second = got(f.OpenBoard(ctx, o.who, forum.NewBoard{Area: o.board.Area, Audience: auth.Public, Name: "Altro"}))(t)
	for i := range 2 {
		by := []auth.Actor{o.who, o.other}[i]
		topic := got(f.StartTopic(ctx, by, forum.NewTopic{Board: o.board.ID, Title: fmt.Sprint("Gara ", i), Body: "Chi ha esperienza?"}))(t)
		for j := range 3 {
			by := []auth.Actor{o.who, o.other}[(i+j)%2]
			in := forum.NewReply{Topic: topic.ID, Body: fmt.Sprintf("Risposta %d di %s", j, auth.Mention(o.who.User))}
			if j > 0 {
				in.Parent = o.replies[len(o.replies)-1].ID
			}
			o.replies = append(o.replies, got(f.Reply(ctx, by, in))(t))
		}
		must(t, f.ReadTo(ctx, o.other, topic.ID, 2))
		o.topics = append(o.topics, topic)
	}
	o.removed = o.replies[5]
	must(t, f.Hide(ctx, o.who, post(o.removed), "fuori tema"))
	got(f.EditPost(ctx, o.who, forum.PostEdit{Post: post(o.replies[0]), Version: 1, Body: "Corretta", Why: "refuso"}))(t)
	must(t, f.Useful(ctx, o.other, first(o.topics[0].ID), true))
	must(t, f.Useful(ctx, o.who, post(o.replies[1]), true))
	got(f.SaveDraft(ctx, o.who, forum.DraftSave{Place: "reply", Body: "bozza"}))(t)
	return o
}

// service is a forum over a store, an hour later at every look at the clock:
// whatever may be, has been long enough ago.
func (o *office) service(s forum.Store) *forum.Service {
	return forum.New(forum.Config{Store: s, Auth: auth.AllowAll{}, Clock: func() time.Time { o.hour = o.hour.Add(time.Hour); return o.hour }})
}

// dump writes down all that the store shows of the office.
func (o *office) dump() string {
	o.Helper()
	var b strings.Builder
	put := func(what string, v any) { fmt.Fprintf(&b, "%s %+v\n", what, v) }
	for _, board := range o.boards(everyBoard(o.board.Area)) {
		put("board", board)
	}
	ids := map[forum.TopicID]bool{}
	var order []forum.TopicID
	add := func(id forum.TopicID) {
		if !ids[id] {
			ids[id] = true
			order = append(order, id)
		}
	}
	for _, t := range o.topics {
		add(t.ID) // which may be husks by now
	}
	for _, removed := range []bool{false, true} {
		for _, l := range o.walk(forum.TopicQuery{Reach: everything, Area: o.board.Area, Removed: removed, Limit: 100}) {
			add(l.ID)
		}
	}
	for _, id := range order {
		put("topic", o.topic(id))
		put("revisions", got(o.f.Revisions(ctx, first(id)))(o.T))
		put("marks", got(o.f.Followers(ctx, id, ""))(o.T))
		for _, r := range got(o.f.Subtree(ctx, id, ""))(o.T) {
			put("reply", r)
			put("revisions", got(o.f.Revisions(ctx, post(r)))(o.T))
		}
	}
	for _, who := range []auth.Actor{o.who, o.other} {
		put("drafts", got(o.f.Drafts(ctx, who.User))(o.T))
		put("read all", got(o.f.ReadAll(ctx, who.User))(o.T))
		put("reactions", got(o.f.Reactions(ctx, who.User))(o.T))
		for _, w := range o.written(who.User) {
			put("written", []any{w.Topic.ID, w.Reply.ID})
		}
	}
	for _, delivery := range claims(o.T, o.Store) {
		if delivery.Event.Area == o.board.Area.Bytes() {
			put("event", delivery)
		}
	}
	return b.String()
}

// An operation is one thing that a member does.
type operation struct {
	name string
	do   func(ctx context.Context, o *office, f *forum.Service) error
}

func ptr[V any](v V) *V { return &v }

// operations are all that change something, but for Erase.
var operations = []operation{
	{"OpenBoard", func(ctx context.Context, o *office, f *forum.Service) error {
		_, err := f.OpenBoard(ctx, o.who, forum.NewBoard{Key: "b", Area: o.board.Area, Parent: o.second.ID, Audience: auth.Public, Name: "Sotto"})
		return err
	}},
	{"EditBoard", func(ctx context.Context, o *office, f *forum.Service) error {
		_, err := f.EditBoard(ctx, o.who, forum.BoardEdit{Board: o.second.ID, Version: 1, Name: ptr("Nuovo nome"), Parent: ptr(o.board.ID)})
		return err
	}},
	{"StartTopic", func(ctx context.Context, o *office, f *forum.Service) error {
		_, err := f.StartTopic(ctx, o.who, forum.NewTopic{Key: "t", Board: o.board.ID, Title: "Titolo", Body: "Testo " + auth.Mention(o.other.User), Draft: "reply"})
		return err
	}},
	{"Reply", func(ctx context.Context, o *office, f *forum.Service) error {
		_, err := f.Reply(ctx, o.who, forum.NewReply{Key: "r", Topic: o.topics[0].ID, Parent: o.replies[1].ID, Body: "Testo " + auth.Mention(o.other.User), Draft: "reply"})
		return err
	}},
	{"EditPost topic", func(ctx context.Context, o *office, f *forum.Service) error {
		_, err := f.EditPost(ctx, o.who, forum.PostEdit{Post: first(o.topics[0].ID), Version: o.topic(o.topics[0].ID).Version, Title: "Altro", Body: "Altro", Why: "perché"})
		return err
	}},
	{"EditPost reply", func(ctx context.Context, o *office, f *forum.Service) error {
		_, err := f.EditPost(ctx, o.who, forum.PostEdit{Post: post(o.replies[2]), Version: o.getReply(o.replies[2].ID).Version, Body: "Altro"})
		return err
	}},
	{"Delete", func(ctx context.Context, o *office, f *forum.Service) error {
		return f.Delete(ctx, o.who, post(o.replies[2]))
	}},
	{"Hide topic", func(ctx context.Context, o *office, f *forum.Service) error {
		return f.Hide(ctx, o.who, first(o.topics[1].ID), "motivo")
	}},
	{"Hide reply", func(ctx context.Context, o *office, f *forum.Service) error {
		return f.Hide(ctx, o.who, post(o.replies[1]), "motivo")
	}},
	{"Restore", func(ctx context.Context, o *office, f *forum.Service) error {
		return f.Restore(ctx, o.who, post(o.removed))
	}},
	{"Purge topic", func(ctx context.Context, o *office, f *forum.Service) error {
		return f.Purge(ctx, o.who, first(o.topics[0].ID), "motivo")
	}},
	{"Purge reply", func(ctx context.Context, o *office, f *forum.Service) error {
		return f.Purge(ctx, o.who, post(o.replies[0]), "motivo")
	}},
	{"Pin", func(ctx context.Context, o *office, f *forum.Service) error {
		return f.Pin(ctx, o.who, o.topics[0].ID, forum.Announced)
	}},
	{"Lock", func(ctx context.Context, o *office, f *forum.Service) error {
		return f.Lock(ctx, o.who, o.topics[0].ID, true)
	}},
	{"Move", func(ctx context.Context, o *office, f *forum.Service) error {
		return f.Move(ctx, o.who, forum.Move{Topic: o.topics[0].ID, To: o.second.ID, Why: "motivo"})
	}},
	{"Split", func(ctx context.Context, o *office, f *forum.Service) error {
		_, err := f.Split(ctx, o.who, forum.Split{Topic: o.topics[0].ID, Version: o.topic(o.topics[0].ID).Version, Replies: []forum.ReplyID{o.replies[1].ID}, Title: "Nuovo", Body: "Da qui"})
		return err
	}},
	{"Merge", func(ctx context.Context, o *office, f *forum.Service) error {
		return f.Merge(ctx, o.who, o.topics[0].ID, o.topics[1].ID)
	}},
	{"ReadTo", func(ctx context.Context, o *office, f *forum.Service) error {
		return f.ReadTo(ctx, o.other, o.topics[1].ID, 3)
	}},
	{"ReadAll", func(ctx context.Context, o *office, f *forum.Service) error { return f.ReadAll(ctx, o.other) }},
	{"Follow", func(ctx context.Context, o *office, f *forum.Service) error {
		return f.Follow(ctx, o.other, o.topics[0].ID, forum.Ignoring)
	}},
	{"Useful", func(ctx context.Context, o *office, f *forum.Service) error {
		return f.Useful(ctx, o.other, post(o.replies[0]), true)
	}},
	{"Useful no more", func(ctx context.Context, o *office, f *forum.Service) error {
		return f.Useful(ctx, o.other, first(o.topics[0].ID), false)
	}},
	{"SaveDraft", func(ctx context.Context, o *office, f *forum.Service) error {
		_, err := f.SaveDraft(ctx, o.other, forum.DraftSave{Place: "p", Title: "t", Body: "b"})
		return err
	}},
	{"SaveDraft again", func(ctx context.Context, o *office, f *forum.Service) error {
		_, err := f.SaveDraft(ctx, o.who, forum.DraftSave{Place: "reply", Version: 1, Body: "b"})
		return err
	}},
	{"DropDraft", func(ctx context.Context, o *office, f *forum.Service) error { return f.DropDraft(ctx, o.who, "reply") }},
}

// attempt runs an operation over a store with a fault at its n-th call, and
// says how it ended, and whether it made so many calls at all.
func (o *office) attempt(op operation, n int, fail func(context.CancelFunc) func(context.Context) error) (err error, met bool) {
	c, stop := context.WithCancel(ctx)
	defer stop()
	f := &fault{at: n, fail: fail(stop)}
	if p := panicOf(func() { err = op.do(c, o, o.service(faulty{o.f, f})) }); p != nil {
		e, ok := p.(error)
		if !ok || !errors.Is(e, errBoom) {
			panic(p)
		}
		err = e
	}
	return err, f.calls >= n
}

func failEach(t *testing.T, s community.Store, fail func(context.CancelFunc) func(context.Context) error, want error) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			o := newOffice(t, s)
			before := o.dump()
			for n := 1; ; n++ {
				err, met := o.attempt(op, n, fail)
				if !met {
					must(t, err)
					if n == 1 {
						t.Fatal("the operation asks nothing of the store")
					}
					if o.dump() == before {
						t.Error("the operation changes nothing: this says nothing of its failures")
					}
					return
				}
				if !errors.Is(err, want) {
					t.Errorf("call %d fails, and the operation says %v", n, err)
				}
				if after := o.dump(); after != before {
					t.Fatalf("call %d fails, and leaves something behind:\n%s", n, newLines(before, after))
				}
			}
		})
	}
}

// newLines returns what only one of two dumps has.
func newLines(before, after string) string {
	var b strings.Builder
	old, now := strings.Split(before, "\n"), strings.Split(after, "\n")
	for _, line := range old {
		if !slices.Contains(now, line) {
			b.WriteString("- " + line + "\n")
		}
	}
	for _, line := range now {
		if !slices.Contains(old, line) {
			b.WriteString("+ " + line + "\n")
		}
	}
	return b.String()
}

// losing is a store that makes its n-th write and then loses the answer.
type losing struct {
	faulty
	lost *bool
}

func (x losing) Apply(ctx context.Context, changes ...storage.Change) error {
	err := x.s.Apply(ctx, changes...)
	if err == nil && !*x.lost {
		*x.lost = true
		return &storage.Error{Op: "commit", Err: storage.ErrUnknown}
	}
	return err
}

func (x losing) InsertReply(ctx context.Context, r forum.Reply, parent forum.Path, seen int, with ...storage.Change) (forum.Reply, error) {
	r, err := x.s.InsertReply(ctx, r, parent, seen, with...)
	if err == nil && !*x.lost {
		*x.lost = true
		return forum.Reply{}, &storage.Error{Op: "commit", Err: storage.ErrUnknown}
	}
	return r, err
}

func failLost(t *testing.T, s community.Store) {
	o := newOffice(t, s)
	lost := false
	f := o.service(losing{faulty{o.f, &fault{}}, &lost})
	again := func(name string, do func() ([16]byte, error)) {
		lost = false
		// The service may find out by itself that it was done.
		if _, err := do(); err != nil {
			is(t, err, storage.ErrUnknown)
		}
		same(t, lost, true)
		after := o.dump()
		id, err := do()
		must(t, err)
		third, err := do()
		must(t, err)
		same(t, third, id)
		if now := o.dump(); now != after {
			t.Errorf("%s was done twice:\n%s", name, newLines(after, now))
		}
		if !strings.Contains(after, fmt.Sprint(storage.MakeID[struct{}](id))) {
			t.Errorf("%s: the answer is of something that is not there", name)
		}
	}
	again("OpenBoard", func() ([16]byte, error) {
		b, err := f.OpenBoard(ctx, o.who, forum.NewBoard{Key: "k", Area: o.board.Area, Audience: auth.Public, Name: "Una"})
		return b.ID.Bytes(), err
	})
	again("StartTopic", func() ([16]byte, error) {
		topic, err := f.StartTopic(ctx, o.who, forum.NewTopic{Key: "k", Board: o.board.ID, Title: "t", Body: "b"})
		return topic.ID.Bytes(), err
	})
	again("Reply", func() ([16]byte, error) {
		r, err := f.Reply(ctx, o.who, forum.NewReply{Key: "k", Topic: o.topics[0].ID, Body: "b"})
		return r.ID.Bytes(), err
	})
}

func failErase(t *testing.T, s community.Store) {
	for _, mode := range []auth.EraseMode{auth.Anonymise, auth.Redact} {
		t.Run(fmt.Sprint(mode), func(t *testing.T) {
			for n := 1; ; n += 3 {
				o := newOffice(t, s)
				erase := operation{"Erase", func(ctx context.Context, o *office, f *forum.Service) error { return f.Erase(ctx, o.who.User, mode) }}
				err, met := o.attempt(erase, n, func(context.CancelFunc) func(context.Context) error {
					return func(context.Context) error { return errBoom }
				})
				if !met {
					must(t, err)
					return
				}
				is(t, err, errBoom)
				must(t, o.service(o.f).Erase(ctx, o.who.User, mode))
				if left := o.dump(); strings.Contains(left[:strings.Index(left, "event ")], o.who.User.String()) {
					t.Fatalf("cut off at call %d, finished, and still something names the person", n)
				}
			}
		})
	}
}
