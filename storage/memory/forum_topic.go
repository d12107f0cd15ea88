// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// lists are the orders in which topics are listed. All but onBoard ignore pins.
type lists struct {
	everywhere list
	onBoard    list
	inArea     list
	byAuthor   list
	announced  list
}

type list = tree[rank, *forum.Topic]

// Which lists a topic is in.
const (
	shown = iota
	gone
)

// last is after every id.
var last = id{math.MaxUint64, math.MaxUint64}

// eachList gives the lists that a topic belongs to, with its place there. The
// husk of a merge is in none, nor is one that waits.
func (st *state) eachList(t *forum.Topic, do func(l *list, k rank)) {
	if !t.MergedInto.IsZero() || t.Removal.State == forum.Held {
		return
	}
	ls := &st.lists[shown]
	if t.Removal.State != forum.Visible {
		ls = &st.lists[gone]
	}
	k := rank{at: t.ActiveAt.UnixMicro(), id: idOf(t.ID)}
	do(&ls.everywhere, k)
	if t.Pin == forum.Announced {
		do(&ls.announced, k)
	}
	k.scope = idOf(t.Area)
	do(&ls.inArea, k)
	k.scope = idOf(t.By.User)
	do(&ls.byAuthor, k)
	k.scope, k.unpinned = idOf(t.Board), t.Pin == forum.NotPinned
	do(&ls.onBoard, k)
}

// setTopic puts a topic in the place of another state of it, nil if it is new.
func (st *state) setTopic(k *talk, was, t *forum.Topic) {
	k.topic = t
	st.topics.put(st.era, idOf(t.ID), k)
	if was != nil {
		st.eachList(was, func(l *list, k rank) { l.drop(st.era, k) })
		st.waits(forum.Post{Topic: t.ID}, was.CreatedAt, was.Removal, false)
	}
	st.waits(forum.Post{Topic: t.ID}, t.CreatedAt, t.Removal, true)
	st.eachList(t, func(l *list, k rank) { l.put(st.era, k, t) })
}

// changeTopic changes a topic as fn does.
func (st *state) changeTopic(id id, fn func(t *forum.Topic)) error {
	k, ok := st.topics.get(id)
	if !ok {
		return storage.ErrNotFound
	}
	c, t := *k, *k.topic
	fn(&t)
	st.setTopic(&c, k.topic, &t)
	return nil
}

func (st *state) insertTopic(t forum.Topic) error {
	if st.topics.has(idOf(t.ID)) {
		return storage.ErrExists
	}
	if !st.boards.has(idOf(t.Board)) {
		return storage.ErrNotFound
	}
	t.CreatedAt = instant(t.CreatedAt)
	t.ActiveAt = instant(t.ActiveAt)
	cleanPost(&t.Text, &t.Removal)
	st.setTopic(&talk{}, nil, &t)
	st.nameTopic(&t)
	return nil
}

func (st *state) updateTopic(t forum.Topic) error {
	k, ok := st.topics.get(idOf(t.ID))
	if !ok {
		return storage.ErrNotFound
	}
	was := k.topic
	if was.Version != t.Version {
		return storage.ErrConflict
	}
	if !st.boards.has(idOf(t.Board)) {
		return storage.ErrNotFound
	}
	t.Version++
	t.CreatedAt = was.CreatedAt
	t.Seq, t.Replies, t.Useful, t.ActiveAt, t.LastBy = was.Seq, was.Replies, was.Useful, was.ActiveAt, was.LastBy
	cleanPost(&t.Text, &t.Removal)
	c := *k
	st.setTopic(&c, was, &t)
	st.nameTopic(&t)
	return nil
}

func cleanPost(t *forum.TextState, r *forum.Removal) {
	t.EditedAt = instant(t.EditedAt)
	r.At = instant(r.At)
}

func (st *state) recount(id forum.TopicID) error {
	k, ok := st.topics.get(idOf(id))
	if !ok {
		return storage.ErrNotFound
	}
	return st.changeTopic(idOf(id), func(t *forum.Topic) {
		t.Replies, t.ActiveAt, t.LastBy = 0, t.CreatedAt, t.By
		for _, r := range k.arrived.from(math.MaxInt) {
			t.Seq = max(t.Seq, r.Seq)
			if r.Removal.State != forum.Visible {
				continue
			}
			if t.Replies == 0 {
				t.ActiveAt, t.LastBy = r.CreatedAt, r.By
			}
			t.Replies++
		}
	})
}

// Topic implements [forum.Store].
func (f *forumStore) Topic(ctx context.Context, id forum.TopicID) (forum.Topic, error) {
	const op = "forum.Topic"
	st, err := f.s.enter(ctx)
	if err != nil {
		return forum.Topic{}, failed(op, err)
	}
	defer f.s.leave()
	k, ok := st.topics.get(idOf(id))
	if !ok {
		return forum.Topic{}, failed(op, storage.ErrNotFound)
	}
	return *k.topic, nil
}

// topicCursor is the place of a topic in a list.
type topicCursor struct {
	P  bool  // pinned, on a board
	At int64 // microseconds
	ID forum.TopicID
}

// topicList names the list of a query: boards have lists of their own, since
// they order by pins.
func topicList(q forum.TopicQuery) string {
	if q.Board.IsZero() {
		return "forum.topics"
	}
	return "forum.topics/" + q.Board.String()
}

