// SPDX-License-Identifier: BSD-3-Clause

package community

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki"
)

// A Standing is what a person is, and where, at one instant.
type Standing struct {
	Role      auth.Role                 // in the community
	Areas     map[auth.AreaID]auth.Role // in the areas they belong to, besides the commons
	Category  membership.Category       // what the phases know them by; zero for whoever is not a member
	Orgs      []auth.OrgID              // on whose behalf they may act
	Sanctions []membership.Sanction     // those that hold
	Waiting   membership.Category       // that they ask to be admitted to, and may still be
	Decidable bool                      // the phase lets somebody decide on that
	Opens     time.Time                 // if not, when one will, if that is known
	Newcomer  bool                      // has joined not long ago
	Away      bool                      // has left or is deactivated: what they hold is not in force
	Phase     int                       // of the community's plan, in force for everybody
}

// Standings knows the standing of every actor, and of a visitor the phase. It
// is asked afresh for each call, so that a change holds from the next call on.
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
		forum.Purge:    auth.Coordinator, forum.Disclose: auth.Coordinator, forum.Manage: auth.Coordinator,

		qa.Read:  auth.Observer,
		qa.Start: auth.Member, qa.Reply: auth.Member, qa.Remark: auth.Member, qa.Cast: auth.Member,
		qa.Amend: auth.Member, qa.Propose: auth.Member, qa.Settle: auth.Member, qa.Speak: auth.Member,
		qa.Moderate: auth.Moderator,
		qa.Purge:    auth.Coordinator, qa.Disclose: auth.Coordinator, qa.Manage: auth.Coordinator,

		wiki.Read:  auth.Observer,
		wiki.Write: auth.Member, wiki.Amend: auth.Member, wiki.Shift: auth.Member, wiki.Confirm: auth.Member,
		wiki.Publish: auth.Moderator, wiki.Moderate: auth.Moderator,
		wiki.Protect: auth.Coordinator, wiki.Purge: auth.Coordinator, wiki.Disclose: auth.Coordinator,

		account.ActDisable: auth.Coordinator, account.ActEnable: auth.Coordinator,

		membership.SeeMembers: auth.Observer,
		membership.Invite:     auth.Moderator, membership.Restrain: auth.Moderator,
		membership.Decide: auth.Coordinator, membership.Grant: auth.Coordinator,
		membership.Review: auth.Coordinator, membership.Steer: auth.Coordinator,
	}
}

// reading are the actions for which it is enough that an item was promised to
// the actor's circle: to read, and to keep what one has read. Who is restrained
// to reading may do no others.
var reading = map[auth.Action]bool{forum.See: true, forum.Read: true, forum.Watch: true, qa.Read: true, wiki.Read: true, membership.SeeMembers: true}

// A Policy answers from a table of roles and rights. An area's members are
// ruled by their role in it; the commons' by their role in the community.
// Reading is also open to the circle that an item was promised to.
//
// Before that it asks what concerns the actor wherever they are: sanctions,
// mandates, how surely they are known, and what the phase allows their
// category. Coordinators run the place in every phase.
type Policy struct {
	Standings Standings
	Rights    Rights
	Plan      membership.Plan            // empty: no phases
	Levels    map[auth.Action]auth.Level // the least an action asks for; none: the zero one
	Clock     storage.Clock              // says which dates are past; default: system time
}

var _ auth.Authorizer = Policy{}

// Authorize implements [auth.Authorizer].
func (p Policy) Authorize(ctx context.Context, who auth.Actor, do auth.Action, at auth.Scope) error {
	v, err := p.view(ctx, who)
	if err != nil {
		return err
	}
	// The Explanation is not made: most of what is asked is allowed.
	if v.gate(do, nil) == nil && (v.mayBy(do, v.role(do, at.Area)) || v.isFor(do, at.Audience)) {
		return nil
	}
	return v.explain(do, at).Denied
}

// Reach implements [auth.Authorizer].
func (p Policy) Reach(ctx context.Context, who auth.Actor, do auth.Action) (auth.Reach, error) {
	v, err := p.view(ctx, who)
	if err != nil {
		return auth.Reach{}, err
	}
	var r auth.Reach
	if _, known := p.Rights.least(do); !known || v.gate(do, nil) != nil {
		return r, nil
	}
	if reading[do] {
		r.Floor = v.circle()
	}
	if v.mayBy(do, v.role(do, auth.Commons)) {
		r.Areas = append(r.Areas, auth.Commons)
	}
	for area := range v.is.Areas {
		if area != auth.Commons && v.mayBy(do, v.role(do, area)) {
			r.Areas = append(r.Areas, area)
		}
	}
	return r, nil
}

