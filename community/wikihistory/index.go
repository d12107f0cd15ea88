// SPDX-License-Identifier: BSD-3-Clause

package wikihistory

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// maxLine bounds a line of a history, in bytes: a text of wiki.MaxBody, every
// rune of it escaped, fits.
const maxLine = 8 << 20

// op says what a change does to its page.
type op uint8

const (
	creates op = iota + 1
	edits
	renames
	deletes
)

var ops = map[string]op{"create": creates, "edit": edits, "rename": renames, "delete": deletes}

func (o op) String() string {
	return [...]string{"change", "creation", "edit", "rename", "deletion"}[o]
}

// record is a line of a history.
type record struct {
	Page    string  `json:"page"`
	Rev     int     `json:"rev"`
	Op      string  `json:"op"`
	Path    string  `json:"path"`
	Text    *string `json:"text"`
	Author  string  `json:"author"`
	Date    string  `json:"date"`
	Message string  `json:"message"`
	SHA256  *string `json:"sha256"`
	Revert  bool    `json:"revert"`
}

// header is what is kept of a line until its text is written.
type header struct {
	page   string
	rev    int
	at     time.Time
	line   int
	offset int64
	size   int
}

// history brings in the changes of a history in their order.
func (im *run) history(ctx context.Context, r io.ReadSeeker) error {
	headers, err := im.index(ctx, r)
	if err != nil {
		return err
	}
	arrange(headers)
	var chunk []change
	size := 0
	for i, h := range headers {
		if err := ctx.Err(); err != nil {
			return err
		}
		c, err := readChange(r, h)
		if err != nil {
			return err
		}
		c.who = im.cfg.Author(im.cfg.Site, c.author)
		chunk, size = append(chunk, c), size+len(c.text)
		if i+1 < len(headers) && len(chunk) < batch && size < batchBytes {
			continue
		}
		if err := im.write(ctx, chunk); err != nil {
			return err
		}
		chunk, size = chunk[:0], 0
		if im.cfg.Progress != nil {
			im.cfg.Progress(i+1, len(headers))
		}
	}
	return im.finish(ctx)
}

// index reads which changes a history has. Lines that are none, or not what
// they say, are left out.
func (im *run) index(ctx context.Context, r io.ReadSeeker) ([]header, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(r, 64<<10)
	var headers []header
	names := map[string]string{} // each page's name once in memory
	seen := map[string]map[int]bool{}
	var offset int64
	for line := 1; ; line++ {
		text, size, err := readLine(in)
		if err != nil && err != io.EOF || ctx.Err() != nil {
			return nil, cmp.Or(ctx.Err(), err)
		}
		if len(text) > 0 || text == nil {
			c, wrong := parse(text)
			if wrong == "" && seen[c.page][c.rev] {
				wrong = "revision that is there twice"
			}
			if wrong != "" {
				im.skip(wrong)
			} else {
				if _, ok := names[c.page]; !ok {
					name := strings.Clone(c.page)
					names[name], seen[name] = name, map[int]bool{}
				}
				seen[c.page][c.rev] = true
				headers = append(headers, header{page: names[c.page], rev: c.rev, at: c.at, line: line, offset: offset, size: len(text)})
			}
		}
		offset += size
		if err == io.EOF {
			return headers, nil
		}
	}
}

// arrange puts changes in the order in which they are brought in: of a page by
// rev, and otherwise by time, then by line. One that says it is older than the
// revision before it is as late as that.
func arrange(headers []header) {
	type place struct {
		at   time.Time
		line int
	}
	later := func(a, b place) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.line, b.line)) }
	slices.SortFunc(headers, func(a, b header) int {
		return cmp.Or(strings.Compare(a.page, b.page), cmp.Compare(a.rev, b.rev))
	})
	places := make([]place, len(headers))
	order := make([]int, len(headers))
	for i, h := range headers {
		places[i], order[i] = place{h.at, h.line}, i
		if i > 0 && headers[i-1].page == h.page && later(places[i-1], places[i]) > 0 {
			places[i] = places[i-1]
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return later(places[a], places[b]) })
	sorted := make([]header, len(headers))
	for i, n := range order {
		sorted[i] = headers[n]
	}
	copy(headers, sorted)
}

// readLine returns the next line without its end, good until the next call,
// and its size in the file. Of one longer than maxLine text is nil. err is
// io.EOF for a last line without an end, or for none.
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

// readChange reads a change where its header says it is.
func readChange(r io.ReadSeeker, h header) (change, error) {
	if _, err := r.Seek(h.offset, io.SeekStart); err != nil {
		return change{}, err
	}
	text := make([]byte, h.size)
	if _, err := io.ReadFull(r, text); err != nil {
		return change{}, fmt.Errorf("line %d: %w", h.line, err)
	}
	c, wrong := parse(text)
	if wrong != "" {
		return change{}, fmt.Errorf("line %d is not what it was: %s", h.line, wrong)
	}
	return c, nil
}

// parse reads a change from its line, or says what the line is instead.
func parse(line []byte) (c change, wrong string) {
	switch {
	case line == nil:
		return change{}, "line that is too long"
	case !utf8.Valid(line):
		return change{}, "line that is not UTF-8"
	}
	var r record
	if err := json.Unmarshal(bytes.TrimPrefix(line, []byte("\ufeff")), &r); err != nil {
		return change{}, "line that is malformed"
	}
	c = change{
		page: r.Page, rev: r.Rev, op: ops[r.Op], title: titleOf(r.Path), author: r.Author, why: r.Message, revert: r.Revert,
	}
	at, err := time.Parse(time.RFC3339, r.Date)
	c.at = at.UTC()
	if r.Text != nil {
		c.text, c.sum = *r.Text, sum(*r.Text)
	}
	switch {
	case c.op == 0:
		return change{}, "line without a known op"
	case c.page == "" || c.rev <= 0:
		return change{}, c.op.String() + " without a page or a rev"
	case err != nil || c.at.Unix() < 0 || c.at.Year() > 9999:
		return change{}, c.op.String() + " without a date"
	case (r.Text == nil) != (c.op == deletes):
		return change{}, c.op.String() + " without a text" // or a deletion with one
	case r.Text != nil && r.SHA256 != nil && !strings.EqualFold(*r.SHA256, hex.EncodeToString(c.sum[:])):
		return change{}, c.op.String() + " whose sha256 is of another text"
	}
	return c, ""
}

// titleOf returns the title of the page that is kept at a path.
func titleOf(at string) string {
	if ext := path.Ext(at); ext != path.Base(at) {
		return strings.TrimSuffix(at, ext)
	}
	return at // ".hidden"
}

func sum(text string) [32]byte { return sha256.Sum256([]byte(text)) }
