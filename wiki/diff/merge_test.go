// SPDX-License-Identifier: BSD-3-Clause

package diff_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/wiki/diff"
)

// gitMerge asks `git merge-file`.
func gitMerge(t testing.TB, dir, base, ours, theirs string) (text string, clean bool) {
	t.Helper()
	var names []string
	for name, text := range map[string]string{"1ours": ours, "2base": base, "3theirs": theirs} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"1ours", "2base", "3theirs"} {
		names = append(names, filepath.Join(dir, name))
	}
	cmd := exec.Command("git", append([]string{"merge-file", "-p", "-q"}, names...)...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() > 0 && exit.ExitCode() < 128 {
		return "", false // so many conflicts
	} else if err != nil {
		t.Fatalf("git merge-file: %v", err)
	}
	return string(out), true
}

// needs skips the test where the command is not installed; in CI it is.
func needs(t testing.TB, command string) {
	t.Helper()
	if _, err := exec.LookPath(command); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is mandatory in CI: %v", command, err)
		}
		t.Skipf("NOT TESTED: the command %s, which says what is right, is not installed: %v", command, err)
	}
}

var lineEnd = regexp.MustCompile("\r+\n")

// normal is the form in which texts are compared when only phantoms differ.
func normal(text string) string {
	text = norm.NFC.String(lineEnd.ReplaceAllString(text, "\n"))
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

// agrees checks a merge against git's. Where git sees a conflict and we do
// not, it has to be a phantom: git itself sees none in normal form.
func agrees(t testing.TB, dir, base, ours, theirs string) (clean, phantom bool) {
	t.Helper()
	m := diff.Merge(base, ours, theirs)
	lost(t, m, base, ours, theirs)
	want, clean := gitMerge(t, dir, base, ours, theirs)
	if clean != (m.Conflicts() == 0) && !clean {
		if want, clean = gitMerge(t, dir, normal(base), normal(ours), normal(theirs)); clean {
			phantom = true
		}
	}
	if clean != (m.Conflicts() == 0) {
		t.Fatalf("clean: git %v, ours %v\nbase %q\nours %q\ntheirs %q\n%+v", clean, !clean, base, ours, theirs, m)
	}
	if got := m.Text(nil); clean && got != want && !(phantom && normal(got) == want) {
		t.Fatalf("merged: git %q, ours %q\nbase %q\nours %q\ntheirs %q", want, got, base, ours, theirs)
	}
	return clean, phantom
}

// lost checks that what a side inserted stands in a text or on its side of a
// conflict, and that the base of all chunks is no more than the base.
func lost(t testing.TB, m diff.Merged, base, ours, theirs string) {
	t.Helper()
	for i, side := range []string{ours, theirs} {
		seen := map[string]int{}
		for _, c := range m.Chunks {
			text := c.Text
			if c.Conflict != nil {
				text = []string{c.Conflict.Ours, c.Conflict.Theirs}[i]
			}
			for line := range strings.Lines(normal(text)) {
				seen[line]++
			}
		}
		side = normal(side)
		for _, e := range diff.Lines(normal(base), side).Edits {
			for line := range strings.Lines(side[e.New.From:e.New.To]) {
				if seen[line]--; seen[line] < 0 {
					t.Fatalf("line %q of side %d is lost\nbase %q\nours %q\ntheirs %q\n%+v", line, i, base, ours, theirs, m)
				}
			}
		}
	}
}

// randomMerge makes a text and two that came of it. Few different lines, so
// that the same stand in many places.
func randomMerge(r *rand.Rand) (base, ours, theirs string) {
	alphabet := 2 + r.IntN(12)
	if r.IntN(3) == 0 {
		alphabet = 200
	}
	line := func() string {
		if n := r.IntN(alphabet); n > 0 {
			return "line " + strconv.Itoa(n) + "\n"
		}
		return "\n"
	}
	size := r.IntN(12)
	if r.IntN(4) == 0 {
		size = r.IntN(120)
	}
	lines := make([]string, size)
	for i := range lines {
		lines[i] = line()
	}
	text := func(lines []string) string {
		s := strings.Join(lines, "")
		if r.IntN(8) == 0 {
			s = strings.TrimSuffix(s, "\n")
		}
		return s
	}
	edited := func() string {
		out := append([]string(nil), lines...)
		for range 1 + r.IntN(1+r.IntN(6)) {
			at := r.IntN(len(out) + 1)
			gone := min(r.IntN(3), len(out)-at)
			var come []string
			for range r.IntN(3) {
				come = append(come, line())
			}
			if r.IntN(8) == 0 { // a move, or a copy
				from := r.IntN(len(out) + 1)
				come = append(come, out[from:min(from+r.IntN(4), len(out))]...)
			}
			out = append(out[:at:at], append(come, out[at+gone:]...)...)
		}
		return text(out)
	}
	return text(lines), edited(), edited()
}

// Ten thousand with COPIS_MERGES=10000, three hundred otherwise.
func TestMergeAgreesWithGit(t *testing.T) {
	t.Parallel()
	needs(t, "git")
	n := 300
	if s := os.Getenv("COPIS_MERGES"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatalf("COPIS_MERGES: %v", err)
		}
	}
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(5, 58))
	cleans, phantoms := 0, 0
	for range n {
		base, ours, theirs := randomMerge(r)
		clean, phantom := agrees(t, dir, base, ours, theirs)
		if clean {
			cleans++
		}
		if phantom {
			phantoms++
		}
	}
	t.Logf("%d merges: %d clean (%d of them phantom conflicts of git's), %d conflicts", n, cleans, phantoms, n-cleans)
	if cleans < n/5 || cleans > n*4/5 {
		t.Errorf("%d of %d are clean: too one-sided to mean much", cleans, n)
	}
}

