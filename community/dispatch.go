// SPDX-License-Identifier: BSD-3-Clause

package community

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/copis-it/copis/storage"
)

// A Handler is told of events after they are committed, each at least once:
// it must bear being told twice. Name is kept with what is still to be
// delivered, so it must stay what it is; the handlers of all nodes of a
// community must be the same.
type Handler struct {
	Name   string
	Handle func(ctx context.Context, e storage.Event) error
}

// How events are delivered.
const (
	claimLease = 5 * time.Minute // for a batch; then another node takes over
	claimBatch = 50
	retryFirst = 10 * time.Second // doubled with every try
	retryMost  = 6 * time.Hour
)

// Work delivers events until ctx ends, looking for new ones every interval
// (default: 1 second). A host runs it in a goroutine of its own, on as many
// nodes as it likes. It returns ctx's error; other errors are given to report,
// and it goes on.
func (c *Community) Work(ctx context.Context, interval time.Duration, report func(error)) error {
	if interval <= 0 {
		interval = time.Second
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		if err := c.Tick(ctx); err != nil && ctx.Err() == nil && report != nil {
			report(err)
		}
		timer.Reset(interval)
	}
}

// Tick delivers the events that wait now, and forgets what need not be kept.
// It is for hosts with a scheduler of their own instead of Work. Nothing else
// depends on it: whatever changes with time is right without.
func (c *Community) Tick(ctx context.Context) error {
	var failed []error
	for {
		n, err := c.deliver(ctx)
		if err != nil {
			failed = append(failed, err)
		}
		if n < claimBatch || ctx.Err() != nil {
			break
		}
	}
	return errors.Join(append(failed, c.forget(ctx))...)
}

// forgetEvery is how often a node drops what need not be kept.
const forgetEvery = 10 * time.Minute

// forget drops what need not be kept, if it is time.
func (c *Community) forget(ctx context.Context) error {
	now := c.cfg.Clock.Now()
	due := c.cfg.tidy.Load()
	if now.Unix() < due || !c.cfg.tidy.CompareAndSwap(due, now.Add(forgetEvery).Unix()) {
		return nil
	}
	failed := []error{
		c.cfg.Store.Apply(ctx, storage.Forget{Before: now.Add(-storage.OnceKept)}),
		c.Sessions.Forget(ctx),
	}
	if c.Accounts != nil {
		failed = append(failed, c.Accounts.Forget(ctx))
	}
	return errors.Join(failed...)
}

// deliver claims one batch and gives it to the handlers.
func (c *Community) deliver(ctx context.Context) (int, error) {
	claimed := c.cfg.Clock.Now()
	batch, err := c.cfg.Store.Claim(ctx, claimed, claimLease, claimBatch)
	if err != nil {
		return 0, &storage.Error{Op: "community.Tick", Err: err}
	}
	var failed []error
	for _, d := range batch {
		if ctx.Err() != nil || c.cfg.Clock.Now().Sub(claimed) >= claimLease {
			break // what is left of the batch is claimed again after the lease
		}
		left, err := c.handle(ctx, d)
		failed = append(failed, err)
		pause := min(retryFirst<<min(d.Tries-1, 20), retryMost)
		settle := Settle{d.Event.ID, left, c.cfg.Clock.Now().Add(pause)}
		failed = append(failed, c.cfg.Store.Apply(context.WithoutCancel(ctx), settle)) // what was taken is not told again because the host stops
	}
	return len(batch), errors.Join(failed...)
}

// handle gives an event to the handlers that it is left for and returns those
// that failed.
func (c *Community) handle(ctx context.Context, d Delivery) (left []string, err error) {
	var failed []error
	for _, h := range c.handlers() {
		if d.Left != nil && !slices.Contains(d.Left, h.Name) {
			continue
		}
		if err := h.Handle(ctx, d.Event); err != nil {
			left = append(left, h.Name)
			failed = append(failed, &storage.Error{Op: "community.Tick", Object: h.Name + " event " + d.Event.ID.String(), Err: err})
		}
	}
	return left, errors.Join(failed...)
}

// handlers are the host's, after those of the community itself.
func (c *Community) handlers() []Handler {
	return append([]Handler{
		{Name: "community.recheck", Handle: c.recheck}, {Name: "community.recheck_pages", Handle: c.recheckPages},
	}, c.cfg.Handlers...)
}
