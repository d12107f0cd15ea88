// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

// The test binary is started again as the processes that are to be killed.
func TestMain(m *testing.M) {
	for variable, child := range children {
		if os.Getenv(variable) != "" {
			os.Exit(child())
		}
	}
	Main(m)
}

var children = map[string]func() int{writerFile: writer, votersVotes: voters, clusterChild: holdCluster}

// Each test has a schema of its own, on a server whose order of text and whose
// time zone are not the plain ones.
func TestPostgresURL(t *testing.T) {
	t.Parallel()
	var schemas []string
	for range 2 {
		conn, err := pgx.Connect(t.Context(), PostgresURL(t))
		if err != nil {
			t.Fatal(err)
		}
		var schema, zone string
		var italian bool
		err = conn.QueryRow(t.Context(), `SELECT current_schema(), current_setting('timezone'), 'a' < 'B'`).Scan(&schema, &zone, &italian)
		if err != nil {
			t.Fatal(err)
		}
		if server.cluster != nil && zone != settings["timezone"] {
			t.Errorf("the server's time zone is %s", zone)
		}
		t.Logf("schema %s; texts are in the order of words: %v", schema, italian)
		schemas = append(schemas, schema)
		if err := conn.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if schemas[0] == schemas[1] {
		t.Errorf("two tests share the schema %s", schemas[0])
	}
}

const clusterChild = "COPIS_TEST_CLUSTER_CHILD"

// holdCluster starts a cluster, says where, and does nothing more.
func holdCluster() int {
	c, err := StartCluster(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(c.postmaster.Pid)
	fmt.Println(c.dir)
	_, _ = os.Stdin.Read(make([]byte, 1))
	c.Remove()
	return 0
}
