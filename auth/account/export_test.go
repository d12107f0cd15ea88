// SPDX-License-Identifier: BSD-3-Clause

package account

import "strings"

// For tests of what no caller sees.
var (
	HOTP    = hotp
	StepAt  = stepAt
	Matches = matches
)

// Skeleton is what a handle is made of.
func Skeleton(s string) string { return skeleton(s) }

// Reserved returns what says whether a name is reserved in a community.
func Reserved(community string) func(name string) bool { return reserve(community).has }

// ReservedWords are the names that are reserved.
func ReservedWords() []string { return strings.Fields(names + " " + housewords) }
