// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// changes to a post's state, by who makes them.
var removals = map[string]func(w *world, p qa.Post) error{
	"delete":               func(w *world, p qa.Post) error { return w.qa.Delete(w.ctx, w.author, p) },
	"hide":                 func(w *world, p qa.Post) error { return w.qa.Hide(w.ctx, w.keeper, p, "Motivo") },
	"restore by author":    func(w *world, p qa.Post) error { return w.qa.Restore(w.ctx, w.author, p) },
	"restore by moderator": func(w *world, p qa.Post) error { return w.qa.Restore(w.ctx, w.keeper, p) },
	"purge":                func(w *world, p qa.Post) error { return w.qa.Purge(w.ctx, w.coordinator, p, "Motivo") },
}

// The table of states: what each change makes of each, for questions, answers
// and comments alike.
func TestStates(t *testing.T) {
	t.Parallel()
	type then struct {
		state qa.State
		err   error
	}
	to := func(s qa.State) then { return then{state: s} }
	for from, row := range map[qa.State]map[string]then{
		qa.Visible: {
			"delete": to(qa.Deleted), "hide": to(qa.Hidden), "restore by author": to(qa.Visible), "restore by moderator": to(qa.Visible), "purge": to(qa.Purged),
		},
		qa.Deleted: {
			"delete": to(qa.Deleted), "hide": to(qa.Hidden), "restore by author": to(qa.Visible), "restore by moderator": to(qa.Visible), "purge": to(qa.Purged),
		},
		qa.Hidden: {
			"delete": to(qa.Hidden), "hide": to(qa.Hidden), "restore by author": {qa.Hidden, auth.ErrDenied}, "restore by moderator": to(qa.Visible), "purge": to(qa.Purged),
		},
		qa.Purged: {
			"delete": to(qa.Purged), "hide": to(qa.Purged), "restore by author": {qa.Purged, auth.ErrDenied}, "restore by moderator": {qa.Purged, qa.ErrRemoved}, "purge": to(qa.Purged),
		},
		qa.Held: {
			"delete": to(qa.Withdrawn), "hide": to(qa.Rejected), "restore by author": {qa.Held, auth.ErrDenied}, "restore by moderator": to(qa.Visible), "purge": to(qa.Purged),
		},
		qa.Withdrawn: {
			"delete": to(qa.Withdrawn), "hide": to(qa.Rejected), "restore by author": to(qa.Held), "restore by moderator": to(qa.Visible), "purge": to(qa.Purged),
		},
		qa.Rejected: {
			"delete": to(qa.Rejected), "hide": to(qa.Rejected), "restore by author": {qa.Rejected, auth.ErrDenied}, "restore by moderator": to(qa.Visible), "purge": to(qa.Purged),
		},
	} {
		for name, want := range row {
			for kind := range 3 {
				w := newWorld(t)
				if from.Unseen() {
					w.sets(holds(w.author))
				}
				p := w.posts()[kind]
				for _, step := range map[qa.State][]string{
					qa.Deleted: {"delete"}, qa.Hidden: {"hide"}, qa.Purged: {"purge"}, qa.Withdrawn: {"delete"}, qa.Rejected: {"hide"},
				}[from] {
					require.NoError(t, removals[step](w, p))
				}
				require.Equal(t, from, w.entry(p).Removal.State)
				w.pass(time.Minute)
				before := w.dump()
				err := removals[name](w, p)
				require.ErrorIs(t, err, want.err, "%d, %s %d", from, name, kind)
				removal := w.entry(p).Removal
				require.Equal(t, want.state, removal.State, "%d, %s %d", from, name, kind)
				switch {
				case want.state == from:
					require.Equal(t, before, w.dump(), "%d, %s %d", from, name, kind)
				case want.state == qa.Visible:
					require.Zero(t, removal)
				default:
					require.Equal(t, w.now, removal.At)
				}
			}
		}
	}
}

