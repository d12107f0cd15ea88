// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Leave ends the actor's membership. What they wrote stays, with their name;
// their mandates, their roles and what Config.Ends says end with it, and an
// application that still waits is withdrawn, in the same unit. Coming back is
// joining again. The last active coordinator, of the community or of an area,
// cannot ([ErrLast]).
func (s *Service) Leave(ctx context.Context, who auth.Actor) error {
	return refuse("membership.Leave", "", s.move(ctx, who, Left, EventLeft))
}

// Deactivate ends the actor's part in the community for a while, for as long as
// they like. The last active coordinator, of the community or of an area, cannot
// ([ErrLast]).
func (s *Service) Deactivate(ctx context.Context, who auth.Actor) error {
	return refuse("membership.Deactivate", "", s.move(ctx, who, Away, EventDeactivated))
}

// ComeBack takes part again after Deactivate, in the same role.
func (s *Service) ComeBack(ctx context.Context, who auth.Actor) error {
	return refuse("membership.ComeBack", "", s.move(ctx, who, Active, EventCameBack))
}

// move brings the actor's membership into another state. Who is in it already
// stays as they are; who has left is no member.
func (s *Service) move(ctx context.Context, who auth.Actor, to MemberState, name string) error {
	if err := signedIn(who, Join); err != nil {
		return err
	}
	return s.decide(ctx, func(now time.Time) error {
		st, changes, err := s.person(ctx, who.User, now)
		switch m := st.Member; {
		case err != nil:
			return err
		case m.State == to && !m.User.IsZero():
			return nil
		case !m.belongs():
			return ErrNotMember
		}
		if to != Active {
			guard, err := s.without(ctx, who.User, now, st.coordinates()...)
			if err != nil {
				return err
			}
			changes = append(changes, guard...)
		}
		if to == Left {
			ended, err := s.parting(ctx, st, self(who), now)
			if err != nil {
				return err
			}
			changes = append(changes, ended...)
		}
		st.Member.State, st.Member.Since = to, now
		changes = append(changes, UpdateMember{st.Member}, personal(name, now, Event{By: self(who), User: who.User}))
		return again(s.cfg.Store.Apply(ctx, changes...))
	})
}

// parting ends what goes with a membership.
func (s *Service) parting(ctx context.Context, st Standing, by auth.By, now time.Time) ([]storage.Change, error) {
	user := st.Member.User
	mandates, err := s.cfg.Store.Mandates(ctx, user)
	if err != nil {
		return nil, err
	}
	var changes []storage.Change
	for _, m := range mandates {
		if m.ends(now) {
			m.Until = now
			changes = append(changes, UpdateMandate{m}, personal(EventMandateEnded, now, m.event(by)))
		}
	}
	if !st.Waiting.ID.IsZero() {
		changes = append(changes, st.Waiting.withdrawn(now)...)
	}
	for area := range st.Areas {
		changes = append(changes, SetAreaRole{AreaRole{User: user, Area: area}})
	}
	return append(changes, s.ends(user)...), nil
}