func TestMergeOfRealEdits(t *testing.T) {
	t.Parallel()
	type edit struct {
		ID, Base, Ours, Theirs string
		Clean                  *bool `json:"line_merge_clean"`
	}
	edits := shared.Lines[edit](t, "data/wiki/concurrent-edits-it.jsonl.gz")
	edits = append(edits, shared.Lines[edit](t, "data/wiki/concurrent-edits-en.jsonl.gz")...)
	if len(edits) != 58 {
		t.Fatalf("%d edits, want 58", len(edits))
	}
	for _, e := range edits {
		m := diff.Merge(e.Base, e.Ours, e.Theirs)
		lost(t, m, e.Base, e.Ours, e.Theirs)
		if e.Clean == nil || (m.Conflicts() == 0) != *e.Clean {
			t.Errorf("%s: %d conflicts", e.ID, m.Conflicts())
		}
	}
	needs(t, "git")
	dir := t.TempDir()
	for _, e := range edits {
		if _, phantom := agrees(t, dir, e.Base, e.Ours, e.Theirs); phantom {
			t.Errorf("%s: git sees a conflict", e.ID)
		}
	}
}

func TestMergeAgreed(t *testing.T) {
	t.Parallel()
	for _, c := range shared.Lines[struct {
		ID, Base, Ours, Theirs string
		Conflict               bool
		Merged                 *string
	}](t, "corpora/merge/agreed.jsonl") {
		m := diff.Merge(c.Base, c.Ours, c.Theirs)
		if (m.Conflicts() > 0) != c.Conflict {
			t.Errorf("%s: %d conflicts, want some: %v", c.ID, m.Conflicts(), c.Conflict)
		} else if !c.Conflict && m.Text(nil) != *c.Merged {
			t.Errorf("%s: %q, want %q", c.ID, m.Text(nil), *c.Merged)
		}
		lost(t, m, c.Base, c.Ours, c.Theirs)
	}
}

// What differs in form alone is no conflict.
func TestPhantoms(t *testing.T) {
	t.Parallel()
	base := "perché\nuno\ndue\ntre\nquattro\n"
	crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	bare := func(s string) string { return strings.TrimSuffix(s, "\n") }
	edited := "perché\nuno\nDUE\ntre\nquattro\n"
	last := "perché\nuno\ndue\ntre\nQUATTRO\n"
	first := "Perché\nuno\ndue\ntre\nquattro\n"
	for name, c := range map[string]struct{ base, ours, theirs, want string }{
		"CRLF":                              {base, crlf(base), edited, edited},
		"LF":                                {crlf(base), base, crlf(edited), edited},
		"NFD":                               {base, norm.NFD.String(base), first, first},
		"NFC":                               {norm.NFD.String(base), base, norm.NFD.String(first), first},
		"CRLF and an edit":                  {base, crlf(edited), last, "perché\nuno\nDUE\ntre\nQUATTRO\n"},
		"CRLF and NFD":                      {base, crlf(base), norm.NFD.String(edited), edited},
		"newline gone":                      {base, bare(base), last, last},
		"newline gone, more written":        {base, bare(base), base + "cinque\n", base + "cinque\n"},
		"newline come":                      {bare(base), base, bare(last), bare(last)},
		"newline and CRLF":                  {base, crlf(bare(base)), last, last},
		"newline, and an edit further up":   {base, bare(base), edited, bare(edited)},
		"both sides the same in other form": {base, crlf(edited), edited, edited},
	} {
		for range 2 {
			if m := diff.Merge(c.base, c.ours, c.theirs); m.Conflicts() > 0 || m.Text(nil) != c.want {
				t.Errorf("%s: %d conflicts, %q, want %q", name, m.Conflicts(), m.Text(nil), c.want)
			}
			c.ours, c.theirs = c.theirs, c.ours
		}
	}
	// No phantoms.
	for name, c := range map[string]struct{ base, ours, theirs string }{
		"the same line":          {base, crlf(last), "perché\nuno\ndue\ntre\nquattro bis\n"},
		"newline of an empty":    {"", "\n", "a\n"},
		"deleted, and edited":    {base, "", last},
		"a blank line at bottom": {base, base + "\n", base + "cinque\n"},
	} {
		if m := diff.Merge(c.base, c.ours, c.theirs); m.Conflicts() == 0 {
			t.Errorf("%s: %q", name, m.Text(nil))
		}
	}
}

