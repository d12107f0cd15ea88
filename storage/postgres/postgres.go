// SPDX-License-Identifier: BSD-3-Clause

// Package postgres opens a community in PostgreSQL: connected, migrated,
// ready.
package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/sqlstore"
	"github.com/copis-it/copis/storage/sqlstore/pgxstore"
)

// Store is a [sqlstore.Store] with a pool of its own.
type Store struct {
	sqlstore.Store
	Pool *pgxpool.Pool // the host may keep tables of its own in its database
}

// Open connects to the database at url, in any form that pgx reads: a URL or
// keywords and values. Close it when done. Its errors never show the url.
func Open(ctx context.Context, url string, opts ...sqlstore.Options) (Store, error) {
	const op = "postgres.Open"
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return Store{}, &storage.Error{Op: op, Err: errURL} // pgx's own may quote it
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return Store{}, &storage.Error{Op: op, Err: err}
	}
	db := stdlib.OpenDBFromPool(pool)
	err = errors.Join(sqlstore.Migrate(ctx, db, sqlstore.Postgres, opts...), db.Close())
	if err != nil {
		pool.Close()
		return Store{}, &storage.Error{Op: op, Err: err}
	}
	return Store{pgxstore.Open(pool, opts...), pool}, nil
}

var errURL = errors.New("the database's URL cannot be read")

// Close closes the store and its pool. It waits for the units at work.
func (s Store) Close() error {
	s.Store.Close()
	s.Pool.Close()
	return nil
}
