// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// question is a question with what it is found by.
type question struct {
	qa.Question
	words []string
	notes int // comments on it, visible or not
}

// value returns a copy that shares nothing.
func (q *question) value() qa.Question {
	v := q.Question
	v.Tags, v.Themes = slices.Clone(v.Tags), slices.Clone(v.Themes)
	return v
}

// head returns the question as lists have it.
func (q *question) head() qa.Question {
	v := q.value()
	v.Body = ""
	return v
}

func (q *question) stand() stand { return standOf(q.Area, q.Audience) }

// listed reports whether lists have the question, be it among those removed.
func (q *question) listed() bool { return q.MergedInto.IsZero() && q.Removal.State != qa.Held }

// labels are what the question is found by, but for those of counted.
func (q *question) labels() []label {
	if q.Removal.State != qa.Visible {
		return nil
	}
	all := make([]label, 0, 4+len(q.Tags)+len(q.Themes)+len(q.words))
	add := func(k labelKind, text string) { all = append(all, label{k, text, q.CreatedAt.UnixMicro()}) }
	for i, of := range [...]qa.QuestionID{q.Closing.Of, q.MergedInto} {
		if !of.IsZero() && (i == 0 || of != q.Closing.Of) {
			add(repeating, bytesOf(of))
		}
	}
	if !q.listed() {
		return all
	}
	add(byAuthor, bytesOf(q.By.User))
	for _, t := range q.Tags {
		add(byTag, t)
	}
	for _, t := range q.Themes {
		add(byTheme, bytesOf(t))
	}
	for _, w := range q.words {
		add(byWord, w)
	}
	return all
}

// counted are what the question is found by that its counters may change.
func (q *question) counted() []label {
	if !q.listed() {
		return nil
	}
	asked, kind := q.CreatedAt.UnixMicro(), inAll
	if q.Removal.State != qa.Visible {
		kind = inRemoved
	}
	all := make([]label, 0, 4+len(q.Tags)+len(q.Themes))
	all = append(all, label{kind + labelKind(qa.Newest), "", asked}, label{kind + labelKind(qa.Active), "", q.ActiveAt.UnixMicro()},
		label{kind + labelKind(qa.Voted), "", int64(q.Votes.Score())})
	if kind == inRemoved || q.Answers > 0 || q.Closing.Reason != 0 {
		return all
	}
	all = append(all, label{inUnanswered, "", asked})
	for _, t := range q.Tags {
		all = append(all, label{unansweredByTag, t, asked})
	}
	for _, t := range q.Themes {
		all = append(all, label{unansweredByTheme, bytesOf(t), asked})
	}
	return all
}

// setQuestion puts a question in the place of another state of it, nil if it is
// new.
func (st *state) setQuestion(was, now *question) {
	k := idOf(now.ID)
	var before []label
	var from stand
	if was != nil {
		before, from = was.labels(), was.stand()
		st.tally(was, -1)
		st.waitsQA(qa.Post{Question: now.ID}, &was.Entry, false)
		if !was.Origin.IsZero() {
			st.origins.drop(st.era, originOf(was))
		}
	}
	relabel(&st.shelves, st.era, k, before, from, now.labels(), now.stand())
	st.tally(now, 1)
	st.waitsQA(qa.Post{Question: now.ID}, &now.Entry, true)
	if !now.Origin.IsZero() {
		st.origins.put(st.era, originOf(now), struct{}{})
	}
	st.countQuestion(was, now)
	if was != nil && was.stand() != now.stand() {
		st.moveSuggestions(now.ID, from, now.stand())
	}
	p := qa.Post{Question: now.ID}
	st.signEntry(p, &now.Entry)
	for _, user := range [...]auth.UserID{now.Closing.By.User, now.Acceptance.By.User, now.Delegate} {
		st.sign(user, p)
	}
}

func originOf(q *question) originKey { return originKey{q.Origin.Kind, words(q.Origin.ID), idOf(q.ID)} }

// countQuestion is setQuestion where only counters may have changed.
func (st *state) countQuestion(was, now *question) {
	k := idOf(now.ID)
	st.questions.put(st.era, k, now)
	var before []label
	var from stand
	if was != nil {
		before, from = was.counted(), was.stand()
	}
	relabel(&st.shelves, st.era, k, before, from, now.counted(), now.stand())
	if was == nil || was.LastBy != now.LastBy {
		st.sign(now.LastBy.User, qa.Post{Question: now.ID})
	}
}

// tagSpot orders the tags of questions that stand somewhere.
type tagSpot struct {
	stand
	tag string
}

