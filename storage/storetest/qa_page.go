// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"cmp"
	"slices"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

var qaPagePromises = []promise{
	{"QA/Page/Order", "answers come the accepted one first, then by score, time and id, page by page as on the whole", false, qaPageOrder},
	{"QA/Page/Removed", "what is removed is its author's and the moderators', and pages are full without it", false, qaPageRemoved},
	{"QA/Page/Reorders", "the order follows every vote and every acceptance", false, qaPageReorders},
	{"QA/Page/Comments", "a page has the first comments on the question and on each of its answers, oldest first", false, qaPageComments},
	{"QA/Page/Votes", "a page has the reader's votes on its posts and nobody else's", false, qaPageVotes},
	{"QA/Page/Linked", "a page names the question that it repeats, and those that repeat it, within reach and not removed", false, qaPageLinked},
	{"QA/Comments", "the comments on a post are given oldest first, then by id, page by page as on the whole", false, qaComments},
	{"QA/Below", "all answers and all comments of a question are given, by id, whatever their state", false, qaBelow},
}

var qaFindPromises = []promise{
	{"QA/Similar/Depth", "each word speaks for the newest questions within reach that have it, and for no others", false, qaSimilarDepth},
	{"QA/Similar/Words", "a word finds nothing but itself, and those with more of the words come first", false, qaSimilarWords},
	{"QA/From", "what was made from something is found by it, within reach, neither removed nor merged, by id", false, qaFrom},
}

// wholePage reads all pages of a question's answers.
func (h *helpdesk) wholePage(query qa.PageQuery) []qa.Answer {
	h.Helper()
	return walkAll(h.roster, query.Limit, func(after storage.Cursor, limit int) (storage.Page[qa.Answer], error) {
		query.After, query.Limit = after, limit
		page, err := h.q.Page(ctx, query)
		return page.Answers, err
	})
}

// inPageOrder sorts answers as a page does.
func inPageOrder(accepted qa.AnswerID, all []qa.Answer) []qa.Answer {
	first := func(a qa.Answer) int {
		if a.ID == accepted {
			return 0
		}
		return 1
	}
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b qa.Answer) int {
		return cmp.Or(cmp.Compare(first(a), first(b)), cmp.Compare(b.Votes.Score(), a.Votes.Score()), a.CreatedAt.Compare(b.CreatedAt), a.ID.Compare(b.ID))
	})
	return all
}

// votedAnswers gives a question answers of many scores, several of each, two
// of a moment, and returns them as they are.
func (h *helpdesk) votedAnswers(q qa.Question, n int) []qa.Answer {
	h.Helper()
	users := []auth.UserID{newUser(), newUser(), newUser()}
	for i := range n {
		a := h.answers(q, func(a *qa.Answer) { a.CreatedAt = at(3000 + i*37%n/2) })
		for j := range i * 5 % 4 {
			h.casts(users[j], ofAnswer(a), []qa.Value{qa.For, qa.Against}[i%2])
		}
	}
	all, _ := h.below(q.ID)
	return all
}

func qaPageOrder(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	h.votedAnswers(h.asks(nil), 3) // another's
	all := h.votedAnswers(q, 40)
	for _, accepted := range []int{-1, 17, 8} {
		var id qa.AnswerID
		if accepted >= 0 {
			id = all[accepted].ID
			h.accepts(all[accepted])
		}
		for _, limit := range []int{1, 2, 7, 39, 40, 41} {
			same(t, h.wholePage(qa.PageQuery{Question: q.ID, Limit: limit}), inPageOrder(id, all))
		}
	}
	full := h.question(q.ID)
	for after := storage.Cursor(""); ; { // each page has the question
		page := got(h.q.Page(ctx, qa.PageQuery{Question: q.ID, Limit: 15, After: after}))(t)
		same(t, page.Question, full)
		if after = page.Answers.Next; after == "" {
			break
		}
	}
}

