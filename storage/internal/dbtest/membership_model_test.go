// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// TestModelMembership is [TestModel] of membership.
func TestModelMembership(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) community.Store{"SQLite": SQLite, "PostgreSQL": Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database, model := open(t), community.Store(memory.New())
			rapid.Check(t, func(t *rapid.T) {
				m := newMemberMachine(t)
				for range rapid.IntRange(10, 60).Draw(t, "steps") {
					op := m.step()
					got, want := op.run(context.Background(), database), op.run(context.Background(), model)
					if got != want {
						t.Fatalf("%s\n%s says %s\nmemory says %s", op.name, name, got, want)
					}
				}
				got, want := m.dump(database), m.dump(model)
				for i := range max(len(got), len(want)) {
					if i >= len(got) || i >= len(want) || got[i] != want[i] {
						t.Fatalf("in the end, line %d\n%s has %s\nmemory has %s", i, name, line(got, i), line(want, i))
					}
				}
			})
		})
	}
}

// A memberMachine makes changes out of few people and things, so that they
// meet. What is the community's own, such as the turns of its phase, is that of
// all rounds.
type memberMachine struct {
	*machine
	orgs         []auth.OrgID
	mandates     []membership.MandateID
	applications []membership.ApplicationID
	invitations  []membership.InvitationID
	sanctions    []membership.SanctionID
	mailboxes    [][16]byte
	categories   []membership.Category
	about        [2]int // the families of changes that this round is about, so that they meet
}

func newMemberMachine(t *rapid.T) *memberMachine {
	m := &memberMachine{
		machine: newMachine(t), orgs: ids[auth.Org](3), mandates: ids[membership.Mandate](4), applications: ids[membership.Application](4),
		invitations: ids[membership.Invitation](4), sanctions: ids[membership.Sanction](4),
		categories: []membership.Category{membership.Expert, membership.University, "sua"},
		about:      [2]int{rapid.IntRange(0, families-1).Draw(t, "family"), rapid.IntRange(0, families-1).Draw(t, "family")},
	}
	for range 2 {
		m.mailboxes = append(m.mailboxes, storage.NewID[struct{}]().Bytes())
	}
	return m
}

func (m *memberMachine) user() auth.UserID       { return pick(m.machine, "user", m.users) }
func (m *memberMachine) version() int            { return 1 + m.number("version", 2) }
func (m *memberMachine) role(most int) auth.Role { return auth.Role(m.number("role", most)) }

func (m *memberMachine) area() auth.AreaID {
	return pick(m.machine, "area", append(m.areas, auth.Commons))
}

func (m *memberMachine) category() membership.Category {
	return pick(m.machine, "category", m.categories)
}

// around is an instant around now, or none.
func (m *memberMachine) around() time.Time {
	if m.number("none", 2) == 0 {
		return time.Time{}
	}
	return m.now.Add(time.Duration(m.number("seconds", 40)-20) * time.Second)
}

func (m *memberMachine) orgID() auth.OrgID {
	return pick(m.machine, "org", append(m.orgs, storage.NewID[auth.Org]())) // the last one is never there
}

func (m *memberMachine) maybeOrg() (id auth.OrgID) {
	if m.yes("for one") {
		id = m.orgID()
	}
	return id
}

func (m *memberMachine) org() membership.Org {
	id := pick(m.machine, "org", m.orgs)
	code := m.orgs[0].String() + pick(m.machine, "code", m.places)
	return membership.Org{ID: id, Code: code, Name: m.text(), Kind: m.text(), Site: m.text(), Inactive: m.yes("inactive"), Made: m.tick(), Version: m.version()}
}

