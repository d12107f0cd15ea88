// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"time"
)

// pooled is a database whose units run beside each other, each on a connection
// of its own.
type pooled struct {
	p Pool
	x *texts
}

func (db pooled) close() {}

func (db pooled) read(ctx context.Context, list []Statement, _ bool) error {
	if len(list) == 1 {
		return translate(run(ctx, db.p, &list[0]))
	}
	list = append(append([]Statement{control(db.x.d.beginRead)}, list...), control("COMMIT"))
	if b, ok := db.p.(Batcher); ok {
		_, err := b.Batch(ctx, list)
		return translate(err)
	}
	conn, err := db.p.Conn(ctx)
	if err != nil {
		return translate(err)
	}
	_, err = runAll(ctx, conn, list)
	conn.Release(err != nil)
	return translate(err)
}

func (db pooled) apply(ctx context.Context, steps []step) error {
	if _, ok := db.p.(Batcher); ok || len(steps) == 1 {
		return applyAtOnce(ctx, db.p, db.x, steps)
	}
	return db.unit(ctx, func(u *unit) error { return u.each(ctx, db.x, steps) })
}

// rollbackTime bounds the wait for a rollback, which must be sent even when
// the caller's time is over.
const rollbackTime = 5 * time.Second

func (db pooled) unit(ctx context.Context, fn func(*unit) error) (err error) {
	conn, err := db.p.Conn(ctx)
	if err != nil {
		return translate(err)
	}
	u := &unit{h: conn, pending: []Statement{control(db.x.d.begin)}, levels: []int{0}}
	committed := false
	defer func() { // also when fn panics
		u.done = true
		broken := false
		if u.began && !committed {
			ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
			_, rerr := conn.Exec(ctx, "ROLLBACK")
			stop()
			broken = rerr != nil
		}
		conn.Release(broken)
	}()
	if err := u.finish(ctx, fn(u)); err != nil || !u.began {
		return err
	}
	if _, err := conn.Exec(ctx, "COMMIT"); err != nil {
		return commitError(err)
	}
	committed = true
	return nil
}
