// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"fmt"
	"strings"
)

// columns are those of a table, in the order in which they are written and
// read.
type columns []string

// of returns them for a SELECT or an INSERT, with a prefix such as "t.".
func (c columns) of(prefix string) string { return prefix + strings.Join(c, ", "+prefix) }

// set returns them for an UPDATE, from the parameter numbered from.
func (c columns) set(from int) string {
	parts := make([]string, len(c))
	for i, name := range c {
		parts[i] = fmt.Sprintf("%s = $%d", name, from+i)
	}
	return strings.Join(parts, ", ")
}

// numbered returns "$from, …, $to".
func numbered(from, to int) string {
	parts := make([]string, 0, to-from+1)
	for i := from; i <= to; i++ {
		parts = append(parts, fmt.Sprintf("$%d", i))
	}
	return strings.Join(parts, ", ")
}
