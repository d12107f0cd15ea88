// SPDX-License-Identifier: BSD-3-Clause

package markdown_test

import (
	"errors"
	"fmt"
	"html/template"
	"os"
	"strings"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki/markdown"
)

func Example() {
	anna := storage.MakeID[auth.User]([16]byte{15: 1})
	r := markdown.New(markdown.Config{
		Top:    2, // the page has a heading of its own
		Person: func(id auth.UserID) string { return "/persone/" + id.String() },
		Gone:   "@utente non più presente",
		Cache:  markdown.NewCache(32 << 20),
	})

	// A page renders all its posts, asks once for all names, and fills them in.
	post, err := r.Render("# Riuso\n\nGrazie " + auth.Mention(anna) + ", vedi [le linee guida](https://docs.italia.it).\n\n<script>")
	if err != nil {
		fmt.Println(err)
		return
	}
	names := map[auth.UserID]string{anna: "anna"} // from auth.People, for post.Mentions()
	page := template.Must(template.New("post").Parse("{{.}}\n"))
	if err := page.Execute(os.Stdout, template.HTML(post.HTML(names))); err != nil {
		fmt.Println(err)
	}
	fmt.Println(post.Text(24, names))
	// Output:
	// <h2>Riuso</h2>
	// <p>Grazie <a class="mention" href="/persone/00000000-0000-0000-0000-000000000001">@anna</a>, vedi <a href="https://docs.italia.it" rel="nofollow ugc noopener">le linee guida</a>.</p>
	// <p>&lt;script&gt;</p>
	// Riuso
	// Grazie @anna, ved…
}

// A text that would cost too much is refused, by a code that the host
// translates.
func ExampleRenderer_Render() {
	_, err := markdown.New(markdown.Config{}).Render(strings.Repeat(">", 70) + " a")
	fmt.Println(errors.Is(err, storage.ErrInvalid), err)
	// Output:
	// true body too_deep (at most 100)
}
