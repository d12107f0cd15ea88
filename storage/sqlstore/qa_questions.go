// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// questionKey is the place of a question in a list.
type questionKey struct {
	At int64 // microseconds, or the score
	ID qa.QuestionID
}

// questionsName names the list of a query.
func questionsName(q qa.QuestionQuery) string {
	return fmt.Sprint("qa.questions/", questionOrders[q.Order], "/", q.Area, "/", q.Author, "/", q.Offered, "/", q.Theme, "/", q.Unanswered, q.Removed, "/", q.Tag)
}

// questionOrders are the columns of the orders.
var questionOrders = [...]string{qa.Newest: "created_at", qa.Active: "active_at", qa.Voted: "score"}

func (k questionKey) of(o qa.Order, q *qa.Question) questionKey {
	switch o {
	case qa.Active:
		return questionKey{q.ActiveAt.UnixMicro(), q.ID}
	case qa.Voted:
		return questionKey{int64(q.Votes.Score()), q.ID}
	}
	return questionKey{q.CreatedAt.UnixMicro(), q.ID}
}

// questionArgs are the arguments of lists, by the names in their text.
var questionArgs = map[string]func(q qa.QuestionQuery, after questionKey) any{
	":area":    func(q qa.QuestionQuery, _ questionKey) any { return q.Area },
	":label":   func(q qa.QuestionQuery, _ questionKey) any { return cmp.Or(q.Tag, q.Theme.String()) },
	":author":  func(q qa.QuestionQuery, _ questionKey) any { return q.Author },
	":offered": func(q qa.QuestionQuery, _ questionKey) any { return q.Offered },
	":before":  func(q qa.QuestionQuery, _ questionKey) any { return always(q.Before) },
	":areas":   func(q qa.QuestionQuery, _ questionKey) any { return areas(q.Reach) },
	":id":      func(_ qa.QuestionQuery, after questionKey) any { return raw(after.ID) },
	":at": func(q qa.QuestionQuery, after questionKey) any {
		if q.Order == qa.Voted {
			return after.At
		}
		return always(time.UnixMicro(after.At))
	},
}

// questionList is all that the text of a list depends on.
type questionList struct {
	circles
	order        qa.Order
	after        bool // it begins after a place
	label        int  // the kind of what it is about: 1 a tag, 2 a theme
	limit        int
	area, author bool // what else must be so
	offered      bool
	before       bool
	unanswered   bool
}

func (l questionList) text(d *Dialect) string {
	p := path{from: "{questions} t", by: questionOrders[l.order], many: true}
	var walks []string
	switch {
	case l.offered:
		p.from = "{offers} o JOIN {questions} t ON t.id = o.question"
		walks = []string{p.walk("o.who = :offered", l.within(p), l.only(p, "offered"))}
	case l.author:
		walks = []string{p.walk("t.by_user = :author", l.within(p), l.only(p, "author"))}
	case l.label > 0:
		p.from = "{labels} t"
		source := "t.kind = " + []string{"", "1", "2"}[l.label] + " AND t.label = :label"
		if l.area {
			source += " AND t.area = :area"
		}
		walks = l.walks(d, p, source, l.only(p, "label"))
	case l.area:
		walks = l.walks(d, p, "t.area = :area", l.only(p, "area"))
	default:
		walks = l.walks(d, p, "", l.only(p, ""))
	}
	if len(walks) == 0 {
		return ""
	}
	if len(walks) == 1 && p.from == "{questions} t" { // keys and questions at once, in order
		return "SELECT " + headOfQuestion.of("t.") + strings.TrimPrefix(walks[0], p.keys()) + p.order()
	}
	return "SELECT " + headOfQuestion.of("q.") + " FROM (" + p.merge(walks) + ") k CROSS JOIN {questions} q WHERE q.id = k.id"
}

// only are the conditions besides the one that a list is read by.
func (l questionList) only(p path, source string) string {
	labels := source == "label"
	waits := "t.answers = 0 AND t.reason = 0"
	if labels {
		waits = "t.waits"
	}
	kind := "1"
	if l.label == 2 {
		kind = "2"
	}
	var out []string
	for _, c := range []struct {
		is   bool
		text string
	}{
		{l.after, p.after()},
		{l.before, "t.created_at < :before"},
		{l.unanswered, waits},
		{l.area && source != "area" && !labels, "t.area = :area"},
		{l.author && source != "author", "t.by_user = :author"},
		{l.label > 0 && !labels, "EXISTS (SELECT 1 FROM {labels} l WHERE l.id = t.id AND l.kind = " + kind + " AND l.label = :label)"},
	} {
		if c.is {
			out = append(out, c.text)
		}
	}
	return strings.Join(out, " AND ")
}

// Questions implements [qa.Store].
func (f qaStore) Questions(ctx context.Context, q qa.QuestionQuery) (page storage.Page[qa.Question], err error) {
	const op = "qa.Questions"
	if q.Tag != "" || !q.Theme.IsZero() || !q.Author.IsZero() || !q.Offered.IsZero() || q.Unanswered || int(q.Order) >= len(questionOrders) {
		q.Order = qa.Newest
	}
	var after questionKey
	if q.After != "" {
		if err := storage.DecodeCursor(questionsName(q), q.After, &after); err != nil {
			return page, failed(op, err)
		}
		if err := readableTime(after.At); q.Order != qa.Voted && err != nil {
			return page, failed(op, err)
		}
	}
	l := questionList{
		circles: circlesOf(q.Reach, q.Area, q.Removed), order: q.Order, after: q.After != "", limit: storage.Limit(q.Limit),
		area: !q.Area.IsZero(), author: !q.Author.IsZero(), offered: !q.Offered.IsZero(), before: !q.Before.IsZero(), unanswered: q.Unanswered,
	}
	switch {
	case q.Tag != "":
		l.label = 1
	case !q.Theme.IsZero():
		l.label = 2
	}
	form := f.s.root.formed(l, l.limit+1, func() string { return l.text(f.s.root.d) })
	if form.query == "" {
		_, err := f.s.enter(ctx)
		return page, failed(op, err) // nothing is within reach
	}
	args := make([]any, len(form.args))
	for i, name := range form.args {
		args[i] = questionArgs[name](q, after)
	}
	items, err := rows(ctx, f.s, op, l.limit+1, headFields, form.query, args...)
	if err != nil {
		return page, err
	}
	key := func(q *qa.Question) questionKey { return questionKey{}.of(l.order, q) }
	slices.SortFunc(items, func(a, b qa.Question) int { // seldom has anything to do
		x, y := key(&a), key(&b)
		return cmp.Or(cmp.Compare(y.At, x.At), y.ID.Compare(x.ID))
	})
	if len(items) <= l.limit {
		return storage.Page[qa.Question]{Items: items}, nil
	}
	return storage.Cut(items, l.limit, questionsName(q), func(q qa.Question) any { return key(&q) }), nil
}
