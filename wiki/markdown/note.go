// SPDX-License-Identifier: BSD-3-Clause

package markdown

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Notes are read here and not by goldmark's extension, which compares every
// reference with every note and leads back from a note to each of its places:
// a note leads back to the first, and the others have no id.

// A noteNode is a note where it was written: "[^label]: words" at the start of a
// line of the text itself, and the lines indented below it.
type noteNode struct{ ast.BaseBlock }

// A markNode is the place in the text that leads to a note: "[^label]".
type markNode struct {
	ast.BaseInline
	note  *noteNode
	typed text.Segment
}

// A backNode leads from a note to its first mark.
type backNode struct {
	ast.BaseInline
	number int
}

var (
	kindNote = ast.NewNodeKind("Note")
	kindMark = ast.NewNodeKind("NoteMark")
	kindBack = ast.NewNodeKind("NoteBack")
)

func (*noteNode) Kind() ast.NodeKind { return kindNote }
func (*markNode) Kind() ast.NodeKind { return kindMark }
func (*backNode) Kind() ast.NodeKind { return kindBack }

func (n *noteNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }
func (n *markNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }
func (n *backNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// maxLabel bounds the label of a note, in bytes.
const maxLabel = 100

// readLabel returns the label of the note or of its mark that line starts with,
// in the form in which labels are compared, and its end; or "".
func readLabel(line []byte) (label string, end int) {
	if !bytes.HasPrefix(line, []byte("[^")) {
		return "", 0
	}
	rest := line[len("[^"):min(len(line), len("[^")+maxLabel+1)]
	n := bytes.IndexAny(rest, "[]\\` \t\n")
	if n <= 0 || rest[n] != ']' {
		return "", 0
	}
	return strings.ToLower(string(rest[:n])), len("[^") + n + 1
}

// noteParser reads notes.
type noteParser struct{}

func (noteParser) Trigger() []byte { return []byte{'['} }

func (noteParser) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	if parent.Kind() != ast.KindDocument {
		return nil, parser.NoChildren
	}
	line, _ := reader.PeekLine()
	line = line[pc.BlockOffset():]
	label, end := readLabel(line)
	if label == "" || !bytes.HasPrefix(line[end:], []byte{':'}) {
		return nil, parser.NoChildren
	}
	n := &noteNode{}
	w := workOf(pc)
	if w.notes == nil {
		w.notes = map[string]*noteNode{}
	}
	if w.notes[label] == nil { // the first of a label counts
		w.notes[label] = n
	}
	reader.Advance(pc.BlockOffset() + end + 1)
	return n, parser.HasChildren
}

func (noteParser) Continue(_ ast.Node, reader text.Reader, _ parser.Context) parser.State {
	line, _ := reader.PeekLine()
	if util.IsBlank(line) {
		return parser.Continue | parser.HasChildren
	}
	at, padding := util.IndentPosition(line, reader.LineOffset(), 4)
	if at < 0 {
		return parser.Close
	}
	reader.AdvanceAndSetPadding(at, padding)
	return parser.Continue | parser.HasChildren
}

func (noteParser) Close(ast.Node, text.Reader, parser.Context) {}

func (noteParser) CanInterruptParagraph() bool { return true }

func (noteParser) CanAcceptIndentedLine() bool { return false }

// markParser reads the marks of those notes that exist.
type markParser struct{}

func (markParser) Trigger() []byte { return []byte{'['} }

func (markParser) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	w := workOf(pc)
	w.spend(200)
	line, at := block.PeekLine()
	label, end := readLabel(line)
	note := w.notes[label]
	if note == nil {
		return nil
	}
	block.Advance(end)
	return &markNode{note: note, typed: at.WithStop(at.Start + end)}
}

// In the HTML, ids of notes hold "--", as no id of a heading does.
const (
	noteMark = "sup"
	noteBack = `a class="back"`
	noteID   = "note--"
	markID   = "mark--"
	noteList = `<ol class="notes">`
)

func (e elements) mark(o *output, source []byte, n ast.Node, entering bool) ast.WalkStatus {
	if !entering {
		return ast.WalkContinue
	}
	o.work.spend(5000)
	m := n.(*markNode)
	if o.inLink > 0 { // HTML knows no link in a link
		o.text(string(m.typed.Value(source)))
		return ast.WalkContinue
	}
	number, again := o.numbers[m.note]
	if !again {
		o.notes = append(o.notes, m.note)
		number = len(o.notes)
		o.numbers[m.note] = number
	}
	digits := strconv.Itoa(number)
	o.put("<", noteMark, "><a")
	o.attr("href", "#"+e.cfg.IDs+noteID+digits)
	if !again {
		o.attr("id", e.cfg.IDs+markID+digits)
	}
	o.put(">[", digits, "]</a></", noteMark, ">")
	return ast.WalkContinue
}

func (e elements) back(o *output, _ []byte, n ast.Node, entering bool) ast.WalkStatus {
	if entering {
		o.put(" <", noteBack)
		o.attr("href", "#"+e.cfg.IDs+markID+strconv.Itoa(n.(*backNode).number))
		o.put(">")
		o.text(e.cfg.Back)
		o.put("</a>")
	}
	return ast.WalkContinue
}

// note writes a note only at the end, and nothing where it was written.
func (e elements) note(o *output, _ []byte, n ast.Node, entering bool) ast.WalkStatus {
	switch {
	case !o.atEnd:
		return ast.WalkSkipChildren
	case entering:
		o.put("<li")
		o.attr("id", e.cfg.IDs+noteID+strconv.Itoa(o.numbers[n.(*noteNode)]))
		o.put(">\n")
	default:
		o.put("</li>\n")
	}
	return ast.WalkContinue
}

// writeNotes writes the notes that have a mark, in the order of the marks. A
// note may hold the first mark of another.
func (r *Renderer) writeNotes(o *output, source []byte) error {
	for i := 0; i < len(o.notes); i++ {
		if i == 0 {
			o.atEnd = true
			o.put(noteList, "\n")
		}
		n := o.notes[i]
		last := n.LastChild()
		if last == nil || !ast.IsParagraph(last) {
			last = ast.NewParagraph()
			n.AppendChild(n, last)
		}
		o.work.spend(5000)
		last.AppendChild(last, &backNode{number: i + 1})
		if err := r.writer.Render(o, source, n); err != nil {
			return err
		}
	}
	if o.atEnd {
		o.put("</ol>\n")
	}
	return nil
}
