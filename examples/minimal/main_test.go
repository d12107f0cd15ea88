// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"os"
	"testing"
)

func Example() {
	main()
	// Output:
	// Come si misura?
	// Idee?
	// - Con pochi indicatori.
}

// The example is the first code that people read: it stays short.
func TestShort(t *testing.T) {
	t.Parallel()
	code, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	const most = 30
	if n := bytes.Count(code, []byte("\n")); n > most {
		t.Errorf("main.go has %d lines, at most %d", n, most)
	}
}
