// SPDX-License-Identifier: BSD-3-Clause

// Package wikihistory brings the pages that a community had elsewhere into its
// wiki, with all that became of them.
//
// [Import] reads histories as JSON Lines, one change of a page a line:
//
//	{"page": "cad-003", "rev": 1, "op": "create", "path": "articoli/uno.md",
//	 "text": "…", "author": "…", "date": "2018-03-08T18:14:42+01:00",
//	 "message": "…", "sha256": "…", "revert": true}
//
// The op is create, edit, rename (of which the text may have changed too) or
// delete (which has no text). The changes of a page are in the order of their
// rev, which may have gaps; pages among each other in the order of time,
// wherever the lines stand. A change that is a revert, and whose text the page
// had before, rolls it back to that revision.
//
// What happened there happens here again through the rules that every page
// goes through, at its time. Texts are kept byte for byte, and so they are
// read back in the end. What was once brought in is never brought in again,
// also after its author has been erased: an import that was killed is resumed
// by running it again, and a later history of the same site adds what is new
// in it. Where a page was changed here meanwhile, that is merged as if both had
// been at it at once.
package wikihistory

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// Config says where a history goes. Store and Site are required.
type Config struct {
	Store wiki.Store

	// Site names what the history is of: pages and authors are its own. A
	// title that a page of the area has already gets the site's name behind
	// it, in parentheses.
	Site     string
	Area     auth.AreaID   // default: the commons
	Audience auth.Audience // of the pages; default: members of the community

	// Author says who in the host's directory wrote as author; default:
	// AuthorID. Whoever is not named is nobody.
	Author func(site, author string) auth.UserID

	// Links is that of [wiki.Config].
	Links func(text string) []string

	// Progress is told after every batch how many of the changes are done.
	Progress func(done, total int)
}

// Report is what became of a history.
type Report struct {
	// What is in the community now, and of it what was there before.
	Pages     int `json:"pages"`
	Revisions int `json:"revisions"` // changes of the history: texts, renames, deletions
	Renames   int `json:"renames"`   // of them
	Deletions int `json:"deletions"` // likewise
	Reverts   int `json:"reverts"`   // likewise
	Existing  int `json:"existing"`

	Retitled   int            `json:"retitled"`   // pages that now got a title with the site's name, since another had theirs
	Skipped    map[string]int `json:"skipped"`    // changes that were left out, by reason
	Mismatches int            `json:"mismatches"` // texts that, read back, are not what they were, byte for byte
}

// Add adds what became of another history.
func (r *Report) Add(o Report) {
	for _, n := range []struct {
		to *int
		by int
	}{
		{&r.Pages, o.Pages}, {&r.Revisions, o.Revisions}, {&r.Renames, o.Renames}, {&r.Deletions, o.Deletions}, {&r.Reverts, o.Reverts},
		{&r.Existing, o.Existing}, {&r.Retitled, o.Retitled}, {&r.Mismatches, o.Mismatches},
	} {
		*n.to += n.by
	}
	if r.Skipped == nil {
		r.Skipped = map[string]int{}
	}
	for why, n := range o.Skipped {
		r.Skipped[why] += n
	}
}

// AuthorID returns the identifier under which the words of an author of a site
// are kept: the same for the same author, and not their name, which however
// can be recognised by those who know it. It is zero for nobody at all.
func AuthorID(site, author string) auth.UserID {
	if author == "" {
		return auth.UserID{}
	}
	return storage.MakeID[auth.User](uuid.NewSHA1(space, []byte("author "+site+"\n"+author)))
}

// space is where the package's own identifiers are.
var space = uuid.MustParse("5e0d0c3a-61c7-5d8e-9a43-77696b697273")

// importer is who does what nobody is named for, and reads back.
var importer = auth.Actor{User: storage.MakeID[auth.User](uuid.NewSHA1(space, []byte("importer")))}

// One unit of work brings in a batch of changes: as many as these, and texts of
// no more bytes by far.
const (
	batch      = 100
	batchBytes = 8 << 20
)

// tries bounds how often a batch is written again because another import wrote
// the same meanwhile, or because the answer of a commit was lost.
const tries = 5

// Import brings a history into the wiki. It reads r from its start, twice: once
// for what the changes are, which it keeps, some 200 bytes each, and then each
// text where it has to be written. It panics if cfg.Store is nil.
//
// The title of a page is its path without what follows the last dot of its
// last part: "articoli/uno" for "articoli/uno.md".
//
// What cannot be brought in is in the report and is no error. A history that
// ends in the middle is brought in as far as it goes. With an error the report
// holds what was done until then; running again goes on from there.
func Import(ctx context.Context, cfg Config, r io.ReadSeeker) (Report, error) {
	im := begin(cfg)
	if err := im.history(ctx, r); err != nil {
		return im.report, &storage.Error{Op: "wikihistory.Import", Err: err}
	}
	return im.report, nil
}

// run is one import under way.
type run struct {
	cfg    Config
	at     time.Time // of the change that is being brought in: the clock of the rules
	owner  uuid.UUID // of the keys under which the site's changes are remembered
	pages  map[string]*page
	order  []*page // as they came up
	report Report
}

// page is one of the history, and what it has become.
type page struct {
	id   wiki.PageID // zero: not there yet
	revs []rev
}

// rev is a change that is in the community: the number of the revision it led
// to, and the sum of its text.
type rev struct {
	n    int
	sum  [32]byte
	text bool // it has one
}

func begin(cfg Config) *run {
	if cfg.Store == nil {
		panic("wikihistory: nil Store")
	}
	if cfg.Area.IsZero() {
		cfg.Area = auth.Commons
	}
	if cfg.Audience == 0 {
		cfg.Audience = auth.CommunityMembers
	}
	if cfg.Author == nil {
		cfg.Author = AuthorID
	}
	return &run{
		cfg: cfg, owner: uuid.NewSHA1(space, []byte(cfg.Area.String()+"\n"+cfg.Site)),
		pages: map[string]*page{}, report: Report{Skipped: map[string]int{}},
	}
}

// page returns what is known of a page of the history.
func (im *run) page(name string) *page {
	p := im.pages[name]
	if p == nil {
		p = &page{}
		im.pages[name] = p
		im.order = append(im.order, p)
	}
	return p
}

func (im *run) skip(reason string) { im.report.Skipped[reason]++ }

// finish reads every text back as a member reads it.
func (im *run) finish(ctx context.Context) error {
	s := im.service(im.cfg.Store)
	for _, p := range im.order {
		if len(p.revs) > 0 {
			im.report.Pages++
		}
		for _, r := range p.revs {
			if !r.text {
				continue
			}
			_, text, err := s.Text(ctx, importer, p.id, r.n)
			switch {
			case errors.Is(err, wiki.ErrHidden):
				im.skip("revision that is hidden by now") // or purged
			case errors.Is(err, storage.ErrNotFound) || err == nil && sum(text) != r.sum:
				im.report.Mismatches++
			case err != nil:
				return err
			}
		}
	}
	return nil
}
