// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"unicode/utf8"

	"github.com/copis-it/copis/auth"
)

// keys are made of Config.Key, one for each use.
type keys struct {
	factors cipher.AEAD
	fiscal  []byte
}

func derive(key []byte) *keys {
	one := func(use string) []byte {
		k, err := hkdf.Key(sha256.New, key, nil, use, 32)
		if err != nil {
			panic("account: " + err.Error()) // 32 bytes can always be derived
		}
		return k
	}
	block, err := aes.NewCipher(one("account.Factor"))
	if err != nil {
		panic("account: " + err.Error()) // 32 bytes are a key
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("account: " + err.Error()) // of a block of 16 bytes
	}
	return &keys{seal, one("account.Identity.Fiscal")}
}

// seal encrypts a shared secret for one person: of another it opens to nothing.
func (k *keys) seal(user auth.UserID, secret []byte) []byte {
	id := user.Bytes()
	return k.factors.Seal(nil, nil, secret, id[:])
}

func (k *keys) open(user auth.UserID, sealed []byte) ([]byte, error) {
	id := user.Bytes()
	return k.factors.Open(nil, nil, sealed, id[:])
}

// hash returns the keyed hash of a fiscal code ("TINIT-RSSMRA80A01H501U", with
// or without its prefix), or zero if it is none.
func (k *keys) hash(code string) (sum [32]byte) {
	code = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(code)), "TINIT-")
	if n := utf8.RuneCountInString(code); k == nil || n != 16 && n != 11 || strings.Trim(code, alphanumeric) != "" {
		return sum
	}
	mac := hmac.New(sha256.New, k.fiscal)
	mac.Write([]byte(code))
	return [32]byte(mac.Sum(nil))
}
