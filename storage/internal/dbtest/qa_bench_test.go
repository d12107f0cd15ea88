// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/internal/ratio"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// quiz is a world of questions.
type quiz struct {
	*community.Community
	member    auth.Actor
	questions []qa.Question
	answers   []qa.Answer // to the last question
	asked     qa.Question // that is answered and voted on
	voted     qa.Answer
	n         int
}

// ask makes a community of so many questions with answers each, every fifth of
// which has two comments. Tags are of twenty.
func ask(b *testing.B, s community.Store, questions, answers int) *quiz {
	b.Helper()
	w := &quiz{member: auth.Actor{User: storage.NewID[auth.User]()}}
	w.Community = community.New(community.Config{Store: s, Standing: members{}, QA: qa.Config{VoteWindow: -1}})
	at := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	entry := func() qa.Entry {
		at = at.Add(time.Second)
		return qa.Entry{By: auth.By{User: storage.NewID[auth.User]()}, Body: body, CreatedAt: at, Text: qa.TextState{Revision: 1, Substance: 1}, Version: 1}
	}
	for n := range questions {
		q := qa.Question{ID: storage.NewID[qa.Question](), Area: auth.Commons, Audience: auth.CommunityMembers + auth.Audience(n%2), Entry: entry(),
			Title: "Come misurare il cambiamento " + strconv.Itoa(n), Tags: []string{"tag" + strconv.Itoa(n%20), "valutazione"}}
		changes := []storage.Change{qa.InsertQuestion{Question: q, Words: []string{"misurare", "cambiamento", strconv.Itoa(n)}}}
		w.questions, w.answers = append(w.questions, q), nil
		for i := range answers {
			a := qa.Answer{ID: storage.NewID[qa.Answer](), Question: q.ID, Entry: entry()}
			w.answers = append(w.answers, a)
			changes = append(changes, qa.InsertAnswer{Answer: a},
				qa.SetVote{Post: qa.Post{Question: q.ID, Answer: a.ID}, User: storage.NewID[auth.User](), To: qa.For, At: at})
			for range 2 * max(0, 1-i%5) {
				changes = append(changes, qa.InsertComment{Comment: qa.Comment{ID: storage.NewID[qa.Comment](), Question: q.ID, Answer: a.ID, Entry: entry()}})
			}
		}
		check(b, s.Apply(quiet, changes...))
	}
	for _, a := range w.answers[:min(10, len(w.answers))] {
		check(b, s.Apply(quiet, qa.SetVote{Post: qa.Post{Question: a.Question, Answer: a.ID}, User: w.member.User, To: qa.For, At: at}))
	}
	w.asked = w.questions[0]
	w.asked.ID = storage.NewID[qa.Question]()
	w.voted = qa.Answer{ID: storage.NewID[qa.Answer](), Question: w.asked.ID, Entry: entry()}
	check(b, s.Apply(quiet, qa.InsertQuestion{Question: w.asked}, qa.InsertAnswer{Answer: w.voted}))
	return w
}

func (w *quiz) page(b *testing.B) {
	page, err := w.QA.Page(quiet, w.member, qa.QuestionPage{Question: w.answers[0].Question, Limit: 50})
	if err != nil || len(page.Answers.Items) != 50 || len(page.Comments) != 10 || len(page.Votes) != 10 {
		b.Fatal(len(page.Answers.Items), len(page.Comments), len(page.Votes), err)
	}
}

func (w *quiz) newest(b *testing.B) {
	page, err := w.QA.Questions(quiet, auth.Visitor, qa.QuestionFilter{Limit: 20})
	if err != nil || len(page.Items) != 20 {
		b.Fatal(len(page.Items), err)
	}
}

func (w *quiz) vote(b *testing.B) {
	w.n++
	_, err := w.QA.Vote(quiet, w.member, qa.Post{Question: w.asked.ID, Answer: w.voted.ID}, qa.Value(w.n%3-1))
	check(b, err)
}

func (w *quiz) answer(b *testing.B) {
	_, err := w.QA.Answer(quiet, w.member, qa.NewAnswer{Question: w.asked.ID, Body: body})
	check(b, err)
}

