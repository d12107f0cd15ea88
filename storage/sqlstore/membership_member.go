// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// memberColumns, in the order of memberValues and memberFields. The first two
// are those that writes ask about, the last is written once.
var memberColumns = columns{
	"who", "version", "state", "role", "category", "org", "since", "name", "name_to", "headline", "headline_to",
	"about", "about_to", "contact", "contact_to", "expertise", "listed", "joined",
}

func memberValues(m *membership.Member) []any {
	p := &m.Profile
	return []any{
		raw(m.User), m.Version, int(m.State), int(m.Role), string(m.Category), m.Org, always(m.Since),
		p.Name.Text, int(p.Name.Audience), p.Headline.Text, int(p.Headline.Audience), p.About.Text, int(p.About.Audience),
		p.Contact.Text, int(p.Contact.Audience), p.Expertise, p.Listed, always(m.Joined),
	}
}

func memberFields(m *membership.Member) []any {
	p := &m.Profile
	return []any{
		&m.User, (*number)(&m.Version), (*octet)(&m.State), (*octet)(&m.Role), (*text)(&m.Category), &m.Org, (*moment)(&m.Since),
		(*text)(&p.Name.Text), (*octet)(&p.Name.Audience), (*text)(&p.Headline.Text), (*octet)(&p.Headline.Audience),
		(*text)(&p.About.Text), (*octet)(&p.About.Audience), (*text)(&p.Contact.Text), (*octet)(&p.Contact.Audience),
		(*wordList)(&p.Expertise), (*flag)(&p.Listed), (*moment)(&m.Joined),
	}
}

var (
	insertMember = write{
		query:  `INSERT INTO {members} (` + memberColumns.of("") + `) VALUES (` + numbered(1, len(memberColumns)) + `)`,
		unique: true, refused: storage.ErrExists,
	}
	updateMember = write{
		query: `UPDATE {members} SET ` + memberColumns[2:len(memberColumns)-1].set(3) + `, version = version + 1
			WHERE who = $1 AND version = $2`,
		refused: storage.ErrConflict,
		seen:    `EXISTS (SELECT 1 FROM {members} WHERE who = $1)`, args: 1,
	}
	dropExpertise = dropOf("{expertise}")
	addExpertise  = write{query: `INSERT INTO {expertise} (who, term) SELECT DISTINCT {id $1}, item FROM {texts $2} x`}

	firstHold = write{
		query:   `INSERT INTO {holds} (what, n) VALUES ($1, 1) ON CONFLICT DO NOTHING`,
		refused: storage.ErrConflict,
	}
	nextHold = write{
		query:   `UPDATE {holds} SET n = n + 1 WHERE what = $1 AND n = $2`,
		refused: storage.ErrConflict,
	}

	setAreaRole = write{
		query: `INSERT INTO {area_roles} (who, area, role) VALUES ($1, $2, $3) ON CONFLICT (who, area) DO UPDATE SET role = excluded.role`,
	}
	dropAreaRole = write{query: `DELETE FROM {area_roles} WHERE who = $1 AND area = $2`}
)

// expertiseSteps write what the directory finds a member by.
func expertiseSteps(steps []step, m *membership.Member) []step {
	if len(m.Profile.Expertise) == 0 {
		return steps
	}
	folded := make([]string, len(m.Profile.Expertise))
	for i, e := range m.Profile.Expertise {
		folded[i] = membership.Fold(e)
	}
	return append(steps, do(&addExpertise, raw(m.User), folded))
}

var memberByID = rootBy(`SELECT ` + memberColumns.of("") + ` FROM {members} WHERE who = $1`)

// Member implements [membership.Store].
func (m membershipStore) Member(ctx context.Context, user auth.UserID) (membership.Member, error) {
	return row(ctx, m.s, "membership.Member", memberFields, m.s.rootText(memberByID), raw(user))
}

// MembersByID implements [membership.Store].
func (m membershipStore) MembersByID(ctx context.Context, users []auth.UserID) (map[auth.UserID]membership.Member, error) {
	found, err := rows(ctx, m.s, "membership.MembersByID", len(users), memberFields,
		`SELECT `+memberColumns.of("")+` FROM {members} WHERE who IN {ids $1}`, rawAll(users))
	return keyed(found, func(v membership.Member) auth.UserID { return v.User }), err
}

