// SPDX-License-Identifier: BSD-3-Clause

package account_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
)

// S35: whoever may not act is let in by nothing, and what they hold opens
// nothing; nothing but Enable changes that.
func TestS35Disabled(t *testing.T) {
	t.Parallel()
	desk := auth.Actor{User: storage.NewID[auth.User]()}
	for what, keepOut := range map[string]func(w *world, who auth.Actor){
		"disabled": func(w *world, who auth.Actor) { require.NoError(w.t, w.Disable(ctx, desk, who.User)) },
		"erased":   func(w *world, who auth.Actor) { require.NoError(w.t, w.Erase(ctx, who.User)) },
	} {
		w := newWorld(t)
		maria := w.join("maria.rossi")
		require.NoError(t, w.LinkIdentity(ctx, maria, w.pending(spid("1"))))
		code, _ := w.withFactor(maria)
		open, reset, second, pending := w.session(maria), w.forgot("maria.rossi"), w.second("maria.rossi"), w.pending(spid("2"))
		require.NoError(t, w.ChangeAddress(ctx, maria, account.AddressChange{Address: "maria@altro.example", Password: good}))
		link := w.mail(account.SendChange).Secret
		require.NoError(t, w.MayAct(ctx, maria.User))
		require.NoError(t, open())

		keepOut(w, maria)

		require.ErrorIs(t, w.MayAct(ctx, maria.User), auth.ErrDenied, what)
		require.ErrorIs(t, open(), session.ErrSession, what)
		for way, try := range map[string]func() error{
			"password": func() error { _, err := w.signIn("maria.rossi", good); return err },
			"second": func() error {
				_, err := w.SecondStep(ctx, account.Code{Second: second, Code: code()})
				return err
			},
			"identity": func() error {
				e, err := w.SignInExternal(ctx, spid("1"))
				if err == nil && e.User.IsZero() && e.Pending != "" && what == "erased" {
					return account.ErrSignIn // a stranger
				}
				return err
			},
			"reset":   func() error { return w.reset(reset) },
			"address": func() error { _, err := w.Verify(ctx, link); return err },
			"link":    func() error { return w.LinkIdentity(ctx, maria, pending) },
			"unlink":  func() error { return w.UnlinkIdentity(ctx, maria, "https://spid.example", "1") },
			"password change": func() error {
				return w.ChangePassword(ctx, maria, account.PasswordChange{Old: good, New: other})
			},
			"rename": func() error { return w.Rename(ctx, maria, "maria.bianchi") },
			"agree":  func() error { return w.Agree(ctx, maria) },
			"enrol":  func() error { _, err := w.Enrol(ctx, maria, account.Proof{Password: good}); return err },
			"recovery": func() error {
				_, err := w.NewRecovery(ctx, maria, account.Proof{Password: good, Code: code()})
				return err
			},
			"remove": func() error { return w.RemoveFactor(ctx, maria, account.Proof{Password: good, Code: code()}) },
			"verify": func() error { return w.RequestVerify(ctx, maria) },
			"change": func() error { return w.ChangeAddress(ctx, maria, account.AddressChange{Address: "m@altro.example"}) },
		} {
			err := try()
			require.True(t, in(err, account.ErrSignIn, account.ErrToken, auth.ErrDenied), "%s by %s: %v", what, way, err)
		}
		require.NoError(t, w.RequestReset(ctx, "maria.rossi@comune.example", ""))
		w.silent()
		if what == "erased" {
			require.ErrorIs(t, w.Enable(ctx, desk, maria.User), storage.ErrNotFound)
			continue
		}
		require.NoError(t, w.Enable(ctx, desk, maria.User))
		require.NoError(t, w.MayAct(ctx, maria.User))
		require.ErrorIs(t, open(), session.ErrSession, "what was ended stays so")
		w.later(time.Hour)
		_, err := w.signIn("maria.rossi", good)
		require.NoError(t, err)
	}
}

