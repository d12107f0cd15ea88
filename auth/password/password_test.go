// SPDX-License-Identifier: BSD-3-Clause

package password_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"

	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/password"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
)

// cheap is for tests of which the cost is not the point.
var cheap = password.Config{MemoryKiB: 64, Time: 1}

func TestHashAndVerify(t *testing.T) {
	t.Parallel()
	h := password.New(cheap)
	hash, err := h.Hash(t.Context(), "una frase qualunque")
	require.NoError(t, err)
	require.Regexp(t, `^\$argon2id\$v=19\$m=64,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`, hash)
	for pw, want := range map[string]bool{
		"una frase qualunque": true, "una frase qualunque ": false, "Una frase qualunque": false, "": false, "una frase qualunqu": false,
		"una\u00a0frase\u3000qualunque": true, // any space is a space (RFC 8265)
		"una\x00frase qualunque":        false,
	} {
		right, again, err := h.Verify(t.Context(), hash, pw)
		require.NoError(t, err)
		require.Equal(t, want, right, "%q", pw)
		require.False(t, again)
	}
	other, err := h.Hash(t.Context(), "una frase qualunque")
	require.NoError(t, err)
	require.NotEqual(t, hash, other, "salted")
}

// The zero Config is what is advised: 19 MiB, two passes.
func TestZeroConfig(t *testing.T) {
	t.Parallel()
	hash, err := password.New(password.Config{}).Hash(t.Context(), "una frase qualunque")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$"), hash)
}

// The same password typed on another system, composed or not, is the same.
func TestNormalForm(t *testing.T) {
	t.Parallel()
	h := password.New(cheap)
	hash, err := h.Hash(t.Context(), "perch\u00e9 no, citt\u00e0")
	require.NoError(t, err)
	right, _, err := h.Verify(t.Context(), hash, "perche\u0301 no, citta\u0300")
	require.NoError(t, err)
	require.True(t, right)
}

func TestRehash(t *testing.T) {
	t.Parallel()
	old := password.New(cheap)
	hash, err := old.Hash(t.Context(), "una frase qualunque")
	require.NoError(t, err)
	for _, cfg := range []password.Config{{MemoryKiB: 128, Time: 1}, {MemoryKiB: 64, Time: 2}, {MemoryKiB: 64, Time: 1, Threads: 2}} {
		h := password.New(cfg)
		right, again, err := h.Verify(t.Context(), hash, "una frase qualunque")
		require.NoError(t, err)
		require.True(t, right)
		require.True(t, again, "%+v", cfg)
		right, again, err = h.Verify(t.Context(), hash, "una frase sbagliata")
		require.NoError(t, err)
		require.False(t, right)
		require.False(t, again, "only what is right can be hashed again")
	}
	short := encoded(64, 1, 1, []byte("somesalt"), argon2.IDKey([]byte("una frase qualunque"), []byte("somesalt"), 1, 64, 1, 16))
	right, again, err := old.Verify(t.Context(), short, "una frase qualunque")
	require.NoError(t, err)
	require.True(t, right)
	require.True(t, again, "a short salt is made longer")
}

func encoded(m, t, p int, salt, tag []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", m, t, p, b.EncodeToString(salt), b.EncodeToString(tag))
}

// The empty hash is right for nothing, not even for what its dummy was made of.
func TestEmptyHash(t *testing.T) {
	t.Parallel()
	h := password.New(cheap)
	for _, pw := range []string{"", "x", "una frase qualunque", strings.Repeat("x", 5000), "\xff", "\x00"} {
		right, again, err := h.Verify(t.Context(), "", pw)
		require.NoError(t, err)
		require.False(t, right)
		require.False(t, again)
	}
}

// S43: what is too long is not hashed.
func TestS43LengthIsCapped(t *testing.T) {
	t.Parallel()
	h := password.New(cheap)
	longest := strings.Repeat("x", password.MaxLength)
	hash, err := h.Hash(t.Context(), longest)
	require.NoError(t, err)
	right, _, err := h.Verify(t.Context(), hash, longest)
	require.NoError(t, err)
	require.True(t, right)
	right, _, err = h.Verify(t.Context(), hash, longest+"x")
	require.NoError(t, err)
	require.False(t, right, "nothing is cut off")
	for pw, code := range map[string]string{
		longest + "x": storage.CodeTooLong, strings.Repeat("à", password.MaxLength/2+1): storage.CodeTooLong,
		"": storage.CodeMalformed, "abc\xffdef": storage.CodeMalformed, "abc\x00def": storage.CodeMalformed, "abc\ndef": storage.CodeMalformed,
	} {
		_, err := h.Hash(t.Context(), pw)
		require.Equal(t, code, codeOf(err), "%.20q", pw)
		require.Equal(t, code, codeOf(h.Check(pw, 0)), "%.20q", pw)
	}
}

