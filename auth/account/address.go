// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// ParseAddress returns an e-mail address without spaces around it, and the
// hash of its canonical form, or Invalid in the field "address". Of what RFC
// 5322 allows it takes what people have: a local part without quotes or
// comments, in ASCII, and a domain name (an international one as it stands in
// the DNS, "xn--…"). The canonical form is in small letters throughout.
func ParseAddress(address string) (string, Mailbox, error) {
	address = strings.Trim(address, " ")
	if address == "" {
		return "", Mailbox{}, &storage.Invalid{Field: "address", Code: storage.CodeMissing}
	}
	if len(address) > MaxAddress {
		return "", Mailbox{}, &storage.Invalid{Field: "address", Code: storage.CodeTooLong, Params: map[string]any{"max": MaxAddress}}
	}
	local, domain, _ := strings.Cut(address, "@")
	if !atoms(local) || !hostname(domain) {
		return "", Mailbox{}, &storage.Invalid{Field: "address", Code: storage.CodeMalformed}
	}
	sum := sha256.Sum256([]byte("account.Mailbox\x00" + strings.ToLower(address)))
	return address, Mailbox(sum[:16]), nil
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// atoms reports whether a local part is a dot-atom (RFC 5322, 3.2.3).
func atoms(local string) bool {
	if len(local) > 64 {
		return false
	}
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || strings.Trim(atom, alphanumeric+"!#$%&'*+-/=?^_`{|}~") != "" {
			return false
		}
	}
	return true
}

// hostname reports whether a domain consists of labels (RFC 1123), the last of
// them no number.
func hostname(domain string) bool {
	labels := strings.Split(domain, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.Trim(l, alphanumeric+"-") != "" || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
	}
	return len(domain) <= 253 && strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// local returns what comes before the @.
func local(address string) string {
	l, _, _ := strings.Cut(address, "@")
	return l
}

// An AddressChange asks for another address.
type AddressChange struct {
	Address  string
	Password string // the present one, if there is one
	Source   string // where the request comes from, such as an IP address
	Recent   Recent // how they have signed in, for those who have no password
}

// RequestVerify has another link sent that proves that the address is the
// actor's.
func (s *Service) RequestVerify(ctx context.Context, who auth.Actor) error {
	const op = "account.RequestVerify"
	a, err := s.self(ctx, who)
	if err != nil || a.Address == "" || a.Mailbox != (Mailbox{}) {
		return refuse(op, err)
	}
	address, m, err := ParseAddress(a.Address)
	if err != nil {
		return refuse(op, err)
	}
	return refuse(op, s.prompt(ctx, who, a, VerifyAddress, address, m, Recent{}))
}

// ChangeAddress has a link sent to another address; whoever opens it makes it
// the address. Until then nothing changes. Whether somebody else has that
// address, only its owner is told.
func (s *Service) ChangeAddress(ctx context.Context, who auth.Actor, in AddressChange) error {
	const op = "account.ChangeAddress"
	address, m, err := ParseAddress(in.Address)
	if err != nil {
		return refuse(op, err)
	}
	a, err := s.prove(ctx, who, in.Password, in.Source, in.Recent)
	if err != nil {
		return refuse(op, err)
	}
	return refuse(op, s.prompt(ctx, who, a, ChangeAddress, address, m, in.Recent))
}

// prompt grants a token for an address and sends it there, or tells the owner
// of that address that they have an account already. The token is granted only
// to the account as it was proven: one that came after a change of password
// would outlive what the change ended.
func (s *Service) prompt(ctx context.Context, who auth.Actor, a Account, p Purpose, address string, m Mailbox, in Recent) error {
	if err := s.count(ctx, ActMail, s.mailing(m), limit{key("mailing", a.User.String()), s.cfg.Mail}); err != nil {
		return err
	}
	owner, err := found(s.cfg.Store.Mailbox(ctx, m))
	if err != nil {
		return err
	}
	t, secret := s.grant(Token{User: a.User, Purpose: p, Address: address})
	if err := s.decide(ctx, func() error {
		now, err := s.still(ctx, who, a)
		if err != nil {
			return err
		}
		changes := append([]storage.Change{UpdateAccount{now}}, in.Still...)
		return in.refused(s.cfg.Store.Apply(ctx, append(changes, PutToken{t})...))
	}); err != nil {
		return err
	}
	s.cfg.Send(ctx, prompting(a, p, address, secret, owner))
	return nil
}

// mailing counts what is sent to an address that is to be verified.
func (s *Service) mailing(m Mailbox) limit { return limit{key("mail", string(m[:])), s.cfg.Mail} }

// prompting is the message that goes to an address which is to be verified.
func prompting(a Account, p Purpose, address, secret string, owner Account) Message {
	switch {
	case !owner.User.IsZero() && owner.User != a.User:
		return Message{Kind: SendTaken, To: owner.Address, Name: owner.Name}
	case p == ChangeAddress:
		return Message{Kind: SendChange, To: address, Name: a.Name, Secret: secret}
	}
	return Message{Kind: SendVerify, To: address, Name: a.Name, Secret: secret}
}

// Verify takes the secret of a link that was sent to an address, and makes it
// the verified address of the actor's account. Only the account that it was sent
// for takes it (ErrToken): or whoever has the address would, by opening a link
// that they did not ask for, lend it to an account of somebody else. If it
// replaces another address, that one is told, and the sessions of the account
// end, also the one it is called from: the host begins another with the Entry.
func (s *Service) Verify(ctx context.Context, who auth.Actor, secret string) (Entry, error) {
	const op = "account.Verify"
	if _, err := s.self(ctx, who); err != nil {
		return Entry{}, refuse(op, err)
	}
	var a, was Account
	var e Entry
	err := s.decide(ctx, func() error {
		t, err := s.token(ctx, secret, VerifyAddress, ChangeAddress)
		if err != nil {
			return err
		}
		if t.User != who.User {
			return ErrToken
		}
		if a, err = s.account(ctx, t.User); err != nil {
			return err
		}
		if e, err = s.after(ctx, a, who); err != nil {
			return err
		}
		if a.mayAct() != nil || t.Purpose == VerifyAddress && a.Address != t.Address {
			return ErrToken
		}
		was = a
		if a.Address, a.Mailbox, err = ParseAddress(t.Address); err != nil {
			return ErrToken
		}
		changes := []storage.Change{UseToken{t.ID}, UpdateAccount{a}}
		if t.Purpose == VerifyAddress {
			changes = append(changes, s.event(EventAddressVerified, a.User, who))
		} else {
			changes = append(changes, DropTokens{a.User, sent}, s.event(EventAddressChanged, a.User, who))
			changes = append(changes, s.cfg.Ends(a.User)...)
		}
		err = usedUp(s.cfg.Store.Apply(ctx, changes...))
		if errors.Is(err, storage.ErrExists) { // somebody else has proved it to be theirs meanwhile
			return ErrToken
		}
		return err
	})
	if err != nil {
		return Entry{}, refuse(op, err)
	}
	if was.Mailbox != a.Mailbox {
		s.send(ctx, was, Message{Kind: SendMoved, Address: a.Address})
	}
	return e, nil
}

// Mailboxes returns what addresses a person has proved to be theirs: none or
// one.
func (s *Service) Mailboxes(ctx context.Context, user auth.UserID) ([][16]byte, error) {
	a, err := s.account(ctx, user)
	if err != nil || a.Mailbox == (Mailbox{}) {
		return nil, refuse("account.Mailboxes", err)
	}
	return [][16]byte{a.Mailbox}, nil
}
