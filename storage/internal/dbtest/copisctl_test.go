// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/internal/shared"
)

// The command imports a real mailing list into every database, and again
// without a change.
func TestImportMailingListByCommand(t *testing.T) {
	t.Parallel()
	file := shared.Path(t, "data/forum/fedora-devel-2010-01.jsonl")
	bin := filepath.Join(t.TempDir(), "copisctl")
	out, err := exec.Command("go", "build", "-o", bin, "../../../examples/copisctl").CombinedOutput()
	require.NoError(t, err, string(out))

	type report struct {
		Topics          int `json:"topics"`
		Messages        int `json:"messages"`
		Existing        int `json:"existing"`
		PageParentEqual int `json:"page_parent_equal"`
	}
	for name, db := range map[string]func(t *testing.T) string{
		"memory":     func(*testing.T) string { return "memory" },
		"SQLite":     func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "c.db") },
		"PostgreSQL": func(t *testing.T) string { return PostgresURL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := db(t)
			run := func() report {
				var stdout, stderr bytes.Buffer
				cmd := exec.Command(bin, "-db", db, "-json", "import", "mailinglist", file)
				cmd.Stdout, cmd.Stderr = &stdout, &stderr
				require.NoError(t, cmd.Run(), stderr.String())
				var r report
				require.NoError(t, json.Unmarshal(stdout.Bytes(), &r), "one JSON object on stdout: %s", &stdout)
				return r
			}
			require.Equal(t, report{Topics: 30, Messages: 112, PageParentEqual: 112}, run())
			if name != "memory" {
				again := run()
				require.Equal(t, 112, again.Existing)
				require.Equal(t, 112, again.PageParentEqual)
			}
		})
	}
}
