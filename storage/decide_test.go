// SPDX-License-Identifier: BSD-3-Clause

package storage_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/storage"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	moved, shown, other := fmt.Errorf("x: %w", storage.ErrConflict), &storage.Conflict{Base: 1}, errors.New("other")
	ended, end := context.WithCancel(t.Context())
	end()
	for name, c := range map[string]struct {
		ctx  context.Context
		errs []error // of the calls; the last one again and again
		want error
		runs int
	}{
		"decided":            {t.Context(), []error{nil}, nil, 1},
		"decided again":      {t.Context(), []error{moved, moved, nil}, nil, 3},
		"refused":            {t.Context(), []error{other}, other, 1},
		"refused again":      {t.Context(), []error{moved, other}, other, 2},
		"moves for ever":     {t.Context(), []error{moved}, moved, 8},
		"a person must look": {t.Context(), []error{moved, shown}, shown, 2},
		"ended":              {ended, []error{moved}, moved, 1},
	} {
		runs := 0
		err := storage.Decide(c.ctx, func() error {
			runs++
			return c.errs[min(runs, len(c.errs))-1]
		})
		require.Equal(t, c.want, err, name)
		require.Equal(t, c.runs, runs, name)
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	inner := &storage.Error{Op: "forum.Place", Object: "reply of somebody's", Err: storage.ErrNotFound}
	require.Equal(t, storage.Refuse("forum.Reply", "topic 1", storage.ErrNotFound), storage.Refuse("forum.Reply", "topic 1", inner))
	other := errors.New("other")
	require.Equal(t, &storage.Error{Op: "forum.Reply", Object: "topic 1", Err: other}, storage.Refuse("forum.Reply", "topic 1", other))
}
