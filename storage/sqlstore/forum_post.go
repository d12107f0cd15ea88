// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// What belongs to a post names it by an id and whether that is a reply's or,
// for a first post, its topic's. Each write has two texts, where {post} is the
// table of the post, {its} is the condition on what belongs to it, and {there}
// the one that it is there itself: $1 is the id, and $2 that of the topic.
type postWrite [2]write

func ofPost(w write) postWrite {
	return postWrite{w.of("{topics}", "id", "FALSE"), w.of("{replies}", "topic", "TRUE")}
}

func (w write) of(table, topic, reply string) write {
	words := strings.NewReplacer("{post}", table, "{reply}", reply, "{its}", "post = $1 AND reply = "+reply,
		"{there}", "EXISTS (SELECT 1 FROM "+table+" p WHERE p.id = $1 AND p."+topic+" = $2)",
		"{at}", "id = $1 AND "+topic+" = $2")
	w.query, w.seen = words.Replace(w.query), words.Replace(w.seen)
	return w
}

// on returns the step of a post.
func (w *postWrite) on(p forum.Post, args ...any) step {
	return do(&w[kind(p)], append([]any{postID(p), raw(p.Topic)}, args...)...)
}

// in is on for a text without the topic.
func (w *postWrite) in(p forum.Post, args ...any) step {
	return do(&w[kind(p)], append([]any{postID(p)}, args...)...)
}

func kind(p forum.Post) int {
	if p.Reply.IsZero() {
		return 0
	}
	return 1
}

func postID(p forum.Post) uuid.UUID {
	if p.Reply.IsZero() {
		return p.Topic.Bytes()
	}
	return p.Reply.Bytes()
}

var revisionColumns = columns{"n", "by_user", "by_org", "at", "title", "why", "body"}

func revisionFields(r *forum.Revision) []any {
	return []any{(*number)(&r.N), &r.By.User, &r.By.For, (*moment)(&r.At), (*text)(&r.Title), (*text)(&r.Why), (*text)(&r.Body)}
}

var (
	postThere = ofPost(write{query: `SELECT 1 WHERE {there}`, look: true, refused: storage.ErrNotFound})

	insertRevision = ofPost(write{
		query: `INSERT INTO {revisions} (post, reply, ` + revisionColumns.of("") + `) SELECT $1, {reply}, ` + numbered(3, 2+len(revisionColumns)) + `
			WHERE {there} ON CONFLICT DO NOTHING`,
		refused: storage.ErrExists, seen: `{there}`, args: 2,
	})
	deleteRevisions = ofPost(write{query: `DELETE FROM {revisions} WHERE {its} AND {there}`})

	dropMentions   = ofPost(write{query: `DELETE FROM {mentions} WHERE {its}`})
	insertMentions = ofPost(write{query: `INSERT INTO {mentions} (post, reply, who) SELECT $1, {reply}, u.item FROM {ids $2} u WHERE TRUE ON CONFLICT DO NOTHING`})

	insertReaction = ofPost(write{
		query:   `INSERT INTO {reactions} (post, reply, who, at) SELECT $1, {reply}, $3, $4 WHERE {there} ON CONFLICT DO NOTHING`,
		refused: storage.ErrExists, seen: `{there}`, args: 2,
	})
	deleteReaction = ofPost(write{
		query:   `DELETE FROM {reactions} WHERE {its} AND who = $3 AND {there}`,
		refused: storage.ErrNotFound,
	})
	deleteReactions = ofPost(write{query: `DELETE FROM {reactions} WHERE {its} AND {there}`})
	dropReactions   = ofPost(write{query: `DELETE FROM {reactions} WHERE {its}`})
	oneMoreUseful   = ofPost(write{query: `UPDATE {post} SET useful = useful + 1 WHERE {at}`})
	oneLessUseful   = ofPost(write{query: `UPDATE {post} SET useful = useful - 1 WHERE {at}`})
	noneUseful      = ofPost(write{query: `UPDATE {post} SET useful = 0 WHERE {at}`})
)

// A move is a write from the post $1 to the post $2, of each kind. What both
// have is there once afterwards, but for revisions.
type move [2][2]write

func ofMove(w write) (m move) {
	for from, one := range ofPost(w) {
		for to, name := range []string{"FALSE", "TRUE"} {
			words := strings.NewReplacer("{to}", name, "{toPost}", [...]string{"{topics}", "{replies}"}[to])
			m[from][to] = one
			m[from][to].query = words.Replace(one.query)
		}
	}
	return m
}

