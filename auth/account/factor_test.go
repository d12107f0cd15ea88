// SPDX-License-Identifier: BSD-3-Clause

package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/storage"
)

func TestFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	_, err := w.Confirm(ctx, maria, account.Proof{Code: "000000"})
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = w.Enrol(ctx, maria, account.Proof{Password: other})
	require.ErrorIs(t, err, account.ErrSignIn)
	e, err := w.Enrol(ctx, maria, account.Proof{Password: good})
	require.NoError(t, err)
	in, err := w.signIn("maria.rossi", good)
	require.NoError(t, err)
	require.Equal(t, maria.User, in.User, "not in force yet")
	_, err = w.Confirm(ctx, maria, account.Proof{Code: "000000"})
	require.ErrorIs(t, err, account.ErrSignIn)
	recovery, err := w.Confirm(ctx, maria, account.Proof{Code: w.code(e)})
	require.NoError(t, err)
	require.Len(t, recovery, account.RecoveryCodes)
	for _, c := range recovery {
		require.Regexp(t, `^[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$`, c, "80 bits")
	}
	w.mail(account.SendFactor)
	_, err = w.Enrol(ctx, maria, account.Proof{Password: good})
	require.ErrorIs(t, err, storage.ErrExists)
	_, err = w.Confirm(ctx, maria, account.Proof{Code: w.code(e)})
	require.ErrorIs(t, err, storage.ErrExists)

	w.later(30 * time.Second)
	in, err = w.SecondStep(ctx, account.Code{Second: w.second("maria.rossi"), Code: w.code(e)})
	require.NoError(t, err)
	require.Equal(t, account.Entry{User: maria.User, Version: 4}, in)
	w.later(30 * time.Second)
	code := w.code(e)
	in, err = w.SecondStep(ctx, account.Code{Second: w.second("maria.rossi"), Code: code[:3] + " " + code[3:]})
	require.NoError(t, err, "as apps show it")
	require.Equal(t, maria.User, in.User)
}

// The clocks of two devices may be a step apart.
func TestFactorSteps(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]bool{-60 * time.Second: false, -30 * time.Second: true, 0: true, 30 * time.Second: true, 60 * time.Second: false} {
		w := newWorld(t)
		code, _ := w.withFactor(w.join("maria.rossi"))
		w.later(time.Hour)
		second := w.second("maria.rossi")
		w.later(d)
		shown := code()
		w.later(-d)
		_, err := w.SecondStep(ctx, account.Code{Second: second, Code: shown})
		require.Equal(t, want, err == nil, "%v: %v", d, err)
	}
}

// S41: a code is good once, also for another sign-in within its step, and so is
// a recovery code.
func TestS41Replay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	code, recovery := w.withFactor(maria)
	_, err := w.SecondStep(ctx, account.Code{Second: w.second("maria.rossi"), Code: code()})
	require.NoError(t, err)
	second := w.second("maria.rossi")
	_, err = w.SecondStep(ctx, account.Code{Second: second, Code: code()})
	require.ErrorIs(t, err, account.ErrSignIn)
	_, err = w.SecondStep(ctx, account.Code{Second: second, Code: strings.ToLower(strings.ReplaceAll(recovery[3], "-", " "))})
	require.NoError(t, err)
	w.mail(account.SendFactor)
	_, err = w.SecondStep(ctx, account.Code{Second: w.second("maria.rossi"), Code: recovery[3]})
	require.ErrorIs(t, err, account.ErrSignIn)
	x, err := w.Export(ctx, maria.User)
	require.NoError(t, err)
	require.Equal(t, 9, x.Factor.Left)
}

// S37, S41: of many who use one code at once one gets in.
func TestS41OneWinner(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *account.Config) { c.Account.Free = 1000 })
	code, recovery := w.withFactor(w.join("maria.rossi"))
	for what, c := range map[string]string{"step": code(), "recovery": recovery[0]} {
		second := w.second("maria.rossi")
		require.Equal(t, 1, race(t, 64, func(int) error {
			_, err := w.SecondStep(ctx, account.Code{Second: second, Code: c})
			return err
		}, account.ErrToken, account.ErrSignIn, auth.ErrLimited), what)
	}
}

