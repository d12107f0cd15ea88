// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// admissionSteps are the changes of who comes in and who may not take part.
func admissionSteps(steps []step, c storage.Change) ([]step, bool) {
	switch c := c.(type) {
	case membership.InsertApplication:
		return append(steps, do(&insertApplication, applicationValues(&c.Application)...)), true
	case membership.UpdateApplication:
		a := &c.Application
		return append(steps, do(&lockApplication, a.ID, a.Version), do(&updateApplication, applicationValues(a)[:len(applicationColumns)-2]...)), true
	case membership.InsertInvitation:
		v := &c.Invitation
		return append(steps, do(&insertInvitation, invitationValues(v)...)), true
	case membership.UpdateInvitation:
		v := &c.Invitation
		return append(steps, do(&lockInvitation, v.ID, v.Version), do(&updateInvitation, invitationValues(v)[:len(invitationColumns)-3]...)), true
	case membership.UseInvitation:
		return append(steps, do(&useInvitation, c.ID, always(c.At))), true
	case membership.InsertSanction:
		return append(steps, do(&insertSanction, sanctionValues(&c.Sanction)...)), true
	case membership.UpdateSanction:
		return append(steps, do(&updateSanction, sanctionValues(&c.Sanction)...)), true
	}
	return steps, false
}

// applicationColumns, in the order of applicationValues and applicationFields;
// the last two are not for updates.
var applicationColumns = columns{"id", "who", "state", "category", "org", "title", "body", "decided", "by_user", "by_org", "why", "version", "made"}

func applicationValues(a *membership.Application) []any {
	return []any{a.ID, raw(a.User), int(a.State), string(a.Category), a.Org, a.Title, a.Text, a.Decided, a.By.User, a.By.For, a.Why, a.Version, always(a.Made)}
}

func applicationFields(a *membership.Application) []any {
	return []any{
		&a.ID, &a.User, (*octet)(&a.State), (*text)(&a.Category), &a.Org, (*text)(&a.Title), (*text)(&a.Text),
		(*moment)(&a.Decided), &a.By.User, &a.By.For, (*text)(&a.Why), (*number)(&a.Version), (*moment)(&a.Made),
	}
}

var (
	insertApplication = write{
		query:  `INSERT INTO {applications} (` + applicationColumns.of("") + `) VALUES (` + numbered(1, len(applicationColumns)) + `)`,
		unique: true, refused: storage.ErrExists,
	}
	lockApplication   = lockAt("{applications}")
	updateApplication = write{
		query: `UPDATE {applications} SET ` + applicationColumns[1:len(applicationColumns)-2].set(2) + `, version = version + 1
			WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM {applications} WHERE who = $2 AND state = 1 AND $3 = 1 AND id <> $1)`,
		refused: storage.ErrExists,
	}
)

// Application implements [membership.Store].
func (m membershipStore) Application(ctx context.Context, id membership.ApplicationID) (membership.Application, error) {
	return row(ctx, m.s, "membership.Application", applicationFields, `SELECT `+applicationColumns.of("")+` FROM {applications} WHERE id = $1`, id)
}

// Applications implements [membership.Store].
func (m membershipStore) Applications(ctx context.Context, q membership.ApplicationQuery) (storage.Page[membership.Application], error) {
	var f filter
	switch q.State {
	case 0:
	case membership.Applied:
		f.and("state = 1") // those that wait have indexes of their own
	default:
		f.and("state = ?", int(q.State))
	}
	if !q.User.IsZero() {
		f.and("who = ?", q.User)
	}
	for _, c := range slices.Compact(slices.Sorted(slices.Values(q.Categories))) {
		f.or("category = ?", string(c))
	}
	return page(ctx, m.s, "membership.Applications", f, `SELECT `+applicationColumns.of("")+` FROM {applications}`, "id", q.After, q.Limit,
		applicationFields, func(a membership.Application) membership.ApplicationID { return a.ID })
}

// invitationColumns, in the order of invitationValues and invitationFields; the
// last three are not for updates.
var invitationColumns = columns{"id", "hash", "mailbox", "most", "revoked", "category", "org", "role", "by_user", "by_org", "ends", "uses", "version", "made"}

func invitationValues(v *membership.Invitation) []any {
	return []any{
		v.ID, v.Hash[:], storage.MakeID[key](v.Mailbox), v.Most, v.Revoked, string(v.Category), v.Org, int(v.Role),
		v.By.User, v.By.For, always(v.Ends), v.Uses, v.Version, always(v.Made),
	}
}

func invitationFields(v *membership.Invitation) []any {
	return []any{
		&v.ID, (*sum)(&v.Hash), (*key)(&v.Mailbox), (*number)(&v.Most), (*moment)(&v.Revoked), (*text)(&v.Category), &v.Org, (*octet)(&v.Role),
		&v.By.User, &v.By.For, (*moment)(&v.Ends), (*number)(&v.Uses), (*number)(&v.Version), (*moment)(&v.Made),
	}
}

// live is the condition that an invitation keeps others from its mailbox.
const live = "revoked IS NULL AND uses < most"

