// SPDX-License-Identifier: BSD-3-Clause

package stackexchange_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/stackexchange"
	"github.com/copis-it/copis/internal/shared"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
	"github.com/copis-it/copis/wiki/markdown"
)

// words are what a reader of HTML sees, however it is broken into lines.
func words(t *testing.T, source string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(source))
	require.NoError(t, err)
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		if n.Type == html.ElementNode {
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), "")
}

// published are the posts of a dump as the site shows them: the words of each,
// and how often.
func published(t *testing.T, path string) map[string]int {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	out := map[string]int{}
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		row, ok := token.(xml.StartElement)
		if !ok || row.Name.Local != "row" {
			continue
		}
		columns := map[string]string{}
		for _, a := range row.Attr {
			columns[a.Name.Local] = a.Value
		}
		if kind := columns["PostTypeId"]; kind == "1" || kind == "2" {
			out[words(t, columns["Body"])]++
		}
	}
}

// Bodies are shown with the words that the site shows, of at least 95 posts in
// 100: where they differ, the site let HTML through.
func TestBodiesAsPublished(t *testing.T) {
	t.Parallel()
	path := shared.Path(t, "data/qa-italian-se")
	want := published(t, path+"/Posts.xml")
	s := memory.New()
	_, err := stackexchange.Import(t.Context(), stackexchange.Config{Store: s.QA(), Site: "it"}, os.DirFS(path))
	require.NoError(t, err)
	r := markdown.New(markdown.Config{Images: []string{"http://i.stack.imgur.com/", "https://i.stack.imgur.com/", "http://upload.wikimedia.org/", "https://pbs.twimg.com/"}})
	same, all := 0, 0
	count := func(body string) {
		doc, err := r.Render(body)
		require.NoError(t, err)
		all++
		if w := words(t, string(doc.HTML(markdown.View{}))); want[w] > 0 {
			want[w]--
			same++
		}
	}
	for q, err := range storage.All(t.Context(), func(after storage.Cursor) (storage.Page[qa.Question], error) {
		return open(s).Questions(t.Context(), auth.Visitor, qa.QuestionFilter{After: after})
	}) {
		require.NoError(t, err)
		page, err := open(s).Page(t.Context(), auth.Visitor, qa.QuestionPage{Question: q.ID, Limit: storage.MaxLimit})
		require.NoError(t, err)
		count(page.Question.Body)
		for _, a := range page.Answers.Items {
			count(a.Body)
		}
	}
	t.Logf("%d of %d", same, all)
	require.Equal(t, 266+571, all)
	require.GreaterOrEqual(t, same*100, all*95)
}
