// SPDX-License-Identifier: BSD-3-Clause

package community

import (
	"context"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// members answers from the membership who is what.
type members struct{ of *membership.Service }

func (m *members) Standing(ctx context.Context, who auth.Actor) (Standing, error) {
	st, err := m.of.Standing(ctx, who.User)
	if err != nil {
		return Standing{}, err
	}
	is := Standing{
		Role: st.Member.Role, Category: st.Member.Category, Sanctions: st.Sanctions, Phase: st.Phase,
		Waiting: st.Waiting.Category, Decidable: st.Decidable, Opens: st.Opens,
		Newcomer: st.Newcomer,
		Away:     !st.Member.User.IsZero() && st.Member.State != membership.Active,
	}
	if st.Member.State == membership.Active { // as [membership.Standing.RoleIn] has it
		is.Areas = st.Areas
	}
	for _, x := range st.Mandates {
		is.Orgs = append(is.Orgs, x.Org)
	}
	return is, nil
}

// limits is a pace that newcomers are held to more tightly.
type limits struct {
	pace  *pace
	clock storage.Clock
	of    Standings
}

// Allow implements [auth.Limiter].
func (l limits) Allow(ctx context.Context, who auth.Actor, do auth.Action) error {
	rates, ok := l.pace.rates[do]
	if !ok {
		return nil
	}
	rate := rates.Member
	if rates.Newcomer != (Rate{}) && rates.Newcomer != rates.Member {
		st, err := l.of.Standing(ctx, who)
		if err != nil {
			return err
		}
		if st.Newcomer {
			rate = rates.Newcomer
		}
	}
	if wait := l.pace.take(paced{who.User, do}, rate, l.clock.Now()); wait > 0 {
		return &auth.Limited{Action: do, After: wait}
	}
	return nil
}

// holding asks Hold of who somebody is now, if there is one.
func (c Config) holding() func(context.Context, auth.Actor, auth.Scope, auth.Action) (bool, error) {
	if c.Hold == nil {
		return nil
	}
	return func(ctx context.Context, who auth.Actor, at auth.Scope, do auth.Action) (bool, error) {
		st, err := c.Standing.Standing(ctx, who)
		return err == nil && c.Hold(st, at, do), err
	}
}

// Holds reports whether what the actor does there would wait for a moderator, or
// as an edit be refused because what was let through stays as it was seen (see
// Config.Hold): so that nothing is offered that is then refused.
func (c *Community) Holds(ctx context.Context, who auth.Actor, at auth.Scope, do auth.Action) (bool, error) {
	if c.hold == nil {
		return false, nil
	}
	return c.hold(ctx, who, at, do)
}

// promising says the widest that the phase in force lets new items be promised
// to, if there are phases.
func (c *Community) promising() func(context.Context) (auth.Audience, error) {
	if len(c.cfg.Plan) == 0 {
		return nil
	}
	return func(ctx context.Context) (auth.Audience, error) {
		now, err := c.Membership.Phase(ctx)
		if err != nil {
			return 0, err
		}
		return c.cfg.Plan[now.Phase].Audience, nil
	}
}
