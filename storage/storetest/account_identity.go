// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
)

func identityValues(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	for seed := range seeds {
		i := fill[account.Identity](t, seed)
		i.User = l.signUp().User
		l.do(account.InsertIdentity{Identity: i})
		same(t, got(l.a.Identity(ctx, i.Issuer, i.Subject))(t), i)
		same(t, got(l.a.Identities(ctx, i.User))(t), []account.Identity{i})
		same(t, got(l.a.Fiscal(ctx, i.Fiscal))(t), []account.Identity{i})
	}
}

func (l *lodge) link(i account.Identity) account.Identity {
	l.Helper()
	l.do(account.InsertIdentity{Identity: i})
	return i
}

func identityInsert(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, b := l.signUp().User, l.signUp().User
	i := l.link(account.Identity{Issuer: "https://idp.example", Subject: "1", User: a, Level: auth.LevelLow, Linked: at(1), Used: at(2)})
	for _, user := range []auth.UserID{a, b, newUser()} {
		again := account.Identity{Issuer: i.Issuer, Subject: i.Subject, User: user}
		l.fails(storage.ErrExists, event(1), account.InsertIdentity{Identity: again})
	}
	same(t, got(l.a.Identity(ctx, i.Issuer, i.Subject))(t), i)
	same(t, len(got(l.a.Identities(ctx, b))(t)), 0)
	same(t, len(claims(t, s)), 0)
	l.link(account.Identity{Issuer: i.Issuer, Subject: "2", User: b})
	l.link(account.Identity{Issuer: i.Issuer + "/", Subject: "1", User: b})
	for _, none := range [][2]string{{i.Issuer, ""}, {"", "1"}, {i.Subject, i.Issuer}, {i.Issuer, "1 "}, {"HTTPS://idp.example", "1"}} {
		_, err := l.a.Identity(ctx, none[0], none[1])
		is(t, err, storage.ErrNotFound)
	}
}

func identityUse(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	i := l.link(account.Identity{Issuer: "i", Subject: "s", User: l.signUp().User, Level: auth.LevelLow, Linked: at(1), Used: at(1)})
	other := l.link(account.Identity{Issuer: "i", Subject: "t", User: i.User, Linked: at(2)})
	for _, c := range []struct {
		level, want account.Level
		at, used    int
	}{{auth.LevelHigh, auth.LevelHigh, 5, 5}, {auth.LevelLow, auth.LevelHigh, 6, 6}, {0, auth.LevelHigh, 3, 6}} {
		l.do(account.UseIdentity{User: i.User, Issuer: "i", Subject: "s", Level: c.level, At: at(c.at)})
		i.Level, i.Used = c.want, at(c.used)
		same(t, got(l.a.Identity(ctx, "i", "s"))(t), i)
		same(t, got(l.a.Identities(ctx, i.User))(t), []account.Identity{i, other})
	}
	for _, c := range []account.UseIdentity{{User: i.User, Issuer: "s", Subject: "i"}, {User: l.signUp().User, Issuer: "i", Subject: "s"}, {Issuer: "i", Subject: "s"}} {
		c.Level, c.At = auth.LevelHigh, at(9)
		l.fails(storage.ErrNotFound, event(1), c)
	}
	same(t, got(l.a.Identity(ctx, "i", "s"))(t), i)
}

func identityDrop(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	a, b := l.signUp().User, l.signUp().User
	i := l.link(account.Identity{Issuer: "i", Subject: "s", User: a, Fiscal: hash(), Linked: at(1)})
	kept := l.link(account.Identity{Issuer: "i", Subject: "t", User: a, Linked: at(2)})
	for _, c := range []account.DropIdentity{{User: b, Issuer: "i", Subject: "s"}, {User: a, Issuer: "i", Subject: "x"}, {Issuer: "i", Subject: "s"}} {
		l.fails(storage.ErrNotFound, event(1), c)
	}
	l.do(account.DropIdentity{User: a, Issuer: "i", Subject: "s"})
	l.fails(storage.ErrNotFound, account.DropIdentity{User: a, Issuer: "i", Subject: "s"})
	same(t, got(l.a.Identities(ctx, a))(t), []account.Identity{kept})
	same(t, len(got(l.a.Fiscal(ctx, i.Fiscal))(t)), 0)
	i.User = b
	l.link(i)
	same(t, got(l.a.Fiscal(ctx, i.Fiscal))(t), []account.Identity{i})
}

