// SPDX-License-Identifier: BSD-3-Clause

package storage_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

func TestOnceFor(t *testing.T) {
	t.Parallel()
	owner, object, at := uuid.New(), uuid.New(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	none, err := storage.OnceFor(owner, "qa.Ask", "", object, at, true)
	require.NoError(t, err)
	require.Empty(t, none)
	one, err := storage.OnceFor(owner, "qa.Ask", "k", object, at, true)
	require.NoError(t, err)
	require.Equal(t, []storage.Change{storage.Once{Owner: owner, Key: "qa.Ask/k", Object: object, At: at, Keep: true}}, one)
	for key, code := range map[string]string{
		strings.Repeat("k", storage.MaxKey+1): storage.CodeTooLong, "k\x00": storage.CodeMalformed, "\xff": storage.CodeMalformed,
	} {
		_, err := storage.OnceFor(owner, "qa.Ask", key, object, at, false)
		var invalid *storage.Invalid
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, "key", invalid.Field)
		require.Equal(t, code, invalid.Code)
	}
	_, err = storage.OnceFor(owner, "qa.Ask", strings.Repeat("k", storage.MaxKey), object, at, false)
	require.NoError(t, err)
}

func TestMade(t *testing.T) {
	t.Parallel()
	s, owner, object, refused := memory.New(), uuid.New(), uuid.New(), errors.New("refused")
	once, err := storage.OnceFor(owner, "qa.Ask", "k", object, time.Now(), false)
	require.NoError(t, err)
	require.NoError(t, s.Apply(t.Context(), once...))
	for _, c := range []struct {
		op, key string
		err     error
		made    bool
	}{
		{"qa.Ask", "k", refused, true},
		{"qa.Ask", "k", nil, false},
		{"qa.Ask", "", refused, false},
		{"qa.Ask", "other", refused, false},
		{"qa.Answer", "k", refused, false},
	} {
		got, made := storage.Made(t.Context(), s, owner, c.op, c.key, c.err)
		require.Equal(t, c.made, made, "%v", c)
		if made {
			require.Equal(t, object, got)
		}
	}
}
