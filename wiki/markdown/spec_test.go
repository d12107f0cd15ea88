// SPDX-License-Identifier: BSD-3-Clause

package markdown_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/wiki/markdown"
)

// claimed says of each section of the specifications how many of its examples
// are answered as they ask.
var claimed = map[string]int{
	// All of them.
	"ATX headings":              18,
	"Blank lines":               1,
	"Block quotes":              25,
	"Indented code blocks":      12,
	"Inlines":                   1,
	"List items":                48,
	"Precedence":                1,
	"Setext headings":           27,
	"Soft line breaks":          2,
	"Strikethrough (extension)": 2,
	"Tables (extension)":        8,
	"Tabs":                      11,
	"Textual content":           3,
	"Thematic breaks":           19,

	// All but those that hold raw HTML; a link or an image that is not allowed
	// (no address, a scheme or a path that is not of the list); a bare link in
	// a section that knows none; a language of code that is no plain word; and
	// two where white space is left before a line break.
	"Autolinks":                               15,
	"Autolinks (extension)":                   10,
	"Backslash escapes":                       13,
	"Code spans":                              21,
	"Emphasis and strong emphasis":            131,
	"Entity and numeric character references": 16,
	"Fenced code blocks":                      28,
	"Hard line breaks":                        12,
	"Images":                                  17,
	"Link reference definitions":              25,
	"Links":                                   83,
	"Lists":                                   24,
	"Paragraphs":                              7,

	// Not claimed: raw HTML is text, and a check box a character.
	"Raw HTML":                        10,
	"Disallowed Raw HTML (extension)": 0,
	"HTML blocks":                     0,
	"Task list items (extension)":     0,
}

// An example of a specification equals our answer if both are the same tree,
// but for what we add: rel, loading, referrerpolicy, and classes for alignment.
func TestCommonMarkAndGitHubExamples(t *testing.T) {
	t.Parallel()
	r := markdown.New(markdown.Config{Images: []string{"/"}})
	type example struct {
		Example  int
		Section  string
		Markdown string
		HTML     string
	}
	equal, total := map[string]int{}, map[string]int{}
	for _, file := range []string{"commonmark_spec", "gfm_spec_extra"} {
		for _, e := range shared.Lines[example](t, "corpora/markdown/"+file+".jsonl") {
			total[e.Section]++
			got := show(t, r, e.Markdown)
			if bare(t, got) == bare(t, e.HTML) {
				equal[e.Section]++
			} else if testing.Verbose() {
				t.Logf("%s %d: %q\n%s\nnot\n%s", e.Section, e.Example, e.Markdown, bare(t, got), bare(t, e.HTML))
			}
		}
	}
	sum, of := 0, 0
	for _, section := range slices.Sorted(maps.Keys(total)) {
		t.Logf("%3d of %3d  %s", equal[section], total[section], section)
		if equal[section] != claimed[section] {
			t.Errorf("%s: %d examples are equal, claimed are %d", section, equal[section], claimed[section])
		}
		sum, of = sum+equal[section], of+total[section]
	}
	t.Logf("%3d of %3d", sum, of)
}

func bare(t *testing.T, page string) string {
	t.Helper()
	nodes, err := parse(strings.TrimSpace(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range each(nodes) {
		for i, a := range n.Attr {
			if align, ok := strings.CutPrefix(a.Val, "align-"); ok && a.Key == "class" {
				n.Attr[i] = html.Attribute{Key: "align", Val: align}
			}
		}
		n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool {
			return a.Key == "rel" || a.Key == "loading" || a.Key == "referrerpolicy"
		})
		slices.SortFunc(n.Attr, func(a, b html.Attribute) int { return strings.Compare(a.Key, b.Key) })
	}
	return serialise(nodes)
}
