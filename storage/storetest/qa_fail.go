// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"context"
	"errors"
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

// What questions promise when the store below them fails: whatever call it is,
// and however it fails.
var qaFailPromises = []promise{
	{"QA/Fail/Error", "whichever call of an operation fails, the operation is refused and nothing of it is there", false, func(t *testing.T, s community.Store) {
		qaFailEach(t, s, func(context.CancelFunc) func(context.Context) error {
			return func(context.Context) error { return errBoom }
		}, errBoom)
	}},
	{"QA/Fail/Panic", "whichever call of an operation panics, nothing of the operation is there", true, func(t *testing.T, s community.Store) {
		qaFailEach(t, s, func(context.CancelFunc) func(context.Context) error {
			return func(context.Context) error { panic(errBoom) }
		}, errBoom)
	}},
	{"QA/Fail/Cancel", "at whichever call of an operation its context ends, nothing of the operation is there", true, func(t *testing.T, s community.Store) {
		qaFailEach(t, s, func(stop context.CancelFunc) func(context.Context) error {
			return func(context.Context) error { stop(); return nil }
		}, context.Canceled)
	}},
	{"QA/Fail/Lost", "an operation with a key whose answer was lost is asked for again, and is done once", false, qaFailLost},
	{"QA/Fail/Erase", "an erasure that was cut off is finished by the next one", false, qaFailErase},
}

// A bureau is a helpdesk in an area of its own, whose members have left
// something of every kind.
type bureau struct {
	*helpdesk
	who, other auth.Actor
	questions  []qa.Question
	answers    []qa.Answer // two of the first, one of the second
	comment    qa.Comment
	removed    qa.Answer
	pending    qa.Suggestion
	origin     qa.Origin
	theme      qa.ThemeID
	tag        string
	hour       time.Time // of the members' clock
}

func newBureau(t *testing.T, s community.Store) *bureau {
	t.Helper()
	b := &bureau{
		helpdesk: newHelpdesk(t, s), who: auth.Actor{User: newUser(), For: storage.NewID[auth.Org]()}, other: auth.Actor{User: newUser()},
		origin: qa.Origin{Kind: "forum.topic", ID: newUser().Bytes()}, theme: storage.NewID[qa.Theme](), hour: at(10_000),
	}
	b.area = newArea()
	b.tag = "t" + b.area.String()[19:] // which is no longer than one may be
	q := b.service(s.QA())
	for i := range 3 {
		in := qa.NewQuestion{Area: b.area, Title: fmt.Sprint("Gara ", i), Body: "Chi ha esperienza?", Tags: []string{b.tag, "b"}, Themes: []qa.ThemeID{b.theme}}
		if i == 2 {
			in.Origin = b.origin
		}
		b.questions = append(b.questions, got(q.Ask(ctx, b.who, in))(t))
	}
	for i := range 4 {
		by := []auth.Actor{b.other, b.who}[i%2]
		b.answers = append(b.answers, got(q.Answer(ctx, by, qa.NewAnswer{Question: b.questions[i/2].ID, Body: fmt.Sprintf("Risposta %d a %s", i, auth.Mention(b.who.User))}))(t))
	}
	b.comment = got(q.Comment(ctx, b.other, qa.NewComment{Post: ofAnswer(b.answers[0]), Body: "E poi?"}))(t)
	got(q.Vote(ctx, b.who, ofAnswer(b.answers[0]), qa.For))(t)
	got(q.Vote(ctx, b.other, ofAnswer(b.answers[1]), qa.Against))(t)
	got(q.Vote(ctx, b.other, ofQuestion(b.questions[0]), qa.For))(t)
	must(t, q.Accept(ctx, b.who, b.answers[0].ID))
	b.removed = b.answers[3]
	must(t, q.Hide(ctx, b.who, ofAnswer(b.removed), "fuori tema"))
	got(q.Edit(ctx, b.other, qa.PostEdit{Post: ofAnswer(b.answers[2]), Version: 1, Body: "Corretta", Why: "refuso"}))(t)
	b.pending = got(q.Suggest(ctx, b.other, qa.PostEdit{Post: ofQuestion(b.questions[1]), Version: b.question(b.questions[1].ID).Version, Title: "Gara", Body: "Chi ha esperienze?", Tags: []string{"b"}}))(t)
	return b
}

