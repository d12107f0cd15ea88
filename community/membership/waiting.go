// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
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
	State     AppState // as it was left: Applied ones may have Expired meanwhile, and say so; zero: all
	Category  Category // zero: all
	Decidable bool     // only those that wait and can be decided now
	After     storage.Cursor
	Limit     int
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
	x, err := s.read(ctx, last)
	return x, refuse(op, "", err)
}

// Application returns an application, to its author and to whoever may decide
// it; for anybody else there is none.
func (s *Service) Application(ctx context.Context, who auth.Actor, id ApplicationID) (Asked, error) {
	x, err := s.application(ctx, who, id)
	if err != nil {
		return Asked{}, refuse("membership.Application", "application "+id.String(), err)
	}
	return x, nil
}

func (s *Service) application(ctx context.Context, who auth.Actor, id ApplicationID) (Asked, error) {
	if err := signedIn(who, Decide); err != nil {
		return Asked{}, err
	}
	a, err := s.cfg.Store.Application(ctx, id)
	if _, err = s.owns(ctx, who, a.User, err); err != nil {
		return Asked{}, err
	}
	return s.read(ctx, a)
}

// read says how an application stands now.
func (s *Service) read(ctx context.Context, a Application) (Asked, error) {
	now := s.cfg.Clock.Now()
	f, err := s.cfg.Store.Standing(ctx, auth.UserID{}, now)
	if err != nil {
		return Asked{}, err
	}
	codes, err := s.codes(ctx, a)
	if err != nil {
		return Asked{}, err
	}
	return s.asked(a, codes, f.Last, now), nil
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
	page, err := s.listed(ctx, who, in)
	if err != nil {
		return storage.Page[Asked]{}, refuse("membership.Applications", "", err)
	}
	return page, nil
}

func (s *Service) listed(ctx context.Context, who auth.Actor, in ApplicationFilter) (out storage.Page[Asked], err error) {
	if err := s.may(ctx, who, Decide); err != nil {
		return out, err
	}
	now := s.cfg.Clock.Now()
	f, err := s.cfg.Store.Standing(ctx, auth.UserID{}, now)
	if err != nil {
		return out, err
	}
	q := ApplicationQuery{State: in.State, After: in.After, Limit: storage.Limit(in.Limit)}
	if in.Category != "" {
		q.Categories = []Category{in.Category}
	}
	if in.Decidable {
		if in.State != 0 && in.State != Applied {
			return out, nil
		}
		q.State, q.Categories = Applied, s.cfg.Plan[s.cfg.Plan.At(f.Last, now)].decided(in.Category)
		if len(q.Categories) == 0 {
			return out, nil
		}
	}
	for {
		page, err := s.cfg.Store.Applications(ctx, q)
		if err != nil {
			return out, err
		}
		codes, err := s.codes(ctx, page.Items...)
		if err != nil {
			return out, err
		}
		for i, a := range page.Items {
			if x := s.asked(a, codes, f.Last, now); x.Decidable || !in.Decidable {
				out.Items = append(out.Items, x)
			}
			if len(out.Items) < q.Limit || i == len(page.Items)-1 {
				continue
			}
			q.Limit = i + 1 // the next page begins after this one
			page, err = s.cfg.Store.Applications(ctx, q)
			out.Next = page.Next
			return out, err
		}
		if page.Next == "" || len(out.Items) == q.Limit {
			out.Next = page.Next
			return out, nil
		}
		q.After = page.Next
	}
}

// decided returns the categories, or c if it is one of them, on which a phase
// lets somebody decide, in order. Those that it leaves open nobody need.
func (p Phase) decided(c Category) (all []Category) {
	for x, adm := range p.Admits {
		if (adm == ByAllowList || adm == ByApplication) && (c == "" || x == c) {
			all = append(all, x)
		}
	}
	slices.Sort(all)
	return all
}

// Waits counts the applications that nobody has decided.
type Waits struct {
	Decidable int  // now
	Early     int  // for a phase that lets them be decided
	More      bool // there may be more than that: only so many are looked at
}

// MaxWaits bounds how many applications [Service.Waits] looks at, oldest first:
// so many of categories that can be decided now, and so many of all others.
const MaxWaits = 1000

// Waits counts the applications that wait, for whoever may decide them: exactly,
// unless very many do.
func (s *Service) Waits(ctx context.Context, who auth.Actor) (n Waits, err error) {
	if n, err = s.count(ctx, who); err != nil {
		return Waits{}, refuse("membership.Waits", "", err)
	}
	return n, nil
}

