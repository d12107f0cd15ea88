// SPDX-License-Identifier: BSD-3-Clause

package memory

import "iter"

// A tree is an ordered map, a B+ tree with wide nodes. The zero tree is empty.
//
// Copying a tree is a snapshot: a node is changed in place only by the era
// that made it (see [state]), everybody else changes a copy of it and of those
// above it. So a unit of work pays for a node once, however often it writes
// there, and a snapshot taken before its era began never changes.
type tree[K key[K], V any] struct{ root *node[K, V] }

// A key orders itself among others of its type.
type key[K any] interface {
	comparable
	before(K) bool
}

// An era numbers who may change a node in place: whoever works in an era that
// is not after the node's own.
type era uint64

// node is a leaf (kids is nil) with a value for each key, or has a kid for
// each key. The key of a kid is not after any key in it, and after every key
// of the kids before it; that of the first kid means nothing.
type node[K key[K], V any] struct {
	made era // of vals and kids
	cut  era // of keys, which a copy shares until it changes them
	keys []K
	vals []V
	kids []*node[K, V]
}

// Bounds of a node. Only nodes on the way to the last key, and nodes without a
// sibling, may hold less than minKeys.
const (
	maxKeys = 32
	minKeys = maxKeys / 4
)

func (t tree[K, V]) get(k K) (V, bool) {
	n := t.root
	if n == nil {
		var none V
		return none, false
	}
	for n.kids != nil {
		n = n.kids[n.kid(k)]
	}
	if i, found := n.find(k); found {
		return n.vals[i], true
	}
	var none V
	return none, false
}

func (t tree[K, V]) has(k K) bool {
	_, ok := t.get(k)
	return ok
}

func (t *tree[K, V]) put(e era, k K, v V) {
	if t.root == nil {
		t.root = &node[K, V]{made: e, cut: e, keys: []K{k}, vals: []V{v}}
		return
	}
	left, right, at := t.root.put(e, k, v, true)
	t.root = left
	if right != nil {
		t.root = &node[K, V]{made: e, cut: e, keys: []K{at, at}, kids: []*node[K, V]{left, right}}
	}
}

// drop removes a key, if it is there.
func (t *tree[K, V]) drop(e era, k K) {
	if t.root == nil {
		return
	}
	t.root, _ = t.root.drop(e, k)
	for len(t.root.kids) == 1 {
		t.root = t.root.kids[0]
	}
	if len(t.root.keys) == 0 {
		t.root = nil
	}
}

// from yields keys and values in order, beginning with the first key that is
// not before lo. The tree must not be changed meanwhile.
func (t tree[K, V]) from(lo K) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if t.root != nil {
			t.root.from(lo, yield)
		}
	}
}

func (n *node[K, V]) from(lo K, yield func(K, V) bool) bool {
	if n.kids == nil {
		i, _ := n.find(lo)
		return n.each(i, yield)
	}
	i := n.kid(lo)
	return n.kids[i].from(lo, yield) && n.each(i+1, yield)
}

// each yields all from the i-th key or kid on.
func (n *node[K, V]) each(i int, yield func(K, V) bool) bool {
	if n.kids == nil {
		for ; i < len(n.keys); i++ {
			if !yield(n.keys[i], n.vals[i]) {
				return false
			}
		}
		return true
	}
	for ; i < len(n.kids); i++ {
		if !n.kids[i].each(0, yield) {
			return false
		}
	}
	return true
}

// find returns where in a leaf a key is or would be.
func (n *node[K, V]) find(k K) (int, bool) {
	at, most := 0, len(n.keys)
	for most > 0 {
		half := int(uint(most+1) / 2)
		if n.keys[at+half-1].before(k) {
			at += half
		}
		most -= half
	}
	return at, at < len(n.keys) && n.keys[at] == k
}

// kid returns which kid a key belongs to.
func (n *node[K, V]) kid(k K) int {
	at, most := 0, len(n.keys)-1
	for most > 0 {
		half := int(uint(most+1) / 2)
		if !k.before(n.keys[at+half]) {
			at += half
		}
		most -= half
	}
	return at
}

// own returns n, or a copy of it whose values and kids may be changed.
func (n *node[K, V]) own(e era) *node[K, V] {
	if n.made >= e {
		return n
	}
	return &node[K, V]{made: e, cut: n.cut, keys: n.keys, vals: copied(n.vals), kids: copied(n.kids)}
}

// put returns what becomes of n, and what had to be split off it, with the key
// at which that begins. last tells that nothing in the tree is after n.
func (n *node[K, V]) put(e era, k K, v V, last bool) (self, right *node[K, V], at K) {
	i, found := 0, false
	if n.kids == nil {
		if i, found = n.find(k); found {
			n = n.own(e)
			n.vals[i] = v
			return n, nil, at
		}
		n = n.insert(e, i, k, v, nil)
	} else {
		i = n.kid(k)
		kid, split, at := n.kids[i].put(e, k, v, last && i == len(n.kids)-1)
		if kid != n.kids[i] {
			n = n.own(e)
			n.kids[i] = kid
		}
		if split == nil {
			return n, nil, at
		}
		i++
		n = n.insert(e, i, at, v, split)
	}
	if len(n.keys) <= maxKeys {
		return n, nil, at
	}
	half := len(n.keys) / 2
	if last && i == len(n.keys)-1 {
		half = i // keys that only grow, such as fresh IDs, leave full nodes behind
	}
	right = &node[K, V]{made: e, cut: e, keys: copied(n.keys[half:])}
	n.keys = cutOff(n.keys, half)
	if n.kids == nil {
		right.vals = copied(n.vals[half:])
		n.vals = cutOff(n.vals, half)
	} else {
		right.kids = copied(n.kids[half:])
		n.kids = cutOff(n.kids, half)
	}
	return n, right, right.keys[0]
}

