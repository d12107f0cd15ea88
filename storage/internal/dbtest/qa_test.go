// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// qaSpot is what a spot has of questions: six, with all that may stand below
// them, the last of them without an answer.
type qaSpot struct {
	questions  []qa.Question
	answers    []qa.Answer // to the first question
	comment    qa.Comment
	suggestion qa.Suggestion
	theme      qa.ThemeID
	origin     qa.Origin
	words      []string
	tag        string
}

func newQASpot(who auth.UserID, area auth.AreaID, now time.Time) (sp qaSpot, changes []storage.Change) {
	by := auth.By{User: who}
	entry := qa.Entry{By: by, Body: "b", CreatedAt: now, Text: qa.TextState{Revision: 1, Substance: 1}, Version: 1}
	held := entry
	held.Removal = qa.Removal{State: qa.Held}
	name := area.String()
	sp = qaSpot{theme: storage.NewID[qa.Theme](), origin: qa.Origin{Kind: "forum.topic", ID: who.Bytes()}, tag: "a" + name, words: []string{"w" + name, "x" + name}}
	for i := range 6 {
		q := qa.Question{
			ID: storage.NewID[qa.Question](), Area: area, Audience: auth.Public, Entry: entry, Title: "t", Tags: []string{sp.tag, "b" + name, "c" + name},
			Themes: []qa.ThemeID{sp.theme}, Delegate: who, Origin: sp.origin,
		}
		switch i {
		case 2, 3: // linked to the first
			q.Closing = qa.Closing{Reason: qa.Duplicate, Of: sp.questions[0].ID, At: now, By: by}
		case 4:
			q.Removal = qa.Removal{State: qa.Hidden, At: now, By: by}
		}
		sp.questions = append(sp.questions, q)
		changes = append(changes, qa.InsertQuestion{Question: q, Words: sp.words},
			qa.SetOffers{Question: q.ID, Users: []auth.UserID{who}},
			qa.SetMentions{Post: qa.Post{Question: q.ID}, Users: []auth.UserID{who}},
			qa.InsertRevision{Revision: qa.Revision{Post: qa.Post{Question: q.ID}, N: 1, By: by, At: now}},
			qa.SetVote{Post: qa.Post{Question: q.ID}, User: who, To: qa.For, At: now})
	}
	waits := sp.questions[1]
	waits.ID, waits.Entry = storage.NewID[qa.Question](), held
	changes = append(changes, qa.InsertQuestion{Question: waits})
	removed := sp.questions[4]
	removed.ID = storage.NewID[qa.Question]()
	changes = append(changes, qa.InsertQuestion{Question: removed, Words: sp.words})
	for i := range 4 {
		a := qa.Answer{ID: storage.NewID[qa.Answer](), Question: sp.questions[0].ID, Entry: entry}
		sp.answers = append(sp.answers, a)
		changes = append(changes, qa.InsertAnswer{Answer: a}, qa.SetVote{Post: qa.Post{Question: a.Question, Answer: a.ID}, User: who, To: qa.Against, At: now})
		for j := range 3 {
			c := qa.Comment{ID: storage.NewID[qa.Comment](), Question: a.Question, Answer: a.ID, Entry: entry}
			if i == 3 {
				c.Answer = qa.AnswerID{}
			}
			if j == 2 {
				c.Entry = held
			}
			sp.comment = c
			changes = append(changes, qa.InsertComment{Comment: c})
		}
		s := qa.Suggestion{ID: storage.NewID[qa.Suggestion](), Post: qa.Post{Question: a.Question, Answer: a.ID}, Base: 1, By: by, At: now, Version: 1}
		if i%2 == 1 {
			s.Post.Answer = qa.AnswerID{}
		}
		sp.suggestion = s
		changes = append(changes, qa.InsertSuggestion{Suggestion: s, Most: 9})
	}
	changes = append(changes, qa.InsertAnswer{Answer: qa.Answer{ID: storage.NewID[qa.Answer](), Question: sp.questions[0].ID, Entry: held}},
		qa.PutSynonym{Synonym: qa.Synonym{From: "s" + name, To: sp.tag}},
		qa.Accept{Question: sp.questions[0].ID, Version: 1, Acceptance: qa.Acceptance{Answer: sp.answers[1].ID, Revision: 1, By: by, Capacity: qa.Asker, At: now}})
	return sp, changes
}

