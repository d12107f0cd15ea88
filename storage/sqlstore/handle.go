// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// A Handle runs statements: a pool, a connection, or a transaction. Whoever
// has an access of their own to the database, neither [database/sql] nor pgx,
// implements one for [JoinHandle].
//
// Arguments are nil, int64, bool, string, []byte and [time.Time]. Rows are
// scanned into [sql.Scanner]s, which expect int64, bool, string, []byte and
// [time.Time], and ids as text or as their 16 bytes.
type Handle interface {
	Exec(ctx context.Context, query string, args ...any) (rowsAffected int64, err error)
	Query(ctx context.Context, query string, args ...any) (Rows, error)
}

// Rows is the part of [sql.Rows] that is used.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// A Batcher is a [Handle] that can send many statements in one round trip.
type Batcher interface {
	Handle

	// Batch runs statements in their order and returns how many were done: all
	// of them if err is nil. Outside a transaction they are one of their own.
	Batch(ctx context.Context, list []Statement) (done int, err error)
}

// A Statement is a query with its arguments, and who takes what it yields.
type Statement struct {
	Query string
	Args  []any
	Read  func(Rows) error // takes the rows; nil for a statement that yields none
	Count int64            // the rows affected, once it is done; not if it has Read
}

// A Pool is a database of many connections. As a Handle, it runs each
// statement on any of them.
type Pool interface {
	Handle
	Conn(ctx context.Context) (Conn, error)
}

// A Conn is one connection.
type Conn interface {
	Handle

	// Release gives the connection back, or throws it away when nobody knows
	// what state it is in.
	Release(broken bool)
}

// runAll runs statements on any handle and returns how many were done.
func runAll(ctx context.Context, h Handle, list []Statement) (done int, err error) {
	if b, ok := h.(Batcher); ok && len(list) > 1 {
		return b.Batch(ctx, list)
	}
	for i := range list {
		if err := run(ctx, h, &list[i]); err != nil {
			return i, err
		}
	}
	return len(list), nil
}

func run(ctx context.Context, h Handle, s *Statement) (err error) {
	if s.Read == nil {
		s.Count, err = h.Exec(ctx, s.Query, s.Args...)
		return err
	}
	rows, err := h.Query(ctx, s.Query, s.Args...)
	if err != nil {
		return err
	}
	err = s.Read(rows)
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	return err
}

// into is a statement whose rows are appended to out, of which it expects
// about so many. Fields gives where the columns of a row go.
func into[T any](out *[]T, about int, fields func(*T) []any, query string, args ...any) Statement {
	return Statement{Query: query, Args: args, Read: func(rows Rows) error {
		*out = nil // it may be run again
		var v T
		dest := fields(&v)
		for rows.Next() {
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			if *out == nil {
				*out = make([]T, 0, about)
			}
			*out = append(*out, v)
		}
		return rows.Err()
	}}
}

// std makes a Handle of *sql.DB, *sql.Conn and *sql.Tx.
type std struct {
	q interface {
		ExecContext(context.Context, string, ...any) (sql.Result, error)
		QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	}
}

func (h std) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := h.q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (h std) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	r, err := h.q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err // a nil *sql.Rows would be a Rows that is not nil
	}
	return r, nil
}

// stdPool makes a Pool of *sql.DB.
type stdPool struct {
	std
	db *sql.DB
}

func newStdPool(db *sql.DB) stdPool { return stdPool{std{db}, db} }

func (p stdPool) Conn(ctx context.Context) (Conn, error) {
	c, err := p.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return stdConn{std{c}, c}, nil
}

type stdConn struct {
	std
	c *sql.Conn
}

func (c stdConn) Release(broken bool) {
	if broken {
		_ = c.c.Raw(func(any) error { return driver.ErrBadConn }) // throws it away
	}
	_ = c.c.Close()
}

// keptConn is a connection that is kept, with its prepared statements.
type keptConn struct {
	c     *sql.Conn
	stmts map[string]*sql.Stmt
}

func (k *keptConn) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := k.stmts[query]; ok {
		return s, nil
	}
	s, err := k.c.PrepareContext(ctx, query)
	if err == nil {
		k.stmts[query] = s
	}
	return s, err
}

func (k *keptConn) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := k.stmt(ctx, query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (k *keptConn) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	s, err := k.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	r, err := s.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (k *keptConn) Release(broken bool) {
	for _, s := range k.stmts {
		_ = s.Close()
	}
	stdConn{c: k.c}.Release(broken)
}
