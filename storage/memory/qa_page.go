// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"math"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// startOfAnswers is before all answers to a question.
func startOfAnswers(q qa.QuestionID) answerSpot {
	return answerSpot{question: idOf(q), place: math.MinInt64}
}

// shownTo says which posts below a question are shown to a reader.
func shownTo(q *question, reader auth.UserID, moderate auth.Reach) func(*qa.Entry) bool {
	moderates := moderate.Covers(q.Area, q.Audience)
	return func(e *qa.Entry) bool {
		return e.Removal.State == qa.Visible || moderates || !reader.IsZero() && e.By.User == reader
	}
}

// Page implements [qa.Store].
func (f qaStore) Page(ctx context.Context, q qa.PageQuery) (qa.Page, error) {
	return read(ctx, f.s, "qa.Page", func(st *state) (p qa.Page, err error) {
		key, started, err := qa.ReadAnswerCursor(q.Question, q.After) // before anything tells whether the question is there
		if err != nil {
			return p, err
		}
		of, ok := st.questions.get(idOf(q.Question))
		if !ok {
			return p, storage.ErrNotFound
		}
		after := startOfAnswers(q.Question)
		if started {
			after = spotAt(q.Question, key)
		}
		p.Question = of.value()
		shown := shownTo(of, q.Reader, q.Moderate)
		part := pagePart{st, &p, q.Reader, shown}
		part.add(qa.Post{Question: q.Question}, of.notes, of.Votes)
		limit := storage.Limit(q.Limit)
		p.Answers.Items = make([]qa.Answer, 0, min(limit, of.Answers+1))
		for k, a := range st.answersTo.from(after) {
			if k.question != after.question {
				break
			}
			if started && k == after || !shown(&a.Entry) {
				continue
			}
			if n := len(p.Answers.Items); n == limit {
				p.Answers.Next = qa.AnswerCursor(q.Question, p.Answers.Items[n-1].Key(of.Acceptance))
				break
			}
			p.Answers.Items = append(p.Answers.Items, a.Answer)
			part.add(postOfAnswer(a), a.notes, a.Votes)
		}
		st.link(&p, of, q.Reach)
		return p, nil
	})
}

// pagePart adds to a page what belongs to its posts.
type pagePart struct {
	st     *state
	page   *qa.Page
	reader auth.UserID
	shown  func(*qa.Entry) bool
}

func (p pagePart) add(of qa.Post, notes int, votes qa.Tally) {
	e := entryOf(of)
	if notes > 0 {
		if items := p.st.commentsShown(remark{on: e, at: math.MinInt64}, false, qa.CommentsHere, p.shown); len(items) > 0 {
			if p.page.Comments == nil {
				p.page.Comments = map[qa.Post][]qa.Comment{}
			}
			p.page.Comments[of] = items
		}
	}
	if votes == (qa.Tally{}) || p.reader.IsZero() {
		return
	}
	if v, _ := p.st.votes.get(ballot{idOf(p.reader), e}); v.Value != qa.None {
		if p.page.Votes == nil {
			p.page.Votes = map[qa.Post]qa.Vote{}
		}
		p.page.Votes[of] = v
	}
}

// link names on a page the question that it repeats, and those that repeat it.
func (st *state) link(p *qa.Page, of *question, reach auth.Reach) {
	original := of.MergedInto
	if original.IsZero() {
		original = of.Closing.Of
	}
	if o, ok := st.questions.get(idOf(original)); ok && o.Removal.State == qa.Visible && reach.Covers(o.Area, o.Audience) {
		p.Original = o.head()
	}
	what := label{kind: repeating, text: bytesOf(of.ID)}
	for k := range st.shelves.from(what.start(stand{})) { // seldom is there any
		if k.kind != what.kind || k.text != what.text {
			return
		}
		break
	}
	for _, f := range walk(st.shelves, what, stands(reach, auth.AreaID{}), listStart, qa.LinkedCount, st.anyQuestion) {
		p.Linked = append(p.Linked, f.thing.head())
	}
}

func (st *state) anyQuestion(k id) (*question, bool) { return st.questions.get(k) }
