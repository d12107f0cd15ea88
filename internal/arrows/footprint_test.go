// SPDX-License-Identifier: BSD-3-Clause

package arrows

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a host links that keeps its community in memory.
func TestFootprint(t *testing.T) {
	t.Parallel()
	g := load(t)
	for _, from := range []string{"./community", "./storage/memory"} {
		require.Contains(t, g, from)
	}
	all := slices.Collect(maps.Keys(g.deps("./community", "./storage/memory")))
	assert.Equal(t, []string{"github.com/google/uuid", "golang.org/x/text"}, g.modules(all))
}

// The tests beside a package are tidied by every host that imports it: a
// driver in them is a driver to download.
func TestNoDriverInTestsThatHostsSee(t *testing.T) {
	t.Parallel()
	g := load(t)
	for _, p := range g.ours() {
		if !p.production() || matchAny(openers, p.ImportPath) {
			continue
		}
		tests := slices.Concat(p.TestImports, p.XTestImports)
		via := g.deps(tests...)
		for _, to := range tests {
			via[to] = p.ImportPath + "'s tests"
		}
		for to, by := range via {
			assert.False(t, matchAny(drivers, to), "tests of %s import %s (in %s): they belong into storage/internal/dbtest", p.ImportPath, to, by)
		}
	}
}

// What a host downloads, asked of the go command itself: a module that holds
// nothing but community over memory, tidied.
func TestHostDownloads(t *testing.T) {
	t.Parallel()
	here, host := root(t), t.TempDir()
	write := func(name, text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(filepath.Join(host, name), []byte(text), 0o644))
	}
	write("go.mod", "module example.org/host\n\ngo 1.26.0\n\nrequire "+module+" v0.0.0\n\nreplace "+module+" => "+here+"\n")
	sums, err := os.ReadFile(filepath.Join(here, "go.sum"))
	require.NoError(t, err)
	write("go.sum", string(sums))
	write("main.go", "package main\n\nimport (\n\t_ \""+module+"/community\"\n\t_ \""+module+"/storage/memory\"\n)\n\nfunc main() {}\n")

	cmd := exec.Command("go", "mod", "tidy")
	cmd.Dir = host
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)

	sums, err = os.ReadFile(filepath.Join(host, "go.sum"))
	require.NoError(t, err)
	var downloads []string
	for line := range strings.Lines(string(sums)) {
		if f := strings.Fields(line); !strings.HasSuffix(f[1], "/go.mod") {
			downloads = append(downloads, f[0])
		}
	}
	assert.Contains(t, downloads, "github.com/google/uuid")
	assert.Contains(t, downloads, "golang.org/x/text")
	for _, m := range downloads {
		assert.False(t, matchAny(drivers, m), "a host without a database downloads %s", m)
	}
}
