// SPDX-License-Identifier: BSD-3-Clause

package diff_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/wiki/diff"
)

// exact checks what a diff promises of its edits: ascending, apart, in whole
// lines, and that the old text with them applied is the new one.
func exact(t testing.TB, old, new string) diff.Diff {
	t.Helper()
	d := diff.Lines(old, new)
	if d.Old != old || d.New != new || (len(d.Edits) == 0) != (old == new) {
		t.Fatalf("%d edits; texts kept: %v, %v", len(d.Edits), d.Old == old, d.New == new)
	}
	var b strings.Builder
	var at diff.Edit // what is between the edit before and the next
	for i, e := range d.Edits {
		whole := func(text string, s diff.Span) bool {
			return s.From == 0 || text[s.From-1] == '\n'
		}
		lines := func(text string) int { return len(slices.Collect(strings.Lines(text))) }
		if i > 0 && e.Old.From <= at.Old.To || e.Old.Lines+e.New.Lines == 0 ||
			!whole(old, e.Old) || !whole(new, e.New) ||
			lines(old[at.Old.To:e.Old.From]) != e.Old.Line-at.Old.Line-at.Old.Lines ||
			lines(new[at.New.To:e.New.From]) != e.New.Line-at.New.Line-at.New.Lines ||
			lines(old[e.Old.From:e.Old.To]) != e.Old.Lines ||
			lines(new[e.New.From:e.New.To]) != e.New.Lines {
			t.Fatalf("edit %+v behind %+v", e, at)
		}
		b.WriteString(old[at.Old.To:e.Old.From])
		b.WriteString(new[e.New.From:e.New.To])
		at = e
	}
	b.WriteString(old[at.Old.To:])
	if b.String() != new {
		t.Fatalf("applied: %.200q, want %.200q", b.String(), new)
	}
	return d
}

func TestLines(t *testing.T) {
	t.Parallel()
	span := func(line, lines, from, to int) diff.Span {
		return diff.Span{Line: line, Lines: lines, From: from, To: to}
	}
	for _, c := range []struct {
		old, new string
		want     []diff.Edit
	}{
		{"", "", nil},
		{"a\nb\n", "a\nb\n", nil},
		{"", "a\n", []diff.Edit{{Old: span(0, 0, 0, 0), New: span(0, 1, 0, 2)}}},
		{"a", "", []diff.Edit{{Old: span(0, 1, 0, 1), New: span(0, 0, 0, 0)}}},
		{"a\nb", "a\nb\n", []diff.Edit{{Old: span(1, 1, 2, 3), New: span(1, 1, 2, 4)}}},
		{"a\r\nb\n", "a\nb\n", []diff.Edit{{Old: span(0, 1, 0, 3), New: span(0, 1, 0, 2)}}},
		{"\xff\n", "\xfe\n", []diff.Edit{{Old: span(0, 1, 0, 2), New: span(0, 1, 0, 2)}}},
		// An insertion comes to rest as far down as it goes.
		{"a\nb\n", "a\na\nb\n", []diff.Edit{{Old: span(1, 0, 2, 2), New: span(1, 1, 2, 4)}}},
		// One that stands behind the last line of two texts, of which one is
		// part of the other.
		{"xa\nb\n", "a\nb\n", []diff.Edit{{Old: span(0, 1, 0, 3), New: span(0, 1, 0, 2)}}},
		{"x", "yx", []diff.Edit{{Old: span(0, 1, 0, 1), New: span(0, 1, 0, 2)}}},
	} {
		if got := exact(t, c.old, c.new); !slices.Equal(got.Edits, c.want) {
			t.Errorf("%q → %q: %+v, want %+v", c.old, c.new, got.Edits, c.want)
		}
	}
}

// An edit among equal lines slides past the lines that are looked at first.
func TestLinesSlideFar(t *testing.T) {
	t.Parallel()
	for _, n := range []int{5, 9, 600, 70_000} {
		same := strings.Repeat("a\n", n)
		d := exact(t, same+"x\ny\n", same+"x\n"+"y\na\n")
		if len(d.Edits) != 1 {
			t.Errorf("%d: %+v", n, d.Edits)
		}
		d = exact(t, same+same, same)
		if e := d.Edits[0]; len(d.Edits) != 1 || e.Old.Line+e.Old.Lines != 2*n {
			t.Errorf("%d: %+v", n, d.Edits)
		}
		exact(t, same+"x\n"+same, same+same)
		exact(t, same+"x\n"+same, same+"a\nx\n"+same+"b")
	}
}

