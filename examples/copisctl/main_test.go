// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/internal/shared"
)

const archive = "data/forum/fedora-devel-2010-01.jsonl"

// thread is a small dump of three messages.
const thread = `{"message_id":"a","date":"2010-01-01T09:00:00+01:00","author":"x","subject":"Prova","body":"uno"}
{"message_id":"b","in_reply_to":"a","date":"2010-01-02T09:00:00+01:00","author":"y","subject":"Re: Prova","body":"due"}
{"message_id":"c","in_reply_to":"b","date":"2010-01-03T09:00:00+01:00","author":"x","subject":"Re: Prova","body":"tre"}
`

// call runs the program in the test's own process.
func call(t *testing.T, stdin io.Reader, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, stdin, &out, &errs)
	return code, out.String(), errs.String()
}

// object reads what -json printed: one object.
func object(t *testing.T, stdout string) (o struct {
	Board           string `json:"board"`
	Topics          int    `json:"topics"`
	Messages        int    `json:"messages"`
	Existing        int    `json:"existing"`
	PageParents     int    `json:"page_parents"`
	PageParentEqual int    `json:"page_parent_equal"`
	Error           string `json:"error"`
	Refused         []struct {
		Line   int    `json:"line"`
		Reason string `json:"reason"`
	} `json:"refused"`
}) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(stdout))
	require.NoError(t, d.Decode(&o), stdout)
	require.ErrorIs(t, d.Decode(&o), io.EOF, "one object and nothing else")
	return o
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.String()
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	good := file(t, "lista.jsonl", thread)
	for name, c := range map[string]struct {
		args   []string
		code   int
		stdout string // that it has, "" for nothing at all
		stderr string
	}{
		"help":           {[]string{"-h"}, 0, "import mailinglist FILE", ""},
		"help of one":    {[]string{"import", "mailinglist", "-h"}, 0, "-audience who", ""},
		"nothing":        {nil, 2, "", "what is to be done?"},
		"unknown":        {[]string{"expotr", "x"}, 2, "", `unknown command "expotr x"`},
		"half a command": {[]string{"import"}, 2, "", `unknown command "import"`},
		"unknown flag":   {[]string{"-x", "migrate"}, 2, "", "-x"},
		"no file named":  {[]string{"import", "mailinglist"}, 2, "", "import mailinglist wants FILE"},
		"no index named": {[]string{"import", "ipa"}, 2, "", "import ipa wants FILE"},
		"no such index":  {[]string{"import", "ipa", good + "x"}, 1, "", "no such file"},
		"no index":       {[]string{"import", "ipa", good}, 1, "rows: 0", "no header"},
		"two files":      {[]string{"import", "mailinglist", good, good}, 2, "", "wants FILE"},
		"audience":       {[]string{"import", "mailinglist", "-audience", "all", good}, 2, "", "-audience"},
		"no name":        {[]string{"import", "mailinglist", "-"}, 2, "", "-board"},
		"no such store":  {[]string{"-db", "mysql://x", "import", "mailinglist", good}, 2, "", "-db"},
		"no such file":   {[]string{"import", "mailinglist", good + "x"}, 1, "", "no such file"},
		"a folder":       {[]string{"import", "mailinglist", filepath.Dir(good)}, 1, "", "directory"},
		"a bad name":     {[]string{"import", "mailinglist", "-board", strings.Repeat("x", 101), good}, 1, "topics: 0", "name too_long"},
		"refused":        {[]string{"import", "mailinglist", file(t, "x", thread+"ciao\n")}, 1, "refused: line 4: line malformed", "lines refused: 1"},
		"import":         {[]string{"import", "mailinglist", good}, 0, "messages: 3, of which 0 were there", "messages: 3 of 3"},
		"flags anywhere": {[]string{"-db", "memory", "import", "mailinglist", "-json", good}, 0, `"messages":3`, ""},
		"flags in front": {[]string{"-json", "import", "mailinglist", "-db", "memory", good}, 0, `"messages":3`, ""},
		"public":         {[]string{"import", "mailinglist", "-audience", "public", "-board", "Lista", good}, 0, "topics: 1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := call(t, strings.NewReader(""), c.args...)
			require.Equal(t, c.code, code, stderr)
			require.Contains(t, stdout, c.stdout)
			if c.stdout == "" {
				require.Empty(t, stdout)
			}
			require.Contains(t, stderr, c.stderr)
		})
	}
}

