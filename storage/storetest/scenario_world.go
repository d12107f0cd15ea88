// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"errors"
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

// A world is a forum over the store under test, with two areas, a board in
// each, and people who differ in what they may do.
type world struct {
	*testing.T
	store  community.Store
	forum  *forum.Service
	policy community.Policy
	people *people
	clock  *hands

	group    auth.AreaID // a reserved area
	open     forum.Board // in the commons, promised to everybody
	reserved forum.Board // in the group, promised to its members

	visitor     auth.Actor // has not signed in
	stranger    auth.Actor // has signed in, and belongs to nothing
	observer    auth.Actor // of the community
	outsider    auth.Actor // a member of the community and not of the group
	member      auth.Actor // of both
	colleague   auth.Actor // another one
	keeper      auth.Actor // a moderator of the commons, not of the group
	moderator   auth.Actor // of both
	coordinator auth.Actor // of both
}

// newWorld opens the forum of a community on an empty store.
func newWorld(t *testing.T, s community.Store) *world {
	t.Helper()
	w := &world{
		T: t, store: s, clock: &hands{now: at(0)},
		people: &people{of: map[auth.UserID]community.Standing{}, names: map[string]auth.UserID{}},
		group:  newArea(),
	}
	w.policy = community.Policy{Standings: w.people, Rights: community.DefaultRights()}
	w.forum = w.service(s.Forum())
	join := func(name string, there, here auth.Role) auth.Actor {
		who := auth.Actor{User: newUser()}
		w.people.put(who, community.Standing{Role: there, Areas: map[auth.AreaID]auth.Role{w.group: here}})
		w.people.names[name] = who.User
		return who
	}
	w.stranger = join("stranger", auth.Outsider, auth.Outsider)
	w.observer = join("observer", auth.Observer, auth.Outsider)
	w.outsider = join("outsider", auth.Member, auth.Outsider)
	w.member = join("member", auth.Member, auth.Member)
	w.colleague = join("colleague", auth.Member, auth.Member)
	w.keeper = join("keeper", auth.Moderator, auth.Outsider)
	w.moderator = join("moderator", auth.Moderator, auth.Moderator)
	w.coordinator = join("coordinator", auth.Coordinator, auth.Coordinator)
	w.open = w.board(forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Piazza"})
	w.reserved = w.board(forum.NewBoard{Area: w.group, Audience: auth.AreaMembers, Name: "Stanza riservata"})
	return w
}

// service is the world's forum on another store.
func (w *world) service(s forum.Store) *forum.Service {
	return forum.New(forum.Config{Store: s, Auth: w.policy, Clock: w.clock.Now, People: w.people})
}

// hands are those of a clock that moves when it is told to.
type hands struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hands) Now() time.Time { h.mu.Lock(); defer h.mu.Unlock(); return h.now }

func (h *hands) pass(d time.Duration) { h.mu.Lock(); defer h.mu.Unlock(); h.now = h.now.Add(d) }

// people are who is what, as it is now.
type people struct {
	mu    sync.Mutex
	of    map[auth.UserID]community.Standing
	names map[string]auth.UserID
}

func (p *people) put(who auth.Actor, st community.Standing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of[who.User] = st
}

// Standing implements [community.Standings].
func (p *people) Standing(_ context.Context, who auth.Actor) (community.Standing, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := p.of[who.User]
	st.Orgs = []auth.OrgID{who.For} // for whom they act is not the forum's business
	return st, nil
}

// Named implements [auth.People].
func (p *people) Named(_ context.Context, names []string) (map[string]auth.UserID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]auth.UserID{}
	for _, n := range names {
		if id, ok := p.names[n]; ok {
			out[n] = id
		}
	}
	return out, nil
}

// Names implements [auth.People].
func (p *people) Names(context.Context, []auth.UserID) (map[auth.UserID]string, error) {
	return nil, nil
}

func (w *world) leaves(who auth.Actor) {
	st, _ := w.people.Standing(ctx, who)
	w.people.put(who, community.Standing{Role: st.Role})
}

// everybody is whoever may ask, by what they are.
func (w *world) everybody() map[string]auth.Actor {
	return map[string]auth.Actor{
		"visitor": w.visitor, "stranger": w.stranger, "observer": w.observer, "outsider": w.outsider, "member": w.member,
		"keeper": w.keeper, "moderator": w.moderator, "coordinator": w.coordinator,
	}
}