func (m *memberMachine) member() membership.Member {
	field := func() membership.Field {
		return membership.Field{Text: m.text(), Audience: auth.Audience(m.number("audience", 3))}
	}
	x := membership.Member{
		User: m.user(), State: membership.MemberState(1 + m.number("state", 2)), Role: m.role(4), Category: m.category(), Org: m.maybeOrg(),
		Joined: m.tick(), Since: m.tick(), Version: m.version(),
		Profile: membership.Profile{Name: field(), Headline: field(), About: field(), Contact: field(), Listed: m.yes("listed")},
	}
	for range m.number("terms", 2) {
		x.Profile.Expertise = append(x.Profile.Expertise, m.users[0].String()+pick(m.machine, "term", m.places))
	}
	return x
}

func (m *memberMachine) mandate() membership.Mandate {
	return membership.Mandate{
		ID: pick(m.machine, "mandate", m.mandates), User: m.user(), Org: m.orgID(), Title: m.text(), From: m.tick(), Until: m.around(), Verified: m.around(),
		By: m.by(), Made: m.tick(), Version: m.version(),
	}
}

func (m *memberMachine) application() membership.Application {
	return membership.Application{
		ID: pick(m.machine, "application", m.applications), User: m.user(), Category: m.category(), Org: m.maybeOrg(), Title: m.text(), Text: m.text(),
		State: membership.AppState(1 + m.number("state", 4)*m.number("decided", 1)), Made: m.tick(), Decided: m.around(), By: m.by(), Why: m.text(), Version: m.version(),
	}
}

func (m *memberMachine) hash(id membership.InvitationID) (h [32]byte) {
	b := id.Bytes()
	copy(h[:], b[:])
	return h
}

func (m *memberMachine) invitation() membership.Invitation {
	x := membership.Invitation{
		ID: pick(m.machine, "invitation", m.invitations), Hash: m.hash(pick(m.machine, "hash", m.invitations)), Category: m.category(), Org: m.maybeOrg(),
		Role: m.role(4), Most: 1 + m.number("most", 2), By: m.by(), Made: m.tick(), Ends: m.tick().Add(10*time.Second + time.Duration(m.number("hours", 1))*time.Hour), Revoked: m.around(), Version: m.version(),
	}
	if m.yes("addressed") {
		x.Mailbox = pick(m.machine, "mailbox", m.mailboxes)
	}
	if m.number("revoked", 2) > 0 {
		x.Revoked = time.Time{}
	}
	return x
}

func (m *memberMachine) sanction() membership.Sanction {
	x := membership.Sanction{
		ID: pick(m.machine, "sanction", m.sanctions), User: m.user(), Area: m.area(), Kind: membership.SanctionKind(1 + m.number("kind", 2)), Why: m.text(),
		From: m.tick(), Until: m.around(), By: m.by(), Lifted: m.around(), Version: m.version(),
	}
	if m.yes("appealed") {
		x.Appeal = membership.Appeal{Text: m.text(), At: m.tick(), Decided: m.around(), By: m.by(), Upheld: m.yes("upheld"), Why: m.text()}
	}
	return x
}

// families is how many kinds of changes there are.
const families = 6

// A drawn is a change that may depend on what there is of all rounds.
type drawn func(ctx context.Context, s community.Store) storage.Change

