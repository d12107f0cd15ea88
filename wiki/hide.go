// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Hide takes a revision of a page out of sight: personal data, libel. Its text,
// title and summary are shown to those who may Moderate alone, in no history,
// comparison, conflict or export; who made it and when stays. The revision that
// readers see is [ErrPublished].
func (s *Service) Hide(ctx context.Context, who auth.Actor, id PageID, n int, why string) error {
	return s.conceal(ctx, "wiki.Hide", who, id, n, func(p Page, r Revision) (Removal, string, error) {
		why, err := storage.Line("why", why, MaxWhy)
		switch {
		case err != nil:
			return r.Removal, "", err
		case n == p.Stable:
			return r.Removal, "", ErrPublished
		case r.Removal.State != Visible:
			return r.Removal, "", nil
		}
		return Removal{State: Hidden, At: s.cfg.Clock.Now(), By: who.By(), Why: why}, EventHidden, nil
	})
}

// Unhide undoes [Service.Hide].
func (s *Service) Unhide(ctx context.Context, who auth.Actor, id PageID, n int, why string) error {
	return s.conceal(ctx, "wiki.Unhide", who, id, n, func(_ Page, r Revision) (Removal, string, error) {
		var err error
		if why, err = storage.Optional(storage.Line, "why", why, MaxWhy); err != nil || r.Removal.State != Hidden {
			return r.Removal, "", err
		}
		return Removal{}, EventShown, nil
	})
}

// conceal gives a revision another removal, with an event of that name; without
// a name nothing changes.
func (s *Service) conceal(ctx context.Context, op string, who auth.Actor, id PageID, n int, decide func(Page, Revision) (Removal, string, error)) error {
	_, err := s.changes(ctx, op, who, id, anyVersion, Moderate, func(ctx context.Context, s *Service, p *Page) ([]storage.Change, error) {
		if err := s.cfg.Auth.Authorize(ctx, who, Moderate, p.scope()); err != nil {
			return nil, err
		}
		r, err := s.cfg.Store.Revision(ctx, id, n)
		if notFound(err) {
			err = &storage.Invalid{Field: "revision", Code: storage.CodeUnknown}
		}
		if err != nil {
			return nil, err
		}
		removal, event, err := decide(*p, r)
		if err != nil || event == "" {
			return nil, err
		}
		return []storage.Change{
			UpdatePage{*p}, SetRemoval{id, n, removal}, s.event(event, s.cfg.Clock.Now(), *p, Event{By: who.By(), Revision: n, Why: removal.Why}),
		}, nil
	})
	return err
}
