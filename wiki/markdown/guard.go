// SPDX-License-Identifier: BSD-3-Clause

package markdown

import (
	"bytes"
	"slices"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// The guard stands between the text and goldmark, whose time grows with the
// square of the text in many places. Every parser of goldmark that this
// package uses is called through one of the types below, which first spends
// from an allowance what the call may cost at worst, in steps of about a
// nanosecond. When nothing is left the text is refused. Where that would
// refuse an honest text, the guard answers instead of goldmark.
//
// The parsers of raw HTML are left out altogether: "<" is a character.

// maxWork is the allowance of one text. An ordinary text of 64 KiB spends a
// quarter of it, one of 4 KiB a hundredth.
const maxWork = 40_000_000

// maxOpen is how many blocks may be open within each other while a text is
// read: so many quotes, or half as many lists (a list and its item are two).
const maxOpen = 64

// A refusal is the panic by which the guard stops goldmark: a code.
type refusal string

// work is what the guard knows of the text being read. It travels in goldmark's
// context.
type work struct {
	left  int                  // steps of the allowance
	cells int                  // of all tables
	notes map[string]*noteNode // by label

	// What follows is of one block of text, and starts anew with the next.
	block    ast.Node
	delims   int         // runs of *, _ and ~
	openers  []int       // where the brackets that are open stand
	backtick map[int]int // where the last run of so many backticks starts
}

var workKey = parser.NewContextKey()

func workOf(pc parser.Context) *work { return pc.Get(workKey).(*work) }

func (w *work) spend(steps int) {
	if w.left -= steps; w.left < 0 {
		panic(refusal(CodeTooComplex))
	}
}

// in starts anew if block is another than before.
func (w *work) in(block ast.Node) {
	if w.block != block {
		w.block, w.delims, w.openers, w.backtick = block, 0, w.openers[:0], nil
	}
}

func newParser(cfg Config) parser.Parser {
	var blocks, inlines []util.PrioritizedValue
	for _, v := range parser.DefaultBlockParsers() {
		if p := v.Value.(parser.BlockParser); !slices.Contains(p.Trigger(), '<') {
			blocks = append(blocks, util.Prioritized(guardedBlock{p}, v.Priority))
		}
	}
	if cfg.IDs != "" {
		blocks = append(blocks, util.Prioritized(guardedBlock{noteParser{}}, 999))
	}
	inline := func(p parser.InlineParser, priority int) {
		inlines = append(inlines, util.Prioritized(p, priority))
	}
	inline(guardedInline{extension.NewTaskCheckBoxParser()}, 0)
	inline(mentionParser{}, 50)
	inline(guardedCode{parser.NewCodeSpanParser()}, 100)
	if cfg.Wikilinks {
		inline(wikilinkParser{}, 150)
	}
	if cfg.IDs != "" {
		inline(markParser{}, 150)
	}
	inline(guardedLink{parser.NewLinkParser(), cfg.Wikilinks}, 200)
	inline(angleParser{}, 300)
	inline(guardedDelims{parser.NewEmphasisParser()}, 500)
	inline(guardedDelims{extension.NewStrikethroughParser()}, 500)
	inline(bareParser{}, 999)

	return parser.NewParser(
		parser.WithBlockParsers(blocks...),
		parser.WithInlineParsers(inlines...),
		parser.WithParagraphTransformers(
			util.Prioritized(guardedReferences{parser.LinkReferenceParagraphTransformer}, 100),
			util.Prioritized(guardedTable{extension.NewTableParagraphTransformer()}, 200)))
}

// guardedBlock bounds how deep blocks stand within each other, and what it
// costs to look at every open one for every line.
type guardedBlock struct{ parser.BlockParser }

func (g guardedBlock) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	workOf(pc).spend(100)
	if len(pc.OpenedBlocks()) > maxOpen {
		panic(refusal(CodeTooDeep))
	}
	return g.BlockParser.Open(parent, reader, pc)
}

func (g guardedBlock) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	workOf(pc).spend(250) // goldmark keeps a record of each look, too
	return g.BlockParser.Continue(node, reader, pc)
}

// guardedInline bounds how often a parser is called.
type guardedInline struct{ parser.InlineParser }

func (g guardedInline) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	workOf(pc).spend(100)
	return g.InlineParser.Parse(parent, block, pc)
}

// guardedDelims bounds the pairs of delimiters that may be compared in a block.
type guardedDelims struct{ parser.InlineParser }

func (g guardedDelims) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, _ := block.PeekLine()
	// goldmark scans the rest of a run of tildes at each of them.
	if line[0] == '~' && block.PrecendingCharacter() == '~' {
		return nil
	}
	node := g.InlineParser.Parse(parent, block, pc)
	if node != nil {
		w := workOf(pc)
		w.in(parent)
		w.delims++
		w.spend(100 + 4*w.delims)
	}
	return node
}

