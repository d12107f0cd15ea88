// SPDX-License-Identifier: BSD-3-Clause

package memory

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// Whatever happens, everything is found where its row says and nowhere else:
// lists pass over what is left behind elsewhere, so that only its cost is seen.
func TestFoundWhereItIs(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		w := &someQuestions{r: rand.New(rand.NewPCG(seed, 4)), s: New(), areas: ids[auth.Area](2), users: ids[auth.User](4), themes: ids[qa.Theme](3)}
		for range 600 {
			c := w.change()
			switch err := w.s.Apply(t.Context(), c); {
			case err == nil:
				w.made[c.Change()]++
			case !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrNotFound):
				t.Fatal(err)
			}
		}
		st := w.s.db.now.Load()
		same(t, "shelves", keysOf(st.shelves), w.shelves(st))
		same(t, "desks", keysOf(st.desks), w.desks(st))
		same(t, "tags", pairsOf(st.tagged), w.tags(st))
		same(t, "answers", keysOf(st.answersTo), w.answerSpots(st))
		same(t, "arrivals", keysOf(st.arrivals), w.arrivals(st))
		same(t, "remarks", keysOf(st.remarks), w.remarks(st))
		same(t, "held", pairsOf(st.qaHeld), w.held(st))
		same(t, "origins", keysOf(st.origins), w.origins(st))
		for k := range st.offers.from(pair{}) {
			if !st.offersTo.has(pair{k.b, k.a}) {
				t.Errorf("offer %v is not where its person looks", k)
			}
		}
		for p, a := range pairsOf(st.answersTo) {
			if now, _ := st.answers.get(p.id); now != a {
				t.Errorf("answer %v is an old one on its page", a.ID)
			}
		}
		for p, c := range pairsOf(st.remarks) {
			if now, _ := st.comments.get(p.id); now != c {
				t.Errorf("comment %v is an old one on its post", c.ID)
			}
		}
		for _, c := range []storage.Change{
			qa.UpdateQuestion{}, qa.UpdateAnswer{}, qa.UpdateComment{}, qa.MoveAnswer{}, qa.Accept{}, qa.SetVote{}, qa.SetAuthor{},
			qa.UpdateSuggestion{}, qa.EraseUser{},
		} {
			if w.total(c) == 0 {
				t.Errorf("no %s was made: this says little", c.Change())
			}
		}
	}
}

func same[K comparable, V any](t *testing.T, what string, have, want map[K]V) {
	t.Helper()
	if len(want) == 0 || !reflect.DeepEqual(have, want) {
		t.Errorf("%s: %d are kept, %d should be", what, len(have), len(want))
	}
}

func pairsOf[K key[K], V any](t tree[K, V]) map[K]V {
	all := map[K]V{}
	n := t.root
	if n == nil {
		return all
	}
	for n.kids != nil {
		n = n.kids[0]
	}
	for k, v := range t.from(n.keys[0]) {
		all[k] = v
	}
	return all
}

func keysOf[K key[K], V any](t tree[K, V]) map[K]bool {
	all := map[K]bool{}
	for k := range pairsOf(t) {
		all[k] = true
	}
	return all
}

func ids[T any](n int) (all []storage.ID[T]) {
	for range n {
		all = append(all, storage.NewID[T]())
	}
	return all
}

// someQuestions changes questions at random.
type someQuestions struct {
	r         *rand.Rand
	s         Store
	areas     []auth.AreaID
	users     []auth.UserID
	themes    []qa.ThemeID
	questions []qa.QuestionID
	answers   []qa.AnswerID
	comments  []qa.CommentID
	suggested []qa.SuggestionID
	made      map[string]int
}

func (w *someQuestions) total(c storage.Change) int { return w.made[c.Change()] }

func oneOf[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }

func (w *someQuestions) by() auth.By { return auth.By{User: oneOf(w.r, w.users)} }

func (w *someQuestions) at() time.Time { return time.Unix(int64(w.r.IntN(50)), 0) }

func (w *someQuestions) some(all ...string) (out []string) {
	for _, s := range all {
		if w.r.IntN(2) == 0 {
			out = append(out, s)
		}
	}
	return out
}

func (w *someQuestions) entry(e qa.Entry) qa.Entry {
	e.By, e.Body, e.CreatedAt = w.by(), "testo", w.at()
	e.Removal.State = qa.State(max(0, w.r.IntN(12)-5))
	return e
}

