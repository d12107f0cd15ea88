// SPDX-License-Identifier: BSD-3-Clause

package account_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
)

func spid(subject string) account.ExternalIdentity {
	return account.ExternalIdentity{
		Issuer: "https://spid.example", Subject: subject, Level: auth.LevelSubstantial,
		Attributes: map[string]string{"fiscalNumber": "TINIT-RSSMRA80A01H501U", "email": "maria.rossi@comune.example"},
	}
}

// pending is the secret of somebody who has signed in elsewhere and is unknown
// here.
func (w *world) pending(id account.ExternalIdentity) string {
	w.t.Helper()
	e, err := w.SignInExternal(ctx, id)
	require.NoError(w.t, err)
	require.True(w.t, e.User.IsZero())
	require.NotEmpty(w.t, e.Pending)
	return e.Pending
}

func TestIdentitySignsUpAndIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, err := w.SignUp(ctx, account.NewAccount{Name: "maria.rossi", Pending: w.pending(spid("1"))})
	require.NoError(t, err)
	e, err := w.SignInExternal(ctx, spid("1"))
	require.NoError(t, err)
	require.Equal(t, account.Entry{User: id, Level: auth.LevelSubstantial, Version: 1}, e)
	_, err = w.signIn("maria.rossi", "")
	require.ErrorIs(t, err, account.ErrSignIn, "there is no password")
	maria := auth.Actor{User: id}
	require.NoError(t, w.ChangePassword(ctx, maria, account.PasswordChange{New: good}))
	_, err = w.signIn("maria.rossi", good)
	require.NoError(t, err)
}

// An identity is linked by proof of both sides, and by nothing else: not by an
// address, verified or not, nor by a fiscal code.
func TestIdentityIsLinkedByBothSides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria, luca := w.join("maria.rossi"), w.join("luca.verdi")
	secret := w.pending(spid("1")) // tells her verified address
	require.ErrorIs(t, w.LinkIdentity(ctx, auth.Visitor, secret), auth.ErrDenied)
	require.ErrorIs(t, w.LinkIdentity(ctx, maria, ""), account.ErrToken)
	require.NoError(t, w.LinkIdentity(ctx, maria, secret))
	w.mail(account.SendLinked)
	require.ErrorIs(t, w.LinkIdentity(ctx, luca, secret), account.ErrToken, "once")
	e, err := w.SignInExternal(ctx, spid("1"))
	require.NoError(t, err)
	require.Equal(t, maria.User, e.User)
	// The same fiscal code from elsewhere is a hint, and no more.
	cie := spid("x")
	cie.Issuer = "https://cie.example"
	e, err = w.SignInExternal(ctx, cie)
	require.NoError(t, err)
	require.True(t, e.Twin)
	require.True(t, e.User.IsZero())
	stranger := spid("y")
	stranger.Attributes = map[string]string{"fiscalNumber": "TINIT-VRDLCU70A01H501X"}
	e, err = w.SignInExternal(ctx, stranger)
	require.NoError(t, err)
	require.False(t, e.Twin)
	w.later(15 * time.Minute)
	require.ErrorIs(t, w.LinkIdentity(ctx, luca, e.Pending), account.ErrToken, "over")
}

// Two who hold the same identity pending: one has it.
func TestIdentityIsLinkedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria, luca := w.join("maria.rossi"), w.join("luca.verdi")
	one, two, three := w.pending(spid("1")), w.pending(spid("1")), w.pending(spid("1"))
	require.Equal(t, 1, race(t, 3, func(i int) error {
		switch i {
		case 0:
			return w.LinkIdentity(ctx, maria, one)
		case 1:
			return w.LinkIdentity(ctx, luca, two)
		}
		_, err := w.SignUp(ctx, account.NewAccount{Name: "anna.neri", Pending: three})
		return err
	}, storage.ErrInvalid, account.ErrToken))
}

func TestIdentityChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []account.ExternalIdentity{
		{}, {Issuer: "x"}, {Subject: "x"}, {Issuer: strings.Repeat("x", 256), Subject: "x"}, {Issuer: "x", Subject: strings.Repeat("x", 256)},
		{Issuer: "x", Subject: "x\x00"}, {Issuer: "\xff", Subject: "x"}, {Issuer: "x", Subject: "x", Level: auth.LevelHigh + 1},
	} {
		_, err := w.SignInExternal(ctx, id)
		require.ErrorIs(t, err, storage.ErrInvalid)
	}
	longest := account.ExternalIdentity{Issuer: strings.Repeat("è", 127), Subject: strings.Repeat("\n", 255), Attributes: spid("").Attributes}
	require.NoError(t, w.LinkIdentity(ctx, w.join("maria.rossi"), w.pending(longest)))
	e, err := w.SignInExternal(ctx, longest)
	require.NoError(t, err)
	require.False(t, e.User.IsZero())
}

