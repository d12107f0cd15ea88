// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
)

func TestTopicFeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{Title: "Titolo", Body: "Prima"})
	one := w.replies(w.member, forum.NewReply{Topic: topic.ID, Body: "Uno"})
	two := w.replies(w.outsider, forum.NewReply{Topic: topic.ID, Parent: one.ID, Body: "Due"})
	gone := w.replies(w.member, forum.NewReply{Topic: topic.ID, Body: "Tolta"})
	require.NoError(t, w.forum.Hide(w.ctx, w.keeper, post(gone), "Prova"))
	w.edits(w.member, post(one), "Uno, rivista")
	want := forum.Feed{Title: "Titolo", Updated: w.now, Entries: []forum.FeedEntry{
		{Post: post(one), Title: "Titolo", Body: "Uno, rivista", By: w.member.By(), At: one.CreatedAt, Updated: w.now},
		{Post: post(two), Title: "Titolo", Body: "Due", By: w.outsider.By(), At: two.CreatedAt, Updated: two.CreatedAt},
		{Post: first(topic.ID), Title: "Titolo", Body: "Prima", By: w.author.By(), At: topic.CreatedAt, Updated: topic.CreatedAt},
	}}
	for _, who := range []auth.Actor{w.visitor, w.member, w.moderator} { // whoever may see what is removed does not see it here
		feed, err := w.forum.Feed(w.ctx, who, forum.FeedPage{Topic: topic.ID})
		require.NoError(t, err)
		require.Equal(t, want, feed)
	}
	short, err := w.forum.Feed(w.ctx, w.visitor, forum.FeedPage{Topic: topic.ID, Limit: 2})
	require.NoError(t, err)
	require.Equal(t, want.Entries[1:2], short.Entries, "the last two, of which one is gone; the first post is further back")

	into := w.starts(w.author, forum.NewTopic{Title: "Altro"})
	w.merges(topic.ID, into.ID)
	feed, err := w.forum.Feed(w.ctx, w.visitor, forum.FeedPage{Topic: topic.ID})
	require.NoError(t, err)
	require.Equal(t, "Altro", feed.Title, "subscribers go along")
	require.Len(t, feed.Entries, 4)
}

func TestBoardFeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	feed := func(who auth.Actor) forum.Feed {
		t.Helper()
		f, err := w.forum.Feed(w.ctx, who, forum.FeedPage{Board: w.open.ID})
		require.NoError(t, err)
		return f
	}
	require.Equal(t, forum.Feed{Title: "Piazza", Updated: w.open.CreatedAt}, feed(w.visitor))
	one := w.starts(w.author, forum.NewTopic{Title: "Uno"})
	two := w.starts(w.author, forum.NewTopic{Title: "Due", Audience: auth.CommunityMembers})
	gone := w.starts(w.author, forum.NewTopic{Title: "Tolto"})
	require.NoError(t, w.forum.Hide(w.ctx, w.keeper, first(gone.ID), "Prova"))
	require.NoError(t, w.forum.Pin(w.ctx, w.keeper, one.ID, forum.Pinned))
	r := w.replies(w.member, forum.NewReply{Topic: two.ID})
	entry := forum.FeedEntry{Post: first(one.ID), Title: "Uno", By: w.author.By(), At: one.CreatedAt, Updated: one.CreatedAt}
	require.Equal(t, forum.Feed{Title: "Piazza", Updated: one.CreatedAt, Entries: []forum.FeedEntry{entry}}, feed(w.visitor))
	active := forum.FeedEntry{Post: first(two.ID), Title: "Due", By: w.author.By(), At: two.CreatedAt, Updated: r.CreatedAt}
	require.Equal(t, forum.Feed{Title: "Piazza", Updated: r.CreatedAt, Entries: []forum.FeedEntry{active, entry}}, feed(w.member), "newest first, pinned or not")
}

// atom is as much of RFC 4287 as a reader needs.
type atom struct {
	XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string   `xml:"http://www.w3.org/2005/Atom id"`
	Title   string   `xml:"http://www.w3.org/2005/Atom title"`
	Updated string   `xml:"http://www.w3.org/2005/Atom updated"`
	Links   []link   `xml:"http://www.w3.org/2005/Atom link"`
	Entries []struct {
		ID        string `xml:"http://www.w3.org/2005/Atom id"`
		Title     string `xml:"http://www.w3.org/2005/Atom title"`
		Published string `xml:"http://www.w3.org/2005/Atom published"`
		Updated   string `xml:"http://www.w3.org/2005/Atom updated"`
		Author    struct {
			Name string `xml:"http://www.w3.org/2005/Atom name"`
		} `xml:"http://www.w3.org/2005/Atom author"`
		Links   []link `xml:"http://www.w3.org/2005/Atom link"`
		Content *struct {
			Type string `xml:"type,attr"`
			Body string `xml:",chardata"`
		} `xml:"http://www.w3.org/2005/Atom content"`
	} `xml:"http://www.w3.org/2005/Atom entry"`
}

