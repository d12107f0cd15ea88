// SPDX-License-Identifier: BSD-3-Clause

package diff

// The search for what two rows of numbers have in common: E. W. Myers, An
// O(ND) Difference Algorithm and Its Variations (1986), in linear space, from
// both ends at once. Where several shortest answers exist, the choice among
// them (order of the diagonals, what is left out beforehand, when a long search
// is broken off, where an edit comes to rest) follows what git does, since
// [Merge] promises its decisions; the tests hold both together.

// An effort is how many steps may still be taken. When it is spent, searches
// are broken off early and edits stay where they are.
type effort int

// effortFor is what a search or a compaction of n numbers may take: enough that
// ordinary pages never notice.
func effortFor(n int) effort { return effort(16*n + 1<<22) }

// A row is one side of a search.
type row struct {
	num       []int32
	elsewhere []int32 // how often each number stands on the other side
	many      int32   // how often is too often to mean something
}

// candidates returns which of the row may match at all, and marks the others.
// A number that is nowhere on the other side cannot; one that is there too
// often, among many that cannot, would lead the search astray.
func (r row) candidates(marks []bool) (at []int32) {
	ranks := make([]rank, len(r.num))
	for i, n := range r.num {
		switch c := r.elsewhere[n]; {
		case c == 0:
			ranks[i] = never
		case c >= r.many:
			ranks[i] = often
		}
	}
	for i, k := range ranks {
		if k == seldom || k == often && !misleading(ranks, i) {
			at = append(at, int32(i))
		} else {
			marks[i] = true
		}
	}
	return at
}

// A rank is how often something stands on the other side.
type rank uint8

const (
	seldom rank = iota
	often
	never
)

// misleading reports whether what stands at i, often on the other side, is
// among so much that is never there that it had better not be matched: in the
// runs of both before and behind it there are some, and together more than
// three times as many as of those that are often.
func misleading(ranks []rank, i int) bool {
	const reach = 100
	const factor = 3
	run := func(step int) (oftens, nevers int) {
		for j, n := i+step, 0; j >= 0 && j < len(ranks) && n < reach && ranks[j] != seldom; j, n = j+step, n+1 {
			if ranks[j] == never {
				nevers++
			} else {
				oftens++
			}
		}
		return oftens, nevers
	}
	before, gap := run(-1)
	if gap == 0 {
		return false
	}
	behind, gap2 := run(+1)
	return gap2 > 0 && gap+gap2 > factor*(before+behind+2)
}

// search marks what is gone from a and what has come in b. What is not marked
// is equal, one by one.
func search(a, b row, left *effort) (gone, come []bool) {
	s := searcher{gone: make([]bool, len(a.num)), come: make([]bool, len(b.num)), left: left}
	s.atA, s.atB = a.candidates(s.gone), b.candidates(s.come)
	s.a, s.b = pick(a.num, s.atA), pick(b.num, s.atB)
	diagonals := len(s.a) + len(s.b) + 3
	s.zero = len(s.b) + 1
	s.forth, s.back = make([]int, diagonals), make([]int, diagonals)
	s.patience = max(256, roughRoot(diagonals))
	s.box(0, len(s.a), 0, len(s.b), false)
	return s.gone, s.come
}

func pick(num, at []int32) []int32 {
	out := make([]int32, len(at))
	for i, j := range at {
		out[i] = num[j]
	}
	return out
}

// A searcher is at work on the candidates of two rows. Diagonal d is where the
// index in a less the index in b is d; forth and back are the furthest indexes
// in a that were reached on each diagonal from the start and from the end, with
// diagonal 0 at zero.
type searcher struct {
	a, b        []int32
	atA, atB    []int32 // where the candidates stand in their rows
	gone, come  []bool
	forth, back []int
	zero        int
	patience    int // how many edits deep one search may go
	left        *effort
}

// snake is how many equal numbers in a row are worth to be followed when a
// search has gone deep.
const snake = 20

