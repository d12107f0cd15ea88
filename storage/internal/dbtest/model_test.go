// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// TestModel runs random operations against an SQL store and against memory,
// and compares all that they answer, errors included.
func TestModel(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) community.Store{"SQLite": SQLite, "PostgreSQL": Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database, model := open(t), community.Store(memory.New())
			rapid.Check(t, func(t *rapid.T) {
				m := newMachine(t)
				for range rapid.IntRange(1, 40).Draw(t, "steps") {
					op := m.step()
					got, want := op.run(context.Background(), database), op.run(context.Background(), model)
					if got != want {
						t.Fatalf("%s\n%s says %s\nmemory says %s", op.name, name, got, want)
					}
				}
				got, want := m.dump(database), m.dump(model)
				for i := range max(len(got), len(want)) {
					if i >= len(got) || i >= len(want) || got[i] != want[i] {
						t.Fatalf("in the end, line %d\n%s has %s\nmemory has %s", i, name, line(got, i), line(want, i))
					}
				}
			})
		})
	}
}

func line(all []string, i int) string {
	if i < len(all) {
		return all[i]
	}
	return "nothing"
}

// An action is a call with its arguments, which says what came of it in words.
type action struct {
	name string
	run  func(ctx context.Context, s community.Store) string
}

// outcome puts what a call has returned in words that are the same for every
// adapter.
func outcome(v any, err error) string {
	if err == nil {
		return fmt.Sprintf("%+v", v)
	}
	for _, sentinel := range []error{
		storage.ErrNotFound, storage.ErrExists, storage.ErrConflict, storage.ErrInvalid, storage.ErrTxDone, storage.ErrNested, errUndo,
	} {
		if errors.Is(err, sentinel) {
			var e *storage.Error
			errors.As(err, &e)
			if e == nil {
				e = &storage.Error{}
			}
			return fmt.Sprintf("error %v of %s", sentinel, e.Op)
		}
	}
	return "unexpected error " + err.Error()
}

var errUndo = errors.New("undo")

// A machine makes actions out of few objects, so that they meet.
type machine struct {
	t       *rapid.T
	now     time.Time
	n       int
	areas   []auth.AreaID
	users   []auth.UserID
	boards  []forum.BoardID
	topics  []forum.TopicID
	replies []forum.ReplyID
	events  []storage.EventID
	places  []string
}

func ids[T any](n int) []storage.ID[T] {
	var all []storage.ID[T]
	for range n {
		all = append(all, storage.NewID[T]())
	}
	return all
}

func newMachine(t *rapid.T) *machine {
	return &machine{
		t: t, now: time.Date(2026, 3, 1, 10, 0, 0, 1000, time.UTC),
		areas: ids[auth.Area](2), users: ids[auth.User](3), boards: ids[forum.Board](3), topics: ids[forum.Topic](4),
		replies: ids[forum.Reply](10), events: ids[storage.Event](4), places: []string{"a", "B", "à"},
	}
}

func pick[V any](m *machine, what string, from []V) V { return rapid.SampledFrom(from).Draw(m.t, what) }

func (m *machine) number(what string, most int) int {
	return rapid.IntRange(0, most).Draw(m.t, what)
}
func (m *machine) yes(what string) bool { return rapid.Bool().Draw(m.t, what) }

// tick moves the clock, usually: two things may happen at the same moment.
func (m *machine) tick() time.Time {
	if m.number("pause", 3) > 0 {
		m.now = m.now.Add(time.Duration(1+m.number("seconds", 5)) * time.Second)
	}
	return m.now
}

func (m *machine) by() auth.By {
	by := auth.By{User: pick(m, "user", m.users)}
	if m.yes("for an organisation") {
		by.For = storage.MakeID[auth.Org](by.User.Bytes())
	}
	return by
}

func (m *machine) text() string { return pick(m, "text", []string{"", "a", "B", "à", "'", "testo"}) }

func (m *machine) textState() forum.TextState {
	s := forum.TextState{Revision: 1 + m.number("revision", 2)}
	if m.yes("edited") {
		s.EditedAt, s.EditedBy, s.Why, s.AfterReplies = m.now, m.by(), m.text(), m.yes("after replies")
	}
	return s
}

