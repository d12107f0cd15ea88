// SPDX-License-Identifier: BSD-3-Clause

// Command copisctl looks after the database of a community: it brings its
// tables up to date, says how it stands, and brings in what a community had
// elsewhere.
//
//	copisctl -db sqlite:copis.db import mailinglist -board Sviluppo archive.jsonl.gz
//	copisctl -db sqlite:copis.db import ipa enti.csv
//	copisctl -db sqlite:copis.db import stackexchange -site italian.stackexchange.com dump
//	copisctl -db sqlite:copis.db import wiki linee-guida.jsonl.gz
//
// Results go to standard output, as one JSON object with -json; progress and
// errors to standard error. It ends with 0, with 1 when something failed or
// was left out, and with 2 when it was called wrongly. An import that was
// interrupted is resumed by the same call.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// What the program ends with.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// command is one thing that can be done.
type command struct {
	name  string   // one or more words
	args  []string // what is named after the flags
	about string
	// define adds the command's own flags and returns what does it.
	define func(*flag.FlagSet) action
}

// takes reports whether so many arguments are what the command wants: of one
// whose name ends with "…", any that are some.
func (c command) takes(n int) bool {
	if last := len(c.args) - 1; last >= 0 && strings.HasSuffix(c.args[last], "…") {
		return n > last
	}
	return n == len(c.args)
}

// action does a command on the arguments that it asked for. It prints its
// result also where it returns an error, if there is one.
type action func(ctx context.Context, t *tool, args []string) error

// commands is all that can be done, in the order in which it is told.
func commands() []command {
	return []command{
		migrate,
		status,
		importMailinglist,
		importIPA,
		importStackexchange,
		importWiki,
	}
}

// tool is what every command has.
type tool struct {
	db     string
	json   bool
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	now    func() time.Time // for progress
}

// result is what a command found or did.
type result interface {
	lines() []string // for people
}

// print writes a result in the form that was asked for.
func (t *tool) print(r result) error {
	if t.json {
		return json.NewEncoder(t.stdout).Encode(r)
	}
	for _, line := range r.lines() {
		if _, err := fmt.Fprintln(t.stdout, line); err != nil {
			return err
		}
	}
	return nil
}

// errUsage is the error of a wrong call.
var errUsage = errors.New("usage")

func usagef(format string, a ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errUsage}, a...)...)
}

// run is the program.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	t := &tool{stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now}
	err := t.dispatch(ctx, args)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, flag.ErrHelp):
		usage(stdout)
		return exitOK
	case errors.Is(err, errUsage):
		fmt.Fprintf(stderr, "copisctl: %s\n\n", strings.TrimPrefix(err.Error(), errUsage.Error()+": "))
		usage(stderr)
		return exitUsage
	default:
		fmt.Fprintf(stderr, "copisctl: %v\n", err)
		return exitFailed
	}
}

func (t *tool) dispatch(ctx context.Context, args []string) error {
	args, err := t.parse(t.flags(), args)
	if err != nil {
		return err
	}
	for _, c := range commands() {
		words := strings.Fields(c.name)
		if len(args) < len(words) || !slices.Equal(args[:len(words)], words) {
			continue
		}
		set := t.flags()
		do := c.define(set)
		rest, err := t.parse(set, args[len(words):])
		if err != nil {
			return err
		}
		if !c.takes(len(rest)) {
			return usagef("%s wants %s", c.name, cmp.Or(strings.Join(c.args, " "), "no arguments"))
		}
		if _, err := t.adapter(); err != nil {
			return err // before anything is read
		}
		return do(ctx, t, rest)
	}
	if len(args) == 0 {
		return usagef("what is to be done?")
	}
	return usagef("unknown command %q", strings.Join(args[:min(len(args), 2)], " "))
}

// flags returns the flags of all commands, which may stand before the
// command's name and after it.
func (t *tool) flags() *flag.FlagSet {
	set := flag.NewFlagSet("copisctl", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&t.db, "db", cmp.Or(t.db, "memory"), "the `database`: sqlite:FILE, postgres://…, or memory, which is for trying: nothing is kept")
	set.BoolVar(&t.json, "json", t.json, "print one JSON object")
	return set
}

func (t *tool) parse(set *flag.FlagSet, args []string) ([]string, error) {
	err := set.Parse(args)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		err = usagef("%v", err)
	}
	return set.Args(), err
}

// usage tells how the program is called, from the table of commands.
func usage(w io.Writer) {
	fmt.Fprintf(w, "usage: copisctl [flags] command [flags] arguments\n\n")
	flagLines(w, (&tool{}).flags(), nil)
	common := (&tool{}).flags()
	for _, c := range commands() {
		fmt.Fprintf(w, "\n%s\n    %s\n", strings.Join(append([]string{c.name}, c.args...), " "), c.about)
		set := (&tool{}).flags()
		c.define(set)
		flagLines(w, set, common)
	}
}

// flagLines tells the flags of a set that are not in another one.
func flagLines(w io.Writer, set, but *flag.FlagSet) {
	set.VisitAll(func(f *flag.Flag) {
		if but != nil && but.Lookup(f.Name) != nil {
			return
		}
		value, about := flag.UnquoteUsage(f)
		if f.DefValue != "" && f.DefValue != "false" {
			about += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(w, "    %-18s %s\n", strings.TrimSpace("-"+f.Name+" "+value), about)
	})
}
