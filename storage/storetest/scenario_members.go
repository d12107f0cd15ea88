// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// Who comes in, how, and when: with the rules of a community over the store.
var memberScenarios = []promise{
	{"Members/PhaseGate", "an application made early waits, and can be decided from the instant that its phase opens", false, phaseGate},
	{"Members/PhaseBack", "going back suspends, and takes nothing away", false, phaseBack},
	{"Members/PhaseTwice", "of many who turn the phase at once one does", true, phaseTwice},
	{"Members/DecideTwice", "of two who decide on an application at once one does, and the other is shown what was decided", true, decideTwice},
	{"Members/CrossConsent", "somebody whose application is approved while they use an invitation is a member once", true, crossConsent},
	{"Members/ApplyOnce", "an application that is sent many times at once is one", true, applyOnce},
	{"Members/RedeemTwice", "of 64 who use an invitation for k at once exactly k come in, each with all that goes with it", true, redeemTwice},
	{"Members/RedeemOnce", "one person who uses an invitation many times at once uses it once", true, redeemOnce},
	{"Members/InviteOnce", "an address has one invitation, however many invite it at once", true, inviteOnce},
	{"Members/LastCoordinator", "one coordinator who can act stays, whichever way the last two go at once", true, lastCoordinator},
	{"Members/Found", "of many who found a community at once one does", true, foundOnce},
	{"Members/Mandates", "a person has no more mandates than may be, however many are claimed at once", true, mandatesBounded},
	{"Members/MandateMidnight", "a mandate ends exactly at its instant, with nothing done about it", false, mandateMidnight},
	{"Members/SuspendNow", "a suspension holds from the next call on, and ends the sessions of before in the same unit", false, suspendNow},
	{"Members/Appeal", "an appeal is made once and answered once", true, appealOnce},
	{"Members/LastOfArea", "one coordinator of an area who can act stays, whichever way the last two go at once", true, lastOfArea},
	{"Members/LeaveGranted", "whoever leaves while they are given a role in an area has none after", true, leaveGranted},
	{"Members/Expired", "an application that has waited too long is over for good, whichever way the phase turns", false, expiredForGood},
	{"Members/Tick", "whoever applied is a member from the instant that their category is open to all, and stays one when it closes", false, openByDate},
	{"Members/Import", "a register that is read twice, or twice at once, is there once", true, importTwice},
	{"Members/Erase", "of a member who is erased nothing is left, and what they gave is nobody's", false, eraseMember},
}

// A hall is a community with its phases over the store under test.
type hall struct {
	*testing.T
	community.Store
	c      *community.Community
	m      *membership.Service
	clock  *hands
	opens  time.Time // the second phase, by its date
	chief  auth.Actor
	second auth.Actor
	member auth.Actor
	milan  membership.Org
}

// mailbox is the address that everybody in the hall has proved to have.
var mailbox = [16]byte{7}

func newHall(t *testing.T, s community.Store) *hall {
	t.Helper()
	h := &hall{T: t, Store: s, clock: &hands{now: at(0)}, opens: at(60 * 24 * 100)}
	plan := community.CoPIS("c_f205")
	plan[1].Opens = h.opens
	h.c = community.New(community.Config{
		Store: s, Clock: h.clock.Now, Plan: plan,
		Membership: membership.Config{
			Mailboxes: func(context.Context, auth.UserID) ([][16]byte, error) { return [][16]byte{mailbox}, nil },
		},
	})
	h.m = h.c.Membership
	h.chief = h.person()
	got(h.m.Found(ctx, h.chief.User, membership.Beneficiary))(t)
	h.milan = got(h.m.AddOrg(ctx, h.chief, membership.NewOrg{Code: "C_F205", Name: "Comune di Milano"}))(t)
	h.second, h.member = h.joins(auth.Coordinator), h.joins(auth.Member)
	return h
}

func (h *hall) person() auth.Actor { return auth.Actor{User: newUser()} }

// joins lets somebody in.
func (h *hall) joins(role auth.Role) auth.Actor {
	h.Helper()
	who := h.person()
	_, secret := h.invites(membership.NewInvitation{Role: role})
	got(h.m.Redeem(ctx, who, secret))(h.T)
	return who
}

