// SPDX-License-Identifier: BSD-3-Clause

package wikihistory

import (
	"context"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// change is one of a page's history.
type change struct {
	page   string
	rev    int
	op     op
	title  string
	text   string
	sum    [32]byte // of the text
	author string
	who    auth.UserID
	at     time.Time
	why    string
	minor  bool
	revert bool // to a text that the page had, if it had
}

// writer is an import at work in a unit of work.
type writer struct {
	*run
	store   wiki.Store
	wiki    *wiki.Service
	touched map[*page]page // as they were before the batch
}

// outcome is what became of one change.
type outcome struct {
	existing, reverted, retitled bool
	skipped                      string
}

// service returns the wiki over s, in which it is always the time of the
// change that is being brought in, and whoever did something might.
func (im *run) service(s wiki.Store) *wiki.Service {
	return wiki.New(wiki.Config{
		Store: s, Auth: auth.AllowAll{}, Clock: func() time.Time { return im.at }, Links: im.cfg.Links,
		KeepKeys: true, Verbatim: true,
	})
}

// write brings in some changes, all or none.
func (im *run) write(ctx context.Context, chunk []change) error {
	var done []outcome
	if err := im.unit(ctx, func(ctx context.Context, w *writer) error {
		done = make([]outcome, len(chunk))
		for i, c := range chunk {
			var err error
			if done[i], err = w.once(ctx, c); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	for i, o := range done {
		im.count(chunk[i], o)
	}
	return nil
}

// unit runs fn in a unit of work, again if another import did the same
// meanwhile, or if the answer of its commit was lost.
func (im *run) unit(ctx context.Context, fn func(context.Context, *writer) error) error {
	touched := map[*page]page{}
	var err error
	for range tries {
		err = im.cfg.Store.Atomic(ctx, func(ctx context.Context, tx wiki.Store) error {
			for p, was := range touched { // by an earlier run of this function
				*p = was
			}
			return fn(ctx, &writer{im, tx, im.service(tx), touched})
		})
		if !errors.Is(err, storage.ErrExists) && !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrUnknown) {
			break
		}
	}
	if err != nil {
		for p, was := range touched {
			*p = was
		}
	}
	return err
}

// count adds a change to the report.
func (im *run) count(c change, o outcome) {
	if o.skipped != "" {
		im.skip(o.skipped)
		return
	}
	im.report.Revisions++
	for n, counts := range map[*int]bool{
		&im.report.Existing: o.existing, &im.report.Reverts: o.reverted, &im.report.Retitled: o.retitled,
		&im.report.Renames: c.op == renames, &im.report.Deletions: c.op == deletes,
	} {
		if counts {
			*n++
		}
	}
}

// once brings in a change unless it is there. Changes are remembered under a
// key of the site and not of their author, in the unit that writes them: so the
// erasure of a person, which drops the person's keys, does not let the next
// import bring the words back. What is remembered of one is the number of the
// revision it led to.
func (w *writer) once(ctx context.Context, c change) (outcome, error) {
	p := w.page(c.page)
	if _, ok := w.touched[p]; !ok {
		w.touched[p] = *p
	}
	if p.id.IsZero() {
		made, err := w.store.Done(ctx, w.owner, pageKey(c.page))
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return outcome{}, err
		}
		p.id = storage.MakeID[wiki.Page](made)
	}
	to, reverts := p.had(c)
	key := revKey(c.page, c.rev)
	switch n, err := w.store.Done(ctx, w.owner, key); {
	case err == nil:
		p.revs = append(p.revs, rev{number(n), c.sum, c.op != deletes})
		return outcome{existing: true, reverted: reverts}, nil
	case !errors.Is(err, storage.ErrNotFound):
		return outcome{}, err
	}
	w.at = c.at
	o := outcome{reverted: reverts}
	fresh := p.id.IsZero()
	n, err := w.apply(ctx, p, c, to, &o)
	if why := refused(err); why != "" {
		if fresh {
			p.id = wiki.PageID{}
		}
		return outcome{skipped: c.op.String() + ": " + why}, nil
	}
	if err != nil {
		return outcome{}, err
	}
	p.revs = append(p.revs, rev{n, c.sum, c.op != deletes})
	once := []storage.Change{storage.Once{Owner: w.owner, Key: key, Object: numbered(n), At: c.at, Keep: true}}
	if fresh {
		once = append(once, storage.Once{Owner: w.owner, Key: pageKey(c.page), Object: p.id.Bytes(), At: c.at, Keep: true})
	}
	return o, w.store.Apply(ctx, once...)
}

// had returns the last revision of the page that had the text which a revert
// gives it again, and whether there is one.
func (p *page) had(c change) (int, bool) {
	if !c.revert || c.op != edits {
		return 0, false
	}
	for i := len(p.revs) - 1; i >= 0; i-- {
		if r := p.revs[i]; r.text && r.sum == c.sum {
			return r.n, i < len(p.revs)-1
		}
	}
	return 0, false
}

// apply does a change and returns the number of the revision it led to.
func (w *writer) apply(ctx context.Context, p *page, c change, to int, o *outcome) (int, error) {
	why := oneLine(c.why, wiki.MaxWhy)
	who := auth.Actor{User: c.who}
	doer := who
	if doer.User.IsZero() {
		doer = importer
	}
	if p.id.IsZero() {
		if c.op == deletes {
			return 0, errNoPage
		}
		var made wiki.Page
		err := w.titled(c.title, o, func(title string) (err error) {
			made, err = w.wiki.Create(ctx, who, wiki.NewPage{
				Area: w.cfg.Area, Audience: w.cfg.Audience, Title: title, Body: c.text, Why: why,
			})
			return err
		})
		p.id = made.ID
		return made.Current, err
	}
	now, err := w.wiki.View(ctx, importer, p.id)
	if err != nil {
		return 0, err
	}
	at := now.Page
	if c.op == deletes {
		if at.Removal.State == wiki.Deleted {
			return at.Current, nil
		}
		return at.Current, w.wiki.Delete(ctx, doer, p.id, why)
	}
	if at.Removal.State == wiki.Deleted { // and written on, so somebody restored it
		if err := w.titled(c.title, o, func(title string) (err error) {
			at, err = w.wiki.Restore(ctx, importer, p.id, title, why)
			return err
		}); err != nil {
			return 0, err
		}
	}
	base := at.Current
	if c.op == renames && at.Title != c.title {
		if err := w.titled(c.title, o, func(title string) (err error) {
			at, err = w.wiki.Rename(ctx, doer, p.id, at.Version, title, why)
			return err
		}); err != nil {
			return 0, err
		}
	}
	if o.reverted {
		saved, err := w.wiki.Rollback(ctx, doer, p.id, base, to, why)
		return saved.Revision.N, err
	}
	if len(p.revs) > 0 && at.Current == base {
		base = p.revs[len(p.revs)-1].n // what the text was made from; others may have written since
	} else {
		base = at.Current
	}
	saved, err := w.wiki.Save(ctx, who, wiki.PageSave{Page: p.id, Base: base, Body: c.text, Why: why, Minor: c.minor})
	return saved.Revision.N, err
}

// titled does something with a title, or, if another page has that, with one
// that names the site.
func (w *writer) titled(title string, o *outcome, do func(title string) error) error {
	err := do(title)
	var wrong *storage.Invalid
	if errors.As(err, &wrong) && wrong.Field == "title" && wrong.Code == "taken" {
		if err = do(title + " (" + w.cfg.Site + ")"); err == nil {
			o.retitled = true
		}
	}
	return err
}

var errNoPage = errors.New("there is no such page")

// refused returns why the rules did not want a change, and nothing where it
// could not be brought in now.
func refused(err error) string {
	if errors.As(err, new(*storage.Conflict)) {
		return "it overlaps with what was written here"
	}
	for _, target := range []error{
		storage.ErrInvalid, storage.ErrNotFound, auth.ErrDenied, auth.ErrLimited, errNoPage,
		wiki.ErrDeleted, wiki.ErrHidden, wiki.ErrPublished,
	} {
		if !errors.Is(err, target) {
			continue
		}
		for {
			var e *storage.Error
			if !errors.As(err, &e) {
				return err.Error()
			}
			err = e.Err
		}
	}
	return ""
}

// oneLine makes a summary fit: those of elsewhere may have several lines.
func oneLine(s string, most int) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return s
}

// The keys under which pages and changes are remembered. Names of pages may be
// of any length.
func pageKey(name string) string { return "page " + uuid.NewSHA1(space, []byte(name)).String() }
func revKey(name string, rev int) string {
	return "rev " + strconv.Itoa(rev) + " " + uuid.NewSHA1(space, []byte(name)).String()
}

// numbered is a revision's number as what is remembered is: it has no other
// identifier.
func numbered(n int) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

func number(id uuid.UUID) int { return int(binary.BigEndian.Uint64(id[8:])) }
