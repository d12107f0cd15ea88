// SPDX-License-Identifier: BSD-3-Clause

package mailinglist

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// writer is an import at work in a store, usually in a unit of work.
type writer struct {
	*run
	store forum.Store
	forum *forum.Service
}

// message brings in message i, which is not there, or ErrExists if it is by now.
//
// Messages are remembered under a key of the board and not of their author,
// in the unit that writes them: so the parent of a message of another dump is
// found whoever wrote it, and the erasure of a person, which drops the
// person's keys, does not let the next import bring the words back.
func (w *writer) message(ctx context.Context, i int) (outcome, error) {
	h := w.tree.headers[i]
	m, err := readMessage(w.dump, h)
	if err != nil {
		if errors.Is(err, storage.ErrInvalid) { // the file changed since its headers were read
			return outcome{refused: reason(err)}, nil
		}
		return outcome{}, err
	}
	at, parent, err := w.place(ctx, i)
	if err != nil {
		return outcome{}, err
	}
	retitled := parent >= 0 && h.subject != uuid.Nil && w.tree.headers[parent].subject != h.subject
	text := clean(m, retitled)
	w.at = h.date
	who := auth.Actor{User: w.cfg.Author(text.author)}
	var post forum.Post
	var made uuid.UUID
	if at.Topic.IsZero() {
		var t forum.Topic
		t, err = w.forum.StartTopic(ctx, who, forum.NewTopic{Board: w.report.Board, Title: text.title, Body: text.body})
		post, made = forum.Post{Topic: t.ID}, t.ID.Bytes()
	} else {
		var r forum.Reply
		r, err = w.forum.Reply(ctx, who, forum.NewReply{Topic: at.Topic, Parent: at.Reply, Body: text.body})
		post, made = forum.Post{Topic: at.Topic, Reply: r.ID}, r.ID.Bytes()
	}
	if refused(err) {
		return outcome{refused: reason(err)}, nil
	}
	if err != nil {
		return outcome{}, err
	}
	w.posts[i] = post
	return outcome{adjusted: text.adjusted},
		w.store.Apply(ctx, storage.Once{Owner: w.owner, Key: h.key.String(), Object: made, At: h.date, Keep: true})
}

// place returns the post that message i answers, the zero one if it starts a
// topic; parent is the message that became that post, -1 if it is not in this
// dump. Where an ancestor was refused, the message answers that one's.
func (w *writer) place(ctx context.Context, i int) (at forum.Post, parent int, err error) {
	for ; i >= 0; i = w.tree.parent[i] {
		for _, key := range w.tree.headers[i].refs {
			j, here := w.tree.byKey[key]
			if here {
				if !w.posts[j].Topic.IsZero() {
					return w.posts[j], j, nil
				}
				continue
			}
			if at, _, err = w.known(ctx, key); err != nil || !at.Topic.IsZero() {
				return at, -1, err
			}
		}
	}
	return forum.Post{}, -1, nil
}

// known returns what the message with a key has become. The post is zero, and
// known nevertheless, if it is gone.
func (w *writer) known(ctx context.Context, key uuid.UUID) (at forum.Post, known bool, err error) {
	made, err := w.store.Done(ctx, w.owner, key.String())
	if errors.Is(err, storage.ErrNotFound) {
		return forum.Post{}, false, nil
	}
	if err != nil {
		return forum.Post{}, false, err
	}
	found, err := w.forum.FindReply(ctx, importer, storage.MakeID[forum.Reply](made))
	if errors.Is(err, storage.ErrNotFound) {
		found, err = w.forum.Find(ctx, importer, forum.Post{Topic: storage.MakeID[forum.Topic](made)})
	}
	if errors.Is(err, storage.ErrNotFound) {
		return forum.Post{}, true, nil
	}
	return found.Post, true, err
}

// refused reports whether the forum did not want a message, rather than could
// not take it now.
func refused(err error) bool {
	for _, target := range []error{
		storage.ErrInvalid, storage.ErrNotFound, auth.ErrDenied, auth.ErrLimited,
		forum.ErrLocked, forum.ErrRemoved,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// reason returns what an error says about its object, without the operation.
func reason(err error) string {
	for {
		var e *storage.Error
		if !errors.As(err, &e) {
			return err.Error()
		}
		err = e.Err
	}
}