func (h *hall) invites(in membership.NewInvitation) (membership.Invitation, string) {
	h.Helper()
	in.Category = membership.Beneficiary
	inv, secret, err := h.m.Invite(ctx, h.chief, in)
	must(h.T, err)
	return inv, secret
}

func (h *hall) applies(who auth.Actor, in membership.NewApplication) membership.Asked {
	h.Helper()
	return got(h.m.Apply(ctx, who, in))(h.T)
}

func (h *hall) approves(who auth.Actor, id membership.ApplicationID) error {
	_, err := h.m.Decide(ctx, who, membership.Decision{Application: id, Approve: true})
	return err
}

func (h *hall) turns(to int) {
	h.Helper()
	is := got(h.m.Phase(ctx))(h.T)
	got(h.m.Advance(ctx, h.chief, membership.NewTurn{To: to, Seen: is.Phase, Why: "È ora"}))(h.T)
}

func (h *hall) standing(who auth.Actor) membership.Standing {
	h.Helper()
	return got(h.m.Standing(ctx, who.User))(h.T)
}

// is checks whether somebody is a member who takes part.
func (h *hall) is(who auth.Actor, member bool) {
	h.Helper()
	same(h.T, h.standing(who).Member.State == membership.Active, member)
}

// uses is how often an invitation was used.
func (h *hall) uses(id membership.InvitationID) int {
	h.Helper()
	return got(h.Membership().InvitationOf(ctx, id))(h.T).Uses
}

// happened counts the events of a name.
func (h *hall) happened(name string) (n int) {
	h.Helper()
	for _, d := range claims(h.T, h.Store) {
		if d.Event.Name == name {
			n++
		}
	}
	return n
}

func phaseGate(t *testing.T, s community.Store) {
	h := newHall(t, s)
	who := h.person()
	a := h.applies(who, membership.NewApplication{Category: membership.University, Title: "ricercatrice"})
	same(t, a.Opens, h.opens)
	var denied *auth.Denied
	if err := h.approves(h.chief, a.ID); !errors.As(err, &denied) || denied.Reason != membership.ReasonPhase || !denied.Opens.Equal(h.opens) {
		t.Fatalf("error = %v", err)
	}
	h.clock.pass(h.opens.Sub(h.clock.Now()) - time.Microsecond)
	is(t, h.approves(h.chief, a.ID), auth.ErrDenied)
	h.clock.pass(time.Microsecond)
	must(t, h.approves(h.chief, a.ID))
	h.is(who, true)
	same(t, h.standing(who).Member.Category, membership.University)
}

func phaseBack(t *testing.T, s community.Store) {
	h := newHall(t, s)
	h.turns(2)
	who := h.person()
	h.applies(who, membership.NewApplication{Category: membership.Citizen})
	before := h.standing(who)
	see := auth.Scope{Area: auth.Commons, Audience: auth.CommunityMembers}
	must(t, h.c.Auth.Authorize(ctx, who, membership.SeeMembers, see))
	h.turns(0)
	same(t, h.standing(who).Member, before.Member)
	is(t, h.c.Auth.Authorize(ctx, who, membership.SeeMembers, see), auth.ErrDenied)
	h.turns(2)
	same(t, h.standing(who), before)
	must(t, h.c.Auth.Authorize(ctx, who, membership.SeeMembers, see))
}

func phaseTwice(t *testing.T, s community.Store) {
	h := newHall(t, s)
	for round := range rounds() {
		from := round % 2
		won, _ := sorted(t, together(parallel, func(int) error {
			_, err := h.m.Advance(ctx, h.chief, membership.NewTurn{To: 1 - from, Seen: from, Why: "Tutti insieme"})
			return err
		}), storage.ErrConflict)
		same(t, won, 1)
		same(t, len(got(h.m.Turns(ctx, h.second))(t)), round+1)
	}
}

func decideTwice(t *testing.T, s community.Store) {
	h := newHall(t, s)
	for range rounds() {
		who := h.person()
		a := h.applies(who, membership.NewApplication{Category: membership.Beneficiary, Org: h.milan.ID})
		errs := together(2, func(i int) error {
			in := membership.Decision{Application: a.ID, Approve: i == 0, Why: "Così"}
			_, err := h.m.Decide(ctx, []auth.Actor{h.chief, h.second}[i], in)
			return err
		})
		won, _ := sorted(t, errs, storage.ErrConflict)
		same(t, won, 1)
		h.is(who, errs[0] == nil)
		var shown *storage.Conflict
		if !errors.As(errors.Join(errs...), &shown) || shown.Current.(membership.Application).State != got(h.m.Mine(ctx, who))(t).State {
			t.Fatalf("what was decided is not shown: %v", errs)
		}
	}
}

