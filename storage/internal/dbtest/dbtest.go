// SPDX-License-Identifier: BSD-3-Clause

// Package dbtest opens the databases that tests need: SQLite in a file of the
// test's own, and PostgreSQL in a schema of the test's own, on a throw-away
// cluster that is started from the installed binaries when the first test asks
// for it. The environment variable COPIS_TEST_POSTGRES may name a server
// instead.
//
// Its own tests hold the suite of package storetest against every adapter, and
// with the drivers at hand everything that one adapter alone cannot show.
package dbtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// the server of this process's tests.
var server struct {
	sync.Mutex
	main    bool // Main runs, so that what is started will be stopped
	started bool
	url     string
	err     error
	cluster *Cluster      // nil when COPIS_TEST_POSTGRES names a server
	admin   *pgxpool.Pool // makes the schemas
}

// Main runs the tests of a package that asks for PostgreSQL, and stops and
// removes the cluster after them:
//
//	func TestMain(m *testing.M) { dbtest.Main(m) }
func Main(m *testing.M) {
	server.Lock()
	server.main = true
	server.Unlock()
	code := 1
	defer func() {
		server.Lock()
		defer server.Unlock()
		if server.admin != nil {
			server.admin.Close()
		}
		if server.cluster != nil {
			server.cluster.Remove()
		}
		os.Exit(code)
	}()
	code = m.Run()
}

// needPostgres returns the URL of the server. Without PostgreSQL the test is
// skipped, and fails where the environment variable CI is "true".
func needPostgres(t testing.TB) string {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()
	base, err := serverURL(ctx)
	switch {
	case errors.Is(err, errNoPostgres) && os.Getenv("CI") != "true":
		t.Skipf("NOT TESTED ON POSTGRESQL: %v (install it, or name a server in COPIS_TEST_POSTGRES)", err)
	case err != nil:
		t.Fatalf("PostgreSQL: %v", err)
	}
	return base
}

// PostgresURL returns the URL of an empty schema that is the test's own, for
// pgx. Without PostgreSQL the test is skipped, and fails where the environment
// variable CI is "true".
func PostgresURL(t testing.TB) string {
	t.Helper()
	base := needPostgres(t)
	schema := "copis_" + strings.ToLower(rand.Text())
	if _, err := server.admin.Exec(context.Background(), "CREATE SCHEMA "+schema); err != nil {
		t.Fatalf("PostgreSQL: %v", err)
	}
	t.Cleanup(func() {
		// Tests that run to the end at once would wait for each other's drops;
		// a cluster of our own vanishes as a whole.
		if server.cluster != nil {
			return
		}
		if _, err := server.admin.Exec(context.Background(), "DROP SCHEMA "+schema+" CASCADE"); err != nil {
			t.Errorf("PostgreSQL: %v", err)
		}
	})
	return WithSchema(t, base, schema)
}

// WithSchema returns a server's URL with another schema to work in.
func WithSchema(t testing.TB, base, schema string) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatalf("PostgreSQL: %v", err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

// serverURL returns the URL of the server of this process's tests, which the
// first call starts.
func serverURL(ctx context.Context) (string, error) {
	server.Lock()
	defer server.Unlock()
	if server.started {
		return server.url, server.err
	}
	if !server.main {
		return "", errors.New("the package's TestMain must call dbtest.Main, which stops what is started here")
	}
	server.started = true
	server.url, server.err = startServer(ctx)
	return server.url, server.err
}

func startServer(ctx context.Context) (string, error) {
	base := os.Getenv("COPIS_TEST_POSTGRES")
	if base == "" {
		c, err := StartCluster(ctx)
		if err != nil {
			return "", err
		}
		server.cluster, base = c, c.URL()
	}
	cfg, err := pgxpool.ParseConfig(base)
	if err != nil {
		return "", err
	}
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	if server.admin, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return "", err
	}
	if err := server.admin.Ping(ctx); err != nil {
		return "", fmt.Errorf("server does not answer: %w", err)
	}
	return base, nil
}
