// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"

	"github.com/google/uuid"

	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// wikiState is what is kept of pages. Rows are never changed once put.
type wikiState struct {
	wikiPages   tree[id, *wiki.Page]
	wikiLeaves  tree[leaf, struct{}]      // where pages are found
	wikiBelow   tree[pair, struct{}]      // by parent and page, whatever its state
	wikiOrigins tree[originKey, struct{}] // by what they were made from

	wikiNames   tree[nameKey, *wiki.Name]
	wikiNamesOf tree[nameOf, struct{}]

	wikiRevisions tree[numbered, *wiki.Revision] // the newest first
	wikiBlobs     tree[numbered, wiki.Blob]
	wikiChanges   tree[changed, struct{}]  // of all pages where they stand, the newest first
	wikiWrote     tree[authored, struct{}] // by author, the newest first

	wikiLinks   tree[linkKey, *wiki.Link]
	wikiLinksTo tree[pair, struct{}]   // by target and page
	wikiLinksBy tree[linkBy, struct{}] // by area and name

	wikiFiles   tree[id, *wiki.Attachment]
	wikiFilesOf tree[fileKey, id] // by page and name, the newest first

	wikiDrafts   tree[id, *wiki.Draft]
	wikiDraftsOf tree[draftKey, struct{}] // by person, the latest first

	wikiWatches tree[pair, struct{}] // by page and person
	wikiWatched tree[pair, struct{}] // by person and page

	wikiMentions tree[pair, struct{}] // by page and person

	// Every page that names a person in one of its rows, and some that did
	// once: whoever reads looks whether it still does.
	wikiSigned tree[pair, struct{}]
}

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

// wikiTexts are the texts of a change.
func wikiTexts(c storage.Change) []string {
	page := func(p wiki.Page) []string {
		return append([]string{p.Title, p.Key, p.Template, p.Body, p.Protection.Why, p.Origin.Kind, p.Removal.Why}, p.Tags...)
	}
	revision := func(r wiki.Revision) []string { return []string{r.Title, r.Why, r.Removal.Why} }
	switch c := c.(type) {
	case wiki.InsertPage:
		return page(c.Page)
	case wiki.UpdatePage:
		return page(c.Page)
	case wiki.PutName:
		return []string{c.Name.Key, c.Name.Title, c.Name.Protection.Why}
	case wiki.InsertRevision:
		return revision(c.Revision)
	case wiki.UpdateRevision:
		return revision(c.Revision)
	case wiki.SetRemoval:
		return []string{c.Removal.Why}
	case wiki.SetLinks:
		var out []string
		for _, l := range c.Links {
			out = append(out, l.Key, l.Title)
		}
		return out
	case wiki.Relink:
		return []string{c.Key}
	case wiki.PutDraft:
		return []string{c.Draft.Title, c.Draft.Body, c.Draft.Why}
	case wiki.InsertAttachment:
		return fileTexts(c.Attachment)
	case wiki.UpdateAttachment:
		return fileTexts(c.Attachment)
	}
	return nil
}

func fileTexts(a wiki.Attachment) []string {
	return []string{a.Name, a.Key, a.Type, a.Why, a.Removal.Why}
}

func (st *state) applyWiki(c storage.Change) (known bool, err error) {
	if err := checkText(wikiTexts(c)...); err != nil {
		return true, err
	}
	switch c := c.(type) {
	case wiki.InsertPage:
		err = st.insertPage(c.Page)
	case wiki.UpdatePage:
		err = st.updatePage(c.Page)
	case wiki.PageAt:
		_, err = st.pageAt(c.Page, c.Version)
	case wiki.PutName:
		err = st.putName(c.Name)
	case wiki.DropNames:
		st.dropNames(c.Page)
	case wiki.InsertRevision:
		err = st.insertWikiRevision(c)
	case wiki.UpdateRevision:
		err = st.updateWikiRevision(c)
	case wiki.SetRemoval:
		err = st.setRevisionRemoval(c)
	case wiki.DropRevisions:
		st.dropWikiRevisions(c.Page)
	case wiki.SetLinks:
		err = st.setLinks(c)
	case wiki.Relink:
		st.relink(c)
	case wiki.MoveChildren:
		err = st.moveChildren(c)
	case wiki.AddMentions:
		err = st.addWikiMentions(c)
	case wiki.SetWatch:
		err = st.setWatch(c)
	case wiki.PutDraft:
		err = st.putWikiDraft(c)
	case wiki.DropDraft:
		if d, ok := st.wikiDrafts.get(idOf(c.Draft)); ok && d.User == c.User {
			st.dropWikiDraft(d)
		}
	case wiki.InsertAttachment:
		err = st.insertFile(c.Attachment)
	case wiki.UpdateAttachment:
		err = st.updateFile(c.Attachment)
	case wiki.EraseUser:
		st.eraseFromWiki(c.User)
	default:
		return false, nil
	}
	return true, err
}
