// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"math"
	"slices"

	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/storage"
)

func (st *state) putAttempts(c account.PutAttempts) error {
	k, seen := words(c.Attempts.Key), 0
	if was, ok := st.attempts.get(k); ok {
		seen = was.Count
	}
	if seen != c.Seen {
		return storage.ErrConflict
	}
	st.dropAttempts(k)
	c.Attempts.At = instant(c.Attempts.At)
	st.attempts.put(st.era, k, &c.Attempts)
	st.attemptsAged.put(st.era, aged[id]{c.Attempts.At.UnixMicro(), k}, struct{}{})
	return nil
}

func (st *state) dropAttempts(k id) {
	if a, ok := st.attempts.get(k); ok {
		st.attempts.drop(st.era, k)
		st.attemptsAged.drop(st.era, aged[id]{a.At.UnixMicro(), k})
	}
}

// older returns what is listed before an instant.
func older(t tree[aged[id], struct{}], before int64) []id {
	var out []id
	for k := range t.from(aged[id]{at: math.MinInt64}) {
		if k.at >= before {
			break
		}
		out = append(out, k.what)
	}
	return out
}

// Attempts implements [account.Store].
func (a accountStore) Attempts(ctx context.Context, keys [][16]byte) ([]account.Attempts, error) {
	return read(ctx, a.s, "account.Attempts", func(st *state) (out []account.Attempts, err error) {
		for i, k := range keys {
			if a, ok := st.attempts.get(words(k)); ok && !slices.Contains(keys[:i], k) {
				out = append(out, *a)
			}
		}
		return out, nil
	})
}