// random makes a text and another that is more or less like it.
func random(r *rand.Rand) (old, new string) {
	line := func() string {
		words := []string{"", "a", "b", "pane", "perché no", "\xff\xfe", "a\r", "<b>&\"'", "  x", "x ", "-", "+", "\\ No newline at end of file"}
		return words[r.IntN(1+r.IntN(len(words)))] + "\n"
	}
	text := func(n int) []string {
		lines := make([]string, n)
		for i := range lines {
			lines[i] = line()
		}
		return lines
	}
	a := text(r.IntN(40))
	b := slices.Clone(a)
	for range r.IntN(8) {
		i := r.IntN(len(b) + 1)
		j := i + r.IntN(min(len(b)-i, 5)+1)
		b = slices.Replace(b, i, j, text(r.IntN(4))...)
	}
	join := func(lines []string) string {
		s := strings.Join(lines, "")
		if r.IntN(4) == 0 {
			s = strings.TrimSuffix(s, "\n")
		}
		return s
	}
	return join(a), join(b)
}

func TestRandom(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		old, new := random(r)
		check(t, old, new, r.IntN(5))
	}
}

// check holds all views of a diff against the texts.
func check(t testing.TB, old, new string, context int) {
	t.Helper()
	d := exact(t, old, new)
	unified := d.Unified("a", "b", context)
	if got := patched(t, old, unified); got != new {
		t.Fatalf("patched %q with %q: %q, want %q", old, unified, got, new)
	}
	if got := patched(t, new, diff.Lines(new, old).Unified("a", "b", context)); got != old {
		t.Fatalf("back: %q, want %q", got, old)
	}
	rows(t, d, context)
	delta := diff.Encode(old, new)
	if got, err := diff.Decode(old, delta); err != nil || got != new {
		t.Fatalf("decoded: %.200q, %v, want %.200q", got, err, new)
	}
}

// patched applies unified text as strictly as can be.
func patched(t testing.TB, old, unified string) string {
	t.Helper()
	if unified == "" {
		return old
	}
	var want, got []string
	for line := range strings.Lines(old) {
		want = append(want, line)
	}
	in := slices.Collect(strings.Lines(unified))
	if len(in) < 3 || in[0] != "--- a\n" || in[1] != "+++ b\n" {
		t.Fatalf("heading: %q", in[:2])
	}
	at := 0
	for in = in[2:]; len(in) > 0; {
		var oldRange, newRange string
		if _, err := fmt.Sscanf(in[0], "@@ -%s +%s @@\n", &oldRange, &newRange); err != nil {
			t.Fatalf("heading %q: %v", in[0], err)
		}
		in = in[1:]
		oldLine, oldLines := span(t, oldRange)
		newLine, newLines := span(t, newRange)
		got = append(got, want[at:oldLine]...)
		at = oldLine
		if len(got) != newLine {
			t.Fatalf("hunk +%s at line %d", newRange, len(got))
		}
		for oldLines > 0 || newLines > 0 {
			sign, line := in[0][0], in[0][1:]
			if in = in[1:]; len(in) > 0 && in[0] == "\\ No newline at end of file\n" {
				in, line = in[1:], strings.TrimSuffix(line, "\n")
			}
			if sign != '+' {
				if at == len(want) || want[at] != line {
					t.Fatalf("line %d is not %q in %q", at, line, old)
				}
				at, oldLines = at+1, oldLines-1
			}
			if sign != '-' {
				got, newLines = append(got, line), newLines-1
			}
			if !strings.ContainsRune(" -+", rune(sign)) || oldLines < 0 || newLines < 0 {
				t.Fatalf("sign %q, %d and %d lines to come", sign, oldLines, newLines)
			}
		}
	}
	return strings.Join(append(got, want[at:]...), "")
}

// span reads "3,2": two lines behind the first two.
func span(t testing.TB, s string) (before, lines int) {
	t.Helper()
	first, count, found := strings.Cut(s, ",")
	before, err := strconv.Atoi(first)
	lines = 1
	if found && err == nil {
		lines, err = strconv.Atoi(count)
	}
	if err != nil || found && lines == 1 {
		t.Fatalf("range %q: %v", s, err)
	}
	if lines > 0 {
		before--
	}
	return before, lines
}

