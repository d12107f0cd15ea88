// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// What the store of questions promises.
var qaPromises = slices.Concat(
	qaRowPromises, qaPostPromises, qaVotePromises, qaAcceptPromises, qaCountPromises, qaListPromises, qaPagePromises,
	qaFindPromises, qaPersonPromises, qaCursorPromises, qaCrowdPromises, qaFailPromises,
)

// A helpdesk is where tests of questions are done.
type helpdesk struct {
	*roster
	q      qa.Store
	area   auth.AreaID
	voters []auth.UserID // whoever has voted here
}

func newHelpdesk(t *testing.T, s community.Store) *helpdesk {
	return helpdeskOf(newRoster(t, s))
}

func helpdeskOf(h *roster) *helpdesk { return &helpdesk{roster: h, q: h.QA(), area: auth.Commons} }

func eachHelpdesk(t *testing.T, s community.Store, check func(h *helpdesk, k anyKeeper)) {
	for name, k := range map[string]anyKeeper{
		"question": questionKeeper, "answer": answerKeeper, "comment": commentKeeper, "comment on an answer": remarkKeeper,
		"suggestion": suggestionKeeper,
	} {
		t.Run(name, func(t *testing.T) { check(newHelpdesk(t, s), k) })
	}
}

// Names of posts.

func ofQuestion(q qa.Question) qa.Post { return qa.Post{Question: q.ID} }
func ofAnswer(a qa.Answer) qa.Post     { return qa.Post{Question: a.Question, Answer: a.ID} }
func ofComment(c qa.Comment) qa.Post {
	return qa.Post{Question: c.Question, Answer: c.Answer, Comment: c.ID}
}

func comparePosts(a, b qa.Post) int {
	if c := a.Question.Compare(b.Question); c != 0 {
		return c
	}
	if c := a.Answer.Compare(b.Answer); c != 0 {
		return c
	}
	return a.Comment.Compare(b.Comment)
}

// What there is to write; a minute passes each time.

func (h *helpdesk) newEntry(body string) qa.Entry {
	return qa.Entry{By: newBy(), Body: body, CreatedAt: h.tick(), Text: qa.TextState{Revision: 1, Substance: 1}, Version: 1}
}

func (h *helpdesk) newQuestion() qa.Question {
	e := h.newEntry("Qualcuno ha già fatto un dialogo competitivo?")
	return qa.Question{
		ID: storage.NewID[qa.Question](), Area: h.area, Audience: auth.Public, Entry: e, Title: "Dialogo competitivo",
		ActiveAt: e.CreatedAt, LastBy: e.By,
	}
}

func (h *helpdesk) newAnswer(q qa.Question) qa.Answer {
	return qa.Answer{ID: storage.NewID[qa.Answer](), Question: q.ID, Entry: h.newEntry("Così è «perché» 👩‍⚖️")}
}

func (h *helpdesk) newComment(on qa.Post) qa.Comment {
	return qa.Comment{ID: storage.NewID[qa.Comment](), Question: on.Question, Answer: on.Answer, Entry: h.newEntry("E il RUP?")}
}

func (h *helpdesk) newSuggestion(on qa.Post) qa.Suggestion {
	return qa.Suggestion{
		ID: storage.NewID[qa.Suggestion](), Post: on, Base: 1, Title: "Dialogo competitivo?", Body: "Meglio", By: newBy(), Why: "refusi",
		At: h.tick(), Version: 1,
	}
}

// asks inserts a question, as set makes it, and returns it.
func (h *helpdesk) asks(set func(*qa.Question), words ...string) qa.Question {
	h.Helper()
	q := h.newQuestion()
	if set != nil {
		set(&q)
		q.ActiveAt, q.LastBy = q.CreatedAt, q.By
	}
	h.do(qa.InsertQuestion{Question: q, Words: words})
	return q
}

