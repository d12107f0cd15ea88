// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// What membership's store promises.
var membershipPromises = slices.Concat(membershipRowPromises, membershipListPromises, membershipErasePromises, membershipCrowdPromises)

var membershipRowPromises = []promise{
	{"Membership/Values", "every field is read as it was inserted, and as it was updated but for the ID, the time it was made and what the store keeps, wherever it is read", false, membershipValues},
	{"Membership/Zero", "zero fields are read as zero", false, membershipZero},
	{"Membership/Times", "times are read in UTC, to the microsecond", false, membershipTimes},
	{"Membership/Versions", "an update of any version but the present one is ErrConflict, and of what is not there ErrNotFound; what goes with it is not made", false, membershipVersions},
	{"Membership/Exists", "an insert of what is there is ErrExists, and what goes with it is not made", false, membershipExists},
	{"Membership/Texts", "every text is kept as it is, however hostile", false, membershipTexts},
	{"Membership/Refused", "what is not UTF-8 or has a NUL is ErrInvalid, written or asked for", false, membershipRefused},
	{"Membership/Copies", "what the caller does to values given or taken changes nothing in the store", false, membershipCopies},
	{"Membership/Org/Code", "no two organisations have the same code, to the letter", false, orgCode},
	{"Membership/Org/Some", "organisations are found by many ids and by many codes at once, and what is not there is left out", false, orgsSome},
	{"Membership/Members/Some", "members are found by many ids at once, and who is none is left out", false, membersSome},
	{"Membership/Mandate/Org", "a mandate of an organisation that is not there is ErrNotFound", false, mandateOrg},
	{"Membership/Mandates", "a person's mandates are theirs alone, the newest first", false, mandatesOf},
	{"Membership/AreaRole", "a role in an area is set anew, and as Outsider taken away; roles of an area come by user", false, areaRole},
	{"Membership/Application/One", "a person has one application at most that is Applied", false, applicationOne},
	{"Membership/Invitation/Hash", "no two invitations have the same hash", false, invitationHash},
	{"Membership/Invitation/Mailbox", "a mailbox has one invitation at most that is neither used up nor revoked, and that is found by it", false, invitationMailbox},
	{"Membership/Invitation/Use", "an invitation is used as often as Most says, not when it is revoked or over, and a use is no update", false, invitationUse},
	{"Membership/Turns", "a turn of the phase is made only if its number is the next; turns come oldest first", false, turns},
	{"Membership/Coordinators/Hold", "who holds the coordinators of an area does so from what was seen there only", false, holdCoordinators},
	{"Membership/Coordinators", "coordinators are those who are active and not held back from the commons at the moment, by id", false, coordinators},
	{"Membership/Coordinators/Area", "coordinators of an area are the active members who are so there and not held back from there or from the commons", false, coordinatorsOfArea},
	{"Membership/Acting", "of many at once it is told for which organisations they act at the moment, each once and by id, and who acts for none is left out", false, acting},
	{"Membership/Standing", "a standing is all there is of a person at an instant, and nobody else's", false, standing},
	{"Membership/Standing/Nobody", "of a person of whom there is nothing there is nothing but the last turn", false, standingNobody},
	{"Membership/Standing/Instant", "mandates and sanctions are in a standing from the first instant to before the last, and not when lifted", false, standingInstant},
	{"Membership/Standing/Unit", "a standing in a unit sees what the unit has written", false, standingUnit},
}

// A roster is where tests of membership are done.
type roster struct {
	*desk
	m membership.Store
}

func newRoster(t *testing.T, s community.Store) *roster {
	return &roster{&desk{T: t, Store: s}, s.Membership()}
}

func (h *roster) org(code, name string) membership.Org {
	h.Helper()
	o := membership.Org{ID: storage.NewID[auth.Org](), Code: code, Name: name, Kind: "Comuni", Made: h.tick(), Version: 1}
	h.do(membership.InsertOrg{Org: o})
	return o
}

// newOrg is some organisation.
func (h *roster) newOrg() membership.Org {
	h.Helper()
	return h.org(strings.ToLower(newUser().String()), "Comune di Torre Annunziata")
}

// member is somebody who has been admitted.
func (h *roster) member(set func(*membership.Member)) membership.Member {
	h.Helper()
	m := membership.Member{User: newUser(), State: membership.Active, Role: auth.Member, Category: membership.Expert, Joined: h.tick(), Since: h.tick(), Version: 1}
	if set != nil {
		set(&m)
	}
	h.do(membership.InsertMember{Member: m})
	return m
}

