package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage/storetest"
)

func TestZZ(t *testing.T) {
	storetest.Run(t, func(t *testing.T) community.Store {
		s, err := Open(t.Context(), filepath.Join(t.TempDir(), "a.db"), Options{Fast: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}, storetest.Options{})
}
