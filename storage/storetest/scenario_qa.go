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
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// What members see happen to questions, in the words of their specification.
var qaScenarios = []promise{
	{"S-accept-edit", "an acceptance is of the answer as it read: an edit of substance shows, and is told of once; one of form is not", false, acceptEdit},
	{"S-accept-hidden", "an accepted answer that is taken away re-opens the question, and is not accepted again when it comes back", false, acceptHidden},
	{"S-accept-switch", "to accept another answer is one change, with one event of each end; to accept the same again is none", false, acceptSwitch},
	{"S-accept-switch/Crowd", "however many accept at once, one answer is accepted, and events tell how", true, acceptSwitchCrowd},
	{"S-accept-switch/Caretaker", "who may accept, and as what, is recorded: the asker, their delegate, and in time a caretaker", false, acceptCaretaker},
	{"S-vote-flip", "from for to against is one change, as long as it may be changed", false, voteFlip},
	{"S-vote-self", "nobody votes on what is theirs, also if it became so later, nor on what is taken away", false, voteSelf},
	{"S-vote-race", "a thousand people who vote at once, each twice, are a thousand votes", true, voteRace},
	{"S-merge-duplicates", "a merge loses no answer, doubles no vote, and both permalinks go on", false, mergeDuplicates},
	{"S-merge-duplicates/Crowd", "so does one that happens while others answer, vote and remark", true, mergeDuplicatesCrowd},
	{"S-duplicate-secret", "a duplicate and its original know of each other only before those who may read both", false, duplicateSecret},
	{"S-asker-leaves", "the questions of who leaves are not stuck: others settle them, and an erasure leaves them whole", false, askerLeaves},
}

// A panel is a world whose people ask and answer.
type panel struct {
	*world
	q *qa.Service
	c qa.Config
}

func newPanel(t *testing.T, s community.Store, set ...func(*qa.Config)) *panel {
	t.Helper()
	w := newWorld(t, s)
	c := qa.Config{Store: s.QA(), Auth: w.policy, Clock: w.clock.Now, People: w.people}
	for _, set := range set {
		set(&c)
	}
	return &panel{w, qa.New(c), c}
}

// What people do; a minute passes each time.

func (p *panel) asks(who auth.Actor, in qa.NewQuestion) qa.Question {
	p.Helper()
	p.clock.pass(time.Minute)
	if in.Area.IsZero() {
		in.Area = auth.Commons
	}
	in.Title, in.Body = orElse(in.Title, "Come si fa un dialogo competitivo?"), orElse(in.Body, "Qualcuno l'ha già fatto?")
	return got(p.q.Ask(ctx, who, in))(p.T)
}

// reserves asks in the group, for its members.
func (p *panel) reserves(who auth.Actor, in qa.NewQuestion) qa.Question {
	p.Helper()
	in.Area, in.Audience = p.group, auth.AreaMembers
	return p.asks(who, in)
}

func (p *panel) says(who auth.Actor, q qa.Question, body ...string) qa.Answer {
	p.Helper()
	p.clock.pass(time.Minute)
	return got(p.q.Answer(ctx, who, qa.NewAnswer{Question: q.ID, Body: orElse(strings.Join(body, ""), "Sì: si comincia dal bando.")}))(p.T)
}

func (p *panel) remarks(who auth.Actor, on qa.Post) qa.Comment {
	p.Helper()
	p.clock.pass(time.Minute)
	return got(p.q.Comment(ctx, who, qa.NewComment{Post: on, Body: "E quanto costa?"}))(p.T)
}

func (p *panel) accepts(who auth.Actor, id qa.AnswerID) {
	p.Helper()
	p.clock.pass(time.Minute)
	must(p.T, p.q.Accept(ctx, who, id))
}

func (p *panel) votes(who auth.Actor, on qa.Post, v qa.Value) qa.Tally {
	p.Helper()
	return got(p.q.Vote(ctx, who, on, v))(p.T)
}

// edits gives a post another text.
func (p *panel) edits(who auth.Actor, on qa.Post, body string) {
	p.Helper()
	p.clock.pass(time.Minute)
	pl := got(p.c.Store.Place(ctx, qa.PlaceQuery{Post: on}))(p.T)
	in := qa.PostEdit{Post: on, Version: pl.Question.Version, Body: body}
	switch {
	case !on.Comment.IsZero():
		in.Version = pl.Comment.Version
	case !on.Answer.IsZero():
		in.Version = pl.Answer.Version
	default:
		in.Title, in.Tags, in.Themes = pl.Question.Title, pl.Question.Tags, pl.Question.Themes
	}
	got(p.q.Edit(ctx, who, in))(p.T)
}

