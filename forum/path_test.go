// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

func TestPath(t *testing.T) {
	t.Parallel()
	var root forum.Path
	one := root.Below(1)
	require.Equal(t, forum.Path("\x00\x00\x00\x01"), one)
	require.Equal(t, forum.Path("\x00\x00\x00\x01\x00\x00\x01\x02"), one.Below(258))
	require.Equal(t, []int{0, 1, 2}, []int{root.Levels(), one.Levels(), one.Below(2).Levels()})
	require.True(t, one.Under(root))
	require.True(t, one.Under(one))
	require.False(t, one.Under(one.Below(2)))
	require.False(t, root.Below(2).Under(one))

	deep := root
	for seq := 1; seq <= forum.MaxLevels; seq++ {
		deep = deep.Below(seq)
	}
	below := deep.Below(1000)
	require.Equal(t, forum.MaxLevels, below.Levels())
	require.Equal(t, deep[:len(deep)-4], below[:len(deep)-4], "beyond the last level they stand beside each other")
	require.Less(t, deep, below, "in the order of arrival")

	for path, want := range map[forum.Path]forum.Path{one: root.Below(2), root.Below(math.MaxUint8): root.Below(256)[:3], one.Below(math.MaxUint32): root.Below(2)} {
		end, ok := path.End()
		require.True(t, ok)
		require.Equal(t, want, end)
	}
	for _, path := range []forum.Path{"", "\xff\xff\xff\xff"} {
		_, ok := path.End()
		require.False(t, ok)
	}
}

// In the order of their bytes, paths are a thread walked from the top: parents
// before children, siblings by arrival; End closes a subtree.
func TestPathsAreAThread(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type node struct {
			path     forum.Path
			children []*node
		}
		root := &node{}
		nodes := []*node{root}
		for seq := range rapid.IntRange(1, 60).Draw(t, "replies") {
			parent := nodes[rapid.IntRange(0, len(nodes)-1).Draw(t, "parent")]
			n := &node{path: parent.path.Below(seq + 1)}
			parent.children = append(parent.children, n)
			nodes = append(nodes, n)
		}
		var walked []forum.Path
		var walk func(n *node)
		walk = func(n *node) {
			from := len(walked)
			for _, c := range n.children {
				walked = append(walked, c.path)
				walk(c)
			}
			end, ok := n.path.End()
			for _, p := range walked {
				inside := slices.Contains(walked[from:], p)
				if p.Under(n.path) != (inside || p == n.path) && n != root {
					t.Fatalf("%q under %q", p, n.path)
				}
				if ok && inside && p >= end {
					t.Fatalf("%q is after the end of %q", p, n.path)
				}
			}
			if n != root && (!ok || end <= n.path) {
				t.Fatalf("%q ends at %q", n.path, end)
			}
		}
		walk(root)
		if !slices.IsSorted(walked) {
			t.Fatalf("not sorted: %q", walked)
		}
	})
}

func TestThreadCursor(t *testing.T) {
	t.Parallel()
	topic, other := storage.NewID[forum.Topic](), storage.NewID[forum.Topic]()
	for _, path := range []forum.Path{"", forum.Path("").Below(7), forum.Path(strings.Repeat("\xff", 4*forum.MaxLevels))} {
		c := forum.ThreadCursor(topic, path)
		read, err := forum.ReadThreadCursor(topic, c)
		require.NoError(t, err)
		require.Equal(t, path, read)
		_, err = forum.ReadThreadCursor(other, c)
		require.ErrorIs(t, err, storage.ErrInvalid)
	}
	read, err := forum.ReadThreadCursor(topic, "")
	require.NoError(t, err)
	require.Empty(t, read)
}
