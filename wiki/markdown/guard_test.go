// SPDX-License-Identifier: BSD-3-Clause

package markdown_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/wiki/markdown"
)

const (
	maxTime   = 100 * time.Millisecond
	maxMemory = 256 << 20
)

// answered renders a text and checks what is promised of every text: an answer
// or a refusal, in time, within memory, not larger than it may be.
//
// Other programs take the processor away and the race detector slows all down,
// so the time is allowed to grow as that of an ordinary text does, measured in
// the same moment, and the best of some tries counts. On an idle machine the
// limit is maxTime. Tests that call it are not parallel: they measure.
func answered(t *testing.T, r *markdown.Renderer, text string) error {
	t.Helper()
	var d markdown.Document
	var err error
	inTime, took := false, time.Duration(0)
	for try := 0; try < 5 && !inTime; try++ {
		start := time.Now()
		if _, err := r.Render(ordinary); err != nil {
			t.Fatal(err)
		}
		limit := max(maxTime, 200*time.Since(start))

		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start = time.Now()
		if d, err = r.Render(text); err == nil {
			v := everything(d)
			d.HTML(v)
			d.Contents(v).HTML()
		}
		took = time.Since(start)
		inTime = took <= limit
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > maxMemory {
			t.Errorf("%d MiB of memory", used>>20)
		}
	}
	if !inTime {
		t.Errorf("%v (refused: %v)", took, err)
	}
	if err != nil {
		if c := code(err); c != markdown.CodeTooBig && c != markdown.CodeTooDeep && c != markdown.CodeTooMany && c != markdown.CodeTooComplex {
			t.Errorf("refused by %q", c)
		}
		return err
	}
	v := everything(d)
	for _, page := range []string{string(d.HTML(markdown.View{})), string(d.HTML(v)), string(d.Contents(v).HTML())} {
		if len(page) > markdown.MaxGrowth*len(text)+1<<10 {
			t.Errorf("%d bytes give %d", len(text), len(page))
		}
		if wrong := unsafe(page); wrong != "" {
			t.Errorf("unsafe: %.200s", wrong)
		}
	}
	return nil
}

// ordinary is a text of 4 KiB as people write them. It takes about 0.5 ms, and
// the worst text may take 200 times as long.
var ordinary = upTo(post)[:4<<10]

// upTo returns unit over and over, up to the size that is still read.
func upTo(unit string) string { return short(strings.Repeat(unit, markdown.MaxText/len(unit)+1)) }

func short(s string) string {
	s = s[:min(len(s), markdown.MaxText)]
	for !utf8.ValidString(s) && len(s) > markdown.MaxText-utf8.UTFMax {
		s = s[:len(s)-1]
	}
	return s
}

func TestS64PathologicalTextsAreAnsweredOrRefused(t *testing.T) {
	r := checked(nil)
	type pathological struct {
		Name  string
		Parts [][2]any
	}
	for _, p := range shared.Lines[pathological](t, "corpora/markdown/pathological.jsonl") {
		var b strings.Builder
		index := 0
		for _, part := range p.Parts {
			unit, count := part[0].(string), int(part[1].(float64))
			for range count {
				b.WriteString(strings.ReplaceAll(unit, "%d", fmt.Sprint(index)))
				index++
			}
		}
		t.Run(p.Name, func(t *testing.T) {
			err := answered(t, r, b.String())
			if b.Len() > markdown.MaxText && code(err) != markdown.CodeTooBig {
				t.Errorf("%d bytes: %v", b.Len(), err)
			}
		})
		t.Run(p.Name+" cut", func(t *testing.T) {
			err := answered(t, r, short(b.String()))
			t.Logf("%d bytes: %v", min(b.Len(), markdown.MaxText), err)
		})
	}
}