func qaPageRemoved(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	me := newUser()
	q := h.asks(func(q *qa.Question) { q.Audience = auth.CommunityMembers })
	all := h.votedAnswers(q, 42)
	for i := range all {
		if i%2 == 0 {
			continue
		}
		all[i].Removal.State = states[1+i/2%6]
		if i%3 == 0 {
			h.do(qa.SetAuthor{Post: ofAnswer(all[i]), Version: 1, By: auth.By{User: me}})
			all[i].By, all[i].Version = auth.By{User: me}, 2
		}
		h.do(qa.UpdateAnswer{Answer: all[i]})
		all[i].Version++
	}
	h.accepts(all[4])
	seen := func(mine bool) []qa.Answer {
		return slices.DeleteFunc(slices.Clone(all), func(a qa.Answer) bool {
			return a.Removal.State != qa.Visible && !(mine && a.By.User == me)
		})
	}
	for name, c := range map[string]struct {
		query qa.PageQuery
		want  []qa.Answer
	}{
		"nobody":                    {qa.PageQuery{}, seen(false)},
		"a reader":                  {qa.PageQuery{Reader: newUser()}, seen(false)},
		"their author":              {qa.PageQuery{Reader: me}, seen(true)},
		"a moderator":               {qa.PageQuery{Reader: newUser(), Moderate: everything}, all},
		"a moderator of the circle": {qa.PageQuery{Reader: newUser(), Moderate: auth.Reach{Floor: auth.CommunityMembers}}, all},
		"of the area":               {qa.PageQuery{Reader: newUser(), Moderate: auth.Reach{Areas: []auth.AreaID{newArea(), h.area}}}, all},
		"of a wider circle":         {qa.PageQuery{Reader: newUser(), Moderate: auth.Reach{Floor: auth.Public}}, seen(false)},
		"of other areas":            {qa.PageQuery{Reader: me, Moderate: auth.Reach{Areas: []auth.AreaID{newArea()}}}, seen(true)},
		"whoever reaches all":       {qa.PageQuery{Reader: newUser(), Reach: everything}, seen(false)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, c.query.Limit = range []int{1, 4, 100} {
				c.query.Question = q.ID
				same(t, h.wholePage(c.query), inPageOrder(all[4].ID, c.want))
			}
		})
	}
	same(t, h.question(q.ID).Answers, len(seen(false)))
	h.recount(q.ID)
}

func qaPageReorders(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a, b, c := h.answers(q, nil), h.answers(q, nil), h.answers(q, nil)
	check := func(want ...qa.Answer) {
		t.Helper()
		var ids []qa.AnswerID
		for _, w := range want {
			ids = append(ids, w.ID)
		}
		for _, limit := range []int{1, 100} {
			same(t, answerIDs(h.wholePage(qa.PageQuery{Question: q.ID, Limit: limit})), ids)
		}
	}
	user, other := newUser(), newUser()
	check(a, b, c)
	h.casts(user, ofAnswer(c), qa.For)
	check(c, a, b)
	h.casts(user, ofAnswer(c), qa.Against)
	check(a, b, c)
	h.accepts(c)
	check(c, a, b)
	h.casts(other, ofAnswer(c), qa.Against) // stays first
	check(c, a, b)
	h.casts(other, ofAnswer(b), qa.For)
	check(c, b, a)
	h.accepts(a)
	check(a, b, c)
	h.do(qa.Accept{Question: q.ID, Version: h.question(q.ID).Version})
	check(b, a, c)
	h.casts(user, ofAnswer(c), qa.None)
	h.casts(other, ofAnswer(c), qa.None)
	h.casts(other, ofAnswer(b), qa.None)
	check(a, b, c)
	h.accepts(b)
	h.becomes(ofAnswer(b), qa.Hidden)
	check(a, c)
	h.becomes(ofAnswer(b), qa.Visible)
	check(b, a, c)
}