// outsiders are those who may not look into the reserved area.
func (w *world) outsiders() map[string]auth.Actor {
	return map[string]auth.Actor{
		"visitor": w.visitor, "stranger": w.stranger, "observer": w.observer, "outsider": w.outsider, "keeper": w.keeper,
	}
}

// What people do; a minute passes each time.

func (w *world) board(in forum.NewBoard) forum.Board {
	w.Helper()
	w.clock.pass(time.Minute)
	return got(w.forum.OpenBoard(ctx, w.coordinator, in))(w.T)
}

func (w *world) starts(who auth.Actor, in forum.NewTopic) forum.Topic {
	w.Helper()
	w.clock.pass(time.Minute)
	in.Title, in.Body = orElse(in.Title, "Dialogo competitivo"), orElse(in.Body, "Qualcuno l'ha già fatto?")
	return got(w.forum.StartTopic(ctx, who, in))(w.T)
}

func (w *world) replies(who auth.Actor, in forum.NewReply) forum.Reply {
	w.Helper()
	w.clock.pass(time.Minute)
	in.Body = orElse(in.Body, "Sì, a Trento.")
	return got(w.forum.Reply(ctx, who, in))(w.T)
}

func (w *world) moves(t forum.Topic, to forum.Board) {
	w.Helper()
	w.clock.pass(time.Minute)
	must(w.T, w.forum.Move(ctx, w.moderator, forum.Move{Topic: t.ID, To: to.ID}))
}

// topic is a topic as it is kept.
func (w *world) topic(id forum.TopicID) forum.Topic {
	w.Helper()
	return got(w.store.Forum().Topic(ctx, id))(w.T)
}

func (w *world) kept(id forum.ReplyID) forum.Reply {
	w.Helper()
	return got(w.store.Forum().Reply(ctx, id))(w.T)
}

// thread reads all the pages of a topic.
func (w *world) thread(who auth.Actor, in forum.ThreadPage) []forum.Reply {
	w.Helper()
	return all(w.T, func(c storage.Cursor) (storage.Page[forum.Reply], error) {
		in.After = c
		th, err := w.forum.Thread(ctx, who, in)
		return th.Replies, err
	})
}

// list reads all the pages of a list of topics.
func (w *world) list(who auth.Actor, in forum.TopicFilter) []forum.Listed {
	w.Helper()
	return all(w.T, func(c storage.Cursor) (storage.Page[forum.Listed], error) {
		in.After = c
		return w.forum.Topics(ctx, who, in)
	})
}

func all[V any](t *testing.T, fetch func(storage.Cursor) (storage.Page[V], error)) []V {
	t.Helper()
	var out []V
	for v, err := range storage.All(ctx, fetch) {
		must(t, err)
		out = append(out, v)
	}
	return out
}

// export is what the forum holds of a person; of a visitor it is not asked.
func (w *world) export(who auth.Actor) []forum.Exported {
	w.Helper()
	var out []forum.Exported
	if who.User.IsZero() {
		return nil
	}
	for e, err := range w.forum.Export(ctx, who.User) {
		must(w.T, err)
		out = append(out, e)
	}
	return out
}

// told are those to be told of the last event of a name, if it is delivered
// now, and why.
func (w *world) told(name string) map[auth.UserID]forum.Reason {
	w.Helper()
	out := map[auth.UserID]forum.Reason{}
	events := claims(w.T, w.store)
	for _, d := range slices.Backward(events) {
		if d.Event.Name == name {
			for _, r := range got(w.forum.Recipients(ctx, d.Event))(w.T) {
				out[r.User] = r.Reason
			}
			return out
		}
	}
	w.Fatalf("no event %s among %d", name, len(events))
	return nil
}

// events counts the events that wait, by name.
func (w *world) events() map[string]int {
	w.Helper()
	out := map[string]int{}
	for _, d := range claims(w.T, w.store) {
		out[d.Event.Name]++
	}
	return out
}