// bombs are texts of our own invention, each against one place of goldmark (or
// of this package) where the work or the HTML might grow out of bounds.
func bombs() map[string]string {
	times := strings.Repeat
	many := func(f func(i int) string) string {
		var b strings.Builder
		for i := 0; b.Len() < markdown.MaxText; i++ {
			b.WriteString(f(i))
		}
		return short(b.String())
	}
	mention := auth.Mention(someone())
	labels := many(func(i int) string { return fmt.Sprintf("[^%d]", i) })
	return map[string]string{
		"table of 32 KiB":                        times("|a", 5<<10) + "|\n" + times("|-", 5<<10) + "|\n" + times("x\n", 6<<10),
		"table of one column":                    "|a|\n|-|\n" + times("x\n", 30_000),
		"tables, many":                           upTo("|a|b|\n|-|-|\n|c|d|\n\n"),
		"table of aligned cells":                 times("|", 99) + "|\n|" + times(":-:|", 99) + times("\nx", 95),
		"table of escaped pipes in code":         "|a|b|\n|-|-|\n" + times("`\\|`|`\\|`\n", 4000),
		"delimiter rows":                         "a\n" + times("||\n", 20_000),
		"emphasis, nested":                       times("*a ", 10_000) + times("a* ", 10_000),
		"emphasis, one long run each side":       times("*", 32_000) + "a" + times("*", 32_000),
		"emphasis, one run and many closers":     times("*", 30_000) + times("a* ", 11_000),
		"emphasis, many pairs":                   upTo("*a*"),
		"strikethrough, many pairs":              upTo("~a~"),
		"strikethrough, one run":                 "a " + times("~", 65_000),
		"quotes, nested":                         times(">", 60_000) + "a",
		"quotes, nested and lazy":                times(">", 60) + "a\n" + times("b\n", 30_000),
		"quotes, empty":                          upTo(">\n\n"),
		"lists, nested":                          times("- ", 30_000) + "a",
		"lists, nested, then blank lines":        times("- ", 31) + "a\n" + times("\n", 60_000),
		"lists, nested, then tabs":               times("- ", 20) + "a\n" + times(times("\t", 10)+"b\n", 5000),
		"lists, one item each":                   upTo("1) a\n2. a\n"),
		"lists in quotes":                        upTo("1. > - a\n"),
		"openers":                                upTo("["),
		"openers and closers":                    upTo(times("[", 499) + times("]", 499)),
		"openers, text, closers":                 times("[", 998) + times("*a", 25_000) + times("]", 10_000),
		"openers of a reference":                 "[a]: /u\n\n" + times(times("[", 450)+"a"+times("]", 450), 70),
		"links in a row":                         upTo("[a](b)"),
		"links without an end":                   upTo("[a](b"),
		"links within parentheses":               upTo("[a]([b]("),
		"links in angles without an end":         upTo("[a](<b"),
		"links with titles without an end":       upTo("[a](b \"\\\" "),
		"links outside":                          upTo("[](//a)"),
		"references, many":                       many(func(i int) string { return fmt.Sprintf("[%d]: u\n", i) }),
		"references, titles without an end":      upTo("[a]: b '\n"),
		"reference used much":                    "[a]: //u\n\n" + times("[a]", 21_000),
		"reference that unfolds":                 "[a]: //" + times("u", 3000) + "\n\n" + times("[a]", 20_000),
		"reference that unfolds to nothing":      "[a]: javascript:" + times("u", 30_000) + "\n\n" + times("[a]", 11_000),
		"reference title that unfolds":           "[a]: /b '" + times("u", 30_000) + "'\n\n" + times("[a]", 11_000),
		"image reference that unfolds":           "[a]: https://img.example.org/" + times("u", 30_000) + "\n\n" + times("![a]", 8_000),
		"footnotes":                              many(func(i int) string { return fmt.Sprintf("[^%d]\n\n[^%d]: a\n\n", i, i) }),
		"notes, then marks":                      short(many(func(i int) string { return fmt.Sprintf("[^%d]: a\n", i) })[:30_000] + "\n" + labels[:30_000]),
		"notes of one label":                     "[^1]\n\n" + upTo("[^1]: a\n")[:60_000],
		"note with many marks":                   "[^1]: a\n\n" + times("[^1]", 16_000),
		"note with a thousand marks":             "[^1]: a\n\n" + times("[^1] ", 1000),
		"note of many marks of itself":           "[^1]\n\n[^1]: " + times("[^1]", 16_000),
		"notes, each marks the next":             "[^0]\n\n" + many(func(i int) string { return fmt.Sprintf("[^%d]: [^%d]\n", i, i+1) })[:60_000],
		"notes within notes":                     upTo("[^1]: "),
		"notes deep within":                      "[^1]\n\n[^1]: " + times("> ", 60) + "a",
		"notes without words":                    "[^1]\n\n" + upTo("[^1]:\n")[:60_000],
		"notes of empty lines":                   "[^1]\n\n[^1]: a\n" + times("\n", 60_000),
		"notes of indented lines":                "[^1]\n\n[^1]: a\n" + times("    b\n", 10_000),
		"marks of none":                          labels,
		"marks without an end":                   upTo("[^"),
		"marks without an end, long":             upTo("[^" + times("a", 99)),
		"marks behind exclamation marks":         "[^1]: a\n\n" + times("![^1]", 13_000),
		"marks in links":                         "[^1]: a\n\n" + times("[[^1]](b)", 7000),
		"wikilinks":                              upTo("[[a]]"),
		"wikilinks with words":                   upTo("[[a|b]]"),
		"wikilinks with sections":                upTo("[[a#b]]"),
		"wikilinks to sections":                  upTo("[[#a]]"),
		"wikilinks, each to another page":        many(func(i int) string { return fmt.Sprintf("[[%d]]", i) }),
		"wikilinks, a line each":                 upTo("[[a]]\n\n"),
		"wikilinks of ampersands":                upTo("[[&&&&&&&&]]"),
		"wikilinks, the longest":                 upTo("[[" + times("<", 996) + "]]"),
		"wikilinks a byte too long":              upTo("[[" + times("a", 997) + "]]"),
		"wikilinks without an end":               upTo("[[a"),
		"wikilinks without an end, long":         upTo("[[" + times("a", 1000)),
		"wikilinks of bars":                      upTo("[[a|"),
		"wikilinks of bars in one":               "[[" + times("a|", 30_000) + "]]",
		"wikilinks of hashes":                    upTo("[[#"),
		"wikilinks of hashes in one":             "[[" + times("#", 990) + "]]",
		"wikilinks of backslashes":               upTo("[[\\"),
		"wikilinks of backslashes, long":         upTo("[[" + times("\\", 998)),
		"wikilinks of backticks":                 upTo("[[`"),
		"wikilinks of entities":                  upTo("[[&amp;]]"),
		"wikilinks of mentions":                  upTo("[[a|" + mention + "]]"),
		"wikilinks of mentions, long":            upTo("[[a|" + times(mention, 20)),
		"wikilinks behind exclamation marks":     upTo("![[a]]"),
		"wikilinks behind exclamation marks, no": upTo("![[" + times("a", 999)),
		"wikilinks in links":                     upTo("[[[a]]](b)"),
		"wikilinks within brackets":              times("[", 450) + times("[[a]]", 12_000) + times("]", 450),
		"wikilinks with addresses":               upTo("[[a]](b)"),
		"wikilinks in cells":                     "|a|\n|-|\n" + times("|[[a\\|b]]|\n", 5000),
		"wikilinks in headings":                  upTo("# [[a]]\n"),
		"wikilinks, closers":                     upTo("]]"),
		"wikilinks, openers":                     upTo("[["),
		"headings of the same words, short":      times("# a\n", 10_000),
		"headings of numbered words":             many(func(i int) string { return fmt.Sprintf("# a-%d\n# a\n", i) }),
		"headings of one another's numbers":      many(func(i int) string { return "# a" + times("-2", i%30) + "\n" }),
		"headings up and down":                   upTo("# a\n###### b\n### c\n"),
		"headings in deep quotes":                upTo(times(">", 60) + "# a\n"),
		"headings of rules":                      upTo("# a\n***\n"),
		"headings of long words":                 upTo("# " + times("è", 500) + "\n"),
		"bare links":                             upTo("www.a.it "),
		"bare links that are none":               upTo("_www._"),
		"bare links, long":                       upTo("www." + times("a", 250) + "_ "),
		"bare e-mail addresses":                  upTo("a@b.it "),
		"bare e-mail addresses that are none":    upTo(times("a", 64) + "@" + times("b", 62) + "_"),
		"bare link with a tail":                  "http://a.it/" + times(")", 30_000) + times("&a;", 10_000),
		"angle links":                            upTo("<http://a>"),
		"angle e-mail addresses":                 upTo("<a@" + times("b.", 120)),
		"HTML blocks":                            upTo("<div>\n"),
		"HTML tags without an end":               upTo("<a href=\"x\" "),
		"HTML comments":                          upTo("<!-- "),
		"HTML instructions":                      upTo("<?"),
		"smaller than":                           upTo("<"),
		"quotation marks":                        upTo("\""),
		"entities":                               upTo("&#x1F600;"),
		"entities without an end":                upTo("&#x"),
		"backticks of all lengths":               many(func(i int) string { return times("`", i+1) + "a" }),
		"backticks of all lengths before lines":  short(many(func(i int) string { return times("`", i%200+1) + "a" })[:20_000] + times("a\n", 20_000)),
		"code spans":                             upTo("`a`"),
		"code fences":                            upTo("```\n"),
		"headings, empty":                        upTo("#\n"),
		"headings of the same words":             upTo("# Perché\n"),
		"headings, underlined":                   upTo("a\n-\n"),
		"rules":                                  upTo("---\n"),
		"lines":                                  upTo("a\n"),
		"paragraphs":                             upTo("a\n\n"),
		"hard breaks":                            upTo("\\\n"),
		"backslashes":                            upTo("\\"),
		"spaces":                                 "- a\n" + times(" ", 60_000) + "b",
		"tabs":                                   "- a\n" + times("\t", 60_000) + "b",
		"one word":                               upTo("a"),
		"control characters":                     upTo("\x01"),
		"bytes that are no text":                 upTo("a\xff"),
		"mentions":                               upTo(mention),
		"mentions in code":                       upTo("`" + mention + "`"),
		"mentions behind backslashes":            upTo(`\` + mention),
		"check boxes":                            upTo("- [ ] a\n"),
		"images":                                 upTo("![](https://img.example.org/)"),
		"images in images":                       times("![", 400) + times("](https://img.example.org/)", 400),
	}
}

func TestS64BombsAreAnsweredOrRefused(t *testing.T) {
	r := checked(nil)
	for name, text := range bombs() {
		t.Run(name, func(t *testing.T) {
			if len(text) > markdown.MaxText {
				t.Fatalf("%d bytes: nothing but the size is tested", len(text))
			}
			err := answered(t, r, text)
			t.Logf("%d bytes: %v", len(text), err)
		})
	}
}

func TestS64RandomBombsAreAnsweredOrRefused(t *testing.T) {
	r := checked(nil)
	units := []string{"*", "_", "**", "`", "``", "[", "]", "(", ")", "](", "<", ">", "!", "![", "\n", "\n\n", "- ", "> ", "|", "|-", "a", " ", "~", "#", "&", "\\", ":", "]:", "1. ", "  ", "\t", "www.a.it", "@", "\"", "'", "=", "[[", "]]", "[^a]", "\n[^a]:", "[[a]]"}
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 0))
		some := make([]string, 2+random.IntN(8))
		for i := range some {
			some[i] = units[random.IntN(len(units))]
		}
		var b strings.Builder
		for b.Len() < markdown.MaxText-10 {
			b.WriteString(some[random.IntN(len(some))])
		}
		t.Run(fmt.Sprintf("%d %q", seed, some), func(t *testing.T) {
			// The error is checked by answered; either outcome will do.
			_ = answered(t, r, b.String())
		})
	}
}

