// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// seenBy is the condition that the reader :reader is shown a post p of the
// question :question: whoever moderates (from the circle :floor up, and in
// :areas) all, others what is visible and what they wrote.
const seenBy = `(p.state = 0 OR p.by_user = :reader OR EXISTS (SELECT 1 FROM {questions} m WHERE m.id = :question AND (m.audience >= :floor OR m.area IN {ids :areas})))`

// seenByGuest is seenBy for nobody.
const seenByGuest = `p.state = 0`

// pageForm is all that the texts of a page depend on.
type pageForm struct {
	part  string
	guest bool // nobody reads, who moderates nothing
	after bool
	limit int
}

func (t pageForm) seen() string {
	if t.guest {
		return seenByGuest
	}
	return seenBy
}

// answers selects some columns of a page of answers, and of one more.
func (t pageForm) answers(columns string) string {
	after := ""
	if t.after {
		after = " AND (p.place, p.created_at, p.id) > (:place, :at, :id)"
	}
	return "SELECT " + columns + " FROM {answers} p WHERE p.question = :question AND " + t.seen() + after + " ORDER BY p.place, p.created_at, p.id LIMIT :limit"
}

// pageTexts are the parts of a page. What is remarked is looked for only where
// there is something.
var pageTexts = map[string]func(t pageForm, d *Dialect) string{
	"answers": func(t pageForm, _ *Dialect) string { return t.answers(allOfAnswer.of("p.")) },
	"comments": func(t pageForm, d *Dialect) string {
		few := "SELECT {row} FROM {comments} p WHERE p.question = :question AND p.answer = k.answer AND " + t.seen() +
			" ORDER BY p.created_at, p.id LIMIT " + strconv.Itoa(qa.CommentsHere)
		return "SELECT " + allOfComment.of("c.") + " FROM (SELECT {nil} AS answer FROM {questions} WHERE id = :question AND remarks > 0" +
			" UNION ALL SELECT id FROM (" + t.answers("p.id, p.remarks") + ") a WHERE remarks > 0) k " + d.few("{comments}", "c", few)
	},
	// The duplicates of a question, and the one that it is a duplicate of.
	"linked": func(t pageForm, _ *Dialect) string {
		const within = "p.state = 0 AND (p.audience >= :floor OR p.area IN {ids :areas})"
		walk := func(by string) string {
			return "SELECT id FROM (SELECT p.created_at, p.id FROM {questions} p WHERE p." + by + " = :question AND p." + by + " IS NOT NULL AND " + within +
				" ORDER BY p.created_at DESC, p.id DESC LIMIT " + strconv.Itoa(qa.LinkedCount) + ") " + by[:1]
		}
		return "SELECT " + headOfQuestion.of("p.") + " FROM (SELECT coalesce(merged_into, closed_of) AS id FROM {questions} WHERE id = :question UNION " +
			walk("closed_of") + " UNION " + walk("merged_into") + ") k CROSS JOIN {questions} p WHERE p.id = k.id AND " + within
	},
	"remarks": func(t pageForm, _ *Dialect) string {
		after := ""
		if t.after {
			after = " AND (p.created_at, p.id) > (:at, :id)"
		}
		return "SELECT " + allOfComment.of("p.") + " FROM {comments} p WHERE p.question = :question AND p.answer = :answer AND " + t.seen() + after +
			" ORDER BY p.created_at, p.id LIMIT :limit"
	},
}

// pageArgs are the arguments of these texts.
type pageArgs struct {
	question qa.QuestionID
	answer   qa.AnswerID
	reader   auth.UserID
	reach    auth.Reach // for what :floor and :areas stand
	place    int64
	at       time.Time
	id       uuid.UUID
}

func (a pageArgs) of(name string) any {
	switch name {
	case ":question":
		return raw(a.question)
	case ":answer":
		return raw(a.answer)
	case ":reader":
		return a.reader
	case ":floor":
		return floor(a.reach)
	case ":areas":
		return areas(a.reach)
	case ":place":
		return a.place
	case ":at":
		return always(a.at)
	}
	return a.id
}

