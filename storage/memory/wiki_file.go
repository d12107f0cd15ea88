// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"bytes"
	"context"
	"io"
	"math"
	"sync"

	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

func keptFile(a wiki.Attachment) *wiki.Attachment {
	a.At, a.Removal.At = instant(a.At), instant(a.Removal.At)
	return &a
}

func (st *state) putFile(a *wiki.Attachment) {
	page := idOf(a.Page)
	st.wikiFiles.put(st.era, idOf(a.ID), a)
	st.wikiFilesOf.put(st.era, fileKey{page, a.Key, a.N}, idOf(a.ID))
	for _, by := range signedFile(a) {
		st.signPage(by.User, page)
	}
}

func (st *state) insertFile(a wiki.Attachment) error {
	switch {
	case !st.wikiPages.has(idOf(a.Page)):
		return storage.ErrNotFound
	case st.wikiFiles.has(idOf(a.ID)) || st.wikiFilesOf.has(fileKey{idOf(a.Page), a.Key, a.N}):
		return storage.ErrExists
	}
	st.putFile(keptFile(a))
	return nil
}

func (st *state) updateFile(a wiki.Attachment) error {
	was, ok := st.wikiFiles.get(idOf(a.ID))
	switch {
	case !ok:
		return storage.ErrNotFound
	case was.Version != a.Version:
		return storage.ErrConflict
	}
	now := keptFile(a)
	now.Page, now.Key, now.N, now.Blob = was.Page, was.Key, was.N, was.Blob
	now.By, now.At = was.By, was.At
	now.Version++
	st.putFile(now)
	return nil
}

// filesOf returns the attachments of a page by Key, the newest first.
func (st *state) filesOf(page id) (out []*wiki.Attachment) {
	for k, of := range st.wikiFilesOf.from(fileKey{page: page, n: math.MaxInt}) {
		if k.page != page {
			break
		}
		a, _ := st.wikiFiles.get(of)
		out = append(out, a)
	}
	return out
}

// Attachment implements [wiki.Store].
func (f wikiStore) Attachment(ctx context.Context, id wiki.AttachmentID) (wiki.Attachment, error) {
	return read(ctx, f.s, "wiki.Attachment", func(st *state) (wiki.Attachment, error) { return row(st.wikiFiles, idOf(id)) })
}

// Attachments implements [wiki.Store].
func (f wikiStore) Attachments(ctx context.Context, q wiki.AttachmentQuery) ([]wiki.Attachment, error) {
	return read(ctx, f.s, "wiki.Attachments", func(st *state) (out []wiki.Attachment, err error) {
		for _, a := range st.filesOf(idOf(q.Page)) {
			older := len(out) > 0 && out[len(out)-1].Key == a.Key
			if (q.Key == "" && older) || (q.Key != "" && q.Key != a.Key) || (!q.Removed && a.Removal.State != wiki.Visible) {
				continue
			}
			out = append(out, *a)
		}
		return out, nil
	})
}

// Blobs keeps the bytes of attachments in memory. The zero value is empty and
// ready; it is safe for concurrent use, and no part of a Store: what a unit of
// work undoes stays here.
type Blobs struct {
	mu   sync.Mutex
	data map[wiki.BlobID][]byte
}

var _ wiki.Blobs = (*Blobs)(nil)

// Put implements [wiki.Blobs].
func (b *Blobs) Put(ctx context.Context, id wiki.BlobID, r io.Reader) error {
	data, err := io.ReadAll(r)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return failed("wiki.Put", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.data[id]; ok {
		return failed("wiki.Put", storage.ErrExists)
	}
	if b.data == nil {
		b.data = map[wiki.BlobID][]byte{}
	}
	b.data[id] = data
	return nil
}

// Open implements [wiki.Blobs].
func (b *Blobs) Open(ctx context.Context, id wiki.BlobID) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, failed("wiki.Open", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.data[id]
	if !ok {
		return nil, failed("wiki.Open", storage.ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// Drop implements [wiki.Blobs].
func (b *Blobs) Drop(ctx context.Context, id wiki.BlobID) error {
	if err := ctx.Err(); err != nil {
		return failed("wiki.Drop", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.data, id)
	return nil
}
