// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/copis-it/copis/auth"
)

// acr are the classes of authentication that stand for the levels: SPID's,
// which CIE has taken over.
var acr = [...]string{
	auth.LevelLow:         "https://www.spid.gov.it/SpidL1",
	auth.LevelSubstantial: "https://www.spid.gov.it/SpidL2",
	auth.LevelHigh:        "https://www.spid.gov.it/SpidL3",
}

// known says to people how surely they are known.
var known = [...]string{"solo la password", auth.LevelLow: "basso", auth.LevelSubstantial: "significativo", auth.LevelHigh: "elevato"}

// levelOf returns the level of the first class that there is; 0: none is.
func levelOf(classes string) auth.Level {
	for _, c := range strings.Fields(classes) {
		if i := slices.Index(acr[:], c); i > 0 {
			return auth.Level(i)
		}
	}
	return 0
}

// A person is invented. No fiscal code has a month Z.
type person struct{ ID, Given, Family, Email, Fiscal string }

var (
	anna  = person{"anna", "Anna", "Esempio", "anna@comune.example", "TINIT-SMPNNA80Z41Z999A"}
	bruno = person{"bruno", "Bruno", "Prova", "bruno@universita.example", "TINIT-PRVBRN75Z01Z999B"}
	carla = person{"carla", "Carla", "Finta", "carla@associazione.example", "TINIT-FNTCRL90Z52Z999C"}
)

// A choice is what somebody may be at a provider, and how surely.
type choice struct {
	Person person
	Level  auth.Level
}

// Value names a choice in a form.
func (c choice) Value() string { return fmt.Sprintf("%s %d", c.Person.ID, c.Level) }

var choices = map[string][]choice{
	"spid": {
		{anna, auth.LevelLow}, {anna, auth.LevelSubstantial},
		{bruno, auth.LevelLow}, {bruno, auth.LevelSubstantial}, {bruno, auth.LevelHigh},
		{carla, auth.LevelLow},
	},
	"cie": {{bruno, auth.LevelHigh}, {carla, auth.LevelHigh}},
}
