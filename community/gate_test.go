// SPDX-License-Identifier: BSD-3-Clause

package community_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
)

var (
	june       = time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)
	categories = []membership.Category{
		"", membership.Beneficiary, membership.Partner, membership.University, membership.Research,
		membership.PublicBody, membership.PrivateBody, membership.Expert, membership.Citizen,
	}
)

// copis is the plan of the seed, whose phases open by date.
func copis() membership.Plan {
	plan := community.CoPIS("c_f952")
	plan[1].Opens, plan[2].Opens = june, june.AddDate(1, 0, 0)
	return plan
}

// The golden file is the plan: who comes in when, and what they may do then.
func TestPlanOfCoPIS(t *testing.T) {
	t.Parallel()
	how := map[membership.Admission]string{
		membership.Closed: "·", membership.ByInvitation: "invited", membership.ByAllowList: "by list",
		membership.ByApplication: "applies", membership.Open: "open",
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "phase\tcategory\tcomes in")
	for _, do := range community.MemberActions() {
		fmt.Fprintf(w, "\t%s", do)
	}
	fmt.Fprintln(w)
	for i, phase := range community.CoPIS() {
		for _, c := range categories {
			name := string(c)
			if c == "" {
				name = "(visitor)"
			}
			fmt.Fprintf(w, "%s\t%s\t%s", phase.Name, name, how[phase.Admits[c]])
			p := community.Policy{
				Standings: standing{Role: auth.Moderator, Category: c, Phase: i},
				Rights:    community.DefaultRights(), Plan: community.CoPIS(),
			}
			for _, do := range community.MemberActions() {
				_, err := auth.Enter(t.Context(), p, someone, do)
				cell := "yes"
				if err != nil {
					require.ErrorIs(t, err, auth.ErrDenied)
					cell = "·"
				}
				fmt.Fprintf(w, "\t%s", cell)
			}
			fmt.Fprintln(w)
		}
	}
	require.NoError(t, w.Flush())
	golden(t, "plan.golden", b.String())
}

