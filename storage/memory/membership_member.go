// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// member is a member with what the directory finds them by.
type member struct {
	membership.Member
	folded []string // of their expertise
}

// value returns a copy that shares nothing.
func (m *member) value() membership.Member {
	v := m.Member
	v.Profile.Expertise = slices.Clone(v.Profile.Expertise)
	return v
}

func memberTexts(m membership.Member) []string {
	p := m.Profile
	return append(slices.Clone(p.Expertise), string(m.Category), p.Name.Text, p.Headline.Text, p.About.Text, p.Contact.Text)
}

func (st *state) insertMember(m membership.Member) error {
	if st.members.has(idOf(m.User)) {
		return storage.ErrExists
	}
	m.Joined = instant(m.Joined)
	st.putMember(m)
	return nil
}

func (st *state) updateMember(m membership.Member) error {
	was, ok := st.members.get(idOf(m.User))
	if !ok {
		return storage.ErrNotFound
	}
	if was.Version != m.Version {
		return storage.ErrConflict
	}
	m.Joined = was.Joined
	m.Version++
	st.putMember(m)
	return nil
}

func (st *state) putMember(m membership.Member) {
	m.Since = instant(m.Since)
	kept := &member{Member: m}
	kept.Profile.Expertise = slices.Clone(m.Profile.Expertise)
	for _, e := range m.Profile.Expertise {
		kept.folded = append(kept.folded, membership.Fold(e))
	}
	st.members.put(st.era, idOf(m.User), kept)
}

// Member implements [membership.Store].
func (m membershipStore) Member(ctx context.Context, user auth.UserID) (membership.Member, error) {
	return read(ctx, m.s, "membership.Member", func(st *state) (membership.Member, error) {
		v, ok := st.members.get(idOf(user))
		if !ok {
			return membership.Member{}, storage.ErrNotFound
		}
		return v.value(), nil
	})
}

// MembersByID implements [membership.Store].
func (m membershipStore) MembersByID(ctx context.Context, users []auth.UserID) (map[auth.UserID]membership.Member, error) {
	return read(ctx, m.s, "membership.MembersByID", func(st *state) (map[auth.UserID]membership.Member, error) {
		found := map[auth.UserID]membership.Member{}
		for _, k := range users {
			if v, ok := st.members.get(idOf(k)); ok {
				found[k] = v.value()
			}
		}
		return found, nil
	})
}

// idCursor is the place of what is listed by its ID.
type idCursor[T any] struct{ ID storage.ID[T] }

// Members implements [membership.Store].
func (m membershipStore) Members(ctx context.Context, q membership.MemberQuery) (storage.Page[membership.Member], error) {
	return read(ctx, m.s, "membership.Members", func(st *state) (page storage.Page[membership.Member], err error) {
		if err := checkText(string(q.Category), q.Expertise); err != nil {
			return page, err
		}
		q.Now = instant(q.Now)
		found, err := pageByID("membership.members", q.After, q.Limit, st.members.from, func(v *member) bool { return st.selects(q, v) },
			func(v member) auth.UserID { return v.User })
		for i := range found.Items {
			page.Items = append(page.Items, found.Items[i].value())
		}
		page.Next = found.Next
		return page, err
	})
}

func (st *state) selects(q membership.MemberQuery, m *member) bool {
	return (!q.Listed || m.State == membership.Active && m.Profile.Listed) &&
		(q.State == 0 || m.State == q.State) &&
		m.Role >= q.Role &&
		(q.Category == "" || m.Category == q.Category) &&
		(q.Expertise == "" || slices.Contains(m.folded, q.Expertise)) &&
		(q.Org.IsZero() || st.actsFor(idOf(m.User), q.Org, q.Now))
}

func (st *state) actsFor(user id, org auth.OrgID, now time.Time) bool {
	for k, v := range st.mandatesOf.from(pair{a: user}) {
		if k.a != user {
			break
		}
		if v.Org == org && v.Runs(now) {
			return true
		}
	}
	return false
}

// Tally implements [membership.Store].
func (m membershipStore) Tally(ctx context.Context) (membership.Tally, error) {
	return read(ctx, m.s, "membership.Tally", func(st *state) (membership.Tally, error) {
		n := membership.Tally{}
		for _, v := range st.members.from(id{}) {
			if v.State == membership.Active {
				n[v.Category]++
			}
		}
		return n, nil
	})
}

func (st *state) holdCoordinators(area id, seen int) error {
	n, _ := st.holds.get(area)
	if seen != n {
		return storage.ErrConflict
	}
	st.holds.put(st.era, area, n+1)
	return nil
}

// Coordinators implements [membership.Store].
func (m membershipStore) Coordinators(ctx context.Context, area auth.AreaID, now time.Time) (who []auth.UserID, seen int, err error) {
	_, err = read(ctx, m.s, "membership.Coordinators", func(st *state) (struct{}, error) {
		seen, _ = st.holds.get(idOf(area))
		may := func(k id, role auth.Role) {
			if v, ok := st.members.get(k); ok && role == auth.Coordinator && v.State == membership.Active && !st.heldBack(k, area, instant(now)) {
				who = append(who, v.User)
			}
		}
		if area == auth.Commons {
			for k, v := range st.members.from(id{}) {
				may(k, v.Role)
			}
			return struct{}{}, nil
		}
		for k, role := range st.rolesIn.from(pair{a: idOf(area)}) {
			if k.a != idOf(area) {
				break
			}
			may(k.b, role)
		}
		return struct{}{}, nil
	})
	return who, seen, err
}

