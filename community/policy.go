// SPDX-License-Identifier: BSD-3-Clause

package community

import (
	"context"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
)

// A Standing is what a person is, and where.
type Standing struct {
	Role  auth.Role                 // in the community
	Areas map[auth.AreaID]auth.Role // in the areas they belong to, besides the commons
}

// Standings knows the standing of every actor. It is asked afresh for each
// call, so that a change holds from the next call on.
type Standings interface {
	Standing(ctx context.Context, who auth.Actor) (Standing, error)
}

// Rights gives for each action the least role that may do it in an area.
// Actions that are not in it are denied, and so are those of the zero Role:
// a role that was left out opens nothing.
type Rights map[auth.Action]auth.Role

// least returns the least role that may do an action, if any may.
func (r Rights) least(do auth.Action) (least auth.Role, known bool) {
	least = r[do]
	return least, least > auth.Outsider
}

// DefaultRights returns the rights of a community that says nothing else.
func DefaultRights() Rights {
	return Rights{
		forum.See: auth.Observer, forum.Read: auth.Observer, forum.Watch: auth.Observer,
		forum.Start: auth.Member, forum.Say: auth.Member, forum.Edit: auth.Member, forum.React: auth.Member,
		forum.Moderate: auth.Moderator,
		forum.Purge:    auth.Coordinator, forum.Manage: auth.Coordinator,
	}
}

// reading are the actions for which it is enough that an item was promised to
// the actor's circle: to read, and to keep what one has read.
var reading = map[auth.Action]bool{forum.See: true, forum.Read: true, forum.Watch: true}

// A Policy answers from a table of roles and rights. An area's members are
// ruled by their role in it; the commons' by their role in the community.
// Reading is also open to the circle that an item was promised to.
type Policy struct {
	Standings Standings
	Rights    Rights
}

var _ auth.Authorizer = Policy{}

// Authorize implements [auth.Authorizer].
func (p Policy) Authorize(ctx context.Context, who auth.Actor, do auth.Action, at auth.Scope) error {
	x, err := p.Explain(ctx, who, do, at)
	if err != nil {
		return err
	}
	if x.Denied != nil {
		return x.Denied
	}
	return nil
}

// Reach implements [auth.Authorizer].
func (p Policy) Reach(ctx context.Context, who auth.Actor, do auth.Action) (auth.Reach, error) {
	st, err := p.standing(ctx, who)
	if err != nil {
		return auth.Reach{}, err
	}
	least, known := p.Rights.least(do)
	if !known {
		return auth.Reach{}, nil
	}
	var r auth.Reach
	if reading[do] {
		r.Floor = circle(st)
	}
	if st.Role >= least {
		r.Areas = append(r.Areas, auth.Commons)
	}
	for area, role := range st.Areas {
		if area != auth.Commons && role >= least {
			r.Areas = append(r.Areas, area)
		}
	}
	return r, nil
}

// Explain implements [auth.Authorizer].
func (p Policy) Explain(ctx context.Context, who auth.Actor, do auth.Action, at auth.Scope) (auth.Explanation, error) {
	st, err := p.standing(ctx, who)
	if err != nil {
		return auth.Explanation{}, err
	}
	least, known := p.Rights.least(do)
	role := st.Role
	if at.Area != auth.Commons {
		role = st.Areas[at.Area]
	}
	want := least.String()
	if !known {
		want = "nobody"
	}
	var x auth.Explanation
	x.Steps = append(x.Steps, auth.Step{Rule: "role", Have: role.String(), Want: want, Holds: known && role >= least})
	if known && reading[do] && at.Audience.Valid() {
		x.Steps = append(x.Steps, auth.Step{Rule: "audience", Have: circleName(circle(st)), Want: circleName(at.Audience), Holds: at.Audience >= circle(st)})
	}
	for _, s := range x.Steps {
		x.Allowed = x.Allowed || s.Holds
	}
	if !x.Allowed {
		x.Denied = &auth.Denied{Action: do, Reason: auth.ReasonRole}
		if who.User.IsZero() {
			x.Denied.Reason = auth.ReasonSignIn
		}
	}
	return x, nil
}

func (p Policy) standing(ctx context.Context, who auth.Actor) (Standing, error) {
	if p.Standings == nil || who.User.IsZero() {
		return Standing{}, nil
	}
	return p.Standings.Standing(ctx, who)
}

// circle returns the narrowest audience that includes a person wherever an
// item stands.
func circle(st Standing) auth.Audience {
	if st.Role >= auth.Observer {
		return auth.CommunityMembers
	}
	return auth.Public
}

func circleName(a auth.Audience) string {
	return [...]string{"nobody", "area members", "community members", "public"}[min(a, auth.Public)]
}