// S35: a sign-in that is under way when the account is disabled leads nowhere.
func TestS35DisabledMeanwhile(t *testing.T) {
	t.Parallel()
	for range 20 {
		w := newWorld(t)
		maria := w.join("maria.rossi")
		race(t, 2, func(i int) error {
			if i == 0 {
				return w.Disable(ctx, auth.Actor{}, maria.User)
			}
			_, err := w.signIn("maria.rossi", good)
			return err
		}, account.ErrSignIn)
		require.ErrorIs(t, w.MayAct(ctx, maria.User), auth.ErrDenied)
	}
}

// Who may disable is for the authorizer to say.
func TestDisableIsAuthorized(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *account.Config) { c.Auth = nil })
	maria := w.join("maria.rossi")
	for _, err := range []error{w.Disable(ctx, maria, maria.User), w.Enable(ctx, maria, maria.User), w.Disable(ctx, auth.Visitor, storage.NewID[auth.User]())} {
		require.ErrorIs(t, err, auth.ErrDenied)
	}
	require.NoError(t, w.MayAct(ctx, maria.User))
	w = newWorld(t)
	require.ErrorIs(t, w.Disable(ctx, auth.Actor{}, storage.NewID[auth.User]()), storage.ErrNotFound)
}

func TestRename(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	err := w.Rename(ctx, maria, "maria.bianchi")
	require.Equal(t, account.CodeTooSoon, codeOf(err))
	require.NoError(t, w.Rename(ctx, maria, "maria.rossi"), "no change is none")
	w.later(account.NameKept)
	for name, code := range map[string]string{"moderatore": account.CodeReserved, "x": account.CodeTooShort, "mаria": account.CodeMixed} {
		require.Equal(t, code, codeOf(w.Rename(ctx, maria, name)))
	}
	require.NoError(t, w.Rename(ctx, maria, "maria.bianchi"))
	names, err := w.Names(ctx, []auth.UserID{maria.User})
	require.NoError(t, err)
	require.Equal(t, map[auth.UserID]string{maria.User: "maria.bianchi"}, names)
	_, err = w.signIn("maria.rossi", good)
	require.ErrorIs(t, err, account.ErrSignIn, "nobody signs in by a former name")
	_, err = w.signIn("maria.bianchi", good)
	require.NoError(t, err)
	w.later(account.NameKept)
	require.NoError(t, w.Rename(ctx, maria, "Maria.Rossi"), "it stayed hers")
}

// S74: nobody follows another under their name, neither after a change nor
// after an erasure, and no id is used twice.
func TestS74NamesAreNotRecycled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria, luca := w.join("maria.rossi"), w.join("luca.verdi")
	w.later(account.NameKept)
	require.NoError(t, w.Rename(ctx, maria, "maria.bianchi"))
	require.Equal(t, account.CodeTaken, codeOf(w.Rename(ctx, luca, "maria.rossi")))
	require.NoError(t, w.Erase(ctx, maria.User))
	for _, name := range []string{"maria.rossi", "maria.bianchi", "Marla.Bianchi"} {
		require.Equal(t, account.CodeTaken, codeOf(w.Rename(ctx, luca, name)), name)
		_, err := w.SignUp(ctx, account.NewAccount{Name: name, Password: good})
		require.Equal(t, account.CodeTaken, codeOf(err), name)
	}
	named, err := w.Named(ctx, []string{"maria.rossi", "maria.bianchi", "luca.verdi"})
	require.NoError(t, err)
	require.Equal(t, map[string]auth.UserID{"luca.verdi": luca.User}, named)
	// The address is free again: it is its owner's, not the account's.
	again, err := w.SignUp(ctx, account.NewAccount{Name: "maria.neri", Address: "maria.rossi@comune.example", Password: good})
	require.NoError(t, err)
	require.NotEqual(t, maria.User, again)
	_, err = w.Verify(ctx, w.mail(account.SendVerify).Secret)
	require.NoError(t, err)
}

// People are found by a name however it is written, for mentions.
func TestPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria, luca := w.join("Maria.Rossi"), w.join("luca.verdi")
	text, ids, err := auth.StoreMentions(ctx, w, "ciao @maria.rossi, @LUCA.VERDI. e @nessuno2")
	require.NoError(t, err)
	require.Equal(t, []auth.UserID{maria.User, luca.User}, ids)
	names, err := w.Names(ctx, ids)
	require.NoError(t, err)
	require.Equal(t, "ciao @Maria.Rossi, @luca.verdi. e @nessuno2", auth.ShowMentions(text, func(id auth.UserID) string { return "@" + names[id] }))
}

