// SPDX-License-Identifier: BSD-3-Clause

// Package session remembers who has signed in: sessions of browsers, and
// tokens of programs. Both are secrets of 256 random bits of which only a hash
// is kept, and both are asked anew at every call whether their owner may still
// act. A session's has 128 more that stay the same while the others are
// replaced: by them it is found, so that whoever shows any secret of before is
// known to have a stolen one.
//
// This file has the words; the rules are in service.go.
package session

import (
	"context"
	"errors"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Identifiers of what is kept here. They open nothing.
type (
	ID      = storage.ID[Session]
	TokenID = storage.ID[Token]
)

// A Hash is the SHA-256 of a secret.
type Hash [32]byte

// A Session is one browser that somebody has signed in with.
type Session struct {
	ID       ID          `json:"id"`
	User     auth.UserID `json:"user"`
	Selector Hash        `json:"-"`      // of the part of its secrets that stays
	Hash     Hash        `json:"-"`      // of the part that is replaced
	Before   Hash        `json:"-"`      // of the same before, good until Config.Grace after Turned
	Turned   time.Time   `json:"turned"` // when the secret was last replaced
	Proved   time.Time   `json:"proved"` // when its owner last showed who they are: by Start or Raise
	Level    auth.Level  `json:"level"`
	Label    string      `json:"label"` // what its owner knows it by: "Firefox, Linux"; at most MaxLabel runes
	Made     time.Time   `json:"made"`
	Seen     time.Time   `json:"seen"`    // last used, to the minute
	Ends     time.Time   `json:"ends"`    // whatever happens
	Version  int         `json:"version"` // 1, and one more with every update
}

// Still is what must hold when somebody who is signed in by this session changes
// what they sign in with, or is given a token: that it has not ended.
func (v Session) Still() []storage.Change { return []storage.Change{HoldSession{v.ID}} }

// A Token lets a program act for a person, within its Scopes.
type Token struct {
	ID     TokenID       `json:"id"`
	User   auth.UserID   `json:"user"`
	Hash   Hash          `json:"-"`
	Name   string        `json:"name"`   // given by its owner; at most MaxLabel runes
	Scopes []auth.Action `json:"scopes"` // what it may do at most; never empty
	Made   time.Time     `json:"made"`
	Used   time.Time     `json:"used,omitzero"` // to the hour; zero: never
	Ends   time.Time     `json:"ends"`
}

// ErrSession is the one answer to a secret that never was, is over, was
// revoked or cut, and to one whose owner may no longer act.
var ErrSession = errors.New("not signed in")

// Limits.
const (
	MaxLabel  = 100 // runes
	MaxHeld   = 50  // sessions a person; the one unused for longest gives way
	MaxTokens = 20  // a person
	MaxScopes = 100 // a token
)

// Store is what sessions are kept in. Package storage says what Atomic, Apply
// and the errors promise; package storetest checks it.
type Store interface {
	Atomic(ctx context.Context, fn func(ctx context.Context, tx Store) error) error

	storage.Writer

	Session(ctx context.Context, selector Hash) (Session, error)
	Sessions(ctx context.Context, user auth.UserID) ([]Session, error) // last used first
	Token(ctx context.Context, h Hash) (Token, error)
	Tokens(ctx context.Context, user auth.UserID) ([]Token, error) // newest first
}

// What becomes of the rows, for [Store.Apply].
type (
	InsertSession struct{ Session Session } // ErrExists if the ID or the Selector is there
	// UpdateSession replaces Hash, Before, Turned, Proved, Level and Seen, if the session
	// is still at the Version that the new value carries (ErrConflict), and
	// moves it to the next; ErrNotFound if it has ended.
	UpdateSession struct{ Session Session }
	// HoldSession changes nothing. It is ErrNotFound if the session has ended, and
	// keeps it from ending until the Apply it rides in is over.
	HoldSession struct{ ID ID }
	EndSession  struct{ ID ID } // ErrNotFound if it is not there
	// EndSessions ends all of a person's but one; none is no error.
	EndSessions struct {
		User auth.UserID
		But  ID // zero: all
	}

	// TrimSessions ends those of a person that were unused for longest, beyond
	// Most; none is no error.
	TrimSessions struct {
		User auth.UserID
		Most int
	}

	InsertToken struct{ Token Token } // ErrExists if the ID or the Hash is there
	UseToken    struct {              // sets Used, which never goes back; ErrNotFound if it is not there
		ID TokenID
		At time.Time
	}
	EndToken  struct{ ID TokenID }       // ErrNotFound if it is not there
	EndTokens struct{ User auth.UserID } // all of a person's; none is no error

	// Forget drops sessions and tokens that were over before an instant, and
	// sessions not seen since Idle.
	Forget struct{ Before, Idle time.Time }
)

func (InsertSession) Change() string { return "session.InsertSession" }
func (UpdateSession) Change() string { return "session.UpdateSession" }
func (HoldSession) Change() string   { return "session.HoldSession" }
func (EndSession) Change() string    { return "session.EndSession" }
func (EndSessions) Change() string   { return "session.EndSessions" }
func (TrimSessions) Change() string  { return "session.TrimSessions" }
func (InsertToken) Change() string   { return "session.InsertToken" }
func (UseToken) Change() string      { return "session.UseToken" }
func (EndToken) Change() string      { return "session.EndToken" }
func (EndTokens) Change() string     { return "session.EndTokens" }
func (Forget) Change() string        { return "session.Forget" }
