// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/copis-it/copis/storage"
)

// Drivers' errors are told apart by their methods, so that none need be
// imported: those of pgx and pq have SQLState, that of modernc.org/sqlite has
// Code, and pgx marks what was never sent by SafeToRetry.

func sqlState(err error) string {
	var e interface{ SQLState() string }
	if errors.As(err, &e) {
		return e.SQLState()
	}
	return ""
}

// SQLite's result codes; the low byte is the class.
const (
	sqliteBusy       = 5
	sqliteLocked     = 6
	sqliteIO         = 10
	sqliteForeignKey = 787
	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
)

func sqliteCode(err error) int {
	var e interface{ Code() int }
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// busy reports whether SQLite says that somebody else has a lock.
func busy(err error) bool {
	class := sqliteCode(err) & 0xff
	return class == sqliteBusy || class == sqliteLocked
}

// translate turns a driver's error into one of package storage, where there is
// one for it.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrTxDone) {
		return wrap(storage.ErrTxDone, err)
	}
	switch state := sqlState(err); {
	case state == "23505":
		return wrap(storage.ErrExists, err)
	case state == "23503":
		return wrap(storage.ErrNotFound, err)
	case state == "40001", state == "40P01", // serialization failure, deadlock
		strings.HasPrefix(state, "57P0"), // the server is going down, or coming up
		state == "" && unsent(err):
		return wrap(storage.ErrRetry, err)
	case state != "":
		return err
	}
	switch code := sqliteCode(err); {
	case code == sqlitePrimaryKey, code == sqliteUnique:
		return wrap(storage.ErrExists, err)
	case code == sqliteForeignKey:
		return wrap(storage.ErrNotFound, err)
	case busy(err):
		return wrap(storage.ErrRetry, err)
	}
	return err
}

func wrap(sentinel, err error) error { return fmt.Errorf("%w (%w)", sentinel, err) }

// unsent reports whether an error says that the statement never reached the
// database.
func unsent(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var e interface{ SafeToRetry() bool }
	return errors.Is(err, driver.ErrBadConn) || errors.As(err, &e) && e.SafeToRetry()
}

// commitError is translate for the statement that commits. Unless the database
// answered that it did not, or the statement was never sent, nobody knows.
func commitError(err error) error {
	if err == nil {
		return nil
	}
	state, code := sqlState(err), sqliteCode(err)
	switch {
	case state == "40003", // statement completion unknown
		strings.HasPrefix(state, "08"), strings.HasPrefix(state, "57P0"), // the connection ended
		state == "" && code == 0 && !unsent(err),
		code&0xff == sqliteIO:
		return wrap(storage.ErrUnknown, err)
	}
	return translate(err)
}
