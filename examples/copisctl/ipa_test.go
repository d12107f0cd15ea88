// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/internal/shared"
)

const (
	index     = "data/orgs/enti-ipa.csv"
	indexRows = 23558
	ipaHead   = "codice_ipa,denominazione,tipologia,url,dominio\n"
)

// few is a small index.
const few = ipaHead +
	"c_f205,Comune di Milano,Comuni,https://www.comune.milano.it,comune.milano.it\n" +
	"c_l219,Comune di Torino,Comuni,,comune.torino.it\n" +
	"c_l736,Comune di Venezia,Comuni,https://www.comune.venezia.it,comune.venezia.it\n"

// orgs reads what -json printed: one object.
func orgs(t *testing.T, stdout string) (o importedOrgs) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(stdout))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&o), stdout)
	require.ErrorIs(t, d.Decode(&o), io.EOF, "one object and nothing else")
	require.Equal(t, o.Rows, o.Organisations+len(o.Refused))
	require.Equal(t, o.Organisations, o.Added+o.Changed+o.Same)
	return o
}

// The whole index is brought in, and a second time nothing is written.
func TestImportIPA(t *testing.T) {
	t.Parallel()
	path := shared.Path(t, index)
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		code, stdout, stderr := call(t, nil, "-db", "memory", "-json", "import", "ipa", path)
		require.Zero(t, code, stderr)
		o := orgs(t, stdout)
		require.Equal(t, importedOrgs{
			Rows: indexRows, Organisations: indexRows, Added: indexRows, Refused: []row{}, Adjusted: o.Adjusted,
		}, o)
		for _, r := range o.Adjusted {
			require.Equal(t, "site", r.Field)
			require.NotEmpty(t, r.IPA)
			require.Greater(t, r.Row, 1)
		}
		require.Contains(t, stderr, fmt.Sprintf("lines: %d of %d\n", indexRows+1, indexRows+1))
		require.NotContains(t, stderr, "\r")
	})
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			code, stdout, stderr := call(t, nil, "-db", db, "-json", "import", "ipa", path)
			require.Zero(t, code, stderr)
			first := orgs(t, stdout)
			require.Equal(t, indexRows, first.Added)
			there := rows(t, db)

			code, stdout, stderr = call(t, nil, "-db", db, "-json", "import", "ipa", path)
			require.Zero(t, code, stderr)
			require.Equal(t, importedOrgs{
				Rows: indexRows, Organisations: indexRows, Same: indexRows, Refused: []row{}, Adjusted: first.Adjusted,
			}, orgs(t, stdout))
			require.Equal(t, there, rows(t, db), "no row, no event")
		})
	}
}

func TestImportIPARefused(t *testing.T) {
	t.Parallel()
	text := few +
		",Senza codice,Comuni,,\n" +
		"\n" +
		"x_1,,Comuni,,\n" +
		"C_F205,Milano di nuovo,Comuni,,\n" +
		"x_2,Un sito che non è,Comuni,javascript:alert(1),\n" +
		"pochi,campi\n" +
		`x_3,"aperta,Comuni,,` + "\n" +
		"x_4,Dopo,Comuni,,\n"
	db := sqliteFile(t)
	code, stdout, stderr := call(t, nil, "-db", db, "-json", "import", "ipa", file(t, "ipa.csv", text))
	require.Equal(t, 1, code)
	o := orgs(t, stdout)
	require.Equal(t, []int{10, 5, 5}, []int{o.Rows, o.Organisations, o.Added})
	require.Equal(t, []row{
		{5, "", "code", "missing", "code missing"},
		{7, "x_1", "name", "missing", "name missing"},
		{8, "c_f205", "code", "repeated", "code repeated"},
		{10, "pochi", "row", "fields", "row fields"},
		{11, "", "row", "quotes", "row quotes"},
	}, o.Refused)
	require.Equal(t, []row{{9, "x_2", "site", "malformed", "site malformed"}}, o.Adjusted)
	require.Equal(t, "rows refused: 5, the first is 5: code missing", o.Error)
	require.Contains(t, stderr, o.Error)

	// Said to people.
	code, stdout, _ = call(t, nil, "-db", db, "import", "ipa", file(t, "ipa.csv", text))
	require.Equal(t, 1, code)
	require.True(t, strings.HasPrefix(stdout, "rows: 10\norganisations: 5, of which 0 added, 0 changed, 5 the same\nadjusted: row 9: site malformed\nrefused: row 5: code missing\n"), stdout)

	// What has changed is changed.
	changed := strings.Replace(few, "Comune di Torino", "Città di Torino", 1)
	code, stdout, stderr = call(t, nil, "-db", db, "-json", "import", "ipa", file(t, "ipa.csv", changed))
	require.Zero(t, code, stderr)
	require.Equal(t, importedOrgs{Rows: 3, Organisations: 3, Changed: 1, Same: 2, Refused: []row{}, Adjusted: []row{}}, orgs(t, stdout))
}

