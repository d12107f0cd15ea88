// SPDX-License-Identifier: BSD-3-Clause

// Package auth says who acts, on whose behalf, what they may do, where, and to
// whom a thing was promised.
//
// Tools ask an [Authorizer]; package community answers with its phases, roles
// and groups, and a host may answer with rules of its own. A host that has
// users of its own passes its own ids and needs nothing else from here.
package auth

import (
	"context"
	"slices"

	"github.com/copis-it/copis/storage"
)

// UserID identifies a person, in Co.PIS or in the host's own directory.
type UserID = storage.ID[User]

// User names the type of [UserID].
type User struct{}

// OrgID identifies an organisation.
type OrgID = storage.ID[Org]

// Org names the type of [OrgID].
type Org struct{}

// An Actor is whoever makes a request: a person, and the organisation on whose
// behalf they act (zero: for themselves). The zero Actor is a visitor. It is
// an argument of every call, never a value in a context.
type Actor struct {
	User  UserID
	For   OrgID
	Level Level // how surely the person is known
}

// Visitor is the zero Actor: somebody who has not signed in.
var Visitor Actor

// By is the byline kept with what an actor wrote. A byline that was emptied by
// an erasure is the zero By.
type By struct {
	User UserID
	For  OrgID
}

// By returns the actor's byline.
func (a Actor) By() By { return By{a.User, a.For} }

// An Action names one thing that can be done, as "package.verb".
type Action string

// AreaID identifies an [Area].
type AreaID = storage.ID[Area]

// Area is a place with its own members: the commons, a working group, or any
// object of the host. Every root object of a tool stands in one.
type Area struct{ ID AreaID }

// Commons is the area of the whole community.
var Commons = storage.MakeID[Area]([16]byte{0xc0, 0x4d, 0x6d, 0x6f, 0x6e, 0x73, 0x70, 0x00, 0x80, 0, 0, 0, 0, 0, 0, 1})

// An Audience is the widest circle that an item was promised to when it was
// written. It is stamped on every root object and never widened silently.
type Audience uint8

// The circles, from the narrowest to the widest. The zero Audience is none at
// all: nobody reaches an item by it, only by a role in the item's area.
const (
	AreaMembers      Audience = 1 // members of the item's area
	CommunityMembers Audience = 2 // members of the community
	Public           Audience = 3 // everyone, visitors included
)

// Valid reports whether a is one of the circles.
func (a Audience) Valid() bool { return AreaMembers <= a && a <= Public }

// A Scope says where an action happens and whose object it touches.
type Scope struct {
	Area     AreaID
	Audience Audience // of the object; the zero one for an object that is yet to be
	Author   UserID   // of the object, if there is one
}

// Reach is what an actor may list: items of at least the audience Floor
// anywhere, and all items of the areas. The zero Reach is nothing. Stores
// filter by it inside the query, so that pages are full and counts tell
// nothing of what is hidden.
type Reach struct {
	Floor Audience // zero: no item by its audience alone
	Areas []AreaID
}

// Everything is the reach of whoever may list all there is.
var Everything = Reach{Floor: AreaMembers}

// Covers reports whether an item with this area and audience is within reach.
func (r Reach) Covers(area AreaID, audience Audience) bool {
	if audience.Valid() && r.Floor.Valid() && audience >= r.Floor {
		return true
	}
	return slices.Contains(r.Areas, area)
}

// And returns what is within both reaches. It may leave out items of an area
// that one reach names and the other holds only by its floor.
func (r Reach) And(other Reach) Reach {
	var both Reach
	if r.Floor.Valid() && other.Floor.Valid() {
		both.Floor = max(r.Floor, other.Floor)
	}
	for _, a := range r.Areas {
		if other.Floor == AreaMembers || slices.Contains(other.Areas, a) {
			both.Areas = append(both.Areas, a)
		}
	}
	if r.Floor == AreaMembers {
		for _, a := range other.Areas {
			if !slices.Contains(both.Areas, a) {
				both.Areas = append(both.Areas, a)
			}
		}
	}
	return both
}

// An Authorizer decides. All methods must be safe for concurrent use and must
// agree with each other: an item is covered by Reach(do) exactly when
// Authorize(do) of its scope is nil.
type Authorizer interface {
	// Authorize returns nil if the actor may do the action there, or an error
	// that matches [ErrDenied], usually a [*Denied].
	Authorize(ctx context.Context, who Actor, do Action, at Scope) error

	// Reach returns where the actor may do the action.
	Reach(ctx context.Context, who Actor, do Action) (Reach, error)

	// Explain returns how Authorize would decide, step by step.
	Explain(ctx context.Context, who Actor, do Action, at Scope) (Explanation, error)
}

// An Explanation is a decision and the chain of rules that led to it.
type Explanation struct {
	Allowed bool
	Steps   []Step
	Denied  *Denied // why not, and when it opens; nil if allowed
}

// A Step is one rule that was asked, in the order of asking.
type Step struct {
	Rule  string // "role", "audience"
	Holds bool
	Have  string // what was found: "member"
	Want  string // what the rule asks for: "moderator"
}

// DenyAll is the Authorizer of a service that was given none.
type DenyAll struct{}

// Authorize denies.
func (DenyAll) Authorize(_ context.Context, _ Actor, do Action, _ Scope) error {
	return &Denied{Action: do, Reason: ReasonUnset}
}

// Reach returns the zero Reach.
func (DenyAll) Reach(context.Context, Actor, Action) (Reach, error) { return Reach{}, nil }

// Explain says that no authorizer was configured.
func (DenyAll) Explain(_ context.Context, _ Actor, do Action, _ Scope) (Explanation, error) {
	return Explanation{Denied: &Denied{Action: do, Reason: ReasonUnset}}, nil
}

// AllowAll is the Authorizer of imports and of tests: everything is allowed,
// everything is within reach. It is no default of anything.
type AllowAll struct{}

// Authorize allows.
func (AllowAll) Authorize(context.Context, Actor, Action, Scope) error { return nil }

// Reach returns [Everything].
func (AllowAll) Reach(context.Context, Actor, Action) (Reach, error) { return Everything, nil }

// Explain says that everything is allowed.
func (AllowAll) Explain(context.Context, Actor, Action, Scope) (Explanation, error) {
	return Explanation{Allowed: true}, nil
}