// S45: nothing but a link that was sent verifies an address.
func TestS45Verification(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, err := w.SignUp(ctx, account.NewAccount{Name: "luca.verdi", Address: "capo@comune.example", Password: good})
	require.NoError(t, err)
	luca := auth.Actor{User: id}
	link := w.mail(account.SendVerify)
	require.Equal(t, "capo@comune.example", link.To)
	verified := func() bool {
		boxes, err := w.Mailboxes(ctx, luca.User)
		require.NoError(t, err)
		return len(boxes) == 1
	}
	require.NoError(t, w.ChangePassword(ctx, luca, account.PasswordChange{Old: good, New: other}))
	_, err = w.Verify(ctx, link.Secret)
	require.ErrorIs(t, err, account.ErrToken, "links end with the password")
	require.NoError(t, w.RequestVerify(ctx, luca))
	link = w.mail(account.SendVerify)
	require.NoError(t, w.ChangeAddress(ctx, luca, account.AddressChange{Address: "luca@casa.example", Password: other}))
	change := w.mail(account.SendChange)
	require.False(t, verified())
	_, err = w.signIn("capo@comune.example", other)
	require.ErrorIs(t, err, account.ErrSignIn, "who has not proved an address does not sign in by it")
	_, err = w.Verify(ctx, change.Secret)
	require.NoError(t, err)
	_, err = w.Verify(ctx, link.Secret)
	require.ErrorIs(t, err, account.ErrToken, "proves an address that it is not any more")
	require.True(t, verified())
	_, err = w.signIn("luca@casa.example", other)
	require.NoError(t, err)
	require.NoError(t, w.RequestVerify(ctx, luca))
	w.silent()
}

func TestChangeAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria, luca := w.join("maria.rossi"), w.join("luca.verdi")
	open := w.session(maria)
	require.ErrorIs(t, w.ChangeAddress(ctx, maria, account.AddressChange{Address: "maria@altro.example"}), account.ErrSignIn)
	require.NoError(t, w.ChangeAddress(ctx, maria, account.AddressChange{Address: "maria@altro.example", Password: good}))
	link := w.mail(account.SendChange)
	require.Equal(t, "maria@altro.example", link.To)
	require.NoError(t, open(), "nothing has changed yet")
	who, err := w.Verify(ctx, link.Secret)
	require.NoError(t, err)
	require.Equal(t, maria.User, who)
	require.Equal(t, account.Message{Kind: account.SendMoved, To: "maria.rossi@comune.example", Name: "maria.rossi", Address: "maria@altro.example"}, w.mail(account.SendMoved))
	require.ErrorIs(t, open(), session.ErrSession)
	// An address that is another's: its owner is told, and nobody else.
	require.NoError(t, w.ChangeAddress(ctx, luca, account.AddressChange{Address: "maria@altro.example", Password: good}))
	require.Equal(t, "maria@altro.example", w.mail(account.SendTaken).To)
	w.silent()
}