// question and answer are as they are kept.
func (p *panel) question(id qa.QuestionID) qa.Question {
	p.Helper()
	return got(p.c.Store.Question(ctx, id))(p.T)
}

func (p *panel) answer(id qa.AnswerID) qa.Answer {
	p.Helper()
	return got(p.c.Store.Answer(ctx, id))(p.T)
}

func (p *panel) page(who auth.Actor, id qa.QuestionID) qa.Page {
	p.Helper()
	return got(p.q.Page(ctx, who, qa.QuestionPage{Question: id, Limit: 100}))(p.T)
}

// joins makes more people members of the community.
func (p *panel) joins(n int) []auth.Actor {
	out := make([]auth.Actor, n)
	for i := range out {
		out[i] = auth.Actor{User: newUser()}
		p.people.put(out[i], community.Standing{Role: auth.Member})
	}
	return out
}

// since returns how many events of each name there are more than before.
func (p *panel) since(before map[string]int) map[string]int {
	p.Helper()
	now := p.events()
	for name, n := range before {
		if now[name] -= n; now[name] == 0 {
			delete(now, name)
		}
	}
	return now
}

func acceptEdit(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	q := p.asks(p.outsider, qa.NewQuestion{})
	a := p.says(p.member, q, "Bastano 30 giorni.")
	other := p.says(p.colleague, q)
	p.accepts(p.outsider, a.ID)
	modified := func() bool {
		page := p.page(p.observer, q.ID)
		same(t, page.Answers.Items[0].ID, a.ID)
		return page.Answers.Items[0].Text.Substance > page.Question.Acceptance.Revision
	}
	same(t, modified(), false)
	before := p.events()
	for _, body := range []string{"Bastano   30 giorni!", "**Bastano** 30 giorni.", "bastano 30 giorni"} {
		p.edits(p.member, ofAnswer(a), body)
		same(t, modified(), false)
	}
	p.edits(p.colleague, ofAnswer(other), "Tutt'altro") // which nobody accepted
	same(t, p.since(before), map[string]int{qa.EventEdited: 4})
	p.edits(p.member, ofAnswer(a), "Bastano 60 giorni.")
	same(t, modified(), true)
	same(t, p.since(before), map[string]int{qa.EventEdited: 5, qa.EventModified: 1})
	p.edits(p.member, ofAnswer(a), "Non bastano 60 giorni.")
	p.edits(p.moderator, ofAnswer(a), "Bastano 90 giorni.")
	same(t, modified(), true)
	same(t, p.since(before), map[string]int{qa.EventEdited: 7, qa.EventModified: 1}) // the asker knows
	same(t, p.question(q.ID).Acceptance.Revision, 1)
	same(t, got(p.q.Revisions(ctx, p.observer, ofAnswer(a)))(t)[0].Body, "Bastano 30 giorni.") // what was accepted can be read

	p.accepts(p.outsider, a.ID) // as it reads now
	same(t, modified(), false)
	same(t, p.since(before), map[string]int{qa.EventEdited: 7, qa.EventModified: 1, qa.EventAccepted: 1})
	p.edits(p.member, ofAnswer(a), "Bastano 15 giorni.")
	same(t, modified(), true)
	same(t, p.since(before)[qa.EventModified], 2)
}

