// SPDX-License-Identifier: BSD-3-Clause

package community

import (
	"context"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Erase empties a person out of every tool, and out of events and keys, and
// ends what they sign in with. It may be run again after it was cut off. The
// host decides who may ask for it. It is [membership.ErrLast], and nothing is
// done, for the last active coordinator.
func (c *Community) Erase(ctx context.Context, user auth.UserID, mode auth.EraseMode) error {
	var mailboxes [][16]byte
	if c.mailboxes != nil {
		var err error
		if mailboxes, err = c.mailboxes(ctx, user); err != nil {
			return err
		}
	}
	for _, erase := range []func() error{
		func() error { return c.Membership.Erase(ctx, user, mailboxes) }, // says first whether it may be
		func() error {
			if c.Accounts == nil {
				return c.Sessions.Erase(ctx, user)
			}
			return c.Accounts.Erase(ctx, user) // and the sessions with it
		},
		func() error { return c.Forum.Erase(ctx, user, mode) },
		func() error { return c.QA.Erase(ctx, user, mode) },
		func() error { return c.Wiki.Erase(ctx, user, mode) },
		func() error {
			if err := c.cfg.Store.Apply(ctx, storage.EraseUser{User: user.Bytes()}); err != nil {
				return &storage.Error{Op: "community.Erase", Err: err}
			}
			return nil
		},
	} {
		if err := erase(); err != nil {
			return err
		}
	}
	return nil
}
