// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// newcomersWait has what newcomers write wait for a moderator, and keeps what
// was let through as it was seen. Whoever moderates was chosen to.
func newcomersWait(is community.Standing, at auth.Scope, _ auth.Action) bool {
	return is.Newcomer && max(is.Role, is.Areas[at.Area]) < auth.Moderator
}

// A waitingView lists the posts that wait for a moderator, of each tool the
// oldest first.
type waitingView struct {
	Posts     waitingList // of the forum
	Questions waitingList // and of questions
}

// A waitingList is a page of what waits in one tool. Its pager leaves the
// other's page as it is.
type waitingList struct {
	Posts []waitingPost
	Here  string // its first page
	More  string // its next page; empty: there is none
	First bool   // page
}

// A waitingPost is a post that waits, and where it would stand.
type waitingPost struct {
	postView
	What    string // it is
	Title   string // of its topic or question
	Where   string // board or area
	Promise auth.Audience
	Own     bool // the reader's: somebody else decides
	There   bool // where it would stand can be seen
}

// The parameters of the page of the queue that have the place in its lists.
const (
	forumAfter    = "after"
	questionAfter = "questions"
)

// waitingList begins a list whose place is one parameter and whose neighbour's is
// another.
func (p *portal) waitingList(v *visit, mine, other string, next storage.Cursor) waitingList {
	q := v.r.URL.Query()
	here := query(p.url("desk/waiting"), other, q.Get(other))
	list := waitingList{Here: here, First: q.Get(mine) == ""}
	if next != "" {
		list.More = query(here, mine, next)
	}
	return list
}

func (p *portal) waiting(v *visit) error {
	page, err := p.c.Forum.Waiting(v.ctx(), v.who, forum.WaitingPage{After: v.cursor()})
	if err != nil {
		return err
	}
	view := waitingView{Posts: p.waitingList(v, forumAfter, questionAfter, page.Next)}
	for _, x := range page.Items {
		view.Posts.Posts = append(view.Posts.Posts, p.waitingInForum(v, x))
	}
	questions, err := p.c.QA.Waiting(v.ctx(), v.who, qa.WaitingPage{After: storage.Cursor(v.r.URL.Query().Get(questionAfter))})
	if err != nil && !kind(auth.ErrDenied)(err) {
		return err
	}
	view.Questions = p.waitingList(v, questionAfter, forumAfter, questions.Next)
	for _, x := range questions.Items {
		view.Questions.Posts = append(view.Questions.Posts, p.waitingInQA(v, x))
	}
	return p.show(v, "waiting", p.t(v, "waiting.title"), view)
}

func (p *portal) waitingInForum(v *visit, x forum.Place) waitingPost {
	p.learn(v, namedIn(x.Topic, []forum.Reply{x.Reply})...)
	post := waitingPost{
		postView: p.bare(v, x.Topic, x.Reply), Title: x.Topic.Title, Where: x.Board.Name, Promise: x.Topic.Audience, What: p.t(v, "waiting.topic"),
		There: !x.Topic.CreatedAt.IsZero(),
	}
	if post.IsReply {
		post.What = p.t(v, "waiting.reply")
	}
	post.Own = post.By.User == v.who.User
	return post
}

func (p *portal) waitingInQA(v *visit, x qa.Place) waitingPost {
	e := entryOf(x)
	p.learn(v, append(byUsers(auth.Mentions(e.Body)), e.By)...)
	post := waitingPost{
		postView: p.reasonPost(v, x), Title: x.Question.Title, Where: p.area(x.Question.Area).Name, Promise: x.Question.Audience, What: p.t(v, "waiting.question"),
		There: !x.Question.CreatedAt.IsZero(),
	}
	switch {
	case !x.Comment.ID.IsZero():
		post.What = p.t(v, "waiting.comment")
	case !x.Answer.ID.IsZero():
		post.What = p.t(v, "waiting.answer")
	}
	post.Own = post.By.User == v.who.User
	return post
}

// A pending is what the reader wrote that waits for a moderator, of each tool the
// oldest first: they find it where it will stand.
type pending struct{ Posts []waitingPost }

// pending returns those of them that a page is to list; nil: none of that tool.
func (p *portal) pending(v *visit, topics func(forum.Place) bool, questions func(qa.Place) bool) (out pending, err error) {
	if v.me == nil {
		return out, nil
	}
	if topics != nil {
		page, err := p.c.Forum.Waiting(v.ctx(), v.who, forum.WaitingPage{Mine: true, Limit: storage.MaxLimit})
		if err != nil && !kind(auth.ErrDenied)(err) {
			return out, err
		}
		for _, x := range page.Items {
			if topics(x) {
				out.Posts = append(out.Posts, p.waitingInForum(v, x))
			}
		}
	}
	if questions != nil {
		page, err := p.c.QA.Waiting(v.ctx(), v.who, qa.WaitingPage{Mine: true, Limit: storage.MaxLimit})
		if err != nil && !kind(auth.ErrDenied)(err) {
			return out, err
		}
		for _, x := range page.Items {
			if questions(x) {
				out.Posts = append(out.Posts, p.waitingInQA(v, x))
			}
		}
	}
	return out, nil
}

// allPending returns all that the reader wrote that waits.
func (p *portal) allPending(v *visit) (pending, error) {
	return p.pending(v, func(forum.Place) bool { return true }, func(qa.Place) bool { return true })
}

// countWaiting returns how many posts wait for whoever asks.
func (p *portal) countWaiting(v *visit) (counted, error) {
	page, err := p.c.Forum.Waiting(v.ctx(), v.who, forum.WaitingPage{Limit: storage.MaxLimit})
	if err != nil {
		return counted{}, err
	}
	questions, err := p.c.QA.Waiting(v.ctx(), v.who, qa.WaitingPage{Limit: storage.MaxLimit})
	if kind(auth.ErrDenied)(err) {
		err = nil
	}
	return counted{len(page.Items) + len(questions.Items), page.Next != "" || questions.Next != ""}, err
}

// decided ends what a moderator decided of a post: it leads back to the queue
// that they came from, or to the post.
func (p *portal) decided(v *visit, at forum.Post, done string) error {
	if v.field("from") == fromQueue {
		return p.redirect(v, query(p.url("desk/waiting"), "done", done))
	}
	return p.goTo(v, at, done)
}

// fromQueue is the value of the field from of forms that the queue leads to.
const fromQueue = "waiting"