func (h *roster) newMandate(user auth.UserID, org auth.OrgID) membership.Mandate {
	return membership.Mandate{ID: storage.NewID[membership.Mandate](), User: user, Org: org, Title: "responsabile", From: at(0), Verified: at(1), By: newBy(), Made: h.tick(), Version: 1}
}

func (h *roster) newApplication(user auth.UserID) membership.Application {
	return membership.Application{ID: storage.NewID[membership.Application](), User: user, Category: membership.Research, Text: "Perché sì", State: membership.Applied, Made: h.tick(), Version: 1}
}

func (h *roster) newInvitation(most int) membership.Invitation {
	v := membership.Invitation{ID: storage.NewID[membership.Invitation](), Category: membership.Expert, Role: auth.Member, Most: most, By: newBy(), Made: h.tick(), Ends: at(10_000), Version: 1}
	id := v.ID.Bytes()
	copy(v.Hash[:], id[:])
	copy(v.Hash[16:], id[:])
	return v
}

func (h *roster) newSanction(user auth.UserID, kind membership.SanctionKind) membership.Sanction {
	return membership.Sanction{ID: storage.NewID[membership.Sanction](), User: user, Area: auth.Commons, Kind: kind, Why: "Insulti", From: at(0), By: newBy(), Version: 1}
}

// A keeper is one kind of rows that have a version, and what becomes of them.
type keeper[V any] struct {
	fresh   func(h *roster, seed int) V // every field filled
	insert  func(V) storage.Change
	update  func(V) storage.Change
	id      func(now V, as *V)   // makes as an update of now
	kept    func(was V, next *V) // undoes in next what no update changes
	version func(*V) *int
	ways    []func(h *roster, v V) V // to read it
	texts   func(*V) []*string
	times   func(*V) []*time.Time
}

// one takes the only item of a list.
func one[V any](h *roster, all []V, err error) V {
	h.Helper()
	must(h.T, err)
	if len(all) != 1 {
		h.Fatalf("%d items, want one", len(all))
	}
	return all[0]
}

func pageOf[V any](p storage.Page[V], err error) ([]V, error) { return p.Items, err }

var orgKeeper = keeper[membership.Org]{
	fresh: func(h *roster, seed int) membership.Org {
		v := fill[membership.Org](h.T, seed)
		v.Code = newUser().String()
		return v
	},
	insert:  func(v membership.Org) storage.Change { return membership.InsertOrg{Org: v} },
	update:  func(v membership.Org) storage.Change { return membership.UpdateOrg{Org: v} },
	id:      func(now membership.Org, as *membership.Org) { as.ID = now.ID },
	kept:    func(was membership.Org, next *membership.Org) { next.Made = was.Made },
	version: func(v *membership.Org) *int { return &v.Version },
	ways: []func(h *roster, v membership.Org) membership.Org{
		func(h *roster, v membership.Org) membership.Org { return got(h.m.Org(ctx, v.ID))(h.T) },
		func(h *roster, v membership.Org) membership.Org {
			return got(h.m.OrgsByID(ctx, []auth.OrgID{v.ID}))(h.T)[v.ID]
		},
		func(h *roster, v membership.Org) membership.Org {
			return got(h.m.OrgsByCode(ctx, []string{v.Code}))(h.T)[v.Code]
		},
		func(h *roster, v membership.Org) membership.Org {
			all, err := pageOf(h.m.Orgs(ctx, membership.OrgQuery{Words: []string{v.Code}, Inactive: true}))
			all = slices.DeleteFunc(all, func(o membership.Org) bool { return o.ID != v.ID })
			return one(h, all, err)
		},
	},
	texts: func(v *membership.Org) []*string { return []*string{&v.Code, &v.Name, &v.Kind, &v.Site} },
	times: func(v *membership.Org) []*time.Time { return []*time.Time{&v.Made} },
}

