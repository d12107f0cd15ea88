// SPDX-License-Identifier: BSD-3-Clause

// Minimal opens a board in memory, starts a topic, answers it and prints the thread.
package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

func main() {
	ctx := context.Background()
	anna := auth.Actor{User: storage.NewID[auth.User]()} // a person of the host's
	c := community.New(community.Config{Store: memory.New(), Auth: auth.AllowAll{}})
	board, err1 := c.Forum.OpenBoard(ctx, anna, forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Outcome"})
	topic, err2 := c.Forum.StartTopic(ctx, anna, forum.NewTopic{Board: board.ID, Title: "Come si misura?", Body: "Idee?"})
	_, err3 := c.Forum.Reply(ctx, anna, forum.NewReply{Topic: topic.ID, Body: "Con pochi indicatori."})
	thread, err4 := c.Forum.Thread(ctx, anna, forum.ThreadPage{Topic: topic.ID})
	if err := cmp.Or(err1, err2, err3, err4); err != nil {
		panic(err)
	}
	fmt.Printf("%s\n%s\n- %s\n", thread.Topic.Title, thread.Topic.Body, thread.Replies.Items[0].Body)
}
