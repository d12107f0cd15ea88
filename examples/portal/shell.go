// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/wiki"
)

// sections are what every page leads to, in order: each by its address and the
// message that names it, for those who are let in there.
var sections = []struct {
	path, label string
	open        func(*portal, *visit) bool
}{
	{"", "nav.home", func(*portal, *visit) bool { return true }},
	{"questions", "qa.title", func(p *portal, v *visit) bool { return p.enters(v, qa.Read) }},
	{"pages", "wiki.title", func(p *portal, v *visit) bool { return p.enters(v, wiki.Read) }},
	{"unread", "unread.title", ofMembers(forum.Read)},
	{"following", "following.title", ofMembers(forum.Read)},
	{"drafts", "drafts.title", func(_ *portal, v *visit) bool { return v.belongs() }},
	{"members", "members.title", func(p *portal, v *visit) bool { return v.belongs() && p.seesMembers(v) }},
	{"removed", "removed.title", func(p *portal, v *visit) bool {
		return v.belongs() && p.enters(v, forum.Read) && len(p.areasFor(v, forum.Moderate)) > 0
	}},
	{"desk", "desk.title", func(p *portal, v *visit) bool { return v.belongs() && p.deskView(v) != deskView{} }},
	{"join", "join.title", func(_ *portal, v *visit) bool { return !v.belongs() }},
}

// ofMembers opens a section to members who may do something.
func ofMembers(do auth.Action) func(*portal, *visit) bool {
	return func(p *portal, v *visit) bool { return v.belongs() && p.enters(v, do) }
}

// belongs reports whether whoever asks takes part in the community.
func (v *visit) belongs() bool { return v.me != nil && v.me.Belongs() }

// seesMembers reports whether whoever asks may look members up.
func (p *portal) seesMembers(v *visit) bool {
	return p.may(v, membership.SeeMembers, auth.Scope{Area: auth.Commons, Audience: auth.CommunityMembers})
}

// nav returns the sections that are open to whoever asks.
func (p *portal) nav(v *visit) []tab {
	var out []tab
	for _, x := range sections {
		if x.open(p, v) {
			href := p.url()
			if x.path != "" {
				href = p.url(x.path)
			}
			out = append(out, tab{href, p.t(v, x.label), v.r.URL.Path == href})
		}
	}
	return out
}
