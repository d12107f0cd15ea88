// SPDX-License-Identifier: BSD-3-Clause

package dbtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
	"github.com/copis-it/copis/storage/memory"
)

// TestModelQA is [TestModel] of questions.
func TestModelQA(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) community.Store{"SQLite": SQLite, "PostgreSQL": Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database, model := open(t), community.Store(memory.New())
			rapid.Check(t, func(t *rapid.T) {
				m := newQAMachine(t, model)
				meet := func(op action) {
					got, want := op.run(context.Background(), database), op.run(context.Background(), model)
					if got != want {
						t.Fatalf("%s\n%s says %s\nmemory says %s", op.name, name, got, want)
					}
				}
				meet(m.begin())
				for range rapid.IntRange(1, 30).Draw(t, "steps") {
					meet(m.step())
				}
				got, want := m.dump(database), m.dump(model)
				for i := range max(len(got), len(want)) {
					if i >= len(got) || i >= len(want) || got[i] != want[i] {
						t.Fatalf("in the end, line %d\n%s has %s\nmemory has %s", i, name, line(got, i), line(want, i))
					}
				}
			})
		})
	}
}

// A qaMachine makes changes out of few posts and people, so that they meet. It
// looks at the model to be right more often than by chance.
type qaMachine struct {
	*machine
	model       community.Store
	questions   []qa.QuestionID
	answers     []qa.AnswerID
	comments    []qa.CommentID
	suggestions []qa.SuggestionID
	themes      []qa.ThemeID
	tags        []string
	on          map[qa.CommentID]qa.Post
}

func newQAMachine(t *rapid.T, model community.Store) *qaMachine {
	m := &qaMachine{
		machine: newMachine(t), model: model, questions: ids[qa.Question](4), answers: ids[qa.Answer](6), comments: ids[qa.Comment](6),
		suggestions: ids[qa.Suggestion](4), themes: ids[qa.Theme](2), on: map[qa.CommentID]qa.Post{},
	}
	for _, tag := range []string{"a", "B", "à"} { // which no other round has
		m.tags = append(m.tags, tag+m.questions[0].String())
	}
	return m
}

func (m *qaMachine) user() auth.UserID { return pick(m.machine, "user", m.users) }

// version is the present one, usually.
func (m *qaMachine) version(now int) int {
	if m.number("stale", 5) == 0 {
		return 1 + m.number("version", 2)
	}
	return max(now, 1)
}

func (m *qaMachine) question() qa.QuestionID { return pick(m.machine, "question", m.questions) }

// answer is one of the answers as it is, or would be.
func (m *qaMachine) answer() qa.Answer {
	id := pick(m.machine, "answer", m.answers)
	a, err := m.model.QA().Answer(context.Background(), id)
	if err != nil {
		return qa.Answer{ID: id, Question: m.question()}
	}
	return a
}

// post is a question or an answer.
func (m *qaMachine) post() qa.Post {
	if m.yes("a question") {
		return qa.Post{Question: m.question()}
	}
	a := m.answer()
	return qa.Post{Question: a.Question, Answer: a.ID}
}

// anyPost is a question, an answer or a comment.
func (m *qaMachine) anyPost() qa.Post {
	if m.number("a comment", 2) > 0 {
		return m.post()
	}
	return m.commented(pick(m.machine, "comment", m.comments))
}

// commented is where a comment stands, or would.
func (m *qaMachine) commented(id qa.CommentID) qa.Post {
	p, ok := m.on[id]
	if !ok {
		p = m.post()
		m.on[id] = p
	}
	if !p.Answer.IsZero() {
		if a, err := m.model.QA().Answer(context.Background(), p.Answer); err == nil {
			p.Question = a.Question
		}
	}
	p.Comment = id
	return p
}

// place is a post as it is, or nothing.
func (m *qaMachine) place(p qa.Post, reader auth.UserID) qa.Place {
	pl, _ := m.model.QA().Place(context.Background(), qa.PlaceQuery{Post: p, Reader: reader})
	return pl
}