func (m *machine) removal() forum.Removal {
	if m.number("removed", 4) > 0 {
		return forum.Removal{}
	}
	return forum.Removal{State: forum.State(1 + m.number("state", 5)), At: m.now, By: m.by(), Why: m.text()}
}

func (m *machine) post() forum.Post {
	p := forum.Post{Topic: pick(m, "topic", m.topics)}
	if m.yes("a reply") {
		p.Reply = pick(m, "reply", m.replies)
	}
	return p
}

func (m *machine) board() forum.Board {
	b := forum.Board{
		ID: pick(m, "board", m.boards), Area: pick(m, "area", m.areas), Audience: auth.Audience(1 + m.number("audience", 2)),
		Promise: auth.Audience(1 + m.number("promise", 2)), Posting: forum.Posting(m.number("posting", 2)), Name: m.text(),
		Position: m.number("position", 2) - 1, SlowMode: time.Duration(m.number("slow", 2)) * time.Minute,
		Archived: m.yes("archived"), CreatedAt: m.tick(), Version: 1 + m.number("version", 2),
	}
	// Below one that comes before it, and so never below itself.
	if i := slices.Index(m.boards, b.ID); i > 0 && m.yes("below another") {
		b.Parent = m.boards[m.number("parent", i-1)]
	}
	return b
}

func (m *machine) topic() forum.Topic {
	t := forum.Topic{
		ID: pick(m, "topic", m.topics), Board: pick(m, "board", m.boards), Area: pick(m, "area", m.areas),
		Audience: auth.Audience(1 + m.number("audience", 2)), By: m.by(), Title: m.text(), Body: m.text(), CreatedAt: m.tick(),
		Text: m.textState(), Removal: m.removal(), Pin: forum.Pin(m.number("pin", 2)), Locked: m.yes("locked"), Version: 1 + m.number("version", 2),
	}
	if m.number("merged", 9) == 0 {
		t.MergedInto = pick(m, "into", m.topics)
	}
	t.ActiveAt, t.LastBy = t.CreatedAt, t.By
	return t
}

func (m *machine) reply() forum.Reply {
	return forum.Reply{
		ID: pick(m, "reply", m.replies), Topic: pick(m, "topic", m.topics), Depth: 1, By: m.by(), Body: m.text(),
		CreatedAt: m.tick(), Text: m.textState(), FromStaff: m.yes("staff"), Version: 1 + m.number("version", 1),
	}
}

