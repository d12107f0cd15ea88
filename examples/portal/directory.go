// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"html/template"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// A personView is a member as the reader may know them.
type personView struct {
	membership.Person
	Called byline
}

func (p *portal) personViews(v *visit, all []membership.Person) []personView {
	bys := make([]auth.By, len(all))
	for i, x := range all {
		bys[i] = auth.By{User: x.User, For: x.Org}
	}
	p.learn(v, bys...)
	out := make([]personView, len(all))
	for i, x := range all {
		out[i] = personView{x, p.byline(v, bys[i])}
	}
	return out
}

// A directoryView lists the members who want to be found.
type directoryView struct {
	Form       fields
	Org        orgPicker
	Categories []choice
	People     []personView
	Here       string
	Next       storage.Cursor
	First      bool // page
	Filtered   bool
	Decides    bool // may look for those who do not want to be found
	Unlisted   bool // they are listed too
}

func (p *portal) members(v *visit) error {
	view := directoryView{Form: asked(v, "expertise", "category", "words", "org", "unlisted"), First: v.cursor() == ""}
	filter := membership.DirectoryFilter{
		Expertise: view.Form.Value["expertise"], Category: membership.Category(view.Form.Value["category"]), After: v.cursor(),
	}
	var err error
	if s := view.Form.Value["org"]; s != "" {
		if filter.Org, err = storage.ParseID[auth.Org](s); err != nil {
			return errMalformed
		}
	}
	view.Decides = p.decides(v)
	view.Unlisted = view.Decides && view.Form.Value["unlisted"] != ""
	filter.Unlisted = view.Unlisted
	page, err := p.c.Membership.Directory(v.ctx(), v.who, filter)
	if err != nil {
		return err
	}
	if view.Org, err = p.pickOrg(v, p.url("members"), view.Form); err != nil {
		return err
	}
	view.Categories = append(view.Categories, choice{Value: "", Label: p.t(v, "category.all")})
	for _, c := range categories {
		view.Categories = append(view.Categories, choice{Value: string(c), Label: p.categoryName(v, c)})
	}
	view.People, view.Next = p.personViews(v, page.Items), page.Next
	view.Filtered = filter.Expertise != "" || filter.Category != "" || !filter.Org.IsZero() || filter.Unlisted
	view.Here = query(p.url("members"), "expertise", filter.Expertise, "category", filter.Category, "org", view.Form.Value["org"])
	if view.Unlisted {
		view.Here = query(view.Here, "unlisted", "1")
	}
	return p.show(v, "members", p.t(v, "members.title"), view)
}

// A memberView is a member's own page.
type memberView struct {
	personView
	Username string // for mentions; empty: not told
	About    template.HTML
	Mandates []mandateView // for whoever decides on them
	Sees     bool          // other members
	Decides  bool
	Grants   bool
	Restrain bool
	Topics   []row
	Here     string
	Next     storage.Cursor
	First    bool // page
}

func (p *portal) member(v *visit) error {
	id, err := pathID[auth.User](v, "user")
	if err != nil {
		return err
	}
	is, err := p.c.Membership.Profile(v.ctx(), v.who, id)
	if err != nil {
		return err
	}
	view := memberView{personView: p.personViews(v, []membership.Person{is})[0], Here: p.url("members", id), First: v.cursor() == ""}
	if is.About != "" {
		view.About = p.html(v, is.About)
	}
	view.Decides, view.Sees = p.decides(v), p.seesMembers(v)
	if v.me != nil && is.Role > auth.Outsider { // a role is told to members alone
		usernames, err := p.c.Accounts.Names(v.ctx(), []auth.UserID{id})
		if err != nil {
			return err
		}
		view.Username = usernames[id]
		view.Grants, view.Restrain = len(p.areasFor(v, membership.Grant)) > 0, len(p.areasFor(v, membership.Restrain)) > 0 && id != v.who.User
	}
	if view.Decides {
		mandates, err := p.c.Membership.Mandates(v.ctx(), v.who, id)
		if err != nil {
			return err
		}
		if view.Mandates, err = p.mandateViews(v, mandates); err != nil {
			return err
		}
	}
	// Whoever may read nothing now is still told who somebody is.
	topics, err := p.c.Forum.Topics(v.ctx(), v.who, forum.TopicFilter{Author: id, After: v.cursor()})
	if err != nil && !kind(auth.ErrDenied)(err) {
		return err
	}
	view.Topics, view.Next = p.rows(v, topics.Items), topics.Next
	return p.show(v, "member", view.Called.Name, view)
}