// What concerns somebody wherever they are is said before any object is
// looked for, with the instant at which it ends if that is known.
func TestGates(t *testing.T) {
	t.Parallel()
	member := func(change func(*standing)) standing {
		st := standing{Role: auth.Member, Category: membership.Beneficiary, Areas: in(group, auth.Member)}
		change(&st)
		return st
	}
	asks := func(c membership.Category, decidable bool, opens time.Time) standing {
		return standing{Waiting: c, Decidable: decidable, Opens: opens}
	}
	sanctioned := func(s ...membership.Sanction) standing {
		return member(func(st *standing) { st.Sanctions = s })
	}
	for _, c := range []struct {
		name   string
		who    auth.Actor
		is     standing
		do     auth.Action
		reason string // empty: let through
		opens  time.Time
	}{
		{"a beneficiary in phase 1", someone, member(func(*standing) {}), forum.Say, "", time.Time{}},
		{"a university in phase 1", someone, member(func(st *standing) { st.Category = membership.University }), forum.Read, membership.ReasonPhase, june},
		{"a university in phase 2", someone, member(func(st *standing) { st.Category, st.Phase = membership.University, 1 }), forum.Say, "", time.Time{}},
		{"a citizen in phase 2", someone, member(func(st *standing) { st.Category, st.Phase = membership.Citizen, 1 }), forum.Say, membership.ReasonPhase, june.AddDate(1, 0, 0)},
		{"a category nobody named", someone, member(func(st *standing) { st.Category, st.Phase = "lobby", 2 }), forum.Say, membership.ReasonPhase, time.Time{}},
		{"a phase that is not in the plan is the last", someone, member(func(st *standing) { st.Phase = 9 }), forum.Say, "", time.Time{}},
		{"a phase before the first is the first", someone, member(func(st *standing) { st.Phase, st.Category = -1, membership.University }), forum.Say, membership.ReasonPhase, june},
		{"a coordinator of any category in phase 1", someone, member(func(st *standing) { st.Role, st.Category = auth.Coordinator, membership.University }), forum.Say, "", time.Time{}},
		{"a visitor reads in phase 1", auth.Visitor, standing{}, forum.Read, auth.ReasonSignIn, june.AddDate(1, 0, 0)},
		{"a visitor reads in phase 3", auth.Visitor, standing{Phase: 2}, forum.Read, "", time.Time{}},
		{"a visitor writes in phase 3", auth.Visitor, standing{Phase: 2}, forum.Say, auth.ReasonSignIn, time.Time{}},
		{"somebody who is no member writes", someone, standing{Phase: 2}, forum.Say, auth.ReasonRole, time.Time{}},
		{"somebody who is no member reads before phase 3", someone, standing{}, forum.Read, membership.ReasonPhase, june.AddDate(1, 0, 0)},
		{"a member who left writes", someone, member(func(st *standing) { st.Away = true }), forum.Say, membership.ReasonAway, time.Time{}},

		{"a warned member", someone, sanctioned(membership.Sanction{Area: auth.Commons, Kind: membership.Warning}), forum.Say, "", time.Time{}},
		{"a member who may only read, reads", someone, sanctioned(membership.Sanction{Area: auth.Commons, Kind: membership.ReadOnly, Until: june}), forum.Read, "", time.Time{}},
		{"and writes", someone, sanctioned(membership.Sanction{Area: auth.Commons, Kind: membership.ReadOnly, Until: june}), forum.Say, membership.ReasonSanction, june},
		{"a suspended member reads", someone, sanctioned(membership.Sanction{Area: auth.Commons, Kind: membership.Suspension, Until: june}), forum.Read, membership.ReasonSanction, june},
		{"the longer of two ends", someone, sanctioned(
			membership.Sanction{Area: auth.Commons, Kind: membership.Suspension, Until: june},
			membership.Sanction{Area: auth.Commons, Kind: membership.Suspension, Until: june.AddDate(0, 1, 0)},
			membership.Sanction{Area: auth.Commons, Kind: membership.ReadOnly},
		), forum.Read, membership.ReasonSanction, june.AddDate(0, 1, 0)},
		{"one of two without end", someone, sanctioned(
			membership.Sanction{Area: auth.Commons, Kind: membership.Suspension},
			membership.Sanction{Area: auth.Commons, Kind: membership.Suspension, Until: june},
		), forum.Read, membership.ReasonSanction, time.Time{}},
		{"suspended from a group only", someone, sanctioned(membership.Sanction{Area: group, Kind: membership.Suspension}), forum.Say, "", time.Time{}},

		{"for an organisation, with a mandate", auth.Actor{User: someone.User, For: office}, member(func(st *standing) { st.Orgs = []auth.OrgID{office} }), forum.Say, "", time.Time{}},
		{"and without", auth.Actor{User: someone.User, For: office}, member(func(*standing) {}), forum.Say, membership.ReasonMandate, time.Time{}},
		{"known by a password where more is asked", someone, member(func(*standing) {}), forum.Edit, membership.ReasonLevel, time.Time{}},
		{"a visitor where more is asked", auth.Visitor, standing{Phase: 2}, forum.Edit, auth.ReasonSignIn, time.Time{}},
		{"who is away, where more is asked", someone, member(func(st *standing) { st.Away = true }), forum.Edit, membership.ReasonAway, time.Time{}},
		{"who is away, for an organisation", auth.Actor{User: someone.User, For: office}, member(func(st *standing) { st.Away, st.Orgs = true, []auth.OrgID{office} }), forum.Say, membership.ReasonAway, time.Time{}},

		{"who has applied too early", someone, asks(membership.University, false, june), forum.Say, membership.ReasonPhase, june},
		{"and reads", someone, asks(membership.University, false, june), forum.Read, membership.ReasonPhase, june},
		{"who has applied far too early", someone, asks(membership.Citizen, false, june.AddDate(1, 0, 0)), forum.Say, membership.ReasonPhase, june.AddDate(1, 0, 0)},
		{"who has applied for an organisation that the list has not", someone, asks(membership.Partner, false, june), forum.Say, membership.ReasonPhase, june},
		{"and nobody knows when it will be decided", someone, asks(membership.Partner, false, time.Time{}), forum.Say, membership.ReasonPhase, time.Time{}},
		{"and reads, as everybody will", someone, asks(membership.Partner, false, time.Time{}), forum.Read, membership.ReasonPhase, june.AddDate(1, 0, 0)},
		{"who may be decided on", someone, asks(membership.Partner, true, time.Time{}), forum.Say, auth.ReasonRole, time.Time{}},
		{"known well enough", auth.Actor{User: someone.User, Level: auth.LevelHigh}, member(func(*standing) {}), forum.Edit, "", time.Time{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := community.Policy{
				Standings: c.is, Rights: community.DefaultRights(), Plan: copis(),
				Levels: map[auth.Action]auth.Level{forum.Edit: auth.LevelSubstantial},
				Clock:  func() time.Time { return june.AddDate(0, 0, -1) },
			}
			_, err := auth.Enter(t.Context(), p, c.who, c.do)
			if c.reason == "" {
				require.NoError(t, err)
				return
			}
			want := &auth.Denied{Action: c.do, Reason: c.reason, Opens: c.opens}
			assert.Equal(t, want, err)
			at := auth.Scope{Area: auth.Commons, Audience: auth.Public}
			assert.Equal(t, want, p.Authorize(t.Context(), c.who, c.do, at), "and is what a single check says")
			x, err := p.Explain(t.Context(), c.who, c.do, at)
			require.NoError(t, err)
			assert.Equal(t, want, x.Denied)
			last := x.Steps[len(x.Steps)-1]
			assert.False(t, last.Holds, "the chain ends where it breaks: %+v", x.Steps)
			r, err := p.Reach(t.Context(), c.who, c.do)
			require.NoError(t, err)
			assert.Equal(t, auth.Reach{}, r)
		})
	}
}