// S41: neither a new password nor a wrong code opens a way round the factor.
func TestS41NoWayRound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	w.withFactor(maria)
	require.NoError(t, w.reset(w.forgot("maria.rossi")))
	e, err := w.signIn("maria.rossi", other)
	require.NoError(t, err)
	require.True(t, e.User.IsZero())
	require.NotEmpty(t, e.Second)
	// An identity that shows nothing but a password elsewhere is no second factor.
	for level, second := range map[auth.Level]bool{0: true, auth.LevelLow: true, auth.LevelSubstantial: false, auth.LevelHigh: false} {
		id := account.ExternalIdentity{Issuer: "proxy", Subject: string(rune('a' + level)), Level: level}
		p, err := w.SignInExternal(ctx, id)
		require.NoError(t, err)
		_, err = w.Service.LinkIdentity(ctx, maria, account.NewIdentity{Pending: p.Pending, Proof: account.Proof{Password: other}})
		require.NoError(t, err)
		e, err := w.SignInExternal(ctx, id)
		require.NoError(t, err)
		require.Equal(t, second, e.User.IsZero(), "level %d", level)
		require.Equal(t, second, e.Second != "", "level %d", level)
		if !second {
			require.Equal(t, level, e.Level)
		}
	}
}

// S39: the second step is counted, whether the password was right or not.
func TestS39SecondStepIsCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code, _ := w.withFactor(w.join("maria.rossi"))
	second := w.second("maria.rossi")
	for range 5 {
		_, err := w.SecondStep(ctx, account.Code{Second: second, Code: "000000"})
		require.ErrorIs(t, err, account.ErrSignIn)
	}
	_, err := w.SecondStep(ctx, account.Code{Second: second, Code: code()})
	require.ErrorIs(t, err, auth.ErrLimited)
	again := w.second("maria.rossi")
	_, err = w.SecondStep(ctx, account.Code{Second: again, Code: code()})
	require.ErrorIs(t, err, auth.ErrLimited, "beginning anew is no help")
	w.later(time.Minute)
	_, err = w.SecondStep(ctx, account.Code{Second: second, Code: code()})
	require.NoError(t, err, "whoever else knows the password does not cancel it")
	w.later(30 * time.Second)
	_, err = w.SecondStep(ctx, account.Code{Second: again, Code: code()})
	require.NoError(t, err)
}

// S42: what was begun for one person is never ended by another's code.
func TestS42OwnFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mariasCode, mariasRecovery := w.withFactor(w.join("maria.rossi"))
	lucasCode, _ := w.withFactor(w.join("luca.verdi"))
	w.later(time.Minute)
	maria, luca := w.second("maria.rossi"), w.second("luca.verdi")
	for _, c := range []string{mariasCode(), mariasRecovery[0]} {
		_, err := w.SecondStep(ctx, account.Code{Second: luca, Code: c})
		require.ErrorIs(t, err, account.ErrSignIn)
	}
	_, err := w.SecondStep(ctx, account.Code{Second: maria[:22] + luca[22:], Code: mariasCode()})
	require.ErrorIs(t, err, account.ErrToken)
	_, err = w.SecondStep(ctx, account.Code{Second: luca, Code: lucasCode()})
	require.NoError(t, err)
	w.later(5 * time.Minute)
	_, err = w.SecondStep(ctx, account.Code{Second: maria, Code: mariasCode()})
	require.ErrorIs(t, err, account.ErrToken, "over")
}

