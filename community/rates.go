// SPDX-License-Identifier: BSD-3-Clause

package community

import (
	"context"
	"sync"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// A Rate lets somebody do a thing Times in any stretch of Per, and then again
// one by one as time goes on. The zero Rate is no limit.
type Rate struct {
	Times int
	Per   time.Duration
}

// Rates bounds how often one person does a thing. Actions that are not in it
// have no limit.
type Rates map[auth.Action]struct{ Newcomer, Member Rate }

// A Pace is the [auth.Limiter] of Rates. It remembers in memory: of several
// nodes each allows as much. It is safe for concurrent use.
type Pace struct {
	rates    Rates
	clock    storage.Clock
	newcomer func(context.Context, auth.UserID) (bool, error)

	mu    sync.Mutex
	until map[paced]time.Time // when the last that was allowed will be forgotten
	sweep time.Time
}

type paced struct {
	user auth.UserID
	do   auth.Action
}

var _ auth.Limiter = (*Pace)(nil)

// NewPace returns a limiter by rates. newcomer says for whom the tighter rate
// holds; nil: for nobody.
func NewPace(rates Rates, clock storage.Clock, newcomer func(context.Context, auth.UserID) (bool, error)) *Pace {
	return &Pace{rates: rates, clock: clock, newcomer: newcomer, until: map[paced]time.Time{}}
}

// Allow implements [auth.Limiter] by the generic cell rate algorithm (ITU-T
// I.371): what was allowed is forgotten at a steady pace.
func (p *Pace) Allow(ctx context.Context, who auth.Actor, do auth.Action) error {
	rates, ok := p.rates[do]
	if !ok {
		return nil
	}
	rate := rates.Member
	if p.newcomer != nil && rates.Newcomer != rates.Member {
		fresh, err := p.newcomer(ctx, who.User)
		if err != nil {
			return err
		}
		if fresh {
			rate = rates.Newcomer
		}
	}
	if rate.Times <= 0 || rate.Per <= 0 {
		return nil
	}
	each := rate.Per / time.Duration(rate.Times)
	now := p.clock.Now()

	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(now)
	key := paced{who.User, do}
	next := now.Add(each)
	if last := p.until[key]; last.After(now) {
		next = last.Add(each)
	}
	if wait := next.Sub(now) - rate.Per; wait > 0 {
		return &auth.Limited{Action: do, After: wait}
	}
	p.until[key] = next
	return nil
}

// forget drops, once a minute, whoever has been idle long enough.
func (p *Pace) forget(now time.Time) {
	if now.Before(p.sweep) {
		return
	}
	p.sweep = now.Add(time.Minute)
	for key, at := range p.until {
		if !at.After(now) {
			delete(p.until, key)
		}
	}
}
