// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// moderated returns the topic of the address to who may moderate it.
func (p *portal) moderated(v *visit) (forum.Topic, error) {
	id, err := v.topicID()
	if err != nil {
		return forum.Topic{}, err
	}
	t, _, err := p.read(v, forum.Post{Topic: id})
	if err == nil && t.ID != id {
		err = storage.ErrNotFound // it was merged into another
	}
	if err != nil {
		return forum.Topic{}, err
	}
	return t, p.c.Auth.Authorize(v.ctx(), v.who, forum.Moderate, auth.Scope{Area: t.Area, Audience: t.Audience})
}

// ---- what needs no more than a button

func (p *portal) pin(v *visit) error {
	id, err := v.topicID()
	if err != nil {
		return err
	}
	pin, err := strconv.ParseUint(v.field("pin"), 10, 8)
	if err != nil {
		return errMalformed
	}
	if err := p.c.Forum.Pin(v.ctx(), v.who, id, forum.Pin(pin)); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("topics", id), "done", "pinned"))
}

func (p *portal) lock(v *visit) error {
	id, err := v.topicID()
	if err != nil {
		return err
	}
	locked, done := v.field("locked") == "1", "unlocked"
	if locked {
		done = "locked"
	}
	if err := p.c.Forum.Lock(v.ctx(), v.who, id, locked); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("topics", id), "done", done))
}

// ---- what needs a reason

// reasonView asks why a post is to be hidden or purged.
type reasonView struct {
	Post    postView
	Verb    string // "hide", "reject", "purge": for messages
	Action  string // where it is sent
	Back    string // where not sending it leads
	From    string // see decided
	Why     string
	Problem string
	Error   string // of the reason
	Faults  []fault
}

func (p *portal) hidePage(v *visit) error  { return p.askWhy(v, "hide", forum.Moderate) }
func (p *portal) purgePage(v *visit) error { return p.askWhy(v, "purge", forum.Purge) }

func (p *portal) askWhy(v *visit, verb string, do auth.Action) error {
	at, err := p.post(v)
	if err != nil {
		return err
	}
	t, r, err := p.read(v, at)
	if err != nil {
		return err
	}
	if err := p.c.Auth.Authorize(v.ctx(), v.who, do, auth.Scope{Area: t.Area, Audience: t.Audience}); err != nil {
		return err
	}
	return p.showReason(v, http.StatusOK, verb, reasonView{Post: p.bare(v, t, r), From: v.r.URL.Query().Get("from")})
}

func (p *portal) showReason(v *visit, status int, verb string, view reasonView) error {
	view.Verb, view.Action, view.Back = verb, p.url(view.Post.Path, verb), p.url(view.Post.Path)
	if verb == "hide" && view.Post.Removal.State.Unseen() {
		view.Verb = "reject"
	}
	if view.From == fromQueue {
		view.Back = p.url("desk/waiting")
	}
	return p.render(v, status, "reason", page{Title: p.t(v, view.Verb+".title"), Data: view})
}

// bare is a post as it is shown in a form: without what can be done to it.
func (p *portal) bare(v *visit, t forum.Topic, r forum.Reply) postView {
	if r.ID.IsZero() {
		return p.firstPost(v, t, rights{}, true)
	}
	return p.replyPost(v, r, rights{}, true)
}

func (p *portal) hide(v *visit) error  { return p.takeAway(v, "hide", "hidden", p.c.Forum.Hide) }
func (p *portal) purge(v *visit) error { return p.takeAway(v, "purge", "purged", p.c.Forum.Purge) }

func (p *portal) takeAway(v *visit, verb, done string, do func(ctx context.Context, who auth.Actor, at forum.Post, why string) error) error {
	at, was, err := p.state(v)
	if err != nil {
		return err
	}
	err = do(v.ctx(), v.who, at, v.field("why"))
	var invalid *storage.Invalid
	if errors.As(err, &invalid) {
		t, r, rerr := p.read(v, at)
		if rerr != nil {
			return rerr
		}
		return p.showReason(v, http.StatusUnprocessableEntity, verb, reasonView{
			Post: p.bare(v, t, r), From: v.field("from"), Why: v.field("why"),
			Problem: p.t(v, "form.fix"), Error: p.fieldError(v, invalid), Faults: []fault{p.fault(v, invalid)},
		})
	}
	if err != nil {
		return err
	}
	if verb == "hide" && was.Unseen() {
		done = "rejected"
	}
	return p.decided(v, at, done)
}

// ---- what needs to know where to

// moveView asks on which board a topic belongs, or which topic it belongs to.
type moveView struct {
	Topic   forum.Topic
	Shelves []shelf // to choose from
	Board   string
	Into    string // address or id of another topic
	Why     string
	Widen   bool // ask whether it may be shown to more people

	Problem string
	Error   string // of the field
	Faults  []fault
}

// refuse says what is wrong with a field.
func (x *moveView) refuse(p *portal, v *visit, e *storage.Invalid) {
	x.Problem, x.Error, x.Faults = p.t(v, "form.fix"), p.fieldError(v, e), []fault{p.fault(v, e)}
}

func (p *portal) movePage(v *visit) error {
	t, err := p.moderated(v)
	if err != nil {
		return err
	}
	return p.showMove(v, http.StatusOK, moveView{Topic: t})
}

