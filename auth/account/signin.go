// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Credentials are what somebody signs in with.
type Credentials struct {
	Name     string // username, or verified e-mail address
	Password string
	Source   string // where the request comes from, such as an IP address; empty: not counted by source
}

// An Entry is what signing in came to: exactly one of User, Second and Pending
// is set.
type Entry struct {
	User    auth.UserID // who is in
	Level   Level       // how surely
	Second  string      // secret for SecondStep, which is still to come
	Pending string      // secret of an identity that nobody has: for SignUp or LinkIdentity
	Twin    bool        // with Pending: somebody told the same fiscal code, so there is an account to link it to
	Owed    []Document  // with User: what they must agree to before they go on
	Version int         // with User: of the account when they showed who they are
}

// Still is what must hold when the session of an Entry is begun: that nothing
// of the account was changed since, such as the password that was shown.
func (e Entry) Still() []storage.Change { return []storage.Change{Unchanged{e.User, e.Version}} }

// SignIn takes a username and password. A name that nobody has, a wrong
// password and a disabled account give the same answer, ErrSignIn, after the
// same work. Tries are counted before they are made: too many are Limited,
// whatever they would have come to. With a second factor the Entry is a
// secret for [Service.SecondStep].
func (s *Service) SignIn(ctx context.Context, in Credentials) (Entry, error) {
	const op = "account.SignIn"
	look, counted := s.lookup(in.Name)
	t := newTry(counted, in.Source)
	if err := s.begin(ctx, t); err != nil {
		return Entry{}, refuse(op, err)
	}
	var e Entry
	err := s.decide(ctx, func() error {
		a, err := look(ctx)
		if err != nil {
			return err
		}
		again, err := s.right(ctx, a, in.Password)
		if err != nil {
			return err
		}
		// Hashing takes long enough for somebody to change the password.
		if now, err := s.account(ctx, a.User); err != nil {
			return err
		} else if now.Version != a.Version {
			return storage.ErrConflict
		}
		if again {
			if a, err = s.rehash(ctx, a, in.Password); err != nil {
				return err
			}
		}
		e, err = s.enter(ctx, a, 0, t)
		return err
	})
	return e, refuse(op, err)
}

// lookup returns how to look for whom somebody means by a name or an address,
// and what their tries are counted by.
func (s *Service) lookup(typed string) (look func(context.Context) (Account, error), counted [16]byte) {
	if _, m, err := ParseAddress(typed); err == nil {
		return func(ctx context.Context) (Account, error) { return found(s.cfg.Store.Mailbox(ctx, m)) }, key("mailbox", string(m[:]))
	}
	h := handle(typed)
	return func(ctx context.Context) (Account, error) { return found(s.cfg.Store.Handle(ctx, h)) }, key("handle", string(h[:]))
}

// right is ErrSignIn unless the password is that of an account that may act.
// It takes as long for the zero Account and one that may not.
func (s *Service) right(ctx context.Context, a Account, password string) (again bool, err error) {
	right, again, err := s.cfg.Passwords.Verify(ctx, a.Password, password)
	if err != nil {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		// A hash of another house is nobody's business, and no quicker.
		if _, _, err := s.cfg.Passwords.Verify(ctx, "", password); err != nil {
			return false, err
		}
	}
	if !right || a.mayAct() != nil {
		return false, ErrSignIn
	}
	return again, nil
}

// rehash keeps a password as it is kept today.
func (s *Service) rehash(ctx context.Context, a Account, password string) (Account, error) {
	hash, err := s.cfg.Passwords.Hash(ctx, password)
	if err != nil {
		return a, err
	}
	a.Password = hash
	if err := s.cfg.Store.Apply(ctx, UpdateAccount{a}); err != nil {
		return a, err
	}
	a.Version++
	return a, nil
}

// enter lets a person in, or asks for their second factor unless they are known
// as surely already. What is noted of it is written last, or with the secret of
// the second step.
func (s *Service) enter(ctx context.Context, a Account, level Level, t try, note ...storage.Change) (Entry, error) {
	f, err := found(s.cfg.Store.Factor(ctx, a.User))
	if err != nil {
		return Entry{}, err
	}
	if !f.Confirmed.IsZero() && level < auth.LevelSubstantial {
		about := append([]byte{byte(level)}, t.account[:]...)
		token, secret := s.grant(Token{User: a.User, Purpose: SecondStep, About: about})
		if err := s.cfg.Store.Apply(ctx, append([]storage.Change{Unchanged{a.User, a.Version}, PutToken{token}}, note...)...); err != nil {
			return Entry{}, err
		}
		return Entry{Second: secret}, nil
	}
	e, err := s.entry(ctx, a, level)
	if err == nil && len(note) > 0 {
		err = s.cfg.Store.Apply(ctx, append([]storage.Change{Unchanged{a.User, a.Version}}, note...)...)
	}
	if err == nil && t.account != [16]byte{} {
		s.end(ctx, t)
	}
	return e, err
}

