// SPDX-License-Identifier: BSD-3-Clause

package memory_test

import (
	"context"
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
