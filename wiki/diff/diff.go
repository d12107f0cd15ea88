// SPDX-License-Identifier: BSD-3-Clause

// Package diff tells what became of a text: which lines and words were
// deleted and inserted, what three people's versions of it make together, and
// how little has to be kept to have a version back.
//
// The line diff is its own, because sergi/go-diff turns lines into runes,
// copies the text several times and knows no bound but the clock: the same two
// texts then differ in other ways on a slower machine, or take minutes. Here
// lines become numbers, equal ends are cut off, and Myers' linear-space search
// runs with the same order of preference as git's, so that [Merge] decides as
// `git merge-file` does; its work is counted, not timed.
//
// Promises:
//   - Exact: the old text with the edits applied is the new text, byte for
//     byte: line endings, a missing final newline and invalid UTF-8 included.
//   - Deterministic: the same texts give the same answer, on any machine.
//   - Bounded: a diff of n lines (or words) takes at most some hundreds of n
//     steps and memory in proportion to n. A search that would take more is
//     broken off, and what it did not look at is deleted and inserted whole:
//     longer to read, and still exact.
//   - Nothing here panics, whatever the texts.
//
// This file has the words. The line diff is in lines.go, its refinement to
// words in words.go, the views in unified.go and html.go, the merge in
// merge.go, the storage form in delta.go.
package diff

import (
	"errors"
	"io"
)

// A Diff is what became of a text: its edits, ascending, with at least one
// line that stayed between any two. No edits: the texts are the same.
type Diff struct {
	Old, New string
	Edits    []Edit
}

// An Edit replaces some lines of the old text with some of the new. One of the
// two may be empty, not both.
type Edit struct {
	Old, New Span
}

// A Span is a run of whole lines: Lines of them from Line on, which are the
// bytes From to To of the text. Lines are counted from 0. The last line of a
// text may lack its newline.
type Span struct {
	Line, Lines int
	From, To    int
}

// Lines compares two texts line by line.
func Lines(old, new string) Diff { return lines(old, new) }

// Unified returns the diff as text that the command patch applies: with
// context equal lines around each edit, under the names of the two texts, and
// empty if the texts are the same. A name with control characters, quotes or
// backslashes is quoted as git does.
func (d Diff) Unified(oldName, newName string, context int) string {
	return d.unified(oldName, newName, context)
}

// Hunks returns the diff as data to be shown: with context equal lines around
// each edit, and with the words inside changed lines told apart, as far as 256
// KiB of changed lines go. A negative context shows the whole text as one hunk,
// also if the texts are the same.
func (d Diff) Hunks(context int) []Hunk { return d.hunks(context) }

// A Kind says what became of a line or of some words.
type Kind string

// What may become of them. Words are never Changed: they are deleted on the
// left and inserted on the right.
const (
	Equal    Kind = "equal"
	Changed  Kind = "changed"
	Deleted  Kind = "deleted"
	Inserted Kind = "inserted"
)

// A Hunk is some edits that are near each other, with the lines around them.
// Line numbers count from 1; a side without lines has the number of the line
// it stands after.
type Hunk struct {
	OldLine  int   `json:"oldLine"`
	OldLines int   `json:"oldLines"`
	NewLine  int   `json:"newLine"`
	NewLines int   `json:"newLines"`
	Space    bool  `json:"space,omitempty"` // its edits change nothing but whitespace
	Rows     []Row `json:"rows"`
}

// A Row is one line of the old text beside the line it became: both if it is
// Equal or Changed, the old alone if Deleted, the new alone if Inserted.
type Row struct {
	Kind  Kind      `json:"kind"`
	Space bool      `json:"space,omitempty"` // it changes nothing but whitespace
	Old   int       `json:"old,omitempty"`   // line number from 1; 0: none
	New   int       `json:"new,omitempty"`   // likewise
	Left  []Segment `json:"left,omitempty"`  // the old line: Equal and Deleted
	Right []Segment `json:"right,omitempty"` // the new line: Equal and Inserted
}

