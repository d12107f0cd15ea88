// SPDX-License-Identifier: BSD-3-Clause

package markdown_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/wiki/markdown"
)

// Why an example of a specification is answered otherwise than it asks.
type reason string

const (
	rawHTML    reason = "raw HTML is text"
	address    reason = "an address that is empty, or none that the list allows, is no link"
	elsewhere  reason = "an image that the host does not allow is a link"
	bareLink   reason = "a bare address is a link, by GitHub's extension"
	small      reason = "the scheme of an address is written small"
	language   reason = "a language that is no plain word is left out"
	whiteSpace reason = "white space is left before a line break, where no browser shows it"
	checkBox   reason = "a check box is a character"
	wikilink   reason = "two brackets are a wikilink"
	prefixed   reason = "a link within the page has the prefix of the page's ids"
)

// differing are the examples that we answer otherwise, all of them and with the
// reason; every other example is claimed. A wiki differs in some more.
var differing = map[string]map[reason][]int{
	"commonmark_spec": {
		rawHTML:    {21, 31, 148, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159, 160, 161, 162, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172, 173, 174, 175, 176, 177, 178, 179, 180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 190, 191, 192, 193, 203, 310, 311, 346, 477, 478, 479, 493, 496, 526, 538, 615, 616, 617, 618, 619, 625, 627, 628, 629, 630, 631, 632, 633, 645, 646},
		address:    {202, 348, 487, 488, 489, 502, 569, 598, 600, 601, 603},
		elsewhere:  {519, 522, 533, 575, 578, 579, 580, 582},
		bareLink:   {610, 613, 614},
		small:      {599},
		language:   {34, 144},
		whiteSpace: {228, 638},
	},
	"gfm_spec_extra": {
		rawHTML:  {644, 653},
		address:  {356, 628},
		bareLink: {616, 619},
		checkBox: {279, 280},
	},
}

var differingInWikis = map[string]map[reason][]int{
	"commonmark_spec": {
		wikilink: {550, 561, 592},
		prefixed: {503},
	},
	"gfm_spec_extra": {
		prefixed: {509},
	},
}

// An example of a specification equals our answer if both are the same tree,
// but for what we add: rel, loading, referrerpolicy, ids, and classes for
// alignment.
func TestCommonMarkAndGitHubExamples(t *testing.T) {
	t.Parallel()
	type example struct {
		Example  int
		Section  string
		Markdown string
		HTML     string
	}
	for _, c := range []struct {
		name string
		cfg  markdown.Config
		why  []map[string]map[reason][]int
	}{
		{"posts", markdown.Config{Images: []string{"/"}}, []map[string]map[reason][]int{differing}},
		{"wikis", markdown.Config{Images: []string{"/"}, IDs: "s-", Wikilinks: true}, []map[string]map[reason][]int{differing, differingInWikis}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := markdown.New(c.cfg)
			for _, file := range []string{"commonmark_spec", "gfm_spec_extra"} {
				why := map[int]reason{}
				for _, table := range c.why {
					for because, examples := range table[file] {
						for _, n := range examples {
							if why[n] != "" {
								t.Errorf("%s %d is listed twice", file, n)
							}
							why[n] = because
						}
					}
				}
				equal, total := 0, 0
				for _, e := range shared.Lines[example](t, "corpora/markdown/"+file+".jsonl") {
					total++
					got, want := bare(t, show(t, r, e.Markdown)), bare(t, e.HTML)
					switch because := why[e.Example]; {
					case got == want && because != "":
						t.Errorf("%s %d (%s) is equal now; it was not, because %s", file, e.Example, e.Section, because)
					case got != want && because == "":
						t.Errorf("%s %d (%s): %q\n%s\nnot\n%s", file, e.Example, e.Section, e.Markdown, got, want)
					case got == want:
						equal++
					}
					delete(why, e.Example)
				}
				if len(why) > 0 {
					t.Errorf("%s has no examples %v", file, why)
				}
				t.Logf("%s: %d of %d are equal", file, equal, total)
			}
		})
	}
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
			return a.Key == "rel" || a.Key == "loading" || a.Key == "referrerpolicy" || a.Key == "id"
		})
		slices.SortFunc(n.Attr, func(a, b html.Attribute) int { return strings.Compare(a.Key, b.Key) })
	}
	return serialise(nodes)
}
