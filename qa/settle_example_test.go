// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// asked returns a service with a question and an answer to it, both promised to
// everybody, and who wrote them.
func asked(set ...func(*qa.Config)) (s *qa.Service, q qa.Question, a qa.Answer, anna, bruno auth.Actor) {
	ctx := context.Background()
	anna, bruno = auth.Actor{User: storage.NewID[auth.User]()}, auth.Actor{User: storage.NewID[auth.User]()}
	cfg := qa.Config{Store: memory.New().QA(), Auth: auth.AllowAll{}}
	for _, set := range set {
		set(&cfg)
	}
	s = qa.New(cfg)
	q, err := s.Ask(ctx, anna, qa.NewQuestion{
		Area: auth.Commons, Title: "Quali sono le soglie del 2026?", Body: "Per i servizi.", Tags: []string{"Soglie", "servizi"},
	})
	if err != nil {
		panic(err)
	}
	if a, err = s.Answer(ctx, bruno, qa.NewAnswer{Question: q.ID, Body: "221.000 euro."}); err != nil {
		panic(err)
	}
	return s, q, a, anna, bruno
}

func ExampleService_Vote() {
	ctx := context.Background()
	s, _, a, anna, bruno := asked()
	post := qa.Post{Question: a.Question, Answer: a.ID}
	fmt.Println(s.Vote(ctx, anna, post, qa.For))
	fmt.Println(s.Vote(ctx, anna, post, qa.Against)) // thought better of it: one change
	_, err := s.Vote(ctx, bruno, post, qa.For)
	fmt.Println(errors.Is(err, qa.ErrOwn))
	// Output:
	// {1 0} <nil>
	// {0 1} <nil>
	// true
}

func ExampleService_Accept() {
	ctx := context.Background()
	s, q, a, anna, bruno := asked()
	if err := s.Accept(ctx, anna, a.ID); err != nil {
		panic(err)
	}
	page, err := s.Page(ctx, auth.Visitor, qa.QuestionPage{Question: q.ID})
	if err != nil {
		panic(err)
	}
	accepted := page.Question.Acceptance
	fmt.Println(accepted.Answer == a.ID, accepted.Capacity == qa.Asker, accepted.Revision)

	_, err = s.Edit(ctx, bruno, qa.PostEdit{Post: qa.Post{Question: q.ID, Answer: a.ID}, Version: 1, Body: "216.000 euro."})
	if err != nil {
		panic(err)
	}
	page, err = s.Page(ctx, auth.Visitor, qa.QuestionPage{Question: q.ID})
	modified := page.Answers.Items[0].Text.Substance > page.Question.Acceptance.Revision
	fmt.Println("modified since:", modified, err)
	// Output:
	// true true 1
	// modified since: true <nil>
}

func ExampleService_Close() {
	ctx := context.Background()
	s, q, _, anna, bruno := asked()
	again, err := s.Ask(ctx, bruno, qa.NewQuestion{Area: auth.Commons, Title: "Le soglie?", Body: "Quali sono?"})
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Close(ctx, anna, qa.Closure{Question: again.ID, Reason: qa.Duplicate, Of: q.ID}))
	page, err := s.Page(ctx, auth.Visitor, qa.QuestionPage{Question: again.ID})
	fmt.Println(page.Original.Title, err)
	fmt.Println(s.Merge(ctx, anna, qa.Merge{From: again.ID, Into: q.ID})) // for good, with its answers
	// Output:
	// <nil>
	// Quali sono le soglie del 2026? <nil>
	// <nil>
}

func ExampleService_Similar() {
	ctx := context.Background()
	s, _, _, _, bruno := asked()
	found, err := s.Similar(ctx, bruno, qa.Asking{Title: "La soglia del servizio"})
	fmt.Println(found[0].Title, err)
	// Output: Quali sono le soglie del 2026? <nil>
}

func ExampleService_PutSynonym() {
	ctx := context.Background()
	s, _, _, anna, _ := asked()
	if err := s.PutSynonym(ctx, anna, qa.Synonym{From: "soglie", To: "soglie-di-rilevanza"}); err != nil {
		panic(err)
	}
	page, err := s.Tags(ctx, auth.Visitor, qa.TagFilter{Prefix: "sog"})
	fmt.Println(page.Items, err)
	// Output: [{soglie-di-rilevanza 1}] <nil>
}

func ExampleService_Offered() {
	ctx := context.Background()
	now, carla := time.Now(), auth.Actor{User: storage.NewID[auth.User]()}
	s, q, a, _, bruno := asked(func(c *qa.Config) {
		c.Clock = func() time.Time { return now }
		c.Experts = func(context.Context, auth.AreaID, []qa.ThemeID) ([]auth.UserID, error) {
			return []auth.UserID{carla.User}, nil
		}
	})
	show := func() {
		page, err := s.Offered(ctx, carla, qa.OfferPage{}) // for a digest, or her page
		fmt.Println(slices.ContainsFunc(page.Items, func(o qa.Question) bool { return o.ID == q.ID }), err)
	}
	now = now.Add(48 * time.Hour)
	show() // bruno has answered
	if err := s.Delete(ctx, bruno, qa.Post{Question: q.ID, Answer: a.ID}); err != nil {
		panic(err)
	}
	show()
	if err := s.TurnDown(ctx, carla, q.ID); err != nil {
		panic(err)
	}
	show()
	// Output:
	// false <nil>
	// true <nil>
	// false <nil>
}

func ExampleService_Recheck() {
	ctx := context.Background()
	s, _, _, anna, _ := asked()
	topic := qa.Origin{Kind: "forum.topic", ID: storage.NewID[qa.Question]().Bytes()}
	q, err := s.Ask(ctx, anna, qa.NewQuestion{Area: auth.Commons, Title: "Dal forum?", Body: "Come si fa?", Origin: topic})
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Recheck(ctx, topic)) // the host has learned that the topic was edited
	made, err := s.MadeFrom(ctx, auth.Visitor, topic)
	fmt.Println(len(made), !made[0].RecheckAt.IsZero(), err)
	fmt.Println(s.Checked(ctx, anna, q.ID))
	// Output:
	// <nil>
	// 1 true <nil>
	// <nil>
}
