// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// What belongs to a question, an answer or a comment names it by an id and its
// kind. Each write has a text for each kind, where {kind} is that, {post} the
// table of the post, and {there} the condition that it is there: $1 is the id,
// $2 that of the question, and $3 that of the answer or 16 zero bytes, of which
// a question has neither.
type entryWrite [3]write

func ofEntry(w write) (all entryWrite) {
	for i, table := range []string{"{questions}", "{answers}", "{comments}"} {
		at := "id = $1" + []string{"", " AND question = $2", " AND question = $2 AND answer = $3"}[i]
		words := strings.NewReplacer("{post}", table, "{kind}", []string{"1", "2", "3"}[i], "{at}", at,
			"{there}", "EXISTS (SELECT 1 FROM "+table+" WHERE "+at+")")
		all[i] = w
		all[i].query, all[i].seen, all[i].args = words.Replace(w.query), words.Replace(w.seen), i+1
	}
	return all
}

func entryKind(p qa.Post) int {
	switch {
	case !p.Comment.IsZero():
		return 2
	case !p.Answer.IsZero():
		return 1
	}
	return 0
}

func entryID(p qa.Post) uuid.UUID {
	return [...]uuid.UUID{p.Question.Bytes(), p.Answer.Bytes(), p.Comment.Bytes()}[entryKind(p)]
}

// on returns the step of a post. In its text, the arguments are those of
// {there}, which are as many as its kind has, and then {1}, {2}, …, see numbers.
func (w *entryWrite) on(p qa.Post, args ...any) step {
	at := []any{entryID(p), raw(p.Question), raw(p.Answer)}[:entryKind(p)+1]
	return do(&w[entryKind(p)], append(at, args...)...)
}

// in returns the step of a post whose text has no {there}: the arguments are
// $1 and then $2, $3, ….
func (w *entryWrite) in(p qa.Post, args ...any) step {
	return do(&w[entryKind(p)], append([]any{entryID(p)}, args...)...)
}

// numbers gives every text of a write its own numbers for what follows the
// arguments of {there}: {1} is the first of them.
func (w entryWrite) numbers() entryWrite {
	for i := range w {
		var words []string
		for n := 1; n <= 12; n++ {
			words = append(words, "{"+numbered(n, n)[1:]+"}", numbered(n+i+1, n+i+1))
		}
		w[i].query = strings.NewReplacer(words...).Replace(w[i].query)
	}
	return w
}

var textColumns = columns{"n", "by_user", "by_org", "at", "title", "tags", "themes", "why", "body"}

func textOfFields(r *qa.Revision) []any {
	return []any{(*number)(&r.N), &r.By.User, &r.By.For, (*moment)(&r.At), (*text)(&r.Title), (*wordList)(&r.Tags), (*themeList)(&r.Themes), (*text)(&r.Why), (*text)(&r.Body)}
}

var (
	entryThere = ofEntry(write{query: `SELECT 1 WHERE {there}`, look: true, refused: storage.ErrNotFound})

	insertText = ofEntry(write{
		query: `INSERT INTO {qa_revisions} (post, kind, ` + textColumns.of("") + `) SELECT $1, {kind}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}
			WHERE {there} ON CONFLICT DO NOTHING`,
		refused: storage.ErrExists, seen: `{there}`,
	}).numbers()
	deleteTexts = ofEntry(write{query: `DELETE FROM {qa_revisions} WHERE post = $1 AND kind = {kind} AND {there}`})
	textsOf     = ofEntry(write{query: `SELECT ` + textColumns.of("") + ` FROM {qa_revisions} WHERE post = $1 AND kind = {kind} AND {there} ORDER BY n`})

	dropNamed   = ofEntry(write{query: `DELETE FROM {qa_mentions} WHERE post = $1 AND kind = {kind}`})
	insertNamed = ofEntry(write{query: `INSERT INTO {qa_mentions} (post, kind, who) SELECT $1, {kind}, u.item FROM {ids $2} u WHERE TRUE ON CONFLICT DO NOTHING`})

	// setAuthor of a question makes it the last to write where nobody answered.
	setAuthor = func() entryWrite {
		w := ofEntry(write{
			query:   `UPDATE {post} SET by_user = {2}, by_org = {3}, version = version + 1{last} WHERE {at} AND version = {1}`,
			refused: storage.ErrConflict, seen: `{there}`,
		}).numbers()
		last := `, last_user = CASE WHEN answers = 0 THEN $3 ELSE last_user END, last_org = CASE WHEN answers = 0 THEN $4 ELSE last_org END`
		for i, text := range []string{last, "", ""} {
			w[i].query = strings.Replace(w[i].query, "{last}", text, 1)
		}
		return w
	}()

	// A vote is counted in its post first, where all who vote on it wait for
	// each other.
	countVote = [2]write{
		{query: `UPDATE {questions} SET up = up + $2, down = down + $3, score = score + $2 - $3 WHERE id = $1`, refused: storage.ErrNotFound},
		{query: `UPDATE {answers} SET up = up + $2, down = down + $3, place = ` + placeBut("$2 - $3") + ` WHERE id = $1 AND question = $4`, refused: storage.ErrNotFound},
	}
	castVote = write{
		query: `INSERT INTO {votes} AS v (voter, question, answer, value, at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (voter, question, answer) DO UPDATE SET value = excluded.value WHERE v.value = 0`,
		refused: storage.ErrConflict,
	}
	changeVote = write{
		query:   `UPDATE {votes} SET value = $4 WHERE voter = $1 AND question = $2 AND answer = $3 AND value = $5`,
		refused: storage.ErrConflict,
	}
	// uncount takes the vote of $3 on a post from its tally, and dropVote drops
	// it.
	uncount = [2]write{
		{query: `UPDATE {questions} SET up = up - ` + votesFor("1") + `, down = down - ` + votesFor("-1") +
			`, score = score - ` + votesFor("1") + ` + ` + votesFor("-1") + ` WHERE id = $1`},
		{query: `UPDATE {answers} SET up = up - ` + votesFor("1") + `, down = down - ` + votesFor("-1") +
			`, place = ` + placeBut(votesFor("-1")+` - `+votesFor("1")) + ` WHERE id = $2`},
	}
	dropVote = write{query: `DELETE FROM {votes} WHERE voter = $3 AND question = $1 AND answer = $2`}
)