// S67: nobody links more identities than MaxIdentities.
func TestS67Identities(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	for i := range account.MaxIdentities {
		require.NoError(t, w.LinkIdentity(ctx, maria, w.pending(spid(fmt.Sprint(i)))))
	}
	require.Equal(t, storage.CodeTooMany, codeOf(w.LinkIdentity(ctx, maria, w.pending(spid("x")))))
}

// The last way in stays.
func TestUnlink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, err := w.SignUp(ctx, account.NewAccount{Name: "maria.rossi", Pending: w.pending(spid("1"))})
	require.NoError(t, err)
	maria, luca := auth.Actor{User: id}, w.join("luca.verdi")
	unlink := func(who auth.Actor, subject string) error {
		return w.UnlinkIdentity(ctx, who, "https://spid.example", subject)
	}
	require.Equal(t, account.CodeOnlyOne, codeOf(unlink(maria, "1")))
	require.ErrorIs(t, unlink(maria, "2"), storage.ErrNotFound)
	require.ErrorIs(t, unlink(luca, "1"), storage.ErrNotFound)
	require.NoError(t, w.LinkIdentity(ctx, maria, w.pending(spid("2"))))
	open := w.session(maria)
	require.Equal(t, 1, race(t, 2, func(i int) error { return unlink(maria, fmt.Sprint(i+1)) }, storage.ErrInvalid))
	require.ErrorIs(t, open(), session.ErrSession)
	x, err := w.Export(ctx, maria.User)
	require.NoError(t, err)
	require.Len(t, x.Identities, 1)
	require.NoError(t, w.ChangePassword(ctx, maria, account.PasswordChange{New: good}))
	maria.Level = auth.LevelSubstantial // by the identity
	e, err := w.Service.UnlinkIdentity(ctx, maria, "https://spid.example", x.Identities[0].Subject)
	require.NoError(t, err)
	a, err := w.store.Accounts().Account(ctx, maria.User)
	require.NoError(t, err)
	require.Equal(t, account.Entry{User: maria.User, Version: a.Version}, e, "known no more surely than by a password")
}

// The fiscal code is kept as a keyed hash and nowhere else, and the other
// attributes not at all.
func TestFiscalCodeIsHashed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	require.NoError(t, w.LinkIdentity(ctx, maria, w.pending(spid("1"))))
	ids, err := w.store.Accounts().Identities(ctx, maria.User)
	require.NoError(t, err)
	require.NotZero(t, ids[0].Fiscal)
	require.False(t, bytes.Contains([]byte(fmt.Sprintf("%+v", ids)), []byte("RSSMRA")))
	keyed := newWorld(t, func(c *account.Config) { c.Key = bytes.Repeat([]byte("k"), 32) })
	luca := keyed.join("luca.verdi")
	require.NoError(t, keyed.LinkIdentity(ctx, luca, keyed.pending(spid("1"))))
	other, err := keyed.store.Accounts().Identities(ctx, luca.User)
	require.NoError(t, err)
	require.NotEqual(t, ids[0].Fiscal, other[0].Fiscal, "of another key")
	// However it is written; what is none is not kept.
	for code, twin := range map[string]bool{"rssmra80a01h501u": true, " TINIT-RSSMRA80A01H501U ": true, "TINIT-RSSMRA80A01H501": false, "RSSMRA80A01H501Ù": false, "": false} {
		id := spid("z" + code)
		id.Attributes = map[string]string{"fiscalNumber": code}
		e, err := w.SignInExternal(ctx, id)
		require.NoError(t, err)
		require.Equal(t, twin, e.Twin, "%q", code)
	}
	none := newWorld(t, func(c *account.Config) { c.Key = nil })
	anna := none.join("anna.neri")
	require.NoError(t, none.LinkIdentity(ctx, anna, none.pending(spid("1"))))
	ids, err = none.store.Accounts().Identities(ctx, anna.User)
	require.NoError(t, err)
	require.Zero(t, ids[0].Fiscal)
}
