// SPDX-License-Identifier: BSD-3-Clause

package stackexchange

import (
	"compress/gzip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// maxRow bounds one row of a file, in bytes. The longest post of a site has
// 30,000 characters.
const maxRow = 4 << 20

// errCut matches the errors of files that do not go on to their end.
var errCut = errors.New("file is not whole")

// files are those of a dump, and how much of them has been read.
type files struct {
	dump       fs.FS
	read, size int64
	broken     []error
	open       []io.Closer
}

func (d *files) close() {
	for _, c := range d.open {
		_ = c.Close() // nothing was written
	}
}

// table opens a file of the dump, compressed or not. One that is optional and
// is not there has no rows.
func (d *files) table(name string, optional bool) (*table, error) {
	var f fs.File
	var err error
	for _, n := range []string{name, name + ".gz"} {
		if f, err = d.dump.Open(n); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if errors.Is(err, fs.ErrNotExist) && optional {
		return &table{}, nil
	}
	if err != nil {
		return nil, err
	}
	d.open = append(d.open, f)
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	d.size += info.Size()
	var r io.Reader = &counted{f, &d.read}
	if strings.HasSuffix(info.Name(), ".gz") {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", info.Name(), err)
		}
		r = z
	}
	t := &table{name: info.Name(), in: &bounded{r: r}, of: d}
	t.xml = xml.NewDecoder(t.in)
	return t, nil
}

// counted adds up what is read of a file.
type counted struct {
	r io.Reader
	n *int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	*c.n += int64(n)
	return n, err
}

// bounded is a reader that gives no more than maxRow bytes between two rows.
type bounded struct {
	r io.Reader
	n int
}

var errRow = errors.New("a row is too long")

func (b *bounded) Read(p []byte) (int, error) {
	if b.n > maxRow {
		return 0, errRow
	}
	n, err := b.r.Read(p)
	b.n += n
	return n, err
}

// table is a file of a dump.
type table struct {
	name string
	in   *bounded
	xml  *xml.Decoder
	of   *files
}

// row is a line of a table: its columns by name.
type row map[string]string

// next returns the next row, or nil at the end of the file, or of what of it
// can be read.
func (t *table) next() row {
	if t.xml == nil {
		return nil
	}
	for {
		token, err := t.xml.Token()
		t.in.n = 0
		switch {
		case err == io.EOF:
			t.xml = nil
			return nil
		case err != nil:
			line, _ := t.xml.InputPos()
			t.of.broken = append(t.of.broken, fmt.Errorf("%s, line %d: %w: %w", t.name, line, errCut, err))
			t.xml = nil
			return nil
		}
		e, ok := token.(xml.StartElement)
		if !ok || e.Name.Local != "row" {
			continue
		}
		r := make(row, len(e.Attr))
		for _, a := range e.Attr {
			r[a.Name.Local] = a.Value
		}
		return r
	}
}

// number returns a column of digits; 0 if there is none, or no number in it.
func (r row) number(column string) int64 {
	n, err := strconv.ParseInt(r[column], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// time returns a column that is a time of UTC, the zero one if it is none.
func (r row) time(column string) time.Time {
	t, err := time.Parse("2006-01-02T15:04:05.999", r[column])
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// tagsOf splits "<a><b>", and "|a|b|" as newer dumps have it.
func tagsOf(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == '<' || r == '>' || r == '|' })
}

// post is what Posts.xml says of one.
type post struct {
	parent    int64 // of an answer; 0 for a question
	owner     int64
	ownerName string
	created   time.Time
	title     string
	tags      string
	accepted  int64

	// The dump's own counts.
	score, answers, comments int64
}

// Types of posts.
const (
	question = 1
	answer   = 2
)

// readPosts reads what the posts are. Those that are neither questions nor
// answers are left out.
func (im *run) readPosts(ctx context.Context, d *files) error {
	t, err := d.table("Posts.xml", false)
	if err != nil {
		return err
	}
	for r := t.next(); r != nil && ctx.Err() == nil; r = t.next() {
		id, kind := r.number("Id"), r.number("PostTypeId")
		switch {
		case id <= 0:
			im.skip("post without a number")
			continue
		case kind != question && kind != answer:
			im.skip("post that is no question or answer")
			continue
		case kind == answer && r.number("ParentId") <= 0:
			im.skip("answer without a question")
			continue
		case im.posts[id] != nil:
			im.skip("post that is there twice")
			continue
		}
		p := &post{
			owner: r.number("OwnerUserId"), ownerName: r["OwnerDisplayName"], created: r.time("CreationDate"),
			title: r["Title"], tags: r["Tags"], accepted: r.number("AcceptedAnswerId"),
			score: r.number("Score"), answers: r.number("AnswerCount"), comments: r.number("CommentCount"),
		}
		if kind == answer {
			p.parent = r.number("ParentId")
		}
		im.posts[id] = p
		im.order = append(im.order, id)
	}
	return ctx.Err()
}

// readTags reads how many questions the dump says have each tag.
func (im *run) readTags(ctx context.Context, d *files) error {
	t, err := d.table("Tags.xml", true)
	if err != nil {
		return err
	}
	im.tags = map[string]int{}
	for r := t.next(); r != nil && ctx.Err() == nil; r = t.next() {
		if n := int(r.number("Count")); n > 0 {
			im.tags[r["TagName"]] = n
		}
	}
	return ctx.Err()
}

func (im *run) skip(reason string) { im.report.Skipped[reason]++ }
