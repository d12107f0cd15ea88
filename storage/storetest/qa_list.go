// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

var qaListPromises = []promise{
	{"QA/Questions/Filters", "a list has what its query selects, all of it, in order, and nothing else, whatever the page's size", false, qaFilters},
	{"QA/Questions/Reach", "a list of questions has those within reach and no other", false, qaReach},
	{"QA/Questions/Reach300", "a reach of 300 areas is no more than one of 3", false, qaReachMany},
	{"QA/Similar/But", "what is left out takes no place among those that a word speaks for", false, qaSimilarBut},
	{"QA/Suggestions/Below", "suggestions to an answer are found below its question alone", false, qaSuggestionsBelow},
	{"QA/Questions/Limits", "a list gives 20 unless asked otherwise, and never more than 100; the last page has no cursor", false, qaLimits},
	{"QA/Questions/Ties", "questions of the same moment, or the same score, are each listed once", false, qaTies},
	{"QA/Questions/Moves", "a question is listed where it stands now: by its tags, themes, answers, votes, state and area", false, qaMoves},
	{"QA/Questions/PagesStable", "pages that are read while questions come and go hold every question that stays, once", false, qaPagesStable},
	{"QA/Held", "what waits within reach is given oldest first, questions, answers and comments alike, and nothing else is", false, qaHeld},
	{"QA/Suggestions", "suggestions within reach, or of one person, are given newest first", false, qaSuggestions},
	{"QA/Hidden", "two worlds that differ only in what is hidden are equal in every list, count and cursor", false, qaHiddenWorld},
}

// A library is a helpdesk with questions of every kind, and a model of its lists.
type library struct {
	*helpdesk
	here, there auth.AreaID
	people      []auth.UserID
	themes      []qa.ThemeID
	questions   []qa.QuestionID
	words       map[qa.QuestionID][]string
}

func newLibrary(t *testing.T, s community.Store) *library {
	t.Helper()
	l := &library{helpdesk: newHelpdesk(t, s), here: newArea(), there: newArea(), words: map[qa.QuestionID][]string{}}
	for range 3 {
		l.people = append(l.people, newUser())
		l.themes = append(l.themes, storage.NewID[qa.Theme]())
	}
	tags, words := []string{"gara", "gare", "à", "rup", "Rup"}, []string{"bando", "comune", "lotto", "soglia", "stima"}
	for i := range 60 {
		q := l.newQuestion()
		q.Area = []auth.AreaID{l.here, l.here, l.there}[i%3]
		q.Audience = auth.Audience(i/2%3 + 1)
		q.By.User = l.people[i/3%3]
		q.CreatedAt = at(1000 + i/2*3) // two at a time
		q.ActiveAt, q.LastBy = q.CreatedAt, q.By
		for j := range i % 4 {
			q.Tags = append(q.Tags, tags[(i+j*2)%5])
		}
		if i%4 > 0 {
			q.Themes = slices.SortedFunc(slices.Values([]qa.ThemeID{l.themes[i%3], l.themes[(i+1)%3]}), qa.ThemeID.Compare)[:1+i%2]
		}
		switch i % 11 {
		case 5:
			q.Removal.State = states[1+i/11]
		case 9:
			q.MergedInto = l.questions[0]
			if i/11%2 == 1 {
				q.Removal.State = qa.Hidden
			}
		case 7:
			q.Closing = qa.Closing{Reason: qa.Reason(i%6 + 1), At: at(2), By: newBy()}
		}
		var found []string
		for j := range i % 6 {
			found = append(found, words[(i+j)%5])
		}
		l.words[q.ID] = found
		l.do(qa.InsertQuestion{Question: q, Words: found})
		l.questions = append(l.questions, q.ID)
		for j := range i * 5 % 3 {
			l.answers(q, func(a *qa.Answer) {
				a.CreatedAt = at(1000 + i*3 + j*7)
				if (i+j)%4 == 1 {
					a.Removal.State = qa.Hidden
				}
			})
		}
		for j := range i * 7 % 4 {
			l.casts(l.people[j%3], ofQuestion(q), qa.Value((i+j)%3-1))
		}
		if i%5 == 2 {
			l.do(qa.SetOffers{Question: q.ID, Users: l.people[i%2:]})
		}
	}
	return l
}

// selects says whether a query selects a question.
func selects(query qa.QuestionQuery, q qa.Question, offers []auth.UserID) bool {
	return query.Reach.Covers(q.Area, q.Audience) && q.MergedInto.IsZero() && (q.Removal.State != qa.Visible) == query.Removed && q.Removal.State != qa.Held &&
		(query.Area.IsZero() || q.Area == query.Area) && (query.Tag == "" || slices.Contains(q.Tags, query.Tag)) &&
		(query.Theme.IsZero() || slices.Contains(q.Themes, query.Theme)) && (query.Author.IsZero() || q.By.User == query.Author) &&
		(query.Offered.IsZero() || slices.Contains(offers, query.Offered)) && (query.Before.IsZero() || q.CreatedAt.Before(query.Before)) &&
		(!query.Unanswered || q.Answers == 0 && q.Closing.Reason == 0)
}