func (h *helpdesk) answers(q qa.Question, set func(*qa.Answer)) qa.Answer {
	h.Helper()
	a := h.newAnswer(q)
	if set != nil {
		set(&a)
	}
	h.do(qa.InsertAnswer{Answer: a})
	return a
}

func (h *helpdesk) remarks(on qa.Post, set func(*qa.Comment)) qa.Comment {
	h.Helper()
	c := h.newComment(on)
	if set != nil {
		set(&c)
	}
	h.do(qa.InsertComment{Comment: c})
	return c
}

// suggests inserts a suggestion.
func (h *helpdesk) suggests(on qa.Post, set func(*qa.Suggestion)) qa.Suggestion {
	h.Helper()
	v := h.newSuggestion(on)
	if set != nil {
		set(&v)
	}
	h.do(qa.InsertSuggestion{Suggestion: v})
	return v
}

// casts makes a vote To what it was.
func (h *helpdesk) casts(user auth.UserID, on qa.Post, to qa.Value) {
	h.Helper()
	now := h.place(on, user).Vote.Value
	h.do(qa.SetVote{Post: on, User: user, From: now, To: to, At: h.tick()})
	if !slices.Contains(h.voters, user) {
		h.voters = append(h.voters, user)
	}
}

// accepts makes an answer the accepted one of its question, as it reads now.
func (h *helpdesk) accepts(a qa.Answer) qa.Acceptance {
	h.Helper()
	acc := qa.Acceptance{Answer: a.ID, Revision: a.Text.Revision, By: newBy(), Capacity: qa.Asker, At: h.tick()}
	h.do(qa.Accept{Question: a.Question, Version: h.question(a.Question).Version, Acceptance: acc})
	return acc
}

// closes makes a question closed.
func (h *helpdesk) closes(id qa.QuestionID, c qa.Closing) {
	h.Helper()
	q := h.question(id)
	q.Closing = c
	h.do(qa.UpdateQuestion{Question: q})
}

// becomes puts a post into a state.
func (h *helpdesk) becomes(p qa.Post, state qa.State) {
	h.Helper()
	pl := h.place(p, auth.UserID{})
	gone := qa.Removal{State: state, At: h.tick(), By: newBy(), Why: "motivo"}
	if state == qa.Visible {
		gone = qa.Removal{}
	}
	switch {
	case !p.Comment.IsZero():
		pl.Comment.Removal = gone
		h.do(qa.UpdateComment{Comment: pl.Comment})
	case !p.Answer.IsZero():
		pl.Answer.Removal = gone
		h.do(qa.UpdateAnswer{Answer: pl.Answer})
	default:
		pl.Question.Removal = gone
		h.do(qa.UpdateQuestion{Question: pl.Question})
	}
}

// What there is to read.

func (h *helpdesk) question(id qa.QuestionID) qa.Question {
	h.Helper()
	return got(h.q.Question(ctx, id))(h.T)
}

func (h *helpdesk) answer(id qa.AnswerID) qa.Answer {
	h.Helper()
	return got(h.q.Answer(ctx, id))(h.T)
}

func (h *helpdesk) place(p qa.Post, reader auth.UserID) qa.Place {
	h.Helper()
	return got(h.q.Place(ctx, qa.PlaceQuery{Post: p, Reader: reader}))(h.T)
}

// tally is what the votes for a post amount to, as it says itself.
func (h *helpdesk) tally(p qa.Post) qa.Tally {
	h.Helper()
	pl := h.place(p, auth.UserID{})
	if p.Answer.IsZero() {
		return pl.Question.Votes
	}
	return pl.Answer.Votes
}

func (h *helpdesk) below(id qa.QuestionID) ([]qa.Answer, []qa.Comment) {
	h.Helper()
	answers, comments, err := h.q.Below(ctx, id)
	must(h.T, err)
	return answers, comments
}