func (x tagSpot) before(y tagSpot) bool {
	if x.stand != y.stand {
		return x.stand.before(y.stand)
	}
	return x.tag < y.tag
}

// tally counts the tags of a question n times more.
func (st *state) tally(q *question, n int) {
	if !q.listed() || q.Removal.State != qa.Visible {
		return
	}
	for _, t := range q.Tags {
		for _, s := range q.stand().both() {
			k := tagSpot{s, t}
			if have, _ := st.tagged.get(k); have+n == 0 {
				st.tagged.drop(st.era, k)
			} else {
				st.tagged.put(st.era, k, have+n)
			}
		}
	}
}

func (st *state) insertQuestion(c qa.InsertQuestion) error {
	if st.questions.has(idOf(c.Question.ID)) {
		return storage.ErrExists
	}
	q := newQuestion(c.Question, c.Words)
	q.CreatedAt = instant(q.CreatedAt)
	q.Acceptance, q.Votes, q.Comments, q.Answers = qa.Acceptance{}, qa.Tally{}, 0, 0
	q.ActiveAt, q.LastBy = q.CreatedAt, q.By
	st.setQuestion(nil, q)
	return nil
}

func (st *state) updateQuestion(c qa.UpdateQuestion) error {
	was, err := st.questionAt(c.Question.ID, c.Question.Version)
	if err != nil {
		return err
	}
	q := newQuestion(c.Question, c.Words)
	q.Version++
	q.CreatedAt, q.Acceptance, q.notes = was.CreatedAt, was.Acceptance, was.notes
	q.Votes, q.Comments, q.Answers, q.ActiveAt, q.LastBy = was.Votes, was.Comments, was.Answers, was.ActiveAt, was.LastBy
	if q.Answers == 0 {
		q.LastBy = q.By
	}
	st.setQuestion(was, q)
	return nil
}

// newQuestion is a question as it is kept, but for CreatedAt and counters.
func newQuestion(q qa.Question, words []string) *question {
	q.Tags, q.Themes = append([]string(nil), q.Tags...), append([]qa.ThemeID(nil), q.Themes...)
	q.RecheckAt, q.Closing.At = instant(q.RecheckAt), instant(q.Closing.At)
	cleanEntry(&q.Entry)
	return &question{Question: q, words: slices.Clone(words)}
}

func cleanEntry(e *qa.Entry) {
	e.Text.EditedAt = instant(e.Text.EditedAt)
	e.Removal.At = instant(e.Removal.At)
}

// changeQuestion changes the counters of a question as fn does.
func (st *state) changeQuestion(k id, fn func(q *question)) {
	was, _ := st.questions.get(k)
	now := *was
	fn(&now)
	st.countQuestion(was, &now)
}

// arrive counts n more answers to a question, and finds which is the newest.
func (st *state) arrive(k id, n int) {
	st.changeQuestion(k, func(q *question) {
		q.Answers += n
		q.ActiveAt, q.LastBy = q.CreatedAt, q.By
		for at := range st.arrivals.from(rank{scope: k, at: listStart.at, id: last}) {
			if at.scope == k {
				a, _ := st.answers.get(at.id)
				q.ActiveAt, q.LastBy = a.CreatedAt, a.By
			}
			break
		}
	})
}

func (st *state) accept(c qa.Accept) error {
	k := idOf(c.Question)
	was, ok := st.questions.get(k)
	if !ok {
		return storage.ErrNotFound
	}
	next, ok := st.answers.get(idOf(c.Acceptance.Answer))
	if !c.Acceptance.Answer.IsZero() && (!ok || next.Question != c.Question) {
		return storage.ErrNotFound
	}
	if was.Version != c.Version {
		return storage.ErrConflict
	}
	now := *was
	now.Version++
	now.Acceptance = c.Acceptance
	now.Acceptance.At = instant(c.Acceptance.At)
	for _, id := range [...]qa.AnswerID{was.Acceptance.Answer, now.Acceptance.Answer} {
		if a, ok := st.answers.get(idOf(id)); ok {
			st.answersTo.drop(st.era, spotOf(a, was.Acceptance))
			st.answersTo.put(st.era, spotOf(a, now.Acceptance), a)
		}
	}
	st.countQuestion(was, &now)
	st.sign(now.Acceptance.By.User, qa.Post{Question: c.Question})
	return nil
}

// Question implements [qa.Store].
func (f qaStore) Question(ctx context.Context, id qa.QuestionID) (qa.Question, error) {
	return read(ctx, f.s, "qa.Question", func(st *state) (qa.Question, error) {
		if q, ok := st.questions.get(idOf(id)); ok {
			return q.value(), nil
		}
		return qa.Question{}, storage.ErrNotFound
	})
}
