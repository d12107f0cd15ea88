// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// A world is questions and answers in memory, in the commons and in a reserved
// area, and people who differ in what they may do.
type world struct {
	*testing.T
	ctx    context.Context
	store  community.Store
	config qa.Config
	qa     *qa.Service
	people people
	now    time.Time

	group auth.AreaID // a reserved area

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
	st.Orgs = []auth.OrgID{who.For} // for whom they act is not the business of questions
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

// newWorld opens a world, with what set changes in its Config.
func newWorld(t *testing.T, set ...func(*qa.Config)) *world {
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
	w.config = qa.Config{
		Store: w.store.QA(), Auth: community.Policy{Standings: w.people, Rights: community.DefaultRights()},
		Clock: func() time.Time { return w.now }, People: w.people,
	}
	for _, set := range set {
		set(&w.config)
	}
	w.qa = qa.New(w.config)
	return w
}

// sets changes the Config of the world from now on.
func (w *world) sets(set func(*qa.Config)) {
	set(&w.config)
	w.qa = qa.New(w.config)
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

func (w *world) writes() auth.Actor      { return w.author }
func (w *world) moderates() auth.Actor   { return w.moderator }
func (w *world) coordinates() auth.Actor { return w.coordinator }

// What people do; a minute passes each time.

func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// asks a question, in the commons and for everybody unless it is said otherwise.
func (w *world) asks(who auth.Actor, in qa.NewQuestion) qa.Question {
	w.Helper()
	w.pass(time.Minute)
	if in.Area.IsZero() {
		in.Area = auth.Commons
	}
	in.Title, in.Body = orElse(in.Title, "Soglie del 2026?"), orElse(in.Body, "Quali sono le soglie?")
	q, err := w.qa.Ask(w.ctx, who, in)
	require.NoError(w, err)
	return q
}

// reserves asks a question for the group alone.
func (w *world) reserves(who auth.Actor, in qa.NewQuestion) qa.Question {
	w.Helper()
	in.Area, in.Audience = w.group, auth.AreaMembers
	return w.asks(who, in)
}

func (w *world) answers(who auth.Actor, q qa.QuestionID, body ...string) qa.Answer {
	w.Helper()
	w.pass(time.Minute)
	a, err := w.qa.Answer(w.ctx, who, qa.NewAnswer{Question: q, Body: orElse(strings.Join(body, " "), "Sono 221.000 euro.")})
	require.NoError(w, err)
	return a
}

func (w *world) comments(who auth.Actor, p qa.Post, body ...string) qa.Comment {
	w.Helper()
	w.pass(time.Minute)
	c, err := w.qa.Comment(w.ctx, who, qa.NewComment{Post: p, Body: orElse(strings.Join(body, " "), "Da quando?")})
	require.NoError(w, err)
	return c
}

func (w *world) accepts(who auth.Actor, a qa.AnswerID) {
	w.Helper()
	w.pass(time.Minute)
	require.NoError(w, w.qa.Accept(w.ctx, who, a))
}

func (w *world) votes(who auth.Actor, p qa.Post, v qa.Value) {
	w.Helper()
	_, err := w.qa.Vote(w.ctx, who, p, v)
	require.NoError(w, err)
}

// edit is an edit of a post as it is now, to another body.
func (w *world) edit(p qa.Post, body string) qa.PostEdit {
	w.Helper()
	pl := w.place(p)
	in := qa.PostEdit{Post: p, Body: body, Why: "correzione"}
	switch {
	case !p.Comment.IsZero():
		in.Version = pl.Comment.Version
	case !p.Answer.IsZero():
		in.Version = pl.Answer.Version
	default:
		in.Version, in.Title, in.Tags, in.Themes = pl.Question.Version, pl.Question.Title, pl.Question.Tags, pl.Question.Themes
	}
	return in
}

// edits changes the body of a post as it is now.
func (w *world) edits(who auth.Actor, p qa.Post, body string) qa.Place {
	w.Helper()
	w.pass(time.Minute)
	pl, err := w.qa.Edit(w.ctx, who, w.edit(p, body))
	require.NoError(w, err)
	return pl
}

func (w *world) suggests(who auth.Actor, p qa.Post, body string) qa.Suggestion {
	w.Helper()
	w.pass(time.Minute)
	sg, err := w.qa.Suggest(w.ctx, who, w.edit(p, body))
	require.NoError(w, err)
	return sg
}

func (w *world) closes(q qa.QuestionID, reason qa.Reason, of ...qa.QuestionID) {
	w.Helper()
	w.pass(time.Minute)
	in := qa.Closure{Question: q, Reason: reason, Why: "Motivo"}
	if len(of) > 0 {
		in.Of = of[0]
	}
	require.NoError(w, w.qa.Close(w.ctx, w.coordinator, in))
}

func (w *world) merges(from, into qa.QuestionID) {
	w.Helper()
	w.pass(time.Minute)
	require.NoError(w, w.qa.Merge(w.ctx, w.coordinator, qa.Merge{From: from, Into: into}))
}

// What is kept, whoever may see it.

func (w *world) question(id qa.QuestionID) qa.Question {
	w.Helper()
	q, err := w.store.QA().Question(w.ctx, id)
	require.NoError(w, err)
	return q
}

func (w *world) answer(id qa.AnswerID) qa.Answer {
	w.Helper()
	a, err := w.store.QA().Answer(w.ctx, id)
	require.NoError(w, err)
	return a
}

func (w *world) place(p qa.Post) qa.Place {
	w.Helper()
	pl, err := w.store.QA().Place(w.ctx, qa.PlaceQuery{Post: p})
	require.NoError(w, err)
	return pl
}

// entry is what a post has in common with others.
func (w *world) entry(p qa.Post) qa.Entry {
	w.Helper()
	pl := w.place(p)
	switch {
	case !p.Comment.IsZero():
		return pl.Comment.Entry
	case !p.Answer.IsZero():
		return pl.Answer.Entry
	}
	return pl.Question.Entry
}

func (w *world) revisions(p qa.Post) []qa.Revision {
	w.Helper()
	all, err := w.qa.Revisions(w.ctx, w.coordinator, p)
	require.NoError(w, err)
	return all
}

// page is the first page of a question as somebody sees it.
func (w *world) page(who auth.Actor, q qa.QuestionID) qa.Page {
	w.Helper()
	page, err := w.qa.Page(w.ctx, who, qa.QuestionPage{Question: q})
	require.NoError(w, err)
	return page
}

// list is all questions that a filter selects, as somebody sees them.
func (w *world) list(who auth.Actor, in qa.QuestionFilter) []qa.Question {
	w.Helper()
	return all(w, func(c storage.Cursor) (storage.Page[qa.Question], error) {
		in.After = c
		return w.qa.Questions(w.ctx, who, in)
	})
}

// commentsOn is all comments on a post, as somebody sees them.
func (w *world) commentsOn(who auth.Actor, p qa.Post) []qa.Comment {
	w.Helper()
	return all(w, func(c storage.Cursor) (storage.Page[qa.Comment], error) {
		return w.qa.Comments(w.ctx, who, qa.CommentPage{Post: p, After: c})
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

// ids are those of questions, in their order.
func ids(questions []qa.Question) []qa.QuestionID {
	out := []qa.QuestionID{}
	for _, q := range questions {
		out = append(out, q.ID)
	}
	return out
}

// answerIDs are those of a page's answers, in their order.
func answerIDs(page qa.Page) []qa.AnswerID {
	out := []qa.AnswerID{}
	for _, a := range page.Answers.Items {
		out = append(out, a.ID)
	}
	return out
}

// A happened is an event that waits, with its payload.
type happened struct {
	storage.Event
	payload qa.Event
}

// events are those that wait to be delivered, oldest first.
func (w *world) events() []happened {
	w.Helper()
	var out []happened
	undo := errors.New("undo")
	require.ErrorIs(w, w.store.Atomic(w.ctx, func(ctx context.Context, tx community.Store) error {
		batch, err := tx.Claim(ctx, w.now.Add(10_000*time.Hour), time.Hour, 10_000)
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

// named are the events of a name, oldest first.
func (w *world) named(name string) []happened {
	w.Helper()
	return slices.DeleteFunc(w.events(), func(e happened) bool { return e.Name != name })
}

// dump writes down everything that the store holds, as far as it can be asked
// for: of everybody here, and of every question.
func (w *world) dump() string {
	w.Helper()
	var b strings.Builder
	f := w.store.QA()
	say := func(what string, v any, err error) {
		require.NoError(w, err)
		fmt.Fprintf(&b, "%s: %+v\n", what, v)
	}
	questions := map[qa.QuestionID]bool{}
	for _, who := range w.everybody() {
		if who.User.IsZero() {
			continue
		}
		written := all(w, func(c storage.Cursor) (storage.Page[qa.Place], error) {
			return f.Written(w.ctx, qa.WrittenQuery{User: who.User, After: c})
		})
		for _, pl := range written {
			questions[pl.Question.ID] = true // also those merged
		}
		say("written", written, nil)
		votes, err := f.Votes(w.ctx, who.User)
		say("votes", votes, err)
	}
	for _, removed := range []bool{false, true} {
		for _, q := range all(w, func(c storage.Cursor) (storage.Page[qa.Question], error) {
			return f.Questions(w.ctx, qa.QuestionQuery{Reach: auth.Everything, Removed: removed, After: c})
		}) {
			questions[q.ID] = true
		}
	}
	for _, pl := range all(w, func(c storage.Cursor) (storage.Page[qa.Place], error) {
		return f.Held(w.ctx, qa.HeldQuery{Reach: auth.Everything, After: c})
	}) {
		questions[pl.Question.ID] = true
		say("held", pl, nil)
	}
	for id := range questions {
		q, err := f.Question(w.ctx, id)
		say("question", q, err)
		answers, comments, err := f.Below(w.ctx, id)
		say("answers", answers, err)
		say("comments", comments, err)
		posts := []qa.Post{{Question: id}}
		for _, a := range answers {
			posts = append(posts, qa.Post{Question: id, Answer: a.ID})
		}
		for _, c := range comments {
			posts = append(posts, qa.Post{Question: id, Answer: c.Answer, Comment: c.ID})
		}
		for _, p := range posts {
			revisions, err := f.Revisions(w.ctx, p)
			say("revisions", revisions, err)
		}
		offers, err := f.Offers(w.ctx, id)
		say("offers", offers, err)
	}
	say("suggestions", all(w, func(c storage.Cursor) (storage.Page[qa.Suggestion], error) {
		return f.Suggestions(w.ctx, qa.SuggestionQuery{Reach: auth.Everything, After: c})
	}), nil)
	say("tags", all(w, func(c storage.Cursor) (storage.Page[qa.Tagged], error) {
		return f.Tags(w.ctx, qa.TagQuery{Reach: auth.Everything, After: c})
	}), nil)
	synonyms, err := f.Synonyms(w.ctx, nil)
	say("synonyms", synonyms, err)
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

// errBoom is trouble of somebody else's.
var errBoom = errors.New("boom")

// Which post it is.

func ofQuestion(q qa.Question) qa.Post { return qa.Post{Question: q.ID} }

func ofAnswer(a qa.Answer) qa.Post { return qa.Post{Question: a.Question, Answer: a.ID} }

func ofComment(c qa.Comment) qa.Post {
	return qa.Post{Question: c.Question, Answer: c.Answer, Comment: c.ID}
}

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

// hurried is a store in which something happens, once, when all is decided and
// the first thing is about to be written.
type hurried struct {
	qa.Store
	once *sync.Once
	do   func()
}

func (h hurried) Apply(ctx context.Context, changes ...storage.Change) error {
	h.once.Do(h.do)
	return h.Store.Apply(ctx, changes...)
}

func (h hurried) Atomic(ctx context.Context, fn func(context.Context, qa.Store) error) error {
	h.once.Do(h.do)
	return h.Store.Atomic(ctx, fn)
}

// while is the world's service, in which something happens between the first
// decision and what is written of it.
func (w *world) while(do func()) *qa.Service {
	cfg := w.config
	cfg.Store = hurried{cfg.Store, new(sync.Once), do}
	return qa.New(cfg)
}

// counted is a store that notes what is written to it, also in its units, and
// refuses what refuse says.
type counted struct {
	qa.Store
	changes []string
	reads   int
	refuse  func(changes []storage.Change) error
}

func (c *counted) Apply(ctx context.Context, changes ...storage.Change) error {
	for _, ch := range changes {
		c.changes = append(c.changes, ch.Change())
	}
	if c.refuse != nil {
		if err := c.refuse(changes); err != nil {
			return err
		}
	}
	return c.Store.Apply(ctx, changes...)
}

func (c *counted) Place(ctx context.Context, q qa.PlaceQuery) (qa.Place, error) {
	c.reads++
	return c.Store.Place(ctx, q)
}

func (c *counted) Page(ctx context.Context, q qa.PageQuery) (qa.Page, error) {
	c.reads++
	return c.Store.Page(ctx, q)
}

func (c *counted) Answer(ctx context.Context, id qa.AnswerID) (qa.Answer, error) {
	c.reads++
	return c.Store.Answer(ctx, id)
}

func (c *counted) Question(ctx context.Context, id qa.QuestionID) (qa.Question, error) {
	c.reads++
	return c.Store.Question(ctx, id)
}

func (c *counted) Revisions(ctx context.Context, p qa.Post) ([]qa.Revision, error) {
	c.reads++
	return c.Store.Revisions(ctx, p)
}

func (c *counted) Atomic(ctx context.Context, fn func(context.Context, qa.Store) error) error {
	return c.Store.Atomic(ctx, func(ctx context.Context, tx qa.Store) error {
		inner := &counted{Store: tx, refuse: c.refuse}
		err := fn(ctx, inner)
		c.changes = append(c.changes, inner.changes...)
		c.reads += inner.reads
		return err
	})
}
