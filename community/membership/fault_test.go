// SPDX-License-Identifier: BSD-3-Clause

package membership_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

var errTrouble = errors.New("the store has trouble of its own")

// A fault is the one call of a store that fails.
type fault struct {
	at    int // counted from 1; 0: none
	calls int
}

func (f *fault) next() error {
	if f.calls++; f.calls == f.at {
		return errTrouble
	}
	return nil
}

// faulty is a store with a fault. It embeds nothing, so that a method that is
// new cannot pass by.
type faulty struct {
	s membership.Store
	f *fault
}

var _ membership.Store = faulty{}

func ask[V any](x faulty, call func() (V, error)) (V, error) {
	if err := x.f.next(); err != nil {
		return *new(V), err
	}
	return call()
}

func (x faulty) Atomic(ctx context.Context, fn func(context.Context, membership.Store) error) error {
	if err := x.f.next(); err != nil {
		return err
	}
	return x.s.Atomic(ctx, func(ctx context.Context, tx membership.Store) error { return fn(ctx, faulty{tx, x.f}) })
}

func (x faulty) Apply(ctx context.Context, changes ...storage.Change) error {
	_, err := ask(x, func() (struct{}, error) { return struct{}{}, x.s.Apply(ctx, changes...) })
	return err
}

func (x faulty) Done(ctx context.Context, owner uuid.UUID, key string) (uuid.UUID, error) {
	return ask(x, func() (uuid.UUID, error) { return x.s.Done(ctx, owner, key) })
}

func (x faulty) Standing(ctx context.Context, user auth.UserID, now time.Time) (membership.Facts, error) {
	return ask(x, func() (membership.Facts, error) { return x.s.Standing(ctx, user, now) })
}

func (x faulty) Turns(ctx context.Context) ([]membership.Turn, error) {
	return ask(x, func() ([]membership.Turn, error) { return x.s.Turns(ctx) })
}

func (x faulty) Org(ctx context.Context, id auth.OrgID) (membership.Org, error) {
	return ask(x, func() (membership.Org, error) { return x.s.Org(ctx, id) })
}

func (x faulty) OrgsByID(ctx context.Context, ids []auth.OrgID) (map[auth.OrgID]membership.Org, error) {
	return ask(x, func() (map[auth.OrgID]membership.Org, error) { return x.s.OrgsByID(ctx, ids) })
}

func (x faulty) OrgsByCode(ctx context.Context, codes []string) (map[string]membership.Org, error) {
	return ask(x, func() (map[string]membership.Org, error) { return x.s.OrgsByCode(ctx, codes) })
}

func (x faulty) Orgs(ctx context.Context, q membership.OrgQuery) (storage.Page[membership.Org], error) {
	return ask(x, func() (storage.Page[membership.Org], error) { return x.s.Orgs(ctx, q) })
}

func (x faulty) Member(ctx context.Context, user auth.UserID) (membership.Member, error) {
	return ask(x, func() (membership.Member, error) { return x.s.Member(ctx, user) })
}

func (x faulty) MembersByID(ctx context.Context, users []auth.UserID) (map[auth.UserID]membership.Member, error) {
	return ask(x, func() (map[auth.UserID]membership.Member, error) { return x.s.MembersByID(ctx, users) })
}

func (x faulty) Members(ctx context.Context, q membership.MemberQuery) (storage.Page[membership.Member], error) {
	return ask(x, func() (storage.Page[membership.Member], error) { return x.s.Members(ctx, q) })
}

func (x faulty) Tally(ctx context.Context) (membership.Tally, error) {
	return ask(x, func() (membership.Tally, error) { return x.s.Tally(ctx) })
}

func (x faulty) Coordinators(ctx context.Context, area auth.AreaID, now time.Time) (who []auth.UserID, seen int, err error) {
	if err := x.f.next(); err != nil {
		return nil, 0, err
	}
	return x.s.Coordinators(ctx, area, now)
}

func (x faulty) AreaRoles(ctx context.Context, area auth.AreaID) ([]membership.AreaRole, error) {
	return ask(x, func() ([]membership.AreaRole, error) { return x.s.AreaRoles(ctx, area) })
}

func (x faulty) Mandate(ctx context.Context, id membership.MandateID) (membership.Mandate, error) {
	return ask(x, func() (membership.Mandate, error) { return x.s.Mandate(ctx, id) })
}

