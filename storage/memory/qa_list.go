// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// questionCursor is the place of a question in a list.
type questionCursor struct {
	At int64 // microseconds, or the score
	ID qa.QuestionID
}

// questionLabel is what a query looks for first, and all that it looks through:
// what else it selects by is asked of each question.
func questionLabel(q qa.QuestionQuery) label {
	switch {
	case q.Removed:
		return label{kind: inRemoved + labelKind(questionOrder(q))}
	case !q.Author.IsZero():
		return label{kind: byAuthor, text: bytesOf(q.Author)}
	case q.Tag != "" && q.Unanswered:
		return label{kind: unansweredByTag, text: q.Tag}
	case q.Tag != "":
		return label{kind: byTag, text: q.Tag}
	case !q.Theme.IsZero() && q.Unanswered:
		return label{kind: unansweredByTheme, text: bytesOf(q.Theme)}
	case !q.Theme.IsZero():
		return label{kind: byTheme, text: bytesOf(q.Theme)}
	case q.Unanswered:
		return label{kind: inUnanswered}
	}
	return label{kind: inAll + labelKind(questionOrder(q))}
}

// questionOrder is the order that a query is answered in.
func questionOrder(q qa.QuestionQuery) qa.Order {
	if q.Tag != "" || !q.Theme.IsZero() || !q.Author.IsZero() || !q.Offered.IsZero() || q.Unanswered || q.Order > qa.Voted {
		return qa.Newest
	}
	return q.Order
}

// questionList names the list of a query.
func questionList(q qa.QuestionQuery) string {
	order := [...]string{qa.Newest: "created_at", qa.Active: "active_at", qa.Voted: "score"}[questionOrder(q)]
	return fmt.Sprint("qa.questions/", order, "/", q.Area, "/", q.Author, "/", q.Offered, "/", q.Theme, "/", q.Unanswered, q.Removed, "/", q.Tag)
}

// Questions implements [qa.Store].
func (f qaStore) Questions(ctx context.Context, q qa.QuestionQuery) (storage.Page[qa.Question], error) {
	return read(ctx, f.s, "qa.Questions", func(st *state) (page storage.Page[qa.Question], err error) {
		after := listStart
		if q.After != "" {
			var c questionCursor
			if err := storage.DecodeCursor(questionList(q), q.After, &c); err != nil {
				return page, err
			}
			after = position{c.At, idOf(c.ID)}
		}
		if !q.Before.IsZero() && questionOrder(q) == qa.Newest {
			if first := (position{instant(q.Before).UnixMicro() - 1, last}); after.before(first) {
				after = first
			}
		}
		pick := func(k id) (*question, bool) {
			v, _ := st.questions.get(k)
			return v, selected(q, v)
		}
		limit := storage.Limit(q.Limit)
		var list []found[*question]
		if !q.Offered.IsZero() {
			list = st.offered(idOf(q.Offered), after, limit+1, pick)
		} else {
			list = walk(st.shelves, questionLabel(q), stands(q.Reach, q.Area), after, limit+1, pick)
		}
		if len(list) > limit {
			list = list[:limit]
			end := list[limit-1]
			page.Next = storage.EncodeCursor(questionList(q), questionCursor{end.at, end.thing.ID})
		}
		page.Items = heads(list)
		return page, nil
	})
}

func heads(list []found[*question]) []qa.Question {
	out := make([]qa.Question, len(list))
	for i, f := range list {
		out[i] = f.thing.head()
	}
	return out
}

// offered finds what a person is offered, which is all there is to look at.
func (st *state) offered(user id, after position, limit int, pick func(id) (*question, bool)) (list []found[*question]) {
	for _, k := range below(st.offersTo, user) {
		if q, ok := pick(k); ok {
			if p := (position{q.CreatedAt.UnixMicro(), k}); after.before(p) {
				list = append(list, found[*question]{p, q})
			}
		}
	}
	slices.SortFunc(list, func(a, b found[*question]) int {
		return cmp.Or(cmp.Compare(b.at, a.at), b.thing.ID.Compare(a.thing.ID))
	})
	return list[:min(limit, len(list))]
}