// order compares questions as a list does.
func order(query qa.QuestionQuery) func(a, b qa.Question) int {
	return func(a, b qa.Question) int {
		c := b.CreatedAt.Compare(a.CreatedAt)
		if query.Tag == "" && query.Theme.IsZero() && query.Author.IsZero() && query.Offered.IsZero() && !query.Unanswered {
			switch query.Order {
			case qa.Active:
				c = b.ActiveAt.Compare(a.ActiveAt)
			case qa.Voted:
				c = cmp.Compare(b.Votes.Score(), a.Votes.Score())
			}
		}
		return cmp.Or(c, b.ID.Compare(a.ID))
	}
}

// model works out a list from single reads.
func (l *library) model(query qa.QuestionQuery) []qa.Question {
	l.Helper()
	all := []qa.Question{}
	for _, id := range l.questions {
		if q := l.question(id); selects(query, q, got(l.q.Offers(ctx, id))(l.T)) {
			q.Body = ""
			all = append(all, q)
		}
	}
	slices.SortFunc(all, order(query))
	return all
}

// list reads a whole list of questions in pages of its limit.
func (h *helpdesk) list(query qa.QuestionQuery) []qa.Question {
	h.Helper()
	return walkAll(h.roster, query.Limit, func(after storage.Cursor, limit int) (storage.Page[qa.Question], error) {
		query.After, query.Limit = after, limit
		return h.q.Questions(ctx, query)
	})
}

func (h *helpdesk) tags(query qa.TagQuery) []qa.Tagged {
	h.Helper()
	return walkAll(h.roster, query.Limit, func(after storage.Cursor, limit int) (storage.Page[qa.Tagged], error) {
		query.After, query.Limit = after, limit
		return h.q.Tags(ctx, query)
	})
}

// lists checks that a list is what it should be, in pages of several sizes.
func (h *helpdesk) lists(what string, query qa.QuestionQuery, want []qa.Question) {
	h.Helper()
	walksTo(h.roster, what, want, func(after storage.Cursor, limit int) (storage.Page[qa.Question], error) {
		query.After, query.Limit = after, limit
		return h.q.Questions(ctx, query)
	})
}

func qaFilters(t *testing.T, s community.Store) {
	l := newLibrary(t, s)
	some := auth.Reach{Floor: auth.CommunityMembers, Areas: []auth.AreaID{l.there}}
	found := 0
	for name, query := range map[string]qa.QuestionQuery{
		"all":                  {},
		"some":                 {Reach: some},
		"active":               {Order: qa.Active},
		"active some":          {Order: qa.Active, Reach: some},
		"voted":                {Order: qa.Voted},
		"voted some":           {Order: qa.Voted, Reach: some},
		"area":                 {Area: l.here},
		"area active":          {Area: l.here, Order: qa.Active},
		"area voted":           {Area: l.there, Order: qa.Voted, Reach: some},
		"area some":            {Area: l.here, Reach: some},
		"no such area":         {Area: newArea()},
		"tag":                  {Tag: "gara"},
		"tag some":             {Tag: "gare", Reach: some},
		"tag area":             {Tag: "à", Area: l.here},
		"tag to the letter":    {Tag: "rup"},
		"tag, other letter":    {Tag: "Rup"},
		"tag half":             {Tag: "ga"},
		"tag, whatever order":  {Tag: "gara", Order: qa.Voted},
		"tag author":           {Tag: "rup", Author: l.people[1]},
		"tag unanswered":       {Tag: "gara", Unanswered: true},
		"no such tag":          {Tag: "niente"},
		"theme":                {Theme: l.themes[0]},
		"theme some":           {Theme: l.themes[1], Reach: some},
		"theme area":           {Theme: l.themes[2], Area: l.there},
		"theme unanswered":     {Theme: l.themes[0], Unanswered: true, Reach: some},
		"theme of an author":   {Theme: l.themes[0], Author: l.people[0]},
		"no such theme":        {Theme: storage.NewID[qa.Theme]()},
		"author":               {Author: l.people[0]},
		"author some":          {Author: l.people[1], Reach: some},
		"author area":          {Author: l.people[2], Area: l.here, Order: qa.Active},
		"no such author":       {Author: newUser()},
		"offered":              {Offered: l.people[1]},
		"offered some":         {Offered: l.people[0], Reach: some},
		"offered unanswered":   {Offered: l.people[2], Unanswered: true},
		"offered to nobody":    {Offered: newUser()},
		"before":               {Before: at(1030)},
		"before some active":   {Before: at(1045), Order: qa.Active, Reach: some},
		"before voted":         {Before: at(1060), Order: qa.Voted},
		"before all":           {Before: at(1)},
		"unanswered":           {Unanswered: true},
		"unanswered some":      {Unanswered: true, Reach: some},
		"unanswered area":      {Unanswered: true, Area: l.here},
		"unanswered before":    {Unanswered: true, Before: at(1040)},
		"unanswered, by votes": {Unanswered: true, Order: qa.Voted},
		"removed":              {Removed: true},
		"removed some":         {Removed: true, Reach: some},
		"removed area":         {Removed: true, Area: l.there},
		"removed author":       {Removed: true, Author: l.people[1]},
		"removed tag":          {Removed: true, Tag: "gara"},
		"removed theme":        {Removed: true, Theme: l.themes[1]},
		"everything":           {Area: l.here, Author: l.people[0], Tag: "gara", Unanswered: true, Before: at(1080), Reach: some},
	} {
		if query.Reach.Floor == 0 && query.Reach.Areas == nil {
			query.Reach = everything
		}
		t.Run(name, func(t *testing.T) {
			l.T = t
			want := l.model(query)
			found += len(want)
			l.lists(name, query, want)
		})
	}
	l.T = t
	if found < 400 {
		t.Errorf("all these queries select %d questions: the suite's own library is bare", found)
	}
}

