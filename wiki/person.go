// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki/diff"
)

// Exported is one thing that is held of a person. The texts are those of the
// revisions that they made; a page's title is there if they may read it.
type Exported struct {
	Kind       string       `json:"kind"` // "page", "revision", "credit", "removal", "protection", "check", "attachment", "draft", "watch"
	Page       PageID       `json:"page,omitzero"`
	Attachment AttachmentID `json:"attachment,omitzero"`
	For        auth.OrgID   `json:"for,omitzero"`
	Title      string       `json:"title,omitempty"`
	Name       string       `json:"name,omitempty"` // of an attachment
	Body       string       `json:"body,omitempty"`
	Why        string       `json:"why,omitempty"` // as they gave it
	N          int          `json:"n,omitempty"`   // of a revision
	At         time.Time    `json:"at,omitzero"`
}

// errStop ends an export whose reader has had enough.
var errStop = errors.New("stop")

// Export yields everything that is held of a person: the pages they created,
// the revisions they made, what they protected, checked, removed and attached,
// their drafts, and what they watch. A revision that is hidden is there without
// its text. It asks no one's leave: the host gives it to the person, and to
// nobody else.
func (s *Service) Export(ctx context.Context, user auth.UserID) iter.Seq2[Exported, error] {
	return func(yield func(Exported, error) bool) {
		give := func(e Exported) error {
			if !yield(e, nil) {
				return errStop
			}
			return nil
		}
		if user.IsZero() { // which is the byline of whoever was erased
			yield(Exported{}, storage.Refuse("wiki.Export", "", &storage.Invalid{Field: "user", Code: storage.CodeMissing}))
			return
		}
		for _, part := range []func(context.Context, auth.UserID, func(Exported) error) error{s.exportWritten, s.exportKept} {
			if err := part(ctx, user, give); errors.Is(err, errStop) {
				return
			} else if err != nil {
				yield(Exported{}, storage.Refuse("wiki.Export", "", err))
				return
			}
		}
	}
}

// written yields the pages that name a person.
func (s *Service) written(ctx context.Context, user auth.UserID) iter.Seq2[Page, error] {
	return storage.All(ctx, func(after storage.Cursor) (storage.Page[Page], error) {
		return s.cfg.Store.Written(ctx, WrittenQuery{User: user, After: after, Limit: storage.MaxLimit})
	})
}

// revisions yields all revisions of a page, the newest first.
func revisions(ctx context.Context, st Store, id PageID) iter.Seq2[Changed, error] {
	return storage.All(ctx, func(after storage.Cursor) (storage.Page[Changed], error) {
		return st.Revisions(ctx, RevisionQuery{
			Page: id, Reach: auth.Everything, Pending: auth.Everything, Moderate: auth.Everything, After: after, Limit: storage.MaxLimit,
		})
	})
}