func acceptHidden(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	for name, c := range map[string]struct{ remove, restore func(on qa.Post) error }{
		"deleted": {
			func(on qa.Post) error { return p.q.Delete(ctx, p.member, on) },
			func(on qa.Post) error { return p.q.Restore(ctx, p.member, on) },
		},
		"hidden": {
			func(on qa.Post) error { return p.q.Hide(ctx, p.moderator, on, "Insulti") },
			func(on qa.Post) error { return p.q.Restore(ctx, p.moderator, on) },
		},
		"purged": {func(on qa.Post) error { return p.q.Purge(ctx, p.coordinator, on, "Dati personali") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			q := p.asks(p.outsider, qa.NewQuestion{})
			a := p.says(p.member, q)
			p.accepts(p.outsider, a.ID)
			before := p.events()
			must(t, c.remove(ofAnswer(a)))
			same(t, p.since(before)[qa.EventUnaccepted], 1)
			for _, who := range p.everybody() {
				same(t, p.page(who, q.ID).Question.Acceptance, qa.Acceptance{})
			}
			same(t, p.question(q.ID).Answers, 0)
			open := got(p.q.Questions(ctx, p.observer, qa.QuestionFilter{Unanswered: true}))(t).Items
			same(t, slices.Contains(questionIDs(open), q.ID), true)
			err := p.q.Accept(ctx, p.outsider, a.ID)
			if c.restore == nil {
				is(t, err, qa.ErrRemoved)
				return
			}
			is(t, err, qa.ErrRemoved)
			must(t, c.restore(ofAnswer(a)))
			same(t, p.page(p.outsider, q.ID).Question.Acceptance, qa.Acceptance{})
			same(t, p.question(q.ID).Answers, 1)
			same(t, p.since(before)[qa.EventAccepted], 0)
			p.accepts(p.outsider, a.ID)
			same(t, p.question(q.ID).Acceptance.Answer, a.ID)
		})
	}
	// That another answer is taken away is nothing to the accepted one.
	q := p.asks(p.outsider, qa.NewQuestion{})
	a, other := p.says(p.member, q), p.says(p.colleague, q)
	p.accepts(p.outsider, a.ID)
	must(t, p.q.Hide(ctx, p.moderator, ofAnswer(other), "Fuori tema"))
	same(t, p.question(q.ID).Acceptance.Answer, a.ID)
}

func acceptSwitch(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	q := p.asks(p.outsider, qa.NewQuestion{})
	a, b := p.says(p.member, q), p.says(p.colleague, q)
	check := func(want qa.AnswerID, version int, events map[string]int, before map[string]int) {
		t.Helper()
		now := p.question(q.ID)
		same(t, now.Acceptance.Answer, want)
		same(t, now.Version, version)
		same(t, p.since(before), events)
		if !want.IsZero() {
			same(t, p.page(p.observer, q.ID).Answers.Items[0].ID, want)
		}
	}
	before := p.events()
	p.accepts(p.outsider, a.ID)
	check(a.ID, 2, map[string]int{qa.EventAccepted: 1}, before)
	p.accepts(p.outsider, a.ID)
	check(a.ID, 2, map[string]int{qa.EventAccepted: 1}, before)
	before = p.events()
	p.accepts(p.outsider, b.ID)
	check(b.ID, 3, map[string]int{qa.EventAccepted: 1, qa.EventUnaccepted: 1}, before)
	p.accepts(p.outsider, b.ID)
	check(b.ID, 3, map[string]int{qa.EventAccepted: 1, qa.EventUnaccepted: 1}, before)
	before = p.events()
	must(t, p.q.Unaccept(ctx, p.outsider, q.ID))
	must(t, p.q.Unaccept(ctx, p.outsider, q.ID))
	check(qa.AnswerID{}, 4, map[string]int{qa.EventUnaccepted: 1}, before)
	// Any number are also useful.
	before = p.events()
	for range 2 {
		must(t, p.q.MarkUseful(ctx, p.outsider, a.ID, true))
		must(t, p.q.MarkUseful(ctx, p.outsider, b.ID, true))
	}
	same(t, p.since(before), map[string]int{qa.EventUseful: 2})
	same(t, [2]bool{p.answer(a.ID).Useful, p.answer(b.ID).Useful}, [2]bool{true, true})
}

func acceptSwitchCrowd(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	q := p.asks(p.outsider, qa.NewQuestion{})
	must(t, p.q.SetDelegate(ctx, p.outsider, q.ID, p.colleague.User))
	var all []qa.AnswerID
	for range 4 {
		all = append(all, p.says(p.member, q).ID)
	}
	before := p.events()
	errs := together(32, func(i int) error { // the asker and their delegate do not agree
		return p.q.Accept(ctx, []auth.Actor{p.outsider, p.colleague}[i%2], all[i%4])
	})
	won, _ := sorted(t, errs, storage.ErrConflict) // of whom gave up
	if won == 0 {
		t.Error("nobody succeeded")
	}
	since := p.since(before)
	same(t, since[qa.EventAccepted]-since[qa.EventUnaccepted], 1)
	now := p.page(p.observer, q.ID)
	same(t, now.Answers.Items[0].ID, now.Question.Acceptance.Answer)
	same(t, now.Question.Version, 2+since[qa.EventAccepted])
}

