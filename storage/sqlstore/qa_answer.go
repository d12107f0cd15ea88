// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"slices"

	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// answerColumns and commentColumns are likewise those that an update replaces,
// after the two by which it finds its row. Then come where a post stands, and
// what is written once or counted.
var (
	answerColumns  = slices.Concat(columns{"id", "version"}, entryColumns, columns{"official", "useful"})
	allOfAnswer    = slices.Concat(answerColumns, columns{"question", "created_at", "up", "down", "comments"})
	commentColumns = slices.Concat(columns{"id", "version"}, entryColumns)
	allOfComment   = slices.Concat(commentColumns, columns{"question", "answer", "created_at"})
)

func answerValues(a *qa.Answer) []any {
	v := make([]any, 0, len(allOfAnswer))
	v = append(v, a.ID, a.Version)
	v = append(v, entryValues(&a.Entry)...)
	return append(v, a.Official, a.Useful)
}

func answerFields(a *qa.Answer) []any {
	v := make([]any, 0, len(allOfAnswer)+len(allOfComment)+2)
	v = append(v, &a.ID, (*number)(&a.Version))
	v = append(v, entryFields(&a.Entry)...)
	return append(v, (*flag)(&a.Official), (*flag)(&a.Useful), &a.Question, (*moment)(&a.CreatedAt),
		(*number)(&a.Votes.Up), (*number)(&a.Votes.Down), (*number)(&a.Comments))
}

func commentValues(c *qa.Comment) []any {
	v := make([]any, 0, len(allOfComment))
	v = append(v, c.ID, c.Version)
	return append(v, entryValues(&c.Entry)...)
}

func commentFields(c *qa.Comment) []any {
	v := make([]any, 0, len(allOfComment))
	v = append(v, &c.ID, (*number)(&c.Version))
	v = append(v, entryFields(&c.Entry)...)
	return append(v, &c.Question, &c.Answer, (*moment)(&c.CreatedAt))
}

var (
	// countAnswer counts an answer that is inserted after it. One that is older
	// than the last is seldom inserted, but by imports.
	countAnswer = write{
		query: `UPDATE {questions} SET answers = answers + 1,
			active_at = CASE WHEN ` + isLast + ` THEN $2 ELSE active_at END,
			last_user = CASE WHEN ` + isLast + ` THEN $4 ELSE last_user END,
			last_org = CASE WHEN ` + isLast + ` THEN $5 ELSE last_org END
			WHERE id = $1`,
		refused: storage.ErrNotFound,
	}
	insertAnswer = write{
		query: `INSERT INTO {answers} (` + answerColumns.of("") + `, question, created_at, up, down, place, comments, remarks)
			VALUES (` + numbered(1, len(answerColumns)+2) + `, 0, 0, 0, 0, 0)`,
		unique: true, refused: storage.ErrExists,
	}
	updateAnswer = write{
		query:   `UPDATE {answers} SET ` + answerColumns[2:].set(3) + `, version = version + 1 WHERE id = $1 AND version = $2`,
		refused: storage.ErrConflict, seen: answerThere, args: 1,
	}
	answerAt = write{
		query: `SELECT 1 FROM {answers} WHERE id = $1 AND question = $2 AND version = $3 {lock}`, look: true,
		refused: storage.ErrConflict, seen: `EXISTS (SELECT 1 FROM {answers} WHERE id = $1 AND question = $2)`, args: 2,
	}
	lockQuestionOf = write{
		query: `SELECT 1 FROM {questions} WHERE id = (SELECT question FROM {answers} WHERE id = $1) {lock}`, look: true, refused: storage.ErrNotFound,
	}
	recountOf = write{query: recountOfAnswers("") + ` WHERE t.id = (SELECT question FROM {answers} WHERE id = $1)`}

	// waits and waitsOf say of the labels of a question whether it waits for an
	// answer.
	nowAnswered = write{query: `UPDATE {labels} SET waits = FALSE WHERE id = $1 AND waits = TRUE`}
	waits       = write{query: `UPDATE {labels} SET waits = NOT waits WHERE id = $1 AND kind < 3 AND waits <> ` + waiting("$1")}
	waitsOf     = write{query: `UPDATE {labels} AS l SET waits = NOT waits WHERE l.id = (SELECT question FROM {answers} WHERE id = $1) AND kind < 3
		AND waits <> ` + waiting("l.id")}

	// bothQuestions locks the question of the answer $1 and the question $2, in
	// the order of their ids.
	bothQuestions = write{
		query: `SELECT 1 FROM {questions} WHERE id = $2 OR id = (SELECT question FROM {answers} WHERE id = $1) ORDER BY id {lock}`, look: true,
		refused: storage.ErrNotFound,
	}
	mayMove = write{
		query: `SELECT 1 FROM {answers} a JOIN {questions} q ON q.id = a.question WHERE a.id = $1 AND q.accepted IS DISTINCT FROM a.id
			AND EXISTS (SELECT 1 FROM {questions} WHERE id = $2)`, look: true,
		refused: storage.ErrConflict, seen: answerThere + ` AND EXISTS (SELECT 1 FROM {questions} WHERE id = $2)`, args: 2,
	}
	// holdAnswer waits for who votes and remarks on it, whose rows move along.
	holdAnswer     = write{query: `UPDATE {answers} SET version = version WHERE id = $1`}
	recountWithout = write{query: recountOfAnswers(" AND a.id <> $1") + ` WHERE t.id = (SELECT question FROM {answers} WHERE id = $1)`}
	recount1       = write{query: recountOfAnswers("") + ` WHERE t.id = $1`}
	moveComments   = write{query: `UPDATE {comments} SET question = $2 WHERE question = (SELECT question FROM {answers} WHERE id = $1) AND answer = $1`}
	moveVotes      = write{query: `UPDATE {votes} SET question = $2 WHERE question = (SELECT question FROM {answers} WHERE id = $1) AND answer = $1`}
	moveAnswer     = write{query: `UPDATE {answers} SET question = $2, version = version + 1 WHERE id = $1`}

	// countRemark counts a comment on a question, and on an answer: $2 is
	// 1 if it is visible.
	countRemark = [2]write{
		{query: `UPDATE {questions} SET comments = comments + $2, remarks = remarks + 1 WHERE id = $1`, refused: storage.ErrNotFound},
		{query: `UPDATE {answers} SET comments = comments + $2, remarks = remarks + 1 WHERE id = $1 AND question = $3`, refused: storage.ErrNotFound},
	}
	insertComment = write{
		query:  `INSERT INTO {comments} (` + commentColumns.of("") + `, question, answer, created_at) VALUES (` + numbered(1, len(allOfComment)) + `)`,
		unique: true, refused: storage.ErrExists,
	}
	// recountRemarks come before updateComment, after which it is visible if $2 is 1.
	recountRemarks = [2]write{
		{query: `UPDATE {questions} SET comments = comments + $2 - ` + wasSeen + ` WHERE id = (SELECT question FROM {comments} WHERE id = $1 AND answer = {nil})`},
		{query: `UPDATE {answers} SET comments = comments + $2 - ` + wasSeen + ` WHERE id = (SELECT answer FROM {comments} WHERE id = $1)`},
	}
	updateComment = write{
		query:   `UPDATE {comments} SET ` + commentColumns[2:].set(3) + `, version = version + 1 WHERE id = $1 AND version = $2`,
		refused: storage.ErrConflict, seen: `EXISTS (SELECT 1 FROM {comments} WHERE id = $1)`, args: 1,
	}
)

