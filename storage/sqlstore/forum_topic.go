// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"slices"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// topicColumns, in the order of topicValues and topicFields; the first three
// are those that writes ask about. Then come the counters, and what is written
// once.
var (
	topicColumns = columns{
		"id", "board", "version", "area", "audience", "by_user", "by_org", "title",
		"revision", "edited_at", "edited_user", "edited_org", "edited_why", "answered",
		"state", "removed_at", "removed_user", "removed_org", "removed_why",
		"pin", "locked", "close_after", "slow_mode", "merged_into", "body", "circle",
	}
	topicCounted = columns{"created_at", "seq", "replies", "useful", "active_at", "last_user", "last_org"}

	allOfTopic  = slices.Concat(topicColumns[:len(topicColumns)-1], topicCounted) // without the circle
	listOfTopic = slices.Concat(topicColumns[:len(topicColumns)-2], topicCounted) // and without the body
)

// circle is where a topic is listed, see the migration.
func circle(t *forum.Topic) int {
	switch {
	case !t.MergedInto.IsZero():
		return 0
	case t.Removal.State == forum.Visible:
		return int(t.Audience)
	}
	return -int(t.Audience)
}

func topicValues(t *forum.Topic) []any {
	v := make([]any, 0, len(topicColumns)+len(topicCounted))
	v = append(v, t.ID, t.Board, t.Version, raw(t.Area), int(t.Audience), t.By.User, t.By.For, t.Title)
	v = append(v, textValues(&t.Text)...)
	v = append(v, removalValues(&t.Removal)...)
	return append(v, int(t.Pin), t.Locked, t.CloseAfter, t.SlowMode, t.MergedInto, t.Body, circle(t))
}

func topicCounters(t *forum.Topic) []any {
	return []any{always(t.CreatedAt), t.Seq, t.Replies, t.Useful, always(t.ActiveAt), t.LastBy.User, t.LastBy.For}
}

func topicFields(t *forum.Topic) []any { return topicFieldsBut(t, &t.Body) }

func listedFields(t *forum.Topic) []any { return topicFieldsBut(t, nil) }

func topicFieldsBut(t *forum.Topic, body *string) []any {
	v := make([]any, 0, 64)
	v = append(v, &t.ID, &t.Board, (*number)(&t.Version), &t.Area, (*octet)(&t.Audience), &t.By.User, &t.By.For, (*text)(&t.Title))
	v = append(v, textFields(&t.Text)...)
	v = append(v, removalFields(&t.Removal)...)
	v = append(v, (*octet)(&t.Pin), (*flag)(&t.Locked), (*span)(&t.CloseAfter), (*span)(&t.SlowMode), &t.MergedInto)
	if body != nil {
		v = append(v, (*text)(body))
	}
	return append(v, (*moment)(&t.CreatedAt), (*number)(&t.Seq), (*number)(&t.Replies), (*number)(&t.Useful), (*moment)(&t.ActiveAt), &t.LastBy.User, &t.LastBy.For)
}

func textValues(t *forum.TextState) []any {
	return []any{t.Revision, t.EditedAt, t.EditedBy.User, t.EditedBy.For, t.Why, t.AfterReplies}
}

func textFields(t *forum.TextState) []any {
	return []any{(*number)(&t.Revision), (*moment)(&t.EditedAt), &t.EditedBy.User, &t.EditedBy.For, (*text)(&t.Why), (*flag)(&t.AfterReplies)}
}

func removalValues(r *forum.Removal) []any {
	return []any{int(r.State), r.At, r.By.User, r.By.For, r.Why}
}

func removalFields(r *forum.Removal) []any {
	return []any{(*octet)(&r.State), (*moment)(&r.At), &r.By.User, &r.By.For, (*text)(&r.Why)}
}

var (
	insertTopic = write{
		query: `INSERT INTO {topics} (` + topicColumns.of("") + `, ` + topicCounted.of("") + `) SELECT ` + numbered(1, len(topicColumns)+len(topicCounted)) + `
			WHERE EXISTS (SELECT 1 FROM {boards} WHERE id = $2) ON CONFLICT DO NOTHING`,
		refused: storage.ErrExists,
		seen:    `EXISTS (SELECT 1 FROM {topics} WHERE id = $1) OR EXISTS (SELECT 1 FROM {boards} WHERE id = $2)`, args: 2,
	}
	updateTopic = write{
		query: `UPDATE {topics} SET ` + topicColumns[3:].set(4) + `, board = $2, version = version + 1
			WHERE id = $1 AND version = $3 AND EXISTS (SELECT 1 FROM {boards} WHERE id = $2)`,
		refused: storage.ErrConflict,
		seen:    `EXISTS (SELECT 1 FROM {topics} WHERE id = $1 AND (version <> $3 OR EXISTS (SELECT 1 FROM {boards} WHERE id = $2)))`, args: 3,
	}
	topicAt = write{
		query: `SELECT 1 FROM {topics} WHERE id = $1 AND version = $2 {share}`, look: true,
		refused: storage.ErrConflict, seen: topicThere, args: 1,
	}
	// threadAt locks the topic as an update does, for one may follow: of two
	// that share it, neither could.
	threadAt = write{
		query: `SELECT 1 FROM {topics} WHERE id = $1 AND version = $2 AND seq = $3 AND replies = $4 {lock}`, look: true,
		refused: storage.ErrConflict, seen: topicThere, args: 1,
	}
	recount = write{
		query: `UPDATE {topics} AS t SET
			seq = CASE WHEN t.seq < ` + lastSeq + ` THEN ` + lastSeq + ` ELSE t.seq END,
			replies = (SELECT count(*) FROM {replies} r WHERE r.topic = t.id AND r.state = 0),
			active_at = coalesce((SELECT r.created_at ` + lastVisible + `), t.created_at),
			last_user = CASE WHEN EXISTS (SELECT 1 ` + lastVisible + `) THEN (SELECT r.by_user ` + lastVisible + `) ELSE t.by_user END,
			last_org = CASE WHEN EXISTS (SELECT 1 ` + lastVisible + `) THEN (SELECT r.by_org ` + lastVisible + `) ELSE t.by_org END
			WHERE t.id = $1`,
		refused: storage.ErrNotFound,
	}
)

const lastSeq = `coalesce((SELECT max(r.seq) FROM {replies} r WHERE r.topic = t.id), 0)`

const lastVisible = `FROM {replies} r WHERE r.topic = t.id AND r.state = 0 ORDER BY r.seq DESC LIMIT 1`

var topicByID = rootBy(`SELECT ` + allOfTopic.of("") + ` FROM {topics} WHERE id = $1`)

// Topic implements [forum.Store].
func (f forumStore) Topic(ctx context.Context, id forum.TopicID) (forum.Topic, error) {
	return row(ctx, f.s, "forum.Topic", topicFields, f.s.rootText(topicByID), id)
}
