// SPDX-License-Identifier: BSD-3-Clause

package dbtest

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

// A member waits for the database as often as it has to be asked, no more:
// once to look, and once to write what was decided.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	w, url := newWire(t, PostgresURL(t))
	s := OpenPostgres(t, url)
	ctx, who := t.Context(), auth.Actor{User: storage.NewID[auth.User]()}
	c := community.New(community.Config{Store: s, Auth: auth.AllowAll{}})
	topic := newTopic(t, c, who)
	var last forum.Reply
	question, err := c.QA.Ask(ctx, who, qa.NewQuestion{Area: auth.Commons, Title: "Come si fa?", Body: "b", Tags: []string{"gara"}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.QA.Answer(ctx, who, qa.NewAnswer{Question: question.ID, Body: "Così"})
	if err != nil {
		t.Fatal(err)
	}
	voter := auth.Actor{User: storage.NewID[auth.User]()}
	n, version := 0, 1
	reply := func(in forum.NewReply) error {
		n++
		in.Topic, in.Body = topic.ID, "ok"
		var err error
		last, err = c.Forum.Reply(ctx, who, in)
		return err
	}
	for _, call := range []struct {
		name string
		want int
		do   func() error
	}{
		{"Thread", 1, func() error {
			_, err := c.Forum.Thread(ctx, who, forum.ThreadPage{Topic: topic.ID})
			return err
		}},
		{"Topics", 1, func() error { _, err := c.Forum.Topics(ctx, who, forum.TopicFilter{}); return err }},
		{"Boards", 1, func() error { _, err := c.Forum.Boards(ctx, who, auth.Commons); return err }},
		{"Reply", 2, func() error { return reply(forum.NewReply{}) }},
		{"Reply with a key", 2, func() error { return reply(forum.NewReply{Key: fmt.Sprint(n)}) }},
		{"Reply to a reply", 2, func() error { return reply(forum.NewReply{Parent: last.ID}) }},
		{"StartTopic", 2, func() error {
			_, err := c.Forum.StartTopic(ctx, who, forum.NewTopic{Board: topic.Board, Title: "t", Body: "b"})
			return err
		}},
		// To look, for the texts there were, to write.
		{"EditPost", 3, func() error {
			pl, err := c.Forum.EditPost(ctx, who, forum.PostEdit{Post: forum.Post{Topic: topic.ID}, Version: version, Title: "t", Body: fmt.Sprint("b", version)})
			version = pl.Topic.Version
			return err
		}},
		{"Reply and Hide", 4, func() error {
			if err := reply(forum.NewReply{}); err != nil {
				return err
			}
			return c.Forum.Hide(ctx, who, forum.Post{Topic: topic.ID, Reply: last.ID}, "w")
		}},
		{"Standing", 1, func() error { _, err := s.Membership().Standing(ctx, who.User, time.Now()); return err }},
		{"ReadTo", 2, func() error {
			return c.Forum.ReadTo(ctx, auth.Actor{User: storage.NewID[auth.User]()}, topic.ID, 1)
		}},
		{"Question", 1, func() error {
			_, err := c.QA.Page(ctx, voter, qa.QuestionPage{Question: question.ID})
			return err
		}},
		{"Questions", 1, func() error { _, err := c.QA.Questions(ctx, who, qa.QuestionFilter{}); return err }},
		{"Vote", 2, func() error {
			n++
			_, err := c.QA.Vote(ctx, voter, qa.Post{Question: question.ID, Answer: answer.ID}, qa.Value(1-n%3))
			return err
		}},
		{"Answer", 2, func() error {
			_, err := c.QA.Answer(ctx, who, qa.NewAnswer{Question: question.ID, Body: "Anche così"})
			return err
		}},
		{"Useful", 2, func() error {
			return c.Forum.Useful(ctx, auth.Actor{User: storage.NewID[auth.User]()}, forum.Post{Topic: topic.ID}, true)
		}},
	} {
		t.Run(call.name, func(t *testing.T) {
			// The connections have to be there, and the statements prepared.
			var err error
			trips := 0
			for range 8 {
				if err == nil {
					trips = w.during(func() { err = call.do() })
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if trips != call.want {
				t.Errorf("%d round trips, want %d", trips, call.want)
			}
		})
	}
}

// A connection is lost when the answer to some question was on its way, and
// whoever asked with a key asks again: it is done once.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	w, url := newWire(t, PostgresURL(t))
	s := OpenPostgres(t, url)
	ctx, who := context.Background(), auth.Actor{User: storage.NewID[auth.User]()}
	c := community.New(community.Config{Store: s, Auth: auth.AllowAll{}})
	topic := newTopic(t, c, who)
	acknowledged := map[forum.ReplyID]bool{}
	lost := 0
	for n := 1; ; n++ {
		in := forum.NewReply{Key: fmt.Sprint(n), Topic: topic.ID, Body: "ok"}
		w.cutAt(n)
		r, err := c.Forum.Reply(ctx, who, in)
		over := w.pending()
		if err != nil {
			lost++
		}
		again, err := c.Forum.Reply(ctx, who, in)
		if err != nil {
			t.Fatalf("cut at %d: asked again: %v", n, err)
		}
		if !r.ID.IsZero() && again.ID != r.ID {
			t.Errorf("cut at %d: done twice: %v and %v", n, r.ID, again.ID)
		}
		acknowledged[again.ID] = true
		if over {
			break // there was nothing left to cut
		}
	}
	audit(t, s, topic.ID, acknowledged)
	now, err := s.Forum().Topic(ctx, topic.ID)
	if err != nil || now.Replies != len(acknowledged) {
		t.Errorf("%d replies, want %d (%v)", now.Replies, len(acknowledged), err)
	}
	t.Logf("%d cuts, %d of them told to the caller", len(acknowledged)-1, lost)
}
