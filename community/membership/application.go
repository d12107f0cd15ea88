// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// NewApplication is what somebody says to be admitted.
type NewApplication struct {
	Category Category
	Org      auth.OrgID // optional; where nobody decides, to act for it they must have it verified, see Claim
	Title    string     // optional: what they are there
	Text     string     // optional: why they ask
}

// Decision is what a coordinator says to an application.
type Decision struct {
	Application ApplicationID
	Approve     bool
	Category    Category  // the right one, if it is approved; default: as asked
	Until       time.Time // of the mandate for its organisation; default: open
	Why         string    // told to the applicant; optional when approved
}

// Apply asks for the actor to be admitted. Where the phase in force leaves the
// category open, or has on its allow-list an organisation that they act for
// with a verified mandate, they are a member at once. Otherwise the application
// waits: until somebody decides, and before that until a phase opens in which it
// can be, as Asked.Opens says; in each phase in which it can, for as long as
// Config.Waits says. The same application sent twice is one; another while one
// waits is [ErrApplied], and somebody who was declined waits for a while
// (auth.Denied, ReasonCoolDown).
func (s *Service) Apply(ctx context.Context, who auth.Actor, in NewApplication) (Asked, error) {
	a, err := s.apply(ctx, who, in)
	if err != nil {
		return Asked{}, refuse("membership.Apply", "", err)
	}
	return a, nil
}

func (s *Service) apply(ctx context.Context, who auth.Actor, in NewApplication) (asked Asked, err error) {
	if err := signedIn(who, Join); err != nil {
		return Asked{}, err
	}
	if !s.cfg.Plan.knows(in.Category) {
		return Asked{}, &storage.Invalid{Field: "category", Code: storage.CodeUnknown}
	}
	if in.Title, err = storage.Optional(storage.Line, "title", in.Title, MaxTitle); err != nil {
		return Asked{}, err
	}
	if in.Text, err = storage.Optional(storage.Text, "text", in.Text, MaxText); err != nil {
		return Asked{}, err
	}
	counted := false
	err = s.decide(ctx, func(now time.Time) error {
		f, err := s.cfg.Store.Standing(ctx, who.User, now)
		if err != nil {
			return err
		}
		st := s.at(f, now)
		if err := st.restrained(Join, Suspension); err != nil {
			return err
		}
		if !st.Waiting.ID.IsZero() {
			if !st.Waiting.asks(in) {
				return ErrApplied
			}
			asked = Asked{st.Waiting, st.Decidable, st.Opens}
			return nil
		}
		if st.Member.belongs() {
			return ErrMember
		}
		if err := s.cooled(ctx, who.User, now); err != nil {
			return err
		}
		if !counted {
			if err := s.limit(ctx, who, Join); err != nil {
				return err
			}
			counted = true
		}
		a := Application{
			ID: storage.NewID[Application](), User: who.User, Category: in.Category, Org: in.Org,
			Title: in.Title, Text: in.Text, State: Applied, Made: now, Version: 1,
		}
		_, changes := s.pending(f, now)
		at, err := s.enters(ctx, a, st)
		if err != nil {
			return err
		}
		if at {
			a.State, a.Decided = Approved, now
			changes = append(changes, InsertApplication{a})
			changes = append(changes, s.admit(f.Member, admitted(f.Member, st.vouched(a), now), Application{}, auth.By{}, now)...)
		} else {
			changes = append(changes, InsertApplication{a}, personal(EventApplied, now, a.event(self(who))))
		}
		codes, err := s.codes(ctx, a)
		if err != nil {
			return err
		}
		asked = s.asked(a, codes, f.Last, now)
		return again(s.cfg.Store.Apply(ctx, changes...))
	})
	return asked, err
}

// enters reports whether the phase in force admits an application without
// anybody's decision.
func (s *Service) enters(ctx context.Context, a Application, st Standing) (bool, error) {
	ph := s.cfg.Plan[st.Phase]
	if a.Org.IsZero() {
		return ph.Admits[a.Category] == Open, nil
	}
	o, err := s.active(ctx, a.Org)
	if err != nil {
		return false, err
	}
	return ph.Admits[a.Category] == Open || ph.Admits[a.Category] >= ByAllowList && st.actsFor(a.Org) && ph.Lists(o.Code), nil
}

