// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "modernc.org/sqlite"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/internal/ratio"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/postgres"
	"github.com/copis-it/copis/storage/sqlite"
)

// The performance of a forum, rights and all, beside raw SQL that does the
// same work on the same driver and the same tables, in one interleaved run:
//
//	go test -run - -bench . ./storage/internal/dbtest
//
// COPIS_BENCH_GROWTH sets how many replies the grown forum of BenchmarkGrowth
// has (default 10000; the figures of docs/performance.md are of 1000000).

// world is a forum with something in it.
type world struct {
	*community.Community
	store  community.Store
	member auth.Actor
	board  forum.BoardID
	topics []forum.TopicID
}

// members is a community in which everybody who is signed in is a member.
type members struct{}

func (members) Standing(context.Context, auth.Actor) (community.Standing, error) {
	return community.Standing{Role: auth.Member}, nil
}

const body = "Abbiamo misurato gli **outcome** con un questionario prima e dopo l'intervento.\n\n" +
	"- indicatori scelti con i partner\n- due rilevazioni a distanza di sei mesi\n\n" +
	"Come avete fatto voi con i beneficiari che non rispondono alla seconda?"

// fill makes a forum of topics with replies each.
func fill(b *testing.B, s community.Store, topics, replies int) *world {
	b.Helper()
	ctx := b.Context()
	w := &world{store: s, member: auth.Actor{User: storage.NewID[auth.User]()}}
	w.Community = community.New(community.Config{Store: s, Standing: members{}})
	at := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	board := forum.Board{ID: storage.NewID[forum.Board](), Area: auth.Commons, Audience: auth.Public, Promise: auth.Public,
		Name: "Valutazione", CreatedAt: at, Version: 1}
	w.board = board.ID
	check(b, s.Apply(ctx, forum.InsertBoard{Board: board}))
	people := make([]auth.By, 40)
	for i := range people {
		people[i] = auth.By{User: storage.NewID[auth.User]()}
	}
	for n := range topics {
		t := forum.Topic{ID: storage.NewID[forum.Topic](), Board: board.ID, Area: board.Area, Audience: auth.CommunityMembers + auth.Audience(n%2),
			By: people[n%len(people)], Title: "Come misurare il cambiamento " + strconv.Itoa(n), Body: body,
			CreatedAt: at, Text: forum.TextState{Revision: 1}, Version: 1, ActiveAt: at, LastBy: people[n%len(people)]}
		w.topics = append(w.topics, t.ID)
		check(b, s.Forum().Atomic(ctx, func(ctx context.Context, tx forum.Store) error {
			if err := tx.Apply(ctx, forum.InsertTopic{Topic: t}); err != nil {
				return err
			}
			var last forum.Reply
			for i := range replies {
				at = at.Add(time.Second)
				r := forum.Reply{ID: storage.NewID[forum.Reply](), Topic: t.ID, Depth: 1, By: people[i%len(people)], Body: body,
					CreatedAt: at, Text: forum.TextState{Revision: 1}, Version: 1}
				below := forum.Path("")
				if i%3 > 0 { // some answer the one before
					r.Parent, r.Depth, below = last.ID, last.Depth+1, last.Path
				}
				var err error
				if last, err = tx.InsertReply(ctx, r, below, 1); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	// The member has opened the last topics, as members have.
	for _, id := range w.topics[max(0, len(w.topics)-20):] {
		check(b, s.Apply(ctx, forum.ReadTo{User: w.member.User, Topic: id, Seq: replies / 2}))
	}
	return w
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func (w *world) thread(limit int) func(*testing.B) {
	id := w.topics[len(w.topics)-1]
	return func(b *testing.B) {
		th, err := w.Forum.Thread(b.Context(), w.member, forum.ThreadPage{Topic: id, Limit: limit})
		if err != nil || len(th.Replies.Items) != limit {
			b.Fatal(len(th.Replies.Items), err)
		}
	}
}

func (w *world) latest(who auth.Actor) func(*testing.B) {
	return func(b *testing.B) {
		page, err := w.Forum.Topics(b.Context(), who, forum.TopicFilter{Limit: 20})
		if err != nil || len(page.Items) != 20 {
			b.Fatal(len(page.Items), err)
		}
	}
}

func (w *world) reply(b *testing.B) {
	_, err := w.Forum.Reply(b.Context(), w.member, forum.NewReply{Topic: w.topics[0], Body: body})
	check(b, err)
}

func openSQLite(b *testing.B, fast bool) sqlite.Store {
	b.Helper()
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "c.db"), sqlite.Options{Fast: fast})
	check(b, err)
	b.Cleanup(func() { _ = s.Close() })
	return s
}

func openPostgres(b *testing.B) postgres.Store {
	b.Helper()
	s, err := postgres.Open(b.Context(), PostgresURL(b))
	check(b, err)
	b.Cleanup(func() { _ = s.Close() })
	return s
}

// quiet is a context that never ends: to watch one that may costs a goroutine
// for every statement.
var quiet = context.Background()

// Raw SQL, written by hand for the tables as they are. Parameters are ?, or $n
// after pg.
const (
	topicCols = `t.id, t.board, t.area, t.audience, t.by_user, t.by_org, t.title, t.revision, t.edited_at, t.edited_user, t.edited_org, t.edited_why,
		t.answered, t.state, t.removed_at, t.removed_user, t.removed_org, t.removed_why, t.pin, t.locked, t.close_after, t.slow_mode, t.merged_into,
		t.version, t.seq, t.replies, t.useful, t.created_at, t.active_at, t.last_user, t.last_org`
	markCols  = `m.who, m.topic, m.opened, m.read, m.follow, m.reason, m.posted_at`
	replyCols = `r.id, r.topic, r.parent, r.depth, r.path, r.seq, r.by_user, r.by_org, r.body, r.created_at, r.revision, r.edited_at, r.edited_user, r.edited_org,
		r.edited_why, r.answered, r.state, r.removed_at, r.removed_user, r.removed_org, r.removed_why, r.from_staff, r.useful, r.version`

	rawTopic = `SELECT ` + topicCols + `, t.body, ` + markCols + ` FROM copis_topics t
		LEFT JOIN copis_marks m ON m.who = $2 AND m.topic = t.id WHERE t.id = $1`
	rawPage = `SELECT ` + replyCols + `, r.useful > 0 AND EXISTS (SELECT 1 FROM copis_reactions x WHERE x.post = r.id AND x.reply = TRUE AND x.who = $4)
		FROM copis_replies r WHERE r.topic = $1 AND r.path > $2 ORDER BY r.path LIMIT $3`
	rawLatest = `SELECT ` + topicCols + ` FROM copis_topics t WHERE t.circle = 3 ORDER BY t.active_at DESC, t.id DESC LIMIT 21`

	rawSeen   = `SELECT locked, state, version, seq, slow_mode, close_after, active_at FROM copis_topics WHERE id = $1`
	rawCount  = `UPDATE copis_topics SET seq = $2, replies = replies + 1, active_at = $3, last_user = $4, last_org = NULL WHERE id = $1`
	rawInsert = `INSERT INTO copis_replies (topic, path, id, depth, seq, by_user, created_at, revision, answered, state, from_staff, useful, version, edited_why, removed_why, body)
		VALUES ($1, $2, $3, 1, $4, $5, $6, 1, FALSE, 0, FALSE, 0, 1, '', '', $7)`
	rawMark = `INSERT INTO copis_marks (who, topic, opened, read, follow, reason, posted_at) VALUES ($1, $2, FALSE, 0, 1, 2, $3)
		ON CONFLICT (who, topic) DO UPDATE SET posted_at = excluded.posted_at, follow = excluded.follow, reason = excluded.reason`
	rawEvent = `INSERT INTO copis_events (id, at, name, area, audience, data, due) VALUES ($1, $2, 'forum.replied', $3, 2, $4, $5)`
)

func lite(query string) string { return strings.ReplaceAll(query, "$", "?") }

// columns scans n columns of every row into what the driver gives.
func columns(b *testing.B, rows interface {
	Next() bool
	Scan(...any) error
	Err() error
}, n int) (count int) {
	row, to := make([]any, n), make([]any, n)
	for i := range row {
		to[i] = &row[i]
	}
	for rows.Next() {
		check(b, rows.Scan(to...))
		count++
	}
	check(b, rows.Err())
	return count
}

// liteRaw is raw SQL on SQLite, prepared.
type liteRaw struct {
	*world
	stmts map[string]*sql.Stmt
	conn  *sql.Conn // that writes
	on    map[string]*sql.Stmt
}

func rawSQLite(b *testing.B, w *world, db *sql.DB) *liteRaw {
	r := &liteRaw{w, map[string]*sql.Stmt{}, nil, map[string]*sql.Stmt{}}
	for _, q := range []string{rawTopic, rawPage, rawLatest} {
		s, err := db.Prepare(lite(q))
		check(b, err)
		b.Cleanup(func() { _ = s.Close() })
		r.stmts[q] = s
	}
	var err error
	r.conn, err = db.Conn(quiet)
	check(b, err)
	b.Cleanup(func() { _ = r.conn.Close() })
	for _, q := range []string{"BEGIN IMMEDIATE", "COMMIT", rawSeen, rawCount, rawInsert, rawMark, rawEvent} {
		s, err := r.conn.PrepareContext(quiet, lite(q))
		check(b, err)
		b.Cleanup(func() { _ = s.Close() })
		r.on[q] = s
	}
	return r
}

func (r *liteRaw) query(b *testing.B, q string, n int, args ...any) int {
	rows, err := r.stmts[q].QueryContext(quiet, args...)
	check(b, err)
	defer rows.Close()
	return columns(b, rows, n)
}

func blob[T any](id storage.ID[T]) []byte {
	v := id.Bytes()
	return v[:]
}

func (r *liteRaw) thread(limit int) func(*testing.B) {
	id := blob(r.topics[len(r.topics)-1])
	return func(b *testing.B) {
		if r.query(b, rawTopic, 39, id, blob(r.member.User)) != 1 || r.query(b, rawPage, 25, id, []byte{}, limit+1, blob(r.member.User)) < limit {
			b.Fatal("too few")
		}
	}
}

func (r *liteRaw) latest(b *testing.B) {
	if r.query(b, rawLatest, 31) != 21 {
		b.Fatal("too few")
	}
}

func (r *liteRaw) exec(b *testing.B, q string, args ...any) {
	_, err := r.on[q].ExecContext(quiet, args...)
	check(b, err)
}

func (r *liteRaw) reply(b *testing.B) {
	id, who, now, reply := blob(r.topics[0]), blob(r.member.User), time.Now().UnixMicro(), storage.NewID[forum.Reply]()
	r.exec(b, "BEGIN IMMEDIATE")
	var locked bool
	var state, version, slow, after, active int64
	var seq int
	check(b, r.on[rawSeen].QueryRowContext(quiet, id).Scan(&locked, &state, &version, &seq, &slow, &after, &active))
	seq++
	r.exec(b, rawCount, id, seq, now, who)
	r.exec(b, rawInsert, id, []byte(forum.Path("").Below(seq)), blob(reply), seq, who, now, body)
	r.exec(b, rawMark, who, id, now)
	r.exec(b, rawEvent, blob(storage.NewID[storage.Event]()), now, blob(auth.Commons), eventData(r.world, reply), int64(0))
	r.exec(b, "COMMIT")
}

func eventData(w *world, reply forum.ReplyID) string {
	return fmt.Sprintf(`{"by":{"User":%q,"For":""},"board":%q,"topic":%q,"reply":%q}`, w.member.User, w.board, w.topics[0], reply)
}

func BenchmarkSQLite(b *testing.B) {
	s := openSQLite(b, true)
	w := fill(b, s, 200, 60)
	raw := rawSQLite(b, w, s.DB)
	for _, n := range []int{50, 10, 1} {
		b.Run(fmt.Sprintf("thread=%d", n), func(b *testing.B) { ratio.Run(b, 20, w.thread(n), raw.thread(n)) })
	}
	b.Run("latest=20", func(b *testing.B) { ratio.Run(b, 20, w.latest(auth.Visitor), raw.latest) })
	b.Run("reply", func(b *testing.B) { ratio.Run(b, 20, w.reply, raw.reply) })
	b.Run("reply/durable", func(b *testing.B) {
		s := openSQLite(b, false)
		w := fill(b, s, 20, 20)
		ratio.Run(b, 5, w.reply, rawSQLite(b, w, s.DB).reply)
	})
}

// BenchmarkWriters has 16 writers at once, each reply durable before it is
// acknowledged; the other has one transaction for each. The bar is a third.
func BenchmarkWriters(b *testing.B) {
	s := openSQLite(b, false)
	w := fill(b, s, 20, 20)
	raw := rawSQLite(b, w, s.DB)
	var turn sync.Mutex
	people := make([]auth.Actor, 16)
	for i := range people {
		people[i].User = storage.NewID[auth.User]()
	}
	ratio.Run(b, 1, func(b *testing.B) {
		crowd(func(i int) {
			_, err := w.Forum.Reply(b.Context(), people[i], forum.NewReply{Topic: w.topics[i], Body: body})
			if err != nil {
				b.Error(err)
			}
		})
	}, func(b *testing.B) {
		crowd(func(int) {
			turn.Lock()
			defer turn.Unlock()
			raw.reply(b)
		})
	})
}

// crowd has 16 callers make 4 calls each.
func crowd(call func(i int)) {
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for range 4 {
				call(i)
			}
		})
	}
	all.Wait()
}

// pgRaw is raw SQL on PostgreSQL, a batch at a time.
type pgRaw struct {
	*world
	pool *pgxpool.Pool
	seq  atomic.Int64
}

func (r *pgRaw) thread(limit int) func(*testing.B) {
	id, who := uuid.UUID(r.topics[len(r.topics)-1].Bytes()), uuid.UUID(r.member.User.Bytes())
	return func(b *testing.B) {
		var batch pgx.Batch
		batch.Queue(rawTopic, id, who)
		batch.Queue(rawPage, id, []byte{}, limit+1, who)
		res := r.pool.SendBatch(quiet, &batch)
		defer res.Close()
		for _, n := range []int{39, 25} {
			rows, err := res.Query()
			check(b, err)
			columns(b, rows, n)
		}
	}
}

func (r *pgRaw) latest(b *testing.B) {
	rows, err := r.pool.Query(quiet, rawLatest)
	check(b, err)
	if columns(b, rows, 31) != 21 {
		b.Fatal("too few")
	}
}

func (r *pgRaw) reply(b *testing.B) {
	id, who, now, reply := uuid.UUID(r.topics[0].Bytes()), uuid.UUID(r.member.User.Bytes()), time.Now(), storage.NewID[forum.Reply]()
	seq := int(r.seq.Add(1)) + 1_000_000 // known without asking, so that one batch is enough
	var batch pgx.Batch
	batch.Queue("BEGIN")
	batch.Queue(rawSeen+" FOR NO KEY UPDATE", id)
	batch.Queue(rawCount, id, seq, now, who)
	batch.Queue(rawInsert, id, []byte(forum.Path("").Below(seq)), uuid.UUID(reply.Bytes()), seq, who, now, body)
	batch.Queue(rawMark, who, id, now)
	batch.Queue(rawEvent, uuid.UUID(storage.NewID[storage.Event]().Bytes()), now, uuid.UUID(auth.Commons.Bytes()), eventData(r.world, reply), time.Unix(0, 0))
	batch.Queue("COMMIT")
	check(b, r.pool.SendBatch(quiet, &batch).Close())
}

func BenchmarkPostgres(b *testing.B) {
	s := openPostgres(b)
	w := fill(b, s, 200, 60)
	_, err := s.Pool.Exec(b.Context(), "ANALYZE")
	check(b, err)
	raw := &pgRaw{world: w, pool: s.Pool}
	for _, n := range []int{50, 10, 1} {
		b.Run(fmt.Sprintf("thread=%d", n), func(b *testing.B) { ratio.Run(b, 20, w.thread(n), raw.thread(n)) })
	}
	b.Run("latest=20", func(b *testing.B) { ratio.Run(b, 20, w.latest(auth.Visitor), raw.latest) })
	// Each on a topic of its own, whose numbers it gives itself.
	other := *w
	other.topics = w.topics[1:]
	b.Run("reply", func(b *testing.B) { ratio.Run(b, 20, w.reply, (&pgRaw{world: &other, pool: s.Pool}).reply) })
}

// BenchmarkGrowth compares a forum that has grown with one of a thousand
// replies.
func BenchmarkGrowth(b *testing.B) {
	grown := 10_000
	if v := os.Getenv("COPIS_BENCH_GROWTH"); v != "" {
		var err error
		grown, err = strconv.Atoi(v)
		check(b, err)
	}
	for name, open := range map[string]func() (community.Store, func(query string, args ...any)){
		"sqlite": func() (community.Store, func(string, ...any)) {
			s := openSQLite(b, true)
			return s, func(query string, args ...any) {
				_, err := s.DB.ExecContext(quiet, strings.NewReplacer("{id}", "randomblob(16)", "{second}", "1000000", "{tidy}", "ANALYZE").Replace(lite(query)), args...)
				check(b, err)
			}
		},
		"postgres": func() (community.Store, func(string, ...any)) {
			s := openPostgres(b)
			return s, func(query string, args ...any) {
				_, err := s.Pool.Exec(quiet, strings.NewReplacer("{id}", "gen_random_uuid()", "{second}", "INTERVAL '1 second'", "{tidy}", "VACUUM ANALYZE").Replace(query), args...)
				check(b, err)
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			s, exec := open()
			small := fill(b, s, 20, 50)
			exec("{tidy}") // as the server does by itself, in time
			s, exec = open()
			large := fill(b, s, 20, 50)
			multiply(exec, grown/(20*50))
			exec("{tidy}")
			b.Run("thread=50", func(b *testing.B) { ratio.Run(b, 20, large.thread(50), small.thread(50)) })
			b.Run("latest=20", func(b *testing.B) { ratio.Run(b, 20, large.latest(large.member), small.latest(small.member)) })
			b.Run("reply", func(b *testing.B) { ratio.Run(b, 20, large.reply, small.reply) })
		})
	}
}

// multiply makes a forum so many times as large, with older copies of all its
// topics, replies and marks: a list of topics then has as much to count. Their
// ids are in no order, which is the worst case.
func multiply(exec func(query string, args ...any), times int) {
	exec(`CREATE TABLE bench_copies AS WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ` + strconv.Itoa(times-1) + `)
		SELECT t.id AS old, {id} AS new, s.n AS n FROM copis_topics t CROSS JOIN s`)
	columns := func(cols string) string { return strings.NewReplacer("t.", "", "r.", "").Replace(cols) }
	topic := strings.NewReplacer("t.id", "c.new", "t.active_at", "t.active_at - c.n * {second}").Replace(topicCols)
	exec(`INSERT INTO copis_topics (` + columns(topicCols) + `, body, circle) SELECT ` + topic + `, t.body, t.circle FROM bench_copies c JOIN copis_topics t ON t.id = c.old`)
	reply := strings.NewReplacer("r.id", "{id}", "r.topic", "c.new").Replace(replyCols)
	exec(`INSERT INTO copis_replies (` + columns(replyCols) + `) SELECT ` + reply + ` FROM bench_copies c JOIN copis_replies r ON r.topic = c.old`)
	exec(`INSERT INTO copis_marks (` + columns(strings.ReplaceAll(markCols, "m.", "")) + `) SELECT ` +
		strings.Replace(markCols, "m.topic", "c.new", 1) + ` FROM bench_copies c JOIN copis_marks m ON m.topic = c.old`)
	exec(`DROP TABLE bench_copies`)
}
