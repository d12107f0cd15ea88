// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// suggestionLabels are what a suggestion is found by.
func suggestionLabels(s *qa.Suggestion) []label {
	at := s.At.UnixMicro()
	all := []label{{inSuggested, "", at}, {suggestedFor, textOfEntry(entryOf(s.Post)), at}, {suggestedBy, bytesOf(s.By.User), at}}
	if s.State == qa.Pending {
		for _, l := range all {
			all = append(all, label{l.kind + inPending - inSuggested, l.text, at})
		}
	}
	if !s.Decided.User.IsZero() {
		all = append(all, label{decidedBy, bytesOf(s.Decided.User), at})
	}
	return all
}

// textOfEntry is a post as the text of a label.
func textOfEntry(e entry) string {
	return bytesOf(storageID[qa.Post](e.id)) + string([]byte{byte(e.kind)})
}

// whole returns a copy that shares nothing, with its post where that is now.
func (st *state) wholeSuggestion(s *qa.Suggestion) qa.Suggestion {
	v := *s
	v.Post = st.wholeEntry(entryOf(s.Post))
	v.Tags, v.Themes = slices.Clone(s.Tags), slices.Clone(s.Themes)
	return v
}

// setSuggestion puts a suggestion in the place of another state of it, nil if
// it is new.
func (st *state) setSuggestion(was, now *qa.Suggestion) {
	k := idOf(now.ID)
	st.suggestions.put(st.era, k, now)
	q, _ := st.questions.get(idOf(st.wholeEntry(entryOf(now.Post)).Question))
	var before []label
	if was != nil {
		before = suggestionLabels(was)
	}
	relabel(&st.desks, st.era, k, before, q.stand(), suggestionLabels(now), q.stand())
}

// moveSuggestions moves the suggestions for a question, and for its answers,
// that now stand elsewhere.
func (st *state) moveSuggestions(q qa.QuestionID, from, to stand) {
	st.moveSuggestionsFor(qa.Post{Question: q}, from, to)
	for _, a := range st.answersOf(q) {
		st.moveSuggestionsFor(postOfAnswer(a), from, to)
	}
}

func (st *state) moveSuggestionsFor(p qa.Post, from, to stand) {
	what := label{kind: suggestedFor, text: textOfEntry(entryOf(p))}
	var moved []*qa.Suggestion
	for k := range st.desks.from(what.start(from)) {
		if k.stand != from || k.kind != what.kind || k.text != what.text {
			break
		}
		s, _ := st.suggestions.get(k.id)
		moved = append(moved, s)
	}
	for _, s := range moved {
		all := suggestionLabels(s)
		relabel(&st.desks, st.era, idOf(s.ID), all, from, all, to)
	}
}

func (st *state) insertSuggestion(c qa.InsertSuggestion) error {
	s := c.Suggestion
	if !s.Post.Comment.IsZero() || !st.hasEntry(s.Post) {
		return storage.ErrNotFound
	}
	if c.Most > 0 && s.State == qa.Pending && !s.By.User.IsZero() && len(st.suggestionsBy(pendingBy, s.By.User, c.Most)) == c.Most {
		return storage.ErrConflict
	}
	if st.suggestions.has(idOf(s.ID)) {
		return storage.ErrExists
	}
	s.At = instant(s.At)
	cleanSuggestion(&s)
	st.setSuggestion(nil, &s)
	return nil
}

func (st *state) updateSuggestion(s qa.Suggestion) error {
	was, ok := st.suggestions.get(idOf(s.ID))
	if !ok {
		return storage.ErrNotFound
	}
	if was.Version != s.Version {
		return storage.ErrConflict
	}
	s.Version++
	s.Post, s.At = was.Post, was.At
	cleanSuggestion(&s)
	st.setSuggestion(was, &s)
	return nil
}

func cleanSuggestion(s *qa.Suggestion) {
	s.EndedAt = instant(s.EndedAt)
	s.Tags, s.Themes = append([]string(nil), s.Tags...), append([]qa.ThemeID(nil), s.Themes...)
}