// Raw SQL of questions, likewise by hand.
const (
	questionHead = `q.id, q.version, q.area, q.audience, q.by_user, q.by_org, q.created_at, q.revision, q.substance, q.edited_at, q.edited_user, q.edited_org, q.edited_why,
		q.state, q.removed_at, q.removed_user, q.removed_org, q.removed_why, q.title, q.tags, q.themes, q.delegate, q.origin_kind, q.origin_id, q.recheck_at,
		q.reason, q.closed_of, q.closed_at, q.closed_user, q.closed_org, q.closed_why, q.merged_into, q.accepted, q.accepted_revision, q.accepted_at,
		q.accepted_user, q.accepted_org, q.capacity, q.up, q.down, q.comments, q.answers, q.active_at, q.last_user, q.last_org`
	headCols   = 45
	answerCols = `a.id, a.version, a.by_user, a.by_org, a.body, a.revision, a.substance, a.edited_at, a.edited_user, a.edited_org, a.edited_why,
		a.state, a.removed_at, a.removed_user, a.removed_org, a.removed_why, a.official, a.useful, a.question, a.created_at, a.up, a.down, a.comments`
	commentCols = `c.id, c.version, c.by_user, c.by_org, c.body, c.revision, c.substance, c.edited_at, c.edited_user, c.edited_org, c.edited_why,
		c.state, c.removed_at, c.removed_user, c.removed_org, c.removed_why, c.question, c.answer, c.created_at`

	rawQuestion = `SELECT ` + questionHead + `, q.body FROM copis_questions q WHERE q.id = $1`
	rawAnswers  = `SELECT ` + answerCols + ` FROM copis_answers a WHERE a.question = $1 AND (a.state = 0 OR a.by_user = $2) ORDER BY a.place, a.created_at, a.id LIMIT 51`
	rawKeys     = `SELECT {nil} AS id FROM copis_questions WHERE id = $1 AND remarks > 0 UNION ALL SELECT id FROM (SELECT id, remarks FROM copis_answers a
		WHERE a.question = $1 AND (a.state = 0 OR a.by_user = $2) ORDER BY a.place, a.created_at, a.id LIMIT 51) a WHERE remarks > 0`
	rawRemarks = `SELECT ` + commentCols + ` FROM (` + rawKeys + `) k CROSS JOIN copis_comments c ON c.rowid IN (SELECT p.rowid FROM copis_comments p
		WHERE p.question = $1 AND p.answer = k.id AND (p.state = 0 OR p.by_user = $2) ORDER BY p.created_at, p.id LIMIT 5)`
	rawRemarksPg = `SELECT ` + commentCols + ` FROM (` + rawKeys + `) k CROSS JOIN LATERAL (SELECT * FROM copis_comments p
		WHERE p.question = $1 AND p.answer = k.id AND (p.state = 0 OR p.by_user = $2) ORDER BY p.created_at, p.id LIMIT 5) c`
	rawLinked = `SELECT ` + questionHead + ` FROM (SELECT coalesce(merged_into, closed_of) AS id FROM copis_questions WHERE id = $1
		UNION SELECT id FROM (SELECT id FROM copis_questions WHERE closed_of = $1 AND state = 0 AND audience >= 2 ORDER BY created_at DESC, id DESC LIMIT 20) d
		UNION SELECT id FROM (SELECT id FROM copis_questions WHERE merged_into = $1 AND state = 0 AND audience >= 2 ORDER BY created_at DESC, id DESC LIMIT 20) m) k
		CROSS JOIN copis_questions q WHERE q.id = k.id AND q.state = 0 AND q.audience >= 2`
	rawVotes  = `SELECT question, answer, value, at FROM copis_votes WHERE voter = $2 AND question = $1`
	rawNewest = `SELECT ` + questionHead + ` FROM copis_questions q WHERE q.circle = 3 ORDER BY q.created_at DESC, q.id DESC LIMIT 21`

	rawVoteLook = `SELECT q.version, q.state, q.area, q.audience, q.merged_into, a.version, a.state, a.by_user, a.up, a.down, v.value, v.at FROM copis_questions q
		JOIN copis_answers a ON a.id = $2 LEFT JOIN copis_votes v ON v.voter = $3 AND v.question = q.id AND v.answer = a.id WHERE q.id = $1`
	rawTally = `UPDATE copis_answers SET up = up + $2, down = down + $3, place = place - $2 + $3 WHERE id = $1`
	rawCast  = `INSERT INTO copis_votes (voter, question, answer, value, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (voter, question, answer) DO UPDATE SET value = excluded.value`

	rawAsked    = `SELECT version, state, area, audience, reason, merged_into, answers FROM copis_questions WHERE id = $1`
	rawAnswered = `UPDATE copis_questions SET answers = answers + 1, active_at = $2, last_user = $3, last_org = NULL WHERE id = $1`
	rawAnswer   = `INSERT INTO copis_answers (id, version, by_user, body, revision, substance, edited_why, state, removed_why, official, useful, question, created_at, up, down, place, comments, remarks)
		VALUES ($1, 1, $2, $3, 1, 1, '', 0, '', FALSE, FALSE, $4, $5, 0, 0, 0, 0, 0)`
	rawWaits  = `UPDATE copis_labels SET waits = FALSE WHERE id = $1 AND waits`
	rawEvent2 = `INSERT INTO copis_events (id, at, name, area, audience, data, due) VALUES ($1, $2, 'qa.answered', $3, 2, $4, $5)`
)