// rows checks that the hunks of a diff have the lines they name.
func rows(t testing.TB, d diff.Diff, context int) {
	t.Helper()
	old, new := slices.Collect(strings.Lines(d.Old)), slices.Collect(strings.Lines(d.New))
	changed := func(hunks []diff.Hunk) (n int) {
		for _, h := range hunks {
			o, m := 0, 0
			space := true
			for _, r := range h.Rows {
				left, right := joined(t, r.Left, diff.Deleted), joined(t, r.Right, diff.Inserted)
				wantLeft, wantRight := "", ""
				if r.Old > 0 {
					wantLeft = old[r.Old-1]
					if r.Old != h.OldLine+o {
						t.Fatalf("row %+v of hunk %+v", r, h)
					}
					o++
				}
				if r.New > 0 {
					wantRight = new[r.New-1]
					if r.New != h.NewLine+m {
						t.Fatalf("row %+v of hunk %+v", r, h)
					}
					m++
				}
				kind := map[[2]bool]diff.Kind{{true, false}: diff.Deleted, {false, true}: diff.Inserted, {true, true}: diff.Changed}[[2]bool{r.Old > 0, r.New > 0}]
				if kind == diff.Changed && left == right {
					kind = diff.Equal
				}
				if left != wantLeft || right != wantRight || r.Kind != kind {
					t.Fatalf("row %+v has %q and %q, %s", r, wantLeft, wantRight, kind)
				}
				if kind != diff.Equal {
					n++
					space = space && r.Space
				}
				bare := func(s string) string { return strings.Join(strings.Fields(s), "") }
				if kind == diff.Changed && bare(left) == bare(right) && !r.Space {
					t.Fatalf("row %+v is not told as whitespace", r)
				}
			}
			if o != h.OldLines || m != h.NewLines {
				t.Fatalf("hunk %+v has %d and %d lines", h, o, m)
			}
			if h.Space != (space && n > 0) {
				t.Fatalf("hunk %+v: space %v", h, space)
			}
		}
		return n
	}
	if hunks := d.Hunks(context); (changed(hunks) > 0) != (d.Old != d.New) {
		t.Fatalf("%+v", hunks)
	}
	whole := d.Hunks(-1)
	changed(whole)
	if len(whole) != 1 || whole[0].OldLines != len(old) || whole[0].NewLines != len(new) {
		t.Fatalf("not whole: %+v", whole)
	}
}

func joined(t testing.TB, segments []diff.Segment, side diff.Kind) string {
	t.Helper()
	var b strings.Builder
	for i, s := range segments {
		if s.Kind != diff.Equal && s.Kind != side || s.Text == "" || i > 0 && segments[i-1].Kind == s.Kind {
			t.Fatalf("segments %+v", segments)
		}
		b.WriteString(s.Text)
	}
	return b.String()
}

// The command patch makes the new text of the old one, and says nothing.
func TestPatch(t *testing.T) {
	t.Parallel()
	needs(t, "patch")
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(3, 4))
	n := 0
	try := func(old, new string, context int) {
		t.Helper()
		if old == new {
			return
		}
		n++
		p := diff.Lines(old, new).Unified("a", "b", context)
		for name, text := range map[string]string{"old": old, "patch": p} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("patch", "--binary", "--silent", "--fuzz=0", "-o", "new", "old", "patch")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Fatalf("patch: %v: %s\n%q → %q with\n%s", err, out, old, new, p)
		}
		got, err := os.ReadFile(filepath.Join(dir, "new"))
		if err != nil || string(got) != new {
			t.Fatalf("patched %q, %v, want %q with\n%s", got, err, new, p)
		}
	}
	for range 150 {
		old, new := random(r)
		try(old, new, r.IntN(5))
	}
	for _, e := range shared.Lines[struct{ Base, Ours, Theirs string }](t, "data/wiki/concurrent-edits-it.jsonl.gz") {
		try(e.Base, e.Ours, 3)
		try(e.Ours, e.Theirs, 0)
	}
	if n < 100 {
		t.Errorf("only %d patches", n)
	}
}

