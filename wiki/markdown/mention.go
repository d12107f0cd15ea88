// SPDX-License-Identifier: BSD-3-Clause

package markdown

import (
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/storage"
)

// A mentionNode is a mention outside code.
type mentionNode struct {
	ast.BaseInline
	id    auth.UserID
	plain bool
}

var kindMention = ast.NewNodeKind("Mention")

func (*mentionNode) Kind() ast.NodeKind { return kindMention }

func (n *mentionNode) Dump(source []byte, level int) {
	ast.DumpHelper(n, source, level, map[string]string{"ID": n.id.String()}, nil)
}

func (e elements) mention(o *output, _ []byte, n ast.Node, entering bool) ast.WalkStatus {
	if entering {
		m := n.(*mentionNode)
		value := m.id.String()
		if m.plain || o.inLink > 0 {
			value += gapPlain
		}
		o.put(gapOpen, value, gapClose)
	}
	return ast.WalkContinue
}

// readMention returns the mention that line starts with.
func readMention(line []byte) (auth.UserID, bool) {
	const length = len("@[]") + 36
	if len(line) < length || line[1] != '[' {
		return auth.UserID{}, false
	}
	id, err := storage.ParseID[auth.User](string(line[2 : length-1]))
	return id, err == nil && auth.Mention(id) == string(line[:length])
}

// mentionParser reads mentions; one behind a backslash is the plain "@name"
// that its writer asked for.
type mentionParser struct{}

func (mentionParser) Trigger() []byte { return []byte(`@\`) }

func (mentionParser) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	workOf(pc).spend(100)
	line, _ := block.PeekLine()
	escaped := 0
	if line[0] == '\\' {
		escaped = 1
	}
	id, ok := readMention(line[escaped:])
	if !ok {
		return nil
	}
	block.Advance(escaped + len(auth.Mention(id)))
	return &mentionNode{id: id, plain: escaped == 1}
}
