// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"context"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Config is what a forum needs. Only Store is required.
type Config struct {
	Store  Store
	Auth   auth.Authorizer // default: deny everything
	Clock  storage.Clock   // default: system time
	Limit  auth.Limiter    // rates of posting; default: none
	People auth.People     // who is meant by an @name; default: nobody

	// Promise says the widest that a topic may be promised to now, whatever its
	// board says; AreaMembers is the least. Topics keep what they were promised.
	// Default: as the board says.
	Promise func(context.Context) (auth.Audience, error)

	// Hold says whether what the actor is about to Start or Say waits for a
	// moderator. It is also asked when they would Edit what they wrote, which
	// is refused then ([ErrHeld]): what was let through stays as it was seen.
	// Default: nothing waits.
	Hold func(ctx context.Context, who auth.Actor, at auth.Scope, do auth.Action) (bool, error)

	EditWindow time.Duration // how long authors may edit; default: for ever, negative: not at all
	Grace      time.Duration // an author's edits make no revision for so long after posting; default: 5 minutes, negative: none
	MaxTitle   int           // in runes; default and most: MaxTitle
	MaxBody    int           // in runes; default and most: MaxBody
	KeepKeys   bool          // idempotency keys are never forgotten: for imports
}

// Service holds the rules of the forum. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns a forum. It panics if cfg.Store is nil or a limit is beyond what
// the forum keeps.
func New(cfg Config) *Service {
	if cfg.Store == nil {
		panic("forum: nil Store")
	}
	if cfg.MaxTitle > MaxTitle || cfg.MaxBody > MaxBody {
		panic("forum: limit beyond MaxTitle or MaxBody")
	}
	if cfg.Auth == nil {
		cfg.Auth = auth.DenyAll{}
	}
	if cfg.Grace == 0 {
		cfg.Grace = 5 * time.Minute
	}
	if cfg.MaxTitle <= 0 {
		cfg.MaxTitle = MaxTitle
	}
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = MaxBody
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

// event makes the event of a change to an object in a scope.
func (s *Service) event(name string, at time.Time, in auth.Scope, payload Event) storage.Event {
	return auth.NewEvent(name, at, in.Area, in.Audience, payload)
}
