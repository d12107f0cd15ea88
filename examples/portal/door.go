// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/forum"
)

// What pages offer is decided here, for all tools, by asking those who decide:
// the community's authorizer, and what it says of writing that waits. Offering
// only chooses what is shown; the services decide again.

// lets returns who decides for whoever asks, if they may do something anywhere
// at all: who they are is looked up once for all that a page asks.
func (p *portal) lets(v *visit, do auth.Action) (auth.Authorizer, error) {
	if v.door != nil {
		return auth.Enter(v.ctx(), v.door, v.who, do)
	}
	door, err := auth.Enter(v.ctx(), p.c.Auth, v.who, do)
	if err == nil {
		v.door = door
	}
	return door, err
}

// may reports whether who asks may do something to an object. Whoever cannot be
// asked lets nobody in.
func (p *portal) may(v *visit, do auth.Action, at auth.Scope) bool {
	door, err := p.lets(v, do)
	return err == nil && door.Authorize(v.ctx(), v.who, do, at) == nil
}

// enters reports whether whoever asks is let into what asks for an action, be
// there something for them or not.
func (p *portal) enters(v *visit, do auth.Action) bool {
	_, err := p.lets(v, do)
	return err == nil
}

// holds reports whether what whoever asks writes there waits for a moderator,
// so that what was let through stays as it was seen.
func (p *portal) holds(v *visit, do auth.Action, at auth.Scope) bool {
	if v.me == nil {
		return false
	}
	held, err := p.c.Holds(v.ctx(), v.who, at, do)
	if err != nil && !errors.Is(err, auth.ErrDenied) {
		p.log.WarnContext(v.ctx(), "what waits", "err", err)
	}
	return held || err != nil
}

// keys are what the reader may do to posts in a place, of whatever tool.
type keys struct {
	Change          bool // what they wrote
	Settled         bool // but its text stays as it was let through
	Moderate, Purge bool
}

// keys asks what the reader may do by a tool's three verbs.
func (p *portal) keys(v *visit, at auth.Scope, change, moderate, purge auth.Action) keys {
	if v.me == nil {
		return keys{}
	}
	k := keys{Change: p.may(v, change, at), Moderate: p.may(v, moderate, at), Purge: p.may(v, purge, at)}
	k.Settled = k.Change && p.holds(v, change, at)
	return k
}

// deeds are what the reader may do to one post, besides what its tool alone has.
type deeds struct {
	MayEdit, MayDelete, MayRestore, MayApprove, MayHide, MayReject, MayPurge bool
}

// Any reports whether there is anything that they may do.
func (d deeds) Any() bool { return d != deeds{} }

// deeds returns what the keys open of a post in a state, the reader's own or
// not, whose author may still edit it (open) or take it away (loose).
func (k keys) deeds(state forum.State, mine, open, loose bool) deeds {
	visible := state == forum.Visible
	return deeds{
		MayEdit:    visible && (mine && k.Change && !k.Settled && open || k.Moderate),
		MayDelete:  (visible || state == forum.Held) && mine && k.Change && loose,
		MayRestore: (state == forum.Deleted || state == forum.Withdrawn) && mine && k.Change || (state == forum.Deleted || state == forum.Hidden) && k.Moderate,
		MayApprove: (state == forum.Held || state == forum.Rejected) && !mine && k.Moderate,
		MayHide:    k.Moderate && (visible || state == forum.Deleted),
		MayReject:  k.Moderate && !mine && state == forum.Held,
		MayPurge:   k.Purge && state != forum.Purged,
	}
}