// S32: an address counts when it is proved, in its canonical form.
func TestS32Mailboxes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	boxes, err := w.Mailboxes(ctx, maria.User)
	require.NoError(t, err)
	for address, same := range map[string]bool{
		"MARIA.ROSSI@Comune.Example": true, " maria.rossi@comune.example ": true, "maria.rossi@comune.example.": false, "mariarossi@comune.example": false,
		"maria.rossi+x@comune.example": false, "maria.rossi@sub.comune.example": false, "maria.rossi@comune.example@evil.example": false,
	} {
		_, m, err := account.ParseAddress(address)
		require.Equal(t, same, err == nil && boxes[0] == m, "%q", address)
	}
	none, err := w.Mailboxes(ctx, storage.NewID[auth.User]())
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestConsent(t *testing.T) {
	t.Parallel()
	next := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	w := newWorld(t, func(c *account.Config) {
		c.Terms = []account.Document{{Name: "privacy", Edition: "1"}, {Name: "terms", Edition: "1"}, {Name: "terms", Edition: "2", From: next}}
	})
	maria := w.join("maria.rossi")
	owed, err := w.Owed(ctx, maria.User)
	require.NoError(t, err)
	require.Empty(t, owed)
	w.later(30 * 24 * time.Hour)
	e, err := w.signIn("maria.rossi", good)
	require.NoError(t, err)
	require.Equal(t, []account.Document{{Name: "terms", Edition: "2", From: next}}, e.Owed)
	require.Equal(t, storage.CodeUnknown, codeOf(w.Agree(ctx, maria, account.Document{Name: "terms", Edition: "1"})))
	require.ErrorIs(t, w.Agree(ctx, auth.Visitor, e.Owed...), auth.ErrDenied)
	require.NoError(t, w.Agree(ctx, maria, e.Owed...))
	require.NoError(t, w.Agree(ctx, maria, e.Owed...))
	owed, err = w.Owed(ctx, maria.User)
	require.NoError(t, err)
	require.Empty(t, owed)
	x, err := w.Export(ctx, maria.User)
	require.NoError(t, err)
	require.Len(t, x.Consents, 3)
}

// S15: what leaves the package of a person, but to themselves, is no function
// of their address: names, and nothing else.
func TestS15NothingOfTheAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	code, _ := w.withFactor(maria)
	_, err := w.SecondStep(ctx, account.Code{Second: w.second("maria.rossi"), Code: code()})
	require.NoError(t, err)
	claimed, err := w.store.Claim(ctx, w.clock(), time.Minute, 100)
	require.NoError(t, err)
	require.NotEmpty(t, claimed)
	for _, d := range claimed {
		require.Zero(t, d.Event.Audience, "for nobody")
		var payload map[string]any
		require.NoError(t, json.Unmarshal(d.Event.Data, &payload))
		for field := range payload {
			require.Contains(t, []string{"user", "by"}, field)
		}
	}
	for _, returned := range []reflect.Type{reflect.TypeFor[account.Entry](), reflect.TypeFor[account.Event]()} {
		for i := range returned.NumField() {
			require.NotContains(t, strings.ToLower(returned.Field(i).Name), "address")
			require.NotContains(t, strings.ToLower(returned.Field(i).Name), "mailbox")
		}
	}
}

// S78: nothing that opens anything is in an export, an error or an event.
func TestS78SecretsStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	require.NoError(t, w.LinkIdentity(ctx, maria, w.pending(spid("1"))))
	_, recovery := w.withFactor(maria)
	reset, second := w.forgot("maria.rossi"), w.second("maria.rossi")
	x, err := w.Export(ctx, maria.User)
	require.NoError(t, err)
	b, err := json.Marshal(x)
	require.NoError(t, err)
	texts := []string{string(b)}
	for _, err := range []error{
		w.reset(reset[:63] + "!"), w.Reset(ctx, account.NewPassword{Secret: reset, Password: "q9#"}),
		w.ChangePassword(ctx, maria, account.PasswordChange{Old: other, New: good}), w.Rename(ctx, maria, "maria\x1b[31m"),
		w.ChangeAddress(ctx, maria, account.AddressChange{Address: "maria@@x", Password: good}),
	} {
		require.Error(t, err)
		texts = append(texts, fmt.Sprintf("%v %+v", err, err))
	}
	_, err = w.SecondStep(ctx, account.Code{Second: second, Code: recovery[0] + "x"})
	texts = append(texts, err.Error())
	claimed, err := w.store.Claim(ctx, w.clock(), time.Minute, 100)
	require.NoError(t, err)
	for _, d := range claimed {
		texts = append(texts, string(d.Event.Data))
	}
	a, err := w.store.Accounts().Account(ctx, maria.User)
	require.NoError(t, err)
	for _, text := range texts {
		for _, secret := range []string{good, other, "q9#", reset, reset[:22], second, recovery[0], a.Password, "RSSMRA", "\x1b", "argon2"} {
			require.NotContains(t, text, secret)
		}
	}
	require.Contains(t, texts[0], "maria.rossi@comune.example")
	require.Contains(t, texts[0], "https://spid.example")
	_, err = w.Export(ctx, storage.NewID[auth.User]())
	require.ErrorIs(t, err, storage.ErrNotFound)
}

