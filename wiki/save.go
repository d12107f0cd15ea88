// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki/diff"
)

// PageSave is another text for a page.
type PageSave struct {
	Draft DraftID // dropped when it is saved
	Key   string  // optional idempotency key
	Page  PageID
	Base  int // the revision that the text was made from
	Body  string
	Why   string
	Minor bool
}

// Saved is what became of a save.
type Saved struct {
	Page     Page     // as readers see it
	Revision Revision // the one made; of a text that is the same, the present one
	Merged   bool     // with what others had saved since Base
}

// A Clash is the Current of the [storage.Conflict] with which a save is refused
// that others' changes overlap.
type Clash struct {
	Revision Revision    // the present one, which the text clashes with
	Body     string      // its text
	Merged   diff.Merged // what agrees, and the places that do not: Ours is what was submitted
}

// Save gives a page another text, as a new revision. What others saved since
// its Base is merged with it, line by line, as [diff.Merge] does; where it
// overlaps, nothing is saved and the error is a [*storage.Conflict] whose
// Current is a [Clash]. A text that is the present one makes no revision. It may
// wait for a review, see [Protection] and Config.Hold: then readers see what
// they saw. With a Key that was used before, it returns what was saved then, and
// writes nothing. A page that is deleted is [ErrDeleted]. Where the save is
// refused, the text is kept: see [Kept].
func (s *Service) Save(ctx context.Context, who auth.Actor, in PageSave) (Saved, error) {
	const op = "wiki.Save"
	call, err := s.enter(ctx, op, object(in.Page), who, Amend)
	var out Saved
	if err == nil {
		out, err = call.save(ctx, op, who, in)
		if made, ok := storage.Made(ctx, s.cfg.Store, who.User.Bytes(), op, in.Key, err); ok {
			if out, lerr := call.saved(ctx, who, in.Page, numberIn(made)); lerr == nil {
				return out, nil
			}
		}
	}
	if err != nil {
		return Saved{}, s.keep(ctx, op, object(in.Page), who, call.draftOf(ctx, who, in), err)
	}
	return out, nil
}

// draftOf is the draft that keeps a text that was refused. It names the page as
// far as its author may still read it; call is nil if they may not even ask.
func (s *Service) draftOf(ctx context.Context, who auth.Actor, in PageSave) Draft {
	d := Draft{ID: in.Draft, Page: in.Page, Base: in.Base, Body: in.Body, Why: in.Why}
	if s == nil {
		return d
	}
	if p, err := s.look(context.WithoutCancel(ctx), who, in.Page); err == nil {
		d.Area, d.Title = p.Area, p.Title
	}
	return d
}

// The object of an idempotency key is the number of the revision.

func numberOf(n int) (u [16]byte) {
	binary.BigEndian.PutUint64(u[8:], uint64(n))
	return u
}

func numberIn(u [16]byte) int { return int(binary.BigEndian.Uint64(u[8:])) }

// saved returns what was saved with a key before.
func (s *Service) saved(ctx context.Context, who auth.Actor, id PageID, n int) (Saved, error) {
	p, err := s.look(ctx, who, id)
	if err != nil {
		return Saved{}, err
	}
	rev, err := s.cfg.Store.Revision(ctx, id, n)
	if err == nil && rev.By.User != who.User {
		err = storage.ErrNotFound
	}
	return Saved{Page: p, Revision: rev, Merged: rev.Base > 0 && rev.Base < n-1}, err
}

// crowd bounds how often a save is tried anew because others saved the page
// meanwhile, eight times each. Every time somebody else got through, so nobody
// gives up before hundreds have.
const crowd = 64

func (s *Service) save(ctx context.Context, op string, who auth.Actor, in PageSave) (out Saved, err error) {
	if in.Body, err = s.text(in.Body); err != nil {
		return Saved{}, err
	}
	if in.Why, err = storage.Optional(storage.Line, "why", in.Why, MaxWhy); err != nil {
		return Saved{}, err
	}
	counted := false
	return out, s.pressing(ctx, func() (err error) {
		out, err = s.saveOnce(ctx, op, who, in, &counted)
		return err
	})
}

// pressing is [storage.Decide] for a page that many write at once.
func (s *Service) pressing(ctx context.Context, fn func() error) (err error) {
	for range crowd {
		err = storage.Decide(ctx, fn)
		var shown *storage.Conflict
		if !errors.Is(err, storage.ErrConflict) || errors.As(err, &shown) || ctx.Err() != nil {
			break
		}
	}
	return err
}

// editing returns what is needed to change the text of a page that the actor
// may edit.
func (s *Service) editing(ctx context.Context, who auth.Actor, id PageID) (Edit, error) {
	e, err := s.cfg.Store.Edit(ctx, EditQuery{id, who.User})
	if err != nil {
		return Edit{}, err
	}
	if err := s.readable(ctx, who, e.Page); err != nil {
		return Edit{}, err
	}
	return e, s.mayEdit(ctx, who, e.Page)
}

func (s *Service) saveOnce(ctx context.Context, op string, who auth.Actor, in PageSave, counted *bool) (Saved, error) {
	e, err := s.editing(ctx, who, in.Page)
	if err != nil {
		return Saved{}, err
	}
	if in.Base < 1 || in.Base > e.Page.Current {
		return Saved{}, &storage.Invalid{Field: "base", Code: storage.CodeUnknown}
	}
	body, err := s.address(ctx, in.Body)
	if err != nil {
		return Saved{}, err
	}
	present, err := e.text()
	if err != nil {
		return Saved{}, err
	}
	rev := Revision{Base: in.Base, Why: in.Why, Minor: in.Minor}
	if in.Base < e.Page.Current {
		if body, err = s.merged(ctx, e, in.Base, body, present); err != nil {
			return Saved{}, err
		}
	}
	return s.put(ctx, op, who, e, present, body, rev, in, counted)
}

