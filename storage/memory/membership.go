// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// membershipState is what membership keeps. Rows are never changed once put,
// so several trees may hold the same one.
type membershipState struct {
	orgs      tree[id, *org]
	orgByCode tree[named, *org] // whose owner is nobody
	orgList   tree[orgRank, *org]

	members tree[id, *member]
	holds   tree[id, int] // by area, see [membership.HoldCoordinators]

	areaRoles tree[pair, auth.Role] // by user and area
	rolesIn   tree[pair, auth.Role] // by area and user

	mandates   tree[id, *membership.Mandate]
	mandatesOf tree[pair, *membership.Mandate] // by user and id

	applications tree[id, *membership.Application]
	applied      tree[id, *membership.Application] // by user, those that are Applied

	invitations tree[latest, *membership.Invitation]
	byHash      tree[pair, id]
	invited     tree[id, id] // by mailbox, those neither used up nor revoked

	sanctions   tree[latest, *membership.Sanction]
	sanctionsOf tree[pair, *membership.Sanction] // by user and id

	turns []membership.Turn // never changed once shared
}

// membershipStore is a [membership.Store] on a Store.
type membershipStore struct{ s Store }

var _ membership.Store = membershipStore{}

// Atomic implements [membership.Store].
func (m membershipStore) Atomic(ctx context.Context, fn func(context.Context, membership.Store) error) error {
	return m.s.atomic(ctx, func(ctx context.Context, tx Store) error { return fn(ctx, membershipStore{tx}) })
}

// Apply implements [storage.Writer].
func (m membershipStore) Apply(ctx context.Context, changes ...storage.Change) error {
	return m.s.Apply(ctx, changes...)
}

// Done implements [storage.Writer].
func (m membershipStore) Done(ctx context.Context, owner uuid.UUID, key string) (uuid.UUID, error) {
	return m.s.Done(ctx, owner, key)
}

// membershipTexts are the texts of a change.
func membershipTexts(c storage.Change) []string {
	switch c := c.(type) {
	case membership.InsertOrg:
		return orgTexts(c.Org)
	case membership.UpdateOrg:
		return orgTexts(c.Org)
	case membership.InsertMember:
		return memberTexts(c.Member)
	case membership.UpdateMember:
		return memberTexts(c.Member)
	case membership.InsertMandate:
		return []string{c.Mandate.Title}
	case membership.UpdateMandate:
		return []string{c.Mandate.Title}
	case membership.InsertApplication:
		return applicationTexts(c.Application)
	case membership.UpdateApplication:
		return applicationTexts(c.Application)
	case membership.InsertInvitation:
		return []string{string(c.Invitation.Category)}
	case membership.UpdateInvitation:
		return []string{string(c.Invitation.Category)}
	case membership.InsertSanction:
		return sanctionTexts(c.Sanction)
	case membership.UpdateSanction:
		return sanctionTexts(c.Sanction)
	case membership.InsertTurn:
		return []string{c.Turn.Why}
	}
	return nil
}

func (st *state) applyMembership(c storage.Change) (known bool, err error) {
	if err := checkText(membershipTexts(c)...); err != nil {
		return true, err
	}
	switch c := c.(type) {
	case membership.InsertOrg:
		err = st.insertOrg(c.Org)
	case membership.UpdateOrg:
		err = st.updateOrg(c.Org)
	case membership.InsertMember:
		err = st.insertMember(c.Member)
	case membership.UpdateMember:
		err = st.updateMember(c.Member)
	case membership.HoldCoordinators:
		err = st.holdCoordinators(idOf(c.Area), c.Seen)
	case membership.SetAreaRole:
		st.setAreaRole(c.AreaRole)
	case membership.InsertMandate:
		err = st.insertMandate(c.Mandate)
	case membership.UpdateMandate:
		err = st.updateMandate(c.Mandate)
	case membership.InsertApplication:
		err = st.insertApplication(c.Application)
	case membership.UpdateApplication:
		err = st.updateApplication(c.Application)
	case membership.InsertInvitation:
		err = st.insertInvitation(c.Invitation)
	case membership.UpdateInvitation:
		err = st.updateInvitation(c.Invitation)
	case membership.UseInvitation:
		err = st.useInvitation(c)
	case membership.InsertSanction:
		err = st.insertSanction(c.Sanction)
	case membership.UpdateSanction:
		err = st.updateSanction(c.Sanction)
	case membership.InsertTurn:
		err = st.insertTurn(c.Turn)
	case membership.EraseUser:
		st.eraseFromMembership(c)
	default:
		return false, nil
	}
	return true, err
}

// Standing implements [membership.Store].
func (m membershipStore) Standing(ctx context.Context, user auth.UserID, now time.Time) (membership.Facts, error) {
	return read(ctx, m.s, "membership.Standing", func(st *state) (membership.Facts, error) {
		return st.standing(idOf(user), instant(now)), nil
	})
}