func liteNil(q string) string {
	return lite(strings.ReplaceAll(q, "{nil}", "x'00000000000000000000000000000000'"))
}
func pgNil(q string) string {
	return strings.ReplaceAll(q, "{nil}", "UUID '00000000-0000-0000-0000-000000000000'")
}

func answeredData(w *quiz, a qa.AnswerID) string {
	return fmt.Sprintf(`{"by":{"User":%q,"For":""},"question":%q,"answer":%q}`, w.member.User, w.asked.ID, a)
}

// liteQuiz is raw SQL on SQLite, prepared, on an answer of its own.
type liteQuiz struct {
	*quiz
	conn  *sql.Conn
	on    map[string]*sql.Stmt
	value int
}

func rawQuiz(b *testing.B, w *quiz, s community.Store, db *sql.DB) *liteQuiz {
	r := &liteQuiz{quiz: ownAnswer(b, w, s), on: map[string]*sql.Stmt{}}
	var err error
	r.conn, err = db.Conn(quiet)
	check(b, err)
	b.Cleanup(func() { _ = r.conn.Close() })
	for _, q := range []string{"BEGIN", "BEGIN IMMEDIATE", "COMMIT", rawQuestion, rawAnswers, rawRemarks, rawLinked, rawVotes, rawNewest,
		rawVoteLook, rawTally, rawCast, rawAsked, rawAnswered, rawAnswer, rawWaits, rawEvent2} {
		st, err := r.conn.PrepareContext(quiet, liteNil(q))
		check(b, err)
		b.Cleanup(func() { _ = st.Close() })
		r.on[q] = st
	}
	return r
}

// ownAnswer returns the same questions with another to answer and to vote on.
func ownAnswer(b *testing.B, w *quiz, s community.Store) *quiz {
	own := *w
	own.asked.ID, own.voted.ID = storage.NewID[qa.Question](), storage.NewID[qa.Answer]()
	own.voted.Question = own.asked.ID
	check(b, s.Apply(quiet, qa.InsertQuestion{Question: own.asked}, qa.InsertAnswer{Answer: own.voted}))
	return &own
}

func (r *liteQuiz) query(b *testing.B, q string, n int, args ...any) int {
	rows, err := r.on[q].QueryContext(quiet, args...)
	check(b, err)
	defer rows.Close()
	return columns(b, rows, n)
}

func (r *liteQuiz) exec(b *testing.B, q string, args ...any) {
	_, err := r.on[q].ExecContext(quiet, args...)
	check(b, err)
}

