// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/sqlite"
)

// The writers are this test binary, started again with the file to write to
// and the topics to reply to.
const (
	writerFile   = "COPIS_TEST_WRITER_FILE"
	writerTopic  = "COPIS_TEST_WRITER_TOPIC"
	writerUntil  = "COPIS_TEST_WRITER_UNTIL" // how many replies; 0: until it is killed
	writerAtOnce = 8
)

// writer replies to a topic and says every reply that was acknowledged, a
// line each. Whatever goes wrong it says on standard error.
func writer() int {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, os.Getenv(writerFile))
	if err != nil {
		fmt.Fprintln(os.Stderr, "open:", err)
		return 1
	}
	topic, err := storage.ParseID[forum.Topic](os.Getenv(writerTopic))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var until int64
	if _, err := fmt.Sscan(os.Getenv(writerUntil), &until); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	f := forum.New(forum.Config{Store: s.Forum(), Auth: auth.AllowAll{}})
	var n, failed atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range writerAtOnce {
		wg.Go(func() {
			who := auth.Actor{User: storage.NewID[auth.User]()}
			for i := n.Add(1); until == 0 || i <= until; i = n.Add(1) {
				r, err := f.Reply(ctx, who, forum.NewReply{Key: fmt.Sprint(os.Getpid(), i), Topic: topic, Body: "Risposta"})
				if err == nil && i%3 == 0 {
					err = f.Useful(ctx, auth.Actor{User: storage.NewID[auth.User]()}, forum.Post{Topic: topic, Reply: r.ID}, true)
				}
				if err != nil {
					failed.Add(1)
					fmt.Fprintln(os.Stderr, "write:", err)
					return
				}
				mu.Lock()
				fmt.Println(r.ID) // one write to the pipe, unbuffered
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "close:", err)
		return 1
	}
	return int(min(failed.Load(), 1))
}

// startWriter starts a process that replies to a topic, and returns what it
// says.
func startWriter(t *testing.T, file string, topic forum.TopicID, until int) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), writerFile+"="+file, writerTopic+"="+topic.String(), writerUntil+"="+fmt.Sprint(until))
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, bufio.NewScanner(out)
}

