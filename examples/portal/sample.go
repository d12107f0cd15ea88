// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"github.com/copis-it/copis/auth"
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
	in := func(role auth.Role) map[auth.AreaID]auth.Role {
		return map[auth.AreaID]auth.Role{group: role}
	}
	people := []*person{
		{Login: "marta.colonna", Name: "Marta Colonna", Org: secretariat, Role: auth.Coordinator, Areas: in(auth.Coordinator)},
		{Login: "nereo.galvani", Name: "Nereo Galvani", Org: secretariat, Role: auth.Moderator},
		{Login: "ilenia.corsaro", Name: "Ilenia Corsaro", Org: university, Role: auth.Member, Areas: in(auth.Moderator)},
		{Login: "tecla.bassani", Name: "Tecla Bassani", Org: town, Role: auth.Member, Areas: in(auth.Member)},
		{Login: "fulvia.sanna", Name: "Fulvia Sanna", Org: metro, Role: auth.Member, Areas: in(auth.Member)},
		{Login: "osvaldo.renzi", Name: "Osvaldo Renzi", Org: union, Role: auth.Member},
		{Login: "dario.pellegri", Name: "Dario Pellegri", Org: coop, Role: auth.Member},
		{Login: "ettore.brighi", Name: "Ettore Brighi", Role: auth.Observer},
	}
	for _, x := range people {
		x.ID = sampleID[auth.User]("person/" + x.Login)
	}
	return newDirectory(areas, people)
}
