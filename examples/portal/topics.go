// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// topicView is a topic's page.
type topicView struct {
	Topic      forum.Topic
	Mark       forum.Mark
	Board      forum.Board // zero if the reader may not see it
	Closed     bool        // to all but moderators
	First      postView    // its first post
	Replies    []postView
	Here       string
	Next       storage.Cursor
	Start      bool // this is the first page
	Newest     bool // the latest reply first
	Waiting    bool // there are unread replies on other pages
	Can        rights
	MayConvert bool // into a question
	Form       form // to answer the first post

	Questions []qa.Question // that were made from it
}

// rights are what the reader may do in a topic. They only choose what a page
// offers; the service decides again.
type rights struct {
	keys
	Say, React, Watch bool
}

func (p *portal) rights(v *visit, t forum.Topic) rights {
	at := auth.Scope{Area: t.Area, Audience: t.Audience, Author: t.By.User}
	return rights{
		keys: p.keys(v, at, forum.Edit, forum.Moderate, forum.Purge),
		Say:  p.may(v, forum.Say, at), React: p.may(v, forum.React, at), Watch: v.me != nil && p.may(v, forum.Watch, at),
	}
}

// A postView is a first post or a reply as a page shows it.
type postView struct {
	Path    string // of its pages: "topics/018f…", "replies/018f…"
	Anchor  string
	Number  int    // of a reply
	IsReply bool   // and no first post
	Parent  string // address of what it answers, if that is a reply
	Answers int    // its number, if it stands on the same page
	Level   int    // of indentation, up to maxLevel
	By      byline
	At      time.Time
	Text    forum.TextState
	Edited  byline // by whom
	Removal forum.Removal
	Staff   bool // written in a closed topic by a moderator
	New     bool // unread until now
	HTML    template.HTML
	Useful  int
	Found   bool // useful, by the reader

	ID     forum.ReplyID  // zero for a first post
	Answer string         // address of the form that answers it
	After  storage.Cursor // the page it stands on, to come back to
	Order  string

	MayReply, MayReact bool
	deeds
}

// maxLevel is how deep replies are indented; deeper ones stand below each
// other, and say what they answer.
const maxLevel = 5

// Order names the order of replies as addresses do.
func (x topicView) Order() string {
	if x.Newest {
		return newestFirst
	}
	return ""
}

// newestFirst is the value of the parameter order; without it, replies stand
// in their threads.
const newestFirst = "newest"

// Acts reports whether there is anything to say or do below the post.
func (x postView) Acts() bool {
	return x.Useful > 0 || x.MayReply || x.MayReact || x.deeds.Any()
}

// Shown reports whether there is a text to show.
func (x postView) Shown() bool { return x.Removal.State == forum.Visible || x.HTML != "" }

// stateNames name what became of a post, for messages.
var stateNames = map[forum.State]string{
	forum.Deleted: "deleted", forum.Hidden: "hidden", forum.Purged: "purged",
	forum.Held: "held", forum.Withdrawn: "withdrawn", forum.Rejected: "rejected",
}

// Gone names the state of a post that others do not see; empty: they do.
func (x postView) Gone() string { return stateNames[x.Removal.State] }

// allow sets what the reader may do to the post; loose is whether its author may
// take it away.
func (x *postView) allow(can rights, me auth.UserID, closed, loose bool) {
	state := x.Removal.State
	visible := state == forum.Visible
	mine := !me.IsZero() && x.By.User == me
	x.MayReply = visible && can.Say && (!closed || can.Moderate)
	x.MayReact = visible && can.React && !mine
	x.deeds = can.deeds(state, mine, !closed, loose)
}

func (p *portal) firstPost(v *visit, t forum.Topic, can rights, closed bool) postView {
	x := postView{
		Path: "topics/" + t.ID.String(), Anchor: "post", By: p.byline(v, t.By), At: t.CreatedAt, Text: t.Text, Edited: p.byline(v, t.Text.EditedBy), Removal: t.Removal,
		Useful: t.Useful, HTML: p.html(v, t.Body), Answer: p.url("topics", t.ID, "reply"),
	}
	x.allow(can, v.who.User, closed, t.Replies == 0)
	return x
}

func (p *portal) replyPost(v *visit, r forum.Reply, can rights, closed bool) postView {
	x := postView{
		Path: "replies/" + r.ID.String(), Anchor: anchor(r.ID), Number: r.Seq, IsReply: true, Level: min(r.Depth, maxLevel),
		By: p.byline(v, r.By), At: r.CreatedAt, Text: r.Text, Edited: p.byline(v, r.Text.EditedBy), Removal: r.Removal, Staff: r.FromStaff, Useful: r.Useful, HTML: p.html(v, r.Body),
		ID: r.ID, Answer: query(p.url("topics", r.Topic, "reply"), "parent", r.ID),
	}
	if !r.Parent.IsZero() {
		x.Parent = p.url("replies", r.Parent)
	}
	x.allow(can, v.who.User, closed, true)
	return x
}

