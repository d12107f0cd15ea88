// SPDX-License-Identifier: BSD-3-Clause

package storetest

import (
	"slices"
	"testing"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

var qaPersonPromises = []promise{
	{"QA/Written/All", "every post that names a person in whatever part is found, each once, by question and in it the question first", false, qaWrittenAll},
	{"QA/Written/Pages", "pages of what a person wrote hold every post once", false, qaWrittenPages},
	{"QA/Erase/Bylines", "EraseUser empties a person's bylines wherever they stand, and nobody else's", false, qaEraseBylines},
	{"QA/Erase/Votes", "the votes of who was erased stay in the tallies, and are nobody's", false, qaEraseVotes},
	{"QA/Erase/Rows", "their mentions and offers are forgotten, and what they suggested and waits is retracted", false, qaEraseRows},
	{"QA/Erase/Version", "every post and suggestion that named a person but as who wrote last is at its next version, so that who looked before the erasure writes nothing back, and every other one stays as it was", false, qaEraseVersion},
	{"QA/Erase/Nobody", "erasing who was never here, who was erased before, or the zero user changes nothing", false, qaEraseNobody},
}

func (h *helpdesk) written(user auth.UserID) []qa.Place {
	h.Helper()
	return walkAll(h.roster, 3, func(after storage.Cursor, limit int) (storage.Page[qa.Place], error) {
		return h.q.Written(ctx, qa.WrittenQuery{User: user, After: after, Limit: limit})
	})
}

func writtenIn(all []qa.Place) (posts []qa.Post) {
	for _, pl := range all {
		posts = append(posts, qa.Post{Question: pl.Question.ID, Answer: pl.Answer.ID, Comment: pl.Comment.ID})
	}
	return posts
}

// isWritten checks that what a person wrote is these posts, in an order that
// has each question before what stands below it.
func (h *helpdesk) isWritten(user auth.UserID, want []qa.Post) {
	h.Helper()
	posts := writtenIn(h.written(user))
	for i, p := range posts[:max(len(posts)-1, 0)] {
		if c := p.Question.Compare(posts[i+1].Question); c > 0 || c == 0 && posts[i+1] == (qa.Post{Question: p.Question}) {
			h.Errorf("post %v comes before %v", p, posts[i+1])
		}
	}
	slices.SortFunc(posts, comparePosts)
	slices.SortFunc(want, comparePosts)
	same(h.T, posts, want)
}

func qaWrittenAll(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	me := newBy()
	var want []qa.Post
	for _, set := range []func(*qa.Question){
		func(q *qa.Question) { q.By = me },
		func(q *qa.Question) { q.Text.EditedBy = me },
		func(q *qa.Question) { q.Removal = qa.Removal{State: qa.Hidden, By: me} },
		func(q *qa.Question) { q.Closing = qa.Closing{Reason: qa.Unclear, By: me} },
		func(q *qa.Question) { q.Delegate = me.User },
		func(q *qa.Question) {
			q.By, q.Text.EditedBy, q.Removal.By, q.Closing.By, q.Delegate = me, me, me, me, me.User
		},
	} {
		q := h.asks(set)
		h.do(qa.SetMentions{Post: ofQuestion(q), Users: []auth.UserID{newUser()}})
		want = append(want, ofQuestion(q))
	}
	q := h.asks(nil)
	for _, set := range []func(*qa.Entry){
		func(e *qa.Entry) { e.By = me }, func(e *qa.Entry) { e.Text.EditedBy = me }, func(e *qa.Entry) { e.Removal = qa.Removal{State: qa.Deleted, By: me} },
		func(e *qa.Entry) { e.By, e.Text.EditedBy, e.Removal.By = me, me, me },
	} {
		a := h.answers(q, func(a *qa.Answer) { set(&a.Entry) })
		want = append(want, ofAnswer(a))
		for _, on := range []qa.Post{ofQuestion(q), ofAnswer(a)} {
			want = append(want, ofComment(h.remarks(on, func(c *qa.Comment) { set(&c.Entry) })))
		}
	}
	want = append(want, ofQuestion(q)) // the last to write in it
	other := h.asks(nil)
	a := h.answers(other, nil)
	acc := h.accepts(a)
	acc.By = me
	h.do(qa.Accept{Question: other.ID, Version: 2, Acceptance: acc})
	want = append(want, ofQuestion(other))
	for _, mentioned := range []bool{true, false} {
		q := h.asks(nil)
		a := h.answers(q, nil)
		for _, p := range []qa.Post{ofQuestion(q), ofAnswer(a), ofComment(h.remarks(ofQuestion(q), nil)), ofComment(h.remarks(ofAnswer(a), nil))} {
			if mentioned {
				h.do(qa.SetMentions{Post: p, Users: []auth.UserID{newUser(), me.User}})
			} else { // who edited, though not last
				h.do(qa.InsertRevision{Revision: qa.Revision{Post: p, N: 2, By: me, At: at(1)}})
			}
			want = append(want, p)
		}
	}
	h.casts(me.User, ofQuestion(h.asks(nil)), qa.For) // which names nobody
	h.isWritten(me.User, want)
	for _, pl := range h.written(me.User) {
		p := writtenIn([]qa.Place{pl})[0]
		full := h.place(p, auth.UserID{})
		if !p.Answer.IsZero() || !p.Comment.IsZero() { // the last of them is what matters
			pl.Question.Body, full.Question.Body = "", ""
		}
		if !p.Comment.IsZero() {
			pl.Answer.Body, full.Answer.Body = "", ""
		}
		same(t, pl, full)
	}
	same(t, len(h.written(newUser())), 0)
	same(t, len(h.written(auth.UserID{})), 0)
}

func qaWrittenPages(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	me := newBy()
	var want []qa.Post
	var q qa.Question
	var a qa.Answer
	for i := range 45 {
		switch i % 5 {
		case 0:
			q = h.asks(func(q *qa.Question) { q.By = me })
			want = append(want, ofQuestion(q))
		case 1, 3:
			a = h.answers(q, func(a *qa.Answer) { a.By = me })
			want = append(want, ofAnswer(a))
		case 2:
			want = append(want, ofComment(h.remarks(ofQuestion(q), func(c *qa.Comment) { c.By = me })))
		default:
			want = append(want, ofComment(h.remarks(ofAnswer(a), func(c *qa.Comment) { c.By = me })))
		}
	}
	h.isWritten(me.User, want)
	whole := h.written(me.User)
	for _, limit := range []int{1, 7, 15, 44, 45, 46} {
		same(t, walkAll(h.roster, limit, func(after storage.Cursor, limit int) (storage.Page[qa.Place], error) {
			return h.q.Written(ctx, qa.WrittenQuery{User: me.User, After: after, Limit: limit})
		}), whole)
	}
}

// A track is what one person left behind.
type track struct {
	asked, handled    qa.Question // by them; somebody's, that they edited, closed, removed and accepted an answer of
	answered, touched qa.Answer   // by them; somebody's
	remarked          qa.Comment
	revision          qa.Revision
	pending, decided  qa.Suggestion // by them; somebody's, that they decided on
	approved          qa.Suggestion // by them, decided
	mentioned         qa.Post
}

func (h *helpdesk) leaveTrack(by auth.By) track {
	h.Helper()
	var tr track
	tr.asked = h.asks(func(q *qa.Question) { q.By = by })
	tr.handled = h.asks(func(q *qa.Question) {
		q.Text.EditedBy, q.Removal.By, q.Closing.By, q.Delegate = by, by, by, by.User
	})
	tr.touched = h.answers(tr.handled, func(a *qa.Answer) { a.Text.EditedBy, a.Removal.By = by, by })
	tr.answered = h.answers(tr.handled, func(a *qa.Answer) { a.By = by })
	tr.remarked = h.remarks(ofAnswer(tr.touched), func(c *qa.Comment) { c.By, c.Text.EditedBy, c.Removal.By = by, by, by })
	tr.revision = qa.Revision{Post: ofQuestion(tr.handled), N: 1, By: by, At: at(1)}
	tr.pending = h.suggests(ofQuestion(tr.handled), func(v *qa.Suggestion) { v.By = by })
	tr.approved = h.suggests(ofAnswer(tr.touched), func(v *qa.Suggestion) { v.By, v.State, v.EndedAt = by, qa.Approved, at(9) })
	tr.decided = h.suggests(ofAnswer(tr.touched), func(v *qa.Suggestion) { v.Decided, v.State, v.EndedAt = by, qa.Declined, at(9) })
	tr.mentioned = ofQuestion(h.asks(nil))
	h.do(qa.InsertRevision{Revision: tr.revision}, qa.SetMentions{Post: tr.mentioned, Users: []auth.UserID{by.User}},
		qa.SetOffers{Question: tr.asked.ID, Users: []auth.UserID{by.User}},
		qa.Accept{Question: tr.handled.ID, Version: 1, Acceptance: qa.Acceptance{Answer: tr.touched.ID, Revision: 1, By: by, Capacity: qa.Delegate, At: at(3)}})
	h.casts(by.User, ofAnswer(tr.touched), qa.For)
	h.casts(by.User, ofQuestion(tr.handled), qa.Against)
	tr.asked, tr.handled = h.question(tr.asked.ID), h.question(tr.handled.ID)
	tr.answered, tr.touched = h.answer(tr.answered.ID), h.answer(tr.touched.ID)
	return tr
}

// isTrack checks what is there of a track, at whatever version.
func (h *helpdesk) isTrack(tr track) {
	h.Helper()
	for _, want := range []qa.Question{tr.asked, tr.handled} {
		now := h.question(want.ID)
		now.Version, want.Version = 0, 0
		same(h.T, now, want)
	}
	for _, want := range []qa.Answer{tr.answered, tr.touched} {
		now := h.answer(want.ID)
		now.Version, want.Version = 0, 0
		same(h.T, now, want)
	}
	now, want := h.place(ofComment(tr.remarked), auth.UserID{}).Comment, tr.remarked
	now.Version, want.Version = 0, 0
	same(h.T, now, want)
	same(h.T, got(h.q.Revisions(ctx, tr.revision.Post))(h.T), []qa.Revision{tr.revision})
	for _, want := range []qa.Suggestion{tr.pending, tr.approved, tr.decided} {
		now := got(h.q.Suggestion(ctx, want.ID))(h.T)
		now.Version, want.Version = 0, 0
		if want.State == qa.Retracted { // when is for the store to say
			now.EndedAt = want.EndedAt
		}
		same(h.T, now, want)
	}
}

func qaEraseBylines(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	gone, stays := newBy(), newBy()
	erased, kept := h.leaveTrack(gone), h.leaveTrack(stays)
	same(t, erased.handled.LastBy, gone)
	h.do(qa.EraseUser{User: gone.User})
	nobody := auth.By{}
	erased.asked.By, erased.asked.LastBy = nobody, nobody
	erased.handled.Text.EditedBy, erased.handled.Removal.By, erased.handled.Closing.By = nobody, nobody, nobody
	erased.handled.Delegate, erased.handled.LastBy, erased.handled.Acceptance.By = auth.UserID{}, nobody, nobody
	erased.answered.By = nobody
	erased.touched.Text.EditedBy, erased.touched.Removal.By = nobody, nobody
	erased.remarked.By, erased.remarked.Text.EditedBy, erased.remarked.Removal.By = nobody, nobody, nobody
	erased.revision.By = nobody
	erased.pending.By, erased.pending.State, erased.approved.By, erased.decided.Decided = nobody, qa.Retracted, nobody, nobody
	h.isTrack(erased)
	h.isTrack(kept)
	same(t, len(h.written(gone.User)), 0)
	same(t, len(h.written(stays.User)), 6) // as author, last to write, editor…, mentioned
	same(t, len(got(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Author: gone.User}))(t).Items), 0)
	same(t, len(got(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Author: stays.User}))(t).Items), 1)
}