func acceptCaretaker(t *testing.T, s community.Store) {
	expert := auth.Actor{User: newUser()}
	theme := storage.NewID[qa.Theme]()
	p := newPanel(t, s, func(c *qa.Config) {
		c.Caretaker = func(_ context.Context, who auth.Actor, themes []qa.ThemeID) (bool, error) {
			return who == expert && slices.Contains(themes, theme), nil
		}
	})
	p.people.put(expert, community.Standing{Role: auth.Member})
	q := p.asks(p.outsider, qa.NewQuestion{Themes: []qa.ThemeID{theme}})
	other := p.asks(p.outsider, qa.NewQuestion{})
	a, b := p.says(p.member, q), p.says(expert, q)
	elsewhere := p.says(p.member, other)
	for _, who := range []auth.Actor{p.member, p.colleague, p.observer, p.stranger, p.visitor} {
		is(t, p.q.Accept(ctx, who, a.ID), auth.ErrDenied)
	}
	for _, who := range []auth.Actor{expert, p.moderator, p.keeper} {
		is(t, p.q.Accept(ctx, who, a.ID), qa.ErrTooEarly)
	}
	must(t, p.q.SetDelegate(ctx, p.outsider, q.ID, p.colleague.User))
	p.accepts(p.colleague, a.ID)
	same(t, p.question(q.ID).Acceptance.Capacity, qa.Delegate)
	same(t, p.question(q.ID).Acceptance.By, p.colleague.By())
	p.accepts(p.outsider, b.ID)
	same(t, p.question(q.ID).Acceptance.Capacity, qa.Asker)
	is(t, p.q.Accept(ctx, expert, a.ID), qa.ErrTooEarly)
	p.clock.pass(15 * 24 * time.Hour)
	is(t, p.q.Accept(ctx, expert, elsewhere.ID), auth.ErrDenied) // of no theme of theirs
	p.accepts(expert, a.ID)
	is(t, p.q.Accept(ctx, expert, b.ID), qa.ErrOwn) // which is theirs
	now := p.question(q.ID).Acceptance
	same(t, now.Capacity, qa.Caretaker)
	same(t, now.By, expert.By())
	p.accepts(p.moderator, b.ID)
	same(t, p.question(q.ID).Acceptance.Capacity, qa.Caretaker)
}

func voteFlip(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	q := p.asks(p.outsider, qa.NewQuestion{})
	a := p.says(p.member, q)
	on := ofAnswer(a)
	p.votes(p.moderator, on, qa.For)
	before := p.events()
	for _, step := range []struct {
		v    qa.Value
		want qa.Tally
	}{{qa.For, qa.Tally{Up: 2}}, {qa.For, qa.Tally{Up: 2}}, {qa.Against, qa.Tally{Up: 1, Down: 1}}, {qa.Against, qa.Tally{Up: 1, Down: 1}}, {qa.None, qa.Tally{Up: 1}}, {qa.None, qa.Tally{Up: 1}}, {qa.For, qa.Tally{Up: 2}}} {
		same(t, p.votes(p.colleague, on, step.v), step.want)
		same(t, p.answer(a.ID).Votes, step.want)
		vote, voted := p.page(p.colleague, q.ID).Votes[on]
		same(t, vote.Value, step.v)
		same(t, voted, step.v != qa.None) // what was taken back is not there
	}
	same(t, p.since(before), map[string]int{}) // who votes is nobody's business
	same(t, p.answer(a.ID).Version, 1)
	same(t, p.page(p.member, q.ID).Votes[on].Value, qa.None)
	_, err := p.q.Vote(ctx, p.colleague, on, 2)
	is(t, err, storage.ErrInvalid)
	p.clock.pass(25 * time.Hour)
	_, err = p.q.Vote(ctx, p.colleague, on, qa.Against)
	is(t, err, qa.ErrTooLate)
	same(t, p.votes(p.colleague, on, qa.For), qa.Tally{Up: 2}) // which changes nothing
	p.edits(p.member, on, "Tutt'altro: 40 giorni.")
	same(t, p.votes(p.colleague, on, qa.Against), qa.Tally{Up: 1, Down: 1})
}

