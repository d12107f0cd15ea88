// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// links returns what a text of a page links to, and where that leads now: to
// the page that has the title or had it. Of titles that are the same but for
// spelling the first counts; beyond MaxLinks none do.
func (s *Service) links(ctx context.Context, area auth.AreaID, text string) ([]Link, error) {
	titles := s.cfg.Links(text)
	links, keys := uniqueLinks(titles)
	if len(links) == 0 {
		return nil, nil
	}
	names, err := s.cfg.Store.Names(ctx, area, keys)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		for i, l := range links {
			if l.Key == n.Key {
				links[i].To = n.Page
			}
		}
	}
	return links, nil
}

// uniqueLinks returns links by these titles, none twice by Key, and their keys.
// What is no title is no link.
func uniqueLinks(titles []string) (links []Link, keys []string) {
	seen := map[string]bool{}
	for _, title := range titles {
		kept, err := storage.Line("title", title, MaxTitle)
		key := Key(kept)
		if err != nil || key == "" || seen[key] || len(links) == MaxLinks {
			continue
		}
		seen[key] = true
		links, keys = append(links, Link{Key: key, Title: kept}), append(keys, key)
	}
	return links, keys
}

// Targets says where titles lead that a text in an area links to, for a
// preview: each once, by the title's Key. One that leads nowhere that the actor
// may see has no page.
func (s *Service) Targets(ctx context.Context, who auth.Actor, area auth.AreaID, titles []string) ([]Leads, error) {
	const op = "wiki.Targets"
	s, err := s.enter(ctx, op, "", who, Read)
	if err != nil {
		return nil, err
	}
	out, err := s.targets(ctx, who, area, titles)
	if err != nil {
		return nil, storage.Refuse(op, "", err)
	}
	return out, nil
}

func (s *Service) targets(ctx context.Context, who auth.Actor, area auth.AreaID, titles []string) ([]Leads, error) {
	links, keys := uniqueLinks(titles)
	names, err := s.cfg.Store.Names(ctx, area, keys)
	if err != nil {
		return nil, err
	}
	to := map[string]PageID{}
	for _, n := range names {
		to[n.Key] = n.Page
	}
	out := make([]Leads, len(links))
	for i, l := range links {
		out[i].Link = l
		id := to[l.Key]
		if id.IsZero() {
			continue
		}
		p, err := s.look(ctx, who, id)
		if err == nil && p.Removal.State == Visible {
			p.Body = ""
			out[i].Link.To, out[i].To = id, p
		} else if err != nil && !notFound(err) {
			return nil, err
		}
	}
	return out, nil
}

// Backlinks lists the pages that link to a page and that the actor may read, by
// title.
func (s *Service) Backlinks(ctx context.Context, who auth.Actor, id PageID, after storage.Cursor, limit int) (storage.Page[Page], error) {
	const op = "wiki.Backlinks"
	s, err := s.enter(ctx, op, object(id), who, Read)
	if err != nil {
		return storage.Page[Page]{}, err
	}
	page, err := s.backlinks(ctx, who, LinkQuery{To: id, After: after, Limit: limit})
	if err != nil {
		return storage.Page[Page]{}, storage.Refuse(op, object(id), err)
	}
	return page, nil
}

func (s *Service) backlinks(ctx context.Context, who auth.Actor, q LinkQuery) (page storage.Page[Page], err error) {
	if _, err = s.look(ctx, who, q.To); err != nil {
		return page, err
	}
	if q.Reach, err = s.cfg.Auth.Reach(ctx, who, Read); err != nil {
		return page, err
	}
	return s.cfg.Store.Backlinks(ctx, q)
}

// Wanted lists the titles that pages of an area link to and that no page has,
// as far as the actor may read the pages that want them.
func (s *Service) Wanted(ctx context.Context, who auth.Actor, area auth.AreaID, after storage.Cursor, limit int) (storage.Page[Wanted], error) {
	const op = "wiki.Wanted"
	s, err := s.enter(ctx, op, "", who, Read)
	if err != nil {
		return storage.Page[Wanted]{}, err
	}
	q := WantedQuery{Area: area, After: after, Limit: limit}
	var page storage.Page[Wanted]
	if area.IsZero() {
		err = &storage.Invalid{Field: "area", Code: storage.CodeMissing}
	} else if q.Reach, err = s.cfg.Auth.Reach(ctx, who, Read); err == nil {
		page, err = s.cfg.Store.Wanted(ctx, q)
	}
	if err != nil {
		return storage.Page[Wanted]{}, storage.Refuse(op, "", err)
	}
	return page, nil
}

// Aliases lists the names of a page, its title among them, by area, then by
// Key. Who protected one is told to those who may Protect.
func (s *Service) Aliases(ctx context.Context, who auth.Actor, id PageID) ([]Name, error) {
	const op = "wiki.Aliases"
	s, err := s.enter(ctx, op, object(id), who, Read)
	if err != nil {
		return nil, err
	}
	var names []Name
	p, err := s.look(ctx, who, id)
	if err == nil {
		names, err = s.cfg.Store.Aliases(ctx, id)
	}
	if err == nil && len(names) > 0 {
		var may bool
		if may, err = s.may(ctx, who, Protect, p); !may {
			for i := range names {
				names[i].Protection = Protection{}
			}
		}
	}
	if err != nil {
		return nil, storage.Refuse(op, object(id), err)
	}
	return names, nil
}
