// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"context"
	"errors"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// A NewAccount asks for an account.
type NewAccount struct {
	Name     string
	Address  string // e-mail; may be empty unless Config.NeedAddress
	Password string // at least MinAlone runes; may be empty with Pending
	Pending  string // of an Entry: the identity that signs in
	Agreed   []Document
	Source   string // where the request comes from, such as an IP address
}

// How many runes a password has at least (NIST SP 800-63B-4, 3.1.1).
const (
	MinAlone      = 15 // as the only factor
	MinWithFactor = 8
)

// SignUp makes an account and has a link sent that proves that the address is
// its owner's. Whether somebody else has that address, only they are told. All
// terms in force must be agreed to (ErrConsent). An Entry of the User at Version
// 1 lets them in.
func (s *Service) SignUp(ctx context.Context, in NewAccount) (auth.UserID, error) {
	const op = "account.SignUp"
	a, handle, err := s.newAccount(in)
	if err != nil {
		return auth.UserID{}, refuse(op, err)
	}
	if in.Source != "" {
		if err := s.count(ctx, ActSignUp, limit{key("sign_up", in.Source), s.cfg.SignUps}); err != nil {
			return auth.UserID{}, refuse(op, err)
		}
	}
	if had, err := s.cfg.Store.Handles(ctx, []Handle{handle}); err != nil {
		return auth.UserID{}, refuse(op, err)
	} else if len(had) > 0 { // the store says so in the end: this spares a hash
		return auth.UserID{}, refuse(op, &storage.Invalid{Field: "name", Code: CodeTaken})
	}
	if a.Address != "" {
		_, m, err := ParseAddress(a.Address)
		if err == nil {
			err = s.count(ctx, ActMail, s.mailing(m))
		}
		if err != nil {
			return auth.UserID{}, refuse(op, err)
		}
	}
	if in.Password != "" {
		if a.Password, err = s.cfg.Passwords.Hash(ctx, in.Password); err != nil {
			return auth.UserID{}, refuse(op, err)
		}
	}
	changes, after, err := s.signUp(ctx, a, handle, in)
	if err == nil {
		err = taken(s.cfg.Store.Apply(ctx, changes...))
	}
	switch {
	case err == nil:
	case in.Pending != "" && (errors.Is(err, storage.ErrExists) || errors.Is(err, storage.ErrNotFound)):
		return auth.UserID{}, refuse(op, ErrToken) // used meanwhile, or the identity was linked
	default:
		return auth.UserID{}, refuse(op, err)
	}
	after()
	return a.User, nil
}

// newAccount checks what can be checked without looking.
func (s *Service) newAccount(in NewAccount) (a Account, h Handle, err error) {
	now := s.cfg.Clock.Now()
	a = Account{User: storage.NewID[auth.User](), NamedAt: now, Made: now, Version: 1}
	if a.Name, h, err = s.name(in.Name); err != nil {
		return Account{}, Handle{}, err
	}
	if in.Address != "" || s.cfg.NeedAddress {
		if a.Address, _, err = ParseAddress(in.Address); err != nil {
			return Account{}, Handle{}, err
		}
	}
	if in.Password != "" || in.Pending == "" {
		if err = s.cfg.Passwords.Check(in.Password, MinAlone, s.known(a)...); err != nil {
			return Account{}, Handle{}, err
		}
	}
	return a, h, s.allAgreed(in.Agreed)
}

// known is what everybody knows of a person.
func (s *Service) known(a Account) []string { return []string{a.Name, local(a.Address), s.cfg.Name} }

// signUp returns the changes that make an account, and what is to be done when
// they are made. They are the same whether or not somebody has the address.
func (s *Service) signUp(ctx context.Context, a Account, h Handle, in NewAccount) (changes []storage.Change, after func(), err error) {
	after = func() {}
	changes, err = s.consents(a.User, in.Agreed)
	if err != nil {
		return nil, nil, err
	}
	changes = append([]storage.Change{InsertAccount{a}, TakeName{a.User, h}}, changes...)
	if in.Pending != "" {
		identity, use, err := s.pending(ctx, in.Pending)
		if err != nil {
			return nil, nil, err
		}
		identity.User = a.User
		changes = append(append(changes, use), InsertIdentity{identity}, s.event(EventLinked, a.User, auth.Actor{User: a.User}))
	}
	if a.Address != "" {
		_, m, err := ParseAddress(a.Address)
		if err != nil {
			return nil, nil, err
		}
		owner, err := found(s.cfg.Store.Mailbox(ctx, m))
		if err != nil {
			return nil, nil, err
		}
		t, secret := s.grant(Token{User: a.User, Purpose: VerifyAddress, Address: a.Address})
		changes = append(changes, PutToken{t})
		after = func() { s.cfg.Send(ctx, prompting(a, VerifyAddress, a.Address, secret, owner)) }
	}
	return append(changes, s.event(EventCreated, a.User, auth.Actor{User: a.User})), after, nil
}