func qaPageComments(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q, me := h.asks(nil), newUser()
	a, b, empty := h.answers(q, nil), h.answers(q, nil), h.answers(q, nil)
	h.remarks(ofQuestion(h.asks(nil)), nil) // another's
	all := map[qa.Post][]qa.Comment{}
	for i := range 24 {
		on := []qa.Post{ofQuestion(q), ofAnswer(a), ofAnswer(b)}[i%3]
		c := h.remarks(on, func(c *qa.Comment) {
			c.CreatedAt = at(4000 - i/2*3) // the later the earlier, some at once
			if i%4 == 0 {
				c.Removal.State = states[1+i/4]
				if i%8 == 0 {
					c.By.User = me
				}
			}
		})
		all[on] = append(all[on], c)
	}
	for on := range all {
		slices.SortFunc(all[on], func(a, b qa.Comment) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), a.ID.Compare(b.ID)) })
	}
	for name, c := range map[string]struct {
		query qa.PageQuery
		mine  bool
		all   bool
	}{
		"nobody": {}, "a reader": {query: qa.PageQuery{Reader: newUser()}}, "their author": {query: qa.PageQuery{Reader: me}, mine: true},
		"a moderator": {query: qa.PageQuery{Reader: newUser(), Moderate: everything}, all: true},
	} {
		t.Run(name, func(t *testing.T) {
			c.query.Question = q.ID
			for _, limit := range []int{1, 100} {
				c.query.Limit, c.query.After = limit, ""
				for more := true; more; {
					page := got(h.q.Page(ctx, c.query))(t)
					on := []qa.Post{ofQuestion(q)}
					for _, a := range page.Answers.Items {
						on = append(on, ofAnswer(a))
					}
					total := 0
					for _, p := range on {
						want := slices.DeleteFunc(slices.Clone(all[p]), func(v qa.Comment) bool {
							return v.Removal.State != qa.Visible && !c.all && !(c.mine && v.By.User == me)
						})
						same(t, page.Comments[p], want[:min(len(want), qa.CommentsHere)])
						total += len(page.Comments[p])
						for _, limit := range []int{1, 3, 100} {
							same(t, h.comments(qa.CommentQuery{Post: p, Reader: c.query.Reader, Moderate: c.query.Moderate, Limit: limit}), want)
						}
					}
					for p, comments := range page.Comments {
						if !slices.Contains(on, p) && len(comments) > 0 {
							t.Errorf("there are comments on %v, which is not on the page", p)
						}
						total -= len(comments)
					}
					same(t, total, 0)
					c.query.After = page.Answers.Next
					more = page.Answers.Next != ""
				}
			}
		})
	}
	same(t, len(h.page(qa.PageQuery{Question: q.ID}).Comments[ofAnswer(empty)]), 0)
}

// comments reads all pages of comments.
func (h *helpdesk) comments(query qa.CommentQuery) []qa.Comment {
	h.Helper()
	return walkAll(h.roster, query.Limit, func(after storage.Cursor, limit int) (storage.Page[qa.Comment], error) {
		query.After, query.Limit = after, limit
		return h.q.Comments(ctx, query)
	})
}

func qaPageVotes(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q, me, other := h.asks(nil), newUser(), newUser()
	var posts []qa.Post
	for i := range 7 {
		posts = append(posts, ofAnswer(h.answers(q, nil)))
		h.casts(me, posts[i], qa.Value(i%3-1))
		h.casts(other, posts[i], qa.For)
	}
	posts = append(posts, ofQuestion(q))
	h.casts(me, ofQuestion(q), qa.Against)
	h.casts(me, ofQuestion(h.asks(nil)), qa.For)
	for _, reader := range []auth.UserID{me, other, newUser(), {}} {
		page := h.page(qa.PageQuery{Question: q.ID, Reader: reader})
		for _, p := range posts {
			same(t, page.Votes[p].Value, h.place(p, reader).Vote.Value)
			if page.Votes[p].Value != qa.None {
				same(t, page.Votes[p].At, h.place(p, reader).Vote.At)
			}
		}
		for p := range page.Votes {
			if !slices.Contains(posts, p) {
				t.Errorf("there is a vote on %v, which is not on the page", p)
			}
		}
	}
	short := h.page(qa.PageQuery{Question: q.ID, Reader: other, Limit: 2})
	same(t, len(short.Votes), 2) // none on the question, two on the answers
}

