// SPDX-License-Identifier: BSD-3-Clause

// Package sqlstore keeps a community in an SQL database: SQLite or PostgreSQL.
// It imports no driver. The host opens the database, or lets package
// storage/sqlite or storage/postgres do it.
//
// What a change writes is a list of statements, each of which says whether it
// must touch a row. So a whole [Store.Apply] goes to PostgreSQL in one round
// trip, through package pgxstore, and to SQLite in a savepoint of a
// transaction that it shares with the writers who wait behind it.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// Store is a [community.Store] in an SQL database. One that was opened is safe
// for concurrent use. One that was joined to a transaction serves one
// goroutine at a time, and not after the transaction's end.
type Store struct {
	root  *root
	unit  *unit // nil outside Atomic
	level int   // of the savepoint in the unit
}

var _ community.Store = Store{}

// root is what the stores of one database share.
type root struct {
	*texts
	pool pool // nil when joined
}

// pool is how work outside a unit gets to the database.
type pool interface {
	// read runs statements that agree with each other: they see one moment.
	// A look is what a write is likely to follow.
	read(ctx context.Context, list []Statement, look bool) error

	// apply runs steps as one transaction.
	apply(ctx context.Context, steps []step) error

	// unit runs fn in one transaction.
	unit(ctx context.Context, fn func(*unit) error) error

	close()
}

// Open returns a store in db, whose schema must be current (see [Migrate]).
//
// On SQLite the store keeps one connection for writing and as many as there
// are cores for reading, unless db is limited to fewer than that and one more
// for the host; then it takes them when needed, and prepares every statement
// anew.
func Open(db *sql.DB, d *Dialect, opts ...Options) Store {
	x := d.under(opts)
	if d.oneWriter {
		return Store{root: &root{x, newLite(db, x)}}
	}
	return OpenPool(newStdPool(db), d, opts...)
}

// OpenPool is [Open] for what is not [database/sql].
func OpenPool(p Pool, d *Dialect, opts ...Options) Store {
	x := d.under(opts)
	return Store{root: &root{x, pooled{p, x}}}
}

// Join returns a store that does all its work in the host's transaction, and
// leaves commit and rollback to the host. On PostgreSQL, a host whose call
// failed with anything but ErrNotFound, ErrExists, ErrConflict and ErrInvalid
// has to roll back.
func Join(tx *sql.Tx, d *Dialect, opts ...Options) Store { return JoinHandle(std{tx}, d, opts...) }

// JoinHandle is [Join] for transactions that are not of [database/sql].
func JoinHandle(h Handle, d *Dialect, opts ...Options) Store {
	return Store{root: &root{texts: d.under(opts)}, unit: &unit{h: h, joined: true, began: true, levels: []int{0}}}
}

// Close gives back what the store keeps: connections and prepared statements.
// The database stays open. It waits for the unit that is at work, if any.
func (s Store) Close() {
	if s.root.pool != nil && s.unit == nil {
		s.root.pool.close()
	}
}

// Forum returns the part of the store that a forum uses.
func (s Store) Forum() forum.Store { return forumStore{s} }

// QA returns the part of the store that questions use.
func (s Store) QA() qa.Store { return qaStore{s} }

// Wiki returns the part of the store that pages use.
func (s Store) Wiki() wiki.Store { return wikiStore{s} }

// Accounts returns the part of the store that accounts use.
func (s Store) Accounts() account.Store { return accountStore{s} }

// Sessions returns the part of the store that sessions use.
func (s Store) Sessions() session.Store { return sessionStore{s} }

// Membership returns the part of the store that membership uses.
func (s Store) Membership() membership.Store { return membershipStore{s} }

// Atomic implements [community.Store].
func (s Store) Atomic(ctx context.Context, fn func(context.Context, community.Store) error) error {
	return s.atomic(ctx, func(ctx context.Context, tx Store) error { return fn(ctx, tx) })
}

// Apply implements [storage.Writer].
func (s Store) Apply(ctx context.Context, changes ...storage.Change) error {
	steps, err := plan(changes)
	if err != nil {
		return err
	}
	return s.apply(ctx, "storage.Apply", steps)
}

// inside marks a context as inside a unit of a database.
type inside struct{ *root }

// enter says what a call is to work on: the unit, or the pool if it is nil.
func (s Store) enter(ctx context.Context) (*unit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.unit != nil {
		return s.unit, s.unit.at(s.level)
	}
	if ctx.Value(inside{s.root}) != nil {
		return nil, storage.ErrNested
	}
	return nil, nil
}

