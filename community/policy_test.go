// SPDX-License-Identifier: BSD-3-Clause

package community_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	someone = auth.Actor{User: storage.MakeID[auth.User]([16]byte{15: 1})}
	group   = storage.MakeID[auth.Area]([16]byte{15: 2})
	closed  = storage.MakeID[auth.Area]([16]byte{15: 3})
	office  = storage.MakeID[auth.Org]([16]byte{15: 4})

	roles = []auth.Role{auth.Outsider, auth.Observer, auth.Member, auth.Moderator, auth.Coordinator}
)

// standing says the same of everybody.
type standing community.Standing

func (s standing) Standing(context.Context, auth.Actor) (community.Standing, error) {
	return community.Standing(s), nil
}

func in(area auth.AreaID, r auth.Role) map[auth.AreaID]auth.Role {
	return map[auth.AreaID]auth.Role{area: r}
}

// The golden file is the table of rights: a reviewer sees there what a change
// of the policy gives to whom.
func TestDefaultRights(t *testing.T) {
	t.Parallel()
	places := []struct {
		name string
		area auth.AreaID
		as   func(auth.Role) standing // the row's role, held where the place says
	}{
		{"commons", auth.Commons, func(r auth.Role) standing { return standing{Role: r} }},
		{"group, role held in it", group, func(r auth.Role) standing {
			return standing{Role: auth.Member, Areas: in(group, r)}
		}},
		{"group, as its guest", group, func(r auth.Role) standing {
			return standing{Role: auth.Outsider, Areas: in(group, r)}
		}},
		{"group of others", group, func(r auth.Role) standing {
			return standing{Role: r, Areas: in(closed, auth.Coordinator)}
		}},
	}
	promised := []struct {
		name     string
		audience auth.Audience
	}{{"area", auth.AreaMembers}, {"community", auth.CommunityMembers}, {"public", auth.Public}, {"(new)", 0}}

	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "where\tpromised to\trole")
	for _, do := range community.MemberActions() {
		fmt.Fprintf(w, "\t%s", do)
	}
	fmt.Fprintln(w)
	for _, place := range places {
		for _, to := range promised {
			for _, role := range roles {
				fmt.Fprintf(w, "%s\t%s\t%s", place.name, to.name, role)
				p := community.Policy{Standings: place.as(role), Rights: community.DefaultRights()}
				for _, do := range community.MemberActions() {
					err := p.Authorize(t.Context(), someone, do, auth.Scope{Area: place.area, Audience: to.audience})
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
	}
	require.NoError(t, w.Flush())

	golden(t, "rights.golden", b.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "rights have changed: run with -update and look at the difference")
}

func TestDefaultRightsNameEveryAction(t *testing.T) {
	t.Parallel()
	rights := community.DefaultRights()
	assert.Len(t, rights, len(community.MemberActions()))
	for _, do := range community.MemberActions() {
		assert.Greater(t, rights[do], auth.Outsider, "%s", do)
	}
	rights[forum.Purge] = auth.Member
	assert.Equal(t, auth.Coordinator, community.DefaultRights()[forum.Purge], "each call gives a table of its own")
}

// For every actor, action and place of a small world: what a list would give
// is what a single check allows (S29).
func TestReachAgreesWithAuthorize(t *testing.T) {
	t.Parallel()
	var people []standing
	for _, r := range roles {
		people = append(people, standing{Role: r})
		for _, a := range roles {
			people = append(people,
				standing{Role: r, Areas: in(group, a)},
				standing{Role: r, Areas: map[auth.AreaID]auth.Role{group: a, closed: auth.Observer}},
				standing{Role: r, Areas: in(auth.Commons, a)},
				standing{Role: r, Areas: in(auth.AreaID{}, a)})
		}
	}
	for _, kind := range []membership.SanctionKind{membership.Warning, membership.ReadOnly, membership.Suspension} {
		for _, area := range []auth.AreaID{auth.Commons, group} {
			people = append(people, standing{Role: auth.Moderator, Category: membership.University, Areas: in(group, auth.Member), Sanctions: []membership.Sanction{{Area: area, Kind: kind}}})
		}
	}
	for phase := range 3 {
		for _, c := range []membership.Category{"", membership.Beneficiary, membership.University, membership.Citizen} {
			people = append(people,
				standing{Role: auth.Member, Category: c, Phase: phase, Areas: in(group, auth.Observer), Orgs: []auth.OrgID{office}},
				standing{Role: auth.Coordinator, Category: c, Phase: phase},
				standing{Role: auth.Member, Category: c, Phase: phase, Away: true})
		}
	}
	tables := []community.Rights{nil, community.DefaultRights(), community.DefaultRights()}
	for _, least := range append(roles, auth.Coordinator+1) {
		tables = append(tables, community.Rights{forum.See: least, forum.Read: least, forum.Say: least})
	}
	places := []auth.AreaID{auth.Commons, group, closed, {}}
	checked, allowed := 0, 0
	for _, who := range people {
		for n, rights := range tables {
			p := community.Policy{Standings: who, Rights: rights}
			if n == 2 {
				p.Plan, p.Levels = community.CoPIS(), map[auth.Action]auth.Level{forum.Say: auth.LevelSubstantial}
			}
			for _, actor := range []auth.Actor{someone, auth.Visitor, {User: someone.User, For: office, Level: auth.LevelHigh}} {
				for _, do := range append(forum.Actions, membership.SeeMembers, "", "poll.vote") {
					reach, err := p.Reach(t.Context(), actor, do)
					require.NoError(t, err)
					for _, area := range places {
						for audience := range auth.Public + 2 {
							err := p.Authorize(t.Context(), actor, do, auth.Scope{Area: area, Audience: audience})
							if err != nil {
								require.ErrorIs(t, err, auth.ErrDenied)
							} else {
								allowed++
							}
							checked++
							x, xerr := p.Explain(t.Context(), actor, do, auth.Scope{Area: area, Audience: audience})
							require.NoError(t, xerr)
							if x.Allowed != (err == nil) || x.Allowed != (x.Denied == nil) {
								t.Fatalf("%+v as %+v: %s: %+v, but %v", who, actor, do, x, err)
							}
							if reach.Covers(area, audience) != (err == nil) {
								t.Fatalf("table %d, %+v as %+v: %s in area %s for audience %d: reach %+v, but %v", n, who, actor, do, area, audience, reach, err)
							}
						}
					}
				}
			}
		}
	}
	assert.Greater(t, checked, 100_000)
	assert.Greater(t, allowed, checked/30)
}

// Whatever was left out denies (S27).
func TestPolicyZeroValuesDeny(t *testing.T) {
	t.Parallel()
	all := standing{Role: auth.Coordinator, Areas: in(group, auth.Coordinator)}
	at := auth.Scope{Area: auth.Commons, Audience: auth.Public}
	for name, p := range map[string]community.Policy{
		"zero policy":    {},
		"no rights":      {Standings: all},
		"empty rights":   {Standings: all, Rights: community.Rights{}},
		"zero role":      {Standings: all, Rights: community.Rights{forum.Read: 0, forum.Say: 0}},
		"no standings":   {Rights: community.Rights{forum.Say: auth.Observer}},
		"zero standing":  {Standings: standing{}, Rights: community.Rights{forum.Say: auth.Observer}},
		"another action": {Standings: all, Rights: community.Rights{forum.Start: auth.Observer}},
	} {
		for _, do := range []auth.Action{forum.Say, "", "forum.say"} {
			require.ErrorIs(t, p.Authorize(t.Context(), someone, do, at), auth.ErrDenied, "%s: %s", name, do)
			r, err := p.Reach(t.Context(), someone, do)
			require.NoError(t, err)
			assert.Equal(t, auth.Reach{}, r, "%s: %s", name, do)
		}
	}
	p := community.Policy{Standings: all, Rights: community.DefaultRights()}
	assert.ErrorIs(t, p.Authorize(t.Context(), auth.Visitor, forum.Say, at), auth.ErrDenied, "whatever the directory says of the zero user")
	assert.ErrorIs(t, p.Authorize(t.Context(), someone, forum.Say, auth.Scope{Audience: auth.Public}), auth.ErrDenied, "no area is not the commons")
	assert.ErrorIs(t, p.Authorize(t.Context(), someone, forum.Say, auth.Scope{Area: closed}), auth.ErrDenied, "a coordinator of all is not a member of each area")
}

func TestExplain(t *testing.T) {
	t.Parallel()
	role := func(have, want string, holds bool) auth.Step {
		return auth.Step{Rule: "role", Have: have, Want: want, Holds: holds}
	}
	audience := func(have, want string, holds bool) auth.Step {
		return auth.Step{Rule: "audience", Have: have, Want: want, Holds: holds}
	}
	for _, c := range []struct {
		name string
		who  auth.Actor
		is   standing
		do   auth.Action
		at   auth.Scope
		want auth.Explanation
	}{
		{"a member replies", someone, standing{Role: auth.Member}, forum.Say, auth.Scope{Area: auth.Commons, Audience: auth.CommunityMembers},
			auth.Explanation{Allowed: true, Steps: []auth.Step{role("member", "member", true)}}},
		{"a member moderates", someone, standing{Role: auth.Member}, forum.Moderate, auth.Scope{Area: auth.Commons},
			auth.Explanation{Steps: []auth.Step{role("member", "moderator", false)}, Denied: &auth.Denied{Action: forum.Moderate, Reason: auth.ReasonRole}}},
		{"a visitor replies", auth.Visitor, standing{}, forum.Say, auth.Scope{Area: auth.Commons, Audience: auth.Public},
			auth.Explanation{Steps: []auth.Step{role("outsider", "member", false)}, Denied: &auth.Denied{Action: forum.Say, Reason: auth.ReasonSignIn}}},
		{"an organisation without a person replies", auth.Actor{For: office}, standing{Role: auth.Member}, forum.Say, auth.Scope{Area: auth.Commons},
			auth.Explanation{Steps: []auth.Step{{Rule: "mandate", Have: "none", Want: office.String()}}, Denied: &auth.Denied{Action: forum.Say, Reason: auth.ReasonSignIn}}},
		{"a visitor reads what is public", auth.Visitor, standing{}, forum.Read, auth.Scope{Area: group, Audience: auth.Public},
			auth.Explanation{Allowed: true, Steps: []auth.Step{role("outsider", "observer", false), audience("public", "public", true)}}},
		{"a member reads a group's", someone, standing{Role: auth.Member}, forum.Read, auth.Scope{Area: group, Audience: auth.AreaMembers},
			auth.Explanation{Steps: []auth.Step{role("outsider", "observer", false), audience("community members", "area members", false)},
				Denied: &auth.Denied{Action: forum.Read, Reason: auth.ReasonRole}}},
		{"a group's observer reads it", someone, standing{Areas: in(group, auth.Observer)}, forum.Read, auth.Scope{Area: group, Audience: auth.AreaMembers},
			auth.Explanation{Allowed: true, Steps: []auth.Step{role("observer", "observer", true), audience("public", "area members", false)}}},
		{"what nobody has a right to", someone, standing{Role: auth.Coordinator}, "poll.vote", auth.Scope{Area: auth.Commons, Audience: auth.Public},
			auth.Explanation{Steps: []auth.Step{role("coordinator", "nobody", false)}, Denied: &auth.Denied{Action: "poll.vote", Reason: auth.ReasonRole}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := community.Policy{Standings: c.is, Rights: community.DefaultRights()}
			got, err := p.Explain(t.Context(), c.who, c.do, c.at)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)

			err = p.Authorize(t.Context(), c.who, c.do, c.at)
			if c.want.Allowed {
				require.NoError(t, err)
			} else {
				assert.Equal(t, c.want.Denied, err)
			}
		})
	}
}

type noDirectory struct{}

func (noDirectory) Standing(context.Context, auth.Actor) (community.Standing, error) {
	return community.Standing{Role: auth.Coordinator}, errors.ErrUnsupported
}

// A directory that does not answer is no refusal, and opens nothing.
func TestPolicyWithoutDirectory(t *testing.T) {
	t.Parallel()
	p := community.Policy{Standings: noDirectory{}, Rights: community.DefaultRights()}
	at := auth.Scope{Area: auth.Commons, Audience: auth.Public}

	err := p.Authorize(t.Context(), someone, forum.Read, at)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.NotErrorIs(t, err, auth.ErrDenied)

	r, err := p.Reach(t.Context(), someone, forum.Read)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Equal(t, auth.Reach{}, r)

	x, err := p.Explain(t.Context(), someone, forum.Read, at)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.False(t, x.Allowed)
}

func TestRoleNames(t *testing.T) {
	t.Parallel()
	var names []string
	for _, r := range roles {
		names = append(names, r.String())
	}
	assert.Equal(t, []string{"outsider", "observer", "member", "moderator", "coordinator"}, names)
	assert.Equal(t, "unknown", (auth.Coordinator + 1).String())
}
