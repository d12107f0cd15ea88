// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/copis-it/copis/community/wikihistory"
	"github.com/copis-it/copis/wiki/markdown"
)

var importWiki = command{
	name:  "import wiki",
	args:  []string{"FILE…"},
	about: "Bring the histories of pages (JSON Lines, also compressed with gzip; - for standard input) into the wiki, each file as a site of its own.",
	define: func(flags *flag.FlagSet) action {
		site := flags.String("site", "", "`name` of the site, of one file; a later history under the same name adds what is new (default: the file's name)")
		audience := flags.String("audience", "members", "`who` is promised to read the pages: members or public")
		return func(ctx context.Context, t *tool, args []string) error {
			circle, ok := audiences[*audience]
			if !ok {
				return usagef("-audience %q: members or public", *audience)
			}
			if *site != "" && len(args) > 1 {
				return usagef("-site names the site of one file")
			}
			sites := make([]string, len(args))
			for i, file := range args {
				sites[i], _, _ = strings.Cut(filepath.Base(file), ".")
				if *site != "" {
					sites[i] = *site
				}
				if sites[i] == "" || sites[i] == "-" {
					return usagef("-site is missing")
				}
				if slices.Contains(sites[:i], sites[i]) {
					return usagef("two files of the site %s", sites[i])
				}
			}
			return t.importWiki(ctx, args, sites, wikihistory.Config{Audience: circle, Links: linksOf})
		}
	},
}

var wikilinks = markdown.New(markdown.Config{Wikilinks: true})

// linksOf returns the titles that a text links to.
func linksOf(text string) (titles []string) {
	for _, l := range wikilinks.Links(text) {
		titles = append(titles, l.Title)
	}
	return titles
}

// importedPages is what became of histories.
type importedPages struct {
	wikihistory.Report
	Error string `json:"error,omitempty"`
}

func (t *tool) importWiki(ctx context.Context, files, sites []string, cfg wikihistory.Config) (err error) {
	db, err := t.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	cfg.Store = db.Wiki()
	var out importedPages
	for i, file := range files {
		cfg.Site = sites[i]
		report, ferr := t.importHistory(ctx, file, cfg)
		out.Add(report)
		if ferr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", file, ferr))
		}
		if ctx.Err() != nil {
			err = fmt.Errorf("interrupted; the same call goes on from here (%w)", err)
			break
		}
	}
	if err == nil && out.Mismatches > 0 {
		err = errors.New("what was brought in is not what the histories say, see mismatches")
	}
	if err != nil {
		out.Error = err.Error()
	}
	return errors.Join(err, t.print(out))
}

func (t *tool) importHistory(ctx context.Context, file string, cfg wikihistory.Config) (r wikihistory.Report, err error) {
	in, err := openInput(ctx, file, t.stdin)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	cfg.Progress = t.progress("changes of " + cfg.Site).tell
	r, err = wikihistory.Import(ctx, cfg, in)
	return r, errors.Join(err, in.broken)
}

func (r importedPages) lines() []string {
	lines := []string{
		fmt.Sprintf("pages: %d", r.Pages),
		fmt.Sprintf("revisions: %d, of which %d were there", r.Revisions, r.Existing),
		fmt.Sprintf("renames: %d, deletions: %d, reverts: %d", r.Renames, r.Deletions, r.Reverts),
	}
	if r.Retitled > 0 {
		lines = append(lines, fmt.Sprintf("with the name of their site behind a title that another page has: %d", r.Retitled))
	}
	for _, why := range slices.Sorted(maps.Keys(r.Skipped)) {
		lines = append(lines, fmt.Sprintf("left out: %d: %s", r.Skipped[why], why))
	}
	if r.Mismatches > 0 {
		lines = append(lines, fmt.Sprintf("not as the histories say: %d", r.Mismatches))
	}
	return lines
}
