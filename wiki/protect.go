// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Rules are what somebody asks of a [Protection]; the zero value asks for none.
type Rules struct {
	Edit, Move, Review bool
	Until              time.Time // zero: it does not end by itself
	Why                string    // required, but for no protection
}

// protection returns the protection that rules ask for.
func (s *Service) protection(who auth.Actor, in Rules) (Protection, error) {
	if !in.Edit && !in.Move && !in.Review {
		return Protection{}, nil
	}
	why, err := storage.Line("why", in.Why, MaxWhy)
	if err != nil {
		return Protection{}, err
	}
	now := s.cfg.Clock.Now()
	if !in.Until.IsZero() && !in.Until.After(now) {
		return Protection{}, &storage.Invalid{Field: "until", Code: CodePast}
	}
	return Protection{Edit: in.Edit, Move: in.Move, Review: in.Review, Until: in.Until, Why: why, By: who.By(), At: now}, nil
}

// CodePast is that of a moment that must be to come, and is not.
const CodePast = "past"

// Protect keeps a page for those who may Protect, in place of how it was kept
// before. If it is not at the version any more, it is shown as a
// [*storage.Conflict].
func (s *Service) Protect(ctx context.Context, who auth.Actor, id PageID, version int, in Rules) (Page, error) {
	return s.changes(ctx, "wiki.Protect", who, id, version, Protect, func(ctx context.Context, s *Service, p *Page) ([]storage.Change, error) {
		if err := s.cfg.Auth.Authorize(ctx, who, Protect, p.scope()); err != nil {
			return nil, err
		}
		if err := p.live(); err != nil {
			return nil, err
		}
		pr, err := s.protection(who, in)
		if err != nil {
			return nil, err
		}
		p.Protection = pr
		return []storage.Change{UpdatePage{*p}, s.event(EventProtected, s.cfg.Clock.Now(), *p, Event{By: who.By(), Why: pr.Why})}, nil
	})
}

// ProtectTitle keeps a title of an area that no page has for those who may
// Protect there: nobody else gives it to a page. Only Edit, Until and Why of the
// rules count. A title that a page has is Invalid ("title", taken): the page is
// what to protect.
func (s *Service) ProtectTitle(ctx context.Context, who auth.Actor, area auth.AreaID, title string, in Rules) (Name, error) {
	const op = "wiki.ProtectTitle"
	s, err := s.enter(ctx, op, "", who, Protect)
	if err != nil {
		return Name{}, err
	}
	n, err := s.protectTitle(ctx, who, area, title, in)
	if err != nil {
		return Name{}, storage.Refuse(op, "", err)
	}
	return n, nil
}

func (s *Service) protectTitle(ctx context.Context, who auth.Actor, area auth.AreaID, title string, in Rules) (n Name, err error) {
	if area.IsZero() {
		return n, &storage.Invalid{Field: "area", Code: storage.CodeMissing}
	}
	if err := s.cfg.Auth.Authorize(ctx, who, Protect, auth.Scope{Area: area}); err != nil {
		return n, err
	}
	kept, key, err := s.title(title)
	if err != nil {
		return n, err
	}
	pr, err := s.protection(who, Rules{Edit: in.Edit, Until: in.Until, Why: in.Why})
	if err != nil {
		return n, err
	}
	err = storage.Decide(ctx, func() error {
		n, err = s.cfg.Store.Name(ctx, area, key)
		switch {
		case notFound(err):
			n = Name{Area: area, Key: key, Title: kept}
		case err != nil:
			return err
		case !n.Page.IsZero() && !n.Alias:
			return &storage.Invalid{Field: "title", Code: CodeTaken}
		}
		n.Protection = pr
		err := s.cfg.Store.Apply(ctx, PutName{n},
			auth.NewEvent(EventProtected, s.cfg.Clock.Now(), area, auth.AreaMembers, Event{By: who.By(), Page: n.Page, Why: pr.Why}))
		n.Version++
		return err
	})
	return n, err
}
