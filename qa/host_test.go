// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// ailing is what a host gives, which has trouble of its own at the n-th time
// that it is asked.
type ailing struct {
	auth.Authorizer
	auth.People
	left *int
}

func (a ailing) well() error {
	if *a.left--; *a.left == 0 {
		return errBoom
	}
	return nil
}

func (a ailing) Authorize(ctx context.Context, who auth.Actor, do auth.Action, at auth.Scope) error {
	if err := a.well(); err != nil {
		return err
	}
	return a.Authorizer.Authorize(ctx, who, do, at)
}

func (a ailing) Reach(ctx context.Context, who auth.Actor, do auth.Action) (auth.Reach, error) {
	if err := a.well(); err != nil {
		return auth.Reach{}, err
	}
	return a.Authorizer.Reach(ctx, who, do)
}

func (a ailing) Named(ctx context.Context, names []string) (map[string]auth.UserID, error) {
	if err := a.well(); err != nil {
		return nil, err
	}
	return a.People.Named(ctx, names)
}

func (a ailing) Allow(context.Context, auth.Actor, auth.Action) error { return a.well() }

// hosts makes all of a Config that a host gives ail with it.
func (a ailing) hosts(c *qa.Config) {
	c.Auth, c.People, c.Limit = a, a, a
	c.Promise = func(context.Context) (auth.Audience, error) { return auth.Public, a.well() }
	c.Hold = func(context.Context, auth.Actor, auth.Scope, auth.Action) (bool, error) { return false, a.well() }
	c.Experts = func(context.Context, auth.AreaID, []qa.ThemeID) ([]auth.UserID, error) { return nil, a.well() }
	c.Caretaker = func(context.Context, auth.Actor, []qa.ThemeID) (bool, error) { return true, a.well() }
	c.Themes = func(context.Context, []qa.ThemeID) ([]qa.ThemeID, error) { return nil, a.well() }
}

// broken is a store that fails at the n-th time that it is asked.
type broken struct {
	qa.Store
	left *int
}

func (f broken) well() error {
	if *f.left--; *f.left == 0 {
		return errBoom
	}
	return nil
}

func orBroken[V any](f broken, fn func() (V, error)) (V, error) {
	if err := f.well(); err != nil {
		return *new(V), err
	}
	return fn()
}

func (f broken) Atomic(ctx context.Context, fn func(context.Context, qa.Store) error) error {
	if err := f.well(); err != nil {
		return err
	}
	return f.Store.Atomic(ctx, func(ctx context.Context, tx qa.Store) error { return fn(ctx, broken{tx, f.left}) })
}

func (f broken) Apply(ctx context.Context, changes ...storage.Change) error {
	if err := f.well(); err != nil {
		return err
	}
	return f.Store.Apply(ctx, changes...)
}

func (f broken) Question(ctx context.Context, id qa.QuestionID) (qa.Question, error) {
	return orBroken(f, func() (qa.Question, error) { return f.Store.Question(ctx, id) })
}

func (f broken) Questions(ctx context.Context, q qa.QuestionQuery) (storage.Page[qa.Question], error) {
	return orBroken(f, func() (storage.Page[qa.Question], error) { return f.Store.Questions(ctx, q) })
}

func (f broken) Answer(ctx context.Context, id qa.AnswerID) (qa.Answer, error) {
	return orBroken(f, func() (qa.Answer, error) { return f.Store.Answer(ctx, id) })
}

func (f broken) Place(ctx context.Context, q qa.PlaceQuery) (qa.Place, error) {
	return orBroken(f, func() (qa.Place, error) { return f.Store.Place(ctx, q) })
}

func (f broken) Page(ctx context.Context, q qa.PageQuery) (qa.Page, error) {
	return orBroken(f, func() (qa.Page, error) { return f.Store.Page(ctx, q) })
}

func (f broken) Comments(ctx context.Context, q qa.CommentQuery) (storage.Page[qa.Comment], error) {
	return orBroken(f, func() (storage.Page[qa.Comment], error) { return f.Store.Comments(ctx, q) })
}

func (f broken) Below(ctx context.Context, id qa.QuestionID) (answers []qa.Answer, comments []qa.Comment, err error) {
	if err := f.well(); err != nil {
		return nil, nil, err
	}
	return f.Store.Below(ctx, id)
}

func (f broken) Held(ctx context.Context, q qa.HeldQuery) (storage.Page[qa.Place], error) {
	return orBroken(f, func() (storage.Page[qa.Place], error) { return f.Store.Held(ctx, q) })
}

func (f broken) Revisions(ctx context.Context, p qa.Post) ([]qa.Revision, error) {
	return orBroken(f, func() ([]qa.Revision, error) { return f.Store.Revisions(ctx, p) })
}

