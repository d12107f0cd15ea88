// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
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
		if year := time.UnixMicro(after.At).UTC().Year(); year < 1 || year > 9999 {
			return page, failed(op, &storage.Invalid{Field: "cursor", Code: storage.CodeMalformed})
		}
		where = afterOther
		if after.P {
			where = afterPinned
		}
	}
	l := listOf(q, where)
	text := f.s.root.topics(l)
	if text.query == "" || !l.reader && (l.following || l.unread) {
		_, err := f.s.enter(ctx)
		return page, failed(op, err) // nothing is within reach, or it is nobody's
	}
	limit := storage.Limit(q.Limit)
	args := make([]any, len(text.args))
	for i, name := range text.args {
		args[i] = topicArgs[name](q, after, limit)
	}
	items, err := rows(ctx, f.s, op, text.fields, text.query, args...)
	if err != nil {
		return page, err
	}
	pinned := func(t *forum.Topic) bool { return l.board && t.Pin != forum.NotPinned }
	slices.SortFunc(items, func(a, b forum.Listed) int {
		if p := pinned(&a.Topic); p != pinned(&b.Topic) {
			if p {
				return -1
			}
			return 1
		}
		return cmp.Or(b.ActiveAt.Compare(a.ActiveAt), b.ID.Compare(a.ID))
	})
	for i := range items {
		items[i].New = items[i].New || items[i].Unread > 0
	}
	return storage.Cut(items, limit, topicsName(q), func(l forum.Listed) any {
		return topicKey{pinned(&l.Topic), l.ActiveAt.UnixMicro(), l.ID}
	}), nil
}

// topicArgs are the arguments of lists, by the names in their text.
var topicArgs = map[string]func(q forum.TopicQuery, after topicKey, limit int) any{
	":board":  func(q forum.TopicQuery, _ topicKey, _ int) any { return q.Board },
	":area":   func(q forum.TopicQuery, _ topicKey, _ int) any { return q.Area },
	":author": func(q forum.TopicQuery, _ topicKey, _ int) any { return q.Author },
	":reader": func(q forum.TopicQuery, _ topicKey, _ int) any { return q.Reader },
	":areas":  func(q forum.TopicQuery, _ topicKey, _ int) any { return areas(q.Reach) },
	":at":     func(_ forum.TopicQuery, after topicKey, _ int) any { return always(time.UnixMicro(after.At)) },
	":id":     func(_ forum.TopicQuery, after topicKey, _ int) any { return raw(after.ID) },
	":limit":  func(_ forum.TopicQuery, _ topicKey, limit int) any { return limit + 1 },
}

// topicList is all that the text of a list depends on.
//
// Whoever may read little must not make the database look through much. So a
// list is not one walk through an index with a filter, but one for each circle
// of topics (see the migration) that is within reach, and one for each area,
// in the order of the list; the database merges them until a page is full.
type topicList struct {
	open    int  // circles from here up are within reach
	areas   bool // and the others in some areas
	removed bool
	place   place

	board, area, author, announced, following bool // what else must be so
	reader, unread                            bool
}

// place is where a page begins.
type place uint8

const (
	atStart place = iota
	afterPinned
	afterOther
)

func listOf(q forum.TopicQuery, where place) topicList {
	l := topicList{
		open: min(floor(q.Reach), 4), areas: len(q.Reach.Areas) > 0, removed: q.Removed, place: where,
		board: !q.Board.IsZero(), area: !q.Area.IsZero(), author: !q.Author.IsZero(), announced: q.Announced, following: q.Following,
		reader: !q.Reader.IsZero(), unread: q.Unread,
	}
	if l.area && slices.Contains(q.Reach.Areas, q.Area) {
		l.open = 1
	}
	if l.open == 1 {
		l.areas = false
	}
	return l
}

// topicsText is a list's text.
type topicsText struct {
	query  string
	args   []string // their names, in order
	fields func(*forum.Listed) []any
}

var argName = regexp.MustCompile(`:[a-z]+`)

func (x *texts) topics(l topicList) *topicsText {
	if t, ok := x.memo.Load(l); ok {
		return t.(*topicsText)
	}
	t := &topicsText{fields: l.fields}
	t.query = argName.ReplaceAllStringFunc(l.text(x.d), func(name string) string {
		i := slices.Index(t.args, name)
		if i < 0 {
			i = len(t.args)
			t.args = append(t.args, name)
		}
		return "$" + strconv.Itoa(i+1)
	})
	kept, _ := x.memo.LoadOrStore(l, t)
	return kept.(*topicsText)
}

