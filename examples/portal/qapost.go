// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// qaPost returns which post of a question the address names, wherever a merge
// has taken it.
func (p *portal) qaPost(v *visit) (at qa.Post, err error) {
	if v.r.PathValue("answer") == "" {
		at.Question, err = v.questionID()
	} else {
		id, perr := pathID[qa.Answer](v, "answer")
		if perr != nil {
			return at, perr
		}
		var where qa.Where
		where, err = p.c.QA.FindAnswer(v.ctx(), v.who, id)
		at = where.Post
	}
	if err == nil && v.r.PathValue("comment") != "" {
		at.Comment, err = pathID[qa.Comment](v, "comment")
	}
	return at, err
}

// lookQA returns the post of the address as the reader may see it.
func (p *portal) lookQA(v *visit) (qa.Place, error) {
	at, err := p.qaPost(v)
	if err != nil {
		return qa.Place{}, err
	}
	return p.c.QA.Look(v.ctx(), v.who, at)
}

// postOf, entryOf and removalOf return what a place is.
func postOf(pl qa.Place) qa.Post {
	return qa.Post{Question: pl.Question.ID, Answer: pl.Answer.ID, Comment: pl.Comment.ID}
}

func entryOf(pl qa.Place) qa.Entry {
	switch {
	case !pl.Comment.ID.IsZero():
		return pl.Comment.Entry
	case !pl.Answer.ID.IsZero():
		return pl.Answer.Entry
	}
	return pl.Question.Entry
}

// barePost is a post as it is shown in a form: without what can be done to it.
func (p *portal) barePost(v *visit, pl qa.Place) qaPost {
	return p.showPost(v, pl.Question, postOf(pl), entryOf(pl), qaRights{})
}

// goToQA sends the reader to a post, if they may read it.
func (p *portal) goToQA(v *visit, at qa.Post, done string) error {
	address, err := p.qaAddress(v, at, done)
	if err != nil {
		return err
	}
	return p.redirect(v, address)
}

func (p *portal) qaPermalink(v *visit) error {
	at, err := p.qaPost(v)
	if err != nil {
		return err
	}
	return p.goToQA(v, at, "")
}

// qaAddress returns where a post is to be read now: the first page of its
// question if it is there, otherwise the page that begins with the answer, or
// the list of comments.
func (p *portal) qaAddress(v *visit, at qa.Post, done string) (string, error) {
	where, err := p.c.QA.Find(v.ctx(), v.who, at)
	if err != nil {
		return "", err
	}
	at = where.Post
	hash := "#" + qaAnchor(at)
	page, err := p.c.QA.Page(v.ctx(), v.who, qa.QuestionPage{Question: at.Question})
	if err != nil {
		return "", err
	}
	after := where.After
	if slices.ContainsFunc(page.Answers.Items, func(a qa.Answer) bool { return a.ID == at.Answer }) {
		after = ""
	}
	if !at.Comment.IsZero() {
		if after != "" {
			if page, err = p.c.QA.Page(v.ctx(), v.who, qa.QuestionPage{Question: at.Question, After: after, Limit: 1}); err != nil {
				return "", err
			}
		}
		on := qa.Post{Question: at.Question, Answer: at.Answer}
		if !slices.ContainsFunc(page.Comments[on], func(c qa.Comment) bool { return c.ID == at.Comment }) {
			return p.commentAddress(v, on, at.Comment, done)
		}
	}
	return query(p.url("questions", at.Question), "after", after, "done", done) + hash, nil
}

// commentAddress returns the page of the list of comments on a post that one of
// them is on.
func (p *portal) commentAddress(v *visit, on qa.Post, id qa.CommentID, done string) (string, error) {
	here := p.url(qaPath(on), "comments")
	for after := storage.Cursor(""); ; {
		page, err := p.c.QA.Comments(v.ctx(), v.who, qa.CommentPage{Post: on, After: after, Limit: storage.MaxLimit})
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(page.Items, func(c qa.Comment) bool { return c.ID == id }) {
			on.Comment = id
			return query(here, "after", after, "done", done) + "#" + qaAnchor(on), nil
		}
		if after = page.Next; after == "" {
			return query(here, "done", done), nil
		}
	}
}

// commentsView lists the comments on a post.
type commentsView struct {
	Post     qaPost
	Question qa.Question
	Comments []qaPost
	Here     string
	Next     storage.Cursor
	First    bool // page
}

