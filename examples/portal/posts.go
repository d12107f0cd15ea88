// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// ---- a new topic

// topicForm is the form that starts a topic on the board of the address.
func (p *portal) topicForm(v *visit) (form, forum.Board, error) {
	id, err := v.boardID()
	if err != nil {
		return form{}, forum.Board{}, err
	}
	b, err := p.c.Forum.Board(v.ctx(), v.who, id)
	if err != nil {
		return form{}, b, err
	}
	f := form{
		Title: p.t(v, "write.topic", "Board", b.Name), Action: p.url("boards", id, "new"), Back: p.url("boards", id),
		Key: uuid.NewString(), HasTitle: true, Audience: b.Promise, Place: "topic:" + id.String(),
	}
	for a := b.Promise; a.Valid(); a-- {
		f.Audiences = append(f.Audiences, a)
	}
	return f, b, nil
}

func (p *portal) newTopicPage(v *visit) error {
	f, b, err := p.topicForm(v)
	if err != nil {
		return err
	}
	if !p.mayStart(v, b) {
		return p.cannot(v, forum.Start, b.Archived || b.Posting == forum.NobodyPosts)
	}
	if err := p.resume(v, &f); err != nil {
		return err
	}
	return p.write(v, http.StatusOK, f)
}

// cannot is the refusal of a form that could only be refused when sent.
func (p *portal) cannot(v *visit, do auth.Action, closed bool) error {
	switch {
	case v.me == nil:
		return &auth.Denied{Action: do, Reason: auth.ReasonSignIn}
	case closed:
		return &auth.Denied{Action: do, Reason: auth.ReasonClosed}
	}
	return &auth.Denied{Action: do, Reason: auth.ReasonRole}
}

func (p *portal) newTopic(v *visit) error {
	f, b, err := p.topicForm(v)
	if err != nil {
		return err
	}
	f.typed(v)
	if done, err := p.aside(v, f); done {
		return err
	}
	t, err := p.c.Forum.StartTopic(v.ctx(), v.who, forum.NewTopic{
		Key: f.Key, Board: b.ID, Title: f.Subject, Body: f.Body, Audience: f.Audience, Draft: p.draftOf(v, f),
	})
	if err != nil {
		return p.refused(v, f, err)
	}
	return p.goTo(v, forum.Post{Topic: t.ID}, posted(t.Removal, "started"))
}

// posted names the message for what was written: done, unless it waits.
func posted(r forum.Removal, done string) string {
	if r.State == forum.Held {
		return "held"
	}
	return done
}

// ---- a reply

// replyForm is the form that answers a topic, or a reply in it.
func (p *portal) replyForm(v *visit, t forum.Topic, parent forum.ReplyID) form {
	f := form{
		Title: p.t(v, "write.reply", "Topic", t.Title), Action: p.url("topics", t.ID, "reply"), Back: p.url("topics", t.ID),
		Key: uuid.NewString(), Place: "reply:" + t.ID.String(),
	}
	if !parent.IsZero() {
		f.Action = query(f.Action, "parent", parent)
		f.Back = p.url("replies", parent)
		f.Place += ":" + parent.String()
	}
	return f
}

// answering returns the form for the topic of the address and the reply that
// its parameter names, if any.
func (p *portal) answering(v *visit) (f form, t forum.Topic, parent forum.Reply, err error) {
	id, err := v.topicID()
	if err != nil {
		return f, t, parent, err
	}
	at := forum.Post{Topic: id}
	if s := v.r.URL.Query().Get("parent"); s != "" {
		if at.Reply, err = storage.ParseID[forum.Reply](s); err != nil {
			return f, t, parent, storage.ErrNotFound
		}
	}
	if t, parent, err = p.read(v, at); err != nil {
		return f, t, parent, err
	}
	f = p.replyForm(v, t, parent.ID)
	board, err := p.boardOf(v, t)
	if err != nil {
		return f, t, parent, err
	}
	can, closed := p.rights(v, t), p.closed(t, board)
	x := p.firstPost(v, t, can, closed)
	if !parent.ID.IsZero() {
		x = p.replyPost(v, parent, can, closed)
	}
	f.Answer = &x
	return f, t, parent, nil
}

