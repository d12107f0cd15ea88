// SPDX-License-Identifier: BSD-3-Clause

package auth

import (
	"context"
	"encoding/json"
	"time"

	"github.com/copis-it/copis/storage"
)

// A Limiter bounds how often an actor does an action. Allow returns nil, and
// counts the attempt, or a [*Limited]. It must be safe for concurrent use.
// A nil Limiter in a Config allows everything.
type Limiter interface {
	Allow(ctx context.Context, who Actor, do Action) error
}

// NewEvent makes the event that reports a change of an object: name in the
// past tense, and a payload of a type that the tool declares. It panics if the
// payload does not marshal as JSON.
func NewEvent(name string, at time.Time, area AreaID, audience Audience, payload any) storage.Event {
	b, err := json.Marshal(payload)
	if err != nil {
		panic("auth: event " + name + ": " + err.Error()) // the tools' own types always marshal
	}
	return storage.Event{
		ID: storage.NewID[storage.Event](), At: at, Name: name,
		Area: area.Bytes(), Audience: uint8(audience), Data: b,
	}
}
