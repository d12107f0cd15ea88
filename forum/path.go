// SPDX-License-Identifier: BSD-3-Clause

package forum

import "encoding/binary"

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
