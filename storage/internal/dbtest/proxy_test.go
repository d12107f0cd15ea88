// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// A wire stands between a store and its server. It counts round trips, and
// cuts the connection when the answer to one of them comes.
type wire struct {
	mu    sync.Mutex
	trips int // how often the client spoke and then the server
	cut   int // the answer to this one is lost, counted from now on; 0: none
	asked bool
}

// newWire returns the URL of a way to a server that goes through a wire.
func newWire(t *testing.T, to string) (*wire, string) {
	t.Helper()
	cfg, err := pgconn.ParseConfig(to)
	if err != nil {
		t.Fatal(err)
	}
	network, address := pgconn.NetworkAddress(cfg.Host, cfg.Port)
	dir, err := os.MkdirTemp("", "copis-w-") // a socket's name is short
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		listener.Close()
		wg.Wait()
		os.RemoveAll(dir)
	})
	wg.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { w.join(client, network, address) })
		}
	})
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("host", dir)
	q.Set("sslmode", "disable")
	u.Host, u.RawQuery = "", q.Encode()
	return w, u.String()
}

// join carries what is said both ways until one side ends, or the wire is cut.
func (w *wire) join(client net.Conn, network, address string) {
	server, err := new(net.Dialer).DialContext(context.Background(), network, address)
	if err != nil {
		client.Close()
		return
	}
	end := func() { client.Close(); server.Close() }
	var wg sync.WaitGroup
	wg.Go(func() { defer end(); carry(client, server, w.ask) })
	wg.Go(func() { defer end(); carry(server, client, w.answer) })
	wg.Wait()
}

func carry(from io.Reader, to io.Writer, pass func() bool) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if !pass() {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (w *wire) ask() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = true
	return true
}

func (w *wire) answer() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.asked {
		w.asked = false
		w.trips++
		if w.cut > 0 {
			w.cut--
			return w.cut > 0
		}
	}
	return true
}

// during returns how many round trips a call takes.
func (w *wire) during(call func()) int {
	w.mu.Lock()
	before := w.trips
	w.mu.Unlock()
	call()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.trips - before
}

// cutAt makes the wire lose the answer to the n-th round trip from now on, and
// with it the connection.
func (w *wire) cutAt(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = n
}

// pending reports whether the cut is still to come, and forgets it.
func (w *wire) pending() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	pending := w.cut > 0
	w.cut = 0
	return pending
}
