// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"math"
	"slices"
	"strconv"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// replyColumns, in the order of replyValues and replyFields, are those that an
// update replaces, after the two by which it finds its row. Then come where a
// reply stands, and what is written once.
var (
	replyColumns = columns{
		"id", "version", "by_user", "by_org", "body",
		"revision", "edited_at", "edited_user", "edited_org", "edited_why", "answered",
		"state", "removed_at", "removed_user", "removed_org", "removed_why", "from_staff",
	}
	replyPlaced = columns{"topic", "parent", "depth", "created_at", "useful", "path", "seq"}

	allOfReply = slices.Concat(replyColumns, replyPlaced)
)

func replyValues(r *forum.Reply) []any {
	v := make([]any, 0, len(allOfReply)+1)
	v = append(v, r.ID, r.Version, r.By.User, r.By.For, r.Body)
	v = append(v, textValues(&r.Text)...)
	v = append(v, removalValues(&r.Removal)...)
	return append(v, r.FromStaff)
}

func replyFields(r *forum.Reply) []any {
	v := make([]any, 0, len(allOfReply)+1)
	v = append(v, &r.ID, (*number)(&r.Version), &r.By.User, &r.By.For, (*text)(&r.Body))
	v = append(v, textFields(&r.Text)...)
	v = append(v, removalFields(&r.Removal)...)
	return append(v, (*flag)(&r.FromStaff),
		&r.Topic, &r.Parent, (*number)(&r.Depth), (*moment)(&r.CreatedAt), (*number)(&r.Useful), (*text)(&r.Path), (*number)(&r.Seq))
}

var (
	// countReply gives a reply its Seq; numberReply does so for one that is
	// not visible, as an import may bring, and is not counted.
	countReply = write{
		query: `UPDATE {topics} SET seq = seq + 1, replies = replies + 1, active_at = $3, last_user = $4, last_org = $5
			WHERE id = $1 AND version = $2`,
		refused: storage.ErrConflict, seen: topicThere, args: 1,
	}
	numberReply = write{
		query:   `UPDATE {topics} SET seq = seq + 1 WHERE id = $1 AND version = $2`,
		refused: storage.ErrConflict, seen: topicThere, args: 1,
	}
	// insertReply takes the Seq from the topic, for a batch, where it fails
	// also for whichever of the two before it has touched no row. Where
	// statements are run one by one, to read it with lastNumber and to
	// insertNumbered is faster: SQLite takes its time over RETURNING, and over
	// an INSERT that looks at tables.
	insertReply = write{
		query: `INSERT INTO {replies} (` + insertedReply.of("") + `, seq, path)
			SELECT ` + numbered(1, len(insertedReply)) + `, CASE WHEN t.version = $` + strconv.Itoa(len(insertedReply)+2) + ` THEN t.seq ELSE 1 / (t.seq - t.seq) END,
			{path $` + strconv.Itoa(len(insertedReply)+1) + ` t.seq} FROM (SELECT 1) x LEFT JOIN {topics} t ON t.id = $2`,
		gives: "seq", unique: true, refused: storage.ErrExists,
		fails: map[string]error{stateRefused: storage.ErrConflict, stateNull: storage.ErrNotFound},
	}
	lastNumber     = write{query: `SELECT seq FROM {topics} WHERE id = $1`, look: true, refused: storage.ErrNotFound}
	insertNumbered = write{
		query: `INSERT INTO {replies} (` + insertedReply.of("") + `, path, seq)
			VALUES (` + numbered(1, len(insertedReply)+2) + `)`,
		unique: true, refused: storage.ErrExists,
	}
	otherReplyThere = write{query: `SELECT 1 FROM {replies} WHERE id = $1 AND id <> $2`, look: true, refused: storage.ErrNotFound}

	updateReply = write{
		query:   `UPDATE {replies} SET ` + replyColumns[2:].set(3) + `, version = version + 1 WHERE id = $1 AND version = $2`,
		refused: storage.ErrConflict,
		seen:    `EXISTS (SELECT 1 FROM {replies} WHERE id = $1)`, args: 1,
	}
	replyAt = write{
		query: `SELECT 1 FROM {replies} WHERE id = $1 AND version = $2 {share}`, look: true,
		refused: storage.ErrConflict, seen: `EXISTS (SELECT 1 FROM {replies} WHERE id = $1)`, args: 1,
	}
	placeReply = write{
		query: `UPDATE {replies} SET topic = $3, parent = $2, path = $4, seq = $5, depth = $6, version = version + 1
			WHERE id = $1 AND EXISTS (SELECT 1 FROM {topics} WHERE id = $3) AND ` + answeredThere + `
			AND NOT EXISTS (SELECT 1 FROM {replies} WHERE topic = $3 AND path = $4 AND id <> $1)
			AND NOT EXISTS (SELECT 1 FROM {replies} WHERE topic = $3 AND seq = $5 AND id <> $1)`,
		refused: storage.ErrExists,
		seen: `EXISTS (SELECT 1 FROM {replies} WHERE id = $1) AND EXISTS (SELECT 1 FROM {topics} WHERE id = $3)
			AND ` + answeredThere, args: 3,
	}
)