func (w *someQuestions) question(q qa.Question) qa.Question {
	q.Entry = w.entry(q.Entry)
	q.Area, q.Audience = oneOf(w.r, w.areas), auth.Audience(w.r.IntN(4))
	q.Tags, q.Themes = w.some("a", "b", "c"), w.themes[:w.r.IntN(3)]
	q.Closing, q.MergedInto, q.Origin = qa.Closing{}, qa.QuestionID{}, qa.Origin{}
	switch w.r.IntN(6) {
	case 0:
		q.Closing = qa.Closing{Reason: qa.Duplicate, Of: oneOf(w.r, w.questions)}
	case 1:
		q.MergedInto = oneOf(w.r, w.questions)
	case 2:
		q.Origin = qa.Origin{Kind: "k", ID: [16]byte{byte(w.r.IntN(3))}}
	}
	return q
}

func (w *someQuestions) suggestion(s qa.Suggestion) qa.Suggestion {
	s.By, s.State = w.by(), qa.Decision(w.r.IntN(3))
	if s.State != qa.Pending {
		s.Decided = w.by()
	}
	return s
}

// post is a question or an answer where it is now.
func (w *someQuestions) post() qa.Post {
	st := w.s.db.now.Load()
	if w.r.IntN(2) == 0 {
		return qa.Post{Question: oneOf(w.r, w.questions)}
	}
	return st.wholeEntry(entry{idOf(oneOf(w.r, w.answers)), anAnswer})
}

func (w *someQuestions) change() storage.Change {
	st := w.s.db.now.Load()
	if w.made == nil {
		w.made = map[string]int{}
	}
	if len(w.questions) < 3 {
		q := qa.Question{ID: storage.NewID[qa.Question](), Area: oneOf(w.r, w.areas), Audience: auth.Public, Entry: qa.Entry{CreatedAt: w.at()}}
		w.questions = append(w.questions, q.ID)
		return qa.InsertQuestion{Question: q}
	}
	if len(w.answers) < 3 {
		a := qa.Answer{ID: storage.NewID[qa.Answer](), Question: oneOf(w.r, w.questions), Entry: w.entry(qa.Entry{})}
		w.answers = append(w.answers, a.ID)
		return qa.InsertAnswer{Answer: a}
	}
	asked, _ := st.questions.get(idOf(oneOf(w.r, w.questions)))
	given, _ := st.answers.get(idOf(oneOf(w.r, w.answers)))
	switch w.r.IntN(15) {
	case 0:
		q := w.question(qa.Question{ID: storage.NewID[qa.Question]()})
		w.questions = append(w.questions, q.ID)
		return qa.InsertQuestion{Question: q, Words: w.some("x", "y", "z")}
	case 1, 2:
		return qa.UpdateQuestion{Question: w.question(asked.value()), Words: w.some("x", "y", "z")}
	case 3:
		a := qa.Answer{ID: storage.NewID[qa.Answer](), Question: asked.ID, Entry: w.entry(qa.Entry{})}
		w.answers = append(w.answers, a.ID)
		return qa.InsertAnswer{Answer: a}
	case 4:
		a := given.Answer
		a.Entry = w.entry(a.Entry)
		return qa.UpdateAnswer{Answer: a}
	case 5, 6:
		return qa.MoveAnswer{Answer: given.ID, To: asked.ID}
	case 7:
		on := w.post()
		c := qa.Comment{ID: storage.NewID[qa.Comment](), Question: on.Question, Answer: on.Answer, Entry: w.entry(qa.Entry{})}
		w.comments = append(w.comments, c.ID)
		return qa.InsertComment{Comment: c}
	case 8:
		if len(w.comments) > 0 {
			c, _ := row(st.comments, idOf(oneOf(w.r, w.comments)))
			c.Entry = w.entry(c.Entry)
			return qa.UpdateComment{Comment: c}
		}
	case 9:
		of, _ := st.questions.get(idOf(given.Question))
		c := qa.Accept{Question: of.ID, Version: of.Version}
		if w.r.IntN(3) > 0 {
			c.Acceptance = qa.Acceptance{Answer: given.ID, By: w.by()}
		}
		return c
	case 10:
		on, user := w.post(), oneOf(w.r, w.users)
		now, _ := st.votes.get(ballot{idOf(user), entryOf(on)})
		return qa.SetVote{Post: on, User: user, From: now.Value, To: qa.Value(w.r.IntN(3) - 1), At: w.at()}
	case 11:
		on := w.post()
		s, _ := st.placeOf(on)
		return qa.SetAuthor{Post: on, Version: s.entry().Version, By: w.by()}
	case 12:
		s := w.suggestion(qa.Suggestion{ID: storage.NewID[qa.Suggestion](), Post: w.post(), At: w.at()})
		w.suggested = append(w.suggested, s.ID)
		return qa.InsertSuggestion{Suggestion: s}
	case 13:
		if len(w.suggested) > 0 {
			s, _ := row(st.suggestions, idOf(oneOf(w.r, w.suggested)))
			return qa.UpdateSuggestion{Suggestion: w.suggestion(s)}
		}
	case 14:
		if w.r.IntN(4) == 0 {
			return qa.EraseUser{User: oneOf(w.r, w.users)}
		}
	}
	return qa.SetOffers{Question: asked.ID, Users: w.users[:w.r.IntN(3)]}
}