func (f broken) Suggestion(ctx context.Context, id qa.SuggestionID) (qa.Suggestion, error) {
	return orBroken(f, func() (qa.Suggestion, error) { return f.Store.Suggestion(ctx, id) })
}

func (f broken) Suggestions(ctx context.Context, q qa.SuggestionQuery) (storage.Page[qa.Suggestion], error) {
	return orBroken(f, func() (storage.Page[qa.Suggestion], error) { return f.Store.Suggestions(ctx, q) })
}

func (f broken) Similar(ctx context.Context, q qa.SimilarQuery) ([]qa.Question, error) {
	return orBroken(f, func() ([]qa.Question, error) { return f.Store.Similar(ctx, q) })
}

func (f broken) Tags(ctx context.Context, q qa.TagQuery) (storage.Page[qa.Tagged], error) {
	return orBroken(f, func() (storage.Page[qa.Tagged], error) { return f.Store.Tags(ctx, q) })
}

func (f broken) Synonyms(ctx context.Context, tags []string) ([]qa.Synonym, error) {
	return orBroken(f, func() ([]qa.Synonym, error) { return f.Store.Synonyms(ctx, tags) })
}

func (f broken) Offers(ctx context.Context, id qa.QuestionID) ([]auth.UserID, error) {
	return orBroken(f, func() ([]auth.UserID, error) { return f.Store.Offers(ctx, id) })
}

func (f broken) From(ctx context.Context, o qa.Origin, reach auth.Reach) ([]qa.Question, error) {
	return orBroken(f, func() ([]qa.Question, error) { return f.Store.From(ctx, o, reach) })
}

func (f broken) Votes(ctx context.Context, user auth.UserID) ([]qa.CastVote, error) {
	return orBroken(f, func() ([]qa.CastVote, error) { return f.Store.Votes(ctx, user) })
}

func (f broken) Written(ctx context.Context, q qa.WrittenQuery) (storage.Page[qa.Place], error) {
	return orBroken(f, func() (storage.Page[qa.Place], error) { return f.Store.Written(ctx, q) })
}

// calls are those of the table of rights, and what else takes another way.
func calls() map[string]func(w *world, who auth.Actor, x scene) error {
	calls := map[string]func(w *world, who auth.Actor, x scene) error{
		"Answer with a mention": func(w *world, who auth.Actor, x scene) error {
			return failure(w.qa.Answer(w.ctx, who, qa.NewAnswer{Question: x.question.ID, Body: "@member e @author"}))
		},
		"Ask with themes": func(w *world, who auth.Actor, x scene) error {
			return failure(w.qa.Ask(w.ctx, who, qa.NewQuestion{
				Area: x.area, Title: "Titolo", Body: "@member", Tags: []string{"soglie"}, Themes: []qa.ThemeID{storage.MakeID[qa.Theme](forum)},
			}))
		},
		"Edit of themes": func(w *world, who auth.Actor, x scene) error {
			return failure(w.qa.Edit(w.ctx, who, qa.PostEdit{
				Post: ofQuestion(x.question), Version: x.question.Version, Title: "Titolo", Body: "@member", Themes: []qa.ThemeID{storage.MakeID[qa.Theme](forum)},
			}))
		},
		"Suggest for a question": func(w *world, who auth.Actor, x scene) error {
			return failure(w.qa.Suggest(w.ctx, who, qa.PostEdit{
				Post: ofQuestion(x.question), Version: x.question.Version, Title: "Titolo", Body: "Testo", Tags: []string{"soglie"}, Themes: []qa.ThemeID{storage.MakeID[qa.Theme](forum)},
			}))
		},
		"Questions that are removed": func(w *world, who auth.Actor, x scene) error {
			return failure(w.qa.Questions(w.ctx, who, qa.QuestionFilter{Removed: true}))
		},
		"Questions of a tag": func(w *world, who auth.Actor, x scene) error {
			return failure(w.qa.Questions(w.ctx, who, qa.QuestionFilter{Tag: "soglie"}))
		},
		"Rollback of question": func(w *world, who auth.Actor, x scene) error {
			return failure(w.qa.Rollback(w.ctx, who, ofQuestion(x.question), x.question.Version, 1))
		},
		"Edit of one's own": func(w *world, who auth.Actor, x scene) error {
			q, err := w.qa.Ask(w.ctx, who, qa.NewQuestion{Key: "k", Area: x.area, Title: "Titolo", Body: "Testo"})
			if err != nil {
				return err
			}
			return failure(w.qa.Edit(w.ctx, who, qa.PostEdit{Post: ofQuestion(q), Version: 1, Title: "Altro", Body: "Altro"}))
		},
		"Restore what waits": func(w *world, who auth.Actor, x scene) error { return w.qa.Restore(w.ctx, who, ofQuestion(x.held)) },
		"Suggestions of one's own": func(w *world, who auth.Actor, x scene) error {
			return failure(w.qa.Suggestions(w.ctx, who, qa.SuggestionPage{Mine: true}))
		},
		"Purge of question": func(w *world, who auth.Actor, x scene) error {
			return w.qa.Purge(w.ctx, who, ofQuestion(x.question), "Dati personali")
		},
		"Hide the accepted": func(w *world, who auth.Actor, x scene) error {
			return w.qa.Hide(w.ctx, who, ofAnswer(x.answer), "Motivo")
		},
		"Look at a duplicate": func(w *world, who auth.Actor, x scene) error {
			return failure(w.qa.Look(w.ctx, who, ofQuestion(x.alone)))
		},
		"Edit of a duplicate": func(w *world, who auth.Actor, x scene) error {
			return failure(w.qa.Edit(w.ctx, who, qa.PostEdit{Post: ofQuestion(x.alone), Version: x.alone.Version, Title: "Titolo", Body: "Testo"}))
		},
	}
	for _, row := range may {
		calls[row.method] = row.call
	}
	return calls
}