var memberKeeper = keeper[membership.Member]{
	fresh: func(h *roster, seed int) membership.Member {
		v := fill[membership.Member](h.T, seed)
		v.Category = membership.Category(newUser().String())
		return v
	},
	insert:  func(v membership.Member) storage.Change { return membership.InsertMember{Member: v} },
	update:  func(v membership.Member) storage.Change { return membership.UpdateMember{Member: v} },
	id:      func(now membership.Member, as *membership.Member) { as.User = now.User },
	kept:    func(was membership.Member, next *membership.Member) { next.Joined = was.Joined },
	version: func(v *membership.Member) *int { return &v.Version },
	ways: []func(h *roster, v membership.Member) membership.Member{
		func(h *roster, v membership.Member) membership.Member { return got(h.m.Member(ctx, v.User))(h.T) },
		func(h *roster, v membership.Member) membership.Member {
			return got(h.m.MembersByID(ctx, []auth.UserID{v.User}))(h.T)[v.User]
		},
		func(h *roster, v membership.Member) membership.Member {
			return got(h.m.Standing(ctx, v.User, at(0)))(h.T).Member
		},
		func(h *roster, v membership.Member) membership.Member {
			all, err := pageOf(h.m.Members(ctx, membership.MemberQuery{Category: v.Category}))
			return one(h, all, err)
		},
	},
	texts: func(v *membership.Member) []*string {
		p := &v.Profile
		return []*string{(*string)(&v.Category), &p.Name.Text, &p.Headline.Text, &p.About.Text, &p.Contact.Text, &p.Expertise[0], &p.Expertise[1]}
	},
	times: func(v *membership.Member) []*time.Time { return []*time.Time{&v.Joined, &v.Since} },
}

var mandateKeeper = keeper[membership.Mandate]{
	fresh: func(h *roster, seed int) membership.Mandate {
		v := fill[membership.Mandate](h.T, seed)
		v.Org = h.newOrg().ID
		return v
	},
	insert:  func(v membership.Mandate) storage.Change { return membership.InsertMandate{Mandate: v} },
	update:  func(v membership.Mandate) storage.Change { return membership.UpdateMandate{Mandate: v} },
	id:      func(now membership.Mandate, as *membership.Mandate) { as.ID = now.ID },
	kept:    func(was membership.Mandate, next *membership.Mandate) { next.Made = was.Made },
	version: func(v *membership.Mandate) *int { return &v.Version },
	ways: []func(h *roster, v membership.Mandate) membership.Mandate{
		func(h *roster, v membership.Mandate) membership.Mandate { return got(h.m.Mandate(ctx, v.ID))(h.T) },
		func(h *roster, v membership.Mandate) membership.Mandate {
			all, err := h.m.Mandates(ctx, v.User)
			return one(h, all, err)
		},
		func(h *roster, v membership.Mandate) membership.Mandate {
			f, err := h.m.Standing(ctx, v.User, v.From)
			return one(h, f.Mandates, err)
		},
	},
	texts: func(v *membership.Mandate) []*string { return []*string{&v.Title} },
	times: func(v *membership.Mandate) []*time.Time {
		return []*time.Time{&v.From, &v.Until, &v.Verified, &v.Made}
	},
}

var applicationKeeper = keeper[membership.Application]{
	fresh:   func(h *roster, seed int) membership.Application { return fill[membership.Application](h.T, seed) },
	insert:  func(v membership.Application) storage.Change { return membership.InsertApplication{Application: v} },
	update:  func(v membership.Application) storage.Change { return membership.UpdateApplication{Application: v} },
	id:      func(now membership.Application, as *membership.Application) { as.ID = now.ID },
	kept:    func(was membership.Application, next *membership.Application) { next.Made = was.Made },
	version: func(v *membership.Application) *int { return &v.Version },
	ways: []func(h *roster, v membership.Application) membership.Application{
		func(h *roster, v membership.Application) membership.Application {
			return got(h.m.Application(ctx, v.ID))(h.T)
		},
		func(h *roster, v membership.Application) membership.Application {
			all, err := pageOf(h.m.Applications(ctx, membership.ApplicationQuery{User: v.User}))
			return one(h, all, err)
		},
		func(h *roster, v membership.Application) membership.Application {
			if f := got(h.m.Standing(ctx, v.User, at(0)))(h.T); v.State == membership.Applied || !f.Waiting.ID.IsZero() {
				return f.Waiting
			}
			return v
		},
	},
	texts: func(v *membership.Application) []*string {
		return []*string{(*string)(&v.Category), &v.Title, &v.Text, &v.Why}
	},
	times: func(v *membership.Application) []*time.Time { return []*time.Time{&v.Made, &v.Decided} },
}

