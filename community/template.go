// SPDX-License-Identifier: BSD-3-Clause

package community

import (
	_ "embed"

	"github.com/copis-it/copis/wiki"
)

// Keys of the [Templates].
const (
	TemplatePractice = "practice"
	TemplateStory    = "story"
)

//go:embed template/practice.it.md
var practice string

//go:embed template/story.it.md
var story string

// Templates are what pages of a community of practice begin from, in Italian:
// a good practice, and a story, which tells what was done in a situation and
// what came of it. They are the default of [wiki.Config.Templates].
func Templates() []wiki.Template {
	return []wiki.Template{
		{Key: TemplatePractice, Title: "Buona prassi", Body: practice},
		{Key: TemplateStory, Title: "Storia", Body: story},
	}
}
