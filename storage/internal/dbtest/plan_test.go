// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/sqlstore"
	"github.com/copis-it/copis/storage/sqlstore/pgxstore"
)

// A spot is one small place in a forum of any size.
type spot struct {
	area   auth.AreaID
	board  forum.Board
	topics []forum.Topic
	reply  forum.Reply
	who    auth.UserID
	person personSpot
	qa     qaSpot
	now    time.Time
}

// newSpot writes a board with a few topics, replies and what goes with them.
func newSpot(t testing.TB, s community.Store, now time.Time) spot {
	t.Helper()
	ctx := context.Background()
	sp := spot{area: storage.NewID[auth.Area](), who: storage.NewID[auth.User](), now: now}
	by := auth.By{User: sp.who}
	sp.board = forum.Board{ID: storage.NewID[forum.Board](), Area: sp.area, Audience: auth.Public, Promise: auth.Public, CreatedAt: now, Version: 1}
	var changes []storage.Change
	sp.person, changes = newPersonSpot(sp.who, sp.area, now)
	changes = append(changes, newAuthSpot(sp.who, now).changes()...)
	var asked []storage.Change
	sp.qa, asked = newQASpot(sp.who, sp.area, now)
	changes = append(changes, asked...)
	changes = append(changes, forum.InsertBoard{Board: sp.board}, forum.MarkAllRead{User: sp.who, At: now.Add(-time.Hour)})
	for i := range 6 {
		topic := forum.Topic{
			ID: storage.NewID[forum.Topic](), Board: sp.board.ID, Area: sp.area, Audience: auth.Public, By: by, Title: "t", Body: "b",
			CreatedAt: now, ActiveAt: now, LastBy: by, Text: forum.TextState{Revision: 1}, Version: 1, Pin: forum.Pin(i % 3),
		}
		switch i {
		case 4:
			topic.Pin, topic.Removal = forum.NotPinned, forum.Removal{State: forum.Hidden, At: now, By: by}
		case 5:
			topic.Pin, topic.Removal = forum.NotPinned, forum.Removal{State: forum.Held}
		}
		sp.topics = append(sp.topics, topic)
		first := forum.Post{Topic: topic.ID}
		changes = append(changes, forum.InsertTopic{Topic: topic}, forum.ReadTo{User: sp.who, Topic: topic.ID, Seq: 1},
			forum.SetFollow{User: sp.who, Topic: topic.ID, Follow: forum.Following, Reason: forum.Author},
			forum.SetMentions{Post: first, Users: []auth.UserID{sp.who}}, forum.InsertReaction{Post: first, User: sp.who, At: now},
			forum.InsertRevision{Revision: forum.Revision{Post: first, N: 1, By: by, At: now}},
			forum.PutDraft{Draft: forum.Draft{User: sp.who, Place: fmt.Sprint(i), At: now, Version: 1}},
			storage.Once{Owner: sp.who.Bytes(), Key: fmt.Sprint(i), At: now},
			auth.NewEvent(forum.EventStarted, now, sp.area, auth.Public, forum.Event{Topic: topic.ID}))
	}
	if err := s.Apply(ctx, changes...); err != nil {
		t.Fatal(err)
	}
	for _, topic := range sp.topics {
		for i := range 4 {
			r := forum.Reply{
				ID: storage.NewID[forum.Reply](), Topic: topic.ID, Parent: sp.reply.ID, Depth: 1, By: auth.By{User: storage.NewID[auth.User]()},
				Body: "b", CreatedAt: now.Add(time.Minute), Text: forum.TextState{Revision: 1}, Version: 1,
			}
			if i == 0 {
				r.By, r.Removal.State = by, forum.Held
			}
			var err error
			if sp.reply, err = s.Forum().InsertReply(ctx, r, "", 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	return sp
}

// A look is one of the reads that a forum makes.
type look struct {
	name string
	read func(ctx context.Context, s community.Store, sp spot) error
}

// looks are all of them, in every form that has a text of its own.
func looks() []look {
	of := func(name string, read func(ctx context.Context, f forum.Store, sp spot) error) look {
		return look{name, func(ctx context.Context, s community.Store, sp spot) error { return read(ctx, s.Forum(), sp) }}
	}
	tell := func(_ any, err error) error { return err }
	all := []look{
		of("Board", func(ctx context.Context, f forum.Store, sp spot) error { return tell(f.Board(ctx, sp.board.ID)) }),
		of("Topic", func(ctx context.Context, f forum.Store, sp spot) error { return tell(f.Topic(ctx, sp.topics[0].ID)) }),
		of("Reply", func(ctx context.Context, f forum.Store, sp spot) error { return tell(f.Reply(ctx, sp.reply.ID)) }),
		of("Held", func(ctx context.Context, f forum.Store, sp spot) error {
			return tell(f.Held(ctx, forum.HeldQuery{Reach: auth.Reach{Floor: auth.Public, Areas: []auth.AreaID{sp.area}}, Limit: 2}))
		}),
		of("Held after", func(ctx context.Context, f forum.Store, sp spot) error {
			page, err := f.Held(ctx, forum.HeldQuery{Reach: auth.Everything, Limit: 2})
			if err == nil && page.Next == "" {
				err = fmt.Errorf("nothing more waits: this says nothing")
			}
			return errors.Join(err, tell(f.Held(ctx, forum.HeldQuery{Reach: auth.Everything, After: page.Next, Limit: 2})))
		}),
		of("Held of a person", func(ctx context.Context, f forum.Store, sp spot) error {
			q := forum.HeldQuery{Reach: auth.Everything, By: sp.who, Limit: 2}
			page, err := f.Held(ctx, q)
			if err == nil && page.Next == "" {
				err = fmt.Errorf("nothing more waits: this says nothing")
			}
			q.After = page.Next
			return errors.Join(err, tell(f.Held(ctx, q)))
		}),
		of("Subtree", func(ctx context.Context, f forum.Store, sp spot) error {
			return tell(f.Subtree(ctx, sp.reply.Topic, sp.reply.Path))
		}),
		of("Revisions", func(ctx context.Context, f forum.Store, sp spot) error {
			return tell(f.Revisions(ctx, forum.Post{Topic: sp.topics[0].ID}))
		}),
		of("Followers", func(ctx context.Context, f forum.Store, sp spot) error {
			return tell(f.Followers(ctx, sp.topics[0].ID, ""))
		}),
		of("ReadAll", func(ctx context.Context, f forum.Store, sp spot) error { return tell(f.ReadAll(ctx, sp.who)) }),
		of("Draft", func(ctx context.Context, f forum.Store, sp spot) error { return tell(f.Draft(ctx, sp.who, "0")) }),
		of("Drafts", func(ctx context.Context, f forum.Store, sp spot) error { return tell(f.Drafts(ctx, sp.who)) }),
		of("Reactions", func(ctx context.Context, f forum.Store, sp spot) error { return tell(f.Reactions(ctx, sp.who)) }),
		of("Marks", func(ctx context.Context, f forum.Store, sp spot) error { return tell(f.Marks(ctx, sp.who)) }),
		of("Done", func(ctx context.Context, f forum.Store, sp spot) error { return tell(f.Done(ctx, sp.who.Bytes(), "0")) }),
	}
	for _, reach := range []struct {
		name string
		of   func(sp spot) auth.Reach
	}{
		{"everything", func(spot) auth.Reach { return auth.Everything }},
		{"some", func(sp spot) auth.Reach {
			return auth.Reach{Floor: auth.Public, Areas: []auth.AreaID{sp.area, auth.Commons}}
		}},
		{"areas", func(sp spot) auth.Reach { return auth.Reach{Areas: []auth.AreaID{sp.area}} }},
	} {
		for name, q := range map[string]func(sp spot) forum.TopicQuery{
			"all":       func(spot) forum.TopicQuery { return forum.TopicQuery{} },
			"reader":    func(sp spot) forum.TopicQuery { return forum.TopicQuery{Reader: sp.who} },
			"board":     func(sp spot) forum.TopicQuery { return forum.TopicQuery{Board: sp.board.ID, Reader: sp.who} },
			"area":      func(sp spot) forum.TopicQuery { return forum.TopicQuery{Area: sp.area} },
			"author":    func(sp spot) forum.TopicQuery { return forum.TopicQuery{Author: sp.who} },
			"announced": func(sp spot) forum.TopicQuery { return forum.TopicQuery{Area: sp.area, Announced: true} },
			"following": func(sp spot) forum.TopicQuery { return forum.TopicQuery{Reader: sp.who, Following: true} },
			"unread":    func(sp spot) forum.TopicQuery { return forum.TopicQuery{Reader: sp.who, Unread: true, Area: sp.area} },
			"removed":   func(sp spot) forum.TopicQuery { return forum.TopicQuery{Removed: true, Board: sp.board.ID} },
		} {
			all = append(all, of("Topics "+name+" of "+reach.name, func(ctx context.Context, f forum.Store, sp spot) error {
				q := q(sp)
				q.Reach, q.Limit = reach.of(sp), 2
				page, err := f.Topics(ctx, q)
				if err == nil && len(page.Items) == 0 {
					err = fmt.Errorf("nothing is listed: this says nothing")
				}
				if err == nil && page.Next != "" {
					q.After = page.Next
					_, err = f.Topics(ctx, q)
				}
				return err
			}))
		}
		all = append(all, of("Boards of "+reach.name, func(ctx context.Context, f forum.Store, sp spot) error {
			return tell(f.Boards(ctx, forum.BoardQuery{Area: sp.area, See: reach.of(sp), Read: reach.of(sp), Reader: sp.who}))
		}))
	}
	for _, newest := range []bool{false, true} {
		all = append(all, of(fmt.Sprint("Thread, newest ", newest), func(ctx context.Context, f forum.Store, sp spot) error {
			q := forum.ThreadQuery{Topic: sp.topics[0].ID, Reader: sp.who, Newest: newest, Limit: 2}
			thread, err := f.Thread(ctx, q)
			if err == nil {
				q.After = thread.Replies.Next
				_, err = f.Thread(ctx, q)
			}
			return err
		}))
	}
	for _, reply := range []bool{false, true} {
		all = append(all, of(fmt.Sprint("Place, of a reply ", reply), func(ctx context.Context, f forum.Store, sp spot) error {
			q := forum.PlaceQuery{Post: forum.Post{Topic: sp.reply.Topic}, Reader: sp.who}
			if reply {
				q.Reply = sp.reply.ID
			}
			return tell(f.Place(ctx, q))
		}))
	}
	all = append(all, of("Written", func(ctx context.Context, f forum.Store, sp spot) error {
		q := forum.WrittenQuery{User: sp.who, Limit: 2}
		page, err := f.Written(ctx, q)
		if err == nil {
			q.After = page.Next
			_, err = f.Written(ctx, q)
		}
		return err
	}), look{"Claim", func(ctx context.Context, s community.Store, _ spot) error {
		return tell(s.Claim(ctx, time.Now(), time.Minute, 2))
	}})
	return slices.Concat(all, membershipLooks(), authLooks(), qaLooks())
}

// A listener is a driver that notes every statement it is given.
type listener struct {
	driver driver.Driver
	dsn    string

	mu    sync.Mutex
	heard map[string]bool
}

func (l *listener) Driver() driver.Driver { return l.driver }

func (l *listener) Connect(context.Context) (driver.Conn, error) {
	c, err := l.driver.Open(l.dsn)
	return &listenedConn{c, l}, err
}

func (l *listener) hear(query string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard[query] = true
}

// during returns the statements that a call gives.
func (l *listener) during(t *testing.T, call func() error) []string {
	t.Helper()
	l.mu.Lock()
	l.heard = map[string]bool{}
	l.mu.Unlock()
	if err := call(); err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for q := range l.heard {
		all = append(all, q)
	}
	slices.Sort(all)
	return all
}

type listenedConn struct {
	driver.Conn
	l *listener
}

func (c *listenedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.l.hear(query)
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
}

func (c *listenedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.l.hear(query)
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c *listenedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.l.hear(query)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *listenedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

// Tables that grow with what members do. Boards do not: there are as many as
// coordinators open.
var growing = slices.Concat([]string{"topics", "replies", "revisions", "mentions", "reactions", "marks", "read_all", "drafts", "events", "once"}, membersGrow, authGrow, qaGrow)

var (
	parameter = regexp.MustCompile(`\?([0-9]+)`)
	named     = regexp.MustCompile(`"copis_([a-z_]+)"(?: +AS)?(?: +([a-z_]+))?`)
	values    = regexp.MustCompile(`^INSERT INTO [^ ]+ \([^()]*\) VALUES \([^()]*\) ON CONFLICT`) // looks at nothing else
	scan      = regexp.MustCompile(`^SCAN ([a-z_"]+)`)
)

// onlyWaiting ends the scans that there may be: of indexes that have no events,
// topics, replies, questions, answers and comments but those that wait.
var onlyWaiting = regexp.MustCompile("INDEX copis_(events_waiting|(topics|replies|questions|answers|comments)_held)$")

// SQLite never reads a growing table from one end to the other.
func TestPlansSQLite(t *testing.T) {
	t.Parallel()
	l := &listener{driver: openDB(t, "sqlite", "").Driver(), dsn: sqliteDSN(filepath.Join(t.TempDir(), "copis.db")), heard: map[string]bool{}}
	db := sql.OpenDB(l)
	t.Cleanup(func() { db.Close() })
	if err := sqlstore.Migrate(t.Context(), db, sqlstore.SQLite); err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(-time.Hour)
	seed := sqlstore.Open(db, sqlstore.SQLite)
	sp := newSpot(t, seed, now)
	seed.Close()
	for _, look := range looks() {
		t.Run(look.name, func(t *testing.T) {
			s := sqlstore.Open(db, sqlstore.SQLite) // with no statement prepared
			t.Cleanup(s.Close)
			queries := l.during(t, func() error { return look.read(t.Context(), s, sp) })
			looked := 0
			for _, q := range queries {
				if !strings.Contains(q, "copis_") || strings.HasPrefix(q, "SAVEPOINT") || strings.Contains(q, "RELEASE") {
					continue
				}
				looked++
				steps := plan(t, db, q)
				for _, step := range steps {
					m := scan.FindStringSubmatch(step.text)
					if m == nil || onlyWaiting.MatchString(step.text) {
						continue
					}
					ofSubquery := slices.ContainsFunc(steps, func(s planned) bool {
						return s.parent == step.parent && (s.text == "CO-ROUTINE "+m[1] || s.text == "MATERIALIZE "+m[1])
					})
					if table := tableOf(q, strings.Trim(m[1], `"`)); slices.Contains(growing, table) && !ofSubquery {
						t.Errorf("reads all of %s: %s\n%s", table, step.text, q)
					}
				}
			}
			if looked == 0 {
				t.Fatal("asked nothing of the database")
			}
		})
	}
}

// A planned is a step of a plan, which is a tree.
type planned struct {
	id, parent int
	text       string
}

// plan returns the steps of a query's plan.
func plan(t *testing.T, db *sql.DB, query string) (steps []planned) {
	t.Helper()
	most := 0
	for _, m := range parameter.FindAllStringSubmatch(query, -1) {
		n, _ := strconv.Atoi(m[1])
		most = max(most, n)
	}
	rows, err := db.Query("EXPLAIN QUERY PLAN "+query, make([]any, most)...)
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	defer rows.Close()
	for rows.Next() {
		var step planned
		var unused int
		if err := rows.Scan(&step.id, &step.parent, &unused, &step.text); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil || len(steps) == 0 && !values.MatchString(query) {
		t.Fatalf("no plan (%v)\n%s", err, query)
	}
	return steps
}

// tableOf returns which table a name in a plan is of: the table's own, or one
// that the query gives it.
func tableOf(query, name string) string {
	for _, m := range named.FindAllStringSubmatch(query, -1) {
		if m[2] == name || "copis_"+m[1] == name {
			return m[1]
		}
	}
	return name
}

// PostgreSQL touches as many rows for the same read when the forum around it
// has grown eightfold.
func TestPlansPostgres(t *testing.T) {
	t.Parallel()
	ctx, url := context.Background(), PostgresURL(t)
	migrated(t, sqlstore.Postgres, "pgx", url)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(ctx) })
	// Small tables are read as a whole even where there is an index.
	if _, err := conn.Exec(ctx, `SET enable_seqscan = off`); err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(-time.Hour)
	inTx := func(fn func(tx pgx.Tx)) {
		t.Helper()
		tx, err := conn.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		fn(tx)
		if err := tx.Commit(ctx); err != nil {
			t.Fatal(err)
		}
	}
	var sp spot
	around := func(n int) {
		inTx(func(tx pgx.Tx) {
			for range n {
				newSpot(t, pgxstore.Join(tx), now.Add(-time.Minute))
			}
		})
		if _, err := conn.Exec(ctx, `ANALYZE`); err != nil { // as the server does by itself, in time
			t.Fatal(err)
		}
	}
	touched := func(look look) (rows int) {
		inTx(func(tx pgx.Tx) {
			counted := func() (n int) {
				err := tx.QueryRow(ctx, `SELECT coalesce(sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)), 0)::int
					FROM pg_stat_xact_user_tables WHERE schemaname = current_schema()`).Scan(&n)
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
			before := counted() // of what the server has not reported yet
			if err := look.read(ctx, pgxstore.Join(tx), sp); err != nil {
				t.Fatalf("%s: %v", look.name, err)
			}
			rows = counted() - before
		})
		return rows
	}
	around(10)
	inTx(func(tx pgx.Tx) { sp = newSpot(t, pgxstore.Join(tx), now) })
	before := map[string]int{}
	for _, look := range looks() {
		before[look.name] = touched(look)
		if before[look.name] == 0 {
			t.Errorf("%s touches no row: this says nothing", look.name)
		}
	}
	around(70)
	for _, look := range looks() {
		// A few rows more are the luck of where things lie.
		if after := touched(look); after > before[look.name]+10 {
			t.Errorf("%s touches %d rows of a small forum, and %d of one eight times as large", look.name, before[look.name], after)
		}
	}
}