// page reads the first page of a question, as long as it may be.
func (h *helpdesk) page(q qa.PageQuery) qa.Page {
	h.Helper()
	if q.Limit == 0 {
		q.Limit = storage.MaxLimit
	}
	return got(h.q.Page(ctx, q))(h.T)
}

func questionIDs(all []qa.Question) (ids []qa.QuestionID) {
	for _, q := range all {
		ids = append(ids, q.ID)
	}
	return ids
}

func answerIDs(all []qa.Answer) (ids []qa.AnswerID) {
	for _, a := range all {
		ids = append(ids, a.ID)
	}
	return ids
}

func commentIDs(all []qa.Comment) (ids []qa.CommentID) {
	for _, c := range all {
		ids = append(ids, c.ID)
	}
	return ids
}

// recount checks that what is counted is what there is: answers, comments,
// the last answer, and the tallies against the votes of all voters.
func (h *helpdesk) recount(ids ...qa.QuestionID) {
	h.Helper()
	tallies := map[qa.Post]qa.Tally{}
	for _, user := range h.voters {
		for _, v := range got(h.q.Votes(ctx, user))(h.T) {
			sum := tallies[v.Post]
			if v.Value == qa.For {
				sum.Up++
			} else {
				sum.Down++
			}
			tallies[v.Post] = sum
		}
	}
	for _, id := range ids {
		q := h.question(id)
		answers, comments := h.below(id)
		remarks := map[qa.Post]int{}
		for _, c := range comments {
			if c.Removal.State == qa.Visible {
				remarks[qa.Post{Question: c.Question, Answer: c.Answer}]++
			}
		}
		want := q
		want.Votes, want.Comments, want.Answers = tallies[ofQuestion(q)], remarks[ofQuestion(q)], 0
		want.ActiveAt, want.LastBy = q.CreatedAt, q.By
		var last qa.Answer
		for _, a := range answers {
			same(h.T, a.Votes, tallies[ofAnswer(a)])
			same(h.T, a.Comments, remarks[ofAnswer(a)])
			if a.Removal.State != qa.Visible {
				continue
			}
			want.Answers++
			if c := a.CreatedAt.Compare(last.CreatedAt); c > 0 || c == 0 && a.ID.Compare(last.ID) > 0 {
				last = a
				want.ActiveAt, want.LastBy = a.CreatedAt, a.By
			}
		}
		same(h.T, q, want)
	}
}

// Kinds of rows. See [keeper].

// filledQuestion returns a question with every field filled but those that the
// store keeps.
func filledQuestion(r *roster, seed int) qa.Question {
	h, v := helpdeskOf(r), fill[qa.Question](r.T, seed)
	v.MergedInto, v.Closing.Of = h.asks(nil).ID, h.asks(nil).ID
	v.Votes, v.Comments, v.Answers, v.ActiveAt, v.LastBy, v.Acceptance = qa.Tally{}, 0, 0, v.CreatedAt, v.By, qa.Acceptance{}
	return v
}