type link struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

// A document is read back as it was meant, whatever people wrote.
func TestWriteAtom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const title = `</title><script>&amp; "quotes" 'e' ]]> —  👩‍⚖️`
	topic := w.starts(w.author, forum.NewTopic{Title: title, Body: "Un <b>testo</b> & altro ]]>"})
	w.replies(w.member, forum.NewReply{Topic: topic.ID, Body: "Uno\n\nDue"})
	w.now = w.now.Add(123 * time.Microsecond)
	w.edits(w.author, first(topic.ID), "Un <b>testo</b> & altro, rivisto")
	links := forum.FeedLinks{
		ID: "tag:example.org,2026:f", Self: "https://example.org/f?a=1&b=2", Page: "https://example.org/t",
		Link: func(p forum.Post) string { return "https://example.org/p?a=1&p=" + p.String() },
		Name: func(by auth.By) string { return `<"` + by.User.String() + `">` },
		HTML: func(body string) string { return "<p>" + html.EscapeString(body) + "</p>" },
	}
	for _, in := range []forum.FeedPage{{Topic: topic.ID}, {Board: w.open.ID}} {
		feed, err := w.forum.Feed(w.ctx, w.visitor, in)
		require.NoError(t, err)
		var b bytes.Buffer
		require.NoError(t, feed.WriteAtom(&b, links))
		require.True(t, bytes.HasPrefix(b.Bytes(), []byte(xml.Header)))
		var doc atom
		require.NoError(t, xml.Unmarshal(b.Bytes(), &doc))
		require.Equal(t, []string{links.ID, feed.Title}, []string{doc.ID, doc.Title})
		require.Equal(t, []link{{"self", "application/atom+xml", links.Self}, {"alternate", "text/html", links.Page}}, doc.Links)
		same := func(want time.Time, got string) {
			t.Helper()
			at, err := time.Parse(time.RFC3339, got)
			require.NoError(t, err)
			require.True(t, want.Equal(at), "%v, %v", want, at)
		}
		same(feed.Updated, doc.Updated)
		require.Len(t, doc.Entries, len(feed.Entries))
		for i, e := range feed.Entries {
			got := doc.Entries[i]
			require.Equal(t, []string{links.Link(e.Post), title, links.Name(e.By)}, []string{got.ID, got.Title, got.Author.Name})
			require.Equal(t, []link{{"alternate", "text/html", links.Link(e.Post)}}, got.Links)
			same(e.At, got.Published)
			same(e.Updated, got.Updated)
			if in.Board.IsZero() {
				require.Equal(t, "html", got.Content.Type)
				require.Equal(t, links.HTML(e.Body), got.Content.Body)
			} else {
				require.Nil(t, got.Content)
			}
		}
		require.ErrorIs(t, feed.WriteAtom(full{}, links), errFull)
	}
	require.NoError(t, (forum.Feed{}).WriteAtom(&bytes.Buffer{}, forum.FeedLinks{}), "an empty feed asks for nothing")
}

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestFeedsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topic := w.starts(w.author, forum.NewTopic{})
	for i := range 25 {
		w.replies(w.author, forum.NewReply{Topic: topic.ID, Body: fmt.Sprint(i)})
	}
	f, err := w.forum.Feed(w.ctx, w.visitor, forum.FeedPage{Topic: topic.ID})
	require.NoError(t, err)
	require.Len(t, f.Entries, 20)
	require.Equal(t, "24", f.Entries[0].Body)
	f, err = w.forum.Feed(w.ctx, w.visitor, forum.FeedPage{Topic: topic.ID, Limit: 50})
	require.NoError(t, err)
	require.Len(t, f.Entries, 26, "and the first post, at the end")
}

// However many topics are pinned, the newest are in the feed.
func TestFeedBehindPins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		old := w.starts(w.author, forum.NewTopic{Title: "Vecchio"})
		require.NoError(t, w.forum.Pin(w.ctx, w.keeper, old.ID, forum.Pinned))
	}
	for _, title := range []string{"Uno", "Due", "Tre"} {
		w.starts(w.author, forum.NewTopic{Title: title})
	}
	for limit, want := range map[int][]string{1: {"Tre"}, 2: {"Tre", "Due"}, 4: {"Tre", "Due", "Uno", "Vecchio"}, 0: {"Tre", "Due", "Uno", "Vecchio", "Vecchio", "Vecchio"}} {
		feed, err := w.forum.Feed(w.ctx, w.visitor, forum.FeedPage{Board: w.open.ID, Limit: limit})
		require.NoError(t, err)
		var got []string
		for _, e := range feed.Entries {
			got = append(got, e.Title)
		}
		require.Equal(t, want, got)
	}
}
