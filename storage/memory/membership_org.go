// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// org is an organisation with the folded name that it is searched by.
type org struct {
	membership.Org
	folded string
}

// orgRank orders organisations as their list does.
type orgRank struct{ name, code string }

func (x orgRank) before(y orgRank) bool {
	return cmp.Or(strings.Compare(x.name, y.name), strings.Compare(x.code, y.code)) < 0
}

func (o *org) rank() orgRank { return orgRank{membership.SortKey(o.folded), o.Code} }

func orgTexts(o membership.Org) []string { return []string{o.Code, o.Name, o.Kind, o.Site} }

func codeOf(code string) named { return named{name: code} }

func (st *state) insertOrg(o membership.Org) error {
	if st.orgs.has(idOf(o.ID)) || st.orgByCode.has(codeOf(o.Code)) {
		return storage.ErrExists
	}
	st.setOrg(nil, o)
	return nil
}

func (st *state) updateOrg(o membership.Org) error {
	was, ok := st.orgs.get(idOf(o.ID))
	if !ok {
		return storage.ErrNotFound
	}
	if was.Version != o.Version {
		return storage.ErrConflict
	}
	if o.Code != was.Code && st.orgByCode.has(codeOf(o.Code)) {
		return storage.ErrExists
	}
	o.Made = was.Made
	o.Version++
	st.setOrg(was, o)
	return nil
}

func (st *state) setOrg(was *org, o membership.Org) {
	if was != nil {
		st.orgByCode.drop(st.era, codeOf(was.Code))
		st.orgList.drop(st.era, was.rank())
	}
	o.Made = instant(o.Made)
	now := &org{o, membership.Fold(o.Name)}
	st.orgs.put(st.era, idOf(o.ID), now)
	st.orgByCode.put(st.era, codeOf(o.Code), now)
	st.orgList.put(st.era, now.rank(), now)
}

// Org implements [membership.Store].
func (m membershipStore) Org(ctx context.Context, id auth.OrgID) (membership.Org, error) {
	return read(ctx, m.s, "membership.Org", func(st *state) (membership.Org, error) {
		o, err := row(st.orgs, idOf(id))
		return o.Org, err
	})
}

// OrgsByID implements [membership.Store].
func (m membershipStore) OrgsByID(ctx context.Context, ids []auth.OrgID) (map[auth.OrgID]membership.Org, error) {
	return read(ctx, m.s, "membership.OrgsByID", func(st *state) (map[auth.OrgID]membership.Org, error) {
		found := map[auth.OrgID]membership.Org{}
		for _, k := range ids {
			if o, ok := st.orgs.get(idOf(k)); ok {
				found[k] = o.Org
			}
		}
		return found, nil
	})
}

// OrgsByCode implements [membership.Store].
func (m membershipStore) OrgsByCode(ctx context.Context, codes []string) (map[string]membership.Org, error) {
	return read(ctx, m.s, "membership.OrgsByCode", func(st *state) (map[string]membership.Org, error) {
		found := map[string]membership.Org{}
		for _, c := range codes {
			if o, ok := st.orgByCode.get(codeOf(c)); ok {
				found[c] = o.Org
			}
		}
		return found, checkText(codes...)
	})
}

// orgCursor is the place of an organisation in the list.
type orgCursor struct{ N, C string }

const orgsName = "membership.orgs"

// Orgs implements [membership.Store].
func (m membershipStore) Orgs(ctx context.Context, q membership.OrgQuery) (storage.Page[membership.Org], error) {
	return read(ctx, m.s, "membership.Orgs", func(st *state) (page storage.Page[membership.Org], err error) {
		var c orgCursor
		if q.After != "" {
			if err := storage.DecodeCursor(orgsName, q.After, &c); err != nil {
				return page, err
			}
		}
		if err := checkText(q.Words...); err != nil {
			return page, err
		}
		after, limit := orgRank{c.N, c.C}, storage.Limit(q.Limit)
		var found []*org
		for k, o := range st.orgList.from(after) {
			if q.After != "" && k == after || o.Inactive && !q.Inactive || !o.matches(q.Words) {
				continue
			}
			if found = append(found, o); len(found) > limit {
				break
			}
		}
		cut := storage.Cut(found, limit, orgsName, func(o *org) any { k := o.rank(); return orgCursor{k.name, k.code} })
		page.Next = cut.Next
		for _, o := range cut.Items {
			page.Items = append(page.Items, o.Org)
		}
		return page, nil
	})
}

func (o *org) matches(words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return w != o.Code && !strings.Contains(o.folded, w) })
}