// service is that of questions over a store, an hour later at every look at
// the clock: whatever may be, has been long enough ago.
func (b *bureau) service(s qa.Store) *qa.Service {
	return qa.New(qa.Config{
		Store: s, Auth: auth.AllowAll{}, Clock: func() time.Time { b.hour = b.hour.Add(time.Hour); return b.hour }, VoteWindow: -1, RemarkTime: 1e6 * time.Hour,
		Experts: func(context.Context, auth.AreaID, []qa.ThemeID) ([]auth.UserID, error) {
			return []auth.UserID{b.other.User}, nil
		},
	})
}

// dump writes down all that the store shows of the bureau.
func (b *bureau) dump() string {
	b.Helper()
	var out strings.Builder
	put := func(what string, v any) { fmt.Fprintf(&out, "%s %+v\n", what, v) }
	ids := questionIDs(b.questions)
	for _, query := range []qa.QuestionQuery{{Limit: 100}, {Limit: 100, Removed: true}, {Limit: 100, Unanswered: true}, {Limit: 100, Tag: b.tag}, {Limit: 100, Theme: b.theme}} {
		query.Reach, query.Area = everything, b.area
		for _, q := range b.list(query) {
			put("listed", q)
			if !slices.Contains(ids, q.ID) {
				ids = append(ids, q.ID)
			}
		}
	}
	for _, id := range ids {
		put("question", b.question(id))
		put("offers", got(b.q.Offers(ctx, id))(b.T))
		put("revisions", got(b.q.Revisions(ctx, qa.Post{Question: id}))(b.T))
		answers, comments := b.below(id)
		for _, a := range answers {
			put("answer", a)
			put("revisions", got(b.q.Revisions(ctx, ofAnswer(a)))(b.T))
		}
		for _, c := range comments {
			put("comment", c)
			put("revisions", got(b.q.Revisions(ctx, ofComment(c)))(b.T))
		}
	}
	put("tags", b.tags(qa.TagQuery{Reach: auth.Reach{Areas: []auth.AreaID{b.area}}, Limit: 100}))
	put("synonyms", got(b.q.Synonyms(ctx, nil))(b.T))
	put("from", questionIDs(got(b.q.From(ctx, b.origin, everything))(b.T)))
	put("suggestions", got(b.q.Suggestions(ctx, qa.SuggestionQuery{Reach: auth.Reach{Areas: []auth.AreaID{b.area}}, Limit: 100}))(b.T).Items)
	for _, who := range []auth.Actor{b.who, b.other} {
		put("votes", got(b.q.Votes(ctx, who.User))(b.T))
		put("suggested", got(b.q.Suggestions(ctx, qa.SuggestionQuery{Reach: auth.Everything, By: who.User, Limit: 100}))(b.T).Items)
		for _, p := range writtenIn(b.written(who.User)) {
			put("written", p)
		}
	}
	for _, delivery := range claims(b.T, b.Store) {
		if delivery.Event.Area == b.area.Bytes() || strings.HasPrefix(delivery.Event.Name, "qa.synonym") {
			put("event", delivery)
		}
	}
	return out.String()
}

// A qaOperation is one thing that a member does.
type qaOperation struct {
	name string
	do   func(ctx context.Context, b *bureau, q *qa.Service) error
}

