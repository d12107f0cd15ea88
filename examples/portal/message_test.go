// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/copis-it/copis/forum"
)

// messages returns the messages of a language as they are written.
func messages(t *testing.T, lang string) map[string]any {
	t.Helper()
	names, err := fs.Glob(files, "locales/*."+lang+".json")
	if err != nil || len(names) == 0 {
		t.Fatal(err)
	}
	all := map[string]any{}
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		var some map[string]any
		if err := json.Unmarshal(b, &some); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for key, v := range some {
			if all[key] != nil {
				t.Errorf("%s: %s is there twice", name, key)
			}
			all[key] = v
		}
	}
	return all
}

var inTemplate = regexp.MustCompile(`\b([tn]) "([^"]+)"`)

// usedKeys returns the keys of messages that templates and code name; those
// that end with a dot are the beginnings of keys.
func usedKeys(t *testing.T) map[string]bool {
	t.Helper()
	used := map[string]bool{}
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inTemplate.FindAllStringSubmatch(string(b), -1) {
			used[m[2]] = true
		}
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					used[strings.TrimSuffix(s, "%d")] = true
				}
			}
			return true
		})
	}
	return used
}

// Every message exists in both languages with the same parameters, and every
// key that a template names exists.
func TestMessages(t *testing.T) {
	t.Parallel()
	it, en := messages(t, "it"), messages(t, "en")
	if a, b := slices.Sorted(maps.Keys(it)), slices.Sorted(maps.Keys(en)); !slices.Equal(a, b) {
		t.Errorf("the languages have different keys:\n%q\n%q", a, b)
	}
	param := regexp.MustCompile(`{{\.(\w+)}}`)
	params := func(v any) []string {
		var out []string
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range param.FindAllStringSubmatch(string(b), -1) {
			out = append(out, m[1])
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	for key := range it {
		if a, b := params(it[key]), params(en[key]); !slices.Equal(a, b) {
			t.Errorf("%s: parameters %q and %q", key, a, b)
		}
		if s, ok := it[key].(string); ok && strings.TrimSpace(s) == "" {
			t.Errorf("%s is empty", key)
		}
	}
	for key, v := range it {
		if forms, ok := v.(map[string]any); ok && (forms["one"] == nil || forms["many"] == nil || forms["other"] == nil) {
			t.Errorf("%s: Italian has the plurals one, many and other", key)
		}
	}
	used := usedKeys(t)
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil || len(names) == 0 {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inTemplate.FindAllStringSubmatch(string(b), -1) {
			_, plural := it[m[2]].(map[string]any)
			if it[m[2]] == nil || plural != (m[1] == "n") {
				t.Errorf("%s: %s %q", name, m[1], m[2])
			}
		}
	}
	for key := range it {
		prefix, last := key[:strings.LastIndexByte(key, '.')+1], key[strings.LastIndexByte(key, '.')+1:]
		first, _, _ := strings.Cut(key, ".")
		if !used[key] && !used[prefix] && !used["."+last] && !used[first+"."] {
			t.Errorf("%s is not used", key)
		}
	}
}

// Every kind of error, every code and every role has its messages.
func TestErrorMessages(t *testing.T) {
	t.Parallel()
	it := messages(t, "it")
	spoken := map[string]bool{"denied": true, "limited": true, "invalid": true} // in words of their own
	for _, f := range failures {
		for _, key := range []string{"error." + f.key, "error." + f.key + ".hint", "error." + f.key + ".text"} {
			if it[key] == nil && (!strings.HasSuffix(key, ".text") || !spoken[f.key]) {
				t.Errorf("no message %s", key)
			}
		}
	}
	for _, key := range []string{"error.internal", "error.internal.text", "error.internal.hint", "role.outsider", "role.observer", "role.member", "role.moderator", "role.coordinator", "audience.1", "audience.2", "audience.3", "month.12"} {
		if it[key] == nil {
			t.Errorf("no message %s", key)
		}
	}
	for _, code := range []string{"missing", "too_long", "malformed", "control", "too_many", "unknown", forum.CodeWider, forum.CodePromise, forum.CodeArea, forum.CodeCycle} {
		if it["field."+code] == nil {
			t.Errorf("no message for the code %s", code)
		}
	}
}