func (s *Service) exportWritten(ctx context.Context, user auth.UserID, give func(Exported) error) error {
	for p, err := range s.written(ctx, user) {
		if err != nil {
			return err
		}
		if err := s.exportPage(ctx, user, p, give); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) exportPage(ctx context.Context, user auth.UserID, p Page, give func(Exported) error) error {
	title := ""
	switch err := s.readable(ctx, auth.Actor{User: user}, p); {
	case err == nil:
		title = p.Title
	case !notFound(err):
		return err
	}
	add := func(kind string, by auth.By, at time.Time, why string, more Exported) error {
		if by.User != user {
			return nil
		}
		more.Kind, more.Page, more.For, more.Title, more.Why, more.At = kind, p.ID, by.For, title, why, at
		return give(more)
	}
	err := errors.Join(
		add("page", p.By, p.CreatedAt, "", Exported{}),
		add("protection", p.Protection.By, p.Protection.At, p.Protection.Why, Exported{}),
		add("check", p.Check.By, p.Check.At, "", Exported{}),
		add("removal", p.Removal.By, p.Removal.At, p.Removal.Why, Exported{}),
	)
	if err != nil {
		return err
	}
	for c, err := range revisions(ctx, s.cfg.Store, p.ID) {
		if err != nil {
			return err
		}
		r, more := c.Revision, Exported{N: c.Revision.N}
		if r.By.User == user && r.Removal.State == Visible {
			texts, err := s.textsOf(ctx, p.ID, r.N)
			if err != nil {
				return err
			}
			more.Body = texts[0]
		} else if r.Removal.State != Visible {
			r = r.masked()
		}
		err = errors.Join(add("revision", r.By, r.At, r.Why, more), add("removal", r.Removal.By, r.Removal.At, r.Removal.Why, Exported{N: r.N}))
		for _, by := range r.Credit {
			err = errors.Join(err, add("credit", by, r.At, "", Exported{N: r.N}))
		}
		if err != nil {
			return err
		}
	}
	files, err := s.allFiles(ctx, p.ID)
	for _, a := range files {
		more := Exported{Attachment: a.ID, Name: a.Name, N: a.N}
		err = errors.Join(err, add("attachment", a.By, a.At, a.Why, more), add("removal", a.Removal.By, a.Removal.At, a.Removal.Why, more))
	}
	return err
}

// exportKept gives what a person keeps for themselves.
func (s *Service) exportKept(ctx context.Context, user auth.UserID, give func(Exported) error) error {
	drafts, err := s.cfg.Store.Drafts(ctx, user)
	if err != nil {
		return err
	}
	for _, d := range drafts {
		if err := give(Exported{Kind: "draft", Page: d.Page, Title: d.Title, Body: d.Body, Why: d.Why, At: d.At}); err != nil {
			return err
		}
	}
	watched, err := s.cfg.Store.Watched(ctx, user)
	if err != nil {
		return err
	}
	for _, id := range watched {
		if err := give(Exported{Kind: "watch", Page: id}); err != nil {
			return err
		}
	}
	return nil
}

// Erase empties a person out of all pages: their bylines, what mentions them in
// any revision, what they watch, and their drafts. With [auth.Redact] the texts,
// titles and summaries of the revisions that they made go too, but for the text
// that readers see and the present one, which others build upon: a page that
// nobody else has written is purged. It asks no one's leave, and may be run again
// after it was cut off.
func (s *Service) Erase(ctx context.Context, user auth.UserID, mode auth.EraseMode) error {
	const op = "wiki.Erase"
	switch {
	case user.IsZero():
		return storage.Refuse(op, "", &storage.Invalid{Field: "user", Code: storage.CodeMissing})
	case !mode.Valid():
		return storage.Refuse(op, "", &storage.Invalid{Field: "mode", Code: storage.CodeUnknown})
	}
	for p, err := range s.written(ctx, user) {
		if err == nil {
			err = s.erasePage(ctx, p.ID, user, mode)
		}
		if err != nil {
			return storage.Refuse(op, "", err)
		}
	}
	if err := s.cfg.Store.Apply(ctx, EraseUser{user}); err != nil {
		return storage.Refuse(op, "", err)
	}
	return nil
}

// erasePage takes a person out of the texts of a page.
func (s *Service) erasePage(ctx context.Context, id PageID, user auth.UserID, mode auth.EraseMode) error {
	if mode == auth.Redact {
		alone, err := s.alone(ctx, id, user)
		if err != nil {
			return err
		}
		if alone {
			return s.purgeFor(ctx, id)
		}
	}
	return s.cfg.Store.Atomic(ctx, func(ctx context.Context, tx Store) error {
		call := *s
		call.cfg.Store = tx
		p, err := tx.Page(ctx, id)
		if err != nil {
			return err
		}
		changes, err := call.rewritten(ctx, p, user, mode)
		if err != nil {
			return err
		}
		body := unnamed(p.Body, user)
		if said := mode == auth.Redact && unsaid(&p, user); said || body != p.Body {
			p.Body = body
			changes = append(changes, UpdatePage{p})
		}
		if len(changes) == 0 {
			return nil
		}
		return tx.Apply(ctx, changes...)
	})
}

// unnamed returns a text that mentions nobody where it mentioned a person.
func unnamed(text string, user auth.UserID) string {
	return strings.ReplaceAll(text, auth.Mention(user), auth.Mention(auth.UserID{}))
}

// unsaid empties the reasons that a person gave for what they did to a page, and
// says whether there were any.
func unsaid(p *Page, user auth.UserID) (found bool) {
	for _, said := range []struct {
		by  auth.By
		why *string
	}{{p.Protection.By, &p.Protection.Why}, {p.Removal.By, &p.Removal.Why}} {
		if said.by.User == user && *said.why != "" {
			*said.why, found = "", true
		}
	}
	return found
}

// alone reports whether all revisions of a page that has any are a person's.
func (s *Service) alone(ctx context.Context, id PageID, user auth.UserID) (bool, error) {
	n := 0
	for c, err := range revisions(ctx, s.cfg.Store, id) {
		if err != nil || c.Revision.By.User != user {
			return false, err
		}
		n++
	}
	return n > 0, nil
}

// purgeFor purges a page of somebody who is erased, in nobody's name.
func (s *Service) purgeFor(ctx context.Context, id PageID) error {
	call := *s
	call.cfg.Auth = auth.AllowAll{}
	return call.Purge(ctx, auth.Actor{}, id, "erased")
}

// rewritten returns the changes of a page's revisions whose texts name a person,
// or with Redact are theirs. The texts are kept anew one after the other, so
// that none hangs on a frame that is there no more; none, if none changes.
func (s *Service) rewritten(ctx context.Context, p Page, user auth.UserID, mode auth.EraseMode) ([]storage.Change, error) {
	var all []Revision
	for c, err := range revisions(ctx, s.cfg.Store, p.ID) {
		if err != nil {
			return nil, err
		}
		all = append(all, c.Revision)
	}
	var changes []storage.Change
	found := false
	var last Edit // as if the page grew from its first revision again
	base := ""
	for i := len(all) - 1; i >= 0; i-- {
		r := all[i]
		if r.Removal.State == Purged {
			continue
		}
		texts, err := s.textsOf(ctx, p.ID, r.N)
		if err != nil {
			return nil, err
		}
		text := unnamed(texts[0], user)
		found = found || text != texts[0]
		if mode == auth.Redact && r.By.User == user {
			found = true
			r.Why = ""
			if r.N != p.Stable && r.N != p.Current {
				r = r.masked()
				r.Removal = Removal{State: Purged, At: s.cfg.Clock.Now()}
				changes = append(changes, UpdateRevision{Revision: r})
				continue
			}
		}
		blob := keyframe(r.N, text)
		if frame := last.Frame; frame.N > 0 {
			data := diff.Encode(base, text)
			if weight := last.Blob.Weight + len(data); weight <= len(frame.Data) {
				blob = Blob{N: r.N, Frame: frame.N, Weight: weight, Data: data}
			}
		}
		if blob.Frame == blob.N {
			last.Frame, base = blob, text
		}
		last.Blob = blob
		changes = append(changes, UpdateRevision{r, blob})
	}
	if !found {
		return nil, nil
	}
	return changes, nil
}