func (st *state) standing(user id, now time.Time) (f membership.Facts) {
	if len(st.turns) > 0 {
		f.Last = st.turns[len(st.turns)-1]
	}
	if m, ok := st.members.get(user); ok {
		f.Member = m.value()
	}
	if a, ok := st.applied.get(user); ok {
		f.Waiting = *a
		if o, ok := st.orgs.get(idOf(a.Org)); ok {
			f.Code = o.Code
		}
	}
	for k, role := range st.areaRoles.from(pair{a: user}) {
		if k.a != user {
			break
		}
		if f.Areas == nil {
			f.Areas = map[auth.AreaID]auth.Role{}
		}
		f.Areas[storageID[auth.Area](k.b)] = role
	}
	for k, v := range st.mandatesOf.from(pair{a: user}) {
		if k.a != user {
			break
		}
		if !now.Before(v.From) && (v.Until.IsZero() || now.Before(v.Until)) {
			f.Mandates = append(f.Mandates, *v)
		}
	}
	for k, v := range st.sanctionsOf.from(pair{a: user}) {
		if k.a != user {
			break
		}
		if v.Holds(now) {
			f.Sanctions = append(f.Sanctions, *v)
		}
	}
	slices.Reverse(f.Mandates)
	slices.Reverse(f.Sanctions)
	return f
}

func (st *state) insertTurn(t membership.Turn) error {
	if t.N != len(st.turns)+1 {
		return storage.ErrConflict
	}
	t.At = instant(t.At)
	st.turns = append(slices.Clip(st.turns), t)
	return nil
}

// Turns implements [membership.Store].
func (m membershipStore) Turns(ctx context.Context) ([]membership.Turn, error) {
	return read(ctx, m.s, "membership.Turns", func(st *state) ([]membership.Turn, error) { return slices.Clone(st.turns), nil })
}

// eraseFromMembership does what [membership.EraseUser] says. It looks at every
// row: people are erased seldom.
func (st *state) eraseFromMembership(c membership.EraseUser) {
	for _, m := range c.Mailboxes {
		if m != ([16]byte{}) {
			eraseFrom(st.invitations, func(v *membership.Invitation) bool { return v.Mailbox == m }, st.setInvitation)
		}
	}
	who := c.User
	if who.IsZero() {
		return
	}
	user := idOf(who)
	st.members.drop(st.era, user)
	for _, area := range below(st.areaRoles, user) {
		st.setAreaRole(membership.AreaRole{User: who, Area: storageID[auth.Area](area)})
	}
	eraseFrom(st.mandates, func(v *membership.Mandate) bool { return v.User == who }, st.setMandate)
	eraseFrom(st.applications, func(v *membership.Application) bool { return v.User == who }, st.setApplication)
	eraseFrom(st.sanctions, func(v *membership.Sanction) bool { return v.User == who }, st.setSanction)

	emptyIn(st.mandates, func(v *membership.Mandate) (*int, bool) { return &v.Version, empty(who, &v.By) }, st.setMandate)
	emptyIn(st.applications, func(v *membership.Application) (*int, bool) { return &v.Version, empty(who, &v.By) }, st.setApplication)
	emptyIn(st.invitations, func(v *membership.Invitation) (*int, bool) { return &v.Version, empty(who, &v.By) }, st.setInvitation)
	emptyIn(st.sanctions, func(v *membership.Sanction) (*int, bool) { return &v.Version, empty(who, &v.By, &v.Appeal.By) }, st.setSanction)
	st.turns = slices.Clone(st.turns)
	for i := range st.turns {
		empty(who, &st.turns[i].By)
	}
}

// eraseFrom drops the rows that fn names, by setting nothing in their place.
func eraseFrom[K key[K], V any](t tree[K, *V], fn func(*V) bool, set func(was, now *V)) {
	for _, v := range all(t) {
		if fn(v) {
			set(v, nil)
		}
	}
}

// emptyIn puts what fn has changed of a copy of a row in its place, at the
// row's next version.
func emptyIn[K key[K], V any](t tree[K, *V], fn func(*V) (version *int, changed bool), set func(was, now *V)) {
	for _, v := range all(t) {
		now := *v
		if version, changed := fn(&now); changed {
			*version++
			set(v, &now)
		}
	}
}

// all returns what a tree has, so that the tree may be changed.
func all[K key[K], V any](t tree[K, *V]) (rows []*V) {
	if t.root != nil {
		t.root.each(0, func(_ K, v *V) bool {
			rows = append(rows, v)
			return true
		})
	}
	return rows
}

// empty makes the bylines of a person zero.
func empty(who auth.UserID, bys ...*auth.By) (changed bool) {
	for _, by := range bys {
		if by.User == who {
			*by, changed = auth.By{}, true
		}
	}
	return changed
}