func voteSelf(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	q := p.asks(p.outsider, qa.NewQuestion{})
	a := p.says(p.member, q)
	refused := func(who auth.Actor, on qa.Post, want error) {
		t.Helper()
		for _, v := range []qa.Value{qa.For, qa.Against, qa.None} {
			_, err := p.q.Vote(ctx, who, on, v)
			is(t, err, want)
		}
	}
	refused(p.outsider, ofQuestion(q), qa.ErrOwn)
	refused(p.member, ofAnswer(a), qa.ErrOwn)
	as := p.member
	as.For = storage.NewID[auth.Org]()
	refused(as, ofAnswer(a), qa.ErrOwn) // for whomever they act
	p.votes(p.outsider, ofAnswer(a), qa.For)
	p.votes(p.colleague, ofAnswer(a), qa.For)
	must(t, p.q.Attribute(ctx, p.coordinator, ofAnswer(a), p.colleague.By(), "L'ha scritta lui"))
	same(t, p.answer(a.ID).Votes, qa.Tally{Up: 1})
	refused(p.colleague, ofAnswer(a), qa.ErrOwn)
	same(t, p.votes(p.member, ofAnswer(a), qa.Against), qa.Tally{Up: 1, Down: 1}) // it is theirs no more
	refused(p.observer, ofAnswer(a), auth.ErrDenied)
	refused(p.visitor, ofAnswer(a), auth.ErrDenied)
	must(t, p.q.Hide(ctx, p.moderator, ofAnswer(a), "Fuori tema"))
	refused(p.outsider, ofAnswer(a), qa.ErrRemoved)
	refused(p.moderator, ofAnswer(a), qa.ErrRemoved)
	same(t, p.answer(a.ID).Votes, qa.Tally{Up: 1, Down: 1})
	hidden := p.asks(p.member, qa.NewQuestion{})
	b := p.says(p.colleague, hidden)
	must(t, p.q.Hide(ctx, p.moderator, ofQuestion(hidden), "Fuori tema"))
	refused(p.moderator, ofQuestion(hidden), qa.ErrRemoved)
	refused(p.moderator, ofAnswer(b), qa.ErrRemoved)
	refused(p.outsider, ofAnswer(b), storage.ErrNotFound)
}

func voteRace(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	q := p.asks(p.outsider, qa.NewQuestion{})
	a := p.says(p.outsider, q)
	crowd := p.joins(500)
	value := func(i int) qa.Value { return []qa.Value{qa.For, qa.For, qa.Against, qa.For}[i%4] }
	for i, err := range together(1000, func(i int) error { // everybody's form is sent twice
		_, err := p.q.Vote(ctx, crowd[i/2], ofAnswer(a), value(i/2))
		return err
	}) {
		if err != nil {
			t.Errorf("vote %d: %v", i, err)
		}
	}
	same(t, p.answer(a.ID).Votes, qa.Tally{Up: 375, Down: 125})
	more := p.joins(1000)
	for i, err := range together(1000, func(i int) error {
		_, err := p.q.Vote(ctx, more[i], ofQuestion(q), value(i))
		return err
	}) {
		if err != nil {
			t.Errorf("vote %d: %v", i, err)
		}
	}
	same(t, p.question(q.ID).Votes, qa.Tally{Up: 750, Down: 250})
	sum := qa.Tally{}
	for _, who := range more {
		v := got(p.c.Store.Votes(ctx, who.User))(t)
		same(t, len(v), 1)
		same(t, v[0].Post, ofQuestion(q))
		if v[0].Value == qa.For {
			sum.Up++
		} else {
			sum.Down++
		}
	}
	same(t, sum, p.question(q.ID).Votes)
}

