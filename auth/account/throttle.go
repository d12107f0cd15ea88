// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// Tries says how often something may be tried, and how long to wait after
// that: twice as long each time, but never for ever.
type Tries struct {
	Free  int           // without waiting
	First time.Duration // after the last free one
	Most  time.Duration
	Kept  time.Duration // so long after the last try, all are forgotten
}

var (
	ofAccount = Tries{5, time.Second, 15 * time.Minute, 24 * time.Hour}
	ofSource  = Tries{50, time.Second, 15 * time.Minute, time.Hour}
	ofMail    = Tries{3, time.Minute, time.Hour, 24 * time.Hour}
	ofSignUps = Tries{20, time.Minute, time.Hour, 24 * time.Hour}
)

// or fills in defaults.
func (t Tries) or(d Tries) Tries {
	if t.Free <= 0 {
		t.Free = d.Free
	}
	if t.First <= 0 {
		t.First = d.First
	}
	if t.Most <= 0 {
		t.Most = d.Most
	}
	if t.Kept <= 0 {
		t.Kept = d.Kept
	}
	return t
}

// standing returns how many tries still count, and how long to wait now.
func (t Tries) standing(a Attempts, now time.Time) (count int, wait time.Duration) {
	if now.Sub(a.At) >= t.Kept {
		return 0, 0
	}
	if a.Count < t.Free {
		return a.Count, 0
	}
	wait = t.Most
	if twice := a.Count - t.Free; twice < 32 {
		if w := t.First << twice; w > 0 && w < t.Most {
			wait = w
		}
	}
	return a.Count, max(0, wait-now.Sub(a.At))
}

// limit is one thing that is counted.
type limit struct {
	key [16]byte
	of  Tries
}

// key names what is counted. It does not tell of what it was made.
func key(kind, of string) [16]byte {
	sum := sha256.Sum256([]byte("account.Attempts\x00" + kind + "\x00" + of))
	return [16]byte(sum[:])
}

// count counts a try of everything in limits before it is made, or is Limited
// if one of them must wait: then nothing is counted, and nothing tells what the
// try would have come to.
func (s *Service) count(ctx context.Context, do auth.Action, limits ...limit) error {
	if len(limits) == 0 {
		return nil
	}
	err := s.decide(ctx, func() error {
		now := s.cfg.Clock.Now()
		had, err := s.attempts(ctx, limits)
		if err != nil {
			return err
		}
		var changes []storage.Change
		var after time.Duration
		for _, l := range limits {
			count, wait := l.of.standing(had[l.key], now)
			after = max(after, wait)
			changes = append(changes, PutAttempts{Attempts{l.key, count + 1, now}, had[l.key].Count})
		}
		if after > 0 {
			return &auth.Limited{Action: do, After: after}
		}
		return s.cfg.Store.Apply(ctx, changes...)
	})
	if errors.Is(err, storage.ErrConflict) { // many at once: as good as too many
		return &auth.Limited{Action: do, After: limits[0].of.First}
	}
	return err
}

func (s *Service) attempts(ctx context.Context, limits []limit) (map[[16]byte]Attempts, error) {
	keys := make([][16]byte, len(limits))
	for i, l := range limits {
		keys[i] = l.key
	}
	list, err := s.cfg.Store.Attempts(ctx, keys)
	if err != nil {
		return nil, err
	}
	had := make(map[[16]byte]Attempts, len(list))
	for _, a := range list {
		had[a.Key] = a
	}
	return had, nil
}

// remembered is how long a source is remembered from which somebody got in.
const remembered = 30 * 24 * time.Hour

// A try is an attempt to get into an account, from a source if the host told
// it. From a source where the person got in before, it is counted apart: who
// tries to keep them out from elsewhere does not keep them out there.
type try struct{ account, source, both [16]byte }

func newTry(account [16]byte, source string) try {
	t := try{account: account}
	if source != "" {
		t.source = key("source", source)
		t.both = key("both", string(account[:])+source)
	}
	return t
}

// begin counts a try before it is made. One that is cut off, because its
// context ends, stays counted: whoever cuts off theirs tries no more often.
func (s *Service) begin(ctx context.Context, t try) error {
	limits := []limit{{t.account, s.cfg.Account}}
	if t.source != [16]byte{} {
		both := limit{t.both, s.cfg.Account}
		had, err := s.attempts(ctx, []limit{both})
		if err != nil {
			return err
		}
		if a, ok := had[t.both]; ok && s.cfg.Clock.Now().Sub(a.At) < remembered {
			limits[0] = both
		}
		limits = append(limits, limit{t.source, s.cfg.Source})
	}
	return s.count(ctx, ActSignIn, limits...)
}

// end takes a try that came to a good end back. What cannot be taken back has
// counted too much, which time mends: it is no reason to spoil what was done.
func (s *Service) end(ctx context.Context, t try) {
	if t.source == [16]byte{} {
		_ = s.cfg.Store.Apply(ctx, DropAttempts{[][16]byte{t.account}})
		return
	}
	_ = s.decide(ctx, func() error {
		now := s.cfg.Clock.Now()
		had, err := s.attempts(ctx, []limit{{key: t.both}, {key: t.source}})
		if err != nil {
			return err
		}
		changes := []storage.Change{PutAttempts{Attempts{t.both, 0, now}, had[t.both].Count}}
		if _, ok := had[t.both]; !ok {
			changes = append(changes, DropAttempts{[][16]byte{t.account}})
		}
		if a := had[t.source]; a.Count > 0 {
			changes = append(changes, PutAttempts{Attempts{t.source, a.Count - 1, a.At}, a.Count})
		}
		return s.cfg.Store.Apply(ctx, changes...)
	})
}