func crossConsent(t *testing.T, s community.Store) {
	h := newHall(t, s)
	before := h.happened(membership.EventJoined)
	for range rounds() {
		who := h.person()
		a := h.applies(who, membership.NewApplication{Category: membership.Beneficiary, Org: h.milan.ID})
		inv, secret := h.invites(membership.NewInvitation{})
		errs := together(2, func(i int) error {
			if i == 0 {
				return h.approves(h.second, a.ID)
			}
			_, err := h.m.Redeem(ctx, who, secret)
			return err
		})
		uses := 1
		if errs[0] == nil {
			is(t, errs[1], membership.ErrMember)
			uses = 0
		} else {
			is(t, errs[0], storage.ErrConflict)
			must(t, errs[1])
		}
		h.is(who, true)
		same(t, h.uses(inv.ID), uses)
		same(t, got(h.m.Mine(ctx, who))(t).State, membership.Approved)
	}
	same(t, h.happened(membership.EventJoined), before+rounds())
}

func applyOnce(t *testing.T, s community.Store) {
	h := newHall(t, s)
	for range rounds() {
		who := h.person()
		ids := make([]membership.ApplicationID, parallel)
		for _, err := range together(parallel, func(i int) error {
			a, err := h.m.Apply(ctx, who, membership.NewApplication{Category: membership.Partner, Text: "Vorrei partecipare"})
			ids[i] = a.ID
			return err
		}) {
			must(t, err)
		}
		for _, id := range ids {
			same(t, id, ids[0])
		}
	}
}

func redeemTwice(t *testing.T, s community.Store) {
	h := newHall(t, s)
	for round := range rounds() {
		k := []int{1, 5, 63}[round%3]
		inv, secret := h.invites(membership.NewInvitation{Most: k, Org: h.milan.ID})
		who := make([]auth.Actor, parallel)
		for i := range who {
			who[i] = h.person()
		}
		won, refused := sorted(t, together(parallel, func(i int) error {
			_, err := h.m.Redeem(ctx, who[i], secret)
			return err
		}), membership.ErrInvitation)
		same(t, [2]int{won, refused}, [2]int{k, parallel - k})
		same(t, h.uses(inv.ID), k)
		in := 0
		for _, x := range who {
			st := h.standing(x)
			if st.Member.State == membership.Active {
				in++
				same(t, len(st.Mandates), 1)
			}
		}
		same(t, in, k)
	}
}

func redeemOnce(t *testing.T, s community.Store) {
	h := newHall(t, s)
	for range rounds() {
		inv, secret := h.invites(membership.NewInvitation{Most: 2 * parallel})
		who := h.person()
		won, _ := sorted(t, together(parallel, func(int) error {
			_, err := h.m.Redeem(ctx, who, secret)
			return err
		}), membership.ErrMember)
		same(t, won, 1)
		same(t, h.uses(inv.ID), 1)
	}
}

func inviteOnce(t *testing.T, s community.Store) {
	h := newHall(t, s)
	for round := range rounds() {
		box := [16]byte{1, byte(round), byte(round >> 8)}
		won, _ := sorted(t, together(parallel, func(int) error {
			_, _, err := h.m.Invite(ctx, h.chief, membership.NewInvitation{Category: membership.Beneficiary, Mailbox: box})
			return err
		}), storage.ErrExists)
		same(t, won, 1)
	}
	_, secret := h.invites(membership.NewInvitation{Mailbox: mailbox})
	got(h.m.Redeem(ctx, h.person(), secret))(t)
	_, secret = h.invites(membership.NewInvitation{Mailbox: [16]byte{8}})
	_, err := h.m.Redeem(ctx, h.person(), secret)
	is(t, err, membership.ErrInvitation)
}