func qaPageLinked(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	there := newArea()
	original := h.asks(func(q *qa.Question) { q.Area, q.Audience = there, auth.AreaMembers })
	a := h.answers(original, nil)
	var all []qa.Question
	for i := range 3*qa.LinkedCount + 3 {
		q := h.asks(func(q *qa.Question) {
			q.Audience, q.CreatedAt = auth.Audience(i%3+1), at(5000+i/2)
			q.Closing = qa.Closing{Reason: qa.Duplicate, Of: original.ID, At: at(1), By: newBy(), Why: "già chiesto"}
			switch i % 6 {
			case 2:
				q.Removal.State = states[1+i/6%6]
			case 4:
				q.Closing, q.MergedInto = qa.Closing{}, original.ID
			case 5:
				q.MergedInto = original.ID
			}
		})
		q.Body = ""
		all = append(all, q)
	}
	h.asks(func(q *qa.Question) { q.Closing = qa.Closing{Reason: qa.Duplicate, Of: all[0].ID} }) // of another
	slices.SortFunc(all, func(a, b qa.Question) int { return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), b.ID.Compare(a.ID)) })
	for _, reach := range reaches(there, h.area) {
		linked := slices.DeleteFunc(slices.Clone(all), func(q qa.Question) bool { return q.Removal.State != qa.Visible || !reach.Covers(q.Area, q.Audience) })
		page := h.page(qa.PageQuery{Question: original.ID, Reach: reach})
		same(t, page.Linked, linked[:min(len(linked), qa.LinkedCount)])
		same(t, page.Original, qa.Question{})
		same(t, answerIDs(page.Answers.Items), []qa.AnswerID{a.ID}) // whoever asks for a page may read it
		for _, q := range all[:6] {
			of := h.page(qa.PageQuery{Question: q.ID, Reach: reach})
			if reach.Covers(there, auth.AreaMembers) {
				same(t, of.Original.ID, original.ID)
				same(t, of.Original.Title, original.Title)
				same(t, of.Original.Answers, 1)
			} else {
				same(t, of.Original, qa.Question{})
			}
		}
	}
	h.becomes(ofQuestion(original), qa.Hidden)
	for _, q := range all[:6] {
		same(t, h.page(qa.PageQuery{Question: q.ID, Reach: everything}).Original, qa.Question{})
	}
}

func qaComments(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a := h.answers(q, nil)
	var want []qa.Comment
	for i := range 45 {
		want = append(want, h.remarks(ofQuestion(q), func(c *qa.Comment) { c.CreatedAt = at(4000 + i*29%45/4) }))
		h.remarks(ofAnswer(a), nil)
	}
	slices.SortFunc(want, func(a, b qa.Comment) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), a.ID.Compare(b.ID)) })
	for _, limit := range []int{1, 7, 44, 45, 46} {
		same(t, h.comments(qa.CommentQuery{Post: ofQuestion(q), Limit: limit}), want)
		same(t, len(h.comments(qa.CommentQuery{Post: ofAnswer(a), Limit: limit})), 45)
	}
	same(t, len(h.comments(qa.CommentQuery{Post: qa.Post{Question: h.asks(nil).ID, Answer: a.ID}})), 0)
}

func qaBelow(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a, comments := h.below(q.ID)
	same(t, len(a)+len(comments), 0)
	var wantAnswers []qa.AnswerID
	var wantComments []qa.CommentID
	for i, state := range states {
		v := h.answers(q, func(a *qa.Answer) { a.Removal.State, a.CreatedAt = state, at(100-i) })
		wantAnswers = append(wantAnswers, v.ID)
		for _, on := range []qa.Post{ofQuestion(q), ofAnswer(v)} {
			wantComments = append(wantComments, h.remarks(on, func(c *qa.Comment) { c.Removal.State, c.CreatedAt = state, at(100-i) }).ID)
		}
	}
	other := h.answers(h.asks(nil), nil)
	h.remarks(ofAnswer(other), nil)
	answers, comments := h.below(q.ID)
	same(t, answerIDs(answers), wantAnswers) // the earlier the lesser
	same(t, commentIDs(comments), wantComments)
	for _, v := range answers {
		same(t, v, h.answer(v.ID))
	}
	for _, v := range comments {
		same(t, v, h.place(ofComment(v), auth.UserID{}).Comment)
	}
}

