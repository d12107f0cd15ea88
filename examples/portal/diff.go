// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"html/template"
	"strings"

	"github.com/copis-it/copis/wiki/diff"
)

// compared are two texts, one of which became the other, or might.
type compared struct{ Old, New string }

// aroundChange is how many lines stand around a change.
const aroundChange = 3

// diffHTML shows two texts side by side, with the words that differ; nothing if
// they are the same.
func (p *portal) diffHTML(lang string, c compared, caption, old, new string) (template.HTML, error) {
	var b strings.Builder
	line := p.say(lang, "diff.line", nil)
	err := diff.WriteSideBySide(&b, diff.Lines(c.Old, c.New).Hunks(aroundChange), diff.Labels{
		Caption: caption, Old: old, New: new, OldLine: line, NewLine: line,
		Space: p.say(lang, "diff.space", nil),
	})
	return template.HTML(b.String()), err
}
