// SPDX-License-Identifier: BSD-3-Clause

package diff_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/wiki/diff"
)

// A shelf keeps the revisions of a page as the wiki does: each against a
// keyframe, and a new keyframe when the deltas since the last outgrow it.
type shelf struct {
	keyframe string
	size     int // of the keyframe as kept
	since    int // bytes of deltas since
	kept     int
	full     int
}

func (s *shelf) keep(t testing.TB, text string) {
	t.Helper()
	s.full += len(text)
	if s.size > 0 && s.since <= s.size {
		delta := diff.Encode(s.keyframe, text)
		if got, err := diff.Decode(s.keyframe, delta); err != nil || got != text {
			t.Fatalf("decoded %.200q, %v", got, err)
		}
		s.since += len(delta)
		s.kept += len(delta)
		return
	}
	frame := diff.Encode("", text)
	if got, err := diff.Decode("", frame); err != nil || got != text {
		t.Fatalf("decoded %.200q, %v", got, err)
	}
	*s = shelf{keyframe: text, size: len(frame), kept: s.kept + len(frame), full: s.full}
}

// words are some that a page may have.
var words = strings.Fields(`il la di che per con una degli alla sono della pubblica amministrazione
	innovatori comune regione servizi digitali dati aperti riuso software progetto gruppo lavoro
	riunione agenda pratica esperienza risultato cittadini accesso identità pagamento piattaforma
	nazionale territorio scuola ospedale appalto gara codice licenza documento verbale proposta`)

func sentence(r *rand.Rand, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(words[r.IntN(len(words))])
		if r.IntN(6) == 0 {
			fmt.Fprint(&b, r.IntN(10_000))
		}
	}
	return b.String() + ".\n"
}

// manuscript is a text of about so many bytes.
func manuscript(r *rand.Rand, size int) []string {
	var lines []string
	for n := 0; n < size; {
		line := sentence(r, 5+r.IntN(20))
		lines = append(lines, line)
		n += len(line)
	}
	return lines
}

// revise changes a few words, or inserts or deletes a line.
func revise(r *rand.Rand, lines []string) {
	for range 1 + r.IntN(3) {
		i := r.IntN(len(lines))
		switch fields := strings.Fields(lines[i]); r.IntN(6) {
		case 0:
			lines[i] += sentence(r, 5+r.IntN(20))
		case 1:
			lines[i] = "\n"
		default:
			fields = append(fields, "")
			fields[r.IntN(len(fields))] = words[r.IntN(len(words))]
			lines[i] = strings.Join(fields, " ") + "\n"
		}
	}
}

// A thousand revisions of a text of 50 KB take a fifteenth of it at most.
func TestStorage(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(50, 1000))
	lines := manuscript(r, 50_000)
	var s shelf
	for range 1000 {
		s.keep(t, strings.Join(lines, ""))
		revise(r, lines)
	}
	t.Logf("synthetic: %d bytes of %d, 1/%.1f", s.kept, s.full, float64(s.full)/float64(s.kept))
	if 15*s.kept > s.full {
		t.Errorf("%d bytes kept of %d", s.kept, s.full)
	}
}

// Real pages: their histories as they are, and those of about 50 KB edited a
// thousand times.
func TestStorageOfRealPages(t *testing.T) {
	t.Parallel()
	pages := histories(t)
	var kept, full int
	for name, p := range pages {
		var s shelf
		for _, text := range p {
			if text != "" {
				s.keep(t, text)
			}
		}
		if 3*s.kept > 2*s.full && s.full > 10_000 {
			t.Errorf("%s: %d bytes kept of %d", name, s.kept, s.full)
		}
		kept, full = kept+s.kept, full+s.full
	}
	t.Logf("%d real pages: %d bytes of %d, 1/%.1f", len(pages), kept, full, float64(full)/float64(kept))
	if 5*kept > full {
		t.Errorf("%d bytes kept of %d", kept, full)
	}
	kept, full = 0, 0
	r := rand.New(rand.NewPCG(50, 1000))
	n := 0
	for _, p := range pages {
		text := slices.MaxFunc(p, func(a, b string) int { return len(a) - len(b) })
		if len(text) < 40_000 || len(text) > 60_000 {
			continue
		}
		n++
		var s shelf
		lines := strings.SplitAfter(text, "\n")
		for range 1000 {
			s.keep(t, strings.Join(lines, ""))
			revise(r, lines)
		}
		kept, full = kept+s.kept, full+s.full
	}
	t.Logf("%d real pages of about 50 KB, edited a thousand times: %d bytes of %d, 1/%.1f", n, kept, full, float64(full)/float64(kept))
	if n == 0 || 15*kept > full {
		t.Errorf("%d pages: %d bytes kept of %d", n, kept, full)
	}
}

// histories are the texts of the real pages, in order.
func histories(t testing.TB) map[string][]string {
	t.Helper()
	pages := map[string][]string{}
	for _, name := range []string{"cad-it", "lg-riuso-it", "piano-triennale-it", "standard-public-code-en"} {
		for _, r := range shared.Lines[struct {
			Page string
			Text string
		}](t, "data/wiki/"+name+".jsonl.gz") {
			pages[r.Page] = append(pages[r.Page], r.Text)
		}
	}
	return pages
}

