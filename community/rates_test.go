// SPDX-License-Identifier: BSD-3-Clause

package community_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

func TestPace(t *testing.T) {
	t.Parallel()
	now := june
	fresh := false
	p := community.NewPace(community.Rates{
		forum.Say: {Newcomer: community.Rate{Times: 2, Per: time.Hour}, Member: community.Rate{Times: 6, Per: time.Hour}},
	}, func() time.Time { return now }, func(context.Context, auth.UserID) (bool, error) { return fresh, nil })
	other := auth.Actor{User: storage.NewID[auth.User]()}
	say := func(who auth.Actor) error { return p.Allow(t.Context(), who, forum.Say) }

	for range 6 {
		require.NoError(t, say(someone))
	}
	var limited *auth.Limited
	require.ErrorAs(t, say(someone), &limited)
	assert.Equal(t, auth.Limited{Action: forum.Say, After: 10 * time.Minute}, *limited)
	require.ErrorAs(t, say(someone), &limited)
	assert.Equal(t, 10*time.Minute, limited.After, "what was refused is not counted")
	require.NoError(t, say(other), "each has a pace of their own")
	require.NoError(t, p.Allow(t.Context(), someone, forum.React), "and each action")

	now = now.Add(10*time.Minute - time.Microsecond)
	require.ErrorIs(t, say(someone), auth.ErrLimited)
	now = now.Add(time.Microsecond)
	require.NoError(t, say(someone))
	require.ErrorIs(t, say(someone), auth.ErrLimited, "one at a time")

	now, fresh = now.Add(2*time.Hour), true
	require.NoError(t, say(someone))
	require.NoError(t, say(someone))
	require.ErrorAs(t, say(someone), &limited)
	assert.Equal(t, 30*time.Minute, limited.After, "tighter for newcomers")
}

func TestPaceCountsThoseAtOnce(t *testing.T) {
	t.Parallel()
	p := community.NewPace(community.Rates{forum.Say: {Member: community.Rate{Times: 10, Per: time.Hour}}},
		func() time.Time { return june }, nil)
	var passed atomic.Int32
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			if p.Allow(t.Context(), someone, forum.Say) == nil {
				passed.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 10, passed.Load())
}

func TestPaceWithoutRates(t *testing.T) {
	t.Parallel()
	p := community.NewPace(community.Rates{forum.Say: {}}, nil, func(context.Context, auth.UserID) (bool, error) {
		return false, errors.ErrUnsupported
	})
	for range 100 {
		require.NoError(t, p.Allow(t.Context(), someone, forum.Say), "the zero Rate is no limit")
	}
	p = community.NewPace(community.Rates{forum.Say: {Newcomer: community.Rate{Times: 1, Per: 1}}}, nil, func(context.Context, auth.UserID) (bool, error) {
		return false, errors.ErrUnsupported
	})
	require.ErrorIs(t, p.Allow(t.Context(), someone, forum.Say), errors.ErrUnsupported)
}
