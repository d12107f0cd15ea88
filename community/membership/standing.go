// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Standing returns what a person is now, with one read of the store; of the
// zero user, a visitor, it is the phase alone. Everything in it is as of now,
// whatever has or has not been done by a job: an application in a category that
// the phase in force leaves open to whoever asks is a membership, mandates run,
// sanctions hold, and phases open by their date.
func (s *Service) Standing(ctx context.Context, user auth.UserID) (Standing, error) {
	st, err := s.standing(ctx, user, s.cfg.Clock.Now())
	if err != nil {
		return Standing{}, refuse("membership.Standing", "", err)
	}
	return st, nil
}

func (s *Service) standing(ctx context.Context, user auth.UserID, now time.Time) (Standing, error) {
	f, err := s.cfg.Store.Standing(ctx, user, now)
	if err != nil {
		return Standing{}, err
	}
	return s.at(f, now), nil
}

// at says what facts mean at an instant.
func (s *Service) at(f Facts, now time.Time) Standing {
	st := f.Standing
	st.Phase = s.cfg.Plan.At(f.Last, now)
	st.Mandates = only(f.Mandates, func(m Mandate) bool { return m.Runs(now) })
	st.Waiting = Application{}
	if !f.Waiting.ID.IsZero() && !st.Member.belongs() {
		switch state, when := s.fate(f.Waiting, f.Code, f.Last, now); state {
		case Approved:
			st.Member = admitted(st.Member, st.vouched(f.Waiting), when)
		case Applied:
			st.Waiting = f.Waiting
			st.Decidable, st.Opens = s.cfg.Plan.decidable(f.Waiting.Category, f.Code, f.Last, now)
		}
	}
	st.Newcomer = st.Member.State == Active && now.Before(st.Member.Joined.Add(s.cfg.Newcomer))
	return st
}

// admitted returns the member that an application makes of whoever they were.
func admitted(m Member, a Application, at time.Time) Member {
	if m.User.IsZero() {
		m = Member{User: a.User, Joined: at, Version: 1}
	}
	m.State, m.Role, m.Category, m.Org, m.Since = Active, auth.Member, a.Category, a.Org, at
	return m
}

// actsFor reports whether a person acts for an organisation.
func (st Standing) actsFor(org auth.OrgID) bool {
	return slices.ContainsFunc(st.Mandates, func(m Mandate) bool { return m.Org == org })
}

// vouched returns an application that nobody decides, without the organisation
// that only its author says they are of.
func (st Standing) vouched(a Application) Application {
	if !st.actsFor(a.Org) {
		a.Org = auth.OrgID{}
	}
	return a
}

// belongs reports whether somebody need not ask to be admitted.
func (m Member) belongs() bool { return m.State == Active || m.State == Away }

// RoleIn returns what a person is in an area, as far as they take part there:
// an area is its members', and who coordinates the community has no part in it
// by that. Whoever does not take part in the community takes part nowhere.
func (st Standing) RoleIn(area auth.AreaID) auth.Role {
	switch {
	case st.Member.State != Active:
		return auth.Outsider
	case area == auth.Commons:
		return st.Member.Role
	}
	return st.Areas[area]
}

// rank returns what others must not be below to rule over a person in an area,
// whether they take part at present or not: a coordinator of the community is
// nowhere below anybody.
func (st Standing) rank(area auth.AreaID) auth.Role {
	switch {
	case !st.Member.belongs():
		return auth.Outsider
	case area == auth.Commons, st.Member.Role == auth.Coordinator:
		return st.Member.Role
	}
	return st.Areas[area]
}

// restrained returns the refusal of somebody who is restrained in the whole
// community, by at least this much.
func (st Standing) restrained(do auth.Action, least SanctionKind) error {
	for _, x := range st.Sanctions {
		if x.Kind >= least && x.Area == auth.Commons {
			return &auth.Denied{Action: do, Reason: ReasonSanction, Opens: x.Until}
		}
	}
	return nil
}

// person returns a person as they stand, and the changes that make a row of a
// membership that is only an application yet, if there is one. An application
// that was left beside a membership is in Waiting.
func (s *Service) person(ctx context.Context, user auth.UserID, now time.Time) (Standing, []storage.Change, error) {
	f, err := s.cfg.Store.Standing(ctx, user, now)
	if err != nil {
		return Standing{}, nil, err
	}
	st := s.at(f, now)
	if f.Member.belongs() {
		st.Waiting = f.Waiting
	}
	if !st.Member.belongs() || f.Member.belongs() {
		return st, nil, nil
	}
	changes := s.admit(f.Member, st.Member, f.Waiting, auth.By{}, now)
	if !f.Member.User.IsZero() {
		st.Member.Version++
	}
	return st, changes, nil
}

// pending returns the application that waits of somebody who is about to be
// admitted otherwise, or asks anew, if there is one; and for one that is over
// what keeps that it is.
func (s *Service) pending(f Facts, now time.Time) (Application, []storage.Change) {
	a := f.Waiting
	if a.ID.IsZero() {
		return a, nil
	}
	state, when := s.fate(a, f.Code, f.Last, now)
	if state != Expired {
		return a, nil
	}
	a.State, a.Decided = state, when
	return Application{}, []storage.Change{UpdateApplication{a}}
}

// admit makes a member of somebody who was was before, and ends their
// application, if they have one.
func (s *Service) admit(was, is Member, a Application, by auth.By, now time.Time) []storage.Change {
	var changes []storage.Change
	if !a.ID.IsZero() {
		a.State, a.Decided, a.By = Approved, now, by
		changes = append(changes, UpdateApplication{a})
	}
	if was.User.IsZero() {
		changes = append(changes, InsertMember{is})
	} else {
		changes = append(changes, UpdateMember{is})
	}
	return append(changes, personal(EventJoined, now, Event{By: by, User: is.User, Org: is.Org, Application: a.ID}))
}

// only returns the items for which keep is true, in a slice of its own.
func only[T any](items []T, keep func(T) bool) []T {
	var out []T
	for _, x := range items {
		if keep(x) {
			out = append(out, x)
		}
	}
	return out
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
