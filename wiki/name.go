// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"errors"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// CodeTaken is that of a title that another page has.
const CodeTaken = "taken"

func notFound(err error) bool { return errors.Is(err, storage.ErrNotFound) }

// take returns the changes that make a name the title of a page, which is in
// the store or in the same Apply before them. A title that another page has is
// Invalid ("title", taken); one that only leads to another page, or to one that
// is deleted, is taken from it. Links that led nowhere, or to what is deleted,
// lead to the page from then on. A title that is protected is for those who may
// Protect, at the scope of the page.
func (s *Service) take(ctx context.Context, who auth.Actor, do auth.Action, at auth.Scope, n Name) ([]storage.Change, error) {
	had, err := s.cfg.Store.Name(ctx, n.Area, n.Key)
	switch {
	case notFound(err):
		had = Name{}
	case err != nil:
		return nil, err
	}
	if had.Page != n.Page || had.Page.IsZero() {
		if err := s.unprotected(ctx, who, do, at, had.Protection, func(pr Protection) bool { return pr.Edit }); err != nil {
			return nil, err
		}
		if !had.Page.IsZero() && !had.Alias {
			return nil, &storage.Invalid{Field: "title", Code: CodeTaken}
		}
	}
	n.Alias, n.Protection, n.Version = false, Protection{}, had.Version
	changes := []storage.Change{PutName{n}, Relink{Area: n.Area, Key: n.Key, To: n.Page}}
	if had.Page.IsZero() || had.Page == n.Page {
		return changes, nil
	}
	was, err := s.cfg.Store.Page(ctx, had.Page)
	if err != nil && !notFound(err) {
		return nil, err
	}
	if err != nil || was.Removal.State != Visible {
		changes = append(changes, Relink{Area: n.Area, Key: n.Key, From: had.Page, To: n.Page})
	}
	return changes, nil
}

// leave returns the changes that turn the title of a page into an alias, which
// leads to it until another page takes it.
func (s *Service) leave(ctx context.Context, p Page) ([]storage.Change, error) {
	n, err := s.cfg.Store.Name(ctx, p.Area, p.Key)
	switch {
	case notFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	case n.Page != p.ID || n.Alias:
		return nil, nil
	}
	n.Alias = true
	return []storage.Change{PutName{n}}, nil
}
