// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) {
	if os.Getenv(writerFile) != "" {
		os.Exit(writer())
	}
	Main(m)
}

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
		if server.cluster != nil && (zone != settings["timezone"] || !italian) {
			t.Errorf("time zone %s, texts in the order of words: %v", zone, italian)
		}
		schemas = append(schemas, schema)
		if err := conn.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if schemas[0] == schemas[1] {
		t.Errorf("two tests share the schema %s", schemas[0])
	}
}
