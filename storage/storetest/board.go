// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

var boardPromises = []promise{
	{"Board/NotFound", "a board that is not there is ErrNotFound, read or updated", false, boardNotFound},
	{"Board/Exists", "a board is inserted once", false, boardExists},
	{"Board/Parent", "a board stands below one that is there", false, boardParent},
	{"Board/Conflict", "an update of a version that is not current is ErrConflict and changes nothing", false, boardConflict},
	{"Board/At", "BoardAt holds what goes with it to a version, and changes nothing", false, boardAt},
	{"Boards/Order", "the boards of an area come with what is below each right after it, siblings by position, name and id", false, boardOrder},
	{"Boards/Orphans", "a board whose parent is out of reach is listed as if it stood at the top", false, boardOrphans},
	{"Boards/Area", "a list of boards is of its area alone", false, boardArea},
	{"Boards/Moves", "a board that has gone to another area or parent is listed there, and there only", false, boardMoves},
	{"Boards/Reach", "a list of boards has those within reach and no other", false, boardReach},
	{"Boards/Counts", "a board counts the topics within reach that are not removed, and knows the last active of them", false, boardCounts},
	{"Boards/Unread", "a board counts what is new to the reader among its last active topics", false, boardUnread},
	{"Boards/Caps", "counts of boards stop where the forum says, pinned topics or not", false, boardCaps},
}

// everything is the reach of whoever may list all there is.
var everything = auth.Everything

// everyBoard asks for all boards of an area and counts everything.
func everyBoard(area auth.AreaID) forum.BoardQuery {
	return forum.BoardQuery{Area: area, See: everything, Read: everything}
}

func (d *desk) boards(q forum.BoardQuery) []forum.BoardListed {
	d.Helper()
	return got(d.f.Boards(ctx, q))(d.T)
}

func boardNotFound(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	_, err := d.f.Board(ctx, storage.NewID[forum.Board]())
	is(t, err, storage.ErrNotFound)
	_, err = d.f.Board(ctx, forum.BoardID{})
	is(t, err, storage.ErrNotFound)
	d.fails(storage.ErrNotFound, forum.UpdateBoard{Board: d.newBoard(auth.Commons, forum.BoardID{})})
	same(t, len(d.boards(everyBoard(newArea()))), 0)
}

func boardExists(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	again := d.newBoard(newArea(), forum.BoardID{})
	again.ID = d.board.ID
	d.fails(storage.ErrExists, forum.InsertBoard{Board: again})
	same(t, got(d.f.Board(ctx, d.board.ID))(t), d.board)
}

func boardParent(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	orphan := d.newBoard(auth.Commons, storage.NewID[forum.Board]())
	d.fails(storage.ErrNotFound, forum.InsertBoard{Board: orphan})
	_, err := d.f.Board(ctx, orphan.ID)
	is(t, err, storage.ErrNotFound)
	moved := d.board
	moved.Parent = orphan.Parent
	d.fails(storage.ErrNotFound, forum.UpdateBoard{Board: moved})
	same(t, got(d.f.Board(ctx, d.board.ID))(t), d.board)
}

func boardConflict(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	for _, version := range []int{0, 2, -1} {
		stale := d.board
		stale.Version, stale.Name = version, "stale"
		d.fails(storage.ErrConflict, forum.UpdateBoard{Board: stale})
	}
	same(t, got(d.f.Board(ctx, d.board.ID))(t), d.board)
	d.do(forum.UpdateBoard{Board: d.board})
	d.fails(storage.ErrConflict, event(1), forum.UpdateBoard{Board: d.board})
	same(t, got(d.f.Board(ctx, d.board.ID))(t).Version, 2)
}

func boardAt(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	d.do(forum.BoardAt{Board: d.board.ID, Version: 1}, event(1), forum.BoardAt{Board: d.board.ID, Version: 1})
	same(t, got(d.f.Board(ctx, d.board.ID))(t), d.board)
	for _, version := range []int{0, 2, -1} {
		d.fails(storage.ErrConflict, event(2), forum.BoardAt{Board: d.board.ID, Version: version})
	}
	d.fails(storage.ErrNotFound, event(3), forum.BoardAt{Board: storage.NewID[forum.Board](), Version: 1})
	d.do(forum.UpdateBoard{Board: d.board}, forum.BoardAt{Board: d.board.ID, Version: 2})
	d.fails(storage.ErrConflict, event(4), forum.BoardAt{Board: d.board.ID, Version: 1})
	same(t, len(claims(t, s)), 1)
}

