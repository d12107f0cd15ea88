// SPDX-License-Identifier: BSD-3-Clause

package community_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

var start = time.Date(2026, 9, 1, 9, 0, 0, 0, time.UTC)

// hand is a clock that goes on when it is told to.
type hand struct {
	mu sync.Mutex
	at time.Time
}

func newHand() *hand { return &hand{at: start} }

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *hand) Add(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

// ear takes down the names of the events that it is told of, and fails while
// it is deaf.
type ear struct {
	mu    sync.Mutex
	heard []string
	deaf  error
}

func (e *ear) Handle(_ context.Context, ev storage.Event) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, ev.Name)
	return e.deaf
}

func (e *ear) Heard() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string{}, e.heard...)
}

func (e *ear) SetDeaf(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.deaf = err
}

// happen stores events of these names, a second apart.
func happen(t testing.TB, s storage.Writer, from time.Time, names ...string) {
	t.Helper()
	for i, name := range names {
		at := from.Add(time.Duration(i) * time.Second)
		require.NoError(t, s.Apply(t.Context(), auth.NewEvent(name, at, auth.Commons, auth.Public, nil)))
	}
}

func TestTickDeliversOnce(t *testing.T) {
	t.Parallel()
	s, now := memory.New(), newHand()
	var a, b ear
	c := community.New(community.Config{Store: s, Clock: now.Now, Handlers: []community.Handler{{Name: "a", Handle: a.Handle}, {Name: "b", Handle: b.Handle}}})
	want := []string{"one", "two", "three"}
	happen(t, s, start, want...)
	now.Add(time.Minute)
	for range 3 {
		require.NoError(t, c.Tick(t.Context()))
		assert.Equal(t, want, a.Heard(), "oldest first")
		assert.Equal(t, want, b.Heard())
		now.Add(24 * time.Hour)
	}
}

// A Tick is not done after one batch.
func TestTickDeliversAllThatWait(t *testing.T) {
	t.Parallel()
	s, now := memory.New(), newHand()
	var a ear
	c := community.New(community.Config{Store: s, Clock: now.Now, Handlers: []community.Handler{{Name: "a", Handle: a.Handle}}})
	var want []string
	for i := range 230 {
		want = append(want, fmt.Sprint(i))
	}
	happen(t, s, start, want...)
	now.Add(time.Hour)
	require.NoError(t, c.Tick(t.Context()))
	assert.Equal(t, want, a.Heard())
}

// What was undone did not happen.
func TestTickKnowsNothingOfWhatWasUndone(t *testing.T) {
	t.Parallel()
	s, now := memory.New(), newHand()
	var a ear
	c := community.New(community.Config{Store: s, Clock: now.Now, Handlers: []community.Handler{{Name: "a", Handle: a.Handle}}})
	err := c.Atomic(t.Context(), func(ctx context.Context, _ *community.Community) error {
		return errors.ErrUnsupported
	})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	err = s.Atomic(t.Context(), func(ctx context.Context, tx community.Store) error {
		require.NoError(t, tx.Apply(ctx, auth.NewEvent("undone", start, auth.Commons, auth.Public, nil)))
		return errors.ErrUnsupported
	})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	happen(t, s, start, "done")
	now.Add(time.Minute)
	require.NoError(t, c.Tick(t.Context()))
	assert.Equal(t, []string{"done"}, a.Heard())
}

// A handler that fails keeps nobody else from hearing, and is told again
// alone, after a pause that doubles up to six hours.
func TestFailingHandlerIsToldAgainAlone(t *testing.T) {
	t.Parallel()
	s, now := memory.New(), newHand()
	var first, last ear
	bad := ear{deaf: errors.New("the mail server sleeps")}
	c := community.New(community.Config{Store: s, Clock: now.Now, Handlers: []community.Handler{
		{Name: "first", Handle: first.Handle}, {Name: "bad", Handle: bad.Handle}, {Name: "last", Handle: last.Handle},
	}})
	happen(t, s, start, "one")
	now.Add(time.Second)

	err := c.Tick(t.Context())
	require.ErrorIs(t, err, bad.deaf)
	var failed *storage.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "community.Tick", failed.Op)
	assert.Contains(t, failed.Object, "bad event ")

	tries := 1
	for pause := 10 * time.Second; tries < 16; pause = min(2*pause, 6*time.Hour) {
		now.Add(pause - time.Microsecond)
		require.NoError(t, c.Tick(t.Context()), "too early after try %d", tries)
		require.Len(t, bad.Heard(), tries)
		now.Add(time.Microsecond)
		require.Error(t, c.Tick(t.Context()))
		tries++
		require.Len(t, bad.Heard(), tries)
	}
	assert.Equal(t, []string{"one"}, first.Heard())
	assert.Equal(t, []string{"one"}, last.Heard())

	happen(t, s, now.Now(), "two")
	require.Error(t, c.Tick(t.Context()))
	assert.Equal(t, []string{"one", "two"}, last.Heard(), "nothing waits behind what failed")
	tries++

	bad.SetDeaf(nil)
	now.Add(6 * time.Hour)
	require.NoError(t, c.Tick(t.Context()))
	tries += 2
	require.Len(t, bad.Heard(), tries)
	for range 3 {
		now.Add(6 * time.Hour)
		require.NoError(t, c.Tick(t.Context()))
	}
	assert.Len(t, bad.Heard(), tries)
	assert.Equal(t, []string{"one", "two"}, first.Heard())
}

