// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"cmp"
	"context"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// topicKey is the place of a topic in a list.
type topicKey struct {
	P  bool  // pinned, on a board
	At int64 // microseconds
	ID forum.TopicID
}

// topicsName names the list of a query: boards have lists of their own, since
// they order by pins.
func topicsName(q forum.TopicQuery) string {
	if q.Board.IsZero() {
		return "forum.topics"
	}
	return "forum.topics/" + q.Board.String()
}

// Topics implements [forum.Store].
func (f forumStore) Topics(ctx context.Context, q forum.TopicQuery) (page storage.Page[forum.Listed], err error) {
	const op = "forum.Topics"
	after, where := topicKey{}, atStart
	if q.After != "" {
		if err := storage.DecodeCursor(topicsName(q), q.After, &after); err != nil {
			return page, failed(op, err)
		}
		if err := readableTime(after.At); err != nil {
			return page, failed(op, err)
		}
		where = afterOther
		if after.P {
			where = afterPinned
		}
	}
	l := listOf(q, where)
	text := f.s.root.formed(l, l.limit+1, func() string { return l.text(f.s.root.d) })
	if text.query == "" || !l.reader && (l.following || l.unread) {
		_, err := f.s.enter(ctx)
		return page, failed(op, err) // nothing is within reach, or it is nobody's
	}
	args := make([]any, len(text.args))
	for i, name := range text.args {
		args[i] = topicArgs[name](q, after)
	}
	items, err := rows(ctx, f.s, op, l.limit+1, l.fields, text.query, args...)
	if err != nil {
		return page, err
	}
	pinned := func(t *forum.Topic) bool { return l.board && t.Pin != forum.NotPinned }
	sort.Slice(items, func(i, j int) bool { // seldom has anything to do
		a, b := &items[i].Topic, &items[j].Topic
		if p := pinned(a); p != pinned(b) {
			return p
		}
		return cmp.Or(b.ActiveAt.Compare(a.ActiveAt), b.ID.Compare(a.ID)) < 0
	})
	for i := range items {
		items[i].New = items[i].New || items[i].Unread > 0
	}
	return storage.Cut(items, l.limit, topicsName(q), func(l forum.Listed) any {
		return topicKey{pinned(&l.Topic), l.ActiveAt.UnixMicro(), l.ID}
	}), nil
}

// readableTime refuses the instant of a cursor that no row can have.
func readableTime(micros int64) error {
	if year := time.UnixMicro(micros).UTC().Year(); year < 1 || year > 9999 {
		return &storage.Invalid{Field: "cursor", Code: storage.CodeMalformed}
	}
	return nil
}

// topicArgs are the arguments of lists, by the names in their text.
var topicArgs = map[string]func(q forum.TopicQuery, after topicKey) any{
	":board":  func(q forum.TopicQuery, _ topicKey) any { return q.Board },
	":area":   func(q forum.TopicQuery, _ topicKey) any { return q.Area },
	":author": func(q forum.TopicQuery, _ topicKey) any { return q.Author },
	":reader": func(q forum.TopicQuery, _ topicKey) any { return q.Reader },
	":areas":  func(q forum.TopicQuery, _ topicKey) any { return areas(q.Reach) },
	":at":     func(_ forum.TopicQuery, after topicKey) any { return always(time.UnixMicro(after.At)) },
	":id":     func(_ forum.TopicQuery, after topicKey) any { return raw(after.ID) },
}

// topicList is all that the text of a list depends on.
type topicList struct {
	circles
	place place
	limit int

	board, area, author, announced, following bool // what else must be so
	reader, unread                            bool

	marks bool // walks know the reader's marks
}

// place is where a page begins.
type place uint8

const (
	atStart place = iota
	afterPinned
	afterOther
)

func listOf(q forum.TopicQuery, where place) topicList {
	return topicList{
		circles: circlesOf(q.Reach, q.Area, q.Removed), place: where, limit: storage.Limit(q.Limit),
		board: !q.Board.IsZero(), area: !q.Area.IsZero(), author: !q.Author.IsZero(), announced: q.Announced, following: q.Following,
		reader: !q.Reader.IsZero(), unread: q.Unread, marks: q.Unread,
	}
}

func (l topicList) fields(v *forum.Listed) []any {
	f := listedFields(&v.Topic)
	if l.reader {
		f = append(f, markFields(&v.Mark)...)
		f = append(f, (*flag)(&v.New), (*number)(&v.Unread))
	}
	return f
}

