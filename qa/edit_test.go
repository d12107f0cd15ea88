// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// Every edit is a revision, with its summary and the byline of whoever made it.
func TestRevisions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theme := storage.NewID[qa.Theme]()
	q := w.asks(w.author, qa.NewQuestion{Title: "Uno", Body: "uno", Tags: []string{"uno"}})
	asked := w.now
	w.pass(time.Second)
	pl, err := w.qa.Edit(w.ctx, w.moderator, qa.PostEdit{
		Post: ofQuestion(q), Version: 1, Title: "Due", Body: "due", Tags: []string{"Due"}, Themes: []qa.ThemeID{theme}, Why: "refuso",
	})
	require.NoError(t, err)
	require.Equal(t, pl.Question, w.question(q.ID))
	require.Equal(t, qa.TextState{Revision: 2, Substance: 2, EditedAt: w.now, EditedBy: w.moderator.By(), Why: "refuso"}, pl.Question.Text)
	require.Equal(t, 2, pl.Question.Version)
	require.Equal(t, qa.EventEdited, w.last().Name)
	require.Equal(t, qa.Event{By: w.moderator.By(), Question: q.ID}, w.last().payload)
	second := w.now
	w.edits(w.author, ofQuestion(q), "tre")
	p := ofQuestion(q)
	require.Equal(t, []qa.Revision{
		{Post: p, N: 1, Title: "Uno", Body: "uno", Tags: []string{"uno"}, By: w.author.By(), At: asked},
		{Post: p, N: 2, Title: "Due", Body: "due", Tags: []string{"due"}, Themes: []qa.ThemeID{theme}, By: w.moderator.By(), At: second, Why: "refuso"},
		{Post: p, N: 3, Title: "Due", Body: "tre", Tags: []string{"due"}, Themes: []qa.ThemeID{theme}, By: w.author.By(), At: w.now, Why: "correzione"},
	}, w.revisions(p))
	a := w.answers(w.member, q.ID)
	for _, p := range []qa.Post{ofAnswer(a), ofComment(w.comments(w.member, ofAnswer(a)))} {
		was := w.entry(p)
		w.edits(w.member, p, "Altro")
		revisions := w.revisions(p)
		require.Len(t, revisions, 2)
		require.Equal(t, qa.Revision{Post: p, N: 1, Body: was.Body, By: w.member.By(), At: was.CreatedAt}, revisions[0])
		require.Equal(t, qa.Revision{Post: p, N: 2, Body: "Altro", By: w.member.By(), At: w.now, Why: "correzione"}, revisions[1])
	}
}

func TestEditWindows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set     func(*qa.Config)
		after   time.Duration
		posts   error // of the author's edit of a question or an answer
		comment error
	}{
		"by default, at first":   {func(*qa.Config) {}, 15 * time.Minute, nil, nil},
		"by default, later":      {func(*qa.Config) {}, 15*time.Minute + time.Microsecond, nil, qa.ErrTooLate},
		"by default, much later": {func(*qa.Config) {}, 100_000 * time.Hour, nil, qa.ErrTooLate},
		"within":                 {func(c *qa.Config) { c.EditWindow, c.RemarkTime = time.Hour, time.Hour }, time.Hour, nil, nil},
		"without":                {func(c *qa.Config) { c.EditWindow, c.RemarkTime = time.Hour, time.Hour }, time.Hour + time.Microsecond, qa.ErrTooLate, qa.ErrTooLate},
		"not at all":             {func(c *qa.Config) { c.EditWindow, c.RemarkTime = -1, -1 }, 0, qa.ErrTooLate, qa.ErrTooLate},
	} {
		w := newWorld(t, c.set)
		q := w.asks(w.author, qa.NewQuestion{})
		a, err := w.qa.Answer(w.ctx, w.author, qa.NewAnswer{Question: q.ID, Body: "Testo"})
		require.NoError(t, err)
		cm, err := w.qa.Comment(w.ctx, w.author, qa.NewComment{Post: ofAnswer(a), Body: "Testo"})
		require.NoError(t, err)
		w.pass(c.after)
		for p, want := range map[qa.Post]error{ofQuestion(q): c.posts, ofAnswer(a): c.posts, ofComment(cm): c.comment} {
			require.ErrorIs(t, failure(w.qa.Edit(w.ctx, w.author, w.edit(p, "Altro"))), want, name)
			require.ErrorIs(t, failure(w.qa.Rollback(w.ctx, w.author, p, w.entry(p).Version, 1)), want, name)
			_, err := w.qa.Edit(w.ctx, w.moderator, w.edit(p, "Del moderatore"))
			require.NoError(t, err, name)
		}
	}
}

func TestEditConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.author, q.ID, "uno")
	c := w.comments(w.author, ofAnswer(a), "uno")
	for _, p := range []qa.Post{ofQuestion(q), ofAnswer(a), ofComment(c)} {
		stale := w.edit(p, "mio")
		w.edits(w.moderator, p, "due")
		revisions := w.revisions(p)
		_, err := w.qa.Edit(w.ctx, w.author, stale)
		var conflict *storage.Conflict
		require.ErrorAs(t, err, &conflict)
		require.Equal(t, storage.Conflict{Base: 1, Current: revisions[1]}, *conflict)
		_, err = w.qa.Rollback(w.ctx, w.author, p, 1, 1)
		require.ErrorAs(t, err, &conflict)
		require.Len(t, w.revisions(p), 2)
	}
}

func TestSameTextIsNoEdit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{Body: "Da @member", Tags: []string{"soglie"}})
	a := w.answers(w.author, q.ID)
	before := w.dump()
	in := w.edit(ofQuestion(q), "Da @member")
	in.Tags = []string{"Soglie"}
	pl, err := w.qa.Edit(w.ctx, w.author, in)
	require.NoError(t, err)
	require.Equal(t, w.question(q.ID), pl.Question)
	w.edits(w.author, ofAnswer(a), a.Body)
	_, err = w.qa.Rollback(w.ctx, w.author, ofAnswer(a), 1, 1)
	require.NoError(t, err)
	require.Equal(t, before, w.dump())
}

func TestEditIsInvalid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.author, q.ID)
	c := w.comments(w.author, ofAnswer(a))
	before := w.dump()
	for _, x := range []struct {
		post        qa.Post
		change      func(*qa.PostEdit)
		field, code string
	}{
		{ofQuestion(q), func(in *qa.PostEdit) { in.Title = "" }, "title", storage.CodeMissing},
		{ofQuestion(q), func(in *qa.PostEdit) { in.Tags = strings.Fields("a b c d e f") }, "tags", storage.CodeTooMany},
		{ofAnswer(a), func(in *qa.PostEdit) { in.Title = "Titolo" }, "title", storage.CodeMalformed},
		{ofAnswer(a), func(in *qa.PostEdit) { in.Tags = []string{"a"} }, "tags", storage.CodeMalformed},
		{ofComment(c), func(in *qa.PostEdit) { in.Themes = []qa.ThemeID{storage.NewID[qa.Theme]()} }, "themes", storage.CodeMalformed},
		{ofAnswer(a), func(in *qa.PostEdit) { in.Why = strings.Repeat("a", qa.MaxWhy+1) }, "why", storage.CodeTooLong},
		{ofComment(c), func(in *qa.PostEdit) { in.Body = strings.Repeat("a", qa.MaxComment+1) }, "body", storage.CodeTooLong},
		{ofAnswer(a), func(in *qa.PostEdit) { in.Body = "" }, "body", storage.CodeMissing},
	} {
		in := w.edit(x.post, "Altro")
		x.change(&in)
		invalid(t, failure(w.qa.Edit(w.ctx, w.author, in)), x.field, x.code)
	}
	require.Equal(t, before, w.dump())
}