// Every two revisions of real pages that follow each other, in all views.
func TestRealPages(t *testing.T) {
	t.Parallel()
	n := 0
	for _, p := range histories(t) {
		for i := range p[1:] {
			if n++; !testing.Short() || n%10 == 0 {
				check(t, p[i], p[i+1], 3)
			}
		}
	}
	if n < 1000 {
		t.Errorf("only %d pairs", n)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	base := strings.Repeat("uno\n", 100) + "due\n"
	text := strings.Repeat("uno\n", 50) + "tre\n" + strings.Repeat("uno\n", 50) + "quattro"
	random := make([]byte, 2000)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range random {
		random[i] = byte(r.IntN(256))
	}
	for _, c := range []struct{ base, text string }{
		{base, text}, {"", text}, {"", ""}, {base, ""}, {base, base}, {"", string(random)},
		{"", strings.Repeat(text, 100)}, {base, strings.Repeat(base, 30)},
	} {
		delta := diff.Encode(c.base, c.text)
		if got, err := diff.Decode(c.base, delta); err != nil || got != c.text {
			t.Fatalf("%.100q, %v", got, err)
		}
		for i := range delta {
			if got, err := diff.Decode(c.base, delta[:i]); !errors.Is(err, diff.ErrDelta) && got != c.text {
				t.Fatalf("cut at %d: %.100q, %v", i, got, err)
			}
			for bit := range 8 {
				bad := bytes.Clone(delta)
				bad[i] ^= 1 << bit
				if got, err := diff.Decode(c.base, bad); !errors.Is(err, diff.ErrDelta) && got != c.text {
					t.Fatalf("bit %d of byte %d: %.100q, %v", bit, i, got, err)
				}
			}
		}
		if got, err := diff.Decode(c.base, append(bytes.Clone(delta), 0)); !errors.Is(err, diff.ErrDelta) {
			t.Errorf("with a byte more: %.100q, %v", got, err)
		}
		if c.base != "" && c.text != "" {
			if got, err := diff.Decode(c.base[:40]+"x"+c.base[41:], delta); !errors.Is(err, diff.ErrDelta) && got != c.text {
				t.Errorf("another base: %.100q, %v", got, err)
			}
		}
	}
}

// What is not worth compressing stands as it is, and is no longer for it.
func TestEncodeIsShort(t *testing.T) {
	t.Parallel()
	text := "a line that nobody else has\n"
	if n := len(diff.Encode("", text)); n > len(text)+9 {
		t.Errorf("%d bytes for %d", n, len(text))
	}
	if n := len(diff.Encode(strings.Repeat(text, 2000), strings.Repeat(text, 1000)+"in between\n"+strings.Repeat(text, 1000))); n > 32 {
		t.Errorf("%d bytes for an inserted line", n)
	}
}

// A delta that claims much, or expands to much, is refused before it costs
// more than flate itself makes of it.
func TestDecodeIsBounded(t *testing.T) {
	var bomb bytes.Buffer
	w, err := flate.NewWriter(&bomb, flate.BestCompression)
	if err == nil {
		_, err = w.Write(make([]byte, 64<<20))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	head := func(form byte, length uint64) []byte {
		b := binary.AppendUvarint([]byte{form}, length)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(nil))
	}
	for name, delta := range map[string][]byte{
		"length":         head(1, 1<<62),
		"copy":           append(head(1, 10), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0),
		"skip":           append(head(1, 10), 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0),
		"insert":         append(head(1, 10), 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1),
		"varint":         append(head(1, 0), bytes.Repeat([]byte{0xff}, 30)...),
		"twice the base": append(head(1, 6), 3, 0, 0, 3, 0, 0),
		"expanded":       append(head(2, 1), bomb.Bytes()...),
		"no form":        head(3, 0),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if got, err := diff.Decode("abc", delta); !errors.Is(err, diff.ErrDelta) {
			t.Errorf("%s: %.100q, %v", name, got, err)
		}
		runtime.ReadMemStats(&after)
		// io.ReadAll grows by a quarter at a time.
		if used := after.TotalAlloc - before.TotalAlloc; used > uint64(1<<20+8*1032*len(delta)) {
			t.Errorf("%s: %d bytes of memory for a delta of %d", name, used, len(delta))
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("", diff.Encode("", "a text\n"))
	f.Add("a\nb\nc\n", diff.Encode("a\nb\nc\n", "a\nB\nc\n"))
	f.Add("a\n", diff.Encode("a\n", strings.Repeat("long enough\n", 100)))
	f.Add("a\n", []byte{2, 0x80})
	f.Fuzz(func(t *testing.T, base string, delta []byte) {
		text, err := diff.Decode(base, delta)
		if err != nil && (!errors.Is(err, diff.ErrDelta) || text != "") {
			t.Fatalf("%q, %v", text, err)
		}
		if len(text) > len(base)+1032*len(delta)+1032 {
			t.Fatalf("%d bytes of %d and %d", len(text), len(base), len(delta))
		}
		if got, err := diff.Decode(base, diff.Encode(base, text)); err != nil || got != text {
			t.Fatalf("again: %q, %v, want %q", got, err, text)
		}
	})
}

func ExampleEncode() {
	first := "# Riuso\n\nIl software si riusa.\n"
	second := "# Riuso\n\nIl software libero si riusa.\n"
	keyframe := diff.Encode("", first)
	delta := diff.Encode(first, second)

	base, err := diff.Decode("", keyframe)
	if err != nil {
		panic(err)
	}
	text, err := diff.Decode(base, delta)
	fmt.Printf("%d bytes: %q %v\n", len(delta), text, err)
	// Output: 19 bytes: "# Riuso\n\nIl software libero si riusa.\n" <nil>
}
