// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// CodeNarrower is that of an audience that takes back what was promised.
const CodeNarrower = "narrower"

// Widen promises pages to more people, all of them or none, each with an event
// of its own, and returns them. Those that have the audience already stay as
// they are. It goes no further than Config.Promise says (otherwise Invalid:
// "audience" wider), and never back (Invalid: "audience" narrower). A page that
// is deleted is [ErrDeleted].
func (s *Service) Widen(ctx context.Context, who auth.Actor, ids []PageID, to auth.Audience, why string) ([]Page, error) {
	const op = "wiki.Widen"
	s, err := s.enter(ctx, op, "", who, Disclose)
	if err != nil {
		return nil, err
	}
	if why, err = storage.Line("why", why, MaxWhy); err != nil {
		return nil, storage.Refuse(op, "", err)
	}
	ids = slices.SortedFunc(slices.Values(ids), PageID.Compare) // as they are locked
	ids = slices.Compact(ids)
	switch n := len(ids); {
	case n == 0:
		err = &storage.Invalid{Field: "pages", Code: storage.CodeMissing}
	case n > MaxWiden:
		err = &storage.Invalid{Field: "pages", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxWiden}}
	case !to.Valid():
		err = &storage.Invalid{Field: "audience", Code: storage.CodeUnknown}
	}
	if err != nil {
		return nil, storage.Refuse(op, "", err)
	}
	about := ""
	var out []Page
	err = storage.Decide(ctx, func() error {
		var changes []storage.Change
		out = nil
		for _, id := range ids {
			about = object(id)
			p, err := s.widened(ctx, who, id, to)
			if err != nil {
				return err
			}
			if was := p.Audience; was != to {
				p.Audience = to
				changes = append(changes, UpdatePage{p}, s.event(EventWidened, s.cfg.Clock.Now(), p, Event{
					By: who.By(), FromAudience: was, Audience: to, Why: why,
				}))
				p.Version++
			}
			out = append(out, p)
		}
		if about = ""; len(changes) == 0 {
			return nil
		}
		return s.cfg.Store.Apply(ctx, changes...)
	})
	if err != nil {
		return nil, storage.Refuse(op, about, err)
	}
	return out, nil
}

// widened returns a page that the actor may promise to an audience.
func (s *Service) widened(ctx context.Context, who auth.Actor, id PageID, to auth.Audience) (Page, error) {
	p, err := s.look(ctx, who, id)
	if err != nil {
		return Page{}, err
	}
	if err := s.cfg.Auth.Authorize(ctx, who, Disclose, p.scope()); err != nil {
		return Page{}, err
	}
	if err := p.live(); err != nil {
		return Page{}, err
	}
	most, err := s.most(ctx)
	switch {
	case err != nil:
		return Page{}, err
	case to < p.Audience:
		return Page{}, &storage.Invalid{Field: "audience", Code: CodeNarrower}
	case to > p.Audience && to > most:
		return Page{}, &storage.Invalid{Field: "audience", Code: CodeWider}
	}
	return p, nil
}
