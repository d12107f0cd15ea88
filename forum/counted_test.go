// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"context"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// counted is a store that notes what is written to it, also in its units, and
// refuses what refuse says.
type counted struct {
	forum.Store
	changes []string
	refuse  func(changes []storage.Change) error
}

func (c *counted) note(changes []storage.Change) error {
	for _, ch := range changes {
		c.changes = append(c.changes, ch.Change())
	}
	if c.refuse != nil {
		return c.refuse(changes)
	}
	return nil
}

func (c *counted) Apply(ctx context.Context, changes ...storage.Change) error {
	if err := c.note(changes); err != nil {
		return err
	}
	return c.Store.Apply(ctx, changes...)
}

func (c *counted) InsertReply(ctx context.Context, r forum.Reply, parent forum.Path, seen int, with ...storage.Change) (forum.Reply, error) {
	if err := c.note(with); err != nil {
		return forum.Reply{}, err
	}
	return c.Store.InsertReply(ctx, r, parent, seen, with...)
}

func (c *counted) Atomic(ctx context.Context, fn func(context.Context, forum.Store) error) error {
	return c.Store.Atomic(ctx, func(ctx context.Context, tx forum.Store) error {
		inner := &counted{Store: tx, refuse: c.refuse}
		err := fn(ctx, inner)
		c.changes = append(c.changes, inner.changes...)
		return err
	})
}
