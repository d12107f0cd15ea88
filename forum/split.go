// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Split takes replies out of a topic, each with all that is below it, into a
// new topic that a moderator opens for them.
type Split struct {
	Topic   TopicID
	Version int // of the topic that was shown
	Replies []ReplyID
	Board   BoardID // of the same area; default: the topic's
	Title   string
	Body    string // the moderator's opening words
}

// Split makes the new topic. Replies keep their ids, so permalinks survive,
// and their authors follow it. It is promised to no wider an audience than the
// one they were taken from, and than what the board promises now.
func (s *Service) Split(ctx context.Context, who auth.Actor, in Split) (Topic, error) {
	const op = "forum.Split"
	s, err := s.enter(ctx, op, "topic "+in.Topic.String(), who, Moderate)
	if err != nil {
		return Topic{}, err
	}
	t, err := s.split(ctx, who, in)
	if err != nil {
		return Topic{}, storage.Refuse(op, "topic "+in.Topic.String(), err)
	}
	return t, nil
}

func (s *Service) split(ctx context.Context, who auth.Actor, in Split) (t Topic, err error) {
	if in.Title, err = storage.Line("title", in.Title, s.cfg.MaxTitle); err != nil {
		return Topic{}, err
	}
	if in.Body, err = storage.Text("body", in.Body, s.cfg.MaxBody); err != nil {
		return Topic{}, err
	}
	switch n := len(in.Replies); {
	case n == 0:
		return Topic{}, &storage.Invalid{Field: "replies", Code: storage.CodeMissing}
	case n > MaxSplit:
		return Topic{}, &storage.Invalid{Field: "replies", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxSplit}}
	}
	err = storage.Decide(ctx, func() error {
		pl, err := s.moderated(ctx, who, in.Topic)
		if err != nil {
			return err
		}
		if pl.Topic.Version != in.Version {
			return &storage.Conflict{Base: in.Version, Current: pl.Topic}
		}
		b := pl.Board
		if !in.Board.IsZero() {
			if b, err = s.destination(ctx, who, in.Board); err != nil {
				return err
			}
			if b.Area != pl.Topic.Area {
				return &storage.Invalid{Field: "board", Code: CodeArea}
			}
		}
		if err := b.takes(Moderate); err != nil {
			return err
		}
		promise, err := s.most(ctx, b.Promise)
		if err != nil {
			return err
		}
		now := s.cfg.Clock.Now()
		t = Topic{
			ID: storage.NewID[Topic](), Board: b.ID, Area: b.Area, Audience: min(pl.Topic.Audience, promise), By: who.By(),
			Title: in.Title, CreatedAt: now, Text: TextState{Revision: 1},
			CloseAfter: b.CloseAfter, SlowMode: b.SlowMode, Version: 1, ActiveAt: now, LastBy: who.By(),
		}
		body, mentioned, told, err := s.address(ctx, t, in.Body)
		if err != nil {
			return err
		}
		t.Body = body
		taken, err := subtrees(ctx, s.cfg.Store, in.Topic, in.Replies)
		if err != nil {
			return err
		}
		authors, err := s.mentionable(ctx, t, authorsOf(taken))
		if err != nil {
			return err
		}
		changes := []storage.Change{BoardAt{b.ID, b.Version}, UpdateTopic{pl.Topic}, InsertTopic{t}}
		changes = append(changes, wroteIt(who, t.ID, now, time.Time{}, Author)...)
		changes = append(changes, mentions(Post{Topic: t.ID}, mentioned, told)...)
		changes = append(changes, transplant(taken, t.ID, Reply{}, 0)...)
		for _, id := range authors {
			changes = append(changes, SetFollow{User: id, Topic: t.ID, Follow: Following, Reason: Replied})
		}
		changes = append(changes, Recount{in.Topic}, Recount{t.ID}, s.event(EventSplit, now, t.scope(),
			Event{By: t.By, Board: b.ID, Topic: t.ID, From: in.Topic, Mentions: told}))
		return s.cfg.Store.Atomic(ctx, func(ctx context.Context, tx Store) error {
			src, err := tx.Topic(ctx, in.Topic)
			if err != nil {
				return err
			}
			if src.Version != pl.Topic.Version || src.Seq != pl.Topic.Seq {
				return storage.ErrConflict // somebody answered meanwhile, perhaps what is taken
			}
			if err := tx.Apply(ctx, changes...); err != nil {
				return err
			}
			t, err = tx.Topic(ctx, t.ID)
			return err
		})
	})
	return t, err
}

// subtrees returns replies of a topic with all that is below them, in thread
// order, each once.
func subtrees(ctx context.Context, from Store, topic TopicID, ids []ReplyID) ([]Reply, error) {
	all, err := from.Subtree(ctx, topic, "")
	if err != nil {
		return nil, err
	}
	wanted := map[ReplyID]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	if wanted[ReplyID{}] {
		return nil, storage.ErrNotFound
	}
	found := 0
	var taken []Reply
	for _, r := range all { // parents come before what is below them
		if wanted[r.ID] {
			found++
		}
		if wanted[r.ID] || wanted[r.Parent] {
			if !wanted[r.ID] {
				wanted[r.ID] = true
				found++
			}
			taken = append(taken, r)
		}
	}
	if found < len(wanted) {
		return nil, storage.ErrNotFound
	}
	return taken, nil
}

