// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/community/wikihistory"
)

// history is that of two pages, one of which was renamed, and went.
func history(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for i, c := range []map[string]any{
		{"page": "1", "rev": 1, "op": "create", "path": "guida.md", "text": "# Guida\n\nVedi [[storie]].\n"},
		{"page": "2", "rev": 1, "op": "create", "path": "storie.md", "text": "Una.\r\n"},
		{"page": "1", "rev": 2, "op": "edit", "path": "guida.md", "text": "# Guida\n"},
		{"page": "1", "rev": 3, "op": "edit", "path": "guida.md", "text": "# Guida\n\nVedi [[storie]].\n", "revert": true},
		{"page": "2", "rev": 2, "op": "rename", "path": "racconti.md", "text": "Una.\r\nDue."},
		{"page": "2", "rev": 3, "op": "delete", "path": "racconti.md"},
	} {
		c["author"], c["date"], c["message"] = "utente-1", fmt.Sprintf("2026-01-0%dT10:00:00+01:00", i+1), "motivo"
		if text, ok := c["text"].(string); ok {
			c["sha256"] = fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
		}
		line, err := json.Marshal(c)
		require.NoError(t, err)
		b.Write(append(line, '\n'))
	}
	file := filepath.Join(t.TempDir(), "pagine.jsonl")
	require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o600))
	return file
}

// pages reads what -json printed: one object.
func pages(t *testing.T, stdout string) (p importedPages) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(stdout))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&p), stdout)
	require.ErrorIs(t, d.Decode(&p), io.EOF, "one object and nothing else")
	return p
}

func TestImportWiki(t *testing.T) {
	t.Parallel()
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, file := open(t), history(t)
			code, stdout, stderr := call(t, nil, "-db", db, "-json", "import", "wiki", file)
			require.Zero(t, code, stderr)
			want := importedPages{Report: wikihistory.Report{Pages: 2, Revisions: 6, Renames: 1, Deletions: 1, Reverts: 1, Skipped: map[string]int{}}}
			require.Equal(t, want, pages(t, stdout))
			require.Contains(t, stderr, "changes of pagine: ")
			there := rows(t, db)

			code, stdout, stderr = call(t, nil, "-db", db, "-json", "import", "wiki", file)
			require.Zero(t, code, stderr)
			want.Existing = 6
			require.Equal(t, want, pages(t, stdout))
			require.Equal(t, there, rows(t, db), "no row, no event")

			code, stdout, _ = call(t, nil, "-db", db, "import", "wiki", file)
			require.Zero(t, code)
			require.Equal(t, "pages: 2\nrevisions: 6, of which 6 were there\nrenames: 1, deletions: 1, reverts: 1\n", stdout)
		})
	}
}

func TestImportWikiRefused(t *testing.T) {
	t.Parallel()
	file := history(t)
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{1, "no such file", []string{filepath.Join(filepath.Dir(file), "altrove.jsonl")}},
		{2, "two files of the site pagine", []string{file, file}},
		{2, "-site names the site of one file", []string{"-site", "x", file, file + ".gz"}},
		{2, "members or public", []string{"-audience", "tutti", file}},
		{2, "-site is missing", []string{"-"}},
		{2, "wants FILE…", nil},
	} {
		code, _, stderr := call(t, nil, append([]string{"import", "wiki"}, c.args...)...)
		require.Equal(t, c.code, code, stderr)
		require.Contains(t, stderr, c.says)
	}
	// A text that is not the one whose sum is told is left out, and said.
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), "Una.", "Uno.", 1)), 0o600))
	_, stdout, _ := call(t, nil, "-db", "memory", "-json", "import", "wiki", file)
	got := pages(t, stdout)
	require.NotZero(t, len(got.Skipped)+got.Mismatches, stdout)
}
