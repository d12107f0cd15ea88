// SPDX-License-Identifier: BSD-3-Clause

package memory_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
	"github.com/copis-it/copis/storage/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) community.Store { return memory.New() }, storetest.Options{})
}

// Goroutines may share a unit, and find out safely that it is over.
func TestUnitIsShared(t *testing.T) {
	t.Parallel()
	const callers, each = 8, 50
	s, user := memory.New(), storage.NewID[auth.User]()
	var wg, late sync.WaitGroup
	err := s.Atomic(t.Context(), func(ctx context.Context, tx community.Store) error {
		for range callers {
			wg.Go(func() {
				for range each {
					d, err := tx.Forum().Drafts(ctx, user)
					if err == nil {
						err = tx.Apply(ctx, forum.PutDraft{Draft: forum.Draft{User: user, Place: storage.NewID[forum.Draft]().String(), At: time.Unix(int64(len(d)), 0), Version: 1}})
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		late.Go(func() {
			for {
				if _, err := tx.Forum().Drafts(context.Background(), user); err != nil {
					return
				}
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	late.Wait()
	if d, err := s.Forum().Drafts(t.Context(), user); err != nil || len(d) != callers*each {
		t.Errorf("%d drafts, %v", len(d), err)
	}
}

// A unit that ends while a goroutine of its own has a savepoint open is undone
// as a whole, and the savepoint with it, which can then change nothing more.
func TestSavepointOutlivesUnit(t *testing.T) {
	t.Parallel()
	s, user := memory.New(), storage.NewID[auth.User]()
	put := func(ctx context.Context, s community.Store, place string) error {
		return s.Apply(ctx, forum.PutDraft{Draft: forum.Draft{User: user, Place: place, Version: 1}})
	}
	begun, over, ended := make(chan error), make(chan struct{}), make(chan error)
	err := s.Atomic(t.Context(), func(ctx context.Context, tx community.Store) error {
		if err := put(ctx, tx, "unit"); err != nil {
			return err
		}
		go func() {
			ended <- tx.Atomic(ctx, func(ctx context.Context, in community.Store) error {
				begun <- put(ctx, in, "savepoint")
				<-over
				if err := put(ctx, in, "late"); !errors.Is(err, storage.ErrTxDone) {
					t.Errorf("late: %v, want %v", err, storage.ErrTxDone)
				}
				return nil
			})
		}()
		return <-begun
	})
	if !errors.Is(err, storage.ErrNested) {
		t.Errorf("unit: %v, want %v", err, storage.ErrNested)
	}
	if err := put(t.Context(), s, "after"); err != nil {
		t.Error(err)
	}
	close(over)
	if err := <-ended; !errors.Is(err, storage.ErrTxDone) {
		t.Errorf("savepoint: %v, want %v", err, storage.ErrTxDone)
	}
	if all, err := s.Forum().Drafts(t.Context(), user); err != nil || len(all) != 1 || all[0].Place != "after" {
		t.Errorf("drafts %v, %v", all, err)
	}
}
