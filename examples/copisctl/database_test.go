// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/internal/shared"
)

// asProgram makes the test's own binary be the program.
const asProgram = "COPISCTL_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// postgresURL returns the URL of an empty schema on the server that the
// environment variable COPIS_TEST_POSTGRES names.
func postgresURL(t *testing.T) string {
	t.Helper()
	base := os.Getenv("COPIS_TEST_POSTGRES")
	if base == "" {
		t.Skip("NOT TESTED ON POSTGRESQL: name a server in COPIS_TEST_POSTGRES")
	}
	schema := "copisctl_" + strings.ToLower(rand.Text())
	db, _, err := lookPostgres(base)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := db.Exec("DROP SCHEMA " + schema + " CASCADE")
		require.NoError(t, err)
		require.NoError(t, db.Close())
	})
	_, err = db.ExecContext(t.Context(), "CREATE SCHEMA "+schema)
	require.NoError(t, err)
	u, err := url.Parse(base)
	require.NoError(t, err)
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func sqliteFile(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "copis 1%.db") }

// databases are those that keep something.
var databases = map[string]func(*testing.T) string{"sqlite": sqliteFile, "postgres": postgresURL}

// rows returns every row of every table.
func rows(t *testing.T, db string) map[string][]string {
	t.Helper()
	a, err := (&tool{db: db}).adapter()
	require.NoError(t, err)
	in, dialect, err := a.look(db)
	require.NoError(t, err)
	defer in.Close()
	list := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if !strings.HasPrefix(db, "sqlite:") {
		list = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
	}
	require.NotNil(t, dialect)
	read := func(query string) (out []string) {
		r, err := in.QueryContext(t.Context(), query)
		require.NoError(t, err)
		defer r.Close()
		columns, err := r.Columns()
		require.NoError(t, err)
		for r.Next() {
			row := make([]any, len(columns))
			to := make([]any, len(columns))
			for i := range row {
				to[i] = &row[i]
			}
			require.NoError(t, r.Scan(to...))
			if len(row) == 1 {
				out = append(out, fmt.Sprint(row[0]))
			} else {
				out = append(out, fmt.Sprint(row...))
			}
		}
		require.NoError(t, r.Err())
		return out
	}
	all := map[string][]string{}
	for _, table := range read(list) {
		all[table] = read(fmt.Sprintf(`SELECT * FROM %q`, table))
		slices.Sort(all[table])
	}
	return all
}

// A second run changes nothing: no row, no event.
func TestImportTwice(t *testing.T) {
	t.Parallel()
	path := shared.Path(t, archive)
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			code, stdout, stderr := call(t, nil, "-db", db, "-json", "import", "mailinglist", path)
			require.Zero(t, code, stderr)
			first := object(t, stdout)
			require.Equal(t, []int{30, 112, 112, 0}, []int{first.Topics, first.Messages, first.PageParentEqual, first.Existing})
			there := rows(t, db)
			total := 0
			for table, rows := range there {
				total += len(rows)
				if strings.HasSuffix(table, "events") {
					require.Len(t, rows, 1+30+82, table)
				}
			}
			require.Greater(t, total, 112+113)

			code, stdout, stderr = call(t, nil, "-db", db, "-json", "import", "mailinglist", path)
			require.Zero(t, code, stderr)
			again := object(t, stdout)
			require.Equal(t, []int{30, 112, 112, 112}, []int{again.Topics, again.Messages, again.PageParentEqual, again.Existing})
			require.Equal(t, first.Board, again.Board)
			require.Equal(t, there, rows(t, db))
		})
	}
}

// big writes a dump of n messages in threads of ten.
func big(t *testing.T, n int) string {
	var b strings.Builder
	start := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		m := map[string]any{
			"message_id": fmt.Sprint(i), "date": start.Add(time.Duration(i) * time.Minute).Format(time.RFC3339),
			"author": fmt.Sprint(i % 7), "subject": "Prova", "body": "testo",
		}
		if i%10 != 0 {
			m["in_reply_to"] = fmt.Sprint(i - 1)
		}
		require.NoError(t, json.NewEncoder(&b).Encode(m))
	}
	return file(t, "lista.jsonl", b.String())
}

