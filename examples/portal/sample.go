// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
)

// samplePeople returns the people, bodies and areas of the sample. All of them
// are invented.
func samplePeople() *directory {
	body := func(name string) *org { return &org{ID: sampleID[auth.Org]("org/" + name), Name: name} }
	secretariat := body("Segreteria della comunità")
	town := body("Comune di Roccachiara")
	union := body("Unione dei Comuni della Valle Grande")
	metro := body("Città metropolitana di Portoalto")
	university := body("Università di Montesole")
	coop := body("Cooperativa sociale Il Filo")

	group := sampleID[auth.Area]("area/outcome")
	areas := []area{
		{auth.Commons, "commons", "Spazio comune", ""},
		{group, "outcome", "Gruppo di lavoro sugli outcome", "Area riservata a chi fa parte del gruppo."},
	}
	in := func(role community.Role) map[auth.AreaID]community.Role {
		return map[auth.AreaID]community.Role{group: role}
	}
	people := []*person{
		{Login: "marta.colonna", Name: "Marta Colonna", Org: secretariat, Role: community.Coordinator, Areas: in(community.Coordinator)},
		{Login: "nereo.galvani", Name: "Nereo Galvani", Org: secretariat, Role: community.Moderator},
		{Login: "ilenia.corsaro", Name: "Ilenia Corsaro", Org: university, Role: community.Member, Areas: in(community.Moderator)},
		{Login: "tecla.bassani", Name: "Tecla Bassani", Org: town, Role: community.Member, Areas: in(community.Member)},
		{Login: "fulvia.sanna", Name: "Fulvia Sanna", Org: metro, Role: community.Member, Areas: in(community.Member)},
		{Login: "osvaldo.renzi", Name: "Osvaldo Renzi", Org: union, Role: community.Member},
		{Login: "dario.pellegri", Name: "Dario Pellegri", Org: coop, Role: community.Member},
		{Login: "ettore.brighi", Name: "Ettore Brighi", Role: community.Observer},
	}
	for _, x := range people {
		x.ID = sampleID[auth.User]("person/" + x.Login)
	}
	return newDirectory(areas, people)
}