func (m *qaMachine) textState() qa.TextState {
	s := qa.TextState{Revision: 1 + m.number("revision", 2), Substance: 1}
	if m.yes("edited") {
		s.EditedAt, s.EditedBy, s.Why = m.now, m.by(), m.text()
	}
	return s
}

func (m *qaMachine) entry(now qa.Entry) qa.Entry {
	e := qa.Entry{By: m.by(), Body: m.text(), CreatedAt: m.tick(), Text: m.textState(), Version: m.version(now.Version)}
	if now.Version > 0 {
		e.By = now.By // SetAuthor says whose it is
	}
	if m.number("removed", 3) == 0 {
		e.Removal = qa.Removal{State: qa.State(1 + m.number("state", 5)), At: m.now, By: m.by(), Why: m.text()}
	}
	return e
}

func (m *qaMachine) asked() (qa.Question, []string) {
	id := m.question()
	q := qa.Question{
		ID: id, Area: pick(m.machine, "area", m.areas), Audience: auth.Audience(1 + m.number("audience", 2)), Title: m.text(),
		Entry: m.entry(m.place(qa.Post{Question: id}, auth.UserID{}).Question.Entry), Tags: m.some("tag", m.tags),
	}
	for i := range m.themes {
		if m.yes("theme") {
			q.Themes = append(q.Themes, m.themes[i])
		}
	}
	if m.number("delegated", 3) == 0 {
		q.Delegate = m.user()
	}
	if m.number("origin", 2) == 0 {
		q.Origin = m.origin()
	}
	if m.number("closed", 3) == 0 {
		q.Closing = qa.Closing{Reason: qa.Unclear, At: m.now, By: m.by(), Why: m.text()}
		if m.yes("duplicate") {
			q.Closing.Reason, q.Closing.Of = qa.Duplicate, m.questions[0]
		}
	}
	if m.number("merged", 6) == 0 {
		q.MergedInto = m.questions[0]
	}
	q.ActiveAt, q.LastBy = q.CreatedAt, q.By
	return q, m.some("word", m.tags)
}

func (m *qaMachine) origin() qa.Origin { return qa.Origin{Kind: "k", ID: m.questions[1].Bytes()} }

// some are some of these, each once.
func (m *qaMachine) some(what string, of []string) (out []string) {
	for _, s := range of {
		if m.yes(what) {
			out = append(out, s)
		}
	}
	return out
}

func (m *qaMachine) suggested() qa.Suggestion {
	id := pick(m.machine, "suggestion", m.suggestions)
	now, err := m.model.QA().Suggestion(context.Background(), id)
	v := qa.Suggestion{
		ID: id, Post: m.post(), Base: 1, Title: m.text(), Body: m.text(), Tags: m.some("tag", m.tags), By: m.by(), Why: m.text(), At: m.tick(),
		State: qa.Decision(m.number("state", 3)), Reason: m.text(), Version: m.version(now.Version),
	}
	if err == nil {
		v.Post, v.By, v.At = now.Post, now.By, now.At
	}
	if v.State != qa.Pending {
		v.Decided, v.EndedAt = m.by(), m.now
	}
	return v
}

// begin is what a round begins with: some of all there may be.
func (m *qaMachine) begin() action {
	var changes []storage.Change
	for i, id := range m.questions[:3] {
		e := qa.Entry{By: m.by(), Body: "b", CreatedAt: m.tick(), Text: qa.TextState{Revision: 1, Substance: 1}, Version: 1}
		changes = append(changes, qa.InsertQuestion{Question: qa.Question{
			ID: id, Area: m.areas[i%2], Audience: auth.Audience(i + 1), Entry: e, Title: "t", Tags: m.tags[:i], ActiveAt: e.CreatedAt, LastBy: e.By,
		}, Words: m.tags[i:]})
		for _, a := range m.answers[i*2:][:2-i%2] {
			e := qa.Entry{By: m.by(), Body: "b", CreatedAt: m.tick(), Text: qa.TextState{Revision: 1, Substance: 1}, Version: 1}
			changes = append(changes, qa.InsertAnswer{Answer: qa.Answer{ID: a, Question: id, Entry: e}})
		}
	}
	return action{"begin", func(ctx context.Context, s community.Store) string {
		return outcome("done", s.QA().Apply(ctx, changes...))
	}}
}

