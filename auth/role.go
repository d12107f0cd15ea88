// SPDX-License-Identifier: BSD-3-Clause

package auth

// Role is what a person is in the community or in one of its areas. Each may
// do all that those before it may.
type Role uint8

// The roles.
const (
	Outsider    Role = iota // a visitor, or a person who is not a member
	Observer                // reads
	Member                  // takes part
	Moderator               // keeps order
	Coordinator             // runs the place
)

var roleNames = [...]string{"outsider", "observer", "member", "moderator", "coordinator"}

func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return "unknown"
}

// Valid reports whether r is a role that a member can have.
func (r Role) Valid() bool { return Observer <= r && r <= Coordinator }

// Level says how surely it is known who acts, by the levels of eIDAS
// (Regulation (EU) 910/2014, article 8), which are those of SPID and CIE.
type Level uint8

// The levels. The zero Level is that of a username and password.
const (
	LevelLow         Level = iota + 1 // SPID 1
	LevelSubstantial                  // SPID 2
	LevelHigh                         // SPID 3, CIE 3
)

var levelNames = [...]string{"password", "low", "substantial", "high"}

func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return "unknown"
}