func qaReach(t *testing.T, s community.Store) {
	l := newLibrary(t, s)
	for i, reach := range reaches(l.here, l.there) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			l.T = t
			for _, query := range []qa.QuestionQuery{
				{}, {Order: qa.Active}, {Order: qa.Voted}, {Area: l.here}, {Tag: "gara"}, {Theme: l.themes[0]}, {Author: l.people[0]}, {Offered: l.people[1]}, {Unanswered: true}, {Removed: true},
			} {
				query.Reach = reach
				l.lists(fmt.Sprintf("%+v", query), query, l.model(query))
			}
			for _, prefix := range []string{"", "g", "gar", "gara", "r", "R", "z"} {
				l.checkTags(reach, prefix)
			}
			for n := range 6 {
				l.checkSimilar(reach, []string{"bando", "comune", "lotto", "soglia", "stima", "niente"}[:n])
			}
		})
	}
}

// checkTags compares tags with a recount.
func (l *library) checkTags(reach auth.Reach, prefix string) {
	l.Helper()
	counts := map[string]int{}
	for _, q := range l.model(qa.QuestionQuery{Reach: reach}) {
		for _, tag := range q.Tags {
			if strings.HasPrefix(tag, prefix) {
				counts[tag]++
			}
		}
	}
	var want []qa.Tagged
	for tag, n := range counts {
		want = append(want, qa.Tagged{Tag: tag, Questions: n})
	}
	slices.SortFunc(want, func(a, b qa.Tagged) int { return strings.Compare(a.Tag, b.Tag) })
	for _, limit := range []int{1, 2, 100} {
		same(l.T, l.tags(qa.TagQuery{Reach: reach, Prefix: prefix, Limit: limit}), want)
	}
}

// checkSimilar compares what is similar with a recount.
func (l *library) checkSimilar(reach auth.Reach, words []string) {
	l.Helper()
	for _, but := range []qa.QuestionID{{}, l.questions[1], storage.NewID[qa.Question]()} {
		hits := map[qa.QuestionID]int{}
		var want []qa.Question
		for _, q := range l.model(qa.QuestionQuery{Reach: reach}) {
			for _, w := range words {
				if slices.Contains(l.words[q.ID], w) {
					hits[q.ID]++
				}
			}
			if hits[q.ID] > 0 && q.ID != but {
				want = append(want, q)
			}
		}
		slices.SortFunc(want, func(a, b qa.Question) int {
			return cmp.Or(cmp.Compare(hits[b.ID], hits[a.ID]), cmp.Compare(b.Votes.Score(), a.Votes.Score()), b.ID.Compare(a.ID))
		})
		for _, limit := range []int{1, 3, qa.SimilarCount, 100} {
			same(l.T, got(l.q.Similar(ctx, qa.SimilarQuery{Reach: reach, Words: words, But: but, Limit: limit}))(l.T), want[:min(limit, len(want))])
		}
	}
}

func qaReachMany(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	var areas []auth.AreaID
	var changes []storage.Change
	for i := range 300 {
		for _, within := range []bool{true, false} {
			q := h.newQuestion()
			q.Area, q.Audience, q.Tags = newArea(), auth.AreaMembers, []string{"gara"}
			changes = append(changes, qa.InsertQuestion{Question: q, Words: []string{"bando", fmt.Sprint(i)}})
			if within {
				areas = append(areas, q.Area)
			}
		}
	}
	h.do(changes...)
	reach := auth.Reach{Floor: auth.Public, Areas: areas}
	for _, query := range []qa.QuestionQuery{{}, {Order: qa.Active}, {Order: qa.Voted}, {Tag: "gara"}, {Unanswered: true}} {
		query.Reach, query.Limit = reach, 100
		all := h.list(query)
		same(t, len(all), 300)
		for _, q := range all {
			if !slices.Contains(areas, q.Area) {
				t.Fatalf("question %v is out of reach", q.ID)
			}
		}
	}
	same(t, h.tags(qa.TagQuery{Reach: reach}), []qa.Tagged{{Tag: "gara", Questions: 300}})
	same(t, len(got(h.q.Similar(ctx, qa.SimilarQuery{Reach: reach, Words: []string{"bando"}, Limit: 100}))(t)), 100)
	same(t, len(got(h.q.Similar(ctx, qa.SimilarQuery{Reach: reach, Words: []string{"7"}, Limit: 100}))(t)), 1)
}

