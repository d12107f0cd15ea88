// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// What members of the forum see happen as the community opens, phase by phase,
// with the rules of membership over the store.
var phaseScenarios = []promise{
	{"S-phase-gate", "whoever the phase leaves out is told so, and when it opens, whatever they ask about; and is let in from that instant", false, forumPhaseGate},
	{"S-phase-gate/Applicant", "whoever has applied too early is told by every tool when their category opens, is decided on from that instant, and then takes part", false, forumApplicant},
	{"S-phase-back", "going back suspends and tells nothing more to whoever is left out; on the way on all is as it was", false, forumPhaseBack},
	{"S-phase-between", "what was begun before the phase closed is refused after, and nothing of it is written", false, forumPhaseBetween},
	{"S-promise", "what was written in a narrow phase stays narrow in a wide one, until somebody widens it", false, forumPromise},
	{"S-suspend-now", "whoever is suspended does nothing more from the next call on, and is told nothing; what they wrote stays", false, forumSuspendNow},
	{"S-newcomer", "what a newcomer writes first waits, and is nobody's but theirs and the moderators', who let it through or do not", false, forumNewcomer},
	{"S-mandate-midnight", "who acts for an organisation does so to the instant at which their mandate ends; what was said for it stays so", false, forumMandateMidnight},
}

// A square is a hall with a board, promised to everybody, and a professor, a
// member whom the first phase leaves out.
type square struct {
	*hall
	f         *forum.Service
	board     forum.Board
	professor auth.Actor
}