func identityOrder(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	user, fiscal := l.signUp().User, hash()
	var want []account.Identity
	for n, name := range []string{"z", "B", "a", "é"} {
		when := at(max(n, 1)) // the first two at once, by issuer and subject
		want = append(want, account.Identity{Issuer: name, Subject: "s", User: user, Fiscal: fiscal, Linked: when})
	}
	for _, n := range []int{2, 0, 3, 1} {
		l.link(want[n])
	}
	slices.Reverse(want[:2])
	same(t, got(l.a.Identities(ctx, user))(t), want)
	same(t, got(l.a.Fiscal(ctx, fiscal))(t), want)
}

func identityFiscal(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	fiscal := hash()
	a := l.link(account.Identity{Issuer: "i", Subject: "a", User: l.signUp().User, Fiscal: fiscal, Linked: at(1)})
	b := l.link(account.Identity{Issuer: "j", Subject: "b", User: l.signUp().User, Fiscal: fiscal, Linked: at(2)})
	l.link(account.Identity{Issuer: "i", Subject: "c", User: l.signUp().User, Linked: at(3)})
	same(t, got(l.a.Fiscal(ctx, fiscal))(t), []account.Identity{a, b})
	same(t, len(got(l.a.Fiscal(ctx, hash()))(t)), 0)
	same(t, len(got(l.a.Fiscal(ctx, [32]byte{}))(t)), 0)
}

func consentOnce(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	for seed := range seeds {
		c := fill[account.Consent](t, seed)
		c.User = l.signUp().User
		l.do(account.InsertConsent{Consent: c})
		later := c
		later.At = c.At.Add(time.Hour)
		l.do(account.InsertConsent{Consent: later})
		same(t, got(l.a.Consents(ctx, c.User))(t), []account.Consent{c})
	}
}

func consentOrder(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	user, other := l.signUp().User, l.signUp().User
	want := []account.Consent{
		{User: user, Document: "terms", Edition: "2025-01", At: at(1)}, {User: user, Document: "privacy", Edition: "2026-09", At: at(2)},
		{User: user, Document: "terms", Edition: "2026-03", At: at(2)}, {User: user, Document: "terms", Edition: "2026-09", At: at(2)},
	}
	for _, i := range []int{3, 1, 0, 2} {
		l.do(account.InsertConsent{Consent: want[i]})
	}
	l.do(account.InsertConsent{Consent: account.Consent{User: other, Document: "terms", Edition: "2026-09", At: at(9)}})
	same(t, got(l.a.Consents(ctx, user))(t), want)
}

func attemptsPut(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	for seed := range seeds {
		v := fill[account.Attempts](t, seed)
		l.fails(storage.ErrConflict, event(1), account.PutAttempts{Attempts: v, Seen: 1})
		l.do(account.PutAttempts{Attempts: v})
		same(t, got(l.a.Attempts(ctx, [][16]byte{v.Key}))(t), []account.Attempts{v})
		for _, seen := range []int{0, v.Count - 1, v.Count + 1, -1} {
			l.fails(storage.ErrConflict, account.PutAttempts{Attempts: account.Attempts{Key: v.Key, Count: 1, At: at(1)}, Seen: seen})
		}
		for _, count := range []int{v.Count + 1, 0, 3} { // to none, and from none
			seen := v.Count
			v.Count, v.At = count, v.At.Add(-time.Minute)
			l.do(account.PutAttempts{Attempts: v, Seen: seen})
			same(t, got(l.a.Attempts(ctx, [][16]byte{v.Key}))(t), []account.Attempts{v})
		}
	}
	same(t, len(claims(t, s)), 0)
}

func attemptsDrop(t *testing.T, s community.Store) {
	l := newLodge(t, s)
	var keys [][16]byte
	want := map[[16]byte]account.Attempts{}
	for n := range 4 {
		v := account.Attempts{Key: random(), Count: n + 1, At: at(n)}
		keys = append(keys, v.Key)
		want[v.Key] = v
		l.do(account.PutAttempts{Attempts: v})
	}
	there := func() map[[16]byte]account.Attempts {
		t.Helper()
		out := map[[16]byte]account.Attempts{}
		found := got(l.a.Attempts(ctx, append(slices.Clone(keys), keys[0], random())))(t)
		for _, v := range found {
			out[v.Key] = v
		}
		same(t, len(found), len(out))
		return out
	}
	same(t, there(), want)
	l.do(account.DropAttempts{Keys: [][16]byte{keys[1], random(), keys[3]}}, account.DropAttempts{})
	delete(want, keys[1])
	delete(want, keys[3])
	same(t, there(), want)
	same(t, len(got(l.a.Attempts(ctx, nil))(t)), 0)
}
