// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
)

var migrate = command{
	name:  "migrate",
	about: "Bring the database's tables up to date, or make them.",
	define: func(*flag.FlagSet) action {
		return func(ctx context.Context, t *tool, _ []string) error {
			db, err := t.open(ctx)
			if err != nil {
				return err
			}
			if err := db.Close(); err != nil {
				return err
			}
			return t.status(ctx)
		}
	},
}

var status = command{
	name:  "status",
	about: "Say whether the database's tables are up to date. Nothing is changed.",
	define: func(*flag.FlagSet) action {
		return func(ctx context.Context, t *tool, _ []string) error { return t.status(ctx) }
	},
}

// schema is how a database stands to this program, in numbers of migrations.
type schema struct {
	Have    int    `json:"have"`
	Want    int    `json:"want"`
	Current bool   `json:"current"`
	Error   string `json:"error,omitempty"`
}

func (t *tool) status(ctx context.Context) error {
	s, err := t.schema(ctx)
	if errors.Is(err, errUsage) {
		return err
	}
	if err != nil {
		s.Error = err.Error()
	}
	return errors.Join(err, t.print(s))
}

func (s schema) lines() []string {
	return []string{fmt.Sprintf("migrations: %d of %d", s.Have, s.Want)}
}