// After going back by hand, a date that has passed opens nothing any more.
func TestGateTellsNoPastDate(t *testing.T) {
	t.Parallel()
	p := community.Policy{
		Standings: standing{Role: auth.Member, Category: membership.University}, Rights: community.DefaultRights(), Plan: copis(),
		Clock: func() time.Time { return june.AddDate(0, 1, 0) },
	}
	_, err := auth.Enter(t.Context(), p, someone, forum.Say)
	assert.Equal(t, &auth.Denied{Action: forum.Say, Reason: membership.ReasonPhase, Opens: june.AddDate(1, 0, 0)}, err, "the next phase that allows it and is to come")
	p.Plan[2].Opens = time.Time{}
	_, err = auth.Enter(t.Context(), p, someone, forum.Say)
	assert.Equal(t, &auth.Denied{Action: forum.Say, Reason: membership.ReasonPhase}, err)
}

// A sanction in a group takes the role there, and leaves what is promised to
// wider circles.
func TestSanctionInAGroup(t *testing.T) {
	t.Parallel()
	for kind, want := range map[membership.SanctionKind]struct{ reads, writes, readsOpen bool }{
		membership.Warning:    {true, true, true},
		membership.ReadOnly:   {true, false, true},
		membership.Suspension: {false, false, true},
	} {
		p := community.Policy{
			Standings: standing{Role: auth.Member, Areas: in(group, auth.Member), Sanctions: []membership.Sanction{{Area: group, Kind: kind, Until: june}}},
			Rights:    community.DefaultRights(),
		}
		try := func(do auth.Action, area auth.AreaID, a auth.Audience) error {
			return p.Authorize(t.Context(), someone, do, auth.Scope{Area: area, Audience: a})
		}
		for name, c := range map[string]struct {
			err  error
			want bool
		}{
			"reads the group's own":       {try(forum.Read, group, auth.AreaMembers), want.reads},
			"writes there":                {try(forum.Say, group, auth.AreaMembers), want.writes},
			"reads what all may":          {try(forum.Read, group, auth.CommunityMembers), want.readsOpen},
			"writes in the commons still": {try(forum.Say, auth.Commons, auth.CommunityMembers), true},
		} {
			if c.want {
				assert.NoError(t, c.err, "%s: %s", kind, name)
				continue
			}
			assert.Equal(t, membership.ReasonSanction, c.err.(*auth.Denied).Reason, "%s: %s", kind, name)
			assert.Equal(t, june, c.err.(*auth.Denied).Opens)
		}
	}
}

// counting counts how often it is asked.
type counting struct {
	standing
	asked *int
}

func (c counting) Standing(ctx context.Context, who auth.Actor) (community.Standing, error) {
	*c.asked++
	return c.standing.Standing(ctx, who)
}

// Who somebody is, is looked up once a call, and afresh for the next.
func TestEnterAsksOnce(t *testing.T) {
	t.Parallel()
	asked := 0
	p := community.Policy{Standings: counting{standing{Role: auth.Member}, &asked}, Rights: community.DefaultRights()}
	for call := range 3 {
		a, err := auth.Enter(t.Context(), p, someone, forum.Read)
		require.NoError(t, err)
		for _, do := range forum.Actions {
			_ = a.Authorize(t.Context(), someone, do, auth.Scope{Area: auth.Commons})
			_, err := a.Reach(t.Context(), someone, do)
			require.NoError(t, err)
		}
		assert.Equal(t, call+1, asked)
	}
	_, err := auth.Enter(t.Context(), community.Policy{Standings: noDirectory{}}, someone, forum.Read)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = auth.Enter(t.Context(), community.Policy{}, someone, forum.Read)
	require.NoError(t, err, "what no rule forbids everywhere is left to the object")
}

func TestPlansAreTheHosts(t *testing.T) {
	t.Parallel()
	plan := community.CoPIS("c_f952")
	require.Len(t, plan, 3)
	plan[0].Admits[membership.Citizen] = membership.Open
	plan[0].Allows[membership.Beneficiary][0] = "nothing"
	again := community.CoPIS("c_f952")
	assert.Equal(t, membership.Closed, again[0].Admits[membership.Citizen], "each call gives a plan of its own")
	assert.Equal(t, forum.Actions[0], again[0].Allows[membership.Beneficiary][0])
	assert.Equal(t, membership.Closed, plan[1].Admits[membership.Citizen], "and each phase tables of its own")
	for i, phase := range again {
		assert.Equal(t, []string{"c_f952"}, phase.Orgs)
		assert.True(t, phase.Opens.IsZero(), "each opens by hand")
		for c, by := range phase.Admits {
			if i > 0 {
				assert.GreaterOrEqual(t, by, again[i-1].Admits[c], "%s closes again in phase %d", c, i)
			}
			assert.True(t, slices.Contains(phase.Allows[c], forum.Say), "%s is admitted to phase %d to be silent", c, i)
		}
	}
}