func (p *portal) comments(v *visit) error {
	pl, err := p.lookQA(v)
	if err != nil {
		return err
	}
	at := postOf(pl)
	page, err := p.c.QA.Comments(v.ctx(), v.who, qa.CommentPage{Post: at, After: v.cursor(), Limit: storage.MaxLimit})
	if err != nil {
		return err
	}
	bys := []auth.By{entryOf(pl).By}
	for _, c := range page.Items {
		bys = append(bys, c.By, c.Text.EditedBy)
	}
	p.learn(v, bys...)
	can := p.qaRights(v, pl.Question)
	view := commentsView{
		Post: p.showPost(v, pl.Question, at, entryOf(pl), can), Question: pl.Question, Here: p.url(qaPath(at), "comments"), Next: page.Next, First: v.cursor() == "",
	}
	for _, c := range page.Items {
		view.Comments = append(view.Comments, p.showComment(v, pl.Question, c, can))
	}
	return p.show(v, "comments", p.t(v, "qa.comments"), view)
}

// backToQA sends the reader to the page of a question that they came from, at a
// post.
func (p *portal) backToQA(v *visit, at qa.Post, done string) error {
	return p.redirect(v, query(p.url("questions", at.Question), "after", v.field("after"), "done", done)+"#"+qaAnchor(at))
}

// ---- votes and acceptance

// votes are the values of the buttons that vote.
var votes = map[string]qa.Value{"1": qa.For, "-1": qa.Against, "0": qa.None}

func (p *portal) vote(v *visit) error {
	at, err := p.qaPost(v)
	if err != nil {
		return err
	}
	to, ok := votes[v.field("vote")]
	if !ok {
		return errMalformed
	}
	if _, err := p.c.QA.Vote(v.ctx(), v.who, at, to); err != nil {
		return err
	}
	return p.backToQA(v, at, "")
}

func (p *portal) accept(v *visit) error {
	at, err := p.qaPost(v)
	if err != nil {
		return err
	}
	if err := p.c.QA.Accept(v.ctx(), v.who, at.Answer); err != nil {
		return err
	}
	return p.goToQA(v, at, "accepted")
}

func (p *portal) unaccept(v *visit) error {
	id, err := v.questionID()
	if err != nil {
		return err
	}
	if err := p.c.QA.Unaccept(v.ctx(), v.who, id); err != nil {
		return err
	}
	return p.goToQA(v, qa.Post{Question: id}, "unaccepted")
}

// alsoUseful says that an answer is useful besides the accepted one, or takes
// that back.
func (p *portal) alsoUseful(v *visit) error {
	at, err := p.qaPost(v)
	if err != nil {
		return err
	}
	if err := p.c.QA.MarkUseful(v.ctx(), v.who, at.Answer, v.field("useful") == "1"); err != nil {
		return err
	}
	return p.backToQA(v, at, "")
}

// ---- history

// qaRevision is a revision as a page shows it: mentions as they are typed.
func (p *portal) qaRevision(v *visit, r qa.Revision) revisionView {
	return revisionView{forum.Revision{N: r.N, Title: r.Title, Body: p.typed(v, r.Body), By: r.By, At: r.At, Why: r.Why}, p.byline(v, r.By), r.Tags}
}

func (p *portal) qaHistory(v *visit) error {
	pl, err := p.lookQA(v)
	if err != nil {
		return err
	}
	at := postOf(pl)
	revisions, err := p.c.QA.Revisions(v.ctx(), v.who, at)
	if err != nil {
		return err
	}
	bys := make([]auth.By, len(revisions))
	for i, r := range revisions {
		bys[i] = r.By
	}
	p.learn(v, bys...)
	all := make([]revisionView, len(revisions))
	for i, r := range revisions {
		all[i] = p.qaRevision(v, r)
	}
	view := p.historyOf(v, qaPath(at), all)
	x := p.showPost(v, pl.Question, at, entryOf(pl), p.qaRights(v, pl.Question))
	if x.MayEdit && view.From.N > 0 && view.From.Body != "" && view.From.N != entryOf(pl).Text.Revision {
		view.Version = entryOf(pl).Version
	}
	return p.show(v, "history", p.t(v, "history.title"), view)
}