func lastCoordinator(t *testing.T, s community.Store) {
	h := newHall(t, s)
	goes := []func(who, other auth.Actor) error{
		func(who, _ auth.Actor) error { return h.m.Leave(ctx, who) },
		func(who, _ auth.Actor) error { return h.m.Deactivate(ctx, who) },
		func(who, _ auth.Actor) error {
			return h.m.Grant(ctx, who, membership.NewRole{User: who.User, Role: auth.Member})
		},
		func(who, _ auth.Actor) error { return h.m.Erase(ctx, who.User, nil) },
		func(who, other auth.Actor) error {
			_, err := h.m.Restrain(ctx, who, membership.NewSanction{User: other.User, Kind: membership.Suspension, Why: "x"})
			return err
		},
		func(who, other auth.Actor) error {
			return h.m.Grant(ctx, who, membership.NewRole{User: other.User, Role: auth.Observer})
		},
	}
	two := [2]auth.Actor{h.chief, h.second}
	for round := range max(rounds(), len(goes)) {
		mine, theirs := goes[round%len(goes)], goes[(round/len(goes)+round)%len(goes)]
		errs := together(2, func(i int) error {
			if i == 0 {
				return mine(two[0], two[1])
			}
			return theirs(two[1], two[0])
		})
		for _, err := range errs {
			if err != nil && !errors.Is(err, membership.ErrLast) && !errors.Is(err, auth.ErrDenied) && !errors.Is(err, membership.ErrNotMember) {
				t.Fatal(err)
			}
		}
		all, _, err := h.Membership().Coordinators(ctx, auth.Commons, h.clock.Now())
		must(t, err)
		if len(all) != 1 {
			t.Fatalf("round %d: %d coordinators: %v", round, len(all), errs)
		}
		h.chief = auth.Actor{User: all[0]}
		h.second = h.joins(auth.Coordinator)
		two = [2]auth.Actor{h.chief, h.second}
	}
}

func foundOnce(t *testing.T, s community.Store) {
	m := community.New(community.Config{Store: s, Plan: community.CoPIS()}).Membership
	won, _ := sorted(t, together(parallel, func(int) error {
		_, err := m.Found(ctx, newUser(), membership.Beneficiary)
		return err
	}), storage.ErrExists)
	same(t, won, 1)
	all, _, err := s.Membership().Coordinators(ctx, auth.Commons, at(0))
	must(t, err)
	same(t, len(all), 1)
}

func mandatesBounded(t *testing.T, s community.Store) {
	h := newHall(t, s)
	for i := range membership.MaxMandates - 1 {
		got(h.m.Claim(ctx, h.member, membership.NewMandate{Org: h.milan.ID, Title: fmt.Sprint("incarico ", i)}))(t)
	}
	won, _ := sorted(t, together(parallel, func(i int) error {
		_, err := h.m.Claim(ctx, h.member, membership.NewMandate{Org: h.milan.ID, Title: fmt.Sprint("altro ", i)})
		return err
	}), storage.ErrInvalid)
	same(t, won, 1)
	same(t, len(got(h.m.Mandates(ctx, h.member, h.member.User))(t)), membership.MaxMandates)
}

func mandateMidnight(t *testing.T, s community.Store) {
	h := newHall(t, s)
	rome := time.FixedZone("Europe/Rome", 3600)
	until := time.Date(2026, 3, 21, 0, 0, 0, 0, rome)
	m := got(h.m.Claim(ctx, h.member, membership.NewMandate{Org: h.milan.ID, Title: "responsabile", Until: until}))(t)
	must(t, h.m.Verify(ctx, h.chief, m.ID))
	acts := func() error {
		who := auth.Actor{User: h.member.User, For: h.milan.ID}
		return h.c.Auth.Authorize(ctx, who, membership.SeeMembers, auth.Scope{Area: auth.Commons, Audience: auth.CommunityMembers})
	}
	h.clock.pass(until.Sub(h.clock.Now()) - time.Microsecond)
	must(t, acts())
	h.clock.pass(time.Microsecond)
	is(t, acts(), auth.ErrDenied)
}

