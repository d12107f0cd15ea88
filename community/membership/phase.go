// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// An InForce is the phase that is in force, and what comes after it.
type InForce struct {
	Phase int       // index in the Plan
	Name  string    // of it
	Since time.Time // zero: from the beginning
	Turn  int       // N of the last turn by hand; 0: none
	Next  int       // the phase that comes next; Phase itself: none
	Opens time.Time // when, by its date; zero: by hand
}

// Phase returns the phase in force. Everybody may know it.
func (s *Service) Phase(ctx context.Context) (InForce, error) {
	now := s.cfg.Clock.Now()
	f, err := s.cfg.Store.Standing(ctx, auth.UserID{}, now)
	if err != nil {
		return InForce{}, refuse("membership.Phase", "", err)
	}
	return s.cfg.Plan.inForce(f.Last, now), nil
}

// Plan returns the plan as the service goes by it.
func (s *Service) Plan() Plan { return slices.Clone(s.cfg.Plan) }

func (p Plan) inForce(last Turn, now time.Time) InForce {
	at, since := p.since(last, now)
	in := InForce{Phase: at, Name: p[at].Name, Since: since, Turn: last.N, Next: min(at+1, len(p)-1)}
	if in.Opens = p.Opens(at, now, func(Phase) bool { return true }); !in.Opens.IsZero() {
		in.Next = p.At(Turn{Phase: at, At: now}, in.Opens)
	}
	return in
}

// Turns lists every turn of the phase by hand, oldest first, with its reason.
func (s *Service) Turns(ctx context.Context, who auth.Actor) ([]Turn, error) {
	const op = "membership.Turns"
	if err := s.may(ctx, who, Steer); err != nil {
		return nil, refuse(op, "", err)
	}
	all, err := s.cfg.Store.Turns(ctx)
	return all, refuse(op, "", err)
}

// A Simulation says what would change if another phase were in force.
type Simulation struct {
	From, To      int           // indexes in the Plan
	Before, After auth.Audience // of what is written then; what there is keeps its own
	Effects       []Effect      // a category each, by name; first the empty one, whoever is not a member
}

// An Effect is what a turn of the phase means for a category.
type Effect struct {
	Category      Category
	Members       int // active ones, but for whoever is one only by an application that nobody decided
	Gains, Loses  []auth.Action
	Before, After Admission
	Joins         int // applications that wait and would make members
	Decidable     int // applications that wait and could be decided then, and cannot now
	Waits         int // applications that can be decided now, and would wait
}

// Simulate says what would change if a phase were in force now. It changes
// nothing.
func (s *Service) Simulate(ctx context.Context, who auth.Actor, to int) (Simulation, error) {
	x, err := s.simulate(ctx, who, to)
	if err != nil {
		return Simulation{}, refuse("membership.Simulate", "", err)
	}
	return x, nil
}

func (s *Service) simulate(ctx context.Context, who auth.Actor, to int) (Simulation, error) {
	if err := s.may(ctx, who, Steer); err != nil {
		return Simulation{}, err
	}
	if to < 0 || to >= len(s.cfg.Plan) {
		return Simulation{}, &storage.Invalid{Field: "to", Code: storage.CodeUnknown}
	}
	now := s.cfg.Clock.Now()
	f, err := s.cfg.Store.Standing(ctx, auth.UserID{}, now)
	if err != nil {
		return Simulation{}, err
	}
	members, err := s.cfg.Store.Tally(ctx)
	if err != nil {
		return Simulation{}, err
	}
	from := s.cfg.Plan.At(f.Last, now)
	x := s.cfg.Plan.compare(from, to, members)
	effects := map[Category]*Effect{}
	for i := range x.Effects {
		effects[x.Effects[i].Category] = &x.Effects[i]
	}
	then := Turn{N: f.Last.N + 1, Phase: to, At: now}
	admitted := s.cfg.Plan.admits(func(Phase, Category) bool { return true })
	for a, err := range s.undecided(ctx, admitted, f.Last, now) {
		if err != nil {
			return Simulation{}, err
		}
		if e := effects[a.Category]; e != nil { // otherwise the plan has it no more
			e.count(a.Asked, s.asked(a.Application, orgCodes{a.Org: a.code}, then, now))
		}
	}
	return x, nil
}

// count adds what a turn means for an application. What has become of one
// already, a turn keeps.
func (e *Effect) count(is, would Asked) {
	switch {
	case is.State != Applied:
	case would.State == Approved:
		e.Joins++
	case is.Decidable && !would.Decidable:
		e.Waits++
	case would.Decidable && !is.Decidable:
		e.Decidable++
	}
}

