// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Confirm says that a page is still valid, and when somebody is to look again;
// zero: after Config.CheckEvery.
func (s *Service) Confirm(ctx context.Context, who auth.Actor, id PageID, next time.Time) (Page, error) {
	return s.check(ctx, "wiki.Confirm", who, id, func(s *Service, c *Check) error {
		now := s.cfg.Clock.Now()
		if next.IsZero() {
			next = now.Add(s.cfg.CheckEvery)
		}
		if !next.After(now) {
			return &storage.Invalid{Field: "due", Code: CodePast}
		}
		*c = Check{Due: next, By: who.By(), At: now}
		return nil
	})
}

// CheckBy says when somebody is to look at a page; zero: nobody needs to.
func (s *Service) CheckBy(ctx context.Context, who auth.Actor, id PageID, due time.Time) (Page, error) {
	return s.check(ctx, "wiki.CheckBy", who, id, func(_ *Service, c *Check) error {
		c.Due = due
		return nil
	})
}

func (s *Service) check(ctx context.Context, op string, who auth.Actor, id PageID, set func(*Service, *Check) error) (Page, error) {
	return s.changes(ctx, op, who, id, anyVersion, Confirm, func(ctx context.Context, s *Service, p *Page) ([]storage.Change, error) {
		if err := s.cfg.Auth.Authorize(ctx, who, Confirm, p.scope()); err != nil {
			return nil, err
		}
		if err := p.live(); err != nil {
			return nil, err
		}
		was := p.Check
		if err := set(s, &p.Check); err != nil || p.Check == was {
			return nil, err
		}
		return []storage.Change{UpdatePage{*p}, s.event(EventChecked, s.cfg.Clock.Now(), *p, Event{By: who.By(), Revision: p.Stable})}, nil
	})
}