// Every command of the table is in the usage, with all its flags.
func TestUsageTellsAll(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	usage(&b)
	for _, c := range commands() {
		require.Contains(t, b.String(), "\n"+strings.Join(append([]string{c.name}, c.args...), " ")+"\n    "+c.about)
	}
	for flag, n := range map[string]int{"-db": 1, "-json": 1, "-board": 1, "-audience": 3, "-site": 2} {
		require.Equal(t, n, strings.Count(b.String(), "\n    "+flag+" ")+strings.Count(b.String(), "\n    "+flag+"\n"), flag)
	}
}

func TestImportArchive(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := call(t, nil, "-db", "memory", "-json", "import", "mailinglist", shared.Path(t, archive))
	require.Zero(t, code, stderr)
	o := object(t, stdout)
	require.Equal(t, []int{30, 112, 112, 112, 0}, []int{o.Topics, o.Messages, o.PageParents, o.PageParentEqual, o.Existing})
	require.Empty(t, o.Error)
	require.Empty(t, o.Refused)
	require.Contains(t, stderr, "messages: 112 of 112")
}

func TestImportInputs(t *testing.T) {
	t.Parallel()
	packed := zipped(t, thread)
	for name, c := range map[string]struct {
		file     string
		stdin    io.Reader
		code     int
		messages int
		err      string
	}{
		"plain":                {file(t, "a.jsonl", thread), nil, 0, 3, ""},
		"packed":               {file(t, "a.jsonl.gz", packed), nil, 0, 3, ""},
		"packed, named plain":  {file(t, "a.jsonl", packed), nil, 0, 3, ""},
		"two packed in one":    {file(t, "a", zipped(t, thread[:30])+zipped(t, thread[30:])), nil, 0, 3, ""},
		"standard input":       {"-", strings.NewReader(thread), 0, 3, ""},
		"packed on input":      {"-", strings.NewReader(packed), 0, 3, ""},
		"empty":                {file(t, "a", ""), nil, 0, 0, ""},
		"one byte":             {file(t, "a", "x"), nil, 1, 0, "lines refused: 1"},
		"cut":                  {file(t, "a", thread[:len(thread)-20]), nil, 1, 2, "lines refused: 1"},
		"packed and cut":       {file(t, "a", packed[:len(packed)-10]), nil, 1, 3, "input is not whole: unexpected EOF"},
		"packed and scrambled": {file(t, "a", packed[:12]), nil, 1, 0, "input is not whole"},
		"only magic":           {file(t, "a", packed[:2]), nil, 1, 0, "input is not whole"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := call(t, c.stdin, "-json", "import", "mailinglist", "-board", "Lista", c.file)
			o := object(t, stdout)
			require.Equal(t, c.code, code, stderr)
			require.Equal(t, c.messages, o.Messages)
			require.Contains(t, o.Error, c.err)
			require.Equal(t, c.err == "", o.Error == "")
			require.Contains(t, stderr, c.err)
		})
	}
}

// The line that was cut is named.
func TestImportCutLine(t *testing.T) {
	t.Parallel()
	code, stdout, _ := call(t, nil, "-json", "import", "mailinglist", file(t, "a.jsonl", thread[:len(thread)-20]))
	require.Equal(t, 1, code)
	o := object(t, stdout)
	require.Len(t, o.Refused, 1)
	require.Equal(t, 3, o.Refused[0].Line)
	require.Equal(t, "line cut", o.Refused[0].Reason)
}

// Copies of what was read are not left behind.
func TestImportLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for _, args := range [][]string{
		{"-db", "memory", "import", "mailinglist", "-board", "x", "-"},
		{"-db", "mysql:", "import", "mailinglist", "-board", "x", "-"},
	} {
		call(t, strings.NewReader(zipped(t, thread)), args...)
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	require.Equal(t, 1, run(ctx, []string{"import", "mailinglist", "-board", "x", "-"}, strings.NewReader(thread), &out, &out))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}
