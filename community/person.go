// SPDX-License-Identifier: BSD-3-Clause

package community

import (
	"context"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// Erase empties a person out of every tool, and out of events and keys. It may
// be run again after it was cut off. The host ends the person's account first,
// and decides who may ask for it.
func (c *Community) Erase(ctx context.Context, user auth.UserID, mode forum.EraseMode) error {
	if err := c.Forum.Erase(ctx, user, mode); err != nil {
		return err
	}
	if err := c.cfg.Store.Apply(ctx, storage.EraseUser{User: user.Bytes()}); err != nil {
		return &storage.Error{Op: "community.Erase", Err: err}
	}
	return nil
}
