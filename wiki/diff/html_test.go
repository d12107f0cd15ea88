// SPDX-License-Identifier: BSD-3-Clause

package diff_test

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/wiki/diff"
)

var labels = diff.Labels{
	Caption: "Da r3 a r4", Old: "Prima", New: "Dopo", OldLine: "Riga prima", NewLine: "Riga dopo",
	Space: "solo spazi", NoNewline: "senza a capo finale", Same: "Nessuna differenza",
}

var writers = map[string]func(io.Writer, []diff.Hunk, diff.Labels) error{
	"side by side": diff.WriteSideBySide,
	"inline":       diff.WriteInline,
}

// safe parses what was written: the elements and attributes are those of a
// diff, and text is all the rest. It returns the text of the cells with lines.
func safe(t testing.TB, page string) (lines []string) {
	t.Helper()
	elements := strings.Fields("table caption thead tbody tr th td del ins em p")
	attributes := strings.Fields("class scope colspan")
	in := html.NewTokenizer(strings.NewReader(page))
	cell := false
	for {
		switch kind := in.Next(); kind {
		case html.ErrorToken:
			if err := in.Err(); err != io.EOF {
				t.Fatal(err)
			}
			return lines
		case html.TextToken:
			raw := string(in.Raw())
			if strings.ContainsAny(raw, `<>"'`) {
				t.Fatalf("unescaped: %q", raw)
			}
			if cell {
				lines[len(lines)-1] += html.UnescapeString(raw)
			}
		case html.StartTagToken, html.EndTagToken:
			token := in.Token()
			if !slices.Contains(elements, token.Data) {
				t.Fatalf("element %s in %q", token, page)
			}
			for _, a := range token.Attr {
				if !slices.Contains(attributes, a.Key) || strings.Trim(a.Val, "abcdefghijklmnopqrstuvwxyz- 34") != "" {
					t.Fatalf("attribute %v in %q", a, page)
				}
			}
			if cell = cell && token.Data != "td" || token.Data == "td" && kind == html.StartTagToken && token.Attr[0].Val == "diff-line"; cell && token.Data == "td" {
				lines = append(lines, "")
			}
		default:
			t.Fatalf("%v %q", kind, in.Raw())
		}
	}
}

func TestHTMLIsEscaped(t *testing.T) {
	t.Parallel()
	var payloads []string
	for _, p := range shared.Lines[struct{ Payload string }](t, "corpora/xss/html_payloads.jsonl") {
		payloads = append(payloads, p.Payload)
	}
	for _, p := range shared.Lines[struct{ Markdown string }](t, "corpora/xss/markdown_payloads.jsonl") {
		payloads = append(payloads, p.Markdown)
	}
	for _, p := range payloads {
		half := p[:len(p)/2] // maybe in the middle of a character
		for name, write := range writers {
			for _, d := range []diff.Diff{
				diff.Lines("", p), diff.Lines(p, ""), diff.Lines(p, half), diff.Lines("x "+p+" y\n", "z "+p+" y\n"),
			} {
				var b strings.Builder
				l := diff.Labels{Caption: p, Old: p, New: p, OldLine: p, NewLine: p, Space: p, NoNewline: p, Same: p}
				if err := write(&b, d.Hunks(1), l); err != nil {
					t.Fatal(err)
				}
				safe(t, b.String())
				b.Reset()
				if err := write(&b, d.Hunks(1), diff.Labels{}); err != nil {
					t.Fatal(err)
				}
				got := strings.Join(safe(t, b.String()), "")
				odd := func(r rune) bool { return r < ' ' || r == 0x7f }
				if name != "inline" || d.Old != "" || strings.IndexFunc(p, odd) >= 0 {
					continue
				}
				if want := strings.ToValidUTF8(p, "\uFFFD"); got != want {
					t.Fatalf("%s: text %q, want %q", name, got, want)
				}
			}
		}
	}
}