// qaSimilarBut: what is left out takes no place among those that a word speaks for.
func qaSimilarBut(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	var changes []storage.Change
	var all []qa.Question
	for i := range qa.SimilarDepth + 1 {
		q := h.newQuestion()
		words := []string{"bando"}
		if i == 0 {
			words = append(words, "unica")
		}
		all = append(all, q)
		changes = append(changes, qa.InsertQuestion{Question: q, Words: words})
	}
	h.do(changes...)
	oldest, newest := all[0].ID, all[len(all)-1].ID
	found := got(h.q.Similar(ctx, qa.SimilarQuery{Reach: everything, Words: []string{"bando", "unica"}, But: newest, Limit: 1}))(t)
	same(t, len(found), 1)
	same(t, found[0].ID, oldest) // the only one with both words
}

// qaSuggestionsBelow: a post is sought in its question, and nowhere else.
func qaSuggestionsBelow(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	in, other := h.asks(nil), h.asks(nil)
	a := h.answers(in, nil)
	v := h.newSuggestion(ofAnswer(a))
	h.do(qa.InsertSuggestion{Suggestion: v})
	for of, want := range map[qa.QuestionID]int{in.ID: 1, other.ID: 0} {
		same(t, len(got(h.q.Suggestions(ctx, qa.SuggestionQuery{Reach: everything, Post: qa.Post{Question: of, Answer: a.ID}}))(t).Items), want)
	}
}

func qaLimits(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	var changes []storage.Change
	theme, me := storage.NewID[qa.Theme](), newBy()
	first := h.asks(nil)
	for i := range storage.MaxLimit + 5 {
		q := h.newQuestion()
		q.Tags, q.Themes, q.By, q.LastBy = []string{"gara", fmt.Sprintf("t%03d", i)}, []qa.ThemeID{theme}, me, me
		a, c, v := h.newAnswer(first), h.newComment(ofQuestion(first)), h.newSuggestion(ofQuestion(first))
		held := h.newAnswer(first)
		held.Removal.State, v.By = qa.Held, me
		changes = append(changes, qa.InsertQuestion{Question: q}, qa.InsertAnswer{Answer: a}, qa.InsertComment{Comment: c}, qa.InsertAnswer{Answer: held}, qa.InsertSuggestion{Suggestion: v})
	}
	h.do(changes...)
	count := func(n int, next storage.Cursor, err error) (int, bool) { must(t, err); return n, next != "" }
	of := func(q qa.QuestionQuery) func(int) (int, bool) {
		return func(limit int) (int, bool) {
			q.Reach, q.Limit = everything, limit
			p, err := h.q.Questions(ctx, q)
			return count(len(p.Items), p.Next, err)
		}
	}
	for name, read := range map[string]func(limit int) (int, bool){
		"newest": of(qa.QuestionQuery{}), "active": of(qa.QuestionQuery{Order: qa.Active}), "voted": of(qa.QuestionQuery{Order: qa.Voted}),
		"tag": of(qa.QuestionQuery{Tag: "gara"}), "theme": of(qa.QuestionQuery{Theme: theme}), "author": of(qa.QuestionQuery{Author: me.User}), "unanswered": of(qa.QuestionQuery{Unanswered: true}),
		"answers": func(limit int) (int, bool) {
			p, err := h.q.Page(ctx, qa.PageQuery{Question: first.ID, Limit: limit})
			return count(len(p.Answers.Items), p.Answers.Next, err)
		},
		"comments": func(limit int) (int, bool) {
			p, err := h.q.Comments(ctx, qa.CommentQuery{Post: ofQuestion(first), Limit: limit})
			return count(len(p.Items), p.Next, err)
		},
		"held": func(limit int) (int, bool) {
			p, err := h.q.Held(ctx, qa.HeldQuery{Reach: everything, Limit: limit})
			return count(len(p.Items), p.Next, err)
		},
		"suggestions": func(limit int) (int, bool) {
			p, err := h.q.Suggestions(ctx, qa.SuggestionQuery{Reach: everything, Limit: limit})
			return count(len(p.Items), p.Next, err)
		},
		"suggestions of one": func(limit int) (int, bool) {
			p, err := h.q.Suggestions(ctx, qa.SuggestionQuery{Reach: auth.Everything, By: me.User, Limit: limit})
			return count(len(p.Items), p.Next, err)
		},
		"tags": func(limit int) (int, bool) {
			p, err := h.q.Tags(ctx, qa.TagQuery{Reach: everything, Limit: limit})
			return count(len(p.Items), p.Next, err)
		},
		"written": func(limit int) (int, bool) {
			p, err := h.q.Written(ctx, qa.WrittenQuery{User: me.User, Limit: limit})
			return count(len(p.Items), p.Next, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			for limit, want := range map[int]int{0: 20, -1: 20, -1 << 60: 20, 1: 1, 99: 99, 100: 100, 101: 100, 1 << 60: 100} {
				if n, more := read(limit); n != want || !more {
					t.Errorf("limit %d: a page of %d, want %d; more to come: %v", limit, n, want, more)
				}
			}
		})
	}
	// The last page has no cursor, also when it is full.
	few := h.asks(nil)
	for range 6 {
		h.answers(few, nil)
		h.remarks(ofQuestion(few), nil)
	}
	for limit, more := range map[int]bool{5: true, 6: false, 7: false} {
		same(t, h.page(qa.PageQuery{Question: few.ID, Limit: limit}).Answers.Next != "", more)
		same(t, got(h.q.Comments(ctx, qa.CommentQuery{Post: ofQuestion(few), Limit: limit}))(t).Next != "", more)
		same(t, got(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Limit: limit, Before: changesAt(changes, 5)}))(t).Next != "", more)
	}
}