func mergeDuplicates(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	from := p.asks(p.outsider, qa.NewQuestion{Title: "Quanto dura?", Tags: []string{"gara"}})
	into := p.asks(p.member, qa.NewQuestion{Title: "Qual è la durata?", Tags: []string{"gara"}})
	a, b := p.says(p.member, from, "Prima"), p.says(p.colleague, from, "Seconda")
	kept := p.says(p.colleague, into, "Terza")
	c := p.remarks(p.outsider, ofAnswer(a))
	own := p.remarks(p.colleague, ofQuestion(from))
	p.votes(p.colleague, ofAnswer(a), qa.For)
	p.votes(p.outsider, ofAnswer(a), qa.For)
	p.votes(p.outsider, ofAnswer(kept), qa.For)
	p.votes(p.colleague, ofQuestion(from), qa.For)
	p.votes(p.colleague, ofQuestion(into), qa.For) // the same question to them
	p.accepts(p.outsider, b.ID)
	p.edits(p.member, ofAnswer(a), "Prima, corretta")
	before := p.events()
	for range 2 {
		must(t, p.q.Merge(ctx, p.moderator, qa.Merge{From: from.ID, Into: into.ID, Why: "È la stessa"}))
	}
	same(t, p.since(before)[qa.EventMerged], 1)
	same(t, p.since(before)[qa.EventUnaccepted], 1)

	page := p.page(p.outsider, into.ID)
	same(t, answerIDs(page.Answers.Items), []qa.AnswerID{a.ID, kept.ID, b.ID}) // by votes, then by time
	same(t, page.Question.Answers, 3)
	same(t, page.Question.Votes, qa.Tally{Up: 1}) // no one's vote twice
	same(t, page.Answers.Items[0].Votes, qa.Tally{Up: 2})
	same(t, page.Votes[qa.Post{Question: into.ID, Answer: a.ID}].Value, qa.For)
	same(t, commentIDs(page.Comments[qa.Post{Question: into.ID, Answer: a.ID}]), []qa.CommentID{c.ID})
	same(t, page.Answers.Items[2].Useful, true) // it was accepted
	same(t, page.Question.Acceptance, qa.Acceptance{})
	same(t, questionIDs(page.Linked), []qa.QuestionID{from.ID})
	same(t, len(got(p.q.Revisions(ctx, p.observer, qa.Post{Question: into.ID, Answer: a.ID}))(t)), 2)

	old := p.page(p.observer, from.ID) // the permalink of the question
	same(t, old.Question.Body, from.Body)
	same(t, old.Question.Votes, qa.Tally{Up: 1})
	same(t, old.Original.ID, into.ID)
	same(t, len(old.Answers.Items), 0)
	same(t, commentIDs(old.Comments[ofQuestion(from)]), []qa.CommentID{own.ID})
	for _, id := range []qa.AnswerID{a.ID, b.ID, kept.ID} { // and those of its answers, the old and the new
		where := got(p.q.FindAnswer(ctx, p.observer, id))(t)
		same(t, where.Post, qa.Post{Question: into.ID, Answer: id})
		begins := got(p.q.Page(ctx, p.observer, qa.QuestionPage{Question: into.ID, After: where.After}))(t)
		same(t, begins.Answers.Items[0].ID, id)
	}
	same(t, got(p.q.Find(ctx, p.observer, ofAnswer(a)))(t).Post, qa.Post{Question: into.ID, Answer: a.ID})
	same(t, got(p.q.Find(ctx, p.observer, ofComment(c)))(t).Post, qa.Post{Question: into.ID, Answer: a.ID, Comment: c.ID})

	listed := questionIDs(got(p.q.Questions(ctx, p.observer, qa.QuestionFilter{Tag: "gara"}))(t).Items)
	same(t, listed, []qa.QuestionID{into.ID})
	same(t, got(p.q.Tags(ctx, p.observer, qa.TagFilter{}))(t).Items, []qa.Tagged{{Tag: "gara", Questions: 1}})
	_, err := p.q.Answer(ctx, p.member, qa.NewAnswer{Question: from.ID, Body: "Tardi"})
	is(t, err, qa.ErrClosed)
	is(t, p.q.Reopen(ctx, p.moderator, from.ID, ""), qa.ErrClosed)
	p.votes(p.moderator, qa.Post{Question: into.ID, Answer: b.ID}, qa.For)
	p.votes(p.moderator, ofAnswer(a), qa.For) // by the old permalink
	same(t, p.answer(a.ID).Votes, qa.Tally{Up: 3})
	p.accepts(p.member, a.ID) // whose question it is now
	is(t, p.q.Accept(ctx, p.outsider, a.ID), auth.ErrDenied)
	// A merge of the merge: still nothing is lost.
	last := p.asks(p.colleague, qa.NewQuestion{})
	must(t, p.q.Merge(ctx, p.moderator, qa.Merge{From: into.ID, Into: last.ID}))
	same(t, got(p.q.Find(ctx, p.observer, ofAnswer(a)))(t).Post, qa.Post{Question: last.ID, Answer: a.ID})
	same(t, p.answer(a.ID).Votes, qa.Tally{Up: 3})
	same(t, p.question(last.ID).Answers, 3)
	is(t, p.q.Merge(ctx, p.moderator, qa.Merge{From: last.ID, Into: from.ID}), storage.ErrInvalid) // in a circle
}

