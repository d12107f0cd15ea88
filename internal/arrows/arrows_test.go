// SPDX-License-Identifier: BSD-3-Clause

package arrows

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	floors = []string{"agenda", "auth", "community", "docs", "examples", "forum", "groups", "internal", "polls", "qa", "storage", "wiki"}
	tools  = []string{"./agenda", "./forum", "./groups", "./polls", "./qa", "./wiki"}

	openers  = []string{"./storage/sqlite", "./storage/postgres", "./storage/sqlstore/pgxstore"}
	drivers  = []string{"modernc.org/...", "github.com/jackc/..."}
	testOnly = []string{
		"testing", "testing/...", "github.com/stretchr/testify/...", "pgregory.net/rapid",
		"github.com/anishathalye/porcupine", "go.uber.org/goleak",
	}
	heavy = []string{"database/sql", "net/http"}
)

// An arrow is an import that must not be.
type arrow struct {
	from  []string // who
	not   []string // of these, who may
	never []string // what
	but   []string // of these, what may be imported
	deep  bool     // nor through others
	why   string
}

var forbidden = []arrow{
	{
		from: []string{"./storage"}, never: []string{"./..."},
		why: "storage is the ground: what it imported, all would import",
	}, {
		from: []string{"./auth"}, never: []string{"./..."}, but: []string{"./storage"},
		why: "auth stands on storage alone: a host with users of its own links nothing else",
	}, {
		from: []string{"./auth/account", "./auth/session", "./community/membership"}, never: []string{"./..."}, but: []string{"./auth", "./storage"},
		why: "a host takes accounts without sessions, membership without accounts, and none of a tool with them",
	}, {
		from: tools, never: []string{"./..."}, but: []string{"./auth", "./storage", "./wiki/diff"},
		why: "tools never import each other, nor what stands above them: a host takes the one it wants",
	}, {
		from: []string{"./wiki/diff"}, never: []string{"./..."},
		why: "comparing texts needs nothing of ours",
	}, {
		from: []string{"./wiki/markdown"}, never: []string{"./..."}, but: []string{"./auth", "./storage"},
		why: "rendering a text needs no tool, and no tool needs to render",
	}, {
		from: []string{"./community/..."}, never: []string{"./storage/..."}, but: []string{"./storage"},
		why: "the host chooses the adapter, and downloads no other",
	}, {
		from: []string{"./storage/memory", "./storage/sqlstore", "./storage/storetest"}, never: []string{"./storage/..."}, but: []string{"./storage"},
		why: "an adapter owes nothing to another, nor the suite to any of them",
	}, {
		from: []string{"./..."}, not: []string{"./examples/..."}, never: []string{"./examples/..."},
		why: "examples are the end of all arrows",
	}, {
		from: []string{"./..."}, not: []string{"./internal/...", "./storage/internal/..."}, never: []string{"./internal/...", "./storage/internal/..."},
		why: "internal is test support: no host would be able to do the same",
	}, {
		from: append([]string{"./storage", "./auth/...", "./community/...", "./wiki/markdown", "./wiki/diff"}, tools...), never: heavy, deep: true,
		why: "rules speak neither SQL nor HTTP",
	}, {
		from: []string{"./..."}, not: append([]string{"./storage/internal/...", "./examples/..."}, openers...), never: drivers,
		why: "a driver is the host's choice: it comes with the opener that it asks for, or is its own",
	}, {
		from: []string{"./storage/memory", "./storage/sqlstore", "./storage/storetest", "./community/...", "./examples/minimal"}, never: drivers, deep: true,
		why: "who needs no driver downloads none",
	}, {
		from: []string{"./storage/sqlite"}, never: []string{"github.com/jackc/..."}, deep: true,
		why: "SQLite does not come with PostgreSQL",
	}, {
		from: []string{"./storage/postgres", "./storage/sqlstore/pgxstore"}, never: []string{"modernc.org/..."}, deep: true,
		why: "PostgreSQL does not come with SQLite",
	}, {
		from: []string{"./..."}, not: []string{"./storage/storetest", "./internal/...", "./storage/internal/..."}, never: testOnly, deep: true,
		why: "what tests need is not linked into a host, where it would add its flags",
	},
}

