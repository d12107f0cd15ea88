// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

func orgCode(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	a, b := h.org("c_f205", "Comune di Milano"), h.org("c_l219", "Comune di Torino")
	for _, code := range []string{"C_F205", "c_f20", "c_f205 ", "c%", "c_f20_", "ç_f205"} {
		h.org(code, "x")
	}
	again := h.newOrg()
	again.ID, again.Code = storage.NewID[auth.Org](), a.Code
	h.fails(storage.ErrExists, event(1), membership.InsertOrg{Org: again})
	taken := b
	taken.Code = a.Code
	h.fails(storage.ErrExists, event(1), membership.UpdateOrg{Org: taken})
	taken.Version = 7 // who is late is told that first
	h.fails(storage.ErrConflict, event(1), membership.UpdateOrg{Org: taken})
	same(t, got(h.m.Org(ctx, b.ID))(t), b)
	// A unit may go on after that, and a code that is free again may be taken.
	must(t, h.m.Atomic(ctx, func(ctx context.Context, tx membership.Store) error {
		taken.Version = b.Version
		is(t, tx.Apply(ctx, membership.UpdateOrg{Org: taken}), storage.ErrExists)
		free := a
		free.Code = "c_z999"
		return tx.Apply(ctx, membership.UpdateOrg{Org: free}, membership.UpdateOrg{Org: taken})
	}))
	found := got(h.m.OrgsByCode(ctx, []string{"c_f205", "c_l219", "c_z999"}))(t)
	same(t, len(found), 2)
	same(t, found["c_f205"].ID, b.ID)
	same(t, found["c_z999"].ID, a.ID)
	same(t, len(claims(t, s)), 0)
}

func orgsSome(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	want, codes, ids := map[string]membership.Org{}, []string{"none", "", "c_"}, []auth.OrgID{storage.NewID[auth.Org](), {}}
	byID := map[auth.OrgID]membership.Org{}
	for i := range 300 {
		o := h.org(fmt.Sprintf(`c"_%d\è`, i), "x")
		if i%2 == 0 {
			codes, ids = append(codes, o.Code, o.Code), append(ids, o.ID, o.ID)
			want[o.Code], byID[o.ID] = o, o
		}
	}
	same(t, got(h.m.OrgsByCode(ctx, codes))(t), want)
	same(t, got(h.m.OrgsByID(ctx, ids))(t), byID)
	same(t, len(got(h.m.OrgsByCode(ctx, nil))(t)), 0)
	same(t, len(got(h.m.OrgsByID(ctx, nil))(t)), 0)
}

func membersSome(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	want, ids := map[auth.UserID]membership.Member{}, []auth.UserID{newUser(), {}}
	for i := range 120 {
		m := h.member(nil)
		if i%2 == 0 {
			ids, want[m.User] = append(ids, m.User, m.User), m
		}
	}
	same(t, got(h.m.MembersByID(ctx, ids))(t), want)
	same(t, len(got(h.m.MembersByID(ctx, nil))(t)), 0)
	_, err := h.m.Member(ctx, newUser())
	is(t, err, storage.ErrNotFound)
}

func mandateOrg(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	v := h.newMandate(newUser(), storage.NewID[auth.Org]())
	h.fails(storage.ErrNotFound, event(1), membership.InsertMandate{Mandate: v})
	v.Org = h.newOrg().ID
	h.do(membership.InsertMandate{Mandate: v})
	gone := v
	gone.Org = storage.NewID[auth.Org]()
	h.fails(storage.ErrNotFound, event(1), membership.UpdateMandate{Mandate: gone})
	gone.Version = 2
	h.fails(storage.ErrConflict, event(1), membership.UpdateMandate{Mandate: gone})
	same(t, got(h.m.Mandate(ctx, v.ID))(t), v)
	_, err := h.m.Mandate(ctx, storage.NewID[membership.Mandate]())
	is(t, err, storage.ErrNotFound)
	same(t, len(claims(t, s)), 0)
}

