// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage/memory"
	"github.com/copis-it/copis/storage/postgres"
	"github.com/copis-it/copis/storage/sqlite"
	"github.com/copis-it/copis/storage/sqlstore"
)

// adapter is a kind of database.
type adapter struct {
	prefix string // of -db

	// open opens it for use, migrated.
	open func(ctx context.Context, name string) (store, error)

	// look opens it as it is; nil where there is no schema. It is
	// fs.ErrNotExist where there is nothing yet.
	look func(name string) (*sql.DB, *sqlstore.Dialect, error)
}

// store is a community's, open.
type store struct {
	community.Store
	Close func() error
}

var adapters = []adapter{
	{"memory", openMemory, nil},
	{"sqlite:", openSQLite, lookSQLite},
	{"postgres://", openPostgres, lookPostgres},
	{"postgresql://", openPostgres, lookPostgres},
}

// adapter returns what -db names.
func (t *tool) adapter() (adapter, error) {
	for _, a := range adapters {
		if strings.HasPrefix(t.db, a.prefix) && (a.look != nil) == (len(t.db) > len(a.prefix)) {
			return a, nil
		}
	}
	// What was given may hold a password.
	return adapter{}, usagef("-db is none of memory, sqlite:FILE, postgres://…")
}

// open opens the database for use.
func (t *tool) open(ctx context.Context) (store, error) {
	a, err := t.adapter()
	if err != nil {
		return store{}, err
	}
	return a.open(ctx, t.db)
}

func openMemory(context.Context, string) (store, error) {
	return store{memory.New(), func() error { return nil }}, nil
}

func openSQLite(ctx context.Context, name string) (store, error) {
	s, err := sqlite.Open(ctx, sqlitePath(name))
	return store{s, s.Close}, err
}

func openPostgres(ctx context.Context, name string) (store, error) {
	s, err := postgres.Open(ctx, name)
	return store{s, s.Close}, err
}

func sqlitePath(name string) string { return strings.TrimPrefix(name, "sqlite:") }

func lookSQLite(name string) (*sql.DB, *sqlstore.Dialect, error) {
	path, err := filepath.Abs(sqlitePath(name))
	if err != nil {
		return nil, nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, nil, err
	}
	at := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: "mode=rw&_busy_timeout=10000"}
	db, err := sql.Open("sqlite", at.String())
	return db, sqlstore.SQLite, err
}

func lookPostgres(name string) (*sql.DB, *sqlstore.Dialect, error) {
	cfg, err := pgxpool.ParseConfig(name)
	if err != nil {
		return nil, nil, errURL // pgx's own may quote it
	}
	return stdlib.OpenDB(*cfg.ConnConfig), sqlstore.Postgres, nil
}

var errURL = errors.New("the database's URL cannot be read")

// schema says how the database stands to this program.
func (t *tool) schema(ctx context.Context) (s schema, err error) {
	a, err := t.adapter()
	if err != nil || a.look == nil {
		return schema{Current: err == nil}, err
	}
	db, dialect, err := a.look(t.db)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return schema{}, sqlstore.ErrSchemaOld
	case err != nil:
		return schema{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	found, err := sqlstore.Check(ctx, db, dialect)
	return schema{Have: found.Have, Want: found.Want, Current: err == nil}, err
}