func (s *Service) count(ctx context.Context, who auth.Actor) (n Waits, err error) {
	if err := s.may(ctx, who, Decide); err != nil {
		return n, err
	}
	now := s.cfg.Clock.Now()
	f, err := s.cfg.Store.Standing(ctx, auth.UserID{}, now)
	if err != nil {
		return n, err
	}
	decided := s.cfg.Plan[s.cfg.Plan.At(f.Last, now)].decided("")
	others := s.cfg.Plan.admits(func(_ Phase, c Category) bool { return !slices.Contains(decided, c) })
	for _, of := range [][]Category{decided, others} {
		looked := 0
		for x, err := range s.undecided(ctx, of, f.Last, now) {
			if err != nil {
				return n, err
			}
			if looked == MaxWaits {
				n.More = true
				break
			}
			switch looked++; {
			case x.Decidable:
				n.Decidable++
			case x.State == Applied:
				n.Early++
			}
		}
	}
	return n, nil
}

// admits returns the categories, in order, of which some phase says how they
// are admitted and fn is true.
func (p Plan) admits(fn func(Phase, Category) bool) (all []Category) {
	for _, ph := range p {
		for c := range ph.Admits {
			if fn(ph, c) {
				all = append(all, c)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// An undecided is an application as it stands, that nobody has decided, with
// its organisation's code where some phase asks for it.
type undecided struct {
	Asked
	code string
}

// undecided walks the applications of some categories that nobody has decided,
// oldest first.
func (s *Service) undecided(ctx context.Context, of []Category, last Turn, now time.Time) iter.Seq2[undecided, error] {
	if len(of) == 0 {
		return func(func(undecided, error) bool) {}
	}
	return storage.All(ctx, func(c storage.Cursor) (storage.Page[undecided], error) {
		page, err := s.cfg.Store.Applications(ctx, ApplicationQuery{State: Applied, Categories: of, After: c, Limit: storage.MaxLimit})
		if err != nil {
			return storage.Page[undecided]{}, err
		}
		codes, err := s.codes(ctx, page.Items...)
		out := storage.Page[undecided]{Next: page.Next}
		for _, a := range page.Items {
			out.Items = append(out.Items, undecided{s.asked(a, codes, last, now), codes[a.Org]})
		}
		return out, err
	})
}

// asked says how an application stands.
func (s *Service) asked(a Application, codes orgCodes, last Turn, now time.Time) Asked {
	a.State, a.Decided = s.fate(a, codes[a.Org], last, now)
	x := Asked{Application: a}
	if a.State == Applied {
		x.Decidable, x.Opens = s.cfg.Plan.decidable(a.Category, codes[a.Org], last, now)
	}
	return x
}

// fate says where an application stands for whoever reads it, and since when.
// One that nobody has decided is over when it could have been for as long as it
// waits, in one stretch of a phase, and approved by the first phase that admits
// it unasked; whichever comes first, no later phase undoes it.
func (s *Service) fate(a Application, code string, last Turn, now time.Time) (AppState, time.Time) {
	if a.State != Applied {
		return a.State, a.Decided
	}
	for _, x := range s.cfg.Plan.stretches(last, now) {
		from := latest(a.Made, x.from)
		switch over := from.Add(s.cfg.Waits); {
		case !from.Before(x.until) && x.until.Before(now): // made later
		case x.Admits[a.Category] == Open:
			return Approved, from
		case x.decides(a.Category, code) && !over.After(x.until):
			return Expired, over
		}
	}
	return Applied, a.Decided
}

// waits refuses an application that does not wait for a decision, with what
// became of it.
func (s *Service) waits(a Application, f Facts, now time.Time) error {
	if a.State == Applied && f.Waiting.ID != a.ID {
		return storage.ErrConflict // decided since it was read
	}
	if a.State, a.Decided = s.fate(a, f.Code, f.Last, now); a.State != Applied {
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

// decidable reports whether the phase in force lets somebody decide on what is
// asked, or when one will, if that is known.
func (p Plan) decidable(c Category, code string, last Turn, now time.Time) (is bool, opens time.Time) {
	at := p.At(last, now)
	if p[at].decides(c, code) {
		return true, time.Time{}
	}
	return false, p.Opens(at, now, func(ph Phase) bool { return ph.decides(c, code) })
}

// asks reports whether an application says the same.
func (a Application) asks(in NewApplication) bool {
	return a.Category == in.Category && a.Org == in.Org && a.Title == in.Title && a.Text == in.Text
}

func (a Application) event(by auth.By) Event {
	return Event{By: by, User: a.User, Org: a.Org, Application: a.ID}
}