var invitationKeeper = keeper[membership.Invitation]{
	fresh:  func(h *roster, seed int) membership.Invitation { return fill[membership.Invitation](h.T, seed) },
	insert: func(v membership.Invitation) storage.Change { return membership.InsertInvitation{Invitation: v} },
	update: func(v membership.Invitation) storage.Change { return membership.UpdateInvitation{Invitation: v} },
	id:     func(now membership.Invitation, as *membership.Invitation) { as.ID = now.ID },
	kept: func(was membership.Invitation, next *membership.Invitation) {
		next.Made, next.Uses = was.Made, was.Uses
	},
	version: func(v *membership.Invitation) *int { return &v.Version },
	ways: []func(h *roster, v membership.Invitation) membership.Invitation{
		func(h *roster, v membership.Invitation) membership.Invitation {
			return got(h.m.Invitation(ctx, v.Hash))(h.T)
		},
		func(h *roster, v membership.Invitation) membership.Invitation {
			return got(h.m.InvitationOf(ctx, v.ID))(h.T)
		},
		func(h *roster, v membership.Invitation) membership.Invitation {
			all, err := pageOf(h.m.Invitations(ctx, membership.InvitationQuery{By: v.By.User}))
			return one(h, all, err)
		},
	},
	texts: func(v *membership.Invitation) []*string { return []*string{(*string)(&v.Category)} },
	times: func(v *membership.Invitation) []*time.Time { return []*time.Time{&v.Made, &v.Ends, &v.Revoked} },
}

var sanctionKeeper = keeper[membership.Sanction]{
	fresh: func(h *roster, seed int) membership.Sanction {
		v := fill[membership.Sanction](h.T, seed)
		if seed%2 == 0 {
			v.Lifted = time.Time{}
		}
		return v
	},
	insert:  func(v membership.Sanction) storage.Change { return membership.InsertSanction{Sanction: v} },
	update:  func(v membership.Sanction) storage.Change { return membership.UpdateSanction{Sanction: v} },
	id:      func(now membership.Sanction, as *membership.Sanction) { as.ID = now.ID },
	kept:    func(membership.Sanction, *membership.Sanction) {},
	version: func(v *membership.Sanction) *int { return &v.Version },
	ways: []func(h *roster, v membership.Sanction) membership.Sanction{
		func(h *roster, v membership.Sanction) membership.Sanction { return got(h.m.Sanction(ctx, v.ID))(h.T) },
		func(h *roster, v membership.Sanction) membership.Sanction {
			all, err := pageOf(h.m.Sanctions(ctx, membership.SanctionQuery{User: v.User, Areas: auth.Everything}))
			return one(h, all, err)
		},
		func(h *roster, v membership.Sanction) membership.Sanction {
			f, err := h.m.Standing(ctx, v.User, v.From)
			if !v.Lifted.IsZero() {
				must(h.T, err)
				same(h.T, len(f.Sanctions), 0)
				return v
			}
			return one(h, f.Sanctions, err)
		},
	},
	texts: func(v *membership.Sanction) []*string { return []*string{&v.Why, &v.Appeal.Text, &v.Appeal.Why} },
	times: func(v *membership.Sanction) []*time.Time {
		return []*time.Time{&v.From, &v.Until, &v.Lifted, &v.Appeal.At, &v.Appeal.Decided}
	},
}

// eachKeeper runs a check of each kind of rows.
func eachKeeper(t *testing.T, s community.Store, check func(h *roster, k anyKeeper)) {
	for name, k := range map[string]anyKeeper{
		"org": orgKeeper, "member": memberKeeper, "mandate": mandateKeeper, "application": applicationKeeper,
		"invitation": invitationKeeper, "sanction": sanctionKeeper,
	} {
		t.Run(name, func(t *testing.T) { check(newRoster(t, s), k) })
	}
}

// anyKeeper is a [keeper] of whatever kind.
type anyKeeper interface {
	values(h *roster)
	zero(h *roster)
	keepsTimes(h *roster)
	versions(h *roster)
	exists(h *roster)
	keepsTexts(h *roster)
	refuses(h *roster)
}

func (k keeper[V]) found(h *roster, want V) {
	h.Helper()
	for _, way := range k.ways {
		same(h.T, way(h, want), want)
	}
}