// change draws one of all the changes of questions.
func (m *qaMachine) change() storage.Change {
	comment := func() qa.Comment {
		p := m.commented(pick(m.machine, "comment", m.comments))
		return qa.Comment{ID: p.Comment, Question: p.Question, Answer: p.Answer, Entry: m.entry(m.place(p, auth.UserID{}).Comment.Entry)}
	}
	at := func() (qa.QuestionID, int) {
		id := m.question()
		return id, m.version(m.place(qa.Post{Question: id}, auth.UserID{}).Question.Version)
	}
	vote := func() storage.Change {
		p, user := m.post(), m.user()
		v := qa.SetVote{Post: p, User: user, From: m.place(p, user).Vote.Value, To: qa.Value(m.number("to", 2) - 1), At: m.tick()}
		if m.number("stale", 5) == 0 {
			v.From = qa.Value(m.number("from", 2) - 1)
		}
		if v.From == v.To {
			v.To = qa.For // that nothing becomes nothing, nobody asks for
		}
		return v
	}
	return pick(m.machine, "change", []func() storage.Change{
		func() storage.Change { q, words := m.asked(); return qa.InsertQuestion{Question: q, Words: words} },
		func() storage.Change { q, words := m.asked(); return qa.UpdateQuestion{Question: q, Words: words} },
		func() storage.Change { q, words := m.asked(); return qa.UpdateQuestion{Question: q, Words: words} },
		func() storage.Change { id, v := at(); return qa.QuestionAt{Question: id, Version: v} },
		func() storage.Change {
			id, v := at()
			return qa.AnsweredAt{Question: id, Version: v, Answers: m.number("answers", 2)}
		},
		func() storage.Change {
			a := m.answer()
			return qa.AnswerAt{Question: a.Question, Answer: a.ID, Version: m.version(a.Version)}
		},
		func() storage.Change {
			a := m.answer()
			a.Entry = m.entry(a.Entry)
			return qa.InsertAnswer{Answer: uncounted(a)}
		},
		func() storage.Change {
			a := m.answer()
			a.Entry = m.entry(a.Entry)
			return qa.InsertAnswer{Answer: uncounted(a)}
		},
		func() storage.Change {
			a := m.answer()
			a.Entry = m.entry(a.Entry)
			return qa.UpdateAnswer{Answer: uncounted(a)}
		},
		func() storage.Change {
			a := m.answer()
			a.Entry = m.entry(a.Entry)
			return qa.UpdateAnswer{Answer: uncounted(a)}
		},
		func() storage.Change {
			a := m.answer()
			to := slices.DeleteFunc(slices.Clone(m.questions), func(id qa.QuestionID) bool { return id == a.Question })
			return qa.MoveAnswer{Answer: a.ID, To: pick(m.machine, "to", to)}
		},
		func() storage.Change { return qa.InsertComment{Comment: comment()} },
		func() storage.Change { return qa.InsertComment{Comment: comment()} },
		func() storage.Change { return qa.UpdateComment{Comment: comment()} },
		func() storage.Change {
			a := m.answer()
			c := qa.Accept{Question: a.Question, Version: m.version(m.place(qa.Post{Question: a.Question}, auth.UserID{}).Question.Version)}
			if m.number("take back", 3) > 0 {
				c.Acceptance = qa.Acceptance{Answer: a.ID, Revision: 1, By: m.by(), Capacity: qa.Asker, At: m.tick()}
			}
			return c
		},
		vote, vote, vote, vote,
		func() storage.Change {
			p := m.anyPost()
			pl := m.place(p, auth.UserID{})
			now := pl.Question.Version
			if !p.Answer.IsZero() {
				now = pl.Answer.Version
			}
			if !p.Comment.IsZero() {
				now = pl.Comment.Version
			}
			return qa.SetAuthor{Post: p, Version: m.version(now), By: m.by()}
		},
		func() storage.Change {
			return qa.InsertRevision{Revision: qa.Revision{Post: m.anyPost(), N: 1 + m.number("n", 2), Title: m.text(), Body: m.text(), Tags: m.some("tag", m.tags), By: m.by(), At: m.tick(), Why: m.text()}}
		},
		func() storage.Change { return qa.DeleteRevisions{Post: m.anyPost()} },
		func() storage.Change {
			return qa.SetMentions{Post: m.anyPost(), Users: []auth.UserID{m.user(), m.user()}}
		},
		func() storage.Change {
			c := qa.InsertSuggestion{Suggestion: m.suggested()}
			if c.Suggestion.State == qa.Pending { // what is decided already waits for nobody
				c.Most = m.number("most", 2)
			}
			return c
		},
		func() storage.Change { return qa.UpdateSuggestion{Suggestion: m.suggested()} },
		func() storage.Change {
			return qa.PutSynonym{Synonym: qa.Synonym{From: pick(m.machine, "from", m.tags), To: pick(m.machine, "to", m.tags)}}
		},
		func() storage.Change { return qa.DropSynonym{From: pick(m.machine, "from", m.tags)} },
		func() storage.Change {
			return qa.SetOffers{Question: m.question(), Users: []auth.UserID{m.user(), m.user()}}
		},
		func() storage.Change { return qa.DropOffer{Question: m.question(), User: m.user()} },
		func() storage.Change {
			if m.number("erase", 3) > 0 { // seldom, or there is never much
				return vote()
			}
			return qa.EraseUser{User: m.user()}
		},
	})()
}

