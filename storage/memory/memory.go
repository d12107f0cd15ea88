// SPDX-License-Identifier: BSD-3-Clause

// Package memory keeps a community in memory, for tests, demos and small
// hosts. It keeps every promise of package storage except durability.
//
// All data hangs from one immutable value, the state. A unit of work copies it
// (a few words), changes its copy, and swaps it in when it ends well. Readers
// never wait; writers wait for each other.
package memory

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// state is one moment of the whole store. Once shared it is never changed.
type state struct {
	forumState
	qaState
	wikiState
	accountState
	sessionState
	membershipState
	eventState

	era  era // of whoever may change this state's nodes in place
	last era // no node is younger
}

// begin starts a new era: what stands now will not be changed in place.
func (st *state) begin() {
	st.last++
	st.era = st.last
}

type db struct {
	now  atomic.Pointer[state]
	turn chan struct{} // holds one token; whoever takes it may write
}

// work is what a unit of work has made of the state so far. The mutex lets
// goroutines share a unit.
type work struct {
	mu   sync.Mutex
	st   *state
	open []*unit // the unit and the savepoints that are open, each in the one before it
}

// unit is a unit of work in progress, or a savepoint in one.
type unit struct {
	*work
	level int // its place among those that are open
}

// usable says whether a unit may be used now. The mutex is held.
func (u *unit) usable() error {
	switch {
	case u.level >= len(u.open) || u.open[u.level] != u:
		return storage.ErrTxDone
	case u.level < len(u.open)-1:
		return storage.ErrNested
	}
	return nil
}

// Store is a [community.Store] in memory, safe for concurrent use. Use [New].
type Store struct {
	db   *db
	unit *unit // nil outside Atomic
}

var _ community.Store = Store{}

// New returns an empty store.
func New() Store {
	d := &db{turn: make(chan struct{}, 1)}
	d.turn <- struct{}{}
	d.now.Store(&state{})
	return Store{db: d}
}

// Forum returns the part of the store that a forum uses.
func (s Store) Forum() forum.Store { return &forumStore{s} }

// QA returns the part of the store that questions use.
func (s Store) QA() qa.Store { return qaStore{s} }

// Wiki returns the part of the store that pages use.
func (s Store) Wiki() wiki.Store { return wikiStore{s} }

// Accounts returns the part of the store that accounts use.
func (s Store) Accounts() account.Store { return accountStore{s} }

// Sessions returns the part of the store that sessions use.
func (s Store) Sessions() session.Store { return sessionStore{s} }

// Membership returns the part of the store that membership uses.
func (s Store) Membership() membership.Store { return membershipStore{s} }

// Atomic implements [community.Store].
func (s Store) Atomic(ctx context.Context, fn func(context.Context, community.Store) error) error {
	return s.atomic(ctx, func(ctx context.Context, tx Store) error { return fn(ctx, tx) })
}

type inside struct{ *db } // marks a context as inside a unit of work of the db

func (s Store) atomic(ctx context.Context, fn func(context.Context, Store) error) error {
	if s.unit != nil {
		return s.savepoint(ctx, fn)
	}
	if err := s.take(ctx); err != nil {
		return failed("storage.Atomic", err)
	}
	defer s.release()
	u := &unit{work: &work{st: s.next()}}
	u.open = []*unit{u}
	return s.run(context.WithValue(ctx, inside{s.db}, true), u, fn, func(ok bool) {
		if ok {
			s.db.now.Store(u.st)
		}
		u.st = nil // whoever keeps the unit keeps nothing alive
	})
}

func (s Store) savepoint(ctx context.Context, fn func(context.Context, Store) error) error {
	st, err := s.enter(ctx)
	if err != nil {
		return failed("storage.Atomic", err)
	}
	saved := *st
	st.begin()
	u := &unit{s.unit.work, len(s.unit.open)}
	u.open = append(u.open, u)
	s.leave()
	return s.run(ctx, u, fn, func(ok bool) { u.st.end(saved, ok) })
}