// read returns a topic and one of its replies, as the reader may see them,
// wherever they are now.
func (p *portal) read(v *visit, at forum.Post) (forum.Topic, forum.Reply, error) {
	where, err := p.c.Forum.Find(v.ctx(), v.who, at)
	if err != nil {
		return forum.Topic{}, forum.Reply{}, err
	}
	th, err := p.c.Forum.Thread(v.ctx(), v.who, forum.ThreadPage{Topic: where.Post.Topic, After: where.After, Limit: 1})
	if err != nil || where.Post.Reply.IsZero() {
		return th.Topic, forum.Reply{}, err
	}
	if len(th.Replies.Items) == 0 || th.Replies.Items[0].ID != where.Post.Reply {
		return th.Topic, forum.Reply{}, storage.ErrNotFound
	}
	return th.Topic, th.Replies.Items[0], nil
}

func (p *portal) replyPage(v *visit) error {
	f, t, parent, err := p.answering(v)
	if err != nil {
		return err
	}
	if !f.Answer.MayReply {
		if err := notThere(f.Answer.Removal); err != nil && v.me != nil {
			return err
		}
		if v.me != nil && p.may(v, forum.Say, auth.Scope{Area: t.Area, Audience: t.Audience}) {
			return forum.ErrLocked
		}
		return p.cannot(v, forum.Say, false)
	}
	if err := p.resume(v, &f); err != nil {
		return err
	}
	if f.Body == "" && v.r.URL.Query().Get("quote") != "" {
		f.Body = quote(p.typed(v, bodyOf(t, parent)))
	}
	return p.write(v, http.StatusOK, f)
}

// notThere says why a post can be neither answered nor edited; nil: it can.
func notThere(r forum.Removal) error {
	switch r.State {
	case forum.Visible:
		return nil
	case forum.Held:
		return forum.ErrHeld
	}
	return forum.ErrRemoved
}

func bodyOf(t forum.Topic, r forum.Reply) string {
	if r.ID.IsZero() {
		return t.Body
	}
	return r.Body
}

// quote returns a text as a Markdown quotation.
func quote(body string) string {
	return "> " + strings.ReplaceAll(strings.TrimRight(body, "\n"), "\n", "\n> ") + "\n\n"
}

func (p *portal) reply(v *visit) error {
	f, t, parent, err := p.answering(v)
	if err != nil {
		return err
	}
	f.typed(v)
	if done, err := p.aside(v, f); done {
		return err
	}
	r, err := p.c.Forum.Reply(v.ctx(), v.who, forum.NewReply{
		Key: f.Key, Topic: t.ID, Parent: parent.ID, Body: f.Body, Draft: p.draftOf(v, f),
	})
	if err != nil {
		return p.refused(v, f, err)
	}
	return p.goTo(v, forum.Post{Topic: r.Topic, Reply: r.ID}, posted(r.Removal, "replied"))
}

// ---- an edit

// editForm is the form that changes the text of the post of the address.
func (p *portal) editForm(v *visit) (form, forum.Post, postView, error) {
	at, err := p.post(v)
	if err != nil {
		return form{}, at, postView{}, err
	}
	t, r, err := p.read(v, at)
	if err != nil {
		return form{}, at, postView{}, err
	}
	board, err := p.boardOf(v, t)
	if err != nil {
		return form{}, at, postView{}, err
	}
	can, closed := p.rights(v, t), p.closed(t, board)
	x, version := p.firstPost(v, t, can, closed), t.Version
	at = forum.Post{Topic: t.ID, Reply: r.ID}
	if !r.ID.IsZero() {
		x, version = p.replyPost(v, r, can, closed), r.Version
	}
	f := form{
		Title: p.t(v, "write.edit"), Action: p.url(x.Path, "edit"), Back: p.url(x.Path),
		HasTitle: r.ID.IsZero(), HasWhy: true, Body: p.typed(v, bodyOf(t, r)), Version: version,
	}
	if f.HasTitle {
		f.Subject = t.Title
	}
	return f, at, x, nil
}

func (p *portal) editPage(v *visit) error {
	f, _, x, err := p.editForm(v)
	switch {
	case err != nil:
		return err
	case notThere(x.Removal) != nil:
		return notThere(x.Removal)
	case !x.MayEdit:
		return p.cannot(v, forum.Edit, v.me != nil && x.By.User == v.who.User)
	}
	return p.write(v, http.StatusOK, f)
}

func (p *portal) edit(v *visit) error {
	f, at, x, err := p.editForm(v)
	if err != nil {
		return err
	}
	f.typed(v)
	if done, err := p.aside(v, f); done {
		return err
	}
	title := f.Subject
	if !f.HasTitle {
		title = ""
	}
	_, err = p.c.Forum.EditPost(v.ctx(), v.who, forum.PostEdit{Post: at, Version: f.Version, Title: title, Body: f.Body, Why: f.Why})
	var conflict *storage.Conflict
	if errors.As(err, &conflict) {
		return p.edited(v, at, f)
	}
	if errors.Is(err, forum.ErrHeld) && x.Removal.State == forum.Visible {
		err = errSettled
	}
	if err != nil {
		return p.refused(v, f, err)
	}
	return p.goTo(v, at, "edited")
}

