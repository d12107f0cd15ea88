// SPDX-License-Identifier: BSD-3-Clause

// Package shared finds the corpora and data that tests read and that are no
// part of the repository: they lie in a folder "shared" beside it, or where
// the environment variable COPIS_SHARED says.
package shared

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Path returns where the shared file rel is ("corpora/strings/blns.jsonl").
// Without it the test is skipped, and fails where the environment variable CI
// is "true".
func Path(t testing.TB, rel string) string {
	t.Helper()
	dir, err := folder()
	if err == nil {
		path := filepath.Join(dir, filepath.FromSlash(rel))
		if _, err = os.Stat(path); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("shared/%s is mandatory in CI (set COPIS_SHARED): %v", rel, err)
	}
	t.Skipf("NOT TESTED: shared/%s is missing (put the folder beside the repository or set COPIS_SHARED): %v", rel, err)
	return ""
}

// Open opens a shared file as [Path] finds it, decompressed if its name ends
// in .gz. It is closed at the end of the test.
func Open(t testing.TB, rel string) io.Reader {
	t.Helper()
	f, err := os.Open(Path(t, rel))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if !strings.HasSuffix(rel, ".gz") {
		return bufio.NewReader(f)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("shared/%s: %v", rel, err)
	}
	return z
}

// Lines reads a shared file of JSON Lines, one T a line.
func Lines[T any](t testing.TB, rel string) []T {
	t.Helper()
	var out []T
	for d := json.NewDecoder(Open(t, rel)); ; {
		var v T
		err := d.Decode(&v)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("shared/%s: value %d: %v", rel, len(out)+1, err)
		}
		out = append(out, v)
	}
	if len(out) == 0 {
		t.Fatalf("shared/%s is empty", rel)
	}
	return out
}

var errNoFolder = errors.New("no folder \"shared\" beside a go.mod above the test")

// folder returns the folder of everything shared. Tests run in the folder of
// their package; a module nested in the repository has a go.mod of its own, so
// the search goes on above the first.
func folder() (string, error) {
	if dir := os.Getenv("COPIS_SHARED"); dir != "" {
		return dir, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		up := filepath.Dir(dir)
		if up == dir {
			return "", errNoFolder
		}
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			beside := filepath.Join(up, "shared")
			if info, err := os.Stat(beside); err == nil && info.IsDir() {
				return beside, nil
			}
		}
		dir = up
	}
}