// Members implements [membership.Store].
func (m membershipStore) Members(ctx context.Context, q membership.MemberQuery) (storage.Page[membership.Member], error) {
	var f filter
	from, who := "{members} m", "m.who"
	if q.Expertise != "" {
		from, who = "{expertise} e JOIN {members} m ON m.who = e.who", "e.who"
		f.and("e.term = ?", q.Expertise)
	}
	switch {
	case q.Listed && q.Expertise != "":
		f.and("m.listed AND m.state + 0 = 1") // who knows is looked up, not sought among those listed
	case q.Listed:
		f.and("m.listed AND m.state = 1")
	}
	if q.State != 0 {
		f.and("m.state = ?", int(q.State))
	}
	if q.Role >= auth.Moderator {
		f.and("m.role >= 3") // which there is an index for
	}
	if q.Role > 0 {
		f.and("m.role >= ?", int(q.Role))
	}
	if q.Category != "" {
		f.and("m.category = ?", string(q.Category))
	}
	if !q.Org.IsZero() {
		f.and("m.who IN (SELECT v.who FROM {mandates} v WHERE v.org = ? AND v.verified IS NOT NULL AND v.begins <= ? AND (v.ends IS NULL OR v.ends > ?))",
			q.Org, always(q.Now), always(q.Now))
	}
	return page(ctx, m.s, "membership.Members", f, `SELECT `+memberColumns.of("m.")+` FROM `+from, who, q.After, q.Limit,
		memberFields, func(v membership.Member) auth.UserID { return v.User })
}

// Tally implements [membership.Store].
func (m membershipStore) Tally(ctx context.Context) (membership.Tally, error) {
	type count struct {
		category membership.Category
		n        int
	}
	found, err := rows(ctx, m.s, "membership.Tally", 8, func(c *count) []any { return []any{(*text)(&c.category), (*number)(&c.n)} },
		`SELECT category, count(*) FROM {members} WHERE state = 1 GROUP BY category`)
	if err != nil {
		return nil, err
	}
	tally := membership.Tally{}
	for _, c := range found {
		tally[c.category] = c.n
	}
	return tally, nil
}

// held names what is counted of an area's coordinators.
func held(area auth.AreaID) string {
	if area == auth.Commons {
		return "coordinators"
	}
	return "coordinators " + area.String()
}

// coordinators are read together with how often they were held: $1 the commons,
// $2 now, $3 what is held, and $4 the area, where it is another.
const (
	holdsOf      = `SELECT {nil} AS who, n FROM {holds} WHERE what = $3 UNION ALL `
	heldBack     = `EXISTS (SELECT 1 FROM {sanctions} s WHERE s.who = m.who AND s.kind >= 2 AND s.lifted IS NULL AND s.begins <= $2 AND (s.ends IS NULL OR s.ends > $2) AND `
	coordinators = holdsOf + `SELECT m.who, 0 FROM {members} m WHERE m.role >= 3 AND m.role = 4 AND m.state = 1 AND NOT ` + heldBack + `s.area = $1)`
	coordinate   = holdsOf + `SELECT m.who, 0 FROM {area_roles} r JOIN {members} m ON m.who = r.who
		WHERE r.area = $4 AND r.role = 4 AND m.state = 1 AND NOT ` + heldBack + `s.area IN ($1, $4))`
)

// Coordinators implements [membership.Store].
func (m membershipStore) Coordinators(ctx context.Context, area auth.AreaID, now time.Time) (who []auth.UserID, seen int, err error) {
	query, args := coordinators, []any{auth.Commons, always(now), held(area)}
	if area != auth.Commons {
		query, args = coordinate, append(args, raw(area))
	}
	type found struct {
		who auth.UserID
		n   int
	}
	all, err := rows(ctx, m.s, "membership.Coordinators", 8, func(f *found) []any { return []any{&f.who, (*number)(&f.n)} },
		query, args...)
	if err != nil {
		return nil, 0, err
	}
	for _, f := range all {
		if f.who.IsZero() {
			seen = f.n
		} else {
			who = append(who, f.who)
		}
	}
	slices.SortFunc(who, auth.UserID.Compare)
	return who, seen, nil
}

