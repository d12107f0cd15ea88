// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

var markColumns = columns{"who", "topic", "opened", "read", "follow", "reason", "posted_at"}

func markFields(m *forum.Mark) []any {
	return []any{&m.User, &m.Topic, (*flag)(&m.Opened), (*number)(&m.Read), (*octet)(&m.Follow), (*octet)(&m.Reason), (*moment)(&m.PostedAt)}
}

// A mark that is there is changed, and otherwise made: $1 is the topic, $2 the
// person.
const (
	followFor = `follow = CASE WHEN m.reason <= excluded.reason THEN excluded.follow ELSE m.follow END,
		reason = CASE WHEN m.reason <= excluded.reason THEN excluded.reason ELSE m.reason END`
)

var (
	readTo = write{
		query: `INSERT INTO {marks} AS m (topic, who, opened, read, follow, reason) SELECT $1, $2, TRUE, $3, 0, 0 WHERE ` + topicThere + `
			ON CONFLICT (who, topic) DO UPDATE SET opened = TRUE, read = CASE WHEN m.read < excluded.read THEN excluded.read ELSE m.read END`,
		refused: storage.ErrNotFound,
	}
	setFollow = write{
		query: `INSERT INTO {marks} AS m (topic, who, opened, read, follow, reason) SELECT $1, $2, FALSE, 0, $3, $4 WHERE ` + topicThere + `
			ON CONFLICT (who, topic) DO UPDATE SET ` + followFor,
		refused: storage.ErrNotFound,
	}
	// wrote is for the first post of a person in a topic, wroteAgain for the
	// others.
	wrote = write{
		query: `INSERT INTO {marks} AS m (topic, who, opened, read, follow, reason, posted_at) SELECT $1, $2, FALSE, 0, 1, $3, $4 WHERE ` + topicThere + `
			ON CONFLICT (who, topic) DO UPDATE SET posted_at = excluded.posted_at, ` + followFor + ` WHERE m.posted_at IS NULL`,
		refused: storage.ErrConflict, seen: topicThere, args: 1,
	}
	wroteAgain = write{
		query: `UPDATE {marks} SET posted_at = $4, follow = CASE WHEN reason <= $3 THEN 1 ELSE follow END, reason = CASE WHEN reason <= $3 THEN $3 ELSE reason END
			WHERE topic = $1 AND who = $2 AND posted_at = $5`,
		refused: storage.ErrConflict, seen: topicThere, args: 1,
	}
	dropMark  = write{query: `DELETE FROM {marks} WHERE topic = $1 AND who = $2`}
	twoTopics = write{
		query: `SELECT 1 WHERE ` + topicThere + ` AND EXISTS (SELECT 1 FROM {topics} WHERE id = $2)`,
		look:  true, refused: storage.ErrNotFound,
	}
	moveMarks = write{
		query: `INSERT INTO {marks} (topic, who, opened, read, follow, reason, posted_at)
			SELECT $2, who, FALSE, 0, follow, reason, posted_at FROM {marks} WHERE topic = $1 ON CONFLICT DO NOTHING`,
	}
	dropMarks   = write{query: `DELETE FROM {marks} WHERE topic = $1`}
	markAllRead = write{
		query: `INSERT INTO {read_all} AS m (who, at) VALUES ($1, $2) ON CONFLICT (who) DO UPDATE SET at = excluded.at WHERE m.at < excluded.at`,
	}

	insertDraft = write{
		query:  `INSERT INTO {drafts} (who, place, version, title, body, at) VALUES ($1, $2, $3, $4, $5, $6)`,
		unique: true, refused: storage.ErrConflict,
	}
	// alone makes those who write for one person wait for each other: whoever
	// looks after it sees what is there. It says of them that they have read
	// nothing, which is what no row says.
	alone = write{
		query: `INSERT INTO {read_all} AS m (who, at) VALUES ($1, {never}) ON CONFLICT (who) DO UPDATE SET at = m.at`,
	}
	fewerDrafts = write{
		query: `SELECT 1 WHERE (SELECT count(*) FROM {drafts} WHERE who = $1) < $2`, look: true, refused: storage.ErrConflict,
	}
	updateDraft = write{
		query:   `UPDATE {drafts} SET version = $3, title = $4, body = $5, at = $6 WHERE who = $1 AND place = $2 AND version + 1 = $3`,
		refused: storage.ErrConflict,
	}
	deleteDraft = write{query: `DELETE FROM {drafts} WHERE who = $1 AND place = $2`}

	// What names a person is emptied, or dropped.
	erasures = []write{
		forget("{topics}", []string{"by", "edited", "removed"}, namedIn("{revisions}", "by_user", "NOT reply"), namedIn("{mentions}", "who", "NOT reply")),
		forget("{replies}", []string{"by", "edited", "removed"}, namedIn("{revisions}", "by_user", "reply"), namedIn("{mentions}", "who", "reply")),
		emptyBy("{topics}", "last"), emptyBy("{revisions}", "by"),
		dropOf("{mentions}"), dropOf("{marks}"), dropOf("{read_all}"), dropOf("{drafts}"), dropOf("{reactions}"),
	}
)