func (x faulty) Mandates(ctx context.Context, user auth.UserID) ([]membership.Mandate, error) {
	return ask(x, func() ([]membership.Mandate, error) { return x.s.Mandates(ctx, user) })
}

func (x faulty) Acting(ctx context.Context, users []auth.UserID, now time.Time) (map[auth.UserID][]auth.OrgID, error) {
	return ask(x, func() (map[auth.UserID][]auth.OrgID, error) { return x.s.Acting(ctx, users, now) })
}

func (x faulty) Claims(ctx context.Context, q membership.ClaimQuery) (storage.Page[membership.Mandate], error) {
	return ask(x, func() (storage.Page[membership.Mandate], error) { return x.s.Claims(ctx, q) })
}

func (x faulty) Application(ctx context.Context, id membership.ApplicationID) (membership.Application, error) {
	return ask(x, func() (membership.Application, error) { return x.s.Application(ctx, id) })
}

func (x faulty) Applications(ctx context.Context, q membership.ApplicationQuery) (storage.Page[membership.Application], error) {
	return ask(x, func() (storage.Page[membership.Application], error) { return x.s.Applications(ctx, q) })
}

func (x faulty) Invitation(ctx context.Context, hash [32]byte) (membership.Invitation, error) {
	return ask(x, func() (membership.Invitation, error) { return x.s.Invitation(ctx, hash) })
}

func (x faulty) InvitationOf(ctx context.Context, id membership.InvitationID) (membership.Invitation, error) {
	return ask(x, func() (membership.Invitation, error) { return x.s.InvitationOf(ctx, id) })
}

func (x faulty) InvitationFor(ctx context.Context, mailbox [16]byte) (membership.Invitation, error) {
	return ask(x, func() (membership.Invitation, error) { return x.s.InvitationFor(ctx, mailbox) })
}

func (x faulty) Invitations(ctx context.Context, q membership.InvitationQuery) (storage.Page[membership.Invitation], error) {
	return ask(x, func() (storage.Page[membership.Invitation], error) { return x.s.Invitations(ctx, q) })
}

func (x faulty) Sanction(ctx context.Context, id membership.SanctionID) (membership.Sanction, error) {
	return ask(x, func() (membership.Sanction, error) { return x.s.Sanction(ctx, id) })
}

func (x faulty) Sanctions(ctx context.Context, q membership.SanctionQuery) (storage.Page[membership.Sanction], error) {
	return ask(x, func() (storage.Page[membership.Sanction], error) { return x.s.Sanctions(ctx, q) })
}

// everything puts all that there is in words.
func (w *world) everything() (all []string) {
	w.Helper()
	add := func(v any, err error) {
		require.NoError(w, err)
		all = append(all, fmt.Sprintf("%+v", v))
	}
	s := w.store.Membership()
	members, err := s.Members(w.ctx, membership.MemberQuery{Limit: storage.MaxLimit})
	add(members, err)
	applications, err := s.Applications(w.ctx, membership.ApplicationQuery{Limit: storage.MaxLimit})
	add(applications, err)
	people := map[auth.UserID]bool{}
	for _, m := range members.Items {
		people[m.User] = true
	}
	for _, a := range applications.Items {
		people[a.User] = true
	}
	for user := range people {
		mandates, err := s.Mandates(w.ctx, user)
		add(mandates, err)
		f, err := s.Standing(w.ctx, user, w.clock())
		add(f, err)
	}
	slices.Sort(all)
	invitations, err := s.Invitations(w.ctx, membership.InvitationQuery{Limit: storage.MaxLimit})
	add(invitations, err)
	sanctions, err := s.Sanctions(w.ctx, membership.SanctionQuery{Areas: auth.Everything, Limit: storage.MaxLimit})
	add(sanctions, err)
	orgs, err := s.Orgs(w.ctx, membership.OrgQuery{Inactive: true, Limit: storage.MaxLimit})
	add(orgs, err)
	turns, err := s.Turns(w.ctx)
	add(turns, err)
	add(w.events(), nil)
	return all
}