// box searches a[aLo:aHi] against b[bLo:bHi]; a minimal one is known to have a
// short answer, and it is looked for until it is found.
func (s *searcher) box(aLo, aHi, bLo, bHi int, minimal bool) {
	for {
		for aLo < aHi && bLo < bHi && s.a[aLo] == s.b[bLo] {
			aLo, bLo = aLo+1, bLo+1
		}
		for aLo < aHi && bLo < bHi && s.a[aHi-1] == s.b[bHi-1] {
			aHi, bHi = aHi-1, bHi-1
		}
		if aLo == aHi || bLo == bHi {
			for _, i := range s.atA[aLo:aHi] {
				s.gone[i] = true
			}
			for _, j := range s.atB[bLo:bHi] {
				s.come[j] = true
			}
			return
		}
		m := s.split(aLo, aHi, bLo, bHi, minimal)
		s.box(aLo, m.a, bLo, m.b, m.minimalBefore)
		aLo, bLo, minimal = m.a, m.b, m.minimalBehind
	}
}

// A middle is a point that a path through a box goes through.
type middle struct {
	a, b                         int
	minimalBefore, minimalBehind bool
}

// split finds a point on a shortest path through the box, from whose two ends
// it searches by turns until they meet. Unless the box is minimal, it leaves
// off at a point that is far along a good path when it has gone deep.
func (s *searcher) split(aLo, aHi, bLo, bHi int, minimal bool) middle {
	const beyond = int(^uint(0) >> 1)
	a, b, zero := s.a, s.b, s.zero
	forth, back := s.forth, s.back
	least, most := aLo-bHi, aHi-bLo // diagonals of the box
	start, end := aLo-bLo, aHi-bHi  // diagonals of its corners
	odd := (start-end)&1 != 0
	fLo, fHi, bkLo, bkHi := start, start, end, end // diagonals reached
	forth[zero+start], back[zero+end] = aLo, aHi
	steps := 0
	for depth := 1; ; depth++ {
		followed := false

		// The domain grows by one diagonal each way, or shrinks at the border
		// of the box, so that all its diagonals have the same parity.
		if fLo > least {
			fLo--
			forth[zero+fLo-1] = -1
		} else {
			fLo++
		}
		if fHi < most {
			fHi++
			forth[zero+fHi+1] = -1
		} else {
			fHi--
		}
		for d := fHi; d >= fLo; d -= 2 {
			i := max(forth[zero+d-1]+1, forth[zero+d+1])
			from, j := i, i-d
			for i < aHi && j < bHi && a[i] == b[j] {
				i, j = i+1, j+1
			}
			steps += i - from + 1
			followed = followed || i-from > snake
			forth[zero+d] = i
			if odd && bkLo <= d && d <= bkHi && back[zero+d] <= i {
				*s.left -= effort(steps)
				return middle{i, j, true, true}
			}
		}

		if bkLo > least {
			bkLo--
			back[zero+bkLo-1] = beyond
		} else {
			bkLo++
		}
		if bkHi < most {
			bkHi++
			back[zero+bkHi+1] = beyond
		} else {
			bkHi--
		}
		for d := bkHi; d >= bkLo; d -= 2 {
			i := min(back[zero+d-1], back[zero+d+1]-1)
			from, j := i, i-d
			for i > aLo && j > bLo && a[i-1] == b[j-1] {
				i, j = i-1, j-1
			}
			steps += from - i + 1
			followed = followed || from-i > snake
			back[zero+d] = i
			if !odd && fLo <= d && d <= fHi && i <= forth[zero+d] {
				*s.left -= effort(steps)
				return middle{i, j, true, true}
			}
		}

		hurry := *s.left < effort(steps)
		if minimal && !hurry {
			continue
		}
		if followed && depth > deep {
			if m, ok := s.promising(aLo, aHi, bLo, bHi, depth, fLo, fHi, bkLo, bkHi); ok {
				*s.left -= effort(steps)
				return m
			}
		}
		if depth >= s.patience || hurry && depth >= hurried {
			*s.left -= effort(steps)
			return s.furthest(aLo, aHi, bLo, bHi, fLo, fHi, bkLo, bkHi)
		}
	}
}

const (
	deep    = 256 // edits, after which a promising path is good enough
	hurried = 16  // edits, after which any is, when the effort is spent
)

