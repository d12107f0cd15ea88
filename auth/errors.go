// SPDX-License-Identifier: BSD-3-Clause

package auth

import (
	"errors"
	"fmt"
	"time"
)

// What a refused actor gets. Test with [errors.Is].
var (
	ErrDenied  = errors.New("denied")
	ErrLimited = errors.New("too often")
)

// Reasons of [Denied] that every authorizer may give; others may be added.
const (
	ReasonUnset  = "no_authorizer" // the host configured none
	ReasonSignIn = "sign_in"       // a visitor would have to sign in
	ReasonRole   = "role"          // the role does not suffice
	ReasonClosed = "closed"        // the place takes no more
	ReasonScope  = "scope"         // the token was not given it
)

// Denied is a refusal that the actor may know of. It matches [ErrDenied].
type Denied struct {
	Action Action
	Reason string    // a code that a host translates
	Opens  time.Time // when it will be allowed, if that is known
}

func (e *Denied) Error() string {
	s := fmt.Sprintf("%s denied: %s", e.Action, e.Reason)
	if !e.Opens.IsZero() {
		s += ", opens " + e.Opens.UTC().Format(time.RFC3339)
	}
	return s
}

func (e *Denied) Is(target error) bool { return target == ErrDenied }

// Limited is a refusal because of a rate: the same call may succeed after a
// while. It matches [ErrLimited].
type Limited struct {
	Action Action
	After  time.Duration // how long to wait
}

func (e *Limited) Error() string {
	return fmt.Sprintf("%s too often: wait %s", e.Action, e.After.Round(time.Second))
}

func (e *Limited) Is(target error) bool { return target == ErrLimited }
