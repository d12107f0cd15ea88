// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Reasons of [auth.Denied] given here.
const (
	ReasonProtected = "protected" // the page or the title is kept for those who may Protect; Opens: until when
	ReasonReview    = "review"    // what the actor writes waits for a review, and this cannot
)

// look returns a page that the actor may read.
func (s *Service) look(ctx context.Context, who auth.Actor, id PageID) (Page, error) {
	p, err := s.cfg.Store.Page(ctx, id)
	if err != nil {
		return Page{}, err
	}
	return p, s.readable(ctx, who, p)
}

// lookAt is look for a page that is still at a version; otherwise it is a
// [storage.Conflict], for the actor to resolve.
func (s *Service) lookAt(ctx context.Context, who auth.Actor, id PageID, version int) (Page, error) {
	p, err := s.look(ctx, who, id)
	if err == nil && p.Version != version {
		err = &storage.Conflict{Base: version, Current: p}
	}
	return p, err
}

// readable returns ErrNotFound unless the actor may read the page: also where
// it was never published, or is removed.
func (s *Service) readable(ctx context.Context, who auth.Actor, p Page) error {
	if err := s.cfg.Auth.Authorize(ctx, who, Read, p.scope()); err != nil {
		return auth.Hide(err)
	}
	if p.Stable == 0 && !wrote(who, p.By) {
		if err := s.cfg.Auth.Authorize(ctx, who, Publish, p.scope()); err != nil {
			return auth.Hide(err)
		}
	}
	if p.Removal.State == Visible {
		return nil
	}
	return auth.Hide(s.cfg.Auth.Authorize(ctx, who, Moderate, p.scope()))
}

// wrote says whether the actor is the person of a byline.
func wrote(who auth.Actor, by auth.By) bool { return !who.User.IsZero() && who.User == by.User }

// live returns ErrDeleted for a page that is removed.
func (p Page) live() error {
	if p.Removal.State != Visible {
		return ErrDeleted
	}
	return nil
}

// mayEdit decides whether the actor may change the text, the tags or the
// attachments of a page that they may read.
func (s *Service) mayEdit(ctx context.Context, who auth.Actor, p Page) error {
	return s.mayChange(ctx, who, Amend, p, func(pr Protection) bool { return pr.Edit })
}

// mayShift decides whether the actor may change the title or the place of a
// page that they may read.
func (s *Service) mayShift(ctx context.Context, who auth.Actor, p Page) error {
	return s.mayChange(ctx, who, Shift, p, func(pr Protection) bool { return pr.Move })
}

func (s *Service) mayChange(ctx context.Context, who auth.Actor, do auth.Action, p Page, kept func(Protection) bool) error {
	if err := s.cfg.Auth.Authorize(ctx, who, do, p.scope()); err != nil {
		return err
	}
	if err := p.live(); err != nil {
		return err
	}
	return s.unprotected(ctx, who, do, p.scope(), p.Protection, kept)
}

// unprotected refuses what a protection keeps for those who may Protect.
func (s *Service) unprotected(ctx context.Context, who auth.Actor, do auth.Action, at auth.Scope, pr Protection, kept func(Protection) bool) error {
	if !kept(pr.now(s.cfg.Clock.Now())) {
		return nil
	}
	switch may, err := auth.Can(ctx, s.cfg.Auth, who, Protect, at); {
	case err != nil || may:
		return err
	}
	return &auth.Denied{Action: do, Reason: ReasonProtected, Opens: pr.Until}
}

// now is the protection as it holds at an instant: none once it is over.
func (pr Protection) now(at time.Time) Protection {
	if !pr.Until.IsZero() && !at.Before(pr.Until) {
		return Protection{}
	}
	return pr
}

// waits says whether what the actor saves in a page waits for a review.
func (s *Service) waits(ctx context.Context, who auth.Actor, p Page, do auth.Action) (bool, error) {
	asked := p.Protection.now(s.cfg.Clock.Now()).Review
	if !asked && s.cfg.Hold != nil {
		var err error
		if asked, err = s.cfg.Hold(ctx, who, p.scope(), do); err != nil {
			return false, err
		}
	}
	if !asked {
		return false, nil
	}
	may, err := s.may(ctx, who, Publish, p)
	return !may, err
}

// object names a page for an error.
func object(id PageID) string { return "page " + id.String() }
