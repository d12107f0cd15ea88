// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

var membershipListPromises = []promise{
	{"Membership/Orgs", "a search has the organisations with each word in their folded name or as their code, all of them, by folded name and code, whatever the page's size", false, orgSearch},
	{"Membership/Orgs/LongNames", "names of any length are listed page by page", false, orgLongNames},
	{"Membership/Members", "a list of members has those its query selects, all of them, by id, and no other, whatever the page's size", false, memberList},
	{"Membership/Members/Expertise", "who knows something is found by it, folded, as long as their profile says so", false, memberExpertise},
	{"Membership/Tally", "a tally counts active members by category", false, tally},
	{"Membership/Applications", "a list of applications has those its query selects, the oldest first", false, applicationList},
	{"Membership/Claims", "claims are the mandates that are not verified and not over, the oldest first", false, claimList},
	{"Membership/Invitations", "a list of invitations has those its query selects, the newest first", false, invitationList},
	{"Membership/Sanctions", "a list of sanctions has those its query selects within reach, the newest first", false, sanctionList},
	{"Membership/Lists/Limits", "a list gives 20 unless asked otherwise, and never more than 100; the last page has no cursor", false, membershipLimits},
	{"Membership/Lists/Cursors", "a cursor that was changed, was made up or is of another list is refused with ErrInvalid", false, membershipCursors},
}

// walkAll reads a list to its end, and checks the pages' sizes.
func walkAll[V any](h *roster, limit int, read func(after storage.Cursor, limit int) (storage.Page[V], error)) []V {
	h.Helper()
	var all []V
	for at := storage.Cursor(""); ; {
		page, err := read(at, limit)
		must(h.T, err)
		if len(page.Items) > storage.Limit(limit) || page.Next != "" && len(page.Items) < storage.Limit(limit) {
			h.Fatalf("limit %d: a page of %d", limit, len(page.Items))
		}
		all = append(all, page.Items...)
		if at = page.Next; at == "" {
			return all
		}
	}
}

// walksTo checks that a list is what it should be, in pages of several sizes.
func walksTo[V any](h *roster, what string, want []V, read func(after storage.Cursor, limit int) (storage.Page[V], error)) {
	h.Helper()
	for _, limit := range []int{1, 7, len(want), 100} {
		if limit == 0 || limit == 1 && len(want) > 40 {
			continue
		}
		before := h.Failed()
		same(h.T, walkAll(h, limit, read), want)
		if h.Failed() && !before {
			h.Fatalf("%s, in pages of %d", what, limit)
		}
	}
}

var orgNames = []string{
	"Comune di Milano", "COMUNE DI MILANO", "Comune di Forlì", "Città metropolitana di Milano", "Comune dell'Aquila", "L'Aquila 100%", "Università degli Studi",
	"UNIVERSITA' DEGLI STUDI", "a_b", "a%b", `a\b`, "axb", "", "ÀÈÌÒÙ", "àèìòù", "100", "Straße", "STRASSE", "Ente (in liquidazione)", "Ente - sede", "日本語", "Łódź",
	"Zona", "zona 2", "zona 10", "𝕏", "ﬁnanza", "İstanbul",
}

