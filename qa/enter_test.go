// SPDX-License-Identifier: BSD-3-Clause

package qa_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/community"
	"github.com/copis-it/copis/community/membership"
	"github.com/copis-it/copis/qa"
	"github.com/copis-it/copis/storage"
)

// enters is the action that each method is entered by: who may not do it
// wherever it is, is told so before anything is looked for.
var enters = map[string]auth.Action{
	"Questions": qa.Read, "Page": qa.Read, "Find": qa.Read, "FindAnswer": qa.Read, "Look": qa.Read, "Comments": qa.Read, "Revisions": qa.Read,
	"Suggestion": qa.Read, "Suggestions": qa.Read, "Similar": qa.Read, "Tags": qa.Read, "Synonyms": qa.Read, "Offered": qa.Read, "TurnDown": qa.Read, "MadeFrom": qa.Read,
	"Ask": qa.Start, "Answer": qa.Reply, "Comment": qa.Remark, "Vote": qa.Cast, "Suggest": qa.Propose, "Retract": qa.Propose,
	"Edit": qa.Amend, "Rollback": qa.Amend, "Approve": qa.Amend, "Decline": qa.Amend, "Delete": qa.Amend, "Restore": qa.Amend,
	"Close": qa.Amend, "Reopen": qa.Amend, "Checked": qa.Amend,
	"Accept": qa.Settle, "Unaccept": qa.Settle, "MarkUseful": qa.Settle, "SetDelegate": qa.Settle,
	"Merge": qa.Moderate, "Hide": qa.Moderate, "Waiting": qa.Moderate,
	"Purge": qa.Purge, "Widen": qa.Disclose, "Attribute": qa.Manage, "PutSynonym": qa.Manage, "DropSynonym": qa.Manage,
}

var (
	later  = time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)
	office = storage.NewID[auth.Org]()
)

// gates are what may stand in somebody's way wherever they go. Without it, all
// of them could do all there is.
var gates = []struct {
	name   string
	is     func(*community.Standing)
	forOrg auth.OrgID
	token  []auth.Action // that they come with; nil: they come themselves
	reads  bool          // what is only read is let through
	denied auth.Denied   // but for the Action
}{
	{name: "a category that the phase leaves out", is: func(st *community.Standing) { st.Category = membership.University },
		denied: auth.Denied{Reason: membership.ReasonPhase, Opens: later}},
	{name: "suspended", is: restrained(membership.Suspension),
		denied: auth.Denied{Reason: membership.ReasonSanction, Opens: later}},
	{name: "restrained to reading", is: restrained(membership.ReadOnly), reads: true,
		denied: auth.Denied{Reason: membership.ReasonSanction, Opens: later}},
	{name: "a token of other scopes", token: []auth.Action{"wiki.edit"},
		denied: auth.Denied{Reason: auth.ReasonScope}},
	{name: "for an organisation without a mandate", forOrg: office,
		denied: auth.Denied{Reason: membership.ReasonMandate}},
}

func restrained(kind membership.SanctionKind) func(*community.Standing) {
	return func(st *community.Standing) {
		st.Sanctions = []membership.Sanction{{Area: auth.Commons, Kind: kind, Until: later}}
	}
}

// standings answers for one person, and counts how often it is asked for whom.
type standings struct {
	community.Standings
	who   auth.UserID
	is    community.Standing
	asked map[auth.UserID]int
}

func (s standings) Standing(ctx context.Context, who auth.Actor) (community.Standing, error) {
	s.asked[who.User]++
	if who.User == s.who {
		return s.is, nil
	}
	return s.Standings.Standing(ctx, who)
}

// unlimited counts the attempts that are counted against a rate.
type unlimited struct{ asked *int }

func (u unlimited) Allow(context.Context, auth.Actor, auth.Action) error { *u.asked++; return nil }

// at puts somebody before the world's service: a moderator of all areas whom the
// rights let do everything, but for what is changes.
func (w *world) at(who auth.Actor, change func(*community.Standing)) (asked map[auth.UserID]int, attempts *int) {
	is := community.Standing{
		Role: auth.Moderator, Areas: map[auth.AreaID]auth.Role{w.group: auth.Moderator}, Category: membership.Beneficiary,
	}
	if change != nil {
		change(&is)
	}
	rights := community.Rights{}
	for _, do := range qa.Actions {
		rights[do] = auth.Moderator
	}
	plan := community.CoPIS()
	plan[1].Opens = later
	asked, attempts = map[auth.UserID]int{}, new(int)
	w.sets(func(c *qa.Config) {
		c.Auth = community.Policy{Standings: standings{w.people, who.User, is, asked}, Rights: rights, Plan: plan}
		c.Limit = unlimited{attempts}
	})
	return asked, attempts
}

