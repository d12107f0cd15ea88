// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/sqlstore"
	"github.com/copis-it/copis/storage/sqlstore/pgxstore"
)

// A hosted database is a host's own, with the host's own table in it.
type hosted struct {
	name  string
	store community.Store
	// begin begins a transaction of the host's.
	begin func(t *testing.T) hostTx
	// count counts the rows of the host's table.
	count func(t *testing.T) int
}

// hostTx is a transaction of a host's: ours joined to it, the host's own
// write, and its end.
type hostTx struct {
	store  community.Store
	write  func(reply forum.ReplyID) error
	commit func() error
	undo   func() error
}

const hostTable = `CREATE TABLE protocol (reply TEXT)`

func hostedSQL(t *testing.T, name string, db *sql.DB, d *sqlstore.Dialect) hosted {
	t.Helper()
	if _, err := db.Exec(hostTable); err != nil {
		t.Fatal(err)
	}
	s := sqlstore.Open(db, d)
	t.Cleanup(s.Close)
	return hosted{name, s, func(t *testing.T) hostTx {
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		return hostTx{sqlstore.Join(tx, d), func(id forum.ReplyID) error {
			_, err := tx.Exec(`INSERT INTO protocol (reply) VALUES ($1)`, id)
			return err
		}, tx.Commit, tx.Rollback}
	}, func(t *testing.T) (n int) {
		if err := db.QueryRow(`SELECT count(*) FROM protocol`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}}
}

func hostedPgx(t *testing.T) hosted {
	t.Helper()
	ctx, url := context.Background(), PostgresURL(t)
	s := OpenPostgres(t, url)
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if _, err := pool.Exec(ctx, hostTable); err != nil {
		t.Fatal(err)
	}
	return hosted{"pgx", s, func(t *testing.T) hostTx {
		tx, err := pool.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return hostTx{pgxstore.Join(tx), func(id forum.ReplyID) error {
			_, err := tx.Exec(ctx, `INSERT INTO protocol (reply) VALUES ($1)`, id.String())
			return err
		}, func() error { return tx.Commit(ctx) }, func() error { return tx.Rollback(ctx) }}
	}, func(t *testing.T) (n int) {
		if err := pool.QueryRow(ctx, `SELECT count(*) FROM protocol`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}}
}

func hosts(t *testing.T) []hosted {
	return []hosted{
		hostedSQL(t, "SQLite", SQLiteDB(t), sqlstore.SQLite),
		hostedSQL(t, "PostgreSQL through database/sql", PostgresDB(t), sqlstore.Postgres),
		hostedPgx(t),
	}
}

// newTopic opens a board with a topic in it.
func newTopic(t *testing.T, c *community.Community, who auth.Actor) forum.Topic {
	t.Helper()
	b, err := c.Forum.OpenBoard(t.Context(), who, forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Appalti"})
	if err != nil {
		t.Fatal(err)
	}
	topic, err := c.Forum.StartTopic(t.Context(), who, forum.NewTopic{Board: b.ID, Title: "PBR", Body: "Primo"})
	if err != nil {
		t.Fatal(err)
	}
	return topic
}

// A host writes its own table and the forum's in one transaction: both are
// there, or neither.
func TestHostTransaction(t *testing.T) {
	t.Parallel()
	for _, h := range hosts(t) {
		t.Run(h.name, func(t *testing.T) {
			c := community.New(community.Config{Store: h.store, Auth: auth.AllowAll{}})
			who := auth.Actor{User: storage.NewID[auth.User]()}
			topic := newTopic(t, c, who)
			before := len(waiting(t, h.store))
			replies := 0
			for _, commit := range []bool{false, true, false, true} {
				tx := h.begin(t)
				joined := c.On(tx.store)
				r, err := joined.Forum.Reply(t.Context(), who, forum.NewReply{Topic: topic.ID, Body: "ok"})
				if err != nil {
					t.Fatal(err)
				}
				if err := tx.write(r.ID); err != nil {
					t.Fatal(err)
				}
				// What is refused leaves the host's transaction as it was.
				if _, err := joined.Forum.Reply(t.Context(), who, forum.NewReply{Topic: storage.NewID[forum.Topic](), Body: "nowhere"}); !errors.Is(err, storage.ErrNotFound) {
					t.Errorf("a reply to no topic: %v", err)
				}
				if commit {
					replies++
					err = tx.commit()
				} else {
					err = tx.undo()
				}
				if err != nil {
					t.Fatal(err)
				}
				now, err := h.store.Forum().Topic(t.Context(), topic.ID)
				if err != nil {
					t.Fatal(err)
				}
				if protocol, events := h.count(t), len(waiting(t, h.store))-before; now.Replies != replies || protocol != replies || events != replies {
					t.Errorf("commit %v: %d replies, %d of the host's rows, %d events; want %d each", commit, now.Replies, protocol, events, replies)
				}
			}
		})
	}
}

// waiting returns the events that wait, as a unit that is undone finds them.
func waiting(t testing.TB, s community.Store) (all []community.Delivery) {
	t.Helper()
	err := s.Atomic(context.Background(), func(ctx context.Context, tx community.Store) (err error) {
		if all, err = tx.Claim(ctx, time.Now().Add(24*time.Hour), time.Hour, 1_000_000); err == nil {
			err = errUndo
		}
		return err
	})
	if !errors.Is(err, errUndo) {
		t.Fatal(err)
	}
	return all
}

// A joined store cannot run the host's transaction again: a deadlock in it is
// the host's to know.
func TestHostDeadlock(t *testing.T) {
	t.Parallel()
	for _, h := range hosts(t)[1:] { // SQLite has one writer, and so no deadlock
		t.Run(h.name, func(t *testing.T) {
			c := community.New(community.Config{Store: h.store, Auth: auth.AllowAll{}})
			who := auth.Actor{User: storage.NewID[auth.User]()}
			a, b := newTopic(t, c, who), newTopic(t, c, who)
			one, two := h.begin(t), h.begin(t)
			look := func(tx hostTx, id forum.TopicID) error {
				return tx.store.Forum().Atomic(t.Context(), func(ctx context.Context, s forum.Store) error {
					_, err := s.Topic(ctx, id)
					return err
				})
			}
			if err := errors.Join(look(one, a.ID), look(two, b.ID)); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 2)
			for _, x := range []struct {
				tx hostTx
				id forum.TopicID
			}{{one, b.ID}, {two, a.ID}} {
				go func() {
					err := look(x.tx, x.id)
					if uerr := x.tx.undo(); uerr != nil && err == nil {
						err = uerr
					}
					ended <- err
				}()
			}
			first, second := <-ended, <-ended
			if !errors.Is(errors.Join(first, second), storage.ErrRetry) || first != nil && second != nil {
				t.Errorf("a deadlock says %v and %v; want ErrRetry once", first, second)
			}
		})
	}
}

// One database holds several communities, under names of their own.
func TestPrefixes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		db   func(testing.TB) *sql.DB
		d    *sqlstore.Dialect
	}{{"SQLite", SQLiteDB, sqlstore.SQLite}, {"PostgreSQL", PostgresDB, sqlstore.Postgres}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, db := t.Context(), c.db(t)
			options := []sqlstore.Options{{}, {Prefix: "alfa_"}, {Prefix: "beta_"}}
			var stores []sqlstore.Store
			for _, o := range options {
				if err := sqlstore.Migrate(ctx, db, c.d, o); err != nil {
					t.Fatal(err)
				}
				if _, err := sqlstore.Check(ctx, db, c.d, o); err != nil {
					t.Fatal(err)
				}
				s := sqlstore.Open(db, c.d, o)
				t.Cleanup(s.Close)
				stores = append(stores, s)
			}
			board := forum.Board{ID: storage.NewID[forum.Board](), Area: auth.Commons, Audience: auth.Public, Promise: auth.Public, CreatedAt: time.Now(), Version: 1}
			for i, s := range stores {
				if _, err := s.Forum().Board(ctx, board.ID); !errors.Is(err, storage.ErrNotFound) {
					t.Errorf("community %d sees a board of another: %v", i, err)
				}
				board.Position = i // the same ID in each
				if err := s.Apply(ctx, forum.InsertBoard{Board: board}); err != nil {
					t.Fatal(err)
				}
			}
			// One transaction of the host's may write to several.
			tx, err := db.Begin()
			if err != nil {
				t.Fatal(err)
			}
			for i, o := range options {
				now := board
				now.Name, now.Position = "insieme", i
				if err := sqlstore.Join(tx, c.d, o).Apply(ctx, forum.UpdateBoard{Board: now}); err != nil {
					t.Fatal(err)
				}
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			for i, s := range stores {
				got, err := s.Forum().Board(ctx, board.ID)
				if err != nil || got.Position != i || got.Name != "insieme" {
					t.Errorf("community %d: %+v, %v", i, got, err)
				}
			}
		})
	}
}

