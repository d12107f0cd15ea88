// SPDX-License-Identifier: BSD-3-Clause

package auth

// EraseMode says what becomes of what a person wrote when they are erased.
type EraseMode uint8

// The modes, each taking away more than those before it.
const (
	Anonymise EraseMode = iota // bylines are emptied, so that posts are not linkable to one another
	Redact                     // and their words go, revisions too; a title stays while others' words stand below it
)

// Valid reports whether m is one of the modes.
func (m EraseMode) Valid() bool { return m <= Redact }
