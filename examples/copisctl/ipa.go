// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/community/membership/ipa"
	"github.com/copis-it/copis/storage"
)

var importIPA = command{
	name:  "import ipa",
	args:  []string{"FILE"},
	about: "Bring in the index of Italian public bodies (CSV of indicepa.gov.it, also compressed with gzip; - for standard input), and what has changed in it.",
	define: func(*flag.FlagSet) action {
		return func(ctx context.Context, t *tool, args []string) error { return t.importIPA(ctx, args[0]) }
	},
}

// codeCut is the code of [storage.Invalid] for a last row without a line end:
// the file may have been cut within it, and what is left look whole.
const codeCut = "cut"

// importedOrgs is what became of an index.
type importedOrgs struct {
	Rows          int    `json:"rows"`
	Organisations int    `json:"organisations"` // that are as the index says
	Added         int    `json:"added"`
	Changed       int    `json:"changed"`
	Same          int    `json:"same"`
	Refused       []row  `json:"refused"`
	Adjusted      []row  `json:"adjusted"` // taken, but for the field
	Error         string `json:"error,omitempty"`
}

// row is one that was not taken as it is.
type row struct {
	Row    int    `json:"row"` // as a spreadsheet numbers it: the header is 1
	IPA    string `json:"ipa,omitempty"`
	Field  string `json:"field"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

func (t *tool) importIPA(ctx context.Context, file string) (err error) {
	in, err := openInput(ctx, file, t.stdin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	lines, ended, err := countLines(in)
	if err != nil {
		return err
	}
	db, err := t.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	rows := ipa.Rows(in)
	if !ended {
		rows = cutAt(rows, lines)
	}
	out := importedOrgs{Refused: []row{}, Adjusted: []row{}}
	progress, last := t.progress("lines"), 0
	members := membership.New(membership.Config{Store: db.Membership(), Auth: auth.AllowAll{}})
	done, err := members.ImportOrgs(ctx, auth.Visitor, rows, func(r membership.OrgResult) {
		out.note(r)
		last = r.N
		progress.tell(last, lines)
	})
	out.Rows, out.Added, out.Changed, out.Same = done.Rows, done.Added, done.Changed, done.Same
	out.Organisations = done.Added + done.Changed + done.Same
	switch {
	case err == nil && last < lines: // blank ones
		progress.tell(lines, lines)
	case err != nil && ctx.Err() != nil:
		err = fmt.Errorf("interrupted; the same call goes on from here (%w)", err)
	}
	err = errors.Join(err, in.broken)
	if n := len(out.Refused); err == nil && n > 0 {
		err = fmt.Errorf("rows refused: %d, the first is %d: %s", n, out.Refused[0].Row, out.Refused[0].Reason)
	}
	if err != nil {
		out.Error = err.Error()
	}
	return errors.Join(err, t.print(out))
}

// note keeps what is to be said of a row.
func (o *importedOrgs) note(r membership.OrgResult) {
	if r.Err == nil {
		return
	}
	said := row{Row: r.N, IPA: r.Code, Reason: r.Err.Error()}
	var invalid *storage.Invalid
	if errors.As(r.Err, &invalid) {
		said.Field, said.Code = invalid.Field, invalid.Code
	}
	if r.Did == membership.Refused {
		o.Refused = append(o.Refused, said)
	} else {
		o.Adjusted = append(o.Adjusted, said)
	}
}

func (o importedOrgs) lines() []string {
	lines := []string{
		fmt.Sprintf("rows: %d", o.Rows),
		fmt.Sprintf("organisations: %d, of which %d added, %d changed, %d the same", o.Organisations, o.Added, o.Changed, o.Same),
	}
	for _, r := range o.Adjusted {
		lines = append(lines, fmt.Sprintf("adjusted: row %d: %s", r.Row, r.Reason))
	}
	for _, r := range o.Refused {
		lines = append(lines, fmt.Sprintf("refused: row %d: %s", r.Row, r.Reason))
	}
	return lines
}

// countLines counts the lines of a file from its beginning, where it leaves it,
// and says whether the last has its end.
func countLines(f io.ReadSeeker) (lines int, ended bool, err error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, false, err
	}
	in := bufio.NewReader(f)
	ended = true
	for {
		part, err := in.ReadSlice('\n')
		if len(part) > 0 {
			ended = part[len(part)-1] == '\n'
		}
		switch {
		case err == nil:
			lines++
		case errors.Is(err, io.EOF):
			if !ended {
				lines++
			}
			_, err = f.Seek(0, io.SeekStart)
			return lines, ended, err
		case !errors.Is(err, bufio.ErrBufferFull):
			return lines, ended, err
		}
	}
}

// cutAt refuses the row of the last line.
func cutAt(rows iter.Seq2[membership.OrgRow, error], last int) iter.Seq2[membership.OrgRow, error] {
	return func(yield func(membership.OrgRow, error) bool) {
		for r, err := range rows {
			if r.N == last && (err == nil || errors.Is(err, storage.ErrInvalid)) {
				err = &storage.Invalid{Field: "row", Code: codeCut}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}
