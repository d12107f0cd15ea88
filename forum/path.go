// SPDX-License-Identifier: BSD-3-Clause

package forum

import (
	"encoding/binary"

	"github.com/copis-it/copis/storage"
)

// Path says where a reply stands in its topic's thread: the Seq of each of its
// ancestors and of itself, four bytes each, big-endian. Paths in order of
// their bytes are the thread in order: parents before children, siblings by
// arrival.
type Path string

// MaxLevels bounds a path. A reply below that keeps its Parent and its Depth
// as written and stands, in order of arrival, at the last level.
const MaxLevels = 64

// Below returns the path of the reply numbered seq that answers the one at p.
func (p Path) Below(seq int) Path {
	if p.Levels() >= MaxLevels {
		p = p[:4*(MaxLevels-1)]
	}
	return Path(binary.BigEndian.AppendUint32([]byte(p), uint32(seq)))
}

// Levels returns how deep the path goes: 1 for an answer to the first post.
func (p Path) Levels() int { return len(p) / 4 }

// Under reports whether the path is top or below it.
func (p Path) Under(top Path) bool { return len(p) >= len(top) && p[:len(top)] == top }

// End returns the least path that is after p and all that is below it; ok is
// false when there is none, as for the empty path.
func (p Path) End() (end Path, ok bool) {
	b := []byte(p)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i]++; b[i] != 0 {
			return Path(b[:i+1]), true
		}
	}
	return "", false
}

// ThreadCursor is the place in a topic's thread after a path. It is the form
// of every cursor of [Store.Thread] in thread order.
func ThreadCursor(topic TopicID, after Path) storage.Cursor {
	return storage.EncodeCursor(threadList(topic), threadKey{[]byte(after)})
}

// ReadThreadCursor returns the path that a cursor stands after, the empty one
// for the start.
func ReadThreadCursor(topic TopicID, c storage.Cursor) (Path, error) {
	if c == "" {
		return "", nil
	}
	var k threadKey
	if err := storage.DecodeCursor(threadList(topic), c, &k); err != nil {
		return "", err
	}
	return Path(k.P), nil
}

type threadKey struct{ P []byte }

func threadList(topic TopicID) string { return "forum.thread/" + topic.String() }

// before returns a path that is after all that stands before p and before p.
func (p Path) before() Path {
	seq := binary.BigEndian.Uint32([]byte(p[len(p)-4:]))
	return p[:len(p)-4] + Path(binary.BigEndian.AppendUint32(nil, seq-1)) + "\xff\xff\xff\xff"
}
