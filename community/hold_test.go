// SPDX-License-Identifier: BSD-3-Clause

package community_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// What is asked before something is offered is what Config.Hold says of who they
// are now; without one nothing waits.
func TestHolds(t *testing.T) {
	t.Parallel()
	somebody := auth.Actor{User: storage.NewID[auth.User]()}
	at := auth.Scope{Area: auth.Commons, Audience: auth.Public}
	for _, hold := range []func(community.Standing, auth.Scope, auth.Action) bool{
		nil, func(is community.Standing, _ auth.Scope, do auth.Action) bool { return is.Newcomer && do == forum.Edit },
	} {
		c := community.New(community.Config{Store: memory.New(), Hold: hold})
		_, err := c.Membership.Found(t.Context(), somebody.User, membership.Expert)
		require.NoError(t, err)
		st, err := c.Membership.Standing(t.Context(), somebody.User)
		require.NoError(t, err)
		for _, on := range []*community.Community{c, c.Only(forum.Read)} {
			for do, want := range map[auth.Action]bool{forum.Edit: hold != nil && st.Newcomer, forum.Say: false} {
				held, err := on.Holds(t.Context(), somebody, at, do)
				require.NoError(t, err)
				require.Equal(t, want, held, do)
			}
		}
		require.True(t, st.Newcomer, "otherwise this says nothing")
	}
}
