// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// roles is a host's own list of who is what.
type roles map[auth.UserID]auth.Role

func (r roles) Standing(_ context.Context, who auth.Actor) (community.Standing, error) {
	return community.Standing{Role: r[who.User]}, nil
}

// open returns a forum with one board, a member and a coordinator.
func open() (f *forum.Service, board forum.Board, member, coordinator auth.Actor) {
	member, coordinator = auth.Actor{User: storage.NewID[auth.User]()}, auth.Actor{User: storage.NewID[auth.User]()}
	f = forum.New(forum.Config{
		Store: memory.New().Forum(),
		Auth: community.Policy{
			Standings: roles{member.User: auth.Member, coordinator.User: auth.Coordinator},
			Rights:    community.DefaultRights(),
		},
	})
	board, err := f.OpenBoard(context.Background(), coordinator, forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Appalti innovativi"})
	if err != nil {
		panic(err)
	}
	return f, board, member, coordinator
}

func ExampleNew() {
	ctx := context.Background()
	me := auth.Actor{User: storage.NewID[auth.User]()} // a host passes its own users' ids
	f := forum.New(forum.Config{
		Store: memory.New().Forum(),
		Auth:  community.Policy{Standings: roles{me.User: auth.Coordinator}, Rights: community.DefaultRights()},
	})
	board, err := f.OpenBoard(ctx, me, forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Appalti innovativi"})
	fmt.Println(board.Name, err)

	_, err = f.OpenBoard(ctx, auth.Visitor, forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Altro"})
	fmt.Println(errors.Is(err, auth.ErrDenied), err)
	// Output:
	// Appalti innovativi <nil>
	// true forum.OpenBoard: forum.manage denied: sign_in
}

func ExampleService_StartTopic() {
	ctx := context.Background()
	f, board, anna, bruno := open()
	topic, err := f.StartTopic(ctx, anna, forum.NewTopic{
		Board: board.ID, Title: "Dialogo competitivo", Body: "Qualcuno l'ha già fatto?",
	})
	if err != nil {
		panic(err)
	}
	answer := forum.NewReply{Topic: topic.ID, Body: "Sì, a Trento.", Key: "modulo-4711"}
	first, err := f.Reply(ctx, bruno, answer)
	if err != nil {
		panic(err)
	}
	again, err := f.Reply(ctx, bruno, answer) // the form was sent twice
	fmt.Println(again.ID == first.ID, err)

	below, err := f.Reply(ctx, anna, forum.NewReply{Topic: topic.ID, Parent: first.ID, Body: "Grazie!"})
	fmt.Println(below.Seq, below.Depth, err)

	_, err = f.Reply(ctx, auth.Visitor, forum.NewReply{Topic: topic.ID, Body: "E io?"})
	fmt.Println(errors.Is(err, auth.ErrDenied))
	// Output:
	// true <nil>
	// 2 2 <nil>
	// true
}

func ExampleService_Thread() {
	ctx := context.Background()
	f, board, anna, bruno := open()
	topic, err := f.StartTopic(ctx, anna, forum.NewTopic{Board: board.ID, Title: "Che cosa avete provato?", Body: "Raccogliamo esperienze."})
	if err != nil {
		panic(err)
	}
	say := func(who auth.Actor, parent forum.ReplyID, body string) forum.ReplyID {
		r, err := f.Reply(ctx, who, forum.NewReply{Topic: topic.ID, Parent: parent, Body: body})
		if err != nil {
			panic(err)
		}
		return r.ID
	}
	dialogue := say(bruno, forum.ReplyID{}, "Il dialogo competitivo.")
	say(anna, forum.ReplyID{}, "Io il concorso di idee.")
	say(anna, dialogue, "Com'è andata?")

	// A host shows a page at a time; All walks them to the end.
	pages := func(c storage.Cursor) (storage.Page[forum.Reply], error) {
		th, err := f.Thread(ctx, auth.Visitor, forum.ThreadPage{Topic: topic.ID, After: c, Limit: 2})
		return th.Replies, err
	}
	for r, err := range storage.All(ctx, pages) {
		if err != nil {
			panic(err)
		}
		fmt.Println(strings.Repeat("  ", r.Depth-1) + r.Body)
	}
	// Output:
	// Il dialogo competitivo.
	//   Com'è andata?
	// Io il concorso di idee.
}

func ExampleService_EditPost() {
	ctx := context.Background()
	f, board, anna, moderator := open()
	topic, err := f.StartTopic(ctx, anna, forum.NewTopic{Board: board.ID, Title: "Sogle", Body: "Quali sono?"})
	if err != nil {
		panic(err)
	}
	edit := forum.PostEdit{Post: forum.Post{Topic: topic.ID}, Version: topic.Version, Title: "Soglie", Body: "Quali sono?", Why: "refuso"}
	edited, err := f.EditPost(ctx, moderator, edit)
	fmt.Println(edited.Topic.Title, edited.Topic.Text.Why, err)

	// The author still has the form open that shows the first version.
	edit.Title = "Soglie comunitarie"
	_, err = f.EditPost(ctx, anna, edit)
	var conflict *storage.Conflict
	if errors.As(err, &conflict) {
		now := conflict.Current.(forum.Revision)
		fmt.Printf("from version %d; now it is %q, by the moderator: %t\n", conflict.Base, now.Title, now.By == moderator.By())
	}
	// Output:
	// Soglie refuso <nil>
	// from version 1; now it is "Soglie", by the moderator: true
}

func ExampleService_Move() {
	ctx := context.Background()
	f, board, anna, coordinator := open()
	staff, err := f.OpenBoard(ctx, coordinator, forum.NewBoard{Area: auth.Commons, Audience: auth.CommunityMembers, Name: "Fra noi"})
	if err != nil {
		panic(err)
	}
	topic, err := f.StartTopic(ctx, anna, forum.NewTopic{Board: board.ID, Title: "Bozza di disciplinare", Body: "Che ne dite?"})
	if err != nil {
		panic(err)
	}
	fmt.Println(f.Move(ctx, coordinator, forum.Move{Topic: topic.ID, To: staff.ID, Why: "solo per i membri"}))

	// To whoever may not read it there, it is as if it had never been.
	_, err = f.Thread(ctx, auth.Visitor, forum.ThreadPage{Topic: topic.ID})
	fmt.Println(errors.Is(err, storage.ErrNotFound))

	// Back among all, its promise stays narrow.
	fmt.Println(f.Move(ctx, coordinator, forum.Move{Topic: topic.ID, To: board.ID}))
	_, err = f.Thread(ctx, auth.Visitor, forum.ThreadPage{Topic: topic.ID})
	fmt.Println(errors.Is(err, storage.ErrNotFound))
	// Output:
	// <nil>
	// true
	// <nil>
	// true
}

func ExampleService_Widen() {
	ctx := context.Background()
	f, board, anna, coordinator := open()
	topic, err := f.StartTopic(ctx, anna, forum.NewTopic{
		Board: board.ID, Title: "Dialogo competitivo", Body: "Qualcuno l'ha già fatto?", Audience: auth.CommunityMembers,
	})
	if err != nil {
		panic(err)
	}
	_, err = f.Thread(ctx, auth.Visitor, forum.ThreadPage{Topic: topic.ID})
	fmt.Println(errors.Is(err, storage.ErrNotFound))

	err = f.Widen(ctx, coordinator, forum.Widen{Topics: []forum.TopicID{topic.ID}, Audience: auth.Public, Why: "La comunità è aperta a tutti"})
	fmt.Println(err)

	seen, err := f.Thread(ctx, auth.Visitor, forum.ThreadPage{Topic: topic.ID})
	fmt.Println(seen.Topic.Title, err)
	// Output:
	// true
	// <nil>
	// Dialogo competitivo <nil>
}
