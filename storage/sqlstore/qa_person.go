// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// suggestionColumns, in the order of suggestionValues; an update replaces those
// from the sixth on. A suggestion stands in the circle and the area of its
// question.
var suggestionColumns = columns{
	"id", "version", "question", "post", "kind", "base", "title", "tags", "themes", "body", "by_user", "by_org", "why", "at",
	"state", "decided_user", "decided_org", "reason", "ended_at",
}

func suggestionValues(v *qa.Suggestion) []any {
	return []any{v.ID, v.Version, v.Post.Question, entryID(v.Post), entryKind(v.Post) + 1, v.Base, v.Title, v.Tags, themeTexts(v.Themes), v.Body,
		v.By.User, v.By.For, v.Why, always(v.At), int(v.State), v.Decided.User, v.Decided.For, v.Reason, v.EndedAt}
}

func suggestionFields(v *qa.Suggestion) []any {
	return []any{&v.ID, (*number)(&v.Version), &v.Post.Question, &v.Post.Answer, (*number)(&v.Base), (*text)(&v.Title), (*wordList)(&v.Tags), (*themeList)(&v.Themes), (*text)(&v.Body),
		&v.By.User, &v.By.For, (*text)(&v.Why), (*moment)(&v.At), (*octet)(&v.State), &v.Decided.User, &v.Decided.For, (*text)(&v.Reason), (*moment)(&v.EndedAt)}
}

var suggestionSelect = `SELECT s.id, s.version, s.question, CASE WHEN s.kind = 2 THEN s.post END, ` + suggestionColumns[5:].of("s.") + ` FROM {suggestions} s`

var (
	// suggester makes those who insert suggestions of one person wait for each
	// other: whoever looks after it sees what is there.
	suggester        = write{query: `INSERT INTO {suggesters} AS m (who) VALUES ($1) ON CONFLICT (who) DO UPDATE SET who = m.who`}
	fewerSuggestions = write{
		query: `SELECT 1 WHERE (SELECT count(*) FROM {suggestions} WHERE by_user = $1 AND state = 0) < $2`, look: true, refused: storage.ErrConflict,
	}
	insertSuggestion = write{
		query: `INSERT INTO {suggestions} (` + suggestionColumns.of("") + `, area, circle)
			SELECT ` + numbered(1, len(suggestionColumns)) + `, q.area, q.audience FROM {questions} q WHERE q.id = $3`,
		unique: true, refused: storage.ErrExists,
	}
	updateSuggestion = write{
		query:   `UPDATE {suggestions} SET ` + suggestionColumns[5:].set(3) + `, version = version + 1 WHERE id = $1 AND version = $2`,
		refused: storage.ErrConflict, seen: `EXISTS (SELECT 1 FROM {suggestions} WHERE id = $1)`, args: 1,
	}
	// suggestionsStand and suggestionsMove follow a question and an answer.
	suggestionsStand = write{query: `UPDATE {suggestions} SET area = $2, circle = $3 WHERE question = $1 AND (area <> $2 OR circle <> $3)`}
	suggestionsMove  = write{
		query: `UPDATE {suggestions} SET question = $2, area = (SELECT area FROM {questions} WHERE id = $2), circle = (SELECT audience FROM {questions} WHERE id = $2)
			WHERE post = $1 AND kind = 2`,
	}

	dropOffers   = write{query: `DELETE FROM {offers} WHERE question = $1`}
	insertOffers = write{query: `INSERT INTO {offers} (question, who) SELECT $1, u.item FROM {ids $2} u WHERE TRUE ON CONFLICT DO NOTHING`}
	dropOffer    = write{query: `DELETE FROM {offers} WHERE question = $1 AND who = $2`}

	// What names a person is emptied, or dropped; votes come after the posts, as
	// where one is cast.
	qaErasures = []write{
		forget("{questions}", []string{"by", "edited", "removed", "closed", "accepted"}, `SELECT id FROM {questions} WHERE delegate = $1`,
			namedIn("{qa_revisions}", "by_user", "kind = 1"), namedIn("{qa_mentions}", "who", "kind = 1")),
		forget("{answers}", []string{"by", "edited", "removed"}, namedIn("{qa_revisions}", "by_user", "kind = 2"), namedIn("{qa_mentions}", "who", "kind = 2")),
		forget("{comments}", []string{"by", "edited", "removed"}, namedIn("{qa_revisions}", "by_user", "kind = 3"), namedIn("{qa_mentions}", "who", "kind = 3")),
		{query: `UPDATE {questions} SET delegate = NULL WHERE delegate = $1`},
		emptyBy("{questions}", "last"), emptyBy("{qa_revisions}", "by"),
		{query: `UPDATE {suggestions} SET state = 3 WHERE by_user = $1 AND state = 0`},
		forget("{suggestions}", []string{"by", "decided"}),
		{query: `UPDATE {votes} SET voter = NULL WHERE voter = $1`},
		dropOf("{qa_mentions}"), dropOf("{offers}"), dropOf("{suggesters}"),
	}
)

