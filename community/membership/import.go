// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// An OrgRow is one row of a register, as it was read.
type OrgRow struct {
	N    int // of the row, as whoever made the file counts them
	Code string
	Name string
	Kind string
	Site string
}

// An OrgResult says what became of a row.
type OrgResult struct {
	N    int
	Code string // in normal form, if it is one
	Did  Outcome
	Err  error // why it was refused; of a row that was taken: what was left out of it, its site
}

// Outcome is what became of a row of a bulk import.
type Outcome uint8

// The outcomes.
const (
	Refused Outcome = iota + 1
	Same            // was so already: nothing was written
	Added
	Changed
)

var outcomeNames = [...]string{"unknown", "refused", "same", "added", "changed"}

func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return outcomeNames[0]
}

// Imported counts what became of the rows of an import.
type Imported struct {
	Rows    int
	Added   int
	Changed int
	Same    int
	Refused int
}

func (in *Imported) count(o Outcome) {
	in.Rows++
	switch o {
	case Added:
		in.Added++
	case Changed:
		in.Changed++
	case Same:
		in.Same++
	case Refused:
		in.Refused++
	}
}

// CodeRepeated is the code of [storage.Invalid] for a row that names what an
// earlier one named. Params: row.
const CodeRepeated = "repeated"

// batch is how many rows are written at once.
const batch = 500

// ImportOrgs adds the organisations of a register that are not there, and
// changes those whose name, kind or site is another now; it makes none Inactive
// and takes none away. It reads the rows as they come, writes [batch] of them
// at a time, and gives report (nil: nobody) one result for each, in order, when
// its batch is written. A row that breaks off the import stops it there, and it
// can be run again: what is as the row says is not written.
//
// An error that comes with a row is the row's own if it matches
// [storage.ErrInvalid]; any other ends the import. The site of a row is left
// out when it is none.
func (s *Service) ImportOrgs(ctx context.Context, who auth.Actor, rows iter.Seq2[OrgRow, error], report func(OrgResult)) (Imported, error) {
	const op = "membership.ImportOrgs"
	var done Imported
	if err := s.may(ctx, who, Decide); err != nil {
		return done, refuse(op, "", err)
	}
	b := orgBatch{seen: map[string]int{}}
	flush := func() error {
		if err := s.decide(ctx, func(now time.Time) error { return s.importBatch(ctx, who, &b, now) }); err != nil {
			return err
		}
		for _, r := range b.results {
			done.count(r.Did)
			if report != nil {
				report(r)
			}
		}
		b.orgs, b.results = b.orgs[:0], b.results[:0]
		return nil
	}
	for row, err := range rows {
		if err != nil && !errors.Is(err, storage.ErrInvalid) {
			return done, refuse(op, "", errors.Join(err, flush()))
		}
		b.take(row, err)
		if len(b.results) == batch {
			if err := flush(); err != nil {
				return done, refuse(op, "", err)
			}
		}
	}
	return done, refuse(op, "", flush())
}

// An orgBatch is what was read and is to be written at once.
type orgBatch struct {
	seen    map[string]int // code and the row that had it
	orgs    []Org          // as the rows say; beside results, zero if refused
	results []OrgResult
}

// take checks a row.
func (b *orgBatch) take(row OrgRow, err error) {
	o := Org{Code: row.Code, Name: row.Name, Kind: row.Kind, Site: row.Site}
	if err == nil {
		err = o.check()
	}
	r := OrgResult{N: row.N, Code: o.Code, Err: err}
	if in, is := invalid(err); is && in.Field == "site" {
		o.Site, err = "", nil
	}
	if first, again := b.seen[o.Code]; again && err == nil {
		err = &storage.Invalid{Field: "code", Code: CodeRepeated, Params: map[string]any{"row": first}}
	}
	if err != nil {
		r.Did, r.Err, o = Refused, err, Org{}
		if code, cerr := Code(row.Code); cerr == nil {
			r.Code = code
		}
	} else {
		b.seen[o.Code] = row.N
	}
	b.orgs, b.results = append(b.orgs, o), append(b.results, r)
}

// importBatch writes what is not as the rows say, and notes what it did. The
// right to do so is asked for anew: an import takes its time.
func (s *Service) importBatch(ctx context.Context, who auth.Actor, b *orgBatch, now time.Time) error {
	if len(b.orgs) == 0 {
		return nil
	}
	if err := s.may(ctx, who, Decide); err != nil {
		return err
	}
	var codes []string
	for _, o := range b.orgs {
		if o.Code != "" {
			codes = append(codes, o.Code)
		}
	}
	there, err := s.cfg.Store.OrgsByCode(ctx, codes)
	if err != nil {
		return err
	}
	var changes []storage.Change
	for i, o := range b.orgs {
		was, known := there[o.Code]
		switch {
		case o.Code == "":
			continue
		case !known:
			o.ID, o.Made, o.Version = storage.NewID[auth.Org](), now, 1
			changes = append(changes, InsertOrg{o})
			b.results[i].Did = Added
		case was.Name == o.Name && was.Kind == o.Kind && was.Site == o.Site:
			b.results[i].Did = Same
		default:
			was.Name, was.Kind, was.Site = o.Name, o.Kind, o.Site
			changes = append(changes, UpdateOrg{was})
			b.results[i].Did = Changed
		}
	}
	if len(changes) == 0 {
		return nil
	}
	changes = append(changes, general(EventOrgsImported, now, Event{By: who.By(), Orgs: len(changes)}))
	return again(s.cfg.Store.Apply(ctx, changes...))
}

// again makes a refused insert of what is there now one that is looked at
// again, because it was not there a moment ago.
func again(err error) error {
	if errors.Is(err, storage.ErrExists) {
		return storage.ErrConflict
	}
	return err
}
