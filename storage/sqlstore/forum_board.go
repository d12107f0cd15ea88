// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// boardColumns, in the order of boardValues and boardFields. The first three
// are those that writes ask about.
var boardColumns = columns{
	"id", "parent", "version", "area", "audience", "promise", "posting", "position",
	"slow_mode", "close_after", "archived", "name", "description", "created_at",
}

func boardValues(b *forum.Board) []any {
	return []any{
		b.ID, b.Parent, b.Version, raw(b.Area), int(b.Audience), int(b.Promise), int(b.Posting), b.Position,
		b.SlowMode, b.CloseAfter, b.Archived, b.Name, b.Description, always(b.CreatedAt),
	}
}

func boardFields(b *forum.Board) []any {
	return []any{
		&b.ID, &b.Parent, (*number)(&b.Version), &b.Area, (*octet)(&b.Audience), (*octet)(&b.Promise), (*octet)(&b.Posting), (*number)(&b.Position),
		(*span)(&b.SlowMode), (*span)(&b.CloseAfter), (*flag)(&b.Archived), (*text)(&b.Name), (*text)(&b.Description), (*moment)(&b.CreatedAt),
	}
}

const parentThere = `({id $2} IS NULL OR EXISTS (SELECT 1 FROM {boards} WHERE id = $2))`

var (
	insertBoard = write{
		query: `INSERT INTO {boards} (` + boardColumns.of("") + `) SELECT ` + numbered(1, len(boardColumns)) + `
			WHERE ` + parentThere + ` ON CONFLICT DO NOTHING`,
		refused: storage.ErrExists,
		seen:    `EXISTS (SELECT 1 FROM {boards} WHERE id = $1) OR ` + parentThere, args: 2,
	}
	updateBoard = write{
		query: `UPDATE {boards} SET ` + boardColumns[3:len(boardColumns)-1].set(4) + `, parent = $2, version = version + 1
			WHERE id = $1 AND version = $3 AND ` + parentThere,
		refused: storage.ErrConflict,
		seen:    `EXISTS (SELECT 1 FROM {boards} WHERE id = $1 AND (version <> $3 OR ` + parentThere + `))`, args: 3,
	}
	boardAt = write{
		query: `SELECT 1 FROM {boards} WHERE id = $1 AND version = $2 {share}`, look: true,
		refused: storage.ErrConflict,
		seen:    `EXISTS (SELECT 1 FROM {boards} WHERE id = $1)`, args: 1,
	}
)

var boardByID = rootBy(`SELECT ` + boardColumns.of("") + ` FROM {boards} WHERE id = $1`)

// Board implements [forum.Store].
func (f forumStore) Board(ctx context.Context, id forum.BoardID) (forum.Board, error) {
	return row(ctx, f.s, "forum.Board", boardFields, f.s.rootText(boardByID), id)
}

// lastActive are the topics of a board b that can be read, the last active
// first: $3 is the floor of the reach, $4 its areas.
var lastActive = "SELECT * FROM (" + lastActiveIn(3) + " UNION ALL " + lastActiveIn(2) + " UNION ALL " + lastActiveIn(1) +
	" ORDER BY active_at DESC, id DESC LIMIT 100) x"

func lastActiveIn(circle int) string {
	return fmt.Sprintf(`{(}SELECT t.id, t.by_user, t.created_at, t.active_at FROM {topics} t
		WHERE t.board = b.id AND t.circle = %[1]d AND ($3 <= %[1]d OR t.area IN {ids $4}){) active_at 100}`, circle)
}

var boardList = `
	SELECT {columns},
		(SELECT count(*) FROM (SELECT 1 FROM {topics} t WHERE t.board = b.id AND t.circle >= $3 LIMIT 1000) x) +
		(SELECT count(*) FROM (SELECT 1 FROM {topics} t WHERE t.board = b.id AND t.circle > 0 AND t.circle < $3 AND t.area IN {ids $4} LIMIT 1000) x),
		(SELECT max(active_at) FROM (` + lastActive + `) t), {unread}
	FROM {boards} b WHERE b.area = $1 AND b.audience >= $2`

var (
	boards    = strings.NewReplacer("{columns}", boardColumns.of("b."), "{unread}", "0").Replace(boardList)
	boardsFor = strings.NewReplacer("{columns}", boardColumns.of("b."), "{unread}", `
		(SELECT count(*) FROM (`+lastActive+`) t LEFT JOIN {marks} m ON m.who = $5 AND m.topic = t.id
		WHERE `+fresh("t", "m", "$5")+` OR EXISTS (`+unread("t", "m", "$5")+`))`).Replace(boardList)
)

// Boards implements [forum.Store].
func (f forumStore) Boards(ctx context.Context, q forum.BoardQuery) ([]forum.BoardListed, error) {
	see := floor(q.See)
	if slices.Contains(q.See.Areas, q.Area) {
		see = 0
	}
	query, args := boards, []any{raw(q.Area), see, floor(q.Read), areas(q.Read)}
	if !q.Reader.IsZero() {
		query, args = boardsFor, append(args, q.Reader)
	}
	found, err := rows(ctx, f.s, "forum.Boards", 16, func(b *forum.BoardListed) []any {
		return append(boardFields(&b.Board), (*number)(&b.Topics), (*moment)(&b.ActiveAt), (*number)(&b.Unread))
	}, query, args...)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b forum.BoardListed) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), strings.Compare(a.Name, b.Name), a.ID.Compare(b.ID))
	})
	return depthFirst(found), nil
}

// depthFirst puts boards after their parents. One whose parent is not among
// them stands at the top.
func depthFirst(siblings []forum.BoardListed) []forum.BoardListed {
	seen := make(map[forum.BoardID]bool, len(siblings))
	for _, b := range siblings {
		seen[b.ID] = true
	}
	below := map[forum.BoardID][]int{} // the zero one: the top
	for i, b := range siblings {
		parent := b.Parent
		if !seen[parent] {
			parent = forum.BoardID{}
		}
		below[parent] = append(below[parent], i)
	}
	out := make([]forum.BoardListed, 0, len(siblings))
	var list func(forum.BoardID)
	list = func(parent forum.BoardID) {
		for _, i := range below[parent] {
			b := siblings[i]
			b.Topics = min(b.Topics, forum.TopicsCap)
			out = append(out, b)
			list(b.ID)
		}
	}
	list(forum.BoardID{})
	return out
}

// noFloor is above every circle: nothing is within reach by its audience.
const noFloor = 256

func floor(r auth.Reach) int {
	if r.Floor.Valid() {
		return int(r.Floor)
	}
	return noFloor
}

// areas returns the areas of a reach, each once.
func areas(r auth.Reach) []uuid.UUID {
	ids := make([]uuid.UUID, len(r.Areas))
	for i, a := range r.Areas {
		ids[i] = a.Bytes()
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}