// anchor names a reply within its page.
func anchor(id forum.ReplyID) string { return "r-" + id.String() }

// closed reports whether only moderators may still write in a topic.
func (p *portal) closed(t forum.Topic, b forum.Board) bool {
	return t.Locked || b.Archived || t.CloseAfter > 0 && !p.clock.Now().Before(t.ActiveAt.Add(t.CloseAfter))
}

func (p *portal) topic(v *visit) error {
	id, err := v.topicID()
	if err != nil {
		return err
	}
	view := topicView{Here: p.url("topics", id), Newest: v.r.URL.Query().Get("order") == newestFirst, Start: v.cursor() == ""}
	th, err := p.c.Forum.Thread(v.ctx(), v.who, forum.ThreadPage{Topic: id, Newest: view.Newest, After: v.cursor()})
	if err != nil {
		return err
	}
	if !th.Topic.MergedInto.IsZero() {
		return p.goTo(v, forum.Post{Topic: id})
	}
	if err := p.fill(v, &view, th); err != nil {
		return err
	}
	view.Form = p.replyForm(v, th.Topic, forum.ReplyID{})
	if view.Can.Say {
		if err := p.resume(v, &view.Form); err != nil {
			return err
		}
	}
	if view.Questions, err = p.madeFrom(v, th.Topic.ID); err != nil {
		return err
	}
	if view.Waiting, err = p.opened(v, view.Can, th); err != nil {
		return err
	}
	return p.render(v, http.StatusOK, "topic", page{Title: cmp.Or(th.Topic.Title, p.t(v, "topic.untitled")), Feed: p.url("topics", id, "feed.atom"), Data: view})
}

// fill makes the page of a topic out of what the forum says of it.
func (p *portal) fill(v *visit, view *topicView, th forum.Thread) error {
	t := th.Topic
	var err error
	if view.Board, err = p.boardOf(v, t); err != nil {
		return err
	}
	view.Topic, view.Mark, view.Next = t, th.Mark, th.Replies.Next
	view.Can = p.rights(v, t)
	view.MayConvert = t.Removal.State == forum.Visible && view.Can.Moderate && p.may(v, qa.Moderate, auth.Scope{Area: t.Area, Audience: t.Audience})
	view.Closed = p.closed(t, view.Board)
	p.learn(v, namedIn(t, th.Replies.Items)...)
	view.First = p.firstPost(v, t, view.Can, view.Closed)
	view.First.Found = th.Useful[forum.Post{Topic: t.ID}]
	numbers := map[forum.ReplyID]int{}
	for _, r := range th.Replies.Items {
		numbers[r.ID] = r.Seq
	}
	for _, r := range th.Replies.Items {
		x := p.replyPost(v, r, view.Can, view.Closed)
		if x.Answers = numbers[r.Parent]; x.Answers > 0 {
			x.Parent = "#" + anchor(r.Parent)
		}
		x.Found = th.Useful[forum.Post{Topic: t.ID, Reply: r.ID}]
		x.New = view.Can.Watch && th.Mark.Opened && unread(r, th.Mark, v.who.User)
		x.After, x.Order = v.cursor(), view.Order()
		if view.Newest {
			x.Level = 1
		}
		view.Replies = append(view.Replies, x)
	}
	return nil
}

// namedIn returns who is named on the page of a topic.
func namedIn(t forum.Topic, replies []forum.Reply) []auth.By {
	out := append(byUsers(auth.Mentions(t.Body)), t.By, t.Text.EditedBy)
	for _, r := range replies {
		out = append(append(out, byUsers(auth.Mentions(r.Body))...), r.By, r.Text.EditedBy)
	}
	return out
}

// boardOf returns the board of a topic, or none if the reader may open the
// topic but not see the board.
func (p *portal) boardOf(v *visit, t forum.Topic) (forum.Board, error) {
	b, err := p.c.Forum.Board(v.ctx(), v.who, t.Board)
	if kind(storage.ErrNotFound)(err) {
		return forum.Board{}, nil
	}
	return b, err
}

// unread reports whether a reply waits to be read.
func unread(r forum.Reply, m forum.Mark, me auth.UserID) bool {
	return r.Seq > m.Read && r.Removal.State == forum.Visible && r.By.User != me
}

// maxUnreadPages bounds how far back unread replies are looked for.
const maxUnreadPages = 3

