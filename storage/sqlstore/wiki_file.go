// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// fileColumns are in the order of fileValues; an update replaces those from the
// tenth on.
var fileColumns = columns{
	"id", "page", "name", "n", "version", "blob", "by_user", "by_org", "at",
	"title", "media", "size", "digest", "why", "state", "removed_at", "removed_user", "removed_org", "removed_why",
}

func fileValues(a *wiki.Attachment) []any {
	r := &a.Removal
	return []any{
		a.ID, a.Page, a.Key, a.N, a.Version, raw(a.Blob), a.By.User, a.By.For, always(a.At),
		a.Name, a.Type, a.Size, append([]byte{}, a.Sum[:]...), a.Why, int(r.State), r.At, r.By.User, r.By.For, r.Why,
	}
}

func fileFields(a *wiki.Attachment) []any {
	r := &a.Removal
	return []any{
		&a.ID, &a.Page, (*text)(&a.Key), (*number)(&a.N), (*number)(&a.Version), &a.Blob, &a.By.User, &a.By.For, (*moment)(&a.At),
		(*text)(&a.Name), (*text)(&a.Type), (*long)(&a.Size), (*sum)(&a.Sum), (*text)(&a.Why), (*octet)(&r.State), (*moment)(&r.At), &r.By.User, &r.By.For, (*text)(&r.Why),
	}
}

var (
	insertFile = write{
		query:   `INSERT INTO {page_files} (` + fileColumns.of("") + `) SELECT ` + numbered(1, len(fileColumns)) + ` WHERE EXISTS (SELECT 1 FROM {pages} WHERE id = $2) ON CONFLICT DO NOTHING`,
		refused: storage.ErrExists, seen: `EXISTS (SELECT 1 FROM {page_files} WHERE id = $1 OR page = $2 AND name = $3 AND n = $4)`, args: 4,
	}
	updateFile = write{
		query:   `UPDATE {page_files} SET ` + fileColumns[9:].set(3) + `, version = version + 1 WHERE id = $1 AND version = $2`,
		refused: storage.ErrConflict, seen: `EXISTS (SELECT 1 FROM {page_files} WHERE id = $1)`, args: 1,
	}
)

// Attachment implements [wiki.Store].
func (f wikiStore) Attachment(ctx context.Context, id wiki.AttachmentID) (wiki.Attachment, error) {
	return row(ctx, f.s, "wiki.Attachment", fileFields, `SELECT `+fileColumns.of("")+` FROM {page_files} WHERE id = $1`, raw(id))
}

// Attachments implements [wiki.Store].
func (f wikiStore) Attachments(ctx context.Context, q wiki.AttachmentQuery) ([]wiki.Attachment, error) {
	text, args := `SELECT `+fileColumns.of("a.")+` FROM {page_files} a WHERE a.page = $1`, []any{raw(q.Page)}
	also := ""
	if !q.Removed {
		also = " AND {}.state = 0"
	}
	of := func(name string) string { return strings.ReplaceAll(also, "{}", name) }
	text += of("a")
	if q.Key != "" {
		text += ` AND a.name = $2`
		args = append(args, q.Key)
	} else {
		text += ` AND NOT EXISTS (SELECT 1 FROM {page_files} b WHERE b.page = a.page AND b.name = a.name AND b.n > a.n` + of("b") + `)`
	}
	return rows(ctx, f.s, "wiki.Attachments", 8, fileFields, text+` ORDER BY a.name, a.n DESC`, args...)
}

// Blobs returns what keeps the bytes of attachments in the database, beside the
// store and apart from its units. A file of many megabytes never stands whole in
// memory.
func (s Store) Blobs() wiki.Blobs { return fileBlobs{s} }

type fileBlobs struct{ s Store }

// pieceSize is how many bytes of a file stand in one row.
const pieceSize = 256 << 10

var insertPiece = write{query: `INSERT INTO {file_pieces} (blob, i, bytes) VALUES ($1, $2, $3)`, unique: true, refused: storage.ErrExists}

var dropPieces = write{query: `DELETE FROM {file_pieces} WHERE blob = $1`}

func (b fileBlobs) apply(ctx context.Context, op string, w *write, args ...any) error {
	return b.s.apply(ctx, op, []step{{op: op, w: w, args: args}})
}

// Put implements [wiki.Blobs]. The first piece comes last: until then there is
// no such file.
func (b fileBlobs) Put(ctx context.Context, id wiki.BlobID, r io.Reader) (err error) {
	const op = "wiki.Put"
	first := make([]byte, pieceSize)
	n, err := io.ReadFull(r, first)
	whole := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !whole {
		return failed(op, err)
	}
	for i := 1; !whole; i++ {
		piece := make([]byte, pieceSize)
		m, err := io.ReadFull(r, piece)
		whole = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !whole {
			return errors.Join(failed(op, err), b.Drop(context.WithoutCancel(ctx), id))
		}
		if m == 0 {
			break
		}
		if err := b.apply(ctx, op, &insertPiece, raw(id), i, piece[:m]); err != nil {
			if !errors.Is(err, storage.ErrExists) {
				err = errors.Join(err, b.Drop(context.WithoutCancel(ctx), id))
			}
			return err
		}
	}
	return b.apply(ctx, op, &insertPiece, raw(id), 0, first[:n])
}

// Open implements [wiki.Blobs].
func (b fileBlobs) Open(ctx context.Context, id wiki.BlobID) (io.ReadCloser, error) {
	f := &pieces{ctx: ctx, s: b.s, id: id}
	piece, ok, err := f.next()
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, failed("wiki.Open", storage.ErrNotFound)
	}
	f.left = bytes.NewReader(piece)
	return f, nil
}

// Drop implements [wiki.Blobs].
func (b fileBlobs) Drop(ctx context.Context, id wiki.BlobID) error {
	return b.apply(ctx, "wiki.Drop", &dropPieces, raw(id))
}

// pieces reads a file piece by piece.
type pieces struct {
	ctx  context.Context
	s    Store
	id   wiki.BlobID
	i    int
	left *bytes.Reader
}

func (f *pieces) next() ([]byte, bool, error) {
	found, err := rows(f.ctx, f.s, "wiki.Open", 1, func(b *binary) []any { return []any{b} }, `SELECT bytes FROM {file_pieces} WHERE blob = $1 AND i = $2`, raw(f.id), f.i)
	f.i++
	if err != nil || len(found) == 0 {
		return nil, false, err
	}
	return found[0], true, nil
}

// Read implements [io.Reader].
func (f *pieces) Read(b []byte) (int, error) {
	for {
		if n, err := f.left.Read(b); n > 0 || err == nil {
			return n, nil
		}
		piece, ok, err := f.next()
		switch {
		case err != nil:
			return 0, err
		case !ok:
			return 0, io.EOF
		}
		f.left.Reset(piece)
	}
}

// Close implements [io.Closer].
func (*pieces) Close() error { return nil }