// scenes are what a call may be about: what is there, what a moderator has
// hidden, what is in a reserved area, and what never was.
func (w *world) scenes() map[string]scene {
	hidden, there := w.setScene(auth.Commons), w.setScene(auth.Commons)
	for _, p := range []qa.Post{ofComment(hidden.comment), ofAnswer(hidden.answer), ofQuestion(hidden.question), ofQuestion(hidden.alone)} {
		require.NoError(w, w.qa.Hide(w.ctx, w.moderator, p, "Fuori tema"))
	}
	return map[string]scene{"there": there, "hidden": hidden, "reserved": w.setScene(w.group), "never": there.never()}
}

// Whoever a gate stops is stopped in every method, and told the same of what is
// there, what is hidden and what never was; nothing is written, no attempt is
// counted, and who they are is asked once.
func TestGates(t *testing.T) {
	t.Parallel()
	for _, g := range gates {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			who := auth.Actor{User: w.outsider.User, For: g.forOrg}
			scenes := w.scenes()
			asked, attempts := w.at(who, g.is)
			if g.token != nil {
				w.sets(func(c *qa.Config) { c.Auth = auth.Only(c.Auth, g.token...) })
			}
			before := w.dump()
			for _, row := range may {
				if row.method == "Waiting" || row.method == "Answer for an organisation" {
					continue // they change what there is, or for whom is acted
				}
				want := g.denied
				want.Action = enters[strings.Fields(row.method)[0]]
				if g.reads && want.Action == qa.Read {
					continue
				}
				var said []string
				for name, x := range scenes {
					clear(asked)
					err := row.call(w, who, x)
					var denied *auth.Denied
					require.ErrorAs(t, err, &denied, "%s of what is %s", row.method, name)
					require.Equal(t, want, *denied, "%s of what is %s", row.method, name)
					text := strings.ReplaceAll(x.words(err), x.area.String(), "area")
					if said = append(said, text); said[0] != said[len(said)-1] {
						t.Errorf("%s of what is %s: %s, and not %s", row.method, name, said[len(said)-1], said[0])
					}
					once := map[auth.UserID]int{who.User: 1}
					if g.token != nil {
						once = map[auth.UserID]int{} // the token says it
					}
					require.Equal(t, once, asked, row.method)
				}
			}
			require.Zero(t, *attempts)
			require.Equal(t, before, w.dump())
		})
	}
}

// The same person, without what stands in their way, may do it all: it is the
// gates that stop them.
func TestGatesAreWhatStops(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		w := newWorld(t, atOnce)
		x := w.setScene(w.group)
		w.at(w.keeper, nil)
		switch strings.Fields(row.method)[0] {
		case "Delete", "SetDelegate", "Retract", "DropSynonym":
			continue // only its author does; there is none
		}
		if row.method == "Answer for an organisation" {
			continue // for which they have no mandate
		}
		require.NoError(t, row.call(w, w.keeper, x), row.method)
	}
}

// Who only reads, reads everything.
func TestRestrainedToReading(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		w := newWorld(t)
		x := w.setScene(w.group)
		w.at(w.keeper, restrained(membership.ReadOnly))
		if enters[strings.Fields(row.method)[0]] != qa.Read {
			continue
		}
		err := row.call(w, w.keeper, x)
		switch {
		case strings.HasSuffix(row.method, "what is removed"):
			require.ErrorIs(t, err, qa.ErrRemoved, "who reads only moderates nothing")
		case row.method == "Suggestion":
			require.ErrorIs(t, err, storage.ErrNotFound)
		case strings.HasPrefix(row.method, "Suggestions"):
			require.ErrorIs(t, err, errNothing)
		default:
			require.NoError(t, err, row.method)
		}
	}
}

// Who somebody is, is asked once a call, whatever it takes to answer it; and of
// whoever else it concerns, once each.
func TestStandingIsAskedOnce(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		for _, name := range []string{"keeper", "visitor", "coordinator"} {
			w := newWorld(t, atOnce)
			x := w.setScene(auth.Commons)
			i := slices.IndexFunc(w.everybody(), func(n named) bool { return n.name == name })
			who := w.everybody()[i].Actor
			asked, _ := w.at(w.keeper, nil)
			_ = row.call(w, who, x)
			require.Equal(t, 1, asked[who.User], "%s by %s", row.method, name)
			for other, n := range asked {
				require.Equal(t, 1, n, "%s by %s asks for %s", row.method, name, other)
			}
		}
	}
}

func TestEntersIsComplete(t *testing.T) {
	t.Parallel()
	for typ, i := reflect.TypeFor[*qa.Service](), 0; i < typ.NumMethod(); i++ {
		name := typ.Method(i).Name
		_, gated := enters[name]
		assert.True(t, slices.Contains(unasked, name) || gated, "the table of gates lacks %s", name)
	}
}