func mandatesOf(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	me, other, org := newUser(), newUser(), h.newOrg()
	var want []membership.Mandate
	for i := range 7 {
		mine, theirs := h.newMandate(me, org.ID), h.newMandate(other, org.ID)
		if i%2 == 0 {
			mine.Until, mine.Verified = at(3), time.Time{} // ended and only claimed
		}
		h.do(membership.InsertMandate{Mandate: mine}, membership.InsertMandate{Mandate: theirs})
		want = append([]membership.Mandate{mine}, want...)
	}
	same(t, got(h.m.Mandates(ctx, me))(t), want)
	want[2].User, want[2].Title = other, "now theirs"
	h.do(membership.UpdateMandate{Mandate: want[2]})
	same(t, got(h.m.Mandates(ctx, me))(t), slices.Delete(want, 2, 3))
	same(t, len(got(h.m.Mandates(ctx, other))(t)), 8)
	same(t, len(got(h.m.Mandates(ctx, newUser()))(t)), 0)
}

func areaRole(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	here, there, me := newArea(), newArea(), newUser()
	set := func(user auth.UserID, area auth.AreaID, role auth.Role) {
		t.Helper()
		h.do(membership.SetAreaRole{AreaRole: membership.AreaRole{User: user, Area: area, Role: role}})
	}
	set(me, here, auth.Outsider) // none there is no error
	set(me, here, auth.Member)
	set(me, here, auth.Coordinator)
	set(me, there, auth.Observer)
	want := []membership.AreaRole{{User: me, Area: here, Role: auth.Coordinator}}
	for range 5 {
		r := membership.AreaRole{User: newUser(), Area: here, Role: auth.Moderator}
		set(r.User, r.Area, r.Role)
		want = append(want, r)
	}
	for i := range want {
		slices.SortFunc(want[i:], func(a, b membership.AreaRole) int { return a.User.Compare(b.User) })
	}
	same(t, got(h.m.AreaRoles(ctx, here))(t), want)
	same(t, got(h.m.Standing(ctx, me, at(0)))(t).Areas, map[auth.AreaID]auth.Role{here: auth.Coordinator, there: auth.Observer})
	set(me, here, auth.Outsider)
	same(t, len(got(h.m.AreaRoles(ctx, here))(t)), 5)
	same(t, got(h.m.Standing(ctx, me, at(0)))(t).Areas, map[auth.AreaID]auth.Role{there: auth.Observer})
	same(t, len(got(h.m.AreaRoles(ctx, newArea()))(t)), 0)
}

func applicationOne(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	me := newUser()
	a, b := h.newApplication(me), h.newApplication(me)
	h.do(membership.InsertApplication{Application: a}, membership.InsertApplication{Application: h.newApplication(newUser())})
	h.fails(storage.ErrExists, event(1), membership.InsertApplication{Application: b})
	b.State = membership.Withdrawn
	h.do(membership.InsertApplication{Application: b}) // which waits for nothing
	b.State = membership.Applied
	h.fails(storage.ErrExists, event(1), membership.UpdateApplication{Application: b})
	b.Version = 5
	h.fails(storage.ErrConflict, event(1), membership.UpdateApplication{Application: b})
	b.Version = 1
	same(t, got(h.m.Standing(ctx, me, at(0)))(t).Waiting, a)
	must(t, h.m.Atomic(ctx, func(ctx context.Context, tx membership.Store) error {
		is(t, tx.Apply(ctx, membership.UpdateApplication{Application: b}), storage.ErrExists)
		a.State, a.Why = membership.Declined, "Non ora"
		return tx.Apply(ctx, membership.UpdateApplication{Application: a}, membership.UpdateApplication{Application: b})
	}))
	b.Version++
	same(t, got(h.m.Standing(ctx, me, at(0)))(t).Waiting, b)
	b.Text = "Di nuovo"
	h.do(membership.UpdateApplication{Application: b}) // itself is no other
	for _, state := range []membership.AppState{membership.Approved, membership.Withdrawn, membership.Expired} {
		b.Version, b.State = b.Version+1, state
		h.do(membership.UpdateApplication{Application: b})
		same(t, got(h.m.Standing(ctx, me, at(0)))(t).Waiting, membership.Application{})
	}
	h.do(membership.InsertApplication{Application: h.newApplication(me)})
	_, err := h.m.Application(ctx, storage.NewID[membership.Application]())
	is(t, err, storage.ErrNotFound)
	same(t, len(claims(t, s)), 0)
}

