// SPDX-License-Identifier: BSD-3-Clause

package community_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// members is the host's own directory: who is what.
type members map[auth.UserID]auth.Role

func (m members) Standing(_ context.Context, who auth.Actor) (community.Standing, error) {
	return community.Standing{Role: m[who.User]}, nil
}

func Example() {
	ctx := context.Background()
	anna, bruno := auth.Actor{User: storage.NewID[auth.User]()}, auth.Actor{User: storage.NewID[auth.User]()}
	c := community.New(community.Config{
		Store:    memory.New(), // or sqlite.Open(ctx, path), or postgres.Open(ctx, url)
		Standing: members{anna.User: auth.Coordinator, bruno.User: auth.Member},
	})
	board, err := c.Forum.OpenBoard(ctx, anna, forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Appalti"})
	if err != nil {
		panic(err)
	}
	topic, err := c.Forum.StartTopic(ctx, bruno, forum.NewTopic{Board: board.ID, Title: "Chi ha già usato il partenariato?", Body: "Cerchiamo *esempi*."})
	if err != nil {
		panic(err)
	}
	_, err = c.Forum.Reply(ctx, auth.Visitor, forum.NewReply{Topic: topic.ID, Body: "Noi!"})
	fmt.Println("A visitor may reply:", !errors.Is(err, auth.ErrDenied))
	list, err := c.Forum.Topics(ctx, auth.Visitor, forum.TopicFilter{Board: board.ID})
	if err != nil {
		panic(err)
	}
	fmt.Println("A visitor reads:", list.Items[0].Title)
	// Output:
	// A visitor may reply: false
	// A visitor reads: Chi ha già usato il partenariato?
}