func TestWhatIsRefusedAndWhatNot(t *testing.T) {
	t.Parallel()
	r := markdown.New(wiki)
	for _, c := range []struct {
		name string
		text string
		code string // "" where the text is answered
	}{
		{"the largest text", strings.Repeat("a ", markdown.MaxText/2), ""},
		{"one byte more", strings.Repeat("a ", markdown.MaxText/2) + "a", markdown.CodeTooBig},
		{"60 quotes", strings.Repeat(">", 60) + "a", ""},
		{"70 quotes", strings.Repeat(">", 70) + "a", markdown.CodeTooDeep},
		{"30 lists", strings.Repeat("- ", 30) + "a", ""},
		{"40 lists", strings.Repeat("- ", 40) + "a", markdown.CodeTooDeep},
		{"30 lists and 1,000 empty lines", strings.Repeat("- ", 30) + "a" + strings.Repeat("\n", 1000), ""},
		{"30 lists and 4,000 empty lines", strings.Repeat("- ", 30) + "a" + strings.Repeat("\n", 4000), markdown.CodeTooComplex},
		{"1,000 wikilinks in a paragraph", strings.Repeat("[[Una pagina|una pagina]] ", 1000), ""},
		{"13,000 wikilinks in a paragraph", strings.Repeat("[[a]]", 13_000), markdown.CodeTooComplex},
		{"500 notes", strings.Repeat("a[^1] ", 500) + "\n\n[^1]: b", ""},
		{"16,000 marks of a note", strings.Repeat("[^1]", 16_000) + "\n\n[^1]: b", markdown.CodeTooComplex},
		{"90 emphases", strings.Repeat("*a ", 90) + strings.Repeat("a* ", 90), ""},
		{"110 emphases", strings.Repeat("*a ", 110) + strings.Repeat("a* ", 110), markdown.CodeTooDeep},
		{"a table of 100 by 90", strings.Repeat("|a", 90) + "\n" + strings.Repeat("|-", 90) + strings.Repeat("\n"+strings.Repeat("|x", 90), 100), ""},
		{"a table of 100 by 110", strings.Repeat("|a", 110) + "\n" + strings.Repeat("|-", 110) + strings.Repeat("\n"+strings.Repeat("|x", 110), 100), markdown.CodeTooMany},
		{"a paragraph of 4,000 stars", strings.Repeat("a* ", 4000), ""},
		{"a paragraph of 6,000 stars", strings.Repeat("a* ", 6000), markdown.CodeTooComplex},
		{"a code block of 20,000 stars", "```\n" + strings.Repeat("a* ", 20_000), ""},
		{"a code block of brackets", "```\n" + strings.Repeat("[{]}", 16_000), ""},
		{"3,000 items of a list", strings.Repeat("- una voce\n", 3000), ""},
		{"16,000 items of a list", strings.Repeat("- a\n", 16_000), markdown.CodeTooComplex},
		{"1,500 references in a row", strings.Repeat("[a]: https://example.org/una/pagina\n", 1500), ""},
		{"9,000 references in a row", strings.Repeat("[a]: b\n", 9000), markdown.CodeTooComplex},
		{"1,000 links in a paragraph", strings.Repeat("[una pagina](https://example.org/una/pagina) ", 1000), ""},
		{"1,000 lines of code with backticks", strings.Repeat("usa `go test ./...` e poi `go vet` e ancora\n", 1000), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := r.Render(c.text)
			if c.code == "" && err != nil || c.code != "" && code(err) != c.code {
				t.Errorf("%v", err)
			}
		})
	}
}

// Texts that people wrote are never refused.
func TestHonestTextsAreAnswered(t *testing.T) {
	t.Parallel()
	r := checked(nil)
	count, largest := 0, 0
	for _, file := range []string{"cad-it", "lg-riuso-it", "piano-triennale-it", "standard-public-code-en"} {
		last := map[string]string{} // revision of each page
		for _, rev := range shared.Lines[struct{ Page, Text string }](t, "data/wiki/"+file+".jsonl.gz") {
			if len(rev.Text) <= markdown.MaxText {
				last[rev.Page] = rev.Text
			}
		}
		for page, text := range last {
			count, largest = count+1, max(largest, len(text))
			if wrong := unsafe(show(t, r, text)); wrong != "" {
				t.Errorf("%s: %.300s", page, wrong)
			}
		}
	}
	for _, m := range shared.Lines[struct{ Body string }](t, "data/forum/fedora-devel-2010-01.jsonl") {
		count, largest = count+1, max(largest, len(m.Body))
		if wrong := unsafe(show(t, r, m.Body)); wrong != "" {
			t.Errorf("%.300s", wrong)
		}
	}
	t.Logf("%d texts, the largest of %d bytes", count, largest)
}
