// SPDX-License-Identifier: BSD-3-Clause

package markdown_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/internal/ratio"
	"github.com/copis-it/copis/wiki/markdown"
)

// post is an ordinary post of about 2 KiB.
var post = strings.Repeat(`## Riuso del software

Il gruppo si riunisce **giovedì** per discutere del [documento](https://example.org/doc)
e delle *proposte* arrivate, vedi anche https://example.org/proposte e il codice `+"`go test`"+`.

- prima proposta, con una *nota*
- seconda proposta
- terza proposta

> Una citazione di quanto scritto prima.

`, 5)

// page is the same as a page of a wiki.
var page = strings.Replace(post, "## Riuso", "[[Catalogo]] [[Linee guida|le linee]][^1]\n\n[^1]: del [[Gruppo di lavoro]]\n\n## Riuso", 1)

// Each figure is a ratio of one interleaved run:
//
//	go test -run - -bench . ./wiki/markdown
func BenchmarkRender(b *testing.B) {
	view := markdown.View{Names: map[auth.UserID]string{someone(): "anna"}, Pages: map[string]markdown.Page{
		"Catalogo": {Href: "/wiki/catalogo", Title: "Catalogo"}, "Linee guida": {Href: "/wiki/linee-guida", Title: "Linee guida"}}}
	ours := func(cfg markdown.Config, text string) func(*testing.B) {
		r := markdown.New(cfg)
		return func(b *testing.B) {
			d, err := r.Render(text)
			if c := code(err); err != nil && c != markdown.CodeTooComplex && c != markdown.CodeTooDeep && c != markdown.CodeTooMany {
				b.Fatal(err)
			}
			d.HTML(view)
		}
	}
	goldmarks := func(text string, more ...goldmark.Option) func(*testing.B) {
		md := goldmark.New(append(more, goldmark.WithExtensions(extension.GFM))...)
		return func(b *testing.B) {
			if err := md.Convert([]byte(text), &bytes.Buffer{}); err != nil {
				b.Fatal(err)
			}
		}
	}
	cached := func(cfg markdown.Config) markdown.Config {
		cfg.Cache = markdown.NewCache(1 << 20)
		return cfg
	}
	withMention := post + auth.Mention(someone())
	b.Run("post/goldmark", func(b *testing.B) { ratio.Run(b, 20, ours(markdown.Config{}, post), goldmarks(post)) })
	b.Run("page/goldmark", func(b *testing.B) {
		ratio.Run(b, 20, ours(wiki, page), goldmarks(page, goldmark.WithExtensions(extension.Footnote), goldmark.WithParserOptions(parser.WithAutoHeadingID())))
	})
	b.Run("post,cached/goldmark", func(b *testing.B) {
		ratio.Run(b, 20, ours(cached(markdown.Config{}), withMention), goldmarks(withMention))
	})
	b.Run("page,cached/goldmark", func(b *testing.B) { ratio.Run(b, 20, ours(cached(wiki), page), goldmarks(page)) })
	b.Run("Links/Render", func(b *testing.B) {
		r := markdown.New(wiki)
		ratio.Run(b, 20, func(*testing.B) { r.Links(page) }, ours(wiki, page))
	})

	// The worst of the bombs, and beside it an ordinary text of the same size.
	everything := markdown.Config{IDs: "s-", Wikilinks: true, Images: []string{"https://img.example.org/"}}
	var worst string
	var longest time.Duration
	for name, text := range bombs() {
		turn := ours(everything, text)
		turn(b)
		start := time.Now()
		if turn(b); time.Since(start) > longest {
			worst, longest = name, time.Since(start)
		}
	}
	b.Run("worst/64KiB", func(b *testing.B) {
		ratio.Run(b, 1, ours(everything, bombs()[worst]), ours(everything, upTo(page)))
		b.Logf("the worst: %s", worst)
	})
}
