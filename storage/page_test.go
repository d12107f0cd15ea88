// SPDX-License-Identifier: BSD-3-Clause

package storage_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/storage"
)

func TestLimit(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{math.MinInt: 20, -1: 20, 0: 20, 1: 1, 20: 20, 99: 99, 100: 100, 101: 100, math.MaxInt: 100} {
		require.Equal(t, want, storage.Limit(n), "%d", n)
	}
}

type key struct {
	At int64
	ID string
}

func TestCursor(t *testing.T) {
	t.Parallel()
	want := key{1772359200123456, "018f3a2b-1c4d-7e5f-8a9b-0c1d2e3f4a5b"}
	c := storage.EncodeCursor("forum.Topics", want)
	require.NotEmpty(t, c)
	require.Equal(t, string(c), strings.Map(func(r rune) rune {
		if strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", r) {
			return r
		}
		return -1
	}, string(c)), "needs no escaping in a URL")
	var got key
	require.NoError(t, storage.DecodeCursor("forum.Topics", c, &got))
	require.Equal(t, want, got)
	for _, list := range []string{"", "forum.topics", "forum.Topic", "forum.Topics ", "qa.Topics"} {
		require.ErrorIs(t, storage.DecodeCursor(list, c, &got), storage.ErrInvalid, "%q", list)
	}
}

// Whatever is done to a cursor, it is refused, and never another cursor.
func TestCursorTampered(t *testing.T) {
	t.Parallel()
	good := string(storage.EncodeCursor("list", key{7, "x"}))
	refused := func(c string) {
		t.Helper()
		var k key
		if c != good {
			require.ErrorIs(t, storage.DecodeCursor("list", storage.Cursor(c), &k), storage.ErrInvalid, "%q", c)
		}
	}
	for i := range len(good) {
		for b := range 256 {
			refused(good[:i] + string([]byte{byte(b)}) + good[i+1:])
			refused(good[:i] + string([]byte{byte(b)}) + good[i:])
		}
		refused(good[:i])
		refused(good[i+1:])
		refused(good[:i] + good[i+1:])
		for j := range i {
			b := []byte(good)
			b[i], b[j] = b[j], b[i]
			refused(string(b))
		}
	}
	for _, c := range []string{"", "=", good + "=", good + "\n", good + "\r\n", "\n" + good, good + good, strings.Repeat("A", 1<<20)} {
		refused(c)
	}
	// Sealed rightly, but not a key of the list.
	for _, v := range []any{7, "x", []int{1}, map[string]any{"At": "x"}} {
		refused(string(storage.EncodeCursor("list", v)))
	}
	raw, err := base64.RawURLEncoding.DecodeString(good)
	require.NoError(t, err)
	refused(base64.URLEncoding.EncodeToString(raw) + "=")
	refused(base64.StdEncoding.EncodeToString(raw) + "=")
}

func FuzzDecodeCursor(f *testing.F) {
	f.Add("list", string(storage.EncodeCursor("list", key{7, "x"})))
	f.Add("", "")
	f.Add("list", "AAAA")
	f.Fuzz(func(t *testing.T, list, c string) {
		var k key
		if err := storage.DecodeCursor(list, storage.Cursor(c), &k); err != nil && !errors.Is(err, storage.ErrInvalid) {
			t.Errorf("%v is no ErrInvalid", err)
		}
	})
}

func TestEncodeCursorPanics(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { storage.EncodeCursor("list", func() {}) }, "a key that no JSON can hold is a programmer's mistake")
}

func TestCut(t *testing.T) {
	t.Parallel()
	items := []int{1, 2, 3, 4}
	id := func(n int) any { return n }
	for limit, want := range map[int]storage.Page[int]{
		5: {Items: items}, 4: {Items: items},
		3: {Items: items[:3], Next: storage.EncodeCursor("list", 3)},
		1: {Items: items[:1], Next: storage.EncodeCursor("list", 1)},
	} {
		require.Equal(t, want, storage.Cut(items, limit, "list", id), "%d", limit)
	}
	require.Empty(t, storage.Cut([]int(nil), 3, "list", id))
}

// pages are of a list of n numbers, three a page.
func pages(n int) func(storage.Cursor) (storage.Page[int], error) {
	return func(c storage.Cursor) (storage.Page[int], error) {
		var at int
		if c != "" {
			if err := storage.DecodeCursor("numbers", c, &at); err != nil {
				return storage.Page[int]{}, err
			}
		}
		var items []int
		for i := at + 1; i <= n && len(items) < 4; i++ {
			items = append(items, i)
		}
		return storage.Cut(items, 3, "numbers", func(n int) any { return n }), nil
	}
}

func TestAll(t *testing.T) {
	t.Parallel()
	for n := range 10 {
		var got []int
		for v, err := range storage.All(t.Context(), pages(n)) {
			require.NoError(t, err)
			got = append(got, v)
		}
		require.Len(t, got, n)
	}
	for v, err := range storage.All(t.Context(), pages(9)) {
		require.NoError(t, err)
		if v == 5 {
			break
		}
		require.Less(t, v, 5)
	}

	boom := errors.New("boom")
	var got []string
	for v, err := range storage.All(t.Context(), func(c storage.Cursor) (storage.Page[int], error) {
		if c != "" {
			return storage.Page[int]{}, boom
		}
		return pages(9)(c)
	}) {
		got = append(got, fmt.Sprint(v, err))
	}
	require.Equal(t, []string{"1 <nil>", "2 <nil>", "3 <nil>", "0 boom"}, got)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	got = nil
	for v, err := range storage.All(ctx, pages(9)) {
		stop()
		got = append(got, fmt.Sprint(v, err))
	}
	require.Equal(t, []string{"1 <nil>", "2 <nil>", "3 <nil>", "0 context canceled"}, got)
}
