// SPDX-License-Identifier: BSD-3-Clause

// Package sqlite opens a community in a SQLite file: the right settings,
// migrated, ready.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/sqlstore"
)

// Store is a [sqlstore.Store] with a database of its own.
type Store struct {
	sqlstore.Store
	DB *sql.DB // the host may keep tables of its own in it
}

// Options are what hosts seldom change.
type Options struct {
	sqlstore.Options

	// Fast lets a write return before it is on the disk: a power cut may take
	// the last ones, but never leaves the database damaged. For tests, and for
	// imports that can be run again.
	Fast bool
}

// busyTimeout is how long a writer waits for those of other processes.
const busyTimeout = 10 * time.Second

// Open opens the database in the file at path, which is made if it is not
// there, readable by this user alone. Close it when done. More than one
// process may use it, on one machine.
func Open(ctx context.Context, path string, opts ...Options) (Store, error) {
	var o Options
	if len(opts) > 0 {
		o = opts[0]
	}
	s, err := open(ctx, path, o)
	if err != nil {
		return Store{}, &storage.Error{Op: "sqlite.Open", Err: err}
	}
	return s, nil
}

func open(ctx context.Context, path string, o Options) (Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Store{}, err
	}
	// SQLite gives its files beside the database the mode of the database.
	// One that is there is not touched: to close it would end this process's
	// locks on it.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return Store{}, err
	}
	db, err := sql.Open("sqlite", dsn(path, o))
	if err != nil {
		return Store{}, err
	}
	if err = useWAL(ctx, db); err == nil {
		err = sqlstore.Migrate(ctx, db, sqlstore.SQLite, o.Options)
	}
	if err != nil {
		return Store{}, errors.Join(err, db.Close())
	}
	return Store{sqlstore.Open(db, sqlstore.SQLite, o.Options), db}, nil
}

func dsn(path string, o Options) string {
	synchronous := "FULL"
	if o.Fast {
		synchronous = "NORMAL"
	}
	q := url.Values{
		// Without temp_store, savepoints beyond 64 KiB are written to a file.
		"_pragma":       {"temp_store(memory)", "cache_size(-8192)"},
		"_busy_timeout": {fmt.Sprint(busyTimeout.Milliseconds())}, "_foreign_keys": {"on"}, "_synchronous": {synchronous}, "_dqs": {"0"},
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: q.Encode()}).String()
}

// useWAL has the database write ahead, so that readers do not wait for the
// writer. The file remembers it. While others change it at the same moment,
// SQLite says that it is busy without waiting.
func useWAL(ctx context.Context, db *sql.DB) error {
	for until := time.Now().Add(busyTimeout); ; {
		var mode string
		err := db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode)
		if err == nil && !strings.EqualFold(mode, "wal") {
			err = db.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
		}
		if err == nil && strings.EqualFold(mode, "wal") {
			return nil
		}
		var code interface{ Code() int }
		busy := err == nil || errors.As(err, &code) && code.Code()&0xff == 5
		if !busy || time.Now().After(until) {
			return errors.Join(errors.New("the database cannot write ahead"), err)
		}
		pause := time.NewTimer(rand.N(20 * time.Millisecond))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}

// Close closes the store and its database. It waits for a unit at work.
func (s Store) Close() error {
	s.Store.Close()
	return s.DB.Close()
}