// qaOperations are all that change something, but for Erase and those that
// retag whatever there is.
var qaOperations = []qaOperation{
	{"Ask", func(ctx context.Context, b *bureau, q *qa.Service) error {
		_, err := q.Ask(ctx, b.who, qa.NewQuestion{Key: "k", Area: b.area, Title: "Titolo", Body: "Testo " + auth.Mention(b.other.User), Tags: []string{"c"}, Themes: []qa.ThemeID{b.theme}})
		return err
	}},
	{"Answer", func(ctx context.Context, b *bureau, q *qa.Service) error {
		_, err := q.Answer(ctx, b.other, qa.NewAnswer{Key: "k", Question: b.questions[0].ID, Body: "Testo"})
		return err
	}},
	{"Comment", func(ctx context.Context, b *bureau, q *qa.Service) error {
		_, err := q.Comment(ctx, b.other, qa.NewComment{Key: "k", Post: ofAnswer(b.answers[0]), Body: "Testo " + auth.Mention(b.who.User)})
		return err
	}},
	{"Edit question", func(ctx context.Context, b *bureau, q *qa.Service) error {
		_, err := q.Edit(ctx, b.who, qa.PostEdit{Post: ofQuestion(b.questions[0]), Version: b.question(b.questions[0].ID).Version, Title: "Altro", Body: "Altro", Tags: []string{"z"}})
		return err
	}},
	{"Edit answer", func(ctx context.Context, b *bureau, q *qa.Service) error {
		_, err := q.Edit(ctx, b.other, qa.PostEdit{Post: ofAnswer(b.answers[0]), Version: b.answer(b.answers[0].ID).Version, Body: "Altro", Why: "perché"})
		return err
	}},
	{"Edit comment", func(ctx context.Context, b *bureau, q *qa.Service) error {
		_, err := q.Edit(ctx, b.other, qa.PostEdit{Post: ofComment(b.comment), Version: 1, Body: "Altro"})
		return err
	}},
	{"Rollback", func(ctx context.Context, b *bureau, q *qa.Service) error {
		_, err := q.Rollback(ctx, b.other, ofAnswer(b.answers[2]), 2, 1)
		return err
	}},
	{"Suggest", func(ctx context.Context, b *bureau, q *qa.Service) error {
		_, err := q.Suggest(ctx, b.other, qa.PostEdit{Post: ofAnswer(b.answers[1]), Version: 1, Body: "Meglio"})
		return err
	}},
	{"Approve", func(ctx context.Context, b *bureau, q *qa.Service) error {
		_, err := q.Approve(ctx, b.who, b.pending.ID)
		return err
	}},
	{"Decline", func(ctx context.Context, b *bureau, q *qa.Service) error {
		return q.Decline(ctx, b.who, b.pending.ID, "no")
	}},
	{"Retract", func(ctx context.Context, b *bureau, q *qa.Service) error {
		return q.Retract(ctx, b.other, b.pending.ID)
	}},
	{"Vote", func(ctx context.Context, b *bureau, q *qa.Service) error {
		_, err := q.Vote(ctx, b.other, ofQuestion(b.questions[1]), qa.For)
		return err
	}},
	{"Vote, flipped", func(ctx context.Context, b *bureau, q *qa.Service) error {
		_, err := q.Vote(ctx, b.who, ofAnswer(b.answers[0]), qa.Against)
		return err
	}},
	{"Accept another", func(ctx context.Context, b *bureau, q *qa.Service) error {
		return q.Accept(ctx, b.who, b.answers[1].ID)
	}},
	{"Unaccept", func(ctx context.Context, b *bureau, q *qa.Service) error {
		return q.Unaccept(ctx, b.who, b.questions[0].ID)
	}},
	{"MarkUseful", func(ctx context.Context, b *bureau, q *qa.Service) error {
		return q.MarkUseful(ctx, b.who, b.answers[1].ID, true)
	}},
	{"SetDelegate", func(ctx context.Context, b *bureau, q *qa.Service) error {
		return q.SetDelegate(ctx, b.who, b.questions[0].ID, b.other.User)
	}},
	{"Close", func(ctx context.Context, b *bureau, q *qa.Service) error {
		return q.Close(ctx, b.who, qa.Closure{Question: b.questions[1].ID, Reason: qa.Duplicate, Of: b.questions[0].ID, Why: "già chiesto"})
	}},
	{"Merge", func(ctx context.Context, b *bureau, q *qa.Service) error {
		return q.Merge(ctx, b.who, qa.Merge{From: b.questions[0].ID, Into: b.questions[1].ID})
	}},
	{"Delete", func(ctx context.Context, b *bureau, q *qa.Service) error {
		return q.Delete(ctx, b.other, ofAnswer(b.answers[0]))
	}},
	{"Hide question", func(ctx context.Context, b *bureau, q *qa.Service) error {
		return q.Hide(ctx, b.who, ofQuestion(b.questions[0]), "motivo")
	}},
	{"Hide comment", func(ctx context.Context, b *bureau, q *qa.Service) error {
		return q.Hide(ctx, b.who, ofComment(b.comment), "motivo")
	}},
	{"Restore", func(ctx context.Context, b *bureau, q *qa.Service) error {
		return q.Restore(ctx, b.who, ofAnswer(b.removed))
	}},
	{"Purge question", func(ctx context.Context, b *bureau, q *qa.Service) error {
		return q.Purge(ctx, b.who, ofQuestion(b.questions[0]), "motivo")
	}},
	{"Purge answer", func(ctx context.Context, b *bureau, q *qa.Service) error {
		return q.Purge(ctx, b.who, ofAnswer(b.answers[2]), "motivo")
	}},
	{"Attribute", func(ctx context.Context, b *bureau, q *qa.Service) error {
		return q.Attribute(ctx, b.who, ofAnswer(b.answers[0]), b.who.By(), "è sua")
	}},
	{"TurnDown", func(ctx context.Context, b *bureau, q *qa.Service) error {
		return q.TurnDown(ctx, b.other, b.questions[2].ID)
	}},
	{"Recheck", func(ctx context.Context, b *bureau, q *qa.Service) error { return q.Recheck(ctx, b.origin) }},
}