// selected reports whether a query selects a question.
func selected(q qa.QuestionQuery, v *question) bool {
	return v.listed() && (v.Removal.State != qa.Visible) == q.Removed &&
		(q.Area.IsZero() || q.Area == v.Area) &&
		(q.Tag == "" || slices.Contains(v.Tags, q.Tag)) &&
		(q.Theme.IsZero() || slices.Contains(v.Themes, q.Theme)) &&
		(q.Author.IsZero() || q.Author == v.By.User) &&
		(q.Before.IsZero() || v.CreatedAt.Before(instant(q.Before))) &&
		(!q.Unanswered || v.Answers == 0 && v.Closing.Reason == 0) &&
		q.Reach.Covers(v.Area, v.Audience)
}

// From implements [qa.Store].
func (f qaStore) From(ctx context.Context, o qa.Origin, reach auth.Reach) ([]qa.Question, error) {
	return read(ctx, f.s, "qa.From", func(st *state) (out []qa.Question, err error) {
		start := originKey{kind: o.Kind, id: words(o.ID)}
		for k := range st.origins.from(start) {
			if k.id != start.id || k.kind != start.kind {
				break
			}
			if q, _ := st.questions.get(k.question); selected(qa.QuestionQuery{Reach: reach}, q) {
				out = append(out, q.head())
			}
		}
		return out, nil
	})
}

type tagCursor struct{ T string }

// Tags implements [qa.Store].
func (f qaStore) Tags(ctx context.Context, q qa.TagQuery) (storage.Page[qa.Tagged], error) {
	return read(ctx, f.s, "qa.Tags", func(st *state) (page storage.Page[qa.Tagged], err error) {
		list := "qa.tags/" + q.Prefix
		after := tagCursor{q.Prefix}
		if q.After != "" {
			if err := storage.DecodeCursor(list, q.After, &after); err != nil {
				return page, err
			}
		}
		limit := storage.Limit(q.Limit)
		// Whatever is among the first of all is among the first wherever it is.
		counts := map[string]int{}
		for _, s := range stands(q.Reach, auth.AreaID{}) {
			n := 0
			for k, count := range st.tagged.from(tagSpot{s, after.T}) {
				if k.stand != s || !strings.HasPrefix(k.tag, q.Prefix) || n > limit {
					break
				}
				if q.After != "" && k.tag == after.T {
					continue
				}
				counts[k.tag] += count
				n++
			}
		}
		var items []qa.Tagged
		for _, t := range slices.Sorted(maps.Keys(counts)) {
			items = append(items, qa.Tagged{Tag: t, Questions: counts[t]})
		}
		return storage.Cut(items[:min(len(items), limit+1)], limit, list, func(t qa.Tagged) any { return tagCursor{t.Tag} }), nil
	})
}

// Similar implements [qa.Store].
func (f qaStore) Similar(ctx context.Context, q qa.SimilarQuery) ([]qa.Question, error) {
	return read(ctx, f.s, "qa.Similar", func(st *state) (out []qa.Question, err error) {
		shelves := stands(q.Reach, auth.AreaID{})
		hits := map[id]int{}
		others := func(k id) (struct{}, bool) { return struct{}{}, k != idOf(q.But) }
		for i, w := range q.Words {
			if slices.Contains(q.Words[:i], w) {
				continue
			}
			for _, f := range walk(st.shelves, label{kind: byWord, text: w}, shelves, listStart, qa.SimilarDepth, others) {
				hits[f.id]++
			}
		}
		limit := storage.Limit(q.Limit)
		least := leastOf(hits, limit)
		var found []*question
		for k, n := range hits {
			if n >= least {
				v, _ := st.questions.get(k)
				found = append(found, v)
			}
		}
		slices.SortFunc(found, func(a, b *question) int {
			return cmp.Or(cmp.Compare(hits[idOf(b.ID)], hits[idOf(a.ID)]), cmp.Compare(b.Votes.Score(), a.Votes.Score()), b.ID.Compare(a.ID))
		})
		for _, v := range found[:min(limit, len(found))] {
			out = append(out, v.head())
		}
		return out, nil
	})
}

// leastOf returns how many hits one needs to be among the first so many.
func leastOf(hits map[id]int, limit int) int {
	var having [qa.MaxWords + 1]int
	for _, n := range hits {
		having[min(n, qa.MaxWords)]++
	}
	for n := qa.MaxWords; n > 1; n-- {
		if limit -= having[n]; limit <= 0 {
			return n
		}
	}
	return 1
}