func orgSearch(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	var all []membership.Org
	for i, name := range orgNames {
		for j := range 2 {
			o := h.org(fmt.Sprintf("c_%d%d", i, (j+i)%2), name)
			if (i+j)%3 == 0 {
				o.Inactive = true
				h.do(membership.UpdateOrg{Org: o})
				o.Version++
			}
			all = append(all, o)
		}
	}
	// Renamed: it is found as what it is now.
	all[5].Name = "Agenzia di Zürich"
	h.do(membership.UpdateOrg{Org: all[5]})
	all[5].Version++
	slices.SortFunc(all, func(a, b membership.Org) int {
		return cmp.Or(strings.Compare(membership.Fold(a.Name), membership.Fold(b.Name)), strings.Compare(a.Code, b.Code))
	})
	for _, words := range [][]string{
		nil, {"comune"}, {"milano"}, {"comune", "milano"}, {"milano", "comune"}, {"mil", "com", "di"}, {"a", "b"}, {"%"}, {"_"}, {`\`}, {"a_b"}, {"a b"}, {"aquila", "l"},
		{"universita"}, {"Universita"}, {"c_11"}, {"c_1"}, {"C_11"}, {"c_11", "comune"}, {"zona", "1"}, {"strasse"}, {"日"}, {"lodz"}, {"zurich"}, {"forli", "forli", "forli"},
		{"e", "n", "t", "e", "s"}, {"'"}, {""}, {"nothing like it"}, {"c"},
	} {
		for _, inactive := range []bool{false, true} {
			var want []membership.Org
			for _, o := range all {
				folded := membership.Fold(o.Name)
				if (inactive || !o.Inactive) && !slices.ContainsFunc(words, func(w string) bool { return o.Code != w && !strings.Contains(folded, w) }) {
					want = append(want, o)
				}
			}
			walksTo(h, fmt.Sprintf("words %q", words), want, func(after storage.Cursor, limit int) (storage.Page[membership.Org], error) {
				return h.m.Orgs(ctx, membership.OrgQuery{Words: words, Inactive: inactive, After: after, Limit: limit})
			})
		}
	}
}

func orgLongNames(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	var want []string
	for i, name := range []string{
		strings.Repeat("a", membership.MaxOrgName), strings.Repeat("<", membership.MaxOrgName), strings.Repeat("è", membership.MaxOrgName),
		strings.Repeat("𠮷", membership.MaxOrgName), strings.Repeat("ﷺ", membership.MaxOrgName), strings.Repeat("日", membership.MaxOrgName-1) + "本",
	} {
		for j := range 3 {
			code := fmt.Sprintf("%s%d%d", strings.Repeat("x", membership.MaxCode-2), i, j)
			h.org(code, name)
			want = append(want, code)
		}
	}
	for _, limit := range []int{1, 2, 5} {
		var codes []string
		for _, o := range walkAll(h, limit, func(after storage.Cursor, limit int) (storage.Page[membership.Org], error) {
			return h.m.Orgs(ctx, membership.OrgQuery{After: after, Limit: limit})
		}) {
			codes = append(codes, o.Code)
		}
		slices.Sort(codes)
		same(t, codes, want)
	}
}

func memberList(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	now := at(500)
	orgs := []membership.Org{h.newOrg(), h.newOrg()}
	knows := [][]string{nil, {"Bandi di gara"}, {"bandi, di gara!", "PNRR"}, {"Valutazione"}}
	categories := []membership.Category{membership.Expert, membership.University, "sua"}
	var all []membership.Member
	acts := map[auth.UserID]auth.OrgID{}
	for i := range 48 {
		m := h.member(func(m *membership.Member) {
			m.State, m.Role, m.Category = membership.MemberState(i%3+1), auth.Role(i%4+1), categories[i/2%3]
			m.Profile.Listed, m.Profile.Expertise = i/3%2 == 0, knows[i/5%4]
		})
		all = append(all, m)
		v := h.newMandate(m.User, orgs[i%2].ID)
		switch i / 7 % 4 {
		case 1:
			v.Verified = time.Time{}
		case 2:
			v.Until = now
		case 3:
			v.From = now.Add(time.Microsecond)
		default:
			acts[m.User] = v.Org
			again := v
			again.ID = storage.NewID[membership.Mandate]() // twice is once
			h.do(membership.InsertMandate{Mandate: again})
		}
		h.do(membership.InsertMandate{Mandate: v})
	}
	slices.SortFunc(all, func(a, b membership.Member) int { return a.User.Compare(b.User) })
	n := 0
	for _, q := range []membership.MemberQuery{
		{}, {Listed: true}, {State: membership.Active}, {State: membership.Left}, {Role: auth.Observer}, {Role: auth.Member}, {Role: auth.Moderator}, {Role: auth.Coordinator},
		{Category: membership.University}, {Category: "nessuna"}, {Org: orgs[0].ID}, {Expertise: "bandi di gara"}, {Expertise: "pnrr"}, {Expertise: "Bandi di gara"}, {Expertise: "bandi"},
		{Listed: true, State: membership.Away}, {Listed: true, Role: auth.Moderator, Category: membership.Expert}, {State: membership.Active, Role: auth.Member, Category: "sua"},
		{Listed: true, Expertise: "valutazione", Org: orgs[1].ID}, {Org: orgs[1].ID, Role: auth.Coordinator}, {Org: storage.NewID[auth.Org]()},
		{Listed: true, State: membership.Active, Role: auth.Moderator, Category: membership.Expert, Org: orgs[0].ID, Expertise: "bandi di gara"},
	} {
		q.Now = now
		var want []membership.Member
		for _, m := range all {
			if (!q.Listed || m.Profile.Listed && m.State == membership.Active) && (q.State == 0 || q.State == m.State) && m.Role >= q.Role &&
				(q.Category == "" || q.Category == m.Category) && (q.Org.IsZero() || acts[m.User] == q.Org) &&
				(q.Expertise == "" || slices.ContainsFunc(m.Profile.Expertise, func(e string) bool { return membership.Fold(e) == q.Expertise })) {
				want = append(want, m)
			}
		}
		n += len(want)
		walksTo(h, fmt.Sprintf("%+v", q), want, func(after storage.Cursor, limit int) (storage.Page[membership.Member], error) {
			q.After, q.Limit = after, limit
			return h.m.Members(ctx, q)
		})
	}
	if n < 150 {
		t.Errorf("the queries select %d members in all: this says little", n)
	}
}

func memberExpertise(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	m := h.member(func(m *membership.Member) {
		m.Profile.Expertise = []string{"Co-progettazione", "co progettazione", "Équipe"}
	})
	found := func(q string) int {
		t.Helper()
		return len(got(h.m.Members(ctx, membership.MemberQuery{Expertise: q}))(t).Items)
	}
	for q, n := range map[string]int{"co progettazione": 1, "equipe": 1, "Équipe": 0, "progettazione": 0, "co%": 0, "_quipe": 0} {
		same(t, found(q), n)
	}
	m.Profile.Expertise = []string{"équipe", "Bandi"}
	h.do(membership.UpdateMember{Member: m})
	for q, n := range map[string]int{"co progettazione": 0, "equipe": 1, "bandi": 1} {
		same(t, found(q), n)
	}
	stale := m
	stale.Profile.Expertise = []string{"Altro"}
	h.fails(storage.ErrConflict, event(1), membership.UpdateMember{Member: stale})
	same(t, found("altro"), 0)
	same(t, found("bandi"), 1)
	m.Version, m.Profile.Expertise = 2, nil
	h.do(membership.UpdateMember{Member: m})
	same(t, found("equipe")+found("bandi"), 0)
}

func tally(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	same(t, len(got(h.m.Tally(ctx))(t)), 0)
	want := membership.Tally{}
	for i := range 30 {
		m := h.member(func(m *membership.Member) {
			m.Category, m.State = []membership.Category{membership.Expert, "", "Expert"}[i%3], membership.MemberState(i%4/2+1)
		})
		if m.State == membership.Active {
			want[m.Category]++
		}
		if i%5 == 0 {
			m.State = membership.Left
			h.do(membership.UpdateMember{Member: m})
			if i%4 < 2 {
				want[m.Category]--
			}
		}
	}
	same(t, got(h.m.Tally(ctx))(t), want)
}

func applicationList(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	me := newUser()
	var all []membership.Application
	for i := range 30 {
		a := h.newApplication(newUser())
		a.State = membership.AppState(i%5 + 1)
		if i%4 == 0 {
			a.User = me
			if a.State == membership.Applied && i > 0 {
				a.State = membership.Declined
			}
		}
		if i%3 == 0 {
			a.Category = membership.Citizen
		}
		h.do(membership.InsertApplication{Application: a})
		all = append(all, a)
	}
	for _, q := range []membership.ApplicationQuery{
		{}, {State: membership.Applied}, {User: me}, {Categories: []membership.Category{membership.Citizen}}, {State: membership.Declined, User: me},
		{State: membership.Applied, Categories: []membership.Category{membership.Research}}, {User: newUser()},
		{State: membership.Approved, User: me, Categories: []membership.Category{membership.Citizen}}, {Categories: []membership.Category{"nessuna"}},
		{Categories: []membership.Category{membership.Citizen, "nessuna", membership.Citizen}}, {State: membership.Applied, Categories: []membership.Category{membership.Research, membership.Citizen}},
	} {
		var want []membership.Application
		for _, a := range all {
			if (q.State == 0 || a.State == q.State) && (q.User.IsZero() || a.User == q.User) && (len(q.Categories) == 0 || slices.Contains(q.Categories, a.Category)) {
				want = append(want, a)
			}
		}
		walksTo(h, fmt.Sprintf("%+v", q), want, func(after storage.Cursor, limit int) (storage.Page[membership.Application], error) {
			q.After, q.Limit = after, limit
			return h.m.Applications(ctx, q)
		})
	}
}

func claimList(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	org, now := h.newOrg(), at(500)
	var want []membership.Mandate
	for i := range 24 {
		v := h.newMandate(newUser(), org.ID)
		if i%3 > 0 {
			v.Verified = time.Time{}
		}
		v.Until = []time.Time{{}, now, now.Add(time.Microsecond), at(1)}[i%4]
		if i%5 == 0 {
			v.From = now.Add(time.Hour) // may be verified before it begins
		}
		h.do(membership.InsertMandate{Mandate: v})
		if v.Verified.IsZero() && (v.Until.IsZero() || v.Until.After(now)) {
			want = append(want, v)
		}
	}
	walksTo(h, "claims", want, func(after storage.Cursor, limit int) (storage.Page[membership.Mandate], error) {
		return h.m.Claims(ctx, membership.ClaimQuery{Now: now, After: after, Limit: limit})
	})
	want[0].Verified = at(9)
	h.do(membership.UpdateMandate{Mandate: want[0]})
	same(t, got(h.m.Claims(ctx, membership.ClaimQuery{Now: now}))(t).Items, want[1:])
}

func invitationList(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	me := newUser()
	var all []membership.Invitation
	for i := range 25 {
		v := h.newInvitation(i + 1)
		if i%3 == 0 {
			v.By.User = me
		}
		if i%2 == 0 {
			v.Revoked = at(3)
		}
		h.do(membership.InsertInvitation{Invitation: v})
		all = append([]membership.Invitation{v}, all...)
	}
	for _, by := range []auth.UserID{{}, me, newUser()} {
		want := slices.DeleteFunc(slices.Clone(all), func(v membership.Invitation) bool { return !by.IsZero() && v.By.User != by })
		walksTo(h, "invitations", want, func(after storage.Cursor, limit int) (storage.Page[membership.Invitation], error) {
			return h.m.Invitations(ctx, membership.InvitationQuery{By: by, After: after, Limit: limit})
		})
	}
}

func sanctionList(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	me, places := newUser(), []auth.AreaID{auth.Commons, newArea(), newArea()}
	var all []membership.Sanction
	for i := range 36 {
		v := h.newSanction(newUser(), membership.SanctionKind(i%3+1))
		v.Area = places[i%3]
		if i%4 == 0 {
			v.User = me
		}
		if i%2 == 0 {
			v.Appeal = membership.Appeal{Text: "No", At: at(5)}
		}
		if i%6 == 0 {
			v.Appeal.Decided = at(6)
		}
		if i%5 == 0 {
			v.Lifted = at(7)
		}
		h.do(membership.InsertSanction{Sanction: v})
		all = append([]membership.Sanction{v}, all...)
	}
	for _, reach := range []auth.Reach{
		{}, auth.Everything, {Floor: auth.CommunityMembers}, {Floor: auth.Public, Areas: places[1:2]}, {Areas: places}, {Areas: []auth.AreaID{places[2], places[2], newArea()}},
		{Floor: auth.AreaMembers, Areas: places[:1]},
	} {
		for _, user := range []auth.UserID{{}, me} {
			for _, appealed := range []bool{false, true} {
				want := slices.DeleteFunc(slices.Clone(all), func(v membership.Sanction) bool {
					return !reach.Covers(v.Area, auth.AreaMembers) || !user.IsZero() && v.User != user ||
						appealed && (v.Appeal.At.IsZero() || !v.Appeal.Decided.IsZero())
				})
				walksTo(h, fmt.Sprint("sanctions within ", reach), want, func(after storage.Cursor, limit int) (storage.Page[membership.Sanction], error) {
					return h.m.Sanctions(ctx, membership.SanctionQuery{User: user, Areas: reach, Appealed: appealed, After: after, Limit: limit})
				})
			}
		}
	}
}

// A ledger is one of membership's lists, read from a cursor.
type ledger struct {
	name string
	read func(m membership.Store, after storage.Cursor, limit int) (items int, next storage.Cursor, err error)
}

func ledgerOf[V any](name string, read func(m membership.Store, after storage.Cursor, limit int) (storage.Page[V], error)) ledger {
	return ledger{name, func(m membership.Store, after storage.Cursor, limit int) (int, storage.Cursor, error) {
		page, err := read(m, after, limit)
		return len(page.Items), page.Next, err
	}}
}

// ledgers fills each list with so many.
func (h *roster) ledgers(n int) []ledger {
	h.Helper()
	var changes []storage.Change
	org := h.newOrg()
	for i := range n {
		changes = append(changes,
			membership.InsertOrg{Org: membership.Org{ID: storage.NewID[auth.Org](), Code: fmt.Sprint(i), Name: "Comune", Made: at(1), Version: 1}},
			membership.InsertMember{Member: membership.Member{User: newUser(), State: membership.Active, Version: 1}},
			membership.InsertApplication{Application: h.newApplication(newUser())},
			membership.InsertInvitation{Invitation: h.newInvitation(1)},
			membership.InsertSanction{Sanction: h.newSanction(newUser(), membership.Warning)})
		v := h.newMandate(newUser(), org.ID)
		v.Verified = time.Time{}
		changes = append(changes, membership.InsertMandate{Mandate: v})
	}
	h.do(changes...)
	return []ledger{
		ledgerOf("orgs", func(m membership.Store, after storage.Cursor, limit int) (storage.Page[membership.Org], error) {
			return m.Orgs(ctx, membership.OrgQuery{Words: []string{"comune"}, After: after, Limit: limit})
		}),
		ledgerOf("members", func(m membership.Store, after storage.Cursor, limit int) (storage.Page[membership.Member], error) {
			return m.Members(ctx, membership.MemberQuery{After: after, Limit: limit})
		}),
		ledgerOf("applications", func(m membership.Store, after storage.Cursor, limit int) (storage.Page[membership.Application], error) {
			return m.Applications(ctx, membership.ApplicationQuery{After: after, Limit: limit})
		}),
		ledgerOf("claims", func(m membership.Store, after storage.Cursor, limit int) (storage.Page[membership.Mandate], error) {
			return m.Claims(ctx, membership.ClaimQuery{After: after, Limit: limit})
		}),
		ledgerOf("invitations", func(m membership.Store, after storage.Cursor, limit int) (storage.Page[membership.Invitation], error) {
			return m.Invitations(ctx, membership.InvitationQuery{After: after, Limit: limit})
		}),
		ledgerOf("sanctions", func(m membership.Store, after storage.Cursor, limit int) (storage.Page[membership.Sanction], error) {
			return m.Sanctions(ctx, membership.SanctionQuery{Areas: auth.Everything, After: after, Limit: limit})
		}),
	}
}

func membershipLimits(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	const n = storage.MaxLimit + 5
	for _, l := range h.ledgers(n) {
		have := n
		if l.name == "orgs" {
			have++ // that of the mandates
		}
		for limit, want := range map[int]int{0: storage.DefaultLimit, -1: storage.DefaultLimit, 1: 1, 99: 99, 100: 100, 101: 100, 1_000_000: 100} {
			items, next, err := l.read(h.m, "", limit)
			must(t, err)
			if items != want || next == "" {
				t.Errorf("%s: limit %d gives %d, want %d (next %q)", l.name, limit, items, want, next)
			}
			if limit == 100 {
				items, next, err = l.read(h.m, next, limit)
				must(t, err)
				if items != have-want || next != "" {
					t.Errorf("%s: the last page has %d, want %d (next %q)", l.name, items, have-want, next)
				}
			}
			if limit == 1 { // a last page that is full has no cursor either
				for items, next = 1, ""; ; items++ {
					var err error
					if _, next, err = l.read(h.m, next, 1); next == "" || err != nil {
						must(t, err)
						break
					}
				}
				same(t, items, have)
			}
		}
	}
}

func membershipCursors(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	lists := h.ledgers(5)
	refused := func(l ledger, c storage.Cursor) {
		t.Helper()
		if items, _, err := l.read(h.m, c, 2); err == nil {
			t.Errorf("%s: cursor %q was taken, and gave %d items", l.name, c, items)
		} else {
			is(t, err, storage.ErrInvalid)
		}
	}
	for _, l := range lists {
		_, next, err := l.read(h.m, "", 2)
		must(t, err)
		for _, other := range lists {
			if other.name != l.name {
				refused(other, next)
			}
		}
		good := string(next)
		for i := range len(good) {
			for _, c := range []byte{good[i] ^ 1, good[i] ^ 0x20, 'A', '\n', 0, 0xff} {
				if c != good[i] {
					refused(l, storage.Cursor(good[:i]+string(c)+good[i+1:]))
				}
			}
			refused(l, storage.Cursor(good[:i]+good[i+1:]))
		}
		for _, c := range append([]string{"!", "AAAA", "e30", "null", strings.Repeat("A", 100_000), good + "A", "\n" + good}, hostile[1:]...) {
			refused(l, storage.Cursor(c))
		}
		for _, key := range []any{1, "x", []string{"a"}, map[string]any{"ID": 1}, map[string]any{"ID": "x"}, map[string]any{"N": 1}} {
			if _, _, err := l.read(h.m, storage.EncodeCursor("membership."+l.name, key), 2); err != nil {
				is(t, err, storage.ErrInvalid)
			}
		}
		// A text that no database takes is no reason to fail otherwise.
		if _, _, err := l.read(h.m, storage.EncodeCursor("membership."+l.name, map[string]any{"N": "a\x00", "C": "\x00"}), 2); err != nil {
			is(t, err, storage.ErrInvalid)
		}
		items, _, err := l.read(h.m, next, 2)
		must(t, err)
		same(t, items, 2)
	}
}
