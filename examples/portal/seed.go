// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// sampleKey marks a store that the sample was put into.
const sampleKey = "portal.sample"

// seeded reports whether a store holds the sample.
func seeded(ctx context.Context, store community.Store) (bool, error) {
	_, err := store.Done(ctx, uuid.Nil, sampleKey)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// seed fills an empty store with the sample: its people, with one password for
// all, and in the folder seed what they wrote. Everything happens as they would
// have done it: through the services, at moments before now. It is one unit of
// work, so it never leaves half a sample.
func seed(ctx context.Context, cfg community.Config, areas []area, password string, now time.Time) error {
	boards, err := readBlocks("seed/boards.md")
	if err != nil {
		return err
	}
	topics, err := readFolder("topics")
	if err != nil {
		return err
	}
	questions, err := readFolder("questions")
	if err != nil {
		return err
	}
	pages, err := readFolder("pages")
	if err != nil {
		return err
	}
	return cfg.Store.Atomic(ctx, func(ctx context.Context, tx community.Store) error {
		s := newSeeding(cfg, tx, areas, password, now)
		empty, err := s.empty(ctx, tx)
		if err != nil || !empty {
			return err
		}
		if err := s.people(ctx); err != nil {
			return fmt.Errorf("people: %w", err)
		}
		for i, b := range boards {
			if err := s.board(ctx, i, b); err != nil {
				return fmt.Errorf("seed/boards.md: %w", err)
			}
		}
		a := &asking{asked: map[string]qa.QuestionID{}}
		for _, folder := range []struct {
			files []seedFile
			begin func()
			play  func(ctx context.Context, key string, b block) error
		}{
			{topics, func() { s.topic, s.replies = forum.TopicID{}, nil }, s.play},
			{questions, func() {}, func(ctx context.Context, key string, b block) error { return s.playQuestion(ctx, a, key, b) }},
			{pages, func() {}, func(ctx context.Context, key string, b block) error { return s.playPage(ctx, a, key, b) }},
		} {
			for _, f := range folder.files {
				folder.begin()
				for i, b := range f.blocks {
					if err := folder.play(ctx, f.name+"#"+strconv.Itoa(i), b); err != nil {
						return fmt.Errorf("%s: block %d: %w", f.name, i+1, err)
					}
				}
			}
		}
		return tx.Apply(ctx, storage.Once{Key: sampleKey, At: now, Keep: true})
	})
}

// seeding is where the sample has got to.
type seeding struct {
	c        *community.Community
	host     *membership.Service // asks nobody's leave
	areas    []area
	password string
	link     string // the secret of the last that was sent
	now, at  time.Time

	actors  map[string]auth.Actor // by username
	orgs    map[string]auth.OrgID // by the sample's key
	boards  map[string]forum.Board
	pages   map[string]wiki.PageID
	topic   forum.TopicID // the one that the present file is about
	replies []forum.ReplyID
}

func newSeeding(cfg community.Config, tx community.Store, areas []area, password string, now time.Time) *seeding {
	s := &seeding{
		areas: areas, password: password, now: now, at: now,
		actors: map[string]auth.Actor{}, orgs: map[string]auth.OrgID{}, boards: map[string]forum.Board{}, pages: map[string]wiki.PageID{},
	}
	cfg.Store, cfg.Clock, cfg.Rates, cfg.Handlers, cfg.Hold = tx, func() time.Time { return s.at }, nil, nil, nil
	cfg.Account.Send = func(_ context.Context, m account.Message) { s.link = m.Secret }
	s.c = community.New(cfg)
	s.host = membership.New(membership.Config{Store: tx.Membership(), Auth: auth.AllowAll{}, Clock: cfg.Clock, Plan: cfg.Plan})
	return s
}

// empty reports whether a store holds neither people nor boards.
func (s *seeding) empty(ctx context.Context, tx community.Store) (bool, error) {
	boards, err := tx.Forum().Boards(ctx, forum.BoardQuery{Area: auth.Commons, See: auth.Everything})
	if err != nil {
		return false, err
	}
	members, err := tx.Membership().Members(ctx, membership.MemberQuery{Now: s.now, Limit: 1})
	return len(boards)+len(members.Items) == 0, err
}

// days moves to so many days before now.
func (s *seeding) days(n float64) {
	s.at = atWork(s.now.Add(-time.Duration(n * 24 * float64(time.Hour))))
}

// move moves to the moment of a block, if it has one of its own.
func (s *seeding) move(b block) error {
	days := b.value["days"]
	if days == "" {
		return nil
	}
	n, err := strconv.ParseFloat(days, 64)
	if err == nil {
		s.days(n)
	}
	return err
}

// A block is one step of the sample: a line "=== verb name=value …" and the
// text below it. A value ends with its word, but for that of why, which goes
// to the end of the line.
type block struct {
	verb  string
	value map[string]string
	title string // of a text that begins with "# "
	body  string
}

// A seedFile is a file of the sample, as blocks.
type seedFile struct {
	name   string
	blocks []block
}

// readFolder reads the files of a folder of the sample, in order.
func readFolder(folder string) ([]seedFile, error) {
	names, err := fs.Glob(files, "seed/"+folder+"/*.md")
	if err != nil {
		return nil, err
	}
	out := make([]seedFile, len(names))
	for i, name := range names {
		out[i].name = name
		if out[i].blocks, err = readBlocks(name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func readBlocks(name string) ([]block, error) {
	b, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	var out []block
	for part := range bytes.SplitSeq(append([]byte("\n"), b...), []byte("\n=== ")) {
		head, body, _ := strings.Cut(string(part), "\n")
		if head == "" {
			continue
		}
		x := block{value: map[string]string{}, body: strings.TrimSpace(body)}
		head, x.value["why"], _ = strings.Cut(head, " why=")
		for i, word := range strings.Fields(head) {
			name, value, ok := strings.Cut(word, "=")
			if i == 0 {
				x.verb = name
			} else if ok {
				x.value[name] = value
			} else {
				return nil, fmt.Errorf("%s: %q is no name=value", name, word)
			}
		}
		if title, ok := strings.CutPrefix(x.body, "# "); ok {
			x.title, x.body, _ = strings.Cut(title, "\n")
			x.body = strings.TrimSpace(x.body)
		}
		out = append(out, x)
	}
	return out, nil
}

var (
	seedAudience = map[string]auth.Audience{"area": auth.AreaMembers, "community": auth.CommunityMembers, "public": auth.Public}
	seedPosting  = map[string]forum.Posting{"": forum.MembersPost, "moderators": forum.ModeratorsPost}
	seedPin      = map[string]forum.Pin{"pinned": forum.Pinned, "announced": forum.Announced}
)

// boardAge is how long before now the sample's boards were made.
const boardAge = 31 * 24 * time.Hour

func (s *seeding) board(ctx context.Context, i int, b block) error {
	s.at = s.now.Add(-boardAge)
	in := forum.NewBoard{
		Key: "sample/board/" + b.value["key"], Parent: s.boards[b.value["parent"]].ID, Position: i,
		Audience: seedAudience[b.value["audience"]], Posting: seedPosting[b.value["posting"]],
		Name: b.title, Description: b.body,
	}
	for _, a := range s.areas {
		if a.Key == b.value["area"] {
			in.Area = a.ID
		}
	}
	made, err := s.c.Forum.OpenBoard(ctx, s.actors["marta.colonna"], in)
	s.boards[b.value["key"]] = made
	return err
}

// post returns the post that a block means: 0 the first one, 1 the first reply.
func (s *seeding) post(b block, name string) (forum.Post, error) {
	at := forum.Post{Topic: s.topic}
	n, err := strconv.Atoi("0" + b.value[name])
	if err != nil || n > len(s.replies) {
		return at, fmt.Errorf("no post %s=%q", name, b.value[name])
	}
	if n > 0 {
		at.Reply = s.replies[n-1]
	}
	return at, nil
}

// play does what a block says.
func (s *seeding) play(ctx context.Context, key string, b block) error {
	if err := s.move(b); err != nil {
		return err
	}
	who, err := s.named(b.value["by"])
	if err != nil {
		return err
	}
	of, err := s.post(b, "of")
	if err != nil {
		return err
	}
	f := s.c.Forum
	switch b.verb {
	case "topic":
		t, err := f.StartTopic(ctx, who[0], forum.NewTopic{Key: "sample/" + key, Board: s.boards[b.value["board"]].ID, Title: b.title, Body: b.body})
		if err != nil {
			return err
		}
		s.topic = t.ID
		if pin := seedPin[b.value["pin"]]; pin != forum.NotPinned {
			return f.Pin(ctx, who[0], s.topic, pin)
		}
		return nil
	case "reply":
		to, err := s.post(b, "to")
		if err != nil {
			return err
		}
		r, err := f.Reply(ctx, who[0], forum.NewReply{Key: "sample/" + key, Topic: s.topic, Parent: to.Reply, Body: b.body})
		s.replies = append(s.replies, r.ID)
		return err
	case "edit":
		return s.edit(ctx, who[0], of, b)
	case "hide":
		return f.Hide(ctx, who[0], of, b.body)
	case "delete":
		return f.Delete(ctx, who[0], of)
	case "lock":
		return f.Lock(ctx, who[0], s.topic, true)
	case "useful":
		for _, x := range who {
			if err := f.Useful(ctx, x, of, true); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("unknown verb %q", b.verb)
}

// atWork moves an instant into the office hours of its day, in the same order.
func atWork(at time.Time) time.Time {
	const opens, hours, day = 7 * time.Hour, 10, 24
	midnight := at.UTC().Truncate(day * time.Hour)
	return midnight.Add(opens + at.Sub(midnight)*hours/day)
}

func (s *seeding) edit(ctx context.Context, who auth.Actor, of forum.Post, b block) error {
	where, err := s.c.Forum.Find(ctx, who, of)
	if err != nil {
		return err
	}
	th, err := s.c.Forum.Thread(ctx, who, forum.ThreadPage{Topic: of.Topic, After: where.After, Limit: 1})
	if err != nil {
		return err
	}
	version := th.Topic.Version
	if !of.Reply.IsZero() {
		version = th.Replies.Items[0].Version
	}
	_, err = s.c.Forum.EditPost(ctx, who, forum.PostEdit{Post: of, Version: version, Title: b.title, Body: b.body, Why: b.value["why"]})
	return err
}

// named returns the people of a list of usernames.
func (s *seeding) named(names string) ([]auth.Actor, error) {
	var out []auth.Actor
	for name := range strings.SplitSeq(names, ",") {
		who, ok := s.actors[name]
		if !ok {
			return nil, fmt.Errorf("nobody is called %q: %w", name, storage.ErrNotFound)
		}
		out = append(out, who)
	}
	return out, nil
}
