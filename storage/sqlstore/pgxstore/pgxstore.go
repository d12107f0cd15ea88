// SPDX-License-Identifier: BSD-3-Clause

// Package pgxstore keeps a community in PostgreSQL through pgx, without
// [database/sql] between: a write is one round trip, and so is every read.
package pgxstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/sqlstore"
)

// Open returns a store in the pool's database, whose schema must be current
// (see [sqlstore.Migrate]). The pool must not be set to the simple protocol.
func Open(p *pgxpool.Pool, opts ...sqlstore.Options) sqlstore.Store {
	return sqlstore.OpenPool(pool{handle{p}, p}, sqlstore.Postgres, opts...)
}

// Join is [sqlstore.Join] for a transaction of pgx.
func Join(tx pgx.Tx, opts ...sqlstore.Options) sqlstore.Store {
	return sqlstore.JoinHandle(handle{tx}, sqlstore.Postgres, opts...)
}

// handle makes a [sqlstore.Batcher] of *pgxpool.Pool, *pgxpool.Conn and pgx.Tx.
type handle struct {
	q interface {
		Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
		Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
		SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
	}
}

var _ sqlstore.Batcher = handle{}

func (h handle) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := h.q.Exec(ctx, query, args...)
	return tag.RowsAffected(), over(err)
}

func (h handle) Query(ctx context.Context, query string, args ...any) (sqlstore.Rows, error) {
	r, err := h.q.Query(ctx, query, args...)
	if err != nil {
		return nil, over(err)
	}
	return &rows{Rows: r}, nil
}

// Batch implements [sqlstore.Batcher].
func (h handle) Batch(ctx context.Context, list []sqlstore.Statement) (done int, err error) {
	var b pgx.Batch
	for _, s := range list {
		b.Queue(s.Query, s.Args...)
	}
	results := h.q.SendBatch(ctx, &b)
	for done = range list {
		if err = one(results, &list[done]); err != nil {
			_ = results.Close() // says the same again
			return done, over(err)
		}
	}
	return len(list), over(results.Close())
}

func one(results pgx.BatchResults, s *sqlstore.Statement) error {
	if s.Read == nil {
		tag, err := results.Exec()
		s.Count = tag.RowsAffected()
		return err
	}
	r, err := results.Query()
	if err != nil {
		return err
	}
	err = s.Read(&rows{Rows: r})
	r.Close()
	if err == nil {
		err = r.Err()
	}
	return err
}

// over says in the words of package storage that a transaction has ended.
func over(err error) error {
	if errors.Is(err, pgx.ErrTxClosed) {
		return fmt.Errorf("%w (%w)", storage.ErrTxDone, err)
	}
	return err
}

type pool struct {
	handle
	p *pgxpool.Pool
}

func (p pool) Conn(ctx context.Context) (sqlstore.Conn, error) {
	c, err := p.p.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return conn{handle{c}, c}, nil
}

type conn struct {
	handle
	c *pgxpool.Conn
}

func (c conn) Release(broken bool) {
	if broken {
		ctx, stop := context.WithTimeout(context.Background(), time.Second)
		_ = c.c.Conn().Close(ctx) // the pool throws it away
		stop()
	}
	c.c.Release()
}

// rows reads what came over the wire, in the binary forms of the few types
// that the store's columns have. pgx would go through text for ids.
type rows struct {
	pgx.Rows
	types []pgconn.FieldDescription
}

func (r *rows) Close() error {
	r.Rows.Close()
	return r.Rows.Err()
}

func (r *rows) Scan(dest ...any) error {
	if r.types == nil {
		r.types = r.FieldDescriptions()
	}
	for i, raw := range r.RawValues() {
		v, err := value(&r.types[i], raw)
		if err == nil {
			err = dest[i].(scanner).Scan(v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type scanner interface{ Scan(src any) error }

// epoch is PostgreSQL's, 2000-01-01, in microseconds of Unix time.
const epoch = 946_684_800_000_000

func value(t *pgconn.FieldDescription, raw []byte) (any, error) {
	if raw == nil {
		return nil, nil
	}
	text := t.DataTypeOID == pgtype.TextOID || t.DataTypeOID == pgtype.VarcharOID
	switch {
	case text:
		return string(raw), nil
	case t.Format != pgtype.BinaryFormatCode:
		return nil, fmt.Errorf("pgxstore: column %q comes as text; use the extended protocol", t.Name)
	}
	switch t.DataTypeOID {
	case pgtype.UUIDOID, pgtype.ByteaOID:
		return raw, nil
	case pgtype.Int8OID:
		return int64(binary.BigEndian.Uint64(raw)), nil
	case pgtype.Int4OID:
		return int64(int32(binary.BigEndian.Uint32(raw))), nil
	case pgtype.Int2OID:
		return int64(int16(binary.BigEndian.Uint16(raw))), nil
	case pgtype.BoolOID:
		return raw[0] != 0, nil
	case pgtype.TimestamptzOID:
		return time.UnixMicro(int64(binary.BigEndian.Uint64(raw)) + epoch).UTC(), nil
	}
	return nil, nil // what a guard computes; nobody reads it
}