// entry is that of an account whose owner is in.
func (s *Service) entry(ctx context.Context, a Account, level Level) (Entry, error) {
	owed, err := s.Owed(ctx, a.User)
	if err != nil {
		return Entry{}, err
	}
	return Entry{User: a.User, Level: level, Owed: owed, Version: a.Version}, nil
}

// A Code answers for the second factor.
type Code struct {
	Second string // of an Entry
	Code   string // of the authenticator, or a recovery code
	Source string
}

// SecondStep signs in whoever has shown the password, by a code of their
// second factor or one of their recovery codes. A wrong code is ErrSignIn; it
// is counted, and the same secret is good for another until it is over
// (ErrToken).
func (s *Service) SecondStep(ctx context.Context, in Code) (Entry, error) {
	const op = "account.SecondStep"
	t, err := s.token(ctx, in.Second, SecondStep)
	if err != nil {
		return Entry{}, refuse(op, err)
	}
	if len(t.About) != 1+16 {
		return Entry{}, refuse(op, ErrToken)
	}
	second := newTry(key("second", t.User.String()), in.Source)
	if err := s.begin(ctx, second); err != nil {
		return Entry{}, refuse(op, err)
	}
	var a Account
	var e Entry
	var recovered bool
	err = s.decide(ctx, func() error {
		if a, err = s.account(ctx, t.User); err != nil {
			return err
		}
		if a.mayAct() != nil {
			return ErrSignIn
		}
		if e, err = s.entry(ctx, a, Level(t.About[0])); err != nil {
			return err
		}
		var take []storage.Change
		if take, recovered, err = s.answer(ctx, a, in.Code); err != nil {
			return err
		}
		err = usedUp(s.cfg.Store.Apply(ctx, append([]storage.Change{UseToken{t.ID}, Unchanged{a.User, a.Version}}, take...)...))
		if errors.Is(err, storage.ErrNotFound) { // the recovery code, or the factor, is gone
			return ErrSignIn
		}
		return err
	})
	if err != nil {
		return Entry{}, refuse(op, err)
	}
	if recovered {
		s.send(ctx, a, Message{Kind: SendFactor})
	}
	s.end(ctx, second)
	if first := [16]byte(t.About[1:]); first != [16]byte{} {
		s.end(ctx, newTry(first, in.Source))
	}
	return e, nil
}

// Recent says how an actor has signed in, for those who have no password to
// show. The host knows it from their session.
type Recent struct {
	At    time.Time        // when they last showed who they are: session.Session.Proved
	Still []storage.Change // what must hold when the change is made: session.Session.Still
}

// refused says of an Apply that what must hold does no more: they are signed in
// no longer.
func (in Recent) refused(err error) error {
	by, ok := refusedBy(err)
	if ok && slices.ContainsFunc(in.Still, func(c storage.Change) bool { return c.Change() == by }) {
		return &auth.Denied{Action: ActAct, Reason: ReasonStale}
	}
	return err
}

// prove returns the account of an actor who shows their password once more; one
// that has none, signing in by an identity, must have done so of late.
func (s *Service) prove(ctx context.Context, who auth.Actor, password, source string, in Recent) (Account, error) {
	a, err := s.self(ctx, who)
	if err != nil {
		return a, err
	}
	if a.Password == "" {
		if now := s.cfg.Clock.Now(); now.Sub(in.At) >= s.cfg.Recent || in.At.After(now) {
			return Account{}, &auth.Denied{Action: ActAct, Reason: ReasonStale}
		}
		return a, nil
	}
	t := newTry(key("prove", a.User.String()), source)
	if err := s.begin(ctx, t); err != nil {
		return Account{}, err
	}
	if _, err := s.right(ctx, a, password); err != nil {
		return Account{}, err
	}
	s.end(ctx, t)
	return a, nil
}

// still is the account as it is now, if the password is the one that was shown.
func (s *Service) still(ctx context.Context, who auth.Actor, proven Account) (Account, error) {
	a, err := s.self(ctx, who)
	if err == nil && a.Password != proven.Password {
		err = ErrSignIn
	}
	return a, err
}
