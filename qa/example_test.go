// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// roles is a host's own list of who is what.
type roles map[auth.UserID]auth.Role

func (r roles) Standing(_ context.Context, who auth.Actor) (community.Standing, error) {
	return community.Standing{Role: r[who.User]}, nil
}

// open returns questions and answers with two members.
func open() (s *qa.Service, anna, bruno auth.Actor) {
	anna, bruno = auth.Actor{User: storage.NewID[auth.User]()}, auth.Actor{User: storage.NewID[auth.User]()}
	s = qa.New(qa.Config{
		Store: memory.New().QA(),
		Auth: community.Policy{
			Standings: roles{anna.User: auth.Member, bruno.User: auth.Member},
			Rights:    community.DefaultRights(),
		},
	})
	return s, anna, bruno
}

// asks is a question of Anna's.
func asks(s *qa.Service, anna auth.Actor) qa.Question {
	q, err := s.Ask(context.Background(), anna, qa.NewQuestion{
		Area: auth.Commons, Title: "Soglie del 2026?", Body: "Quali sono?", Tags: []string{"Appalti innovativi"},
	})
	if err != nil {
		panic(err)
	}
	return q
}

func ExampleNew() {
	ctx := context.Background()
	me := auth.Actor{User: storage.NewID[auth.User]()} // a host passes its own users' ids
	s := qa.New(qa.Config{
		Store: memory.New().QA(),
		Auth:  community.Policy{Standings: roles{me.User: auth.Member}, Rights: community.DefaultRights()},
	})
	q, err := s.Ask(ctx, me, qa.NewQuestion{Area: auth.Commons, Title: "Soglie del 2026?", Body: "Quali sono?"})
	fmt.Println(q.Title, err)

	_, err = s.Ask(ctx, auth.Visitor, qa.NewQuestion{Area: auth.Commons, Title: "Altro?", Body: "Testo"})
	fmt.Println(errors.Is(err, auth.ErrDenied))
	// Output:
	// Soglie del 2026? <nil>
	// true
}

func ExampleService_Answer() {
	ctx := context.Background()
	s, anna, bruno := open()
	q := asks(s, anna)
	in := qa.NewAnswer{Question: q.ID, Body: "Sono 221.000 euro.", Key: "modulo-4711"}
	first, err := s.Answer(ctx, bruno, in)
	if err != nil {
		panic(err)
	}
	again, err := s.Answer(ctx, bruno, in) // the form was sent twice
	fmt.Println(again.ID == first.ID, err)

	_, err = s.Comment(ctx, anna, qa.NewComment{Post: qa.Post{Question: q.ID, Answer: first.ID}, Body: "Da quando?"})
	fmt.Println(err)
	page, err := s.Page(ctx, auth.Visitor, qa.QuestionPage{Question: q.ID})
	fmt.Println(page.Question.Answers, page.Answers.Items[0].Comments, err)
	// Output:
	// true <nil>
	// <nil>
	// 1 1 <nil>
}

func ExampleService_Page() {
	ctx := context.Background()
	s, anna, bruno := open()
	q := asks(s, anna)
	for _, body := range []string{"Uno", "Due", "Tre"} {
		if _, err := s.Answer(ctx, bruno, qa.NewAnswer{Question: q.ID, Body: body}); err != nil {
			panic(err)
		}
	}
	// A host shows a page at a time; All walks them to the end.
	pages := func(c storage.Cursor) (storage.Page[qa.Answer], error) {
		page, err := s.Page(ctx, auth.Visitor, qa.QuestionPage{Question: q.ID, After: c, Limit: 2})
		return page.Answers, err
	}
	for a, err := range storage.All(ctx, pages) {
		if err != nil {
			panic(err)
		}
		fmt.Println(a.Body)
	}
	// Output:
	// Uno
	// Due
	// Tre
}

func ExampleService_Questions() {
	ctx := context.Background()
	s, anna, _ := open()
	asks(s, anna)
	page, err := s.Questions(ctx, auth.Visitor, qa.QuestionFilter{Tag: "appalti innovativi", Unanswered: true})
	if err != nil {
		panic(err)
	}
	for _, q := range page.Items {
		fmt.Println(q.Title, q.Tags)
	}
	// Output:
	// Soglie del 2026? [appalti-innovativi]
}

func ExampleService_Edit() {
	ctx := context.Background()
	s, anna, _ := open()
	q := asks(s, anna)
	edit := qa.PostEdit{
		Post: qa.Post{Question: q.ID}, Version: q.Version, Title: "Soglie comunitarie del 2026?", Body: q.Body, Tags: q.Tags, Why: "più chiaro",
	}
	edited, err := s.Edit(ctx, anna, edit)
	fmt.Println(edited.Question.Title, edited.Question.Text.Why, err)

	// Another form is still open that shows the first version.
	edit.Title = "Soglie?"
	_, err = s.Edit(ctx, anna, edit)
	var conflict *storage.Conflict
	if errors.As(err, &conflict) {
		fmt.Printf("from version %d; now it is %q\n", conflict.Base, conflict.Current.(qa.Revision).Title)
	}
	// Output:
	// Soglie comunitarie del 2026? più chiaro <nil>
	// from version 1; now it is "Soglie comunitarie del 2026?"
}

func ExampleService_Suggest() {
	ctx := context.Background()
	s, anna, bruno := open()
	q := asks(s, anna)
	suggested, err := s.Suggest(ctx, bruno, qa.PostEdit{
		Post: qa.Post{Question: q.ID}, Version: q.Version, Title: "Soglie comunitarie del 2026?", Body: q.Body, Tags: q.Tags,
	})
	if err != nil {
		panic(err)
	}
	approved, err := s.Approve(ctx, anna, suggested.ID)
	fmt.Println(approved.Question.Title, approved.Question.Text.EditedBy == bruno.By(), err)
	// Output:
	// Soglie comunitarie del 2026? true <nil>
}
