// SPDX-License-Identifier: BSD-3-Clause

package session_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/storage"
)

// The attack scenarios of sessions, by their numbers. What comes at once is in
// package storetest.

// S24: an open session or token still works after its owner was put out.
func TestS24StaleRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, _ := w.start()
	pass, _ := w.issue()
	w.in(secret)
	w.out[w.who.User] = &auth.Denied{Reason: "away"}
	w.noOne(secret) // the very next call
	w.noOne(pass)
	delete(w.out, w.who.User)
	w.in(secret)
	_, err := w.CheckToken(w.ctx, pass)
	require.NoError(t, err)
	require.NoError(t, w.store.Apply(w.ctx, session.Ends(w.who.User)...)) // with what puts them out for good
	w.noOne(secret)
	w.noOne(pass)
}

// S35: a disabled account is let in by another way, or keeps its tokens.
func TestS35OneGate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, _ := w.start()
	pass, _ := w.issue()
	w.out[w.who.User] = fmt.Errorf("host: %w", auth.ErrDenied)
	w.noOne(secret)
	w.noOne(pass)
	_, _, err := w.Start(w.ctx, session.NewSession{User: w.who.User, Level: auth.LevelHigh})
	require.EqualError(t, err, "session.Start: not signed in")
	_, _, err = w.Raise(w.ctx, secret, auth.LevelHigh)
	require.EqualError(t, err, "session.Raise: not signed in")
	_, _, err = w.Issue(w.ctx, w.who, w.newToken())
	require.EqualError(t, err, "session.Issue: not signed in")
}

// S40: a session that was planted, or that outlives what ought to end it.
func TestS40Fixation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	thief := auth.Actor{User: storage.NewID[auth.User]()}
	planted, theirs, err := w.Start(w.ctx, session.NewSession{User: thief.User})
	require.NoError(t, err)
	secret, v, err := w.Start(w.ctx, session.NewSession{User: w.who.User, Replaces: planted})
	require.NoError(t, err)
	require.NotEqual(t, planted, secret)
	require.NotEqual(t, theirs.ID, v.ID)
	w.noOne(planted)

	// A secret of the attacker's own making becomes nobody's.
	made := strings.Repeat("A", 64)
	_, _, err = w.Start(w.ctx, session.NewSession{User: w.who.User, Replaces: made})
	require.NoError(t, err)
	w.noOne(made)

	raised, now, err := w.Raise(w.ctx, secret, auth.LevelHigh)
	require.NoError(t, err)
	require.Equal(t, v.ID, now.ID)
	require.NotEqual(t, secret, raised)
	w.noOne(secret)
	require.Equal(t, auth.LevelHigh, w.in(raised).Level)

	// Signed out is signed out, everywhere.
	require.NoError(t, w.End(w.ctx, w.who, v.ID))
	w.noOne(raised)
}

// S44: a secret that is nearly right is as wrong as any.
func TestS44ExactSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, _ := w.start()
	pass, _ := w.issue()
	w.pass(15 * time.Minute)
	fresh := w.turns(secret)
	for _, good := range []string{secret, fresh, pass} {
		bare := strings.TrimPrefix(good, session.TokenPrefix)
		raw, err := base64.RawURLEncoding.DecodeString(bare)
		require.NoError(t, err)
		wrong := []string{
			"", session.TokenPrefix, good[:len(good)-1], good[1:], good + "A", good + "=", " " + good, good + "\n", good + "\x00", good + good,
			strings.ToUpper(good), strings.ToLower(good), good[:20] + "\r\n" + good[20:], good[:20] + "\n" + good[21:],
			base64.StdEncoding.EncodeToString(raw), base64.URLEncoding.EncodeToString(raw), hex.EncodeToString(raw), string(raw),
			session.TokenPrefix + session.TokenPrefix + bare, strings.Repeat("A", 1<<20),
		}
		if good == pass {
			for i := len(session.TokenPrefix); i < len(good); i++ {
				wrong = append(wrong, offAt(good, i))
			}
			// The last letter has two bits that mean nothing: no other spelling.
			last := strings.IndexByte(letters, good[len(good)-1])
			for spare := 1; spare < 4; spare++ {
				wrong = append(wrong, good[:len(good)-1]+string(letters[last^spare]))
			}
		}
		for _, text := range wrong {
			if text != good { // 48 bytes have one spelling with or without padding
				w.noOne(text)
			}
		}
	}
	// Of a session, what stays is no name of it where a letter is off, and what
	// is replaced must then be stolen.
	for i := range len(secret) {
		one, v := w.start()
		w.noOne(offAt(one, i))
		there := slices.ContainsFunc(w.list(), func(x session.Session) bool { return x.ID == v.ID })
		require.Equal(t, i < 22, there, "letter %d", i) // 16 bytes are 21 letters and two bits of the next
		if there {
			require.NoError(t, w.End(w.ctx, w.who, v.ID))
		}
	}
	// Neither opens what is the other's.
	w.noOne(strings.TrimPrefix(pass, session.TokenPrefix))
	w.noOne(session.TokenPrefix + fresh)
	w.in(fresh)
	_, err := w.CheckToken(w.ctx, pass)
	require.NoError(t, err)
}

