// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"context"
	"errors"
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

	EditWindow time.Duration // how long authors may edit; default: for ever
	Grace      time.Duration // an author's edits make no revision for so long after posting; default: 5 minutes, negative: none
	MaxTitle   int           // in runes; default and most: MaxTitle
	MaxBody    int           // in runes; default and most: MaxBody
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

// tries bounds how often a decision is taken again because what it rested on
// moved meanwhile.
const tries = 8

// decide runs fn, which looks, authorizes and writes what it decided with one
// Apply, again for as long as somebody changed what it had looked at.
func (s *Service) decide(ctx context.Context, fn func() error) error {
	var err error
	for range tries {
		if err = fn(); !errors.Is(err, storage.ErrConflict) {
			return err
		}
		var shown *storage.Conflict
		if errors.As(err, &shown) || ctx.Err() != nil {
			return err // for a person to resolve
		}
	}
	return err
}
