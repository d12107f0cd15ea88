// SPDX-License-Identifier: BSD-3-Clause

package membership

// maxSort is how much of a folded name orders lists, in runes: a cursor has
// room for it, whatever the name.
const maxSort = 100

// SortKey returns what lists of organisations are ordered by: the beginning of
// a folded name.
func SortKey(folded string) string {
	n := 0
	for i := range folded {
		if n == maxSort {
			return folded[:i]
		}
		n++
	}
	return folded
}
