// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"iter"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Exported is one thing that membership holds of a person: one of its fields is
// set. Who else had a part in it is left out.
type Exported struct {
	Kind        string       `json:"kind"` // "member", "role", "mandate", "application", "sanction", "invitation"
	Member      *Member      `json:"member,omitempty"`
	Role        *AreaRole    `json:"role,omitempty"`
	Mandate     *Mandate     `json:"mandate,omitempty"`
	Application *Application `json:"application,omitempty"`
	Sanction    *Sanction    `json:"sanction,omitempty"`
	Invitation  *Invitation  `json:"invitation,omitempty"` // that they gave
}

// Export yields everything that membership holds of a person. It asks no one's
// leave: the host gives it to the person, and to nobody else.
func (s *Service) Export(ctx context.Context, user auth.UserID) iter.Seq2[Exported, error] {
	return func(yield func(Exported, error) bool) {
		fail := func(err error) { yield(Exported{}, refuse("membership.Export", "", err)) }
		if user.IsZero() {
			fail(&storage.Invalid{Field: "user", Code: storage.CodeMissing})
			return
		}
		f, err := s.cfg.Store.Standing(ctx, user, s.cfg.Clock.Now())
		if err != nil {
			fail(err)
			return
		}
		mandates, err := s.cfg.Store.Mandates(ctx, user)
		if err != nil {
			fail(err)
			return
		}
		var few []Exported
		if !f.Member.User.IsZero() {
			few = append(few, Exported{Kind: "member", Member: &f.Member})
		}
		for area, role := range f.Areas {
			few = append(few, Exported{Kind: "role", Role: &AreaRole{User: user, Area: area, Role: role}})
		}
		for _, m := range mandates {
			m.By = auth.By{}
			few = append(few, Exported{Kind: "mandate", Mandate: &m})
		}
		for _, x := range few {
			if !yield(x, nil) {
				return
			}
		}
		for a, err := range s.applications(ctx, ApplicationQuery{User: user}) {
			if err != nil {
				fail(err)
				return
			}
			if a.By.User != user {
				a.By = auth.By{}
			}
			if !yield(Exported{Kind: "application", Application: &a}, nil) {
				return
			}
		}
		for x, err := range s.sanctionsOf(ctx, user) {
			if err != nil {
				fail(err)
				return
			}
			x.By, x.Appeal.By = auth.By{}, auth.By{}
			if !yield(Exported{Kind: "sanction", Sanction: &x}, nil) {
				return
			}
		}
		for inv, err := range s.invitationsBy(ctx, user) {
			if err != nil {
				fail(err)
				return
			}
			inv.Hash, inv.Mailbox = [32]byte{}, [16]byte{} // neither the secret's nor another's
			if !yield(Exported{Kind: "invitation", Invitation: &inv}, nil) {
				return
			}
		}
	}
}

func (s *Service) sanctionsOf(ctx context.Context, user auth.UserID) iter.Seq2[Sanction, error] {
	return storage.All(ctx, func(c storage.Cursor) (storage.Page[Sanction], error) {
		return s.cfg.Store.Sanctions(ctx, SanctionQuery{User: user, Areas: auth.Everything, After: c, Limit: storage.MaxLimit})
	})
}

func (s *Service) invitationsBy(ctx context.Context, user auth.UserID) iter.Seq2[Invitation, error] {
	return storage.All(ctx, func(c storage.Cursor) (storage.Page[Invitation], error) {
		return s.cfg.Store.Invitations(ctx, InvitationQuery{By: user, After: c, Limit: storage.MaxLimit})
	})
}

// Erase empties a person out of membership: all there is of them goes, and
// invitations for their mailboxes; what they did for others stays, without
// them. Again it finds nothing to do. The last active coordinator, of the
// community or of an area, must have a successor first ([ErrLast]). The host ends the person's account before, and
// decides who may ask for it.
func (s *Service) Erase(ctx context.Context, user auth.UserID, mailboxes [][16]byte) error {
	const op = "membership.Erase"
	if user.IsZero() {
		return refuse(op, "", &storage.Invalid{Field: "user", Code: storage.CodeMissing})
	}
	return refuse(op, "", s.decide(ctx, func(now time.Time) error {
		f, err := s.cfg.Store.Standing(ctx, user, now)
		if err != nil {
			return err
		}
		guard, err := s.without(ctx, user, now, f.coordinates()...)
		if err != nil {
			return err
		}
		return s.cfg.Store.Apply(ctx, append(guard, EraseUser{User: user, Mailboxes: mailboxes})...)
	}))
}
