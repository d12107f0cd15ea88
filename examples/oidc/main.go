// SPDX-License-Identifier: BSD-3-Clause

// Oidc shows how people sign in with SPID and CIE.
//
//	go run ./examples/oidc
//
// starts two mock providers and a host that trusts them, in memory and on this
// machine only, and prints where. Nobody is asked for proof: the providers show
// invented people to choose from. Read signin.go first, which is what a host
// adds to be signed in to with OpenID Connect; site.go is the rest of the host,
// provider.go what stands in for SPID and CIE.
package main

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

//go:embed pages.html
var files embed.FS

var pages = template.Must(template.ParseFS(files, "pages.html"))

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "oidc:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	set := flag.NewFlagSet("oidc", flag.ContinueOnError)
	set.SetOutput(stderr)
	port := set.Int("port", 8090, "`port` to listen on; 0 is any that is free")
	if err := set.Parse(args); err != nil {
		return err
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(*port)))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	at := l.Addr().(*net.TCPAddr).Port
	providers, err1 := mocks(mux, at, time.Now)
	s, err2 := newSite(ctx, mux, at, providers, slog.New(slog.NewTextHandler(stderr, nil)), time.Now)
	if err := errors.Join(err1, err2); err != nil {
		return errors.Join(err, server.Close())
	}
	fmt.Fprintf(stdout, "%s\nThere is an account already: %s, password %s\n", hostAt(at), s.sample, s.password)
	if err := <-ended; ctx.Err() == nil {
		return err
	}
	return nil
}

// By two names of this machine the host and the providers are two sites, which
// share no cookies.
func hostAt(port int) string      { return fmt.Sprintf("http://localhost:%d", port) }
func providersAt(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }

// mocks hangs SPID and CIE into a mux that is served at a port.
func mocks(mux *http.ServeMux, port int, now func() time.Time) ([]*provider, error) {
	spid, err1 := newProvider(providersAt(port), "spid", "SPID", hostAt(port), now)
	cie, err2 := newProvider(providersAt(port), "cie", "CIE", hostAt(port), now)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	own := http.NewServeMux()
	spid.handle(own)
	cie.handle(own)
	mux.Handle("127.0.0.1/", secured(own, hostAt(port)))
	return []*provider{spid, cie}, nil
}

// secured keeps browsers from being turned against their users: no scripts, no
// frames, no forms from elsewhere, and none that lead on but to the other site.
func secured(next http.Handler, other string) http.Handler {
	next = http.MaxBytesHandler(http.NewCrossOriginProtection().Handler(next), 64<<10)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' "+other)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