// placeBut is the place of an answer whose score is so much more; the accepted
// one stays where it is.
func placeBut(more string) string {
	return `CASE WHEN place = ` + acceptedPlace + ` THEN place ELSE place - (` + more + `) END`
}

func votesFor(value string) string {
	return `(SELECT count(*) FROM {votes} v WHERE v.voter = $3 AND v.question = $1 AND v.answer = $2 AND v.value = ` + value + `)`
}

// entrySteps are the changes of what belongs to a post.
func entrySteps(steps []step, c storage.Change) ([]step, bool) {
	switch c := c.(type) {
	case qa.SetVote:
		return voteSteps(steps, c), true
	case qa.SetAuthor:
		return authorSteps(steps, c), true
	case qa.InsertRevision:
		r := c.Revision
		return append(steps, insertText.on(r.Post, r.N, r.By.User, r.By.For, always(r.At), r.Title, r.Tags, themeTexts(r.Themes), r.Why, r.Body)), true
	case qa.DeleteRevisions:
		return append(steps, deleteTexts.on(c.Post)), true
	case qa.SetMentions:
		steps = append(steps, entryThere.on(c.Post), dropNamed.in(c.Post))
		if len(c.Users) > 0 {
			steps = append(steps, insertNamed.in(c.Post, users(c.Users)))
		}
		return steps, true
	}
	return steps, false
}

func voteSteps(steps []step, c qa.SetVote) []step {
	up, down := tallied(c.To)
	fromUp, fromDown := tallied(c.From)
	count := do(&countVote[0], raw(c.Post.Question), up-fromUp, down-fromDown)
	if !c.Post.Answer.IsZero() {
		count = do(&countVote[1], raw(c.Post.Answer), up-fromUp, down-fromDown, raw(c.Post.Question))
	}
	if c.From == qa.None {
		return append(steps, count, do(&castVote, raw(c.User), raw(c.Post.Question), raw(c.Post.Answer), int(c.To), always(c.At)))
	}
	return append(steps, count, do(&changeVote, raw(c.User), raw(c.Post.Question), raw(c.Post.Answer), int(c.To), int(c.From)))
}

func tallied(v qa.Value) (up, down int) {
	switch v {
	case qa.For:
		return 1, 0
	case qa.Against:
		return 0, 1
	}
	return 0, 0
}

func authorSteps(steps []step, c qa.SetAuthor) []step {
	kind := entryKind(c.Post)
	if kind == 1 {
		steps = append(steps, do(&lockQuestionOf, c.Post.Answer))
	}
	steps = append(steps, setAuthor.on(c.Post, c.Version, c.By.User, c.By.For))
	if kind == 1 {
		steps = append(steps, do(&recountOf, c.Post.Answer))
	}
	if kind < 2 && !c.By.User.IsZero() {
		vote := []any{raw(c.Post.Question), raw(c.Post.Answer), raw(c.By.User)}
		steps = append(steps, do(&uncount[kind], vote...), do(&dropVote, slices.Clone(vote)...))
	}
	return steps
}

// Revisions implements [qa.Store].
func (f qaStore) Revisions(ctx context.Context, p qa.Post) ([]qa.Revision, error) {
	st := textsOf.on(p)
	out, err := rows(ctx, f.s, "qa.Revisions", 4, textOfFields, st.w.query, st.args...)
	for i := range out {
		out[i].Post = p
	}
	return out, err
}

// voteFields are those of a vote, of a row that may not be there.
func voteFields(v *qa.Vote) []any { return []any{(*sign)(&v.Value), (*moment)(&v.At)} }

// sign is read from a small number that may be negative.
type sign int8