// holds lets wait what somebody writes.
func holds(who auth.Actor) func(*qa.Config) {
	return func(c *qa.Config) {
		c.Hold = func(_ context.Context, a auth.Actor, _ auth.Scope, do auth.Action) (bool, error) {
			return a == who && do != qa.Amend, nil
		}
	}
}

// posts are a question, an answer and a comment of the author's.
func (w *world) posts() []qa.Post {
	q := w.asks(w.member, qa.NewQuestion{})
	return []qa.Post{
		ofQuestion(w.asks(w.author, qa.NewQuestion{})),
		ofAnswer(w.answers(w.author, q.ID)),
		ofComment(w.comments(w.author, ofQuestion(q))),
	}
}

// What is removed is not counted, nor shown to others; its author and
// moderators see it, and why.
func TestWhoSeesWhatIsRemoved(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"delete", "hide", "purge"} {
		w := newWorld(t)
		q := w.asks(w.member, qa.NewQuestion{})
		a := w.answers(w.author, q.ID)
		c := w.comments(w.author, ofQuestion(q))
		below := w.comments(w.author, ofAnswer(w.answers(w.member, q.ID)))
		for _, p := range []qa.Post{ofAnswer(a), ofComment(c), ofComment(below)} {
			require.NoError(t, removals[how](w, p))
		}
		kept := w.question(q.ID)
		require.Equal(t, [2]int{1, 0}, [2]int{kept.Answers, kept.Comments}, how)
		for _, who := range w.everybody() {
			sees := slices.Contains([]auth.Actor{w.author, w.keeper, w.moderator, w.coordinator}, who.Actor)
			want := 1
			if sees {
				want = 2
			}
			page := w.page(who.Actor, q.ID)
			require.Len(t, page.Answers.Items, want, "%s %s", how, who.name)
			require.Len(t, page.Comments[ofQuestion(q)], want-1, "%s %s", how, who.name)
			require.Len(t, w.commentsOn(who.Actor, ofQuestion(q)), want-1, "%s %s", how, who.name)
			require.Len(t, w.commentsOn(who.Actor, qa.Post{Question: q.ID, Answer: below.Answer}), want-1, "%s %s", how, who.name)
			err := failure(w.qa.Look(w.ctx, who.Actor, ofAnswer(a)))
			if sees && how != "purge" {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, qa.ErrRemoved, "%s %s", how, who.name)
			}
		}
	}
}

// Of a question that is removed nothing is there for others.
func TestRemovedQuestion(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"delete", "hide", "purge"} {
		w := newWorld(t)
		q := w.asks(w.author, qa.NewQuestion{Tags: []string{"soglie"}})
		c := w.comments(w.member, ofQuestion(q))
		require.NoError(t, removals[how](w, ofQuestion(q)))
		for _, who := range w.everybody() {
			_, err := w.qa.Page(w.ctx, who.Actor, qa.QuestionPage{Question: q.ID})
			removed := ids(w.list(who.Actor, qa.QuestionFilter{Removed: true}))
			require.Empty(t, w.list(who.Actor, qa.QuestionFilter{}))
			require.Empty(t, w.list(who.Actor, qa.QuestionFilter{Tag: "soglie"}))
			switch staff := slices.Contains([]auth.Actor{w.keeper, w.moderator, w.coordinator}, who.Actor); {
			case staff:
				require.NoError(t, err, who.name)
				require.Equal(t, []qa.QuestionID{q.ID}, removed, who.name)
			case who.Actor == w.author:
				require.NoError(t, err)
				require.Empty(t, removed)
			default:
				require.ErrorIs(t, err, storage.ErrNotFound, who.name)
				require.ErrorIs(t, failure(w.qa.Find(w.ctx, who.Actor, ofComment(c))), storage.ErrNotFound, who.name)
				require.Empty(t, removed, who.name)
			}
		}
	}
}

