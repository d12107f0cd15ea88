// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage/memory"
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

var adapters = []adapter{
	{"SQLite", func(t *testing.T) community.Store { return SQLite(t) }, storetest.Options{}},
	{"PostgreSQL", func(t *testing.T) community.Store { return Postgres(t) }, storetest.Options{}},
	{"PostgreSQL through database/sql", func(t *testing.T) community.Store {
		s := sqlstore.Open(PostgresDB(t), sqlstore.Postgres)
		t.Cleanup(s.Close)
		return s
	}, storetest.Options{}},
	{"joined sql.Tx on SQLite", func(t *testing.T) community.Store { return joined(t, true) }, storetest.Options{OneCaller: true}},
	{"joined sql.Tx on PostgreSQL", func(t *testing.T) community.Store { return joined(t, false) }, storetest.Options{OneCaller: true}},
	{"joined pgx.Tx", joinedPgx, storetest.Options{OneCaller: true}},
}

func joined(t *testing.T, lite bool) community.Store {
	db, d := SQLiteDB, sqlstore.SQLite
	if !lite {
		db, d = PostgresDB, sqlstore.Postgres
	}
	tx, err := db(t).Begin()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	return sqlstore.Join(tx, d)
}

func joinedPgx(t *testing.T) community.Store {
	url := PostgresURL(t)
	migrated(t, sqlstore.Postgres, "pgx", url)
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	tx, err := conn.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	return pgxstore.Join(tx)
}

// TestStore holds every adapter to every promise.
func TestStore(t *testing.T) {
	t.Parallel()
	for _, a := range adapters {
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
	for _, a := range append([]adapter{memory}, adapters...) {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			storetest.Texts(t, a.open(t), texts)
		})
	}
}
