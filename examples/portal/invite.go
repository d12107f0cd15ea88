// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"cmp"
	"errors"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/storage"
)

// mayInvite reports whether whoever asks may invite anybody.
func (p *portal) mayInvite(v *visit) bool {
	return p.may(v, membership.Invite, auth.Scope{Area: auth.Commons})
}

// invitationLink is what the holder of an invitation opens.
func (p *portal) invitationLink(secret string) string {
	return p.absolute(query(p.url("invited"), "token", secret))
}

// ---- of whoever was invited

// An invitedView says what an invitation is for.
type invitedView struct {
	membership.Invited
	OrgName string
	Token   string
	Here    string // to come back to
	Member  bool
	Form    fields
}

func (p *portal) invitedView(v *visit, secret string) (invitedView, error) {
	is, err := p.c.Membership.Look(v.ctx(), secret)
	if err != nil {
		return invitedView{}, err
	}
	return invitedView{
		Invited: is, OrgName: p.orgName(v, is.Org), Token: secret, Here: query(p.url("invited"), "token", secret),
		Member: v.me != nil && v.me.isMember(), Form: ask(v),
	}, nil
}

func (p *portal) invitedPage(v *visit) error {
	view, err := p.invitedView(v, v.r.URL.Query().Get("token"))
	if err != nil {
		return err
	}
	return p.show(v, "invited", p.t(v, "invited.title"), view)
}

func (p *portal) redeem(v *visit) error {
	if _, err := p.c.Membership.Redeem(v.ctx(), v.who, v.field("token")); err != nil {
		if kind(membership.ErrInvitation)(err) || kind(membership.ErrMember)(err) {
			return err
		}
		view, err2 := p.invitedView(v, v.field("token"))
		if err2 != nil {
			return err2
		}
		status, err := p.refuse(v, &view.Form, err)
		if err != nil {
			return err
		}
		return p.again(v, status, "invited", p.t(v, "invited.title"), view)
	}
	return p.redirect(v, query(p.url("membership"), "done", "joined"))
}

// ---- of whoever invites

// An invitationView is an invitation as the list shows it.
type invitationView struct {
	membership.Invitation
	Giver   byline
	OrgName string
	State   string
	Good    bool
	Bound   bool // to one address
}

type invitationsView struct {
	All         bool // everybody's
	MayAll      bool
	MayInvite   bool
	Invitations []invitationView
	Here        string
	Next        storage.Cursor
	First       bool // page
}

func (p *portal) invitations(v *visit) error {
	view := invitationsView{
		MayAll: p.decides(v), MayInvite: p.mayInvite(v),
		Here: p.url("invitations"), First: v.cursor() == "",
	}
	if !view.MayInvite { // who has invited before may still see and revoke
		mine, err := p.c.Membership.Invitations(v.ctx(), v.who, membership.InvitationFilter{Limit: 1})
		if err != nil {
			return err
		}
		if len(mine.Items) == 0 {
			return p.c.Auth.Authorize(v.ctx(), v.who, membership.Invite, auth.Scope{Area: auth.Commons})
		}
	}
	if view.All = view.MayAll && v.r.URL.Query().Get("all") == "1"; view.All {
		view.Here = query(view.Here, "all", "1")
	}
	page, err := p.c.Membership.Invitations(v.ctx(), v.who, membership.InvitationFilter{All: view.All, After: v.cursor()})
	if err != nil {
		return err
	}
	bys := make([]auth.By, 0, 2*len(page.Items))
	for _, x := range page.Items {
		bys = append(bys, x.By, auth.By{For: x.Org})
	}
	p.learn(v, bys...)
	for _, x := range page.Items {
		state := p.invitationState(v, x)
		view.Invitations = append(view.Invitations, invitationView{
			Invitation: x, Giver: p.byline(v, x.By), OrgName: p.orgName(v, x.Org), State: state, Good: state == p.t(v, "invitation.good"), Bound: x.Mailbox != [16]byte{},
		})
	}
	view.Next = page.Next
	return p.show(v, "invitations", p.t(v, "invitations.title"), view)
}