// authorsOf returns who wrote the replies, each once.
func authorsOf(replies []Reply) []auth.UserID {
	var out []auth.UserID
	seen := map[auth.UserID]bool{{}: true}
	for _, r := range replies {
		if !seen[r.By.User] {
			seen[r.By.User] = true
			out = append(out, r.By.User)
		}
	}
	return out
}

// transplant moves replies, given in thread order, into a topic whose last
// number is seq, below one of its replies (zero: its first post). Their order
// of arrival stays.
func transplant(taken []Reply, to TopicID, below Reply, seq int) []storage.Change {
	arrived := slices.SortedFunc(slices.Values(taken), func(a, b Reply) int { return a.Seq - b.Seq })
	number := make(map[ReplyID]int, len(taken))
	for i, r := range arrived {
		number[r.ID] = seq + i + 1
	}
	placed := make(map[ReplyID]Reply, len(taken))
	changes := make([]storage.Change, 0, len(taken))
	for _, r := range taken {
		parent, ok := placed[r.Parent]
		if !ok {
			parent = below
		}
		r.Parent, r.Depth, r.Seq = parent.ID, parent.Depth+1, number[r.ID]
		r.Path = parent.Path.Below(r.Seq)
		placed[r.ID] = r
		changes = append(changes, PlaceReply{ID: r.ID, Topic: to, Parent: r.Parent, Depth: r.Depth, Path: r.Path, Seq: r.Seq})
	}
	return changes
}

// Merge puts a topic into another: its first post becomes a reply there, with
// its replies below it; its title stays in the reply's last revision.
// Permalinks to all of them survive ([Service.Find]). Whoever reads the other
// must have been among those the first was promised to (otherwise Invalid:
// "into" promise). Those who followed the first follow the other, if they may
// read it. On an archived board nothing is merged into a topic ([ErrLocked]).
func (s *Service) Merge(ctx context.Context, who auth.Actor, from, into TopicID) error {
	s, err := s.enter(ctx, "forum.Merge", "topic "+from.String(), who, Moderate)
	if err != nil {
		return err
	}
	err = storage.Decide(ctx, func() error {
		if from == into {
			return &storage.Invalid{Field: "into", Code: CodeCycle}
		}
		src, err := s.moderated(ctx, who, from)
		if err != nil {
			return err
		}
		dst, err := s.moderated(ctx, who, into)
		if err != nil {
			return auth.Unknown("into", err)
		}
		if !within(dst.Topic.scope(), src.Topic.scope()) {
			return &storage.Invalid{Field: "into", Code: CodePromise}
		}
		if err := cmp.Or(src.gone(), dst.gone()); err != nil {
			return err
		}
		if dst.Board.Archived {
			return ErrLocked
		}
		may, err := s.readers(ctx, from, dst.Topic.scope())
		if err != nil {
			return err
		}
		return s.cfg.Store.Atomic(ctx, func(ctx context.Context, tx Store) error {
			return s.merge(ctx, tx, who, src.Topic, dst.Topic, may)
		})
	})
	if err != nil {
		return storage.Refuse("forum.Merge", "topic "+from.String(), err)
	}
	return nil
}

// merge is Merge in a unit that takes both topics' locks. What it writes is
// refused if they are no longer as they were seen.
func (s *Service) merge(ctx context.Context, tx Store, who auth.Actor, from, into Topic, may readers) error {
	for _, id := range slices.SortedFunc(slices.Values([]TopicID{from.ID, into.ID}), TopicID.Compare) {
		if _, err := tx.Topic(ctx, id); err != nil {
			return err
		}
	}
	changes, err := may.lost(ctx, tx, from.ID)
	if err != nil {
		return err
	}
	replies, err := tx.Subtree(ctx, from.ID, "")
	if err != nil {
		return err
	}
	titled, text := Place{Topic: from}.text(), from.Text
	text.Revision++
	first, err := tx.InsertReply(ctx, Reply{
		ID: asReply(from.ID), Topic: into.ID, Depth: 1, By: from.By, Body: from.Body, CreatedAt: from.CreatedAt, Text: text,
		Version: from.Version, // an edit begun before is still one of the text that it began from
	}, "", into.Version)
	if err != nil {
		return err
	}
	now := s.cfg.Clock.Now()
	husk := from
	husk.MergedInto, husk.Title, husk.Body = into.ID, "", ""
	changes = append(changes, InsertRevision{titled}, MovePost{Post{Topic: from.ID}, Post{into.ID, first.ID}})
	changes = append(changes, transplant(replies, into.ID, first, first.Seq)...)
	changes = append(changes, MoveMarks{from.ID, into.ID}, UpdateTopic{husk}, UpdateTopic{into}, Recount{into.ID}, Recount{from.ID},
		s.event(EventMerged, now, into.scope(), Event{By: who.By(), Board: into.Board, Topic: into.ID, From: from.ID}))
	return tx.Apply(ctx, changes...)
}
