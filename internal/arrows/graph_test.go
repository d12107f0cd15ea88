// SPDX-License-Identifier: BSD-3-Clause

// Package arrows holds the tests of the house as a whole: who may import whom,
// what a host downloads, what every file carries, and whether the README is
// still true.
package arrows

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/copis-it/copis"

// A pkg is what go list says of a package. Packages of this module are called
// by their folder, "./forum"; all others by their import path.
type pkg struct {
	ImportPath     string
	Dir            string
	Name           string
	Standard       bool
	Module         *struct{ Path string }
	GoFiles        []string
	IgnoredGoFiles []string // for other systems
	TestGoFiles    []string
	XTestGoFiles   []string
	Imports        []string
	TestImports    []string
	XTestImports   []string
}

func (p *pkg) ours() bool { return strings.HasPrefix(p.ImportPath, "./") }

// production reports whether hosts may build with p: everything but examples,
// test support and the adapters' suite.
func (p *pkg) production() bool {
	return p.ours() && !matchAny([]string{"./examples/...", "./internal/...", "./storage/internal/...", "./storage/storetest"}, p.ImportPath)
}

// A graph is every package of this module and all that they import.
type graph map[string]*pkg

// house is the graph of this module.
var house = sync.OnceValues(func() (graph, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	fields := "ImportPath,Dir,Name,Standard,Module,GoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports"
	cmd := exec.Command("go", "list", "-deps", "-json="+fields, "./...")
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	g := graph{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		p := &pkg{}
		if err := d.Decode(p); errors.Is(err, io.EOF) {
			return g, nil
		} else if err != nil {
			return nil, err
		}
		if p.Module != nil && p.Module.Path == module {
			// What is built on another system counts as well.
			for _, name := range p.IgnoredGoFiles {
				imports, err := importsOf(filepath.Join(p.Dir, name))
				if err != nil {
					return nil, err
				}
				p.Imports = append(p.Imports, imports...)
			}
		}
		p.ImportPath = short(p.ImportPath)
		for _, list := range [][]string{p.Imports, p.TestImports, p.XTestImports} {
			for i := range list {
				list[i] = short(list[i])
			}
		}
		g[p.ImportPath] = p
	}
})

func load(t *testing.T) graph {
	t.Helper()
	g, err := house()
	require.NoError(t, err)
	return g
}

// ours returns the packages of this module, in order.
func (g graph) ours() []*pkg {
	var out []*pkg
	for _, p := range g {
		if p.ours() {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *pkg) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	return out
}

// deps returns everything that the paths import, however deep, and for each
// who imports it on the shortest way from them.
func (g graph) deps(from ...string) map[string]string {
	via := map[string]string{}
	for queue := from; len(queue) > 0; queue = queue[1:] {
		p, ok := g[queue[0]]
		if !ok {
			continue
		}
		for _, path := range p.Imports {
			if _, seen := via[path]; !seen && !slices.Contains(from, path) {
				via[path] = queue[0]
				queue = append(queue, path)
			}
		}
	}
	return via
}

// modules returns the modules other than ours that hold these packages.
func (g graph) modules(paths []string) []string {
	var out []string
	for _, path := range paths {
		if p := g[path]; p != nil && !p.Standard && !p.ours() {
			out = append(out, p.Module.Path)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func short(path string) string {
	if path == module {
		return "./"
	}
	if rest, ok := strings.CutPrefix(path, module+"/"); ok {
		return "./" + rest
	}
	return path
}

// matchAny reports whether path is one of the patterns, or below one that ends
// in "/...".
func matchAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if above, ok := strings.CutSuffix(pattern, "/..."); ok {
			return path == above || strings.HasPrefix(path, above+"/")
		}
		return path == pattern
	})
}

func importsOf(file string) ([]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		out = append(out, path)
	}
	return out, nil
}

// moduleRoot returns the folder of this module's go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			err = errors.New("no go.mod above the tests")
		} else {
			dir = filepath.Dir(dir)
		}
	}
	return "", err
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := moduleRoot()
	require.NoError(t, err)
	return dir
}