func (p *portal) invitationState(v *visit, x membership.Invitation) string {
	switch {
	case !x.Revoked.IsZero():
		return p.t(v, "invitation.revoked")
	case x.Uses >= x.Most:
		return p.t(v, "invitation.used")
	case p.over(x.Ends):
		return p.t(v, "invitation.over")
	}
	return p.t(v, "invitation.good")
}

// An inviteView is the form of an invitation.
type inviteView struct {
	Form       fields
	Categories []choice
	Roles      []choice
	Org        orgPicker
}

var inviteFields = []string{"category", "role", "address", "most", "ends", "words", "org"}

func (p *portal) inviteView(v *visit, f fields) (inviteView, error) {
	view := inviteView{Form: f}
	if err := p.c.Auth.Authorize(v.ctx(), v.who, membership.Invite, auth.Scope{Area: auth.Commons}); err != nil {
		return view, err
	}
	f.Value["most"] = cmp.Or(f.Value["most"], "1")
	f.Value["role"] = cmp.Or(f.Value["role"], strconv.Itoa(int(auth.Member)))
	for r := auth.Observer; r <= v.me.Role(); r++ {
		view.Roles = append(view.Roles, choice{Value: strconv.Itoa(int(r)), Label: p.t(v, "role."+r.String())})
	}
	var err error
	if view.Categories, err = p.categoryChoices(v, p.t(v, "choose")); err != nil {
		return view, err
	}
	view.Org, err = p.pickOrg(v, p.url("invitations/new"), f)
	return view, err
}

func (p *portal) invitePage(v *visit) error {
	view, err := p.inviteView(v, asked(v, inviteFields...))
	if err != nil {
		return err
	}
	return p.show(v, "invite", p.t(v, "invite.title"), view)
}

// A newInvitationsView shows the links of invitations, once.
type newInvitationsView struct {
	Link    string // of a single one
	Ends    time.Time
	Most    int
	Address string
	Rows    []invitedRow // of many
	Done    membership.Imported
}

// invite answers with the link itself and not with a redirect to it: it is kept
// nowhere to be shown from.
func (p *portal) invite(v *visit) error {
	in, err := p.newInvitation(v)
	var secret string
	var made membership.Invitation
	if err == nil {
		made, secret, err = p.c.Membership.Invite(v.ctx(), v.who, in)
	}
	if errors.Is(err, storage.ErrExists) {
		err = &storage.Invalid{Field: "address", Code: "invited"}
	}
	if err != nil {
		f := ask(v, inviteFields...)
		status, err := p.refuse(v, &f, err)
		if err != nil {
			return err
		}
		view, err := p.inviteView(v, f)
		if err != nil {
			return err
		}
		return p.again(v, status, "invite", p.t(v, "invite.title"), view)
	}
	if made.Mailbox != [16]byte{} {
		p.sendInvitation(v, v.field("address"), secret)
	}
	return p.again(v, http.StatusOK, "newinvitations", p.t(v, "newinvitations.title"), newInvitationsView{
		Link: p.invitationLink(secret), Ends: made.Ends, Most: made.Most, Address: v.field("address"),
	})
}

// newInvitation reads the form of an invitation.
func (p *portal) newInvitation(v *visit) (in membership.NewInvitation, err error) {
	in.Category = membership.Category(v.field("category"))
	role, err := strconv.ParseUint(v.field("role"), 10, 8)
	if err != nil || role == 0 {
		return in, &storage.Invalid{Field: "role", Code: storage.CodeUnknown}
	}
	in.Role = auth.Role(role)
	if in.Most, err = strconv.Atoi(v.field("most")); err != nil || in.Most < 1 {
		return in, &storage.Invalid{Field: "most", Code: "number"}
	}
	if in.Ends, err = p.lastDay(v, "ends"); err != nil {
		return in, err
	}
	if v.field("address") != "" {
		_, mailbox, err := account.ParseAddress(v.field("address"))
		if err != nil {
			return in, err
		}
		in.Mailbox = mailbox
	}
	in.Org, err = orgField(v)
	return in, err
}

// ---- many at once

// An invitedRow says what became of a line of a list.
type invitedRow struct {
	N       int
	Line    string
	Link    string
	Outcome string
}

type inviteManyView struct {
	Form       fields
	Categories []membership.Category
}