func suspendNow(t *testing.T, s community.Store) {
	h := newHall(t, s)
	live := session.Session{
		ID: storage.NewID[session.Session](), User: h.member.User, Hash: hash(), Label: "Firefox",
		Made: h.clock.Now(), Seen: h.clock.Now(), Turned: h.clock.Now(), Ends: h.clock.Now().Add(time.Hour), Version: 1,
	}
	must(t, s.Apply(ctx, session.InsertSession{Session: live}))
	got(h.m.Directory(ctx, h.member, membership.DirectoryFilter{}))(t)
	until := h.clock.Now().Add(time.Hour)
	x := got(h.m.Restrain(ctx, h.chief, membership.NewSanction{User: h.member.User, Kind: membership.Suspension, Why: "Insulti", Until: until}))(t)
	_, err := h.m.Directory(ctx, h.member, membership.DirectoryFilter{})
	is(t, err, auth.ErrDenied)
	same(t, len(got(s.Sessions().Sessions(ctx, h.member.User))(t)), 0)
	same(t, got(h.m.Sanction(ctx, h.member, x.ID))(t), x)
	h.clock.pass(time.Hour)
	got(h.m.Directory(ctx, h.member, membership.DirectoryFilter{}))(t)
}

func appealOnce(t *testing.T, s community.Store) {
	h := newHall(t, s)
	third := h.joins(auth.Coordinator)
	for range rounds() {
		who := h.joins(auth.Member)
		x := got(h.m.Restrain(ctx, h.chief, membership.NewSanction{User: who.User, Kind: membership.Suspension, Why: "Insulti"}))(t)
		won, _ := sorted(t, together(parallel, func(int) error { return h.m.Appeal(ctx, who, x.ID, "Non sono stato io") }), membership.ErrAppealed)
		same(t, won, 1)
		won, _ = sorted(t, together(2, func(i int) error {
			return h.m.Review(ctx, []auth.Actor{h.second, third}[i], membership.Answer{Sanction: x.ID, Why: "Letto"})
		}), storage.ErrConflict)
		same(t, won, 1)
		same(t, len(h.standing(who).Sanctions), 0)
	}
}

func openByDate(t *testing.T, s community.Store) {
	h := newHall(t, s)
	who := h.person()
	h.applies(who, membership.NewApplication{Category: membership.Citizen})
	h.is(who, false)
	h.turns(2)
	h.is(who, true)
	before := h.standing(who).Member
	h.turns(1)
	same(t, h.standing(who).Member, before)
	h.turns(2)
	name := membership.Field{Text: "Ada", Audience: auth.CommunityMembers}
	got(h.m.EditProfile(ctx, who, membership.ProfileEdit{Version: 1, Name: &name}))(t)
	h.turns(1)
	h.is(who, true)
	same(t, got(h.m.Names(ctx, h.member, []auth.UserID{who.User}))(t), map[auth.UserID]string{who.User: "Ada"})
}

func importTwice(t *testing.T, s community.Store) {
	h := newHall(t, s)
	const n = 700 // more than one batch
	rows := func(yield func(membership.OrgRow, error) bool) {
		for i := range n {
			if !yield(membership.OrgRow{N: i + 1, Code: fmt.Sprintf("Ente_%d", i), Name: fmt.Sprintf("Ente n. %d", i)}, nil) {
				return
			}
		}
	}
	added := make([]int, 4)
	for _, err := range together(len(added), func(i int) error {
		done, err := h.m.ImportOrgs(ctx, h.chief, rows, nil)
		added[i] = done.Added
		return err
	}) {
		must(t, err)
	}
	same(t, added[0]+added[1]+added[2]+added[3], n)
	before := h.happened(membership.EventOrgsImported)
	same(t, got(h.m.ImportOrgs(ctx, h.chief, rows, nil))(t), membership.Imported{Rows: n, Same: n})
	same(t, h.happened(membership.EventOrgsImported), before)
}

func eraseMember(t *testing.T, s community.Store) {
	h := newHall(t, s)
	who := h.person()
	a := h.applies(who, membership.NewApplication{Category: membership.Beneficiary, Org: h.milan.ID})
	must(t, h.approves(h.chief, a.ID))
	must(t, h.m.Grant(ctx, h.chief, membership.NewRole{User: who.User, Role: auth.Moderator}))
	_, secret, err := h.m.Invite(ctx, who, membership.NewInvitation{Category: membership.Partner})
	must(t, err)
	got(h.m.Restrain(ctx, h.chief, membership.NewSanction{User: who.User, Kind: membership.Warning, Why: "Una parola"}))(t)
	held := func() (kinds []string) {
		for x, err := range h.m.Export(ctx, who.User) {
			must(t, err)
			kinds = append(kinds, x.Kind)
		}
		return kinds
	}
	same(t, held(), []string{"member", "mandate", "application", "sanction", "invitation"})
	must(t, h.m.Erase(ctx, who.User, nil))
	must(t, h.m.Erase(ctx, who.User, nil))
	same(t, len(held()), 0)
	same(t, h.standing(who), membership.Standing{})
	_, err = h.m.Redeem(ctx, h.person(), secret)
	is(t, err, membership.ErrInvitation)
	must(t, h.m.Erase(ctx, h.second.User, nil))
	is(t, h.m.Erase(ctx, h.chief.User, nil), membership.ErrLast)
}