// merged returns a text with what others saved since its base, or the conflict.
func (s *Service) merged(ctx context.Context, e Edit, base int, body, present string) (string, error) {
	from, err := s.cfg.Store.Revision(ctx, e.Page.ID, base)
	if err != nil {
		return "", err
	}
	hidden := from.Removal.State != Visible
	was := ""
	if from.Removal.State != Purged {
		texts, err := s.textsOf(ctx, e.Page.ID, base)
		if err != nil {
			return "", err
		}
		was = texts[0]
	}
	m := diff.Merge(was, body, present)
	if m.Conflicts() == 0 {
		text := m.Text(nil)
		if utf8.RuneCountInString(text) > s.cfg.MaxBody {
			return "", s.tooLong()
		}
		return text, nil
	}
	if hidden {
		for i, c := range m.Chunks {
			if c.Conflict != nil {
				shown := *c.Conflict
				shown.Base = ""
				m.Chunks[i].Conflict = &shown
			}
		}
	}
	return "", &storage.Conflict{Base: base, Current: Clash{Revision: e.Latest, Body: present, Merged: m}}
}

// put saves a text of a page as its next revision.
func (s *Service) put(ctx context.Context, op string, who auth.Actor, e Edit, present, body string, rev Revision, in PageSave, counted *bool) (Saved, error) {
	p := e.Page
	now := s.cfg.Clock.Now()
	once, err := storage.OnceFor(who.User.Bytes(), op, in.Key, numberOf(p.Current+1), now, s.cfg.KeepKeys)
	if err != nil {
		return Saved{}, err
	}
	var drop []storage.Change
	if !in.Draft.IsZero() && !who.User.IsZero() {
		drop = append(drop, DropDraft{who.User, in.Draft})
	}
	merged := rev.Base < p.Current
	if body == present {
		if len(drop) > 0 {
			err = s.cfg.Store.Apply(ctx, drop...)
		}
		return Saved{Page: p, Revision: e.Latest}, err
	}
	waits, err := s.waits(ctx, who, p, Amend)
	if err != nil {
		return Saved{}, err
	}
	if err := s.count(ctx, who, Amend, counted); err != nil {
		return Saved{}, err
	}
	rev.Page, rev.N, rev.Title, rev.By, rev.At = p.ID, p.Current+1, p.Title, who.By(), now
	rev.Size, rev.Grown = len(body), len(body)-len(present)
	blob, err := e.next(body)
	if err != nil {
		return Saved{}, err
	}
	earlier := p.Body
	p.Current = rev.N
	with, err := s.shows(ctx, &p, earlier, body, rev, !waits)
	if err != nil {
		return Saved{}, err
	}
	told, err := s.announced(ctx, p, earlier, body, !waits)
	if err != nil {
		return Saved{}, err
	}
	changes := slices.Concat([]storage.Change{UpdatePage{p}, InsertRevision{rev, blob}}, with, drop, once, []storage.Change{
		s.event(EventSaved, now, p, Event{By: who.By(), Revision: rev.N, Stable: !waits, Minor: rev.Minor, Mentions: told, Why: rev.Why}),
	})
	if err := s.cfg.Store.Apply(ctx, changes...); err != nil {
		return Saved{}, again(err)
	}
	p.Version++
	return Saved{Page: p, Revision: rev, Merged: merged}, nil
}

// again says that a revision which somebody else made meanwhile is no failure,
// but asks for another look.
func again(err error) error {
	if errors.Is(err, storage.ErrExists) {
		return errors.Join(storage.ErrConflict, err)
	}
	return err
}

// Rollback gives a page the text of its revision n again, as a new revision.
// If base is not the present one any more, the page is shown as a
// [*storage.Conflict]; a revision that is hidden is [ErrHidden].
func (s *Service) Rollback(ctx context.Context, who auth.Actor, id PageID, base, n int, why string) (Saved, error) {
	const op = "wiki.Rollback"
	s, err := s.enter(ctx, op, object(id), who, Amend)
	if err != nil {
		return Saved{}, err
	}
	out, err := s.rollback(ctx, op, who, id, base, n, why)
	if err != nil {
		return Saved{}, storage.Refuse(op, object(id), err)
	}
	return out, nil
}

func (s *Service) rollback(ctx context.Context, op string, who auth.Actor, id PageID, base, n int, why string) (out Saved, err error) {
	if why, err = storage.Optional(storage.Line, "why", why, MaxWhy); err != nil {
		return Saved{}, err
	}
	counted := false
	err = storage.Decide(ctx, func() error {
		e, err := s.editing(ctx, who, id)
		if err != nil {
			return err
		}
		if base != e.Page.Current {
			return &storage.Conflict{Base: base, Current: e.Page}
		}
		_, body, err := s.revision(ctx, who, e.Page, n)
		if err != nil {
			return err
		}
		present, err := e.text()
		if err != nil {
			return err
		}
		out, err = s.put(ctx, op, who, e, present, body, Revision{Base: base, Reverts: n, Why: why}, PageSave{}, &counted)
		return err
	})
	return out, err
}
