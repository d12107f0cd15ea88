// SPDX-License-Identifier: BSD-3-Clause

package forum_test

import (
	"context"
	"errors"
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
	"github.com/copis-it/copis/forum"
	"github.com/copis-it/copis/storage"
)

// enters is the action that each method is entered by: who may not do it
// wherever it is, is told so before anything is looked for.
var enters = map[string]auth.Action{
	"Board": forum.See, "Boards": forum.See, "OpenBoard": forum.Manage, "EditBoard": forum.Manage,
	"Topics": forum.Read, "Thread": forum.Read, "Find": forum.Read, "FindReply": forum.Read, "Look": forum.Read, "Revisions": forum.Read, "Feed": forum.Read,
	"StartTopic": forum.Start, "Reply": forum.Say, "SaveDraft": forum.Say,
	"EditPost": forum.Edit, "Delete": forum.Edit, "Restore": forum.Edit,
	"Waiting": forum.Moderate, "Hide": forum.Moderate, "Pin": forum.Moderate, "Lock": forum.Moderate, "Move": forum.Moderate, "Split": forum.Moderate, "Merge": forum.Moderate,
	"Purge": forum.Purge, "Widen": forum.Disclose, "Useful": forum.React,
	"ReadTo": forum.Watch, "ReadAll": forum.Watch, "Follow": forum.Watch,
}

// own are the methods of what is one's own, which no gate but a token's scopes
// shuts away.
var own = map[string]auth.Action{"Draft": forum.Say, "Drafts": forum.Say, "DropDraft": forum.Say}

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

// at puts somebody before the world's forum: a moderator of all areas whom the
// rights let do everything, but for what is changes.
func (w *world) at(who auth.Actor, change func(*community.Standing)) (asked map[auth.UserID]int, attempts *int) {
	is := community.Standing{
		Role: auth.Moderator, Areas: map[auth.AreaID]auth.Role{w.group: auth.Moderator}, Category: membership.Beneficiary,
	}
	if change != nil {
		change(&is)
	}
	rights := community.Rights{}
	for _, do := range forum.Actions {
		rights[do] = auth.Moderator
	}
	plan := community.CoPIS()
	plan[1].Opens = later
	asked, attempts = map[auth.UserID]int{}, new(int)
	cfg := w.config
	cfg.Auth = community.Policy{Standings: standings{w.people, who.User, is, asked}, Rights: rights, Plan: plan}
	cfg.Limit = unlimited{attempts}
	w.config, w.forum = cfg, forum.New(cfg)
	return asked, attempts
}

// scenes are what a call may be about: what is there, what a moderator has
// hidden, what is in a reserved area, and what never was.
func (w *world) scenes() map[string]scene {
	hidden, open := w.setScene(w.open), w.setScene(w.open)
	for _, p := range []forum.Post{post(hidden.reply), first(hidden.topic.ID), first(hidden.alone.ID)} {
		require.NoError(w, w.forum.Hide(w.ctx, w.moderator, p, "Fuori tema"))
	}
	return map[string]scene{"there": open, "hidden": hidden, "reserved": w.setScene(w.reserved), "never": open.never()}
}

// never is a scene like this one that never was.
func (x scene) never() scene {
	x.board.ID, x.other.ID = storage.NewID[forum.Board](), storage.NewID[forum.Board]()
	x.topic.ID, x.alone.ID = storage.NewID[forum.Topic](), storage.NewID[forum.Topic]()
	x.reply.ID, x.away.ID = storage.NewID[forum.Reply](), storage.NewID[forum.Reply]()
	x.reply.Topic, x.away.Topic = x.topic.ID, x.topic.ID
	return x
}

