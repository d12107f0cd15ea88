// SPDX-License-Identifier: BSD-3-Clause

package mailinglist

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/copis-it/copis/storage"
)

// Limits of a dump.
const (
	maxLine = 8 << 20 // bytes
	maxRefs = 100     // references of a message that are looked at, the last ones
)

// What a line may have wrong, besides the codes of package storage.
const (
	codeCut    = "cut"          // the file ends within it
	codeDouble = "double"       // a message_id that an earlier line has
	codeRange  = "out_of_range" // a date before 1970 or after 9999
)

// header is what the tree needs of a message. Message ids are kept as keys of
// a fixed size, since they may be of any.
type header struct {
	line    int
	offset  int64 // where the line begins
	size    int   // of the line
	key     uuid.UUID
	refs    []uuid.UUID // what it answers, the nearest first
	date    time.Time
	subject uuid.UUID // of the bare subject; zero if there is none
	n       place
	page    place
}

// place is an optional number, of which null is different from none at all.
type place struct {
	set  bool
	null bool
	n    int
}

func (p *place) UnmarshalJSON(b []byte) error {
	p.null = string(b) == "null"
	p.set = p.null || json.Unmarshal(b, &p.n) == nil
	return nil // it is only compared: what is no number is no reason to refuse a message
}

// record is a line of a dump as far as the tree needs it.
type record struct {
	N          place    `json:"n"`
	MessageID  string   `json:"message_id"`
	InReplyTo  string   `json:"in_reply_to"`
	References []string `json:"references"`
	Date       string   `json:"date"`
	Subject    string   `json:"subject"`
	PageParent place    `json:"page_parent"`
}

// message is the rest of it.
type message struct {
	Author  string `json:"author"`
	Subject string `json:"subject"`
	Body    string `json:"body"`

	foreign bool // has bytes that are not UTF-8
}

// index reads the headers of a dump, and which lines have none that can be
// used. The error is that of reading the dump.
func index(ctx context.Context, dump io.ReadSeeker) (headers []header, refused []Line, err error) {
	if _, err := dump.Seek(0, io.SeekStart); err != nil {
		return nil, nil, err
	}
	in := bufio.NewReaderSize(dump, 64<<10)
	seen := map[uuid.UUID]bool{}
	var offset int64
	for line := 1; ; line++ {
		text, size, err := readLine(in)
		if size == 0 && err == io.EOF {
			return headers, refused, nil
		}
		if err != nil && err != io.EOF {
			return headers, refused, err
		}
		h, wrong := header{}, error(nil)
		switch {
		case text == nil:
			wrong = &storage.Invalid{Field: "line", Code: storage.CodeTooLong, Params: map[string]any{"max": maxLine}}
		case len(bytes.TrimSpace(text)) > 0:
			h, wrong = parseHeader(text)
			if wrong != nil && err == io.EOF {
				wrong = whole(text, wrong)
			}
			if wrong == nil && seen[h.key] {
				wrong = &storage.Invalid{Field: "message_id", Code: codeDouble}
			}
			if wrong == nil {
				seen[h.key] = true
				h.line, h.offset, h.size = line, offset, len(text)
				headers = append(headers, h)
			}
		}
		if wrong != nil {
			refused = append(refused, Line{line, reason(wrong)})
		}
		offset += size
		if line%1000 == 0 && ctx.Err() != nil {
			return headers, refused, ctx.Err()
		}
	}
}

// readLine returns the next line without its end, good until the next call,
// and its size in the file. Of one longer than maxLine text is nil. err is
// io.EOF for a last line without an end.
func readLine(in *bufio.Reader) (text []byte, size int64, err error) {
	text = []byte{}
	for {
		part, err := in.ReadSlice('\n')
		size += int64(len(part))
		if text != nil && len(text)+len(part) <= maxLine+1 {
			text = append(text, part...)
		} else {
			text = nil
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		return bytes.TrimSuffix(text, []byte("\n")), size, err
	}
}

// whole returns the error of a last line: what is wrong with it, or that the
// file was cut within it.
func whole(text []byte, wrong error) error {
	var v json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&v); errors.Is(err, io.ErrUnexpectedEOF) {
		return &storage.Invalid{Field: "line", Code: codeCut}
	}
	return wrong
}

// parseHeader reads the header of a message from its line.
func parseHeader(text []byte) (header, error) {
	var r record
	if err := unmarshal(text, &r); err != nil {
		return header{}, err
	}
	if r.MessageID == "" {
		return header{}, &storage.Invalid{Field: "message_id", Code: storage.CodeMissing}
	}
	date, err := time.Parse(time.RFC3339, r.Date)
	if err != nil {
		return header{}, &storage.Invalid{Field: "date", Code: storage.CodeMalformed}
	}
	if date = date.UTC(); date.Unix() < 0 || date.Year() > 9999 {
		return header{}, &storage.Invalid{Field: "date", Code: codeRange}
	}
	h := header{key: keyOf(r.MessageID), date: date, n: r.N, page: r.PageParent}
	if s := bare(r.Subject); s != "" {
		h.subject = keyOf(strings.ToLower(s))
	}
	answers := append(r.References, r.InReplyTo)
	slices.Reverse(answers)
	for _, id := range answers[:min(len(answers), maxRefs)] {
		if key := keyOf(id); id != "" && key != h.key && !slices.Contains(h.refs, key) {
			h.refs = append(h.refs, key)
		}
	}
	return h, nil
}

func keyOf(id string) uuid.UUID { return uuid.NewSHA1(space, []byte(id)) }

// readMessage reads the rest of a message where its header says it is.
func readMessage(dump io.ReadSeeker, h header) (message, error) {
	if _, err := dump.Seek(h.offset, io.SeekStart); err != nil {
		return message{}, err
	}
	text := make([]byte, h.size)
	if _, err := io.ReadFull(dump, text); err != nil {
		return message{}, fmt.Errorf("line %d: %w", h.line, err)
	}
	m := message{foreign: !utf8.Valid(text)}
	err := unmarshal(text, &m)
	return m, err
}

// unmarshal reads a line, of which the first may begin with a byte order mark.
func unmarshal(text []byte, v any) error {
	err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), v)
	var field *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &field) && field.Field != "":
		return &storage.Invalid{Field: field.Field, Code: storage.CodeMalformed}
	default:
		return &storage.Invalid{Field: "line", Code: storage.CodeMalformed}
	}
}