// heldBack reports whether a person may only read in an area or in the commons,
// or not even that.
func (st *state) heldBack(user id, area auth.AreaID, now time.Time) bool {
	for k, v := range st.sanctionsOf.from(pair{a: user}) {
		if k.a != user {
			break
		}
		if v.Kind >= membership.ReadOnly && (v.Area == auth.Commons || v.Area == area) && v.Holds(now) {
			return true
		}
	}
	return false
}

func (st *state) setAreaRole(r membership.AreaRole) {
	user, area := idOf(r.User), idOf(r.Area)
	if r.Role == auth.Outsider {
		st.areaRoles.drop(st.era, pair{user, area})
		st.rolesIn.drop(st.era, pair{area, user})
		return
	}
	st.areaRoles.put(st.era, pair{user, area}, r.Role)
	st.rolesIn.put(st.era, pair{area, user}, r.Role)
}

// AreaRoles implements [membership.Store].
func (m membershipStore) AreaRoles(ctx context.Context, area auth.AreaID) ([]membership.AreaRole, error) {
	return read(ctx, m.s, "membership.AreaRoles", func(st *state) (out []membership.AreaRole, err error) {
		for k, role := range st.rolesIn.from(pair{a: idOf(area)}) {
			if k.a != idOf(area) {
				break
			}
			out = append(out, membership.AreaRole{User: storageID[auth.User](k.b), Area: area, Role: role})
		}
		return out, nil
	})
}

func (st *state) insertMandate(v membership.Mandate) error {
	if st.mandates.has(idOf(v.ID)) {
		return storage.ErrExists
	}
	v.Made = instant(v.Made)
	return st.putMandate(nil, v)
}

func (st *state) updateMandate(v membership.Mandate) error {
	was, ok := st.mandates.get(idOf(v.ID))
	if !ok {
		return storage.ErrNotFound
	}
	if was.Version != v.Version {
		return storage.ErrConflict
	}
	v.Made = was.Made
	v.Version++
	return st.putMandate(was, v)
}

func (st *state) putMandate(was *membership.Mandate, v membership.Mandate) error {
	if !st.orgs.has(idOf(v.Org)) {
		return storage.ErrNotFound
	}
	v.From, v.Until, v.Verified = instant(v.From), instant(v.Until), instant(v.Verified)
	st.setMandate(was, &v)
	return nil
}

func (st *state) setMandate(was, now *membership.Mandate) {
	if was != nil {
		st.mandates.drop(st.era, idOf(was.ID))
		st.mandatesOf.drop(st.era, pair{idOf(was.User), idOf(was.ID)})
	}
	if now != nil {
		st.mandates.put(st.era, idOf(now.ID), now)
		st.mandatesOf.put(st.era, pair{idOf(now.User), idOf(now.ID)}, now)
	}
}

// Mandate implements [membership.Store].
func (m membershipStore) Mandate(ctx context.Context, id membership.MandateID) (membership.Mandate, error) {
	return read(ctx, m.s, "membership.Mandate", func(st *state) (membership.Mandate, error) { return row(st.mandates, idOf(id)) })
}

// Mandates implements [membership.Store].
func (m membershipStore) Mandates(ctx context.Context, user auth.UserID) ([]membership.Mandate, error) {
	return read(ctx, m.s, "membership.Mandates", func(st *state) (out []membership.Mandate, err error) {
		for k, v := range st.mandatesOf.from(pair{a: idOf(user)}) {
			if k.a != idOf(user) {
				break
			}
			out = append(out, *v)
		}
		slices.Reverse(out)
		return out, nil
	})
}

// Acting implements [membership.Store].
func (m membershipStore) Acting(ctx context.Context, users []auth.UserID, now time.Time) (map[auth.UserID][]auth.OrgID, error) {
	return read(ctx, m.s, "membership.Acting", func(st *state) (map[auth.UserID][]auth.OrgID, error) {
		found := map[auth.UserID][]auth.OrgID{}
		for _, user := range users {
			var orgs []auth.OrgID
			for k, v := range st.mandatesOf.from(pair{a: idOf(user)}) {
				if k.a != idOf(user) {
					break
				}
				if v.Runs(instant(now)) {
					orgs = append(orgs, v.Org)
				}
			}
			if len(orgs) > 0 {
				slices.SortFunc(orgs, auth.OrgID.Compare)
				found[user] = slices.Compact(orgs)
			}
		}
		return found, nil
	})
}

// Claims implements [membership.Store].
func (m membershipStore) Claims(ctx context.Context, q membership.ClaimQuery) (storage.Page[membership.Mandate], error) {
	return read(ctx, m.s, "membership.Claims", func(st *state) (storage.Page[membership.Mandate], error) {
		now := instant(q.Now)
		return pageByID("membership.claims", q.After, q.Limit, st.mandates.from, func(v *membership.Mandate) bool {
			return v.Verified.IsZero() && (v.Until.IsZero() || now.Before(v.Until))
		}, func(v membership.Mandate) membership.MandateID { return v.ID })
	})
}
