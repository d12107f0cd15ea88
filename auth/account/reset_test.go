// SPDX-License-Identifier: BSD-3-Clause

package account_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
)

// forgot has a link to choose a new password sent, and returns its secret.
func (w *world) forgot(name string) string {
	w.t.Helper()
	require.NoError(w.t, w.RequestReset(ctx, name+"@comune.example", ""))
	return w.mail(account.SendReset).Secret
}

func (w *world) reset(secret string) error {
	return w.Reset(ctx, account.NewPassword{Secret: secret, Password: other})
}

func TestReset(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	open := w.session(maria)
	secret := w.forgot("maria.rossi")
	for _, pw := range []string{"", short, "passwordpassword", "maria.rossi 1234567"} {
		err := w.Reset(ctx, account.NewPassword{Secret: secret, Password: pw})
		require.ErrorIs(t, err, storage.ErrInvalid, "%q", pw)
	}
	require.NoError(t, w.reset(secret), "a password that is refused does not use the link up")
	require.Equal(t, "maria.rossi@comune.example", w.mail(account.SendPassword).To)
	_, err := w.signIn("maria.rossi", good)
	require.ErrorIs(t, err, account.ErrSignIn)
	_, err = w.signIn("maria.rossi", other)
	require.NoError(t, err)
	require.ErrorIs(t, open(), session.ErrSession, "sessions end")
}

// S36: a link is good once, for an hour, for what it was sent for, while it is
// the last, and while the address is the one it was sent to.
func TestS36ResetTokens(t *testing.T) {
	t.Parallel()
	for what, spoil := range map[string]func(w *world, who auth.Actor, secret string){
		"used":     func(w *world, _ auth.Actor, secret string) { require.NoError(w.t, w.reset(secret)) },
		"replaced": func(w *world, _ auth.Actor, _ string) { w.forgot("maria.rossi") },
		"over":     func(w *world, _ auth.Actor, _ string) { w.later(time.Hour) },
		"password changed": func(w *world, who auth.Actor, _ string) {
			require.NoError(w.t, w.ChangePassword(ctx, who, account.PasswordChange{Old: good, New: other}))
		},
		"address changed": func(w *world, who auth.Actor, _ string) {
			require.NoError(w.t, w.ChangeAddress(ctx, who, account.AddressChange{Address: "maria@altro.example", Password: good}))
			_, err := w.Verify(ctx, w.mail(account.SendChange).Secret)
			require.NoError(w.t, err)
		},
		"disabled": func(w *world, who auth.Actor, _ string) { require.NoError(w.t, w.Disable(ctx, auth.Actor{}, who.User)) },
		"disabled and enabled": func(w *world, who auth.Actor, _ string) {
			require.NoError(w.t, w.Disable(ctx, auth.Actor{}, who.User))
			require.NoError(w.t, w.Enable(ctx, auth.Actor{}, who.User))
		},
		"erased": func(w *world, who auth.Actor, _ string) { require.NoError(w.t, w.Erase(ctx, who.User)) },
	} {
		w := newWorld(t)
		maria := w.join("maria.rossi")
		secret := w.forgot("maria.rossi")
		spoil(w, maria, secret)
		require.ErrorIs(t, w.reset(secret), account.ErrToken, what)
		if b, err := base64.RawURLEncoding.DecodeString(secret); what != "over" {
			require.NoError(t, err)
			_, err = w.store.Accounts().Token(ctx, [16]byte(b))
			require.ErrorIs(t, err, storage.ErrNotFound, "%s: it is dropped as well", what)
		}
	}
	w := newWorld(t)
	w.join("maria.rossi")
	secret := w.forgot("maria.rossi")
	w.later(time.Hour - time.Microsecond)
	require.NoError(t, w.reset(secret), "until the last moment")
}

// S36: a secret is 48 random bytes, and is kept only as a hash.
func TestS36Secrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *account.Config) { c.Account.Free = 1000 })
	w.join("maria.rossi")
	seen := map[string]bool{}
	for range 3 {
		secret := w.forgot("maria.rossi")
		w.later(24 * time.Hour)
		b, err := base64.RawURLEncoding.DecodeString(secret)
		require.NoError(t, err)
		require.Len(t, b, 48)
		require.False(t, seen[secret[:20]])
		seen[secret[:20]] = true
		tok, err := w.store.Accounts().Token(ctx, [16]byte(b))
		require.NoError(t, err)
		require.NotContains(t, string(tok.Hash[:])+string(tok.About)+tok.Address, string(b[16:]))
	}
}

// S44: a secret that was cut, lengthened, changed or written otherwise opens
// nothing.
func TestS44ChangedSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("maria.rossi")
	secret := w.forgot("maria.rossi")
	require.Len(t, secret, 64)
	bad := []string{"", "x", secret + "A", secret + "=", secret + "\n", "\n" + secret, secret[:63] + "\n", secret[:22], strings.Repeat("A", 64), strings.Repeat("A", 1<<20), secret[:21] + strings.Repeat("A", 43), "é" + secret[2:]}
	for i := range secret {
		c := byte('A')
		if secret[i] == c {
			c = 'B'
		}
		bad = append(bad, secret[:i], secret[:i]+string(c)+secret[i+1:])
	}
	for _, s := range bad {
		require.ErrorIs(t, w.reset(s), account.ErrToken, "%.80q", s)
	}
	require.NoError(t, w.reset(secret))
}