func mergeDuplicatesCrowd(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	from, into := p.asks(p.outsider, qa.NewQuestion{}), p.asks(p.outsider, qa.NewQuestion{})
	a := p.says(p.outsider, from)
	people := p.joins(48)
	var made [48]qa.Answer
	errs := together(48, func(i int) error {
		switch {
		case i == 24:
			return p.q.Merge(ctx, p.moderator, qa.Merge{From: from.ID, Into: into.ID})
		case i%3 == 0:
			_, err := p.q.Vote(ctx, people[i], ofAnswer(a), qa.For)
			return err
		case i%3 == 1:
			var err error
			made[i], err = p.q.Answer(ctx, people[i], qa.NewAnswer{Question: from.ID, Body: fmt.Sprint("Risposta ", i)})
			return err
		default:
			_, err := p.q.Comment(ctx, people[i], qa.NewComment{Post: ofAnswer(a), Body: "Sì"})
			return err
		}
	})
	answers, votes, remarks := 1, 0, 0
	for i, err := range errs {
		switch {
		case err == nil && i == 24:
		case err == nil && i%3 == 0:
			votes++
		case err == nil && i%3 == 1:
			answers++
		case err == nil:
			remarks++
		case i == 24, !errors.Is(err, qa.ErrClosed) || i%3 != 1: // only who answers may come too late
			t.Errorf("call %d: %v", i, err)
		}
	}
	page := p.page(p.outsider, into.ID)
	same(t, page.Question.Answers, answers)
	same(t, len(page.Answers.Items), answers)
	same(t, p.answer(a.ID).Votes, qa.Tally{Up: votes})
	same(t, p.answer(a.ID).Comments, remarks)
	same(t, [2]int{votes, remarks}, [2]int{15, 16})
	same(t, p.question(from.ID).Answers, 0)
	for i, a := range made {
		if errs[i] == nil && i%3 == 1 && i != 24 {
			same(t, p.answer(a.ID).Question, into.ID)
		}
	}
}

func duplicateSecret(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	secret := p.reserves(p.member, qa.NewQuestion{Title: "Fuga di notizie", Body: "Chi è stato?"})
	open := p.asks(p.outsider, qa.NewQuestion{Title: "Che si dice?"})
	twin := p.asks(p.outsider, qa.NewQuestion{Title: "Che si dice?"})
	must(t, p.q.Close(ctx, p.moderator, qa.Closure{Question: open.ID, Reason: qa.Duplicate, Of: secret.ID}))
	for name, who := range p.outsiders() {
		page := p.page(who, open.ID)
		same(t, page.Original, qa.Question{})
		same(t, page.Question.Closing.Of, qa.QuestionID{})
		same(t, page.Question.Closing.Reason, qa.Duplicate)
		_, err := p.q.Page(ctx, who, qa.QuestionPage{Question: secret.ID})
		is(t, err, storage.ErrNotFound)
		for _, text := range []string{fmt.Sprintf("%+v", page), fmt.Sprintf("%+v", got(p.q.Questions(ctx, who, qa.QuestionFilter{}))(t)),
			fmt.Sprintf("%+v", got(p.q.Look(ctx, who, ofQuestion(open)))(t))} {
			if strings.Contains(text, secret.ID.String()) || strings.Contains(text, secret.Title) {
				t.Errorf("%s is told of what they may not read: %s", name, text)
			}
		}
	}
	for _, who := range []auth.Actor{p.member, p.moderator} {
		same(t, p.page(who, open.ID).Original.ID, secret.ID)
		same(t, questionIDs(p.page(who, secret.ID).Linked), []qa.QuestionID{open.ID})
	}
	// The other way: an open original of a secret duplicate.
	before := map[string]string{}
	for name, who := range p.outsiders() {
		before[name] = fmt.Sprintf("%+v", p.page(who, twin.ID))
	}
	second := p.reserves(p.member, qa.NewQuestion{})
	must(t, p.q.Close(ctx, p.moderator, qa.Closure{Question: second.ID, Reason: qa.Duplicate, Of: twin.ID}))
	for name, who := range p.outsiders() {
		equal(t, name, fmt.Sprintf("%+v", p.page(who, twin.ID)), before[name])
	}
	same(t, questionIDs(p.page(p.member, twin.ID).Linked), []qa.QuestionID{second.ID})
	// Nobody names as an original what they may not read, nor learns that it is there.
	mine := p.asks(p.outsider, qa.NewQuestion{})
	hidden := p.q.Close(ctx, p.outsider, qa.Closure{Question: mine.ID, Reason: qa.Duplicate, Of: secret.ID})
	absent := p.q.Close(ctx, p.outsider, qa.Closure{Question: mine.ID, Reason: qa.Duplicate, Of: storage.NewID[qa.Question]()})
	is(t, hidden, storage.ErrInvalid)
	equal(t, "close", fmt.Sprint(hidden), fmt.Sprint(absent))
	is(t, p.q.Merge(ctx, p.keeper, qa.Merge{From: open.ID, Into: secret.ID}), storage.ErrInvalid)
	is(t, p.q.Merge(ctx, p.keeper, qa.Merge{From: secret.ID, Into: open.ID}), storage.ErrNotFound)
	// What was promised to few is not merged to many.
	must(t, p.q.Reopen(ctx, p.moderator, open.ID, ""))
	is(t, p.q.Merge(ctx, p.moderator, qa.Merge{From: secret.ID, Into: open.ID}), storage.ErrInvalid)
	// The open one into the secret: its answers go where fewer read them, and the outsider is not told where.
	a := p.says(p.outsider, open)
	must(t, p.q.Merge(ctx, p.moderator, qa.Merge{From: open.ID, Into: secret.ID}))
	page := p.page(p.observer, open.ID)
	same(t, page.Question.MergedInto, qa.QuestionID{})
	same(t, page.Original, qa.Question{})
	same(t, len(page.Answers.Items), 0)
	_, err := p.q.Find(ctx, p.observer, ofAnswer(a))
	is(t, err, storage.ErrNotFound)
}

