// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

var cursorPromises = []promise{
	{"Cursor/Tampered", "a cursor that was changed, in any byte, is refused with ErrInvalid", false, of(listings, cursorTampered)},
	{"Cursor/OtherList", "a cursor of another list is refused with ErrInvalid", false, of(listings, cursorOtherList)},
	{"Cursor/Hostile", "what never was a cursor is refused with ErrInvalid", false, of(listings, cursorHostile)},
	{"Cursor/End", "the last page has no cursor, also when it is full", false, cursorEnd},
	{"Cursor/Again", "the same cursor gives the same page again", false, of(listings, cursorAgain)},
	{"Cursor/Reach", "a cursor opens nothing: wherever a list starts, it is filtered by the reach of who reads", false, cursorReach},
	{"Cursor/Gone", "a cursor still marks its place when the item that it was made at is gone from the list", false, cursorGone},
}

// of makes a check of lists a promise of these.
func of(lists func(*testing.T, community.Store) []listing, check func(*testing.T, community.Store, []listing)) func(*testing.T, community.Store) {
	return func(t *testing.T, s community.Store) { check(t, s, lists(t, s)) }
}

// A listing is one of a store's lists, read from a cursor.
type listing struct {
	name string
	read func(f forum.Store, after storage.Cursor) (items int, next storage.Cursor, err error)
}

// listings prepares all lists, each of more than one page.
func listings(t *testing.T, s community.Store) []listing {
	t.Helper()
	d := newDesk(t, s)
	boards := []forum.Board{d.board, d.newBoard(d.board.Area, forum.BoardID{})}
	d.do(forum.InsertBoard{Board: boards[1]})
	me := []auth.UserID{newUser(), newUser()}
	var topics []forum.Topic
	for i := range 16 {
		topic := d.newTopic()
		topic.Board, topic.By.User = boards[i%2].ID, me[i/2%2]
		if i%3 == 0 {
			topic.Pin = forum.Pinned
		}
		d.do(forum.InsertTopic{Topic: topic})
		topics = append(topics, topic)
	}
	for _, topic := range topics[:2] {
		d.grow(topic.ID, 8)
		var changes []storage.Change
		for range storage.MaxLimit + 20 {
			changes = append(changes, forum.ReadTo{User: newUser(), Topic: topic.ID})
		}
		d.do(changes...)
	}
	ofTopics := func(name string, q forum.TopicQuery) listing {
		q.Reach, q.Limit = everything, 3
		return listing{"topics " + name, func(f forum.Store, after storage.Cursor) (int, storage.Cursor, error) {
			q.After = after
			page, err := f.Topics(ctx, q)
			return len(page.Items), page.Next, err
		}}
	}
	d.holds(60, nil)
	all := []listing{{"held", func(f forum.Store, after storage.Cursor) (int, storage.Cursor, error) {
		page, err := f.Held(ctx, forum.HeldQuery{Reach: everything, After: after, Limit: 3})
		return len(page.Items), page.Next, err
	}}}
	all = append(all, ofTopics("all", forum.TopicQuery{}))
	for i := range 2 {
		all = append(all, ofTopics(fmt.Sprint("of board ", i), forum.TopicQuery{Board: boards[i].ID}))
		for _, newest := range []bool{false, true} {
			all = append(all, listing{fmt.Sprint("thread ", i, " newest ", newest), func(f forum.Store, after storage.Cursor) (int, storage.Cursor, error) {
				thread, err := f.Thread(ctx, forum.ThreadQuery{Topic: topics[i].ID, Newest: newest, After: after, Limit: 3})
				return len(thread.Replies.Items), thread.Replies.Next, err
			}})
		}
		all = append(all, listing{fmt.Sprint("followers ", i), func(f forum.Store, after storage.Cursor) (int, storage.Cursor, error) {
			page, err := f.Followers(ctx, topics[i].ID, after)
			return len(page.Items), page.Next, err
		}}, listing{fmt.Sprint("written ", i), func(f forum.Store, after storage.Cursor) (int, storage.Cursor, error) {
			page, err := f.Written(ctx, forum.WrittenQuery{User: me[i], After: after, Limit: 3})
			return len(page.Items), page.Next, err
		}})
	}
	return all
}

// next returns the cursor of a list's second page.
func (l listing) next(t *testing.T, f forum.Store) storage.Cursor {
	t.Helper()
	n, next, err := l.read(f, "")
	must(t, err)
	if n == 0 || next == "" {
		t.Fatalf("%s: %d items and no second page", l.name, n)
	}
	return next
}

// refused checks that a cursor is.
func (l listing) refused(t *testing.T, f forum.Store, c storage.Cursor) {
	t.Helper()
	if n, _, err := l.read(f, c); err == nil {
		t.Errorf("%s: cursor %q was taken, and gave %d items", l.name, c, n)
	} else {
		is(t, err, storage.ErrInvalid)
	}
}