// told are calls that may be told that something failed when all or some of it
// is written: what is there then is looked at last, or there are two.
var told = map[string]bool{"Edit of a duplicate": true, "Edit of one's own": true}

// Whatever of the host's or of the store fails, and whenever, the caller is told
// that, and not that they may not, nor that they may; and nothing is changed.
func TestTrouble(t *testing.T) {
	t.Parallel()
	for of, set := range map[string]func(c *qa.Config, left *int){
		"host":  func(c *qa.Config, left *int) { ailing{c.Auth, c.People, left}.hosts(c) },
		"store": func(c *qa.Config, left *int) { c.Store = broken{c.Store, left} },
	} {
		for name, call := range calls() {
			t.Run(of+"/"+name, func(t *testing.T) {
				t.Parallel()
				for n := 1; ; n++ {
					w := newWorld(t, atOnce)
					x := w.setScene(w.group)
					w.closes(x.alone.ID, qa.Duplicate, x.question.ID)
					x.alone = w.question(x.alone.ID)
					if name == "Restore what waits" {
						w.sets(holds(w.author))
						x.held = w.asks(w.author, qa.NewQuestion{Area: x.area, Audience: x.audience, Body: "@member"})
					}
					if name == "Hide the accepted" {
						w.accepts(w.author, x.answer.ID)
					}
					left := 0
					w.sets(func(c *qa.Config) { set(c, &left) })
					before := w.dump()
					left = n
					err := call(w, w.coordinator, x)
					if left > 0 {
						break // it was not asked so often
					}
					require.ErrorIs(t, err, errBoom, "at %d", n)
					require.NotErrorIs(t, err, auth.ErrDenied, "at %d", n)
					require.NotErrorIs(t, err, storage.ErrNotFound, "at %d", n)
					if !told[name] && name != "Waiting" && name != "PutSynonym" {
						require.Equal(t, before, w.dump(), "at %d", n)
					}
				}
			})
		}
	}
}

// Whoever does not wait for the answer any more has done nothing.
func TestCancelled(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		if row.method == "Waiting" {
			continue // which writes what waits
		}
		w := newWorld(t, atOnce)
		x := w.setScene(auth.Commons)
		before, ctx := w.dump(), w.ctx
		stopped, stop := context.WithCancel(ctx)
		stop()
		w.ctx = stopped
		require.ErrorIs(t, row.call(w, w.coordinator, x), context.Canceled, row.method)
		w.ctx = ctx
		require.Equal(t, before, w.dump(), row.method)
	}
}

// A service to which the host gave no authorizer denies everything, and says
// nothing of what there is.
func TestNoAuthorizer(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		if row.method == "Offered" || row.method == "Waiting" {
			continue // nothing is there, or is written by the call
		}
		w := newWorld(t)
		x := w.setScene(auth.Commons)
		before := w.dump()
		w.qa = qa.New(qa.Config{Store: w.store.QA()})
		for _, who := range []auth.Actor{w.visitor, w.coordinator} {
			require.Error(t, row.call(w, who, x), row.method)
			require.Equal(t, before, w.dump(), row.method)
		}
	}
}

// A Config beyond what is kept is a mistake of the host's.
func TestNewPanics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, set := range []func(*qa.Config){
		func(c *qa.Config) { c.Store = nil }, func(c *qa.Config) { c.MaxTitle = qa.MaxTitle + 1 },
		func(c *qa.Config) { c.MaxBody = qa.MaxBody + 1 }, func(c *qa.Config) { c.Offers = qa.MaxOffers + 1 },
	} {
		cfg := w.config
		set(&cfg)
		require.Panics(t, func() { qa.New(cfg) })
	}
}
