// SPDX-License-Identifier: BSD-3-Clause

package storage

import (
	"errors"
	"fmt"
	"strings"
)

// What stores and services answer, always wrapped in an [*Error].
// Test for them with [errors.Is].
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("already exists")
	ErrConflict = errors.New("changed by someone else")
	ErrInvalid  = errors.New("invalid")
	ErrTxDone   = errors.New("unit of work already ended")
	ErrNested   = errors.New("outer store used inside its own unit of work")
	ErrRetry    = errors.New("transaction must be run again")
	ErrUnknown  = errors.New("commit sent but its answer was lost")
)

// Error records the operation that failed and the object it was about,
// in the manner of [io/fs.PathError].
type Error struct {
	Op     string // "forum.Reply"
	Object string // "topic 018f…", may be empty; never a text that a person wrote
	Err    error
}

func (e *Error) Error() string {
	parts := make([]string, 0, 3)
	for _, p := range []string{e.Op, e.Object, e.Err.Error()} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ": ")
}

func (e *Error) Unwrap() error { return e.Err }

// Invalid says which field of an input cannot be accepted and why, as a code
// that a host translates. It matches [ErrInvalid].
type Invalid struct {
	Field  string         // "title"; "" when the input as a whole is at fault
	Code   string         // "too_long"; the codes of text are in this package
	Params map[string]any // what a message wants to name: {"max": 200}
}

func (e *Invalid) Error() string {
	s := strings.TrimSpace(e.Field + " " + e.Code)
	if max, ok := e.Params["max"]; ok {
		s += fmt.Sprintf(" (at most %v)", max)
	}
	return s
}

func (e *Invalid) Is(target error) bool { return target == ErrInvalid }

// Conflict says that an object changed since the caller read it. It carries
// what the caller started from and what is there now, so that a person can
// choose. It matches [ErrConflict].
type Conflict struct {
	Base    any // what the caller based the change on: a version or a value
	Current any // the value as it is now
}

func (e *Conflict) Error() string { return ErrConflict.Error() }

func (e *Conflict) Is(target error) bool { return target == ErrConflict }
