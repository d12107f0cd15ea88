// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"

	"github.com/copis-it/copis/auth"
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

// feed answers with the Atom feed of what the reader may read.
func (p *portal) feed(v *visit, in forum.FeedPage, links forum.FeedLinks) error {
	f, err := p.c.Forum.Feed(v.ctx(), v.who, in)
	if err != nil {
		return err
	}
	links.Self = p.absolute(links.Page + "/feed.atom")
	links.Page = p.absolute(links.Page)
	links.Link = func(at forum.Post) string {
		if at.Reply.IsZero() {
			return p.absolute(p.url("topics", at.Topic))
		}
		return p.absolute(p.url("replies", at.Reply))
	}
	links.Name = func(by auth.By) string { return p.name(v.lang, by) }
	links.HTML = func(body string) string { return string(p.html(v, body)) }
	var b bytes.Buffer
	if err := f.WriteAtom(&b, links); err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/atom+xml; charset=utf-8")
	_, err = b.WriteTo(v.w)
	return ignoreWrite(err)
}