func invitationHash(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	a, b := h.newInvitation(1), h.newInvitation(1)
	h.do(membership.InsertInvitation{Invitation: a}, membership.InsertInvitation{Invitation: b})
	again := h.newInvitation(1)
	again.Hash = a.Hash
	h.fails(storage.ErrExists, event(1), membership.InsertInvitation{Invitation: again})
	taken := b
	taken.Hash = a.Hash
	h.fails(storage.ErrExists, event(1), membership.UpdateInvitation{Invitation: taken})
	same(t, got(h.m.Invitation(ctx, b.Hash))(t), b)
	_, err := h.m.Invitation(ctx, [32]byte{1})
	is(t, err, storage.ErrNotFound)
	_, err = h.m.InvitationOf(ctx, again.ID)
	is(t, err, storage.ErrNotFound)
	same(t, len(claims(t, s)), 0)
}

func invitationMailbox(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	box := [16]byte{3, 15: 7}
	_, err := h.m.InvitationFor(ctx, box)
	is(t, err, storage.ErrNotFound)
	for range 2 { // for whoever holds them
		h.do(membership.InsertInvitation{Invitation: h.newInvitation(1)})
	}
	_, err = h.m.InvitationFor(ctx, [16]byte{})
	is(t, err, storage.ErrNotFound)

	forBox := func(most int) membership.Invitation {
		v := h.newInvitation(most)
		v.Mailbox = box
		return v
	}
	a, late := forBox(2), forBox(1)
	a.Ends = at(-10) // that it is over makes no room for another
	h.do(membership.InsertInvitation{Invitation: a})
	same(t, got(h.m.InvitationFor(ctx, box))(t), a)
	h.fails(storage.ErrExists, event(1), membership.InsertInvitation{Invitation: late})
	late.Revoked = at(5)
	h.do(membership.InsertInvitation{Invitation: late}) // which is none that lives
	late.Revoked = time.Time{}
	h.fails(storage.ErrExists, event(1), membership.UpdateInvitation{Invitation: late})
	late.Version = 3
	h.fails(storage.ErrConflict, event(1), membership.UpdateInvitation{Invitation: late})
	late.Version = 1
	a.Ends = at(10_000)
	h.do(membership.UpdateInvitation{Invitation: a}) // itself is no other
	a.Version++

	// Used up makes room, and so does revoked, in the same breath.
	h.do(membership.UseInvitation{ID: a.ID, At: at(6)})
	h.fails(storage.ErrExists, event(1), membership.UpdateInvitation{Invitation: late})
	h.do(membership.UseInvitation{ID: a.ID, At: at(6)}, membership.UpdateInvitation{Invitation: late})
	late.Version++
	same(t, got(h.m.InvitationFor(ctx, box))(t), late)
	a.Most = 3 // would live again
	h.fails(storage.ErrExists, event(1), membership.UpdateInvitation{Invitation: a})
	late.Revoked = at(7)
	next := forBox(1)
	h.do(membership.UpdateInvitation{Invitation: late}, membership.InsertInvitation{Invitation: next})
	same(t, got(h.m.InvitationFor(ctx, box))(t), next)
	same(t, len(claims(t, s)), 0)
}

