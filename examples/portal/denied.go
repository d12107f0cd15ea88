// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community/membership"
)

// A way is where somebody can go on who was refused something.
type way struct{ Href, Label string }

// waysOut are the pages that help with a refusal, by its reason. To join is
// offered to whoever is no member; a sanction is on a note on every page.
var waysOut = map[string][]string{
	membership.ReasonPhase:    {"phases", "join"},
	membership.ReasonSanction: {"membership"},
	membership.ReasonAway:     {"membership"},
	membership.ReasonCoolDown: {"membership"},
	auth.ReasonRole:           {"join"},
}

// ways returns what whoever asks can do about a refusal.
func (p *portal) ways(v *visit, err error) []way {
	if v.me == nil {
		return nil
	}
	var pages []string
	var denied *auth.Denied
	switch {
	case errors.As(err, &denied):
		pages = waysOut[denied.Reason]
	case errors.Is(err, membership.ErrNotMember):
		pages = []string{"join"}
	}
	var out []way
	for _, name := range pages {
		if name != "join" || !v.me.isMember() {
			out = append(out, way{p.url(name), p.t(v, "way."+name)})
		}
	}
	return out
}

// isMember reports whether somebody was admitted and has not left, whether
// they take part at present or not.
func (m *me) isMember() bool {
	return m.Standing.Member.State == membership.Active || m.Standing.Member.State == membership.Away
}

// deniedText says why something is denied, and until when.
func (p *portal) deniedText(v *visit, denied *auth.Denied) string {
	key := "denied." + denied.Reason
	s := p.t(v, p.known(key, "denied.role"))
	return s + p.term(v, key, denied.Opens)
}

// term says until when something holds, as key.opens, or if that is not known
// as key.undated, should there be such a message.
func (p *portal) term(v *visit, key string, opens time.Time) string {
	switch {
	case opens.After(p.clock.Now()):
		return " " + p.t(v, p.known(key+".opens", "denied.opens"), "When", p.date(v.lang, opens))
	case p.views.keys[key+".undated"]:
		return " " + p.t(v, key+".undated")
	}
	return ""
}

// A note tells somebody on every page what keeps them from taking part.
type note struct {
	Text string
	Why  string // of whoever imposed it, in their words
	Ways []way
}

// notes returns what there is to tell whoever asks: sanctions that hold, an
// absence, a phase in which their category takes no part.
func (p *portal) notes(v *visit) []note {
	if v.me == nil {
		return nil
	}
	var out []note
	for _, x := range v.me.Standing.Sanctions {
		out = append(out, note{p.t(v, "note.sanction."+x.Kind.String(), "Area", p.area(x.Area).Name) + p.term(v, "denied."+membership.ReasonSanction, x.Until), x.Why, []way{{p.url("sanctions", x.ID), p.t(v, "note.appeal")}}})
	}
	m := v.me.Standing.Member
	if m.State == membership.Away {
		out = append(out, note{Text: p.t(v, "note.away"), Ways: []way{{p.url("membership"), p.t(v, "back.button")}}})
	}
	if opens, shut := p.shutOut(v); shut {
		out = append(out, note{Text: p.t(v, "note.phase") + p.term(v, "denied."+membership.ReasonPhase, opens), Ways: []way{{p.url("phases"), p.t(v, "way.phases")}}})
	}
	return out
}

// shutOut reports whether the phase in force leaves a member's category nothing
// to do, and when one opens that does not, if that is known.
func (p *portal) shutOut(v *visit) (opens time.Time, shut bool) {
	st := v.me.Standing
	plan := p.c.Membership.Plan()
	takesPart := func(ph membership.Phase) bool { return len(ph.Allows[st.Member.Category]) > 0 }
	if st.Member.State != membership.Active || st.Member.Role == auth.Coordinator || takesPart(plan[st.Phase]) {
		return time.Time{}, false
	}
	return plan.Opens(st.Phase, p.clock.Now(), takesPart), true
}
