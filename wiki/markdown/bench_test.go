// SPDX-License-Identifier: BSD-3-Clause

package markdown_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/copis-it/copis/auth"
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

func BenchmarkRender(b *testing.B) {
	withMention := post + auth.Mention(someone())
	names := map[auth.UserID]string{someone(): "anna"}
	render := func(b *testing.B, cfg markdown.Config, text string) {
		r := markdown.New(cfg)
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			d, err := r.Render(text)
			if err != nil {
				b.Fatal(err)
			}
			d.HTML(names)
		}
	}
	b.Run("goldmark", func(b *testing.B) {
		md := goldmark.New(goldmark.WithExtensions(extension.GFM))
		b.SetBytes(int64(len(post)))
		b.ReportAllocs()
		for b.Loop() {
			if err := md.Convert([]byte(post), &bytes.Buffer{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("post", func(b *testing.B) { render(b, markdown.Config{}, post) })
	b.Run("post, cached", func(b *testing.B) { render(b, markdown.Config{Cache: markdown.NewCache(1 << 20)}, post) })
	b.Run("post with a mention, cached", func(b *testing.B) {
		render(b, markdown.Config{Cache: markdown.NewCache(1 << 20)}, withMention)
	})
	b.Run("64 KiB", func(b *testing.B) { render(b, markdown.Config{}, upTo(post)) })
}