// guardedLink bounds what goldmark reads again at each closing bracket: the
// label, in search of a link within it or of its definition, and the address.
type guardedLink struct {
	parser.InlineParser
	wikilinks bool
}

func (g guardedLink) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	w := workOf(pc)
	w.in(parent)
	line, at := block.PeekLine()
	if line[0] == '!' && g.exclaims(parent, line[1:], w) {
		return nil
	}
	switch last := len(w.openers) - 1; {
	case line[0] == '[' || bytes.HasPrefix(line, []byte("![")):
		w.openers = append(w.openers, at.Start)
		w.spend(600)
	case line[0] == ']' && last >= 0:
		label := at.Start - w.openers[last]
		w.openers = w.openers[:last]
		w.spend(300 + 15*label + 4*parent.Lines().Len() + 8*addressLen(line[1:]))
	}
	return g.InlineParser.Parse(parent, block, pc)
}

// exclaims reports whether an exclamation mark stands before a wikilink or the
// mark of a note, so that it opens no image.
func (g guardedLink) exclaims(parent ast.Node, rest []byte, w *work) bool {
	if label, _ := readLabel(rest); w.notes[label] != nil {
		return true
	}
	if !g.wikilinks || !bytes.HasPrefix(rest, []byte("[[")) {
		return false
	}
	l, end := readWikilink(rest, parent.Kind() == extast.KindTableCell)
	w.spend(2 * end)
	return l.Title != "" || l.Section != ""
}

// CloseBlock implements [parser.CloseBlocker].
func (g guardedLink) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	g.InlineParser.(parser.CloseBlocker).CloseBlock(parent, block, pc)
}

// addressLen returns how far goldmark reads when it looks for the address of a
// link behind its label.
func addressLen(rest []byte) int {
	if len(rest) == 0 || rest[0] != '(' {
		return 0
	}
	rest = bytes.TrimLeft(rest[1:], " \t")
	angle := len(rest) > 0 && rest[0] == '<'
	open := 0
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '\\' && i+1 < len(rest) && util.IsPunct(rest[i+1]):
			i++
		case angle:
			if c == '>' {
				return i
			}
		case c == '(':
			open++
		case c == ')':
			if open--; open < 0 {
				return i
			}
		case util.IsSpace(c):
			return i
		}
	}
	return len(rest)
}

// guardedCode answers for backticks that nothing closes: goldmark would read
// the rest of the block for each of them.
type guardedCode struct{ parser.InlineParser }

func (g guardedCode) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	w := workOf(pc)
	w.in(parent)
	w.spend(300)
	if w.backtick == nil {
		w.backtick = lastRuns(parent.Lines(), block.Source())
	}
	line, at := block.PeekLine()
	run := len(line) - len(bytes.TrimLeft(line, "`"))
	if w.backtick[run] > at.Start {
		return g.InlineParser.Parse(parent, block, pc)
	}
	block.Advance(run)
	return ast.NewTextSegment(at.WithStop(at.Start + run))
}

// lastRuns returns where the last run of each number of backticks starts.
func lastRuns(lines *text.Segments, source []byte) map[int]int {
	last := map[int]int{}
	for i := range lines.Len() {
		line := lines.At(i)
		for at := line.Start; at < line.Stop; {
			next := bytes.IndexByte(source[at:line.Stop], '`')
			if next < 0 {
				break
			}
			start := at + next
			for at = start; at < line.Stop && source[at] == '`'; {
				at++
			}
			last[at-start] = start
		}
	}
	return last
}

// guardedReferences bounds how often goldmark moves the lines of a paragraph:
// all of them for each definition of a reference.
type guardedReferences struct{ parser.ParagraphTransformer }

func (g guardedReferences) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	lines, definitions := node.Lines(), 0
	for i := range lines.Len() {
		definitions += bytes.Count(reader.Value(lines.At(i)), []byte("]:"))
	}
	workOf(pc).spend(definitions * (300 + 2*lines.Len()))
	g.ParagraphTransformer.Transform(node, reader, pc)
}

// guardedTable bounds the cells of tables. A row has as many as the row of
// dashes, written or not, so a text of n bytes may unfold to n²/16 cells.
type guardedTable struct{ parser.ParagraphTransformer }

func (g guardedTable) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	w, lines := workOf(pc), node.Lines()
	cells := 0
	for i := 1; i < lines.Len(); i++ {
		line := reader.Value(lines.At(i))
		if len(bytes.Trim(line, "-|: \t\n")) == 0 {
			columns := bytes.Count(line, []byte("|")) + 1
			cells = max(cells, columns*(lines.Len()-i+1))
		}
	}
	if w.cells += cells; w.cells > MaxCells {
		panic(refusal(CodeTooMany))
	}
	g.ParagraphTransformer.Transform(node, reader, pc)
}