// changesAt is a moment before which there are six questions: the first one
// and five of those that are inserted.
func changesAt(changes []storage.Change, n int) (before time.Time) {
	seen := 0
	for _, c := range changes {
		if c, ok := c.(qa.InsertQuestion); ok {
			if seen++; seen > n {
				return c.Question.CreatedAt
			}
		}
	}
	return before
}

func qaTies(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	areas := []auth.AreaID{newArea(), newArea(), newArea()}
	author, theme := newBy(), storage.NewID[qa.Theme]()
	var want []qa.QuestionID
	for i := range 55 {
		q := h.newQuestion()
		q.CreatedAt, q.Area, q.Audience, q.By = at(i/20), areas[i%3], auth.Audience(1+i%2), author
		q.Tags, q.Themes, q.ActiveAt, q.LastBy = []string{"gara"}, []qa.ThemeID{theme}, q.CreatedAt, author
		h.do(qa.InsertQuestion{Question: q, Words: []string{"bando"}}, qa.SetOffers{Question: q.ID, Users: []auth.UserID{author.User}})
		want = append(want, q.ID)
	}
	slices.Reverse(want) // the latest id first
	for _, reach := range []auth.Reach{everything, {Areas: areas}, {Floor: auth.CommunityMembers, Areas: areas}} {
		for _, query := range []qa.QuestionQuery{
			{}, {Order: qa.Active}, {Order: qa.Voted}, {Tag: "gara"}, {Theme: theme}, {Author: author.User}, {Offered: author.User}, {Unanswered: true},
		} {
			query.Reach = reach
			for _, query.Limit = range []int{1, 7, 11, 44, 55, 100} {
				same(t, questionIDs(h.list(query)), want)
			}
		}
		same(t, questionIDs(got(h.q.Similar(ctx, qa.SimilarQuery{Reach: reach, Words: []string{"bando"}, Limit: 55}))(t)), want)
	}
}

