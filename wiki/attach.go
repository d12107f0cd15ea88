// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// NewFile is a file to be attached, or a new revision of one.
type NewFile struct {
	Page PageID
	Name string // what it is called on the page; one of the same Key is a revision of the same file
	Type string // its media type, as the host found it; default: "application/octet-stream"
	Why  string // optional
}

// maxType bounds a media type (RFC 6838, 4.2: two names of 127 characters).
const maxType = 255

// Attach keeps a file with a page, read to its end. One beyond Config.MaxFile
// is Invalid ("file", too_long), and nothing of it stays. What would wait for a
// review is refused ([auth.Denied], [ReasonReview]). Without Config.Blobs it is
// [ErrNoBlobs].
func (s *Service) Attach(ctx context.Context, who auth.Actor, in NewFile, r io.Reader) (Attachment, error) {
	const op = "wiki.Attach"
	s, err := s.enter(ctx, op, object(in.Page), who, Amend)
	if err != nil {
		return Attachment{}, err
	}
	a, err := s.attach(ctx, who, in, r)
	if err != nil {
		return Attachment{}, storage.Refuse(op, object(in.Page), err)
	}
	return a, nil
}

func (s *Service) attach(ctx context.Context, who auth.Actor, in NewFile, r io.Reader) (a Attachment, err error) {
	if a, err = s.file(in); err != nil {
		return a, err
	}
	if _, err := s.attaching(ctx, who, in.Page); err != nil { // before any of it is read
		return a, err
	}
	counted := false
	if err := s.count(ctx, who, Amend, &counted); err != nil {
		return a, err
	}
	a.ID, a.Blob, a.By, a.Version = storage.NewID[Attachment](), storage.NewID[Blobs](), who.By(), 1
	measured := &measure{r: r, most: s.cfg.MaxFile, sum: sha256.New()}
	if err := s.cfg.Blobs.Put(ctx, a.Blob, measured); err != nil {
		if measured.over {
			err = &storage.Invalid{Field: "file", Code: storage.CodeTooLong, Params: map[string]any{"max": s.cfg.MaxFile}}
		}
		return a, err
	}
	a.Size = measured.n
	copy(a.Sum[:], measured.sum.Sum(nil))
	err = storage.Decide(ctx, func() error {
		p, err := s.attaching(ctx, who, in.Page)
		if err != nil {
			return err
		}
		if a.N, err = s.nextFile(ctx, a); err != nil {
			return err
		}
		a.At = s.cfg.Clock.Now()
		return again(s.cfg.Store.Apply(ctx, PageAt{p.ID, p.Version}, InsertAttachment{a},
			s.event(EventAttached, a.At, p, Event{By: who.By(), Attachment: a.ID, Why: a.Why})))
	})
	if err != nil && !errors.Is(err, storage.ErrUnknown) { // then the row may be there
		err = errors.Join(err, s.cfg.Blobs.Drop(context.WithoutCancel(ctx), a.Blob))
	}
	return a, err
}

// file checks what is said of a file.
func (s *Service) file(in NewFile) (a Attachment, err error) {
	if s.cfg.Blobs == nil {
		return a, ErrNoBlobs
	}
	a = Attachment{Page: in.Page, Type: cmp.Or(in.Type, "application/octet-stream")}
	if a.Name, err = storage.Line("name", in.Name, MaxFileName); err != nil {
		return a, err
	}
	if a.Key = Key(a.Name); a.Key == "" {
		return a, &storage.Invalid{Field: "name", Code: storage.CodeMissing}
	}
	if a.Type, err = storage.Line("type", a.Type, maxType); err != nil {
		return a, err
	}
	a.Why, err = storage.Optional(storage.Line, "why", in.Why, MaxWhy)
	return a, err
}

// attaching returns a page whose attachments the actor may change.
func (s *Service) attaching(ctx context.Context, who auth.Actor, id PageID) (Page, error) {
	p, err := s.look(ctx, who, id)
	if err != nil {
		return p, err
	}
	if err := s.mayEdit(ctx, who, p); err != nil {
		return p, err
	}
	waits, err := s.waits(ctx, who, p, Amend)
	if err == nil && waits {
		err = &auth.Denied{Action: Amend, Reason: ReasonReview}
	}
	return p, err
}

// nextFile returns the number of a file's next revision, if there is room for
// it on its page.
func (s *Service) nextFile(ctx context.Context, a Attachment) (int, error) {
	same, err := s.cfg.Store.Attachments(ctx, AttachmentQuery{Page: a.Page, Key: a.Key, Removed: true})
	if err != nil {
		return 0, err
	}
	if len(same) > 0 {
		return same[0].N + 1, nil
	}
	all, err := s.cfg.Store.Attachments(ctx, AttachmentQuery{Page: a.Page, Removed: true})
	if err == nil && len(all) >= MaxAttachments {
		err = &storage.Invalid{Field: "file", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxAttachments}}
	}
	return 1, err
}

// A measure reads no more than so many bytes, and counts and sums them.
type measure struct {
	r    io.Reader
	n    int64
	most int64
	sum  hash.Hash
	over bool
}

var errTooLarge = errors.New("file is too large")

func (m *measure) Read(b []byte) (int, error) {
	if m.over {
		return 0, errTooLarge
	}
	n, err := m.r.Read(b)
	if m.n += int64(n); m.n > m.most {
		m.over = true
		return 0, errTooLarge
	}
	m.sum.Write(b[:n])
	return n, err
}

