// SPDX-License-Identifier: BSD-3-Clause

package session

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// tries bounds how often a decision is taken again because what it rested on
// moved meanwhile.
const tries = 8

// NewSession says who has just signed in, and how.
type NewSession struct {
	User  auth.UserID
	Level auth.Level

	// Label is what its owner will know the session by, "Firefox, Linux". What
	// cannot be shown of it is left out, and so is what is beyond MaxLabel.
	Label string

	// Still is what must hold when the session is written, or it is ErrSession:
	// account.Entry.Still, that nothing was changed since they showed who they
	// are. A password that is changed meanwhile would not end this session.
	Still []storage.Change

	// Replaces is the secret that the browser came with, if any: it is good for
	// nothing from now on, whoever's it was.
	Replaces string
}

// Start starts a session and returns its secret, for a cookie that no script
// reads and no other site sends (__Host-, Secure, HttpOnly, SameSite=Lax).
//
// Beyond MaxHeld sessions of a person, those unused for longest end; while
// many are started at once there may be a few more until the next one.
func (s *Service) Start(ctx context.Context, in NewSession) (secret string, _ Session, err error) {
	const op = "session.Start"
	if in.User.IsZero() {
		return "", Session{}, refuse(op, &storage.Invalid{Field: "user", Code: storage.CodeMissing})
	}
	if err := s.mayAct(ctx, in.User); err != nil {
		return "", Session{}, refuse(op, err)
	}
	still, err := s.still(in.Still)
	if err != nil {
		return "", Session{}, refuse(op, err)
	}
	now, c := s.cfg.Clock.Now(), newCookie()
	v := Session{
		ID: storage.NewID[Session](), User: in.User, Selector: c.found(), Hash: c.known(), Turned: now, Proved: now, Level: in.Level, Label: label(in.Label),
		Made: now, Seen: now, Ends: now.Add(s.cfg.Absolute), Version: 1,
	}
	for range tries { // as long as what it replaces ends meanwhile
		var changes []storage.Change
		if changes, err = s.replaced(ctx, in.Replaces); err != nil {
			break
		}
		changes = append(slices.Clone(still), changes...)
		err = lapsed(s.cfg.Store.Apply(ctx, append(changes, InsertSession{v}, TrimSessions{in.User, MaxHeld})...), still)
		if !errors.Is(err, storage.ErrNotFound) {
			break
		}
	}
	if err != nil {
		return "", Session{}, refuse(op, err)
	}
	return c.String(), v.shown(), nil
}

// replaced returns what ends the session that a secret is of, if there is one.
func (s *Service) replaced(ctx context.Context, secret string) ([]storage.Change, error) {
	c, err := parse(secret)
	if err != nil {
		return nil, nil
	}
	old, err := s.cfg.Store.Session(ctx, c.found())
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return []storage.Change{EndSession{old.ID}}, nil
}

// Check returns the session that a secret is of. It is [ErrSession] for a
// secret that is not good, whatever the reason, and for one whose owner may no
// longer act. A host asks at every request, and lets the actor
//
//	auth.Actor{User: session.User, Level: session.Level}
//
// make it. If fresh is not empty, the secret has been replaced by it, and the
// host has to tell the browser in its answer.
//
// Whoever shows a secret that was replaced more than Grace ago, however long, or
// the other who holds the new one, has stolen it: the session ends for both.
//
// That a use cannot be written down is no reason to refuse it.
func (s *Service) Check(ctx context.Context, secret string) (_ Session, fresh string, err error) {
	const op = "session.Check"
	var v Session
	for range tries {
		var c cookie
		if v, c, err = s.find(ctx, secret); err != nil {
			return Session{}, "", refuse(op, err)
		}
		now, next := s.cfg.Clock.Now(), v
		fresh = ""
		switch {
		case same(v.Hash, c.known()) && !now.Before(v.Turned.Add(s.cfg.Turn)):
			c = c.turned()
			next.Before, next.Turned, next.Seen = v.Hash, now, now
			fresh, next.Hash = c.String(), c.known()
		case !now.Before(v.Seen.Add(seenEvery)):
			next.Seen = now
		default:
			return v.shown(), "", nil
		}
		err = s.cfg.Store.Apply(ctx, UpdateSession{next})
		switch {
		case err == nil:
			next.Version++
			return next.shown(), fresh, nil
		case errors.Is(err, storage.ErrNotFound): // ended meanwhile
			return Session{}, "", refuse(op, ErrSession)
		case errors.Is(err, storage.ErrUnknown): // who is not told of a new secret would be taken for a thief
			if is, err := s.cfg.Store.Session(ctx, v.Selector); err == nil && is.Hash == next.Hash {
				return is.shown(), fresh, nil
			}
			return v.shown(), "", nil
		case !errors.Is(err, storage.ErrConflict): // another tab was here: as it left it
			return v.shown(), "", nil
		}
	}
	return v.shown(), "", nil
}

