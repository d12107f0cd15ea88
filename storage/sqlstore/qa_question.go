// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// entryColumns are those of every post, in the order of entryValues and
// entryFields.
var entryColumns = columns{
	"by_user", "by_org", "body", "revision", "substance", "edited_at", "edited_user", "edited_org", "edited_why",
	"state", "removed_at", "removed_user", "removed_org", "removed_why",
}

func entryValues(e *qa.Entry) []any {
	t, r := &e.Text, &e.Removal
	return []any{
		e.By.User, e.By.For, e.Body, t.Revision, t.Substance, t.EditedAt, t.EditedBy.User, t.EditedBy.For, t.Why,
		int(r.State), r.At, r.By.User, r.By.For, r.Why,
	}
}

func entryFields(e *qa.Entry) []any {
	t, r := &e.Text, &e.Removal
	return []any{
		&e.By.User, &e.By.For, (*text)(&e.Body), (*number)(&t.Revision), (*number)(&t.Substance),
		(*moment)(&t.EditedAt), &t.EditedBy.User, &t.EditedBy.For, (*text)(&t.Why),
		(*octet)(&r.State), (*moment)(&r.At), &r.By.User, &r.By.For, (*text)(&r.Why),
	}
}

// questionColumns, in the order of questionValues, are those that an update
// replaces, after the two by which it finds its row. Then come those that only
// Accept writes, the counters, and what is written once.
var (
	questionColumns = slices.Concat(columns{"id", "version"}, entryColumns, columns{
		"area", "audience", "title", "tags", "themes", "delegate", "origin_kind", "origin_id", "recheck_at",
		"reason", "closed_of", "closed_at", "closed_user", "closed_org", "closed_why", "merged_into", "circle",
	})
	acceptedColumns = columns{"accepted", "accepted_revision", "accepted_at", "accepted_user", "accepted_org", "capacity"}
	questionCounted = slices.Concat(acceptedColumns, columns{"up", "down", "comments", "answers", "active_at", "last_user", "last_org", "created_at"})

	allOfQuestion  = slices.Concat(questionColumns[:len(questionColumns)-1], questionCounted) // without the circle
	headOfQuestion = slices.DeleteFunc(slices.Clone(allOfQuestion), func(name string) bool { return name == "body" })
)

// questionCircle is where a question is listed, see the migration.
func questionCircle(q *qa.Question) int {
	switch {
	case !q.MergedInto.IsZero(), q.Removal.State == qa.Held:
		return 0
	case q.Removal.State == qa.Visible:
		return int(q.Audience)
	}
	return -int(q.Audience)
}

func questionValues(q *qa.Question) []any {
	v := make([]any, 0, len(questionColumns)+4)
	v = append(v, q.ID, q.Version)
	v = append(v, entryValues(&q.Entry)...)
	c := &q.Closing
	return append(v, raw(q.Area), int(q.Audience), q.Title, q.Tags, themeTexts(q.Themes),
		q.Delegate, q.Origin.Kind, storage.MakeID[qa.Origin](q.Origin.ID), q.RecheckAt,
		int(c.Reason), c.Of, c.At, c.By.User, c.By.For, c.Why, q.MergedInto, questionCircle(q))
}

func insertedQuestion(q *qa.Question) []any { return append(questionValues(q), always(q.CreatedAt)) }

func questionFields(q *qa.Question) []any {
	v := make([]any, 0, 2*len(allOfQuestion)) // with room for what is read beside it
	v = append(v, &q.ID, (*number)(&q.Version))
	v = append(v, entryFields(&q.Entry)...)
	c, a := &q.Closing, &q.Acceptance
	return append(v, &q.Area, (*octet)(&q.Audience), (*text)(&q.Title), (*wordList)(&q.Tags), (*themeList)(&q.Themes),
		&q.Delegate, (*text)(&q.Origin.Kind), (*key)(&q.Origin.ID), (*moment)(&q.RecheckAt),
		(*octet)(&c.Reason), &c.Of, (*moment)(&c.At), &c.By.User, &c.By.For, (*text)(&c.Why), &q.MergedInto,
		&a.Answer, (*number)(&a.Revision), (*moment)(&a.At), &a.By.User, &a.By.For, (*octet)(&a.Capacity),
		(*number)(&q.Votes.Up), (*number)(&q.Votes.Down), (*number)(&q.Comments), (*number)(&q.Answers),
		(*moment)(&q.ActiveAt), &q.LastBy.User, &q.LastBy.For, (*moment)(&q.CreatedAt))
}

var bodyAt = slices.Index(allOfQuestion, "body")

func headFields(q *qa.Question) []any { return slices.Delete(questionFields(q), bodyAt, bodyAt+1) }

func themeTexts(themes []qa.ThemeID) []string {
	out := make([]string, len(themes))
	for i, t := range themes {
		out[i] = t.String()
	}
	return out
}

// themeList is read from the list that themeTexts are kept as.
type themeList []qa.ThemeID

