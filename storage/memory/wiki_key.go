// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/copis-it/copis/wiki"
)

// leaf is the place of a page in a list: on one shelf for each circle,
// everywhere and in every area, as of questions; see spot. The list is in the
// order of its text.
type leaf struct {
	kind leafKind
	text string // the label, such as a tag
	stand
	order string
	id    id // inverted where the highest stands first
}

type leafKind uint8

// Lists of pages, each by title; the next kind is the same list by the time of
// the last edit.
const (
	leafAll leafKind = iota * 2
	leafTag
	leafTheme
	leafTemplate
	leafAuthor
	leafPending
	leafRemoved
	leafParent

	leafTree // of a parent, by position
	leafDue  // of those that have a date, the earliest first
)

func (x leaf) before(y leaf) bool {
	if x.kind != y.kind {
		return x.kind < y.kind
	}
	if x.text != y.text {
		return x.text < y.text
	}
	if x.stand != y.stand {
		return x.stand.before(y.stand)
	}
	return x.at().before(y.at())
}

// leafPlace is a place in a list, on whatever shelf.
type leafPlace struct {
	order string
	id    id
}

func (x leaf) at() leafPlace { return leafPlace{x.order, x.id} }

func (x leafPlace) before(y leafPlace) bool {
	if x.order != y.order {
		return x.order < y.order
	}
	return x.id.before(y.id)
}

// ascending and descending are numbers as text that has their order.
func ascending(n int64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n)^(1<<63))
	return string(b[:])
}

func descending(n int64) string { return ascending(^n) }

func (a id) inverted() id { return id{^a.hi, ^a.lo} }

// leafOf is the place of a page in an order.
func leafOf(p *wiki.Page, o wiki.Order) leafPlace {
	k := idOf(p.ID)
	switch o {
	case wiki.Newest:
		return leafPlace{descending(micro(p.EditedAt)), k.inverted()}
	case wiki.Tree:
		return leafPlace{ascending(p.Position) + p.Key, k}
	case wiki.ByDue:
		return leafPlace{ascending(micro(p.Check.Due)), k}
	}
	return leafPlace{p.Key, k}
}

// micro is an instant as a number; what has none stands before all that have.
func micro(t time.Time) int64 {
	if t.IsZero() {
		return math.MinInt64
	}
	return t.UnixMicro()
}

// nameKey orders names by area.
type nameKey struct {
	area id
	key  string
}

func (x nameKey) before(y nameKey) bool {
	if x.area != y.area {
		return x.area.before(y.area)
	}
	return x.key < y.key
}

// nameOf orders the names of a page.
type nameOf struct {
	page id
	nameKey
}

func (x nameOf) before(y nameOf) bool {
	if x.page != y.page {
		return x.page.before(y.page)
	}
	return x.nameKey.before(y.nameKey)
}

// numbered orders the revisions of a page, the newest first.
type numbered struct {
	page id
	n    int
}

func (x numbered) before(y numbered) bool {
	if x.page != y.page {
		return x.page.before(y.page)
	}
	return x.n > y.n
}

// change orders revisions by time, the newest first.
type change struct {
	at   int64
	page id
	n    int
}

func (x change) before(y change) bool {
	if x.at != y.at {
		return x.at > y.at
	}
	if x.page != y.page {
		return y.page.before(x.page)
	}
	return x.n > y.n
}

// changed is a change where its page stands.
type changed struct {
	stand
	change
}

func (x changed) before(y changed) bool {
	if x.stand != y.stand {
		return x.stand.before(y.stand)
	}
	return x.change.before(y.change)
}

// authored is a change of an author's.
type authored struct {
	user id
	change
}

func (x authored) before(y authored) bool {
	if x.user != y.user {
		return x.user.before(y.user)
	}
	return x.change.before(y.change)
}

// linkKey orders the links of a page by name.
type linkKey struct {
	page id
	key  string
}

func (x linkKey) before(y linkKey) bool {
	if x.page != y.page {
		return x.page.before(y.page)
	}
	return x.key < y.key
}

// linkBy orders all links by name.
type linkBy struct {
	nameKey
	page id
}

func (x linkBy) before(y linkBy) bool {
	if x.nameKey != y.nameKey {
		return x.nameKey.before(y.nameKey)
	}
	return x.page.before(y.page)
}

// fileKey orders the attachments of a page by name, the newest first.
type fileKey struct {
	page id
	key  string
	n    int
}

func (x fileKey) before(y fileKey) bool {
	if x.page != y.page {
		return x.page.before(y.page)
	}
	if x.key != y.key {
		return x.key < y.key
	}
	return x.n > y.n
}

// draftKey orders the drafts of a person, the latest first.
type draftKey struct {
	user id
	position
}

func (x draftKey) before(y draftKey) bool {
	if x.user != y.user {
		return x.user.before(y.user)
	}
	return x.position.before(y.position)
}