func TestUnifiedNames(t *testing.T) {
	t.Parallel()
	d := diff.Lines("a\n", "b\n")
	want := "--- \"a\\012+++ b\\042\\134\\177\"\n+++ perché no\n@@ -1 +1 @@\n-a\n+b\n"
	if got := d.Unified("a\n+++ b\"\\\x7f", "perché no", -1); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// part of a bomb: a unit, and how often it is repeated.
type part struct {
	unit  string
	count int
}

func (p *part) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&p.unit, &p.count})
}

// text repeats the units of some parts, as the corpora's README says.
func text(seed uint64, parts []part) string {
	r := rand.New(rand.NewPCG(seed, 7))
	var b strings.Builder
	for _, p := range parts {
		shuffled := r.Perm(p.count)
		for i := range p.count {
			s := p.unit
			for _, form := range []struct {
				sign string
				n    int
			}{{"%d", i}, {"%r", p.count - 1 - i}, {"%e", 2 * i}, {"%hN", (i + p.count/2) % p.count}, {"%sN", shuffled[i]}} {
				s = strings.ReplaceAll(s, form.sign, strconv.Itoa(form.n))
			}
			s = strings.ReplaceAll(s, "%A", "ab"[r.IntN(2):][:1])
			b.WriteString(strings.ReplaceAll(s, "%C", "cd"[r.IntN(2):][:1]))
		}
	}
	return b.String()
}

// bombs are pairs of texts that are hard to compare.
func bombs(t testing.TB) map[string][2]string {
	t.Helper()
	all := map[string][2]string{}
	for _, c := range shared.Lines[struct {
		Name string
		A, B []part
	}](t, "corpora/diff/bombs.jsonl") {
		all[c.Name] = [2]string{text(1, c.A), text(2, c.B)}
	}
	for name, c := range map[string][2]part{
		"rotated":                 {{"%d\n", 20_000}, {"%hN\n", 20_000}},
		"shuffled":                {{"%d\n", 20_000}, {"%sN\n", 20_000}},
		"every other":             {{"%d\n", 30_000}, {"%e\n", 20_000}},
		"random short lines":      {{"%A\n", 30_000}, {"%A\n", 90_000}},
		"random, nothing shared":  {{"%A\n", 30_000}, {"%C\n", 30_000}},
		"one line of few words":   {{"%A ", 30_000}, {"%A ", 30_000}},
		"one line of one word":    {{"%A", 900_000}, {"%C", 900_000}},
		"one line, words rotated": {{"%d ", 30_000}, {"%hN ", 30_000}},
		"blank lines":             {{"\n", 200_000}, {"\n", 199_999}},
		"periodic":                {{"a\na\nb\n", 30_000}, {"a\nb\nb\n", 30_000}},
		"bytes":                   {{"\xff\xfe%d\n", 20_000}, {"\xfe\xff%d\n", 20_000}},
	} {
		all[name] = [2]string{text(1, []part{c[0]}), text(2, []part{c[1]})}
	}
	return all
}

func TestBombs(t *testing.T) {
	t.Parallel()
	for name, c := range bombs(t) {
		t.Run(name, func(t *testing.T) {
			d := exact(t, c[0], c[1])
			if got := patched(t, c[0], d.Unified("a", "b", 3)); got != c[1] {
				t.Error("the patch gives something else")
			}
			rows(t, d, 3)
			if got, err := diff.Decode(c[0], diff.Encode(c[0], c[1])); err != nil || got != c[1] {
				t.Errorf("the delta gives something else: %v", err)
			}
			if m := diff.Merge(c[0], c[1], c[0]); m.Conflicts() > 0 || m.Text(nil) != c[1] {
				t.Error("the merge gives something else")
			}
		})
	}
}

func FuzzLines(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nB\nc", 1)
	f.Add("", "\n", 0)
	f.Add("a\r\n\xff", "a\n\xfe\n", 3)
	f.Add("-- a\n++ b\n\\ No newline at end of file", "@@ -1 +1 @@\n", 2)
	f.Fuzz(func(t *testing.T, old, new string, context int) {
		check(t, old, new, context&7)
		for _, write := range writers {
			var b strings.Builder
			if err := write(&b, diff.Lines(old, new).Hunks(context&7), labels); err != nil {
				t.Fatal(err)
			}
			safe(t, b.String())
		}
	})
}