// S43: a hostile hash is refused before memory or time is spent on it.
func TestS43HostileHash(t *testing.T) {
	h := password.New(password.Config{})
	for _, c := range shared.Lines[struct {
		Encoded, Append string
		Times           int
	}](t, "corpora/password/phc_hostile.jsonl") {
		s := c.Encoded + strings.Repeat(c.Append, c.Times)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		right, again, err := h.Verify(t.Context(), s, "password")
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, password.ErrHash, "%.80q", s)
		assert.False(t, right || again)
		assert.Less(t, took, 50*time.Millisecond, "%.80q", s)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "%.80q", s)
	}
}

func TestCapsOfHash(t *testing.T) {
	t.Parallel()
	h := password.New(cheap)
	salt, tag := make([]byte, 16), make([]byte, 32)
	good := encoded(64, 1, 1, salt, tag)
	_, _, err := h.Verify(t.Context(), good, "x")
	require.NoError(t, err)
	for _, s := range []string{
		encoded(password.MaxMemory+1, 1, 1, salt, tag), encoded(64, password.MaxTime+1, 1, salt, tag), encoded(1024, 1, password.MaxThreads+1, salt, tag),
		encoded(password.MaxMemory, 5, 1, salt, tag), encoded(15, 1, 2, salt, tag), encoded(64, 1, 0, salt, tag), encoded(0, 1, 1, salt, tag),
		encoded(64, 1, 256+1, salt, tag), encoded(64, 1, 1, salt[:7], tag), encoded(64, 1, 1, salt, tag[:15]), encoded(64, 1, 1, make([]byte, 65), tag),
		encoded(64, 1, 1, salt, make([]byte, 65)), good + "=", good + "\n", good[1:], " " + good, strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "m=64", "m=064", 1), strings.Replace(good, "m=64,t=1", "t=1,m=64", 1),
		strings.Replace(good, ",p=1", "", 1), good[:len(good)-1] + "B",
	} {
		_, _, err := h.Verify(t.Context(), s, "x")
		require.ErrorIs(t, err, password.ErrHash, "%q", s)
	}
}

// The reference's own vectors: those of argon2id within the caps are verified,
// the others refused.
func TestVectors(t *testing.T) {
	t.Parallel()
	h := password.New(cheap)
	verified, refused, inexpressible := 0, 0, 0
	for _, v := range shared.Lines[struct {
		Type, Encoded, Password, Salt string
		Secret                        string `json:"secret_hex"`
		Log2                          int    `json:"log2_m"`
		T, P                          int
		Tag                           string `json:"tag_hex"`
	}](t, "corpora/password/argon2_vectors.jsonl") {
		if v.Encoded == "" {
			require.NotEmpty(t, v.Secret)
			inexpressible++ // with a secret and associated data: no PHC string has them
			continue
		}
		right, _, err := h.Verify(t.Context(), v.Encoded, v.Password)
		if v.Type != "argon2id" || 1<<v.Log2 > password.MaxMemory {
			require.ErrorIs(t, err, password.ErrHash, v.Encoded)
			refused++
			continue
		}
		require.NoError(t, err, v.Encoded)
		require.True(t, right, v.Encoded)
		right, _, err = h.Verify(t.Context(), v.Encoded, v.Password+"x")
		require.NoError(t, err)
		require.False(t, right, v.Encoded)
		tag, err := hex.DecodeString(v.Tag)
		require.NoError(t, err)
		require.Equal(t, encoded(1<<v.Log2, v.T, v.P, []byte(v.Salt), tag), v.Encoded)
		verified++
	}
	t.Logf("%d verified, %d refused, %d not expressible", verified, refused, inexpressible)
	require.GreaterOrEqual(t, verified, 7)
}

// Whoever waits for their turn waits no longer than their context.
func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	h := password.New(password.Config{MemoryKiB: password.MaxMemory, Time: 4, AtOnce: 1})
	busy := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		_, err := h.Hash(t.Context(), "una frase qualunque")
		stop() // if it did not wait, the others hash before
		busy <- err
	}()
	done, cancel := context.WithCancel(ctx)
	cancel()
	_, err := h.Hash(done, "x")
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = h.Verify(done, "", "x")
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, <-busy)
}

