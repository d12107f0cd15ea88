// SPDX-License-Identifier: BSD-3-Clause

package qa

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/copis-it/copis/storage"
)

// A key that is before another is after all that stand before that: what begins
// there begins with the other.
func TestBefore(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) AnswerKey {
			var id [16]byte
			copy(id[:], rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 255}), 16, 16).Draw(t, name))
			id[0] |= 1 // no answer has the zero ID
			return AnswerKey{
				Place: rapid.SampledFrom([]int64{accepted, -2, -1, 0, 1, math.MaxInt32}).Draw(t, name),
				At:    at.Add(time.Duration(rapid.IntRange(0, 1).Draw(t, name)) * time.Microsecond),
				ID:    storage.MakeID[Answer](id),
			}
		}
		k, other := draw("k"), draw("other")
		before := k.before()
		require.Negative(t, before.Compare(k))
		if other.Compare(k) < 0 {
			require.LessOrEqual(t, other.Compare(before), 0)
		} else {
			require.Positive(t, other.Compare(before))
		}
		q := storage.NewID[Question]()
		read, ok, err := ReadAnswerCursor(q, AnswerCursor(q, before))
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, before, read)
		_, _, err = ReadAnswerCursor(storage.NewID[Question](), AnswerCursor(q, before))
		require.ErrorIs(t, err, storage.ErrInvalid)
	})
	k := AnswerKey{ID: storage.MakeID[Answer]([16]byte{7: 1})}
	require.Equal(t, storage.MakeID[Answer]([16]byte{8: 255, 255, 255, 255, 255, 255, 255, 255}), k.before().ID)
	_, ok, err := ReadAnswerCursor(QuestionID{}, "")
	require.NoError(t, err)
	require.False(t, ok)
}

// The accepted answer stands before all others, whatever their score.
func TestAcceptedIsFirst(t *testing.T) {
	t.Parallel()
	a, best := Answer{ID: storage.NewID[Answer](), Votes: Tally{Down: math.MaxInt32}}, Answer{ID: storage.NewID[Answer](), Votes: Tally{Up: math.MaxInt32}}
	require.Negative(t, a.Key(Acceptance{Answer: a.ID}).Compare(best.Key(Acceptance{Answer: a.ID})))
	require.Positive(t, a.Key(Acceptance{}).Compare(best.Key(Acceptance{})))
	require.Zero(t, Answer{}.Place(Acceptance{}), "no answer is not the one that is accepted")
}
