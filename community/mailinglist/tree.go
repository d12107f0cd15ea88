// SPDX-License-Identifier: BSD-3-Clause

package mailinglist

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// tree is how the messages of a dump hang together.
type tree struct {
	headers []header
	byKey   map[uuid.UUID]int
	parent  []int // index of the nearest ancestor in the dump, -1 if there is none
	order   []int // by date, parents always before their children
}

// link makes the tree of some messages. Where messages answer each other in a
// circle, the oldest of them answers none of the others.
func link(headers []header) tree {
	t := tree{headers: headers, byKey: make(map[uuid.UUID]int, len(headers)), parent: make([]int, len(headers))}
	byDate := make([]int, len(headers))
	top := make([]int, len(headers)) // towards the root of each, shortened on the way
	for i, h := range headers {
		t.byKey[h.key] = i
		byDate[i], top[i], t.parent[i] = i, i, -1
	}
	root := func(i int) int {
		for top[i] != i {
			top[i] = top[top[i]]
			i = top[i]
		}
		return i
	}
	slices.SortFunc(byDate, func(a, b int) int {
		return cmp.Or(headers[a].date.Compare(headers[b].date), a-b)
	})
	// The youngest choose first: what would close a circle is then the
	// oldest's choice, which goes on to its next reference.
	for _, i := range slices.Backward(byDate) {
		for _, key := range headers[i].refs {
			if j, here := t.byKey[key]; here && root(j) != i { // i has no parent yet
				t.parent[i], top[i] = j, j
				break
			}
		}
	}
	t.order = inOrder(t, byDate)
	return t
}

// inOrder returns the messages by date, where one dated before its parent
// counts as written right after it.
func inOrder(t tree, byDate []int) []int {
	since := make([]time.Time, len(t.headers)) // zero: not known yet
	depth := make([]int, len(t.headers))
	var up []int
	for _, i := range byDate {
		up = up[:0]
		for j := i; j >= 0 && since[j].IsZero(); j = t.parent[j] {
			up = append(up, j)
		}
		for _, j := range slices.Backward(up) {
			since[j] = t.headers[j].date
			if p := t.parent[j]; p >= 0 {
				depth[j] = depth[p] + 1
				if since[p].After(since[j]) {
					since[j] = since[p]
				}
			}
		}
	}
	order := slices.Clone(byDate)
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(since[a].Compare(since[b]), depth[a]-depth[b], a-b)
	})
	return order
}