// Explain implements [auth.Authorizer].
func (p Policy) Explain(ctx context.Context, who auth.Actor, do auth.Action, at auth.Scope) (auth.Explanation, error) {
	v, err := p.view(ctx, who)
	if err != nil {
		return auth.Explanation{}, err
	}
	return v.explain(do, at), nil
}

// Enter implements what [auth.Enter] asks for: who somebody is, is looked up
// once a call.
func (p Policy) Enter(ctx context.Context, who auth.Actor, do auth.Action) (auth.Authorizer, error) {
	p.Standings = &remembered{of: p.Standings}
	v, err := p.view(ctx, who)
	if err != nil {
		return nil, err
	}
	if denied := v.gate(do, nil); denied != nil {
		return nil, denied
	}
	return p, nil
}

// remembered asks for each person once.
type remembered struct {
	of Standings

	mu    sync.Mutex
	known map[auth.UserID]Standing
}

func (r *remembered) Standing(ctx context.Context, who auth.Actor) (Standing, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if st, ok := r.known[who.User]; ok || r.of == nil {
		return st, nil
	}
	st, err := r.of.Standing(ctx, who)
	if err != nil {
		return Standing{}, err
	}
	if r.known == nil {
		r.known = map[auth.UserID]Standing{}
	}
	r.known[who.User] = st
	return st, nil
}

// A view is what a policy says of one actor at one instant.
type view struct {
	Policy
	who auth.Actor
	is  Standing
}

func (p Policy) view(ctx context.Context, who auth.Actor) (view, error) {
	v := view{Policy: p, who: who}
	if p.Standings == nil {
		return v, nil
	}
	st, err := p.Standings.Standing(ctx, who)
	if err != nil {
		return v, err
	}
	v.is = st
	if who.User.IsZero() || st.Away {
		v.is = Standing{Phase: st.Phase, Away: st.Away, Sanctions: st.Sanctions}
	}
	return v, nil
}

// The gates, in the order of asking. Each says how it found the actor, and
// refuses with the last result; it is not concerned if the step has no Rule.
var gates = [...]func(view, auth.Action) (auth.Step, *auth.Denied){view.sanction, view.mandate, view.level, view.phase}

// gate asks what concerns the actor wherever they are, and keeps the steps if
// they are asked for.
func (v view) gate(do auth.Action, steps *[]auth.Step) *auth.Denied {
	for _, g := range gates {
		step, denied := g(v, do)
		if step.Rule != "" && steps != nil {
			*steps = append(*steps, step)
		}
		if denied != nil {
			return denied
		}
	}
	return nil
}

func (v view) sanction(do auth.Action) (auth.Step, *auth.Denied) {
	s := v.restraint(auth.Commons)
	if s.Kind < membership.ReadOnly {
		return auth.Step{}, nil
	}
	step := auth.Step{Rule: "sanction", Have: s.Kind.String(), Want: "none"}
	if step.Holds = s.Kind == membership.ReadOnly && reading[do]; step.Holds {
		return step, nil
	}
	return step, &auth.Denied{Action: do, Reason: membership.ReasonSanction, Opens: s.Until}
}

// restraint returns what restrains the actor most in an area, for longest.
func (v view) restraint(area auth.AreaID) membership.Sanction {
	var most membership.Sanction
	for _, s := range v.is.Sanctions {
		longer := s.Until.IsZero() || !most.Until.IsZero() && s.Until.After(most.Until)
		if s.Area == area && (s.Kind > most.Kind || s.Kind == most.Kind && longer) {
			most = s
		}
	}
	return most
}

func (v view) mandate(do auth.Action) (auth.Step, *auth.Denied) {
	if v.who.For.IsZero() {
		return auth.Step{}, nil
	}
	step := auth.Step{Rule: "mandate", Have: "none", Want: v.who.For.String()}
	if step.Holds = slices.Contains(v.is.Orgs, v.who.For); step.Holds {
		step.Have = step.Want
		return step, nil
	}
	return step, &auth.Denied{Action: do, Reason: v.orWhoIs(membership.ReasonMandate)}
}

// orWhoIs returns a reason, or one that comes before it: of a visitor, and of
// whoever is away, nothing else can be told.
func (v view) orWhoIs(reason string) string {
	switch {
	case v.who.User.IsZero():
		return auth.ReasonSignIn
	case v.is.Away:
		return membership.ReasonAway
	}
	return reason
}

func (v view) level(do auth.Action) (auth.Step, *auth.Denied) {
	want := v.Levels[do]
	if want == 0 {
		return auth.Step{}, nil
	}
	step := auth.Step{Rule: "level", Have: v.who.Level.String(), Want: want.String(), Holds: v.who.Level >= want}
	if step.Holds {
		return step, nil
	}
	return step, &auth.Denied{Action: do, Reason: v.orWhoIs(membership.ReasonLevel)}
}

