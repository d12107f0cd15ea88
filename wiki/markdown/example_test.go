// SPDX-License-Identifier: BSD-3-Clause

package markdown_test

import (
	"errors"
	"fmt"
	"html/template"
	"net/url"
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
	if err := page.Execute(os.Stdout, template.HTML(post.HTML(markdown.View{Names: names}))); err != nil {
		fmt.Println(err)
	}
	fmt.Println(post.Text(24, markdown.View{Names: names}))
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

// A wiki renders a page once for everybody, asks which of the pages it leads to
// the reader may see, and fills them in under the titles of today.
func ExampleDocument_HTML() {
	r := markdown.New(markdown.Config{Top: 2, IDs: "s-", Wikilinks: true, Cache: markdown.NewCache(32 << 20)})
	const text = "# Perché\n\nVedi [[Catalogo]], [[Catalogo#Licenze|le licenze]] e [[Bilancio]].[^1]\n\n## Costi\n\n[^1]: Del 2026."

	// When the page is saved: its links are kept by the ids of the pages.
	for _, l := range r.Links(text) {
		fmt.Printf("%q %q %s\n", l.Title, l.Section, text[l.Start:l.End])
	}

	// When it is read: one question for all titles, answered for this reader.
	// There is no "Bilancio", or not for them.
	page, err := r.Render(text)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q\n", page.Titles())
	view := markdown.View{
		Pages:  map[string]markdown.Page{"Catalogo": {Href: "/wiki/catalogo-nazionale", Title: "Catalogo nazionale"}},
		Wanted: func(title string) string { return "/wiki/nuova?titolo=" + url.QueryEscape(title) },
	}
	fmt.Println(page.Contents(view).HTML())
	fmt.Println(page.HTML(view))
	// Output:
	// "Catalogo" "" [[Catalogo]]
	// "Catalogo" "Licenze" [[Catalogo#Licenze|le licenze]]
	// "Bilancio" "" [[Bilancio]]
	// ["Catalogo" "Bilancio"]
	// <ul>
	// <li><a href="#s-perche">Perché</a>
	// <ul>
	// <li><a href="#s-costi">Costi</a></li>
	// </ul>
	// </li>
	// </ul>
	// <h2 id="s-perche">Perché</h2>
	// <p>Vedi <a class="wiki" href="/wiki/catalogo-nazionale">Catalogo nazionale</a>, <a class="wiki" href="/wiki/catalogo-nazionale#s-licenze">le licenze</a> e <a class="wiki wanted" href="/wiki/nuova?titolo=Bilancio">Bilancio</a>.<sup><a href="#s-note--1" id="s-mark--1">[1]</a></sup></p>
	// <h3 id="s-costi">Costi</h3>
	// <ol class="notes">
	// <li id="s-note--1">
	// <p>Del 2026. <a class="back" href="#s-mark--1">↩</a></p>
	// </li>
	// </ol>
}
