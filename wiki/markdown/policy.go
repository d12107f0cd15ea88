// SPDX-License-Identifier: BSD-3-Clause

package markdown

import (
	"regexp"

	"github.com/microcosm-cc/bluemonday"
)

var (
	languageClass = regexp.MustCompile(`^language-[A-Za-z0-9_+#.-]{1,32}$`)
	alignClass    = regexp.MustCompile(`^align-(left|center|right)$`)
	exactRel      = regexp.MustCompile("^" + rel + "$")
	number        = regexp.MustCompile(`^[0-9]{1,9}$`)
	gapValue      = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(` + gapPlain + `)?$|^` + gapPage + `[0-9]{1,5}$`)
	notesClass    = regexp.MustCompile(`^notes$`)
	linkClass     = regexp.MustCompile(`^(back|` + wikilinkClass + `)$`)
)

// newPolicy returns the second line of defence: it knows what may be in the
// HTML, and nothing of who wrote it.
func newPolicy(cfg Config) *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li",
		"h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("class").Matching(languageClass).OnElements("code")
	p.AllowAttrs("class").Matching(alignClass).OnElements("th", "td")
	p.AllowAttrs("start").Matching(number).OnElements("ol")
	p.AllowAttrs("value").Matching(gapValue).OnElements("data")

	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(true)
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowAttrs("href", "title").OnElements("a")
	p.AllowAttrs("rel").Matching(exactRel).OnElements("a")
	p.RequireNoFollowOnFullyQualifiedLinks(true)

	if cfg.IDs != "" {
		id := regexp.MustCompile("^" + regexp.QuoteMeta(cfg.IDs) + `[\p{L}\p{Nd}_-]+$`)
		p.AllowAttrs("id").Matching(id).OnElements("h1", "h2", "h3", "h4", "h5", "h6", "li", "a")
		p.AllowElements(noteMark)
		p.AllowAttrs("class").Matching(notesClass).OnElements("ol")
		p.AllowAttrs("class").Matching(linkClass).OnElements("a")
	}
	if len(cfg.Images) > 0 {
		var any string
		for i, prefix := range cfg.Images {
			if i > 0 {
				any += "|"
			}
			any += regexp.QuoteMeta(prefix)
		}
		p.AllowAttrs("src").Matching(regexp.MustCompile("^(" + any + ")")).OnElements("img")
		p.AllowAttrs("alt", "title").OnElements("img")
		p.AllowAttrs("loading").Matching(regexp.MustCompile("^lazy$")).OnElements("img")
		p.AllowAttrs("referrerpolicy").Matching(regexp.MustCompile("^no-referrer$")).OnElements("img")
	}
	return p
}