func (p *portal) inviteManyPage(v *visit) error {
	if err := p.c.Auth.Authorize(v.ctx(), v.who, membership.Invite, auth.Scope{Area: auth.Commons}); err != nil {
		return err
	}
	return p.show(v, "invitemany", p.t(v, "invitemany.title"), inviteManyView{ask(v, "rows"), categories})
}

// inviteMany invites everybody of a list of lines "address; category; code of
// the organisation".
func (p *portal) inviteMany(v *visit) error {
	lines := []string{}
	for line := range strings.Lines(v.field("rows")) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	var view newInvitationsView
	report := func(r membership.InviteResult) {
		x := invitedRow{N: r.N, Line: lines[r.N-1], Outcome: p.rowOutcome(v, r)}
		if r.Secret != "" {
			x.Link = p.invitationLink(r.Secret)
			p.sendInvitation(v, cellsOf(lines[r.N-1])[0], r.Secret)
		}
		view.Rows = append(view.Rows, x)
	}
	var err error
	if len(lines) == 0 {
		err = &storage.Invalid{Field: "rows", Code: storage.CodeMissing}
	} else {
		view.Done, err = p.c.Membership.InviteAll(v.ctx(), v.who, p.inviteRows(v, lines), report)
	}
	if err != nil && len(view.Rows) == 0 {
		again := inviteManyView{ask(v, "rows"), categories}
		status, err := p.refuse(v, &again.Form, err)
		if err != nil {
			return err
		}
		return p.again(v, status, "invitemany", p.t(v, "invitemany.title"), again)
	}
	// What was made before it broke off is shown all the same: it is not told
	// again, and sending the list once more goes on where it stopped.
	for _, line := range lines[len(view.Rows):] {
		view.Rows = append(view.Rows, invitedRow{N: len(view.Rows) + 1, Line: line, Outcome: p.explain(v, err)})
	}
	return p.again(v, http.StatusOK, "newinvitations", p.t(v, "newinvitations.title"), view)
}

// inviteRows reads the lines of a list.
func (p *portal) inviteRows(v *visit, lines []string) iter.Seq2[membership.NewInvitation, error] {
	return func(yield func(membership.NewInvitation, error) bool) {
		for _, line := range lines {
			if !yield(p.inviteRow(v, line)) {
				return
			}
		}
	}
}

func (p *portal) inviteRow(v *visit, line string) (in membership.NewInvitation, err error) {
	cells := cellsOf(line)
	if len(cells) < 2 || len(cells) > 3 {
		return in, &storage.Invalid{Field: "rows", Code: "cells"}
	}
	_, mailbox, err := account.ParseAddress(cells[0])
	if err != nil {
		return in, err
	}
	in.Mailbox, in.Category = mailbox, membership.Category(cells[1])
	for _, c := range categories { // as it is called on pages, too
		if strings.EqualFold(cells[1], p.categoryName(v, c)) {
			in.Category = c
		}
	}
	if len(cells) == 3 && cells[2] != "" {
		o, err := p.c.Membership.OrgByCode(v.ctx(), cells[2])
		if kind(storage.ErrNotFound)(err) {
			err = &storage.Invalid{Field: "org", Code: storage.CodeUnknown}
		}
		if err != nil {
			return in, err
		}
		in.Org = o.ID
	}
	return in, nil
}

// cellsOf returns the cells of a line, the first of which is the address.
func cellsOf(line string) []string {
	cells := strings.FieldsFunc(line, func(r rune) bool { return r == ';' || r == ',' || r == '\t' })
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

// rowOutcome says what became of a line.
func (p *portal) rowOutcome(v *visit, r membership.InviteResult) string {
	switch {
	case r.Err != nil && errors.Is(r.Err, storage.ErrExists):
		return p.t(v, "field.address.invited")
	case r.Err != nil:
		var invalid *storage.Invalid
		if errors.As(r.Err, &invalid) && p.views.keys["cell."+invalid.Field] {
			return p.t(v, "cell."+invalid.Field) + ": " + p.explain(v, r.Err)
		}
		return p.explain(v, r.Err)
	case r.Did == membership.Same:
		return p.t(v, "newinvitations.same")
	}
	return p.t(v, "newinvitations.added")
}
