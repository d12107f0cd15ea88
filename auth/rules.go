// SPDX-License-Identifier: BSD-3-Clause

package auth

import (
	"context"
	"errors"

	"github.com/copis-it/copis/storage"
)

// Can says whether the actor may, where a refusal is no error.
func Can(ctx context.Context, a Authorizer, who Actor, do Action, at Scope) (bool, error) {
	switch err := a.Authorize(ctx, who, do, at); {
	case err == nil:
		return true, nil
	case errors.Is(err, ErrDenied):
		return false, nil
	default:
		return false, err
	}
}

// Hide turns a refusal that the actor may not know of into [storage.ErrNotFound];
// whatever else went wrong stays as it is.
func Hide(err error) error {
	if errors.Is(err, ErrDenied) {
		return storage.ErrNotFound
	}
	return err
}

// Unknown turns a refusal of an object that a field names into an error of that
// field; whatever else went wrong stays as it is.
func Unknown(field string, err error) error {
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, ErrDenied) {
		return &storage.Invalid{Field: field, Code: storage.CodeUnknown}
	}
	return err
}

// SignedIn refuses visitors what is kept for a person.
func SignedIn(who Actor, do Action) error {
	if who.User.IsZero() {
		return &Denied{Action: do, Reason: ReasonSignIn}
	}
	return nil
}

// Count counts an attempt against the rate of an action. A nil Limiter allows
// everything.
func Count(ctx context.Context, l Limiter, who Actor, do Action) error {
	if l == nil {
		return nil
	}
	return l.Allow(ctx, who, do)
}