const (
	answerThere = `EXISTS (SELECT 1 FROM {answers} WHERE id = $1)`

	isLast = `answers = 0 OR active_at < $2 OR active_at = $2
		AND NOT EXISTS (SELECT 1 FROM {answers} a WHERE a.question = $1 AND a.created_at = $2 AND a.id > $3 AND a.state = 0)`
	wasSeen = `(SELECT CASE WHEN state = 0 THEN 1 ELSE 0 END FROM {comments} WHERE id = $1)`
)

// waiting is whether a question is open and has no answer.
func waiting(id string) string {
	return `(SELECT q.answers = 0 AND q.reason = 0 FROM {questions} q WHERE q.id = ` + id + `)`
}

func insertAnswerSteps(steps []step, a *qa.Answer) []step {
	insert := do(&insertAnswer, append(answerValues(a), a.Question, always(a.CreatedAt))...)
	if a.Removal.State != qa.Visible {
		return append(steps, do(&lockQuestion, a.Question), insert)
	}
	return append(steps, do(&countAnswer, a.Question, always(a.CreatedAt), a.ID, a.By.User, a.By.For), insert, do(&nowAnswered, a.Question))
}

func moveAnswerSteps(steps []step, c qa.MoveAnswer) []step {
	both := func(w *write) step { return do(w, c.Answer, c.To) }
	return append(steps, both(&bothQuestions), both(&mayMove), do(&holdAnswer, c.Answer), do(&recountWithout, c.Answer), do(&waitsOf, c.Answer),
		both(&moveComments), both(&moveVotes), both(&suggestionsMove), both(&moveAnswer), do(&recount1, c.To), do(&waits, c.To))
}

func insertCommentSteps(steps []step, c *qa.Comment) []step {
	seen := visible(c.Removal.State)
	count := do(&countRemark[0], c.Question, seen)
	if !c.Answer.IsZero() {
		count = do(&countRemark[1], c.Answer, seen, c.Question)
	}
	return append(steps, count, do(&insertComment, append(commentValues(c), c.Question, raw(c.Answer), always(c.CreatedAt))...))
}

var (
	answerByID  = `SELECT ` + allOfAnswer.of("") + ` FROM {answers} WHERE id = $1`
	answersOf   = `SELECT ` + allOfAnswer.of("") + ` FROM {answers} WHERE question = $1 ORDER BY id`
	commentsAll = `SELECT ` + allOfComment.of("") + ` FROM {comments} WHERE question = $1 ORDER BY id`
)

// Answer implements [qa.Store].
func (f qaStore) Answer(ctx context.Context, id qa.AnswerID) (qa.Answer, error) {
	return row(ctx, f.s, "qa.Answer", answerFields, answerByID, id)
}

// Below implements [qa.Store].
func (f qaStore) Below(ctx context.Context, id qa.QuestionID) (answers []qa.Answer, comments []qa.Comment, err error) {
	err = f.s.read(ctx, "qa.Below", into(&answers, 16, answerFields, answersOf, raw(id)), into(&comments, 16, commentFields, commentsAll, raw(id)))
	if err != nil {
		return nil, nil, err
	}
	return answers, comments, nil
}
