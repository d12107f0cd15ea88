// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// signPage notes that a page names a person.
func (st *state) signPage(user auth.UserID, page id) {
	k := pair{idOf(user), page}
	if !user.IsZero() && st.wikiPages.has(page) && !st.wikiSigned.has(k) {
		st.wikiSigned.put(st.era, k, struct{}{})
	}
}

// The bylines of rows.

func signedPage(p *wiki.Page) []*auth.By {
	return []*auth.By{&p.By, &p.EditedBy, &p.Protection.By, &p.Check.By, &p.Removal.By}
}

func signedRevision(r *wiki.Revision) []*auth.By {
	out := []*auth.By{&r.By, &r.Removal.By}
	for i := range r.Credit {
		out = append(out, &r.Credit[i])
	}
	return out
}

func signedFile(a *wiki.Attachment) []*auth.By { return []*auth.By{&a.By, &a.Removal.By} }

// names reports whether a page names a person.
func (st *state) names(page id, who auth.UserID) bool {
	is := func(by *auth.By) bool { return by.User == who }
	p, ok := st.wikiPages.get(page)
	if !ok {
		return false
	}
	if slices.ContainsFunc(signedPage(p), is) || st.wikiMentions.has(pair{page, idOf(who)}) {
		return true
	}
	for _, n := range st.namesOf(page) {
		if n.Protection.By.User == who {
			return true
		}
	}
	for _, r := range st.revisionsOf(page) {
		if slices.ContainsFunc(signedRevision(r), is) {
			return true
		}
	}
	for _, a := range st.filesOf(page) {
		if slices.ContainsFunc(signedFile(a), is) {
			return true
		}
	}
	return false
}

func (st *state) addWikiMentions(c wiki.AddMentions) error {
	k := idOf(c.Page)
	if !st.wikiPages.has(k) {
		return storage.ErrNotFound
	}
	for _, u := range c.Users {
		st.wikiMentions.put(st.era, pair{k, idOf(u)}, struct{}{})
		st.signPage(u, k)
	}
	return nil
}

func (st *state) setWatch(c wiki.SetWatch) error {
	page, user := idOf(c.Page), idOf(c.User)
	if !st.wikiPages.has(page) {
		return storage.ErrNotFound
	}
	if c.On {
		st.wikiWatches.put(st.era, pair{page, user}, struct{}{})
		st.wikiWatched.put(st.era, pair{user, page}, struct{}{})
		return nil
	}
	st.wikiWatches.drop(st.era, pair{page, user})
	st.wikiWatched.drop(st.era, pair{user, page})
	return nil
}

// Watchers implements [wiki.Store].
func (f wikiStore) Watchers(ctx context.Context, id wiki.PageID, after auth.UserID, limit int) ([]auth.UserID, error) {
	return read(ctx, f.s, "wiki.Watchers", func(st *state) (out []auth.UserID, err error) {
		start := pair{idOf(id), idOf(after)}
		for k := range st.wikiWatches.from(start) {
			if k.a != start.a || len(out) == storage.Limit(limit) {
				break
			}
			if k != start {
				out = append(out, storageID[auth.User](k.b))
			}
		}
		return out, nil
	})
}

// Watched implements [wiki.Store].
func (f wikiStore) Watched(ctx context.Context, user auth.UserID) ([]wiki.PageID, error) {
	return read(ctx, f.s, "wiki.Watched", func(st *state) (out []wiki.PageID, err error) {
		for _, page := range below(st.wikiWatched, idOf(user)) {
			out = append(out, storageID[wiki.Page](page))
		}
		return out, nil
	})
}