func TestImportIPAInputs(t *testing.T) {
	t.Parallel()
	packed := zipped(t, few)
	for name, c := range map[string]struct {
		file  string
		stdin io.Reader
		code  int
		added int
		err   string
	}{
		"plain":             {file(t, "a.csv", few), nil, 0, 3, ""},
		"packed":            {file(t, "a.csv.gz", packed), nil, 0, 3, ""},
		"standard input":    {"-", strings.NewReader(few), 0, 3, ""},
		"of a spreadsheet":  {file(t, "a.csv", "\ufeff"+strings.ReplaceAll(few, "\n", "\r\n")), nil, 0, 3, ""},
		"only a header":     {file(t, "a.csv", ipaHead), nil, 0, 0, ""},
		"empty":             {file(t, "a.csv", ""), nil, 1, 0, "no header"},
		"another file":      {file(t, "a.csv", "a,b\nc,d\n"), nil, 1, 0, "no header"},
		"packed and cut":    {file(t, "a.csv", packed[:len(packed)-10]), nil, 1, 3, "input is not whole: unexpected EOF"},
		"a line of a mega":  {file(t, "a.csv", few+strings.Repeat("x", 1<<20)+"\n"), nil, 1, 3, "rows refused: 1, the first is 5: row too_long"},
		"and it is the end": {file(t, "a.csv", few+strings.Repeat("x", 1<<20)), nil, 1, 3, "rows refused: 1, the first is 5: row cut"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := call(t, c.stdin, "-json", "import", "ipa", c.file)
			o := orgs(t, stdout)
			require.Equal(t, c.code, code, stderr)
			require.Equal(t, c.added, o.Added)
			require.Contains(t, o.Error, c.err)
			require.Equal(t, c.err == "", o.Error == "")
			require.Contains(t, stderr, c.err)
		})
	}
}

// Wherever a file is cut within a line, what is whole before is brought in, the
// row is named, and the whole file brings the rest.
func TestImportIPACut(t *testing.T) {
	t.Parallel()
	lines := strings.SplitAfter(strings.TrimSuffix(few, "\n"), "\n")
	for at := len(ipaHead) + 1; at < len(few); at++ {
		text := few[:at]
		if strings.HasSuffix(text, "\n") {
			continue
		}
		last := strings.Count(text, "\n") + 1
		code, stdout, _ := call(t, nil, "-json", "import", "ipa", file(t, "a.csv", text))
		require.Equal(t, 1, code, "%q", text)
		o := orgs(t, stdout)
		require.Equal(t, last-2, o.Added, "%q", text)
		require.Len(t, o.Refused, 1)
		require.Equal(t, last, o.Refused[0].Row)
		require.Equal(t, "row cut", o.Refused[0].Reason)
		require.Contains(t, o.Error, fmt.Sprintf("the first is %d: row cut", last))
		require.Less(t, last, len(lines)+1)
	}
	db := sqliteFile(t)
	code, _, _ := call(t, nil, "-db", db, "import", "ipa", file(t, "a.csv", few[:len(few)-20]))
	require.Equal(t, 1, code)
	code, stdout, stderr := call(t, nil, "-db", db, "-json", "import", "ipa", file(t, "a.csv", few))
	require.Zero(t, code, stderr)
	o := orgs(t, stdout)
	require.Equal(t, []int{1, 0, 2}, []int{o.Added, o.Changed, o.Same})
}

// Ended by a signal half way, the same call goes on, and in the end there is
// what there would have been.
func TestImportIPAEndedAndResumed(t *testing.T) {
	t.Parallel()
	path := shared.Path(t, index)
	for name, signal := range map[string]os.Signal{"interrupted": os.Interrupt, "killed": os.Kill} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := sqliteFile(t)
			cmd := program(t, "-db", db, "-json", "import", "ipa", path)
			var stdout bytes.Buffer
			cmd.Stdout = &stdout
			stderr, err := cmd.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			told := bufio.NewScanner(stderr)
			require.True(t, told.Scan(), "the first batch is told")
			require.NoError(t, cmd.Process.Signal(signal))
			for told.Scan() {
				require.NotContains(t, told.Text(), "panic")
			}
			require.Error(t, cmd.Wait())
			done := -1
			if signal == os.Interrupt {
				require.Equal(t, 1, cmd.ProcessState.ExitCode())
				o := orgs(t, stdout.String())
				require.Contains(t, o.Error, "interrupted")
				done = o.Added
			}

			code, out, errs := call(t, nil, "-db", db, "-json", "import", "ipa", path)
			require.Zero(t, code, errs)
			o := orgs(t, out)
			require.Equal(t, []int{indexRows, indexRows, 0}, []int{o.Rows, o.Organisations, o.Changed})
			require.Positive(t, o.Same)
			require.Positive(t, o.Added)
			if done >= 0 {
				require.Equal(t, done, o.Same, "the report says what was there")
			}
			there := rows(t, db)
			for table, rows := range there {
				if strings.HasSuffix(table, "orgs") {
					require.Len(t, rows, indexRows)
				}
			}
			code, out, errs = call(t, nil, "-db", db, "-json", "import", "ipa", path)
			require.Zero(t, code, errs)
			require.Equal(t, indexRows, orgs(t, out).Same)
			require.Equal(t, there, rows(t, db))
		})
	}
}

func TestImportIPAStopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, db := range []string{"memory", sqliteFile(t)} {
		var out bytes.Buffer
		require.Equal(t, 1, run(ctx, []string{"-db", db, "import", "ipa", file(t, "a.csv", few)}, nil, &out, &out), out.String())
	}
}