var questionKeeper = keeper[qa.Question]{
	fresh: filledQuestion,
	insert: func(v qa.Question) storage.Change {
		return qa.InsertQuestion{Question: v, Words: []string{"gara", "comune"}}
	},
	update: func(v qa.Question) storage.Change {
		return qa.UpdateQuestion{Question: v, Words: []string{"comune", "bando"}}
	},
	id: func(now qa.Question, as *qa.Question) {
		as.ID, as.By = now.ID, now.By // whose it is SetAuthor says, with what follows from it
		if as.Audience == 0 {
			as.Audience = now.Audience
		}
	},
	kept: func(was qa.Question, next *qa.Question) {
		next.CreatedAt, next.Acceptance = was.CreatedAt, was.Acceptance
		next.Votes, next.Comments, next.Answers, next.ActiveAt, next.LastBy = was.Votes, was.Comments, was.Answers, was.ActiveAt, was.LastBy
	},
	version: func(v *qa.Question) *int { return &v.Version },
	ways: []func(r *roster, v qa.Question) qa.Question{
		func(r *roster, v qa.Question) qa.Question { return helpdeskOf(r).question(v.ID) },
		func(r *roster, v qa.Question) qa.Question {
			return helpdeskOf(r).place(ofQuestion(v), auth.UserID{}).Question
		},
		func(r *roster, v qa.Question) qa.Question {
			return helpdeskOf(r).page(qa.PageQuery{Question: v.ID}).Question
		},
		func(r *roster, v qa.Question) qa.Question {
			all, err := pageOf(r.QA().Written(ctx, qa.WrittenQuery{User: v.By.User}))
			return one(r, all, err).Question
		},
	},
	texts: func(v *qa.Question) []*string {
		all := []*string{&v.Title, &v.Origin.Kind, &v.Closing.Why, &v.Body, &v.Text.Why, &v.Removal.Why}
		if len(v.Tags) > 0 {
			all = append(all, &v.Tags[0])
		}
		return all
	},
	times: func(v *qa.Question) []*time.Time {
		return []*time.Time{&v.RecheckAt, &v.Closing.At, &v.Text.EditedAt, &v.Removal.At}
	},
}

var answerKeeper = keeper[qa.Answer]{
	fresh: func(r *roster, seed int) qa.Answer {
		v := fill[qa.Answer](r.T, seed)
		v.Question, v.Votes, v.Comments = helpdeskOf(r).asks(nil).ID, qa.Tally{}, 0
		return v
	},
	insert:  func(v qa.Answer) storage.Change { return qa.InsertAnswer{Answer: v} },
	update:  func(v qa.Answer) storage.Change { return qa.UpdateAnswer{Answer: v} },
	id:      func(now qa.Answer, as *qa.Answer) { as.ID, as.Question, as.By = now.ID, now.Question, now.By },
	kept:    func(was qa.Answer, next *qa.Answer) { next.CreatedAt = was.CreatedAt },
	version: func(v *qa.Answer) *int { return &v.Version },
	ways: []func(r *roster, v qa.Answer) qa.Answer{
		func(r *roster, v qa.Answer) qa.Answer { return helpdeskOf(r).answer(v.ID) },
		func(r *roster, v qa.Answer) qa.Answer { return helpdeskOf(r).place(ofAnswer(v), auth.UserID{}).Answer },
		func(r *roster, v qa.Answer) qa.Answer {
			all, _ := helpdeskOf(r).below(v.Question)
			return one(r, all, nil)
		},
		func(r *roster, v qa.Answer) qa.Answer {
			return one(r, helpdeskOf(r).page(qa.PageQuery{Question: v.Question, Moderate: everything}).Answers.Items, nil)
		},
		func(r *roster, v qa.Answer) qa.Answer {
			all, err := pageOf(r.QA().Written(ctx, qa.WrittenQuery{User: v.By.User}))
			all = slices.DeleteFunc(all, func(pl qa.Place) bool { return pl.Answer.ID.IsZero() })
			return one(r, all, err).Answer
		},
	},
	texts: func(v *qa.Answer) []*string { return []*string{&v.Body, &v.Text.Why, &v.Removal.Why} },
	times: func(v *qa.Answer) []*time.Time { return []*time.Time{&v.CreatedAt, &v.Text.EditedAt, &v.Removal.At} },
}

var (
	commentKeeper = keeperOfComments(func(h *helpdesk) qa.Post { return ofQuestion(h.asks(nil)) })
	remarkKeeper  = keeperOfComments(func(h *helpdesk) qa.Post { return ofAnswer(h.answers(h.asks(nil), nil)) })
)