func lastOfArea(t *testing.T, s community.Store) {
	h := newHall(t, s)
	goes := []func(who, other auth.Actor, area auth.AreaID) error{
		func(who, _ auth.Actor, _ auth.AreaID) error { return h.m.Leave(ctx, who) },
		func(who, _ auth.Actor, _ auth.AreaID) error { return h.m.Deactivate(ctx, who) },
		func(who, _ auth.Actor, _ auth.AreaID) error { return h.m.Erase(ctx, who.User, nil) },
		func(who, _ auth.Actor, area auth.AreaID) error {
			return h.m.Grant(ctx, who, membership.NewRole{User: who.User, Area: area, Role: auth.Member})
		},
		func(who, other auth.Actor, area auth.AreaID) error {
			return h.m.Grant(ctx, who, membership.NewRole{User: other.User, Area: area})
		},
	}
	for round := range max(rounds(), len(goes)) {
		area := newArea()
		two := [2]auth.Actor{h.joins(auth.Member), h.joins(auth.Member)}
		must(t, h.m.FoundArea(ctx, h.chief, area, two[0].User))
		must(t, h.m.Grant(ctx, two[0], membership.NewRole{User: two[1].User, Area: area, Role: auth.Coordinator}))
		errs := together(2, func(i int) error {
			do := goes[round%len(goes)]
			if i == 1 {
				do = goes[(round/len(goes)+round)%len(goes)]
			}
			return do(two[i], two[1-i], area)
		})
		for _, err := range errs {
			if err != nil && !errors.Is(err, membership.ErrLast) && !errors.Is(err, auth.ErrDenied) && !errors.Is(err, membership.ErrNotMember) && !errors.Is(err, storage.ErrNotFound) {
				t.Fatal(err)
			}
		}
		left, _, err := h.Membership().Coordinators(ctx, area, h.clock.Now())
		must(t, err)
		if len(left) != 1 {
			t.Fatalf("round %d: %d coordinators: %v", round, len(left), errs)
		}
	}
}

func leaveGranted(t *testing.T, s community.Store) {
	h := newHall(t, s)
	for range rounds() {
		who, area := h.joins(auth.Member), newArea()
		must(t, h.m.FoundArea(ctx, h.chief, area, h.member.User))
		errs := together(2, func(i int) error {
			if i == 0 {
				return h.m.Grant(ctx, h.member, membership.NewRole{User: who.User, Area: area, Role: auth.Member})
			}
			return h.m.Leave(ctx, who)
		})
		must(t, errs[1])
		if errs[0] != nil {
			is(t, errs[0], membership.ErrNotMember)
		}
		same(t, len(h.standing(who).Areas), 0)
		must(t, h.m.Leave(ctx, who))
	}
}

func expiredForGood(t *testing.T, s community.Store) {
	h := newHall(t, s)
	who, early := h.person(), h.person()
	a := h.applies(who, membership.NewApplication{Category: membership.Beneficiary, Org: h.milan.ID})
	b := h.applies(early, membership.NewApplication{Category: membership.Citizen})
	h.clock.pass(90 * 24 * time.Hour)
	over := h.clock.Now()
	for _, to := range []int{1, 0, 2, 1} {
		h.turns(to)
		mine := got(h.m.Mine(ctx, who))(t)
		same(t, mine.State, membership.Expired)
		same(t, mine.Decided, over)
		is(t, h.approves(h.chief, a.ID), storage.ErrConflict)
		is(t, h.m.Withdraw(ctx, who, a.ID), storage.ErrConflict)
		h.is(who, false)
		h.is(early, to == 2 || got(h.m.Mine(ctx, early))(t).State == membership.Approved)
		h.clock.pass(time.Hour)
	}
	same(t, got(h.Membership().Application(ctx, a.ID))(t).State, membership.Expired)
	same(t, got(h.Membership().Application(ctx, b.ID))(t).State, membership.Approved)
	h.is(early, true)
}
