// SPDX-License-Identifier: BSD-3-Clause

package wikihistory_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/community/wikihistory"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage/memory"
	"github.com/copis-it/copis/wiki"
)

// unpacked reads a history of ../shared/data/wiki.
func unpacked(t *testing.T, name string) *bytes.Reader {
	t.Helper()
	f, err := os.Open(shared.Path(t, "data/wiki/"+name+".jsonl.gz"))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	return bytes.NewReader(text)
}

// imported brings four real histories into one area.
func imported(t *testing.T, s wiki.Store) (all wikihistory.Report) {
	t.Helper()
	for _, name := range []string{"piano-triennale-it", "lg-riuso-it", "cad-it", "standard-public-code-en"} {
		r, err := wikihistory.Import(t.Context(), wikihistory.Config{Store: s, Site: name}, unpacked(t, name))
		require.NoError(t, err)
		all.Add(r)
	}
	return all
}

// Every change of four real histories is brought in, every text is read back
// byte for byte, and a second run finds all of it there.
func TestImportHistories(t *testing.T) {
	t.Parallel()
	s := memory.New().Wiki()
	want := wikihistory.Report{
		Pages: 219, Revisions: 1752, Renames: 127, Deletions: 32, Reverts: 2, Retitled: 2, Skipped: map[string]int{},
	}
	require.Equal(t, want, imported(t, s))
	want.Existing, want.Retitled = 1752, 0
	require.Equal(t, want, imported(t, s))
}