func boardOrder(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	area := newArea()
	var all []forum.Board
	insert := func(parent forum.BoardID, position int, name string) forum.BoardID {
		b := d.newBoard(area, parent)
		b.Position, b.Name = position, name
		d.do(forum.InsertBoard{Board: b})
		all = append(all, b)
		return b.ID
	}
	for _, position := range []int{2, -1, 0} {
		for _, name := range []string{"b", "B", "a", "à", "z", "a b", "ab", "aB", "", "É", "1", "10", "2", "_", "同"} {
			top := insert(forum.BoardID{}, position, name)
			if name == "a" || name == "" {
				below := insert(top, 1, "x")
				insert(top, 0, "y")
				insert(below, 5, "z")
				insert(below, 5, "z") // alike in everything: by id
				insert(below, 5, "y")
			}
		}
	}
	same(t, d.boardIDs(everyBoard(area)), inTreeOrder(all))
}

func (d *desk) boardIDs(q forum.BoardQuery) (ids []forum.BoardID) {
	d.Helper()
	for _, b := range d.boards(q) {
		ids = append(ids, b.ID)
	}
	return ids
}

// inTreeOrder returns boards in the order of a list; those whose parent is not
// among them at the top.
func inTreeOrder(all []forum.Board) (ids []forum.BoardID) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b forum.Board) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Name, b.Name), a.ID.Compare(b.ID))
	})
	there := map[forum.BoardID]bool{}
	for _, b := range all {
		there[b.ID] = true
	}
	var add func(parent forum.BoardID)
	add = func(parent forum.BoardID) {
		for _, b := range all {
			if b.Parent == parent || parent.IsZero() && !there[b.Parent] {
				ids = append(ids, b.ID)
				add(b.ID)
			}
		}
	}
	add(forum.BoardID{})
	return ids
}

func boardOrphans(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	area := newArea()
	var all []forum.Board
	for i := range 24 {
		b := d.newBoard(area, forum.BoardID{})
		b.Position, b.Audience = i*7%5, auth.Audience(1+i*5%3)
		if i > 2 {
			b.Parent = all[i*i%len(all)].ID
		}
		d.do(forum.InsertBoard{Board: b})
		all = append(all, b)
	}
	for floor := auth.AreaMembers; floor <= auth.Public; floor++ {
		seen := slices.DeleteFunc(slices.Clone(all), func(b forum.Board) bool { return b.Audience < floor })
		same(t, d.boardIDs(forum.BoardQuery{Area: area, See: auth.Reach{Floor: floor}, Read: everything}), inTreeOrder(seen))
	}
}

func boardArea(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	area := newArea()
	b := d.newBoard(area, forum.BoardID{})
	d.do(forum.InsertBoard{Board: b})
	same(t, d.boards(everyBoard(area)), []forum.BoardListed{{Board: b}})
	same(t, d.boards(everyBoard(auth.Commons)), []forum.BoardListed{{Board: d.board}})
}

func boardMoves(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	here, there := newArea(), newArea()
	top, other := d.newBoard(here, forum.BoardID{}), d.newBoard(here, forum.BoardID{})
	other.Position = 1
	below := d.newBoard(here, top.ID)
	d.do(forum.InsertBoard{Board: top}, forum.InsertBoard{Board: other}, forum.InsertBoard{Board: below})
	check := func(area auth.AreaID, want ...forum.BoardID) {
		t.Helper()
		same(t, d.boardIDs(everyBoard(area)), want)
	}
	check(here, top.ID, below.ID, other.ID)
	below.Parent = other.ID
	d.do(forum.UpdateBoard{Board: below})
	check(here, top.ID, other.ID, below.ID)
	other.Area = there
	d.do(forum.UpdateBoard{Board: other})
	check(here, top.ID, below.ID) // whose parent is not among them
	check(there, other.ID)
	other.Area, other.Version = here, 2
	d.do(forum.UpdateBoard{Board: other})
	check(here, top.ID, other.ID, below.ID)
	check(there)
}

// reaches are kinds of reach, over two areas.
func reaches(here, there auth.AreaID) []auth.Reach {
	var many []auth.AreaID
	for range 300 {
		many = append(many, newArea())
	}
	return []auth.Reach{
		{}, {Floor: 1}, {Floor: 2}, {Floor: 3}, {Floor: 4}, {Floor: 255},
		{Areas: []auth.AreaID{here}}, {Areas: []auth.AreaID{there}}, {Areas: []auth.AreaID{here, there, here}},
		{Floor: 2, Areas: []auth.AreaID{here}}, {Floor: 3, Areas: []auth.AreaID{there, newArea()}}, {Floor: 4, Areas: []auth.AreaID{there}},
		{Areas: []auth.AreaID{{}}}, {Areas: []auth.AreaID{newArea()}}, {Areas: many}, {Areas: append(slices.Clone(many), here)},
		{Floor: 3, Areas: append(slices.Clone(many), here, there)},
	}
}

