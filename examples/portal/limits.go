// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"math"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// A pace is how often something may happen: Burst times at once, then once
// every Every. The zero pace is no limit.
type pace struct {
	Every time.Duration
	Burst int
}

// rates are the portal's limits.
type rates struct {
	Requests pace // of one client
	Posting  map[auth.Action]pace
}

var defaultRates = rates{
	Requests: pace{50 * time.Millisecond, 100},
	Posting: map[auth.Action]pace{
		forum.Start: {time.Minute, 5},
		forum.Say:   {10 * time.Second, 10},
		forum.Edit:  {5 * time.Second, 20},
		forum.React: {time.Second, 30},
	},
}

// buckets keep one token bucket for each key. They forget keys that were not
// seen lately, so that their number is bounded.
type buckets struct {
	pace  pace
	clock storage.Clock

	mu         sync.Mutex
	fresh, old map[string]*rate.Limiter
}

const maxBuckets = 10_000

func newBuckets(clock storage.Clock, p pace) *buckets {
	return &buckets{pace: p, clock: clock, fresh: map[string]*rate.Limiter{}}
}

// wait takes a token for key, or returns how long until there is one.
func (b *buckets) wait(key string) time.Duration {
	if b.pace.Burst == 0 {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	limiter := b.fresh[key]
	if limiter == nil {
		if limiter = b.old[key]; limiter == nil {
			limiter = rate.NewLimiter(rate.Every(b.pace.Every), b.pace.Burst)
		}
		if len(b.fresh) >= maxBuckets {
			b.old, b.fresh = b.fresh, map[string]*rate.Limiter{}
		}
		b.fresh[key] = limiter
	}
	now := b.clock.Now()
	r := limiter.ReserveN(now, 1)
	delay := r.DelayFrom(now)
	if delay > 0 {
		r.CancelAt(now)
	}
	return delay
}

// postingLimits is the [auth.Limiter] of the community: a pace for each action
// and person.
type postingLimits map[auth.Action]*buckets

var _ auth.Limiter = postingLimits{}

func newPostingLimits(clock storage.Clock, paces map[auth.Action]pace) postingLimits {
	l := postingLimits{}
	for do, p := range paces {
		l[do] = newBuckets(clock, p)
	}
	return l
}

// Allow implements [auth.Limiter].
func (l postingLimits) Allow(_ context.Context, who auth.Actor, do auth.Action) error {
	b, ok := l[do]
	if !ok {
		return nil
	}
	if after := b.wait(who.User.String()); after > 0 {
		return &auth.Limited{Action: do, After: after}
	}
	return nil
}

// limited refuses clients that ask too often.
func (p *portal) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if after := p.requests.wait(client(r)); after > 0 {
			p.serve(func(*visit) error { return &auth.Limited{After: after} })(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// client names who asks: an IPv4 address, or the /64 that a subscriber of IPv6
// has for themselves. Behind a proxy that is the proxy; it must then limit.
func client(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	addr := at.Addr().Unmap()
	if addr.Is6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

// seconds returns d in whole seconds, rounded up.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
