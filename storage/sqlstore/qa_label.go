// SPDX-License-Identifier: BSD-3-Clause

package sqlstore

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// labelSteps follow the write of a question, whose row has its circle, area and
// counters then: its labels are what it says, and its tags are counted. One
// that was merged or waits has none.
func labelSteps(steps []step, q *qa.Question, words []string, fresh bool) []step {
	tags, themes := q.Tags, themeTexts(q.Themes)
	if questionCircle(q) == 0 {
		tags, themes, words = nil, nil, nil
	}
	if !fresh || len(tags) > 0 {
		steps = append(steps, do(&countTags, q.ID, tags))
	}
	if !fresh {
		steps = append(steps, do(&noTag, q.ID), do(&dropLabels, q.ID, tags, themes, words))
	}
	if len(tags)+len(themes)+len(words) > 0 {
		steps = append(steps, do(&insertLabels, q.ID, tags, themes, words))
	}
	return steps
}

// newLabels are the tags $2, the themes $3 and the words $4 of a question.
const newLabels = `(SELECT 1 AS kind, item FROM {texts $2} a UNION ALL SELECT 2, item FROM {texts $3} b UNION ALL SELECT 3, item FROM {texts $4} c)`

var (
	// countTags comes before the labels change. All is one statement, in the
	// order of the tags, so that of two who write neither waits for the other.
	countTags = write{
		query: `INSERT INTO {tags} AS t (tag, area, circle, n)
			SELECT tag, area, circle, sum(n) FROM (
				SELECT l.label AS tag, l.area AS area, l.circle AS circle, -1 AS n FROM {labels} l WHERE l.id = $1 AND l.kind = 1 AND l.circle > 0
				UNION ALL
				SELECT w.item, q.area, q.circle, 1 FROM {questions} q CROSS JOIN {texts $2} w WHERE q.id = $1 AND q.circle > 0
			) d GROUP BY tag, area, circle HAVING sum(n) <> 0 ORDER BY tag, area, circle
			ON CONFLICT (tag, area, circle) DO UPDATE SET n = t.n + excluded.n`,
	}
	// noTag drops those that no question has any more. They were changed by
	// countTags, and so nobody else is at them.
	noTag = write{
		query: `DELETE FROM {tags} WHERE n = 0 AND tag IN (SELECT l.label FROM {labels} l WHERE l.id = $1 AND l.kind = 1)`,
	}
	dropLabels = write{
		query: `DELETE FROM {labels} AS l WHERE l.id = $1 AND NOT EXISTS (SELECT 1 FROM {questions} q CROSS JOIN ` + newLabels + ` w
			WHERE q.id = $1 AND q.circle = l.circle AND q.area = l.area AND w.kind = l.kind AND w.item = l.label)`,
	}
	insertLabels = write{
		query: `INSERT INTO {labels} AS l (kind, label, circle, area, created_at, id, waits)
			SELECT w.kind, w.item, q.circle, q.area, q.created_at, q.id, w.kind < 3 AND q.answers = 0 AND q.reason = 0
			FROM {questions} q CROSS JOIN ` + newLabels + ` w WHERE q.id = $1
			ON CONFLICT (kind, label, circle, created_at, id) DO UPDATE SET waits = excluded.waits WHERE l.waits <> excluded.waits`,
	}
)

// A tagsForm is all that the text of Tags depends on.
type tagsForm struct {
	circles
	limit int
}

// text finds the first tags of each circle and of the areas within reach, of
// which the first are counted.
func (t tagsForm) text() string {
	var walks []string
	walk := func(where string) {
		walks = append(walks, "SELECT tag FROM (SELECT DISTINCT t.tag AS tag FROM {tags} t WHERE "+where+
			" AND t.tag >= :from AND t.tag < :to AND t.tag <> :after ORDER BY t.tag LIMIT :limit) w"+strconv.Itoa(len(walks)))
	}
	for n := 3; n >= t.open; n-- {
		walk("t.circle = " + strconv.Itoa(n))
	}
	within := "+t.circle >= " + strconv.Itoa(t.open)
	if t.areas {
		walk(inAreas)
		within = "(" + within + " OR " + inAreas + ")"
	}
	if len(walks) == 0 {
		return ""
	}
	return "SELECT t.tag, CAST(sum(t.n) AS bigint) FROM (SELECT tag FROM (" + strings.Join(walks, " UNION ") + ") u ORDER BY tag LIMIT :limit) k" +
		" CROSS JOIN {tags} t WHERE t.tag = k.tag AND " + within + " GROUP BY t.tag ORDER BY t.tag"
}

