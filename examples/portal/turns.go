// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// A planView is the plan as a table, and what has become of it.
type planView struct {
	InForce membership.InForce
	Plan    membership.Plan
	Rows    []planRow
	Reads   []bool     // phase after phase: whoever is no member may do something
	Turns   []turnView // the latest first
}

// A planRow says how a category comes in, phase after phase.
type planRow struct {
	Category membership.Category
	Admits   []membership.Admission
}

// A turnView is a turn of the phase by hand.
type turnView struct {
	membership.Turn
	Name   string // of the phase
	Turner byline
}

func (p *portal) turns(v *visit) error {
	var view planView
	var err error
	if view.InForce, err = p.c.Membership.Phase(v.ctx()); err != nil {
		return err
	}
	turns, err := p.c.Membership.Turns(v.ctx(), v.who)
	if err != nil {
		return err
	}
	view.Plan = p.c.Membership.Plan()
	for _, ph := range view.Plan {
		view.Reads = append(view.Reads, len(ph.Allows[""]) > 0)
	}
	for _, c := range categories {
		r := planRow{Category: c}
		for _, ph := range view.Plan {
			r.Admits = append(r.Admits, ph.Admits[c])
		}
		view.Rows = append(view.Rows, r)
	}
	bys := make([]auth.By, len(turns))
	for i, x := range turns {
		bys[i] = x.By
	}
	p.learn(v, bys...)
	for _, x := range slices.Backward(turns) {
		name := ""
		if x.Phase < len(view.Plan) {
			name = view.Plan[x.Phase].Name
		}
		view.Turns = append(view.Turns, turnView{x, name, p.byline(v, x.By)})
	}
	return p.show(v, "turns", p.t(v, "turns.title"), view)
}

// A simulationView says what another phase would change, and has the form to
// put it in force.
type simulationView struct {
	membership.Simulation
	FromName, ToName string
	Effects          []effectView
	Form             fields
	Seen             int
}

// An effectView is what a turn of the phase means for a category.
type effectView struct {
	membership.Effect
	Who          string
	Gains, Loses []string // what can be done, in words
	Changes      bool
}

// phaseOf reads the phase of the address.
func (p *portal) phaseOf(v *visit) (int, error) {
	n, err := strconv.Atoi(v.r.PathValue("phase"))
	if err != nil || n < 0 || n >= len(p.c.Membership.Plan()) || strconv.Itoa(n) != v.r.PathValue("phase") {
		return 0, storage.ErrNotFound
	}
	return n, nil
}

func (p *portal) simulationView(v *visit, f fields) (simulationView, error) {
	to, err := p.phaseOf(v)
	if err != nil {
		return simulationView{}, err
	}
	x, err := p.c.Membership.Simulate(v.ctx(), v.who, to)
	if err != nil {
		return simulationView{}, err
	}
	plan := p.c.Membership.Plan()
	view := simulationView{Simulation: x, FromName: plan[x.From].Name, ToName: plan[x.To].Name, Form: f, Seen: x.From}
	for _, e := range x.Effects {
		view.Effects = append(view.Effects, p.effectView(v, e))
	}
	return view, nil
}

func (p *portal) effectView(v *visit, e membership.Effect) effectView {
	view := effectView{Effect: e, Who: p.t(v, "effect.nobody")}
	if e.Category != "" {
		view.Who = p.t(v, p.known("category."+string(e.Category), "effect.other"), "Category", string(e.Category))
	}
	view.Gains, view.Loses = p.actionNames(v, e.Gains), p.actionNames(v, e.Loses)
	view.Changes = len(e.Gains)+len(e.Loses)+e.Joins+e.Decidable+e.Waits > 0 || e.Before != e.After
	return view
}

// actionNames returns what can be done, in words.
func (p *portal) actionNames(v *visit, actions []auth.Action) []string {
	var out []string
	for _, a := range actions {
		if key := "action." + string(a); p.views.keys[key] {
			out = append(out, p.t(v, key))
		} else {
			out = append(out, string(a))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (p *portal) simulation(v *visit) error {
	view, err := p.simulationView(v, ask(v, "why"))
	if err != nil {
		return err
	}
	return p.show(v, "simulation", p.t(v, "simulation.title"), view)
}

// turn puts the phase of the address in force, if the one that the form was
// shown in still is.
func (p *portal) turn(v *visit) error {
	to, err := p.phaseOf(v)
	if err != nil {
		return err
	}
	seen, err := strconv.Atoi(v.field("seen"))
	if err != nil {
		return errMalformed
	}
	_, err = p.c.Membership.Advance(v.ctx(), v.who, membership.NewTurn{To: to, Seen: seen, Why: v.field("why")})
	if err == nil {
		return p.redirect(v, query(p.url("desk/phases"), "done", "turned"))
	}
	f := ask(v, "why")
	status, err2 := p.refuse(v, &f, err)
	if err2 != nil {
		return err2
	}
	view, err2 := p.simulationView(v, f)
	if err2 != nil {
		return err2
	}
	if errors.Is(err, storage.ErrConflict) {
		view.Form.Problem, status = p.t(v, "turn.gone", "Phase", p.t(v, "phase."+view.FromName)), http.StatusConflict
	}
	return p.again(v, status, "simulation", p.t(v, "simulation.title"), view)
}
