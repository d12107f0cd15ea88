// SPDX-License-Identifier: BSD-3-Clause

package storage

import (
	"bytes"
	"database/sql/driver"

	"github.com/google/uuid"
)

// ID identifies one T. IDs of different types do not mix:
//
//	type TopicID = storage.ID[Topic]
//
// New IDs are UUIDv7 (RFC 9562), so they sort by creation time. The zero ID
// names nothing. An ID is never used again for another object.
type ID[T any] struct{ u uuid.UUID }

// NewID returns a fresh ID.
func NewID[T any]() ID[T] { return ID[T]{uuid.Must(uuid.NewV7())} }

// MakeID returns the ID with these bytes, whatever they are.
func MakeID[T any](b [16]byte) ID[T] { return ID[T]{b} }

// ParseID reads an ID from its canonical text form: 36 characters, as
// [ID.String] writes them, in either case. Anything else is [ErrInvalid].
func ParseID[T any](s string) (ID[T], error) {
	u, err := uuid.Parse(s)
	if err != nil || len(s) != 36 {
		return ID[T]{}, &Invalid{Field: "id", Code: CodeMalformed}
	}
	return ID[T]{u}, nil
}

// IsZero reports whether the ID names nothing.
func (id ID[T]) IsZero() bool { return id.u == uuid.Nil }

// String returns the canonical text form.
func (id ID[T]) String() string { return id.u.String() }

// Bytes returns the 16 bytes of the ID. Their order is that of [ID.Compare].
func (id ID[T]) Bytes() [16]byte { return id.u }

// Compare orders IDs by their bytes, which for fresh ones is by creation time.
func (id ID[T]) Compare(other ID[T]) int { return bytes.Compare(id.u[:], other.u[:]) }

// MarshalText writes the canonical text form, and nothing for the zero ID.
func (id ID[T]) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return []byte{}, nil
	}
	return id.u.MarshalText()
}

// UnmarshalText reads what MarshalText wrote; anything else is [ErrInvalid].
func (id *ID[T]) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = ID[T]{}
		return nil
	}
	v, err := ParseID[T](string(b))
	if err == nil {
		*id = v
	}
	return err
}

// Value makes an ID usable as an argument of a host's own SQL, as text; the
// zero ID is NULL.
func (id ID[T]) Value() (driver.Value, error) {
	if id.IsZero() {
		return nil, nil
	}
	return id.u.String(), nil
}

// Scan reads an ID from a column of text, of 16 bytes or of type uuid; NULL and
// the empty text are the zero ID. Anything else is [ErrInvalid].
func (id *ID[T]) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*id = ID[T]{}
		return nil
	case string:
		return id.UnmarshalText([]byte(v))
	case []byte:
		if len(v) == 16 {
			copy(id.u[:], v)
			return nil
		}
		return id.UnmarshalText(v)
	}
	return &Invalid{Field: "id", Code: CodeMalformed}
}
