// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// MadeFrom lists the pages that were made from something, whatever revision of
// it, and that the actor may read, without their bodies, by id.
func (s *Service) MadeFrom(ctx context.Context, who auth.Actor, o Origin) ([]Page, error) {
	const op = "wiki.MadeFrom"
	s, err := s.enter(ctx, op, "", who, Read)
	if err != nil || o.IsZero() {
		return nil, err
	}
	reach, err := s.cfg.Auth.Reach(ctx, who, Read)
	if err != nil {
		return nil, storage.Refuse(op, "", err)
	}
	all, err := s.cfg.Store.From(ctx, o, reach)
	var out []Page
	for _, p := range all {
		if err = s.readable(ctx, who, p); err == nil {
			out = append(out, p)
		} else if !notFound(err) {
			break
		}
		err = nil
	}
	if err != nil {
		return nil, storage.Refuse(op, "", err)
	}
	return out, nil
}

// Recheck says that what pages were made from has changed, so that somebody
// looks whether they still hold; see [Page].RecheckAt. With a revision, pages
// that were made from that one or a later one hold what it says, and stay as
// they are, as do those that are marked already. It asks nobody's leave: it is
// for the host, when it learns of the change.
func (s *Service) Recheck(ctx context.Context, o Origin) error {
	if o.IsZero() {
		return nil
	}
	all, err := s.cfg.Store.From(ctx, o, auth.Everything)
	for _, p := range all {
		if o.Revision > 0 && p.Origin.Revision >= o.Revision {
			continue
		}
		if err = s.recheck(ctx, p.ID); err != nil {
			break
		}
	}
	if err != nil {
		return storage.Refuse("wiki.Recheck", "", err)
	}
	return nil
}

func (s *Service) recheck(ctx context.Context, id PageID) error {
	return storage.Decide(ctx, func() error {
		p, err := s.cfg.Store.Page(ctx, id)
		if err != nil || !p.RecheckAt.IsZero() || p.Removal.State != Visible {
			return err
		}
		p.RecheckAt = s.cfg.Clock.Now()
		return s.cfg.Store.Apply(ctx, UpdatePage{p}, s.event(EventRecheck, p.RecheckAt, p, Event{}))
	})
}

// Rechecked says that somebody has looked at a page since what it was made from
// changed.
func (s *Service) Rechecked(ctx context.Context, who auth.Actor, id PageID) error {
	_, err := s.changes(ctx, "wiki.Rechecked", who, id, anyVersion, Confirm, func(ctx context.Context, s *Service, p *Page) ([]storage.Change, error) {
		if err := s.cfg.Auth.Authorize(ctx, who, Confirm, p.scope()); err != nil {
			return nil, err
		}
		if err := p.live(); err != nil || p.RecheckAt.IsZero() {
			return nil, err
		}
		p.RecheckAt = time.Time{}
		return []storage.Change{UpdatePage{*p}, s.event(EventRechecked, s.cfg.Clock.Now(), *p, Event{By: who.By()})}, nil
	})
	return err
}
