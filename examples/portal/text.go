// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"html/template"

	"github.com/copis-it/copis/wiki/markdown"
)

// cacheSize bounds the rendered texts that are kept, in bytes.
const cacheSize = 16 << 20

// newRenderers returns one renderer of posts and one of pages for each
// language. Headings in a text stand below those of the page; a page of the
// wiki is one text, whose headings can be linked to.
func (p *portal) newRenderers() (posts, pages map[string]*markdown.Renderer) {
	cache := markdown.NewCache(cacheSize)
	posts, pages = map[string]*markdown.Renderer{}, map[string]*markdown.Renderer{}
	for _, tag := range languages {
		lang := tag.String()
		cfg := markdown.Config{Top: 3, Gone: p.say(lang, "person.gone.mention", nil), Cache: cache}
		posts[lang] = markdown.New(cfg)
		cfg.Top, cfg.Wikilinks, cfg.IDs, cfg.Back = 2, true, "s-", p.say(lang, "wiki.note.back", nil)
		pages[lang] = markdown.New(cfg)
	}
	return posts, pages
}

// html returns a text as safe HTML, with the names of today for those it
// mentions. A text that Markdown refuses is shown as it was typed.
func (p *portal) html(v *visit, body string) template.HTML {
	doc, err := p.texts[v.lang].Render(body)
	if err != nil {
		return template.HTML("<pre>" + template.HTMLEscapeString(p.typed(v, body)) + "</pre>")
	}
	p.learn(v, byUsers(doc.Mentions())...)
	return template.HTML(doc.HTML(markdown.View{Names: v.names.people}))
}