// offAt is a text with another letter somewhere.
func offAt(text string, i int) string {
	at := strings.IndexByte(letters, text[i])
	return text[:i] + string(letters[at^63]) + text[i+1:]
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// S67: whatever somebody sends, there is an end to what is kept of it.
func TestS67Bounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var secrets []string
	for range session.MaxHeld + 10 {
		secret, _ := w.start()
		secrets = append(secrets, secret)
		w.pass(time.Second)
	}
	require.Len(t, w.list(), session.MaxHeld)
	for i, secret := range secrets {
		if i < 10 {
			w.noOne(secret) // unused for longest
		} else {
			w.in(secret)
		}
	}
	// What is in use is not what gives way.
	w.pass(2 * time.Minute)
	w.in(secrets[10])
	w.start()
	w.in(secrets[10])
	w.noOne(secrets[11])

	huge := strings.Repeat("x", 1<<20)
	_, v, err := w.Start(w.ctx, session.NewSession{User: w.who.User, Label: huge, Replaces: huge})
	require.NoError(t, err)
	require.Len(t, v.Label, session.MaxLabel)
	in := w.newToken()
	in.Name = huge
	_, _, err = w.Issue(w.ctx, w.who, in)
	invalid(t, err, "name", storage.CodeTooLong)
}

// S78: a secret is in no value, no row and no error.
func TestS78NoSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, v := w.start()
	w.pass(15 * time.Minute)
	secret := w.turns(first)
	pass, tok := w.issue()
	out, err := w.Export(w.ctx, w.who.User)
	require.NoError(t, err)
	said := []any{v, tok, out, w.list(), w.tokens(), w.store.writes}
	for _, wrong := range []string{first + "x", secret + "x", pass + "x"} {
		_, _, err := w.Check(w.ctx, wrong)
		said = append(said, err)
		_, err = w.CheckToken(w.ctx, wrong)
		said = append(said, err)
	}
	w.store.noReads = errDown
	_, _, err = w.Check(w.ctx, secret)
	said = append(said, err)
	_, err = w.CheckToken(w.ctx, pass)
	said = append(said, err)
	w.store.noReads = nil
	w.pass(2 * time.Minute)
	_, _, err = w.Check(w.ctx, first) // stolen
	said = append(said, err)

	var text strings.Builder
	for _, v := range said {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		fmt.Fprintf(&text, "%v %+v %#v %s\n", v, v, v, b)
	}
	for _, good := range []string{first, secret, strings.TrimPrefix(pass, session.TokenPrefix)} {
		raw, err := base64.RawURLEncoding.DecodeString(good)
		require.NoError(t, err)
		for _, form := range []string{good, hex.EncodeToString(raw), string(raw), base64.StdEncoding.EncodeToString(raw), fmt.Sprint(raw)} {
			require.NotContains(t, text.String(), form)
		}
	}
	// What is shown does not even tell what a secret is recognised by.
	for _, v := range append(out.Sessions, v) {
		require.Zero(t, v.Hash)
		require.Zero(t, v.Before)
		require.Zero(t, v.Selector)
	}
	for _, v := range append(out.Tokens, tok) {
		require.Zero(t, v.Hash)
	}
}