// askerSteps are the changes of suggestions, tags and offers, and of what a
// person has to do with questions.
func askerSteps(steps []step, c storage.Change) ([]step, bool) {
	switch c := c.(type) {
	case qa.InsertSuggestion:
		v := c.Suggestion
		steps = append(steps, entryThere.on(v.Post))
		if c.Most > 0 && v.State == qa.Pending {
			steps = append(steps, do(&suggester, raw(v.By.User)), do(&fewerSuggestions, raw(v.By.User), c.Most))
		}
		return append(steps, do(&insertSuggestion, suggestionValues(&v)...)), true
	case qa.UpdateSuggestion:
		v := suggestionValues(&c.Suggestion)
		return append(steps, do(&updateSuggestion, slices.Delete(v, 2, 5)...)), true
	case qa.PutSynonym:
		return append(steps, do(&putSynonym, c.Synonym.From, c.Synonym.To)), true
	case qa.DropSynonym:
		return append(steps, do(&dropSynonym, c.From)), true
	case qa.SetOffers:
		steps = append(steps, do(&lockQuestion, raw(c.Question)), do(&dropOffers, raw(c.Question)))
		if len(c.Users) > 0 {
			steps = append(steps, do(&insertOffers, raw(c.Question), users(c.Users)))
		}
		return steps, true
	case qa.DropOffer:
		return append(steps, do(&dropOffer, raw(c.Question), raw(c.User))), true
	case qa.EraseUser:
		if !c.User.IsZero() {
			for i := range qaErasures {
				steps = append(steps, do(&qaErasures[i], raw(c.User)))
			}
		}
		return steps, true
	}
	return steps, false
}

var suggestionByID = rootQuery{suggestionSelect + ` WHERE s.id = $1`, suggestionSelect + ` WHERE s.id = $1 {lock}`}

// Suggestion implements [qa.Store].
func (f qaStore) Suggestion(ctx context.Context, id qa.SuggestionID) (qa.Suggestion, error) {
	return row(ctx, f.s, "qa.Suggestion", suggestionFields, f.s.rootText(suggestionByID), id)
}

// suggestionKey is the place of a suggestion in a list.
type suggestionKey struct {
	At int64 // microseconds
	ID qa.SuggestionID
}

// suggestionArgs are the arguments of lists, by the names in their text.
var suggestionArgs = map[string]func(q qa.SuggestionQuery, after suggestionKey) any{
	":by":       func(q qa.SuggestionQuery, _ suggestionKey) any { return q.By },
	":post":     func(q qa.SuggestionQuery, _ suggestionKey) any { return entryID(q.Post) },
	":question": func(q qa.SuggestionQuery, _ suggestionKey) any { return raw(q.Post.Question) },
	":kind":     func(q qa.SuggestionQuery, _ suggestionKey) any { return entryKind(q.Post) + 1 },
	":areas":    func(q qa.SuggestionQuery, _ suggestionKey) any { return areas(q.Reach) },
	":at":       func(_ qa.SuggestionQuery, after suggestionKey) any { return always(time.UnixMicro(after.At)) },
	":id":       func(_ qa.SuggestionQuery, after suggestionKey) any { return raw(after.ID) },
}

// suggestionList is all that the text of a list depends on.
type suggestionList struct {
	circles
	by, post, pending, after bool
	limit                    int
}

func (l suggestionList) text(d *Dialect) string {
	p := path{from: "{suggestions} t", by: "at", many: true}
	var only []string
	if l.post {
		only = append(only, "t.post = :post AND t.kind = :kind AND t.question = :question")
	}
	if l.pending {
		only = append(only, "t.state = 0")
	}
	if l.after {
		only = append(only, p.after())
	}
	var walks []string
	switch {
	case l.by:
		walks = []string{p.walk(append(only, "t.by_user = :by", l.within(p))...)}
	case l.post:
		walks = []string{p.walk(append(only, l.within(p))...)}
	default:
		walks = l.walks(d, p, "", only...)
	}
	if len(walks) == 0 {
		return ""
	}
	fields, _ := strings.CutSuffix(suggestionSelect, "{suggestions} s")
	return fields + "(" + p.merge(walks) + ") k CROSS JOIN {suggestions} s WHERE s.id = k.id"
}

