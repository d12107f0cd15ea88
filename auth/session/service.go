// SPDX-License-Identifier: BSD-3-Clause

package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Config is what sessions need. Only Store and MayAct are required.
//
// By default, whoever signed in this morning need not do so again today, a
// browser left alone overnight has to, and every browser has to once a week.
// That is within what NIST SP 800-63B-4 asks of its lowest level (AAL1). A host
// that asks for more sets an hour of Idle and a day of Absolute (AAL2).
type Config struct {
	Store Store
	Clock storage.Clock // default: system time

	// MayAct is asked whenever a secret is shown whether its owner may still
	// act: nil or an error that matches [auth.ErrDenied]. Any other error is a
	// failure, and not taken for either. It is account.Service.MayAct where there
	// are accounts.
	MayAct func(ctx context.Context, user auth.UserID) error

	// NeedStill refuses sessions and tokens that are asked for without Still.
	// Package community sets it where there are accounts.
	NeedStill bool

	Idle     time.Duration // a session not used for so long is over; default: 12 hours
	Absolute time.Duration // and every one so long after it was started; default: 7 days
	Turn     time.Duration // how long a secret is good before it is replaced; default: 15 minutes
	Grace    time.Duration // how long the one before is good for tabs that have not heard; default: 1 minute

	Scopes []auth.Action // what tokens may be given; default: nothing, so that there are none
}

// Service holds the rules of sessions and tokens. It is safe for concurrent
// use.
type Service struct{ cfg Config }

// New returns a Service. It panics if cfg.Store or cfg.MayAct is nil, if Grace
// is not shorter than Turn, or if a scope is no name of an action.
func New(cfg Config) *Service {
	if cfg.Store == nil {
		panic("session: nil Store")
	}
	if cfg.MayAct == nil {
		panic("session: nil MayAct: whoever is disabled would stay in")
	}
	for _, d := range []struct {
		have *time.Duration
		want time.Duration
	}{{&cfg.Idle, 12 * time.Hour}, {&cfg.Absolute, 7 * 24 * time.Hour}, {&cfg.Turn, 15 * time.Minute}, {&cfg.Grace, time.Minute}} {
		if *d.have <= 0 {
			*d.have = d.want
		}
	}
	if cfg.Grace >= cfg.Turn {
		panic("session: Grace is not shorter than Turn")
	}
	for _, scope := range cfg.Scopes {
		if scope == "" || strings.ContainsFunc(string(scope), unicode.IsSpace) {
			panic("session: a scope is no name of an action")
		}
	}
	return &Service{cfg}
}

// What is written down of a use, and how often.
const (
	seenEvery = time.Minute
	usedEvery = time.Hour
)

// Ends are the changes that end all sessions and tokens of a person, for the
// Apply of whatever makes them end: a new password, a suspension, an erasure.
func Ends(user auth.UserID) []storage.Change {
	return []storage.Change{EndSessions{User: user}, EndTokens{User: user}}
}

// EndAll ends all sessions and tokens of a person.
func (s *Service) EndAll(ctx context.Context, user auth.UserID) error {
	return refuse("session.EndAll", s.cfg.Store.Apply(ctx, Ends(user)...))
}

// Erase drops all that is kept of a person here. A session that they start at
// the same moment stays until it is over, and opens nothing to whom MayAct
// refuses.
func (s *Service) Erase(ctx context.Context, user auth.UserID) error {
	return refuse("session.Erase", s.cfg.Store.Apply(ctx, Ends(user)...))
}

// Exported is all that is kept of a person here, but for what secrets are
// recognised by.
type Exported struct {
	Sessions []Session `json:"sessions,omitempty"` // last used first
	Tokens   []Token   `json:"tokens,omitempty"`   // newest first
}

// Export returns what is kept of a person, also what is over and not forgotten
// yet.
func (s *Service) Export(ctx context.Context, user auth.UserID) (Exported, error) {
	const op = "session.Export"
	sessions, err := s.cfg.Store.Sessions(ctx, user)
	if err != nil {
		return Exported{}, refuse(op, err)
	}
	tokens, err := s.cfg.Store.Tokens(ctx, user)
	if err != nil {
		return Exported{}, refuse(op, err)
	}
	return Exported{shown(sessions, Session.shown), shown(tokens, Token.shown)}, nil
}