var insertedReply = slices.Concat(columns{"id", "topic", "parent", "depth", "created_at", "useful"}, replyColumns[1:])

const (
	topicThere    = `EXISTS (SELECT 1 FROM {topics} WHERE id = $1)`
	answeredThere = `({id $2} IS NULL OR EXISTS (SELECT 1 FROM {replies} WHERE id = $2))`
)

// InsertReply implements [forum.Store].
func (f forumStore) InsertReply(ctx context.Context, r forum.Reply, parent forum.Path, seen int, with ...storage.Change) (forum.Reply, error) {
	const op = "forum.InsertReply"
	next, err := plan(with)
	if err != nil {
		return forum.Reply{}, err
	}
	count := do(&countReply, r.Topic, seen, always(r.CreatedAt), r.By.User, r.By.For)
	if r.Removal.State != forum.Visible {
		count = do(&numberReply, r.Topic, seen)
	}
	steps := make([]step, 0, 4+len(next))
	steps = append(steps, count)
	insert := do(&insertReply, r.ID, r.Topic, r.Parent, r.Depth, always(r.CreatedAt), r.Useful)
	insert.args = append(insert.args, replyValues(&r)[1:]...)
	if n := len(insert.args); f.s.root.d.oneWriter {
		number := do(&lastNumber, r.Topic)
		number.take = &r.Seq
		insert.w, insert.args = &insertNumbered, append(insert.args, nil, nil)
		insert.late = func(args []any) { args[n], args[n+1] = []byte(parent.Below(r.Seq)), int64(r.Seq) }
		steps = append(steps, number, insert)
	} else {
		above := parent.Below(0)
		insert.args, insert.take = append(insert.args, hexOf(above[:len(above)-4]), seen), &r.Seq
		steps[0].loose = true
		steps = append(steps, insert)
	}
	if !r.Parent.IsZero() {
		steps = append(steps, do(&otherReplyThere, r.Parent, r.ID))
	}
	for i := range steps {
		steps[i].op = op
	}
	if err := f.s.apply(ctx, op, append(steps, next...)); err != nil {
		return forum.Reply{}, err
	}
	r.Path = parent.Below(r.Seq)
	r.CreatedAt, r.Text.EditedAt, r.Removal.At = instant(r.CreatedAt), instant(r.Text.EditedAt), instant(r.Removal.At)
	return r, nil
}

var replyByID = `SELECT ` + allOfReply.of("") + ` FROM {replies} WHERE id = $1`

// Reply implements [forum.Store].
func (f forumStore) Reply(ctx context.Context, id forum.ReplyID) (forum.Reply, error) {
	return row(ctx, f.s, "forum.Reply", replyFields, replyByID, id)
}

var (
	subtree     = `SELECT ` + allOfReply.of("") + ` FROM {replies} WHERE topic = $1 AND path >= $2 AND path < $3 ORDER BY path`
	wholeThread = `SELECT ` + allOfReply.of("") + ` FROM {replies} WHERE topic = $1 AND path >= $2 ORDER BY path`
)