func (s *sign) Scan(src any) error {
	v, err := integer(src)
	*s = sign(v)
	return err
}

const votesOf = `SELECT question, answer, value, at FROM {votes} WHERE voter = $1 AND value <> 0`

// Votes implements [qa.Store].
func (f qaStore) Votes(ctx context.Context, user auth.UserID) ([]qa.CastVote, error) {
	out, err := rows(ctx, f.s, "qa.Votes", 16, func(v *qa.CastVote) []any {
		return append([]any{&v.Post.Question, &v.Post.Answer}, voteFields(&v.Vote)...)
	}, votesOf, raw(user))
	slices.SortFunc(out, func(a, b qa.CastVote) int {
		return cmp.Or(a.Post.Question.Compare(b.Post.Question), a.Post.Answer.Compare(b.Post.Answer))
	})
	return out, err
}

// heldEntry is the place of a post among those that wait.
type heldEntry struct {
	At int64 // microseconds
	ID uuid.UUID
}

const heldEntries = "qa.held"

// heldEntriesOf are the texts of Held: of the first page, and of those after a
// place; of everybody's posts, and of one person's. $1 is the floor of the reach,
// $2 its areas, $3 the limit.
var heldEntriesOf = [2][2]string{
	{heldEntriesText(""), heldEntriesText(" AND (p.created_at, p.id) > ($4, $5)")},
	{heldEntriesText(" AND p.by_user = $4"), heldEntriesText(" AND (p.created_at, p.id) > ($4, $5) AND p.by_user = $6")},
}

func heldEntriesText(also string) string {
	walk := func(table, question, answer, comment string) string {
		from := "{questions} p"
		if table != "{questions}" {
			from = table + " p JOIN {questions} q ON q.id = p.question"
		}
		return `SELECT * FROM (SELECT ` + question + ` AS question, ` + answer + ` AS answer, ` + comment + ` AS comment, p.created_at AS at, p.id AS post
			FROM ` + from + ` WHERE p.state = 4 AND (` + question[:1] + `.audience >= $1 OR ` + question[:1] + `.area IN {ids $2})` + also + `
			ORDER BY p.created_at, p.id LIMIT $3) ` + "w"
	}
	return entriesText(walk("{questions}", "p.id", "{nil}", "{nil}") + ` UNION ALL ` +
		walk("{answers}", "q.id", "p.id", "{nil}") + ` UNION ALL ` +
		walk("{comments}", "q.id", "p.answer", "p.id") + ` ORDER BY at, post LIMIT $3`)
}

// entriesText reads the posts that a query finds.
func entriesText(keys string) string {
	return `SELECT ` + allOfQuestion.of("q.") + `, ` + allOfAnswer.of("a.") + `, ` + allOfComment.of("c.") + ` FROM (` + keys + `) k
		JOIN {questions} q ON q.id = k.question LEFT JOIN {answers} a ON a.id = k.answer LEFT JOIN {comments} c ON c.id = k.comment`
}

func entriesFields(p *qa.Place) []any {
	return append(append(questionFields(&p.Question), answerFields(&p.Answer)...), commentFields(&p.Comment)...)
}

// Held implements [qa.Store].
func (f qaStore) Held(ctx context.Context, q qa.HeldQuery) (page storage.Page[qa.Place], err error) {
	const op = "qa.Held"
	limit := storage.Limit(q.Limit)
	texts := heldEntriesOf[0]
	if !q.By.IsZero() {
		texts = heldEntriesOf[1]
	}
	text, args := texts[0], []any{floor(q.Reach), areas(q.Reach), limit + 1}
	if q.After != "" {
		var after heldEntry
		if err := storage.DecodeCursor(heldEntries, q.After, &after); err != nil {
			return page, failed(op, err)
		}
		if err := readableTime(after.At); err != nil {
			return page, failed(op, err)
		}
		text, args = texts[1], append(args, always(time.UnixMicro(after.At)), after.ID)
	}
	if !q.By.IsZero() {
		args = append(args, raw(q.By))
	}
	items, err := rows(ctx, f.s, op, limit+1, entriesFields, text, args...)
	if err != nil {
		return page, err
	}
	slices.SortFunc(items, func(a, b qa.Place) int {
		x, y := heldEntryAt(a), heldEntryAt(b)
		return cmp.Or(cmp.Compare(x.At, y.At), slices.Compare(x.ID[:], y.ID[:]))
	})
	return storage.Cut(items, limit, heldEntries, func(p qa.Place) any { return heldEntryAt(p) }), nil
}

func heldEntryAt(p qa.Place) heldEntry {
	switch {
	case !p.Comment.ID.IsZero():
		return heldEntry{p.Comment.CreatedAt.UnixMicro(), p.Comment.ID.Bytes()}
	case !p.Answer.ID.IsZero():
		return heldEntry{p.Answer.CreatedAt.UnixMicro(), p.Answer.ID.Bytes()}
	}
	return heldEntry{p.Question.CreatedAt.UnixMicro(), p.Question.ID.Bytes()}
}
