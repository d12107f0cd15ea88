// SPDX-License-Identifier: BSD-3-Clause

package community_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// What a standing says that somebody is in an area is what the policy goes by:
// an area is its members', also for who coordinates the community.
func TestRoleInAgreesWithThePolicy(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), memory.New()
	c := community.New(community.Config{Store: s})
	rights := community.DefaultRights()
	asked := 0
	for _, state := range []membership.MemberState{0, membership.Active, membership.Away, membership.Left} {
		for _, role := range roles {
			for _, there := range roles {
				who := auth.Actor{User: storage.NewID[auth.User]()}
				changes := []storage.Change{membership.SetAreaRole{AreaRole: membership.AreaRole{User: who.User, Area: group, Role: there}}}
				if state != 0 {
					changes = append(changes, membership.InsertMember{Member: membership.Member{User: who.User, State: state, Role: role, Category: membership.Expert, Version: 1}})
				}
				require.NoError(t, s.Apply(ctx, changes...))
				st, err := c.Membership.Standing(ctx, who.User)
				require.NoError(t, err)
				for _, area := range []auth.AreaID{auth.Commons, group, closed} {
					for _, do := range community.MemberActions() {
						err := c.Auth.Authorize(ctx, who, do, auth.Scope{Area: area})
						assert.Equal(t, st.RoleIn(area) >= rights[do], err == nil, "%v %v, %v there: %s in %s", state, role, there, do, area)
						asked++
					}
				}
			}
		}
	}
	assert.Equal(t, 4*5*5*3*len(community.MemberActions()), asked)
}

// A newcomer is whoever the host says is one.
func TestRatesGoByTheStanding(t *testing.T) {
	t.Parallel()
	now, s := june, memory.New()
	c := community.New(community.Config{
		Store: s, Clock: func() time.Time { return now },
		Standing: standing{Role: auth.Member, Newcomer: true},
		Rates:    community.Rates{forum.Say: {Newcomer: community.Rate{Times: 1, Per: time.Hour}, Member: community.Rate{Times: 5, Per: time.Hour}}},
	})
	ctx := t.Context()
	host := community.New(community.Config{Store: s, Clock: func() time.Time { return now }, Auth: auth.AllowAll{}})
	board, err := host.Forum.OpenBoard(ctx, someone, forum.NewBoard{Area: auth.Commons, Audience: auth.Public, Name: "Piazza"})
	require.NoError(t, err)
	topic, err := host.Forum.StartTopic(ctx, someone, forum.NewTopic{Board: board.ID, Title: "Titolo", Body: "Testo"})
	require.NoError(t, err)
	_, err = c.Forum.Reply(ctx, someone, forum.NewReply{Topic: topic.ID, Body: "Una"})
	require.NoError(t, err)
	_, err = c.Forum.Reply(ctx, someone, forum.NewReply{Topic: topic.ID, Body: "Due"})
	require.ErrorIs(t, err, auth.ErrLimited)
}

// The plan of Co.PIS for the administrations that are funded: a member of each
// comes in from the first day, and nobody of any other category before the
// second phase.
func TestTheFundedAdministrations(t *testing.T) {
	t.Parallel()
	f, err := os.Open(shared.Path(t, "data/orgs/fis-intervento-II.csv"))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	rows = rows[1:]
	require.Len(t, rows, 18)
	var codes []string
	for _, row := range rows {
		codes = append(codes, row[1])
	}

	now, opens := june.AddDate(0, -6, 0), june
	plan := community.CoPIS(codes...)
	plan[1].Opens = opens
	ctx, s := t.Context(), memory.New()
	c := community.New(community.Config{Store: s, Plan: plan, Clock: func() time.Time { return now }})
	m := c.Membership
	person := func() auth.Actor { return auth.Actor{User: storage.NewID[auth.User]()} }
	chief := person()
	_, err = m.Found(ctx, chief.User, membership.Beneficiary)
	require.NoError(t, err)
	org := func(code, name string) auth.OrgID {
		o, err := m.AddOrg(ctx, chief, membership.NewOrg{Code: code, Name: name})
		require.NoError(t, err)
		return o.ID
	}
	read := func(who auth.Actor) error {
		_, err := auth.Enter(ctx, c.Auth, who, forum.Say)
		return err
	}

	for _, row := range rows {
		// Who has a mandate that was verified is in at once; who has not, when
		// somebody has decided.
		id := org(row[1], row[2])
		first, second := person(), person()
		claim, err := m.Claim(ctx, first, membership.NewMandate{Org: id, Title: "responsabile"})
		require.NoError(t, err)
		require.NoError(t, m.Verify(ctx, chief, claim.ID))
		a, err := m.Apply(ctx, first, membership.NewApplication{Category: membership.Beneficiary, Org: id})
		require.NoError(t, err)
		assert.Equal(t, membership.Approved, a.State, row[2])
		require.NoError(t, read(first), row[2])

		a, err = m.Apply(ctx, second, membership.NewApplication{Category: membership.Beneficiary, Org: id})
		require.NoError(t, err)
		assert.True(t, a.Decidable, row[2])
		assert.Equal(t, auth.ReasonRole, reason(t, read(second)))
		_, err = m.Decide(ctx, chief, membership.Decision{Application: a.ID, Approve: true})
		require.NoError(t, err)
		require.NoError(t, read(second), row[2])
	}

	other := org("c_a944", "Comune di Bologna")
	type outsider struct {
		who auth.Actor
		app membership.ApplicationID
	}
	var out []outsider
	for _, x := range []struct {
		c   membership.Category
		org auth.OrgID
	}{
		{membership.Beneficiary, auth.OrgID{}}, {membership.PublicBody, other}, {membership.University, other},
		{membership.Research, auth.OrgID{}}, {membership.PrivateBody, other}, {membership.Expert, auth.OrgID{}},
	} {
		who := person()
		a, err := m.Apply(ctx, who, membership.NewApplication{Category: x.c, Org: x.org})
		require.NoError(t, err)
		if x.c == membership.Beneficiary { // of no administration: no phase but the last lets anybody decide
			assert.False(t, a.Decidable)
			assert.Zero(t, a.Opens)
			continue
		}
		assert.Equal(t, opens, a.Opens, x.c)
		_, err = m.Decide(ctx, chief, membership.Decision{Application: a.ID, Approve: true})
		assert.Equal(t, membership.ReasonPhase, reason(t, err), x.c)
		denied := read(who)
		assert.Equal(t, membership.ReasonPhase, reason(t, denied), x.c)
		var d *auth.Denied
		require.ErrorAs(t, denied, &d)
		assert.Equal(t, opens, d.Opens, x.c)
		out = append(out, outsider{who, a.ID})
	}
	now = opens
	for _, x := range out {
		assert.Equal(t, auth.ReasonRole, reason(t, read(x.who)))
		_, err := m.Decide(ctx, chief, membership.Decision{Application: x.app, Approve: true})
		require.NoError(t, err)
		require.NoError(t, read(x.who))
	}
	tally, err := s.Membership().Tally(ctx)
	require.NoError(t, err)
	assert.Equal(t, membership.Tally{
		membership.Beneficiary: 2*len(rows) + 1, membership.PublicBody: 1, membership.University: 1, membership.Research: 1,
		membership.PrivateBody: 1, membership.Expert: 1,
	}, tally, fmt.Sprint(tally))
}

// reason returns why something was denied.
func reason(t *testing.T, err error) string {
	t.Helper()
	var d *auth.Denied
	require.ErrorAs(t, err, &d)
	return d.Reason
}
