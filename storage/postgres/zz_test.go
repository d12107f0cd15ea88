package postgres

import (
	"context"
	"database/sql"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage/internal/dbtest"
	"github.com/copis-it/copis/storage/sqlstore"
	"github.com/copis-it/copis/storage/sqlstore/pgxstore"
	"github.com/copis-it/copis/storage/storetest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func TestZZ(t *testing.T) {
	storetest.Run(t, func(t *testing.T) community.Store {
		s, err := Open(t.Context(), dbtest.PostgresURL(t)+"&pool_max_conns=6")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}, storetest.Options{})
}

func TestZZStd(t *testing.T) {
	storetest.Run(t, func(t *testing.T) community.Store {
		db, err := sql.Open("pgx", dbtest.PostgresURL(t))
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(6)
		t.Cleanup(func() { db.Close() })
		if err := sqlstore.Migrate(t.Context(), db, sqlstore.Postgres, sqlstore.Options{Prefix: "x_"}); err != nil {
			t.Fatal(err)
		}
		return sqlstore.Open(db, sqlstore.Postgres, sqlstore.Options{Prefix: "x_"})
	}, storetest.Options{})
}

func TestZZJoin(t *testing.T) {
	storetest.Run(t, func(t *testing.T) community.Store {
		s, err := Open(t.Context(), dbtest.PostgresURL(t)+"&pool_max_conns=2")
		if err != nil {
			t.Fatal(err)
		}
		tx, err := s.Pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { tx.Rollback(context.Background()); s.Close() })
		return pgxstore.Join(tx)
	}, storetest.Options{OneCaller: true})
}

func TestZZJoinStd(t *testing.T) {
	storetest.Run(t, func(t *testing.T) community.Store {
		db, err := sql.Open("pgx", dbtest.PostgresURL(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := sqlstore.Migrate(t.Context(), db, sqlstore.Postgres, sqlstore.Options{Schema: "tavola" + "x"}); err != nil {
			t.Fatal(err)
		}
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { tx.Rollback(); db.Close() })
		return sqlstore.Join(tx, sqlstore.Postgres, sqlstore.Options{Schema: "tavolax"})
	}, storetest.Options{OneCaller: true})
}