// change draws one of all the changes that there are.
func (m *machine) change() storage.Change {
	m.n++
	topic := func() forum.TopicID { return pick(m, "topic", m.topics) }
	user := func() auth.UserID { return pick(m, "user", m.users) }
	many := []func() storage.Change{
		func() storage.Change { return forum.InsertBoard{Board: m.board()} },
		func() storage.Change { return forum.UpdateBoard{Board: m.board()} },
		func() storage.Change {
			return forum.BoardAt{Board: pick(m, "board", m.boards), Version: 1 + m.number("version", 1)}
		},
		func() storage.Change { return forum.TopicAt{Topic: topic(), Version: 1 + m.number("version", 1)} },
		func() storage.Change {
			return forum.ThreadAt{Topic: topic(), Version: 1 + m.number("version", 1), Seq: m.number("seq", 2), Replies: m.number("replies", 2)}
		},
		func() storage.Change {
			return forum.ReplyAt{Reply: pick(m, "reply", m.replies), Version: 1 + m.number("version", 1)}
		},
		func() storage.Change { return forum.InsertTopic{Topic: m.topic()} },
		func() storage.Change { return forum.UpdateTopic{Topic: m.topic()} },
		func() storage.Change {
			r := m.reply()
			r.Removal = m.removal()
			return forum.UpdateReply{Reply: r}
		},
		func() storage.Change {
			seq := 1000*m.n + m.number("seq", 9) // a number that nobody has
			p := forum.PlaceReply{ID: pick(m, "reply", m.replies), Topic: topic(), Depth: 1, Path: forum.Path("").Below(seq), Seq: seq}
			if m.yes("below") {
				p.Parent, p.Depth, p.Path = pick(m, "parent", m.replies), 2, forum.Path("").Below(1+m.number("above", 3)).Below(seq)
			}
			return p
		},
		func() storage.Change { return forum.Recount{Topic: topic()} },
		func() storage.Change {
			return forum.InsertRevision{Revision: forum.Revision{Post: m.post(), N: 1 + m.number("n", 2), Title: m.text(), Body: m.text(), By: m.by(), At: m.tick(), Why: m.text()}}
		},
		func() storage.Change { return forum.DeleteRevisions{Post: m.post()} },
		func() storage.Change {
			return forum.ReadTo{User: user(), Topic: topic(), Seq: m.number("seq", 6)}
		},
		func() storage.Change {
			return forum.MarkAllRead{User: user(), At: m.now.Add(-time.Duration(m.number("ago", 20)) * time.Second)}
		},
		func() storage.Change {
			return forum.SetFollow{User: user(), Topic: topic(), Follow: forum.Follow(m.number("follow", 2)), Reason: forum.Reason(m.number("reason", 4))}
		},
		func() storage.Change {
			w := forum.Wrote{User: user(), Topic: topic(), At: m.tick(), Reason: forum.Reason(m.number("reason", 4))}
			if m.number("seen", 3) == 0 {
				w.Last = m.now
			}
			return w
		},
		func() storage.Change { return forum.DropMark{User: user(), Topic: topic()} },
		func() storage.Change { return forum.MoveMarks{From: topic(), To: topic()} },
		func() storage.Change {
			return forum.SetMentions{Post: m.post(), Users: m.users[:m.number("mentioned", len(m.users))]}
		},
		func() storage.Change { return forum.InsertReaction{Post: m.post(), User: user(), At: m.tick()} },
		func() storage.Change { return forum.DeleteReaction{Post: m.post(), User: user()} },
		func() storage.Change { return forum.DeleteReactions{Post: m.post()} },
		func() storage.Change {
			return forum.PutDraft{Draft: forum.Draft{User: user(), Place: pick(m, "place", m.places), Title: m.text(), Body: m.text(), At: m.tick(), Version: 1 + m.number("version", 2)}, Most: m.number("most", 2)}
		},
		func() storage.Change { return forum.DeleteDraft{User: user(), Place: pick(m, "place", m.places)} },
		func() storage.Change {
			if m.number("erase", 4) > 0 { // seldom, or there is never much
				return forum.DeleteDraft{User: user(), Place: "a"}
			}
			return forum.EraseUser{User: user()}
		},
		func() storage.Change {
			return storage.Once{Owner: user().Bytes(), Key: pick(m, "key", m.places), Object: uuid.UUID(topic().Bytes()), At: m.tick(), Keep: m.yes("keep")}
		},
		func() storage.Change {
			return auth.NewEvent(forum.EventEdited, m.tick(), m.areas[0], auth.Public, forum.Event{By: m.by(), Topic: topic()})
		},
		func() storage.Change {
			e := auth.NewEvent(forum.EventEdited, m.tick(), m.areas[0], auth.Public, forum.Event{By: m.by(), Topic: topic()})
			e.ID = pick(m, "event", m.events)
			return e
		},
		func() storage.Change {
			settle := community.Settle{Event: pick(m, "event", m.events), Due: m.now}
			if m.yes("left") {
				settle.Left = m.places[:1+m.number("handlers", 1)]
			}
			return settle
		},
		func() storage.Change { return storage.EraseUser{User: uuid.UUID(user().Bytes())} },
	}
	return pick(m, "change", many)()
}

func (m *machine) changes(most int) []storage.Change {
	var all []storage.Change
	for range rapid.IntRange(1, most).Draw(m.t, "changes") {
		all = append(all, m.change())
	}
	if m.number("move", 9) == 0 {
		// Onto a post that has nothing of its own: for others, no store
		// promises anything.
		to := m.post()
		all = append(all, forum.SetMentions{Post: to}, forum.DeleteRevisions{Post: to}, forum.DeleteReactions{Post: to}, forum.MovePost{From: m.post(), To: to})
	}
	return all
}

