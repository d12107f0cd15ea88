// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/qa"
)

// An edit that changes no word and no figure is none of substance.
func TestSubstance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	for _, c := range []struct {
		from, to string
		moves    bool
	}{
		{"Le soglie sono due.", "Le  soglie\nsono due!", false},
		{"Le soglie sono due.", "le SOGLIE sono due", false},
		{"Le soglie sono due.", "**Le soglie** sono *due*.", false},
		{"Le soglie sono due.", "> Le soglie sono `due`.", false},
		{"Le soglie sono due.", "# Le soglie\n\n- sono due", false},
		{"impossibile", "im*possi*bile", false},
		{"perché no", "Perché: no?", false},
		{"Le soglie sono due.", "Le soglie sono tre.", true},
		{"Si può fare.", "Non si può fare.", true},
		{"Sono 221.000 euro.", "Sono 221,000 euro.", true},
		{"Sono 221.000 euro.", "Sono 221000 euro.", true},
		{"Sono 5 gradi", "Sono -5 gradi", true},
		{"10 %", "10", true},
		{"5 €", "5 $", true},
		{"x ≤ 5", "x ≥ 5", true},
		{"uno due", "due uno", true},
		{"uno due", "unodue", true},
		{"2*3", "23", true},
		{"10/20", "1020", true},
		{"art. 50", "art 50", false},
		{"cosi", "così", true},
		{"[qui](https://a.it)", "[qui](https://b.it)", true},
	} {
		a := w.answers(w.author, q.ID, c.from)
		pl := w.edits(w.author, ofAnswer(a), c.to)
		want := 1
		if c.moves {
			want = 2
		}
		require.Equal(t, want, pl.Answer.Text.Substance, "%q, %q", c.from, c.to)
		require.Equal(t, 2, pl.Answer.Text.Revision)
		require.Equal(t, pl.Answer, w.answer(a.ID))
	}
	in := w.edit(ofQuestion(q), q.Body)
	in.Title = "Altro titolo"
	pl, err := w.qa.Edit(w.ctx, w.author, in)
	require.NoError(t, err)
	require.Equal(t, 2, pl.Question.Text.Substance, "a title has words, too")
	in = w.edit(ofQuestion(q), q.Body)
	in.Tags = []string{"altro"}
	pl, err = w.qa.Edit(w.ctx, w.author, in)
	require.NoError(t, err)
	require.Equal(t, [2]int{3, 2}, [2]int{pl.Question.Text.Revision, pl.Question.Text.Substance}, "tags are not of the text")
}
