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

// failing is a store, and whatever else a host gives, that has trouble of its
// own at the n-th time that it is asked for something.
type failing struct {
	qa.Store
	auth.Authorizer
	left *int
}

func (f failing) well() error {
	if *f.left--; *f.left == 0 {
		return errBoom
	}
	return nil
}

// orFail is what fn gives, if all is well.
func orFail[V any](f failing, fn func() (V, error)) (V, error) {
	if err := f.well(); err != nil {
		return *new(V), err
	}
	return fn()
}

func (f failing) Authorize(ctx context.Context, who auth.Actor, do auth.Action, at auth.Scope) error {
	if err := f.well(); err != nil {
		return err
	}
	return f.Authorizer.Authorize(ctx, who, do, at)
}

func (f failing) Reach(ctx context.Context, who auth.Actor, do auth.Action) (auth.Reach, error) {
	return orFail(f, func() (auth.Reach, error) { return f.Authorizer.Reach(ctx, who, do) })
}

func (f failing) Allow(context.Context, auth.Actor, auth.Action) error { return f.well() }

func (f failing) Apply(ctx context.Context, changes ...storage.Change) error {
	if err := f.well(); err != nil {
		return err
	}
	return f.Store.Apply(ctx, changes...)
}

func (f failing) Atomic(ctx context.Context, fn func(context.Context, qa.Store) error) error {
	if err := f.well(); err != nil {
		return err
	}
	return f.Store.Atomic(ctx, func(ctx context.Context, tx qa.Store) error {
		return fn(ctx, failing{tx, f.Authorizer, f.left})
	})
}

func (f failing) Place(ctx context.Context, q qa.PlaceQuery) (qa.Place, error) {
	return orFail(f, func() (qa.Place, error) { return f.Store.Place(ctx, q) })
}

func (f failing) Question(ctx context.Context, id qa.QuestionID) (qa.Question, error) {
	return orFail(f, func() (qa.Question, error) { return f.Store.Question(ctx, id) })
}

func (f failing) Questions(ctx context.Context, q qa.QuestionQuery) (storage.Page[qa.Question], error) {
	return orFail(f, func() (storage.Page[qa.Question], error) { return f.Store.Questions(ctx, q) })
}

func (f failing) Held(ctx context.Context, q qa.HeldQuery) (storage.Page[qa.Place], error) {
	return orFail(f, func() (storage.Page[qa.Place], error) { return f.Store.Held(ctx, q) })
}

func (f failing) Answer(ctx context.Context, id qa.AnswerID) (qa.Answer, error) {
	return orFail(f, func() (qa.Answer, error) { return f.Store.Answer(ctx, id) })
}

func (f failing) Below(ctx context.Context, id qa.QuestionID) (answers []qa.Answer, comments []qa.Comment, err error) {
	if err := f.well(); err != nil {
		return nil, nil, err
	}
	return f.Store.Below(ctx, id)
}

func (f failing) Synonyms(ctx context.Context, tags []string) ([]qa.Synonym, error) {
	return orFail(f, func() ([]qa.Synonym, error) { return f.Store.Synonyms(ctx, tags) })
}

func (f failing) Similar(ctx context.Context, q qa.SimilarQuery) ([]qa.Question, error) {
	return orFail(f, func() ([]qa.Question, error) { return f.Store.Similar(ctx, q) })
}

func (f failing) Tags(ctx context.Context, q qa.TagQuery) (storage.Page[qa.Tagged], error) {
	return orFail(f, func() (storage.Page[qa.Tagged], error) { return f.Store.Tags(ctx, q) })
}

func (f failing) From(ctx context.Context, o qa.Origin, reach auth.Reach) ([]qa.Question, error) {
	return orFail(f, func() ([]qa.Question, error) { return f.Store.From(ctx, o, reach) })
}

// A trial is what the calls below are tried on.
type trial struct {
	from, into qa.Question
	a, b       qa.Answer // of from; a is accepted
	origin     qa.Origin
}

func (w *world) tries() trial {
	w.Helper()
	x := trial{origin: qa.Origin{Kind: "forum.topic", ID: [16]byte{1}}}
	x.from = w.asks(w.author, qa.NewQuestion{Tags: []string{"bandi"}, Themes: []qa.ThemeID{theme}, Origin: x.origin})
	x.into = w.asks(w.author, qa.NewQuestion{})
	x.a, x.b = w.answers(w.member, x.from.ID), w.answers(w.outsider, x.from.ID)
	w.accepts(w.author, x.a.ID)
	return x
}