func invitationUse(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	v := h.newInvitation(3)
	v.Ends = at(100)
	h.do(membership.InsertInvitation{Invitation: v})
	h.fails(storage.ErrConflict, event(1), membership.UseInvitation{ID: v.ID, At: at(100)})
	h.fails(storage.ErrConflict, event(1), membership.UseInvitation{ID: v.ID, At: at(100).Add(time.Hour)})
	h.do(membership.UseInvitation{ID: v.ID, At: at(100).Add(-time.Microsecond)}, membership.UseInvitation{ID: v.ID, At: at(1)})
	v.Uses = 2
	same(t, got(h.m.InvitationOf(ctx, v.ID))(t), v)
	changed := v
	changed.Uses, changed.Category = 0, membership.Citizen // not the caller's to count
	h.do(membership.UpdateInvitation{Invitation: changed})
	v.Category, v.Version = membership.Citizen, 2
	same(t, got(h.m.InvitationOf(ctx, v.ID))(t), v)
	h.fails(storage.ErrConflict, event(1), membership.UseInvitation{ID: v.ID, At: at(1)}, membership.UseInvitation{ID: v.ID, At: at(1)})
	h.do(membership.UseInvitation{ID: v.ID, At: at(1)})
	h.fails(storage.ErrConflict, event(1), membership.UseInvitation{ID: v.ID, At: at(1)})
	revoked := h.newInvitation(3)
	revoked.Revoked = at(9)
	h.do(membership.InsertInvitation{Invitation: revoked})
	h.fails(storage.ErrConflict, event(1), membership.UseInvitation{ID: revoked.ID, At: at(1)})
	h.fails(storage.ErrNotFound, event(1), membership.UseInvitation{ID: storage.NewID[membership.Invitation](), At: at(1)})
	same(t, got(h.m.InvitationOf(ctx, v.ID))(t).Uses, 3)
	same(t, len(claims(t, s)), 0)
}

func turns(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	same(t, len(got(h.m.Turns(ctx))(t)), 0)
	turn := func(n int) membership.InsertTurn {
		return membership.InsertTurn{Turn: membership.Turn{N: n, Phase: 10 - n, At: h.tick(), By: newBy(), Why: fmt.Sprint("perché ", n)}}
	}
	h.fails(storage.ErrConflict, event(1), turn(0))
	h.fails(storage.ErrConflict, event(1), turn(2))
	var want []membership.Turn
	for n := 1; n <= 4; n++ {
		now := turn(n)
		h.do(now)
		want = append(want, now.Turn)
		for _, other := range []int{-1, 0, 1, n, n + 2} {
			if other != n+1 {
				h.fails(storage.ErrConflict, event(1), turn(other))
			}
		}
		same(t, got(h.m.Turns(ctx))(t), want)
		same(t, got(h.m.Standing(ctx, newUser(), at(0)))(t).Last, now.Turn)
	}
	same(t, len(claims(t, s)), 0)
}

func holdCoordinators(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	seen := func() int {
		t.Helper()
		_, n, err := h.m.Coordinators(ctx, auth.Commons, at(0))
		must(t, err)
		return n
	}
	var before []int
	for range 4 {
		n := seen()
		for _, other := range append(before, n+1, -1) {
			h.fails(storage.ErrConflict, event(1), membership.HoldCoordinators{Area: auth.Commons, Seen: other})
		}
		same(t, seen(), n)
		h.do(membership.HoldCoordinators{Area: auth.Commons, Seen: n})
		before = append(before, n)
	}
	h.fails(storage.ErrConflict, membership.HoldCoordinators{Area: auth.Commons, Seen: seen()}, membership.HoldCoordinators{Area: auth.Commons, Seen: seen()})
	same(t, slices.Contains(before, seen()), false)
	same(t, len(claims(t, s)), 0)

	// Each area for itself.
	n, one, other := seen(), newArea(), newArea()
	for _, area := range []auth.AreaID{one, other} {
		_, first, err := h.m.Coordinators(ctx, area, at(0))
		must(t, err)
		h.fails(storage.ErrConflict, membership.HoldCoordinators{Area: area, Seen: first + 1})
		h.do(membership.HoldCoordinators{Area: area, Seen: first})
		h.fails(storage.ErrConflict, membership.HoldCoordinators{Area: area, Seen: first})
	}
	same(t, seen(), n)
}

