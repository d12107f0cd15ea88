// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/community/stackexchange"
	"github.com/copis-it/copis/internal/shared"
)

// site is a small dump, in a folder of its own.
func site(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "quesiti.example.org")
	require.NoError(t, os.Mkdir(dir, 0o700))
	for name, text := range map[string]string{
		"Posts.xml": `<posts>
<row Id="1" PostTypeId="1" AcceptedAnswerId="2" CreationDate="2026-01-05T10:00:00.000" Score="1" OwnerUserId="1" Title="Chi firma la convenzione?" Tags="|convenzioni|" AnswerCount="1" CommentCount="0" />
<row Id="2" PostTypeId="2" ParentId="1" CreationDate="2026-01-05T11:00:00.000" Score="0" OwnerUserId="2" CommentCount="1" />
</posts>`,
		"PostHistory.xml": `<posthistory>
<row Id="1" PostHistoryTypeId="1" PostId="1" RevisionGUID="a" CreationDate="2026-01-05T10:00:00.000" UserId="1" Text="Chi firma la convenzione?" />
<row Id="2" PostHistoryTypeId="2" PostId="1" RevisionGUID="a" CreationDate="2026-01-05T10:00:00.000" UserId="1" Text="Il dirigente o il segretario?" />
<row Id="3" PostHistoryTypeId="3" PostId="1" RevisionGUID="a" CreationDate="2026-01-05T10:00:00.000" UserId="1" Text="|convenzioni|" />
<row Id="4" PostHistoryTypeId="2" PostId="2" RevisionGUID="b" CreationDate="2026-01-05T11:00:00.000" UserId="2" Text="Il dirigente." />
</posthistory>`,
		"Comments.xml": `<comments><row Id="1" PostId="2" CreationDate="2026-01-05T12:00:00.000" UserId="1" Text="Grazie." /></comments>`,
		"Votes.xml": `<votes>
<row Id="1" PostId="1" VoteTypeId="2" CreationDate="2026-01-05T00:00:00.000" />
<row Id="2" PostId="2" VoteTypeId="1" CreationDate="2026-01-05T00:00:00.000" />
</votes>`,
		"Tags.xml": `<tags><row Id="1" TagName="convenzioni" Count="1" /></tags>`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

// sites reads what -json printed: one object.
func sites(t *testing.T, stdout string) (s importedSite) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(stdout))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&s), stdout)
	require.ErrorIs(t, d.Decode(&s), io.EOF, "one object and nothing else")
	return s
}

func TestImportStackexchange(t *testing.T) {
	t.Parallel()
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, dir := open(t), site(t)
			code, stdout, stderr := call(t, nil, "-db", db, "-json", "import", "stackexchange", dir)
			require.Zero(t, code, stderr)
			want := importedSite{Report: stackexchange.Report{
				Questions: 1, Answers: 1, Comments: 1, Votes: 1, Revisions: 2, Skipped: map[string]int{},
			}}
			require.Equal(t, want, sites(t, stdout))
			require.Contains(t, stderr, "bytes: ")
			there := rows(t, db)

			code, stdout, stderr = call(t, nil, "-db", db, "-json", "import", "stackexchange", dir)
			require.Zero(t, code, stderr)
			want.Existing = 5
			require.Equal(t, want, sites(t, stdout))
			require.Equal(t, there, rows(t, db), "no row, no event")

			code, stdout, _ = call(t, nil, "-db", db, "import", "stackexchange", dir)
			require.Zero(t, code)
			require.Equal(t, "questions: 1\nanswers: 1\ncomments: 1\nvotes: 1\nrevisions: 2\nthere before: 5 rows\n", stdout)
		})
	}
}

func TestImportStackexchangeRefused(t *testing.T) {
	t.Parallel()
	dir := site(t)
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{1, "no such file", []string{filepath.Join(dir, "altrove")}},
		{2, "is no folder", []string{filepath.Join(dir, "Posts.xml")}},
		{2, "members or public", []string{"-audience", "tutti", dir}},
		{2, "wants FOLDER", nil},
	} {
		code, _, stderr := call(t, nil, append([]string{"import", "stackexchange"}, c.args...)...)
		require.Equal(t, c.code, code, stderr)
		require.Contains(t, stderr, c.says)
	}

	// What the dump itself contradicts is an error.
	text, err := os.ReadFile(filepath.Join(dir, "Tags.xml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Tags.xml"), []byte(strings.Replace(string(text), `Count="1"`, `Count="2"`, 1)), 0o600))
	code, stdout, stderr := call(t, nil, "-db", "memory", "-json", "import", "stackexchange", dir)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "see mismatches")
	require.Equal(t, stackexchange.Mismatches{TagCount: 1}, sites(t, stdout).Mismatches)
	code, stdout, _ = call(t, nil, "-db", "memory", "import", "stackexchange", dir)
	require.Equal(t, 1, code)
	require.Contains(t, stdout, "not as the dump says: tag count: 1\n")

	// A file that ends in the middle is brought in as far as it goes.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Votes.xml"), []byte("<votes>\n<row Id=\"1\" PostId=\"1\" Vot"), 0o600))
	code, _, stderr = call(t, nil, "-db", "memory", "import", "stackexchange", dir)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "Votes.xml, line 2")
}

// A real site, as it counted itself.
func TestImportSite(t *testing.T) {
	t.Parallel()
	path := shared.Path(t, "data/qa-italian-se")
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "sqlite" && testing.Short() {
				t.Skip("NOT TESTED with -short: a whole site on SQLite; TestImportStackexchange has a small one")
			}
			code, stdout, stderr := call(t, nil, "-db", open(t), "-json", "import", "stackexchange", path)
			require.Zero(t, code, stderr)
			s := sites(t, stdout)
			require.Equal(t, []int{266, 571, 1697}, []int{s.Questions, s.Answers, s.Comments})
			require.Zero(t, s.Mismatches)
		})
	}
}

// Killed anywhere, an import is resumed by the same call.
func TestImportStackexchangeInterrupted(t *testing.T) {
	t.Parallel()
	path, db := shared.Path(t, "data/qa-coffee-meta-se"), sqliteFile(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out, told strings.Builder
	code := run(ctx, []string{"-db", db, "-json", "import", "stackexchange", path}, nil, &out, &stopping{&told, stop})
	require.Equal(t, 1, code)
	first := sites(t, out.String())
	require.Contains(t, first.Error, "the same call goes on from here")
	require.Less(t, first.Questions+first.Answers, 81+147)

	code, stdout, stderr := call(t, nil, "-db", db, "-json", "import", "stackexchange", path)
	require.Zero(t, code, stderr)
	whole := sites(t, stdout)
	require.Equal(t, []int{81, 147, 338}, []int{whole.Questions, whole.Answers, whole.Comments})
	require.Zero(t, whole.Mismatches)
}

// stopping is a writer that stops what writes to it.
type stopping struct {
	io.Writer
	stop func()
}

func (s *stopping) Write(b []byte) (int, error) {
	s.stop()
	return s.Writer.Write(b)
}