func (l topicList) fields(v *forum.Listed) []any {
	f := append(listedFields(&v.Topic), new(ignored)) // first
	if l.reader {
		f = append(f, markFields(&v.Mark)...)
		f = append(f, (*number)(&v.Unread), (*flag)(&v.New))
	}
	return f
}

func (l topicList) text(d *Dialect) string {
	walks := l.walks(d)
	if len(walks) == 0 {
		return ""
	}
	order := " ORDER BY first DESC, active_at DESC, id DESC LIMIT :limit"
	if len(walks) == 1 && !l.board {
		order = newestFirst
	}
	text := strings.Join(walks, " UNION ALL ") + order
	if !l.reader {
		return text
	}
	return "SELECT x.*, (SELECT count(*) FROM (" + unread("x", "x", ":reader") + " LIMIT " + strconv.Itoa(forum.UnreadCap) + ") y), " +
		fresh("x", "x", ":reader") + " FROM (" + text + ") x"
}

const newestFirst = " ORDER BY t.active_at DESC, t.id DESC LIMIT :limit"

// walks are the queries that together have what is listed. The first that
// applies of these bounds what is looked at: what the reader follows, what the
// author started, what is announced, what is on the board, in the area.
func (l topicList) walks(d *Dialect) []string {
	switch {
	case l.following:
		return []string{l.walk("m.follow = 1", l.within(), l.after(l.board), l.only("following"))}
	case l.author:
		return []string{l.walk("t.by_user = :author", l.within(), l.after(l.board), l.only("author"))}
	}
	var out []string
	source, only := "", l.only("")
	switch {
	case l.announced && !l.board:
		source = "t.pin = 2"
	case l.board:
		source, only = "t.board = :board", l.only("board")
		if l.place != afterOther {
			key := ""
			if l.place == afterPinned {
				key = keyset
			}
			out = append(out, l.walk(source, "t.pin > 0", l.within(), key, only))
		}
		if l.announced {
			return out
		}
		source += " AND t.pin = 0"
	case l.area:
		source, only = "t.area = :area", l.only("area")
	}
	key := keyset
	if l.place == atStart || l.board && l.place == afterPinned {
		key = ""
	}
	for c := 3; c >= 1; c-- {
		circle := fmt.Sprintf("t.circle = %d", c)
		if l.removed {
			circle = fmt.Sprintf("t.circle = -%d", c)
		}
		switch {
		case c >= l.open:
			out = append(out, l.walk(source, circle, key, only))
		case !l.areas || l.area:
		case source != "":
			out = append(out, l.walk(source, circle, inAreas, key, only))
		default:
			picked := "{topics} t" + l.marks() + where("t.area = a.item", circle, key, only) + newestFirst
			out = append(out, "SELECT "+l.columns()+" FROM {ids :areas} a "+fmt.Sprintf(d.each, picked)+l.marks())
		}
	}
	return out
}

const (
	keyset  = "(t.active_at, t.id) < (:at, :id)"
	inAreas = "t.area IN {ids :areas}"
)

// walk is one query of a list.
func (l topicList) walk(conditions ...string) string {
	from := "{topics} t" + l.marks()
	if l.following {
		from = "{marks} m JOIN {topics} t ON m.who = :reader AND t.id = m.topic"
	}
	return "SELECT " + l.columns() + " FROM " + from + where(conditions...)
}

func where(conditions ...string) string {
	conditions = slices.DeleteFunc(conditions, func(c string) bool { return c == "" })
	return " WHERE " + strings.Join(conditions, " AND ")
}

func (l topicList) columns() string {
	out := columns(listOfTopic).of("t.") + ", 0 AS first"
	if l.board {
		out = columns(listOfTopic).of("t.") + ", CASE WHEN t.pin > 0 THEN 1 ELSE 0 END AS first"
	}
	if l.reader {
		out += ", " + markColumns.of("m.")
	}
	return out
}

func (l topicList) marks() string {
	if !l.reader {
		return ""
	}
	return " LEFT JOIN {marks} m ON m.who = :reader AND m.topic = t.id"
}

// within is the condition that a topic is to be listed and within reach.
func (l topicList) within() string {
	circle := "t.circle"
	if l.removed {
		circle = "-t.circle"
	}
	if !l.areas {
		return fmt.Sprintf("%s >= %d", circle, l.open)
	}
	return fmt.Sprintf("(%s >= %d OR %s > 0 AND %s)", circle, l.open, circle, inAreas)
}

// after is the condition that a topic comes after the place, in a list that
// mixes pinned ones, if it does, and others.
func (l topicList) after(pins bool) string {
	switch {
	case l.place == atStart:
		return ""
	case !pins:
		return keyset
	case l.place == afterPinned:
		return "(t.pin = 0 OR " + keyset + ")"
	}
	return "t.pin = 0 AND " + keyset
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
