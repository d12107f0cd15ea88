// SPDX-License-Identifier: BSD-3-Clause

package markdown_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/wiki/markdown"
)

var wiki = markdown.Config{IDs: "s-", Wikilinks: true, Images: []string{"/allegati/"}}

func render(t testing.TB, cfg markdown.Config, text string) markdown.Document {
	t.Helper()
	d, err := markdown.New(cfg).Render(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return d
}

// everything is a view in which every page exists.
func everything(d markdown.Document) markdown.View {
	v := markdown.View{Pages: map[string]markdown.Page{}}
	for _, title := range d.Titles() {
		v.Pages[title] = markdown.Page{Href: "/p", Title: title}
	}
	return v
}

func TestWikilinksAreReadAsTheyAreShown(t *testing.T) {
	t.Parallel()
	type link = markdown.Wikilink
	mention := auth.Mention(someone())
	for in, want := range map[string][]link{
		"[[Titolo]]":                             {{Title: "Titolo"}},
		"[[ Due \t parole ]]":                    {{Title: "Due parole"}},
		"a[[b]]c[[d]]":                           {{Title: "b"}, {Title: "d"}},
		"[[T|un testo]]":                         {{Title: "T", Words: "un testo"}},
		"[[T|]]":                                 {{Title: "T"}},
		"[[T#Perché no?]]":                       {{Title: "T", Section: "Perché no?"}},
		"[[T#a#b|c|d]]":                          {{Title: "T", Section: "a#b", Words: "c|d"}},
		"[[C#]] [[C#|c]] [[C\\#x]]":              {{Title: "C#"}, {Title: "C#", Words: "c"}, {Title: "C#x"}},
		"[[a\\|b]] [[a&#124;b]]":                 {{Title: "a|b"}, {Title: "a|b"}},
		"[[R&amp;S]] [[R&S]]":                    {{Title: "R&S"}, {Title: "R&S"}},
		"[[a\\]b]] [[a\\[b]] [[a\\`b]]":          {{Title: "a]b"}, {Title: "a[b"}, {Title: "a`b"}},
		"[[a\\b]]":                               {{Title: `a\b`}},
		"[[a|b " + mention + "]]":                {{Title: "a", Words: "b " + mention}},
		"[[a]]]":                                 {{Title: "a"}},
		"[[[a]]":                                 {{Title: "a"}},
		"x [[a]] è \r\n\xff\xff[[b]]\x00":        {{Title: "a"}, {Title: "b"}},
		"*[[a]]* **[[b|c]]**\n> - [[d]]":         {{Title: "a"}, {Title: "b", Words: "c"}, {Title: "d"}},
		"# [[a]]":                                {{Title: "a"}},
		"|x|\n|-|\n|[[a\\|b]] [[c]]|":            {{Title: "a", Words: "b"}, {Title: "c"}},
		"|x|\n|-|\n|[[a\\|b\\|c]] [[d#e\\|f]]|":  {{Title: "a", Words: "b|c"}, {Title: "d", Section: "e", Words: "f"}},
		"|x|\n|-|\n|[[a|b]]|":                    nil,
		"![[a]] ok![[b]]":                        {{Title: "a"}, {Title: "b"}},
		"[^1] [[a]]\n\n[^1]: [[b]]\n[^2]: [[c]]": {{Title: "a"}, {Title: "b"}},

		"[[#sezione]]": nil, "[[]]": nil, "[[ ]]": nil, "[[|a]]": nil, "[[#]]": {{Title: "#"}}, "[a]": nil, "[[a]": nil, "[[a\nb]]": nil,
		"\\[[a]]": nil, "[\\[a]]": nil, "`[[a]]`": nil, "    [[a]]": nil, "```\n[[a]]\n```": nil, "[[a `b]] c`": nil, "[[a [b]]": nil,
		"[[1]](/nota)": nil, "![[1]](/nota)": nil, "[vedi [[a]]](/x)": nil, "![foto [[a]]](/allegati/a.png)": nil,
		"[vedi [[a]]](javascript:x)":           {{Title: "a"}}, // which is no link
		"![foto [[a]]](javascript:x)":          {{Title: "a"}},
		"[[" + strings.Repeat("a", 996) + "]]": {{Title: strings.Repeat("a", 996)}},
		"[[" + strings.Repeat("a", 997) + "]]": nil,
		strings.Repeat(">", 70) + "[[a]]":      nil, // refused
		"[[" + mention + "]]":                  nil,
		"[[a]: /x":                             nil,
	} {
		got := markdown.New(wiki).Links(in)
		for i, l := range got {
			if typed := in[l.Start:l.End]; !strings.HasPrefix(typed, "[[") || !strings.HasSuffix(typed, "]]") {
				t.Errorf("%q: the link %d is at %q", in, i, typed)
			}
			got[i].Start, got[i].End = 0, 0
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q\ngives %+v\nnot   %+v", in, got, want)
		}
		if links := markdown.New(markdown.Config{IDs: "s-"}).Links(in); links != nil {
			t.Errorf("%q: %v where the host has no wikilinks", in, links)
		}
	}
}

func TestWikilinksAreShownAsTheReaderMaySeeThem(t *testing.T) {
	t.Parallel()
	pages := map[string]markdown.Page{
		"Vecchio": {Href: "/wiki/nuovo", Title: "Nuovo & <bello>"},
		"Zero":    {Href: "/wiki/zero"},
		"Fuori":   {Href: "https://example.org/a#b", Title: "Fuori"},
		"Cattivo": {Href: "javascript:alert(1)", Title: "Cattivo"},
	}
	wanted := func(title string) string { return "/wiki/nuova?titolo=" + title }
	v := markdown.View{Pages: pages, Wanted: wanted, Names: map[auth.UserID]string{someone(): "Anna"}}
	for in, want := range map[string]string{
		"[[Vecchio]]":              `<a class="wiki" href="/wiki/nuovo">Nuovo &amp; &lt;bello&gt;</a>`,
		"[[Vecchio|un testo]]":     `<a class="wiki" href="/wiki/nuovo">un testo</a>`,
		"[[Vecchio|*a* <b>]]":      `<a class="wiki" href="/wiki/nuovo">*a* &lt;b&gt;</a>`,
		"[[Vecchio#Perché no?]]":   `<a class="wiki" href="/wiki/nuovo#s-perche-no">Nuovo &amp; &lt;bello&gt; § Perché no?</a>`,
		"[[Vecchio#a|b]]":          `<a class="wiki" href="/wiki/nuovo#s-a">b</a>`,
		"[[Vecchio#!|b]]":          `<a class="wiki" href="/wiki/nuovo#s-section">b</a>`,
		"[[Zero]]":                 `<a class="wiki" href="/wiki/zero">Zero</a>`,
		"[[Fuori#c]]":              `<a class="wiki" href="https://example.org/a#s-c" rel="nofollow ugc noopener">Fuori § c</a>`,
		"[[Cattivo]]":              `<span class="wiki">Cattivo</span>`,
		"[[Manca]]":                `<a class="wiki wanted" href="/wiki/nuova?titolo=Manca">Manca</a>`,
		"[[Manca#a|b]]":            `<a class="wiki wanted" href="/wiki/nuova?titolo=Manca">b</a>`,
		"[[#Perché no?]]":          `<a class="wiki" href="#s-perche-no">Perché no?</a>`,
		"[[#a|b *c*]]":             `<a class="wiki" href="#s-a">b *c*</a>`,
		"[da [[Vecchio]] qui](/x)": `<a href="/x">da Vecchio qui</a>`,
		"[[Zero|di " + auth.Mention(someone()) + "]]": `<a class="wiki" href="/wiki/zero">di @Anna</a>`,
		"[[#a|di " + auth.Mention(someone()) + "]]":   `<a class="wiki" href="#s-a">di @Anna</a>`,
		"![una [[Vecchio]]](/allegati/a)":             `<img alt="una Vecchio" loading="lazy" referrerpolicy="no-referrer" src="/allegati/a"/>`,
	} {
		if got := string(render(t, wiki, in).HTML(v)); got != "<p>"+want+"</p>" {
			t.Errorf("%q\ngives %s\nnot   %s", in, got, want)
		}
	}
	d := render(t, wiki, "[[Manca]] [[Zero|"+auth.Mention(someone())+"]] [[Manca|b]]")
	if got := string(d.HTML(markdown.View{})); got != `<p><span class="wiki wanted">Manca</span> <span class="wiki wanted">@unknown</span> <span class="wiki wanted">b</span></p>` {
		t.Errorf("without an address: %s", got)
	}
	if got := d.Titles(); !slices.Equal(got, []string{"Manca", "Zero"}) {
		t.Errorf("Titles: %q", got)
	}
	if got := d.Mentions(); !slices.Equal(got, []auth.UserID{someone()}) {
		t.Errorf("Mentions: %v", got)
	}
	if got := render(t, wiki, "[[Vecchio]] [[Manca]] [[#a]]").Text(100, v); got != "Nuovo & <bello> Manca a" {
		t.Errorf("Text: %q", got)
	}
	plain := markdown.Config{Wikilinks: true}
	if got := string(render(t, plain, "[[Zero#a|b]] [[#a]]").HTML(v)); got != `<p><a class="wiki" href="/wiki/zero">b</a> a</p>` {
		t.Errorf("without ids: %s", got)
	}
	if got := string(render(t, markdown.Config{}, "[[Zero]]").HTML(v)); got != `<p>[[Zero]]</p>` {
		t.Errorf("where the host has no wikilinks: %s", got)
	}
}

// What a reader may not see is, byte for byte, what is not there; and nothing
// that one reader was shown reaches another through the cache.
func TestS17NothingOfOneReaderIsServedToAnother(t *testing.T) {
	t.Parallel()
	const text = "# Piano [[Riservata]]\n\nVedi [[Riservata]], [[Riservata#Costi]], [[Riservata|qui]] e [[Manca]], [[Manca#Costi]], [[Manca|qui]]. @[01020300-0000-0000-0000-000000000000]"
	cfg := wiki
	cfg.Cache = markdown.NewCache(1 << 20)
	r := markdown.New(cfg)
	may := func(title, href string) markdown.View {
		return markdown.View{Pages: map[string]markdown.Page{"Riservata": {Href: href, Title: title}}, Names: map[auth.UserID]string{someone(): title}}
	}
	outside := string(render(t, wiki, text).HTML(markdown.View{}))
	if strings.ReplaceAll(outside, "Riservata", "Manca") != strings.ReplaceAll(string(render(t, wiki, strings.ReplaceAll(text, "Riservata", "Manca")).HTML(markdown.View{})), "s-piano-manca", "s-piano-riservata") {
		t.Error("a page that exists for others is shown otherwise than one that does not exist")
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			secret := fmt.Sprintf("Segreto%d", i)
			for range 100 {
				d, err := r.Render(text)
				if err != nil {
					t.Error(err)
					return
				}
				v := may(secret, "/"+secret)
				in, out := string(d.HTML(v)), string(d.HTML(markdown.View{}))
				if out != outside {
					t.Errorf("an outsider is shown\n%s\nnot\n%s", out, outside)
				}
				if strings.Count(in, "Segreto") != strings.Count(in, secret) || !strings.Contains(in, secret) {
					t.Errorf("reader %d is shown %s", i, in)
				}
				for _, s := range []string{d.Text(1000, markdown.View{}), fmt.Sprint(d.Contents(markdown.View{})), fmt.Sprint(d.Titles()), fmt.Sprint(r.Links(text))} {
					if strings.Contains(s, "Segreto") {
						t.Errorf("an outsider is told %s", s)
					}
				}
			}
		})
	}
	wg.Wait()
	// The cache answers nobody who does not have the text; so a text that was
	// changed or removed is gone with it.
	changed, err := r.Render(strings.ReplaceAll(text, "Piano", "Altro"))
	if err != nil || strings.Contains(string(changed.HTML(markdown.View{})), "Piano") {
		t.Errorf("%v, %s", err, changed.HTML(markdown.View{}))
	}
	// A renderer that shows texts otherwise shares no entry.
	for _, other := range []markdown.Config{{Wikilinks: true}, {IDs: "s-"}, {IDs: "s-", Wikilinks: true, Back: "su"}, {IDs: "t-", Wikilinks: true}} {
		const in = "# A\n\n[[b]] [^1]\n\n[^1]: c"
		want := render(t, other, in).HTML(markdown.View{})
		if _, err := r.Render(in); err != nil {
			t.Fatal(err)
		}
		other.Cache = cfg.Cache
		if got := render(t, other, in).HTML(markdown.View{}); got != want {
			t.Errorf("%+v: %s, not %s", other, got, want)
		}
	}
}

