// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// What becomes of knowledge on its way from one tool to another.
var convertScenarios = []promise{
	{"S-convert", "a topic becomes a question with its replies as answers, once, with the bylines of who wrote them, for whom it was; each leads to the other, and a change of the topic asks for a look", false, convert},
	{"S-convert/Key", "a key is of whoever converts: what its author asked with the same is another question, and asking again writes nothing, whatever for and whatever became of it", false, convertKeyed},
	{"S-convert/Settings", "what the questions' own settings would hold back, narrow or count as the author's does not stop what the forum has shown", false, convertFreely},
	{"S-convert/Refused", "who may not moderate both, or not see the topic, converts nothing, and a conversion that fails leaves nothing", false, convertRefused},
}

func newConverter(t *testing.T, s community.Store) (*world, *community.Community) {
	t.Helper()
	w := newWorld(t, s)
	return w, community.New(community.Config{Store: s, Auth: w.policy, Clock: w.clock.Now, People: w.people})
}

func convert(t *testing.T, s community.Store) {
	w, c := newConverter(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID, Title: "Quale soglia?", Body: "Sopra i 140.000 euro che si fa?"})
	first := w.replies(w.colleague, forum.NewReply{Topic: topic.ID, Body: "Una procedura negoziata."})
	w.replies(w.member, forum.NewReply{Topic: topic.ID, Body: "Grazie!"})
	last := w.replies(w.moderator, forum.NewReply{Topic: topic.ID, Parent: first.ID, Body: "Dipende dall'oggetto."})
	w.clock.pass(time.Minute)

	in := community.Convert{Key: "una volta", Topic: topic.ID, Tags: []string{"soglie"}, Answers: []forum.ReplyID{last.ID, first.ID}}
	q := got(c.ConvertTopic(ctx, w.moderator, in))(t)
	same(t, q.By, topic.By)
	same(t, [2]string{q.Title, q.Body}, [2]string{topic.Title, topic.Body})
	same(t, [2]any{q.Area, q.Audience}, [2]any{topic.Area, topic.Audience})
	same(t, q.Origin, qa.Origin{Kind: community.FromTopic, ID: topic.ID.Bytes()})
	page := got(c.QA.Page(ctx, w.member, qa.QuestionPage{Question: q.ID}))(t)
	same(t, len(page.Answers.Items), 2)
	same(t, [2]auth.By{page.Answers.Items[0].By, page.Answers.Items[1].By}, [2]auth.By{last.By, first.By})
	same(t, len(w.thread(w.member, forum.ThreadPage{Topic: topic.ID})), 3)

	again := got(c.ConvertTopic(ctx, w.moderator, in))(t)
	same(t, again.ID, q.ID)
	made := got(c.QA.MadeFrom(ctx, w.member, q.Origin))(t)
	same(t, len(made), 1)
	same(t, len(got(c.QA.MadeFrom(ctx, w.outsider, q.Origin))(t)), 0)

	// Its author may accept.
	must(t, c.QA.Accept(ctx, w.member, page.Answers.Items[0].ID))

	recheck := func() bool {
		t.Helper()
		must(t, c.Tick(ctx))
		return !got(c.QA.Page(ctx, w.member, qa.QuestionPage{Question: q.ID}))(t).Question.RecheckAt.IsZero()
	}
	same(t, recheck(), false)
	w.clock.pass(time.Hour)
	got(w.forum.EditPost(ctx, w.moderator, forum.PostEdit{Post: forum.Post{Topic: topic.ID, Reply: last.ID}, Version: last.Version, Body: "Dipende."}))(t)
	same(t, recheck(), false)
	t1 := w.topic(topic.ID)
	got(w.forum.EditPost(ctx, w.member, forum.PostEdit{Post: forum.Post{Topic: topic.ID}, Version: t1.Version, Title: t1.Title, Body: "Sopra i 221.000 euro che si fa?"}))(t)
	same(t, recheck(), true)
	must(t, c.QA.Checked(ctx, w.member, q.ID))
	same(t, recheck(), false)
}

