// SPDX-License-Identifier: BSD-3-Clause

package auth

import (
	"context"
	"slices"
)

// Only returns an Authorizer that allows what a does, and of that only these
// actions: the scopes of a token.
func Only(a Authorizer, actions ...Action) Authorizer {
	return only{a, slices.Clone(actions)}
}

type only struct {
	all     Authorizer
	actions []Action
}

func (o only) Authorize(ctx context.Context, who Actor, do Action, at Scope) error {
	if !slices.Contains(o.actions, do) {
		return &Denied{Action: do, Reason: ReasonScope}
	}
	return o.all.Authorize(ctx, who, do, at)
}

func (o only) Reach(ctx context.Context, who Actor, do Action) (Reach, error) {
	if !slices.Contains(o.actions, do) {
		return Reach{}, nil
	}
	return o.all.Reach(ctx, who, do)
}

func (o only) Explain(ctx context.Context, who Actor, do Action, at Scope) (Explanation, error) {
	if slices.Contains(o.actions, do) {
		return o.all.Explain(ctx, who, do, at)
	}
	return Explanation{
		Steps:  []Step{{Rule: "scope", Have: "token", Want: string(do)}},
		Denied: &Denied{Action: do, Reason: ReasonScope},
	}, nil
}

func (o only) ForCall() Authorizer { return only{ForCall(o.all), o.actions} }

// ForCall returns an Authorizer for one call of a service: it may look up who
// an actor is once, and answer from that until the call ends. It is a itself
// if a looks nothing up.
func ForCall(a Authorizer) Authorizer {
	if c, ok := a.(interface{ ForCall() Authorizer }); ok {
		return c.ForCall()
	}
	return a
}