func qaMoves(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	theme, other := storage.NewID[qa.Theme](), storage.NewID[qa.Theme]()
	a := h.asks(func(q *qa.Question) { q.Tags, q.Themes = []string{"x"}, []qa.ThemeID{theme} }, "uno").ID
	b := h.asks(func(q *qa.Question) { q.Tags, q.Themes = []string{"x", "y"}, []qa.ThemeID{theme} }, "uno", "due").ID
	c := h.asks(func(q *qa.Question) { q.Tags = []string{"y"} }, "due").ID
	check := func(query qa.QuestionQuery, want ...qa.QuestionID) {
		t.Helper()
		if query.Reach.Floor == 0 && query.Reach.Areas == nil {
			query.Reach = everything
		}
		for _, query.Limit = range []int{1, 2, 10} {
			same(t, questionIDs(h.list(query)), want)
		}
	}
	similar := func(word string, want ...qa.QuestionID) {
		t.Helper()
		same(t, questionIDs(got(h.q.Similar(ctx, qa.SimilarQuery{Reach: everything, Words: []string{word}, Limit: 10}))(t)), want)
	}
	change := func(id qa.QuestionID, set func(*qa.Question), words ...string) {
		t.Helper()
		q := h.question(id)
		set(&q)
		h.do(qa.UpdateQuestion{Question: q, Words: words})
	}
	check(qa.QuestionQuery{}, c, b, a)
	check(qa.QuestionQuery{Order: qa.Active}, c, b, a)
	check(qa.QuestionQuery{Order: qa.Voted}, c, b, a)
	check(qa.QuestionQuery{Tag: "x"}, b, a)
	check(qa.QuestionQuery{Unanswered: true, Theme: theme}, b, a)

	answer := h.answers(h.question(a), nil)
	check(qa.QuestionQuery{Order: qa.Active}, a, c, b)
	check(qa.QuestionQuery{Unanswered: true}, c, b)
	check(qa.QuestionQuery{Unanswered: true, Tag: "x"}, b)
	h.becomes(ofAnswer(answer), qa.Hidden)
	check(qa.QuestionQuery{Order: qa.Active}, c, b, a)
	check(qa.QuestionQuery{Unanswered: true}, c, b, a)
	check(qa.QuestionQuery{Unanswered: true, Tag: "x"}, b, a)
	h.casts(newUser(), qa.Post{Question: b}, qa.For)
	h.casts(newUser(), qa.Post{Question: c}, qa.Against)
	check(qa.QuestionQuery{Order: qa.Voted}, b, a, c)
	check(qa.QuestionQuery{}, c, b, a)

	change(b, func(q *qa.Question) { q.Tags, q.Themes = []string{"z", "y"}, []qa.ThemeID{other} }, "due", "tre")
	check(qa.QuestionQuery{Tag: "x"}, a)
	check(qa.QuestionQuery{Tag: "y"}, c, b)
	check(qa.QuestionQuery{Tag: "z"}, b)
	check(qa.QuestionQuery{Theme: theme}, a)
	check(qa.QuestionQuery{Theme: other, Unanswered: true}, b)
	similar("uno", a)
	similar("due", b, c) // b has more votes
	similar("tre", b)
	same(t, h.tags(qa.TagQuery{Reach: everything}), []qa.Tagged{{Tag: "x", Questions: 1}, {Tag: "y", Questions: 2}, {Tag: "z", Questions: 1}})

	change(c, func(q *qa.Question) { q.Closing.Reason = qa.Unclear }, "due")
	check(qa.QuestionQuery{Unanswered: true}, b, a)
	check(qa.QuestionQuery{Unanswered: true, Tag: "y"}, b)
	check(qa.QuestionQuery{Tag: "y"}, c, b)
	change(c, func(q *qa.Question) { q.Closing = qa.Closing{} }, "due")
	check(qa.QuestionQuery{Unanswered: true, Tag: "y"}, c, b)

	elsewhere := newArea()
	change(b, func(q *qa.Question) { q.Area, q.Audience = elsewhere, auth.AreaMembers }, "due", "tre")
	outside := auth.Reach{Floor: auth.Public, Areas: []auth.AreaID{auth.Commons}}
	inside := auth.Reach{Areas: []auth.AreaID{elsewhere}}
	for _, query := range []qa.QuestionQuery{{Tag: "z"}, {Theme: other}, {Theme: other, Unanswered: true}, {Area: elsewhere}} {
		query.Reach = outside
		check(query)
		query.Reach = inside
		check(query, b)
	}
	same(t, h.tags(qa.TagQuery{Reach: outside}), []qa.Tagged{{Tag: "x", Questions: 1}, {Tag: "y", Questions: 1}})
	same(t, h.tags(qa.TagQuery{Reach: inside}), []qa.Tagged{{Tag: "y", Questions: 1}, {Tag: "z", Questions: 1}})

	for _, state := range states[1:] {
		change(b, func(q *qa.Question) { q.Removal.State = state }, "due", "tre")
		check(qa.QuestionQuery{}, c, a)
		check(qa.QuestionQuery{Tag: "z"})
		check(qa.QuestionQuery{Unanswered: true, Theme: other})
		if state != qa.Held {
			check(qa.QuestionQuery{Removed: true}, b)
		} else {
			check(qa.QuestionQuery{Removed: true})
		}
		similar("tre")
		same(t, h.tags(qa.TagQuery{Reach: inside}), []qa.Tagged{})
		change(b, func(q *qa.Question) { q.Removal = qa.Removal{} }, "due", "tre")
		check(qa.QuestionQuery{Removed: true})
		check(qa.QuestionQuery{}, c, b, a)
		similar("tre", b)
		same(t, h.tags(qa.TagQuery{Reach: inside}), []qa.Tagged{{Tag: "y", Questions: 1}, {Tag: "z", Questions: 1}})
	}
	change(b, func(q *qa.Question) { q.MergedInto = c }, "due", "tre")
	check(qa.QuestionQuery{}, c, a)
	check(qa.QuestionQuery{Removed: true})
	check(qa.QuestionQuery{Tag: "y"}, c)
	check(qa.QuestionQuery{Author: h.question(b).By.User})
	similar("tre")
	same(t, h.tags(qa.TagQuery{Reach: everything, Prefix: "z"}), []qa.Tagged{})
	h.recount(a, b, c)
}

func qaPagesStable(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	var questions []qa.QuestionID
	for range 30 {
		questions = append(questions, h.asks(func(q *qa.Question) { q.Tags = []string{"gara"} }).ID)
	}
	for _, query := range []qa.QuestionQuery{{}, {Order: qa.Active}, {Order: qa.Voted}, {Tag: "gara"}} {
		query.Reach, query.Limit = everything, 4
		seen, moved := map[qa.QuestionID]int{}, map[qa.QuestionID]bool{}
		for n := 0; ; n++ {
			page := got(h.q.Questions(ctx, query))(t)
			for _, q := range page.Items {
				seen[q.ID]++
			}
			if query.After = page.Next; query.After == "" {
				break
			}
			up := questions[n*13%len(questions)] // one moves up, one begins
			moved[up] = true
			h.answers(h.question(up), nil)
			h.casts(newUser(), qa.Post{Question: up}, qa.For)
			h.asks(nil)
			if n > 200 {
				t.Fatal("the list has no end")
			}
		}
		for _, id := range questions {
			if seen[id] > 1 || seen[id] == 0 && !moved[id] {
				t.Errorf("question %v, moved %v, was listed %d times", id, moved[id], seen[id])
			}
		}
	}
}

