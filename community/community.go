// SPDX-License-Identifier: BSD-3-Clause

// Package community is the whole: it joins the tools over one Store, answers
// their questions about who may do what, and delivers their events.
package community

import (
	"context"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// Store is everything that a community keeps. Adapters: storage/memory and
// storage/sqlstore.
type Store interface {
	// Atomic runs fn as one unit of work across all tools.
	Atomic(ctx context.Context, fn func(ctx context.Context, tx Store) error) error

	storage.Writer

	Forum() forum.Store

	// Claim takes up to limit events that wait to be delivered and are due at
	// now, oldest first, and keeps them from other claims until the lease is
	// over. Two claims at once never give the same event.
	Claim(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Delivery, error)
}

// A Delivery is an event on its way to those who handle it.
type Delivery struct {
	Event storage.Event
	Left  []string // the handlers that have not taken it yet; nil: all
	Tries int      // how often it was claimed, this time included
}

// Settle is a change that ends a claim: with nothing left the event is
// delivered; otherwise it waits until Due for the handlers that are Left.
type Settle struct {
	Event storage.EventID
	Left  []string
	Due   time.Time
}

func (Settle) Change() string { return "community.Settle" }

// Config is what a community needs. Only Store is required.
type Config struct {
	Store    Store
	Auth     auth.Authorizer            // default: a [Policy] over Standing
	Standing Standings                  // who is what; default: everyone is a visitor
	Rights   Rights                     // what roles may do; default: DefaultRights
	Plan     membership.Plan            // the phases, such as [CoPIS]; default: none
	Levels   map[auth.Action]auth.Level // how surely somebody must be known; default: however
	Clock    storage.Clock              // default: system time
	Limit    auth.Limiter               // default: none
	People   auth.People                // default: nobody has a name
	Forum    forum.Config               // its rules; Store, Auth, Clock, Limit and People are filled in from above

	Handlers []Handler // of events, delivered by Work and Tick
}

// Community is the assembled library. It is safe for concurrent use.
type Community struct {
	Forum *forum.Service
	Auth  auth.Authorizer

	cfg Config
}

// New assembles a community over cfg.Store. It panics if cfg.Store is nil.
func New(cfg Config) *Community {
	if cfg.Store == nil {
		panic("community: nil Store")
	}
	if cfg.Auth == nil {
		if cfg.Rights == nil {
			cfg.Rights = DefaultRights()
		}
		cfg.Auth = Policy{Standings: cfg.Standing, Rights: cfg.Rights, Plan: cfg.Plan, Levels: cfg.Levels}
	}
	f := cfg.Forum
	f.Store, f.Auth, f.Clock, f.Limit, f.People = cfg.Store.Forum(), cfg.Auth, cfg.Clock, cfg.Limit, cfg.People
	return &Community{Forum: forum.New(f), Auth: cfg.Auth, cfg: cfg}
}

// On returns the same community working on another store, usually one joined
// to a transaction of the host's:
//
//	tx, _ := db.BeginTx(ctx, nil)
//	c.On(sqlstore.Join(tx, sqlstore.Postgres)).Forum.Reply(ctx, who, reply)
//	tx.Exec(...) // the host's own tables
//	tx.Commit()
func (c *Community) On(s Store) *Community {
	cfg := c.cfg
	cfg.Store = s
	return New(cfg)
}

// Atomic runs fn on the same community in one unit of work.
func (c *Community) Atomic(ctx context.Context, fn func(ctx context.Context, c *Community) error) error {
	return c.cfg.Store.Atomic(ctx, func(ctx context.Context, tx Store) error { return fn(ctx, c.On(tx)) })
}