// What should be kept, from the rows.

func (w *someQuestions) shelves(st *state) map[spot]bool {
	all := map[spot]bool{}
	for k, q := range st.questions.from(id{}) {
		for _, l := range append(q.labels(), q.counted()...) {
			for _, s := range q.stand().both() {
				all[spot{l, s, k}] = true
			}
		}
	}
	return all
}

func (w *someQuestions) desks(st *state) map[spot]bool {
	all := map[spot]bool{}
	for k, v := range st.suggestions.from(id{}) {
		q, _ := st.questions.get(idOf(st.wholeEntry(entryOf(v.Post)).Question))
		for _, l := range suggestionLabels(v) {
			for _, s := range q.stand().both() {
				all[spot{l, s, k}] = true
			}
		}
	}
	return all
}

func (w *someQuestions) tags(st *state) map[tagSpot]int {
	all := map[tagSpot]int{}
	for _, q := range st.questions.from(id{}) {
		if q.Removal.State != qa.Visible || !q.MergedInto.IsZero() {
			continue
		}
		for _, t := range q.Tags {
			for _, s := range q.stand().both() {
				all[tagSpot{s, t}]++
			}
		}
	}
	return all
}

func (w *someQuestions) answerSpots(st *state) map[answerSpot]bool {
	all := map[answerSpot]bool{}
	for _, a := range st.answers.from(id{}) {
		q, _ := st.questions.get(idOf(a.Question))
		all[spotOf(a, q.Acceptance)] = true
	}
	return all
}

func (w *someQuestions) arrivals(st *state) map[rank]bool {
	all := map[rank]bool{}
	for _, a := range st.answers.from(id{}) {
		if a.Removal.State == qa.Visible {
			all[arrival(a)] = true
		}
	}
	return all
}

func (w *someQuestions) remarks(st *state) map[remark]bool {
	all := map[remark]bool{}
	for _, c := range st.comments.from(id{}) {
		all[noteOf(c)] = true
	}
	return all
}

func (w *someQuestions) held(st *state) map[aged[entry]]qa.Post {
	all := map[aged[entry]]qa.Post{}
	add := func(p qa.Post, e *qa.Entry) {
		if e.Removal.State == qa.Held {
			all[aged[entry]{e.CreatedAt.UnixMicro(), entryOf(p)}] = p
		}
	}
	for _, q := range st.questions.from(id{}) {
		add(qa.Post{Question: q.ID}, &q.Entry)
	}
	for _, a := range st.answers.from(id{}) {
		add(postOfAnswer(a), &a.Entry)
	}
	for _, c := range st.comments.from(id{}) {
		add(postOfComment(c), &c.Entry)
	}
	return all
}

func (w *someQuestions) origins(st *state) map[originKey]bool {
	all := map[originKey]bool{}
	for _, q := range st.questions.from(id{}) {
		if !q.Origin.IsZero() {
			all[originOf(q)] = true
		}
	}
	return all
}

// An area of no name is not everywhere.
func TestAreaOfNoName(t *testing.T) {
	t.Parallel()
	s := New()
	for _, area := range []auth.AreaID{{}, auth.Commons} {
		q := qa.Question{ID: storage.NewID[qa.Question](), Area: area, Audience: auth.AreaMembers, Tags: []string{"a"}}
		if err := s.Apply(t.Context(), qa.InsertQuestion{Question: q, Words: []string{"w"}}); err != nil {
			t.Fatal(err)
		}
	}
	reach := auth.Reach{Floor: auth.Public, Areas: []auth.AreaID{{}, {}}}
	for _, query := range []qa.QuestionQuery{{}, {Tag: "a"}, {Unanswered: true}} {
		query.Reach = reach
		page, err := s.QA().Questions(t.Context(), query)
		if err != nil || len(page.Items) != 1 || !page.Items[0].Area.IsZero() {
			t.Errorf("%+v: %d questions, %v", query, len(page.Items), err)
		}
	}
	tags, err := s.QA().Tags(t.Context(), qa.TagQuery{Reach: reach})
	if err != nil || len(tags.Items) != 1 || tags.Items[0].Questions != 1 {
		t.Errorf("tags %v, %v", tags.Items, err)
	}
	similar, err := s.QA().Similar(t.Context(), qa.SimilarQuery{Reach: reach, Words: []string{"w"}, Limit: 5})
	if err != nil || len(similar) != 1 {
		t.Errorf("%d are similar, %v", len(similar), err)
	}
}