// Forget drops what is over. Nothing that is over opens anything, so it may be
// called as seldom as a host likes.
func (s *Service) Forget(ctx context.Context) error {
	now := s.cfg.Clock.Now()
	return refuse("session.Forget", s.cfg.Store.Apply(ctx, Forget{Before: now, Idle: now.Add(-s.cfg.Idle)}))
}

func refuse(op string, err error) error {
	if err == nil {
		return nil
	}
	for _, one := range []error{ErrSession, storage.ErrNotFound} { // the one answer, byte for byte
		if errors.Is(err, one) {
			err = one
		}
	}
	return &storage.Error{Op: op, Err: err}
}

// mayAct is ErrSession for whoever may no longer act.
func (s *Service) mayAct(ctx context.Context, user auth.UserID) error {
	err := s.cfg.MayAct(ctx, user)
	if errors.Is(err, auth.ErrDenied) {
		return ErrSession
	}
	return err
}

// signedIn is ErrSession for visitors.
func signedIn(who auth.Actor) error {
	if who.User.IsZero() {
		return ErrSession
	}
	return nil
}

// shown returns what may be shown of each.
func shown[T any](all []T, one func(T) T) []T {
	out := make([]T, len(all))
	for i, v := range all {
		out[i] = one(v)
	}
	return out
}

// strict has one text for each secret: no spare bits, no padding.
var strict = base64.RawURLEncoding.Strict()

// random returns so many bytes that nobody guesses.
func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

// bytesOf returns the bytes of a secret, or ErrSession for what is no spelling
// of so many.
func bytesOf(secret string, n int) ([]byte, error) {
	if len(secret) != strict.EncodedLen(n) {
		return nil, ErrSession
	}
	b, err := strict.DecodeString(secret)
	if err != nil || len(b) != n {
		return nil, ErrSession
	}
	return b, nil
}

// newTokenSecret returns the secret of a token and what is kept of it.
func newTokenSecret() (string, Hash) {
	b := random(32)
	return TokenPrefix + strict.EncodeToString(b), sha256.Sum256(b)
}

// tokenHash returns what is kept of the secret of a token. It is found by this
// hash, so what the time of a search tells is of the hash, which opens nothing.
func tokenHash(secret string) (Hash, error) {
	rest, ok := strings.CutPrefix(secret, TokenPrefix)
	if !ok {
		return Hash{}, ErrSession
	}
	b, err := bytesOf(rest, 32)
	return sha256.Sum256(b), err
}

// A cookie is the secret of a session: 16 bytes that stay the same as long as it
// lasts, and 32 that are replaced.
type cookie struct {
	selector [16]byte
	verifier [32]byte
}

func newCookie() cookie { return cookie{selector: [16]byte(random(16))}.turned() }

// turned is the secret that takes a secret's place.
func (c cookie) turned() cookie { return cookie{c.selector, [32]byte(random(32))} }

func (c cookie) String() string {
	return strict.EncodeToString(append(c.selector[:], c.verifier[:]...))
}

// parse reads a secret.
func parse(secret string) (cookie, error) {
	b, err := bytesOf(secret, 48)
	if err != nil {
		return cookie{}, err
	}
	return cookie{[16]byte(b), [32]byte(b[16:])}, nil
}

// found and known are what is kept of a secret: nothing of it stands in a store.
func (c cookie) found() Hash { return sha256.Sum256(c.selector[:]) }
func (c cookie) known() Hash { return sha256.Sum256(c.verifier[:]) }

// still returns what must hold when something is given to somebody.
func (s *Service) still(given []storage.Change) ([]storage.Change, error) {
	if len(given) == 0 && s.cfg.NeedStill {
		return nil, &storage.Invalid{Field: "still", Code: storage.CodeMissing}
	}
	return slices.Clone(given), nil
}

// lapsed turns the refusal of what must hold into ErrSession.
func lapsed(err error, still []storage.Change) error {
	var e *storage.Error
	if errors.As(err, &e) && slices.ContainsFunc(still, func(c storage.Change) bool { return c.Change() == e.Op }) &&
		(errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrConflict)) {
		return ErrSession
	}
	return err
}
