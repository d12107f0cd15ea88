// SPDX-License-Identifier: BSD-3-Clause

package wiki

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Config is what a wiki needs. Only Store is required.
type Config struct {
	Store  Store
	Auth   auth.Authorizer // default: deny everything
	Clock  storage.Clock   // default: system time
	Limit  auth.Limiter    // rates of writing; default: none
	People auth.People     // who is meant by an @name; default: nobody

	// Promise says the widest that a page may be promised to now; AreaMembers
	// is the least. Pages keep what they were promised. Default: to everybody.
	Promise func(context.Context) (auth.Audience, error)

	// Hold says whether what the actor is about to Write or Amend waits for a
	// review, as if the page asked for one. Whoever may Publish waits for
	// nobody. Default: nothing waits.
	Hold func(ctx context.Context, who auth.Actor, at auth.Scope, do auth.Action) (bool, error)

	// Themes says which of these are no themes that a page may be given.
	// Default: every one is.
	Themes func(ctx context.Context, themes []ThemeID) (unknown []ThemeID, err error)

	// Links returns the titles that a text links to, as written, in order and
	// with what is written twice; package wiki/markdown knows them by
	// [[double brackets]]. Default: none.
	Links func(text string) []string

	Blobs     Blobs      // of attachments; default: none may be attached
	Templates []Template // that pages may begin from; default: none

	CheckEvery time.Duration // when a page is to be checked next, after it was confirmed; default: 365 days
	DraftTime  time.Duration // how long keeping a refused text may take where the caller's time is over; default: 5 seconds
	MaxTitle   int           // in runes; default and most: MaxTitle
	MaxBody    int           // in runes; default and most: MaxBody
	MaxFile    int64         // in bytes; default and most: MaxFile
	KeepKeys   bool          // idempotency keys are never forgotten: for imports
	Verbatim   bool          // texts are kept byte for byte as they are given, valid UTF-8 without NUL, @names and all: for imports
}

// Service holds the rules of pages. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns the service. It panics if cfg.Store is nil, a limit is beyond
// what is kept, or two templates have one key.
func New(cfg Config) *Service {
	if cfg.Store == nil {
		panic("wiki: nil Store")
	}
	if cfg.MaxTitle > MaxTitle || cfg.MaxBody > MaxBody || cfg.MaxFile > MaxFile {
		panic("wiki: limit beyond MaxTitle, MaxBody or MaxFile")
	}
	if cfg.Auth == nil {
		cfg.Auth = auth.DenyAll{}
	}
	if cfg.Links == nil {
		cfg.Links = func(string) []string { return nil }
	}
	cfg.CheckEvery = cmp.Or(cfg.CheckEvery, 365*24*time.Hour)
	cfg.DraftTime = cmp.Or(cfg.DraftTime, 5*time.Second)
	if cfg.MaxTitle <= 0 {
		cfg.MaxTitle = MaxTitle
	}
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = MaxBody
	}
	if cfg.MaxFile <= 0 {
		cfg.MaxFile = MaxFile
	}
	cfg.Templates = slices.Clone(cfg.Templates)
	for i, t := range cfg.Templates {
		if slices.ContainsFunc(cfg.Templates[:i], func(o Template) bool { return o.Key == t.Key }) {
			panic("wiki: two templates with the key " + t.Key)
		}
	}
	return &Service{cfg}
}

// enter begins a call: who the actor is, is looked up once for all of it, and
// what they may not do wherever it is, is refused before any object is looked
// for.
func (s *Service) enter(ctx context.Context, op, object string, who auth.Actor, do auth.Action) (*Service, error) {
	a, err := auth.Enter(ctx, s.cfg.Auth, who, do)
	if err != nil {
		return nil, storage.Refuse(op, object, err)
	}
	call := *s
	call.cfg.Auth = a
	return &call, nil
}

// event makes the event of a change to a page.
func (s *Service) event(name string, at time.Time, p Page, payload Event) storage.Event {
	payload.Page = p.ID
	return auth.NewEvent(name, at, p.Area, p.Audience, payload)
}

// may says whether the actor may do something to a page.
func (s *Service) may(ctx context.Context, who auth.Actor, do auth.Action, p Page) (bool, error) {
	return auth.Can(ctx, s.cfg.Auth, who, do, p.scope())
}

// both returns where the actor may read and do something more.
func (s *Service) both(ctx context.Context, who auth.Actor, do auth.Action) (auth.Reach, error) {
	read, err := s.cfg.Auth.Reach(ctx, who, Read)
	if err != nil {
		return auth.Reach{}, err
	}
	more, err := s.cfg.Auth.Reach(ctx, who, do)
	return read.And(more), err
}

// most returns the widest that anything may be promised to now.
func (s *Service) most(ctx context.Context) (auth.Audience, error) {
	if s.cfg.Promise == nil {
		return auth.Public, nil
	}
	most, err := s.cfg.Promise(ctx)
	return min(max(most, auth.AreaMembers), auth.Public), err
}

func (p Page) scope() auth.Scope {
	return auth.Scope{Area: p.Area, Audience: p.Audience, Author: p.By.User}
}