// compare says what two phases of a plan allow and admit, side by side.
func (p Plan) compare(from, to int, members Tally) Simulation {
	a, b := p[from], p[to]
	x := Simulation{From: from, To: to, Before: a.Audience, After: b.Audience}
	all := map[Category]bool{"": true}
	for c := range members {
		all[c] = true
	}
	for _, ph := range p {
		for c := range ph.Admits {
			all[c] = true
		}
		for c := range ph.Allows {
			all[c] = true
		}
	}
	for _, c := range slices.Sorted(maps.Keys(all)) {
		x.Effects = append(x.Effects, Effect{
			Category: c, Members: members[c],
			Gains: beyond(b.Allows[c], a.Allows[c]), Loses: beyond(a.Allows[c], b.Allows[c]),
			Before: a.Admits[c], After: b.Admits[c],
		})
	}
	return x
}

// beyond returns, in order and each once, the actions that are not among others.
func beyond(actions, others []auth.Action) []auth.Action {
	out := only(actions, func(do auth.Action) bool { return !slices.Contains(others, do) })
	slices.Sort(out)
	return slices.Compact(out)
}

// NewTurn turns the phase by hand.
type NewTurn struct {
	To   int    // index in the Plan; may be an earlier one
	Seen int    // the phase that was in force when this was decided: InForce.Phase
	Why  string // kept with the turn
}

// Advance puts another phase in force, from now on, until another turn or the
// date of a later phase: forward, or back. Going back suspends what the phase
// does not allow; it takes nothing away, and what members were they are again
// when it returns. What has become of applications that nobody decided, expired
// or approved by the phase, is kept before another is in force; it is so whether
// or not the turn comes to be, and many are kept in several units. If another
// phase is in force than was seen, as for the second of two who turn at once,
// the error is a [storage.Conflict] with the InForce that is.
func (s *Service) Advance(ctx context.Context, who auth.Actor, in NewTurn) (InForce, error) {
	var is InForce
	why, err := storage.Text("why", in.Why, MaxWhy)
	if err == nil {
		err = s.decide(ctx, func(now time.Time) error {
			if err := s.may(ctx, who, Steer); err != nil {
				return err
			}
			if in.To < 0 || in.To >= len(s.cfg.Plan) {
				return &storage.Invalid{Field: "to", Code: storage.CodeUnknown}
			}
			f, err := s.cfg.Store.Standing(ctx, auth.UserID{}, now)
			if err != nil {
				return err
			}
			is = s.cfg.Plan.inForce(f.Last, now)
			switch {
			case is.Phase != in.Seen:
				return &storage.Conflict{Base: in.Seen, Current: is}
			case is.Phase == in.To:
				return &storage.Invalid{Field: "to", Code: CodeSame}
			}
			changes, err := s.settle(ctx, f.Last, now)
			if err != nil {
				return err
			}
			t := Turn{N: f.Last.N + 1, Phase: in.To, At: now, By: who.By(), Why: why}
			is = s.cfg.Plan.inForce(t, now)
			return again(s.cfg.Store.Apply(ctx, append(changes, InsertTurn{t}, general(EventTurned, now, Event{By: who.By(), Phase: in.To}))...))
		})
	}
	if err != nil {
		return InForce{}, refuse("membership.Advance", "", err)
	}
	return is, nil
}

// settledAtOnce bounds how many changes settle gives or applies at once, but
// for those of one application more.
const settledAtOnce = 200

// settle keeps what has become of the applications that nobody decided, of
// which something can have become, and gives the changes that are left to be
// applied.
func (s *Service) settle(ctx context.Context, last Turn, now time.Time) (changes []storage.Change, err error) {
	var since Plan
	for _, x := range s.cfg.Plan.stretches(last, now) {
		since = append(since, x.Phase)
	}
	of := since.admits(func(ph Phase, c Category) bool { return ph.Admits[c] >= ByAllowList })
	for x, err := range s.undecided(ctx, of, last, now) {
		if err != nil {
			return nil, err
		}
		if len(changes) >= settledAtOnce {
			if err := again(s.cfg.Store.Apply(ctx, changes...)); err != nil {
				return nil, err
			}
			changes = nil
		}
		switch x.State {
		case Expired:
			changes = append(changes, UpdateApplication{x.Application})
		case Approved:
			_, joins, err := s.person(ctx, x.User, now)
			if err != nil {
				return nil, err
			}
			changes = append(changes, joins...)
		}
	}
	return changes, nil
}