// S67: every field has an end, which is said before anything is looked for.
func TestS67Fields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	long := strings.Repeat("x", 1<<20)
	for what, err := range map[string]error{
		"name":     second(w.SignUp(ctx, account.NewAccount{Name: long, Password: good})),
		"address":  second(w.SignUp(ctx, account.NewAccount{Name: "luca.verdi", Address: long, Password: good})),
		"password": second(w.SignUp(ctx, account.NewAccount{Name: "luca.verdi", Password: long})),
		"rename":   w.Rename(ctx, maria, long),
		"mail":     w.RequestReset(ctx, long, ""),
		"issuer":   second(w.SignInExternal(ctx, account.ExternalIdentity{Issuer: long, Subject: "x"})),
	} {
		require.Equal(t, storage.CodeTooLong, codeOf(err), what)
	}
	for what, err := range map[string]error{
		"name":     second(w.SignIn(ctx, account.Credentials{Name: long, Password: good, Source: long})),
		"password": second(w.SignIn(ctx, account.Credentials{Name: "maria.rossi", Password: long})),
		"token":    second(w.SecondStep(ctx, account.Code{Second: long, Code: long})),
		"reset":    w.reset(long),
	} {
		require.True(t, in(err, account.ErrSignIn, account.ErrToken), what)
	}
}

func second[T any](_ T, err error) error { return err }

func TestErase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	w.withFactor(maria)
	open := w.session(maria)
	require.NoError(t, w.Erase(ctx, maria.User))
	require.NoError(t, w.Erase(ctx, maria.User))
	require.NoError(t, w.Erase(ctx, storage.NewID[auth.User]()))
	require.ErrorIs(t, open(), session.ErrSession)
	_, err := w.Export(ctx, maria.User)
	require.ErrorIs(t, err, storage.ErrNotFound)
	names, err := w.Names(ctx, []auth.UserID{maria.User})
	require.NoError(t, err)
	require.Empty(t, names)
}

func TestForget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("maria.rossi")
	secret := w.forgot("maria.rossi")
	_, err := w.signIn("nobody.here", good)
	require.Error(t, err)
	require.NoError(t, w.Forget(ctx))
	require.NoError(t, w.reset(secret), "what is good is not forgotten")
	w.forgot("maria.rossi")
	w.later(31 * 24 * time.Hour)
	require.NoError(t, w.Forget(ctx))
}

// S35, S36: every way in asks the gate and the address itself, also where links
// were not dropped.
func TestS35GateIsAskedEverywhere(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(a *account.Account){
		"disabled": func(a *account.Account) { a.Disabled = true },
		"moved":    func(a *account.Account) { a.Address = "maria@altro.example" },
	} {
		w := newWorld(t)
		maria := w.join("maria.rossi")
		code, _ := w.withFactor(maria)
		secret, second := w.forgot("maria.rossi"), w.second("maria.rossi")
		a, err := w.store.Accounts().Account(ctx, maria.User)
		require.NoError(t, err)
		change(&a)
		require.NoError(t, w.store.Accounts().Apply(ctx, account.UpdateAccount{Account: a}))
		require.ErrorIs(t, w.reset(secret), account.ErrToken, what)
		_, err = w.SecondStep(ctx, account.Code{Second: second, Code: code()})
		require.Equal(t, a.Disabled, in(err, account.ErrSignIn), what)

		id, err := w.SignUp(ctx, account.NewAccount{Name: "luca.verdi", Address: "luca.verdi@comune.example", Password: good})
		require.NoError(t, err)
		link := w.mail(account.SendVerify).Secret
		a, err = w.store.Accounts().Account(ctx, id)
		require.NoError(t, err)
		change(&a)
		require.NoError(t, w.store.Accounts().Apply(ctx, account.UpdateAccount{Account: a}))
		_, err = w.Verify(ctx, link)
		require.True(t, in(err, account.ErrToken, auth.ErrDenied), what)
	}
}
