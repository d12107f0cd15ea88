// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"errors"
	"fmt"
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
// stepping down is allowed. The last active coordinator, of the community or of
// the area, stays one ([ErrLast]). Whoever may not act (Config.MayAct) is made no
// coordinator (auth.Denied, ReasonAway).
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
	switch top := own.rank(in.Area); {
	case !st.Member.belongs():
		return ErrNotMember
	case in.Role > top, st.rank(in.Area) > top:
		return &auth.Denied{Action: Grant, Reason: ReasonAbove}
	}
	if in.Role == auth.Coordinator {
		if err := s.mayCoordinate(ctx, in.User); err != nil {
			return err
		}
	}
	is := st.Areas[in.Area]
	if in.Area == auth.Commons {
		is = st.Member.Role
	}
	if is == in.Role {
		return nil
	}
	guard, err := s.without(ctx, in.User, now, in.Area)
	if err != nil {
		return err
	}
	if changes = append(changes, guard...); in.Area == auth.Commons {
		st.Member.Role = in.Role
	} else {
		changes = append(changes, SetAreaRole{AreaRole(in)})
	}
	changes = append(changes, UpdateMember{st.Member}) // so that they do not leave at the same time
	return again(s.cfg.Store.Apply(ctx, append(changes, personal(EventGranted, now, Event{By: who.By(), User: in.User, Area: in.Area, Role: in.Role}))...))
}

// mayCoordinate refuses to make a coordinator of whoever may not act: they would
// count as one who can. Ask it after their Member was read, which StandDown moves
// to its next version, so that nobody is kept out of acting in between.
func (s *Service) mayCoordinate(ctx context.Context, user auth.UserID) error {
	if s.cfg.MayAct == nil {
		return nil
	}
	err := s.cfg.MayAct(ctx, user)
	if errors.Is(err, auth.ErrDenied) {
		return &auth.Denied{Action: Grant, Reason: ReasonAway}
	}
	return err
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

// without gives what must hold for somebody to be a coordinator of these areas
// no more: nothing where they are none who can act, [ErrLast] where they are the
// only one, and otherwise that nobody else stops being one at the same time.
func (s *Service) without(ctx context.Context, user auth.UserID, now time.Time, areas ...auth.AreaID) ([]storage.Change, error) {
	var changes []storage.Change
	for _, area := range areas {
		all, seen, err := s.cfg.Store.Coordinators(ctx, area, now)
		switch {
		case err != nil:
			return nil, err
		case !slices.Contains(all, user):
			continue
		case len(all) > 1:
			changes = append(changes, HoldCoordinators{Area: area, Seen: seen})
		case area == auth.Commons:
			return nil, ErrLast
		default:
			return nil, fmt.Errorf("area %s: %w", area, ErrLast)
		}
	}
	return changes, nil
}

// coordinates returns where a person may be a coordinator: in the commons, and
// in order the areas where they are.
func (st Standing) coordinates() []auth.AreaID {
	areas := []auth.AreaID{auth.Commons}
	for area, role := range st.Areas {
		if role == auth.Coordinator {
			areas = append(areas, area)
		}
	}
	slices.SortFunc(areas[1:], auth.AreaID.Compare)
	return areas
}

// Found makes a person the first coordinator of a community that has none who
// can act; if it has one, the error is [ErrFounded]. Whoever may not act is Denied,
// as by Grant. It asks nobody's leave: it is for the host, who may offer it to
// nobody else.
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
		all, seen, err := s.cfg.Store.Coordinators(ctx, auth.Commons, now)
		if err == nil && len(all) > 0 {
			err = ErrFounded
		}
		if err != nil {
			return err
		}
		f, err := s.cfg.Store.Standing(ctx, user, now)
		if err != nil {
			return err
		}
		if err := s.mayCoordinate(ctx, user); err != nil {
			return err
		}
		if m = f.Member; !m.belongs() {
			m = admitted(m, Application{User: user, Category: c}, now)
		}
		if m.State != Active {
			m.Since = now
		}
		m.State, m.Role, m.Category = Active, auth.Coordinator, c
		changes := []storage.Change{HoldCoordinators{Area: auth.Commons, Seen: seen}}
		if f.Member.belongs() {
			changes = append(changes, UpdateMember{m})
		} else {
			waits, kept := s.pending(f, now)
			changes = append(append(changes, kept...), s.admit(f.Member, m, waits, auth.By{}, now)...)
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

// FoundArea makes a member the first coordinator of an area that has none who
// can act, and if it has one, the error is [ErrFounded]. Whoever may grant roles
// in the commons may: that is how a group begins, and how one that has lost its
// coordinators gets another.
func (s *Service) FoundArea(ctx context.Context, who auth.Actor, area auth.AreaID, user auth.UserID) error {
	err := s.decide(ctx, func(now time.Time) error {
		if err := s.may(ctx, who, Grant); err != nil {
			return err
		}
		if area.IsZero() || area == auth.Commons {
			return &storage.Invalid{Field: "area", Code: storage.CodeUnknown}
		}
		all, seen, err := s.cfg.Store.Coordinators(ctx, area, now)
		if err == nil && len(all) > 0 {
			err = ErrFounded
		}
		if err != nil {
			return err
		}
		st, changes, err := s.person(ctx, user, now)
		switch {
		case err != nil:
			return err
		case st.Member.State != Active:
			return ErrNotMember
		}
		if err := s.mayCoordinate(ctx, user); err != nil {
			return err
		}
		role := AreaRole{User: user, Area: area, Role: auth.Coordinator}
		return again(s.cfg.Store.Apply(ctx, append(changes, HoldCoordinators{Area: area, Seen: seen}, SetAreaRole{role}, UpdateMember{st.Member},
			personal(EventFounded, now, Event{By: who.By(), User: user, Area: area, Role: auth.Coordinator}))...))
	})
	return refuse("membership.FoundArea", "area "+area.String(), err)
}
