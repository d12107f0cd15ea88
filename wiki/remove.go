// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Delete takes a page out of sight, until it is restored. Its titles are free
// for other pages, and lead to it as long as none takes them; the pages below it
// stay where they are, and can be reached. A page that is deleted already is
// [ErrDeleted].
func (s *Service) Delete(ctx context.Context, who auth.Actor, id PageID, why string) error {
	_, err := s.changes(ctx, "wiki.Delete", who, id, anyVersion, Moderate, func(ctx context.Context, s *Service, p *Page) ([]storage.Change, error) {
		if err := s.cfg.Auth.Authorize(ctx, who, Moderate, p.scope()); err != nil {
			return nil, err
		}
		if err := p.live(); err != nil {
			return nil, err
		}
		why, err := storage.Line("why", why, MaxWhy)
		if err != nil {
			return nil, err
		}
		names, err := s.leave(ctx, *p)
		if err != nil {
			return nil, err
		}
		now := s.cfg.Clock.Now()
		p.Removal = Removal{Deleted, now, who.By(), why}
		return slices.Concat([]storage.Change{UpdatePage{*p}}, names, []storage.Change{s.event(EventDeleted, now, *p, Event{By: who.By(), Why: why})}), nil
	})
	return err
}

// Restore undoes [Service.Delete]; with a title, under that one. A title that
// another page has taken meanwhile is Invalid ("title", taken).
func (s *Service) Restore(ctx context.Context, who auth.Actor, id PageID, title, why string) (Page, error) {
	return s.changes(ctx, "wiki.Restore", who, id, anyVersion, Moderate, func(ctx context.Context, s *Service, p *Page) ([]storage.Change, error) {
		if err := s.cfg.Auth.Authorize(ctx, who, Moderate, p.scope()); err != nil {
			return nil, err
		}
		why, err := storage.Optional(storage.Line, "why", why, MaxWhy)
		switch {
		case err != nil:
			return nil, err
		case p.Removal.State == Visible:
			return nil, nil
		case p.Removal.State != Deleted:
			return nil, ErrDeleted
		}
		if title == "" {
			title = p.Title
		}
		kept, key, err := s.title(title)
		if err != nil {
			return nil, err
		}
		names, err := s.take(ctx, who, Moderate, p.scope(), Name{Area: p.Area, Key: key, Title: kept, Page: id})
		if err != nil {
			return nil, err
		}
		p.Title, p.Key, p.Removal = kept, key, Removal{}
		return slices.Concat([]storage.Change{UpdatePage{*p}}, names, []storage.Change{
			s.event(EventRestored, s.cfg.Clock.Now(), *p, Event{By: who.By(), Why: why}),
		}), nil
	})
}

// Purge removes the texts of all revisions of a page for good, with its title,
// tags, links and attachments. Who made which revision and when stays, for those
// who may Moderate. The pages below it come to stand where it stood.
func (s *Service) Purge(ctx context.Context, who auth.Actor, id PageID, why string) error {
	var files []Attachment
	_, err := s.changes(ctx, "wiki.Purge", who, id, anyVersion, Purge, func(ctx context.Context, s *Service, p *Page) ([]storage.Change, error) {
		if err := s.cfg.Auth.Authorize(ctx, who, Purge, p.scope()); err != nil {
			return nil, err
		}
		why, err := storage.Line("why", why, MaxWhy)
		if err != nil || p.Removal.State == Purged {
			return nil, err
		}
		if files, err = s.allFiles(ctx, id); err != nil {
			return nil, err
		}
		names, err := s.cfg.Store.Aliases(ctx, id)
		if err != nil {
			return nil, err
		}
		now := s.cfg.Clock.Now()
		changes := []storage.Change{DropNames{id}, DropRevisions{id}, SetLinks{Page: id}, MoveChildren{id, p.Parent}}
		for _, n := range names {
			changes = append(changes, Relink{Area: n.Area, Key: n.Key, From: id})
		}
		for _, a := range files {
			a.Name, a.Why, a.Removal = "", "", Removal{Purged, now, who.By(), why}
			changes = append(changes, UpdateAttachment{a})
		}
		p.Title, p.Key, p.Body, p.Template, p.Tags, p.Themes, p.Origin = "", "", "", "", nil, nil, Origin{}
		p.Protection, p.RecheckAt, p.Removal = Protection{}, time.Time{}, Removal{Purged, now, who.By(), why}
		return append(append([]storage.Change{UpdatePage{*p}}, changes...), s.event(EventPurged, now, *p, Event{By: who.By(), Why: why})), nil
	})
	if err != nil {
		return err
	}
	return s.dropFiles(ctx, "wiki.Purge", id, files)
}