func TestMergeChunks(t *testing.T) {
	t.Parallel()
	m := diff.Merge("1\n2\n3\n4\n5\n", "1\nx\na\ny\n4\n5\n", "1\nx\nb\ny\n4\n5\n6\n")
	want := []diff.Chunk{
		{Text: "1\nx\n"},
		{Conflict: &diff.Conflict{Base: "2\n3\n", Ours: "a\n", Theirs: "b\n"}},
		{Text: "y\n4\n5\n6\n"},
	}
	if !reflect.DeepEqual(m.Chunks, want) {
		t.Errorf("%+v", m.Chunks)
	}
	got, err := json.Marshal(m)
	if err != nil || string(got) != `{"chunks":[{"text":"1\nx\n"},{"conflict":{"base":"2\n3\n","ours":"a\n","theirs":"b\n"}},{"text":"y\n4\n5\n6\n"}]}` {
		t.Errorf("%s, %v", got, err)
	}
	if got := m.Text(nil); got != "1\nx\ny\n4\n5\n6\n" {
		t.Errorf("%q", got)
	}
	if got := m.Text(func(n int, c diff.Conflict) string { return fmt.Sprint(n, c.Theirs) }); got != "1\nx\n0b\ny\n4\n5\n6\n" {
		t.Errorf("%q", got)
	}
	// What both sides left of the base is not in the conflict.
	m = diff.Merge("a\nb\nc\n", "a\nB\nc\nd\n", "a\nb2\nc\n")
	if m.Conflicts() != 1 || *m.Chunks[1].Conflict != (diff.Conflict{Base: "b\n", Ours: "B\n", Theirs: "b2\n"}) {
		t.Errorf("%+v", m)
	}
}

// merges checks what holds of every merge.
func merges(t testing.TB, base, ours, theirs string) {
	t.Helper()
	m := diff.Merge(base, ours, theirs)
	lost(t, m, base, ours, theirs)
	if back := diff.Merge(base, theirs, ours); (back.Conflicts() > 0) != (m.Conflicts() > 0) {
		t.Fatalf("%d conflicts, and %d the other way round", m.Conflicts(), back.Conflicts())
	}
	for _, c := range []struct{ name, base, ours, theirs, want string }{
		{"the same on both sides", base, ours, ours, ours},
		{"theirs alone", base, base, theirs, theirs},
		{"ours alone", base, ours, base, ours},
	} {
		if m := diff.Merge(c.base, c.ours, c.theirs); m.Conflicts() > 0 || m.Text(nil) != c.want {
			t.Fatalf("%s: %+v, want %q", c.name, m, c.want)
		}
	}
	for i, c := range m.Chunks {
		if c.Conflict == nil && (c.Text == "" || i > 0 && m.Chunks[i-1].Conflict == nil) ||
			c.Conflict != nil && (c.Text != "" || c.Conflict.Ours == c.Conflict.Theirs) {
			t.Fatalf("chunk %d of %+v", i, m.Chunks)
		}
	}
}

func TestMergeProperties(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		base, ours, theirs := randomMerge(r)
		merges(t, base, ours, theirs)
	}
}

func FuzzMerge(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nB\nc\n", "a\nb\nC")
	f.Add("a\r\nb", "a\nb\n", "a\r\nc")
	f.Add("perche\u0301\n", "perché\n", "perche\u0301 no\n")
	f.Add("x\n\nx\n", "x\n", "\n\n\n")
	f.Fuzz(func(t *testing.T, base, ours, theirs string) { merges(t, base, ours, theirs) })
}

func ExampleMerge() {
	base := "pane\nlatte\nuova\n"
	m := diff.Merge(base, "pane\nlatte\nsei uova\n", "pane integrale\nlatte\nuova\n")
	fmt.Print(m.Conflicts(), " ", strings.ReplaceAll(m.Text(nil), "\n", "/"), "\n")

	m = diff.Merge(base, "pane\nlatte fresco\nuova\n", "pane\nlatte di soia\nuova\n")
	fmt.Print(m.Conflicts(), " ", strings.ReplaceAll(m.Text(func(_ int, c diff.Conflict) string {
		return c.Ours + c.Theirs
	}), "\n", "/"), "\n")
	// Output:
	// 0 pane integrale/latte/sei uova/
	// 1 pane/latte fresco/latte di soia/uova/
}
