// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/community/membership/ipa"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
	"github.com/copis-it/copis/storage/sqlstore"
	"github.com/copis-it/copis/storage/storetest"
)

// membersGrow are membership's tables that grow with what members do.
// Organisations do not: there are as many as in their register, which is
// searched through. Nor do the turns of the phase.
var membersGrow = []string{"members", "expertise", "area_roles", "mandates", "applications", "invitations", "sanctions"}

// A person's spot is what there is of them in membership.
type personSpot struct {
	org         membership.Org
	mandate     membership.Mandate
	application membership.Application
	invitation  membership.Invitation
	sanction    membership.Sanction
}

// crowded is a category that everybody has applied in and was refused.
const crowded membership.Category = "crowded"

// newPersonSpot returns what makes a member of somebody with a bit of
// everything, in an area.
func newPersonSpot(who auth.UserID, area auth.AreaID, now time.Time) (sp personSpot, changes []storage.Change) {
	key := who.Bytes()
	sp.org = membership.Org{ID: storage.NewID[auth.Org](), Made: now, Version: 1}
	sp.org.Code, sp.org.Name = sp.org.ID.String(), "Comune di "+sp.org.ID.String()
	sp.mandate = membership.Mandate{ID: storage.NewID[membership.Mandate](), User: who, Org: sp.org.ID, From: now, Verified: now, By: auth.By{User: who}, Made: now, Version: 1}
	claim := sp.mandate
	claim.ID, claim.User, claim.Verified = storage.NewID[membership.Mandate](), storage.NewID[auth.User](), time.Time{}
	sp.application = membership.Application{ID: storage.NewID[membership.Application](), User: who, Category: membership.Category(who.String()), State: membership.Applied, Made: now, Version: 1}
	declined := sp.application
	declined.ID, declined.Category, declined.State, declined.Decided, declined.By = storage.NewID[membership.Application](), crowded, membership.Declined, now, auth.By{User: who}
	sp.invitation = membership.Invitation{ID: storage.NewID[membership.Invitation](), Mailbox: key, Most: 1, By: auth.By{User: who}, Made: now, Ends: now.Add(time.Hour), Version: 1}
	copy(sp.invitation.Hash[:], key[:])
	sp.sanction = membership.Sanction{ID: storage.NewID[membership.Sanction](), User: who, Area: area, Kind: membership.Warning, From: now, By: auth.By{User: who}, Version: 1,
		Appeal: membership.Appeal{Text: "No", At: now, By: auth.By{User: who}}}
	return sp, []storage.Change{
		membership.InsertOrg{Org: sp.org},
		membership.InsertMember{Member: membership.Member{User: who, State: membership.Active, Role: auth.Member, Category: sp.application.Category, Joined: now, Since: now, Version: 1,
			Profile: membership.Profile{Expertise: []string{who.String()}, Listed: true}}},
		membership.InsertMember{Member: membership.Member{User: storage.NewID[auth.User](), State: membership.Left, Joined: now, Since: now, Version: 1}},
		membership.InsertMandate{Mandate: sp.mandate}, membership.InsertMandate{Mandate: claim},
		membership.InsertApplication{Application: sp.application}, membership.InsertApplication{Application: declined},
		membership.InsertInvitation{Invitation: sp.invitation}, membership.InsertSanction{Sanction: sp.sanction},
		membership.SetAreaRole{AreaRole: membership.AreaRole{User: who, Area: area, Role: auth.Member}},
	}
}

