// SPDX-License-Identifier: BSD-3-Clause

package storage_test

import (
	"database/sql/driver"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/storage"
)

type (
	apple struct{}
	pear  struct{}
)

func TestNewID(t *testing.T) {
	t.Parallel()
	var all []storage.ID[apple]
	for range 10_000 {
		all = append(all, storage.NewID[apple]())
	}
	require.True(t, slices.IsSortedFunc(all, storage.ID[apple].Compare), "fresh ids sort by creation")
	require.Len(t, slices.Compact(all), 10_000, "and are all different")
	id := all[0]
	u, err := uuid.Parse(id.String())
	require.NoError(t, err)
	require.Equal(t, uuid.Version(7), u.Version())
	require.Equal(t, uuid.RFC4122, u.Variant())
	require.False(t, id.IsZero())
	require.True(t, storage.ID[apple]{}.IsZero())
	require.Equal(t, id, storage.MakeID[apple](id.Bytes()))
	require.Zero(t, id.Compare(id))
}

func TestParseID(t *testing.T) {
	t.Parallel()
	const canonical = "018f3a2b-1c4d-7e5f-8a9b-0c1d2e3f4a5b"
	id, err := storage.ParseID[apple](canonical)
	require.NoError(t, err)
	require.Equal(t, canonical, id.String())
	upper, err := storage.ParseID[apple](strings.ToUpper(canonical))
	require.NoError(t, err)
	require.Equal(t, id, upper)
	for _, s := range []string{
		"", " ", "018f3a2b", canonical[:35], canonical + "0", canonical + "\n", " " + canonical, "{" + canonical + "}", "urn:uuid:" + canonical,
		strings.ReplaceAll(canonical, "-", ""), strings.ReplaceAll(canonical, "-", "_"), strings.Replace(canonical, "a", "g", 1),
		strings.Repeat("x", 36), strings.Repeat("-", 36), "018f3a2b1c4d-7e5f-8a9b-0c1d2e3f4a5b--", strings.Repeat("0", 100_000),
	} {
		id, err := storage.ParseID[apple](s)
		require.ErrorIs(t, err, storage.ErrInvalid, "%q", s)
		require.True(t, id.IsZero())
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("018f3a2b-1c4d-7e5f-8a9b-0c1d2e3f4a5b")
	f.Add("018F3A2B-1C4D-7E5F-8A9B-0C1D2E3F4A5B")
	f.Add("{018f3a2b-1c4d-7e5f-8a9b-0c1d2e3f4a5}")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := storage.ParseID[apple](s)
		if err == nil && !strings.EqualFold(id.String(), s) {
			t.Errorf("%q is read as %v", s, id)
		}
	})
}

func TestIDText(t *testing.T) {
	t.Parallel()
	type basket struct {
		A storage.ID[apple]            `json:"a"`
		B storage.ID[pear]             `json:"b,omitzero"`
		M map[storage.ID[apple]]string `json:"m"`
	}
	id := storage.NewID[apple]()
	in := basket{A: id, M: map[storage.ID[apple]]string{id: "x"}}
	b, err := json.Marshal(in)
	require.NoError(t, err)
	require.JSONEq(t, `{"a":"`+id.String()+`","m":{"`+id.String()+`":"x"}}`, string(b))
	var out basket
	require.NoError(t, json.Unmarshal(b, &out))
	require.Equal(t, in, out)

	b, err = json.Marshal(basket{})
	require.NoError(t, err)
	require.JSONEq(t, `{"a":"","m":null}`, string(b))
	out = in
	require.NoError(t, json.Unmarshal([]byte(`{"a":""}`), &out))
	require.True(t, out.A.IsZero())
	require.NoError(t, json.Unmarshal([]byte(`{"a":"00000000-0000-0000-0000-000000000000"}`), &out))
	require.True(t, out.A.IsZero())

	kept := id
	require.ErrorIs(t, kept.UnmarshalText([]byte("nonsense")), storage.ErrInvalid)
	require.Equal(t, id, kept, "what cannot be read changes nothing")
}

func TestIDSQL(t *testing.T) {
	t.Parallel()
	id := storage.NewID[apple]()
	v, err := id.Value()
	require.NoError(t, err)
	require.Equal(t, driver.Value(id.String()), v)
	v, err = storage.ID[apple]{}.Value()
	require.NoError(t, err)
	require.Nil(t, v)

	b := id.Bytes()
	for _, src := range []any{id.String(), []byte(id.String()), b[:]} {
		var got storage.ID[apple]
		require.NoError(t, got.Scan(src), "%T", src)
		require.Equal(t, id, got)
	}
	got := id
	require.NoError(t, got.Scan(nil))
	require.True(t, got.IsZero())
	for _, src := range []any{"", []byte{}, []byte(nil)} { // as MarshalText writes the zero ID
		got := id
		require.NoError(t, got.Scan(src), "%T", src)
		require.True(t, got.IsZero(), "%T", src)
	}
	for _, src := range []any{"nonsense", "{" + id.String() + "}", strings.ReplaceAll(id.String(), "-", ""), []byte{1, 2, 3}, 7, true} {
		got := id
		require.ErrorIs(t, got.Scan(src), storage.ErrInvalid, "%v", src)
		require.Equal(t, id, got, "what cannot be read changes nothing")
	}
	src := id.Bytes()
	require.NoError(t, got.Scan(src[:]))
	src[0] ^= 0xff
	require.Equal(t, id, got, "a driver may use its bytes again")
}

func TestIDCompare(t *testing.T) {
	t.Parallel()
	sorted := []storage.ID[apple]{{}, storage.MakeID[apple]([16]byte{15: 1}), storage.MakeID[apple]([16]byte{0: 1}), storage.MakeID[apple]([16]byte{0: 0x80}), storage.MakeID[apple](uuid.Max)}
	for i, a := range sorted {
		for j, b := range sorted {
			require.Equal(t, i < j, a.Compare(b) < 0, "%v %v", a, b)
			require.Equal(t, i < j, a.String() < b.String(), "text sorts as bytes do")
		}
	}
}
