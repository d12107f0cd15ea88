// SPDX-License-Identifier: BSD-3-Clause

package community

import (
	"sync"
	"time"

	"github.com/copis-it/copis/auth"
)

// A Rate lets somebody do a thing Times in any stretch of Per, and then again
// one by one as time goes on. The zero Rate is no limit.
type Rate struct {
	Times int
	Per   time.Duration
}

// Rates bounds how often one person does a thing. Actions that are not in it
// have no limit; a newcomer without a rate of their own has that of members. What was done is remembered in memory: of several nodes each
// allows as much.
type Rates map[auth.Action]struct{ Newcomer, Member Rate }

// A pace remembers what was done, by the generic cell rate algorithm (ITU-T
// I.371): it is forgotten at a steady pace. It is safe for concurrent use.
type pace struct {
	rates Rates

	mu    sync.Mutex
	until map[paced]time.Time // when the last that was done will be forgotten
	sweep time.Time           // when to drop those that are
}

type paced struct {
	user auth.UserID
	do   auth.Action
}

func newPace(rates Rates) *pace { return &pace{rates: rates, until: map[paced]time.Time{}} }

// take counts one more, or returns how long to wait until it may be.
func (p *pace) take(key paced, rate Rate, now time.Time) time.Duration {
	if rate.Times <= 0 || rate.Per <= 0 {
		return 0
	}
	each := rate.Per / time.Duration(rate.Times)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(now)
	next := now.Add(each)
	if last := p.until[key]; last.After(now) {
		next = last.Add(each)
	}
	if wait := next.Sub(now) - rate.Per; wait > 0 {
		return wait
	}
	p.until[key] = next
	return 0
}

// forget drops, once a minute, whoever has been idle long enough.
func (p *pace) forget(now time.Time) {
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
