// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"encoding/binary"
	"math/bits"
	"time"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
	"github.com/google/uuid"
)

// id is an identifier as two words, which compare faster than its bytes and
// in the same order.
type id struct{ hi, lo uint64 }

func idOf[T any](x storage.ID[T]) id { return words(x.Bytes()) }

func words(u [16]byte) id {
	return id{binary.BigEndian.Uint64(u[:8]), binary.BigEndian.Uint64(u[8:])}
}

func storageID[T any](a id) storage.ID[T] { return storage.MakeID[T](a.uuid()) }

func (a id) uuid() (b uuid.UUID) {
	binary.BigEndian.PutUint64(b[:8], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return b
}

// before has no branches, which searches could not foresee.
func (a id) before(b id) bool {
	_, less := bits.Sub64(a.lo, b.lo, 0)
	_, less = bits.Sub64(a.hi, b.hi, less)
	return less != 0
}

// pair orders by a, then by b.
type pair struct{ a, b id }

func (x pair) before(y pair) bool {
	if x.a != y.a {
		return x.a.before(y.a)
	}
	return x.b.before(y.b)
}

// post is a first post (the topic's id) or a reply, wherever that has gone.
type post struct {
	reply bool
	id    id
}

func postOf(p forum.Post) post {
	if p.Reply.IsZero() {
		return post{false, idOf(p.Topic)}
	}
	return post{true, idOf(p.Reply)}
}

func (a post) before(b post) bool {
	if a.reply != b.reply {
		return b.reply
	}
	return a.id.before(b.id)
}

// ofPost orders what belongs to a post: by person, or by number.
type ofPost struct {
	post post
	of   id
}

func (x ofPost) before(y ofPost) bool {
	if x.post != y.post {
		return x.post.before(y.post)
	}
	return x.of.before(y.of)
}

// byUser orders what a person has to do with posts.
type byUser struct {
	user id
	post post
}

func (x byUser) before(y byUser) bool {
	if x.user != y.user {
		return x.user.before(y.user)
	}
	return x.post.before(y.post)
}

// placed orders the posts that name a person as [forum.Store.Written] does.
type placed struct{ user, topic, reply id }

func (x placed) before(y placed) bool {
	if x.user != y.user {
		return x.user.before(y.user)
	}
	if x.topic != y.topic {
		return x.topic.before(y.topic)
	}
	return x.reply.before(y.reply)
}

// named orders what an owner calls by names of their own choice.
type named struct {
	owner id
	name  string
}

func (x named) before(y named) bool {
	if x.owner != y.owner {
		return x.owner.before(y.owner)
	}
	return x.name < y.name
}

// aged orders by time, oldest first.
type aged[K key[K]] struct {
	at   int64
	what K
}

func (x aged[K]) before(y aged[K]) bool {
	if x.at != y.at {
		return x.at < y.at
	}
	return x.what.before(y.what)
}

// path orders the replies of a topic as its thread does.
type path string

func (a path) before(b path) bool { return a < b }

// newest orders the replies of a topic by their Seq, the last first.
type newest int

func (a newest) before(b newest) bool { return a > b }

// rank orders the topics of a list: the pinned first where that is asked, then
// the most recently active, then the greatest id.
type rank struct {
	scope    id // the board, the area or the author whose list it is
	unpinned bool
	at       int64
	id       id
}

func (x rank) before(y rank) bool {
	if x.scope != y.scope {
		return x.scope.before(y.scope)
	}
	if x.unpinned != y.unpinned {
		return y.unpinned
	}
	if x.at != y.at {
		return x.at > y.at
	}
	return y.id.before(x.id)
}

// instant returns t as every adapter keeps it: UTC, whole microseconds.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
