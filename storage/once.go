// SPDX-License-Identifier: BSD-3-Clause

package storage

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// OnceFor returns the [Once] that lets an owner use a key once for an
// operation, or nothing without a key. A key that cannot be kept is an
// [*Invalid] of the field "key".
func OnceFor(owner uuid.UUID, op, key string, object uuid.UUID, at time.Time, keep bool) ([]Change, error) {
	switch {
	case key == "":
		return nil, nil
	case len(key) > MaxKey:
		return nil, &Invalid{Field: "key", Code: CodeTooLong, Params: map[string]any{"max": MaxKey}}
	case !utf8.ValidString(key) || strings.ContainsRune(key, 0):
		return nil, &Invalid{Field: "key", Code: CodeMalformed}
	}
	return []Change{Once{Owner: owner, Key: op + "/" + key, Object: object, At: at, Keep: keep}}, nil
}

// Made returns what an earlier call with the same key made, after a call was
// refused with err: then the refusal may come of its being a repetition.
func Made(ctx context.Context, s Writer, owner uuid.UUID, op, key string, err error) (uuid.UUID, bool) {
	if err == nil || key == "" {
		return uuid.UUID{}, false
	}
	object, err := s.Done(ctx, owner, op+"/"+key)
	return object, err == nil
}
