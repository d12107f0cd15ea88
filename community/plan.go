// SPDX-License-Identifier: BSD-3-Clause

package community

import (
	"slices"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/wiki"
)

// Names of the phases of [CoPIS].
const (
	Implementers = "implementers"
	Network      = "network"
	Opened       = "open"
)

// CoPIS returns the plan of the community of practice for social innovation:
// first the administrations funded by the programme, whose codes are given, and
// their partners; then whoever else works on the theme; then everyone. Each
// phase opens by hand, unless the host sets a date.
func CoPIS(funded ...string) membership.Plan {
	all := MemberActions()
	implementers := membership.Phase{
		Name:     Implementers,
		Orgs:     funded,
		Audience: auth.CommunityMembers,
		Admits: map[membership.Category]membership.Admission{
			membership.Beneficiary: membership.ByAllowList, membership.Partner: membership.ByAllowList,
		},
	}
	network := implementers.Widen(membership.ByApplication,
		membership.University, membership.Research, membership.PublicBody, membership.PrivateBody, membership.Expert)
	network.Name = Network
	open := network.Widen(membership.Open, membership.Citizen)
	open.Name, open.Audience = Opened, auth.Public

	plan := membership.Plan{implementers, network, open}
	for i := range plan {
		plan[i].Allows = map[membership.Category][]auth.Action{}
		for c := range plan[i].Admits {
			plan[i].Allows[c] = all
		}
	}
	plan[2].Allows[""] = []auth.Action{forum.See, forum.Read, qa.Read, wiki.Read, membership.SeeMembers} // and of that what is promised to all
	return plan
}

// MemberActions returns every action of every tool: what a phase allows a
// category that takes part in all, each by their role.
func MemberActions() []auth.Action {
	return slices.Concat(forum.Actions, qa.Actions, wiki.Actions, []auth.Action{account.ActDisable, account.ActEnable}, membership.Actions)
}