// edited shows what somebody else made of a text beside what was typed. Sent
// again, the form replaces what it shows.
func (p *portal) edited(v *visit, at forum.Post, f form) error {
	all, err := p.c.Forum.Revisions(v.ctx(), v.who, at)
	if err != nil {
		return err
	}
	fresh, _, _, err := p.editForm(v) // for the version that is there now
	if err != nil {
		return err
	}
	now := p.revision(v, all[len(all)-1])
	f.Version, f.Now, f.Diff = fresh.Version, &now, compared{now.Body, strings.ReplaceAll(f.Body, "\r\n", "\n")}
	f.Problem = p.t(v, "form.conflict")
	return p.write(v, http.StatusConflict, f)
}

// ---- its history

type historyView struct {
	Path      string
	Back      string
	Revisions []revisionView // newest first
	From, To  revisionView   // shown side by side; zero: there is but one
	Titles    compared       // none if the title is the same
	Tags      compared       // likewise
	Diff      compared
	Version   int // of a post that may be made to read as From again; zero: it may not
}

func (p *portal) history(v *visit) error {
	at, err := p.post(v)
	if err != nil {
		return err
	}
	revisions, err := p.c.Forum.Revisions(v.ctx(), v.who, at)
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
		all[i] = p.revision(v, r)
	}
	path := "topics/" + at.Topic.String()
	if !at.Reply.IsZero() {
		path = "replies/" + at.Reply.String()
	}
	return p.show(v, "history", p.t(v, "history.title"), p.historyOf(v, path, all))
}

// historyOf compares the two of a post's revisions that the address asks for,
// or the last two.
func (p *portal) historyOf(v *visit, path string, all []revisionView) historyView {
	view := historyView{Path: path, Back: p.url(path)}
	if len(all) > 1 {
		view.From = chosen(all, v.r.URL.Query().Get("from"), len(all)-2)
		view.To = chosen(all, v.r.URL.Query().Get("to"), len(all)-1)
		view.Diff = compared{view.From.Body, view.To.Body}
		if view.From.Title != view.To.Title {
			view.Titles = compared{view.From.Title, view.To.Title}
		}
		if !slices.Equal(view.From.Tags, view.To.Tags) {
			view.Tags = compared{strings.Join(view.From.Tags, ", "), strings.Join(view.To.Tags, ", ")}
		}
	}
	slices.Reverse(all)
	view.Revisions = all
	return view
}

// A revisionView is a revision as a page shows it: mentions as they are typed.
type revisionView struct {
	forum.Revision
	By   byline
	Tags []string // of a question
}

func (p *portal) revision(v *visit, r forum.Revision) revisionView {
	r.Body = p.typed(v, r.Body)
	return revisionView{Revision: r, By: p.byline(v, r.By)}
}

// chosen returns the revision with a number, or the one at an index.
func chosen(all []revisionView, n string, otherwise int) revisionView {
	number, err := strconv.Atoi(n)
	for _, r := range all {
		if err == nil && r.N == number {
			return r
		}
	}
	return all[otherwise]
}

// ---- taking it away and bringing it back

func (p *portal) delete(v *visit) error  { return p.undo(v, p.c.Forum.Delete) }
func (p *portal) restore(v *visit) error { return p.undo(v, p.c.Forum.Restore) }

// undone names the messages for the states that delete and restore lead to.
var undone = map[forum.State]string{
	forum.Visible: "restored", forum.Deleted: "deleted", forum.Withdrawn: "post_withdrawn", forum.Held: "held",
}

// undo takes a post away or brings it back, and says what became of it.
func (p *portal) undo(v *visit, do func(context.Context, auth.Actor, forum.Post) error) error {
	at, was, err := p.state(v)
	if err != nil {
		return err
	}
	if err := do(v.ctx(), v.who, at); err != nil {
		return err
	}
	_, is, err := p.state(v)
	if err != nil {
		return err
	}
	done := undone[is]
	if is == forum.Visible && was.Unseen() {
		done = "let_through"
	}
	return p.decided(v, at, done)
}

// state returns the post of the address and its state.
func (p *portal) state(v *visit) (forum.Post, forum.State, error) {
	at, err := p.post(v)
	if err != nil {
		return at, 0, err
	}
	t, r, err := p.read(v, at)
	if !at.Reply.IsZero() {
		return at, r.Removal.State, err
	}
	return at, t.Removal.State, err
}
