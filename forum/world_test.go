// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// A world is a forum in memory, with two areas, a board in each, and people
// who differ in what they may do.
type world struct {
	*testing.T
	ctx    context.Context
	store  community.Store
	config forum.Config
	forum  *forum.Service
	people people
	now    time.Time

	group    auth.AreaID // a reserved area
	open     forum.Board // in the commons, promised to everybody
	reserved forum.Board // in the group, promised to its members

	visitor     auth.Actor // has not signed in
	stranger    auth.Actor // has signed in, and belongs to nothing
	observer    auth.Actor // of the community
	outsider    auth.Actor // a member of the community and not of the group
	member      auth.Actor // of both
	author      auth.Actor // of both, who writes what the tests are about
	keeper      auth.Actor // a moderator of the commons, not of the group
	moderator   auth.Actor // of both
	coordinator auth.Actor // of both
}

// people are who is what, and by what name.
type people struct {
	mu    *sync.Mutex
	of    map[auth.UserID]community.Standing
	names map[string]auth.UserID
}

func (p people) Standing(_ context.Context, who auth.Actor) (community.Standing, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := p.of[who.User]
	st.Orgs = []auth.OrgID{who.For} // for whom they act is not the forum's business
	return st, nil
}

func (p people) Named(_ context.Context, names []string) (map[string]auth.UserID, error) {
	out := map[string]auth.UserID{}
	for _, n := range names {
		if id, ok := p.names[n]; ok {
			out[n] = id
		}
	}
	return out, nil
}

func (p people) Names(context.Context, []auth.UserID) (map[auth.UserID]string, error) {
	return nil, nil
}

// newWorld opens a forum, with what set changes in its Config.
func newWorld(t *testing.T, set ...func(*forum.Config)) *world {
	t.Helper()
	w := &world{
		T: t, ctx: t.Context(), store: memory.New(), now: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC),
		people: people{new(sync.Mutex), map[auth.UserID]community.Standing{}, map[string]auth.UserID{}},
		group:  storage.NewID[auth.Area](),
	}
	w.visitor = auth.Visitor
	w.stranger = w.joins("stranger", auth.Outsider, auth.Outsider)
	w.observer = w.joins("observer", auth.Observer, auth.Outsider)
	w.outsider = w.joins("outsider", auth.Member, auth.Outsider)
	w.member = w.joins("member", auth.Member, auth.Member)
	w.author = w.joins("author", auth.Member, auth.Member)
	w.keeper = w.joins("keeper", auth.Moderator, auth.Outsider)
	w.moderator = w.joins("moderator", auth.Moderator, auth.Moderator)
	w.coordinator = w.joins("coordinator", auth.Coordinator, auth.Coordinator)
	w.config = forum.Config{
		Store: w.store.Forum(), Auth: community.Policy{Standings: w.people, Rights: community.DefaultRights()},
		Clock: func() time.Time { return w.now }, People: w.people,
	}
	for _, set := range set {
		set(&w.config)
	}
	w.forum = forum.New(w.config)
	w.open = w.opens(forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Piazza"})
	w.reserved = w.opens(forum.NewBoard{Area: w.group, Audience: auth.AreaMembers, Name: "Stanza riservata"})
	return w
}

func (w *world) joins(name string, there, here auth.Role) auth.Actor {
	who := auth.Actor{User: storage.NewID[auth.User]()}
	w.people.names[name] = who.User
	w.stands(who, there, here)
	return who
}

// stands makes somebody something in the community and in the group.
func (w *world) stands(who auth.Actor, there, here auth.Role) {
	w.people.mu.Lock()
	defer w.people.mu.Unlock()
	w.people.of[who.User] = community.Standing{Role: there, Areas: map[auth.AreaID]auth.Role{w.group: here}}
}

// everybody is whoever may ask, in the order of what they may do.
func (w *world) everybody() []named {
	return []named{
		{"visitor", w.visitor}, {"stranger", w.stranger}, {"observer", w.observer}, {"outsider", w.outsider}, {"member", w.member},
		{"author", w.author}, {"keeper", w.keeper}, {"moderator", w.moderator}, {"coordinator", w.coordinator},
	}
}

type named struct {
	name string
	auth.Actor
}

// What people do; a minute passes each time.

func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

func (w *world) opens(in forum.NewBoard) forum.Board {
	w.Helper()
	w.pass(time.Minute)
	in.Name = orElse(in.Name, "Bacheca")
	if in.Area.IsZero() {
		in.Area, in.Audience = auth.Commons, auth.Public
	}
	b, err := w.forum.OpenBoard(w.ctx, w.coordinator, in)
	require.NoError(w, err)
	return b
}