func coordinators(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	now := at(500)
	var want []auth.UserID
	coordinator := func() auth.UserID {
		return h.member(func(m *membership.Member) { m.Role = auth.Coordinator }).User
	}
	sanction := func(set func(*membership.Sanction)) auth.UserID {
		v := h.newSanction(coordinator(), membership.Suspension)
		set(&v)
		h.do(membership.InsertSanction{Sanction: v})
		return v.User
	}
	for range 3 {
		want = append(want, coordinator())
	}
	for _, set := range []func(*membership.Sanction){
		func(v *membership.Sanction) { v.Kind = membership.Warning },
		func(v *membership.Sanction) { v.Area = newArea() },
		func(v *membership.Sanction) { v.Until = now },
		func(v *membership.Sanction) { v.From = now.Add(time.Microsecond) },
		func(v *membership.Sanction) { v.Lifted = at(1) },
	} {
		want = append(want, sanction(set))
	}
	for _, set := range []func(*membership.Sanction){
		func(v *membership.Sanction) {},
		func(v *membership.Sanction) { v.Kind = membership.ReadOnly },
		func(v *membership.Sanction) { v.From = now },
		func(v *membership.Sanction) { v.Until = now.Add(time.Microsecond) },
	} {
		sanction(set)
	}
	for _, set := range []func(*membership.Member){
		func(m *membership.Member) { m.Role = auth.Moderator },
		func(m *membership.Member) { m.Role, m.State = auth.Coordinator, membership.Away },
		func(m *membership.Member) { m.Role, m.State = auth.Coordinator, membership.Left },
	} {
		h.member(set)
	}
	slices.SortFunc(want, auth.UserID.Compare)
	who, _, err := h.m.Coordinators(ctx, auth.Commons, now)
	must(t, err)
	same(t, who, want)
}

func coordinatorsOfArea(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	now, area := at(500), newArea()
	var want []auth.UserID
	for _, x := range []struct {
		may      bool
		member   func(*membership.Member)
		area     auth.AreaID
		role     auth.Role
		sanction func(*membership.Sanction)
	}{
		{may: true, role: auth.Coordinator},
		{may: true, role: auth.Coordinator, member: func(m *membership.Member) { m.Role = auth.Observer }},
		{role: auth.Moderator, member: func(m *membership.Member) { m.Role = auth.Coordinator }},
		{role: auth.Outsider, member: func(m *membership.Member) { m.Role = auth.Coordinator }},
		{role: auth.Coordinator, area: newArea()},
		{role: auth.Coordinator, member: func(m *membership.Member) { m.State = membership.Away }},
		{role: auth.Coordinator, member: func(m *membership.Member) { m.State = membership.Left }},
		{role: auth.Coordinator, sanction: func(*membership.Sanction) {}},
		{role: auth.Coordinator, sanction: func(v *membership.Sanction) { v.Area = area }},
		{role: auth.Coordinator, sanction: func(v *membership.Sanction) { v.Area, v.Kind = area, membership.ReadOnly }},
		{may: true, role: auth.Coordinator, sanction: func(v *membership.Sanction) { v.Area = newArea() }},
		{may: true, role: auth.Coordinator, sanction: func(v *membership.Sanction) { v.Area, v.Kind = area, membership.Warning }},
		{may: true, role: auth.Coordinator, sanction: func(v *membership.Sanction) { v.Area, v.Until = area, now }},
		{may: true, role: auth.Coordinator, sanction: func(v *membership.Sanction) { v.Area, v.Lifted = area, at(1) }},
	} {
		m := h.member(x.member)
		if x.area.IsZero() {
			x.area = area
		}
		h.do(membership.SetAreaRole{AreaRole: membership.AreaRole{User: m.User, Area: x.area, Role: x.role}})
		if x.sanction != nil {
			v := h.newSanction(m.User, membership.Suspension)
			x.sanction(&v)
			h.do(membership.InsertSanction{Sanction: v})
		}
		if x.may {
			want = append(want, m.User)
		}
	}
	nobody := newUser()
	h.do(membership.SetAreaRole{AreaRole: membership.AreaRole{User: nobody, Area: area, Role: auth.Coordinator}})
	slices.SortFunc(want, auth.UserID.Compare)
	who, _, err := h.m.Coordinators(ctx, area, now)
	must(t, err)
	same(t, who, want)
	who, _, err = h.m.Coordinators(ctx, newArea(), now)
	must(t, err)
	same(t, len(who), 0)
}

