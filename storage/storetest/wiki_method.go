// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"

	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// wikiMethods are those of pages.
func wikiMethods() []method {
	tell := func(_ any, err error) error { return err }
	user, page, area := newUser(), storage.NewID[wiki.Page](), newArea()
	w := func(name string, call func(context.Context, wiki.Store) error) method {
		return method{"Wiki." + name, func(ctx context.Context, s community.Store) error { return call(ctx, s.Wiki()) }}
	}
	return []method{
		w("Atomic", func(ctx context.Context, w wiki.Store) error {
			return w.Atomic(ctx, func(context.Context, wiki.Store) error { return nil })
		}),
		w("Apply", func(ctx context.Context, w wiki.Store) error {
			return w.Apply(ctx, wiki.PutName{Name: wiki.Name{Area: newArea(), Key: "k"}})
		}),
		w("Done", func(ctx context.Context, w wiki.Store) error { return tell(w.Done(ctx, user.Bytes(), "k")) }),
		w("Page", func(ctx context.Context, w wiki.Store) error { return tell(w.Page(ctx, page)) }),
		w("Edit", func(ctx context.Context, w wiki.Store) error { return tell(w.Edit(ctx, wiki.EditQuery{Page: page})) }),
		w("View", func(ctx context.Context, w wiki.Store) error { return tell(w.View(ctx, wiki.ViewQuery{Page: page})) }),
		w("Path", func(ctx context.Context, w wiki.Store) error { return tell(w.Path(ctx, page)) }),
		w("Height", func(ctx context.Context, w wiki.Store) error { return tell(w.Height(ctx, page)) }),
		w("Pages", func(ctx context.Context, w wiki.Store) error {
			return tell(w.Pages(ctx, wiki.PageQuery{Reach: everything}))
		}),
		w("Name", func(ctx context.Context, w wiki.Store) error { return tell(w.Name(ctx, area, "k")) }),
		w("Names", func(ctx context.Context, w wiki.Store) error { return tell(w.Names(ctx, area, []string{"k"})) }),
		w("Aliases", func(ctx context.Context, w wiki.Store) error { return tell(w.Aliases(ctx, page)) }),
		w("Revision", func(ctx context.Context, w wiki.Store) error { return tell(w.Revision(ctx, page, 1)) }),
		w("Blobs", func(ctx context.Context, w wiki.Store) error { return tell(w.Blobs(ctx, page, 1)) }),
		w("Revisions", func(ctx context.Context, w wiki.Store) error {
			return tell(w.Revisions(ctx, wiki.RevisionQuery{Reach: everything}))
		}),
		w("Backlinks", func(ctx context.Context, w wiki.Store) error {
			return tell(w.Backlinks(ctx, wiki.LinkQuery{To: page, Reach: everything}))
		}),
		w("Wanted", func(ctx context.Context, w wiki.Store) error {
			return tell(w.Wanted(ctx, wiki.WantedQuery{Reach: everything, Area: area}))
		}),
		w("From", func(ctx context.Context, w wiki.Store) error {
			return tell(w.From(ctx, wiki.Origin{Kind: "qa.answer", ID: user.Bytes()}, everything))
		}),
		w("Attachment", func(ctx context.Context, w wiki.Store) error {
			return tell(w.Attachment(ctx, storage.NewID[wiki.Attachment]()))
		}),
		w("Attachments", func(ctx context.Context, w wiki.Store) error {
			return tell(w.Attachments(ctx, wiki.AttachmentQuery{Page: page}))
		}),
		w("Draft", func(ctx context.Context, w wiki.Store) error {
			return tell(w.Draft(ctx, storage.NewID[wiki.Draft]()))
		}),
		w("Drafts", func(ctx context.Context, w wiki.Store) error { return tell(w.Drafts(ctx, user)) }),
		w("Watchers", func(ctx context.Context, w wiki.Store) error { return tell(w.Watchers(ctx, page, user, 3)) }),
		w("Watched", func(ctx context.Context, w wiki.Store) error { return tell(w.Watched(ctx, user)) }),
		w("Written", func(ctx context.Context, w wiki.Store) error {
			return tell(w.Written(ctx, wiki.WrittenQuery{User: user}))
		}),
	}
}
