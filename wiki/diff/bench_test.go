// SPDX-License-Identifier: BSD-3-Clause

package diff_test

import (
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sergi/go-diff/diffmatchpatch"

	"github.com/copis-it/copis/internal/ratio"
	"github.com/copis-it/copis/wiki/diff"
)

// BenchmarkSmallEdits compares a page of 50 KB with one of small edits, beside
// go-diff in line mode. Bar: 0.5.
func BenchmarkSmallEdits(b *testing.B) {
	for name, revisions := range map[string]int{"one": 1, "three": 3, "ten": 10} {
		b.Run(name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, uint64(revisions)))
			lines := manuscript(r, 50_000)
			old := strings.Join(lines, "")
			for range revisions {
				revise(r, lines)
			}
			new := strings.Join(lines, "")
			ratio.Run(b, 10, func(b *testing.B) {
				if len(diff.Lines(old, new).Edits) == 0 {
					b.Fatal("no edits")
				}
			}, func(b *testing.B) {
				dmp := diffmatchpatch.New()
				dmp.DiffTimeout = 0
				x, y, lines := dmp.DiffLinesToChars(old, new)
				if len(dmp.DiffCharsToLines(dmp.DiffMain(x, y, false), lines)) < 2 {
					b.Fatal("no edits")
				}
			})
		})
	}
}

// BenchmarkMegabyte compares two texts of 1 MB and writes the patch, beside
// the process of `diff -u`, which reads them from files. Bar: 2.5.
func BenchmarkMegabyte(b *testing.B) {
	needs(b, "diff")
	r := rand.New(rand.NewPCG(1, 1))
	page := manuscript(r, 1_000_000)
	base := strings.Join(page, "")
	edited := func(n int) string {
		lines := slices.Clone(page)
		for range n {
			revise(r, lines)
		}
		return strings.Join(lines, "")
	}
	shuffled := slices.Clone(page)
	r.Shuffle(len(page), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, c := range []struct{ name, old, new string }{
		{"one edit", base, edited(1)},
		{"a hundred edits", base, edited(100)},
		{"ten thousand edits", base, edited(10_000)},
		{"another text", base, strings.Join(manuscript(r, 1_000_000), "")},
		{"shuffled", base, strings.Join(shuffled, "")},
		{"blank lines", strings.Repeat("\n", 1_000_000), strings.Repeat("\n", 999_999)},
		{"short lines", text(1, []part{{"%d\n", 145_000}}), text(1, []part{{"%e\n", 145_000}})},
		{"short lines at random", text(1, []part{{"%A\n", 500_000}}), text(2, []part{{"%A\n", 500_000}})},
		{"nothing shared", text(1, []part{{"%A\n", 500_000}}), text(2, []part{{"%C\n", 500_000}})},
		{"the same", base, base},
	} {
		b.Run(c.name, func(b *testing.B) {
			dir := b.TempDir()
			for name, text := range map[string]string{"old": c.old, "new": c.new} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					b.Fatal(err)
				}
			}
			ratio.Run(b, 1, func(b *testing.B) {
				if (diff.Lines(c.old, c.new).Unified("old", "new", 3) == "") != (c.old == c.new) {
					b.Fatal("wrong")
				}
			}, func(b *testing.B) {
				cmd := exec.Command("diff", "-u", "old", "new")
				cmd.Dir = dir
				out, err := cmd.Output()
				if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 {
					err = nil // they differ
				}
				if err != nil || (len(out) == 0) != (c.old == c.new) {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkPage does with a page of 50 KB and a small edit what a wiki does.
func BenchmarkPage(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	lines := manuscript(r, 50_000)
	base := strings.Join(lines, "")
	revise(r, lines)
	ours := strings.Join(lines, "")
	revise(r, lines)
	theirs := strings.Join(lines, "")
	delta, frame := diff.Encode(base, ours), diff.Encode("", ours)
	d := diff.Lines(base, theirs)
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"lines", func() error { diff.Lines(base, ours); return nil }},
		{"merge", func() error { diff.Merge(base, ours, theirs); return nil }},
		{"side by side", func() error { return diff.WriteSideBySide(io.Discard, d.Hunks(3), labels) }},
		{"encode", func() error { diff.Encode(base, ours); return nil }},
		{"encode keyframe", func() error { diff.Encode("", ours); return nil }},
		{"decode", func() error { _, err := diff.Decode(base, delta); return err }},
		{"decode keyframe", func() error { _, err := diff.Decode("", frame); return err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkBombs does everything with texts that are hard to compare.
func BenchmarkBombs(b *testing.B) {
	all := bombs(b)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		old, new := all[name][0], all[name][1]
		d := diff.Lines(old, new)
		for _, c := range []struct {
			name string
			do   func()
		}{
			{"lines", func() { diff.Lines(old, new) }},
			{"hunks", func() { d.Hunks(3) }},
			{"html", func() { _ = diff.WriteSideBySide(io.Discard, d.Hunks(3), diff.Labels{}) }},
			{"encode", func() { diff.Encode(old, new) }},
			{"merge", func() { diff.Merge(old, new, old[:len(old)/2]) }},
		} {
			b.Run(name+"/"+c.name, func(b *testing.B) {
				for b.Loop() {
					c.do()
				}
			})
		}
	}
}