func newSquare(t *testing.T, s community.Store) *square {
	t.Helper()
	q := &square{hall: newHall(t, s)}
	q.f, q.professor = q.c.Forum, q.person()
	q.board = got(q.f.OpenBoard(ctx, q.chief, forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Piazza"}))(t)
	q.turns(1)
	a := q.applies(q.professor, membership.NewApplication{Category: membership.University, Title: "ricercatrice"})
	must(t, q.approves(q.chief, a.ID))
	return q
}

func (q *square) starts(who auth.Actor) forum.Topic {
	q.Helper()
	q.clock.pass(time.Minute)
	return got(q.f.StartTopic(ctx, who, forum.NewTopic{Board: q.board.ID, Title: "Dialogo competitivo", Body: "Qualcuno l'ha già fatto?"}))(q.T)
}

func (q *square) replies(who auth.Actor, t forum.TopicID) forum.Reply {
	q.Helper()
	q.clock.pass(time.Minute)
	return got(q.f.Reply(ctx, who, forum.NewReply{Topic: t, Body: "Sì, a Trento."}))(q.T)
}

func (q *square) says(who auth.Actor, t forum.TopicID) error {
	_, err := q.f.Reply(ctx, who, forum.NewReply{Topic: t, Body: "Sì, a Trento."})
	return err
}

func (q *square) reads(who auth.Actor, t forum.TopicID) error {
	_, err := q.f.Thread(ctx, who, forum.ThreadPage{Topic: t})
	return err
}

// told says whether somebody is told of the last reply.
func (q *square) told(who auth.Actor) bool {
	q.Helper()
	world := &world{T: q.T, store: q.Store, forum: q.f}
	_, told := world.told(forum.EventReplied)[who.User]
	return told
}

// kept is all that the forum keeps of what somebody has to do with it.
func (q *square) kept(who auth.Actor) string {
	q.Helper()
	drafts := got(q.f.Drafts(ctx, who))(q.T)
	marks := got(q.Forum().Marks(ctx, who.User))(q.T)
	written := got(q.Forum().Written(ctx, forum.WrittenQuery{User: who.User}))(q.T)
	return fmt.Sprintf("%+v\n%+v\n%+v", drafts, marks, written.Items)
}

// denied checks that somebody is refused everything that can be asked about
// targets, for a reason and until an instant, in the same words for each.
func (q *square) denied(who auth.Actor, reason string, opens time.Time, targets ...target) {
	q.Helper()
	calls := append((&world{T: q.T, open: q.board}).calls(),
		call{"Boards", func(f *forum.Service, who auth.Actor, _ target) (any, error) {
			v, err := f.Boards(ctx, who, auth.Commons)
			return len(v), err
		}},
		call{"Topics", func(f *forum.Service, who auth.Actor, _ target) (any, error) {
			v, err := f.Topics(ctx, who, forum.TopicFilter{})
			return len(v.Items), err
		}},
		call{"ReadAll", func(f *forum.Service, who auth.Actor, _ target) (any, error) { return nil, f.ReadAll(ctx, who) }},
		call{"SaveDraft", func(f *forum.Service, who auth.Actor, _ target) (any, error) {
			_, err := f.SaveDraft(ctx, who, forum.DraftSave{Place: "qui", Body: "Testo"})
			return nil, err
		}},
	)
	for _, c := range calls {
		var words []string
		for _, x := range targets {
			_, err := c.do(q.f, who, x)
			var d *auth.Denied
			if !errors.As(err, &d) || d.Reason != reason || !d.Opens.Equal(opens) {
				q.Errorf("%s: %v, want %s, opens %v", c.name, err, reason, opens)
				continue
			}
			words = append(words, disguise(err, x))
		}
		for _, w := range words {
			equal(q.T, c.name, w, words[0])
		}
	}
}

// targets are one that is there, one that was hidden, and one that never was.
func (q *square) targets() []target {
	q.Helper()
	var out []target
	for range 2 {
		topic := q.starts(q.member)
		out = append(out, target{q.board.ID, topic.ID, q.replies(q.member, topic.ID).ID})
	}
	must(q.T, q.f.Hide(ctx, q.chief, first(out[1].topic), "Fuori tema"))
	return append(out, nowhere())
}

func forumPhaseGate(t *testing.T, s community.Store) {
	q := newSquare(t, s)
	targets := q.targets()
	q.turns(0)
	before := q.kept(q.professor)
	n := len(claims(t, s))
	q.denied(q.professor, membership.ReasonPhase, q.opens, targets...)
	q.clock.pass(q.opens.Sub(q.clock.Now()) - time.Microsecond)
	q.denied(q.professor, membership.ReasonPhase, q.opens, targets...)
	same(t, q.kept(q.professor), before)
	same(t, len(claims(t, s)), n)

	q.clock.pass(time.Microsecond)
	must(t, q.reads(q.professor, targets[0].topic))
	must(t, q.says(q.professor, targets[0].topic))
	is(t, q.reads(q.professor, targets[1].topic), storage.ErrNotFound)
	same(t, len(got(q.f.Boards(ctx, q.professor, auth.Commons))(t)), 1)
}

func forumApplicant(t *testing.T, s community.Store) {
	q := newSquare(t, s)
	targets := q.targets()
	q.turns(0)
	bologna := got(q.m.AddOrg(ctx, q.chief, membership.NewOrg{Code: "unibo", Name: "Università di Bologna"}))(t)
	for _, in := range []membership.NewApplication{
		{Category: membership.University, Org: bologna.ID, Title: "ricercatore"},
		{Category: membership.Expert, Text: "Me ne occupo da anni"},
	} {
		who := q.person()
		a := q.applies(who, in)
		same(t, a.State, membership.Applied)
		same(t, a.Opens, q.opens)
		q.denied(who, membership.ReasonPhase, q.opens, targets...)
		is(t, q.approves(q.chief, a.ID), auth.ErrDenied)
	}
	who := q.person()
	a := q.applies(who, membership.NewApplication{Category: membership.University, Org: bologna.ID})
	q.clock.pass(q.opens.Sub(q.clock.Now()) - time.Microsecond)
	q.denied(who, membership.ReasonPhase, q.opens, targets...)
	is(t, q.approves(q.chief, a.ID), auth.ErrDenied)
	q.clock.pass(time.Microsecond)
	same(t, got(q.m.Mine(ctx, who))(t).Decidable, true)
	is(t, q.says(who, targets[0].topic), auth.ErrDenied) // not before somebody has decided
	must(t, q.approves(q.chief, a.ID))
	must(t, q.reads(who, targets[0].topic))
	must(t, q.says(who, targets[0].topic))
	must(t, q.says(auth.Actor{User: who.User, For: bologna.ID}, targets[0].topic))
	is(t, q.reads(who, targets[1].topic), storage.ErrNotFound)

	q.turns(0)
	q.denied(who, membership.ReasonPhase, time.Time{}, targets...) // by hand: nobody knows when
	q.turns(1)
	must(t, q.says(who, targets[0].topic))
}

func forumPhaseBack(t *testing.T, s community.Store) {
	q := newSquare(t, s)
	topic := q.starts(q.professor)
	r := q.replies(q.professor, topic.ID)
	got(q.f.SaveDraft(ctx, q.professor, forum.DraftSave{Place: "reply:" + topic.ID.String(), Body: "Una bozza"}))(t)
	must(t, q.f.ReadTo(ctx, q.professor, topic.ID, 1))
	must(t, q.says(q.member, topic.ID))
	same(t, q.told(q.professor), true)
	before := q.kept(q.professor)

	q.turns(0)
	is(t, q.reads(q.professor, topic.ID), auth.ErrDenied)
	is(t, q.says(q.professor, topic.ID), auth.ErrDenied)
	_, err := q.f.EditPost(ctx, q.professor, forum.PostEdit{Post: post(r), Version: 1, Body: "Altro"})
	is(t, err, auth.ErrDenied)
	same(t, q.told(q.professor), false)
	same(t, q.kept(q.professor), before) // and their drafts are theirs to read
	th := got(q.f.Thread(ctx, q.member, forum.ThreadPage{Topic: topic.ID}))(t)
	same(t, th.Topic.By, q.professor.By())
	same(t, th.Replies.Items[0].Body, r.Body)

	q.turns(1)
	same(t, q.kept(q.professor), before)
	must(t, q.says(q.professor, topic.ID))
	same(t, len(got(q.f.Topics(ctx, q.professor, forum.TopicFilter{Following: true}))(t).Items), 1)
	must(t, q.says(q.member, topic.ID))
	same(t, q.told(q.professor), true)
}

func forumPhaseBetween(t *testing.T, s community.Store) {
	q := newSquare(t, s)
	topic := q.starts(q.member)
	must(t, q.reads(q.professor, topic.ID)) // and begins to write
	got(q.f.SaveDraft(ctx, q.professor, forum.DraftSave{Place: "reply", Body: "Sto scrivendo"}))(t)
	q.turns(0)
	before, n := q.kept(q.professor), len(claims(t, s))
	form := forum.NewReply{Topic: topic.ID, Body: "Sto scrivendo", Key: "modulo", Draft: "reply"}
	for range 2 {
		_, err := q.f.Reply(ctx, q.professor, form)
		is(t, err, auth.ErrDenied)
	}
	same(t, q.kept(q.professor), before)
	same(t, len(claims(t, s)), n)
	same(t, len(got(q.f.Thread(ctx, q.member, forum.ThreadPage{Topic: topic.ID}))(t).Replies.Items), 0)

	q.turns(1) // the form is still good: nothing was done under its key
	r := got(q.f.Reply(ctx, q.professor, form))(t)
	same(t, got(q.f.Reply(ctx, q.professor, form))(t), r)
	same(t, len(got(q.f.Drafts(ctx, q.professor))(t)), 0)
}

func forumPromise(t *testing.T, s community.Store) {
	q := newSquare(t, s)
	q.turns(0)
	in := forum.NewTopic{Board: q.board.ID, Title: "Bozza di gara", Body: "Testo", Audience: auth.Public}
	_, err := q.f.StartTopic(ctx, q.member, in)
	is(t, err, storage.ErrInvalid)
	early := q.starts(q.member)
	same(t, early.Audience, auth.CommunityMembers)
	r := q.replies(q.member, early.ID)

	q.turns(2)
	late := got(q.f.StartTopic(ctx, q.member, in))(t)
	same(t, late.Audience, auth.Public)
	stranger := q.person()
	for _, who := range []auth.Actor{auth.Visitor, stranger} {
		must(t, q.reads(who, late.ID))
		list := got(q.f.Topics(ctx, who, forum.TopicFilter{}))(t).Items
		same(t, len(list), 1)
		same(t, list[0].ID, late.ID)
		same(t, got(q.f.Boards(ctx, who, auth.Commons))(t)[0].Topics, 1)
		if feed := got(q.f.Feed(ctx, who, forum.FeedPage{Board: q.board.ID}))(t); strings.Contains(fmt.Sprint(feed), early.Title) {
			t.Error("the feed gives what was promised to members")
		}
		_, gotErr := q.f.FindReply(ctx, who, r.ID)
		_, wantErr := q.f.FindReply(ctx, who, nowhere().reply)
		is(t, gotErr, storage.ErrNotFound)
		is(t, wantErr, storage.ErrNotFound)
		is(t, q.reads(who, early.ID), storage.ErrNotFound)
	}
	must(t, q.reads(q.professor, early.ID)) // a member now as any other

	in2 := forum.Widen{Topics: []forum.TopicID{early.ID}, Audience: auth.Public, Why: "La comunità è aperta"}
	is(t, q.f.Widen(ctx, q.member, in2), auth.ErrDenied)
	must(t, q.f.Widen(ctx, q.chief, in2))
	same(t, q.happened(forum.EventWidened), 1)
	for _, who := range []auth.Actor{auth.Visitor, stranger} {
		must(t, q.reads(who, early.ID))
		got(q.f.FindReply(ctx, who, r.ID))(t)
	}
	q.turns(0)
	is(t, q.reads(auth.Visitor, late.ID), auth.ErrDenied)
	third := q.starts(q.member)
	same(t, third.Audience, auth.CommunityMembers)
	in2.Topics[0] = third.ID
	is(t, q.f.Widen(ctx, q.chief, in2), storage.ErrInvalid) // no further than the phase
}

func forumSuspendNow(t *testing.T, s community.Store) {
	q := newSquare(t, s)
	targets := q.targets()
	topic := targets[0].topic
	who := q.joins(auth.Member)
	must(t, q.says(who, topic))
	must(t, q.says(q.chief, topic))
	same(t, q.told(who), true)
	until := q.clock.Now().Add(time.Hour)
	got(q.m.Restrain(ctx, q.chief, membership.NewSanction{User: who.User, Kind: membership.Suspension, Why: "Insulti", Until: until}))(t)
	before := q.kept(who)
	q.denied(who, membership.ReasonSanction, until, targets...)
	same(t, q.told(who), false)
	same(t, q.kept(who), before)
	for _, r := range got(q.f.Thread(ctx, q.member, forum.ThreadPage{Topic: topic, Newest: true}))(t).Replies.Items[1:2] {
		same(t, r.By, who.By())
		same(t, r.Removal, forum.Removal{})
	}
	q.clock.pass(until.Sub(q.clock.Now()))
	must(t, q.says(who, topic))
	same(t, q.told(q.chief), true)

	until = q.clock.Now().Add(time.Hour)
	got(q.m.Restrain(ctx, q.chief, membership.NewSanction{User: who.User, Kind: membership.ReadOnly, Why: "Una pausa", Until: until}))(t)
	must(t, q.reads(who, topic))
	must(t, q.f.ReadTo(ctx, who, topic, 2))
	is(t, q.says(who, topic), auth.ErrDenied)
	is(t, q.says(who, nowhere().topic), auth.ErrDenied)
	q.clock.pass(time.Hour)
	must(t, q.says(who, topic))
}

func forumMandateMidnight(t *testing.T, s community.Store) {
	q := newSquare(t, s)
	topic := q.starts(q.chief)
	rome := time.FixedZone("Europe/Rome", 3600)
	until := time.Date(2026, 3, 21, 0, 0, 0, 0, rome)
	m := got(q.m.Claim(ctx, q.member, membership.NewMandate{Org: q.milan.ID, Title: "responsabile", Until: until}))(t)
	mayor := auth.Actor{User: q.member.User, For: q.milan.ID}
	is(t, q.says(mayor, topic.ID), auth.ErrDenied) // it is only claimed
	must(t, q.m.Verify(ctx, q.chief, m.ID))
	q.clock.pass(until.Sub(q.clock.Now()) - time.Microsecond)
	r := got(q.f.Reply(ctx, mayor, forum.NewReply{Topic: topic.ID, Body: "Milano c'è"}))(t)
	same(t, r.By, mayor.By())
	q.clock.pass(time.Microsecond)
	q.denied(mayor, membership.ReasonMandate, time.Time{}, target{q.board.ID, topic.ID, r.ID}, nowhere())
	_, err := q.f.EditPost(ctx, mayor, forum.PostEdit{Post: post(r), Version: 1, Body: "Milano non c'è"})
	is(t, err, auth.ErrDenied)

	// The person keeps the words, the organisation its positions.
	q.clock.pass(time.Hour)
	edited := got(q.f.EditPost(ctx, q.member, forum.PostEdit{Post: post(r), Version: 1, Body: "Milano c'era"}))(t).Reply
	same(t, edited.By, mayor.By())
	same(t, edited.Text.EditedBy, q.member.By())
	same(t, q.replies(q.member, topic.ID).By, q.member.By())
}

func forumNewcomer(t *testing.T, s community.Store) {
	q := newSquare(t, s)
	topic := q.starts(q.chief)
	q.clock.pass(30 * 24 * time.Hour) // all who are here are no newcomers any more
	plan := community.CoPIS("c_f205")
	plan[1].Opens = q.opens
	q.f = community.New(community.Config{
		Store: s, Clock: q.clock.Now, Plan: plan,
		Hold: func(st community.Standing, at auth.Scope, do auth.Action) bool {
			return st.Newcomer && st.Category == membership.Beneficiary && at.Area == auth.Commons && st.Phase == 1
		},
	}).Forum
	who := q.joins(auth.Member)
	same(t, q.replies(q.professor, topic.ID).Removal, forum.Removal{})
	before := q.topic(topic.ID)
	mine, spam := q.starts(who), q.replies(who, topic.ID)
	same(t, mine.Removal.State, forum.Held)
	same(t, spam.Removal.State, forum.Held)
	before.Seq = spam.Seq
	same(t, q.topic(topic.ID), before)

	waiting := func() (out []forum.Post) {
		for _, p := range got(q.f.Waiting(ctx, q.chief, forum.WaitingPage{}))(t).Items {
			out = append(out, forum.Post{Topic: p.Topic.ID, Reply: p.Reply.ID})
		}
		return out
	}
	same(t, waiting(), []forum.Post{first(mine.ID), post(spam)})
	same(t, len(got(q.f.Waiting(ctx, who, forum.WaitingPage{}))(t).Items), 0)
	for _, other := range []auth.Actor{q.member, q.professor} {
		is(t, q.reads(other, mine.ID), storage.ErrNotFound)
		_, err := q.f.FindReply(ctx, other, spam.ID)
		is(t, err, storage.ErrNotFound)
		same(t, len(got(q.f.Thread(ctx, other, forum.ThreadPage{Topic: topic.ID}))(t).Replies.Items), 1)
		same(t, len(got(q.f.Topics(ctx, other, forum.TopicFilter{}))(t).Items), 1)
	}
	same(t, len(got(q.f.Thread(ctx, who, forum.ThreadPage{Topic: topic.ID}))(t).Replies.Items), 2)
	must(t, q.reads(who, mine.ID))
	must(t, q.f.Delete(ctx, who, post(spam)))
	must(t, q.f.Restore(ctx, who, post(spam)))
	same(t, waiting(), []forum.Post{first(mine.ID), post(spam)})

	must(t, q.f.Restore(ctx, q.second, first(mine.ID)))
	must(t, q.f.Hide(ctx, q.second, post(spam), "Pubblicità"))
	same(t, len(waiting()), 0)
	must(t, q.reads(q.member, mine.ID))
	same(t, q.topic(topic.ID).Replies, 1)
	same(t, q.happened(forum.EventStarted), 2)
	same(t, q.happened(forum.EventReplied), 1)
	same(t, (&world{T: t, store: s, forum: q.f}).told(forum.EventRemoved), map[auth.UserID]forum.Reason{who.User: forum.Author})

	q.clock.pass(30 * 24 * time.Hour)
	same(t, q.replies(who, topic.ID).Removal, forum.Removal{})
}

// topic is a topic as it is kept.
func (q *square) topic(id forum.TopicID) forum.Topic {
	q.Helper()
	return got(q.Forum().Topic(ctx, id))(q.T)
}