// insert puts a key before the i-th, with a kid or, if that is nil, a value.
func (n *node[K, V]) insert(e era, i int, k K, v V, kid *node[K, V]) *node[K, V] {
	mine := n.made >= e
	m := n
	if !mine {
		m = &node[K, V]{made: e}
	}
	m.keys, m.cut = inserted(n.keys, i, k, n.cut >= e), e
	if kid == nil {
		m.vals = inserted(n.vals, i, v, mine)
	} else {
		m.kids = inserted(n.kids, i, kid, mine)
	}
	return m
}

// remove takes the i-th key away, with its value or kid.
func (n *node[K, V]) remove(e era, i int) *node[K, V] {
	mine := n.made >= e
	m := n
	if !mine {
		m = &node[K, V]{made: e}
	}
	m.keys, m.cut = removed(n.keys, i, n.cut >= e), e
	if n.kids == nil {
		m.vals = removed(n.vals, i, mine)
	} else {
		m.kids = removed(n.kids, i, mine)
	}
	return m
}

// drop returns what becomes of n, and whether the key was there.
func (n *node[K, V]) drop(e era, k K) (*node[K, V], bool) {
	if n.kids == nil {
		i, found := n.find(k)
		if !found {
			return n, false
		}
		return n.remove(e, i), true
	}
	i := n.kid(k)
	kid, found := n.kids[i].drop(e, k)
	if !found {
		return n, false
	}
	n = n.own(e)
	n.kids[i] = kid
	if len(kid.keys) < minKeys && len(n.kids) > 1 {
		return n.mend(e, max(i, 1)), true
	}
	if len(kid.keys) == 0 {
		return n.remove(e, i), true
	}
	return n, true
}

// mend brings the i-th kid and the one before it, one of which has become too
// small, together, or shares their keys between them.
func (n *node[K, V]) mend(e era, i int) *node[K, V] {
	a, b := n.kids[i-1], n.kids[i]
	keys := append(append(make([]K, 0, len(a.keys)+len(b.keys)), a.keys...), b.keys...)
	if len(a.keys) > 0 && len(b.keys) > 0 {
		keys[len(a.keys)] = n.first(b, i) // which meant nothing as long as it was the first
	}
	all := &node[K, V]{made: e, cut: e, keys: keys}
	if a.kids == nil && b.kids == nil {
		all.vals = append(append(make([]V, 0, len(keys)), a.vals...), b.vals...)
	} else {
		all.kids = append(append(make([]*node[K, V], 0, len(keys)), a.kids...), b.kids...)
	}
	if len(keys) <= maxKeys {
		n = n.remove(e, i)
		n.kids[i-1] = all
		return n
	}
	half := len(keys) / 2
	n.kids[i-1] = &node[K, V]{made: e, cut: e, keys: copied(keys[:half])}
	n.kids[i] = &node[K, V]{made: e, cut: e, keys: copied(keys[half:])}
	if all.kids == nil {
		n.kids[i-1].vals, n.kids[i].vals = copied(all.vals[:half]), copied(all.vals[half:])
	} else {
		n.kids[i-1].kids, n.kids[i].kids = copied(all.kids[:half]), copied(all.kids[half:])
	}
	if n.cut < e {
		n.keys, n.cut = copied(n.keys), e
	}
	n.keys[i] = keys[half]
	return n
}

// first returns the least key that the i-th kid b may hold.
func (n *node[K, V]) first(b *node[K, V], i int) K {
	if b.kids == nil {
		return b.keys[0]
	}
	return n.keys[i]
}

func copied[T any](s []T) []T {
	if s == nil {
		return nil
	}
	c := make([]T, len(s))
	copy(c, s)
	return c
}

// cutOff shortens a slice of one's own and lets go of what was beyond.
func cutOff[T any](s []T, n int) []T {
	clear(s[n:])
	return s[:n]
}

func inserted[T any](s []T, i int, x T, mine bool) []T {
	n := len(s) + 1
	c := s
	if mine && n <= cap(s) {
		c = s[:n]
	} else {
		c = make([]T, n, (n+3)&^3) // some room, for a unit that inserts more here
		copy(c, s[:i])
	}
	copy(c[i+1:], s[i:])
	c[i] = x
	return c
}

func removed[T any](s []T, i int, mine bool) []T {
	if mine {
		copy(s[i:], s[i+1:])
		return cutOff(s, len(s)-1)
	}
	c := make([]T, len(s)-1)
	copy(c, s[:i])
	copy(c[i:], s[i+1:])
	return c
}
