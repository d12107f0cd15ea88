// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage/memory"
	"github.com/copis-it/copis/storage/postgres"
	"github.com/copis-it/copis/storage/sqlstore"
	"github.com/copis-it/copis/storage/sqlstore/pgxstore"
	"github.com/copis-it/copis/storage/storetest"
)

// An adapter is one way to a store.
type adapter struct {
	name string
	open func(t *testing.T) community.Store
	storetest.Options
}

// adapters are all there are, but for memory. What they open on PostgreSQL is
// used again, emptied, until the end of the test.
func adapters(t *testing.T) []adapter {
	one := storetest.Options{OneCaller: true}
	return []adapter{
		{"SQLite", func(t *testing.T) community.Store { return SQLite(t) }, storetest.Options{}},
		{"PostgreSQL", native(t), storetest.Options{}},
		{"PostgreSQL through database/sql", throughSQL(t), storetest.Options{}},
		{"joined sql.Tx on SQLite", joined(t, sqlstore.SQLite, SQLiteDB), one},
		{"joined sql.Tx on PostgreSQL", joined(t, sqlstore.Postgres, PostgresDB), one},
		{"joined pgx.Tx", joinedPgx(t), one},
	}
}

// A shelf has what tests are done with and others can use again.
type shelf[T any] struct {
	mu   sync.Mutex
	free []T
}

// take returns one from the shelf, or else a new one. It goes back when the
// test is over, unless it failed or what has to be cleaned cannot be.
func (s *shelf[T]) take(t *testing.T, fresh func() T, clean func(T) error) T {
	t.Helper()
	s.mu.Lock()
	var v T
	n := len(s.free)
	if n > 0 {
		v, s.free = s.free[n-1], s.free[:n-1]
	}
	s.mu.Unlock()
	if n == 0 {
		v = fresh()
	}
	t.Cleanup(func() {
		if err := clean(v); err != nil {
			t.Errorf("what the test leaves behind: %v", err)
		}
		if t.Failed() {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.free = append(s.free, v)
	})
	return v
}

// Whatever a test has left locked is its fault.
const (
	impatient = `SET lock_timeout = '10s'`
	tables    = `SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'copis_migrations'`
)

func native(all *testing.T) func(t *testing.T) community.Store {
	var stores shelf[postgres.Store]
	return func(t *testing.T) community.Store {
		needPostgres(t)
		return stores.take(t, func() postgres.Store { return OpenPostgres(all, PostgresURL(all)) }, func(s postgres.Store) error {
			conn, err := s.Pool.Acquire(context.Background())
			if err != nil {
				return err
			}
			defer conn.Release()
			var names string
			if err := conn.QueryRow(context.Background(), tables).Scan(&names); err != nil {
				return err
			}
			_, err = conn.Exec(context.Background(), impatient+"; TRUNCATE "+names, pgx.QueryExecModeSimpleProtocol)
			return err
		}).Store
	}
}

func throughSQL(all *testing.T) func(t *testing.T) community.Store {
	type opened struct {
		db *sql.DB
		sqlstore.Store
	}
	var stores shelf[opened]
	return func(t *testing.T) community.Store {
		needPostgres(t)
		return stores.take(t, func() opened {
			db := migrated(all, sqlstore.Postgres, "pgx", PostgresURL(all))
			db.SetMaxOpenConns(16) // a crowd is larger than what the server takes
			s := sqlstore.Open(db, sqlstore.Postgres)
			all.Cleanup(s.Close)
			return opened{db, s}
		}, func(o opened) error {
			tx, err := o.db.Begin()
			if err != nil {
				return err
			}
			defer func() { _ = tx.Rollback() }()
			var names string
			if err := tx.QueryRow(tables).Scan(&names); err != nil {
				return err
			}
			_, lerr := tx.Exec(impatient)
			_, err = tx.Exec("TRUNCATE " + names)
			return errors.Join(lerr, err, tx.Commit())
		}).Store
	}
}

func joined(all *testing.T, d *sqlstore.Dialect, open func(testing.TB) *sql.DB) func(t *testing.T) community.Store {
	var databases shelf[*sql.DB]
	return func(t *testing.T) community.Store {
		if d == sqlstore.Postgres {
			needPostgres(t)
		}
		db := databases.take(t, func() *sql.DB { return open(all) }, func(*sql.DB) error { return nil })
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := tx.Rollback(); err != nil {
				t.Errorf("the transaction was not left to the host: %v", err)
			}
		})
		return sqlstore.Join(tx, d)
	}
}

func joinedPgx(all *testing.T) func(t *testing.T) community.Store {
	var conns shelf[*pgx.Conn]
	return func(t *testing.T) community.Store {
		needPostgres(t)
		conn := conns.take(t, func() *pgx.Conn {
			url := PostgresURL(all)
			migrated(all, sqlstore.Postgres, "pgx", url)
			conn, err := pgx.Connect(context.Background(), url)
			if err != nil {
				t.Fatal(err)
			}
			all.Cleanup(func() { conn.Close(context.Background()) })
			return conn
		}, func(*pgx.Conn) error { return nil })
		tx, err := conn.Begin(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := tx.Rollback(context.Background()); err != nil {
				t.Errorf("the transaction was not left to the host: %v", err)
			}
		})
		return pgxstore.Join(tx)
	}
}

// TestStore holds every adapter to every promise.
func TestStore(t *testing.T) {
	t.Parallel()
	for _, a := range adapters(t) {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, a.open, a.Options)
		})
	}
}

// TestTexts holds every adapter to texts that others have stumbled over.
func TestTexts(t *testing.T) {
	t.Parallel()
	var texts []string
	for _, l := range shared.Lines[struct{ S string }](t, "corpora/strings/blns.jsonl") {
		texts = append(texts, l.S)
	}
	for _, l := range shared.Lines[struct{ Q string }](t, "corpora/query/sql_fuzz.jsonl") {
		texts = append(texts, l.Q)
	}
	memory := adapter{"memory", func(*testing.T) community.Store { return memory.New() }, storetest.Options{}}
	for _, a := range append(adapters(t), memory) {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			storetest.Texts(t, a.open(t), texts)
		})
	}
}
