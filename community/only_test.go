// SPDX-License-Identifier: BSD-3-Clause

package community_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage/memory"
)

// A token does what its owner may and its scopes name, on every store, and
// narrowing again widens nothing (S05).
func TestOnly(t *testing.T) {
	t.Parallel()
	w := newTalk(t, nil, someone)
	reads := w.c.Only(forum.See, forum.Read)
	_, err := reads.Forum.Thread(t.Context(), someone, forum.ThreadPage{Topic: w.topic})
	require.NoError(t, err)
	require.ErrorIs(t, w.say(reads, someone), auth.ErrDenied)
	require.ErrorIs(t, w.say(reads.Only(forum.Say, forum.Read), someone), auth.ErrDenied)
	require.ErrorIs(t, w.say(w.c.Only(), someone), auth.ErrDenied, "no scope is no right")
	require.ErrorIs(t, reads.Atomic(t.Context(), func(ctx context.Context, c *community.Community) error { return w.say(c, someone) }), auth.ErrDenied)
	require.ErrorIs(t, w.say(reads.On(memory.New()), someone), auth.ErrDenied)
	_, err = w.c.Only(forum.Read).Forum.Thread(t.Context(), auth.Visitor, forum.ThreadPage{Topic: w.topic})
	require.Error(t, err, "and no more than its owner may")
	require.NoError(t, w.say(w.c, someone), "the community itself is as it was")
}