// part is a statement of a page.
func part[T any](f qaStore, out *[]T, about int, fields func(*T) []any, t pageForm, a pageArgs) Statement {
	form := f.s.root.formed(t, t.limit+1, func() string { return pageTexts[t.part](t, f.s.root.d) })
	args := make([]any, len(form.args))
	for i, name := range form.args {
		args[i] = a.of(name)
	}
	return into(out, about, fields, form.query, args...)
}

var (
	pageQuestion = `SELECT ` + allOfQuestion.of("") + ` FROM {questions} WHERE id = $1`
	pageVotes    = `SELECT question, answer, value, at FROM {votes} WHERE voter = $1 AND question = $2 AND value <> 0`
)

// Page implements [qa.Store].
func (f qaStore) Page(ctx context.Context, q qa.PageQuery) (qa.Page, error) {
	const op = "qa.Page"
	after, more, err := qa.ReadAnswerCursor(q.Question, q.After)
	if err == nil && more {
		err = readableTime(after.At.UnixMicro())
	}
	if err != nil {
		return qa.Page{}, failed(op, err)
	}
	var (
		questions, linked []qa.Question
		answers           []qa.Answer
		comments          []qa.Comment
		votes             []qa.CastVote

		limit = storage.Limit(q.Limit)
		t     = pageForm{guest: q.Reader.IsZero() && !q.Moderate.Floor.Valid() && len(q.Moderate.Areas) == 0, after: more, limit: limit}
		a     = pageArgs{question: q.Question, reader: q.Reader, reach: q.Moderate, place: after.Place, at: after.At, id: after.ID.Bytes()}
	)
	named := func(part string) pageForm { t := t; t.part = part; return t }
	list := make([]Statement, 0, 5)
	list = append(list, into(&questions, 1, questionFields, pageQuestion, raw(q.Question)),
		part(f, &answers, limit+1, answerFields, named("answers"), a),
		part(f, &comments, 16, commentFields, named("comments"), a))
	if q.Reach.Floor.Valid() || len(q.Reach.Areas) > 0 {
		all := a
		all.reach = q.Reach
		list = append(list, part(f, &linked, 4, headFields, pageForm{part: "linked"}, all))
	}
	if !q.Reader.IsZero() {
		list = append(list, into(&votes, 16, func(v *qa.CastVote) []any {
			return append([]any{&v.Post.Question, &v.Post.Answer}, voteFields(&v.Vote)...)
		}, pageVotes, q.Reader, raw(q.Question)))
	}
	if err := f.s.read(ctx, op, list...); err != nil {
		return qa.Page{}, err
	}
	if len(questions) == 0 {
		return qa.Page{}, failed(op, storage.ErrNotFound)
	}
	page := qa.Page{Question: questions[0]}
	page.Answers = storage.Page[qa.Answer]{Items: answers}
	if len(answers) > limit {
		page.Answers.Items = answers[:limit]
		page.Answers.Next = qa.AnswerCursor(q.Question, answers[limit-1].Key(page.Question.Acceptance))
	}
	shown := make(map[qa.Post]bool, 1+len(page.Answers.Items))
	shown[qa.Post{Question: q.Question}] = true
	for i := range page.Answers.Items {
		shown[qa.Post{Question: q.Question, Answer: page.Answers.Items[i].ID}] = true
	}
	slices.SortFunc(comments, func(a, b qa.Comment) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), a.ID.Compare(b.ID)) })
	for _, c := range comments {
		if p := (qa.Post{Question: c.Question, Answer: c.Answer}); shown[p] {
			if page.Comments == nil {
				page.Comments = map[qa.Post][]qa.Comment{}
			}
			page.Comments[p] = append(page.Comments[p], c)
		}
	}
	for _, v := range votes {
		if shown[v.Post] {
			if page.Votes == nil {
				page.Votes = make(map[qa.Post]qa.Vote, len(votes))
			}
			page.Votes[v.Post] = v.Vote
		}
	}
	other := cmp.Or(page.Question.MergedInto, page.Question.Closing.Of)
	for _, o := range linked {
		if o.ID == other {
			page.Original = o
		}
		if o.MergedInto == q.Question || o.Closing.Of == q.Question {
			page.Linked = append(page.Linked, o)
		}
	}
	slices.SortFunc(page.Linked, func(a, b qa.Question) int { return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), b.ID.Compare(a.ID)) })
	page.Linked = page.Linked[:min(len(page.Linked), qa.LinkedCount)]
	return page, nil
}

