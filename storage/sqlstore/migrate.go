// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed migrations
var embedded embed.FS

// What can be wrong with a schema.
var (
	ErrSchemaOld     = errors.New("schema is older than this program")
	ErrSchemaNew     = errors.New("schema is newer than this program")
	ErrSchemaChanged = errors.New("a migration that was run is not the one that this program has")
)

// migration is one file of SQL. Once released it is never changed.
type migration struct {
	number   int
	name     string
	text     string // with tables in braces
	checksum string
}

func (d *Dialect) migrations() []migration {
	files, err := fs.Glob(embedded, "migrations/"+d.name+"/*.sql")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	out := make([]migration, len(files)) // in order of name
	for i, file := range files {
		b, err := embedded.ReadFile(file)
		if err != nil {
			panic(err) // it was listed
		}
		sum := sha256.Sum256(b)
		out[i] = migration{i + 1, file[strings.LastIndexByte(file, '/')+1:], string(b), hex.EncodeToString(sum[:])}
	}
	return out
}

// Migrations returns the files that build the schema, in order of name, for
// hosts that run them with a tool of their own: plain SQL with the annotations
// of goose. Such a host needs neither [Migrate] nor [Check].
func Migrations(d *Dialect, opts ...Options) fs.FS {
	x := d.under(opts)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range d.migrations() {
		f, err := w.CreateHeader(&zip.FileHeader{Name: m.name})
		if err == nil {
			_, err = f.Write([]byte(x.render(m.text)))
		}
		if err != nil {
			panic(err) // nothing fails in memory
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	files, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		panic(err)
	}
	return files
}

// Schema is the state of a schema, as numbers of migrations.
type Schema struct {
	Have int // run so far
	Want int // known to this program
}

// Migrate brings the schema up to date, in one transaction. Any number of
// programs may do so at once. It is [ErrSchemaNew] if a newer program has been
// here, and [ErrSchemaChanged] if a migration was run that differs from this
// program's.
func Migrate(ctx context.Context, db *sql.DB, d *Dialect, opts ...Options) error {
	x := d.under(opts)
	return failed("sqlstore.Migrate", again(ctx, func() error {
		return pooled{newStdPool(db), x}.unit(ctx, func(u *unit) error { return x.migrate(ctx, u) })
	}))
}

// Check says how the schema stands to this program. The error is nil if they
// agree, and otherwise [ErrSchemaOld], [ErrSchemaNew] or [ErrSchemaChanged].
func Check(ctx context.Context, db *sql.DB, d *Dialect, opts ...Options) (Schema, error) {
	x := d.under(opts)
	var s Schema
	err := again(ctx, func() error {
		return pooled{newStdPool(db), x}.unit(ctx, func(u *unit) (err error) {
			s, err = x.check(ctx, u)
			return err
		})
	})
	if err == nil && s.Have < s.Want {
		err = ErrSchemaOld
	}
	return s, failed("sqlstore.Check", err)
}

// migrationLock is the number of the lock that migrations take on PostgreSQL.
const migrationLock = 0x636f_7069_735f_3031

func (x *texts) migrate(ctx context.Context, u *unit) error {
	prepare := []Statement{control("CREATE TABLE IF NOT EXISTS " + x.table("migrations") +
		" (number integer NOT NULL PRIMARY KEY, name text NOT NULL, checksum text NOT NULL)")}
	if x.schema != "" {
		prepare = append([]Statement{control("CREATE SCHEMA IF NOT EXISTS " + strings.TrimSuffix(x.schema, "."))}, prepare...)
	}
	if x.d.exclusive != "" {
		prepare = append([]Statement{control(fmt.Sprintf(x.d.exclusive, migrationLock))}, prepare...)
	}
	if _, err := u.send(ctx, prepare); err != nil {
		return err
	}
	s, err := x.check(ctx, u)
	if err != nil {
		return err
	}
	for _, m := range x.d.migrations()[s.Have:] {
		run := []Statement{
			control(x.render(m.text)),
			{Query: x.text(`INSERT INTO {migrations} (number, name, checksum) VALUES ($1, $2, $3)`), Args: []any{int64(m.number), m.name, m.checksum}},
		}
		if _, err := u.send(ctx, run); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

func (x *texts) check(ctx context.Context, u *unit) (Schema, error) {
	known := x.d.migrations()
	s := Schema{Want: len(known)}
	var there []flag
	ask := into(&there, 1, func(f *flag) []any { return []any{f} }, x.text(x.d.there), x.d.nameFor(x.table("migrations")))
	if _, err := u.send(ctx, []Statement{ask}); err != nil || len(there) == 0 || !bool(there[0]) {
		return s, err
	}
	type run struct {
		number   number
		checksum text
	}
	var runs []run
	list := into(&runs, 4, func(r *run) []any { return []any{&r.number, &r.checksum} }, x.text(`SELECT number, checksum FROM {migrations} ORDER BY number`))
	if _, err := u.send(ctx, []Statement{list}); err != nil {
		return s, err
	}
	s.Have = len(runs)
	for i, r := range runs {
		switch {
		case i >= len(known):
			return s, ErrSchemaNew
		case int(r.number) != i+1 || string(r.checksum) != known[i].checksum:
			return s, fmt.Errorf("%w: number %s", ErrSchemaChanged, strconv.Itoa(int(r.number)))
		}
	}
	return s, nil
}