// A short password needs a second factor, and the factor stays while it is.
func TestShortPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	code, recovery := w.withFactor(maria)
	require.NoError(t, w.ChangePassword(ctx, maria, account.PasswordChange{Old: good, New: short}))
	require.Equal(t, account.CodeTooShort, codeOf(w.ChangePassword(ctx, maria, account.PasswordChange{Old: short, New: "zq7 kum"})))
	err := w.RemoveFactor(ctx, maria, account.Proof{Password: short, Code: code()})
	require.Equal(t, account.CodeOnlyOne, codeOf(err))
	_, err = w.signIn("maria.rossi", short)
	require.NoError(t, err)
	require.NoError(t, w.ChangePassword(ctx, maria, account.PasswordChange{Old: short, New: other}))
	w.later(30 * time.Second)
	require.ErrorIs(t, w.RemoveFactor(ctx, maria, account.Proof{Password: other, Code: "000000"}), account.ErrSignIn)
	require.ErrorIs(t, w.RemoveFactor(ctx, maria, account.Proof{Password: good, Code: code()}), account.ErrSignIn)
	require.NoError(t, w.RemoveFactor(ctx, maria, account.Proof{Password: other, Code: code()}))
	w.mail(account.SendFactor)
	e, err := w.signIn("maria.rossi", other)
	require.NoError(t, err)
	require.Equal(t, maria.User, e.User)
	x, err := w.Export(ctx, maria.User)
	require.NoError(t, err)
	require.Equal(t, account.FactorState{}, x.Factor)
	require.Equal(t, account.CodeTooShort, codeOf(w.ChangePassword(ctx, maria, account.PasswordChange{Old: other, New: short})))
	_, err = w.NewRecovery(ctx, maria, account.Proof{Password: other, Code: recovery[0]})
	require.ErrorIs(t, err, account.ErrSignIn, "codes go with the factor")
}

// A short password is never left alone, whatever happens at once.
func TestShortPasswordRace(t *testing.T) {
	t.Parallel()
	for range 30 {
		w := newWorld(t)
		maria := w.join("maria.rossi")
		code, _ := w.withFactor(maria)
		now := code()
		race(t, 2, func(i int) error {
			if i == 0 {
				return w.ChangePassword(ctx, maria, account.PasswordChange{Old: good, New: short})
			}
			return w.RemoveFactor(ctx, maria, account.Proof{Password: good, Code: now})
		}, storage.ErrInvalid, account.ErrSignIn)
		a, err := w.store.Accounts().Account(ctx, maria.User)
		require.NoError(t, err)
		_, err = w.store.Accounts().Factor(ctx, maria.User)
		require.False(t, a.Short && err != nil)
	}
}

func TestNewRecovery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	code, old := w.withFactor(maria)
	fresh, err := w.NewRecovery(ctx, maria, account.Proof{Password: good, Code: old[0]})
	require.NoError(t, err)
	require.Len(t, fresh, account.RecoveryCodes)
	_, err = w.NewRecovery(ctx, maria, account.Proof{Password: good, Code: old[1]})
	require.ErrorIs(t, err, account.ErrSignIn)
	_, err = w.NewRecovery(ctx, maria, account.Proof{Password: good, Code: code()})
	require.NoError(t, err)
	_, err = w.NewRecovery(ctx, maria, account.Proof{Password: good, Code: code()})
	require.ErrorIs(t, err, account.ErrSignIn, "one step is accepted once, for whatever")
}

// The secret is kept sealed, for one person.
func TestFactorIsSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria, luca := w.join("maria.rossi"), w.join("luca.verdi")
	code, _ := w.withFactor(maria)
	lucasCode, _ := w.withFactor(luca)
	f, err := w.store.Accounts().Factor(ctx, maria.User)
	require.NoError(t, err)
	require.Len(t, f.Sealed, 12+20+16)
	f.User = luca.User // somebody writes into the database
	require.NoError(t, w.store.Accounts().Apply(ctx, account.PutFactor{Factor: f}))
	second := w.second("luca.verdi")
	for _, c := range []string{code(), lucasCode()} {
		_, err = w.SecondStep(ctx, account.Code{Second: second, Code: c})
		require.ErrorIs(t, err, auth.ErrDenied)
	}
	none := newWorld(t, func(c *account.Config) { c.Key = nil })
	_, err = none.Enrol(ctx, none.join("maria.rossi"), account.Proof{Password: good})
	var denied *auth.Denied
	require.ErrorAs(t, err, &denied)
	require.Equal(t, account.ReasonNoKey, denied.Reason)
}