// Subtree implements [forum.Store].
func (f forumStore) Subtree(ctx context.Context, topic forum.TopicID, at forum.Path) ([]forum.Reply, error) {
	query, args := wholeThread, []any{topic, at}
	if end, ok := at.End(); ok {
		query, args = subtree, append(args, end)
	}
	return rows(ctx, f.s, "forum.Subtree", 16, replyFields, query, args...)
}

// byReader are two texts of one query: for nobody, and for a reader.
type byReader [2]string

func (q byReader) of(reader auth.UserID) string {
	if reader.IsZero() {
		return q[0]
	}
	return q[1]
}

var (
	threadTopic = byReader{
		`SELECT ` + allOfTopic.of("t.") + ` FROM {topics} t WHERE t.id = $1`,
		`SELECT ` + allOfTopic.of("t.") + `, ` + markColumns.of("m.") + `, t.useful > 0 AND ` + foundUseful("t.id", "FALSE", "$2") + `
			FROM {topics} t LEFT JOIN {marks} m ON m.who = $2 AND m.topic = t.id WHERE t.id = $1`,
	}
	threadPage   = repliesPage(`r.path > $2 ORDER BY r.path`)
	threadNewest = repliesPage(`r.seq < $2 ORDER BY r.seq DESC`)
)

func repliesPage(which string) byReader {
	return byReader{
		`SELECT ` + allOfReply.of("r.") + ` FROM {replies} r WHERE r.topic = $1 AND r.state < 4 AND ` + which + ` LIMIT $3`,
		`SELECT ` + allOfReply.of("r.") + `, r.useful > 0 AND ` + foundUseful("r.id", "TRUE", "$4") + ` FROM {replies} r
			WHERE r.topic = $1 AND (r.state < 4 OR r.by_user = $4 OR ` + moderated + `) AND ` + which + ` LIMIT $3`,
	}
}

// moderated is the condition that the topic $1 is within the reach of the floor
// $5 and the areas $6.
const moderated = `EXISTS (SELECT 1 FROM {topics} t WHERE t.id = $1 AND (t.audience >= $5 OR t.area IN {ids $6}))`

func foundUseful(post, reply, reader string) string {
	return `EXISTS (SELECT 1 FROM {reactions} x WHERE x.post = ` + post + ` AND x.reply = ` + reply + ` AND x.who = ` + reader + `)`
}

// newestKey is the place of a reply among its topic's, the latest first.
type newestKey struct{ S int }

func newestName(topic forum.TopicID) string { return "forum.newest/" + topic.String() }