// answers is everything that the forum tells somebody who does not know what
// to ask for: two worlds that differ only in what they may not see give the
// same, byte for byte.
func (w *world) answers(who auth.Actor) string {
	w.Helper()
	var b strings.Builder
	say := func(what string, v any, err error) { fmt.Fprintf(&b, "%s: %+v %v\n", what, v, err) }
	for _, area := range []auth.AreaID{auth.Commons, w.group} {
		boards, err := w.forum.Boards(ctx, who, area)
		say("boards", boards, err)
		for name, in := range w.filters() {
			if in.Area != area {
				continue
			}
			for pages := 0; ; pages++ {
				page, err := w.forum.Topics(ctx, who, in)
				say("topics "+name, page, err)
				if in.After = page.Next; in.After == "" {
					break
				}
			}
		}
	}
	for _, board := range []forum.Board{w.open, w.reserved} {
		one, err := w.forum.Board(ctx, who, board.ID)
		say("board", one, err)
		feed, err := w.forum.Feed(ctx, who, forum.FeedPage{Board: board.ID})
		say("feed", feed, err)
	}
	drafts, err := w.forum.Drafts(ctx, who)
	say("drafts", drafts, err)
	say("export", w.export(who), nil)
	lines := strings.Split(b.String(), "\n")
	slices.Sort(lines) // of the filters, which have no order
	return strings.Join(lines, "\n")
}

// filters are the ways to list topics.
func (w *world) filters() map[string]forum.TopicFilter {
	out := map[string]forum.TopicFilter{}
	for _, area := range []auth.AreaID{auth.Commons, w.group} {
		for name, in := range map[string]forum.TopicFilter{
			"": {}, "open": {Board: w.open.ID}, "reserved": {Board: w.reserved.ID}, "author": {Author: w.member.User},
			"announced": {Announced: true}, "following": {Following: true}, "unread": {Unread: true}, "removed": {Removed: true},
		} {
			in.Area, in.Limit = area, 2
			out[area.String()+" "+name] = in
		}
	}
	return out
}

// equal compares two answers and says where they differ.
func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Errorf("%s:\n\tgot  %s\n\twant %s", what, g[i], w[i])
			return
		}
	}
	t.Errorf("%s: got %d lines, want %d", what, len(g), len(w))
}

// A target is what calls are made about.
type target struct {
	board forum.BoardID
	topic forum.TopicID
	reply forum.ReplyID
}

// nowhere is a target that never was.
func nowhere() target {
	return target{storage.NewID[forum.Board](), storage.NewID[forum.Topic](), storage.NewID[forum.Reply]()}
}

// A call asks one thing of the forum about a target; what is given back
// besides the error is nothing when there is one.
type call struct {
	name string
	do   func(f *forum.Service, who auth.Actor, x target) (any, error)
}

