// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"math"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
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
	Requests pace            // of one client
	Acts     community.Rates // of one person
}

var defaultRates = rates{
	Requests: pace{50 * time.Millisecond, 100},
	Acts: community.Rates{
		forum.Start:       {Newcomer: community.Rate{Times: 3, Per: time.Hour}, Member: community.Rate{Times: 5, Per: 5 * time.Minute}},
		forum.Say:         {Newcomer: community.Rate{Times: 5, Per: 5 * time.Minute}, Member: community.Rate{Times: 10, Per: 100 * time.Second}},
		forum.Edit:        {Newcomer: community.Rate{Times: 20, Per: 100 * time.Second}, Member: community.Rate{Times: 20, Per: 100 * time.Second}},
		forum.React:       {Newcomer: community.Rate{Times: 30, Per: 30 * time.Second}, Member: community.Rate{Times: 30, Per: 30 * time.Second}},
		qa.Start:          {Newcomer: community.Rate{Times: 3, Per: time.Hour}, Member: community.Rate{Times: 5, Per: 5 * time.Minute}},
		qa.Reply:          {Newcomer: community.Rate{Times: 5, Per: 5 * time.Minute}, Member: community.Rate{Times: 10, Per: 100 * time.Second}},
		qa.Remark:         {Newcomer: community.Rate{Times: 5, Per: 5 * time.Minute}, Member: community.Rate{Times: 10, Per: 100 * time.Second}},
		qa.Propose:        {Newcomer: community.Rate{Times: 5, Per: 5 * time.Minute}, Member: community.Rate{Times: 10, Per: 100 * time.Second}},
		qa.Cast:           {Newcomer: community.Rate{Times: 30, Per: 30 * time.Second}, Member: community.Rate{Times: 30, Per: 30 * time.Second}},
		membership.Join:   {Newcomer: community.Rate{Times: 5, Per: time.Hour}, Member: community.Rate{Times: 5, Per: time.Hour}},
		membership.Invite: {Newcomer: community.Rate{Times: 5, Per: time.Hour}, Member: community.Rate{Times: 100, Per: time.Hour}},
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

// limited refuses clients that ask too often.
func (p *portal) limited(next http.Handler) http.Handler {
	var once sync.Once
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.clientHeader == "" && (r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "") {
			once.Do(func() {
				p.log.WarnContext(r.Context(), "requests come through a proxy, and -client-header is not set: to the limits, all visitors are one")
			})
		}
		if after := p.requests.wait(p.client(r)); after > 0 {
			p.anyone(func(*visit) error { return &auth.Limited{After: after} })(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// client names who asks: an IPv4 address, or the /64 that a subscriber of IPv6
// has for themselves. Behind a proxy that is what the last proxy says in the
// header of options.ClientHeader: what stands before it, anybody may have made
// up. Without such a header it is the proxy, for everybody.
func (p *portal) client(r *http.Request) string {
	var addr netip.Addr
	if said := r.Header.Values(p.clientHeader); p.clientHeader != "" && len(said) > 0 {
		last := said[len(said)-1]
		addr, _ = netip.ParseAddr(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:]))
	}
	if !addr.IsValid() {
		at, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			return r.RemoteAddr
		}
		addr = at.Addr()
	}
	addr = addr.Unmap()
	if addr.Is6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

// minutes returns d in whole minutes, rounded up.
func minutes(d time.Duration) int { return int(math.Ceil(d.Minutes())) }

// seconds returns d in whole seconds, rounded up.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
