// SPDX-License-Identifier: BSD-3-Clause

package storage

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"iter"
	"strings"
)

// A Cursor marks a place in a list. Clients pass it back untouched; the empty
// Cursor is the start. A cursor that was changed, or that belongs to another
// list, is refused with [ErrInvalid]. It opens nothing: lists are filtered by
// the reach of whoever reads, wherever they start.
type Cursor string

// A Page is one slice of a list, with the place where the next one starts.
// Next is empty on the last page.
type Page[T any] struct {
	Items []T
	Next  Cursor
}

// Limits of every list: what a zero Limit means, and the most that is given.
const (
	DefaultLimit = 20
	MaxLimit     = 100
)

// Limit returns the limit that n means: at least 1, at most MaxLimit.
func Limit(n int) int {
	if n <= 0 {
		return DefaultLimit
	}
	return min(n, MaxLimit)
}

// EncodeCursor carries a list's sort key through a client. The list's name is
// sealed in, with a checksum against slips; see [Cursor] for why no secret is.
// It panics if the key does not marshal as JSON.
func EncodeCursor(list string, key any) Cursor {
	b, err := json.Marshal(key)
	if err != nil {
		panic("storage: cursor key: " + err.Error()) // adapters' own types always marshal
	}
	b = binary.BigEndian.AppendUint32(b, cursorSum(list, b))
	return Cursor(base64.RawURLEncoding.EncodeToString(b))
}

// DecodeCursor reads what EncodeCursor wrote for the same list into key, a
// pointer. Anything else, and whatever is longer than 2,048 bytes, is
// [ErrInvalid], and key is not to be used.
func DecodeCursor(list string, c Cursor, key any) error {
	bad := &Invalid{Field: "cursor", Code: CodeMalformed}
	// The decoder would pass over line ends.
	if len(c) > maxCursor || strings.ContainsAny(string(c), "\r\n") {
		return bad
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(c))
	if err != nil || len(b) < 4 {
		return bad
	}
	body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	if sum != cursorSum(list, body) || json.Unmarshal(body, key) != nil {
		return bad
	}
	return nil
}

const maxCursor = 2048

func cursorSum(list string, body []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE([]byte(list)), crc32.IEEETable, body)
}

// Cut makes a page of a list that was read one item beyond its limit: key
// gives the sort key of the last item shown.
func Cut[T any](items []T, limit int, list string, key func(T) any) Page[T] {
	if len(items) <= limit {
		return Page[T]{Items: items}
	}
	return Page[T]{Items: items[:limit], Next: EncodeCursor(list, key(items[limit-1]))}
}

// All walks every page that fetch returns. The first error, of fetch or of
// ctx between two pages, is yielded and ends the walk. It holds nothing open
// between items, so the loop body may use the store.
//
//	for topic, err := range storage.All(ctx, func(c storage.Cursor) (storage.Page[forum.Topic], error) { ... }) {
func All[T any](ctx context.Context, fetch func(Cursor) (Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var at Cursor
		for {
			if err := ctx.Err(); err != nil {
				yield(*new(T), err)
				return
			}
			page, err := fetch(at)
			if err != nil {
				yield(*new(T), err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			at = page.Next
		}
	}
}