func (p *portal) showMove(v *visit, status int, view moveView) error {
	all, err := p.shelves(v)
	if err != nil {
		return err
	}
	for _, s := range all {
		if p.may(v, forum.Moderate, auth.Scope{Area: s.Area.ID}) {
			view.Shelves = append(view.Shelves, s)
		}
	}
	return p.render(v, status, "move", page{Title: p.t(v, "move.title"), Data: view})
}

func (p *portal) move(v *visit) error {
	t, err := p.moderated(v)
	if err != nil {
		return err
	}
	view := moveView{Topic: t, Board: v.field("board"), Why: v.field("why")}
	to, err := storage.ParseID[forum.Board](view.Board)
	if err != nil {
		err = &storage.Invalid{Field: "board", Code: storage.CodeMissing}
	} else {
		err = p.c.Forum.Move(v.ctx(), v.who, forum.Move{Topic: t.ID, To: to, Why: view.Why, Widen: v.field("widen") == "1"})
	}
	var invalid *storage.Invalid
	if errors.As(err, &invalid) {
		view.refuse(p, v, invalid)
		view.Widen = invalid.Field == "widen"
		return p.showMove(v, http.StatusUnprocessableEntity, view)
	}
	if err != nil {
		return err
	}
	return p.redirect(v, query(p.url("topics", t.ID), "done", "moved"))
}

func (p *portal) mergePage(v *visit) error {
	t, err := p.moderated(v)
	if err != nil {
		return err
	}
	return p.show(v, "merge", p.t(v, "merge.title"), moveView{Topic: t})
}

// uuidIn finds the id in the address of a topic.
var uuidIn = regexp.MustCompile(`[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}`)

func (p *portal) merge(v *visit) error {
	t, err := p.moderated(v)
	if err != nil {
		return err
	}
	view := moveView{Topic: t, Into: v.field("into")}
	into, err := storage.ParseID[forum.Topic](uuidIn.FindString(view.Into))
	if err != nil {
		err = &storage.Invalid{Field: "into", Code: storage.CodeUnknown}
	} else {
		err = p.c.Forum.Merge(v.ctx(), v.who, t.ID, into)
	}
	var invalid *storage.Invalid
	if errors.As(err, &invalid) {
		view.refuse(p, v, invalid)
		return p.render(v, http.StatusUnprocessableEntity, "merge", page{Title: p.t(v, "merge.title"), Data: view})
	}
	if err != nil {
		return err
	}
	return p.goTo(v, forum.Post{Topic: t.ID}, "merged")
}

// splitView asks which replies become a topic of their own.
type splitView struct {
	Form    form
	Topic   forum.Topic
	Replies []postView
	Chosen  map[string]bool // by Path
	Next    storage.Cursor
}

// splitForm is the form that splits the topic of the address.
func (p *portal) splitForm(v *visit) (splitView, error) {
	t, err := p.moderated(v)
	if err != nil {
		return splitView{}, err
	}
	th, err := p.c.Forum.Thread(v.ctx(), v.who, forum.ThreadPage{Topic: t.ID, After: v.cursor(), Limit: storage.MaxLimit})
	if err != nil {
		return splitView{}, err
	}
	view := splitView{Topic: t, Next: th.Replies.Next, Chosen: map[string]bool{}, Form: form{
		Title: p.t(v, "split.title"), Action: query(p.url("topics", t.ID, "split"), "after", v.cursor()), Back: p.url("topics", t.ID),
		HasTitle: true, Version: t.Version,
	}}
	p.learn(v, namedIn(t, th.Replies.Items)...)
	for _, r := range th.Replies.Items {
		view.Replies = append(view.Replies, p.bare(v, t, r))
	}
	return view, nil
}

func (p *portal) splitPage(v *visit) error {
	view, err := p.splitForm(v)
	if err != nil {
		return err
	}
	return p.render(v, http.StatusOK, "split", page{Title: view.Form.Title, Data: view})
}

func (p *portal) split(v *visit) error {
	view, err := p.splitForm(v)
	if err != nil {
		return err
	}
	view.Form.typed(v)
	in := forum.Split{Topic: view.Topic.ID, Version: view.Form.Version, Title: view.Form.Subject, Body: view.Form.Body}
	for _, s := range v.r.PostForm["reply"] {
		id, err := storage.ParseID[forum.Reply](s)
		if err != nil {
			return errMalformed
		}
		in.Replies = append(in.Replies, id)
		view.Chosen["replies/"+id.String()] = true
	}
	t, err := p.c.Forum.Split(v.ctx(), v.who, in)
	var invalid *storage.Invalid
	switch {
	case errors.As(err, &invalid):
		view.Form.Errors = map[string]string{invalid.Field: p.fieldError(v, invalid)}
		view.Form.Problem, view.Form.Faults = p.t(v, "form.fix"), []fault{p.fault(v, invalid)}
		return p.render(v, http.StatusUnprocessableEntity, "split", page{Title: view.Form.Title, Data: view})
	case errors.Is(err, storage.ErrConflict):
		view.Form.Version = view.Topic.Version
		view.Form.Problem = p.t(v, "split.conflict")
		return p.render(v, http.StatusConflict, "split", page{Title: view.Form.Title, Data: view})
	case err != nil:
		return err
	}
	return p.goTo(v, forum.Post{Topic: t.ID}, "split")
}