// calls are all that can be asked about an object by its ID.
func (w *world) calls() []call {
	none := func(err error) (any, error) { return nil, err }
	any2 := func(v any, err error) (any, error) { return v, err }
	first := func(x target) forum.Post { return forum.Post{Topic: x.topic} }
	post := func(x target) forum.Post { return forum.Post{Topic: x.topic, Reply: x.reply} }
	name := "Altro nome"
	return []call{
		{"Board", func(f *forum.Service, who auth.Actor, x target) (any, error) { return any2(f.Board(ctx, who, x.board)) }},
		{"EditBoard", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return any2(f.EditBoard(ctx, who, forum.BoardEdit{Board: x.board, Version: 1, Name: &name}))
		}},
		{"StartTopic", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return any2(f.StartTopic(ctx, who, forum.NewTopic{Board: x.board, Title: "Titolo", Body: "Testo"}))
		}},
		{"Feed of board", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return any2(f.Feed(ctx, who, forum.FeedPage{Board: x.board}))
		}},
		{"Feed", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return any2(f.Feed(ctx, who, forum.FeedPage{Topic: x.topic}))
		}},
		{"Thread", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return any2(f.Thread(ctx, who, forum.ThreadPage{Topic: x.topic}))
		}},
		{"Thread, newest", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return any2(f.Thread(ctx, who, forum.ThreadPage{Topic: x.topic, Newest: true}))
		}},
		{"Thread, bad cursor", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return any2(f.Thread(ctx, who, forum.ThreadPage{Topic: x.topic, After: "x"}))
		}},
		{"Find", func(f *forum.Service, who auth.Actor, x target) (any, error) { return any2(f.Find(ctx, who, first(x))) }},
		{"Find reply", func(f *forum.Service, who auth.Actor, x target) (any, error) { return any2(f.Find(ctx, who, post(x))) }},
		{"FindReply", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return any2(f.FindReply(ctx, who, x.reply))
		}},
		{"Revisions", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			v, err := f.Revisions(ctx, who, post(x))
			if v == nil {
				return nil, err
			}
			return v, err
		}},
		{"Reply", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return any2(f.Reply(ctx, who, forum.NewReply{Topic: x.topic, Body: "Testo"}))
		}},
		{"Reply to reply", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return any2(f.Reply(ctx, who, forum.NewReply{Topic: x.topic, Parent: x.reply, Body: "Testo"}))
		}},
		{"EditPost", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return any2(f.EditPost(ctx, who, forum.PostEdit{Post: first(x), Version: 1, Title: "Titolo", Body: "Testo"}))
		}},
		{"EditPost of reply", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return any2(f.EditPost(ctx, who, forum.PostEdit{Post: post(x), Version: 1, Body: "Testo"}))
		}},
		{"ReadTo", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return none(f.ReadTo(ctx, who, x.topic, 1))
		}},
		{"Follow", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return none(f.Follow(ctx, who, x.topic, forum.Following))
		}},
		{"Useful", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return none(f.Useful(ctx, who, post(x), true))
		}},
		{"Pin", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return none(f.Pin(ctx, who, x.topic, forum.Pinned))
		}},
		{"Lock", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return none(f.Lock(ctx, who, x.topic, true))
		}},
		{"Widen", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return none(f.Widen(ctx, who, forum.Widen{Topics: []forum.TopicID{x.topic}, Audience: auth.Public, Why: "Interessa a tutti"}))
		}},
		{"Move", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return none(f.Move(ctx, who, forum.Move{Topic: x.topic, To: w.open.ID, Widen: true}))
		}},
		{"Split", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return any2(f.Split(ctx, who, forum.Split{Topic: x.topic, Version: 1, Replies: []forum.ReplyID{x.reply}, Title: "Titolo", Body: "Testo"}))
		}},
		{"Merge", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return none(f.Merge(ctx, who, x.topic, storage.NewID[forum.Topic]()))
		}},
		{"Delete", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return none(f.Delete(ctx, who, first(x)))
		}},
		{"Delete reply", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return none(f.Delete(ctx, who, post(x)))
		}},
		{"Hide", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return none(f.Hide(ctx, who, post(x), "Fuori tema"))
		}},
		{"Restore", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return none(f.Restore(ctx, who, post(x)))
		}},
		{"Purge", func(f *forum.Service, who auth.Actor, x target) (any, error) {
			return none(f.Purge(ctx, who, post(x), "Dati personali"))
		}},
	}
}

// alike checks that each call about a hidden target is refused just as one
// about a target that never was: the same kinds of error, the same bytes but
// for the ID that was asked for, and nothing beside them.
func (w *world) alike(who auth.Actor, hidden target) {
	w.Helper()
	absent := nowhere()
	for _, c := range w.calls() {
		gotV, gotErr := c.do(w.forum, who, hidden)
		wantV, wantErr := c.do(w.forum, who, absent)
		if gotErr == nil {
			w.Errorf("%s of what is hidden was answered", c.name)
			continue
		}
		if !errors.Is(gotErr, storage.ErrNotFound) && !errors.Is(gotErr, auth.ErrDenied) {
			w.Errorf("%s of what is hidden: %v", c.name, gotErr)
		}
		equal(w.T, c.name, disguise(gotErr, hidden), disguise(wantErr, absent))
		equal(w.T, c.name+": what comes with the error", fmt.Sprintf("%+v", gotV), fmt.Sprintf("%+v", wantV))
	}
}

// disguise writes an error out, with everything that it wraps, and the IDs of
// a target by their kinds.
func disguise(err error, x target) string {
	var b strings.Builder
	for ; err != nil; err = errors.Unwrap(err) {
		fmt.Fprintf(&b, "%T %v\n", err, err)
	}
	return strings.NewReplacer(x.board.String(), "BOARD", x.topic.String(), "TOPIC", x.reply.String(), "REPLY").Replace(b.String())
}

// together runs fn n times at once and returns what each gave.
func together(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// sorted counts what became of calls made at once: how many succeeded, and how
// many were refused with want; any other error fails the test.
func sorted(t *testing.T, errs []error, want error) (won, refused int) {
	t.Helper()
	for i, err := range errs {
		switch {
		case err == nil:
			won++
		case errors.Is(err, want):
			refused++
		default:
			t.Errorf("call %d of %d: %v", i, len(errs), err)
		}
	}
	return won, refused
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
