// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/sqlite"
	"github.com/copis-it/copis/storage/sqlstore"
)

// Databases without any schema, and how a node opens them.
var bare = []struct {
	name    string
	dialect *sqlstore.Dialect
	open    func(t *testing.T) (node func() *sql.DB)
}{
	{"SQLite", sqlstore.SQLite, func(t *testing.T) func() *sql.DB {
		dsn := sqliteDSN(filepath.Join(t.TempDir(), "copis.db"))
		return func() *sql.DB { return openDB(t, "sqlite", dsn) }
	}},
	{"PostgreSQL", sqlstore.Postgres, func(t *testing.T) func() *sql.DB {
		url := PostgresURL(t)
		return func() *sql.DB { return openDB(t, "pgx", url) }
	}},
}

// Two hundred nodes start at once, each with a database handle of its own, on
// a database that has nothing yet.
func TestMigrateTogether(t *testing.T) {
	t.Parallel()
	const nodes = 200
	for _, b := range bare {
		t.Run(b.name, func(t *testing.T) {
			node := b.open(t)
			var handles []*sql.DB
			for range nodes {
				handles = append(handles, node())
			}
			ready := make(chan struct{})
			errs := make(chan error, nodes)
			for _, db := range handles {
				go func() {
					<-ready
					err := sqlstore.Migrate(context.Background(), db, b.dialect)
					if err == nil {
						_, err = sqlstore.Check(context.Background(), db, b.dialect)
					}
					errs <- errors.Join(err, db.Close())
				}()
			}
			close(ready)
			failed := 0
			for range nodes {
				if err := <-errs; err != nil {
					if failed++; failed < 5 {
						t.Error(err)
					}
				}
			}
			if failed > 0 {
				t.Errorf("%d of %d nodes failed to start", failed, nodes)
			}
			schema, err := sqlstore.Check(t.Context(), node(), b.dialect)
			if err != nil || schema.Have != schema.Want || schema.Want == 0 {
				t.Errorf("the schema is %+v (%v)", schema, err)
			}
		})
	}
}

// Nodes open one new file at once by the one-line door, too.
func TestOpenTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "copis.db")
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			s, err := sqlite.Open(context.Background(), path)
			if err == nil {
				err = s.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A program refuses a schema that is not its own: an older one until it is
// migrated, a newer one, and one whose migrations were changed.
func TestCheck(t *testing.T) {
	t.Parallel()
	for _, b := range bare {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			ctx, node := t.Context(), b.open(t)
			db := node()
			schema, err := sqlstore.Check(ctx, db, b.dialect)
			if !errors.Is(err, sqlstore.ErrSchemaOld) || schema.Have != 0 || schema.Want == 0 {
				t.Errorf("nothing yet: %+v, %v", schema, err)
			}
			want := schema.Want
			for range 2 { // the second time there is nothing to do
				if err := sqlstore.Migrate(ctx, db, b.dialect); err != nil {
					t.Fatal(err)
				}
			}
			if schema, err = sqlstore.Check(ctx, db, b.dialect); err != nil || schema.Have != want {
				t.Errorf("migrated: %+v, %v", schema, err)
			}
			for _, c := range []struct {
				name, spoil, mend string
				want              error
				have              int
			}{
				{"a newer program was here", `INSERT INTO copis_migrations (number, name, checksum) VALUES (9999, 'later', 'x')`,
					`DELETE FROM copis_migrations WHERE number = 9999`, sqlstore.ErrSchemaNew, want + 1},
				{"a migration was changed", `UPDATE copis_migrations SET checksum = 'x' || checksum WHERE number = 1`,
					`UPDATE copis_migrations SET checksum = substr(checksum, 2) WHERE number = 1`, sqlstore.ErrSchemaChanged, want},
				{"one was not run yet", `DELETE FROM copis_migrations WHERE number = (SELECT max(number) FROM copis_migrations)`, ``, sqlstore.ErrSchemaOld, want - 1},
			} {
				if _, err := db.Exec(c.spoil); err != nil {
					t.Fatal(err)
				}
				schema, err := sqlstore.Check(ctx, db, b.dialect)
				if !errors.Is(err, c.want) || schema.Have != c.have || schema.Want != want {
					t.Errorf("%s: %+v, %v", c.name, schema, err)
				}
				if c.mend == "" {
					continue
				}
				if err := sqlstore.Migrate(ctx, db, b.dialect); !errors.Is(err, c.want) {
					t.Errorf("%s: Migrate says %v", c.name, err)
				}
				if _, err := db.Exec(c.mend); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// A host's own tool may run the migrations: they are plain files of SQL that
// need nothing of ours.
func TestMigrationFiles(t *testing.T) {
	t.Parallel()
	for _, b := range bare {
		for _, o := range []sqlstore.Options{{}, {Prefix: "pratica_"}} {
			t.Run(b.name+" "+o.Prefix, func(t *testing.T) {
				t.Parallel()
				db := b.open(t)()
				files := sqlstore.Migrations(b.dialect, o)
				names, err := fs.Glob(files, "*.sql")
				if err != nil || len(names) == 0 {
					t.Fatalf("files %v (%v)", names, err)
				}
				for _, name := range names {
					text, err := fs.ReadFile(files, name)
					if err != nil {
						t.Fatal(err)
					}
					if !strings.Contains(string(text), "-- +goose Up") || strings.ContainsAny(string(text), "{}") {
						t.Errorf("%s is not for goose as it is", name)
					}
					if _, err := db.Exec(string(text)); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
				}
				s := sqlstore.Open(db, b.dialect, o)
				t.Cleanup(s.Close)
				if _, err := s.Done(t.Context(), storage.NewID[int]().Bytes(), "k"); !errors.Is(err, storage.ErrNotFound) {
					t.Errorf("the schema does not serve: %v", err)
				}
			})
		}
	}
}