// Attachments lists what is attached to a page by Key, of each file the newest
// revision. Those that were taken away are there for who may Moderate.
func (s *Service) Attachments(ctx context.Context, who auth.Actor, id PageID) ([]Attachment, error) {
	const op = "wiki.Attachments"
	s, err := s.enter(ctx, op, object(id), who, Read)
	if err != nil {
		return nil, err
	}
	q := AttachmentQuery{Page: id}
	p, err := s.look(ctx, who, id)
	if err == nil {
		q.Removed, err = s.may(ctx, who, Moderate, p)
	}
	var all []Attachment
	if err == nil {
		all, err = s.cfg.Store.Attachments(ctx, q)
	}
	if err != nil {
		return nil, storage.Refuse(op, object(id), err)
	}
	return all, nil
}

// Open returns an attachment of a page with its bytes, which the caller closes.
// What was taken away is there for those who may Moderate.
func (s *Service) Open(ctx context.Context, who auth.Actor, page PageID, id AttachmentID) (Attachment, io.ReadCloser, error) {
	const op = "wiki.Open"
	s, err := s.enter(ctx, op, object(page), who, Read)
	if err != nil {
		return Attachment{}, nil, err
	}
	var r io.ReadCloser
	_, a, err := s.attachment(ctx, who, page, id)
	if err == nil {
		r, err = s.cfg.Blobs.Open(ctx, a.Blob)
	}
	if err != nil {
		return Attachment{}, nil, storage.Refuse(op, object(page), err)
	}
	return a, r, nil
}

// attachment returns an attachment that the actor may see, and its page.
func (s *Service) attachment(ctx context.Context, who auth.Actor, page PageID, id AttachmentID) (Page, Attachment, error) {
	if s.cfg.Blobs == nil {
		return Page{}, Attachment{}, ErrNoBlobs
	}
	p, err := s.look(ctx, who, page)
	if err != nil {
		return p, Attachment{}, err
	}
	a, err := s.cfg.Store.Attachment(ctx, id)
	if err == nil && (a.Page != page || a.Removal.State == Purged) {
		err = storage.ErrNotFound
	}
	if err == nil && a.Removal.State != Visible {
		err = auth.Hide(s.cfg.Auth.Authorize(ctx, who, Moderate, p.scope()))
	}
	return p, a, err
}

// Detach takes a revision of an attachment away, until it is attached again. One
// that was taken away already stays as it is.
func (s *Service) Detach(ctx context.Context, who auth.Actor, page PageID, id AttachmentID, why string) error {
	return s.refile(ctx, "wiki.Detach", who, page, id, why, Amend, func(s *Service, p Page, a *Attachment) error {
		if err := s.mayEdit(ctx, who, p); err != nil || a.Removal.State != Visible {
			return err
		}
		a.Removal = Removal{State: Deleted, At: s.cfg.Clock.Now(), By: who.By()}
		return nil
	})
}

// Reattach undoes [Service.Detach]; it is for those who may Moderate.
func (s *Service) Reattach(ctx context.Context, who auth.Actor, page PageID, id AttachmentID, why string) error {
	return s.refile(ctx, "wiki.Reattach", who, page, id, why, Moderate, func(s *Service, p Page, a *Attachment) error {
		if err := s.cfg.Auth.Authorize(ctx, who, Moderate, p.scope()); err != nil {
			return err
		}
		a.Removal = Removal{}
		return p.live()
	})
}

func (s *Service) refile(ctx context.Context, op string, who auth.Actor, page PageID, id AttachmentID, why string, do auth.Action, set func(*Service, Page, *Attachment) error) error {
	s, err := s.enter(ctx, op, object(page), who, do)
	if err != nil {
		return err
	}
	if why, err = storage.Optional(storage.Line, "why", why, MaxWhy); err != nil {
		return storage.Refuse(op, object(page), err)
	}
	err = storage.Decide(ctx, func() error {
		p, a, err := s.attachment(ctx, who, page, id)
		if err != nil {
			return err
		}
		was := a.Removal
		if err := set(s, p, &a); err != nil || a.Removal == was {
			return err
		}
		if a.Removal.State != Visible {
			a.Removal.Why = why
		}
		return s.cfg.Store.Apply(ctx, PageAt{p.ID, p.Version}, UpdateAttachment{a},
			s.event(EventDetached, s.cfg.Clock.Now(), p, Event{By: who.By(), Attachment: id, Why: why}))
	})
	if err != nil {
		return storage.Refuse(op, object(page), err)
	}
	return nil
}

// allFiles returns every revision of every attachment of a page.
func (s *Service) allFiles(ctx context.Context, id PageID) (out []Attachment, err error) {
	newest, err := s.cfg.Store.Attachments(ctx, AttachmentQuery{Page: id, Removed: true})
	for _, a := range newest {
		var all []Attachment
		if all, err = s.cfg.Store.Attachments(ctx, AttachmentQuery{Page: id, Key: a.Key, Removed: true}); err != nil {
			break
		}
		out = append(out, all...)
	}
	return out, err
}

// dropFiles forgets the bytes of attachments whose rows say that they are gone.
func (s *Service) dropFiles(ctx context.Context, op string, id PageID, files []Attachment) error {
	if s.cfg.Blobs == nil {
		return nil
	}
	var err error
	for _, a := range files {
		err = errors.Join(err, s.cfg.Blobs.Drop(ctx, a.Blob))
	}
	if err != nil {
		return storage.Refuse(op, object(id), err)
	}
	return nil
}