func (l *themeList) Scan(src any) error {
	var ids wordList
	if err := ids.Scan(src); err != nil {
		return err
	}
	*l = nil
	for _, id := range ids {
		theme, err := storage.ParseID[qa.Theme](id)
		if err != nil {
			return err
		}
		*l = append(*l, theme)
	}
	return nil
}

const questionThere = `EXISTS (SELECT 1 FROM {questions} WHERE id = $1)`

var (
	insertQuestion = write{
		query: `INSERT INTO {questions} (` + questionColumns.of("") + `, created_at,
			accepted_revision, capacity, up, down, score, comments, remarks, answers, active_at, last_user, last_org)
			VALUES (` + numbered(1, len(questionColumns)+1) + `, 0, 0, 0, 0, 0, 0, 0, 0, ` + numbered(len(questionColumns)+1, len(questionColumns)+1) + `, $3, $4)`,
		unique: true, refused: storage.ErrExists,
	}
	updateQuestion = write{
		query: `UPDATE {questions} SET ` + questionColumns[2:].set(3) + `, version = version + 1,
			last_user = CASE WHEN answers = 0 THEN $3 ELSE last_user END, last_org = CASE WHEN answers = 0 THEN $4 ELSE last_org END
			WHERE id = $1 AND version = $2`,
		refused: storage.ErrConflict, seen: questionThere, args: 1,
	}
	// The question is locked as by an update, for one may follow: of two that
	// share it, neither could.
	questionAt = write{
		query: `SELECT 1 FROM {questions} WHERE id = $1 AND version = $2 {lock}`, look: true,
		refused: storage.ErrConflict, seen: questionThere, args: 1,
	}
	answeredAt = write{
		query: `SELECT 1 FROM {questions} WHERE id = $1 AND version = $2 AND answers = $3 {lock}`, look: true,
		refused: storage.ErrConflict, seen: questionThere, args: 1,
	}
	lockQuestion = write{query: `SELECT 1 FROM {questions} WHERE id = $1 {lock}`, look: true, refused: storage.ErrNotFound}

	accept = write{
		query:   `UPDATE {questions} SET accepted = $2, ` + acceptedColumns[1:].set(4) + `, version = version + 1 WHERE id = $1 AND version = $3 AND ` + mayAccept,
		refused: storage.ErrConflict, seen: questionThere + ` AND ` + mayAccept, args: 2,
	}
	placeAccepted = write{
		query: `UPDATE {answers} SET place = CASE WHEN id = $2 THEN ` + acceptedPlace + ` ELSE down - up END
			WHERE question = $1 AND (place = ` + acceptedPlace + ` OR id = $2)`,
	}
)

// mayAccept is the condition that the answer $2 is one of the question's, or
// none at all.
const mayAccept = `({id $2} IS NULL OR EXISTS (SELECT 1 FROM {answers} WHERE id = $2 AND question = $1))`

// acceptedPlace is where the accepted answer stands, see [qa.Answer.Place].
const acceptedPlace = `-1099511627776`

// A recount counts the visible answers of a question t, all but {but}, and
// finds the last.
func recountOfAnswers(but string) string {
	const last = `FROM {answers} a WHERE a.question = t.id AND a.state = 0{but} ORDER BY a.created_at DESC, a.id DESC LIMIT 1`
	return strings.ReplaceAll(`UPDATE {questions} AS t SET
		answers = (SELECT count(*) FROM {answers} a WHERE a.question = t.id AND a.state = 0{but}),
		active_at = coalesce((SELECT a.created_at `+last+`), t.created_at),
		last_user = CASE WHEN EXISTS (SELECT 1 `+last+`) THEN (SELECT a.by_user `+last+`) ELSE t.by_user END,
		last_org = CASE WHEN EXISTS (SELECT 1 `+last+`) THEN (SELECT a.by_org `+last+`) ELSE t.by_org END`, "{but}", but)
}

var questionByID = rootBy(`SELECT ` + allOfQuestion.of("") + ` FROM {questions} WHERE id = $1`)

// Question implements [qa.Store].
func (f qaStore) Question(ctx context.Context, id qa.QuestionID) (qa.Question, error) {
	return row(ctx, f.s, "qa.Question", questionFields, f.s.rootText(questionByID), id)
}

// fromOrigin finds the questions made from something, within a reach.
var fromOrigin = `SELECT ` + headOfQuestion.of("t.") + ` FROM {questions} t
	WHERE t.origin_id = $1 AND t.origin_kind = $2 AND t.circle > 0 AND (t.circle >= $3 OR t.area IN {ids $4}) ORDER BY t.id`

// From implements [qa.Store].
func (f qaStore) From(ctx context.Context, o qa.Origin, reach auth.Reach) ([]qa.Question, error) {
	return rows(ctx, f.s, "qa.From", 4, headFields, fromOrigin, uuid.UUID(o.ID), o.Kind, floor(reach), areas(reach))
}