func cursorTampered(t *testing.T, s community.Store, all []listing) {
	for _, l := range all {
		t.Run(l.name, func(t *testing.T) {
			f, good := s.Forum(), string(l.next(t, s.Forum()))
			for i := range len(good) {
				for _, c := range []byte{good[i] ^ 1, good[i] ^ 2, good[i] ^ 0x20, 'A', '-', '\n', '=', 0, 0xff} {
					if c != good[i] {
						l.refused(t, f, storage.Cursor(good[:i]+string(c)+good[i+1:]))
					}
				}
				l.refused(t, f, storage.Cursor(good[:i]+good[i+1:]))
				l.refused(t, f, storage.Cursor(good[:i]+"A"+good[i:]))
				l.refused(t, f, storage.Cursor(good[:i]+"\n"+good[i:]))
				if i > 0 {
					l.refused(t, f, storage.Cursor(good[:i]))
				}
			}
			for _, more := range []string{"A", "=", "==", "\n", " ", "\x00", good} {
				l.refused(t, f, storage.Cursor(good+more))
				l.refused(t, f, storage.Cursor(more+good))
			}
			l.refused(t, f, storage.Cursor(strings.ToUpper(good)))
			n, _, err := l.read(f, storage.Cursor(good))
			must(t, err)
			if n == 0 {
				t.Error("the good one gives nothing")
			}
		})
	}
}

func cursorOtherList(t *testing.T, s community.Store, all []listing) {
	for _, from := range all {
		c := from.next(t, s.Forum())
		for _, to := range all {
			if from.name != to.name {
				t.Run(from.name+" for "+to.name, func(t *testing.T) { to.refused(t, s.Forum(), c) })
			}
		}
	}
}

func cursorHostile(t *testing.T, s community.Store, all []listing) {
	for _, newest := range []bool{false, true} { // whether or not the topic is there
		_, err := s.Forum().Thread(ctx, forum.ThreadQuery{Topic: storage.NewID[forum.Topic](), After: "!", Newest: newest})
		is(t, err, storage.ErrInvalid)
	}
	for _, l := range all {
		t.Run(l.name, func(t *testing.T) {
			for _, c := range append([]string{"!", "0", "AAAA", "AAAAAA", "e30", "bnVsbA", "null", "{}", "\x00", strings.Repeat("A", 10), strings.Repeat("A", 100_000)}, hostile[1:]...) {
				l.refused(t, s.Forum(), storage.Cursor(c))
			}
			// Sealed as it should be, with a key that no list has.
			for _, key := range []any{nil, 1, "x", []string{"a", "b", "c", "d"}, map[string]any{"x": 1}} {
				for _, name := range []string{"", "topics", "forum.Topics", l.name} {
					c := storage.EncodeCursor(name, key)
					if _, _, err := l.read(s.Forum(), c); err != nil {
						is(t, err, storage.ErrInvalid)
					}
				}
			}
		})
	}
}

func cursorEnd(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	topic := d.start()
	for range 5 {
		d.start()
	}
	d.grow(topic.ID, 6)
	for limit, more := range map[int]bool{5: true, 6: false, 7: false} {
		same(t, got(d.f.Topics(ctx, forum.TopicQuery{Reach: everything, Limit: limit}))(t).Next != "", more)
		same(t, got(d.f.Thread(ctx, forum.ThreadQuery{Topic: topic.ID, Limit: limit}))(t).Replies.Next != "", more)
		same(t, got(d.f.Thread(ctx, forum.ThreadQuery{Topic: topic.ID, Limit: limit, Newest: true}))(t).Replies.Next != "", more)
	}
}

func cursorAgain(t *testing.T, s community.Store, all []listing) {
	for _, l := range all {
		t.Run(l.name, func(t *testing.T) {
			f := s.Forum()
			c := l.next(t, f)
			same(t, l.next(t, f), c)
			n, next, err := l.read(f, c)
			must(t, err)
			n2, next2, err := l.read(f, c)
			must(t, err)
			same(t, n2, n)
			same(t, next2, next)
		})
	}
}

func cursorReach(t *testing.T, s community.Store) {
	sh := newShelf(t, s)
	q := forum.TopicQuery{Reach: everything, Limit: 3}
	page := got(sh.f.Topics(ctx, q))(t)
	q.After, q.Reach = page.Next, auth.Reach{Floor: auth.Public}
	for _, l := range sh.walk(q) {
		if l.Audience != auth.Public {
			t.Fatalf("a cursor opened a topic promised to %d", l.Audience)
		}
	}
	q.Reach = auth.Reach{}
	same(t, len(sh.walk(q)), 0)
}

func cursorGone(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	var want []forum.TopicID
	for range 9 {
		want = append([]forum.TopicID{d.start().ID}, want...)
	}
	q := forum.TopicQuery{Reach: everything, Limit: 3}
	page := got(d.f.Topics(ctx, q))(t)
	last := d.topic(page.Items[2].ID)
	last.Removal.State = forum.Hidden
	d.do(forum.UpdateTopic{Topic: last})
	q.After = page.Next
	same(t, d.listedIDs(q), want[3:])
}