// change draws one of all the changes of membership, in words and as it is made.
func (m *memberMachine) change() (string, drawn) {
	as := func(c storage.Change) (string, drawn) {
		return fmt.Sprintf("%s %+v", c.Change(), c), func(context.Context, community.Store) storage.Change { return c }
	}
	org := func() (string, drawn) { return as(membership.InsertOrg{Org: m.org()}) }
	member := func() (string, drawn) { return as(membership.InsertMember{Member: m.member()}) }
	all := [families][]func() (string, drawn){
		{
			org, org,
			func() (string, drawn) { return as(membership.UpdateOrg{Org: m.org()}) },
			func() (string, drawn) { return as(membership.InsertMandate{Mandate: m.mandate()}) },
			func() (string, drawn) { return as(membership.InsertMandate{Mandate: m.mandate()}) },
			func() (string, drawn) { return as(membership.UpdateMandate{Mandate: m.mandate()}) },
		},
		{
			member, member,
			func() (string, drawn) { return as(membership.UpdateMember{Member: m.member()}) },
			func() (string, drawn) {
				return as(membership.SetAreaRole{AreaRole: membership.AreaRole{User: m.user(), Area: pick(m.machine, "area", m.areas), Role: m.role(4)}})
			},
			func() (string, drawn) {
				area, more := m.area(), m.number("more", 1)
				return fmt.Sprintf("hold %s + %d", area, more), func(ctx context.Context, s community.Store) storage.Change {
					_, seen, err := s.Membership().Coordinators(ctx, area, m.now)
					if err != nil {
						return nil
					}
					return membership.HoldCoordinators{Area: area, Seen: seen + more}
				}
			},
		},
		{
			func() (string, drawn) {
				return as(membership.InsertApplication{Application: m.application()})
			},
			func() (string, drawn) {
				return as(membership.UpdateApplication{Application: m.application()})
			},
			org,
		},
		{
			func() (string, drawn) { return as(membership.InsertInvitation{Invitation: m.invitation()}) },
			func() (string, drawn) { return as(membership.UpdateInvitation{Invitation: m.invitation()}) },
			func() (string, drawn) {
				return as(membership.UseInvitation{ID: pick(m.machine, "invitation", m.invitations), At: m.tick()})
			},
		},
		{
			func() (string, drawn) { return as(membership.InsertSanction{Sanction: m.sanction()}) },
			func() (string, drawn) { return as(membership.UpdateSanction{Sanction: m.sanction()}) },
			func() (string, drawn) {
				x := m.member()
				x.State, x.Role = membership.Active, auth.Coordinator
				return as(membership.InsertMember{Member: x})
			},
			func() (string, drawn) {
				return as(membership.SetAreaRole{AreaRole: membership.AreaRole{User: m.user(), Area: pick(m.machine, "area", m.areas), Role: auth.Coordinator}})
			},
		},
		{
			func() (string, drawn) {
				t, more := membership.Turn{Phase: m.number("phase", 2), At: m.tick(), By: m.by(), Why: m.text()}, m.number("more", 1)
				return fmt.Sprintf("turn %+v + %d", t, more), func(ctx context.Context, s community.Store) storage.Change {
					all, err := s.Membership().Turns(ctx)
					if err != nil {
						return nil
					}
					t.N = len(all) + 1 + more
					return membership.InsertTurn{Turn: t}
				}
			},
			func() (string, drawn) {
				return as(membership.EraseUser{User: m.user(), Mailboxes: m.mailboxes[:m.number("mailboxes", 2)]})
			},
			member,
		},
	}
	return pick(m.machine, "change", all[m.about[m.number("family", 1)]])()
}

// step draws the next action: some changes together, or in a unit that is
// undone now and then.
func (m *memberMachine) step() action {
	var names string
	var changes []drawn
	for range rapid.IntRange(1, 3).Draw(m.t, "changes") {
		name, c := m.change()
		names += name + "; "
		changes = append(changes, c)
	}
	if m.number("unit", 3) > 0 {
		return action{"Apply " + names, func(ctx context.Context, s community.Store) string {
			var made []storage.Change
			for _, c := range changes {
				made = append(made, c(ctx, s))
			}
			return outcome("done", s.Membership().Apply(ctx, made...))
		}}
	}
	user, now, undo := m.user(), m.tick(), m.yes("undo")
	return action{fmt.Sprintf("unit of %v, undone %v: %s", user, undo, names), func(ctx context.Context, s community.Store) string {
		var said string
		err := s.Atomic(ctx, func(ctx context.Context, tx community.Store) error {
			said = ""
			for _, c := range changes {
				said += outcome("done", tx.Apply(ctx, c(ctx, tx))) + ", " // and goes on
			}
			said += outcome(tx.Membership().Standing(ctx, user, now))
			if undo {
				return errUndo
			}
			return nil
		})
		if errors.Is(err, errUndo) {
			err = nil
		}
		return outcome(said, err)
	}}
}

