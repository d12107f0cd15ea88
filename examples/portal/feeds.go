// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"errors"
	"net/http"
	"strings"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/session"
	"github.com/copis-it/copis/forum"
)

func (p *portal) boardFeed(v *visit) error {
	id, err := v.boardID()
	if err != nil {
		return err
	}
	return p.feed(v, forum.FeedPage{Board: id}, forum.FeedLinks{ID: "urn:uuid:" + id.String(), Page: p.url("boards", id)})
}

func (p *portal) topicFeed(v *visit) error {
	id, err := v.topicID()
	if err != nil {
		return err
	}
	return p.feed(v, forum.FeedPage{Topic: id}, forum.FeedLinks{ID: "urn:uuid:" + id.String(), Page: p.url("topics", id)})
}

// program serves a page to programs too, which show a token of somebody's in
// place of a session. Nothing but what is served here takes one.
func (p *portal) program(page func(*visit) error) http.HandlerFunc {
	person, program := p.serve(page), p.anyone(func(v *visit) error {
		v.w.Header().Set("Cache-Control", "no-store")
		scheme, secret, _ := strings.Cut(v.r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return errToken
		}
		t, err := p.c.Sessions.CheckToken(v.ctx(), strings.TrimSpace(secret))
		if errors.Is(err, session.ErrSession) {
			return errToken
		}
		if err != nil {
			return err
		}
		v.token, v.who = &t, auth.Actor{User: t.User}
		owed, err := p.c.Accounts.Owed(v.ctx(), t.User)
		if err == nil && len(owed) > 0 {
			err = errTerms // its owner reads nothing either before they agree
		}
		if err != nil {
			return err
		}
		return page(v)
	})
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			program(w, r)
			return
		}
		person(w, r)
	}
}

// forum returns the forum as whoever asks may use it: a program within the
// scopes of its token.
func (p *portal) forum(v *visit) *forum.Service {
	if v.token == nil {
		return p.c.Forum
	}
	return p.c.Only(v.token.Scopes...).Forum
}

// feed answers with the Atom feed of what the reader may read.
func (p *portal) feed(v *visit, in forum.FeedPage, links forum.FeedLinks) error {
	f, err := p.forum(v).Feed(v.ctx(), v.who, in)
	if err != nil {
		return err
	}
	bys := make([]auth.By, len(f.Entries))
	for i, e := range f.Entries {
		bys[i] = e.By
	}
	p.learn(v, bys...)
	links.Self = p.absolute(links.Page + "/feed.atom")
	links.Page = p.absolute(links.Page)
	links.Link = func(at forum.Post) string {
		if at.Reply.IsZero() {
			return p.absolute(p.url("topics", at.Topic))
		}
		return p.absolute(p.url("replies", at.Reply))
	}
	links.Name = func(by auth.By) string { return p.byline(v, by).Name }
	links.HTML = func(body string) string { return string(p.html(v, body)) }
	var b bytes.Buffer
	if err := f.WriteAtom(&b, links); err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/atom+xml; charset=utf-8")
	_, err = b.WriteTo(v.w)
	return ignoreWrite(err)
}
