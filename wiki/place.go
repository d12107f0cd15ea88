// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"math"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// PageMove gives a page another place in the tree of its area.
type PageMove struct {
	Page    PageID
	Version int
	Parent  PageID // zero: the top
	Behind  PageID // one of the Parent's; zero: before all of them
}

// gap is how far apart pages stand that were placed, so that others find room
// between them.
const gap = 1 << 32

// Move gives a page another place: below another page of its area, or at the
// top, behind one of those there or before all. Pages that were never placed
// stand behind those that were, by title. A page never stands below itself
// ([ErrCycle]), nor deeper than MaxDepth ([ErrDeep]). If it is not at the
// version any more, it is shown as a [*storage.Conflict].
func (s *Service) Move(ctx context.Context, who auth.Actor, in PageMove) (Page, error) {
	return s.changes(ctx, "wiki.Move", who, in.Page, in.Version, Shift, func(ctx context.Context, s *Service, p *Page) ([]storage.Change, error) {
		if err := s.mayShift(ctx, who, *p); err != nil {
			return nil, err
		}
		waits, err := s.waits(ctx, who, *p, Shift)
		if err == nil && waits {
			err = &auth.Denied{Action: Shift, Reason: ReasonReview}
		}
		if err != nil {
			return nil, err
		}
		held, err := s.fits(ctx, who, *p, in.Parent)
		if err != nil {
			return nil, err
		}
		shifted, err := s.position(ctx, who, p, in)
		if err != nil {
			return nil, err
		}
		p.Parent = in.Parent
		return slices.Concat(held, shifted, []storage.Change{
			UpdatePage{*p}, s.event(EventMoved, s.cfg.Clock.Now(), *p, Event{By: who.By(), Revision: p.Current}),
		}), nil
	})
}

// fits returns the changes that hold the pages above a page to be, or says why
// it may not stand there.
func (s *Service) fits(ctx context.Context, who auth.Actor, p Page, parent PageID) ([]storage.Change, error) {
	if parent.IsZero() || parent == p.Parent {
		return nil, nil
	}
	if parent == p.ID {
		return nil, ErrCycle
	}
	up, err := s.look(ctx, who, parent)
	if notFound(err) || err == nil && (up.Area != p.Area || up.Removal.State != Visible) {
		return nil, &storage.Invalid{Field: "parent", Code: storage.CodeUnknown}
	}
	if err != nil {
		return nil, err
	}
	path, err := s.cfg.Store.Path(ctx, parent)
	if err != nil {
		return nil, err
	}
	var held []storage.Change
	for _, above := range path { // none of them may come to stand below the page meanwhile
		if above.ID == p.ID {
			return nil, ErrCycle
		}
		held = append(held, PageAt{above.ID, above.Version})
	}
	height, err := s.cfg.Store.Height(ctx, p.ID)
	if err == nil && len(path)+height > MaxDepth {
		err = ErrDeep
	}
	return held, err
}

// position gives a page its place among those of its new parent that the actor
// may read, and returns the changes that make room.
func (s *Service) position(ctx context.Context, who auth.Actor, p *Page, in PageMove) ([]storage.Change, error) {
	siblings, err := s.siblings(ctx, who, *p, in.Parent)
	if err != nil {
		return nil, err
	}
	at := 0
	if !in.Behind.IsZero() {
		i := slices.IndexFunc(siblings, func(x Page) bool { return x.ID == in.Behind })
		if i < 0 {
			return nil, &storage.Invalid{Field: "behind", Code: storage.CodeUnknown}
		}
		at = i + 1
	}
	low, high := int64(math.MinInt64/2), int64(0)
	if at > 0 {
		low = siblings[at-1].Position
	}
	if at < len(siblings) {
		high = siblings[at].Position
	}
	switch {
	case at == 0 && len(siblings) == 0:
		p.Position = -gap
		return nil, nil
	case at == 0 && high-gap > low:
		p.Position = high - gap
		return nil, nil
	case at > 0 && low < 0 && high-low > 1:
		p.Position = low + (high-low)/2
		return nil, nil
	}
	// There is no room: those before it, and it, are placed anew.
	var shifted []storage.Change
	first := -gap * int64(len(siblings)+1)
	if at < len(siblings) && high < 0 {
		first = high - gap*int64(at+1)
	}
	for i, x := range siblings[:at] {
		whole, err := s.cfg.Store.Page(ctx, x.ID)
		if err != nil {
			return nil, err
		}
		if whole.Version != x.Version {
			return nil, storage.ErrConflict
		}
		whole.Position = first + gap*int64(i)
		shifted = append(shifted, UpdatePage{whole})
	}
	p.Position = first + gap*int64(at)
	return shifted, nil
}

// siblings returns the pages that stand directly below a page, but for one, in
// their order, as far as the actor may read them.
func (s *Service) siblings(ctx context.Context, who auth.Actor, p Page, parent PageID) ([]Page, error) {
	reach, err := s.cfg.Auth.Reach(ctx, who, Read)
	if err != nil {
		return nil, err
	}
	q := PageQuery{Reach: reach, Area: p.Area, Parent: parent, Top: parent.IsZero(), Order: Tree, Limit: storage.MaxLimit}
	var out []Page
	for x, err := range storage.All(ctx, func(after storage.Cursor) (storage.Page[Page], error) {
		q.After = after
		return s.cfg.Store.Pages(ctx, q)
	}) {
		if err != nil {
			return nil, err
		}
		if x.ID != p.ID {
			out = append(out, x)
		}
	}
	return out, nil
}