func TestHTML(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"side by side": `<table class="diff diff-side-by-side">
<caption>Da r3 a r4</caption>
<thead><tr><th scope="col">Riga prima</th><th scope="col">Prima</th><th scope="col">Riga dopo</th><th scope="col">Dopo</th></tr></thead>
<tbody>
<tr class="diff-hunk"><th colspan="4" scope="rowgroup">-1,4 +1,5</th></tr>
<tr class="diff-equal"><td class="diff-number">1</td><td class="diff-line">a</td><td class="diff-number">1</td><td class="diff-line">a</td></tr>
<tr class="diff-changed"><td class="diff-number">2</td><td class="diff-line">b <del>c</del> d</td><td class="diff-number">2</td><td class="diff-line">b <ins>&lt;i&gt;</ins> d</td></tr>
<tr class="diff-deleted"><td class="diff-number">3</td><td class="diff-line"><del>via␀�[U+202E]␍</del></td><td class="diff-number"></td><td class="diff-line"></td></tr>
<tr class="diff-inserted diff-space"><td class="diff-number"></td><td class="diff-line"></td><td class="diff-number">3</td><td class="diff-line"></td></tr>
<tr class="diff-equal"><td class="diff-number">4</td><td class="diff-line">x</td><td class="diff-number">4</td><td class="diff-line">x</td></tr>
<tr class="diff-inserted"><td class="diff-number"></td><td class="diff-line"></td><td class="diff-number">5</td><td class="diff-line"><ins>fine</ins> <em class="diff-no-newline">senza a capo finale</em></td></tr>
</tbody>
</table>
`,
		"inline": `<table class="diff diff-inline">
<caption>Da r3 a r4</caption>
<thead><tr><th scope="col">Riga prima</th><th scope="col">Riga dopo</th><th scope="col"><del>Prima</del> <ins>Dopo</ins></th></tr></thead>
<tbody>
<tr class="diff-hunk"><th colspan="3" scope="rowgroup">-1,4 +1,5</th></tr>
<tr class="diff-equal"><td class="diff-number">1</td><td class="diff-number">1</td><td class="diff-line">a</td></tr>
<tr class="diff-deleted"><td class="diff-number">2</td><td class="diff-number"></td><td class="diff-line">b <del>c</del> d</td></tr>
<tr class="diff-inserted"><td class="diff-number"></td><td class="diff-number">2</td><td class="diff-line">b <ins>&lt;i&gt;</ins> d</td></tr>
<tr class="diff-deleted"><td class="diff-number">3</td><td class="diff-number"></td><td class="diff-line"><del>via␀�[U+202E]␍</del></td></tr>
<tr class="diff-inserted diff-space"><td class="diff-number"></td><td class="diff-number">3</td><td class="diff-line"></td></tr>
<tr class="diff-equal"><td class="diff-number">4</td><td class="diff-number">4</td><td class="diff-line">x</td></tr>
<tr class="diff-inserted"><td class="diff-number"></td><td class="diff-number">5</td><td class="diff-line"><ins>fine</ins> <em class="diff-no-newline">senza a capo finale</em></td></tr>
</tbody>
</table>
`,
	} {
		var b strings.Builder
		hunks := diff.Lines("a\nb c d\nvia\x00\xff\u202e\r\nx\n", "a\nb <i> d\n\nx\nfine").Hunks(3)
		if err := writers[name](&b, hunks, labels); err != nil || b.String() != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, b.String(), want)
		}
		b.Reset()
		if err := writers[name](&b, diff.Lines("a\n", " a\n").Hunks(3), labels); err != nil || !strings.Contains(b.String(), `-1 +1 <em class="diff-space">solo spazi</em>`) {
			t.Errorf("%s: %v\n%s", name, err, b.String())
		}
		b.Reset()
		if err := writers[name](&b, nil, labels); err != nil || b.String() != "<p class=\"diff-same\">Nessuna differenza</p>\n" {
			t.Errorf("%s: %v\n%s", name, err, b.String())
		}
		b.Reset()
		if err := writers[name](&b, nil, diff.Labels{}); err != nil || b.String() != "" {
			t.Errorf("%s: %v\n%s", name, err, b.String())
		}
		if err := writers[name](full{}, hunks, labels); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var errFull = errors.New("full")

// full is a writer that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func ExampleWriteSideBySide() {
	hunks := diff.Lines("alle 10\n", "alle 11\n").Hunks(3)
	err := diff.WriteSideBySide(os.Stdout, hunks, diff.Labels{
		Caption: "Da r3 a r4", Old: "Prima", New: "Dopo", OldLine: "Riga", NewLine: "Riga",
	})
	if err != nil {
		panic(err)
	}
	// Output:
	// <table class="diff diff-side-by-side">
	// <caption>Da r3 a r4</caption>
	// <thead><tr><th scope="col">Riga</th><th scope="col">Prima</th><th scope="col">Riga</th><th scope="col">Dopo</th></tr></thead>
	// <tbody>
	// <tr class="diff-hunk"><th colspan="4" scope="rowgroup">-1 +1</th></tr>
	// <tr class="diff-changed"><td class="diff-number">1</td><td class="diff-line">alle <del>10</del></td><td class="diff-number">1</td><td class="diff-line">alle <ins>11</ins></td></tr>
	// </tbody>
	// </table>
}