func (k keeper[V]) values(h *roster) {
	for seed := range seeds {
		v := k.fresh(h, seed)
		h.do(k.insert(v))
		k.found(h, v)
		next := k.fresh(h, seed+1)
		k.id(v, &next)
		*k.version(&next) = *k.version(&v)
		h.do(k.update(next))
		k.kept(v, &next)
		*k.version(&next)++
		k.found(h, next)
	}
}

func (k keeper[V]) zero(h *roster) {
	filled := k.fresh(h, 1)
	h.do(k.insert(filled))
	var v V
	switch v := any(&v).(type) {
	case *membership.Mandate:
		v.Org = h.newOrg().ID
	case *membership.Application:
		v.User = newUser()
	case *membership.Sanction:
		v.User = newUser()
	case *membership.Invitation:
		v.By.User = newUser()
	case *membership.Member:
		v.User = newUser()
	}
	k.id(filled, &v)
	*k.version(&v) = *k.version(&filled)
	h.do(k.update(v))
	k.kept(filled, &v)
	*k.version(&v)++
	same(h.T, k.ways[0](h, v), v)
}

func (k keeper[V]) keepsTimes(h *roster) {
	rome := time.FixedZone("CET", 3600)
	for i, given := range []time.Time{at(1).Add(1999 * time.Nanosecond), at(2).In(rome), time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, rome)} {
		v := k.fresh(h, i)
		want := v
		for j, field := range k.times(&v) {
			*field = given
			*k.times(&want)[j] = given.UTC().Truncate(time.Microsecond)
		}
		h.do(k.insert(v))
		same(h.T, k.ways[0](h, want), want)
		h.do(k.update(v))
		*k.version(&want)++
		same(h.T, k.ways[0](h, want), want)
	}
}

func (k keeper[V]) versions(h *roster) {
	v := k.fresh(h, 3)
	h.do(k.insert(v))
	for _, other := range []int{-1, 1, -*k.version(&v)} {
		next := k.fresh(h, 4)
		k.id(v, &next)
		*k.version(&next) = *k.version(&v) + other
		h.fails(storage.ErrConflict, event(1), k.update(next))
	}
	h.fails(storage.ErrNotFound, event(1), k.update(k.fresh(h, 3)))
	same(h.T, k.ways[0](h, v), v)
	same(h.T, len(claims(h.T, h.Store)), 0)
}

func (k keeper[V]) exists(h *roster) {
	v := k.fresh(h, 3)
	h.do(k.insert(v))
	again := k.fresh(h, 4)
	k.id(v, &again)
	h.fails(storage.ErrExists, event(1), k.insert(again))
	same(h.T, k.ways[0](h, v), v)
	same(h.T, len(claims(h.T, h.Store)), 0)
}

func (k keeper[V]) keepsTexts(h *roster) {
	for _, text := range hostile {
		v := k.fresh(h, 5)
		for _, field := range k.texts(&v) {
			*field = text
		}
		h.do(k.insert(v))
		same(h.T, k.ways[0](h, v), v)
		for _, field := range k.texts(&v) {
			*field = text + "!"
		}
		h.do(k.update(v))
		*k.version(&v)++
		same(h.T, k.ways[0](h, v), v)
	}
}

func (k keeper[V]) refuses(h *roster) {
	good := k.fresh(h, 5)
	h.do(k.insert(good))
	for _, bad := range []string{"\x00", "a\x00b", "\xff", "a\xc3", "\xed\xa0\x80"} {
		for i := range k.texts(&good) {
			fresh, now := k.fresh(h, 6), k.fresh(h, 6)
			*k.texts(&fresh)[i], *k.texts(&now)[i] = bad, bad
			k.id(good, &now)
			*k.version(&now) = *k.version(&good)
			h.fails(storage.ErrInvalid, event(1), k.insert(fresh))
			h.fails(storage.ErrInvalid, event(1), k.update(now))
		}
	}
	same(h.T, k.ways[0](h, good), good)
	same(h.T, len(claims(h.T, h.Store)), 0)
}

func membershipValues(t *testing.T, s community.Store) {
	eachKeeper(t, s, func(h *roster, k anyKeeper) { k.values(h) })
	h := newRoster(t, s)
	for n := 1; n <= seeds; n++ {
		turn := fill[membership.Turn](t, n)
		turn.N = n
		h.do(membership.InsertTurn{Turn: turn})
		same(t, got(h.m.Turns(ctx))(t)[n-1], turn)
		same(t, got(h.m.Standing(ctx, newUser(), at(0)))(t).Last, turn)
		role := fill[membership.AreaRole](t, n)
		h.do(membership.SetAreaRole{AreaRole: role})
		same(t, got(h.m.AreaRoles(ctx, role.Area))(t), []membership.AreaRole{role})
	}
}