// audit checks that every acknowledged reply is there, once, and that what is
// counted equals what there is.
func audit(t *testing.T, s community.Store, topic forum.TopicID, acknowledged map[forum.ReplyID]bool) {
	t.Helper()
	ctx, f := context.Background(), s.Forum()
	replies, err := f.Subtree(ctx, topic, "")
	if err != nil {
		t.Fatal(err)
	}
	there := map[forum.ReplyID]bool{}
	last := 0
	for i, r := range replies {
		there[r.ID] = true
		if r.Seq <= last || r.Path != forum.Path("").Below(r.Seq) {
			t.Errorf("reply %d has the number %d and the path %x", i, r.Seq, r.Path)
		}
		last = r.Seq
		if _, err := f.Place(ctx, forum.PlaceQuery{Post: forum.Post{Topic: topic, Reply: r.ID}}); err != nil {
			t.Errorf("reply %v has no place: %v", r.ID, err)
		}
	}
	for id := range acknowledged {
		if !there[id] {
			t.Errorf("reply %v was acknowledged and is gone", id)
		}
	}
	before, err := f.Topic(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(ctx, forum.Recount{Topic: topic}); err != nil {
		t.Fatal(err)
	}
	after, err := f.Topic(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	if after != before || after.Replies != len(replies) || after.Seq != last {
		t.Errorf("%d replies, the last number %d, are counted as %+v, and counted again as %+v", len(replies), last, before, after)
	}
	events := 0
	for _, d := range waiting(t, s) {
		if d.Event.Name == forum.EventReplied {
			events++
		}
	}
	if events != len(replies) {
		t.Errorf("%d replies and %d events of them", len(replies), events)
	}
}

// A process that writes to a file is killed, over and over: what it
// acknowledged is there, and everything fits together.
func TestKillSQLite(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "copis.db")
	c := community.New(community.Config{Store: OpenSQLite(t, file), Auth: auth.AllowAll{}})
	topic := newTopic(t, c, auth.Actor{User: storage.NewID[auth.User]()})
	acknowledged := map[forum.ReplyID]bool{}
	for round := range 6 {
		cmd, said := startWriter(t, file, topic.ID, 0)
		for n := 0; said.Scan(); n++ {
			id, err := storage.ParseID[forum.Reply](said.Text())
			if err != nil {
				t.Fatal(err)
			}
			acknowledged[id] = true
			if n == 20+37*round { // and what it said until it heard
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != -1 {
			t.Fatalf("the writer was not killed: %v", err)
		}
		s, err := sqlite.Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		audit(t, s, topic.ID, acknowledged)
		s.Close()
	}
	t.Logf("%d replies acknowledged", len(acknowledged))
}

// Two processes and this one write to one file: nobody is turned away because
// somebody else is writing.
func TestProcessesSQLite(t *testing.T) {
	t.Parallel()
	const each = 150
	file := filepath.Join(t.TempDir(), "copis.db")
	s := OpenSQLite(t, file)
	c := community.New(community.Config{Store: s, Auth: auth.AllowAll{}})
	who := auth.Actor{User: storage.NewID[auth.User]()}
	topic := newTopic(t, c, who)
	acknowledged := map[forum.ReplyID]bool{}
	var mu sync.Mutex
	hear := func(id forum.ReplyID) {
		mu.Lock()
		defer mu.Unlock()
		acknowledged[id] = true
	}
	var wg sync.WaitGroup
	for range 2 {
		cmd, said := startWriter(t, file, topic.ID, each)
		wg.Go(func() {
			for said.Scan() {
				id, err := storage.ParseID[forum.Reply](said.Text())
				if err != nil {
					t.Error(err)
				}
				hear(id)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("a writer was turned away: %v", err)
			}
		})
	}
	wg.Go(func() {
		for range each {
			r, err := c.Forum.Reply(context.Background(), who, forum.NewReply{Topic: topic.ID, Body: "Anch'io"})
			if err != nil {
				t.Error(err)
				return
			}
			hear(r.ID)
		}
	})
	wg.Wait()
	if len(acknowledged) != 3*each {
		t.Errorf("%d replies acknowledged, want %d", len(acknowledged), 3*each)
	}
	audit(t, s, topic.ID, acknowledged)
}

// Sixteen writers at once on one file: each finds what was acknowledged to
// them.
func TestGroupCommit(t *testing.T) {
	t.Parallel()
	s := OpenSQLite(t, filepath.Join(t.TempDir(), "copis.db")) // durable
	c := community.New(community.Config{Store: s, Auth: auth.AllowAll{}})
	topic := newTopic(t, c, auth.Actor{User: storage.NewID[auth.User]()})
	acknowledged := map[forum.ReplyID]bool{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			who := auth.Actor{User: storage.NewID[auth.User]()}
			for range 25 {
				r, err := c.Forum.Reply(context.Background(), who, forum.NewReply{Topic: topic.ID, Body: "ok"})
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := s.Forum().Reply(context.Background(), r.ID); err != nil {
					t.Errorf("acknowledged, and not there: %v", err)
				}
				mu.Lock()
				acknowledged[r.ID] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	audit(t, s, topic.ID, acknowledged)
	if len(acknowledged) != 16*25 {
		t.Errorf("%d replies acknowledged", len(acknowledged))
	}
}

// A crew is writers who reply to a topic, again with the same key whenever
// the database was not there to answer.
type crew struct {
	wg   sync.WaitGroup
	stop chan struct{}
	more chan struct{} // told of what was acknowledged

	mu    sync.Mutex
	heard map[forum.ReplyID]bool
	twice int
}

func startCrew(f *forum.Service, topic forum.TopicID) *crew {
	c := &crew{stop: make(chan struct{}), more: make(chan struct{}, 1), heard: map[forum.ReplyID]bool{}}
	for range writerAtOnce {
		c.wg.Go(func() {
			who := auth.Actor{User: storage.NewID[auth.User]()}
			for i := 0; ; i++ {
				r, err := f.Reply(context.Background(), who, forum.NewReply{Key: fmt.Sprint(i), Topic: topic, Body: "ok"})
				if err == nil {
					c.hear(r.ID)
				} else {
					i-- // asked for again
				}
				select {
				case <-c.stop:
					return
				default:
				}
			}
		})
	}
	return c
}

func (c *crew) hear(id forum.ReplyID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.heard[id] {
		c.twice++
	}
	c.heard[id] = true
	select {
	case c.more <- struct{}{}:
	default:
	}
}

// reach waits until so many replies were acknowledged.
func (c *crew) reach(t *testing.T, replies int) {
	t.Helper()
	end := time.After(time.Minute)
	for {
		c.mu.Lock()
		n := len(c.heard)
		c.mu.Unlock()
		if n >= replies {
			return
		}
		select {
		case <-c.more:
		case <-end:
			t.Fatalf("%d replies within a minute, want %d", n, replies)
		}
	}
}

// finish ends the crew's work and checks what is there of it.
func (c *crew) finish(t *testing.T, s community.Store, topic forum.TopicID) {
	t.Helper()
	close(c.stop)
	c.wg.Wait()
	audit(t, s, topic, c.heard)
	now, err := s.Forum().Topic(t.Context(), topic)
	if err != nil || c.twice > 0 || now.Replies < len(c.heard) || now.Replies > len(c.heard)+writerAtOnce {
		t.Errorf("%d replies were acknowledged, %d of them twice, and %d are there (%v)", len(c.heard), c.twice, now.Replies, err)
	}
}

// The server stops at once, in the middle of the work, and comes back: what
// was acknowledged is there, and the store goes on by itself.
func TestKillPostgres(t *testing.T) {
	t.Parallel()
	PostgresURL(t) // skips where there is none
	if server.cluster == nil {
		t.Skip("NOT TESTED: the server of COPIS_TEST_POSTGRES is not ours to stop")
	}
	cluster, err := StartCluster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Remove)
	s := OpenPostgres(t, cluster.URL())
	c := community.New(community.Config{Store: s, Auth: auth.AllowAll{}})
	topic := newTopic(t, c, auth.Actor{User: storage.NewID[auth.User]()})
	crew := startCrew(c.Forum, topic.ID)
	for round := range 4 {
		crew.reach(t, 100*(round+1))
		cluster.Kill()
		if err := cluster.Start(); err != nil {
			t.Fatal(err)
		}
	}
	crew.reach(t, 500)
	crew.finish(t, s, topic.ID)
}

// Connections are cut from under the writers, over and over.
func TestCutConnections(t *testing.T) {
	t.Parallel()
	url, name := PostgresURL(t), strings.ToLower(rand.Text())
	s := OpenPostgres(t, url+"&application_name="+name)
	c := community.New(community.Config{Store: s, Auth: auth.AllowAll{}})
	topic := newTopic(t, c, auth.Actor{User: storage.NewID[auth.User]()})
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	crew := startCrew(c.Forum, topic.ID)
	for round := range 10 {
		crew.reach(t, 30*(round+1))
		if _, err := conn.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1`, name); err != nil {
			t.Fatal(err)
		}
	}
	crew.reach(t, 400)
	crew.finish(t, s, topic.ID)
}