// run runs fn in a unit that has begun. end makes what it did stay, or not.
func (s Store) run(ctx context.Context, u *unit, fn func(context.Context, Store) error, end func(ok bool)) (err error) {
	ok := false
	defer func() { // also when fn panics
		u.mu.Lock()
		defer u.mu.Unlock()
		now := u.usable() // unless a goroutine of fn's has a savepoint open, or outlives what it is in
		if ok && now != nil {
			err = failed("storage.Atomic", now)
		}
		if now != storage.ErrTxDone {
			u.open = u.open[:u.level]
			end(ok && now == nil)
		}
	}()
	if err := fn(ctx, Store{s.db, u}); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return failed("storage.Atomic", err)
	}
	ok = true
	return nil
}

// end ends an era begun after saved was copied: what it did stays, and may be
// changed in place by the one before it, or all is as it was.
func (st *state) end(saved state, ok bool) {
	if ok {
		st.era = saved.era
	} else {
		*st = saved
	}
}

// take waits for the turn to write.
func (s Store) take(ctx context.Context) error {
	if ctx.Value(inside{s.db}) != nil {
		return storage.ErrNested
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.db.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s Store) release() { s.db.turn <- struct{}{} }

// next returns a copy of the state to write to.
func (s Store) next() *state {
	st := *s.db.now.Load()
	st.begin()
	return &st
}

// enter returns the state to read from, for as long as the caller does not
// leave.
func (s Store) enter(ctx context.Context) (*state, error) {
	err := ctx.Err()
	if s.unit == nil {
		if err == nil && ctx.Value(inside{s.db}) != nil {
			err = storage.ErrNested
		}
		return s.db.now.Load(), err
	}
	s.unit.mu.Lock()
	if err == nil {
		err = s.unit.usable()
	}
	if err != nil {
		s.unit.mu.Unlock()
		return nil, err
	}
	return s.unit.st, nil
}

func (s Store) leave() {
	if s.unit != nil {
		s.unit.mu.Unlock()
	}
}

// write runs fn on a state that may be written, all or nothing.
func (s Store) write(ctx context.Context, op string, fn func(*state) error) error {
	if s.unit != nil {
		st, err := s.enter(ctx)
		if err != nil {
			return failed(op, err)
		}
		saved, ok := *st, false
		st.begin()
		defer func() {
			st.end(saved, ok)
			s.leave()
		}()
		err = fn(st)
		ok = err == nil
		return err
	}
	if err := s.take(ctx); err != nil {
		return failed(op, err)
	}
	defer s.release()
	st := s.next()
	if err := fn(st); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return failed(op, err)
	}
	s.db.now.Store(st)
	return nil
}

// Apply implements [storage.Writer].
func (s Store) Apply(ctx context.Context, changes ...storage.Change) error {
	return s.write(ctx, "storage.Apply", func(st *state) error { return st.apply(changes) })
}

var errUnknownChange = errors.New("change is unknown to this store")

func (st *state) apply(changes []storage.Change) error {
	for _, c := range changes {
		if c == nil {
			return failed("storage.Apply", errUnknownChange)
		}
		if err := checkTexts(c); err != nil {
			return failed(c.Change(), err)
		}
		known, err := false, error(nil)
		for _, tool := range tools {
			if known, err = tool(st, c); known {
				break
			}
		}
		if !known {
			err = errUnknownChange
		}
		if err != nil {
			return failed(c.Change(), err)
		}
	}
	return nil
}

// tools make a change, if it is one of theirs.
var tools = [...]func(*state, storage.Change) (known bool, err error){
	(*state).applyForum, (*state).applyQA, (*state).applyWiki, (*state).applyAccount, (*state).applySession, (*state).applyMembership, (*state).applyEvents,
}

// Done implements [storage.Writer].
func (s Store) Done(ctx context.Context, owner uuid.UUID, key string) (uuid.UUID, error) {
	return read(ctx, s, "storage.Done", func(st *state) (uuid.UUID, error) {
		o, err := row(st.onces, named{words(owner), key})
		return o.Object, err
	})
}

// Claim implements [community.Store].
func (s Store) Claim(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]community.Delivery, error) {
	var out []community.Delivery
	err := s.write(ctx, "community.Claim", func(st *state) error {
		out = st.claim(instant(now), lease, limit)
		return nil
	})
	return out, err
}

func failed(op string, err error) error { return &storage.Error{Op: op, Err: err} }
