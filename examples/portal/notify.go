// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"strings"

	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/community/membership"
)

// Kinds of notices of the portal's own, besides those of accounts.
const (
	sendInvited account.MessageKind = iota + 128 // you are invited; the Secret is the invitation's
	sendApproved
	sendDeclined
)

// notify has a notice sent in the community's own language: of whom it is for,
// nobody knows theirs.
func (p *portal) notify(n notice) {
	n.Lang = languages[0].String()
	p.send(n)
}

// sendInvitation sends the link of an invitation to the address that it is
// bound to. The letter names nobody: neither who invites nor who else.
func (p *portal) sendInvitation(v *visit, address, secret string) {
	is, err := p.c.Membership.Look(v.ctx(), secret)
	if err != nil {
		p.log.WarnContext(v.ctx(), "invitation to be sent", "err", err)
		return
	}
	p.notify(notice{
		Message: account.Message{Kind: sendInvited, To: strings.TrimSpace(address), Secret: secret},
		Params:  []any{"Ends", p.date(languages[0].String(), is.Ends)},
	})
}

// sendDecision tells whoever applied how it was decided, at an address that is
// known to be theirs. Why, they read on their page: mail is a postcard. That it
// could not be told does not undo the decision.
func (p *portal) sendDecision(v *visit, a membership.Application) {
	is, err := p.c.Accounts.Export(v.ctx(), a.User)
	if err != nil {
		p.log.WarnContext(v.ctx(), "address of an applicant", "err", err)
		return
	}
	if !is.Verified || is.Disabled {
		return
	}
	kind := sendDeclined // the name is made so that no mail reader makes a link of it
	if a.State == membership.Approved {
		kind = sendApproved
	}
	p.notify(notice{Message: account.Message{Kind: kind, To: is.Address, Name: strings.ReplaceAll(is.Name, ".", ".\u2060")}})
}
