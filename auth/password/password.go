// SPDX-License-Identifier: BSD-3-Clause

// Package password keeps passwords as salted hashes that are dear to try
// (argon2id, RFC 9106), and knows which passwords are too easily guessed.
//
// A [Hasher] is what package account asks for as its Passwords.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"runtime"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/secure/precis"

	"github.com/copis-it/copis/auth/account"
)

// MaxLength bounds a password, in bytes: what is longer is never hashed.
const MaxLength = 1024

// Config says what a hash costs. The zero Config is what OWASP advises: about
// 40 ms of one core.
//
// It may be raised at any time: whoever signs in next has their password hashed
// anew, and until then a hash that was cheaper takes as much work to try as one
// that is made now (the time is the same to about a tenth, instead of half where
// the cost was doubled), so that little tells who has an account. Where it is
// lowered, those that are dearer take longer, and do tell.
type Config struct {
	MemoryKiB uint32 // default 19456 (19 MiB), at most MaxMemory
	Time      uint32 // passes over the memory; default 2, at most MaxTime
	Threads   uint8  // default 1, at most MaxThreads
	AtOnce    int    // hashes computed at once, each with its memory; default GOMAXPROCS
}

// Hasher hashes and verifies. It is safe for concurrent use: more calls than
// Config.AtOnce wait for their turn, or until their context ends.
type Hasher struct {
	want  params
	dummy string        // a hash of no password
	turns chan struct{} // holds a token for each hash being computed

	compute func(plain, salt []byte, time, memory uint32, threads uint8, length uint32) []byte // argon2.IDKey
}

var _ account.Passwords = (*Hasher)(nil)

// ErrHash says that a stored hash cannot be read, or would cost more than is
// ever given. Test with [errors.Is].
var ErrHash = errors.New("password hash cannot be read")

// New returns a Hasher. It panics if the Config asks for more than Verify would
// admit.
func New(cfg Config) *Hasher {
	if cfg.MemoryKiB == 0 {
		cfg.MemoryKiB = 19456
	}
	if cfg.Time == 0 {
		cfg.Time = 2
	}
	if cfg.Threads == 0 {
		cfg.Threads = 1
	}
	if cfg.AtOnce <= 0 {
		cfg.AtOnce = runtime.GOMAXPROCS(0)
	}
	want := params{memory: cfg.MemoryKiB, time: cfg.Time, threads: cfg.Threads}
	if !want.bounded() {
		panic("password: cost beyond MaxMemory, MaxTime or MaxThreads, or memory under 8 KiB a thread")
	}
	dummy := encode(want, make([]byte, saltLength), make([]byte, tagLength))
	return &Hasher{want, dummy, make(chan struct{}, cfg.AtOnce), argon2.IDKey}
}

// Hash returns the hash of a password in PHC form. A password longer than
// [MaxLength], one that is not UTF-8, is empty or has control characters is
// Invalid in the field "password".
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	plain, err := prepare(password)
	if err != nil {
		return "", err
	}
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails
	tag, err := h.derive(ctx, h.want, plain, salt, tagLength)
	if err != nil {
		return "", err
	}
	return encode(h.want, salt, tag), nil
}

// Verify reports whether hash was made of password, and whether it was made
// with other parameters than are wanted now. The empty hash takes the work of
// one made with those, and is right for no password; so does a hash that was
// cheaper, right or wrong. A hash that cannot be
// read, or that would cost more than [MaxMemory] and its like, is [ErrHash],
// before anything is spent on it.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (right, again bool, err error) {
	read := hash
	if hash == "" {
		read = h.dummy
	}
	p, salt, tag, err := decode(read)
	if err != nil {
		return false, false, err
	}
	plain, bad := prepare(password) // what could never be set is never right, and takes as long
	got, err := h.derive(ctx, p, plain, salt, uint32(len(tag)), p.short(h.want)...)
	if err != nil {
		return false, false, err
	}
	right = subtle.ConstantTimeCompare(got, tag) == 1 && hash != "" && bad == nil
	return right, right && (p != h.want || len(salt) != saltLength || len(tag) != tagLength), nil
}

// derive computes a tag when its turn comes, and in the same turn what is only
// to take its time.
func (h *Hasher) derive(ctx context.Context, p params, plain, salt []byte, length uint32, idle ...params) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	tag := h.compute(plain, salt, p.time, p.memory, p.threads, length)
	for _, i := range idle {
		h.compute(plain, salt, i.time, i.memory, i.threads, length)
	}
	return tag, nil
}

// prepare brings a password to the form that is hashed: the same on every
// keyboard (OpaqueString, RFC 8265), with case and inner spaces kept.
func prepare(password string) ([]byte, error) {
	switch {
	case len(password) > MaxLength:
		return nil, tooLong()
	case !utf8.ValidString(password):
		return nil, malformed()
	}
	plain, err := precis.OpaqueString.Append(nil, []byte(password))
	if err != nil {
		return nil, malformed()
	}
	return plain, nil
}