// A store that is closed gives the host back every connection of its database,
// which stays open.
func TestCloseGivesBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		db   func(testing.TB) *sql.DB
		d    *sqlstore.Dialect
	}{{"SQLite", SQLiteDB, sqlstore.SQLite}, {"PostgreSQL", PostgresDB, sqlstore.Postgres}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := c.db(t)
			s := sqlstore.Open(db, c.d)
			if err := s.Apply(t.Context(), storage.Once{Key: "k", At: time.Now()}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Done(t.Context(), storage.Once{}.Owner, "k"); err != nil {
				t.Fatal(err)
			}
			s.Close()
			if n := db.Stats().InUse; n != 0 {
				t.Errorf("%d connections are still in use", n)
			}
			if err := db.Ping(); err != nil {
				t.Errorf("the host's database is closed: %v", err)
			}
		})
	}
}

// Two communities in one process do not take each other's units for their own.
func TestTwoStores(t *testing.T) {
	t.Parallel()
	a, b := SQLite(t), Postgres(t)
	done := storage.Once{Key: "k", At: time.Now()}
	err := a.Atomic(t.Context(), func(ctx context.Context, inA community.Store) error {
		return b.Atomic(ctx, func(ctx context.Context, inB community.Store) error {
			if err := a.Apply(ctx, done); !errors.Is(err, storage.ErrNested) {
				t.Errorf("the first store inside its unit, two deep: %v", err)
			}
			return errors.Join(inA.Apply(ctx, done), inB.Apply(ctx, done))
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []community.Store{a, b} {
		if _, err := s.Done(t.Context(), done.Owner, "k"); err != nil {
			t.Error(err)
		}
	}
}
