// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"fmt"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// NewMandate is what somebody says to act for an organisation.
type NewMandate struct {
	Org   auth.OrgID
	Title string
	From  time.Time // default: now
	Until time.Time // not included; zero: open
}

// Codes of [storage.Invalid] that are membership's own.
const (
	CodeOrder    = "order"    // an end that is not after the beginning, or later than it was
	CodePast     = "past"     // an end that has been
	CodeLate     = "late"     // an end too far away
	CodeSame     = "same"     // is so already
	CodeAudience = "audience" // not a circle that a field can be told to
)

// Claim says that the actor acts for an organisation. It lets them do nothing
// until somebody has verified it. A claim that is made twice is one. Whoever is
// restrained claims nothing, and claims count for the rate of [Join].
func (s *Service) Claim(ctx context.Context, who auth.Actor, in NewMandate) (Mandate, error) {
	const op = "membership.Claim"
	var m Mandate
	counted := false
	title, err := storage.Line("title", in.Title, MaxTitle)
	if err == nil {
		err = signedIn(who, Join)
	}
	if err == nil {
		err = s.decide(ctx, func(now time.Time) error {
			m = Mandate{
				ID: storage.NewID[Mandate](), User: who.User, Org: in.Org, Title: title,
				From: instant(in.From), Until: instant(in.Until), Made: now, Version: 1,
			}
			if m.From.IsZero() {
				m.From = now
			}
			switch {
			case m.Until.IsZero():
			case !m.From.Before(m.Until):
				return &storage.Invalid{Field: "until", Code: CodeOrder}
			case !now.Before(m.Until):
				return &storage.Invalid{Field: "until", Code: CodePast}
			}
			st, err := s.standing(ctx, who.User, now)
			if err != nil {
				return err
			}
			if err := st.restrained(Join, ReadOnly); err != nil {
				return err
			}
			if _, err := s.active(ctx, in.Org); err != nil {
				return err
			}
			all, err := s.cfg.Store.Mandates(ctx, who.User)
			if err != nil {
				return err
			}
			for _, x := range all {
				if x.Org == m.Org && x.Title == m.Title && x.Until.Equal(m.Until) && x.ends(now) && (in.From.IsZero() || x.From.Equal(m.From)) {
					m = x
					return nil
				}
			}
			insert, err := insertMandate(m, len(all))
			if err != nil {
				return err
			}
			if !counted {
				if err := s.limit(ctx, who, Join); err != nil {
					return err
				}
				counted = true
			}
			return again(s.cfg.Store.Apply(ctx, append(insert, personal(EventClaimed, now, m.event(self(who))))...))
		})
	}
	if err != nil {
		return Mandate{}, refuse(op, "org "+in.Org.String(), err)
	}
	return m, nil
}

// Verify says that a mandate is what it claims to be. Nobody verifies their
// own. One that is verified stays as it is.
func (s *Service) Verify(ctx context.Context, who auth.Actor, id MandateID) error {
	err := s.decide(ctx, func(now time.Time) error {
		if err := s.may(ctx, who, Decide); err != nil {
			return err
		}
		m, err := s.cfg.Store.Mandate(ctx, id)
		switch {
		case err != nil:
			return err
		case m.User == who.User:
			return &auth.Denied{Action: Decide, Reason: ReasonSelf}
		case !m.Verified.IsZero():
			return nil
		}
		if _, err := s.active(ctx, m.Org); err != nil {
			return err
		}
		m.Verified, m.By = now, who.By()
		return s.cfg.Store.Apply(ctx, UpdateMandate{m}, personal(EventVerified, now, m.event(who.By())))
	})
	return refuse("membership.Verify", "mandate "+id.String(), err)
}

// EndMandate ends a mandate at an instant, now if it is zero: exactly then,
// with nothing to be done about it. The person may, and whoever may decide; it
// only ever ends earlier than it would have.
func (s *Service) EndMandate(ctx context.Context, who auth.Actor, id MandateID, at time.Time) error {
	err := s.decide(ctx, func(now time.Time) error {
		m, by, err := s.mandate(ctx, who, id)
		if err != nil {
			return err
		}
		until := latest(instant(at), now)
		switch {
		case !m.ends(now):
			return nil
		case !m.Until.IsZero() && until.After(m.Until):
			return &storage.Invalid{Field: "until", Code: CodeOrder}
		}
		m.Until = until
		return s.cfg.Store.Apply(ctx, UpdateMandate{m}, personal(EventMandateEnded, now, m.event(by)))
	})
	return refuse("membership.EndMandate", "mandate "+id.String(), err)
}