// step draws the next action: mostly a write, for only writes make what can be
// read.
func (m *machine) step() action {
	switch kind := m.number("kind", 19); {
	case kind < 3:
		return m.foundation()
	case kind < 10:
		changes := m.changes(3)
		return action{fmt.Sprintf("Apply %+v", changes), func(ctx context.Context, s community.Store) string {
			return outcome("done", s.Apply(ctx, changes...))
		}}
	case kind < 14:
		r, with := m.reply(), []storage.Change(nil)
		if m.yes("with") {
			with = m.changes(2)
		}
		seen, above := 1+m.number("seen", 1), forum.Path("")
		if m.yes("below") {
			above = above.Below(1 + m.number("above", 3))
		}
		return action{fmt.Sprintf("InsertReply %+v below %x with %+v", r, above, with), func(ctx context.Context, s community.Store) string {
			r, err := s.Forum().InsertReply(ctx, r, above, seen, with...)
			if len(with) > 0 {
				return outcome("done", err) // what goes with a reply may change it again
			}
			return outcome(r, err)
		}}
	case kind < 16:
		return m.unit(2)
	default:
		return m.read()
	}
}

// foundation lays a board and a topic on it, so that the rest is not in vain.
func (m *machine) foundation() action {
	b, t := m.board(), m.topic()
	b.Version, t.Version, t.Board, t.Area, t.Removal, t.MergedInto, b.Parent = 1, 1, b.ID, b.Area, forum.Removal{}, forum.TopicID{}, forum.BoardID{}
	return action{fmt.Sprintf("foundation %+v %+v", b, t), func(ctx context.Context, s community.Store) string {
		return outcome("done", s.Apply(ctx, forum.InsertBoard{Board: b})) + outcome("done", s.Apply(ctx, forum.InsertTopic{Topic: t}))
	}}
}

// unit draws a unit of work of a few actions, which may be undone.
func (m *machine) unit(depth int) action {
	var inside []action
	for range rapid.IntRange(1, 4).Draw(m.t, "inside") {
		if depth > 0 && m.number("nested", 3) == 0 {
			inside = append(inside, m.unit(depth-1))
			continue
		}
		if m.yes("read") {
			inside = append(inside, m.read())
			continue
		}
		changes := m.changes(2)
		inside = append(inside, action{fmt.Sprintf("Apply %+v", changes), func(ctx context.Context, s community.Store) string {
			return outcome("done", s.Apply(ctx, changes...))
		}})
	}
	undo := m.number("undo", 2) == 0
	var names []string
	for _, a := range inside {
		names = append(names, a.name)
	}
	return action{fmt.Sprintf("unit, undone %v, of\n\t%s", undo, strings.Join(names, "\n\t")), func(ctx context.Context, s community.Store) string {
		var said []string
		err := s.Atomic(ctx, func(ctx context.Context, tx community.Store) error {
			said = nil
			for _, a := range inside {
				said = append(said, a.run(ctx, tx))
			}
			if undo {
				return errUndo
			}
			return nil
		})
		return outcome("done", err) + "\n\t" + strings.Join(said, "\n\t")
	}}
}

func (m *machine) reach() auth.Reach {
	r := auth.Reach{Floor: auth.Audience(m.number("floor", 4))}
	r.Areas = m.areas[:m.number("areas", len(m.areas))]
	return r
}

// topicQuery draws a list of what is here: other rounds left theirs in the
// same store.
func (m *machine) topicQuery() forum.TopicQuery {
	q := forum.TopicQuery{Reach: m.reach(), Limit: 1 + m.number("limit", 5)}
	if m.yes("by area") {
		q.Area = pick(m, "area", m.areas)
	} else {
		q.Reach.Floor = 0
	}
	if m.yes("on a board") {
		q.Board = pick(m, "board", m.boards)
	}
	if m.number("by author", 2) == 0 {
		q.Author = pick(m, "author", m.users)
	}
	q.Announced = m.number("announced", 4) == 0
	q.Removed = m.number("removed", 3) == 0
	if m.yes("reader") {
		q.Reader = pick(m, "reader", m.users)
		q.Following, q.Unread = m.number("following", 3) == 0, m.number("unread", 3) == 0
	}
	return q
}