// forget empties the bylines of $1 in the rows of a table, and moves them and
// those that other queries give to their next version: who looked before
// writes nothing back.
func forget(table string, bys []string, others ...string) write {
	sets := []string{"version = version + 1"}
	var named []string
	for _, by := range bys {
		for _, part := range []string{"_user", "_org"} {
			sets = append(sets, by+part+" = CASE WHEN "+by+"_user = $1 THEN NULL ELSE "+by+part+" END")
		}
		named = append(named, "SELECT id FROM "+table+" WHERE "+by+"_user = $1")
	}
	return write{query: "UPDATE " + table + " SET " + strings.Join(sets, ", ") + " WHERE id IN (" + strings.Join(append(named, others...), " UNION ") + ")"}
}

// namedIn gives the posts of a kind of which a row in a table names $1.
func namedIn(table, who, kind string) string {
	return "SELECT post FROM " + table + " WHERE " + who + " = $1 AND " + kind
}

// emptyBy empties the bylines of $1 in the rows of a table that have no version
// for it.
func emptyBy(table, by string) write {
	return write{query: strings.ReplaceAll(`UPDATE `+table+` SET by_user = NULL, by_org = NULL WHERE by_user = $1`, "by_", by+"_")}
}

func dropOf(table string) write { return write{query: `DELETE FROM ` + table + ` WHERE who = $1`} }

// personSteps are the changes of what a person has to do with topics.
func personSteps(steps []step, c storage.Change) ([]step, bool) {
	switch c := c.(type) {
	case forum.ReadTo:
		return append(steps, do(&readTo, raw(c.Topic), raw(c.User), max(c.Seq, 0))), true
	case forum.MarkAllRead:
		return append(steps, do(&markAllRead, raw(c.User), always(c.At))), true
	case forum.SetFollow:
		return append(steps, do(&setFollow, raw(c.Topic), raw(c.User), int(c.Follow), int(c.Reason))), true
	case forum.Wrote:
		if c.Last.IsZero() {
			return append(steps, do(&wrote, raw(c.Topic), raw(c.User), int(c.Reason), c.At)), true
		}
		return append(steps, do(&wroteAgain, raw(c.Topic), raw(c.User), int(c.Reason), c.At, c.Last)), true
	case forum.DropMark:
		return append(steps, do(&dropMark, raw(c.Topic), raw(c.User))), true
	case forum.MoveMarks:
		if steps = append(steps, do(&twoTopics, raw(c.From), raw(c.To))); c.From == c.To {
			return steps, true
		}
		return append(steps, do(&moveMarks, raw(c.From), raw(c.To)), do(&dropMarks, raw(c.From))), true
	case forum.PutDraft:
		d, w := c.Draft, &updateDraft
		if d.Version == 1 {
			w = &insertDraft
			if c.Most > 0 {
				steps = append(steps, do(&alone, raw(d.User)), do(&fewerDrafts, raw(d.User), c.Most))
			}
		}
		return append(steps, do(w, raw(d.User), d.Place, d.Version, d.Title, d.Body, always(d.At))), true
	case forum.DeleteDraft:
		return append(steps, do(&deleteDraft, raw(c.User), c.Place)), true
	case forum.EraseUser:
		if !c.User.IsZero() {
			for i := range erasures {
				steps = append(steps, do(&erasures[i], raw(c.User)))
			}
		}
		return steps, true
	}
	return steps, false
}

type followerKey struct{ U auth.UserID }

func followersName(t forum.TopicID) string { return "forum.followers/" + t.String() }

var (
	marksOn      = `SELECT ` + markColumns.of("") + ` FROM {marks} WHERE topic = $1 ORDER BY who LIMIT $2`
	marksOnAfter = `SELECT ` + markColumns.of("") + ` FROM {marks} WHERE topic = $1 AND who > $3 ORDER BY who LIMIT $2`
	marksBy      = `SELECT ` + markColumns.of("") + ` FROM {marks} WHERE who = $1 ORDER BY topic`
)

// Followers implements [forum.Store].
func (f forumStore) Followers(ctx context.Context, t forum.TopicID, after storage.Cursor) (page storage.Page[forum.Mark], err error) {
	const op = "forum.Followers"
	query, args := marksOn, []any{raw(t), storage.MaxLimit + 1}
	if after != "" {
		var k followerKey
		if err := storage.DecodeCursor(followersName(t), after, &k); err != nil {
			return page, failed(op, err)
		}
		query, args = marksOnAfter, append(args, raw(k.U))
	}
	items, err := rows(ctx, f.s, op, storage.MaxLimit+1, markFields, query, args...)
	if err != nil {
		return page, err
	}
	return storage.Cut(items, storage.MaxLimit, followersName(t), func(m forum.Mark) any { return followerKey{m.User} }), nil
}

