// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash"
	"net/url"
	"strings"
	"time"
)

// What authenticator apps agree on: SHA-1, six digits, a step of 30 seconds.
const (
	digits      = 6
	step        = 30 * time.Second
	sharedSize  = 20 // bytes
	codeSize    = 10 // bytes of a recovery code: 80 bits
	codeLetters = codeSize * 8 / 5
)

var letters32 = base32.StdEncoding.WithPadding(base32.NoPadding)

// hotp is the one-time password of RFC 4226 for a counter.
func hotp(h func() hash.Hash, secret []byte, counter int64, digits int) string {
	mac := hmac.New(h, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(counter)))
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	mod := uint32(1)
	for range digits {
		mod *= 10
	}
	return fmt.Sprintf("%0*d", digits, n%mod)
}

// stepAt is the time step of RFC 6238 that an instant is in.
func stepAt(t time.Time) int64 { return t.Unix() / int64(step/time.Second) }

// matches returns the step, the present one or one beside it, that a code is
// of and that is after the last one taken.
func matches(secret []byte, code string, now time.Time, last int64) (at int64, ok bool) {
	for d := int64(-1); d <= 1; d++ {
		n := stepAt(now) + d
		right := subtle.ConstantTimeCompare([]byte(hotp(sha1.New, secret, n, digits)), []byte(code)) == 1
		if right && n > last && !ok {
			at, ok = n, true
		}
	}
	return at, ok
}

// otpauth is what a QR code shows an authenticator app.
func otpauth(community, name string, secret []byte) string {
	v := url.Values{"secret": {letters32.EncodeToString(secret)}, "issuer": {community}}
	label := url.PathEscape(strings.ReplaceAll(community, ":", "") + ":" + name)
	return "otpauth://totp/" + label + "?" + strings.ReplaceAll(v.Encode(), "+", "%20")
}

// recoveryCodes returns fresh codes as they are shown, and their hashes.
func recoveryCodes() (codes []string, hashes [][32]byte) {
	for range RecoveryCodes {
		b := make([]byte, codeSize)
		rand.Read(b) // never fails
		c := letters32.EncodeToString(b)
		codes = append(codes, c[:4]+"-"+c[4:8]+"-"+c[8:12]+"-"+c[12:])
		hashes = append(hashes, sha256.Sum256([]byte(c)))
	}
	return codes, hashes
}

// typed leaves out of a code how it is grouped.
func typed(code string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, code))
}
