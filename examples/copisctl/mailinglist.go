// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/copis-it/copis/community/mailinglist"
)

var importMailinglist = command{
	name:  "import mailinglist",
	args:  []string{"FILE"},
	about: "Bring the threads of a mailing list (JSON Lines, also compressed with gzip; - for standard input) into a board.",
	define: func(flags *flag.FlagSet) action {
		board := flags.String("board", "", "`name` of the board, opened if there is none (default: the file's name)")
		audience := flags.String("audience", "members", "`who` is promised to read a board that is opened: members or public")
		return func(ctx context.Context, t *tool, args []string) error {
			circle, ok := audiences[*audience]
			if !ok {
				return usagef("-audience %q: members or public", *audience)
			}
			name := *board
			if name == "" {
				name, _, _ = strings.Cut(filepath.Base(args[0]), ".")
			}
			if name == "" || name == "-" {
				return usagef("-board is missing")
			}
			return t.importMailinglist(ctx, args[0], mailinglist.Config{Name: name, Audience: circle})
		}
	},
}

// imported is what became of a mailing list.
type imported struct {
	mailinglist.Report
	Error string `json:"error,omitempty"`
}

func (t *tool) importMailinglist(ctx context.Context, file string, cfg mailinglist.Config) (err error) {
	in, err := openInput(ctx, file, t.stdin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	db, err := t.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	cfg.Store, cfg.Progress = db.Forum(), t.progress("messages").tell
	report, err := mailinglist.Import(ctx, cfg, in)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("interrupted; the same call goes on from here (%w)", err)
	}
	err = errors.Join(err, in.broken)
	if n := len(report.Refused); err == nil && n > 0 {
		err = fmt.Errorf("lines refused: %d", n)
	}
	out := imported{Report: report}
	if err != nil {
		out.Error = err.Error()
	}
	return errors.Join(err, t.print(out))
}

func (r imported) lines() []string {
	lines := []string{
		fmt.Sprintf("topics: %d", r.Topics),
		fmt.Sprintf("messages: %d, of which %d were there", r.Messages, r.Existing),
	}
	if r.PageParents > 0 {
		lines = append(lines, fmt.Sprintf("where the archive's page has them: %d of %d", r.PageParentEqual, r.PageParents))
	}
	for _, l := range r.Adjusted {
		lines = append(lines, fmt.Sprintf("adjusted: line %d: %s", l.Line, l.Reason))
	}
	for _, l := range r.Refused {
		lines = append(lines, fmt.Sprintf("refused: line %d: %s", l.Line, l.Reason))
	}
	return lines
}