var (
	otherRevisions = ofMove(write{
		query: `SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM {revisions} a JOIN {revisions} b ON b.post = $2 AND b.reply = {to} AND b.n = a.n
			WHERE a.post = $1 AND a.reply = {reply})`,
		look: true, refused: storage.ErrExists,
	})
	moveRevisions = ofMove(write{query: `UPDATE {revisions} SET post = $2, reply = {to} WHERE {its}`})
	moveMentions  = ofMove(write{query: `INSERT INTO {mentions} (post, reply, who) SELECT $2, {to}, who FROM {mentions} WHERE {its} ON CONFLICT DO NOTHING`})
	moveReactions = ofMove(write{query: `INSERT INTO {reactions} (post, reply, who, at) SELECT $2, {to}, who, at FROM {reactions} WHERE {its} ON CONFLICT DO NOTHING`})
	moveUseful    = ofMove(write{query: `UPDATE {toPost} SET useful = useful + (SELECT f.useful FROM {post} f WHERE f.id = $1)
		- (SELECT count(*) FROM {reactions} a JOIN {reactions} b ON b.post = $2 AND b.reply = {to} AND b.who = a.who WHERE a.post = $1 AND a.reply = {reply})
		WHERE id = $2`})
)

func movePost(steps []step, from, to forum.Post) []step {
	steps = append(steps, postThere.on(from), postThere.on(to))
	if from == to {
		return steps
	}
	move := func(m *move) step { return do(&m[kind(from)][kind(to)], postID(from), postID(to)) }
	return append(steps,
		move(&otherRevisions), move(&moveRevisions),
		move(&moveMentions), dropMentions.in(from),
		move(&moveUseful), noneUseful.on(from),
		move(&moveReactions), dropReactions.in(from))
}

// postSteps are the changes of what belongs to a post.
func postSteps(steps []step, c storage.Change) ([]step, bool) {
	switch c := c.(type) {
	case forum.InsertRevision:
		r := c.Revision
		return append(steps, insertRevision.on(r.Post, r.N, r.By.User, r.By.For, always(r.At), r.Title, r.Why, r.Body)), true
	case forum.DeleteRevisions:
		return append(steps, deleteRevisions.on(c.Post)), true
	case forum.SetMentions:
		steps = append(steps, postThere.on(c.Post), dropMentions.in(c.Post))
		if len(c.Users) > 0 {
			steps = append(steps, insertMentions.in(c.Post, users(c.Users)))
		}
		return steps, true
	case forum.InsertReaction:
		return append(steps, insertReaction.on(c.Post, raw(c.User), always(c.At)), oneMoreUseful.on(c.Post)), true
	case forum.DeleteReaction:
		return append(steps, deleteReaction.on(c.Post, raw(c.User)), oneLessUseful.on(c.Post)), true
	case forum.DeleteReactions:
		return append(steps, deleteReactions.on(c.Post), noneUseful.on(c.Post)), true
	case forum.MovePost:
		return movePost(steps, c.From, c.To), true
	}
	return steps, false
}

func users(ids []auth.UserID) []uuid.UUID {
	out := make([]uuid.UUID, len(ids))
	for i, id := range ids {
		out[i] = id.Bytes()
	}
	return out
}

var revisionsOf = ofPost(write{query: `SELECT ` + revisionColumns.of("") + ` FROM {revisions} WHERE {its} AND {there} ORDER BY n`})

// Revisions implements [forum.Store].
func (f forumStore) Revisions(ctx context.Context, p forum.Post) ([]forum.Revision, error) {
	st := revisionsOf.on(p)
	out, err := rows(ctx, f.s, "forum.Revisions", 4, revisionFields, st.w.query, st.args...)
	for i := range out {
		out[i].Post = p
	}
	return out, err
}

const reactionsOf = `
	SELECT coalesce(r.topic, x.post), r.id, x.at FROM {reactions} x LEFT JOIN {replies} r ON x.reply AND r.id = x.post
	WHERE x.who = $1`

// Reactions implements [forum.Store].
func (f forumStore) Reactions(ctx context.Context, user auth.UserID) ([]forum.Post, error) {
	type reaction struct {
		forum.Post
		at time.Time
	}
	found, err := rows(ctx, f.s, "forum.Reactions", 16, func(r *reaction) []any {
		return []any{&r.Topic, &r.Reply, (*moment)(&r.at)}
	}, reactionsOf, raw(user))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b reaction) int {
		return cmp.Or(b.at.Compare(a.at), a.Topic.Compare(b.Topic), a.Reply.Compare(b.Reply))
	})
	var out []forum.Post
	for _, r := range found {
		out = append(out, r.Post)
	}
	return out, nil
}
