// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// lite is a SQLite database: one writer at a time, and readers beside it.
//
// Writers wait in line. What an Apply writes depends on nobody's code, so
// whoever finishes while an Apply is next gives it the open transaction
// instead of committing: each writes in a savepoint of its own, the last one
// commits for all, and none returns before that. Units that run a caller's
// function never join an open transaction, so that nobody's write waits for
// the end of somebody else's code.
type lite struct {
	db      *sql.DB
	x       *texts
	readers chan *keptConn // nil: to be opened

	mu      sync.Mutex
	taken   bool // somebody has the turn
	waiting []*waiter

	// Of whoever has the turn.
	writer   *keptConn     // nil: to be opened
	patience time.Duration // how long the host's connections wait for what others have locked
}

// waiter is a writer in line. It is given the turn, and the group whose
// transaction is open, or a new one.
type waiter struct {
	brief bool // it runs nobody's code
	turn  chan *group
}

// group is the writes that one commit is for. It belongs to whoever has the
// turn until it is done.
type group struct {
	open   bool // the transaction has begun
	writes int
	err    error         // of the commit
	done   chan struct{} // closed after it
}

// maxGroup bounds the writes of a group, and so how long the first waits for
// the last.
const maxGroup = 64

func newGroup() *group { return &group{done: make(chan struct{})} }

func newLite(db *sql.DB, x *texts) *lite {
	n := max(2, runtime.GOMAXPROCS(0))
	l := &lite{db: db, x: x, readers: make(chan *keptConn, n)}
	for range n {
		l.readers <- nil
	}
	return l
}

// keeps reports whether connections may be kept.
func (l *lite) keeps() bool {
	most := l.db.Stats().MaxOpenConnections
	return most <= 0 || most > cap(l.readers)+1
}

func (l *lite) open(ctx context.Context) (*keptConn, error) {
	c, err := l.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &keptConn{c, map[string]*sql.Stmt{}}, nil
}

func (l *lite) read(ctx context.Context, list []Statement, look bool) (err error) {
	if look && l.free() {
		if err := l.readAhead(ctx, list); !busy(err) { // a reader waits
			return translate(err)
		}
	}
	var k *keptConn
	select {
	case k = <-l.readers:
	case <-ctx.Done():
		return ctx.Err()
	}
	ok := false
	defer func() {
		if k != nil && (!ok || !l.keeps()) { // what broke is opened anew
			k.Release(!ok)
			k = nil
		}
		l.readers <- k
	}()
	if k == nil {
		if k, err = l.open(ctx); err != nil {
			return translate(err)
		}
	}
	if len(list) > 1 {
		list = append(append([]Statement{control(l.x.d.beginRead)}, list...), control("COMMIT"))
	}
	// What is read is bounded, so that to watch for the end of ctx, which
	// takes a goroutine for every statement, would cost more than it saves.
	_, err = runAll(context.WithoutCancel(ctx), k, list)
	ok = err == nil
	return translate(err)
}

// free takes the turn if nobody has it.
func (l *lite) free() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.taken
	l.taken = true
	return !was
}

// readAhead reads, with the turn, on the connection that is to write: what it
// wrote last is still in its cache, while every commit empties the readers'.
func (l *lite) readAhead(ctx context.Context, list []Statement) error {
	defer l.onward(newGroup())
	if err := l.openWriter(ctx); err != nil {
		return err
	}
	_, err := runAll(context.WithoutCancel(ctx), l.writer, list)
	if err != nil {
		l.drop(true)
	}
	return err
}

func (l *lite) apply(ctx context.Context, steps []step) error {
	return l.work(ctx, true, func(u *unit) error { return u.each(ctx, l.x, steps) })
}

func (l *lite) unit(ctx context.Context, fn func(*unit) error) error { return l.work(ctx, false, fn) }

// work runs fn when its turn has come, and returns when what it did is
// committed.
func (l *lite) work(ctx context.Context, brief bool, fn func(*unit) error) (err error) {
	g, err := l.enter(ctx, brief)
	if err != nil {
		return err
	}
	kept := false
	defer func() { // also when fn panics
		if !kept {
			l.undo(g, err)
		}
		after := g.writes > 0
		l.onward(g)
		if after {
			// What refused a write may be one of the group's, so that even a
			// refusal is not true before the commit.
			<-g.done
			if kept || g.err != nil {
				err = g.err
			}
		}
	}()
	if err := l.begin(ctx, g); err != nil {
		return translate(err)
	}
	u := &unit{h: l.writer, steady: true, began: true, levels: []int{0}}
	defer func() { u.done = true }()
	if err := u.finish(ctx, fn(u)); err != nil {
		return err
	}
	if g.writes > 0 {
		if _, err := l.exec("RELEASE SAVEPOINT copis"); err != nil {
			return translate(err)
		}
	}
	g.writes++
	kept = true
	return nil
}

