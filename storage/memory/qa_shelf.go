// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"math"
	"slices"
	"sort"

	"github.com/copis-it/copis/auth"
)

// Questions, and suggestions, are found on shelves. Whoever may read little
// must not have to look through much, so there is one shelf for each circle,
// everywhere and in every area, of whatever things are looked for by; a list is
// put together from the shelves within reach. Shelves hold no rows: what is
// only counted, such as a vote, stirs those alone whose order it changes.

// spot is the place of a thing on a shelf: the highest first, then the greatest
// id.
type spot struct {
	label
	stand
	id id
}

// label is what a thing is looked for by, and what it is ordered by there.
type label struct {
	kind labelKind
	text string
	at   int64
}

type labelKind uint8

const (
	// Of questions that are listed, for each order; of those removed,
	// likewise; of those listed that have this tag, theme, author or word; of
	// those listed that wait for an answer, and of these by tag and theme; of
	// those that repeat a question.
	inAll     labelKind = 0
	inRemoved labelKind = 3
	byTag     labelKind = iota + 4
	byTheme
	byAuthor
	byWord
	inUnanswered
	unansweredByTag
	unansweredByTheme
	repeating

	// Of suggestions, of those for a post and of those of a person; and of
	// those that are pending.
	inSuggested
	suggestedFor
	suggestedBy
	inPending
	pendingFor
	pendingBy
	decidedBy // of whatever state, by whom
)

// stand is where a thing stands: a circle, everywhere or in an area.
type stand struct {
	area   id
	circle uint8
}

const (
	noCircle   = 0 // of an audience that is no circle: reached in its area alone
	everywhere = 4 // on top of the circle
)

func standOf(area auth.AreaID, a auth.Audience) stand {
	if !a.Valid() {
		a = noCircle
	}
	return stand{idOf(area), uint8(a)}
}

func (x stand) before(y stand) bool {
	if x.circle != y.circle {
		return x.circle < y.circle
	}
	return x.area.before(y.area)
}

// both are the stands of a thing that stands here.
func (x stand) both() [2]stand { return [2]stand{x, {circle: x.circle + everywhere}} }

func (x spot) before(y spot) bool {
	if x.kind != y.kind {
		return x.kind < y.kind
	}
	if x.text != y.text {
		return x.text < y.text
	}
	if x.stand != y.stand {
		return x.stand.before(y.stand)
	}
	if x.at != y.at {
		return x.at > y.at
	}
	return y.id.before(x.id)
}

// start is before everything on a shelf.
func (l label) start(s stand) spot { return spot{label{l.kind, l.text, math.MaxInt64}, s, last} }

// stands are the shelves within reach, in one area only unless that is zero.
func stands(r auth.Reach, only auth.AreaID) (all []stand) {
	floor := uint8(everywhere)
	if r.Floor.Valid() {
		floor = uint8(r.Floor)
	}
	add := func(area id, from, to uint8) {
		for c := from; c < to; c++ {
			all = append(all, stand{area, c})
		}
	}
	if !only.IsZero() {
		if slices.Contains(r.Areas, only) {
			floor = noCircle
		}
		add(idOf(only), floor, everywhere)
		return all
	}
	add(id{}, everywhere+floor, 2*everywhere)
	areas := make([]id, len(r.Areas))
	for i, a := range r.Areas {
		areas[i] = idOf(a)
	}
	sort.Slice(areas, func(i, j int) bool { return areas[i].before(areas[j]) })
	for _, a := range slices.Compact(areas) {
		add(a, noCircle, floor)
	}
	return all
}

// relabel moves a thing from the shelves where it was to those where it is now.
func relabel(t *tree[spot, struct{}], e era, k id, was []label, from stand, now []label, to stand) {
	for _, l := range was {
		if from == to && slices.Contains(now, l) {
			continue
		}
		for _, s := range from.both() {
			t.drop(e, spot{l, s, k})
		}
	}
	for _, l := range now {
		if from == to && slices.Contains(was, l) {
			continue
		}
		for _, s := range to.both() {
			t.put(e, spot{l, s, k}, struct{}{})
		}
	}
}

// position is a place in a list, on whatever shelf.
type position struct {
	at int64
	id id
}

func (x position) before(y position) bool {
	if x.at != y.at {
		return x.at > y.at
	}
	return y.id.before(x.id)
}

var listStart = position{math.MaxInt64, last}

// found is a thing at its place in a list.
type found[V any] struct {
	position
	thing V
}

// walk returns the first things of a list after a place, in order. pick tells
// what an id stands for, and whether it is asked for.
func walk[V any](t tree[spot, struct{}], what label, shelves []stand, after position, limit int, pick func(id) (V, bool)) (list []found[V]) {
	for _, s := range shelves {
		for k := range t.from(spot{label{what.kind, what.text, after.at}, s, after.id}) {
			if k.stand != s || k.kind != what.kind || k.text != what.text {
				break
			}
			p := position{k.at, k.id}
			if len(list) == limit && !p.before(list[limit-1].position) {
				break // as is all that follows on this shelf
			}
			if p == after {
				continue
			}
			v, ok := pick(k.id)
			if !ok {
				continue
			}
			if len(list) == limit {
				list = list[:limit-1]
			}
			i := len(list)
			for i > 0 && p.before(list[i-1].position) {
				i--
			}
			list = slices.Insert(list, i, found[V]{p, v})
		}
	}
	return list
}
