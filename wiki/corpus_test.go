// SPDX-License-Identifier: BSD-3-Clause

package wiki_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
	"github.com/copis-it/copis/wiki"
)

// The real concurrent edits: what git merges is saved as git merges it, what it
// does not is a clash, and no text is lost.
func TestConcurrentEdits(t *testing.T) {
	t.Parallel()
	type edit struct {
		ID, Base, Ours, Theirs string
		Clean                  *bool `json:"line_merge_clean"`
	}
	edits := shared.Lines[edit](t, "data/wiki/concurrent-edits-it.jsonl.gz")
	edits = append(edits, shared.Lines[edit](t, "data/wiki/concurrent-edits-en.jsonl.gz")...)
	require.Len(t, edits, 58)
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not here: texts are not compared with its")
	}
	w := newWorld(t, func(c *wiki.Config) { c.Verbatim = true })
	for _, e := range edits {
		p := w.begins(w.author, wiki.NewPage{Body: e.Base})
		w.saves(w.author, p.ID, 1, e.Theirs)
		saved, err := w.trySave(w.member, p.ID, 1, e.Ours)
		if !*e.Clean {
			var clash *storage.Conflict
			require.ErrorAs(t, err, &clash, e.ID)
			drafts, derr := w.wiki.Drafts(w.ctx, w.member)
			require.NoError(t, derr)
			require.Equal(t, e.Ours, drafts[0].Body, e.ID)
			require.Equal(t, e.Theirs, w.text(w.member, p.ID, 2), e.ID)
			continue
		}
		require.NoError(t, err, e.ID)
		dir := t.TempDir()
		for name, text := range map[string]string{"base": e.Base, "ours": e.Ours, "theirs": e.Theirs} {
			write(t, filepath.Join(dir, name), text)
		}
		want, err := exec.Command(git, "merge-file", "-p", filepath.Join(dir, "ours"), filepath.Join(dir, "base"), filepath.Join(dir, "theirs")).Output()
		require.NoError(t, err, e.ID)
		require.Equal(t, string(want), w.text(w.member, p.ID, saved.Revision.N), e.ID)
		require.Equal(t, string(want) != e.Theirs, saved.Merged, e.ID)
	}
}

// essay is a text of so many bytes, of lines that differ.
func essay(r *rand.Rand, size int) []string {
	var lines []string
	for n := 0; n < size; {
		var b strings.Builder
		for range 8 + r.IntN(8) {
			fmt.Fprintf(&b, "%s%d ", []string{"avviso", "partner", "criterio", "servizio", "comune", "fondo", "risultato"}[r.IntN(7)], r.IntN(500))
		}
		lines = append(lines, b.String()+"\n")
		n += b.Len() + 1
	}
	return lines
}

// edited changes a line or two of a text, as an edit does.
func edited(r *rand.Rand, lines []string) []string {
	out := append([]string(nil), lines...)
	for range 1 + r.IntN(2) {
		out[r.IntN(len(out))] = essay(r, 60)[0]
	}
	return out
}

// A thousand revisions of 50 KB take at most a fifteenth of what their texts
// would, and any of them is read with two blobs.
func TestKeyframes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := rand.New(rand.NewPCG(1, 2))
	lines := essay(r, 50_000)
	full := len(strings.Join(lines, ""))
	texts := []string{strings.Join(lines, "")}
	p := w.begins(w.author, wiki.NewPage{Body: texts[0]})
	for n := 1; n < 1000; n++ {
		lines = edited(r, lines)
		texts = append(texts, strings.Join(lines, ""))
		full += len(texts[n])
		w.saves(w.member, p.ID, n, texts[n])
	}
	kept := 0
	for n := 1; n <= 1000; n++ {
		blobs, err := w.store.Wiki().Blobs(w.ctx, p.ID, n)
		require.NoError(t, err)
		require.LessOrEqual(t, len(blobs), 2)
		for _, b := range blobs {
			if b.N == n {
				kept += len(b.Data)
			}
		}
	}
	t.Logf("%d bytes for %d: 1/%.1f", kept, full, float64(full)/float64(kept))
	require.LessOrEqual(t, kept*15, full)
	for _, n := range []int{1, 2, 10, 499, 500, 501, 999, 1000} {
		require.Equal(t, texts[n-1], w.text(w.member, p.ID, n))
	}
}

// Any two revisions compare to a text that the command patch applies.
func TestPatch(t *testing.T) {
	t.Parallel()
	patch, err := exec.LookPath("patch")
	if err != nil {
		t.Skip("patch is not here")
	}
	w := newWorld(t)
	r := rand.New(rand.NewPCG(3, 4))
	lines := essay(r, 2_000)
	p := w.begins(w.author, wiki.NewPage{Body: strings.Join(lines, "")})
	for n := 1; n < 12; n++ {
		lines = edited(r, lines)
		w.saves(w.member, p.ID, n, strings.Join(lines, ""))
	}
	for from := 1; from <= 12; from++ {
		for _, to := range []int{1, 5, 12} {
			c, err := w.wiki.Compare(w.ctx, w.member, p.ID, from, to)
			require.NoError(t, err)
			file := filepath.Join(t.TempDir(), "page")
			write(t, file, c.Diff.Old)
			cmd := exec.Command(patch, "-s", file)
			cmd.Stdin = strings.NewReader(c.Diff.Unified("a", "b", 3))
			var said bytes.Buffer
			cmd.Stdout, cmd.Stderr = &said, &said
			require.NoError(t, cmd.Run(), said.String())
			require.Equal(t, w.text(w.member, p.ID, to), read(t, file))
		}
	}
}

// BenchmarkSave measures the 1,000th save of a page of 50 KB beside the 10th,
// one after the other in turns.
func BenchmarkSave(b *testing.B) {
	s := wiki.New(wiki.Config{Store: memory.New().Wiki(), Auth: auth.AllowAll{}})
	save := func(id wiki.PageID, base int, text string) {
		if _, err := s.Save(b.Context(), auth.Visitor, wiki.PageSave{Page: id, Base: base, Body: text}); err != nil {
			b.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	var pages [2]wiki.Page
	var texts [2][]string
	for i, saves := range []int{10, 1000} {
		texts[i] = essay(r, 50_000)
		p, err := s.Create(b.Context(), auth.Visitor, wiki.NewPage{Area: auth.Commons, Title: strconv.Itoa(saves), Body: strings.Join(texts[i], "")})
		if err != nil {
			b.Fatal(err)
		}
		pages[i] = p
		for n := 1; n < saves; n++ {
			texts[i] = edited(r, texts[i])
			save(pages[i].ID, n, strings.Join(texts[i], ""))
		}
		pages[i].Current = saves
	}
	var spent [2]time.Duration
	for b.Loop() {
		for i := range pages {
			texts[i] = edited(r, texts[i])
			text := strings.Join(texts[i], "")
			began := time.Now()
			save(pages[i].ID, pages[i].Current, text)
			spent[i] += time.Since(began)
			pages[i].Current++
		}
	}
	b.ReportMetric(float64(spent[0].Microseconds())/float64(b.N), "10th-µs")
	b.ReportMetric(float64(spent[1].Microseconds())/float64(b.N), "1000th-µs")
	b.ReportMetric(float64(spent[1])/float64(spent[0]), "ratio")
}

func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(b)
}