// text finds the keys of what is listed, and then reads the topics; both at
// once where there is one walk, in order.
func (l topicList) text(d *Dialect) string {
	pinned, walks := l.walks(d)
	fields, marks := columns(listOfTopic).of("t."), ""
	if l.reader {
		marks = marksOfReader
		fields += ", " + markColumns.of("m.") + ", " + fresh("t", "m", ":reader") +
			", (SELECT count(*) FROM (" + unread("t", "m", ":reader") + " LIMIT " + strconv.Itoa(forum.UnreadCap) + ") u)"
	}
	if pinned == "" && len(walks) == 1 && !l.following && !(l.author && l.board) {
		l.marks = l.reader
		_, walks = l.walks(d)
		return "SELECT " + fields + strings.TrimPrefix(walks[0], l.path(false).keys()) + l.order()
	}
	keys := ""
	if len(walks) == 1 {
		keys = walks[0] + l.order()
	} else {
		keys = l.path(false).merge(walks)
	}
	switch {
	case pinned != "" && keys != "":
		// Both up to the limit: no database promises the order of a UNION.
		keys = "SELECT * FROM (" + pinned + l.order() + ") p UNION ALL SELECT * FROM (" + keys + ") o"
	case pinned != "":
		keys = pinned + l.order()
	case keys == "":
		return ""
	}
	return "SELECT " + fields + " FROM (" + keys + ") k CROSS JOIN {topics} t" + marks + " WHERE {found}"
}

// order ends a query of one walk.
func (l topicList) order() string {
	if l.board && (l.following || l.author) {
		return " ORDER BY CASE WHEN t.pin > 0 THEN 1 ELSE 0 END DESC, t.active_at DESC, t.id DESC LIMIT :limit"
	}
	return l.path(false).order()
}

// walks are the queries that together have what is listed, that of a board's
// pinned topics apart. What bounds the rows that are looked at is the first
// that applies of these: what the reader follows, what the author started,
// what is announced, what is on the board, what is in the area.
func (l topicList) walks(d *Dialect) (pinned string, others []string) {
	p := l.path(false)
	if l.following {
		return "", []string{p.walk("m.follow = 1", l.within(p), l.after(), l.only("following"))}
	}
	if l.author {
		return "", []string{p.walk("t.by_user = :author", l.within(p), l.after(), l.only("author"))}
	}
	source, only, key := "", l.only(""), p.after()
	if l.place == atStart {
		key = ""
	}
	switch {
	case l.board:
		source, only = "t.board = :board", l.only("board")
		if l.place != afterOther {
			pinned = p.walk(source, "t.pin > 0", l.within(p), key, only)
			key = ""
		}
		if l.announced {
			return pinned, nil
		}
		source += " AND t.pin = 0"
	case l.announced:
		source = "t.pin = 2"
	case l.area:
		source, only = "t.area = :area", l.only("area")
	}
	return pinned, l.circles.walks(d, l.path(source == ""), source, key, only)
}

// path is how topics are walked through.
func (l topicList) path(many bool) path {
	p := path{from: "{topics} t", by: "active_at", many: many, held: "t.state <> 4"} // what is Held was not removed
	switch {
	case l.following:
		p.from = "{marks} m JOIN {topics} t ON m.who = :reader AND t.id = m.topic"
	case l.marks:
		p.from += marksOfReader
	}
	return p
}

const marksOfReader = " LEFT JOIN {marks} m ON m.who = :reader AND m.topic = t.id"

// after is the condition that a topic comes after the place, in a walk through
// pinned ones and others.
func (l topicList) after() string {
	switch {
	case l.place == atStart:
		return ""
	case !l.board:
		return l.path(false).after()
	case l.place == afterPinned:
		return "(t.pin = 0 OR " + l.path(false).after() + ")"
	}
	return "t.pin = 0 AND " + l.path(false).after()
}

// only are the conditions besides the one that a list is read by.
func (l topicList) only(source string) string {
	var out []string
	for _, c := range []struct {
		name string
		is   bool
		text string
	}{
		{"board", l.board, "t.board = :board"},
		{"area", l.area, "t.area = :area"},
		{"author", l.author, "t.by_user = :author"},
		{"announced", l.announced && (l.board || source == "following" || source == "author"), "t.pin = 2"},
		{"unread", l.unread, "(" + fresh("t", "m", ":reader") + " OR EXISTS (" + unread("t", "m", ":reader") + "))"},
	} {
		if c.is && c.name != source {
			out = append(out, c.text)
		}
	}
	return strings.Join(out, " AND ")
}

// unread are the replies of a topic that a reader with a mark has not read; t
// and m are where the columns of those are, see [forum.Listed].
func unread(t, m, reader string) string {
	return strings.NewReplacer("t.", t+".", "m.", m+".", ":reader", reader).Replace(
		"SELECT 1 FROM {replies} r WHERE r.topic = t.id AND r.seq > coalesce(m.read, 0) AND r.state = 0" +
			" AND r.by_user IS DISTINCT FROM :reader AND r.created_at > " + allRead)
}

// fresh is the condition that a topic itself was not read.
func fresh(t, m, reader string) string {
	return strings.NewReplacer("t.", t+".", "m.", m+".", ":reader", reader).Replace(
		"(NOT coalesce(m.opened, FALSE) AND t.by_user IS DISTINCT FROM :reader AND t.created_at > " + allRead + ")")
}

const allRead = "coalesce((SELECT a.at FROM {read_all} a WHERE a.who = :reader), {never})"