// Whatever a view says, links make no page larger than the text allows.
func TestS64LinksStayWithinTheRoomOfThePage(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"[[a]] ", "[[&]]", "[[a|b]]\n\n", "- [[a#b]]\n", "# [[a]]\n"} {
		in := strings.Repeat(unit, 2000)
		d := render(t, wiki, in)
		v := markdown.View{Pages: map[string]markdown.Page{}, Wanted: func(string) string { return "/" + strings.Repeat("w", 3000) }}
		check := func(what string) string {
			page := string(d.HTML(v))
			if len(page) > markdown.MaxGrowth*len(in)+1<<10 {
				t.Errorf("%q: %s: %d bytes give %d", unit, what, len(in), len(page))
			}
			if wrong := unsafe(page); wrong != "" {
				t.Errorf("%q: %s: %.200s", unit, what, wrong)
			}
			return page
		}
		if page := check("wanted"); !strings.Contains(page, `class="wiki wanted"`) {
			t.Errorf("%q: none is a link", unit)
		}
		v.Pages["a"] = markdown.Page{Href: "/p", Title: strings.Repeat("<", 500)}
		v.Pages["&"] = v.Pages["a"]
		check("a long title")
		v.Pages["a"] = markdown.Page{Href: "/p/" + strings.Repeat("1", 20), Title: "Un titolo"}
		if page := check("honest"); unit == "[[a]] " && !strings.Contains(page, "<") {
			t.Errorf("%q: none is a link", unit)
		}
	}
	// An honest page of links has them all.
	in := strings.Repeat("- [[Riunione del gruppo di lavoro]], con il verbale\n", 1000)
	d := render(t, wiki, in)
	v := markdown.View{Pages: map[string]markdown.Page{"Riunione del gruppo di lavoro": {Href: "/comunita/wiki/018f4a5e-7b6a-7c3d-8e9f-0123456789ab", Title: "Riunione del gruppo di lavoro sul riuso"}}}
	if n := strings.Count(string(d.HTML(v)), `<a class="wiki"`); n != 1000 {
		t.Errorf("%d of 1000 links", n)
	}
}

