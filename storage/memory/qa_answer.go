// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// answer is an answer as it is kept.
type answer struct {
	qa.Answer
	notes int // comments on it, visible or not
}

func postOfAnswer(a *answer) qa.Post { return qa.Post{Question: a.Question, Answer: a.ID} }

// spotOf is where an answer stands in a question with this acceptance.
func spotOf(a *answer, of qa.Acceptance) answerSpot {
	return spotAt(a.Question, a.Key(of))
}

func spotAt(q qa.QuestionID, k qa.AnswerKey) answerSpot {
	return answerSpot{idOf(q), k.Place, k.At.UnixMicro(), idOf(k.ID)}
}

// setAnswer puts an answer in the place of another state of it, nil if it is
// new, and counts it where it stands.
func (st *state) setAnswer(was, now *answer) {
	if was != nil {
		st.takeAnswer(was)
	}
	q, _ := st.questions.get(idOf(now.Question))
	st.answers.put(st.era, idOf(now.ID), now)
	st.answersTo.put(st.era, spotOf(now, q.Acceptance), now)
	st.waitsQA(postOfAnswer(now), &now.Entry, true)
	st.signEntry(postOfAnswer(now), &now.Entry)
	shown := now.Removal.State == qa.Visible
	if shown {
		st.arrivals.put(st.era, arrival(now), struct{}{})
	}
	shownBefore := was != nil && was.Removal.State == qa.Visible
	if was != nil && was.Question != now.Question {
		if shownBefore {
			st.arrive(idOf(was.Question), -1)
		}
		shownBefore = false
	}
	switch {
	case shown && !shownBefore:
		st.arrive(idOf(now.Question), 1)
	case !shown && shownBefore:
		st.arrive(idOf(now.Question), -1)
	case shown && was.By != now.By:
		st.arrive(idOf(now.Question), 0)
	}
}

// takeAnswer takes an answer from where it is found.
func (st *state) takeAnswer(a *answer) {
	q, _ := st.questions.get(idOf(a.Question))
	st.answersTo.drop(st.era, spotOf(a, q.Acceptance))
	st.waitsQA(postOfAnswer(a), &a.Entry, false)
	if a.Removal.State == qa.Visible {
		st.arrivals.drop(st.era, arrival(a))
	}
}

func arrival(a *answer) rank {
	return rank{scope: idOf(a.Question), at: a.CreatedAt.UnixMicro(), id: idOf(a.ID)}
}

// countAnswer changes the counters of an answer as fn does.
func (st *state) countAnswer(k id, fn func(a *answer)) {
	was, _ := st.answers.get(k)
	now := *was
	fn(&now)
	q, _ := st.questions.get(idOf(now.Question))
	st.answers.put(st.era, k, &now)
	from, to := spotOf(was, q.Acceptance), spotOf(&now, q.Acceptance)
	if from != to {
		st.answersTo.drop(st.era, from)
	}
	st.answersTo.put(st.era, to, &now)
}

func (st *state) insertAnswer(a qa.Answer) error {
	if !st.questions.has(idOf(a.Question)) {
		return storage.ErrNotFound
	}
	if st.answers.has(idOf(a.ID)) {
		return storage.ErrExists
	}
	a.CreatedAt = instant(a.CreatedAt)
	a.Votes, a.Comments = qa.Tally{}, 0
	cleanEntry(&a.Entry)
	st.setAnswer(nil, &answer{Answer: a})
	return nil
}

func (st *state) updateAnswer(a qa.Answer) error {
	was, ok := st.answers.get(idOf(a.ID))
	if !ok {
		return storage.ErrNotFound
	}
	if was.Version != a.Version {
		return storage.ErrConflict
	}
	a.Version++
	a.Question, a.CreatedAt, a.Votes, a.Comments = was.Question, was.CreatedAt, was.Votes, was.Comments
	cleanEntry(&a.Entry)
	st.setAnswer(was, &answer{a, was.notes})
	return nil
}

func (st *state) moveAnswer(c qa.MoveAnswer) error {
	was, ok := st.answers.get(idOf(c.Answer))
	if !ok {
		return storage.ErrNotFound
	}
	to, ok := st.questions.get(idOf(c.To))
	if !ok {
		return storage.ErrNotFound
	}
	from, _ := st.questions.get(idOf(was.Question))
	if from.Acceptance.Answer == c.Answer {
		return storage.ErrConflict
	}
	moved := []qa.Post{postOfAnswer(was)}
	var notes []*qa.Comment
	for _, note := range st.notesOn(postOfAnswer(was)) {
		notes = append(notes, note)
		moved = append(moved, postOfComment(note))
	}
	named := make([][]id, len(moved))
	for i, p := range moved {
		named[i] = st.signedIn(p)
		for _, user := range named[i] {
			st.signed.drop(st.era, signatureOf(user, p))
		}
	}

	now := *was
	now.Question = c.To
	now.Version++
	st.setAnswer(was, &now)
	for _, note := range notes {
		n := *note
		n.Question = c.To
		st.setComment(note, &n)
	}
	for i, p := range moved {
		p.Question = c.To
		for _, user := range named[i] {
			st.sign(storageID[auth.User](user), p)
		}
	}
	if from.stand() != to.stand() {
		st.moveSuggestionsFor(postOfAnswer(&now), from.stand(), to.stand())
	}
	return nil
}

// Answer implements [qa.Store].
func (f qaStore) Answer(ctx context.Context, id qa.AnswerID) (qa.Answer, error) {
	return read(ctx, f.s, "qa.Answer", func(st *state) (qa.Answer, error) {
		a, err := row(st.answers, idOf(id))
		return a.Answer, err
	})
}

// answersOf returns the answers to a question, in the order of its pages.
func (st *state) answersOf(q qa.QuestionID) (all []*answer) {
	start := startOfAnswers(q)
	for k, a := range st.answersTo.from(start) {
		if k.question != start.question {
			break
		}
		all = append(all, a)
	}
	return all
}

// Below implements [qa.Store].
func (f qaStore) Below(ctx context.Context, id qa.QuestionID) (answers []qa.Answer, comments []qa.Comment, err error) {
	_, err = read(ctx, f.s, "qa.Below", func(st *state) (struct{}, error) {
		notes := st.notesOn(qa.Post{Question: id})
		for _, a := range st.answersOf(id) {
			answers = append(answers, a.Answer)
			notes = append(notes, st.notesOn(postOfAnswer(a))...)
		}
		for _, n := range notes {
			comments = append(comments, *n)
		}
		return struct{}{}, nil
	})
	slices.SortFunc(answers, func(a, b qa.Answer) int { return a.ID.Compare(b.ID) })
	slices.SortFunc(comments, func(a, b qa.Comment) int { return a.ID.Compare(b.ID) })
	return answers, comments, err
}
