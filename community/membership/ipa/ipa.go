// SPDX-License-Identifier: BSD-3-Clause

// Package ipa reads the index of Italian public bodies (indicepa.gov.it), as
// CSV, for [membership.Service.ImportOrgs].
package ipa

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// MaxLine bounds a row, in bytes: a longer one is refused, and passed over
// without being kept.
const MaxLine = 64 << 10

// Codes of [storage.Invalid] for a row that is none, in the field "row".
const (
	CodeFields = "fields" // has more or fewer fields than the header. Params: have, want
	CodeQuotes = "quotes" // has a quote that opens nothing or closes nothing
)

// ErrHeader is the error of what begins with no header, or with one that lacks
// the code or the name.
var ErrHeader = errors.New("ipa: no header with a code and a name")

// columns are the names of the fields, in lower case, in the files that the
// index has been given as.
var columns = struct{ code, name, kind, site []string }{
	[]string{"codice_ipa", "cod_amm"},
	[]string{"denominazione", "denominazione_ente", "denominazione_ipa", "des_amm"},
	[]string{"nome_categoria", "tipologia_amm", "tipologia"},
	[]string{"url", "sito_istituzionale"},
}

// Rows reads organisations row by row, keeping one at a time. The first line
// names the fields. A row is a line: a quote that is left open ends with it, so
// that dirt in one row takes no other with it. Rows are numbered as a
// spreadsheet does: the header is 1. What is not a row comes with an error that
// matches [storage.ErrInvalid], and the next one follows; any other error, of r
// or [ErrHeader], is the last.
func Rows(r io.Reader) iter.Seq2[membership.OrgRow, error] {
	return func(yield func(membership.OrgRow, error) bool) {
		in := &lines{r: bufio.NewReaderSize(r, MaxLine)}
		head, err := in.header()
		if err != nil {
			yield(membership.OrgRow{}, err)
			return
		}
		for {
			line, err := in.next()
			if errors.Is(err, io.EOF) {
				return
			}
			var row membership.OrgRow
			if err == nil {
				row, err = head.row(line)
			}
			row.N = in.n
			if !yield(row, err) || err != nil && !errors.Is(err, storage.ErrInvalid) {
				return
			}
		}
	}
}

// lines reads lines that are not blank, and counts all.
type lines struct {
	r *bufio.Reader
	n int // of the last
}

// next returns the next line, good until the one after.
func (l *lines) next() ([]byte, error) {
	for {
		line, err := l.r.ReadSlice('\n')
		if len(line) > 0 {
			l.n++
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = l.r.ReadSlice('\n')
			}
			if err != nil && !errors.Is(err, io.EOF) {
				return nil, fmt.Errorf("ipa: line %d: %w", l.n, err)
			}
			return nil, &storage.Invalid{Field: "row", Code: storage.CodeTooLong, Params: map[string]any{"max": MaxLine}}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("ipa: line %d: %w", l.n, err)
		}
		line = bytes.TrimRight(line, "\r\n")
		if l.n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if len(bytes.TrimSpace(line)) > 0 {
			return line, nil
		}
		if err != nil {
			return nil, io.EOF
		}
	}
}

// A header says where the fields are.
type header struct{ fields, code, name, kind, site int }

func (l *lines) header() (header, error) {
	line, err := l.next()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, storage.ErrInvalid):
		return header{}, ErrHeader
	case err != nil:
		return header{}, err
	}
	names, err := split(line)
	if err != nil {
		return header{}, ErrHeader
	}
	at := map[string]int{}
	for i, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := at[name]; !twice {
			at[name] = i
		}
	}
	find := func(known []string) int {
		for _, name := range known {
			if i, ok := at[name]; ok {
				return i
			}
		}
		return -1
	}
	h := header{len(names), find(columns.code), find(columns.name), find(columns.kind), find(columns.site)}
	if h.code < 0 || h.name < 0 {
		return header{}, ErrHeader
	}
	return h, nil
}

// row takes a line apart.
func (h header) row(line []byte) (membership.OrgRow, error) {
	fields, err := split(line)
	if err != nil {
		return membership.OrgRow{}, &storage.Invalid{Field: "row", Code: CodeQuotes}
	}
	at := func(i int) string {
		if i < 0 || i >= len(fields) {
			return ""
		}
		return fields[i]
	}
	row := membership.OrgRow{Code: at(h.code)}
	if len(fields) != h.fields {
		return row, &storage.Invalid{Field: "row", Code: CodeFields, Params: map[string]any{"have": len(fields), "want": h.fields}}
	}
	row.Name, row.Kind, row.Site = at(h.name), at(h.kind), at(h.site)
	return row, nil
}

// split returns the fields of one line.
func split(line []byte) ([]string, error) {
	r := csv.NewReader(bytes.NewReader(line))
	r.FieldsPerRecord = -1
	return r.Read()
}