var (
	insertInvitation = write{
		query:  `INSERT INTO {invitations} (` + invitationColumns.of("") + `) VALUES (` + numbered(1, len(invitationColumns)) + `)`,
		unique: true, refused: storage.ErrExists,
	}
	lockInvitation   = lockAt("{invitations}")
	updateInvitation = write{
		query: `UPDATE {invitations} AS v SET ` + invitationColumns[1:len(invitationColumns)-3].set(2) + `, version = version + 1
			WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM {invitations} WHERE hash = $2 AND id <> $1)
			AND NOT EXISTS (SELECT 1 FROM {invitations} WHERE mailbox = $3 AND ` + live + ` AND id <> $1 AND {time $5} IS NULL AND v.uses < $4)`,
		refused: storage.ErrExists,
	}
	useInvitation = write{
		query:   `UPDATE {invitations} SET uses = uses + 1 WHERE id = $1 AND ` + live + ` AND ends > $2`,
		refused: storage.ErrConflict,
		seen:    `EXISTS (SELECT 1 FROM {invitations} WHERE id = $1)`, args: 1,
	}
)

// Invitation implements [membership.Store].
func (m membershipStore) Invitation(ctx context.Context, hash [32]byte) (membership.Invitation, error) {
	return row(ctx, m.s, "membership.Invitation", invitationFields, `SELECT `+invitationColumns.of("")+` FROM {invitations} WHERE hash = $1`, hash[:])
}

// InvitationOf implements [membership.Store].
func (m membershipStore) InvitationOf(ctx context.Context, id membership.InvitationID) (membership.Invitation, error) {
	return row(ctx, m.s, "membership.InvitationOf", invitationFields, `SELECT `+invitationColumns.of("")+` FROM {invitations} WHERE id = $1`, id)
}

// InvitationFor implements [membership.Store].
func (m membershipStore) InvitationFor(ctx context.Context, mailbox [16]byte) (membership.Invitation, error) {
	return row(ctx, m.s, "membership.InvitationFor", invitationFields,
		`SELECT `+invitationColumns.of("")+` FROM {invitations} WHERE mailbox = $1 AND `+live, storage.MakeID[key](mailbox))
}

// Invitations implements [membership.Store].
func (m membershipStore) Invitations(ctx context.Context, q membership.InvitationQuery) (storage.Page[membership.Invitation], error) {
	var f filter
	if !q.By.IsZero() {
		f.and("by_user = ?", q.By)
	}
	return page(ctx, m.s, "membership.Invitations", f, `SELECT `+invitationColumns.of("")+` FROM {invitations}`, "id DESC", q.After, q.Limit,
		invitationFields, func(v membership.Invitation) membership.InvitationID { return v.ID })
}

// sanctionColumns, in the order of sanctionValues and sanctionFields.
var sanctionColumns = columns{
	"id", "version", "who", "area", "kind", "why", "begins", "ends", "by_user", "by_org", "lifted",
	"appeal_text", "appeal_at", "appeal_decided", "appeal_user", "appeal_org", "upheld", "appeal_why",
}

func sanctionValues(v *membership.Sanction) []any {
	a := &v.Appeal
	return []any{
		v.ID, v.Version, raw(v.User), raw(v.Area), int(v.Kind), v.Why, always(v.From), v.Until, v.By.User, v.By.For, v.Lifted,
		a.Text, a.At, a.Decided, a.By.User, a.By.For, a.Upheld, a.Why,
	}
}

func sanctionFields(v *membership.Sanction) []any {
	a := &v.Appeal
	return []any{
		&v.ID, (*number)(&v.Version), &v.User, &v.Area, (*octet)(&v.Kind), (*text)(&v.Why), (*moment)(&v.From), (*moment)(&v.Until), &v.By.User, &v.By.For, (*moment)(&v.Lifted),
		(*text)(&a.Text), (*moment)(&a.At), (*moment)(&a.Decided), &a.By.User, &a.By.For, (*flag)(&a.Upheld), (*text)(&a.Why),
	}
}

var (
	insertSanction = write{
		query:  `INSERT INTO {sanctions} (` + sanctionColumns.of("") + `) VALUES (` + numbered(1, len(sanctionColumns)) + `)`,
		unique: true, refused: storage.ErrExists,
	}
	updateSanction = write{
		query:   `UPDATE {sanctions} SET ` + sanctionColumns[2:].set(3) + `, version = version + 1 WHERE id = $1 AND version = $2`,
		refused: storage.ErrConflict,
		seen:    `EXISTS (SELECT 1 FROM {sanctions} WHERE id = $1)`, args: 1,
	}
)

// Sanction implements [membership.Store].
func (m membershipStore) Sanction(ctx context.Context, id membership.SanctionID) (membership.Sanction, error) {
	return row(ctx, m.s, "membership.Sanction", sanctionFields, `SELECT `+sanctionColumns.of("")+` FROM {sanctions} WHERE id = $1`, id)
}

// Sanctions implements [membership.Store].
func (m membershipStore) Sanctions(ctx context.Context, q membership.SanctionQuery) (storage.Page[membership.Sanction], error) {
	var f filter
	if !q.User.IsZero() {
		f.and("who = ?", q.User)
	}
	if q.Areas.Floor != auth.AreaMembers {
		f.and("area IN {ids ?}", areas(q.Areas))
	}
	if q.Appealed {
		f.and("appeal_at IS NOT NULL AND appeal_decided IS NULL")
	}
	return page(ctx, m.s, "membership.Sanctions", f, `SELECT `+sanctionColumns.of("")+` FROM {sanctions}`, "id DESC", q.After, q.Limit,
		sanctionFields, func(v membership.Sanction) membership.SanctionID { return v.ID })
}