// anywhere are all stands, whatever the circle.
var anywhere = []stand{{circle: everywhere}, {circle: everywhere + 1}, {circle: everywhere + 2}, {circle: everywhere + 3}}

// suggestionsBy returns so many suggestions of a person, the newest first.
func (st *state) suggestionsBy(kind labelKind, user auth.UserID, most int) []found[*qa.Suggestion] {
	return walk(st.desks, label{kind: kind, text: bytesOf(user)}, anywhere, listStart, most, st.anySuggestion)
}

func (st *state) anySuggestion(k id) (*qa.Suggestion, bool) { return st.suggestions.get(k) }

// Suggestion implements [qa.Store].
func (f qaStore) Suggestion(ctx context.Context, id qa.SuggestionID) (qa.Suggestion, error) {
	return read(ctx, f.s, "qa.Suggestion", func(st *state) (qa.Suggestion, error) {
		s, ok := st.suggestions.get(idOf(id))
		if !ok {
			return qa.Suggestion{}, storage.ErrNotFound
		}
		return st.wholeSuggestion(s), nil
	})
}

// suggestionCursor is the place of a suggestion in a list.
type suggestionCursor struct {
	At int64 // microseconds
	ID qa.SuggestionID
}

func suggestionList(q qa.SuggestionQuery) string {
	return fmt.Sprint("qa.suggestions/", q.By, "/", q.Post.Question, "/", q.Post.Answer, "/", q.Pending)
}

// Suggestions implements [qa.Store].
func (f qaStore) Suggestions(ctx context.Context, q qa.SuggestionQuery) (storage.Page[qa.Suggestion], error) {
	return read(ctx, f.s, "qa.Suggestions", func(st *state) (page storage.Page[qa.Suggestion], err error) {
		after := listStart
		if q.After != "" {
			var c suggestionCursor
			if err := storage.DecodeCursor(suggestionList(q), q.After, &c); err != nil {
				return page, err
			}
			after = position{c.At, idOf(c.ID)}
		}
		anyPost := q.Post == qa.Post{}
		if !anyPost && !st.hasEntry(q.Post) {
			return page, nil
		}
		of := entryOf(q.Post)
		what, shelves := label{kind: inSuggested}, stands(q.Reach, auth.AreaID{})
		if !q.By.IsZero() {
			what, shelves = label{kind: suggestedBy, text: bytesOf(q.By)}, anywhere
		} else if !anyPost {
			what = label{kind: suggestedFor, text: textOfEntry(of)}
		}
		if q.Pending {
			what.kind += inPending - inSuggested
		}
		limit := storage.Limit(q.Limit)
		list := walk(st.desks, what, shelves, after, limit+1, func(k id) (*qa.Suggestion, bool) {
			s, _ := st.suggestions.get(k)
			in, _ := st.questions.get(idOf(s.Post.Question))
			return s, (anyPost || entryOf(s.Post) == of) && q.Reach.Covers(in.Area, in.Audience)
		})
		var items []qa.Suggestion
		for _, f := range list {
			items = append(items, st.wholeSuggestion(f.thing))
		}
		return storage.Cut(items, limit, suggestionList(q), func(s qa.Suggestion) any { return suggestionCursor{s.At.UnixMicro(), s.ID} }), nil
	})
}

// eraseFromSuggestions empties the bylines of a person, and retracts what they
// suggested and is pending.
func (st *state) eraseFromSuggestions(who auth.UserID) {
	all := append(st.suggestionsBy(suggestedBy, who, math.MaxInt), st.suggestionsBy(decidedBy, who, math.MaxInt)...)
	for _, f := range all {
		was, _ := st.suggestions.get(f.id) // which may be both
		s := *was
		if s.By.User == who && s.State == qa.Pending {
			s.State = qa.Retracted
		}
		if erase(who, &s.By, &s.Decided) {
			s.Version++
		}
		st.setSuggestion(was, &s)
	}
}
