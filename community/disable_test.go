// SPDX-License-Identifier: BSD-3-Clause

package community_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/password"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// A coordinator whose account is disabled counts no more as one who can act, and
// the last one's cannot be disabled.
func TestDisableCoordinator(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := community.New(community.Config{
		Store: memory.New(), Auth: auth.AllowAll{},
		Account:    account.Config{Passwords: password.New(password.Config{MemoryKiB: 8, Time: 1})},
		Membership: membership.Config{Plan: membership.Plan{membership.Phase{Name: "open"}.Widen(membership.Open, membership.Expert)}},
	})
	var people [3]auth.Actor
	for i, name := range []string{"prima.una", "seconda.due", "terza.tre"} {
		id, err := c.Accounts.SignUp(ctx, account.NewAccount{Name: name, Password: "tre gatti sul tetto"})
		require.NoError(t, err)
		people[i].User = id
	}
	first, second, third := people[0], people[1], people[2]
	_, err := c.Membership.Found(ctx, first.User, membership.Expert)
	require.NoError(t, err)
	role := func(who auth.Actor) auth.Role {
		st, err := c.Membership.Standing(ctx, who.User)
		require.NoError(t, err)
		return st.Member.Role
	}
	stays := func(who auth.Actor) {
		t.Helper()
		require.ErrorIs(t, c.Accounts.Disable(ctx, third, who.User), membership.ErrLast)
		require.NoError(t, c.Accounts.MayAct(ctx, who.User))
		require.Equal(t, auth.Coordinator, role(who))
	}
	stays(first)

	for _, who := range []auth.Actor{second, third} {
		_, err := c.Membership.Apply(ctx, who, membership.NewApplication{Category: membership.Expert, Text: "Sono esperta."})
		require.NoError(t, err)
	}
	require.NoError(t, c.Membership.Grant(ctx, first, membership.NewRole{User: second.User, Role: auth.Coordinator}))
	require.NoError(t, c.Accounts.Disable(ctx, third, first.User))
	require.ErrorIs(t, c.Accounts.MayAct(ctx, first.User), auth.ErrDenied)
	require.Equal(t, auth.Member, role(first), "who cannot act is no coordinator")
	stays(second)
	require.NoError(t, c.Accounts.Enable(ctx, third, first.User))
	require.Equal(t, auth.Member, role(first), "and is not one again by that")
	require.NoError(t, c.Accounts.Disable(ctx, second, third.User), "whoever is none is in nobody's way")
	require.ErrorIs(t, c.Membership.Grant(ctx, second, membership.NewRole{User: third.User, Role: auth.Coordinator}), auth.ErrDenied)
	require.Equal(t, auth.Member, role(third), "whoever cannot act is made none")
	stays(second)
	require.NoError(t, c.Accounts.Enable(ctx, second, third.User))

	// The same in an area.
	area := storage.NewID[auth.Area]()
	in := func(who auth.Actor) auth.Role {
		st, err := c.Membership.Standing(ctx, who.User)
		require.NoError(t, err)
		return st.RoleIn(area)
	}
	require.NoError(t, c.Membership.FoundArea(ctx, second, area, third.User))
	require.ErrorIs(t, c.Accounts.Disable(ctx, second, third.User), membership.ErrLast)
	require.NoError(t, c.Accounts.MayAct(ctx, third.User))
	require.Equal(t, auth.Coordinator, in(third))
	require.NoError(t, c.Membership.Grant(ctx, third, membership.NewRole{User: first.User, Area: area, Role: auth.Coordinator}))
	require.NoError(t, c.Accounts.Disable(ctx, second, third.User))
	require.ErrorIs(t, c.Accounts.MayAct(ctx, third.User), auth.ErrDenied)
	require.Equal(t, auth.Member, in(third), "of the area as well")
	require.ErrorIs(t, c.Accounts.Disable(ctx, second, first.User), membership.ErrLast)
	require.Equal(t, auth.Coordinator, in(first))
}

// Where there are accounts, no session is begun and no token given without what
// must hold; where there are none, nobody is let in unless the host says who.
func TestSessionsAreGuarded(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := memory.New()
	scopes := []auth.Action{"forum.read"}
	c := community.New(community.Config{
		Store: store, Account: account.Config{Passwords: password.New(password.Config{MemoryKiB: 8, Time: 1})}, Session: session.Config{Scopes: scopes},
	})
	id, err := c.Accounts.SignUp(ctx, account.NewAccount{Name: "prima.una", Password: "tre gatti sul tetto"})
	require.NoError(t, err)
	who := auth.Actor{User: id}
	_, _, err = c.Sessions.Start(ctx, session.NewSession{User: id})
	require.ErrorIs(t, err, storage.ErrInvalid)
	_, s, err := c.Sessions.Start(ctx, session.NewSession{User: id, Still: account.Entry{User: id, Version: 1}.Still()})
	require.NoError(t, err)
	in := session.NewToken{Name: "n", Scopes: scopes, Ends: time.Now().Add(time.Hour)}
	_, _, err = c.Sessions.Issue(ctx, who, in)
	require.ErrorIs(t, err, storage.ErrInvalid)
	in.Still = s.Still()
	_, _, err = c.Sessions.Issue(ctx, who, in)
	require.NoError(t, err)

	bare := community.New(community.Config{Store: memory.New()})
	_, _, err = bare.Sessions.Start(ctx, session.NewSession{User: id})
	require.ErrorIs(t, err, session.ErrSession)
	own := community.New(community.Config{Store: memory.New(), Session: session.Config{
		MayAct: func(context.Context, auth.UserID) error { return nil },
	}})
	_, _, err = own.Sessions.Start(ctx, session.NewSession{User: id})
	require.NoError(t, err)
}