func keeperOfComments(on func(h *helpdesk) qa.Post) keeper[qa.Comment] {
	return keeper[qa.Comment]{
		fresh: func(r *roster, seed int) qa.Comment {
			v, p := fill[qa.Comment](r.T, seed), on(helpdeskOf(r))
			v.Question, v.Answer = p.Question, p.Answer
			return v
		},
		insert: func(v qa.Comment) storage.Change { return qa.InsertComment{Comment: v} },
		update: func(v qa.Comment) storage.Change { return qa.UpdateComment{Comment: v} },
		id: func(now qa.Comment, as *qa.Comment) {
			as.ID, as.Question, as.Answer, as.By = now.ID, now.Question, now.Answer, now.By
		},
		kept:    func(was qa.Comment, next *qa.Comment) { next.CreatedAt = was.CreatedAt },
		version: func(v *qa.Comment) *int { return &v.Version },
		ways: []func(r *roster, v qa.Comment) qa.Comment{
			func(r *roster, v qa.Comment) qa.Comment {
				return helpdeskOf(r).place(ofComment(v), auth.UserID{}).Comment
			},
			func(r *roster, v qa.Comment) qa.Comment {
				_, all := helpdeskOf(r).below(v.Question)
				return one(r, all, nil)
			},
			func(r *roster, v qa.Comment) qa.Comment {
				on := qa.Post{Question: v.Question, Answer: v.Answer}
				return one(r, helpdeskOf(r).page(qa.PageQuery{Question: v.Question, Moderate: everything}).Comments[on], nil)
			},
			func(r *roster, v qa.Comment) qa.Comment {
				all, err := pageOf(r.QA().Comments(ctx, qa.CommentQuery{Post: qa.Post{Question: v.Question, Answer: v.Answer}, Moderate: everything}))
				return one(r, all, err)
			},
			func(r *roster, v qa.Comment) qa.Comment {
				all, err := pageOf(r.QA().Written(ctx, qa.WrittenQuery{User: v.By.User}))
				return one(r, all, err).Comment
			},
		},
		texts: func(v *qa.Comment) []*string { return []*string{&v.Body, &v.Text.Why, &v.Removal.Why} },
		times: func(v *qa.Comment) []*time.Time { return []*time.Time{&v.CreatedAt, &v.Text.EditedAt, &v.Removal.At} },
	}
}

var suggestionKeeper = keeper[qa.Suggestion]{
	fresh: func(r *roster, seed int) qa.Suggestion {
		h, v := helpdeskOf(r), fill[qa.Suggestion](r.T, seed)
		v.Post = ofQuestion(h.asks(nil))
		if seed%2 == 0 {
			v.Post = ofAnswer(h.answers(h.asks(nil), nil))
		}
		return v
	},
	insert: func(v qa.Suggestion) storage.Change { return qa.InsertSuggestion{Suggestion: v} },
	update: func(v qa.Suggestion) storage.Change { return qa.UpdateSuggestion{Suggestion: v} },
	id: func(now qa.Suggestion, as *qa.Suggestion) {
		as.ID, as.Post, as.By, as.At = now.ID, now.Post, now.By, now.At
	},
	kept:    func(was qa.Suggestion, next *qa.Suggestion) {},
	version: func(v *qa.Suggestion) *int { return &v.Version },
	ways: []func(r *roster, v qa.Suggestion) qa.Suggestion{
		func(r *roster, v qa.Suggestion) qa.Suggestion { return got(r.QA().Suggestion(ctx, v.ID))(r.T) },
		func(r *roster, v qa.Suggestion) qa.Suggestion {
			all, err := pageOf(r.QA().Suggestions(ctx, qa.SuggestionQuery{Reach: everything, Post: v.Post}))
			return one(r, all, err)
		},
		func(r *roster, v qa.Suggestion) qa.Suggestion {
			all, err := pageOf(r.QA().Suggestions(ctx, qa.SuggestionQuery{Reach: auth.Everything, By: v.By.User}))
			return one(r, all, err)
		},
	},
	texts: func(v *qa.Suggestion) []*string {
		all := []*string{&v.Title, &v.Body, &v.Why, &v.Reason}
		if len(v.Tags) > 0 {
			all = append(all, &v.Tags[0])
		}
		return all
	},
	times: func(v *qa.Suggestion) []*time.Time { return []*time.Time{&v.At, &v.EndedAt} },
}