// uncounted is an answer without what the store counts.
func uncounted(a qa.Answer) qa.Answer {
	a.Votes, a.Comments = qa.Tally{}, 0
	return a
}

// step draws the next action: some changes together, or in a unit that is
// undone now and then.
func (m *qaMachine) step() action {
	var changes []storage.Change
	for range rapid.IntRange(1, 3).Draw(m.t, "changes") {
		changes = append(changes, m.change())
	}
	if m.number("unit", 3) > 0 {
		return action{fmt.Sprintf("Apply %+v", changes), func(ctx context.Context, s community.Store) string {
			return outcome("done", s.QA().Apply(ctx, changes...))
		}}
	}
	question, reader, undo := m.question(), m.user(), m.yes("undo")
	return action{fmt.Sprintf("unit of %v, undone %v: %+v", question, undo, changes), func(ctx context.Context, s community.Store) string {
		var said string
		err := s.QA().Atomic(ctx, func(ctx context.Context, tx qa.Store) error {
			said = ""
			for _, c := range changes {
				said += outcome("done", tx.Apply(ctx, c)) + ", " // and goes on
			}
			said += m.page(ctx, tx, qa.PageQuery{Question: question, Reader: reader, Reach: auth.Everything, Limit: 2})
			if undo {
				return errUndo
			}
			return nil
		})
		if errors.Is(err, errUndo) {
			err = nil
		}
		return outcome(said, err)
	}}
}

// page is a page in words; a post without comments is as good as none, and so
// is a vote that was taken back.
func (m *qaMachine) page(ctx context.Context, s qa.Store, q qa.PageQuery) string {
	page, err := s.Page(ctx, q)
	for p, comments := range page.Comments {
		if len(comments) == 0 {
			delete(page.Comments, p)
		}
	}
	for p, v := range page.Votes {
		if v.Value == qa.None {
			delete(page.Votes, p)
		}
	}
	return outcome(page, err)
}

// reach is what there is of this round, or less.
func (m *qaMachine) reach(floor auth.Audience, areas ...auth.AreaID) auth.Reach {
	return auth.Reach{Floor: floor, Areas: areas}
}

