// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

var membershipErasePromises = []promise{
	{"Membership/Erase", "EraseUser drops all there is of a person and empties their bylines, and nobody else's, so that nothing says their identifier or is written back by who looked before", false, membershipErase},
	{"Membership/Erase/Mailboxes", "EraseUser drops invitations for the person's mailboxes, whatever has become of them, and no other", false, membershipEraseMailboxes},
	{"Membership/Erase/Nobody", "erasing who was never here, or the zero user, changes nothing, and neither does an erasure that is undone", false, membershipEraseNobody},
}

// A record is all that one person left in membership, and where it is found.
type record struct {
	by          auth.By
	member      membership.Member
	area        auth.AreaID
	own, judged membership.Mandate
	asked, said membership.Application
	invited     membership.Invitation
	got, gave   membership.Sanction
	reviewed    membership.Sanction
	turn        membership.Turn
}

func (h *roster) leaveRecord(by auth.By) record {
	h.Helper()
	org, other := h.newOrg(), newUser()
	r := record{by: by, area: newArea()}
	r.member = h.member(func(m *membership.Member) {
		m.User, m.Role, m.Profile.Expertise = by.User, auth.Coordinator, []string{"Appalti"}
	})
	r.own, r.judged = h.newMandate(by.User, org.ID), h.newMandate(other, org.ID)
	r.judged.By = by
	r.asked, r.said = h.newApplication(by.User), h.newApplication(other)
	r.said.By = by
	r.invited = h.newInvitation(4)
	r.invited.By = by
	r.got, r.gave, r.reviewed = h.newSanction(by.User, membership.Warning), h.newSanction(other, membership.Warning), h.newSanction(other, membership.Warning)
	r.gave.By, r.reviewed.Appeal = by, membership.Appeal{Text: "No", At: at(1), By: by}
	r.turn = membership.Turn{N: len(got(h.m.Turns(ctx))(h.T)) + 1, At: at(1), By: by}
	h.do(membership.SetAreaRole{AreaRole: membership.AreaRole{User: by.User, Area: r.area, Role: auth.Member}},
		membership.InsertMandate{Mandate: r.own}, membership.InsertMandate{Mandate: r.judged},
		membership.InsertApplication{Application: r.asked}, membership.InsertApplication{Application: r.said},
		membership.InsertInvitation{Invitation: r.invited},
		membership.InsertSanction{Sanction: r.got}, membership.InsertSanction{Sanction: r.gave}, membership.InsertSanction{Sanction: r.reviewed},
		membership.InsertTurn{Turn: r.turn})
	return r
}

// dump writes down all that membership shows, the people asked for too.
func (h *roster) dump(people ...auth.UserID) string {
	h.Helper()
	var b strings.Builder
	list := func(name string, v any, err error) {
		must(h.T, err)
		fmt.Fprintf(&b, "%s %+v\n", name, v)
	}
	page, err := h.m.Members(ctx, membership.MemberQuery{Limit: 100})
	list("members", page, err)
	apps, err := h.m.Applications(ctx, membership.ApplicationQuery{Limit: 100})
	list("applications", apps, err)
	invitations, err := h.m.Invitations(ctx, membership.InvitationQuery{Limit: 100})
	list("invitations", invitations, err)
	sanctions, err := h.m.Sanctions(ctx, membership.SanctionQuery{Areas: auth.Everything, Limit: 100})
	list("sanctions", sanctions, err)
	turns, err := h.m.Turns(ctx)
	list("turns", turns, err)
	who, _, err := h.m.Coordinators(ctx, auth.Commons, at(0))
	list("coordinators", who, err)
	tally, err := h.m.Tally(ctx)
	list("tally", tally, err)
	known, err := h.m.Members(ctx, membership.MemberQuery{Expertise: "appalti", Limit: 100})
	list("known", known, err)
	for _, u := range people {
		f, err := h.m.Standing(ctx, u, at(9000))
		list("standing", f, err)
		all, err := h.m.Mandates(ctx, u)
		list("mandates", all, err)
	}
	return b.String()
}

