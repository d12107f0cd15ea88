// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"time"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/google/uuid"
)

// forumState is what the forum keeps. Rows are never changed once put, so
// several trees may hold the same one.
type forumState struct {
	boards   tree[id, *forum.Board]
	boardsIn tree[pair, *forum.Board] // by area and id

	topics tree[id, *talk]
	lists  [2]lists // of topics that are visible, and of those removed

	replies   tree[id, *forum.Reply]
	held      tree[aged[id], post]          // posts that wait for a moderator
	revisions tree[ofPost, *forum.Revision] // by number
	mentions  tree[ofPost, struct{}]        // by who is mentioned

	marks   tree[pair, *forum.Mark] // by user and topic
	marksOn tree[pair, struct{}]    // by topic and user
	readAll tree[id, time.Time]

	reactions tree[byUser, time.Time]
	reactedBy tree[ofPost, struct{}]
	drafts    tree[named, *forum.Draft]

	// Every post that names a person in one of its rows, and some that did
	// once: whoever reads looks whether it still does.
	naming tree[placed, struct{}]
}

// talk is a topic with its replies.
type talk struct {
	topic   *forum.Topic
	thread  tree[path, *forum.Reply]
	arrived tree[newest, *forum.Reply]
}

// forumStore is a [forum.Store] on a Store.
type forumStore struct{ s Store }

var _ forum.Store = (*forumStore)(nil)

// Atomic implements [forum.Store].
func (f *forumStore) Atomic(ctx context.Context, fn func(context.Context, forum.Store) error) error {
	return f.s.atomic(ctx, func(ctx context.Context, tx Store) error { return fn(ctx, &forumStore{tx}) })
}

// Apply implements [storage.Writer].
func (f *forumStore) Apply(ctx context.Context, changes ...storage.Change) error {
	return f.s.Apply(ctx, changes...)
}

// Done implements [storage.Writer].
func (f *forumStore) Done(ctx context.Context, owner uuid.UUID, key string) (uuid.UUID, error) {
	return f.s.Done(ctx, owner, key)
}

// InsertReply implements [forum.Store].
func (f *forumStore) InsertReply(ctx context.Context, r forum.Reply, parent forum.Path, seen int, with ...storage.Change) (out forum.Reply, err error) {
	const op = "forum.InsertReply"
	err = f.s.write(ctx, op, func(st *state) error {
		if err = checkReply(r); err == nil {
			out, err = st.insertReply(r, parent, seen)
		}
		if err != nil {
			return failed(op, err)
		}
		return st.apply(with)
	})
	if err != nil {
		return forum.Reply{}, err
	}
	return out, nil
}

func (st *state) applyForum(c storage.Change) (known bool, err error) {
	switch c := c.(type) {
	case forum.InsertBoard:
		err = st.insertBoard(c.Board)
	case forum.UpdateBoard:
		err = st.updateBoard(c.Board)
	case forum.BoardAt:
		err = st.boardAt(c)
	case forum.TopicAt:
		if k, ok := st.topics.get(idOf(c.Topic)); !ok {
			err = storage.ErrNotFound
		} else if k.topic.Version != c.Version {
			err = storage.ErrConflict
		}
	case forum.ThreadAt:
		if k, ok := st.topics.get(idOf(c.Topic)); !ok {
			err = storage.ErrNotFound
		} else if t := k.topic; t.Version != c.Version || t.Seq != c.Seq || t.Replies != c.Replies {
			err = storage.ErrConflict
		}
	case forum.ReplyAt:
		if r, ok := st.replies.get(idOf(c.Reply)); !ok {
			err = storage.ErrNotFound
		} else if r.Version != c.Version {
			err = storage.ErrConflict
		}
	case forum.InsertTopic:
		err = st.insertTopic(c.Topic)
	case forum.UpdateTopic:
		err = st.updateTopic(c.Topic)
	case forum.UpdateReply:
		err = st.updateReply(c.Reply)
	case forum.PlaceReply:
		err = st.placeReply(c)
	case forum.Recount:
		err = st.recount(c.Topic)
	case forum.MovePost:
		err = st.movePost(c.From, c.To)
	case forum.InsertRevision:
		err = st.insertRevision(c.Revision)
	case forum.DeleteRevisions:
		st.deleteRevisions(c.Post)
	case forum.ReadTo:
		err = st.setMark(c.User, c.Topic, func(m *forum.Mark) error {
			m.Opened, m.Read = true, max(m.Read, c.Seq)
			return nil
		})
	case forum.MarkAllRead:
		st.markAllRead(c)
	case forum.SetFollow:
		err = st.setMark(c.User, c.Topic, func(m *forum.Mark) error {
			follow(m, c.Follow, c.Reason)
			return nil
		})
	case forum.Wrote:
		err = st.setMark(c.User, c.Topic, func(m *forum.Mark) error { return wrote(m, c) })
	case forum.DropMark:
		st.dropMark(idOf(c.User), idOf(c.Topic))
	case forum.MoveMarks:
		err = st.moveMarks(c.From, c.To)
	case forum.SetMentions:
		err = st.setMentions(c.Post, c.Users)
	case forum.InsertReaction:
		err = st.insertReaction(c)
	case forum.DeleteReaction:
		err = st.deleteReaction(c.Post, c.User)
	case forum.DeleteReactions:
		st.deleteReactions(c.Post)
	case forum.PutDraft:
		err = st.putDraft(c.Draft, c.Most)
	case forum.DeleteDraft:
		st.drafts.drop(st.era, named{idOf(c.User), c.Place})
	case forum.EraseUser:
		st.eraseFromForum(c.User)
	default:
		return false, nil
	}
	return true, err
}

// read runs fn on a state that does not change meanwhile.
func read[T any](ctx context.Context, s Store, op string, fn func(*state) (T, error)) (T, error) {
	var none T
	st, err := s.enter(ctx)
	if err != nil {
		return none, failed(op, err)
	}
	defer s.leave()
	v, err := fn(st)
	if err != nil {
		return none, failed(op, err)
	}
	return v, nil
}

// row returns a copy of what a tree holds, or ErrNotFound.
func row[K key[K], V any](t tree[K, *V], k K) (V, error) {
	if v, ok := t.get(k); ok {
		return *v, nil
	}
	var none V
	return none, storage.ErrNotFound
}
