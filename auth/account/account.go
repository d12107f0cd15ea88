// SPDX-License-Identifier: BSD-3-Clause

// Package account keeps people for hosts that have none of their own: a
// username and a password, a second factor, identities of elsewhere, and the
// terms they agreed to.
//
// This file has the words: types, errors, limits and the Store. The rules are
// in service.go and, one concept a file, beside it. Who has signed in is then
// remembered by package session.
package account

import (
	"context"
	"errors"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// An Account is what a person signs in with. No field of it but User and Name
// is for anybody else to see.
type Account struct {
	User     auth.UserID
	Name     string    // username as its owner writes it; empty after an erasure
	NamedAt  time.Time // of the last change of Name
	Address  string    // e-mail, as its owner writes it; may be empty
	Mailbox  Mailbox   // the Address in canonical form, once it is verified; zero until then
	Password string    // hash in PHC form; empty: none, signs in by an identity
	Short    bool      // the password is too short to be the only factor
	Disabled bool
	Made     time.Time
	Version  int // 1, and one more with every update
}

// A Handle is a username reduced to what makes it one of a kind: two names that
// look alike have the same. It is a hash, so that a name once used stays taken
// when nothing else of its owner is left.
type Handle [16]byte

// A Mailbox is a hash of an e-mail address in canonical form. No two accounts
// have the same.
type Mailbox [16]byte

// Purpose says what a [Token] is good for, and nothing else.
type Purpose uint8

// The purposes.
const (
	VerifyAddress Purpose = iota + 1 // proves that the Address is its owner's
	ChangeAddress                    // the same of an address that is to replace it
	ResetPassword
	SecondStep // signs in whoever has already shown the password; there may be several
	LinkIdentity
)

// A Token is a secret that was given to one person for one purpose and is good
// once. What is kept of it does not let anybody use it.
type Token struct {
	ID      [16]byte    // the half it is found by
	Hash    [32]byte    // SHA-256 of the other half
	User    auth.UserID // zero for a LinkIdentity of somebody without an account
	Purpose Purpose
	Address string    // what VerifyAddress and ChangeAddress prove
	About   []byte    // what else the purpose needs, at most 1 KiB
	Ends    time.Time // good before
}

// A Factor is a second one: time-based one-time passwords (RFC 6238).
type Factor struct {
	User      auth.UserID
	Sealed    []byte    // the shared secret, encrypted with Config.Key
	Confirmed time.Time // by a first code; zero: not in force yet
	Step      int64     // the last time step that was accepted; none before it will be
}

// Level says how surely a person is known, by the levels of eIDAS (Regulation
// (EU) 910/2014, article 8), which are those of SPID and CIE.
type Level = auth.Level

// An Identity is how somebody elsewhere (SPID, CIE, eIDAS, any OpenID Connect
// or SAML proxy) calls a person.
type Identity struct {
	Issuer  string
	Subject string
	User    auth.UserID
	Level   Level    // the highest it was used with
	Fiscal  [32]byte // keyed HMAC of the fiscal code; zero if it was not told
	Linked  time.Time
	Used    time.Time
}

// ExternalIdentity is what a proxy that the host trusts says of somebody who
// has just signed in there.
type ExternalIdentity struct {
	Issuer     string // of the proxy, at most MaxIssuer bytes
	Subject    string // never given to another, at most MaxIssuer bytes
	Level      Level
	Attributes map[string]string // "name", "email", "fiscalNumber"; never kept
}

// A Consent says that a person agreed to a version of a document.
type Consent struct {
	User     auth.UserID
	Document string // "terms", "privacy"
	Edition  string // "2026-09"
	At       time.Time
}

// Attempts counts what somebody tried and failed, or has not finished yet: for
// one account, one source, or one of both.
type Attempts struct {
	Key   [16]byte
	Count int
	At    time.Time // of the last
}

// What is refused. Test with [errors.Is].
var (
	// ErrSignIn is the one answer to a name that nobody has, a wrong password,
	// a wrong code and a disabled account.
	ErrSignIn = errors.New("name or password is not right")
	// ErrToken is the one answer to a token that never was, was used, replaced
	// or cut, is over, or was given for something else.
	ErrToken = errors.New("link is no longer good")
	// ErrConsent says that terms in force have not been agreed to.
	ErrConsent = errors.New("terms not agreed to")
)

// Passwords knows how passwords are kept and which are any good; package
// password does. It must be safe for concurrent use.
type Passwords interface {
	// Hash returns what is kept of a password.
	Hash(ctx context.Context, password string) (string, error)
	// Verify reports whether a password is the one that hash was made of, and
	// whether it should be hashed again. It takes as long for the empty hash,
	// which no password is right for.
	Verify(ctx context.Context, hash, password string) (right, again bool, err error)
	// Check refuses a password of fewer than min runes, one of those tried
	// first and one made of what everybody knows about its owner: Invalid in
	// the field "password".
	Check(password string, min int, known ...string) error
}

// A Message is to be sent to a person's address. It holds a secret: hand it
// over and forget it.
type Message struct {
	Kind    MessageKind
	To      string // one address
	Name    string // username, which no mail reader makes a link of: a word joiner (U+2060) follows each dot
	Secret  string // of the token, for a link; empty where there is none
	Address string // SendMoved: the new one
}

// MessageKind says what a [Message] is about.
type MessageKind uint8

// The kinds.
const (
	SendVerify   MessageKind = iota + 1 // prove that this address is yours
	SendTaken                           // somebody signs up with your address: you have an account
	SendChange                          // prove that this new address is yours
	SendReset                           // choose a new password
	SendMoved                           // to the old address: it was changed to Address
	SendPassword                        // your password was changed
	SendFactor                          // your second factor was set up or removed
	SendLinked                          // an identity was linked to your account
)

// Codes of [storage.Invalid] besides those of package storage.
const (
	CodeTaken     = "taken"     // somebody has this name, or one that looks like it
	CodeReserved  = "reserved"  // a name that could be mistaken for the house's own
	CodeTooShort  = "too_short" // Params: min, in runes
	CodeCommon    = "common"    // among the passwords tried first
	CodeGuessable = "guessable" // made of the person's own name or address
	CodeTooSoon   = "too_soon"  // Params: after, a time
	CodeMixed     = "mixed"     // a name of several scripts, or with capitals that look like other letters
	CodeOnlyOne   = "only_one"  // the password is too short to be the only factor, or there is no other way in
)

// Limits.
const (
	MinName       = 3   // runes of a username
	MaxName       = 32  // likewise
	MaxAddress    = 254 // bytes of an e-mail address (RFC 5321)
	MaxIssuer     = 255 // bytes of an Issuer or a Subject
	MaxIdentities = 10  // a person
	RecoveryCodes = 10  // given at once
)

// Store is what accounts are kept in. Package storage says what Atomic, Apply
// and the errors promise; package storetest checks it. A store decides nothing.
type Store interface {
	Atomic(ctx context.Context, fn func(ctx context.Context, tx Store) error) error

	storage.Writer

	Account(ctx context.Context, id auth.UserID) (Account, error) // a root: locked in a unit
	Handle(ctx context.Context, h Handle) (Account, error)        // whose present name it is
	Mailbox(ctx context.Context, m Mailbox) (Account, error)
	Handles(ctx context.Context, h []Handle) (map[Handle]auth.UserID, error) // whose present names they are; the others are left out
	Names(ctx context.Context, ids []auth.UserID) (map[auth.UserID]string, error)

	Token(ctx context.Context, id [16]byte) (Token, error)
	Factor(ctx context.Context, user auth.UserID) (Factor, error)
	Recovery(ctx context.Context, user auth.UserID) (left int, err error)
	Identity(ctx context.Context, issuer, subject string) (Identity, error)
	Identities(ctx context.Context, user auth.UserID) ([]Identity, error) // oldest first
	Fiscal(ctx context.Context, hmac [32]byte) ([]Identity, error)        // who was told to have it
	Consents(ctx context.Context, user auth.UserID) ([]Consent, error)    // oldest first
	Attempts(ctx context.Context, keys [][16]byte) ([]Attempts, error)    // those there are
}