// What was let through stays as it was seen: an edit that would wait is refused.
func TestEditsThatWouldWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.answers(w.author, w.asks(w.author, qa.NewQuestion{}).ID)
	w.sets(func(c *qa.Config) {
		c.Hold = func(_ context.Context, who auth.Actor, _ auth.Scope, do auth.Action) (bool, error) {
			return who == w.author && do == qa.Amend, nil
		}
	})
	require.ErrorIs(t, failure(w.qa.Edit(w.ctx, w.author, w.edit(ofAnswer(a), "Altro"))), qa.ErrHeld)
	sg := w.suggests(w.member, ofAnswer(a), "Altro")
	require.ErrorIs(t, failure(w.qa.Approve(w.ctx, w.author, sg.ID)), qa.ErrHeld)
	w.edits(w.moderator, ofAnswer(a), "Altro")
}

// Going back is a new revision.
func TestRollback(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{Title: "Uno", Body: "uno @member", Tags: []string{"limiti"}})
	in := w.edit(ofQuestion(q), "due")
	in.Title, in.Tags = "Due", []string{"altro"}
	_, err := w.qa.Edit(w.ctx, w.author, in)
	require.NoError(t, err)
	require.NoError(t, w.qa.PutSynonym(w.ctx, w.coordinator, qa.Synonym{From: "limiti", To: "soglie"}))
	version := w.question(q.ID).Version
	w.pass(time.Minute)
	pl, err := w.qa.Rollback(w.ctx, w.moderator, ofQuestion(q), version, 1)
	require.NoError(t, err)
	require.Equal(t, [3]any{"Uno", q.Body, []string{"soglie"}}, [3]any{pl.Question.Title, pl.Question.Body, pl.Question.Tags})
	require.Equal(t, qa.TextState{Revision: 3, Substance: 3, EditedAt: w.now, EditedBy: w.moderator.By()}, pl.Question.Text)
	require.Len(t, w.revisions(ofQuestion(q)), 3)
	for _, n := range []int{0, 4, -1} {
		invalid(t, failure(w.qa.Rollback(w.ctx, w.author, ofQuestion(q), pl.Question.Version, n)), "revision", storage.CodeUnknown)
	}
}

// S-accept-edit: what was accepted is a text. Whoever reads the answer sees that
// it says something else since, and the asker is told once.
func TestSAcceptEdit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.member, q.ID, "Sono 221.000 euro.")
	w.accepts(w.author, a.ID)
	modified := func() bool {
		page := w.page(w.visitor, q.ID)
		return page.Answers.Items[0].Text.Substance > page.Question.Acceptance.Revision
	}
	require.False(t, modified())
	w.edits(w.member, ofAnswer(a), "Sono **221.000** Euro")
	require.False(t, modified(), "no word and no figure is another")
	require.Empty(t, w.named(qa.EventModified))
	w.edits(w.member, ofAnswer(a), "Sono 143.000 euro")
	require.True(t, modified())
	require.Len(t, w.named(qa.EventModified), 1)
	require.Equal(t, qa.Event{By: w.member.By(), Question: q.ID, Answer: a.ID}, w.named(qa.EventModified)[0].payload)
	w.edits(w.member, ofAnswer(a), "Sono 5 euro")
	require.Len(t, w.named(qa.EventModified), 1, "once")
	require.Equal(t, a.ID, w.question(q.ID).Acceptance.Answer)
	w.accepts(w.author, a.ID) // as it is now
	require.False(t, modified())
	sg := w.suggests(w.outsider, ofAnswer(a), "Sono 7 euro")
	_, err := w.qa.Approve(w.ctx, w.member, sg.ID)
	require.NoError(t, err)
	require.True(t, modified())
	require.Len(t, w.named(qa.EventModified), 2)
}

