// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"encoding/csv"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

func eachStore(b *testing.B, bench func(b *testing.B, s community.Store)) {
	for _, on := range []struct {
		name string
		open func(*testing.B) community.Store
	}{
		{"memory", func(*testing.B) community.Store { return memory.New() }},
		{"SQLite", func(b *testing.B) community.Store { return openSQLite(b, false) }},
		{"PostgreSQL", func(b *testing.B) community.Store { return openPostgres(b) }},
	} {
		b.Run(on.name, func(b *testing.B) { bench(b, on.open(b)) })
	}
}

// BenchmarkStanding is asked for at every call of every tool, of somebody with
// a mandate and a role in an area, among a thousand members.
func BenchmarkStanding(b *testing.B) {
	eachStore(b, func(b *testing.B, s community.Store) {
		at := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
		var user auth.UserID
		changes := []storage.Change{membership.InsertTurn{Turn: membership.Turn{N: 1, Phase: 1, At: at, Why: "Si apre"}}}
		for range 1000 {
			user = storage.NewID[auth.User]()
			_, of := newPersonSpot(user, storage.NewID[auth.Area](), at)
			changes = append(changes, of...)
		}
		check(b, s.Apply(quiet, changes...))
		for b.Loop() {
			f, err := s.Membership().Standing(quiet, user, at.Add(time.Hour))
			if err != nil || len(f.Mandates) != 1 || len(f.Areas) != 1 || f.Waiting.ID.IsZero() {
				b.Fatal(f, err)
			}
		}
	})
}

// index are the organisations of the index of public administrations.
func index(b *testing.B) []membership.Org {
	b.Helper()
	file, err := os.Open(shared.Path(b, "data/orgs/enti-ipa.csv"))
	check(b, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	check(b, err)
	var orgs []membership.Org
	for _, row := range rows[1:] {
		orgs = append(orgs, membership.Org{ID: storage.NewID[auth.Org](), Code: strings.ToLower(row[0]), Name: row[1], Kind: row[4], Site: row[6], Made: time.Now(), Version: 1})
	}
	return orgs
}

func insertOrgs(b *testing.B, s community.Store, orgs []membership.Org) {
	b.Helper()
	for len(orgs) > 0 {
		n := min(500, len(orgs))
		var changes []storage.Change
		for _, o := range orgs[:n] {
			changes = append(changes, membership.InsertOrg{Org: o})
		}
		check(b, s.Apply(quiet, changes...))
		orgs = orgs[n:]
	}
}

// BenchmarkInsertOrgs writes the whole index, 500 organisations at a time.
func BenchmarkInsertOrgs(b *testing.B) {
	orgs := index(b)
	eachStore(b, func(b *testing.B, s community.Store) {
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			for j := range orgs {
				orgs[j].ID = storage.NewID[auth.Org]()
				orgs[j].Code = strings.Repeat("x", i) + orgs[j].Code
			}
			b.StartTimer()
			insertOrgs(b, s, orgs)
		}
		b.ReportMetric(float64(len(orgs)), "orgs/op")
	})
}

// BenchmarkOrgs searches the whole index.
func BenchmarkOrgs(b *testing.B) {
	orgs := index(b)
	eachStore(b, func(b *testing.B, s community.Store) {
		insertOrgs(b, s, orgs)
		for name, words := range map[string][]string{"all": nil, "many": {"comune"}, "few": {"comune", "milano"}, "none": {"nothing", "like", "it"}} {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					_, err := s.Membership().Orgs(quiet, membership.OrgQuery{Words: words})
					check(b, err)
				}
			})
		}
	})
}