// qaGrow are the tables of questions that grow with what members do.
var qaGrow = []string{"questions", "labels", "tags", "synonyms", "answers", "comments", "votes", "qa_revisions", "qa_mentions", "suggestions", "suggesters", "offers"}

// qaLooks are the reads of questions, in every form that has a text of its own.
func qaLooks() (all []look) {
	type ask = func(ctx context.Context, q qa.Store, sp spot) error
	add := func(name string, read ask) {
		all = append(all, look{"qa " + name, func(ctx context.Context, s community.Store, sp spot) error { return read(ctx, s.QA(), sp) }})
	}
	tell := func(_ any, err error) error { return err }
	// twice reads a page and the next one.
	twice := func(n int, next storage.Cursor, err error, again func(storage.Cursor) error) error {
		switch {
		case err != nil:
			return err
		case n == 0:
			return errors.New("nothing is listed: this says nothing")
		case next == "":
			return nil
		}
		return again(next)
	}
	post := func(sp spot) qa.Post {
		return qa.Post{Question: sp.qa.answers[0].Question, Answer: sp.qa.answers[0].ID}
	}
	add("Question", func(ctx context.Context, q qa.Store, sp spot) error {
		return tell(q.Question(ctx, sp.qa.questions[0].ID))
	})
	add("Answer", func(ctx context.Context, q qa.Store, sp spot) error { return tell(q.Answer(ctx, sp.qa.answers[0].ID)) })
	add("Below", func(ctx context.Context, q qa.Store, sp spot) error {
		_, _, err := q.Below(ctx, sp.qa.questions[0].ID)
		return err
	})
	add("Suggestion", func(ctx context.Context, q qa.Store, sp spot) error {
		return tell(q.Suggestion(ctx, sp.qa.suggestion.ID))
	})
	add("Synonyms", func(ctx context.Context, q qa.Store, sp spot) error {
		return tell(q.Synonyms(ctx, []string{"s" + sp.area.String()}))
	})
	add("Offers", func(ctx context.Context, q qa.Store, sp spot) error {
		return tell(q.Offers(ctx, sp.qa.questions[0].ID))
	})
	add("Votes", func(ctx context.Context, q qa.Store, sp spot) error { return tell(q.Votes(ctx, sp.who)) })
	add("Written", func(ctx context.Context, q qa.Store, sp spot) error {
		page, err := q.Written(ctx, qa.WrittenQuery{User: sp.who, Limit: 2})
		return twice(len(page.Items), page.Next, err, func(after storage.Cursor) error {
			return tell(q.Written(ctx, qa.WrittenQuery{User: sp.who, After: after, Limit: 2}))
		})
	})
	for name, p := range map[string]func(sp spot) qa.Post{
		"a question": func(sp spot) qa.Post { return qa.Post{Question: sp.qa.questions[0].ID} },
		"an answer":  post,
		"a comment":  func(sp spot) qa.Post { return qa.Post{Question: sp.qa.comment.Question, Comment: sp.qa.comment.ID} },
	} {
		add("Place of "+name, func(ctx context.Context, q qa.Store, sp spot) error {
			return tell(q.Place(ctx, qa.PlaceQuery{Post: p(sp), Reader: sp.who}))
		})
		add("Revisions of "+name, func(ctx context.Context, q qa.Store, sp spot) error { return tell(q.Revisions(ctx, p(sp))) })
	}
	for _, guest := range []bool{false, true} {
		add(fmt.Sprint("Page, of a guest ", guest), func(ctx context.Context, q qa.Store, sp spot) error {
			in := qa.PageQuery{Question: sp.qa.questions[0].ID, Reach: auth.Reach{Floor: auth.Public, Areas: []auth.AreaID{sp.area}}, Limit: 2}
			if !guest {
				in.Reader, in.Moderate = sp.who, in.Reach
			}
			page, err := q.Page(ctx, in)
			if err == nil && len(page.Linked) == 0 {
				err = errors.New("nothing is linked: this says nothing")
			}
			return twice(len(page.Answers.Items), page.Answers.Next, err, func(after storage.Cursor) error {
				in.After = after
				return tell(q.Page(ctx, in))
			})
		})
		add(fmt.Sprint("Comments, of a guest ", guest), func(ctx context.Context, q qa.Store, sp spot) error {
			in := qa.CommentQuery{Post: post(sp), Limit: 1}
			if !guest {
				in.Reader, in.Moderate = sp.who, auth.Reach{Areas: []auth.AreaID{sp.area}}
			}
			page, err := q.Comments(ctx, in)
			return twice(len(page.Items), page.Next, err, func(after storage.Cursor) error {
				in.After = after
				return tell(q.Comments(ctx, in))
			})
		})
	}
	for _, reach := range []struct {
		name string
		of   func(sp spot) auth.Reach
	}{
		{"everything", func(spot) auth.Reach { return auth.Everything }},
		{"some", func(sp spot) auth.Reach {
			return auth.Reach{Floor: auth.Public, Areas: []auth.AreaID{sp.area, auth.Commons}}
		}},
		{"areas", func(sp spot) auth.Reach { return auth.Reach{Areas: []auth.AreaID{sp.area}} }},
	} {
		for name, of := range map[string]func(sp spot) qa.QuestionQuery{
			"newest": func(spot) qa.QuestionQuery { return qa.QuestionQuery{} },
			"active": func(spot) qa.QuestionQuery { return qa.QuestionQuery{Order: qa.Active} },
			"voted":  func(spot) qa.QuestionQuery { return qa.QuestionQuery{Order: qa.Voted} },
			"unanswered": func(sp spot) qa.QuestionQuery {
				return qa.QuestionQuery{Unanswered: true, Before: sp.now.Add(time.Hour)}
			},
			"area":            func(sp spot) qa.QuestionQuery { return qa.QuestionQuery{Area: sp.area} },
			"area active":     func(sp spot) qa.QuestionQuery { return qa.QuestionQuery{Area: sp.area, Order: qa.Active} },
			"area voted":      func(sp spot) qa.QuestionQuery { return qa.QuestionQuery{Area: sp.area, Order: qa.Voted} },
			"area unanswered": func(sp spot) qa.QuestionQuery { return qa.QuestionQuery{Area: sp.area, Unanswered: true} },
			"tag":             func(sp spot) qa.QuestionQuery { return qa.QuestionQuery{Tag: sp.qa.tag} },
			"tag area":        func(sp spot) qa.QuestionQuery { return qa.QuestionQuery{Tag: sp.qa.tag, Area: sp.area} },
			"tag unanswered":  func(sp spot) qa.QuestionQuery { return qa.QuestionQuery{Tag: sp.qa.tag, Unanswered: true} },
			"theme":           func(sp spot) qa.QuestionQuery { return qa.QuestionQuery{Theme: sp.qa.theme} },
			"theme unanswered": func(sp spot) qa.QuestionQuery {
				return qa.QuestionQuery{Theme: sp.qa.theme, Area: sp.area, Unanswered: true}
			},
			"author": func(sp spot) qa.QuestionQuery { return qa.QuestionQuery{Author: sp.who} },
			"author tag": func(sp spot) qa.QuestionQuery {
				return qa.QuestionQuery{Author: sp.who, Tag: sp.qa.tag, Unanswered: true}
			},
			"offered": func(sp spot) qa.QuestionQuery { return qa.QuestionQuery{Offered: sp.who} },
			"offered unanswered": func(sp spot) qa.QuestionQuery {
				return qa.QuestionQuery{Offered: sp.who, Unanswered: true, Area: sp.area}
			},
			"removed":     func(spot) qa.QuestionQuery { return qa.QuestionQuery{Removed: true} },
			"removed tag": func(sp spot) qa.QuestionQuery { return qa.QuestionQuery{Removed: true, Tag: sp.qa.tag} },
		} {
			add("Questions "+name+" of "+reach.name, func(ctx context.Context, q qa.Store, sp spot) error {
				in := of(sp)
				in.Reach, in.Limit = reach.of(sp), 1
				page, err := q.Questions(ctx, in)
				return twice(len(page.Items), page.Next, err, func(after storage.Cursor) error {
					in.After = after
					return tell(q.Questions(ctx, in))
				})
			})
		}
		add("Tags of "+reach.name, func(ctx context.Context, q qa.Store, sp spot) error {
			in := qa.TagQuery{Reach: reach.of(sp), Limit: 1}
			page, err := q.Tags(ctx, in)
			return twice(len(page.Items), page.Next, err, func(after storage.Cursor) error {
				in.After = after
				return tell(q.Tags(ctx, in))
			})
		})
		add("Tags that begin, of "+reach.name, func(ctx context.Context, q qa.Store, sp spot) error {
			return tell(q.Tags(ctx, qa.TagQuery{Reach: reach.of(sp), Prefix: sp.qa.tag}))
		})
		add("Similar of "+reach.name, func(ctx context.Context, q qa.Store, sp spot) error {
			found, err := q.Similar(ctx, qa.SimilarQuery{Reach: reach.of(sp), Words: sp.qa.words, Limit: 2})
			return twice(len(found), "", err, nil)
		})
		add("From of "+reach.name, func(ctx context.Context, q qa.Store, sp spot) error {
			found, err := q.From(ctx, sp.qa.origin, reach.of(sp))
			return twice(len(found), "", err, nil)
		})
		for name, of := range map[string]func(sp spot) qa.SuggestionQuery{
			"all":     func(spot) qa.SuggestionQuery { return qa.SuggestionQuery{} },
			"pending": func(spot) qa.SuggestionQuery { return qa.SuggestionQuery{Pending: true} },
			"post":    func(sp spot) qa.SuggestionQuery { return qa.SuggestionQuery{Post: post(sp)} },
			"by":      func(sp spot) qa.SuggestionQuery { return qa.SuggestionQuery{Reach: auth.Everything, By: sp.who} },
		} {
			add("Suggestions "+name+" of "+reach.name, func(ctx context.Context, q qa.Store, sp spot) error {
				in := of(sp)
				in.Reach, in.Limit = reach.of(sp), 1
				page, err := q.Suggestions(ctx, in)
				return twice(len(page.Items), page.Next, err, func(after storage.Cursor) error {
					in.After = after
					return tell(q.Suggestions(ctx, in))
				})
			})
		}
		if reach.name == "areas" {
			continue // of what waits, all is looked through
		}
		add("Held of "+reach.name, func(ctx context.Context, q qa.Store, sp spot) error {
			in := qa.HeldQuery{Reach: reach.of(sp), Limit: 1}
			page, err := q.Held(ctx, in)
			return twice(len(page.Items), page.Next, err, func(after storage.Cursor) error {
				in.After = after
				return tell(q.Held(ctx, in))
			})
		})
	}
	add("Held of a person", func(ctx context.Context, q qa.Store, sp spot) error {
		in := qa.HeldQuery{Reach: auth.Everything, By: sp.who, Limit: 1}
		page, err := q.Held(ctx, in)
		return twice(len(page.Items), page.Next, err, func(after storage.Cursor) error {
			in.After = after
			return tell(q.Held(ctx, in))
		})
	})
	return all
}