type tagKey struct{ T string }

func tagsName(prefix string) string { return "qa.tags/" + prefix }

// Tags implements [qa.Store].
func (f qaStore) Tags(ctx context.Context, q qa.TagQuery) (page storage.Page[qa.Tagged], err error) {
	const op = "qa.Tags"
	var after tagKey
	if q.After != "" {
		if err := storage.DecodeCursor(tagsName(q.Prefix), q.After, &after); err != nil {
			return page, failed(op, err)
		}
	}
	t := tagsForm{circlesOf(q.Reach, auth.AreaID{}, false), storage.Limit(q.Limit)}
	form := f.s.root.formed(t, t.limit+1, t.text)
	if form.query == "" {
		_, err := f.s.enter(ctx)
		return page, failed(op, err) // nothing is within reach
	}
	args := make([]any, len(form.args))
	for i, name := range form.args {
		switch name {
		case ":areas":
			args[i] = areas(q.Reach)
		case ":from":
			args[i] = max(q.Prefix, after.T)
		case ":to":
			args[i] = q.Prefix + string(utf8.MaxRune)
		case ":after":
			args[i] = after.T
		}
	}
	items, err := rows(ctx, f.s, op, t.limit+1, func(t *qa.Tagged) []any { return []any{(*text)(&t.Tag), (*number)(&t.Questions)} }, form.query, args...)
	if err != nil {
		return page, err
	}
	return storage.Cut(items, t.limit, tagsName(q.Prefix), func(t qa.Tagged) any { return tagKey{t.Tag} }), nil
}

var (
	putSynonym  = write{query: `INSERT INTO {synonyms} (tag, target) VALUES ($1, $2) ON CONFLICT (tag) DO UPDATE SET target = excluded.target`}
	dropSynonym = write{query: `DELETE FROM {synonyms} WHERE tag = $1`, refused: storage.ErrNotFound}
)

// Synonyms implements [qa.Store].
func (f qaStore) Synonyms(ctx context.Context, tags []string) ([]qa.Synonym, error) {
	query, args := `SELECT tag, target FROM {synonyms} ORDER BY tag`, []any(nil)
	if tags != nil {
		query, args = `SELECT tag, target FROM {synonyms} WHERE {among tag $1} ORDER BY tag`, []any{tags}
	}
	return rows(ctx, f.s, "qa.Synonyms", 8, func(s *qa.Synonym) []any { return []any{(*text)(&s.From), (*text)(&s.To)} }, query, args...)
}

// similarForm is all that the text of Similar depends on.
type similarForm struct {
	circles
	limit int
}

// text lets each word speak for the newest questions that have it.
func (l similarForm) text(d *Dialect) string {
	p := path{from: "{labels} t", by: "created_at", many: true}
	newest := p.merge(l.walks(d, p, "t.kind = 3 AND t.label = w.item AND t.id <> :but"))
	if newest == "" {
		return ""
	}
	newest = strings.ReplaceAll(newest, ":limit", strconv.Itoa(qa.SimilarDepth))
	return "SELECT " + headOfQuestion.of("q.") + ", k.words FROM (SELECT t.id AS id, count(*) AS words FROM {texts :words} w " +
		d.each("{labels}", newest) + " GROUP BY t.id) k CROSS JOIN {questions} q WHERE q.id = k.id ORDER BY k.words DESC, q.score DESC, q.id DESC LIMIT :limit"
}

// Similar implements [qa.Store].
func (f qaStore) Similar(ctx context.Context, q qa.SimilarQuery) ([]qa.Question, error) {
	const op = "qa.Similar"
	l := similarForm{circlesOf(q.Reach, auth.AreaID{}, false), storage.Limit(q.Limit)}
	form := f.s.root.formed(l, l.limit, func() string { return l.text(f.s.root.d) })
	if form.query == "" || len(q.Words) == 0 {
		_, err := f.s.enter(ctx)
		return nil, failed(op, err)
	}
	args := make([]any, len(form.args))
	for i, name := range form.args {
		switch name {
		case ":areas":
			args[i] = areas(q.Reach)
		case ":but":
			args[i] = raw(q.But)
		case ":words":
			args[i] = q.Words
		}
	}
	return rows(ctx, f.s, op, l.limit, func(q *qa.Question) []any { return append(headFields(q), new(ignored)) }, form.query, args...)
}
