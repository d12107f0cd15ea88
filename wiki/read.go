// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki/diff"
)

// View returns a page as readers see it, with where its links lead for the
// actor. Of a page that waits and was never published only the head is there:
// see Source.
func (s *Service) View(ctx context.Context, who auth.Actor, id PageID) (View, error) {
	const op = "wiki.View"
	s, err := s.enter(ctx, op, object(id), who, Read)
	if err != nil {
		return View{}, err
	}
	v, err := s.view(ctx, who, id)
	if err != nil {
		return View{}, storage.Refuse(op, object(id), err)
	}
	return v, nil
}

func (s *Service) view(ctx context.Context, who auth.Actor, id PageID) (View, error) {
	reach, err := s.cfg.Auth.Reach(ctx, who, Read)
	if err != nil {
		return View{}, err
	}
	v, err := s.cfg.Store.View(ctx, ViewQuery{Page: id, Reader: who.User, Reach: reach})
	if err != nil {
		return View{}, err
	}
	return v, s.readable(ctx, who, v.Page)
}

// Find returns the page that a title leads to, of the area before that of the
// commons. Whether it is an alias, the page's own title tells.
func (s *Service) Find(ctx context.Context, who auth.Actor, area auth.AreaID, title string) (View, error) {
	const op = "wiki.Find"
	s, err := s.enter(ctx, op, "", who, Read)
	if err != nil {
		return View{}, err
	}
	key := Key(title)
	for _, at := range slices.Compact([]auth.AreaID{area, auth.Commons}) {
		var n Name
		if n, err = s.cfg.Store.Name(ctx, at, key); err == nil && n.Page.IsZero() {
			err = storage.ErrNotFound
		}
		var v View
		if err == nil {
			v, err = s.view(ctx, who, n.Page)
		}
		if err == nil {
			return v, nil
		}
		if !notFound(err) {
			break
		}
	}
	return View{}, storage.Refuse(op, "", err)
}

// revision returns a revision of a page that the actor may read, with its text.
// What waits is there for its author and for those who may edit the page or
// review it; what is hidden for those who may Moderate.
func (s *Service) revision(ctx context.Context, who auth.Actor, p Page, n int) (Revision, string, error) {
	rev, err := s.cfg.Store.Revision(ctx, p.ID, n)
	if err != nil {
		return Revision{}, "", err
	}
	if n > p.Stable && !wrote(who, rev.By) {
		may, err := s.may(ctx, who, Amend, p)
		if err == nil && !may {
			may, err = s.may(ctx, who, Publish, p)
		}
		if err == nil && !may {
			err = storage.ErrNotFound
		}
		if err != nil {
			return Revision{}, "", err
		}
	}
	if rev.Removal.State != Visible {
		may, err := s.may(ctx, who, Moderate, p)
		if err == nil && (!may || rev.Removal.State == Purged) {
			err = ErrHidden
		}
		if err != nil {
			return Revision{}, "", err
		}
	}
	texts, err := s.textsOf(ctx, p.ID, n)
	if err != nil {
		return Revision{}, "", err
	}
	return rev, texts[0], nil
}

// Text returns a revision with its text. One that is hidden is [ErrHidden],
// but for those who may Moderate; one whose text was removed, for everybody.
func (s *Service) Text(ctx context.Context, who auth.Actor, id PageID, n int) (Revision, string, error) {
	const op = "wiki.Text"
	s, err := s.enter(ctx, op, object(id), who, Read)
	if err != nil {
		return Revision{}, "", err
	}
	var rev Revision
	var text string
	p, err := s.look(ctx, who, id)
	if err == nil {
		rev, text, err = s.revision(ctx, who, p, n)
	}
	if err != nil {
		return Revision{}, "", storage.Refuse(op, object(id), err)
	}
	return rev, text, nil
}

// Source returns a page with the text of its Current revision for whoever is
// about to edit it, or to review it.
func (s *Service) Source(ctx context.Context, who auth.Actor, id PageID) (Page, Revision, error) {
	const op = "wiki.Source"
	s, err := s.enter(ctx, op, object(id), who, Read)
	if err != nil {
		return Page{}, Revision{}, err
	}
	e, err := s.editing(ctx, who, id)
	if err != nil && !notFound(err) && !e.Page.ID.IsZero() {
		if may, merr := s.may(ctx, who, Publish, e.Page); merr != nil || may {
			err = merr
		}
	}
	if err == nil {
		e.Page.Body, err = e.text()
	}
	if err != nil {
		return Page{}, Revision{}, storage.Refuse(op, object(id), err)
	}
	return e.Page, e.Latest, nil
}

// Comparison is what two revisions of a page have different.
type Comparison struct {
	Page     Page
	From, To Revision
	Diff     diff.Diff
}

// Compare compares two revisions of a page, in whatever order.
func (s *Service) Compare(ctx context.Context, who auth.Actor, id PageID, from, to int) (Comparison, error) {
	const op = "wiki.Compare"
	s, err := s.enter(ctx, op, object(id), who, Read)
	if err != nil {
		return Comparison{}, err
	}
	c, err := s.compare(ctx, who, id, from, to)
	if err != nil {
		return Comparison{}, storage.Refuse(op, object(id), err)
	}
	return c, nil
}

