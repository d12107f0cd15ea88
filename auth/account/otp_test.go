// SPDX-License-Identifier: BSD-3-Clause

package account_test

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/hex"
	"hash"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/internal/shared"
)

// code is what an authenticator app shows now.
func (w *world) code(e account.Enrolment) string {
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(e.Secret)
	require.NoError(w.t, err)
	return account.HOTP(sha1.New, secret, account.StepAt(w.clock()), 6)
}

// The vectors of RFC 4226 and RFC 6238.
func TestOTPVectors(t *testing.T) {
	t.Parallel()
	algorithms := map[string]func() hash.Hash{"SHA1": sha1.New, "SHA256": sha256.New, "SHA512": sha512.New}
	kinds := map[string]int{}
	for _, v := range shared.Lines[struct {
		Kind, Alg, Code string
		Secret          string `json:"secret_hex"`
		Counter, Time   int64
		Step            int64
		Digits          int
	}](t, "corpora/otp/rfc_vectors.jsonl") {
		secret, err := hex.DecodeString(v.Secret)
		require.NoError(t, err)
		n := v.Counter
		if v.Kind == "totp" {
			require.EqualValues(t, 30, v.Step)
			n = account.StepAt(time.Unix(v.Time, 0))
			require.Equal(t, v.Time/v.Step, n)
		}
		require.Equal(t, v.Code, account.HOTP(algorithms[v.Alg], secret, n, v.Digits), "%+v", v)
		kinds[v.Kind]++
	}
	require.Len(t, kinds, 2)
	t.Log(kinds)
}

func TestMatches(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	now := time.Unix(1111111109, 0)
	n := account.StepAt(now)
	code := func(d int64) string { return account.HOTP(sha1.New, secret, n+d, 6) }
	for d := int64(-3); d <= 3; d++ {
		at, ok := account.Matches(secret, code(d), now, 0)
		require.Equal(t, -1 <= d && d <= 1, ok, "%d", d)
		if ok {
			require.Equal(t, n+d, at)
		}
		_, ok = account.Matches(secret, code(d), now, n)
		require.Equal(t, d == 1, ok, "after this step was taken only the next is left")
	}
	for _, c := range []string{"", "0", code(0)[1:], code(0) + "0", " " + code(0), strings.Repeat("1", 1000)} {
		_, ok := account.Matches(secret, c, now, 0)
		require.False(t, ok, "%.20q", c)
	}
}

func TestEnrolment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maria := w.join("maria.rossi")
	e, err := w.Enrol(ctx, maria, account.Proof{Password: good})
	require.NoError(t, err)
	require.Len(t, e.Secret, 32, "160 bits")
	u, err := url.Parse(e.URI)
	require.NoError(t, err)
	require.Equal(t, "otpauth", u.Scheme)
	require.Equal(t, "totp", u.Host)
	require.Equal(t, "/Co.PIS:maria.rossi", u.Path)
	require.Equal(t, e.Secret, u.Query().Get("secret"))
	require.Equal(t, "Co.PIS", u.Query().Get("issuer"))
}
