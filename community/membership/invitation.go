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

// NewInvitation is what somebody says to invite.
type NewInvitation struct {
	Category Category
	Org      auth.OrgID // optional: they will act for it
	Role     auth.Role  // default: auth.Member
	Mailbox  [16]byte   // hash of the only address it is for; zero: whoever holds the secret
	Most     int        // uses; default: 1, and no more for one address
	Ends     time.Time  // default: in 30 days; a year at most
}

// How long an invitation is good: by default, and at most.
const (
	inviteFor  = 30 * day
	inviteMost = 365 * day
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

// Invite makes an invitation and returns it with its secret, which is given
// this once: only a hash is kept. The phase in force must admit the category by
// invitation (auth.Denied, ReasonPhase). Nobody invites to a role above their
// own, nor for an organisation that they neither act for nor may verify
// mandates of. For an address that has an invitation already it is
// [storage.ErrExists].
func (s *Service) Invite(ctx context.Context, who auth.Actor, in NewInvitation) (Invitation, string, error) {
	inv, secret, err := s.invite(ctx, who, in)
	if err != nil {
		return Invitation{}, "", refuse("membership.Invite", "", err)
	}
	inv.Hash = [32]byte{}
	return inv, secret, nil
}

func (s *Service) invite(ctx context.Context, who auth.Actor, in NewInvitation) (inv Invitation, secret string, err error) {
	counted := false
	err = s.decide(ctx, func(now time.Time) error {
		inv, err = s.draw(in, who.By(), now)
		if err != nil {
			return err
		}
		if err := s.invites(ctx, who, inv, now); err != nil {
			return err
		}
		if err := s.admitsNow(ctx, Invite, inv.Category, now); err != nil {
			return err
		}
		var changes []storage.Change
		if inv.Mailbox != ([16]byte{}) {
			old, err := s.cfg.Store.InvitationFor(ctx, inv.Mailbox)
			switch {
			case err == nil && old.good(now):
				inv = old
				return storage.ErrExists
			case err == nil:
				old.Revoked = now
				changes = append(changes, UpdateInvitation{old})
			case !errors.Is(err, storage.ErrNotFound):
				return err
			}
		}
		if !counted {
			if err := s.limit(ctx, who, Invite); err != nil {
				return err
			}
			counted = true
		}
		secret, inv.Hash = newSecret()
		return again(s.cfg.Store.Apply(ctx, append(changes, InsertInvitation{inv}, personal(EventInvited, now, inv.event(who.By(), auth.UserID{})))...))
	})
	return inv, secret, err
}

// draw makes an invitation of what was said.
func (s *Service) draw(in NewInvitation, by auth.By, now time.Time) (Invitation, error) {
	inv := Invitation{
		ID: storage.NewID[Invitation](), Category: in.Category, Org: in.Org, Role: in.Role, Mailbox: in.Mailbox,
		Most: in.Most, By: by, Made: now, Ends: instant(in.Ends), Version: 1,
	}
	most := MaxUses
	if in.Mailbox != ([16]byte{}) {
		most = 1
	}
	if inv.Role == auth.Outsider {
		inv.Role = auth.Member
	}
	if inv.Most == 0 {
		inv.Most = 1
	}
	if inv.Ends.IsZero() {
		inv.Ends = now.Add(inviteFor)
	}
	switch {
	case !s.cfg.Plan.knows(inv.Category):
		return inv, &storage.Invalid{Field: "category", Code: storage.CodeUnknown}
	case !inv.Role.Valid():
		return inv, &storage.Invalid{Field: "role", Code: storage.CodeUnknown}
	case inv.Most < 1:
		return inv, &storage.Invalid{Field: "most", Code: storage.CodeMalformed}
	case inv.Most > most:
		return inv, &storage.Invalid{Field: "most", Code: storage.CodeTooMany, Params: map[string]any{"max": most}}
	case !now.Before(inv.Ends):
		return inv, &storage.Invalid{Field: "ends", Code: CodePast}
	case inv.Ends.After(now.Add(inviteMost)):
		return inv, &storage.Invalid{Field: "ends", Code: CodeLate, Params: map[string]any{"max": inviteMost}}
	}
	return inv, nil
}

// invites asks whether somebody may give this invitation; it is asked again
// when it is used. How surely they were known was asked when they gave it.
func (s *Service) invites(ctx context.Context, who auth.Actor, inv Invitation, now time.Time) error {
	if err := s.may(ctx, who, Invite); err != nil {
		return err
	}
	st, err := s.standing(ctx, who.User, now)
	if err != nil {
		return err
	}
	if inv.Role > st.RoleIn(auth.Commons) {
		return &auth.Denied{Action: Invite, Reason: ReasonAbove}
	}
	if inv.Org.IsZero() {
		return nil
	}
	if _, err := s.active(ctx, inv.Org); err != nil {
		return err
	}
	if st.actsFor(inv.Org) {
		return nil
	}
	can, err := s.can(ctx, who, Decide)
	if err == nil && !can {
		err = &auth.Denied{Action: Invite, Reason: ReasonMandate}
	}
	return err
}

// admitsNow refuses a category that the phase in force does not admit by
// invitation.
func (s *Service) admitsNow(ctx context.Context, do auth.Action, c Category, now time.Time) error {
	st, err := s.standing(ctx, auth.UserID{}, now)
	if err != nil {
		return err
	}
	lets := func(ph Phase) bool { return ph.Admits[c] >= ByInvitation }
	if lets(s.cfg.Plan[st.Phase]) {
		return nil
	}
	return &auth.Denied{Action: do, Reason: ReasonPhase, Opens: s.cfg.Plan.Opens(st.Phase, now, lets)}
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
// for another address, or whose inviter may no longer invite so, the error is
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
		if err := st.restrained(Join); err != nil {
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
		changes = append(changes, UseInvitation{ID: inv.ID, At: now})
		changes = append(changes, s.admit(f.Member, m, f.Waiting, inv.By, now)...)
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
	if !inv.good(now) || inv.By.User.IsZero() {
		return Invitation{}, ErrInvitation
	}
	by := auth.Actor{User: inv.By.User, For: inv.By.For, Level: auth.LevelHigh}
	err = s.invites(ctx, by, inv, now)
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

// Revoke ends an invitation. Whoever gave it may, and whoever may decide.
func (s *Service) Revoke(ctx context.Context, who auth.Actor, id InvitationID) error {
	err := signedIn(who, Invite)
	if err == nil {
		err = s.decide(ctx, func(now time.Time) error {
			inv, err := s.cfg.Store.InvitationOf(ctx, id)
			if err == nil && inv.By.User != who.User || errors.Is(err, storage.ErrNotFound) {
				if can, cerr := s.can(ctx, who, Decide); cerr != nil {
					return cerr
				} else if !can {
					return storage.ErrNotFound
				}
			}
			if err != nil || !inv.good(now) {
				return err
			}
			inv.Revoked = now
			return s.cfg.Store.Apply(ctx, UpdateInvitation{inv}, personal(EventRevoked, now, inv.event(who.By(), auth.UserID{})))
		})
	}
	return refuse("membership.Revoke", "invitation "+id.String(), err)
}

// InvitationFilter selects invitations, newest first.
type InvitationFilter struct {
	All   bool // everybody's, for whoever may decide; default: the actor's own
	After storage.Cursor
	Limit int
}

// Invitations lists invitations, without their hashes.
func (s *Service) Invitations(ctx context.Context, who auth.Actor, in InvitationFilter) (storage.Page[Invitation], error) {
	const op = "membership.Invitations"
	err := signedIn(who, Invite)
	q := InvitationQuery{By: who.User, After: in.After, Limit: in.Limit}
	if err == nil && in.All {
		q.By = auth.UserID{}
		err = s.may(ctx, who, Decide)
	}
	if err != nil {
		return storage.Page[Invitation]{}, refuse(op, "", err)
	}
	page, err := s.cfg.Store.Invitations(ctx, q)
	for i := range page.Items {
		page.Items[i].Hash = [32]byte{}
	}
	return page, refuse(op, "", err)
}

// good reports whether an invitation can be used.
func (inv Invitation) good(now time.Time) bool {
	return inv.Revoked.IsZero() && inv.Uses < inv.Most && now.Before(inv.Ends)
}

func (inv Invitation) event(by auth.By, user auth.UserID) Event {
	return Event{By: by, User: user, Org: inv.Org, Invitation: inv.ID}
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
