// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"iter"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

func applicationTexts(a membership.Application) []string {
	return []string{string(a.Category), a.Title, a.Text, a.Why}
}

func (st *state) insertApplication(a membership.Application) error {
	if st.applications.has(idOf(a.ID)) {
		return storage.ErrExists
	}
	a.Made = instant(a.Made)
	return st.putApplication(nil, a)
}

func (st *state) updateApplication(a membership.Application) error {
	was, ok := st.applications.get(idOf(a.ID))
	if !ok {
		return storage.ErrNotFound
	}
	if was.Version != a.Version {
		return storage.ErrConflict
	}
	a.Made = was.Made
	a.Version++
	return st.putApplication(was, a)
}

func (st *state) putApplication(was *membership.Application, a membership.Application) error {
	if other, ok := st.applied.get(idOf(a.User)); ok && a.State == membership.Applied && other.ID != a.ID {
		return storage.ErrExists
	}
	a.Decided = instant(a.Decided)
	st.setApplication(was, &a)
	return nil
}

func (st *state) setApplication(was, now *membership.Application) {
	if was != nil {
		st.applications.drop(st.era, idOf(was.ID))
		if was.State == membership.Applied {
			st.applied.drop(st.era, idOf(was.User))
		}
	}
	if now != nil {
		st.applications.put(st.era, idOf(now.ID), now)
		if now.State == membership.Applied {
			st.applied.put(st.era, idOf(now.User), now)
		}
	}
}

// Application implements [membership.Store].
func (m membershipStore) Application(ctx context.Context, id membership.ApplicationID) (membership.Application, error) {
	return read(ctx, m.s, "membership.Application", func(st *state) (membership.Application, error) {
		return row(st.applications, idOf(id))
	})
}

// Applications implements [membership.Store].
func (m membershipStore) Applications(ctx context.Context, q membership.ApplicationQuery) (storage.Page[membership.Application], error) {
	return read(ctx, m.s, "membership.Applications", func(st *state) (page storage.Page[membership.Application], err error) {
		for _, c := range q.Categories {
			if err := checkText(string(c)); err != nil {
				return page, err
			}
		}
		return pageByID("membership.applications", q.After, q.Limit, st.applications.from, func(a *membership.Application) bool {
			return (q.State == 0 || a.State == q.State) && (q.User.IsZero() || a.User == q.User) && (len(q.Categories) == 0 || slices.Contains(q.Categories, a.Category))
		}, func(a membership.Application) membership.ApplicationID { return a.ID })
	})
}

func (st *state) insertInvitation(v membership.Invitation) error {
	if st.invitations.has(latestOf(v.ID)) {
		return storage.ErrExists
	}
	v.Made = instant(v.Made)
	return st.putInvitation(nil, v)
}

func (st *state) updateInvitation(v membership.Invitation) error {
	was, ok := st.invitations.get(latestOf(v.ID))
	if !ok {
		return storage.ErrNotFound
	}
	if was.Version != v.Version {
		return storage.ErrConflict
	}
	v.Made, v.Uses = was.Made, was.Uses
	v.Version++
	return st.putInvitation(was, v)
}

// lives reports whether an invitation keeps others from its mailbox.
func lives(v *membership.Invitation) bool {
	return v.Mailbox != [16]byte{} && v.Revoked.IsZero() && v.Uses < v.Most
}

func (st *state) putInvitation(was *membership.Invitation, v membership.Invitation) error {
	this := idOf(v.ID)
	if other, ok := st.byHash.get(wide(v.Hash)); ok && other != this {
		return storage.ErrExists
	}
	if other, ok := st.invited.get(words(v.Mailbox)); ok && lives(&v) && other != this {
		return storage.ErrExists
	}
	v.Ends, v.Revoked = instant(v.Ends), instant(v.Revoked)
	st.setInvitation(was, &v)
	return nil
}

func (st *state) setInvitation(was, now *membership.Invitation) {
	if was != nil {
		st.invitations.drop(st.era, latestOf(was.ID))
		st.byHash.drop(st.era, wide(was.Hash))
		if lives(was) {
			st.invited.drop(st.era, words(was.Mailbox))
		}
	}
	if now != nil {
		st.invitations.put(st.era, latestOf(now.ID), now)
		st.byHash.put(st.era, wide(now.Hash), idOf(now.ID))
		if lives(now) {
			st.invited.put(st.era, words(now.Mailbox), idOf(now.ID))
		}
	}
}

func (st *state) useInvitation(c membership.UseInvitation) error {
	was, ok := st.invitations.get(latestOf(c.ID))
	if !ok {
		return storage.ErrNotFound
	}
	if was.Uses >= was.Most || !was.Revoked.IsZero() || !instant(c.At).Before(was.Ends) {
		return storage.ErrConflict
	}
	now := *was
	now.Uses++
	st.setInvitation(was, &now)
	return nil
}

// Invitation implements [membership.Store].
func (m membershipStore) Invitation(ctx context.Context, hash [32]byte) (membership.Invitation, error) {
	return read(ctx, m.s, "membership.Invitation", func(st *state) (membership.Invitation, error) {
		k, ok := st.byHash.get(wide(hash))
		if !ok {
			return membership.Invitation{}, storage.ErrNotFound
		}
		return row(st.invitations, latest(k))
	})
}