// Whatever a call asks of the store, and whichever time it is that it fails:
// the call says so, nothing is half done, and it can be made again.
func TestEachStoreCallFailsOnce(t *testing.T) {
	t.Parallel()
	tell := func(_ any, err error) error { return err }
	text := "Ada"
	area := storage.NewID[auth.Area]()
	type call = func() error
	one := func(v membership.NewInvitation) iter.Seq2[membership.NewInvitation, error] {
		return func(yield func(membership.NewInvitation, error) bool) { yield(v, nil) }
	}
	for name, set := range map[string]func(w *world) call{
		"Standing": func(w *world) call { return func() error { return tell(w.members.Standing(w.ctx, w.member.User)) } },
		"Phase":    func(w *world) call { return func() error { return tell(w.members.Phase(w.ctx)) } },
		"Turns":    func(w *world) call { return func() error { return tell(w.members.Turns(w.ctx, w.chief)) } },
		"Simulate": func(w *world) call {
			w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
			return func() error { return tell(w.members.Simulate(w.ctx, w.chief, network)) }
		},
		"Advance": func(w *world) call {
			w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
			w.applies(person(), membership.NewApplication{Category: membership.Citizen})
			w.turns(network)
			w.turns(everyone)
			w.pass(4 * month) // one is over, and one has made a member
			return func() error {
				return tell(w.members.Advance(w.ctx, w.chief, membership.NewTurn{To: network, Seen: everyone, Why: "x"}))
			}
		},
		"Apply": func(w *world) call {
			w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
			w.pass(4 * month)
			return func() error {
				return tell(w.members.Apply(w.ctx, w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID}))
			}
		},
		"Apply and enter": func(w *world) call {
			m, err := w.members.Claim(w.ctx, w.stranger, membership.NewMandate{Org: w.milan.ID, Title: "x"})
			require.NoError(w, err)
			require.NoError(w, w.members.Verify(w.ctx, w.chief, m.ID))
			return func() error {
				return tell(w.members.Apply(w.ctx, w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID}))
			}
		},
		"Withdraw": func(w *world) call {
			a := w.applies(w.stranger, membership.NewApplication{Category: membership.University})
			return func() error { return w.members.Withdraw(w.ctx, w.stranger, a.ID) }
		},
		"Approve": func(w *world) call {
			a := w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
			return func() error {
				return tell(w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Approve: true}))
			}
		},
		"Decline": func(w *world) call {
			a := w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
			return func() error {
				return tell(w.members.Decide(w.ctx, w.chief, membership.Decision{Application: a.ID, Why: "x"}))
			}
		},
		"Mine": func(w *world) call {
			w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
			return func() error { return tell(w.members.Mine(w.ctx, w.stranger)) }
		},
		"Application": func(w *world) call {
			a := w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
			return func() error { return tell(w.members.Application(w.ctx, w.chief, a.ID)) }
		},
		"Applications": func(w *world) call {
			w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
			return func() error {
				return tell(w.members.Applications(w.ctx, w.chief, membership.ApplicationFilter{Decidable: true}))
			}
		},
		"Waits": func(w *world) call {
			w.applies(w.stranger, membership.NewApplication{Category: membership.Beneficiary, Org: w.milan.ID})
			return func() error { return tell(w.members.Waits(w.ctx, w.chief)) }
		},
		"Invite": func(w *world) call {
			in := membership.NewInvitation{Category: membership.Beneficiary, Org: w.milan.ID, Mailbox: [16]byte{9}}
			inv, _ := w.invites(w.chief, in)
			w.at(inv.Ends) // which the new one takes the place of
			return func() error { _, _, err := w.members.Invite(w.ctx, w.chief, in); return err }
		},
		"InviteAll": func(w *world) call {
			in := membership.NewInvitation{Category: membership.Beneficiary, Mailbox: [16]byte{9}}
			return func() error { return tell(w.members.InviteAll(w.ctx, w.chief, one(in), nil)) }
		},
		"Look": func(w *world) call {
			_, secret := w.invites(w.chief, membership.NewInvitation{Org: w.milan.ID})
			return func() error { return tell(w.members.Look(w.ctx, secret)) }
		},
		"Redeem": func(w *world) call {
			w.applies(w.stranger, membership.NewApplication{Category: membership.University})
			_, secret := w.invites(w.chief, membership.NewInvitation{Org: w.milan.ID})
			return func() error { return tell(w.members.Redeem(w.ctx, w.stranger, secret)) }
		},
		"Revoke": func(w *world) call {
			inv, _ := w.invites(w.chief, membership.NewInvitation{})
			return func() error { return w.members.Revoke(w.ctx, w.second, inv.ID) }
		},
		"Invitation": func(w *world) call {
			inv, _ := w.invites(w.chief, membership.NewInvitation{})
			return func() error { return tell(w.members.Invitation(w.ctx, w.second, inv.ID)) }
		},
		"Invitations": func(w *world) call {
			return func() error {
				return tell(w.members.Invitations(w.ctx, w.chief, membership.InvitationFilter{All: true}))
			}
		},
		"Claim": func(w *world) call {
			return func() error {
				return tell(w.members.Claim(w.ctx, w.member, membership.NewMandate{Org: w.milan.ID, Title: "x"}))
			}
		},
		"Verify": func(w *world) call {
			m, err := w.members.Claim(w.ctx, w.member, membership.NewMandate{Org: w.milan.ID, Title: "x"})
			require.NoError(w, err)
			return func() error { return w.members.Verify(w.ctx, w.chief, m.ID) }
		},
		"EndMandate": func(w *world) call {
			m, err := w.members.Claim(w.ctx, w.member, membership.NewMandate{Org: w.milan.ID, Title: "x"})
			require.NoError(w, err)
			return func() error { return w.members.EndMandate(w.ctx, w.chief, m.ID, time.Time{}) }
		},
		"Mandates": func(w *world) call {
			return func() error { return tell(w.members.Mandates(w.ctx, w.chief, w.member.User)) }
		},
		"Claims": func(w *world) call { return func() error { return tell(w.members.Claims(w.ctx, w.chief, "", 0)) } },
		"Grant": func(w *world) call {
			return func() error {
				return w.members.Grant(w.ctx, w.chief, membership.NewRole{User: w.second.User, Role: auth.Member})
			}
		},
		"Grant in an area": func(w *world) call {
			require.NoError(w, w.members.FoundArea(w.ctx, w.chief, area, w.moderator.User))
			return func() error {
				return w.members.Grant(w.ctx, w.moderator, membership.NewRole{User: w.member.User, Area: area, Role: auth.Coordinator})
			}
		},
		"FoundArea": func(w *world) call {
			return func() error { return w.members.FoundArea(w.ctx, w.chief, area, w.member.User) }
		},
		"RolesIn": func(w *world) call {
			require.NoError(w, w.members.FoundArea(w.ctx, w.chief, area, w.member.User))
			return func() error { return tell(w.members.RolesIn(w.ctx, w.member, area)) }
		},
		"Restrain": func(w *world) call {
			return func() error {
				return tell(w.members.Restrain(w.ctx, w.chief, membership.NewSanction{User: w.second.User, Kind: membership.Suspension, Why: "x"}))
			}
		},
		"Lift": func(w *world) call {
			x := w.restrains(w.chief, w.member, membership.ReadOnly, time.Time{})
			return func() error { return w.members.Lift(w.ctx, w.chief, x.ID) }
		},
		"Appeal": func(w *world) call {
			x := w.restrains(w.chief, w.member, membership.ReadOnly, time.Time{})
			return func() error { return w.members.Appeal(w.ctx, w.member, x.ID, "x") }
		},
		"Review": func(w *world) call {
			x := w.restrains(w.chief, w.member, membership.ReadOnly, time.Time{})
			require.NoError(w, w.members.Appeal(w.ctx, w.member, x.ID, "x"))
			return func() error {
				return w.members.Review(w.ctx, w.second, membership.Answer{Sanction: x.ID, Why: "x"})
			}
		},
		"Sanction": func(w *world) call {
			x := w.restrains(w.chief, w.member, membership.ReadOnly, time.Time{})
			return func() error { return tell(w.members.Sanction(w.ctx, w.second, x.ID)) }
		},
		"Sanctions": func(w *world) call {
			return func() error {
				return tell(w.members.Sanctions(w.ctx, w.chief, membership.SanctionFilter{}))
			}
		},
		"EditProfile": func(w *world) call {
			return func() error {
				version := w.version(w.member)
				return tell(w.members.EditProfile(w.ctx, w.member, membership.ProfileEdit{Version: version, Name: &membership.Field{Text: text}}))
			}
		},
		"Me": func(w *world) call { return func() error { return tell(w.members.Me(w.ctx, w.member)) } },
		"Profile": func(w *world) call {
			return func() error { return tell(w.members.Profile(w.ctx, w.chief, w.member.User)) }
		},
		"Names": func(w *world) call {
			return func() error { return tell(w.members.Names(w.ctx, w.chief, []auth.UserID{w.member.User})) }
		},
		"Directory": func(w *world) call {
			_, secret := w.invites(w.chief, membership.NewInvitation{Org: w.milan.ID})
			_, err := w.members.Redeem(w.ctx, w.stranger, secret)
			require.NoError(w, err)
			return func() error {
				return tell(w.members.Directory(w.ctx, w.chief, membership.DirectoryFilter{Unlisted: true}))
			}
		},
		"Leave": func(w *world) call {
			require.NoError(w, w.members.FoundArea(w.ctx, w.chief, area, w.second.User))
			require.NoError(w, w.members.Grant(w.ctx, w.second, membership.NewRole{User: w.member.User, Area: area, Role: auth.Coordinator}))
			return func() error { return w.members.Leave(w.ctx, w.second) }
		},
		"Deactivate": func(w *world) call { return func() error { return w.members.Deactivate(w.ctx, w.second) } },
		"ComeBack": func(w *world) call {
			require.NoError(w, w.members.Deactivate(w.ctx, w.second))
			return func() error { return w.members.ComeBack(w.ctx, w.second) }
		},
		"Org":       func(w *world) call { return func() error { return tell(w.members.Org(w.ctx, w.milan.ID)) } },
		"OrgByCode": func(w *world) call { return func() error { return tell(w.members.OrgByCode(w.ctx, "c_f205")) } },
		"OrgsByID": func(w *world) call {
			return func() error { return tell(w.members.OrgsByID(w.ctx, []auth.OrgID{w.milan.ID})) }
		},
		"Orgs": func(w *world) call {
			return func() error { return tell(w.members.Orgs(w.ctx, membership.OrgFilter{})) }
		},
		"AddOrg": func(w *world) call {
			return func() error {
				return tell(w.members.AddOrg(w.ctx, w.chief, membership.NewOrg{Code: "c_h501", Name: "Roma"}))
			}
		},
		"EditOrg": func(w *world) call {
			return func() error {
				return tell(w.members.EditOrg(w.ctx, w.chief, membership.OrgEdit{Org: w.milan.ID, Version: 1, Name: &text}))
			}
		},
		"ImportOrgs": func(w *world) call {
			rows := func(yield func(membership.OrgRow, error) bool) {
				yield(membership.OrgRow{N: 1, Code: "c_h501", Name: "Roma"}, nil)
			}
			return func() error { return tell(w.members.ImportOrgs(w.ctx, w.chief, rows, nil)) }
		},
		"Export": func(w *world) call {
			return func() (err error) {
				for _, x := range w.members.Export(w.ctx, w.chief.User) {
					err = errors.Join(err, x)
				}
				return err
			}
		},
		"Erase": func(w *world) call { return func() error { return w.members.Erase(w.ctx, w.second.User, nil) } },
		"Found": func(w *world) call {
			w.restrains(w.chief, w.second, membership.ReadOnly, time.Time{})
			require.NoError(w, w.store.Apply(w.ctx, membership.EraseUser{User: w.chief.User}))
			return func() error { return tell(w.members.Found(w.ctx, w.second.User, membership.Beneficiary)) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for at := 1; ; at++ {
				f := &fault{}
				w := newWorld(t, func(c *membership.Config) { c.Store = faulty{c.Store, f} })
				do := set(w)
				before := w.everything()
				f.at, f.calls = at, 0
				err := do()
				failed := f.calls >= at
				f.at = 0
				if !failed {
					require.NoError(t, err)
					require.Greater(t, at, 1, "asks nothing of the store: this says nothing")
					return
				}
				require.ErrorIs(t, err, errTrouble, "call %d", at)
				assert.Equal(t, before, w.everything(), "call %d", at)
				require.NoError(t, do(), "again, after call %d", at)
			}
		})
	}
}

// version is that of somebody as a member.
func (w *world) version(who auth.Actor) int {
	w.Helper()
	m, err := w.store.Membership().Member(w.ctx, who.User)
	require.NoError(w, err)
	return m.Version
}
