// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// A secret is 16 bytes that its token is found by, and 32 that show it is not
// guessed: 64 characters of the URL alphabet, neither more nor fewer.
const (
	selectorSize = 16
	secretSize   = selectorSize + 32
	secretLength = secretSize / 3 * 4
)

// good is how long a token is.
var good = map[Purpose]time.Duration{
	VerifyAddress: 3 * 24 * time.Hour,
	ChangeAddress: 3 * 24 * time.Hour,
	ResetPassword: time.Hour,
	SecondStep:    5 * time.Minute,
	LinkIdentity:  15 * time.Minute,
}

// sent are the purposes of tokens that were sent, or that rest on a password:
// a new password or address ends them.
var sent = []Purpose{VerifyAddress, ChangeAddress, ResetPassword, SecondStep}

// grant fills in what a token is found and known by, and returns its secret.
func (s *Service) grant(t Token) (Token, string) {
	secret := make([]byte, secretSize)
	rand.Read(secret) // never fails
	copy(t.ID[:], secret)
	t.Hash = sha256.Sum256(secret[selectorSize:])
	t.Ends = s.cfg.Clock.Now().Add(good[t.Purpose])
	return t, base64.RawURLEncoding.EncodeToString(secret)
}

// token returns the token of a secret that is good for one of the purposes, or
// ErrToken. It is used up by [UseToken], not by looking.
func (s *Service) token(ctx context.Context, secret string, purposes ...Purpose) (Token, error) {
	if len(secret) != secretLength || strings.ContainsAny(secret, "\r\n") {
		return Token{}, ErrToken
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil {
		return Token{}, ErrToken
	}
	t, err := found(s.cfg.Store.Token(ctx, [selectorSize]byte(b)))
	if err != nil {
		return Token{}, err
	}
	hash := sha256.Sum256(b[selectorSize:])
	if subtle.ConstantTimeCompare(hash[:], t.Hash[:]) != 1 || !slices.Contains(purposes, t.Purpose) || !s.cfg.Clock.Now().Before(t.Ends) {
		return Token{}, ErrToken
	}
	return t, nil
}

// usedUp says that a token was used while it was looked at.
func usedUp(err error) error {
	if by, ok := refusedBy(err); ok && by == (UseToken{}).Change() {
		return ErrToken
	}
	return err
}