// What a secret was given for is all it is good for.
func TestS36Purposes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	_, recovery := w.withFactor(maria)
	secrets := map[string]string{"reset": w.forgot("maria.rossi")}
	require.NoError(t, w.ChangeAddress(ctx, maria, account.AddressChange{Address: "maria@altro.example", Password: good}))
	secrets["address"] = w.mail(account.SendChange).Secret
	secrets["second"] = w.second("maria.rossi")
	e, err := w.SignInExternal(ctx, account.ExternalIdentity{Issuer: "spid", Subject: "1"})
	require.NoError(t, err)
	secrets["link"] = e.Pending
	for given, secret := range secrets {
		for use, fn := range map[string]func() error{
			"reset":   func() error { return w.reset(secret) },
			"address": func() error { _, err := w.Verify(ctx, secret); return err },
			"second": func() error {
				_, err := w.SecondStep(ctx, account.Code{Second: secret, Code: recovery[0]})
				return err
			},
			"link": func() error { return w.LinkIdentity(ctx, maria, secret) },
		} {
			if use != given {
				require.ErrorIs(t, fn(), account.ErrToken, "%s for %s", given, use)
			}
		}
	}
	require.NoError(t, w.LinkIdentity(ctx, maria, secrets["link"]))
	_, err = w.SecondStep(ctx, account.Code{Second: secrets["second"], Code: recovery[0]})
	require.NoError(t, err)
}

// S37: of many who use one link at once one succeeds.
func TestS37OneWinner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("maria.rossi")
	for range 5 {
		secret := w.forgot("maria.rossi")
		require.Equal(t, 1, race(t, 64, func(int) error { return w.reset(secret) }, account.ErrToken))
		w.later(24 * time.Hour)
	}
}

// Two links for one account, used at once, may both be good only for different
// things; a reset drops the others.
func TestS37TwoLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	secret := w.forgot("maria.rossi")
	require.NoError(t, w.ChangeAddress(ctx, maria, account.AddressChange{Address: "maria@altro.example", Password: good}))
	link := w.mail(account.SendChange).Secret
	won := race(t, 2, func(i int) error {
		if i == 0 {
			return w.reset(secret)
		}
		_, err := w.Verify(ctx, link)
		return err
	}, account.ErrToken)
	require.Equal(t, 1, won)
}

// Only whoever has a password, and has proved an address, can have it reset:
// an account of an identity alone is not opened by an e-mail.
func TestResetNeedsPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e, err := w.SignInExternal(ctx, account.ExternalIdentity{Issuer: "spid", Subject: "1", Level: auth.LevelSubstantial})
	require.NoError(t, err)
	_, err = w.SignUp(ctx, account.NewAccount{Name: "maria.rossi", Address: "maria.rossi@comune.example", Pending: e.Pending})
	require.NoError(t, err)
	_, err = w.Verify(ctx, w.mail(account.SendVerify).Secret)
	require.NoError(t, err)
	require.NoError(t, w.RequestReset(ctx, "maria.rossi@comune.example", ""))
	w.silent()
}

func TestResetsAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("maria.rossi")
	for _, address := range []string{"maria.rossi@comune.example", "nobody@comune.example"} {
		for range 3 {
			require.NoError(t, w.RequestReset(ctx, address, "192.0.2.1"))
		}
		var limited *auth.Limited
		require.ErrorAs(t, w.RequestReset(ctx, address, "192.0.2.1"), &limited)
		require.Equal(t, auth.Limited{Action: account.ActMail, After: time.Minute}, *limited)
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	open := w.session(maria)
	require.ErrorIs(t, w.ChangePassword(ctx, auth.Visitor, account.PasswordChange{New: other}), auth.ErrDenied)
	require.ErrorIs(t, w.ChangePassword(ctx, maria, account.PasswordChange{New: other}), account.ErrSignIn)
	require.ErrorIs(t, w.ChangePassword(ctx, maria, account.PasswordChange{Old: other, New: other}), account.ErrSignIn)
	require.Equal(t, account.CodeTooShort, codeOf(w.ChangePassword(ctx, maria, account.PasswordChange{Old: good, New: short})))
	w.silent()
	require.NoError(t, w.ChangePassword(ctx, maria, account.PasswordChange{Old: good, New: other}))
	w.mail(account.SendPassword)
	require.ErrorIs(t, open(), session.ErrSession)
	_, err := w.signIn("maria.rossi", other)
	require.NoError(t, err)
	for range 10 {
		err = w.ChangePassword(ctx, maria, account.PasswordChange{Old: good, New: other})
	}
	require.ErrorIs(t, err, auth.ErrLimited, "the old password is not found out by trying")
}