func acting(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	now := at(500)
	orgs := []auth.OrgID{h.newOrg().ID, h.newOrg().ID, h.newOrg().ID}
	slices.SortFunc(orgs, auth.OrgID.Compare)
	mandate := func(user auth.UserID, org auth.OrgID, set func(*membership.Mandate)) {
		v := h.newMandate(user, org)
		if set != nil {
			set(&v)
		}
		h.do(membership.InsertMandate{Mandate: v})
	}
	both, one, none := newUser(), newUser(), newUser()
	mandate(both, orgs[2], nil)
	mandate(both, orgs[0], func(v *membership.Mandate) { v.Until = now.Add(time.Microsecond) })
	mandate(both, orgs[0], func(v *membership.Mandate) { v.Title = "altro" })
	mandate(both, orgs[1], func(v *membership.Mandate) { v.Verified = time.Time{} })
	mandate(one, orgs[1], func(v *membership.Mandate) { v.From = now })
	mandate(none, orgs[0], func(v *membership.Mandate) { v.Until = now })
	mandate(none, orgs[0], func(v *membership.Mandate) { v.From = now.Add(time.Microsecond) })
	mandate(newUser(), orgs[0], nil)
	found := got(h.m.Acting(ctx, []auth.UserID{none, both, newUser(), one, both}, now))(t)
	same(t, found, map[auth.UserID][]auth.OrgID{both: {orgs[0], orgs[2]}, one: {orgs[1]}})
	same(t, len(got(h.m.Acting(ctx, nil, now))(t)), 0)
}

func standing(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	now := at(500)
	want := map[auth.UserID]membership.Facts{}
	turn := membership.Turn{N: 1, Phase: 2, At: at(3), By: newBy(), Why: "Si apre"}
	h.do(membership.InsertTurn{Turn: turn})
	for i := range 5 {
		org := h.newOrg()
		m := fill[membership.Member](t, i)
		f := membership.Facts{Last: turn}
		f.Member = m
		f.Waiting = fill[membership.Application](t, i)
		f.Waiting.User, f.Waiting.State = m.User, membership.Applied
		if i%2 == 0 { // otherwise of an organisation that is not there
			f.Waiting.Org, f.Code = org.ID, org.Code
		}
		f.Areas = map[auth.AreaID]auth.Role{}
		old := h.newApplication(m.User)
		old.State = membership.Declined
		h.do(membership.InsertMember{Member: m}, membership.InsertApplication{Application: old}, membership.InsertApplication{Application: f.Waiting})
		for j := range i {
			f.Areas[newArea()] = auth.Role(j%4 + 1)
			v := h.newMandate(m.User, org.ID)
			if j%2 == 0 {
				v.Until, v.Verified = now.Add(time.Hour), time.Time{}
			}
			x := h.newSanction(m.User, membership.SanctionKind(j%3+1))
			if j%2 == 0 {
				x.Until, x.Appeal = now.Add(time.Hour), membership.Appeal{Text: "No", At: at(2), Decided: at(3), By: newBy(), Upheld: true, Why: "Sì"}
			}
			h.do(membership.InsertMandate{Mandate: v}, membership.InsertSanction{Sanction: x})
			f.Mandates = append([]membership.Mandate{v}, f.Mandates...)
			f.Sanctions = append([]membership.Sanction{x}, f.Sanctions...)
		}
		for area, role := range f.Areas {
			h.do(membership.SetAreaRole{AreaRole: membership.AreaRole{User: m.User, Area: area, Role: role}})
		}
		want[m.User] = f
	}
	for user, f := range want {
		same(t, got(h.m.Standing(ctx, user, now))(t), f)
	}
}