func (v view) phase(do auth.Action) (auth.Step, *auth.Denied) {
	if len(v.Plan) == 0 || v.is.Role == auth.Coordinator {
		return auth.Step{}, nil
	}
	now := min(max(v.is.Phase, 0), len(v.Plan)-1)
	step := auth.Step{Rule: "phase", Have: v.Plan[now].Name, Holds: v.allows(now, do)}
	if step.Holds {
		step.Want = step.Have
		return step, nil
	}
	c := v.is.Category
	if c == "" {
		c = v.is.Waiting
	}
	for i := now; i < len(v.Plan); i++ {
		if v.Plan[i].Lets(c, do) {
			step.Want = v.Plan[i].Name
			break
		}
	}
	denied := &auth.Denied{Action: do, Reason: v.orWhoIs(membership.ReasonPhase), Opens: v.opens(now, c, do)}
	if denied.Reason == membership.ReasonPhase && v.is.Category == "" && (step.Want == "" || v.Plan[now].Lets(c, do) && v.is.Decidable) {
		denied.Reason = auth.ReasonRole // it takes a member
	}
	return step, denied
}

// opens returns when a phase will let the actor do an action, as what they are
// or as what they ask to be, if that is known.
func (v view) opens(now int, c membership.Category, do auth.Action) time.Time {
	when := func(c membership.Category) time.Time {
		return v.Plan.Opens(now, v.Clock.Now(), func(ph membership.Phase) bool { return ph.Lets(c, do) })
	}
	is := when(v.is.Category)
	if c == v.is.Category {
		return is
	}
	then := v.is.Opens // first it has to be decided
	if !v.Plan[now].Lets(c, do) {
		if lets := when(c); lets.IsZero() || v.is.Decidable || !then.IsZero() && lets.After(then) {
			then = lets
		}
	}
	if then.IsZero() || !is.IsZero() && is.Before(then) {
		return is
	}
	return then
}

func (v view) allows(phase int, do auth.Action) bool {
	return v.Plan[phase].Lets(v.is.Category, do)
}

// role returns the role in force for an action in an area.
func (v view) role(do auth.Action, area auth.AreaID) auth.Role {
	if area == auth.Commons {
		return v.is.Role
	}
	switch s := v.restraint(area); {
	case s.Kind == membership.Suspension, s.Kind == membership.ReadOnly && !reading[do]:
		return auth.Outsider
	}
	return v.is.Areas[area]
}

func (v view) mayBy(do auth.Action, role auth.Role) bool {
	least, known := v.Rights.least(do)
	return known && role >= least
}

// isFor reports whether an action is open to the actor by what an item was
// promised.
func (v view) isFor(do auth.Action, promised auth.Audience) bool {
	_, known := v.Rights.least(do)
	return known && reading[do] && promised.Valid() && promised >= v.circle()
}

func (v view) explain(do auth.Action, at auth.Scope) auth.Explanation {
	var x auth.Explanation
	if x.Denied = v.gate(do, &x.Steps); x.Denied != nil {
		return x
	}
	role := v.role(do, at.Area)
	restraint := v.restraint(at.Area)
	restrained := at.Area != auth.Commons && role != v.is.Areas[at.Area]
	if restrained {
		x.Steps = append(x.Steps, auth.Step{Rule: "sanction", Have: restraint.Kind.String(), Want: "none"})
	}
	least, known := v.Rights.least(do)
	want := least.String()
	if !known {
		want = "nobody"
	}
	x.Steps = append(x.Steps, auth.Step{Rule: "role", Have: role.String(), Want: want, Holds: v.mayBy(do, role)})
	x.Allowed = v.mayBy(do, role)
	if known && reading[do] && at.Audience.Valid() {
		holds := v.isFor(do, at.Audience)
		x.Steps = append(x.Steps, auth.Step{Rule: "audience", Have: circleName(v.circle()), Want: circleName(at.Audience), Holds: holds})
		x.Allowed = x.Allowed || holds
	}
	if x.Allowed {
		return x
	}
	x.Denied = &auth.Denied{Action: do, Reason: auth.ReasonRole}
	if restrained && v.mayBy(do, v.is.Areas[at.Area]) {
		x.Denied.Reason, x.Denied.Opens = membership.ReasonSanction, restraint.Until
	}
	x.Denied.Reason = v.orWhoIs(x.Denied.Reason)
	return x
}

// circle returns the narrowest audience that includes the actor wherever an
// item stands.
func (v view) circle() auth.Audience {
	if v.is.Role >= auth.Observer {
		return auth.CommunityMembers
	}
	return auth.Public
}

func circleName(a auth.Audience) string {
	return [...]string{"nobody", "area members", "community members", "public"}[min(a, auth.Public)]
}