// dump puts all that there is of this round in words, and of all rounds what
// is the community's own.
func (m *memberMachine) dump(s community.Store) []string {
	ctx, x := context.Background(), s.Membership()
	var all []string
	add := func(what string, said string) { all = append(all, what+" "+said) }
	instants := []time.Time{m.now.Add(-15 * time.Second), m.now, m.now.Add(15 * time.Second)}
	for _, user := range m.users {
		add("member", outcome(x.Member(ctx, user)))
		add("mandates", outcome(x.Mandates(ctx, user)))
		for _, now := range instants {
			add("standing", outcome(x.Standing(ctx, user, now)))
		}
		for state := range membership.AppState(6) {
			add("applications", outcome(x.Applications(ctx, membership.ApplicationQuery{User: user, State: state})))
		}
		add("applications", outcome(x.Applications(ctx, membership.ApplicationQuery{User: user, Categories: m.categories[1:]})))
		add("invitations", outcome(x.Invitations(ctx, membership.InvitationQuery{By: user})))
		for _, q := range []membership.SanctionQuery{
			{Areas: auth.Everything}, {Areas: auth.Everything, Appealed: true}, {Areas: auth.Reach{Areas: m.areas}},
		} {
			q.User = user
			add("sanctions", outcome(x.Sanctions(ctx, q)))
		}
	}
	add("members", outcome(x.MembersByID(ctx, m.users)))
	for _, now := range instants {
		add("acting", outcome(x.Acting(ctx, m.users, now)))
		for _, org := range m.orgs {
			add("members", outcome(x.Members(ctx, membership.MemberQuery{Org: org, Now: now})))
		}
		for _, area := range append(m.areas, auth.Commons) {
			who, seen, err := x.Coordinators(ctx, area, now)
			add("coordinators", outcome(fmt.Sprint(who, seen), err))
		}
		add("claims", outcome(x.Claims(ctx, membership.ClaimQuery{Now: now, Limit: storage.MaxLimit})))
	}
	for _, place := range m.places {
		q := membership.MemberQuery{Expertise: membership.Fold(m.users[0].String() + place)}
		add("experts", outcome(x.Members(ctx, q)))
		q.Listed, q.Role = true, auth.Moderator
		add("experts", outcome(x.Members(ctx, q)))
		q.Role, q.Category, q.State = 0, m.categories[0], membership.Active
		add("experts", outcome(x.Members(ctx, q)))
	}
	for _, area := range m.areas {
		add("roles", outcome(x.AreaRoles(ctx, area)))
	}
	var codes []string
	for _, place := range m.places {
		codes = append(codes, m.orgs[0].String()+place)
	}
	add("orgs", outcome(x.OrgsByID(ctx, m.orgs)))
	add("orgs", outcome(x.OrgsByCode(ctx, codes)))
	for _, code := range codes {
		add("orgs", outcome(x.Orgs(ctx, membership.OrgQuery{Words: []string{code}})))
	}
	for i := range 4 {
		add("mandate", outcome(x.Mandate(ctx, m.mandates[i])))
		add("application", outcome(x.Application(ctx, m.applications[i])))
		add("invitation", outcome(x.InvitationOf(ctx, m.invitations[i])))
		add("invitation", outcome(x.Invitation(ctx, m.hash(m.invitations[i]))))
		add("sanction", outcome(x.Sanction(ctx, m.sanctions[i])))
	}
	for _, box := range m.mailboxes {
		add("invited", outcome(x.InvitationFor(ctx, box)))
	}
	add("tally", outcome(x.Tally(ctx)))
	add("turns", outcome(x.Turns(ctx)))
	return all
}