func membershipZero(t *testing.T, s community.Store) {
	eachKeeper(t, s, func(h *roster, k anyKeeper) { k.zero(h) })
}

func membershipTimes(t *testing.T, s community.Store) {
	eachKeeper(t, s, func(h *roster, k anyKeeper) { k.keepsTimes(h) })
	h := newRoster(t, s)
	turn := membership.Turn{N: 1, At: at(1).Add(1999 * time.Nanosecond).In(time.FixedZone("CET", 3600))}
	h.do(membership.InsertTurn{Turn: turn})
	same(t, got(h.m.Turns(ctx))(t)[0].At, at(1).Add(time.Microsecond))
}

func membershipVersions(t *testing.T, s community.Store) {
	eachKeeper(t, s, func(h *roster, k anyKeeper) { k.versions(h) })
}

func membershipExists(t *testing.T, s community.Store) {
	eachKeeper(t, s, func(h *roster, k anyKeeper) { k.exists(h) })
}

func membershipTexts(t *testing.T, s community.Store) {
	eachKeeper(t, s, func(h *roster, k anyKeeper) { k.keepsTexts(h) })
}

func membershipRefused(t *testing.T, s community.Store) {
	eachKeeper(t, s, func(h *roster, k anyKeeper) { k.refuses(h) })
	h := newRoster(t, s)
	h.fails(storage.ErrInvalid, event(1), membership.InsertTurn{Turn: membership.Turn{N: 1, At: at(1), Why: "a\x00"}})
	for _, bad := range []string{"\x00", "a\xff"} {
		for name, ask := range map[string]func() error{
			"OrgsByCode": func() error { _, err := h.m.OrgsByCode(ctx, []string{"c", bad}); return err },
			"Orgs": func() error {
				_, err := h.m.Orgs(ctx, membership.OrgQuery{Words: []string{bad}})
				return err
			},
			"Members of a category": func() error {
				_, err := h.m.Members(ctx, membership.MemberQuery{Category: membership.Category(bad)})
				return err
			},
			"Members who know": func() error {
				_, err := h.m.Members(ctx, membership.MemberQuery{Expertise: bad})
				return err
			},
			"Applications": func() error {
				_, err := h.m.Applications(ctx, membership.ApplicationQuery{Categories: []membership.Category{membership.Citizen, membership.Category(bad)}})
				return err
			},
		} {
			if err := ask(); err == nil {
				t.Errorf("%s: %q is taken", name, bad)
			} else {
				is(t, err, storage.ErrInvalid)
			}
		}
	}
}

func membershipCopies(t *testing.T, s community.Store) {
	h := newRoster(t, s)
	mine := []string{"appalti", "bandi"}
	m := h.member(func(m *membership.Member) { m.Profile.Expertise = mine })
	want := m
	want.Profile.Expertise = slices.Clone(mine)
	mine[0] = "changed"
	reads := []func() membership.Member{
		func() membership.Member { return got(h.m.Member(ctx, m.User))(t) },
		func() membership.Member { return got(h.m.Standing(ctx, m.User, at(0)))(t).Member },
		func() membership.Member { return got(h.m.MembersByID(ctx, []auth.UserID{m.User}))(t)[m.User] },
		func() membership.Member { return got(h.m.Members(ctx, membership.MemberQuery{}))(t).Items[0] },
	}
	for _, read := range reads {
		v := read()
		same(t, v, want)
		v.Profile.Expertise[1] = "changed"
	}
	for _, read := range reads {
		same(t, read(), want)
	}
	h.do(membership.SetAreaRole{AreaRole: membership.AreaRole{User: m.User, Area: newArea(), Role: auth.Member}})
	f := got(h.m.Standing(ctx, m.User, at(0)))(t)
	clear(f.Areas)
	same(t, len(got(h.m.Standing(ctx, m.User, at(0)))(t).Areas), 1)
	h.do(membership.InsertTurn{Turn: membership.Turn{N: 1, At: at(1)}})
	got(h.m.Turns(ctx))(t)[0].Why = "changed"
	same(t, got(h.m.Turns(ctx))(t)[0].Why, "")
}