// broken returns every import of the graph that is forbidden.
func broken(g graph, forbidden []arrow) []string {
	var out []string
	for _, a := range forbidden {
		for _, p := range g.ours() {
			if !matchAny(a.from, p.ImportPath) || matchAny(a.not, p.ImportPath) {
				continue
			}
			via := map[string]string{}
			if a.deep {
				via = g.deps(p.ImportPath)
			}
			for _, to := range p.Imports {
				via[to] = p.ImportPath
			}
			for to, by := range via {
				if to != p.ImportPath && matchAny(a.never, to) && !matchAny(a.but, to) {
					out = append(out, fmt.Sprintf("%s imports %s (in %s): %s", p.ImportPath, to, by, a.why))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, line := range broken(load(t), forbidden) {
		t.Error(line)
	}
}

// The checker sees what is forbidden, straight and through others.
func TestArrowsAreSeen(t *testing.T) {
	t.Parallel()
	g := graph{}
	for from, to := range map[string][]string{
		"./forum":               {"./storage", "./auth", "example.org/far"},
		"./qa":                  {"./forum"},
		"./auth":                {"./storage", "./community"},
		"./storage":             {"example.org/uuid"},
		"./community":           {"./forum", "./storage/memory"},
		"./storage/memory":      {"./community", "./storage/sqlstore"},
		"./storage/sqlstore":    {"./storage", "modernc.org/sqlite"},
		"./storage/sqlite":      {"modernc.org/sqlite", "./storage/internal/dbtest"},
		"./internal/shared":     {"testing"},
		"./examples/testing":    {"./internal/shared"},
		"example.org/far":       {"net/http"},
		"modernc.org/sqlite":    {"modernc.org/libc"},
		"./storage/storetest":   {"testing", "./community"},
		"./storage/internal/db": {"./storage/sqlite", "testing"},
	} {
		g[from] = &pkg{ImportPath: from, Imports: to}
	}
	got := strings.Join(broken(g, forbidden), "\n")
	for _, line := range []string{
		"./forum imports net/http (in example.org/far): rules speak neither SQL nor HTTP",
		"./qa imports ./forum (in ./qa): tools never import each other",
		"./auth imports ./community (in ./auth): auth stands on storage alone",
		"./community imports ./storage/memory (in ./community): the host chooses the adapter",
		"./storage/memory imports ./storage/sqlstore (in ./storage/memory): an adapter owes nothing to another",
		"./storage/memory imports modernc.org/libc (in modernc.org/sqlite): who needs no driver downloads none",
		"./storage/sqlstore imports modernc.org/sqlite (in ./storage/sqlstore): a driver is the host's choice",
		"./storage/sqlite imports ./storage/internal/dbtest (in ./storage/sqlite): internal is test support",
		"./examples/testing imports testing (in ./internal/shared): what tests need is not linked",
	} {
		assert.Contains(t, got, line)
	}
	for _, never := range []string{"./storage imports", "./forum imports ./", "./storage/sqlite imports modernc", "./storage/storetest imports testing", "./internal/shared imports"} {
		assert.NotContains(t, got, never)
	}
}

// The suite is for whoever writes an adapter, with whatever they test.
func TestStoretestNeedsNothing(t *testing.T) {
	t.Parallel()
	g := load(t)
	suite, ok := g["./storage/storetest"]
	require.True(t, ok, "no storage/storetest")
	for _, to := range suite.Imports {
		p := g[to]
		require.NotNil(t, p, to)
		assert.True(t, p.Standard || p.ours() || to == "github.com/google/uuid", "storage/storetest imports %s", to)
	}
}

func TestFolders(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(root(t))
	require.NoError(t, err)
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && e.Name() != "copis-data" { // the portal's, not in the repository
			assert.Contains(t, floors, e.Name(), "a folder at the top that is no floor of the house")
		}
	}
	for _, p := range load(t).ours() {
		for _, vague := range []string{"util", "utils", "common", "helper", "helpers", "models", "types", "manager", "misc"} {
			assert.NotEqual(t, vague, path.Base(p.ImportPath), "%s says nothing of what it is", p.ImportPath)
		}
	}
}
