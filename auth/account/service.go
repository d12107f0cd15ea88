// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Config is what accounts need. Only Store, Passwords and Ends are required.
type Config struct {
	Store     Store
	Passwords Passwords       // a password.Hasher, or a host's own
	Auth      auth.Authorizer // who may do ActDisable and ActEnable; default: nobody
	Clock     storage.Clock   // default: system time

	// Send is handed what is to be sent, once it is true: after the change was
	// made. It must only take it over, so that it costs no time that tells
	// whether there was anything to send. Default: nothing is sent.
	Send func(ctx context.Context, m Message)

	// Ends gives changes that ride with whatever ends all of a person's
	// sessions: a new password or address, disabling, erasing. For hosts with
	// sessions of package session it is session.Ends; whoever keeps none gives
	// none, and says so.
	Ends func(user auth.UserID) []storage.Change

	// Guard is asked before somebody is disabled: it gives changes that ride
	// with it, or says why not. Default: nothing.
	Guard func(ctx context.Context, who auth.Actor, user auth.UserID) ([]storage.Change, error)

	// Key is 32 secret bytes that second factors are sealed with and fiscal
	// codes hashed with. Without it there are neither. Whoever changes it
	// loses both.
	Key []byte

	Name        string     // of the community, reserved as a username and refused in passwords; default: Co.PIS
	Terms       []Document // what must be agreed to
	NeedAddress bool       // nobody signs up without an address

	// Recent is how long ago somebody without a password may have signed in to
	// change what they sign in with; default: 10 minutes.
	Recent time.Duration

	Account Tries // of an account; default: 5, then from 1 second to 15 minutes, for a day
	Source  Tries // from a source that fail; default: 50, then from 1 second to 15 minutes, for an hour
	Mail    Tries // messages asked for, to one address or by one account; default: 3, then from 1 minute to 1 hour, for a day
	SignUps Tries // sign-ups from a source, and resets asked for; default: 20, then from 1 minute to 1 hour, for a day
}

// Service holds the rules of accounts. It is safe for concurrent use.
//
// A method that takes an actor acts on that person's own account, but for
// [Service.Disable] and [Service.Enable].
type Service struct {
	cfg      Config
	reserved reserved
	keys     *keys // nil without Config.Key
}

// New returns a Service. It panics if cfg.Store, cfg.Passwords or cfg.Ends is
// nil, or if cfg.Key is neither empty nor 32 bytes.
func New(cfg Config) *Service {
	switch {
	case cfg.Store == nil:
		panic("account: nil Store")
	case cfg.Passwords == nil:
		panic("account: nil Passwords")
	case cfg.Ends == nil:
		panic("account: nil Ends: sessions would outlive a new password")
	case len(cfg.Key) != 0 && len(cfg.Key) != 32:
		panic("account: Key is not 32 bytes")
	}
	if cfg.Auth == nil {
		cfg.Auth = auth.DenyAll{}
	}
	if cfg.Send == nil {
		cfg.Send = func(context.Context, Message) {}
	}
	if cfg.Guard == nil {
		cfg.Guard = func(context.Context, auth.Actor, auth.UserID) ([]storage.Change, error) { return nil, nil }
	}
	if cfg.Recent <= 0 {
		cfg.Recent = 10 * time.Minute
	}
	if cfg.Name == "" {
		cfg.Name = "Co.PIS"
	}
	cfg.Account, cfg.Source = cfg.Account.or(ofAccount), cfg.Source.or(ofSource)
	cfg.Mail, cfg.SignUps = cfg.Mail.or(ofMail), cfg.SignUps.or(ofSignUps)
	send := cfg.Send
	cfg.Send = func(ctx context.Context, m Message) {
		m.Name = strings.ReplaceAll(m.Name, ".", ".\u2060")
		send(ctx, m)
	}
	s := &Service{cfg: cfg, reserved: reserve(cfg.Name)}
	if len(cfg.Key) > 0 {
		s.keys = derive(cfg.Key)
	}
	return s
}

// tries bounds how often a decision is taken again because what it rested on
// moved meanwhile.
const tries = 8

// decide runs fn, which looks and writes what it decided with one Apply, again
// for as long as somebody changed what it had looked at.
func (s *Service) decide(ctx context.Context, fn func() error) error {
	var err error
	for range tries {
		if err = fn(); !errors.Is(err, storage.ErrConflict) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// refuse wraps what went wrong in a call. What must not be told apart is the
// same, byte for byte.
func refuse(op string, err error) error {
	if err == nil {
		return nil
	}
	for _, one := range []error{ErrSignIn, ErrToken, storage.ErrNotFound} {
		if errors.Is(err, one) {
			err = one
		}
	}
	return &storage.Error{Op: op, Err: err}
}

// refusedBy returns the change that a store refused.
func refusedBy(err error) (string, bool) {
	var e *storage.Error
	if errors.As(err, &e) {
		return e.Op, true
	}
	return "", false
}

// mayAct is the one gate: whoever it refuses gets in by no password, code,
// token or identity, and does nothing with a session that they have.
func (a Account) mayAct() error {
	if a.User.IsZero() || a.Disabled {
		return &auth.Denied{Action: ActAct, Reason: ReasonDisabled}
	}
	return nil
}

// self returns the account of an actor who may act.
func (s *Service) self(ctx context.Context, who auth.Actor) (Account, error) {
	if who.User.IsZero() {
		return Account{}, &auth.Denied{Action: ActAct, Reason: auth.ReasonSignIn}
	}
	a, err := s.account(ctx, who.User)
	if err != nil {
		return Account{}, err
	}
	return a, a.mayAct()
}

// account returns an account, and the zero one of whoever has none.
func (s *Service) account(ctx context.Context, user auth.UserID) (Account, error) {
	return found(s.cfg.Store.Account(ctx, user))
}

// found turns what is not there into the zero value.
func found[T any](v T, err error) (T, error) {
	if errors.Is(err, storage.ErrNotFound) {
		var none T
		return none, nil
	}
	return v, err
}

// send hands over a message to a person whose address is known to be theirs.
func (s *Service) send(ctx context.Context, a Account, m Message) {
	if a.Mailbox != (Mailbox{}) {
		m.To, m.Name = a.Address, a.Name
		s.cfg.Send(ctx, m)
	}
}
