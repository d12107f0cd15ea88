// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/internal/ratio"
	"github.com/copis-it/copis/storage"
)

const rawSession = `SELECT id, version, hash, before, turned, proved, level, seen, who, selector, made, ends, label FROM copis_sessions WHERE selector = $1`

// BenchmarkCheck is what every request of somebody who has signed in costs
// more than one prepared SELECT, among 10,000 sessions.
func BenchmarkCheck(b *testing.B) {
	b.Run("SQLite", func(b *testing.B) {
		s := openSQLite(b, true)
		check, hash := signedIn(b, s)
		raw, err := s.DB.Prepare(lite(rawSession))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = raw.Close() })
		ratio.Run(b, 50, check, func(b *testing.B) {
			rows, err := raw.QueryContext(quiet, hash)
			if err != nil {
				b.Fatal(err)
			}
			defer rows.Close()
			if columns(b, rows, 13) != 1 {
				b.Fatal("too few")
			}
		})
	})
	b.Run("PostgreSQL", func(b *testing.B) {
		s := openPostgres(b)
		check, hash := signedIn(b, s)
		ratio.Run(b, 50, check, func(b *testing.B) {
			rows, err := s.Pool.Query(quiet, rawSession, hash)
			if err != nil {
				b.Fatal(err)
			}
			defer rows.Close()
			if columns(b, rows, 13) != 1 {
				b.Fatal("too few")
			}
		})
	})
}

func anybody(context.Context, auth.UserID) error { return nil }

// signedIn starts sessions and returns the check of one, and what it is found
// by.
func signedIn(b *testing.B, s community.Store) (func(*testing.B), []byte) {
	b.Helper()
	sessions := session.New(session.Config{Store: s.Sessions(), MayAct: anybody})
	var secret string
	check(b, s.Atomic(quiet, func(ctx context.Context, tx community.Store) error {
		sessions := session.New(session.Config{Store: tx.Sessions(), MayAct: anybody})
		for range 10_000 {
			var err error
			if secret, _, err = sessions.Start(ctx, session.NewSession{User: storage.NewID[auth.User](), Label: "Firefox, Linux"}); err != nil {
				return err
			}
		}
		return nil
	}))
	raw, err := base64.RawURLEncoding.DecodeString(secret)
	check(b, err)
	hash := sha256.Sum256(raw[:16])
	return func(b *testing.B) {
		if _, _, err := sessions.Check(quiet, secret); err != nil {
			b.Fatal(err)
		}
	}, hash[:]
}