// An author deletes a question while it has no answer that is shown.
func TestDeleteAnsweredQuestion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a := w.answers(w.member, q.ID)
	require.ErrorIs(t, w.qa.Delete(w.ctx, w.author, ofQuestion(q)), qa.ErrAnswered)
	require.NoError(t, w.qa.Delete(w.ctx, w.member, ofAnswer(a)))
	require.NoError(t, w.qa.Delete(w.ctx, w.author, ofQuestion(q)))
}

// S-accept-hidden: an accepted answer that is taken away leaves the question
// open again, and when it comes back it is not accepted.
func TestSAcceptHidden(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(*world, qa.Post) error{
		"deleted": func(w *world, p qa.Post) error { return w.qa.Delete(w.ctx, w.member, p) },
		"hidden":  removals["hide"], "purged": removals["purge"],
	} {
		w := newWorld(t)
		q := w.asks(w.author, qa.NewQuestion{})
		a := w.answers(w.member, q.ID)
		w.accepts(w.author, a.ID)
		require.Equal(t, a.ID, w.question(q.ID).Acceptance.Answer)
		require.NoError(t, remove(w, ofAnswer(a)), name)
		require.Zero(t, w.question(q.ID).Acceptance, name)
		require.Len(t, w.named(qa.EventUnaccepted), 1, name)
		payload := w.named(qa.EventUnaccepted)[0].payload
		require.Equal(t, [3]any{q.ID, a.ID, qa.Asker}, [3]any{payload.Question, payload.Answer, payload.Capacity}, name)
		require.Equal(t, []qa.QuestionID{q.ID}, ids(w.list(w.visitor, qa.QuestionFilter{Unanswered: true})), name)
		if name != "purged" {
			require.NoError(t, w.qa.Restore(w.ctx, w.keeper, ofAnswer(a)))
			require.Zero(t, w.question(q.ID).Acceptance, name)
			require.Len(t, w.named(qa.EventAccepted), 1, name)
		}
	}
}

// What stands beside the accepted answer leaves it accepted when it goes.
func TestOthersLeaveTheAcceptance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	a, other := w.answers(w.member, q.ID), w.answers(w.member, q.ID)
	c := w.comments(w.member, ofAnswer(a))
	w.accepts(w.author, a.ID)
	for _, p := range []qa.Post{ofAnswer(other), ofComment(c), ofQuestion(q)} {
		require.NoError(t, w.qa.Hide(w.ctx, w.keeper, p, "Motivo"))
	}
	require.Equal(t, a.ID, w.question(q.ID).Acceptance.Answer)
	require.Empty(t, w.named(qa.EventUnaccepted))
}

// Purging leaves no text of a post and of what stands below it, wherever it was.
func TestPurge(t *testing.T) {
	t.Parallel()
	for kind := range 3 {
		w := newWorld(t)
		q := w.asks(w.author, qa.NewQuestion{Title: "Segreto uno", Body: "Segreto di @outsider", Tags: []string{"segreto"}})
		a := w.answers(w.member, q.ID, "Segreto due")
		c := w.comments(w.outsider, ofAnswer(a), "Segreto tre")
		beside := w.comments(w.outsider, ofQuestion(q), "Segreto quattro")
		for _, p := range []qa.Post{ofQuestion(q), ofAnswer(a), ofComment(c)} {
			w.edits(w.moderator, p, "Segreto cinque")
		}
		w.suggests(w.keeper, ofQuestion(q), "Segreto sei")
		w.suggests(w.keeper, ofAnswer(a), "Segreto sette")
		w.accepts(w.author, a.ID)
		w.votes(w.keeper, ofAnswer(a), qa.For)
		p := []qa.Post{ofQuestion(q), ofAnswer(a), ofComment(c)}[kind]
		gone := [][]qa.Post{{ofQuestion(q), ofAnswer(a), ofComment(c), ofComment(beside)}, {ofAnswer(a), ofComment(c)}, {ofComment(c)}}[kind]
		require.NoError(t, w.qa.Purge(w.ctx, w.coordinator, p, "Dati personali"))
		for _, g := range gone {
			e := w.entry(g)
			require.Equal(t, qa.Removal{State: qa.Purged, At: w.now, By: w.coordinator.By(), Why: "Dati personali"}, e.Removal)
			require.Empty(t, e.Body)
			kept, err := w.store.QA().Revisions(w.ctx, g)
			require.NoError(t, err)
			require.Empty(t, kept)
			require.ErrorIs(t, failure(w.qa.Revisions(w.ctx, w.coordinator, g)), qa.ErrRemoved)
			suggestions, err := w.store.QA().Suggestions(w.ctx, qa.SuggestionQuery{Reach: auth.Everything, Post: g, Pending: true})
			require.NoError(t, err)
			require.Empty(t, suggestions.Items)
		}
		require.Equal(t, kind > 0, strings.Contains(w.dump(), "Segreto"), kind)
		require.Equal(t, kind == 2, w.question(q.ID).Acceptance.Answer == a.ID)
		require.Equal(t, qa.Tally{Up: 1}, w.answer(a.ID).Votes, "that somebody voted is no text")
		require.Len(t, w.named(qa.EventPurged), 1)
		require.NoError(t, w.qa.Purge(w.ctx, w.coordinator, p, "Ancora"))
		require.Len(t, w.named(qa.EventPurged), 1)
	}
}

func TestReasonsAreAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.posts()[1]
	for _, call := range []func(string) error{
		func(why string) error { return w.qa.Hide(w.ctx, w.moderator, p, why) },
		func(why string) error { return w.qa.Purge(w.ctx, w.coordinator, p, why) },
	} {
		invalid(t, call(""), "why", storage.CodeMissing)
		invalid(t, call(strings.Repeat("a", qa.MaxWhy+1)), "why", storage.CodeTooLong)
	}
}

// What waits is there for its author and for moderators; what is let through is
// told of then, as if it had been written then.
func TestHeld(t *testing.T) {
	t.Parallel()
	theme := storage.NewID[qa.Theme]()
	for kind := range 3 {
		w := newWorld(t)
		q := w.asks(w.member, qa.NewQuestion{})
		w.sets(holds(w.author))
		w.sets(func(c *qa.Config) {
			c.Experts = func(context.Context, auth.AreaID, []qa.ThemeID) ([]auth.UserID, error) {
				return []auth.UserID{w.moderator.User}, nil
			}
		})
		var p qa.Post
		switch kind {
		case 0:
			p = ofQuestion(w.asks(w.author, qa.NewQuestion{Body: "Da @member", Themes: []qa.ThemeID{theme}, Tags: []string{"altro"}}))
		case 1:
			p = ofAnswer(w.answers(w.author, q.ID, "Da @member"))
		default:
			p = ofComment(w.comments(w.author, ofQuestion(q), "Da @member"))
		}
		require.Equal(t, qa.Removal{State: qa.Held, At: w.now}, w.entry(p).Removal)
		require.Equal(t, qa.EventHeld, w.last().Name)
		require.Empty(t, w.last().payload.Mentions)
		waiting := func(who auth.Actor) int {
			page, err := w.qa.Waiting(w.ctx, who, qa.WaitingPage{})
			require.NoError(t, err)
			return len(page.Items)
		}
		for _, who := range w.everybody() {
			staff := slices.Contains([]auth.Actor{w.keeper, w.moderator, w.coordinator}, who.Actor)
			err := failure(w.qa.Look(w.ctx, who.Actor, p))
			if staff || who.Actor == w.author {
				require.NoError(t, err, who.name)
			} else {
				require.ErrorIs(t, err, storage.ErrNotFound, who.name)
			}
			require.Equal(t, staff, waiting(who.Actor) == 1, who.name)
			mine, err := w.qa.Waiting(w.ctx, who.Actor, qa.WaitingPage{Mine: true})
			if who.Actor.User.IsZero() {
				require.ErrorIs(t, err, auth.ErrDenied)
				continue
			}
			require.NoError(t, err, who.name)
			require.Equal(t, who.Actor == w.author, len(mine.Items) == 1, who.name)
			if who.Actor == w.author {
				require.Equal(t, p, mine.Items[0].Post())
			}
		}
		if kind > 0 { // of a question that is taken away, its id is left
			require.NoError(t, w.qa.Hide(w.ctx, w.keeper, ofQuestion(q), "Motivo"))
			mine, err := w.qa.Waiting(w.ctx, w.author, qa.WaitingPage{Mine: true})
			require.NoError(t, err)
			require.Len(t, mine.Items, 1)
			require.Equal(t, qa.Question{ID: q.ID}, mine.Items[0].Question)
			require.NoError(t, w.qa.Restore(w.ctx, w.keeper, ofQuestion(q)))
		}
		require.Equal(t, [2]int{}, [2]int{w.question(q.ID).Answers, w.question(q.ID).Comments})
		require.Len(t, w.list(w.moderator, qa.QuestionFilter{}), 1)
		offers := func() int {
			users, err := w.store.QA().Offers(w.ctx, p.Question)
			require.NoError(t, err)
			return len(users)
		}
		require.Zero(t, offers())

		w.pass(time.Minute)
		require.NoError(t, w.qa.Restore(w.ctx, w.keeper, p))
		require.Equal(t, []string{qa.EventAsked, qa.EventAnswered, qa.EventCommented}[kind], w.last().Name)
		payload := w.last().payload
		require.Equal(t, [2]any{w.author.By(), []auth.UserID{w.member.User}}, [2]any{payload.By, payload.Mentions})
		require.Equal(t, kind == 0, offers() == 1)
		require.Zero(t, waiting(w.keeper))
		require.NoError(t, failure(w.qa.Look(w.ctx, w.visitor, p)))
		w.pass(time.Minute)
		require.NoError(t, w.qa.Hide(w.ctx, w.keeper, p, "Motivo"))
		require.NoError(t, w.qa.Restore(w.ctx, w.keeper, p))
		require.Equal(t, qa.EventRestored, w.last().Name, "it was told of")
	}
}