func TestConfigIsBounded(t *testing.T) {
	t.Parallel()
	for _, cfg := range []password.Config{
		{MemoryKiB: password.MaxMemory + 1}, {Time: password.MaxTime + 1}, {Threads: password.MaxThreads + 1}, {MemoryKiB: 8, Threads: 2}, {MemoryKiB: password.MaxMemory, Time: 5},
	} {
		require.Panics(t, func() { password.New(cfg) }, "%+v", cfg)
	}
}

// Nothing of what is typed or kept stands in an error (S78).
func TestS78ErrorsTellNothing(t *testing.T) {
	t.Parallel()
	h := password.New(cheap)
	const secret = "SegretoCheNessunoVede"
	_, _, err := h.Verify(t.Context(), "$argon2id$"+secret, secret)
	errs := []error{err, h.Check(secret, 100), h.Check(secret+"\x00", 8), h.Check(secret, 8, secret)}
	_, err = h.Hash(t.Context(), secret+"\xff")
	for _, err := range append(errs, err) {
		require.Error(t, err)
		require.NotContains(t, err.Error(), secret)
		b, err := json.Marshal(err)
		require.NoError(t, err)
		require.False(t, bytes.Contains(b, []byte(secret)))
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(encoded(64, 1, 1, make([]byte, 16), make([]byte, 32)), "x")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$$", "")
	f.Fuzz(func(t *testing.T, hash, pw string) {
		h := password.New(cheap)
		if len(hash) > 40 && !strings.Contains(hash, "m=64,t=1,p=1") {
			hash = "" // decoding is what is fuzzed; what it admits may cost 64 MiB
		}
		right, _, err := h.Verify(t.Context(), hash, pw)
		if right && err != nil {
			t.Errorf("%q is right for %q, and an error: %v", pw, hash, err)
		}
		if err == nil && hash == "" && right {
			t.Errorf("%q is right for no hash", pw)
		}
	})
}

func ExampleHasher() {
	ctx := context.Background()
	h := password.New(password.Config{})
	fmt.Println(h.Check("Primavera2026!", 15))
	fmt.Println(h.Check("Primavera2026!!!", 15))
	fmt.Println(h.Check("maria.rossi e basta", 15, "maria.rossi"))
	hash, _ := h.Hash(ctx, "tre gatti sul tetto, uno scende")
	right, again, err := h.Verify(ctx, hash, "tre gatti sul tetto, uno scende")
	fmt.Println(right, again, err)
	// Output:
	// password too_short
	// password common
	// password guessable
	// true false <nil>
}

func codeOf(err error) string {
	var invalid *storage.Invalid
	if !errorsAs(err, &invalid) {
		return ""
	}
	return invalid.Code
}

var _ account.Passwords = (*password.Hasher)(nil)

// Whether a name has an account, and how old its hash is, tells no work: since
// the cost was raised, a hash from before takes what one of today does, in as
// few computations as can be.
func TestWorkTellsNothing(t *testing.T) {
	t.Parallel()
	const today, plain = 64 * 4, "tre gatti sul tetto"
	h := password.New(password.Config{MemoryKiB: 64, Time: 4})
	var computed []int
	password.Counting(h, func(work int) { computed = append(computed, work) })
	for _, c := range []struct {
		of   password.Config
		want []int
	}{
		{password.Config{MemoryKiB: 64, Time: 4}, []int{today}},
		{password.Config{MemoryKiB: 64, Time: 1}, []int{64, today - 64}},
		{password.Config{MemoryKiB: 16, Time: 4}, []int{64, today - 64}},
		{password.Config{MemoryKiB: 8, Time: 1}, []int{8, today - 8}},
		{password.Config{MemoryKiB: 128, Time: 1}, []int{128, today - 128}},
		{password.Config{MemoryKiB: 60, Time: 4}, []int{240}}, // what is left is too little to compute
		{password.Config{MemoryKiB: 256, Time: 4}, []int{256 * 4}},
	} {
		hash, err := password.New(c.of).Hash(t.Context(), plain)
		require.NoError(t, err)
		for _, typed := range []string{plain, "due cani nel cortile", "\xff"} {
			computed = nil
			right, _, err := h.Verify(t.Context(), hash, typed)
			require.NoError(t, err)
			require.Equal(t, typed == plain, right)
			require.Equal(t, c.want, computed, "%+v", c.of)
		}
	}
	computed = nil
	_, _, err := h.Verify(t.Context(), "", plain)
	require.NoError(t, err)
	require.Equal(t, []int{today}, computed, "nobody's")
}
