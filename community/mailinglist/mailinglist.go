// SPDX-License-Identifier: BSD-3-Clause

// Package mailinglist brings the threads of a mailing list's archive into a
// board of the forum.
//
// A dump is JSON Lines, one message a line:
//
//	{"message_id": "a7faf77591867232", "in_reply_to": "a98ab0919c04465c",
//	 "references": ["c2a39dc808ebf35f", "a98ab0919c04465c"],
//	 "date": "2010-01-01T21:21:22+01:00", "author": "…", "subject": "…", "body": "…"}
//
// A message answers its nearest ancestor that is known, as its in_reply_to and
// its references, last first, name them: in the same dump, wherever it stands
// there, or brought in by an earlier import into the same board. A message
// with none starts a topic. Threads are as deep as they were written.
//
// What was once brought in is never brought in again, also after its author
// has been erased: an import that was killed is resumed by running it again,
// and next month's dump joins the threads of this month's.
package mailinglist

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// Config says where a dump goes. Store and Name are required.
type Config struct {
	Store forum.Store

	// Name of the board. The first import of that name into the area opens
	// the board, later ones write on it, whatever it is called by then.
	Name     string
	Area     auth.AreaID   // default: the commons
	Audience auth.Audience // of a board that has to be opened; default: members of the community

	// Author says who in the host's directory wrote as author; default: AuthorID.
	Author func(author string) auth.UserID

	// Progress is told after every batch how many of the messages are done.
	Progress func(done, total int)
}

// Report is what became of a dump.
type Report struct {
	Board    forum.BoardID `json:"board"`
	Topics   int           `json:"topics"`   // messages that start a topic
	Messages int           `json:"messages"` // messages of the dump that are in the forum now
	Existing int           `json:"existing"` // those of them that were there before
	Refused  []Line        `json:"refused"`  // lines that are not in the forum, in order
	Adjusted []Line        `json:"adjusted"` // messages written now, but not letter by letter, in order

	// The archive's own page may say where it shows each message, as
	// page_parent, which is the n of another one, and null for a thread's
	// first: at most 3 levels below it, deeper ones below their ancestor on
	// the second. PageParents counts the messages that say so, and
	// PageParentEqual those that the forum, read back, would show there.
	PageParents     int `json:"page_parents"`
	PageParentEqual int `json:"page_parent_equal"`
}

// Line is a line of a dump and what was wrong with it: "date malformed".
type Line struct {
	Line   int    `json:"line"` // from 1
	Reason string `json:"reason"`
}

// AuthorID returns the identifier under which the words of an author of a
// dump are kept: the same for the same author, and not the author's name or
// address, which however can be recognised by those who know them.
func AuthorID(author string) auth.UserID {
	return storage.MakeID[auth.User](uuid.NewSHA1(space, []byte("author "+author)))
}

// space is where the package's own identifiers are.
var space = uuid.MustParse("9d5f7a52-3f0e-5f0b-9a54-6d61696c6c73")

// importer is who opens boards and reads back.
var importer = auth.Actor{User: storage.MakeID[auth.User](uuid.NewSHA1(space, []byte("importer")))}

// batch is how many messages one unit of work writes.
const batch = 50

// tries bounds how often a batch is written again because another import
// wrote the same messages meanwhile, or because the answer of a commit was lost.
const tries = 5

// Import brings a dump into the forum. It reads r from its start, twice: once
// for the headers, which it keeps, and then each message where it has to be
// written, so that memory grows with the number of messages and not with what
// they say. It panics if cfg.Store is nil.
//
// What cannot be brought in is in the report, line by line, and is no error.
// With an error the report holds what was done until then; running again goes
// on from there.
func Import(ctx context.Context, cfg Config, r io.ReadSeeker) (Report, error) {
	const op = "mailinglist.Import"
	if cfg.Store == nil {
		panic("mailinglist: nil Store")
	}
	if cfg.Area.IsZero() {
		cfg.Area = auth.Commons
	}
	if cfg.Audience == 0 {
		cfg.Audience = auth.CommunityMembers
	}
	if cfg.Author == nil {
		cfg.Author = AuthorID
	}
	im := &run{cfg: cfg, dump: r, report: Report{Refused: []Line{}, Adjusted: []Line{}}}
	err := im.run(ctx)
	byLine := func(a, b Line) int { return a.Line - b.Line }
	slices.SortStableFunc(im.report.Refused, byLine)
	slices.SortStableFunc(im.report.Adjusted, byLine)
	if err != nil {
		return im.report, &storage.Error{Op: op, Err: err}
	}
	return im.report, nil
}

