// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"net/http"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// shelf is an area with those of its boards that the reader may see.
type shelf struct {
	Area   area
	Boards []forum.BoardListed
}

// shelves returns the areas in which the reader may see any board.
func (p *portal) shelves(v *visit) ([]shelf, error) {
	var out []shelf
	for _, a := range p.areas {
		boards, err := p.c.Forum.Boards(v.ctx(), v.who, a.ID)
		if err != nil {
			return nil, err
		}
		if len(boards) > 0 {
			out = append(out, shelf{a, boards})
		}
	}
	return out, nil
}

// How many topics stand on the home page.
const (
	homeAnnounced = 3
	homeLatest    = 10
)

type homeView struct {
	Why       string // there is nothing to show
	Ways      []way  // what the reader can do about it
	Pending   pending
	Shelves   []shelf
	Announced []row
	Latest    []row
	Questions []questionRow // the newest
	Waiting   []questionRow // questions that nobody has answered
}

func (p *portal) home(v *visit) error {
	var view homeView
	shelves, err := p.shelves(v)
	if errors.Is(err, auth.ErrDenied) { // in this phase there is nothing for whoever asks: the page says what to do
		view.Why, view.Ways = p.explain(v, err), p.ways(v, err)
		return p.show(v, "home", p.t(v, "site.name"), view)
	}
	if err != nil {
		return err
	}
	view.Shelves = shelves
	if view.Pending, err = p.allPending(v); err != nil {
		return err
	}
	announced, err := p.c.Forum.Topics(v.ctx(), v.who, forum.TopicFilter{Announced: true, Limit: homeAnnounced})
	if err != nil {
		return err
	}
	latest, err := p.c.Forum.Topics(v.ctx(), v.who, forum.TopicFilter{Limit: homeLatest})
	if err != nil {
		return err
	}
	if view.Questions, err = p.homeShelf(v, qa.QuestionFilter{}); err != nil {
		return err
	}
	if view.Waiting, err = p.homeShelf(v, qa.QuestionFilter{Unanswered: true}); err != nil {
		return err
	}
	view.Announced, view.Latest = p.rows(v, announced.Items), p.rows(v, latest.Items)
	return p.show(v, "home", p.t(v, "site.name"), view)
}

type boardView struct {
	Board    forum.Board
	Area     area
	Parent   forum.Board // zero if there is none, or none that the reader may see
	Boards   []forum.BoardListed
	Pending  pending
	Topics   []row
	Next     storage.Cursor
	First    bool // page
	MayStart bool
}

func (p *portal) board(v *visit) error {
	id, err := v.boardID()
	if err != nil {
		return err
	}
	b, err := p.c.Forum.Board(v.ctx(), v.who, id)
	if err != nil {
		return err
	}
	view := boardView{Board: b, Area: p.area(b.Area), MayStart: p.mayStart(v, b)}
	siblings, err := p.c.Forum.Boards(v.ctx(), v.who, b.Area)
	if err != nil {
		return err
	}
	for _, x := range siblings {
		if x.Parent == id {
			view.Boards = append(view.Boards, x)
		}
		if x.ID == b.Parent {
			view.Parent = x.Board
		}
	}
	after := v.cursor()
	view.First = after == ""
	topics, err := p.c.Forum.Topics(v.ctx(), v.who, forum.TopicFilter{Board: id, After: after})
	if err != nil {
		return err
	}
	view.Topics, view.Next = p.rows(v, topics.Items), topics.Next
	here := func(x forum.Place) bool { return x.Reply.ID.IsZero() && x.Topic.Board == id }
	if view.Pending, err = p.pending(v, here, nil); err != nil {
		return err
	}
	return p.render(v, http.StatusOK, "board", page{Title: b.Name, Feed: p.url("boards", id, "feed.atom"), Data: view})
}

// mayStart reports whether the reader may start a topic on a board, so that
// the page offers it; the service decides.
func (p *portal) mayStart(v *visit, b forum.Board) bool {
	at := auth.Scope{Area: b.Area, Audience: b.Promise}
	return !b.Archived && b.Posting != forum.NobodyPosts && p.may(v, forum.Start, at) &&
		(b.Posting == forum.MembersPost || p.may(v, forum.Moderate, at))
}

// cursor returns the place in a list that the address asks for.
func (v *visit) cursor() storage.Cursor { return storage.Cursor(v.r.URL.Query().Get("after")) }

// listView is a list of topics with a page of its own.
type listView struct {
	Here   string
	Topics []row
	Next   storage.Cursor
	First  bool   // page
	Intro  string // what is listed
	Empty  string // what to say when there is nothing
	Unread bool   // offer to mark all as read
}

// list answers with the topics that a filter selects. The messages are
// name.title, name.intro and name.empty.
func (p *portal) list(v *visit, name string, filter forum.TopicFilter) error {
	if v.me == nil {
		return &auth.Denied{Action: forum.Watch, Reason: auth.ReasonSignIn}
	}
	filter.After = v.cursor()
	topics, err := p.c.Forum.Topics(v.ctx(), v.who, filter)
	if err != nil {
		return err
	}
	return p.show(v, "list", p.t(v, name+".title"), listView{
		Here: p.url(name), Topics: p.rows(v, topics.Items), Next: topics.Next, First: filter.After == "", Intro: p.t(v, name+".intro"), Empty: p.t(v, name+".empty"),
		Unread: filter.Unread && len(topics.Items) > 0,
	})
}

func (p *portal) unread(v *visit) error {
	return p.list(v, "unread", forum.TopicFilter{Unread: true})
}

func (p *portal) following(v *visit) error {
	return p.list(v, "following", forum.TopicFilter{Following: true})
}

// removed lists what moderators took away, for those who may bring it back.
func (p *portal) removed(v *visit) error {
	return p.list(v, "removed", forum.TopicFilter{Removed: true})
}