func boardReach(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	here, there := newArea(), newArea()
	var all []forum.Board
	for _, area := range []auth.AreaID{here, there} {
		for audience := auth.AreaMembers; audience <= auth.Public; audience++ {
			b := d.newBoard(area, forum.BoardID{})
			b.Audience, b.Position = audience, int(audience)
			d.do(forum.InsertBoard{Board: b})
			all = append(all, b)
		}
	}
	for _, see := range reaches(here, there) {
		for _, area := range []auth.AreaID{here, there} {
			var want []forum.BoardListed
			for _, b := range all {
				if b.Area == area && see.Covers(b.Area, b.Audience) {
					want = append(want, forum.BoardListed{Board: b})
				}
			}
			same(t, d.boards(forum.BoardQuery{Area: area, See: see, Read: everything}), want)
		}
	}
}

func boardCounts(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	empty := d.newBoard(d.board.Area, d.board.ID)
	d.do(forum.InsertBoard{Board: empty})
	here, there := d.board.Area, newArea()
	var all []forum.Topic
	for i := range 12 {
		topic := d.newTopic()
		topic.Audience = auth.Audience(i%3 + 1)
		if i%4 == 3 {
			topic.Area = there
		}
		switch i {
		case 2, 6:
			topic.Removal = forum.Removal{State: forum.Deleted, At: at(1)}
		case 5:
			topic.Removal = forum.Removal{State: forum.Hidden, At: at(1)}
		case 9:
			topic.MergedInto = all[0].ID
		}
		topic.ActiveAt = at(100 + i*7%12)
		d.do(forum.InsertTopic{Topic: topic})
		all = append(all, topic)
	}
	for _, read := range reaches(here, there) {
		want := []forum.BoardListed{{Board: d.board}, {Board: empty}}
		for _, topic := range all {
			if topic.Removal.State == forum.Visible && topic.MergedInto.IsZero() && read.Covers(topic.Area, topic.Audience) {
				want[0].Topics++
				if topic.ActiveAt.After(want[0].ActiveAt) {
					want[0].ActiveAt = topic.ActiveAt
				}
			}
		}
		same(t, d.boards(forum.BoardQuery{Area: here, See: everything, Read: read}), want)
	}
}

func boardUnread(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	me := newUser()
	q := everyBoard(d.board.Area)
	q.Reader = me
	check := func(what string, want int) {
		t.Helper()
		if got := d.boards(q)[0].Unread; got != want {
			t.Errorf("%s: %d unread, want %d", what, got, want)
		}
	}
	check("no topic", 0)
	topic := d.start()
	check("a topic never opened", 1)
	mine := d.newTopic()
	mine.By.User, mine.LastBy.User = me, me
	d.do(forum.InsertTopic{Topic: mine})
	check("one's own is not new", 1)
	d.do(forum.ReadTo{User: me, Topic: topic.ID})
	check("opened", 0)
	d.reply(mine.ID, forum.Reply{})
	check("one's own, answered", 1)
	d.do(forum.MarkAllRead{User: me, At: d.tick()})
	check("all read", 0)
	d.start()
	d.reply(topic.ID, forum.Reply{})
	check("a new one and an answer", 2)
	q.Reader = newUser()
	check("somebody else", 3)
	q.Reader = auth.UserID{}
	check("nobody", 0)
	q.Reader, q.Read = me, auth.Reach{}
	check("out of reach", 0)
}

func boardCaps(t *testing.T, s community.Store) {
	d := newDesk(t, s)
	var changes []storage.Change
	for range forum.TopicsCap + 1 {
		changes = append(changes, forum.InsertTopic{Topic: d.newTopic()})
	}
	// Two are pinned, which changes nothing here: they are the oldest but for
	// one, as old as the last that is looked at, with a lesser id.
	for i, active := range []time.Time{at(1), changes[len(changes)-forum.UnreadCap].(forum.InsertTopic).Topic.ActiveAt} {
		c := changes[i].(forum.InsertTopic)
		c.Topic.Pin, c.Topic.ActiveAt = forum.Pinned, active
		changes[i] = c
	}
	d.do(changes...)
	q := everyBoard(d.board.Area)
	q.Reader = newUser()
	same(t, d.boards(q), []forum.BoardListed{{Board: d.board, Topics: forum.TopicsCap, Unread: forum.UnreadCap, ActiveAt: at(d.now)}})
	// Only the last active count as unread: the reader opens those, and the
	// others, which are new as well, are not looked at.
	last := changes[len(changes)-forum.UnreadCap:]
	var opened []storage.Change
	for _, c := range last {
		opened = append(opened, forum.ReadTo{User: q.Reader, Topic: c.(forum.InsertTopic).Topic.ID})
	}
	d.do(opened...)
	same(t, d.boards(q)[0].Unread, 0)
}