// Many nodes look at one store at once; each event reaches each handler on
// one of them.
func TestNodesShareTheWork(t *testing.T) {
	t.Parallel()
	const nodes, events = 4, 400
	s, now := memory.New(), newHand()
	var all ear
	var names []string
	for i := range events {
		names = append(names, fmt.Sprint(i))
	}
	happen(t, s, start, names...)
	now.Add(time.Hour)
	errs := make([]error, nodes)
	var wg sync.WaitGroup
	for n := range nodes {
		c := community.New(community.Config{Store: s, Clock: now.Now, Handlers: []community.Handler{{Name: "all", Handle: all.Handle}}})
		wg.Go(func() { errs[n] = c.Tick(t.Context()) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	assert.ElementsMatch(t, names, all.Heard())
}

// A node that vanished with what it claimed is replaced when its lease is over.
func TestLeaseEnds(t *testing.T) {
	t.Parallel()
	s, now := memory.New(), newHand()
	var a ear
	c := community.New(community.Config{Store: s, Clock: now.Now, Handlers: []community.Handler{{Name: "a", Handle: a.Handle}}})
	happen(t, s, start, "one")
	now.Add(time.Second)
	const lease = time.Minute
	got, err := s.Claim(t.Context(), now.Now(), lease, 10)
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.Equal(t, "one", got[0].Event.Name)
	assert.Nil(t, got[0].Left)
	assert.Equal(t, 1, got[0].Tries)

	now.Add(lease - time.Microsecond)
	require.NoError(t, c.Tick(t.Context()))
	assert.Empty(t, a.Heard())
	now.Add(time.Microsecond)
	require.NoError(t, c.Tick(t.Context()))
	assert.Equal(t, []string{"one"}, a.Heard())
}

// A handler that panics takes its node down, and neither what was settled
// before nor what comes after is lost.
func TestNodeDiesInABatch(t *testing.T) {
	t.Parallel()
	s, now := memory.New(), newHand()
	var a ear
	healthy := false
	c := community.New(community.Config{Store: s, Clock: now.Now, Handlers: []community.Handler{{Name: "a", Handle: func(ctx context.Context, e storage.Event) error {
		if e.Name == "two" && !healthy {
			panic("out of luck")
		}
		return a.Handle(ctx, e)
	}}}})
	happen(t, s, start, "one", "two", "three")
	now.Add(time.Minute)
	assert.PanicsWithValue(t, "out of luck", func() { _ = c.Tick(t.Context()) })
	healthy = true
	require.NoError(t, c.Tick(t.Context()))
	assert.Equal(t, []string{"one"}, a.Heard(), "the rest is leased")
	now.Add(5 * time.Minute)
	require.NoError(t, c.Tick(t.Context()))
	assert.Equal(t, []string{"one", "two", "three"}, a.Heard())
}

// Whoever took longer than the lease leaves the rest to others.
func TestSlowNodeStopsAtItsLease(t *testing.T) {
	t.Parallel()
	s, now := memory.New(), newHand()
	var a ear
	c := community.New(community.Config{Store: s, Clock: now.Now, Handlers: []community.Handler{{Name: "a", Handle: func(ctx context.Context, e storage.Event) error {
		now.Add(3 * time.Minute)
		return a.Handle(ctx, e)
	}}}})
	happen(t, s, start, "one", "two", "three")
	now.Add(time.Minute)
	require.NoError(t, c.Tick(t.Context()))
	assert.Equal(t, []string{"one", "two"}, a.Heard())
	require.NoError(t, c.Tick(t.Context()))
	assert.Equal(t, []string{"one", "two", "three"}, a.Heard())
}

// A host that stops finishes what it is at, keeps it, and takes no more.
func TestTickStopsWithItsContext(t *testing.T) {
	t.Parallel()
	s, now := memory.New(), newHand()
	var a ear
	ctx, stop := context.WithCancel(t.Context())
	c := community.New(community.Config{Store: s, Clock: now.Now, Handlers: []community.Handler{{Name: "a", Handle: func(ctx context.Context, e storage.Event) error {
		stop()
		return a.Handle(ctx, e)
	}}}})
	happen(t, s, start, "one", "two")
	now.Add(time.Minute)
	require.ErrorIs(t, c.Tick(ctx), context.Canceled)
	assert.Equal(t, []string{"one"}, a.Heard())
	now.Add(5 * time.Minute)
	require.NoError(t, c.Tick(t.Context()))
	assert.Equal(t, []string{"one", "two"}, a.Heard())
}

func TestWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memory.New()
		a := ear{deaf: errors.New("not yet")}
		c := community.New(community.Config{Store: s, Handlers: []community.Handler{{Name: "a", Handle: a.Handle}}})
		ctx, stop := context.WithCancel(t.Context())
		var reported []error
		ended := make(chan error)
		go func() {
			ended <- c.Work(ctx, 0, func(err error) { reported = append(reported, err) })
		}()
		synctest.Wait()
		assert.Empty(t, a.Heard())

		happen(t, s, time.Now(), "one")
		time.Sleep(time.Second + time.Millisecond) // the bubble's
		synctest.Wait()
		assert.Equal(t, []string{"one"}, a.Heard())
		require.Len(t, reported, 1)
		require.ErrorIs(t, reported[0], a.deaf)

		a.SetDeaf(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, []string{"one", "one"}, a.Heard())
		assert.Len(t, reported, 1)

		stop()
		require.ErrorIs(t, <-ended, context.Canceled)
		happen(t, s, time.Now(), "two")
		time.Sleep(time.Hour)
		assert.Len(t, a.Heard(), 2, "nobody works any more")
		assert.Len(t, reported, 1, "the end is no failure")
	})
}

