// SPDX-License-Identifier: BSD-3-Clause

// Portal shows the whole community in a browser.
//
//	go run ./examples/portal
//
// starts it on a SQLite database in ./copis-data with a sample community and
// prints where it is and who can sign in. It is an example of a host: read
// portal.go first, then one file a concept.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "portal:", err)
		os.Exit(1)
	}
}

// flags are what the command line says.
type flags struct {
	memory bool
	db     string
	data   string
	addr   string
	base   string
	origin string
}

func parse(args []string, stderr io.Writer) (flags, error) {
	var f flags
	set := flag.NewFlagSet("portal", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.BoolVar(&f.memory, "memory", false, "keep everything in memory and forget it at the end")
	set.StringVar(&f.db, "db", "", "`URL` of a PostgreSQL database: postgres://…")
	set.StringVar(&f.data, "data", "copis-data", "`folder` of the SQLite database")
	set.StringVar(&f.addr, "addr", "127.0.0.1:8080", "`host:port` to listen on; port 0 is any that is free")
	set.StringVar(&f.base, "base", "/", "`path` under which the portal is mounted: /comunita/")
	set.StringVar(&f.origin, "origin", "", "scheme and host by which browsers reach the portal, as behind a proxy that ends TLS: https://comunita.example.it (default: http:// and the address)")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	if set.NArg() > 0 {
		return f, fmt.Errorf("unknown argument %q", set.Arg(0))
	}
	if f.memory && f.db != "" {
		return f, errors.New("-memory and -db exclude each other")
	}
	return f, nil
}

// How long a browser may take, and how long the end may.
const (
	headerTime = 5 * time.Second
	readTime   = 15 * time.Second
	writeTime  = 30 * time.Second
	idleTime   = time.Minute
	maxHeader  = 64 << 10
	graceTime  = 10 * time.Second
)

// reachable returns how a browser on this machine gets to what listens at an
// address, which may stand for all addresses that the machine has.
func reachable(addr string) string {
	if at, err := netip.ParseAddrPort(addr); err == nil && at.Addr().IsUnspecified() {
		return net.JoinHostPort("localhost", strconv.Itoa(int(at.Port())))
	}
	return addr
}

// run starts the portal and ends it in good order when ctx does.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	f, err := parse(args, stderr)
	if err != nil {
		return err
	}
	store, where, closing, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closing()) }()

	log := slog.New(slog.NewJSONHandler(stderr, nil))
	people := samplePeople()
	if err := seed(ctx, store, people, time.Now()); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	listener, err := net.Listen("tcp", f.addr)
	if err != nil {
		return err
	}
	if f.origin == "" {
		f.origin = "http://" + reachable(listener.Addr().String())
	}
	p, err := newPortal(options{Store: store, People: people, Base: f.base, Origin: f.origin, Log: log, Rates: defaultRates})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{
		Handler: p.handler(), ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
	}

	// The library starts no goroutine: delivering events is the host's to run.
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() {
		p.c.Work(working, time.Second, func(err error) { log.Error("events", "err", err) })
	})
	failed := make(chan error, 1)
	running.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	})

	fmt.Fprintf(stdout, "Co.PIS: %s\nDati: %s\n\nPersone di prova, senza password (%s):\n", f.origin+p.url(), where, f.origin+p.url("sign-in"))
	for _, x := range people.Members() {
		fmt.Fprintf(stdout, "  %-16s %s\n", x.Login, p.say("it", "role."+x.Role.String(), nil))
	}
	fmt.Fprintln(stdout, "\nCtrl+C per fermare.")

	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTime)
	defer cancel()
	err = errors.Join(err, server.Shutdown(ending)) // finishes the requests that have begun
	stopWork()
	running.Wait()
	return err
}
