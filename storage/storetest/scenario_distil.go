// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// From a topic to a question, from its accepted answer to a page.
var distilScenarios = []promise{
	{"S-distil", "an accepted answer becomes a page in the words that were accepted, once, with credit to who wrote them and who asked, for whom the question was; the page is marked when the answer changes or is accepted no more", false, distil},
	{"S-distil/Refused", "without an accepted answer that is there to be seen, or for who may not read the question or write pages, nothing becomes a page", false, distilRefused},
}

func distil(t *testing.T, s community.Store) {
	w, c := newConverter(t, s)
	topic := w.starts(w.member, forum.NewTopic{Board: w.reserved.ID, Title: "Quale soglia?", Body: "Sopra i 140.000 euro che si fa?"})
	reply := w.replies(w.colleague, forum.NewReply{Topic: topic.ID, Body: "Una procedura negoziata."})
	w.clock.pass(time.Minute)
	q := got(c.ConvertTopic(ctx, w.moderator, community.Convert{Topic: topic.ID, Answers: []forum.ReplyID{reply.ID}}))(t)
	answer := got(c.QA.Page(ctx, w.member, qa.QuestionPage{Question: q.ID}))(t).Answers.Items[0]
	at := qa.Post{Question: q.ID, Answer: answer.ID}
	edit := func(who auth.Actor, body string) {
		t.Helper()
		w.clock.pass(time.Minute)
		pl := got(c.QA.Look(ctx, who, at))(t)
		got(c.QA.Edit(ctx, who, qa.PostEdit{Post: at, Version: pl.Answer.Version, Body: body, Why: "preciso"}))(t)
	}
	edit(w.moderator, "Una procedura negoziata, con cinque inviti.")
	must(t, c.QA.Accept(ctx, w.member, answer.ID))
	edit(w.colleague, "Dipende.") // after it was accepted
	must(t, c.Tick(ctx))

	in := community.Distil{Key: "una volta", Question: q.ID, Tags: []string{"soglie"}, Why: "Dalla risposta"}
	p := got(c.Distil(ctx, w.member, in))(t)
	same(t, [2]string{p.Title, p.Body}, [2]string{"Quale soglia?", "Una procedura negoziata, con cinque inviti."})
	same(t, [2]any{p.Area, p.Audience}, [2]any{q.Area, q.Audience})
	same(t, p.By.User, w.member.User)
	same(t, p.Origin, wiki.Origin{Kind: community.FromAnswer, ID: answer.ID.Bytes(), Revision: 2})
	rev, _, err := c.Wiki.Text(ctx, w.member, p.ID, 1)
	must(t, err)
	equal(t, "credit", fmt.Sprint(rev.Credit), fmt.Sprint([]auth.By{{User: w.colleague.User}, {User: w.moderator.User}, {User: w.member.User}}))
	same(t, got(c.Distil(ctx, w.member, in))(t).ID, p.ID)
	same(t, len(got(c.Wiki.MadeFrom(ctx, w.colleague, wiki.Origin{Kind: community.FromAnswer, ID: answer.ID.Bytes()}))(t)), 1)
	same(t, len(got(c.Wiki.MadeFrom(ctx, w.outsider, wiki.Origin{Kind: community.FromAnswer, ID: answer.ID.Bytes()}))(t)), 0)

	marked := func() bool {
		t.Helper()
		must(t, c.Tick(ctx))
		return !got(c.Wiki.View(ctx, w.member, p.ID))(t).Page.RecheckAt.IsZero()
	}
	same(t, marked(), false)
	got(c.QA.Comment(ctx, w.colleague, qa.NewComment{Post: at, Body: "Vero."}))(t)
	same(t, marked(), false)
	edit(w.colleague, "Ora serve una gara.")
	same(t, marked(), true)
	must(t, c.Wiki.Rechecked(ctx, w.member, p.ID))
	same(t, marked(), false)

	// A page of what the answer says now is not marked by what came before it,
	// however late that is told.
	must(t, c.QA.Accept(ctx, w.member, answer.ID))
	late := got(c.Distil(ctx, w.member, community.Distil{Question: q.ID, Title: "Quale soglia, oggi"}))(t)
	must(t, c.Tick(ctx))
	same(t, got(c.Wiki.View(ctx, w.member, late.ID))(t).Page.RecheckAt.IsZero(), true)
	must(t, c.QA.Unaccept(ctx, w.member, q.ID))
	must(t, c.Tick(ctx))
	same(t, got(c.Wiki.View(ctx, w.member, late.ID))(t).Page.RecheckAt.IsZero(), false)
}

func distilRefused(t *testing.T, s community.Store) {
	w, c := newConverter(t, s)
	q := got(c.QA.Ask(ctx, w.member, qa.NewQuestion{Area: w.group, Audience: auth.AreaMembers, Title: "Quale soglia?", Body: "Che si fa?"}))(t)
	a := got(c.QA.Answer(ctx, w.colleague, qa.NewAnswer{Question: q.ID, Body: "Una gara."}))(t)
	before := func() int {
		return len(got(c.Wiki.List(ctx, w.coordinator, wiki.ListPage{Limit: storage.MaxLimit}))(t).Items)
	}
	refuse := func(who auth.Actor, id qa.QuestionID, want error) {
		t.Helper()
		was := before()
		_, err := c.Distil(ctx, who, community.Distil{Question: id})
		is(t, err, want)
		same(t, before(), was)
	}
	refuse(w.member, q.ID, storage.ErrInvalid)
	must(t, c.QA.Accept(ctx, w.member, a.ID))
	refuse(w.visitor, q.ID, storage.ErrNotFound)
	refuse(w.outsider, q.ID, storage.ErrNotFound)
	refuse(w.member, storage.NewID[qa.Question](), storage.ErrNotFound)
	must(t, c.QA.Hide(ctx, w.moderator, qa.Post{Question: q.ID, Answer: a.ID}, "Sbagliata"))
	refuse(w.member, q.ID, storage.ErrInvalid) // and accepted no more
	got(c.Distil(ctx, w.member, community.Distil{Question: func() qa.QuestionID {
		must(t, c.QA.Restore(ctx, w.moderator, qa.Post{Question: q.ID, Answer: a.ID}))
		must(t, c.QA.Accept(ctx, w.member, a.ID))
		return q.ID
	}()}))(t)
	refuse(w.member, q.ID, storage.ErrInvalid)
}
