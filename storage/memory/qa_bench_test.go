// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// BenchmarkQARatio is BenchmarkRatio for questions, with the same bars.
func BenchmarkQARatio(b *testing.B) {
	for _, bench := range []struct {
		name string
		op   func(w *benchHall, s benchAsker, d benchDraw)
	}{
		{"Page50", func(_ *benchHall, s benchAsker, d benchDraw) { s.page(d.question, d.user) }},
		{"Newest20", func(w *benchHall, s benchAsker, _ benchDraw) { s.newest(w.reach) }},
		{"VoteUnit", func(_ *benchHall, s benchAsker, d benchDraw) { s.vote(d) }},
		{"AnswerUnit", func(_ *benchHall, s benchAsker, d benchDraw) { s.answer(d.next, d.event) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			w := newBenchHall(1000, 50)
			asker := []benchAsker{&benchQA{context.Background(), New()}, newPlainQA()}
			for _, s := range asker {
				w.fill(s)
			}
			const turn = 64
			var spent [2]time.Duration
			for b.Loop() {
				w.draw(turn)
				for i, s := range asker {
					start := time.Now()
					for _, d := range w.turn {
						bench.op(w, s, d)
					}
					spent[i] += time.Since(start)
				}
			}
			b.ReportMetric(float64(spent[0])/float64(spent[1]), "ratio")
			b.ReportMetric(float64(spent[0])/float64(turn*b.N), "ns/ours")
			b.ReportMetric(float64(spent[1])/float64(turn*b.N), "ns/plain")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// TestBenchSameQA checks that the two opponents of the benchmark answer alike.
func TestBenchSameQA(t *testing.T) {
	t.Parallel()
	w := newBenchHall(30, 20)
	ours, plain := &benchQA{t.Context(), New()}, newPlainQA()
	w.fill(ours)
	w.fill(plain)
	for range 20 {
		w.draw(20)
		for _, d := range w.turn {
			for _, s := range []benchAsker{ours, plain} {
				s.vote(d)
				s.answer(d.next, d.event)
			}
		}
	}
	for _, d := range w.turn {
		ours, plain := ours.page(d.question, d.user), plain.page(d.question, d.user)
		if ours.Question.Answers != plain.Question.Answers || !slices.Equal(ours.Answers.Items, plain.Answers.Items) || len(ours.Votes) != len(plain.Votes) {
			t.Fatal("the opponents show different pages")
		}
	}
	if a, b := ours.newest(w.reach), plain.newest(w.reach); len(a) != 20 || !slices.EqualFunc(a, b, func(a, b qa.Question) bool { return a.ID == b.ID && a.Answers == b.Answers }) {
		t.Fatal("the opponents list different questions")
	}
}

type benchAsker interface {
	ask(qa.Question, []string)
	answer(qa.Answer, storage.Event)
	vote(benchDraw)
	page(qa.QuestionID, auth.UserID) qa.Page
	newest(auth.Reach) []qa.Question
}

// benchHall is what both opponents are given.
type benchHall struct {
	r         *rand.Rand
	reach     auth.Reach
	users     []auth.UserID
	questions []qa.Question
	answers   []qa.Answer
	votes     map[benchVote]qa.Value
	turn      []benchDraw
	now       time.Time
}

type benchVote struct {
	user   auth.UserID
	answer qa.AnswerID
}

// benchDraw is one draw: somebody looks, votes or answers.
type benchDraw struct {
	user     auth.UserID
	question qa.QuestionID
	voted    qa.Answer
	from, to qa.Value
	next     qa.Answer
	event    storage.Event
}

func newBenchHall(questions, answers int) *benchHall {
	w := &benchHall{
		r: rand.New(rand.NewPCG(1, 3)), reach: auth.Reach{Floor: auth.CommunityMembers, Areas: []auth.AreaID{auth.Commons}},
		users: ids[auth.User](500), votes: map[benchVote]qa.Value{}, now: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC),
	}
	for range questions {
		e := w.entry("Qualcuno l'ha già fatto?")
		w.questions = append(w.questions, qa.Question{
			ID: storage.NewID[qa.Question](), Area: auth.Commons, Audience: auth.CommunityMembers, Entry: e, Title: "Dialogo competitivo",
			Tags: []string{"gara", "dialogo"}, ActiveAt: e.CreatedAt, LastBy: e.By,
		})
	}
	for range answers {
		for _, q := range w.questions {
			w.answers = append(w.answers, w.answer(q.ID))
		}
	}
	return w
}

func (w *benchHall) entry(body string) qa.Entry {
	w.now = w.now.Add(time.Second)
	return qa.Entry{By: auth.By{User: oneOf(w.r, w.users)}, Body: body, CreatedAt: w.now, Text: qa.TextState{Revision: 1, Substance: 1}, Version: 1}
}

func (w *benchHall) answer(q qa.QuestionID) qa.Answer {
	return qa.Answer{ID: storage.NewID[qa.Answer](), Question: q, Entry: w.entry("Noi sì, due volte.")}
}

func (w *benchHall) draw(n int) {
	w.turn = make([]benchDraw, n)
	for i := range w.turn {
		d := benchDraw{user: oneOf(w.r, w.users), question: oneOf(w.r, w.questions).ID, voted: oneOf(w.r, w.answers)}
		k := benchVote{d.user, d.voted.ID}
		d.from, d.to = w.votes[k], qa.Value(w.r.IntN(3)-1)
		w.votes[k] = d.to
		d.next = w.answer(d.question)
		d.event = storage.Event{ID: storage.NewID[storage.Event](), At: w.now, Name: qa.EventAnswered, Data: []byte(`{"question":"x"}`)}
		w.turn[i] = d
	}
}

func (w *benchHall) fill(s benchAsker) {
	for _, q := range w.questions {
		s.ask(q, []string{"dialogo", "competitivo"})
	}
	for i, a := range w.answers {
		s.answer(a, storage.Event{ID: storage.NewID[storage.Event](), At: a.CreatedAt, Name: qa.EventAnswered, Data: []byte(`{}`)})
		if i%3 == 0 {
			s.vote(benchDraw{user: storage.NewID[auth.User](), voted: a, to: qa.For})
		}
	}
}

// benchQA is the adapter.
type benchQA struct {
	ctx context.Context
	s   Store
}

func (o *benchQA) apply(all ...storage.Change) {
	if err := o.s.Apply(o.ctx, all...); err != nil {
		panic(err)
	}
}

func (o *benchQA) ask(q qa.Question, words []string) {
	o.apply(qa.InsertQuestion{Question: q, Words: words})
}

func (o *benchQA) answer(a qa.Answer, e storage.Event) {
	o.apply(qa.QuestionAt{Question: a.Question, Version: 1}, qa.InsertAnswer{Answer: a}, e)
}

func (o *benchQA) vote(d benchDraw) {
	p := qa.Post{Question: d.voted.Question, Answer: d.voted.ID}
	o.apply(qa.AnswerAt{Question: p.Question, Answer: p.Answer, Version: 1}, qa.SetVote{Post: p, User: d.user, From: d.from, To: d.to, At: d.voted.CreatedAt})
}

func (o *benchQA) page(id qa.QuestionID, user auth.UserID) qa.Page {
	p, err := o.s.QA().Page(o.ctx, qa.PageQuery{Question: id, Reader: user, Limit: 50, Reach: auth.Reach{Floor: auth.CommunityMembers}})
	if err != nil {
		panic(err)
	}
	return p
}

func (o *benchQA) newest(reach auth.Reach) []qa.Question {
	p, err := o.s.QA().Questions(o.ctx, qa.QuestionQuery{Reach: reach, Limit: 20})
	if err != nil {
		panic(err)
	}
	return p.Items
}

// plainQA is maps behind a mutex, with the indexes that these reads need.
type plainQA struct {
	mu        sync.Mutex
	questions map[qa.QuestionID]*qa.Question
	answers   map[qa.AnswerID]*qa.Answer
	ordered   map[qa.QuestionID][]*qa.Answer
	votes     map[benchVote]qa.Vote
	events    map[storage.EventID]*storage.Event
	waiting   []storage.EventID
	written   map[auth.UserID][]qa.Post
	newer     []*qa.Question                 // by CreatedAt, the newest last
	active    []*qa.Question                 // by ActiveAt
	unsolved  map[qa.QuestionID]bool         // without an answer
	inArea    map[auth.AreaID][]*qa.Question // by ActiveAt
	tagged    map[string][]*qa.Question
	worded    map[string][]*qa.Question
}

func newPlainQA() *plainQA {
	return &plainQA{
		questions: map[qa.QuestionID]*qa.Question{}, answers: map[qa.AnswerID]*qa.Answer{}, ordered: map[qa.QuestionID][]*qa.Answer{},
		votes: map[benchVote]qa.Vote{}, events: map[storage.EventID]*storage.Event{}, written: map[auth.UserID][]qa.Post{},
		unsolved: map[qa.QuestionID]bool{}, inArea: map[auth.AreaID][]*qa.Question{}, tagged: map[string][]*qa.Question{}, worded: map[string][]*qa.Question{},
	}
}

func (p *plainQA) ask(q qa.Question, words []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.questions[q.ID] = &q
	p.newer = append(p.newer, &q)
	p.active = insertActive(p.active, &q)
	p.inArea[q.Area] = insertActive(p.inArea[q.Area], &q)
	p.unsolved[q.ID] = true
	for _, t := range q.Tags {
		p.tagged[t] = append(p.tagged[t], &q)
	}
	for _, w := range words {
		p.worded[w] = append(p.worded[w], &q)
	}
}

func byActive(a, b *qa.Question) int {
	if c := a.ActiveAt.Compare(b.ActiveAt); c != 0 {
		return c
	}
	return a.ID.Compare(b.ID)
}

func insertActive(l []*qa.Question, q *qa.Question) []*qa.Question {
	i, _ := slices.BinarySearchFunc(l, q, byActive)
	return slices.Insert(l, i, q)
}

func deleteActive(l []*qa.Question, q *qa.Question) []*qa.Question {
	i, _ := slices.BinarySearchFunc(l, q, byActive)
	return slices.Delete(l, i, i+1)
}

func byKey(a, b *qa.Answer) int { return a.Key(qa.Acceptance{}).Compare(b.Key(qa.Acceptance{})) }

func (p *plainQA) answer(a qa.Answer, e storage.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.questions[a.Question]
	if q == nil || q.Version != 1 || p.answers[a.ID] != nil || p.events[e.ID] != nil {
		panic("cannot answer")
	}
	p.answers[a.ID] = &a
	l := p.ordered[q.ID]
	i, _ := slices.BinarySearchFunc(l, &a, byKey)
	p.ordered[q.ID] = slices.Insert(l, i, &a)
	p.active, p.inArea[q.Area] = deleteActive(p.active, q), deleteActive(p.inArea[q.Area], q)
	q.Answers++
	q.ActiveAt, q.LastBy = a.CreatedAt, a.By
	p.active, p.inArea[q.Area] = insertActive(p.active, q), insertActive(p.inArea[q.Area], q)
	delete(p.unsolved, q.ID)
	p.written[a.By.User] = append(p.written[a.By.User], qa.Post{Question: q.ID, Answer: a.ID})
	e.Data = slices.Clone(e.Data)
	p.events[e.ID] = &e
	p.waiting = append(p.waiting, e.ID)
}

func (p *plainQA) vote(d benchDraw) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := benchVote{d.user, d.voted.ID}
	a, v := p.answers[d.voted.ID], p.votes[k]
	if a == nil || a.Version != 1 || v.Value != d.from {
		panic("cannot vote")
	}
	if v.At.IsZero() {
		v.At = d.voted.CreatedAt
	}
	v.Value = d.to
	p.votes[k] = v
	l := p.ordered[a.Question]
	i, _ := slices.BinarySearchFunc(l, a, byKey)
	l = slices.Delete(l, i, i+1)
	*votesOf(&a.Votes, d.from)--
	*votesOf(&a.Votes, d.to)++
	i, _ = slices.BinarySearchFunc(l, a, byKey)
	p.ordered[a.Question] = slices.Insert(l, i, a)
}

func (p *plainQA) page(id qa.QuestionID, user auth.UserID) (page qa.Page) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.questions[id]
	page.Question = *q
	page.Question.Tags = slices.Clone(q.Tags)
	l := p.ordered[id]
	page.Answers.Items = make([]qa.Answer, 0, min(50, len(l)))
	for i, a := range l {
		if i == 50 {
			page.Answers.Next = qa.AnswerCursor(id, l[49].Key(qa.Acceptance{}))
			break
		}
		page.Answers.Items = append(page.Answers.Items, *a)
		if v := p.votes[benchVote{user, a.ID}]; v.Value != qa.None {
			if page.Votes == nil {
				page.Votes = map[qa.Post]qa.Vote{}
			}
			page.Votes[qa.Post{Question: id, Answer: a.ID}] = v
		}
	}
	return page
}

func (p *plainQA) newest(reach auth.Reach) (out []qa.Question) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, q := range slices.Backward(p.newer) {
		if len(out) == 20 {
			storage.EncodeCursor(questionList(qa.QuestionQuery{}), questionCursor{q.CreatedAt.UnixMicro(), q.ID})
			break
		}
		if reach.Covers(q.Area, q.Audience) {
			v := *q
			v.Body, v.Tags = "", slices.Clone(q.Tags)
			out = append(out, v)
		}
	}
	return out
}