func (w *world) starts(who auth.Actor, in forum.NewTopic) forum.Topic {
	w.Helper()
	w.pass(time.Minute)
	if in.Board.IsZero() {
		in.Board = w.open.ID
	}
	in.Title, in.Body = orElse(in.Title, "Dialogo competitivo"), orElse(in.Body, "Qualcuno l'ha già fatto?")
	t, err := w.forum.StartTopic(w.ctx, who, in)
	require.NoError(w, err)
	return t
}

func (w *world) replies(who auth.Actor, in forum.NewReply) forum.Reply {
	w.Helper()
	w.pass(time.Minute)
	in.Body = orElse(in.Body, "Sì, a Trento.")
	r, err := w.forum.Reply(w.ctx, who, in)
	require.NoError(w, err)
	return r
}

// edits changes the text of a post as it is now.
func (w *world) edits(who auth.Actor, p forum.Post, body string) forum.Place {
	w.Helper()
	w.pass(time.Minute)
	in := forum.PostEdit{Post: p, Body: body, Why: "correzione"}
	if p.Reply.IsZero() {
		t := w.topic(p.Topic)
		in.Version, in.Title = t.Version, t.Title
	} else {
		in.Version = w.reply(p.Reply).Version
	}
	pl, err := w.forum.EditPost(w.ctx, who, in)
	require.NoError(w, err)
	return pl
}

func (w *world) splits(t forum.TopicID, replies ...forum.Reply) forum.Topic {
	w.Helper()
	w.pass(time.Minute)
	in := forum.Split{Topic: t, Version: w.topic(t).Version, Title: "A parte", Body: "Continua qui"}
	for _, r := range replies {
		in.Replies = append(in.Replies, r.ID)
	}
	out, err := w.forum.Split(w.ctx, w.moderator, in)
	require.NoError(w, err)
	return out
}

func (w *world) merges(from, into forum.TopicID) {
	w.Helper()
	w.pass(time.Minute)
	require.NoError(w, w.forum.Merge(w.ctx, w.moderator, from, into))
}

// changes a board as it is now.
func (w *world) rules(id forum.BoardID, in forum.BoardEdit) forum.Board {
	w.Helper()
	in.Board = id
	b, err := w.store.Forum().Board(w.ctx, id)
	require.NoError(w, err)
	in.Version = b.Version
	b, err = w.forum.EditBoard(w.ctx, w.coordinator, in)
	require.NoError(w, err)
	return b
}

// What is kept, whoever may see it.

func (w *world) topic(id forum.TopicID) forum.Topic {
	w.Helper()
	t, err := w.store.Forum().Topic(w.ctx, id)
	require.NoError(w, err)
	return t
}

func (w *world) reply(id forum.ReplyID) forum.Reply {
	w.Helper()
	r, err := w.store.Forum().Reply(w.ctx, id)
	require.NoError(w, err)
	return r
}

func (w *world) mark(who auth.Actor, t forum.TopicID) forum.Mark {
	w.Helper()
	marks, err := w.store.Forum().Marks(w.ctx, who.User)
	require.NoError(w, err)
	if i := slices.IndexFunc(marks, func(m forum.Mark) bool { return m.Topic == t }); i >= 0 {
		return marks[i]
	}
	return forum.Mark{}
}

func (w *world) revisions(p forum.Post) []forum.Revision {
	w.Helper()
	all, err := w.forum.Revisions(w.ctx, w.coordinator, p)
	require.NoError(w, err)
	return all
}

// thread is all replies of a topic in order, as somebody sees them.
func (w *world) thread(who auth.Actor, t forum.TopicID) []forum.Reply {
	w.Helper()
	return all(w, func(c storage.Cursor) (storage.Page[forum.Reply], error) {
		th, err := w.forum.Thread(w.ctx, who, forum.ThreadPage{Topic: t, After: c})
		return th.Replies, err
	})
}

// list is all topics that a filter selects, as somebody sees them.
func (w *world) list(who auth.Actor, in forum.TopicFilter) []forum.Listed {
	w.Helper()
	return all(w, func(c storage.Cursor) (storage.Page[forum.Listed], error) {
		in.After = c
		return w.forum.Topics(w.ctx, who, in)
	})
}

func all[V any](w *world, fetch func(storage.Cursor) (storage.Page[V], error)) []V {
	w.Helper()
	var out []V
	for v, err := range storage.All(w.ctx, fetch) {
		require.NoError(w, err)
		out = append(out, v)
	}
	return out
}