// find returns the session that a secret opens now, to somebody who may act.
//
// Nobody who never had a secret of it knows the part that stays. So a wrong
// other part is one of before, and whoever shows it has it from somewhere: only
// who comes within Grace of a turn may just not have heard of it. After a Raise
// nobody is let in so, but neither is the session ended.
func (s *Service) find(ctx context.Context, secret string) (Session, cookie, error) {
	c, err := parse(secret)
	if err != nil {
		return Session{}, c, err
	}
	v, err := s.cfg.Store.Session(ctx, c.found())
	if errors.Is(err, storage.ErrNotFound) {
		err = ErrSession
	}
	if err != nil {
		return Session{}, c, err
	}
	now, h := s.cfg.Clock.Now(), c.known()
	switch late := now.Before(v.Turned.Add(s.cfg.Grace)); {
	case s.over(v, now):
		return Session{}, c, ErrSession
	case same(v.Hash, h), late && same(v.Before, h) && !v.raised():
		return v, c, s.mayAct(ctx, v.User)
	case late && v.raised():
		return Session{}, c, ErrSession
	}
	if err := s.cfg.Store.Apply(ctx, EndSession{v.ID}); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return Session{}, c, err
	}
	return Session{}, c, ErrSession
}

func same(a, b Hash) bool { return subtle.ConstantTimeCompare(a[:], b[:]) == 1 }

// raised reports whether the secret was last replaced by Raise: the one before
// opens nothing.
func (v Session) raised() bool { return v.Before != Hash{} && v.Turned.Equal(v.Proved) }

func (s *Service) over(v Session, now time.Time) bool {
	return !now.Before(v.Ends) || !now.Before(v.Seen.Add(s.cfg.Idle))
}

// shown is a session without what its secrets are recognised by.
func (v Session) shown() Session {
	v.Selector, v.Hash, v.Before = Hash{}, Hash{}, Hash{}
	return v
}

// Raise replaces a session's secret because its owner has shown to be who they
// are at some level, or may do more than before for another reason. The old
// secret is good for nothing at once. The level never falls: to sign in less
// surely is to start another session.
func (s *Service) Raise(ctx context.Context, secret string, level auth.Level) (fresh string, _ Session, err error) {
	const op = "session.Raise"
	for range tries {
		var v Session
		var c cookie
		if v, c, err = s.find(ctx, secret); err != nil {
			return "", Session{}, refuse(op, err)
		}
		c = c.turned()
		v.Before, v.Turned = v.Hash, s.cfg.Clock.Now()
		v.Seen, v.Proved, v.Level = v.Turned, v.Turned, max(v.Level, level)
		fresh, v.Hash = c.String(), c.known()
		err = s.cfg.Store.Apply(ctx, UpdateSession{v})
		switch {
		case err == nil:
			v.Version++
			return fresh, v.shown(), nil
		case errors.Is(err, storage.ErrNotFound):
			return "", Session{}, refuse(op, ErrSession)
		case !errors.Is(err, storage.ErrConflict):
			return "", Session{}, refuse(op, err)
		}
	}
	return "", Session{}, refuse(op, err)
}

// List returns the actor's sessions that are not over, last used first.
func (s *Service) List(ctx context.Context, who auth.Actor) ([]Session, error) {
	const op = "session.List"
	if err := signedIn(who); err != nil {
		return nil, refuse(op, err)
	}
	all, err := s.cfg.Store.Sessions(ctx, who.User)
	if err != nil {
		return nil, refuse(op, err)
	}
	now := s.cfg.Clock.Now()
	all = slices.DeleteFunc(all, func(v Session) bool { return s.over(v, now) })
	return shown(all, Session.shown), nil
}

// End ends one of the actor's sessions: the present one to sign out, or
// another. Somebody else's is ErrNotFound like one that never was.
func (s *Service) End(ctx context.Context, who auth.Actor, id ID) error {
	const op = "session.End"
	if err := signedIn(who); err != nil {
		return refuse(op, err)
	}
	all, err := s.cfg.Store.Sessions(ctx, who.User)
	if err == nil && !slices.ContainsFunc(all, func(v Session) bool { return v.ID == id }) {
		err = storage.ErrNotFound
	}
	if err == nil {
		err = s.cfg.Store.Apply(ctx, EndSession{id})
	}
	return refuse(op, err)
}

// EndOthers ends all of the actor's sessions but one, usually the present one.
func (s *Service) EndOthers(ctx context.Context, who auth.Actor, but ID) error {
	const op = "session.EndOthers"
	if err := signedIn(who); err != nil {
		return refuse(op, err)
	}
	return refuse(op, s.cfg.Store.Apply(ctx, EndSessions{who.User, but}))
}

// label returns what can be shown of a text in one line.
func label(text string) string {
	text = text[:min(len(text), 4*MaxLabel)] // as many bytes as so many runes may have
	text = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsGraphic(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	runes := []rune(text)
	text = strings.TrimSpace(string(runes[:min(len(runes), MaxLabel)]))
	if _, err := storage.Line("label", text, MaxLabel); err != nil {
		return "" // of blanks that nothing draws
	}
	return text
}