// words are an error's, without the ids that were asked for.
func (x scene) words(err error) string {
	text := err.Error()
	for _, id := range []string{x.board.ID.String(), x.other.ID.String(), x.topic.ID.String(), x.alone.ID.String(), x.reply.ID.String(), x.away.ID.String()} {
		text = strings.ReplaceAll(text, id, "id")
	}
	return text
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
				w.config.Auth = auth.Only(w.config.Auth, g.token...)
				w.forum = forum.New(w.config)
			}
			before := w.dump()
			for _, row := range may {
				method := strings.Fields(row.method)[0]
				want := g.denied
				var ofOwn bool
				if want.Action, ofOwn = own[method]; ofOwn && g.token == nil {
					continue
				} else if !ofOwn {
					want.Action = enters[method]
				}
				if reads := slices.Contains([]auth.Action{forum.See, forum.Read, forum.Watch}, want.Action); g.reads && reads {
					continue
				}
				var said []string
				for name, x := range scenes {
					clear(asked)
					err := row.call(w, who, x)
					var denied *auth.Denied
					require.ErrorAs(t, err, &denied, "%s of what is %s", row.method, name)
					require.Equal(t, want, *denied, "%s of what is %s", row.method, name)
					if said = append(said, x.words(err)); said[0] != said[len(said)-1] {
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
		w := newWorld(t)
		x := w.setScene(w.reserved)
		w.at(w.keeper, nil)
		if strings.HasPrefix(row.method, "Delete") || row.method == "Draft" {
			continue // only its author does; there is none
		}
		require.NoError(t, row.call(w, w.keeper, x), row.method)
	}
}

// Who only reads, reads everything, follows and keeps what they have read.
func TestRestrainedToReading(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		w := newWorld(t)
		x := w.setScene(w.reserved)
		w.at(w.keeper, restrained(membership.ReadOnly))
		switch enters[strings.Fields(row.method)[0]] {
		case forum.See, forum.Read, forum.Watch:
			err := row.call(w, w.keeper, x)
			if strings.HasSuffix(row.method, "what is removed") {
				require.ErrorIs(t, err, forum.ErrRemoved, "who reads only moderates nothing")
				continue
			}
			require.NoError(t, err, row.method)
		}
	}
}

// One's own drafts are one's own, whatever stands in one's way: but a token
// that was not given to write does not read what is not written yet.
func TestOwnDrafts(t *testing.T) {
	t.Parallel()
	for _, g := range gates {
		w := newWorld(t)
		who := auth.Actor{User: w.outsider.User, For: g.forOrg}
		d, err := w.forum.SaveDraft(w.ctx, who, forum.DraftSave{Place: "qui", Body: "Bozza"})
		require.NoError(t, err)
		w.at(who, g.is)
		if g.token != nil {
			w.config.Auth = auth.Only(w.config.Auth, g.token...)
			w.forum = forum.New(w.config)
		}
		read, err := w.forum.Draft(w.ctx, who, "qui")
		all, aerr := w.forum.Drafts(w.ctx, who)
		_, serr := w.forum.SaveDraft(w.ctx, who, forum.DraftSave{Place: "qui", Version: 1, Body: "Altro"})
		require.ErrorIs(t, serr, auth.ErrDenied, g.name)
		derr := w.forum.DropDraft(w.ctx, who, "qui")
		if g.token != nil {
			for _, err := range []error{err, aerr, derr} {
				require.ErrorIs(t, err, auth.ErrDenied, g.name)
			}
			continue
		}
		require.NoError(t, errors.Join(err, aerr, derr), g.name)
		require.Equal(t, d, read, g.name)
		require.Equal(t, []forum.Draft{d}, all, g.name)
		_, err = w.forum.Draft(w.ctx, who, "qui")
		require.ErrorIs(t, err, storage.ErrNotFound, g.name)
	}
}

// Who somebody is, is asked once a call, whatever it takes to answer it; and of
// whoever else it concerns, once each.
func TestStandingIsAskedOnce(t *testing.T) {
	t.Parallel()
	for _, row := range may {
		for _, name := range []string{"keeper", "visitor", "coordinator"} {
			w := newWorld(t)
			x := w.setScene(w.open)
			i := slices.IndexFunc(w.everybody(), func(n named) bool { return n.name == name })
			who := w.everybody()[i].Actor
			asked, _ := w.at(w.keeper, nil)
			_ = row.call(w, who, x)
			if _, ofOwn := own[strings.Fields(row.method)[0]]; ofOwn && name == "visitor" {
				require.Empty(t, asked, row.method)
				continue
			}
			require.Equal(t, 1, asked[who.User], "%s by %s", row.method, name)
			for other, n := range asked {
				require.Equal(t, 1, n, "%s by %s asks for %s", row.method, name, other)
			}
		}
	}
}

func TestEntersIsComplete(t *testing.T) {
	t.Parallel()
	for typ, i := reflect.TypeFor[*forum.Service](), 0; i < typ.NumMethod(); i++ {
		name := typ.Method(i).Name
		_, gated := enters[name]
		_, ofOwn := own[name]
		assert.True(t, slices.Contains(unasked, name) || gated || ofOwn, "the table of gates lacks %s", name)
	}
}