// Authors who moderate do not let their own through.
func TestAuthorsDoNotLetThrough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.author, qa.NewQuestion{})
	w.sets(holds(w.moderator))
	a := w.answers(w.moderator, q.ID)
	require.ErrorIs(t, w.qa.Restore(w.ctx, w.moderator, ofAnswer(a)), qa.ErrOwn)
	require.NoError(t, w.qa.Delete(w.ctx, w.moderator, ofAnswer(a)))
	require.NoError(t, w.qa.Restore(w.ctx, w.moderator, ofAnswer(a)))
	require.Equal(t, qa.Held, w.answer(a.ID).Removal.State)
	require.NoError(t, w.qa.Restore(w.ctx, w.keeper, ofAnswer(a)))
}

// Posts that nobody owns any more are not those of whoever has not signed in.
func TestNobodysPosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := w.asks(w.member, qa.NewQuestion{})
	a := w.answers(w.author, q.ID, "Segreto")
	c := w.comments(w.author, ofQuestion(q), "Segreto")
	gone := w.asks(w.author, qa.NewQuestion{Title: "Segreto"})
	for _, p := range []qa.Post{ofAnswer(a), ofComment(c), ofQuestion(gone)} {
		require.NoError(t, w.qa.Hide(w.ctx, w.keeper, p, "Motivo"))
	}
	require.NoError(t, w.qa.Erase(w.ctx, w.author.User, auth.Anonymise))
	page := w.page(w.visitor, q.ID)
	require.Empty(t, page.Answers.Items)
	require.Empty(t, page.Comments[ofQuestion(q)])
	require.Empty(t, w.commentsOn(w.visitor, ofQuestion(q)))
	for _, p := range []qa.Post{ofAnswer(a), ofComment(c)} {
		require.ErrorIs(t, failure(w.qa.Look(w.ctx, w.visitor, p)), qa.ErrRemoved)
	}
	require.ErrorIs(t, failure(w.qa.Look(w.ctx, w.visitor, ofQuestion(gone))), storage.ErrNotFound)
}
