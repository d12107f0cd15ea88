// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/postgres"
	"github.com/copis-it/copis/storage/sqlite"
)

// The voters are this test binary, started again with where to vote.
const (
	votersFile     = "COPIS_TEST_VOTERS_FILE"
	votersURL      = "COPIS_TEST_VOTERS_URL"
	votersQuestion = "COPIS_TEST_VOTERS_QUESTION"
	votersVotes    = "COPIS_TEST_VOTERS_VOTES" // how many one process casts

	votersAtOnce = 16
	votedAnswers = 20
)

// voters cast votes, flip them and take them back, on a question and its
// answers. Each person has a sheet of what they have last cast and was
// acknowledged; at the end it must be what is kept. They write a line for each
// post, with how often they are for and against it.
func voters() int {
	ctx := context.Background()
	fail := func(err error) int { fmt.Fprintln(os.Stderr, "voters:", err); return 1 }
	votes, err := strconv.ParseInt(os.Getenv(votersVotes), 10, 64)
	if err != nil {
		return fail(err)
	}
	question, err := storage.ParseID[qa.Question](os.Getenv(votersQuestion))
	if err != nil {
		return fail(err)
	}
	var s community.Store
	if url := os.Getenv(votersURL); url != "" {
		opened, err := postgres.Open(ctx, url)
		if err != nil {
			return fail(err)
		}
		defer opened.Close()
		s = opened
	} else {
		opened, err := sqlite.Open(ctx, os.Getenv(votersFile))
		if err != nil {
			return fail(err)
		}
		defer opened.Close()
		s = opened
	}
	answers, _, err := s.QA().Below(ctx, question)
	if err != nil {
		return fail(err)
	}
	posts := []qa.Post{{Question: question}}
	for _, a := range answers {
		posts = append(posts, qa.Post{Question: question, Answer: a.ID})
	}
	service := qa.New(qa.Config{Store: s.QA(), Auth: auth.AllowAll{}, VoteWindow: -1})
	var cast, failed atomic.Int64
	sheets := make([]map[qa.Post]qa.Value, votersAtOnce*50)
	var wg sync.WaitGroup
	for n := range votersAtOnce {
		wg.Go(func() {
			people := make([]auth.Actor, 50)
			for i := range people {
				people[i].User = storage.NewID[auth.User]()
				sheets[n*50+i] = map[qa.Post]qa.Value{}
			}
			for cast.Add(1) <= votes {
				i, p, v := rand.IntN(len(people)), posts[rand.IntN(len(posts))], qa.Value(rand.IntN(3)-1)
				if sheets[n*50+i][p] == v {
					if v++; v > qa.For {
						v = qa.Against
					}
				}
				if _, err := service.Vote(ctx, people[i], p, v); err != nil {
					failed.Add(1)
					fmt.Fprintln(os.Stderr, "vote:", err)
					return
				}
				sheets[n*50+i][p] = v
			}
		})
	}
	wg.Wait()
	for _, p := range posts {
		var t qa.Tally
		for _, sheet := range sheets {
			switch sheet[p] {
			case qa.For:
				t.Up++
			case qa.Against:
				t.Down++
			}
		}
		fmt.Println(p.Answer, t.Up, t.Down)
	}
	return int(min(failed.Load(), 1))
}

// Two processes vote on the same posts at the same time: nobody is turned
// away, and tallies are exact. COPIS_VOTES says how many votes, on each
// database.
func TestVotes(t *testing.T) {
	votes, err := strconv.Atoi(os.Getenv("COPIS_VOTES"))
	if err != nil {
		t.Skip("long: COPIS_VOTES=1000000 says how many votes to cast")
	}
	for _, on := range []string{"SQLite", "PostgreSQL"} {
		t.Run(on, func(t *testing.T) {
			env, s := "", community.Store(nil)
			if on == "SQLite" {
				file := filepath.Join(t.TempDir(), "copis.db")
				env, s = votersFile+"="+file, OpenSQLite(t, file)
			} else {
				needPostgres(t)
				url := PostgresURL(t)
				env, s = votersURL+"="+url, OpenPostgres(t, url)
			}
			ctx, author := context.Background(), auth.By{User: storage.NewID[auth.User]()}
			now := time.Now()
			entry := qa.Entry{By: author, Body: "b", CreatedAt: now, Text: qa.TextState{Revision: 1, Substance: 1}, Version: 1}
			q := qa.Question{ID: storage.NewID[qa.Question](), Area: auth.Commons, Audience: auth.Public, Entry: entry, Title: "t"}
			changes := []storage.Change{qa.InsertQuestion{Question: q}}
			for range votedAnswers {
				changes = append(changes, qa.InsertAnswer{Answer: qa.Answer{ID: storage.NewID[qa.Answer](), Question: q.ID, Entry: entry}})
			}
			if err := s.Apply(ctx, changes...); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			var mu sync.Mutex
			want := map[qa.AnswerID]qa.Tally{}
			var wg sync.WaitGroup
			for range 2 {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), env, votersQuestion+"="+q.ID.String(), votersVotes+"="+strconv.Itoa(votes/2))
				cmd.Stderr = t.Output()
				wg.Go(func() {
					out, err := cmd.Output()
					if err != nil {
						t.Errorf("voters were turned away: %v", err)
					}
					mu.Lock()
					defer mu.Unlock()
					for line := range bytes.Lines(out) {
						var id string
						var sum qa.Tally
						if _, err := fmt.Sscan(string(line), &id, &sum.Up, &sum.Down); err != nil {
							t.Fatalf("%q: %v", line, err)
						}
						answer, err := storage.ParseID[qa.Answer](id)
						if err != nil {
							t.Error(err)
						}
						sum.Up, sum.Down = sum.Up+want[answer].Up, sum.Down+want[answer].Down
						want[answer] = sum
					}
				})
			}
			wg.Wait()
			took := time.Since(start)
			page, err := s.QA().Page(ctx, qa.PageQuery{Question: q.ID, Limit: storage.MaxLimit})
			if err != nil {
				t.Fatal(err)
			}
			got := map[qa.AnswerID]qa.Tally{{}: page.Question.Votes}
			for i, a := range page.Answers.Items {
				got[a.ID] = a.Votes
				if i > 0 && a.Key(q.Acceptance).Compare(page.Answers.Items[i-1].Key(q.Acceptance)) <= 0 {
					t.Errorf("answer %d is not where its votes put it", i)
				}
			}
			if len(got) != 1+votedAnswers || !maps.Equal(got, want) {
				t.Errorf("tallies are %v, want %v", got, want)
			}
			t.Logf("%d votes in %v: %.0f a second", votes, took.Round(time.Millisecond), float64(votes)/took.Seconds())
		})
	}
}