// AreaRoles implements [membership.Store].
func (m membershipStore) AreaRoles(ctx context.Context, area auth.AreaID) ([]membership.AreaRole, error) {
	return rows(ctx, m.s, "membership.AreaRoles", 16, func(r *membership.AreaRole) []any { return []any{&r.User, &r.Area, (*octet)(&r.Role)} },
		`SELECT who, area, role FROM {area_roles} WHERE area = $1 ORDER BY who`, raw(area))
}

// mandateColumns, in the order of mandateValues and mandateFields. The first
// three are those that writes ask about, the last is written once.
var mandateColumns = columns{"id", "org", "version", "who", "title", "begins", "ends", "verified", "by_user", "by_org", "made"}

func mandateValues(v *membership.Mandate) []any {
	return []any{v.ID, raw(v.Org), v.Version, raw(v.User), v.Title, always(v.From), v.Until, v.Verified, v.By.User, v.By.For, always(v.Made)}
}

func mandateFields(v *membership.Mandate) []any {
	return []any{
		&v.ID, &v.Org, (*number)(&v.Version), &v.User, (*text)(&v.Title), (*moment)(&v.From), (*moment)(&v.Until), (*moment)(&v.Verified),
		&v.By.User, &v.By.For, (*moment)(&v.Made),
	}
}

const orgThere = `EXISTS (SELECT 1 FROM {orgs} WHERE id = $2)`

var (
	insertMandate = write{
		query: `INSERT INTO {mandates} (` + mandateColumns.of("") + `) SELECT ` + numbered(1, len(mandateColumns)) + `
			WHERE ` + orgThere + ` ON CONFLICT DO NOTHING`,
		refused: storage.ErrExists,
		seen:    `EXISTS (SELECT 1 FROM {mandates} WHERE id = $1) OR ` + orgThere, args: 2,
	}
	updateMandate = write{
		query: `UPDATE {mandates} SET ` + mandateColumns[3:len(mandateColumns)-1].set(4) + `, org = $2, version = version + 1
			WHERE id = $1 AND version = $3 AND ` + orgThere,
		refused: storage.ErrConflict,
		seen:    `EXISTS (SELECT 1 FROM {mandates} WHERE id = $1 AND (version <> $3 OR ` + orgThere + `))`, args: 3,
	}
)

// Mandate implements [membership.Store].
func (m membershipStore) Mandate(ctx context.Context, id membership.MandateID) (membership.Mandate, error) {
	return row(ctx, m.s, "membership.Mandate", mandateFields, `SELECT `+mandateColumns.of("")+` FROM {mandates} WHERE id = $1`, id)
}

// Mandates implements [membership.Store].
func (m membershipStore) Mandates(ctx context.Context, user auth.UserID) ([]membership.Mandate, error) {
	return rows(ctx, m.s, "membership.Mandates", 4, mandateFields, `SELECT `+mandateColumns.of("")+` FROM {mandates} WHERE who = $1 ORDER BY id DESC`, raw(user))
}

// Acting implements [membership.Store].
func (m membershipStore) Acting(ctx context.Context, users []auth.UserID, now time.Time) (map[auth.UserID][]auth.OrgID, error) {
	type acts struct {
		who auth.UserID
		org auth.OrgID
	}
	all, err := rows(ctx, m.s, "membership.Acting", len(users), func(a *acts) []any { return []any{&a.who, &a.org} },
		`SELECT DISTINCT who, org FROM {mandates} WHERE who IN {ids $1} AND verified IS NOT NULL AND begins <= $2 AND (ends IS NULL OR ends > $2) ORDER BY who, org`,
		rawAll(users), always(now))
	if err != nil {
		return nil, err
	}
	found := map[auth.UserID][]auth.OrgID{}
	for _, a := range all {
		found[a.who] = append(found[a.who], a.org)
	}
	return found, nil
}

// Claims implements [membership.Store].
func (m membershipStore) Claims(ctx context.Context, q membership.ClaimQuery) (storage.Page[membership.Mandate], error) {
	var f filter
	f.and("verified IS NULL")
	f.and("(ends IS NULL OR ends > ?)", always(q.Now))
	return page(ctx, m.s, "membership.Claims", f, `SELECT `+mandateColumns.of("")+` FROM {mandates}`, "id", q.After, q.Limit,
		mandateFields, func(v membership.Mandate) membership.MandateID { return v.ID })
}
