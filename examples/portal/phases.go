// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
)

// A phaseView is a phase as everybody may know it.
type phaseView struct {
	Name   string
	Now    bool
	Opens  time.Time // by itself; zero: by hand
	Reads  bool      // whoever is no member reads what is public
	Admits []admitted
}

// admitted says how a category comes in.
type admitted struct {
	Category membership.Category
	How      membership.Admission
}

type phasesView struct {
	Phases []phaseView
	Since  time.Time // of the phase in force; zero: from the beginning
	Sample bool
}

// categories are those that the plan may admit, in the order of the pages.
var categories = []membership.Category{
	membership.Beneficiary, membership.Partner, membership.University, membership.Research,
	membership.PublicBody, membership.PrivateBody, membership.Expert, membership.Citizen,
}

func (p *portal) phases(v *visit) error {
	in, err := p.c.Membership.Phase(v.ctx())
	if err != nil {
		return err
	}
	view := phasesView{Since: in.Since}
	if view.Sample, err = seeded(v.ctx(), p.store); err != nil {
		return err
	}
	for i, ph := range p.c.Membership.Plan() {
		x := phaseView{Name: ph.Name, Now: i == in.Phase, Opens: ph.Opens, Reads: ph.Audience == auth.Public}
		for _, c := range categories {
			if how := ph.Admits[c]; how != membership.Closed {
				x.Admits = append(x.Admits, admitted{c, how})
			}
		}
		view.Phases = append(view.Phases, x)
	}
	return p.show(v, "phases", p.t(v, "phases.title"), view)
}