// eraseFromWiki does what [wiki.EraseUser] says.
func (st *state) eraseFromWiki(who auth.UserID) {
	if who.IsZero() {
		return
	}
	user := idOf(who)
	for _, page := range below(st.wikiSigned, user) {
		st.eraseFromPage(who, page)
		st.wikiSigned.drop(st.era, pair{user, page})
	}
	for k := range st.wikiNames.from(nameKey{}) { // those that lead nowhere
		if n, _ := row(st.wikiNames, k); erase(who, &n.Protection.By) {
			n.Version++
			st.wikiNames.put(st.era, k, &n)
		}
	}
	for _, page := range below(st.wikiWatched, user) {
		st.wikiWatched.drop(st.era, pair{user, page})
		st.wikiWatches.drop(st.era, pair{page, user})
	}
	for _, d := range st.wikiDraftsBy(user) {
		st.dropWikiDraft(d)
	}
}

func (st *state) eraseFromPage(who auth.UserID, page id) {
	p, err := row(st.wikiPages, page)
	if err != nil {
		return
	}
	st.wikiMentions.drop(st.era, pair{page, idOf(who)})
	for _, was := range st.revisionsOf(page) {
		now := revisionValue(was)
		if erase(who, signedRevision(&now)...) {
			st.wikiRevisions.put(st.era, numbered{page, now.N}, &now)
			st.wikiWrote.drop(st.era, authored{idOf(who), changeOf(&now)})
		}
	}
	for _, was := range st.filesOf(page) {
		now := *was
		if erase(who, signedFile(&now)...) {
			now.Version++
			st.wikiFiles.put(st.era, idOf(now.ID), &now)
		}
	}
	was, _ := st.wikiPages.get(page)
	if erase(who, signedPage(&p)...) {
		p.Version++
		st.setPage(was, &p)
	}
}

// ---- drafts

func draftKeyOf(d *wiki.Draft) draftKey {
	return draftKey{idOf(d.User), position{micro(d.At), idOf(d.ID)}}
}

func (st *state) dropWikiDraft(d *wiki.Draft) {
	st.wikiDrafts.drop(st.era, idOf(d.ID))
	st.wikiDraftsOf.drop(st.era, draftKeyOf(d))
}

// wikiDraftsBy returns the drafts of a person, the latest first.
func (st *state) wikiDraftsBy(user id) (out []*wiki.Draft) {
	for k := range st.wikiDraftsOf.from(draftKey{user, listStart}) {
		if k.user != user {
			break
		}
		d, _ := st.wikiDrafts.get(k.id)
		out = append(out, d)
	}
	return out
}

func (st *state) putWikiDraft(c wiki.PutDraft) error {
	d := c.Draft
	version := 0
	was, ok := st.wikiDrafts.get(idOf(d.ID))
	if ok {
		version = was.Version
	}
	if version != d.Version-1 || ok && was.User != d.User {
		return storage.ErrConflict
	}
	if ok {
		st.dropWikiDraft(was)
	}
	d.At = instant(d.At)
	st.wikiDrafts.put(st.era, idOf(d.ID), &d)
	st.wikiDraftsOf.put(st.era, draftKeyOf(&d), struct{}{})
	all := st.wikiDraftsBy(idOf(d.User))
	for i := len(all) - 1; i >= 0 && len(all) > max(c.Most, 1); i-- {
		if all[i].ID != d.ID {
			st.dropWikiDraft(all[i])
			all = slices.Delete(all, i, i+1)
		}
	}
	return nil
}

// Draft implements [wiki.Store].
func (f wikiStore) Draft(ctx context.Context, id wiki.DraftID) (wiki.Draft, error) {
	return read(ctx, f.s, "wiki.Draft", func(st *state) (wiki.Draft, error) { return row(st.wikiDrafts, idOf(id)) })
}

// Drafts implements [wiki.Store].
func (f wikiStore) Drafts(ctx context.Context, user auth.UserID) ([]wiki.Draft, error) {
	return read(ctx, f.s, "wiki.Drafts", func(st *state) (out []wiki.Draft, err error) {
		for _, d := range st.wikiDraftsBy(idOf(user)) {
			out = append(out, *d)
		}
		return out, nil
	})
}
