// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"errors"
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

// Invite makes an invitation and returns it with its secret, which is given
// this once: only a hash is kept. The phase in force must admit the category by
// invitation (auth.Denied, ReasonPhase). Nobody invites to a role above their
// own, nor for an organisation that they neither act for nor may verify
// mandates of. For an address that has an invitation already it is [ErrInvited].
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
				if inv = (Invitation{}); old.By.User == who.User {
					inv = old // another's is nobody's business
				}
				return ErrInvited
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

// Revoke ends an invitation. Whoever gave it may, and whoever may decide.
func (s *Service) Revoke(ctx context.Context, who auth.Actor, id InvitationID) error {
	err := s.decide(ctx, func(now time.Time) error {
		inv, by, err := s.invitation(ctx, who, id)
		if err != nil || !inv.good(now) {
			return err
		}
		inv.Revoked = now
		return s.cfg.Store.Apply(ctx, UpdateInvitation{inv}, personal(EventRevoked, now, inv.event(by, auth.UserID{})))
	})
	return refuse("membership.Revoke", "invitation "+id.String(), err)
}

// Invitation returns an invitation, without its hash, to whoever gave it and to
// whoever may decide; for anybody else there is none.
func (s *Service) Invitation(ctx context.Context, who auth.Actor, id InvitationID) (Invitation, error) {
	inv, _, err := s.invitation(ctx, who, id)
	if err != nil {
		return Invitation{}, refuse("membership.Invitation", "invitation "+id.String(), err)
	}
	inv.Hash = [32]byte{}
	return inv, nil
}

// invitation returns an invitation that the actor may revoke, and the byline
// that they may do so with.
func (s *Service) invitation(ctx context.Context, who auth.Actor, id InvitationID) (Invitation, auth.By, error) {
	if err := signedIn(who, Invite); err != nil {
		return Invitation{}, auth.By{}, err
	}
	inv, err := s.cfg.Store.InvitationOf(ctx, id)
	by, err := s.owns(ctx, who, inv.By.User, err)
	return inv, by, err
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
