// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"cmp"
	"encoding/binary"
	"time"

	"github.com/copis-it/copis/storage"
)

// An AnswerKey is where an answer stands on the pages of its question, which
// are in the order of Compare.
type AnswerKey struct {
	Place int64 // see [Answer.Place]
	At    time.Time
	ID    AnswerID
}

// accepted is before the place of every score.
const accepted = -1 << 40

// Place is what answers are ordered by before their time: the accepted one
// first, then by score, the highest first.
func (a Answer) Place(of Acceptance) int64 {
	if !of.Answer.IsZero() && a.ID == of.Answer {
		return accepted
	}
	return -int64(a.Votes.Score())
}

// Key returns where the answer stands, in a question with this Acceptance.
func (a Answer) Key(of Acceptance) AnswerKey { return AnswerKey{a.Place(of), a.CreatedAt, a.ID} }

// Compare orders answers as they are shown.
func (k AnswerKey) Compare(other AnswerKey) int {
	return cmp.Or(cmp.Compare(k.Place, other.Place), k.At.Compare(other.At), k.ID.Compare(other.ID))
}

// before returns a key that is after all that stand before k and before k.
func (k AnswerKey) before() AnswerKey {
	id := k.ID.Bytes()
	high, low := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	if low == 0 {
		high--
	}
	binary.BigEndian.PutUint64(id[:8], high)
	binary.BigEndian.PutUint64(id[8:], low-1)
	k.ID = storage.MakeID[Answer](id)
	return k
}

// AnswerCursor is the place on the pages of a question after a key. It is the
// form of every cursor of [Store.Page].
func AnswerCursor(q QuestionID, after AnswerKey) storage.Cursor {
	return storage.EncodeCursor(answerList(q), after)
}

// ReadAnswerCursor returns the key that a cursor of [AnswerCursor] stands
// after, and false for the start.
func ReadAnswerCursor(q QuestionID, c storage.Cursor) (after AnswerKey, ok bool, err error) {
	if c == "" {
		return AnswerKey{}, false, nil
	}
	if err := storage.DecodeCursor(answerList(q), c, &after); err != nil {
		return AnswerKey{}, false, err
	}
	return after, true, nil
}

func answerList(q QuestionID) string { return "qa.answers/" + q.String() }