// Links and the page agree on every text: as many, with the same words, and each
// is a wikilink where it stands.
func TestLinksAgreeWithThePage(t *testing.T) {
	t.Parallel()
	r := checked(markdown.NewCache(1 << 20)) // so that Links reads no text twice
	var texts []string
	places := slices.Sorted(maps.Values(contexts))
	for _, file := range []string{"xss/html_payloads", "xss/markdown_payloads", "markdown/commonmark_spec", "markdown/gfm_spec_extra"} {
		for _, p := range shared.Lines[struct{ Payload, Markdown string }](t, "corpora/"+file+".jsonl") {
			context := places[len(texts)%len(places)]
			texts = append(texts, strings.ReplaceAll(context, "%s", p.Payload+p.Markdown+" [[x]]"))
		}
	}
	units := []string{"[[", "]]", "[", "]", "|", "#", "\\", "`", "``", "a", "b c", "\n", "\n\n", "\r\n", "> ", "- ", "    ", "(x)", "](", "!", "*", "|-|\n", "|", "[^1]", "[^1]: ", "\xff", "è", "<", "&amp;", "@[01020300-0000-0000-0000-000000000000]", "[[a]]", "[[a|b]]", "[[c#d]]", "[[#e]]"}
	random := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		var b strings.Builder
		for range 1 + random.IntN(20) {
			b.WriteString(units[random.IntN(len(units))])
		}
		texts = append(texts, b.String())
	}
	found := 0
	for _, text := range texts {
		d, err := r.Render(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		links := r.Links(text)
		found += len(links)
		shown := strings.Count(string(d.HTML(everything(d))), `<a class="wiki" href="/p`)
		words := strings.Count(string(d.HTML(markdown.View{})), `<span class="wiki wanted">`)
		if shown > len(links) || words > len(links) || shown+words == 0 && len(links) > 0 {
			t.Fatalf("%q: %d links, of which %d are shown as links and %d as wanted", text, len(links), shown, words)
		}
		if shown != len(links) && len(text) > 60 { // in a short text a link may lack room
			t.Fatalf("%q: %d links, of which %d are shown", text, len(links), shown)
		}
		last := 0
		for _, l := range links {
			if l.Start < last || l.End > len(text) {
				t.Fatalf("%q: a link from %d to %d behind %d", text, l.Start, l.End, last)
			}
			last = l.End
			typed := text[l.Start:l.End]
			if strings.Contains(typed, `\|`) { // means another thing in a table
				continue
			}
			if again := r.Links(typed); len(again) != 1 || again[0].Title != l.Title || again[0].Section != l.Section || again[0].Words != l.Words {
				t.Fatalf("%q: %+v, but %q alone is %+v", text, l, typed, again)
			}
		}
	}
	if found < 4000 {
		t.Errorf("only %d links in %d texts", found, len(texts))
	}
}