// unreadOf returns the replies of a topic that its reader has not read, the
// first to arrive first; all is false when there may be more before them.
func (p *portal) unreadOf(v *visit, topic forum.TopicID, mark forum.Mark) (list []forum.Reply, all bool, err error) {
	in := forum.ThreadPage{Topic: topic, Newest: true, Limit: storage.MaxLimit}
	for range maxUnreadPages {
		th, err := p.c.Forum.Thread(v.ctx(), v.who, in)
		if err != nil {
			return nil, false, err
		}
		for _, r := range th.Replies.Items {
			if r.Seq <= mark.Read {
				slices.Reverse(list)
				return list, true, nil
			}
			if unread(r, mark, v.who.User) {
				list = append(list, r)
			}
		}
		if in.After = th.Replies.Next; in.After == "" {
			slices.Reverse(list)
			return list, true, nil
		}
	}
	slices.Reverse(list)
	return list, false, nil
}

// opened moves the reader's mark: past everything when there is nothing left
// to read but what is on the page, otherwise to just before the first reply
// that is not on it. It reports whether any such reply waits.
func (p *portal) opened(v *visit, can rights, th forum.Thread) (waiting bool, err error) {
	if !can.Watch {
		return false, nil
	}
	read := th.Topic.Seq
	if v.cursor() != "" || th.Replies.Next != "" {
		list, all, err := p.unreadOf(v, th.Topic.ID, th.Mark)
		if err != nil {
			return false, err
		}
		on := map[forum.ReplyID]bool{}
		for _, r := range th.Replies.Items {
			on[r.ID] = true
		}
		switch i := slices.IndexFunc(list, func(r forum.Reply) bool { return !on[r.ID] }); {
		case !all:
			waiting, read = true, th.Mark.Read
		case i >= 0:
			waiting, read = true, list[i].Seq-1
		}
	}
	if th.Mark.Opened && read <= th.Mark.Read || v.r.Method != http.MethodGet || v.r.Header.Get("Sec-Purpose") != "" {
		return waiting, nil // a browser that fetches ahead has read nothing
	}
	return waiting, p.c.Forum.ReadTo(v.ctx(), v.who, th.Topic.ID, read)
}

// firstUnread leads to the first reply that waits to be read, or to the topic.
func (p *portal) firstUnread(v *visit) error {
	id, err := v.topicID()
	if err != nil {
		return err
	}
	th, err := p.c.Forum.Thread(v.ctx(), v.who, forum.ThreadPage{Topic: id, Limit: 1})
	if err != nil {
		return err
	}
	if th.Topic.MergedInto.IsZero() && th.Mark.Opened {
		waiting, _, err := p.unreadOf(v, id, th.Mark)
		if err != nil {
			return err
		}
		if len(waiting) > 0 {
			return p.goTo(v, forum.Post{Topic: id, Reply: waiting[0].ID})
		}
	}
	return p.goTo(v, forum.Post{Topic: id})
}

// permalink leads to a reply wherever it is now.
func (p *portal) permalink(v *visit) error {
	at, err := p.post(v)
	if err != nil {
		return err
	}
	return p.goTo(v, at)
}

// post returns which post the address names: a topic's first or a reply.
func (p *portal) post(v *visit) (forum.Post, error) {
	if v.r.PathValue("reply") == "" {
		id, err := v.topicID()
		return forum.Post{Topic: id}, err
	}
	id, err := pathID[forum.Reply](v, "reply")
	if err != nil {
		return forum.Post{}, err
	}
	at, err := p.c.Forum.FindReply(v.ctx(), v.who, id)
	return at.Post, err
}

// goTo sends the reader to a post, if they may read it.
func (p *portal) goTo(v *visit, at forum.Post, done ...string) error {
	address, err := p.address(v.ctx(), v.who, at, done...)
	if err != nil {
		return err
	}
	return p.redirect(v, address)
}

// address returns where a post is to be read now: the first page of its topic
// if it is there, otherwise the page that begins with it.
func (p *portal) address(ctx context.Context, who auth.Actor, at forum.Post, done ...string) (string, error) {
	where, err := p.c.Forum.Find(ctx, who, at)
	if err != nil {
		return "", err
	}
	after, hash := where.After, "#post"
	if !where.Post.Reply.IsZero() {
		hash = "#" + anchor(where.Post.Reply)
		th, err := p.c.Forum.Thread(ctx, who, forum.ThreadPage{Topic: where.Post.Topic})
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(th.Replies.Items, func(r forum.Reply) bool { return r.ID == where.Post.Reply }) {
			after = ""
		}
	}
	pairs := []any{"after", after}
	if len(done) > 0 {
		pairs = append(pairs, "done", done[0])
	}
	return query(p.url("topics", where.Post.Topic), pairs...) + hash, nil
}

// back sends the reader to the page of a topic that they came from, at a post.
func (p *portal) back(v *visit, at forum.Post, done string) error {
	hash := "#post"
	if !at.Reply.IsZero() {
		hash = "#" + anchor(at.Reply)
	}
	return p.redirect(v, query(p.url("topics", at.Topic), "after", v.field("after"), "order", v.field("order"), "done", done)+hash)
}
