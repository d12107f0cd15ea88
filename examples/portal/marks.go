// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"strconv"

	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// readAll marks everything as read.
func (p *portal) readAll(v *visit) error {
	if err := p.c.Forum.ReadAll(v.ctx(), v.who); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("unread"), "done", "read_all"))
}

// readTo marks a topic as read up to the reply that the page knew of.
func (p *portal) readTo(v *visit) error {
	id, err := v.topicID()
	if err != nil {
		return err
	}
	seq, err := strconv.Atoi(v.field("seq"))
	if err != nil {
		return &storage.Invalid{Field: "seq", Code: storage.CodeMalformed}
	}
	if err := p.c.Forum.ReadTo(v.ctx(), v.who, id, seq); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("topics", id), "done", "read"))
}

// follows are the choices of the form that follows a topic.
var follows = map[string]struct {
	to   forum.Follow
	done string
}{
	"follow": {forum.Following, "followed"},
	"ignore": {forum.Ignoring, "ignored"},
	"leave":  {forum.Unasked, "unfollowed"},
}

func (p *portal) follow(v *visit) error {
	id, err := v.topicID()
	if err != nil {
		return err
	}
	choice, ok := follows[v.field("do")]
	if !ok {
		return errMalformed
	}
	if err := p.c.Forum.Follow(v.ctx(), v.who, id, choice.to); err != nil {
		return err
	}
	return p.redirect(v, query(p.url("topics", id), "done", choice.done))
}

// useful says that a post is useful, or takes that back.
func (p *portal) useful(v *visit) error {
	at, err := p.post(v)
	if err != nil {
		return err
	}
	if err := p.c.Forum.Useful(v.ctx(), v.who, at, v.field("useful") == "1"); err != nil {
		return err
	}
	return p.back(v, at, "")
}