func (r *liteQuiz) page(b *testing.B) {
	id, who := blob(r.answers[0].Question), blob(r.member.User)
	r.exec(b, "BEGIN")
	if r.query(b, rawQuestion, headCols+1, id) != 1 || r.query(b, rawAnswers, 23, id, who) != 50 || r.query(b, rawRemarks, 19, id, who) != 20 ||
		r.query(b, rawLinked, headCols, id) != 0 || r.query(b, rawVotes, 4, id, who) != 10 {
		b.Fatal("not what was asked for")
	}
	r.exec(b, "COMMIT")
}

func (r *liteQuiz) newest(b *testing.B) {
	if r.query(b, rawNewest, headCols) != 21 {
		b.Fatal("too few")
	}
}

// next returns what the next vote changes.
func (r *quiz) next(value *int) (up, down, to int) {
	r.n++
	was := *value
	*value = r.n%3 - 1
	one := func(v, is int) int {
		if v == is {
			return 1
		}
		return 0
	}
	return one(*value, 1) - one(was, 1), one(*value, -1) - one(was, -1), *value
}

func (r *liteQuiz) vote(b *testing.B) {
	question, answer, who := blob(r.asked.ID), blob(r.voted.ID), blob(r.member.User)
	up, down, to := r.next(&r.value)
	if r.query(b, rawVoteLook, 12, question, answer, who) != 1 {
		b.Fatal("no answer")
	}
	r.exec(b, "BEGIN IMMEDIATE")
	r.exec(b, rawTally, answer, up, down)
	r.exec(b, rawCast, who, question, answer, to, time.Now().UnixMicro())
	r.exec(b, "COMMIT")
}

func (r *liteQuiz) answer(b *testing.B) {
	id, who, now, question := storage.NewID[qa.Answer](), blob(r.member.User), time.Now().UnixMicro(), blob(r.asked.ID)
	r.exec(b, "BEGIN IMMEDIATE")
	if r.query(b, rawAsked, 7, question) != 1 {
		b.Fatal("no question")
	}
	r.exec(b, rawAnswered, question, now, who)
	r.exec(b, rawAnswer, blob(id), who, body, question, now)
	r.exec(b, rawWaits, question)
	r.exec(b, rawEvent2, blob(storage.NewID[storage.Event]()), now, blob(auth.Commons), answeredData(r.quiz, id), int64(0))
	r.exec(b, "COMMIT")
}

// pgQuiz is raw SQL on PostgreSQL, a batch at a time, likewise.
type pgQuiz struct {
	*quiz
	pool  *pgxpool.Pool
	value int
}

func (r *pgQuiz) page(b *testing.B) {
	id, who := uuid.UUID(r.answers[0].Question.Bytes()), uuid.UUID(r.member.User.Bytes())
	var batch pgx.Batch
	batch.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
	batch.Queue(rawQuestion, id)
	batch.Queue(rawAnswers, id, who)
	batch.Queue(pgNil(rawRemarksPg), id, who)
	batch.Queue(rawLinked, id)
	batch.Queue(rawVotes, id, who)
	batch.Queue("COMMIT")
	res := r.pool.SendBatch(quiet, &batch)
	_, err := res.Exec()
	check(b, err)
	for i, n := range []int{headCols + 1, 23, 19, headCols, 4} {
		rows, err := res.Query()
		check(b, err)
		if columns(b, rows, n) != []int{1, 50, 20, 0, 10}[i] {
			b.Fatal("not what was asked for")
		}
	}
	check(b, res.Close())
}

func (r *pgQuiz) newest(b *testing.B) {
	rows, err := r.pool.Query(quiet, rawNewest)
	check(b, err)
	if columns(b, rows, headCols) != 21 {
		b.Fatal("too few")
	}
}

func (r *pgQuiz) vote(b *testing.B) {
	question, answer, who := uuid.UUID(r.asked.ID.Bytes()), uuid.UUID(r.voted.ID.Bytes()), uuid.UUID(r.member.User.Bytes())
	up, down, to := r.next(&r.value)
	rows, err := r.pool.Query(quiet, rawVoteLook, question, answer, who)
	check(b, err)
	columns(b, rows, 12)
	var batch pgx.Batch
	batch.Queue("BEGIN")
	batch.Queue(rawTally, answer, up, down)
	batch.Queue(rawCast, who, question, answer, to, time.Now())
	batch.Queue("COMMIT")
	check(b, r.pool.SendBatch(quiet, &batch).Close())
}

