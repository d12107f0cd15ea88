// SPDX-License-Identifier: BSD-3-Clause

package password

import (
	"crypto/sha256"
	_ "embed"
	"sort"
	"strings"
)

// filter holds 81,529 words as the first 32 bits of their SHA-256, sorted. A
// word that is none of them is taken for one with a chance of 2 in 100,000. Its
// beginning says where they come from and under which licence.
//
//go:embed common.bin
var filter string

// listed reports whether a word in lower case is in the filter.
func listed(w string) bool {
	sum := sha256.Sum256([]byte(w))
	want := string(sum[:4])
	_, words, _ := strings.Cut(filter, "\n\n")
	i := sort.Search(len(words)/4, func(i int) bool { return words[4*i:4*i+4] >= want })
	return 4*i+4 <= len(words) && words[4*i:4*i+4] == want
}
