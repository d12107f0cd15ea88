// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// An Enrolment is shown to its owner once.
type Enrolment struct {
	Secret string // base32, for typing
	URI    string // otpauth://, for a QR code
}

// A Proof shows once more that it is the person.
type Proof struct {
	Password string // empty if there is none
	Code     string // of the second factor, or a recovery code
	Source   string // where the request comes from, such as an IP address
	Recent   Recent // how they have signed in, for those who have no password
}

// Enrol begins to set up a second factor: an authenticator app (RFC 6238) is
// given a secret. It is in force after [Service.Confirm]. Without Config.Key it
// is Denied; ErrExists while there is a factor in force.
func (s *Service) Enrol(ctx context.Context, who auth.Actor, in Proof) (Enrolment, error) {
	const op = "account.Enrol"
	if s.keys == nil {
		return Enrolment{}, refuse(op, &auth.Denied{Action: ActFactor, Reason: ReasonNoKey})
	}
	proven, err := s.prove(ctx, who, in.Password, in.Source, in.Recent)
	if err != nil {
		return Enrolment{}, refuse(op, err)
	}
	secret := make([]byte, sharedSize)
	rand.Read(secret) // never fails
	err = s.decide(ctx, func() error {
		a, err := s.still(ctx, who, proven)
		if err != nil {
			return err
		}
		if f, err := found(s.cfg.Store.Factor(ctx, a.User)); err != nil {
			return err
		} else if !f.Confirmed.IsZero() {
			return storage.ErrExists
		}
		changes := append([]storage.Change{UpdateAccount{a}}, in.Recent.Still...)
		return in.Recent.refused(s.cfg.Store.Apply(ctx, append(changes, PutFactor{Factor{User: a.User, Sealed: s.keys.seal(a.User, secret)}})...))
	})
	if err != nil {
		return Enrolment{}, refuse(op, err)
	}
	return Enrolment{letters32.EncodeToString(secret), otpauth(s.cfg.Name, proven.Name, secret)}, nil
}

// Confirm puts a factor in force by a first code of it, and returns the
// recovery codes, which are never shown again. A wrong code is ErrSignIn;
// ErrNotFound without an enrolment.
func (s *Service) Confirm(ctx context.Context, who auth.Actor, in Proof) (codes []string, err error) {
	const op = "account.Confirm"
	a, err := s.self(ctx, who)
	if err != nil {
		return nil, refuse(op, err)
	}
	t := newTry(key("second", a.User.String()), in.Source)
	if err := s.begin(ctx, t); err != nil {
		return nil, refuse(op, err)
	}
	err = s.decide(ctx, func() error {
		if a, err = s.self(ctx, who); err != nil {
			return err
		}
		f, err := s.cfg.Store.Factor(ctx, a.User)
		if err != nil {
			return err
		}
		if !f.Confirmed.IsZero() {
			return storage.ErrExists
		}
		if f.Step, err = s.step(f, in.Code); err != nil {
			return err
		}
		f.Confirmed = s.cfg.Clock.Now()
		var hashes [][32]byte
		codes, hashes = recoveryCodes()
		changes := append([]storage.Change{UpdateAccount{a}}, in.Recent.Still...)
		return in.Recent.refused(s.cfg.Store.Apply(ctx, append(changes, PutFactor{f}, PutRecovery{a.User, hashes}, s.event(EventFactorSet, a.User, who))...))
	})
	if err != nil {
		return nil, refuse(op, err)
	}
	s.send(ctx, a, Message{Kind: SendFactor})
	s.end(ctx, t)
	return codes, nil
}

// NewRecovery replaces the recovery codes, for somebody who shows their
// password and a code.
func (s *Service) NewRecovery(ctx context.Context, who auth.Actor, in Proof) (codes []string, err error) {
	const op = "account.NewRecovery"
	_, err = s.withFactor(ctx, who, in, func(a Account) ([]storage.Change, error) {
		var hashes [][32]byte
		codes, hashes = recoveryCodes()
		return []storage.Change{PutRecovery{a.User, hashes}, s.event(EventRecoveryRenewed, a.User, who)}, nil
	})
	if err != nil {
		return nil, refuse(op, err)
	}
	return codes, nil
}