func qaHeld(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	there := newArea()
	var want []qa.Place
	for i := range 42 {
		state := states[i/3%7]
		q := h.asks(func(q *qa.Question) {
			q.Audience = auth.Audience(i%3 + 1)
			if i%2 == 0 {
				q.Area = there
			}
			if i%3 == 0 {
				q.Removal.State = state
			}
		})
		var a qa.Answer
		if i%3 > 0 || i%4 == 0 {
			a = h.answers(q, func(a *qa.Answer) {
				if i%3 == 1 {
					a.Removal.State = state
				}
			})
		}
		on := ofQuestion(q)
		if !a.ID.IsZero() && i%4 < 2 {
			on = ofAnswer(a)
		}
		c := h.remarks(on, func(c *qa.Comment) {
			if i%3 == 2 {
				c.Removal.State = state
			}
		})
		for _, p := range []qa.Post{ofQuestion(q), ofAnswer(a), ofComment(c)} {
			if p.Question.IsZero() {
				continue
			}
			pl := h.place(p, auth.UserID{})
			held := pl.Question.Removal.State
			if !p.Answer.IsZero() {
				held = pl.Answer.Removal.State
			}
			if !p.Comment.IsZero() {
				held = pl.Comment.Removal.State
			}
			if held == qa.Held {
				want = append(want, pl)
			}
		}
	}
	same(t, len(want), 6)
	given := 0
	for _, reach := range append(reaches(h.area, there), everything) {
		within := slices.DeleteFunc(slices.Clone(want), func(p qa.Place) bool { return !reach.Covers(p.Question.Area, p.Question.Audience) })
		given += len(within)
		for _, limit := range []int{1, 2, 100} {
			same(t, walkAll(h.roster, limit, func(after storage.Cursor, limit int) (storage.Page[qa.Place], error) {
				return h.q.Held(ctx, qa.HeldQuery{Reach: reach, After: after, Limit: limit})
			}), within)
		}
	}
	if given < 30 {
		t.Errorf("only %d are given", given)
	}
	by := func(p qa.Place) auth.UserID {
		switch {
		case !p.Comment.ID.IsZero():
			return p.Comment.By.User
		case !p.Answer.ID.IsZero():
			return p.Answer.By.User
		}
		return p.Question.By.User
	}
	for _, who := range want { // each is its author's, and nobody's else
		mine := slices.DeleteFunc(slices.Clone(want), func(p qa.Place) bool { return by(p) != by(who) })
		for _, limit := range []int{1, 100} {
			same(t, walkAll(h.roster, limit, func(after storage.Cursor, limit int) (storage.Page[qa.Place], error) {
				return h.q.Held(ctx, qa.HeldQuery{Reach: everything, By: by(who), After: after, Limit: limit})
			}), mine)
		}
	}
	same(t, len(got(h.q.Held(ctx, qa.HeldQuery{Reach: everything, By: newUser()}))(t).Items), 0)
	for _, pl := range want { // what is let through waits no longer
		switch {
		case !pl.Comment.ID.IsZero():
			h.becomes(ofComment(pl.Comment), qa.Visible)
		case !pl.Answer.ID.IsZero():
			h.becomes(ofAnswer(pl.Answer), qa.Rejected)
		default:
			h.becomes(ofQuestion(pl.Question), qa.Withdrawn)
		}
	}
	same(t, len(got(h.q.Held(ctx, qa.HeldQuery{Reach: everything}))(t).Items), 0)
}

func qaSuggestions(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	there, me := newArea(), newBy()
	var all []qa.Suggestion
	in := map[qa.SuggestionID]qa.Question{}
	var posts []qa.Post
	for i := range 36 {
		q := h.asks(func(q *qa.Question) {
			q.Audience = auth.Audience(i%3 + 1)
			if i%2 == 0 {
				q.Area = there
			}
		})
		p := ofQuestion(q)
		if i%4 < 2 {
			p = ofAnswer(h.answers(q, nil))
		}
		if i%5 == 4 {
			p, q = posts[i/2], in[all[i/2].ID]
		}
		posts = append(posts, p)
		v := h.suggests(p, func(v *qa.Suggestion) {
			v.At, v.State, v.Tags = at(2000+i/3), qa.Decision(i%4), []string{"a"}
			if i%3 == 0 {
				v.By = me
			}
		})
		in[v.ID] = q
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b qa.Suggestion) int { return cmp.Or(b.At.Compare(a.At), b.ID.Compare(a.ID)) })
	queries := []qa.SuggestionQuery{
		{Post: posts[0]}, {Post: posts[4]}, {Post: posts[2], Reach: everything}, {Post: qa.Post{Question: storage.NewID[qa.Question]()}, Reach: everything}, {By: me.User}, {By: newUser(), Reach: everything}, {Pending: true},
	}
	for _, reach := range append(reaches(h.area, there), everything) {
		queries = append(queries, qa.SuggestionQuery{Reach: reach}, qa.SuggestionQuery{Reach: reach, Pending: true}, qa.SuggestionQuery{Reach: reach, Post: posts[4]},
			qa.SuggestionQuery{Reach: reach, By: me.User}, qa.SuggestionQuery{Reach: reach, By: me.User, Pending: true}, qa.SuggestionQuery{Reach: reach, By: me.User, Post: posts[6]})
	}
	found := 0
	for _, query := range queries {
		want := slices.DeleteFunc(slices.Clone(all), func(v qa.Suggestion) bool {
			return !query.Reach.Covers(in[v.ID].Area, in[v.ID].Audience) || query.Post != (qa.Post{}) && v.Post != query.Post ||
				!query.By.IsZero() && v.By.User != query.By || query.Pending && v.State != qa.Pending
		})
		found += len(want)
		walksTo(h.roster, fmt.Sprintf("%+v", query), want, func(after storage.Cursor, limit int) (storage.Page[qa.Suggestion], error) {
			query.After, query.Limit = after, limit
			return h.q.Suggestions(ctx, query)
		})
	}
	if found < 300 {
		t.Errorf("only %d are found", found)
	}
}

