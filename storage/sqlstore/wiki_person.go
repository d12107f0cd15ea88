// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

var pageNameColumns = columns{"area", "name", "title", "page", "alias", "keeps", "kept_until", "kept_user", "kept_org", "kept_at", "kept_why", "version"}

func pageNameValues(n *wiki.Name) []any {
	p := &n.Protection
	return []any{raw(n.Area), n.Key, n.Title, n.Page, n.Alias, keeps(*p), p.Until, p.By.User, p.By.For, p.At, p.Why, n.Version}
}

func pageNameFields(n *wiki.Name) []any {
	p := &n.Protection
	return []any{&n.Area, (*text)(&n.Key), (*text)(&n.Title), &n.Page, (*flag)(&n.Alias), (*protection)(p), (*moment)(&p.Until), &p.By.User, &p.By.For, (*moment)(&p.At), (*text)(&p.Why), (*number)(&n.Version)}
}

var (
	insertName = write{
		query:  `INSERT INTO {page_names} (` + pageNameColumns.of("") + `) VALUES (` + numbered(1, 11) + `, 1)`,
		unique: true, refused: storage.ErrConflict,
	}
	updateName = write{
		query:   `UPDATE {page_names} SET ` + pageNameColumns[2:11].set(3) + `, version = version + 1 WHERE area = $1 AND name = $2 AND version = $12`,
		refused: storage.ErrConflict,
	}
	dropNames = write{query: `DELETE FROM {page_names} WHERE page = $1`}

	dropLinks  = write{query: `DELETE FROM {page_links} WHERE page = $1`}
	insertLink = write{query: `INSERT INTO {page_links} (page, name, title, target, area) SELECT $1, $2, $3, $4, p.area FROM {pages} p WHERE p.id = $1`}
	relink     = write{query: `UPDATE {page_links} SET target = $4 WHERE area = $1 AND name = $2 AND target = $3`}

	insertPageMentions = write{query: `INSERT INTO {page_mentions} (page, who) SELECT $1, u.item FROM {ids $2} u WHERE TRUE ON CONFLICT DO NOTHING`}
	insertWatch        = write{query: `INSERT INTO {page_watches} (page, who, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`}
	dropWatch          = write{query: `DELETE FROM {page_watches} WHERE page = $1 AND who = $2`}

	insertPageDraft = write{
		query:  `INSERT INTO {page_drafts} (` + pageDraftColumns.of("") + `) VALUES (` + numbered(1, len(pageDraftColumns)) + `)`,
		unique: true, refused: storage.ErrConflict,
	}
	updatePageDraft = write{
		query:   `UPDATE {page_drafts} SET ` + pageDraftColumns[2:].set(3) + ` WHERE id = $1 AND who = $2 AND version = $10 - 1`,
		refused: storage.ErrConflict,
	}
	fewerPageDrafts = write{
		query: `DELETE FROM {page_drafts} WHERE who = $1 AND id <> $2
			AND id NOT IN (SELECT id FROM (SELECT id FROM {page_drafts} WHERE who = $1 AND id <> $2 ORDER BY at DESC, id DESC LIMIT $3) k)`,
	}
	dropPageDraft = write{query: `DELETE FROM {page_drafts} WHERE who = $1 AND id = $2`}

	wikiErasures = []write{
		forget("{pages}", []string{"by", "edited", "kept", "checked", "removed"}),
		{query: `UPDATE {page_names} SET kept_user = NULL, kept_org = NULL, version = version + 1 WHERE kept_user = $1`},
		emptyBy("{page_revisions}", "by"), emptyBy("{page_revisions}", "removed"),
		{query: `UPDATE {page_credits} SET who = NULL, org = NULL WHERE who = $1`},
		forget("{page_files}", []string{"by", "removed"}),
		dropOf("{page_mentions}"), dropOf("{page_watches}"), dropOf("{page_drafts}"),
	}
)

var pageDraftColumns = columns{"id", "who", "page", "area", "base", "title", "body", "why", "at", "version"}

func nameSteps(steps []step, n *wiki.Name) []step {
	if !n.Page.IsZero() {
		steps = append(steps, do(&pageThere, n.Page))
	}
	v := pageNameValues(n)
	if n.Version == 0 {
		return append(steps, do(&insertName, v[:11]...))
	}
	return append(steps, do(&updateName, v...))
}