// Suggestions implements [qa.Store].
func (f qaStore) Suggestions(ctx context.Context, q qa.SuggestionQuery) (page storage.Page[qa.Suggestion], err error) {
	const op = "qa.Suggestions"
	list := fmt.Sprint("qa.suggestions/", q.By, "/", q.Post.Question, "/", q.Post.Answer, "/", q.Pending)
	var after suggestionKey
	if q.After != "" {
		if err := storage.DecodeCursor(list, q.After, &after); err != nil {
			return page, failed(op, err)
		}
		if err := readableTime(after.At); err != nil {
			return page, failed(op, err)
		}
	}
	l := suggestionList{
		circles: circlesOf(q.Reach, auth.AreaID{}, false), by: !q.By.IsZero(), post: q.Post != qa.Post{}, pending: q.Pending, after: q.After != "",
		limit: storage.Limit(q.Limit),
	}
	form := f.s.root.formed(l, l.limit+1, func() string { return l.text(f.s.root.d) })
	if form.query == "" {
		_, err := f.s.enter(ctx)
		return page, failed(op, err) // nothing is within reach
	}
	args := make([]any, len(form.args))
	for i, name := range form.args {
		args[i] = suggestionArgs[name](q, after)
	}
	items, err := rows(ctx, f.s, op, l.limit+1, suggestionFields, form.query, args...)
	if err != nil {
		return page, err
	}
	slices.SortFunc(items, func(a, b qa.Suggestion) int { return cmp.Or(b.At.Compare(a.At), b.ID.Compare(a.ID)) })
	return storage.Cut(items, l.limit, list, func(v qa.Suggestion) any { return suggestionKey{v.At.UnixMicro(), v.ID} }), nil
}

// Offers implements [qa.Store].
func (f qaStore) Offers(ctx context.Context, id qa.QuestionID) ([]auth.UserID, error) {
	return rows(ctx, f.s, "qa.Offers", 4, func(u *auth.UserID) []any { return []any{u} }, `SELECT who FROM {offers} WHERE question = $1 ORDER BY who`, raw(id))
}

// entryKey is the place of a post among those that name a person.
type entryKey struct {
	Q qa.QuestionID
	P uuid.UUID // zero for the question itself
}

func entriesName(user auth.UserID) string { return "qa.written/" + user.String() }

// entriesOf finds the posts of $1 after ($2, $3), with one walk for each place
// where a post may name a person.
var entriesOf = func() string {
	var walks []string
	walk := func(text string) {
		walks = append(walks, `SELECT question, post, kind FROM (`+text+` ORDER BY question, post LIMIT $4) w`)
	}
	for _, by := range []string{"by_user", "edited_user", "removed_user", "closed_user", "accepted_user", "delegate", "last_user"} {
		walk(`SELECT p.id AS question, {nil} AS post, 1 AS kind FROM {questions} p WHERE p.` + by + ` = $1 AND p.id > $2`)
	}
	for i, table := range []string{"{answers}", "{comments}"} {
		for _, by := range []string{"by", "edited", "removed"} {
			walk(`SELECT p.question AS question, p.id AS post, ` + []string{"2", "3"}[i] + ` AS kind FROM ` + table + ` p WHERE p.` + by + `_user = $1 AND (p.question, p.id) > ($2, $3)`)
		}
	}
	for _, in := range []string{"{qa_revisions} v ON v.by_user", "{qa_mentions} v ON v.who"} {
		from, by, _ := strings.Cut(in, " ON ")
		walk(`SELECT DISTINCT coalesce(a.question, c.question, v.post) AS question, CASE WHEN v.kind = 1 THEN {nil} ELSE v.post END AS post, v.kind AS kind
			FROM ` + from + ` LEFT JOIN {answers} a ON v.kind = 2 AND a.id = v.post LEFT JOIN {comments} c ON v.kind = 3 AND c.id = v.post
			WHERE ` + by + ` = $1 AND (coalesce(a.question, c.question, v.post), CASE WHEN v.kind = 1 THEN {nil} ELSE v.post END) > ($2, $3)`)
	}
	return `SELECT ` + allOfQuestion.of("q.") + `, ` + allOfAnswer.of("a.") + `, ` + allOfComment.of("c.") + `
		FROM (` + strings.Join(walks, " UNION ") + ` ORDER BY question, post LIMIT $4) k
		JOIN {questions} q ON q.id = k.question LEFT JOIN {comments} c ON k.kind = 3 AND c.id = k.post
		LEFT JOIN {answers} a ON a.id = CASE WHEN k.kind = 2 THEN k.post ELSE c.answer END`
}()

// Written implements [qa.Store].
func (f qaStore) Written(ctx context.Context, q qa.WrittenQuery) (page storage.Page[qa.Place], err error) {
	const op = "qa.Written"
	var after entryKey
	if q.After != "" {
		if err := storage.DecodeCursor(entriesName(q.User), q.After, &after); err != nil {
			return page, failed(op, err)
		}
	}
	limit := storage.Limit(q.Limit)
	items, err := rows(ctx, f.s, op, limit+1, entriesFields, entriesOf, q.User, raw(after.Q), after.P, limit+1)
	if err != nil {
		return page, err
	}
	key := func(p qa.Place) entryKey {
		switch {
		case !p.Comment.ID.IsZero():
			return entryKey{p.Question.ID, p.Comment.ID.Bytes()}
		case !p.Answer.ID.IsZero():
			return entryKey{p.Question.ID, p.Answer.ID.Bytes()}
		}
		return entryKey{Q: p.Question.ID}
	}
	slices.SortFunc(items, func(a, b qa.Place) int {
		x, y := key(a), key(b)
		return cmp.Or(x.Q.Compare(y.Q), slices.Compare(x.P[:], y.P[:]))
	})
	return storage.Cut(items, limit, entriesName(q.User), func(p qa.Place) any { return key(p) }), nil
}