// attempt runs an operation over a store with a fault at its n-th call, and
// says how it ended, and whether it made so many calls at all.
func (b *bureau) attempt(op qaOperation, n int, fail func(context.CancelFunc) func(context.Context) error) (err error, met bool) {
	c, stop := context.WithCancel(ctx)
	defer stop()
	f := &fault{at: n, fail: fail(stop)}
	if p := panicOf(func() { err = op.do(c, b, b.service(qaFaulty{b.q, f})) }); p != nil {
		e, ok := p.(error)
		if !ok || !errors.Is(e, errBoom) {
			panic(p)
		}
		err = e
	}
	return err, f.calls >= n
}

func qaFailEach(t *testing.T, s community.Store, fail func(context.CancelFunc) func(context.Context) error, want error) {
	for _, op := range qaOperations {
		t.Run(op.name, func(t *testing.T) {
			b := newBureau(t, s)
			before := b.dump()
			for n := 1; ; n++ {
				err, met := b.attempt(op, n, fail)
				if !met {
					must(t, err)
					if n == 1 {
						t.Fatal("the operation asks nothing of the store")
					}
					if b.dump() == before {
						t.Error("the operation changes nothing: this says nothing of its failures")
					}
					return
				}
				if !errors.Is(err, want) {
					t.Errorf("call %d fails, and the operation says %v", n, err)
				}
				if after := b.dump(); after != before {
					t.Fatalf("call %d fails, and leaves something behind:\n%s", n, newLines(before, after))
				}
			}
		})
	}
}

// qaLosing is a store that makes its n-th write and then loses the answer.
type qaLosing struct {
	qaFaulty
	lost *bool
}

func (x qaLosing) Apply(ctx context.Context, changes ...storage.Change) error {
	err := x.s.Apply(ctx, changes...)
	if err == nil && !*x.lost {
		*x.lost = true
		return &storage.Error{Op: "commit", Err: storage.ErrUnknown}
	}
	return err
}

func qaFailLost(t *testing.T, s community.Store) {
	b := newBureau(t, s)
	lost := false
	q := b.service(qaLosing{qaFaulty{b.q, &fault{}}, &lost})
	for name, do := range map[string]func() ([16]byte, error){
		"Ask": func() ([16]byte, error) {
			v, err := q.Ask(ctx, b.who, qa.NewQuestion{Key: "k", Area: b.area, Title: "t", Body: "b"})
			return v.ID.Bytes(), err
		},
		"Answer": func() ([16]byte, error) {
			v, err := q.Answer(ctx, b.who, qa.NewAnswer{Key: "k", Question: b.questions[0].ID, Body: "b"})
			return v.ID.Bytes(), err
		},
		"Comment": func() ([16]byte, error) {
			v, err := q.Comment(ctx, b.who, qa.NewComment{Key: "k", Post: ofQuestion(b.questions[0]), Body: "b"})
			return v.ID.Bytes(), err
		},
	} {
		lost = false
		// The service may find out by itself that it was done.
		if _, err := do(); err != nil {
			is(t, err, storage.ErrUnknown)
		}
		same(t, lost, true)
		after := b.dump()
		id, err := do()
		must(t, err)
		third, err := do()
		must(t, err)
		same(t, third, id)
		if now := b.dump(); now != after {
			t.Errorf("%s was done twice:\n%s", name, newLines(after, now))
		}
		if !strings.Contains(after, fmt.Sprint(storage.MakeID[struct{}](id))) {
			t.Errorf("%s: the answer is of something that is not there", name)
		}
	}
}

func qaFailErase(t *testing.T, s community.Store) {
	for _, mode := range []auth.EraseMode{auth.Anonymise, auth.Redact} {
		t.Run(fmt.Sprint(mode), func(t *testing.T) {
			for n := 1; ; n += 3 {
				b := newBureau(t, s)
				erase := qaOperation{"Erase", func(ctx context.Context, b *bureau, q *qa.Service) error { return q.Erase(ctx, b.who.User, mode) }}
				err, met := b.attempt(erase, n, func(context.CancelFunc) func(context.Context) error {
					return func(context.Context) error { return errBoom }
				})
				if !met {
					must(t, err)
					return
				}
				is(t, err, errBoom)
				must(t, b.service(b.q).Erase(ctx, b.who.User, mode))
				left := b.dump()
				if strings.Contains(left[:strings.Index(left+"event ", "event ")], b.who.User.String()) {
					t.Fatalf("cut off at call %d, finished, and still something names the person", n)
				}
			}
		})
	}
}
