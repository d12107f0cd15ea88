// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// fiscalNumber is the attribute of SPID and CIE that has the fiscal code.
const fiscalNumber = "fiscalNumber"

// SignInExternal signs in whoever a proxy that the host trusts says has signed
// in there. If nobody has the identity, the Entry is a secret: for SignUp, or
// for LinkIdentity by somebody who is signed in here as well. An identity is
// never linked by what it tells, such as an address or a fiscal code. A second
// factor is asked for unless the identity is of LevelSubstantial or higher,
// which has two of its own.
func (s *Service) SignInExternal(ctx context.Context, in ExternalIdentity) (Entry, error) {
	const op = "account.SignInExternal"
	if err := in.check(); err != nil {
		return Entry{}, refuse(op, err)
	}
	var e Entry
	if err := s.decide(ctx, func() error { return s.signInExternal(ctx, in, &e) }); err != nil {
		return Entry{}, refuse(op, err)
	}
	return e, nil
}

func (s *Service) signInExternal(ctx context.Context, in ExternalIdentity, e *Entry) error {
	id, err := found(s.cfg.Store.Identity(ctx, in.Issuer, in.Subject))
	if err != nil {
		return err
	}
	if id.User.IsZero() {
		*e, err = s.hold(ctx, in)
		return err
	}
	a, err := s.account(ctx, id.User)
	if err != nil {
		return err
	}
	if a.mayAct() != nil {
		return ErrSignIn
	}
	*e, err = s.enter(ctx, a, in.Level, try{}, UseIdentity{a.User, in.Issuer, in.Subject, in.Level, s.cfg.Clock.Now()})
	if errors.Is(err, storage.ErrNotFound) {
		return ErrSignIn // unlinked meanwhile, and perhaps somebody else's by now
	}
	return err
}

func (in ExternalIdentity) check() error {
	for _, f := range []struct{ field, s string }{{"issuer", in.Issuer}, {"subject", in.Subject}} {
		switch {
		case f.s == "":
			return &storage.Invalid{Field: f.field, Code: storage.CodeMissing}
		case len(f.s) > MaxIssuer:
			return &storage.Invalid{Field: f.field, Code: storage.CodeTooLong, Params: map[string]any{"max": MaxIssuer}}
		case !utf8.ValidString(f.s) || strings.ContainsRune(f.s, 0):
			return &storage.Invalid{Field: f.field, Code: storage.CodeMalformed}
		}
	}
	if in.Level > auth.LevelHigh {
		return &storage.Invalid{Field: "level", Code: storage.CodeUnknown}
	}
	return nil
}

// hold keeps an identity that nobody has until its owner says whose it is.
func (s *Service) hold(ctx context.Context, in ExternalIdentity) (Entry, error) {
	fiscal := s.keys.hash(in.Attributes[fiscalNumber])
	var twins []Identity
	if fiscal != [32]byte{} {
		var err error
		if twins, err = s.cfg.Store.Fiscal(ctx, fiscal); err != nil {
			return Entry{}, err
		}
	}
	about := append([]byte{byte(in.Level), byte(len(in.Issuer))}, in.Issuer...)
	about = append(append(about, byte(len(in.Subject))), in.Subject...)
	t, secret := s.grant(Token{Purpose: LinkIdentity, About: append(about, fiscal[:]...)})
	return Entry{Pending: secret, Level: in.Level, Twin: len(twins) > 0}, s.cfg.Store.Apply(ctx, PutToken{t})
}