// membershipLooks are membership's reads, but for Turns, and those that are
// about all members or all organisations: Tally, and Orgs with words.
func membershipLooks() []look {
	of := func(name string, read func(ctx context.Context, m membership.Store, sp spot) error) look {
		return look{"Membership " + name, func(ctx context.Context, s community.Store, sp spot) error { return read(ctx, s.Membership(), sp) }}
	}
	tell := func(_ any, err error) error { return err }
	all := []look{
		of("Standing", func(ctx context.Context, m membership.Store, sp spot) error {
			return tell(m.Standing(ctx, sp.who, time.Now()))
		}),
		of("Org", func(ctx context.Context, m membership.Store, sp spot) error {
			return tell(m.Org(ctx, sp.person.org.ID))
		}),
		of("OrgsByID", func(ctx context.Context, m membership.Store, sp spot) error {
			return tell(m.OrgsByID(ctx, []auth.OrgID{sp.person.org.ID}))
		}),
		of("OrgsByCode", func(ctx context.Context, m membership.Store, sp spot) error {
			return tell(m.OrgsByCode(ctx, []string{sp.person.org.Code}))
		}),
		of("Member", func(ctx context.Context, m membership.Store, sp spot) error { return tell(m.Member(ctx, sp.who)) }),
		of("MembersByID", func(ctx context.Context, m membership.Store, sp spot) error {
			return tell(m.MembersByID(ctx, []auth.UserID{sp.who}))
		}),
		of("Coordinators", func(ctx context.Context, m membership.Store, _ spot) error {
			_, _, err := m.Coordinators(ctx, auth.Commons, time.Now())
			return err
		}),
		of("Coordinators of an area", func(ctx context.Context, m membership.Store, sp spot) error {
			_, _, err := m.Coordinators(ctx, sp.area, time.Now())
			return err
		}),
		of("Acting", func(ctx context.Context, m membership.Store, sp spot) error {
			return tell(m.Acting(ctx, []auth.UserID{sp.who}, time.Now()))
		}),
		of("AreaRoles", func(ctx context.Context, m membership.Store, sp spot) error { return tell(m.AreaRoles(ctx, sp.area)) }),
		of("Mandate", func(ctx context.Context, m membership.Store, sp spot) error {
			return tell(m.Mandate(ctx, sp.person.mandate.ID))
		}),
		of("Mandates", func(ctx context.Context, m membership.Store, sp spot) error { return tell(m.Mandates(ctx, sp.who)) }),
		of("Application", func(ctx context.Context, m membership.Store, sp spot) error {
			return tell(m.Application(ctx, sp.person.application.ID))
		}),
		of("Invitation", func(ctx context.Context, m membership.Store, sp spot) error {
			return tell(m.Invitation(ctx, sp.person.invitation.Hash))
		}),
		of("InvitationOf", func(ctx context.Context, m membership.Store, sp spot) error {
			return tell(m.InvitationOf(ctx, sp.person.invitation.ID))
		}),
		of("InvitationFor", func(ctx context.Context, m membership.Store, sp spot) error {
			return tell(m.InvitationFor(ctx, sp.person.invitation.Mailbox))
		}),
		of("Sanction", func(ctx context.Context, m membership.Store, sp spot) error {
			return tell(m.Sanction(ctx, sp.person.sanction.ID))
		}),
	}
	list := func(name string, read func(ctx context.Context, m membership.Store, sp spot, after storage.Cursor) (items int, next storage.Cursor, err error)) {
		all = append(all, of(name, func(ctx context.Context, m membership.Store, sp spot) error {
			items, next, err := read(ctx, m, sp, "")
			if err == nil && items == 0 {
				err = fmt.Errorf("nothing is listed: this says nothing")
			}
			if err == nil && next != "" {
				_, _, err = read(ctx, m, sp, next)
			}
			return err
		}))
	}
	list("Orgs", func(ctx context.Context, m membership.Store, _ spot, after storage.Cursor) (int, storage.Cursor, error) {
		page, err := m.Orgs(ctx, membership.OrgQuery{After: after, Limit: 2})
		return len(page.Items), page.Next, err
	})
	for name, q := range map[string]func(sp spot) membership.MemberQuery{
		"all":    func(spot) membership.MemberQuery { return membership.MemberQuery{} },
		"listed": func(spot) membership.MemberQuery { return membership.MemberQuery{Listed: true} },
		"active": func(spot) membership.MemberQuery { return membership.MemberQuery{State: membership.Active} },
		"role":   func(spot) membership.MemberQuery { return membership.MemberQuery{Role: auth.Member} },
		"category": func(sp spot) membership.MemberQuery {
			return membership.MemberQuery{Category: sp.person.application.Category}
		},
		"org": func(sp spot) membership.MemberQuery {
			return membership.MemberQuery{Org: sp.person.org.ID, Now: time.Now()}
		},
		"expertise": func(sp spot) membership.MemberQuery {
			return membership.MemberQuery{Expertise: membership.Fold(sp.who.String())}
		},
		"directory": func(sp spot) membership.MemberQuery {
			return membership.MemberQuery{Listed: true, Expertise: membership.Fold(sp.who.String())}
		},
	} {
		list("Members "+name, func(ctx context.Context, m membership.Store, sp spot, after storage.Cursor) (int, storage.Cursor, error) {
			q := q(sp)
			q.After, q.Limit = after, 2
			page, err := m.Members(ctx, q)
			return len(page.Items), page.Next, err
		})
	}
	for name, q := range map[string]func(sp spot) membership.ApplicationQuery{
		"all":     func(spot) membership.ApplicationQuery { return membership.ApplicationQuery{} },
		"applied": func(spot) membership.ApplicationQuery { return membership.ApplicationQuery{State: membership.Applied} },
		"user":    func(sp spot) membership.ApplicationQuery { return membership.ApplicationQuery{User: sp.who} },
		"category": func(sp spot) membership.ApplicationQuery {
			return membership.ApplicationQuery{Categories: []membership.Category{sp.person.application.Category}}
		},
		"waiting": func(sp spot) membership.ApplicationQuery {
			return membership.ApplicationQuery{State: membership.Applied, Categories: []membership.Category{sp.person.application.Category}}
		},
		"waiting among many": func(sp spot) membership.ApplicationQuery {
			return membership.ApplicationQuery{State: membership.Applied, Categories: []membership.Category{crowded, sp.person.application.Category}}
		},
		"categories": func(sp spot) membership.ApplicationQuery {
			return membership.ApplicationQuery{State: membership.Applied, Categories: []membership.Category{sp.person.application.Category, "altra"}}
		},
	} {
		list("Applications "+name, func(ctx context.Context, m membership.Store, sp spot, after storage.Cursor) (int, storage.Cursor, error) {
			q := q(sp)
			q.After, q.Limit = after, 2
			page, err := m.Applications(ctx, q)
			return len(page.Items), page.Next, err
		})
	}
	list("Claims", func(ctx context.Context, m membership.Store, _ spot, after storage.Cursor) (int, storage.Cursor, error) {
		page, err := m.Claims(ctx, membership.ClaimQuery{Now: time.Now(), After: after, Limit: 2})
		return len(page.Items), page.Next, err
	})
	for name, by := range map[string]func(sp spot) auth.UserID{"all": func(spot) auth.UserID { return auth.UserID{} }, "own": func(sp spot) auth.UserID { return sp.who }} {
		list("Invitations "+name, func(ctx context.Context, m membership.Store, sp spot, after storage.Cursor) (int, storage.Cursor, error) {
			page, err := m.Invitations(ctx, membership.InvitationQuery{By: by(sp), After: after, Limit: 2})
			return len(page.Items), page.Next, err
		})
	}
	for name, q := range map[string]func(sp spot) membership.SanctionQuery{
		"all": func(spot) membership.SanctionQuery { return membership.SanctionQuery{Areas: auth.Everything} },
		"user": func(sp spot) membership.SanctionQuery {
			return membership.SanctionQuery{User: sp.who, Areas: auth.Everything}
		},
		"areas": func(sp spot) membership.SanctionQuery {
			return membership.SanctionQuery{Areas: auth.Reach{Areas: []auth.AreaID{sp.area}}}
		},
		"appealed": func(spot) membership.SanctionQuery {
			return membership.SanctionQuery{Areas: auth.Everything, Appealed: true}
		},
	} {
		list("Sanctions "+name, func(ctx context.Context, m membership.Store, sp spot, after storage.Cursor) (int, storage.Cursor, error) {
			q := q(sp)
			q.After, q.Limit = after, 2
			page, err := m.Sanctions(ctx, q)
			return len(page.Items), page.Next, err
		})
	}
	return append(all, membershipChanges()...)
}