// enter waits for the turn.
func (l *lite) enter(ctx context.Context, brief bool) (*group, error) {
	l.mu.Lock()
	if !l.taken {
		l.taken = true
		l.mu.Unlock()
		return newGroup(), nil
	}
	w := &waiter{brief, make(chan *group, 1)}
	l.waiting = append(l.waiting, w)
	l.mu.Unlock()
	select {
	case g := <-w.turn:
		return g, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	i := slices.Index(l.waiting, w)
	if i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
	l.mu.Unlock()
	if i < 0 { // the turn was given at the same moment
		l.onward(<-w.turn)
	}
	return nil, ctx.Err()
}

// onward gives the turn to the next writer: with the open transaction, if
// they may join it, and otherwise after the commit.
func (l *lite) onward(g *group) {
	l.mu.Lock()
	if g.open && g.writes < maxGroup && len(l.waiting) > 0 && l.waiting[0].brief {
		l.next(g)
		l.mu.Unlock()
		return
	}
	l.mu.Unlock()
	l.commit(g)
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) > 0 {
		l.next(newGroup())
	} else {
		l.taken = false
	}
}

func (l *lite) next(g *group) {
	l.waiting[0].turn <- g
	l.waiting = slices.Delete(l.waiting, 0, 1)
}

// exec runs a statement on the writing connection, whose transaction is not
// one caller's to cancel.
func (l *lite) exec(query string) (int64, error) { return l.writer.Exec(context.Background(), query) }

// begin opens the group's transaction, or a savepoint in it.
func (l *lite) begin(ctx context.Context, g *group) (err error) {
	if g.open {
		_, err = l.exec("SAVEPOINT copis")
		return err
	}
	if err = l.openWriter(ctx); err != nil {
		return err
	}
	if err = l.patiently(ctx, l.x.d.begin); err != nil {
		if !busy(err) && ctx.Err() == nil {
			l.drop(true)
		}
		return err
	}
	g.open = true
	return nil
}

// openWriter opens the writing connection, unless it is. It is made not to
// wait for what others have locked: a wait that can be cancelled costs the
// driver a goroutine even where there is nothing to wait for.
func (l *lite) openWriter(ctx context.Context) error {
	if l.writer != nil {
		return nil
	}
	k, err := l.open(ctx)
	if err != nil {
		return err
	}
	var ms int64
	if err = k.c.QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&ms); err == nil {
		_, err = k.c.ExecContext(ctx, "PRAGMA busy_timeout = 0")
	}
	if err != nil {
		k.Release(true)
		return err
	}
	l.writer, l.patience = k, time.Duration(ms)*time.Millisecond
	return nil
}

// patiently runs a statement that others may keep waiting, for as long as the
// host's connections wait.
func (l *lite) patiently(ctx context.Context, query string) error {
	var until time.Time
	for pause := time.Millisecond; ; pause = min(2*pause, 32*time.Millisecond) {
		_, err := l.exec(query)
		if !busy(err) {
			return err
		}
		if until.IsZero() {
			until = time.Now().Add(l.patience)
		}
		left := time.Until(until)
		if left <= 0 {
			return err
		}
		timer := time.NewTimer(min(pause, left))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// undo takes back what the latest writer did, because of an error or a panic.
func (l *lite) undo(g *group, cause error) {
	if !g.open {
		return
	}
	var err error
	if g.writes == 0 {
		g.open = false
		if _, err = l.exec("ROLLBACK"); err != nil {
			l.drop(true)
		}
		return
	}
	if _, err = l.exec("ROLLBACK TO SAVEPOINT copis"); err == nil {
		_, err = l.exec("RELEASE SAVEPOINT copis")
	}
	if err != nil { // an error such as a full disk ended the whole transaction
		g.open = false
		g.err = translate(errors.Join(cause, err))
		l.drop(true)
	}
}

func (l *lite) commit(g *group) {
	if g.open {
		g.open = false
		if err := l.patiently(context.Background(), "COMMIT"); err != nil {
			g.err = commitError(err)
			l.drop(true)
		}
	}
	close(g.done)
	if l.writer != nil && !l.keeps() {
		l.drop(false)
	}
}

// drop gives the writing connection back, as patient as it was.
func (l *lite) drop(broken bool) {
	if !broken {
		_, err := l.writer.c.ExecContext(context.Background(), fmt.Sprintf("PRAGMA busy_timeout = %d", l.patience.Milliseconds()))
		broken = err != nil
	}
	l.writer.Release(broken)
	l.writer = nil
}

func (l *lite) close() {
	g, err := l.enter(context.Background(), false)
	if err != nil {
		return
	}
	if l.writer != nil {
		l.drop(false)
	}
	for range cap(l.readers) {
		if k := <-l.readers; k != nil {
			k.Release(false)
		}
	}
	for range cap(l.readers) {
		l.readers <- nil
	}
	l.onward(g)
}