// walk puts a whole list in words, page by page.
func walk[V any](ctx context.Context, fetch func(storage.Cursor) (storage.Page[V], error)) string {
	var b strings.Builder
	at := storage.Cursor("")
	for range 100 {
		page, err := fetch(at)
		b.WriteString(outcome(page.Items, err) + "|")
		if at = page.Next; at == "" || err != nil {
			return b.String()
		}
	}
	return "a list without end"
}

func (m *machine) read() action {
	topic, user, p, place := pick(m, "topic", m.topics), pick(m, "user", m.users), m.post(), pick(m, "place", m.places)
	board, area, reply, limit := pick(m, "board", m.boards), pick(m, "area", m.areas), pick(m, "reply", m.replies), 1+m.number("limit", 4)
	see, count, query, newest := m.reach(), m.reach(), m.topicQuery(), m.yes("newest")
	if m.yes("no reader") {
		user = auth.UserID{}
	}
	reads := map[string]func(ctx context.Context, s community.Store) string{
		"Board": func(ctx context.Context, s community.Store) string { return outcome(s.Forum().Board(ctx, board)) },
		"Boards": func(ctx context.Context, s community.Store) string {
			return outcome(s.Forum().Boards(ctx, forum.BoardQuery{Area: area, See: see, Read: count, Reader: user}))
		},
		"Topic": func(ctx context.Context, s community.Store) string { return outcome(s.Forum().Topic(ctx, topic)) },
		"Topics": func(ctx context.Context, s community.Store) string {
			return walk(ctx, func(c storage.Cursor) (storage.Page[forum.Listed], error) {
				q := query
				q.After = c
				return s.Forum().Topics(ctx, q)
			})
		},
		"Reply": func(ctx context.Context, s community.Store) string { return outcome(s.Forum().Reply(ctx, reply)) },
		"Thread": func(ctx context.Context, s community.Store) string {
			return walk(ctx, func(c storage.Cursor) (storage.Page[string], error) {
				th, err := s.Forum().Thread(ctx, forum.ThreadQuery{Topic: topic, Reader: user, Moderate: see, Newest: newest, After: c, Limit: limit})
				if len(th.Useful) == 0 {
					th.Useful = map[forum.Post]bool{}
				}
				next := th.Replies.Next
				th.Replies.Next = ""
				return storage.Page[string]{Items: []string{fmt.Sprintf("%+v", th)}, Next: next}, err
			})
		},
		"Place": func(ctx context.Context, s community.Store) string {
			return outcome(s.Forum().Place(ctx, forum.PlaceQuery{Post: p, Reader: user}))
		},
		"Held": func(ctx context.Context, s community.Store) string {
			return walk(ctx, func(c storage.Cursor) (storage.Page[forum.Place], error) {
				return s.Forum().Held(ctx, forum.HeldQuery{Reach: see, After: c, Limit: limit})
			})
		},
		"Held by one": func(ctx context.Context, s community.Store) string {
			return walk(ctx, func(c storage.Cursor) (storage.Page[forum.Place], error) {
				return s.Forum().Held(ctx, forum.HeldQuery{Reach: see, By: user, After: c, Limit: limit})
			})
		},
		"Subtree":   func(ctx context.Context, s community.Store) string { return outcome(s.Forum().Subtree(ctx, topic, "")) },
		"Revisions": func(ctx context.Context, s community.Store) string { return outcome(s.Forum().Revisions(ctx, p)) },
		"Followers": func(ctx context.Context, s community.Store) string {
			return walk(ctx, func(c storage.Cursor) (storage.Page[forum.Mark], error) { return s.Forum().Followers(ctx, topic, c) })
		},
		"ReadAll": func(ctx context.Context, s community.Store) string { return outcome(s.Forum().ReadAll(ctx, user)) },
		"Draft":   func(ctx context.Context, s community.Store) string { return outcome(s.Forum().Draft(ctx, user, place)) },
		"Drafts":  func(ctx context.Context, s community.Store) string { return sorted(s.Forum().Drafts(ctx, user)) },
		"Reactions": func(ctx context.Context, s community.Store) string {
			return sorted(s.Forum().Reactions(ctx, user))
		},
		"Marks": func(ctx context.Context, s community.Store) string { return sorted(s.Forum().Marks(ctx, user)) },
		"Written": func(ctx context.Context, s community.Store) string {
			return walk(ctx, func(c storage.Cursor) (storage.Page[forum.Written], error) {
				return s.Forum().Written(ctx, forum.WrittenQuery{User: user, After: c, Limit: limit})
			})
		},
		"Done": func(ctx context.Context, s community.Store) string { return outcome(s.Done(ctx, user.Bytes(), place)) },
		"Claim": func(ctx context.Context, s community.Store) string {
			return outcome(m.waiting(ctx, s))
		},
	}
	var names []string
	for name := range reads {
		names = append(names, name)
	}
	slices.Sort(names)
	name := pick(m, "read", names)
	return action{fmt.Sprintf("%s topic %v, user %v, post %v, place %q, board %v, area %v, reply %v, limit %d, newest %v, see %v, count %v, %+v",
		name, topic, user, p, place, board, area, reply, limit, newest, see, count, query), reads[name]}
}

