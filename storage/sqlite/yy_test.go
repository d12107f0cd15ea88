package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/sqlstore"
)

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(1, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestYY(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, filepath.Join(t.TempDir(), "b.db"), Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	b := forum.Board{ID: storage.NewID[forum.Board](), Area: auth.Commons, Audience: 3, Promise: 2, Version: 1, CreatedAt: now}
	s.Apply(ctx, forum.InsertBoard{Board: b})
	var topics []forum.TopicID
	for range 200 {
		tp := forum.Topic{ID: storage.NewID[forum.Topic](), Board: b.ID, Area: auth.Commons, Audience: 2, Title: "x", Body: "y", CreatedAt: now, ActiveAt: now, Version: 1}
		topics = append(topics, tp.ID)
		s.Apply(ctx, forum.InsertTopic{Topic: tp})
	}
	s.Store.Close()
	c, _ := s.DB.Conn(ctx)
	q := sqlstore.ZZ()
	q["raw count"] = `UPDATE copis_topics SET seq = ?2, replies = replies + 1, active_at = ?3, last_user = ?4, last_org = NULL WHERE id = ?1`
	q["raw insert"] = `INSERT INTO copis_replies (topic, path, id, depth, seq, by_user, created_at, revision, answered, state, from_staff, useful, version, edited_why, removed_why, body)
		VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, 1, FALSE, 0, FALSE, 0, 1, '', '', ?7)`
	q["raw mark"] = `INSERT INTO copis_marks (who, topic, opened, read, follow, reason, posted_at) VALUES (?1, ?2, FALSE, 0, 1, 2, ?3)
		ON CONFLICT (who, topic) DO UPDATE SET posted_at = excluded.posted_at, follow = excluded.follow, reason = excluded.reason`
	q["raw event"] = `INSERT INTO copis_events (id, at, name, area, audience, data, due) VALUES (?1, ?2, 'forum.replied', ?3, 2, ?4, ?5)`
	q["count noret"] = strings.Split(q["count"], " RETURNING")[0]
	q["insert nopar"] = strings.Split(q["insert"], "AND (?2 IS NULL")[0] + " ON CONFLICT DO NOTHING"
	q["insert noconf"] = strings.Split(q["insert"], "AND (?2 IS NULL")[0]
	q["insert values"] = "INSERT INTO copis_replies (topic, path, id, depth, seq, by_user, created_at, revision, answered, state, from_staff, useful, version, edited_why, removed_why, body) VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, 1, FALSE, 0, FALSE, 0, 1, '', '', ?7) ON CONFLICT DO NOTHING"
	q["begin"] = "BEGIN IMMEDIATE"
	q["commit"] = "COMMIT"
	spent := map[string][]time.Duration{}
	n := map[string]int{}
	stmts := map[string]func(args ...any){}
	for name, text := range q {
		st, err := c.PrepareContext(ctx, text)
		if err != nil {
			t.Fatal(name, err)
		}
		stmts[name] = func(args ...any) {
			start := time.Now()
			if name == "count" {
				r, err := st.QueryContext(ctx, args...)
				if err != nil {
					t.Fatal(name, err)
				}
				var seq int64
				for r.Next() {
					r.Scan(&seq)
				}
				r.Close()
			} else if _, err := st.ExecContext(ctx, args...); err != nil {
				t.Fatal(name, err)
			}
			spent[name] = append(spent[name], time.Since(start))
			n[name]++
		}
	}
	id := func(x interface{ Bytes() [16]byte }) []byte { v := x.Bytes(); return v[:] }
	who := id(storage.NewID[auth.User]())
	body := "Abbiamo misurato gli **outcome** con un questionario prima e dopo l'intervento. Abbiamo misurato gli **outcome** con un questionario prima e dopo l'intervento."
	at := now.UnixMicro()
	var last any
	for i := range 6000 {
		tp := id(topics[0])
		at++
		stmts["begin"]()
		switch i % 5 {
		case 1:
			stmts["count noret"](tp, 1, at, who, nil)
			stmts["insert nopar"](id(storage.NewID[forum.Reply]()), nil, tp, 1, at, 0, 1, who, nil, body, 1, nil, nil, nil, "", 0, 0, nil, nil, nil, "", 0, "")
		case 2:
			stmts["count noret"](tp, 1, at, who, nil)
			stmts["insert noconf"](id(storage.NewID[forum.Reply]()), nil, tp, 1, at, 0, 1, who, nil, body, 1, nil, nil, nil, "", 0, 0, nil, nil, nil, "", 0, "")
		case 3:
			stmts["raw count"](tp, i+1, at, who)
			stmts["insert values"](tp, []byte(forum.Path("").Below(i+1)), id(storage.NewID[forum.Reply]()), i+1, who, at, body)
		case 0:
			stmts["count"](tp, 1, at, who, nil)
			stmts["insert"](id(storage.NewID[forum.Reply]()), nil, tp, 1, at, 0, 1, who, nil, body, 1, nil, nil, nil, "", 0, 0, nil, nil, nil, "", 0, "")
			if last == nil {
				stmts["wrote"](tp, who, 2, at)
			} else {
				stmts["wrote again"](tp, who, 2, at, last)
			}
			stmts["event"](id(storage.NewID[forum.Reply]()), at, "forum.replied", who, 2, body, 0)
		case 4:
			stmts["raw count"](tp, i+1, at, who)
			stmts["raw insert"](tp, []byte(forum.Path("").Below(i+1)), id(storage.NewID[forum.Reply]()), i+1, who, at, body)
			stmts["raw mark"](who, tp, at)
			stmts["raw event"](id(storage.NewID[forum.Reply]()), at, who, body, 0)
		}
		if i%5 == 0 || i%5 == 4 {
			last = at
		}
		stmts["commit"]()
	}
	for name, d := range spent {
		slices.Sort(d)
		fmt.Println(name, d[len(d)/4], d[len(d)/2])
	}
}
