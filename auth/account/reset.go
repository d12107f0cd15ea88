// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// RequestReset has a link sent to an address by which its owner chooses a new
// password. Whether anybody has the address tells neither the answer nor the
// time it takes: only whoever has a password gets one.
func (s *Service) RequestReset(ctx context.Context, address, source string) error {
	const op = "account.RequestReset"
	_, m, err := ParseAddress(address)
	if err != nil {
		return refuse(op, err)
	}
	limits := []limit{{key("reset", string(m[:])), s.cfg.Mail}}
	if source != "" {
		limits = append(limits, limit{key("resets", source), s.cfg.SignUps})
	}
	if err := s.count(ctx, ActMail, limits...); err != nil {
		return refuse(op, err)
	}
	a, err := found(s.cfg.Store.Mailbox(ctx, m))
	if err != nil {
		return refuse(op, err)
	}
	sends := a.mayAct() == nil && a.Password != ""
	t := Token{Purpose: ResetPassword}
	if sends {
		t.User, t.Address = a.User, a.Address
	}
	t, secret := s.grant(t) // of nobody, it opens nothing
	if err := s.cfg.Store.Apply(ctx, PutToken{t}); err != nil {
		return refuse(op, err)
	}
	if sends {
		s.send(ctx, a, Message{Kind: SendReset, Secret: secret})
	}
	return nil
}

// A NewPassword takes the place of one that was forgotten.
type NewPassword struct {
	Secret   string // of the link
	Password string
}

// Reset sets a new password, by the link that was sent. It ends all sessions
// and drops all other links. It signs nobody in: a second factor is still
// asked for.
func (s *Service) Reset(ctx context.Context, in NewPassword) error {
	const op = "account.Reset"
	t, err := s.token(ctx, in.Secret, ResetPassword)
	if err != nil {
		return refuse(op, err)
	}
	open := func() (Account, error) { // what the link is for, while it is
		a, err := s.account(ctx, t.User)
		if err == nil && (a.mayAct() != nil || a.Password == "" || a.Mailbox == (Mailbox{}) || a.Address != t.Address) {
			err = ErrToken
		}
		return a, err
	}
	a, err := open()
	if err != nil {
		return refuse(op, err)
	}
	change, err := s.newPassword(ctx, a, in.Password)
	if err != nil {
		return refuse(op, err)
	}
	return refuse(op, s.decide(ctx, func() error {
		if a, err = open(); err != nil {
			return err
		}
		if err := change(&a); err != nil {
			return err
		}
		changes, err := s.passwordSet(ctx, a, auth.Visitor)
		if err != nil {
			return err
		}
		err = usedUp(s.cfg.Store.Apply(ctx, append([]storage.Change{UseToken{t.ID}}, changes...)...))
		if err == nil {
			s.send(ctx, a, Message{Kind: SendPassword})
		}
		return err
	}))
}

// A PasswordChange replaces a password that is known.
type PasswordChange struct {
	Old    string // empty if there is none yet
	New    string
	Source string
	Recent Recent // how they have signed in, for those who have no password
}

// ChangePassword replaces the password, or sets a first one. It ends all
// sessions, also the one it is called from: the host begins another with the
// Entry.
func (s *Service) ChangePassword(ctx context.Context, who auth.Actor, in PasswordChange) (Entry, error) {
	const op = "account.ChangePassword"
	proven, err := s.prove(ctx, who, in.Old, in.Source, in.Recent)
	if err != nil {
		return Entry{}, refuse(op, err)
	}
	change, err := s.newPassword(ctx, proven, in.New)
	if err != nil {
		return Entry{}, refuse(op, err)
	}
	var e Entry
	err = s.decide(ctx, func() error {
		a, err := s.still(ctx, who, proven)
		if err != nil {
			return err
		}
		if err := change(&a); err != nil {
			return err
		}
		if e, err = s.after(ctx, a, who); err != nil {
			return err
		}
		changes, err := s.passwordSet(ctx, a, who)
		if err != nil {
			return err
		}
		err = s.cfg.Store.Apply(ctx, slices.Insert(changes, 1, in.Recent.Still...)...)
		err = in.Recent.refused(err)
		if err == nil {
			s.send(ctx, a, Message{Kind: SendPassword})
		}
		return err
	})
	if err != nil {
		return Entry{}, refuse(op, err)
	}
	return e, nil
}

// after is the Entry of an actor whose account is about to be moved to its next
// version.
func (s *Service) after(ctx context.Context, a Account, who auth.Actor) (Entry, error) {
	a.Version++
	return s.entry(ctx, a, who.Level)
}

// newPassword checks and hashes a password, and returns how an account gets it.
func (s *Service) newPassword(ctx context.Context, a Account, password string) (func(*Account) error, error) {
	long := s.cfg.Passwords.Check(password, MinAlone, s.known(a)...)
	if long != nil {
		if err := s.cfg.Passwords.Check(password, MinWithFactor, s.known(a)...); err != nil {
			return nil, long // there is more to say of the longer one
		}
		if f, err := found(s.cfg.Store.Factor(ctx, a.User)); err != nil {
			return nil, err
		} else if f.Confirmed.IsZero() {
			return nil, long
		}
	}
	hash, err := s.cfg.Passwords.Hash(ctx, password)
	if err != nil {
		return nil, err
	}
	return func(a *Account) error {
		if long != nil { // the factor may be gone by now; whoever removes it moves the account's version
			f, err := found(s.cfg.Store.Factor(ctx, a.User))
			if err != nil {
				return err
			}
			if f.Confirmed.IsZero() {
				return long
			}
		}
		a.Password, a.Short = hash, long != nil
		return nil
	}, nil
}

// passwordSet are the changes that go with a new password. A second factor that
// is not in force yet goes, because it was begun with the old one.
func (s *Service) passwordSet(ctx context.Context, a Account, who auth.Actor) ([]storage.Change, error) {
	changes := []storage.Change{UpdateAccount{a}, DropTokens{a.User, sent}, s.event(EventPasswordChanged, a.User, who)}
	f, err := found(s.cfg.Store.Factor(ctx, a.User))
	if err != nil {
		return nil, err
	}
	if !f.User.IsZero() && f.Confirmed.IsZero() {
		changes = append(changes, DropFactor{a.User})
	}
	return append(changes, s.cfg.Ends(a.User)...), nil
}
