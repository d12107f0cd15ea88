// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
)

// keySize is the length of the portal's secret, in bytes.
const keySize = 32

// readKey returns the secret in a file, which only its owner may read. If there
// is no such file it is made, with a secret that nobody has seen.
func readKey(name string) ([]byte, error) {
	key, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return newKeyFile(name)
	}
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s may be read by others: chmod 600", name)
	}
	if len(key) != keySize {
		return nil, fmt.Errorf("%s does not hold %d bytes", name, keySize)
	}
	return key, nil
}

func newKeyFile(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	key := newKey()
	_, err = f.Write(key)
	return key, errors.Join(err, f.Sync(), f.Close())
}

func newKey() []byte {
	key := make([]byte, keySize)
	rand.Read(key) // never fails
	return key
}

// samplePassword returns the password of the sample's people. It is made of the
// portal's secret, so that it is the same at every start, and nobody else's.
func samplePassword(key []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("portal.sample"))
	s := strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil)[:10]))
	return "prova-" + s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
}
