// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/stackexchange"
)

var importStackexchange = command{
	name:  "import stackexchange",
	args:  []string{"FOLDER"},
	about: "Bring a site's data dump (Posts.xml, PostHistory.xml and the others, also compressed with gzip) into the questions.",
	define: func(flags *flag.FlagSet) action {
		site := flags.String("site", "", "`name` of the site; another dump under the same name adds what is new (default: the folder's name)")
		audience := flags.String("audience", "members", "`who` is promised to read the questions: members or public")
		return func(ctx context.Context, t *tool, args []string) error {
			circle, ok := audiences[*audience]
			if !ok {
				return usagef("-audience %q: members or public", *audience)
			}
			folder, err := filepath.Abs(args[0]) // for its name, also of "."
			if err != nil {
				return err
			}
			name := *site
			if name == "" {
				name = filepath.Base(folder)
			}
			return t.importStackexchange(ctx, folder, stackexchange.Config{Site: name, Audience: circle})
		}
	},
}

// audiences are those that can be asked for.
var audiences = map[string]auth.Audience{"members": auth.CommunityMembers, "public": auth.Public}

// importedSite is what became of a site.
type importedSite struct {
	stackexchange.Report
	Error string `json:"error,omitempty"`
}

func (t *tool) importStackexchange(ctx context.Context, folder string, cfg stackexchange.Config) (err error) {
	if info, err := os.Stat(folder); err != nil {
		return err
	} else if !info.IsDir() {
		return usagef("%s is no folder", folder)
	}
	db, err := t.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	tell := t.progress("bytes").tell
	cfg.Store, cfg.Progress = db.QA(), func(done, total int64) { tell(int(done), int(total)) }
	report, err := stackexchange.Import(ctx, cfg, os.DirFS(folder))
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("interrupted; the same call goes on from here (%w)", err)
	}
	if err == nil && report.Mismatches != (stackexchange.Mismatches{}) {
		err = errors.New("what was brought in is not what the dump says, see mismatches")
	}
	out := importedSite{Report: report}
	if err != nil {
		out.Error = err.Error()
	}
	return errors.Join(err, t.print(out))
}

func (r importedSite) lines() []string {
	lines := []string{
		fmt.Sprintf("questions: %d", r.Questions),
		fmt.Sprintf("answers: %d", r.Answers),
		fmt.Sprintf("comments: %d", r.Comments),
		fmt.Sprintf("votes: %d", r.Votes),
		fmt.Sprintf("revisions: %d", r.Revisions),
		fmt.Sprintf("there before: %d rows", r.Existing),
	}
	for _, why := range slices.Sorted(maps.Keys(r.Skipped)) {
		lines = append(lines, fmt.Sprintf("left out: %d: %s", r.Skipped[why], why))
	}
	m := r.Mismatches
	for _, c := range []struct {
		of string
		n  int
	}{
		{"missing", m.Missing}, {"score", m.Score}, {"answer count", m.AnswerCount}, {"comment count", m.CommentCount},
		{"tag count", m.TagCount}, {"accepted", m.Accepted}, {"title", m.Title}, {"tags", m.Tags},
	} {
		if c.n > 0 {
			lines = append(lines, fmt.Sprintf("not as the dump says: %s: %d", c.of, c.n))
		}
	}
	return lines
}
