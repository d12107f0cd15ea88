// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"errors"
	"iter"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// InviteResult says what became of a row of a bulk invitation.
type InviteResult struct {
	N      int // of the row, from 1
	Did    Outcome
	ID     InvitationID // of the actor's invitation that there is for the address now
	Secret string       // only of one that was Added
	Err    error        // why it was refused
}

// InviteAll invites everybody of a list, each by an address of their own, and
// gives report (nil: nobody) one result for each, in order. It can be run
// again: for an address that has the same invitation of theirs already, nothing
// is done; one that has another is refused ([ErrInvited]).
// An error that comes with a row is the row's own if it matches
// [storage.ErrInvalid]; any other, or more than [MaxRow] rows, ends it.
func (s *Service) InviteAll(ctx context.Context, who auth.Actor, rows iter.Seq2[NewInvitation, error], report func(InviteResult)) (Imported, error) {
	const op = "membership.InviteAll"
	var done Imported
	if err := s.may(ctx, who, Invite); err != nil {
		return done, refuse(op, "", err)
	}
	for in, err := range rows {
		if done.Rows == MaxRow {
			return done, refuse(op, "", &storage.Invalid{Field: "rows", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxRow}})
		}
		if err != nil && !errors.Is(err, storage.ErrInvalid) {
			return done, refuse(op, "", err)
		}
		r := InviteResult{N: done.Rows + 1, Did: Refused, Err: err}
		if err == nil {
			if err := s.inviteRow(ctx, who, in, &r); err != nil {
				return done, refuse(op, "", err)
			}
		}
		done.count(r.Did)
		if report != nil {
			report(r)
		}
	}
	return done, nil
}

// inviteRow invites one of many. What is wrong with the row is in the result;
// an error is what goes wrong with all.
func (s *Service) inviteRow(ctx context.Context, who auth.Actor, in NewInvitation, r *InviteResult) error {
	if in.Mailbox == ([16]byte{}) {
		r.Err = &storage.Invalid{Field: "mailbox", Code: storage.CodeMissing}
		return nil
	}
	inv, secret, err := s.invite(ctx, who, in)
	switch {
	case err == nil:
		r.Did, r.ID, r.Secret = Added, inv.ID, secret
	case errors.Is(err, storage.ErrExists):
		if r.ID = inv.ID; inv.like(in) {
			r.Did = Same
		} else {
			r.Err = ErrInvited
		}
	case errors.Is(err, storage.ErrInvalid), errors.Is(err, auth.ErrDenied), errors.Is(err, auth.ErrLimited):
		r.Err = err
	default:
		return err
	}
	return nil
}

// like reports whether an invitation admits to the same.
func (inv Invitation) like(in NewInvitation) bool {
	if in.Role == auth.Outsider {
		in.Role = auth.Member
	}
	return inv.Category == in.Category && inv.Org == in.Org && inv.Role == in.Role
}
