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

	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/auth/password"
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
	secret string
	smtp   string
	from   string
	client string
}

func parse(args []string, stderr io.Writer) (flags, error) {
	var f flags
	set := flag.NewFlagSet("portal", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.BoolVar(&f.memory, "memory", false, "keep everything in memory and forget it at the end")
	set.StringVar(&f.db, "db", "", "`URL` of a PostgreSQL database: postgres://…")
	set.StringVar(&f.data, "data", "copis-data", "`folder` of the SQLite database, the secret and the mail")
	set.StringVar(&f.secret, "secret", "", "`file` with the portal's 32 secret bytes, made if it is not there (default: secret in the folder of -data; in memory, a new one each time)")
	set.StringVar(&f.smtp, "smtp", "", "`URL` of the server that takes mail: smtps://user:password@host:465, smtp://user:password@host:587 (default: mail is not sent, but kept in the folder of -data)")
	set.StringVar(&f.from, "from", "noreply@example.org", "`address` that mail comes from")
	set.StringVar(&f.addr, "addr", "127.0.0.1:8080", "`host:port` to listen on; port 0 is any that is free")
	set.StringVar(&f.base, "base", "/", "`path` under which the portal is mounted: /comunita/")
	set.StringVar(&f.origin, "origin", "", "scheme and host by which browsers reach the portal, as behind a proxy that ends TLS: https://comunita.example.it (default: http:// and the address)")
	set.StringVar(&f.client, "client-header", "", "`header` in which the proxy before the portal puts the address of who asks, and lets nobody else do so: X-Real-IP, X-Forwarded-For. Behind a proxy and without it, all visitors are one to the limits of requests and of sign-in attempts: one of them can shut out the others")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	if set.NArg() > 0 {
		return f, fmt.Errorf("unknown argument %q", set.Arg(0))
	}
	if f.memory && f.db != "" {
		return f, errors.New("-memory and -db exclude each other")
	}
	if _, _, err := account.ParseAddress(f.from); err != nil {
		return f, errors.New("-from is not an address: noreply@example.org")
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
	at, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, at.close()) }()

	log := slog.New(slog.NewJSONHandler(stderr, nil))
	key, err := f.key()
	if err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	o := options{Store: at.store, Blobs: at.blobs, Passwords: password.New(password.Config{}), Key: key, Base: f.base, ClientHeader: f.client, Log: log, Rates: defaultRates, Hold: newcomersWait}
	before, err := seeded(ctx, at.store)
	if err != nil {
		return err
	}
	if err := seed(ctx, o.community(), sampleAreas(), samplePassword(key), time.Now()); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	sample, err := seeded(ctx, at.store)
	if err != nil {
		return err
	}
	mailer, mailbox, err := f.mailer(stdout)
	if err != nil {
		return err
	}
	box := newOutbox(mailer, log)
	o.Send = box.put
	listener, err := net.Listen("tcp", f.addr)
	if err != nil {
		return err
	}
	if f.origin == "" {
		f.origin = "http://" + reachable(listener.Addr().String())
	}
	o.Origin = f.origin
	p, err := newPortal(o)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	said := samplePassword(key)
	switch {
	case !sample:
		said = ""
	case before: // a password is not for every log that the start of a program ends up in
		said = "stampata alla prima partenza"
	}
	p.announce(stdout, at.name, mailbox, said)
	return p.run(ctx, listener, box)
}

// announce prints where the portal is and who can sign in, if there is a
// sample, by which password.
func (p *portal) announce(stdout io.Writer, where, mailbox, password string) {
	fmt.Fprintf(stdout, "Co.PIS: %s\nDati: %s\nPosta: %s\n", p.absolute(p.url()), where, mailbox)
	if password != "" {
		fmt.Fprintf(stdout, "\nPersone di prova (%s), per tutte la password %s\n", p.absolute(p.url("sign-in")), password)
		for _, x := range samplePeople {
			fmt.Fprintf(stdout, "  %-16s %s\n", x.Login, p.say("it", "role."+x.Role.String(), nil))
		}
	}
	fmt.Fprintln(stdout, "\nCtrl+C per fermare.")
}

// run answers what comes in and does what there is to do meanwhile, until ctx
// ends, and then finishes what has begun.
func (p *portal) run(ctx context.Context, listener net.Listener, box *outbox) (err error) {
	server := &http.Server{
		Handler: p.handler(), ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
	}

	// The library starts no goroutine: delivering events is the host's to run.
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() {
		p.c.Work(working, time.Second, func(err error) { p.log.Error("events", "err", err) })
	})
	running.Go(func() { box.run(working, p.letter) })
	running.Go(func() { p.tidy(working) })
	failed := make(chan error, 1)
	running.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	})

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