func membershipErase(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	gone, stays := newBy(), newBy()
	erased, kept := h.leaveRecord(gone), h.leaveRecord(stays)
	people := []auth.UserID{gone.User, stays.User, erased.judged.User, kept.judged.User}
	if n := strings.Count(h.dump(people...), gone.User.String()); n < 12 {
		t.Fatalf("what is dumped names the person %d times: this says little of what is erased", n)
	}
	h.do(membership.EraseUser{User: gone.User})
	if left := h.dump(people...); strings.Contains(left, gone.User.String()) {
		t.Errorf("still names the person:\n%s", left)
	}
	same(t, got(h.m.Standing(ctx, gone.User, at(9000)))(t), membership.Facts{Last: kept.turn})
	_, err := h.m.Member(ctx, gone.User)
	is(t, err, storage.ErrNotFound)
	for _, find := range []func() error{
		func() error { _, err := h.m.Mandate(ctx, erased.own.ID); return err },
		func() error { _, err := h.m.Application(ctx, erased.asked.ID); return err },
		func() error { _, err := h.m.Sanction(ctx, erased.got.ID); return err },
	} {
		is(t, find(), storage.ErrNotFound)
	}
	same(t, len(got(h.m.AreaRoles(ctx, erased.area))(t)), 0)
	same(t, len(got(h.m.Members(ctx, membership.MemberQuery{Expertise: "appalti"}))(t).Items), 1)

	nobody := auth.By{}
	erased.judged.By, erased.said.By, erased.invited.By, erased.gave.By, erased.reviewed.Appeal.By, erased.turn.By = nobody, nobody, nobody, nobody, nobody, nobody
	judged, said, invited, gave, reviewed := erased.judged, erased.said, erased.invited, erased.gave, erased.reviewed
	for _, version := range []*int{&erased.judged.Version, &erased.said.Version, &erased.invited.Version, &erased.gave.Version, &erased.reviewed.Version} {
		*version++ // who looked before writes nothing back
	}
	for _, r := range []record{erased, kept} {
		same(t, got(h.m.Mandate(ctx, r.judged.ID))(t), r.judged)
		same(t, got(h.m.Application(ctx, r.said.ID))(t), r.said)
		same(t, got(h.m.InvitationOf(ctx, r.invited.ID))(t), r.invited)
		same(t, got(h.m.Sanction(ctx, r.gave.ID))(t), r.gave)
		same(t, got(h.m.Sanction(ctx, r.reviewed.ID))(t), r.reviewed)
		same(t, got(h.m.Turns(ctx))(t)[r.turn.N-1], r.turn)
	}
	for _, c := range []storage.Change{
		membership.UpdateMandate{Mandate: judged}, membership.UpdateApplication{Application: said}, membership.UpdateInvitation{Invitation: invited},
		membership.UpdateSanction{Sanction: gave}, membership.UpdateSanction{Sanction: reviewed},
	} {
		is(t, s.Apply(ctx, c), storage.ErrConflict)
	}
	same(t, got(h.m.Member(ctx, stays.User))(t), kept.member)
	same(t, got(h.m.Mandates(ctx, stays.User))(t), []membership.Mandate{kept.own})
	same(t, got(h.m.Application(ctx, kept.asked.ID))(t), kept.asked)
	same(t, got(h.m.Sanction(ctx, kept.got.ID))(t), kept.got)

	// Who was erased may begin again, as anybody.
	h.leaveRecord(gone)
}

func membershipEraseMailboxes(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	boxes := [][16]byte{{1}, {2}, {3}, {}}
	left := map[membership.InvitationID]bool{}
	var gone []membership.InvitationID
	for _, box := range boxes {
		for j := range 3 {
			v := h.newInvitation(1)
			v.Mailbox = box
			if j > 0 {
				v.Revoked = at(j)
			}
			h.do(membership.InsertInvitation{Invitation: v})
			if box == ([16]byte{1}) || box == ([16]byte{2}) {
				gone = append(gone, v.ID)
			} else {
				left[v.ID] = true
			}
		}
	}
	h.do(membership.EraseUser{User: newUser(), Mailboxes: [][16]byte{{1}, {2}, {9}, {}}})
	for _, id := range gone {
		_, err := h.m.InvitationOf(ctx, id)
		is(t, err, storage.ErrNotFound)
	}
	for _, v := range got(h.m.Invitations(ctx, membership.InvitationQuery{}))(t).Items {
		if !left[v.ID] {
			t.Errorf("invitation %v is still there", v.ID)
		}
		delete(left, v.ID)
	}
	same(t, len(left), 0)
	again := h.newInvitation(1)
	again.Mailbox = [16]byte{1}
	h.do(membership.InsertInvitation{Invitation: again})
}

func membershipEraseNobody(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	r := h.leaveRecord(newBy())
	h.leaveRecord(auth.By{User: newUser()})
	v, x := h.newMandate(r.by.User, r.own.Org), h.newSanction(newUser(), membership.ReadOnly) // of whom nobody is told
	v.By, x.By = auth.By{}, auth.By{}
	v.Until = time.Time{}
	h.do(membership.InsertMandate{Mandate: v}, membership.InsertSanction{Sanction: x})
	before := h.dump(r.by.User, x.User)
	h.do(membership.EraseUser{User: newUser()}, membership.EraseUser{}, membership.EraseUser{Mailboxes: [][16]byte{{}}})
	same(t, h.dump(r.by.User, x.User), before)
	is(t, s.Atomic(ctx, func(ctx context.Context, tx community.Store) error {
		must(t, tx.Apply(ctx, membership.EraseUser{User: r.by.User}))
		return errBoom
	}), errBoom)
	same(t, h.dump(r.by.User, x.User), before)
}
