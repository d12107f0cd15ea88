// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

func (st *state) putName(n wiki.Name) error {
	if !n.Page.IsZero() && !st.wikiPages.has(idOf(n.Page)) {
		return storage.ErrNotFound
	}
	k := nameKey{idOf(n.Area), n.Key}
	version := 0
	if was, ok := st.wikiNames.get(k); ok {
		version = was.Version
		if n.Version == version {
			st.wikiNamesOf.drop(st.era, nameOf{idOf(was.Page), k})
		}
	}
	if n.Version != version {
		return storage.ErrConflict
	}
	n.Version++
	n.Protection.Until, n.Protection.At = instant(n.Protection.Until), instant(n.Protection.At)
	st.wikiNames.put(st.era, k, &n)
	st.wikiNamesOf.put(st.era, nameOf{idOf(n.Page), k}, struct{}{})
	st.signPage(n.Protection.By.User, idOf(n.Page))
	return nil
}

// namesOf returns the names of a page, by area, then by Key.
func (st *state) namesOf(page id) (out []*wiki.Name) {
	for k := range st.wikiNamesOf.from(nameOf{page: page}) {
		if k.page != page {
			break
		}
		n, _ := st.wikiNames.get(k.nameKey)
		out = append(out, n)
	}
	return out
}

func (st *state) dropNames(page wiki.PageID) {
	if page.IsZero() {
		return
	}
	for _, n := range st.namesOf(idOf(page)) {
		k := nameKey{idOf(n.Area), n.Key}
		st.wikiNames.drop(st.era, k)
		st.wikiNamesOf.drop(st.era, nameOf{idOf(page), k})
	}
}

// Name implements [wiki.Store].
func (f wikiStore) Name(ctx context.Context, area auth.AreaID, key string) (wiki.Name, error) {
	return read(ctx, f.s, "wiki.Name", func(st *state) (wiki.Name, error) {
		return row(st.wikiNames, nameKey{idOf(area), key})
	})
}

// Names implements [wiki.Store].
func (f wikiStore) Names(ctx context.Context, area auth.AreaID, keys []string) ([]wiki.Name, error) {
	return read(ctx, f.s, "wiki.Names", func(st *state) (out []wiki.Name, err error) {
		keys = slices.Clone(keys)
		slices.Sort(keys)
		for _, key := range slices.Compact(keys) {
			if n, ok := st.wikiNames.get(nameKey{idOf(area), key}); ok {
				out = append(out, *n)
			}
		}
		return out, nil
	})
}

// Aliases implements [wiki.Store].
func (f wikiStore) Aliases(ctx context.Context, id wiki.PageID) ([]wiki.Name, error) {
	return read(ctx, f.s, "wiki.Aliases", func(st *state) (out []wiki.Name, err error) {
		if id.IsZero() {
			return nil, nil
		}
		for _, n := range st.namesOf(idOf(id)) {
			out = append(out, *n)
		}
		return out, nil
	})
}

// ---- links

func (st *state) setLinks(c wiki.SetLinks) error {
	k := idOf(c.Page)
	p, ok := st.wikiPages.get(k)
	if !ok {
		return storage.ErrNotFound
	}
	area := idOf(p.Area)
	for _, l := range st.linksOf(k) {
		st.wikiLinks.drop(st.era, linkKey{k, l.Key})
		st.wikiLinksBy.drop(st.era, linkBy{nameKey{area, l.Key}, k})
		st.wikiLinksTo.drop(st.era, pair{idOf(l.To), k})
	}
	for _, l := range c.Links {
		st.wikiLinks.put(st.era, linkKey{k, l.Key}, &l)
		st.wikiLinksBy.put(st.era, linkBy{nameKey{area, l.Key}, k}, struct{}{})
		if !l.To.IsZero() {
			st.wikiLinksTo.put(st.era, pair{idOf(l.To), k}, struct{}{})
		}
	}
	return nil
}

func (st *state) linksOf(page id) (out []*wiki.Link) {
	for k, l := range st.wikiLinks.from(linkKey{page: page}) {
		if k.page != page {
			break
		}
		out = append(out, l)
	}
	return out
}

func (st *state) relink(c wiki.Relink) {
	name := nameKey{idOf(c.Area), c.Key}
	var pages []id
	for k := range st.wikiLinksBy.from(linkBy{nameKey: name}) {
		if k.nameKey != name {
			break
		}
		pages = append(pages, k.page)
	}
	for _, page := range pages {
		was, _ := st.wikiLinks.get(linkKey{page, c.Key})
		if was.To != c.From {
			continue
		}
		now := *was
		now.To = c.To
		st.wikiLinks.put(st.era, linkKey{page, c.Key}, &now)
		if !slices.ContainsFunc(st.linksOf(page), func(l *wiki.Link) bool { return l.To == c.From }) {
			st.wikiLinksTo.drop(st.era, pair{idOf(c.From), page})
		}
		if !c.To.IsZero() {
			st.wikiLinksTo.put(st.era, pair{idOf(c.To), page}, struct{}{})
		}
	}
}
