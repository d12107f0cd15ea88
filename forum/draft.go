// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"context"
	"errors"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// DraftSave is a text that a member is still writing.
type DraftSave struct {
	Place   string // what it will be, chosen by the host: "reply:018f…"
	Version int    // of the draft that was shown; 0 if there was none
	Title   string
	Body    string
}

// SaveDraft keeps a draft. One that another tab has saved or dropped meanwhile
// is not overwritten: the error is a [storage.Conflict] with the Draft as it
// is, the zero one if it is gone. A draft without any text is dropped.
func (s *Service) SaveDraft(ctx context.Context, who auth.Actor, in DraftSave) (Draft, error) {
	const op = "forum.SaveDraft"
	s, err := s.enter(ctx, op, "", who, Say)
	if err != nil {
		return Draft{}, err
	}
	d, err := s.saveDraft(ctx, who, in)
	if err != nil {
		return Draft{}, storage.Refuse(op, "", err)
	}
	return d, nil
}

func (s *Service) saveDraft(ctx context.Context, who auth.Actor, in DraftSave) (Draft, error) {
	if err := auth.SignedIn(who, Say); err != nil {
		return Draft{}, err
	}
	var err error
	if in.Place, err = storage.Line("place", in.Place, MaxPlace); err != nil {
		return Draft{}, err
	}
	if in.Title, err = blank(storage.Line, "title", in.Title, s.cfg.MaxTitle); err != nil {
		return Draft{}, err
	}
	if in.Body, err = blank(storage.Text, "body", in.Body, s.cfg.MaxBody); err != nil {
		return Draft{}, err
	}
	d := Draft{User: who.User, Place: in.Place, Title: in.Title, Body: in.Body, At: s.cfg.Clock.Now(), Version: in.Version + 1}
	changes := []storage.Change{PutDraft{d, MaxDrafts}}
	empty := d.Title+d.Body == ""
	if empty {
		changes = append(changes, DeleteDraft{d.User, d.Place})
	}
	err = s.cfg.Store.Apply(ctx, changes...)
	for _, stale := range []error{storage.ErrConflict, storage.ErrExists, storage.ErrNotFound} {
		if errors.Is(err, stale) {
			return Draft{}, s.stale(ctx, who, in, empty)
		}
	}
	if empty {
		d = Draft{}
	}
	return d, err
}

// stale says why a draft could not be saved, if that is an error: one that is
// to be dropped and is gone is none.
func (s *Service) stale(ctx context.Context, who auth.Actor, in DraftSave, empty bool) error {
	all, err := s.cfg.Store.Drafts(ctx, who.User)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(d Draft) bool { return d.Place == in.Place })
	switch {
	case i >= 0:
		return &storage.Conflict{Base: in.Version, Current: all[i]}
	case empty:
		return nil
	case in.Version == 0 && len(all) >= MaxDrafts:
		return &storage.Invalid{Code: storage.CodeTooMany, Params: map[string]any{"max": MaxDrafts}}
	}
	return &storage.Conflict{Base: in.Version, Current: Draft{}}
}

// blank is f for a text that may be nothing at all.
func blank(f func(field, s string, max int) (string, error), field, s string, max int) (string, error) {
	s, err := f(field, s, max)
	var in *storage.Invalid
	if errors.As(err, &in) && in.Code == storage.CodeMissing {
		return "", nil
	}
	return s, err
}

// Draft returns the actor's draft for a place. What is one's own stays so in
// every phase and under every sanction; only a token needs to have been given
// the action [Say].
func (s *Service) Draft(ctx context.Context, who auth.Actor, place string) (Draft, error) {
	err := s.own(ctx, who)
	if err == nil {
		place, err = storage.Line("place", place, MaxPlace)
	}
	var d Draft
	if err == nil {
		d, err = s.cfg.Store.Draft(ctx, who.User, place)
	}
	if err != nil {
		return Draft{}, storage.Refuse("forum.Draft", "", err)
	}
	return d, nil
}

// Drafts lists the actor's drafts, latest first: at most [MaxDrafts].
func (s *Service) Drafts(ctx context.Context, who auth.Actor) ([]Draft, error) {
	err := s.own(ctx, who)
	var all []Draft
	if err == nil {
		all, err = s.cfg.Store.Drafts(ctx, who.User)
	}
	if err != nil {
		return nil, storage.Refuse("forum.Drafts", "", err)
	}
	return all, nil
}

// DropDraft throws the actor's draft for a place away; none is no error.
func (s *Service) DropDraft(ctx context.Context, who auth.Actor, place string) error {
	err := s.own(ctx, who)
	if err == nil {
		place, err = storage.Line("place", place, MaxPlace)
	}
	if err == nil {
		err = s.cfg.Store.Apply(ctx, DeleteDraft{who.User, place})
	}
	if err != nil {
		return storage.Refuse("forum.DropDraft", "", err)
	}
	return nil
}

// own lets somebody to their own drafts, whatever else they may do, unless they
// come with a token that was not given it.
func (s *Service) own(ctx context.Context, who auth.Actor) error {
	if err := auth.SignedIn(who, Say); err != nil {
		return err
	}
	_, err := auth.Enter(ctx, s.cfg.Auth, who, Say)
	var denied *auth.Denied
	if errors.As(err, &denied) && denied.Reason != auth.ReasonScope {
		return nil
	}
	return err
}
