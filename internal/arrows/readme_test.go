// SPDX-License-Identifier: BSD-3-Clause

package arrows

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(path)))
	require.NoError(t, err)
	return string(text)
}

// section returns what stands below a heading of the README.
func section(t *testing.T, heading string) string {
	t.Helper()
	_, text, found := strings.Cut(read(t, "README.md"), "\n## "+heading+"\n")
	require.True(t, found, "the README has no section %q", heading)
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// The code in the README runs: it is that of community's Example, as a program.
func TestReadmeCode(t *testing.T) {
	t.Parallel()
	_, block, found := strings.Cut(section(t, "Embedding it"), "```go\n")
	require.True(t, found)
	block, _, _ = strings.Cut(block, "```\n")

	_, code, found := strings.Cut(read(t, "community/example_test.go"), "\n)\n\n")
	require.True(t, found, "no imports")
	code, _, found = strings.Cut(code, "\t// Output:")
	require.True(t, found, "an Example without output does not run")
	assert.Equal(t, strings.Replace(code, "func Example() {", "func main() {", 1)+"}\n", block)
}

func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	commands := section(t, "Two commands")
	for _, c := range []string{"go run ./examples/portal", "go test ./..."} {
		assert.Contains(t, commands, "\n    "+c)
	}
	assert.Regexp(t, `(?m)^step .* go test \./\.\.\.$`, read(t, ".ci/run"), "what the README says is what is checked")
}

// The map names every package that a host can see, and no other, none above
// what it imports.
func TestReadmeMap(t *testing.T) {
	t.Parallel()
	g := load(t)
	var there, named []string
	for _, p := range g.ours() {
		if !matchAny([]string{"./internal/...", "./storage/internal/..."}, p.ImportPath) {
			there = append(there, p.ImportPath)
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| \\[`([^`]+)`\\]\\(([^)]+)\\) \\| \\S").FindAllStringSubmatch(section(t, "The map of the house"), -1) {
		assert.Equal(t, row[1], row[2], "a package and its folder")
		for _, to := range g["./"+row[1]].imports() {
			assert.True(t, slices.Contains(named, to) || !strings.HasPrefix(to, "./"), "%s stands above %s, which it imports", row[1], to)
		}
		named = append(named, "./"+row[1])
	}
	assert.ElementsMatch(t, there, named)
}

func (p *pkg) imports() []string {
	if p == nil {
		return nil // and the map is wrong elsewhere
	}
	return p.Imports
}

// What a host downloads with which package.
func TestReadmeDownloads(t *testing.T) {
	t.Parallel()
	g := load(t)
	wanted := map[string][]string{}
	for _, p := range g.ours() {
		if !p.production() && p.ImportPath != "./storage/storetest" {
			continue
		}
		for _, m := range g.modules(p.Imports) {
			wanted[m] = append(wanted[m], "`"+strings.TrimPrefix(p.ImportPath, "./")+"`")
		}
	}
	var rows []string
	for m, by := range wanted {
		rows = append(rows, fmt.Sprintf("| `%s` | %s |", m, strings.Join(by, ", ")))
	}
	slices.Sort(rows)
	_, table, _ := strings.Cut(section(t, "What you download"), "| --- | --- |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	assert.Equal(t, strings.Join(rows, "\n"), strings.TrimSpace(table))
}

// Links within the repository lead somewhere.
func TestLinks(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	seen := 0
	for path, text := range files(t) {
		if filepath.Ext(path) != ".md" || strings.Contains(path, "testdata/") || strings.HasPrefix(path, "examples/") {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "#") {
				continue
			}
			target, _, _ := strings.Cut(m[1], "#")
			_, err := os.Stat(filepath.Join(root(t), filepath.Dir(path), filepath.FromSlash(target)))
			assert.NoError(t, err, "%s links to %s", path, m[1])
			seen++
		}
	}
	assert.NotZero(t, seen)
}
