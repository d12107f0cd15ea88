// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"

	"github.com/google/uuid"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// forumStore is a [forum.Store] on a Store.
type forumStore struct{ s Store }

var _ forum.Store = forumStore{}

// Atomic implements [forum.Store].
func (f forumStore) Atomic(ctx context.Context, fn func(context.Context, forum.Store) error) error {
	return f.s.atomic(ctx, func(ctx context.Context, tx Store) error { return fn(ctx, forumStore{tx}) })
}

// Apply implements [storage.Writer].
func (f forumStore) Apply(ctx context.Context, changes ...storage.Change) error {
	return f.s.Apply(ctx, changes...)
}

// Done implements [storage.Writer].
func (f forumStore) Done(ctx context.Context, owner uuid.UUID, key string) (uuid.UUID, error) {
	return f.s.Done(ctx, owner, key)
}

// forumSteps are the forum's changes.
func forumSteps(steps []step, c storage.Change) ([]step, bool) {
	switch c := c.(type) {
	case forum.InsertBoard:
		return append(steps, do(&insertBoard, boardValues(&c.Board)...)), true
	case forum.UpdateBoard:
		return append(steps, do(&updateBoard, boardValues(&c.Board)[:len(boardColumns)-1]...)), true
	case forum.BoardAt:
		return append(steps, do(&boardAt, c.Board, c.Version)), true
	case forum.TopicAt:
		return append(steps, do(&topicAt, c.Topic, c.Version)), true
	case forum.ThreadAt:
		return append(steps, do(&threadAt, c.Topic, c.Version, c.Seq, c.Replies)), true
	case forum.ReplyAt:
		return append(steps, do(&replyAt, c.Reply, c.Version)), true
	case forum.InsertTopic:
		return append(steps, do(&insertTopic, append(topicValues(&c.Topic), topicCounters(&c.Topic)...)...)), true
	case forum.UpdateTopic:
		return append(steps, do(&updateTopic, topicValues(&c.Topic)...)), true
	case forum.Recount:
		return append(steps, do(&recount, c.Topic)), true
	case forum.UpdateReply:
		return append(steps, do(&updateReply, replyValues(&c.Reply)...)), true
	case forum.PlaceReply:
		return append(steps, do(&placeReply, c.ID, c.Parent, c.Topic, c.Path, c.Seq, c.Depth)), true
	}
	if steps, known := postSteps(steps, c); known {
		return steps, true
	}
	return personSteps(steps, c)
}
