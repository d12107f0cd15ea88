// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Rename gives a page another title; the one it had goes on leading to it, at
// once and not by way of others. A title that another page has is Invalid
// ("title", taken); one that only leads to another page is taken from it, and
// the page may take back one of its own. If the page is not at the version any
// more, it is shown as a [*storage.Conflict].
func (s *Service) Rename(ctx context.Context, who auth.Actor, id PageID, version int, title, why string) (Page, error) {
	return s.changes(ctx, "wiki.Rename", who, id, version, Shift, func(ctx context.Context, s *Service, p *Page) ([]storage.Change, error) {
		if err := s.mayShift(ctx, who, *p); err != nil {
			return nil, err
		}
		kept, key, err := s.title(title)
		if err != nil {
			return nil, err
		}
		if why, err = storage.Optional(storage.Line, "why", why, MaxWhy); err != nil {
			return nil, err
		}
		if kept == p.Title {
			return nil, nil
		}
		waits, err := s.waits(ctx, who, *p, Shift)
		if err == nil && waits {
			err = &auth.Denied{Action: Shift, Reason: ReasonReview}
		}
		if err != nil {
			return nil, err
		}
		var names []storage.Change
		if key != p.Key {
			all, err := s.cfg.Store.Aliases(ctx, id)
			if err == nil && len(all) > MaxAliases {
				err = &storage.Invalid{Field: "title", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxAliases}}
			}
			if err != nil {
				return nil, err
			}
			if names, err = s.leave(ctx, *p); err != nil {
				return nil, err
			}
		}
		take, err := s.take(ctx, who, Shift, p.scope(), Name{Area: p.Area, Key: key, Title: kept, Page: id})
		if err != nil {
			return nil, err
		}
		p.Title, p.Key = kept, key
		return slices.Concat([]storage.Change{UpdatePage{*p}}, names, take, []storage.Change{
			s.event(EventRenamed, s.cfg.Clock.Now(), *p, Event{By: who.By(), Revision: p.Current, Why: why}),
		}), nil
	})
}
