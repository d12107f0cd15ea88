// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"cmp"
	"maps"
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// A byline is whoever did something, with the names that are shown to who asks.
type byline struct {
	auth.By
	Name string // never empty
	Page string // of the person, for whoever may look at members; empty: there is none for them
	Org  string // on whose behalf; empty: their own
}

// names are what people and organisations are called on one page. A person is
// called what their profile says to whoever asks, or by their username.
type names struct {
	asked  map[auth.UserID]bool
	seen   map[auth.UserID]bool   // those whose pages the reader may open
	people map[auth.UserID]string // those who have a name
	orgs   map[auth.OrgID]string  // those asked for
}

// learn looks up names of many at once, before a page asks for each of them. A
// page is worth showing without.
func (p *portal) learn(v *visit, bys ...auth.By) {
	if v.names.people == nil {
		v.names = names{map[auth.UserID]bool{}, map[auth.UserID]bool{}, map[auth.UserID]string{}, map[auth.OrgID]string{}}
	}
	users, orgs := map[auth.UserID]bool{}, map[auth.OrgID]bool{}
	for _, by := range bys {
		if !by.User.IsZero() && !v.names.asked[by.User] {
			users[by.User] = true
		}
		if _, known := v.names.orgs[by.For]; !known && !by.For.IsZero() {
			orgs[by.For] = true
		}
	}
	for ids := range slices.Chunk(slices.Collect(maps.Keys(users)), storage.MaxLimit) {
		p.learnPeople(v, ids)
	}
	for ids := range slices.Chunk(slices.Collect(maps.Keys(orgs)), storage.MaxLimit) {
		found, err := p.c.Membership.OrgsByID(v.ctx(), ids)
		if err != nil {
			p.log.WarnContext(v.ctx(), "names of organisations", "err", err)
		}
		for _, id := range ids {
			v.names.orgs[id] = found[id].Name
		}
	}
}

func (p *portal) learnPeople(v *visit, ids []auth.UserID) {
	who := v.who
	if v.token != nil { // which was not given leave to look at members
		who = auth.Visitor
	}
	told, err := p.c.Membership.Names(v.ctx(), who, ids)
	if err != nil {
		p.log.WarnContext(v.ctx(), "names of members", "err", err)
	}
	usernames, err := p.c.Accounts.Names(v.ctx(), ids)
	if err != nil {
		p.log.WarnContext(v.ctx(), "usernames", "err", err)
	}
	seen, err := p.c.Membership.Seen(v.ctx(), who, ids)
	if err != nil {
		p.log.WarnContext(v.ctx(), "pages of members", "err", err)
	}
	for _, id := range ids {
		v.names.asked[id], v.names.seen[id] = true, seen[id] && v.token == nil
		if name := cmp.Or(told[id], usernames[id]); name != "" {
			v.names.people[id] = name
		}
	}
}

// byline returns who did something. A byline that was emptied is nobody's.
func (p *portal) byline(v *visit, by auth.By) byline {
	p.learn(v, by)
	b := byline{By: by, Name: v.names.people[by.User], Org: v.names.orgs[by.For]}
	if v.names.seen[by.User] {
		b.Page = p.url("members", by.User)
	}
	if b.Name == "" {
		b.Name = p.t(v, "person.gone")
	}
	return b
}

// byUsers returns bylines without an organisation, for learn.
func byUsers(ids []auth.UserID) []auth.By {
	out := make([]auth.By, len(ids))
	for i, id := range ids {
		out[i].User = id
	}
	return out
}

// A row is a topic in a list.
type row struct {
	forum.Listed
	By byline
}

// rows returns topics as lists show them.
func (p *portal) rows(v *visit, topics []forum.Listed) []row {
	bys := make([]auth.By, len(topics))
	for i, t := range topics {
		bys[i] = t.By
	}
	p.learn(v, bys...)
	out := make([]row, len(topics))
	for i, t := range topics {
		out[i] = row{t, p.byline(v, t.By)}
	}
	return out
}

// typed returns a stored text as its author would type it: mentions by username.
func (p *portal) typed(v *visit, body string) string {
	mentioned := auth.Mentions(body)
	if len(mentioned) == 0 {
		return body
	}
	usernames, err := p.c.Accounts.Names(v.ctx(), mentioned)
	if err != nil {
		p.log.WarnContext(v.ctx(), "usernames", "err", err)
	}
	return auth.ShowMentions(body, func(id auth.UserID) string {
		if name := usernames[id]; name != "" {
			return "@" + name
		}
		return auth.Mention(id)
	})
}