// Mandates lists a person's mandates, newest first: their own to everybody,
// others' to whoever may decide. There are [MaxMandates] at most.
func (s *Service) Mandates(ctx context.Context, who auth.Actor, user auth.UserID) ([]Mandate, error) {
	const op = "membership.Mandates"
	err := signedIn(who, Decide)
	if err == nil && who.User != user {
		err = s.may(ctx, who, Decide)
	}
	if err != nil {
		return nil, refuse(op, "", err)
	}
	all, err := s.cfg.Store.Mandates(ctx, user)
	return all, refuse(op, "", err)
}

// Claims lists the mandates that wait to be verified, oldest first.
func (s *Service) Claims(ctx context.Context, who auth.Actor, after storage.Cursor, limit int) (storage.Page[Mandate], error) {
	const op = "membership.Claims"
	if err := s.may(ctx, who, Decide); err != nil {
		return storage.Page[Mandate]{}, refuse(op, "", err)
	}
	page, err := s.cfg.Store.Claims(ctx, ClaimQuery{Now: s.cfg.Clock.Now(), After: after, Limit: limit})
	return page, refuse(op, "", err)
}

// mandate returns a mandate that the actor may end, and the byline that they
// may do so with.
func (s *Service) mandate(ctx context.Context, who auth.Actor, id MandateID) (Mandate, auth.By, error) {
	if err := signedIn(who, Decide); err != nil {
		return Mandate{}, auth.By{}, err
	}
	m, err := s.cfg.Store.Mandate(ctx, id)
	by, err := s.owns(ctx, who, m.User, err)
	return m, by, err
}

// verified gives the changes that let a person act for an organisation from
// now on: none if they do already; otherwise what they claim is verified, or
// they are given a mandate.
func (s *Service) verified(ctx context.Context, m Mandate, now time.Time) ([]storage.Change, error) {
	if m.Org.IsZero() {
		return nil, nil
	}
	if _, err := s.active(ctx, m.Org); err != nil {
		return nil, err
	}
	if !m.Until.IsZero() && !now.Before(m.Until) {
		return nil, &storage.Invalid{Field: "until", Code: CodePast}
	}
	all, err := s.cfg.Store.Mandates(ctx, m.User)
	if err != nil {
		return nil, err
	}
	claimed := Mandate{}
	for _, x := range all {
		switch {
		case x.Org != m.Org || !x.ends(now):
		case x.Runs(now):
			return nil, nil
		case x.Verified.IsZero() && !now.Before(x.From):
			claimed = x
		}
	}
	if !claimed.ID.IsZero() {
		claimed.Verified, claimed.By = now, m.By
		if !m.Until.IsZero() {
			claimed.Until = m.Until
		}
		return []storage.Change{UpdateMandate{claimed}, personal(EventVerified, now, claimed.event(m.By))}, nil
	}
	m.ID, m.From, m.Verified, m.Made, m.Version = storage.NewID[Mandate](), now, now, now, 1
	insert, err := insertMandate(m, len(all))
	return append(insert, personal(EventVerified, now, m.event(m.By))), err
}

// insertMandate adds a mandate to the n that a person has. Of two who add one
// at once, the second's is ErrExists.
func insertMandate(m Mandate, n int) ([]storage.Change, error) {
	if n >= MaxMandates {
		return nil, &storage.Invalid{Field: "mandate", Code: storage.CodeTooMany, Params: map[string]any{"max": MaxMandates}}
	}
	slot := storage.Once{Owner: m.User.Bytes(), Key: fmt.Sprintf("membership.mandate/%d", n), Object: m.ID.Bytes(), At: m.Made, Keep: true}
	return []storage.Change{slot, InsertMandate{m}}, nil
}

// ends reports whether a mandate has an end that is still to come, or none.
func (m Mandate) ends(now time.Time) bool { return m.Until.IsZero() || now.Before(m.Until) }

func (m Mandate) event(by auth.By) Event {
	return Event{By: by, User: m.User, Org: m.Org, Mandate: m.ID}
}

// instant is a time as stores keep it.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
