// SPDX-License-Identifier: BSD-3-Clause

package shared_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/copis-it/copis/internal/shared"
)

func TestLines(t *testing.T) {
	t.Parallel()
	for _, l := range shared.Lines[struct {
		ID *int    `json:"id"`
		S  *string `json:"s"`
	}](t, "corpora/strings/blns.jsonl") {
		if l.ID == nil || l.S == nil {
			t.Fatalf("incomplete line %+v", l)
		}
	}
}

func TestGzip(t *testing.T) {
	t.Parallel()
	for _, l := range shared.Lines[map[string]any](t, "data/wiki/concurrent-edits-it.jsonl.gz") {
		if len(l) == 0 {
			t.Fatal("empty line")
		}
	}
}

// What is missing is never passed over in silence: outside CI the test is
// skipped, in CI it fails.
func TestMissing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "empty.jsonl"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("COPIS_SHARED", dir)
	for _, c := range []struct {
		ci, rel         string
		skipped, failed bool
	}{
		{"", "missing.jsonl", true, false},
		{"true", "missing.jsonl", false, true},
		{"", "empty.jsonl", false, true},
	} {
		t.Setenv("CI", c.ci)
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() { _ = recover() }()
			shared.Lines[any](r, c.rel)
		}()
		<-done
		if r.skipped != c.skipped || r.failed != c.failed {
			t.Errorf("CI=%q %s: skipped %v, failed %v", c.ci, c.rel, r.skipped, r.failed)
		}
	}
}

// recorder is a testing.TB that notes its end instead of ending the test.
type recorder struct {
	testing.TB
	skipped, failed bool
}

func (r *recorder) Skipf(string, ...any)  { r.skipped = true; panic("end") }
func (r *recorder) Fatalf(string, ...any) { r.failed = true; panic("end") }
