// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
)

// Programme checks, with the plan of Co.PIS over the store, that a member of
// each of the organisations that are funded is admitted from the first day, and
// nobody of any other before the second phase.
func Programme(t *testing.T, s community.Store, funded []membership.OrgRow) {
	var codes []string
	for _, row := range funded {
		codes = append(codes, row.Code)
	}
	opens := at(60 * 24 * 100)
	clock, plan := &hands{now: at(0)}, community.CoPIS(codes...)
	plan[1].Opens = opens
	h := &hall{T: t, Store: s, clock: clock, opens: opens, c: community.New(community.Config{Store: s, Clock: clock.Now, Plan: plan})}
	h.m = h.c.Membership
	h.chief = h.person()
	got(h.m.Found(ctx, h.chief.User, membership.Beneficiary))(t)
	sum := got(h.m.ImportOrgs(ctx, h.chief, func(yield func(membership.OrgRow, error) bool) {
		for _, row := range funded {
			if !yield(row, nil) {
				return
			}
		}
	}, nil))(t)
	same(t, sum, membership.Imported{Rows: len(funded), Added: len(funded)})

	refused := func(err error, reason string, opens time.Time) {
		t.Helper()
		var d *auth.Denied
		if !errors.As(err, &d) || d.Reason != reason || !d.Opens.Equal(opens) {
			t.Fatalf("error = %v, want %s %s", err, reason, opens)
		}
	}
	reads := func(who auth.Actor) error {
		_, err := h.c.Forum.Topics(ctx, who, forum.TopicFilter{})
		return err
	}
	for _, row := range funded {
		org := got(h.m.OrgByCode(ctx, row.Code))(t)
		// Whose mandate was verified is in at once; who has none, when somebody
		// has decided.
		known, unknown := h.person(), h.person()
		claim := got(h.m.Claim(ctx, known, membership.NewMandate{Org: org.ID, Title: "responsabile"}))(t)
		must(t, h.m.Verify(ctx, h.chief, claim.ID))
		same(t, h.applies(known, membership.NewApplication{Category: membership.Beneficiary, Org: org.ID}).State, membership.Approved)
		a := h.applies(unknown, membership.NewApplication{Category: membership.Beneficiary, Org: org.ID})
		same(t, a.Decidable, true)
		refused(reads(unknown), auth.ReasonRole, time.Time{})
		must(t, h.approves(h.chief, a.ID))
		for _, who := range []auth.Actor{known, unknown} {
			h.is(who, true)
			must(t, reads(who))
			same(t, h.standing(who).Member.Org, org.ID)
		}
	}

	var early []membership.Asked
	for _, c := range []membership.Category{
		membership.Beneficiary, membership.PublicBody, membership.University, membership.Research, membership.PrivateBody, membership.Expert,
	} {
		org := got(h.m.AddOrg(ctx, h.chief, membership.NewOrg{Code: "altro_" + string(c), Name: "Un altro ente"}))(t)
		who := h.person()
		a := h.applies(who, membership.NewApplication{Category: c, Org: org.ID})
		if c == membership.Beneficiary { // no phase but the last has others on its list
			same(t, [2]bool{a.Decidable, a.Opens.IsZero()}, [2]bool{false, true})
			refused(h.approves(h.chief, a.ID), membership.ReasonPhase, time.Time{})
			continue
		}
		refused(h.approves(h.chief, a.ID), membership.ReasonPhase, opens)
		refused(reads(who), membership.ReasonPhase, opens)
		h.is(who, false)
		early = append(early, a)
	}
	clock.pass(opens.Sub(clock.Now()) - time.Microsecond)
	for _, a := range early {
		refused(h.approves(h.chief, a.ID), membership.ReasonPhase, opens)
	}
	clock.pass(time.Microsecond)
	for _, a := range early {
		must(t, h.approves(h.chief, a.ID))
		must(t, reads(auth.Actor{User: a.User}))
	}
	want := membership.Tally{membership.Beneficiary: 2*len(funded) + 1}
	for _, a := range early {
		want[a.Category]++
	}
	same(t, got(s.Membership().Tally(ctx))(t), want)
}