func (s *Service) compare(ctx context.Context, who auth.Actor, id PageID, from, to int) (c Comparison, err error) {
	if c.Page, err = s.look(ctx, who, id); err != nil {
		return c, err
	}
	var old, new string
	if c.From, old, err = s.revision(ctx, who, c.Page, from); err != nil {
		return c, err
	}
	if c.To, new, err = s.revision(ctx, who, c.Page, to); err != nil {
		return c, err
	}
	c.Diff = diff.Lines(old, new)
	return c, nil
}

// HistoryPage asks for revisions.
type HistoryPage struct {
	Page   PageID // zero: of all pages
	Area   auth.AreaID
	Author auth.UserID
	After  storage.Cursor
	Limit  int
}

// History lists revisions, the newest first: of one page by number, of all that
// the actor may read by time. Those that wait are there for their author and
// for those who may edit the page; those that are hidden for their author,
// without what they say, and for those who may Moderate.
func (s *Service) History(ctx context.Context, who auth.Actor, in HistoryPage) (storage.Page[Changed], error) {
	const op = "wiki.History"
	s, err := s.enter(ctx, op, object(in.Page), who, Read)
	if err != nil {
		return storage.Page[Changed]{}, err
	}
	page, err := s.history(ctx, who, in)
	if err != nil {
		return storage.Page[Changed]{}, storage.Refuse(op, object(in.Page), err)
	}
	return page, nil
}

func (s *Service) history(ctx context.Context, who auth.Actor, in HistoryPage) (page storage.Page[Changed], err error) {
	if !in.Page.IsZero() {
		if _, err := s.look(ctx, who, in.Page); err != nil {
			return page, err
		}
	}
	q := RevisionQuery{Page: in.Page, Area: in.Area, Author: in.Author, Reader: who.User, After: in.After, Limit: in.Limit}
	if q.Reach, err = s.cfg.Auth.Reach(ctx, who, Read); err != nil {
		return page, err
	}
	if q.Pending, err = s.both(ctx, who, Amend); err != nil {
		return page, err
	}
	if q.Moderate, err = s.both(ctx, who, Moderate); err != nil {
		return page, err
	}
	if page, err = s.cfg.Store.Revisions(ctx, q); err != nil {
		return page, err
	}
	for i, c := range page.Items {
		if c.Revision.Removal.State != Visible && !q.Moderate.Covers(c.Page.Area, c.Page.Audience) {
			page.Items[i].Revision = c.Revision.masked()
		}
	}
	return page, nil
}

// masked is a revision that is hidden as its author sees it: that it is there,
// and why it is not shown.
func (r Revision) masked() Revision {
	r.Title, r.Why, r.Size, r.Grown, r.Credit = "", "", 0, 0, nil
	return r
}

// ListPage asks for pages.
type ListPage struct {
	Area     auth.AreaID
	Parent   PageID
	Top      bool
	Prefix   string // of the title
	Tag      string
	Theme    ThemeID
	Template string
	Mine     bool // created by the actor, published or not
	Overdue  bool // to be checked by now
	Pending  bool // that wait for the actor's review
	Removed  bool // deleted, for those who may Moderate
	Order    Order
	After    storage.Cursor
	Limit    int
}

// List lists pages that the actor may read, without their bodies. What the actor
// may not read, or may not ask for, is not there: no error, no gap in a page.
func (s *Service) List(ctx context.Context, who auth.Actor, in ListPage) (storage.Page[Page], error) {
	const op = "wiki.List"
	s, err := s.enter(ctx, op, "", who, Read)
	if err != nil {
		return storage.Page[Page]{}, err
	}
	page, err := s.list(ctx, who, in)
	if err != nil {
		return storage.Page[Page]{}, storage.Refuse(op, "", err)
	}
	return page, nil
}

func (s *Service) list(ctx context.Context, who auth.Actor, in ListPage) (page storage.Page[Page], err error) {
	if in.Order > ByDue {
		return page, &storage.Invalid{Field: "order", Code: storage.CodeUnknown}
	}
	q := PageQuery{
		Area: in.Area, Parent: in.Parent, Top: in.Top, Prefix: Key(in.Prefix), Theme: in.Theme, Template: in.Template,
		Pending: in.Pending, Removed: in.Removed, Order: in.Order, After: in.After, Limit: in.Limit,
	}
	if in.Tag != "" {
		if q.Tag, err = tag(in.Tag); err != nil {
			return page, err
		}
	}
	if in.Mine {
		if who.User.IsZero() {
			return page, nil
		}
		q.Author = who.User
	}
	if in.Overdue {
		q.Due = s.cfg.Clock.Now()
	}
	switch {
	case in.Removed:
		q.Reach, err = s.both(ctx, who, Moderate)
	case in.Pending && !in.Mine:
		q.Reach, err = s.both(ctx, who, Publish)
	default:
		q.Reach, err = s.cfg.Auth.Reach(ctx, who, Read)
	}
	if err != nil {
		return page, err
	}
	return s.cfg.Store.Pages(ctx, q)
}

// Templates returns what pages may begin from.
func (s *Service) Templates() []Template { return slices.Clone(s.cfg.Templates) }
