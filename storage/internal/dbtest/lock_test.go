// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/sqlstore"
)

// Somebody else writes to the same file: a writer waits as long as the host's
// connections do, or until its caller has waited enough.
func TestWaitForOthersSQLite(t *testing.T) {
	t.Parallel()
	db := openDB(t, "sqlite", sqliteDSN(filepath.Join(t.TempDir(), "copis.db")))
	if err := sqlstore.Migrate(t.Context(), db, sqlstore.SQLite); err != nil {
		t.Fatal(err)
	}
	db.SetMaxIdleConns(8) // so that what the store gives back stays
	s := sqlstore.Open(db, sqlstore.SQLite)
	write := func(ctx context.Context) error {
		return s.Apply(ctx, storage.Once{Owner: uuid.New(), Key: "k", At: time.Now()})
	}
	other, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	exec := func(query string) {
		t.Helper()
		if _, err := other.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}

	exec("BEGIN IMMEDIATE")
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if err := write(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a writer whose time was over while it waited: %v", err)
	}
	done := make(chan error)
	go func() { done <- write(t.Context()) }()
	exec("COMMIT")
	if err := <-done; err != nil {
		t.Errorf("a writer that waited for its turn: %v", err)
	}

	s.Close()
	for range db.Stats().OpenConnections { // what the store gave back is as it was
		c, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var ms int
		if err := c.QueryRowContext(t.Context(), "PRAGMA busy_timeout").Scan(&ms); err != nil || ms != 10000 {
			t.Errorf("a connection waits %d ms (%v)", ms, err)
		}
	}
}