func (s Store) atomic(ctx context.Context, fn func(context.Context, Store) error) error {
	const op = "storage.Atomic"
	u, err := s.enter(ctx)
	if err != nil {
		return failed(op, err)
	}
	var own error // fn's
	if u != nil {
		err = u.nested(ctx, func(level int) error {
			own = fn(ctx, Store{s.root, u, level})
			return own
		})
	} else {
		in := context.WithValue(ctx, inside{s.root}, true)
		err = again(ctx, func() error {
			own = nil
			return s.root.pool.unit(ctx, func(u *unit) error {
				own = fn(in, Store{s.root, u, u.levels[0]})
				return own
			})
		})
	}
	if own != nil && !errors.Is(err, storage.ErrRetry) {
		return own
	}
	return failed(op, err)
}

// apply runs the steps of a write, all or none.
func (s Store) apply(ctx context.Context, op string, steps []step) error {
	u, err := s.enter(ctx)
	if err == nil {
		err = s.root.ready(steps)
	}
	switch {
	case err != nil || len(steps) == 0:
	case u != nil:
		err = u.apply(ctx, s.root.texts, steps)
	default:
		err = again(ctx, func() error { return s.root.pool.apply(ctx, steps) })
	}
	var refused *storage.Error
	if errors.As(err, &refused) {
		return err // names its change already
	}
	return failed(op, err)
}

// read runs statements that agree with each other where the database can have
// it so: outside a unit.
func (s Store) read(ctx context.Context, op string, list ...Statement) error {
	return s.ask(ctx, op, false, list)
}

// look is read for what a write is likely to follow.
func (s Store) look(ctx context.Context, op string, list ...Statement) error {
	return s.ask(ctx, op, true, list)
}

func (s Store) ask(ctx context.Context, op string, look bool, list []Statement) error {
	u, err := s.enter(ctx)
	if err != nil {
		return failed(op, err)
	}
	for i := range list {
		list[i].Query = s.root.text(list[i].Query)
		if err := s.root.args(list[i].Args); err != nil {
			return failed(op, err)
		}
	}
	if u != nil {
		_, err = u.send(ctx, list)
	} else {
		err = again(ctx, func() error { return s.root.pool.read(ctx, list, look) })
	}
	return failed(op, err)
}

// rows reads all rows of a query, of which it expects about so many.
func rows[T any](ctx context.Context, s Store, op string, about int, fields func(*T) []any, query string, args ...any) ([]T, error) {
	var out []T
	err := s.read(ctx, op, into(&out, about, fields, query, args...))
	return out, err
}

// row reads the one row of a query, or ErrNotFound.
func row[T any](ctx context.Context, s Store, op string, fields func(*T) []any, query string, args ...any) (T, error) {
	var none T
	out, err := rows(ctx, s, op, 1, fields, query, args...)
	if err != nil && !errors.Is(err, storage.ErrInvalid) { // what cannot be kept is not there
		return none, err
	}
	if len(out) == 0 {
		return none, failed(op, storage.ErrNotFound)
	}
	return out[0], nil
}

// rootQuery is a query for a root object by its ID, which a unit locks.
type rootQuery struct{ plain, locked string }

func rootBy(query string) rootQuery { return rootQuery{query, query + " {lock}"} }

func (s Store) rootText(q rootQuery) string {
	if s.unit != nil {
		return q.locked
	}
	return q.plain
}

// Done implements [storage.Writer].
func (s Store) Done(ctx context.Context, owner uuid.UUID, key string) (uuid.UUID, error) {
	type made struct{ object storage.ID[made] }
	m, err := row(ctx, s, "storage.Done", func(m *made) []any { return []any{&m.object} },
		`SELECT object FROM {once} WHERE owner = $1 AND key = $2`, owner, key)
	return m.object.Bytes(), err
}

func failed(op string, err error) error {
	if err == nil {
		return nil
	}
	return &storage.Error{Op: op, Err: err}
}

// maxTries bounds how often work is run again because the database asks for
// it. Together the pauses take about half a second.
const maxTries = 10

// again runs fn, again for as long as the database asks for it.
func again(ctx context.Context, fn func() error) error {
	for try := 1; ; try++ {
		err := fn()
		if try == maxTries || !errors.Is(err, storage.ErrRetry) {
			return err
		}
		pause := time.NewTimer(time.Duration(rand.Int64N(int64(time.Millisecond) << min(try, 7))))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}
