// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Invited is what the holder of a secret is told of it.
type Invited struct {
	Category Category
	Org      auth.OrgID
	Role     auth.Role
	Bound    bool // only for whoever has proved to have its address
	Ends     time.Time
	Opens    time.Time // when the phase will admit it, if it does not now and that is known
	Waits    bool      // the phase does not admit it now
}

// Look says what the invitation with a secret is for. Whatever is wrong with
// it, the error is [ErrInvitation].
func (s *Service) Look(ctx context.Context, secret string) (Invited, error) {
	const op = "membership.Look"
	now := s.cfg.Clock.Now()
	inv, err := s.held(ctx, secret, now)
	if err != nil {
		return Invited{}, refuse(op, "", err)
	}
	x := Invited{Category: inv.Category, Org: inv.Org, Role: inv.Role, Bound: inv.Mailbox != ([16]byte{}), Ends: inv.Ends}
	var denied *auth.Denied
	if err := s.admitsNow(ctx, Join, inv.Category, now); errors.As(err, &denied) {
		x.Waits, x.Opens = true, denied.Opens
	} else if err != nil {
		return Invited{}, refuse(op, "", err)
	}
	return x, nil
}

// Redeem uses the invitation with a secret: the actor is a member, in its
// category and role, and acts for its organisation. An application of theirs
// that waits is approved by it. Of many who use it at once, exactly as many as
// it is for succeed. For a secret that never was, is used up, revoked, over or
// for another address, or whose inviter may no longer invite so or is kept out, the error is
// [ErrInvitation]; while the phase does not admit the category it is
// auth.Denied (ReasonPhase, Opens), and for a member [ErrMember]: none of these
// counts as a use.
func (s *Service) Redeem(ctx context.Context, who auth.Actor, secret string) (Member, error) {
	m, err := s.redeem(ctx, who, secret)
	if err != nil {
		return Member{}, refuse("membership.Redeem", "", err)
	}
	return m, nil
}

func (s *Service) redeem(ctx context.Context, who auth.Actor, secret string) (m Member, err error) {
	if err := signedIn(who, Join); err != nil {
		return m, err
	}
	if err := s.limit(ctx, who, Join); err != nil {
		return m, err
	}
	err = s.decide(ctx, func(now time.Time) error {
		inv, err := s.held(ctx, secret, now)
		if err != nil {
			return err
		}
		if err := s.addressed(ctx, who.User, inv); err != nil {
			return err
		}
		f, err := s.cfg.Store.Standing(ctx, who.User, now)
		if err != nil {
			return err
		}
		st := s.at(f, now)
		if st.Member.belongs() {
			return ErrMember
		}
		if err := st.restrained(Join, Suspension); err != nil {
			return err
		}
		if err := s.admitsNow(ctx, Join, inv.Category, now); err != nil {
			return err
		}
		as := Application{User: who.User, Category: inv.Category, Org: inv.Org}
		m = admitted(f.Member, as, now)
		m.Role = inv.Role
		changes, err := s.verified(ctx, Mandate{User: who.User, Org: inv.Org, By: inv.By}, now)
		if err != nil {
			return err
		}
		waits, kept := s.pending(f, now)
		changes = append(append(changes, UseInvitation{ID: inv.ID, At: now}), kept...)
		changes = append(changes, s.admit(f.Member, m, waits, inv.By, now)...)
		if !f.Member.User.IsZero() {
			m.Version++
		}
		return again(s.cfg.Store.Apply(ctx, changes...))
	})
	return m, err
}

// held returns the invitation with a secret, if it is good.
func (s *Service) held(ctx context.Context, secret string, now time.Time) (Invitation, error) {
	hash, ok := hashSecret(secret)
	if !ok {
		return Invitation{}, ErrInvitation
	}
	inv, err := s.cfg.Store.Invitation(ctx, hash)
	if err != nil {
		return Invitation{}, missing(err, ErrInvitation)
	}
	if !inv.good(now) {
		return Invitation{}, ErrInvitation
	}
	by := auth.Actor{User: inv.By.User, For: inv.By.For, Level: auth.LevelHigh}
	if s.cfg.MayAct != nil {
		err = s.cfg.MayAct(ctx, by.User)
	}
	if err == nil {
		err = s.invites(ctx, by, inv, now)
	}
	if errors.Is(err, auth.ErrDenied) || errors.Is(err, storage.ErrInvalid) {
		err = ErrInvitation
	}
	return inv, err
}

// addressed refuses whoever has not proved to have the address that an
// invitation is for.
func (s *Service) addressed(ctx context.Context, user auth.UserID, inv Invitation) error {
	if inv.Mailbox == ([16]byte{}) {
		return nil
	}
	if s.cfg.Mailboxes == nil {
		return ErrInvitation
	}
	theirs, err := s.cfg.Mailboxes(ctx, user)
	if err == nil && !slices.Contains(theirs, inv.Mailbox) {
		err = ErrInvitation
	}
	return err
}

// newSecret makes a secret of 256 random bits, in 43 characters, and its hash.
func newSecret() (string, [32]byte) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b[:]), sha256.Sum256(b[:])
}

// hashSecret returns the hash of a secret, unless it is none.
func hashSecret(s string) (hash [32]byte, ok bool) {
	if len(s) != 43 {
		return hash, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != 32 {
		return hash, false
	}
	return sha256.Sum256(b), true
}
