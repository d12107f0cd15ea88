// SPDX-License-Identifier: BSD-3-Clause

package markdown_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/wiki/markdown"
)

func show(t *testing.T, r *markdown.Renderer, text string) string {
	t.Helper()
	d, err := r.Render(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return string(d.HTML(markdown.View{}))
}

func code(err error) string {
	if invalid := (*storage.Invalid)(nil); errors.As(err, &invalid) && invalid.Field == "body" {
		return invalid.Code
	}
	return fmt.Sprintf("no refusal: %v", err)
}

func TestTheDialect(t *testing.T) {
	t.Parallel()
	r := markdown.New(markdown.Config{})
	for in, want := range map[string]string{
		"":                         "",
		" \n\n":                    "",
		"a\nb":                     "<p>a\nb</p>",
		"a  \nb":                   "<p>a<br/>\nb</p>",
		"*a* **b** ~~c~~ `d`":      "<p><em>a</em> <strong>b</strong> <del>c</del> <code>d</code></p>",
		"<b>a</b>":                 "<p>&lt;b&gt;a&lt;/b&gt;</p>",
		"<!-- a -->":               "<p>&lt;!-- a --&gt;</p>",
		"a < b & c > \"d\" 'e'":    "<p>a &lt; b &amp; c &gt; &#34;d&#34; &#39;e&#39;</p>",
		"3. a\n4. b":               "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>",
		"- [x] a\n- [ ] b":         "<ul>\n<li>☑ a</li>\n<li>☐ b</li>\n</ul>",
		"> a":                      "<blockquote>\n<p>a</p>\n</blockquote>",
		"---":                      "<hr/>",
		"```go\na < b\n```":        "<pre><code class=\"language-go\">a &lt; b\n</code></pre>",
		"```a\"b\nc\n```":          "<pre><code>c\n</code></pre>",
		"    a\n      b":           "<pre><code>a\n  b\n</code></pre>",
		"a\x00b\x1bc\xffd&#0;&#7;": "<p>a\ufffdb\ufffdc\ufffdd\ufffd\ufffd</p>",
		"a\r\nb\rc":                "<p>a\nb\nc</p>",
		"|a|b|\n|:-:|--:|\n|`c\\|d`|e \\| f|": "<table>\n<thead>\n<tr>\n<th class=\"align-center\">a</th>\n<th class=\"align-right\">b</th>\n</tr>\n</thead>\n" +
			"<tbody>\n<tr>\n<td class=\"align-center\"><code>c|d</code></td>\n<td class=\"align-right\">e | f</td>\n</tr>\n</tbody>\n</table>",
		"|a|\n|-|": "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n</table>",
	} {
		if got := show(t, r, in); got != want {
			t.Errorf("%q\ngives %s\nnot   %s", in, got, want)
		}
	}
}

func TestHeadingsHaveIDsOfTheirOwn(t *testing.T) {
	t.Parallel()
	r := markdown.New(markdown.Config{IDs: "s-"})
	for in, want := range map[string]string{
		"# Perché":                            `<h1 id="s-perche">Perché</h1>`,
		"# Perché\n# perche\n# Perché 2":      "<h1 id=\"s-perche\">Perché</h1>\n<h1 id=\"s-perche-2\">perche</h1>\n<h1 id=\"s-perche-2-2\">Perché 2</h1>",
		"# a-2\n# a\n# a":                     "<h1 id=\"s-a-2\">a-2</h1>\n<h1 id=\"s-a\">a</h1>\n<h1 id=\"s-a-3\">a</h1>",
		"# Qui, *là* e `qua`!":                `<h1 id="s-qui-la-e-qua">Qui, <em>là</em> e <code>qua</code>!</h1>`,
		"# Città & co. – [due](/x)":           `<h1 id="s-citta-co-due">Città &amp; co. – <a href="/x">due</a></h1>`,
		"# !!!":                               `<h1 id="s-section">!!!</h1>`,
		"# Ελληνικά":                          `<h1 id="s-ελληνικα">Ελληνικά</h1>`,
		"# \"><script>":                       `<h1 id="s-script">&#34;&gt;&lt;script&gt;</h1>`,
		"# " + strings.Repeat("a ", 100):      `<h1 id="s-a` + strings.Repeat("-a", 31) + `">` + strings.TrimSpace(strings.Repeat("a ", 100)) + `</h1>`,
		"[su](#perche)\n\n# Perché":           "<p><a href=\"#s-perche\">su</a></p>\n<h1 id=\"s-perche\">Perché</h1>",
		"# a " + auth.Mention(someone()):      `<h1 id="s-a">a <span class="mention">@unknown</span></h1>`,
		"# `" + auth.Mention(someone()) + "`": `<h1 id="s-section"><code>@unknown</code></h1>`,
	} {
		if got := show(t, r, in); got != want {
			t.Errorf("%q\ngives %s\nnot   %s", in, got, want)
		}
	}
	if got := show(t, markdown.New(markdown.Config{}), "# Perché"); got != "<h1>Perché</h1>" {
		t.Errorf("without a prefix: %s", got)
	}
}

func TestHeadingsStartAtTheLevelOfThePage(t *testing.T) {
	t.Parallel()
	for top, want := range map[int]string{0: "<h1>a</h1>\n<h4>b</h4>", 1: "<h1>a</h1>\n<h4>b</h4>", 3: "<h3>a</h3>\n<h6>b</h6>", 6: "<h6>a</h6>\n<h6>b</h6>"} {
		if got := show(t, markdown.New(markdown.Config{Top: top}), "# a\n#### b"); got != want {
			t.Errorf("Top %d: %s", top, got)
		}
	}
}

func someone() auth.UserID { return storage.MakeID[auth.User]([16]byte{1, 2, 3}) }

func TestPeopleAreNamedWhenShown(t *testing.T) {
	t.Parallel()
	anna, bruno := someone(), storage.MakeID[auth.User]([16]byte{9})
	A, B := auth.Mention(anna), auth.Mention(bruno)
	names := map[auth.UserID]string{anna: "Anna <b>"}
	person := func(id auth.UserID) string { return "/persone/" + id.String()[:8] }
	for _, c := range []struct {
		name, in, want string
		person         func(auth.UserID) string
	}{
		{"in words", "Ciao " + A + "!", `<p>Ciao <span class="mention">@Anna &lt;b&gt;</span>!</p>`, nil},
		{"with a link to their page", A, `<p><a class="mention" href="/persone/01020300">@Anna &lt;b&gt;</a></p>`, person},
		{"not by an address that is no link", A, `<p><span class="mention">@Anna &lt;b&gt;</span></p>`, func(auth.UserID) string { return "javascript:x" }},
		{"as text when nobody has the id", B, `<p><span class="mention">@utente non più presente</span></p>`, person},
		{"as text in code", "`" + A + "`", `<p><code>@Anna &lt;b&gt;</code></p>`, person},
		{"as text in a block of code", "```\n" + A + "\n```", "<pre><code>@Anna &lt;b&gt;\n</code></pre>", person},
		{"as text in a link", "[da " + A + "](/x)", `<p><a href="/x">da @Anna &lt;b&gt;</a></p>`, person},
		{"as text behind a backslash", `\` + A, `<p>@Anna &lt;b&gt;</p>`, person},
		{"never in an attribute", `[a](/x "di ` + A + `!")`, `<p><a href="/x" title="di !">a</a></p>`, person},
		{"twice", A + A, strings.Repeat(`<span class="mention">@Anna &lt;b&gt;</span>`, 2), nil},
		{"in bold", "**" + A + "**", `<p><strong><span class="mention">@Anna &lt;b&gt;</span></strong></p>`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, err := markdown.New(markdown.Config{Person: c.person, Gone: "@utente non più presente"}).Render(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(d.HTML(markdown.View{Names: names})); !strings.Contains(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	d, err := markdown.New(markdown.Config{}).Render(B + " " + A + " `" + B + "`")
	if err != nil || !slices.Equal(d.Mentions(), []auth.UserID{bruno, anna}) {
		t.Errorf("Mentions: %v, %v", d.Mentions(), err)
	}
}

// No text forges a gap: what stands for one between the writer and the policy
// is an element.
func TestNoTextForgesAMention(t *testing.T) {
	t.Parallel()
	r := checked(nil)
	in := `<data value="` + someone().String() + `"></data>`
	for _, context := range contexts {
		d, err := r.Render(strings.ReplaceAll(context, "%s", in))
		if err != nil {
			t.Fatal(err)
		}
		if ids := d.Mentions(); len(ids) > 0 {
			t.Errorf("%s: mentions %v", context, ids)
		}
	}
}

func TestS54HTMLIsNoString(t *testing.T) {
	t.Parallel()
	text, page := reflect.TypeFor[string](), reflect.TypeFor[markdown.HTML]()
	if text.AssignableTo(page) || page.AssignableTo(text) {
		t.Error("a name passes for markup")
	}
	if !page.ConvertibleTo(text) {
		t.Error("a host cannot convert markup")
	}
}

func TestPlainText(t *testing.T) {
	t.Parallel()
	r := markdown.New(markdown.Config{})
	names := map[auth.UserID]string{someone(): "Anna"}
	for _, c := range []struct {
		in   string
		max  int
		want string
	}{
		{"# Titolo\n\nUn *testo* con [link](/x) & `<codice>`.", 100, "Titolo\nUn testo con link & <codice>."},
		{"- a\n- b\n\n> c", 100, "a\nb\nc"},
		{"|a|b|\n|-|-|\n|c|d|", 100, "a b\nc d"},
		{"Ciao " + auth.Mention(someone()) + " e `" + auth.Mention(someone()) + "`", 100, "Ciao @Anna e @Anna"},
		{"perché però", 6, "perch…"},
		{"perché però", 7, "perché…"},
		{"perché però", 8, "perché…"},
		{"perché però", 11, "perché però"},
		{"a", 1, "a"}, {"ab", 1, "…"}, {"ab", 0, ""}, {"", 10, ""},
	} {
		d, err := r.Render(c.in)
		if err != nil {
			t.Fatal(err)
		}
		got := d.Text(c.max, markdown.View{Names: names})
		if got != c.want {
			t.Errorf("%q to %d: %q, want %q", c.in, c.max, got, c.want)
		}
		if utf8.RuneCountInString(got) > c.max {
			t.Errorf("%q has more than %d runes", got, c.max)
		}
	}
}

func TestNaughtyStringsAreAnsweredAndCodeKeepsThem(t *testing.T) {
	t.Parallel()
	r := checked(nil)
	for _, line := range shared.Lines[struct{ S string }](t, "corpora/strings/blns.jsonl") {
		s := line.S
		if wrong := unsafe(show(t, r, s)); wrong != "" {
			t.Errorf("%q: %s", s, wrong)
		}
		if strings.ContainsAny(s, "\n\r") || strings.Contains(s, "~~~~") {
			continue
		}
		nodes, err := parse(show(t, r, "~~~~\n"+s+"\n~~~~"))
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for n := range each(nodes) {
			if n.Type == html.TextNode {
				got.WriteString(n.Data)
			}
		}
		want := strings.Map(func(r rune) rune {
			if unicode.IsControl(r) && r != '\t' || unicode.Is(unicode.Noncharacter_Code_Point, r) {
				return '\ufffd'
			}
			return r
		}, s)
		if got.String() != want+"\n" {
			t.Errorf("code of %q keeps %q", s, got.String())
		}
	}
}

func TestCacheAnswersAsTheRendererDoes(t *testing.T) {
	t.Parallel()
	cache := markdown.NewCache(1 << 20)
	a, b, plain := markdown.New(markdown.Config{Cache: cache}), markdown.New(markdown.Config{Top: 2, Gone: "@?", Cache: cache}), markdown.New(markdown.Config{})
	deep := strings.Repeat("> ", 100) + "a"
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				text := fmt.Sprintf("# %d\n\n%s", (i+j)%20, auth.Mention(someone()))
				d1, _ := a.Render(text)
				d2, _ := b.Render(text)
				want, _ := plain.Render(text)
				if d1.HTML(markdown.View{}) != want.HTML(markdown.View{}) {
					t.Errorf("%s", d1.HTML(markdown.View{}))
				}
				if got := string(d2.HTML(markdown.View{})); got != strings.NewReplacer("h1>", "h2>", "@unknown", "@?").Replace(string(want.HTML(markdown.View{}))) {
					t.Errorf("another Config answers %s", got)
				}
				if _, err := a.Render(deep); code(err) != markdown.CodeTooDeep {
					t.Errorf("the refusal is %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func TestNewPanicsOnAMistake(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a cache without room: no panic")
		}
	}()
	for name, cfg := range map[string]markdown.Config{
		"level":           {Top: 7},
		"prefix":          {IDs: "a b"},
		"image":           {Images: []string{"javascript:/"}},
		"image, no slash": {Images: []string{"https://example.org"}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			markdown.New(cfg)
		}()
	}
	markdown.NewCache(0)
}
