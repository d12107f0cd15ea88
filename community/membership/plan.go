// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"maps"
	"time"

	"github.com/copis-it/copis/auth"
)

// A Plan is how a community opens, phase after phase. It is the host's data,
// and the same on every node.
type Plan []Phase

// A Phase of a [Plan].
type Phase struct {
	Name     string    // a code that a host translates: "implementers"
	Opens    time.Time // by itself; zero: by hand
	Admits   map[Category]Admission
	Allows   map[Category][]auth.Action // what each may do at most; the zero Category: visitors and whoever is not a member
	Orgs     []string                   // codes of the organisations of the allow-list
	Audience auth.Audience              // the widest that new items are promised to
}

// Admission is how members of a category come in.
type Admission uint8

// The ways, each of which leaves those before it open.
const (
	Closed        Admission = iota
	ByInvitation            // of whoever may invite
	ByAllowList             // with a verified mandate of an organisation in Phase.Orgs, or by a coordinator who verifies it
	ByApplication           // decided by a coordinator
	Open                    // whoever asks
)

// A Turn of the phase by hand, with its reason.
type Turn struct {
	N     int // 1, 2, …
	Phase int // index in the Plan
	At    time.Time
	By    auth.By
	Why   string
}

// Widen returns the phase with these categories admitted so too.
func (p Phase) Widen(by Admission, categories ...Category) Phase {
	p.Admits = maps.Clone(p.Admits)
	for _, c := range categories {
		p.Admits[c] = by
	}
	return p
}

// At returns the phase in force at an instant: that of the last turn by hand,
// or a later one that has opened by its date since. Before anything, it is the
// first.
func (p Plan) At(last Turn, now time.Time) int {
	at := min(last.Phase, len(p)-1)
	for i, ph := range p {
		if i > at && !ph.Opens.IsZero() && ph.Opens.After(last.At) && !now.Before(ph.Opens) {
			at = i
		}
	}
	return at
}
