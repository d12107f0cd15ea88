// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

type number int

func (a number) before(b number) bool { return a < b }

type numbers = tree[number, int]

// FuzzTree does with a tree what it does with a map, in units that begin,
// take savepoints, end well or are undone, as stores do. Every snapshot taken
// on the way must keep what it held.
func FuzzTree(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, uint16(3000), uint16(40<<seed), byte(3*seed))
	}
	f.Fuzz(func(t *testing.T, seed uint64, steps, span uint16, drops byte) {
		rng := rand.New(rand.NewPCG(seed, 0))
		type moment struct {
			st   state
			tree numbers
			want map[number]int
		}
		now := moment{want: map[number]int{}}
		now.st.begin()
		var open, old []moment // savepoints, and snapshots that readers hold
		keep := func() moment { return moment{now.st, now.tree, maps.Clone(now.want)} }
		top := number(0)
		for range min(steps, 4000) {
			key := number(rng.IntN(int(span) + 1))
			switch n := rng.IntN(100); {
			case n < 5 && len(open) < 4:
				open = append(open, keep())
				now.st.begin()
			case n < 10 && len(open) > 0:
				saved := open[len(open)-1]
				open = open[:len(open)-1]
				ok := rng.IntN(2) == 0
				now.st.end(saved.st, ok)
				if !ok {
					now.tree, now.want = saved.tree, saved.want
				}
			case n < 13 && len(open) == 0: // a commit: readers may hold it
				old = append(old, keep())
				now.st.begin()
			case n < 20: // like a fresh ID
				top += number(span)
				now.tree.put(now.st.era, top, n)
				now.want[top] = n
			case n < 20+int(drops%60):
				now.tree.drop(now.st.era, key)
				delete(now.want, key)
			default:
				v := rng.Int()
				now.tree.put(now.st.era, key, v)
				now.want[key] = v
			}
			if got, ok := now.tree.get(key); got != now.want[key] || ok != has(now.want, key) {
				t.Fatalf("get(%d) = %d, %t, want %d", key, got, ok, now.want[key])
			}
		}
		for i, m := range append(append(old, open...), now) {
			check(t, i, m.tree, m.want, number(rng.IntN(int(span)+1)))
		}
		for _, k := range slices.Sorted(maps.Keys(now.want)) { // and down to nothing
			now.tree.drop(now.st.era, k)
			balanced(t, now.tree)
		}
		if now.tree.root != nil {
			t.Error("a tree without keys has a node")
		}
	})
}

func has(m map[number]int, k number) bool { _, ok := m[k]; return ok }

// check compares a tree with a map, from the beginning and from lo.
func check(t *testing.T, i int, tr numbers, want map[number]int, lo number) {
	t.Helper()
	balanced(t, tr)
	keys := slices.Sorted(maps.Keys(want))
	for _, lo := range []number{-1, lo} {
		var got []number
		for k, v := range tr.from(lo) {
			if v != want[k] {
				t.Fatalf("moment %d: tree[%d] = %d, want %d", i, k, v, want[k])
			}
			got = append(got, k)
		}
		first, _ := slices.BinarySearch(keys, lo)
		if !slices.Equal(got, keys[first:]) {
			t.Fatalf("moment %d: keys from %d are %v, want %v", i, lo, got, keys[first:])
		}
	}
}

// balanced checks that a tree is one.
func balanced(t *testing.T, tr numbers) {
	t.Helper()
	if tr.root == nil {
		return
	}
	depths := map[int]bool{}
	var visit func(n *node[number, int], lo, hi *number, depth int, only, last bool)
	visit = func(n *node[number, int], lo, hi *number, depth int, only, last bool) {
		if len(n.keys) > maxKeys || len(n.keys) == 0 || len(n.keys) < minKeys && !only && !last {
			t.Fatalf("a node has %d keys", len(n.keys))
		}
		if n.cut > n.made {
			t.Fatal("keys are younger than their node")
		}
		if n.kids == nil {
			depths[depth] = true
			if len(n.vals) != len(n.keys) {
				t.Fatalf("%d values for %d keys", len(n.vals), len(n.keys))
			}
			for i, k := range n.keys {
				if i > 0 && k <= n.keys[i-1] || lo != nil && k < *lo || hi != nil && k >= *hi {
					t.Fatalf("key %d is out of order", k)
				}
			}
			return
		}
		if len(n.kids) != len(n.keys) || n.vals != nil {
			t.Fatalf("%d kids for %d keys", len(n.kids), len(n.keys))
		}
		for i, kid := range n.kids {
			lo, hi := lo, hi
			if i > 0 {
				lo = &n.keys[i]
			}
			if i < len(n.kids)-1 {
				hi = &n.keys[i+1]
			}
			visit(kid, lo, hi, depth+1, len(n.kids) == 1, last && i == len(n.kids)-1)
		}
	}
	visit(tr.root, nil, nil, 0, true, true)
	if len(depths) != 1 {
		t.Fatalf("leaves at depths %v", depths)
	}
	if len(tr.root.kids) == 1 {
		t.Fatal("a root with one kid")
	}
}

// Full nodes beside one that empties share what they have with it, which
// snapshots must not notice. Few random trees come to that.
func TestTreeSharesOut(t *testing.T) {
	t.Parallel()
	var tr numbers
	want := map[number]int{}
	for i := range number(2000) { // keys that only grow fill their nodes
		tr.put(1, i, int(i))
		want[i] = int(i)
	}
	for i, e := number(0), era(2); i < 2000; i, e = i+3*maxKeys, e+1 {
		was, had := tr, maps.Clone(want)
		for k := i; k < i+maxKeys; k++ {
			tr.drop(e, k)
			delete(want, k)
			check(t, int(k), tr, want, k)
		}
		check(t, int(i), was, had, i+maxKeys)
	}
}

// A unit pays for a node once.
func TestTreeOwnsItsNodes(t *testing.T) {
	t.Parallel()
	var tr numbers
	nodes := func() (all []*node[number, int]) {
		for n := tr.root; ; n = n.kids[n.kid(5_000)] {
			if all = append(all, n); n.kids == nil {
				return all
			}
		}
	}
	for i := range number(10_000) {
		tr.put(1, i, 0)
	}
	before := nodes()
	tr.put(1, 5_000, 1)
	if !slices.Equal(nodes(), before) {
		t.Error("a change in the era of the nodes copies them")
	}
	tr.put(2, 5_000, 2)
	later := nodes()
	for i := range later {
		if later[i] == before[i] {
			t.Errorf("a later era changes a node at depth %d", i)
		}
	}
	tr.put(2, 5_000, 3)
	if !slices.Equal(nodes(), later) {
		t.Error("a second change in a later era copies nodes again")
	}
}
