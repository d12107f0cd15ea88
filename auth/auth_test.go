// SPDX-License-Identifier: BSD-3-Clause

package auth_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

var (
	group = storage.MakeID[auth.Area]([16]byte{1})
	other = storage.MakeID[auth.Area]([16]byte{2})
)

func TestReachCovers(t *testing.T) {
	t.Parallel()
	const none, beyond = auth.Audience(0), auth.Public + 1
	for _, c := range []struct {
		name     string
		reach    auth.Reach
		area     auth.AreaID
		audience auth.Audience
		want     bool
	}{
		{"a visitor and what is public", auth.Reach{Floor: auth.Public}, group, auth.Public, true},
		{"a visitor and the community's", auth.Reach{Floor: auth.Public}, auth.Commons, auth.CommunityMembers, false},
		{"a member and the community's, in another's area", auth.Reach{Floor: auth.CommunityMembers}, group, auth.CommunityMembers, true},
		{"a member and what is public", auth.Reach{Floor: auth.CommunityMembers}, group, auth.Public, true},
		{"a member and an area's own", auth.Reach{Floor: auth.CommunityMembers}, group, auth.AreaMembers, false},
		{"an area's member and its own", auth.Reach{Areas: []auth.AreaID{other, group}}, group, auth.AreaMembers, true},
		{"an area's member and another's", auth.Reach{Areas: []auth.AreaID{other}}, group, auth.Public, false},
		{"everything and an area's own", auth.Everything, group, auth.AreaMembers, true},
		{"nothing and what is public", auth.Reach{}, auth.Commons, auth.Public, false},
		{"nothing and what was promised to nobody", auth.Reach{}, auth.Commons, none, false},
		{"everything and what was promised to nobody", auth.Everything, auth.Commons, none, false},
		{"an audience that is none of the circles", auth.Everything, auth.Commons, beyond, false},
		{"a floor that is none of the circles", auth.Reach{Floor: beyond}, auth.Commons, beyond, false},
		{"no area is not an area", auth.Reach{Areas: []auth.AreaID{group}}, auth.AreaID{}, auth.Public, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, c.reach.Covers(c.area, c.audience))
		})
	}
}

func TestAudienceIsOrdered(t *testing.T) {
	t.Parallel()
	assert.Less(t, auth.AreaMembers, auth.CommunityMembers)
	assert.Less(t, auth.CommunityMembers, auth.Public)
	for a, want := range []bool{false, true, true, true, false} {
		assert.Equal(t, want, auth.Audience(a).Valid(), "audience %d", a)
	}
}

// What was left out must never open a door (S27).
func TestZeroValuesDeny(t *testing.T) {
	t.Parallel()
	ctx, do := t.Context(), auth.Action("forum.read")
	var zero auth.DenyAll
	for _, at := range []auth.Scope{{}, {Area: auth.Commons, Audience: auth.Public}} {
		for _, who := range []auth.Actor{auth.Visitor, {User: storage.NewID[auth.User]()}, {For: storage.NewID[auth.Org]()}} {
			err := zero.Authorize(ctx, who, do, at)
			require.ErrorIs(t, err, auth.ErrDenied)
			var denied *auth.Denied
			require.ErrorAs(t, err, &denied)
			assert.Equal(t, auth.Denied{Action: do, Reason: auth.ReasonUnset}, *denied)

			r, err := zero.Reach(ctx, who, do)
			require.NoError(t, err)
			assert.False(t, r.Covers(at.Area, at.Audience))

			x, err := zero.Explain(ctx, who, do, at)
			require.NoError(t, err)
			assert.False(t, x.Allowed)
			assert.Equal(t, denied, x.Denied)
		}
	}
	assert.False(t, auth.Reach{}.Covers(auth.AreaID{}, 0), "the zero item is within nobody's reach")
	assert.False(t, auth.Everything.Covers(auth.AreaID{}, 0))
	assert.False(t, auth.Explanation{}.Allowed)
	assert.False(t, auth.Commons.IsZero(), "an area that was not given is not the commons")
}

func TestAllowAllAgreesWithItself(t *testing.T) {
	t.Parallel()
	ctx, all := t.Context(), auth.AllowAll{}
	r, err := all.Reach(ctx, auth.Visitor, "forum.read")
	require.NoError(t, err)
	for a := auth.AreaMembers; a <= auth.Public; a++ {
		at := auth.Scope{Area: group, Audience: a}
		require.NoError(t, all.Authorize(ctx, auth.Visitor, "forum.read", at))
		assert.True(t, r.Covers(at.Area, at.Audience))
		x, err := all.Explain(ctx, auth.Visitor, "forum.read", at)
		require.NoError(t, err)
		assert.True(t, x.Allowed)
		assert.Nil(t, x.Denied)
	}
}

func TestByline(t *testing.T) {
	t.Parallel()
	who := auth.Actor{User: storage.NewID[auth.User](), For: storage.NewID[auth.Org]()}
	by := who.By()
	assert.Equal(t, who.User, by.User)
	assert.Equal(t, who.For, by.For)
	assert.Equal(t, auth.By{}, auth.Visitor.By())
}

func TestDenied(t *testing.T) {
	t.Parallel()
	opens := time.Date(2027, 3, 1, 9, 0, 0, 0, time.FixedZone("", 3600))
	err := fmt.Errorf("portal: %w", &storage.Error{Op: "forum.Reply", Err: &auth.Denied{Action: "forum.reply", Reason: auth.ReasonRole, Opens: opens}})
	require.ErrorIs(t, err, auth.ErrDenied)
	assert.NotErrorIs(t, err, auth.ErrLimited)
	assert.NotErrorIs(t, err, storage.ErrNotFound)
	var denied *auth.Denied
	require.ErrorAs(t, err, &denied)
	assert.True(t, opens.Equal(denied.Opens))
	assert.EqualError(t, err, "portal: forum.Reply: forum.reply denied: role, opens 2027-03-01T08:00:00Z")
	assert.EqualError(t, &auth.Denied{Action: "forum.reply", Reason: auth.ReasonSignIn}, "forum.reply denied: sign_in")
}

func TestLimited(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("portal: %w", &auth.Limited{Action: "forum.reply", After: 1500 * time.Millisecond})
	require.ErrorIs(t, err, auth.ErrLimited)
	assert.NotErrorIs(t, err, auth.ErrDenied)
	var limited *auth.Limited
	require.ErrorAs(t, err, &limited)
	assert.Equal(t, 1500*time.Millisecond, limited.After)
	assert.EqualError(t, err, "portal: forum.reply too often: wait 2s")
}

func TestNewEvent(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	e := auth.NewEvent("forum.replied", at, group, auth.AreaMembers, map[string]int{"seq": 3})
	assert.False(t, e.ID.IsZero())
	assert.Equal(t, at, e.At)
	assert.Equal(t, "forum.replied", e.Name)
	assert.EqualValues(t, group.Bytes(), e.Area)
	assert.EqualValues(t, auth.AreaMembers, e.Audience)
	assert.JSONEq(t, `{"seq":3}`, string(e.Data))
	assert.NotEqual(t, e.ID, auth.NewEvent("forum.replied", at, group, auth.AreaMembers, nil).ID)
	assert.Panics(t, func() { auth.NewEvent("forum.replied", at, group, auth.AreaMembers, errors.ErrUnsupported.Error) })
}
