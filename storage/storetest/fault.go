// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// A fault is what goes wrong at the n-th call that is made to a store, counted
// over all its units; the end of each outermost unit counts as one, too.
type fault struct {
	at    int
	calls int
	fail  func(ctx context.Context) error // what the call comes to; nil: it goes on
}

// next counts a call, and says what becomes of it.
func (f *fault) next(ctx context.Context) error {
	if f.calls++; f.calls == f.at {
		return f.fail(ctx)
	}
	return nil
}

// faulty is a forum's store with a fault. It embeds nothing, so that a method
// that is new cannot pass by.
type faulty struct {
	s forum.Store
	f *fault
}

var _ forum.Store = faulty{}

// asked is a call that returns a value.
func asked[V any](ctx context.Context, x faulty, call func() (V, error)) (V, error) {
	if err := x.f.next(ctx); err != nil {
		return *new(V), err
	}
	return call()
}

func (x faulty) Atomic(ctx context.Context, fn func(context.Context, forum.Store) error) error {
	if err := x.f.next(ctx); err != nil {
		return err
	}
	return x.s.Atomic(ctx, func(ctx context.Context, tx forum.Store) error {
		if err := fn(ctx, faulty{tx, x.f}); err != nil {
			return err
		}
		return x.f.next(ctx) // the commit
	})
}

func (x faulty) Apply(ctx context.Context, changes ...storage.Change) error {
	if err := x.f.next(ctx); err != nil {
		return err
	}
	return x.s.Apply(ctx, changes...)
}

func (x faulty) Done(ctx context.Context, owner uuid.UUID, key string) (uuid.UUID, error) {
	return asked(ctx, x, func() (uuid.UUID, error) { return x.s.Done(ctx, owner, key) })
}

func (x faulty) InsertReply(ctx context.Context, r forum.Reply, parent forum.Path, seen int, with ...storage.Change) (forum.Reply, error) {
	return asked(ctx, x, func() (forum.Reply, error) { return x.s.InsertReply(ctx, r, parent, seen, with...) })
}

func (x faulty) Board(ctx context.Context, id forum.BoardID) (forum.Board, error) {
	return asked(ctx, x, func() (forum.Board, error) { return x.s.Board(ctx, id) })
}

func (x faulty) Boards(ctx context.Context, q forum.BoardQuery) ([]forum.BoardListed, error) {
	return asked(ctx, x, func() ([]forum.BoardListed, error) { return x.s.Boards(ctx, q) })
}

func (x faulty) Topic(ctx context.Context, id forum.TopicID) (forum.Topic, error) {
	return asked(ctx, x, func() (forum.Topic, error) { return x.s.Topic(ctx, id) })
}

func (x faulty) Topics(ctx context.Context, q forum.TopicQuery) (storage.Page[forum.Listed], error) {
	return asked(ctx, x, func() (storage.Page[forum.Listed], error) { return x.s.Topics(ctx, q) })
}

func (x faulty) Reply(ctx context.Context, id forum.ReplyID) (forum.Reply, error) {
	return asked(ctx, x, func() (forum.Reply, error) { return x.s.Reply(ctx, id) })
}

func (x faulty) Thread(ctx context.Context, q forum.ThreadQuery) (forum.Thread, error) {
	return asked(ctx, x, func() (forum.Thread, error) { return x.s.Thread(ctx, q) })
}

func (x faulty) Place(ctx context.Context, q forum.PlaceQuery) (forum.Place, error) {
	return asked(ctx, x, func() (forum.Place, error) { return x.s.Place(ctx, q) })
}

func (x faulty) Held(ctx context.Context, q forum.HeldQuery) (storage.Page[forum.Place], error) {
	return asked(ctx, x, func() (storage.Page[forum.Place], error) { return x.s.Held(ctx, q) })
}

func (x faulty) Subtree(ctx context.Context, topic forum.TopicID, at forum.Path) ([]forum.Reply, error) {
	return asked(ctx, x, func() ([]forum.Reply, error) { return x.s.Subtree(ctx, topic, at) })
}

func (x faulty) Revisions(ctx context.Context, p forum.Post) ([]forum.Revision, error) {
	return asked(ctx, x, func() ([]forum.Revision, error) { return x.s.Revisions(ctx, p) })
}

func (x faulty) Followers(ctx context.Context, t forum.TopicID, after storage.Cursor) (storage.Page[forum.Mark], error) {
	return asked(ctx, x, func() (storage.Page[forum.Mark], error) { return x.s.Followers(ctx, t, after) })
}

func (x faulty) ReadAll(ctx context.Context, user auth.UserID) (time.Time, error) {
	return asked(ctx, x, func() (time.Time, error) { return x.s.ReadAll(ctx, user) })
}

func (x faulty) Draft(ctx context.Context, user auth.UserID, place string) (forum.Draft, error) {
	return asked(ctx, x, func() (forum.Draft, error) { return x.s.Draft(ctx, user, place) })
}

func (x faulty) Drafts(ctx context.Context, user auth.UserID) ([]forum.Draft, error) {
	return asked(ctx, x, func() ([]forum.Draft, error) { return x.s.Drafts(ctx, user) })
}

func (x faulty) Reactions(ctx context.Context, user auth.UserID) ([]forum.Post, error) {
	return asked(ctx, x, func() ([]forum.Post, error) { return x.s.Reactions(ctx, user) })
}

func (x faulty) Marks(ctx context.Context, user auth.UserID) ([]forum.Mark, error) {
	return asked(ctx, x, func() ([]forum.Mark, error) { return x.s.Marks(ctx, user) })
}

func (x faulty) Written(ctx context.Context, q forum.WrittenQuery) (storage.Page[forum.Written], error) {
	return asked(ctx, x, func() (storage.Page[forum.Written], error) { return x.s.Written(ctx, q) })
}
