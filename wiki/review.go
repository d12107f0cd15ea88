// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Publish lets readers see revision n of a page, which waits, and with it what
// it was made from. One that is hidden is [ErrHidden].
func (s *Service) Publish(ctx context.Context, who auth.Actor, id PageID, n int) (Page, error) {
	return s.changes(ctx, "wiki.Publish", who, id, anyVersion, Publish, func(ctx context.Context, s *Service, p *Page) ([]storage.Change, error) {
		if err := s.mayReview(ctx, who, *p); err != nil {
			return nil, err
		}
		if n <= p.Stable || n > p.Current {
			return nil, &storage.Invalid{Field: "revision", Code: storage.CodeUnknown}
		}
		rev, text, err := s.revision(ctx, who, *p, n)
		if err == nil && rev.Removal.State != Visible {
			err = ErrHidden
		}
		if err != nil {
			return nil, err
		}
		earlier := p.Body
		with, err := s.shows(ctx, p, earlier, text, rev, true)
		if err != nil {
			return nil, err
		}
		told, err := s.told(ctx, *p, earlier, text)
		if err != nil {
			return nil, err
		}
		return slices.Concat([]storage.Change{UpdatePage{*p}}, with, []storage.Change{
			s.event(EventPublished, s.cfg.Clock.Now(), *p, Event{By: who.By(), Revision: n, Stable: true, Mentions: told}),
		}), nil
	})
}

// mayReview decides whether the actor may let others' revisions of a page
// through, or not.
func (s *Service) mayReview(ctx context.Context, who auth.Actor, p Page) error {
	if err := s.cfg.Auth.Authorize(ctx, who, Publish, p.scope()); err != nil {
		return err
	}
	return p.live()
}

// Decline ends the wait of all revisions up to n, the present one: readers go on
// seeing what they saw, which becomes a revision of its own, and what waited is
// hidden. A page of which nothing was published is deleted. If n is not the
// present one any more, the page is shown as a [*storage.Conflict].
func (s *Service) Decline(ctx context.Context, who auth.Actor, id PageID, n int, why string) (Page, error) {
	return s.changes(ctx, "wiki.Decline", who, id, anyVersion, Publish, func(ctx context.Context, s *Service, p *Page) ([]storage.Change, error) {
		if err := s.mayReview(ctx, who, *p); err != nil {
			return nil, err
		}
		why, err := storage.Line("why", why, MaxWhy)
		if err != nil {
			return nil, err
		}
		if n != p.Current {
			return nil, &storage.Conflict{Base: n, Current: *p}
		}
		if p.Stable == p.Current {
			return nil, &storage.Invalid{Field: "revision", Code: storage.CodeUnknown}
		}
		now := s.cfg.Clock.Now()
		event := func() storage.Change {
			return s.event(EventDeclined, now, *p, Event{By: who.By(), Revision: n, Why: why})
		}
		if p.Stable == 0 {
			names, err := s.leave(ctx, *p)
			if err != nil {
				return nil, err
			}
			p.Removal = Removal{Deleted, now, who.By(), why}
			return slices.Concat([]storage.Change{UpdatePage{*p}}, names, []storage.Change{event()}), nil
		}
		return s.givenBack(ctx, who, p, why, event)
	})
}

// givenBack returns the changes by which the text that readers see becomes the
// present one again, and what waited is hidden.
func (s *Service) givenBack(ctx context.Context, who auth.Actor, p *Page, why string, event func() storage.Change) ([]storage.Change, error) {
	e, err := s.cfg.Store.Edit(ctx, EditQuery{p.ID, who.User})
	if err != nil {
		return nil, err
	}
	blob, err := e.next(p.Body)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Clock.Now()
	rev := Revision{
		Page: p.ID, N: p.Current + 1, Base: p.Current, Reverts: p.Stable, Title: p.Title, By: who.By(), At: now, Why: why,
		Size: len(p.Body), Grown: len(p.Body) - e.Latest.Size,
	}
	changes := []storage.Change{InsertRevision{rev, blob}}
	for n := p.Stable + 1; n <= p.Current; n++ {
		changes = append(changes, SetRemoval{p.ID, n, Removal{Hidden, now, who.By(), why}})
	}
	p.Current, p.Stable, p.EditedBy, p.EditedAt = rev.N, rev.N, rev.By, rev.At
	return slices.Concat([]storage.Change{UpdatePage{*p}}, changes, []storage.Change{event()}), nil
}