// pending returns what hold kept, and the change that uses it up.
func (s *Service) pending(ctx context.Context, secret string) (Identity, storage.Change, error) {
	t, err := s.token(ctx, secret, LinkIdentity)
	if err != nil {
		return Identity{}, nil, err
	}
	now := s.cfg.Clock.Now()
	id, about := Identity{Linked: now, Used: now}, t.About
	if len(about) < 1 {
		return Identity{}, nil, ErrToken
	}
	id.Level, about = Level(about[0]), about[1:]
	for _, text := range []*string{&id.Issuer, &id.Subject} {
		if len(about) < 1 || len(about) < 1+int(about[0]) {
			return Identity{}, nil, ErrToken
		}
		end := 1 + int(about[0])
		*text, about = string(about[1:end]), about[end:]
	}
	if len(about) != len(id.Fiscal) {
		return Identity{}, nil, ErrToken
	}
	id.Fiscal = [32]byte(about)
	return id, UseToken{t.ID}, nil
}

// A NewIdentity is to be another way in.
type NewIdentity struct {
	Pending string // of an Entry
	Proof          // of the account; no Code is asked for
}

// LinkIdentity links the identity of an Entry that is pending to the actor, who
// has so shown both: the account by its password, or, without one, by having
// signed in of late, and the identity by the secret. An identity that was linked
// meanwhile is Invalid, with CodeTaken. The Entry is that of the account as it
// is now, for a host that begins a session with it.
func (s *Service) LinkIdentity(ctx context.Context, who auth.Actor, in NewIdentity) (Entry, error) {
	const op = "account.LinkIdentity"
	proven, err := s.prove(ctx, who, in.Password, in.Source, in.Recent)
	if err != nil {
		return Entry{}, refuse(op, err)
	}
	var a Account
	var e Entry
	err = s.decide(ctx, func() error {
		if a, err = s.still(ctx, who, proven); err != nil {
			return err
		}
		if e, err = s.after(ctx, a, who); err != nil {
			return err
		}
		id, use, err := s.pending(ctx, in.Pending)
		if err != nil {
			return err
		}
		has, err := s.cfg.Store.Identities(ctx, a.User)
		if err != nil {
			return err
		}
		if len(has) >= MaxIdentities {
			return &storage.Invalid{Field: "identity", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxIdentities}}
		}
		id.User = a.User
		changes := append([]storage.Change{UpdateAccount{a}}, in.Recent.Still...)
		err = usedUp(s.cfg.Store.Apply(ctx, append(changes, use, InsertIdentity{id}, s.event(EventLinked, a.User, who))...))
		err = in.Recent.refused(err)
		if errors.Is(err, storage.ErrExists) {
			return &storage.Invalid{Field: "identity", Code: CodeTaken}
		}
		return err
	})
	if err != nil {
		return Entry{}, refuse(op, err)
	}
	s.send(ctx, a, Message{Kind: SendLinked})
	return e, nil
}

// UnlinkIdentity takes an identity from the actor, unless it is their last way
// in (Invalid, with CodeOnlyOne). ErrNotFound if it is not theirs. Whoever was
// let in by it is out; the host begins another session with the Entry, which is of
// no Level: that of the actor may have come from this identity.
func (s *Service) UnlinkIdentity(ctx context.Context, who auth.Actor, issuer, subject string) (Entry, error) {
	var e Entry
	err := s.decide(ctx, func() error {
		a, err := s.self(ctx, who)
		if err != nil {
			return err
		}
		if e, err = s.after(ctx, a, who); err != nil {
			return err
		}
		e.Level = 0
		has, err := s.cfg.Store.Identities(ctx, a.User)
		if err != nil {
			return err
		}
		if a.Password == "" && len(has) == 1 && has[0].Issuer == issuer && has[0].Subject == subject {
			return &storage.Invalid{Field: "identity", Code: CodeOnlyOne}
		}
		changes := []storage.Change{DropIdentity{a.User, issuer, subject}, UpdateAccount{a}, DropTokens{a.User, []Purpose{SecondStep}}, s.event(EventUnlinked, a.User, who)}
		return s.cfg.Store.Apply(ctx, append(changes, s.cfg.Ends(a.User)...)...)
	})
	if err != nil {
		return Entry{}, refuse("account.UnlinkIdentity", err)
	}
	return e, nil
}
