// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"errors"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// NewSanction is what somebody imposes on a person.
type NewSanction struct {
	User  auth.UserID
	Area  auth.AreaID // default: the commons, the whole community
	Kind  SanctionKind
	Why   string    // told to the person
	Until time.Time // not included; zero: until it is lifted
}

// Restrain warns a person, or makes them a reader for a while, or suspends
// them, from their next call on. Nobody restrains themselves (ReasonSelf) or
// somebody who has a role above their own there (ReasonAbove), nor the last
// active coordinator ([ErrLast]). A suspension from the community ends what
// Config.Ends says in the same unit. The same sanction sent twice is one.
func (s *Service) Restrain(ctx context.Context, who auth.Actor, in NewSanction) (Sanction, error) {
	var x Sanction
	if in.Area.IsZero() {
		in.Area = auth.Commons
	}
	why, err := storage.Text("why", in.Why, MaxWhy)
	if err == nil && (in.Kind < Warning || in.Kind > Suspension) {
		err = &storage.Invalid{Field: "kind", Code: storage.CodeUnknown}
	}
	if err == nil {
		err = s.decide(ctx, func(now time.Time) error {
			x = Sanction{
				ID: storage.NewID[Sanction](), User: in.User, Area: in.Area, Kind: in.Kind, Why: why,
				From: now, Until: instant(in.Until), By: who.By(), Version: 1,
			}
			return s.restrain(ctx, who, &x, now)
		})
	}
	if err != nil {
		return Sanction{}, refuse("membership.Restrain", "user "+in.User.String(), err)
	}
	return x, nil
}

func (s *Service) restrain(ctx context.Context, who auth.Actor, x *Sanction, now time.Time) error {
	if err := s.sees(ctx, who, x.Area); err != nil {
		return err
	}
	if err := s.mayIn(ctx, who, Restrain, x.Area); err != nil {
		return err
	}
	if !x.Until.IsZero() && !now.Before(x.Until) {
		return &storage.Invalid{Field: "until", Code: CodePast}
	}
	own, err := s.standing(ctx, who.User, now)
	if err != nil {
		return err
	}
	st, err := s.standing(ctx, x.User, now)
	if err != nil {
		return err
	}
	switch {
	case x.User == who.User:
		return &auth.Denied{Action: Restrain, Reason: ReasonSelf}
	case st.Member.User.IsZero():
		return ErrNotMember
	case st.rank(x.Area) > own.rank(x.Area):
		return &auth.Denied{Action: Restrain, Reason: ReasonAbove}
	}
	for _, y := range st.Sanctions {
		if y.Area == x.Area && y.Kind == x.Kind && y.Why == x.Why && y.Until.Equal(x.Until) && y.By == x.By {
			*x = y
			return nil
		}
	}
	var changes []storage.Change
	if x.Area == auth.Commons && x.Kind > Warning {
		if changes, err = s.without(ctx, x.User, now, auth.Commons); err != nil {
			return err
		}
	}
	if x.Area == auth.Commons && x.Kind == Suspension {
		changes = append(changes, s.ends(x.User)...)
	}
	return s.cfg.Store.Apply(ctx, append(changes, InsertSanction{*x}, personal(EventRestrained, now, x.event(who.By())))...)
}

// Lift ends a sanction now. Nobody lifts their own, nor one that somebody above
// them imposed.
func (s *Service) Lift(ctx context.Context, who auth.Actor, id SanctionID) error {
	err := s.decide(ctx, func(now time.Time) error {
		x, err := s.sanction(ctx, who, id, Restrain)
		if err != nil {
			return err
		}
		if err := s.mayIn(ctx, who, Restrain, x.Area); err != nil {
			return err
		}
		if x.User == who.User {
			return &auth.Denied{Action: Restrain, Reason: ReasonSelf}
		}
		if err := s.above(ctx, who, Restrain, x, now); err != nil {
			return err
		}
		if !x.Holds(now) {
			return nil
		}
		x.Lifted = now
		return s.cfg.Store.Apply(ctx, UpdateSanction{x}, personal(EventLifted, now, x.event(who.By())))
	})
	return refuse("membership.Lift", "sanction "+id.String(), err)
}

// above refuses whoever is below the person who imposed a sanction.
func (s *Service) above(ctx context.Context, who auth.Actor, do auth.Action, x Sanction, now time.Time) error {
	own, err := s.standing(ctx, who.User, now)
	if err != nil {
		return err
	}
	by, err := s.standing(ctx, x.By.User, now)
	if err == nil && by.rank(x.Area) > own.rank(x.Area) {
		err = &auth.Denied{Action: do, Reason: ReasonAbove}
	}
	return err
}

