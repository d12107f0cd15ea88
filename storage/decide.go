// SPDX-License-Identifier: BSD-3-Clause

package storage

import (
	"context"
	"errors"
)

// tries bounds how often a decision is taken again because what it rested on
// moved meanwhile.
const tries = 8

// Decide runs fn, which looks, decides, and writes what it decided with one
// Apply, again for as long as somebody changed what it had looked at: while it
// returns an ErrConflict that is no [*Conflict], which is for a person to
// resolve. It gives up after eight times, and when ctx ends.
func Decide(ctx context.Context, fn func() error) error {
	var err error
	for range tries {
		if err = fn(); !errors.Is(err, ErrConflict) {
			return err
		}
		var shown *Conflict
		if errors.As(err, &shown) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// Refuse wraps what went wrong in a call of a service about an object, which
// may be empty. An object out of reach and one that never was give the same
// error, byte for byte: of an ErrNotFound nothing else is kept.
func Refuse(op, object string, err error) error {
	if errors.Is(err, ErrNotFound) {
		err = ErrNotFound
	}
	return &Error{Op: op, Object: object, Err: err}
}