func qaSimilarDepth(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	there := newArea()
	var changes []storage.Change
	var old []qa.QuestionID
	add := func(n int, area auth.AreaID, words ...string) {
		for range n {
			q := h.newQuestion()
			q.Area, q.Audience = area, auth.AreaMembers
			changes = append(changes, qa.InsertQuestion{Question: q, Words: words})
			old = append(old, q.ID)
		}
	}
	add(1, h.area, "appalto", "raro")
	add(1, h.area, "appalto")
	add(qa.SimilarDepth-1, h.area, "appalto")
	add(2*qa.SimilarDepth, there, "appalto") // out of reach, and no obstacle
	h.do(changes...)
	h.casts(newUser(), qa.Post{Question: old[0]}, qa.For) // would be first
	h.casts(newUser(), qa.Post{Question: old[1]}, qa.For)
	reach := auth.Reach{Areas: []auth.AreaID{h.area}}
	similar := func(words ...string) []qa.QuestionID {
		t.Helper()
		return questionIDs(got(h.q.Similar(ctx, qa.SimilarQuery{Reach: reach, Words: words, Limit: 3}))(t))
	}
	newest := old[qa.SimilarDepth]
	same(t, similar("appalto"), []qa.QuestionID{old[1], newest, old[qa.SimilarDepth-1]}) // the oldest is one too far
	same(t, similar("raro"), []qa.QuestionID{old[0]})
	same(t, similar("raro", "appalto"), []qa.QuestionID{old[1], old[0], newest}) // one word each, then votes, then ids
}

func qaSimilarWords(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	a, b := h.asks(nil, "gara", "lotto"), h.asks(nil, "soglia")
	ids := questionIDs(got(h.q.Similar(ctx, qa.SimilarQuery{Reach: everything, Words: []string{"soglia", "gara", "lotto"}, Limit: 5}))(t))
	same(t, ids, []qa.QuestionID{a.ID, b.ID})
	same(t, len(got(h.q.Similar(ctx, qa.SimilarQuery{Reach: everything, Words: []string{"gar", "Gara", "%", "gara lotto"}, Limit: 5}))(t)), 0)
	same(t, len(got(h.q.Similar(ctx, qa.SimilarQuery{Reach: everything, Limit: 5}))(t)), 0)
}

func qaFrom(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	there := newArea()
	origin := qa.Origin{Kind: "forum.topic", ID: [16]byte{7}}
	var all []qa.Question
	for i := range 24 {
		all = append(all, h.asks(func(q *qa.Question) {
			q.CreatedAt, q.Audience = at(900-i), auth.Audience(i%3+1)
			q.Origin = []qa.Origin{origin, {Kind: "forum.post", ID: origin.ID}, {Kind: "forum.topic", ID: [16]byte{8}}, origin}[i%4]
			if i%2 == 0 {
				q.Area = there
			}
			switch i % 8 {
			case 3:
				q.Removal.State = states[1+i/8]
			case 4:
				q.MergedInto = all[0].ID
			}
		}))
	}
	found := 0
	for _, reach := range reaches(h.area, there) {
		var want []qa.QuestionID
		for _, q := range all {
			if q.Origin == origin && q.Removal.State == qa.Visible && q.MergedInto.IsZero() && reach.Covers(q.Area, q.Audience) {
				want = append(want, q.ID)
			}
		}
		found += len(want)
		same(t, questionIDs(got(h.q.From(ctx, origin, reach))(t)), want)
	}
	if found < 20 {
		t.Errorf("only %d are found", found)
	}
}