// What fails because the host stops is no failure to report.
func TestWorkEndsInABatch(t *testing.T) {
	t.Parallel()
	s := memory.New()
	ctx, stop := context.WithCancel(t.Context())
	c := community.New(community.Config{Store: s, Handlers: []community.Handler{{Name: "a", Handle: func(ctx context.Context, _ storage.Event) error {
		stop()
		return ctx.Err()
	}}}})
	happen(t, s, start, "one", "two")
	err := c.Work(ctx, time.Minute, func(err error) { t.Error("reported:", err) })
	assert.ErrorIs(t, err, context.Canceled)
}

// What was never delivered is not forgotten, however late the first Tick is;
// keys are, after their time, unless they are to be kept.
func TestTickForgets(t *testing.T) {
	t.Parallel()
	s, now := memory.New(), newHand()
	var a ear
	c := community.New(community.Config{Store: s, Clock: now.Now, Handlers: []community.Handler{{Name: "a", Handle: a.Handle}}})
	happen(t, s, start, "one")
	owner, made := uuid.UUID{1}, uuid.UUID{2}
	for key, keep := range map[string]bool{"form": false, "import": true} {
		require.NoError(t, s.Apply(t.Context(), storage.Once{Owner: owner, Key: key, Object: made, At: start, Keep: keep}))
	}
	now.Add(storage.OnceKept)
	require.NoError(t, c.Tick(t.Context()))
	for _, key := range []string{"form", "import"} {
		got, err := s.Done(t.Context(), owner, key)
		require.NoError(t, err, key)
		assert.Equal(t, made, got)
	}

	happen(t, s, start, "late")
	now.Add(365 * 24 * time.Hour)
	require.NoError(t, c.Tick(t.Context()))
	assert.Equal(t, []string{"one", "late"}, a.Heard())
	_, err := s.Done(t.Context(), owner, "form")
	require.ErrorIs(t, err, storage.ErrNotFound)
	got, err := s.Done(t.Context(), owner, "import")
	require.NoError(t, err)
	assert.Equal(t, made, got)
}
