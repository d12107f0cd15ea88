// SPDX-License-Identifier: BSD-3-Clause

package storage_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/storage"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	sentinels := []error{
		storage.ErrNotFound, storage.ErrExists, storage.ErrConflict, storage.ErrInvalid,
		storage.ErrTxDone, storage.ErrNested, storage.ErrRetry, storage.ErrUnknown,
	}
	for i, a := range sentinels {
		wrapped := fmt.Errorf("host: %w", &storage.Error{Op: "forum.Reply", Object: "topic 1", Err: a})
		for j, b := range sentinels {
			require.Equal(t, i == j, errors.Is(wrapped, b), "%v is %v", a, b)
		}
		var e *storage.Error
		require.ErrorAs(t, wrapped, &e)
		require.Equal(t, "forum.Reply", e.Op)
	}
	for want, e := range map[string]*storage.Error{
		"forum.Reply: topic 1: not found": {Op: "forum.Reply", Object: "topic 1", Err: storage.ErrNotFound},
		"forum.Reply: not found":          {Op: "forum.Reply", Err: storage.ErrNotFound},
		"not found":                       {Err: storage.ErrNotFound},
	} {
		require.Equal(t, want, e.Error())
	}
}

func TestInvalid(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]*storage.Invalid{
		"title too_long (at most 200)": {Field: "title", Code: "too_long", Params: map[string]any{"max": 200}},
		"title missing":                {Field: "title", Code: "missing"},
		"missing":                      {Code: "missing"},
	} {
		require.Equal(t, want, e.Error())
		require.ErrorIs(t, e, storage.ErrInvalid)
		require.NotErrorIs(t, e, storage.ErrConflict)
	}
}

func TestConflict(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("x: %w", &storage.Conflict{Base: 3, Current: "now"})
	require.ErrorIs(t, err, storage.ErrConflict)
	require.NotErrorIs(t, err, storage.ErrInvalid)
	var c *storage.Conflict
	require.ErrorAs(t, err, &c)
	require.Equal(t, "now", c.Current)
	require.NotContains(t, err.Error(), "now", "an error never shows a text that a person wrote")
}

func TestClock(t *testing.T) {
	t.Parallel()
	before := time.Now().Add(-time.Microsecond)
	now := storage.Clock(nil).Now()
	require.False(t, now.Before(before))
	require.Equal(t, time.UTC, now.Location())
	require.Zero(t, now.Nanosecond()%1000)
	given := time.Date(2026, 3, 29, 2, 30, 0, 123456789, time.FixedZone("CET", 3600))
	require.Equal(t, time.Date(2026, 3, 29, 1, 30, 0, 123456000, time.UTC), storage.Clock(func() time.Time { return given }).Now())
}

// The names of changes are the operations that errors name.
func TestChangeNames(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]storage.Change{
		"storage.Once": storage.Once{}, "storage.Forget": storage.Forget{}, "storage.Event": storage.Event{}, "storage.EraseUser": storage.EraseUser{},
	} {
		require.Equal(t, want, c.Change())
	}
}