func qaEraseVotes(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	q := h.asks(nil)
	a := h.answers(q, nil)
	gone, second, stays := newUser(), newUser(), newUser()
	for _, u := range []auth.UserID{gone, second, stays} {
		h.casts(u, ofQuestion(q), qa.For)
		h.casts(u, ofAnswer(a), qa.Against)
	}
	h.do(qa.EraseUser{User: gone}, qa.EraseUser{User: second}) // two votes on a post are nobody's
	for _, u := range []auth.UserID{gone, second, {}} {
		same(t, len(got(h.q.Votes(ctx, u))(t)), 0)
		same(t, h.place(ofAnswer(a), u).Vote, qa.Vote{})
		same(t, len(h.page(qa.PageQuery{Question: q.ID, Reader: u}).Votes), 0)
	}
	same(t, h.tally(ofQuestion(q)), qa.Tally{Up: 3})
	same(t, h.tally(ofAnswer(a)), qa.Tally{Down: 3})
	same(t, len(got(h.q.Votes(ctx, stays))(t)), 2)
	h.casts(stays, ofAnswer(a), qa.None)
	same(t, h.tally(ofAnswer(a)), qa.Tally{Down: 2})
	h.do(qa.SetAuthor{Post: ofAnswer(a), Version: 1}) // nobody's votes are not the nobody's who wrote it
	same(t, h.tally(ofAnswer(a)), qa.Tally{Down: 2})
	h.casts(newUser(), ofAnswer(a), qa.Against)
	same(t, h.tally(ofAnswer(a)), qa.Tally{Down: 3})
	into := h.asks(nil)
	h.do(qa.MoveAnswer{Answer: a.ID, To: into.ID})
	same(t, h.answer(a.ID).Votes, qa.Tally{Down: 3})
}