func convertKeyed(t *testing.T, s community.Store) {
	w, c := newConverter(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID, Title: "La prima"})
	r := w.replies(w.colleague, forum.NewReply{Topic: topic.ID})
	other := w.starts(w.member, forum.NewTopic{Board: w.open.ID, Title: "La seconda"})
	late := w.replies(w.colleague, forum.NewReply{Topic: other.ID})
	w.clock.pass(time.Minute)
	own := got(c.QA.Ask(ctx, w.member, qa.NewQuestion{Key: "k", Area: auth.Commons, Title: "La sua", Body: "Altro"}))(t)

	in := community.Convert{Key: "k", Topic: topic.ID, Answers: []forum.ReplyID{r.ID, r.ID}}
	q := got(c.ConvertTopic(ctx, w.moderator, in))(t)
	same(t, q.Title, "La prima")
	same(t, got(c.QA.Page(ctx, w.member, qa.QuestionPage{Question: own.ID}))(t).Question.Answers, 0)
	same(t, got(c.QA.Page(ctx, w.member, qa.QuestionPage{Question: q.ID}))(t).Question.Answers, 1)

	must(t, c.QA.Close(ctx, w.moderator, qa.Closure{Question: q.ID, Reason: qa.Obsolete}))
	must(t, w.forum.Hide(ctx, w.moderator, forum.Post{Topic: topic.ID, Reply: r.ID}, "Fuori tema"))
	w.clock.pass(time.Minute)
	before := w.events()
	same(t, got(c.ConvertTopic(ctx, w.moderator, in))(t).ID, q.ID)
	same(t, got(c.ConvertTopic(ctx, w.moderator, community.Convert{Key: "k", Topic: other.ID, Answers: []forum.ReplyID{late.ID}}))(t).ID, q.ID)
	equal(t, "events", fmt.Sprint(w.events()), fmt.Sprint(before))
	same(t, got(c.QA.Page(ctx, w.member, qa.QuestionPage{Question: q.ID}))(t).Question.Answers, 1)
}

func convertFreely(t *testing.T, s community.Store) {
	w, _ := newConverter(t, s)
	c := community.New(community.Config{Store: s, Auth: w.policy, Clock: w.clock.Now, People: w.people, QA: qa.Config{
		Limit:   none{},
		Hold:    func(context.Context, auth.Actor, auth.Scope, auth.Action) (bool, error) { return true, nil },
		Promise: func(context.Context) (auth.Audience, error) { return auth.AreaMembers, nil },
	}})
	topic := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	r := w.replies(w.colleague, forum.NewReply{Topic: topic.ID})
	w.clock.pass(time.Minute)
	q := got(c.ConvertTopic(ctx, w.moderator, community.Convert{Topic: topic.ID, Answers: []forum.ReplyID{r.ID}}))(t)
	same(t, [2]any{q.Audience, q.Removal.State}, [2]any{topic.Audience, qa.Visible})
	same(t, got(c.QA.Page(ctx, w.outsider, qa.QuestionPage{Question: q.ID}))(t).Question.Answers, 1)
}

// none is a limiter that lets nothing through.
type none struct{}

func (none) Allow(context.Context, auth.Actor, auth.Action) error { return &auth.Limited{} }

func convertRefused(t *testing.T, s community.Store) {
	w, c := newConverter(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID})
	r := w.replies(w.colleague, forum.NewReply{Topic: topic.ID})
	other := w.starts(w.member, forum.NewTopic{Board: w.open.ID})
	gone := w.replies(w.colleague, forum.NewReply{Topic: topic.ID})
	must(t, w.forum.Hide(ctx, w.moderator, forum.Post{Topic: topic.ID, Reply: gone.ID}, "Fuori tema"))
	w.clock.pass(time.Minute)
	before := w.events()
	for _, x := range []struct {
		who  auth.Actor
		in   community.Convert
		want error
	}{
		{w.visitor, community.Convert{Topic: topic.ID}, storage.ErrNotFound},
		{w.outsider, community.Convert{Topic: topic.ID}, storage.ErrNotFound},
		{w.keeper, community.Convert{Topic: topic.ID}, storage.ErrNotFound},
		{w.member, community.Convert{Topic: topic.ID}, auth.ErrDenied},
		{w.moderator, community.Convert{Topic: storage.NewID[forum.Topic]()}, storage.ErrNotFound},
		{w.moderator, community.Convert{Topic: other.ID, Answers: []forum.ReplyID{r.ID}}, storage.ErrNotFound},
		{w.moderator, community.Convert{Topic: topic.ID, Answers: []forum.ReplyID{r.ID, gone.ID}}, forum.ErrRemoved},
		{w.moderator, community.Convert{Topic: topic.ID, Answers: []forum.ReplyID{storage.NewID[forum.Reply]()}}, storage.ErrNotFound},
		{w.moderator, community.Convert{Topic: topic.ID, Answers: make([]forum.ReplyID, community.MaxConvert+1)}, storage.ErrInvalid},
		{w.moderator, community.Convert{Topic: topic.ID, Tags: []string{"?"}}, storage.ErrInvalid},
	} {
		_, err := c.ConvertTopic(ctx, x.who, x.in)
		is(t, err, x.want)
	}
	equal(t, "events", fmt.Sprint(w.events()), fmt.Sprint(before))
	same(t, len(got(c.QA.MadeFrom(ctx, w.moderator, qa.Origin{Kind: community.FromTopic, ID: topic.ID.Bytes()}))(t)), 0)
}