// placeTexts are the texts of Place: of a question, an answer, a comment on a
// question and one on an answer, of which only the first two have a vote, of
// the last argument.
var placeTexts = func() (all [4]string) {
	question, answer, comment := allOfQuestion.of("q."), ", "+allOfAnswer.of("a."), ", "+allOfComment.of("c.")
	const vote, of = ", v.value, v.at", " LEFT JOIN {votes} v ON v.question = q.id AND v.voter = "
	const answers = " JOIN {answers} a ON a.id = $2 AND a.question = q.id"
	for i, parts := range [][2]string{
		{vote, of + "$2 AND v.answer = {nil}"},
		{answer + vote, answers + of + "$3 AND v.answer = a.id"},
		{comment, " JOIN {comments} c ON c.id = $2 AND c.question = q.id AND c.answer = {nil}"},
		{answer + comment, answers + " JOIN {comments} c ON c.id = $3 AND c.question = q.id AND c.answer = a.id"},
	} {
		all[i] = "SELECT " + question + parts[0] + " FROM {questions} q" + parts[1] + " WHERE q.id = $1"
	}
	return all
}()

// Place implements [qa.Store].
func (f qaStore) Place(ctx context.Context, q qa.PlaceQuery) (qa.Place, error) {
	const op = "qa.Place"
	answer, comment := !q.Answer.IsZero(), !q.Comment.IsZero()
	text, args := placeTexts[0], []any{raw(q.Question), q.Reader}
	switch {
	case answer && comment:
		text, args = placeTexts[3], []any{raw(q.Question), raw(q.Answer), raw(q.Comment)}
	case comment:
		text, args = placeTexts[2], []any{raw(q.Question), raw(q.Comment)}
	case answer:
		text, args = placeTexts[1], []any{raw(q.Question), raw(q.Answer), q.Reader}
	}
	var found []qa.Place
	place := into(&found, 1, func(p *qa.Place) []any {
		dest := questionFields(&p.Question)
		if answer {
			dest = append(dest, answerFields(&p.Answer)...)
		}
		if comment {
			return append(dest, commentFields(&p.Comment)...)
		}
		return append(dest, voteFields(&p.Vote)...)
	}, text, args...)
	list := []Statement{place}
	if f.s.unit != nil && f.s.root.d.words["lock"] != "" {
		list = []Statement{{Query: lockQuestion.query, Args: []any{raw(q.Question)}}, place} // see forumStore.Place
	}
	if err := f.s.look(ctx, op, list...); err != nil {
		return qa.Place{}, err
	}
	if len(found) == 0 {
		return qa.Place{}, failed(op, storage.ErrNotFound)
	}
	return found[0], nil
}

// remarkKey is the place of a comment among those on its post.
type remarkKey struct {
	At int64 // microseconds
	ID qa.CommentID
}

// Comments implements [qa.Store].
func (f qaStore) Comments(ctx context.Context, q qa.CommentQuery) (page storage.Page[qa.Comment], err error) {
	const op = "qa.Comments"
	list := "qa.comments/" + q.Post.Question.String() + "/" + q.Post.Answer.String()
	var after remarkKey
	if q.After != "" {
		if err := storage.DecodeCursor(list, q.After, &after); err != nil {
			return page, failed(op, err)
		}
		if err := readableTime(after.At); err != nil {
			return page, failed(op, err)
		}
	}
	limit := storage.Limit(q.Limit)
	var items []qa.Comment
	err = f.s.read(ctx, op, part(f, &items, limit+1, commentFields, pageForm{part: "remarks", after: q.After != "", limit: limit}, pageArgs{
		question: q.Post.Question, answer: q.Post.Answer, reader: q.Reader, reach: q.Moderate, at: time.UnixMicro(after.At), id: after.ID.Bytes(),
	}))
	if err != nil {
		return page, err
	}
	return storage.Cut(items, limit, list, func(c qa.Comment) any { return remarkKey{c.CreatedAt.UnixMicro(), c.ID} }), nil
}
