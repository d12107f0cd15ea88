// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"math"

	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// entry is a question, an answer or a comment by its own id, wherever it has
// gone.
type entry struct {
	id   id
	kind entryKind
}

type entryKind uint8

const (
	aQuestion entryKind = iota
	anAnswer
	aComment

	anyKind = math.MaxUint8 // after all of an id
)

func entryOf(p qa.Post) entry {
	switch {
	case !p.Comment.IsZero():
		return entry{idOf(p.Comment), aComment}
	case !p.Answer.IsZero():
		return entry{idOf(p.Answer), anAnswer}
	}
	return entry{idOf(p.Question), aQuestion}
}

func (a entry) before(b entry) bool {
	if a.id != b.id {
		return a.id.before(b.id)
	}
	return a.kind < b.kind
}

// ofEntry orders what belongs to a post: by person, or by number.
type ofEntry struct {
	entry entry
	of    id
}

func (x ofEntry) before(y ofEntry) bool {
	if x.entry != y.entry {
		return x.entry.before(y.entry)
	}
	return x.of.before(y.of)
}

// ballot orders the votes of a person.
type ballot struct {
	user  id
	entry entry
}

func (x ballot) before(y ballot) bool {
	if x.user != y.user {
		return x.user.before(y.user)
	}
	return x.entry.before(y.entry)
}

// answerSpot orders the answers to a question as its pages do.
type answerSpot struct {
	question  id
	place, at int64
	id        id
}

func (x answerSpot) before(y answerSpot) bool {
	if x.question != y.question {
		return x.question.before(y.question)
	}
	if x.place != y.place {
		return x.place < y.place
	}
	if x.at != y.at {
		return x.at < y.at
	}
	return x.id.before(y.id)
}

// remark orders the comments on a post, the oldest first.
type remark struct {
	on entry
	at int64
	id id
}

func (x remark) before(y remark) bool {
	if x.on != y.on {
		return x.on.before(y.on)
	}
	if x.at != y.at {
		return x.at < y.at
	}
	return x.id.before(y.id)
}

// word orders by its bytes.
type word string

func (a word) before(b word) bool { return a < b }

// originKey orders questions by what they were made from.
type originKey struct {
	kind     string
	id       id
	question id
}

func (x originKey) before(y originKey) bool {
	if x.id != y.id {
		return x.id.before(y.id)
	}
	if x.kind != y.kind {
		return x.kind < y.kind
	}
	return x.question.before(y.question)
}

// signature orders the posts that name a person as [qa.Store.Written] does; the
// zero entry is the question itself.
type signature struct {
	user, question id
	entry          entry
}

func signatureOf(user id, p qa.Post) signature {
	k := signature{user: user, question: idOf(p.Question)}
	if e := entryOf(p); e.kind != aQuestion {
		k.entry = e
	}
	return k
}

func (x signature) before(y signature) bool {
	if x.user != y.user {
		return x.user.before(y.user)
	}
	if x.question != y.question {
		return x.question.before(y.question)
	}
	return x.entry.before(y.entry)
}

// bytesOf is an id as the text of a label.
func bytesOf[T any](x storage.ID[T]) string {
	b := x.Bytes()
	return string(b[:])
}