// RemoveFactor removes the second factor and its recovery codes, for somebody
// who shows their password and a code. While the password is too short to be
// the only factor it is Invalid, with CodeOnlyOne.
func (s *Service) RemoveFactor(ctx context.Context, who auth.Actor, in Proof) error {
	const op = "account.RemoveFactor"
	a, err := s.withFactor(ctx, who, in, func(a Account) ([]storage.Change, error) {
		if a.Short {
			return nil, &storage.Invalid{Field: "password", Code: CodeOnlyOne, Params: map[string]any{"min": MinAlone}}
		}
		return []storage.Change{DropFactor{a.User}, DropTokens{a.User, []Purpose{SecondStep}}, s.event(EventFactorRemoved, a.User, who)}, nil
	})
	if err != nil {
		return refuse(op, err)
	}
	s.send(ctx, a, Message{Kind: SendFactor})
	return nil
}

// withFactor makes changes for somebody who shows their password and a code.
func (s *Service) withFactor(ctx context.Context, who auth.Actor, in Proof, change func(Account) ([]storage.Change, error)) (a Account, err error) {
	proven, err := s.prove(ctx, who, in.Password, in.Source, in.Recent)
	if err != nil {
		return Account{}, err
	}
	t := newTry(key("second", proven.User.String()), in.Source)
	if err := s.begin(ctx, t); err != nil {
		return Account{}, err
	}
	err = s.decide(ctx, func() error {
		if a, err = s.still(ctx, who, proven); err != nil {
			return err
		}
		changes, _, err := s.answer(ctx, a, in.Code)
		if err != nil {
			return err
		}
		more, err := change(a)
		if err != nil {
			return err
		}
		changes = append(append(changes, UpdateAccount{a}), in.Recent.Still...)
		err = in.Recent.refused(s.cfg.Store.Apply(ctx, append(changes, more...)...))
		if errors.Is(err, storage.ErrNotFound) { // the code was used meanwhile
			return ErrSignIn
		}
		return err
	})
	if err != nil {
		return Account{}, err
	}
	s.end(ctx, t)
	return a, nil
}

// answer returns the changes that use up a code of a person's second factor,
// or one of their recovery codes, or ErrSignIn if it is neither, or was used
// before.
func (s *Service) answer(ctx context.Context, a Account, code string) (take []storage.Change, recovery bool, err error) {
	f, err := found(s.cfg.Store.Factor(ctx, a.User))
	if err != nil {
		return nil, false, err
	}
	if f.Confirmed.IsZero() {
		return nil, false, ErrSignIn
	}
	if c := typed(code); len(c) == codeLetters {
		return []storage.Change{UseRecovery{a.User, sha256.Sum256([]byte(c))}, s.event(EventRecoveryUsed, a.User, auth.Actor{User: a.User})}, true, nil
	}
	n, err := s.step(f, code)
	return []storage.Change{TakeStep{a.User, n}}, false, err
}

// step returns the time step that a code is of, or ErrSignIn.
func (s *Service) step(f Factor, code string) (int64, error) {
	if s.keys == nil {
		return 0, &auth.Denied{Action: ActFactor, Reason: ReasonNoKey}
	}
	secret, err := s.keys.open(f.User, f.Sealed)
	if err != nil {
		return 0, &auth.Denied{Action: ActFactor, Reason: ReasonNoKey} // sealed with another
	}
	n, ok := matches(secret, typed(code), s.cfg.Clock.Now(), f.Step)
	if !ok {
		return 0, ErrSignIn
	}
	return n, nil
}

// FactorState says whether somebody has a second factor.
type FactorState struct {
	Since time.Time `json:"since,omitzero"` // it is in force; zero: there is none
	Left  int       `json:"left"`           // recovery codes
}

func (s *Service) factorState(ctx context.Context, user auth.UserID) (FactorState, error) {
	f, err := found(s.cfg.Store.Factor(ctx, user))
	if err != nil || f.Confirmed.IsZero() {
		return FactorState{}, err
	}
	left, err := s.cfg.Store.Recovery(ctx, user)
	return FactorState{f.Confirmed, left}, err
}
