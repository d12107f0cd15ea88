// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// heldKey is the place of a post among those that wait.
type heldKey struct {
	At int64 // microseconds
	ID forum.ReplyID
}

const heldName = "forum.held"

// heldOf are the texts of Held: of the first page, and of those after a place;
// of everybody's posts, and of one person's. Topics and replies wait in an index
// each, and in one by person, and the database merges them until a page is full.
// $1 is the floor of the reach, $2 its areas, $3 the limit.
var heldOf = [2][2]string{
	{heldText("", ""), heldText(" AND (t.created_at, t.id) > ($4, $5)", " AND (r.created_at, r.id) > ($4, $5)")},
	{
		heldText(" AND t.by_user = $4", " AND r.by_user = $4"),
		heldText(" AND (t.created_at, t.id) > ($4, $5) AND t.by_user = $6", " AND (r.created_at, r.id) > ($4, $5) AND r.by_user = $6"),
	},
}

// heldText ends where topics and replies wait by what else is asked of them.
func heldText(topics, replies string) string {
	const within = `(t.audience >= $1 OR t.area IN {ids $2})`
	return `SELECT ` + allOfTopic.of("t.") + `, ` + boardColumns.of("b.") + `, ` + allOfReply.of("r.") + ` FROM (
		SELECT * FROM (SELECT t.id AS topic, {nil} AS reply, t.created_at AS at, t.id AS post FROM {topics} t
			WHERE t.state = 4 AND ` + within + topics + ` ORDER BY t.created_at, t.id LIMIT $3) a
		UNION ALL
		SELECT * FROM (SELECT r.topic AS topic, r.id AS reply, r.created_at AS at, r.id AS post FROM {replies} r CROSS JOIN {topics} t
			WHERE r.state = 4 AND t.id = r.topic AND ` + within + replies + ` ORDER BY r.created_at, r.id LIMIT $3) b
		ORDER BY at, post LIMIT $3
	) k JOIN {topics} t ON t.id = k.topic JOIN {boards} b ON b.id = t.board LEFT JOIN {replies} r ON r.id = k.reply`
}

// Held implements [forum.Store].
func (f forumStore) Held(ctx context.Context, q forum.HeldQuery) (page storage.Page[forum.Place], err error) {
	const op = "forum.Held"
	limit := storage.Limit(q.Limit)
	texts := heldOf[0]
	if !q.By.IsZero() {
		texts = heldOf[1]
	}
	text, args := texts[0], []any{floor(q.Reach), areas(q.Reach), limit + 1}
	if q.After != "" {
		var after heldKey
		if err := storage.DecodeCursor(heldName, q.After, &after); err != nil {
			return page, failed(op, err)
		}
		if err := readableTime(after.At); err != nil {
			return page, failed(op, err)
		}
		text, args = texts[1], append(args, always(time.UnixMicro(after.At)), raw(after.ID))
	}
	if !q.By.IsZero() {
		args = append(args, raw(q.By))
	}
	items, err := rows(ctx, f.s, op, limit+1, func(p *forum.Place) []any {
		return append(append(topicFields(&p.Topic), boardFields(&p.Board)...), replyFields(&p.Reply)...)
	}, text, args...)
	if err != nil {
		return page, err
	}
	slices.SortFunc(items, func(a, b forum.Place) int {
		x, y := heldAt(a), heldAt(b)
		return cmp.Or(cmp.Compare(x.At, y.At), x.ID.Compare(y.ID))
	})
	return storage.Cut(items, limit, heldName, func(p forum.Place) any { return heldAt(p) }), nil
}

func heldAt(p forum.Place) heldKey {
	if p.Reply.ID.IsZero() {
		return heldKey{p.Topic.CreatedAt.UnixMicro(), storage.MakeID[forum.Reply](p.Topic.ID.Bytes())}
	}
	return heldKey{p.Reply.CreatedAt.UnixMicro(), p.Reply.ID}
}