// membershipChanges are membership's changes, which search for what they
// change, and for what may keep them from it.
func membershipChanges() (all []look) {
	errUndo := errors.New("undo")
	by := func(sp spot) auth.By { return auth.By{User: sp.who} }
	for _, change := range []func(sp spot) storage.Change{
		func(sp spot) storage.Change {
			org := sp.person.org
			org.ID, org.Code = storage.NewID[auth.Org](), storage.NewID[auth.Org]().String()
			return membership.InsertOrg{Org: org}
		},
		func(sp spot) storage.Change { return membership.UpdateOrg{Org: sp.person.org} },
		func(sp spot) storage.Change {
			return membership.InsertMember{Member: membership.Member{User: storage.NewID[auth.User](), State: membership.Active, Joined: sp.now, Since: sp.now, Version: 1,
				Profile: membership.Profile{Expertise: []string{"e"}}}}
		},
		func(sp spot) storage.Change {
			return membership.UpdateMember{Member: membership.Member{User: sp.who, State: membership.Active, Since: sp.now, Version: 1,
				Profile: membership.Profile{Expertise: []string{"e"}}}}
		},
		func(sp spot) storage.Change { return membership.HoldCoordinators{Area: sp.area} },
		func(sp spot) storage.Change {
			return membership.SetAreaRole{AreaRole: membership.AreaRole{User: sp.who, Area: sp.area, Role: auth.Moderator}}
		},
		func(sp spot) storage.Change {
			return membership.SetAreaRole{AreaRole: membership.AreaRole{User: sp.who, Area: sp.area}}
		},
		func(sp spot) storage.Change {
			mandate := sp.person.mandate
			mandate.ID = storage.NewID[membership.Mandate]()
			return membership.InsertMandate{Mandate: mandate}
		},
		func(sp spot) storage.Change { return membership.UpdateMandate{Mandate: sp.person.mandate} },
		func(sp spot) storage.Change {
			a := sp.person.application
			a.ID, a.User = storage.NewID[membership.Application](), storage.NewID[auth.User]()
			return membership.InsertApplication{Application: a}
		},
		func(sp spot) storage.Change {
			return membership.UpdateApplication{Application: sp.person.application}
		},
		func(sp spot) storage.Change {
			v := sp.person.invitation
			v.ID = storage.NewID[membership.Invitation]()
			v.Mailbox, v.Hash[0] = v.ID.Bytes(), v.Hash[0]+1
			return membership.InsertInvitation{Invitation: v}
		},
		func(sp spot) storage.Change {
			return membership.UpdateInvitation{Invitation: sp.person.invitation}
		},
		func(sp spot) storage.Change {
			return membership.UseInvitation{ID: sp.person.invitation.ID, At: sp.now}
		},
		func(sp spot) storage.Change {
			v := sp.person.sanction
			v.ID = storage.NewID[membership.Sanction]()
			return membership.InsertSanction{Sanction: v}
		},
		func(sp spot) storage.Change { return membership.UpdateSanction{Sanction: sp.person.sanction} },
		func(sp spot) storage.Change {
			return membership.InsertTurn{Turn: membership.Turn{N: 1, At: sp.now, By: by(sp)}}
		},
		func(sp spot) storage.Change {
			return membership.EraseUser{User: sp.who, Mailboxes: [][16]byte{sp.who.Bytes()}}
		},
	} {
		c := change(spot{who: storage.NewID[auth.User]()})
		name := c.Change()
		if r, ok := c.(membership.SetAreaRole); ok && r.AreaRole.Role == auth.Outsider {
			name += " to none"
		}
		all = append(all, look{name, func(ctx context.Context, s community.Store, sp spot) error {
			err := s.Atomic(ctx, func(ctx context.Context, tx community.Store) error {
				// The role shows that something was looked at.
				if err := tx.Apply(ctx, change(sp), membership.SetAreaRole{AreaRole: membership.AreaRole{User: sp.who, Area: sp.area}}); err != nil {
					return err
				}
				return errUndo
			})
			if errors.Is(err, errUndo) {
				return nil
			}
			return err
		}})
	}
	return all
}