// cooled refuses somebody who was declined not long ago.
func (s *Service) cooled(ctx context.Context, user auth.UserID, now time.Time) error {
	for a, err := range s.applications(ctx, ApplicationQuery{State: Declined, User: user}) {
		if err != nil {
			return err
		}
		if again := a.Decided.Add(s.cfg.CoolDown); now.Before(again) {
			return &auth.Denied{Action: Join, Reason: ReasonCoolDown, Opens: again}
		}
	}
	return nil
}

// Withdraw takes the actor's application back. If it no longer waits, as when it
// has Expired, the error is a [storage.Conflict] with the Application as it is.
func (s *Service) Withdraw(ctx context.Context, who auth.Actor, id ApplicationID) error {
	err := signedIn(who, Join)
	if err == nil {
		err = s.decide(ctx, func(now time.Time) error {
			a, err := s.cfg.Store.Application(ctx, id)
			if err == nil && a.User != who.User {
				err = storage.ErrNotFound
			}
			if err != nil {
				return err
			}
			f, err := s.cfg.Store.Standing(ctx, a.User, now)
			if err != nil {
				return err
			}
			if err := s.waits(a, f, now); err != nil {
				return err
			}
			return s.cfg.Store.Apply(ctx, a.withdrawn(now)...)
		})
	}
	return refuse("membership.Withdraw", "application "+id.String(), err)
}

// withdrawn gives the changes that take an application back.
func (a Application) withdrawn(now time.Time) []storage.Change {
	a.State, a.Decided, a.By = Withdrawn, now, auth.By{User: a.User}
	return []storage.Change{UpdateApplication{a}, personal(EventWithdrawn, now, a.event(a.By))}
}

// Decide approves or declines an application. Approved, its author is a member
// in the same unit, and acts for its organisation with a mandate that the
// actor verified by it. Before a phase opens in which it can be decided, it is
// auth.Denied (ReasonPhase, Opens). Of two who decide at once one does; the
// other, as whoever comes later, gets a [storage.Conflict] with the
// Application as it was decided.
func (s *Service) Decide(ctx context.Context, who auth.Actor, in Decision) (Application, error) {
	a, err := s.decision(ctx, who, in)
	if err != nil {
		return Application{}, refuse("membership.Decide", "application "+in.Application.String(), err)
	}
	return a, nil
}

func (s *Service) decision(ctx context.Context, who auth.Actor, in Decision) (a Application, err error) {
	if in.Approve {
		in.Why, err = storage.Optional(storage.Text, "why", in.Why, MaxWhy)
	} else {
		in.Why, err = storage.Text("why", in.Why, MaxWhy)
	}
	if err != nil {
		return a, err
	}
	if in.Category != "" && !s.cfg.Plan.knows(in.Category) {
		return a, &storage.Invalid{Field: "category", Code: storage.CodeUnknown}
	}
	err = s.decide(ctx, func(now time.Time) error {
		if err := s.may(ctx, who, Decide); err != nil {
			return err
		}
		if a, err = s.cfg.Store.Application(ctx, in.Application); err != nil {
			return err
		}
		if a.User == who.User {
			return &auth.Denied{Action: Decide, Reason: ReasonSelf}
		}
		f, err := s.cfg.Store.Standing(ctx, a.User, now)
		if err != nil {
			return err
		}
		if err := s.waits(a, f, now); err != nil {
			return err
		}
		as := a
		if in.Category != "" && in.Approve {
			as.Category = in.Category
		}
		if is, opens := s.cfg.Plan.decidable(as.Category, f.Code, f.Last, now); !is {
			return &auth.Denied{Action: Decide, Reason: ReasonPhase, Opens: opens}
		}
		a.State, a.Decided, a.By, a.Why = Approved, now, who.By(), in.Why
		if !in.Approve {
			a.State = Declined
			return s.cfg.Store.Apply(ctx, UpdateApplication{a}, personal(EventDeclined, now, a.event(who.By())))
		}
		changes, err := s.verified(ctx, Mandate{User: a.User, Org: a.Org, Title: a.Title, Until: instant(in.Until), By: who.By()}, now)
		if err != nil {
			return err
		}
		changes = append(changes, UpdateApplication{a}, personal(EventApproved, now, a.event(who.By())))
		if !f.Member.belongs() {
			changes = append(changes, s.admit(f.Member, admitted(f.Member, as, now), Application{}, who.By(), now)...)
		}
		return again(s.cfg.Store.Apply(ctx, changes...))
	})
	if err == nil {
		a.Version++
	}
	return a, err
}
