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

func (o only) Enter(ctx context.Context, who Actor, do Action) (Authorizer, error) {
	if !slices.Contains(o.actions, do) {
		return nil, &Denied{Action: do, Reason: ReasonScope}
	}
	all, err := Enter(ctx, o.all, who, do)
	if err != nil {
		return nil, err
	}
	return only{all, o.actions}, nil
}

// Enter begins a call of a service. It returns an Authorizer for this call,
// which may answer all of it from one look at who an actor is, and it refuses
// what the actor may not do wherever and to whatever: because of a sanction,
// the phase, the scopes of a token. Such a refusal matches [ErrDenied] and
// names no object, so it is given before one is looked for.
//
// It is a itself, and refuses nothing, if a has no method Enter.
func Enter(ctx context.Context, a Authorizer, who Actor, do Action) (Authorizer, error) {
	if e, ok := a.(interface {
		Enter(ctx context.Context, who Actor, do Action) (Authorizer, error)
	}); ok {
		return e.Enter(ctx, who, do)
	}
	return a, nil
}