func standingNobody(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	h.member(nil)
	for _, user := range []auth.UserID{newUser(), {}} {
		same(t, got(h.m.Standing(ctx, user, at(0)))(t), membership.Facts{})
	}
	turn := membership.Turn{N: 1, Phase: 1, At: at(3), By: newBy(), Why: "Si apre"}
	h.do(membership.InsertTurn{Turn: turn})
	for _, user := range []auth.UserID{newUser(), {}} {
		same(t, got(h.m.Standing(ctx, user, at(0)))(t), membership.Facts{Last: turn})
	}
}

func standingInstant(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	user, org := newUser(), h.newOrg()
	v, x := h.newMandate(user, org.ID), h.newSanction(user, membership.ReadOnly)
	v.From, v.Until = at(100), at(200)
	x.From, x.Until = at(100), at(200)
	open, lifted := h.newMandate(user, org.ID), h.newSanction(user, membership.Suspension)
	open.From, lifted.Lifted = at(150), at(1)
	h.do(membership.InsertMandate{Mandate: v}, membership.InsertSanction{Sanction: x}, membership.InsertMandate{Mandate: open}, membership.InsertSanction{Sanction: lifted})
	const tick = time.Microsecond
	for _, c := range []struct {
		now                 time.Time
		mandates, sanctions int
	}{
		{at(100).Add(-tick), 0, 0}, {at(100), 1, 1}, {at(150), 2, 1}, {at(200).Add(-tick), 2, 1}, {at(200), 1, 0}, {at(9999), 1, 0},
		{at(100).Add(-1), 0, 0}, {at(200).Add(-1), 2, 1}, // an instant is as fine as what is kept
	} {
		f := got(h.m.Standing(ctx, user, c.now.In(time.FixedZone("CET", 3600))))(t)
		same(t, len(f.Mandates), c.mandates)
		same(t, len(f.Sanctions), c.sanctions)
	}
}

func standingUnit(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	org := h.newOrg()
	m := membership.Member{User: newUser(), State: membership.Active, Role: auth.Member, Version: 1}
	must(t, h.m.Atomic(ctx, func(ctx context.Context, tx membership.Store) error {
		must(t, tx.Apply(ctx, membership.InsertMember{Member: m}, membership.InsertMandate{Mandate: h.newMandate(m.User, org.ID)},
			membership.InsertSanction{Sanction: h.newSanction(m.User, membership.ReadOnly)}, membership.InsertApplication{Application: h.newApplication(m.User)},
			membership.SetAreaRole{AreaRole: membership.AreaRole{User: m.User, Area: newArea(), Role: auth.Member}}, membership.InsertTurn{Turn: membership.Turn{N: 1, Phase: 1, At: at(1)}}))
		f := got(tx.Standing(ctx, m.User, at(9)))(t)
		same(t, f.Member, m)
		same(t, []int{len(f.Mandates), len(f.Sanctions), len(f.Areas), f.Last.N, int(f.Waiting.State)}, []int{1, 1, 1, 1, 1})
		return nil
	}))
	same(t, got(h.m.Standing(ctx, m.User, at(9)))(t).Member, m)
}