func (p *portal) rollback(v *visit) error {
	at, err := p.qaPost(v)
	if err != nil {
		return err
	}
	version, verr := strconv.Atoi(v.field("version"))
	n, nerr := strconv.Atoi(v.field("revision"))
	if verr != nil || nerr != nil {
		return errMalformed
	}
	if _, err := p.c.QA.Rollback(v.ctx(), v.who, at, version, n); err != nil {
		return err
	}
	return p.goToQA(v, at, "rolled_back")
}

// ---- taking it away and bringing it back

func (p *portal) qaDelete(v *visit) error  { return p.undoQA(v, p.c.QA.Delete) }
func (p *portal) qaRestore(v *visit) error { return p.undoQA(v, p.c.QA.Restore) }

// undoQA takes a post away or brings it back, and says what became of it.
func (p *portal) undoQA(v *visit, do func(context.Context, auth.Actor, qa.Post) error) error {
	at, err := p.qaPost(v)
	if err != nil {
		return err
	}
	was, err := p.stateQA(v, at)
	if err != nil {
		return err
	}
	if err := do(v.ctx(), v.who, at); err != nil {
		return err
	}
	is, err := p.stateQA(v, at)
	if err != nil {
		return err
	}
	done := undone[forum.State(is)]
	if is == qa.Visible && was.Unseen() {
		done = "let_through"
	}
	return p.decidedQA(v, at, done)
}

// stateQA returns the state of a post. What was purged has no text to look at.
func (p *portal) stateQA(v *visit, at qa.Post) (qa.State, error) {
	pl, err := p.c.QA.Look(v.ctx(), v.who, at)
	if errors.Is(err, qa.ErrRemoved) {
		return qa.Purged, nil
	}
	return entryOf(pl).Removal.State, err
}

// decidedQA ends what a moderator decided of a post: it leads back to the queue
// that they came from, or to the post.
func (p *portal) decidedQA(v *visit, at qa.Post, done string) error {
	if v.field("from") == fromQueue {
		return p.redirect(v, query(p.url("desk/waiting"), "done", done))
	}
	return p.goToQA(v, at, done)
}

func (p *portal) qaHidePage(v *visit) error  { return p.askWhyQA(v, "hide", qa.Moderate) }
func (p *portal) qaPurgePage(v *visit) error { return p.askWhyQA(v, "purge", qa.Purge) }

func (p *portal) askWhyQA(v *visit, verb string, do auth.Action) error {
	pl, err := p.lookQA(v)
	if err != nil {
		return err
	}
	if err := p.c.Auth.Authorize(v.ctx(), v.who, do, auth.Scope{Area: pl.Question.Area, Audience: pl.Question.Audience}); err != nil {
		return err
	}
	return p.showReason(v, http.StatusOK, verb, reasonView{Post: p.reasonPost(v, pl), From: v.r.URL.Query().Get("from")})
}

// reasonPost is a post as the form shows it that asks for a reason.
func (p *portal) reasonPost(v *visit, pl qa.Place) postView {
	x := p.barePost(v, pl)
	return postView{Path: x.Path, HTML: x.HTML, By: x.By, At: x.At, Removal: forum.Removal{State: forum.State(x.Removal.State), Why: x.Removal.Why}}
}

func (p *portal) qaHide(v *visit) error  { return p.takeAwayQA(v, "hide", "hidden", p.c.QA.Hide) }
func (p *portal) qaPurge(v *visit) error { return p.takeAwayQA(v, "purge", "purged", p.c.QA.Purge) }

func (p *portal) takeAwayQA(v *visit, verb, done string, do func(ctx context.Context, who auth.Actor, at qa.Post, why string) error) error {
	at, err := p.qaPost(v)
	if err != nil {
		return err
	}
	was, err := p.stateQA(v, at)
	if err != nil {
		return err
	}
	err = do(v.ctx(), v.who, at, v.field("why"))
	var invalid *storage.Invalid
	if errors.As(err, &invalid) {
		pl, err := p.c.QA.Look(v.ctx(), v.who, at)
		if err != nil {
			return err
		}
		return p.showReason(v, http.StatusUnprocessableEntity, verb, reasonView{
			Post: p.reasonPost(v, pl), From: v.field("from"), Why: v.field("why"),
			Problem: p.t(v, "form.fix"), Error: p.fieldError(v, invalid), Faults: []fault{p.fault(v, invalid)},
		})
	}
	if err != nil {
		return err
	}
	if verb == "hide" && was.Unseen() {
		done = "rejected"
	}
	return p.decidedQA(v, at, done)
}
