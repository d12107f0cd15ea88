// SPDX-License-Identifier: BSD-3-Clause

package account_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/password"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
)

// BenchmarkSignInAnswers compares how long four refusals take: of a name that
// nobody has, of a wrong password, of a disabled account, and of a wrong password
// that was hashed before the cost was raised, in turns. It reports the medians of
// the others ÷ that of a wrong password.
// COPIS_TRIES says how many of each are made (default 60; 10,000 take a quarter
// of an hour with the cost that is advised).
func BenchmarkSignInAnswers(b *testing.B) {
	for _, cost := range []struct {
		name string
		of   password.Config
		was  password.Config
	}{
		{"cheap", password.Config{MemoryKiB: 256, Time: 1}, password.Config{MemoryKiB: 128, Time: 1}},
		{"advised", password.Config{}, password.Config{MemoryKiB: 19456, Time: 1}},
	} {
		b.Run(cost.name, func(b *testing.B) { signInAnswers(b, cost.of, cost.was) })
	}
}

func signInAnswers(b *testing.B, cost, was password.Config) {
	tries := 60
	if n, err := strconv.Atoi(os.Getenv("COPIS_TRIES")); err == nil {
		tries = n
	}
	const each = 50 // accounts of each kind, so that nothing is only in the cache of one
	w := newWorld(b, func(c *account.Config) {
		c.Account, c.Source = account.Tries{Free: 1 << 30}, account.Tries{Free: 1 << 30}
	})
	hash, err := password.New(cost).Hash(ctx, good)
	require.NoError(b, err)
	older, err := password.New(was).Hash(ctx, good)
	require.NoError(b, err)
	w.Service = account.New(account.Config{
		Store: w.store.Accounts(), Passwords: password.New(cost), Auth: auth.AllowAll{}, Clock: w.clock, Ends: session.Ends,
		Account: account.Tries{Free: 1 << 30}, Source: account.Tries{Free: 1 << 30},
	})
	for kind, hash := range []string{1: hash, 2: hash, 3: older} {
		for i := range each {
			if kind == 0 {
				continue
			}
			h := account.HandleOf(name(kind, i))
			a := account.Account{User: storage.NewID[auth.User](), Name: name(kind, i), Password: hash, Disabled: kind == 2, Version: 1}
			require.NoError(b, w.store.Accounts().Apply(ctx, account.InsertAccount{Account: a}, account.TakeName{User: a.User, Handle: h}))
		}
	}
	var took [4][]time.Duration
	for b.Loop() {
		took = [4][]time.Duration{}
		for i := range tries {
			for turn := range 4 {
				kind := (turn + i) % 4
				pw := other
				if kind == 2 {
					pw = good
				}
				start := time.Now()
				_, err := w.SignIn(ctx, account.Credentials{Name: name(kind, i%each), Password: pw, Source: "192.0.2.1"})
				took[kind] = append(took[kind], time.Since(start))
				require.ErrorIs(b, err, account.ErrSignIn)
			}
		}
	}
	var median [4]float64
	for kind := range took {
		slices.Sort(took[kind])
		median[kind] = float64(took[kind][tries/2])
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median[1]/1e3, "wrong-µs")
	b.ReportMetric(median[0]/median[1], "unknown-ratio")
	b.ReportMetric(median[2]/median[1], "disabled-ratio")
	b.ReportMetric(median[3]/median[1], "older-ratio")
}

func name(kind, i int) string {
	return fmt.Sprintf("%s.numero%d", []string{"nessuno", "maria", "luca", "anna"}[kind], i)
}
