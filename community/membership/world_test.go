// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// The phases of the tests, as Co.PIS has them.
const (
	implementers = iota
	network
	everyone
)

var (
	start  = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	opens  = start.AddDate(0, 6, 0) // the second phase, by its date
	coming = start.AddDate(1, 0, 0)
)

// plan opens in three phases: the second at a date, the third by hand.
func plan() membership.Plan {
	work := []auth.Action{"forum.read", "forum.say"}
	first := membership.Phase{
		Name: "implementers", Audience: auth.CommunityMembers, Orgs: []string{"C_F205", "c_l219"},
		Admits: map[membership.Category]membership.Admission{
			membership.Beneficiary: membership.ByAllowList, membership.Partner: membership.ByInvitation,
			membership.University: membership.Closed, membership.Expert: membership.Closed, membership.Citizen: membership.Closed,
		},
		Allows: map[membership.Category][]auth.Action{membership.Beneficiary: work, membership.Partner: work},
	}
	second := first.Widen(membership.ByApplication, membership.Beneficiary, membership.Partner, membership.University, membership.Expert)
	second.Name, second.Opens, second.Orgs = "network", opens, nil
	second.Allows = map[membership.Category][]auth.Action{membership.Beneficiary: work, membership.Partner: work, membership.University: work, membership.Expert: work}
	third := second.Widen(membership.Open, membership.Expert, membership.Citizen)
	third.Name, third.Opens, third.Audience = "everyone", time.Time{}, auth.Public
	third.Allows = map[membership.Category][]auth.Action{"": {"forum.read"}, membership.Beneficiary: work, membership.Partner: work, membership.University: work, membership.Expert: work, membership.Citizen: work}
	return membership.Plan{first, second, third}
}

// rules are an authorizer of the tests' own: the least role for each action,
// of whoever is not held back.
type rules struct{ w *world }

var least = map[auth.Action]auth.Role{
	membership.SeeMembers: auth.Observer, membership.Invite: auth.Member, membership.Restrain: auth.Moderator,
	membership.Decide: auth.Coordinator, membership.Grant: auth.Moderator, membership.Review: auth.Moderator, membership.Steer: auth.Coordinator,
}

func (r rules) Authorize(ctx context.Context, who auth.Actor, do auth.Action, at auth.Scope) error {
	reach, err := r.Reach(ctx, who, do)
	if err != nil {
		return err
	}
	if slices.Contains(reach.Areas, at.Area) || at.Audience.Valid() && reach.Covers(at.Area, at.Audience) {
		return nil
	}
	return &auth.Denied{Action: do, Reason: auth.ReasonRole}
}

func (r rules) Reach(ctx context.Context, who auth.Actor, do auth.Action) (reach auth.Reach, err error) {
	if do == membership.SeeMembers {
		reach.Floor = auth.Public
	}
	if who.User.IsZero() {
		return reach, nil
	}
	st, err := r.w.members.Standing(ctx, who.User)
	if err != nil {
		return reach, err
	}
	held := auth.Reach{}
	for _, x := range st.Sanctions {
		if x.Area == auth.Commons && (x.Kind == membership.Suspension || x.Kind == membership.ReadOnly && do != membership.SeeMembers) {
			return held, nil
		}
	}
	if st.RoleIn(auth.Commons) >= least[do] {
		reach.Areas = append(reach.Areas, auth.Commons)
		if do == membership.SeeMembers {
			reach.Floor = auth.CommunityMembers
		}
	}
	for area := range st.Areas {
		if st.Areas[area] >= least[do] {
			reach.Areas = append(reach.Areas, area)
		}
	}
	return reach, nil
}

func (rules) Explain(context.Context, auth.Actor, auth.Action, auth.Scope) (auth.Explanation, error) {
	return auth.Explanation{}, errors.ErrUnsupported
}

// A world is a membership in memory, and people who differ in what they are.
type world struct {
	*testing.T
	ctx     context.Context
	store   community.Store
	config  membership.Config
	members *membership.Service

	mu  sync.Mutex
	now time.Time

	chief     auth.Actor // coordinator, the founder
	second    auth.Actor // coordinator
	moderator auth.Actor
	member    auth.Actor
	stranger  auth.Actor // has signed in, and is no member
	milan     membership.Org
	turin     membership.Org
	elsewhere membership.Org // not on the allow-list
	ended     []auth.UserID  // what Config.Ends was asked for
	mailboxes map[auth.UserID][][16]byte
}

