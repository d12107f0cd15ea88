// SPDX-License-Identifier: BSD-3-Clause

package storage

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// A Change says what becomes of the store's rows. Each tool declares its own,
// beside its Store; [Event] and [Once] are those of every tool.
type Change interface {
	// Change names the change, "forum.InsertTopic". It is the Op of the
	// [*Error] with which a store refuses it.
	Change() string
}

// Writer is the part of every tool's Store that writes. A store takes the
// changes of every tool that it keeps.
type Writer interface {
	// Apply makes the changes in their order, all of them or none. The first
	// that cannot be made is named by the error: ErrExists for an insert of
	// what is there, ErrNotFound for a change of what is not, or that needs
	// what is not, ErrConflict for a change of a version that is no longer
	// current, ErrInvalid for a text that is not UTF-8 or has a NUL.
	Apply(ctx context.Context, changes ...Change) error

	// Done returns what an earlier call of owner made under key, or
	// ErrNotFound. See [Once].
	Done(ctx context.Context, owner uuid.UUID, key string) (object uuid.UUID, err error)
}

// Once is a change that can be made only once for an owner and a key: the
// second time it is ErrExists. A service applies it with what it creates, so
// that a form sent twice makes one object, and the second call can be answered
// with the first one's.
type Once struct {
	Owner  uuid.UUID
	Key    string // at most MaxKey bytes, chosen by the caller
	Object uuid.UUID
	At     time.Time
	Keep   bool // never forgotten, for imports that may be run again years later
}

// MaxKey bounds an idempotency key, in bytes.
const MaxKey = 100

// OnceKept is how long a key is remembered; see [Forget].
const OnceKept = 30 * 24 * time.Hour

// Forget is a change that drops what was remembered before an instant: the
// keys of [Once] that are not kept, and events that have been delivered.
type Forget struct{ Before time.Time }

// EventID identifies an [Event].
type EventID = ID[Event]

// An Event says that something happened, in the past tense: "forum.replied".
// It is a Change, applied in the same unit of work as what it reports, and
// stays until [Forget]. Events are delivered after commit, at least once.
type Event struct {
	ID       EventID
	At       time.Time
	Name     string
	Area     uuid.UUID       // where its object stands; package auth gives it meaning
	Audience uint8           // who its object was promised to, likewise
	Data     json.RawMessage // a payload type that the tool declares
}

// EraseUser is a change that empties the identifier of a person wherever the
// shared rows hold it: keys are dropped, and in the data of events the
// identifier becomes the zero one. Tools declare their own beside it.
type EraseUser struct{ User uuid.UUID }

func (Once) Change() string      { return "storage.Once" }
func (Forget) Change() string    { return "storage.Forget" }
func (Event) Change() string     { return "storage.Event" }
func (EraseUser) Change() string { return "storage.EraseUser" }
