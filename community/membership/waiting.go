// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Asked is an application as it stands now: one that has waited too long is
// Expired, one that the phase in force admits without asking is Approved.
type Asked struct {
	Application
	Decidable bool      // the phase in force lets it be decided
	Opens     time.Time // if not, when one will, if that is known
}

// ApplicationFilter selects applications, oldest first.
type ApplicationFilter struct {
	State    AppState // as it was left: Applied ones may have Expired meanwhile, and say so; zero: all
	Category Category // zero: all
	After    storage.Cursor
	Limit    int
}

// Mine returns the actor's last application.
func (s *Service) Mine(ctx context.Context, who auth.Actor) (Asked, error) {
	const op = "membership.Mine"
	if err := signedIn(who, Join); err != nil {
		return Asked{}, refuse(op, "", err)
	}
	var last Application
	for a, err := range s.applications(ctx, ApplicationQuery{User: who.User}) {
		if err != nil {
			return Asked{}, refuse(op, "", err)
		}
		last = a
	}
	if last.ID.IsZero() {
		return Asked{}, refuse(op, "", storage.ErrNotFound)
	}
	now := s.cfg.Clock.Now()
	f, err := s.cfg.Store.Standing(ctx, who.User, now)
	if err != nil {
		return Asked{}, refuse(op, "", err)
	}
	codes, err := s.codes(ctx, last)
	if err != nil {
		return Asked{}, refuse(op, "", err)
	}
	return s.asked(last, codes, f.Last, now), nil
}

// applications walks applications, oldest first.
func (s *Service) applications(ctx context.Context, q ApplicationQuery) iter.Seq2[Application, error] {
	q.Limit = storage.MaxLimit
	return storage.All(ctx, func(c storage.Cursor) (storage.Page[Application], error) {
		q.After = c
		return s.cfg.Store.Applications(ctx, q)
	})
}

// Applications lists applications, to whoever may decide them.
func (s *Service) Applications(ctx context.Context, who auth.Actor, in ApplicationFilter) (storage.Page[Asked], error) {
	const op = "membership.Applications"
	if err := s.may(ctx, who, Decide); err != nil {
		return storage.Page[Asked]{}, refuse(op, "", err)
	}
	now := s.cfg.Clock.Now()
	f, err := s.cfg.Store.Standing(ctx, auth.UserID{}, now)
	if err != nil {
		return storage.Page[Asked]{}, refuse(op, "", err)
	}
	page, err := s.cfg.Store.Applications(ctx, ApplicationQuery{State: in.State, Category: in.Category, After: in.After, Limit: in.Limit})
	if err != nil {
		return storage.Page[Asked]{}, refuse(op, "", err)
	}
	codes, err := s.codes(ctx, page.Items...)
	if err != nil {
		return storage.Page[Asked]{}, refuse(op, "", err)
	}
	out := storage.Page[Asked]{Next: page.Next}
	for _, a := range page.Items {
		out.Items = append(out.Items, s.asked(a, codes, f.Last, now))
	}
	return out, nil
}

// asked says how an application stands.
func (s *Service) asked(a Application, codes orgCodes, last Turn, now time.Time) Asked {
	a.State, a.Decided = s.stands(a, last, now)
	x := Asked{Application: a}
	if a.State != Applied {
		return x
	}
	var denied *auth.Denied
	if errors.As(s.decidable(a, codes, last, now), &denied) {
		x.Opens = denied.Opens
	} else {
		x.Decidable = true
	}
	return x
}

// stands says where an application stands for whoever reads it, and since when:
// one that the phase in force admits unasked is approved.
func (s *Service) stands(a Application, last Turn, now time.Time) (AppState, time.Time) {
	phase, since := s.cfg.Plan.since(last, now)
	state := s.stateAt(a, phase, since, now)
	if state == Applied && s.cfg.Plan[phase].Admits[a.Category] == Open {
		return Approved, latest(a.Made, since)
	}
	return state, a.Decided
}

// stateAt is where an application stands when it is read in a phase: one that
// somebody could have decided, since the phase began, for as long as it waits,
// is over.
func (s *Service) stateAt(a Application, phase int, since, now time.Time) AppState {
	if a.State == Applied && s.cfg.Plan[phase].Admits[a.Category] == ByApplication && !now.Before(latest(a.Made, since).Add(s.cfg.Waits)) {
		return Expired
	}
	return a.State
}

// waits refuses an application that does not wait for a decision, with what
// became of it.
func (s *Service) waits(a Application, f Facts, now time.Time) error {
	if a.State, a.Decided = s.stands(a, f.Last, now); a.State != Applied {
		return &storage.Conflict{Base: Applied, Current: a}
	}
	return nil
}

// orgCodes are the codes of organisations that an allow-list may have.
type orgCodes map[auth.OrgID]string

// codes looks up the organisations of applications in categories that some
// phase admits by its allow-list alone.
func (s *Service) codes(ctx context.Context, all ...Application) (orgCodes, error) {
	var ids []auth.OrgID
	for _, a := range all {
		listed := slices.ContainsFunc(s.cfg.Plan, func(ph Phase) bool { return ph.Admits[a.Category] == ByAllowList })
		if listed && !a.Org.IsZero() {
			ids = append(ids, a.Org)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	orgs, err := s.cfg.Store.OrgsByID(ctx, ids)
	out := orgCodes{}
	for id, o := range orgs {
		out[id] = o.Code
	}
	return out, err
}

// decidable refuses an application that the phase in force does not let
// anybody decide: it must admit the category by application, or by its
// allow-list and have the organisation on it.
func (s *Service) decidable(a Application, codes orgCodes, last Turn, now time.Time) error {
	at := s.cfg.Plan.At(last, now)
	lets := func(ph Phase) bool {
		adm := ph.Admits[a.Category]
		return adm >= ByApplication || adm == ByAllowList && ph.Lists(codes[a.Org])
	}
	if lets(s.cfg.Plan[at]) {
		return nil
	}
	return &auth.Denied{Action: Decide, Reason: ReasonPhase, Opens: s.cfg.Plan.Opens(at, now, lets)}
}

// asks reports whether an application says the same.
func (a Application) asks(in NewApplication) bool {
	return a.Category == in.Category && a.Org == in.Org && a.Title == in.Title && a.Text == in.Text
}

func (a Application) event(by auth.By) Event {
	return Event{By: by, User: a.User, Org: a.Org, Application: a.ID}
}
