// SPDX-License-Identifier: BSD-3-Clause

// Package community is the whole: it joins the tools over one Store, answers
// their questions about who may do what, and delivers their events.
package community

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// Store is everything that a community keeps. Adapters: storage/memory and
// storage/sqlstore.
type Store interface {
	// Atomic runs fn as one unit of work across all tools.
	Atomic(ctx context.Context, fn func(ctx context.Context, tx Store) error) error

	storage.Writer

	Forum() forum.Store
	QA() qa.Store
	Wiki() wiki.Store
	Accounts() account.Store
	Sessions() session.Store
	Membership() membership.Store

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

// Config is what a community needs. Only Store is required. Of the parts, what
// stands above them is filled in: Store, Auth, Clock, Limit, People, Plan, and
// what ends with a person's sessions. A host without accounts that has people
// sign in with Sessions gives Session.MayAct: by default nobody may.
type Config struct {
	Store  Store
	Clock  storage.Clock              // default: system time
	Plan   membership.Plan            // the phases, such as [CoPIS]; default: none
	Rights Rights                     // what roles may do; default: DefaultRights
	Levels map[auth.Action]auth.Level // how surely somebody must be known; default: however
	Rates  Rates                      // how often; default: as often as they like

	// Hold says what waits for a moderator before it is shown, by who writes,
	// where and what; it is asked of what forum and qa ask, see [forum.Config]
	// and [qa.Config]. Default: nothing.
	Hold func(Standing, auth.Scope, auth.Action) bool

	Auth     auth.Authorizer // default: a [Policy] over Standing
	Standing Standings       // who is what; default: the members
	Limit    auth.Limiter    // default: by Rates
	People   auth.People     // default: the accounts by their usernames, if there are any

	Account    account.Config // there are no accounts without its Passwords
	Session    session.Config
	Membership membership.Config
	Forum      forum.Config
	QA         qa.Config
	Wiki       wiki.Config

	Handlers []Handler // of events, delivered by Work and Tick

	only []auth.Action // see Only; nil: all
	pace *pace         // of Rates, the same on every store
	tidy *atomic.Int64 // when Tick forgets again, in Unix seconds; likewise
}

// Community is the assembled library. It is safe for concurrent use.
type Community struct {
	Auth       auth.Authorizer
	Accounts   *account.Service // nil for a host with users of its own
	Sessions   *session.Service
	Membership *membership.Service
	Forum      *forum.Service
	QA         *qa.Service
	Wiki       *wiki.Service

	cfg       Config // as it was given
	mailboxes func(context.Context, auth.UserID) ([][16]byte, error)
	hold      func(context.Context, auth.Actor, auth.Scope, auth.Action) (bool, error) // of Config.Hold; nil: nothing waits
}

// New assembles a community over cfg.Store. It panics if cfg.Store is nil.
func New(cfg Config) *Community {
	if cfg.Store == nil {
		panic("community: nil Store")
	}
	if cfg.Rights == nil {
		cfg.Rights = DefaultRights()
	}
	if cfg.Plan == nil {
		cfg.Plan = cfg.Membership.Plan // what gates admission gates all else
	}
	if cfg.pace == nil && cfg.Limit == nil && len(cfg.Rates) > 0 {
		cfg.pace = newPace(cfg.Rates)
	}
	if cfg.tidy == nil {
		cfg.tidy = new(atomic.Int64)
	}
	c := &Community{cfg: cfg} // before anything of this store is filled in
	members := &members{}
	if cfg.Standing == nil {
		cfg.Standing = members
	}
	if cfg.Auth == nil {
		cfg.Auth = Policy{Standings: cfg.Standing, Rights: cfg.Rights, Plan: cfg.Plan, Levels: cfg.Levels, Clock: cfg.Clock}
	}
	if cfg.Limit == nil && cfg.pace != nil {
		cfg.Limit = limits{cfg.pace, cfg.Clock, cfg.Standing}
	}
	if cfg.only != nil {
		cfg.Auth = auth.Only(cfg.Auth, cfg.only...)
	}
	c.Auth = cfg.Auth

	if a := cfg.Account; a.Passwords != nil {
		a.Store, a.Auth, a.Clock, a.Ends = cfg.Store.Accounts(), cfg.Auth, cfg.Clock, session.Ends
		if a.Guard == nil { // a coordinator who cannot act is none
			a.Guard = func(ctx context.Context, who auth.Actor, user auth.UserID) ([]storage.Change, error) {
				return c.Membership.StandDown(ctx, who, user)
			}
		}
		c.Accounts = account.New(a)
		if cfg.People == nil {
			cfg.People = c.Accounts
		}
		if cfg.Session.MayAct == nil {
			cfg.Session.MayAct = c.Accounts.MayAct
		}
		if cfg.Membership.MayAct == nil {
			cfg.Membership.MayAct = cfg.Session.MayAct
		}
		if cfg.Membership.Mailboxes == nil {
			cfg.Membership.Mailboxes = c.Accounts.Mailboxes
		}
	}
	s := cfg.Session
	s.Store, s.Clock, s.NeedStill = cfg.Store.Sessions(), cfg.Clock, s.NeedStill || c.Accounts != nil
	if s.MayAct == nil { // the host has users of its own, and has not said who may act
		s.MayAct = func(context.Context, auth.UserID) error {
			return &auth.Denied{Action: account.ActAct, Reason: auth.ReasonSignIn}
		}
	}
	c.Sessions = session.New(s)

	m := cfg.Membership
	m.Store, m.Auth, m.Clock, m.Limit, m.Ends = cfg.Store.Membership(), cfg.Auth, cfg.Clock, cfg.Limit, session.Ends
	m.Plan = cfg.Plan
	c.Membership = membership.New(m)
	members.of, c.mailboxes = c.Membership, m.Mailboxes

	promise, hold := c.promising(), cfg.holding()
	c.hold = hold
	f := cfg.Forum
	if f.Promise == nil {
		f.Promise = promise
	}
	if f.Hold == nil {
		f.Hold = hold
	}
	f.Store, f.Auth, f.Clock, f.Limit, f.People = cfg.Store.Forum(), cfg.Auth, cfg.Clock, cfg.Limit, cfg.People
	c.Forum = forum.New(f)

	q := cfg.QA
	if q.Promise == nil {
		q.Promise = promise
	}
	if q.Hold == nil {
		q.Hold = hold
	}
	q.Store, q.Auth, q.Clock, q.Limit, q.People = cfg.Store.QA(), cfg.Auth, cfg.Clock, cfg.Limit, cfg.People
	c.QA = qa.New(q)

	w := cfg.Wiki
	if w.Promise == nil {
		w.Promise = promise
	}
	if w.Hold == nil {
		w.Hold = hold
	}
	if w.Templates == nil {
		w.Templates = Templates()
	}
	w.Store, w.Auth, w.Clock, w.Limit, w.People = cfg.Store.Wiki(), cfg.Auth, cfg.Clock, cfg.Limit, cfg.People
	c.Wiki = wiki.New(w)
	return c
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

// Only returns the same community for whoever may do no more than these
// actions, whatever else they may: the bearer of a token, by its scopes. What
// people do for themselves alone (their profile, their account) asks for no
// action and is not narrowed: do not offer it to tokens.
func (c *Community) Only(actions ...auth.Action) *Community {
	cfg := c.cfg
	cfg.only = append([]auth.Action{}, actions...)
	if c.cfg.only != nil {
		cfg.only = slices.DeleteFunc(cfg.only, func(do auth.Action) bool { return !slices.Contains(c.cfg.only, do) })
	}
	return New(cfg)
}

// Atomic runs fn on the same community in one unit of work.
func (c *Community) Atomic(ctx context.Context, fn func(ctx context.Context, c *Community) error) error {
	return c.cfg.Store.Atomic(ctx, func(ctx context.Context, tx Store) error { return fn(ctx, c.On(tx)) })
}
