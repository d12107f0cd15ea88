// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage/postgres"
	"github.com/copis-it/copis/storage/sqlite"
	"github.com/copis-it/copis/storage/sqlstore"
)

// emptySQLite is a file as a new store leaves it: making it takes longer than
// most tests.
var emptySQLite = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "copis-lite-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "copis.db")
	s, err := sqlite.Open(context.Background(), path)
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// SQLite returns an empty store in a file of the test's own, which is not made
// to outlast a power cut.
func SQLite(t testing.TB) community.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copis.db")
	b, err := emptySQLite()
	if err == nil {
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return OpenSQLite(t, path, sqlite.Options{Fast: true})
}

// OpenSQLite returns the store in a file, until the end of the test.
func OpenSQLite(t testing.TB, path string, opts ...sqlite.Options) sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(context.Background(), path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Postgres returns an empty store in a schema of the test's own.
func Postgres(t testing.TB) community.Store {
	t.Helper()
	return OpenPostgres(t, PostgresURL(t))
}

// OpenPostgres returns the store of a database, until the end of the test.
func OpenPostgres(t testing.TB, url string) postgres.Store {
	t.Helper()
	s, err := postgres.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// SQLiteDB returns an empty, migrated database of the test's own, as a host
// would open it.
func SQLiteDB(t testing.TB) *sql.DB {
	t.Helper()
	return migrated(t, sqlstore.SQLite, "sqlite", sqliteDSN(filepath.Join(t.TempDir(), "host.db")))
}

// PostgresDB is SQLiteDB for PostgreSQL.
func PostgresDB(t testing.TB) *sql.DB {
	t.Helper()
	return migrated(t, sqlstore.Postgres, "pgx", PostgresURL(t))
}

func sqliteDSN(path string) string {
	return "file:" + path + "?_pragma=foreign_keys(1)&_pragma=journal_mode(wal)&_pragma=busy_timeout(10000)&_txlock=immediate"
}

func migrated(t testing.TB, d *sqlstore.Dialect, driver, dsn string) *sql.DB {
	t.Helper()
	db := openDB(t, driver, dsn)
	if err := sqlstore.Migrate(context.Background(), db, d); err != nil {
		t.Fatal(err)
	}
	return db
}

func openDB(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