// membershipMethods are all of a [membership.Store]'s.
func membershipMethods() []method {
	user, id := newUser(), storage.NewID[auth.Org]()
	m := func(name string, call func(context.Context, membership.Store) error) method {
		return method{"Membership." + name, func(ctx context.Context, s community.Store) error { return call(ctx, s.Membership()) }}
	}
	tell := func(_ any, err error) error { return err }
	return []method{
		m("Atomic", func(ctx context.Context, m membership.Store) error {
			return m.Atomic(ctx, func(context.Context, membership.Store) error { return nil })
		}),
		m("Apply", func(ctx context.Context, m membership.Store) error {
			return m.Apply(ctx, membership.SetAreaRole{AreaRole: membership.AreaRole{User: user}})
		}),
		m("Done", func(ctx context.Context, m membership.Store) error { return tell(m.Done(ctx, user.Bytes(), "k")) }),
		m("Standing", func(ctx context.Context, m membership.Store) error { return tell(m.Standing(ctx, user, at(1))) }),
		m("Turns", func(ctx context.Context, m membership.Store) error { return tell(m.Turns(ctx)) }),
		m("Org", func(ctx context.Context, m membership.Store) error { return tell(m.Org(ctx, id)) }),
		m("OrgsByID", func(ctx context.Context, m membership.Store) error {
			return tell(m.OrgsByID(ctx, []auth.OrgID{id}))
		}),
		m("Acting", func(ctx context.Context, m membership.Store) error {
			return tell(m.Acting(ctx, []auth.UserID{user}, at(1)))
		}),
		m("OrgsByCode", func(ctx context.Context, m membership.Store) error {
			return tell(m.OrgsByCode(ctx, []string{"c_f205"}))
		}),
		m("Orgs", func(ctx context.Context, m membership.Store) error { return tell(m.Orgs(ctx, membership.OrgQuery{})) }),
		m("Member", func(ctx context.Context, m membership.Store) error { return tell(m.Member(ctx, user)) }),
		m("MembersByID", func(ctx context.Context, m membership.Store) error {
			return tell(m.MembersByID(ctx, []auth.UserID{user}))
		}),
		m("Members", func(ctx context.Context, m membership.Store) error {
			return tell(m.Members(ctx, membership.MemberQuery{}))
		}),
		m("Tally", func(ctx context.Context, m membership.Store) error { return tell(m.Tally(ctx)) }),
		m("Coordinators", func(ctx context.Context, m membership.Store) error {
			_, _, err := m.Coordinators(ctx, auth.Commons, at(1))
			return err
		}),
		m("AreaRoles", func(ctx context.Context, m membership.Store) error { return tell(m.AreaRoles(ctx, auth.Commons)) }),
		m("Mandate", func(ctx context.Context, m membership.Store) error {
			return tell(m.Mandate(ctx, storage.NewID[membership.Mandate]()))
		}),
		m("Mandates", func(ctx context.Context, m membership.Store) error { return tell(m.Mandates(ctx, user)) }),
		m("Claims", func(ctx context.Context, m membership.Store) error {
			return tell(m.Claims(ctx, membership.ClaimQuery{}))
		}),
		m("Application", func(ctx context.Context, m membership.Store) error {
			return tell(m.Application(ctx, storage.NewID[membership.Application]()))
		}),
		m("Applications", func(ctx context.Context, m membership.Store) error {
			return tell(m.Applications(ctx, membership.ApplicationQuery{}))
		}),
		m("Invitation", func(ctx context.Context, m membership.Store) error {
			return tell(m.Invitation(ctx, [32]byte{1}))
		}),
		m("InvitationOf", func(ctx context.Context, m membership.Store) error {
			return tell(m.InvitationOf(ctx, storage.NewID[membership.Invitation]()))
		}),
		m("InvitationFor", func(ctx context.Context, m membership.Store) error {
			return tell(m.InvitationFor(ctx, [16]byte{1}))
		}),
		m("Invitations", func(ctx context.Context, m membership.Store) error {
			return tell(m.Invitations(ctx, membership.InvitationQuery{}))
		}),
		m("Sanction", func(ctx context.Context, m membership.Store) error {
			return tell(m.Sanction(ctx, storage.NewID[membership.Sanction]()))
		}),
		m("Sanctions", func(ctx context.Context, m membership.Store) error {
			return tell(m.Sanctions(ctx, membership.SanctionQuery{Areas: auth.Everything}))
		}),
	}
}