// Topics implements [forum.Store].
func (f *forumStore) Topics(ctx context.Context, q forum.TopicQuery) (storage.Page[forum.Listed], error) {
	return read(ctx, f.s, "forum.Topics", func(st *state) (storage.Page[forum.Listed], error) { return st.topicPage(q) })
}

func (st *state) topicPage(q forum.TopicQuery) (page storage.Page[forum.Listed], err error) {
	after := rank{at: math.MaxInt64, id: last}
	if q.After != "" {
		var c topicCursor
		if err := storage.DecodeCursor(topicList(q), q.After, &c); err != nil {
			return page, err
		}
		after = rank{unpinned: !c.P, at: c.At, id: idOf(c.ID)}
	}
	var reader reader
	if !q.Reader.IsZero() {
		reader = st.reader(q.Reader)
	} else if q.Following || q.Unread {
		return page, nil // by nobody
	}
	limit := storage.Limit(q.Limit)
	for t := range st.topicsAfter(q, after) {
		if !matches(q, t) {
			continue
		}
		l := forum.Listed{}
		if !q.Reader.IsZero() {
			l.Mark, l.Unread, l.New = reader.of(t)
			if q.Unread && !l.New {
				continue
			}
		}
		if len(page.Items) == limit {
			end := page.Items[limit-1]
			page.Next = storage.EncodeCursor(topicList(q), topicCursor{!q.Board.IsZero() && end.Pin != forum.NotPinned, end.ActiveAt.UnixMicro(), end.ID})
			break
		}
		l.Topic = *t
		l.Body = ""
		page.Items = append(page.Items, l)
	}
	return page, nil
}

// topicsAfter yields, in the order of a query and after a place in it, at least
// the topics that match.
func (st *state) topicsAfter(q forum.TopicQuery, after rank) iter.Seq[*forum.Topic] {
	ls := &st.lists[shown]
	if q.Removed {
		ls = &st.lists[gone]
	}
	board := !q.Board.IsZero()
	if !board || q.Announced {
		after.unpinned = false
	}
	var l list
	switch {
	case q.Following:
		return st.followed(q, after)
	case q.Announced:
		l = ls.announced
	case board:
		l, after.scope = ls.onBoard, idOf(q.Board)
	case !q.Author.IsZero():
		l, after.scope = ls.byAuthor, idOf(q.Author)
	case !q.Area.IsZero():
		l, after.scope = ls.inArea, idOf(q.Area)
	default:
		l = ls.everywhere
	}
	return func(yield func(*forum.Topic) bool) {
		for k, t := range l.from(after) {
			if k.scope != after.scope {
				return
			}
			if k != after && !yield(t) {
				return
			}
		}
	}
}

// followed yields what the reader follows, which is all there is to look at.
func (st *state) followed(q forum.TopicQuery, after rank) iter.Seq[*forum.Topic] {
	return func(yield func(*forum.Topic) bool) {
		user := idOf(q.Reader)
		type placed struct {
			k rank
			t *forum.Topic
		}
		var found []placed
		for k, m := range st.marks.from(pair{a: user}) {
			if k.a != user {
				break
			}
			if m.Follow != forum.Following {
				continue
			}
			talk, _ := st.topics.get(k.b)
			t := talk.topic
			at := rank{at: t.ActiveAt.UnixMicro(), id: k.b, unpinned: !q.Board.IsZero() && t.Pin == forum.NotPinned}
			if after.before(at) && t.MergedInto.IsZero() && t.Removal.State != forum.Held && q.Removed == (t.Removal.State != forum.Visible) {
				found = append(found, placed{at, t})
			}
		}
		slices.SortFunc(found, func(a, b placed) int {
			if a.k.before(b.k) {
				return -1
			}
			return 1
		})
		for _, p := range found {
			if !yield(p.t) {
				return
			}
		}
	}
}

func matches(q forum.TopicQuery, t *forum.Topic) bool {
	return (q.Board.IsZero() || q.Board == t.Board) &&
		(q.Area.IsZero() || q.Area == t.Area) &&
		(q.Author.IsZero() || q.Author == t.By.User) &&
		(!q.Announced || t.Pin == forum.Announced) &&
		q.Reach.Covers(t.Area, t.Audience)
}

// reader is what is needed to tell what somebody has not read.
type reader struct {
	st   *state
	id   id
	user auth.UserID
	all  time.Time // of their last MarkAllRead
}

func (st *state) reader(user auth.UserID) reader {
	all, _ := st.readAll.get(idOf(user))
	return reader{st, idOf(user), user, all}
}

// of returns the reader's mark of a topic, how many replies are unread, and
// whether it is new; see [forum.Listed].
func (r reader) of(t *forum.Topic) (m forum.Mark, unread int, isNew bool) {
	topic := idOf(t.ID)
	if row, ok := r.st.marks.get(pair{r.id, topic}); ok {
		m = *row
	}
	talk, _ := r.st.topics.get(topic)
	for _, reply := range talk.arrived.from(math.MaxInt) {
		if reply.Seq <= m.Read || unread == forum.UnreadCap {
			break
		}
		if reply.Removal.State == forum.Visible && reply.By.User != r.user && reply.CreatedAt.After(r.all) {
			unread++
		}
	}
	isNew = unread > 0 || !m.Opened && t.By.User != r.user && t.CreatedAt.After(r.all)
	return m, unread, isNew
}