// dump puts all that there is of this round in words.
func (m *qaMachine) dump(s community.Store) []string {
	ctx, q := context.Background(), s.QA()
	var all []string
	add := func(what string, said string) { all = append(all, what+" "+said) }
	for _, id := range m.questions {
		add("question", outcome(q.Question(ctx, id)))
		answers, comments, err := q.Below(ctx, id)
		add("below", outcome(fmt.Sprintf("%+v %+v", answers, comments), err))
		add("offers", outcome(q.Offers(ctx, id)))
		posts := []qa.Post{{Question: id}}
		for _, a := range answers {
			posts = append(posts, qa.Post{Question: id, Answer: a.ID})
			add("answer", outcome(q.Answer(ctx, a.ID)))
		}
		for _, p := range posts {
			add("comments", outcome(q.Comments(ctx, qa.CommentQuery{Post: p, Reader: m.users[0], Limit: 2})))
			add("suggestions", outcome(q.Suggestions(ctx, qa.SuggestionQuery{Reach: auth.Everything, Post: p})))
		}
		for _, c := range comments {
			posts = append(posts, qa.Post{Question: id, Answer: c.Answer, Comment: c.ID})
		}
		for _, p := range posts {
			add("revisions", outcome(q.Revisions(ctx, p)))
			add("place", outcome(q.Place(ctx, qa.PlaceQuery{Post: p, Reader: m.users[1]})))
		}
		for _, reach := range []auth.Reach{{}, m.reach(2, m.areas[0])} {
			for _, limit := range []int{1, 100} {
				add("page", m.page(ctx, q, qa.PageQuery{Question: id, Reader: m.users[0], Reach: reach, Moderate: reach, Limit: limit}))
			}
		}
	}
	for _, v := range m.suggestions {
		add("suggestion", outcome(q.Suggestion(ctx, v)))
	}
	for _, user := range m.users {
		add("votes", outcome(q.Votes(ctx, user)))
		add("suggested", outcome(q.Suggestions(ctx, qa.SuggestionQuery{Reach: auth.Everything, By: user})))
		for p, err := range storage.All(ctx, func(c storage.Cursor) (storage.Page[qa.Place], error) {
			return q.Written(ctx, qa.WrittenQuery{User: user, After: c, Limit: 2})
		}) {
			add("written", outcome([]any{p.Question.ID, p.Answer.ID, p.Comment.ID}, err))
		}
	}
	for _, reach := range []auth.Reach{m.reach(0, m.areas...), m.reach(0, m.areas[0]), m.reach(0, m.areas[1])} {
		for _, query := range []qa.QuestionQuery{
			{}, {Order: qa.Active}, {Order: qa.Voted}, {Area: m.areas[0]}, {Tag: m.tags[0]}, {Tag: m.tags[1], Unanswered: true}, {Theme: m.themes[0]},
			{Theme: m.themes[1], Area: m.areas[1]}, {Author: m.users[0]}, {Offered: m.users[1]}, {Unanswered: true}, {Removed: true}, {Before: m.now},
		} {
			query.Reach, query.Limit = reach, 2
			for v, err := range storage.All(ctx, func(c storage.Cursor) (storage.Page[qa.Question], error) {
				query.After = c
				return q.Questions(ctx, query)
			}) {
				add("listed", outcome(v, err))
			}
		}
		add("tags", outcome(q.Tags(ctx, qa.TagQuery{Reach: reach})))
		add("similar", outcome(q.Similar(ctx, qa.SimilarQuery{Reach: reach, Words: m.tags, Limit: 10})))
		add("held", outcome(q.Held(ctx, qa.HeldQuery{Reach: reach})))
		from, err := q.From(ctx, m.origin(), reach)
		var made []qa.QuestionID
		for _, v := range from {
			made = append(made, v.ID)
		}
		add("from", outcome(made, err))
	}
	synonyms, err := q.Synonyms(ctx, m.tags)
	add("synonyms", outcome(synonyms, err))
	return all
}