// InvitationOf implements [membership.Store].
func (m membershipStore) InvitationOf(ctx context.Context, id membership.InvitationID) (membership.Invitation, error) {
	return read(ctx, m.s, "membership.InvitationOf", func(st *state) (membership.Invitation, error) { return row(st.invitations, latestOf(id)) })
}

// InvitationFor implements [membership.Store].
func (m membershipStore) InvitationFor(ctx context.Context, mailbox [16]byte) (membership.Invitation, error) {
	return read(ctx, m.s, "membership.InvitationFor", func(st *state) (membership.Invitation, error) {
		k, ok := st.invited.get(words(mailbox))
		if !ok {
			return membership.Invitation{}, storage.ErrNotFound
		}
		return row(st.invitations, latest(k))
	})
}

// Invitations implements [membership.Store].
func (m membershipStore) Invitations(ctx context.Context, q membership.InvitationQuery) (storage.Page[membership.Invitation], error) {
	return read(ctx, m.s, "membership.Invitations", func(st *state) (storage.Page[membership.Invitation], error) {
		return pageByID("membership.invitations", q.After, q.Limit, backwards(st.invitations), func(v *membership.Invitation) bool {
			return q.By.IsZero() || v.By.User == q.By
		}, func(v membership.Invitation) membership.InvitationID { return v.ID })
	})
}

func sanctionTexts(v membership.Sanction) []string {
	return []string{v.Why, v.Appeal.Text, v.Appeal.Why}
}

func (st *state) insertSanction(v membership.Sanction) error {
	if st.sanctions.has(latestOf(v.ID)) {
		return storage.ErrExists
	}
	st.putSanction(nil, v)
	return nil
}

func (st *state) updateSanction(v membership.Sanction) error {
	was, ok := st.sanctions.get(latestOf(v.ID))
	if !ok {
		return storage.ErrNotFound
	}
	if was.Version != v.Version {
		return storage.ErrConflict
	}
	v.Version++
	st.putSanction(was, v)
	return nil
}

func (st *state) putSanction(was *membership.Sanction, v membership.Sanction) {
	v.From, v.Until, v.Lifted = instant(v.From), instant(v.Until), instant(v.Lifted)
	v.Appeal.At, v.Appeal.Decided = instant(v.Appeal.At), instant(v.Appeal.Decided)
	st.setSanction(was, &v)
}

func (st *state) setSanction(was, now *membership.Sanction) {
	if was != nil {
		st.sanctions.drop(st.era, latestOf(was.ID))
		st.sanctionsOf.drop(st.era, pair{idOf(was.User), idOf(was.ID)})
	}
	if now != nil {
		st.sanctions.put(st.era, latestOf(now.ID), now)
		st.sanctionsOf.put(st.era, pair{idOf(now.User), idOf(now.ID)}, now)
	}
}

// Sanction implements [membership.Store].
func (m membershipStore) Sanction(ctx context.Context, id membership.SanctionID) (membership.Sanction, error) {
	return read(ctx, m.s, "membership.Sanction", func(st *state) (membership.Sanction, error) { return row(st.sanctions, latestOf(id)) })
}

// Sanctions implements [membership.Store].
func (m membershipStore) Sanctions(ctx context.Context, q membership.SanctionQuery) (storage.Page[membership.Sanction], error) {
	return read(ctx, m.s, "membership.Sanctions", func(st *state) (storage.Page[membership.Sanction], error) {
		return pageByID("membership.sanctions", q.After, q.Limit, backwards(st.sanctions), func(v *membership.Sanction) bool {
			return (q.User.IsZero() || v.User == q.User) && q.Areas.Covers(v.Area, auth.AreaMembers) &&
				(!q.Appealed || !v.Appeal.At.IsZero() && v.Appeal.Decided.IsZero())
		}, func(v membership.Sanction) membership.SanctionID { return v.ID })
	})
}

// latest orders by ID, the greatest first.
type latest id

func latestOf[T any](x storage.ID[T]) latest { return latest(idOf(x)) }

func (a latest) before(b latest) bool { return id(b).before(id(a)) }

// backwards yields what a tree has after a key, all of it for the zero one.
func backwards[V any](t tree[latest, *V]) func(id) iter.Seq2[latest, *V] {
	return func(after id) iter.Seq2[latest, *V] {
		if after == (id{}) {
			after = last
		}
		return t.from(latest(after))
	}
}

// pageByID returns a page of what is kept in the order of its IDs, one way or
// the other: from yields it from an ID on, all of it for the zero one.
func pageByID[K, T, V any](list string, at storage.Cursor, limit int, from func(id) iter.Seq2[K, *V],
	selects func(*V) bool, idIn func(V) storage.ID[T]) (page storage.Page[V], err error) {
	var c idCursor[T]
	if at != "" {
		if err = storage.DecodeCursor(list, at, &c); err == nil && c.ID.IsZero() {
			err = &storage.Invalid{Field: "cursor", Code: storage.CodeMalformed}
		}
		if err != nil {
			return page, err
		}
	}
	limit = storage.Limit(limit)
	var found []V
	for _, v := range from(idOf(c.ID)) {
		if at != "" && idIn(*v) == c.ID || !selects(v) {
			continue
		}
		if found = append(found, *v); len(found) > limit {
			break
		}
	}
	return storage.Cut(found, limit, list, func(v V) any { return idCursor[T]{idIn(v)} }), nil
}