// run is one import under way.
type run struct {
	cfg    Config
	dump   io.ReadSeeker
	at     time.Time // of the message that is being written: the forum's clock
	owner  uuid.UUID // of the keys under which the board's messages are remembered
	tree   tree
	posts  []forum.Post // what each message became; zero: nothing, or not yet
	report Report
}

func (im *run) run(ctx context.Context) error {
	headers, refused, err := index(ctx, im.dump)
	im.report.Refused = append(im.report.Refused, refused...)
	if err != nil {
		return err
	}
	if len(headers) == 0 {
		return nil // not even a board
	}
	im.tree = link(headers)
	im.posts = make([]forum.Post, len(headers))
	if err := im.openBoard(ctx); err != nil {
		return err
	}
	done := 0
	for chunk := range slices.Chunk(im.tree.order, batch) {
		if err := im.write(ctx, chunk); err != nil {
			return err
		}
		if done += len(chunk); im.cfg.Progress != nil {
			im.cfg.Progress(done, len(headers))
		}
	}
	return im.compare(ctx)
}

// service returns the forum over s, in which it is always the time of the
// message that is being written.
func (im *run) service(s forum.Store) *forum.Service {
	return forum.New(forum.Config{
		Store: s, Auth: auth.AllowAll{}, KeepKeys: true,
		Clock: func() time.Time { return im.at },
	})
}

// openBoard finds the board, or opens it as old as the first message.
func (im *run) openBoard(ctx context.Context) error {
	im.at = im.tree.headers[im.tree.order[0]].date
	b, err := im.service(im.cfg.Store).OpenBoard(ctx, importer, forum.NewBoard{
		Key:  "mailinglist " + uuid.NewSHA1(space, []byte(im.cfg.Area.String()+im.cfg.Name)).String(),
		Area: im.cfg.Area, Audience: im.cfg.Audience, Name: im.cfg.Name,
	})
	if err != nil {
		return err
	}
	im.report.Board = b.ID
	id := b.ID.Bytes()
	im.owner = uuid.NewSHA1(space, id[:])
	return nil
}

// outcome is what became of one message.
type outcome struct {
	existing bool
	refused  string
	adjusted []string
}

// write brings in some messages: those that are not there, all or none.
func (im *run) write(ctx context.Context, chunk []int) error {
	var out []outcome
	var err error
	for range tries {
		out, err = im.try(ctx, chunk)
		if !errors.Is(err, storage.ErrExists) && !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrUnknown) {
			break
		}
	}
	if err != nil {
		return err
	}
	for k, i := range chunk {
		im.count(i, out[k])
	}
	return nil
}

func (im *run) try(ctx context.Context, chunk []int) ([]outcome, error) {
	out := make([]outcome, len(chunk))
	var missing []int // of chunk
	// Looking for what is there in the unit would lock its topics, and hold up
	// another import that is further on.
	look := writer{im, im.cfg.Store, im.service(im.cfg.Store)}
	for k, i := range chunk {
		post, known, err := look.known(ctx, im.tree.headers[i].key)
		if err != nil {
			return nil, err
		}
		im.posts[i], out[k].existing = post, known
		if !known {
			missing = append(missing, k)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	return out, im.cfg.Store.Atomic(ctx, func(ctx context.Context, tx forum.Store) error {
		for _, k := range missing {
			im.posts[chunk[k]] = forum.Post{} // of an earlier run of this function
		}
		w := writer{im, tx, im.service(tx)}
		for _, k := range missing {
			var err error
			if out[k], err = w.message(ctx, chunk[k]); err != nil {
				return err
			}
		}
		return nil
	})
}

// count takes what became of message i into the report.
func (im *run) count(i int, o outcome) {
	line := im.tree.headers[i].line
	if o.refused != "" {
		im.report.Refused = append(im.report.Refused, Line{line, o.refused})
		return
	}
	im.report.Messages++
	if o.existing {
		im.report.Existing++
	}
	if p := im.posts[i]; !p.Topic.IsZero() && p.Reply.IsZero() {
		im.report.Topics++
	}
	for _, what := range o.adjusted {
		im.report.Adjusted = append(im.report.Adjusted, Line{line, what})
	}
}
