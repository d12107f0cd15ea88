// SPDX-License-Identifier: BSD-3-Clause

package memory_test

import (
	"context"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// A standing is asked for at every call of every tool.
func BenchmarkStanding(b *testing.B) {
	s, ctx := memory.New(), context.Background()
	at := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	org := membership.Org{ID: storage.NewID[auth.Org](), Code: "c_f205", Made: at, Version: 1}
	changes := []storage.Change{membership.InsertOrg{Org: org}, membership.InsertTurn{Turn: membership.Turn{N: 1, Phase: 1, At: at}}}
	var user auth.UserID
	for range 1000 {
		user = storage.NewID[auth.User]()
		changes = append(changes, membership.InsertMember{Member: membership.Member{User: user, State: membership.Active, Role: auth.Member, Version: 1}},
			membership.InsertMandate{Mandate: membership.Mandate{ID: storage.NewID[membership.Mandate](), User: user, Org: org.ID, From: at, Verified: at, Made: at, Version: 1}},
			membership.SetAreaRole{AreaRole: membership.AreaRole{User: user, Area: storage.NewID[auth.Area](), Role: auth.Member}})
	}
	if err := s.Apply(ctx, changes...); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if f, err := s.Membership().Standing(ctx, user, at); err != nil || len(f.Mandates) != 1 || len(f.Areas) != 1 {
			b.Fatal(err, f)
		}
	}
}
