// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"

	"github.com/google/uuid"

	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// wikiStore is a [wiki.Store] on a Store.
type wikiStore struct{ s Store }

var _ wiki.Store = wikiStore{}

// Atomic implements [wiki.Store].
func (f wikiStore) Atomic(ctx context.Context, fn func(context.Context, wiki.Store) error) error {
	return f.s.atomic(ctx, func(ctx context.Context, tx Store) error { return fn(ctx, wikiStore{tx}) })
}

// Apply implements [storage.Writer].
func (f wikiStore) Apply(ctx context.Context, changes ...storage.Change) error {
	return f.s.Apply(ctx, changes...)
}

// Done implements [storage.Writer].
func (f wikiStore) Done(ctx context.Context, owner uuid.UUID, key string) (uuid.UUID, error) {
	return f.s.Done(ctx, owner, key)
}

// wikiSteps are the changes of pages.
//
// Whoever writes locks in this order: the page, its names, and then what belongs
// to it.
func wikiSteps(steps []step, c storage.Change) ([]step, bool) {
	switch c := c.(type) {
	case wiki.InsertPage:
		return pageLabelSteps(append(withParent(steps, c.Page.Parent), do(&insertPage, append(pageValues(&c.Page), always(c.Page.CreatedAt))...)), &c.Page, true), true
	case wiki.UpdatePage:
		v := pageValues(&c.Page)
		return pageLabelSteps(append(withParent(steps, c.Page.Parent), do(&updatePage, append(v[:2:2], v[5:]...)...)), &c.Page, false), true
	case wiki.PageAt:
		return append(steps, do(&pageAt, c.Page, c.Version)), true
	case wiki.MoveChildren:
		return append(withParent(steps, c.To), do(&moveChildren, raw(c.From), raw(c.To))), true
	case wiki.PutName:
		return nameSteps(steps, &c.Name), true
	case wiki.DropNames:
		return append(steps, do(&dropNames, c.Page)), true
	case wiki.InsertRevision:
		steps = append(steps, do(&insertPageRevision, pageRevisionValues(&c.Revision)...))
		return creditSteps(blobSteps(steps, c.Revision.Page, c.Blob), &c.Revision), true
	case wiki.UpdateRevision:
		v := pageRevisionValues(&c.Revision)
		steps = append(steps, do(&updatePageRevision, append([]any{v[0], v[1], v[3], v[4]}, v[8:]...)...), do(&dropCredits, c.Revision.Page, c.Revision.N))
		if c.Blob.N == 0 {
			steps = append(steps, do(&dropBlob, c.Revision.Page, c.Revision.N))
		}
		return creditSteps(blobSteps(steps, c.Revision.Page, c.Blob), &c.Revision), true
	case wiki.SetRemoval:
		r := c.Removal
		return append(steps, do(&removePageRevision, c.Page, c.N, int(r.State), r.At, r.By.User, r.By.For, r.Why)), true
	case wiki.DropRevisions:
		for i := range dropPageRevisions {
			steps = append(steps, do(&dropPageRevisions[i], c.Page))
		}
		return steps, true
	case wiki.SetLinks:
		steps = append(steps, do(&pageThere, c.Page), do(&dropLinks, c.Page))
		for _, l := range c.Links {
			steps = append(steps, do(&insertLink, c.Page, l.Key, l.Title, raw(l.To)))
		}
		return steps, true
	case wiki.Relink:
		return append(steps, do(&relink, raw(c.Area), c.Key, raw(c.From), raw(c.To))), true
	}
	return wikiPersonSteps(steps, c)
}

// withParent appends the step that holds the parent of a page, if it has one.
func withParent(steps []step, parent wiki.PageID) []step {
	if parent.IsZero() {
		return steps
	}
	return append(steps, do(&pageThere, parent))
}