// sorted is an outcome in which the order is nobody's promise.
func sorted[V any](all []V, err error) string {
	var lines []string
	for _, v := range all {
		lines = append(lines, fmt.Sprintf("%+v", v))
	}
	slices.Sort(lines)
	return outcome(lines, err)
}

// waiting returns the events that wait and are of this round.
func (m *machine) waiting(ctx context.Context, s community.Store) (mine []community.Delivery, err error) {
	err = s.Atomic(ctx, func(ctx context.Context, tx community.Store) error {
		mine = nil
		all, err := tx.Claim(ctx, m.now.Add(1000*time.Hour), time.Minute, 100_000)
		for _, d := range all {
			if d.Event.Area == m.areas[0].Bytes() {
				mine = append(mine, d)
			}
		}
		if err == nil {
			err = errUndo
		}
		return err
	})
	if errors.Is(err, errUndo) {
		err = nil
	}
	return mine, err
}

// dump puts all that there is of this round in words.
func (m *machine) dump(s community.Store) []string {
	ctx, f := context.Background(), s.Forum()
	var all []string
	add := func(what string, said string) { all = append(all, what+" "+said) }
	for _, id := range m.boards {
		add("board", outcome(f.Board(ctx, id)))
	}
	for _, area := range m.areas {
		for _, user := range m.users {
			add("boards", outcome(f.Boards(ctx, forum.BoardQuery{Area: area, See: auth.Everything, Read: auth.Everything, Reader: user})))
			for _, removed := range []bool{false, true} {
				add("topics", walk(ctx, func(c storage.Cursor) (storage.Page[forum.Listed], error) {
					return f.Topics(ctx, forum.TopicQuery{Reach: auth.Everything, Area: area, Reader: user, Removed: removed, After: c, Limit: 3})
				}))
			}
		}
	}
	for _, id := range m.topics {
		add("topic", outcome(f.Topic(ctx, id)))
		add("subtree", outcome(f.Subtree(ctx, id, "")))
		add("revisions", outcome(f.Revisions(ctx, forum.Post{Topic: id})))
		add("followers", outcome(f.Followers(ctx, id, "")))
		for _, r := range m.replies {
			add("place", outcome(f.Place(ctx, forum.PlaceQuery{Post: forum.Post{Topic: id, Reply: r}, Reader: m.users[0]})))
			add("revisions", outcome(f.Revisions(ctx, forum.Post{Topic: id, Reply: r})))
		}
	}
	for _, id := range m.replies {
		add("reply", outcome(f.Reply(ctx, id)))
	}
	for _, user := range m.users {
		add("marks", sorted(f.Marks(ctx, user)))
		add("drafts", sorted(f.Drafts(ctx, user)))
		add("reactions", sorted(f.Reactions(ctx, user)))
		add("read all", outcome(f.ReadAll(ctx, user)))
		add("written", walk(ctx, func(c storage.Cursor) (storage.Page[forum.Written], error) {
			return f.Written(ctx, forum.WrittenQuery{User: user, After: c, Limit: 3})
		}))
		for _, key := range m.places {
			add("done", outcome(s.Done(ctx, user.Bytes(), key)))
		}
	}
	add("events", outcome(m.waiting(ctx, s)))
	return all
}