// Marks implements [forum.Store].
func (f forumStore) Marks(ctx context.Context, user auth.UserID) ([]forum.Mark, error) {
	return rows(ctx, f.s, "forum.Marks", 16, markFields, marksBy, raw(user))
}

// ReadAll implements [forum.Store].
func (f forumStore) ReadAll(ctx context.Context, user auth.UserID) (time.Time, error) {
	at, err := rows(ctx, f.s, "forum.ReadAll", 1, func(at *time.Time) []any { return []any{(*moment)(at)} },
		`SELECT at FROM {read_all} WHERE who = $1`, raw(user))
	if err != nil || len(at) == 0 {
		return time.Time{}, err
	}
	return at[0], nil
}

func draftFields(d *forum.Draft) []any {
	return []any{&d.User, (*text)(&d.Place), (*number)(&d.Version), (*text)(&d.Title), (*text)(&d.Body), (*moment)(&d.At)}
}

// Draft implements [forum.Store].
func (f forumStore) Draft(ctx context.Context, user auth.UserID, place string) (forum.Draft, error) {
	return row(ctx, f.s, "forum.Draft", draftFields,
		`SELECT who, place, version, title, body, at FROM {drafts} WHERE who = $1 AND place = $2`, raw(user), place)
}

// Drafts implements [forum.Store].
func (f forumStore) Drafts(ctx context.Context, user auth.UserID) ([]forum.Draft, error) {
	out, err := rows(ctx, f.s, "forum.Drafts", 8, draftFields,
		`SELECT who, place, version, title, body, at FROM {drafts} WHERE who = $1`, raw(user))
	slices.SortFunc(out, func(a, b forum.Draft) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Place, b.Place)) })
	return out, err
}

type writtenKey struct {
	T forum.TopicID
	R forum.ReplyID
}

func writtenName(user auth.UserID) string { return "forum.written/" + user.String() }

// writtenBy finds the posts of $1 after ($2, $3), with one walk for each place
// where a post may name a person.
var writtenBy = func() string {
	var walks []string
	walk := func(text string) {
		walks = append(walks, `SELECT topic, reply FROM (`+text+` ORDER BY topic, reply LIMIT $4) w`)
	}
	for _, by := range []string{"by", "edited", "removed"} {
		walk(`SELECT t.id AS topic, {nil} AS reply FROM {topics} t WHERE t.` + by + `_user = $1 AND t.id > $2`)
	}
	for _, by := range []string{"by", "edited", "removed"} {
		walk(`SELECT r.topic AS topic, r.id AS reply FROM {replies} r WHERE r.` + by + `_user = $1 AND (r.topic, r.id) > ($2, $3)`)
	}
	for _, in := range []string{"{revisions} v LEFT JOIN {replies} r ON v.reply AND r.id = v.post WHERE v.by_user", "{mentions} v LEFT JOIN {replies} r ON v.reply AND r.id = v.post WHERE v.who"} {
		walk(`SELECT DISTINCT coalesce(r.topic, v.post) AS topic, coalesce(r.id, {nil}) AS reply FROM ` + in +
			` = $1 AND (coalesce(r.topic, v.post), coalesce(r.id, {nil})) > ($2, $3)`)
	}
	return `SELECT ` + allOfTopic.of("t.") + `, ` + allOfReply.of("r.") + `
		FROM (` + strings.Join(walks, " UNION ") + ` ORDER BY topic, reply LIMIT $4) f
		JOIN {topics} t ON t.id = f.topic LEFT JOIN {replies} r ON r.id = f.reply AND r.topic = f.topic`
}()

// Written implements [forum.Store].
func (f forumStore) Written(ctx context.Context, q forum.WrittenQuery) (page storage.Page[forum.Written], err error) {
	const op = "forum.Written"
	var after writtenKey
	if q.After != "" {
		if err := storage.DecodeCursor(writtenName(q.User), q.After, &after); err != nil {
			return page, failed(op, err)
		}
	}
	limit := storage.Limit(q.Limit)
	items, err := rows(ctx, f.s, op, limit+1, func(w *forum.Written) []any {
		return append(topicFields(&w.Topic), replyFields(&w.Reply)...)
	}, writtenBy, q.User, raw(after.T), raw(after.R), limit+1)
	if err != nil {
		return page, err
	}
	slices.SortFunc(items, func(a, b forum.Written) int {
		return cmp.Or(a.Topic.ID.Compare(b.Topic.ID), a.Reply.ID.Compare(b.Reply.ID))
	})
	return storage.Cut(items, limit, writtenName(q.User), func(w forum.Written) any { return writtenKey{w.Topic.ID, w.Reply.ID} }), nil
}