// qaMethods are those of questions.
func qaMethods() []method {
	tell := func(_ any, err error) error { return err }
	user, question := newUser(), storage.NewID[qa.Question]()
	q := func(name string, call func(context.Context, qa.Store) error) method {
		return method{"QA." + name, func(ctx context.Context, s community.Store) error { return call(ctx, s.QA()) }}
	}
	return []method{
		q("Atomic", func(ctx context.Context, q qa.Store) error {
			return q.Atomic(ctx, func(context.Context, qa.Store) error { return nil })
		}),
		q("Apply", func(ctx context.Context, q qa.Store) error {
			return q.Apply(ctx, qa.PutSynonym{Synonym: qa.Synonym{From: "a", To: "b"}})
		}),
		q("Done", func(ctx context.Context, q qa.Store) error { return tell(q.Done(ctx, user.Bytes(), "k")) }),
		q("Question", func(ctx context.Context, q qa.Store) error { return tell(q.Question(ctx, question)) }),
		q("Questions", func(ctx context.Context, q qa.Store) error {
			return tell(q.Questions(ctx, qa.QuestionQuery{Reach: everything}))
		}),
		q("Answer", func(ctx context.Context, q qa.Store) error { return tell(q.Answer(ctx, storage.NewID[qa.Answer]())) }),
		q("Place", func(ctx context.Context, q qa.Store) error {
			return tell(q.Place(ctx, qa.PlaceQuery{Post: qa.Post{Question: question}}))
		}),
		q("Page", func(ctx context.Context, q qa.Store) error {
			return tell(q.Page(ctx, qa.PageQuery{Question: question}))
		}),
		q("Comments", func(ctx context.Context, q qa.Store) error {
			return tell(q.Comments(ctx, qa.CommentQuery{Post: qa.Post{Question: question}}))
		}),
		q("Below", func(ctx context.Context, q qa.Store) error { _, _, err := q.Below(ctx, question); return err }),
		q("Held", func(ctx context.Context, q qa.Store) error { return tell(q.Held(ctx, qa.HeldQuery{Reach: everything})) }),
		q("Revisions", func(ctx context.Context, q qa.Store) error {
			return tell(q.Revisions(ctx, qa.Post{Question: question}))
		}),
		q("Suggestion", func(ctx context.Context, q qa.Store) error {
			return tell(q.Suggestion(ctx, storage.NewID[qa.Suggestion]()))
		}),
		q("Suggestions", func(ctx context.Context, q qa.Store) error {
			return tell(q.Suggestions(ctx, qa.SuggestionQuery{Reach: everything}))
		}),
		q("Similar", func(ctx context.Context, q qa.Store) error {
			return tell(q.Similar(ctx, qa.SimilarQuery{Reach: everything, Words: []string{"gara"}, Limit: 3}))
		}),
		q("Tags", func(ctx context.Context, q qa.Store) error { return tell(q.Tags(ctx, qa.TagQuery{Reach: everything})) }),
		q("Synonyms", func(ctx context.Context, q qa.Store) error { return tell(q.Synonyms(ctx, nil)) }),
		q("Offers", func(ctx context.Context, q qa.Store) error { return tell(q.Offers(ctx, question)) }),
		q("From", func(ctx context.Context, q qa.Store) error {
			return tell(q.From(ctx, qa.Origin{Kind: "forum.topic", ID: user.Bytes()}, everything))
		}),
		q("Votes", func(ctx context.Context, q qa.Store) error { return tell(q.Votes(ctx, user)) }),
		q("Written", func(ctx context.Context, q qa.Store) error { return tell(q.Written(ctx, qa.WrittenQuery{User: user})) }),
	}
}