// Thread implements [forum.Store].
func (f forumStore) Thread(ctx context.Context, q forum.ThreadQuery) (th forum.Thread, err error) {
	const op = "forum.Thread"
	limit := storage.Limit(q.Limit)
	text, from := threadPage, any(nil)
	if q.Newest {
		after := newestKey{math.MaxInt}
		if q.After != "" {
			err = storage.DecodeCursor(newestName(q.Topic), q.After, &after)
		}
		text, from = threadNewest, after.S
	} else {
		var after forum.Path
		after, err = forum.ReadThreadCursor(q.Topic, q.After)
		from = after
	}
	if err != nil {
		return th, failed(op, err)
	}
	found, args := false, []any{q.Topic}
	topic := Statement{Query: threadTopic.of(q.Reader), Args: []any{q.Topic}}
	page := Statement{Query: text.of(q.Reader), Args: []any{q.Topic, from, limit + 1}}
	if !q.Reader.IsZero() {
		topic.Args, page.Args = append(args, q.Reader), append(page.Args, q.Reader, floor(q.Moderate), areas(q.Moderate))
	}
	useful := func(p forum.Post) {
		if th.Useful == nil {
			th.Useful = map[forum.Post]bool{}
		}
		th.Useful[p] = true
	}
	topic.Read = func(rows Rows) error {
		th, found = forum.Thread{}, false
		var liked flag
		dest := topicFields(&th.Topic)
		if !q.Reader.IsZero() {
			dest = append(append(dest, markFields(&th.Mark)...), &liked)
		}
		for rows.Next() {
			found = true
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			if liked {
				useful(forum.Post{Topic: q.Topic})
			}
		}
		return rows.Err()
	}
	var items []forum.Reply
	page.Read = func(rows Rows) error {
		items = nil
		var r forum.Reply
		var liked flag
		dest := replyFields(&r)
		if !q.Reader.IsZero() {
			dest = append(dest, &liked)
		}
		for rows.Next() {
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			if items == nil {
				items = make([]forum.Reply, 0, min(limit+1, max(th.Topic.Seq, 1)))
			}
			items = append(items, r)
			if liked && len(items) <= limit {
				useful(forum.Post{Topic: q.Topic, Reply: r.ID})
			}
		}
		return rows.Err()
	}
	if err := f.s.read(ctx, op, topic, page); err != nil {
		return forum.Thread{}, err
	}
	if !found {
		return forum.Thread{}, failed(op, storage.ErrNotFound)
	}
	th.Replies.Items = items
	if len(items) > limit {
		th.Replies.Items = items[:limit]
		last := items[limit-1]
		if q.Newest {
			th.Replies.Next = storage.EncodeCursor(newestName(q.Topic), newestKey{last.Seq})
		} else {
			th.Replies.Next = forum.ThreadCursor(q.Topic, last.Path)
		}
	}
	return th, nil
}

var lockTopic = `SELECT 1 FROM {topics} WHERE id = $1 {lock}`

// placeOf are the texts of Place: of a first post and of a reply.
var placeOf = [2]byReader{
	{placeText(false, ""), placeText(false, "$2")},
	{placeText(true, ""), placeText(true, "$3")},
}

func placeText(reply bool, reader string) string {
	fields := allOfTopic.of("t.") + ", " + boardColumns.of("b.")
	from := " FROM {topics} t JOIN {boards} b ON b.id = t.board"
	useful := "t.useful > 0 AND " + foundUseful("t.id", "FALSE", reader)
	if reply {
		useful = "r.useful > 0 AND " + foundUseful("r.id", "TRUE", reader)
		fields += ", " + allOfReply.of("r.")
		from += " JOIN {replies} r ON r.id = $2 AND r.topic = t.id"
	}
	if reader != "" {
		fields += ", " + markColumns.of("m.") + ", " + useful
		from += " LEFT JOIN {marks} m ON m.who = " + reader + " AND m.topic = t.id"
	}
	return "SELECT " + fields + from + " WHERE t.id = $1"
}

// Place implements [forum.Store].
func (f forumStore) Place(ctx context.Context, q forum.PlaceQuery) (forum.Place, error) {
	const op = "forum.Place"
	text, args := placeOf[0], []any{q.Topic}
	if !q.Reply.IsZero() {
		text, args = placeOf[1], append(args, q.Reply)
	}
	if !q.Reader.IsZero() {
		args = append(args, q.Reader)
	}
	var found []forum.Place
	place := into(&found, 1, func(p *forum.Place) []any {
		dest := append(topicFields(&p.Topic), boardFields(&p.Board)...)
		if !q.Reply.IsZero() {
			dest = append(dest, replyFields(&p.Reply)...)
		}
		if !q.Reader.IsZero() {
			dest = append(append(dest, markFields(&p.Mark)...), (*flag)(&p.Useful))
		}
		return dest
	}, text.of(q.Reader), args...)
	list := []Statement{place}
	if f.s.unit != nil && f.s.root.d.words["lock"] != "" {
		// Before, not with it: what is read must be what is there once the
		// topic is locked, its replies too.
		list = []Statement{{Query: lockTopic, Args: []any{q.Topic}}, place}
	}
	if err := f.s.look(ctx, op, list...); err != nil {
		return forum.Place{}, err
	}
	if len(found) == 0 {
		return forum.Place{}, failed(op, storage.ErrNotFound)
	}
	return found[0], nil
}
