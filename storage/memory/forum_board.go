// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

func (st *state) insertBoard(b forum.Board) error {
	if st.boards.has(idOf(b.ID)) {
		return storage.ErrExists
	}
	return st.putBoard(b)
}

func (st *state) updateBoard(b forum.Board) error {
	old, ok := st.boards.get(idOf(b.ID))
	if !ok {
		return storage.ErrNotFound
	}
	if old.Version != b.Version {
		return storage.ErrConflict
	}
	b.CreatedAt = old.CreatedAt
	b.Version++
	if err := st.putBoard(b); err != nil {
		return err
	}
	if old.Area != b.Area {
		st.boardsIn.drop(st.era, pair{idOf(old.Area), idOf(old.ID)})
	}
	return nil
}

func (st *state) boardAt(c forum.BoardAt) error {
	b, ok := st.boards.get(idOf(c.Board))
	if !ok {
		return storage.ErrNotFound
	}
	if b.Version != c.Version {
		return storage.ErrConflict
	}
	return nil
}

func (st *state) putBoard(b forum.Board) error {
	if !b.Parent.IsZero() && !st.boards.has(idOf(b.Parent)) {
		return storage.ErrNotFound
	}
	b.CreatedAt = instant(b.CreatedAt)
	st.boards.put(st.era, idOf(b.ID), &b)
	st.boardsIn.put(st.era, pair{idOf(b.Area), idOf(b.ID)}, &b)
	return nil
}

// Board implements [forum.Store].
func (f *forumStore) Board(ctx context.Context, id forum.BoardID) (forum.Board, error) {
	return read(ctx, f.s, "forum.Board", func(st *state) (forum.Board, error) { return row(st.boards, idOf(id)) })
}

// Boards implements [forum.Store].
func (f *forumStore) Boards(ctx context.Context, q forum.BoardQuery) ([]forum.BoardListed, error) {
	return read(ctx, f.s, "forum.Boards", func(st *state) ([]forum.BoardListed, error) { return st.boardList(q), nil })
}

func (st *state) boardList(q forum.BoardQuery) []forum.BoardListed {
	seen := map[forum.BoardID]bool{}
	var boards []*forum.Board
	area := idOf(q.Area)
	for k, b := range st.boardsIn.from(pair{a: area}) {
		if k.a != area {
			break
		}
		if q.See.Covers(b.Area, b.Audience) {
			seen[b.ID] = true
			boards = append(boards, b)
		}
	}
	slices.SortFunc(boards, func(a, b *forum.Board) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), strings.Compare(a.Name, b.Name), a.ID.Compare(b.ID))
	})
	below := map[forum.BoardID][]*forum.Board{} // the zero one: the top
	for _, b := range boards {
		parent := b.Parent
		if !seen[parent] {
			parent = forum.BoardID{}
		}
		below[parent] = append(below[parent], b)
	}
	var out []forum.BoardListed
	var list func(forum.BoardID)
	list = func(parent forum.BoardID) {
		for _, b := range below[parent] {
			out = append(out, st.boardListed(b, q))
			list(b.ID)
		}
	}
	list(forum.BoardID{})
	return out
}

// boardListed counts what can be read on a board.
func (st *state) boardListed(b *forum.Board, q forum.BoardQuery) forum.BoardListed {
	l := forum.BoardListed{Board: *b}
	var recent []*forum.Topic
	for _, unpinned := range []bool{false, true} {
		n := 0
		start := rank{scope: idOf(b.ID), unpinned: unpinned, at: math.MaxInt64, id: last}
		for k, t := range st.lists[shown].onBoard.from(start) {
			if k.scope != start.scope || k.unpinned != unpinned || n >= forum.TopicsCap {
				break
			}
			if !q.Read.Covers(t.Area, t.Audience) {
				continue
			}
			if n < forum.UnreadCap {
				recent = append(recent, t)
			}
			n++
		}
		l.Topics = min(l.Topics+n, forum.TopicsCap)
	}
	slices.SortFunc(recent, func(a, b *forum.Topic) int {
		return cmp.Or(b.ActiveAt.Compare(a.ActiveAt), b.ID.Compare(a.ID))
	})
	if len(recent) > 0 {
		l.ActiveAt = recent[0].ActiveAt
	}
	if q.Reader == (auth.UserID{}) {
		return l
	}
	reader := st.reader(q.Reader)
	for _, t := range recent[:min(len(recent), forum.UnreadCap)] {
		if _, _, isNew := reader.of(t); isNew {
			l.Unread++
		}
	}
	return l
}