// A happened is an event that waits, with its payload.
type happened struct {
	storage.Event
	payload forum.Event
}

// events are those that wait to be delivered, oldest first.
func (w *world) events() []happened {
	w.Helper()
	var out []happened
	undo := fmt.Errorf("undo")
	require.ErrorIs(w, w.store.Atomic(w.ctx, func(ctx context.Context, tx community.Store) error {
		batch, err := tx.Claim(ctx, w.now.Add(1000*time.Hour), time.Hour, 10_000)
		require.NoError(w, err)
		for _, d := range batch {
			e := happened{Event: d.Event}
			require.NoError(w, json.Unmarshal(d.Event.Data, &e.payload))
			out = append(out, e)
		}
		return undo
	}), undo)
	return out
}

// last is the last event.
func (w *world) last() happened {
	w.Helper()
	events := w.events()
	require.NotEmpty(w, events)
	return events[len(events)-1]
}

// told are those to be told of the last event now, and why.
func (w *world) told() map[auth.UserID]forum.Reason {
	w.Helper()
	recipients, err := w.forum.Recipients(w.ctx, w.last().Event)
	require.NoError(w, err)
	out := map[auth.UserID]forum.Reason{}
	for _, r := range recipients {
		out[r.User] = r.Reason
	}
	require.Len(w, out, len(recipients), "somebody is told twice")
	return out
}

// dump writes down everything that the store holds, as far as it can be asked
// for: of everybody here, and of every topic.
func (w *world) dump() string {
	w.Helper()
	var b strings.Builder
	f := w.store.Forum()
	say := func(what string, v any, err error) {
		require.NoError(w, err)
		fmt.Fprintf(&b, "%s: %+v\n", what, v)
	}
	for _, area := range []auth.AreaID{auth.Commons, w.group} {
		boards, err := f.Boards(w.ctx, forum.BoardQuery{Area: area, See: auth.Everything, Read: auth.Everything})
		say("boards", boards, err)
	}
	topics := map[forum.TopicID]bool{}
	for _, who := range w.everybody() {
		user := who.User
		written := all(w, func(c storage.Cursor) (storage.Page[forum.Written], error) {
			return f.Written(w.ctx, forum.WrittenQuery{User: user, After: c})
		})
		for _, wr := range written {
			topics[wr.Topic.ID] = true // also husks
		}
		say("written", written, nil)
		for what, ask := range map[string]func() (any, error){
			"marks":     func() (any, error) { return f.Marks(w.ctx, user) },
			"drafts":    func() (any, error) { return f.Drafts(w.ctx, user) },
			"reactions": func() (any, error) { return f.Reactions(w.ctx, user) },
			"read all":  func() (any, error) { return f.ReadAll(w.ctx, user) },
		} {
			v, err := ask()
			say(what, v, err)
		}
	}
	for _, removed := range []bool{false, true} {
		for _, l := range all(w, func(c storage.Cursor) (storage.Page[forum.Listed], error) {
			return f.Topics(w.ctx, forum.TopicQuery{Reach: auth.Everything, Removed: removed, After: c})
		}) {
			topics[l.ID] = true
		}
	}
	for id := range topics {
		posts := []forum.Post{{Topic: id}}
		t, err := f.Topic(w.ctx, id)
		say("topic", t, err)
		replies, err := f.Subtree(w.ctx, id, "")
		say("replies", replies, err)
		for _, r := range replies {
			posts = append(posts, forum.Post{Topic: id, Reply: r.ID})
		}
		for _, p := range posts {
			revisions, err := f.Revisions(w.ctx, p)
			say("revisions", revisions, err)
		}
		say("marks on", all(w, func(c storage.Cursor) (storage.Page[forum.Mark], error) { return f.Followers(w.ctx, id, c) }), nil)
	}
	for _, e := range w.events() {
		say("event", e.Name+string(e.Data), nil)
	}
	lines := strings.SplitAfter(b.String(), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
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

func first(t forum.TopicID) forum.Post { return forum.Post{Topic: t} }

func post(r forum.Reply) forum.Post { return forum.Post{Topic: r.Topic, Reply: r.ID} }

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// failure is the error of a call whose value does not matter.
func failure[V any](_ V, err error) error { return err }

// invalid checks that an error says what is wrong with which field.
func invalid(t *testing.T, err error, field, code string) {
	t.Helper()
	var in *storage.Invalid
	require.ErrorAs(t, err, &in)
	require.Equal(t, [2]string{field, code}, [2]string{in.Field, in.Code})
	require.ErrorIs(t, err, storage.ErrInvalid)
}