// attempts are the calls that settle, order and find, each as somebody makes it
// who may.
var attempts = map[string]func(ctx context.Context, w *world, x trial) error{
	"Vote": func(ctx context.Context, w *world, x trial) error {
		return failure(w.qa.Vote(ctx, w.keeper, ofAnswer(x.a), qa.For))
	},
	"Accept":   func(ctx context.Context, w *world, x trial) error { return w.qa.Accept(ctx, w.author, x.b.ID) },
	"Unaccept": func(ctx context.Context, w *world, x trial) error { return w.qa.Unaccept(ctx, w.author, x.from.ID) },
	"MarkUseful by a caretaker": func(ctx context.Context, w *world, x trial) error {
		return w.qa.MarkUseful(ctx, w.outsider, x.a.ID, true)
	},
	"SetDelegate": func(ctx context.Context, w *world, x trial) error {
		return w.qa.SetDelegate(ctx, w.author, x.from.ID, w.member.User)
	},
	"Close": func(ctx context.Context, w *world, x trial) error {
		return w.qa.Close(ctx, w.author, qa.Closure{Question: x.from.ID, Reason: qa.Duplicate, Of: x.into.ID})
	},
	"Reopen": func(ctx context.Context, w *world, x trial) error {
		return w.qa.Reopen(ctx, w.moderator, x.into.ID, "")
	},
	"Merge": func(ctx context.Context, w *world, x trial) error {
		return w.qa.Merge(ctx, w.moderator, qa.Merge{From: x.from.ID, Into: x.into.ID})
	},
	"Widen": func(ctx context.Context, w *world, x trial) error {
		return w.qa.Widen(ctx, w.coordinator, qa.Widen{Questions: []qa.QuestionID{x.from.ID, x.into.ID}, Audience: auth.Public, Why: "x"})
	},
	"Attribute": func(ctx context.Context, w *world, x trial) error {
		return w.qa.Attribute(ctx, w.coordinator, ofQuestion(x.from), w.member.By(), "x")
	},
	"Similar": func(ctx context.Context, w *world, x trial) error {
		return failure(w.qa.Similar(ctx, w.member, qa.Asking{Title: "Soglie", Tags: []string{"x"}}))
	},
	"Tags": func(ctx context.Context, w *world, x trial) error {
		return failure(w.qa.Tags(ctx, w.member, qa.TagFilter{Prefix: "b"}))
	},
	"Synonyms": func(ctx context.Context, w *world, x trial) error { return failure(w.qa.Synonyms(ctx, w.member)) },
	"PutSynonym": func(ctx context.Context, w *world, x trial) error {
		return w.qa.PutSynonym(ctx, w.coordinator, qa.Synonym{From: "bandi", To: "gare"})
	},
	"DropSynonym": func(ctx context.Context, w *world, x trial) error {
		return w.qa.DropSynonym(ctx, w.coordinator, "vecchio")
	},
	"Offered": func(ctx context.Context, w *world, x trial) error {
		return failure(w.qa.Offered(ctx, w.member, qa.OfferPage{}))
	},
	"TurnDown": func(ctx context.Context, w *world, x trial) error { return w.qa.TurnDown(ctx, w.member, x.from.ID) },
	"MadeFrom": func(ctx context.Context, w *world, x trial) error {
		return failure(w.qa.MadeFrom(ctx, w.member, x.origin))
	},
	"Recheck": func(ctx context.Context, w *world, x trial) error { return w.qa.Recheck(ctx, x.origin) },
	"Checked": func(ctx context.Context, w *world, x trial) error { return w.qa.Checked(ctx, w.moderator, x.from.ID) },
}

// tried is a world where the calls above may be made, and change something.
func tried(t *testing.T, name string) (*world, trial, *int) {
	t.Helper()
	w := newWorld(t)
	w.sets(func(c *qa.Config) { c.AcceptAfter = -1 })
	w.sets(cares(func() auth.UserID { return w.outsider.User }))
	x := w.tries()
	w.puts("vecchio", "nuovo")
	switch name {
	case "Reopen":
		w.closes(x.into.ID, qa.Unclear)
	case "Checked":
		require.NoError(t, w.qa.Recheck(w.ctx, x.origin))
	case "Widen":
		x.into = w.reserves(w.author, qa.NewQuestion{})
	}
	left := new(int)
	w.sets(func(c *qa.Config) {
		f := failing{c.Store, c.Auth, left}
		caretaker := c.Caretaker
		c.Store, c.Auth, c.Limit = f, f, f
		c.Caretaker = func(ctx context.Context, who auth.Actor, themes []qa.ThemeID) (bool, error) {
			return orFail(f, func() (bool, error) { return caretaker(ctx, who, themes) })
		}
	})
	return w, x, left
}

// Whatever fails, and whenever, the caller is told that, and not that they may
// not, nor that something is not there; and nothing is changed by half: a tag
// that has got another name is, question by question, one or the other.
func TestFailing(t *testing.T) {
	t.Parallel()
	for name, call := range attempts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				w, x, left := tried(t, name)
				before := w.dump()
				*left = n
				err := call(w.ctx, w, x)
				if *left > 0 {
					require.NoError(t, err)
					require.Greater(t, n, 1)
					break // it was not asked so often
				}
				require.ErrorIs(t, err, errBoom, "at %d", n)
				require.NotErrorIs(t, err, auth.ErrDenied, "at %d", n)
				require.NotErrorIs(t, err, storage.ErrNotFound, "at %d", n)
				*left = 0
				if name != "PutSynonym" {
					require.Equal(t, before, w.dump(), "at %d", n)
					continue
				}
				require.NoError(t, call(w.ctx, w, x), "again")
				require.Equal(t, []string{"gare"}, w.question(x.from.ID).Tags)
				require.Len(t, w.named(qa.EventSynonym), 2, "each is told once")
			}
		})
	}
}