// The administrations of the second call are the first phase's, on any store.
func TestProgramme(t *testing.T) {
	t.Parallel()
	var funded []membership.OrgRow
	for row, err := range ipa.Rows(shared.Open(t, "data/orgs/fis-intervento-II.csv")) {
		if err != nil {
			t.Fatal(err)
		}
		funded = append(funded, row)
	}
	if len(funded) != 18 {
		t.Fatalf("%d administrations", len(funded))
	}
	memory := adapter{"memory", func(*testing.T) community.Store { return memory.New() }, storetest.Options{}}
	for _, a := range append(adapters(t), memory) {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			storetest.Programme(t, a.open(t), funded)
		})
	}
}

// No column of any table has anything of a member who was erased.
func TestErasedMember(t *testing.T) {
	t.Parallel()
	for _, b := range bare {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			ctx, db := t.Context(), b.open(t)()
			if err := sqlstore.Migrate(ctx, db, b.dialect); err != nil {
				t.Fatal(err)
			}
			s := sqlstore.Open(db, b.dialect)
			t.Cleanup(s.Close)
			apply := func(changes ...storage.Change) {
				t.Helper()
				if err := s.Apply(ctx, changes...); err != nil {
					t.Fatal(err)
				}
			}
			now := time.Now()
			gone, stays := storage.NewID[auth.User](), storage.NewID[auth.User]()
			for i, who := range []auth.UserID{gone, stays} {
				_, changes := newPersonSpot(who, storage.NewID[auth.Area](), now)
				apply(append(changes, membership.InsertTurn{Turn: membership.Turn{N: i + 1, At: now, By: auth.By{User: who}}})...)
			}
			// Where the one has judged what is the other's.
			sp, changes := newPersonSpot(storage.NewID[auth.User](), storage.NewID[auth.Area](), now)
			apply(changes...)
			sp.mandate.By.User, sp.application.By.User, sp.invitation.By.User, sp.sanction.By.User, sp.sanction.Appeal.By.User = gone, gone, gone, gone, gone
			apply(membership.UpdateMandate{Mandate: sp.mandate}, membership.UpdateApplication{Application: sp.application},
				membership.UpdateInvitation{Invitation: sp.invitation}, membership.UpdateSanction{Sanction: sp.sanction})

			known := func(who auth.UserID) map[string]bool {
				key, found := who.Bytes(), map[string]bool{}
				for table, cells := range dump(t, db) {
					for _, cell := range cells {
						if bytes.Contains(cell, key[:]) || strings.Contains(string(cell), who.String()) {
							found[table] = true
						}
					}
				}
				return found
			}
			for _, table := range append([]string{"turns"}, membersGrow...) {
				if !known(gone)["copis_"+table] {
					t.Errorf("nothing of the person is in %s: this says nothing", table)
				}
			}
			apply(membership.EraseUser{User: gone, Mailboxes: [][16]byte{gone.Bytes()}})
			if found := known(gone); len(found) > 0 {
				t.Errorf("there is something of the person in %v", found)
			}
			if found := known(stays); len(found) != len(membersGrow)+1 {
				t.Errorf("of another there is something only in %v", found)
			}
		})
	}
}