// Neither the edit of another answer nor that of a comment tells of the
// accepted one.
func TestModifiedIsOfTheAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a, other := w.answers(w.member, q.ID), w.answers(w.member, q.ID)
	c := w.comments(w.member, ofAnswer(a))
	w.accepts(w.author, a.ID)
	for _, p := range []qa.Post{ofAnswer(other), ofComment(c)} {
		w.edits(w.member, p, "Tutt'altro")
	}
	w.edits(w.author, ofQuestion(q), "Tutt'altro")
	require.Empty(t, w.named(qa.EventModified))
}

// A question that is given other themes is offered to their experts.
func TestRethemed(t *testing.T) {
	t.Parallel()
	theme := storage.NewID[qa.Theme]()
	w := newWorld(t)
	w.sets(func(c *qa.Config) {
		c.Experts = func(_ context.Context, _ auth.AreaID, themes []qa.ThemeID) ([]auth.UserID, error) {
			if len(themes) == 0 {
				return nil, nil
			}
			return []auth.UserID{w.moderator.User}, nil
		}
	})
	q := w.asks(w.author, qa.NewQuestion{})
	offers := func() []auth.UserID {
		users, err := w.store.QA().Offers(w.ctx, q.ID)
		require.NoError(t, err)
		return users
	}
	require.Empty(t, offers())
	in := w.edit(ofQuestion(q), q.Body)
	in.Themes = []qa.ThemeID{theme}
	_, err := w.qa.Edit(w.ctx, w.author, in)
	require.NoError(t, err)
	require.Equal(t, []auth.UserID{w.moderator.User}, offers())
	in = w.edit(ofQuestion(q), q.Body)
	in.Themes = nil
	_, err = w.qa.Edit(w.ctx, w.author, in)
	require.NoError(t, err)
	require.Empty(t, offers())
}

// What an erasure took is not brought back.
func TestRollbackToNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.answers(w.author, w.asks(w.author, qa.NewQuestion{}).ID)
	w.edits(w.moderator, ofAnswer(a), "Del moderatore")
	w.edits(w.author, ofAnswer(a), "Dell'autore")
	require.NoError(t, w.qa.Erase(w.ctx, w.moderator.User, auth.Redact))
	require.ErrorIs(t, failure(w.qa.Rollback(w.ctx, w.author, ofAnswer(a), w.answer(a.ID).Version, 2)), qa.ErrRemoved)
}

// A theme that is none any more does not come back with an earlier text.
func TestRollbackToThemesOfOld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := storage.NewID[qa.Theme]()
	q := w.asks(w.author, qa.NewQuestion{Themes: []qa.ThemeID{old}})
	in := w.edit(ofQuestion(q), "altro testo")
	in.Themes = nil
	_, err := w.qa.Edit(w.ctx, w.author, in)
	require.NoError(t, err)
	w.sets(func(c *qa.Config) {
		c.Themes = func(_ context.Context, of []qa.ThemeID) ([]qa.ThemeID, error) { return of, nil }
	})
	_, err = w.qa.Rollback(w.ctx, w.author, ofQuestion(q), 2, 1)
	invalid(t, err, "themes", storage.CodeUnknown)
}

// The position of an organisation is changed by its author only for it, and
// while they may speak.
func TestOfficialEdit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	who := w.member
	who.For = storage.NewID[auth.Org]()
	a, err := w.qa.Answer(w.ctx, who, qa.NewAnswer{Question: q.ID, Body: "La posizione", Official: true})
	require.NoError(t, err)
	_, err = w.qa.Edit(w.ctx, w.member, w.edit(ofAnswer(a), "Altro"))
	require.ErrorIs(t, err, auth.ErrDenied)
	_, err = w.without(qa.Speak, who).Edit(w.ctx, who, w.edit(ofAnswer(a), "Altro"))
	require.ErrorIs(t, err, auth.ErrDenied)
	for _, may := range []auth.Actor{who, w.moderator} {
		w.edits(may, ofAnswer(a), "Di "+may.User.String())
	}
}