func qaEraseRows(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	gone, stays := newBy(), newBy()
	erased, kept := h.leaveTrack(gone), h.leaveTrack(stays)
	h.do(qa.EraseUser{User: gone.User})
	for _, c := range []struct {
		by   auth.By
		tr   track
		rows int
	}{{gone, erased, 0}, {stays, kept, 1}} {
		u := c.by.User
		same(t, len(got(h.q.Offers(ctx, c.tr.asked.ID))(t)), c.rows)
		same(t, len(got(h.q.Questions(ctx, qa.QuestionQuery{Reach: everything, Offered: u}))(t).Items), c.rows)
		same(t, len(got(h.q.Suggestions(ctx, qa.SuggestionQuery{Reach: auth.Everything, By: u}))(t).Items), 2*c.rows)
		same(t, len(got(h.q.Suggestions(ctx, qa.SuggestionQuery{Reach: auth.Everything, By: u, Pending: true}))(t).Items), c.rows)
		same(t, len(got(h.q.Suggestions(ctx, qa.SuggestionQuery{Reach: everything, Post: c.tr.pending.Post, Pending: true}))(t).Items), c.rows)
		same(t, len(got(h.q.Votes(ctx, u))(t)), 2*c.rows)
	}
}

func qaEraseVersion(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	gone, stays := newBy(), newBy()
	erased, kept := h.leaveTrack(gone), h.leaveTrack(stays)
	asked := h.asks(nil)
	old := h.answers(asked, nil)
	named := h.remarks(ofAnswer(old), nil)
	offered := h.asks(nil)
	theirs := h.answers(offered, func(a *qa.Answer) { a.By = gone }) // who is the last to write in it
	h.do(qa.InsertRevision{Revision: qa.Revision{Post: ofAnswer(old), N: 7, By: gone, At: at(1)}},
		qa.SetMentions{Post: ofComment(named), Users: []auth.UserID{gone.User, stays.User}},
		qa.SetOffers{Question: offered.ID, Users: []auth.UserID{gone.User}})
	h.casts(gone.User, ofQuestion(asked), qa.For)
	var delegated, accepted qa.Question
	delegated = h.asks(func(q *qa.Question) { q.Delegate = gone.User })
	accepted = h.asks(nil)
	right := h.answers(accepted, nil)
	h.do(qa.Accept{Question: accepted.ID, Version: accepted.Version, Acceptance: qa.Acceptance{Answer: right.ID, Revision: 1, By: gone, Capacity: qa.Delegate, At: at(3)}})
	asked, offered, accepted = h.question(asked.ID), h.question(offered.ID), h.question(accepted.ID)
	mentioned, other := h.question(erased.mentioned.Question), h.question(kept.mentioned.Question)
	old, theirs, right = h.answer(old.ID), h.answer(theirs.ID), h.answer(right.ID)
	h.do(qa.EraseUser{User: gone.User})

	for _, was := range []qa.Question{erased.asked, erased.handled, mentioned, delegated, accepted} {
		same(t, h.question(was.ID).Version, was.Version+1)
		h.fails(storage.ErrConflict, qa.UpdateQuestion{Question: was})
		h.fails(storage.ErrConflict, qa.Accept{Question: was.ID, Version: was.Version})
		h.fails(storage.ErrConflict, qa.QuestionAt{Question: was.ID, Version: was.Version})
	}
	for _, was := range []qa.Answer{erased.answered, erased.touched, old, theirs} {
		same(t, h.answer(was.ID).Version, was.Version+1)
		h.fails(storage.ErrConflict, qa.UpdateAnswer{Answer: was})
		h.fails(storage.ErrConflict, qa.AnswerAt{Question: was.Question, Answer: was.ID, Version: was.Version})
	}
	for _, was := range []qa.Comment{erased.remarked, named} {
		same(t, h.place(ofComment(was), auth.UserID{}).Comment.Version, was.Version+1)
		h.fails(storage.ErrConflict, qa.UpdateComment{Comment: was})
	}
	for _, was := range []qa.Suggestion{erased.pending, erased.approved, erased.decided} {
		same(t, got(h.q.Suggestion(ctx, was.ID))(t).Version, was.Version+1)
		h.fails(storage.ErrConflict, qa.UpdateSuggestion{Suggestion: was})
	}
	same(t, len(h.written(gone.User)), 0)
	for _, was := range []qa.Question{kept.asked, kept.handled, other, asked, offered} {
		h.do(qa.UpdateQuestion{Question: was})
	}
	for _, was := range []qa.Answer{kept.answered, kept.touched, right} {
		h.do(qa.UpdateAnswer{Answer: was})
	}
	h.do(qa.UpdateComment{Comment: kept.remarked})
	for _, was := range []qa.Suggestion{kept.pending, kept.approved, kept.decided} {
		h.do(qa.UpdateSuggestion{Suggestion: was})
	}
}

func qaEraseNobody(t *testing.T, s community.Store) {
	h := newHelpdesk(t, s)
	by := newBy()
	tr := h.leaveTrack(by)
	orphan := h.asks(func(q *qa.Question) { q.By = auth.By{} })
	sug := h.suggests(ofQuestion(orphan), func(v *qa.Suggestion) { v.By = auth.By{} })
	h.do(qa.EraseUser{User: newUser()}, qa.EraseUser{})
	h.isTrack(tr)
	same(t, h.question(orphan.ID), orphan)
	same(t, got(h.q.Suggestion(ctx, sug.ID))(t), sug)
	same(t, len(h.written(by.User)), 6)
	h.do(qa.EraseUser{User: by.User})
	before := h.question(tr.handled.ID)
	h.do(qa.EraseUser{User: by.User})
	same(t, h.question(tr.handled.ID), before)
	same(t, h.tally(ofAnswer(tr.touched)), qa.Tally{Up: 1})
}
