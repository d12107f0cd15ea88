// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"bytes"
	"context"
	"math"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// revisionValue returns a copy that shares nothing.
func revisionValue(r *wiki.Revision) wiki.Revision {
	v := *r
	v.Credit = slices.Clone(v.Credit)
	return v
}

func keptRevision(r wiki.Revision) *wiki.Revision {
	r.At, r.Removal.At = instant(r.At), instant(r.Removal.At)
	r.Credit = append([]auth.By(nil), r.Credit...)
	return &r
}

func (st *state) putRevision(r *wiki.Revision) {
	k := idOf(r.Page)
	st.wikiRevisions.put(st.era, numbered{k, r.N}, r)
	for _, by := range signedRevision(r) {
		st.signPage(by.User, k)
	}
}

func changeOf(r *wiki.Revision) change { return change{micro(r.At), idOf(r.Page), r.N} }

func (st *state) insertWikiRevision(c wiki.InsertRevision) error {
	k, n := idOf(c.Revision.Page), c.Revision.N
	p, ok := st.wikiPages.get(k)
	switch {
	case !ok:
		return storage.ErrNotFound
	case st.wikiRevisions.has(numbered{k, n}):
		return storage.ErrExists
	}
	if err := st.putBlob(k, c.Blob); err != nil {
		return err
	}
	r := keptRevision(c.Revision)
	st.putRevision(r)
	for _, s := range pageStand(p).both() {
		st.wikiChanges.put(st.era, changed{s, changeOf(r)}, struct{}{})
	}
	if !r.By.User.IsZero() {
		st.wikiWrote.put(st.era, authored{idOf(r.By.User), changeOf(r)}, struct{}{})
	}
	return nil
}

// putBlob keeps the text of a revision; one without a number is none.
func (st *state) putBlob(page id, b wiki.Blob) error {
	if b.N == 0 {
		return nil
	}
	if b.Frame != b.N && !st.wikiBlobs.has(numbered{page, b.Frame}) {
		return storage.ErrNotFound
	}
	b.Data = bytes.Clone(b.Data)
	st.wikiBlobs.put(st.era, numbered{page, b.N}, b)
	return nil
}

func (st *state) updateWikiRevision(c wiki.UpdateRevision) error {
	k := numbered{idOf(c.Revision.Page), c.Revision.N}
	was, ok := st.wikiRevisions.get(k)
	if !ok {
		return storage.ErrNotFound
	}
	if c.Blob.N == 0 {
		st.wikiBlobs.drop(st.era, k)
	} else if err := st.putBlob(k.page, c.Blob); err != nil {
		return err
	}
	now := keptRevision(c.Revision)
	now.Base, now.By, now.At = was.Base, was.By, was.At
	st.putRevision(now)
	return nil
}

func (st *state) setRevisionRemoval(c wiki.SetRemoval) error {
	was, ok := st.wikiRevisions.get(numbered{idOf(c.Page), c.N})
	if !ok {
		return storage.ErrNotFound
	}
	now := *was
	now.Removal = c.Removal
	now.Removal.At = instant(c.Removal.At)
	st.putRevision(&now)
	return nil
}

// revisionsOf returns the revisions of a page, the newest first.
func (st *state) revisionsOf(page id) (out []*wiki.Revision) {
	for k, r := range st.wikiRevisions.from(numbered{page, math.MaxInt}) {
		if k.page != page {
			break
		}
		out = append(out, r)
	}
	return out
}

func (st *state) dropWikiRevisions(page wiki.PageID) {
	k := idOf(page)
	for _, was := range st.revisionsOf(k) {
		now := *was
		now.Title, now.Why, now.Credit, now.Removal = "", "", nil, wiki.Removal{State: wiki.Purged}
		st.putRevision(&now)
		st.wikiBlobs.drop(st.era, numbered{k, now.N})
	}
	for _, user := range below(st.wikiMentions, k) {
		st.wikiMentions.drop(st.era, pair{k, user})
	}
}

// moveChanges moves the changes of a page to where it stands now.
func (st *state) moveChanges(page id, from, to stand) {
	for _, r := range st.revisionsOf(page) {
		for i, s := range from.both() {
			st.wikiChanges.drop(st.era, changed{s, changeOf(r)})
			st.wikiChanges.put(st.era, changed{to.both()[i], changeOf(r)}, struct{}{})
		}
	}
}

// blob returns the text of a revision as it is kept, or none.
func (st *state) blob(page id, n int) wiki.Blob {
	b, _ := st.wikiBlobs.get(numbered{page, n})
	b.Data = bytes.Clone(b.Data)
	return b
}

// Revision implements [wiki.Store].
func (f wikiStore) Revision(ctx context.Context, id wiki.PageID, n int) (wiki.Revision, error) {
	return read(ctx, f.s, "wiki.Revision", func(st *state) (wiki.Revision, error) {
		r, ok := st.wikiRevisions.get(numbered{idOf(id), n})
		if !ok {
			return wiki.Revision{}, storage.ErrNotFound
		}
		return revisionValue(r), nil
	})
}

// Blobs implements [wiki.Store].
func (f wikiStore) Blobs(ctx context.Context, id wiki.PageID, n ...int) ([]wiki.Blob, error) {
	return read(ctx, f.s, "wiki.Blobs", func(st *state) (out []wiki.Blob, err error) {
		k := idOf(id)
		asked := slices.Clone(n)
		for _, n := range n {
			b, ok := st.wikiBlobs.get(numbered{k, n})
			if !ok {
				return nil, storage.ErrNotFound
			}
			asked = append(asked, b.Frame)
		}
		slices.Sort(asked)
		for _, n := range slices.Compact(asked) {
			if !st.wikiBlobs.has(numbered{k, n}) {
				return nil, storage.ErrNotFound
			}
			out = append(out, st.blob(k, n))
		}
		return out, nil
	})
}