// A Segment is a part of a line. The segments of a line, one after the other,
// are the line with its ending. (JSON has no invalid UTF-8: it is written as
// U+FFFD there.)
type Segment struct {
	Kind Kind   `json:"kind"`
	Text string `json:"text"`
}

// Labels are the words around a diff in HTML, in the reader's language. They
// are text and are escaped; an empty one is left out.
type Labels struct {
	Caption   string // of the table
	Old, New  string // headings of the two texts
	OldLine   string // heading of the old line numbers
	NewLine   string // heading of the new line numbers
	Space     string // said of a hunk that changes nothing but whitespace
	NoNewline string // said of a last line without its newline
	Same      string // said instead of a table if there is no hunk
}

// WriteSideBySide writes hunks as an HTML table with the old text on the left
// and the new one on the right. Whatever comes from the texts or the labels is
// escaped; control characters and invalid UTF-8 are shown by visible signs.
// The error is the writer's.
func WriteSideBySide(w io.Writer, hunks []Hunk, l Labels) error { return sideBySide(w, hunks, l) }

// WriteInline writes hunks as an HTML table with one column of text, what was
// deleted above what was inserted. Otherwise it is as [WriteSideBySide].
func WriteInline(w io.Writer, hunks []Hunk, l Labels) error { return inline(w, hunks, l) }

// Merge makes one text of two that were made from base at the same time.
//
// Where the three merge line by line, the result is that of `git merge-file`,
// byte for byte; where they do not, git would call it a conflict too, but for
// phantoms, which are none here: texts that differ in line endings (CRLF, LF)
// or in the composition of their characters (NFC, NFD) are, if git sees a
// conflict, compared again with LF and in NFC, and the chunks are then in that
// form; and a side that touched nothing but the final newline does not stand in
// the way of one that edited the last line or wrote behind it. Edits of
// neighbouring lines are a conflict, as with git.
//
// No line that ours or theirs inserted is ever lost: it stands in a text or on
// its side of a conflict.
func Merge(base, ours, theirs string) Merged { return merge(base, ours, theirs) }

// Merged is what [Merge] made: the whole text in pieces, in order.
type Merged struct {
	Chunks []Chunk `json:"chunks"`
}

// A Chunk is a piece of text that is agreed upon, or a conflict.
type Chunk struct {
	Text     string    `json:"text,omitempty"`
	Conflict *Conflict `json:"conflict,omitempty"`
}

// A Conflict is a place that both sides changed, each in its own way. An empty
// side deleted what was there. Lines that both sides begin or end with are not
// in it.
type Conflict struct {
	Base   string `json:"base"`
	Ours   string `json:"ours"`
	Theirs string `json:"theirs"`
}

// Conflicts counts the conflicts. 0: the merge is clean.
func (m Merged) Conflicts() int {
	n := 0
	for _, c := range m.Chunks {
		if c.Conflict != nil {
			n++
		}
	}
	return n
}

// Text returns the merged text, with answer's text for each conflict; n counts
// them from 0. A clean merge asks nothing: answer may then be nil. A nil answer
// leaves conflicts out.
func (m Merged) Text(answer func(n int, c Conflict) string) string { return m.text(answer) }

// Encode returns text in as few bytes as it takes beside base, for [Decode].
// With an empty base it is a keyframe: the text alone, compressed.
func Encode(base, text string) []byte { return encode(base, text) }

// Decode returns the text that [Encode] made delta of, given the same base.
// [ErrDelta] if delta is damaged, is none, or belongs to another base. Whatever
// delta is, Decode takes memory in proportion to the base and to 1,032 times
// delta at most (as far as flate expands).
func Decode(base string, delta []byte) (string, error) { return decode(base, delta) }

// ErrDelta is returned by [Decode] for what is no delta of its base.
var ErrDelta = errors.New("diff: damaged delta or wrong base")
