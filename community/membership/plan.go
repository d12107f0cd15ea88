// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"maps"
	"slices"
	"strconv"
	"strings"
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
	admits := map[Category]Admission{}
	maps.Copy(admits, p.Admits)
	for _, c := range categories {
		admits[c] = by
	}
	p.Admits = admits
	return p
}

// Lists reports whether an organisation's code is on the phase's allow-list.
func (p Phase) Lists(code string) bool {
	return code != "" && slices.ContainsFunc(p.Orgs, func(c string) bool { return strings.EqualFold(c, code) })
}

// At returns the phase in force at an instant: that of the last turn by hand,
// or a later one that has opened by its date since. Before anything, it is the
// first. It is the index of a phase, unless the plan is empty.
func (p Plan) At(last Turn, now time.Time) int {
	at, _ := p.since(last, now)
	return at
}

// since returns the phase in force at an instant, and when it came into force;
// zero: it is where all began.
func (p Plan) since(last Turn, now time.Time) (at int, since time.Time) {
	at, since = max(0, min(last.Phase, len(p)-1)), last.At
	for i, ph := range p {
		if i > at && !ph.Opens.IsZero() && ph.Opens.After(last.At) && !now.Before(ph.Opens) {
			at, since = i, ph.Opens
		}
	}
	return at, since
}

// A stretch is a phase in force without a break.
type stretch struct {
	Phase
	from, until time.Time // until: not included, or now for the one in force
}

// stretches returns what has been in force since the last turn by hand, in
// order. Of what was before it, what became of things is kept.
func (p Plan) stretches(last Turn, now time.Time) []stretch {
	at, from := max(0, min(last.Phase, len(p)-1)), last.At
	var dated []int
	for i, ph := range p {
		if i > at && !ph.Opens.IsZero() && ph.Opens.After(last.At) && !now.Before(ph.Opens) {
			dated = append(dated, i)
		}
	}
	slices.SortStableFunc(dated, func(i, j int) int { return p[i].Opens.Compare(p[j].Opens) })
	var all []stretch
	for _, i := range dated {
		if i > at {
			all = append(all, stretch{p[at], from, p[i].Opens})
			at, from = i, p[i].Opens
		}
	}
	return append(all, stretch{p[at], from, now})
}

// Lets reports whether a phase allows a category an action.
func (p Phase) Lets(c Category, do auth.Action) bool { return slices.Contains(p.Allows[c], do) }

// decides reports whether a phase lets somebody decide on an application of a
// category, for the organisation with a code: it must admit the category by
// application, or by its allow-list and have the organisation on it.
func (p Phase) decides(c Category, code string) bool {
	adm := p.Admits[c]
	return adm >= ByApplication || adm == ByAllowList && p.Lists(code)
}

// Opens returns the first instant after now at which a phase that is as wanted
// comes into force by its date, if it is at that phase now; zero: none does, or
// it will be by hand.
func (p Plan) Opens(at int, now time.Time, wanted func(Phase) bool) time.Time {
	var first time.Time
	for i, ph := range p {
		if i <= at || !ph.Opens.After(now) || !first.IsZero() && !ph.Opens.Before(first) {
			continue
		}
		if then := p.At(Turn{Phase: at, At: now}, ph.Opens); wanted(p[then]) {
			first = ph.Opens
		}
	}
	return first
}

// checked returns a plan of its own with its codes in normal form, and panics
// if it cannot be one.
func (p Plan) checked() Plan {
	p = slices.Clone(p)
	names := map[string]bool{}
	for i, ph := range p {
		if ph.Name == "" || names[ph.Name] {
			panic("membership: phase without a name of its own: " + strconv.Quote(ph.Name))
		}
		names[ph.Name] = true
		if ph.Audience > auth.Public {
			panic("membership: phase " + ph.Name + ": no such audience")
		}
		for c, a := range ph.Admits {
			if c == "" || a > Open {
				panic("membership: phase " + ph.Name + ": cannot admit category " + strconv.Quote(string(c)))
			}
		}
		p[i].Orgs = make([]string, len(ph.Orgs))
		for j, code := range ph.Orgs {
			code, err := Code(code)
			if err != nil {
				panic("membership: phase " + ph.Name + ": " + strconv.Quote(ph.Orgs[j]) + " is no code")
			}
			p[i].Orgs[j] = code
		}
	}
	return p
}

// knows reports whether a plan has a category in any of its phases.
func (p Plan) knows(c Category) bool {
	return slices.ContainsFunc(p, func(ph Phase) bool { _, ok := ph.Admits[c]; return ok })
}
