// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"context"
	"encoding/xml"
	"io"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// FeedPage asks for the feed of a board or of a topic: one of the two.
type FeedPage struct {
	Board BoardID
	Topic TopicID
	Limit int
}

// A Feed is what is newest on a board or in a topic, for the actor who asked.
type Feed struct {
	Title   string
	Updated time.Time
	Entries []FeedEntry // newest first
}

// FeedEntry is a topic of a board, or a post of a topic.
type FeedEntry struct {
	Post    Post
	Title   string
	Body    string // Markdown, mentions by id; empty in the feed of a board
	By      auth.By
	At      time.Time
	Updated time.Time
}

// Feed returns what is newest on a board or in a topic. It passes through the
// same rights as the pages do; removed posts are not in it.
func (s *Service) Feed(ctx context.Context, who auth.Actor, in FeedPage) (Feed, error) {
	const op = "forum.Feed"
	s, err := s.enter(ctx, op, "", who, Read)
	if err != nil {
		return Feed{}, err
	}
	if in.Board.IsZero() == in.Topic.IsZero() {
		return Feed{}, storage.Refuse(op, "", &storage.Invalid{Field: "board", Code: storage.CodeMissing})
	}
	feed, object := s.topicFeed, Post{Topic: in.Topic}.String()
	if !in.Board.IsZero() {
		feed, object = s.boardFeed, "board "+in.Board.String()
	}
	f, err := feed(ctx, who, in)
	if err != nil {
		return Feed{}, storage.Refuse(op, object, err)
	}
	slices.SortStableFunc(f.Entries, func(a, b FeedEntry) int { return b.Updated.Compare(a.Updated) })
	f.Entries = f.Entries[:min(len(f.Entries), storage.Limit(in.Limit))]
	for _, e := range f.Entries {
		if e.Updated.After(f.Updated) {
			f.Updated = e.Updated
		}
	}
	return f, nil
}

func (s *Service) boardFeed(ctx context.Context, who auth.Actor, in FeedPage) (Feed, error) {
	b, err := s.board(ctx, who, in.Board)
	if err != nil {
		return Feed{}, err
	}
	f := Feed{Title: b.Name, Updated: b.CreatedAt}
	left := storage.Limit(in.Limit)
	for t, err := range storage.All(ctx, func(c storage.Cursor) (storage.Page[Listed], error) {
		return s.Topics(ctx, who, TopicFilter{Board: in.Board, After: c, Limit: in.Limit})
	}) {
		if err != nil {
			return Feed{}, err
		}
		f.Entries = append(f.Entries, FeedEntry{Post: Post{Topic: t.ID}, Title: t.Title, By: t.By, At: t.CreatedAt, Updated: t.ActiveAt})
		if t.Pin == NotPinned { // pinned ones come first, however old
			left--
		}
		if left == 0 {
			break
		}
	}
	return f, nil
}

func (s *Service) topicFeed(ctx context.Context, who auth.Actor, in FeedPage) (Feed, error) {
	th, err := s.Thread(ctx, who, ThreadPage{Topic: in.Topic, Newest: true, Limit: in.Limit})
	if err != nil {
		return Feed{}, err
	}
	t := th.Topic
	if !t.MergedInto.IsZero() {
		in.Topic = t.MergedInto
		return s.topicFeed(ctx, who, in)
	}
	f := Feed{Title: t.Title, Updated: t.CreatedAt}
	for _, r := range th.Replies.Items {
		if r.Removal.State == Visible {
			f.Entries = append(f.Entries, FeedEntry{Post: Post{t.ID, r.ID}, Title: t.Title, Body: r.Body, By: r.By, At: r.CreatedAt, Updated: changed(r.CreatedAt, r.Text)})
		}
	}
	if th.Replies.Next == "" && t.Removal.State == Visible {
		f.Entries = append(f.Entries, FeedEntry{Post: Post{Topic: t.ID}, Title: t.Title, Body: t.Body, By: t.By, At: t.CreatedAt, Updated: changed(t.CreatedAt, t.Text)})
	}
	return f, nil
}

func changed(created time.Time, text TextState) time.Time {
	if text.EditedAt.IsZero() {
		return created
	}
	return text.EditedAt
}

// FeedLinks is what a host adds to a feed to make a document of it.
type FeedLinks struct {
	ID   string                   // permanent IRI of the feed
	Self string                   // where the feed is
	Page string                   // where what it is about is
	Link func(Post) string        // permanent IRI and address of a post
	Name func(auth.By) string     // the name to show for an author
	HTML func(body string) string // safe HTML of a body
}

// WriteAtom writes the feed as an Atom document (RFC 4287). A link that its
// entries need and that is nil is Invalid.
func (f Feed) WriteAtom(w io.Writer, l FeedLinks) error {
	if len(f.Entries) > 0 && (l.Link == nil || l.Name == nil || l.HTML == nil) {
		return storage.Refuse("forum.WriteAtom", "", &storage.Invalid{Field: "links", Code: storage.CodeMissing})
	}
	doc := atomFeed{ID: l.ID, Title: f.Title, Updated: atomTime(f.Updated),
		Links: []atomLink{{"self", "application/atom+xml", l.Self}, {"alternate", "text/html", l.Page}}}
	for _, e := range f.Entries {
		link := l.Link(e.Post)
		a := atomEntry{ID: link, Title: e.Title, Published: atomTime(e.At), Updated: atomTime(e.Updated),
			Author: l.Name(e.By), Links: []atomLink{{"alternate", "text/html", link}}}
		if e.Body != "" {
			a.Content = &atomContent{"html", l.HTML(e.Body)}
		}
		doc.Entries = append(doc.Entries, a)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	return xml.NewEncoder(w).Encode(doc)
}

func atomTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

type (
	atomFeed struct {
		XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string      `xml:"id"`
		Title   string      `xml:"title"`
		Updated string      `xml:"updated"`
		Links   []atomLink  `xml:"link"`
		Entries []atomEntry `xml:"entry"`
	}
	atomLink struct {
		Rel  string `xml:"rel,attr"`
		Type string `xml:"type,attr"`
		Href string `xml:"href,attr"`
	}
	atomEntry struct {
		ID        string       `xml:"id"`
		Title     string       `xml:"title"`
		Published string       `xml:"published"`
		Updated   string       `xml:"updated"`
		Author    string       `xml:"author>name"`
		Links     []atomLink   `xml:"link"`
		Content   *atomContent `xml:"content"`
	}
	atomContent struct {
		Type string `xml:"type,attr"`
		Body string `xml:",chardata"`
	}
)
