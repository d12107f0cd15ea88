// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"errors"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Kept is the error of a save that was refused, for whatever reason: the text
// is not lost, but kept as a draft. It wraps the reason.
type Kept struct {
	Draft Draft
	Err   error
}

// Error says the reason.
func (k *Kept) Error() string { return k.Err.Error() }

// Unwrap returns the reason.
func (k *Kept) Unwrap() error { return k.Err }

// keep keeps a text that was refused among the drafts of who wrote it, in place
// of the draft that it came from, if they have that still. What nobody could
// read again (no text, or longer than any) is not kept, nor what a visitor
// wrote. It returns the refusal of the call, which wraps a [*Kept] if the text
// was kept; the caller's time may be over by then.
func (s *Service) keep(ctx context.Context, op, object string, who auth.Actor, d Draft, err error) error {
	if notFound(err) {
		err = storage.ErrNotFound // and nothing else, see [storage.Refuse]
	}
	return &storage.Error{Op: op, Object: object, Err: s.kept(ctx, who, d, err)}
}

func (s *Service) kept(ctx context.Context, who auth.Actor, d Draft, refused error) error {
	body, err := s.text(d.Body)
	if err != nil || who.User.IsZero() {
		return refused
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.DraftTime)
	defer cancel()
	d.Body, d.User = body, who.User
	if d.Title, err = storage.Optional(storage.Line, "title", d.Title, MaxTitle); err != nil {
		d.Title = ""
	}
	if d.Why, err = storage.Optional(storage.Line, "why", d.Why, MaxWhy); err != nil {
		d.Why = ""
	}
	err = storage.Decide(ctx, func() error {
		had, err := s.ownDraft(ctx, who, d.ID)
		switch {
		case err == nil:
			d.Version = had.Version + 1
		case notFound(err):
			d.ID, d.Version = storage.NewID[Draft](), 1
		default:
			return err
		}
		d.At = s.cfg.Clock.Now()
		return s.cfg.Store.Apply(ctx, PutDraft{d, MaxDrafts})
	})
	if err != nil {
		return errors.Join(refused, err)
	}
	return &Kept{d, refused}
}

// DraftSave is a text that is kept without being saved.
type DraftSave struct {
	Draft   DraftID // zero: a new one
	Version int     // of the draft that was shown
	Page    PageID  // zero: of a page to be, in Area
	Area    auth.AreaID
	Base    int // the revision that it was made from
	Title   string
	Body    string
	Why     string
}

// SaveDraft keeps a text for its author, whatever becomes of the page and of
// their rights meanwhile. A draft that was saved elsewhere since its Version
// was shown is a [*storage.Conflict] with it.
func (s *Service) SaveDraft(ctx context.Context, who auth.Actor, in DraftSave) (Draft, error) {
	const op = "wiki.SaveDraft"
	do := Amend
	if in.Page.IsZero() {
		do = Write
	}
	s, err := s.enter(ctx, op, "", who, do)
	if err != nil {
		return Draft{}, err
	}
	d, err := s.saveDraft(ctx, who, do, in)
	if err != nil {
		return Draft{}, storage.Refuse(op, "", err)
	}
	return d, nil
}

func (s *Service) saveDraft(ctx context.Context, who auth.Actor, do auth.Action, in DraftSave) (d Draft, err error) {
	if who.User.IsZero() {
		return d, &auth.Denied{Action: do, Reason: auth.ReasonSignIn}
	}
	d = Draft{ID: in.Draft, User: who.User, Page: in.Page, Area: in.Area, Base: in.Base, Version: 1}
	if d.Title, err = storage.Optional(storage.Line, "title", in.Title, MaxTitle); err != nil {
		return d, err
	}
	if d.Body, err = storage.Optional(storage.Text, "body", in.Body, s.cfg.MaxBody); err != nil {
		return d, err
	}
	if d.Why, err = storage.Optional(storage.Line, "why", in.Why, MaxWhy); err != nil {
		return d, err
	}
	if d.Page.IsZero() && d.Area.IsZero() {
		return d, &storage.Invalid{Field: "area", Code: storage.CodeMissing}
	}
	if !d.Page.IsZero() {
		p, err := s.look(ctx, who, d.Page)
		if err != nil {
			return d, err
		}
		d.Area = p.Area
	}
	err = storage.Decide(ctx, func() error {
		d.At = s.cfg.Clock.Now()
		if in.Draft.IsZero() {
			d.ID = storage.NewID[Draft]()
		} else {
			had, err := s.ownDraft(ctx, who, in.Draft)
			if err != nil {
				return err
			}
			if had.Version != in.Version {
				return &storage.Conflict{Base: in.Version, Current: had}
			}
			d.Version = had.Version + 1
		}
		return s.cfg.Store.Apply(ctx, PutDraft{d, MaxDrafts})
	})
	return d, err
}

// ownDraft returns a draft of the actor's.
func (s *Service) ownDraft(ctx context.Context, who auth.Actor, id DraftID) (Draft, error) {
	if id.IsZero() || who.User.IsZero() {
		return Draft{}, storage.ErrNotFound
	}
	d, err := s.cfg.Store.Draft(ctx, id)
	if err == nil && d.User != who.User {
		err = storage.ErrNotFound
	}
	return d, err
}

// Draft returns a draft of the actor's. It asks for no right: what they typed is
// theirs.
func (s *Service) Draft(ctx context.Context, who auth.Actor, id DraftID) (Draft, error) {
	d, err := s.ownDraft(ctx, who, id)
	if err != nil {
		return Draft{}, storage.Refuse("wiki.Draft", "", err)
	}
	return d, nil
}

// Drafts lists the drafts of the actor, the latest first. Like Draft it asks for
// no right.
func (s *Service) Drafts(ctx context.Context, who auth.Actor) ([]Draft, error) {
	if who.User.IsZero() {
		return nil, nil
	}
	all, err := s.cfg.Store.Drafts(ctx, who.User)
	if err != nil {
		return nil, storage.Refuse("wiki.Drafts", "", err)
	}
	return all, nil
}

// DropDraft forgets a draft of the actor's; that there is none is no error.
func (s *Service) DropDraft(ctx context.Context, who auth.Actor, id DraftID) error {
	if who.User.IsZero() {
		return nil
	}
	if err := s.cfg.Store.Apply(ctx, DropDraft{who.User, id}); err != nil {
		return storage.Refuse("wiki.DropDraft", "", err)
	}
	return nil
}