func newWorld(t *testing.T, set ...func(*membership.Config)) *world {
	t.Helper()
	w := &world{T: t, ctx: t.Context(), store: memory.New(), now: start, mailboxes: map[auth.UserID][][16]byte{}}
	w.config = membership.Config{
		Store: w.store.Membership(), Auth: rules{w}, Clock: w.clock, Plan: plan(),
		Mailboxes: func(_ context.Context, u auth.UserID) ([][16]byte, error) { return w.mailboxes[u], nil },
		Ends: func(u auth.UserID) []storage.Change {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.ended = append(w.ended, u)
			return []storage.Change{auth.NewEvent("host.ended", w.now, auth.Commons, 0, u)}
		},
	}
	for _, set := range set {
		set(&w.config)
	}
	w.members = membership.New(w.config)
	w.chief, w.stranger = person(), person()
	_, err := w.members.Found(w.ctx, w.chief.User, membership.Beneficiary)
	require.NoError(t, err)
	w.milan = w.org("c_f205", "Comune di Milano")
	w.turin = w.org("c_l219", "Comune di Torino")
	w.elsewhere = w.org("unitn", "Università di Trento")
	w.second, w.moderator, w.member = w.joins(auth.Coordinator), w.joins(auth.Moderator), w.joins(auth.Member)
	w.pass(30 * 24 * time.Hour)
	return w
}

func person() auth.Actor { return auth.Actor{User: storage.NewID[auth.User]()} }

func (w *world) clock() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

func (w *world) pass(d time.Duration) { w.at(w.clock().Add(d)) }

func (w *world) at(t time.Time) { w.mu.Lock(); defer w.mu.Unlock(); w.now = t }

func (w *world) org(code, name string) membership.Org {
	w.Helper()
	o, err := w.members.AddOrg(w.ctx, w.chief, membership.NewOrg{Code: code, Name: name})
	require.NoError(w, err)
	return o
}

// joins lets somebody in by invitation.
func (w *world) joins(role auth.Role) auth.Actor {
	w.Helper()
	return w.joinsAs(role, membership.Beneficiary)
}

func (w *world) joinsAs(role auth.Role, c membership.Category) auth.Actor {
	w.Helper()
	who := person()
	_, secret := w.invites(w.chief, membership.NewInvitation{Category: c, Role: role})
	_, err := w.members.Redeem(w.ctx, who, secret)
	require.NoError(w, err)
	return who
}

func (w *world) invites(who auth.Actor, in membership.NewInvitation) (membership.Invitation, string) {
	w.Helper()
	if in.Category == "" {
		in.Category = membership.Beneficiary
	}
	inv, secret, err := w.members.Invite(w.ctx, who, in)
	require.NoError(w, err)
	return inv, secret
}

func (w *world) applies(who auth.Actor, in membership.NewApplication) membership.Asked {
	w.Helper()
	a, err := w.members.Apply(w.ctx, who, in)
	require.NoError(w, err)
	return a
}

func (w *world) turns(to int) {
	w.Helper()
	is, err := w.members.Phase(w.ctx)
	require.NoError(w, err)
	_, err = w.members.Advance(w.ctx, w.chief, membership.NewTurn{To: to, Seen: is.Phase, Why: "È ora"})
	require.NoError(w, err)
}

func (w *world) standing(who auth.Actor) membership.Standing {
	w.Helper()
	st, err := w.members.Standing(w.ctx, who.User)
	require.NoError(w, err)
	return st
}

// is says whether somebody is a member who takes part.
func (w *world) is(who auth.Actor) bool {
	w.Helper()
	return w.standing(who).Member.State == membership.Active
}

func (w *world) restrains(who, whom auth.Actor, kind membership.SanctionKind, until time.Time) membership.Sanction {
	w.Helper()
	x, err := w.members.Restrain(w.ctx, who, membership.NewSanction{User: whom.User, Kind: kind, Why: "Insulti", Until: until})
	require.NoError(w, err)
	return x
}

// events counts what has happened, by name.
func (w *world) events() map[string]int {
	w.Helper()
	out := map[string]int{}
	all, err := w.store.Claim(w.ctx, w.clock().AddDate(5, 0, 0), 0, 100_000)
	require.NoError(w, err)
	for _, d := range all {
		out[d.Event.Name]++
	}
	return out
}

// denied checks a refusal and its reason.
func denied(t testing.TB, err error, reason string) *auth.Denied {
	t.Helper()
	var d *auth.Denied
	require.ErrorAs(t, err, &d)
	assert.Equal(t, reason, d.Reason)
	return d
}

// wrong checks that a field was refused, and why.
func wrong(t testing.TB, err error, field, code string) {
	t.Helper()
	var in *storage.Invalid
	require.ErrorAs(t, err, &in)
	assert.Equal(t, [2]string{field, code}, [2]string{in.Field, in.Code})
}

// together does something n times at once and sorts the outcomes: how often it
// went well, and how often it was refused with want. Anything else fails.
func together(t *testing.T, n int, want error, do func(i int) error) (won, lost int) {
	t.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-gate
			errs[i] = do(i)
		})
	}
	close(gate)
	wg.Wait()
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, want)
		lost++
	}
	return won, lost
}

const parallel = 64

// newEmpty is a world without anybody in it.
func newEmpty(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, ctx: t.Context(), store: memory.New(), now: start}
	w.members = membership.New(membership.Config{Store: w.store.Membership(), Auth: rules{w}, Clock: w.clock, Plan: plan()})
	return w
}