func (r *pgQuiz) answer(b *testing.B) {
	id, who, now, question := storage.NewID[qa.Answer](), uuid.UUID(r.member.User.Bytes()), time.Now(), uuid.UUID(r.asked.ID.Bytes())
	rows, err := r.pool.Query(quiet, rawAsked, question)
	check(b, err)
	columns(b, rows, 7)
	var batch pgx.Batch
	batch.Queue("BEGIN")
	batch.Queue(rawAnswered, question, now, who)
	batch.Queue(rawAnswer, uuid.UUID(id.Bytes()), who, body, question, now)
	batch.Queue(rawWaits, question)
	batch.Queue(rawEvent2, uuid.UUID(storage.NewID[storage.Event]().Bytes()), now, uuid.UUID(auth.Commons.Bytes()), answeredData(r.quiz, id), time.Unix(0, 0))
	batch.Queue("COMMIT")
	check(b, r.pool.SendBatch(quiet, &batch).Close())
}

// BenchmarkQA is what people do with questions, rights and all, beside raw SQL
// that does the same.
func BenchmarkQA(b *testing.B) {
	type work interface {
		page(*testing.B)
		newest(*testing.B)
		vote(*testing.B)
		answer(*testing.B)
	}
	run := func(b *testing.B, ours, raw work) {
		b.Run("page=50", func(b *testing.B) { ratio.Run(b, 20, ours.page, raw.page) })
		b.Run("newest=20", func(b *testing.B) { ratio.Run(b, 20, ours.newest, raw.newest) })
		b.Run("vote", func(b *testing.B) { ratio.Run(b, 20, ours.vote, raw.vote) })
		b.Run("answer", func(b *testing.B) { ratio.Run(b, 20, ours.answer, raw.answer) })
	}
	b.Run("SQLite", func(b *testing.B) {
		s := openSQLite(b, true)
		w := ask(b, s, 100, 50)
		run(b, w, rawQuiz(b, w, s, s.DB))
	})
	b.Run("PostgreSQL", func(b *testing.B) {
		s := openPostgres(b)
		w := ask(b, s, 100, 50)
		_, err := s.Pool.Exec(quiet, "ANALYZE")
		check(b, err)
		run(b, w, &pgQuiz{quiz: ownAnswer(b, w, s), pool: s.Pool})
	})
}

// BenchmarkQAGrowth compares what is done among many questions with what is
// done among a hundred. COPIS_BENCH_QUESTIONS says how many; default: 2000.
func BenchmarkQAGrowth(b *testing.B) {
	many := 2000
	if v := os.Getenv("COPIS_BENCH_QUESTIONS"); v != "" {
		var err error
		many, err = strconv.Atoi(v)
		check(b, err)
	}
	for _, on := range []struct {
		name string
		open func() (community.Store, func(context.Context) error)
	}{
		{"SQLite", func() (community.Store, func(context.Context) error) {
			s := openSQLite(b, true)
			return s, func(ctx context.Context) error { _, err := s.DB.ExecContext(ctx, "ANALYZE"); return err }
		}},
		{"PostgreSQL", func() (community.Store, func(context.Context) error) {
			s := openPostgres(b)
			return s, func(ctx context.Context) error { _, err := s.Pool.Exec(ctx, "VACUUM ANALYZE"); return err }
		}},
	} {
		b.Run(on.name, func(b *testing.B) {
			among := func(questions int) *quiz {
				s, tidy := on.open()
				ask(b, s, questions, 3)
				w := ask(b, s, 20, 50)
				check(b, tidy(quiet))
				return w
			}
			small, large := among(100), among(many)
			b.Run("page=50", func(b *testing.B) { ratio.Run(b, 20, large.page, small.page) })
			b.Run("newest=20", func(b *testing.B) { ratio.Run(b, 20, large.newest, small.newest) })
			b.Run("vote", func(b *testing.B) { ratio.Run(b, 20, large.vote, small.vote) })
			b.Run("answer", func(b *testing.B) { ratio.Run(b, 20, large.answer, small.answer) })
		})
	}
}
