// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// NewRole makes a member something, in the community or in an area.
type NewRole struct {
	User auth.UserID
	Area auth.AreaID // default: the commons
	Role auth.Role   // auth.Outsider: of the area no more; everybody in the commons is something
}

// Grant gives a member a role. Nobody gives one above their own, or changes
// that of somebody who has one above their own (auth.Denied, ReasonAbove);
// stepping down is allowed. The last active coordinator stays one ([ErrLast]).
// Of an area that the actor has no part in, it is [storage.ErrNotFound].
func (s *Service) Grant(ctx context.Context, who auth.Actor, in NewRole) error {
	if in.Area.IsZero() {
		in.Area = auth.Commons
	}
	return refuse("membership.Grant", "user "+in.User.String(), s.decide(ctx, func(now time.Time) error { return s.grant(ctx, who, in, now) }))
}

func (s *Service) grant(ctx context.Context, who auth.Actor, in NewRole, now time.Time) error {
	if err := s.sees(ctx, who, in.Area); err != nil {
		return err
	}
	if err := s.mayIn(ctx, who, Grant, in.Area); err != nil {
		return err
	}
	if !in.Role.Valid() && (in.Area == auth.Commons || in.Role != auth.Outsider) {
		return &storage.Invalid{Field: "role", Code: storage.CodeUnknown}
	}
	own, err := s.standing(ctx, who.User, now)
	if err != nil {
		return err
	}
	st, changes, err := s.person(ctx, in.User, now)
	if err != nil {
		return err
	}
	switch top := own.RoleIn(in.Area); {
	case !st.Member.belongs():
		return ErrNotMember
	case in.Role > top, st.rank(in.Area) > top:
		return &auth.Denied{Action: Grant, Reason: ReasonAbove}
	}
	if in.Area != auth.Commons {
		if st.Areas[in.Area] == in.Role {
			return nil
		}
		changes = append(changes, SetAreaRole{AreaRole(in)})
	} else {
		if st.Member.Role == in.Role {
			return nil
		}
		guard, err := s.without(ctx, in.User, now)
		if err != nil {
			return err
		}
		st.Member.Role = in.Role
		changes = append(append(changes, guard...), UpdateMember{st.Member})
	}
	return again(s.cfg.Store.Apply(ctx, append(changes, personal(EventGranted, now, Event{By: who.By(), User: in.User, Area: in.Area, Role: in.Role}))...))
}

// sees refuses, as if there were no such area, whoever may not know who is in
// it. Of the commons everybody knows.
func (s *Service) sees(ctx context.Context, who auth.Actor, area auth.AreaID) error {
	if area == auth.Commons {
		return nil
	}
	err := s.cfg.Auth.Authorize(ctx, who, SeeMembers, auth.Scope{Area: area, Audience: auth.AreaMembers})
	if errors.Is(err, auth.ErrDenied) {
		err = storage.ErrNotFound
	}
	return err
}

// RolesIn lists who is what in an area, to whoever may see its members; for
// anybody else there is no such area. In the commons, see Directory.
func (s *Service) RolesIn(ctx context.Context, who auth.Actor, area auth.AreaID) ([]AreaRole, error) {
	const op = "membership.RolesIn"
	err := s.sees(ctx, who, area)
	if err == nil && area == auth.Commons {
		err = storage.ErrNotFound
	}
	var all []AreaRole
	if err == nil {
		all, err = s.cfg.Store.AreaRoles(ctx, area)
	}
	return all, refuse(op, "area "+area.String(), err)
}

// without gives what must hold for somebody to be a coordinator no more:
// nothing if they are none who can act, [ErrLast] if they are the only one, and
// otherwise that nobody else stops being one at the same time.
func (s *Service) without(ctx context.Context, user auth.UserID, now time.Time) ([]storage.Change, error) {
	all, seen, err := s.cfg.Store.Coordinators(ctx, now)
	switch {
	case err != nil, !slices.Contains(all, user):
		return nil, err
	case len(all) == 1:
		return nil, ErrLast
	}
	return []storage.Change{HoldCoordinators{Seen: seen}}, nil
}

// Found makes a person the first coordinator of a community that has none who
// can act; if it has one, the error is [storage.ErrExists]. It asks nobody's
// leave: it is for the host, who may offer it to nobody else.
func (s *Service) Found(ctx context.Context, user auth.UserID, c Category) (Member, error) {
	m, err := s.found(ctx, user, c)
	if err != nil {
		return Member{}, refuse("membership.Found", "user "+user.String(), err)
	}
	return m, nil
}

func (s *Service) found(ctx context.Context, user auth.UserID, c Category) (m Member, err error) {
	if user.IsZero() {
		return m, &storage.Invalid{Field: "user", Code: storage.CodeMissing}
	}
	if !s.cfg.Plan.knows(c) {
		return m, &storage.Invalid{Field: "category", Code: storage.CodeUnknown}
	}
	err = s.decide(ctx, func(now time.Time) error {
		all, seen, err := s.cfg.Store.Coordinators(ctx, now)
		if err == nil && len(all) > 0 {
			err = storage.ErrExists
		}
		if err != nil {
			return err
		}
		f, err := s.cfg.Store.Standing(ctx, user, now)
		if err != nil {
			return err
		}
		if m = f.Member; !m.belongs() {
			m = admitted(m, Application{User: user, Category: c}, now)
		}
		if m.State != Active {
			m.Since = now
		}
		m.State, m.Role, m.Category = Active, auth.Coordinator, c
		changes := []storage.Change{HoldCoordinators{Seen: seen}}
		if f.Member.belongs() {
			changes = append(changes, UpdateMember{m})
		} else {
			changes = append(changes, s.admit(f.Member, m, f.Waiting, auth.By{}, now)...)
		}
		for _, x := range s.at(f, now).Sanctions {
			if x.Area == auth.Commons && x.Kind > Warning {
				x.Lifted = now
				changes = append(changes, UpdateSanction{x})
			}
		}
		if !f.Member.User.IsZero() {
			m.Version++
		}
		return again(s.cfg.Store.Apply(ctx, append(changes, personal(EventFounded, now, Event{User: user}))...))
	})
	return m, err
}
