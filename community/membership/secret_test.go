// SPDX-License-Identifier: BSD-3-Clause

package membership

import (
	"encoding/base64"
	"testing"
)

// Only the one form in which a secret was given is it.
func FuzzSecret(f *testing.F) {
	good, _ := newSecret()
	for _, s := range []string{good, "", good + "=", good[:42], good[:42] + "\n", " " + good, "é" + good[2:], good[:42] + "/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		hash, ok := hashSecret(s)
		if !ok {
			if hash != ([32]byte{}) {
				t.Fatalf("%q is refused and has a hash", s)
			}
			return
		}
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || len(b) != 32 || base64.RawURLEncoding.EncodeToString(b) != s {
			t.Fatalf("%q is no secret", s)
		}
	})
}

func TestSecretsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		s, hash := newSecret()
		again, ok := hashSecret(s)
		if seen[s] || !ok || again != hash {
			t.Fatalf("%q", s)
		}
		seen[s] = true
	}
}
