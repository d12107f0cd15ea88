// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/copis-it/copis/storage"
)

// unit is a transaction with the savepoints that are open in it.
type unit struct {
	h       Handle
	joined  bool        // the transaction is the host's
	steady  bool        // statements are not interrupted: SQLite would undo the whole transaction, others' work in it included
	began   bool        // something was sent
	pending []Statement // go with the next statement: BEGIN, SAVEPOINT and RELEASE need no answer
	sent    int         // how often something was
	err     error       // what broke the transaction, so that it must not be committed

	done   bool
	levels []int // the savepoints that are open, the unit itself first
	last   int   // the latest level
}

func control(query string) Statement { return Statement{Query: query} }

// at says whether a store of some level may be used now.
func (u *unit) at(level int) error {
	switch {
	case u.done || !slices.Contains(u.levels, level):
		return storage.ErrTxDone
	case level != u.levels[len(u.levels)-1]:
		return storage.ErrNested
	}
	return nil
}

// send runs statements with what is pending before them, and returns how many
// of them were done: less than none if what was pending failed.
func (u *unit) send(ctx context.Context, list []Statement) (done int, err error) {
	if u.err != nil {
		return 0, u.err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	done, err = u.post(ctx, list)
	if err != nil && !u.joined {
		u.err = err
	}
	return done, err
}

func (u *unit) post(ctx context.Context, list []Statement) (done int, err error) {
	if u.steady {
		ctx = context.WithoutCancel(ctx)
	}
	u.began = true
	u.sent++
	before := len(u.pending)
	if before == 0 {
		done, err = runAll(ctx, u.h, list)
		return done, translate(err)
	}
	all := append(u.pending, list...)
	u.pending = nil
	done, err = runAll(ctx, u.h, all)
	copy(list, all[before:]) // the counts
	return done - before, translate(err)
}

// nested runs fn in a savepoint.
func (u *unit) nested(ctx context.Context, fn func(level int) error) (err error) {
	u.last++
	level := u.last
	name := "copis_" + strconv.Itoa(len(u.levels))
	before, sent := len(u.pending), u.sent
	u.pending = append(u.pending, control("SAVEPOINT "+name))
	u.levels = append(u.levels, level)
	ok := false
	defer func() { // also when fn panics
		u.levels = u.levels[:len(u.levels)-1]
		if u.sent == sent {
			u.pending = u.pending[:before] // nothing was done
			return
		}
		if ok {
			u.pending = append(u.pending, control("RELEASE SAVEPOINT "+name))
			if u.joined { // the host's next statement does not come through here
				_, err = u.send(context.WithoutCancel(ctx), nil)
			}
			return
		}
		u.pending = nil // of savepoints that are undone
		if uerr := u.undo(ctx, name); uerr != nil {
			err = errors.Join(err, uerr)
		}
	}()
	if err = fn(level); err == nil {
		err = ctx.Err()
	}
	ok = err == nil && u.err == nil
	if err == nil {
		err = u.err
	}
	return err
}

// undo goes back to a savepoint and mends what broke since.
func (u *unit) undo(ctx context.Context, savepoint string) error {
	// One by one: a broken transaction takes nothing else before it is mended.
	_, err := u.post(context.WithoutCancel(ctx), []Statement{control("ROLLBACK TO SAVEPOINT " + savepoint)})
	if err == nil {
		_, err = u.post(context.WithoutCancel(ctx), []Statement{control("RELEASE SAVEPOINT " + savepoint)})
	}
	switch {
	case err != nil && u.err == nil && !u.joined:
		u.err = err
	case err == nil && !errors.Is(u.err, storage.ErrRetry):
		u.err = nil
	}
	return err
}

// finish returns the error of a unit whose fn has returned err: nil means that
// it is to be committed.
func (u *unit) finish(ctx context.Context, err error) error {
	switch {
	case u.err != nil && (err == nil || errors.Is(u.err, storage.ErrRetry)):
		return u.err // which fn may have passed over
	case err == nil:
		return ctx.Err()
	}
	return err
}
