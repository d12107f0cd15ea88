// SPDX-License-Identifier: BSD-3-Clause

package password

import "golang.org/x/crypto/argon2"

// Counting has each hash that is computed told to a test: its memory × time.
func Counting(h *Hasher, tell func(work int)) {
	h.compute = func(plain, salt []byte, time, memory uint32, threads uint8, length uint32) []byte {
		tell(int(time) * int(memory))
		return argon2.IDKey(plain, salt, time, memory, threads, length)
	}
}