// promising looks for a point that is far along from either corner for the
// edits it took, off the diagonal by little, and at the end of a snake.
func (s *searcher) promising(aLo, aHi, bLo, bHi, depth, fLo, fHi, bkLo, bkHi int) (middle, bool) {
	const factor = 4
	best, m := 0, middle{}
	for d := fHi; d >= fLo; d -= 2 {
		i := s.forth[s.zero+d]
		j := i - d
		far := (i - aLo) + (j - bLo) - abs(d-(aLo-bLo))
		if far <= factor*depth || far <= best ||
			i < aLo+snake || i >= aHi || j < bLo+snake || j >= bHi {
			continue
		}
		if equalRun(s.a[i-snake:i], s.b[j-snake:j]) {
			best, m = far, middle{i, j, true, false}
		}
	}
	if best > 0 {
		return m, true
	}
	for d := bkHi; d >= bkLo; d -= 2 {
		i := s.back[s.zero+d]
		j := i - d
		far := (aHi - i) + (bHi - j) - abs(d-(aHi-bHi))
		if far <= factor*depth || far <= best ||
			i <= aLo || i > aHi-snake || j <= bLo || j > bHi-snake {
			continue
		}
		if equalRun(s.a[i:i+snake], s.b[j:j+snake]) {
			best, m = far, middle{i, j, false, true}
		}
	}
	return m, best > 0
}

func abs(n int) int { return max(n, -n) }

func equalRun(a, b []int32) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// furthest returns the point that is furthest from its corner.
func (s *searcher) furthest(aLo, aHi, bLo, bHi, fLo, fHi, bkLo, bkHi int) middle {
	fA, fSum := -1, -1
	for d := fHi; d >= fLo; d -= 2 {
		i := min(s.forth[s.zero+d], aHi, bHi+d)
		if sum := i + i - d; sum > fSum {
			fA, fSum = i, sum
		}
	}
	bA, bSum := -1, aHi+bHi+1
	for d := bkHi; d >= bkLo; d -= 2 {
		i := max(s.back[s.zero+d], aLo, bLo+d)
		if sum := i + i - d; sum < bSum {
			bA, bSum = i, sum
		}
	}
	if aHi+bHi-bSum < fSum-(aLo+bLo) {
		return middle{fA, fSum - fA, true, false}
	}
	return middle{bA, bSum - bA, false, true}
}

// A side is one text with its marks, one more than it has lines.
type side struct {
	num     []int32
	changed []bool

	atStart, atEnd bool // an edit came to rest at the first or last line
}

// A group is a run of marked lines of a side, which may be empty: there is one
// before each line that is not marked, and one behind the last.
type group struct {
	*side
	from, to int
}

func (s *side) first() group {
	g := group{side: s}
	g.grow()
	return g
}

// grow takes in what is marked at both ends of the group.
func (g *group) grow() {
	for g.from > 0 && g.changed[g.from-1] {
		g.from--
	}
	for g.changed[g.to] {
		g.to++
	}
}

func (g *group) next() bool {
	if g.to == len(g.num) {
		return false
	}
	g.from = g.to + 1
	g.to = g.from
	g.grow()
	return true
}

func (g *group) previous() {
	g.to = g.from - 1
	g.from = g.to
	g.grow()
}

// up moves the group one line up if that says the same.
func (g *group) up() bool {
	if g.from == 0 {
		g.atStart = true
		return false
	}
	if g.num[g.from-1] != g.num[g.to-1] {
		return false
	}
	g.from, g.to = g.from-1, g.to-1
	g.changed[g.from], g.changed[g.to] = true, false
	g.grow()
	return true
}

// down moves the group one line down if that says the same.
func (g *group) down() bool {
	if g.to == len(g.num) {
		g.atEnd = true
		return false
	}
	if g.num[g.from] != g.num[g.to] {
		return false
	}
	g.changed[g.from], g.changed[g.to] = false, true
	g.from, g.to = g.from+1, g.to+1
	g.grow()
	return true
}

// compact moves the groups of x to where they join others of x, and then to
// the last place beside a group of y, or else as far down as they go.
func compact(x, y *side, left *effort) {
	g, o := x.first(), y.first()
	for {
		if g.from < g.to {
			settle(&g, &o, left)
		}
		if !g.next() {
			return
		}
		o.next()
	}
}

func settle(g, o *group, left *effort) {
	for {
		size, highest, beside := g.to-g.from, 0, false
		for *left > 0 && g.up() {
			o.previous()
			*left -= effort(1 + o.to - o.from)
		}
		highest = g.to
		beside = o.from < o.to
		for *left > 0 && g.down() {
			o.next()
			*left -= effort(1 + o.to - o.from)
			beside = beside || o.from < o.to
		}
		if size != g.to-g.from {
			continue
		}
		for beside && g.to > highest && o.from == o.to {
			g.up()
			o.previous()
		}
		return
	}
}
