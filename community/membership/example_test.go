// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/community/membership/ipa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// office is a membership in which whatever is asked for is allowed, with its
// first coordinator.
func office(plan membership.Plan) (*membership.Service, auth.Actor) {
	m := membership.New(membership.Config{
		Store: memory.New().Membership(), Auth: auth.AllowAll{}, Plan: plan,
		Clock: func() time.Time { return time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC) },
	})
	chief := auth.Actor{User: storage.NewID[auth.User]()}
	if _, err := m.Found(context.Background(), chief.User, membership.Beneficiary); err != nil {
		panic(err)
	}
	return m, chief
}

// twoPhases is a plan: administrations of a list first, then everybody.
func twoPhases() membership.Plan {
	first := membership.Phase{Name: "attuatori", Orgs: []string{"c_f205"}}.Widen(membership.ByAllowList, membership.Beneficiary)
	second := first.Widen(membership.Open, membership.Citizen)
	second.Name, second.Opens = "tutti", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	return membership.Plan{first, second}
}

func ExampleNew() {
	m := membership.New(membership.Config{
		Store: memory.New().Membership(),
		Plan:  twoPhases(),
		Clock: func() time.Time { return time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC) },
	})
	is, err := m.Phase(context.Background())
	fmt.Println(is.Name, is.Opens.Format(time.DateOnly), err)
	// Output: attuatori 2027-01-01 <nil>
}

func ExampleService_Apply() {
	ctx := context.Background()
	m, _ := office(twoPhases())
	ada := auth.Actor{User: storage.NewID[auth.User]()}
	asked, err := m.Apply(ctx, ada, membership.NewApplication{Category: membership.Citizen, Text: "Mi interessa."})
	fmt.Println(asked.State == membership.Applied, asked.Opens.Format(time.DateOnly), err)
	// Output: true 2027-01-01 <nil>
}

func ExampleService_Decide() {
	ctx := context.Background()
	m, chief := office(twoPhases())
	milan, err := m.AddOrg(ctx, chief, membership.NewOrg{Code: "C_F205", Name: "Comune di Milano"})
	if err != nil {
		panic(err)
	}
	ada := auth.Actor{User: storage.NewID[auth.User]()}
	asked, err := m.Apply(ctx, ada, membership.NewApplication{Category: membership.Beneficiary, Org: milan.ID, Title: "responsabile"})
	if err != nil {
		panic(err)
	}
	_, err = m.Decide(ctx, chief, membership.Decision{Application: asked.ID, Approve: true})
	fmt.Println(err)

	st, err := m.Standing(ctx, ada.User)
	fmt.Println(st.Member.Category, st.Member.Role, st.Mandates[0].Org == milan.ID, err)

	_, err = m.Decide(ctx, chief, membership.Decision{Application: asked.ID, Why: "Manca l'atto"})
	var shown *storage.Conflict
	fmt.Println(errors.As(err, &shown) && shown.Current.(membership.Application).State == membership.Approved)
	// Output:
	// <nil>
	// beneficiary member true <nil>
	// true
}

func ExampleService_Redeem() {
	ctx := context.Background()
	m, chief := office(twoPhases())
	_, secret, err := m.Invite(ctx, chief, membership.NewInvitation{Category: membership.Beneficiary})
	fmt.Println(len(secret), err)

	ada, bruno := auth.Actor{User: storage.NewID[auth.User]()}, auth.Actor{User: storage.NewID[auth.User]()}
	member, err := m.Redeem(ctx, ada, secret)
	fmt.Println(member.Role, err)

	_, err = m.Redeem(ctx, bruno, secret)
	fmt.Println(err)
	// Output:
	// 43 <nil>
	// member <nil>
	// membership.Redeem: invitation is no longer good
}

func ExampleService_ImportOrgs() {
	const file = `codice_ipa,denominazione,nome_categoria,url
c_f205,Comune di Milano,"Comuni e loro Consorzi e Associazioni",https://www.comune.milano.it
c_l219,Comune di Torino,Comuni
C_F205,Comune di Milano,Comuni,
`
	m, chief := office(nil)
	done, err := m.ImportOrgs(context.Background(), chief, ipa.Rows(strings.NewReader(file)), func(r membership.OrgResult) {
		fmt.Println(r.N, r.Code, r.Did, r.Err)
	})
	fmt.Println(done.Rows, done.Added, done.Refused, err)
	// Output:
	// 2 c_f205 added <nil>
	// 3 c_l219 refused row fields
	// 4 c_f205 refused code repeated
	// 3 1 2 <nil>
}

func ExampleFold() {
	fmt.Println(membership.Fold("UNITA' SANITARIA") == membership.Fold("Unità sanitaria"))
	// Output: true
}
