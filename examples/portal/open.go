// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/storage/memory"
	"github.com/copis-it/copis/storage/postgres"
	"github.com/copis-it/copis/storage/sqlite"
	"github.com/copis-it/copis/wiki"
)

// A place is where the portal keeps everything.
type place struct {
	store community.Store
	blobs wiki.Blobs // of attachments
	name  string
	close func() error
}

// open returns the place that the flags ask for.
func (f flags) open(ctx context.Context) (place, error) {
	switch {
	case f.memory:
		return place{memory.New(), &memory.Blobs{}, "memoria (si perde alla fine)", func() error { return nil }}, nil
	case f.db != "":
		s, err := postgres.Open(ctx, f.db)
		if err != nil {
			return place{}, err
		}
		return place{s, s.Blobs(), "PostgreSQL", s.Close}, nil
	}
	if err := os.MkdirAll(f.data, 0o700); err != nil {
		return place{}, err
	}
	path := filepath.Join(f.data, "copis.db")
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return place{}, err
	}
	return place{s, s.Blobs(), path, s.Close}, nil
}

// key returns the portal's secret.
func (f flags) key() ([]byte, error) {
	name := f.secret
	switch {
	case name == "" && f.memory:
		return newKey(), nil
	case name == "":
		if err := os.MkdirAll(f.data, 0o700); err != nil {
			return nil, err
		}
		name = filepath.Join(f.data, "secret")
	}
	return readKey(name)
}

// mailer returns what delivers mail, and where to.
func (f flags) mailer(stdout io.Writer) (m mailer, where string, err error) {
	switch {
	case f.smtp != "":
		s, err := newSMTP(f.smtp, f.from, nil)
		return s, "SMTP", err
	case f.memory:
		return &printMailer{out: stdout}, "qui sotto", nil
	}
	folder := filepath.Join(f.data, "mail")
	return folderMailer{folder, f.from, nil}, folder, nil
}
