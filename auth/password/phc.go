// SPDX-License-Identifier: BSD-3-Clause

package password

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// What a stored hash may cost at most to verify.
const (
	MaxMemory  = 64 << 10 // KiB
	MaxTime    = 10       // passes
	MaxThreads = 16

	maxWork    = 4 * MaxMemory // KiB times passes: less than half a second
	maxEncoded = 256           // bytes
	minSalt    = 8             // bytes (RFC 9106)
	minTag     = 16
	maxBytes   = 64 // of a salt or a tag

	saltLength = 16
	tagLength  = 32
)

// params are what a hash was made with.
type params struct {
	memory, time uint32
	threads      uint8
}

// bounded reports whether a hash with these parameters is within what is given.
func (p params) bounded() bool {
	return p.time >= 1 && p.time <= MaxTime && p.threads >= 1 && p.threads <= MaxThreads &&
		p.memory >= 8*uint32(p.threads) && p.memory <= MaxMemory && p.memory*p.time <= maxWork
}

// short returns what a hash with these parameters falls short of another's work,
// which is that of memory × time: none, or one.
func (p params) short(of params) []params {
	memory := int64(of.memory) - int64(p.memory)*int64(p.time)/int64(of.time)
	if memory < 8*int64(of.threads) { // less than there can be
		return nil
	}
	return []params{{memory: uint32(memory), time: of.time, threads: of.threads}}
}

// encode writes a hash in PHC form.
func encode(p params, salt, tag []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads, b64.EncodeToString(salt), b64.EncodeToString(tag))
}

// decode reads what encode writes, and nothing else: no other algorithm or
// version, order of parameters, sign, leading zero or padding.
func decode(s string) (p params, salt, tag []byte, err error) {
	bad := func(what string) (params, []byte, []byte, error) {
		return params{}, nil, nil, fmt.Errorf("%w: %s", ErrHash, what)
	}
	if len(s) > maxEncoded {
		return bad("length")
	}
	part := strings.Split(s, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != "v="+strconv.Itoa(argon2.Version) {
		return bad("form")
	}
	cost := strings.Split(part[3], ",")
	if len(cost) != 3 {
		return bad("parameters")
	}
	var n [3]uint32
	for i, name := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(cost[i], name)
		v, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || strconv.FormatUint(v, 10) != digits {
			return bad("parameters")
		}
		n[i] = uint32(v)
	}
	if n[2] > MaxThreads {
		return bad("cost")
	}
	if p = (params{n[0], n[1], uint8(n[2])}); !p.bounded() {
		return bad("cost")
	}
	if salt, err = unpad(part[4], minSalt); err != nil {
		return bad("salt")
	}
	if tag, err = unpad(part[5], minTag); err != nil {
		return bad("tag")
	}
	return p, salt, tag, nil
}

// unpad decodes base64 without padding or anything that could be written otherwise.
func unpad(s string, least int) ([]byte, error) {
	b, err := base64.RawStdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < least || len(b) > maxBytes || strings.ContainsAny(s, "\r\n") {
		return nil, ErrHash
	}
	return b, nil
}