// Appeal asks somebody else to look again at a sanction of the actor's own, also
// while it keeps them out: once ([ErrAppealed]). One that was lifted is gone.
func (s *Service) Appeal(ctx context.Context, who auth.Actor, id SanctionID, text string) error {
	err := signedIn(who, Review)
	if err == nil {
		text, err = storage.Text("text", text, MaxText)
	}
	if err == nil {
		err = s.decide(ctx, func(now time.Time) error {
			x, err := s.cfg.Store.Sanction(ctx, id)
			switch {
			case err != nil:
				return err
			case x.User != who.User || !x.Lifted.IsZero():
				return storage.ErrNotFound
			case !x.Appeal.At.IsZero():
				return ErrAppealed
			}
			x.Appeal = Appeal{Text: text, At: now}
			return s.cfg.Store.Apply(ctx, UpdateSanction{x}, personal(EventAppealed, now, x.event(self(who))))
		})
	}
	return refuse("membership.Appeal", "sanction "+id.String(), err)
}

// Answer is what somebody says to an appeal.
type Answer struct {
	Sanction SanctionID
	Upheld   bool // the sanction stays; otherwise it is lifted
	Why      string
}

// Review answers an appeal. Neither whoever is sanctioned nor whoever imposed
// it does (ReasonSelf), nor anybody below the latter (ReasonAbove). Of two at once one does; the other, as whoever comes
// later, gets a [storage.Conflict] with the Sanction as it is.
func (s *Service) Review(ctx context.Context, who auth.Actor, in Answer) error {
	why, err := storage.Text("why", in.Why, MaxWhy)
	if err == nil {
		err = s.decide(ctx, func(now time.Time) error {
			x, err := s.sanction(ctx, who, in.Sanction, Review)
			if err != nil {
				return err
			}
			if err := s.mayIn(ctx, who, Review, x.Area); err != nil {
				return err
			}
			switch {
			case x.User == who.User, x.By.User == who.User:
				return &auth.Denied{Action: Review, Reason: ReasonSelf}
			case x.Appeal.At.IsZero():
				return storage.ErrNotFound
			case !x.Appeal.Decided.IsZero():
				return &storage.Conflict{Base: in, Current: x}
			}
			if err := s.above(ctx, who, Review, x, now); err != nil {
				return err
			}
			x.Appeal.Decided, x.Appeal.By, x.Appeal.Upheld, x.Appeal.Why = now, who.By(), in.Upheld, why
			if !in.Upheld && x.Lifted.IsZero() {
				x.Lifted = now
			}
			return s.cfg.Store.Apply(ctx, UpdateSanction{x}, personal(EventReviewed, now, x.event(who.By())))
		})
	}
	return refuse("membership.Review", "sanction "+in.Sanction.String(), err)
}

// SanctionFilter selects sanctions, newest first.
type SanctionFilter struct {
	User     auth.UserID // zero: everybody's
	Appealed bool        // only those with an appeal that waits for an answer, for whoever may review
	After    storage.Cursor
	Limit    int
}

// Sanctions lists sanctions: the actor's own, and others' of the areas where
// they may restrain, or review.
func (s *Service) Sanctions(ctx context.Context, who auth.Actor, in SanctionFilter) (storage.Page[Sanction], error) {
	const op = "membership.Sanctions"
	q := SanctionQuery{User: in.User, Areas: auth.Everything, Appealed: in.Appealed, After: in.After, Limit: in.Limit}
	err := signedIn(who, Restrain)
	if err == nil && in.User != who.User {
		do := Restrain
		if in.Appealed {
			do = Review
		}
		q.Areas, err = s.cfg.Auth.Reach(ctx, who, do)
	}
	if err != nil {
		return storage.Page[Sanction]{}, refuse(op, "", err)
	}
	page, err := s.cfg.Store.Sanctions(ctx, q)
	return page, refuse(op, "", err)
}

// Sanction returns a sanction of the actor's own, or of an area where they may
// restrain or review.
func (s *Service) Sanction(ctx context.Context, who auth.Actor, id SanctionID) (Sanction, error) {
	err := signedIn(who, Restrain)
	var x Sanction
	if err == nil {
		x, err = s.sanction(ctx, who, id, Restrain, Review)
	}
	if err != nil {
		return Sanction{}, refuse("membership.Sanction", "sanction "+id.String(), err)
	}
	return x, nil
}

// sanction returns a sanction that the actor may know of: their own, or one of
// an area where they may do one of these.
func (s *Service) sanction(ctx context.Context, who auth.Actor, id SanctionID, do ...auth.Action) (Sanction, error) {
	x, err := s.cfg.Store.Sanction(ctx, id)
	if err != nil || x.User == who.User && !who.User.IsZero() {
		return x, err
	}
	for _, do := range do {
		if err := s.mayIn(ctx, who, do, x.Area); !errors.Is(err, auth.ErrDenied) {
			return x, err
		}
	}
	return Sanction{}, storage.ErrNotFound
}

func (x Sanction) event(by auth.By) Event {
	return Event{By: by, User: x.User, Area: x.Area, Sanction: x.ID}
}
