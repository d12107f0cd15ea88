// SPDX-License-Identifier: BSD-3-Clause

package arrows

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// files returns the repository's files below the root, by slash-separated path.
func files(t *testing.T) map[string][]byte {
	t.Helper()
	top := os.DirFS(root(t))
	out := map[string][]byte{}
	require.NoError(t, fs.WalkDir(top, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (path == ".git" || d.Name() == "copis-data") {
			return fs.SkipDir
		}
		if d.Type().IsRegular() {
			out[path], err = fs.ReadFile(top, path)
		}
		return err
	}))
	require.Contains(t, out, "go.mod")
	return out
}

func TestGoFiles(t *testing.T) {
	t.Parallel()
	for path, text := range files(t) {
		if filepath.Ext(path) != ".go" {
			continue
		}
		assert.True(t, bytes.HasPrefix(text, []byte("// SPDX-License-Identifier: BSD-3-Clause\n")), "%s: the first line is its licence", path)
		formatted, err := format.Source(text)
		require.NoError(t, err, path)
		assert.True(t, bytes.Equal(formatted, text), "%s is not gofmt-ed", path)
	}
}

// A path of somebody's machine, and what is left to do, say nothing to others.
func TestNothingOfOneMachine(t *testing.T) {
	t.Parallel()
	machine := regexp.MustCompile(`(?m)(^|[\s"'` + "`" + `(=:])/(home|root|Users|work)/\w|[A-Z]:\\Users`)
	left := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)
	for path, text := range files(t) {
		if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
			continue
		}
		assert.Empty(t, machine.FindString(string(text)), "%s holds a path of a machine", path)
		if filepath.Ext(path) == ".go" {
			assert.Empty(t, left.FindString(string(text)), "%s is left unfinished", path)
		}
	}
}

// A built program has no source, and holds the paths of whoever built it. (Tests
// that were built are not kept: .gitignore.)
func TestNoBuiltProgram(t *testing.T) {
	t.Parallel()
	for path, text := range files(t) {
		if filepath.Ext(path) == ".test" {
			continue
		}
		for _, magic := range []string{"\x7fELF", "MZ", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe", "!<arch>\n"} {
			assert.False(t, bytes.HasPrefix(text, []byte(magic)), "%s is a built program", path)
		}
	}
}

// obvious are methods that say what the interface says whose they are.
var obvious = []string{"Error", "Is", "Unwrap", "String", "Change"}

// Whoever reads a package's documentation finds a sentence at every name.
func TestEverythingExportedIsDocumented(t *testing.T) {
	t.Parallel()
	for _, p := range load(t).ours() {
		if !p.production() && p.ImportPath != "./storage/storetest" {
			continue
		}
		about := false
		for _, name := range slices.Concat(p.GoFiles, p.IgnoredGoFiles) {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
			require.NoError(t, err)
			about = about || f.Doc != nil
			for _, bare := range undocumented(f) {
				t.Errorf("%s: %s/%s: %s", fset.Position(bare.Pos()), p.ImportPath, name, bare.Name+" has no comment")
			}
		}
		assert.True(t, about, "%s says nowhere what it is", p.ImportPath)
	}
}

// undocumented returns the exported names of a file that nothing is said about.
func undocumented(f *ast.File) []*ast.Ident {
	var bare []*ast.Ident
	check := func(id *ast.Ident, docs ...*ast.CommentGroup) {
		said := slices.ContainsFunc(docs, func(d *ast.CommentGroup) bool { return strings.TrimSpace(d.Text()) != "" })
		if id.IsExported() && !said {
			bare = append(bare, id)
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || ast.IsExported(receiver(d)) && !slices.Contains(obvious, d.Name.Name) {
				check(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					check(s.Name, s.Doc, s.Comment, d.Doc)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						check(id, s.Doc, s.Comment, d.Doc)
					}
				}
			}
		}
	}
	return bare
}

func receiver(d *ast.FuncDecl) string {
	x := d.Recv.List[0].Type
	for {
		switch y := x.(type) {
		case *ast.StarExpr:
			x = y.X
		case *ast.IndexExpr:
			x = y.X
		case *ast.IndexListExpr:
			x = y.X
		case *ast.Ident:
			return y.Name
		default:
			return ""
		}
	}
}

func TestUndocumentedIsSeen(t *testing.T) {
	t.Parallel()
	f, err := parser.ParseFile(token.NewFileSet(), "x.go", `// SPDX
package x

type Bare struct{}

// Said is said.
type Said[T any] struct{}

func (Said[T]) Method() {}
func (Said[T]) String() string { return "" }
func (hidden) Method()         {}

// The kinds.
const (
	A = 1
)

var B, C = 1, 2 // both
var D int
func F() {}
func f() {}
type hidden struct{}
`, parser.ParseComments)
	require.NoError(t, err)
	var names []string
	for _, id := range undocumented(f) {
		names = append(names, id.Name)
	}
	assert.Equal(t, []string{"Bare", "Method", "D", "F"}, names)
}