func askerLeaves(t *testing.T, s community.Store) {
	p := newPanel(t, s)
	q := p.asks(p.outsider, qa.NewQuestion{Tags: []string{"gara"}})
	a, b := p.says(p.member, q), p.says(p.colleague, q)
	p.votes(p.outsider, ofAnswer(a), qa.For)
	p.remarks(p.outsider, ofAnswer(a))
	must(t, p.q.SetDelegate(ctx, p.outsider, q.ID, p.member.User))
	p.people.put(p.outsider, community.Standing{}) // is a stranger from now on
	is(t, p.q.Accept(ctx, p.outsider, a.ID), auth.ErrDenied)
	_, err := p.q.Vote(ctx, p.outsider, ofAnswer(b), qa.For)
	is(t, err, auth.ErrDenied)
	same(t, p.answer(a.ID).Votes, qa.Tally{Up: 1}) // what they said stays said
	p.accepts(p.member, b.ID)                      // their delegate goes on
	same(t, p.question(q.ID).Acceptance.Capacity, qa.Delegate)
	p.people.put(p.member, community.Standing{})
	is(t, p.q.Accept(ctx, p.member, a.ID), auth.ErrDenied)
	is(t, p.q.Accept(ctx, p.moderator, a.ID), qa.ErrTooEarly)
	p.clock.pass(15 * 24 * time.Hour)
	p.accepts(p.moderator, a.ID)
	same(t, p.question(q.ID).Acceptance.Capacity, qa.Caretaker)

	for _, who := range []auth.Actor{p.outsider, p.member} {
		must(t, p.q.Erase(ctx, who.User, auth.Anonymise))
	}
	page := p.page(p.observer, q.ID)
	same(t, page.Question.By, auth.By{})
	same(t, page.Question.Delegate, auth.UserID{})
	same(t, page.Question.Body, q.Body)
	same(t, page.Question.Acceptance.Answer, a.ID)
	same(t, page.Answers.Items[0].Votes, qa.Tally{Up: 1}) // and is nobody's
	same(t, page.Answers.Items[0].By, auth.By{})
	if text := fmt.Sprintf("%+v", page); strings.Contains(text, p.outsider.User.String()) || strings.Contains(text, p.member.User.String()) {
		t.Error("the page names who was erased")
	}
	same(t, len(got(p.c.Store.Votes(ctx, p.outsider.User))(t)), 0)
	// Nobody is the asker of a question that is nobody's.
	for _, who := range []auth.Actor{p.outsider, p.visitor, {}} {
		is(t, p.q.Accept(ctx, who, b.ID), auth.ErrDenied)
		is(t, p.q.Delete(ctx, who, ofQuestion(q)), auth.ErrDenied)
	}
	p.accepts(p.moderator, b.ID)
	same(t, p.votes(p.colleague, ofAnswer(a), qa.For), qa.Tally{Up: 2})
	p.says(p.colleague, q)
	same(t, p.question(q.ID).Answers, 3)
}