// wikiPersonSteps are the changes of what a person has to do with pages, and of
// their files.
func wikiPersonSteps(steps []step, c storage.Change) ([]step, bool) {
	switch c := c.(type) {
	case wiki.AddMentions:
		steps = append(steps, do(&pageThere, c.Page))
		if len(c.Users) > 0 {
			steps = append(steps, do(&insertPageMentions, c.Page, users(c.Users)))
		}
		return steps, true
	case wiki.SetWatch:
		steps = append(steps, do(&pageThere, c.Page))
		if c.On {
			return append(steps, do(&insertWatch, c.Page, raw(c.User), always(c.At))), true
		}
		return append(steps, do(&dropWatch, c.Page, raw(c.User))), true
	case wiki.PutDraft:
		d := &c.Draft
		v := []any{d.ID, raw(d.User), d.Page, d.Area, d.Base, d.Title, d.Body, d.Why, always(d.At), d.Version}
		if d.Version == 1 {
			steps = append(steps, do(&insertPageDraft, v...))
		} else {
			steps = append(steps, do(&updatePageDraft, v...))
		}
		return append(steps, do(&fewerPageDrafts, raw(d.User), d.ID, max(c.Most, 1)-1)), true
	case wiki.DropDraft:
		return append(steps, do(&dropPageDraft, raw(c.User), raw(c.Draft))), true
	case wiki.InsertAttachment:
		return append(steps, do(&insertFile, fileValues(&c.Attachment)...)), true
	case wiki.UpdateAttachment:
		v := fileValues(&c.Attachment)
		return append(steps, do(&updateFile, append([]any{v[0], v[4]}, v[9:]...)...)), true
	case wiki.EraseUser:
		if !c.User.IsZero() {
			for i := range wikiErasures {
				steps = append(steps, do(&wikiErasures[i], raw(c.User)))
			}
		}
		return steps, true
	}
	return steps, false
}

var (
	pageName     = rootBy(`SELECT ` + pageNameColumns.of("") + ` FROM {page_names} WHERE area = $1 AND name = $2`)
	pageNames    = `SELECT ` + pageNameColumns.of("") + ` FROM {page_names} WHERE area = $1 AND {among name $2} ORDER BY name`
	pageNamesOf  = `SELECT ` + pageNameColumns.of("") + ` FROM {page_names} WHERE page = $1 ORDER BY area, name`
	pageWatchers = `SELECT who FROM {page_watches} WHERE page = $1 AND who > $2 ORDER BY who LIMIT $3`
)

// Name implements [wiki.Store].
func (f wikiStore) Name(ctx context.Context, area auth.AreaID, key string) (wiki.Name, error) {
	return row(ctx, f.s, "wiki.Name", pageNameFields, f.s.rootText(pageName), raw(area), key)
}

// Names implements [wiki.Store].
func (f wikiStore) Names(ctx context.Context, area auth.AreaID, keys []string) ([]wiki.Name, error) {
	return rows(ctx, f.s, "wiki.Names", len(keys), pageNameFields, pageNames, raw(area), keys)
}

// Aliases implements [wiki.Store].
func (f wikiStore) Aliases(ctx context.Context, id wiki.PageID) ([]wiki.Name, error) {
	return rows(ctx, f.s, "wiki.Aliases", 4, pageNameFields, pageNamesOf, id)
}

// Watchers implements [wiki.Store].
func (f wikiStore) Watchers(ctx context.Context, id wiki.PageID, after auth.UserID, limit int) ([]auth.UserID, error) {
	return rows(ctx, f.s, "wiki.Watchers", 16, func(u *auth.UserID) []any { return []any{u} }, pageWatchers, raw(id), raw(after), storage.Limit(limit))
}

// Watched implements [wiki.Store].
func (f wikiStore) Watched(ctx context.Context, user auth.UserID) ([]wiki.PageID, error) {
	return rows(ctx, f.s, "wiki.Watched", 16, func(p *wiki.PageID) []any { return []any{p} }, `SELECT page FROM {page_watches} WHERE who = $1 ORDER BY page`, raw(user))
}

func pageDraftFields(d *wiki.Draft) []any {
	return []any{&d.ID, &d.User, &d.Page, &d.Area, (*number)(&d.Base), (*text)(&d.Title), (*text)(&d.Body), (*text)(&d.Why), (*moment)(&d.At), (*number)(&d.Version)}
}

// Draft implements [wiki.Store].
func (f wikiStore) Draft(ctx context.Context, id wiki.DraftID) (wiki.Draft, error) {
	return row(ctx, f.s, "wiki.Draft", pageDraftFields, `SELECT `+pageDraftColumns.of("")+` FROM {page_drafts} WHERE id = $1`, raw(id))
}

// Drafts implements [wiki.Store].
func (f wikiStore) Drafts(ctx context.Context, user auth.UserID) ([]wiki.Draft, error) {
	return rows(ctx, f.s, "wiki.Drafts", 8, pageDraftFields, `SELECT `+pageDraftColumns.of("")+` FROM {page_drafts} WHERE who = $1 ORDER BY at DESC, id DESC`, raw(user))
}