// Ended by a signal at any moment, the same call goes on and nothing is there
// twice.
func TestImportEndedAndResumed(t *testing.T) {
	t.Parallel()
	const messages = 800
	for name, c := range map[string]struct {
		signal os.Signal
		code   int
	}{
		"interrupted": {os.Interrupt, 1},
		"killed":      {os.Kill, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, db := big(t, messages), sqliteFile(t)
			cmd := program(t, "-db", db, "-json", "import", "mailinglist", path)
			var stdout bytes.Buffer
			cmd.Stdout = &stdout
			stderr, err := cmd.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			lines := bufio.NewScanner(stderr)
			require.True(t, lines.Scan(), "the first batch is told")
			require.NoError(t, cmd.Process.Signal(c.signal))
			var last string
			for lines.Scan() {
				last = lines.Text()
			}
			require.Error(t, cmd.Wait())
			require.Equal(t, c.code, cmd.ProcessState.ExitCode())
			done := -1
			if c.signal != os.Kill {
				o := object(t, stdout.String())
				done = o.Messages
				require.Contains(t, o.Error, "interrupted")
				require.NotContains(t, last, "panic")
			}

			code, out, errs := call(t, nil, "-db", db, "-json", "import", "mailinglist", path)
			require.Zero(t, code, errs)
			o := object(t, out)
			require.Equal(t, []int{messages / 10, messages}, []int{o.Topics, o.Messages})
			require.Positive(t, o.Existing)
			require.Less(t, o.Existing, messages)
			if done >= 0 {
				require.Equal(t, done, o.Existing, "the report says what was there")
			}
			for table, rows := range rows(t, db) {
				if strings.HasSuffix(table, "events") {
					require.Len(t, rows, messages+1)
				}
			}
		})
	}
}

// The program's exit code is what run says.
func TestProgramExitCodes(t *testing.T) {
	t.Parallel()
	for code, args := range map[int][]string{
		0: {"import", "mailinglist", file(t, "a.jsonl", thread)},
		1: {"import", "mailinglist", file(t, "a.jsonl", thread+"{")},
		2: {"import"},
	} {
		cmd := program(t, args...)
		_, err := cmd.Output()
		require.Equal(t, code == 0, err == nil)
		require.Equal(t, code, cmd.ProcessState.ExitCode())
	}
}

func TestMigrateAndStatus(t *testing.T) {
	t.Parallel()
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			state := func(command string) (int, schema) {
				code, stdout, stderr := call(t, nil, "-db", db, "-json", command)
				var s schema
				require.NoError(t, json.Unmarshal([]byte(stdout), &s), stderr)
				return code, s
			}
			code, s := state("status")
			require.Equal(t, 1, code)
			require.False(t, s.Current)
			require.NotEmpty(t, s.Error)
			if path, ok := strings.CutPrefix(db, "sqlite:"); ok {
				require.NoFileExists(t, path, "nothing is made by looking")
			} else {
				require.Empty(t, rows(t, db), "nothing is made by looking")
			}
			code, s = state("migrate")
			require.Zero(t, code)
			require.Positive(t, s.Have)
			require.Equal(t, schema{Have: s.Have, Want: s.Have, Current: true}, s)
			code, again := state("status")
			require.Zero(t, code)
			require.Equal(t, s, again)
		})
	}
	code, stdout, _ := call(t, nil, "status")
	require.Zero(t, code)
	require.Equal(t, "migrations: 0 of 0\n", stdout)
}

// What -db says may hold a password: no error shows it.
func TestPasswordIsNotShown(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, db := range []string{
		"postgres://u:segreto@[/x", "postgres://u:segreto@localhost:1/x?sslmode=strano",
		"postgres://u:segreto@localhost:1/x", "postgrse://u:segreto@localhost/x",
	} {
		for _, command := range [][]string{{"status"}, {"migrate"}, {"import", "mailinglist", file(t, "a.jsonl", thread)}} {
			var out bytes.Buffer
			code := run(ctx, append([]string{"-db", db}, command...), nil, &out, &out)
			require.NotZero(t, code)
			require.NotContains(t, out.String(), "segreto")
		}
	}
}