// qaHiddenWorld compares all that a reader of little reach is told before and
// after much is written that they may not see.
func qaHiddenWorld(t *testing.T, s community.Store) {
	l := newLibrary(t, s)
	reach, reader := auth.Reach{Floor: auth.Public, Areas: []auth.AreaID{l.there}}, newUser()
	moderated := auth.Reach{Areas: []auth.AreaID{newArea()}}
	var open []qa.Question
	for i := range 3 {
		q := l.asks(func(q *qa.Question) { q.Tags, q.Themes = []string{"gara", "aperta"}, l.themes[:1] }, "bando", "comune")
		for range 3 {
			a := l.answers(q, nil)
			l.remarks(ofAnswer(a), nil)
			l.casts(reader, ofAnswer(a), qa.Value(i%2))
		}
		l.remarks(ofQuestion(q), nil)
		open = append(open, q)
	}
	l.closes(open[1].ID, qa.Closing{Reason: qa.Duplicate, Of: open[0].ID, At: at(5), By: newBy()})
	told := func() string {
		var b strings.Builder
		put := func(what string, v any, err error) { must(t, err); fmt.Fprintf(&b, "%s %+v\n", what, v) }
		for _, query := range []qa.QuestionQuery{
			{}, {Order: qa.Active}, {Order: qa.Voted}, {Tag: "gara"}, {Tag: "segreto"}, {Theme: l.themes[0]}, {Author: l.people[0]}, {Offered: l.people[1]}, {Unanswered: true},
			{Area: l.here}, {Before: at(5000)}, {Tag: "gara", Unanswered: true},
		} {
			for _, query.Limit = range []int{3, 100} {
				query.Reach, query.After = reach, ""
				for more := true; more; {
					p, err := l.q.Questions(ctx, query)
					put(fmt.Sprintf("%+v", query), p, err)
					query.After = p.Next
					more = p.Next != ""
				}
			}
		}
		for _, prefix := range []string{"", "g", "s"} {
			p, err := l.q.Tags(ctx, qa.TagQuery{Reach: reach, Prefix: prefix, Limit: 2})
			put("tags", p, err)
		}
		for _, words := range [][]string{{"bando"}, {"bando", "segreto"}, {"segreto"}} {
			p, err := l.q.Similar(ctx, qa.SimilarQuery{Reach: reach, Words: words, Limit: 10})
			put("similar", p, err)
		}
		for _, q := range open {
			for _, limit := range []int{2, 100} {
				p, err := l.q.Page(ctx, qa.PageQuery{Question: q.ID, Reader: reader, Moderate: moderated, Reach: reach, Limit: limit})
				put("page", p, err)
			}
			for _, on := range []qa.Post{ofQuestion(q)} {
				p, err := l.q.Comments(ctx, qa.CommentQuery{Post: on, Reader: reader, Moderate: moderated, Limit: 2})
				put("comments", p, err)
			}
		}
		p, err := l.q.Held(ctx, qa.HeldQuery{Reach: moderated})
		put("held", p, err)
		v, err := l.q.Suggestions(ctx, qa.SuggestionQuery{Reach: moderated})
		put("suggestions", v, err)
		from, err := l.q.From(ctx, qa.Origin{Kind: "forum.topic", ID: [16]byte{1}}, reach)
		put("from", from, err)
		return b.String()
	}
	before := told()
	for i := range 10 {
		hidden := l.asks(func(q *qa.Question) {
			q.Area, q.Audience, q.Tags, q.Themes = l.here, auth.CommunityMembers, []string{"gara", "segreto"}, l.themes
			q.By.User, q.Origin = l.people[0], qa.Origin{Kind: "forum.topic", ID: [16]byte{1}}
			q.CreatedAt = at(i * 900)
			q.Closing = qa.Closing{Reason: qa.Duplicate, Of: open[0].ID, At: at(5), By: newBy()}
			if i%4 == 1 {
				q.MergedInto = open[0].ID
			}
			if i%3 == 0 { // within reach, and removed
				q.Area, q.Audience, q.Removal.State = l.there, auth.Public, states[1+i%6]
			}
		}, "bando", "segreto")
		l.do(qa.SetOffers{Question: hidden.ID, Users: l.people})
		l.answers(hidden, nil)
		l.casts(newUser(), ofQuestion(hidden), qa.For)
	}
	for i, q := range open {
		state := states[1+i]
		a := l.answers(q, func(a *qa.Answer) { a.Removal.State = state })
		l.remarks(ofAnswer(a), nil)
		l.remarks(ofQuestion(q), func(c *qa.Comment) { c.Removal.State, c.CreatedAt = state, at(0) })
		l.suggests(ofQuestion(q), nil)
	}
	equal(t, "what is told", told(), before)
}
